"""The recorder: numbers that write down each operation, and the straight-line programs they leave.

A definition called once on recorded inputs leaves a hash-consed graph (equal operations are one node, which is all
the common-subexpression elimination there is), simplified by the rules of the operations.
"""
from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from .operations import OPERATIONS
from .readings import Quantity, Reading, Vector, with_derivative


class Graph:
    """The nodes of one recording, each operation once.

    rearrange : whether the simplifications of the operations are made; without them the graph is the definition itself.
    """

    kind: type[Node]  #: the class of its nodes
    exact = False  # whether constants that are no floats are kept as they are (`tape.ExactGraph`)

    def __init__(self, rearrange: bool = True):
        self.rearrange = rearrange
        self.nodes: dict[tuple, Node] = {}
        self.fixed: set[Node] = set()  # parameters, and what is made of them and constants alone
        self.derivatives: dict[Node, tuple[Node, Callable]] = {}  # nodes whose derivative is known in closed form

    def input(self, name: str) -> Node:
        return self.node("input", name)

    def inputs(self, name: str, n: int) -> Vector:
        return Vector(self.input(f"{name}{i}") for i in range(n))

    def parameter(self, name: str) -> Node:
        """An input that is the same at every step, as a constant is, and may differ between lanes."""
        node = self.input(name)
        self.fixed.add(node)
        return node

    def constant(self, value: float) -> Node:
        return self.node("const", float(value).hex(), value=float(value))

    def condition(self, value: bool) -> Node:
        return self.node("bool", value, value=float(value))

    def lift(self, x: Quantity) -> Node:
        """`x` as a node of this graph: nodes as they are, anything that `float` takes as a constant; else TypeError."""
        node = self.lifted(x)
        if node is None:
            what = f"an array of shape {x.shape}" if isinstance(x, np.ndarray) else f"{type(x).__name__} {x!r}"
            raise TypeError(f"{what} cannot be recorded as one number: write total(x) for a sum over coordinates, x[i] "
                            "for one of them")
        return node

    def lifted(self, x: Quantity) -> Node | None:
        """`x` as a node of this graph, or None where it cannot be one."""
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

    def node(self, op: str, *args: Any, value: float | None = None) -> Node:
        key = (op, *args)
        node = self.nodes.get(key)
        if node is None:
            node = self.nodes[key] = self.kind(self, op, args, len(self.nodes), value)
            if self.fixed and node.operands and all(a.value is not None or a in self.fixed for a in args):
                self.fixed.add(node)
        return node

    def operation(self, op: str, *args: Node) -> Node:
        """The node of `op`, simplified where that is exact."""
        values = [a.value for a in args]
        if None not in values:
            return self._fold(op, values)
        rule = OPERATIONS[op].simplify
        return rule(self, *args) if rule and self.rearrange else self.node(op, *args)

    def _fold(self, op: str, values) -> Node:
        with np.errstate(all="ignore"):
            result = OPERATIONS[op].numeric(*(np.bool_(v) if op in ("and", "or", "not") else np.float64(v)
                                              for v in values))
        return self.condition(bool(result)) if OPERATIONS[op].boolean else self.constant(result)


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
        return self.op == "bool" or self.op not in ("input", "const") and OPERATIONS[self.op].boolean

    def apply(self, op: str, *args: Quantity) -> Quantity:
        # decided before the recording, as by a rate or a time
        if op == "where" and isinstance(args[0], (bool, np.bool_)):
            return self.graph.lift(args[1] if args[0] else args[2])
        nodes, operation = [self.graph.lift(a) for a in args], OPERATIONS[op]
        if operation.inline and operation.definition:
            return operation.definition(*nodes)
        return self.graph.operation(op, *nodes)

    def _binary(self, op: str, other, swap: bool = False):
        node = self.graph.lifted(other)
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

    def __bool__(self):
        raise TypeError("a recorded number has no truth value: a definition chooses with where(condition, x, y), "
                        "not with `if`")

    def __float__(self):
        if self.value is None:
            raise TypeError("a recorded number has no float value: where a function of math or sympy asks for one, "
                            "write arithmetic's sqrt, exp, log, sin, cos, tanh, … instead")
        return self.value

    def with_derivative(self, x: Quantity, derivative: Callable) -> Node:
        if self.operands and self is not x:
            self.graph.derivatives.setdefault(self, (x, derivative))
        return self

    def __repr__(self):
        return (self.args[0] if self.op == "input" else f"{self.op}#{self.id}" if self.value is None
                else repr(self.value))


Graph.kind = Node
Nodes: TypeAlias = Sequence[Node] | Vector


def _adjoint(node: Node, d: Node):
    """What the operands of a node get of its adjoint d."""
    if (rule := OPERATIONS[node.op].adjoint) is None:
        raise TypeError(f"{node.op} has no derivative: give its operation adjoint=...")
    return rule(node, d)


def _unmasked(node: Node, d: Node) -> tuple[Callable, Node]:
    """(what to do with each part, the adjoint d) where d is that of one branch of a `where` alone, and 0 else.

    The choice is made after the derivative of the node, which may be no number on the other branch: 0/0 is not 0.
    """
    where, chosen = OPERATIONS["where"].function, []
    while not (node.op in ("add", "sub", "neg") or node.op == "mul" and node.args[0].value is not None):  # linear
        if d.op != "where" or 0 not in (d.args[1].value, d.args[2].value):
            break
        condition, yes, no = d.args
        chosen.append((condition, no.value == 0))
        d = yes if no.value == 0 else no

    def masked(part: Node) -> Node:
        for condition, holds in reversed(chosen):
            part = where(condition, part, 0.0) if holds else where(condition, 0.0, part)
        return part

    return masked, d


def gradient(value: Node, inputs: Nodes) -> Vector:
    """Reverse-mode derivative of `value` with respect to input nodes, as nodes of the same graph."""
    if any(x.op != "input" for x in inputs):
        raise ValueError("gradient(value, inputs): inputs must be recorded inputs")
    adjoint: dict[Node, Node] = {value: value.graph.constant(1.0)}
    known = value.graph.derivatives
    for node in reversed(needed([value], lambda n: (known[n][0],) if n in known else n.operands)):
        d = adjoint.get(node)
        if d is None or not node.operands:
            continue
        masked, d = _unmasked(node, d)
        if node in known:
            x, derivative = known[node]
            parts = [(x, d * derivative(x))]
        else:
            parts = list(zip(node.operands, _adjoint(node, d), strict=True))
        for operand, part in parts:
            if part is not None and not operand.boolean:
                part = masked(part)
                adjoint[operand] = adjoint[operand] + part if operand in adjoint else part
    return Vector(adjoint.get(x, value.graph.constant(0.0)) for x in inputs)


def tangent(outputs: Nodes, inputs: Nodes, direction: Sequence | Vector) -> Vector:
    """Forward-mode derivative of `outputs` along `direction`, one number per input, as nodes of the same graph.

    It costs a few times what the outputs cost, however many inputs there are: with `gradient` for the outputs it gives
    the Hessian times a vector without the Hessian.
    """
    graph = outputs[0].graph
    zero, known = graph.constant(0.0), graph.derivatives
    moved: dict[Node, Node] = dict(zip(inputs, map(graph.lift, direction), strict=True))
    for node in needed(outputs, lambda n: (known[n][0],) if n in known else n.operands):
        if node in known:
            x, derivative = known[node]
            parts = [moved[x] * derivative(x)] if moved.get(x, zero) is not zero else []
        else:  # what an operand hands back for the adjoint d, it passes on for d its own tangent
            parts = [_adjoint(node, moved[x])[k] for k, x in enumerate(node.operands)
                     if not x.boolean and moved.get(x, zero) is not zero] if not node.boolean else []
        if node.operands:
            moved[node] = sum(parts[1:], start=parts[0]) if parts else zero
    return Vector(moved.get(node, zero) for node in outputs)


def polynomial(coefficients: Sequence[float], x: Quantity) -> Quantity:
    """Σ c_k x^k by Horner's rule, lowest power first; recorded, its derivative is Horner's rule again."""
    while len(coefficients) > 1 and coefficients[-1] == 0:
        coefficients = coefficients[:-1]
    *rest, value = coefficients
    for k, c in enumerate(reversed(rest)):
        value = (x if k == 0 and value == 1 else value * x) + c if c != 0 else value * x
    derivative = [k * c for k, c in enumerate(coefficients)][1:]
    return with_derivative(value, x, lambda z: polynomial(derivative, z))


def needed(outputs: Nodes, operands: Callable = lambda node: node.operands) -> list[Node]:
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
PLAIN = {"add", "sub", "mul", "div", "neg"}  #: operations of which Python's floats have the bits of NumPy's


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
        return needed(self.outputs)

    @property
    def operations(self) -> int:
        """How many arithmetic operations one run takes."""
        return sum(bool(node.operands) for node in self.tape)

    def jacobian(self) -> Program:
        """The derivatives of the outputs, row by row, in the inputs."""
        return Program(self.inputs, tuple(entry for value in self.outputs for entry in gradient(value, self.inputs)))

    @functools.cached_property
    def function(self) -> Callable:
        """The program as a Python function of its inputs, which must not be Python floats."""
        names, lines, space = self._printed
        text = [f"def run({', '.join(names[x] for x in self.inputs)}):", *(f"    {line}" for line in lines.values()),
                f"    return [{', '.join(names[node] for node in self.outputs)}]"]
        exec(compile("\n".join(text), "<recorded program>", "exec"), space)  # our own printed text
        return space["run"]

    @functools.cached_property
    def _printed(self) -> tuple[dict[Node, str], dict[Node, str], dict[str, Any]]:
        """What nodes are called, their lines in Python, and what those call."""
        names, lines, space = {x: f"x{i}" for i, x in enumerate(self.inputs)}, dict[Node, str](), dict[str, Any]()
        for node in self.tape:
            if node.operands:
                names[node] = f"v{node.id}"
                space[node.op] = OPERATIONS[node.op].function
                lines[node] = f"v{node.id} = {OPERATIONS[node.op].reading.format(*(names[a] for a in node.operands))}"
            elif node.op != "input":  # a Python float, so that constant (op) recorded number is recorded
                names[node] = f"c{node.id}"
                space[f"c{node.id}"] = np.bool_(node.value) if node.op == "bool" else node.value
            elif node not in names:
                raise ValueError(f"the program reads {node!r}, which is not one of its inputs")
        return names, lines, space

    @functools.cached_property
    def _again(self) -> tuple[list[int], Callable]:
        """Which inputs change when the outputs are put in their place, and their values from run to run."""
        names, lines, space = self._printed
        fixed = {x for x, new in zip(self.inputs, self.outputs, strict=True) if x is new}
        for node in self.tape:  # what changes with nothing is computed once
            if node.operands and all(a in fixed or a.value is not None for a in node.operands):
                fixed.add(node)
        moving = [i for i, x in enumerate(self.inputs) if x not in fixed]
        old, new = ([names[nodes[i]] for i in moving] for nodes in (self.inputs, self.outputs))
        text = [f"def run(rows, {', '.join(names[x] for x in self.inputs)}):",
                *(f"    {line}" for node, line in lines.items() if node in fixed),
                "    found = []", "    for _ in range(rows):", f"        found.append(({', '.join(old)},))",
                *(f"        {line}" for node, line in lines.items() if node not in fixed),
                f"        if {' and '.join(f'{x} == {y}' for x, y in zip(old, new, strict=True))}:",
                "            break", f"        {', '.join(old)} = {', '.join(new)}", "    return found"]
        if moving:
            exec(compile("\n".join(text), "<repeated program>", "exec"), space)  # our own printed text
        return moving, space["run"] if moving else lambda rows, *start: [()]

    def again(self, start: np.ndarray, rows: int) -> np.ndarray:
        """The inputs after 0, 1, … runs from `start`, each output put in for the input in its place: (inputs, `rows`,
        or fewer where they change no more)."""
        moving, run = self._again
        with np.errstate(all="ignore"):
            try:  # Python's floats are the fastest, and alike but where they raise
                plain = all(node.op in PLAIN or not node.operands for node in self.tape)
                found = run(rows, *map(float if plain else np.float64, start))
            except ZeroDivisionError:
                found = run(rows, *map(np.float64, start))
        states = np.repeat(start[:, None], len(found), axis=1)
        states[moving] = np.array(found, dtype=float).T
        return states

    def __call__(self, *arguments: Quantity) -> list:
        if len(arguments) != len(self.inputs):
            raise ValueError(f"this program takes {len(self.inputs)} numbers, got {len(arguments)}")
        with np.errstate(all="ignore"):
            return self.function(*(np.float64(a) if isinstance(a, (int, float)) else a for a in arguments))


def repeated(what: str, definition: Callable[[], Sequence | np.ndarray], graph: Graph) -> list[Node]:
    """The nodes of `definition()`, a sequence, called twice to see that it always gives the same.

    Equal operations are one node, so a second recording gives the same nodes, or is another program: of numbers drawn
    or counted between the calls, the recorded program would repeat the first for ever.
    """
    first, second = ([graph.lift(x) for x in definition()] for _ in range(2))
    if any(a is not b for a, b in zip(first, second, strict=True)):
        raise ValueError(f"{what}: two recordings differ, so it draws random numbers or keeps something between calls, "
                         "and the first value would be repeated for ever; make what changes a block of the flow's "
                         "memory or a function of the time s.t")
    return first


def record(definition: Callable[[Vector], object], n: int) -> Program:
    """The program of `definition(x)` for `n` recorded coordinates `x`; its outputs may be nodes or arrays of nodes."""
    graph = Graph()
    x = graph.inputs("x", n)
    outputs = repeated("the definition", lambda: np.ravel(np.array(definition(x), dtype=object)), graph)
    return Program(tuple(x), tuple(outputs))
