"""Estimators: scikit-learn's own checks, and what they promise beyond them."""
import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_linnerud, make_friedman1, make_moons
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from networks import DATASETS
from shallow import ShallowClassifier, ShallowRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning",
                                        "ignore::sklearn.exceptions.SkipTestWarning")
QUICK = {"n_starts": 2, "max_iter": 100}


@parametrize_with_checks([ShallowRegressor(hidden_layer_sizes=(4,), **QUICK),
                          ShallowClassifier(hidden_layer_sizes=(4,), **QUICK)])
def test_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def moons():
    return make_moons(60, noise=0.2, random_state=0)


@pytest.fixture(scope="module")
def friedman():
    return make_friedman1(60, noise=1.0, random_state=0)


def test_weights_are_repetitions_and_order_is_nothing(friedman):
    X, y = friedman
    w = np.arange(len(X)) % 3
    rows = np.random.default_rng(0).permutation(np.repeat(np.arange(len(X)), w))
    model = ShallowRegressor((3,), **QUICK)
    assert np.array_equal(clone(model).fit(X, y, w).predict(X), clone(model).fit(X[rows], y[rows]).predict(X))


def test_in_a_pipeline_a_grid_search_and_a_pickle(moons):
    X, y = moons
    search = GridSearchCV(make_pipeline(MinMaxScaler(), ShallowClassifier((3,), **QUICK)),
                          {"shallowclassifier__n_starts": [1, 2]}, cv=2).fit(X, np.array(["no", "yes"])[y])
    assert search.score(X, np.array(["no", "yes"])[y]) > 0.8
    again = pickle.loads(pickle.dumps(search))
    assert np.array_equal(again.predict_proba(X), search.predict_proba(X))


def test_units_of_inputs_and_targets_do_not_matter(friedman):
    """Powers of two are exact."""
    X, y = friedman
    model = ShallowRegressor((3,), **QUICK)
    there = clone(model).fit(X * 2.0**20, y * 2.0**-30)
    assert np.array_equal(there.predict(X * 2.0**20), clone(model).fit(X, y).predict(X) * 2.0**-30)


def test_the_evidence_does_not_fit_noise():
    X, y = load_diabetes(return_X_y=True)
    model = ShallowRegressor((6,)).fit(X[:221], y[:221])
    ridge = Ridge(1.0).fit(X[:221], y[:221])
    assert model.effective_parameters_ < 30 < model.theta_.size
    assert model.score(X[221:], y[221:]) > ridge.score(X[221:], y[221:])


def test_noise_and_the_inputs_that_say_something_are_found():
    """Friedman's first function is of five of its ten inputs, and the noise that was added has deviation 1."""
    X, y = make_friedman1(300, noise=1.0, random_state=1)
    model = ShallowRegressor((6,)).fit(X, y)
    assert model.alpha_[5:10].min() > model.alpha_[:5].max()
    assert 0.8 < model.noise_[0] < 1.2


def test_what_has_no_noise_is_fitted_to_its_digits():
    """Rest is measured in errors: where the gradient is 1e-3 in the targets' units, these here are ten times larger."""
    _, X, y = DATASETS["saha"]()
    model = ShallowRegressor(n_starts=2).fit(X[::2], y[::2])
    assert model.score(X[1::2], y[1::2]) > 0.9995


def test_each_output_has_neurons_of_its_own():
    X = np.random.default_rng(0).normal(size=(60, 2))
    for classes, hidden in ((2, 10), (3, 10), (5, 15)):
        model = ShallowClassifier(**QUICK | {"max_iter": 2}).fit(X, np.arange(60) % classes)
        outputs = 1 if classes == 2 else classes
        assert model.theta_.size == hidden * (2 + 1) + outputs * (hidden + 1)


def test_several_targets_and_several_labels():
    X, Y = load_linnerud(return_X_y=True)
    model = ShallowRegressor((3,), **QUICK).fit(X, Y)
    assert model.predict(X).shape == Y.shape and model.noise_.shape == (3,)
    labels = (np.median(Y, axis=0) < Y).astype(int)
    several = ShallowClassifier((3,), **QUICK).fit(X, labels)
    assert several.predict(X).shape == several.predict_proba(X).shape == labels.shape


def test_points_held_out_end_a_start(friedman):
    X, y = friedman
    model = ShallowRegressor((6,), alpha=0.0, early_stopping=True, validation_fraction=0.3, n_iter_no_change=3,
                             n_starts=1).fit(X, y)
    assert model.validation_curve_[-1] > min(model.validation_curve_) and model.n_iter_ < model.max_iter
    assert len(model.validation_curve_) == len(model.loss_curve_) == model.n_iter_


def test_a_callback_sees_every_iteration_and_ends_the_fit(moons):
    X, y = moons
    seen = []
    model = ShallowClassifier((3,), callback=lambda p: seen.append(p) or p.iteration == 7).fit(X, y)
    assert [p.iteration for p in seen] == list(range(1, 8)) and model.n_iter_ == 7
    assert model.loss_curve_ == [p.loss[model.best_start_] for p in seen]


@pytest.mark.parametrize("wrong", [{"alpha": -1.0}, {"alpha": "auto"}, {"n_starts": 0}, {"tol": -1}, {"max_iter": 1.5},
                                   {"hidden_layer_sizes": (0,)}, {"activation": "tan"}, {"solver": "adm"},
                                   {"validation_fraction": 1.0}])
def test_what_has_no_meaning_is_said_by_name(wrong, moons):
    with pytest.raises(ValueError, match=next(iter(wrong)) + "|" + str(next(iter(wrong.values())))):
        ShallowClassifier(**wrong).fit(*moons)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_start_that_leaves_is_not_at_rest(activation):
    """Gauss–Newton without damping on a network of more parameters than data: no answer, or a finite one."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    model = ShallowRegressor(solver="gauss-newton", activation=activation, alpha=0.0, n_starts=2, max_iter=200)
    try:
        model.fit(X, np.sin(3 * X[:, 0]))
    except ValueError as error:
        assert "no start kept a finite loss" in str(error)
    else:
        assert np.isfinite(model.predict(X)).all() and not (model.converged_ and model.loss_curve_[-1] > 1e3)


@pytest.mark.parametrize("n_starts", [1, 2, 4])
def test_one_start_finds_more_than_the_mean(n_starts):
    X = np.random.default_rng(1).normal(size=(40, 2))
    y = np.sin(3 * X[:, 0])
    assert ShallowRegressor(n_starts=n_starts, random_state=0).fit(X, y).score(X, y) > 0.5


def test_points_of_weight_zero_have_no_label(moons):
    X, y = moons
    with pytest.raises(ValueError, match="one class only"):
        ShallowClassifier((3,), **QUICK).fit(X, y, np.where(y == 1, 0.0, 1.0))
    three = np.where(np.arange(len(y)) % 5 == 0, 2, y)
    assert list(ShallowClassifier((3,), **QUICK).fit(X, three, (three < 2) * 1.0).classes_) == [0, 1]
