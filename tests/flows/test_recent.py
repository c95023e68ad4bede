"""Flows that find their learning rate, average their points, or move tensors whole: what each is known for."""
import numpy as np
import pytest

import networks
import schemes
from flows import Adafactor, Adam, Cautious, DampenedMomentum, Mechanic, Momentum, Muon, Polyak, WeightDecay, scalar
from flows.layerwise import means, orthogonal
from networks import Loss, Network
from schemes import Euler, SequentialEuler, Stop, integrate, pair

BOWL = Loss(lambda x: (x[0] ** 2 + 3 * x[1] ** 2) / 2, 2)


@pytest.mark.parametrize("name, block, scale", [("prodigy", "d", 1), ("dadapt-adam", "d", 1), ("dog", "rho", 1),
                                                ("dowg", "q", 1)])
def test_what_is_found_only_grows_and_does_not_see_the_first_guess(name, block, scale):
    """From a millionth to the scale of the distance; d is a lower bound of the largest |θ − θ*| (in the sup norm)."""
    start = np.array([3.0, -2.0])
    run = schemes.named(name).run(BOWL, start, stop=Stop(gradient=0, max_steps=400), record=1)
    found = run.y[schemes.named(name).flow.on(BOWL).blocks[block]]
    assert (np.diff(found) >= 0).all() and found[0] < 1e-3
    assert 0.1 < found[-1] < (2 * 3.0 if block == "d" else 4 * start @ start)
    assert BOWL.value(run.theta) < 1e-2 * BOWL.value(start)


@pytest.mark.parametrize("name", ["prodigy", "dadapt-adam", "dog", "dowg", "mechanic"])
def test_lanes_find_their_own(name):
    """Recorded and on NumPy networks: a lane has the bits of its run alone."""
    data = [[0.0, 1.0], [1.0, 0.5], [0.3, 0.2]], [1.0, 0.0, 0.5]
    for loss in (BOWL, Network((2, 4, 1), ("tanh", "linear"), data, recordable=False)):
        starts = np.random.default_rng(1).normal(size=(loss.dim, 3))
        optimizer, stop = schemes.named(name), Stop(max_steps=30)
        many = optimizer.run(loss, starts, stop=stop)
        assert all((optimizer.run(loss, starts[:, k], stop=stop).theta == many.theta[:, k]).all() for k in range(3))
        assert len(np.unique(many.theta[0])) == 3


def test_polyaks_speed_is_one_over_time():
    """F − F_low decays as e^{−t}, whatever the loss, while η does not bind."""
    loss = networks.get("steep-valley")
    start = np.array([0.7, 0.4])
    field = Polyak(largest=1e9, low=-2.0).on(loss)
    run = integrate(field, start, Euler(), 1e-4, stop=Stop(gradient=0, max_steps=1000))
    assert (loss.value(run.theta) + 2) / (loss.value(start) + 2) == pytest.approx(np.exp(-0.1), rel=1e-3)


def test_schedule_free_keeps_its_three_points_on_a_line_and_averages():
    optimizer = schemes.named("schedule-free", lr=0.05, beta1=0.8)
    blocks = optimizer.flow.on(BOWL).blocks
    y = optimizer.run(BOWL, np.array([1.0, 2.0]), stop=Stop(gradient=0, max_steps=50), record=1).y
    theta, z, x = (y[blocks[name]] for name in ("theta", "z", "x"))
    assert theta == pytest.approx(0.8 * x + 0.2 * z) and x[:, -1] == pytest.approx(z[:, 1:].mean(axis=1))


@pytest.mark.parametrize("scaled", [True, False])
def test_cautious_moves_where_the_flow_descends_and_nowhere_else(scaled):
    """Against the authors' update, written out."""
    lr, beta, theta, m = 0.1, 0.9, np.array([1.0, 2.0]), np.zeros(2)
    flow, waited = Cautious(Momentum((1 - beta) / lr**0.5), scaled), 0
    run = pair(flow, SequentialEuler(), lr**0.5).run(BOWL, theta, stop=Stop(gradient=0, max_steps=60), record=1)
    for n in range(60):
        g = BOWL.gradient(theta)
        m = beta * m + g
        mask = (m * g > 0).astype(float)
        waited += (mask == 0).sum()
        theta = theta - lr * m * mask / (max(mask.mean(), 1e-3) if scaled else 1)
        assert run.y[:2, n + 1] == pytest.approx(theta, abs=1e-12)
    assert waited > 5


def test_modifiers_of_modifiers_start_as_their_own_flow_does():
    """Mechanic over a decayed flow whose memory starts from its gradient."""
    flow = Mechanic(WeightDecay(DampenedMomentum(kick=0.5), 0.3))
    start = np.array([1.0, 2.0])
    state = flow.start(start, BOWL.oracle(start))
    assert state.v == pytest.approx(-0.5 * (BOWL.gradient(start) + 0.3 * start)) and (state.x0 == start).all()
    assert isinstance(flow.memory[-1], scalar) and flow.blocks.index("theta") < flow.blocks.index("s1")


# --------------------------------------------------------------------------------------------- tensors
def test_a_network_knows_its_tensors():
    data = [[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0]
    assert Network((2, 3, 1), "tanh", data).shapes == ((3, 2), (3,), (1, 3), (1,))
    assert Network((2, 3, 1), "tanh", data, bias=False).shapes == ((3, 2), (1, 3))
    assert BOWL.shapes == () and BOWL.oracle(np.zeros(2)).shapes == ((2,),)


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (4, 4)])
def test_the_factor_is_nearly_orthogonal_and_aligned(shape):
    """Newton–Schulz takes singular values to 0.7 … 1.2 and keeps the singular vectors; lanes have their own bits."""
    x = np.random.default_rng(0).normal(size=(np.prod(shape), 3))
    found = orthogonal(x, shape, 1e-7)
    for k in range(3):
        U, S, Vt = np.linalg.svd(x[:, k].reshape(shape), full_matrices=False)
        core = U.T @ found[:, k].reshape(shape) @ Vt.T
        assert np.abs(core - np.diag(np.diag(core))).max() < 1e-12
        assert 0.6 < np.diag(core)[S > 0.05 * S.max()].min() and np.diag(core).max() < 1.3
        assert (orthogonal(x[:, k], shape, 1e-7) == found[:, k]).all()


def test_means_over_rows_and_columns():
    x = np.arange(6.0)
    assert means(x, (2, 3), 1).tolist() == [1, 1, 1, 4, 4, 4] and means(x, (2, 3), 0).tolist() == [1.5, 2.5, 3.5] * 2


@pytest.mark.parametrize("flow", [Muon(), Adafactor()])
def test_flows_of_tensors_have_no_equations_of_one_coordinate_and_no_proofs(flow):
    """Where a proof of one coordinate would take a matrix for the vector that it is not."""
    import lyapunov

    point = networks.get("polytwo").critical_points()[0]
    for tool in (flow.equations, pair(flow, SequentialEuler(), 0.1).algorithm, lambda: lyapunov.derive(flow),
                 lambda: lyapunov.stability(flow, point), lambda: lyapunov.modified_equation(flow, SequentialEuler()),
                 lambda: lyapunov.multipliers(pair(flow, SequentialEuler(), 0.1))):
        with pytest.raises(TypeError, match="F has no shapes"):
            tool()


def test_muon_of_a_loss_without_matrices_is_adam():
    stop = Stop(gradient=0, max_steps=20)
    one, other = (pair(flow, SequentialEuler(), 0.1).run(BOWL, np.array([1.0, 2.0]), stop=stop).theta
                  for flow in (Muon(), Adam()))
    assert (one == other).all()
