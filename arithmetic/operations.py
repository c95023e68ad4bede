"""The table of operations: one entry a function, and every reading follows from it.

An `Operation` says what a function is on numbers, on symbols, on intervals and in the printed languages, and what its
derivative is.  The recorder, the printers, the intervals, the reader of sympy expressions and the generic tests go
through `OPERATIONS`.  To add a function, here or in a program of one's own, make one entry:

    erf = operation("erf", definition=…, symbolic=lambda s, x: s.erf(x), adjoint=lambda n, d: …, interval=increasing)

`definition` writes it in + − × ÷, comparisons, `where` and the exact operations of this file; then all back ends
compute the same bits.  Without it, `numeric` and the spellings `c`, `python`, `numpy` are what the machine's libraries
give.
"""
from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import simplify
from .ends import above, below, choose, least, most, quiet
from .late import sympy
from .readings import elementwise, is_object_array, is_symbolic, Quantity, Reading

if TYPE_CHECKING:
    from .recorder import Program

i64 = np.int64


@dataclass(frozen=True, eq=False)
class Operation:
    """One function on every reading.

    Parameters
    ----------
    name : str, by which readings and printers know it.
    arity : how many arguments it takes.
    numeric : the function on floats and NumPy arrays; made of `definition` where there is one.
    symbolic : `(sympy, *args) -> expression`.
    adjoint : `(node, d) -> adjoints of its operands` for the adjoint `d` of the node; None where it has no derivative.
    definition : the function in plain arithmetic, without branches.
    reading : the operation in Python's operators, on every reading; a call of `function` unless given.
    inline : whether a recording holds the operations of `definition` instead of a node of its own.
    c, python : the expression with {0}, {1}, … for the arguments.  numpy : the name of a ufunc, or statements with
    {out}.
    native : as `numpy`, with NumPy's own functions for an operation with a definition: faster, and not the same bits.
    table : makes the constant table that the operation reads at an integer index, where it does.
    interval : `(operation, *intervals) -> interval`.
    error : bound of |result − exact| in units in the last place, which the intervals use.
    domain : (low, high), between which a function of one argument is defined.
    sympy : names of the sympy classes that are read as this operation.
    boolean : whether the result is a condition.
    simplify : `(graph, *nodes) -> node`, the rules of the recorder.
    doc : what it is.
    """

    name: str
    arity: int = 1
    numeric: Callable = None  # type: ignore[assignment]  # made of `definition` in __post_init__
    symbolic: Callable | None = None
    adjoint: Callable | None = None
    definition: Callable | None = None
    reading: str = ""
    inline: bool = False
    c: str | None = None
    python: str | None = None
    numpy: str | tuple[str, ...] | None = None
    native: str | tuple[str, ...] | None = None
    table: Callable[[], tuple[float, ...]] | None = None
    interval: Callable | None = None
    error: float = 0.5
    domain: tuple[float, float] = (-np.inf, np.inf)
    sympy: tuple[str, ...] = ()
    boolean: bool = False
    simplify: Callable | None = None
    doc: str = ""

    def __post_init__(self):
        if self.numeric is None:
            if self.definition is None:
                raise ValueError(f"operation {self.name!r} needs numeric= or definition=")
            object.__setattr__(self, "numeric", functools.partial(_defined, self, self.definition))
        if not self.reading:
            text = f"{self.name}({', '.join(f'{{{i}}}' for i in range(self.arity))})"
            object.__setattr__(self, "reading", text)

    @functools.cached_property
    def function(self) -> Callable:
        """The function that definitions call: it dispatches on the reading of its arguments."""

        def function(*args: Quantity) -> Quantity:
            if len(args) != self.arity:
                raise TypeError(f"{self.name}() takes {self.arity} argument{'s' * (self.arity > 1)}, got {len(args)}")
            if any(is_object_array(a) for a in args):
                return elementwise(function, args)
            for a in args:
                if isinstance(a, Reading):
                    return a.apply(self.name, *args)
            if any(is_symbolic(a) for a in args):
                return self._on_symbols(*args)
            value = self.numeric(*args)
            return float(value) if all(type(a) in (int, float) for a in args) and not self.boolean else value

        function.__name__ = function.__qualname__ = self.name
        function.__doc__ = self.doc
        return function

    def _on_symbols(self, *args):
        if self.definition and not self.inline and any(isinstance(a, sympy.Float) for a in args) \
                and all(sympy.sympify(a).is_Number for a in args):
            return sympy.Float(float(self.numeric(*map(float, args))))  # as everywhere else, to the bit
        return self._symbolic(*args)

    @functools.cached_property
    def _symbolic(self) -> Callable:
        """The form in symbols, kept of recent arguments: sympy compares those of Min and Max anew each time."""
        if self.symbolic is None:
            raise TypeError(f"{self.name} has no symbolic form: give its operation symbolic=...")
        return functools.lru_cache(1024, typed=True)(functools.partial(self.symbolic, sympy))

    @functools.cached_property
    def program(self) -> Program:
        """The definition as a straight-line program in which nothing is rearranged."""
        from .recorder import Graph, Program

        if self.definition is None:
            raise TypeError(f"{self.name} has no definition: give its operation definition=...")
        graph = Graph(rearrange=False)
        x = graph.inputs("x", self.arity)
        return Program(tuple(x), (graph.lift(self.definition(*x)),))


class Operations(Mapping):
    """The operations by name; `add` registers one."""

    def __init__(self):
        self._by_name: dict[str, Operation] = {}

    def add(self, operation: Operation) -> Operation:
        if not operation.name.isidentifier():
            raise ValueError(f"operation name {operation.name!r} must be an identifier")
        if operation.name in self._by_name:
            raise ValueError(f"there is an operation {operation.name!r} already; take another name")
        self._by_name[operation.name] = operation
        return operation

    def remove(self, name: str) -> None:
        """Forget an operation that was added."""
        del self._by_name[name]

    def __getitem__(self, name: str) -> Operation:
        return self._by_name[name]

    def __iter__(self):
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def of_sympy(self, kind: str) -> Operation | None:
        """The operation that sympy's class of this name is read as."""
        return next((op for op in self._by_name.values() if kind in op.sympy), None)


OPERATIONS = Operations()


def operation(name: str, **entry: Any) -> Callable:
    """Register an `Operation` and return the function that definitions call; the arguments are its fields."""
    return OPERATIONS.add(Operation(name, **entry)).function


def _defined(op: Operation, definition: Callable, *args):
    """An operation with a definition on numbers: scalars one by one, arrays by its printed NumPy program."""
    arrays = [np.asarray(a, dtype=float) for a in args]
    if all(a.ndim == 0 for a in arrays):
        with np.errstate(all="ignore"):
            return np.float64(definition(*(a[()] for a in arrays)))
    from .printers import numpy_operation

    rows = [np.ascontiguousarray(a).ravel() for a in np.broadcast_arrays(*arrays)]
    return numpy_operation(op)(*rows).reshape(np.broadcast_shapes(*(a.shape for a in arrays)))


# ---------------------------------------------------------------------------------------------------- intervals
def padded(op: Operation, x, low, high, at_least: float = -np.inf, at_most: float = np.inf):
    """An interval like x with computed ends moved outward by the operation's error, within the function's range."""
    if op.error:
        low = choose(low > -np.inf, below(low, op.error), -np.inf)
        high = choose(high < np.inf, above(high, op.error), np.inf)
    return type(x)(low if at_least == -np.inf else most(low, at_least),
                   high if at_most == np.inf else least(high, at_most))


def within(op: Operation, x):
    """The ends of x, held in the domain: the points outside it have no value that must be enclosed."""
    low, high = x.low, x.high
    if op.domain[0] > -np.inf:
        low, high = most(low, op.domain[0]), most(high, op.domain[0])
    if op.domain[1] < np.inf:
        low, high = least(low, op.domain[1]), least(high, op.domain[1])
    return low, high


def increasing(op: Operation, x, at_least: float = -np.inf, at_most: float = np.inf):
    """Of a function that increases, with values in [at_least, at_most]."""
    low, high = within(op, x)
    return padded(op, x, op.function(low), op.function(high), at_least, at_most)


def even(op: Operation, x, at_least: float = 0.0):
    """Of an even function that increases with |x| from `at_least`."""
    low, high = absolute(x.low), absolute(x.high)
    nearest = choose((x.low <= 0) & (x.high >= 0), 0.0, least(low, high))
    return padded(op, x, op.function(nearest), op.function(most(low, high)), at_least)


def _monotone_in_both(op: Operation, x, y):
    return type(x)(op.function(x.low, y.low), op.function(x.high, y.high))


# ------------------------------------------------------------------------------------------ the exact operations
_SHIFT = 1.5 * 2.0**52 + 1023  # k + _SHIFT has the biased exponent k + 1023 in its lowest bits
_FRACTION, _ONE, _INTEGER = (1 << 52) - 1, 1023 << 52, (1023 + 52) << 52
_HALF, _HEAD = 1 << 26, ~((1 << 27) - 1)


def _bits(x):
    return np.asarray(x, dtype=float).view(i64)


_floats = quiet(lambda bits: np.asarray(bits, dtype=i64).view(float)[()])

pow2 = operation(
    "pow2", numeric=quiet(lambda k: _floats(_bits(np.add(k, _SHIFT)) << 52)), symbolic=lambda s, k: s.Integer(2)**k,
    c="of_pow2({0})", python="floats(bits({0} + 6755399441056767.0) << 52)",
    numpy=("np.add({0}, 6755399441056767.0, out={out})", "np.left_shift({out}.view(i64), 52, out={out}.view(i64))"),
    error=0, doc="2^k for an integer k from -1022 to 1023.")
significand = operation(
    "significand", numeric=quiet(lambda x: _floats(_bits(x) & _FRACTION | _ONE)),
    c="of_significand({0})", python=f"floats(bits({{0}}) & {_FRACTION} | {_ONE})",
    numpy=(f"np.bitwise_and({{0}}.view(i64), {_FRACTION}, out={{out}}.view(i64))",
           f"np.bitwise_or({{out}}.view(i64), {_ONE}, out={{out}}.view(i64))"),
    error=0, doc="The s in [1, 2) with |x| = s·2^e, of a normal number.")
exponent = operation(
    "exponent", numeric=quiet(lambda x: _floats(_bits(x) >> 52 & 2047 | _INTEGER) - (2.0**52 + 1023)),
    c="of_exponent({0})", python=f"floats(bits({{0}}) >> 52 & 2047 | {_INTEGER}) - 4503599627371519.0",
    numpy=("np.right_shift({0}.view(i64), 52, out={out}.view(i64))",
           "np.bitwise_and({out}.view(i64), 2047, out={out}.view(i64))",
           f"np.bitwise_or({{out}}.view(i64), {_INTEGER}, out={{out}}.view(i64))",
           "np.subtract({out}, 4503599627371519.0, out={out})"),
    error=0, doc="The integer e with |x| = s·2^e, s in [1, 2), of a normal number.")
head = operation(
    "head", numeric=quiet(lambda x: _floats(_bits(x) + _HALF & _HEAD)),
    c="of_head({0})", python=f"floats(bits({{0}}) + {_HALF} & {_HEAD})",
    numpy=(f"np.add({{0}}.view(i64), {_HALF}, out={{out}}.view(i64))",
           f"np.bitwise_and({{out}}.view(i64), {_HEAD}, out={{out}}.view(i64))"),
    error=0, doc="x rounded to 26 bits: products of heads, and of what is left of them, are exact.")


def table_operation(name: str, table: Callable[[], tuple[float, ...]], doc: str) -> Callable:
    """An operation that reads a table, made when it is first read, at an integer index, which is held within it."""
    values = functools.cache(lambda: np.array(table()))

    def read(index):
        with np.errstate(invalid="ignore"):
            index = np.nan_to_num(np.asarray(index, dtype=float))
        return values()[np.clip(index, 0, len(values()) - 1).astype(i64)]

    return operation(name, numeric=read, table=table, c=f"of_{name}[(i64){{0}}]", python=f"of_{name}[int({{0}})]",
                     numpy=(f"np.take(of_{name}, {{0}}.astype(i64), out={{out}}, mode='clip')",), error=0, doc=doc)


# ------------------------------------------------------------------------------------------------ the basic ones
def _operator(name: str, infix: str, function: Callable, **entry: Any) -> Callable:
    return operation(name, arity=2, numeric=quiet(function), symbolic=lambda s, x, y: function(x, y), c=infix,
                     python=infix, reading=infix, **entry)


add = _operator("add", "{0} + {1}", lambda x, y: x + y, numpy="add", adjoint=lambda n, d: (d, d),
                interval=lambda op, x, y: x + y, simplify=simplify.add, doc="Sum.")
sub = _operator("sub", "{0} - {1}", lambda x, y: x - y, numpy="subtract", adjoint=lambda n, d: (d, -d),
                interval=lambda op, x, y: x - y, simplify=simplify.sub, doc="Difference.")
mul = _operator("mul", "{0} * {1}", lambda x, y: x * y, numpy="multiply",
                adjoint=lambda n, d: (d * n.args[1], d * n.args[0]), interval=lambda op, x, y: x * y,
                simplify=simplify.mul, doc="Product.")
div = _operator("div", "{0} / {1}", lambda x, y: x / y, numpy="divide",
                adjoint=lambda n, d: ((q := d / n.args[1]), -(q * n)), interval=lambda op, x, y: x / y,
                simplify=simplify.div, doc="Quotient.")
neg = operation("neg", numeric=np.negative, symbolic=lambda s, x: -x, c="-{0}", python="-{0}", reading="-{0}",
                numpy="negative",
                adjoint=lambda n, d: (-d,), interval=lambda op, x: -x, error=0, simplify=simplify.neg, doc="Negative.")
lt = _operator("lt", "{0} < {1}", lambda x, y: x < y, numpy="less", interval=lambda op, x, y: x < y, boolean=True,
               error=0, doc="Less than.")
le = _operator("le", "{0} <= {1}", lambda x, y: x <= y, numpy="less_equal", interval=lambda op, x, y: x <= y,
               boolean=True, error=0, doc="At most.")
and_ = _operator("and", "{0} & {1}", lambda x, y: x & y, numpy="logical_and", interval=lambda op, x, y: x & y,
                 boolean=True, error=0, simplify=simplify.and_, doc="Both conditions.")
or_ = _operator("or", "{0} | {1}", lambda x, y: x | y, numpy="logical_or", interval=lambda op, x, y: x | y,
                boolean=True, error=0, simplify=simplify.or_, doc="Either condition.")
not_ = operation("not", numeric=np.logical_not, symbolic=lambda s, x: ~x, c="!{0}", python="not {0}", reading="~{0}",
                 numpy="logical_not", interval=lambda op, x: ~x, boolean=True, error=0, simplify=simplify.not_,
                 doc="The opposite condition.")

sqrt = operation(
    "sqrt", numeric=quiet(np.sqrt), symbolic=lambda s, x: s.sqrt(x), c="sqrt({0})", python="math.sqrt({0})",
    numpy="sqrt", domain=(0.0, np.inf), adjoint=lambda n, d: (d / (2 * n),),
    interval=functools.partial(increasing, at_least=0.0), doc="Square root.")
absolute = operation(
    "absolute", numeric=np.absolute, symbolic=lambda s, x: s.Abs(x), sympy=("Abs",), c="fabs({0})", python="abs({0})",
    numpy="absolute", adjoint=lambda n, d: (d * sign(n.args[0]),), interval=even, error=0, doc="Absolute value.")
# the extremes propagate NaN, as NumPy's do, of two NaN either; a C compiler sees that a constant, mostly {1}, is none
minimum = operation(
    "minimum", arity=2, numeric=np.minimum, symbolic=lambda s, x, y: s.Min(x, y), sympy=("Min",),
    c="(({1} < {0}) | ({1} != {1})) ? {1} : {0}", python="{0} if (({0} <= {1}) | ({0} != {0})) else {1}",
    numpy="minimum",
    adjoint=lambda n, d: (where(n.args[0] <= n.args[1], d, 0.0), where(n.args[0] <= n.args[1], 0.0, d)),
    interval=_monotone_in_both, error=0, simplify=simplify.extreme("minimum", np.inf),
    doc="The smaller of two; NaN if either is NaN.")
maximum = operation(
    "maximum", arity=2, numeric=np.maximum, symbolic=lambda s, x, y: s.Max(x, y), sympy=("Max",),
    c="(({1} > {0}) | ({1} != {1})) ? {1} : {0}", python="{0} if (({0} >= {1}) | ({0} != {0})) else {1}",
    numpy="maximum",
    adjoint=lambda n, d: (where(n.args[0] >= n.args[1], d, 0.0), where(n.args[0] >= n.args[1], 0.0, d)),
    interval=_monotone_in_both, error=0, simplify=simplify.extreme("maximum", -np.inf),
    doc="The larger of two; NaN if either is NaN.")


def _choice(op: Operation, condition, x, y):
    if isinstance(condition, (bool, np.bool_)):
        return x if condition else y
    can, must = condition.can, condition.must
    low, high = least(x.low, y.low), most(x.high, y.high)
    return type(x)(choose(must, x.low, choose(can, low, y.low)), choose(must, x.high, choose(can, high, y.high)))


where: Callable = operation(
    "where", arity=3, numeric=lambda c, x, y: np.asarray(np.where(c, x, y))[()],
    symbolic=lambda s, c, x, y: s.Piecewise((x, c), (y, True)), c="{0} ? {1} : {2}", python="{1} if {0} else {2}",
    numpy=("np.copyto({out}, {2})", "np.copyto({out}, {1}, where={0})"),
    adjoint=lambda n, d: (None, where(n.args[0], d, 0.0), where(n.args[0], 0.0, d)),
    interval=_choice, error=0, simplify=simplify.where,
    doc="`x` where the condition holds, else `y`: the only `if` on data a definition may use.")
sign: Callable = operation(
    "sign", symbolic=lambda s, x: s.sign(x), sympy=("sign",), inline=True,
    definition=lambda x: where(x > 0, 1.0, where(x < 0, -1.0, x)), interval=increasing, error=0,
    doc="Sign: -1, 0 or 1; NaN and the sign of 0 are kept.")
