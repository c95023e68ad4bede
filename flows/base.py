"""What a flow is: the derivative of every block of the state, written once for numbers, symbols and the recorder."""
from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import numpy as np

from arithmetic import Graph, Program, Reading, Vector, aligned, gradient, is_symbolic, vector

State = SimpleNamespace  #: the blocks by name, `theta` among them, and the time `t`


class scalar(str):
    """The name of a memory block that holds one number instead of one per coordinate: `memory = ("m", scalar("c"))`."""


@dataclasses.dataclass(frozen=True)
class Flow:
    """An optimizer as a vector field.

    A subclass is a frozen dataclass of rates (numbers or positive sympy symbols, in 1/time unless stated) with

    - `memory` : the names of its blocks besides `theta`, in the order in which the classical algorithm updates them;
      `theta` comes last unless it is named; `scalar("c")` names a block of one number.
    - `field(s, oracle)` : a dict with the derivative of every block, from the state `s` (`s.v`, `s.theta`, `s.t`) and
      the loss at `s.theta` (`oracle.value .gradient .hessian .residual .jacobian`, each computed at most once).

    and, where they are not the defaults, `initial` (start values of memory blocks, 0 unless given: numbers, or functions
    of the oracle at the start), `nonnegative` (memory blocks that never are negative), `energy(s, oracle)` (a Lyapunov function V of the flow) and
    `dissipation(s, oracle)` (a lower bound of the rate at which V falls, −V' ≥ D ≥ 0, wherever V is an energy of the
    flow), of which energy-controlled steps must realise a share, their `ratio`.

    Everything else (equations, integration, energies, basins) works on such a class at once.
    """

    memory: ClassVar[tuple[str, ...]] = ()
    nonnegative: ClassVar[tuple[str, ...]] = ()
    energy: ClassVar = None
    dissipation: ClassVar = None

    def field(self, s: State, oracle) -> dict:
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
        """Start values of the memory blocks that do not start at 0: numbers, or functions of the oracle at the start."""
        return {}

    def start(self, theta, oracle=None) -> State:
        """The initial state at `theta`, (dim,) or (dim, lanes); `oracle`, the loss there, for memory that starts from it."""
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

    def on(self, loss) -> Field:
        """The field of this flow on a loss: `field(t, y)`, ready for scipy."""
        if not hasattr(loss, "oracle"):
            raise TypeError(f"flow.on(loss): loss must be a Loss, got {type(loss).__name__}; "
                            "wrap functions with networks.Loss.from_callables(dim, value, gradient)")
        return Field(self, loss)

    @classmethod
    def symbolic(cls, **rates):
        """This flow with every rate a positive sympy symbol of its name, except for `rates` and for those that are 0 by
        default: terms that are switched off."""
        import sympy

        return cls(**{f.name: sympy.Symbol(f.name, positive=True) for f in dataclasses.fields(cls)
                      if isinstance(f.default, (int, float)) and not isinstance(f.default, bool) and f.default != 0} | rates)

    def coordinate(self):
        """One coordinate in symbols: `(s, oracle, derivatives)`.

        `s` holds a symbol per block, `oracle` the symbols F, g, H (and r, J with F = r²/2), `derivatives` the field.
        """
        import sympy

        s = State(theta=sympy.Symbol("theta", real=True), t=sympy.Symbol("t", nonnegative=True))
        for name in self.memory:
            if name != "theta":
                sign = {"positive": True} if name in self.nonnegative else {"real": True}
                setattr(s, name, sympy.Symbol(str(name), **sign))
        value, g, hessian, r, jacobian = sympy.symbols("F g H r J", real=True)
        oracle = State(value=value, gradient=g, hessian=hessian, residual=r, jacobian=jacobian,
                       gauss_newton=jacobian**2, theta=s.theta)
        return s, oracle, self.field(s, oracle)

    def equations(self) -> Equations:
        """The ODE of one coordinate, as sympy equations (LaTeX in notebooks)."""
        import sympy

        s, _, derivatives = self.coordinate()
        of_time = {getattr(s, name): sympy.Function(str(name))(s.t) for name in self.blocks}
        return Equations(sympy.Eq(sympy.Derivative(of_time[getattr(s, name)], s.t),
                                  sympy.sympify(derivatives[name]).xreplace(of_time)) for name in self.blocks)


class Equations(list):
    """Sympy equations that print one below the other; an update x⁺ = … has the terms with x first."""

    def __str__(self):
        import sympy

        return "\n".join(f"{_plain(e.lhs, sympy)} = {_right(e, sympy)}" for e in self)

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        import sympy

        return aligned(f"{sympy.latex(e.lhs)} &= {sympy.latex(e.rhs)}" for e in self)


def _right(equation, sympy) -> str:
    name = str(equation.lhs)
    if not name.endswith("⁺") or not equation.rhs.is_Add:
        return _plain(equation.rhs, sympy)
    own = [t for t in equation.rhs.as_ordered_terms() if name[:-1] in map(str, t.free_symbols)]
    texts = [sympy.sstr(t) for t in [*own, *(t for t in equation.rhs.as_ordered_terms() if t not in own)]]
    return texts[0] + "".join(f" - {t[1:]}" if t.startswith("-") else f" + {t}" for t in texts[1:])


def _plain(expr, sympy) -> str:
    """`m'` for the derivative of m(t) and `m` for m(t)."""
    expr = expr.replace(lambda e: isinstance(e, sympy.Derivative), lambda e: sympy.Symbol(f"{e.expr.func.__name__}'"))
    expr = expr.replace(lambda e: isinstance(e, sympy.core.function.AppliedUndef) and e.args[0].is_Symbol,
                        lambda e: sympy.Symbol(e.func.__name__))
    return sympy.sstr(expr)


class Field:
    """A flow on a loss: `field(t, y)` gives dy/dt, with `theta` first in `y`.

    y : (size,) or (size, lanes), scipy's `vectorized` convention; also a `Vector` of symbols or recorded numbers.
    """

    def __init__(self, flow: Flow, loss):
        self.flow, self.loss, self.dim = flow, loss, loss.dim
        if isinstance(flow.memory, str) or "t" in flow.memory or len(set(flow.memory)) < len(flow.memory):
            raise ValueError(f"{type(flow).__name__}.memory={flow.memory!r} must be a tuple of different names other than 't': "
                             "memory = (\"v\",)")
        self.blocks: dict[str, slice | int] = {"theta": slice(0, self.dim)}
        self.size = self.dim
        for name in flow.memory:
            if name != "theta":
                width = 1 if isinstance(name, scalar) else self.dim
                self.blocks[name] = self.size if isinstance(name, scalar) else slice(self.size, self.size + width)
                self.size += width

    def theta(self, y):
        """The parameters, (dim,) or (dim, lanes)."""
        return y[: self.dim]

    def start(self, theta) -> np.ndarray:
        """The initial state vector at `theta`, (dim,) or (dim, lanes)."""
        theta = check_theta(theta, self.dim)
        return self.pack(vars(self.flow.start(theta, self.loss.oracle(theta))))

    def state(self, t, y) -> State:
        """The blocks of `y` by name."""
        return State(t=t, **{name: y[place] for name, place in self.blocks.items()})

    def pack(self, values: dict) -> np.ndarray:
        """Blocks by name to one state vector."""
        theta = values["theta"]
        if isinstance(theta, np.ndarray) and theta.dtype != object:
            y = np.empty((self.size, *theta.shape[1:]))
            for name, place in self.blocks.items():
                y[place] = values[name]
            return y
        parts = [values[name] if isinstance(place, slice) else [values[name]] for name, place in self.blocks.items()]
        return Vector(x for part in parts for x in part)

    def __call__(self, t, y):
        y = self._checked(y)
        s = self.state(t, y)
        with np.errstate(all="ignore"):
            slopes = self.flow.field(s, self.loss.oracle(s.theta))
        if slopes.keys() != self.blocks.keys():
            raise ValueError(f"{type(self.flow).__name__}.field returned {sorted(slopes)}; it must return the derivative of each "
                             f"block and no other: {sorted(self.blocks)}")
        return self.pack(slopes)

    def _checked(self, y):
        if not (isinstance(y, np.ndarray) and y.dtype == object):
            y = np.asarray(y, dtype=float)
        if y.shape[:1] != (self.size,):
            raise ValueError(f"field(t, y): y must have shape ({self.size},) or ({self.size}, lanes), got {y.shape}; "
                             "field.start(theta) makes one")
        return y

    def jacobian(self, t, y):
        """∂f/∂y, (size, size) or (size, size, lanes): the flow's own where it has one, else by differentiation."""
        y = self._checked(y)
        if hasattr(self.flow, "jacobian"):
            s = self.state(t, y)
            return self.flow.jacobian(s, self.loss.oracle(s.theta))
        entries = self._jacobian_program(*y, t)
        if any(isinstance(e, Reading) or is_symbolic(e) for e in entries):
            return np.array(entries, dtype=object).reshape(self.size, self.size).view(Vector)
        return np.array([np.broadcast_to(e, y.shape[1:]) for e in entries]).reshape(self.size, *y.shape)

    @property
    def _jacobian_program(self) -> Program:
        if "_jacobian" not in self.__dict__:
            graph = Graph()
            y, t = graph.inputs("y", self.size), graph.input("t")
            rows = [gradient(graph.lift(f), list(y)) for f in self(t, y)]
            self._jacobian = Program((*y, t), tuple(entry for row in rows for entry in row))
        return self._jacobian


def check_theta(theta, dim: int) -> np.ndarray:
    """`theta` as floats of shape (dim,) or (dim, lanes), or an error that says what is wrong with it."""
    try:
        theta = np.asarray(theta, dtype=float)
    except (TypeError, ValueError) as error:
        raise TypeError(f"theta must be numbers of shape ({dim},) or ({dim}, lanes), got {theta!r}") from error
    if theta.ndim not in (1, 2) or theta.shape[0] != dim:
        raise ValueError(f"theta must have shape ({dim},) or ({dim}, lanes), got {theta.shape}: "
                         "a column is a start, so transpose an array of rows")
    return theta


def diagonal(matrix):
    """The diagonal, (dim,) or (dim, lanes), of a matrix of shape (dim, dim), (dim, dim, lanes), or of one symbol."""
    return matrix if is_symbolic(matrix) else vector(matrix[i, i] for i in range(len(matrix)))


def add_diagonal(matrix, value):
    """`matrix + diag(value)` for a matrix as in `diagonal`; value : a number, one per lane, or one per coordinate (and lane)."""
    if is_symbolic(matrix):
        return matrix + value
    matrix, each = matrix.copy(), np.ndim(value) == np.ndim(matrix) - 1
    for i in range(len(matrix)):
        matrix[i, i] = matrix[i, i] + (value[i] if each else value)
    return matrix
