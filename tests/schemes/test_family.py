"""Hyperparameters that differ between lanes: one kernel, and in each lane the bits of the separate run."""
import numpy as np
import pytest

import flows
import networks
import schemes
from arithmetic import cache
from schemes import Stop, named

STOP = Stop(max_steps=400)
STARTS = np.random.default_rng(0).uniform(-3, 3, (2, 12))


@pytest.fixture(scope="module")
def polytwo():
    return networks.get("polytwo")


def numeric(loss):
    """The same loss as functions that cannot be recorded."""
    return networks.Loss.from_callables(2, loss.value, loss.gradient, hessian=loss.hessian, residual=loss.residual,
                                        jacobian=loss.jacobian)


def together(loss, name, sweep, stop=STOP, **run):
    """Every value (or row of values) with every start, in one run."""
    count = len(next(iter(sweep.values())))
    problem = named(name).problem(loss, stop, lanes=sweep)
    z = problem.begin(np.tile(STARTS, count),
                      {key: np.repeat(values, STARTS.shape[1]) for key, values in sweep.items()})
    return problem.finish(*problem.run(z, **run))


def apart(loss, name, values, stop=STOP, **run):
    problem = named(name, **values).problem(loss, stop)
    return problem.finish(*problem.run(problem.begin(STARTS), **run))


SWEEPS = [
    ("gd", {"lr": [0.003, 0.05, 0.2]}), ("gd", {"lr": [0.05, 0.1], "weight_decay": [0.01, 0.3]}),
    ("momentum", {"lr": [0.003, 0.05, 0.2], "momentum": [0.5, 0.9, 0.95]}), ("nesterov", {"lr": [0.01, 0.1]}),
    ("adam", {"lr": [0.01, 0.1, 0.1], "beta1": [0.8, 0.9, 0.95], "beta2": [0.9, 0.99, 0.999]}),
    ("adam", {"eps": [1e-8, 0.1]}),
    ("adamw", {"lr": [0.01, 0.1], "weight_decay": [0.1, 0.01]}),
    ("rmsprop", {"alpha": [0.5, 0.99], "momentum": [0.5, 0.9]}),
    ("lion", {"beta1": [0.5, 0.9]}), ("adagrad", {"lr": [0.1, 1.0], "initial_accumulator_value": [0.1, 0.5]}),
    ("yogi", {"initial_accumulator_value": [1e-6, 1.0]}), ("rprop", {"lr": [0.01, 0.1], "eta_plus": [1.2, 1.4]}),
    ("damped-newton", {"damping": [1.0, 5.0]}), ("lm", {"damping": [0.1, 10.0], "factor": [2.0, 10.0]}),
    ("asgd", {"lr": [0.01, 0.1], "alpha": [0.5, 0.9]}), ("nadam", {"momentum_decay": [0.004, 0.1]}),
    ("adam-energy", {"a": [8.0, 10.0], "b": [1.0, 2.0]}), ("gd-richardson", {"tol": [0.01, 0.1, 0.3]}),
    ("gd-energy", {"ratio": [0.1, 0.5]}), ("momentum-energy", {"c": [0.5, 2.0]}),
]


@pytest.mark.parametrize("name, sweep", SWEEPS, ids=[f"{name}-{'-'.join(sweep)}" for name, sweep in SWEEPS])
@pytest.mark.parametrize("recorded", [True, False])
def test_each_lane_has_the_bits_of_the_separate_run(polytwo, name, sweep, recorded):
    loss, stop = (polytwo, STOP) if recorded else (numeric(polytwo), Stop(max_steps=40))
    all_of_them = together(loss, name, sweep, stop)
    for k, values in enumerate(zip(*sweep.values(), strict=True)):
        one, here = apart(loss, name, dict(zip(sweep, values, strict=True)), stop), slice(12 * k, 12 * k + 12)
        assert np.array_equal(all_of_them.y[:, here], one.y, equal_nan=True)
        for quantity in ("outcome", "steps", "accepted", "gradients", "h"):
            assert np.array_equal(getattr(all_of_them, quantity)[here], getattr(one, quantity)), quantity
        assert np.array_equal(all_of_them.t[here], np.broadcast_to(one.t, 12))


def test_twenty_rates_are_one_kernel(polytwo, tmp_path, monkeypatch):
    monkeypatch.setenv("OPTIFLOWS_CACHE", str(tmp_path))
    cache.directory.cache_clear()
    try:
        from arithmetic.backends import c, numba

        c.library.cache_clear()
        numba.step_loop.cache_clear()
        for rates in (np.geomspace(0.001, 0.3, 20), np.geomspace(0.002, 0.2, 20)):
            sweep = {"lr": rates, "beta1": np.linspace(0.5, 0.95, 20)}
            all_of_them = together(polytwo, "adam", sweep)
            one = apart(polytwo, "adam", {"lr": rates[7], "beta1": sweep["beta1"][7]}, backend="numpy")
            assert np.array_equal(all_of_them.y[:, 84:96], one.y) and np.array_equal(all_of_them.steps[84:96],
                                                                                     one.steps)
        assert len([f for f in tmp_path.glob("k*") if f.suffix in (".so", ".py")]) <= 1
    finally:
        cache.directory.cache_clear()


def test_values_of_another_algorithm_are_refused(polytwo):
    with pytest.raises(ValueError,
                       match="adam: some values of weight_decay make it another algorithm.*such as 0, apart"):
        named("adam").problem(polytwo, STOP, lanes={"weight_decay": [0.1, 0.0]})
    with pytest.raises(ValueError, match="lm: some values of factor"):
        named("lm").problem(polytwo, STOP, lanes={"factor": [10.0, 1.0]})
    problem = named("adam").problem(polytwo, STOP, lanes={"weight_decay": [0.1, 0.2]})
    with pytest.raises(ValueError, match="some values of weight_decay"):
        problem.begin(STARTS, {"weight_decay": np.zeros(12)})


@pytest.mark.parametrize("lanes, error, words", [
    ({"lr": [0.1, -1.0]}, ValueError, "lr=-1.0 must be positive"),
    ({"rate": [1.0]}, ValueError, "no hyperparameter 'rate'"),
    ({"correction": [1.0]}, TypeError, "correction must be True or False"),
    ({"lr": [0.1, 0.2], "eps": [1e-8]}, ValueError, "arrays of one shape"), ({"lr": []}, ValueError, "not empty"),
])
def test_values_that_named_would_not_take_are_refused(polytwo, lanes, error, words):
    with pytest.raises(error, match=words):
        named("adam").problem(polytwo, STOP, lanes=lanes)


def test_a_pair_has_no_hyperparameters(polytwo):
    optimizer = schemes.pair(flows.GradientDescent(), schemes.Euler(), 0.1)
    with pytest.raises(TypeError, match="optimizers of named"):
        optimizer.problem(polytwo, lanes={"lr": [0.1]})


def test_every_value_must_be_given_per_lane(polytwo):
    problem = named("gd").problem(polytwo, STOP, lanes={"lr": [0.1, 0.2]})
    with pytest.raises(ValueError, match="a value per lane is needed for each of lr, got none"):
        problem.begin(STARTS)
    with pytest.raises(TypeError, match="begin"):
        problem.start(STARTS)


def test_a_schedule_stays(polytwo):
    schedule = flows.schedules.InverseTime(0.1)
    problem = named("gd", schedule=schedule).problem(polytwo, STOP, lanes={"lr": [0.01, 0.1]})
    final = problem.finish(*problem.run(problem.begin(np.tile(STARTS, 2), {"lr": np.repeat([0.01, 0.1], 12)})))
    one = named("gd", schedule=schedule, lr=0.1).problem(polytwo, STOP)
    assert np.array_equal(final.y[:, 12:], one.finish(*one.run(one.begin(STARTS))).y)
