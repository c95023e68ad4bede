"""Flows that find their learning rate: from the distance travelled, or from what a bettor would have won.

Each keeps its start x₀ as a block that never moves, and numbers that only grow: `d` the distance to the solution that
the past proves, `r` the distance travelled.  What grows by max(·, ·) relaxes at a rate r, as AMSGrad's scale does; with
a step h = 1/r it is the running maximum of the algorithms.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpy.typing import ArrayLike

from arithmetic import Oracle, Quantity, Rate, absolute, clip, maximum, sqrt, total

from .adam import positive
from .base import Downhill, Flow, Slopes, State, scalar
from .modifiers import Modifier


def origin(oracle: Oracle) -> Quantity:
    """θ(0), as the start value of a memory block."""
    return oracle.theta


def norm(x: Quantity) -> Quantity:
    """|x|, one number per lane."""
    return sqrt(total(x * x))


@dataclass(frozen=True)
class Prodigy(Flow):
    """Prodigy: Adam at the speed d, the distance to the solution that the gradients so far prove.

    m' = a (d g − m),  v' = b (d² g² − v),  c₁' = a (1 − c₁),  c₂' = b (1 − c₂),  σ = d √c₂/c₁,
    q' = d σ g·(x₀ − θ) − k q,  s' = d σ g − k s,
    θ' = −σ (m / (√v + ε d⁺) + λ θ),  d⁺ = max(d, q/|s|₁),  d' = r (d⁺ − d);  d(0) = d₀, x₀ = θ(0), the rest 0.

    g·(x₀ − θ) and |s|₁ go over all coordinates; σ is singular at t = 0: the classical form updates c₁, c₂ first.
    Classical form: SequentialEuler with h = lr, a = (1 − β₁)/h, b = (1 − β₂)/h, k = (1 − √β₂)/h, r = 1/h; q and s are
    d₀ times the library's.
    Parameters   a, b, k, r : rates, 1/time.  eps : ε, in units of the gradient.  d0 : distance.  decay : λ, 1/distance.
    Sources      Mishchenko & Defazio, arXiv 2306.06101 (algorithm 4); optax `contrib.prodigy`.
    """

    a: Rate = 1.0
    b: Rate = 1.0
    k: Rate = 1.0
    r: Rate = 1.0
    eps: Rate = 1e-8
    d0: Rate = 1e-6
    decay: Rate = 0
    memory = ("m", "v", scalar("c1"), scalar("c2"), scalar("q"), "s", "x0", "theta", scalar("d"))
    nonnegative = ("v", "c1", "c2", "d")

    @property
    def initial(self) -> dict:
        return {"d": self.d0, "x0": origin}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g, speed = oracle.gradient, s.d * sqrt(s.c2) / s.c1
        proved = maximum(s.d, s.q / positive(total(absolute(s.s)), 1))
        return {"m": self.a * (s.d * g - s.m), "v": self.b * (s.d**2 * g * g - s.v),
                "c1": self.a * (1 - s.c1), "c2": self.b * (1 - s.c2),
                "q": s.d * speed * total(g * (s.x0 - s.theta)) - self.k * s.q, "s": s.d * speed * g - self.k * s.s,
                "x0": 0 * s.x0, "d": self.r * (proved - s.d),
                "theta": -speed * (s.m / (sqrt(s.v) + self.eps * proved) + self.decay * s.theta)}


@dataclass(frozen=True)
class DAdaptation(Flow):
    """D-Adaptation of Adam: the speed d is the distance to the solution that the gradients so far prove.

    c₁' = a (1 − c₁),  c₂' = b (1 − c₂),  σ = d √c₂/c₁,  q' = k (σ g·s/(√v + ε) − q),  s' = k (σ g − s),
    m' = a (σ g − m),  v' = b (g² − v),  θ' = −m/(√v + ε) − λ σ θ,  d' = r max(0, q/(k |s|₁) − d);
    d(0) = d₀, the rest 0.

    g·s/(√v + ε) and |s|₁ go over all coordinates; σ is singular at t = 0: the classical form updates c₁, c₂ first.
    Classical form: SequentialEuler with h = lr, a = (1 − β₁)/h, b = (1 − β₂)/h, k = (1 − √β₂)/h, r = 1/h; m, s, q are
    the library's over lr, lr, lr².
    Parameters   a, b, k, r : rates, 1/time.  eps : ε, in units of the gradient.  d0 : distance.  decay : λ, 1/distance.
    Sources      Defazio & Mishchenko, arXiv 2301.07733 (algorithm 5); optax `contrib.dadapt_adamw`.
    """

    a: Rate = 1.0
    b: Rate = 1.0
    k: Rate = 1.0
    r: Rate = 1.0
    eps: Rate = 1e-8
    d0: Rate = 1e-6
    decay: Rate = 0
    memory = (scalar("c1"), scalar("c2"), scalar("q"), "s", "m", "v", "theta", scalar("d"))
    nonnegative = ("v", "c1", "c2", "d")

    @property
    def initial(self) -> dict:
        return {"d": self.d0}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g, speed, scale = oracle.gradient, s.d * sqrt(s.c2) / s.c1, sqrt(s.v) + self.eps
        proved = s.q / (self.k * positive(total(absolute(s.s)), 1))
        return {"c1": self.a * (1 - s.c1), "c2": self.b * (1 - s.c2),
                "q": self.k * (speed * total(g * s.s / scale) - s.q), "s": self.k * (speed * g - s.s),
                "m": self.a * (speed * g - s.m), "v": self.b * (g * g - s.v),
                "theta": -s.m / scale - self.decay * speed * s.theta, "d": self.r * maximum(0, proved - s.d)}


@dataclass(frozen=True)
class DoG(Downhill):
    """Distance over gradients: ρ' = r max(0, |θ − x₀| − ρ),  G' = |∇F(θ)|²,  θ' = −ρ ∇F(θ)/√(G + ε).

    ρ(0) = first·(1 + |x₀|), x₀ = θ(0): the first step has this length; G = 0.
    Classical form: SequentialEuler with h = lr² (1 at the algorithm's own lr = 1), ε = h·eps, r = 1/h.
    Energy F, with F' = −ρ|∇F|²/√(G + ε).
    Parameters   r : rate, 1/time.  first : a share of the distances.  eps : gradient² times time.
    Sources      Ivgi, Hinder & Carmon, arXiv 2302.12022; optax `contrib.dog`.
    """

    r: Rate = 1.0
    first: Rate = 1e-6
    eps: Rate = 1e-8
    memory = ("x0", scalar("rho"), scalar("G"))
    nonnegative = ("rho", "G")

    @property
    def initial(self) -> dict:
        return {"x0": origin, "rho": lambda oracle: self.first * (1 + norm(oracle.theta))}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        return {"x0": 0 * s.x0, "rho": self.r * maximum(0, norm(s.theta - s.x0) - s.rho), "G": total(g * g),
                "theta": -s.rho / sqrt(s.G + self.eps) * g}

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return s.rho / sqrt(s.G + self.eps) * total(oracle.gradient**2)


@dataclass(frozen=True)
class DoWG(Downhill):
    """Distance over weighted gradients: q' = r max(0, |θ − x₀|² − q),  G' = q |∇F(θ)|²,  θ' = −q ∇F(θ)/(√G + ε).

    q is the squared distance travelled, q(0) = `first`, x₀ = θ(0), G(0) = 0.
    Classical form: SequentialEuler with h = lr² (1 at the algorithm's own lr = 1), ε = lr·eps, r = 1/h.
    Energy F, with F' = −q|∇F|²/(√G + ε).
    Parameters   r : rate, 1/time.  first : distance².  eps : distance times gradient times √time.
    Sources      Khaled, Mishchenko & Jin, arXiv 2305.16284; optax `contrib.dowg`.
    """

    r: Rate = 1.0
    first: Rate = 1e-4
    eps: Rate = 1e-4
    memory = ("x0", scalar("q"), scalar("G"))
    nonnegative = ("q", "G")

    @property
    def initial(self) -> dict:
        return {"x0": origin, "q": self.first}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g, away = oracle.gradient, s.theta - s.x0
        return {"x0": 0 * s.x0, "q": self.r * maximum(0, total(away * away) - s.q), "G": s.q * total(g * g),
                "theta": -s.q / (sqrt(s.G) + self.eps) * g}

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return s.q / (sqrt(s.G) + self.eps) * total(oracle.gradient**2)


@dataclass(frozen=True)
class Mechanic(Modifier):
    """Mechanic: another flow's way from the start, D = (θ − x₀)/(S + ε), lengthened by S, what six bettors have won.

    w = −D·(∇F + λ S |∇F|/(|θ| + ε) θ) is the gain of the round; the bettor i = 1 … 6 forgets at the rate (1 − βᵢ) r,
    βᵢ = 1 − 10⁻ⁱ:
    Rᵢ' = r (sᵢ clip(w, ±mᵢ) − (1 − βᵢ) Rᵢ),  mᵢ' = r (max(βᵢ mᵢ, |w| + ε) − mᵢ),  vᵢ' = r (w² − (1 − βᵢ²) vᵢ),
    sᵢ⁺ = (first·mᵢ/6 + max(0, Rᵢ)) / (√vᵢ + ε),  sᵢ' = r (sᵢ⁺ − sᵢ),  S = Σ sᵢ,
    θ' = S⁺ f + r (S⁺ D − (θ − x₀)),  f the θ' of the flow: S D' + S' D for fast bettors.

    Classical form: that of the flow, r = 1/h; sᵢ(0) = first, x₀ = θ(0), the rest 0.  No energy of it is known.
    Parameters   flow : the flow to tune.  r : rate, 1/time.  decay : λ.  eps : ε.  first : scale of the first steps.
    Sources      Cutkosky, Defazio & Mehta, arXiv 2306.00144 (algorithm 1); optax `contrib.mechanize`.
    """

    r: Rate = 1.0
    decay: Rate = 0.01
    eps: Rate = 1e-8
    first: Rate = 1e-6
    bettors: ClassVar[tuple[int, ...]] = (1, 2, 3, 4, 5, 6)
    energy = None
    dissipation = None

    @property
    def memory(self) -> tuple[str, ...]:
        blocks = self.flow.blocks
        i = blocks.index("theta")
        won = [scalar(f"{name}{k}") for name in "Rmv" for k in self.bettors]
        return (*blocks[:i], "x0", *won, "theta", *(scalar(f"s{k}") for k in self.bettors), *blocks[i + 1:])

    @property
    def nonnegative(self) -> tuple[str, ...]:
        return (*self.flow.nonnegative, *(f"{name}{k}" for name in "mvs" for k in self.bettors))

    @property
    def initial(self) -> dict:
        return self.flow.initial | {"x0": origin} | {f"s{k}": self.first for k in self.bettors}

    def start(self, theta: ArrayLike, oracle: Oracle | None = None) -> State:
        return State(**vars(Flow.start(self, theta, oracle)) | vars(self.flow.start(theta, oracle)))

    def field(self, s: State, oracle: Oracle) -> Slopes:
        derivative, g, r = self.flow.field(s, oracle), oracle.gradient, self.r
        length = sum(getattr(s, f"s{k}") for k in self.bettors)
        away = s.theta - s.x0
        way = away / (length + self.eps)
        pull = g + self.decay * length * norm(g) / (norm(s.theta) + self.eps) * s.theta
        gain, new = -total(pull * way), 0
        for k in self.bettors:
            R, m, v, stake = (getattr(s, f"{name}{k}") for name in "Rmvs")
            beta = 1 - 10.0**-k
            wealth = self.first / len(self.bettors) * m + maximum(0, R)
            won = wealth / (sqrt(v) + self.eps)
            derivative |= {f"R{k}": r * (stake * clip(gain, -m, m) - (1 - beta) * R),
                           f"m{k}": r * (maximum(beta * m, absolute(gain) + self.eps) - m),
                           f"v{k}": r * (gain * gain - (1 - beta * beta) * v), f"s{k}": r * (won - stake)}
            new = new + won
        return derivative | {"x0": 0 * s.x0, "theta": new * derivative["theta"] + r * (new * way - away)}
