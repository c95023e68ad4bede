"""The energy-controlled algorithms of Bensaid, Poëtte and Turpault, by their names, with their constants.

arXiv 2407.01019 (an abstract Lyapunov control optimizer), 2407.15471.  Each is a flow of this toolkit, Euler's step on
it, one block after the other, and `EnergyControl` with the options that their search is.  To add one: a function below
with `@named()`, as in classics.py.
"""
from __future__ import annotations

from dataclasses import dataclass

from typing import Any

import numpy as np

import flows
from arithmetic import Array, Oracle, Quantity, Rate, VectorField, absolute, dot, sqrt, total, where
from flows import State

from .base import Advance, Scheme, need_flow, need_gradient_descent
from .classics import Recipe, named, recipe
from .control import EnergyControl, ErrorControl, Standstill, Trial, _positive
from .damping import FletcherControl, MarquardtEuler, UphillControl
from .exponential import decay_rates
from .hyperparameters import Count, Growing, NonNegative, Positive, Share, Weight
from .runge_kutta import Euler, Extragradient
from .splitting import SequentialEuler


@dataclass(frozen=True)
class PerStep(SequentialEuler):
    """SequentialEuler whose memories take the same share of what is new in every step, however long the step of θ is.

    m⁺ = (1 − κ) m + κ g for m' = a (g − m), whatever a and h: averages over steps, as libraries have them.
    """

    share: Rate = 0.1

    def _share(self, flow, name, h):
        return self.share / decay_rates(flow)[name] if name != "theta" else h


@dataclass(frozen=True)
class DampedPerStep(Scheme):
    """Heavy ball that loses the same share of its velocity in every step, however long: v⁺ = (1 − κ) v − h ∇F(θ),
    θ⁺ = θ + h v⁺.

    F + |v|²/2 has to fall by κ|v⁺|² a step, where that of the flow falls by c|v|² a time; c does not enter.
    """

    share: Rate = 0.1
    needs_flow = True

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        need_flow(self, flows.Momentum, field.flow)
        s, oracle = field.state(t, y), field.loss.oracle(field.theta(y))
        v = (1 - self.share) * s.v - h * oracle.gradient
        return field.pack({"v": v, "theta": s.theta + h * v}), None, field.pack(field.slopes(s, oracle) | {"theta": v})

    def dissipation(self, source: Any, half: State, here: Oracle, new: State, h: Quantity) -> Quantity:
        return self.share * total(half.v**2) / h


@dataclass(frozen=True)
class EnergyMomentum(Scheme):
    """Heavy ball, averaged, whose energy V = F + |m|²/(2a) falls by h|m̄|² exactly, m̄ = (m + m⁺)/2: θ⁺ = θ − h m,
    m̄ = x w along w = 2m + ah ∇F(θ).

    x is the root of (2 + ah)|w|² x² − 2⟨w, m⟩ x + a(F⁺ − F) = 0 of larger modulus, which is ½ for h → 0; where it has
    none, m⁺ is not a number, and the step is refused.  From m = 0 nothing moves: start with a kick.
    """

    needs_flow = True

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        need_flow(self, flows.AveragedMomentum, field.flow)
        s, here, a = field.state(t, y), field.loss.oracle(field.theta(y)), field.flow.a
        theta = s.theta - h * s.m
        w = 2 * s.m + a * h * here.gradient
        square, along = (2 + a * h) * total(w**2), dot(w, s.m)
        root = sqrt(along**2 - square * a * (field.loss.oracle(theta).value - here.value))
        x = where(absolute(along - root) < absolute(along + root), along + root, along - root) / square
        return field.pack({"m": 2 * x * w - s.m, "theta": theta}), None, field.pack(field.slopes(s, here))

    def symbolic_step(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Array:
        raise TypeError("EnergyMomentum: m⁺ is a root that the values of F decide, and has no printed update")


@dataclass(frozen=True)
class LevelControl(Standstill):
    """Project each Euler step on the level F − h|∇F|² that the flow dissipates to, along the gradient ∇F̃ at its end.

    One trial is one correction: θ̃ + λ∇F̃, and λ⁺ = λ − (F − level)/|∇F̃|² until F is on the level up to `tol`.  Then the
    step is taken, and 3h/2 the next where fewer than `fast` corrections were needed; after `most` of them, or where F
    leaves all bounds, h/2.

    Parameters   h0 : first step.  tol : in units of F.  fast, most : counts.
    Sources      Bensaid, Poëtte & Turpault (PGD).
    """

    h0: float = 0.1
    tol: float = 1e-9
    fast: int = 5
    most: int = 1000

    def __post_init__(self):
        for name in ("h0", "tol", "fast", "most"):
            _positive(name, getattr(self, name))

    @property
    def memory(self) -> tuple[str, ...]:
        return (*super().memory, "multiplier", "corrections")

    def start(self) -> dict:
        return super().start() | {"multiplier": 0.0, "corrections": 0.0}

    def value(self, field: VectorField, s: State, oracle: Oracle) -> Quantity:
        return oracle.value

    def check(self, scheme: Scheme, field: VectorField) -> None:
        need_gradient_descent("LevelControl", field, "EnergyControl()")

    def trial(self, scheme: Scheme, field: VectorField, y: Array, memory: dict) -> Trial:
        self.check(scheme, field)
        h, t, multiplier, count = (memory[name] for name in ("h", "t", "multiplier", "corrections"))
        end, _, slope = scheme.advance(field, t, y, h)
        here, there = (field.loss.oracle(field.theta(x)) for x in (y, end))
        y_new = end + multiplier * there.gradient
        value = field.loss.oracle(field.theta(y_new)).value
        miss = value - (here.value - h * total(here.gradient**2))
        take = absolute(miss) <= self.tol
        over = ~(absolute(miss) < np.inf) | ((count > 21) & (absolute(miss) > 1e6)) | (count >= self.most)
        corrected = multiplier - miss / total(there.gradient**2)
        h_next = where(take, where(count < self.fast, 1.5 * h, h), where(over, h / 2, h))
        again = ~(take | over)
        trial = self._decide(take, y, y_new, h, h_next, memory, slope)
        more = {name: where(take, *values) for name, values in self.progress(memory, value, here.gradient).items()}
        return trial._replace(memory=trial.memory | more | {
            "multiplier": where(again, corrected, 0.0), "corrections": where(again, count + 1, 0.0)})


@named()
def lc_egd(ratio: Share = 0.5, h0: Positive = 0.1, shrink: Growing = 2.0, grow: Growing = 1e4) -> Recipe:
    """LC_EGD: gradient descent, h halved until F falls by λh|∇F|², the next search from 10⁴ h."""
    return recipe(flows.GradientDescent(), Euler(), EnergyControl(ratio=ratio, h0=h0, shrink=shrink, grow=grow))


@named()
def lc_egd2(ratio: Share = 0.5, h0: Positive = 0.1, shrink: Growing = 30.0, grow: Growing = 1e4) -> Recipe:
    """LC_EGD2, or LCD: as LC_EGD with divisor 30, then three halvings of log h for the largest acceptable step."""
    return recipe(flows.GradientDescent(), Euler(),
                  EnergyControl(ratio=ratio, h0=h0, shrink=shrink, grow=grow, search="dichotomy", halvings=3))


@named()
def lc_egd3(ratio: Share = 0.5, h0: Positive = 0.1) -> Recipe:
    """LC_EGD3: as LC_EGD, with the next h predicted by a parabola, between h/100 and 90 h."""
    return recipe(flows.GradientDescent(), Euler(), EnergyControl(ratio=ratio, h0=h0, search="predict"))


@named()
def lci_egd(ratio: Share = 0.5, h0: Positive = 0.1, shrink: Growing = 2.0, grow: Growing = 1e4) -> Recipe:
    """LCI_EGD: as LC_EGD, but F need fall by λ Σ h|∇F|² only since the start."""
    return recipe(flows.GradientDescent(), Euler(),
                  EnergyControl(ratio=ratio, h0=h0, shrink=shrink, grow=grow, acceptance="integrated"))


@named()
def lc_m(c: Positive = 2.0, ratio: Share = 0.125, grow: Growing = 1e4) -> Recipe:
    """LC_M: heavy ball of friction c, h ≤ 1/c, under which F + |v|²/2 falls by λ c h|v|²; λ = 1/(4c) for c = 2."""
    return recipe(flows.Momentum(c), SequentialEuler(), EnergyControl(ratio=ratio, h0=0.1, h_max=1 / c, grow=grow))


@named()
def lc_rmsprop(b: Positive = 10.0, eps: NonNegative = 0.1, ratio: Share = 0.5, grow: Growing = 1e4) -> Recipe:
    """LC_RMSProp: RMSProp of rate b, h ≤ 1/b, under which F falls by λ h Σ ∇F²/(√v + ε)."""
    return recipe(flows.RMSProp(b, eps), SequentialEuler(),
                  EnergyControl(ratio=ratio, h0=0.1, h_max=1 / b, grow=grow))


@named()
def lc_rms(kappa: Weight = 0.001, eps_root: NonNegative = 1e-10, ratio: Share = 0.5, grow: Growing = 1e4) -> Recipe:
    """LC_RMS: RMSProp with an average over steps, v⁺ = (1 − κ) v + κ ∇F², F falling by λ h Σ ∇F²/√(v + ε)."""
    return recipe(flows.RMSProp(1.0, 0.0, eps_root), PerStep(kappa), EnergyControl(ratio=ratio, h0=0.1, grow=grow))


@named()
def lcd_rms(kappa: Weight = 0.001, eps_root: NonNegative = 1e-10, ratio: Share = 0.5, shrink: Growing = 30.0,
            grow: Growing = 1e4) -> Recipe:
    """LCD_RMS: LC_RMS with the dichotomy of LCD, of two halvings."""
    return recipe(flows.RMSProp(1.0, 0.0, eps_root), PerStep(kappa),
                  EnergyControl(ratio=ratio, h0=0.1, shrink=shrink, grow=grow, search="dichotomy", halvings=2))


@named()
def lc_mom(momentum: Share = 0.9, ratio: Share = 0.5, grow: Growing = 1e4) -> Recipe:
    """LC_Mom: heavy ball that keeps the share β of v in every step, F + |v|²/2 falling by λ (1 − β)|v|²."""
    return recipe(flows.Momentum(1.0), DampedPerStep(1 - momentum), EnergyControl(ratio=ratio, h0=0.1, grow=grow))


@named()
def lcd_mom(momentum: Share = 0.9, ratio: Share = 0.5, shrink: Growing = 30.0, grow: Growing = 1e4) -> Recipe:
    """LCD_Mom: LC_Mom with the dichotomy of LCD, of two halvings."""
    return recipe(flows.Momentum(1.0), DampedPerStep(1 - momentum),
                  EnergyControl(ratio=ratio, h0=0.1, shrink=shrink, grow=grow, search="dichotomy", halvings=2))


@named()
def lc_clipping(gamma: Positive = 1e-3, ratio: Share = 0.5, h0: Positive = 0.1, grow: Growing = 1e4) -> Recipe:
    """LC_clipping: as LC_EGD along min(1, γ/|∇F|) ∇F, γ ten times the gradient at which to stop."""
    return recipe(flows.ClippedGradient(gamma), Euler(), EnergyControl(ratio=ratio, h0=h0, grow=grow))


@named()
def lc_signgd(ratio: Share = 0.5, h0: Positive = 0.1, grow: Growing = 1e4) -> Recipe:
    """LC_signGD: as LC_EGD along sign ∇F, F falling by λ h Σ|∇F|."""
    return recipe(flows.SignSGD(), Euler(), EnergyControl(ratio=ratio, h0=h0, grow=grow))


@named()
def lc_p_gd(p: Growing = 3.0, ratio: Share = 0.5, h0: Positive = 0.1, grow: Growing = 1e4) -> Recipe:
    """LC p-GD: as LC_EGD along ∇F/|∇F|^((p−2)/(p−1)), F falling by λ h|∇F|^(p/(p−1))."""
    return recipe(flows.PGradient(p), Euler(), EnergyControl(ratio=ratio, h0=h0, grow=grow))


@named()
def lcd_ng(ratio: Share = 0.5, h0: Positive = 0.1, shrink: Growing = 30.0, grow: Growing = 1e4) -> Recipe:
    """LCD_NG: along ∇F/|∇F|, F falling by λ h|∇F|, with the dichotomy of LCD, of two halvings."""
    return recipe(flows.NormalisedGradient(), Euler(),
                  EnergyControl(ratio=ratio, h0=h0, shrink=shrink, grow=grow, search="dichotomy", halvings=2))


@named()
def lc_mechanic(c: Positive = 1.0, ratio: Share = 0.5, grow: Growing = 1e4) -> Recipe:
    """LC_Mechanic: heavy ball of friction c√(E/E₀), E = F + |v|²/2 falling by λ h c√(E/E₀)|v|²."""
    return recipe(flows.EnergyFriction(c), SequentialEuler(), EnergyControl(ratio=ratio, h0=0.1, grow=grow))


@named()
def gd_em(lr: Positive = 0.1, shrink: Growing = 1.5) -> Recipe:
    """GD_Em: every search starts at h = lr, divided by 1.5 until F does not rise."""
    return recipe(flows.GradientDescent(), Euler(),
                  EnergyControl(ratio=0.0, h0=lr, h_max=lr, shrink=shrink, grow=1e200))


@named()
def momentum_em(lr: Positive = 0.1, momentum: Share = 0.9, shrink: Growing = 1.5) -> Recipe:
    """Momentum_Em: heavy ball, every search from h = lr, divided by 1.5 until F + |m|²/(2a) does not rise."""
    return recipe(flows.AveragedMomentum((1 - momentum) / lr), SequentialEuler(),
                  EnergyControl(ratio=0.0, h0=lr, h_max=lr, shrink=shrink, grow=1e200))


@named()
def lc_em(lr: Positive = 0.1, momentum: Share = 0.9, grow: Growing = 1e4) -> Recipe:
    """LC_EM: heavy ball, m rescaled so that F + |m|²/(2a) falls by h|(m + m⁺)/2|², h halved until that can be."""
    a = (1 - momentum) / lr
    return recipe(flows.AveragedMomentum(a, kick=a), EnergyMomentum(), EnergyControl(ratio=0.0, h0=lr, grow=grow))


@named()
def pgd(lr: Positive = 0.1, tol: Positive = 1e-9, fast: Count = 5, most: Count = 1000) -> Recipe:
    """PGD: gradient descent whose steps are projected on the level F − h|∇F|², one correction a trial."""
    return recipe(flows.GradientDescent(), Euler(), LevelControl(lr, tol, int(fast), int(most)))


@named()
def lmf(damping: Positive = 10.0) -> Recipe:
    """LMF: Levenberg–Marquardt in Marquardt's metric of the start, its damping by Fletcher's rule."""
    return recipe(flows.ScaledDescent(), MarquardtEuler(), FletcherControl(1 / damping))


@named()
def lm_uphill(damping: Positive = 10.0) -> Recipe:
    """LMUphill: LMF that goes uphill where a step turns little from the trial before."""
    return recipe(flows.ScaledDescent(), MarquardtEuler(), UphillControl(1 / damping))


@named()
def gd_extragradient(tol: Positive = 0.01, h0: Positive = 0.1) -> Recipe:
    """Extragradient with an absolute tolerance, which the authors call Euler–Richardson; it stalls near a minimum."""
    return recipe(flows.GradientDescent(), Extragradient(), ErrorControl(tol=tol, relative=False, h0=h0))
