"""Verdicts: every known energy, known thresholds, refuted claims with exact witnesses, and honest indecision."""
import functools
from dataclasses import dataclass

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import And, Eq, Rational, sqrt

import arithmetic as ar
from arithmetic import diagonal, total
from flows import (
    AdaGrad, Adam, AggregatedMomentum, AMSGrad, AveragedMomentum, ClippedGradient, DoG, DoWG, EnergyFriction, Flow,
    GaussNewton, GradientDescent, LevenbergMarquardt, Lion, Momentum, Nesterov, Newton, NormalisedGradient, PGradient,
    QuasiHyperbolic, RestartedNesterov, RMSProp, Secant, SignSGD, Signum, WeightDecay, scalar,
)
from lyapunov import Energy, Status, check, energies
from lyapunov.exact import Domain, negative_direction

a, b, c, eps, L, delta, kappa, damping, nu = sympy.symbols("a b c eps L delta kappa lambda nu", positive=True)
F, g, H, m, v, J, theta = sympy.symbols("F g H m v J theta", real=True)
V, G, c1, c2 = (sympy.Symbol(name, positive=True) for name in ("v", "G", "c1", "c2"))
root = sqrt(V / c2)
LOSS = Energy(lambda s, oracle: oracle.value)


def proved(verdict):
    assert verdict.status == "PROVED" and verdict.status.name == "PROVED", str(verdict)
    assert verdict.certificate.verify()
    assert verdict.witness is None
    return verdict


def refuted(verdict):
    assert verdict.status == Status.REFUTED, str(verdict)
    assert all(value.is_Rational for value in verdict.witness.values())
    assert verdict.derivative.subs(verdict.witness) > 0
    assert verdict.derivative.free_symbols == set(verdict.witness)
    assert all(value >= 0 for x, value in verdict.witness.items() if x.is_positive)
    assert verdict.certificate is None
    return verdict


# ---------------------------------------------------------------------- the known energies, for all positive rates
# flow, which energy, V' (facts: table B), conditions, strict, largest invariant set
D = sqrt(V) + eps
CROSS = -(c * v**2 - delta * H * v**2 + delta * c * g * v + delta * g**2)
CORRECTED = -m**2 / (c1 * (root + eps)) * (
    1 + (1 - c1) / (2 * c1) - b / (4 * a * c2) * (V / c2 - g**2) / (root * (root + eps)))
PLAIN = -m**2 / D * (1 - b / (4 * a) * (V - g**2) / (sqrt(V) * D))
AT_REST = And(Eq(g, 0), Eq(v, 0))
ADAM_REST = And(Eq(g, 0), Eq(m, 0), Eq(v, 0))
CLOCKS = And(ADAM_REST, *(Eq(sympy.Symbol(x, real=True), 1) for x in ("c1", "c2")))
TABLE = [
    (GradientDescent(), 0, -g**2, (), True, Eq(g, 0)),
    (Momentum(c), 0, -c * v**2, (), False, AT_REST),
    (Momentum(c), 1, CROSS, (delta <= 4 * c / (4 * L + c**2),), True, AT_REST),
    (RestartedNesterov(a), 0, -a * v**2 / c, (), False, AT_REST),
    (Nesterov(c, kappa, eps), 0, -c * kappa * v**2 - eps * g**2, (), True, AT_REST),
    (AdaGrad(eps), 0, -g**2 / (sqrt(G) + eps), (), False, Eq(g, 0)),
    (AdaGrad(eps), 1, 0, (), False, None),
    (RMSProp(b, eps), 0, -g**2 / D, (), False, AT_REST),
    (RMSProp(b, eps), 1, -((1 - kappa) * g**2 + kappa * V) / D, (kappa <= 1,), True, AT_REST),
    (Adam(a, b, eps, correction=False), 0, PLAIN, (b <= 4 * a,), False, ADAM_REST),
    (Adam(a, b, eps), 0, CORRECTED, (b <= 4 * a,), False, CLOCKS),
    (Newton(), 0, -g**2, (sympy.Ne(H, 0),), True, Eq(g, 0)),
    (AveragedMomentum(a), 0, -m**2, (), False, And(Eq(g, 0), Eq(m, 0))),
    (GaussNewton(), 0, -g**2 / J**2, (sympy.Ne(J, 0),), True, Eq(g, 0)),
    (SignSGD(), 0, -g * sympy.sign(g), (), True, Eq(g, 0)),
    (Signum(a), 0, -m * sympy.sign(m), (), False, And(Eq(g, 0), Eq(m, 0))),
    (AMSGrad.symbolic(correction=False), 0, None, (), False, ADAM_REST),
    (AMSGrad.symbolic(), 0, None, (), False, CLOCKS),
    (AMSGrad.symbolic(corrected_maximum=True), 0, None, (), False, CLOCKS),
    (LevenbergMarquardt(damping), 0, -g**2 / (J**2 + damping), (), True, Eq(g, 0)),
    (QuasiHyperbolic(a, nu), 0, -(1 - nu) * g**2 - nu * m**2, (nu <= 1,), True, And(Eq(g, 0), Eq(m, 0))),
    (AggregatedMomentum.symbolic(), 0, None, (), False,
     And(Eq(g, 0), *(Eq(sympy.Symbol(f"v{i}", real=True), 0) for i in (1, 2, 3)))),
]


@functools.cache
def known(flow, i):
    """The verdict on the i-th energy of a flow, which several tests look at."""
    return check(flow, energies(flow)[i])


@pytest.mark.parametrize("flow, i, derivative, conditions, strict, limits", TABLE)
def test_the_known_energies_are_proved_for_all_rates_that_meet_the_derived_conditions(
        flow, i, derivative, conditions, strict, limits):
    verdict = proved(known(flow, i))
    assert derivative is None or sympy.simplify(verdict.derivative - derivative) == 0
    assert verdict.conditions == conditions
    assert verdict.strict is strict
    assert verdict.invariant_set == limits
    if conditions and not isinstance(flow, (Newton, GaussNewton)):
        assert verdict.necessary

#: Lion's needs β ≤ 1 (see below), a speed that is one number of all coordinates has no V' of one (see below), and a
#: secant metric has fourth roots (its positivity is tested with the step); clipped steps turn with the gradient, and a
#: friction that the energy sets is tested with the search rules.
BEYOND = {NormalisedGradient, PGradient, Lion, Secant, DoG, DoWG, EnergyFriction, ClippedGradient}


def test_every_flow_with_an_energy_is_in_the_table():
    from flows import FLOWS
    assert {type(row[0]) for row in TABLE} | BEYOND == {flow for flow in FLOWS if flow.energy is not None}
    assert check(Lion, energies(Lion)[0]).status != "PROVED"
    assert all(check(flow, energies(flow)[0]).status == "PROVED" for flow in BEYOND - {Lion, Secant, EnergyFriction})


def test_lion_is_proved_on_the_pieces_of_its_signs():
    beta = sympy.Symbol("beta", positive=True)
    verdict = proved(check(Lion, energies(Lion)[0], assuming=beta <= 1))
    assert verdict.zero_set == Eq(m, 0) and verdict.invariant_set == And(Eq(g, 0), Eq(m, 0)) and verdict.positive
    assert sum("where" in step for step in verdict.certificate.steps) == 4  # two signs
    proved(check(Lion(beta=0.9, b=0.5), energies(Lion(beta=0.9, b=0.5))[0]))
    refuted(check(Lion(beta=1.5, b=0.5), energies(Lion(beta=1.5, b=0.5))[0]))


@pytest.mark.parametrize("flow, i, positive", [
    (Momentum(c), 0, True), (Momentum(c), 1, False), (Adam(a, b, eps), 0, True), (RMSProp(b, eps), 1, True),
    (AdaGrad(Rational(1, 100)), 1, True), (AdaGrad(eps), 1, None), (Newton(), 0, True)])
def test_whether_V_minus_F_is_nonnegative(flow, i, positive):
    assert known(flow, i).positive is positive


# ------------------------------------------------------------------------------------------------- thresholds
@pytest.mark.parametrize("number, good", [(Rational(23, 100), True), (0.23, True), (Rational(4, 17), True),
                                          (Rational(6, 25), False), (0.24, False), (Rational(40001, 170000), False)])
def test_momentum_cross_term_with_numbers(number, good):
    verdict = check(Momentum(c=1), energies(Momentum(c=1), delta=number, L=4)[1])
    proved(verdict) if good else refuted(verdict)
    if not good:
        assert verdict.witness.get(H, 4) <= 4


def test_momentum_cross_term_threshold():
    assert proved(check(Momentum(c=1), energies(Momentum(c=1), L=4)[1])).conditions == (delta <= Rational(4, 17),)


def test_at_its_bound_the_cross_term_is_not_strict():
    verdict = proved(check(Momentum(c=1), energies(Momentum(c=1), delta=Rational(4, 17), L=4)[1]))
    assert verdict.strict is False and "H" in str(verdict.zero_set)


def test_the_cross_term_needs_the_curvature_bound():
    energy = energies(Momentum(c=1), delta=Rational(1, 10), L=1)[1]
    refuted(check(Momentum(c=1), Energy(energy.function)))


@pytest.mark.parametrize("fast, slow, good", [(0.4, 0.1, True), (0.41, 0.1, False), (0.001, 0.1, True), (3.7, 1, True),
                                              (1.2, 0.3, True), (400001, 100000, False)])
@pytest.mark.parametrize("correction", [False, True])
def test_adam_with_numbers(fast, slow, good, correction):
    flow = Adam(a=slow, b=fast, eps=Rational(1, 100), correction=correction)
    verdict = check(flow, energies(flow)[0])
    (proved if good else refuted)(verdict)
    if correction and not good:  # the witness keeps the invariant (1 − c₂)^a = (1 − c₁)^b, if only at the limit t → ∞
        k = sympy.nsimplify(fast) / sympy.nsimplify(slow)
        assert (1 - verdict.witness[c2])**k.q == (1 - verdict.witness[c1])**k.p
        if k.q <= 10:
            assert verdict.witness[c1] < 1


def test_the_witness_of_the_literature_refutes_adam_just_above_the_threshold():
    flow = Adam(a=1, b=4.1, eps=0.01, correction=False)
    verdict = refuted(check(flow, energies(flow)[0]))
    assert verdict.derivative.subs({g: 0, m: 1, V: 1}) > 0


def test_bias_corrections_are_not_independent_states():
    """With c₁ = 1, c₂ = 1/8, which is never reached, V' > 0 although a = b."""
    flow = Adam(a=1, b=1, eps=Rational(1, 100))
    verdict = proved(check(flow, energies(flow)[0]))
    assert verdict.derivative.subs({c1: 1, c2: Rational(1, 8), g: 0, m: 1, V: Rational(1, 8)}) > 0


# --------------------------------------------------------------------------------------------- refuted claims
@dataclass(frozen=True)
class RMSPropMomentum(Flow):
    b: float = 1.0
    c: float = 1.0
    eps: float = 0.01
    memory = ("v", "w")
    nonnegative = ("v",)

    def field(self, s, oracle):
        direction = oracle.gradient / (ar.sqrt(s.v) + self.eps)
        return {"v": self.b * (oracle.gradient**2 - s.v), "w": -self.c * s.w - direction, "theta": s.w}

    def energy(self, s, oracle):
        return oracle.value + total((ar.sqrt(s.v) + self.eps) * s.w**2) / 2


@dataclass(frozen=True)
class AdamRoot(Adam):
    """Adam with ε inside the root."""

    correction: bool = False

    def field(self, s, oracle):
        return super().field(s, oracle) | {"theta": -s.m / ar.sqrt(s.v + self.eps)}

    def energy(self, s, oracle):
        return oracle.value + total(s.m**2 / ar.sqrt(s.v + self.eps)) / (2 * self.a)


@dataclass(frozen=True)
class Accelerated(Flow):
    """θ'' + (3/t) θ' + ∇F = 0."""

    memory = ("v",)

    def field(self, s, oracle):
        return {"v": -3 / s.t * s.v - oracle.gradient, "theta": s.v}


@dataclass(frozen=True)
class Coupled(Flow):
    """Steps over the sum of all |g_i|, a norm that rotations change."""

    def field(self, s, oracle):
        return {"theta": -oracle.gradient / (1 + total(ar.absolute(oracle.gradient)))}


@pytest.mark.parametrize("flow, energy", [
    (Momentum(), LOSS), (Momentum(c), LOSS), (Adam(), LOSS), (Adam(a, b, eps), LOSS), (Newton(), LOSS),
    (RMSPropMomentum(), energies(RMSPropMomentum())[0]), (Momentum(c=-1), energies(Momentum(c=-1))[0]),
    (WeightDecay(GradientDescent(), 0.1, decoupled=True), LOSS), (WeightDecay(Adam(), 0.1, decoupled=True), LOSS),
    (GradientDescent(), lambda s, oracle: -oracle.value), (GradientDescent(), lambda s, oracle: total(s.theta**2)),
    (GradientDescent(), lambda s, oracle: oracle.value**2), (Momentum(), lambda s, oracle: total(s.v**2)),
    (Momentum(), lambda s, oracle: oracle.value + total(s.v**2)**2),
    (LevenbergMarquardt(), lambda s, oracle: total(oracle.gradient**2))])
def test_false_claims_are_refuted(flow, energy):
    refuted(check(flow, energy))


@settings(max_examples=25, deadline=None)
@given(st.fractions(-3, 3).filter(lambda p: p != 1), st.fractions(Rational(1, 100), 10))
def test_no_other_kinetic_weight_is_an_energy_of_momentum(p, friction):
    weight, flow = Rational(p.numerator, p.denominator), Momentum(Rational(friction.numerator, friction.denominator))
    refuted(check(flow, lambda s, oracle: oracle.value + weight * total(s.v**2) / 2))


@settings(max_examples=15, deadline=None)
@given(st.fractions(-1, 3).filter(lambda p: p != 1), st.floats(0.05, 4))
def test_no_other_weight_is_an_energy_of_adam(p, fast):
    weight, flow = Rational(p.numerator, p.denominator), Adam(a=1.0, b=fast, eps=0.1, correction=False)
    verdict = check(flow, lambda s, oracle: oracle.value + weight * total(s.m**2 / (ar.sqrt(s.v) + flow.eps)) / 2)
    assert verdict.status is not Status.PROVED
    if verdict.status is Status.REFUTED:
        refuted(verdict)


@settings(max_examples=8, deadline=None)
@given(st.floats(0.01, 20), st.floats(0.1, 10), st.floats(0.01, 3))
def test_the_cross_term_is_decided_on_both_sides_of_its_bound(friction, curvature, share):
    flow = Momentum(sympy.Rational(str(round(friction, 3))))
    curvature = Rational(str(round(curvature, 3)))
    bound = 4 * flow.c / (4 * curvature + flow.c**2)
    number = bound * Rational(str(round(share, 3)))
    verdict = check(flow, energies(flow, delta=number, L=curvature)[1])
    (proved if number <= bound else refuted)(verdict)


# ------------------------------------------------------------------------------------ other flows, other classes
def test_the_kinetic_weight_is_derived():
    p = sympy.Symbol("p", real=True)
    verdict = proved(check(Momentum, lambda s, oracle: oracle.value + p * total(s.v**2) / 2))
    assert verdict.conditions == (Eq(p, 1),) and verdict.positive


def test_adam_with_eps_inside_the_root():
    flow = AdamRoot(a, b, eps)
    verdict = proved(check(flow, energies(flow)[0]))
    formula = -m**2 / sqrt(V + eps) * (1 - b / (4 * a) * (V - g**2) / (V + eps))
    assert sympy.simplify(verdict.derivative - formula) == 0
    assert verdict.conditions == (b <= 4 * a,)
    refuted(check(AdamRoot(b=4.1, eps=0.01), energies(AdamRoot(b=4.1, eps=0.01))[0]))


@pytest.mark.parametrize("flow, conditions", [
    (Momentum(c), ()), (Nesterov(c, kappa, eps), ()), (Adam(a, b, eps), (b <= 4 * a,))])
def test_weight_decay_keeps_the_energy_of_the_penalised_loss(flow, conditions):
    decayed = WeightDecay(flow, damping)
    assert proved(check(decayed, energies(decayed)[0])).conditions == conditions


def test_the_accelerated_gradient_flow_needs_convexity():
    energy = Energy(lambda s, oracle: s.t**2 * oracle.value + 2 * total((s.theta + s.t * s.v / 2)**2),
                    assuming="convex")
    verdict = proved(check(Accelerated(), energy))
    t = sympy.Symbol("t", nonnegative=True)
    assert sympy.expand(verdict.derivative - 2 * t * (F - g * theta)) == 0
    refuted(check(Accelerated(), Energy(energy.function)))
    proved(check(Accelerated(), lambda s, oracle: oracle.value + total(s.v**2) / 2))


def test_convexity_narrows_the_losses():
    proved(check(GradientDescent(), lambda s, oracle: total(s.theta**2), assuming="convex"))
    assert proved(check(Newton(), LOSS, assuming="convex")).conditions == (sympy.Ne(H, 0),)


def test_a_relation_on_a_rate_can_be_assumed():
    verdict = proved(check(RMSProp, energies(RMSProp)[1], assuming=kappa <= 1))
    assert verdict.conditions == ()


@pytest.mark.parametrize("flow, energy, reason", [
    (Coupled(), LOSS, "couples coordinates"),
    (GradientDescent(), lambda s, oracle: oracle.hessian, "V contains H"),
    (Signum(a=1), lambda s, oracle: ar.exp(oracle.value + total(ar.absolute(s.m))), "single coordinates"),
    (GradientDescent(), lambda s, oracle: oracle.value + oracle.residual, "V contains r")])
def test_what_cannot_be_decided_says_why(flow, energy, reason):
    verdict = check(flow, energy)
    assert verdict.status == "UNDECIDED" and verdict.certificate is None and verdict.witness is None
    assert reason in verdict.reason


def test_claims_that_agree_in_one_coordinate_have_verdicts_of_their_own():
    """Verdicts are kept by what is read in several coordinates: |v|² and (v₁ + v₂ + …)² are alike in one alone."""
    right, wrong = (check(Momentum(c=3), lambda s, oracle, square=square: oracle.value + square(s.v) / 2)
                    for square in (lambda x: total(x**2), lambda x: total(x)**2))
    assert right.status == "PROVED" and wrong.status != "PROVED"


def test_a_claim_that_holds_in_one_dimension_only_is_not_proved():
    """V = F + |v|²/2 + (Σv)² − |v|²: in one dimension the last two cancel."""
    energy = Energy(lambda s, oracle: oracle.value + total(s.v**2) / 2 + total(s.v)**2 - total(s.v**2))
    verdict = check(Momentum(), energy)
    assert verdict.status == "REFUTED" and verdict.counterexample.loss.dim == 2 and verdict.counterexample.rise > 0


@pytest.mark.parametrize("flow", [RMSProp(b=1, eps=0), AdaGrad(eps=0), Adam(a=1, b=4, eps=0, correction=False)])
def test_eps_may_be_zero(flow):
    for energy in energies(flow, **({"kappa": 1} if isinstance(flow, RMSProp) else {})):
        proved(check(flow, energy))


TURNING = {  # flows whose field turns with the gradient and the memory: (memory, nonnegative, field, V)
    "normalised": ((), (), lambda s, o: {"theta": -o.gradient / ar.sqrt(1 + ar.dot(o.gradient, o.gradient))}, LOSS),
    "AdaGrad-norm": ((scalar("G"),), ("G",), lambda s, o: {
        "G": ar.dot(o.gradient, o.gradient), "theta": -o.gradient / (ar.sqrt(s.G) + 1)}, LOSS),
    "Adam-norm": (("m", scalar("v")), ("v",), lambda s, o: {
        "m": o.gradient - s.m, "v": 4 * (ar.dot(o.gradient, o.gradient) - s.v), "theta": -s.m / (ar.sqrt(s.v) + 1)},
        Energy(lambda s, o: o.value + ar.dot(s.m, s.m) / (2 * (ar.sqrt(s.v) + 1)))),
    "normalised momentum": (("m",), (), lambda s, o: {
        "m": o.gradient - s.m, "theta": -s.m / ar.sqrt(1 + ar.dot(s.m, s.m))},
        Energy(lambda s, o: o.value + ar.sqrt(1 + ar.dot(s.m, s.m)))),
    "relativistic": (("v",), (), lambda s, o: {"v": -o.gradient - s.v, "theta": s.v / ar.sqrt(1 + ar.dot(s.v, s.v))},
                     Energy(lambda s, o: o.value + ar.sqrt(1 + ar.dot(s.v, s.v)))),
    "friction |v|v": (("v",), (), lambda s, o: {"v": -o.gradient - ar.sqrt(ar.dot(s.v, s.v)) * s.v, "theta": s.v},
                      Energy(lambda s, o: o.value + ar.dot(s.v, s.v) / 2)),
    "p-flow": ((), (), lambda s, o: {"theta": -o.gradient / ar.sqrt(ar.dot(o.gradient, o.gradient))}, LOSS),
    "Polyak's step": ((), (), lambda s, o: {"theta": -o.value * o.gradient / ar.dot(o.gradient, o.gradient)},
                      Energy(lambda s, o: o.value, assuming="convex"))}


@pytest.mark.parametrize("name", TURNING)
@pytest.mark.parametrize("sense, status", [(1, "PROVED"), (-1, "REFUTED")])
def test_flows_that_turn_with_their_vectors_are_decided_by_inner_products(name, sense, status):
    memory, nonnegative, field, V = TURNING[name]
    body = {"memory": memory, "nonnegative": nonnegative,
            "field": lambda self, s, o: (f := field(s, o)) | {"theta": sense * f["theta"]}}
    verdict = check(type(name, (Flow,), body)(), V)
    assert verdict.status == status
    assert verdict.certificate.verify() if status == "PROVED" else verdict.counterexample.rise > 0


def test_curvature_that_is_not_in_the_derivative_of_V_couples_nothing():
    """AdaHessian: θ' = −g/(√k + 1), k an average of the squared diagonal of H; V = F has V' = −Σ g²/(√k + 1)."""
    body = {"memory": ("k",), "nonnegative": ("k",), "field": lambda self, s, o: {
        "k": diagonal(o.hessian)**2 - s.k, "theta": -o.gradient / (ar.sqrt(s.k) + 1)}}
    verdict = check(type("AdaHessian", (Flow,), body)(), LOSS)
    assert verdict.status == "PROVED" and verdict.invariant_set is None and verdict.certificate.verify()


def test_wrong_arguments_are_explained():
    with pytest.raises(TypeError, match="must be a Flow"):
        check("adam", LOSS)
    with pytest.raises(TypeError, match="must be called as"):
        check(Momentum(), 3)
    with pytest.raises(ValueError, match="'convex'"):
        check(Momentum(), LOSS, assuming="smooth")
    with pytest.raises(ValueError, match="linear"):
        check(Momentum(), LOSS, assuming=g * v <= 0)
    with pytest.raises(TypeError, match="inequality"):
        check(Momentum(), LOSS, assuming=sympy.Eq(H, 1))


def test_a_verdict_reads_well():
    flow = Adam(a=1, b=5, eps=0.01, correction=False)
    text = str(check(flow, energies(flow)[0]))
    assert "REFUTED: V' > 0 occurs" in text and "witness    g = 0, m = 1" in text
    text = str(check(Momentum, energies(Momentum)[1]))
    assert "conditions delta <= 4*c/(4*L + c**2)  (necessary too)" in text and "assuming   H <= L" in text
    latex = check(Momentum, energies(Momentum)[1])._repr_latex_()
    assert latex.startswith("$$") and r"\delta" in latex and "PROVED" in latex
    assert r"\frac" in check(flow, energies(flow)[0])._repr_latex_()


# -------------------------------------------------------------------------------------------------- exact signs
def test_polynomial_signs():
    x, z, s = sympy.Symbol("x", real=True), sympy.Symbol("z", real=True), sympy.Symbol("s", positive=True)
    domain = Domain(frozenset({x, z}), frozenset({s}))
    assert domain.nonnegative(x**2 + 2 * x * z + 2 * z**2) is not None
    assert domain.nonnegative(x**2 + 2 * x * z + z**2 * Rational(99, 100)) is None
    assert domain.nonnegative(s * x**2 + s**2 * z**4) is not None
    assert domain.nonnegative(x * s) is None and domain.nonnegative(s - 1) is None
    assert domain.nonnegative(-(x - z)**2) is None and domain.nonnegative((x - z)**2) is not None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=6, max_size=6))
def test_exact_elimination_agrees_with_eigenvalues(entries):
    p, q, r, s, t, u = entries
    M = sympy.Matrix([[p, q, r], [q, s, t], [r, t, u]])
    direction, x = negative_direction(M), sympy.symbols("x1:4", real=True)
    if direction is not None:
        assert (direction.T * M * direction)[0] < 0
    vector = sympy.Matrix(x)
    proof = Domain(frozenset(x)).nonnegative(sympy.expand((vector.T * M * vector)[0]))
    assert (proof is None) == (direction is not None)
