"""Every flow under every scheme, and every named optimizer:
the exact tools give a result or one sentence of their own."""
import math
import re

import pytest
import sympy
from sympy import Rational

import schemes
from flows import (
    FLOWS, Adam, AggregatedMomentum, MoMo, Momentum, NAdam, Newton, Polyak, RAdam, Rprop, ScheduledNAdam, ScheduleFree,
)
from lyapunov import Status, modified_equation, multipliers
from lyapunov.coordinate import scalars_at_rest
from schemes import (
    NAMED, RKC1, SCHEMES, DormandPrince, Euler, ExponentialEuler, ExponentialMap, Gonzalez, Heun, ImplicitEuler,
    ItohAbe, MarquardtEuler, RosenbrockEuler, RungeKutta4, SequentialEuler, Strang, named, pair,
)

ALL = [*(scheme() for scheme in SCHEMES), MarquardtEuler(), RosenbrockEuler(gauss_newton=True)]
TOOLS = {"algorithm": lambda flow, scheme: pair(flow(), scheme, 0.1).algorithm(),
         "multipliers": lambda flow, scheme: multipliers(pair(flow(), scheme, 0.1)),
         "modified_equation": lambda flow, scheme: modified_equation(flow, scheme)}
NO_SENTENCE = re.compile("has no attribute|NoneType|no float value|unsupported operand|Invalid "
                         "NaN|positional|subscript|out of range")


def result(tool, *arguments):
    """The result, or None where a sentence says why there is none."""
    try:
        return tool(*arguments)
    except (TypeError, ValueError) as error:
        assert len(str(error).split()) > 8 and not NO_SENTENCE.search(str(error)), error
        return None


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
def test_every_flow_in_its_classical_form(flow, tool):
    result(TOOLS[tool], flow, SequentialEuler())


#: One of each kind: with memory and without, scales, clocks, curvature, signs and cases.  The Jacobians of the others
#: are these up to a term; `test_every_flow_in_its_classical_form` reads every field.
KINDS = {"GradientDescent", "Momentum", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam", "Newton",
         "LevenbergMarquardt", "SignSGD", "Lion", "Rprop", "RAdam", "NormalisedGradient"}


@pytest.mark.parametrize("flow", [pytest.param(flow, marks=[] if flow.__name__ in KINDS else [pytest.mark.slow])
                                  for flow in FLOWS], ids=lambda flow: flow.__name__)
def test_every_flow_under_a_scheme_with_its_jacobian(flow):
    result(TOOLS["algorithm"], flow, RosenbrockEuler())


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
def test_heuns_method_follows_every_flow_to_second_order(flow):
    """Its term of order h vanishes, and the first one is the field, with counts of time where they rest."""
    flow = flow() if flow is RAdam else flow  # whose cases take symbols long to compare
    equation = result(lambda: modified_equation(flow, Heun()))
    if equation is not None:
        assert not equation.right.has(sympy.zoo, sympy.nan, sympy.oo, sympy.Subs)
        assert all(e == 0 or sympy.simplify(e) == 0 for e in equation.terms[1])


def test_counts_of_time_that_rest_at_zero():
    """Of NAdam with a schedule w and the product P of what it gave tend to 0, not to 1."""
    beta, eps = sympy.symbols("beta eps", positive=True)
    assert scalars_at_rest(ScheduledNAdam.symbolic()) == {"c2": 1, "w": 0, "P": 0}
    equation = modified_equation(ScheduledNAdam, RKC1(), order=0)
    theta, m, v = equation.state
    g = sympy.Function("F", real=True)(theta).diff(theta)
    assert sympy.simplify(equation.right[0] + ((1 - beta) * g + beta * m) / (sympy.sqrt(v) + eps)) == 0
    found = multipliers(pair(ScheduledNAdam(), Euler(), 0.1))
    slow, fast = Rational(99, 100), Rational(9, 10)
    assert found.further == {"c2": fast, "w": slow, "P": slow, "v": fast}


def test_the_threshold_among_roots_of_which_some_are_not_real():
    """Of long radicals sympy does not say whether they are real, and does not compare those that are not."""
    found = multipliers(pair(NAdam(), Strang(), 0.1))
    eta, z = (next(x for x in found.polynomial.free_symbols if x.name == name) for name in ("eta", "z"))
    inside, outside = (max(map(abs, sympy.Poly(found.polynomial.subs(
        eta, sympy.N(k * found.threshold, 40)), z).nroots())) for k in (Rational(99, 100), Rational(101, 100)))
    assert inside < 1 < outside


@pytest.mark.parametrize("scheme", [ExponentialEuler(), ExponentialMap()], ids=repr)
def test_decays_of_rates_in_one_unit_are_not_powers_of_one_symbol(scheme):
    """e^(−1/100), its tenth power and its hundredth: to factor that took longer than anybody waited."""
    found = multipliers(pair(AggregatedMomentum(), scheme, 0.1))
    eta, z = (next(x for x in found.polynomial.free_symbols if x.name == name) for name in ("eta", "z"))
    at_rest = sorted(abs(complex(x)) for x in sympy.Poly(found.polynomial.subs(eta, 0), z).nroots())
    assert at_rest == pytest.approx(sorted([1, *(math.exp(-0.1 * k) for k in (10, 1, 0.1))]), abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ALL, ids=repr)
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
def test_every_flow_under_every_scheme(flow, tool, scheme):
    result(TOOLS[tool], flow, scheme)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMED)
def test_every_named_optimizer(name):
    result(lambda: named(name).algorithm())
    result(lambda: multipliers(named(name)))


def test_what_the_sentences_say():
    with pytest.raises(TypeError, match="Strang on Rprop: sympy cannot hold the cases of this field"):
        pair(Rprop(), Strang(), 0.1).algorithm()
    with pytest.raises(TypeError, match="is the solution of an equation, which is not expanded here"):
        modified_equation(Momentum, ImplicitEuler())
    with pytest.raises(TypeError, match="sympy cannot hold the cases of this field within the stages"):
        pair(Rprop(), RungeKutta4(), 0.1).algorithm()
    with pytest.raises(TypeError, match="F has no residuals: .*methods of Gauss–Newton kind"):
        modified_equation(schemes.named("gauss-newton").flow, Euler())
    with pytest.raises(TypeError, match="needs the derivative of the Hessian"):
        pair(Newton(), RosenbrockEuler(), 0.1).algorithm()


def test_nested_extremes_that_take_minutes_to_compare_are_seen_beforehand(monkeypatch):
    assert len(pair(Polyak(), Heun(), 0.1).algorithm()) == 1
    with monkeypatch.context() as few:
        few.setattr(schemes.pairs, "LENGTH", 10)
        assert pair(Adam(), Heun(), 0.1).algorithm()  # without extremes
        with pytest.raises(TypeError, match="the state of Polyak grows in a step to .* parts, .* as Euler"):
            pair(Polyak(), Heun(), 0.1).algorithm()
    with pytest.raises(TypeError, match="the state of MoMo grows in a step to"):
        pair(MoMo(), DormandPrince(), 0.1).algorithm()


def test_updates_of_many_pages_stay_as_they_are(monkeypatch):
    collected = pair(Momentum(), RosenbrockEuler(), 0.1).algorithm()
    monkeypatch.setattr(schemes.pairs, "LONG", 0)
    left = pair(Momentum(), RosenbrockEuler(), 0.1).algorithm()
    assert left != collected
    assert all(sympy.simplify(a.rhs - b.rhs) == 0 for a, b in zip(left, collected, strict=True))


def test_that_a_step_depends_on_the_time_is_seen_in_its_slope(monkeypatch):
    monkeypatch.setattr(Euler, "symbolic_step", None)
    assert "depends on the time itself" in multipliers(pair(ScheduleFree(), Euler(), 0.1)).argument


def test_multipliers_that_are_no_functions_of_the_eigenvalues():
    """SOR's and Marquardt's multipliers change when the axes of the parameters turn; so do those of a diagonal of H."""
    for optimizer in (pair(schemes.named("gd").flow, ItohAbe(), 0.1),
                      pair(schemes.named("gd").flow, MarquardtEuler(), 0.1), named("sophia")):
        found = multipliers(optimizer)
        assert found.status == Status.UNDECIDED and "no functions of" in found.argument
    assert "uses the value of F" in multipliers(named("polyak")).argument
    assert multipliers(pair(schemes.named("gd").flow, Gonzalez(), 0.1)).status == Status.PROVED
    assert multipliers(named("newton")).status == Status.PROVED


def test_multipliers_with_the_gauss_newton_matrix_hold_where_the_residuals_vanish():
    import networks

    optimizer = named("gauss-newton")
    points = networks.get("polytwo").critical_points()
    zero, positive = (next(p for p in points if (p.value == 0) == here) for here in (True, False))
    assert multipliers(optimizer, zero).stable and "where the residuals vanish" in multipliers(optimizer, zero).argument
    assert multipliers(optimizer, positive).status == Status.UNDECIDED


def test_modified_equations_of_linearly_implicit_steps():
    """(I − hJ)⁻¹ h f = h f + h² J f + …, and exp(hL) takes half of it: f₁ = J f/2."""
    import sympy

    equation = modified_equation(schemes.named("gd").flow, RosenbrockEuler())
    F, (x,) = sympy.Function("F", real=True), equation.state
    g, H = F(x).diff(x), F(x).diff(x, 2)
    assert sympy.expand(equation.terms[1][0] - H * g / 2) == 0
    assert modified_equation(schemes.named("gd").flow, Heun()).terms[1][0] == 0
