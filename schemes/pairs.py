"""Flow + scheme + step = algorithm; the classic ones and the corrected ones by name."""
from __future__ import annotations

import dataclasses
import inspect
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

import flows
from arithmetic import CoordinateLoss, Descended, Vector, as_decimals
from arithmetic.late import sympy
from flows import Flow

from .base import Scheme
from .classics import NAMED, Recipe
from .control import Control, as_control
from .family import Family
from .hyperparameters import check_names, check_values, hyperparameters_of
from .loop import Member, Problem
from .outcome import Stop

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

    from .run import Record, Run


@dataclass(frozen=True)
class Optimizer:
    """A flow paired with a scheme and a step: an algorithm.

    `run(loss, theta0)` follows it; it is itself a `scipy.optimize.minimize(method=...)`; `algorithm()` is its update
    as sympy equations.  flow : Flow.  scheme : Scheme.  step : a control (`FixedStep` for the classic ones).
    """

    flow: Flow
    scheme: Scheme
    step: Control
    name: str = ""
    recipe: Callable[..., Recipe] | None = field(default=None, repr=False, compare=False)
    hyperparameters: dict = field(default_factory=dict, repr=False, compare=False)
    schedule: Callable | None = field(default=None, repr=False, compare=False)
    kin: Kin | None = field(default=None, repr=False, compare=False)

    def problem(self, loss: Descended, stop: Stop | None = None,
                lanes: Mapping[str, np.ndarray] | None = None) -> Problem:
        """The repeated map of this optimizer on a loss.

        lanes : hyperparameters that differ between lanes, with all values they will take, arrays of one shape;
        `problem.begin(theta, {"lr": …})` then takes a value of each per lane.  One recording and one kernel serve them
        all, and each lane has the bits of a separate run with its values (but where a value of 0 or 1 makes a term
        vanish, which differs at states that are not finite, and at the sign of 0).

        Raises TypeError, ValueError for values that `named` would not take, and for values of another algorithm.
        """
        stop = stop or Stop()
        if not lanes and self.kin is not None and loss.recordable:
            return Member(self.kin.problem(loss, stop), self.flow.on(loss), self.scheme, self.step,
                          self.hyperparameters)
        if not lanes:
            return Problem(self.flow.on(loss), self.scheme, self.step, stop)
        if self.recipe is None:
            raise TypeError(f"{self}: hyperparameters can differ between lanes for optimizers of named(...), a pair "
                            "has none")
        values = {key: np.asarray(value, dtype=float) for key, value in lanes.items()}
        if len({value.shape for value in values.values()}) > 1 or not all(value.size for value in values.values()):
            raise ValueError(f"lanes={ {key: value.shape for key, value in values.items()} }: arrays of one shape, not "
                             "empty")
        name, known = self.name.partition("(")[0], hyperparameters_of(self.recipe)
        check_names(name, known, values)
        check_values(name, known, values)
        family = Family(name, self.recipe, self.hyperparameters, values, self.schedule)
        flow, scheme, control = family.template
        return Problem(flow.on(loss), scheme, control, stop, family)

    def shared(self) -> Optimizer:
        """The same optimizer, which keeps what is recorded of it: for many short runs on one loss."""
        return self if self.kin is not None else dataclasses.replace(self, kin=Kin(self, {}))

    def run(self, loss: Descended, theta0: ArrayLike | Run, *, stop: Stop | None = None, record: Record = None,
            **options: Any) -> Run:
        """Run from `theta0`, (dim,) or (dim, lanes), or on from a `Run`; the options are those of `integrate`."""
        from .run import integrate

        return integrate(self.flow.on(loss), theta0, self.scheme, self.step, stop, record, **options)

    def algorithm(self) -> flows.Equations:
        """One step of one coordinate as sympy equations, block⁺ = …, derived from flow, scheme and step.

        Of a named optimizer it is in the library's hyperparameters and memory (those that are 0 left out), n counting
        the steps from 1; of another pair, in its rates, with the step h where a control chooses it.  A block that is
        updated before another enters it as block⁺; gradients at further points are g(θ).
        """
        if self.scheme.implicit:
            raise TypeError(f"algorithm(): a step of {type(self.scheme).__name__} is the solution of an equation and "
                            "has no printed update; RosenbrockEuler() has one")
        return flows.Equations(update(*self.symbolic))

    def parameters(self) -> dict:
        """The parameter map: each rate of the flow, and the step h, in the library's hyperparameters."""
        flow, _, step, _ = self.symbolic
        return _rates(flow) | {"h": _step_symbol(step)}

    def control(self) -> str:
        """The step in words: h = …, or what chooses it."""
        return f"h by {type(self.step).__name__}" if self.step.adaptive else f"h = {self.parameters()['h']}"

    @property
    def symbolic(self) -> Recipe:
        """The recipe in symbols; of a pair without one, the pair itself."""
        if self.recipe is None or self.step.adaptive:  # a control has no symbols: its flow is read with numbers
            return Recipe(self.flow, self.scheme, self.step, {})
        known = hyperparameters_of(self.recipe)
        found = self.recipe(**{name: sympy.Symbol(name, positive=True) if known[name].symbolic and value != 0 else value
                               for name, value in self.hyperparameters.items()})
        return found._replace(flow=flows.Scheduled(found.flow, self.schedule)) if self.schedule is not None else found

    def __call__(self, fun: Callable, x0: ArrayLike, args: tuple = (), jac: Callable | str | bool | None = None,
                 hess: Callable | None = None, bounds: Any = None, constraints: Any = (),
                 callback: Callable | None = None, **options: Any) -> OptimizeResult:
        """As `scipy.optimize.minimize(fun, x0, jac=..., method=self, options={...})`."""
        from .scipy_adapter import minimize

        return minimize(self, fun, x0, args=args, jac=jac, hess=hess, bounds=bounds, constraints=constraints,
                        callback=callback, **options)

    def __str__(self):
        return self.name or f"{type(self.flow).__name__} + {type(self.scheme).__name__}"

    def _repr_latex_(self) -> str | None:
        if len(self.flow.blocks) > SHOWN:
            return None
        try:
            return self.algorithm().latex()
        except TypeError:  # no printed update
            return None


SHOWN = 12  #: blocks up to which notebooks show an update: that of an optimizer with dozens takes a page, and long


class Kin:
    """Optimizers of one name that differ in hyperparameters alone, and share a recording on each loss and stop.

    one : any of them.  lanes : all values of the hyperparameters that differ, arrays of one shape; empty: it is alone.
    """

    def __init__(self, one: Optimizer, lanes: Mapping[str, np.ndarray]):
        self.one, self.lanes = one, lanes
        self.made: OrderedDict[tuple, Problem] = OrderedDict()

    def problem(self, loss: Descended, stop: Stop) -> Problem:
        key = loss, stop
        if key not in self.made:
            self.made[key] = self.one.problem(loss, stop, lanes=self.lanes)
            while len(self.made) > 4:
                self.made.popitem(last=False)
        return self.made[key]

    def __getstate__(self):
        return vars(self) | {"made": OrderedDict()}


CASES = 3      #: that a state in symbols may hold: RAdam's in four stages
LENGTH = 9000  #: parts that a state with Min or Max may have: sympy compares longer ones for many seconds, or minutes
LONG = 20000   #: parts of an update from which on it stays as it is; shorter ones are collected


class _Coordinate(flows.Field):
    """A flow on one coordinate of a loss in symbols: in sequential schemes, blocks already updated appear as block⁺."""

    loss: CoordinateLoss

    def __init__(self, flow: Flow, s: flows.State, sequential: bool):
        super().__init__(flow, CoordinateLoss())
        self._s, self._sequential = s, sequential

    def slopes(self, s, oracle):
        """Raises TypeError where the state holds more cases than sympy compares in seconds with those of the field."""
        state = [sympy.sympify(e) for x in vars(s).values() for e in np.ravel(np.asarray(x, dtype=object))]
        cases = set().union(*(e.atoms(sympy.Piecewise) for e in state))
        if len(cases) > CASES:
            raise TypeError(f"comparison of {len(cases)} cases within cases")
        if any(e.has(sympy.Min, sympy.Max) for e in state) and (parts := _parts(state)) > LENGTH:
            raise TypeError(f"algorithm(): the state of {type(self.flow).__name__} grows in a step to {parts} parts, "
                            "more than sympy compares soon by Min and Max; use a scheme of fewer stages, as Euler()")
        if self._sequential:
            s = flows.State(**{name: x if self._unmoved(name, x) else self._symbol(name)
                               for name, x in vars(s).items()})
        return super().slopes(s, oracle)

    def _unmoved(self, name, x) -> bool:
        return name == "t" or getattr(self._s, name) == (x[0] if isinstance(x, np.ndarray) else x)

    def _symbol(self, name):
        return Vector([_next(name)]) if isinstance(self.blocks[name], slice) else _next(name)

    def jacobian(self, t, y):
        J = super().jacobian(t, y)
        return Vector(map(self.loss.known, J.flat)).reshape(J.shape)


def _parts(expressions) -> int:
    """How many parts the expressions are written with.

    Those that stand in many places count each time, and are looked at once: `sympy.count_ops` walks through them all.
    """
    counts: dict[sympy.Basic, int] = {}

    def count(e):
        if e not in counts:
            counts[e] = 1 + sum(map(count, e.args))
        return counts[e]

    return sum(map(count, expressions))


def _next(name):
    return sympy.Symbol(f"{name}⁺", real=True)


def _step_symbol(step):
    """The step h as sympy sees it."""
    if getattr(step, "adaptive", False):
        return sympy.Symbol("h", positive=True)
    return as_decimals(getattr(step, "h", step))


def described(flow) -> str:
    """A flow with its modifiers by name: Scheduled(Momentum, Warmup)."""
    name = type(flow).__name__
    if flow.plain is flow:
        return name
    return f"{name}({described(flow.flow)}{f', {type(flow.schedule).__name__}' if hasattr(flow, 'schedule') else ''})"


def _rates(flow, of: str = "") -> dict:
    """The rates of a flow, of those it modifies and of their schedules, without those that are 0.

    A modifier's are named with it, and a second one of a kind is numbered: `WeightDecay.rate`, `WeightDecay.rate 2`.
    """
    found: dict = {}

    def add(name, value):
        twice = [key for key in found if key == name or key.startswith(f"{name} ")]
        found[f"{name} {len(twice) + 1}" if twice else name] = value

    for f in dataclasses.fields(flow):
        value = getattr(flow, f.name)
        if dataclasses.is_dataclass(value):
            for name, inner in _rates(value, "" if isinstance(value, Flow) else f"{type(value).__name__}.").items():
                add(name, inner)
    prefix = of or (f"{type(flow).__name__}." if isinstance(flow, Flow) and flow.plain is not flow else "")
    for f in dataclasses.fields(flow):
        value = getattr(flow, f.name)
        if not (isinstance(value, (bool, Flow)) or dataclasses.is_dataclass(value) or callable(value)) and value != 0:
            add(f"{prefix}{f.name}", value)
    return found


def update(flow, scheme, step, memory) -> list:
    """The discrete update of one coordinate as sympy equations, from a flow, a scheme, a step and the library's memory.

    memory : block -> function of what the library keeps in its place, or of the number n of steps; an update that the
    latter satisfies is not listed.  Raises ValueError if it does not satisfy it.
    """
    flow = flow.exact()
    s, _, _ = flow.coordinate()
    h, n = _step_symbol(step), sympy.Symbol("n", integer=True, positive=True)
    s.t = (n - 1) * h
    field = _Coordinate(flow, s, scheme.sequential)
    new = scheme.symbolic_step(field, s.t, Vector(getattr(s, name) for name in field.blocks), h)
    new = dict(zip(field.blocks, new, strict=True))
    meanings, kept = dict[sympy.Symbol, sympy.Expr](), dict[str, sympy.Symbol]()
    for name, meaning in memory.items():
        if hasattr(s, name):
            (argument,) = [p.name for p in inspect.signature(meaning).parameters.values() if p.default is p.empty]
            if argument == "n":
                now, later = meaning(n - 1), meaning(n)
            else:
                kept[name] = sympy.Symbol(argument, real=True)
                now, later = meaning(kept[name]), meaning(_next(argument))
            meanings |= {getattr(s, name): now, _next(name): later}
    equations = []
    for name in flow.blocks:
        x, expression = getattr(s, name), sympy.sympify(new[name]).xreplace(meanings)
        expression = as_decimals(expression)
        if name in kept:
            expression, x = expression * kept[name] / meanings[x], kept[name]
        elif x in meanings:
            if sympy.simplify(expression - meanings[_next(name)]) != 0:
                raise ValueError(f"{name} is not {meanings[_next(name)]} after n steps of {scheme}")
            continue
        equations.append(sympy.Eq(_next(x.name), _collected(expression, x), evaluate=False))
    return equations


def _collected(expression, x):
    """An update of x as (its share)·x + the rest, or max(…, …), where it is that."""
    def around(e):
        share, rest = sympy.diff(e, x), e.subs(x, 0)
        states = {s for s in e.free_symbols if not s.is_positive or s == x}
        jumps = any(f.has(x) for f in e.atoms(sympy.Function, sympy.Piecewise))
        if jumps or share.free_symbols & states or rest.has(sympy.nan, sympy.zoo):
            return shortest(e)
        return sympy.Add(shortest(share, sympy.simplify) * x, shortest(rest))

    def shortest(e, *more):
        return min((e, spread(e), *(change(e) for change in more)), key=sympy.count_ops)

    def spread(e):
        """One factor of each term multiplied out, where it is a sum."""
        terms = []
        for term in sympy.Add.make_args(e):
            sums = [f for f in sympy.Mul.make_args(term) if f.is_Add]
            terms += [term / sums[-1] * a for a in sums[-1].args] if sums else [term]
        return sympy.Add(*terms)

    if _parts([expression]) > LONG:
        return expression
    bottoms = {p: sympy.factor_terms(p.base) for p in expression.atoms(sympy.Pow) if p.base.is_Add}
    e = expression.xreplace({p: b**p.exp for p, b in bottoms.items() if b.is_Mul})
    terms = sympy.Add.make_args(spread(e))
    largest = [term for term in terms if term.has(sympy.Max)]
    if len(largest) == 1:
        factor, peak = largest[0].as_independent(sympy.Max)
        if isinstance(peak, sympy.Max) and factor.is_positive:  # x + h max(u, v) = max(x + h u, x + h v)
            others = sympy.Add(*terms) - largest[0]
            return sympy.Max(*(sympy.factor(sympy.expand(others + factor * a)) for a in peak.args))
    return around(e)


def pair(flow: Flow, scheme: Scheme, step: float | Control, name: str = "") -> Optimizer:
    """The algorithm of a flow and a scheme; step : a number (ODE time) or a control."""
    if not isinstance(flow, Flow):
        raise TypeError(f"pair(flow, scheme, step): flow must be a Flow such as GradientDescent(), got {flow!r}")
    if not isinstance(scheme, Scheme):
        raise TypeError(f"pair(flow, scheme, step): scheme must be a Scheme such as Euler(), got {scheme!r}")
    return Optimizer(flow, scheme, as_control(step), name)


def named(name: str, *, schedule: Callable | None = None, **given: float | bool) -> Optimizer:
    """An optimizer by name, under its usual hyperparameters: `named("adam", lr=0.1)`.

    schedule : a learning-rate schedule, a function of the ODE time such as `flows.schedules.Cosine(T)`; one step is the
    time h of the optimizer (`parameters()["h"]`), for gradient descent and Adam h = lr.

    Raises ValueError for an unknown name (with the close ones), an unknown hyperparameter (with those there are) or a
    value out of range, TypeError for one that is not a number (or, where the default is one, not a bool).
    """
    recipe = NAMED[name]
    known = hyperparameters_of(recipe)
    check_names(name, known, given)
    values = {p.name: p.checked(name, given.get(p.name, p.default)) for p in known.values()}
    flow, scheme, step, _ = recipe(**values)
    label = ", ".join(f"{key}={_shown(value)}" for key, value in values.items()
                      if value != known[key].default or (value and not isinstance(value, bool)))
    if schedule is not None:
        if as_control(step).adaptive:
            raise ValueError(f"{name}: its steps are chosen by {type(step).__name__}; leave out schedule={schedule!r}, "
                             "which is for fixed steps")
        flow, label = flows.Scheduled(flow, schedule), f"{label}, {schedule}"
    made = pair(flow, scheme, step, f"{name}({label})")
    return dataclasses.replace(made, recipe=recipe, hyperparameters=values, schedule=schedule)


def variants(name: str, values: Mapping[str, ArrayLike], *, schedule: Callable | None = None,
             **given: float | bool) -> list[Optimizer]:
    """Optimizers of one name for a sweep: `variants("adam", {"lr": [0.01, 0.1]}, beta1=0.8)`.

    values : of the hyperparameters that differ, lists of one length.  given : of others; schedule : as in `named`.

    Each is `named(name, ...)` with its values, and gives the same results to the bit (but where a value of 0 or 1 makes
    a term vanish, see `Optimizer.problem`).  On one loss they share a recording and a kernel, so that a sweep compiles
    once; values that make it another algorithm, as weight_decay = 0 does, have a kernel of their own.
    """
    lists = {key: np.atleast_1d(np.asarray(value, dtype=float)) for key, value in values.items()}
    shapes = {key: value.shape for key, value in lists.items()}
    if not lists or len(set(shapes.values())) > 1 or any(len(s) != 1 or not s[0] for s in shapes.values()):
        raise ValueError(f"variants({name!r}, ...): values of one hyperparameter or more, lists of one length, not "
                         f"empty; got shapes {shapes}")
    if both := set(lists) & set(given):
        raise ValueError(f"variants({name!r}, ...): {', '.join(sorted(both))} is given twice, as values and as a value")
    rows = [dict(zip(lists, map(float, row), strict=True)) for row in zip(*lists.values(), strict=True)]
    made = [named(name, schedule=schedule, **given, **row) for row in rows]
    waiting = list(range(len(rows)))
    while waiting:
        one = made[waiting[0]]
        family = Family(name, NAMED[name], one.hyperparameters,
                        {key: np.array([x]) for key, x in rows[waiting[0]].items()})
        alike = [i for i in waiting if family.takes(rows[i])]
        kin = Kin(one, {key: value[alike] for key, value in lists.items()})
        for i in alike:
            made[i] = dataclasses.replace(made[i], kin=kin)
        waiting = [i for i in waiting if i not in set(alike)]
    return made


def _shown(value) -> str:
    """A hyperparameter as short as it can be without losing digits."""
    short = str(value) if isinstance(value, bool) else format(value, "g")
    return short if isinstance(value, bool) or float(short) == value else str(value)
