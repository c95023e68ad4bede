"""The iteration near a rest point: multipliers of its map, the sharpness it bears, and points where only it rests."""
from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import mpmath
import numpy as np
import sympy
from sympy import Poly, Rational, Symbol

from arithmetic import Readable, SymbolicLoss, Vector, aligned, as_decimals, entry, latex, short, worded
from flows import Flow, Modifier, scalar
from networks import CriticalPoint, Objective, as_point
from schemes import FixedStep, Optimizer

from ..coordinate import Coordinate, refuse_names, scalars_at_rest
from ..trials import as_told, bears
from ..exact import Fresh, Status, positive, readable, resting_value, vanishes
from .truncated import Truncated, taylor

z, sharpness = Symbol("z"), positive("eta")


@dataclass(frozen=True)
class Multipliers(Readable):
    """How the iteration moves away from, or back to, a rest point.

    polynomial : characteristic polynomial in z of the blocks that carry θ, per eigenvalue η of the Hessian.
    further : {block: multiplier} of the others (averages of squares, bias corrections).
    threshold : the sharpness, the largest η > 0 for which all roots are inside the unit circle; `lost` through -1 (it
    oscillates), +1 (it drifts to a spurious rest point), or "pair" (it spirals).
    roots : {eigenvalue: roots}, where eigenvalues were given.  stable : whether all multipliers are inside the circle;
    None where one lies on it or there are symbols left.   status : UNDECIDED where the map has no linear part there.
    argument : why the linear part decides, in words.
    """

    polynomial: sympy.Expr | None
    threshold: sympy.Expr | None = None
    lost: object = None
    further: dict = dataclasses.field(default_factory=dict)
    roots: dict = dataclasses.field(default_factory=dict)
    stable: bool | None = None
    argument: str = ""
    status: Status = Status.PROVED

    def __str__(self):
        if self.status == Status.UNDECIDED:
            return f"UNDECIDED: {self.argument}"
        lines = [f"multipliers  roots z of {short(self.polynomial, 120)} = 0, eta an eigenvalue of the Hessian"]
        lines += [f"             {value} of {block}" for block, value in self.further.items()]
        if self.threshold is not None:
            bound = readable(sympy.Le(sharpness, self.threshold)).replace("<=", "<")
            lines.append(f"stable       for 0 < {bound}, lost through {self.lost}")
        lines += [f"eta = {e}: " + ", ".join(map(str, roots)) for e, roots in self.roots.items()]
        if self.roots:
            lines.append({True: "stable", False: "unstable", None: "not decided by the linear part"}[self.stable])
        return "\n".join([*lines, entry("because", self.argument, width=12)])

    def _repr_latex_(self) -> str:
        if self.polynomial is None:
            return f"${worded(f'{self.status}: {self.argument}')}$"
        rows = [rf"{latex(self.polynomial)} &= 0"]
        rows += [rf"{latex(value)} &\text{{ of }} {latex(Symbol(str(block)))}" for block, value in self.further.items()]
        if self.threshold is not None:
            rows.append(rf"\text{{stable}} &\text{{ for }} 0 < \eta < {latex(self.threshold)}"
                        + worded(f", lost through {self.lost}"))
        rows += [rf"\eta = {latex(e)}\colon\ z &= " + r",\ ".join(map(latex, roots)) for e, roots in self.roots.items()]
        return aligned(rows)


def multipliers(optimizer: Optimizer, critical_point: CriticalPoint | Sequence | None = None, *, symbolic: bool = False,
                frozen: bool = False) -> Multipliers:
    """Eigenvalues of the one-step map at its rest point over a critical point, and the sharpness it bears.

    optimizer : an `Optimizer` of a fixed step; any scheme.  critical_point : a `CriticalPoint`, or the eigenvalues of
    its Hessian; without one, the polynomial and the threshold alone.  symbolic : in the library's hyperparameters (of a
    named optimizer) instead of their values.  frozen : memory that never is negative (averages of squares) keeps its
    value, a symbol: the stability of a phase in which the scale hardly moves.

    The map is expanded at the rest point by weights: blocks of the size of θ have weight 1, squares of gradients weight
    2.  Where D = √v + ε is not differentiable at v = 0, m/D = m/ε + (terms of weight 2) still is linear to leading
    order, and the multipliers of that part decide.  Where no such part exists (ε = 0, signs) the status is UNDECIDED.
    Raises TypeError for what is not an optimizer of a fixed step.
    """
    flow, h, values = _symbols(optimizer, symbolic)
    refuse_names(flow, {"z", "eta", *map(str, flow.memory)}, "multipliers")
    if isinstance(critical_point, CriticalPoint):
        as_point(critical_point)
    try:
        vanishing = bool(sympy.sympify(getattr(critical_point, "value", 0)).is_zero)
        polynomial, further, argument = linear_part(flow, optimizer.scheme, h, frozen, vanishing)
        polynomial, further = polynomial.subs(values), {k: v.subs(values) for k, v in further.items()}
    except _NoLinearPart as reason:
        return Multipliers(None, argument=str(reason), status=Status.UNDECIDED)
    threshold, lost = _threshold(polynomial)
    scale = threshold if threshold is not None and threshold.is_number else sympy.S.One  # floats tell roots apart there
    given = () if critical_point is None else critical_point
    eigenvalues = given.eigenvalues if isinstance(given, CriticalPoint) else given
    told = None if symbolic or frozen else as_told(
        optimizer.flow.exact(), optimizer.scheme, sympy.sympify(h).subs(values), polynomial,
        (Rational(3, 4) * scale, Rational(5, 2) * scale, *(e for e in map(as_decimals, eigenvalues) if e.is_number
                                                           and abs(e) <= 100 * scale)), "JᵀJ" in argument)
    if told is False:
        return Multipliers(None, argument="the referee moved the blocks by numbers, and the step does not multiply "
                           "them so", status=Status.UNDECIDED)
    if threshold is not None and not bears(polynomial, threshold):
        threshold, lost = None, None
    roots = {as_decimals(e): _roots(polynomial.subs(sharpness, as_decimals(e))) for e in eigenvalues}
    return Multipliers(polynomial, threshold, lost, further, roots, _stable(roots, further) if roots else None,
                       argument)


class _Valley(SymbolicLoss):
    """η x²/2 in one coordinate, the square of a residual: JᵀJ is H, as where they vanish; it knows if it was asked."""

    def __init__(self, x):
        super().__init__(sharpness * x**2 / 2, [x], residuals=[sympy.sqrt(sharpness) * x])
        self.of_squares = False

    def jacobian(self, theta):
        self.of_squares = True
        return super().jacobian(theta)


class _NoLinearPart(Exception):
    """Why the map has no linear part at the rest point."""


def _symbols(optimizer, symbolic):
    if not isinstance(optimizer, Optimizer) or not isinstance(optimizer.step, FixedStep):
        raise TypeError(f"multipliers(optimizer): optimizer must be an Optimizer of a fixed step, such as "
                        f"pair(GradientDescent(), Euler(), 0.1), got {optimizer!r}")
    named = getattr(optimizer, "hyperparameters", {}) and optimizer.schedule is None
    if not (symbolic or named):
        return optimizer.flow.exact(), as_decimals(optimizer.step.h), {}
    rates = optimizer.parameters()
    h = sympy.sympify(rates.pop("h"))
    known = {f.name for f in dataclasses.fields(optimizer.flow)}
    if not rates.keys() <= known:  # a modified flow: its numbers serve
        return optimizer.flow.exact(), as_decimals(optimizer.step.h), {}
    values = {} if symbolic else {positive(k): as_decimals(v) for k, v in optimizer.hyperparameters.items()
                                  if isinstance(v, (int, float)) and not isinstance(v, bool)}
    return dataclasses.replace(optimizer.flow, **{k: as_decimals(v) for k, v in rates.items()}).exact(), h, values


@dataclass(frozen=True)
class _Frozen(Modifier):
    """A flow whose scales stand still."""

    def field(self, s, oracle):
        return {name: 0 * getattr(s, name) if name in self.nonnegative and not isinstance(name, scalar) else f
                for name, f in zip(self.blocks, map(self.flow.field(s, oracle).get, self.blocks), strict=True)}


def linear_part(flow: Flow, scheme, h, frozen: bool, vanishing: bool):
    """The characteristic polynomial of the blocks of weight 1, the multipliers of the rest, and the argument."""
    if scheme.coordinatewise:
        raise _NoLinearPart(f"a step of {type(scheme).__name__} depends on the axes of the parameters: its multipliers "
                            "are no functions of the eigenvalues of the Hessian")
    _check_axes(flow)
    loss, step = _Valley(Fresh("x", real=True)), Fresh("h_step", positive=True)
    flow, with_time = _Frozen(flow) if frozen else flow, Fresh("t", positive=True)
    field = flow.on(loss)
    names = list(field.blocks)
    y = {name: positive(str(name)) if name in flow.nonnegative else Symbol(str(name), real=True) for name in names}

    def moved(field, at: dict) -> dict:
        """The blocks after a step from the state `at`."""
        state = Vector(at[y[name]] for name in names)
        try:
            # the slope tells at once of the time, where stages are long; implicit schemes may refuse the flow first
            explicit = not (scheme.implicit or scheme.linearly_implicit)
            timed = explicit and sympy.Matrix(field(with_time, state)).has(with_time)
            new = () if timed else scheme.symbolic_step(field, with_time, state, step)
        except ValueError as error:  # sympy's, of the larger of nan and something
            if "nan" not in str(error):
                raise
            raise _NoLinearPart("the step is not defined at the rest point, as with eps = 0") from error
        new = [as_decimals(e).subs(step, h) for e in new]
        if timed or any(e.has(with_time) for e in new):
            raise _NoLinearPart("the step depends on the time itself")
        return dict(zip(names, new, strict=True))

    signed = {x: sympy.S.Zero for name, x in y.items() if not isinstance(name, scalar) and name not in flow.nonnegative}
    counts = {x: x for name, x in y.items() if isinstance(name, scalar)}
    rest, weights, further = {}, {}, {}
    try:
        settled = scalars_at_rest(flow)
    except ValueError as error:
        raise _NoLinearPart(str(error)) from error
    for name in names:
        x = y[name]
        if isinstance(name, scalar):
            rest[x], new = settled[name], moved(field, {v: v for v in y.values()} | signed)[name]
            new = new.subs({y[n]: value for n, value in settled.items() if n != name})
            further[str(name)] = sympy.factor(new.diff(x).subs(x, rest[x]))
            if not vanishes(new.subs(x, rest[x]) - rest[x]) or new.free_symbols & (set(y.values()) - {x}):
                raise _NoLinearPart(f"the block {name} does not settle at {rest[x]}")
        elif name in flow.nonnegative and not frozen:
            at = dict.fromkeys(y.values(), sympy.S.Zero) | counts | {x: x}  # a step rests where its field does
            slope = as_decimals(field(with_time, Vector(at.values()))[names.index(name)])
            rest[x], weights[x] = _rest(x + slope, x, {y[n]: value for n, value in settled.items()})
        elif name in flow.nonnegative:
            rest[x], weights[x] = x, 0
        else:
            weights[x] = 1
    s = Fresh("s", positive=True)
    moving = [name for name in names if weights.get(y[name]) == 1]
    scaled = {x: s ** weights.get(x, 0) * x if weights.get(x) else rest[x] for x in y.values()}

    kept, scales = {x for x in rest if rest[x] == x}, dict[sympy.Expr, sympy.Symbol]()
    movable = {*y.values(), s, step, with_time, *loss.symbols} - kept

    def named(e):
        """With a name for each function of the scales that stand still, such as 1/(√G + ε), which stages repeat."""
        if not e.args or not e.free_symbols & kept:
            return e
        if e.is_Pow and not e.free_symbols & movable:
            return scales.setdefault(e, Fresh(f"scale_{len(scales)}", real=True, positive=e.is_positive))
        return e.func(*map(named, e.args))

    def cut(name, slope):
        """A slope to its leading order: that of the step needs no more of it."""
        power, slope = weights.get(y[name], 0), named(as_decimals(slope))
        return s**power * _leading(slope, s, power, name) if power else slope.subs(s, 0)

    def bent(row, column, entry):
        """An entry of the Jacobian to its leading order, as a map between blocks of these weights."""
        up, down = weights.get(y[row], 0), weights.get(y[column], 0)
        return s ** (up - down) * _leading(named(as_decimals(entry)) * s**down, s, up, row)

    new = moved(field if scheme.implicit else Truncated(flow, loss, cut, bent), scaled)
    leading = {name: _leading(new[name], s, weights[y[name]], name) for name in names if weights.get(y[name])}
    x = [y[name] for name in moving]
    meant = {symbol: e for e, symbol in scales.items()}
    A = sympy.Matrix([[leading[name].diff(other) for other in x] for name in moving])
    if A.free_symbols & set(x) or any(not vanishes(leading[n] - sum(A[i, j] * x[j] for j in range(len(x))))
                                      for i, n in enumerate(moving)):
        raise _NoLinearPart(f"to leading order the map is not linear: {', '.join(str(leading[n]) for n in moving)}")
    for name in names:
        if weights.get(y[name]) == 2:
            further[str(name)] = sympy.factor(leading[name].diff(y[name])).xreplace(meant)
        elif name in flow.nonnegative and not isinstance(name, scalar) and not frozen:
            own = y[name]
            new = moved(field, {v: v if v is own else rest.get(v, sympy.S.Zero) for v in y.values()})[name]
            further[str(name)] = sympy.simplify(new.diff(own).subs(own, rest[own]))
    squares = [str(v) for v, k in weights.items() if k == 2]
    argument = ("weights: " + ", ".join(f"{n}: 1" for n in moving) + "".join(f", {v}: 2" for v in squares) + (
        "; what is left of the map has higher weight than the blocks it moves, so the linear part decides"
        if squares else "; the map is differentiable at the rest point"))
    if loss.of_squares and not vanishing:
        raise _NoLinearPart("the step uses JᵀJ, which is not the Hessian at a point where the residuals do not vanish")
    if loss.of_squares:
        argument += "; JᵀJ is the Hessian, as where the residuals vanish"
    determinant = (z * sympy.eye(len(x)) - A).det(method="berkowitz")
    # else e^(−1/100), e^(−1/10) and e^(−1) are powers of one symbol, up to the hundredth
    decays = {e: sympy.Dummy(positive=True) for e in determinant.atoms(sympy.exp)}
    polynomial = sympy.Poly(sympy.factor(determinant.xreplace(decays)), z).as_expr()
    return polynomial.xreplace({d: e for e, d in decays.items()}).xreplace(meant), further, argument


def _check_axes(flow: Flow) -> None:
    """Raises where the field takes the value of F, or single entries of the Hessian or of JᵀJ, as their diagonal."""
    one = Coordinate(flow, lambda s, oracle: oracle.value)
    asked = set().union(*(f.free_symbols for f in one.field.values()))
    if one.oracle.value in asked:
        raise _NoLinearPart("the field uses the value of F, of all coordinates at once: its multipliers are no "
                            "functions of the eigenvalues of the Hessian")
    curved = {one.oracle.hessian, one.oracle.jacobian} & asked
    if curved and not one.isotropic():
        raise _NoLinearPart("the field takes single entries of the Hessian: its multipliers are no functions of its "
                            "eigenvalues")


def _rest(new, x, settled: dict):
    """The value at rest and the weight of a block that never is negative: 0 and 2, or a value kept and 0."""
    at = new.subs(settled)
    if vanishes(at - x):
        return x, 0  # it keeps any value: rest points form a family
    if at.subs(x, 0) == 0:
        return sympy.S.Zero, 2
    value = resting_value(at - x, x)
    if value is None:
        raise _NoLinearPart(f"the rest value of {x} was not found")
    return value, 0


def _leading(e, s, power, name):
    """The term of weight `power` of a new value, whose lower ones vanish."""
    if e.has(sympy.sign, sympy.Piecewise):
        raise _NoLinearPart(f"the step of {name} does not tend to 0 with the state: it contains a sign")
    for made in (lambda: e, lambda: sympy.powdenest(e, force=True)):  # the latter takes long, and is seldom needed
        found = taylor(made(), s, power)
        if found is not None and all(map(vanishes, found[:-1])):
            return sympy.factor_terms(sympy.expand(found[-1]))
    e = sympy.powdenest(sympy.expand(e), force=True)
    value = sympy.cancel(sympy.together(e / s**power))
    value = value.subs(s, 0)
    if value.has(sympy.nan, sympy.zoo, sympy.oo) or value.has(s):
        raise _NoLinearPart(f"the step of {name} does not tend to 0 with the state, as with eps = 0")
    return value


# ------------------------------------------------------------------------------------------------ the unit circle
def _threshold(polynomial):
    """The smallest η > 0 at which a root meets the unit circle, and where: (η, -1 | 1 | "pair")."""
    # powers of e are symbols here: of them no polynomial algorithm knows what they are
    powers = {e: Fresh(f"e{i}", positive=True) for i, e in enumerate(sorted(polynomial.atoms(sympy.exp), key=str))
              if e.is_number}
    known = {x: Rational(sympy.N(e, 60)) for e, x in powers.items()}
    polynomial = polynomial.xreplace(powers)
    p = Poly(polynomial, z)
    events: list[tuple] = [(-1, p.eval(-1)), (1, p.eval(1))]
    if p.degree() == 2:
        events.append(("pair", p.coeff_monomial(1) - 1))
    candidates = []
    for where, f in events:
        top = sympy.numer(sympy.together(f))
        if top.has(sharpness):
            candidates += [(root, where) for root in _positive_roots(top)]
    rates = sorted({x for root, _ in candidates for x in root.free_symbols}, key=str)
    sample = {x: known.get(x, Rational(1, 10) if str(x) == "lr" else Rational(9, 10)) for x in rates}
    # (of long radicals sympy does not say whether they are real)
    candidates = [(root, where) for root, where in candidates
                  if (value := sympy.N(root.subs(sample), 30)).is_real and value > 0]
    candidates = sorted(candidates, key=lambda c: c[0].subs(sample))
    rates = polynomial.free_symbols - {z, sharpness}
    full = {x: known.get(x, sample.get(x, Rational(1, 10) if str(x) == "lr" else Rational(9, 10))) for x in rates}
    for root, where in candidates:
        at = root.subs(full)
        inside, outside = (_largest(polynomial.subs(full).subs(sharpness, at * k))
                           for k in (Rational(999, 1000), Rational(1001, 1000)))
        if inside < 1 < outside:
            return root.xreplace({x: e for e, x in powers.items()}), where
    return None, None


def _positive_roots(f):
    poly = Poly(f, sharpness)
    if poly.degree() == 1:
        slope, height = poly.all_coeffs()
        return [sympy.simplify(-height / slope)]
    if poly.degree() <= 2:
        return [sympy.simplify(r) for r in sympy.roots(poly) if r.is_real is not False]
    return [r for r in poly.real_roots() if r > 0] if not poly.free_symbols_in_domain else []


def _largest(polynomial):
    p = Poly(polynomial, z)
    try:
        return max(abs(r) for r in p.nroots(n=20, maxsteps=200))
    except mpmath.libmp.NoConvergence:  # roots that nearly meet
        return max(map(abs, np.roots([complex(c) for c in p.all_coeffs()])))


def _roots(polynomial) -> list:
    p = Poly(polynomial, z)
    if p.degree() <= 2:
        return [sympy.simplify(r) for r, k in sympy.roots(p).items() for _ in range(k)]
    return list(p.nroots(n=20))


def _stable(roots: dict, further: dict) -> bool | None:
    """Whether all multipliers are inside the unit circle; the sizes are numbers of 30 digits."""
    values = [*(e for group in roots.values() for e in group), *further.values()]
    if any(sympy.sympify(e).free_symbols for e in values):
        return None
    sizes = [abs(sympy.N(e, 30)) for e in values]
    if any(size > 1 + Rational(1, 10**20) for size in sizes):
        return False
    return True if all(size < 1 - Rational(1, 10**20) for size in sizes) else None


# --------------------------------------------------------------------------------------------- spurious rest points
@dataclass(frozen=True)
class FixedPoint(Readable):
    """A point that the iteration leaves where it is although the gradient does not vanish.

    theta, gradient : exact.  multiplier : of the one-step map there.  attracting : |multiplier| < 1.
    """

    theta: sympy.Expr
    gradient: sympy.Expr
    multiplier: sympy.Expr
    attracting: bool

    def __str__(self):
        return (f"theta = {short(self.theta)}: gradient {short(self.gradient)}, multiplier {short(self.multiplier)}, "
                f"{'' if self.attracting else 'not '}attracting")

    def _repr_latex_(self) -> str:
        return (rf"$\displaystyle \theta = {latex(self.theta)},\quad \nabla F = {latex(self.gradient)},\quad "
                rf"z = {latex(self.multiplier)}\text{{, {'' if self.attracting else 'not '}attracting}}$")


def spurious_fixed_points(optimizer: Optimizer, loss: Objective) -> list[FixedPoint]:
    """Rest points of the iteration that are not critical points of the loss, exactly.

    Runge–Kutta steps have them where h times the curvature is large, so a run may come to rest where ∇F ≠ 0.
    optimizer : of a flow without memory, with a fixed step.  loss : of one variable, a polynomial in symbols.
    Raises ValueError for others.
    """
    flow, h, values = _symbols(optimizer, symbolic=False)
    if flow.memory or loss.dim != 1 or loss.expression is None or not loss.expression.is_polynomial(*loss.symbols):
        raise ValueError("spurious_fixed_points(optimizer, loss): the flow must have no memory and the loss be a "
                         f"polynomial of one variable, got {type(flow).__name__} on {loss.name} of dimension "
                         f"{loss.dim}")
    x, F = loss.symbols[0], as_decimals(loss.expression)
    step = Fresh("h_step", positive=True)
    new = as_decimals(optimizer.scheme.symbolic_step(flow.on(SymbolicLoss(F, [x])), sympy.S.Zero, Vector([x]), step)[0])
    new = new.subs(step, h).subs(values)

    def over(e):
        return (_expanded(part, x) for part in ((e, sympy.S.One) if e.is_polynomial(x) else
                                                sympy.fraction(sympy.cancel(e))))

    def at(e, root):
        """A rational function at an algebraic number, its powers reduced where that keeps it short."""
        radical = not isinstance(root, sympy.CRootOf)
        least = sympy.minimal_polynomial(root, x, polys=True) if radical else root.poly.replace(x)
        if least.degree() > 4:
            return e.subs(x, root)
        top, bottom = (part.rem(least.set_domain(part.domain)).as_expr().subs(x, root) for part in over(e))
        return top / bottom if root.has(sympy.CRootOf) else sympy.simplify(top / bottom)

    slope, rest = (next(over(e)).clear_denoms(convert=True)[1].sqf_part() for e in (F.diff(x), new - x))
    found = []
    for root in dict.fromkeys(rest.quo(rest.gcd(slope)).real_roots()):
        factor = at(new.diff(x), root)
        found.append(FixedPoint(root, at(F.diff(x), root), factor, bool(abs(sympy.N(factor, 30)) < 1)))
    return found


def _expanded(e: sympy.Expr, x: Symbol) -> Poly:
    """A nested expression as a polynomial, by arithmetic of polynomials: sympy expands its terms one by one."""
    if e.is_Add or e.is_Mul:
        parts = [_expanded(part, x) for part in e.args]
        return sum(parts[1:], parts[0]) if e.is_Add else sympy.prod(parts[1:], parts[0])
    if e.is_Pow and e.exp.is_Integer and e.exp > 0:
        return _expanded(e.base, x) ** int(e.exp)
    return Poly(e, x)
