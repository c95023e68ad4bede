"""Restarted Nesterov: its step against a plain loop, and what a restart does."""
import itertools

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import j1

import networks
import schemes
from flows import Dimensionless, GradientDescent, RestartedNesterov
from schemes import EnergyControl, NesterovStep, Stop, integrate

NEVER = dict(gradient=0.0, speed=0.0)


def nesterov(gradient, x, s, n, r=3):
    """θ⁺ = y − s∇F(y), y = θ + k/(k + r)·(θ − θ⁻), and k = 0 from where the move goes uphill."""
    move, k = 0 * x, 0
    for _ in range(n):
        ahead = x + k / (k + r) * move
        g = gradient(ahead)
        new = ahead - s * g
        uphill = g @ (new - x) > 0
        move, x, k = (0 * x, new, 0) if uphill else (new - x, new, k + 1)
        yield x, uphill


@pytest.mark.parametrize("r", [3, 5.5])
@pytest.mark.parametrize("network, start, s", [("polyfive", (-1.3, 2.4), 0.0005), ("cloche", (0.4, 1.7), 0.01)])
def test_the_step_is_nesterovs_with_the_gradient_restart(network, start, s, r):
    loss, n = networks.get(network), 150
    expected, uphill = zip(*nesterov(loss.gradient, np.array(start), s, n, r), strict=True)
    run = integrate(RestartedNesterov(r).on(loss), start, NesterovStep(), s**0.5, Stop(max_steps=n, **NEVER), record=1)
    assert any(uphill) and np.allclose(run.theta, expected[-1], rtol=1e-9, atol=1e-12)
    path = [RestartedNesterov().on(loss).theta(y) for y in run.y.T][1:]
    assert np.allclose(path, expected[:len(path)], rtol=1e-9, atol=1e-12)


def test_the_flow_starts_as_bessel_functions_do():
    """θ'' + (3/t) θ' + θ = 0 has θ = 2 J₁(t)/t, from c = 0 on."""
    field = RestartedNesterov().on(networks.Loss(lambda x: x[0]**2 / 2, 1))
    run = solve_ivp(field, (0, 9), field.start([1.0]), t_eval=[0.5, 3, 9], rtol=1e-9, atol=1e-11)
    assert np.allclose(field.theta(run.y)[0], 2 * j1(run.t) / run.t, atol=1e-7)


@pytest.mark.parametrize("flow", [RestartedNesterov(), Dimensionless(RestartedNesterov())])
def test_the_energy_falls_in_steps_and_restarts(flow):
    """Under a monotone control, and each restart takes the kinetic part away."""
    loss, restarts = networks.get("polytwo"), 0
    field = flow.on(loss)
    run = integrate(field, [2.9, 2.8], NesterovStep(), EnergyControl(ratio=0.1), Stop(max_steps=400), record=1)
    states = [field.state(t, y) for t, y in zip(run.t, run.y.T, strict=True)]
    V = [float(flow.energy(s, loss.oracle(s.theta))) for s in states]
    assert all(after <= before + 4e-16 * abs(before) for before, after in itertools.pairwise(V))
    for before, after in itertools.pairwise(states):
        if after.c == 0 and before.c > 0:
            restarts += 1
            assert np.all(after.v == 0)
    assert run.success and restarts >= 1


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="NesterovStep is a step of RestartedNesterov, got GradientDescent"):
        integrate(GradientDescent().on(networks.get("polytwo")), [1.0, 1.0], NesterovStep(), 0.1)
    with pytest.raises(TypeError, match="NesterovStep: whether it restarts is a case"):
        schemes.named("nesterov-energy").algorithm()
