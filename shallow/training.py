"""Descent from several starts at once: the penalised loss, and the loop over iterations and rounds."""
from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from arithmetic import Array, Descended, Oracle, Quantity, total
from flows import GradientDescent, WeightDecay
from networks import Network
from schemes import Optimizer, Outcome, Stop, named

from .evidence import Evidence, groups, layout

ROUND = 15  # iterations between two estimates of the prior, at most


class Penalised(Descended):
    """F(θ) + Σ_i λ_i θ_i²/2, with rates λ, (dim,) or, where every start has a prior of its own, (dim, lanes)."""

    def __init__(self, loss: Network, rates: np.ndarray):
        self.loss, self.dim, self.name, self.shapes = loss, loss.dim, f"{loss.name}, penalised", loss.shapes
        self._penalised = WeightDecay(GradientDescent(), rates).penalised

    def oracle(self, theta: Quantity) -> Oracle:
        return self._penalised(self.loss.oracle(theta))

    def value(self, theta: Array) -> Quantity:
        return self.oracle(theta).value

    def gradient(self, theta: Array) -> Array:
        return self.oracle(theta).gradient

    def gauss_newton(self, theta: Array) -> Array:
        return self.oracle(theta).gauss_newton


class Progress(NamedTuple):
    """How far a fit has come: what a callback is given.

    iteration : from 1.  loss : the penalised loss of every start, (lanes,).  validation : the loss on the points held
    out, (lanes,), or None.  rounds : how often the prior has been re-estimated.
    """

    iteration: int
    loss: np.ndarray
    validation: np.ndarray | None
    rounds: int


class Trained(NamedTuple):
    """Where the best start came to.

    theta : (dim,).  losses, validation : its curves, one entry per iteration.  alpha, beta, gamma, log : of its
    `Evidence`, or None.  start : which it was.  converged : whether it came to rest, its prior settled.
    """

    theta: np.ndarray
    losses: list[float]
    validation: list[float]
    evidence: Evidence | None
    start: int
    converged: bool


def starts(network: Network, count: int, rng: np.random.RandomState) -> np.ndarray:
    """Draws of the prior: normal, of variance 1/(inputs of the neuron), (dim, count)."""
    spread = np.array([network.layers[k] for k, _ in layout(network)]) ** -0.5
    return np.stack([spread * rng.standard_normal(network.dim) for _ in range(count)], axis=1)


def train(network: Network, theta: np.ndarray, *, solver: str, count: float, alpha: float | None = None,
          relevance: bool = False,
          max_iter: int = 1000, tol: float = 1e-4, validation: Network | None = None, patience: int = 10,
          callback: Callable[[Progress], object] | None = None) -> Trained:
    """Descend from every start until it is at rest, and keep the best.

    theta : (dim, lanes), the starts; each has the result that it would have alone, unless `max_iter` ends the descent
    before, which all share.  Memory of the solver starts anew with every prior.  solver : a name of `schemes.named`.
    count : how many data points there are, the sum of their weights.  alpha : λ = alpha/count for the weights, the
    biases are free; None: chosen by the evidence, which then says which start is best and where on its way, else the
    loss does.  relevance : whether the weights of each input have a prior of their own (`groups`).
    tol : at rest where the norm of the gradient is at most this, in units of the errors' standard deviation where the
    evidence estimates it, and a prior has settled where another one changes the evidence per data point by this at
    most.  validation : the network on points held out: each start ends where it did best on them, and once it has not
    done better for `patience` iterations.  callback : called after every iteration with a `Progress`; a true answer
    ends the descent.
    """
    path = _Path(network, theta, validation, patience, max_iter, callback)
    everyone, optimizer = np.arange(theta.shape[1]), named(solver)
    if alpha is not None:
        rates = np.array([0.0 if i < 0 else alpha / count for _, i in layout(network)])[:, None]
        path.close(everyone[path.descend(optimizer, Penalised(network, rates), np.array(tol), everyone, max_iter)])
        return path.best(-path.loss, None)
    group = groups(network, relevance)
    kept = evidence = Evidence.start(network, group, len(everyone))
    where = theta.copy()
    for path.rounds in range(max_iter):  # a round need not have an iteration
        if not (now := everyone[path.open]).size:
            break
        old = evidence.take(now)
        rested = path.descend(optimizer, Penalised(network, old.rates(network, group, count)), tol * old.beta**-0.5,
                              now, ROUND)
        new = old.renewed(network, group, path.theta[:, now], count)
        evidence, more = evidence.put(now, new), new.log > kept.log[now]
        kept, where[:, now[more]] = kept.put(now[more], new.take(more)), path.theta[:, now[more]]
        path.close(now[rested & (np.abs(new.log - old.log) <= tol * count)])
    path.theta = where  # estimates need not raise the evidence: where it was largest
    return path.best(kept.log, kept)


class _Path:
    """What is seen along the descent of all starts; a start is open until it has come to rest for good."""

    def __init__(self, network, theta, validation, patience, max_iter, callback):
        self.theta, self.validation, self.patience, self.callback = theta.copy(), validation, patience, callback
        self.left, self.rounds = max_iter, 0
        lanes = theta.shape[1]
        self.loss = np.zeros(lanes)
        self.losses, self.scores = list[np.ndarray](), list[np.ndarray]()
        self.open, self.converged = np.ones(lanes, dtype=bool), np.zeros(lanes, dtype=bool)
        self.kept, self.score, self.since = theta.copy(), np.full(lanes, np.inf), np.zeros(lanes, dtype=int)

    def descend(self, optimizer: Optimizer, loss: Penalised, flat: np.ndarray, lanes: np.ndarray,
                most: int) -> np.ndarray:
        """Up to so many iterations of these starts; which of them came to rest, at gradients of the norms `flat`."""
        problem = optimizer.problem(loss, Stop(gradient=0, event=lambda s, oracle: total(oracle.gradient**2)
                                               <= flat**2))
        z, rested = problem.start(problem.field.start(self.theta[:, lanes])), np.zeros(len(lanes), dtype=bool)
        for _ in range(most):
            with np.errstate(all="ignore"):
                step = problem.step(z)
            ended = ~np.broadcast_to(np.asarray(step.go, dtype=bool), rested.shape)
            rest = np.asarray(step.ends[Outcome.EVENT] | step.ends.get(Outcome.STALLED, False))
            rested |= ended & rest & np.isfinite(self.theta[:, lanes]).all(axis=0)
            self.open[lanes[ended & ~rested]] = False  # diverged, or no number: not at rest, and not gone on with
            going = ~rested & self.open[lanes]
            if not going.any():
                break
            memory = np.stack([np.broadcast_to(row, going.shape) for row in step.rest])
            z = np.where(going, np.vstack([step.y, memory]), z)
            self.theta[:, lanes] = problem.field.theta(z)
            self.loss[lanes] = loss.value(self.theta[:, lanes])
            self.see(lanes[going])
        return rested

    def see(self, moved: np.ndarray) -> None:
        """One iteration, in which these starts moved."""
        self.left -= 1
        self.losses.append(self.loss.copy())
        if self.validation is not None:
            self.scores.append(self.validation.value(self.theta))
            better = self.scores[-1] < self.score
            self.kept[:, better], self.score[better] = self.theta[:, better], self.scores[-1][better]
            self.since[moved] = np.where(better[moved], 0, self.since[moved] + 1)
            self.close(np.flatnonzero(self.since >= self.patience))
        progress = Progress(len(self.losses), self.losses[-1], self.scores[-1] if self.scores else None, self.rounds)
        if self.left == 0 or (self.callback is not None and self.callback(progress)):
            self.open[:] = False

    def close(self, lanes: np.ndarray) -> None:
        self.open[lanes], self.converged[lanes] = False, True

    def best(self, merit: np.ndarray, evidence: Evidence | None) -> Trained:
        """The start of most merit; with points held out, the one that did best on them."""
        theta = self.theta
        if self.validation is not None:
            merit, theta = -self.score, self.kept
        merit = np.where(np.isfinite(theta).all(axis=0) & ~np.isnan(merit), merit, -np.inf)
        if not np.isfinite(merit).any():
            raise ValueError("no start kept a finite loss: take a solver with steps that the loss controls, as "
                             "solver='auto' does, or look for inputs beyond measure")
        start = int(np.argmax(merit))
        losses, scores = ([float(x[start]) for x in curve] for curve in (self.losses, self.scores))
        chosen = evidence and evidence.take(np.array([start]))
        return Trained(theta[:, start], losses, scores, chosen, start, bool(self.converged[start]))
