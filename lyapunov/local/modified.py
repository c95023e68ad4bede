"""Modified equations: the differential equation that an algorithm follows more closely than the flow it discretises."""
from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import sympy
from sympy import Function, Symbol

from arithmetic import Readable, SymbolicLoss, Vector, aligned, as_decimals, latex
from flows import Flow, State, scalar
from networks import Objective
from schemes import Scheme, SequentialEuler

from ..coordinate import as_flow, refuse_names, scalars_at_rest
from ..exact import positive
from .truncated import Truncated, taylor

h = positive("h")


@dataclass(frozen=True)
class ModifiedEquation(Readable):
    """y' = f₀(y) + h f₁(y) + … + hᵏ f_k(y), whose solution at time h is one step of the scheme up to O(h^(k+2)).

    state : the symbols of y, θ first, as `Field` orders them.  terms : f₀, …, f_k, sympy column vectors over `state`.
    The series diverges in general; its truncation serves while h|f'| is small.
    """

    state: tuple
    terms: tuple

    @property
    def right(self) -> sympy.Matrix:
        """The right-hand side, with the symbol h."""
        return sum((h**k * f for k, f in enumerate(self.terms)), sympy.zeros(len(self.state), 1))

    def field(self, step: float) -> Callable:
        """The equation at the step h = `step` as a function (t, y) -> y' on numbers, y (size,) or (size, lanes).

        Raises ValueError where the loss was not given.
        """
        if self.right.atoms(sympy.core.function.AppliedUndef):
            raise ValueError("field(step): the loss is generic; pass loss= with an expression to modified_equation")
        f = sympy.lambdify([self.state], list(self.right.subs(h, as_decimals(step))), "numpy", cse=True)

        def field(t, y):
            y = np.asarray(y, dtype=float)
            with np.errstate(all="ignore"):
                return np.array([np.broadcast_to(e, y.shape[1:]) for e in f(y)])

        return field

    def __str__(self):
        return "\n".join(f"{x}' = {' + '.join(p for p in self._parts(i)) or '0'}" for i, x in enumerate(self.state))

    def _parts(self, i):
        for k, f in enumerate(self.terms):
            if f[i] != 0:
                yield f"{'' if k == 0 else 'h*' if k == 1 else f'h**{k}*'}({f[i]})"

    def _repr_latex_(self) -> str:
        rows = (rf"\dot{{{latex(x)}}} &= " + " + ".join(
            (f"h^{{{k}}}" if k > 1 else "h" if k else "") + rf"\left({latex(f[i])}\right)"
            for k, f in enumerate(self.terms) if f[i] != 0) for i, x in enumerate(self.state))
        return aligned(rows)


def modified_equation(flow: Flow | type[Flow], scheme: Scheme, order: int = 1, *,
                      loss: Objective | None = None, dim: int = 1, weights: dict | None = None) -> ModifiedEquation:
    """The modified equation of a scheme on a flow up to h^order, by backward error analysis.

    flow : an instance, rates numbers or symbols, or a class, read as `flow.symbolic()`.  order : 0, 1, 2 or 3.
    loss : a `Loss` with an expression; without one, a generic F of `dim` variables.
    weights : {rate: β}: rates that are not fixed but grow as (1 − β)/h, as when a library keeps β while lr varies.
    Such averages follow θ at once, up to a lag of h β/(1 − β); they leave the state (after a transient), order ≤ 1.
    Scalar blocks that count time (bias corrections) are taken where they rest: c' = b (1 − c) at 1.

    The step is expanded, Φ_h(y) = y + h d₁ + h² d₂ + …, and exp(h L) y = Φ_h(y), L the derivative along the sought
    field, solved power by power.  Sources: Hairer, Lubich & Wanner, Geometric Numerical Integration, ch. IX; with
    weights, Cattaneo, Klusowski & Shigida, arXiv 2309.00079.
    """
    flow = as_flow(flow, "modified_equation(flow, scheme): flow")
    refuse_names(flow, {"h"}, "modified_equation")
    if not isinstance(scheme, Scheme):
        raise TypeError(f"modified_equation(flow, scheme): scheme must be a Scheme such as Euler(), got {scheme!r}")
    if scheme.implicit:
        raise TypeError(f"modified_equation: a step of {type(scheme).__name__} is the solution of an equation, which "
                        "is not expanded here; RosenbrockEuler() has a closed form")
    if order not in (0, 1, 2, 3) or weights and order > 1:
        raise ValueError(f"order={order!r} must be 0, 1, 2 or 3, and at most 1 with weights")
    if loss is not None and getattr(loss, "expression", None) is None:
        raise ValueError(f"loss={loss.name}: it has no expression in symbols; leave it out for a generic F")
    if weights:
        if not isinstance(scheme, SequentialEuler) or not set(weights) <= {f.name for f in dataclasses.fields(flow)}:
            raise ValueError(f"weights={weights}: the scheme must be SequentialEuler, and the names rates of {flow}")
        flow = dataclasses.replace(flow, **{rate: positive(f"rate_{rate}") for rate in weights})
    model = _Model(flow.exact(), loss, dim, order)
    return _slaved(model, weights, order) if weights else _expanded(model.state, model.step(scheme), order)


class _Taylor(SymbolicLoss):
    """A loss that is known by its Taylor series around its symbols: at θ + O(h), to the order in h that matters."""

    def __init__(self, expression, symbols, order: int, residuals=None):
        super().__init__(expression, symbols, residuals=residuals)
        self.order = order

    def at(self, expression, theta):
        shift = [self.cut(e - x) for e, x in zip(theta, self.symbols, strict=True)]
        if all(d == 0 for d in shift):
            return expression
        total = expression
        for k in range(1, self.order + 3):  # one more than slopes need: their derivatives need it
            for powers in itertools.product(range(k + 1), repeat=self.dim):
                if sum(powers) == k:
                    weight = sympy.prod(d**p / sympy.factorial(p) for d, p in zip(shift, powers, strict=True))
                    total += weight * expression.diff(*[(x, p) for x, p in zip(self.symbols, powers, strict=True) if p])
        return self.cut(total)

    def cut(self, e):
        """e up to h^order, where it is regular at h = 0: slopes count h times."""
        e = sympy.sympify(as_decimals(e))
        series = sum(c * h**k for k, c in enumerate(_in_powers(e, self.order)))
        return e if series.has(sympy.nan, sympy.zoo, sympy.oo) else series


def _in_powers(e: sympy.Expr, order: int) -> list:
    """The coefficients of h⁰, …, h^order of an expression: by arithmetic from its leaves up, else by derivatives."""
    if e.is_polynomial(h):
        e = sympy.expand(e)
        return [e.coeff(h, k) for k in range(order + 1)]
    if (found := taylor(e, h, order)) is not None:
        return found
    terms = []
    for k in range(order + 1):
        terms.append(e.subs(h, 0).doit() / sympy.factorial(k))
        e = e.diff(h)
    return terms


class _Model:
    """A flow in symbols on a loss that is known by its Taylor series around the state."""

    def __init__(self, flow, loss, dim, order):
        self.flow = flow
        self.dim = dim if loss is None else loss.dim
        names = tuple(Symbol("theta" if dim == 1 else f"theta{i + 1}", real=True) for i in range(dim))
        self.x = names if loss is None else tuple(loss.symbols)
        residuals = getattr(loss, "residual_expressions", None)
        self.loss = _Taylor(
            Function("F", real=True)(*names) if loss is None else as_decimals(loss.expression), self.x, order,
            None if residuals is None else [as_decimals(r) / sympy.sqrt(len(residuals)) for r in residuals])
        self.field = Truncated(flow, self.loss, lambda name, slope: self.loss.cut(slope))
        self.blocks, rest = {"theta": self.x}, scalars_at_rest(flow)
        for name in self.field.blocks:
            if name != "theta":
                sign = {"positive": True} if name in flow.nonnegative else {"real": True}
                self.blocks[name] = (rest[name],) if isinstance(name, scalar) else tuple(
                    Symbol(str(name) if self.dim == 1 else f"{name}{i + 1}", **sign) for i in range(self.dim))
        self.flat = [e for block in self.blocks.values() for e in block]
        self.state = tuple(e for e in self.flat if e.is_Symbol)

    def step(self, scheme):
        """The new state as functions of h, without the scalar blocks."""
        t = positive("t")
        new = [as_decimals(e) for e in scheme.symbolic_step(self.field, t, Vector(self.flat), h)]
        if any(e.has(t) for e in new):
            raise ValueError(f"modified_equation: {type(self.flow).__name__} depends on the time itself; take a flow "
                             "whose field has no clock, such as Nesterov in place of NesterovODE")
        return [e for e, x in zip(new, self.flat, strict=True) if x.is_Symbol]


def _expanded(state, new, order) -> ModifiedEquation:
    """From the step to the equation, by matching powers of h."""
    n, powers = len(state), [_in_powers(e, order + 1) for e in new]
    d = [sympy.Matrix([c[k] for c in powers]).applyfunc(_plain) for k in range(1, order + 2)]
    terms: list[sympy.Matrix] = []
    lie = {(1, 1): d[0]}  # lie[k, m]: the coefficient of h^m in (h L)^k y
    for m in range(1, order + 2):
        f = d[m - 1]
        for k in range(2, m + 1):
            parts = (lie[k - 1, m - 1 - j].jacobian(state) * terms[j] for j in range(m - k + 1))
            lie[k, m] = sum(parts, sympy.zeros(n, 1))
            f = f - lie[k, m] / sympy.factorial(k)
        terms.append(f.applyfunc(_plain))
        lie[1, m] = terms[-1]
    return ModifiedEquation(tuple(state), tuple(terms))


def _jumps(e) -> bool:
    """The derivative of a sign, also that at a point."""
    return (isinstance(e, sympy.DiracDelta) or isinstance(e, sympy.Derivative) and isinstance(e.expr, sympy.sign)
            or isinstance(e, sympy.Subs) and e.expr.is_zero)


def _plain(e):
    """Expanded where it is a polynomial; equal terms collected."""
    e = e.replace(_jumps, lambda _: sympy.S.Zero)  # the equation holds where the signs are constant
    rational = any(p.exp.is_negative or not p.exp.is_Integer for p in e.atoms(sympy.Pow))
    e = sympy.expand(e)
    return sympy.factor_terms(e) if rational else e


def _slaved(model, weights, order) -> ModifiedEquation:
    """With weights fixed: averages z⁺ = βz + (1 − β)q(θ) equal q − h β/(1 − β) q'θ' + O(h²)."""
    flow = model.flow
    blocks = {n: Vector(b) if not isinstance(n, scalar) else b[0] for n, b in model.blocks.items()}
    fields = flow.field(State(t=sympy.S.Zero, **blocks), model.loss.oracle(Vector(model.x)))
    theta = sympy.Matrix([as_decimals(e) for e in fields["theta"]])
    average, lag = {}, {}
    for name, block in model.blocks.items():
        if name == "theta" or isinstance(name, scalar):
            continue
        for z, f in zip(block, fields[name], strict=True):
            f = as_decimals(f)
            rate = sympy.expand(-f.diff(z))
            key = next((r for r in weights if rate == getattr(flow, r)), None)
            mean = sympy.expand(f / rate + z)
            if key is None or mean.has(rate):
                raise ValueError(f"weights={weights}: {name}' = {f} is no average with one of these rates")
            average[z] = mean
            lag[z] = sympy.sympify(weights[key]) / (1 - sympy.sympify(weights[key]))
    if any(e.has(*average) for e in average.values()):
        raise ValueError("weights: an average of another average is not resolved")
    f0 = theta.subs(average, simultaneous=True)
    d2 = sympy.zeros(model.dim, 1)
    for z, q in average.items():
        change = (sympy.Matrix([q]).jacobian(model.x) * f0)[0]
        d2 -= lag[z] * change * theta.diff(z).subs(average, simultaneous=True)
    terms = [f0, d2 - f0.jacobian(model.x) * f0 / 2][:order + 1]
    return ModifiedEquation(model.x, tuple(t.applyfunc(_plain) for t in terms))
