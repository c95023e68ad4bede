"""Claims that are false, or true, for one reason alone: ten kinds of holes that a proof can have, each with its cases."""
from dataclasses import dataclass, field, make_dataclass

import numpy as np
import pytest
import sympy
from sympy import Le, Rational

from arithmetic import absolute, add_diagonal, diagonal, dot, exp, sign, solve, sqrt, times, total
from flows import Flow, GradientDescent, Momentum, Scheduled, scalar, schedules
from lyapunov import Energy, H, Status, check, derive

F, g, theta = sympy.symbols("F g theta", real=True)
L, mu, a, b, k = sympy.symbols("L mu a b k", positive=True)


def loss(s, o):
    return o.value


def flow(memory, field, nonnegative=(), initial=None, energy=None, **rates):
    """A flow from its field, with these rates."""
    body = {"memory": memory, "nonnegative": nonnegative, "field": field, "initial": property(lambda self: initial or {}),
            "energy": energy}
    made = make_dataclass("Made", [(name, float, value) for name, value in rates.items()], bases=(Flow,), namespace=body,
                          frozen=True)
    return made(**rates)


def symbolic(memory, field, nonnegative=(), initial=None, **rates):
    return type(flow(memory, field, nonnegative, initial, **dict.fromkeys(rates, 1.0))).symbolic()


def mixed(q):
    """−g − k (H − diag H) g: nothing in one coordinate, nor for a diagonal Hessian."""
    return lambda f, s, o: {"theta": -o.gradient - f.k * (times(getattr(o, q), o.gradient)
                                                          - diagonal(getattr(o, q)) * o.gradient)}


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
    "F counted once": (flow(("x",), lambda f, s, o: {"x": o.value - o.gradient * s.theta, "theta": -o.gradient}),
                       lambda s, o: total(s.x), "convex", REFUTED),
    "F counted once, bounded": (flow(("x",), lambda f, s, o: {"x": o.value - o.gradient**2 / 2, "theta": -o.gradient}),
                                lambda s, o: total(s.x), Le(F, g**2 / 2), UNDECIDED),
    # ----------------------------------------------------------------------------------- names of blocks and rates
    **{f"a memory called {x}": (flow((x,), averaged_in(x), a=1.0), loss, (), REFUTED) for x in ("g", "F", "H", "J", "r")},
    **{f"the energy of a memory called {x}": (flow((x,), averaged_in(x), a=1.0), lambda s, o, x=x: o.value + total(
        getattr(s, x)**2) / 2, (), PROVED) for x in ("g", "F", "H", "J", "r")},
    **{f"a rate called {x}": (symbolic(C1, clock(lambda f, s, x=x: getattr(f, x) * (1 - s.c1) - s.c1 + (1 - s.c1) / 100),
                                       a=1.0, **{x: 1.0}), loss, (), REFUTED) for x in ("w", "k", "y", "q1", "ratio")},
    "a rate called q": (symbolic(("x",), lambda f, s, o: {"x": 0 * s.x + f.q / 2, "theta": -o.gradient}, q=1.0),
                        lambda s, o: total(s.theta**2) / 2 + total(s.x), "convex", REFUTED),
    "a rate called F_0": (symbolic(("x",), lambda f, s, o: {"x": 0 * s.x + f.F_0 / 2, "theta": -o.gradient}, F_0=1.0),
                          lambda s, o: total(s.theta**2) / 2 + total(s.x), "convex", REFUTED),
    "a rate called s_v": (symbolic(("v",), lambda f, s, o: {"v": o.gradient**2 - s.v, "theta": -(1 + sqrt(s.v) - f.s_v)
                                                            * o.gradient}, ("v",), s_v=1.0), loss, (), "k <= 1"),
    "a rate called u1": (symbolic(("v",), lambda f, s, o: {"v": o.gradient**2 - s.v, "theta": -(1 + sqrt(s.v + 1) - f.u1)
                                                           * o.gradient}, ("v",), u1=1.0), loss, (), "k <= 1"),
    "a rate called p_m": (symbolic(("m",), lambda f, s, o: {"m": o.gradient - s.m, "theta": -(1 + absolute(s.m) - f.p_m)
                                                            * o.gradient}, p_m=1.0), loss, (), "k <= 1"),
    "a rate called p1": (symbolic((), lambda f, s, o: {"theta": -(f.L - o.hessian_product(o.gradient) / o.gradient - f.p1 / 2)
                                                       * o.gradient}, L=1.0, p1=1.0), loss, Le(H, L), REFUTED),
    # ------------------------------------------------------------------------------------- states no loss can have
    "Baillon and Haddad": (GradientDescent(), lambda s, o: total(s.theta**2) / 2 - o.value / L, ("convex", H <= L), "true"),
    "strong convexity": (GradientDescent(), lambda s, o: (1 + mu * s.t) * o.value, ("convex", H >= mu), "true"),
    "a <= b <= 1": (symbolic((), lambda f, s, o: {"theta": -(f.b - f.a) * o.gradient}, a=1.0, b=1.0), loss,
                    (a <= b, b <= 1), PROVED),
    "curvature of the package": (symbolic((), lambda f, s, o: {"theta": -(f.L - diagonal(o.hessian)) * o.gradient}, L=1.0),
                                 loss, H <= L, UNDECIDED),
    # ------------------------------------------------------------------------------------------- nonnegative blocks
    "a block that is declared nonnegative": (flow(("v",), lambda f, s, o: {"v": o.gradient - s.v, "theta": -s.v * o.gradient},
                                                  ("v",)), loss, (), "not proved"),
    "a block that is nonnegative": (flow(("v",), lambda f, s, o: {"v": o.gradient**2 - s.v, "theta": -s.v * o.gradient}),
                                    loss, (), PROVED),
    "V that jumps": (flow((scalar("v"),), lambda f, s, o: {"v": 0 * s.v + 1, "theta": -o.gradient}), lambda s, o: o.value + 1 / s.v,
                     (), "not proved"),
    "a hidden jump": (flow(("v",), lambda f, s, o: {"v": -2 * s.v / absolute(s.v) * o.gradient**2, "theta": o.gradient}),
                      lambda s, o: o.value + total(absolute(s.v)), (), "not proved"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_is_right(case):
    subject, energy, assuming, right = CASES[case]
    verdict = check(subject, energy, assuming=None if assuming == () else assuming)
    if right == "true":
        assert verdict.status != REFUTED, str(verdict)
    elif right == "not proved":
        assert verdict.status != PROVED, str(verdict)
    elif right.startswith("k <="):  # a condition on the rate of this name
        assert verdict.status != PROVED or [str(c).split(" <= ")[1] for c in verdict.conditions] == [right.split(" <= ")[1]], \
            str(verdict)
    else:
        assert verdict.status == right, str(verdict)
    if verdict.status == PROVED:
        assert verdict.certificate.verify()
    if verdict.status == REFUTED:
        assert verdict.counterexample.rise > 0
