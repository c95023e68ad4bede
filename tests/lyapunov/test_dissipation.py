"""Every dissipation is what it says: V falls by it at least, and it is no smaller than it must be."""
from dataclasses import replace

import numpy as np
import pytest
import sympy

from flows import FLOWS, Adam, AMSGrad, GradientDescent, Momentum, Scheduled, State, WeightDecay, schedules
from lyapunov import energies

RATES = {"a": 1.3, "b": 0.7, "c": 0.9, "eps": 1e-3, "kappa": 0.4, "delta": 0.3, "L": 2.0, "damping": 0.5,
         "beta": 0.8, "s": 0.2, "r": 1.5}
OWN = [kind.symbolic() for kind in FLOWS if kind.energy is not None]
FURTHER = [Adam.symbolic(**form) for form in ({"correction": False}, {"hat": True}, {"eps_root": 1e-3})] + [
    AMSGrad.symbolic(**form) for form in ({"correction": False}, {"corrected_maximum": True}, {"hat": True},
                                          {"hat": True, "corrected_maximum": True})] + [
    WeightDecay(GradientDescent(), 0.3), WeightDecay(Momentum(0.9), 0.3),
    Scheduled(GradientDescent(), schedules.InverseTime(0.5))]


def functions(flow, energy):
    """−V' by the chain rule and D, of one coordinate, as functions of the symbols that follow."""
    s, oracle, slopes = flow.coordinate()
    V, D = energy.function(s, oracle), energy.dissipation(s, oracle)
    rate = (V.diff(oracle.value) * oracle.gradient + V.diff(oracle.gradient) * oracle.hessian) * slopes["theta"]
    rate += sum(V.diff(getattr(s, name)) * slopes[name] for name in flow.blocks) + V.diff(s.t)
    symbols = sorted(sympy.Tuple(rate, D).free_symbols, key=str)
    return sympy.lambdify(symbols, [-rate, sympy.sympify(D)], "numpy"), [x.name for x in symbols]


def states(flow, names, rates, n=4000):
    """Random ones, the gradient 0 at some; bias corrections are those of one time."""
    rng = np.random.default_rng(0)
    age = 10.0 ** rng.uniform(-3, 1.5, n)
    values = {"t": age, "H": rng.uniform(-3, rates["L"], n), "g": rng.normal(size=n) * (rng.random(n) < 0.7)}
    for name in names:
        values.setdefault(name, rng.exponential(size=n) if name in flow.nonnegative else rng.normal(size=n))
    clocks = {"c1": rates["a"], "c2": rates["b"]}
    return values | {name: -np.expm1(-rate * age) for name, rate in clocks.items()} | {
        name: np.full(n, value) for name, value in rates.items()}


@pytest.mark.parametrize("flow, a, b", [(flow, a, b) for flow in OWN + FURTHER for a, b in (
    ((1.3, 0.7), (1.0, 0.05), (1.0, 1.0), (0.6, 2.3), (0.1, 0.39)) if isinstance(flow, Adam) else ((1.3, 0.7),))], ids=str)
def test_is_a_lower_bound_of_the_fall(flow, a, b):
    rates = RATES | {"a": a, "b": b}
    for energy in energies(flow):
        if energy.dissipation is None:
            continue
        f, names = functions(flow, energy)
        values = states(flow, names, rates)
        with np.errstate(all="ignore"):
            fall, least = (np.broadcast_to(x, 4000) for x in f(*(values[name] for name in names)))
        assert np.isfinite(fall).all() and np.all(least >= -1e-12 * (1 + np.abs(fall))), energy
        assert np.all(least <= fall + 1e-9 * (1 + np.abs(fall))), energy
        assert np.max(least[fall > 1e-6] / fall[fall > 1e-6]) > 0.9, energy  # no smaller than it must be


def test_a_constant_share_is_no_bound_for_a_slow_average_of_squares():
    """While c₂ is far from 1 the share of a true bound falls below 1 − b/(4a), what it is without correction."""
    flow = Adam(a=1.0, b=0.1, eps=0.0)
    share = flow._share(State(c1=1 - np.exp(-10.0), c2=1 - np.exp(-1.0)))
    assert 0.95 < share < 1 - 0.1 / 4
    assert replace(flow, correction=False)._share(None) == 1 - 0.1 / 4
