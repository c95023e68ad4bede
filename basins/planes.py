"""Planes through losses of more than two parameters: where maps of them are drawn."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from arithmetic import Array, Box
from networks import CriticalPoint, Objective

from .result import Study
from .starts import grid


@dataclass(frozen=True, eq=False)
class Plane:
    """origin + a u + b v in the parameters: `plane.starts(box, n)` are starts on it, `study.figure(plane=plane)` draws
    them over (a, b).

    origin : (dim,).  directions : (dim, 2), the columns u and v, of which neither is a multiple of the other; with
    orthonormal ones distances on the map are those of the parameters.  names : what a and b are.

    `through` takes coordinates by name, `principal` fits ends, `hessian` follows curvature at a point.
    """

    origin: np.ndarray
    directions: np.ndarray
    names: tuple[str, str] = ("a", "b")

    def __post_init__(self):
        origin, directions = np.array(self.origin, dtype=float), np.array(self.directions, dtype=float)
        if (origin.ndim != 1 or directions.shape != (len(origin), 2) or not np.isfinite(origin).all()
                or not np.isfinite(directions).all()):
            raise ValueError("Plane(origin, directions): finite numbers of shapes (dim,) and (dim, 2), got shapes "
                             f"{origin.shape} and {directions.shape}")
        if np.linalg.matrix_rank(directions) < 2:
            raise ValueError("Plane(origin, directions): one direction is a multiple of the other")
        object.__setattr__(self, "origin", origin)
        object.__setattr__(self, "directions", directions)

    def at(self, coordinates: ArrayLike) -> np.ndarray:
        """The parameters (dim, …) at coordinates (2, …)."""
        x = np.asarray(coordinates, dtype=float)
        return self.origin.reshape(-1, *[1] * (x.ndim - 1)) + np.tensordot(self.directions, x, 1)

    def coordinates(self, theta: Array) -> np.ndarray:
        """The coordinates (2, n) of the points of the plane that are nearest to parameters (dim, n)."""
        return np.linalg.lstsq(self.directions, np.asarray(theta, dtype=float) - self.origin[:, None], rcond=None)[0]

    def distance(self, theta: Array) -> np.ndarray:
        """(n,) how far parameters (dim, n) are from the plane."""
        return np.linalg.norm(self.at(self.coordinates(theta)) - theta, axis=0)

    def starts(self, box: Box | tuple[float, float], n: int | Sequence[int]) -> np.ndarray:
        """The grid of a box of coordinates, (dim, Π n): as `grid`, on the plane."""
        sides = grid(box, n)
        if len(sides) != 2:
            raise ValueError(f"Plane.starts(box={box!r}): a plane has two coordinates")
        return self.at(sides)

    def map(self, result: Study) -> np.ndarray:
        """The labels of a study of `starts`: `codes`, (rows, columns), as `Study.map` has them of two parameters."""
        sides = grid_sides(self.coordinates(result.starts))
        if sides is None or self.distance(result.starts).max() > 1e-9 * max(1.0, np.abs(result.starts).max()):
            raise ValueError(f"{result.loss}: these starts are no grid on this plane: study(..., plane.starts(box, n))")
        return result.codes.reshape(sides).copy()

    # ------------------------------------------------------------------------------------------ where planes lie
    @classmethod
    def through(cls, loss: Objective, first: str | int, second: str | int, at: ArrayLike | None = None) -> Plane:
        """Two coordinates of a loss, by name or index; the others keep their values at the point `at` (0)."""
        names = loss.names
        chosen = [names.index(k) if k in names else k if isinstance(k, int) else -1 for k in (first, second)]
        if not all(0 <= k < loss.dim for k in chosen) or chosen[0] == chosen[1]:
            raise ValueError(f"Plane.through(loss, {first!r}, {second!r}): two coordinates of {loss.name}, which has "
                             + ", ".join(names))
        origin = np.zeros(loss.dim) if at is None else _point(at)
        axes = np.eye(loss.dim)[:, chosen]
        return cls(origin * (1 - axes.sum(axis=1)), axes, (names[chosen[0]], names[chosen[1]]))

    @classmethod
    def principal(cls, theta: Array) -> Plane:
        """The plane nearest to points (dim, n), such as the ends of a study: their mean and first two principal
        components.  Those that are no numbers are left out; ValueError where the rest lie on a line."""
        points = np.asarray(theta, dtype=float)
        points = points[:, np.isfinite(points).all(axis=0)]
        if points.ndim != 2 or len(points) < 2 or points.shape[1] < 3:
            raise ValueError("Plane.principal(theta): three finite points or more of two parameters or more, (dim, n)")
        mean = points.mean(axis=1)
        u, spread, _ = np.linalg.svd(points - mean[:, None], full_matrices=False)
        if spread[1] <= 1e-12 * spread[0]:
            raise ValueError("Plane.principal(theta): the points lie on a line; choose a second direction yourself")
        share = spread**2 / np.sum(spread**2)
        return cls(mean, _signed(u[:, :2]), (f"component 1 ({share[0]:.0%})", f"component 2 ({share[1]:.0%})"))

    @classmethod
    def hessian(cls, loss: Objective, at: ArrayLike | CriticalPoint, which: tuple[int, int] = (-1, 0)) -> Plane:
        """The plane through a point along two eigenvectors of the Hessian there, by default those of its largest and
        its smallest eigenvalue."""
        point = _point(at)
        values, vectors = np.linalg.eigh(loss.hessian(point))
        chosen = [k % loss.dim for k in which]
        if loss.dim < 2 or chosen[0] == chosen[1]:
            raise ValueError(f"Plane.hessian(which={which!r}): two of the {loss.dim} eigenvectors")
        first, second = (f"eigenvalue {values[k]:.3g}" for k in chosen)
        return cls(point, _signed(vectors[:, chosen]), (first, second))


def _point(at) -> np.ndarray:
    return np.array(at.numeric if isinstance(at, CriticalPoint) else at, dtype=float)


def _signed(vectors: np.ndarray) -> np.ndarray:
    """Each column with its largest entry positive: the sign is the algorithm's, and would mirror the map."""
    largest = np.abs(vectors).argmax(axis=0)
    return vectors * np.where(vectors[largest, [0, 1]] < 0, -1.0, 1.0)


def grid_sides(coordinates: np.ndarray) -> tuple[int, int] | None:
    """(rows, columns) where points, (2, n), are a grid to rounding, the first coordinate running fastest; else None."""
    x, y = coordinates
    rounding = 1e-9 * max(1.0, float(np.abs(coordinates).max(initial=0.0)))
    new_row = np.abs(y - y[0]) > rounding
    columns = int(np.argmax(new_row)) if new_row.any() else len(x)
    if len(x) % columns:
        return None
    xs, ys = x.reshape(-1, columns), y.reshape(-1, columns)
    product = np.abs(xs - xs[0]).max() <= rounding and np.abs(ys - ys[:, :1]).max() <= rounding
    growing = (np.diff(xs[0]) > rounding).all() and (np.diff(ys[:, 0]) > rounding).all()
    return xs.shape if product and growing else None
