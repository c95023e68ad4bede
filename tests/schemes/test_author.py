"""The published family of energy-controlled steps against plain loops of its rules, and what each one promises."""
import itertools

import numpy as np
import pytest
import sympy

import networks
import schemes
from flows import AveragedMomentum, GradientDescent, Momentum, ScaledDescent
from schemes import (
    EnergyControl, EnergyMomentum, Euler, MarquardtEuler, Outcome, RosenbrockEuler, SequentialEuler, Stop,
    UphillControl, integrate,
)

NEVER = dict(gradient=0.0, speed=0.0)


# ------------------------------------------------------------------------------------ the rules as plain loops
def search(ok, h, divisor=2.0, halvings=0):
    """h divided until it is acceptable, then `halvings` halvings of log h towards the last refused."""
    high = np.inf
    while not ok(h):
        h, high = h / divisor, h
    for _ in range(halvings if high < np.inf else 0):
        middle = np.sqrt(h * high)
        h, high = (middle, high) if ok(middle) else (h, middle)
    return h


def lc_egd(F, gradient, x, n):
    h = 0.1
    for _ in range(n):
        g = gradient(x)
        h = search(lambda h, x=x, g=g: F(x - h * g) - F(x) <= -0.5 * h * (g @ g), h)
        x, h = x - h * g, 1e4 * h
        yield x


def lc_p_gd(F, gradient, x, n, exponent=0.5, divisor=2.0, halvings=0):
    h = 0.1
    for _ in range(n):
        g = gradient(x)
        d = g / (np.linalg.norm(g) + 1e-8)**exponent  # without the 1e-8 where it is published
        h = search(lambda h, x=x, g=g, d=d: F(x - h * d) - F(x) <= -0.5 * h * (g @ d), h, divisor, halvings)
        x, h = x - h * d, 1e4 * h
        yield x


def lcd_ng(F, gradient, x, n):
    return lc_p_gd(F, gradient, x, n, 1.0, 30.0, 2)


def lc_mom(F, gradient, x, n, divisor=2.0, halvings=0):
    v, h = 0 * x, 0.1
    for _ in range(n):
        g, V = gradient(x), F(x) + v @ v / 2
        new = lambda h, v=v, g=g: 0.9 * v + h * g  # noqa: E731
        h = search(lambda h, x=x, V=V, new=new: F(x - h * new(h)) + new(h) @ new(h) / 2 - V
                   <= -0.5 * 0.1 * (new(h) @ new(h)), h, divisor, halvings)
        v = new(h)
        x, h = x - h * v, 1e4 * h
        yield x


def lcd_mom(F, gradient, x, n):
    return lc_mom(F, gradient, x, n, 30.0, 2)


def lc_rms(F, gradient, x, n, divisor=2.0, halvings=0):
    s, h = 0 * x, 0.1
    for _ in range(n):
        g = gradient(x)
        s = 0.999 * s + 0.001 * g**2
        d = g / np.sqrt(s + 1e-10)
        h = search(lambda h, x=x, g=g, d=d: F(x - h * d) - F(x) <= -0.5 * h * (g @ d), h, divisor, halvings)
        x, h = x - h * d, 1e4 * h
        yield x


def lcd_rms(F, gradient, x, n):
    return lc_rms(F, gradient, x, n, 30.0, 2)


def momentum_em(F, gradient, x, n):
    m = 0 * x
    for _ in range(n):
        h, share, g = 0.1, 0.1, gradient(x)
        while True:
            new = (1 - share) * m + share * g
            if new @ new / 2 + F(x - h * new) <= m @ m / 2 + F(x):
                break
            h, share = h / 1.5, share / 1.5
        x, m = x - h * new, new
        yield x


def lc_em(F, gradient, x, n):
    """In the published variables: θ⁺ = θ + h v; E = |v|²/2 + βF has to fall by βh|v̄|², of which v⁺ is made."""
    beta, h, v = 1.0, 0.1, -gradient(x)
    for _ in range(n):
        g = gradient(x)
        while True:
            a = (2 + beta * h) * np.sum((2 * v - beta * h * g)**2)
            b, c = 2 * beta * h * (v @ g) - 4 * (v @ v), beta * (F(x + h * v) - F(x))
            if b * b >= 4 * a * c:
                break
            h = h / 2
        roots = [(-b + sign * np.sqrt(b * b - 4 * a * c)) / (2 * a) for sign in (-1, 1)]
        larger = max(roots, key=abs)
        x, v, h = x + h * v, (4 * larger - 1) * v - 2 * beta * h * larger * g, 1e4 * h
        yield x


#: How many accepted steps are compared: until the rounding of 2·eps·|V| that is allowed here and not there decides, and
#: of lc-em, whose h is near the last with a root, until √ near 0 has lost half of the digits.
SEARCHES = {"lc-egd": (lc_egd, 20), "lc-p-gd": (lc_p_gd, 20), "lcd-ng": (lcd_ng, 20), "lc-mom": (lc_mom, 20),
            "lcd-mom": (lcd_mom, 20), "lc-rms": (lc_rms, 10), "lcd-rms": (lcd_rms, 10),
            "momentum-em": (momentum_em, 40), "lc-em": (lc_em, 12)}


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("network, start", [("polyfive", (-1.3, 2.4)), ("cloche", (0.4, 1.7))])
def test_searches_are_the_published_ones(name, network, start):
    loop, n = SEARCHES[name]
    loss = networks.get(network)
    run = schemes.named(name).run(loss, start, stop=Stop(max_steps=40 * n, **NEVER), record=1)
    found = [b for a, b in itertools.pairwise(run.y[:2].T) if (a != b).any()][:n]
    expected = list(loop(loss.value, loss.gradient, np.array(start), n))
    assert len(found) == n and np.allclose(found, expected, rtol=1e-7, atol=1e-9)


def pgd(F, gradient, x, n):
    """Trials: the Euler step, and its corrections along the gradient at its end, one after the other."""
    h = 0.1
    while True:
        g = gradient(x)
        level, end = F(x) - h * g @ g, x - h * g
        direction, multiplier, count = gradient(end), 0.0, 0
        while True:
            miss = F(end + multiplier * direction) - level
            if abs(miss) <= 1e-9:
                x, h = end + multiplier * direction, 1.5 * h if count < 5 else h
            if abs(miss) <= 1e-9 or not abs(miss) < np.inf or (count > 21 and abs(miss) > 1e6) or count == 1000:
                h = h if abs(miss) <= 1e-9 else h / 2
                yield x, h
                break
            yield x, h
            multiplier, count = multiplier - miss / (direction @ direction), count + 1


def lmf(F, gradient, J, x, n, uphill=False):
    mu, last, least, tries = 10.0, 0 * x, F(x), 0
    D = np.diag(J(x).T @ J(x))
    for _ in range(n):
        A, g = J(x).T @ J(x), gradient(x)
        move = np.linalg.solve(A + mu * np.diag(D), -g)
        value, new = F(x), F(x + move)
        gain = 2 * (value - new) / (-move @ A @ move - 2 * move @ g)
        if gain >= 0.75:
            mu = mu / 2
        elif gain < 0.25:
            mu = mu * np.clip(2 * (value - new) / (move @ g) + 2, 2, 10)
        with np.errstate(invalid="ignore"):
            turned = (1 - move @ last / (np.linalg.norm(move) * np.linalg.norm(last))) * new
        if new < value or (uphill and tries > 1 and turned < least):
            x, least = x + move, min(least, new)
        last, tries = move, tries + 1
        yield x, 1 / mu


def lm_uphill(F, gradient, J, x, n):
    return lmf(F, gradient, J, x, n, uphill=True)


@pytest.mark.parametrize("name, loop, n", [("pgd", pgd, 150), ("lmf", lmf, 22), ("lm-uphill", lm_uphill, 22)])
@pytest.mark.parametrize("network, start", [("polyfour", (-1.2, 1.0)), ("polyfour", (2.0, 0.3)),
                                            ("steep-valley", (-1.2, 1.0)), ("cloche", (2.0, -3.0))])
def test_trials_are_the_published_ones(name, loop, n, network, start):
    loss = networks.get(network)
    problem = schemes.named(name).problem(loss, Stop(**NEVER))
    z = problem.start(problem.field.start(np.array(start))[:, None])
    more = () if name == "pgd" else (loss.jacobian,)
    for k, (x, h) in enumerate(itertools.islice(loop(loss.value, loss.gradient, *more, np.array(start), n), n)):
        if np.linalg.norm(loss.gradient(x)) < 1e-6:
            break
        z, _ = problem.run(z, max_steps=1)
        assert problem.field.theta(z)[:, 0] == pytest.approx(x, rel=1e-7, abs=1e-9), k
        assert problem.finish(z, np.array([k])).h[0] == pytest.approx(h, rel=1e-6), k
    assert k > 3


# ------------------------------------------------------------------------------------------ what they promise
def test_the_energy_falls_exactly_as_the_flow_says():
    """EnergyMomentum: V⁺ − V = −h|(m + m⁺)/2|² for every F, in symbols; and it is the flow to first order."""
    a, h, g, m, rise = sympy.symbols("a h g m Delta", real=True)
    w = 2 * m + a * h * g
    x = sympy.symbols("x", real=True)
    m_new = 2 * x * w - m
    identity = rise + (m_new**2 - m**2) / (2 * a) + h * ((m + m_new) / 2)**2
    quadratic = (2 + a * h) * w**2 * x**2 - 2 * w * m * x + a * rise
    assert sympy.simplify(identity * a - quadratic) == 0
    loss, field = networks.get("polytwo"), AveragedMomentum(0.7).on(networks.get("polytwo"))
    y = np.array([1.2, 0.3, 0.4, -0.9])
    for step in (1e-2, 1e-3):
        new = EnergyMomentum().step(field, 0.0, y, step)[0]
        V, V_new = (loss.value(z[:2]) + z[2:] @ z[2:] / 1.4 for z in (y, new))
        assert V_new - V == pytest.approx(-step * np.sum((y[2:] + new[2:])**2) / 4, rel=1e-9)
        assert (new - y) / step == pytest.approx(field(0.0, y), abs=8 * step)


def test_the_level_is_met():
    """PGD: every step lowers F by h|∇F|² up to 10⁻⁹; the loss is not tiny, so that this says something."""
    loss = networks.get("polytwo")
    run = schemes.named("pgd").run(loss, [2.3, -1.7], record=1, stop=Stop(gradient=1e-3, max_steps=3000))
    steps = [(a, b, h) for (a, b), h in zip(itertools.pairwise(run.y.T), np.diff(run.t), strict=True) if h > 0]
    assert run.success and len(steps) > 10
    for a, b, h in steps:
        assert loss.value(b) - loss.value(a) + h * np.sum(loss.gradient(a)**2) == pytest.approx(0, abs=2e-9)


def test_uphill_steps_are_taken():
    """On a curved valley F rises on the way, never under plain Fletcher's rule."""
    loss = networks.get("steep-valley")
    for name, rises in (("lmf", False), ("lm-uphill", True)):
        run = schemes.named(name).run(loss, [-1.2, 1.0], record=1)
        F = loss.value(run.y[:2])
        assert run.success and (np.diff(F) > 0).any() == rises, name


@pytest.mark.parametrize("flow, scheme, step, message", [
    (GradientDescent(), EnergyMomentum(), 0.1, "EnergyMomentum is a step of AveragedMomentum, got GradientDescent"),
    (AveragedMomentum(), schemes.DampedPerStep(0.1), 0.1, "DampedPerStep is a step of Momentum, got AveragedMomentum"),
    (GradientDescent(), MarquardtEuler(), UphillControl(), "use the flow ScaledDescent"),
    (Momentum(), SequentialEuler(), schemes.LevelControl(), "LevelControl needs gradient descent"),
    (Momentum(), MarquardtEuler(), schemes.FletcherControl(), "FletcherControl needs gradient descent")])
def test_what_does_not_fit_is_named(flow, scheme, step, message):
    with pytest.raises(ValueError, match=message):
        integrate(flow.on(networks.get("polytwo")), [1.0, 0.5], scheme, step)


def test_a_momentum_without_a_kick_is_at_a_standstill_under_the_energy_identity():
    flow = AveragedMomentum(1.0)
    run = integrate(flow.on(networks.get("polytwo")), [1.2, 0.3], EnergyMomentum(), EnergyControl(ratio=0.0),
                    Stop(max_steps=500))
    assert run.outcome != Outcome.CONVERGED and (run.theta == [1.2, 0.3]).all()


def test_other_schemes_do_not_move_what_only_marquardts_fills():
    loss = networks.get("polytwo")
    field, y = ScaledDescent().on(loss), np.array([1.0, 0.5, 3.0, 4.0, 7.0, 8.0])
    assert (Euler().step(field, 0.0, y, 0.1)[0] == [*(y[:2] - 0.1 * loss.gradient(y[:2])), 3.0, 4.0, 7.0, 8.0]).all()
    with pytest.raises(ValueError, match="RosenbrockEuler"):
        integrate(field, [1.0, 0.5], RosenbrockEuler(gauss_newton=True), schemes.GainControl())
