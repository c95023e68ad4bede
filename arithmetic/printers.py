"""Recorded nodes as source text: C lines, Python lines for numba, NumPy calls with `out=`.

What an operation is called in each language stands in the table of operations; one that has a definition instead is
printed as a function of its own in C and Python (`prelude`), and put in place of its node for NumPy (`lowered`).
"""
from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from .operations import OPERATIONS, Operation
from .recorder import Graph, Node, Program, needed

INLINED = 40  # calls up to which C functions are inlined, so that what they share is computed once

C_HEAD = """
#include <math.h>
#include <string.h>
typedef long long i64;
#if defined(__GNUC__) && !defined(__clang__) && {called}
#define FUNCTION static __attribute__((simd("notinbranch"))) double
#else
#define FUNCTION static inline __attribute__((always_inline)) double
#endif
#define BITS static inline __attribute__((always_inline)) double
BITS of_floats(i64 k) {{ double x; memcpy(&x, &k, 8); return x; }}
static inline __attribute__((always_inline)) i64 of_bits(double x) {{ i64 k; memcpy(&k, &x, 8); return k; }}
BITS of_pow2(double k) {{ return of_floats(of_bits(k + 6755399441056767.0) << 52); }}
BITS of_significand(double x) {{ return of_floats((of_bits(x) & ((1LL << 52) - 1)) | 1023LL << 52); }}
BITS of_exponent(double x) {{ return of_floats((of_bits(x) >> 52 & 2047) | 1075LL << 52) - 4503599627371519.0; }}
BITS of_head(double x) {{ return of_floats((of_bits(x) + (1LL << 26)) & ~((1LL << 27) - 1)); }}
"""

PYTHON_HEAD = """
import math
import numba
import numpy as np

@numba.njit(error_model="numpy")
def bits(x):
    return np.float64(x).view(np.int64)

@numba.njit(error_model="numpy")
def floats(k):
    return np.int64(k).view(np.float64)
"""


def _c_constant(value: float, boolean: bool) -> str:
    if math.isfinite(value):
        return str(int(value)) if boolean else value.hex()
    return "NAN" if math.isnan(value) else "INFINITY" if value > 0 else "-INFINITY"


def _python_constant(value: float, boolean: bool) -> str:
    if math.isfinite(value):
        return repr(bool(value)) if boolean else f"({value!r})"
    return "math.nan" if math.isnan(value) else "math.inf" if value > 0 else "(-math.inf)"


def _spelling(op: Operation, language: str) -> str:
    text = op.c if language == "c" else op.python
    if text is None and op.definition is None:
        from .backends import CompileError

        raise CompileError(f"the operation {op.name!r} has neither a definition nor a spelling {language}=...: it runs "
                        "with backend='numpy' alone")
    return text or f"of_{op.name}({', '.join(f'{{{i}}}' for i in range(op.arity))})"


def lines(outputs: Sequence[Node], names: dict[Node, str], language: str) -> tuple[list[str], dict[Node, str]]:
    """Assignments that compute `outputs` from the named nodes, and the name of every node, in "c" or "python"."""
    constant = _c_constant if language == "c" else _python_constant
    names, text = dict(names), list[str]()
    for node in needed_given(outputs, names):
        if node.value is not None:
            names[node] = constant(node.value, node.boolean)
            continue
        names[node] = name = f"v{len(text)}"
        declare = ("" if language != "c" else "const _Bool " if node.boolean else "const double ")
        right = _spelling(OPERATIONS[node.op], language).format(*(names[a] for a in node.args))
        text.append(f"{declare}{name} = {right}" + (";" if language == "c" else ""))
    return text, names


def prelude(outputs: Sequence[Node], names: dict[Node, str], language: str) -> str:
    """What stands before the lines of `outputs`: the tables and functions of the operations that have definitions."""
    texts: dict[str, str] = {}
    order = needed_given(outputs, names)
    for node in order:
        if node.operands:
            define(OPERATIONS[node.op], language, texts)
    head = C_HEAD.format(called=int(calls(order) > INLINED)) if language == "c" else PYTHON_HEAD
    return "\n".join([head, *texts.values()])


def calls(nodes: Iterable[Node]) -> int:
    """How many of the nodes call a function in C."""
    return sum(bool(node.operands) and OPERATIONS[node.op].c is None for node in nodes)


def digest(program: Program) -> str:
    """A hash of what a program computes: its operations in order, its numbers to the bit, and the definitions of the
    functions in it.  Names of inputs and of what was recorded do not enter; it is the same in every process."""
    place, lines = {x: f"x{i}" for i, x in enumerate(program.inputs)}, [prelude(program.outputs, {}, "python")]
    for node in program.tape:
        if node not in place:
            place[node] = f"v{len(place)}"
            what = [place[a] for a in node.operands] if node.operands else [float(node.value or 0.0).hex()]
            lines.append(" ".join((place[node], node.op, *what)))
    lines.append(" ".join(place[node] for node in program.outputs))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def define(op: Operation, language: str, texts: dict[str, str]) -> None:
    """Add to `texts` the table or the function of an operation, and those it is made of, in order."""
    if op.name in texts:
        return
    if op.table:
        values = ", ".join(x.hex() if language == "c" else repr(x) for x in op.table())
        texts[op.name] = (f"static const double of_{op.name}[] = {{{values}}};" if language == "c"
                          else f"of_{op.name} = np.array([{values}])")
    if op.definition is None or (op.c if language == "c" else op.python):
        return
    program = op.program
    for node in program.tape:
        if node.operands:
            define(OPERATIONS[node.op], language, texts)
    names = {x: f"x{i}" for i, x in enumerate(program.inputs)}
    body, names = lines(program.outputs, names, language)
    result, arguments = names[program.outputs[0]], [f"x{i}" for i in range(op.arity)]
    if language == "c":
        texts[op.name] = "\n    ".join([f"FUNCTION of_{op.name}({', '.join(f'double {x}' for x in arguments)}) {{",
                                        *body, f"return {result};"]) + "\n}"
    else:
        texts[op.name] = "\n    ".join(['@numba.njit(error_model="numpy")\n'
                                        f"def of_{op.name}({', '.join(arguments)}):", *body, f"return {result}"])


def needed_given(outputs: Sequence[Node], named: dict[Node, str]) -> list[Node]:
    """What `outputs` need beyond the nodes already named, operands first."""
    order, live = [], set(outputs)
    for node in reversed(needed(outputs)):
        if node in live and node not in named:
            order.append(node)
            live.update(node.operands)
    return order[::-1]


# -------------------------------------------------------------------------------------------------------- NumPy
def lowered(outputs: Sequence[Node], names: dict[Node, str],
            native: bool = False) -> tuple[dict[Node, Node], dict[Node, str]]:
    """The nodes that `outputs` need with definitions in place of their operations, and the names of the named ones.

    native : whether the machine's own functions are kept where NumPy has them, which are faster and not the same bits.
    """
    graph = Graph(rearrange=False)
    new, named = dict[Node, Node](), dict[Node, str]()
    for node, name in names.items():
        new[node] = graph.input(f"named{len(named)}")
        named[new[node]] = name
    for node in needed_given(outputs, names):
        if node in new:
            continue
        if node.op in ("const", "bool"):
            new[node] = graph.node(node.op, *node.args, value=node.value)
            continue
        op = OPERATIONS[node.op]
        args = [new[a] for a in node.operands]
        new[node] = _expanded(graph, op, args, native)
    return new, named


def _expanded(graph: Graph, op: Operation, args: list[Node], native: bool) -> Node:
    if op.definition is None or (native and op.native):
        return graph.node(op.name, *args)
    program = op.program
    values = dict(zip(program.inputs, args, strict=True))
    for node in program.tape:
        if node.op in ("const", "bool"):
            values[node] = graph.node(node.op, *node.args, value=node.value)
        elif node.operands:
            values[node] = _expanded(graph, OPERATIONS[node.op], [values[a] for a in node.operands], native)
    return values[program.outputs[0]]


def numpy_function(outputs: dict[Node, list[str]], names: dict[Node, str], arguments: str,
                   native: bool = False) -> tuple[str, int, int]:
    """Source of `step(arguments, f, b)`, with the numbers of float and boolean work rows `f`, `b` it needs.

    outputs : for each output node, the arrays that receive it.  A node is computed into its output array at once,
    every other one into a work row that is free again after its last use.
    """
    new, names = lowered(list(outputs), names, native)
    wanted: dict[Node, list[str]] = {}
    for node, targets in outputs.items():
        wanted.setdefault(new[node], []).extend(targets)
    order = needed_given(list(wanted), names)
    last = {a: k for k, node in enumerate(order) for a in node.operands}
    names, text, size = dict(names), list[str](), {"f": 0, "b": 0}
    free: dict[str, list[str]] = {"f": [], "b": []}
    for k, node in enumerate(order):
        if node.value is not None:
            names[node] = _python_constant(node.value, node.boolean)
            continue
        kind = "b" if node.boolean else "f"
        if node in wanted:
            target = wanted[node][0]
        elif free[kind]:
            target = free[kind].pop()
        else:
            target, size[kind] = f"{kind}[{size[kind]}]", size[kind] + 1
        text += _statements(OPERATIONS[node.op], target, [names[a] for a in node.args], native)
        names[node] = target
        for a in set(node.operands):
            row = names[a]
            if last[a] == k and row.startswith(("f[", "b[")) and a not in wanted:
                free[row[0]].append(row)
    for node, targets in wanted.items():
        for target in targets:
            if names[node] != target:
                text.append(f"np.copyto({target}, {names[node]})")
    body = "\n    ".join(text or ["pass"])
    return f"def step({arguments}, f, b):\n    {body}\n", size["f"], size["b"]


def _statements(op: Operation, target: str, args: list[str], native: bool) -> list[str]:
    spelled = op.native if native and op.native else op.numpy
    if spelled is None:
        return [f"np.copyto({target}, of_{op.name}({', '.join(args)}))"]
    if isinstance(spelled, str):
        return [f"np.{spelled}({', '.join(args)}, out={target})"]
    return [statement.format(*args, out=target) for statement in spelled]


@functools.cache
def _table(make: Callable[[], tuple[float, ...]]) -> np.ndarray:
    return np.array(make())


def numpy_space(text: str) -> dict:
    """What a printed NumPy function reads besides its arguments."""
    space = {"math": math, "np": np, "i64": np.int64}
    for name, op in OPERATIONS.items():
        if f"of_{name}" in text:
            space[f"of_{name}"] = _table(op.table) if op.table else op.numeric
    return space


def compiled(text: str) -> Callable:
    """The function `step` of a printed text."""
    space = numpy_space(text)
    exec(compile(text, "<recorded step>", "exec"), space)  # our own printed text
    return space["step"]


CHUNK = 8192  # numbers that an operation works on at once: its work rows stay in cache


@functools.cache
def numpy_operation(op: Operation) -> Callable:
    """An operation that has a definition as a function of rows of numbers, by its printed NumPy program."""
    evaluate = in_blocks(op.program)
    return lambda *rows: evaluate(*rows)[0]


def in_blocks(program: Program) -> Callable:
    """A program as a function of rows of numbers to a list of rows: the bits of the program, and its work in cache."""
    names, wanted = {x: f"x{i}" for i, x in enumerate(program.inputs)}, dict[Node, list[str]]()
    for k, node in enumerate(program.outputs):
        wanted.setdefault(node, []).append(f"y[{k}]")
    text, floats, booleans = numpy_function(wanted, names, ", ".join([*names.values(), "y"]))
    step = compiled(text)

    def evaluate(*rows: np.ndarray) -> list[np.ndarray]:
        n = len(rows[0])
        out, width = [np.empty(n, dtype=bool if node.boolean else float) for node in program.outputs], min(n, CHUNK)
        f, b = np.empty((floats, width)), np.empty((booleans, width), dtype=bool)
        with np.errstate(all="ignore"):
            for i in range(0, n, CHUNK):
                m = min(CHUNK, n - i)
                step(*(row[i:i + m] for row in rows), [y[i:i + m] for y in out], f[:, :m], b[:, :m])
        return out

    return evaluate


def native(program: Program) -> Callable:
    """A program on arrays of floats with NumPy's own functions: faster than the toolkit's, and not the same bits.

    `f(*arrays, empty=np.empty)` returns a list of arrays of the common shape; `empty(shape)` makes them and the work
    rows.  On other readings it is the program itself.
    """
    names = {x: f"x{i}" for i, x in enumerate(program.inputs)}
    wanted: dict[Node, list[str]] = {}
    for k, node in enumerate(program.outputs):
        wanted.setdefault(node, []).append(f"y[{k}]")
    text, floats, booleans = numpy_function(wanted, names, ", ".join([*names.values(), "y"]), native=True)
    step = compiled(text)

    def run(*arrays: np.ndarray, empty: Callable = np.empty) -> list[np.ndarray]:
        if any(x.dtype == object for x in arrays):
            return program(*arrays)
        shape = np.broadcast_shapes(*(x.shape for x in arrays))
        out = [empty(shape) for _ in program.outputs]
        with np.errstate(all="ignore"):
            step(*arrays, out, [empty(shape) for _ in range(floats)],
                 [np.empty(shape, dtype=bool) for _ in range(booleans)])
        return out

    return run
