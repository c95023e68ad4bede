"""Every dissipation is what it says: V falls by it at least, and it is no smaller than it must be."""
import numpy as np
import pytest
import sympy

from flows import FLOWS, Adam, AMSGrad, GradientDescent, Momentum, Scheduled, WeightDecay, schedules
from flows.adam import correcting
from lyapunov import energies

RATES = {"a": 1.3, "b": 0.7, "c": 0.9, "eps": 1e-3, "kappa": 0.4, "delta": 0.3, "L": 2.0, "damping": 0.5,
         "beta": 0.8, "s": 0.2, "r": 1.5, "nu": 0.6, "k1": 2.0, "k2": 1.1, "k3": 0.2, "first": 0.1, "gamma": 0.8,
         "p": 3.5}
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
    age = 10.0 ** rng.uniform(-3, 2.5, n)
    values = {"t": age, "H": rng.uniform(-3, rates["L"], n), "g": rng.normal(size=n) * (rng.random(n) < 0.7)}
    for name in names:
        values.setdefault(name, rng.exponential(size=n) if name in flow.nonnegative else rng.normal(size=n))
    clocks = {"c1": rates["a"], "c2": rates["b"]}
    return values | {name: -np.expm1(-rate * age) for name, rate in clocks.items()} | {
        name: np.full(n, value) for name, value in rates.items()}


@pytest.mark.parametrize("flow, a, b", [(flow, a, b) for flow in OWN + FURTHER for a, b in (
    ((1.3, 0.7), (1.0, 0.05), (1.0, 1.0), (0.6, 2.3), (0.1, 0.39)) if isinstance(flow, Adam) else ((1.3, 0.7),))],
                         ids=str)
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


def test_the_share_of_bias_correction_is_below_the_least_over_all_times():
    """And 1 is not, for b < a/2: while c₂ is far from 1 the scale falls faster than 1 − b/(4a) says."""
    x, ratio = np.geomspace(1e-4, 50, 2000)[:, None], np.geomspace(1e-4, 4, 200)
    least = (1 + 0.5 / np.expm1(x) - ratio / 4 / np.expm1(ratio * x)).min(axis=0)
    bound = np.array([correcting(1.0, b) for b in ratio])
    assert np.all(bound <= least + 1e-12) and least[0] - bound[0] < 0.006 and np.all(least[ratio < 0.5] < 0.999)
    assert least[ratio >= 1] == pytest.approx(1, abs=1e-12) and np.all(bound[ratio >= 1] == 1)
