"""The benchmark networks: small, with exactly known critical points and varied asymptotics.

The polynomial ones go back to B. Bensaid's thesis.  To add one: a function that returns a loss, in `BENCHMARKS`.
"""
from __future__ import annotations

import functools

import sympy

from arithmetic import Catalogue, exp

from .loss import Loss
from .network import Network


def neuron(activation, inputs=(0, 1), targets=(0, 0), **options) -> Network:
    """One neuron y = φ(w x + b)."""
    return Network((1, 1), activation, (inputs, targets), **options)


def _rosenbrock(name: str) -> Loss:
    """100(y − x²)² + (1 − x)², as the mean of two halved squares."""
    return Loss(lambda theta: [20 * (theta[1] - theta[0] ** 2), 2 * (1 - theta[0])], 2, squares=True, name=name,
                symbols=sympy.symbols("x y", real=True))


BENCHMARKS = Catalogue("network", {
    # four minima of value 0, four saddles, a maximum; Euler diverges from far starts
    "polytwo": lambda name: neuron(lambda z: z**2 - 1, name=name),
    # minima of values 0, 4, 8: is the good one found?
    "polythree": lambda name: neuron(lambda z: 2 * z**3 - 3 * z**2 + 5, name=name),
    # as polytwo, of degree 8, minima of positive value
    "polyfour": lambda name: neuron(lambda z: z**4 - 2 * z**2 + 3, name=name),
    # singular Hessian at a minimum of value 0 beside an ordinary one; inflexions
    "polyfive": lambda name: neuron(lambda z: z**5 - 4 * z**4 + 2 * z**3 + 8 * z**2 - 11 * z - 12, name=name),
    # flat minimum and flat maximum of very high value: extreme gradients
    "polyeight": lambda name: neuron(lambda z: 35 * z**8 - 360 * z**7 + 1540 * z**6 - 3528 * z**5 + 4620 * z**4
                                     - 3360 * z**3 + 1120 * z**2 + 1, name=name),
    # bounded and flat at infinity; φ ≤ 1 with equality at the golden ratio
    "rattwo": lambda name: neuron(lambda z: 2 * (z**2 + 1) / ((3 + sympy.sqrt(5)) * (z**2 - 2 * z + 2)), targets=(1, 1),
                                  name=name),
    # a bell, three points: does not decouple; a degenerate saddle at 0
    "cloche": lambda name: neuron(lambda z: exp(-z**2 / 2), (0, 1, 2), (1, 0, 1), name=name, box=((-4, 4), (-4, 4))),
    # one minimum of positive value, gradients grow like e^(z²)
    "exptwo": lambda name: neuron(lambda z: exp((z**2 - 2 * z) / 2), name=name),
    # as polytwo, doubly exponentially steep
    "expfour": lambda name: neuron(lambda z: exp((z**4 - 2 * z**2) / 2), name=name),
    # F = (w₂w₁ − 1)²/2: a hyperbola of minima, a strict saddle at 0
    "linear-two": lambda name: Network((1, 1, 1), "linear", ([1], [1]), bias=False, name=name),
    # F = (w₃w₂w₁ − 1)²/2: a degenerate saddle at 0
    "linear-three": lambda name: Network((1, 1, 1, 1), "linear", ([1], [1]), bias=False, name=name),
    # infinitely many critical points; zero Hessian at the minima of value 0
    "sine": lambda name: neuron("sin", targets=(1, -1), name=name, box=((-6, 6), (-6, 6))),
    # a single critical point, flat at infinity
    "tanh-bump": lambda name: neuron("tanh", (0, 1, 2), (sympy.Rational(1, 2), sympy.Rational(-1, 2),
                                                         sympy.Rational(1, 2)),
                                     name=name),
    # y = a tanh(w x): the infimum 0 is not attained
    "hidden-tanh": lambda name: Network((1, 1, 1), ("tanh", "linear"), ([1, 2], [sympy.Rational(1, 2), 1]), bias=False,
                                        name=name),
    # Rosenbrock's function: one minimum, condition number 2508
    "steep-valley": _rosenbrock,
})


def catalogue() -> tuple[str, ...]:
    """The names of the benchmark networks."""
    return tuple(BENCHMARKS)


@functools.cache
def get(name: str) -> Loss:
    """A benchmark network by name; ValueError with the close names where there is none."""
    loss = BENCHMARKS[name](name)
    loss.made_by = get, (name,)
    return loss
