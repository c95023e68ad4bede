"""The cases of an audit by counterexample: what was said of each before, what is right, and what is asked of it now.

`tests/lyapunov/test_audit.py` runs them, `benchmarks/audit_lyapunov.py` prints them as a table.  To add one: a line.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import make_dataclass
from typing import NamedTuple

import sympy
from sympy import Ge, Le, Rational

import flows
from arithmetic import (
    Interval, absolute, cos, diagonal, exp, log, maximum, minimum, sign, sin, sinh, solve, sqrt, tanh, times, total,
)
from flows import DampenedMomentum, Flow, GradientDescent, Momentum, Nesterov, NesterovODE, Scheduled, scalar, schedules
from lyapunov import (
    Energy, H, Status, basin_certificate, check, check_step, classify, derive, modified_equation,
    multipliers, residual_energy, spurious_fixed_points, stability,
)
from lyapunov.literature import ENTRIES
from lyapunov.literature import of_literature as flow_of
from networks import Loss, Network, get
from schemes import Euler, RungeKutta4, SequentialEuler, named, pair

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



ROUGH = (lambda x: (
    sympy.Max(0, x) ** 2,
    sympy.Max(0, x) ** 2 - sympy.Max(0, -x) ** 2 / 3,
    x * sympy.Abs(x) / 2 + x**2 / 4,
    sympy.Max(0, x**3),
    sympy.Piecewise((x**3, x >= 0), (x**4, True)),
    sympy.Abs(x) ** Rational(5, 2),
    x**4 / sympy.sqrt(x**2),
))(sympy.Symbol("x", real=True))

DRY = flow(("v",), lambda f, s, o: {"v": -sign(s.v) - s.v - o.gradient, "theta": s.v})
STICKING = flow(
    ("m",),
    lambda f, s, o: {"m": o.gradient - s.m - 2 * absolute(o.gradient) * sign(s.m), "theta": -s.m},
    energy=lambda f, s, o: o.value + total(s.m**2) / 2,
)


X = sympy.Symbol("x", real=True)


def at_two(scale=1):
    """A critical point at θ* = 2."""
    return Loss.from_expression(scale * (X - 2) ** 2 / 2, (X,)).critical_points()[0]


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




# ------------------------------------------------------------------------------------------------------ the table
class Case(NamedTuple):
    """What is asked, what was said of it before, and the answers that are right (a regular expression)."""

    section: str
    name: str
    before: str
    ask: Callable[[], object]
    right: str
    why: str = ""  # what keeps it from being decided, where it is not
    elsewhere: bool = False  # whether another test asks the same
    slow: bool = False  # and a quicker test looks at the same code

    def said(self) -> str:
        """The answer, or the slip that it names."""
        try:
            return str(self.ask())
        except (ValueError, TypeError, AttributeError) as error:
            return f"{type(error).__name__}: {error}"


def told(verdict) -> str:
    """The status of a verdict with its conditions, after its own check."""
    if verdict.status == PROVED:
        assert verdict.certificate is None or verdict.certificate.verify()
    if verdict.status == REFUTED and hasattr(verdict.counterexample, "rise"):
        assert verdict.counterexample.rise > 0
    return f"{verdict.status}" + (f" if {', '.join(map(str, verdict.conditions))}" if verdict.conditions else "")


def claim(subject, energy, assuming=None):
    return lambda: told(check(subject, energy, assuming=assuming))


def derived(subject, assuming=None):
    def ask():
        found = derive(subject, assuming=assuming) if assuming else derive(subject)
        return told(found.verdict) if found.status == PROVED else found.status
    return ask


def of_literature(name: str, before: str = "PROVED", right: str = "PROVED.*", why: str = "") -> Case:
    entry = next(e for e in ENTRIES if e.name == name)
    return Case("3", name, before, lambda: told(entry.verdict()), right, why, True)


def points(loss: Callable[[], Loss]):
    """How many critical points, and whether these are all."""
    def ask():
        atlas = loss().critical_points()
        return f"{len(atlas)}, {'complete' if atlas.complete else 'not complete'}"
    return ask


def of(expression, *symbols):
    return points(lambda: Loss.from_expression(expression, symbols))


def limits(subject, energy, assuming=None):
    def ask():
        verdict = check(subject, energy, assuming=assuming)
        return f"{verdict.status}, limits {verdict.invariant_set}"
    return ask


def nature(expression, *symbols):
    return lambda: (lambda found: found[0] if isinstance(found, tuple) else str(found).replace("\n", "; "))(
        classify(expression, symbols, (0,) * len(symbols)))


def descent(weight):
    """θ' = −weight(s, o)."""
    return flow((), lambda f, s, o: {"theta": -weight(s, o)})


def inertia(friction, drive=lambda s, o: o.gradient):
    """v' = −friction(s) − drive(s, o), θ' = v."""
    return flow(("v",), lambda f, s, o: {"v": -friction(s) - drive(s, o), "theta": s.v})


def kinetic(s, o):
    return o.value + total(s.v**2) / 2


def lion(slope):
    """θ' = −K'(βm + (1 − β)g), m' = b(g − m)."""
    return symbolic(("m",), lambda f, s, o: {
        "m": f.b * (o.gradient - s.m), "theta": -slope(Rational(9, 10) * s.m + o.gradient / 10)}, b=1.0)


def of_lion(K):
    return lambda s, o: o.value + Rational(9, 10) * total(K(s.m)) / b


def huber(x):
    near = minimum(absolute(x), 1)
    return near * absolute(x) - near**2 / 2


def signum(slope):
    """m' = a(g − m), θ' = −K'(m)."""
    return symbolic(("m",), lambda f, s, o: {"m": f.a * (o.gradient - s.m), "theta": -slope(s.m)}, a=1.0)


x, y, z, c = sympy.symbols("x y z c", real=True)
QUARTIC = x**4 + y**4 + x**2 + y**2 - 2 * x**3 - 3 * x**2 * y
SAID_BEFORE = {  # of the claims above; all others were PROVED, and false
    "Baillon and Haddad": "REFUTED", "strong convexity": "REFUTED", "a <= b <= 1": "REFUTED",
    "curvature of the package": "REFUTED at H = 2", "a rate called k": "REFUTED (right)",
    "a rate called s_v": "PROVED without a condition", "a rate called u1": "PROVED without a condition",
    "a rate called p_m": "PROVED without a condition", "a block that is nonnegative": "not decided",
    "a hidden jump": "PROVED",
    **{f"a memory called {n}": "not said" for n in "FHJr"},
    **{f"the energy of a memory called {n}": "REFUTED or UNDECIDED" for n in "gFHJr"}}
ADMITTED = {"not proved": "REFUTED|UNDECIDED", "k <= 1": "PROVED if .* <= [12]|UNDECIDED"}


def basin():
    first = next(p for p in Loss.from_expression(QUARTIC, (x, y)).critical_points() if p.theta == (0, 0))
    found = basin_certificate(GradientDescent(), first)
    return f"level {float(found.level):.4g}, holds the other minimum: {bool(found.contains([2.2467, 1.4518]))}"


def barrier():
    first = next(p for p in Loss.from_expression(QUARTIC, (x, y)).critical_points() if p.theta == (0, 0))
    return f"barrier {float(residual_energy(Momentum(), {'v': [0, 0]}, critical_point=first).barrier):.4g}"


def of_nesterov():
    return multipliers(pair(Nesterov(c=0.5, kappa=1, s=1), SequentialEuler(), 0.5)).threshold


def of_gauss_newton(subject):
    return lambda: ", ".join(sorted({f"{p.nature}: {m.stable if m.status == PROVED else m.status}" for p in
                                     get("polytwo").critical_points() if p.value for m in [multipliers(subject, p)]}))


def stable(subject, point=at_two):
    return lambda: (lambda found: f"{found.status}, {', '.join(map(str, found.eigenvalues))}".rstrip(", "))(
        stability(subject, point()))


def sticking():
    return basin_certificate(STICKING, at_two()).level


UP = flow((), lambda f, s, o: {"theta": o.gradient}, energy=lambda f, s, o: -o.value)
CUBE = Loss.from_expression((x**2 - 1) ** 2 / 4, (x,))
SLIPS = {
    "V without total()": (lambda s, o: o.value + s.v**2 / 2, r"ValueError: .*write total\(\.\.\.\).*"),
    "s.w": (lambda s, o: o.value + total(s.w**2), r"ValueError: .*there is no block s\.w; the state has.*"),
    "o.grad": (lambda s, o: o.value + total(o.grad**2), r"ValueError: .*a loss has no grad; it has.*"),
    "np.sqrt": (lambda s, o: o.value + total(__import__("numpy").sqrt(s.v)), r"ValueError: .*arithmetic\.sqrt.*"),
    "if": (lambda s, o: o.value if s.v > 0 else 2 * o.value, r"ValueError: .*arithmetic\.where.*"),
    ".sum()": (lambda s, o: o.value + (s.v**2).sum(), r"ValueError: .*total\(x\).*"),
    "@": (lambda s, o: o.value + s.v @ s.v, r"ValueError: .*(total|dot).*"),
}
FIELDS = {
    "a missing block": (lambda f, s, o: {"theta": s.v}, r"ValueError: .*v is missing or no block.*"),
    "an extra block": (lambda f, s, o: {"v": -s.v, "w": s.v, "theta": s.v}, r"ValueError: .*w is missing or no.*"),
    "o.hessian * g": (lambda f, s, o: {"v": -o.hessian * o.gradient, "theta": s.v}, r"ValueError: .*hessian_product.*"),
}
SMOOTH = {  # nonconstant factors, and what is undecided of V = F
    "e^(−t) g": lambda s, o: exp(-s.t) * o.gradient,
    "(2 + sin t) g": lambda s, o: (2 + sin(s.t)) * o.gradient,
    "(1 + cos t) g": lambda s, o: (1 + cos(s.t)) * o.gradient,
    "tanh g": lambda s, o: tanh(o.gradient),
    "sinh g": lambda s, o: sinh(o.gradient),
    "log(1 + |g|) sign g": lambda s, o: log(1 + absolute(o.gradient)) * sign(o.gradient),
    "e^(−g²) g": lambda s, o: exp(-(o.gradient**2)) * o.gradient,
    "√|g| sign g": lambda s, o: sqrt(absolute(o.gradient)) * sign(o.gradient),
    "(1 + t)^(−3/4) g": lambda s, o: (1 + s.t) ** Rational(-3, 4) * o.gradient,
    "g/(1 + |diag H|)": lambda s, o: o.gradient / (1 + absolute(diagonal(o.hessian))),
    "g + (JᵀJ + 1)⁻¹g + H²g": lambda s, o: o.gradient + solve(
        __import__("arithmetic").add_diagonal(o.gauss_newton, 1), o.gradient) + times(o.hessian, times(
            o.hessian, o.gradient)),
    "F²g": lambda s, o: o.value**2 * o.gradient,
    "dead zone": lambda s, o: maximum(o.gradient - 1, 0) + minimum(o.gradient + 1, 0),
}
ABOVE = symbolic(("v",), lambda f, s, o: {"v": o.gradient**2 - s.v, "theta": -(
    sqrt(s.v + 1) - Rational(1, 2)) * o.gradient}, ("v",))
KYP = symbolic(("m", "v", "p"), lambda f, s, o: {
    "m": f.a * (o.gradient - s.m), "v": f.b * (o.gradient - s.p - s.v), "p": f.r * (o.gradient - s.p),
    "theta": -s.m - f.w * s.v}, **dict.fromkeys("abrw", 1.0))


#: What is right and still undecided, and why.
OPEN = {
    **{f"Lion-K, K = {K}": "K' is taken of a sum of m and g, and its monotonicity there is not among what is tried"
       for K in ("|x| + x²/2", "√(x² + 1)", "Huber")},
    "θ' = −[g/(1 + |diag H|)], V = F": "a diagonal of the Hessian in V' changes under rotations",
    "θ' = −[g + (JᵀJ + 1)⁻¹g + H²g], V = F": "H and JᵀJ have no common axes; sums of both are not taken apart",
    "derive Momentum under Cosine(T=10.0, end=0.0)": "no bound of the slope of the cosine by its value is tried",
}


def cases() -> Iterator[Case]:
    """All cases, in the order of the audit."""
    for case in _cases():
        yield case._replace(right=f"{case.right}|UNDECIDED|undecided.*", why=OPEN[case.name]) if (
            case.name in OPEN) else case


def _cases() -> Iterator[Case]:
    yield Case("1 W1", "critical points of a quartic", "1, complete", of(QUARTIC, x, y), "3, complete")
    yield Case("1 W1", "basin of gradient descent on it", "level oo, holds the other minimum: True", basin,
               r"level 0\.\d+, holds the other minimum: False")
    yield Case("1 W1", "residual energy on it", "barrier inf", barrier, r"barrier 0\.\d+")
    yield Case("1 W1", "x⁴+x³y−2x²+xy+y⁴−y", "0, complete", of(x**4 + x**3 * y - 2 * x**2 + x * y + y**4 - y, x, y),
               "3, complete")
    yield Case("1 W1", "network z² + z, 3 points", "1, complete", points(lambda: Network(
        (1, 1), lambda u: u**2 + u, ([-1, 0, 2], [1, 0, 1]))), "9, complete")
    yield Case("1 W1", "network z³ − z, 3 points", "4, complete", points(lambda: Network(
        (1, 1), lambda u: u**3 - u, ([0, 1, 2], [0, 1, 0]))), r"9, complete")
    for name, (subject, energy, assuming, right) in CASES.items():
        yield Case("1 W2, W3, W5, W9", name, SAID_BEFORE.get(name, "PROVED"), claim(
            subject, energy, None if assuming == () else assuming),
                   ADMITTED.get(right, f"{right}.*"))
    yield Case("1 W4", "dry friction", "limits g = 0 and v = 0", limits(DRY, kinetic), "PROVED, limits None")
    yield Case("1 W4", "sliding into m = 0", "limits g = 0 and m = 0", limits(
        STICKING, lambda s, o: o.value + total(s.m**2) / 2), "PROVED, limits None")
    yield Case("1 W4", "its stability", "asymptotically stable", stable(STICKING), "undecided.*")
    yield Case("1 W4", "its basin", "level oo", sticking, "ValueError.*")
    yield Case("1 W4", "(1 + t/10)⁻² g", "limits g = 0", limits(
        Scheduled(GradientDescent(), schedules.Power(0.1, 2.0)), loss), "PROVED, limits None")
    yield Case("1 W4", "derive: Momentum under (1 + t)⁻²", "PROVED, limits", lambda: str(derive(
        Scheduled(Momentum(c=1.0), schedules.Power(1.0, 2.0))).verdict.invariant_set), "None")
    yield Case("1 W4", "θ'' + θ'/(1 + t)² + ∇F", "limits g = 0 and v = 0", limits(
        inertia(lambda s: s.v / (1 + s.t) ** 2), kinetic), "PROVED, limits None")
    yield Case("1 W4", "NesterovODE, all losses", "limits g = 0 and v = 0", limits(NesterovODE(), kinetic),
               "PROVED, limits None")
    for name, (subject, status, values) in POINTS.items():
        yield Case("1 W6", name, "asymptotically stable", stable(subject),
                   f"{status}.*" if values is None else re.escape(", ".join([status, *map(str, values)])))
    yield Case("1 W7", "multipliers of Nesterov", "14", of_nesterov, "28/9")
    for name, subject in (("gauss-newton", named("gauss-newton")), ("Levenberg and Marquardt, damping 1/2", pair(
            flows.LevenbergMarquardt(Rational(1, 2)), Euler(), 1))):
        yield Case("1 W7", f"multipliers of {name} where residuals are left", "saddle: True, maximum: True",
                   of_gauss_newton(subject), r"((maximum|saddle): (UNDECIDED|False)(, )?)+")
    yield Case("1 W8", "a step uphill with V = −F", "PROVED", lambda: check_step(
        UP, ratio=0, curvature=1, step=10).status, "REFUTED|UNDECIDED")
    yield Case("1 W8", "a step with the weight −1/2 of F", "PROVED", lambda: check_step(DampenedMomentum(
        dampening=1.5), Energy(lambda s, o: -o.value / 2 + total(s.v**2) / 2), ratio=0, curvature=1, step=1).status,
        "REFUTED|UNDECIDED")
    of_h = symbolic((), lambda f, s, o: {"theta": -f.h * o.gradient}, h=1.0)
    yield Case("1 W3", "a rate called h in check_step", "PROVED", lambda: check_step(of_h).status,
               "ValueError.*give it another name.*")
    yield Case("1 W3", "a rate called h in modified_equation", "theta' = h*(−F')", lambda: modified_equation(
        of_h, Euler()), "ValueError.*give it another name.*")
    yield Case("1 W3", "a rate and a block of one name", "SyntaxError", claim(symbolic(
        ("m",), lambda f, s, o: {"m": -f.m * s.m, "theta": -o.gradient}, m=1.0), loss), "ValueError: .*another name")
    yield Case("1 W5", "a <= b and a >= 2b", "REFUTED at a=2, b=1", claim(symbolic((), lambda f, s, o: {
        "theta": -(f.b - f.a) * o.gradient}, a=1.0, b=1.0), loss, (a <= b, a >= 2 * b)), "ValueError: .*")
    yield Case("1 W9", "V above F: t²F + …", "True", lambda: check(NesterovODE(), lambda s, o: s.t**2 * o.value
               + 2 * total((s.theta + s.t * s.v / 2) ** 2), assuming="convex").positive, "None|False")
    yield Case("1 W9", "θ' = −(1 + √(v + 1) − k)g, conditions, and whether they are necessary", "k <= 1, necessary",
               lambda: (lambda found: (found.conditions, found.necessary))(check(symbolic(("v",), lambda f, s, o: {
                   "v": o.gradient**2 - s.v, "theta": -(1 + sqrt(s.v + 1) - f.k) * o.gradient}, ("v",), k=1.0), loss)),
               r"\(\(k <= 2,\), True\)|.*, (False|None)\)")
    for f in ROUGH:
        yield Case("1 W10", f"classify {f}", "decided", nature(f, x), "undecided")
    yield Case("1 W10", "classify (y - x^2)^2 - x^8 y", "evidence (-4)·y^10", lambda: classify(
        (y - x**2) ** 2 - x**8 * y, (x, y), (0, 0))[1], r".*\(-1\)·y\^10.*")
    yield Case("1", "Interval(1, 2)**-2", "[1, 1]", lambda: Interval(1, 2) ** -2, r".*0\.2(5|49+\d*), 1(\.0\d*)?.*")
    # ------------------------------------------------------------------------------------------------ section 3
    yield Case("3", "NormalisedGradient, V = F", "UNDECIDED", claim(flows.NormalisedGradient, loss), "PROVED.*")
    yield Case("3", "derive Sophia", "UNDECIDED (12 s)", derived(flows.Sophia), "PROVED if b <= 2.a", elsewhere=True)
    yield Case("3", "derive the memories of Adan", "UNDECIDED", derived(KYP), "PROVED", elsewhere=True)
    yield Case("3", "derive DampedNewton", "UNDECIDED", derived(flows.DampedNewton), "PROVED.*")
    yield Case("3", "DampedNewton for H >= −damping", "PROVED", claim(
        flows.DampedNewton, loss, Ge(H, -sympy.Symbol("damping", positive=True))), "PROVED.*")
    for name in ("dynamical inertial newton", "inertia with vanishing and hessian damping", "high resolution nag sc",
                 "high resolution nag c", "bregman lagrangian", "heavy ball on convex losses", "elastic averaging",
                 "primal dual", "aggregated momentum", "ademamix", "clipping by value", "hessian riemannian flow",
                 "slowly vanishing friction", "dry friction of each coordinate"):
        yield of_literature(name)
    yield Case("3", "gradient flow, tF + |θ|²/2", "PROVED", claim(GradientDescent(), lambda s, o: s.t * o.value + total(
        s.theta**2) / 2, "convex"), "PROVED")
    yield Case("3", "gradient flow, t²|g|²/2 + tF + |θ|²/2", "PROVED", claim(GradientDescent(), lambda s, o: total(
        s.t**2 * o.gradient**2 + s.theta**2) / 2 + s.t * o.value, "convex"), "PROVED")
    yield Case("3", "relativistic, each coordinate", "PROVED", derived(flow(("v",), lambda f, s, o: {
        "v": -o.gradient - s.v, "theta": s.v / sqrt(1 + s.v**2)})), "PROVED")
    yield Case("3", "tanh mirror", "PROVED", claim(descent(lambda s, o: (1 - s.theta**2) * o.gradient), loss, (
        Ge(theta, 0), Le(theta, 1))), "PROVED")
    for K, slope in (("Huber", lambda m: maximum(-1, minimum(1, m))), ("quartic", lambda m: m**3)):
        yield Case("3", f"Signum-K, {K}", "PROVED", claim(signum(slope), lambda s, o, K=K: o.value + total(
            huber(s.m) if K == "Huber" else s.m**4 / 4) / a), "PROVED")
    for name in ("adagrad norm", "adam norm", "normalised momentum smoothed", "clipping by norm",
                 "relativistic gradient descent", "quadratic friction", "p flow", "polyak step"):
        yield of_literature(name, "UNDECIDED")
    for K, (function, slope) in {
            "x⁴/4": (lambda m: m**4 / 4, lambda m: m**3),
            "|x| + x²/2": (lambda m: absolute(m) + m**2 / 2, lambda m: sign(m) + m),
            "√(x² + 1)": (lambda m: sqrt(m**2 + 1), lambda m: m / sqrt(m**2 + 1)),
            "Huber": (huber, lambda m: maximum(-1, minimum(1, m)))}.items():
        yield Case("3", f"Lion-K, K = {K}", "UNDECIDED", claim(lion(slope), of_lion(function)), "PROVED.*")
    for K, slope in (("|x| + x²/2", lambda m: sign(m) + m), ("Huber", lambda m: maximum(-1, minimum(1, m)))):
        yield Case("3", f"derive Signum-K, K = {K}", "UNDECIDED: V may jump", derived(signum(slope)), "PROVED.*")
    for name, weight in SMOOTH.items():
        yield Case("3", f"θ' = −[{name}], V = F", "PROVED" if name == "dead zone" else "UNDECIDED", claim(
            descent(weight), loss), "PROVED")
    for s in (schedules.Cosine(10.0), schedules.Exponential(0.1), schedules.Power(0.1, 0.75)):
        yield Case("3", f"derive Momentum under {s}", "TypeError", derived(Scheduled(Momentum(), s)), "PROVED.*")
    yield Case("3", "log-friction", "UNDECIDED", claim(inertia(lambda s: log(1 + absolute(s.v)) * sign(s.v)), kinetic),
               "PROVED")
    yield Case("3", "AdaHessian", "UNDECIDED", of_literature("adahessian without momentum").ask, "PROVED.*",
               elsewhere=True)
    yield Case("3", "exponentiated gradient, θ > 0", "REFUTED at θ = −1", of_literature(
        "exponentiated gradient").ask, "PROVED", elsewhere=True)
    for name, subject in (("hypentropy", descent(lambda s, o: sqrt(1 + s.theta**2) * o.gradient)),
                          ("−g/(1 + θ²)", descent(lambda s, o: o.gradient / (1 + s.theta**2)))):
        yield Case("3", f"derive {name}", "UNDECIDED", derived(subject), "PROVED")
    yield Case("3", "derive elastic averaging", "UNDECIDED", derived(flow_of(
        "elastic averaging")), "PROVED.*")
    yield Case("3", "derive primal-dual, convex", "UNDECIDED", derived(flow_of(
        "primal dual"), "convex"), "PROVED.*")
    yield Case("3", "derive the accelerated flow p = 3, convex", "F + v²/(2Cp²t) only", derived(flow_of(
        "bregman lagrangian"), "convex"), "PROVED.*")
    yield Case("3", "−(√(v + 1) − 1/2)g, V = F", "UNDECIDED", claim(ABOVE, loss), "PROVED")
    for name, shape in (("exp F", exp), ("F²/2, convex", lambda F: F**2 / 2)):
        yield Case("3", f"V = {name}", "UNDECIDED", claim(GradientDescent(), lambda s, o, f=shape: f(o.value),
                                                         "convex"), "PROVED")
    quartics = x**4 + y**4 + z**4
    for f, symbols, right in (
            (quartics - x**2 * y**2 - y**2 * z**2 - x**2 * z**2, (x, y, z), "non-strict minimum"),
            (x**2 * y**2 + y**2 * z**2 + x**2 * z**2, (x, y, z), "non-strict minimum"),
            (sympy.sin(x) ** 2 * sympy.sin(y) ** 2, (x, y), "non-strict minimum"),
            (sympy.exp(x * y) - 1 - x * y, (x, y), "non-strict minimum"),
            (sympy.pi * x**4 + y**4 - Rational(7, 2) * x**2 * y**2, (x, y), "degenerate minimum"),
            (quartics + c * x * y * z, (x, y, z), ".*degenerate saddle.*")):
        yield Case("3", f"classify {f}", "undecided", nature(f, *symbols), right)
    # ------------------------------------------------------------------------------------------------ section 5
    yield Case("5", "Himmelblau", "not done in 70 s", of((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2, x, y),
               "9, complete")
    yield Case("5", "x⁴+y⁴+z⁴−xyz−xy", "over 60 s", of(quartics - x * y * z - x * y, x, y, z), "3, complete")
    yield Case("5", "network z², 3 points", "over 60 s", points(lambda: Network(
        (1, 1), lambda u: u**2, ([-1, 0, 2], [1, 0, 1]))), r"\d+, complete")
    yield Case("5", "rest points of RungeKutta4, h = 6/5", "341 s", lambda: len(spurious_fixed_points(
        pair(GradientDescent(), RungeKutta4(), 1.2), CUBE)), "6", slow=True)
    yield Case("5", "classify c x⁵y+x⁸+x²y²+y⁸", "9 s", nature(c * x**5 * y + x**8 + x**2 * y**2 + y**8, x, y),
               ".*degenerate minimum.*", slow=True)
    yield Case("5", "x²+y²+(x²+y²)²", "IndexError", of(x**2 + y**2 + (x**2 + y**2) ** 2, x, y), "1, complete")
    yield Case("5", "(x²+y²)²", "TypeError", of((x**2 + y**2) ** 2, x, y), "1, complete")
    yield Case("5", "max(0, x)² + max(0, 1−x)² + y²", "IndexError", of(
        sympy.Max(0, x) ** 2 + sympy.Max(0, 1 - x) ** 2 + y**2, x, y), "1, complete")
    yield Case("5", "√(1+x²)+√(1+y⁴)−cos(3x)/2", "IndexError", of(
        sympy.sqrt(1 + x**2) + sympy.sqrt(1 + y**4) - sympy.cos(3 * x) / 2, x, y), r"\d+, (not )?complete")
    yield Case("5", "classify y² − |x|^(5/2)", "NonInvertibleMatrixError", nature(
        y**2 - sympy.Abs(x) ** Rational(5, 2), x, y), "undecided")
    yield Case("5", "classify x⁴y/(x²+y²)", "PolynomialError", nature(x**4 * y / (x**2 + y**2), x, y), "undecided")
    yield Case("5", "derive θ' = −tanh m", "TypeError", derived(signum(tanh)), "PROVED|UNDECIDED")
    for name, field in {"c2' = t(1 − c2)": lambda s: s.t * (1 - s.c2), "c2' = c1(1 − c2)": lambda s: s.c1 * (
            1 - s.c2)}.items():
        clocks = flow((scalar("c1"), scalar("c2")), lambda f, s, o, d=field: {
            "c1": 1 - s.c1, "c2": d(s), "theta": -s.c2 * o.gradient}, ("c1", "c2"))
        yield Case("5", f"a clock {name}", "TypeError", claim(clocks, loss), "PROVED|UNDECIDED")
    for name, (energy, right) in SLIPS.items():
        yield Case("5", f"slip: {name}", "a raw error of sympy or Python", claim(
            inertia(lambda s: s.v), energy), right)
    for name, (field, right) in FIELDS.items():
        yield Case("5", f"slip: {name}", "a raw error, or nothing", claim(flow(("v",), field), loss), right)
