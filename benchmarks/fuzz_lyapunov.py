"""Random flows × energies × assumptions against the verdicts of `lyapunov`: none may be refuted by numbers.

    python benchmarks/fuzz_lyapunov.py [--count N] [--seed N] [--workers N] [--limit SECONDS]

- A PROVED claim is followed by numbers: V (V e^(kt) where a rate k is claimed) along the flow on random losses of its
  class, in 1 to 3 dimensions, may not grow, at rates inside its conditions and on their bounds.
- A REFUTED claim must come with a loss of its class, a state and a flow on which V does grow.
- A bound on the step (`check_step`) is tried at the bound itself; where it is called sharp, just beyond it V must rise.
"""

from __future__ import annotations

import argparse
import collections
import functools
import multiprocessing
import signal
import time
from collections.abc import Callable
from dataclasses import make_dataclass
from typing import NamedTuple

import numpy as np
import sympy

from arithmetic import SymbolicLoss, Vector, absolute, diagonal, maximum, sign, sqrt, total
from flows import Flow, State, scalar
from lyapunov import Energy, H, Status, check, check_step
from networks import Loss
from schemes import EnergyControl, Euler, SequentialEuler, pair

RATES = sympy.symbols("a b", positive=True)
TERMS = {  # of the slope of a memory block or of θ, in (flow, state, oracle)
    "g": lambda f, s, o: o.gradient,
    "m": lambda f, s, o: s.m,
    "v": lambda f, s, o: s.v,
    "θ": lambda f, s, o: s.theta,
    "sign g": lambda f, s, o: sign(o.gradient),
    "sign m": lambda f, s, o: sign(s.m),
    "|m|": lambda f, s, o: absolute(s.m),
    "g/√v": lambda f, s, o: o.gradient / (sqrt(s.v) + 1),
    "m/√v": lambda f, s, o: s.m / (sqrt(s.v) + 1),
    "Hg": lambda f, s, o: o.hessian_product(o.gradient),
    "Hm": lambda f, s, o: o.hessian_product(s.m),
    "diag(H)g": lambda f, s, o: diagonal(o.hessian) * o.gradient,
    "g²": lambda f, s, o: o.gradient**2,
    "m³": lambda f, s, o: s.m**3,
    "max(0, g)": lambda f, s, o: maximum(o.gradient, 0 * o.gradient),
    "g/(1+t)": lambda f, s, o: o.gradient / (1 + s.t),
    "cg": lambda f, s, o: s.c * o.gradient,
    "g/|g|": lambda f, s, o: o.gradient / sqrt(1 + total(o.gradient**2)),
    "F g": lambda f, s, o: o.value * o.gradient,
}
ENERGIES = {
    "F": lambda s, o: o.value,
    "m²": lambda s, o: total(s.m**2),
    "m²/√v": lambda s, o: total(s.m**2 / (sqrt(s.v) + 1)),
    "θ²": lambda s, o: total(s.theta**2),
    "|m|": lambda s, o: total(absolute(s.m)),
    "g²": lambda s, o: total(o.gradient**2),
    "gm": lambda s, o: total(o.gradient * s.m),
    "√v": lambda s, o: total(sqrt(s.v)),
    "tF": lambda s, o: s.t * o.value,
    "v": lambda s, o: total(s.v),
    "cF": lambda s, o: s.c * o.value,
}
NUMBERS = [sympy.Rational(k, 2) for k in (-4, -2, -1, 1, 1, 2, 2, 3, 4, 8)] + list(RATES)


def number(rng, positive: float = 0.8):
    """A weight: a small number or a rate, mostly positive."""
    x = NUMBERS[rng.integers(len(NUMBERS))]
    return abs(x) if rng.random() < positive else x


def combination(rng, choices: dict, most: int, first: str | None = None) -> tuple:
    """[(weight, name)] of a random linear combination."""
    names = list(rng.choice(list(choices), rng.integers(1, most + 1), replace=False))
    return tuple((number(rng), str(name)) for name in dict.fromkeys([first] * (first is not None) + names))


#: Slopes of θ and m, and energies, that belong together: claims that are true, or false by a little.
KIN = [
    ((("1", "g"),), None, (("1", "F"),)),
    ((("1", "m"),), (("a", "g"), ("-a", "m")), (("1", "F"), ("1/(2*a)", "m²"))),
    ((("1", "m/√v"),), (("a", "g"), ("-a", "m")), (("1", "F"), ("1/(2*a)", "m²/√v"))),
    ((("1", "sign m"),), (("a", "g"), ("-a", "m")), (("1", "F"), ("1/a", "|m|"))),
    ((("1", "g"), ("b", "m")), (("a", "g"), ("-1", "m")), (("1", "F"), ("b/(2*a)", "m²"))),
    ((("1", "g/√v"),), None, (("1", "F"),)),
    ((("1", "g/|g|"),), None, (("1", "F"),)),
    ((("1", "cg"),), None, (("1", "F"),)),
    ((("1", "g"),), None, (("1", "θ²"), ("1", "tF"))),
    ((("1", "g"), ("1", "Hg")), None, (("1", "F"),)),
    ((("1", "g"), ("1", "max(0, g)")), None, (("1", "F"),)),
    ((("1", "g"),), None, (("1", "g²"),)),
    ((("1", "m"),), (("a", "g"), ("-a", "m"), ("-1", "m³")), (("1", "F"), ("1/(2*a)", "m²"))),
]


#: Which blocks a term needs.
NEEDS = {name: {b for b in "mvc" if hasattr(f, "__code__") and b in f.__code__.co_names}
         for name, f in {**TERMS, **ENERGIES}.items()}
FREE = sympy.Symbol("L", positive=True)


class Claim(NamedTuple):
    """A random claim: V' ≤ −kV along a flow for a class of losses, as text and as what `check` takes."""

    text: str
    flow: Flow
    energy: Callable  # (s, oracle, the flow of other rates) -> V
    assuming: object = None
    rate: object = 0


def random_claim(rng) -> Claim:
    theta = combination(rng, {k: TERMS[k] for k in TERMS if k != "θ" or rng.random() < 0.2}, 2)
    m = (*combination(rng, TERMS, 1, "g"), (-number(rng, 1.0), "m"))
    parts = combination(rng, ENERGIES, 2, "F" if rng.random() < 0.8 else None)
    parts = tuple((sympy.S.One if name == "F" and rng.random() < 0.8 else w, name) for w, name in parts)
    if rng.random() < 0.75:
        near = [
            tuple((sympy.sympify(w, locals={str(x): x for x in RATES}), name) for w, name in terms or ())
            for terms in KIN[rng.integers(len(KIN))]
        ]
        theta, parts = near[0], near[2]
        m = near[1] or m
        if rng.random() < 0.5:
            theta += combination(rng, TERMS, 1)
        elif rng.random() < 0.3:
            parts += combination(rng, ENERGIES, 1)
    needed = set().union(*(NEEDS[name] for _, name in (*theta, *parts)))
    needed |= set().union(*(NEEDS[name] for _, name in m)) if "m" in needed else set()
    flow = random_flow(rng, theta, m, needed)
    assuming = [None, None, "convex", H <= FREE, ("convex", H <= 1), ("convex", H >= sympy.Rational(1, 2))][
        rng.integers(6)
    ]
    rate = sympy.S.Zero if rng.random() < 0.9 else sympy.Rational(int(rng.integers(1, 5)), 2)
    text = f"theta' = -({theta}), m' = {m}, V = {parts}, {flow}, {assuming}, rate {rate}"
    return Claim(text, flow, functools.partial(weighted, parts, flow), assuming, rate)


def weighted(parts, own: Flow, s, o, flow: Flow | None = None):
    """Σ weight × energy, the weights by the rates of `flow`: floats where these are."""
    flow = own if flow is None else flow
    rates = {x: getattr(flow, str(x)) for x in RATES}
    weights = [sympy.sympify(w).subs(rates) for w, _ in parts]
    if isinstance(flow.a, float):
        weights = [float(w) for w in weights]
    first, *rest = (w * ENERGIES[name](s, o) for w, (_, name) in zip(weights, parts, strict=True))
    return sum(rest, first)


def random_flow(rng, theta, m, needed) -> Flow:
    """θ' = −Σ of terms, with the blocks that they need."""

    @functools.cache
    def weights(self):
        exact = {x: getattr(self, str(x)) for x in RATES}
        found = [[sympy.sympify(w).subs(exact) for w, _ in terms] for terms in (theta, m)]
        return [[float(w) for w in row] for row in found] if isinstance(self.a, float) else found

    def field(self, s, o):
        def at(i, terms):
            first, *rest = (w * TERMS[name](self, s, o) for w, (_, name) in zip(weights(self)[i], terms, strict=True))
            return sum(rest, first)

        slopes = {"theta": -at(0, theta)}
        slopes |= {"m": at(1, m)} if "m" in needed else {}
        slopes |= {"v": self.b * (o.gradient**2 - s.v)} if "v" in needed else {}
        return slopes | ({"c": self.a * (1 - s.c)} if "c" in needed else {})

    body = {
        "memory": (*(x for x in "mv" if x in needed), *([scalar("c")] if "c" in needed else [])),
        "field": field,
        "nonnegative": tuple(x for x in "vc" if x in needed),
    }
    kind = make_dataclass("Random", [(str(r), float, 1.0) for r in RATES], bases=(Flow,), namespace=body, frozen=True)
    if rng.random() < 0.3:
        return kind.symbolic()
    return kind(a=sympy.Integer(1), b=sympy.Rational(int(rng.integers(1, 9)), 2))


class Quartic(NamedTuple):
    """F = θᵀMθ/2 + k Σθ⁴ + bθ + c, in floats and, with the same numbers, exactly."""

    M: np.ndarray
    k: float
    b: np.ndarray
    c: float

    def numeric(self) -> Loss:
        def columns(x, t):
            return x.reshape(*x.shape, *[1] * (np.ndim(t) - 1))

        return Loss.from_callables(
            len(self.b),
            lambda t: (t * (self.M @ t / 2 + self.k * t**3 + columns(self.b, t))).sum(axis=0) + self.c,
            lambda t: self.M @ t + 4 * self.k * t**3 + columns(self.b, t),
            hessian=lambda t: columns(self.M, t) + 12 * self.k * columns(np.eye(len(self.b)), t) * t**2,
        )

    def exact(self) -> SymbolicLoss:
        x = sympy.symbols(f"x1:{len(self.b) + 1}", real=True)
        M, b = (sympy.Matrix(a).applyfunc(sympy.Rational) for a in (self.M, self.b))
        X, k, c = sympy.Matrix(x), sympy.Rational(self.k), sympy.Rational(self.c)
        return SymbolicLoss((X.T * M * X / 2 + X.T * b)[0] + k * sum(y**4 for y in x) + c, x)


def random_loss(rng, dim: int, convex: bool, low, high) -> Quartic:
    """A quadratic, and where the curvature is not bounded a quartic, with its minimum 0 at 0 if convex."""
    A = rng.normal(size=(dim, dim))
    if low is None and high is None and not convex:
        M = A + A.T
    else:
        q, _ = np.linalg.qr(A)
        lowest = low if low is not None else 0.0 if convex else -3.0
        top = high if high is not None else lowest + 3
        M = q @ np.diag(np.where(rng.random(dim) < 0.3, lowest, rng.uniform(lowest, top, dim))) @ q.T
    k = rng.uniform(0, 1) if high is None else 0.0
    level, slope = (0.0, np.zeros(dim)) if convex else (float(rng.normal()), rng.normal(size=dim))
    return Quartic(M, k, slope, level)


def bounds(assuming, values) -> tuple:
    """(convex, low, high) of a class of losses."""
    relations = assuming if isinstance(assuming, tuple) else (assuming,)
    low = next((float(r.rhs) for r in relations if isinstance(r, sympy.Ge)), None)
    high = next((float(sympy.sympify(r.rhs).subs(values)) for r in relations if isinstance(r, sympy.Le)), None)
    return "convex" in relations, low, high


def within(rng, conditions, symbols) -> dict | None:
    """Numbers for symbols that meet the conditions, often on their bounds; None where none were drawn."""
    for _ in range(60):
        values = {x: sympy.Rational(2) ** int(rng.integers(-3, 4)) for x in symbols}
        for c in conditions:
            if isinstance(c, sympy.Eq) or rng.random() < 0.5:
                for x, other in ((c.lhs, c.rhs), (c.rhs, c.lhs)):
                    if x in values and not other.has(x):
                        values[x] = sympy.sympify(other).subs(values)
                        break
        if all(v.is_positive for v in values.values()) and all(c.subs(values) == sympy.true for c in conditions):
            return values
    return None


def grows(claim: Claim, conditions, rng, trials: int = 6) -> str:
    """A loss and a state at which V e^(kt) grows along the flow, as text; empty where none was met.

    Differences in floats propose states; a difference may reach across a seam, so `slope` decides.
    """
    for _ in range(trials):
        values = within(rng, conditions, (*RATES, FREE))
        if values is None:
            return ""
        exact = {str(x): sympy.sympify(getattr(claim.flow, str(x))).subs(values) for x in RATES}
        number_of = {x: float(v) for x, v in exact.items()}
        dim = int(rng.integers(1, 4))
        drawn = random_loss(rng, dim, *bounds(claim.assuming, values))
        loss, numeric, t = drawn.numeric(), type(claim.flow)(**number_of), float(rng.uniform(0.01, 3))
        field, lanes = numeric.on(loss), 64
        y = rng.normal(size=(field.size, lanes)) * 2.0 ** rng.integers(-3, 4, lanes)
        if "v" in field.blocks:
            y[field.blocks["v"]] = np.abs(y[field.blocks["v"]])
        if "c" in field.blocks:
            y[field.blocks["c"]] = 1 - np.exp(-number_of["a"] * t)

        def energy(t, y):
            s = field.state(t, y)  # noqa: B023
            return np.asarray(claim.energy(s, loss.oracle(s.theta), numeric), dtype=float)  # noqa: B023

        with np.errstate(all="ignore"):
            start, h = energy(t, y), 1e-6
            k1 = field(t, y)
            rise = (energy(t + h, y + h * k1) - energy(t - h, y - h * k1)) / (2 * h) + float(claim.rate) * start
            scale = 1 + np.abs(start) + np.abs(k1).sum(axis=0) ** 2 + (loss.gradient(field.theta(y)) ** 2).sum(axis=0)
            share = np.where(np.isfinite(rise), rise / scale, -np.inf)
        for i in np.argsort(-share, kind="stable")[:3]:
            if share[i] < 1e-8:
                break
            blocks = {name: y[place, i] for name, place in field.blocks.items()}
            if (found := slope(claim, type(claim.flow)(**exact), drawn.exact(), t, blocks)) > 1e-11 * scale[i]:
                return f"a loss of {dim} variables at {blocks}, t = {t}, rates {number_of}: V' + kV = {float(found)}"
    return ""


DIGITS, SHORT = 90, sympy.Rational(1, 2**140)


def slope(claim: Claim, flow: Flow, loss: SymbolicLoss, t: float, blocks: dict):
    """V' + kV along a flow at a state of floats off the seams, taken exactly: by a step on which no seam is."""

    def number(x):
        return sympy.N(sympy.sympify(x), DIGITS)

    def energy(s):
        return number(claim.energy(s, loss.oracle(s.theta), flow))

    at = {name: Vector(number(sympy.Rational(float(v))) for v in np.ravel(x)) for name, x in blocks.items()}
    at |= {"c": Vector([number(1 - sympy.exp(-flow.a * sympy.Rational(t)))])} if "c" in at else {}
    here = State(t=number(sympy.Rational(t)), **{n: x[0] if n == "c" else x for n, x in at.items()})
    slopes = flow.field(here, loss.oracle(here.theta))
    there = State(t=here.t + SHORT, **{n: getattr(here, n) + SHORT * slopes[n] for n in at})
    start, end = energy(here), energy(there)
    return (end - start) / SHORT + claim.rate * start


def outside(found, assuming) -> str:
    """Why a counterexample is none: V does not grow there, or the loss is not of the class; empty if it is one."""
    if found is None or not found.rise > 0:
        return "REFUTED without a loss"
    convex, low, high = bounds(assuming, {FREE: 1e12})  # a rate L of the class has the value that it has there
    line = np.linspace(-4, 4, 161)
    points = np.stack([line] + [line[::-1] * (i + 1) / 3 for i in range(1, found.loss.dim)])
    eigenvalues = np.linalg.eigvalsh(np.moveaxis(np.asarray(found.loss.hessian(points), dtype=float), -1, 0))
    lowest = low if low is not None else 0.0 if convex else -np.inf
    suspects = points[:, eigenvalues.min(axis=1) < lowest - 1e-9]
    too_low = suspects.size and not above(found.loss, lowest, suspects)
    if too_low or high is not None and eigenvalues.max() > high * (1 + 1e-9) + 1e-9:
        return f"REFUTED on a loss with curvatures from {eigenvalues.min()} to {eigenvalues.max()}"
    at_zero, F = np.zeros(found.loss.dim), found.loss.expression
    if F is not None:  # exactly: coefficients of high powers need be no floats
        there = [e.subs(dict.fromkeys(found.loss.symbols, 0)) for e in (F, *map(F.diff, found.loss.symbols))]
    else:
        there = [found.loss.value(at_zero), *found.loss.gradient(at_zero)]
    if convex and any(there):
        return "REFUTED on a loss whose minimum is not 0 at 0"
    return ""


def above(loss, lowest: float, points) -> bool:
    """Whether F'' ≥ lowest, exactly, as floats lose high powers: in one variable everywhere, else at these points."""
    if loss.expression is None or not np.isfinite(lowest):
        return False
    if loss.dim > 1:
        H = sympy.hessian(loss.expression, loss.symbols) - sympy.Rational(lowest) * sympy.eye(loss.dim)
        at = [dict(zip(loss.symbols, map(sympy.Rational, p), strict=True)) for p in points.T.tolist()]
        return all(H.subs(values).is_positive_semidefinite for values in at)
    x = loss.symbols[0]
    rest = sympy.Poly(loss.expression.diff(x, 2) - sympy.Rational(lowest), x)
    return rest.is_zero or rest.LC() > 0 and not any(f.count_roots() for f, k in rest.sqf_list()[1] if k % 2)


# ------------------------------------------------------------------------------------------------------ steps
def random_step(rng) -> tuple:
    """(text, flow, weight of v² in V, scheme, claimed ratio) of a linear flow with one memory or none."""
    weights = [number(rng) for _ in range(4)]
    first, second, friction, kinetic = weights
    memory = rng.random() < 0.75

    @functools.cache
    def weight(self, w):
        value = sympy.sympify(w).subs({x: getattr(self, str(x)) for x in RATES})
        return float(value) if isinstance(self.a, float) else value

    def field(self, s, o):
        at = functools.partial(weight, self)
        if not memory:
            return {"theta": -at(first) * o.gradient}
        mixed = {} if rates_of_g == 0 else {"theta": at(second) * s.v - at(rates_of_g) * o.gradient}
        return {"v": -at(first) * o.gradient - at(friction) * s.v, "theta": at(second) * s.v} | mixed

    rates_of_g = number(rng) if rng.random() < 0.3 else 0
    kinetic = sympy.Abs(second / first) if rng.random() < 0.7 else kinetic
    body = {"memory": ("v",) if memory else (), "field": field}
    kind = make_dataclass("Linear", [(str(r), float, 1.0) for r in RATES], bases=(Flow,), namespace=body, frozen=True)
    flow = kind.symbolic() if rng.random() < 0.4 else kind(a=sympy.Integer(1), b=sympy.Rational(1, 2))
    scheme = SequentialEuler() if rng.random() < 0.7 else Euler()
    ratio = [0, sympy.Rational(1, 2), sympy.Rational(1, 8)][rng.integers(3)]
    text = f"v' = -{first} g - {friction} v, theta' = {second} v - {rates_of_g} g, V = F + {kinetic} v²/2, {flow}, "
    text = text if memory else f"theta' = -{first} g, V = F, {flow}, "
    return f"{text}{type(scheme).__name__}, ratio {ratio}", flow, kinetic if memory else 0, scheme, ratio


def examine_step(rng) -> tuple[str, str]:
    """A bound on the step of a random linear flow against the largest eigenvalue of V⁺ − V + λ h D, for curvatures ≤ L.

    All is quadratic in (θ, v) on F = κ θ²/2, so numbers decide exactly: the form is read off at three states.
    """
    text, flow, kinetic, scheme, ratio = random_step(rng)
    weight = sympy.sympify(kinetic).subs({x: getattr(flow, str(x)) for x in RATES})
    energy = Energy(lambda s, o: o.value + (weight * total(s.v**2) / 2 if "v" in flow.memory else 0))
    claimed = [None, None, None, *(sympy.Rational(k, 8) for k in (1, 4, 12))][rng.integers(6)]
    given = {} if claimed is None else {"step": claimed, "curvature": 1}
    verdict = check_step(pair(flow, scheme, EnergyControl(energy)), energy, ratio=ratio, **given)
    if verdict.status == Status.UNDECIDED:
        return "step UNDECIDED", "" if verdict.reason else f"{text}: undecided without a reason"
    h, L = sympy.symbols("h L", positive=True)
    known = {} if claimed is None else {h: claimed, L: sympy.S.One}
    if verdict.status == Status.REFUTED:
        at = {x: verdict.witness.get(x, sympy.S.One) for x in (*RATES, h, L)} | known
        worst = largest(flow, weight, scheme, ratio, verdict, at, [1.0])
        return "step REFUTED", "" if worst > -1e-12 else f"{text}, step {claimed}: REFUTED, and numbers keep it"
    for _ in range(6):
        at = within(rng, [c for c in verdict.conditions if not c.has(sympy.oo)], (*RATES, h, L))
        if at is None:
            break
        at |= known
        shares = (1.0, 0.5, 0.0, -1.0, -16.0)
        if (worst := largest(flow, weight, scheme, ratio, verdict, at, shares)) > 1e-9:
            return "step PROVED", f"{text}, step {claimed}: {verdict.conditions} at {at}: V rises by {worst}"
        if verdict.sharp and len(verdict.conditions) == 1 and verdict.bound is not None and claimed is None:
            beyond = at | {h: verdict.bound.subs(at) * sympy.Rational(1001, 1000)}
            if largest(flow, weight, scheme, ratio, verdict, beyond, [1.0]) <= 0:
                return "step PROVED", f"{text}: called sharp, and beyond {verdict.bound} V falls at {at}"
    return "step PROVED", ""


def largest(flow, weight, scheme, ratio, verdict, at, shares) -> float:
    """The largest eigenvalue of V⁺ − V + λ h D over the square of its largest entry, on F = κθ²/2, κ = share × L."""
    h, L = sympy.symbols("h L", positive=True)
    numeric = type(flow)(**{str(x): float(sympy.sympify(getattr(flow, str(x))).subs(at)) for x in RATES})
    w, step = float(sympy.sympify(weight).subs(at)), float(at[h])
    symbols, oracle, _ = flow.coordinate()
    names = [symbols.theta, oracle.gradient, *([symbols.v] if flow.memory else [])]
    D = sympy.lambdify(names, sympy.sympify(verdict.dissipation).subs(at), "numpy")
    worst = -np.inf
    for share in shares:
        k = float(at[L]) * share
        loss = Loss.from_callables(1, lambda t, k=k: k * t[0] ** 2 / 2, lambda t, k=k: k * t)
        field = numeric.on(loss)
        n = field.size

        def form(y):
            new = scheme.step(field, 1.0, y, step)[0]  # noqa: B023
            old, moved = (field.state(1.0, z) for z in (y, new))  # noqa: B023
            gap = k * (moved.theta[0] ** 2 - old.theta[0] ** 2) / 2  # noqa: B023
            memory = [moved.v[0]] if flow.memory else []
            gap += w * (moved.v[0] ** 2 - old.v[0] ** 2) / 2 if flow.memory else 0
            return float(gap + float(ratio) * step * D(0.0, k * old.theta[0], *memory))  # noqa: B023

        units = np.eye(n)
        M = np.array([[(form(a + b) - form(a) - form(b)) / 2 for a in units] for b in units])
        size = np.abs(M).max() + 1e-3 * (abs(w) + abs(k))
        worst = max(worst, float(np.linalg.eigvalsh((M + M.T) / 2)[-1] / size))
    return worst


# ---------------------------------------------------------------------------------------------------- the run
def examine(seed: int) -> tuple[str, str]:
    """(status, what is wrong) of one random claim."""
    rng = np.random.default_rng(seed)
    if rng.random() < 0.15:
        return examine_step(rng)
    claim = random_claim(rng)
    try:
        verdict = check(claim.flow, Energy(claim.energy), assuming=claim.assuming, rate=claim.rate or None)
    except ValueError as error:
        return "refused", "" if len(str(error).split()) > 6 else f"{claim.text}: {error}"
    if verdict.status == Status.PROVED:
        if seed % 8 == 0 and not verdict.certificate.verify():
            return str(verdict.status), f"{claim.text}: the certificate is not verified"
        found = grows(claim, verdict.conditions, rng)
        return str(verdict.status), f"{claim.text}: PROVED, and {found}" if found else ""
    if verdict.status == Status.REFUTED:
        why = outside(verdict.counterexample, claim.assuming)
        return str(verdict.status), f"{claim.text}: {why}" if why else ""
    return str(verdict.status), "" if verdict.reason else f"{claim.text}: undecided without a reason"


class TooLong(BaseException):
    """The limit of one claim is over."""


def _over(*_):
    raise TooLong


def timed(seed: int, limit: int) -> tuple[int, str, str, float]:
    """(seed, status, what is wrong, seconds), with an end to each claim."""
    begin = time.perf_counter()
    signal.signal(signal.SIGALRM, _over)
    signal.alarm(limit)
    try:
        with np.errstate(all="ignore"):
            status, fault = examine(seed)
    except TooLong:
        status, fault = "over the limit", ""
    except Exception as error:  # noqa: BLE001 - a crash is what is looked for
        status, fault = "crashed", f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
    return seed, status, fault, time.perf_counter() - begin


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--limit", type=int, default=30, help="seconds for one claim")
    options = parser.parse_args(arguments)
    seen, wrong, begin, longest = collections.Counter(), 0, time.perf_counter(), (0.0, 0)
    seeds = range(options.seed, options.seed + options.count)
    with multiprocessing.Pool(options.workers, maxtasksperchild=200) as pool:
        run = functools.partial(timed, limit=options.limit)
        for i, (seed, status, fault, seconds) in enumerate(pool.imap_unordered(run, seeds, chunksize=4), 1):
            seen[status] += 1
            longest = max(longest, (seconds, seed))
            if fault:
                wrong += 1
                print(f"seed {seed}: {fault}", flush=True)
            if i % 500 == 0:
                print(f"{i}: {dict(seen)}, {time.perf_counter() - begin:.0f} s", flush=True)
    print(
        f"{dict(sorted(seen.items()))}: {wrong} wrong of {options.count}; {time.perf_counter() - begin:.0f} s, "
        f"the longest {longest[0]:.1f} s (seed {longest[1]})"
    )
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
