"""The recorder: numbers that write down each operation, and the straight-line programs they leave.

A definition called once on recorded inputs leaves a hash-consed graph (equal operations are one node, which is all
the common-subexpression elimination there is).  Simplifications happen here, once, so that every back end computes the
same bits; they are exact in IEEE arithmetic but for `0 * x = 0` and `c (d x) = (c d) x`.
"""
from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from . import functions as fn
from .functions import Reading, Vector

_SOURCE = {"add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "div": "{0} / {1}", "neg": "-{0}",
           "lt": "{0} < {1}", "le": "{0} <= {1}", "and": "{0} & {1}", "or": "{0} | {1}", "not": "~{0}",
           **{name: name + "({0})" for name in ("sqrt", "exp", "log", "sin", "cos", "tanh", "absolute")},
           **{name: name + "({0}, {1})" for name in ("minimum", "maximum")}, "where": "where({0}, {1}, {2})"}
#: What each operation means on any reading; the printers give the same operations in their own language.
OPERATIONS: dict[str, Callable] = {
    op: eval(f"lambda *a: {text.format('a[0]', 'a[1]', 'a[2]')}", {name: getattr(fn, name) for name in fn.NAMES})
    for op, text in _SOURCE.items()}
BOOLEAN = frozenset({"lt", "le", "and", "or", "not"})


class Graph:
    """The nodes of one recording, each operation once."""

    def __init__(self):
        self.nodes: dict[tuple, Node] = {}
        self.derivatives: dict[Node, tuple[Node, Callable]] = {}  # nodes whose derivative is known in closed form

    def input(self, name: str) -> Node:
        return self._node("input", name)

    def inputs(self, name: str, n: int) -> Vector:
        return Vector(self.input(f"{name}{i}") for i in range(n))

    def constant(self, value: float) -> Node:
        return self._node("const", float(value).hex(), value=float(value))

    def condition(self, value: bool) -> Node:
        return self._node("bool", value, value=float(value))

    def lift(self, x) -> Node:
        """`x` as a node of this graph: nodes as they are, anything that `float` takes as a constant; else TypeError."""
        node = self._lifted(x)
        if node is None:
            what = f"an array of shape {x.shape}" if isinstance(x, np.ndarray) else f"{type(x).__name__} {x!r}"
            raise TypeError(f"{what} cannot be recorded as one number: write total(x) for a sum over coordinates, x[i] for one")
        return node

    def _lifted(self, x) -> Node | None:
        if isinstance(x, np.ndarray) and x.ndim == 0:
            x = x[()]
        if isinstance(x, Node):
            if x.graph is not self:
                raise ValueError("numbers of two recordings cannot meet in one operation; record both together")
            return x
        if isinstance(x, (bool, np.bool_)):
            raise TypeError("a recorded condition is a comparison of recorded numbers, not a Python bool")
        if isinstance(x, np.ndarray):
            return None
        try:
            return self.constant(float(x))
        except (TypeError, ValueError):
            return None

    def _node(self, op: str, *args, value: float | None = None) -> Node:
        key = (op, *args)
        node = self.nodes.get(key)
        if node is None:
            node = self.nodes[key] = Node(self, op, args, len(self.nodes), value)
        return node

    def operation(self, op: str, *args: Node) -> Node:
        """The node of `op`, simplified where that is exact."""
        values = [a.value for a in args]
        if None not in values:
            return self._fold(op, values)
        return _SIMPLIFY.get(op, self._node)(*((op,) if op not in _SIMPLIFY else (self,)), *args)

    def _fold(self, op: str, values) -> Node:
        with np.errstate(all="ignore"):
            result = OPERATIONS[op](*(np.float64(v) if op not in ("and", "or", "not") else np.bool_(v) for v in values))
        if isinstance(result, (bool, np.bool_)):
            return self.condition(bool(result))
        return self.constant(result)


class Node(Reading):
    """A recorded number (or condition)."""

    __slots__ = ("graph", "op", "args", "id", "value")

    def __init__(self, graph: Graph, op: str, args: tuple, id: int, value: float | None):
        self.graph, self.op, self.args, self.id, self.value = graph, op, args, id, value

    @property
    def operands(self) -> tuple[Node, ...]:
        return () if self.op in ("input", "const", "bool") else self.args

    @property
    def boolean(self) -> bool:
        return self.op in BOOLEAN or self.op == "bool"

    def apply(self, op: str, *args):
        if op == "where" and isinstance(args[0], (bool, np.bool_)):  # decided before the recording, as by a rate or a time
            return self.graph.lift(args[1] if args[0] else args[2])
        nodes = [self.graph.lift(a) for a in args]
        if op == "sign":  # keeps 0 and NaN
            (x,) = nodes
            return fn.where(x > 0, 1.0, fn.where(x < 0, -1.0, x))
        return self.graph.operation(op, *nodes)

    def _binary(self, op: str, other, swap: bool = False):
        node = self.graph._lifted(other)
        if node is None:
            return NotImplemented
        return self.graph.operation(op, *((node, self) if swap else (self, node)))

    def __add__(self, other): return self._binary("add", other)
    def __radd__(self, other): return self._binary("add", other, True)
    def __sub__(self, other): return self._binary("sub", other)
    def __rsub__(self, other): return self._binary("sub", other, True)
    def __mul__(self, other): return self._binary("mul", other)
    def __rmul__(self, other): return self._binary("mul", other, True)
    def __truediv__(self, other): return self._binary("div", other)
    def __rtruediv__(self, other): return self._binary("div", other, True)
    def __lt__(self, other): return self._binary("lt", other)
    def __le__(self, other): return self._binary("le", other)
    def __gt__(self, other): return self._binary("lt", other, True)
    def __ge__(self, other): return self._binary("le", other, True)
    def __and__(self, other): return self._binary("and", other)
    def __or__(self, other): return self._binary("or", other)
    def __invert__(self): return self.graph.operation("not", self)
    def __neg__(self): return self.graph.operation("neg", self)
    def __pos__(self): return self
    def __abs__(self): return self.apply("absolute", self)

    def __pow__(self, exponent):
        """Integer powers are multiplications; 1/2 is a square root."""
        n = float(exponent)
        if n == 0.5:
            return self.apply("sqrt", self)
        if not n.is_integer():
            raise TypeError(f"x**{exponent}: only integer powers and 1/2 are recorded; write exp(p * log(x))")
        if n < 0:
            return 1 / self ** -int(n)
        power, base, n = None, self, int(n)
        while n:
            if n & 1:
                power = base if power is None else power * base
            base, n = base * base if n > 1 else base, n >> 1
        return self.graph.constant(1.0) if power is None else power

    def __bool__(self):
        raise TypeError("a recorded number has no truth value: a definition chooses with where(condition, x, y), "
                        "not with `if`")

    def __float__(self):
        if self.value is None:
            raise TypeError("a recorded number has no float value: where a function of math or sympy asks for one, write "
                            "arithmetic's sqrt, exp, log, sin, cos, tanh, … instead")
        return self.value

    def __repr__(self):
        return self.args[0] if self.op == "input" else f"{self.op}#{self.id}" if self.value is None else repr(self.value)


def _power_of_two(value: float | None) -> bool:
    return bool(value) and math.isfinite(value) and abs(math.frexp(value)[0]) == 0.5 and 1e-100 < abs(value) < 1e100


def _add(graph: Graph, a: Node, b: Node) -> Node:
    if a.value == 0:
        return b
    if b.value == 0:
        return a
    if a is b:
        return a * 2.0
    if b.op == "neg":
        return graph.operation("sub", a, b.args[0])
    if a.op == "neg":
        return graph.operation("sub", b, a.args[0])
    return graph._node("add", *sorted((a, b), key=lambda n: n.id))


def _sub(graph: Graph, a: Node, b: Node) -> Node:
    if b.value == 0:
        return a
    if a.value == 0:
        return -b
    if b.op == "neg":
        return graph.operation("add", a, b.args[0])
    if b.value is not None and b.value < 0:
        return graph.operation("add", a, graph.constant(-b.value))
    return graph._node("sub", a, b)


def _mul(graph: Graph, a: Node, b: Node) -> Node:
    if b.value is not None:
        a, b = b, a
    c = a.value
    if c is not None:
        if c == 0:
            return graph.constant(0.0)
        if c == 1:
            return b
        if c == -1:
            return -b
        if b.op == "neg":
            return graph.constant(-c) * b.args[0]
        if b.op == "mul" and b.args[0].value is not None:  # rounds differently, but on every back end alike
            return graph.constant(c * b.args[0].value) * b.args[1]
        return graph._node("mul", a, b)
    if a.op == "neg":
        return -(a.args[0] * b)
    if b.op == "neg":
        return -(a * b.args[0])
    return graph._node("mul", *sorted((a, b), key=lambda n: n.id))


def _div(graph: Graph, a: Node, b: Node) -> Node:
    if b.value == 1:
        return a
    if _power_of_two(b.value):
        return a * (1 / b.value)
    if a.op == "neg":
        return -(a.args[0] / b)
    if b.op == "neg":
        return -(a / b.args[0])
    return graph._node("div", a, b)


def _neg(graph: Graph, a: Node) -> Node:
    if a.op == "neg":
        return a.args[0]
    if a.op == "sub":
        return graph.operation("sub", a.args[1], a.args[0])
    if a.op == "mul" and a.args[0].value is not None:
        return graph.constant(-a.args[0].value) * a.args[1]
    return graph._node("neg", a)


def _and(graph: Graph, a: Node, b: Node) -> Node:
    for x, y in ((a, b), (b, a)):
        if x.op == "bool":
            return y if x.value else x
    if a.op == b.op == "le" and a.args[0] is b.args[0] and None not in (a.args[1].value, b.args[1].value):
        return a if a.args[1].value <= b.args[1].value else b
    return a if a is b else graph._node("and", *sorted((a, b), key=lambda n: n.id))


def _or(graph: Graph, a: Node, b: Node) -> Node:
    for x, y in ((a, b), (b, a)):
        if x.op == "bool":
            return x if x.value else y
    return a if a is b else graph._node("or", *sorted((a, b), key=lambda n: n.id))


def _not(graph: Graph, a: Node) -> Node:
    return a.args[0] if a.op == "not" else graph._node("not", a)


def _where(graph: Graph, condition: Node, a: Node, b: Node) -> Node:
    if condition.op == "bool":
        return a if condition.value else b
    return a if a is b else graph._node("where", condition, a, b)


def _extreme(op: str, neutral: float):
    def simplify(graph: Graph, a: Node, b: Node) -> Node:
        if neutral in (a.value, b.value):
            return a if b.value == neutral else b
        return a if a is b else graph._node(op, a, b)

    return simplify


_SIMPLIFY = {"minimum": _extreme("minimum", math.inf), "maximum": _extreme("maximum", -math.inf),
             "add": _add, "sub": _sub, "mul": _mul, "div": _div, "neg": _neg,
             "and": _and, "or": _or, "not": _not, "where": _where}


# ------------------------------------------------------------------------------------------- derivatives
_ADJOINTS: dict[str, Callable] = {  # op -> adjoints of the operands, from the node n and its adjoint d
    "add": lambda n, d: (d, d),
    "sub": lambda n, d: (d, -d),
    "mul": lambda n, d: (d * n.args[1], d * n.args[0]),
    "div": lambda n, d: ((q := d / n.args[1]), -(q * n)),
    "neg": lambda n, d: (-d,),
    "sqrt": lambda n, d: (d / (2 * n),),
    "exp": lambda n, d: (d * n,),
    "log": lambda n, d: (d / n.args[0],),
    "sin": lambda n, d: (d * fn.cos(n.args[0]),),
    "cos": lambda n, d: (-(d * fn.sin(n.args[0])),),
    "tanh": lambda n, d: (d * (1 - n * n),),
    "absolute": lambda n, d: (d * fn.sign(n.args[0]),),
    "minimum": lambda n, d: (fn.where(n.args[0] <= n.args[1], d, 0.0), fn.where(n.args[0] <= n.args[1], 0.0, d)),
    "maximum": lambda n, d: (fn.where(n.args[0] >= n.args[1], d, 0.0), fn.where(n.args[0] >= n.args[1], 0.0, d)),
    "where": lambda n, d: (None, fn.where(n.args[0], d, 0.0), fn.where(n.args[0], 0.0, d)),
}


def gradient(value: Node, inputs: Sequence[Node]) -> Vector:
    """Reverse-mode derivative of `value` with respect to input nodes, as nodes of the same graph."""
    if any(x.op != "input" for x in inputs):
        raise ValueError("gradient(value, inputs): inputs must be recorded inputs")
    adjoint: dict[Node, Node] = {value: value.graph.constant(1.0)}
    known = value.graph.derivatives
    for node in reversed(_needed([value], lambda n: (known[n][0],) if n in known else n.operands)):
        d = adjoint.get(node)
        if d is None or not node.operands:
            continue
        if node in known:
            x, derivative = known[node]
            parts = [(x, d * derivative(x))]
        else:
            parts = zip(node.operands, _ADJOINTS[node.op](node, d), strict=True)
        for operand, part in parts:
            if part is not None and not operand.boolean:
                adjoint[operand] = adjoint[operand] + part if operand in adjoint else part
    return Vector(adjoint.get(x, value.graph.constant(0.0)) for x in inputs)


def tangent(outputs: Sequence[Node], inputs: Sequence[Node], direction: Sequence) -> Vector:
    """Forward-mode derivative of `outputs` along `direction`, one number per input, as nodes of the same graph.

    It costs a few times what the outputs cost, however many inputs there are: with `gradient` for the outputs it gives
    the Hessian times a vector without the Hessian.
    """
    graph = outputs[0].graph
    zero, known = graph.constant(0.0), graph.derivatives
    moved: dict[Node, Node] = dict(zip(inputs, map(graph.lift, direction), strict=True))
    for node in _needed(outputs, lambda n: (known[n][0],) if n in known else n.operands):
        if node in known:
            x, derivative = known[node]
            parts = [moved[x] * derivative(x)] if moved.get(x, zero) is not zero else []
        else:  # what an operand hands back for the adjoint d, it passes on for d its own tangent
            parts = [_ADJOINTS[node.op](node, moved[x])[k] for k, x in enumerate(node.operands)
                     if not x.boolean and moved.get(x, zero) is not zero] if not node.boolean else []
        if node.operands:
            moved[node] = sum(parts[1:], start=parts[0]) if parts else zero
    return Vector(moved.get(node, zero) for node in outputs)


def polynomial(coefficients: Sequence[float], x):
    """Σ c_k x^k by Horner's rule, lowest power first; recorded, its derivative is Horner's rule again."""
    while len(coefficients) > 1 and coefficients[-1] == 0:
        coefficients = coefficients[:-1]
    *rest, value = coefficients
    for k, c in enumerate(reversed(rest)):
        value = (x if k == 0 and value == 1 else value * x) + c if c != 0 else value * x
    if isinstance(value, Node) and value is not x:
        derivative = [k * c for k, c in enumerate(coefficients)][1:]
        value.graph.derivatives.setdefault(value, (x, lambda z: polynomial(derivative, z)))
    return value


def _needed(outputs: Sequence[Node], operands: Callable = lambda node: node.operands) -> list[Node]:
    """The nodes that `outputs` depend on, operands first."""
    seen: set[Node] = set()
    order: list[Node] = []
    stack = [(node, False) for node in reversed(outputs)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((a, False) for a in reversed(operands(node)) if a not in seen)
    return order


# ---------------------------------------------------------------------------------------------- programs
@dataclass(frozen=True, eq=False)
class Program:
    """A straight-line program: `program(*arguments)` runs it on the reading of its arguments.

    inputs : the recorded input nodes;  outputs : nodes, returned in this order.
    """

    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]

    @functools.cached_property
    def tape(self) -> list[Node]:
        """The nodes in the order of their evaluation."""
        return _needed(self.outputs)

    @property
    def operations(self) -> int:
        """How many arithmetic operations one run takes."""
        return sum(bool(node.operands) for node in self.tape)

    @functools.cached_property
    def function(self) -> Callable:
        """The program as a Python function of its inputs, which must not be Python floats."""
        names, lines = {x: f"x{i}" for i, x in enumerate(self.inputs)}, []
        space = {name: getattr(fn, name) for name in fn.NAMES}
        for node in self.tape:
            if node.operands:
                names[node] = f"v{node.id}"
                lines.append(f"    v{node.id} = {_SOURCE[node.op].format(*(names[a] for a in node.operands))}")
            elif node.op != "input":  # a Python float, so that constant (op) recorded number is recorded
                names[node] = f"c{node.id}"
                space[f"c{node.id}"] = np.bool_(node.value) if node.op == "bool" else node.value
            elif node not in names:
                raise ValueError(f"the program reads {node!r}, which is not one of its inputs")
        lines = [f"def run({', '.join(names[x] for x in self.inputs)}):", *lines,
                 f"    return [{', '.join(names[node] for node in self.outputs)}]"]
        exec(compile("\n".join(lines), "<recorded program>", "exec"), space)  # our own printed text
        return space["run"]

    def __call__(self, *arguments) -> list:
        if len(arguments) != len(self.inputs):
            raise ValueError(f"this program takes {len(self.inputs)} numbers, got {len(arguments)}")
        with np.errstate(all="ignore"):
            return self.function(*(np.float64(a) if isinstance(a, (int, float)) else a for a in arguments))


def record(definition: Callable[[Vector], object], n: int) -> Program:
    """The program of `definition(x)` for `n` recorded coordinates `x`; its outputs may be nodes or arrays of nodes."""
    graph = Graph()
    x = graph.inputs("x", n)
    result = definition(x)
    return Program(tuple(x), tuple(graph.lift(r) for r in np.ravel(np.array(result, dtype=object))))
