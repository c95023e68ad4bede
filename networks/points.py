"""Critical points and lists of them as they are known: what `networks.critical` finds, and a table keeps."""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from arithmetic import Array, Readable, in_floats, short
from arithmetic.late import sympy

from .enclosed import Enclosures, refined_digits
from .nature import Nature
from .objective import Objective

NO_SLOPE = 1e-9  #: share of the steepest slope below which equations that follow from others have none but rounding


@dataclass(frozen=True)
class CriticalPoint:
    """A critical point, or with `family` a set of them.

    theta : exact sympy numbers; expressions in the parameters of a family; floats where only `certified`.
    nature : a `Nature` (or its text): "minimum", "maximum", "saddle"; with singular Hessian "degenerate …"; not
    isolated "non-strict …"; else "undecided".  value : F there.  eigenvalues : of the Hessian.  exact : theta is exact.
    certified : it is proved that one critical point, and no other, lies in `box`, or else within 1e-8 of theta.
    box : ((low, high), …), rational numbers.  spectrum : enclosures (low, high) of the eigenvalues, in order.
    evidence : why it has this nature.
    family : the parameters of `theta`; where no parametrisation is known, all coordinates.  equations : polynomials
    whose common zeros the family is.  inequalities : it is the part of them where these hold.  member : one of its
    points, in floats.  loss : where it belongs.

    At a kink, where F has no gradient, a point is critical if 0 is in the convex hull of the gradients around (Clarke);
    `kinks` are the functions that vanish there, `eigenvalues` is empty; "minimum", "maximum" (strict) and "saddle" are
    said of F.
    Edges of a family at kinks are not listed again: `evidence` says what they are where `inequalities` leave them out.
    """

    theta: tuple
    nature: Nature
    value: object
    eigenvalues: tuple = field(default_factory=tuple)  # (a default would hide a field that was not read yet)
    exact: bool = True
    certified: bool = True
    evidence: str = ""
    family: tuple = field(default_factory=tuple)
    equations: tuple = field(default_factory=tuple)
    inequalities: tuple = field(default_factory=tuple)
    kinks: tuple = field(default_factory=tuple)
    symbols: tuple = field(default_factory=tuple)
    box: tuple = field(default_factory=tuple, repr=False)
    spectrum: tuple = field(default_factory=tuple, repr=False)
    member: tuple = field(default_factory=tuple, repr=False)
    loss: Objective | None = field(default=None, repr=False, compare=False)

    READY: ClassVar = ("numeric", "text", "height")  #: what is told without sympy of a point from a table

    def __post_init__(self):
        object.__setattr__(self, "nature", Nature(self.nature))

    def __hash__(self) -> int:
        return hash((self.nature, *map(float, self.numeric)))

    @classmethod
    def read(cls, loss: Objective, words: Mapping[str, Any], back: Callable[[Any], Any]) -> CriticalPoint:
        """A point of a loss from its fields, and what is `READY`, in words; back : from a field's words to the field.

        The fields under "formulas" are made of their words when they are asked for.
        """
        point, (formulas, now) = object.__new__(cls), (words["formulas"], {
            name: back(value) for name, value in words.items() if name != "formulas"})
        now |= {"nature": Nature(now["nature"]), "numeric": np.array(now["numeric"]), "loss": loss}
        vars(point).update(now, _later=(formulas, back))
        return point

    if not TYPE_CHECKING:  # which would take any name for a field
        def __getattr__(self, name: str) -> Any:
            """A field of a point that was read, made of its words."""
            later, back = vars(self).get("_later", ({}, None))
            if name not in later:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            vars(self)[name] = value = back(later[name])
            return value

    @cached_property
    def numeric(self) -> np.ndarray:
        """The point in floats, (dim,); of a family, one member."""
        if self.member:
            return np.array(self.member, dtype=float)
        return np.array([float(sympy.N(sympy.sympify(x).subs(dict.fromkeys(self.family, 1)), 17)) for x in self.theta])

    @cached_property
    def text(self) -> str:
        """The coordinates in a few characters each: (0, -1/2)."""
        return "(" + ", ".join(short(x, 12).replace("**", "^") for x in self.theta) + ")"

    @cached_property
    def height(self) -> float:
        """F there in floats; NaN where it is not one number."""
        return math.nan if getattr(self.value, "free_symbols", None) else float(sympy.sympify(self.value))

    def digits(self, n: int) -> tuple:
        """The coordinates with n right digits after the point, as `sympy.Float`s.

        Raises ValueError for a family and for a point that is neither exact nor known by its `box`.
        """
        if self.family:
            raise ValueError("a family of critical points has no digits; choose a member of it")
        if self.exact:
            return tuple(sympy.N(x, n + max(1, len(str(int(abs(sympy.N(x))))))) for x in map(sympy.sympify, self.theta))
        if not self.box or self.loss is None:
            raise ValueError("the point is not certified by a box, so its digits cannot be proved")
        return refined_digits(Enclosures(self.loss), np.array(self.box, dtype=float), n)

    def distance(self, theta: Array) -> np.ndarray:
        """Euclidean distance of `theta`, (dim,) or (dim, lanes), to the point or the family.

        To {g = 0} it is the first-order distance |J⁺ g|, J = ∂g/∂θ (|g|/|∇g| for one equation), exact where g is
        linear; with inequalities, of that and the largest distance to one that does not hold, √(a² + b²).
        """
        theta = np.asarray(theta, dtype=float)
        if self.inequalities:
            sides = [np.where(self._holds(e, theta), 0.0, replace(
                self, equations=(e.lhs - e.rhs,), inequalities=()).distance(theta)) for e in self.inequalities]
            return np.hypot(replace(self, inequalities=()).distance(theta), np.max(sides, axis=0))
        if self.equations:
            equations = [in_floats(e) for e in self.equations]
            g = sympy.lambdify([self.symbols], equations, "scipy")
            slope = sympy.lambdify([self.symbols], [[e.diff(s) for s in self.symbols] for e in equations], "scipy")
            lanes = theta.reshape(len(theta), -1)
            with np.errstate(all="ignore"):
                values = np.array([np.broadcast_to(v, lanes.shape[1]) for v in g(lanes)])
                J = np.array([[np.broadcast_to(d, lanes.shape[1]) for d in row] for row in slope(lanes)])
                good = np.isfinite(values).all(axis=0) & np.isfinite(J).all(axis=(0, 1))
                steps = np.einsum("lij,jl->il", np.linalg.pinv(
                    np.moveaxis(np.where(good, J, 0.0), -1, 0), rcond=NO_SLOPE), values)
                # where the gradients vanish at a point off the family, that says nothing: it is not near
                size, met = np.sqrt(np.sum(steps**2, axis=0)), (values == 0).all(axis=0)
                told = good & (steps != 0).any(axis=0) & np.isfinite(size)
                size = np.where(good & met, 0.0, np.where(told, size, np.inf))
            return size.reshape(theta.shape[1:])
        if self.family:  # all of Rⁿ
            return np.zeros(theta.shape[1:])
        with np.errstate(over="ignore"):  # ends of diverged runs
            return np.sqrt(np.sum((theta - self.numeric.reshape(-1, *[1] * (theta.ndim - 1))) ** 2, axis=0))

    def _holds(self, inequality, theta: np.ndarray) -> np.ndarray:
        holds = sympy.lambdify([self.symbols], in_floats(inequality), "numpy")
        return np.broadcast_to(holds(theta), theta.shape[1:])

    def _repr_latex_(self) -> str:
        from .report import point_latex

        return point_latex(self)

    @property
    def conditions(self) -> str:
        """The equations and inequalities of a family, in words; of a point, nothing."""
        equations = ", ".join(f"{_short(e)} = 0" for e in self.equations)
        return ", ".join(filter(None, (equations, self.where)))

    @property
    def where(self) -> str:
        """The inequalities of a family, in words."""
        return ", ".join(map(str, self.inequalities)).replace("**", "^").replace("<=", "≤").replace(">=", "≥")


@dataclass(frozen=True, repr=False)
class Atlas(Sequence, Readable):
    """The critical points of a loss, minima first, and what is proved about them.

    points : `CriticalPoint`s, families among them.  region : the box ((low, high), …) it speaks of, None for all of Rⁿ.
    proof : a sentence for each thing that is proved.  undecided : for each that is not; `complete` where there is none:
    then every critical point in the region is listed.  seconds : what it took.
    """

    points: tuple
    region: tuple | None
    proof: tuple = ()
    undecided: tuple = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def complete(self) -> bool:
        return not self.undecided

    @property
    def families(self) -> tuple:
        return tuple(p for p in self.points if p.family)

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, i):
        return list(self.points[i]) if isinstance(i, slice) else self.points[i]

    def summary(self) -> list[str]:
        """What is proved and what is not, in sentences."""
        where = "all of R^n" if self.region is None else f"the box {self.region}"
        first = f"{'complete' if self.complete else 'not proved to be complete'} in {where}"
        return [first, *self.proof, *(f"undecided: {u}" for u in self.undecided)]

    def __str__(self) -> str:
        rows = [f"{p.nature:20} ({', '.join(_short(x) for x in p.theta)})   F = {_short(p.value)}"
                + f"   where {p.where}" * bool(p.inequalities) for p in self.points]
        return "\n".join([*rows, *self.summary()])

    def __repr__(self) -> str:
        return f"<Atlas of {len(self)} critical points, {self.summary()[0]}>"

    def _repr_markdown_(self) -> str:
        from .report import markdown

        return markdown(self)


def _short(x) -> str:
    x = sympy.sympify(x)
    if len(text := str(x).replace("**", "^")) <= 24:
        return text
    return str(in_floats(x, 8)).replace("**", "^") if x.free_symbols else f"{float(sympy.N(x, 17)):.8g}"
