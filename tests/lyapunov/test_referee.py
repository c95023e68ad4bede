"""The referee alone: it is given verdicts that a search might return, each wrong in one respect."""

from dataclasses import make_dataclass, replace

import numpy as np
import pytest
import sympy
from sympy import Eq, Rational

from arithmetic import absolute, add_diagonal, sign, solve, sqrt, total
from flows import Adam, DampedNewton, Flow, GradientDescent, Momentum, Nesterov
from lyapunov import Certificate, H, Status, Verdict, check, check_step, energies, multipliers
from lyapunov.local import fixed_points
from lyapunov.motion import LANES, Law, Motion
from lyapunov.realise import realise
from lyapunov.referee import refereed
from lyapunov.step import ratio_symbol
from lyapunov.trials import as_told, bears, multiplied, rise
from schemes import SequentialEuler, pair

F, g, m, v, theta = sympy.symbols("F g m v theta", real=True)
a, b, L = sympy.symbols("a b L", positive=True)
REST = Eq(g, 0)


def loss(s, o):
    return o.value


def kinetic(s, o):
    return o.value + total(s.v**2) / 2


def flow(memory, field, nonnegative=(), **rates):
    body = {"memory": memory, "nonnegative": nonnegative, "field": field}
    return make_dataclass("Made", [(k, float, 1.0) for k in rates], bases=(Flow,), namespace=body, frozen=True)(**rates)


def proved(derivative, **facts):
    return Verdict(
        Status.PROVED,
        derivative,
        energy=F,
        certificate=Certificate(("so it is said",)),
        zero_set=facts.pop("zero_set", REST),
        **facts,
    )


def judged(subject, V, verdict, relations=()):
    return refereed(subject.exact(), V, verdict, relations)


# ------------------------------------------------------------------------------------------------- PROVED
def test_what_is_true_passes():
    verdict = judged(GradientDescent(), loss, proved(-(g**2), strict=True, invariant_set=REST, positive=True))
    assert verdict.status == "PROVED" and verdict.strict and verdict.invariant_set == REST and verdict.positive
    assert verdict.certificate.verify()


def test_the_formula_that_was_proved_must_be_that_of_the_definitions():
    """V' = −g² is not −2g², although both are ≤ 0."""
    assert judged(GradientDescent(), loss, proved(-2 * g**2)).status == "UNDECIDED"


def test_the_formula_of_one_coordinate_must_speak_for_several():
    """θ' = −g Σg has V' = −g² in one coordinate, and −(Σg)² ≤ 0 in two."""
    subject = flow((), lambda f, s, o: {"theta": -0 * o.gradient - total(o.gradient)})
    verdict = judged(subject, loss, proved(-(g**2)))
    assert verdict.status == "UNDECIDED" and "2 coordinates" in verdict.reason


def test_a_formula_of_inner_products_must_be_that_of_the_definitions():
    """θ' = −g/(1 + Σ|g|): on an axis V' = −|g|²/(1 + |g|), and not in the plane."""
    subject = flow((), lambda f, s, o: {"theta": -o.gradient / (1 + total(absolute(o.gradient)))})
    axes = [[sympy.Symbol("gradient_1", positive=True)]]
    (size,) = axes[0]
    said = proved(-(size**2) / (1 + size))
    verdict = refereed(subject, loss, said, (), sympy.S.Zero, (("gradient",), axes))
    assert verdict.status == "UNDECIDED" and "inner products" in verdict.reason


def test_a_certificate_goes_back_to_the_definitions():
    verdict = judged(GradientDescent(), loss, proved(-(g**2)))
    chain = verdict.certificate.chain
    assert verdict.certificate.verify()
    assert not replace(verdict.certificate, chain=replace(chain, flow=Momentum())).verify()
    assert not replace(verdict.certificate, chain=replace(chain, derivative=-2 * g**2)).verify()


def test_states_where_V_grows_are_found():
    verdict = judged(Momentum(), loss, proved(g * v))
    assert verdict.status == "REFUTED" and verdict.counterexample.rise > 0
    assert verdict.derivative.subs(verdict.witness) > 0


def test_states_outside_the_assumptions_are_none():
    """θ' = −(1 − H) g: for H ≤ 1 V = F falls, and for other losses not."""
    subject = flow((), lambda f, s, o: {"theta": -o.gradient + o.hessian_product(o.gradient)})
    h = sympy.Symbol("H", real=True)
    derivative = -(g**2) * (1 - h)
    assert judged(subject, loss, proved(derivative), (h <= 1,)).status == "PROVED"
    assert judged(subject, loss, proved(derivative), (h <= 2,)).status == "REFUTED"
    assert judged(subject, loss, proved(derivative)).status == "REFUTED"


def test_conditions_must_have_rates():
    subject = flow((), lambda f, s, o: {"theta": -o.gradient * f.a}, a=1.0).symbolic()
    assert judged(subject, loss, proved(-a * g**2, conditions=(a <= 1,))).status == "PROVED"
    verdict = judged(subject, loss, proved(-a * g**2, conditions=(a <= 1, a >= 2)))
    assert verdict.status == "UNDECIDED" and "no rates" in verdict.reason


def test_a_block_that_leaves_its_domain_is_seen():
    """v' = g − v with v ≥ 0 declared, θ' = −vg: V' = −vg² ≤ 0 wherever v is said to be."""
    subject = flow(("v",), lambda f, s, o: {"v": o.gradient - s.v, "theta": -s.v * o.gradient}, ("v",))
    verdict = judged(subject, loss, proved(-sympy.Symbol("v", positive=True) * g**2))
    assert verdict.status != "PROVED"


def test_a_pole_of_V_is_seen():
    """V = F + 1/x with x' = 1 falls at all times but one, at which it jumps from −∞ to ∞."""
    x = sympy.Symbol("x", real=True)
    subject = flow(("x",), lambda f, s, o: {"x": 0 * s.x + 1, "theta": -o.gradient})
    verdict = judged(subject, lambda s, o: o.value + total(1 / s.x), proved(-(g**2) - 1 / x**2))
    assert verdict.status == "UNDECIDED" and "pole" in verdict.reason


def test_sliding_along_a_kink_is_seen():
    subject = flow(("v",), lambda f, s, o: {"v": -2 * s.v / absolute(s.v) * o.gradient**2, "theta": o.gradient})
    derivative = g**2 - 2 * g**2 * v / sympy.Abs(v) * sympy.sign(v)
    verdict = judged(subject, lambda s, o: o.value + total(absolute(s.v)), proved(derivative))
    assert verdict.status == "UNDECIDED" and "slide" in verdict.reason


# ------------------------------------------------------------------------------------------------ REFUTED
def test_a_witness_that_breaks_an_assumption_is_none():
    subject = flow((), lambda f, s, o: {"theta": -(f.b - f.a) * o.gradient}, a=1.0, b=1.0).symbolic()
    witness = {a: Rational(2, 3), b: Rational(1, 3), g: sympy.Integer(1)}
    said = Verdict(Status.REFUTED, g**2 * (a - b), witness=witness, energy=F)
    assert judged(subject, loss, said, (a <= b,)).status == "UNDECIDED"
    assert judged(subject, loss, said).status == "REFUTED"


def test_a_witness_at_which_V_falls_is_none():
    said = Verdict(Status.REFUTED, g**2, witness={g: sympy.Integer(1)}, energy=F)
    assert judged(GradientDescent(), loss, said).status == "UNDECIDED"


def test_a_witness_that_no_convex_loss_has_is_none():
    """Baillon and Haddad: gθ ≥ g²/L for convex losses with H ≤ L, so θ²/2 − F/L falls along θ' = −g."""
    V = lambda s, o: total(s.theta**2) / 2 - o.value / L  # noqa: E731
    said = Verdict(
        Status.REFUTED,
        -g * theta + g**2 / L,
        witness={g: sympy.Integer(2), theta: sympy.Integer(1), L: sympy.Integer(1)},
        energy=F,
    )
    assert judged(GradientDescent(), V, said, ("convex", H <= L)).status == "UNDECIDED"


def test_bias_corrections_show_one_time():
    """c₁ = 1 and c₂ = 1/8 are never seen together; with c₂ → 1 and b > 4a V does grow."""
    subject = Adam(a=1, b=1, eps=Rational(1, 100))
    s, o, _ = subject.coordinate()
    witness = {s.c1: sympy.S.One, s.c2: Rational(1, 8), o.gradient: sympy.S.Zero, s.m: sympy.S.One, s.v: Rational(1, 8)}
    said = Verdict(Status.REFUTED, check(subject, energies(subject)[0]).derivative, witness=witness, energy=F)
    assert judged(subject, energies(subject)[0].function, said).status == "UNDECIDED"


@pytest.mark.parametrize(
    "assuming, V, subject",
    [
        ((), loss, Momentum()),
        ("convex", loss, Momentum()),
        (("convex", H <= 2), loss, Momentum()),
        (("convex", H >= Rational(1, 2)), loss, Momentum()),
        (("convex", H >= Rational(1, 2), H <= 2), loss, Momentum()),
        ("convex", lambda s, o: s.t**2 * o.value, GradientDescent()),
        (H <= 1, lambda s, o: total(o.gradient * s.v), Momentum()),
        ((), loss, flow((), lambda f, s, o: {"theta": solve(add_diagonal(o.gauss_newton, 1), o.gradient)})),
    ],
)
def test_a_counterexample_is_a_loss_of_the_class_on_which_V_grows(assuming, V, subject):
    """Followed in floats too, with the flow's own field: V is larger after a short time."""
    verdict = check(subject, V, assuming=None if assuming == () else assuming)
    found = verdict.counterexample
    assert verdict.status == "REFUTED" and found.rise > 0
    field = found.flow.on(found.loss)
    names = [n for n in field.blocks]
    y = field.pack({n: np.asarray(getattr(found.state, n)) for n in names})
    values = [
        V(s, found.loss.oracle(s.theta))
        for h in (-1e-7, 1e-7)
        for s in [field.state(found.state.t + h, y + h * field(found.state.t, y))]
    ]
    assert (values[1] - values[0]) / 2e-7 == pytest.approx(found.derivative, rel=1e-3)
    if "convex" in (assuming if isinstance(assuming, tuple) else (assuming,)):
        line = np.linspace(-3, 3, 601)[None]
        second = found.loss.hessian(line)[0, 0] if found.loss.dim == 1 else np.zeros(1)
        low, high = (
            (0.5 if any("1/2" in str(r) for r in assuming) else 0),
            (2 if any("<= 2" in str(r) for r in assuming) else np.inf),
        )
        assert (second >= low - 1e-9).all() and (second <= high + 1e-9).all()
        assert found.loss.value(np.zeros(found.loss.dim)) == 0 and np.all(
            found.loss.gradient(np.zeros(found.loss.dim)) == 0
        )


# --------------------------------------------------------------------------------------------- what else is said
def test_a_condition_is_necessary_if_every_violation_is_seen_to_fail():
    subject = flow(
        ("v",),
        lambda f, s, o: {"v": o.gradient**2 - s.v, "theta": -(1 + sqrt(s.v + 1) - f.a) * o.gradient},
        ("v",),
        a=1.0,
    ).symbolic()
    w = sympy.Symbol("v", positive=True)
    said = proved(-(1 + sympy.sqrt(w + 1) - a) * g**2, conditions=(a <= 1,), necessary=True)
    assert judged(subject, loss, said).necessary is None
    assert judged(subject, loss, replace(said, conditions=(a <= 2,))).necessary


@pytest.mark.parametrize(
    "name, said, kept",
    [
        ("positive", True, False),
        ("strict", True, False),
        ("zero_set", Eq(g, 0), None),
        ("invariant_set", Eq(v, 0), None),
    ],
)
def test_what_is_not_so_is_dropped(name, said, kept):
    """V = F − v² with v' = 0 and θ' = −v² g: V' = −v²g² vanishes at v = 0 too, where any g stays."""
    subject = flow(("v",), lambda f, s, o: {"v": 0 * s.v, "theta": -(s.v**2) * o.gradient})
    either = Eq(g, 0) | Eq(v, 0)
    facts = {"zero_set": either, "invariant_set": either} | {name: said}
    verdict = judged(subject, lambda s, o: o.value - total(s.v**2), proved(-(g**2) * v**2, **facts))
    assert verdict.status == "PROVED" and getattr(verdict, name) is kept
    assert name in ("zero_set", "invariant_set") or verdict.zero_set == either


def test_a_flow_that_changes_in_time_has_no_limits_by_lasalle():
    subject = flow((), lambda f, s, o: {"theta": -o.gradient / (1 + s.t) ** 2})
    t = sympy.Symbol("t", nonnegative=True)
    assert judged(subject, loss, proved(-(g**2) / (1 + t) ** 2, invariant_set=REST)).invariant_set is None


def test_what_sticks_is_in_the_limits():
    """Dry friction: at v = 0 with |g| ≤ 1 the state stays, in the sense of Filippov."""
    subject = flow(("v",), lambda f, s, o: {"v": -sign(s.v) - s.v - o.gradient, "theta": s.v})
    said = proved(-v * sympy.sign(v) - v**2, zero_set=Eq(v, 0), invariant_set=Eq(v, 0) & Eq(g, 0))
    assert judged(subject, kinetic, said).invariant_set is None


# ------------------------------------------------------------------------------------------------- algorithms
def test_a_bound_on_the_step_that_is_too_large_is_broken_by_numbers():
    right = check_step(Momentum)
    arguments = (ratio_symbol, None, None)
    assert rise(Momentum.symbolic(), SequentialEuler(), right, *arguments) == ""
    wrong = replace(right, bound=2 * right.bound, conditions=(right.conditions[0].lhs <= 2 * right.bound,))
    assert "a step breaks it" in rise(Momentum.symbolic(), SequentialEuler(), wrong, *arguments)


def test_multipliers_are_those_of_the_step():
    optimizer = pair(Nesterov(), SequentialEuler(), 0.5)
    z, eta = sympy.Symbol("z"), sympy.Symbol("eta", positive=True)
    polynomial = multipliers(optimizer).polynomial.subs(eta, 2)
    assert multiplied(optimizer.flow, optimizer.scheme, 0.5, polynomial, 2.0, False)
    assert not multiplied(optimizer.flow, optimizer.scheme, 0.5, polynomial + z / 100, 2.0, False)


def test_multipliers_of_symbolic_rates_are_those_of_the_step_at_drawn_ones():
    optimizer = pair(Nesterov.symbolic(), SequentialEuler(), 0.5)
    z, polynomial, half = sympy.Symbol("z"), multipliers(optimizer).polynomial, Rational(1, 2)
    arguments = optimizer.flow, optimizer.scheme, half
    curvatures = Rational(3), Rational(-1)
    assert as_told(*arguments, polynomial, curvatures, False) is True
    assert as_told(*arguments, polynomial + z / 100, curvatures, False) is False
    assert as_told(*arguments, polynomial + L * z, curvatures, False) is None


def test_a_sharpness_is_where_stability_is_lost():
    found = multipliers(pair(Momentum.symbolic(), SequentialEuler(), 0.5))
    assert bears(found.polynomial, found.threshold)
    assert not bears(found.polynomial, 2 * found.threshold) and not bears(found.polynomial, found.threshold / 2)


def test_multipliers_that_numbers_contradict_are_not_said(monkeypatch):
    found = fixed_points.linear_part
    monkeypatch.setattr(
        fixed_points, "linear_part", lambda *x: (found(*x)[0] + sympy.Symbol("z") / 100, *found(*x)[1:])
    )
    assert multipliers(pair(Nesterov(), SequentialEuler(), 0.5)).status == "UNDECIDED"


def test_a_motion_is_the_chain_rule():
    """V = F + g·v in two coordinates: V' = (g + Hv)·θ' + g·v' with the full Hessian."""
    motion = Motion(Momentum(c=1), lambda s, o: o.value + total(o.gradient * s.v), 2)
    w, G, K = list(motion.blocks["v"]), list(motion.g), motion.H
    right = sum(G[i] * w[i] + sum(K[i, j] * w[j] for j in range(2)) * w[i] + G[i] * (-w[i] - G[i]) for i in range(2))
    assert sympy.expand(sum(motion.parts) - right) == 0
    law = Law((), *Momentum(c=1).coordinate()[:2], Momentum(c=1))
    point = motion.attack(law, {})
    assert point is not None and realise(motion, point, law, motion_energy, {}).rise > 0


def motion_energy(s, o):
    return o.value + total(o.gradient * s.v)


# --------------------------------------------------------------------------------------------- identities and draws
def test_a_pole_says_nothing_of_an_identity():
    """A point at which V' of (H + I)⁻¹∇F is tried has the eigenvalue −1; where all are poles, nothing is said."""
    verdict = check(DampedNewton(damping=1), loss, assuming=H >= -1)
    assert verdict.status == "PROVED" and verdict.certificate.verify()
    subject = GradientDescent()
    assert not Motion(subject, loss, 2).separates(-(g**2) / sympy.S.Zero, *subject.coordinate()[:2])


def test_attacks_begin_with_draws_that_no_attack_changes():
    """They are kept for all flows of the same blocks: each is that of its seed, and so is what is drawn after it."""
    motion, law = Motion(Momentum(), kinetic, 2), Law(("convex",), *Momentum().coordinate()[:2], Momentum())
    for _ in range(2):
        kept, after = motion.first(3, law)
        rng = np.random.default_rng(3)
        fresh = motion.draw(rng, 2 * LANES, motion.matrices(law))
        assert kept.keys() == fresh.keys() and all(np.array_equal(kept[k], fresh[k]) for k in fresh)
        assert after.random() == rng.random()
        motion.attack(law, {}, 3, quadratic=True)
