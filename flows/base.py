"""What a flow is: the derivative of every block of the state, written once for numbers, symbols and the recorder."""
from __future__ import annotations

import dataclasses
import functools
import numbers
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from arithmetic import (
    Array, CoordinateLoss, Descended, Graph, Oracle, Program, Quantity, Rate, Reading, Vector, VectorField, aligned,
    as_decimals, as_reals, dot, gradient, is_symbolic, latex,
)
from arithmetic.late import sympy

State: TypeAlias = SimpleNamespace  #: the blocks by name, `theta` among them, and the time `t`
Slopes: TypeAlias = dict[str, Quantity]  #: the derivative of every block
EnergyFunction: TypeAlias = Callable[[State, Oracle], Quantity]


class scalar(str):
    """The name of a memory block that holds one number instead of one per coordinate: `memory = ("m", scalar("c"))`."""


@dataclasses.dataclass(frozen=True)
class Flow:
    """An optimizer as a vector field.

    A subclass is a frozen dataclass of rates (numbers or positive sympy symbols, in 1/time unless stated) with

    - `memory` : the names of its blocks besides `theta`, in the order in which the classical algorithm updates them;
      `theta` comes last unless it is named; `scalar("c")` names a block of one number.
    - `field(s, oracle)` : a dict with the derivative of every block, from the state `s` (`s.v`, `s.theta`, `s.t`) and
      the loss at `s.theta` (an `arithmetic.Oracle`: `.value .gradient .hessian .residual .jacobian .gauss_newton`, each
      computed at most once, and `.hessian_product(v) .gauss_newton_product(v)`).

    and, where they are not the defaults, `initial` (start values of memory blocks, 0 unless given: numbers, or
    functions of the oracle at the start), `nonnegative` (memory blocks that never are negative), `energy(s, oracle)` (a
    Lyapunov function V of the flow) and `dissipation(s, oracle)` (a lower bound of the rate at which V falls,
    −V' ≥ D ≥ 0, wherever V is an energy of the flow), of which energy-controlled steps must realise a share, their
    `ratio`.

    Everything else (equations, integration, energies, basins) works on such a class at once.
    """

    if TYPE_CHECKING:  # a subclass may give each as a constant, a property or a method
        @property
        def memory(self) -> tuple[str, ...]: ...
        @property
        def nonnegative(self) -> tuple[str, ...]: ...
        @property
        def energy(self) -> EnergyFunction | None: ...
        @property
        def dissipation(self) -> EnergyFunction | None: ...
    else:
        memory, nonnegative, energy, dissipation = (), (), None, None

    def field(self, s: State, oracle: Oracle) -> Slopes:
        raise NotImplementedError(f"{type(self).__name__} must define field(self, s, oracle)")

    @property
    def blocks(self) -> tuple[str, ...]:
        """All blocks in the order in which the classical algorithm updates them."""
        return self.memory if "theta" in self.memory else (*self.memory, "theta")

    @property
    def plain(self) -> Flow:
        """The flow under its modifiers: itself where there are none."""
        return self

    @property
    def initial(self) -> dict:
        """Start values of the memory blocks that do not start at 0:
        numbers, or functions of the oracle at the start."""
        return {}

    def tempo(self, s: State) -> Quantity:
        """What θ' is multiplied by where its size is judged: one over the unit of time, in gradient descent's."""
        return 1

    def followed(self, s: State, oracle: Oracle) -> tuple[Quantity, Rate | None]:
        """θ' if the memory that moves θ had followed the gradient for long, and the rate at which it follows.

        (θ' itself, None) where θ' answers to the gradient at once; `EnergyControl(first="spectral")` asks.
        """
        return self.field(s, oracle)["theta"], None

    def start(self, theta: ArrayLike, oracle: Oracle | None = None) -> State:
        """The initial state at `theta`, (dim,) or (dim, lanes);
        `oracle`, the loss there, for memory that starts from it."""
        theta = np.asarray(theta, dtype=float)
        start = {}
        for name in self.memory:
            if name != "theta":
                value = self.initial.get(name, 0.0)
                if callable(value) and oracle is None:
                    raise TypeError(f"{type(self).__name__}: the memory {name!r} starts from the gradient; use "
                                    "flow.on(loss).start(theta), or pass oracle=loss.oracle(theta)")
                value = value(oracle) if callable(value) else np.asarray(value, dtype=float)
                start[name] = np.full(theta.shape[1:] if isinstance(name, scalar) else theta.shape, value)
        return State(theta=theta, t=0.0, **start)

    def on(self, loss: Descended) -> Field:
        """The field of this flow on a loss: `field(t, y)`, ready for scipy."""
        if not hasattr(loss, "oracle"):
            raise TypeError(f"flow.on(loss): loss must be a Loss, got {type(loss).__name__}; "
                            "wrap functions with networks.Loss.from_callables(dim, value, gradient)")
        return Field(self, loss)

    @classmethod
    def symbolic(cls, **rates: Rate) -> Self:
        """This flow with every rate a positive sympy symbol of its name, except for `rates` and for those that are 0 by
        default: terms that are switched off.  A field annotated `int` is a count, not a rate."""
        return cls(**{f.name: sympy.Symbol(f.name, positive=True) for f in dataclasses.fields(cls)
                      if isinstance(f.default, (int, float)) and not isinstance(f.default, bool) and f.default != 0
                      and f.type != "int"}
                   | rates)

    @property
    def free_symbols(self) -> set:
        """The symbols of its rates, those of the flow that a modifier holds too."""
        return set().union(*(getattr(getattr(self, f.name), "free_symbols", ()) for f in dataclasses.fields(self)))

    def with_rates(self, change: Callable[[Any], Any]) -> Self:
        """This flow with `change(rate)` in the place of each rate, those of the flow that a modifier holds too."""
        before = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        after = {name: x.with_rates(change) if isinstance(x, Flow) else change(x) for name, x in before.items()}
        return dataclasses.replace(self, **{name: x for name, x in after.items() if x is not before[name]})

    def exact(self) -> Self:
        """This flow with its float rates as the decimals that they print as (0.1 is 1/10), for symbols."""
        return self.with_rates(lambda x: as_decimals(x) if isinstance(x, (numbers.Real, sympy.Float))
                               and not isinstance(x, bool) else x)

    def subs(self, values: dict) -> Self:
        """This flow with values for the symbols in its rates."""
        return self.with_rates(lambda x: x.subs(values) if isinstance(x, sympy.Basic) else x)

    def coordinate(self) -> tuple[State, Oracle, Slopes]:
        """One coordinate in symbols: `(s, oracle, derivatives)`.

        `s` holds a symbol per block (`g_` for one called g, as the gradient is), `oracle` the symbols F, g, H (and r, J
        with F = r²/2), `derivatives` the field.
        """
        s = State(theta=CoordinateLoss.theta, t=sympy.Symbol("t", nonnegative=True))
        for name in self.memory:
            if name != "theta":
                sign = {"positive": True} if name in self.nonnegative else {"real": True}
                setattr(s, name, sympy.Symbol(_unlike(name), **sign))
        oracle = CoordinateLoss().oracle(s.theta)
        return s, oracle, self.field(s, oracle)

    def equations(self) -> Equations:
        """The ODE of one coordinate, as sympy equations (LaTeX in notebooks)."""
        s, _, derivatives = self.coordinate()
        of_time = {getattr(s, name): sympy.Function(str(name))(s.t) for name in self.blocks}
        return Equations(sympy.Eq(sympy.Derivative(of_time[getattr(s, name)], s.t),
                                  sympy.sympify(derivatives[name]).xreplace(of_time)) for name in self.blocks)

    def _repr_latex_(self) -> str | None:
        try:
            return self.exact().equations().latex()
        except (TypeError, ValueError, AttributeError):  # a field without a symbolic reading
            return None


class Downhill(Flow):
    """A flow along which F itself falls: F is its energy, which falls by −⟨∇F, θ'⟩."""

    def energy(self, s: State, oracle: Oracle) -> Quantity:
        return oracle.value

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return -dot(oracle.gradient, self.field(s, oracle)["theta"])


#: Symbols of the loss and of time, which no block may be taken for.
TAKEN = {"F", "g", "H", "r", "J", "t", "theta"}


def _unlike(name: str) -> str:
    """The name of a block's symbol: its own, with an underscore where that is a symbol of the loss."""
    return f"{name}_" if name in TAKEN else str(name)


class Equations(list):
    """Sympy equations that print one below the other; an update x⁺ = … has the terms with x first."""

    def __str__(self):
        return "\n".join(f"{_plain(e.lhs)} = {_right(e)}" for e in self)

    __repr__ = __str__

    def latex(self) -> str:
        """The equations as one displayed block of LaTeX."""
        return aligned(f"{latex(e.lhs)} &= {latex(e.rhs)}" for e in self)

    _repr_latex_ = latex


def _right(equation) -> str:
    name = str(equation.lhs)
    if not name.endswith("⁺") or not equation.rhs.is_Add:
        return _plain(equation.rhs)
    own = [t for t in equation.rhs.as_ordered_terms() if name[:-1] in map(str, t.free_symbols)]
    texts = [sympy.sstr(t) for t in [*own, *(t for t in equation.rhs.as_ordered_terms() if t not in own)]]
    return texts[0] + "".join(f" - {t[1:]}" if t.startswith("-") else f" + {t}" for t in texts[1:])


def _plain(expr) -> str:
    """`m'` for the derivative of m(t) and `m` for m(t)."""
    expr = expr.replace(lambda e: isinstance(e, sympy.Derivative), lambda e: sympy.Symbol(f"{e.expr.func.__name__}'"))
    expr = expr.replace(lambda e: isinstance(e, sympy.core.function.AppliedUndef) and e.args[0].is_Symbol,
                        lambda e: sympy.Symbol(e.func.__name__))
    return sympy.sstr(expr)


class Field(VectorField):
    """A flow on a loss: `field(t, y)` gives dy/dt, with `theta` first in `y`.

    y : (size,) or (size, lanes), scipy's `vectorized` convention; also a `Vector` of symbols or recorded numbers.
    """

    def __init__(self, flow: Flow, loss: Descended):
        self.flow, self.loss, self.dim = flow, loss, loss.dim
        if isinstance(flow.memory, str) or "t" in flow.memory or len(set(flow.memory)) < len(flow.memory):
            raise ValueError(f"{type(flow).__name__}.memory={flow.memory!r} must be a tuple of different names other "
                             "than 't': memory = (\"v\",)")
        self.blocks: dict[str, slice | int] = {"theta": slice(0, self.dim)}
        self.size = self.dim
        for name in flow.memory:
            if name != "theta":
                width = 1 if isinstance(name, scalar) else self.dim
                self.blocks[name] = self.size if isinstance(name, scalar) else slice(self.size, self.size + width)
                self.size += width

    def theta(self, y: Array) -> Array:
        return y[: self.dim]

    def start(self, theta: ArrayLike) -> np.ndarray:
        """The initial state vector at `theta`, (dim,) or (dim, lanes)."""
        theta = check_theta(theta, self.dim)
        return self.pack(vars(self.flow.start(theta, self.loss.oracle(theta))))

    def state(self, t: Quantity, y: Array) -> State:
        blocks = {name: y[place] for name, place in self.blocks.items() if name != "theta"}
        return State(t=t, theta=self.theta(y), **blocks)

    def pack(self, values: dict) -> np.ndarray:
        theta = values["theta"]
        if isinstance(theta, np.ndarray) and theta.dtype != object:
            y = np.empty((self.size, *theta.shape[1:]))
            for name, place in self.blocks.items():
                y[place] = values[name]
            return y
        parts = [values[name] if isinstance(place, slice) else [values[name]] for name, place in self.blocks.items()]
        return Vector(x for part in parts for x in part)

    def slopes(self, s: State, oracle: Oracle) -> dict:
        slopes = self.flow.field(s, oracle)
        if slopes.keys() != self.blocks.keys():
            raise ValueError(f"{type(self.flow).__name__}.field returned {sorted(slopes)}; it must return the "
                             f"derivative of each block and no other: {sorted(self.blocks)}")
        return slopes

    def slope(self, name: str, s: State, oracle: Oracle) -> Quantity:
        return self.slopes(s, oracle)[name]

    def __call__(self, t: Quantity, y: Array) -> Array:
        y = self._checked(y)
        s = self.state(t, y)
        with np.errstate(all="ignore"):
            return self.pack(self.slopes(s, self.loss.oracle(s.theta)))

    def _checked(self, y):
        if not (isinstance(y, np.ndarray) and y.dtype == object):
            y = as_reals(y, "field(t, y): y")
        if y.shape[:1] != (self.size,):
            raise ValueError(f"field(t, y): y must have shape ({self.size},) or ({self.size}, lanes), got {y.shape}; "
                             "field.start(theta) makes one")
        return y

    def jacobian(self, t: Quantity, y: Array) -> Array:
        """∂f/∂y, (size, size) or (size, size, lanes): the flow's own where it has one, else by differentiation."""
        y = self._checked(y)
        if hasattr(self.flow, "jacobian"):
            s = self.state(t, y)
            return self.flow.jacobian(s, self.loss.oracle(s.theta))
        if not self.loss.recordable:
            return self._symbolic_jacobian(t, y)
        entries = self._jacobian_program(*y, t)
        if any(isinstance(e, Reading) or is_symbolic(e) for e in entries):
            return np.array(entries, dtype=object).reshape(self.size, self.size).view(Vector)
        return np.array([np.broadcast_to(e, y.shape[1:]) for e in entries]).reshape(self.size, *y.shape)

    def _symbolic_jacobian(self, t, y):
        """∂f/∂y of a loss in symbols."""
        if not any(is_symbolic(x) for x in y.flat):
            raise TypeError(f"the Jacobian of {type(self.flow).__name__} on {self.loss.name} takes derivatives that "
                            "numeric losses do not give; use a scheme without it, a Network or Loss.from_expression")
        shift = Vector(sympy.Dummy(real=True) for _ in y)
        still = dict.fromkeys(shift, 0)
        rows = [[_almost_everywhere(sympy.sympify(f).diff(d)).subs(still) for d in shift] for f in self(t, y + shift)]
        return np.array(rows, dtype=object).view(Vector)

    @functools.cached_property
    def _jacobian_program(self) -> Program:
        graph = Graph()
        y, t = graph.inputs("y", self.size), graph.input("t")
        rows = [gradient(graph.lift(f), list(y)) for f in self(t, y)]
        return Program((*y, t), tuple(entry for row in rows for entry in row))


def _almost_everywhere(derivative):
    """A derivative where there is one, as the recorder takes it: that of a sign is 0."""
    return derivative.replace(sympy.DiracDelta, lambda *_: sympy.S.Zero)


def check_theta(theta: ArrayLike, dim: int) -> np.ndarray:
    """`theta` as floats of shape (dim,) or (dim, lanes), or an error that says what is wrong with it."""
    try:
        theta = as_reals(theta, "theta")
    except (TypeError, ValueError) as error:
        raise TypeError(f"theta must be real numbers of shape ({dim},) or ({dim}, lanes), got {theta!r}") from error
    if theta.ndim not in (1, 2) or theta.shape[0] != dim:
        raise ValueError(f"theta must have shape ({dim},) or ({dim}, lanes), got {theta.shape}: "
                         "a column is a start, so transpose an array of rows")
    return theta
