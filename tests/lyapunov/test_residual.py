"""Residual energy: published figures, bounds that runs keep, and starts that get away."""
import numpy as np
import pytest
import sympy
from scipy.integrate import solve_ivp

from flows import Adam, Adamax, GradientDescent, Momentum, Nesterov, Newton, RMSProp
from lyapunov import escape, residual_energy
from networks import Loss, get
from schemes import SequentialEuler, named, pair

x = sympy.Symbol("x", real=True)
BOWL = Loss.from_expression(x**2 / 2, (x,), name="bowl")
WELLS = Loss.from_expression((x**2 - 1) ** 2 / 4, (x,), name="two wells")
RIGHT = next(p for p in WELLS.critical_points() if p.theta == (1,))


def uncorrected(lr):
    return pair(Adam(a=0.1 / lr, b=0.001 / lr, eps=1e-8, correction=False), SequentialEuler(), lr)


def test_the_first_step_beside_a_minimum_has_the_published_length():
    """From θ = 1e-6, F = 5e-13, Adam of lr = 1e-3 steps to −9.89e-4: F grows 10⁶-fold, though its flow cannot climb."""
    found = residual_energy(named("adam", lr=1e-3), theta=[1e-6], critical_point=BOWL.critical_points()[0])
    assert found.first[0] == pytest.approx(-9.890990099009904e-4, rel=1e-13)
    assert found.energy == 0 and found.level == found.value == pytest.approx(5e-13)
    assert found.rise / found.value == pytest.approx(978_000, rel=1e-3)
    assert found.proved and found.confined
    plain = residual_energy(uncorrected(1e-3), theta=[1e-6], loss=BOWL)
    assert plain.first[0] == pytest.approx(-2.401530734e-3, rel=1e-9)


def test_the_smallest_steps_that_cross_to_the_other_minimum():
    """θ₀ = 1 − 1e-6 on (θ² − 1)²/4: on a grid of 0.01 the first lr that crosses is 0.45,
    without bias correction 0.16."""
    start = [1 - 1e-6]

    def smallest(optimizer, rates, steps):
        return next(lr for lr in rates if escape(optimizer(lr), RIGHT, start, steps=steps) >= 0)

    grid = np.arange(1, 60) / 100
    assert smallest(uncorrected, grid, 100) == 0.16
    assert smallest(lambda lr: named("adam", lr=lr), grid[40:], 2800) == 0.45
    assert escape(named("adam", lr=0.1), RIGHT, start, steps=300) == -1


def test_starts_that_get_away_are_reported_lane_by_lane():
    starts = np.array([[1 - 1e-6, 1 - 1e-3, -1.1, 0.9]])
    found = escape(uncorrected(0.16), RIGHT, starts, steps=50)
    assert found[2] == 1 and found[0] == escape(uncorrected(0.16), RIGHT, starts[:, 0], steps=50) == 11
    with pytest.raises(ValueError, match="fixed step"):
        escape(named("gd-energy"), RIGHT, [0.9])


@pytest.mark.parametrize("flow, memory, smallest", [
    (Momentum(), {"v": 0.1}, np.sqrt(0.5)), (Nesterov(kappa=0.5), {"v": 0.1}, 1.0),
    (Adam(a=2.0, eps=0.1, correction=False), {"m": 0.1}, np.sqrt(2 * 2.0 * 0.1 * 0.25)),
    (Adam(a=2.0, eps=0.1), {"m": 0.1}, np.sqrt(2 * 2.0 * 0.1 * 0.25)),
    (Adam(a=2.0, eps=0.1), {"m": 0.1, "v": 0.09}, np.sqrt(2 * 2.0 * 0.4 * 0.25)),
])
def test_the_smallest_memory_that_can_leave(flow, memory, smallest):
    """Barrier 1/4: |v| = √(2·1/4) for the heavy ball, |m| = √(2 a D/4) for Adam; less cannot leave, in no direction."""
    found = residual_energy(flow, memory, critical_point=RIGHT)
    assert found.barrier == 0.25 and found.gap == 0.25 and found.confined
    assert found.smallest == pytest.approx(smallest, rel=1e-12)
    z = found.block
    for factor, sign in ((0.99, 1), (0.99, -1)):
        start = residual_energy(flow, memory | {z: sign * factor * found.smallest}, critical_point=RIGHT)
        assert start.confined and start.level == pytest.approx(0.25 * factor**2, rel=1e-9)
    assert not residual_energy(flow, memory | {z: 1.01 * found.smallest}, critical_point=RIGHT).confined


@pytest.mark.parametrize("flow, block", [(Momentum(c=0.1), "v"), (Adam(a=2.0, eps=0.1, correction=False), "m")])
def test_runs_stay_below_the_level(flow, block):
    """F(θ(t)) ≤ F(θ₀) + residual for the flow; with little friction a memory somewhat above the bound does get out."""
    field = flow.on(WELLS)

    def highest(size):
        found = residual_energy(flow, {block: size}, critical_point=RIGHT)
        y0 = field.start(np.array([1.0]))
        y0[field.blocks[block]] = size
        run = solve_ivp(field, (0, 30), y0, rtol=1e-9, atol=1e-12)
        return WELLS.value(run.y[:1]).max(), run.y[0].min(), found

    smallest = highest(0.0)[2].smallest
    inward = -1 if block == "v" else 1
    top, left, found = highest(inward * 0.98 * smallest)
    assert found.confined and top <= found.level * (1 + 1e-9) and left > 0
    top, left, found = highest(inward * 3 * smallest)
    assert not found.confined and left < 0


def test_of_several_coordinates_the_weakest_counts():
    point = get("polytwo").critical_points()[0]
    found = residual_energy(Adam(eps=0.1), {"m": [0.1, 0.2], "v": [0.5, 0.01]}, critical_point=point)
    weights = 1 / (2 * (np.sqrt([0.5, 0.01]) + 0.1))
    assert found.energy == pytest.approx(weights @ np.array([0.1, 0.2]) ** 2, rel=1e-12)
    assert found.smallest == pytest.approx(np.sqrt(0.25 / weights.max()), rel=1e-12)


def test_energies_that_are_not_proved_bound_nothing():
    found = residual_energy(Adam(b=10.0, eps=0.1), {"m": 1e-3}, critical_point=RIGHT)
    assert not found.proved and not found.confined and "nothing is bounded" in str(found)


def test_flows_without_memory_hold_no_energy():
    for flow in (GradientDescent(), RMSProp(eps=0.1)):
        found = residual_energy(flow, critical_point=RIGHT)
        assert found.energy == 0 and found.confined and found.smallest == np.inf and found.block == ""


def test_energies_that_are_derived_serve_too():
    flow = Adamax(a=2.0, eps=0.1)
    found = residual_energy(flow, {"m": 0.1}, critical_point=RIGHT)
    assert found.smallest == pytest.approx(np.sqrt(2 * 2.0 * 0.1 * 0.25), rel=1e-12) and found.confined
    with pytest.raises(ValueError, match="0/0; pass memory"):  # m = c1 = u = 0 at its own start
        residual_energy(flow, critical_point=RIGHT)


def test_forms():
    found = residual_energy(named("adam", lr=0.45), theta=[1 - 1e-6], critical_point=RIGHT)
    text = str(found)
    assert text.startswith("V - F        = m**2/(2*a*c1*(eps + sqrt(v)/sqrt(c2))) per coordinate, a = 0.222222, eps = "
                           "1e-08")
    assert "cannot leave the well" in text and "first step" in text and "escape needs |m| >= 3.33333e-05" in text
    assert found._repr_latex_().startswith(r"$$\begin{aligned}V - F &= \frac{m^{2}}")


def test_errors_say_what_to_give():
    with pytest.raises(TypeError, match="Flow or an Optimizer"):
        residual_energy("adam")
    with pytest.raises(ValueError, match="no memory w; it has v"):
        residual_energy(Momentum(), {"w": 1.0}, critical_point=RIGHT)
    with pytest.raises(ValueError, match="no energy of the form"):
        residual_energy(Newton(), critical_point=RIGHT)
    with pytest.raises(ValueError, match="must be a strict minimum"):
        residual_energy(Momentum(), critical_point=WELLS.critical_points()[2])
    with pytest.raises(ValueError, match="theta must have shape"):
        residual_energy(Momentum(), theta=[1.0, 2.0], critical_point=RIGHT)
