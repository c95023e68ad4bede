"""Functions of one neuron and of one data point, written once; their derivatives are derived by the recorder.

On arrays of floats (networks that are computed by NumPy) exp, tanh and the like are NumPy's own, which are faster and
may differ from the toolkit's in the last bit.
"""
from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

import arithmetic as ar
from arithmetic import (
    OPERATIONS, Catalogue, Graph, Node, Program, Reading, Vector, gradient, integer_power, native, polynomial, total,
)
from arithmetic.late import sympy


def log_sum_exp(o):
    """log Σ e^(o_k), two at a time: log(eᵃ + eᵇ) = a + softplus(b − a)."""
    return functools.reduce(lambda a, b: a + ar.softplus(b - a), o)


ACTIVATIONS: Catalogue[Callable] = Catalogue("activation", {
    "linear": lambda z: z,
    "tanh": ar.tanh,
    "sin": ar.sin,
    "softplus": ar.softplus,
    "sigmoid": ar.sigmoid,
    "relu": lambda z: ar.maximum(z, 0),
})

#: The loss of one data point, from its outputs o and its target y, one entry per output each.
LOSSES: Catalogue[Callable] = Catalogue("loss", {
    # half the squared error, on average over the outputs
    "squares": lambda o, y: total((o - y) ** 2) / (2 * len(o)),
    # minus the log-likelihood of y ∈ {0, 1} under the probability σ(o), on average over the outputs
    "logistic": lambda o, y: total(Vector(ar.softplus(a) - a * b for a, b in zip(o, y, strict=True))) / len(o),
    # minus the log-likelihood of one class under the probabilities e^(o_k) / Σ e^(o_j); y is 1 at that class, else 0
    "softmax": lambda o, y: log_sum_exp(o) - total(o * y),
})


class Polynomial(Reading):
    """A polynomial by its coefficients, lowest power first, integers and fractions; others raise `NotPolynomial`."""

    __slots__ = ("coefficients",)

    def __init__(self, coefficients: Sequence[int | Fraction]):
        size = max((k for k, c in enumerate(coefficients) if c), default=0) + 1
        self.coefficients = list(coefficients[:size])

    @staticmethod
    def _of(x) -> Sequence[int | Fraction]:
        if isinstance(x, Polynomial):
            return x.coefficients
        if type(x) not in (int, Fraction):
            raise NotPolynomial(f"{x!r} is no fraction")
        return [x]

    def __add__(self, other):
        pairs = itertools.zip_longest(self.coefficients, self._of(other), fillvalue=0)
        return Polynomial([a + b for a, b in pairs])

    def __mul__(self, other):
        other = self._of(other)
        product: list = [0] * (len(self.coefficients) + len(other) - 1)
        for i, a in enumerate(self.coefficients):
            for j, b in enumerate(other):
                product[i + j] += a * b
        return Polynomial(product)

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    def __truediv__(self, other):
        divisor, *powers = self._of(other)
        if powers or not divisor:
            raise NotPolynomial("a quotient")
        return self * (1 / Fraction(divisor))

    def __pow__(self, n):
        if type(n) is not int or n < 0:
            raise NotPolynomial(f"the power {n!r}")
        return integer_power(self, n)

    def apply(self, op, *args):
        entire = OPERATIONS[op].definition and OPERATIONS[op].domain == (-math.inf, math.inf)
        raise (Transcendental if entire else NotPolynomial)(op)

    __radd__, __rmul__ = __add__, __mul__


class NotPolynomial(TypeError):
    """A definition that is more than + − × and powers of one variable with fractions."""


class Transcendental(NotPolynomial):
    """One with a function as the exponential, which is defined everywhere and no polynomial or quotient of some."""


class Activation:
    """An activation; recorded, a polynomial or rational one is evaluated and differentiated by Horner's rule."""

    def __init__(self, function: Callable):
        self.function = function

    @functools.cached_property
    def coefficients(self):
        """(numerator, denominator) as coefficients in floats, lowest power first; None unless rational."""
        return self.exact_coefficients and [[float(c) for c in part] for part in self.exact_coefficients]

    @functools.cached_property
    def exact_coefficients(self):
        """As `coefficients`, in exact numbers."""
        try:
            return [self.function(Polynomial([0, 1])).coefficients, [1]]
        except Transcendental:
            return None
        except (TypeError, AttributeError):  # other coefficients, a quotient, max(z, 0), or a constant: sympy tells
            pass
        z = sympy.Symbol("z", real=True)
        expression = sympy.sympify(self.function(z))
        if not expression.is_rational_function(z):
            return None
        parts = [sympy.Poly(part, z) for part in sympy.fraction(sympy.together(expression))]
        return [part.all_coeffs()[::-1] for part in parts]

    def __call__(self, z):
        if isinstance(z, np.ndarray) and z.dtype == object:
            return Vector(map(self, z.flat)).reshape(z.shape)
        if isinstance(z, Node) and self.coefficients is not None:
            above, below = self.coefficients
            if z.graph.exact:
                above, below = ([z.graph.lift(c) for c in part] for part in self.exact_coefficients)
            if self.coefficients[1] == [1.0]:
                return polynomial(above, z)
            return polynomial(above, z) / polynomial(below, z)
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
    def _compiled(self) -> list[Callable]:
        """NumPy's φ and its first derivatives, up to each order."""
        z, *outputs = self._recorded
        return [native(Program((z,), tuple(outputs[:count]))) for count in range(1, 4)]

    def on_array(self, z, order: int, empty: Callable = np.empty) -> list[np.ndarray]:
        """[φ(z), …] with the derivatives up to `order` (2 at most) on an array of floats;
        `empty(shape)` makes arrays."""
        return self._compiled[order](z, empty=empty)


class PointLoss:
    """A loss of `LOSSES` for networks of `width` outputs, and its derivatives in the outputs, on any reading."""

    def __init__(self, name: str, width: int):
        graph = Graph()
        o, y = graph.inputs("o", width), graph.inputs("y", width)
        value = graph.lift(LOSSES[name](o, y))
        slopes = gradient(value, o)
        self._value, self._slopes = (native(Program((*o, *y), (value, *more))) for more in ((), slopes))
        self._curvature = native(Program((*o, *y), tuple(c for s in slopes for c in gradient(s, o))))

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
    def _run(program: Callable, o, y):
        rows = program(*(o[..., k, :] for k in range(o.shape[-2])), *y)
        out = np.empty((*o.shape[:-2], len(rows), o.shape[-1]), dtype=o.dtype)
        for k, row in enumerate(rows):
            out[..., k, :] = row
        return out
