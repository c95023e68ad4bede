"""What a loss, one point of it and a field offer: the words in which losses, flows and schemes speak.

A scheme steps a `VectorField`; a flow on a loss is one, and asks the loss for its `Oracle` at the state's θ; what has
oracles is `Descended`.  A class that speaks one of them inherits it: what it does not define is `Missing`, one
sentence from one place.  Shapes: θ is (dim,) or (dim, lanes), a column a point, in floats; or a `Vector` of symbols
or recorded numbers.  `OracleView` is an oracle seen through a change, `GivenOracle` one of given quantities.
"""
from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol

from .functions import gram, times
from .readings import Array, Quantity

_WORDS = {  # quantity: how it is called, and who needs it
    "value": ("value", "energies and energy-controlled steps need it"),
    "gradient": ("gradient", "every method needs it"),
    "hessian": ("hessian", "methods of Newton kind need it, and gradient methods such as named('gd-energy') do not"),
    "residual": ("residuals", "methods of Gauss–Newton kind need them, and a Network or Loss.from_residuals has them"),
}
_WORDS |= {"jacobian": _WORDS["residual"], "gauss_newton": _WORDS["residual"]}
QUANTITIES = tuple(_WORDS)  #: what an oracle has, in the order of their cost


class Missing(TypeError):
    """A loss was asked for what it does not have."""


def missing(name: str, quantity: str, reason: str) -> Missing:
    """The sentence: what has no such quantity, why, and which methods need it."""
    words, need = _WORDS[quantity]
    return Missing(f"{name} has no {words}: {reason}; {need}")


class Descended(Protocol):
    """What a flow descends: a function F of θ with those of its derivatives that it has.

    name : in messages.  dim : the number of parameters.  recordable : whether θ may be recorded numbers.
    symbolic : whether it is a formula, `expression` in `symbols`.
    parallel : whether it may be called by several threads at once.
    together : the quantities that are computed as one with their siblings, by `value_and_gradient(theta)`.
    shapes : those of the tensors of which θ consists, in order, as ((3, 2), (3,)); empty: one vector.
    """

    name: str
    dim: int
    recordable: bool = False
    symbolic: bool = False
    parallel: bool = False
    together: frozenset[str] = frozenset()
    shapes: tuple[tuple[int, ...], ...] = ()

    def value(self, theta: Array) -> Quantity:
        """F(θ), shape () or (lanes,)."""
        raise missing(self.name, "value", self.lacks("value"))

    def gradient(self, theta: Array) -> Array:
        """∇F(θ), shape (dim,) or (dim, lanes)."""
        raise missing(self.name, "gradient", self.lacks("gradient"))

    def hessian(self, theta: Array) -> Array:
        """The Hessian, shape (dim, dim) or (dim, dim, lanes)."""
        raise missing(self.name, "hessian", self.lacks("hessian"))

    def residual(self, theta: Array) -> Array:
        """Residuals r with F = |r|²/2 (scipy's convention), shape (P,) or (P, lanes)."""
        raise missing(self.name, "residual", self.lacks("residual"))

    def jacobian(self, theta: Array) -> Array:
        """∂r/∂θ of `residual`, shape (P, dim) or (P, dim, lanes)."""
        raise missing(self.name, "jacobian", self.lacks("jacobian"))

    def gauss_newton(self, theta: Array) -> Array:
        """JᵀJ, shape (dim, dim) or (dim, dim, lanes): the Hessian where the residuals vanish."""
        return gram(self.jacobian(theta))

    def hessian_product(self, theta: Array, v: Array) -> Array:
        """The Hessian times v, shaped as θ."""
        return times(self.hessian(theta), v)

    def gauss_newton_product(self, theta: Array, v: Array) -> Array:
        """The Gauss–Newton matrix times v, shaped as θ."""
        return times(self.gauss_newton(theta), v)

    def value_and_gradient(self, theta: Array) -> tuple:
        """Both, where one brings the other."""
        return self.value(theta), self.gradient(theta)

    def lacks(self, quantity: str) -> str:
        """Why there is no such quantity, and what would give it: the middle of the sentence."""
        return "it was not given"

    def oracle(self, theta: Quantity) -> Oracle:
        """The loss at one point, lazily: what a flow sees."""
        return LossOracle(self, theta)


class Oracle(Protocol):
    """A loss at one point, `theta`; each quantity is computed at most once.  A subclass says where from, in `ask`."""

    theta: Quantity

    def ask(self, quantity: str) -> Quantity:
        """The quantity of this name, computed."""
        raise missing("F", quantity, "it was not given")

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Those of the tensors of which θ consists, in order."""
        raise Missing("F has no shapes: one coordinate, or a drawn gradient, is no tensor; layer-wise methods such as "
                      "named('muon') need those of a loss, and have no equations of one coordinate")

    @functools.cached_property
    def value(self) -> Quantity:
        """F(θ), shape () or (lanes,)."""
        return self.ask("value")

    @functools.cached_property
    def gradient(self) -> Quantity:
        """∇F(θ), shape (dim,) or (dim, lanes)."""
        return self.ask("gradient")

    @functools.cached_property
    def hessian(self) -> Quantity:
        """The Hessian, shape (dim, dim) or (dim, dim, lanes)."""
        return self.ask("hessian")

    @functools.cached_property
    def residual(self) -> Quantity:
        """Residuals r with F = |r|²/2, shape (P,) or (P, lanes)."""
        return self.ask("residual")

    @functools.cached_property
    def jacobian(self) -> Quantity:
        """∂r/∂θ, shape (P, dim) or (P, dim, lanes)."""
        return self.ask("jacobian")

    @functools.cached_property
    def gauss_newton(self) -> Quantity:
        """JᵀJ, shape (dim, dim) or (dim, dim, lanes)."""
        return self.ask("gauss_newton")

    def hessian_product(self, v: Array) -> Array:
        """The Hessian times v, shaped as θ; without the matrix where the loss can."""
        return times(self.hessian, v)

    def gauss_newton_product(self, v: Array) -> Array:
        """The Gauss–Newton matrix times v, shaped as θ; without the matrix where the loss can."""
        return times(self.gauss_newton, v)


class LossOracle(Oracle):
    """The oracle of a loss: its functions at θ."""

    def __init__(self, loss: Descended, theta: Quantity):
        self.loss, self.theta = loss, theta

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return self.loss.shapes or ((self.loss.dim,),)

    def ask(self, quantity: str) -> Quantity:
        if quantity in self.loss.together:
            self.value, self.gradient = self.loss.value_and_gradient(self.theta)
            return vars(self)[quantity]
        return getattr(self.loss, quantity)(self.theta)

    def hessian_product(self, v: Array) -> Array:
        return times(self.hessian, v) if "hessian" in vars(self) else self.loss.hessian_product(self.theta, v)

    def gauss_newton_product(self, v: Array) -> Array:
        known = "gauss_newton" in vars(self)
        return times(self.gauss_newton, v) if known else self.loss.gauss_newton_product(self.theta, v)


class OracleView(Oracle):
    """An oracle seen through changes: `OracleView(oracle, gradient=lambda o: o.gradient + c)`.

    changes : for a quantity, a function of the oracle under it, or the reason (a string) why the view has none; for a
    product, a function of it and v.  What is not changed is the oracle's own.
    """

    def __init__(self, oracle: Oracle, **changes: Callable | str):
        self.oracle, self.theta, self._changes = oracle, oracle.theta, changes

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return self.oracle.shapes

    def ask(self, quantity: str) -> Quantity:
        change = self._changes.get(quantity)
        if isinstance(change, str):
            raise missing("F", quantity, change)
        return getattr(self.oracle, quantity) if change is None else change(self.oracle)

    def hessian_product(self, v: Array) -> Array:
        return self._product("hessian", v)

    def gauss_newton_product(self, v: Array) -> Array:
        return self._product("gauss_newton", v)

    def _product(self, of: str, v):
        change = self._changes.get(f"{of}_product")
        if callable(change):
            return change(self.oracle, v)
        return times(getattr(self, of), v) if of in self._changes else getattr(self.oracle, f"{of}_product")(v)


class GivenOracle(Oracle):
    """The oracle of given quantities: `GivenOracle(theta, gradient=g, hessian=H)`; it has no others."""

    def __init__(self, theta: Quantity, **quantities: Quantity):
        self.theta = theta
        vars(self).update(quantities)

    @property
    def known(self) -> dict:
        """The quantities that were given."""
        return {name: x for name, x in vars(self).items() if name in QUANTITIES}

    def ask(self, quantity: str) -> Quantity:
        if quantity == "gauss_newton" and "jacobian" in vars(self):
            return gram(self.jacobian)
        return super().ask(quantity)


def _no_flow() -> TypeError:
    return TypeError("a field that is a plain function has neither blocks nor a loss: pass flow.on(loss)")


class VectorField(Protocol):
    """y' = f(t, y) as a scheme steps it; y is (size,) or (size, lanes), or a `Vector`, with θ first.

    A scheme that does not say `needs_flow` asks for `field(t, y)` and `field.jacobian(t, y)` alone; the rest is of a
    flow on a loss: its blocks by name, and their slopes one by one.
    """

    flow: Any
    loss: Any
    dim: int
    size: int
    blocks: dict

    def __call__(self, t: Quantity, y: Array) -> Array:
        """dy/dt, shaped as y."""

    def jacobian(self, t: Quantity, y: Array) -> Array:
        """∂f/∂y, (size, size) or (size, size, lanes)."""

    def theta(self, y: Array) -> Array:
        """The parameters, (dim,) or (dim, lanes)."""
        raise _no_flow()

    def state(self, t: Quantity, y: Array) -> Any:
        """The blocks of y by name, and the time t."""
        raise _no_flow()

    def pack(self, values: dict) -> Array:
        """Blocks by name to one y."""
        raise _no_flow()

    def slopes(self, s: Any, oracle: Oracle) -> dict:
        """The derivative of every block, from a state and the loss at its θ."""
        raise _no_flow()

    def slope(self, name: str, s: Any, oracle: Oracle) -> Quantity:
        """The derivative of one block."""
        raise _no_flow()
