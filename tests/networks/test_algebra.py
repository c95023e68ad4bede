"""Exact algebra of polynomials: every critical point, counted apart from how it is found."""
import itertools
from collections import Counter
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Poly, Rational, sqrt
from sympy.polys.groebnertools import groebner

from networks import polynomials, splitting
from networks.algebra import Clock, Quotient, isolated, signature
from networks.counted import candidates
from networks.polynomials import critical_set
from networks.splitting import components, independent, member, parametrised, real_equations, squares_of

x, y, z, w = X = sympy.symbols("x y z w", real=True)
t1, t2, t3, t4, t5, t6 = T = sympy.symbols("t1:7", real=True)


def sum_of_wells(symbols, coupling):
    """Styblinski and Tang's function in each coordinate, neighbours coupled."""
    wells = sum(s**4 / 2 - 8 * s**2 + 5 * s / 2 for s in symbols)
    return wells + coupling * sum(a * b for a, b in itertools.pairwise(symbols))


def quartic_neuron(u):
    return u**4 - 2 * u**3 - 3 * u**2 + u


# name: expression, symbols, (minima, saddles, maxima), degenerate natures
ISOLATED = {
    "himmelblau": ((x + y**2 - 7) ** 2 + (x**2 + y - 11) ** 2, (x, y), (4, 4, 1)),
    "beale": (sum((x * y**k - x + c) ** 2 for k, c in enumerate((Rational(3, 2), Rational(9, 4), Rational(21, 8)), 1)),
              (x, y), (1, 2, 0)),
    "styblinski2": (sum_of_wells((x, y), 0), (x, y), (4, 4, 1)),
    "camel6": (x**2 * (x**4 / 3 - Rational(21, 10) * x**2 + 4) + x * y + y**2 * (4 * y**2 - 4), (x, y), (6, 7, 2)),
    "camel3": (2 * x**2 - Rational(21, 20) * x**4 + x**6 / 6 + x * y + y**2, (x, y), (3, 2, 0)),
    "goldstein-price": ((1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2))
                        * (30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)),
                        (x, y), (4, 4, 1)),
    "rosen3": ((1 - x) ** 2 + (1 - y) ** 2 + 100 * (y - x**2) ** 2 + 100 * (z - y**2) ** 2, (x, y, z), (1, 0, 0)),
    "rosen4": ((1 - x) ** 2 + (1 - y) ** 2 + (1 - z) ** 2
               + 100 * ((y - x**2) ** 2 + (z - y**2) ** 2 + (w - z**2) ** 2), X, (2, 1, 0)),
    "wood4": ((1 - x) ** 2 + (1 - z) ** 2 + Rational(101, 10) * ((w - 1) ** 2 + (y - 1) ** 2)
              + Rational(99, 5) * (w - 1) * (y - 1) + 90 * (w - z**2) ** 2 + 100 * (y - x**2) ** 2, X, (1, 2, 0)),
    "doublewell3": ((x * y + y * z) / 5 + sum((s**2 - 1) ** 2 for s in (x, y, z)), (x, y, z), (8, 18, 1)),
    "steep-valley": ((2 - 2 * x) ** 2 / 4 + (20 * y - 20 * x**2) ** 2 / 4, (x, y), (1, 0, 0)),
    "polytwo": (((y**2 - 1) ** 2 + ((x + y) ** 2 - 1) ** 2) / 4, (x, y), (4, 4, 1)),
    "polythree": (sum((2 * u**3 - 3 * u**2 + 5) ** 2 for u in (y, x + y)) / 4, (x, y), (4, 4, 1)),
    "polyfour": (sum((u**4 - 2 * u**2 + 3) ** 2 for u in (y, x + y)) / 4, (x, y), (4, 4, 1)),
    "cubic neuron, 3 points": (sum((u**3 - u - c) ** 2 for u, c in ((y, 1), (x + y, 2), (2 * x + y, -1))) / 6, (x, y),
                               (4, 4, 1)),
    "quartic neuron, 3 points": (sum((quartic_neuron(u) - c) ** 2
                                     for u, c in ((y, 0), (x + y, -2), (3 * x + y, 1))) / 6, (x, y),
                                 (7, 9, 3)),
    "linear 2-2-1, decay": ((t1 * t5 + t3 * t6 - 1) ** 2 / 4 + (t2 * t5 + t4 * t6 - 2) ** 2 / 4 + t1**2 / 20
                            + t2**2 / 10
                            + 3 * t3**2 / 20 + t4**2 / 20 + t5**2 / 10 + t6**2 / 20, T, (2, 3, 0)),
    "square 1-2-1, decay": (sum((t3 * (t1 * s) ** 2 + t4 * (t2 * s) ** 2 - s) ** 2 for s in (1, 2)) / 4
                            + sum(s**2 for s in T[:4]) / 20, T[:4], (5, 12, 0)),
}
DEGENERATE = {
    "powell4": (10 * (x - w) ** 4 + 5 * (z - w) ** 2 + (x + 10 * y) ** 2 + (y - 2 * z) ** 4, X, "degenerate minimum"),
    "monkey": (x**3 - 3 * x * y**2, (x, y), "degenerate saddle"),
    "quartic-flat": (x**4 + y**4, (x, y), "degenerate minimum"),
    "peano": ((y - 3 * x**2) * (y - x**2), (x, y), "degenerate saddle"),
}
# name: expression, symbols, families (equations: nature), natures of the isolated points
FAMILIES = {
    "circle": ((x**2 + y**2 - 1) ** 2, (x, y), {(x**2 + y**2 - 1,): "non-strict minimum"}, ["maximum"]),
    "cross": (x**2 * y**2, (x, y), {(x,): "non-strict minimum", (y,): "non-strict minimum"}, []),
    "flat-direction": ((x - y) ** 4 + (x - y) ** 2, (x, y), {(x - y,): "non-strict minimum"}, []),
    "ring3": (z**2 + (x**2 + y**2 - 1) ** 2, (x, y, z), {(x**2 + y**2 - 1, z): "non-strict minimum"}, ["saddle"]),
    "sphere": (-((x**2 + y**2 + z**2 - 1) ** 2), (x, y, z), {(x**2 + y**2 + z**2 - 1,): "non-strict maximum"},
               ["minimum"]),
    "unused coordinate": ((x - 1) ** 2, (x, y), {(x - 1,): "non-strict minimum"}, []),
    "linear 1-1-1": ((x * y - 1) ** 2 / 2, (x, y), {(x * y - 1,): "non-strict minimum"}, ["saddle"]),
    "linear 1-1-1-1": ((x * y * z - 1) ** 2 / 2, (x, y, z), {
        (x * y * z - 1,): "non-strict minimum",
        **{pair: "degenerate saddle" for pair in itertools.combinations((x, y, z), 2)}}, []),
    "linear 1-2-1": ((x * z + y * w - 1) ** 2 / 2, X, {(x * z + y * w - 1,): "non-strict minimum"}, ["saddle"]),
    "linear 1-1-1, bias": (sum((z * (x * s + y) + w - c) ** 2 for s, c in ((0, 0), (1, 1), (2, 1))) / 6, X, {
        (2 * x * z - 1, 6 * y * z + 6 * w - 1): "non-strict minimum", (x, z, 3 * w - 2): "degenerate saddle"}, []),
    "square 1-1-1": (sum((z * ((s * x + y) ** 2 - 1) + w - c) ** 2 for s, c in ((0, 1), (1, 0), (2, 2))) / 6, X, {
        (x, z, w - 1): "degenerate saddle", (3 * x + 2 * y, z, w - 1): "degenerate saddle",
        (x, y, z - w + 1): "degenerate saddle",
        (24 * y**2 * w + y**2 - 25, 5 * x + 6 * y, 24 * (z - w) - 1): "non-strict minimum"}, []),
}


@pytest.mark.parametrize("name", ISOLATED)
def test_isolated_points(name):
    f, symbols, natures = ISOLATED[name]
    found = critical_set(f, symbols)
    assert found.complete and not found.families
    count = Counter(p.nature for p in found.points)
    assert tuple(count.pop(n, 0) for n in ("minimum", "saddle", "maximum")) == natures and not count
    gradient = sympy.lambdify([symbols], [f.diff(s) for s in symbols], "mpmath")
    for p in found.points:  # the enclosures, checked by evaluating the gradient at their middles
        middle = [sympy.Float((low + high) / 2, 40) for low, high in p.box]
        assert all(high - low <= Rational(1, 2**63) * (1 + abs(low)) for low, high in p.box)
        size = max(abs(h) for h in sympy.hessian(f, symbols).subs(dict(zip(symbols, middle, strict=True))))
        with mpmath.workdps(40):
            assert max(abs(g) for g in gradient([mpmath.mpf(str(m)) for m in middle])) <= float(size) * 1e-15
        if p.exact:
            assert all(low <= v <= high for v, (low, high) in zip(p.theta, p.box, strict=True))


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_points(name):
    f, symbols, nature = DEGENERATE[name]
    (p,) = critical_set(f, symbols).points
    assert (p.theta, p.nature, p.value) == ((0,) * len(symbols), nature, 0)


@pytest.mark.parametrize("name", FAMILIES)
def test_families(name):
    f, symbols, families, natures = FAMILIES[name]
    found = critical_set(f, symbols)
    assert found.complete and sorted(p.nature for p in found.points) == natures
    ideals = {frozenset(sympy.groebner(e, *symbols, order="grevlex", domain="QQ").exprs): nature
              for e, nature in families.items()}
    assert {frozenset(sympy.groebner(F.equations, *symbols, order="grevlex", domain="QQ").exprs): F.nature
            for F in found.families} == ideals
    for F in found.families:
        at = dict(zip(symbols, F.theta, strict=True))
        if F.parameters != symbols:  # the parametrisation satisfies the equations, and ∇F = 0, identically
            assert all(sympy.simplify(e.subs(at, simultaneous=True)) == 0 for e in F.equations)
            assert all(sympy.simplify(f.diff(s).subs(at, simultaneous=True)) == 0 for s in symbols)
            assert sympy.simplify(f.subs(at, simultaneous=True) - F.value) == 0
        assert all(abs(e.subs(dict(zip(symbols, F.member, strict=True)))) < 1e-12 for e in F.equations)


def test_exact_numbers():
    points = critical_set(x**4 / 4 - x**2 + y**2 / 2 - 3 * y, (x, y)).points
    assert {p.theta for p in points} == {(0, 3), (sqrt(2), 3), (-sqrt(2), 3)}
    (p,) = critical_set(x**6 / 6 - x**2 / 2 - x, (x,)).points
    assert isinstance(p.theta[0], sympy.CRootOf) and p.theta[0].poly.degree() == 5
    assert abs(p.value - (x**6 / 6 - x**2 / 2 - x).subs(x, sympy.N(p.theta[0], 60))) < 1e-50
    assert {p.theta for p in critical_set((x**2 - sqrt(2) * y) ** 2 + (y - sqrt(2)) ** 2, (x, y)).points} == {
        (sqrt(2), sqrt(2)), (-sqrt(2), sqrt(2)), (0, sqrt(2) / 3)}


def test_natures_that_change_along_a_family():
    """Two quadratic units with zero weights: the Hessian there is diagonal, with the signs of the output weights."""
    found = critical_set((z * x**2 + w * y**2 - 1) ** 2, X)
    (zero,) = [F for F in found.families if F.theta[:2] == (0, 0)]
    assert zero.nature == "undecided" and zero.value == 1
    natures = {}
    for signs in itertools.product((1, -1), repeat=2):
        at = {"z": 2 * signs[0], "w": 3 * signs[1]}
        (natures[signs],) = {n for n, where, _ in zero.pieces if "=" not in where and eval(where, at)}
    assert natures == {(1, 1): "non-strict maximum", (-1, -1): "non-strict minimum", (1, -1): "degenerate saddle",
                       (-1, 1): "degenerate saddle"}
    assert ("undecided", "x, y, z = 0, where w ≠ 0") in {p[:2] for p in zero.pieces}


def test_isolated_real_points_of_families_are_not_called_non_strict():
    """y² = x²(x − 1) has the isolated real point 0, where F = (y² − x²(x − 1))² has a strict minimum."""
    found = critical_set((y**2 - x**2 * (x - 1)) ** 2, (x, y))
    assert [F.nature for F in found.families] == ["undecided"]


def test_floats_are_the_decimals_they_print_as():
    (p,) = critical_set(0.1 * (x - 0.3) ** 4 + 0.2 * (y - 0.1) ** 2, (x, y)).points
    assert (p.theta, p.nature) == ((Rational(3, 10), Rational(1, 10)), "degenerate minimum")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=9, max_size=9))
def test_random_coercive_quartics(c):
    """x⁴ + y⁴ + …: the indices add up to 1 (Poincaré and Hopf), and Newton's method finds no other point."""
    f = x**4 + y**4 + sum(a * m for a, m in zip(c, (x**2 * y, x * y**2, x**3, y**3, x**2, x * y, y**2, x, y),
                                                strict=True))
    found = critical_set(f, (x, y))
    assert found.complete
    if not found.families and not any(p.nature.startswith("degenerate") for p in found.points):
        assert sum(1 if p.nature != "saddle" else -1 for p in found.points) == 1
        slope = sympy.lambdify((x, y), [f.diff(x), f.diff(y)])
        hessian = sympy.lambdify((x, y), [f.diff(x, x), f.diff(x, y), f.diff(y, y)])
        u = np.random.default_rng(0).uniform(-4, 4, (2, 200))
        with np.errstate(all="ignore"):
            for _ in range(60):
                g, (a, b, d) = slope(*u), hessian(*u)
                u = u - np.array([d * g[0] - b * g[1], a * g[1] - b * g[0]]) / (a * d - b * b)
            good = np.abs(np.array(slope(*u))).max(axis=0) < 1e-9
        listed = np.array([[float(v) for v in p.theta] for p in found.points])
        assert np.min(np.linalg.norm(u[:, good].T[:, None] - listed, axis=-1), axis=1).max() < 1e-6


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(-3, 3), min_size=4, max_size=4), min_size=4, max_size=4), st.integers(1, 4))
def test_signature(rows, n):
    A = sympy.Matrix(rows)[:n, :n]
    A = A + A.T
    eigenvalues = np.linalg.eigvalsh(np.array(A.tolist(), dtype=float))
    rank = A.rank()
    expected = sum(np.sign(sorted(eigenvalues, key=abs)[n - rank:]))
    assert signature([[Rational(v) for v in row] for row in A.tolist()], rank, Clock(60)) == expected


def quotient(equations, symbols, seconds=60.0):
    clock = Clock(seconds)
    ring = clock.ring(symbols)
    return Quotient(groebner([ring.from_expr(e) for e in equations], ring), clock)


def test_counts_of_zeros():
    """(x² − 2)²(x² + 1), y = x³: two real and two complex zeros, six with multiplicities."""
    A = quotient([(x**2 - 2) ** 2 * (x**2 + 1), y - x**3], (x, y))
    assert (A.dim, A.distinct, A.real) == (6, 4, 2)
    assert [z.multiplicity for z in A.zeros] == [2, 2]
    assert {(A.number(A.ring.gens[0], z), A.number(A.ring.gens[1], z)) for z in A.zeros} == {
        (sqrt(2), 2 * sqrt(2)), (-sqrt(2), -2 * sqrt(2))}


def test_a_form_that_tells_zeros_apart_is_proved():
    """No coordinate does so for the corners of a square."""
    A = quotient([x**2 - 1, y**2 - 1], (x, y))
    assert (A.dim, A.distinct, A.real, len(A.zeros)) == (4, 4, 4, 4)


def test_signs_at_algebraic_points():
    A = quotient([x**2 - 2, y**3 - x], (x, y))
    X, Y = A.ring.gens
    plus = max(A.zeros, key=lambda z: z.box(64)[0].b)
    tiny = Y**6 - 2 + QQ_tiny(A.ring)
    assert (A.sign(X, plus) == 1 and A.sign(Y**6 - 2, plus) == 0 and A.sign(tiny, plus) == 1
            and A.sign(-tiny, plus) == -1)
    assert plus.lies_on([Y**3 - X, Y**6 - 2]) and not plus.lies_on([Y**3 + X])


def QQ_tiny(ring):
    return ring(ring.domain(1, 10**60))


def test_isolating_intervals_do_not_touch():
    t = sympy.Symbol("t")
    roots = isolated([Poly((t - 1) * t * (t + 1) * (t**2 - 2), t), Poly(3 * t - 4, t)])
    assert len(roots) == 6 and all(a[1] < b[0] for a, b in itertools.pairwise(roots))
    assert [k for _, _, k, _ in roots] == [0, 0, 0, 0, 1, 0]
    for low, high, k, _ in roots:  # one change of sign in each, or an exact root
        f = ((t - 1) * t * (t + 1) * (t**2 - 2), 3 * t - 4)[k]
        assert low == high and f.subs(t, low) == 0 or f.subs(t, low) * f.subs(t, high) < 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.fractions(-3, 3, max_denominator=6), min_size=1, max_size=6, unique=True), st.integers(1, 2))
def test_isolating_intervals_hold_the_roots(values, power):
    t = sympy.Symbol("t")
    roots = isolated([Poly(sympy.prod((t - Rational(v)) ** power for v in values), t)])
    assert len(roots) == len(values) and all(a[1] < b[0] for a, b in itertools.pairwise(roots))
    assert all(low <= v <= high and m == power for v, (low, high, _, m) in zip(sorted(values), roots, strict=True))


def test_a_count_that_does_not_agree_is_said(monkeypatch):
    whole = Quotient.zeros.func
    monkeypatch.setattr(Quotient, "zeros", property(lambda self: whole(self)[1:]))
    found = critical_set(*ISOLATED["himmelblau"][:2])
    assert len(found.points) == 8 and not found.complete and not found.proof
    assert "trace form counts 9" in found.undecided[0]


@pytest.mark.parametrize("step", ["Gröbner basis", "trace form", "signature of the trace form",
                                  "enclosure of the zeros"])
def test_a_spent_budget_is_said(monkeypatch, step):
    check = Clock.check
    monkeypatch.setattr(Clock, "check", lambda self, at: check(Clock(-1.0) if at == step else self, at))
    found = critical_set(*ISOLATED["quartic neuron, 3 points"][:2])
    assert not found.complete and step in found.undecided[0]


def test_the_groebner_basis_is_stopped():
    """A cubic unit with biases and decay, whose basis takes minutes."""
    f = sum((t3 * (s * t1 + t2) ** 3 - t3 * (s * t1 + t2) + t4 - c) ** 2 for s, c in ((0, 1), (1, 0), (2, 2)))
    found = critical_set(f + (t1**2 + t2**2 + t3**2 + t4**2) / 20, T[:4], seconds=0.3)
    assert not found.points and found.undecided == ["stopped at the Gröbner basis after 0.3 s"]


def test_a_family_that_is_not_finished_is_said(monkeypatch):
    check = Clock.check
    monkeypatch.setattr(Clock, "check", lambda self, at: check(Clock(-1.0) if at == "natures on a family" else self,
                                                               at))
    found = critical_set((x * y * z - 1) ** 2 / 2, (x, y, z))
    assert [F.nature for F in found.families] == ["non-strict minimum"] and len(found.undecided) == 3
    assert not any("splitting" in line for line in found.proof)


def test_refused():
    with pytest.raises(ValueError, match="no polynomial"):
        critical_set(sympy.exp(x), (x,))


# ------------------------------------------------------------------------------------------------------- splitting
def ring_elements(equations, symbols):
    clock = Clock(60)
    ring = clock.ring(symbols)
    return [ring.from_expr(sympy.sympify(e)) for e in equations], clock


@pytest.mark.parametrize("q, terms", [(x**2 + y**2, {x, y}), (2 * (x - y) ** 2 + 1, {1, x - y}),
                                      (x**4 + 3 * y**2, {x**2, y}),
                                      (x**2 - y**2, set()), (x * y, set()), (-x**2, set()),
                                      (x**4 + y**2 - 2 * y + 1, {x**2, y - 1}),
                                      (x**2 + x, set()), (x**2 + x + 1, {1, x + Rational(1, 2)}),
                                      (x**2 + 2 * x + 1, {x + 1})])
def test_sums_of_squares(q, terms):
    (p,), _ = ring_elements([q], (x, y))
    assert {s.as_expr() for s in squares_of(p)} == terms
    zeros = real_equations(p)
    assert (zeros is None) == (1 in terms) and (zeros is None or not terms or {s.as_expr() for s in zeros} == terms)


def test_components():
    equations, clock = ring_elements([x * y * (x**2 + 1), x * z, y * z * (z - 1)], (x, y, z))
    parts = {frozenset(str(g) for g in part) for part in components(equations, clock)}
    assert parts == {frozenset({"x", "z"}), frozenset({"x", "y"}), frozenset({"y", "z"}), frozenset({"x", "z - 1"})}


def test_components_are_not_inside_others():
    equations, clock = ring_elements([x * y, x * (y - 1) * (x - 2)], (x, y))
    assert {tuple(map(str, part)) for part in components(equations, clock)} == {("x",), ("x - 2", "y")}


@pytest.mark.parametrize("q, real", [(x**4 * y**2 + x**2 * y**4 - 3 * x**2 * y**2 + 2, False),
                                     (x**2 + y**2 - 10**6, True),
                                     (x**4 * y**2 + x**2 * y**4 - 3 * x**2 * y**2 + 1, True)])
def test_real_points_of_a_curve(q, real):
    """Motzkin's polynomial is positive where raised by 1, though no sum of squares; it has zeros at (±1, ±1)."""
    equations, clock = ring_elements([q], (x, y))
    found = member(equations, clock)
    assert (found is not False) == real
    if real:
        at = {s: float(v.mid) for s, v in zip((x, y), found.box(64), strict=True)}
        assert abs(q.subs(at)) < 1e-6


def test_parameters_cover_every_point():
    """x y = 0 could be solved for x = 0/y, which loses the line y = 0."""
    equations, clock = ring_elements([x * y - z * w], X)
    assert parametrised(equations) is None
    equations, clock = ring_elements([x * y - 1, z - w * x], X)
    theta, parameters = parametrised(equations)
    assert len(parameters) == 2 and all(sympy.simplify(e.as_expr().subs(dict(zip(X, theta, strict=True)),
                                                                        simultaneous=True)) == 0
                                        for e in equations)
    assert independent(equations) and splitting.independent(ring_elements([x, y], (x, y))[0]) == ()


def test_contradictory_signs_are_not_listed():
    (a, b, c), _ = ring_elements([x, y, x + y], (x, y))
    rows = polynomials.contradictions([a, b, c])
    impossible = [s for s in itertools.product((1, -1), repeat=3)
                  if any(all(k * v >= 0 for k, v in zip(row, s, strict=True)) for row in rows)]
    assert impossible == [(1, 1, -1), (-1, -1, 1)]


def test_zeros_of_numbers_that_are_longer_than_floats():
    """Two long integers have a float as their quotient; where they have none, no zero is proposed."""
    def algebra(numerator, denominator):
        return SimpleNamespace(ring=SimpleNamespace(ngens=1), dim=2, index={(0,): 0, (1,): 1}, multiplications=[
            (denominator, [[(1, denominator)], [(0, numerator)]])])  # x² = numerator/denominator

    assert sorted(candidates(algebra(4 * 10**400, 10**400))[0]) == pytest.approx([-2, 2])
    assert candidates(algebra(10**400, 1)).shape == (1, 0)
