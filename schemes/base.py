"""What a scheme is: one step of an integrator, written for one state."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, TypeVar

import numpy as np

import flows
from arithmetic import Array, Oracle, Quantity, VectorField

#: The state after a step, an estimate of its error where there is one, and the slope at its start.
Advance: TypeAlias = tuple[Array, Array | None, Array]
F = TypeVar("F", bound=flows.Flow)


@dataclass(frozen=True)
class Scheme:
    """A one-step integrator of y' = f(t, y).

    A subclass defines `advance(field, t, y, h)`, which returns `(y_new, error, slope)`:

    - `y_new` : the state after the step h;
    - `error` : an estimate of the local error, shaped as y, or None where nothing is embedded;
    - `slope` : y' as the step first used it; step control measures in it, and at rest its θ part is small.

    It is plain arithmetic, so the same lines serve floats, lanes, symbols and the recorder; h is a number or one per
    lane.  `order` is the order of convergence, `error_order` that of the error estimate (error ~ h^(error_order + 1)).
    `reuses` says that the last gradient of a step is taken at y_new, so that it is the first one of the next step;
    `needs_flow`, that it asks for the blocks or the loss, where others only evaluate `field(t, y)` and its Jacobian;
    `leaves`, which quantities of the loss at y_new a step leaves in which block, (("gradient", "g"), …), so that the
    next one finds them there;
    `gradient_flows_only`, that it discretises these alone;
    `sequential`, that it updates the blocks one after the other, each with those before it;
    `implicit`, that a step is the solution of an equation, found by a fixed number of `iterations`, without a formula;
    `linearly_implicit`, that it solves a linear system with the Jacobian;
    `coordinatewise`, that it depends on the axes of the parameters, so that on a quadratic loss it is no function of
    the Hessian's eigenvalues.
    """

    order: ClassVar[int] = 1
    error_order: ClassVar[int | None] = None
    reuses: ClassVar[bool] = False
    needs_flow: ClassVar[bool] = False
    leaves: ClassVar[tuple[tuple[str, str], ...]] = ()
    gradient_flows_only: ClassVar[bool] = False
    sequential: ClassVar[bool] = False
    implicit: ClassVar[bool] = False
    linearly_implicit: ClassVar[bool] = False
    coordinatewise: ClassVar[bool] = False

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        raise NotImplementedError(f"{type(self).__name__} must define advance(self, field, t, y, h)")

    def dissipation(self, source: Any, half: flows.State, here: Oracle, new: flows.State, h: Quantity) -> Quantity:
        """The D whose h-fold an energy of `source` must have fallen by, up to a share, after the step to `new`.

        half : the new memory at the old θ.  here : the loss there.
        """
        return source.dissipation(half, here)

    def step(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> tuple[Array, Array | None]:
        """One step from y at t: `(y_new, error)`, the error None where the scheme embeds none."""
        with np.errstate(all="ignore"):
            return self.advance(field, t, y, h)[:2]

    def symbolic_step(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Array:
        """The state after one step in symbols, its coefficients exact; TypeError where sympy cannot hold its cases."""
        try:
            return self.exact().advance(field, t, y, h)[0]
        except TypeError as error:
            if "comparison" not in str(error):
                raise
            raise TypeError(f"{type(self).__name__} on {type(field.flow).__name__}: sympy cannot hold the cases of "
                            "this field within the stages of the step; use a scheme of one stage: Euler()") from error

    def exact(self) -> Scheme:
        """This scheme with coefficients that are exact rational numbers, for symbols; itself where it has none."""
        return self


def combination(weights, vectors):
    """Σ w_i x_i without the zero terms."""
    terms = [x if w == 1 else w * x for w, x in zip(weights, vectors, strict=False) if w != 0]
    return sum(terms[1:], start=terms[0])


def is_gradient_flow(flow) -> bool:
    """Whether the field is −∇V with V the flow's energy: gradient descent, with or without L2 weight decay."""
    if isinstance(flow, flows.WeightDecay):
        return not flow.decoupled and is_gradient_flow(flow.flow)
    return isinstance(flow, flows.GradientDescent)


def need_flow(scheme: Scheme, kind: type[F], flow: flows.Flow) -> F:
    """The flow, if it is the one that the scheme is a step of; ValueError where it is another."""
    if not isinstance(flow, kind):
        raise ValueError(f"{type(scheme).__name__} is a step of {kind.__name__}, got {type(flow).__name__}; "
                         "use SequentialEuler()")
    return flow


def need_gradient_descent(what: str, field, remedy: str) -> None:
    """Raises ValueError unless the flow is gradient descent itself:
    a modifier's matrix would not be that of its slope."""
    if not isinstance(field.flow, flows.GradientDescent):
        raise ValueError(f"{what} needs gradient descent, got {type(field.flow).__name__}, whose "
                         f"slope is not minus the gradient alone; use {remedy}")


def need_gradient_flow(scheme: Scheme, field) -> None:
    if not is_gradient_flow(field.flow):
        raise ValueError(f"{type(scheme).__name__} discretises gradient flows (GradientDescent, with or without L2 "
                         f"weight decay), got {type(field.flow).__name__}; for other flows use ImplicitEuler() or an "
                         "EnergyControl")
