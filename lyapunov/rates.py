"""The table of rates: how fast an energy falls, for each flow and class of losses, proved and beside the literature."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sympy
from sympy import Symbol

from arithmetic import Rate, Table, sqrt, total
from flows import Flow, GradientDescent, Momentum, Nesterov, NesterovODE, Newton, RMSProp
from schemes import Euler, Heun, ImplicitEuler, Scheme, SequentialEuler

from .classes import PL, H, quasar_convex, smooth, strongly_convex
from .decrease import check
from .energy import Assumptions, relations_of
from .exact import positive, words
from .literature import of_literature
from .pace import rate_verdict

mu, s, friction, gamma, bound = map(positive, ("mu", "s", "c", "gamma", "B"))
root, small = sympy.sqrt(mu), sympy.sqrt(s)


@dataclass(frozen=True)
class Claim:
    """A flow, an energy, the class of losses, the rate k of V' ≤ −kV, what that gives, and where it is from."""

    name: str
    flow: Flow
    energy: Callable
    assuming: Assumptions
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
    return lambda state, oracle: (state.t**order * oracle.value
                                  + total((state.theta + state.t * state.v / order) ** 2) / 2)


SSA = "Siegel 2019, arXiv 1903.05671"
SDJS = "Shi, Du, Jordan & Su 2022, Math. Program. 195 (arXiv 1810.08907)"
WWJ = "Wibisono, Wilson & Jordan 2016, arXiv 1603.04245"
CLAIMS = (
    Claim("gradient flow", GradientDescent(), loss, PL(mu), 2 * mu, "F <= exp(-2 mu t) F(0)", "Polyak 1963"),
    Claim("gradient flow", GradientDescent(), loss, strongly_convex(mu), 2 * mu, "F <= exp(-2 mu t) F(0)",
          "Polyak 1963"),
    Claim("gradient flow", GradientDescent(), distance, strongly_convex(mu), 2 * mu, "|θ| <= exp(-mu t) |θ(0)|",
          "Polyak 1963"),
    Claim("gradient flow", GradientDescent(), slope, H >= mu, 2 * mu, "|∇F| <= exp(-mu t) |∇F(0)|", "Brézis 1973"),
    Claim("gradient flow", GradientDescent(), lambda x, o: x.t * o.value + distance(x, o), "convex", 0,
          "F <= |θ(0)|²/2t", "Su, Boyd & Candès 2016"),
    Claim("gradient flow", GradientDescent(), lambda x, o: x.t**2 * slope(x, o) + x.t * o.value + distance(x, o),
          "convex", 0, "|∇F|² <= |θ(0)|²/t²", "Brézis 1973"),
    Claim("gradient flow", GradientDescent(), lambda x, o: (1 + 2 * mu * x.t) * slope(x, o), H >= mu, 0,
          "|∇F|² <= |∇F(0)|²/(1 + 2 mu t)", "weaker than the exponential rate"),
    Claim("Newton's flow", Newton(), slope, (), 2, "|∇F| = exp(-t) |∇F(0)|", "Branin 1972"),
    Claim("heavy ball, c = 2√mu", Momentum(c=2 * root), mixed(1, root), strongly_convex(mu), root,
          "F <= exp(-√mu t) V(0)", SSA),
    Claim("NAG-SC, high resolution", of_literature("high resolution nag sc", m=root, b=small),
          lambda x, o: ((1 + root * small) * o.value + total(x.v**2) / 4
                        + total((x.v + 2 * root * x.theta + small * o.gradient) ** 2) / 4),
          strongly_convex(mu), root / 4, "F <= exp(-√mu t/4) V(0)", SDJS),
    Claim("inertia with Hessian damping", of_literature("dynamical inertial newton", c=1, b=1),
          lambda x, o: 2 * o.value + total((x.v + o.gradient) ** 2) / 2, PL(mu), sympy.Rational(1, 4),
          "F <= exp(-t/4) V(0)/2", "Attouch, Peypouquet & Redont 2016 (the flow)"),
    Claim("Nesterov's ODE", NesterovODE(), lambda x, o: x.t**2 * o.value + 2 * total((x.theta + x.t * x.v / 2) ** 2),
          "convex", 0, "F <= 2|θ(0)|²/t²", "Su, Boyd & Candès 2016"),
    *(
        Claim(f"accelerated flow, p = {n}", of_literature("bregman lagrangian", C=1, p=n), bregman(n), "convex", 0,
              f"F <= |θ(0)|²/2t^{n}", WWJ)
        for n in (3, 4, 6)
    ),
    Claim("heavy ball", Momentum(c=friction),
          lambda x, o: mixed(1, 2 * friction / 3)(x, o) - friction**2 * total(x.theta**2) / 9,
          (*strongly_convex(mu), mu >= 2 * friction**2 / 9), 2 * friction / 3,
          "V <= exp(-2ct/3) V(0), (1 - 2c²/9mu) F <= V",
          "Aujol, Dossal & Rondepierre 2023, Math. Program. 198: √(2mu) at c = 3√(mu/2)"),
    Claim("Nesterov's ODE, r = 3/2", NesterovODE(r=sympy.Rational(3, 2)),
          lambda x, o: x.t * o.value + total((x.theta + x.t * x.v) ** 2) / (2 * x.t) + total(x.theta**2) / (4 * x.t),
          "convex", 0, "F <= V(1)/t = V(1)/t^(2r/3)", "Attouch, Chbani & Riahi 2019, ESAIM COCV 25 (r < 3)"),
    Claim("gradient flow", GradientDescent(), lambda x, o: gamma * x.t * o.value + distance(x, o), quasar_convex(gamma),
          0, "F <= |θ(0)|²/(2 gamma t)", "Hinder, Sidford & Sohoni 2020, arXiv 1906.11985 (the class)"),
    Claim("gradient flow", GradientDescent(), lambda x, o: o.value + mu * distance(x, o), quasar_convex(gamma, mu),
          gamma * mu, "F <= exp(-gamma mu t) V(0)", "Hinder, Sidford & Sohoni 2020, arXiv 1906.11985 (the class)"),
    Claim("normalised gradient flow", of_literature("normalised gradient flow"),
          lambda x, o: sqrt(o.value) + sympy.sqrt(mu / 2) * x.t, PL(mu), 0,
          "F = 0 from t = √(2F(0)/mu) on", "Cortés 2006, Automatica 42; Romero & Benosman 2020, ICML"),
    Claim("rescaled gradient flow, q = 3", of_literature("p flow"),
          lambda x, o: sqrt(sqrt(o.value)) + (2 * mu) ** sympy.Rational(3, 4) * x.t / 4, PL(mu), 0,
          "F = 0 from t = 4 F(0)^(1/4)/(2mu)^(3/4) on", "Romero & Benosman 2020, ICML"),
    Claim("AdaGrad-norm", of_literature("adagrad norm", e=0), loss,
          (*PL(mu), Symbol("G", positive=True) <= bound**2), 2 * mu / bound,
          "F <= exp(-2 mu t/B) F(0), B = √G(0) + F(0)/2 as F + 2√G is constant",
          "Ward, Wu & Bottou 2019, ICML (the flow)"),
    Claim("RMSProp", RMSProp(b=positive("b"), eps=positive("eps")), loss,
          (*PL(mu), Symbol("v", positive=True) <= bound**2), 2 * mu / (bound + positive("eps")),
          "F <= exp(-2 mu t/(B + eps)) F(0), B a bound of |∇F| and of √v(0)",
          "De, Mukherjee & Ullah 2018, arXiv 1807.06766 (bounded gradients)"),
    Claim("heavy ball, c = 2√mu", Momentum(c=2 * root), mixed(1, root), strongly_convex(mu), 2 * root,
          "F <= exp(-2√mu t) V(0)", "false: twice the rate"),
    Claim("gradient flow", GradientDescent(), loss, PL(mu), 3 * mu, "F <= exp(-3 mu t) F(0)", "false: 2 mu is sharp"),
)

COLUMNS = ("flow", "class", "rate k", "gives", "verdict", "if", "source")


@dataclass(frozen=True)
class TripleMomentum(Flow):
    """z⁺ = √q (θ − g/μ) + (1 − √q) z,  θ⁺ = a (θ − g/L) + (1 − a) z⁺, in steps of 1.

    q = μ/L, a = (1 − √q)/(1 + √q).
    """

    L: Rate = 4.0
    mu: Rate = 1.0
    memory = ("z",)

    def field(self, state, oracle):
        q = sympy.sqrt(self.mu / self.L)
        z, a = ahead(state, oracle, self.L, self.mu), (1 - q) / (1 + q)
        return {"z": z - state.z, "theta": a * (state.theta - oracle.gradient / self.L) + (1 - a) * z - state.theta}


def ahead(state, oracle, L, mu):
    """The next z of triple momentum."""
    q = sympy.sqrt(mu / L)
    return q * (state.theta - oracle.gradient / mu) + (1 - q) * state.z


@dataclass(frozen=True)
class Pace:
    """An algorithm, an energy, the class of losses, the rate ρ of V⁺ ≤ ρV; what is known of it, and from where.

    literature : the rate that is published, and by whom.  tools : what a tool for worst cases prints.
    """

    name: str
    flow: Flow
    scheme: Scheme
    h: object
    energy: Callable
    formula: str
    assuming: tuple
    rate: object
    literature: str
    tools: str = ""


L, h, u, w = map(positive, "Lhuw")
STRONG = (*strongly_convex(mu), H <= L)
q, short = sympy.sqrt(mu / L), 1 / sympy.sqrt(L)
keep = (1 - q) / (1 + q)  # the momentum of NAG for strongly convex losses


def counted(state):
    """The number of steps that were taken."""
    return state.t / h


def estimate(state, oracle):
    """NAG-SC: F at x = θ − β√(1/L) v and the distance of z = θ + β v/√μ."""
    return oracle.loss.value(state.theta - keep * short * state.v) + mu * total(
        (state.theta + keep * state.v / root) ** 2) / 2


def accelerated(state, oracle):
    """NAG: (n + 1)² F at x = θ − (n − 1)/(n + 2) √(1/L) v, and 2L |z|², 2z = (n + 2) θ − n x."""
    n = state.t / short
    x = state.theta - (n - 1) / (n + 2) * short * state.v
    return (n + 1) ** 2 * oracle.loss.value(x) + L * total(((n + 2) * state.theta - n * x) ** 2) / 2


def triple(state, oracle):
    inside = mu / (1 - mu / L) * (2 * total(ahead(state, oracle, L, mu) ** 2) - total(
        (state.theta - oracle.gradient / L) ** 2)) / 2
    return oracle.value - total(oracle.gradient**2) / (2 * L) + inside


def last(state, oracle):
    return oracle.value + w**2 * total(state.v**2) / 2


THG = "Taylor, Hendrickx & Glineur 2018, arXiv 1705.04398: the same, sharp"
AKZ = "Abbaszadehpeivasti, de Klerk & Zamani 2023, arXiv 2204.00647: the same"
LARGER = sympy.Max((1 - h * mu) ** 2, (1 - h * L) ** 2)
WILD = (*PL(mu), *smooth(L))
PACES = (
    Pace("gradient descent", GradientDescent(), Euler(), h, loss, "F", (*STRONG, h <= 2 / L), LARGER, THG),
    Pace("gradient descent", GradientDescent(), Euler(), h, distance, "|θ|²/2", (*STRONG, h <= 2 / L), LARGER,
         "Polyak 1963: the same, sharp", "AutoLyap at μ = 1, L = 4, h = 0.4: 0.360000 (here 0.36)"),
    Pace("gradient descent", GradientDescent(), Euler(), h, slope, "|∇F|²/2", (*STRONG, h <= 2 / (L + mu)),
         (1 - h * mu) ** 2, THG),
    Pace("gradient descent", GradientDescent(), Euler(), 1 / L, loss, "F", WILD, 1 - mu / L, "Polyak 1963: the same"),
    Pace("gradient descent", GradientDescent(), Euler(), 1 / L, loss, "F", WILD, 2 * (L - mu) / (2 * L + mu), AKZ,
         "PEPit at L = 1, μ = 0.2: 0.683267, by more inequalities (here 0.727273); AutoLyap at L = 1, μ = 0.5, "
         "h = 1.0003: 0.399976 (here, h = 1: 0.4)"),
    Pace("gradient descent", GradientDescent(), Euler(), h, loss, "F", (*WILD, h >= 1 / L, h <= sympy.sqrt(3) / L),
         1 - h * mu * (4 - (L * h) ** 2) / (2 + h * mu), AKZ,
         "AutoLyap at L = 1, μ = 0.5, h = 1.510152: 0.528757 (here 0.528757)"),
    Pace("gradient descent", GradientDescent(), Euler(), h, loss, "F", (*WILD, h >= sympy.sqrt(3) / L, h <= 2 / L),
         (h * L - 1) ** 2 / ((h * L - 1) ** 2 + h * mu * (2 - L * h)), AKZ,
         "AutoLyap at L = 1, μ = 0.5, h = 1.897636: 0.871625, smaller (here 0.892428)"),
    Pace("gradient descent", GradientDescent(), Euler(), h, lambda x, o: x.t * o.value + distance(x, o),
         "h n F + |θ|²/2", ("convex", H <= L, h <= 1 / L), 1,
         "Bansal & Gupta 2019, arXiv 1712.04581: the same", "PEPit at h = 1/L, n = 10: V⁺ − V <= 2e-9"),
    Pace("gradient descent", GradientDescent(), Euler(), h, lambda x, o: (2 * counted(x) + 1) * o.value / h + counted(x)
         * (counted(x) + 2) * total(o.gradient**2) + total(x.theta**2) / h**2,
         "(2n + 1) F/h + n(n + 2)|∇F|² + |θ|²/h²", ("convex", H <= 1 / h), 1,
         "Taylor & Bach 2019, arXiv 1902.00947: the same", "PEPit at n = 10: V⁺ − V <= 4e-9"),
    Pace("gradient descent", GradientDescent(), Euler(), h, lambda x, o: (gamma * x.t + h) * o.value + distance(x, o),
         "(γ n + 1) h F + |θ|²/2", (*quasar_convex(gamma), *smooth(L), h <= 1 / L, gamma <= 1), 1,
         "Hinder, Sidford & Sohoni 2020, arXiv 1906.11985 (the class)"),
    Pace("proximal point", GradientDescent(), ImplicitEuler(), h, distance, "|θ|²/2", strongly_convex(mu),
         1 / (1 + h * mu) ** 2, "Rockafellar 1976: the same", "AutoLyap at μ = 1, h = 0.6: 0.390625 (here 0.390625)"),
    Pace("proximal point", GradientDescent(), ImplicitEuler(), h, loss, "F", strongly_convex(mu),
         1 / (1 + h * mu) ** 2, THG),
    Pace("heavy ball, momentum u w, lr h², u² = 1 − h² μ, w² = 1 − h² L", Momentum(c=(1 - u * w) / h),
         SequentialEuler(), h, last, "F + w²|v|²/2",
         ("convex", H >= (1 - u**2) / h**2, H <= (1 - w**2) / h**2, w <= u, u <= 1), u**2,
         "Ghadimi, Feyzmahdavian & Johansson 2015, arXiv 1412.7457: the same",
         "PEPit at L = 1, μ = 0.1, h² = 0.5, two steps from rest: 0.753493 (here 0.9025)"),
    Pace("NAG-SC, lr 1/L", Nesterov((1 - keep) / short, keep, short), SequentialEuler(), short, estimate,
         "F(x) + μ|z|²/2", STRONG, 1 - q, "Nesterov 2004; d'Aspremont, Scieur & Taylor 2021, arXiv 2101.09545: the "
         "same", "PEPit at L = 1, μ = 0.1, two steps from rest: 0.347586 (here 0.467544)"),
    Pace("NAG, lr 1/L", NesterovODE(3, short), SequentialEuler(), short, accelerated, "(n + 1)² F(x) + 2L|z|²",
         ("convex", H <= L), 1, "Nesterov 1983: the same", "PEPit, of a like V, at n = 10: V⁺ − V <= 8e-9"),
    Pace("triple momentum", TripleMomentum(L, mu), Euler(), 1, triple,
         "F − |∇F|²/2L + μL/(L − μ) (|z⁺|² − |θ − ∇F/L|²/2)", STRONG, (1 - q) ** 2,
         "Van Scoy, Freeman & Lynch 2018: the same", "AutoLyap at μ = 1, L = 100: 0.812683 (here 0.81)"),
    Pace("gradient flow by Heun's scheme, h = 1/10", GradientDescent(), Heun(), sympy.Rational(1, 10), distance,
         "|θ|²/2", (*strongly_convex(1), H <= 10), sympy.Rational(41, 50), "none known"),
    Pace("gradient descent", GradientDescent(), Euler(), h, loss, "F", (*STRONG, h <= 2 / (L + mu)),
         (1 - h * mu) ** 3, "false: more than is sharp"),
)
PACE_COLUMNS = ("algorithm", "class", "V", "rate ρ", "verdict", "gives", "literature", "other tools")


def paces() -> Iterator[tuple[str, ...]]:
    """The texts of PACE_COLUMNS of each claim of an algorithm, one after the other."""
    for claim in PACES:
        verdict = rate_verdict(claim.flow, claim.scheme, claim.h, claim.energy, claim.rate, claim.assuming)
        yield (claim.name, ", ".join(map(str, claim.assuming)), claim.formula, str(claim.rate), str(verdict.status),
               verdict.gives, claim.literature, claim.tools)


def rows() -> Iterator[tuple[str, ...]]:
    """The texts of COLUMNS of each claim, one after the other."""
    for claim in CLAIMS:
        verdict = check(claim.flow, claim.energy, assuming=claim.assuming, rate=claim.rate)
        yield (claim.name, ", ".join(map(str, relations_of(claim.assuming))) or "all", str(claim.rate), claim.gives,
               str(verdict.status), words(verdict.conditions) if verdict.conditions else "", claim.source)


def markdown() -> str:
    """The tables as a page."""
    return (f"# Rates\n\n{EXPLANATION}\n\n## Flows\n\n{Table(COLUMNS, list(rows())).markdown()}\n## Algorithms\n\n"
            f"{STEPS}\n\n{Table(PACE_COLUMNS, list(paces())).markdown()}")


EXPLANATION = """Written by `python -m lyapunov --rates`.  A claim V' <= −kV (V' <= 0 where k is 0) for every loss of
the class, with its minimum F = 0 at θ = 0, every state and every dimension, exactly; V is in `lyapunov/rates.py`.
*PROVED* has a certificate, *REFUTED* a loss of the class on which V e^(kt) grows: the last rows say more than is true
on purpose."""

STEPS = """A claim V(θ_{n+1}) <= ρ V(θ_n) of `check_step(..., rate=ρ)` for every loss of the class, every state and
every dimension, exactly, with the step h and the constants of the class as symbols.  *PROVED* has multipliers of
interpolation inequalities between the points of one step, as rational functions of the parameters; *REFUTED* a loss of
the class and a state.  Where PEPit or AutoLyap publish a number in their documentation, it stands beside ours: theirs
are optimal values of semidefinite programs in floats, at one set of parameters each."""
