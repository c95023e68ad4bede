"""Feed-forward networks: with its data, a network is a loss."""
from __future__ import annotations

import functools
import itertools
import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from arithmetic import Array, Box, Program, Quantity, Vector, decimal, gradient, is_symbolic, times

from .functions import ACTIVATIONS, LOSSES, Activation, PointLoss
from .loss import Loss
from .points import Atlas

SMALL = 400  # data points times parameters up to which a network is recorded and has symbols
CHUNK = 64_000  # numbers of the widest layer, over points and starts, that are worked on at once: they stay in cache


class Network(Loss):
    """A feed-forward network on its data: F(θ) = (1/P) Σ_p ℓ(network(x_p), y_p), P the number of data points.

    layers : widths, input first, such as (1, 1) for one neuron or (1, 2, 1).
    activations : one per layer after the input (or one for all), a name in `ACTIVATIONS` or a function in plain
    arithmetic (`lambda z: z**2 - 1`).
    data : (inputs, targets), each a sequence of numbers, or of sequences where a layer is wider; exact numbers (int,
    Fraction, sympy) stay exact on symbols, and floats are the decimals that they print as.
    loss : ℓ(o, y), a name in `LOSSES`: "squares" (o − y)²/2; "logistic", the cross-entropy of targets in [0, 1] with
    σ(o), both means over the K outputs; "softmax", that of a class (0 … K − 1, or K probabilities) with
    e^(o_k)/Σ e^(o_j).
    bias : whether neurons have one.
    box : where starts are drawn, or "fan-in": ±1/√(inputs of the neuron), as deep-learning libraries do.
    weights : one per data point, positive: F(θ) = Σ_p w_p ℓ(network(x_p), y_p) / Σ_p w_p; computed by NumPy.
    recordable : whether it is recorded and has symbols; by default if data points × parameters ≤ 400 without weights.
    Otherwise every quantity is computed by NumPy, layer by layer over chunks of starts.

    The parameters are, layer by layer, the weights (row by row) and then the biases: one neuron has θ = (w, b).
    """

    parallel = True  #: several threads may ask at once: the work arrays are their own

    def __init__(self, layers: Sequence[int], activations: str | Callable | Sequence[str | Callable], data: Any, *,
                 loss: str = "squares", bias: bool = True, weights: Array | None = None,
                 name: str = "network", box: Box | str | None = None, recordable: bool | None = None):
        self.made_by = functools.partial(Network, loss=loss, bias=bias, weights=weights, name=name, box=box,
                                         recordable=recordable), (layers, activations, data)
        self.layers = tuple(int(n) for n in layers)
        if len(self.layers) < 2 or min(self.layers) < 1:
            raise ValueError(f"layers={layers!r} must name at least two positive widths, input first")
        if callable(activations) or isinstance(activations, str):
            activations = (activations,) * (len(self.layers) - 1)
        if len(activations) != len(self.layers) - 1:
            raise ValueError(f"activations: {len(activations)} given for {len(self.layers) - 1} layers after the input")
        self.activations = tuple(_activation(a) for a in activations)
        _ = LOSSES[loss]  # ValueError where there is none of this name
        self.loss, self.bias = loss, bool(bias)
        self._rows = self._checked(data)
        self._shares = None if weights is None else self._checked_weights(weights)
        if weights is not None and recordable:
            raise ValueError("recordable=True: a network with weights is computed by NumPy alone; leave one out")
        dim = sum(n * (m + self.bias) for m, n in itertools.pairwise(self.layers))
        self.shapes = tuple(shape for m, n in itertools.pairwise(self.layers)
                            for shape in (((n, m), (n,)) if self.bias else ((n, m),)))
        small = len(self._rows) * dim <= SMALL and weights is None
        self.recordable = self.symbolic = small if recordable is None else bool(recordable)
        self.together = frozenset() if self.recordable else frozenset({"gradient"})  # which brings the value with it
        if isinstance(box, str):
            if box != "fan-in":
                raise ValueError(f'box={box!r} must be "fan-in" or a (low, high) per coordinate')
            box = [(-(m**-0.5), m**-0.5) for m, n in itertools.pairwise(self.layers)
                   for _ in range(n * (m + self.bias))]
        squares = loss == "squares"
        super().__init__(self._residuals if squares else self._mean, dim, squares=squares, name=name, box=box,
                         symbols="w b" if self.layers == (1, 1) and bias else None)

    # -------------------------------------------------------------------------------------------- the data
    def _checked(self, data) -> list[tuple]:
        """The data as rows (input, target) of numbers."""
        inputs, targets = (list(x) for x in data)
        if len(inputs) != len(targets):
            raise ValueError(f"data: {len(inputs)} inputs and {len(targets)} targets; there must be as many")
        if not inputs:
            raise ValueError("data is empty: give at least one (input, target)")
        K = self.layers[-1]
        if self.loss == "softmax" and not hasattr(targets[0], "__iter__"):
            bad = [k for k in targets if k not in range(K)]
            if bad:
                raise ValueError(f"data: the class {bad[0]!r} is none of 0 … {K - 1}, the network has {K} outputs")
            targets = [tuple(int(k == j) for j in range(K)) for k in targets]
        rows = [(_row(x, self.layers[0], "input"), _row(y, K, "target")) for x, y in zip(inputs, targets, strict=True)]
        if self.loss != "squares" and not all(0 <= y <= 1 for _, target in rows for y in target):
            raise ValueError(f"data: targets of loss={self.loss!r} are probabilities, in [0, 1]")
        return rows

    def _checked_weights(self, weights) -> np.ndarray:
        """The weights over their mean."""
        w = np.array(weights, dtype=float)
        if w.shape != (len(self._rows),) or not np.isfinite(w).all() or not (w > 0).all():
            raise ValueError(f"weights, of shape {w.shape}, must be {len(self._rows)} positive numbers, one per data "
                             "point: leave out the points of weight 0")
        return w / w.mean()

    def _weighted(self, terms: Array, axis: int = -1, power: float = 1) -> Array:
        """Terms of the data points, which lie along `axis`, times their weights to this power."""
        return terms if self._shares is None else terms * (self._shares**power).reshape(-1, *[1] * (-1 - axis))

    @functools.cached_property
    def data(self) -> list[tuple]:
        """(input, target) for every data point, in exact numbers."""
        return [tuple(tuple(map(_exact, side)) for side in row) for row in self._rows]

    @functools.cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs (m, P) and targets (K, P)."""
        inputs, targets = (np.array([[float(e) for e in side] for side in sides]).T.copy()
                           for sides in zip(*self._rows, strict=True))
        return inputs, targets

    # ------------------------------------------------------------------------------------------ the formula
    def _layers(self, theta):
        """(weights, biases, activation) of every layer: θ along the last axis to (..., n, m) and (..., n, 1)."""
        first = 0
        for (m, n), activation in zip(itertools.pairwise(self.layers), self.activations, strict=True):
            weights = theta[..., first:first + m * n].reshape(*theta.shape[:-1], n, m)
            first += m * n
            yield weights, theta[..., first:first + n, None] if self.bias else None, activation
            first += n * self.bias

    def forward(self, theta: Array, x: Array, order: int = 0, empty: Callable = np.empty) -> tuple[list, list, list]:
        """The network: x ↦ φ(W x + b), layer after layer, on every reading.

        theta : (..., dim).  x : (m, P), a column per data point.  empty : makes arrays of floats.  Returns the values
        of every layer, the input first, and on numbers, where `order` asks for them, φ' and φ'' of every layer after
        it.
        """
        values, derivatives, numeric = [x], (list[Array](), list[Array]()), theta.dtype != object
        for W, b, activation in self._layers(theta):
            z = np.matmul(W, values[-1], out=empty((*W.shape[:-1], x.shape[-1])) if numeric else None)
            if b is not None:
                z += b
            results = activation.on_array(z, order, empty) if numeric else [activation(z)]
            for kept, result in zip((values, *derivatives), results, strict=False):
                kept.append(result)
        return values, *derivatives

    def output(self, theta: Array, x: Any) -> list:
        """The network at one input x, a sequence of numbers, for one θ on any reading; one entry per output."""
        theta = Vector(theta)
        return list(self.forward(theta, Vector(x)[:, None])[0][-1][:, 0])

    def _residuals(self, theta) -> list:
        """output − target for every data point and output neuron."""
        return [o - y for x, target in self.data for o, y in zip(self.output(theta, x), target, strict=True)]

    def _mean(self, theta):
        """The mean of ℓ over the data."""
        point = LOSSES[self.loss]
        return sum(point(Vector(self.output(theta, x)), Vector(y)) for x, y in self.data) / len(self.data)

    @functools.cached_property
    def _point(self) -> PointLoss:
        return PointLoss(self.loss, self.layers[-1])

    # ---------------------------------------------------------------------------------- recorded and symbolic
    @property
    def symbols(self) -> Any:
        return super().symbols if self.recordable else None

    @functools.cached_property
    def expression(self) -> Any:
        """The value in symbols; None where the network is too large for them."""
        return super().expression if self.recordable else None

    @functools.cached_property
    def _gauss_newton(self) -> Program:
        """Σ_p Jᵀ ∇²ℓ J / P, recorded."""
        theta, P = self._recorded[0], len(self.data)
        out: Quantity = 0
        for x, y in self.data:
            o = Vector(self.output(theta, x))
            J = np.stack([gradient(theta[0].graph.lift(a), theta) for a in o])
            out = out + J.T @ (self._point.curvature(o[:, None], Vector(y)[:, None])[0] @ J)
        return Program(tuple(theta), tuple(theta[0].graph.lift(e) for e in (out / P).flat))

    def critical_points(self, region: Box | None = None, budget: float = 60.0) -> Atlas:
        if not self.recordable:
            raise TypeError(self._too_large("critical points"))
        return super().critical_points(region, budget)

    def _too_large(self, what: str) -> str:
        return (f"{self.name} is computed by NumPy ({len(self._rows)} data points × {self.dim} parameters) and has no "
                f"{what}; pass recordable=True, which takes long on large networks")

    # ------------------------------------------------------------------------------------ vectorised numbers
    def _reading(self, theta):
        theta, symbolic = super()._reading(theta)
        if theta.dtype == object and not self.recordable:
            raise TypeError(self._too_large("symbols and no recording"))
        return theta, symbolic

    def _run(self, quantity, theta, *shape, along=()):
        if self.recordable:
            return super()._run(quantity, theta, *shape, along=along)
        thetas = [theta, along] if len(along) else [theta]
        return self._over_lanes(getattr(self, f"_numeric_{quantity}"), thetas, *shape)

    @functools.cached_property
    def _scratch(self) -> _Scratch:
        return _Scratch()

    def _over_lanes(self, quantity, thetas, *shape: int):
        """`quantity` of arrays (lanes, dim), chunk after chunk; the bits of a lane do not depend on the others."""
        rows = [np.ascontiguousarray(theta.reshape(self.dim, -1).T) for theta in thetas]
        out, scratch = np.empty((len(rows[0]), *shape)), self._scratch
        size = max(1, CHUNK // (max(self.layers) * len(self._rows)))
        with np.errstate(all="ignore"):
            for first in range(0, len(out), size):
                scratch.used = 0
                out[first:first + size] = quantity(*(theta[first:first + size] for theta in rows))
        return np.ascontiguousarray(out.transpose(*range(1, out.ndim), 0)).reshape((*shape, *thetas[0].shape[1:]))

    def _numeric_value(self, theta):
        inputs, targets = self._arrays
        outputs = self.forward(theta, inputs, empty=self._scratch)[0][-1]
        return self._weighted(self._point(outputs, targets)).mean(axis=-1)

    def _numeric_value_and_gradient(self, theta):
        inputs, targets = self._arrays
        values, slopes, _ = self.forward(theta, inputs, 1, self._scratch)
        losses, delta = self._point.with_slope(values[-1], targets)
        slope = self._pull(theta, values, slopes, self._weighted(delta) / len(self._rows))
        return np.concatenate([self._weighted(losses).mean(axis=-1)[:, None], slope], axis=1)

    def _numeric_gradient(self, theta):
        return self._numeric_value_and_gradient(theta)[:, 1:]

    def _pull(self, theta, values, slopes, delta, *, each: bool = False):
        """Jᵀδ, (lanes, dim), for δ (lanes, K, P): back through the layers;
        with `each` one per point, (lanes, P, dim)."""
        parts = []
        for (W, b, _), x, slope in reversed(list(zip(self._layers(theta), values[:-1], slopes, strict=True))):
            delta = np.multiply(delta, slope, out=self._scratch(slope.shape))
            if b is not None:
                parts.append(np.moveaxis(delta, -1, -2) if each else delta.sum(axis=-1))
            outer = np.einsum("...np,...mp->...pnm", delta, x) if each else delta @ np.swapaxes(x, -1, -2)
            parts.append(outer.reshape(*outer.shape[:-2], -1))
            if x is not values[0]:  # of one neuron, the product is elementwise, which is faster
                back, product = np.swapaxes(W, -1, -2), np.multiply if delta.shape[-2] == 1 else np.matmul
                delta = product(back, delta, out=self._scratch(x.shape))
        return np.concatenate(parts[::-1], axis=-1)

    def _push(self, theta, values, slopes, direction):
        """How the sums and the values of every layer move along `direction`; the last is J·direction, (lanes, K, P)."""
        sums, moved = [], [None]  # the input stays
        layers = zip(self._layers(theta), self._layers(direction), values[:-1], slopes, strict=True)
        for (W, _, _), (dW, db, _), x, slope in layers:
            dz = dW @ x if moved[-1] is None else dW @ x + W @ moved[-1]
            sums.append(dz if db is None else dz + db)
            moved.append(slope * sums[-1])
        return sums, moved

    def _jacobians(self, theta):
        """The outputs, (lanes, K, P), and their Jacobian, (lanes, P, K, dim)."""
        values, slopes, _ = self.forward(theta, self._arrays[0], 1, self._scratch)
        rows = [self._pull(theta, values, slopes, np.broadcast_to(e[:, None], values[-1].shape), each=True)
                for e in np.eye(self.layers[-1])]
        return values[-1], np.stack(rows, axis=-2)

    def _numeric_gauss_newton(self, theta):
        o, J = self._jacobians(theta)
        curved = J / self.layers[-1] if self._squares else self._point.curvature(o, self._arrays[1]) @ J
        curved, flat = self._weighted(curved, -3), (len(theta), -1, self.dim)
        return np.swapaxes(J.reshape(flat), -1, -2) @ curved.reshape(flat) / len(self._rows)

    def _second_order(self, theta) -> tuple[tuple[list, list, list], Array, Array]:
        """What `_pull_along` takes at θ: the layers, and gradient and Hessian of the losses in the outputs."""
        inputs, targets = self._arrays
        forward = self.forward(theta, inputs, 2, self._scratch)
        delta = self._weighted(self._point.with_slope(forward[0][-1], targets)[1]) / len(self._rows)
        curvature = self._weighted(self._point.curvature(forward[0][-1], targets), -3)
        return forward, delta, curvature / len(self._rows)

    def _numeric_hessian(self, theta):
        """Column by column, the derivative of `_pull` along each coordinate."""
        at = self._second_order(theta)
        return np.stack([self._pull_along(theta, *at, e) for e in np.eye(self.dim)], axis=-1)

    def _numeric_hessian_product(self, theta, direction):
        return self._pull_along(theta, *self._second_order(theta), direction)

    def _pull_along(self, theta, forward, delta, curvature, direction):
        """The derivative of Jᵀδ along `direction`, (dim,) or (lanes, dim), δ the gradient of the losses: the product
        rule, layer by layer."""
        values, slopes, bends = forward
        sums, moved = self._push(theta, values, slopes, direction)
        turned, parts = np.einsum("lpij,ljp->lip", curvature, moved[-1]), []
        layers = zip(self._layers(theta), self._layers(direction), values[:-1], moved[:-1], slopes, bends, sums,
                     strict=True)
        for (W, b, _), (dW, _, _), x, dx, slope, bend, dz in reversed(list(layers)):
            turned, delta = turned * slope + delta * bend * dz, delta * slope
            if b is not None:
                parts.append(turned.sum(axis=-1))
            outer = turned @ np.swapaxes(x, -1, -2)
            if dx is not None:
                outer += delta @ np.swapaxes(dx, -1, -2)
                turned = np.swapaxes(W, -1, -2) @ turned + np.swapaxes(dW, -1, -2) @ delta
                delta = np.swapaxes(W, -1, -2) @ delta
            parts.append(outer.reshape(len(theta), -1))
        return np.concatenate(parts[::-1], axis=-1)

    def _numeric_residual(self, theta):
        inputs, targets = self._arrays
        r = np.swapaxes(self.forward(theta, inputs)[0][-1] - targets, -1, -2)
        return self._weighted(r, -2, 0.5).reshape(len(theta), -1)

    def _numeric_jacobian(self, theta):
        return self._weighted(self._jacobians(theta)[1], -3, 0.5).reshape(len(theta), -1, self.dim)

    @property
    def _count(self) -> int:
        return super()._count if self.recordable else len(self._rows) * self.layers[-1]

    def gauss_newton(self, theta: Array) -> Array:
        """JᵀHJ/P, (dim, dim) or (dim, dim, lanes): J the Jacobian of the outputs, H the Hessian of ℓ in them."""
        if self.recordable and self._squares:
            return super().gauss_newton(theta)
        return self._run("gauss_newton", self._reading(theta)[0], self.dim, self.dim)

    def gauss_newton_product(self, theta: Array, v: Array) -> Array:
        """The Gauss–Newton matrix times v, shaped as θ, without the matrix: two passes over the network."""
        if self.recordable and self._squares:
            return super().gauss_newton_product(theta, v)
        theta = self._reading(theta)[0]
        v = self._direction(v, theta)
        if theta.dtype == object:
            return times(self.gauss_newton(theta), v)
        return self._over_lanes(self._numeric_gauss_newton_product, [theta, v], self.dim)

    def value_and_gradient(self, theta: Array) -> tuple[Quantity, Array]:
        if self.recordable:
            return super().value_and_gradient(theta)
        both = self._run("value_and_gradient", self._reading(theta)[0], self.dim + 1)
        return both[0], both[1:]

    def _numeric_gauss_newton_product(self, theta, direction):
        values, slopes, _ = self.forward(theta, self._arrays[0], 1, self._scratch)
        _, moved = self._push(theta, values, slopes, direction)
        curved = np.einsum("lpij,ljp->lip", self._point.curvature(values[-1], self._arrays[1]), moved[-1])
        return self._pull(theta, values, slopes, self._weighted(curved) / len(self._rows))

    # ----------------------------------------------------------------------------------------- other inputs
    def predict(self, theta: Array, inputs: Sequence | Array) -> np.ndarray:
        """The outputs at other inputs, (points, K) or (points, K, lanes), for θ (dim,) or (dim, lanes).

        inputs : a row per point.  Under "logistic" and "softmax" the outputs are the logits: σ(o), e^(o_k)/Σ e^(o_j).
        """
        x = np.array([[float(e) for e in _row(x, self.layers[0], "input")] for x in inputs]).T
        theta = self._check(theta)
        with np.errstate(all="ignore"):
            out = self.forward(np.ascontiguousarray(theta.T), x)[0][-1]
        return np.moveaxis(out, (-1, -2), (0, 1))

    def score(self, theta: Array, data: Any) -> Quantity:
        """How well θ does on other data, () or (lanes,): R², the mean over the outputs, or the share classified right.

        data : (inputs, targets), as for the network itself.
        """
        rows = self._checked(data)
        o = self.predict(theta, [x for x, _ in rows])
        y = np.array([[float(e) for e in target] for _, target in rows])
        y = y.reshape(*y.shape, *[1] * (o.ndim - 2))
        if self.loss == "squares":
            return np.mean(1 - ((o - y) ** 2).sum(axis=0) / ((y - y.mean(axis=0)) ** 2).sum(axis=0), axis=0)
        right = (o > 0) == (y > 0.5) if self.loss == "logistic" else (o.argmax(axis=1) == y.argmax(axis=1))[:, None]
        return np.mean(right, axis=(0, 1))


class _Scratch(threading.local):
    """Work arrays, made once per thread and handed out again, in order, to the next chunk.

    Fresh arrays of this size come from the system page by page, which takes longer than the arithmetic on them.
    """

    def __init__(self):
        self.arrays, self.views, self.used = [], {}, 0

    def __call__(self, shape: tuple[int, ...]) -> np.ndarray:
        key = self.used, shape
        self.used += 1
        if key not in self.views:
            self.views[key] = self._view(*key)
        return self.views[key]

    def _view(self, k: int, shape: tuple[int, ...]) -> np.ndarray:
        size = math.prod(shape)
        if k == len(self.arrays):
            self.arrays.append(np.empty(size))
        if len(self.arrays[k]) < size:
            self.arrays[k] = np.empty(size)
            self.views = {key: view for key, view in self.views.items() if key[0] != k}
        return self.arrays[k][:size].reshape(shape)


def _activation(activation) -> Activation:
    if isinstance(activation, str):
        activation = ACTIVATIONS[activation]
    if not callable(activation):
        raise TypeError(f"an activation is a name or a function, got {activation!r}")
    return Activation(activation)


def _row(x, width: int, what: str) -> tuple:
    """One side of a data point, as it was given."""
    entries = tuple(x) if hasattr(x, "__iter__") else (x,)
    if len(entries) != width:
        raise ValueError(f"data: {what} {x!r} has {len(entries)} numbers, the network's {what} layer has {width}")
    if not all(math.isfinite(float(e)) for e in entries):
        raise ValueError(f"data: {what} {x!r} is not finite: remove such points")
    return entries


def _exact(x):
    return x if is_symbolic(x) else decimal(x)
