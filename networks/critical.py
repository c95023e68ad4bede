"""The critical points of a loss, with their natures and what is proved about them, from its definition.

One neuron with as many data points as parameters decouples: F = Σ ψ_p(u_p) in the pre-activations u = Aθ, so its
critical points are all combinations of zeros of the ψ_p', and their natures follow from the orders of these zeros.
Polynomial losses are solved by exact algebra (`polynomials`), and piecewise polynomial ones, as of relus, cell by cell
and on the kinks between (`kinks`); the rest in a box, by intervals (`enclosed`), which prove for every part of it that
it holds no critical point, or exactly one.
"""
from __future__ import annotations

import math
import itertools
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy

from arithmetic import Box, as_decimals, as_fractions, exact_sign
from arithmetic.ends import enclosing

from .algebra import Clock, Stopped
from .arrangement import TooMany
from .blowup import Isolated, exact_point, isolated
from .bounds import bounding_box, convex
from .classification import classify
from .eliminated import eliminated
from .enclosed import Enclosures, Open, enclosed, spectrum
from .families import Manifold, manifolds
from .forms import form_sign
from .germ import exact_eigenvalues, plane_form
from .invariance import constant_directions, extended, without
from .kinks import Cells, NotPiecewise, kinked
from .merged import Line
from .nature import Nature
from .objective import Objective, check_box
from .points import Atlas, CriticalPoint
from .poles import poles, without_value
from .polynomials import CriticalSet, Family, Point, critical_set
from .symmetry import searched_once, symmetries


def critical_points(loss, region: Box | None = None, budget: float = 60.0) -> Atlas:
    """The critical points of a symbolic loss (see the module).

    region : a box ((low, high), …) to list them in; by default all of Rⁿ where that is possible, else the loss's box.
    budget : seconds; past it, what is open is said in `undecided`.
    """
    start, region = time.perf_counter(), None if region is None else check_box(region, loss.dim)
    box = loss.box if region is None else region
    decoupled = None if (bent := kinked(loss.expression)) else _decoupled(loss, box)
    if decoupled is not None:
        periodic = sympy.sympify(loss.expression).has(sympy.sin, sympy.cos)
        atlas = Atlas(tuple(decoupled), box if periodic else None, (
            "F decouples: its critical points are all combinations of zeros of functions of one variable",))
    elif bent and (cells := _piecewise(loss, budget)) is not None:
        atlas = cells
    elif directions := constant_directions(loss):
        atlas = _extended(loss, directions, region, budget - (time.perf_counter() - start))
    elif sympy.sympify(loss.expression).is_polynomial(*loss.symbols):
        atlas = _polynomial(loss, box, budget)
    else:
        atlas = _search(loss, region, budget - (time.perf_counter() - start))
    if region is not None and atlas.region is None:
        atlas = replace(atlas, region=region, points=tuple(p for p in atlas if p.family or _inside(p.theta, region)))
    points = [replace(p, loss=loss) for p in atlas]
    order = {"minimum": 0, "saddle": 1, "maximum": 2}
    points.sort(key=lambda p: (order.get(p.nature.kind, 3), float(sympy.N(p.value, 12)),
                               *np.round(p.numeric, 9)))  # equal numbers stay equal whatever their last bits
    return replace(atlas, points=tuple(points), seconds=time.perf_counter() - start)


def complete(loss: Objective) -> bool:
    """Whether `loss.critical_points()` are proved to be all of them, in all of Rⁿ."""
    atlas = loss.critical_points()
    return atlas.complete and atlas.region is None


def coercive(loss: Objective) -> str:
    """Why a loss tends to ∞ in every direction: a polynomial's form of highest degree is positive definite;
    else empty."""
    if not loss.expression.is_polynomial(*loss.symbols):
        return ""
    poly = sympy.Poly(loss.expression, *loss.symbols)
    top = poly.total_degree()
    form = sum(c * sympy.prod(x**e for x, e in zip(poly.gens, m, strict=True)) for m, c in poly.terms()
               if sum(m) == top)
    weights = (sympy.Rational(1, top),) * loss.dim
    kind: str | None = None
    if loss.dim == 1:
        kind = "min" if top % 2 == 0 and poly.LC().is_positive else None
    elif loss.dim == 2:
        kind = plane_form(form, *poly.gens)
    elif all(c.is_Rational for c in sympy.Poly(form, *poly.gens).coeffs()):
        kind = (form_sign(form, poly.gens, weights) or (None,))[0]
    return "F is coercive (its form of highest degree is positive definite)" if kind == "min" else ""


def as_point(critical_point: Any, loss: Objective | None = None) -> CriticalPoint:
    """A critical point as it is, or the one of a loss at given numbers (floats are the fractions that they round).

    It is one to linearise around.  Raises TypeError for numbers without a loss, ValueError where the loss has no
    critical point there, or a kink.
    """
    if isinstance(critical_point, CriticalPoint):
        if critical_point.kinks:
            where = ", ".join(f"{k} = 0" for k in critical_point.kinks)
            raise ValueError(f"critical_point {critical_point.theta} lies on a kink of the loss, where {where}: the "
                             "gradient jumps there; choose a point with eigenvalues")
        return critical_point
    if loss is None:
        raise TypeError(f"critical_point must be a CriticalPoint, or numbers together with loss=..., got "
                        f"{critical_point!r}")
    theta = tuple(as_fractions(x) for x in critical_point)
    number = np.array([float(x) for x in theta])
    for p in loss.critical_points():
        if float(p.distance(number)) <= 1e-6 * (1 + np.abs(number).max()):
            return as_point(p)
    nature, evidence = classify(loss.expression, loss.symbols, theta)
    at = dict(zip(loss.symbols, theta, strict=True))
    hessian = sympy.hessian(loss.expression, loss.symbols).subs(at)
    return CriticalPoint(theta, nature, loss.expression.subs(at), tuple(hessian.eigenvals(multiple=True)),
                         evidence=evidence, symbols=tuple(loss.symbols), loss=loss)


# ------------------------------------------------------------------------------------- decoupled networks
def _decoupled(loss, box) -> list[CriticalPoint] | None:
    """One neuron, with an invertible matrix A of rows (x_p, 1): F = Σ ψ_p((Aθ)_p)."""
    layers: tuple = getattr(loss, "layers", ())
    if len(layers) != 2 or layers[1] != 1 or loss.loss != "squares" or len(loss.data) != loss.dim:
        return None
    A = sympy.Matrix([[*x, 1] if loss.bias else [*x] for x, _ in loss.data])
    if A.det() == 0:
        return None
    z = sympy.Symbol("z", real=True)
    phi, inverse = as_decimals(loss.activations[0].function(z)), A.inv()
    sums = [[sorted((a * low, a * high)) for a, (low, high) in zip(row, [*box], strict=True)] for row in A.tolist()]
    images = [(float(sum(low for low, _ in pairs)), float(sum(high for _, high in pairs))) for pairs in sums]
    try:
        kinds = [_zeros_of_slope(phi, y[0], z, len(loss.data), image)
                 for (_, y), image in zip(loss.data, images, strict=True)]
    except NotExact:
        return None
    points = []
    for combination in itertools.product(*kinds):
        u = sympy.Matrix([c.root for c in combination])
        theta = tuple(sympy.expand(x) for x in inverse * u)
        if any(c.periodic for c in combination) and not _inside(theta, box):
            continue
        curvature = sympy.diag(*(c.curvature for c in combination))
        hessian = (A.T * curvature * A).applyfunc(sympy.expand)
        nature, evidence = _combine(combination)
        if any(c.periodic for c in combination):
            evidence += f"; one of infinitely many, those in {box} are listed"
        points.append(CriticalPoint(theta, nature, sum(c.value for c in combination),
                                    exact_eigenvalues(hessian), evidence=evidence))
    return points


class NotExact(ValueError):
    """Zeros that cannot be written down exactly here."""


@dataclass(frozen=True)
class _Zero:
    """A zero of ψ' : its root, kind ("min", "max", "inflexion", "undecided"), order (of the first derivative of ψ),
    ψ and ψ'' there."""

    root: sympy.Expr
    kind: str
    order: int
    value: sympy.Expr
    curvature: sympy.Expr
    periodic: bool = False


def _zeros_of_slope(phi, y, z, P: int, image: tuple[float, float]) -> list[_Zero]:
    """The real zeros of ψ' for ψ = (φ − y)²/(2P), with the orders read off the multiplicities in φ − y and φ'.

    Of zeros without end those in `image`, and some beside it: what lies in a box is told exactly by who asks.
    """
    error, slope = phi - y, phi.diff(z)
    psi = error**2 / (2 * P)
    values, slopes = dict(_real_zeros(error, z, image)), dict(_real_zeros(slope, z, image))
    periodic = phi.has(sympy.sin, sympy.cos)
    zeros = []
    for root in {**values, **slopes}:
        k = values.get(root, 0)
        order = 2 * k if k else slopes[root] + 1
        if order % 2:
            kind = "inflexion"
        else:  # the first derivative of ψ that does not vanish is (φ − y) φ^(order)/P unless φ = y
            sign = 1 if k else exact_sign(_at(error, z, root) * _at(phi.diff(z, order), z, root))
            kind = {1: "min", -1: "max"}.get(sign or 0, "undecided")
        curvature = _at(psi.diff(z, 2), z, root) if order == 2 else sympy.Integer(0)
        zeros.append(_Zero(root, kind, order, _at(psi, z, root) if not k else sympy.Integer(0), curvature, periodic))
    return sorted(zeros, key=lambda zero: float(sympy.N(zero.root)))


def _at(expression, z, root):
    value = expression.subs(z, root)
    return value if value.has(sympy.CRootOf) else sympy.radsimp(sympy.simplify(value))


def _real_zeros(expression, z, image: tuple[float, float]) -> list[tuple]:
    """Real zeros with their multiplicities, exactly; of zeros without end those in `image`, and some beside it."""
    zeros: dict = {}
    for factor in sympy.Mul.make_args(sympy.factor(sympy.together(expression))):
        base, power = factor.as_base_exp()
        if isinstance(factor, sympy.exp) or not base.has(z):
            continue
        if base.is_polynomial(z):
            if power.is_positive:
                for root, multiplicity in _polynomial_zeros(base, z):
                    zeros[root] = zeros.get(root, 0) + multiplicity * int(power)
            continue
        if base.is_positive or base.is_negative:
            continue
        roots = sympy.solveset(base, z, sympy.S.Reals)
        if not isinstance(roots, sympy.FiniteSet):
            roots = roots.intersect(sympy.Interval(math.floor(image[0]) - 1, math.ceil(image[1]) + 1))
            if not isinstance(roots, sympy.FiniteSet) and roots != sympy.S.EmptySet:
                raise NotExact(f"the real zeros of {base} could not be found exactly")
        for root in roots:
            n = 1
            while sympy.simplify(base.diff(z, n).subs(z, root)) == 0:
                n += 1
            zeros[root] = zeros.get(root, 0) + n
    return list(zeros.items())


def _polynomial_zeros(expression, z) -> list[tuple]:
    """Real zeros of a polynomial with multiplicities: radicals up to degree 2, else `CRootOf`."""
    poly = sympy.Poly(expression, z, extension=True)
    zeros = []
    for factor, multiplicity in poly.sqf_list()[1]:
        for part, _ in factor.factor_list()[1]:
            if part.degree() <= 2:
                roots = [sympy.radsimp(sympy.sqrtdenest(root)) for root in sympy.roots(part.as_expr(), z)]
                roots = [root for root in roots if sympy.im(sympy.N(root, 30)) == 0 or root.is_real]
            elif part.get_domain().is_QQ or part.get_domain().is_ZZ:
                roots = sympy.real_roots(part, multiple=True)
            else:
                raise NotExact(f"the zeros of {part} could not be found exactly")
            zeros += [(root, multiplicity) for root in roots]
    return zeros


def _combine(zeros) -> tuple[Nature, str]:
    """The nature of a sum of one-dimensional functions."""
    kinds, singular = {c.kind for c in zeros}, any(c.order > 2 for c in zeros)
    named = {"min": "a minimum", "max": "a maximum", "inflexion": "an inflexion",
             "undecided": "a point of unknown sign"}
    evidence = "F decouples into " + " + ".join(f"{named[c.kind]} of order {c.order}" for c in zeros)
    if "inflexion" in kinds or {"min", "max"} <= kinds:
        return Nature.of("saddle", degenerate=singular), evidence
    if "undecided" in kinds:
        return Nature.UNDECIDED, evidence
    return Nature.of("minimum" if kinds == {"min"} else "maximum", degenerate=singular), evidence


def _inside(theta, box) -> bool:
    return all(low <= float(sympy.N(x)) <= high for x, (low, high) in zip(theta, box, strict=True))


# -------------------------------------------------------------------------------------- polynomial losses
def _polynomial(loss, box, budget: float) -> Atlas:
    """Critical points of a polynomial loss; where algebra does not come to an end, intervals go on in the box."""
    start = time.perf_counter()
    try:
        found = critical_set(loss.expression, loss.symbols, seconds=budget)
        points = [_of_point(p, loss) for p in found.points] + [_of_family(f, loss) for f in found.families]
    except (ValueError, Stopped) as error:
        found, points = CriticalSet(undecided=[str(error)]), []
    if not found.complete:
        other = _search(loss, box, budget - (time.perf_counter() - start))
        if other.complete:
            return other
        more = [p for p in other if all(float(q.distance(p.numeric)) > 1e-6 for q in points)]
        return Atlas((*points, *more), box, tuple(found.proof), (*found.undecided, *other.undecided))
    return Atlas(tuple(points), None, tuple(found.proof), tuple(found.undecided))


def _of_point(p: Point, loss) -> CriticalPoint:
    return CriticalPoint(p.theta, Nature(p.nature), p.value, p.spectrum(loss.expression, loss.symbols), exact=p.exact,
                         evidence=p.evidence, box=p.box)


def _of_family(family: Family, loss) -> CriticalPoint:
    value = family.value
    if value is None:
        value = sympy.nan if family.member is None else sympy.Float(float(loss.value(np.array(family.member))))
    return CriticalPoint(family.theta, Nature(family.nature), value, family=family.parameters,
                         equations=family.equations, symbols=tuple(loss.symbols), member=family.member or (),
                         evidence=family.evidence)


def _piecewise(loss, budget: float) -> Atlas | None:
    """Critical points of a piecewise polynomial loss; None where it is not seen to be one."""
    try:
        search = Cells(loss.expression, loss.symbols, Clock(budget))
    except (NotPiecewise, TooMany):
        return None
    except Stopped as stop:
        return Atlas((), None, (), (str(stop),))
    search.run()
    return Atlas(tuple(search.found), None, tuple(search.proof), tuple(search.undecided))


# ------------------------------------------------------------------------------------------- other losses
def _search(loss, region, budget: float) -> Atlas:
    """The critical points in a box by intervals; exact numbers where they are on a coordinate axis or degenerate."""
    start, box = time.perf_counter(), region or loss.box
    enclosures, proof = Enclosures(loss), []
    if region is None and (bounded := bounding_box(enclosures)):
        box, everywhere = bounded, True
        sides = " × ".join(f"[{low:.4g}, {high:.4g}]" for low, high in box)
        proof.append(f"weight decay: no critical point lies outside the box {sides}")
    else:
        everywhere = False
    families, (low, high) = manifolds(enclosures), np.array(box).T
    infinite = poles(enclosures, low, high, _common_zeros)
    group = symmetries(loss, low, high)
    hidden = None if infinite else eliminated(enclosures, low, high, start + budget, families, group)
    found = hidden or enclosed(enclosures, low, high, start + budget, isolated, [*families, *infinite], group)
    zeros = [z for z in found.zeros if not without_value(loss, z.inner_low, z.inner_high)]
    exact = _exact_zeros(enclosures, zeros)
    points = [_of_zero(zero, exact.get(k), enclosures) for k, zero in enumerate(zeros)]
    met = [(m, m.member()) for m in families if m.met]
    others = [_of_isolated(p, loss) for p in found.isolated]
    others += [_of_manifold(m, member, loss) for m, member in met if member is not None]
    points += _with_images(others, group)
    unmet = [f"whether {{{', '.join(f'{e} = 0' for e in m.equations)}}} passes through the region"
             for m, member in met if member is None]
    if hidden:
        points += [p for line in hidden.lines for p in _of_line(line, loss)]
        proof += hidden.proof
        unmet += hidden.strata
        if region is None and not everywhere:
            box = hidden.region(box)
    elif group:
        proof.append(searched_once(group))
    proof += [f"F is infinite where {p.equation} = 0, and too steep beside it for a critical point" for p in infinite
              if p.met]
    proof.append(f"{found.boxes} boxes cover {'it' if everywhere else 'the region'}; intervals prove that each holds "
                 "no critical point" + ", or only what is listed" * bool(points) + ", or is open" * bool(found.open))
    late = () if found.finished else (f"stopped after {found.seconds:.2g} s" + (
        f", as the rest would take {found.rest:.0e} s at that rate" if found.rest else ""),)
    alone = [p.nature for p in points] == ["minimum"] and not found.open and not unmet
    if region is None and not everywhere and alone and convex(loss):
        everywhere = True
        proof.append("F is convex, so a strict minimum is its only critical point")
    return Atlas(tuple(points), None if everywhere else box, tuple(proof), (*late, *unmet, *found.open))


def _extended(loss, directions: list[tuple], region, budget: float) -> Atlas:
    """Of a loss that does not change in some directions: those of a loss in fewer coordinates, extended."""
    if len(directions) == loss.dim:
        x = tuple(loss.symbols)
        everywhere = CriticalPoint(x, Nature.NON_STRICT_MINIMUM, sympy.simplify(loss.expression), family=x, symbols=x,
                                   equations=(sympy.Integer(0),), member=(0.0,) * loss.dim, evidence="F is constant")
        return Atlas((everywhere,), None, ("F is constant",))
    reduced, pivots = without(loss, directions, region or loss.box)
    atlas = critical_points(reduced, None if region is None else reduced.box, budget)
    text = " and ".join(str(tuple(d)) for d in directions)
    where = f"({', '.join(map(str, reduced.symbols))}) where {', '.join(f'{loss.symbols[p]} = 0' for p in pivots)}"
    return replace(atlas, points=tuple(extended(p, loss, directions, pivots) for p in atlas),
                   region=None if atlas.region is None else region or loss.box,
                   undecided=tuple(f"{u}, of {where}" if isinstance(u, Open) else u for u in atlas.undecided),
                   proof=(f"F does not change along {text}, which leaves {reduced.dim} coordinates", *atlas.proof))


def _with_images(points: list[CriticalPoint], group) -> list[CriticalPoint]:
    """The points and families with what the symmetries map them to, each once."""
    found: dict[frozenset | tuple, CriticalPoint] = {}
    for p in points:
        for g in (None, *group):
            q = p if g is None else _image(p, g)
            key = frozenset(map(_unsigned, q.equations)) if q.family else tuple(map(sympy.simplify, q.theta))
            found.setdefault(key, q)
    return list(found.values())


def _unsigned(e):
    e = sympy.expand(e)
    return -e if e.could_extract_minus_sign() else e


def _image(p: CriticalPoint, g) -> CriticalPoint:
    """What a symmetry of F maps a point to; a family by its equations, in which the inverse is put."""
    if not p.family:
        return replace(p, theta=g(p.theta))
    inverse = {p.symbols[place]: sign * s for place, sign, s in zip(g.places, g.signs, p.symbols, strict=True)}
    parameters = tuple(s for s in p.symbols if any(abs(inverse[t]) == abs(s) for t in p.family))
    return replace(p, theta=g(tuple(x.xreplace(inverse) for x in map(sympy.sympify, p.theta))), family=parameters,
                   equations=tuple(e.xreplace(inverse) for e in p.equations), member=g(p.member))


def _exact_zeros(enclosures: Enclosures, zeros) -> dict:
    """Exact numbers for the zeros that are simple numbers or lie on a coordinate axis and can be written down."""
    near = [k for k, zero in enumerate(zeros)
            if ((zero.inner_low <= 0) & (zero.inner_high >= 0)).sum() >= enclosures.dim - 1]
    found = {}
    for k, zero in enumerate(zeros):
        candidates = enclosures.axis_points if k in near else ()
        tolerance = np.maximum(zero.inner_high - zero.inner_low, 1e-12 * (1 + np.abs(zero.middle)))
        simple = exact_point(enclosures, zero.middle, tolerance)
        for theta in (*candidates, *((simple,) if simple else ())):
            if zero.holds(*np.array([enclosing(x) for x in theta]).T):
                found[k] = theta
    return found


def _of_zero(zero, theta, enclosures: Enclosures) -> CriticalPoint:
    """A critical point from a box that holds exactly one.  theta : exact, or None."""
    low, high, _ = enclosures.system.slopes(zero.inner_low[:, None], zero.inner_high[:, None])
    eigenvalues = spectrum(low[..., 0], high[..., 0])
    value_low, value_high, _ = enclosures.values(zero.inner_low[:, None], zero.inner_high[:, None])
    if eigenvalues.signs is None:
        nature = Nature.UNDECIDED
        why = "the signs of the Hessian's eigenvalues are not decided in floating-point intervals"
    else:
        positive, negative = eigenvalues.signs
        nature = Nature.of_hessian(positive, negative)
        why = f"the Hessian is invertible there, with {positive} positive and {negative} negative eigenvalues"
    alone = float(np.minimum(zero.high - zero.middle, zero.middle - zero.low).min())
    evidence = f"intervals prove one critical point here and no other within {alone:.1e}; {why}"
    loss = enclosures.loss
    values = tuple(sympy.Float(float(v), 17) for v in (eigenvalues.low + eigenvalues.high) / 2)
    ends = tuple((sympy.Rational(float(a)), sympy.Rational(float(b)))
                 for a, b in zip(zero.inner_low, zero.inner_high, strict=True))
    intervals = tuple(zip(eigenvalues.low.tolist(), eigenvalues.high.tolist(), strict=True))
    if theta is None:
        return CriticalPoint(tuple(sympy.Float(float(x), 17) for x in zero.middle), nature,
                             sympy.Float(float(value_low[0, 0] / 2 + value_high[0, 0] / 2), 17), values, exact=False,
                             evidence=evidence, box=ends, spectrum=intervals)
    value = as_decimals(loss.expression).subs(dict(zip(loss.symbols, theta, strict=True)))
    return CriticalPoint(tuple(theta), nature, sympy.simplify(value), values, evidence=evidence, box=ends,
                         spectrum=intervals)


def _of_manifold(m: Manifold, member: np.ndarray, loss) -> CriticalPoint:
    known = {}
    for e in m.equations:  # coordinates that an equation gives
        s = next((s for s in loss.symbols if (e - s).is_number or e == s), None)
        if s is not None:
            known[s] = s - e
    value = sympy.simplify(as_decimals(loss.expression).subs(known)) if known else sympy.Integer(0)
    if value.free_symbols:
        value = sympy.Float(float(loss.value(member)), 17)
    signs = " or ".join(map(str, sorted(m.signs, key=str)))
    return CriticalPoint(
        tuple(known.get(s, s) for s in loss.symbols), m.nature, value,
        family=tuple(s for s in loss.symbols if s not in known),
        equations=m.equations, symbols=tuple(loss.symbols), member=tuple(map(float, member)),
        evidence=f"{m.evidence}; intervals prove that nothing else is critical around it; across it the numbers of "
                 f"positive and negative eigenvalues are {signs}")


def _of_line(line: Line, loss) -> list[CriticalPoint]:
    """The parts of a line of networks with two units that are equal up to signs."""
    unit, symbols = _of_zero(line.unit, None, line.alone), loss.symbols
    w, a = unit.theta
    (w_1, w_2), (a_1, a_2) = ([symbols[i] for i in places] for places in (line.hidden, line.outputs))
    s_1, s_2 = line.signs
    theta = {w_1: s_1 * w, w_2: s_2 * w, a_1: a_1, a_2: s_2 * (a - s_1 * a_1)}
    member = {w_1: s_1 * w, w_2: s_2 * w, a_1: s_1 * a / 2, a_2: s_2 * a / 2}
    units = f"two units as one, (w, a) = ({w:.9g}, {a:.9g}), where {unit.evidence}"
    product, parts = line.bend * s_1 * s_2 * a_1 * a_2, list[tuple]()
    if unit.nature.is_saddle:
        parts.append((Nature.DEGENERATE_SADDLE, (), units, member))
    elif unit.nature.kind == "minimum":
        outside = member | {a_1: 2 * s_1 * a, a_2: -s_2 * a}
        inner, outer = (member, outside) if line.bend > 0 else (outside, member)
        parts.append((Nature.NON_STRICT_MINIMUM, (product > 0,), f"{units}; and so it is when they part", inner))
        parts.append((Nature.DEGENERATE_SADDLE, (product <= 0,), f"{units}; and when they part F falls, there or as "
                      "near as one likes", outer))
    else:
        parts.append((Nature.UNDECIDED, (), units, member))
    return [CriticalPoint(
        tuple(theta[s] for s in symbols), nature, unit.value, exact=False, family=(a_1,), symbols=tuple(symbols),
        equations=(w_1 - s_1 * w, w_2 - s_2 * w, s_1 * a_1 + s_2 * a_2 - a), inequalities=inequalities,
        member=tuple(float(at[s]) for s in symbols), evidence=evidence) for nature, inequalities, evidence, at in parts]


def _of_isolated(p: Isolated, loss) -> CriticalPoint:
    at = dict(zip(loss.symbols, p.theta, strict=True))
    f = as_decimals(loss.expression)
    hessian = sympy.hessian(f, list(loss.symbols)).subs(at).applyfunc(sympy.simplify)
    evidence = (f"{p.evidence}; a blow-up of order {p.order} with weights {p.weights} proves that no other lies within "
                f"{p.size:.1e}")
    return CriticalPoint(tuple(p.theta), p.nature, sympy.simplify(f.subs(at)), exact_eigenvalues(hessian),
                         evidence=evidence)


LARGEST_POWERS = 24


def on_coordinate_axes(loss) -> list[tuple]:
    """Exact critical points with all but at most one coordinate 0."""
    symbols, found, f = list(loss.symbols), [], as_decimals(loss.expression)
    slope = [f.diff(s) for s in symbols]
    for x in symbols:
        on_axis = [g.subs(dict.fromkeys((s for s in symbols if s is not x), 0)) for g in slope]
        for root in _common_zeros(on_axis, x):
            theta = tuple(root if s is x else sympy.Integer(0) for s in symbols)
            value = f.subs(dict(zip(symbols, theta, strict=True)))
            if theta not in found and not value.has(sympy.zoo, sympy.nan, sympy.oo):  # F is defined there
                found.append(theta)
    return found


def _common_zeros(expressions, x) -> list:
    """Exact common real zeros of functions that are rational in x and in one exp or tanh: those of the factors of their
    greatest common divisor that hold x or that function alone."""
    G = sympy.Symbol("G", real=True)
    expressions = [sympy.expand_trig(sympy.expand(e)) for e in expressions]
    atoms = set().union(*(e.atoms(sympy.exp, sympy.tanh) for e in expressions))
    inner: sympy.Expr = sympy.exp(x)
    powers = 0
    if atoms:
        inner = min(atoms, key=lambda a: (abs(a.args[0].as_coeff_Mul()[0]), str(a)))
        for a in atoms:  # exp(n u) is G^n for exp(u) = G
            n = sympy.simplify(a.args[0] / inner.args[0])
            if a.func is not inner.func or not n.is_Integer or (n != 1 and a.func is not sympy.exp):
                return []
            powers += abs(int(n))
            expressions = [e.xreplace({a: G**n}) for e in expressions]
        if powers > LARGEST_POWERS:  # (the factors of such polynomials take long)
            return []
    numerators = [sympy.fraction(sympy.together(e))[0] for e in expressions]
    if not all(n.is_polynomial(x, G) for n in numerators):
        return []
    zeros = []
    for factor, _ in sympy.factor_list(sympy.gcd_list([sympy.expand(n) for n in numerators]), x, G)[1]:
        if factor.free_symbols == {x}:
            zeros += [root for root, _ in _polynomial_zeros(factor, x)]
        elif factor.free_symbols == {G}:
            for value, _ in _polynomial_zeros(factor, G):
                inverse = sympy.log(value) if inner.func is sympy.exp and value.is_positive else (
                    sympy.atanh(value) if inner.func is sympy.tanh and abs(value) < 1 else None)
                if inverse is not None:
                    zeros += [root for root in sympy.solve(inner.args[0] - inverse, x) if root.is_real]
    return zeros
