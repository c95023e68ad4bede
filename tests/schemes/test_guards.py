"""Rules of steps and of their ends that a wrong program would break in silence: published ones, written out again."""
import itertools

import numpy as np
import pytest

import networks
import schemes
from flows import Adam, GradientDescent, Momentum, WeightDecay, schedules
from networks import Loss
from schemes import Euler, Outcome, SequentialEuler, Stop, integrate, pair

BOWL = Loss(lambda t: t[0] ** 2 / 2, 1, name="bowl")


# ------------------------------------------------------------------------------------ Levenberg–Marquardt
def nielsen(residual, jacobian, x, damping, trials, metric, pivot, least):
    """Levenberg–Marquardt by Nielsen 1999, as in Madsen, Nielsen & Tingleff 2004, 3.2: (x, μ) of each trial."""
    x, mu, nu, out = np.array(x, dtype=float), damping, 2.0, []
    for _ in range(trials):
        out.append((x, mu))
        J, r = jacobian(x), residual(x)
        A, g = J.T @ J, J.T @ r
        D = np.diag(metric(A))
        step = np.linalg.solve(A + mu * D, -g)
        new = residual(x + step)
        gain = (r @ r - new @ new) / 2 / (step @ (mu * D @ step - g) / 2)
        if gain > 0:
            x, mu, nu = x + step, mu * max(least, 1 - ((gain - pivot) / (1 - pivot)) ** 3), 2.0
        else:
            mu, nu = mu * nu, 2 * nu
    return out


@pytest.mark.parametrize("diagonal", [False, True])
@pytest.mark.parametrize("start, count", [((-1.2, 1.0), 14), ((2.0, -3.0), 10), ((0.3, 4.0), 8)])
@pytest.mark.parametrize("name, rule", [("lm-gain", (1 / 2, 1 / 3)), ("lm", (1 / 4, 1 / 5))])
def test_lm_gain_is_nielsens_algorithm(start, count, diagonal, name, rule):
    """`GainControl`: the predicted decrease −∇F·Δ − ½ ΔᵀJᵀJΔ, μ·max(1/3, 1 − (2R − 1)³), and μν with ν = 2, 4, 8, …;
    `lm` has ¼ and 1/5 for his ½ and 1/3."""
    r = lambda t: np.array([20 * (t[1] - t[0] ** 2), 2 * (1 - t[0])]) / np.sqrt(2)  # noqa: E731
    J = lambda t: np.array([[-40 * t[0], 20], [-2, 0]]) / np.sqrt(2)  # noqa: E731
    trials = nielsen(r, J, start, 1.0, count, np.diag if diagonal else lambda A: np.ones(len(A)), *rule)
    problem = schemes.named(name, diagonal=diagonal).problem(networks.get("steep-valley"), Stop(gradient=0.0))
    z = problem.start(problem.field.start(np.array(start))[:, None])
    for k, (x, mu) in enumerate(trials):
        end = problem.finish(z, np.array([k]))
        assert problem.field.theta(z)[:, 0] == pytest.approx(x, rel=1e-9, abs=1e-12), k
        assert 1 / end.h[0] == pytest.approx(mu, rel=1e-7), k
        z, _ = problem.run(z, max_steps=1)
    refused = [np.array_equal(x, after) for (x, _), (after, _) in itertools.pairwise(trials)]
    assert not all(refused) and (start != (-1.2, 1.0) or any(refused))  # the classic start has refused trials


# -------------------------------------------------------------------------------------- what is accepted
@pytest.mark.parametrize("name", ["lc-egd", "lc-egd2", "lc-m", "lc-rmsprop", "lc-mechanic", "lc-clipping", "lc-p-gd"])
def test_the_energy_never_rises_under_energy_control(name):
    """`EnergyControl`'s sign: V falls in every accepted step, from a start where plain steps of h0 raise it."""
    optimizer, loss = schemes.named(name), networks.get("polytwo")
    run = optimizer.run(loss, [2.9, 2.8], record=1, stop=Stop(max_steps=300))
    field = optimizer.flow.on(loss)
    V = [float(optimizer.flow.energy(s, loss.oracle(s.theta))) for t, y in zip(run.t, run.y.T, strict=True)
         for s in [field.state(t, y)] if t > 0]  # (at its start Adam's is 0/0)
    assert len(V) > 5 and all(after <= before * (1 + 1e-15) for before, after in itertools.pairwise(V))


def test_energy_control_asks_for_the_share_that_ratio_says():
    """`EnergyControl`: from θ = 1 on θ²/2 a step has V⁺ − V = −h(1 − h/2) g²: λ accepts it for h ≤ 2(1 − λ)."""
    for ratio in (0.25, 0.5, 0.75):
        for h, accepted in ((2 * (1 - ratio) - 1e-6, 1), (2 * (1 - ratio) + 1e-6, 0)):
            step = schemes.EnergyControl(ratio=ratio, h0=h)
            run = integrate(GradientDescent().on(BOWL), [1.0], Euler(), step, Stop(max_steps=1))
            assert run.accepted == accepted, (ratio, h)


# -------------------------------------------------------------------------------------------- time and decay
def test_the_first_step_is_taken_at_time_zero():
    """Clocks and schedules: the n-th step is taken at t = (n − 1) h, so with σ = 1/(1 + t) the first is whole."""
    optimizer = schemes.named("gd", lr=0.5, schedule=schedules.InverseTime(1.0))
    theta = optimizer.run(BOWL, [1.0], record=1, stop=Stop(max_steps=3, gradient=0.0)).y[0]
    expected = np.cumprod([1.0, 1 - 0.5, 1 - 0.5 / 1.5, 1 - 0.5 / 2.0])
    assert theta == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("backend", ["c", "numba", "numpy"])
def test_bias_corrections_are_those_of_each_step(backend):
    """The table of clocks, on every back end: Adam in five lines of NumPy, in lanes that stop at different times."""
    import arithmetic

    if backend not in arithmetic.available():
        pytest.skip(f"{backend} is not installed")
    lr, b1, b2, eps, starts = 0.05, 0.9, 0.99, 1e-8, np.linspace(-3, 3, 101)
    stop = Stop(gradient=1e-2, speed=np.inf, max_steps=400)
    run = schemes.named("adam", lr=lr, beta1=b1, beta2=b2, eps=eps).run(BOWL, starts[None], stop=stop, backend=backend)
    for k in range(0, 101, 4):
        x, m, v, n = starts[k], 0.0, 0.0, 0
        while abs(x) > stop.gradient and n < stop.max_steps:
            n, m, v = n + 1, b1 * m + (1 - b1) * x, b2 * v + (1 - b2) * x * x
            x -= lr * (m / (1 - b1**n)) / (np.sqrt(v / (1 - b2**n)) + eps)
        assert (run.steps[k], run.theta[0, k]) == (n, pytest.approx(x, rel=1e-7, abs=1e-9)), k


def test_weight_decay_is_in_the_gradient_or_beside_it():
    """Placement of weight decay: L2 goes through the memory and decoupled decay does not, as in torch."""
    lr, mu, decay, start = 0.1, 0.9, 0.3, 1.0
    coupled, beside = [start, 0.0], [start, 0.0]
    for _ in range(5):
        v = mu * coupled[1] + (coupled[0] + decay * coupled[0])
        coupled = [coupled[0] - lr * v, v]
        v = mu * beside[1] + beside[0]
        beside = [beside[0] - lr * v - lr * decay * beside[0], v]
    flow, h = Momentum(c=(1 - mu) / lr**0.5), lr**0.5
    decayed = [WeightDecay(flow, decay), WeightDecay(flow, decay * lr / h, decoupled=True)]
    ends = [pair(f, SequentialEuler(), h).run(BOWL, [start], stop=Stop(max_steps=5)).theta[0] for f in decayed]
    assert ends == pytest.approx([coupled[0], beside[0]], rel=1e-12) and abs(coupled[0] - beside[0]) > 1e-2


def test_decoupled_decay_of_adamw_does_not_see_the_scale():
    """Placement of weight decay: where g = 0, AdamW shrinks θ by the factor 1 − lr·λ a step, whatever its memory."""
    valley = Loss(lambda t: t[0] ** 2 / 2, 2, name="valley")
    run = schemes.named("adamw", lr=0.1, weight_decay=0.5).run(valley, [1.0, 2.0], stop=Stop(max_steps=4, speed=0.0))
    assert run.theta[1] == pytest.approx(2.0 * 0.95**4, rel=1e-14)


# ------------------------------------------------------------------------------------------------ the ends
@pytest.mark.parametrize("start, stop, outcome", [
    (0.0, Stop(), Outcome.CONVERGED), (1.0, Stop(max_steps=3), Outcome.STEP_LIMIT),
    (1.0, Stop(radius=0.5), Outcome.DIVERGED),
    (0.0, Stop(max_steps=1), Outcome.CONVERGED),            # at rest at once: its limit of steps was never used
    (0.0, Stop(box=((1.0, 2.0),)), Outcome.LEFT_BOX),       # at rest, but outside
    (1.0, Stop(radius=0.5, box=((2.0, 3.0),)), Outcome.DIVERGED),
    (0.0, Stop(event=lambda s, o: o.value < 1.0), Outcome.EVENT),
    (1.0, Stop(max_gradients=2, max_steps=2), Outcome.GRADIENT_LIMIT)])
def test_the_first_reason_to_stop_is_the_outcome(start, stop, outcome):
    """Order of the stop tests: of several that hold the stronger statement is made."""
    optimizer = pair(GradientDescent(), Euler(), 0.1)
    assert optimizer.run(BOWL, [start], stop=stop).outcome == outcome


def test_rest_needs_both_a_small_gradient_and_a_small_speed():
    """The stop test: a ball that rolls through the minimum is not at rest there."""
    field, stop = Momentum(c=0.1).on(BOWL), Stop(max_steps=1)
    away = integrate(field, y0=[0.0, 1.0], scheme=SequentialEuler(), step=0.1, stop=stop)
    arrived = integrate(field, y0=[-0.1, 1.0], scheme=SequentialEuler(), step=0.1, stop=stop)
    assert (away.outcome, away.steps) == (Outcome.STEP_LIMIT, 1)
    assert (arrived.outcome, arrived.theta[0]) == (Outcome.STEP_LIMIT, pytest.approx(0.0, abs=1e-15))


def test_memory_moves_at_once_with_the_new_gradient():
    """`SequentialEuler`: a block sees the new values of those before it; Euler would move θ one step later."""
    for scheme, moved in ((SequentialEuler(), True), (Euler(), False)):
        run = integrate(Momentum().on(BOWL), [1.0], scheme, 0.1, Stop(max_steps=1))
        assert (run.theta[0] != 1.0) == moved


def test_adam_without_bias_correction_is_another_algorithm():
    """Bias correction: the first step of Adam has length lr; without it lr (1 − β₁)/√(1 − β₂)."""
    a, b = 0.1, 0.001
    for correction, length in ((True, 1.0), (False, a / b**0.5)):
        flow = Adam(a=a, b=b, eps=0.0, correction=correction)
        run = pair(flow, SequentialEuler(), 1.0).run(BOWL, [5.0], stop=Stop(max_steps=1))
        assert 5.0 - run.theta[0] == pytest.approx(length, rel=1e-12)


def test_scipys_counts_are_the_calls_that_were_made():
    """nfev, njev: what `minimize` reports is how often it called fun and jac."""
    from scipy.optimize import minimize

    calls = {"fun": 0, "jac": 0}

    def fun(t):
        calls["fun"] += 1
        return float(t @ t / 2)

    def jac(t):
        calls["jac"] += 1
        return t.copy()

    for name in ("gd", "gd-energy"):
        calls.update(fun=0, jac=0)
        result = minimize(fun, np.array([1.0, -2.0]), jac=jac, method=schemes.named(name))
        assert result.success and (result.nfev, result.njev) == (calls["fun"], calls["jac"]) and calls["jac"] > 1
    gd = minimize(fun, np.array([1.0, -2.0]), jac=jac, method=schemes.named("gd", lr=0.5), options={"maxiter": 3})
    assert (gd.nit, gd.njev, gd.status) == (3, 4, 1)


def test_a_torch_optimizer_keeps_its_memory_between_steps():
    """The torch adapter's state: many steps of one are one run of the algorithm, which many first steps are not."""
    torch = pytest.importorskip("torch")
    parameter = torch.nn.Parameter(torch.tensor([1.5], dtype=torch.float64))
    method = schemes.named("adam", lr=0.1)
    optimizer = schemes.as_torch_optimizer(method)([parameter])

    def closure():
        optimizer.zero_grad()
        loss = (parameter**2).sum() / 2
        loss.backward()
        return loss

    for _ in range(7):
        optimizer.step(closure)
    assert parameter.item() == pytest.approx(method.run(BOWL, [1.5], stop=Stop(max_steps=7)).theta[0], rel=1e-12)
