"""Flows of the literature beyond the catalogue, each with the energy that its paper gives, or that a hand finds.

Each is one function `(s, oracle, rates…)`, whose docstring is its formula, and one line that says where it is from.
`python -m lyapunov --literature` writes the page.  To add one: a function here, under its heading.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, make_dataclass, replace
from types import SimpleNamespace

import sympy

from arithmetic import (
    Rate, Table, absolute, add_diagonal, clipped, cos, cosh, diagonal, dot, exp, log, log1p, maximum, minimum, sign,
    sinh, solve, sqrt, tanh, total,
)
from flows import Flow, scalar

from .classes import F, strongly_convex, theta
from .decrease import check
from .energy import Assumptions, Energy, relations_of
from .exact import Verdict, positive, readable

mu, L = positive("mu"), positive("L")
rates = SimpleNamespace


@dataclass(frozen=True)
class Entry:
    """A flow, the energy claimed of it, the class of losses, and the source of the flow."""

    name: str
    formula: str
    flow: Flow
    energy: Energy
    assuming: Assumptions
    source: str

    def verdict(self) -> Verdict:
        """What `check` says of the claim."""
        return check(self.flow, self.energy, assuming=self.assuming)


@dataclass(frozen=True)
class Row:
    """One line of the page: an entry, the verdict on it, and the seconds that took."""

    entry: Entry
    verdict: Verdict
    seconds: float

    @property
    def cells(self) -> tuple[str, ...]:
        """The texts of COLUMNS."""
        e, v = self.entry, self.verdict
        given = [readable(r) if isinstance(r, sympy.Basic) else str(r) for r in relations_of(e.assuming)]
        told = {"PROVED": "", "UNDECIDED": f": {clipped(v.reason, 150)}", "REFUTED": ": " + ", ".join(
            f"{x} = {value}" for x, value in (v.witness or {}).items())}[v.status]
        needed = tuple(c for c in v.conditions if c not in given)
        return (e.name, e.formula, str(e.energy.expression), ", ".join([*given, *map(str, needed)]) or "none",
                f"{v.status}{told}", e.source, f"{self.seconds:.1f}")

    @property
    def line(self) -> str:
        """The line without its last cell, the seconds."""
        text = Table(COLUMNS, [self.cells]).markdown().splitlines()[-1]
        return text[: text.rstrip(" |").rindex("|") + 1]


COLUMNS = ("flow", "formula", "energy V", "assuming", "verdict", "source", "seconds")


def rows(names: Iterable[str] | None = None) -> Iterator[Row]:
    """The lines of the entries with these names, all unless given, one after the other."""
    for entry in ENTRIES:
        if names is None or entry.name in names:
            begin = time.perf_counter()
            verdict = entry.verdict()
            yield Row(entry, verdict, time.perf_counter() - begin)


def markdown(found: Iterable[Row]) -> str:
    """The page."""
    table = Table(COLUMNS, [row.cells for row in found])
    return f"# Energies of flows of the literature\n\n{EXPLANATION}\n\n{table.markdown()}"


EXPLANATION = """\
Written by `python -m lyapunov --literature` from `lyapunov/literature.py`, one short definition for each flow.
These flows are not in the catalogue.  V is claimed (F the loss, g its gradient; of one coordinate), and `check` says of
the claim V' ≤ 0, for every loss of the class, every state and every dimension: PROVED, or REFUTED with numbers of which
a loss was made along which V grows, or UNDECIDED with what blocks the proof.  Rates are positive."""


ENTRIES: list[Entry] = []


def listed(*memory, energy: Callable, source: str, assuming: Assumptions = None, nonnegative=(), **symbols):
    """Puts a flow on the list: the decorated function gives its slopes, its keyword arguments are its rates.

    energy : (s, oracle, k) -> V, with the rates k.  symbols : rates that are no positive symbols of their names.
    """

    def made(slopes: Callable) -> Callable:
        names = [name for name in inspect.signature(slopes).parameters if name not in ("s", "o")]
        name = slopes.__name__.strip("_").replace("_", " ")

        def values(flow):
            return {x: getattr(flow, x) for x in names}

        body = {"memory": memory, "nonnegative": nonnegative, "__doc__": slopes.__doc__,
                "field": lambda flow, s, o: slopes(s, o, **values(flow))}
        fields = [(x, Rate, field(default=1.0)) for x in names]
        kind = make_dataclass("".join(map(str.capitalize, name.split())), fields, bases=(Flow,), namespace=body,
                              frozen=True)
        flow = kind(**{x: symbols.get(x, positive(x)) for x in names})
        V = Energy(lambda s, o: energy(s, o, rates(**values(flow))))
        ENTRIES.append(Entry(name, slopes.__doc__ or "", flow, V, assuming, source))
        return slopes

    return made


def of_literature(name: str, **values: Rate) -> Flow:
    """The flow of this name on the list, with these values of its rates."""
    return replace(next(entry.flow for entry in ENTRIES if entry.name == name), **values)


def square(x):
    """|x|²."""
    return total(x**2)


def norm(x, under=0):
    """√(|x|² + under)."""
    return sqrt(square(x) + under)


def loss(s, o, k):
    return o.value


def kinetic(s, o, k):
    return o.value + square(s.v) / 2


# ------------------------------------------------------------------------------------------------ gradient flows
@listed(energy=loss, source="Cortés 2006, Automatica 42 (2)")
def normalised_gradient_flow(s, o):
    """θ' = −∇F / |∇F|"""
    return {"theta": -o.gradient / norm(o.gradient)}


@listed(energy=loss, source="Romero & Benosman 2020, ICML (q-RGF)")
def p_flow(s, o):
    """θ' = −∇F / |∇F|^((q−2)/(q−1)), q = 3"""
    return {"theta": -o.gradient / sqrt(norm(o.gradient))}


@listed(energy=loss, source="Romero & Benosman 2020, ICML (q-SGF)")
def signed_p_flow(s, o):
    """θ' = −|∇F|₁^(1/(q−1)) sign ∇F, q = 3"""
    return {"theta": -sqrt(total(absolute(o.gradient))) * sign(o.gradient)}


@listed(energy=loss, source="Wibisono, Wilson & Jordan 2016, arXiv 1603.04245 (rescaled gradient flow)")
def rescaled_gradient_flow(s, o):
    """θ' = −∇F / |∇F|^((p−2)/(p−1)), p = 4"""
    return {"theta": -o.gradient / square(o.gradient) ** sympy.Rational(1, 3)}


@listed(energy=loss, source="Zhang, He, Sra & Jadbabaie 2020, ICLR (clipped gradient descent)")
def clipping_by_norm(s, o, c):
    """θ' = −min(1, c/|∇F|) ∇F"""
    return {"theta": -minimum(1, c / norm(o.gradient)) * o.gradient}


@listed(energy=loss, source="Pascanu, Mikolov & Bengio 2013, ICML")
def clipping_by_value(s, o, c):
    """θ' = −min(max(∇F, −c), c), each coordinate"""
    return {"theta": -maximum(minimum(o.gradient, c), -c)}


@listed(energy=loss, source="You, Gitman & Ginsburg 2017, arXiv 1708.03888")
def lars_without_momentum(s, o):
    """θ' = −|θ| ∇F / |∇F|"""
    return {"theta": -norm(s.theta) * o.gradient / norm(o.gradient)}


@listed(energy=loss, assuming=sympy.Ge(F, 0), source="Polyak 1969; Loizou et al. 2021, AISTATS")
def polyak_step(s, o):
    """θ' = −F ∇F / |∇F|²"""
    return {"theta": -o.value * o.gradient / square(o.gradient)}


@listed(energy=loss, source="Absil, Mahony & Sepulchre 2008 (Riemannian gradient on spheres)")
def on_the_sphere(s, o):
    """θ' = −∇F + θ⟨θ, ∇F⟩/|θ|²"""
    return {"theta": -o.gradient + s.theta * dot(s.theta, o.gradient) / square(s.theta)}


@listed("p", energy=loss, source="Amari 1998, Neural Computation 10 (2)", nonnegative=("p",))
def natural_gradient_with_a_diagonal_metric(s, o):
    """θ' = −p ∇F, p > 0 constant"""
    return {"p": 0 * s.p, "theta": -s.p * o.gradient}


@listed(energy=loss, source="Alvarez, Bolte & Brahic 2004, SIAM J. Control Optim. 43 (2)")
def hessian_riemannian_flow(s, o):
    """θ' = −∇F / (1 + θ²), each coordinate"""
    return {"theta": -o.gradient / (1 + s.theta**2)}


@listed(energy=loss, source="Ghai, Hazan & Singer 2020, ALT")
def hypentropy(s, o, b):
    """θ' = −√(θ² + b²) ∇F, each coordinate"""
    return {"theta": -sqrt(s.theta**2 + b**2) * o.gradient}


@listed(energy=loss, assuming=sympy.Ge(theta, 0), source="Kivinen & Warmuth 1997; Amid & Warmuth 2020, NeurIPS")
def exponentiated_gradient(s, o):
    """θ' = −θ ∇F, θ > 0, each coordinate"""
    return {"theta": -s.theta * o.gradient}


@listed(energy=loss, source="Nemirovski & Yudin 1983; Bubeck 2015, FnT ML 8 (3–4), §4")
def mirror_descent_with_cosh(s, o):
    """θ' = −∇F / cosh θ, each coordinate: the mirror map sinh"""
    return {"theta": -o.gradient / cosh(s.theta)}


@listed(energy=lambda s, o, k: o.value + square(s.theta) / (2 * (1 + s.t)),
        source="Attouch & Cominetti 1996, J. Differ. Equ. 128 (2)")
def tikhonov(s, o):
    """θ' = −∇F − θ/(1 + t)"""
    return {"theta": -o.gradient - s.theta / (1 + s.t)}


@listed(energy=loss, source="Attouch, Chbani & Riahi 2019, Pure Appl. Funct. Anal. 4 (1)")
def time_rescaled(s, o, k):
    """θ' = −(1 + t)^k ∇F"""
    return {"theta": -((1 + s.t) ** k) * o.gradient}


@listed(energy=loss, source="Loshchilov & Hutter 2017, ICLR (cosine without restarts), in continuous time")
def cosine_schedule(s, o, k):
    """θ' = −(1 + cos kt)/2 ∇F"""
    return {"theta": -(1 + cos(k * s.t)) / 2 * o.gradient}


@listed(energy=loss, source="Bengio 2012, §3.1 (exponential schedule), in continuous time")
def exponential_schedule(s, o, k):
    """θ' = −e^(−kt) ∇F"""
    return {"theta": -exp(-k * s.t) * o.gradient}


@listed(energy=lambda s, o, k: o.value + k.rho * square(o.gradient) / 2,
        source="Barrett & Dherin 2021, ICLR (implicit gradient regularisation)")
def gradient_regularised(s, o, rho):
    """θ' = −∇(F + ρ|∇F|²/2) = −∇F − ρ H ∇F"""
    return {"theta": -o.gradient - rho * o.hessian_product(o.gradient)}


@listed(energy=lambda s, o, k: o.value + k.rho * norm(o.gradient, k.e),
        source="Compagnoni et al. 2023, ICML (SAM's ODE)")
def sharpness_aware(s, o, rho, e):
    """θ' = −∇(F + ρN) = −∇F − ρ H ∇F/N, N = √(|∇F|² + e)"""
    return {"theta": -o.gradient - rho * o.hessian_product(o.gradient) / norm(o.gradient, e)}


@listed(energy=loss, assuming="convex", source="Compagnoni et al. 2023, ICML (SAM's ODE)")
def sharpness_aware_on_convex_losses(s, o, rho):
    """θ' = −∇F − ρ H ∇F/|∇F|, F convex"""
    return {"theta": -o.gradient - rho * o.hessian_product(o.gradient) / norm(o.gradient)}


@listed("lam", energy=lambda s, o, k: (square(s.theta) + square(s.lam)) / 2, assuming="convex",
        source="Kose 1956; Arrow, Hurwicz & Uzawa 1958")
def primal_dual(s, o, a):
    """θ' = −∇F − aλ, λ' = aθ"""
    return {"lam": a * s.theta, "theta": -o.gradient - a * s.lam}


@listed("z", energy=lambda s, o, k: o.value + k.c * square(s.theta - s.z) / 2,
        source="Zhang, Choromanska & LeCun 2015, NeurIPS (EASGD)")
def elastic_averaging(s, o, c, b):
    """θ' = −∇F − c(θ − z), z' = b(θ − z)"""
    return {"z": b * (s.theta - s.z), "theta": -o.gradient - c * (s.theta - s.z)}


@listed(energy=loss, source="Cortés 2006, Automatica 42 (2) (sign flow, smoothed)")
def soft_sign(s, o, c):
    """θ' = −tanh(c∇F), each coordinate"""
    return {"theta": -tanh(c * o.gradient)}


@listed(energy=loss, source="Maddison, Paulin, Teh & Doucet 2021, SIAM J. Optim. 31 (1)")
def dual_space_preconditioned(s, o):
    """θ' = −log(1 + |∇F|) sign ∇F, each coordinate"""
    return {"theta": -log1p(absolute(o.gradient)) * sign(o.gradient)}


# --------------------------------------------------------------------------------------------------------- inertia
@listed("v", energy=lambda s, o, k: (1 + k.c * k.b) * o.value + square(s.v + k.b * o.gradient) / 2,
        source="Alvarez, Attouch, Bolte & Redont 2002, J. Math. Pures Appl. 81 (8)")
def dynamical_inertial_newton(s, o, c, b):
    """θ'' + cθ' + bHθ' + ∇F = 0"""
    return {"v": -c * s.v - b * o.hessian_product(s.v) - o.gradient, "theta": s.v}


@listed("y", energy=lambda s, o, k: (1 + k.c * k.b) * o.value + square((k.c - 1 / k.b) * s.theta + s.y / k.b) / 2,
        source="Castera, Bolte, Févotte & Pauwels 2021, JMLR 22 (134)")
def inna(s, o, c, b):
    """θ' = −(c − 1/b)θ − y/b − b∇F, y' = −(c − 1/b)θ − y/b"""
    slow = -(c - 1 / b) * s.theta - s.y / b
    return {"y": slow, "theta": slow - b * o.gradient}


@listed("v", energy=lambda s, o, k: s.t**2 * o.value + square((k.r - 1) * s.theta + s.t * (s.v + k.b * o.gradient)) / 2,
        assuming=("convex", sympy.Ge(positive("r"), 3)),
        source="Attouch, Chbani, Fadili & Riahi 2022, Math. Program. 193 (DIN-AVD)")
def inertia_with_vanishing_and_hessian_damping(s, o, r, b):
    """θ'' + (r/t) θ' + bHθ' + (1 + b/t) ∇F = 0"""
    drive = (1 + b / s.t) * o.gradient
    return {"v": -r / s.t * s.v - b * o.hessian_product(s.v) - drive, "theta": s.v}


@listed("v", energy=lambda s, o, k: s.t * (s.t + k.b / 2) * o.value
        + square(2 * s.theta + s.t * (s.v + k.b * o.gradient)) / 2, assuming="convex",
        source="Shi, Du, Jordan & Su 2022, Math. Program. 195 (1.12)")
def high_resolution_nag_c(s, o, b):
    """θ'' + (3/t) θ' + bHθ' + (1 + 3b/2t) ∇F = 0, b = √s"""
    drive = (1 + 3 * b / (2 * s.t)) * o.gradient
    return {"v": -3 / s.t * s.v - b * o.hessian_product(s.v) - drive, "theta": s.v}


@listed("v", energy=lambda s, o, k: (1 + k.m * k.b) * o.value + square(s.v) / 4
        + square(s.v + 2 * k.m * s.theta + k.b * o.gradient) / 4, assuming=strongly_convex(positive("m") ** 2),
        source="Shi, Du, Jordan & Su 2022, Math. Program. 195 (1.11)")
def high_resolution_nag_sc(s, o, m, b):
    """θ'' + 2mθ' + bHθ' + (1 + mb) ∇F = 0, m = √μ, b = √s"""
    return {"v": -2 * m * s.v - b * o.hessian_product(s.v) - (1 + m * b) * o.gradient, "theta": s.v}


@listed("v", energy=lambda s, o, k: (1 + k.m * k.b) * o.value + square(s.v) / 4
        + square(s.v + 2 * k.m * s.theta) / 4, assuming=strongly_convex(positive("m") ** 2),
        source="Shi, Du, Jordan & Su 2022, Math. Program. 195 (1.10)")
def high_resolution_heavy_ball(s, o, m, b):
    """θ'' + 2mθ' + (1 + mb) ∇F = 0, m = √μ, b = √s"""
    return {"v": -2 * m * s.v - (1 + m * b) * o.gradient, "theta": s.v}


@listed("v", energy=lambda s, o, k: o.value + square(k.c * s.theta + s.v) / 2, assuming="convex",
        source="Alvarez 2000, SIAM J. Control Optim. 38 (4)")
def heavy_ball_on_convex_losses(s, o, c):
    """θ'' + cθ' + ∇F = 0, F convex"""
    return {"v": -c * s.v - o.gradient, "theta": s.v}


@listed("v", energy=kinetic, source="Cabot, Engler & Gadat 2009, Trans. AMS 361 (11)")
def slowly_vanishing_friction(s, o, c):
    """θ'' + c/√(1 + t) θ' + ∇F = 0"""
    return {"v": -c / sqrt(1 + s.t) * s.v - o.gradient, "theta": s.v}


@listed("v", energy=lambda s, o, k: s.t * o.value + square(s.theta / sqrt(s.t) + sqrt(s.t) * s.v) / 2
        + square(s.theta) / (4 * s.t), assuming="convex",
        source="Attouch, Chbani & Riahi 2019, ESAIM: COCV 25 (2), r = 3/2")
def subcritical_friction(s, o):
    """θ'' + 3/(2t) θ' + ∇F = 0"""
    return {"v": -3 / (2 * s.t) * s.v - o.gradient, "theta": s.v}


@listed("v", energy=lambda s, o, k: s.t**3 * o.value + square(4 * s.theta + s.t * s.v) / 2, assuming="convex",
        source="Attouch, Chbani & Riahi 2019, SIAM J. Optim. 29 (3), r = 5")
def time_scaled_inertia(s, o):
    """θ'' + (5/t) θ' + t ∇F = 0"""
    return {"v": -5 / s.t * s.v - s.t * o.gradient, "theta": s.v}


@listed("v", energy=lambda s, o, k: k.C * s.t**k.p * o.value + square(s.theta + s.t * s.v / k.p) / 2, assuming="convex",
        p=sympy.Integer(3), source="Wibisono, Wilson & Jordan 2016, arXiv 1603.04245 (polynomial family)")
def bregman_lagrangian(s, o, C, p):
    """θ'' + (p + 1)/t θ' + Cp² t^(p−2) ∇F = 0, p = 3"""
    return {"v": -(p + 1) / s.t * s.v - C * p**2 * s.t ** (p - 2) * o.gradient, "theta": s.v}


@listed("v", energy=lambda s, o, k: exp(k.c * s.t) * o.value + square(s.theta + s.v / k.c) / 2, assuming="convex",
        source="Wibisono, Wilson & Jordan 2016, arXiv 1603.04245 (exponential family)")
def bregman_lagrangian_exponential(s, o, c):
    """θ'' + cθ' + c² e^(ct) ∇F = 0"""
    return {"v": -c * s.v - c**2 * exp(c * s.t) * o.gradient, "theta": s.v}


@listed("p", energy=lambda s, o, k: k.C * s.t**2 * o.value + square(s.theta + s.p / s.t**2) / 2,
        assuming="convex", source="Betancourt, Jordan & Wilson 2018, arXiv 1802.03653 (p = 2)")
def bregman_hamiltonian(s, o, C):
    """θ' = 2p/t³, p' = −2Ct³ ∇F"""
    return {"p": -2 * C * s.t**3 * o.gradient, "theta": 2 * s.p / s.t**3}


@listed("z", energy=lambda s, o, k: s.t**2 / k.r * o.value + k.r * square(s.z) / 2,
        assuming=("convex", sympy.Ge(positive("r"), 2)),
        source="Krichene, Bayen & Bartlett 2015, NeurIPS (accelerated mirror descent)")
def accelerated_mirror_descent(s, o, r):
    """θ' = (r/t)(z − θ), z' = −(t/r) ∇F"""
    return {"z": -s.t / r * o.gradient, "theta": r / s.t * (s.z - s.theta)}


@listed("v", energy=lambda s, o, k: kinetic(s, o, k) + square(s.theta) / (2 * (1 + s.t)),
        source="Attouch & Czarnecki 2002, J. Differ. Equ. 179 (1)")
def inertia_with_tikhonov(s, o, c):
    """θ'' + cθ' + ∇F + θ/(1 + t) = 0"""
    return {"v": -c * s.v - o.gradient - s.theta / (1 + s.t), "theta": s.v}


@listed("v", energy=kinetic, source="Bégout, Bolte & Jendoubi 2015, J. Differ. Equ. 259 (7)")
def quadratic_friction(s, o, c):
    """θ'' + c|θ'|θ' + ∇F = 0"""
    return {"v": -c * norm(s.v) * s.v - o.gradient, "theta": s.v}


@listed("v", energy=kinetic, source="Adly & Attouch 2020, SIAM J. Optim. 30 (3)")
def dry_friction(s, o, c, r):
    """θ'' + cθ' + r θ'/|θ'| + ∇F = 0"""
    return {"v": -c * s.v - r * s.v / norm(s.v) - o.gradient, "theta": s.v}


@listed("v", energy=kinetic, source="Adly, Attouch & Cabot 2006, Nonlinear Anal. 64")
def dry_friction_of_each_coordinate(s, o, r):
    """θ'' + r sign θ' + ∇F = 0"""
    return {"v": -r * sign(s.v) - o.gradient, "theta": s.v}


@listed("p", energy=lambda s, o, k: o.value + k.c * norm(s.p, k.c**2 * k.m**2),
        source="França, Sulam, Robinson & Vidal 2020, NeurIPS")
def relativistic_gradient_descent(s, o, a, c, m):
    """θ' = c p/√(|p|² + m²c²), p' = −ap − ∇F"""
    return {"p": -a * s.p - o.gradient, "theta": c * s.p / norm(s.p, c**2 * m**2)}


@listed("p", energy=lambda s, o, k: o.value + total(log(cosh(s.p))),
        source="Maddison, Paulin, Teh, O'Donoghue & Doucet 2018, arXiv 1809.05042, K = log cosh")
def hamiltonian_descent_with_log_cosh(s, o, a):
    """θ' = tanh p, p' = −ap − ∇F"""
    return {"p": -a * s.p - o.gradient, "theta": tanh(s.p)}


@listed("p", energy=lambda s, o, k: o.value + total(cosh(s.p)),
        source="Maddison, Paulin, Teh, O'Donoghue & Doucet 2018, arXiv 1809.05042, K = cosh")
def hamiltonian_descent_with_cosh(s, o, a):
    """θ' = sinh p, p' = −ap − ∇F"""
    return {"p": -a * s.p - o.gradient, "theta": sinh(s.p)}


@listed("p", energy=lambda s, o, k: o.value + total(absolute(s.p) ** sympy.Rational(3, 2)) * sympy.Rational(2, 3),
        source="Maddison, Paulin, Teh, O'Donoghue & Doucet 2018, arXiv 1809.05042, K = |p|^(3/2)/(3/2)")
def hamiltonian_descent_with_a_power(s, o, a):
    """θ' = √|p| sign p, p' = −ap − ∇F"""
    return {"p": -a * s.p - o.gradient, "theta": sqrt(absolute(s.p)) * sign(s.p)}


@listed("v", scalar("xi"), energy=lambda s, o, k: kinetic(s, o, k) + k.q * s.xi**2 / 2,
        source="Karoni, Leimkuhler & Stoltz 2023, J. Comput. Dyn. 10 (arXiv 2306.06738, KFAD)")
def friction_adaptive_descent(s, o, c, q):
    """v' = −∇F − ξv, ξ' = |v|²/q − cξ, θ' = v"""
    return {"v": -o.gradient - s.xi * s.v, "xi": square(s.v) / q - c * s.xi, "theta": s.v}


# ---------------------------------------------------------------------------------------- averages of the gradient
@listed("m", energy=lambda s, o, k: o.value + k.nu * square(s.m) / (2 * k.a),
        assuming=sympy.Le(positive("nu"), 1), source="Ma & Yarats 2019, ICLR (QHM)")
def quasi_hyperbolic_momentum(s, o, a, nu):
    """m' = a(∇F − m), θ' = −(1 − ν)∇F − νm"""
    return {"m": a * (o.gradient - s.m), "theta": -(1 - nu) * o.gradient - nu * s.m}


@listed("m", "w", energy=lambda s, o, k: o.value + square(s.m) / (4 * k.a) + square(s.w) / (4 * k.b),
        source="Lucas, Sun, Zemel & Grosse 2019, ICLR (AggMo)")
def aggregated_momentum(s, o, a, b):
    """m' = a(∇F − m), w' = b(∇F − w), θ' = −(m + w)/2"""
    return {"m": a * (o.gradient - s.m), "w": b * (o.gradient - s.w), "theta": -(s.m + s.w) / 2}


@listed("m", "q", energy=lambda s, o, k: o.value + k.i * square(s.m) / (2 * k.a) + k.d * square(s.q) / 2,
        source="An, Wang, Sun, Xu, Dai & Zhang 2018, CVPR")
def pid_control(s, o, a, b, i, d):
    """m' = a(∇F − m), q' = b(∇F − q), θ' = −∇F − i m − d q'"""
    change = b * (o.gradient - s.q)
    return {"m": a * (o.gradient - s.m), "q": change, "theta": -o.gradient - i * s.m - d * change}


@listed("m", "v", "p", energy=lambda s, o, k: o.value + square(s.m) / (2 * k.a) + k.w / 2 * (
        (k.b + k.r) / k.b**2 * square(s.v) - 2 * dot(s.v, s.p) / k.b + square(s.p) / k.r),
        source="Xie, Zhou, Li, Lin & Yan 2024, IEEE TPAMI 46 (12), (Nesterov momentum estimation)")
def adan_without_scale(s, o, a, b, r, w):
    """m' = a(∇F − m), v' = b(∇F − p − v), p' = r(∇F − p), θ' = −m − wv"""
    change = o.gradient - s.p
    return {"m": a * (o.gradient - s.m), "v": b * (change - s.v), "p": r * change, "theta": -s.m - w * s.v}


@listed("m", energy=lambda s, o, k: o.value + norm(s.m) / k.a, source="Cutkosky & Mehta 2020, ICML")
def normalised_momentum(s, o, a):
    """m' = a(∇F − m), θ' = −m/|m|"""
    return {"m": a * (o.gradient - s.m), "theta": -s.m / norm(s.m)}


@listed("m", energy=lambda s, o, k: o.value + norm(s.m, k.e) / k.a, source="Cutkosky & Mehta 2020, ICML")
def normalised_momentum_smoothed(s, o, a, e):
    """m' = a(∇F − m), θ' = −m/√(|m|² + e)"""
    return {"m": a * (o.gradient - s.m), "theta": -s.m / norm(s.m, e)}


def huber(x, c):
    """x²/2 where |x| ≤ c, else c|x| − c²/2."""
    near = minimum(norm(x), c)
    return near * norm(x) - near**2 / 2


@listed("m", energy=lambda s, o, k: o.value + huber(s.m, k.c) / k.a,
        source="Zhang, Jin, Fang & Wang 2020, NeurIPS (clipped momentum)")
def clipped_momentum(s, o, a, c):
    """m' = a(∇F − m), θ' = −min(1, c/|m|) m"""
    return {"m": a * (o.gradient - s.m), "theta": -minimum(1, c / norm(s.m)) * s.m}


@listed(scalar("G"), energy=loss, source="Ward, Wu & Bottou 2019, ICML (AdaGrad-Norm)", nonnegative=("G",))
def adagrad_norm(s, o, e):
    """G' = |∇F|², θ' = −∇F/√(G + e)"""
    return {"G": square(o.gradient), "theta": -o.gradient / sqrt(s.G + e)}


@listed("m", scalar("v"), energy=lambda s, o, k: o.value + square(s.m) / (2 * k.a * (sqrt(s.v) + k.e)),
        nonnegative=("v",), assuming=sympy.Le(positive("b"), 4 * positive("a")),
        source="Zhang et al. 2024, arXiv 2406.16793 (Adam-mini, one block)")
def adam_norm(s, o, a, b, e):
    """m' = a(∇F − m), v' = b(|∇F|² − v), θ' = −m/(√v + e)"""
    return {"m": a * (o.gradient - s.m), "v": b * (square(o.gradient) - s.v), "theta": -s.m / (sqrt(s.v) + e)}


@listed("m", scalar("v"), energy=lambda s, o, k: o.value + (sqrt(s.v) + k.e) * square(s.m) / (2 * k.a),
        nonnegative=("v",), source="Ginsburg et al. 2019, arXiv 1905.11286")
def novograd(s, o, a, b, e):
    """m' = a(∇F/(√v + e) − m), v' = b(|∇F|² − v), θ' = −m"""
    return {"m": a * (o.gradient / (sqrt(s.v) + e) - s.m), "v": b * (square(o.gradient) - s.v), "theta": -s.m}


@listed("m", "v", energy=lambda s, o, k: o.value + total((sqrt(s.v) + k.e) * s.m**2) / (2 * k.a), nonnegative=("v",),
        source="Ziyin, Wang & Ueda 2020, arXiv 2002.04839")
def laprop(s, o, a, b, e):
    """m' = a(∇F/(√v + e) − m), v' = b(∇F² − v), θ' = −m, each coordinate"""
    return {"m": a * (o.gradient / (sqrt(s.v) + e) - s.m), "v": b * (o.gradient**2 - s.v), "theta": -s.m}


@listed("m", "v", energy=lambda s, o, k: o.value + total(s.m**2 / (sqrt(sqrt(s.v)) + k.e)) / (2 * k.a),
        nonnegative=("v",), assuming=sympy.Le(positive("b"), 8 * positive("a")),
        source="Chen, Zhou, Tang, Yang, Cao & Gu 2020, IJCAI (Padam, p = 1/8)")
def partially_adaptive_adam(s, o, a, b, e):
    """m' = a(∇F − m), v' = b(∇F² − v), θ' = −m/(v^(1/4) + e), each coordinate"""
    return {"m": a * (o.gradient - s.m), "v": b * (o.gradient**2 - s.v), "theta": -s.m / (sqrt(sqrt(s.v)) + e)}


@listed("m", "n", "v", energy=lambda s, o, k: o.value + total(
        (s.m**2 / k.a + k.w * s.n**2 / k.c) / (2 * (sqrt(s.v) + k.e))), nonnegative=("v",),
        assuming=(sympy.Le(positive("b"), 4 * positive("a")), sympy.Le(positive("b"), 4 * positive("c"))),
        source="Pagliardini, Ablin & Grangier 2024, arXiv 2409.03137")
def ademamix(s, o, a, b, c, w, e):
    """m' = a(∇F − m), n' = c(∇F − n), v' = b(∇F² − v), θ' = −(m + wn)/(√v + e), each coordinate"""
    return {"m": a * (o.gradient - s.m), "n": c * (o.gradient - s.n), "v": b * (o.gradient**2 - s.v),
            "theta": -(s.m + w * s.n) / (sqrt(s.v) + e)}


@listed("k", energy=loss, nonnegative=("k",), source="Yao, Gholami, Shen, Mustafa, Keutzer & Mahoney 2021, AAAI")
def adahessian_without_momentum(s, o, b, e):
    """k' = b(diag(H)² − k), θ' = −∇F/(√k + e), each coordinate"""
    return {"k": b * (diagonal(o.hessian) ** 2 - s.k), "theta": -o.gradient / (sqrt(s.k) + e)}


@listed("r", energy=lambda s, o, k: total(s.r), nonnegative=("r",), assuming=sympy.Ge(F, 0),
        source="Liu & Tian 2020, arXiv 2010.05109 (AEGD)")
def aegd(s, o, c):
    """r' = −r(∇F)²/(2(F + c)), θ' = −r∇F/√(F + c), each coordinate"""
    return {"r": -s.r * o.gradient**2 / (2 * (o.value + c)), "theta": -s.r * o.gradient / sqrt(o.value + c)}


# ------------------------------------------------------------------------------------------------------- curvature
@listed(energy=loss, assuming="convex", source="Mishchenko 2023, SIAM J. Optim. 33 (3)")
def newton_regularised_by_the_gradient(s, o, c):
    """θ' = −(H + √(c|∇F|))⁻¹∇F, F convex"""
    return {"theta": -solve(add_diagonal(o.hessian, sqrt(c * norm(o.gradient))), o.gradient)}


@listed(energy=loss, source="Yamashita & Fukushima 2001, Computing 15 (suppl.)", assuming=sympy.Ge(F, 0))
def levenberg_marquardt_damped_by_the_loss(s, o):
    """θ' = −(JᵀJ + F)⁻¹∇F"""
    return {"theta": -solve(add_diagonal(o.gauss_newton, o.value), o.gradient)}
