"""Feed-forward networks: with its data, a network is a loss."""
from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import arithmetic as ar
from arithmetic import Node, is_symbolic, polynomial

from .loss import Loss

ACTIVATIONS: dict[str, Callable] = {
    "linear": lambda z: z,
    "tanh": ar.tanh,
    "sin": ar.sin,
    "softplus": lambda z: ar.log(1 + ar.exp(z)),
    "sigmoid": lambda z: 1 / (1 + ar.exp(-z)),
    "relu": lambda z: ar.maximum(z, 0),
}


class Network(Loss):
    """A feed-forward network on its data: F(θ) = (1/2P) Σ_p |network(x_p) − y_p|².

    layers : widths, input first, such as (1, 1) for one neuron or (1, 2, 1).
    activations : one per layer after the input (or one for all), a name in `ACTIVATIONS` or a function in plain
    arithmetic (`lambda z: z**2 - 1`).
    data : (inputs, targets), each a sequence of numbers, or of sequences where a layer is wider; exact numbers (int,
    Fraction, sympy) stay exact on symbols.
    bias : whether neurons have one.

    The parameters are, layer by layer, the weights (row by row) and then the biases: one neuron has θ = (w, b).
    """

    def __init__(self, layers: Sequence[int], activations, data, *, bias: bool = True, name: str = "network", box=None):
        self.layers = tuple(int(n) for n in layers)
        if len(self.layers) < 2 or min(self.layers) < 1:
            raise ValueError(f"layers={layers!r} must name at least two positive widths, input first")
        if callable(activations) or isinstance(activations, str):
            activations = (activations,) * (len(self.layers) - 1)
        if len(activations) != len(self.layers) - 1:
            raise ValueError(f"activations: {len(activations)} given for {len(self.layers) - 1} layers after the input")
        self.activations = tuple(_activation(a) for a in activations)
        inputs, targets = data
        self.data = [(_tuple(x, self.layers[0], "input"), _tuple(y, self.layers[-1], "target"))
                     for x, y in zip(inputs, targets, strict=True)]
        if not self.data:
            raise ValueError("data is empty: give at least one (input, target)")
        self.bias = bias
        dim = sum(n * (m + bias) for m, n in zip(self.layers, self.layers[1:]))
        symbols = None
        if self.layers == (1, 1) and bias:
            import sympy

            symbols = sympy.symbols("w b", real=True)
        super().__init__(self._residuals, dim, squares=True, name=name, box=box, symbols=symbols)

    def _residuals(self, theta) -> list:
        """output − target for every data point and output neuron."""
        return [output - y for x, target in self.data for output, y in zip(self.output(theta, x), target, strict=True)]

    def output(self, theta, x) -> list:
        """The network at the input x, a sequence of numbers."""
        values, rest = list(x), list(theta)
        for m, n, activation in zip(self.layers, self.layers[1:], self.activations):
            weights, rest = rest[: m * n], rest[m * n:]
            biases, rest = (rest[:n], rest[n:]) if self.bias else ([0] * n, rest)
            sums = [sum((weights[j * m + i] * values[i] for i in range(1, m)), start=weights[j * m] * values[0]) + biases[j]
                    for j in range(n)]
            values = [activation(z) for z in sums]
        return values


class _Activation:
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
        if isinstance(z, Node) and self.coefficients is not None:
            above, below = self.coefficients
            return polynomial(above, z) if below == [1.0] else polynomial(above, z) / polynomial(below, z)
        return self.function(z)


def _activation(activation) -> _Activation:
    if isinstance(activation, str):
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation {activation!r} is not known; use a function or one of {', '.join(ACTIVATIONS)}")
        activation = ACTIVATIONS[activation]
    if not callable(activation):
        raise TypeError(f"an activation is a name or a function, got {activation!r}")
    return _Activation(activation)


def _tuple(x, width: int, what: str) -> tuple:
    """One data point, exact where it can be."""
    import sympy

    entries = tuple(x) if hasattr(x, "__iter__") else (x,)
    if len(entries) != width:
        raise ValueError(f"data: {what} {x!r} has {len(entries)} numbers, the network's {what} layer has {width}")
    return tuple(e if is_symbolic(e) else sympy.Rational(e) for e in entries)
