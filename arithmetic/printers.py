"""Recorded nodes as source text: C lines, Python lines for numba, NumPy calls with `out=`."""
from __future__ import annotations

import math
from collections.abc import Sequence

from .recorder import Node, _needed

_INFIX = {"add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "div": "{0} / {1}", "neg": "-{0}",
          "lt": "{0} < {1}", "le": "{0} <= {1}", "and": "{0} & {1}", "or": "{0} | {1}"}
# minimum and maximum propagate NaN, as NumPy's do
C = _INFIX | {f: f + "({0})" for f in ("sqrt", "exp", "log", "sin", "cos", "tanh")} | {
    "absolute": "fabs({0})", "not": "!{0}", "where": "{0} ? {1} : {2}",
    "minimum": "(({0} <= {1}) | ({0} != {0})) ? {0} : {1}", "maximum": "(({0} >= {1}) | ({0} != {0})) ? {0} : {1}"}
PYTHON = _INFIX | {f: f"math.{f}" + "({0})" for f in ("sqrt", "exp", "log", "sin", "cos", "tanh")} | {
    "absolute": "abs({0})", "not": "not {0}", "where": "{1} if {0} else {2}",
    "minimum": "{0} if (({0} <= {1}) | ({0} != {0})) else {1}",
    "maximum": "{0} if (({0} >= {1}) | ({0} != {0})) else {1}"}
NUMPY = {"add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "neg": "negative", "lt": "less",
         "le": "less_equal", "and": "logical_and", "or": "logical_or", "not": "logical_not"}


def _c_constant(node: Node) -> str:
    if math.isfinite(node.value):
        return str(int(node.value)) if node.op == "bool" else float(node.value).hex()
    return "NAN" if math.isnan(node.value) else "INFINITY" if node.value > 0 else "-INFINITY"


def _python_constant(node: Node) -> str:
    if math.isfinite(node.value):
        return repr(bool(node.value)) if node.op == "bool" else f"({node.value!r})"
    return "math.nan" if math.isnan(node.value) else "math.inf" if node.value > 0 else "(-math.inf)"


def lines(outputs: Sequence[Node], names: dict[Node, str], language: str) -> tuple[list[str], dict[Node, str]]:
    """Assignments that compute `outputs` from the named nodes, and the name of every node, in "c" or "python"."""
    table, constant = (C, _c_constant) if language == "c" else (PYTHON, _python_constant)
    names, text = dict(names), []
    for node in _needed_given(outputs, names):
        if not node.operands:
            names[node] = constant(node)
            continue
        names[node] = name = f"v{len(text)}"
        declare = ("" if language != "c" else "const _Bool " if node.boolean else "const double ")
        text.append(f"{declare}{name} = {table[node.op].format(*(names[a] for a in node.args))}"
                    + (";" if language == "c" else ""))
    return text, names


def prelude(outputs: Sequence[Node], language: str) -> str:
    """Definitions that the lines for `outputs` need before the loop, in "c", "python" or "numpy"."""
    return ""


def _needed_given(outputs, named) -> list[Node]:
    """What `outputs` need beyond the nodes already named."""
    needed, live = [], set(outputs)
    for node in reversed(_needed(outputs)):
        if node in live and node not in named:
            needed.append(node)
            live.update(node.operands)
    return needed[::-1]


def numpy_function(outputs: dict[Node, list[str]], names: dict[Node, str], arguments: str) -> tuple[str, int, int]:
    """Source of `step(arguments, f, b)`, with the numbers of float and boolean work rows `f`, `b` it needs.

    outputs : for each output node, the arrays that receive it.  A node is computed into its output array at once,
    every other one into a work row that is free again after its last use.
    """
    order = _needed_given(list(outputs), names)
    last = {}
    for k, node in enumerate(order):
        for a in node.operands:
            last[a] = k
    names, text, free, size = dict(names), [], {"f": [], "b": []}, {"f": 0, "b": 0}
    for k, node in enumerate(order):
        if not node.operands:
            names[node] = _python_constant(node)
            continue
        kind = "b" if node.boolean else "f"
        targets = outputs.get(node)
        if targets:
            target = targets[0]
        elif free[kind]:
            target = free[kind].pop()
        else:
            target, size[kind] = f"{kind}[{size[kind]}]", size[kind] + 1
        args = [names[a] for a in node.args]
        if node.op == "where":
            condition, yes, no = args
            text += [f"np.copyto({target}, {no})", f"np.copyto({target}, {yes}, where={condition})"]
        else:
            text.append(f"np.{NUMPY.get(node.op, node.op)}({', '.join(args)}, out={target})")
        names[node] = target
        for a in set(node.operands):
            row = names[a]
            if last[a] == k and row.startswith(("f[", "b[")) and a not in outputs:
                free[row[0]].append(row)
    for node, targets in outputs.items():
        for target in targets:
            if names[node] != target:
                text.append(f"np.copyto({target}, {names[node]})")
    body = "\n    ".join(text or ["pass"])
    return f"def step({arguments}, f, b):\n    {body}\n", size["f"], size["b"]
