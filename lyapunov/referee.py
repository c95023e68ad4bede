"""The referee: every verdict passes it before it is returned, and nothing switches it off.

It reads the user's field and V again in 1, 2 and 3 coordinates (`Motion`), and shares no code with the search.
- PROVED stands where V' is the formula that was proved, summed over coordinates, and no attack finds V' > 0.
- REFUTED stands where a loss of the class that was assumed has the witness, and V is seen to grow there.
- What a verdict says beside that (necessary, strict, zero set, limits, V ≥ F) is attacked too, and dropped if it falls.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import sympy
from sympy import Eq, Rational, Symbol

from arithmetic import Missing
from flows import Flow, scalar

from .exact import Status, Verdict
from .motion import INEQUALITIES, Law, Motion, at_point, met, seams_of, sign_of
from .realise import realise

DIMENSIONS = (1, 2, 3)


@dataclass(frozen=True)
class Chain:
    """From the definitions of a flow and V to the formula that was proved ≤ 0: what `Certificate.verify` looks at."""

    flow: Flow
    function: Callable
    relations: tuple
    derivative: sympy.Expr
    conditions: tuple
    rate: sympy.Expr = sympy.S.Zero
    frame: tuple = ()  # of a flow that turns with its vectors: their names, and their components in the axes they span

    @functools.cached_property
    def motions(self) -> list[Motion]:
        """The claim in each dimension; TypeError or ValueError from definitions that have no such reading."""
        return [self.line, *(Motion(self.flow, self.function, n, self.rate) for n in DIMENSIONS[1:])]

    @functools.cached_property
    def line(self) -> Motion:
        """The claim in one coordinate."""
        return Motion(self.flow, self.function, 1, self.rate)

    @functools.cached_property
    def law(self) -> Law:
        return Law(self.relations, *self.flow.coordinate()[:2], self.flow)

    def again(self) -> str | tuple:
        """`objection`, from the definitions on."""
        return dataclasses.replace(self).objection()

    def objection(self) -> str | tuple:
        """What speaks against V' ≤ 0: a sentence, or (motion, rates, point) with V' > 0; empty if nothing does."""
        try:
            motions = self.motions
        except (Missing, TypeError, ValueError) as error:
            return f"the definitions have no reading in several coordinates: {error}"
        s, oracle = self.flow.coordinate()[:2]
        for motion in motions:
            if self.frame and not motion.spans(self.derivative, self.frame, s, oracle):
                return f"in {motion.dim} coordinates V' is not a function of the inner products alone that was proved"
            if not self.frame and not motion.separates(self.derivative, s, oracle):
                return f"in {motion.dim} coordinates V' is not the sum of what was proved of one"
        return self.attack(motions) or _breaks(motions[0], self.law, self.conditions)

    def attack(self, motions, quadratic: bool = False):
        law, tried = self.law, False
        for motion in motions:
            for seed, rates in enumerate(law.some_rates(motion.rates, self.conditions, 4 if motion.dim == 1 else 2)):
                tried = True
                if (point := motion.attack(law, rates, seed, quadratic=quadratic)) is not None:
                    return motion, rates, point
        return None if tried else "no rates were found that meet the assumptions and the conditions"


def refereed(flow: Flow, function: Callable, verdict: Verdict, relations: tuple, rate=sympy.S.Zero,
             frame: tuple = ()) -> Verdict:
    """The verdict as far as it can be confirmed."""
    chain = Chain(flow, function, relations, verdict.derivative, verdict.conditions, rate, frame)
    if verdict.status == Status.REFUTED:
        return _refuted(chain, verdict)
    if verdict.status == Status.UNDECIDED:
        return _overturned(chain, verdict)
    objection = chain.objection()
    if isinstance(objection, tuple):
        return _at(chain, verdict, *objection)
    if objection:
        return _overturned(chain, _undecided(verdict, objection))
    assert verdict.certificate is not None  # every search that proves gives one
    certificate = dataclasses.replace(verdict.certificate, chain=chain)
    return _fields(chain, dataclasses.replace(verdict, certificate=certificate))


def _breaks(motion: Motion, law: Law, conditions: tuple) -> str:
    """Why V may grow although V' ≤ 0 almost everywhere: poles, blocks that become negative, sliding."""
    poles = [p.base for p in motion.V.atoms(sympy.Pow) if p.exp.is_negative]
    kinks = motion.V.atoms(sympy.Abs, sympy.Max, sympy.Min, sympy.Piecewise)
    for rates in law.some_rates(motion.rates, conditions, 2):
        for name in (name for name in motion.blocks if name in motion.flow.nonnegative):
            x, slope = motion.blocks[name][0], motion.slopes[name][0]
            if motion.attack(law, rates, 2, [-slope.subs(x, 0)]) is not None:
                return f"{name} is declared nonnegative, but {name}' may be negative at {name} = 0"
        for base in poles:
            if not base.is_positive and all(motion.attack(law, rates, 3, [k * base]) is not None for k in (1, -1)):
                return f"V has a pole where {sympy.sstr(base)} = 0, through which it may jump"
        if kinks and (slid := _sliding(motion, law, rates)):
            return slid
    return ""


def _sliding(motion: Motion, law: Law, rates: dict) -> str:
    """Runs that slide along a kink x = 0 of V, where both sides push to it: V' is then that of the other blocks."""
    rng, tiny = np.random.default_rng(4), Rational(1, 2**70)
    for name, (x, *_) in motion.blocks.items():
        if not any(h.subs(x, 0) == 0 for e in motion.V.atoms(sympy.Abs, sympy.Max, sympy.Min) for h in seams_of(e)):
            continue
        rest = [motion.V.diff(y) * f for n, (y, *_) in motion.blocks.items() for f in motion.slopes[n][:1] if n != name]
        rest += [motion.V.diff(motion.F) * motion.g[0] * motion.slopes["theta"][0], motion.V.diff(motion.t)]
        for _ in range(40):
            at = motion.exact(motion.draw(rng, 1), 0, rates, law)
            up, down = at | {x: tiny}, at | {x: -tiny}
            pushed = [sympy.N(at_point(motion.slopes[name][0], side), 40) for side in (up, down)]
            if (
                all(v.is_real for v in pushed)
                and pushed[0] < -(2**20) * tiny < 2**20 * tiny < pushed[1]  # a slope that vanishes with x is no push
                and law.holds(motion, at)
                and all(sign_of(sum(at_point(e, side) for e in rest)) > 0 for side in (up, down))
            ):
                return f"V has a kink where {name} = 0, along which runs slide while V grows"
    return ""


def _undecided(verdict: Verdict, reason: str) -> Verdict:
    return Verdict(Status.UNDECIDED, verdict.derivative, reason=reason, energy=verdict.energy,
                   assuming=verdict.assuming, rate=verdict.rate)


def _at(chain: Chain, verdict: Verdict, motion: Motion, rates: dict, point: dict) -> Verdict:
    """What becomes of a verdict where V' > 0 at an admitted state: REFUTED if a loss has it."""
    found = realise(motion, point, chain.law, chain.function, rates)
    if found is None:
        return _undecided(verdict, f"the referee found V' > 0 in {motion.dim} coordinates, at a state of which it is "
                                   "not known whether a loss has it")
    s, oracle = chain.flow.coordinate()[:2]
    known = {motion.t: s.t, motion.F: oracle.value}
    for name, block in [*motion.blocks.items(), (None, motion.g)]:
        symbol = oracle.gradient if name is None else getattr(s, name)
        known |= {x: symbol if motion.dim == 1 or isinstance(name, scalar) else Symbol(x.name, **x.assumptions0)
                  for x in block}
    known |= {x: oracle.hessian if motion.dim == 1 else Symbol(x.name, real=True) for x in motion.H.flat}
    known |= {x: oracle.jacobian if motion.dim == 1 else Symbol(x.name, real=True) for x in motion.J.flat}
    used = set().union(*(p.free_symbols for p in motion.parts))
    witness = {known.get(x, x): v for x, v in point.items() if x in used}
    notes = (f"in {motion.dim} coordinates",) * (motion.dim > 1)
    notes += ("for these rates; others are not excluded",) * bool(rates)
    return Verdict(Status.REFUTED, verdict.derivative, witness=witness, energy=verdict.energy,
                   assuming=verdict.assuming, notes=notes, counterexample=found, rate=verdict.rate)


def _refuted(chain: Chain, verdict: Verdict) -> Verdict:
    """A witness of one coordinate, as a loss; else another one that a loss has."""
    s, oracle = chain.flow.coordinate()[:2]
    motion, law, witness = chain.line, chain.law, dict(verdict.witness or {})
    rates = {x: witness[x] for x in motion.rates if x in witness}
    rates |= next(law.some_rates(set(motion.rates) - set(rates), [Eq(x, v) for x, v in rates.items()]), {}) | rates
    own = {motion.t: s.t, motion.F: oracle.value, motion.g[0]: oracle.gradient, motion.H[0, 0]: oracle.hessian,
           motion.J[0, 0]: oracle.jacobian, motion.r[0]: oracle.residual,
           **{x[0]: getattr(s, n) for n, x in motion.blocks.items()}}
    point = {x: sympy.sympify(witness.get(y, 1)) for x, y in own.items()} | rates
    reached = _in_time(motion, point, rates)
    admitted = reached is not None and law.holds(motion, reached) and all(met(r, rates) for r in law.rates)
    if reached is not None and admitted and _bounded(law, motion, reached, rates):
        found = realise(motion, reached, law, chain.function, rates)
        if found is not None:
            return dataclasses.replace(verdict, counterexample=found)
    return _overturned(chain, _undecided(verdict, "V' > 0 at states of which it is not known whether a loss has them: "
                                         + ", ".join(f"{x} = {v}" for x, v in witness.items())))


def _in_time(motion: Motion, point: dict, rates: dict) -> dict | None:
    """The point at the time that its first clock shows (near the end of times, where one shows 1)."""
    if not motion.clocks:
        return point
    times = []
    for c, k in motion.clocks.items():
        left = 1 - point[c]
        if left < 0 or left > 1:
            return None
        times.append(sympy.oo if left == 0 else -sympy.log(left) / k.subs(rates))
    if sympy.oo in times:
        slowest = min(k.subs(rates) for k in motion.clocks.values())
        times = [Rational(90) / slowest]
    used = set().union(*(p.free_symbols for p in motion.parts))
    at = {c: 1 - sympy.exp(-k.subs(rates) * times[0]) for c, k in motion.clocks.items()}
    return point | at | {motion.t: times[0] if motion.t in used or motion.clocks else point[motion.t]}


def _bounded(law: Law, motion: Motion, point: dict, rates: dict) -> bool:
    h = point[motion.H[0, 0]]
    used = any(p.has(motion.H[0, 0]) for p in motion.parts)
    low, high = (None if b is None else sympy.sympify(b).subs(rates) for b in (law.low, law.high))
    if not used:  # it may be any that is admitted
        ends = [b for b in (low, high) if b is not None]
        point[motion.H[0, 0]] = h = sum(ends, sympy.S.Zero) / len(ends) if ends else sympy.S.One
    return (low is None or h >= low) and (high is None or h <= high)


def _overturned(chain: Chain, verdict: Verdict) -> Verdict:
    """An undecided verdict, or what an attack finds."""
    if verdict.energy is None or verdict.derivative is sympy.nan:
        return verdict
    try:
        motions = chain.motions
    except (Missing, TypeError, ValueError):
        return verdict
    if motions[0].energy_asks - {"value"}:
        return verdict
    for motion in motions:
        found = chain.attack([motion], quadratic=motion.dim > 1)
        if isinstance(found, tuple) and (over := _at(chain, verdict, *found)).status == Status.REFUTED:
            return over
    return verdict


# --------------------------------------------------------------------------------------------- what else is said
def _fields(chain: Chain, verdict: Verdict) -> Verdict:
    motion, law = chain.motions[0], chain.law
    changes: dict = {}
    if verdict.necessary and not _necessary(motion, law, verdict.conditions):
        changes["necessary"] = None
    if verdict.positive:
        for plane in chain.motions[:2]:
            height = [plane.F - plane.V] if plane.V.has(plane.F) else [-plane.V]
            for rates in law.some_rates({*plane.rates}, verdict.conditions, 3):
                if plane.attack(law, rates, 5, height) is not None:
                    changes["positive"] = False
    zero, strict, limits = (_zeros(chain, motion, law, verdict) if chain.rate == 0 and not chain.frame
                            else (None, None, None))
    changes |= {"zero_set": zero, "strict": strict, "invariant_set": limits}
    return dataclasses.replace(verdict, **changes)


def _necessary(motion: Motion, law: Law, conditions) -> bool:
    """Whether V' > 0 is found wherever one condition is just, or much, violated."""
    for c in conditions:
        x = c.lhs
        if not x.is_Symbol or not c.free_symbols <= set(motion.rates):
            continue
        others = [d for d in conditions if d != c]
        for rates in law.some_rates(motion.rates, [*others, Eq(*c.args, evaluate=False)], 2, seed=3):
            factors = ([1 + Rational(1, 1000), 2] if isinstance(c, (sympy.Le, sympy.Lt))
                       else [1 - Rational(1, 1000), Rational(1, 2)])
            for factor in [*factors, 1 - Rational(1, 1000)] if isinstance(c, Eq) else factors:
                broken = rates | {x: rates[x] * factor if rates[x] else factor - 1}
                if all(met(r, broken) for r in (*law.rates, *others)) and motion.attack(law, broken, 7) is None:
                    return False
    return True


def _zeros(chain: Chain, motion: Motion, law: Law, verdict: Verdict):
    """(zero set, strict, limits) as far as points with zeros in all patterns do not speak against them."""
    zero, strict, limits = verdict.zero_set, verdict.strict, verdict.invariant_set
    if any(f.has(motion.t) for f in itertools.chain(*motion.slopes.values())):
        limits = None  # LaSalle's principle is one of flows that do not change in time
    inside = [c.func(*c.args) for c in verdict.conditions if isinstance(c, Eq)]
    inside += [(sympy.Lt if isinstance(c, (sympy.Le, sympy.Lt)) else sympy.Gt)(*c.args)
               for c in verdict.conditions if isinstance(c, INEQUALITIES)]
    names = [name for name in motion.blocks if name != "theta"]
    memory = [motion.blocks[name][0] for name in names if not isinstance(name, scalar)]
    rng = np.random.default_rng(11)
    for rates in law.some_rates(motion.rates, inside, 2, seed=2):
        for zeros in itertools.product((False, True), repeat=len(memory) + 1):
            at = motion.exact(motion.draw(rng, 1), 0, rates, law)
            vanish = [x for x, z in zip((motion.g[0], *memory), zeros, strict=True) if z]
            at = {x: Rational(3, 2) if v == 0 and x in (motion.g[0], *memory) else v for x, v in at.items()}
            at |= dict.fromkeys(vanish, sympy.S.Zero)
            if not law.holds(motion, at):
                continue
            value = sum(at_point(p, at) for p in motion.parts)
            if not sympy.sympify(value).is_finite:
                continue
            vanished = sign_of(value) == 0
            told = _told(chain, motion, zero, at)
            zero = zero if told is None or told is vanished else None
            if vanished and strict and not {motion.g[0], *memory} <= set(vanish):
                strict = False
            for size in (Rational(1, 16), Rational(1, 2), 4) if vanished and limits is not None else ():
                ended = (at | {x: at[x] * size for x in (motion.g[0], *memory)}
                         | dict.fromkeys(motion.clocks, sympy.S.One))
                if (
                    sign_of(sum(at_point(p, ended) for p in motion.parts)) == 0
                    and _told(chain, motion, limits, ended) is False
                    and _stuck(motion, ended, [motion.blocks[n][0] for n in names], names)
                ):
                    limits = None
                    break
    return zero, strict, limits


def _told(chain: Chain, motion: Motion, claim, at):
    """What a set says of a point: True or False, None where it does not speak of its coordinates alone."""
    if claim in (sympy.true, sympy.false, None):
        return None if claim is None else claim == sympy.true
    s, oracle = chain.flow.coordinate()[:2]
    values = {"F": at[motion.F], "g": at[motion.g[0]], "H": at[motion.H[0, 0]], "J": at[motion.J[0, 0]],
              "t": at[motion.t]}
    values |= {getattr(s, n).name: at[x[0]] for n, x in motion.blocks.items()} | {x.name: at[x] for x in motion.rates}
    if any(x.name not in values for x in claim.free_symbols):
        return None
    said = claim.xreplace({x: values[x.name] for x in claim.free_symbols})
    return bool(said) if said in (sympy.true, sympy.false) else None


def _stuck(motion: Motion, at: dict, memory: list, names: list) -> bool:
    """Whether the state can stay where it is: 0 is between the slopes around it (Filippov)."""
    tiny = Rational(1, 2**60)
    still = [x for x in (motion.g[0], *memory) if at[x] == 0]
    slopes: dict = {name: [] for name in (*names, "theta")}
    for side in itertools.product((-1, 1), repeat=len(still)):
        near = at | {x: tiny * (1 if x.is_positive else k) for x, k in zip(still, side, strict=True)}
        for name, found in slopes.items():
            found.append(sympy.N(at_point(motion.slopes[name][0], near), 40))
    return all(all(v.is_real for v in f) and min(f) <= Rational(1, 2**25) and max(f) >= -Rational(1, 2**25)
               for f in slopes.values())
