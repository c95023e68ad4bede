"""Exact critical points of a loss, computed from its definition.

One neuron with as many data points as parameters decouples: F = Σ ψ_p(u_p) in the pre-activations u = Aθ, so its
critical points are all combinations of zeros of the ψ_p', and their natures follow from the orders of these zeros.
Polynomial losses are solved as polynomial systems; the rest on the coordinate planes exactly and elsewhere by Newton's
method, each point it finds certified by an interval (Krawczyk) test.
"""
from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import sympy

from arithmetic import Interval, Vector, as_fractions, exact_sign

from .classification import classify
from .forms import form_sign
from .germ import plane_form
from .nature import Nature


@dataclass(frozen=True)
class CriticalPoint:
    """A critical point, or with `family` a set of them.

    theta : exact sympy numbers; expressions in the parameters of a family; floats where only `certified`.
    nature : a `Nature` (or its text): "minimum", "maximum", "saddle"; with singular Hessian "degenerate …"; not isolated
    "non-strict …"; else "undecided".  value : F there.  eigenvalues : of the Hessian.  exact : theta is exact.
    certified : an interval test proves that one critical point lies within 1e-8 of theta.
    evidence : why it has this nature.  family : an equation, or the parameters of `theta`.  loss : where it belongs.
    """

    theta: tuple
    nature: Nature
    value: object
    eigenvalues: tuple = ()
    exact: bool = True
    certified: bool = True
    evidence: str = ""
    family: tuple = field(default=())
    equation: sympy.Expr | None = None
    symbols: tuple = ()
    loss: object = field(default=None, repr=False, compare=False)

    def __post_init__(self):
        object.__setattr__(self, "nature", Nature(self.nature))

    @cached_property
    def numeric(self) -> np.ndarray:
        """The point in floats, (dim,); of a family, the member at parameter 1."""
        return np.array([float(sympy.N(sympy.sympify(x).subs(dict.fromkeys(self.family, 1)), 17)) for x in self.theta])

    def distance(self, theta) -> np.ndarray:
        """Euclidean distance of `theta`, (dim,) or (dim, lanes), to the point or the family.

        To {g = 0} it is the first-order distance |g|/|∇g|; to a family that is linear in its parameters the exact one.
        """
        theta = np.asarray(theta, dtype=float)
        if self.equation is not None:
            g = sympy.lambdify([self.symbols], self.equation, "numpy")
            slope = sympy.lambdify([self.symbols], [self.equation.diff(s) for s in self.symbols], "numpy")
            with np.errstate(all="ignore"):
                size = np.sqrt(sum(np.broadcast_to(d, theta.shape[1:]) ** 2 for d in slope(theta)))
                return np.abs(g(theta)) / size
        offset = theta - self._origin.reshape(-1, *[1] * (theta.ndim - 1))
        for direction in self._directions:
            offset = offset - direction.reshape(-1, *[1] * (theta.ndim - 1)) * np.tensordot(direction, offset, axes=(0, 0))
        with np.errstate(over="ignore"):  # ends of diverged runs
            return np.sqrt(np.sum(offset**2, axis=0))

    @cached_property
    def _origin(self) -> np.ndarray:
        return np.array([float(sympy.N(sympy.sympify(x).subs(dict.fromkeys(self.family, 0)), 17)) for x in self.theta])

    @cached_property
    def _directions(self) -> list[np.ndarray]:
        columns = [np.array([float(sympy.sympify(x).diff(p)) for x in self.theta]) for p in self.family]
        return list(np.linalg.qr(np.array(columns).T)[0].T) if columns else []


def critical_points(loss) -> list[CriticalPoint]:
    """The critical points of a symbolic loss (see the module), minima first."""
    points = _decoupled(loss)
    if points is None:
        solvable = loss.dim <= 4 and loss.expression.is_polynomial(*loss.symbols)  # beyond, sympy does not come back
        points = _polynomial(loss) if solvable else _general(loss)
    order = {"minimum": 0, "saddle": 1, "maximum": 2}
    points = [replace(p, loss=loss) for p in points]
    return sorted(points, key=lambda p: (order.get(p.nature.kind, 3), float(sympy.N(p.value, 12)),
                                         *np.round(p.numeric, 9)))  # equal numbers stay equal whatever their last bits


def complete(loss) -> bool:
    """Whether `critical_points` provably lists all of them, exactly: polynomials, and networks that decouple (no sines)."""
    if loss.expression.is_polynomial(*loss.symbols):
        return loss.dim <= 4
    return not loss.expression.has(sympy.sin, sympy.cos) and _decoupled(loss) is not None


def coercive(loss) -> str:
    """Why a loss tends to ∞ in every direction: a polynomial's form of highest degree is positive definite; else empty."""
    if not loss.expression.is_polynomial(*loss.symbols):
        return ""
    poly = sympy.Poly(loss.expression, *loss.symbols)
    top = poly.total_degree()
    form = sum(c * sympy.prod(x**e for x, e in zip(poly.gens, m, strict=True)) for m, c in poly.terms() if sum(m) == top)
    weights = (sympy.Rational(1, top),) * loss.dim
    kind: str | None = None
    if loss.dim == 1:
        kind = "min" if top % 2 == 0 and poly.LC().is_positive else None
    elif loss.dim == 2:
        kind = plane_form(form, *poly.gens)
    elif all(c.is_Rational for c in sympy.Poly(form, *poly.gens).coeffs()):
        kind = (form_sign(form, poly.gens, weights) or (None,))[0]
    return "F is coercive (its form of highest degree is positive definite)" if kind == "min" else ""


def as_point(critical_point, loss=None) -> CriticalPoint:
    """A critical point as it is, or the one of a loss at given numbers (floats are the fractions that they round).

    Raises TypeError for numbers without a loss, ValueError where the loss has no critical point there.
    """
    if isinstance(critical_point, CriticalPoint):
        return critical_point
    if loss is None:
        raise TypeError(f"critical_point must be a CriticalPoint, or numbers together with loss=..., got {critical_point!r}")
    theta = tuple(as_fractions(x) for x in critical_point)
    number = np.array([float(x) for x in theta])
    for p in loss.critical_points():
        if float(p.distance(number)) <= 1e-6 * (1 + np.abs(number).max()):
            return p
    nature, evidence = classify(loss.expression, loss.symbols, theta)
    at = dict(zip(loss.symbols, theta, strict=True))
    hessian = sympy.hessian(loss.expression, loss.symbols).subs(at)
    return CriticalPoint(theta, nature, loss.expression.subs(at), tuple(hessian.eigenvals(multiple=True)), evidence=evidence,
                         symbols=tuple(loss.symbols), loss=loss)


# ------------------------------------------------------------------------------------- decoupled networks
def _decoupled(loss) -> list[CriticalPoint] | None:
    """One neuron, with an invertible matrix A of rows (x_p, 1): F = Σ ψ_p((Aθ)_p)."""
    layers: tuple = getattr(loss, "layers", ())
    if len(layers) != 2 or layers[1] != 1 or len(loss.data) != loss.dim:
        return None
    A = sympy.Matrix([[*x, 1] if loss.bias else [*x] for x, _ in loss.data])
    if A.det() == 0:
        return None
    z = sympy.Symbol("z", real=True)
    phi, inverse = sympy.sympify(loss.activations[0].function(z)), A.inv()
    reach = [sum(abs(a) * max(abs(low), abs(high)) for a, (low, high) in zip(row, [*loss.box], strict=True))
             for row in A.tolist()]
    kinds = [_zeros_of_slope(phi, y[0], z, len(loss.data), float(r)) for (_, y), r in zip(loss.data, reach, strict=True)]
    points = []
    for combination in itertools.product(*kinds):
        u = sympy.Matrix([c.root for c in combination])
        theta = tuple(sympy.expand(x) for x in inverse * u)
        if any(c.periodic for c in combination) and not _inside(theta, loss.box):
            continue
        curvature = sympy.diag(*(c.curvature for c in combination))
        hessian = (A.T * curvature * A).applyfunc(sympy.expand)
        nature, evidence = _combine(combination)
        if any(c.periodic for c in combination):
            evidence += f"; one of infinitely many, those in {loss.box} are listed"
        points.append(CriticalPoint(theta, nature, sum(c.value for c in combination), _eigenvalues(hessian), evidence=evidence))
    return points


@dataclass(frozen=True)
class _Zero:
    """A zero of ψ' : its root, kind ("min", "max", "inflexion", "undecided"), order (of the first derivative of ψ), ψ and ψ'' there."""

    root: sympy.Expr
    kind: str
    order: int
    value: sympy.Expr
    curvature: sympy.Expr
    periodic: bool = False


def _zeros_of_slope(phi, y, z, P: int, reach: float) -> list[_Zero]:
    """The real zeros of ψ' for ψ = (φ − y)²/(2P), with the orders read off the multiplicities in φ − y and φ'."""
    error, slope = phi - y, phi.diff(z)
    psi = error**2 / (2 * P)
    values, slopes = dict(_real_zeros(error, z, reach)), dict(_real_zeros(slope, z, reach))
    periodic = phi.has(sympy.sin, sympy.cos)
    zeros = []
    for root in {**values, **slopes}:
        k = values.get(root, 0)
        order = 2 * k if k else slopes[root] + 1
        if order % 2:
            kind = "inflexion"
        else:  # the first derivative of ψ that does not vanish is (φ − y) φ^(order)/P unless φ = y
            sign = 1 if k else exact_sign(_at(error, z, root) * _at(phi.diff(z, order), z, root))
            kind = {1: "min", -1: "max"}.get(sign, "undecided")
        curvature = _at(psi.diff(z, 2), z, root) if order == 2 else sympy.Integer(0)
        zeros.append(_Zero(root, kind, order, _at(psi, z, root) if not k else sympy.Integer(0), curvature, periodic))
    return sorted(zeros, key=lambda zero: float(sympy.N(zero.root)))


def _at(expression, z, root):
    value = expression.subs(z, root)
    return value if value.has(sympy.CRootOf) else sympy.radsimp(sympy.simplify(value))


def _real_zeros(expression, z, reach: float) -> list[tuple]:
    """Real zeros with their multiplicities, exactly."""
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
            roots = roots.intersect(sympy.Interval(-reach, reach))
            if not isinstance(roots, sympy.FiniteSet) and roots != sympy.S.EmptySet:
                raise ValueError(f"the real zeros of {base} could not be found exactly")
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
                raise ValueError(f"the zeros of {part} could not be found exactly")
            zeros += [(root, multiplicity) for root in roots]
    return zeros


def _combine(zeros) -> tuple[Nature, str]:
    """The nature of a sum of one-dimensional functions."""
    kinds, singular = {c.kind for c in zeros}, any(c.order > 2 for c in zeros)
    named = {"min": "a minimum", "max": "a maximum", "inflexion": "an inflexion", "undecided": "a point of unknown sign"}
    evidence = "F decouples into " + " + ".join(f"{named[c.kind]} of order {c.order}" for c in zeros)
    if "inflexion" in kinds or {"min", "max"} <= kinds:
        return Nature.of("saddle", degenerate=singular), evidence
    if "undecided" in kinds:
        return Nature.UNDECIDED, evidence
    return Nature.of("minimum" if kinds == {"min"} else "maximum", degenerate=singular), evidence


def _eigenvalues(hessian) -> tuple:
    """Eigenvalues of an exact symmetric matrix: in closed form up to 2 × 2."""
    if hessian.shape == (2, 2):
        trace, det = sympy.expand(hessian.trace()), sympy.expand(hessian.det())
        if det == 0:
            return (trace, sympy.Integer(0)) if exact_sign(trace) == -1 else (sympy.Integer(0), trace)
        root = sympy.sqrt(sympy.expand(trace**2 - 4 * det))
        return tuple(sympy.expand((trace + s * root) / 2) for s in (-1, 1))
    return tuple(sorted(hessian.eigenvals(multiple=True), key=lambda e: float(sympy.re(sympy.N(e)))))


def _inside(theta, box) -> bool:
    return all(low <= float(sympy.N(x)) <= high for x, (low, high) in zip(theta, box, strict=True))


# -------------------------------------------------------------------------------------- polynomial losses
def _polynomial(loss) -> list[CriticalPoint]:
    """Critical points of a polynomial loss: a common factor of ∂F is a family, the cofactors give the rest."""
    f, symbols = sympy.expand(loss.expression), list(loss.symbols)
    slope = [sympy.factor(f.diff(s)) for s in symbols]
    if not any(slope):
        everywhere, flat = tuple(symbols), (sympy.Integer(0),) * len(symbols)
        return [CriticalPoint(everywhere, "non-strict minimum", f, flat, family=everywhere, symbols=everywhere,
                              evidence="F is constant: every point is critical")]
    common = sympy.gcd_list([sympy.expand(g) for g in slope])
    points = []
    if common.free_symbols and len(symbols) > 1:  # (of one variable, the zeros of ∂F are points)
        points += [_surface(loss, f, symbols, factor) for factor, _ in sympy.factor_list(common)[1]]
        slope = [sympy.cancel(g / common) for g in slope]
    solutions = sympy.solve(slope, symbols, dict=True) if len(symbols) > 1 else [
        {symbols[0]: root} for root, _ in _polynomial_zeros(slope[0], symbols[0])]
    for solution in solutions:
        solution = {s: _as_real(x) for s, x in solution.items()}
        if None in solution.values():
            continue
        theta = [solution.get(s, s) for s in symbols]
        free = tuple(s for s in symbols if s not in solution)
        hessian = sympy.hessian(f, symbols).subs(solution)
        value = sympy.expand(f.subs(solution))
        if free:
            eigenvalues = tuple(hessian.eigenvals(multiple=True))
            signs = {e.is_positive for e in (sympy.sympify(x).subs(dict.fromkeys(free, 1)) for x in eigenvalues) if e != 0}
            nature = Nature.DEGENERATE_SADDLE if signs == {True, False} else Nature.UNDECIDED
            points.append(CriticalPoint(tuple(theta), nature, value, eigenvalues, family=free, symbols=tuple(symbols), evidence=(
                f"a line of critical points, parameter {', '.join(map(str, free))}; where it is not 0 the Hessian has "
                "eigenvalues of both signs, and F is odd across 0" if nature.decided else
                "a line of critical points with semidefinite Hessian")))
            continue
        nature, evidence = classify(f, symbols, theta)
        points.append(CriticalPoint(tuple(theta), nature, value, _eigenvalues(hessian), evidence=evidence))
    return points


def _as_real(x):
    """A number that is real, written without i (as the root of a polynomial where radicals need i); None if it is not."""
    if x.free_symbols or x.is_real:
        return x
    value = sympy.N(x, 60)
    if abs(sympy.im(value)) > sympy.Float("1e-40") * (1 + abs(value)):
        return None
    z = sympy.Symbol("z", real=True)
    if not x.has(sympy.I):
        return x
    roots = sympy.real_roots(sympy.Poly(sympy.minimal_polynomial(x, z), z), multiple=True)
    return min(roots, key=lambda root: abs(sympy.N(root, 60) - sympy.re(value)), default=None)


def _surface(loss, f, symbols, equation) -> CriticalPoint:
    """The family {equation = 0}: F is constant on it, and it is a minimum if F exceeds that value by a square."""
    value = sympy.rem(f, equation, symbols[0]) if sympy.degree(equation, symbols[0]) else sympy.rem(f, equation, symbols[-1])
    excess = sympy.factor(f - value)
    square = value.is_number and all(k % 2 == 0 for _, k in sympy.factor_list(excess)[1])
    sign = exact_sign(sympy.factor_list(excess)[0]) if square else None
    nature = Nature.of("minimum" if sign > 0 else "maximum", strict=False) if sign else Nature.UNDECIDED
    solved = sympy.solve(equation, symbols[-1])[0]
    return CriticalPoint((*symbols[:-1], solved), nature, value, family=tuple(symbols[:-1]), equation=equation,
                         symbols=tuple(symbols), evidence=f"F − ({value}) = {excess} on and around {equation} = 0")


# ------------------------------------------------------------------------------------------- other losses
def _general(loss) -> list[CriticalPoint]:
    """Exact points on the coordinate planes, then what Newton's method finds in the box, certified one by one."""
    f, symbols = loss.expression, list(loss.symbols)
    points = []
    for theta in _on_coordinate_planes(loss):
        nature, evidence = classify(f, symbols, theta)
        hessian = sympy.hessian(f, symbols).subs(dict(zip(symbols, theta, strict=True))).applyfunc(sympy.simplify)
        value = sympy.simplify(f.subs(dict(zip(symbols, theta, strict=True))))
        points.append(CriticalPoint(tuple(theta), nature, value, _eigenvalues(hessian), evidence=evidence))
    known = [p.numeric for p in points]
    for place in _newton(loss):
        if any(np.linalg.norm(place - k) < 1e-3 for k in known):
            continue
        box = krawczyk(loss, place, 1e-8)
        if box is None:
            continue
        known.append(place)
        eigenvalues = np.linalg.eigvalsh(loss.hessian(place))
        positive = int((eigenvalues > 0).sum())
        nature = Nature.of_hessian(positive, loss.dim - positive)
        points.append(CriticalPoint(
            tuple(sympy.Float(x, 17) for x in place), nature, sympy.Float(float(loss.value(place))),
            tuple(map(sympy.Float, eigenvalues)), exact=False, evidence=(
                f"found in the box {loss.box} by Newton's method (that there are no more there is not proved); an interval "
                "test proves one critical point within 1e-8, with a Hessian that is invertible there")))
    return points


def _on_coordinate_planes(loss) -> list[tuple]:
    """Exact critical points with all but at most one coordinate 0."""
    symbols, found = list(loss.symbols), []
    slope = [loss.expression.diff(s) for s in symbols]
    for x in symbols:
        on_axis = [g.subs(dict.fromkeys((s for s in symbols if s is not x), 0)) for g in slope]
        for root in _common_zeros(on_axis, x):
            theta = tuple(root if s is x else sympy.Integer(0) for s in symbols)
            if theta not in found:
                found.append(theta)
    return found


def _common_zeros(expressions, x) -> list:
    """Exact common real zeros of functions that are rational in x and in one exp or tanh: those of the factors of their
    greatest common divisor that hold x or that function alone."""
    G = sympy.Symbol("G", real=True)
    expressions = [sympy.expand_trig(sympy.expand(e)) for e in expressions]
    atoms = set().union(*(e.atoms(sympy.exp, sympy.tanh) for e in expressions))
    inner: sympy.Expr = sympy.exp(x)
    if atoms:
        inner = min(atoms, key=lambda a: (abs(a.args[0].as_coeff_Mul()[0]), str(a)))
        for a in atoms:  # exp(n u) is G^n for exp(u) = G
            n = sympy.simplify(a.args[0] / inner.args[0])
            if a.func is not inner.func or not n.is_Integer or (n != 1 and a.func is not sympy.exp):
                return []
            expressions = [e.xreplace({a: G**n}) for e in expressions]
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


def _newton(loss, starts: int = 2000, steps: int = 60) -> list[np.ndarray]:
    """Limits in the box of Newton's method from random starts (of a fixed seed), each once."""
    low, high = np.array(loss.box).T[:, :, None]
    theta: np.ndarray = np.random.default_rng(0).uniform(low, high, (loss.dim, starts))
    with np.errstate(all="ignore"):
        for _ in range(steps):
            slope, hessian = loss.gradient(theta), np.moveaxis(loss.hessian(theta), -1, 0)
            good = np.isfinite(hessian).all(axis=(1, 2)) & (np.abs(np.linalg.det(np.nan_to_num(hessian))) > 1e-14)
            theta = theta[:, good] - np.linalg.solve(hessian[good], slope[:, good].T[..., None])[..., 0].T
            theta = theta[:, (np.abs(theta) < 1e3).all(axis=0)]
        slope, hessian = loss.gradient(theta), np.moveaxis(loss.hessian(theta), -1, 0)
    inside = ((theta >= low) & (theta <= high)).all(axis=0) & (np.abs(slope) < 1e-13).all(axis=0)
    inside &= np.abs(np.linalg.eigvalsh(hessian)).min(axis=-1) > 1e-6
    unique: list[np.ndarray] = []
    for x in theta[:, inside].T:
        if not any(np.linalg.norm(x - u) < 1e-6 for u in unique):
            unique.append(x)
    return unique


def krawczyk(loss, theta: np.ndarray, radius: float):
    """The interval Krawczyk test: a box around `theta` that provably holds exactly one critical point, or None.

    K(X) = m − Y ∇F(m) + (I − Y H(X))(X − m), Y ≈ H(m)⁻¹; K(X) inside X proves existence and uniqueness and that H is
    invertible on X.  (Krawczyk 1969; Neumaier 1990, theorem 5.1.9.)
    """
    n = loss.dim
    Y = np.linalg.inv(loss.hessian(theta))
    X = Vector(Interval(x - radius, x + radius) for x in theta)
    slope = loss.gradient(Vector(Interval(x, x) for x in theta))
    hessian = loss.hessian(X)
    for i in range(n):
        k = Interval(theta[i], theta[i])
        for j in range(n):
            k = k - Y[i, j] * slope[j]
        for j in range(n):
            entry = Interval(float(i == j), float(i == j))
            for m in range(n):
                entry = entry - Y[i, m] * hessian[m, j]
            k = k + entry * Interval(-radius, radius)
        if not (theta[i] - radius < k.low and k.high < theta[i] + radius):
            return None
    return [(x - radius, x + radius) for x in theta]
