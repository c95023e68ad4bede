"""The referee of points alone: it is given what a proof of stability might say, each wrong in one respect."""

from dataclasses import make_dataclass, replace

import pytest
import sympy

from flows import Adam, Flow, GradientDescent, Momentum, WeightDecay
from lyapunov import Stability, stability
from lyapunov.local import equilibria
from lyapunov.nearby import objection
from networks import CriticalPoint, Loss

x, y = sympy.symbols("x y", real=True)
F, F0, g, v = sympy.symbols("F F0 g v", real=True)
BOWL = Loss.from_expression(x**2 + x * y + 2 * y**2, (x, y))
PASS = Loss.from_expression(x**2 + 3 * x * y + y**2, (x, y))
CUSP = Loss.from_expression((y - x**2) * (y - 2 * x**2), (x, y))
REST = {"v": sympy.S.Zero}


def against(flow, loss, status, **facts):
    (point,) = loss.critical_points()
    return objection(flow.exact(), point, loss, Stability(status, ("so it is said",), point=point, **facts))


def lyapunov(function, **facts):
    return {"kind": "Lyapunov", "function": function, "rest": REST, **facts}


def test_what_is_true_passes():
    assert against(Momentum(), BOWL, "asymptotically stable", **lyapunov(F - F0 + v**2 / 2 + g * v / 16)) == ""
    assert against(Momentum(), PASS, "unstable", kind="Chetaev", function=F0 - F - v**2 / 2, rest=REST) == ""
    assert against(GradientDescent(), CUSP, "unstable", kind="Chetaev", function=F0 - F) == ""
    away = Loss.from_expression((x - 1) ** 2, (x,))
    assert against(WeightDecay(GradientDescent(), 0.5), away, "not an equilibrium") == ""


@pytest.mark.parametrize(
    "flow, loss, status, facts, words",
    [
        (Momentum(), BOWL, "asymptotically stable", lyapunov(F - F0 + v**2), "grows"),
        (Momentum(), BOWL, "asymptotically stable", lyapunov(F - F0 + v**2 / 2 - g * v / 16), "grows"),
        (Momentum(), BOWL, "unstable", {"rest": REST}, "all eigenvalues"),
        (Momentum(), PASS, "asymptotically stable", lyapunov(F - F0 + v**2 / 2), "positive real part"),
        (GradientDescent(), CUSP, "asymptotically stable", lyapunov(F - F0), "lower at a point"),
        (GradientDescent(), BOWL, "stable", lyapunov(-(g**2)), "grows"),
        (GradientDescent(), BOWL, "asymptotically stable", {"eigenvalues": (-2, -4)}, "are not those"),
        (GradientDescent(), BOWL, "asymptotically stable", {"eigenvalues": (-2,)}, "are not those"),
        (Momentum(), BOWL, "asymptotically stable", {"rest": {"v": sympy.S.One}}, "does not rest"),
        (GradientDescent(), BOWL, "not an equilibrium", {}, "does rest"),
        (GradientDescent(), CUSP, "stable", {}, "decides nothing"),
    ],
)
def test_what_is_not_so_is_seen(flow, loss, status, facts, words):
    said = against(flow, loss, status, **facts)
    assert words in said, said


def test_a_point_that_the_loss_does_not_leave_is_not_left():
    """F − F(θ*) = x⁴ + y⁴ ≥ 0, with a Hessian that says nothing."""
    flat = Loss.from_expression(x**4 + y**4, (x, y))
    assert "lower" in against(GradientDescent(), flat, "unstable", kind="Chetaev", function=F0 - F)


def test_a_function_that_is_not_above_the_height_of_the_point_is_seen():
    """v' = −v beside θ' = −g: F − v² falls where v' v is small, and is below F(θ*)."""
    flow = make_dataclass(
        "Beside", [], bases=(Flow,), frozen=True,
        namespace={"memory": ("v",), "field": lambda f, s, o: {"v": 0 * s.v, "theta": -o.gradient}},
    )()
    assert "negative" in against(flow, BOWL, "stable", **lyapunov(F - F0 - v**2))


def test_a_function_of_symbols_that_nobody_knows_is_not_believed():
    assert "nothing is said" in against(GradientDescent(), BOWL, "stable", kind="Lyapunov",
                                        function=F - F0 + sympy.Symbol("w", real=True) ** 2)


def test_where_there_are_no_numbers_nothing_is_confirmed():
    point = CriticalPoint((0,), "minimum", 0, ())
    assert "neither" in objection(GradientDescent(), point, None, Stability("stable", ("",), point=point))


@pytest.mark.parametrize("flow", [Momentum, Adam])
def test_rates_that_are_symbols_are_drawn(flow):
    (point,) = BOWL.critical_points()
    assert stability(flow, point).status == "asymptotically stable"


def test_what_the_referee_refuses_is_undecided(monkeypatch):
    (point,) = BOWL.critical_points()
    right = stability(Momentum(), point)
    assert right.status == "asymptotically stable"
    monkeypatch.setattr(equilibria, "objection", lambda flow, point, loss, found: objection(
        flow, point, loss, replace(found, status="unstable")))
    found = stability(Momentum(), point)
    assert found.status == "undecided" and "the referee does not confirm it" in found.argument[0]
