"""The rules by which the recorder simplifies: each takes the graph and the operands and returns the node.

They happen once, at recording, so that every back end computes the same bits; they are exact in IEEE arithmetic but for
`0 * x = 0` and `c (d x) = (c d) x`.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .recorder import Graph, Node


def _ordered(a: Node, b: Node) -> list[Node]:
    """Two operands whose order does not matter."""
    return [a, b] if a.id <= b.id else [b, a]


def _power_of_two(value: float) -> bool:
    return math.isfinite(value) and abs(math.frexp(value)[0]) == 0.5 and 1e-100 < abs(value) < 1e100


def add(graph: Graph, a: Node, b: Node) -> Node:
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
    return graph.node("add", *_ordered(a, b))


def sub(graph: Graph, a: Node, b: Node) -> Node:
    if b.value == 0:
        return a
    if a.value == 0:
        return -b
    if b.op == "neg":
        return graph.operation("add", a, b.args[0])
    if b.value is not None and b.value < 0:
        return graph.operation("add", a, graph.constant(-b.value))
    return graph.node("sub", a, b)


def _fixed(graph: Graph, a: Node) -> bool:
    """Whether a node is a constant, or is made of parameters and constants alone."""
    return a.value is not None or a in graph.fixed


def _mul_fixed(graph: Graph, a: Node, b: Node) -> Node | None:
    """c (d x) = (c d) x for parameters c, d as below for constants, so that both round alike; else None.

    A product of parameters alone is left as it is written, as one of numbers is computed.
    """
    if _fixed(graph, a) and _fixed(graph, b):
        return None if {a.value, b.value} & {0.0, 1.0, -1.0} else graph.node("mul", *_ordered(a, b))
    c, x = (a, b) if _fixed(graph, a) else (b, a)
    if x.op != "mul" or not _fixed(graph, c):
        return None
    d, rest = x.args if _fixed(graph, x.args[0]) else x.args[::-1]
    if not _fixed(graph, d) or (c.value is not None and d.value is not None):
        return None
    return graph.operation("mul", graph.operation("mul", c, d), rest)


def mul(graph: Graph, a: Node, b: Node) -> Node:
    if graph.fixed and (product := _mul_fixed(graph, a, b)) is not None:
        return product
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
            return graph.operation("mul", a, b.args[0]) * b.args[1]
        return graph.node("mul", a, b)
    if a.op == "neg":
        return -(a.args[0] * b)
    if b.op == "neg":
        return -(a * b.args[0])
    return graph.node("mul", *_ordered(a, b))


def div(graph: Graph, a: Node, b: Node) -> Node:
    if b.value == 1:
        return a
    if b.value is not None and _power_of_two(b.value):
        return a * (1 / b.value)
    if a.op == "neg":
        return -(a.args[0] / b)
    if b.op == "neg":
        return -(a / b.args[0])
    return graph.node("div", a, b)


def neg(graph: Graph, a: Node) -> Node:
    if a.op == "neg":
        return a.args[0]
    if a.op == "sub":
        return graph.operation("sub", a.args[1], a.args[0])
    if a.op == "mul" and a.args[0].value is not None:
        return graph.constant(-a.args[0].value) * a.args[1]
    return graph.node("neg", a)


def and_(graph: Graph, a: Node, b: Node) -> Node:
    for x, y in ((a, b), (b, a)):
        if x.op == "bool":
            return y if x.value else x
    if a.op == b.op == "le" and a.args[0] is b.args[0] and None not in (a.args[1].value, b.args[1].value):
        return a if a.args[1].value <= b.args[1].value else b
    return a if a is b else graph.node("and", *_ordered(a, b))


def or_(graph: Graph, a: Node, b: Node) -> Node:
    for x, y in ((a, b), (b, a)):
        if x.op == "bool":
            return x if x.value else y
    return a if a is b else graph.node("or", *_ordered(a, b))


def not_(graph: Graph, a: Node) -> Node:
    return a.args[0] if a.op == "not" else graph.node("not", a)


def where(graph: Graph, condition: Node, a: Node, b: Node) -> Node:
    if condition.op == "bool":
        return a if condition.value else b
    return a if a is b else graph.node("where", condition, a, b)


def extreme(op: str, neutral: float) -> Callable:
    def rule(graph: Graph, a: Node, b: Node) -> Node:
        if neutral in (a.value, b.value):
            return a if b.value == neutral else b
        return a if a is b else graph.node(op, a, b)

    return rule
