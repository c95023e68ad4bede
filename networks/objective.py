"""What all losses share: a name, a box where starts are drawn, checked points, and how they reach other processes."""
from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from arithmetic import Box, Descended, Vector, as_reals, latex
from arithmetic.late import sympy

if TYPE_CHECKING:
    from .points import Atlas

SHOWN = 8, 200  #: coordinates and operations up to which notebooks show the formula of a loss


class Objective(Descended):
    """The base of every loss; by itself, of one that is numeric only.

    Attributes: `name`, `dim`, `box`, `symbols` and `expression` (sympy; None when numeric only), `recordable`.
    `theta` is (dim,) or (dim, lanes) everywhere, or a `Vector`.
    """

    kept = False  #: whether the answer to `critical_points()` may be in the package's table, as the catalogue's are
    made_of_functions = False  # which nobody can tell apart but by running them
    #: what makes this loss again, a function and its arguments: how it is sent to other processes
    made_by: tuple[Callable, tuple] | None = None

    def __init__(self, dim: int, name: str, box: Box | None = None):
        self.dim, self.name = dim, name
        self.box = check_box(((-3.0, 3.0),) * dim if box is None else box, dim)

    @property
    def names(self) -> tuple[str, ...]:
        """What the coordinates are called."""
        return tuple(f"theta{i + 1}" for i in range(self.dim))

    @property
    def symbols(self) -> Any:
        return None

    @property
    def expression(self) -> Any:
        return None

    def _check(self, theta) -> np.ndarray:
        if not (isinstance(theta, np.ndarray) and theta.dtype == object):
            try:
                theta = as_reals(theta, f"{self.name}: theta")
            except (TypeError, ValueError):
                if np.iscomplexobj(theta):
                    raise
                theta = Vector(theta)
        if theta.ndim not in (1, 2) or theta.shape[0] != self.dim:
            raise ValueError(f"{self.name}: theta must have shape ({self.dim},) or ({self.dim}, lanes), got "
                             f"{theta.shape}: a column is a point, so transpose an array of rows")
        return theta

    def _numbers(self, theta) -> np.ndarray:
        """`theta` in floats."""
        theta = self._check(theta)
        if theta.dtype == object:
            raise TypeError(f"{self.name} is numeric only: it has neither symbols nor a recording; use "
                            "Loss.from_expression or a Network for those")
        return theta

    def _direction(self, v, theta):
        """A direction at `theta`, of its shape."""
        if np.shape(v) != np.shape(theta):
            raise ValueError(f"{self.name}: a direction must have the shape {np.shape(theta)} of theta, got "
                             f"{np.shape(v)}")
        return v if isinstance(v, np.ndarray) and v.dtype == object else np.asarray(v, dtype=float)

    def critical_points(self, region: Box | None = None, budget: float = 60.0) -> Atlas:
        """The known critical points (`CriticalPoint`) and what is proved about them, computed from the definition.

        region : a box ((low, high), …); by default all of Rⁿ where that can be done, else the loss's box.
        budget : seconds; past it the `Atlas` says what is open.  The answer to the default call is kept.
        """
        raise TypeError(f"{self.name} is numeric only: its critical points cannot be computed exactly")

    def __getstate__(self):
        cached = {name for kind in type(self).__mro__ for name, value in vars(kind).items()
                  if isinstance(value, functools.cached_property)}
        return {name: value for name, value in vars(self).items() if name not in cached}

    def __reduce_ex__(self, protocol):
        return self.made_by or super().__reduce_ex__(protocol)

    def __repr__(self):
        return f"<{type(self).__name__} {self.name}, dim {self.dim}>"

    def _repr_latex_(self) -> str | None:
        """F = …, where it has a formula that is short enough to read."""
        if self.dim > SHOWN[0]:
            return None
        try:
            expression = self.expression
        except (TypeError, ValueError, AttributeError):  # a function that has no symbolic reading
            return None
        if expression is None or sympy.count_ops(expression) > SHOWN[1]:
            return None
        return rf"$\displaystyle F = {latex(expression)}$"


def check_box(box, dim: int) -> tuple[tuple[float, float], ...]:
    """A box as pairs of floats, or a ValueError that says what is wrong."""
    try:
        box = tuple((float(low), float(high)) for low, high in box)
    except (TypeError, ValueError):
        raise ValueError(f"box={box!r} must be a sequence of (low, high), one pair for each of {dim} coordinates, such "
                         f"as {((-3, 3),) * dim}") from None
    if len(box) != dim or not all(np.isfinite([low, high]).all() and low < high for low, high in box):
        raise ValueError(f"box={box} must have a finite (low, high) with low < high for each of {dim} coordinates")
    return box
