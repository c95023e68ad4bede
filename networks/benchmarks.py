"""The benchmark networks: small, with varied landscapes and asymptotics, and critical points that are known.

The neurons poly…, rat…, exp… and cloche are those of B. Bensaid's thesis: activations that are made so that the loss
has the critical points one wants, on the data (0, 0), (1, 0) where nothing else is said.  To add a network: an entry of
`BENCHMARKS`, with a sentence on what it is for.
"""
from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from arithmetic import Catalogue, Table, exp, expm1, formula, log
from arithmetic.late import sympy

from .loss import Loss
from .network import Network

STEEPNESS = 10  #: e^(c/2) for c = 2 log 10: with targets 0 the factor e^(c/2) of an activation is e^c = 100 for F


@dataclass(frozen=True)
class Benchmark:
    """purpose : what it is for, a sentence.  make : the loss, from its name.

    studied : whether it is one of those that the tables of the pages, and tests of every network with every optimizer,
    go over.
    """

    purpose: str
    make: Callable[[str], Loss]
    studied: bool = False


def neuron(activation, inputs=(0, 1), targets=(0, 0), **options) -> Network:
    """One neuron y = φ(w x + b)."""
    return Network((1, 1), activation, (inputs, targets), **options)


def polytwo(z):
    return z**2 - 1


def polythree(z):
    return 2 * z**3 - 3 * z**2 + 5


def polyfour(z):
    return z**4 - 2 * z**2 + 3


def polyfive(z):
    return z**5 - 4 * z**4 + 2 * z**3 + 8 * z**2 - 11 * z - 12


def polyeight(z):
    return 35 * z**8 - 360 * z**7 + 1540 * z**6 - 3528 * z**5 + 4620 * z**4 - 3360 * z**3 + 1120 * z**2 + 1


def rattwo(z):
    """At most 1, which it is at the golden ratio."""
    return 2 * (z**2 + 1) / ((3 + sympy.sqrt(5)) * (z**2 - 2 * z + 2))


def _steep(activation: Callable, name: str) -> Network:
    """The neuron with the activation e^(c/2) φ."""
    return neuron(lambda z: STEEPNESS * activation(z), name=name)


def _cloche_entropy(name: str) -> Loss:
    """−[ln g(b) + ln(1 − g(w + b)) + ln g(2w + b)]/3, g(z) = e^(−z²/2)."""
    def entropy(theta):
        w, b = theta
        return (b**2 + (2 * w + b)**2 - 2 * log(-expm1(-(w + b)**2 / 2))) / 6

    return Loss(entropy, 2, name=name, symbols="w b", box=((-4, 4), (-4, 4)))


def _rattwo_entropy(name: str) -> Loss:
    """−[ln g(b) + ln g(w + b)]/2."""
    w, b = sympy.symbols("w b", real=True)
    return Loss.from_expression(-(sympy.log(rattwo(b)) + sympy.log(rattwo(w + b))) / 2, (w, b), name=name)


def decayed(network: Network, decay: Fraction | tuple[Fraction, ...], name: str) -> Loss:
    """F + Σ λ_i θ_i²/2, of one λ for all parameters, biases too, or of one for each."""
    each = decay if isinstance(decay, tuple) else (decay,) * network.dim

    def definition(theta):
        decays = (x**2 * d.numerator / (2 * d.denominator) for x, d in zip(theta, each, strict=True))
        return network.value(theta) + sum(decays)

    return Loss(definition, network.dim, name=name, symbols=" ".join(network.names), box=network.box)


def _formula(text: str, *reach: float) -> Callable[[str], Loss]:
    """A loss by its formula in x, y, …, in the box [−reach, reach] of each coordinate."""
    def make(name: str) -> Loss:
        return Loss.from_expression(*formula(text, "xyzu"[:len(reach)]), name=name, box=[(-r, r) for r in reach])

    return make


def _rosenbrock(name: str) -> Loss:
    """100(y − x²)² + (1 − x)², as the mean of two halved squares."""
    return Loss(lambda theta: [20 * (theta[1] - theta[0] ** 2), 2 * (1 - theta[0])], 2, squares=True, name=name,
                symbols="x y")


HALF, TENTH = Fraction(1, 2), Fraction(1, 10)

BENCHMARKS = Catalogue("network", {
    "polytwo": Benchmark(
        "four minima of value 0, four saddles, a maximum; Euler's method diverges from far starts",
        lambda name: neuron(polytwo, name=name), studied=True),
    "polythree": Benchmark(
        "minima of values 0, 4, 8: is the good one found?",
        lambda name: neuron(polythree, name=name), studied=True),
    "polyfour": Benchmark(
        "as polytwo, of degree 8, minima of positive value",
        lambda name: neuron(polyfour, name=name), studied=True),
    "polyfive": Benchmark(
        "singular Hessian at a minimum of value 0 beside an ordinary one; inflexions",
        lambda name: neuron(polyfive, name=name), studied=True),
    "polyeight": Benchmark(
        "flat minimum and flat maximum of very high value: extreme gradients",
        lambda name: neuron(polyeight, name=name), studied=True),
    "rattwo": Benchmark(
        "bounded and flat at infinity; φ ≤ 1 with equality at the golden ratio, a flat minimum",
        lambda name: neuron(rattwo, targets=(1, 1), name=name), studied=True),
    "cloche": Benchmark(
        "a bell, three points: does not decouple; a degenerate saddle at 0",
        lambda name: neuron(lambda z: exp(-z**2 / 2), (0, 1, 2), (1, 0, 1), name=name, box=((-4, 4), (-4, 4))),
        studied=True),
    "exptwo": Benchmark(
        "one minimum of positive value, gradients grow like e^(z²)",
        lambda name: neuron(lambda z: exp((z**2 - 2 * z) / 2), name=name), studied=True),
    "expfour": Benchmark(
        "as polytwo, doubly exponentially steep",
        lambda name: neuron(lambda z: exp((z**4 - 2 * z**2) / 2), name=name), studied=True),
    "linear-two": Benchmark(
        "F = (w₂w₁ − 1)²/2: a hyperbola of minima, a strict saddle at 0",
        lambda name: Network((1, 1, 1), "linear", ([1], [1]), bias=False, name=name), studied=True),
    "linear-three": Benchmark(
        "F = (w₃w₂w₁ − 1)²/2: a degenerate saddle at 0",
        lambda name: Network((1, 1, 1, 1), "linear", ([1], [1]), bias=False, name=name), studied=True),
    "sine": Benchmark(
        "infinitely many critical points; zero Hessian at the minima of value 0",
        lambda name: neuron("sin", targets=(1, -1), name=name, box=((-6, 6), (-6, 6))), studied=True),
    "tanh-bump": Benchmark(
        "a single critical point, flat at infinity",
        lambda name: neuron("tanh", (0, 1, 2), (HALF, -HALF, HALF), name=name), studied=True),
    "hidden-tanh": Benchmark(
        "y = a tanh(w x): the infimum 0 is not attained",
        lambda name: Network((1, 1, 1), ("tanh", "linear"), ([1, 2], [HALF, 1]), bias=False, name=name), studied=True),
    "steep-valley": Benchmark(
        "Rosenbrock's function: one minimum, condition number 2508",
        _rosenbrock, studied=True),
    # ------------------------------------------------------------------------------- the author's variants
    "polytwo-steep": Benchmark(
        "polytwo with the steepness factor e^(c/2) = 10: the same points, step sizes a hundredth",
        lambda name: _steep(polytwo, name)),
    "polythree-steep": Benchmark(
        "polythree with e^(c/2) = 10: minima of values 0, 400, 800",
        lambda name: _steep(polythree, name)),
    "polyfour-steep": Benchmark(
        "polyfour with e^(c/2) = 10: minima of value 200, gradients near 10⁸ in the box",
        lambda name: _steep(polyfour, name)),
    "expfive": Benchmark(
        "minima from e⁻⁸/2 to 1/2 beside a maximum of e¹⁹/2: no step size suits all; flat towards z → −∞",
        lambda name: neuron(lambda z: exp((6 * z**5 - 15 * z**4 - 10 * z**3 + 30 * z**2) / 2), name=name,
                            box=((-3, 3), (-1.2, 2.2)))),
    "cloche-entropy": Benchmark(
        "cloche by its cross-entropy: two minima on the two sides of a line on which F is infinite",
        _cloche_entropy),
    "rattwo-entropy": Benchmark(
        "rattwo by its cross-entropy: the minimum is no longer flat; F tends to a constant at infinity",
        _rattwo_entropy),
    # --------------------------------------------------------------------------------------- more parameters
    "tanh-biased": Benchmark(
        "1-1-1 tanh with biases, no exact fit: the unused unit, a = 0, leaves a curve of saddles",
        lambda name: Network((1, 1, 1), ("tanh", "linear"), ([-1, 0, 1, 2], [HALF, 0, 1, HALF / 2]), name=name)),
    "linear-decay": Benchmark(
        "linear 2-2-1 with a decay of its own for each weight: two minima, three saddles in six dimensions",
        lambda name: decayed(Network((2, 2, 1), "linear", ([(1, 0), (0, 1)], [1, 2]), bias=False),
                             (TENTH, 2 * TENTH, 3 * TENTH, TENTH, 2 * TENTH, TENTH), name)),
    "xor": Benchmark(
        "XOR by a 2-2-1 tanh network without biases, decay 1/25: 17 points, 16 symmetries; too much decay to fit it",
        lambda name: decayed(Network((2, 2, 1), ("tanh", "linear"), (
            [(0, 0), (0, 1), (1, 0), (1, 1)], [0, 1, 1, 0]), bias=False), TENTH**2 * 4, name)),
    "relu-spurious": Benchmark(
        "one relu: three spurious minima beside the global one, kinks, and a region where the unit is dead",
        lambda name: neuron("relu", (-2, -1, 1, 2), (2, 1, 2, 4), name=name, box=((-3, 3), (-3, 5)))),
    "separable": Benchmark(
        "logistic regression of separable data: convex, the infimum is at infinity, no critical point",
        lambda name: Network((1, 1), "linear", ([0, 1], [0, 1]), loss="logistic", name=name)),
    # ------------------------------------------------------------------------------------------------ classics
    "himmelblau": Benchmark(
        "four minima of value 0 in general position: basins of a polynomial without symmetry",
        _formula("(x**2 + y - 11)**2 + (x + y**2 - 7)**2", 5, 5)),
    "camel": Benchmark(
        "the six-hump camel: two global among six minima, coordinates that are no radicals",
        _formula("x**2*(4 - 21*x**2/10 + x**4/3) + x*y + y**2*(4*y**2 - 4)", 2, 2)),
    "rastrigin": Benchmark(
        "Rastrigin's function: 441 critical points in its box, one global minimum among 121",
        _formula("20 + x**2 + y**2 - 10*cos(2*pi*x) - 10*cos(2*pi*y)", 5.12, 5.12)),
    "peano": Benchmark(
        "Peano's surface: 0 is a minimum along every line and yet a saddle",
        _formula("(y - x**2)*(y - 3*x**2)", 1, 1)),
    "ring": Benchmark(
        "a circle of minima around a maximum: convergence to a manifold",
        _formula("(x**2 + y**2 - 1)**2", 2, 2)),
    "rosenbrock-four": Benchmark(
        "Rosenbrock's function of four coordinates: a second, spurious minimum",
        _formula("100*((y - x**2)**2 + (z - y**2)**2 + (u - z**2)**2) + (1 - x)**2 + (1 - y)**2 + (1 - z)**2",
            2, 2, 2, 2)),
})


def catalogue() -> tuple[str, ...]:
    """The names of the benchmark networks."""
    return tuple(BENCHMARKS)


def studied() -> tuple[str, ...]:
    """The names of those that the tables of the pages go over, and tests of every network with every optimizer."""
    return tuple(name for name, benchmark in BENCHMARKS.items() if benchmark.studied)


@functools.cache
def get(name: str) -> Loss:
    """A benchmark network by name; ValueError with the close names where there is none."""
    loss = BENCHMARKS[name].make(name)
    loss.kept, loss.made_by = True, (get, (name,))
    return loss


def table() -> Table:
    """Every benchmark: name, number of parameters, what it is for."""
    rows: list[tuple] = [(f"`{name}`", str(get(name).dim), b.purpose) for name, b in BENCHMARKS.items()]
    return Table(("name", "dim", "for"), rows)
