"""How fast an algorithm is: V(θ_{n+1}) ≤ ρ V(θ_n) for every loss of a class, by inequalities between a few points.

ρV − V⁺ = Σ λ_k Q_k + Σ d_i |ℓ_i|² with λ, d ≥ 0, where Q_k ≥ 0 holds for every loss of the class and the ℓ_i are
vectors in the state and the gradients: one identity of small matrices, the same in every dimension.  Which λ_k are not
0 is found in floats at a few parameters; they are then solved for in the parameters, from the values of F, from the
losses on which the claim is an equality and from minors that vanish, and what is proved is proved by exact algebra.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sympy
from sympy import Matrix, Max, Rational, Symbol

from arithmetic import Readable, aligned, entry, latex, worded
from flows import Flow, State
from networks import Loss
from schemes import Scheme

from . import members
from .classes import F, g, theta, told
from .exact import Certificate, Proof, Status, words
from .exact.lmi import Inside, deepest
from .exact.region import Region, Unbounded, number
from .interpolation import Inequality, LossClass, Point, Step, Unreadable, on_quadratic

SAMPLES = 6  # parameters at which floats say which inequalities are needed
SHALLOW = 1e-6  # a feasible point in floats is at least −SHALLOW deep


@dataclass(frozen=True)
class RateVerdict(Readable):
    """Whether V(θ_{n+1}) ≤ ρ V(θ_n) along an algorithm, for every loss of a class, every state and every dimension.

    status : PROVED, REFUTED or UNDECIDED.  rate : ρ.  gives : what that says of the iterates, in words.
    energy, decrease : V, and V⁺ − ρV, of one coordinate, in values F0, F1 …, gradients g0, g1 … at the points and the
    state.  points : what the points are.  multipliers : {inequality: λ} of the proof.
    conditions : the relations between the parameters that were assumed.  assuming : the class.
    counterexample : where REFUTED, a loss of the class and a state (see `SlowStep`).  reason : where UNDECIDED.
    """

    status: Status
    rate: sympy.Expr
    energy: sympy.Expr | None = None
    decrease: sympy.Expr | None = field(default=None, repr=False)
    points: tuple[str, ...] = ()
    gives: str = ""
    conditions: tuple = ()
    assuming: tuple = ()
    multipliers: dict = field(default_factory=dict)
    certificate: Certificate | None = None
    counterexample: Any = None
    reason: str = ""
    notes: tuple[str, ...] = ()

    def __str__(self):
        lines = [] if self.energy is None else [f"V  = {self.energy}"]
        lines += [f"{self.status}: {self._claim()}"]
        if self.gives:
            lines.append(f"so         {self.gives}")
        if self.assuming:
            lines.append(f"assuming   {words(self.assuming)}")
        lines += [f"where      {p}" for p in self.points]
        if self.certificate:
            lines.append(entry("because", *self.certificate.steps))
        if self.counterexample is not None:
            lines.append(f"such as    {self.counterexample}")
        return "\n".join([*lines, *(f"           {note}" for note in self.notes)])

    def _claim(self) -> str:
        return {"PROVED": f"V+ <= ({self.rate})*V for every loss of the class and every state",
                "REFUTED": f"V+ > ({self.rate})*V occurs"}.get(str(self.status), self.reason)

    def _repr_latex_(self) -> str:
        """The same in formulas, without the steps of the proof."""
        said = [f"{self.status}: {self._claim()}", *([f"so {self.gives}"] if self.gives else []),
                *([f"assuming {words(self.assuming)}"] if self.assuming else []), *(f"where {p}" for p in self.points)]
        return aligned([*([] if self.energy is None else [rf"V &= {latex(self.energy)}"]),
                        *("&" + worded(line) for line in said)])


class Decrease:
    """A form in values and vectors that is claimed to be ≥ 0: what the search for multipliers knows of a claim.

    values, gram : its coefficients.  inequalities : what holds for every loss of the class.  losses, points, region :
    the class, where the loss is looked at, the parameters.
    """

    values: Matrix
    gram: Matrix
    inequalities: list[Inequality]
    losses: LossClass
    points: list[Point]
    region: Region
    parameters: list[Symbol]
    roots: dict[Symbol, sympy.Expr]  # {x: r²}: what is under a root, as a square

    def measure(self, *further: sympy.Expr) -> None:
        """Parameters and region of the coefficients; raises Unreadable where they are not rational in such."""
        entries = [*further, *self.values, *self.gram,
                   *(e for q in self.inequalities for m in (q.values, q.gram) for e in m)]
        self.parameters = sorted(set().union(*(e.free_symbols for e in entries)), key=str)
        if any(x.is_nonnegative is not True for x in self.parameters):
            raise Unreadable(f"the parameters must be positive symbols: {', '.join(map(str, self.parameters))}")
        if irrational := [e for e in entries if any(p.exp.is_Rational and p.exp.q > 1 for p in e.atoms(sympy.Pow))]:
            raise Unreadable(f"{irrational[0]} is no rational function of the parameters")
        self.region = Region(self.losses.rates, entries)

    def plain(self, e) -> sympy.Expr:
        """An expression with squares for what is under a root."""
        return sympy.powdenest(sympy.sympify(e).xreplace(self.roots), force=True)

    def spoken(self, e) -> sympy.Expr:
        """An expression in the parameters of the user."""
        return sympy.factor(e).xreplace({r.base: sympy.sqrt(x) for x, r in self.roots.items()})

    def weights(self, multipliers: dict[int, sympy.Expr]) -> str:
        """The multipliers, each with its inequality, in words."""
        return ", ".join(f"{self.spoken(e)} of [{self.inequalities[k].name}]"
                         for k, e in multipliers.items() if e != 0)

    def slack(self, multipliers: dict[int, sympy.Expr]) -> tuple[Matrix, Matrix]:
        """What is left of values and inner products when the inequalities are taken off."""
        values, gram = self.values, self.gram
        for k, weight in multipliers.items():
            values -= weight * self.inequalities[k].values
            gram -= weight * self.inequalities[k].gram
        return values, gram

    def on_quadratic(self, curvature) -> tuple[Matrix, Matrix]:
        """(the vectors in the state's blocks, the form in those) on F = curvature |θ|²/2."""
        W = on_quadratic(self.points, curvature)
        form = W.T * self.gram * W
        for weight, p in zip(self.values, self.points, strict=True):
            form += weight * curvature * (p.x * W).T * (p.x * W) / 2
        return W, form.applyfunc(_tidy)


@dataclass
class Claim(Decrease):
    """ρV − V⁺ ≥ 0 of one step, with what is known of the losses and the parameters."""

    flow: Flow
    scheme: Scheme
    h: sympy.Expr
    function: Callable
    rate: sympy.Expr
    relations: tuple
    n: Symbol

    def __post_init__(self):
        self.losses = LossClass.of(self.relations)
        self.step = Step(self.flow, self.scheme, self.h, self.function, self.n)
        entries = [e for m in self.step.matrices for e in m] + [self.rate, sympy.sympify(self.h)]
        self.roots = Region(self.losses.rates, entries).squares
        self.step, self.losses = self.step.mapped(lambda e: _tidy(self.plain(e))), self.losses.mapped(self.plain)
        if any(e.has(*self.step.vectors, *self.step.values) for m in self.step.matrices for e in m):
            raise Unreadable("the step is not linear, or V not quadratic, in the state and the gradients")
        self.ratio, self.points = self.plain(self.rate), self.step.points
        self.inequalities = self.losses.inequalities(self.step.points)
        (f, G), (f1, G1) = self.step.before, self.step.after
        self.values, self.gram = self.ratio * f - f1, self.ratio * G - G1
        self.measure(*(e for m in self.step.matrices for e in m), self.ratio, self.plain(self.h))

    def numbers(self, at: dict) -> dict:
        """Numbers for the parameters of the user."""
        return {x: r.xreplace(at) for x, r in self.roots.items() if r.base in at} | {
            x: v for x, v in at.items() if x not in {r.base for r in self.roots.values()}}


@functools.lru_cache(maxsize=4096)
def _tidy(e):
    """In lowest terms; the multipliers of one claim after another are asked for the same entries."""
    return sympy.cancel(sympy.together(e))


@dataclass
class Found:
    """Multipliers of a claim with ρV − V⁺ − Σ λQ = Σ d|ℓ|²: `squares` are the pairs (d, ℓ)."""

    multipliers: dict[int, sympy.Expr]
    squares: list[tuple[sympy.Expr, Matrix]]
    proofs: list[Proof]


def search(claim: Decrease) -> Found | str:
    """Multipliers that prove a claim, or why none were found."""
    if not claim.inequalities:
        return "nothing is assumed of the loss that relates its values at different points"
    tight, active = _tight(claim)
    unknowns = {k: sympy.Dummy(f"lambda_{k}") for k in active}
    samples = list(claim.region.samples(claim.parameters, SAMPLES if claim.parameters else 1, seed=1))
    if not samples:
        return "no parameters were found that meet the relations between them"
    problems = [Numbers(claim, at, tight, active) for at in samples]
    insides = [p.inside(active) for p in problems]
    if min(depths := [i.depth for i in insides]) < -SHALLOW:
        k = int(np.argmin(depths))
        at = ", ".join(f"{x} = {v}" for x, v in samples[k].items())
        return f"no combination of the inequalities between the points proves it{f' at {at}' if at else ''}"
    weights = dict(zip(active, insides[0].multipliers, strict=True))
    tried: list[list[int]] = []
    orders: list[list[int]] = [sorted(active, key=lambda k: weights[k]), active, active[::-1]]
    for order in (*orders, *([[]] if not claim.parameters else [])):  # at last, of numbers, all of them
        needed = list(active)
        for k in order:
            fewer = [j for j in needed if j != k]
            if all(p.inside(fewer, 0.0).depth >= -SHALLOW for p in problems):
                needed = fewer
        if needed in tried:
            continue
        tried.append(needed)
        for multipliers in _solved(claim, needed, unknowns, tight, problems):
            if (found := prove(claim, multipliers)) is not None:
                return found
    names = ", ".join(claim.inequalities[k].name for k in needed)
    return f"floats say that it holds by {names}, but no exact multipliers of these were found"


def _tight(claim: Decrease) -> tuple[list[Matrix], list[int]]:
    """Vectors on which the claim is an equality, for quadratic losses of the class, and the inequalities tight there.

    In a proof each of these vectors is in the kernel of the slack, and no other inequality has a multiplier.
    """
    tight, active = [], list(range(len(claim.inequalities)))
    for curvature in dict.fromkeys(c for c in (claim.losses.low, claim.losses.high) if c is not None):
        if any(_tidy(gap_on(gap, curvature)).is_negative for gap in claim.losses.gaps):
            continue
        W, form = claim.on_quadratic(curvature)
        if not claim.losses.above or sympy.factor(form.det()) != 0:
            continue
        for u in form.nullspace():
            w = (W * u).applyfunc(_tidy)
            if all(e == 0 for e in w):
                continue
            tight.append(w)
            heights = Matrix([curvature * (p.x * w)[0] ** 2 / 2 for p in claim.points])
            active = [k for k in active if _tidy(
                (claim.inequalities[k].values * heights)[0] + (w.T * claim.inequalities[k].gram * w)[0]) == 0]
    return tight, active


def gap_on(gap, curvature):
    """A gap of a class on F = curvature θ²/2 at θ = 1."""
    return gap.subs({F: curvature / 2, g: curvature, theta: 1}, simultaneous=True)


class Numbers:
    """A claim at some parameters, in floats, with the known kernel of the slack split off."""

    def __init__(self, claim: Decrease, at: dict, tight: list[Matrix], active: list[int]):
        self.at, self.active = at, active
        self._inside: dict[tuple, Inside] = {}

        def numbers(m):
            return np.array(Matrix(m).xreplace(at).evalf(20).tolist(), dtype=float)

        S0, S = numbers(claim.gram), [numbers(claim.inequalities[k].gram) for k in active]
        kernel = np.hstack([numbers(w) for w in tight]) if tight else np.zeros((len(S0), 0))
        units = np.sqrt(np.maximum.reduce([np.abs(np.diag(m)) for m in (S0, *S)]))
        units[units == 0] = 1.0  # of the vectors, so that all entries are of one size
        S0, S, kernel = S0 / np.outer(units, units), [s / np.outer(units, units) for s in S], kernel * units[:, None]
        kernel = kernel / np.maximum(np.linalg.norm(kernel, axis=0), 1e-300)
        lines = [numbers(claim.inequalities[k].values)[0] for k in active]
        self.sizes = np.array([max(np.abs(s).max(), np.abs(f).max()) for s, f in zip(S, lines, strict=True)])
        S, lines = ([x / size for x, size in zip(m, self.sizes, strict=True)] for m in (S, lines))
        turn, sizes, _ = np.linalg.svd(kernel)
        P = turn[:, (sizes > 1e-9).sum():]
        self.S0, self.S = P.T @ S0 @ P, np.array([P.T @ s @ P for s in S]).reshape(len(S), P.shape[1], P.shape[1])
        rows = [np.column_stack(lines) if lines else np.zeros((len(claim.points), 0))]
        right = [numbers(claim.values)[0]]
        for w in kernel.T:
            rows.append(np.column_stack([s @ w for s in S]) if S else np.zeros((len(w), 0)))
            right.append(S0 @ w)
        self.A, self.b = np.vstack(rows), np.concatenate(right)

    def inside(self, chosen: list[int], enough: float = 1.0):
        key = (*chosen, enough)  # orders of leaving one out after the other begin alike
        if key not in self._inside:
            k = [self.active.index(j) for j in chosen]
            found = deepest(self.S0, self.S[k], self.A[:, k], self.b, enough)
            self._inside[key] = found._replace(multipliers=found.multipliers / self.sizes[k])
        return self._inside[key]

    def admits(self, multipliers: dict) -> bool:
        """Whether multipliers are right in floats."""
        exact = [sympy.sympify(multipliers.get(k, 0)).xreplace(self.at) for k in self.active]
        if not all(w.is_real for w in exact):
            return False
        weights = np.array(exact, dtype=float) * self.sizes
        M = self.S0 - np.tensordot(weights, self.S, axes=1)
        scale = 1 + np.abs(M).max(initial=0) + np.abs(weights).max(initial=0)
        return min(weights, default=0) >= -1e-9 * scale and np.linalg.eigvalsh(M).min(initial=0) >= -1e-9 * scale


def _solved(claim: Decrease, needed, unknowns, tight, problems) -> Iterator[dict]:
    """Exact multipliers, as expressions in the parameters: from the linear equations, then from vanishing minors."""
    symbols = [unknowns[k] for k in needed]
    values, gram = claim.slack({k: unknowns[k] for k in needed})
    equations = [e for e in map(_tidy, (*values, *(e for w in tight for e in gram * w))) if e != 0]
    tops = [sympy.fraction(e)[0] for e in equations]
    solutions = sympy.solve(tops, symbols, dict=True) if equations else [{}]
    for solution in solutions:
        start = {k: solution.get(unknowns[k], unknowns[k]) for k in needed}
        if not claim.parameters:  # of numbers, what floats found, rounded
            weights = dict(zip(symbols, problems[0].inside(needed).multipliers, strict=True))
            for most in (1, 2, 10, 1000, 10**6):
                near = {x: Rational(w).limit_denominator(most) for x, w in weights.items()}
                rounded = {k: _tidy(e.xreplace(near)) for k, e in start.items()}
                if problems[0].admits(rounded):
                    yield rounded
        yield from _finished(start, gram.subs(solution).applyfunc(_tidy), symbols, problems)


def _finished(multipliers: dict, S: Matrix, symbols, problems, deep: int = 0) -> Iterator[dict]:
    free = [x for x in symbols if any(e.has(x) for e in multipliers.values())]
    if not free:
        if all(p.admits(multipliers) for p in problems):
            yield multipliers
        return
    if len(free) > 3 or deep > 3:
        return
    for x, value in _roots(S, free):
        yield from _finished({k: _tidy(e.subs(x, value)) for k, e in multipliers.items()},
                             S.subs(x, value).applyfunc(_tidy), symbols, problems, deep + 1)
    x = free[-1]
    if not any(e.subs(x, 0).has(sympy.zoo, sympy.nan) for e in (*multipliers.values(), *S)):
        yield from _finished({k: _tidy(e.subs(x, 0)) for k, e in multipliers.items()}, S.subs(x, 0).applyfunc(_tidy),
                             symbols, problems, deep + 1)


def _roots(S: Matrix, free) -> Iterator[tuple]:
    """(x, value) at which minors of the slack vanish, or touch 0: where no other choice of the rest is left."""
    seen = set()
    for size in range(1, S.rows + 1):
        for rows in itertools.combinations(range(S.rows), size):
            minor = sympy.fraction(_tidy(S.extract(list(rows), list(rows)).det()))[0]
            polynomials = [minor]
            for y in free:
                if len(free) > 1 and minor.is_polynomial(y) and sympy.degree(minor, y) == 2:
                    polynomials.append(sympy.discriminant(minor, y))
            for f in polynomials:
                if f == 0:
                    continue
                for p, _ in sympy.factor_list(f)[1]:
                    used = [x for x in free if p.has(x)]
                    if len(used) == 1 and sympy.degree(p, used[0]) == 1:
                        root = (used[0], _tidy(sympy.solve(p, used[0])[0]))
                        if root not in seen:
                            seen.add(root)
                            yield root


def prove(claim: Decrease, multipliers: dict[int, sympy.Expr]) -> Found | None:
    """The squares that complete the multipliers to an identity, if all weights are proved to be ≥ 0, else None."""
    values, S = claim.slack(multipliers)
    if any(_tidy(e) != 0 for e in values):
        return None
    proofs = [claim.region.never_negative(e) for e in multipliers.values()]
    squares = [] if None in proofs else eliminated(S)
    if squares is None or None in proofs:
        return None
    proofs += [claim.region.never_negative(d) for d, _ in squares]
    return None if None in proofs else Found(multipliers, squares, [p for p in proofs if p is not None])


def eliminated(S: Matrix) -> list[tuple[sympy.Expr, Matrix]] | None:
    """Pairs (d, ℓ) with S = Σ d ℓᵀℓ by elimination; None where a diagonal entry is 0 and its row is not."""
    S, out = S.applyfunc(_tidy), []
    while any(e != 0 for e in S):
        k = next((k for k in range(S.rows) if S[k, k] != 0), None)
        if k is None:
            return None
        row = (S[k, :] / S[k, k]).applyfunc(_tidy)
        out.append((S[k, k], row))
        S = (S - S[k, k] * row.T * row).applyfunc(_tidy)
    return out


# ------------------------------------------------------------------------------------------------------- the referee
@dataclass(frozen=True)
class RateChain:
    """From the definitions of a flow, a scheme and V to the weights that were proved ≥ 0: what `verify` looks at."""

    claim: Claim
    found: Found

    def again(self) -> str:
        """What speaks against the proof, or against what it proves; empty if nothing does."""
        claim = self.claim
        fresh = Claim(claim.flow, claim.scheme, claim.h, claim.function, claim.rate, claim.relations, claim.n)
        if (proved := prove(fresh, self.found.multipliers)) is None:
            return "the multipliers do not prove the claim"
        samples = list(fresh.region.samples(fresh.parameters, 6, seed=7)) if fresh.parameters else [{}]
        if not samples:
            return "no parameters were found to try it on"
        for at in samples:
            if any(sympy.sympify(e).xreplace(at).is_negative is not False for e in (
                    *proved.multipliers.values(), *(d for d, _ in proved.squares))):
                return "a weight is negative"
        for at in samples[:2]:
            said = members.identity(fresh.flow, fresh.scheme, fresh.h, fresh.function, fresh.rate, fresh.n,
                                    fresh.numbers(at), lambda blocks, find, at=at: self._right(blocks, find, at))
            if said:
                return said
        return attacked(fresh, proved.multipliers, samples[:3])

    def _right(self, blocks: dict, find: Callable, at: dict):
        """Σ λQ + Σ d|ℓ|² of the vectors and values that the definitions gave."""
        f, found = forms(self.claim, at, self.found.multipliers), self.found
        values, inner = f.look([blocks[name] for name in self.claim.flow.blocks], lambda x: find(x)[0],
                               lambda x: find(x)[1])
        squares = [([0] * len(values), np.array((row.T * row).xreplace(at).tolist())) for _, row in found.squares]
        weights = [*found.multipliers.values(), *(d for d, _ in found.squares)]
        return sum(w.xreplace(at) * f.of(form, values, inner)[0]
                   for w, form in zip(weights, (*f.used, *squares), strict=True))


def forms(claim: Claim, at: dict, used=()) -> members.Forms:
    """A claim at some parameters, for numbers."""
    def exact(form):
        return tuple(np.array(Matrix(m).xreplace(at).applyfunc(number).tolist(), dtype=object) for m in form)

    def row(m):
        values, gram = exact(m)
        return values[0], gram

    points = np.array([exact([p.x])[0][0] for p in claim.step.points])
    inequalities = [row((claim.inequalities[k].values, claim.inequalities[k].gram)) for k in used]
    return members.Forms(len(claim.flow.blocks), points, row(claim.step.before), row(claim.step.after),
                         number(claim.ratio.xreplace(at)), inequalities)


def bends(claim: Claim, at: dict, count: int, seed: int = 0) -> list[members.Bends]:
    """Losses of the class, of one variable."""
    losses = claim.losses
    low, high = (None if e is None else number(e.xreplace(at)) for e in (losses.low, losses.high))
    gaps = [sympy.lambdify([F, g, theta], sympy.Poly(gap.xreplace(at), F, g, theta).clear_denoms()[1].as_expr())
            for gap in losses.gaps]  # with whole coefficients, so that fractions stay exact
    return list(members.members(low, high, losses.above, gaps, count, seed))


def attacked(claim: Claim, multipliers: dict, samples: list[dict]) -> str:
    """A loss of the class on which a step breaks the claim, or an inequality that was used; empty if none is met."""
    rng = np.random.default_rng(3)
    for seed, at in enumerate(samples):
        f = members.in_floats(forms(claim, at, multipliers))
        losses = bends(claim, at, members.MEMBERS, seed)
        if not losses:
            return "no loss of the class was found to try it on"
        shapes = [(dim, members.turned([losses[int(i)] for i in rng.integers(0, len(losses), dim)], rng))
                  for dim in (1, 1, 1, 2, 2, 3)]
        shapes += [(1, members.turned([loss], rng)) for loss in losses[:6]]
        if not claim.losses.gaps and claim.losses.low is not None and claim.losses.high is not None:
            low, high = (float(e.xreplace(at)) for e in (claim.losses.low, claim.losses.high))
            shapes += [(2, members.log_cosh(low, high))] if low >= 0 else []
        if not claim.losses.rests and not any(gap.has(theta) for gap in claim.losses.gaps):
            # nothing says where the minimum is, nor, without another bound of F than F ≥ 0, that it is 0
            ups = (0,) if claim.losses.gaps else (0, 8) if claim.losses.above else (0, 8, -8)
            shapes += [(dim, members.moved(*shape, 3.0, up)) for dim, shape in shapes[:6] for up in ups]
        for dim, (gradient, value) in shapes:
            score, _, least = members.uphill(f, gradient, value, rng, dim)
            if score > 1e-9:
                return "a loss of the class breaks the claim"
            if least < -1e-9:
                return "a loss of the class breaks an inequality that the proof uses"
    return ""


def slow_step(claim: Claim) -> members.SlowStep | None:
    """A loss of the class and a state on which one step is slower than claimed, exactly, or None."""
    samples = list(claim.region.samples(claim.parameters, 6, seed=2)) if claim.parameters else [{}]
    for seed, at in enumerate(samples):
        at = {x: sympy.ceiling(v) if x == claim.n else v for x, v in at.items()}  # no state is between two steps
        exact = forms(claim, at)
        found = members.slowest(exact, bends(claim, at, members.MEMBERS, seed), seed)
        if found is not None and (seen := shown(claim, at, *found)) is not None:
            return seen
    return None


def shown(claim: Claim, at: dict, bend: members.Bends, state) -> members.SlowStep | None:
    """The step by the scheme itself on the loss, in exact numbers; None where V⁺ > ρV is not seen there."""
    blocks = {name: [v] for name, v in zip(claim.flow.blocks, state, strict=True)}
    numbers = claim.numbers(at)
    old, V, W = members.one_step(claim.flow, claim.scheme, claim.h, claim.function, claim.n, numbers,
                                 members.Bent(bend), blocks)
    rate = claim.ratio.xreplace(at)
    if (W - rate * V).is_positive is not True:
        return None
    x = Symbol("x", real=True)
    loss = Loss.from_expression(bend.expression(x), (x,), name="witness")
    shown_ = {name: value if name == "t" else value[0] for name, value in vars(old).items()}
    return members.SlowStep(loss, claim.flow.subs(numbers), State(**shown_),
                            sympy.sympify(claim.h).subs(numbers), rate, V, W, numbers)


# ------------------------------------------------------------------------------------------------------- the verdict
def rate_verdict(flow: Flow, scheme: Scheme, h, function: Callable, rate, relations: tuple,
                 larger: sympy.Expr | None = None) -> RateVerdict:
    """The verdict on V⁺ ≤ ρV, after the referee.  larger : the rate that words speak of, if it is no less than ρ."""
    rate, relations = sympy.sympify(rate), tuple(relations)
    if isinstance(rate, Max) and len(rate.args) == 2:
        return _larger(flow, scheme, h, function, rate, relations)
    try:
        claim = Claim(flow, scheme, h, function, rate, relations, STEPS)
    except (Unreadable, Unbounded) as reason:
        return RateVerdict(Status.UNDECIDED, rate, assuming=told(relations), reason=str(reason))
    facts = {"energy": claim.step.energy, "decrease": claim.step.V[1] - rate * claim.step.V[0],
             "assuming": told(relations), "points": claim.step.meaning(claim.spoken)}
    found = search(claim)
    if isinstance(found, Found):
        chain = RateChain(claim, found)
        objection = chain.again()
        if not objection:
            multipliers = {claim.inequalities[k].name: claim.spoken(e) for k, e in found.multipliers.items() if e != 0}
            return RateVerdict(Status.PROVED, rate, gives=gives(claim, larger), multipliers=multipliers,
                               conditions=claim.losses.rates, certificate=certificate(claim, found, chain), **facts)
        found = f"the referee: {objection}"
    if (slow := slow_step(claim)) is not None:
        notes = ("for these parameters; others are not excluded",) * bool(claim.parameters)
        return RateVerdict(Status.REFUTED, rate, counterexample=slow, notes=notes, **facts)
    return RateVerdict(Status.UNDECIDED, rate, reason=found, **facts)


#: The number of steps that were taken, in energies that depend on the time t = n h.
STEPS = Symbol("n", nonnegative=True)


def _larger(flow, scheme, h, function, rate: Max, relations: tuple) -> RateVerdict:
    """A rate that is the larger of two: each where it is, on either side of the bound where they are equal."""
    (a, b), named = rate.args, told(relations)
    verdicts = []
    for over, under in ((a, b), (b, a)):
        bound = _where(over, under, relations)
        if bound is None:
            return RateVerdict(Status.UNDECIDED, rate, assuming=named,
                               reason=f"where {a} is larger than {b} is not bounded by one relation")
        verdict = rate_verdict(flow, scheme, h, function, over, (*relations, bound), rate)
        if verdict.status != Status.PROVED:
            return replace(verdict, rate=rate, assuming=named)
        verdicts.append((bound, verdict))
    proofs = [v.certificate for _, v in verdicts if v.certificate is not None]
    steps = tuple(f"where {bound}: {'; '.join(p.steps)}" for (bound, _), p in zip(verdicts, proofs, strict=True))
    both = Certificate.of(steps, proofs, BothSides(tuple(p.chain for p in proofs)))
    first = verdicts[0][1]
    return replace(first, rate=rate, certificate=both, assuming=named, multipliers={}, conditions=tuple(
        r for r in first.conditions if r != verdicts[0][0]), gives=first.gives if all(
            v.gives == first.gives for _, v in verdicts) else "")


@dataclass(frozen=True)
class BothSides:
    """The chains of two claims that cover the parameters together."""

    chains: tuple

    def again(self) -> str:
        return next(filter(None, (chain.again() for chain in self.chains)), "")


def _where(over, under, relations) -> sympy.Rel | None:
    """The relation under which one rate is at least the other: a bound of one parameter."""
    rates = LossClass.of(relations).rates
    region = Region(rates)
    top = sympy.fraction(sympy.together(over - under))[0]
    side, left = 1, []
    for p, power in sympy.factor_list(top)[1]:
        if power % 2 and region.never_negative(p) is None:
            if region.never_negative(-p) is not None:
                side = -side
            else:
                left.append(p)
    side *= int(sympy.sign(sympy.factor_list(top)[0]))
    if len(left) != 1:
        return None
    for x in sorted(left[0].free_symbols, key=str):
        if sympy.degree(left[0], x) == 1:
            slope, rest = sympy.Poly(left[0], x).all_coeffs()
            for sign in (1, -1):
                if region.never_negative(sign * slope) is not None:
                    bound = (sympy.Ge if side * sign > 0 else sympy.Le)(x, sympy.factor(-rest / slope))
                    try:
                        Region((*rates, bound))
                    except Unbounded:
                        continue
                    return bound
    return None


def certificate(claim: Claim, found: Found, chain: RateChain) -> Certificate:
    """The proof in words, with the polynomials whose signs carry it."""
    steps = [f"rho*V - V+ is a sum of inequalities of the class ([a above b]: F(a) is at least what F and its gradient "
             f"at b leave it): {claim.weights(found.multipliers)}"]
    if found.squares:
        steps.append(f"and of {len(found.squares)} square{'s' * (len(found.squares) > 1)} with the weight"
                     f"{'s' * (len(found.squares) > 1)} " + ", ".join(str(claim.spoken(d)) for d, _ in found.squares))
    if claim.losses.rates:
        steps.append("all weights are nonnegative inside the conditions, and the claim is continuous up to them")
    return Certificate.of(tuple(steps), found.proofs, chain)


def gives(claim: Claim, larger: sympy.Expr | None = None) -> str:
    """What V_n ≤ ρⁿ V_0 says of the iterates; empty where ρ may be negative.

    F − F* and θ − θ* are spoken of where the class says that they are F and θ; of a V whose sign is not known, V alone.
    larger : a rate that is at least ρ, of which the words are.
    """
    rate = claim.rate if larger is None else larger
    if claim.region.never_negative(claim.ratio) is None or rate.has(claim.n):
        return ""
    factor, losses = "" if rate == 1 else f"({rate})**n*", claim.losses
    step, base = claim.step, len(claim.flow.blocks)
    values, gram = step.stated
    used = [k for k, c in enumerate(values) if c != 0]
    vectors = [i for i in range(gram.rows) if any(e != 0 for e in gram[i, :])]
    one = not any(e.has(claim.n) for e in (*values, *gram)) and len(used) + len(vectors) == 1
    if one and claim.region.never_negative(sum(values) + gram.trace()) is None:
        return f"V_n <= {factor}V_0"
    if one and used and (losses.infimum or rate == 1):
        x = step.place(used[0])
        return f"F({x}_n) - F* <= {factor}(F({x}_0) - F*)"
    if one and vectors:
        i = vectors[0]
        if i < base and claim.flow.blocks[i] == "theta" and losses.rests:
            return f"|theta_n - theta*|**2 <= {factor}|theta_0 - theta*|**2"
        if i >= base and step.place(i - base) == "theta":
            return f"|grad F(theta_n)|**2 <= {factor}|grad F(theta_0)|**2"
    squares = eliminated(gram)
    sound = squares is not None and (losses.above or not used) and all(
        claim.region.never_negative(e) is not None for e in (*values, *(d for d, _ in squares)))
    if not sound:
        return f"V_n <= {factor}V_0"
    if not used:
        return f"0 <= V_n <= {factor}V_0"
    k = min(used, key=lambda k: step.place(k) != "theta")
    return f"F({step.place(k)}_n) - F* <= {factor}{Symbol('V_0') / claim.spoken(values[k])}"
