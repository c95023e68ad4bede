"""Proving or refuting that an energy decreases along a flow, exactly."""
from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import sympy
from sympy import And, Eq, Integer, Or, Poly, Rational, Symbol, fraction

from arithmetic import Missing, Rate, as_decimals, clipped
from flows import Flow

from .along import interpolated
from .classes import F, g, theta, told
from .coordinate import Coordinate, Frame, as_flow, jumps_of, observed, read, readings
from .energy import Assumptions, Energy, H, relations_of
from .exact import (
    INEQUALITIES, Certificate, Domain, Fresh, Proof, Reduction, Status, Unreadable, Verdict, matrix,
    negative_direction, quotient_sign, resting_value, smt, twin, unrooted, vanishing, words,
)
from .motion import Law, Motion
from .referee import refereed

LONG = 120  # operations in V' from which on a witness is sought before a proof


def check(flow: Flow | type[Flow], energy: Energy | Callable, *, assuming: Assumptions = None,
          rate: Rate | None = None) -> Verdict:
    """Whether V' ≤ 0 along the flow, for every loss, every state and every dimension: proved, refuted or undecided.

    flow : an instance, or a class, read as `flow.symbolic()`; float rates are read as the decimals they print as.
    energy : an `Energy`, or a function `(s, oracle) -> V`.
    assuming : narrows the losses or the rates, in addition to what the energy assumes: "convex" (the minimum is taken
    to be F = 0 at θ = 0), `strongly_convex(mu)`, `smooth(L)`, `PL(mu)`, or sympy inequalities linear in H, F or a rate
    (such as H ≤ L, κ ≤ 1).
    rate : k, the claim V' ≤ −kV, so that V falls as e^(−∫k dt); a number, or an expression in rates and the time t.

    Proofs are exact (see `Certificate`), witnesses are exact rational numbers, and anything else is UNDECIDED with its
    reason.  States are all states with nonnegative blocks where the flow declares them so, and scalar blocks that count
    time (bias corrections) at a common time.  Where √v occurs, V' is taken at v > 0; through a time with
    v = 0, where it may not exist, V passes continuously.
    """
    flow = as_flow(flow, "check(flow, energy): flow")
    if not isinstance(energy, Energy):
        energy = Energy(energy)
    own, flow = energy.flow == flow, flow.exact()
    relations, function = as_relations(energy, assuming), (energy.on(flow) if own else energy).function
    read(flow, function)
    _refuse(flow, relations)
    rate = as_decimals(0 if rate is None else rate)
    try:
        claim = _Claim(flow, readings(flow, function), relations, rate, smt.available(), function)
    except (Missing, TypeError, ValueError):  # the verdict says so
        return _judged(flow, function, relations, rate)
    return once(of_claim, claim)


@dataclasses.dataclass(frozen=True)
class _Claim:
    """What a verdict is of; `formulas` are all that it sees of the function, in up to three coordinates.

    solver : whether z3 is at hand, which may decide what nothing else does.
    """

    flow: Flow
    formulas: tuple
    relations: tuple
    rate: sympy.Expr
    solver: bool
    function: Callable = dataclasses.field(compare=False)


def once(cached, *arguments):
    """A function with a cache, without it where rates are arrays."""
    try:
        hash(arguments)
    except TypeError:
        return cached.__wrapped__(*arguments)
    return cached(*arguments)


@functools.lru_cache(maxsize=256)
def of_claim(claim: _Claim) -> Verdict:
    """A verdict, once: derivations, certificates and pages ask for the same again."""
    return _judged(claim.flow, claim.function, claim.relations, claim.rate)


def _judged(flow: Flow, function: Callable, relations: tuple, rate) -> Verdict:
    """The verdict on a claim that was read."""
    flow = observed(flow)
    found = _unread(flow, function, rate) if any(map(_pairs, relations)) else searched(flow, function, relations, rate)
    if found.status == Status.UNDECIDED and found.energy is not None and relations:
        found = _between(flow, function, relations, rate, found)
    if rate != 0:  # V' + kV has zeros, but they say nothing of limits
        found = dataclasses.replace(found, rate=rate, zero_set=None, strict=None, invariant_set=None)
    judged = refereed(flow, function, found, relations, rate)
    coupled = judged.status == Status.UNDECIDED and any(x in judged.reason for x in (
        "coupl", "sum over coordinates", "single coordinates", "whether a loss has"))
    if coupled and (turning := _turning(flow, function, relations, rate)):
        confirmed = refereed(flow, function, turning[0], relations, rate, turning[1])
        if confirmed.status == Status.PROVED:
            return confirmed
    return _told(judged, flow, function)


#: What would help, for each thing that blocks a proof.
HELP = {
    "whether a loss has": "a wider class of losses, or one of which the extremes are known",
    "couples coordinates": "slopes of each coordinate alone, or of norms and inner products of whole vectors",
    "not a sum over coordinates": "a V that is F and a sum over coordinates, or of norms and inner products",
    "single coordinates": "a bound of F alone, such as F >= 0, or F in a factor that all coordinates share",
    "rational function": "roots, and functions whose sign is known: exp, sin, cos, tanh, sinh, cosh, atan, log",
    "nonnegative coefficients": "numbers for rates, a class (convex, H <= L), or a part of V that pays for the terms "
                                "of the wrong sign",
    "V may jump": "|x|, max and min in place of signs and cases",
    "seams": "fewer absolute values, signs and maxima",
    "residuals": "JᵀJ, as oracle.gauss_newton",
    "not given by F": "V in F, its gradient and the blocks",
    "Hessian": "the Hessian by its product with a block, or by its diagonal",
    "declared nonnegative": "a slope that is not negative where the block is 0",
    "in another way": "theta in V' in the product with the gradient alone",
    "no rates were found": "other conditions on the rates",
}


def _told(verdict: Verdict, flow: Flow, function: Callable) -> Verdict:
    """The verdict with what would help, where it is undecided, and with the floats that may be meant as fractions.

    A proof on a domain says so: nothing is said of whether runs stay in it.
    """
    s, oracle, _ = flow.coordinate()
    if verdict.status == Status.PROVED:
        own = {getattr(s, name) for name in flow.blocks}
        inside = [r for r in verdict.assuming if r.free_symbols & own and not r.free_symbols & {F, g}]
        said = (f"as long as the state stays where {words(tuple(inside))}",) if inside else ()
        return dataclasses.replace(verdict, notes=verdict.notes + said)
    floats = {float(x) for x in sympy.sympify(function(s, oracle)).atoms(sympy.Float)}
    meant = [(x, q) for x in sorted(floats) for q in [Fraction(x).limit_denominator(1000)]
             if len(repr(x)) > 16 and abs(x - q) < 1e-15 * max(1, abs(x))]
    notes = tuple(f"{x!r} is read as the decimal that it prints as: write Rational({q.numerator}, {q.denominator}) "
                  "if that is meant" for x, q in meant)
    helps = next((text for blocked, text in HELP.items() if blocked in verdict.reason), "")
    if verdict.status == Status.UNDECIDED and helps:
        verdict = dataclasses.replace(verdict, reason=f"{verdict.reason}; what would help: {helps}")
    return dataclasses.replace(verdict, notes=verdict.notes + notes)


def _pairs(relation) -> bool:
    """Whether an assumption speaks of θ and the minimum, as ⟨∇F, θ⟩ ≥ F does; θ ≥ 0 is a domain of a block."""
    return not isinstance(relation, str) and relation.has(theta) and relation.has(F, g)


def _unread(flow: Flow, function: Callable, rate) -> Verdict:
    """Undecided so far: what is assumed relates gradients to places, and V' has to be seen with them."""
    one = Coordinate(flow, function, rate)
    return Verdict(Status.UNDECIDED, one.derivative, energy=one.V, reason="no multiples of the inequalities between "
                   "theta and the minimum were found that prove it")


def _between(flow: Flow, function: Callable, relations: tuple, rate, found: Verdict) -> Verdict:
    """A proof by what the class says of θ and the minimum; what was found before where there is none."""
    one = Coordinate(flow, function, rate)
    proved = interpolated(one, relations)
    if proved is None:
        return found
    whole = _Check(one, tuple(r for r in relations if not _pairs(r)))
    return dataclasses.replace(proved, positive=whole.above_loss({}), assuming=told(relations))


def _turning(flow: Flow, function: Callable, relations: tuple, rate) -> tuple | None:
    """(a proof in the frame of the vectors, the frame) of a flow that turns with them; None where there is none."""
    law = Law(relations, *flow.coordinate()[:2], flow)
    for last in (False, True):  # the gradient along the first axis, or along the last one
        try:
            one = Frame(flow, function, rate, law, last)
            if any(p.base.is_Add and p.exp.is_Rational and p.exp.q > 2 for p in one.derivative.atoms(sympy.Pow)):
                return None  # fourth roots of sums: no polynomial in the components
            parts = one.pieces()
        except (Unreadable, Missing):
            return None
        size = sympy.sqrt(sum(x**2 for x in one.axes[one.frame.index("gradient")]))  # |∇F|, of which classes speak
        framed = tuple(r if r == "convex" else r.subs(one.oracle.gradient, size) for r in relations)
        coupled = _Check(one, tuple(r for r in relations if r == "convex" or not r.has(one.oracle.value))).couples()
        found = _Check(one, framed, coupled).verdict() if len(parts) == 1 else _on_pieces(one, framed, parts)
        if found.status == Status.PROVED and found.certificate is not None:
            break
    else:
        return None
    components = ", ".join(str(tuple(x for x in row if x != 0)) for row in one.axes)
    steps = ("the flow turns with its vectors, so they may be taken as triangular: the components of "
             f"{', '.join(map(str, one.frame))} are {components}", *found.certificate.steps)
    found = dataclasses.replace(found, zero_set=None, strict=None, invariant_set=None, necessary=None, rate=rate,
                                assuming=_Check(one, relations).assumed(),
                                certificate=dataclasses.replace(found.certificate, steps=steps))
    return found, (one.frame, one.axes)


def searched(flow: Flow, function: Callable, relations: tuple, rate=sympy.S.Zero) -> Verdict:
    """What the search finds, before the referee sees it."""
    one = None
    try:
        one = Coordinate(flow, function, rate)
        if leaves := one.leaves():
            raise Unreadable(leaves)
        parts = one.pieces()
    except Unreadable as reason:
        V, derivative = (None, sympy.nan) if one is None else (one.V, one.derivative)
        return Verdict(Status.UNDECIDED, derivative, reason=str(reason), energy=V)
    return _Check(one, relations).verdict() if len(parts) == 1 else _on_pieces(one, relations, parts)


def _on_pieces(one: Coordinate, relations: tuple, parts: list[Coordinate]) -> Verdict:
    """The verdict from those on the smooth pieces of a field with seams (see `Coordinate.pieces`)."""
    whole, verdicts = _Check(one, relations), []
    coupled = whole.couples()
    checks = [c for part in parts if not (c := _Check(part, relations, coupled)).reduction.empty]
    facts = {"energy": one.V, "derivative": one.derivative, "assuming": whole.assumed()}
    for piece in checks:
        verdicts.append(verdict := piece.verdict())
        if verdict.status == Status.REFUTED:
            return dataclasses.replace(verdict, positive=None, **facts)
    labels = [f"where {' and '.join(f'{h} >= 0' for h in piece.one.facts)}" for piece in checks]
    blocked = next((f"{label}: {v.reason}" for label, v in zip(labels, verdicts, strict=True)
                    if v.status == Status.UNDECIDED), "")
    conditions = tuple(dict.fromkeys(c for v in verdicts for c in v.conditions))
    if not blocked and not whole.satisfiable(conditions):
        blocked = f"no rates were found that meet {', '.join(map(str, conditions))} on all pieces together"
    if blocked:
        return Verdict(Status.UNDECIDED, reason=coupled or blocked, **facts)
    proofs = [v.certificate for v in verdicts if v.certificate is not None]
    steps = [f"{label}: {'; '.join(proof.steps)}" for label, proof in zip(labels, proofs, strict=True)]
    seams = "at seams: V is Lipschitz, V' exists at almost all times, and is there that of the neighbouring pieces"
    certificate = Certificate.of((*steps, seams), proofs)
    sets = {v.zero_set for v in verdicts}
    zero = _absorbed(Or(*sets))
    shared = zero if len(sets) == 1 or whole.vanishes_on(zero) else None  # where one piece says so, another may not
    return Verdict(Status.PROVED, conditions=conditions, certificate=certificate, zero_set=shared,
                   strict=all(v.strict for v in verdicts), invariant_set=whole.limits(zero),
                   positive=True if all(v.positive for v in verdicts) else None, **facts)


def _absorbed(zero):
    """A condition as alternatives of which none is contained in another; as it is where there are too many."""
    cases = _cases(sympy.sympify(zero))
    return zero if cases is None else Or(*(And(*case) for case in cases))


def _cases(zero) -> set[frozenset] | None:
    """The smallest sets of relations that make a condition true, None where there are too many."""
    if zero in (sympy.true, sympy.false):
        return {frozenset[sympy.Basic]()} if zero == sympy.true else set()
    if not isinstance(zero, (And, Or)):
        return {frozenset({zero})}
    found: set[frozenset] = set() if isinstance(zero, Or) else {frozenset()}
    for part in zero.args:
        if (more := _cases(part)) is None:
            return None
        found = found | more if isinstance(zero, Or) else {a | b for a in found for b in more}
        found = {case for case in found if not any(other < case for other in found)}
        if len(found) > 256:
            return None
    return found


def as_relations(energy: Energy, assuming: Assumptions) -> tuple:
    """What is assumed for the energy and besides, one relation after the other, each once."""
    relations = tuple(dict.fromkeys((*relations_of(energy.assuming), *relations_of(assuming))))
    for r in relations:
        if isinstance(r, str) and r != "convex":
            raise ValueError(f"assuming={r!r}: the named class is 'convex'; others are sympy inequalities, as H <= L")
    if any(r in (False, sympy.false) for r in relations):
        raise ValueError("assuming: one of the relations is false for all its symbols, such as h <= -1/L of positive "
                         "ones")
    return tuple(r for r in relations if r not in (True, sympy.true))


def _refuse(flow: Flow, relations: tuple) -> None:
    """Raises ValueError for assumptions that nothing meets, and for symbols that only look like those of the flow."""
    s, oracle, _ = flow.coordinate()
    own = {*(getattr(s, name) for name in flow.blocks), s.t, oracle.value, oracle.gradient, oracle.hessian,
           oracle.jacobian}
    names, rates = {x.name for x in own}, flow.free_symbols
    if same := sorted(x.name for x in rates if x.name in names):
        raise ValueError(f"the rate {same[0]} of {type(flow).__name__} is called as a symbol of the state or the loss "
                         f"({', '.join(sorted(names))}): give it another name")
    for r in relations:
        if isinstance(r, str):
            continue
        if not isinstance(r, INEQUALITIES):
            raise TypeError(f"assuming: {r!r} must be 'convex' or a sympy inequality, such as H <= L")
        for x in r.free_symbols - own:
            if x.name in names or any(x.name == y.name and x != y for y in rates):
                raise ValueError(f"assuming={r}: {x.name} has the name, but not the assumptions, of the symbol of the "
                                 "flow; use that itself, such as lyapunov.H, or Symbol(name, positive=True) for a rate")
    if any(not isinstance(r, str) for r in relations):
        law = Law(relations, s, oracle, flow)
        if next(law.some_rates(set(), count=1), None) is None:
            raise ValueError(f"assuming={', '.join(map(str, relations))}: no numbers were found that meet it")


class _Check:
    def __init__(self, one: Coordinate, relations: tuple, coupled: str | None = None):
        self.one, self.named, self.coupled = one, relations, coupled
        self.alone = True  # the field is that of single coordinates

    @functools.cached_property
    def reduction(self) -> Reduction:
        return Reduction(self.one, tuple(r for r in self.named if r != "convex"), convex="convex" in self.named)

    # ---------------------------------------------------------------------------------------------- verdicts
    def verdict(self) -> Verdict:
        one, facts = self.one, {"energy": self.one.V, "derivative": self.one.derivative, "assuming": self.assumed()}
        coupled = self.couples() if self.coupled is None else self.coupled
        reason, N, below = coupled or self.reduction.obstacle, None, []
        proof: Proof | None = None
        if not self.reduction.obstacle and sympy.count_ops(one.derivative) > LONG and (witness := self._witness(None)):
            return self._refuted(witness, facts)  # where a proof is long to look for, first see whether it is false
        if "convex" in self.named and not coupled and (proof := self._interpolated()) is not None:
            return self._proved(proof, (), facts | {"positive": self.above_loss({})})
        if one.derivative == 0:
            proof = Proof(sympy.true, steps=("V' vanishes identically",))
        else:
            try:
                N, multiple, below, domain = self.reduction.numerator(-self.reduction.derivative)
            except Unreadable as error:
                reason = reason or f"V' {error}"
            else:
                proof = domain.nonnegative(N)
                if proof is None:
                    proof = next((found.along(Proof(identities=(same,))) for other, same in self.reduction.folded(N)
                                  if (found := domain.nonnegative(other)) is not None), None)
                if proof is not None:
                    identity = sympy.cancel(sympy.together(self.reduction.derivative * multiple + N))
                    below = [*below, Proof(identities=(identity,))]
        if proof is not None and not self.satisfiable(proof.conditions):
            reason = reason or f"no rates were found that meet {', '.join(map(str, proof.conditions))}"
            proof = None
        needed = proof.conditions if proof is not None else ()
        facts["positive"] = self.above_loss({c.lhs: c.rhs for c in needed if isinstance(c, Eq)})
        if proof is not None:
            if reason:
                return Verdict(Status.UNDECIDED, reason=reason, **facts)
            return self._proved(proof, below, facts)
        witness = None if self.reduction.obstacle else self._witness(N)
        if witness:
            return self._refuted(witness, facts)
        if N is not None and not reason and (proof := domain.by_solver(sympy.expand(N))) is not None:
            identity = sympy.cancel(sympy.together(self.reduction.derivative * multiple + N))
            return self._proved(proof, [*below, Proof(identities=(identity,))], facts)
        more = "" if smt.available() else "; z3 may decide it: pip install 'optiflows[smt]'"
        if not reason:
            reason = f"found no nonnegative coefficients, no sum of squares and no witness{more}{self._left(N, domain)}"
        return Verdict(Status.UNDECIDED, reason=reason, **facts)

    def couples(self) -> str:
        """Why V' of one coordinate would not speak for every dimension; empty if it does."""
        one = self.one
        coupled = one.coupling() or self._summed()
        if "Hessian" in coupled and not one.derivative.has(one.oracle.jacobian) and not self.domains and Motion(
                one.flow, one.function, 2, one.rate).separates(one.whole.derivative, one.s, one.oracle):
            coupled, self.alone = "", False  # it is in the field, and at most its diagonal in V'
        return coupled

    def _summed(self) -> str:
        """Why what is assumed of sums over coordinates, or of single ones, does not speak of a formula of one."""
        one = self.one
        if not one.shared and not self.domains:
            return ""
        if one.shared and any(r == "convex" and one.derivative.has(one.s.theta) or r != "convex" and r.has(
                one.oracle.value) and r.has(*one.vectors) for r in self.named):
            return "F enters V' together with single coordinates, and the class bounds F by a sum over them"
        if self.domains and one.derivative.has(H, one.oracle.jacobian):
            return "a domain of single coordinates is assumed, and the Hessian has other axes"
        return ""

    @functools.cached_property
    def domains(self) -> tuple:
        """What is assumed of single coordinates, such as theta >= 0."""
        own = {*self.one.vectors} - {self.one.oracle.gradient}
        return tuple(r for r in self.named if r != "convex" and r.has(*own) and not r.has(self.one.oracle.value))

    def _left(self, N, domain) -> str:
        """What a proof by hand would have to show."""
        ranges = [f"{', '.join(sorted(map(str, x)))} {kind}" for x, kind in (
            (domain.free & N.free_symbols, "real"), (N.free_symbols - domain.free - set(domain.clocks), ">= 0"),
            (set(domain.clocks) & N.free_symbols, "in (0, 1)")) if x]
        return clipped(f"; what is left to show is {sympy.sstr(sympy.expand(N))} >= 0 for {', '.join(ranges)}", 600)

    def _interpolated(self) -> Proof | None:
        """−V' as λ₁ (⟨g, θ⟩ − F − Q) + λ₂ (F − Q) + (a form ≥ 0), with λ₁, λ₂ ≥ 0.

        The two brackets are ≥ 0 for the pair of θ and the minimum F = 0 at 0, with Q = μθ²/2 for μ-strongly convex
        losses and more where H ≤ L: they are all that such losses say of θ, F and g (Taylor, Hendrickx & Glineur 2017).
        """
        one, o = self.one, self.one.oracle
        law = Law(self.named, one.s, o, one.flow)
        E, mu, top = sympy.expand(one.derivative), sympy.sympify(law.low), law.high
        K = -sympy.diff(E, o.hessian)  # curvature is at least μ, where it helps
        if K != 0 and not K.has(o.hessian, o.value) and (
                p := self._form(K, one.vectors, {one.s.t} & K.free_symbols)) is not None and not p.conditions:
            E = sympy.expand(E.subs(o.hessian, mu))
        said = one.derivative.has(one.s.theta, o.value) and not E.has(o.hessian, o.jacobian, o.residual)
        if one.facts or law.states or not said:
            return None
        variables = [x for x in one.vectors if not x.is_positive]
        numerator, bottom = fraction(sympy.together(E))
        if any(x.is_positive and E.has(x) for x in one.vectors) or bottom.free_symbols & {*one.vectors, o.value} or (
                not numerator.is_polynomial(*variables, o.value)):
            return None
        share = sympy.cancel(sympy.diff(E, o.value))
        if share.free_symbols & {*one.vectors, o.value}:
            return None
        along = o.gradient * one.s.theta
        Q = mu * one.s.theta**2 / 2
        if top is not None:
            Q = (o.gradient**2 / top + mu * one.s.theta**2 - 2 * mu / top * along) / (2 * (1 - mu / top))
        product = sympy.cancel(-sympy.diff(E, o.gradient, one.s.theta))
        clocks = {one.s.t} & E.free_symbols
        gap, width = Fresh("gap", positive=True), {}
        if isinstance(top, Symbol):
            width = {top: mu + gap}
        for first in dict.fromkeys((product, share, sympy.S.Zero, 2 * share)):
            second = sympy.cancel(first - share)
            rest = sympy.expand(-E - first * (along - o.value - Q) - second * (o.value - Q))
            found = [self._form(x.subs(width), variables, clocks) for x in (first, second, rest)]
            proofs = [p for p in found if p is not None and not p.conditions]
            if len(proofs) == len(found):
                curved = f", as H >= {mu} and -V' grows with it" if K != 0 else ""
                text = (f"-V' is {first}*(g*theta - F - Q) + {second}*(F - Q) + a form, with Q = {Q}: what the class "
                        f"says of the pair of theta and the minimum{curved}")
                return Proof(steps=(text,), identities=(sympy.expand(
                    rest + E + first * (along - o.value - Q) + second * (o.value - Q)),)).along(*proofs)
        return None

    @staticmethod
    def _form(f, variables, clocks) -> Proof | None:
        """A proof of f ≥ 0 for real variables and positive rates, whose roots are taken for symbols."""
        f = sympy.powdenest(unrooted(f)[0], force=True)
        top, bottom = fraction(sympy.factor(f))
        if not top.is_polynomial(*top.free_symbols) or not bottom.is_polynomial(*bottom.free_symbols):
            return None
        domain = Domain(frozenset(variables) & f.free_symbols, frozenset(clocks) & f.free_symbols)
        below = domain.nonnegative(bottom), domain.nonnegative(-bottom)
        if below[0] is not None and not below[0].conditions:
            return domain.nonnegative(sympy.expand(top))
        return domain.nonnegative(sympy.expand(-top)) if below[1] is not None and not below[1].conditions else None

    def _refuted(self, witness, facts) -> Verdict:
        notes: tuple[str, ...] = ()
        if self._at_limit(witness):
            notes = ("at the limit t -> oo, reached nearly: V' is continuous there",)
        if self._rates() & set(witness):
            notes += ("for these rates; others are not excluded",)
        return Verdict(Status.REFUTED, witness=witness, notes=notes, **facts)

    def _proved(self, proof: Proof, below, facts) -> Verdict:
        proof = proof.along(*below, zero=proof.zero)
        if not proof.steps:
            proof = proof._replace(steps=("-V' is a product of squares and positive factors",))
        named = self.reduction
        substitutions = [f"{x} = {named.value(x)}" for x in (*named.solved, *named.scaled, *named.formula)]
        substitutions += [f"{x} = {e}" for x, e in named.functions.items()]
        steps = ((f"with {', '.join(substitutions)}",) if substitutions else ()) + proof.steps
        conditions = (*proof.conditions, *self._invertible())
        zero = _absorbed(self._original(proof.zero))
        return Verdict(Status.PROVED, conditions=conditions, zero_set=zero, strict=self._strict(zero),
                       invariant_set=self.limits(zero), necessary=proof.necessary if proof.conditions else None,
                       certificate=Certificate(steps, proof.identities, proof.positive, proof.smt), **facts)

    def assumed(self) -> tuple:
        rates = sorted(self.one.derivative.free_symbols & self._rates(), key=str)
        return (*told(self.named), *(sympy.Gt(x, 0, evaluate=False) for x in rates if x.is_positive))

    def _rates(self) -> set:
        one, o = self.one, self.one.oracle
        states = {*one.vectors, o.value, o.hessian, o.jacobian, o.residual, one.s.t,
                  *(getattr(one.s, name) for name in one.scalars)}
        return (one.derivative.free_symbols | one.V.free_symbols) - states

    def _invertible(self) -> tuple:
        """Denominators of the field that may vanish: the flow is defined where they do not."""
        found = []
        for f in self.one.field.values():
            bottom = sympy.fraction(sympy.together(f))[1]
            for p in (p for p in sympy.Mul.make_args(sympy.factor(bottom)) if p.has(H, self.one.oracle.jacobian)):
                base = p.base if p.is_Pow else p
                image = self.reduction.value(base)
                if not image.is_polynomial(*image.free_symbols) or not self._never_zero(image):
                    found.append(sympy.Ne(base, 0))
        return tuple(dict.fromkeys(found))

    def _never_zero(self, f) -> bool:
        signed = self.reduction.domain.signed(sympy.expand(f))
        return signed is not None and signed[1].zero == sympy.false

    # ------------------------------------------------------------------------------- where V' = 0, and limits
    def _original(self, zero):
        """The zero set in the names of the flow: a root vanishes with its square, a slack at its bound."""
        meaning = self.reduction.meaning
        zero = sympy.sympify(zero).xreplace({vanishing(s): vanishing(sympy.sympify(x)) for s, x in meaning.items()})
        zero = zero.xreplace({Eq(twin(s), 0): sympy.false for s, x in meaning.items() if x == 1})
        kept = {twin(x) for x in self._rates() if x.is_positive}
        zero = zero.replace(lambda e: isinstance(e, Eq) and e.lhs in kept, lambda e: sympy.false)
        slack = {twin(s): vanishing(sympy.sympify(x)).lhs for s, x in meaning.items() if x != 1}
        if not slack:
            return zero
        return zero.replace(lambda e: isinstance(e, Eq) and e.has(*slack), lambda e: _plain(e.lhs.subs(slack)))

    def _alternatives(self, zero):
        """The zero set as alternatives {symbol: 0}, or None where it is not made of vanishing symbols."""
        one = self.one
        named = {twin(x): x for x in (*one.vectors, *(getattr(one.s, name) for name in one.scalars))}
        if zero in (True, False, sympy.true, sympy.false):
            return None
        cases, out = _cases(sympy.sympify(zero)), []
        if cases is None:
            return None
        for parts in cases:
            if not all(isinstance(e, Eq) and e.lhs in named and e.rhs == 0 for e in parts):
                return None
            out.append({named[e.lhs]: Integer(0) for e in parts})
        return out

    def vanishes_on(self, zero) -> bool:
        """Whether V' is 0 where an alternative of a zero set holds, on whatever piece: at random points, exactly.

        On a seam V' is that of either side.
        """
        cases = [{}] if zero == sympy.true else self._alternatives(zero)
        E, rng, tiny = self.one.derivative, np.random.default_rng(0), Rational(1, 2**80)
        for case in cases or ():
            sides = list(itertools.product(*((1,) if x.is_positive else (1, -1) for x in case)))
            for _ in range(24):
                at = {x: Rational(int(rng.integers(1, 8)), 8) if x.is_positive else
                      Rational(int(rng.integers(1, 32)), 8) * int(rng.choice([-1, 1]))
                      for x in sorted(E.free_symbols - set(case), key=str)}
                near = (sympy.N(E.subs(at | {x: k * tiny for x, k in zip(case, side, strict=True)}), 40)
                        for side in sides)
                if not any(v.is_real and abs(v) < Rational(1, 2**30) for v in near):
                    return False
        return cases is not None

    def _strict(self, zero) -> bool:
        memory = {x for name, x in zip(self.one.names, self.one.vectors, strict=False) if name != "theta"}
        cases = self._alternatives(zero)
        return cases is not None and all({self.one.oracle.gradient, *memory} <= set(case) for case in cases)

    def limits(self, zero):
        """The largest part of the zero set that a bounded solution can stay in for all times, past and future.

        A symbol that is 0 must stay 0, so its derivative vanishes too; a block with x' = k(x₀ − x), k > 0, that is
        bounded for all times is x₀.  None where this elimination of symbols does not get through.
        """
        changes = any(f.has(self.one.s.t) for f in self.one.field.values())
        if isinstance(self.one, Frame) or not self.alone or self.domains or changes:
            return None  # LaSalle's principle is one of flows that do not change in time
        cases = self._alternatives(zero)
        sets = None if cases is None else [self._limit(case) for case in cases]
        if sets is None or None in sets:
            return None
        return Or(*(And(*(Eq(twin(x), v) for x, v in case.items())) for case in sets))

    def _limit(self, case):
        one, g = self.one, self.one.oracle.gradient
        blocks = {getattr(one.s, name): one.field[name] for name in (*one.names, *one.scalars) if name != "theta"}
        case = dict(case)
        while True:
            known, before = dict(case), len(case)
            for x, f in blocks.items():
                if any(h.subs(known) == 0 for h in jumps_of(f)):
                    return None  # on a jump the slope is any number of Filippov's interval
                f = sympy.cancel(sympy.together(f.subs(known)))
                if f.has(sympy.nan, sympy.zoo, sympy.oo):
                    return None
                if x in known and f != 0:
                    symbols = [p for p, _ in sympy.factor_list(sympy.fraction(f)[0])[1] if quotient_sign(p) == 0]
                    if len(symbols) != 1 or not symbols[0].is_Symbol:
                        return None
                    case[symbols[0]] = Integer(0)
                elif x not in known:
                    constant = resting_value(f, x)
                    if constant is not None and not constant.free_symbols & {*blocks, *one.vectors}:
                        case[x] = constant
            if g in known and sympy.cancel(sympy.together(one.field["theta"].subs(known))) != 0:
                return None
            if len(case) == before:
                return case

    # ------------------------------------------------------------------------------------------- V against F
    def above_loss(self, rates: dict) -> bool | None:
        """Whether V − F ≥ 0 (V ≥ 0 where F is not in it), at the rates that a proof needs."""
        one, o = self.one, self.one.oracle
        if one.V.diff(o.value) not in (0, 1):
            return None  # V − F holds F
        psi = (one.V - one.V.diff(o.value) * o.value).subs(rates)
        psi = self.reduction.value(psi) if psi.has(sympy.log) else self.reduction.apply(psi)
        if psi == 0:
            return True
        if psi.has(sympy.log):  # one variable s ≥ 0: it starts at or above 0 and grows
            inner = psi.free_symbols & self.reduction.domain.positive
            if len(inner) != 1:
                return None
            s = inner.pop()
            start, slope = sympy.simplify(psi.subs(s, 0)), sympy.cancel(sympy.together(psi.diff(s)))
            grows = self._never_negative(slope)
            return True if grows and start.is_nonnegative else None
        if self._never_negative(psi):
            return True
        symbols = sorted(psi.free_symbols, key=str)
        points = itertools.islice(itertools.product((1, -1, 4, Rational(1, 4), -4), repeat=len(symbols)), 2000)
        if set(symbols) & set(self.reduction.clocks):
            return None
        allowed = (p for p in points if all(v > 0 or not x.is_positive for x, v in zip(symbols, p, strict=True)))
        values = (psi.subs(dict(zip(symbols, p, strict=True))) for p in allowed)
        return False if any(v.is_extended_real and v.is_finite and v < 0 for v in values) else None

    def _never_negative(self, expr) -> bool:
        try:
            N, _, _, domain = self.reduction.numerator(expr)
        except Unreadable:
            return False
        proof = domain.nonnegative(N)
        return proof is not None and not proof.conditions

    # --------------------------------------------------------------------------------------------- witnesses
    def satisfiable(self, conditions) -> bool:
        """Whether some positive rational rates meet the conditions."""
        known = {c.lhs: c.rhs for c in conditions if isinstance(c, Eq)}
        if any(isinstance(c, Eq) and known[c.lhs] != c.rhs for c in conditions):
            return False
        rest = [c.subs(known) for c in conditions if not isinstance(c, Eq)]
        symbols = sorted(set().union(*(c.free_symbols for c in rest)), key=str)
        values = [Rational(2)**k for k in (0, -2, 2, -6, 6)]
        points = itertools.islice(itertools.product(values, repeat=len(symbols)), 20000)
        return any(all(c.subs(dict(zip(symbols, p, strict=True))) == sympy.true for c in rest) for p in points)

    def _witness(self, N) -> dict | None:
        """Exact rational numbers at which V' > 0, or None where the search finds none."""
        whole = self.one.whole
        named = whole.derivative.free_symbols.union(*(f.free_symbols for f in self.one.facts))
        images = {x: self.reduction.value(x) for x in sorted(named, key=str)}
        unknowns = sorted(set().union(*(e.free_symbols for e in images.values())) - set(self.reduction.clocks), key=str)
        rates = self._rates() | (set(unknowns) - self.reduction.domain.free - self.reduction.domain.positive)
        clocks = list(self.reduction.clocks)
        for point in itertools.chain(self._directions(N, unknowns), self._samples(images, unknowns, rates)):
            for times in self._instants(point, clocks):
                full = point | times
                witness = {x: image.subs(full) for x, image in images.items()}
                if all(v.is_Rational for v in witness.values()) and self._realised(witness):
                    values = whole.derivative.subs(witness), self.reduction.derivative.subs(
                        {u: sympy.sqrt(base) - low for u, (base, low) in self.reduction.sums.items()}).subs(
                            self.reduction.functions).subs(full)
                    if all(v.is_extended_real and v.is_finite and v > 0 for v in values):
                        return {x: v for x, v in witness.items() if x in whole.derivative.free_symbols}
        return None

    def _realised(self, witness) -> bool:
        """Whether such a state and loss exist, off the seams: a gradient g = J r vanishes where J does."""
        o, one = self.one.oracle, self.one
        if one.facts and (any(witness.get(x, 0) < 0 for x in self.reduction.solved if x.is_positive)
                          or one.whole.on_seam(witness)):
            return False
        return not (witness.get(o.jacobian) == 0 and witness.get(o.gradient, 0) != 0)

    def _instants(self, point, clocks):
        """Values of the clocks: y = z^q, y_k = z^p for k = p/q, at some rational z in (0, 1) and at the limit 0."""
        if not clocks:
            return [{}]
        ratios = [sympy.sympify(self.reduction.clocks[y]).subs(point) for y in clocks]
        q = sympy.ilcm(1, 1, *(r.q for r in ratios)) if all(r.is_Rational for r in ratios) else 10**9
        fine = [Rational(1, 2**j) for j in (1, 2, 4, 8, 16)] if q <= 400 and max(ratios) * q <= 4000 else []
        return [{y: z**(r * q) for y, r in zip(clocks, ratios, strict=True)} for z in fine] + [
            {y: Integer(0) for y in clocks}]

    def _at_limit(self, witness) -> bool:
        return any(name in self.one.scalars and witness.get(getattr(self.one.s, name)) == 1 for name in self.one.scalars
                   if self.reduction.clocks)

    def _directions(self, N, unknowns):
        """Points where a quadratic form in the free symbols is negative, by exact elimination."""
        if N is None:
            return
        free = [x for x in unknowns if x in self.reduction.domain.free]
        others = [x for x in unknowns if x not in free]
        rng = np.random.default_rng(1)
        poly = Poly(sympy.expand(N), *free) if free else None
        if poly is None or not poly.is_homogeneous or poly.total_degree() != 2 or self.reduction.sums:
            return
        M = matrix(poly)
        for trial in range(40):
            levels = rng.integers(-1 - trial // 4, 2 + trial // 4, len(others))
            zero = [x in self.reduction.made and str(x)[0] == "p" and trial % 2 == 0 for x in others]
            at = {x: Integer(0) if z else Integer(2)**int(k) for x, z, k in zip(others, zero, levels, strict=True)}
            at |= {y: Integer(0) for y in self.reduction.clocks}
            there = M.subs(at)
            if all(e.is_Rational for e in there) and (u := negative_direction(there)) is not None:
                scale = sympy.ilcm(1, 1, *(e.q for e in u))
                yield {x: e * scale for x, e in zip(free, u, strict=True)} | {
                    x: v for x, v in at.items() if x not in self.reduction.clocks}

    def _samples(self, images, unknowns, rates):
        """Powers of two at which V' is positive in floating point, simplest first: candidates, to be checked."""
        clocks = list(self.reduction.clocks)
        if not set().union(*(self.reduction.clocks[y].free_symbols for y in clocks)) <= set(unknowns):
            return  # a clock's rate that V' does not hold besides: nothing is drawn for it
        formula = self.one.derivative.subs(images, simultaneous=True)
        f = sympy.lambdify([*unknowns, *clocks], formula, ["scipy", "numpy"])
        rng, n = np.random.default_rng(0), 60_000
        width = np.where(np.arange(n) % 2, 4, 30)
        exponents = {x: np.trunc((rng.random(n) * 2 - 1) * (4 if x in rates else width)) for x in unknowns}
        values = {x: 2.0**k for x, k in exponents.items()}
        for x in unknowns:
            if not x.is_nonnegative:
                values[x] = values[x] * rng.choice([-1.0, 1.0], n)
            if x in self.reduction.domain.free or str(x)[0] == "p" and x in self.reduction.made:
                values[x] = np.where(rng.random(n) < 0.3, 0.0, values[x])
        base = 2.0**-rng.choice([1.0, 2.0, 4.0, 8.0, 1000.0], n)
        ticks = [base**np.asarray(sympy.lambdify(unknowns, self.reduction.clocks[y])(*(values[x] for x in unknowns)))
                 for y in clocks]
        with np.errstate(all="ignore"):
            arguments = [*(values[x] for x in unknowns), *ticks]
            height = np.broadcast_to(np.asarray(f(*arguments), dtype=float), n).copy()
            for fact in (*self.one.facts, *(x for x in self.reduction.solved if x.is_positive)):
                held = sympy.lambdify([*unknowns, *clocks], self.reduction.value(fact), ["scipy", "numpy"])
                height[np.broadcast_to(np.asarray(held(*arguments)) <= 0, n)] = np.nan
        good = np.flatnonzero(np.isfinite(height) & (height > 0))
        cost = sum(np.abs(k) + (values[x] < 0) for x, k in exponents.items()) if unknowns else np.zeros(n)
        for i in good[np.argsort(np.asarray(cost)[good], kind="stable")][:60]:
            yield {x: Integer(0) if values[x][i] == 0 else
                   Integer(int(np.sign(values[x][i]))) * Integer(2)**int(exponents[x][i]) for x in unknowns}


def _plain(f):
    """The condition f = 0, for a multiple of a symbol that it vanishes."""
    f = sympy.expand(f)
    return Eq(f.as_coeff_Mul()[1], 0)


def falls(verdict: Verdict) -> tuple[sympy.Expr, set[str]] | None:
    """(V', names of what is 0 where bounded curves end) for an energy proved to have V' ≤ 0 and V ≥ F, else None."""
    proved = verdict.status == Status.PROVED
    if proved and not verdict.conditions and verdict.positive and verdict.invariant_set is not None:
        ends = [e for e in And.make_args(verdict.invariant_set) if isinstance(e, Eq)]
        return verdict.derivative, {e.lhs.name for e in ends if e.rhs == 0}
    return None
