"""Flows with a velocity: a ball that rolls on the graph of F against friction."""
from __future__ import annotations

from dataclasses import dataclass

from arithmetic import Oracle, Quantity, Rate, is_symbolic, total, where

from .base import Flow, Slopes, State, scalar


@dataclass(frozen=True)
class Momentum(Flow):
    """Heavy ball: v' = −c v − ∇F(θ),  θ' = v.

    Classical form: SequentialEuler with h = √lr, c = (1 − β)/h, v = −h·buffer, v(0) = 0.
    Energy F + |v|²/2, with derivative −c|v|².
    Parameters   c : friction, 1/time.
    Sources      Polyak 1964; torch `SGD(momentum=β)`, optax `sgd`.
    """

    c: Rate = 1.0
    memory = ("v",)

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return {"v": -self.c * s.v - oracle.gradient, "theta": s.v}

    def energy(self, s: State, oracle: Oracle) -> Quantity:
        return oracle.value + total(s.v**2) / 2

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return self.c * total(s.v**2)

    def followed(self, s: State, oracle: Oracle) -> tuple[Quantity, Rate]:
        return -oracle.gradient / self.c, self.c


@dataclass(frozen=True)
class AveragedMomentum(Flow):
    """Heavy ball as an exponential average of gradients: m' = a (∇F(θ) − m),  θ' = −m,  m(0) = kick·∇F(θ(0)).

    Classical form: SequentialEuler with h = lr/(1 − β), a = (1 − β)/h, m = (1 − β)·buffer, m(0) = 0: the same
    algorithm as `Momentum`'s, in another unit of time.  Pure explicit Euler on it is another one.
    Energy F + |m|²/(2a), with derivative −|m|².
    Parameters   a : rate, 1/time.  kick : a number, 0 unless given.
    Sources      Polyak 1964.
    """

    a: Rate = 1.0
    kick: Rate = 0.0
    memory = ("m",)

    @property
    def initial(self) -> dict:
        return {"m": lambda oracle: self.kick * oracle.gradient} if self.kick != 0 else {}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return {"m": self.a * (oracle.gradient - s.m), "theta": -s.m}

    def followed(self, s: State, oracle: Oracle) -> tuple[Quantity, Rate]:
        return -oracle.gradient, self.a

    def energy(self, s: State, oracle: Oracle) -> Quantity:
        return oracle.value + total(s.m**2) / (2 * self.a)

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return total(s.m**2)


@dataclass(frozen=True)
class DampenedMomentum(Flow):
    """Heavy ball driven by a share of the gradient: v' = −c v − (1 − d) ∇F(θ),  θ' = v,  v(0) = −kick·∇F(θ(0)).

    Classical form: SequentialEuler with h = √lr, c = (1 − β)/h, d = dampening, v = −h·buffer, kick = h·d/β: torch
    takes the first gradient whole.  Energy (1 − d) F + |v|²/2, with derivative −c|v|².
    Parameters   c : friction, 1/time.  dampening : d, in [0, 1).  kick : time.
    Sources      torch `SGD(momentum=β, dampening=d)`.
    """

    c: Rate = 1.0
    dampening: Rate = 0.1
    kick: Rate = 0.0
    memory = ("v",)

    @property
    def initial(self) -> dict:
        return {"v": lambda oracle: -self.kick * oracle.gradient} if self.kick != 0 else {}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return {"v": -self.c * s.v - (1 - self.dampening) * oracle.gradient, "theta": s.v}


@dataclass(frozen=True)
class Nesterov(Flow):
    """Nesterov's accelerated gradient: v' = −c v − ∇F(θ),  θ' = κ v − s ∇F(θ).

    Classical form: SequentialEuler with h = √lr, c = (1 − β)/h, κ = β, s = h, v = −h·buffer.
    κ = 1, s = 0 is the heavy ball.  Energy F + κ|v|²/2, with derivative −cκ|v|² − s|∇F|².
    Parameters   c : friction, 1/time.  kappa : 1.  s : time.
    Sources      Nesterov 1983; torch `SGD(nesterov=True)`, Sutskever et al. 2013.
    """

    c: Rate = 1.0
    kappa: Rate = 1.0
    s: Rate = 0.1
    memory = ("v",)

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return {"v": -self.c * s.v - oracle.gradient, "theta": self.kappa * s.v - self.s * oracle.gradient}

    def energy(self, s: State, oracle: Oracle) -> Quantity:
        return oracle.value + self.kappa * total(s.v**2) / 2

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return self.c * self.kappa * total(s.v**2) + self.s * total(oracle.gradient**2)


@dataclass(frozen=True)
class NesterovODE(Flow):
    """Nesterov's method with vanishing friction.

    v' = −(r/τ) v − ∇F(θ),  θ' = (1 − r s/(τ + s)) v − s ∇F(θ),  τ = t + (r − 1) s

    With s = 0 (the default) it is the ODE θ'' + (r/t) θ' + ∇F(θ) = 0, v(0) = 0; v' = −∇F/(1 + r) at t = 0.
    Classical form: SequentialEuler with h = √lr, s = h, v = (x⁺ − x)/h: momentum (n − 1)/(n + 2) after step n
    for r = 3.
    Energy for convex F (minimum 0 at 0), s = 0, r = 3: t² F + 2|θ + (t/2) v|².
    Parameters   r : 1.  s : time.
    Sources      Nesterov 1983; Su, Boyd & Candès, arXiv 1503.01243.
    """

    r: Rate = 3.0
    s: Rate = 0.0
    memory = ("v",)

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        tau = s.t if self.s == 0 else s.t + (self.r - 1) * self.s
        if self.s != 0 or is_symbolic(tau):
            brake = self.r * s.v / tau
        else:  # the limit at t = 0, where v = 0
            brake = where(tau > 0, self.r * s.v / where(tau > 0, tau, 1.0), -self.r / (1 + self.r) * g)
        ahead = s.v if self.s == 0 else (1 - self.r * self.s / (tau + self.s)) * s.v - self.s * g
        return {"v": -brake - g, "theta": ahead}


@dataclass(frozen=True)
class RestartedNesterov(Flow):
    """Nesterov's ODE with a clock that a restart sets back: c' = 1,  v' = −(r/c) v − ∇F(θ),  θ' = v,  c(0) = 0.

    Between restarts it is θ'' + (r/t) θ' + ∇F(θ) = 0.  A restart, c = 0 and v = 0 where v would go uphill, is the
    step's (`schemes.NesterovStep`).  Energy F + |v|²/2, with derivative −(r/c) |v|²; a restart takes |v|²/2 from it.
    Parameters   r : 1.
    Sources      Su, Boyd & Candès, arXiv 1503.01243; O'Donoghue & Candès, arXiv 1204.3982 (the restart).
    """

    r: Rate = 3.0
    memory = (scalar("c"), "v")
    nonnegative = ("c",)

    def brake(self, s: State, oracle: Oracle) -> Quantity:
        if is_symbolic(s.c):
            return self.r * s.v / s.c
        # at c = 0, where v = 0, the limit
        return where(s.c > 0, self.r * s.v / where(s.c > 0, s.c, 1.0), -self.r / (1 + self.r) * oracle.gradient)

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return {"c": 1 + 0 * s.c, "v": -self.brake(s, oracle) - oracle.gradient, "theta": s.v}

    def energy(self, s: State, oracle: Oracle) -> Quantity:
        return oracle.value + total(s.v**2) / 2

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return self.r * total(s.v**2) / (s.c if is_symbolic(s.c) else where(s.c > 0, s.c, 1.0))


@dataclass(frozen=True)
class QuasiHyperbolic(Flow):
    """Quasi-hyperbolic momentum: m' = a (∇F(θ) − m),  θ' = −(1 − ν) ∇F(θ) − ν m.

    Classical form: SequentialEuler with h = lr, a = (1 − β)/h.  ν = 1 is `AveragedMomentum`, ν = β Nesterov's.
    Energy F + ν|m|²/(2a), with derivative −(1 − ν)|∇F|² − ν|m|².
    Parameters   a : rate, 1/time.  nu : ν, in [0, 1], the weight of the memory.
    Sources      Ma & Yarats, arXiv 1810.06801 (QHM).
    """

    a: Rate = 1.0
    nu: Rate = 0.7
    memory = ("m",)

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        return {"m": self.a * (g - s.m), "theta": -(1 - self.nu) * g - self.nu * s.m}

    def energy(self, s: State, oracle: Oracle) -> Quantity:
        return oracle.value + self.nu * total(s.m**2) / (2 * self.a)

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return (1 - self.nu) * total(oracle.gradient**2) + self.nu * total(s.m**2)


@dataclass(frozen=True)
class AggregatedMomentum(Flow):
    """Aggregated momentum, three balls of different friction: v_i' = −k_i v_i − ∇F(θ),  θ' = (v₁ + v₂ + v₃)/3.

    Classical form: SequentialEuler with h = √lr, k_i = (1 − β_i)/h, v_i = −h·(the algorithm's, with its sign).
    Energy F + Σ|v_i|²/6, with derivative −Σ k_i |v_i|²/3.
    Parameters   k1, k2, k3 : frictions, 1/time.
    Sources      Lucas, Sun, Zemel & Grosse, arXiv 1804.00325 (AggMo).
    """

    k1: Rate = 10.0
    k2: Rate = 1.0
    k3: Rate = 0.1
    memory = ("v1", "v2", "v3")

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        return {"v1": -self.k1 * s.v1 - g, "v2": -self.k2 * s.v2 - g, "v3": -self.k3 * s.v3 - g,
                "theta": (s.v1 + s.v2 + s.v3) / 3}

    def energy(self, s: State, oracle: Oracle) -> Quantity:
        return oracle.value + total(s.v1**2 + s.v2**2 + s.v3**2) / 6

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return total(self.k1 * s.v1**2 + self.k2 * s.v2**2 + self.k3 * s.v3**2) / 3


@dataclass(frozen=True)
class Optimistic(Flow):
    """Optimistic gradient: θ' = −α g − β (g − p),  p' = r (g − p),  g = ∇F(θ), p the last gradient; θ moves before p.

    The change g − p of a step is what the next gradient is expected to change by.  p(0) = g(θ(0)).
    Classical form: SequentialEuler with h = lr, r = 1/h.
    Parameters   alpha, beta : weights.  r : rate, 1/time.
    Sources      Popov 1980; Daskalakis et al., arXiv 1711.00141; optax `optimistic_gradient_descent`.
    """

    alpha: Rate = 1.0
    beta: Rate = 1.0
    r: Rate = 1.0
    memory = ("theta", "p")

    @property
    def initial(self) -> dict:
        return {"p": lambda oracle: oracle.gradient}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        change = oracle.gradient - s.p
        return {"theta": -self.alpha * oracle.gradient - self.beta * change, "p": self.r * change}
