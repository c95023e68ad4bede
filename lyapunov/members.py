"""The referee of rates of algorithms: losses of a class by numbers, and the way from the definitions to a proof.

It shares no code with the search.  `Bends` are losses of one variable with piecewise constant curvature, exact and of
the class by arithmetic; sums of them along turned axes, quadratic losses and log cosh attack what was proved;
`slowest` looks for one of them on which V⁺ > ρV, exactly, and `identity` reads the step and V again, on vectors of
rational numbers in 1, 2 and 3 dimensions with a gradient and a value drawn for each point that is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import sympy
from sympy import Max, Rational

from arithmetic import Descended, Printed, Vector, as_decimals
from flows import Flow, State
from networks import Loss
from schemes import ImplicitEuler, Scheme

from .exact.region import number

LANES, MEMBERS, DIMENSIONS = 300, 24, (1, 2, 3)


# ------------------------------------------------------------------------------------------------ losses of a class
@dataclass(frozen=True)
class Bends:
    """F with F(0) = F'(0) = 0 and F'' = curvatures[0] around 0, curvatures[k] beyond the k-th of the ends on a side.

    ends : ((b, curvature), …), b of either sign, those of a side in the order in which they are met from 0.
    """

    middle: Rational
    ends: tuple[tuple[Rational, Rational], ...] = ()

    def mapped(self, number: Callable) -> Bends:
        """The same in other numbers."""
        return Bends(number(self.middle), tuple((number(b), number(c)) for b, c in self.ends))

    @property
    def jumps(self) -> list[tuple[Rational, Rational]]:
        """(b, by how much F'' jumps at b)."""
        out, last = [], {1: self.middle, -1: self.middle}
        for b, curvature in self.ends:
            side = 1 if b > 0 else -1
            out.append((b, curvature - last[side]))
            last[side] = curvature
        return out

    def value(self, x):
        out = self.middle * x * x / 2
        for b, jump in self.jumps:
            over = _above(x - b if b > 0 else b - x)
            out = out + jump * over * over / 2
        return out

    def slope(self, x):
        out = self.middle * x
        for b, jump in self.jumps:
            over = _above(x - b if b > 0 else b - x)
            out = out + (jump if b > 0 else -jump) * over
        return out

    def expression(self, x: sympy.Symbol) -> sympy.Expr:
        over = [(Max(x - b, 0) if b > 0 else Max(b - x, 0), jump) for b, jump in self.jumps]
        return self.middle * x**2 / 2 + sum(jump * e**2 / 2 for e, jump in over)

    def meets(self, gap: Callable) -> bool:
        """Whether gap(F, F', x) ≥ 0 for all x, exactly: on each piece it is the parabola through three points."""
        exact = self.mapped(lambda x: Fraction(str(x)))
        for side in (1, -1):
            ends = [Fraction(0), *(b for b, _ in exact.ends if (b > 0) == (side > 0))]
            for k, low in enumerate(ends):
                width = None if k + 1 == len(ends) else abs(ends[k + 1] - low)
                step = Fraction(1, 2) if width is None else width / 2
                c, middle, end = (gap(exact.value(x), exact.slope(x), x) for x in (
                    low, low + side * step, low + 2 * side * step))
                a, b = (c - 2 * middle + end) / 2, (4 * middle - 3 * c - end) / 2  # in units of the step
                if not _nonnegative(a, b, c, None if width is None else 2):
                    return False
        return True


def _above(x):
    return np.maximum(x, 0) if isinstance(x, np.ndarray) else x if x > 0 else 0 * x


def _nonnegative(a, b, c, width) -> bool:
    """Whether c + b x + a x² ≥ 0 on (0, width), exactly; width None: for all x > 0."""
    if c < 0 or width is None and (a < 0 or a == 0 and b < 0) or width is not None and c + width * (b + width * a) < 0:
        return False
    middle = -b / (2 * a) if a > 0 else None
    return middle is None or middle <= 0 or (width is not None and middle >= width) or c + middle * b / 2 >= 0


def members(low, high, rests: bool, gaps: list[Callable], count: int, seed: int = 0) -> Iterator[Bends]:
    """Losses of one variable with low ≤ F'' ≤ high that meet the gaps: quadratic ones first, then at random."""
    rng = np.random.default_rng(seed)
    bottom = low if low is not None else -8 if high is None else -high if high > 0 else high - 8
    top = high if high is not None else max(8 * abs(bottom), sympy.S.One * 8)
    share = [Rational(k, 8) for k in range(9)]
    levels = [bottom + s * (top - bottom) for s in share]
    candidates = (Bends(c) for c in [levels[0], levels[-1], *levels[1:-1]])
    ready = [b for b in candidates if _admitted(b, rests, gaps)]
    yield from ready[:count]
    found = len(ready)
    for _ in range(12 * count):
        if found >= count:
            return
        ends = []
        for side in (1, -1):
            places = sorted(Rational(int(k), 8) for k in rng.integers(1, 33, rng.integers(0, 4)))
            ends += [(side * b, levels[_level(rng)]) for b in dict.fromkeys(places)]
        bend = Bends(levels[_level(rng)], tuple(ends))
        if _admitted(bend, rests, gaps):
            yield bend
            found += 1


def _level(rng) -> int:
    """One of nine levels, the ends of the range most often."""
    return (0, 8, int(rng.integers(0, 9)))[int(rng.integers(0, 3))]


def _admitted(bend: Bends, rests: bool, gaps) -> bool:
    return (not rests or bend.meets(lambda F, g, x: F)) and all(bend.meets(gap) for gap in gaps)


# ----------------------------------------------------------------------------------------------- one step by numbers
@dataclass
class Forms:
    """One step and V as small matrices at given parameters: `points` rows of places, V = values·F + inner products."""

    blocks: int
    points: np.ndarray  # (points, vectors)
    before: tuple[np.ndarray, np.ndarray]
    after: tuple[np.ndarray, np.ndarray]
    rate: Any
    used: list = field(default_factory=list)  # inequalities of the class

    def look(self, start, gradient: Callable, value: Callable) -> tuple[list, list]:
        """(values at the points, inner products of the vectors) from state blocks `start`, (blocks, dim, lanes)."""
        known: dict[int, object] = {}
        places: dict[int, object] = {}
        while len(known) < len(self.points):  # a point's gradient is known once the gradients in its place are
            k = next(k for k in range(len(self.points)) if k not in known and all(
                i < self.blocks or i - self.blocks in known for i, c in enumerate(self.points[k]) if c != 0))
            places[k] = sum((c * (start[i] if i < self.blocks else known[i - self.blocks])
                             for i, c in enumerate(self.points[k]) if c != 0), start[0] * 0)
            known[k] = gradient(places[k])
        every = [*start, *(known[k] for k in range(len(self.points)))]
        return [value(places[k]) for k in range(len(self.points))], [[sum(a * b) for b in every] for a in every]

    @staticmethod
    def of(form, heights, inner):
        """(value, sum of absolute terms) of a form in values and inner products."""
        values, gram = form
        terms = [c * f for c, f in zip(values, heights, strict=True) if c != 0]
        terms += [c * inner[i][j] for (i, j), c in np.ndenumerate(gram) if c != 0]
        zero = 0 * heights[0]
        return sum(terms, zero), sum((abs(t) for t in terms), zero)

    def excess(self, start, gradient: Callable, value: Callable):
        """((V⁺ − ρV)/size, …) of lanes in floats, and the least Q/size of the inequalities that were used."""
        heights, inner = self.look(start, gradient, value)
        V, W = (self.of(form, heights, inner) for form in (self.before, self.after))
        size = V[1] + W[1]
        least = [q / np.where(s > 0, s, 1) for q, s in (self.of(form, heights, inner) for form in self.used)]
        return np.where(size > 0, (W[0] - float(self.rate) * V[0]) / np.where(size > 0, size, 1), -np.inf), least


def turned(bends: list[Bends], rng) -> tuple[Callable, Callable]:
    """(gradient, value) of Σ f_i of the coordinates in turned axes, on (dim, lanes)."""
    n = len(bends)
    Q = np.linalg.qr(rng.normal(size=(n, n)))[0]
    floats = [bend.mapped(float) for bend in bends]

    def gradient(x):
        y = Q @ x
        return Q.T @ np.array([f.slope(row) for f, row in zip(floats, y, strict=True)])

    def value(x):
        return sum(f.value(row) for f, row in zip(floats, Q @ x, strict=True))

    return gradient, value


def moved(gradient: Callable, value: Callable, far: float, up: float) -> tuple[Callable, Callable]:
    """(gradient, value) of the loss with its place moved by `far` in each coordinate, and all values raised by `up`."""
    return lambda x: gradient(x - far), lambda x: value(x - far) + up


def log_cosh(low: float, high: float) -> tuple[Callable, Callable]:
    """(gradient, value) of low |x|²/2 + (high − low) Σ log cosh x_i."""
    def value(x):
        size = np.abs(x)
        return low * (x * x).sum(0) / 2 + (high - low) * (size + np.log1p(np.exp(-2 * size)) - np.log(2)).sum(0)

    return lambda x: low * x + (high - low) * np.tanh(x), value


def draws(rng, blocks: int, dim: int, lanes: int) -> np.ndarray:
    x = 2.0 ** rng.integers(-4, 5, (blocks, dim, lanes)) * rng.choice([-1.0, 1.0, 0.75, -0.625], (blocks, dim, lanes))
    return np.where(rng.random(x.shape) < 0.15, 0.0, x)


def uphill(forms: Forms, gradient, value, rng, dim: int, rounds: int = 3) -> tuple[float, np.ndarray, float]:
    """The largest (V⁺ − ρV)/size that random states and changes of the best ones reach, the state, and the least Q."""
    start, best, least = draws(rng, forms.blocks, dim, LANES), (-np.inf, np.zeros((forms.blocks, dim))), 0.0
    for _ in range(rounds):
        with np.errstate(all="ignore"):
            score, inequalities = forms.excess(start, gradient, value)
            score = np.where(np.isfinite(score), score, -np.inf)
            least = min([least, *(float(np.nanmin(q)) for q in inequalities)])
        order = np.argsort(-score)
        if score[order[0]] > best[0]:
            best = float(score[order[0]]), start[:, :, order[0]]
        chosen = rng.choice(order[:20], LANES)
        factors = np.array([1, 1, 1, 2, 0.5, 1.125, 0.875, -1, 0])
        start = start[:, :, chosen] * rng.choice(factors, start.shape)
    return *best, least


# ---------------------------------------------------------------------------------------------------- a slow step
@dataclass(frozen=True)
class SlowStep(Printed):
    """A loss and a state from which one step leaves V above ρV: `scheme.step(flow.on(loss), t, y, h)`, for all to see.

    before, after : V there and after the step, exactly.  parameters : the numbers that stand for symbols.
    """

    loss: Loss
    flow: Flow = field(repr=False)
    state: State
    h: float
    rate: sympy.Expr
    before: sympy.Expr
    after: sympy.Expr
    parameters: dict

    def __str__(self):
        at = ", ".join(f"{name} = {value}" for name, value in vars(self.state).items() if name != "t")
        where = "".join(f", {x} = {v}" for x, v in self.parameters.items())
        return (f"F = {sympy.sstr(self.loss.expression)} at {at}{where}: V goes from {float(self.before):.6g} to "
                f"{float(self.after):.6g} > {float(self.rate * self.before):.6g}")


def in_floats(f: Forms) -> Forms:
    """The same forms in floats."""
    def rough(form):
        return tuple(np.asarray(m, dtype=float) for m in form)

    return Forms(f.blocks, f.points.astype(float), rough(f.before), rough(f.after), float(f.rate),
                 [*map(rough, f.used)])


def slowest(forms: Forms, bends: Iterable[Bends], seed: int = 0) -> tuple[Bends, np.ndarray] | None:
    """(loss, state) with V⁺ > ρV in exact numbers, of one dimension; None where none was found."""
    rng, floats = np.random.default_rng(seed), in_floats(forms)
    for bend in bends:
        rough = bend.mapped(float)
        score, state, _ = uphill(floats, rough.slope, lambda x, f=rough: f.value(x).sum(0), rng, 1)
        if score > 1e-11:
            exact = np.vectorize(Rational, otypes=[object])(state)
            slope = np.vectorize(bend.slope, otypes=[object])
            heights, inner = forms.look(exact, slope, lambda x, f=bend: f.value(x[0]))
            V, W = (sympy.sympify(forms.of(form, heights, inner)[0]) for form in (forms.before, forms.after))
            if (W - forms.rate * V).is_positive:
                return bend, exact[:, 0]
    return None


# ---------------------------------------------------------------------------------------------- from the definitions
class Drawn(Descended):
    """A loss of which each point that is asked for has a gradient and a value drawn at random, exactly."""

    name = "F"

    def __init__(self, dim: int, at: dict, rng):
        self.dim, self.at, self.rng = dim, at, rng
        self.places: list[tuple] = []

    def numbers(self, x) -> tuple:
        return tuple(number(sympy.sympify(e).subs(self.at)) for e in x)

    def find(self, theta) -> tuple:
        place = self.numbers(theta)
        for known in self.places:
            if known[0] == place:
                return known
        g = Vector(Rational(int(k), 7) for k in self.rng.integers(-30, 31, self.dim))
        self.places.append((place, g, Rational(int(self.rng.integers(-30, 31)), 5)))
        return self.places[-1]

    def value(self, theta):
        return self.find(theta)[2]

    def gradient(self, theta):
        return self.find(theta)[1]


class Bent(Descended):
    """`Bends` as a loss of one exact variable."""

    name, dim = "F", 1

    def __init__(self, bend: Bends):
        self.bend = bend

    def value(self, theta):
        return self.bend.value(theta[0])

    def gradient(self, theta):
        return Vector([self.bend.slope(theta[0])])


def one_step(flow: Flow, scheme: Scheme, h, function: Callable, n, at: dict, loss: Descended, blocks: dict) -> tuple:
    """(the state before, V there, V after) of a step by the definitions, exactly; of implicit Euler `blocks` end it."""
    flow, h, n = flow.subs(at), sympy.sympify(h).subs(at), sympy.sympify(n).subs(at)
    field_, t = flow.on(loss), n * h
    y = field_.pack({name: Vector(x) for name, x in blocks.items()})
    if isinstance(scheme, ImplicitEuler):
        old, new = field_.state(t, y - h * field_(t + h, y)), field_.state(t + h, y)
    else:
        old, new = field_.state(t, y), field_.state(t + h, scheme.symbolic_step(field_, t, y, h))
    V, W = (number(as_decimals(function(s, loss.oracle(s.theta))).subs(at)) for s in (old, new))
    return old, V, W


def identity(flow: Flow, scheme: Scheme, h, function: Callable, rate, n, at: dict, right: Callable) -> str:
    """What speaks against ρV − V⁺ = Σ λQ + Σ d|ℓ|² at exact parameters, in 1, 2 and 3 dimensions; empty if nothing.

    right(blocks, find) : the right-hand side of vectors {block: vector}, find(place) = (gradient, value) of a point.
    """
    rng = np.random.default_rng(5)
    for dim in DIMENSIONS:
        loss = Drawn(dim, at, rng)
        blocks = {name: Vector(Rational(int(k), 3) for k in rng.integers(-20, 21, dim)) for name in flow.blocks}
        _, V, W = one_step(flow, scheme, h, function, n, at, loss, blocks)
        said = right(blocks, lambda place, loss=loss: loss.find(place)[1:])
        if number(sympy.expand(rate.subs(at) * V - W - said)) != 0:
            return f"in {dim} dimensions the decrease is not the sum that was proved"
    return ""
