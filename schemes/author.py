"""The energy-controlled algorithms of Bensaid, Poëtte and Turpault, by their names, with their constants.

arXiv 2407.01019 (an abstract Lyapunov control optimizer), 2407.15471.  Each is a flow of this toolkit, Euler's step on
it, one block after the other, and `EnergyControl` with the options that their search is.  To add one: a function below
with `@named()`, as in classics.py.
"""
from __future__ import annotations

from dataclasses import dataclass

import flows
from arithmetic import Rate

from .classics import Recipe, named, recipe
from .control import EnergyControl, ErrorControl
from .exponential import decay_rates
from .hyperparameters import Growing, NonNegative, Positive, Share, Weight
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
    return recipe(flows.Momentum(c), SequentialEuler(), EnergyControl(ratio=ratio, h0=1 / c, h_max=1 / c, grow=grow))


@named()
def lc_rmsprop(b: Positive = 10.0, eps: NonNegative = 0.1, ratio: Share = 0.5, grow: Growing = 1e4) -> Recipe:
    """LC_RMSProp: RMSProp of rate b, h ≤ 1/b, under which F falls by λ h Σ ∇F²/(√v + ε)."""
    return recipe(flows.RMSProp(b, eps), SequentialEuler(),
                  EnergyControl(ratio=ratio, h0=1 / b, h_max=1 / b, grow=grow))


@named()
def lcd_rms(kappa: Weight = 0.001, eps_root: NonNegative = 1e-10, ratio: Share = 0.5, shrink: Growing = 30.0,
            grow: Growing = 1e4) -> Recipe:
    """LCD_RMS: RMSProp with an average over steps, v⁺ = (1 − κ) v + κ ∇F², and the dichotomy of LCD."""
    return recipe(flows.RMSProp(1.0, 0.0, eps_root), PerStep(kappa),
                  EnergyControl(ratio=ratio, h0=0.1, shrink=shrink, grow=grow, search="dichotomy"))


@named()
def lc_clipping(gamma: Positive = 1e-3, ratio: Share = 0.5, h0: Positive = 0.1, grow: Growing = 1e4) -> Recipe:
    """LC_clipping: as LC_EGD along min(1, γ/|∇F|) ∇F, γ ten times the gradient at which to stop."""
    return recipe(flows.ClippedGradient(gamma), Euler(), EnergyControl(ratio=ratio, h0=h0, grow=grow))


@named()
def lc_signgd(ratio: Share = 0.5, h0: Positive = 0.1, grow: Growing = 1e4) -> Recipe:
    """LC_signGD: as LC_EGD along sign ∇F, F falling by λ h Σ|∇F|."""
    return recipe(flows.SignSGD(), Euler(), EnergyControl(ratio=ratio, h0=h0, grow=grow))


@named()
def lc_mechanic(c: Positive = 1.0, ratio: Share = 0.5, grow: Growing = 1e4) -> Recipe:
    """LC_Mechanic: heavy ball of friction c√(E/E₀), E = F + |v|²/2 falling by λ h c√(E/E₀)|v|²."""
    return recipe(flows.EnergyFriction(c), SequentialEuler(), EnergyControl(ratio=ratio, h0=1 / c, grow=grow))


@named()
def gd_em(lr: Positive = 0.1, shrink: Growing = 1.5) -> Recipe:
    """GD_Em: every search starts at h = lr, divided by 1.5 until F does not rise."""
    return recipe(flows.GradientDescent(), Euler(),
                  EnergyControl(ratio=0.0, h0=lr, h_max=lr, shrink=shrink, grow=1e200))


@named()
def gd_extragradient(tol: Positive = 0.01, h0: Positive = 0.1) -> Recipe:
    """Extragradient with an absolute tolerance, which the authors call Euler–Richardson; it stalls near a minimum."""
    return recipe(flows.GradientDescent(), Extragradient(), ErrorControl(tol=tol, relative=False, h0=h0))
