"""What stands at its definition: what is known of outcomes, ranges of hyperparameters, facts of schemes."""
import json
import pickle

import numpy as np
import pytest

import networks
import schemes
from flows import Adam, GradientDescent, Momentum
from networks import Loss
from schemes import SCHEMES, EnergyControl, ErrorControl, Euler, EulerRichardson, Outcome, Problem, Stop
from schemes.classics import NAMED, named
from schemes.hyperparameters import NonNegative, Positive, Share, hyperparameters_of


# --------------------------------------------------------------------------------------------------- outcomes
def test_an_outcome_is_its_integer_and_carries_what_is_said_of_it():
    assert [int(o) for o in Outcome] == list(range(len(Outcome))) and Outcome(1) is Outcome.CONVERGED == 1
    for word in ("label", "sentence", "colour"):
        assert len({getattr(o, word) for o in Outcome}) == len(Outcome)
    assert [o for o in Outcome if o.status == 0] == [Outcome.CONVERGED, Outcome.SHORT_STEP]
    assert all(pickle.loads(pickle.dumps(o)) is o for o in Outcome) and json.dumps(Outcome.DIVERGED) == "2"
    assert (np.array([1, 2]) == Outcome.DIVERGED).tolist() == [False, True]


@pytest.mark.parametrize("scheme, step", [(Euler(), 0.3), (EulerRichardson(), ErrorControl()),
                                          (Euler(), EnergyControl())])
@pytest.mark.parametrize("recorded", [True, False])
def test_a_lane_goes_on_where_no_condition_holds_and_ends_with_the_first_that_does(scheme, step, recorded):
    exact = networks.get("polytwo")
    loss = exact if recorded else Loss.from_callables(2, exact.value, exact.gradient)
    stop = Stop(radius=4, box=((-3.5, 3.5), (-3, 3)), max_gradients=60, event=lambda s, oracle: oracle.value < 1e-3)
    problem = Problem(GradientDescent().on(loss), scheme, step, stop)
    z = problem.start(np.random.default_rng(0).uniform(-5, 5, (2, 300)))
    z[0, 0] = np.nan
    assert problem.recordable is recorded
    with np.errstate(all="ignore"):
        trial = problem.step(z)
    go, ends = trial.go, trial.ends
    held = {outcome: np.broadcast_to(condition, 300) for outcome, condition in ends.items()}
    assert (go == ~np.any([c for o, c in held.items() if o is not Outcome.NOT_FINITE], axis=0)).all()
    outcome = problem.finish(z, np.zeros(300, dtype=np.int64)).outcome
    for k in range(300):
        first = next((o for o in ends if held[o][k]), Outcome.RUNNING)
        assert outcome[k] == first
    assert outcome[0] == Outcome.NOT_FINITE
    assert {Outcome.DIVERGED, Outcome.LEFT_BOX, Outcome.RUNNING} <= set(outcome.tolist())


# -------------------------------------------------------------------------------------------- hyperparameters
def test_a_recipe_without_a_range_is_an_error_where_it_is_defined():
    def bare(lr: Positive = 0.1, hessian_damping=0.1):
        """No range."""

    def required(lr: Positive):
        """No default."""

    def outside(momentum: Share = 1.0):
        """A default that is none."""

    for recipe, error, message in ((bare, TypeError, "bare: the hyperparameter hessian_damping must be annotated"),
                                   (required, TypeError, "lr must have a default"),
                                   (outside, ValueError, r"momentum=1.0 must be in \[0, 1\)")):
        with pytest.raises(error, match=message):
            named()(recipe)
    assert not {"bare", "required", "outside"} & set(NAMED)


@pytest.mark.parametrize("name", NAMED)
def test_every_hyperparameter_refuses_what_is_out_of_its_range(name):
    for key, p in hyperparameters_of(NAMED[name]).items():
        wrong = 7 if p.range is None else "0.1"
        with pytest.raises(TypeError, match=f"{name}: {key} must be"):
            schemes.named(name, **{key: wrong})
        if p.range is not None:
            for value in (np.inf, np.nan) if p.range.holds(-1.0) else (-1.0, np.inf, np.nan):
                with pytest.raises(ValueError, match=f"{name}: {key}={value} must be"):
                    schemes.named(name, **{key: value})


def test_a_users_recipe_is_one_function():
    @named({"heavy": True})
    def mine(lr: Positive = 0.1, weight_decay: NonNegative = 0.0, heavy: bool = False):
        """Mine."""
        return schemes.classics.gd(lr, weight_decay)

    try:
        optimizer = schemes.named("mine", lr=np.float32(0.5))
        assert optimizer.hyperparameters == {"lr": 0.5, "weight_decay": 0.0, "heavy": False}
        assert str(optimizer.parameters()["h"]) == "lr" and ("mine", {"heavy": True}) in schemes.FORMS
        with pytest.raises(ValueError, match="mine has no hyperparameter 'momentum'; it has lr=0.1"):
            schemes.named("mine", momentum=0.1)
    finally:
        del NAMED["mine"]
        schemes.FORMS.remove(("mine", {"heavy": True}))


def test_forms_are_other_flows():
    for name, options in schemes.FORMS:
        assert type(schemes.named(name, **options).flow) is not type(schemes.named(name).flow)


# --------------------------------------------------------------------------------------------- facts of schemes
@pytest.mark.parametrize("scheme", SCHEMES)
def test_facts_of_schemes_are_so(scheme):
    made, loss = scheme(), networks.get("polytwo")
    optimizer = schemes.pair(GradientDescent(), made, 0.1)
    if scheme.implicit:
        assert made.iterations > 1
        with pytest.raises(TypeError, match="is the solution of an equation"):
            optimizer.algorithm()
    else:
        assert "theta⁺" in str(optimizer.algorithm()) and not hasattr(made, "iterations")
    for flow in (Momentum(), Adam(eps=0.1)):
        field = flow.on(loss)
        y = field.start([1.5, 0.4])
        if scheme.gradient_flows_only:
            with pytest.raises(ValueError, match="gradient flows"):
                made.step(field, 0.0, y, 0.1)
        else:
            made.step(field, 0.0, y, 0.1)
    if scheme.sequential:  # θ moves by the new velocity
        field = Momentum().on(loss)
        new = made.step(field, 0.0, field.start([1.5, 0.4]), 0.1)[0]
        assert new[:2] == pytest.approx([1.5, 0.4] + 0.1 * new[2:], rel=1e-15) and np.abs(new[2:]).max() > 0
