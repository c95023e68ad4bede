"""Manifolds of critical points whose equations are known, and boxes in which they are all there is.

Interpolation: where the residuals' Jacobian J has full row rank, ∇F = Jᵀr/P vanishes only with r; with fewer residuals
than parameters r = 0 is a manifold of global minima.  Vanishing parameters: with θ_S = 0 some components of ∇F may
vanish identically (the weights of a unit that is not used); the others and θ_S are then fewer equations E = 0 than
coordinates.

A box holds nothing but the second kind if, in a tube around it, ∇F's components N are zero on one graph n(t) over the
other coordinates and so is E: as E = 0 makes ∇F vanish, the graphs are the same (a parametric Krawczyk test, twice).

Sources: Cooper 2021 (interpolation); Bott 1954; Neumaier 1990, section 5.1 (parameter-dependent Krawczyk operators).
"""
from __future__ import annotations

import itertools
from functools import cached_property

import numpy as np
import sympy

from arithmetic import Program, as_decimals, from_sympy
from arithmetic.enclose import ROOM_AROUND, System, inverses, newton
from arithmetic.ends import UNIT, above, below
from arithmetic.tape import ExactGraph, Tape, recorded

from .enclosed import spectrum
from .nature import Nature


class Manifold:
    """A set {E = 0} of critical points.

    equations : sympy expressions.  `holds(low, high)` : in which boxes (n, boxes) all critical points are known to be
    on it.
    met : boxes that it holds and that it may pass through, [(low, high)].  signs : {(positive, negative)} of the
    Hessian across it, as found in these boxes; None among them where that was not decided.
    """

    equations: tuple
    evidence: str

    def __init__(self, enclosures, equations):
        self.enclosures, self.equations = enclosures, tuple(equations)
        self.dim, self.codimension = enclosures.dim, len(self.equations)
        self.met: list[tuple[np.ndarray, np.ndarray]] = []
        self.signs: set = set()

    @cached_property
    def tapes(self) -> tuple[Tape, Tape]:
        """E and its Jacobian on boxes."""
        values, executor = recorded(self.equations, self.enclosures.loss.symbols), self.enclosures.executor
        return Tape(values, executor), Tape(values.jacobian(), executor)

    def jacobian(self, low, high) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Centre and spread of ∂E/∂θ, (codimension, n, boxes), and where they are finite and smooth."""
        a, b, smooth = self.tapes[1](low, high)
        return _centred(a.reshape(self.codimension, self.dim, -1), b.reshape(self.codimension, self.dim, -1), smooth)

    def _meet(self, low, high, held) -> np.ndarray:
        """Remember which of the boxes that are held the manifold may pass through."""
        a, b, _ = self.tapes[0](low[:, held], high[:, held])
        near: np.ndarray = np.all((a <= 0) & (b >= 0), axis=0)
        if near.any():
            self.met.append((low[:, held][:, near], high[:, held][:, near]))
        return near

    @property
    def nature(self) -> Nature:
        """What F does at the manifold: by the signs of the Hessian across it, which vanishes along it."""
        if len(self.signs) != 1 or None in self.signs:
            return Nature.UNDECIDED
        ((positive, negative),) = self.signs
        return (Nature.DEGENERATE_SADDLE if positive and negative else Nature.NON_STRICT_MINIMUM if positive else
                Nature.NON_STRICT_MAXIMUM)

    def member(self) -> np.ndarray | None:
        """A point in floats, proved: E = 0 has a solution beside it, the other coordinates as they are."""
        for low, high in self.met:
            for k in range(min(low.shape[1], 50)):
                point = self._nearest(low[:, k] / 2 + high[:, k] / 2)
                if point is None:
                    continue
                inside = (point >= low[:, k] - 1e-9).all() and (point <= high[:, k] + 1e-9).all()
                if inside and self._proved(point):
                    return point
        return None

    def _nearest(self, point: np.ndarray) -> np.ndarray | None:
        for _ in range(50):
            value = (a := self.tapes[0](point[:, None], point[:, None]))[0][:, 0] / 2 + a[1][:, 0] / 2
            J = self.jacobian(point[:, None], point[:, None])[0][..., 0]
            step = np.linalg.pinv(J) @ value
            if not np.isfinite(step).all():
                return None
            point = point - step
        return point

    def _proved(self, point: np.ndarray) -> bool:
        J = self.jacobian(point[:, None], point[:, None])[0][..., 0]
        choices = itertools.combinations(range(self.dim), self.codimension)
        chosen = max(choices, key=lambda N: abs(np.linalg.det(J[:, N])))
        symbols = self.enclosures.loss.symbols
        fixed = {s: sympy.Rational(float(point[i])) for i, s in enumerate(symbols) if i not in chosen}
        graph = ExactGraph()
        theta = graph.inputs("theta", self.codimension)
        at = {symbols[i]: t for i, t in zip(chosen, theta, strict=True)} | {s: graph.lift(v) for s, v in fixed.items()}
        values = tuple(graph.lift(from_sympy(e, at)) for e in self.equations)
        system = System.of(Program(tuple(theta), values))
        return bool(newton(system, point[list(chosen)][:, None], np.full((self.codimension, 1), 1e-8)).unique[0])


class Interpolation(Manifold):
    """r = 0, with fewer residuals than parameters."""

    evidence = ("the residuals vanish, and their Jacobian has full rank: global minima, the only critical points "
                "where it has")

    def holds(self, low, high) -> np.ndarray:
        centre, spread, usable = self.jacobian(low, high)
        with np.errstate(all="ignore"):
            gram = np.einsum("pil,qil->pql", centre, centre)
            B = np.einsum("pil,pql->iql", centre, inverses(gram))  # J Jᵀ is symmetric
            product = np.einsum("pil,iql->pql", centre, B)
            error = np.einsum("pil,iql->pql", spread + 64 * UNIT * np.abs(centre), np.abs(B))
            away = (np.abs(product - np.eye(self.codimension)[:, :, None]) + error).sum(axis=1).max(axis=0)
        held = usable & (away < 0.99)
        if held.any():
            self.signs.add((self.codimension, 0))
            self._meet(low, high, held)
        return held


class Vanishing(Manifold):
    """θ_S = 0 and what is left of ∇F = 0 there."""

    evidence = "some parameters vanish, and with them components of the gradient identically"

    def holds(self, low, high) -> np.ndarray:
        held = np.zeros(low.shape[1], dtype=bool)
        middle = low / 2 + high / 2
        radius = above(np.maximum(high - middle, middle - low))
        H, error, usable = _centred(*self.enclosures.system.slopes(middle, middle))
        choices = list(itertools.combinations(range(self.dim), self.codimension))
        with np.errstate(all="ignore"):
            sizes = np.array([np.abs(np.linalg.det(np.moveaxis(H[np.ix_(N, N)], -1, 0))) for N in choices])
            best = np.where(usable, np.nan_to_num(sizes).argmax(axis=0), -1)
            for k in np.unique(best[best >= 0]):
                lanes = np.flatnonzero(best == k)
                held[lanes] = self._tube(list(choices[k]), H[..., lanes], middle[:, lanes], radius[:, lanes])
        if held.any():
            for lane in np.flatnonzero(held)[self._meet(low, high, held)]:
                N = choices[best[lane]]
                block = np.ix_(N, N, [lane])  # invertible all over the tube, so its signs are the same
                self.signs.add(spectrum((H[block] - error[block])[..., 0], (H[block] + error[block])[..., 0]).signs)
        return held

    def _tube(self, N: list[int], H, middle, radius) -> np.ndarray:
        T = [i for i in range(self.dim) if i not in N]
        M = -np.einsum("ijl,jtl->itl", inverses(H[np.ix_(N, N)]), H[np.ix_(N, T)])
        along = np.einsum("itl,tl->il", np.abs(M), radius[T])
        across = above((radius[N] + along) * (1 + ROOM_AROUND))
        reach = radius.copy()
        reach[N] = above((across + along) * (1 + 64 * UNIT))
        low, high = below(middle - reach), above(middle + reach)
        slopes = self.enclosures.system.slopes(low, high)
        g_low, g_high, _ = self.enclosures.system.values(middle, middle)
        e_low, e_high, _ = self.tapes[0](middle, middle)
        first = _one_graph(_rows(_centred(*slopes), N), g_low[N], g_high[N], N, T, M, radius[T], across)
        return first & _one_graph(self.jacobian(low, high), e_low, e_high, N, T, M, radius[T], across)


def _rows(centred, N):
    centre, spread, usable = centred
    return centre[N], spread[N], usable


def _one_graph(slopes, low, high, N, T, M, along, across) -> np.ndarray:
    """Whether f = 0 has exactly one solution n in the tube c_N + M (t − c_T) ± across for each t within `along` of c_T.

    slopes : of f over the hull of the tube.  low, high : of f at the centre.
    """
    centre, spread, usable = slopes
    f_N, f_T = centre[:, N], centre[:, T]
    Y = inverses(f_N)
    size = np.abs(Y)
    error = 64 * UNIT
    value = np.abs(np.einsum("ijl,jl->il", Y, low / 2 + high / 2)) + np.einsum(
        "ijl,jl->il", size, high - low + error * np.maximum(np.abs(low), np.abs(high)))
    tilted = f_T + np.einsum("ijl,jtl->itl", f_N, M)
    tilted_spread = spread[:, T] + error * np.abs(f_T) + np.einsum(
        "ijl,jtl->itl", spread[:, N] + error * np.abs(f_N), np.abs(M))
    slip = np.abs(np.einsum("ijl,jtl->itl", Y, tilted)) + np.einsum(
        "ijl,jtl->itl", size, tilted_spread + error * np.abs(tilted))
    mixing = np.abs(np.einsum("ijl,jkl->ikl", Y, f_N) - np.eye(len(N))[:, :, None]) + np.einsum(
        "ijl,jkl->ikl", size, spread[:, N] + 64 * UNIT * np.abs(f_N)) + 4 * UNIT
    bound = value + np.einsum("itl,tl->il", slip, along) + np.einsum("ikl,kl->il", mixing, across)
    return usable & (bound * (1 + 64 * UNIT) < across).all(axis=0)


def _centred(low, high, smooth) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centre, spread and whether they are finite and the program smooth; zeros where they are not."""
    usable = smooth & np.isfinite(low).all(axis=(0, 1)) & np.isfinite(high).all(axis=(0, 1))
    low, high = np.where(usable, low, 0.0), np.where(usable, high, 0.0)
    centre = low / 2 + high / 2
    return centre, above(np.maximum(high - centre, centre - low)), usable


def manifolds(enclosures) -> list[Manifold]:
    """The manifolds of critical points that are known from the form of the loss."""
    loss = enclosures.loss
    found: list[Manifold] = []
    if not enclosures.smooth:
        return found
    residuals = _residuals(loss)
    if residuals and len(residuals) < loss.dim:
        found.append(Interpolation(enclosures, residuals))
    f = as_decimals(loss.expression)
    slope = [f.diff(s) for s in loss.symbols]
    for s in loss.symbols:
        rest = [g.xreplace({s: sympy.Integer(0)}) for g in slope]
        left = [e for e in rest if e != 0]
        if 1 + len(left) < loss.dim:
            found.append(Vanishing(enclosures, (s, *_solved(left, loss.symbols))))
    return found


def _residuals(loss) -> list | None:
    """The residuals of a sum of squares with positive factors."""
    residuals = []
    for term in sympy.Add.make_args(as_decimals(loss.expression)):
        c, rest = term.as_coeff_Mul()
        if not (c.is_positive and rest.is_Pow and rest.exp == 2):
            return None
        residuals.append(rest.base)
    return residuals


def _solved(equations: list, symbols) -> list:
    """The equations with coordinates put in that one of them, affine in it alone, fixes."""
    for e in equations:
        if len(e.free_symbols) == 1 and e.is_polynomial(s := next(iter(e.free_symbols))) and sympy.degree(e, s) == 1:
            value = sympy.solve(e, s)[0]
            others = [g.subs(s, value) for g in equations if g is not e]
            return [s - value, *_solved(others, symbols)]
    return equations
