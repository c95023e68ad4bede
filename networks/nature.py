"""The nature of a critical point, a value that reads as text."""
from __future__ import annotations

import enum
import itertools
from collections.abc import Sequence


class Nature(enum.StrEnum):
    """What a critical point is: a member of this closed list, equal to its text (`p.nature == "degenerate minimum"`).

    "degenerate": the Hessian is singular, and a minimum or maximum is strict; "non-strict": other points at the same
    height lie arbitrarily near.  `Nature(text)` is the member of a text, as JSON keeps it, or a ValueError.
    """

    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    SADDLE = "saddle"
    DEGENERATE_MINIMUM = "degenerate minimum"
    DEGENERATE_MAXIMUM = "degenerate maximum"
    DEGENERATE_SADDLE = "degenerate saddle"
    NON_STRICT_MINIMUM = "non-strict minimum"
    NON_STRICT_MAXIMUM = "non-strict maximum"
    UNDECIDED = "undecided"

    @property
    def kind(self) -> str:
        """"minimum", "maximum" or "saddle", whatever the Hessian; else "undecided"."""
        return self.value.split()[-1]

    @property
    def marker(self) -> str:
        """What pictures show it by: matplotlib's circle, cross, triangle; a square where it is undecided."""
        return {"minimum": "o", "saddle": "X", "maximum": "^"}.get(self.kind, "s")

    @property
    def is_minimum(self) -> bool:
        """F ≥ F(θ*) near the point, strictly or not."""
        return self.kind == "minimum"

    @property
    def is_maximum(self) -> bool:
        """F ≤ F(θ*) near the point, strictly or not."""
        return self.kind == "maximum"

    @property
    def is_saddle(self) -> bool:
        """F takes both larger and smaller values than F(θ*) arbitrarily near the point."""
        return self.kind == "saddle"

    @property
    def is_strict_minimum(self) -> bool:
        """F > F(θ*) near the point, but at the point."""
        return self in (Nature.MINIMUM, Nature.DEGENERATE_MINIMUM)

    @property
    def degenerate(self) -> bool | None:
        """Whether the Hessian is singular; None where the nature is undecided."""
        return None if not self.decided else self.value != self.kind

    @property
    def isolated(self) -> bool | None:
        """Whether the point is the only critical one near it, F being analytic; None where its nature does not tell."""
        if self.value.startswith("non-strict"):
            return False
        return None if self in (Nature.DEGENERATE_SADDLE, Nature.UNDECIDED) else True

    @property
    def decided(self) -> bool:
        """Whether an argument for one of the natures was found."""
        return self is not Nature.UNDECIDED

    def __repr__(self) -> str:
        return repr(self.value)

    @classmethod
    def of(cls, kind: str, *, degenerate: bool = False, strict: bool = True) -> Nature:
        """The nature of a kind ("minimum", "maximum", "saddle"), with a singular Hessian, with others at its height.

        Raises ValueError where there is no such nature.
        """
        return cls(kind if not degenerate and strict else f"{'degenerate' if strict else 'non-strict'} {kind}")

    @classmethod
    def of_hessian(cls, positive: int, negative: int) -> Nature:
        """The nature of a point with an invertible Hessian of so many positive and negative eigenvalues."""
        return cls.SADDLE if positive and negative else cls.MINIMUM if positive else cls.MAXIMUM


def invertible(positive: int, negative: int) -> str:
    """Why a point has the nature `Nature.of_hessian`."""
    return f"the Hessian is invertible with {positive} positive and {negative} negative eigenvalues"


def descartes(signs: Sequence[int]) -> tuple[int, int]:
    """The numbers of positive and of negative roots of a polynomial with real roots, by its coefficients' signs."""
    positive, negative = (sum(a != b for a, b in itertools.pairwise([v * s**k for k, v in enumerate(signs) if v]))
                          for s in (1, -1))
    return positive, negative
