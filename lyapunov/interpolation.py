"""Losses of a class at a few points: inequalities between positions, gradients and values, the same in every dimension.

A point is a row of coefficients in vectors that are the same for all of them (the state, the gradients), so each
inequality is one number per value and one matrix of inner products.  For the classes with −∞ < m ≤ H ≤ L ≤ ∞ there is a
loss through the points exactly if all of them hold (Taylor, Hendrickx & Glineur 2017).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import sympy
from sympy import Matrix, Symbol

from arithmetic import Descended, Oracle, Vector, as_decimals
from flows import Field, Flow, State, scalar
from schemes import ImplicitEuler, Scheme

from .classes import F, H, g, theta
from .exact import Fresh, vanishes
from .exact.region import Region, Unbounded


class Unreadable(Exception):
    """Why a step or a class is none of vectors in the span of the state and the gradients."""


class Inequality(NamedTuple):
    """Σ values·F + ⟨gram, inner products⟩ ≥ 0."""

    name: str
    values: Matrix
    gram: Matrix


@dataclass(frozen=True)
class LossClass:
    """Bounds low ≤ H ≤ high (None: none), whether F ≥ 0, whether the minimum is F = 0 at θ = 0, and what else holds.

    above : F ≥ 0, which alone says neither where the minimum is, nor that it is 0.  rests : F = 0 and ∇F = 0 at θ = 0.
    gaps : expressions ≥ 0, linear in F and of second degree in g and θ, such as g²/2μ − F.  rates : the assumptions on
    parameters alone.
    """

    low: sympy.Expr | None
    high: sympy.Expr | None
    above: bool
    rests: bool
    gaps: tuple[sympy.Expr, ...]
    rates: tuple

    @classmethod
    def of(cls, relations: tuple) -> LossClass:
        """The class of assumptions as `check` takes them."""
        lows, highs = [sympy.S.Zero] * ("convex" in relations), list[sympy.Expr]()
        gaps, rates = list[sympy.Expr](), list[Any]()
        for r in relations:
            if isinstance(r, str):
                continue
            gap = sympy.expand(as_decimals(r.gts - r.lts))
            if gap.has(H):
                slope, rest = gap.coeff(H), gap.subs(H, 0)
                if rest.has(F, g, theta) or sympy.expand(gap - slope * H - rest) != 0 or not slope.is_number:
                    raise Unreadable(f"{r} is no bound of the curvature by numbers or parameters")
                (lows if slope > 0 else highs).append(-rest / slope)
            elif gap.has(F, g, theta):
                poly = sympy.Poly(gap, F, g, theta)
                if any(m not in ((1, 0, 0), (0, 2, 0), (0, 1, 1), (0, 0, 2)) for m in poly.monoms()):
                    raise Unreadable(f"{r} is not linear in F and quadratic in g and theta")
                gaps.append(gap)
            else:
                rates.append(r)
        if len(highs) > 1:
            raise Unreadable(f"two upper bounds of the curvature, {', '.join(map(str, highs))}: give the smaller one")
        largest = [a for a in lows if all((a - b).is_nonnegative or _follows(a - b, rates) for b in lows)]
        if lows and not largest:
            raise Unreadable(f"which of {', '.join(map(str, lows))} is the largest lower bound of the curvature?")
        low, high = largest[0] if lows else None, highs[0] if highs else None
        if low is not None and high is not None and (high - low).is_positive is not True:
            rates.append(sympy.Lt(low, high))  # elsewhere the class holds quadratic losses alone, or none
        for gap in gaps:  # F ≥ |g|²/2L and F ≤ |g|²/2μ leave no loss with μ > L
            if high is not None and gap.coeff(F) == -1 and (share := gap.coeff(g**2)) != 0 and gap == share * g**2 - F:
                rates.append(sympy.Le(1 / (2 * share), high))
        above = "convex" in relations or F in gaps
        rests = "convex" in relations or above and any(map(_rests, gaps))
        if sympy.false in rates:
            raise Unreadable("no loss, or quadratic ones of one curvature alone, meet "
                             f"{', '.join(map(str, relations))}")
        rates = [r for r in rates if r != sympy.true]
        return cls(low, high, above, rests, tuple(gap for gap in gaps if gap != F), tuple(rates))

    @property
    def infimum(self) -> bool:
        """Whether F* = 0: of the class of Polyak and Łojasiewicz too, of which nothing says where it is."""
        return self.rests or self.above and any(
            gap.coeff(F).is_negative and gap.coeff(g, 2).is_positive and not gap.has(theta) for gap in self.gaps)

    def mapped(self, change: Callable) -> LossClass:
        """The class with its parameters changed."""
        low, high = (None if e is None else change(e) for e in (self.low, self.high))
        return LossClass(low, high, self.above, self.rests, tuple(map(change, self.gaps)), tuple(
            type(r)(change(r.lhs), change(r.rhs)) for r in self.rates))

    def between(self, i: Point, j: Point, name: str) -> Inequality | None:
        """F_i ≥ F_j + ⟨g_j, x_i − x_j⟩ + what the bounds of the curvature add."""
        d, e = i.x - j.x, i.g - j.g
        m, top = self.low, self.high
        first = i.value - j.value
        rest = -_inner(j.g, d)
        if m is not None and top is None:
            rest -= m * _inner(d, d) / 2
        elif m is not None:
            q = _inner(e, e) / top + m * _inner(d, d) - 2 * (m / top) * _inner(e, d)
            rest -= q / (2 * (1 - m / top))
        elif top is not None:  # F_j ≤ F_i + …
            first, rest = -first, -rest + top * _inner(d, d) / 2
        else:
            return None
        return Inequality(name, first, rest)

    def at(self, i: Point, k: int) -> Inequality:
        """One of the gaps at a point."""
        p = sympy.Poly(self.gaps[k], F, g, theta)
        gram = (p.coeff_monomial(g**2) * _inner(i.g, i.g) + p.coeff_monomial(g * theta) * _inner(i.g, i.x)
                + p.coeff_monomial(theta**2) * _inner(i.x, i.x))
        return Inequality(f"{self.gaps[k]} >= 0 at {i.name}", p.coeff_monomial(F) * i.value, gram)

    def inequalities(self, points: list[Point]) -> list[Inequality]:
        """All that hold between the points and the minimum."""
        width, count = points[0].x.shape[1], points[0].value.shape[1]
        star = Point("the minimum", sympy.zeros(1, width), sympy.zeros(1, width), sympy.zeros(1, count))
        every = points + [star] * self.rests
        found = [self.between(i, j, f"{i.name} above {j.name}") for i in every for j in every if i is not j]
        out = [q for q in found if q is not None]
        if self.above and not (self.rests and self.low is not None and self.low.is_nonnegative):  # F(θ − g/L) ≥ 0
            share = 1 / (2 * self.high) if self.high is not None and self.high.is_positive else 0
            out += [Inequality(f"F >= |g|^2*{share} at {i.name}", i.value, -share * _inner(i.g, i.g)) for i in points]
        return out + [self.at(i, k) for i in points for k in range(len(self.gaps))]


def _rests(gap) -> bool:
    """Whether a gap is c − aF + …, a > 0, without a positive multiple of g²: with F ≥ 0 it says F = 0 at θ = 0."""
    share = gap.coeff(g, 2)
    return bool(gap.coeff(F).is_negative and (share == 0 or share.is_negative))


def _follows(e, rates) -> bool:
    """Whether an expression in the parameters is ≥ 0 by what is assumed of them."""
    try:
        return Region(rates).never_negative(e) is not None
    except Unbounded:
        return False


def _inner(a: Matrix, b: Matrix) -> Matrix:
    """The matrix of ⟨a, b⟩."""
    return (a.T * b + b.T * a) / 2


@dataclass
class Point:
    """Where the loss was looked at: its place and gradient in the common vectors, its value among the values."""

    name: str
    x: Matrix
    g: Matrix
    value: Matrix


@dataclass
class Points(Descended):
    """A loss in symbols that remembers where it was asked: each place has a gradient and a value of its own."""

    name, dim = "F", 1
    places: list[sympy.Expr] = field(default_factory=list)
    gradients: list[Symbol] = field(default_factory=list)
    values: list[Symbol] = field(default_factory=list)

    def find(self, place) -> int:
        place = sympy.sympify(place[0] if isinstance(place, np.ndarray) else place)
        for k, other in enumerate(self.places):
            if place == other or _near(place, other) and vanishes(place - other):
                return k
        k = len(self.places)
        self.places.append(place)
        self.gradients.append(Fresh(f"g{k}", real=True))
        self.values.append(Fresh(f"F{k}", real=True))
        return k

    def value(self, theta):
        return self.values[self.find(theta)]

    def gradient(self, theta):
        slope = self.gradients[self.find(theta)]
        return Vector([slope]) if isinstance(theta, np.ndarray) else slope

    def oracle(self, theta) -> Oracle:
        return _AtPoint(self, theta)


def _near(a, b) -> bool:
    """Whether two expressions have about the same value at some numbers: if not, they are different."""
    at = {x: sympy.Float(1 + 1 / (k + 1.5)) for k, x in enumerate(sorted((a - b).free_symbols, key=str))}
    gap = (a - b).xreplace(at).evalf()
    return bool(gap.is_number and gap.is_finite and abs(gap) < 1e-9)


class _AtPoint(Oracle):
    def __init__(self, loss: Points, theta):
        self.loss, self.theta = loss, theta

    def ask(self, quantity):
        if quantity in ("value", "gradient"):
            return getattr(self.loss, quantity)(self.theta)
        raise Unreadable(f"the step or V asks for the {quantity} of F, which inequalities between points do not know")


class Step:
    """One step of an algorithm from the state n, and V before and after it, in vectors and values.

    vectors : the symbols of the state's blocks and of the gradients, a basis.  points : where the loss was looked at.
    before, after : (row of values, matrix of inner products) of V.
    """

    def __init__(self, flow: Flow, scheme: Scheme, h, function: Callable, n: Symbol):
        self.points_of = loss = Points()
        if any(isinstance(name, scalar) for name in flow.memory):
            raise Unreadable("the flow has memory of one number, so its step is not linear")
        field_ = Field(flow, loss)
        old = {name: Fresh(str(name), real=True) for name in flow.blocks}
        y = field_.pack({name: Vector([x]) for name, x in old.items()})
        loss.find(old["theta"])
        self.implicit = isinstance(scheme, ImplicitEuler)
        if self.implicit:  # y = y⁺ − h f(y⁺): read from its end
            new, y = field_.state((n + 1) * h, y), y - h * field_((n + 1) * h, y)
            state = field_.state(n * h, y)
        else:
            new = field_.state((n + 1) * h, scheme.symbolic_step(field_, n * h, y, h))
            state = field_.state(n * h, y)
        self.V = [self._read(function, s) for s in (state, new)]
        first, last = ("theta_n", "theta_n+1") if not self.implicit else ("theta_n+1", "theta_n")
        self.names = {0: first, loss.find(state.theta if first != "theta_n" else new.theta): last}
        count = len(loss.places)
        self.vectors = [*old.values(), *loss.gradients]
        self.values = loss.values
        self.points = []
        for k, place in enumerate(loss.places):
            row = self._row(place)
            unit = sympy.zeros(1, len(self.vectors))
            unit[len(old) + k] = 1
            value = sympy.zeros(1, count)
            value[k] = 1
            self.points.append(Point(self.names.get(k, f"x{k}"), row, unit, value))
        self.before, self.after = (self._form(v) for v in self.V)

    def _read(self, function, s: State) -> sympy.Expr:
        V = function(s, self.points_of.oracle(s.theta))
        if np.ndim(V) or isinstance(V, sympy.NDimArray):
            raise ValueError("V(s, oracle) is one number: write total(...) around what is summed over coordinates, as "
                             "in oracle.value + total(s.v**2)/2")
        return as_decimals(V)

    def _row(self, e) -> Matrix:
        """The coefficients of a linear expression in the vectors."""
        e = as_decimals(e)
        if sympy.expand(e.xreplace(dict.fromkeys(self.vectors, 0))) != 0:
            raise Unreadable("the step does not leave the minimum where it is")
        row = Matrix([[e.diff(x) for x in self.vectors]])
        if row.has(*self.vectors) and sympy.simplify(row).has(*self.vectors) or not _near(
                e, sum((c * x for c, x in zip(row, self.vectors, strict=True)), sympy.S.Zero)):
            raise Unreadable("the step is not linear in the state and the gradients")
        return row

    def _form(self, V) -> tuple[Matrix, Matrix]:
        """(row of values, matrix of inner products) of V."""
        rest = dict.fromkeys((*self.values, *self.vectors), 0)
        if any(sympy.expand(e.xreplace(rest)) != 0 for e in (V, *(V.diff(x) for x in self.vectors))):
            raise Unreadable(f"V = {V} does not vanish at the minimum, or is linear in the state there")
        slopes = [V.diff(x) for x in self.vectors]
        gram = Matrix(len(slopes), len(slopes), lambda i, j: slopes[i].diff(self.vectors[j]) / 2)
        values = Matrix([[V.diff(f) for f in self.values]])
        terms = [c * f for c, f in zip(values, self.values, strict=True)]
        terms += [c * self.vectors[i] * self.vectors[j] for (i, j), c in gram.todok().items()]
        if not _near(V, sympy.Add(*terms)):
            raise Unreadable(f"V = {V} is not linear in values of F and quadratic in vectors")
        return values, gram

    @property
    def stated(self) -> tuple[Matrix, Matrix]:
        """V at the state whose blocks are the vectors: before an explicit step, after an implicit one."""
        return self.after if self.implicit else self.before

    @property
    def energy(self) -> sympy.Expr:
        """V there."""
        return self.V[self.implicit]

    def place(self, k: int) -> str:
        """What a point of V is called."""
        return "theta" if k == 0 else self.points[k].name

    def meaning(self, spoken: Callable) -> tuple[str, ...]:
        """The points of V that have no name of their own."""
        return tuple(f"{p.name} = {sum((spoken(c) * x for c, x in zip(p.x, self.vectors, strict=True)), sympy.S.Zero)}"
                     for k, p in enumerate(self.points) if k not in self.names and self.stated[0][k] != 0)

    @property
    def matrices(self) -> list[Matrix]:
        """All coefficients that depend on parameters."""
        return [*self.before, *self.after, *(p.x for p in self.points)]

    def mapped(self, change: Callable) -> Step:
        """The step with its parameters changed."""
        out = copy.copy(self)
        out.points = [replace(p, x=p.x.applyfunc(change)) for p in self.points]
        out.before, out.after = (tuple(m.applyfunc(change) for m in form) for form in (self.before, self.after))
        return out


def on_quadratic(points: list[Point], curvature) -> Matrix:
    """The vectors, a row each, in those before the gradients, on F = curvature |θ|²/2."""
    blocks = points[0].x.shape[1] - len(points)
    rows = [sympy.eye(blocks)[i, :] for i in range(blocks)] + [None] * len(points)
    while None in rows:
        k = next(k for k, p in enumerate(points) if rows[blocks + k] is None and all(
            rows[i] is not None for i, c in enumerate(p.x) if c != 0))
        place = sum((c * rows[i] for i, c in enumerate(points[k].x) if c != 0), sympy.zeros(1, blocks))
        rows[blocks + k] = (curvature * place).applyfunc(sympy.factor)
    return Matrix.vstack(*rows)
