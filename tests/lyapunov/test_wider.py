"""What widens the prover, and, for each rule that guards it, a claim that is false because of that rule alone."""

from dataclasses import make_dataclass

import pytest
import sympy
from sympy import Eq, Ge, Le, Rational

from arithmetic import (
    atan, cos, cosh, diagonal, erf, exp, log, maximum, minimum, sign, sin, sinh, sqrt, tanh, times, total,
)
from flows import Adan, Flow, Momentum, SignSGD, Sophia
from lyapunov import H, check, derive
from lyapunov.classes import F, theta
from lyapunov.coordinate import Frame
from lyapunov.decrease import _turning, searched
from lyapunov.exact import Domain, Unreadable
from lyapunov.motion import Law, Motion

a, c = sympy.symbols("a c", positive=True)


def loss(s, o):
    return o.value


def flow(field, memory=(), nonnegative=(), **rates):
    made = make_dataclass(
        "Made",
        [(name, float, value) for name, value in rates.items()],
        bases=(Flow,),
        namespace={"memory": memory, "nonnegative": nonnegative, "field": field},
        frozen=True,
    )
    return made(**rates)


def descent(weight):
    """θ' = −weight(s, o) of each coordinate."""
    return flow(lambda f, s, o: {"theta": -weight(s, o)})


# ---------------------------------------------------------------------------------------- functions of known sign
TRUE = [
    lambda s, o: exp(-s.t) * o.gradient,
    lambda s, o: (1 - exp(-s.t) + exp(-s.t)) * o.gradient,
    lambda s, o: (2 + sin(s.t)) * o.gradient,
    lambda s, o: (1 + cos(3 * s.theta)) * o.gradient,
    lambda s, o: sinh(o.gradient) - o.gradient,
    lambda s, o: (cosh(s.theta) - 1) * o.gradient,
    lambda s, o: atan(o.gradient) + tanh(2 * o.gradient) + erf(o.gradient),
    lambda s, o: log(1 + o.gradient**2) * o.gradient,
    lambda s, o: (1 + s.t) ** a * o.gradient,
    lambda s, o: (1 + s.t) ** Rational(-3, 4) * o.gradient,
    lambda s, o: exp(-(o.gradient**2)) * o.gradient,
]
FALSE = [
    lambda s, o: (exp(-s.t) - Rational(1, 8)) * o.gradient,
    lambda s, o: (Rational(7, 8) + sin(s.t)) * o.gradient,
    lambda s, o: (Rational(7, 8) + cos(s.theta)) * o.gradient,
    lambda s, o: sinh(o.gradient) - Rational(9, 8) * o.gradient,
    lambda s, o: (cosh(s.theta) - Rational(9, 8)) * o.gradient,
    lambda s, o: atan(o.gradient) - o.gradient / 8,
    lambda s, o: erf(o.gradient) - o.gradient / 8,
    lambda s, o: log(Rational(1, 2) + o.gradient**2) * o.gradient,
    lambda s, o: ((1 + s.t) ** Rational(1, 3) - Rational(9, 8)) * o.gradient,
]


@pytest.mark.parametrize("weight", TRUE)
def test_factors_of_known_sign_are_read(weight):
    verdict = check(descent(weight), loss)
    assert verdict.status == "PROVED" and verdict.certificate.verify(), str(verdict)


@pytest.mark.parametrize("weight", FALSE)
def test_bounds_of_functions_are_not_better_than_they_are(weight):
    """By the search alone: the referee would find the states where V grows."""
    subject = descent(weight)
    assert searched(subject, loss, ()).status != "PROVED"
    assert check(subject, loss).status != "PROVED"


def test_roots_of_any_order_of_what_is_not_negative():
    subject = flow(lambda f, s, o: {"v": o.gradient**2 - s.v, "theta": -(s.v ** Rational(1, 3)) * o.gradient}, ("v",))
    assert check(subject, loss).status == "PROVED"
    worse = flow(
        lambda f, s, o: {"v": o.gradient**2 - s.v, "theta": -(s.v ** Rational(1, 3) - 1) * o.gradient}, ("v",)
    )
    assert check(worse, loss).status == "REFUTED"


# ---------------------------------------------------------------------------------------- F seen by all coordinates
def test_coordinates_may_share_the_loss():
    subject = flow(lambda f, s, o: {"theta": -o.value**2 * o.gradient})
    verdict = check(subject, loss)
    assert verdict.status == "PROVED" and verdict.certificate.verify()


@pytest.mark.parametrize("assuming", ["convex", Le(F, sympy.Symbol("g", real=True) ** 2 / 2)])
def test_a_class_does_not_bound_the_loss_by_single_coordinates(assuming):
    """⟨g, θ⟩ ≥ F and |g|²/2 ≥ F are sums; of one coordinate alone, V' = F x²/(1 + x²) − gθ (− g²/2) would be ≤ 0."""
    bound = (lambda s, o: o.gradient * s.theta) if assuming == "convex" else lambda s, o: o.gradient**2 / 2
    subject = flow(
        lambda f, s, o: {"x": o.value * s.x**2 / (1 + s.x**2) - bound(s, o), "theta": -o.gradient}, ("x",)
    )
    given = (assuming,) if assuming == "convex" else (assuming, Ge(F, 0))
    assert searched(subject, lambda s, o: total(s.x), given).status == "UNDECIDED"
    assert check(subject, lambda s, o: total(s.x), assuming=given).status != "PROVED"


@pytest.mark.parametrize("shape", [exp, lambda F: F**2 / 2, lambda F: sqrt(1 + F)])
@pytest.mark.parametrize("subject", [descent(lambda s, o: o.gradient), SignSGD()])
def test_a_growing_function_of_the_loss_falls_with_it(shape, subject):
    verdict = check(subject, lambda s, o: shape(o.value), assuming=Ge(F, 0))
    assert verdict.status == "PROVED" and verdict.certificate.verify()
    assert check(subject, lambda s, o: o.value**2).status == "REFUTED"


@pytest.mark.parametrize("jumps", [lambda F: -sympy.acot(F), lambda F: -sympy.coth(F), sympy.floor,
                                   lambda F: sympy.atan(sympy.tan(F))])
def test_functions_of_the_loss_that_jump_are_no_energies(jumps):
    """Their derivatives have one sign wherever they exist, and they rise where F falls through a jump."""
    verdict = check(descent(lambda s, o: o.gradient), lambda s, o: jumps(o.value))
    assert verdict.status == "UNDECIDED" and "may jump" in verdict.reason
    smooth = check(descent(lambda s, o: o.gradient), lambda s, o: erf(o.value))
    assert smooth.status == "PROVED" and smooth.certificate.verify()


def test_where_v_rests_on_one_piece_it_need_not_on_another():
    """V' = −v max(0, v − 1) is 0 for all states on one piece, and V' = −g max(0, g) − v² at v = 0 where g < 0."""
    def V(s, o):
        return o.value + total(s.v**2) / 2

    dead = flow(lambda f, s, o: {"v": -maximum(0, s.v - 1) - o.gradient, "theta": s.v}, ("v",))
    half = flow(lambda f, s, o: {"v": -s.v - o.gradient, "theta": s.v - maximum(0, o.gradient)}, ("v",))
    dry = flow(lambda f, s, o: {"v": -sign(s.v) - o.gradient, "theta": s.v}, ("v",))
    for subject, told in ((dead, False), (half, False), (dry, True)):
        verdict = check(subject, V)
        assert verdict.status == "PROVED" and (verdict.zero_set is not None) == told


def test_the_time_is_no_block():
    with pytest.raises(ValueError, match="called t"):
        check(flow(lambda f, s, o: {"t": -s.t, "theta": -o.gradient}, ("t",)), loss)


# --------------------------------------------------------------------------------------------- domains of a block
def test_a_domain_of_a_block():
    subject = flow(lambda f, s, o: {"theta": -s.theta * o.gradient})
    assert check(subject, loss).status == "REFUTED"
    verdict = check(subject, loss, assuming=Ge(theta, 0))
    assert verdict.status == "PROVED" and verdict.certificate.verify() and verdict.invariant_set is None
    assert "as long as the state stays where theta >= 0" in str(verdict)
    shifted = check(flow(lambda f, s, o: {"theta": -(s.theta - 1) * o.gradient}), loss, assuming=Ge(theta, 0))
    assert shifted.status == "REFUTED" and shifted.counterexample.state.theta >= 0


def test_a_domain_has_the_axes_of_its_coordinates():
    """V' = −θᵀHw: along the axes of H it would be −Σ h θ w, of which the domain knows nothing."""
    subject = flow(lambda f, s, o: {"w": 0 * s.w, "theta": -times(o.hessian, s.w)}, ("w",))
    given = (Ge(theta, 0), Ge(sympy.Symbol("w", real=True), 0), Ge(H, 0))

    def V(s, o):
        return total(s.theta**2) / 2

    assert searched(subject, V, given).status == "UNDECIDED" and check(subject, V, assuming=given).status != "PROVED"


# --------------------------------------------------------------------------------- flows that turn with their vectors
def norm(x):
    return sqrt(total(x**2))


def test_clipping_by_norm_is_proved_and_a_wrong_sign_is_refuted():
    def clipped(sign):
        return flow(lambda f, s, o: {"theta": -(minimum(1, 1 / norm(o.gradient)) + sign) * o.gradient})

    assert check(clipped(0), loss).certificate.verify()
    assert check(clipped(-Rational(1, 2)), loss).status == "REFUTED"


def test_curvature_along_the_gradient_is_bounded_by_the_class():
    def ahead(sign):
        return flow(lambda f, s, o: {"theta": -o.gradient - sign * times(o.hessian, o.gradient) / norm(o.gradient)})

    assert check(ahead(1), loss, assuming="convex").certificate.verify()
    assert check(ahead(1), loss).status == "REFUTED"
    assert check(ahead(-1), loss, assuming=Le(H, 0)).status == "PROVED"
    assert _turning(ahead(-1), loss, ("convex",), sympy.S.Zero) is None
    assert check(ahead(-1), loss, assuming="convex").status != "PROVED"


def test_a_kink_of_the_energy_and_a_jump_of_its_block_do_not_meet():
    """|x| falls to 0 at the speed 2|g|² and stays there, while F grows: off x = 0, V' = −|g|²."""
    subject = flow(lambda f, s, o: {"x": -2 * s.x / norm(s.x) * total(o.gradient**2), "theta": o.gradient}, ("x",))

    def V(s, o):
        return o.value + norm(s.x)

    with pytest.raises(Unreadable, match="kink"):
        Frame(subject, V, sympy.S.Zero, Law((), *subject.coordinate()[:2], subject))
    assert check(subject, V).status != "PROVED"


def test_the_referee_sees_curvature_of_one_coordinate_as_what_it_is():
    """−diag(H)² g² is a sum over coordinates, gᵀHg is one along the axes of H, and g·(H − diag H)g is none."""
    for weight, right in [
        (lambda o: diagonal(o.hessian) ** 2 * o.gradient, True),
        (lambda o: times(o.hessian, o.gradient), True),
        (lambda o: times(o.hessian, o.gradient) * diagonal(o.hessian), False),
    ]:
        subject = descent(lambda s, o, weight=weight: weight(o))
        s, o, field = subject.coordinate()
        assert Motion(subject, loss, 2).separates(o.gradient * field["theta"], s, o) is right


# -------------------------------------------------------------------------------------------------------- pieces
def test_pieces_that_hold_on_a_seam_alone_are_left_out_and_no_others():
    """min(g, 1) + min(g, 2) − 5/2 has the sign of g except on 0 < g < 3/2: only the middle piece is wrong."""
    subject = flow(lambda f, s, o: {"theta": -(minimum(o.gradient, 1) + minimum(o.gradient, 2) - Rational(5, 2))})
    assert searched(subject, loss, ()).status != "PROVED"
    verdict = check(subject, loss)
    assert verdict.status == "REFUTED" and 0 < verdict.counterexample.derivative
    clipped = flow(lambda f, s, o: {"theta": -maximum(-1, minimum(1, 2 * o.gradient)) - minimum(o.gradient, 3)})
    assert check(clipped, loss).status == "PROVED"


# --------------------------------------------------------------------------------------------------------- derive
def test_a_root_is_at_least_its_value_at_zero_of_what_is_never_negative():
    """√(v + 1) ≥ 1 where v ≥ 0 alone: of a v of either sign it may be 1/2, or no number."""
    def field(f, s, o):
        return {"v": o.gradient**2 - s.v, "theta": -(sqrt(s.v + 1) - f.k) * o.gradient}

    k = sympy.Symbol("k", positive=True)
    above = check(flow(field, ("v",), ("v",), k=k), loss)
    assert above.status == "PROVED" and above.conditions == (Le(k, 1),) and above.necessary
    assert searched(flow(field, ("v",), k=Rational(1, 2)), loss, (), sympy.S.Zero).status != "PROVED"


def test_forms_with_numbers_are_sums_of_squares():
    x, y, z = sympy.symbols("x y z", real=True)
    space = Domain(frozenset({x, y, z}))
    bent = sympy.expand(x**4 + 9 * (x - y) * (x**3 - y**3))
    proof = space.nonnegative(bent)
    assert proof is not None and proof.identities == (0,) and proof.zero == sympy.And(Eq(x, 0), Eq(y, 0))
    ((shown, names),) = proof.positive
    assert all(c > 0 for c in sympy.Poly(shown, *names).coeffs())
    motzkin = x**4 * y**2 + x**2 * y**4 - 3 * x**2 * y**2 * z**2 + z**6  # never negative, and no sum of squares
    for f in (motzkin, bent - 2 * x**4, x**4 - 3 * x * y**3 + y**4, -bent):
        assert space.nonnegative(sympy.expand(f)) is None


def test_sophia():
    found = derive(Sophia)
    a, b = sympy.symbols("a b", positive=True)
    assert found.status == "PROVED" and found.conditions == (Le(b, 2 * a),)
    wrong = check(Sophia(a=1, b=Rational(9, 4)), found.energy.on(Sophia(a=1, b=Rational(9, 4))).function)
    assert wrong.status != "PROVED"


def test_memories_of_gradients_by_the_lemma_of_kalman_yakubovich_and_popov():
    subject = flow(
        lambda f, s, o: {
            "m": f.a * (o.gradient - s.m),
            "v": f.b * (o.gradient - s.p - s.v),
            "p": f.r * (o.gradient - s.p),
            "theta": -s.m - f.w * s.v,
        },
        ("m", "v", "p"),
        **dict.fromkeys("abrw", 1.0),
    )
    found = derive(type(subject).symbolic())
    assert found.status == "PROVED" and found.conditions == () and found.verdict.certificate.verify()
    assert "no condition on them" in derive(Adan).reason  # where the scale may fall, p² has nothing to pay with


def test_energies_of_convex_losses():
    g, t, v = sympy.symbols("g t v", real=True)
    found = derive(Momentum, assuming="convex")
    assert found.status == "PROVED" and found.energy.expression.has(theta)
    plain = derive(descent(lambda s, o: o.gradient), assuming="convex")
    assert sympy.expand(plain.energy.expression - sympy.Symbol("t", nonnegative=True) * F - theta**2 / 2) == 0


def test_parameters_that_are_drawn_to_memory():
    """θ' = −κg − c(θ − qz): V = F + c|θ − qz|²/2κ, if z' draws qz to θ; a push away is no energy."""
    z = sympy.Symbol("z", real=True)

    def drawn(k, c, q, b):
        return flow(lambda f, s, o: {"z": b * (s.theta - q * s.z),
                                     "theta": -k * o.gradient - c * (s.theta - q * s.z)}, ("z",))

    found = derive(drawn(2, 3, 5, 1))
    assert found.status == "PROVED" and found.verdict.certificate.verify()
    assert sympy.expand(found.energy.expression - F - Rational(3, 4) * (theta - 5 * z) ** 2) == 0
    assert derive(drawn(2, -3, 5, 1)).status == "UNDECIDED" and derive(drawn(2, 3, 5, -4)).status == "UNDECIDED"


def test_a_multiplier_beside_convex_losses():
    x = sympy.Symbol("x", real=True)

    def saddle(a, b):
        return flow(lambda f, s, o: {"x": b * s.theta - s.x, "theta": -o.gradient - a * s.x}, ("x",))

    found = derive(saddle(3, 2), assuming="convex")
    assert found.status == "PROVED" and found.verdict.certificate.verify()
    assert sympy.expand(found.energy.expression - theta**2 / 2 - Rational(3, 4) * x**2) == 0
    assert derive(saddle(3, -2), assuming="convex").status == "UNDECIDED"


@pytest.mark.parametrize(
    "weight", [lambda s, o: sqrt(1 + s.theta**2) * o.gradient, lambda s, o: o.gradient / (1 + s.theta**2)]
)
def test_a_metric_of_theta_is_tried_with_the_loss_itself(weight):
    assert derive(descent(weight)).energy.expression == F
