"""Every scheme of the catalogue: coefficients, orders, stability functions, and what each one is known for."""
import numpy as np
import pytest
import sympy
from scipy.integrate import solve_ivp

import networks
from arithmetic import Graph, Program, SymbolicLoss, Vector
from flows import AdaGrad, Adam, GradientDescent, LevenbergMarquardt, Momentum, RMSProp, WeightDecay
from networks import Loss
from schemes import (
    RKC1, RKC2, SCHEMES, BogackiShampine, DormandPrince, EnergyControl, Euler, EulerRichardson, ExponentialEuler,
    ExponentialMap, Extragradient, Gonzalez, Heun, ImplicitEuler, ImplicitMidpoint, ItohAbe, Outcome, RosenbrockEuler,
    RungeKutta, RungeKutta4, SequentialEuler, Stop, Strang, integrate, pair, stability_function,
)
from schemes.newton import newton

P = sympy.Symbol("p", positive=True)
TABLEAUX = [s for s in SCHEMES if issubclass(s, RungeKutta)]
BY_NEWTON = [s for s in SCHEMES if s.implicit and s is not ItohAbe]  # which brackets first
FLOWS = [GradientDescent(), Momentum(c=0.7), RMSProp(b=1.0, eps=0.5), Adam(a=1.0, b=1.0, eps=0.5)]


def make(scheme):
    return scheme(iterations=8) if scheme in BY_NEWTON else scheme()  # enough for small steps, and quicker


@pytest.fixture(scope="module")
def polytwo():
    return networks.get("polytwo")


def quadratic(A) -> Loss:
    A = np.asarray(A, dtype=float)
    return Loss(lambda x: sum(A[i, j] * x[i] * x[j] for i in range(len(A)) for j in range(len(A))) / 2, len(A))


# --------------------------------------------------------------------------------------- coefficients and orders
@pytest.mark.parametrize("scheme", TABLEAUX)
def test_order_conditions_hold_exactly(scheme):
    """One condition per rooted tree, in rational numbers, up to the order; one fails beyond it."""
    exact = scheme().exact()
    n = len(exact.b)
    A = np.array([[*row, *[sympy.Integer(0)] * (n - len(row))] for row in exact.a], dtype=object)
    b, c = np.array(exact.b, dtype=object), np.array(exact.c, dtype=object)
    assert (A.sum(axis=1) == c).all()
    Ac = A @ c
    trees = {1: [(b.sum(), 1)], 2: [(b @ c, 2)], 3: [(b @ c**2, 3), (b @ Ac, 6)],
             4: [(b @ c**3, 4), (b * c @ Ac, 8), (b @ A @ c**2, 12), (b @ A @ Ac, 24)],
             5: [(b @ c**4, 5), (b * c**2 @ Ac, 10), (b * c @ A @ c**2, 15), (b * c @ A @ Ac, 30), (b @ Ac**2, 20),
                 (b @ A @ c**3, 20), (b @ A @ (c * Ac), 40), (b @ A @ A @ c**2, 60), (b @ A @ A @ Ac, 120)]}
    for order in range(1, scheme.order + 1):
        assert all(value == sympy.Rational(1, density) for value, density in trees[order])
    if scheme.order < 5:
        assert any(value != sympy.Rational(1, density) for value, density in trees[scheme.order + 1])
    if exact.e is not None:  # the error weights cancel every condition up to the order of the estimate
        e = np.array(exact.e, dtype=object)
        assert (e.sum() == 0 and all(e @ c**k == 0 for k in range(1, scheme.error_order))
                and e @ c**scheme.error_order != 0)
    if scheme.reuses:  # the last stage is the next step's first
        assert tuple(exact.a[-1]) == tuple(exact.b[:-1]) and exact.b[-1] == 0 and exact.c[-1] == 1


@pytest.mark.parametrize("flow", FLOWS, ids=lambda f: type(f).__name__)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_measured_order(scheme, flow, polytwo):
    """Within 0.1 of the theory; the error of order 5 is within rounding before its slope settles, but on momentum."""
    if scheme.gradient_flows_only and not isinstance(flow, GradientDescent):
        pytest.skip("for gradient flows")
    if scheme in BY_NEWTON and isinstance(flow, Adam):
        pytest.skip("as RMSProp, and long")
    field = flow.on(polytwo)
    y0 = field.start([0.8, 0.3])
    y0[2:] = 0.5  # away from √0
    exact = solve_ivp(field, (0, 1), y0, method="DOP853", rtol=1e-13, atol=1e-14).y[:, -1]

    def error(n):
        y, h = y0, 1.0 / n
        for k in range(n):
            y = make(scheme).step(field, k * h, y, h)[0]
        return np.abs(y - exact).max()

    slope = np.log2(error(40) / error(80))
    if scheme.order == 5 and not isinstance(flow, Momentum):
        assert scheme.order - 0.1 < slope
    else:
        assert slope == pytest.approx(scheme.order, abs=0.1)


def test_errors_on_the_published_problem():
    """F = x⁴/4 + x²/2 + xy/2 + y² + y⁴/8 from (1.2, −0.8), T = 1, h = 1/80: errors computed elsewhere."""
    loss = Loss(lambda x: x[0]**4 / 4 + x[0]**2 / 2 + x[0] * x[1] / 2 + x[1]**2 + x[1]**4 / 8, 2)
    field = GradientDescent().on(loss)
    exact = solve_ivp(field, (0, 1), [1.2, -0.8], method="DOP853", rtol=1e-13, atol=1e-14).y[:, -1]
    for scheme, published in {Euler: 3.99e-3, EulerRichardson: 4.77e-5, Extragradient: 4.17e-3, Heun: 2.55e-5,
                              RungeKutta4: 2.87e-10, DormandPrince: 5.4e-12, RosenbrockEuler: 4.01e-3,
                              ImplicitEuler: 3.93e-3, Gonzalez: 1.88e-5, ItohAbe: 6.49e-4}.items():
        y = np.array([1.2, -0.8])
        for k in range(80):
            y = make(scheme).step(field, k / 80, y, 1 / 80)[0]
        assert np.abs(y - exact).max() == pytest.approx(published, rel=0.01), scheme.__name__


@pytest.mark.parametrize("scheme", [s for s in SCHEMES if s.error_order is not None])
def test_embedded_errors_have_their_order(scheme, polytwo):
    field, y = Momentum(c=0.7).on(polytwo), np.array([0.8, 0.3, 0.5, 0.5])
    errors = [np.abs(scheme().step(field, 0.0, y, h)[1]).max() for h in (0.02, 0.01)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(scheme.error_order + 1, abs=0.1)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_lanes_and_recordings_are_the_same_step(scheme, polytwo):
    field = GradientDescent().on(polytwo)
    y, h = np.random.default_rng(5).uniform(-1.5, 1.5, (2, 7)), np.linspace(0.01, 0.2, 7)
    whole = make(scheme).step(field, 0.0, y, h)[0]
    graph = Graph()
    inputs, size = graph.inputs("y", 2), graph.input("h")
    recorded = Program((*inputs, size), tuple(graph.lift(x) for x in make(scheme).advance(field, 0.0, inputs, size)[0]))
    assert np.array(recorded(*y, h)) == pytest.approx(whole, rel=1e-10, abs=1e-12)
    for k in range(7):
        assert make(scheme).step(field, 0.0, y[:, k], h[k])[0] == pytest.approx(whole[:, k], rel=1e-10, abs=1e-12)


def test_adagrads_first_integral_by_each_order():
    """F + 2√G − 2ε ln(√G + ε) is constant along the flow: its drift from θ = G = 1 over T = 1, computed elsewhere."""
    field = AdaGrad(eps=0.1).on(Loss(lambda x: x[0]**2 / 2, 1))

    def drift(scheme, h):
        y = np.array([1.0, 1.0])
        for k in range(round(1 / h)):
            y = scheme.step(field, k * h, y, h)[0]
        integral = lambda y: y[0]**2 / 2 + 2 * np.sqrt(y[1]) - 0.2 * np.log(np.sqrt(y[1]) + 0.1)  # noqa: E731
        return integral(y) - integral(np.ones(2))

    for scheme, published in {Euler(): (1.244957e-2, 6.083501e-3, 3.008275e-3),
                              SequentialEuler(): (2.244377e-2, 1.093777e-2, 5.398191e-3),
                              EulerRichardson(): (-4.943667e-4, -1.185324e-4, -2.903494e-5),
                              RungeKutta4(): (-1.590e-7, -1.103e-8, -7.12e-10)}.items():
        assert [drift(scheme, h) for h in (0.1, 0.05, 0.025)] == pytest.approx(published, rel=1e-3)


# --------------------------------------------------------------------------------------------------- stability
@pytest.mark.parametrize("scheme", SCHEMES)
def test_stability_functions_approximate_the_exponential_to_their_order(scheme):
    R, z = stability_function(scheme()), sympy.Symbol("z")
    difference = sympy.series(R - sympy.exp(z), z, 0, scheme.order + 2).removeO()
    coefficients = [sympy.simplify(difference.coeff(z, k)) for k in range(scheme.order + 2)]
    assert not any(coefficients[:-1])
    assert R.is_rational_function(z) and not R.atoms(sympy.Float)
    if scheme is not ItohAbe:  # in one dimension the coordinate discrete gradient is the trapezoidal rule, of order 2
        assert coefficients[-1] != 0


def test_stability_functions_are_the_known_ones():
    z = sympy.Symbol("z")
    for scheme in (EulerRichardson(), Heun()):
        assert (stability_function(scheme) == 1 + z + z**2 / 2
                or sympy.expand(stability_function(scheme)) == 1 + z + z**2 / 2)
        assert stability_function(scheme).subs(z, -2) == 1
    assert sympy.expand(stability_function(Extragradient())) == 1 + z + z**2
    assert sympy.simplify(stability_function(RosenbrockEuler()) - 1 / (1 - z)) == 0
    assert sympy.simplify(stability_function(ImplicitEuler()) - 1 / (1 - z)) == 0
    for scheme in (ImplicitMidpoint(), Gonzalez(), ItohAbe()):
        assert sympy.simplify(stability_function(scheme) - (1 + z / 2) / (1 - z / 2)) == 0

    def edge(scheme, value):
        roots = sympy.Poly(stability_function(scheme) - value, z).nroots()
        return min(-float(r) for r in roots if abs(sympy.im(r)) < 1e-12 and sympy.re(r) < -1e-9)

    assert edge(RungeKutta4(), 1) == pytest.approx(2.7852935634, abs=1e-9)
    assert edge(BogackiShampine(), -1) == pytest.approx(2.5127453266, abs=1e-9)
    with pytest.raises(TypeError, match="must be a Scheme"):
        stability_function(Euler)


@pytest.mark.parametrize("stages", [1, 2, 5, 12])
def test_rkc1_is_a_chebyshev_polynomial(stages):
    z, scheme = sympy.Symbol("z"), RKC1(stages, damping=0.05)
    w0 = 1 + sympy.Rational(1, 20) / stages**2
    T = sympy.chebyshevt_poly(stages, z)
    w1 = T.subs(z, w0) / T.diff(z).subs(z, w0)
    assert sympy.expand(stability_function(scheme) - T.subs(z, w0 + w1 * z) / T.subs(z, w0)) == 0
    assert scheme.interval == pytest.approx(float((1 + w0) / w1)) and 1.9 * stages**2 < scheme.interval < 2 * stages**2


@pytest.mark.parametrize("scheme", [RKC1(7), RKC1(12, damping=2.0), RKC2(6), RKC2(12)], ids=str)
def test_stabilised_schemes_are_stable_on_their_interval(scheme):
    R = sympy.lambdify(sympy.Symbol("z"), stability_function(scheme).evalf(40), "mpmath")
    z = [-scheme.interval * k / 200 for k in range(1, 201)]
    assert max(abs(R(x)) for x in z[:-1]) < 1 and abs(R(z[-1])) <= 1 + 1e-12 < abs(R(1.02 * z[-1]))
    if isinstance(scheme, RKC2):
        assert scheme.interval == pytest.approx(2 / 3 * (scheme.stages**2 - 1) * (1 - 2 / 15 * scheme.damping),
                                                rel=0.02)


@pytest.mark.parametrize("scheme, gradients", [(RKC1(3), 534), (RKC1(55, 10.0), 110), (RKC1(20, 2.0), 160),
                                               (RKC1(16, 1.0), 160), (RKC1(32, 5.0), 160)])
def test_stabilised_schemes_on_a_stiff_quadratic(scheme, gradients):
    """Eigenvalues 1, 334, 667, 1000: gradients until F ≤ 1e-6 F₀, h at the end of the interval; computed elsewhere."""
    loss = quadratic(np.diag([1.0, 334, 667, 1000]))
    field, y, used = GradientDescent().on(loss), np.ones(4), 0
    while loss.value(y) > 1e-6 * loss.value(np.ones(4)):
        y, used = scheme.step(field, 0.0, y, scheme.interval / 1000)[0], used + scheme.stages
    assert used == gradients


def test_a_fixed_step_beyond_the_stability_of_the_midpoint_rule_ends_at_a_spurious_point():
    """F = (θ² − 1)²/4, h = 1.2 > 1 from 0.95: (−1 + √(1 + 8/h))/2, where ∇F = −0.1926."""
    field = GradientDescent().on(Loss(lambda x: (x[0]**2 - 1)**2 / 4, 1))
    ends = [integrate(field, [0.95], EulerRichardson(), h, Stop(max_steps=2000)) for h in (1.2, 0.9)]
    assert ends[0].theta == pytest.approx(0.8844373104863459) and ends[0].outcome == Outcome.STEP_LIMIT
    assert ends[1].theta == pytest.approx(1) and ends[1].outcome == Outcome.CONVERGED


# ---------------------------------------------------------------------------------------- exponential, splitting
def test_exponential_map_is_adam(quartic):
    """a = −ln β₁/h, b = −ln β₂/h: the classical algorithm, whatever h; and c₁ = 1 − e^{−at} for steps of any length."""
    h, beta1, beta2 = 0.05, 0.9, 0.999
    flow = Adam(a=-np.log(beta1) / h, b=-np.log(beta2) / h)
    start = np.random.default_rng(1).normal(size=6)
    classic = Adam(a=(1 - beta1) / h, b=(1 - beta2) / h)
    y, z = flow.on(quartic).start(start), classic.on(quartic).start(start)
    for _ in range(100):
        y = ExponentialMap().step(flow.on(quartic), 0.0, y, h)[0]
        z = SequentialEuler().step(classic.on(quartic), 0.0, z, h)[0]
    assert y == pytest.approx(z, rel=1e-11)
    field, t = flow.on(quartic), 0.0
    y = field.start(start)
    for h in (0.03, 0.2, 0.001, 0.5):
        y, t = ExponentialMap().step(field, t, y, h)[0], t + h
    assert y[field.blocks["c1"]] == pytest.approx(1 - np.exp(-flow.a * t), rel=1e-13)


def test_exponential_euler_solves_the_memories_exactly():
    """With a constant gradient, v' = −cv − g is linear: any step is exact in v."""
    loss = Loss(lambda x: 2 * x[0], 1)
    y, _ = ExponentialEuler().step(Momentum(c=3.0).on(loss), 0.0, np.array([0.0, 1.0]), 5.0)
    assert y[1] == pytest.approx(np.exp(-15.0) - 2 / 3 * (1 - np.exp(-15.0)), rel=1e-14) and y[0] == 5
    decayed = WeightDecay(Adam(a=2.0, b=0.5), 0.1, decoupled=True)
    assert np.isfinite(ExponentialMap().step(decayed.on(loss), 0.0, decayed.on(loss).start([1.0]), 100.0)[0]).all()


def test_strang_on_momentum_is_kick_drift_kick(polytwo):
    theta, v, c, h = np.array([0.7, -0.4]), np.array([0.3, 0.2]), 0.8, 0.1

    def kick(v, theta):
        return np.exp(-c * h / 2) * v - (1 - np.exp(-c * h / 2)) / c * polytwo.gradient(theta)

    half = kick(v, theta)
    there = theta + h * half
    y, _ = Strang().step(Momentum(c=c).on(polytwo), 0.0, np.concatenate([theta, v]), h)
    assert y == pytest.approx(np.concatenate([there, kick(half, there)]), rel=1e-14)
    problem = pair(Momentum(c=c), Strang(), 0.1).problem(polytwo)
    run = problem.finish(*problem.run(problem.start(np.array([[0.7], [-0.4], [0.3], [0.2]])), max_steps=50))
    assert run.gradients[0] == 51  # one new gradient a step


def test_strang_without_friction_nearly_keeps_the_energy():
    """The leapfrog of a harmonic oscillator: the energy error does not grow, Euler's does."""
    field, bowl = Momentum(c=1e-300).on(Loss(lambda x: x[0]**2 / 2, 1)), lambda y: (y[0]**2 + y[1]**2) / 2
    y, errors = np.array([1.0, 0.0]), []
    for _ in range(2000):
        y = Strang().step(field, 0.0, y, 0.1)[0]
        errors.append(abs(bowl(y) - 0.5))
    assert max(errors) < 0.0013 and max(errors[1000:]) <= 1.01 * max(errors[:1000])


# ------------------------------------------------------------------------------------ implicit, discrete gradients
def test_rosenbrock_is_levenberg_marquardt_and_newton(polytwo):
    y, lam = np.array([0.7, -1.3]), 0.3
    gn, _ = RosenbrockEuler(gauss_newton=True).step(GradientDescent().on(polytwo), 0.0, y, 1 / lam)
    assert gn == pytest.approx(y + LevenbergMarquardt(damping=lam).on(polytwo)(0, y))
    newton, _ = RosenbrockEuler().step(GradientDescent().on(polytwo), 0.0, y, 1e12)
    assert newton == pytest.approx(y - np.linalg.solve(polytwo.hessian(y), polytwo.gradient(y)))
    with pytest.raises(ValueError, match="needs gradient descent"):
        RosenbrockEuler(gauss_newton=True).step(Momentum().on(polytwo), 0.0, np.ones(4), 0.1)


@pytest.mark.parametrize("flow", FLOWS[:3], ids=lambda f: type(f).__name__)
def test_implicit_schemes_solve_their_equations(flow, polytwo):
    field = flow.on(polytwo)
    y = field.start([0.8, 0.3])
    y[2:] = 0.5
    w, _ = ImplicitEuler().step(field, 0.0, y, 0.3)
    assert w == pytest.approx(y + 0.3 * field(0, w), rel=1e-10)
    w, _ = ImplicitMidpoint().step(field, 0.0, y, 0.3)
    assert w == pytest.approx(y + 0.3 * field(0, (y + w) / 2), rel=1e-10)


def test_an_implicit_step_without_a_solution_is_not_a_number():
    """w = y + h f(w) with f(w) = −∂(−w³/3) = w²: no real solution once 4hy > 1."""
    field = GradientDescent().on(Loss(lambda x: -x[0]**3 / 3, 1))
    assert ImplicitEuler().step(field, 0.0, np.array([1.0]), 0.2)[0] == pytest.approx((1 - np.sqrt(0.2)) / 0.4)
    assert np.isnan(ImplicitEuler().step(field, 0.0, np.array([1.0]), 0.3)[0]).all()


@pytest.mark.parametrize("h", [1.0, 10.0, 1000.0])
@pytest.mark.parametrize("scheme, least", [(ImplicitEuler(), 0.9), (Gonzalez(), 0.7), (ItohAbe(), 0.99)],
                         ids=lambda x: type(x).__name__ if not isinstance(x, float) else "")
@pytest.mark.parametrize("network", ["polytwo", "sine"])
def test_the_loss_falls_for_every_step_however_large(network, scheme, least, h):
    """From 200 starts of the box, in every step whose equation was solved; `least` is the share that must be."""
    loss = networks.get(network)
    x = np.random.default_rng(0).uniform(-3, 3, (2, 200))
    y = scheme.step(GradientDescent().on(loss), 0.0, x, h)[0]
    solved = np.isfinite(y).all(axis=0)
    d2, before, after = ((y - x)**2).sum(axis=0), loss.value(x), loss.value(y)
    assert solved.mean() >= least
    assert (after <= before)[solved].all() and (after < before)[solved & (d2 > 1e-12)].all()
    if not isinstance(scheme, ImplicitEuler):  # and by as much as the definition says
        if isinstance(scheme, ItohAbe):
            first = np.vstack([y[:1], x[1:]])
            d2 = np.vstack([first - x, y - first])
            d2 = (d2**2).sum(axis=0)
        assert (after - before)[solved] == pytest.approx((-d2 / h)[solved], rel=1e-6, abs=1e-9 * before.max())


def test_a_refused_step_of_a_discrete_gradient_is_shortened():
    """Where the equation has no solution within reach, energy control takes a shorter step:
    every start comes to rest."""
    loss = networks.get("polytwo")
    start = np.random.default_rng(1).uniform(-3, 3, (2, 60))
    for scheme in (Gonzalez(20), ItohAbe(40)):
        optimizer = pair(GradientDescent(), scheme, EnergyControl(ratio=0.0, h0=1.0, h_max=2.0))
        run = optimizer.run(loss, start, stop=Stop(max_steps=500))
        assert (run.outcome == Outcome.CONVERGED).all()


@pytest.mark.parametrize("h", [0.1, 1.0, 1000.0])
def test_itoh_abe_on_quadratics_is_sor(h):
    rng = np.random.default_rng(3)
    root = rng.normal(size=(4, 4))
    A, x = root @ root.T + np.eye(4), rng.normal(size=4)
    expected = x.copy()
    for i in range(4):
        omega = 2 * h * A[i, i] / (2 + h * A[i, i])
        expected[i] -= omega * (A[i] @ expected) / A[i, i]
    assert ItohAbe().step(GradientDescent().on(quadratic(A)), 0.0, x, h)[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("h", [1.0, 10.0, 1000.0])
def test_implicit_schemes_on_quadratics_are_linear_algebra(h):
    rng = np.random.default_rng(4)
    root = rng.normal(size=(3, 3))
    A, x, eye = root @ root.T + np.eye(3), rng.normal(size=3), np.eye(3)
    field = GradientDescent().on(quadratic(A))
    midpoint = np.linalg.solve(eye + h / 2 * A, (eye - h / 2 * A) @ x)
    assert Gonzalez().step(field, 0.0, x, h)[0] == pytest.approx(midpoint, rel=1e-9)
    assert ImplicitMidpoint().step(field, 0.0, x, h)[0] == pytest.approx(midpoint, rel=1e-9)
    assert ImplicitEuler().step(field, 0.0, x, h)[0] == pytest.approx(np.linalg.solve(eye + h * A, x), rel=1e-9)


# --------------------------------------------------------------------------------------------------- bad input
@pytest.mark.parametrize("call, error, message", [
    (lambda: Gonzalez().step(Momentum().on(networks.get("polytwo")), 0.0, np.ones(4), 0.1), ValueError,
     "gradient flows"),
    (lambda: ItohAbe().step(RMSProp().on(networks.get("polytwo")), 0.0, np.ones(4), 0.1), ValueError, "got RMSProp"),
    (lambda: RKC1(0), ValueError, "stages=0"),
    (lambda: RKC2(1), ValueError, ">= 2"),
    (lambda: RKC1(3, damping=-1), ValueError, "damping=-1")])
def test_what_a_scheme_cannot_do_is_said(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_discrete_gradients_take_weight_decay(polytwo):
    field = WeightDecay(GradientDescent(), 0.5).on(polytwo)
    x, V = np.array([0.7, 1.4]), lambda y: polytwo.value(y) + 0.25 * y @ y  # noqa: E731
    for scheme in (Gonzalez(), ItohAbe()):
        y = scheme.step(field, 0.0, x, 1.0)[0]
        assert V(y) < V(x)


def test_a_coordinate_discrete_gradient_near_a_stiff_minimum():
    """F is the square of differences of numbers of size 45: near the minimum it has fewer digits than its size says."""
    loss = networks.get("polyfive")
    field = GradientDescent().on(loss)
    for i in (0, 2):
        point = loss.critical_points()[i]
        y = point.numeric[:, None] + 1e-6 * np.random.default_rng(0).normal(size=(2, 200))
        end = ItohAbe().step(field, 0.0, y, 0.5)[0]
        solved = np.isfinite(end).all(axis=0)
        assert point.nature.is_minimum and solved.mean() > 0.98
        assert (loss.value(end) < loss.value(y))[solved].all()


def test_implicit_equations_in_symbols():
    """What is linear is solved, however many symbols it has and whatever they are called."""
    x, y = Vector(sympy.symbols("x y", real=True)), Vector(sympy.symbols("a:12", real=True))
    A, b = y[:9].reshape(3, 3), y[9:] / y[0]
    found = newton(lambda w: (A @ w + b, None, None), b, b, 1)
    assert all(sympy.cancel(e) == 0 for e in A @ found + b)
    for c in y:
        w, = newton(lambda w, c=c: ((1 - c) * w + sum(y), None, None), b[:1], b, 1)
        assert sympy.cancel(w * (1 - c) + sum(y)) == 0
    h, t = sympy.symbols("h t", positive=True)
    loss = SymbolicLoss(0.3 * x[0]**2, [x[0]])
    new = ImplicitEuler().symbolic_step(Momentum(c=0.7).on(loss), t, x, h)  # floats are decimals
    assert sympy.cancel(new[0] - x[0] - h * new[1]) == 0
    assert sympy.cancel(new[1] * (1 + h * sympy.Rational(7, 10)) - x[1] + h * sympy.Rational(6, 10) * new[0]) == 0


@pytest.mark.parametrize("residual", [
    lambda w: w**2 - 2, lambda w: abs(w) - 1, lambda w: Vector(map(sympy.Function("F"), w)) + w, lambda w: 1 + 0 * w,
    lambda w: 0 * w, lambda w: (sympy.sin(P)**2 + sympy.cos(P)**2 - 1) * w + P,
    lambda w: w + sympy.Symbol("matrix", commutative=False)],
    ids=["square", "absolute value", "unknown function", "no solution", "any solution", "hidden zero", "matrix"])
def test_implicit_equations_in_symbols_without_a_single_solution(residual):
    x = Vector([P])
    with pytest.raises(TypeError, match="not linear in y⁺, or has no single solution"):
        newton(lambda w: (residual(w), None, None), x, x, 1)
