"""Degenerate critical points that are proved isolated: weighted blow-up and Taylor's theorem on intervals.

Around an exact point θ* put θ = θ* + D x, D = kernel of the Hessian | complement, and x_k = ρ^(w_k) u_k with max
|u_k| = 1.  If F − F(θ*) has no terms below the weighted order m, which is checked exactly, then ∂F/∂u_k = ρ^m h_k with
h_k the m-th Taylor coefficient in ρ at some point between 0 and ρ.  Where for all u and all ρ in [0, r] some h_k is not
0, which intervals decide, there is no other critical point in {|x_k| ≤ r^(w_k)}.
"""
from __future__ import annotations

import itertools
import time
from dataclasses import dataclass

import numpy as np
import sympy

from arithmetic import Program, Vector, as_decimals, integer_power, simplified
from arithmetic.enclose import halved
from arithmetic.ends import UNIT, above, enclosing
from arithmetic.jets import Jet
from arithmetic.tape import ExactGraph, Tape

from .classification import classify
from .germ import taylor
from .nature import Nature

RHO = sympy.Symbol("rho", real=True)
ORDERS = (3, 4, 5, 6, 8)  # of F along the kernel
RADII = tuple(2.0**-k for k in range(13))
MOST, DEPTH = 30_000, 9  # boxes that one radius may take, and halvings of each coordinate


@dataclass(frozen=True)
class Isolated:
    """A degenerate critical point, exact, with a neighbourhood in which there is no other.

    theta : exact.  nature, evidence : as of `classify`.  radius, weights : the neighbourhood {|x_k| ≤ radius^(w_k)} in
    the coordinates x = inverse (θ − θ*); inverse : (n, n), at least the absolute values of D⁻¹.  centre : (low, high)
    of θ*.
    """

    theta: tuple
    nature: Nature
    evidence: str
    radius: float
    weights: tuple[int, ...]
    order: int
    inverse: np.ndarray
    centre: tuple[np.ndarray, np.ndarray]

    def holds(self, low, high) -> np.ndarray:
        """Which boxes (n, boxes) lie in the neighbourhood."""
        away = above(np.maximum(high - self.centre[0][:, None], self.centre[1][:, None] - low))
        reach = (self.inverse @ away) * (1 + 64 * UNIT)
        return (reach <= (self.radius ** np.array(self.weights))[:, None] * (1 - 64 * UNIT)).all(axis=0)

    @property
    def size(self) -> float:
        """A distance within which there is certainly no other critical point, in the largest coordinate."""
        return float((self.radius ** np.array(self.weights) / self.inverse.sum(axis=1)).min())


def isolated(enclosures, point: np.ndarray, low: np.ndarray, high: np.ndarray, deadline: float) -> Isolated | None:
    """The exact degenerate critical point near `point`, if there is one and it can be proved isolated."""
    loss = enclosures.loss
    if not enclosures.smooth:
        return None
    theta = exact_point(enclosures, point, 1e-2 * (1 + np.abs(point)))
    if theta is None or not _in_hull(theta, low, high):
        return None
    f, symbols = as_decimals(loss.expression), list(loss.symbols)
    at = dict(zip(symbols, theta, strict=True))
    hessian = sympy.hessian(f, symbols).subs(at).applyfunc(simplified)
    kernel = hessian.nullspace()
    if not kernel:
        return None
    D = _coordinates(hessian, kernel)
    for order in ORDERS:
        weights, m = _weights(order, len(kernel), loss.dim)
        if not _vanishes(f, symbols, theta, D, weights, m):
            continue
        tape = _chart(enclosures, theta, D, weights, m)
        if not _excludes(tape, loss.dim, 0.0, deadline):  # the leading terms alone
            continue
        for radius in RADII:
            if time.perf_counter() > deadline:
                return None
            if _excludes(tape, loss.dim, radius, deadline):
                nature, evidence = classify(f, symbols, theta)
                exact = D.inv().applyfunc(sympy.Abs)
                inverse = np.array([[enclosing(e)[1] for e in row] for row in exact.tolist()])
                ends = np.array([enclosing(x) for x in theta]).T
                return Isolated(theta, nature, evidence, radius, weights, m, inverse, (ends[0], ends[1]))
    return None


def _in_hull(theta, low, high) -> bool:
    numeric = np.array([float(x) for x in theta])
    width = high.max(axis=1) - low.min(axis=1)
    return bool(((numeric >= low.min(axis=1) - 8 * width) & (numeric <= high.max(axis=1) + 8 * width)).all())


# --------------------------------------------------------------------------------------------------- exact points
def exact_point(enclosures, point: np.ndarray, tolerance: np.ndarray) -> tuple | None:
    """Exact numbers within `tolerance` (n,) of `point` at which the gradient is proved to vanish, or None.

    Tried are rational numbers of small denominator, multiples of π/12 and the points on the coordinate axes.
    """
    loss = enclosures.loss
    scale = 1 + np.abs(loss.hessian(point)).max()
    candidates = itertools.product(*(_simple(x, t) for x, t in zip(point, tolerance, strict=True)))
    near = [theta for theta in candidates
            if np.abs(loss.gradient(np.array([float(x) for x in theta]))).max() <= 1e-13 * scale]
    if (np.abs(point) <= tolerance).sum() >= loss.dim - 1:
        near += [theta for theta in enclosures.axis_points
                 if (np.abs(np.array([float(x) for x in theta]) - point) <= tolerance).all()]
    if not near:
        return None
    symbols = list(loss.symbols)
    slope = [as_decimals(loss.expression).diff(s) for s in symbols]
    near.sort(key=lambda theta: np.abs(np.array([float(x) for x in theta]) - point).max())
    for theta in near[:4]:
        at = dict(zip(symbols, theta, strict=True))
        values = [g.subs(at) for g in slope]
        if not any(map(_differs, values)) and all(simplified(value) == 0 for value in values):
            return theta
    return None


def _differs(value: sympy.Expr) -> bool:
    """Whether a number is seen not to be 0 by its first digits, where to simplify it may take for ever."""
    digits = sympy.N(value, 20)
    return bool(digits.is_Float and digits != 0 and abs(sympy.N(value, 40) / digits - 1) < 1e-6)


def _simple(x: float, tolerance: float) -> list:
    """Simple exact numbers within the tolerance of x, the nearest four."""
    found = {sympy.Integer(0)}
    for q in (1, 2, 3, 4, 5, 6, 8, 10, 12):
        found |= {sympy.Rational(round(x * q), q), sympy.pi * sympy.Rational(round(x * 12 / np.pi), 12)}
    near = [(abs(float(c) - x), sympy.count_ops(c), str(c), c) for c in found if abs(float(c) - x) <= tolerance]
    return [c for *_, c in sorted(near, key=lambda entry: entry[:3])][:4]


# ----------------------------------------------------------------------------------------------- the blow-up itself
def _coordinates(hessian, kernel) -> sympy.Matrix:
    """D: the kernel, then unit vectors that complete it to a basis."""
    columns = list(kernel)
    for i in range(hessian.shape[0]):
        unit = sympy.eye(hessian.shape[0])[:, i]
        if len(columns) == hessian.shape[0]:
            break
        if sympy.Matrix.hstack(*columns, unit).applyfunc(simplified).rank() > len(columns):
            columns.append(unit)
    return sympy.Matrix.hstack(*columns)


def _weights(order: int, kernel: int, dim: int) -> tuple[tuple[int, ...], int]:
    """Weights by which F's terms y^order on the kernel and x² outside it have one weighted order, and that order."""
    if kernel == dim:
        return (1,) * dim, order
    y, x = (1, order // 2) if order % 2 == 0 else (2, order)
    return (y,) * kernel + (x,) * (dim - kernel), 2 * x


def _vanishes(f, symbols, theta, D, weights, m: int) -> bool:
    """Whether F − F(θ*) has exactly no terms below the weighted order m."""
    u = sympy.symbols(f"u1:{len(symbols) + 1}", real=True)
    path = [start + sum((D[i, k] * u[k] * RHO**w for k, w in enumerate(weights)), sympy.Integer(0))
            for i, start in enumerate(theta)]
    try:
        return not any(taylor(f, symbols, path, RHO, m - 1)[1:])
    except TypeError:  # a function that has no Taylor series here
        return False


def _chart(enclosures, theta, D, weights, m: int) -> Tape:
    """h_1 … h_n as functions of ρ and u."""
    graph = ExactGraph()
    rho, u = graph.input("rho"), graph.inputs("u", enclosures.dim)
    zero = graph.constant(0.0)
    rho_jet = Jet([rho, graph.constant(1.0), *[zero] * (m - 1)])
    powers = {w: integer_power(rho_jet, w) for w in set(weights)}
    columns = [[graph.lift(D[i, k]) for k in range(enclosures.dim)] for i in range(enclosures.dim)]
    coordinates = []
    for i, start in enumerate(theta):
        jet = Jet([graph.lift(start), *[zero] * m])
        for k, w in enumerate(weights):
            jet = jet + powers[w] * (columns[i][k] * u[k])
        coordinates.append(jet)
    slope = [g if isinstance(g, Jet) else Jet([graph.lift(g), *[zero] * m])
             for g in enclosures.gradient_on(Vector(coordinates), graph)]
    outputs = []
    for k, w in enumerate(weights):
        total = slope[0] * columns[0][k]
        for i in range(1, enclosures.dim):
            total = total + slope[i] * columns[i][k]
        outputs.append((total * powers[w]).coefficients[m])
    return Tape(Program((rho, *u), tuple(outputs)), enclosures.executor)


def _excludes(tape: Tape, n: int, radius: float, deadline: float) -> bool:
    """Whether some h_k is not 0 at every u with max |u_k| = 1 and every ρ in [0, radius]."""
    lows, highs = [], []
    for k, side in itertools.product(range(n), (-1.0, 1.0)):
        bottom, top = np.full(n + 1, -1.0), np.full(n + 1, 1.0)
        bottom[0], top[0] = 0.0, radius
        bottom[k + 1] = top[k + 1] = side
        lows.append(bottom)
        highs.append(top)
    low, high = np.array(lows).T, np.array(highs).T
    count, depth = 0, 0
    scale = np.array([radius or 1.0, *[2.0] * n])[:, None]
    while low.shape[1]:
        count, depth = count + low.shape[1], depth + 1
        if count > MOST or depth > DEPTH * (n + 1) or time.perf_counter() > deadline:
            return False
        a, b, smooth = tape(low, high)
        left = ~((a > 0) | (b < 0)).any(axis=0) | ~smooth
        low, high = halved(low[:, left], high[:, left], scale)
    return True
