"""Flows that know of which tensors θ consists: a matrix of weights moves as one.

They ask the loss for its `shapes` (a `Network` has those of its weights and biases; any other loss is one vector unless
its `shapes` are set), so they have no equations of one coordinate, and are no part of the catalogue of those that do.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from arithmetic import Array, Oracle, Quantity, Rate, maximum, minimum, power, sqrt, total

from .adam import AdamFamily
from .base import Flow, Slopes, State
from .modifiers import decoupled


def each(function: Callable, shapes: tuple, *vectors: Array) -> Array:
    """`function(shape, x, …)` of each tensor's entries in the vectors, (dim,) or (dim, lanes), put together."""
    first, parts = 0, []
    for shape in shapes:
        size = math.prod(shape)
        parts.append(function(shape, *(x[first:first + size] for x in vectors)))
        first += size
    return np.concatenate(parts).view(type(vectors[0]))


def rms(x: Array) -> Quantity:
    """The root of the mean square over the entries."""
    return sqrt(total(x * x) / len(x))


def means(x: Array, shape: tuple, axis: int) -> Array:
    """Each entry of a matrix replaced by the mean of its row (axis 1) or column (axis 0)."""
    matrix = x.reshape(*shape, *x.shape[1:])
    mean = np.expand_dims(total(np.moveaxis(matrix, axis, 0)) / shape[axis], axis)
    return np.broadcast_to(mean, matrix.shape).reshape(x.shape)


#: Of the quintic a X + b X XᵀX + c X (XᵀX)², whose iteration takes singular values in (0, 1] to about 1 (0.7 … 1.2).
NEWTON_SCHULZ = 3.4445, -4.7750, 2.0315


def orthogonal(x: Array, shape: tuple, eps: Quantity, rounds: int = 5) -> Array:
    """A matrix with its singular values at about 1, by Newton–Schulz iteration."""
    x = x / maximum(sqrt(total(x * x)), eps)
    X = np.ascontiguousarray(np.moveaxis(x.reshape(*shape, -1), -1, 0)).view(type(x))  # a lane has its own bits
    wide = X if shape[0] <= shape[1] else _transposed(X)
    a, b, c = NEWTON_SCHULZ
    for _ in range(rounds):
        A = wide @ _transposed(wide)
        wide = a * wide + (b * A + c * (A @ A)) @ wide
    X = wide if shape[0] <= shape[1] else _transposed(wide)
    return np.moveaxis(X, 0, -1).reshape(x.shape)


def _transposed(X):
    return np.ascontiguousarray(np.swapaxes(X, 1, 2)).view(type(X))


@dataclass(frozen=True)
class Muon(AdamFamily):
    """Muon: a matrix of weights moves by the orthogonal factor of its averaged gradient, the other parameters by Adam.

    m' = a (g − m);  of a matrix, (rows, columns):  θ' = −√max(1, rows/columns) O(μ m + (1 − μ) g),
    O(M) ≈ U Vᵀ for M = U S Vᵀ by five steps of Newton–Schulz on M/max(|M|, ε_M);  of a vector, Adam with v, c₁, c₂.

    Classical form: SequentialEuler with h = lr, a = (1 − momentum)/h, μ = momentum (1 without Nesterov's), b as Adam's;
    its decay is decoupled.  Steps of a matrix do not shrink with the gradient.
    Parameters   as Adam's, and mu : μ, the weight of the memory.  eps_matrix : in units of the gradient.
    Sources      Jordan et al. 2024 (Muon); torch `Muon` (in bfloat16), optax `contrib.muon`.
    """

    mu: Rate = 0.95
    eps_matrix: Rate = 1e-7

    def field(self, s: State, oracle: Oracle) -> Slopes:
        def moved(shape, ahead, vector):
            if len(shape) != 2:
                return vector
            return -math.sqrt(max(1, shape[0] / shape[1])) * orthogonal(ahead, shape, self.eps_matrix)

        derivative = super().field(s, oracle)
        ahead = self.mu * s.m + (1 - self.mu) * oracle.gradient
        return derivative | {"theta": each(moved, oracle.shapes, ahead, derivative["theta"])}


@dataclass(frozen=True)
class Adafactor(Flow):
    """Adafactor: Adam's scale of a matrix from the means over its rows and columns; a discrete rule, exact with h = 1.

    R' = n^−p (row means of g² − R),  C' = n^−p (column means of g² − C),  n = t + 1,
    U = g/max(√V, ε₁),  V = R C/max(mean R, ε₁) of a matrix, R of a vector (whose R' = n^−p (g² − R)),
    θ' = −max(ε₂, rms θ) min(ρ, 1/√n) U/max(1, rms(U)/d) − ρλ θ, tensor by tensor.

    Each entry keeps the mean of its row and of its column in R and C.
    Parameters   largest : ρ.  p : power.  eps1, eps2 : ε₁, ε₂.  d : bound of rms(U).  decay : λ.
    Sources      Shazeer & Stern, arXiv 1804.04235 (algorithm 4); torch `Adafactor`.
    """

    largest: Rate = 0.01
    p: Rate = 0.8
    eps1: Rate = float(np.finfo(float).eps)
    eps2: Rate = 1e-3
    d: Rate = 1.0
    decay: Rate = 0
    memory = ("R", "C")
    nonnegative = ("R", "C")

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g, n, shapes = oracle.gradient, s.t + 1, oracle.shapes
        share, speed = power(n, -self.p), minimum(self.largest, 1 / sqrt(n))

        def mean(axis):
            return each(lambda shape, x: means(x, shape, axis) if len(shape) == 2 else x, shapes, g * g)

        def moved(shape, g, theta, R, C):
            if len(shape) == 2:
                R = R * C / maximum(total(R) / len(R), self.eps1)
            U = g / maximum(sqrt(R), self.eps1)
            return -maximum(self.eps2, rms(theta)) * speed * U / maximum(1, rms(U) / self.d)

        derivative = {"R": share * (mean(1) - s.R), "C": share * (mean(0) - s.C),
                      "theta": each(moved, shapes, g, s.theta, s.R, s.C)}
        return derivative if self.decay == 0 else decoupled(derivative, s, self.largest * self.decay)
