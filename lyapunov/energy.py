"""Energies, written once in plain arithmetic, and the list of the known ones."""
from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import sympy

from arithmetic import CoordinateLoss, Oracle, Quantity, Rate, as_decimals, dot, latex, log, sqrt, total
from flows import AdaGrad, Flow, Momentum, RMSProp, State

from .classes import H
from .coordinate import as_flow
from .exact import positive

#: What is assumed of the losses or the rates: "convex", a sympy inequality such as H <= L, or several of them.
Assumptions: TypeAlias = str | sympy.Basic | Iterable | None
#: The parameters of the further energies, where no values are given.
DELTA, SMOOTHNESS, KAPPA = positive("delta"), positive("L"), positive("kappa")


def relations_of(assuming: Assumptions) -> tuple:
    """What is assumed, one relation after the other."""
    if assuming is None or isinstance(assuming, (str, sympy.Basic)):
        return () if assuming is None else (assuming,)
    return tuple(r for given in assuming for r in (given if isinstance(given, tuple) else (given,)))


@dataclass(frozen=True)
class Energy:
    """A function V of the loss and of a flow's blocks: `Energy(lambda s, oracle: oracle.value + total(s.v**2) / 2)`.

    function : (s, oracle) -> V in the functions of `arithmetic`, so it is read on numbers, symbols and the recorder;
    blocks are (dim,) or (dim, lanes) and V is a number or (lanes,).  Sums over coordinates are written `total(...)`.
    assuming : what is assumed of the loss or the rates: "convex", or sympy relations in F, g, H (such as H ≤ L).
    dissipation : (s, oracle) -> a lower bound of -V', not negative; needed only for steps under energy control.
    """

    function: Callable
    name: str | None = None
    assuming: tuple = ()
    dissipation: Callable | None = None
    source: str | None = None
    flow: Flow | None = field(default=None, repr=False)
    _make: Callable | None = field(default=None, repr=False, compare=False)
    #: (function, arguments) that make this energy again: how one of closures is pickled; not of a changed copy
    made_by: tuple[Callable, tuple] | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self):
        if not callable(self.function):
            raise TypeError(f"Energy(function): function must be called as function(s, oracle), got {self.function!r}: "
                            "write Energy(lambda s, oracle: oracle.value + total(s.v**2)/2)")
        object.__setattr__(self, "assuming", relations_of(self.assuming))

    def __call__(self, s: State, oracle: Oracle) -> Quantity:
        return self.function(s, oracle)

    def energy(self, s: State, oracle: Oracle) -> Quantity:
        """V at a state, under the name that step control uses."""
        return self.function(s, oracle)

    def on(self, flow: Flow) -> Energy:
        """The same energy for the rates of another flow of its class, where it was made from a flow."""
        return self._make(flow) if self._make is not None else self

    @property
    def expression(self) -> sympy.Expr:
        """V of one coordinate in sympy symbols: F, g, H and the blocks."""
        if self.flow is not None:
            s, oracle, _ = self.flow.coordinate()
        else:
            s, oracle = _Symbols(), CoordinateLoss().oracle(CoordinateLoss.theta)
        return sympy.sympify(self.function(s, oracle))

    def __reduce_ex__(self, protocol):
        return self.made_by or super().__reduce_ex__(protocol)

    def __repr__(self) -> str:
        try:
            formula = f"V = {self.expression}"
        except (TypeError, ValueError, AttributeError) as error:  # a function that has no symbolic reading
            formula = f"no formula: {error}"
        return f"Energy({self.name + ': ' if self.name else ''}{formula})"

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle V = {latex(self.expression)}$"


class _Symbols(State):
    """A state of which every block is a real symbol of its name."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return sympy.Symbol(name, real=True)


def _own(flow: Flow) -> Energy:
    if flow.energy is None:
        raise TypeError(f"{type(flow).__name__} has no energy of its own")
    return Energy(flow.energy, name="own", dissipation=flow.dissipation, flow=flow)


def _cross_term(flow: Momentum, delta: Rate = DELTA, L: Rate = SMOOTHNESS) -> Energy:
    """F + |v|²/2 + δ⟨∇F, v⟩: strict if 0 < δ < 4c/(4L + c²), for losses with H ≼ L."""

    def function(s, oracle):
        return oracle.value + total(s.v**2) / 2 + delta * dot(oracle.gradient, s.v)

    def dissipation(s, oracle):
        g = oracle.gradient
        return (flow.c - delta * L) * total(s.v**2) + delta * flow.c * dot(g, s.v) + delta * total(g**2)

    return Energy(function, "cross term", (sympy.Le(H, L),), dissipation, "Haraux & Jendoubi 1998", flow)


def _first_integral(flow: AdaGrad) -> Energy:
    """F + Σ(2√G − 2ε ln(√G + ε)), constant along the flow: a test of integrators."""

    def function(s, oracle):
        root = sqrt(s.G)
        correction = 0 if flow.eps == 0 else 2 * flow.eps * log(root + flow.eps)
        return oracle.value + total(2 * root - correction)

    return Energy(function, "first integral", flow=flow)


def _full_state(flow: RMSProp, kappa: Rate = KAPPA) -> Energy:
    """F + (κ/b) Σ(2√v − 2ε ln(1 + √v/ε)): it decreases if κ ≤ 1, in v too if 0 < κ < 1."""

    def function(s, oracle):
        root = sqrt(s.v)
        correction = 0 if flow.eps == 0 else 2 * flow.eps * log(1 + root / flow.eps)
        return oracle.value + kappa / flow.b * total(2 * root - correction)

    def dissipation(s, oracle):
        return total(((1 - kappa) * oracle.gradient**2 + kappa * s.v) / (sqrt(s.v) + flow.eps))

    return Energy(function, "full state", dissipation=dissipation, flow=flow)


#: Energies beside the one that a flow defines itself: (class of the flow, flow and parameters -> Energy).
KNOWN = ((Momentum, _cross_term), (AdaGrad, _first_integral), (RMSProp, _full_state))


def energies(flow: Flow | type[Flow], **parameters: Rate) -> list[Energy]:
    """The known energies of a flow, its own first.

    flow : an instance, with numbers or symbols as rates, or a class, read as `flow.symbolic()`.
    parameters : values of the energies' own parameters (`delta`, `L`, `kappa`); positive symbols unless given.
    Raises TypeError for what is not a flow or for a parameter that no energy of this flow has.
    """
    flow = as_flow(flow, "energies(flow): flow")
    makers: list[Callable[..., Energy]] = [] if flow.energy is None else [_own]
    makers += [make for kind, make in KNOWN if isinstance(flow, kind) and type(flow).field is kind.field]
    accepted = {make: set(list(inspect.signature(make).parameters)[1:]) for make in makers}
    if unknown := set(parameters) - set().union(*accepted.values()):
        raise TypeError(f"energies of {type(flow).__name__} have no parameter {', '.join(sorted(unknown))}; they have "
                        f"{', '.join(sorted(set().union(*accepted.values()))) or 'none'}")
    return [_made(make, {k: v for k, v in parameters.items() if k in accepted[make]}, flow) for make in makers]


def _made(make, parameters: dict, flow: Flow) -> Energy:
    exact = {k: as_decimals(v) for k, v in parameters.items() if isinstance(v, float)}
    energy = replace(make(flow, **parameters), _make=lambda other: _made(make, parameters | exact, other))
    object.__setattr__(energy, "made_by", (_made, (make, parameters, flow)))
    return energy
