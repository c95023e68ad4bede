"""Claims that are false, or true, for one reason alone: ten kinds of holes that a proof can have, with their cases."""

from dataclasses import make_dataclass

import pytest
import sympy
from sympy import Le, Rational

from arithmetic import absolute, diagonal, sign, solve, sqrt, times, total
from flows import DampenedMomentum, Flow, GradientDescent, Nesterov, NesterovODE, Scheduled, scalar, schedules
from lyapunov import (
    Energy,
    H,
    Status,
    basin_certificate,
    check,
    check_step,
    classify,
    modified_equation,
    multipliers,
    stability,
)
from networks import Loss, get
from schemes import Euler, SequentialEuler, named, pair

F, g, theta = sympy.symbols("F g theta", real=True)
L, mu, a, b, k = sympy.symbols("L mu a b k", positive=True)


def loss(s, o):
    return o.value


def flow(memory, field, nonnegative=(), initial=None, energy=None, **rates):
    """A flow from its field, with these rates."""
    body = {
        "memory": memory,
        "nonnegative": nonnegative,
        "field": field,
        "initial": property(lambda self: initial or {}),
        "energy": energy,
    }
    made = make_dataclass(
        "Made", [(name, float, value) for name, value in rates.items()], bases=(Flow,), namespace=body, frozen=True
    )
    return made(**rates)


def symbolic(memory, field, nonnegative=(), initial=None, **rates):
    return type(flow(memory, field, nonnegative, initial, **dict.fromkeys(rates, 1.0))).symbolic()


def mixed(q):
    """−g − k (H − diag H) g: nothing in one coordinate, nor for a diagonal Hessian."""
    return lambda f, s, o: {
        "theta": -o.gradient - f.k * (times(getattr(o, q), o.gradient) - diagonal(getattr(o, q)) * o.gradient)
    }


def averaged_in(name):
    """A memory of this name that averages the gradient, θ' = −g: V = F falls."""
    return lambda f, s, o: {name: f.a * (o.gradient - getattr(s, name)), "theta": -getattr(s, name)}


def clock(weight):
    return lambda f, s, o: {"c1": f.a * (1 - s.c1), "theta": -weight(f, s) * o.gradient}


C1 = (scalar("c1"),)
PROVED, REFUTED, UNDECIDED = Status.PROVED, Status.REFUTED, Status.UNDECIDED
CASES = {
    # ------------------------------------------------------- curvature off the axes, and one F for all coordinates
    "off-diagonal curvature": (flow((), mixed("hessian"), k=1.0), loss, (), REFUTED),
    "off-diagonal JᵀJ": (flow((), mixed("gauss_newton"), k=1.0), loss, (), REFUTED),
    "F counted once": (
        flow(("x",), lambda f, s, o: {"x": o.value - o.gradient * s.theta, "theta": -o.gradient}),
        lambda s, o: total(s.x),
        "convex",
        REFUTED,
    ),
    "F counted once, bounded": (
        flow(("x",), lambda f, s, o: {"x": o.value - o.gradient**2 / 2, "theta": -o.gradient}),
        lambda s, o: total(s.x),
        Le(F, g**2 / 2),
        UNDECIDED,
    ),
    # ----------------------------------------------------------------------------------- names of blocks and rates
    **{
        f"a memory called {x}": (flow((x,), averaged_in(x), a=1.0), loss, (), REFUTED)
        for x in ("g", "F", "H", "J", "r")
    },
    **{
        f"the energy of a memory called {x}": (
            flow((x,), averaged_in(x), a=1.0),
            lambda s, o, x=x: o.value + total(getattr(s, x) ** 2) / 2,
            (),
            PROVED,
        )
        for x in ("g", "F", "H", "J", "r")
    },
    **{
        f"a rate called {x}": (
            symbolic(
                C1, clock(lambda f, s, x=x: getattr(f, x) * (1 - s.c1) - s.c1 + (1 - s.c1) / 100), a=1.0, **{x: 1.0}
            ),
            loss,
            (),
            REFUTED,
        )
        for x in ("w", "k", "y", "q1", "ratio")
    },
    "a rate called q": (
        symbolic(("x",), lambda f, s, o: {"x": 0 * s.x + f.q / 2, "theta": -o.gradient}, q=1.0),
        lambda s, o: total(s.theta**2) / 2 + total(s.x),
        "convex",
        REFUTED,
    ),
    "a rate called F_0": (
        symbolic(("x",), lambda f, s, o: {"x": 0 * s.x + f.F_0 / 2, "theta": -o.gradient}, F_0=1.0),
        lambda s, o: total(s.theta**2) / 2 + total(s.x),
        "convex",
        REFUTED,
    ),
    "a rate called s_v": (
        symbolic(
            ("v",),
            lambda f, s, o: {"v": o.gradient**2 - s.v, "theta": -(1 + sqrt(s.v) - f.s_v) * o.gradient},
            ("v",),
            s_v=1.0,
        ),
        loss,
        (),
        "k <= 1",
    ),
    "a rate called u1": (
        symbolic(
            ("v",),
            lambda f, s, o: {"v": o.gradient**2 - s.v, "theta": -(1 + sqrt(s.v + 1) - f.u1) * o.gradient},
            ("v",),
            u1=1.0,
        ),
        loss,
        (),
        "k <= 1",
    ),
    "a rate called p_m": (
        symbolic(
            ("m",), lambda f, s, o: {"m": o.gradient - s.m, "theta": -(1 + absolute(s.m) - f.p_m) * o.gradient}, p_m=1.0
        ),
        loss,
        (),
        "k <= 1",
    ),
    "a rate called p1": (
        symbolic(
            (),
            lambda f, s, o: {"theta": -(f.L - o.hessian_product(o.gradient) / o.gradient - f.p1 / 2) * o.gradient},
            L=1.0,
            p1=1.0,
        ),
        loss,
        Le(H, L),
        REFUTED,
    ),
    # ------------------------------------------------------------------------------------- states no loss can have
    "Baillon and Haddad": (
        GradientDescent(),
        lambda s, o: total(s.theta**2) / 2 - o.value / L,
        ("convex", H <= L),
        PROVED,
    ),
    "strong convexity": (GradientDescent(), lambda s, o: (1 + mu * s.t) * o.value, ("convex", H >= mu), PROVED),
    "a <= b <= 1": (
        symbolic((), lambda f, s, o: {"theta": -(f.b - f.a) * o.gradient}, a=1.0, b=1.0),
        loss,
        (a <= b, b <= 1),
        PROVED,
    ),
    "curvature of the package": (
        symbolic((), lambda f, s, o: {"theta": -(f.L - diagonal(o.hessian)) * o.gradient}, L=1.0),
        loss,
        H <= L,
        UNDECIDED,
    ),
    # ------------------------------------------------------------------------------------------- nonnegative blocks
    "a block that is declared nonnegative": (
        flow(("v",), lambda f, s, o: {"v": o.gradient - s.v, "theta": -s.v * o.gradient}, ("v",)),
        loss,
        (),
        "not proved",
    ),
    "a block that is nonnegative": (
        flow(("v",), lambda f, s, o: {"v": o.gradient**2 - s.v, "theta": -s.v * o.gradient}),
        loss,
        (),
        PROVED,
    ),
    "V that jumps": (
        flow((scalar("v"),), lambda f, s, o: {"v": 0 * s.v + 1, "theta": -o.gradient}, initial={"v": -1}),
        lambda s, o: o.value + 1 / s.v,
        (),
        "not proved",
    ),
    "a hidden jump": (
        flow(("v",), lambda f, s, o: {"v": -2 * s.v / absolute(s.v) * o.gradient**2, "theta": o.gradient}),
        lambda s, o: o.value + total(absolute(s.v)),
        (),
        "not proved",
    ),
}


@pytest.mark.parametrize(
    "assuming, words",
    [
        ((a <= b, a >= 2 * b), "no numbers were found that meet it"),
        (sympy.Symbol("H") <= L, "has the name, but not the assumptions"),
        (sympy.Symbol("g") <= L, "has the name, but not the assumptions"),
    ],
)
def test_assumptions_that_say_nothing_of_the_flow_are_refused(assuming, words):
    with pytest.raises(ValueError, match=words):
        check(symbolic((), lambda f, s, o: {"theta": -(f.b - f.a) * o.gradient}, a=1.0, b=1.0), loss, assuming=assuming)


def test_a_rate_with_the_name_of_a_block_is_refused():
    with pytest.raises(ValueError, match="the rate m .* give it another name"):
        check(symbolic(("m",), lambda f, s, o: {"m": -f.m * s.m, "theta": -o.gradient}, m=1.0), loss)


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_is_right(case):
    subject, energy, assuming, right = CASES[case]
    verdict = check(subject, energy, assuming=None if assuming == () else assuming)
    if right == "true":
        assert verdict.status != REFUTED, str(verdict)
    elif right == "not proved":
        assert verdict.status != PROVED, str(verdict)
    elif right.startswith("k <="):  # a condition on the rate of this name
        assert verdict.status != PROVED or [str(c).split(" <= ")[1] for c in verdict.conditions] == [
            right.split(" <= ")[1]
        ], str(verdict)
    else:
        assert verdict.status == right, str(verdict)
    if verdict.status == PROVED:
        assert verdict.certificate.verify()
    if verdict.status == REFUTED:
        assert verdict.counterexample.rise > 0


# ---------------------------------------------------------------------------------------------- points
x, y = sympy.symbols("x y", real=True)


@pytest.mark.parametrize(
    "f",
    [
        sympy.Max(0, x) ** 2,
        sympy.Max(0, x) ** 2 - sympy.Max(0, -x) ** 2 / 3,
        x * sympy.Abs(x) / 2 + x**2 / 4,
        sympy.Max(0, x**3),
        sympy.Piecewise((x**3, x >= 0), (x**4, True)),
        sympy.Abs(x) ** Rational(5, 2),
        x**4 / sympy.sqrt(x**2),
    ],
)
def test_a_function_that_is_not_smooth_at_the_point_is_not_classified(f):
    assert classify(f, (x,), (0,))[0] == "undecided"


def at_two(scale=1):
    """A critical point at θ* = 2."""
    return Loss.from_expression(scale * (x - 2) ** 2 / 2, (x,)).critical_points()[0]


POINTS = {
    "θ in the field": (flow((), lambda f, s, o: {"theta": -(1 - s.theta**2) * o.gradient}), "unstable", (3,)),
    "hypentropy": (
        flow((), lambda f, s, o: {"theta": -sqrt(1 + s.theta**2) * o.gradient}),
        "asymptotically stable",
        (-sympy.sqrt(5),),
    ),
    "exponentiated gradient": (
        flow((), lambda f, s, o: {"theta": -s.theta * o.gradient}),
        "asymptotically stable",
        (-2,),
    ),
    "memory that grows": (
        flow(("w",), lambda f, s, o: {"w": s.w, "theta": -solve(o.hessian, o.gradient)}),
        "unstable",
        (-1, 1),
    ),
    "Newton without an energy": (
        flow((), lambda f, s, o: {"theta": -solve(o.hessian, o.gradient)}),
        "asymptotically stable",
        (-1,),
    ),
    "V = −F": (flow((), lambda f, s, o: {"theta": sign(o.gradient)}, energy=lambda f, s, o: -o.value), "undecided", ()),
    "a rate called sigma": (
        symbolic((), lambda f, s, o: {"theta": -(1 - f.sigma) * o.gradient}, sigma=1.0),
        "undecided",
        None,
    ),
    "friction with a rate called sigma": (
        symbolic(("v",), lambda f, s, o: {"v": -(1 - f.sigma) * s.v - o.gradient, "theta": s.v}, sigma=1.0),
        "undecided",
        None,
    ),
}


@pytest.mark.parametrize("case", POINTS)
def test_the_stability_is_right(case):
    subject, status, eigenvalues = POINTS[case]
    found = stability(subject, at_two())
    assert found.status == status and (eigenvalues is None or found.eigenvalues == eigenvalues), str(found)


def test_curvature_off_the_axes_is_not_linear_in_the_state():
    point = Loss.from_expression(x**2 / 2 + 5 * y**2 + 2 * x * y, (x, y)).critical_points()[0]
    assert stability(flow((), mixed("hessian"), k=5.0), point).status == "undecided"  # it is unstable


def test_multipliers_keep_the_rates_of_the_flow():
    found = multipliers(pair(Nesterov(c=0.5, kappa=1, s=1), SequentialEuler(), 0.5))
    assert found.threshold == Rational(28, 9)
    z, eta = sympy.Symbol("z"), sympy.Symbol("eta", positive=True)
    general = multipliers(pair(Nesterov.symbolic(), SequentialEuler(), 0.5))
    c, kappa, s = sympy.symbols("c kappa s", positive=True)
    at = {c: Rational(1, 2), kappa: 1, s: 1}
    assert (
        sympy.expand(
            general.polynomial.subs(at) - (z**2 + z * (3 * eta / 4 - Rational(7, 4)) + Rational(3, 4) - 3 * eta / 8)
        )
        == 0
    )
    assert sympy.simplify(general.threshold.subs(at) - Rational(28, 9)) == 0


def test_multipliers_of_gauss_newton_where_residuals_are_left():
    points = get("polytwo").critical_points()
    for p in points:
        found = multipliers(named("gauss-newton"), p)
        assert found.stable if p.value == 0 else found.status == UNDECIDED


@pytest.mark.parametrize(
    "subject",
    [flow((), lambda f, s, o: {"theta": o.gradient}, energy=lambda f, s, o: -o.value), DampenedMomentum(dampening=1.5)],
)
def test_a_step_is_not_bounded_where_F_has_a_negative_weight(subject):
    energy = None if subject.energy is not None else Energy(lambda s, o: -o.value / 2 + total(s.v**2) / 2)
    assert check_step(subject, energy, ratio=0).status != PROVED
    assert check_step(subject, energy, ratio=0, curvature=1, step=10).status != PROVED


@pytest.mark.parametrize("tool", [check_step, lambda f: modified_equation(f, Euler())])
def test_a_rate_with_the_name_of_the_step_is_refused(tool):
    with pytest.raises(ValueError, match="the rate h .* give it another name"):
        tool(symbolic((), lambda f, s, o: {"theta": -f.h * o.gradient}, h=1.0))


# ------------------------------------------------------------------------------------- what else a verdict says
DRY = flow(("v",), lambda f, s, o: {"v": -sign(s.v) - s.v - o.gradient, "theta": s.v})
STICKING = flow(
    ("m",),
    lambda f, s, o: {"m": o.gradient - s.m - 2 * absolute(o.gradient) * sign(s.m), "theta": -s.m},
    energy=lambda f, s, o: o.value + total(s.m**2) / 2,
)


@pytest.mark.parametrize(
    "subject, energy",
    [
        (DRY, lambda s, o: o.value + total(s.v**2) / 2),
        (STICKING, lambda s, o: o.value + total(s.m**2) / 2),
        (Scheduled(GradientDescent(), schedules.Power(0.1, 2.0)), loss),
        (
            flow(("v",), lambda f, s, o: {"v": -1 / (1 + s.t) ** 2 * s.v - o.gradient, "theta": s.v}),
            lambda s, o: o.value + total(s.v**2) / 2,
        ),
    ],
)
def test_limits_are_said_only_where_they_are_reached(subject, energy):
    verdict = check(subject, energy)
    assert verdict.status == PROVED and verdict.invariant_set is None


def test_what_sticks_has_no_basin():
    assert stability(STICKING, at_two()).status == "undecided"
    with pytest.raises(ValueError):
        basin_certificate(STICKING, at_two())


def test_a_condition_that_is_not_needed_is_not_called_necessary():
    verdict = check(
        symbolic(
            ("v",),
            lambda f, s, o: {"v": o.gradient**2 - s.v, "theta": -(1 + sqrt(s.v + 1) - f.k) * o.gradient},
            ("v",),
            k=1.0,
        ),
        loss,
    )
    assert not verdict.necessary  # k <= 2 is enough


@pytest.mark.parametrize(
    "subject, energy",
    [
        (NesterovODE(), lambda s, o: s.t**2 * o.value + 2 * total((s.theta + s.t * s.v / 2) ** 2)),
        (flow((), lambda f, s, o: {"theta": o.gradient}), lambda s, o: -o.value),
    ],
)
def test_an_energy_below_the_loss_is_not_called_above_it(subject, energy):
    verdict = check(subject, energy, assuming="convex")
    assert verdict.status == PROVED and not verdict.positive
