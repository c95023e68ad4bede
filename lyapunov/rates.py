"""The table of rates: how fast an energy falls, for each flow and class of losses, proved and beside the literature."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sympy

from arithmetic import Table, total
from flows import Flow, GradientDescent, Momentum, NesterovODE, Newton

from .classes import PL, H, strongly_convex
from .decrease import check
from .exact import positive, words

mu, s = positive("mu"), positive("s")
root, small = sympy.sqrt(mu), sympy.sqrt(s)


@dataclass(frozen=True)
class HighResolution(Flow):
    """NAG for strongly convex losses, with its step √s: θ'' + 2√μ θ' + √s H θ' + (1 + √(μs)) ∇F = 0."""

    memory = ("v",)

    def field(self, state, oracle):
        drive = (1 + root * small) * oracle.gradient
        return {"v": -2 * root * state.v - small * oracle.hessian_product(state.v) - drive, "theta": state.v}


@dataclass(frozen=True)
class Inertial(Flow):
    """θ'' + θ' + H θ' + ∇F = 0: inertia with damping by the Hessian."""

    memory = ("v",)

    def field(self, state, oracle):
        return {"v": -state.v - oracle.hessian_product(state.v) - oracle.gradient, "theta": state.v}


@dataclass(frozen=True)
class Accelerated(Flow):
    """θ'' + (p + 1)/t θ' + p² t^(p−2) ∇F = 0, of a Bregman Lagrangian."""

    p: int = 2
    memory = ("v",)

    def field(self, state, oracle):
        drive = self.p**2 * state.t ** (self.p - 2) * oracle.gradient
        return {"v": -(self.p + 1) / state.t * state.v - drive, "theta": state.v}


@dataclass(frozen=True)
class Claim:
    """A flow, an energy, the class of losses, the rate k of V' ≤ −kV, what that gives, and where it is from."""

    name: str
    flow: Flow
    energy: Callable
    assuming: object
    rate: object
    gives: str
    source: str


def loss(state, oracle):
    return oracle.value


def slope(state, oracle):
    return total(oracle.gradient**2) / 2


def distance(state, oracle):
    return total(state.theta**2) / 2


def mixed(weight, pull):
    """F + |v + pull θ|²/2, with a weight of F."""
    return lambda state, oracle: weight * oracle.value + total((state.v + pull * state.theta) ** 2) / 2


def bregman(order: int):
    return lambda state, oracle: (
        state.t**order * oracle.value + total((state.theta + state.t * state.v / order) ** 2) / 2
    )


SSA = "Siegel 2019, arXiv 1903.05671"
SDJS = "Shi, Du, Jordan & Su 2022, Math. Program. 195 (arXiv 1810.08907)"
WWJ = "Wibisono, Wilson & Jordan 2016, arXiv 1603.04245"
CLAIMS = (
    Claim("gradient flow", GradientDescent(), loss, PL(mu), 2 * mu, "F <= exp(-2 mu t) F(0)", "Polyak 1963"),
    Claim(
        "gradient flow", GradientDescent(), loss, strongly_convex(mu), 2 * mu, "F <= exp(-2 mu t) F(0)", "Polyak 1963"
    ),
    Claim(
        "gradient flow",
        GradientDescent(),
        distance,
        strongly_convex(mu),
        2 * mu,
        "|θ| <= exp(-mu t) |θ(0)|",
        "Polyak 1963",
    ),
    Claim("gradient flow", GradientDescent(), slope, H >= mu, 2 * mu, "|∇F| <= exp(-mu t) |∇F(0)|", "Brézis 1973"),
    Claim(
        "gradient flow",
        GradientDescent(),
        lambda x, o: x.t * o.value + distance(x, o),
        "convex",
        0,
        "F <= |θ(0)|²/2t",
        "Su, Boyd & Candès 2016",
    ),
    Claim(
        "gradient flow",
        GradientDescent(),
        lambda x, o: x.t**2 * slope(x, o) + x.t * o.value + distance(x, o),
        "convex",
        0,
        "|∇F|² <= |θ(0)|²/t²",
        "Brézis 1973",
    ),
    Claim(
        "gradient flow",
        GradientDescent(),
        lambda x, o: (1 + 2 * mu * x.t) * slope(x, o),
        H >= mu,
        0,
        "|∇F|² <= |∇F(0)|²/(1 + 2 mu t)",
        "weaker than the exponential rate",
    ),
    Claim("Newton's flow", Newton(), slope, (), 2, "|∇F| = exp(-t) |∇F(0)|", "Branin 1972"),
    Claim(
        "heavy ball, c = 2√mu",
        Momentum(c=2 * root),
        mixed(1, root),
        strongly_convex(mu),
        root,
        "F <= exp(-√mu t) V(0)",
        SSA,
    ),
    Claim(
        "NAG-SC, high resolution",
        HighResolution(),
        lambda x, o: (
            (1 + root * small) * o.value
            + total(x.v**2) / 4
            + total((x.v + 2 * root * x.theta + small * o.gradient) ** 2) / 4
        ),
        strongly_convex(mu),
        root / 4,
        "F <= exp(-√mu t/4) V(0)",
        SDJS,
    ),
    Claim(
        "inertia with Hessian damping",
        Inertial(),
        lambda x, o: 2 * o.value + total((x.v + o.gradient) ** 2) / 2,
        PL(mu),
        sympy.Rational(1, 4),
        "F <= exp(-t/4) V(0)/2",
        "Attouch, Peypouquet & Redont 2016 (the flow)",
    ),
    Claim(
        "Nesterov's ODE",
        NesterovODE(),
        lambda x, o: x.t**2 * o.value + 2 * total((x.theta + x.t * x.v / 2) ** 2),
        "convex",
        0,
        "F <= 2|θ(0)|²/t²",
        "Su, Boyd & Candès 2016",
    ),
    *(
        Claim(f"accelerated flow, p = {n}", Accelerated(n), bregman(n), "convex", 0, f"F <= |θ(0)|²/2t^{n}", WWJ)
        for n in (3, 4, 6)
    ),
    Claim(
        "heavy ball, c = 2√mu",
        Momentum(c=2 * root),
        mixed(1, root),
        strongly_convex(mu),
        2 * root,
        "F <= exp(-2√mu t) V(0)",
        "false: twice the rate",
    ),
    Claim("gradient flow", GradientDescent(), loss, PL(mu), 3 * mu, "F <= exp(-3 mu t) F(0)", "false: 2 mu is sharp"),
)

COLUMNS = ("flow", "class", "rate k", "gives", "verdict", "if", "source")


def rows() -> Iterator[tuple[str, ...]]:
    """The texts of COLUMNS of each claim, one after the other."""
    for claim in CLAIMS:
        verdict = check(claim.flow, claim.energy, assuming=claim.assuming, rate=claim.rate)
        named = claim.assuming if isinstance(claim.assuming, tuple) else (claim.assuming,)
        yield (
            claim.name,
            ", ".join(map(str, named)) or "all",
            str(claim.rate),
            claim.gives,
            str(verdict.status),
            words(verdict.conditions) if verdict.conditions else "",
            claim.source,
        )


def markdown() -> str:
    """The table as a page."""
    return f"# Rates\n\n{EXPLANATION}\n\n{Table(COLUMNS, list(rows())).markdown()}"


EXPLANATION = """Written by `python -m lyapunov --rates`.  A claim V' <= −kV (V' <= 0 where k is 0) for every loss of
the class, with its minimum F = 0 at θ = 0, every state and every dimension, exactly; V is in `lyapunov/rates.py`.
*PROVED* has a certificate, *REFUTED* a loss of the class on which V e^(kt) grows: the last rows say more than is true
on purpose."""
