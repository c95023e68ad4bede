"""Claims that are false, or true, for one reason alone: the cases of an audit by counterexample."""

import re

import pytest
import sympy
from audit_cases import PROVED, UP, Case, L, a, b, cases, flow, loss, mixed, symbolic, x, y
from sympy import Rational

from flows import DampenedMomentum, Nesterov
from lyapunov import Energy, check, check_step, multipliers, stability
from arithmetic import total
from networks import Loss, get
from schemes import SequentialEuler, named, pair

NAMED: dict[str, Case] = {}
for case in cases():
    assert case.name not in NAMED, case.name
    NAMED[case.name] = case


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] if case.slow else [])
                                  for name, case in NAMED.items() if not case.elsewhere])
def test_the_verdict_is_right(name):
    said = NAMED[name].said()
    assert re.fullmatch(NAMED[name].right, said, re.DOTALL), said


@pytest.mark.parametrize("relation", [sympy.Symbol("H") <= L, sympy.Symbol("g") <= L, (a <= b, a >= 2 * b)])
def test_assumptions_that_say_nothing_of_the_flow_are_refused(relation):
    with pytest.raises(ValueError, match="has the name, but not the assumptions|no numbers were found that meet it"):
        check(symbolic((), lambda f, s, o: {"theta": -(f.b - f.a) * o.gradient}, a=1.0, b=1.0), loss, assuming=relation)


def test_curvature_off_the_axes_is_not_linear_in_the_state():
    point = Loss.from_expression(x**2 / 2 + 5 * y**2 + 2 * x * y, (x, y)).critical_points()[0]
    found = stability(flow((), mixed("hessian"), k=5.0), point)  # it is unstable
    assert found.status == "undecided" and "the Hessian couples coordinates" in str(found)


def test_multipliers_keep_the_rates_of_the_flow():
    z, eta = sympy.Symbol("z"), sympy.Symbol("eta", positive=True)
    general = multipliers(pair(Nesterov.symbolic(), SequentialEuler(), 0.5))
    c, kappa, s = sympy.symbols("c kappa s", positive=True)
    at = {c: Rational(1, 2), kappa: 1, s: 1}
    right = z**2 + z * (3 * eta / 4 - Rational(7, 4)) + Rational(3, 4) - 3 * eta / 8
    assert sympy.expand(general.polynomial.subs(at) - right) == 0
    assert sympy.simplify(general.threshold.subs(at) - Rational(28, 9)) == 0


def test_multipliers_of_gauss_newton_where_no_residuals_are_left():
    assert all(multipliers(named("gauss-newton"), p).stable for p in get("polytwo").critical_points() if p.value == 0)


@pytest.mark.parametrize("subject", [UP, DampenedMomentum(dampening=1.5)])
def test_a_step_is_not_bounded_where_F_has_a_negative_weight(subject):
    energy = None if subject is UP else Energy(lambda s, o: -o.value / 2 + total(s.v**2) / 2)
    assert check_step(subject, energy, ratio=0).status != PROVED


def test_an_energy_below_the_loss_is_not_called_above_it():
    verdict = check(UP, lambda s, o: -o.value, assuming="convex")
    assert verdict.status == PROVED and not verdict.positive
