"""The discrete decrease: bounds on the step derived from the one-step map, attained,
and refuted where claimed too large."""
import numpy as np
import pytest
import sympy
from sympy import Rational, sqrt

import schemes
from flows import (
    AdaGrad, Adam, AMSGrad, AveragedMomentum, GradientDescent, LevenbergMarquardt, Momentum, Nesterov, Newton, RMSProp,
    Signum,
)
from lyapunov import StepVerdict, check_step, energies
from lyapunov.exact import readable
from lyapunov.step import OneStep
from schemes import EnergyControl, Euler, EulerRichardson, SequentialEuler, pair

a, b, c, h, L, eps, beta, beta2, D_old, D_next = sympy.symbols("a b c h L eps beta beta2 D_old D_next", positive=True)
ratio, J = sympy.Symbol("lambda", nonnegative=True), sympy.Symbol("J", real=True)
damping = sympy.Symbol("damping", positive=True)
kappa = sympy.Symbol("kappa", real=True)  # the share of Adam's dissipation
share = (1 - beta**2 / sqrt(beta2)) / (1 - beta)

BOUNDS = [  # facts C.2: optimizer, bound of h, attained on F = L θ²/2
    (GradientDescent(), 2 * (1 - ratio) / L, True),
    (pair(GradientDescent(), Euler(), EnergyControl()), 2 * (1 - ratio) / L, True),
    (Momentum, 2 * c * (1 - ratio) / (L + c**2), True),
    (AveragedMomentum, (1 + beta - 2 * ratio) / L, True),
    (RMSProp, 2 * (1 - ratio) * D_next / L, True),
    (AdaGrad, 2 * (1 - ratio) * D_next / L, True),
    (Adam.symbolic(correction=False), (share - 2 * kappa * ratio) * D_next / L, None),
    (AMSGrad.symbolic(correction=False), (1 + beta - 2 * ratio) * D_next / L, None),
    (Adam, ((1 - 2 * kappa * ratio * (1 - beta)) * D_next - beta**2 * D_old) / ((1 - beta) * L), None),
    (LevenbergMarquardt, 2 * (1 - ratio) * (J**2 + damping) / L, True),
]


@pytest.mark.parametrize("optimizer, bound, sharp", BOUNDS)
def test_the_bound_is_derived(optimizer, bound, sharp):
    verdict = check_step(optimizer)
    assert isinstance(verdict, StepVerdict) and verdict.status == "PROVED" and verdict.certificate.verify()
    assert sympy.simplify(verdict.bound - bound) == 0
    assert verdict.conditions == (h <= verdict.bound,) and verdict.sharp is sharp
    assert str(h) in str(verdict) and r"\le" in verdict._repr_latex_()


def test_the_scales_are_explained():
    text = str(check_step(Adam.symbolic(correction=False)))
    assert "beta = 1 - a*h" in text and "beta2 = 1 - b*h" in text and "D_next = eps + sqrt(v_next)" in text
    assert "sqrt(beta2)*(eps + sqrt(v)), since v_next >= beta2*v" in text


def test_small_steps_leave_the_condition_of_the_flow():
    """As h → 0 with fixed rates Adam's condition becomes λ < 1: D is all that V is sure to lose."""
    bound = (check_step(Adam.symbolic(correction=False)).bound * L / D_next).subs(kappa, 1 - b / (4 * a))
    limit = sympy.limit(bound.subs({beta: 1 - a * h, beta2: 1 - b * h}), h, 0)
    assert sympy.simplify(limit - 2 * (1 - b / (4 * a)) * (1 - ratio)) == 0


@pytest.mark.parametrize("step, good", [(Rational(1, 2), True), (0.5, True), (Rational(1001, 2000), False),
                                        (0.525, False)])
def test_heavy_ball_at_its_bound(step, good):
    """c = L = 1, λ = ½: the bound is ½, and sharp (facts H.11)."""
    verdict = check_step(Momentum(c=1), ratio=Rational(1, 2), curvature=1, step=step)
    assert verdict.status == ("PROVED" if good else "REFUTED")
    if not good:
        assert verdict.difference.subs(verdict.witness) > 0
        assert all(x.is_Rational for x in verdict.witness.values())


@pytest.mark.parametrize("optimizer, step", [
    (GradientDescent(), 3 / L), (GradientDescent(), Rational(5, 2) * (1 - ratio) / L), (Momentum, 2 * c / L),
    (Momentum, 2 / c), (AveragedMomentum, 3 / L), (AveragedMomentum(a=1), 2 / L)])
def test_bounds_that_are_claimed_too_large_are_refuted(optimizer, step):
    verdict = check_step(optimizer, step=step, ratio=None if step.has(ratio) else 0)
    assert verdict.status == "REFUTED" and verdict.difference.subs(verdict.witness) > 0
    assert sympy.simplify(verdict.witness[h] - step.subs(verdict.witness)) == 0


def test_the_witness_is_a_step_of_the_algorithm_that_raises_the_energy():
    witness = {str(k): float(v) for k, v in check_step(Momentum, ratio=0, step=2 * c / L).witness.items()}
    flow, step, curvature = Momentum(c=witness["c"]), witness["h"], witness["L"]
    from networks import Loss

    loss = Loss(lambda theta: curvature * theta[0]**2 / 2, 1)
    field = flow.on(loss)
    before = np.array([witness["g"] / curvature, witness["v"]])
    after = SequentialEuler().step(field, 0.0, before, step)[0]

    def energy(y):
        return energies(flow)[0](field.state(0.0, y), loss.oracle(field.theta(y)))

    assert energy(after) > energy(before)


def test_half_the_bound_is_proved_without_conditions():
    assert check_step(Momentum, ratio=0, step=c / (L + c**2)).conditions == ()
    assert check_step(GradientDescent(), ratio=Rational(1, 2), step=1 / L).conditions == ()


@pytest.mark.parametrize("name, bound", [("gd", 200 * (1 - ratio)), ("rmsprop", 200 * (1 - ratio) * D_next)])
def test_of_a_named_optimizer_the_bound_is_one_of_the_curvature(name, bound):
    verdict = check_step(schemes.named(name, lr=0.01))
    assert sympy.simplify(verdict.conditions[0].rhs - bound) == 0 and verdict.conditions[0].lhs == L


def test_random_steps_within_the_bound_decrease():
    """Corrected Adam on F = L θ²/2, h at the derived bound of each state: V⁺ − V ≤ −λ h D."""
    rng, n, lam = np.random.default_rng(0), 4000, 0.25
    rate_a, rate_b, e, curvature = 1.0, 0.5, 0.1, 2.0
    f = sympy.lambdify(sympy.symbols("g m v c1 c2 h", real=True),
                       check_step(Adam.symbolic(), ratio=Rational(1, 4)).difference.subs(
        {a: rate_a, b: rate_b, eps: e,
         L: curvature}).xreplace({sympy.Symbol("g", real=True): sympy.Symbol("g", real=True)} | {
            sympy.Symbol(x, positive=True): sympy.Symbol(x, real=True) for x in ("v", "c1", "c2", "h")}), "numpy")
    g, m, v, c2 = rng.normal(size=n), rng.normal(size=n), rng.exponential(size=n), rng.uniform(0.05, 1, n)
    c1, step = rng.uniform(0.05, 1, n), rng.uniform(0, 0.9, n)
    w, w2 = 1 - rate_a * step, 1 - rate_b * step
    v1, d1, d2 = w2 * v + (1 - w2) * g**2, 1 - w * (1 - c1), 1 - w2 * (1 - c2)
    old, new = c1 * (np.sqrt(v / c2) + e), d1 * (np.sqrt(v1 / d2) + e)
    kappa = (15 + rate_b / rate_a) / 16 - rate_b / (4 * rate_a)
    allowed = ((1 - 2 * lam * kappa * (1 - w)) * new - w**2 * old) / ((1 - w) * curvature) >= step
    assert 200 < allowed.sum() < n and np.all(f(g, m, v, c1, c2, step)[allowed] <= 1e-12)


def test_what_is_not_decided_says_why():
    assert "quadratic" in check_step(Signum).reason and check_step(Signum).status == "UNDECIDED"
    assert "gradient" in check_step(Newton()).reason
    assert len(check_step(Nesterov).conditions) == 2 and check_step(Nesterov).bound is None


def test_nesterov_decreases_within_its_conditions():
    flow = Nesterov(c=1, kappa=Rational(9, 10), s=Rational(1, 10))
    assert check_step(flow, ratio=0, curvature=1, step=Rational(1, 10)).conditions == ()
    wrong = check_step(flow, ratio=0, curvature=1, step=3)
    assert wrong.status == "REFUTED" and wrong.difference.subs(wrong.witness) > 0


def test_the_scheme_decides_what_a_formula_contains():
    v, v_next, theta = (sympy.Symbol(x, real=True) for x in ("v", "v_next", "theta"))
    assert sympy.expand(OneStep(Momentum(c), SequentialEuler()).formula["theta"] - theta - h * v_next) == 0
    assert sympy.expand(OneStep(Momentum(c), Euler()).formula["theta"] - theta - h * v) == 0


def test_pure_euler_on_the_heavy_ball_has_no_such_bound():
    """With the old memory in θ⁺ the energy grows from rest (facts C.1): at v = 0 it rises by h²|g|²/2."""
    verdict = check_step(pair(Momentum(c=1), Euler(), 0.1), ratio=0, curvature=1)
    assert verdict.status == "REFUTED" and verdict.difference.subs(verdict.witness) > 0


def test_wrong_arguments_are_explained():
    with pytest.raises(TypeError, match="EulerRichardson"):
        check_step(pair(GradientDescent(), EulerRichardson(), 0.1))
    with pytest.raises(TypeError, match="must be an Optimizer"):
        check_step("adam")
    with pytest.raises(ValueError, match=r"in \[0, 1\)"):
        check_step(GradientDescent(), ratio=1)


def test_a_relation_reads_well():
    assert readable(h <= -2 * c * (ratio - 1) / (L + c**2)) == "h <= 2*(1 - lambda)*c/(L + c**2)"


def test_the_bound_of_a_step_needs_a_positive_weight_of_F():
    """F⁺ − F ≤ ⟨g, d⟩ + L|d|²/2 bounds −F from below, not from above."""
    from lyapunov.energy import Energy
    from lyapunov.step import Form, Undecided
    with pytest.raises(Undecided, match="negative weight"):
        Form(GradientDescent(), SequentialEuler(), Energy(lambda s, oracle: -oracle.value), sympy.S.Zero)


def test_a_pivot_that_vanishes_bounds_no_step():
    """A form with a diagonal of 0 and −c has determinant 0, and is negative: here at h = 1/4, L = 1536/121."""
    from dataclasses import dataclass

    from arithmetic import total
    from flows import Flow
    from lyapunov import Energy

    @dataclass(frozen=True)
    class Mixed(Flow):
        memory = ("v",)

        def field(self, s, oracle):
            return {"v": -4 * s.v - oracle.gradient / 2, "theta": (3 * s.v - oracle.gradient) / 2}

    verdict = check_step(Mixed(), Energy(lambda s, o: o.value - total(s.v**2)), ratio=0)
    at = {h: Rational(1, 4), L: Rational(1536, 121)}
    difference = verdict.difference.subs(at)
    assert verdict.status == "PROVED" and difference.subs(dict.fromkeys(difference.free_symbols, 1)) > 0
    assert not all(c.subs(at) == sympy.true for c in verdict.conditions)
