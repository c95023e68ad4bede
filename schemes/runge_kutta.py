"""Explicit Runge–Kutta methods: each is its Butcher tableau."""
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from arithmetic import Array, Quantity, VectorField, as_fractions

from .base import Advance, Scheme, combination


@dataclass(frozen=True)
class RungeKutta(Scheme):
    """An explicit Runge–Kutta method, given by its Butcher tableau.

    k_i = f(t + c_i h, y + h Σ_j a_ij k_j),  y⁺ = y + h Σ b_i k_i;  with `e` the error estimate is h Σ e_i k_i.
    With `d`, the state at t + x h is the cubic Hermite interpolant + x² (1 − x)² h Σ d_i k_i, of order 4 for 0 ≤ x ≤ 1.
    """

    a: ClassVar[tuple[tuple[float, ...], ...]] = ((),)
    b: ClassVar[tuple[float, ...]] = (1,)
    c: ClassVar[tuple[float, ...]] = (0,)
    e: ClassVar[tuple[float, ...] | None] = None
    d: ClassVar[tuple[float, ...] | None] = None

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        k: list[Array] = []
        for row, c in zip(self.a, self.c, strict=True):
            k.append(field(t + c * h, y + h * combination(row, k) if any(row) else y))
        error = None if self.e is None else h * combination(self.e, k)
        return y + h * combination(self.b, k), error, k[0]

    def exact(self) -> RungeKutta:
        rationals = {name: tuple(map(as_fractions, getattr(self, name) or ())) for name in ("b", "c", "e")}
        return type(type(self).__name__, (type(self),), {
            "a": tuple(tuple(map(as_fractions, row)) for row in self.a), **rationals, "e": rationals["e"] or None})()


class Euler(RungeKutta):
    """Explicit Euler: y⁺ = y + h f(t, y)."""


class EulerRichardson(RungeKutta):
    """Euler–Richardson, the midpoint method: k₁ = f(y), k₂ = f(y + h/2 k₁), y⁺ = y + h k₂.

    The error estimate h/2 (k₂ − k₁) is the difference from one Euler step, halved (Richardson).
    """

    order, error_order = 2, 1
    a, b, c = ((), (1 / 2,)), (0, 1), (0, 1 / 2)
    e = (-1 / 2, 1 / 2)


class Extragradient(RungeKutta):
    """Extragradient: k₂ = f(y + h f(y)), y⁺ = y + h k₂; Euler–Richardson with the full inner step, so of order 1.

    Sources: Korpelevich 1976; the "Euler–Richardson" of some optimization codes.
    """

    order, error_order = 1, 1
    a, b, c = ((), (1,)), (0, 1), (0, 1)
    e = (-1 / 2, 1 / 2)


class Heun(RungeKutta):
    """Heun's method, the explicit trapezoidal rule; embedded Euler."""

    order, error_order = 2, 1
    a, b, c = ((), (1,)), (1 / 2, 1 / 2), (0, 1)
    e = (-1 / 2, 1 / 2)


class Ralston(RungeKutta):
    """Ralston's method, of order 2 with the smallest bound of the truncation error (Ralston 1962); embedded Euler."""

    order, error_order = 2, 1
    a, b, c = ((), (2 / 3,)), (1 / 4, 3 / 4), (0, 2 / 3)
    e = (-3 / 4, 3 / 4)


class BogackiShampine(RungeKutta):
    """Bogacki & Shampine 1989, 3(2): the method of scipy's RK23."""

    order, error_order, reuses = 3, 2, True
    a = ((), (1 / 2,), (0, 3 / 4), (2 / 9, 1 / 3, 4 / 9))
    b, c = (2 / 9, 1 / 3, 4 / 9, 0), (0, 1 / 2, 3 / 4, 1)
    e = (5 / 72, -1 / 12, -1 / 9, 1 / 8)


class RungeKutta4(RungeKutta):
    """The classical method of order 4 (Kutta 1901)."""

    order = 4
    a, b, c = ((), (1 / 2,), (0, 1 / 2), (0, 0, 1)), (1 / 6, 1 / 3, 1 / 3, 1 / 6), (0, 1 / 2, 1 / 2, 1)


class DormandPrince(RungeKutta):
    """Dormand & Prince 1980, 5(4): the method of scipy's RK45, with Shampine's interpolant (1986; HNW, II.6)."""

    order, error_order, reuses = 5, 4, True
    a = ((),
         (1 / 5,),
         (3 / 40, 9 / 40),
         (44 / 45, -56 / 15, 32 / 9),
         (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
         (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
         (35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84))
    b = (35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0)
    c = (0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1)
    e = (-71 / 57600, 0, 71 / 16695, -71 / 1920, 17253 / 339200, -22 / 525, 1 / 40)
    d = (-12715105075 / 11282082432, 0, 87487479700 / 32700410799, -10690763975 / 1880347072,
         701980252875 / 199316789632, -1453857185 / 822651844, 69997945 / 29380423)
