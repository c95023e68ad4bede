"""Programs on boxes: recorded programs as linear tapes of interval operations, run over many boxes at once.

The ends of the intervals are rounded outward and constants that are no floats are intervals, so what a tape returns
holds what the definition gives in real numbers everywhere in the box.  A tape is executed by C (one library of interval
kernels for all programs, printed from the interval forms of the table of operations and compiled once) or by NumPy (the
same forms on arrays).  An operation whose form cannot be printed makes a tape run by NumPy; `Tape.executor` says which
it is and `Tape.reason` why.
"""
from __future__ import annotations

import ctypes
import functools
from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np

from . import printers
from .ends import Rounded, enclosing, typed
from .intervals import Interval, Truth
from .late import sympy
from .operations import OPERATIONS, Operation
from .reader import from_sympy
from .readings import Quantity
from .recorder import Graph, Node, Program, needed

LANES = 64  # boxes that a kernel works on at once
CHUNK = 2048  # boxes that NumPy works on at once: the registers stay in cache


# ------------------------------------------------------------------------------------------------ exact recordings
class ExactNode(Node):
    """A recorded number of an `ExactGraph`: it does not turn into a float by itself."""

    __slots__ = ()

    def __float__(self):
        raise TypeError("an exactly recorded number is no float")


class ExactGraph(Graph):
    """A recording in which nothing is rounded: constants that are no floats are kept as intervals, and constants are
    folded only where the result is exact.  A decimal such as 0.1 is both the float and the decimal (`ends.typed`).

    constants : {node: (low, high)} of the constants that are no floats; they are recorded as inputs.
    undefined : the conditions under which a definition says NaN, that is, has no value; what it says otherwise is
    recorded.
    """

    exact, kind = True, ExactNode

    def __init__(self):
        super().__init__()
        self.constants: dict[Node, tuple[float, float]] = {}
        self.undefined: list[Node] = []

    def lifted(self, x: Quantity) -> Node | None:
        x = x[()] if isinstance(x, np.ndarray) and not x.ndim else x
        if isinstance(x, (Node, bool, np.bool_, np.ndarray)):
            return super().lifted(x)
        try:
            typed_in = isinstance(x, (float, np.floating)) and not isinstance(x, Rounded)
            low, high = typed(float(x)) if typed_in else enclosing(x)
        except (TypeError, ValueError):
            return None
        return self.interval(low, high)

    def interval(self, low: float, high: float) -> Node:
        """A constant between two floats."""
        if low == high:
            return self.constant(low)
        node = self.node("input", f"constant {low.hex()} {high.hex()}")
        self.constants[node] = low, high
        return node

    def operation(self, op: str, *args: Node) -> Node:
        if op == "where":
            condition, x, y = args
            for value, other, case in ((x, y, condition), (y, x, None)):
                if self.constants.get(value) == (-np.inf, np.inf):
                    self.undefined.append(self.operation("not", condition) if case is None else case)
                    return other
        values = [a.value for a in args]
        if None not in values and not _folds_exactly(op, values):
            return self.node(op, *args)
        return super().operation(op, *args)


def _folds_exactly(op: str, values) -> bool:
    if OPERATIONS[op].error == 0:
        return True
    with np.errstate(all="ignore"):
        result = OPERATIONS[op].numeric(*map(np.float64, values))
    if not np.isfinite(result) or (op not in ("add", "sub", "mul", "div", "sqrt")):
        return False
    x, *y = map(Fraction, values)
    exact = Fraction(float(result))
    return {"add": lambda: exact == x + y[0], "sub": lambda: exact == x - y[0], "mul": lambda: exact == x * y[0],
            "div": lambda: exact * y[0] == x, "sqrt": lambda: exact * exact == x}[op]()


# ------------------------------------------------------------------------------------------------------- kernels
@functools.cache
def kernel(name: str, conditions: tuple[bool, ...]) -> Program | None:
    """The interval form of an operation as a program on ends: (low, high) of each argument to (low, high).

    conditions : which arguments are conditions; their ends, and those of a condition, are whether it must and can hold.
    None where the form does not work on recorded numbers or cannot be printed in C.
    """
    graph = Graph(rearrange=False)
    ends = graph.inputs("x", 2 * len(conditions))
    args = [Truth(ends[2 * i + 1], ends[2 * i]) if c else Interval(ends[2 * i], ends[2 * i + 1])
            for i, c in enumerate(conditions)]
    try:
        result = _apply(name, args)
        out = (result.must, result.can) if isinstance(result, Truth) else (result.low, result.high)
        program = Program(tuple(ends), tuple(graph.lift(e) for e in out))
        texts: dict[str, str] = {}
        for op in dict.fromkeys(node.op for node in program.tape if node.operands):
            printers.define(OPERATIONS[op], "c", texts)
        printers.lines(program.outputs, {x: f"x{i}" for i, x in enumerate(ends)}, "c")
    except (TypeError, ValueError):
        return None
    return program


def _conditions(name: str) -> tuple[bool, ...]:
    """Which arguments of a kernel are conditions."""
    arity = 1 if name == "square" else OPERATIONS[name].arity
    return tuple(name in ("and", "or", "not") or (name == "where" and i == 0) for i in range(arity))


_FRAME = """{head}
enum {{ L = {lanes} }};
typedef void (*kernel)(const double *, const double *, const double *, double *);
{functions}
{kernels}
static const kernel table[] = {{{names}}};
static void load(double *r, const double *low, const double *high, i64 i, i64 n)
{{
    for (int l = 0; l < L; l++) {{ const i64 k = i + l < n ? i + l : n - 1; r[l] = low[k]; r[L + l] = high[k]; }}
}}
/* n boxes; code: kernel, arguments a, b, c and result of each step; registers: inputs, constants, work */
void run(i64 n, i64 inputs, i64 constants, i64 steps, i64 outputs, const i64 *code, const i64 *out, const double *ends,
         const double *low, const double *high, double *out_low, double *out_high, double *r)
{{
    for (i64 c = 0; c < constants; c++) for (int l = 0; l < L; l++) {{
        r[(inputs + c) * 2 * L + l] = ends[2 * c];
        r[(inputs + c) * 2 * L + L + l] = ends[2 * c + 1];
    }}
    for (i64 i = 0; i < n; i += L) {{
        for (i64 x = 0; x < inputs; x++) load(r + x * 2 * L, low + x * n, high + x * n, i, n);
        for (i64 s = 0; s < steps; s++) {{
            const i64 *k = code + 5 * s;
            table[k[0]](r + k[1] * 2 * L, r + k[2] * 2 * L, r + k[3] * 2 * L, r + k[4] * 2 * L);
        }}
        const int last = n - i < L ? (int)(n - i) : L;
        for (i64 o = 0; o < outputs; o++) for (int l = 0; l < last; l++) {{
            out_low[o * n + i + l] = r[out[o] * 2 * L + l];
            out_high[o * n + i + l] = r[out[o] * 2 * L + L + l];
        }}
    }}
}}
"""

_KERNEL = """static void k_{name}(const double *restrict a, const double *restrict b, const double *restrict c,
                                 double *restrict r)
{{
    for (int l = 0; l < L; l++) {{
        {body}
    }}
}}"""


def library_source() -> tuple[str, dict[str, int]]:
    """The C text of all kernels that can be printed, and the number of each operation's."""
    texts: dict[str, str] = {}
    kernels: list[str] = []
    numbers: dict[str, int] = {}
    for name in ("square", *OPERATIONS):
        conditions = _conditions(name)
        if (name != "square" and OPERATIONS[name].interval is None) or len(conditions) > 3:
            continue
        program = kernel(name, conditions)
        if program is None:
            continue
        for op in dict.fromkeys(node.op for node in program.tape if node.operands):
            printers.define(OPERATIONS[op], "c", texts)
        names = {x: f"x{i}" for i, x in enumerate(program.inputs)}
        loads = [f"const {'_Bool' if c else 'double'} x{2 * i + e} = {'abc'[i]}[{e} * L + l]{' != 0' * c};"
                 for i, c in enumerate(conditions) for e in (0, 1)]
        body, names = printers.lines(program.outputs, names, "c")
        stores = [f"r[{e} * L + l] = {names[node]};" for e, node in enumerate(program.outputs)]
        kernels.append(_KERNEL.format(name=name, body="\n        ".join([*loads, *body, *stores])))
        numbers[name] = len(numbers)
    text = _FRAME.format(head=printers.C_HEAD.format(called=0), lanes=LANES, functions="\n".join(texts.values()),
                         kernels="\n".join(kernels), names=", ".join(f"k_{name}" for name in numbers))
    return text, numbers


@functools.cache
def _library(operations: tuple[Operation, ...]):
    """(run, {operation: number}) of the compiled library for this table, or the reason why there is none."""
    # the one place where the cache of compiled programs is used
    from .backends.c import CompileError, compiler, library

    if (cc := compiler()) is None:
        return "no C compiler was found"
    source, numbers = library_source()
    try:
        run = library(source, cc).run
    except (CompileError, OSError) as error:
        return f"the C compiler failed: {error}"
    run.argtypes, run.restype = [ctypes.c_longlong] * 5 + [ctypes.c_void_p] * 8, None
    return run, numbers


# ----------------------------------------------------------------------------------------------------------- tapes
class Tape:
    """A recorded program on boxes.

    program : of an `ExactGraph`; its inputs are the coordinates of a box.
    executor : "c", "numpy", or None for the first that works.
    source : what the program is the derivative of; a comparison there counts for `smooth`, though its derivative is 0.

    `tape(low, high)` takes arrays (inputs, boxes) and returns arrays (outputs, boxes) of lower and upper ends, and
    `smooth` (boxes,): whether the program has a value all over the box and every comparison that it makes is decided
    in the box, so that it is as smooth there as the operations it is made of.  Conditions among the outputs have the
    ends must and can.
    """

    def __init__(self, program: Program, executor: str | None = None, source: Program | None = None):
        if executor not in (None, "c", "numpy"):
            raise ValueError(f'executor={executor!r} must be "c", "numpy" or None')
        self.inputs = len(program.inputs)
        self._lower(program, source or program)
        self.executor, self.reason = "numpy", "asked for"
        if executor != "numpy":
            self._bind()
            if executor == "c" and self.executor != "c":
                raise ValueError(f'executor="c": {self.reason}')

    def _lower(self, program: Program, source: Program) -> None:
        """Nodes to steps (operation, argument registers, result register); registers are used again."""
        graph = program.inputs[0].graph if program.inputs else program.outputs[0].graph
        if not isinstance(graph, ExactGraph):
            raise TypeError("a tape is made of a program that was recorded exactly, in an ExactGraph")
        decisions = [_decision(graph, node) for node in needed([*source.outputs, *program.outputs])]
        outputs = [*program.outputs, *dict.fromkeys(d for d in decisions if d is not None)]
        self.count, self.decided = len(program.outputs), len(outputs)
        outputs += list(dict.fromkeys(graph.undefined))
        order = needed(outputs)
        values: dict[Node, Interval | Truth] = {}
        for node in order:  # constants, and what is made of them alone
            if node in graph.constants:
                values[node] = Interval(*graph.constants[node])
            elif node.op == "const":
                values[node] = Interval(node.value, node.value)
            elif node.op == "bool":
                values[node] = Truth(bool(node.value), bool(node.value))
            elif node.operands and all(a in values for a in node.operands):
                values[node] = _apply(*_step(node, values))
        order = [node for node in order if node.operands and node not in values]
        used = [node for node in needed(outputs, lambda n: () if n in values else n.operands) if node in values]
        place = {x: i for i, x in enumerate(program.inputs)} | {c: self.inputs + i for i, c in enumerate(used)}
        self.constants = [values[c] for c in used]
        last = {a: k for k, node in enumerate(order) for a in node.operands}
        free: list[int] = []
        self.steps: list[tuple[str, list[int], int, tuple[bool, ...]]] = []
        self.registers, pinned = len(place), set(outputs)
        for k, node in enumerate(order):
            name, args = _step(node, place)
            if free:
                target = free.pop()
            else:
                target, self.registers = self.registers, self.registers + 1
            self.steps.append((name, args, target, tuple(a.boolean for a in node.operands[:len(args)])))
            place[node] = target
            free += [place[a] for a in set(node.operands) if last[a] == k and place[a] >= self.inputs + len(used)
                     and a not in pinned]
        missing = [node for node in outputs if node not in place]
        if missing:
            raise ValueError(f"the program reads {missing[0]!r}, which is not one of its inputs")
        self.out = [place[node] for node in outputs]

    def _bind(self) -> None:
        library = _library(tuple(OPERATIONS.values()))
        if isinstance(library, str):
            self.reason = library
            return
        self._run, numbers = library
        for name, _, _, conditions in self.steps:
            if name not in numbers or conditions != _conditions(name):
                self.reason = f"the interval form of {name} cannot be printed in C"
                return
        code = [[numbers[name], *(args + args[:1] * 3)[:3], target] for name, args, target, _ in self.steps]
        self._code = np.array(code, dtype=np.int64).reshape(-1, 5)
        self._ends = np.array([(c.must, c.can) if isinstance(c, Truth) else (c.low, c.high) for c in self.constants],
                              dtype=float).reshape(-1, 2)
        self._out = np.array(self.out, dtype=np.int64)
        self.executor, self.reason = "c", ""

    def __call__(self, low, high) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        low, high = (np.ascontiguousarray(end, dtype=float) for end in (low, high))
        if low.ndim != 2 or low.shape != high.shape or low.shape[0] != self.inputs:
            raise ValueError(f"low and high must both have shape ({self.inputs}, boxes), got {low.shape} and "
                             f"{high.shape}")
        n = low.shape[1]
        out = np.empty((2, len(self.out), n))
        if n:
            (self._by_c if self.executor == "c" else self._by_numpy)(low, high, out)
        smooth = (out[0, self.count:self.decided] == out[1, self.count:self.decided]).all(axis=0)
        return out[0, :self.count], out[1, :self.count], smooth & (out[1, self.decided:] == 0).all(axis=0)

    def _by_c(self, low, high, out) -> None:
        work = np.empty(self.registers * 2 * LANES)
        arrays = (self._code, self._out, self._ends, low, high, out[0], out[1], work)
        sizes = low.shape[1], self.inputs, len(self._ends), len(self._code), len(self.out)
        self._run(*sizes, *(a.ctypes.data for a in arrays))

    def _by_numpy(self, low, high, out) -> None:
        for i in range(0, low.shape[1], CHUNK):
            part = slice(i, min(i + CHUNK, low.shape[1]))
            registers: list = [Interval(a[part], b[part]) for a, b in zip(low, high, strict=True)]
            registers += [*self.constants, *[None] * (self.registers - self.inputs - len(self.constants))]
            for name, args, target, _ in self.steps:
                registers[target] = _apply(name, [registers[a] for a in args])
            for o, register in enumerate(self.out):
                x = registers[register]
                out[0, o, part], out[1, o, part] = (x.must, x.can) if isinstance(x, Truth) else (x.low, x.high)


def _step(node: Node, place: dict) -> tuple[str, list]:
    """(kernel, arguments): a product of a node with itself is a square."""
    if node.op == "mul" and node.args[0] is node.args[1]:
        return "square", [place[node.args[0]]]
    return node.op, [place[a] for a in node.operands]


def _apply(name: str, args: Sequence) -> Interval | Truth:
    if name == "square":
        return args[0] * args[0]
    form = OPERATIONS[name].interval
    if form is None:
        raise TypeError(f"{name} has no interval form: give its operation interval=...")
    with np.errstate(all="ignore"):
        return form(OPERATIONS[name], *args)


def comparisons(program: Program) -> bool:
    """Whether a program chooses between smooth pieces."""
    return any(node.op in ("lt", "le", "absolute", "minimum", "maximum") for node in program.tape)


def _decision(graph: Graph, node: Node) -> Node | None:
    """The comparison by which an operation chooses between smooth pieces."""
    if node.op in ("lt", "le"):
        return node
    if node.op == "absolute":
        return graph.operation("le", graph.constant(0.0), node.args[0])
    if node.op in ("minimum", "maximum"):
        return graph.operation("le", *node.args)
    return None


def recorded(expressions: Iterable[sympy.Expr], symbols: Sequence[sympy.Symbol]) -> Program:
    """The program of formulas in these symbols, with their constants as they are."""
    formulas = list(expressions)
    return record_exactly(lambda x: [from_sympy(e, dict(zip(symbols, x, strict=True))) for e in formulas], len(symbols))


def record_exactly(definition, n: int) -> Program:
    """The program of `definition(x)` for n recorded coordinates, with its constants as they are."""
    graph = ExactGraph()
    x = graph.inputs("x", n)
    return Program(tuple(x), tuple(graph.lift(r) for r in np.ravel(np.array(definition(x), dtype=object))))
