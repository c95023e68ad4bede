"""Exponential integrators: the constant decay of the memories is solved exactly."""
from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from arithmetic import Array, Quantity, Reading, VectorField, exp, from_sympy
from arithmetic.late import sympy

from .base import Advance, Scheme
from .family import replaced


def decay_rates(flow) -> dict:
    """The blocks that decay at a constant rate, x' = −rate x + (what does not depend on x), with their rates.

    Read off the flow's own equations, with the other blocks frozen; numbers where the flow's rates are numbers.
    """
    per_lane: dict = {}

    def marked(leaf):
        if not isinstance(leaf, (Reading, np.ndarray)):
            return leaf
        symbol = sympy.Symbol(f"rate_{len(per_lane)}", positive=True)
        per_lane[symbol] = leaf
        return symbol

    rates = _decay_rates(replaced(flow, marked))
    if not per_lane:
        return rates
    return {name: rate if isinstance(rate, float) else from_sympy(rate, per_lane) for name, rate in rates.items()}


@functools.cache
def _decay_rates(flow) -> dict:
    s, oracle, derivatives = flow.coordinate()
    state, loss = set(vars(s).values()), set(oracle.known.values())
    rates = {}
    for name, derivative in derivatives.items():
        rate = -derivative.diff(getattr(s, name)) if hasattr(derivative, "diff") else 0
        if getattr(rate, "free_symbols", set()) & (state | loss):
            continue
        if name == "theta" and derivative.free_symbols & loss:
            continue  # the loss moves with θ
        rates[name] = rate if getattr(rate, "free_symbols", None) else float(rate)
    return rates


def exponential_share(h, rate):
    """∫₀ʰ e^{−rate·τ} dτ: what the slope of a block is multiplied by; h where its rate is 0 or None."""
    return h if rate is None or (isinstance(rate, float) and rate == 0) else (1 - exp(-rate * h)) / rate


@dataclass(frozen=True)
class ExponentialEuler(Scheme):
    """Exponential Euler: y⁺ = y + h φ₁(−hA) f(y), φ₁(x) = (eˣ − 1)/x, A the constant decay rates of the memories.

    All blocks from the old state, θ by Euler; `ExponentialMap` is its sequential form.
    Sources: Hochbruck & Ostermann, Acta Numerica 2010, section 2.
    """

    needs_flow = True

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        slope = field(t, y)
        s, k, rates = vars(field.state(t, y)), vars(field.state(t, slope)), decay_rates(field.flow)
        return field.pack({name: s[name] + (exponential_share(h, rates.get(name)) if name != "theta" else h) * k[name]
                           for name in field.flow.blocks}), None, slope
