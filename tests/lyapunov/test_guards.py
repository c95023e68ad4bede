"""One claim for each rule that guards a proof, false because of that rule alone: without it, it would be stated."""
from dataclasses import dataclass

import numpy as np
import pytest
import sympy
from sympy import Rational

from arithmetic import absolute, add_diagonal, diagonal, dot, sign, solve, total
from flows import Adam, Flow, GradientDescent, Momentum, scalar
from lyapunov import (
    Certificate, basin_certificate, check, check_step, energies, multipliers, residual_energy, stability, well,
)
from lyapunov.decrease import falls, searched
from networks import Loss, get
from schemes import named

x, y = sympy.symbols("x y", real=True)
BOWL = Loss.from_expression(x**2 + y**2, (x, y), name="bowl")
WELLS = Loss.from_expression((x**2 - 1) ** 2 / 4, (x,), name="two wells")


def square_memory(s, oracle):
    """F + |v|²/2 + |w|²/2."""
    return oracle.value + total(s.v**2 + s.w**2) / 2


# ------------------------------------------------------------------------------------------------- V' ≤ 0
@dataclass(frozen=True)
class Opposed(Flow):
    """v decays for a > 2 alone, w for a < 1 alone."""

    a: float = 1.0
    memory = ("v", "w")

    def field(self, s, oracle):
        return {"v": -(self.a - 2) * s.v, "w": -(1 - self.a) * s.w, "theta": -oracle.gradient}


def test_conditions_that_no_rate_meets_are_no_proof():
    """`satisfiable`: −V' = g² + (a − 2)v² + (1 − a)w² has no negative term for a ≥ 2 and a ≤ 1: it has for all a."""
    verdict = check(Opposed, square_memory)
    assert verdict.status == "REFUTED"
    for a in (Rational(1, 2), Rational(3, 2), 3):
        assert check(Opposed(a=a), square_memory).status == "REFUTED"


@dataclass(frozen=True)
class OppositeSides(Flow):
    """v decays on v ≥ 0 for a > 2 alone, and on v ≤ 0 for a < 1 alone."""

    a: float = 1.0
    memory = ("v",)

    def field(self, s, oracle):
        up, down = s.v + absolute(s.v), s.v - absolute(s.v)
        return {"v": -up * (self.a - 2) - down * (1 - self.a), "theta": -oracle.gradient}


def test_conditions_of_all_pieces_together_must_be_met_too():
    """`satisfiable` on pieces: each side of v = 0 has its rates, and they have none in common."""
    flow, V = OppositeSides.symbolic(), lambda s, oracle: oracle.value + total(s.v**2) / 2  # noqa: E731
    assert searched(flow, V, ()).status == "UNDECIDED" and check(flow, V).status == "REFUTED"


@dataclass(frozen=True)
class OwnCurvature(Flow):
    """θ' = −diag(H) ∇F: of one coordinate, and for a diagonal Hessian, it reads as θ' = −H∇F does."""

    def field(self, s, oracle):
        return {"theta": -diagonal(oracle.hessian) * oracle.gradient}


def test_a_field_that_changes_under_rotations_is_not_decided_on_an_axis():
    """`_isotropic`: V = |∇F|²/2 has V' = −H²g² on an axis of H, and grows for a Hessian that is off the axes."""
    flow, V = OwnCurvature(), lambda s, oracle: total(oracle.gradient**2) / 2  # noqa: E731
    assert searched(flow, V, ()).status == "UNDECIDED" and "rotations" in searched(flow, V, ()).reason
    assert check(flow, V).status == "REFUTED" and check(flow, V).counterexample.loss.dim == 2
    H = np.array([[1.0, 2.0], [2.0, 4.5]])  # of the convex loss θᵀHθ/2
    loss = Loss.from_callables(2, lambda t: t @ H @ t / 2, lambda t: H @ t, hessian=lambda t: H)
    g = np.array([-3.0, 1.0])
    speed = OwnCurvature().on(loss)(0.0, np.linalg.solve(H, g))
    assert np.linalg.eigvalsh(H)[0] > 0 and g @ H @ speed > 0


@dataclass(frozen=True)
class Quartic(Flow):
    """Two memories with V' = −g² − v⁴ − (a − 1)v²w² − w⁴ for V = F + (v² + w²)/2."""

    a: float = 1.0
    memory = ("v", "w")

    def field(self, s, oracle):
        k = (self.a - 1) / 2
        return {"v": -s.v**3 - k * s.v * s.w**2, "w": -s.w**3 - k * s.w * s.v**2, "theta": -oracle.gradient}


def test_a_condition_on_a_term_between_others_is_not_called_necessary():
    """`_is_vertex`: v⁴ + (a − 1)v²w² + w⁴ ≥ 0 wherever a ≥ −1, not only where each coefficient is nonnegative."""
    verdict = searched(Quartic.symbolic(), square_memory, ())
    a, v, w = sympy.Symbol("a", positive=True), *sympy.symbols("v w", real=True)
    assert verdict.status == "PROVED" and verdict.conditions == (sympy.Ge(a, 1),) and not verdict.necessary
    half = Quartic(a=Rational(1, 2)).coordinate()[2]
    assert sympy.expand(v * half["v"] + w * half["w"] + (v**2 - w**2 / 4)**2 + Rational(15, 16) * w**4) == 0


def test_a_condition_at_a_vertex_is_called_necessary():
    """`_is_vertex`, the other way: where (a − 1)v² stands alone in its direction, V' > 0 for a < 1."""
    @dataclass(frozen=True)
    class Decay(Flow):
        a: float = 1.0
        memory = ("v",)

        def field(self, s, oracle):
            return {"v": -(self.a - 1) * s.v, "theta": -oracle.gradient}

    def V(s, oracle):
        return oracle.value + total(s.v**2) / 2

    assert check(Decay, V).necessary and check(Decay(a=Rational(1, 2)), V).status == "REFUTED"


@dataclass(frozen=True)
class TwoClocks(Flow):
    """v decays at the rate a + b + r + c₁ − (r − 1)(1 − c₂), which is positive for all positive rates."""

    a: float = 1.0
    b: float = 1.0
    r: float = 1.0
    memory = ("v", scalar("c1"), scalar("c2"))
    nonnegative = ("c1", "c2")

    def field(self, s, oracle):
        rate = self.a + self.b + self.r + s.c1 - (self.r - 1) * (1 - s.c2)
        return {"v": -rate * s.v, "c1": self.a * (1 - s.c1), "c2": self.b * (1 - s.c2), "theta": -oracle.gradient}


def test_a_bound_of_one_clock_by_the_other_asks_for_no_condition_that_is_not_needed():
    """`slope.conditions`: A − B y^k is bounded below through 1 − y^k where B ≥ 0; where B < 0 it is positive anyway."""
    verdict = searched(TwoClocks.symbolic(), lambda s, oracle: oracle.value + total(s.v**2) / 2, ())
    assert verdict.status != "REFUTED" and not (verdict.conditions and verdict.necessary)


@dataclass(frozen=True)
class Sliding(Flow):
    """θ climbs, v is pushed to 0 from either side and slides there: v' = −2 g² sign(v), θ' = g."""

    memory = ("v",)

    def field(self, s, oracle):
        return {"v": -2 * sign(s.v) * oracle.gradient**2, "theta": oracle.gradient}


def test_a_kink_on_which_runs_slide_decides_nothing():
    """Seams: V = F + |v| has V' = g² − 2g² on either side of v = 0, and on v = 0, where runs stay, V = F climbs."""
    verdict = check(Sliding(), lambda s, oracle: oracle.value + total(absolute(s.v)))
    assert verdict.status == "UNDECIDED" and "derivative jumps" in verdict.reason


@dataclass(frozen=True)
class Uphill(Flow):
    """Levenberg–Marquardt's flow upwards, θ' = (JᵀJ + 1)⁻¹ ∇F."""

    def field(self, s, oracle):
        return {"theta": solve(add_diagonal(oracle.gauss_newton, 1), oracle.gradient)}


def test_a_witness_is_a_state_of_some_loss():
    """`_realised`: g = J r is not 0 only where J is not, so no loss has V' > 0 at J = 0."""
    witness = searched(Uphill().exact(), lambda s, oracle: oracle.value, ()).witness
    assert {str(symbol): value != 0 for symbol, value in witness.items()} == {"J": True, "g": True}


@pytest.mark.parametrize("good, facts", [
    (True, {"identities": ((x + y)**2 - x**2 - 2 * x * y - y**2,), "positive": ((x**2 + 3 * y**4, (x, y)),)}),
    (False, {"identities": ((x + y)**2 - x**2 - y**2,)}),
    (False, {"positive": ((x**2 - y**2, (x, y)),)}), (False, {"positive": ((x**2 + x * y, (x, y)),)})])
def test_a_certificate_that_is_wrong_is_not_verified(good, facts):
    """`Certificate.verify`: an identity that does not vanish, a coefficient < 0, an odd power of what changes sign."""
    assert Certificate(("because",), **facts).verify() is good


@dataclass(frozen=True)
class Drift(Flow):
    """θ' = −v with a memory that stays as it is: v' = 0."""

    memory = ("v",)

    def field(self, s, oracle):
        return {"v": 0 * s.v, "theta": -oracle.gradient * s.v**2}


def test_memory_that_stays_is_in_the_set_that_runs_approach():
    """LaSalle's set: V' = −g²v² vanishes at v = 0 for any g, and a run with v = 0 stays there: it ends at any g."""
    verdict = check(Drift(), lambda s, oracle: oracle.value)
    assert verdict.status == "PROVED" and not verdict.strict
    assert verdict.invariant_set == sympy.Or(*(sympy.Eq(sympy.Symbol(name, real=True), 0) for name in ("g", "v")))


@dataclass(frozen=True)
class Swinging(Flow):
    """A memory that swings for ever beside gradient descent: v' = w − v, w' = w − 2v turns with eigenvalues ±i."""

    memory = ("v", "w")

    def field(self, s, oracle):
        return {"v": s.w - s.v, "w": s.w - 2 * s.v, "theta": -oracle.gradient}


def test_a_block_that_follows_a_moving_one_does_not_end_where_that_one_is():
    """LaSalle's set: a bounded solution of x' = k(x₀ − x) is x₀ for a constant x₀, not for a block that moves."""
    verdict = check(Swinging(), lambda s, oracle: oracle.value)
    assert verdict.status == "PROVED" and verdict.invariant_set == sympy.Eq(sympy.Symbol("g", real=True), 0)


@dataclass(frozen=True)
class Friction(Flow):
    """Dry friction beside gradient descent of its own: v' = −sign v − v, θ' = −g + v."""

    memory = ("v",)

    def field(self, s, oracle):
        return {"v": -sign(s.v) - s.v - oracle.gradient, "theta": s.v}


def test_a_slope_that_jumps_has_no_limits_by_substitution():
    """LaSalle's set: sign(0) is any number of [−1, 1], so v = 0 stays for |g| ≤ 1."""
    found = searched(Friction(), lambda s, oracle: oracle.value + total(s.v**2) / 2, ())
    assert found.status == "PROVED" and found.invariant_set is None


# ------------------------------------------------------------------------------------------------ steps
def rise(flow, v, m=1.0, h=1.0, L=1e-6):
    """V⁺ − V over a step from θ = 0 on F = L θ²/2, where g = 0."""
    s, oracle = flow.coordinate()[0], flow.coordinate()[1]
    energy = sympy.lambdify([s.m, s.v], flow.energy(s, oracle).subs(oracle.value, 0), "math")
    slopes = flow.field(s, oracle)
    at = {oracle.gradient: 0, s.m: m, s.v: v}
    new = {str(x): float((x + h * sympy.sympify(slopes[str(x)])).subs(at)) for x in (s.m, s.v)}
    moved = -h * sympy.sympify(slopes["theta"]).subs({s.m: new["m"], s.v: new["v"]})
    return energy(new["m"], new["v"]) + L * float(moved)**2 / 2 - energy(m, v)


@dataclass(frozen=True)
class SquareScale(Adam):
    """Adam divided by v + ε instead of √v + ε."""

    correction: bool = False

    def _scale(self, s, spread):
        return spread + self.eps


def test_a_scale_that_shrinks_faster_than_a_root_gets_no_bound():
    """`_shrinks`: from v⁺ ≥ β₂ v follows √v⁺ + ε ≥ √β₂ (√v + ε), but not v⁺ + ε ≥ √β₂ (v + ε).

    At β = 0.6, β₂ = 1/4 the bound, h ≤ (√β₂ − β²)D⁺/((1 − β)L√β₂), holds for every small L, and V rises.
    """
    flow = SquareScale.symbolic(correction=False)
    assert check_step(flow, energies(flow)[0]).status == "UNDECIDED"
    assert rise(SquareScale(a=0.4, b=0.75, eps=1e-8), v=4.0) > 0.1 and 0.25**0.5 > 0.6**2


@dataclass(frozen=True)
class FallingScale(Adam):
    """Adam whose squares fall faster than an average does: v' = b (g² − v) − r v²."""

    correction: bool = False
    r: float = 1.0

    def field(self, s, oracle):
        derivative = super().field(s, oracle)
        return derivative | {"v": derivative["v"] - self.r * s.v**2}


def test_a_scale_that_is_not_kept_gets_no_bound():
    """`_kept`: v⁺ = β₂ v + rest is at least β₂ v only if the rest is nonnegative, here h b g² − h r v².

    At β = 0.8, β₂ = 3/4 the bound holds for every small L, as β² < √β₂, and V rises from v = 1 to v⁺ = 1/4.
    """
    flow = FallingScale.symbolic(correction=False)
    assert check_step(flow, energies(flow)[0]).status == "UNDECIDED"
    assert rise(FallingScale(a=0.2, b=0.25, eps=1e-8, r=0.5), v=1.0) > 0.1 and 0.75**0.5 > 0.8**2


@pytest.mark.parametrize("flow", [Adam.symbolic(correction=False)], ids=repr)
def test_the_same_claim_on_a_scale_that_is_kept_and_shrinks_as_a_root(flow):
    """What the two rules above let through."""
    assert check_step(flow, energies(flow)[0]).status == "PROVED"


def test_the_bound_of_a_step_is_where_the_energy_begins_to_rise():
    """`check_step`: on gradient descent V⁺ − V ≤ −λ h g² exactly up to h = 2(1 − λ)/L, on F = L θ²/2."""
    verdict = check_step(GradientDescent(), ratio=Rational(1, 4))
    L = sympy.Symbol("L", positive=True)
    assert verdict.bound == Rational(3, 2) / L and verdict.sharp
    for h, status in ((Rational(3, 4), "PROVED"), (Rational(76, 100), "REFUTED")):
        assert check_step(GradientDescent(), ratio=Rational(1, 4), curvature=2, step=h).status == status


# --------------------------------------------------------------------------------------- points and wells
@dataclass(frozen=True)
class Growing(Flow):
    """θ' = −sign ∇F beside a memory that grows: V = F − |v|²/2 falls, and nothing stays near v = 0."""

    memory = ("v",)

    def field(self, s, oracle):
        return {"v": s.v, "theta": -sign(oracle.gradient)}

    def energy(self, s, oracle):
        return oracle.value - total(s.v**2) / 2


def test_an_energy_that_is_not_bounded_below_by_the_loss_proves_no_stability():
    """`positive`: V falls to g = v = 0, but V − F(θ*) is not definite there, and v = eᵗ v₀ leaves."""
    energy = energies(Growing())[0]
    verdict = check(Growing(), energy)
    assert verdict.status == "PROVED" and verdict.invariant_set.has(sympy.Symbol("v", real=True))
    assert not verdict.positive and falls(verdict) is None
    assert stability(Growing(), BOWL.critical_points()[0]).status == "undecided"


@dataclass(frozen=True)
class Returning(Flow):
    """θ' = −sign ∇F beside a memory that decays."""

    memory = ("v",)

    def field(self, s, oracle):
        return {"v": -s.v, "theta": -sign(oracle.gradient)}

    def energy(self, s, oracle):
        return oracle.value + total(s.v**2) / 2


def test_the_same_claim_on_an_energy_that_is_bounded_below_by_the_loss():
    """What the rule above lets through."""
    assert stability(Returning(), BOWL.critical_points()[0]).status == "asymptotically stable"


def test_a_start_in_another_well_is_not_confined_to_this_one():
    """`inside`: at θ = −1, F = 0 and no memory the level is below the barrier of the well of +1, and θ is not in it."""
    right = next(p for p in WELLS.critical_points() if p.theta == (1,))
    other = residual_energy(Momentum(), {}, theta=[-1.0], critical_point=right)
    assert other.proved and other.level < other.barrier and other.confined is False
    assert residual_energy(Momentum(), {}, theta=[1.1], critical_point=right).confined


def test_a_single_critical_point_takes_everything_only_if_the_loss_is_coercive():
    """`coercive`: x² + y²(1 − x)³ has one critical point, a strict minimum, and is not bounded below."""
    loss = Loss.from_expression(x**2 + y**2 * (1 - x) ** 3, (x, y), box=((-0.5, 0.5), (-0.5, 0.5)))
    (point,) = loss.critical_points()
    found = well(loss, point)
    assert point.nature == "minimum" and found.level < 1 and loss.value(np.array([4.0, 4.0])) < 0
    assert not found.holds(np.array([4.0, 4.0]))


@pytest.mark.parametrize("a", [3, 5])
def test_lower_bounds_of_cells_are_below_the_loss(a):
    """Coverings: of a well among ripples no cell is dropped, and the other critical points are not in it."""
    loss = Loss.from_expression(x**2 / 2 + sympy.sin(a * x) ** 2 / 2, (x,), box=((-3, 3),), name="ripples")
    point = next(p for p in loss.critical_points() if abs(p.numeric[0]) < 1e-9)
    found = well(loss, point)
    line = np.linspace(-3, 3, 60_001)[None]
    low = loss.value(line) < found.inner
    first = np.flatnonzero(~low & (line[0] > 0))[0]
    last = np.flatnonzero(~low & (line[0] < 0))[-1]
    assert found.holds(line)[last + 1:first].all()  # all of the part of {F < inner} that is connected with 0
    others = np.array([p.numeric[0] for p in loss.critical_points() if abs(p.numeric[0]) > 1e-9])
    assert len(others) and not found.holds(others[None])[(others > line[0][last]) & (others < line[0][first])].any()


def test_an_eigenvalue_on_the_right_makes_a_point_unstable_and_on_the_left_attracting():
    """Signs of eigenvalues: decoupled decay at θ* = 0 moves those of the Hessian by −λ, to either side."""
    from flows import WeightDecay

    saddle = Loss.from_expression(x**2 / 2 - y**2 / 2, (x, y)).critical_points()[0]
    statuses = [stability(WeightDecay(GradientDescent(), rate, decoupled=True), saddle).status
                for rate in (Rational(1, 2), 2)]
    assert statuses == ["unstable", "asymptotically stable"]


def test_a_cross_term_is_an_energy_up_to_its_largest_weight():
    """`check`: F + |v|²/2 + δ⟨∇F, v⟩ falls for H ≤ L where δ < 4c/(4L + c²); beyond it a witness is found."""
    H = sympy.Symbol("H", real=True)
    c, L = Rational(1), Rational(1)
    for delta, status in ((Rational(79, 100), "PROVED"), (Rational(81, 100), "REFUTED")):  # 4/5
        energy = lambda s, o: o.value + total(s.v**2) / 2 + delta * dot(o.gradient, s.v)  # noqa: B023, E731
        assert check(Momentum(c=c), energy, assuming=sympy.Le(H, L)).status == status


def test_a_kink_is_no_point_to_linearise_around():
    """|x| + |y| at 0, and the wells of a relu: a Hessian of pieces would prove that two minima are one."""
    loss = Loss.from_expression(sympy.Abs(x) + sympy.Abs(y), (x, y))
    (point,) = loss.critical_points()
    for ask in (lambda: stability(GradientDescent(), point), lambda: stability(GradientDescent(), (0, 0), loss),
                lambda: multipliers(named("gd", lr=0.1), point), lambda: basin_certificate(GradientDescent(), point)):
        with pytest.raises(ValueError, match="lies on a kink of the loss, where x = 0, y = 0"):
            ask()


def test_a_loss_with_kinks_has_no_well():
    """Two minima of a relu with a saddle on a kink between them, below the level of what was once called a well."""
    points = get("relu-spurious").critical_points()
    for p in (p for p in points if p.nature == "minimum"):
        with pytest.raises(ValueError, match="has kinks"):
            well(get("relu-spurious"), p)
