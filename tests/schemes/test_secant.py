"""The flow with a memory of curvature, its step, and the averaged energy that accepts it."""
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import networks
from arithmetic import Descended
from flows import GradientDescent, Secant
from networks import Loss
from schemes import EnergyControl, Euler, Outcome, SecantEuler, Stop, integrate, named, pair

SECANT = named("secant-energy")
NETWORKS = ["polytwo", "polythree", "polyfour", "polyfive", "polyeight", "rattwo", "cloche", "sine", "tanh-bump",
            "steep-valley"]


def starts(loss, lanes, seed=0):
    low, high = np.array(loss.box).T
    return np.random.default_rng(seed).uniform(low[:, None], high[:, None], (loss.dim, lanes))


def memory(flow, s, y, gamma=1.0):
    """A state of the flow with the pairs (s, y), newest first."""
    pairs = {f"s{i + 1}": x for i, x in enumerate(s)} | {f"y{i + 1}": x for i, x in enumerate(y)}
    return dataclasses.make_dataclass("State", [*pairs, "gamma"])(**pairs, gamma=gamma)


def matrix(flow, state, dim):
    """H, column by column."""
    return np.array([flow.direction(state, e)[0] for e in np.eye(dim)]).T


def dense(flow, s, y, gamma):
    """H by BFGS's product form from H₀ = γD, oldest pair first: an independent statement of the definition."""
    kept = [(a, b) for a, b in zip(s[::-1], y[::-1], strict=True) if a @ b > 0]
    floor = [flow.eps**2 * np.mean(np.sum(np.square(x), 0)) for x in (s, y)]
    D = ((np.sum(np.square(s), 0) + floor[0]) / (np.sum(np.square(y), 0) + floor[1]))**0.25
    H = np.diag(D) * (s[0] @ y[0] / (y[0] @ (D * y[0]))) if s[0] @ y[0] > 0 else gamma * np.eye(len(D))
    for a, b in kept:
        V = np.eye(len(a)) - np.outer(b, a) / (a @ b)
        H = V.T @ H @ V + np.outer(a, a) / (a @ b)
    return H


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(2, 6))
def test_the_matrix_is_bfgs_of_its_pairs(seed, pairs, dim):
    """Symmetric, positive, with H y₁ = s₁; pairs of negative curvature are left out."""
    rng, flow = np.random.default_rng(seed), Secant(pairs)
    s, y = rng.normal(size=(2, pairs, dim))
    H = matrix(flow, memory(flow, s, y, 0.7), dim)
    expected = dense(flow, s, y, 0.7)
    scale = np.abs(expected).max()
    if np.linalg.eigvalsh(expected).min() > 1e-8 * scale:  # else rounding is right to leave the pairs alone
        assert H == pytest.approx(expected, abs=1e-9 * scale) and np.linalg.eigvalsh(H + H.T).min() > 0
        if s[0] @ y[0] > 0:
            assert H @ y[0] == pytest.approx(s[0], abs=1e-8 * scale)


def test_without_pairs_and_where_rounding_leaves_no_descent_it_is_the_gradient():
    flow, g = Secant(2), np.array([1.0, -2.0])
    s, y = np.array([[2.0, 1.0], [0.0, 0.0]]), np.array([[1e15, -2e15 + 1], [0.0, 0.0]])  # s ⊥ g: H∇F is rounding
    with np.errstate(all="ignore"):
        assert (flow.direction(memory(flow, np.zeros((2, 2)), np.zeros((2, 2)), 0.25), g)[0] == g / 4).all()
        direction, sound = flow.direction(memory(flow, s, y, 0.25), g)
    assert not sound and (direction == g / 4).all()


def test_every_pair_of_a_run_has_positive_curvature():
    """Powell's rule: also where the loss is concave, so that nothing is forgotten there."""
    loss = Loss(lambda t: (t[0] * t[0] - 1)**2 + t[1]**2 * (1 + t[0]) + 0.1 * t[1]**4, 2)
    run = SECANT.run(loss, np.array([[0.05, 0.1], [0.3, -2.0]]), stop=Stop(max_steps=8), record=1)
    field = SECANT.flow.on(loss)
    curvatures = []
    for y in np.moveaxis(run.y, -1, 0):
        s = field.state(0.0, y)
        curvatures += [np.sum(getattr(s, f"s{i}") * getattr(s, f"y{i}"), axis=0) for i in range(1, 6)
                       if np.any(getattr(s, f"s{i}"))]
    assert len(curvatures) > 10 and np.all(np.array(curvatures) >= 0)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_start_comes_to_rest(name):
    loss = networks.get(name)
    for theta in (starts(loss, 60), np.random.default_rng(1).uniform(-50, 50, (loss.dim, 60))):
        run = SECANT.run(loss, theta, stop=Stop(max_steps=10_000))
        assert np.all(run.outcome == Outcome.CONVERGED)
        assert np.all(loss.value(run.theta) <= loss.value(theta) * (1 + 1e-12))


@pytest.mark.parametrize("c, k", [(4.0**10, 1.0), (4.0**-10, 1.0), (1.0, 2.0**10), (1.0, 2.0**-10), (4.0**9, 2.0**-9)])
def test_units_change_nothing(c, k):
    """F → cF and θ → kθ by powers of two, which round nothing: the same steps to the bit."""
    loss = networks.get("polyfour")
    scaled = Loss.from_callables(2, lambda t: c * loss.value(t / k), lambda t: c / k * loss.gradient(t / k))
    theta, stop = starts(loss, 40, seed=3), Stop(gradient=0.0, max_steps=30)
    one, other = SECANT.run(loss, theta, stop=stop), SECANT.run(scaled, k * theta, stop=stop)
    assert (other.theta == k * one.theta).all() and (other.gradients == one.gradients).all()


def test_decimal_units_change_no_end():
    loss = networks.get("polyfour")
    theta = starts(loss, 200, seed=3)
    one = SECANT.run(loss, theta, stop=Stop(gradient=1e-7))
    for c, k in ((1e6, 1.0), (1e-6, 1.0), (1.0, 1e3), (1.0, 1e-3)):
        scaled = Loss(lambda t, c=c, k=k: c * loss.value(t / k), loss.dim)
        other = SECANT.run(scaled, k * theta, stop=Stop(gradient=1e-7 * c / k, speed=np.inf, radius=1e9))
        same = np.max(np.abs(other.theta / k - one.theta), axis=0) < 1e-3
        assert np.mean(same) > 0.99 and np.mean(other.gradients == one.gradients) > 0.95


def test_the_average_falls_and_bounds_the_loss():
    """C⁺ − C ≤ −ratio (1 − η) h g·Hg, F ≤ C ≤ F(θ₀): on every accepted step, whatever the loss."""
    loss = networks.get("steep-valley")
    control = EnergyControl(ratio=0.1, h_max=1.0, search="parabola", first="full", acceptance="averaged", average=0.5)
    problem = pair(Secant(3), SecantEuler(), control).problem(loss, Stop(gradient=0.0))
    z = problem.start(problem.field.start(starts(loss, 50)))
    first, accepted = loss.value(z[:2]), 0
    C = first.copy()
    for _ in range(60):
        with np.errstate(all="ignore"):
            new = np.array([np.broadcast_to(row, (50,)) for row in problem.step(z).rows])
        memory = dict(zip(problem.memory, new[problem.field.size:], strict=True))
        moved = memory["accepted"] > z[problem.field.size + problem.memory.index("accepted")]
        accepted += moved.sum()
        fall = np.sum(loss.gradient(z[:2]) * (z[:2] - new[:2]), axis=0)
        rounding = 1e-12 * np.abs(C)
        after = np.where(memory["Q"] > 0, memory["C"], first)
        Q = z[problem.field.size + problem.memory.index("Q")]
        weight = 0.5 * np.where(Q > 0, Q, 1) + 1
        assert after == pytest.approx(np.where(moved, C + (loss.value(new[:2]) - C) / weight, C), rel=1e-12)
        assert np.all(after - C <= rounding - np.where(moved, 0.1 * 0.5 * fall, 0.0))
        assert np.all(loss.value(new[:2]) <= after + rounding) and np.all(new[:, ~moved][:2] == z[:, ~moved][:2])
        z, C = new, after
    assert accepted > 2000


def test_one_gradient_a_trial():
    """The step leaves the loss and the gradient where it ended, and the next one finds them there."""
    calls = []

    class Counted(Descended):
        name, dim, together = "counted", 2, frozenset({"value", "gradient"})

        def value_and_gradient(self, theta):
            calls.append(theta)
            return np.sum(theta**2 * [[1.0], [30.0]], axis=0) / 2, theta * [[1.0], [30.0]]

    run = SECANT.run(Counted(), np.array([[3.0], [1.0]]), stop=Stop(gradient=1e-8), threads=1)
    assert np.all(run.success) and run.gradients[0] == run.steps[0] + 1
    assert len(calls) <= run.gradients[0] + 3  # at the start, and where it is read off how it ended


def test_backends_agree_to_the_bit():
    loss = networks.get("polyfive")
    runs = [SECANT.run(loss, starts(loss, 300), backend=backend) for backend in ("c", "numpy")]
    assert (runs[0].theta == runs[1].theta).all() and (runs[0].steps == runs[1].steps).all()


def test_quadratics_take_as_many_gradients_as_the_best():
    """κ = 10⁴, axes turned: within twice the number of scipy's L-BFGS-B."""
    from scipy.optimize import minimize

    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(20, 20)))[0]
    A = axes @ np.diag(np.geomspace(1, 1e4, 20)) @ axes.T
    loss = Loss.from_callables(20, lambda t: np.sum(t * (A @ t), axis=0) / 2, lambda t: A @ t)
    theta = rng.normal(size=20)
    run = SECANT.run(loss, theta, stop=Stop(gradient=1e-6))
    end = minimize(lambda t: (t @ A @ t / 2, A @ t), theta, jac=True, method="L-BFGS-B",
                   options={"gtol": 1e-7, "ftol": 0, "maxiter": 10**4})
    assert run.success and run.gradients < 2 * end.nfev


def test_what_it_takes_and_what_not():
    with pytest.raises(TypeError, match="SecantEuler is the step of the flow Secant.*use Euler"):
        pair(GradientDescent(), SecantEuler(), 0.1).run(networks.get("polytwo"), [1.0, 1.0])
    with pytest.raises(TypeError, match="no formula of one coordinate"):
        SECANT.algorithm()
    with pytest.raises(ValueError, match="pairs=1.5 must be a whole number"):
        named("secant-energy", pairs=1.5)
    run = pair(Secant(2), Euler(), 0.5).run(networks.get("polytwo"), [1.0, 1.0], stop=Stop(max_steps=50))
    assert np.isfinite(run.theta).all()  # its memory at rest, it is the gradient flow in units of its first step


def test_a_refused_or_infinite_start_is_an_outcome():
    run = SECANT.run(networks.get("expfour"), np.array([[-2.9, 2.7], [-1.8, 2.9]]))
    assert all(o in (Outcome.STALLED, Outcome.NOT_FINITE) for o in run.outcome)


def test_a_run_that_goes_on_looks_again_at_another_loss():
    """What the last step left is of the loss that it was on: a run on another one looks again, and one from a state."""
    near, far = (Loss(lambda t, a=a: (t[0] - a)**2 + (t[1] - a)**2, 2) for a in (0, 3))
    first = SECANT.run(near, [1.0, 0.5])
    assert SECANT.run(far, first).theta == pytest.approx([3, 3], abs=1e-6)
    y = SECANT.flow.on(near).start([5.0, 5.0])
    y[SECANT.flow.on(near).blocks["g"]] = 0.0
    assert pair(SECANT.flow, SECANT.scheme, SECANT.step).run(near, first).steps == first.steps
    assert integrate(SECANT.flow.on(near), y0=y, scheme=SECANT.scheme, step=SECANT.step).theta == pytest.approx(
        [0, 0], abs=1e-6)
