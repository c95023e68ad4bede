"""Regression and classification by a shallow network, in the conventions of scikit-learn."""
from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from arithmetic import Array
from networks import ACTIVATIONS, Network
from schemes import NAMED

from .evidence import DENSE
from .training import Progress, starts, train


class _Shallow(BaseEstimator):
    """What both estimators share."""

    def __init__(self, hidden_layer_sizes: int | Sequence[int] | str = "auto", activation: str = "tanh", *,
                 solver: str = "auto", alpha: float | str = "evidence", n_starts: int = 4, max_iter: int = 1000,
                 tol: float = 1e-3, random_state: Any = 0, early_stopping: bool = False,
                 validation_fraction: float = 0.1, n_iter_no_change: int = 10, verbose: bool | int = False,
                 callback: Callable[[Progress], object] | None = None):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.n_starts = n_starts
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.verbose = verbose
        self.callback = callback

    # ------------------------------------------------------------------------------------- the parameters
    def _checked(self, outputs: int) -> tuple[int, ...]:
        """The hidden widths for so many outputs; raises where a parameter has no meaning."""
        name = type(self).__name__
        for key, low in (("n_starts", 1), ("max_iter", 1), ("n_iter_no_change", 1)):
            value = getattr(self, key)
            if isinstance(value, bool) or not isinstance(value, Integral) or value < low:
                raise ValueError(f"{name}: {key}={value!r} must be an integer >= {low}")
        if not isinstance(self.tol, Real) or not self.tol >= 0:
            raise ValueError(f"{name}: tol={self.tol!r} must be a number >= 0")
        if self.alpha != "evidence" and not (isinstance(self.alpha, Real) and 0 <= self.alpha < np.inf):
            raise ValueError(f"{name}: alpha={self.alpha!r} must be a number >= 0, or 'evidence'")
        if not (isinstance(self.validation_fraction, Real) and 0 < self.validation_fraction < 1):
            raise ValueError(f"{name}: validation_fraction={self.validation_fraction!r} must be in (0, 1)")
        auto = isinstance(self.hidden_layer_sizes, str) and self.hidden_layer_sizes == "auto"
        hidden = np.atleast_1d(np.asarray(max(10, 3 * outputs) if auto else self.hidden_layer_sizes))
        if hidden.ndim != 1 or any(not isinstance(n, Integral) or n < 1 for n in hidden.tolist()):
            raise ValueError(f"{name}: hidden_layer_sizes={self.hidden_layer_sizes!r} must be positive integers, as "
                             "(10,), or 'auto'")
        _ = ACTIVATIONS[self.activation], self.solver == "auto" or NAMED[self.solver]
        return tuple(hidden.tolist())

    # --------------------------------------------------------------------------------------------- fitting
    def _fit(self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None, loss: str, width: int) -> None:
        """Fit targets y, (points, columns), of this loss for so many outputs."""
        hidden, rng = self._checked(width), check_random_state(self.random_state)
        w = np.ones(len(X)) if weight is None else weight
        X, y, w = _distinct(X, y, w)
        held = None
        if self.early_stopping:
            count = round(self.validation_fraction * len(X))
            if not 0 < count < len(X):
                raise ValueError(f"validation_fraction={self.validation_fraction} of {len(X)} distinct points holds "
                                 f"out {count}: there must be points on both sides; leave out early_stopping")
            order = rng.permutation(len(X))
            held, kept = order[:count], order[count:]
            held, (X, y, w) = (X[held], y[held], w[held]), (X[kept], y[kept], w[kept])
        self.mean_, self.scale_ = _moments(X, w)
        squares = loss == "squares"
        self.target_mean_, self.target_scale_ = np.zeros(width), np.ones(width)
        if squares:
            self.target_mean_, self.target_scale_ = _moments(y, w)
        self._loss, self._layers = loss, (X.shape[1], *hidden, width)
        network = self._network(X, y, w)
        self.solver_ = self.solver
        if self.solver == "auto":
            self.solver_ = "lm" if network.dim <= DENSE else "secant-energy"
        found = train(network, starts(network, self.n_starts, rng), solver=self.solver_, count=float(w.sum()),
                      alpha=None if self.alpha == "evidence" else float(self.alpha), relevance=squares,
                      max_iter=self.max_iter, tol=self.tol, validation=held and self._network(*held),
                      patience=self.n_iter_no_change, callback=self._seen if self.verbose else self.callback)
        self.theta_, self.loss_curve_, self.best_start_ = found.theta, found.losses, found.start
        self.n_iter_ = max(1, len(found.losses))
        self.validation_curve_ = found.validation if self.early_stopping else None
        self.converged_ = found.converged
        evidence = found.evidence
        self.alpha_ = self.alpha if evidence is None else evidence.alpha[:, 0]
        self.log_evidence_ = None if evidence is None else float(evidence.log[0])
        self.effective_parameters_ = None if evidence is None else float(evidence.gamma.sum())
        self.noise_ = (evidence.beta[0] ** -0.5 * self.target_scale_) if evidence is not None and squares else None
        self.n_outputs_, self.n_layers_ = width, len(self._layers)
        if not found.converged and len(found.losses) >= self.max_iter:
            warnings.warn(f"{type(self).__name__}: max_iter={self.max_iter} iterations were taken before the best "
                          "start came to rest; raise max_iter, or tol", ConvergenceWarning, stacklevel=3)

    def _network(self, X, y, w) -> Network:
        """The network on these points, in standardised units."""
        targets = (y - self.target_mean_) / self.target_scale_
        if self._loss == "softmax":
            targets = [int(k) for k in y[:, 0]]
        activations = [self.activation] * (len(self._layers) - 2) + ["linear"]
        return Network(self._layers, activations, ((X - self.mean_) / self.scale_, targets), loss=self._loss,
                       weights=None if (w == w[0]).all() else w, name=type(self).__name__, recordable=False)

    def _seen(self, progress: Progress) -> object:
        """A line on standard error, then the callback."""
        if progress.iteration % 10 == 1:
            held = "" if progress.validation is None else f", held out {progress.validation.min():.6g}"
            print(f"iteration {progress.iteration}: loss {progress.loss.min():.6g}{held}, "
                  f"prior {progress.rounds}", file=sys.stderr)
        return self.callback is not None and self.callback(progress)

    def _outputs(self, X: Array) -> np.ndarray:
        """The network's outputs, (points, outputs), in its own units."""
        check_is_fitted(self)
        X = (validate_data(self, X, reset=False, dtype=float) - self.mean_) / self.scale_
        layers, activations = self._layers, [self.activation] * (len(self._layers) - 2) + ["linear"]
        origin = (np.zeros((1, layers[0])), [0] if self._loss == "softmax" else np.zeros((1, layers[-1])))
        return Network(layers, activations, origin, loss=self._loss, recordable=False).predict(self.theta_, X)


class ShallowRegressor(RegressorMixin, _Shallow):
    """Regression by a shallow network with nothing to tune.

    Inputs and targets are standardised within; the weight decay of every group of parameters and the noise are chosen
    by the evidence (`shallow.Evidence`), the weights of every input a group of their own: an input that says nothing is
    switched off.  Several starts descend at once, and the one of most evidence is kept.

    Parameters
    ----------
    hidden_layer_sizes : widths of the hidden layers, as `(10,)`; "auto" is one layer of 10, or 3 per output if more.
    activation : a name in `networks.ACTIVATIONS`.
    solver : a name of `schemes.named`; "auto" is Levenberg–Marquardt up to 600 parameters, above them "secant-energy".
    alpha : "evidence", or the L2 penalty of `MLPRegressor`: alpha |W|²/(2 Σ weights), in standardised units.
    n_starts : starts that descend at once.  max_iter : iterations at most, of all rounds together; in one iteration
        every start that is not at rest takes a step.
    tol : at rest where the gradient is at most this, in standardised units and those of the errors (`noise_`), if the
        evidence estimates them; the prior has settled where another estimate changes the evidence per data point by
        this at most.
    random_state : of the starts and of the points held out; 0 unless given, so that a fit can be repeated.
    early_stopping : hold out `validation_fraction` of the points, end a start that has not done better on them for
        `n_iter_no_change` iterations, and keep where it did best.
    verbose : a line on standard error every 10 iterations.  callback : called after every iteration with a
        `shallow.Progress`; a true answer ends the fit.

    Attributes
    ----------
    theta_ : the parameters of the network, where the evidence of the best start was largest.  loss_curve_ : its
    penalised loss, one per iteration.  n_iter_ : how many.  validation_curve_ : the loss on the points held out, or
    None.  converged_ : whether the best
    start came to rest and its prior settled (with points held out: ended by them).  best_start_ : which it was.
    alpha_ : the precisions of the groups, in standardised units.  noise_ : the standard deviation of the errors, one
    per output.  effective_parameters_, log_evidence_ : of the best start.  solver_ : what "auto" was.

    Sample weights count as repetitions: a weight of 2 is the row twice, to the bit, and 0 is none.  The order of the
    rows does not matter, to the bit.
    """

    def fit(self, X: Array, y: Array, sample_weight: Array | None = None) -> ShallowRegressor:
        """Fit inputs X, (points, features), and targets y, (points,) or (points, outputs)."""
        X, y = validate_data(self, X, y, dtype=float, multi_output=True, y_numeric=True)
        self._single = y.ndim == 1
        y = np.asarray(y, dtype=float).reshape(len(X), -1)
        self._fit(X, y, _weights(sample_weight, X), "squares", y.shape[1])
        return self

    def predict(self, X: Array) -> np.ndarray:
        """The targets at X, (points,) or (points, outputs) as in `fit`."""
        out = self._outputs(X) * self.target_scale_ + self.target_mean_
        return out[:, 0] if self._single else out

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class ShallowClassifier(ClassifierMixin, _Shallow):
    """Classification by a shallow network with nothing to tune; one label of two or more classes, or several labels.

    As `ShallowRegressor`, with the logistic likelihood for two classes (and for each of several labels, y a matrix of
    zeros and ones) and softmax for more; all weights are one group.

    Parameters and attributes are those of `ShallowRegressor`; classes_ : the labels.  There is no noise_.
    """

    def fit(self, X: Array, y: Array, sample_weight: Array | None = None) -> ShallowClassifier:
        """Fit inputs X, (points, features), and labels y, (points,), or (points, labels) of zeros and ones."""
        X, y = validate_data(self, X, y, dtype=float, multi_output=True)
        check_classification_targets(y)
        kind, weight = type_of_target(y), _weights(sample_weight, X)
        if kind == "multilabel-indicator":
            self._several, self.classes_ = True, np.arange(y.shape[1])
            self._fit(X, np.asarray(y, dtype=float), weight, "logistic", y.shape[1])
            return self
        if y.ndim > 1 and y.shape[1] > 1:
            raise ValueError(f"y of shape {y.shape} is of kind {kind}: give one label per point, or a matrix of zeros "
                             "and ones")
        if y.ndim > 1:
            y = column_or_1d(y, warn=True)
        self._several = False
        if weight is not None:  # a weight of 0 is no point, and so none of its label
            X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) == 1:
            raise ValueError("y has one class only: there is nothing to tell apart")
        two = len(self.classes_) == 2
        self._fit(X, labels.reshape(-1, 1).astype(float), weight, *(("logistic", 1) if two else
                                                                    ("softmax", len(self.classes_))))
        return self

    def predict_proba(self, X: Array) -> np.ndarray:
        """The probability of every class, or label, (points, classes)."""
        o = self._outputs(X)
        if self._loss == "logistic":
            p = np.exp(-np.logaddexp(0, -o))
            return p if self._several else np.hstack([1 - p, p])
        e = np.exp(o - o.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def predict(self, X: Array) -> np.ndarray:
        """The label of most probability, (points,); of several, those of more than ½, (points, labels)."""
        p = self.predict_proba(X)
        return (p > 0.5).astype(int) if self._several else self.classes_[p.argmax(axis=1)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _weights(sample_weight, X) -> np.ndarray | None:
    if sample_weight is None:
        return None
    w = _check_sample_weight(sample_weight, X, dtype=float, ensure_non_negative=True)
    if not w.any():
        raise ValueError("sample_weight: all are 0, there is nothing to fit")
    return w


def _distinct(X, y, w) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct points in order, their weights added up: what does not depend on order or repetitions."""
    kept = w > 0
    rows, inverse = np.unique(np.hstack([X[kept], y[kept]]), axis=0, return_inverse=True)
    inverse = inverse.reshape(-1)
    order = np.lexsort([w[kept], inverse])  # sums round by their order
    return (rows[:, :X.shape[1]], rows[:, X.shape[1]:],
            np.bincount(inverse[order], weights=w[kept][order], minlength=len(rows)))


def _moments(x, w) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of every column; 1 where it is constant, to rounding."""
    mean = np.average(x, axis=0, weights=w)
    spread = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=w))
    return mean, np.where(spread > 10 * np.finfo(float).eps * np.abs(mean), spread, 1.0)
