"""Stability of critical points: the nature decides, the exhibited function is checked on states, runs agree."""
from dataclasses import dataclass

import numpy as np
import pytest
import sympy
from scipy.integrate import solve_ivp

from arithmetic import Graph, Program, dot, gradient, sqrt, total
from flows import (
    FLOWS, AdaGrad, Adam, Adamax, AdamW, AMSGrad, DampedNewton, Flow, GaussNewton, GradientDescent, LevenbergMarquardt,
    Momentum, MomentumRMSProp, NAdam, Nesterov, Newton, RMSProp, Signum, WeightDecay, scalar,
)
from lyapunov import Stability, stability
from networks import CriticalPoint, Loss, get, studied

x, y = sympy.symbols("x y", real=True)


SMOOTH = (GradientDescent(), Momentum(c=0.5), Nesterov(), RMSProp(eps=0.1), Adam(eps=0.1),
          Adam(eps=0.1, correction=False),
          Adam(b=20.0), LevenbergMarquardt(), Adamax(eps=0.1), NAdam(eps=0.1), MomentumRMSProp(eps=0.1))
MANIFOLD = (AdaGrad(eps=0.1), AdaGrad(eps=0.0), AMSGrad(eps=0.1))
#: A point of every nature of every network that is studied; and one of every nature alone.
POINTS = [(name, i) for name in studied() for found in [get(name).critical_points()] for i, p in enumerate(found)
          if p.nature not in [q.nature for q in found[:i]]]
NATURES = [*{get(name).critical_points()[i].nature: (name, i) for name, i in reversed(POINTS)}.values()]
#: What depends on the flow is its leading part, and on the network the place: these flows are looked at in all places.
EVERYWHERE = (GradientDescent(), Adam(eps=0.1), Signum())


def expected(nature: str, attracts="asymptotically stable") -> str:
    if nature in ("minimum", "degenerate minimum"):
        return attracts
    return "stable" if nature == "non-strict minimum" else "unstable"


# ---------------------------------------------------------------------------------------- every point, every flow
@pytest.mark.parametrize("flow, points", [
    *((flow, POINTS if flow in EVERYWHERE else NATURES) for flow in SMOOTH + MANIFOLD + (Signum(),)),
    *(pytest.param(flow, POINTS, marks=[pytest.mark.slow]) for flow in SMOOTH + MANIFOLD if flow not in EVERYWHERE),
], ids=lambda x: repr(x) if isinstance(x, Flow) else "all places" if x is POINTS else "one of each nature")
def test_the_nature_of_a_point_decides(flow, points):
    for name, i in points:
        point = get(name).critical_points()[i]
        found = stability(flow, point)
        wanted = expected(point.nature, "stable" if flow in MANIFOLD else "asymptotically stable")
        if isinstance(flow, Signum) and point.nature == "non-strict minimum":
            wanted = "undecided"
        assert found.status == wanted, (name, point)
        if found.status != "undecided":
            assert found.kind == ("Chetaev" if wanted == "unstable" else "Lyapunov") and found.function is not None
        parts = [float(sympy.re(sympy.N(e))) for e in found.eigenvalues if not e.free_symbols]
        if flow in SMOOTH and parts:
            if max(parts) > 1e-12:
                assert found.status == "unstable"
            if max(parts) < -1e-12:
                assert found.status == "asymptotically stable"


def test_newtons_flow_attracts_to_every_point_with_invertible_hessian():
    for name, i in POINTS:
        point = get(name).critical_points()[i]
        regular = point.nature in ("minimum", "saddle", "maximum")
        found = stability(Newton(), point)
        assert found.status == ("asymptotically stable" if regular else "undecided"), (name, point)
        if regular:
            assert found.eigenvalues == (-1,) * len(point.theta)


#: Flows of the catalogue that are not decided, and why.
OPEN = {"NormalisedGradient": "couples coordinates", "PGradient": "couples coordinates",
        "NesterovODE": "time", "RAdam": "time", "Rprop": "eta",
        "Sophia": "couples coordinates", "Secant": "couples coordinates", "Prodigy": "couples coordinates",
        "DAdaptation": "couples coordinates", "DoG": "couples coordinates", "DoWG": "couples coordinates",
        "Polyak": "value of the loss", "MoMo": "value of the loss", "MoMoAdam": "value of the loss",
        "ScheduleFree": "time", "ScheduleFreeAdamW": "time", "ADOPT": "time", "MADGRAD": "time",
        "RestartedNesterov": "the rest of the block c", "ClippedGradient": "couples coordinates",
        "EnergyFriction": "the value of the loss"}


@pytest.mark.parametrize("kind", FLOWS)
def test_the_whole_catalogue(kind):
    """At a minimum, a saddle and a maximum every flow is decided as its kind demands, or it is said why not."""
    points = [get("polytwo").critical_points()[i] for i in (0, 5, 8)]
    flow = DampedNewton(damping=5.0) if kind is DampedNewton else kind()  # with 1 it attracts to a saddle too
    found = [stability(flow, p) for p in points]
    statuses = [f.status for f in found]
    if kind.__name__ in OPEN:
        assert all(f.status == "undecided" and OPEN[kind.__name__] in f.argument[0] for f in found)
    elif kind is Newton:
        assert statuses == ["asymptotically stable"] * 3
    elif kind is GaussNewton:  # JᵀJ is singular at the saddle and at the maximum
        assert statuses == ["asymptotically stable", "undecided", "undecided"]
    elif kind is AdamW:  # θ = 0 stays at rest, the others do not
        assert statuses == ["not an equilibrium", "not an equilibrium", "unstable"]
    else:
        assert statuses[0] in ("asymptotically stable", "stable") and statuses[1:] == ["unstable"] * 2


# ------------------------------------------------------------------------------- the function, on states and runs
def derivative_of(energy, field):
    """(V, V') as a recorded program of the state."""
    graph = Graph()
    state = graph.inputs("y", field.size)
    value = graph.lift(energy(field.state(0.0, state), field.loss.oracle(field.theta(state))))
    slope = dot(gradient(value, list(state)), field(0.0, state))
    return Program(tuple(state), (value, graph.lift(slope)))


@pytest.mark.parametrize("flow", (GradientDescent(), Momentum(c=0.5), Nesterov(), RMSProp(eps=0.1), Adam(eps=0.1),
                                  Adam(b=20.0, eps=0.1), Adamax(eps=0.1)), ids=repr)
@pytest.mark.parametrize("name, i", [("polytwo", 0), ("polytwo", 5), ("polytwo", 8), ("steep-valley", 0),
                                     ("polyfive", 1), ("polyfive", 5)])
def test_the_function_falls_on_all_states_near_the_point(flow, name, i):
    loss = get(name)
    point = loss.critical_points()[i]
    found, field = stability(flow, point), flow.on(loss)
    program = derivative_of(found.energy, field)
    rng, size = np.random.default_rng(3), 1e-8
    rest = np.zeros((field.size, 4000))
    rest[: field.dim] = point.numeric[:, None]
    for block, value in found.rest.items():
        rest[field.blocks[block]] = float(value)
    step = size * rng.normal(size=rest.shape) * 10.0 ** rng.uniform(-3, 0, rest.shape)
    if "degenerate" in point.nature:
        step[: field.dim] *= 1e5  # the gradient is of third order
    for block in flow.nonnegative:
        step[field.blocks[block]] = abs(step[field.blocks[block]])
    value, slope = program(*(rest + step))
    at_rest = program(*rest[:, :1])[0]
    assert np.all(slope < 0)
    if found.kind == "Lyapunov":
        assert np.all(value > at_rest)
    else:
        assert np.any(value < at_rest)


@pytest.mark.parametrize("flow, start_radius", [(Momentum(), 0.05), (Adam(eps=0.1), 0.05), (RMSProp(eps=0.1), 0.05),
                                                (AdaGrad(eps=0.1, G0=0.1), 0.05),  # (the last: as Adam above)
                                                pytest.param(Adam(b=20.0, eps=0.1), 0.05, marks=pytest.mark.slow)])
def test_runs_do_what_is_said(flow, start_radius):
    loss = get("polytwo")
    field = flow.on(loss)
    for point in (loss.critical_points()[i] for i in (0, 5, 8)):  # a minimum, a saddle, the maximum
        start = field.start(point.numeric + start_radius * np.array([0.6, -0.8]))
        start[2:] = np.where(start[2:] == 0, 1e-3, start[2:])
        for block in ("c1", "c2"):
            if block in field.blocks:
                start[field.blocks[block]] = 1.0
        run = solve_ivp(field, (0, 40), start, rtol=1e-6, atol=1e-8)
        distance = np.linalg.norm(run.y[:2].T - point.numeric, axis=1)
        if stability(flow, point).status == "unstable":
            assert distance.max() > 0.5
        else:
            assert distance.max() < 0.5 and distance[-1] < 1e-2


def test_damped_newton_attracts_where_its_matrix_is_negative_too():
    """At eigenvalues −2 and −3 with damping 1 the linearisation is −λ/(λ + 1) < 0: this maximum attracts."""
    loss = Loss.from_expression(-x**2 - 3 * y**2 / 2 + x**4, (x, y))
    found = stability(DampedNewton(damping=1.0), (0, 0), loss)
    assert found.status == "asymptotically stable" and set(found.eigenvalues) == {-2, sympy.Rational(-3, 2)}
    assert stability(DampedNewton(damping=2.0), (0, 0), loss).status == "undecided"  # H + 2I is singular
    assert stability(DampedNewton(damping=4.0), (0, 0), loss).status == "unstable"


def test_newtons_flow_runs_into_a_maximum():
    loss = get("polytwo")
    run = solve_ivp(Newton().on(loss), (0, 20), np.array([0.05, -0.05]), rtol=1e-8, atol=1e-10)
    assert np.linalg.norm(run.y[:, -1]) < 1e-6 and loss.critical_points()[-1].nature == "maximum"


# ------------------------------------------------------------------------------------------------ known formulas
def test_the_cross_term_of_the_heavy_ball_keeps_its_bound():
    """The δ chosen by itself lies below 4c/(4L + c²), the sharp bound for |H| ≤ L."""
    for point in get("polytwo").critical_points():
        found = stability(Momentum(c=0.5), point)
        L = max(abs(float(e)) for e in point.eigenvalues)
        assert 0 < found.delta < 4 * 0.5 / (4 * L + 0.25)
        g, v, F, F0 = sympy.symbols("g v F F0", real=True)
        energy = F - F0 + v**2 / 2 + found.delta * g * v
        assert sympy.expand(found.function - (energy if found.kind == "Lyapunov" else -energy)) == 0


def test_eigenvalues_of_adam_are_those_of_its_homogeneous_part():
    """s² + a s + a λ/ε = 0 per eigenvalue λ of H, and −b, −a, −b for v, c₁, c₂."""
    point = CriticalPoint((0,), "minimum", 0, (sympy.Integer(3),))
    found = stability(Adam, point)
    a, b, eps = sympy.symbols("a b eps", positive=True)
    s = sympy.Symbol("s")
    assert {sympy.simplify(r**2 + a * r + 3 * a / eps) for r in found.eigenvalues[:2]} == {0}
    assert found.eigenvalues[2:] == (-b, -a, -b) and found.status == "asymptotically stable"
    assert not any(e.has(s) for e in found.eigenvalues)
    assert found.rest == {"m": 0, "v": 0, "c1": 1, "c2": 1}


def test_levenberg_marquardt_has_the_eigenvalues_of_the_damped_newton_matrix():
    loss = get("polytwo")
    point = loss.critical_points()[5]
    J = loss.jacobian(point.numeric)
    wanted = np.linalg.eigvals(-np.linalg.solve(J.T @ J + 2 * np.eye(2), loss.hessian(point.numeric)))
    found = stability(LevenbergMarquardt(damping=2.0), point)
    assert [float(e) for e in found.eigenvalues] == pytest.approx(sorted(wanted.real), rel=1e-12)
    assert stability(LevenbergMarquardt(), CriticalPoint((0,), "minimum", 0, (1,))).eigenvalues == ()


# -------------------------------------------------------------------------------------------------- the exceptions
@pytest.mark.parametrize("flow", (Adam(eps=0.0), RMSProp(eps=0.0)))
def test_without_epsilon_nothing_is_claimed(flow):
    for point in get("polytwo").critical_points():
        found = stability(flow, point)
        assert found.status == "undecided" and "singular" in found.argument[0] and found.eigenvalues == ()


def test_adagrad_rests_on_a_manifold():
    found = stability(AdaGrad(eps=0.1), get("polytwo").critical_points()[0])
    assert found.status == "stable" and found.eigenvalues[1] == 0
    assert "as a point it does not attract" in found.argument[-1]
    found, loss = stability(AMSGrad(eps=0.1), get("polytwo").critical_points()[0]), get("polytwo")
    with pytest.raises(ValueError, match="contains the symbols delta, u_0"):
        field = AMSGrad(eps=0.1).on(loss)
        found.energy(field.state(0.0, field.start(np.zeros(2))), loss.oracle(np.zeros(2)))


def test_decay_moves_the_points_of_rest():
    for flow in (WeightDecay(Adam(eps=0.1), 0.5, decoupled=True), WeightDecay(GradientDescent(), 0.5)):
        found = stability(flow, get("polytwo").critical_points()[0])
        assert found.status == "not an equilibrium" and found.function is None
    # at θ* = 0 it stays, with the curvature it adds: here λ = −1/2 + 1
    loss = Loss.from_expression(x**4 - x**2 / 4, (x,))
    zero = next(p for p in loss.critical_points() if p.theta == (0,))
    assert zero.nature == "maximum" and stability(GradientDescent(), zero).status == "unstable"
    found = stability(WeightDecay(GradientDescent(), 1.0), zero)
    assert found.status == "asymptotically stable" and found.eigenvalues == (sympy.Rational(-1, 2),)


def test_degenerate_points_of_one_expression_in_all_flows():
    """Peano's saddle, a strict minimum along every line through it: unstable, though no eigenvalue says so."""
    loss = Loss.from_expression((y - x**2) * (y - 2 * x**2), (x, y))
    for flow in (*SMOOTH, *MANIFOLD):
        found = stability(flow, (0, 0), loss)
        assert found.status == "unstable" and found.kind == "Chetaev"
        assert all(float(sympy.re(sympy.N(e.subs(dict.fromkeys(e.free_symbols, 1))))) <= 1e-12
                   for e in found.eigenvalues)


def test_points_of_unknown_nature_stay_undecided_unless_an_eigenvalue_is_negative():
    unknown = CriticalPoint((0, 0), "undecided", 0, (sympy.Integer(0), sympy.Integer(1)), evidence="no test applies")
    assert stability(Adam(eps=0.1), unknown).status == "undecided"
    falling = CriticalPoint((0, 0), "undecided", 0, (sympy.Integer(0), sympy.Integer(-1)))
    assert stability(Adam(eps=0.1), falling).status == "unstable"


# ----------------------------------------------------------------------------------------------------- own flows
def test_a_users_flow_is_analysed_from_its_definition():
    @dataclass(frozen=True)
    class Ascent(Flow):
        def field(self, s, oracle):
            return {"theta": oracle.gradient}

    @dataclass(frozen=True)
    class Clocked(Flow):
        memory = (scalar("c"),)

        def field(self, s, oracle):
            return {"c": 1 - s.c, "theta": -s.c * oracle.gradient}

    @dataclass(frozen=True)
    class Normalised(Flow):
        def field(self, s, oracle):
            return {"theta": -oracle.gradient / sqrt(total(oracle.gradient**2))}

    @dataclass(frozen=True)
    class Timed(Flow):
        def field(self, s, oracle):
            return {"theta": -s.t * oracle.gradient}

    points = get("polytwo").critical_points()
    assert [stability(Ascent(), p).status for p in (points[0], points[-1])] == ["unstable", "asymptotically stable"]
    assert stability(Clocked(), points[0]).status == "asymptotically stable"
    assert stability(Normalised(), points[0]).status == "undecided"
    assert "time" in stability(Timed(), points[0]).argument[0]


# ------------------------------------------------------------------------------------------------ forms and errors
def test_results_print():
    found = stability(Momentum(), get("polytwo").critical_points()[0])
    assert isinstance(found, Stability)
    text = str(found)
    assert text.startswith("asymptotically stable\nLyapunov function  V - F0 = F - F0 + g*v/16 + v**2/2")
    assert "eigenvalues" in text and "because" in text
    latex = found._repr_latex_()
    assert latex.startswith(r"$$\begin{aligned}") and r"\frac{v^{2}}{2}" in latex and r"\lambda" in latex
    assert "W" in str(stability(Momentum(), get("polytwo").critical_points()[5]))


def test_points_by_their_numbers():
    loss = get("polytwo")
    assert stability(Adam(eps=0.1), (0.0, -1.0), loss).point.theta == (0, -1)
    with pytest.raises(TypeError, match="together with loss"):
        stability(Adam(), (0.0, 1.0))
    with pytest.raises(ValueError, match="not a critical point"):
        stability(Adam(), (0.25, 1.0), loss)
    with pytest.raises(TypeError, match="must be a Flow"):
        stability("adam", loss.critical_points()[0])
