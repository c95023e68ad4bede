"""The best rate of an ansatz: V with V' ≤ −kV for a class of losses, k as large as the ansatz has it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import sympy

from arithmetic import as_decimals, total
from flows import Flow

from .decrease import check
from .energy import Energy
from .exact import Status, Verdict
from .interpolation import LossClass, Unreadable
from .classes import F, g

BEYOND = sympy.Rational(101, 100)  # a rate that is larger by this factor is put to `check` too


@dataclasses.dataclass(frozen=True)
class Candidate:
    """V as a function of state and oracle, the rate that the ansatz gives it, and how it came about."""

    function: Callable
    rate: sympy.Expr
    steps: tuple[str, ...]
    assuming: tuple = ()


def candidates(flow: Flow, relations: tuple) -> Iterator[Candidate]:
    """Energies with rates, the fastest first, for θ' = −κg and for θ' = κx, x' = −γx − αg with constant κ, γ, α."""
    s, oracle, slopes = flow.coordinate()
    slopes = {name: as_decimals(f) for name, f in slopes.items()}
    states = {s.theta, oracle.gradient, s.t, *(getattr(s, name) for name in flow.memory)}
    mu, everywhere = constants(relations)
    kappa = sympy.cancel(-slopes["theta"] / oracle.gradient)
    if not kappa.free_symbols & states:
        if mu is not None:
            yield Candidate(lambda s, o: o.value, 2 * kappa * mu, (
                f"V = F has V' = {-kappa}*|g|^2, and |g|^2 >= {2 * mu * F}",))
        if everywhere:
            yield Candidate(lambda s, o: kappa * s.t * o.value + total(s.theta**2) / 2, sympy.S.Zero, (
                f"V = {kappa * s.t * F} + |theta|^2/2 has V' = {kappa}*(F - <g, theta>) - {kappa**2 * s.t}*|g|^2, and "
                "<g, theta> >= F",))
        return
    for name in flow.memory:
        x = getattr(s, name)
        parts = [slopes["theta"].diff(x), -slopes[name].diff(x), -slopes[name].diff(oracle.gradient)]
        plain = sympy.expand(slopes["theta"] - parts[0] * x) == 0 and sympy.expand(
            slopes[name] + parts[1] * x + parts[2] * oracle.gradient) == 0
        if not plain or any(p.free_symbols & states or p == 0 for p in parts) or mu is None or not everywhere:
            continue
        yield from _inertial(name, parts[0], parts[1], parts[2], mu)


def _inertial(name: str, kappa, gamma, alpha, mu) -> Iterator[Candidate]:
    """V = (α/κ)F + |x + aθ|²/2 + b|θ|²/2 with k = aκ: b cancels ⟨x, θ⟩, and V' ≤ −kV if 3aκ ≤ 2γ, a(γ − aκ) ≤ αμ."""
    pull = sympy.Symbol("p")
    largest, root = 2 * gamma / (3 * kappa), sympy.sqrt(gamma**2 - 4 * alpha * kappa * mu)
    need = sympy.simplify(9 * alpha * kappa * mu - 2 * gamma**2)
    extra = () if need.is_nonnegative else (sympy.Ge(mu, 2 * gamma**2 / (9 * alpha * kappa)),)
    for a in ([largest] if not need.is_negative else [(gamma - root) / (2 * kappa)]):
        b = sympy.simplify(a * (gamma - 2 * a * kappa) / kappa)
        k = sympy.simplify(a * kappa)

        def function(s, o, a=a, b=b):
            x = getattr(s, name)
            return alpha / kappa * o.value + total((x + a * s.theta) ** 2) / 2 + b * total(s.theta**2) / 2

        yield Candidate(function, k, (
            f"ansatz V = {alpha / kappa * F} + |{name} + p*theta|^2/2 + q*|theta|^2/2 with the rate k = {kappa * pull}",
            f"q = {sympy.expand(pull * (gamma - 2 * pull * kappa) / kappa)} cancels the products of {name} and theta "
            f"in V' + kV; what is left is nowhere positive if {3 * pull * kappa} <= {2 * gamma} and "
            f"{sympy.expand(pull * (gamma - pull * kappa))} <= {alpha * mu}",
            f"the best such p is {a}", *_height(alpha / kappa, b, mu)), () if need.is_negative else extra)


def _height(weight, b, mu) -> tuple[str, ...]:
    """What V is at least, as F ≥ μ|θ|²/2."""
    share = sympy.simplify(weight + b / mu)
    if b.is_nonnegative or not share.is_positive:
        return ()
    return (f"V >= {share * F}, as F >= {mu}*|theta|^2/2",)


def constants(relations: tuple) -> tuple[sympy.Expr | None, bool]:
    """(μ with |g|² ≥ 2μF everywhere, whether the losses are convex)."""
    try:
        losses = LossClass.of(relations)
    except Unreadable:
        return None, False
    if losses.low is not None and losses.low.is_positive and losses.rests:
        return losses.low, True
    share = next((gap.coeff(g**2) for gap in losses.gaps if gap.coeff(F) == -1 and gap.coeff(g**2) != 0), None)
    return (None if share is None else 1 / (2 * share)), "convex" in relations


def fastest(flow: Flow, relations: tuple) -> tuple[Energy | None, Verdict, tuple[str, ...]]:
    """(energy, verdict with its rate, how it was found) of the first candidate that is proved."""
    tried = []
    for one in candidates(flow, relations):
        energy = Energy(one.function, "fastest", (*relations, *one.assuming), flow=flow)
        verdict = check(flow, energy, rate=one.rate)
        if verdict.status == Status.PROVED:
            steps = one.steps
            if one.assuming:
                verdict = dataclasses.replace(verdict, conditions=(*one.assuming, *verdict.conditions),
                                              assuming=tuple(r for r in verdict.assuming if r not in one.assuming))
            if one.rate != 0 and check(flow, energy, rate=one.rate * BEYOND).status == Status.REFUTED:
                steps += (f"no larger rate: of this V, {BEYOND} times as much is refuted",)
            return energy, verdict, steps
        tried.append(f"V = {energy.expression} at the rate {one.rate}: {verdict.reason or verdict.status}")
    reason = "; ".join(tried) or ("the ansatz is for theta' = -kappa*g, and for theta' = kappa*x, x' = -gamma*x - "
                                  "alpha*g with constant rates, of losses that are strongly convex, PL or convex")
    return None, Verdict(Status.UNDECIDED, sympy.nan, reason=reason), ()
