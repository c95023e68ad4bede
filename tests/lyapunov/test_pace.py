"""How fast algorithms are: V(θ_{n+1}) ≤ ρ V(θ_n) proved with symbols, or refuted by a loss of the class."""

import functools
from dataclasses import dataclass, replace

import numpy as np
import pytest
import sympy
from sympy import Max, Rational, Symbol

from arithmetic import total
from flows import AdaGrad, Adam, Flow, GradientDescent, Momentum, NesterovODE
from lyapunov import PL, H, RateVerdict, check, check_step, derive, quasar_convex, smooth, strongly_convex
from lyapunov.classes import F
from lyapunov.exact.lmi import deepest
from lyapunov.exact.region import Region, Unbounded
from lyapunov.interpolation import Inequality, LossClass, Unreadable
from lyapunov.members import Bends, members, slowest
from lyapunov.pace import (
    Claim, Decrease, RateChain, attacked, bends, eliminated, forms, gives, prove, search, shown,
)
from schemes import Euler, EulerRichardson, ImplicitEuler, SequentialEuler, named, pair

mu, L, h, lr, gamma, c, v0 = sympy.symbols("mu L h lr gamma c V_0", positive=True)
n = Symbol("n", nonnegative=True)
STRONG = [strongly_convex(mu), H <= L]


def loss(s, o):
    return o.value


def distance(s, o):
    return total(s.theta**2)


SHORT = (*strongly_convex(mu), H <= L, h <= 2 / (L + mu))


def claim(rate, relations=SHORT, V=loss, step=h, flow=None):
    return Claim(flow or GradientDescent(), Euler(), sympy.sympify(step), V, sympy.sympify(rate), tuple(relations), n)


@functools.cache
def proved():
    """Gradient descent with the rate (1 − hμ)² of F, and its multipliers."""
    one = claim((1 - h * mu) ** 2)
    return one, search(one)


# ------------------------------------------------------------------------------------------------------ what is proved
def test_gradient_descent_on_smooth_strongly_convex_losses():
    verdict = check_step(GradientDescent(), rate=(1 - h * mu) ** 2, assuming=[*STRONG, h <= 2 / (L + mu)])
    assert isinstance(verdict, RateVerdict) and verdict.status == "PROVED" and verdict.certificate.verify()
    assert verdict.gives == "F(theta_n) - F* <= ((-h*mu + 1)**2)**n*(F(theta_0) - F*)" and verdict.gives in str(verdict)
    assert all(e.free_symbols <= {h, mu, L} for e in verdict.multipliers.values()) and verdict.multipliers


@pytest.mark.slow
def test_the_larger_of_two_rates_on_either_side_of_the_best_step():
    verdict = check_step(GradientDescent(), distance, rate=Max((1 - h * mu) ** 2, (1 - h * L) ** 2),
                         assuming=[*STRONG, h <= 2 / L])
    assert verdict.status == "PROVED" and "h <= 2/(L + mu)" in str(verdict) and "h >= 2/(L + mu)" in str(verdict)


def test_gradient_descent_on_losses_of_polyak_and_lojasiewicz():
    rate = 2 * (L - mu) / (2 * L + mu)
    verdict = check_step(GradientDescent(), rate=rate, step=1 / L, assuming=[PL(mu), smooth(L)])
    assert verdict.status == "PROVED" and verdict.gives == f"F(theta_n) - F* <= ({rate})**n*(F(theta_0) - F*)"


def test_of_a_named_optimizer_the_rate_is_in_its_hyperparameters():
    strong = [strongly_convex(1), H <= 10]
    symbolic = check_step(named("gd", lr=0.05), rate=(1 - lr) ** 2, assuming=[*strong, lr <= Rational(2, 11)])
    assert symbolic.status == "PROVED"
    assert check_step(named("gd", lr=0.05), rate=Rational(19, 20) ** 2, assuming=strong).status == "PROVED"
    slow = check_step(named("gd", lr=0.05), rate=Rational(18, 20) ** 2, assuming=strong)
    assert slow.status == "REFUTED" and slow.counterexample.loss.expression.is_polynomial()


def test_a_potential_that_grows_with_the_steps():
    verdict = check_step(GradientDescent(), lambda s, o: s.t * o.value + total(s.theta**2) / 2, rate=1,
                         assuming=["convex", H <= L, h <= 1 / L])
    assert verdict.status == "PROVED" and verdict.gives == "F(theta_n) - F* <= V_0/(h*n)"


def test_the_proximal_point():
    verdict = check_step(pair(GradientDescent(), ImplicitEuler(), 0.6), distance, rate=Rational(25, 64),
                         assuming=strongly_convex(1))
    assert verdict.status == "PROVED"  # (1/(1 + 0.6))²
    assert check_step(pair(GradientDescent(), ImplicitEuler(), 0.6), distance, rate=Rational(25, 65),
                      assuming=strongly_convex(1)).status == "REFUTED"


def test_a_scheme_of_two_stages():
    """On quadratic losses it is 0.819…, on others slower."""
    verdict = check_step(pair(GradientDescent(), EulerRichardson(), 0.1), distance, rate=0.83,
                         assuming=[strongly_convex(1), H <= 10])
    assert verdict.status == "PROVED" and verdict.certificate.verify()


def test_the_heavy_ball_with_the_momentum_of_its_literature():
    """u² = 1 − lr μ, w² = 1 − lr L and momentum u w."""
    u, w = sympy.symbols("u w", positive=True)
    verdict = check_step(Momentum(c=(1 - u * w) / h), lambda s, o: o.value + w**2 * total(s.v**2) / 2, rate=u**2,
                         assuming=["convex", H >= (1 - u**2) / h**2, H <= (1 - w**2) / h**2, w <= u, u <= 1])
    assert verdict.status == "PROVED" and verdict.gives == "F(theta_n) - F* <= (u**2)**n*V_0"


# ------------------------------------------------------------------------------------------------------ what is refuted
def test_a_refutation_is_a_loss_on_which_the_step_itself_is_too_slow():
    verdict = check_step(GradientDescent(), rate=(1 - h * mu) ** 3, assuming=[*STRONG, h <= 2 / (L + mu)])
    found = verdict.counterexample
    assert verdict.status == "REFUTED" and "others are not excluded" in str(verdict)
    theta = np.array([float(found.state.theta)])
    after = theta - float(found.h) * found.loss.gradient(theta)
    before, value = float(found.loss.value(theta)), float(found.loss.value(after))
    assert value > float(found.rate) * before > 0
    assert before == pytest.approx(float(found.before)) and value == pytest.approx(float(found.after))
    numbers = found.parameters
    assert numbers[mu] <= found.loss.expression.diff(found.loss.symbols[0], 2) <= numbers[L]


def test_a_loss_with_a_bend_refutes_where_quadratic_ones_do_not():
    """Momentum that is best for quadratic losses cycles on others (Lessard, Recht & Packard 2016, section 4.6)."""
    low, high = 1, 25
    root = [sympy.sqrt(x) for x in (low, high)]
    step, beta = 4 / (root[0] + root[1]) ** 2, ((root[1] - root[0]) / (root[1] + root[0])) ** 2

    @dataclass(frozen=True)
    class Ball(Flow):
        memory = ("d",)

        def field(self, s, oracle):
            d = beta * s.d - step * oracle.gradient
            return {"d": d - s.d, "theta": d}

    one = claim(1, [*strongly_convex(low), H <= high], lambda s, o: total(s.theta**2) + total((s.theta - s.d)**2),
                1, flow=Ball())
    assert isinstance(search(one), str)
    bent = [b for b in bends(one, {}, 24) if b.ends]
    assert slowest(forms(one, {}), bent) is not None


def test_losses_that_are_bent_are_of_their_class():
    gap = {"PL": lambda F, g, x: g**2 - 2 * F, "zero": lambda F, g, x: F}
    one = Bends(Rational(1), ((Rational(1), Rational(-1)), (Rational(3, 2), Rational(2))))
    assert one.slope(Rational(2)) == Rational(3, 2) and one.value(Rational(1)) == Rational(1, 2)
    assert one.meets(gap["zero"]) and not one.meets(gap["PL"])
    x = Symbol("x", real=True)
    for place in (Rational(-3), Rational(5, 4), Rational(4)):
        assert one.expression(x).subs(x, place) == one.value(place)
    for bend in members(Rational(-1), Rational(1), True, [lambda F, g, x: g**2 - F], 12):
        ends = np.linspace(-9, 9, 301)
        F, g = (np.array([float(f(Rational(y))) for y in ends.tolist()]) for f in (bend.value, bend.slope))
        assert np.all(g**2 >= F) and np.all(F >= 0)


# -------------------------------------------------------------------------------------------------- what is not decided
@pytest.mark.parametrize("flow, V, reason", [
    (Adam.symbolic(correction=False), None, "linear"), (AdaGrad(), None, "linear"),
    (GradientDescent(), lambda s, o: total(o.hessian_product(s.theta) * s.theta), "hessian"),
    (GradientDescent(), lambda s, o: o.value + 1, "minimum"),
    (GradientDescent(), lambda s, o: o.value**2, "quadratic")])
def test_what_is_no_step_of_vectors_is_said(flow, V, reason):
    verdict = check_step(flow, V, rate=Rational(1, 2), assuming=[strongly_convex(1), H <= 2])
    assert verdict.status == "UNDECIDED" and reason in verdict.reason


def test_arguments_without_meaning_together_are_refused():
    with pytest.raises(ValueError, match="other claim"):
        check_step(GradientDescent(), rate=1, ratio=0)
    with pytest.raises(ValueError, match="give rate"):
        check_step(GradientDescent(), assuming="convex")
    with pytest.raises(ValueError, match="fixed steps"):
        check_step(named("gd-energy"), rate=1)
    assert "positive symbols" in check_step(GradientDescent(), rate=1 - Symbol("q") * h, assuming=STRONG).reason


@pytest.mark.parametrize("relations, what", [
    ([H >= 2, H <= 1], "no loss"), ([H >= mu, H >= L], "largest"), ([H <= mu, H <= L], "smaller"),
    ([sympy.Ge(H * mu, Symbol("g", real=True))], "no bound")])
def test_classes_that_are_none_are_said(relations, what):
    with pytest.raises(Unreadable, match=what):
        LossClass.of(tuple(relations))


# ---------------------------------------------------------------------------------------------------------- the guards
def decrease(value, gram):
    """A claim of one value and one vector, and one inequality, |x|² ≥ 0."""
    one = Decrease()
    one.values, one.gram, one.region = sympy.Matrix([[value]]), sympy.Matrix([[gram]]), Region([])
    one.inequalities = [Inequality("|x|^2 >= 0", sympy.zeros(1, 1), sympy.ones(1, 1))]
    return one


def test_multipliers_must_not_be_negative():
    assert prove(decrease(0, 1), {0: Rational(1, 2)}) is not None
    assert prove(decrease(0, 1), {0: Rational(-1)}) is None


def test_squares_must_not_have_negative_weights():
    assert prove(decrease(0, -1), {}) is None
    assert eliminated(sympy.Matrix([[0, 1], [1, 0]])) is None
    assert eliminated(sympy.Matrix([[1, 2], [2, 1]]))[1][0] == -3


def test_values_must_cancel():
    assert prove(decrease(1, 1), {}) is None


def test_a_proof_of_a_rate_goes_back_to_the_definitions():
    one, found = proved()
    assert RateChain(one, found).again() == ""
    assert RateChain(claim((1 - h * mu) ** 2 - Rational(1, 100)), found).again()
    assert RateChain(claim((1 - h * mu) ** 2, step=h / 2), found).again()
    other = replace(found, squares=[(2 * d, row) for d, row in found.squares])
    assert "not the sum" in RateChain(one, other).again()


def test_a_proof_of_a_rate_is_attacked(monkeypatch):
    chain = RateChain(*proved())
    monkeypatch.setattr("lyapunov.pace.attacked", lambda *_: "a loss breaks it")
    assert chain.again() == "a loss breaks it"
    verdict = check_step(GradientDescent(), rate=0.9, step=0.5, assuming=[strongly_convex(1), H <= 2])
    assert verdict.status == "UNDECIDED" and "a loss breaks it" in verdict.reason


def test_an_inequality_that_the_class_does_not_have_is_met_by_a_loss():
    """The proof is right, the inequality wrong: F_i ≥ F_j + ⟨g_j, x_i − x_j⟩ + more than the class has."""
    one, found = claim((1 - h * mu) ** 2), proved()[1]
    samples = list(one.region.samples(one.parameters, 2, seed=7))
    assert attacked(one, found.multipliers, samples) == ""
    one.inequalities = [q._replace(gram=q.gram - sympy.eye(q.gram.rows)) for q in one.inequalities]
    assert "inequality" in attacked(one, found.multipliers, samples)
    slower = claim((1 - h * mu) ** 3)
    assert attacked(slower, {}, samples) == "a loss of the class breaks the claim"


def test_a_step_that_is_not_slow_is_not_shown():
    one = claim((1 - h * mu) ** 2)
    at = next(one.region.samples(one.parameters, 1))
    assert shown(one, at, Bends(at[mu]), [Rational(1)]) is None


def test_powers_of_a_rate_that_may_be_negative_are_not_said():
    assert gives(claim(1 - h * mu, V=distance)) and not gives(claim(1 - 3 * h * mu, V=distance))


@pytest.mark.parametrize("V", [loss, distance])
def test_a_loss_that_is_not_negative_need_not_vanish_nor_rest_at_0(V):
    """F = 1 + (θ − 3)²/2 meets F >= 0 and H >= 1, and neither F nor |θ|² falls by the rate of those that rest at 0."""
    given = (H >= 1, H <= 2, sympy.Ge(F, 0))
    assert check_step(GradientDescent(), V, step=Rational(1, 2), rate=Rational(1, 4), assuming=given).status != "PROVED"
    resting = check_step(GradientDescent(), V, step=Rational(1, 2), rate=Rational(1, 4), assuming=("convex", *given))
    assert resting.status == "PROVED"
    assert LossClass.of(quasar_convex(1)).rests and LossClass.of(quasar_convex(1)).infimum
    assert not LossClass.of(PL(1)).rests and LossClass.of(PL(1)).infimum and not LossClass.of(PL(1)[:1]).infimum


@pytest.mark.parametrize("V", [loss, distance])
def test_losses_of_a_minimum_elsewhere_attack_a_proof_that_takes_it_to_be_at_0(V):
    given = (H >= 1, H <= 2, sympy.Ge(F, 0))
    one = claim(Rational(1, 4), given, V, Rational(1, 2))
    assert attacked(one, {}, [{}]) == "a loss of the class breaks the claim"
    assert attacked(claim(Rational(1, 4), ("convex", *given), V, Rational(1, 2)), {}, [{}]) == ""


def test_words_are_of_what_the_class_says():
    """−F, a bound of F by its gradient without one from below, and a rate that is the larger of two."""
    falls = check_step(GradientDescent(), lambda s, o: -o.value, rate=1 - 2 * h * L,
                       assuming=("convex", H <= L, h <= 1 / (2 * L)))
    assert falls.status == "PROVED" and falls.gives.startswith("V_n <= ")
    deep = check_step(GradientDescent(), step=1 / L, rate=1 - mu / L, assuming=(PL(mu)[0], *smooth(L)))
    assert deep.status == "PROVED" and deep.gives == "V_n <= (1 - mu/L)**n*V_0"
    larger = Max(1, (1 - h * L) ** 2)
    verdict = check_step(GradientDescent(), rate=larger, assuming=("convex", H <= L, h <= 3 / L))
    assert verdict.status == "PROVED" and verdict.gives == f"F(theta_n) - F* <= ({larger})**n*(F(theta_0) - F*)"
    flow = check(GradientDescent(), loss, rate=2 * mu, assuming=PL(mu)[0])
    assert flow.status == "PROVED" and "so V <= V(0)" in str(flow) and "F - F*" not in str(flow)


def test_a_slow_step_starts_at_a_step():
    rising = check_step(GradientDescent(), lambda s, o: distance(s, o) / 2 + (s.t / h) ** 2 * o.value / L, rate=1,
                        assuming=("convex", H <= L, h <= 1 / L))
    assert rising.status == "REFUTED" and (rising.counterexample.state.t / rising.counterexample.h).is_integer


def test_losses_that_are_bent_downwards_alone_are_of_their_class():
    """H <= −2 without a bound from below: −x² and steeper, never x²."""
    found = [b.middle for b in members(None, Rational(-2), False, [], 8)]
    assert found and max(found) == -2
    rises = check_step(GradientDescent(), loss, rate=1, assuming=[H <= -2])
    assert rises.status != "REFUTED" or rises.counterexample.loss.hessian(np.array([0.3]))[0, 0] <= -2


def test_relations_of_parameters_that_the_claim_has_not():
    """h is bounded, and the step is 1/L; relations that are false are refused."""
    given = ("convex", F >= mu * sympy.Symbol("theta", real=True) ** 2 / 2, H <= L, h <= 1 / L)
    assert check_step(GradientDescent(), step=1 / L, rate=1, assuming=given).status == "PROVED"
    for ask in (check_step, check):
        with pytest.raises(ValueError, match="false for all"):
            ask(GradientDescent(), loss, rate=1, assuming=("convex", h <= -1 / L))


def test_multipliers_that_are_not_real_are_none():
    verdict = check_step(GradientDescent(), lambda s, o: total(o.gradient**2), rate=(1 + h) ** 2,
                         assuming=(H >= -1, H <= 1))
    assert verdict.status in ("PROVED", "UNDECIDED")


def test_a_v_that_is_no_number_is_said():
    with pytest.raises(ValueError, match=r"total\(...\)"):
        check_step(GradientDescent(), lambda s, o: s.theta**2, rate=1, assuming="convex")


def test_floats_find_what_is_inside_and_what_is_not():
    S0, S = np.diag([1.0, 1.0]), np.array([np.diag([1.0, 0.0])])
    none = np.zeros((0, 1)), np.zeros(0)
    assert deepest(S0, S, *none).depth > 0.2
    assert deepest(np.diag([1.0, -1.0]), S, *none).depth < -0.2
    assert deepest(S0, S, np.array([[1.0]]), np.array([2.0])).depth < -0.2


def test_a_region_is_an_orthant():
    region = Region([mu < L, h <= 2 / L, h >= 2 / (L + mu)])
    assert region.never_negative((1 - h * L) ** 2 - (1 - h * mu) ** 2) is not None
    assert region.never_negative((1 - h * mu) ** 2 - (1 - h * L) ** 2) is None
    assert Region([mu < L], [sympy.sqrt(mu)]).never_negative(1 - sympy.sqrt(mu / L)) is not None
    assert Region([]).never_negative(mu**2 - mu * L + L**2) is not None
    assert Region([]).never_negative(mu**2 - 3 * mu * L + L**2) is None
    for at in region.samples([mu, L, h], 20):
        assert at[mu] < at[L] and 2 / (at[L] + at[mu]) <= at[h] <= 2 / at[L]
    for relations in ([h * L <= 1], [mu <= L, L <= mu], [h <= 1, h <= mu], [h <= mu - L]):
        with pytest.raises(Unbounded):
            Region(relations)


@pytest.mark.slow
def test_a_potential_of_nesterovs_method_falls():
    """One step at numbers, of the proof that the page shows with symbols."""
    root = Rational(1, 2)  # √(1/L), L = 4

    def V(s, o):
        k = s.t / root
        x = s.theta - (k - 1) / (k + 2) * root * s.v
        return (k + 1) ** 2 * o.loss.value(x) + 2 * total(((k + 2) * s.theta - k * x) ** 2)

    verdict = check_step(pair(NesterovODE(3, 0.5), SequentialEuler(), 0.5), V, rate=1, assuming=["convex", H <= 4])
    assert verdict.status == "PROVED" and verdict.gives == "F(x1_n) - F* <= V_0/(n + 1)**2"


# ---------------------------------------------------------------------------------------------------------- the flows
def test_quasar_convex_losses():
    class_ = quasar_convex(gamma, mu)
    verdict = check(GradientDescent(), lambda s, o: o.value + mu * total(s.theta**2) / 2, assuming=class_,
                    rate=gamma * mu)
    assert verdict.status == "PROVED" and verdict.certificate.verify() and "exp(-(gamma*mu)*t)" in str(verdict)
    faster = check(GradientDescent(), lambda s, o: o.value + mu * total(s.theta**2) / 2, assuming=class_,
                   rate=5 * gamma * mu)
    assert faster.status != "PROVED"
    rises = check(GradientDescent(), lambda s, o: -o.value, assuming=quasar_convex(1))
    assert rises.status == "UNDECIDED" or rises.counterexample.loss.gradient(np.zeros(1)) == 0  # the minimum is at 0
    plain = check(GradientDescent(), lambda s, o: gamma * s.t * o.value + total(s.theta**2) / 2,
                  assuming=quasar_convex(gamma))
    assert plain.status == "PROVED"


@pytest.mark.parametrize("flow, assuming, k", [
    (GradientDescent(), strongly_convex(mu), 2 * mu), (GradientDescent(), PL(mu), 2 * mu),
    (GradientDescent(), "convex", 0),
    (Momentum, (*strongly_convex(mu),), 2 * c / 3)])
def test_the_best_rate_of_an_ansatz(flow, assuming, k):
    found = derive(flow, assuming=assuming, rate=True)
    assert found.status == "PROVED" and sympy.simplify(found.verdict.rate - k) == 0 and found.energy is not None
    assert k == 0 or "no larger rate" in found.steps[-1]
    if flow is Momentum:
        assert found.conditions == (sympy.Ge(mu, 2 * c**2 / 9),)


def test_a_flow_without_a_rate_of_the_ansatz_says_so():
    assert "ansatz" in derive(Adam, assuming=strongly_convex(mu), rate=True).reason
    assert "ansatz" in derive(Momentum, assuming=PL(mu), rate=True).reason
