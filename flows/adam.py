"""The Adam family: exponential averages of the gradient and of its square."""
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from arithmetic import (
    Oracle, Quantity, Rate, Vector, absolute, clip, diagonal, is_symbolic, maximum, minimum, sign, sqrt, total, where,
)

from .adaptive import root
from .base import Flow, Slopes, State, scalar
from .modifiers import decoupled


def corrected(x, c, limit):
    """x / c for a bias correction c, and its limit at the start, where x = c = 0."""
    return x / c if is_symbolic(c) else where(c > 0, x / where(c > 0, c, 1.0), limit)


def correcting(a, b):
    """min(1, (15 + b/a)/16): the least of 1 + (1/c₁ − 1)/2 − b/(4a) (1/c₂ − 1) over time, bounded below.

    With x = at and β = b/a it is 1 + ½/(eˣ − 1) − ¼β/(e^{βx} − 1).  The last term falls in β, and at β = 1 is half of
    the one before: 1 for β ≥ 1.  It is convex in β, so for β < 1 it is below the line between its ends: the claim holds
    for all of these if at 0, where it reads 1/(4x) ≤ ½/(eˣ − 1) + 1/16, that is (4 − x) eˣ ≤ 4 + 7x.
    """
    return minimum(1, (15 + b / a) / 16)


def positive(u, limit):
    """u, and its limit at the start, where u = 0."""
    symbols = is_symbolic(u) or isinstance(u, Vector) and is_symbolic(u.flat[0])
    return u if symbols else where(u > 0, u, limit)


@dataclass(frozen=True)
class AdamFamily(Flow):
    """What `Adam` and its kin share: their rates, their memory, and the averages that they divide."""

    a: Rate = 1.0
    b: Rate = 1.0
    eps: Rate = 1e-8
    correction: bool = True
    eps_root: Rate = 0
    hat: bool = False
    nonnegative: ClassVar[tuple[str, ...]] = ("v", "c1", "c2")

    @property
    def memory(self) -> tuple[str, ...]:
        return ("m", "v", scalar("c1"), scalar("c2")) if self.correction else ("m", "v")

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        average, spread = self._averages(s, g, g * g)
        derivative = {"m": self.a * (g - s.m), "v": self.b * (g * g - s.v), "theta": -average / self._scale(s, spread)}
        if self.correction:
            derivative |= {"c1": self.a * (1 - s.c1), "c2": self.b * (1 - s.c2)}
        return derivative

    def _averages(self, s, m_limit, v_limit):
        """m and v, bias-corrected where this Adam is, with their limits at the start."""
        if not self.correction:
            return s.m, s.v
        return corrected(s.m, s.c1, m_limit), corrected(s.v, s.c2, v_limit)

    def _scale(self, s, spread):
        """The denominator: a root of the squares, kept from 0 by ε."""
        return root(spread, self.eps / sqrt(s.c2) if self.hat and self.correction else self.eps, self.eps_root)


@dataclass(frozen=True)
class Adam(AdamFamily):
    """Adam: exponential averages of the gradient g = ∇F(θ) and of its square, each divided by its bias.

    m' = a (g − m),  v' = b (g² − v),  c₁' = a (1 − c₁),  c₂' = b (1 − c₂),  θ' = −(m/c₁) / (√(v/c₂ + ε_root) + ε)

    Classical form: SequentialEuler with h = lr, a = (1 − β₁)/h, b = (1 − β₂)/h, all memory 0 at the start, where
    m/c₁ and v/c₂ have the limits g and g².  `correction=False` keeps m and v as they are (c₁ = c₂ = 1).
    `hat=True` divides by √(v/c₂) + ε/√c₂ instead: the folded form, with an ε that is not corrected.
    Energy F + Σ m²/(2a c₁ D), D = √(v/c₂) + ε, decreasing if b ≤ 4a: by κ Σ m²/(c₁ D) at least, κ = 1 − b/(4a), or with
    correction min(1, (15 + b/a)/16) − b/(4a), for c₁, c₂ of one time, (1 − c₁)^b = (1 − c₂)^a.

    Parameters   a, b : rates, 1/time.  eps : in units of the gradient.  eps_root : its square, 0 unless given.
    Sources      Kingma & Ba 2015 (algorithm 1; the folded form in section 2); Barakat & Bianchi, arXiv 1810.02263
                 (the ODE and b ≤ 4a); torch and optax `adam`.
    """

    def energy(self, s: State, oracle: Oracle) -> Quantity:
        return oracle.value + self._speed(s) / (2 * self.a)

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return self._share() * self._speed(s)

    def followed(self, s: State, oracle: Oracle) -> tuple[Quantity, Rate]:
        return -oracle.gradient / self._scale(s, self._averages(s, 0 * s.m, 0 * s.v)[1]), self.a

    def _speed(self, s):
        """Σ m²/(c₁ D), D the denominator: twice the energy of the memory, per time 1/a."""
        average, spread = self._averages(s, 0 * s.m, 0 * s.v)
        return total(s.m * average / self._scale(s, spread))

    def _share(self):
        """κ: of m²/(c₁ D), what V is sure to fall by;
        it gains as c₁ grows and loses as D falls, by b/(4a c₂) at most."""
        return (correcting(self.a, self.b) if self.correction else 1) - self.b / (4 * self.a)


@dataclass(frozen=True)
class AdamW(AdamFamily):
    """AdamW, Adam with decoupled weight decay: θ' = −λ θ − (m/c₁) / (√(v/c₂) + ε), memory as Adam's.

    The same as `WeightDecay(Adam(...), λ, decoupled=True)`.  Its rest points are not those of F but of a penalised F in
    the box |θ| < 1/λ, so F + Σ m²/… is no energy.
    Parameters   as Adam's, and decay : λ, 1/time.
    Sources      Loshchilov & Hutter 2019; Xie & Li, arXiv 2404.04454 (the box); torch and optax `adamw`.
    """

    decay: Rate = 0.01

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return decoupled(super().field(s, oracle), s, self.decay)


@dataclass(frozen=True)
class AMSGrad(Adam):
    """AMSGrad, Adam with a scale that never falls: m, v, c₁, c₂ as Adam's,

    u' = r max(0, v − u),  θ' = −(m/c₁) / (√(u/c₂) + ε)           (torch)
    u' = r max(0, v/c₂ − u),  θ' = −(m/c₁) / (√u + ε)             (`corrected_maximum=True`, optax)

    Classical form: as Adam's, r = 1/h, u(0) = 0; as r → ∞, u is the running maximum.
    Energy F + Σ m²/(2a c₁ D), D the denominator, decreasing for all rates: by Σ m²/(c₁ D) at least where D cannot fall,
    in the second form and without correction, else by min(1, (15 + b/a)/16) of it.
    Parameters   as Adam's, and r : rate of relaxation, 1/time.
    Sources      Reddi, Kale & Kumar 2018.
    """

    r: Rate = 1.0
    corrected_maximum: bool = False
    nonnegative = ("v", "c1", "c2", "u")

    @property
    def memory(self) -> tuple[str, ...]:
        return (*super().memory, "u")

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        v = corrected(s.v, s.c2, g * g) if self.correction and self.corrected_maximum else s.v
        return super().field(s, oracle) | {"u": self.r * maximum(0, v - s.u)}

    def _share(self):
        falls = self.correction and (self.hat or not self.corrected_maximum)
        return correcting(self.a, self.b) if falls else 1

    def _averages(self, s, m_limit, v_limit):
        if not self.correction:
            return s.m, s.u
        return corrected(s.m, s.c1, m_limit), s.u if self.corrected_maximum else corrected(s.u, s.c2, v_limit)


@dataclass(frozen=True)
class Adamax(Flow):
    """Adamax, Adam in the maximum norm.

    m' = a (g − m),  c₁' = a (1 − c₁),  u' = max(−b u, r (|g| + ε − u)),  θ' = −m/(c₁ u)

    Classical form: SequentialEuler with h = lr, a = (1 − β₁)/h, b = (1 − β₂)/h, r = 1/h, all memory 0 at the start.
    Energy F + Σ m²/(2a c₁ u), decreasing if b ≤ 2a.
    Parameters   a, b : rates, 1/time.  r : rate of relaxation, 1/time.  eps : in units of the gradient.
    Sources      Kingma & Ba 2015 (algorithm 2); torch and optax `adamax`.
    """

    a: Rate = 1.0
    b: Rate = 1.0
    r: Rate = 1.0
    eps: Rate = 1e-8
    memory = ("m", scalar("c1"), "u")
    nonnegative = ("c1", "u")

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        return {"m": self.a * (g - s.m), "c1": self.a * (1 - s.c1),
                "u": maximum(-self.b * s.u, self.r * (absolute(g) + self.eps - s.u)),
                "theta": -corrected(s.m, s.c1, g) / positive(s.u, absolute(g) + self.eps)}


@dataclass(frozen=True)
class NAdam(AdamFamily):
    """NAdam, Adam that looks ahead as Nesterov does: memory as Adam's,

    θ' = −[β m/(c₁ + (1 − β)(1 − c₁)) + (1 − β) g/c₁] / (√(v/c₂) + ε)

    Classical form: as Adam's, β = β₁.  With c₁ = c₂ = 1 the energy is F + β Σ m²/(2a (√v + ε)).
    Parameters   as Adam's, and beta : in [0, 1], the weight of the memory.
    Sources      Dozat 2016; optax `nadam`.  torch's has a schedule for β: `ScheduledNAdam`.
    """

    beta: Rate = 0.9

    def field(self, s: State, oracle: Oracle) -> Slopes:
        derivative, g, beta = super().field(s, oracle), oracle.gradient, self.beta
        spread = self._averages(s, g, g * g)[1]
        ahead = beta * s.m + (1 - beta) * g if not self.correction else (
            beta * s.m / (s.c1 + (1 - beta) * (1 - s.c1)) + (1 - beta) * corrected(g, s.c1, g))
        return derivative | {"theta": -ahead / self._scale(s, spread)}


@dataclass(frozen=True)
class ScheduledNAdam(Flow):
    """NAdam with Dozat's warming schedule μ(w) = β (1 − w/2): m, v, c₂ as Adam's,

    w' = −k w,  P' = −r (1 − μ(w)) P,  θ' = −[(1 − μ(w)) g/(1 − P) + μ(ρw) m/(1 − P μ(ρw))] / (√(v/c₂) + ε)

    Classical form: SequentialEuler with h = lr, a = (1 − β₁)/h, b = (1 − β₂)/h, β = β₁, ρ = 0.96^ψ for torch's
    momentum_decay ψ, k = (1 − ρ)/h, r = 1/h; w(0) = P(0) = 1, the rest 0.  P is the product of the μ so far.
    Parameters   a, b, k, r : rates, 1/time.  beta, rho : in (0, 1).  eps : in units of the gradient.
    Sources      Dozat 2016; torch `NAdam`.
    """

    a: Rate = 1.0
    b: Rate = 1.0
    k: Rate = 0.1
    r: Rate = 1.0
    beta: Rate = 0.9
    rho: Rate = 0.9
    eps: Rate = 1e-8
    memory = ("m", "v", scalar("c2"), scalar("w"), scalar("P"))
    nonnegative = ("v", "c2", "w", "P")

    @property
    def initial(self) -> dict:
        return {"w": 1.0, "P": 1.0}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g, now, later = oracle.gradient, self.beta * (1 - s.w / 2), self.beta * (1 - self.rho * s.w / 2)
        ahead = corrected((1 - now) * g, 1 - s.P, g) + later * s.m / (1 - s.P * later)
        return {"m": self.a * (g - s.m), "v": self.b * (g * g - s.v), "c2": self.b * (1 - s.c2), "w": -self.k * s.w,
                "P": -self.r * (1 - now) * s.P, "theta": -ahead / root(corrected(s.v, s.c2, g * g), self.eps)}


@dataclass(frozen=True)
class AdaBelief(AdamFamily):
    """AdaBelief, Adam scaled by the variance around the average: v' = b ((g − m)² − v) + floor, the rest as Adam's.

    Classical form: as Adam's; v sees the updated m; floor = (optax's eps_root)/h.
    Parameters   as Adam's, and floor : gradient² over time, keeps v from 0.
    Sources      Zhuang et al. 2020; optax `adabelief`.
    """

    floor: Rate = 0

    def field(self, s: State, oracle: Oracle) -> Slopes:
        growth = self.b * ((oracle.gradient - s.m)**2 - s.v)
        return super().field(s, oracle) | {"v": growth if self.floor == 0 else growth + self.floor}


@dataclass(frozen=True)
class Yogi(AdamFamily):
    """Yogi, Adam whose v changes by the size of g² alone: v' = −b sign(v − g²) g², the rest as Adam's.

    Classical form: as Adam's, with m(0) = v(0) = `first`.
    Parameters   as Adam's, and first : start value of m and v.
    Sources      Zaheer et al. 2018; optax `yogi`.
    """

    eps: Rate = 1e-3
    first: Rate = 0

    @property
    def initial(self) -> dict:
        return {"m": self.first, "v": self.first}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        square = oracle.gradient**2
        return super().field(s, oracle) | {"v": -self.b * sign(s.v - square) * square}


@dataclass(frozen=True)
class Adan(Flow):
    """Adan: averages of the gradient g, of its change d = g − p, and of the square of g + λd, p the last gradient.

    m' = a (g − m),  v' = b (d − v),  n' = c ((g + λd)² − n),  c₁' = a (1 − c₁),  c₂' = b (1 − c₂),  c₃' = c (1 − c₃),
    p' = r (g − p),  θ' = −(m/c₁ + λ v/c₂) / (√(n/c₃ + ε_root) + ε),  p(0) = g(θ(0)), the rest 0.

    Classical form: SequentialEuler with h = lr, a = (1 − β₁)/h, b = (1 − β₂)/h, c = (1 − β₃)/h, λ = 1 − β₂, r = 1/h.
    Parameters   a, b, c, r : rates, 1/time.  look : λ.  eps : in units of the gradient.  eps_root : its square.
    Sources      Xie et al., arXiv 2208.06677; optax `adan`.
    """

    a: Rate = 1.0
    b: Rate = 1.0
    c: Rate = 1.0
    r: Rate = 1.0
    look: Rate = 0.1
    eps: Rate = 1e-8
    eps_root: Rate = 0
    memory = ("m", "v", "n", scalar("c1"), scalar("c2"), scalar("c3"), "p")
    nonnegative = ("n", "c1", "c2", "c3")

    @property
    def initial(self) -> dict:
        return {"p": lambda oracle: oracle.gradient}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g, change = oracle.gradient, oracle.gradient - s.p
        ahead = corrected(s.m, s.c1, g) + self.look * corrected(s.v, s.c2, change)
        return {"m": self.a * (g - s.m), "v": self.b * (change - s.v),
                "n": self.c * ((g + self.look * change)**2 - s.n),
                "c1": self.a * (1 - s.c1), "c2": self.b * (1 - s.c2), "c3": self.c * (1 - s.c3), "p": self.r * change,
                "theta": -ahead / root(corrected(s.n, s.c3, g * g), self.eps, self.eps_root)}


@dataclass(frozen=True)
class QHAdam(AdamFamily):
    """Quasi-hyperbolic Adam: averages mixed with the gradient itself, memory as Adam's,

    θ' = −[(1 − ν₁) g + ν₁ m/c₁] / (√((1 − ν₂) g² + ν₂ v/c₂) + ε)

    Classical form: as Adam's; ν₁ = ν₂ = 1 is Adam.
    Parameters   as Adam's, and nu1, nu2 : in [0, 1], weights of the averages.
    Sources      Ma & Yarats 2019.
    """

    nu1: Rate = 0.7
    nu2: Rate = 0.9

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        average, spread = self._averages(s, g, g * g)
        mixed = (1 - self.nu1) * g + self.nu1 * average
        return super().field(s, oracle) | {"theta": -mixed / self._scale(s, (1 - self.nu2) * g * g + self.nu2 * spread)}


@dataclass(frozen=True)
class RAdam(AdamFamily):
    """Rectified Adam: memory as Adam's; once the average of squares is long enough, ρ > threshold,

    θ' = −√((ρ − 4)(ρ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρ)) (m/c₁) / (√(v/c₂) + ε),  until then θ' = −m/c₁,
    with ρ∞ = 2r/b − 1 and ρ = ρ∞ − 2n (1 − c₂)/c₂ at the step n = r t + 1.

    Classical form: as Adam's, r = 1/h, with ε in the folded form (`hat=True`) in torch, not in optax.
    Parameters   as Adam's, and r : steps per time, 1/time.  threshold : 5.
    Sources      Liu et al. 2020; torch and optax `radam`.
    """

    r: Rate = 10.0
    threshold: Rate = 5.0

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        average, spread = self._averages(s, g, g * g)
        longest = 2 * self.r / self.b - 1
        length = longest - 2 * (self.r * s.t + 1) * (1 - s.c2) / s.c2
        rho = maximum(length, self.threshold)  # the same where it is used, and never a root of a negative number
        rectified = sqrt((rho - 4) * (rho - 2) * longest / ((longest - 4) * (longest - 2) * rho))
        scaled = where(length > self.threshold, rectified * average / self._scale(s, spread), average)
        return super().field(s, oracle) | {"theta": -scaled}


@dataclass(frozen=True)
class AdEMAMix(AdamFamily):
    """AdEMAMix, Adam with a second, slow average of the gradient: memory as Adam's,

    n' = k (g − n),  θ' = −(m/c₁ + α n) / (√(v/c₂ + ε_root) + ε)

    Classical form: as Adam's, k = (1 − β₃)/h; α and β₃ are constant, without the schedules of the paper.
    Parameters   as Adam's, and k : rate, 1/time.  alpha : α, the weight of the slow average.
    Sources      Pagliardini, Ablin & Grangier, arXiv 2409.03137; optax `contrib.ademamix`.
    """

    k: Rate = 0.1
    alpha: Rate = 5.0

    @property
    def memory(self) -> tuple[str, ...]:
        return (*super().memory, "n")

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        average, spread = self._averages(s, g, g * g)
        return super().field(s, oracle) | {"n": self.k * (g - s.n),
                                           "theta": -(average + self.alpha * s.n) / self._scale(s, spread)}


@dataclass(frozen=True)
class ADOPT(Flow):
    """ADOPT, Adam that scales a gradient by those before it, and averages what it has scaled; v is updated after θ.

    m' = a (clip(g/max(√v, ε), ±(r t)^(1/4)) − m),  θ' = −m,  v' = b (g² − v),  v(0) = g(θ(0))², m(0) = 0.

    Classical form: SequentialEuler with h = lr, a = (1 − β₁)/h, b = (1 − β₂)/h, r = 1/h: the first step is 0.
    Parameters   a, b : rates, 1/time.  r : steps per time, 1/time.  eps : in units of the gradient.
    Sources      Taniguchi et al., arXiv 2411.02853 (algorithm 2, with clipping); optax `contrib.adopt`.
    """

    a: Rate = 1.0
    b: Rate = 1.0
    r: Rate = 10.0
    eps: Rate = 1e-6
    memory = ("m", "theta", "v")
    nonnegative = ("v",)

    @property
    def initial(self) -> dict:
        return {"v": lambda oracle: oracle.gradient**2}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g, limit = oracle.gradient, sqrt(sqrt(self.r * s.t))
        return {"m": self.a * (clip(g / maximum(sqrt(s.v), self.eps), -limit, limit) - s.m), "theta": -s.m,
                "v": self.b * (g * g - s.v)}


@dataclass(frozen=True)
class LaProp(Flow):
    """LaProp, Adam that averages what it has scaled: v and c₂ as Adam's,

    m' = a (g/(√(v/c₂) + ε) − m),  c₁' = a (1 − c₁),  θ' = −m/c₁

    Classical form: SequentialEuler with h = lr, a = (1 − β₁)/h, b = (1 − β₂)/h, all memory 0 at the start.
    Parameters   a, b : rates, 1/time.  eps : in units of the gradient.
    Sources      Ziyin, Wang & Ueda, arXiv 2002.04839 (algorithm 1).
    """

    a: Rate = 1.0
    b: Rate = 1.0
    eps: Rate = 1e-8
    memory = ("v", scalar("c2"), "m", scalar("c1"))
    nonnegative = ("v", "c1", "c2")

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        scaled = g / root(corrected(s.v, s.c2, g * g), self.eps)
        return {"v": self.b * (g * g - s.v), "c2": self.b * (1 - s.c2), "m": self.a * (scaled - s.m),
                "c1": self.a * (1 - s.c1), "theta": -corrected(s.m, s.c1, scaled)}


@dataclass(frozen=True)
class Sophia(Flow):
    """Clipped second-order descent: m' = a (∇F − m),  k' = b (max(diag H, 0) − k),  θ' = −clip(m / max(γ k, ε), ±1).

    Sophia with the exact diagonal of the Hessian H, its positive part, in place of its random estimate; averaged after
    max(·, 0), where Sophia averages first, so that k stays nonnegative and the energy below decreases.
    Classical form: SequentialEuler with h = lr, a = (1 − β₁)/h, b = (1 − β₂)/h.
    Energy F + Σ ψ/a, ψ = m²/(2D) where |m| ≤ D = max(γ k, ε), else |m| − D/2; decreasing if b ≤ 2a.
    Parameters   a, b : rates, 1/time.  gamma : time.  eps : in units of the gradient.
    Sources      Liu et al., arXiv 2305.14342.
    """

    a: Rate = 1.0
    b: Rate = 1.0
    gamma: Rate = 1.0
    eps: Rate = 1e-8
    memory = ("m", "k")
    nonnegative = ("k",)

    def field(self, s: State, oracle: Oracle) -> Slopes:
        scale = maximum(self.gamma * s.k, self.eps)
        return {"m": self.a * (oracle.gradient - s.m), "k": self.b * (maximum(diagonal(oracle.hessian), 0) - s.k),
                "theta": -clip(s.m / scale, -1, 1)}
