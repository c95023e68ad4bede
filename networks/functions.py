"""Functions of one neuron and of one data point, written once; their derivatives are derived by the recorder."""
from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

import arithmetic as ar
from arithmetic import Catalogue, Graph, Node, Program, Vector, gradient, polynomial, total
from arithmetic.printers import numpy_function


def _with_derivative(value, z, derivative: Callable):
    """`value`, a function of z; recorded, its derivative is this closed form."""
    if isinstance(value, Node):
        value.graph.derivatives.setdefault(value, (z, derivative))
    return value


def sigmoid(z):
    """1/(1 + e⁻ᶻ), with the derivative σ(1 − σ), which does not overflow."""
    return _with_derivative(1 / (1 + ar.exp(-z)), z, lambda z: sigmoid(z) * (1 - sigmoid(z)))


def softplus(z):
    """log(1 + eᶻ), with the derivative σ(z); computed in the form that does not overflow."""
    if not isinstance(z, (Node, float)) and getattr(z, "dtype", object) == object:
        return ar.log(1 + ar.exp(z))
    size = ar.absolute(z)
    return _with_derivative((z + size) / 2 + ar.log(1 + ar.exp(-size)), z, sigmoid)


def log_sum_exp(o):
    """log Σ e^(o_k), two at a time: log(eᵃ + eᵇ) = a + softplus(b − a)."""
    return functools.reduce(lambda a, b: a + softplus(b - a), o)


ACTIVATIONS: Catalogue[Callable] = Catalogue("activation", {
    "linear": lambda z: z,
    "tanh": ar.tanh,
    "sin": ar.sin,
    "softplus": softplus,
    "sigmoid": sigmoid,
    "relu": lambda z: ar.maximum(z, 0),
})

#: The loss of one data point, from its outputs o and its target y, one entry per output each.
LOSSES: Catalogue[Callable] = Catalogue("loss", {
    # half the squared error, on average over the outputs
    "squares": lambda o, y: total((o - y) ** 2) / (2 * len(o)),
    # minus the log-likelihood of y ∈ {0, 1} under the probability σ(o), on average over the outputs
    "logistic": lambda o, y: total(Vector(softplus(a) - a * b for a, b in zip(o, y, strict=True))) / len(o),
    # minus the log-likelihood of one class under the probabilities e^(o_k) / Σ e^(o_j); y is 1 at that class, else 0
    "softmax": lambda o, y: log_sum_exp(o) - total(o * y),
})


class Activation:
    """An activation; recorded, a polynomial or rational one is evaluated and differentiated by Horner's rule."""

    def __init__(self, function: Callable):
        self.function = function

    @functools.cached_property
    def coefficients(self):
        """(numerator, denominator) as coefficients, lowest power first; None unless rational."""
        import sympy

        z = sympy.Symbol("z", real=True)
        expression = sympy.sympify(self.function(z))
        if not expression.is_rational_function(z):
            return None
        parts = [sympy.Poly(part, z) for part in sympy.fraction(sympy.together(expression))]
        return [[float(c) for c in reversed(part.all_coeffs())] for part in parts]

    def __call__(self, z):
        if isinstance(z, np.ndarray) and z.dtype == object:
            return Vector(map(self, z.flat)).reshape(z.shape)
        if isinstance(z, Node) and self.coefficients is not None:
            above, below = self.coefficients
            return polynomial(above, z) if below == [1.0] else polynomial(above, z) / polynomial(below, z)
        return self.function(z)

    @functools.cached_property
    def _recorded(self) -> list[Node]:
        """z, φ(z), φ'(z), φ''(z)."""
        z = Graph().input("z")
        nodes = [z, z.graph.lift(self(z))]
        for _ in range(2):
            nodes.extend(gradient(nodes[-1], [z]))
        return nodes

    @functools.cached_property
    def _compiled(self) -> list[tuple]:
        """The NumPy functions of φ and its first derivatives, up to each order, with the work arrays each takes."""
        z, *outputs = self._recorded
        made = []
        for count in range(1, 4):
            targets: dict[Node, list[str]] = {}
            for k, node in enumerate(outputs[:count]):
                targets.setdefault(node, []).append(f"y[{k}]")
            source, *sizes = numpy_function(targets, {z: "z"}, "np, z, y")
            space: dict = {"math": math}
            exec(compile(source, "<recorded activation>", "exec"), space)  # our own printed text
            made.append((space["step"], *sizes))
        return made

    def on_array(self, z, order: int, empty: Callable = np.empty) -> list[np.ndarray]:
        """[φ(z), …] with the derivatives up to `order` (2 at most) on an array of floats; `empty(shape)` makes arrays."""
        step, floats, booleans = self._compiled[order]
        out = [empty(z.shape) for _ in range(order + 1)]
        step(np, z, out, [empty(z.shape) for _ in range(floats)], [np.empty(z.shape, dtype=bool) for _ in range(booleans)])
        return out


class PointLoss:
    """A loss of `LOSSES` for networks of `width` outputs, and its derivatives in the outputs, on any reading."""

    def __init__(self, name: str, width: int):
        graph = Graph()
        o, y = graph.inputs("o", width), graph.inputs("y", width)
        value = graph.lift(LOSSES[name](o, y))
        slopes = gradient(value, o)
        self._value, self._slopes = (Program((*o, *y), (value, *more)) for more in ((), slopes))
        self._curvature = Program((*o, *y), tuple(c for s in slopes for c in gradient(s, o)))

    def __call__(self, o, y):
        """The loss of every data point, (..., P), from outputs (..., K, P) and targets (K, P)."""
        return self._run(self._value, o, y)[..., 0, :]

    def with_slope(self, o, y):
        """The loss, (..., P), and its gradient in the outputs, (..., K, P)."""
        out = self._run(self._slopes, o, y)
        return out[..., 0, :], out[..., 1:, :]

    def curvature(self, o, y):
        """The Hessian in the outputs, (..., P, K, K)."""
        out = np.swapaxes(self._run(self._curvature, o, y), -1, -2)
        return out.reshape(*out.shape[:-1], *o.shape[-2:-1] * 2)

    @staticmethod
    def _run(program: Program, o, y):
        rows = program(*(o[..., k, :] for k in range(o.shape[-2])), *y)
        out = np.empty((*o.shape[:-2], len(rows), o.shape[-1]), dtype=o.dtype)
        for k, row in enumerate(rows):
            out[..., k, :] = row
        return out
