"""What a scheme is, and the schemes: one step of an integrator, written for one state."""
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from arithmetic import solve
from flows import State


@dataclass(frozen=True)
class Scheme:
    """A one-step integrator of y' = f(t, y).

    A subclass defines `advance(field, t, y, h)`, which returns `(y_new, error, slope)`:

    - `y_new` : the state after the step h;
    - `error` : an estimate of the local error, shaped as y, or None where nothing is embedded;
    - `slope` : y' as the step first used it; step control measures in it, and at rest its θ part is small.

    It is plain arithmetic, so the same lines serve floats, lanes, symbols and the recorder; h is a number or one per
    lane.  `order` is the order of convergence, `error_order` that of the error estimate (error ~ h^(error_order + 1)).
    """

    order: ClassVar[int] = 1
    error_order: ClassVar[int | None] = None

    def advance(self, field, t, y, h):
        raise NotImplementedError(f"{type(self).__name__} must define advance(self, field, t, y, h)")

    def step(self, field, t, y, h):
        """One step from y at t: `(y_new, error)`, the error None where the scheme embeds none."""
        with np.errstate(all="ignore"):
            return self.advance(field, t, y, h)[:2]


@dataclass(frozen=True)
class SequentialEuler(Scheme):
    """The classical form of an optimizer: blocks are updated in order, each seeing the new value of those before it.

    y_k⁺ = y_k + h f_k(y_1⁺, …, y_{k−1}⁺, y_k, …; ∇F(θ)), one gradient per step, taken at the old θ and shared.
    """

    def advance(self, field, t, y, h):
        s, oracle = field.state(t, y), field.loss.oracle(field.theta(y))
        slopes = {}
        for name in field.flow.blocks:
            slopes[name] = field.flow.field(s, oracle)[name]
            s = State(**vars(s) | {name: getattr(s, name) + h * slopes[name]})
        return field.pack(vars(s)), None, field.pack(slopes)


@dataclass(frozen=True)
class RungeKutta(Scheme):
    """An explicit Runge–Kutta method, given by its Butcher tableau.

    k_i = f(t + c_i h, y + h Σ_j a_ij k_j),  y⁺ = y + h Σ b_i k_i;  with `e` the error estimate is h Σ e_i k_i.
    """

    a: ClassVar[tuple[tuple[float, ...], ...]] = ((),)
    b: ClassVar[tuple[float, ...]] = (1,)
    c: ClassVar[tuple[float, ...]] = (0,)
    e: ClassVar[tuple[float, ...] | None] = None

    def advance(self, field, t, y, h):
        k = []
        for row, c in zip(self.a, self.c, strict=True):
            k.append(field(t + c * h, y + h * combination(row, k) if any(row) else y))
        error = None if self.e is None else h * combination(self.e, k)
        return y + h * combination(self.b, k), error, k[0]


def combination(weights, vectors):
    """Σ w_i x_i without the zero terms."""
    terms = [x if w == 1 else w * x for w, x in zip(weights, vectors, strict=False) if w != 0]
    return sum(terms[1:], start=terms[0])


class Euler(RungeKutta):
    """Explicit Euler: y⁺ = y + h f(t, y)."""


class EulerRichardson(RungeKutta):
    """Euler–Richardson, the midpoint method: k₁ = f(y), k₂ = f(y + h/2 k₁), y⁺ = y + h k₂.

    The error estimate h/2 (k₂ − k₁) is the difference from one Euler step, halved (Richardson).
    """

    order, error_order = 2, 1
    a, b, c = ((), (1 / 2,)), (0, 1), (0, 1 / 2)
    e = (-1 / 2, 1 / 2)


class Heun(RungeKutta):
    """Heun's method, the explicit trapezoidal rule; embedded Euler."""

    order, error_order = 2, 1
    a, b, c = ((), (1,)), (1 / 2, 1 / 2), (0, 1)
    e = (-1 / 2, 1 / 2)


class RungeKutta4(RungeKutta):
    """The classical method of order 4 (Kutta 1901)."""

    order = 4
    a, b, c = ((), (1 / 2,), (0, 1 / 2), (0, 0, 1)), (1 / 6, 1 / 3, 1 / 3, 1 / 6), (0, 1 / 2, 1 / 2, 1)


@dataclass(frozen=True)
class RosenbrockEuler(Scheme):
    """Linearly implicit Euler: (I − h J) Δ = h f(t, y), y⁺ = y + Δ, with J = ∂f/∂y.

    On gradient descent (I + h H) Δ = −h ∇F: damped Newton with damping 1/h; with `gauss_newton=True` H is replaced by
    JᵀJ of the residuals, which is a Levenberg–Marquardt step.
    Sources: Rosenbrock 1963; Levenberg 1944.
    """

    gauss_newton: bool = False

    def advance(self, field, t, y, h):
        slope = field(t, y)
        if self.gauss_newton:
            if field.size != field.dim or not hasattr(field.flow, "jacobian"):
                raise ValueError(f"RosenbrockEuler(gauss_newton=True) needs gradient descent, got "
                                 f"{type(field.flow).__name__}; use RosenbrockEuler()")
            oracle = field.loss.oracle(field.theta(y))
            matrix = field.flow.jacobian(None, State(hessian=oracle.gauss_newton))
        else:
            matrix = field.jacobian(t, y)
        matrix = -h * matrix
        for i in range(field.size):
            matrix[i, i] = matrix[i, i] + 1
        return y + solve(matrix, h * slope), None, slope
