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

from shallow import ShallowClassifier, ShallowRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning",
                                        "ignore::sklearn.exceptions.SkipTestWarning")
QUICK = {"n_starts": 2, "max_iter": 300}


@parametrize_with_checks([ShallowRegressor(hidden_layer_sizes=(4,), **QUICK),
                          ShallowClassifier(hidden_layer_sizes=(4,), **QUICK)])
def test_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)
