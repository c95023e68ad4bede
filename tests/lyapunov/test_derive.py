"""Energies found from the field alone; the table made of them; claims on fields with seams."""
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Eq, Ne, Rational, sqrt

import arithmetic as ar
from arithmetic import Graph, Program, total
from flows import (
    FLOWS, AdaBelief, AdaDelta, AdaGrad, Adam, Adamax, AdamW, Adan, AMSGrad, AveragedMomentum, DampedNewton,
    DampenedMomentum, Flow, GradientDescent, LevenbergMarquardt, Lion, Momentum, MomentumRMSProp, NAdam, Nesterov,
    NesterovODE, Newton, RAdam, RMSProp, Rprop, SignSGD, Signum, State, WeightDecay, Yogi,
)
from lyapunov import Derivation, Energy, Status, check, derive, energies
from lyapunov.table import COLUMNS, Row, markdown, rows
from networks import Loss
from schemes import EnergyControl, SequentialEuler, Stop, integrate

a, b, c, r, eps, L, delta, kappa, beta, dampening = sympy.symbols("a b c r eps L delta kappa beta dampening",
                                                                  positive=True)
F, g, H, m, theta, t = *sympy.symbols("F g H m theta", real=True), sympy.Symbol("t", nonnegative=True)
w = sympy.Symbol("v", real=True)
v, u, G, c1, c2 = sympy.symbols("v u G c1 c2", positive=True)

# ------------------------------------------------------------------------------------------ what is found, and how
FOUND = [  # flow, V, conditions, strict
    (GradientDescent(), F, (), True), (SignSGD(), F, (), True),
    (Momentum, F + w**2 / 2, (), False), (AveragedMomentum, F + m**2 / (2 * a), (), False),
    (DampenedMomentum, F + w**2 / (2 * (1 - dampening)), (dampening <= 1,), False),
    (Nesterov, F + kappa * w**2 / 2, (), True),
    (Signum, F + sympy.Abs(m) / a, (), False), (Lion, F + sympy.Abs(m) / b, (beta <= 1,), False),
    (AdaGrad, F, (), False), (RMSProp, F, (), False), (AdaDelta, F, (), False),
    (Adam, F + m**2 / (2 * a * c1 * (sqrt(v / c2) + eps)), (b <= 4 * a,), False),
    (Adam.symbolic(correction=False), F + m**2 / (2 * a * (sqrt(v) + eps)), (b <= 4 * a,), False),
    (AMSGrad, F + m**2 / (2 * a * c1 * (sqrt(u / c2) + eps)), (), False),
    # (its verdict: in the table of test_check.py; the derivation: that of the line above)
    pytest.param(AMSGrad.symbolic(corrected_maximum=True), F + m**2 / (2 * a * c1 * (sqrt(u) + eps)), (), False,
                 marks=pytest.mark.slow),
    pytest.param(AMSGrad.symbolic(correction=False), F + m**2 / (2 * a * (sqrt(u) + eps)), (), False,
                 marks=pytest.mark.slow),  # likewise
    (Adamax, F + m**2 / (2 * a * c1 * u), (b <= 2 * a,), False),
    (AdaBelief, F + m**2 / (2 * a * c1 * (sqrt(v / c2) + eps)), (b <= 4 * a,), False),
    pytest.param(Yogi, F + m**2 / (2 * a * c1 * (sqrt(v / c2) + eps)), (b <= 4 * a,), False,
                 marks=pytest.mark.slow),  # as Adam and AdaBelief, with another slope of v
    (NAdam.symbolic(correction=False), F + beta * m**2 / (2 * a * (sqrt(v) + eps)), (beta <= 1, b <= 4 * a), False),
    (LevenbergMarquardt, F, (), True), (Newton(), g**2 / 2, (Ne(H, 0),), True),
]


@pytest.mark.parametrize("flow, V, conditions, strict", FOUND)
def test_the_energy_is_derived_with_its_conditions(flow, V, conditions, strict):
    found = derive(flow)
    assert isinstance(found, Derivation) and found.status == "PROVED" and found.verdict.certificate.verify()
    assert sympy.simplify(found.energy.expression - V) == 0
    assert found.conditions == conditions and found.verdict.strict is strict
    assert found.steps and str(found).count("PROVED") >= 1 and r"\dot V" in found._repr_latex_()


def test_it_is_not_looked_up():
    @dataclass(frozen=True)
    class Nameless(Momentum):
        energy = dissipation = None

    assert derive(Nameless).energy.expression == F + w**2 / 2


@pytest.mark.parametrize("fast, good", [(4, True), (Rational(41, 10), False)])
def test_with_numbers_the_condition_decides(fast, good):
    found = derive(Adam(a=1, b=fast, eps=Rational(1, 100), correction=False))
    assert (found.status == "PROVED") == good and (found.energy is not None) == good
    assert good or "increases: V' > 0 at" in found.reason


def test_strict_energies_and_integrals_are_found_too():
    strict = derive(Momentum).strict
    assert (strict.energy.expression == F + w**2 / 2 + delta * g * w
            and strict.conditions == (delta < 4 * c / (4 * L + c**2),))
    averaged = derive(AveragedMomentum).strict
    assert (averaged.energy.expression == F + m**2 / (2 * a) - delta * g * m
            and averaged.conditions == (delta < 4 / (4 * L + a),))
    integral = derive(AdaGrad).further[0]
    assert integral.verdict.derivative == 0
    assert sympy.simplify(sympy.diff(integral.energy.expression, G) - 1 / (sqrt(G) + eps)) == 0
    whole = derive(RMSProp).strict
    assert whole.conditions == (kappa <= 1,)
    assert sympy.simplify(sympy.diff(whole.energy.expression, v) - kappa / (b * (sqrt(v) + eps))) == 0
    assert derive(RMSProp.symbolic(eps_root=delta)).strict.verdict.strict


def test_weight_decay_is_seen_as_another_loss():
    decay = sympy.Symbol("lambda", positive=True)
    found = derive(WeightDecay(Momentum(c), decay))
    assert (sympy.expand(found.energy.expression - (F + decay * theta**2 / 2 + w**2 / 2)) == 0
            and found.status == "PROVED")
    # without memory the two decays are the same
    decoupled = derive(WeightDecay(GradientDescent(), decay, decoupled=True))
    assert sympy.expand(decoupled.energy.expression - (F + decay * theta**2 / 2)) == 0


def test_vanishing_friction_with_and_without_convexity():
    assert derive(NesterovODE).energy.expression == F + w**2 / 2
    found = derive(NesterovODE(), assuming="convex")
    assert sympy.expand(found.energy.expression - (t**2 * F + 2 * (theta + t * w / 2)**2)) == 0
    assert (r >= 3) in derive(NesterovODE, assuming="convex").conditions
    # the accelerated one needs r ≥ 3
    assert derive(NesterovODE(r=2.5), assuming="convex").energy.expression == F + w**2 / 2
    assert derive(DampedNewton, assuming="convex").energy.expression == F


@pytest.mark.parametrize("flow, reason", [
    (MomentumRMSProp, "increases"), (AdamW, "contains theta itself"),
    pytest.param(Adan, "increases", marks=pytest.mark.slow),  # as MomentumRMSProp
    (Rprop, "no memory that g drives"), (RAdam, "distinguishes cases"),
    (WeightDecay(Momentum(), 0.1, decoupled=True), "contains theta itself")])
def test_where_the_ansatz_fails_it_says_why(flow, reason):
    found = derive(flow)
    assert found.status == Status.UNDECIDED and found.energy is None and found.conditions == ()
    assert reason in found.reason and reason in str(found)
    assert found._repr_latex_().startswith("$")


def test_no_other_weight_cancels_the_linear_terms():
    """The ansatz F + p|v|²/2 on momentum returns p = 1, as the derivation does."""
    p = sympy.Symbol("p", real=True)
    verdict = check(Momentum, lambda s, oracle: oracle.value + p * total(s.v**2) / 2)
    assert verdict.conditions == (Eq(p, 1),) and derive(Momentum).energy.expression == F + w**2 / 2


def test_a_flow_is_needed():
    with pytest.raises(TypeError, match="must be a Flow"):
        derive("adam")


# --------------------------------------------------------------------------- a derived energy is one definition
x, y = sympy.symbols("x y", real=True)
BOWL = Loss.from_expression(x**2 / 2 + 5 * y**2 / 2 + x * y, (x, y))


@pytest.mark.parametrize("flow", [Momentum(), Adam(), Signum(), AdaGrad(eps=0.5), RMSProp(eps=0.1), Newton(),
                                  pytest.param(AMSGrad(), marks=pytest.mark.slow)])  # as Adam
def test_a_derived_energy_is_read_on_numbers_symbols_and_the_recorder(flow):
    energy, field = derive(flow).energy, flow.on(BOWL)
    point, memory = np.array([0.3, -0.7]), {name: np.array([0.5, 1.5]) for name in flow.memory}
    memory |= {name: 0.25 for name in flow.memory if str(name) in ("c1", "c2")}
    number = energy(State(theta=point, t=1.0, **memory), BOWL.oracle(point))
    if flow.energy is not None:
        assert number == pytest.approx(flow.energy(State(theta=point, t=1.0, **memory), BOWL.oracle(point)), rel=1e-13)
    graph = Graph()
    inputs = graph.inputs("y", field.size)
    value = energy(field.state(0.0, inputs), BOWL.oracle(field.theta(inputs)))
    program = Program(tuple(inputs), (graph.lift(value),))
    at = field.pack({"theta": point} | memory)
    assert program(*at)[0] == pytest.approx(float(number), rel=1e-13)


def test_a_derived_energy_controls_steps():
    energy = derive(Momentum(c=1.0)).energy
    run = integrate(Momentum(c=1.0).on(BOWL), np.array([[1.0, -2.0], [1.0, 0.5]]), SequentialEuler(),
                    step=EnergyControl(energy=energy, ratio=0.1, h_max=0.5), stop=Stop(gradient=1e-3, max_steps=20_000))
    assert np.all(run.success)


# --------------------------------------------------------------------------------------------- fields with seams
@dataclass(frozen=True)
class Clipped(Flow):
    """m' = a (g − m), θ' = −clip(m, ±1): its energy is Huber's function, with kinks in the slope only."""

    a: float = 1.0
    share: float = 0.5
    memory = ("m",)

    def field(self, s, oracle):
        return {"m": self.a * (oracle.gradient - s.m), "theta": -ar.clip(s.m, -1, 1)}

    def energy(self, s, oracle):
        q = ar.minimum(ar.absolute(s.m), 1)
        return oracle.value + total(q * (ar.absolute(s.m) - self.share * q)) / self.a


def test_a_clipped_flow_is_proved_on_its_pieces():
    verdict = check(Clipped(a), energies(Clipped(a))[0])
    assert verdict.status == "PROVED" and verdict.certificate.verify() and verdict.zero_set == Eq(m, 0)
    wrong = check(Clipped(1, 0.75), energies(Clipped(1, 0.75))[0])
    assert wrong.status == "REFUTED" and wrong.derivative.subs(wrong.witness) > 0


def test_an_energy_that_may_jump_is_not_judged():
    verdict = check(Signum(a), lambda s, oracle: oracle.value + total(ar.sign(s.m)))
    assert verdict.status == "UNDECIDED" and "may jump" in verdict.reason


def test_a_kink_whose_derivative_jumps_is_not_judged():
    @dataclass(frozen=True)
    class Jumping(Flow):
        memory = ("m",)

        def field(self, s, oracle):
            return {"m": -ar.sign(s.m), "theta": -oracle.gradient}

    verdict = check(Jumping(), lambda s, oracle: oracle.value + total(ar.absolute(s.m)))
    assert verdict.status == "UNDECIDED" and "jumps" in verdict.reason


def test_adamax_is_sharp_in_its_rate():
    """b ≤ 2a is necessary where r > b: u' = −b u happens then."""
    energy = derive(Adamax(a=1, b=2, r=10, eps=Rational(1, 10))).energy
    assert check(Adamax(a=1, b=2, r=10, eps=Rational(1, 10)), energy).status == "PROVED"
    wrong = check(Adamax(a=1, b=Rational(21, 10), r=10, eps=Rational(1, 10)), Energy(energy.function))
    assert wrong.status == "REFUTED" and wrong.derivative.subs(wrong.witness) > 0
    assert wrong.witness[c1] > Rational(9, 10)  # late, when the correction has gone


# --------------------------------------------------------------------------- false claims, with exact witnesses
def plain(flow):
    return lambda s, oracle: oracle.value


def half_momentum(s, oracle):
    return oracle.value + total(s.m**2) / 2


FALSE = [  # a claim V' ≤ 0 that is wrong
    (Momentum(c=1), lambda s, oracle: oracle.value + total(s.v**2)),
    (Momentum(c=1), lambda s, oracle: oracle.value + total(s.v**2) / 2 - total(oracle.gradient * s.v) / 10),
    (Nesterov(c=1, kappa=1, s=0.5), lambda s, oracle: oracle.value + 2 * total(s.v**2)),
    (AveragedMomentum(a=2), half_momentum),
    (Signum(a=1), half_momentum), (Signum(a=1), lambda s, oracle: oracle.value + 2 * total(ar.absolute(s.m))),
    (Lion(beta=0.9, b=1), lambda s, oracle: oracle.value + total(ar.absolute(s.m)) / 2),
    (Lion(beta=0.9, b=1), lambda s, oracle: oracle.value),
    (SignSGD(), lambda s, oracle: -oracle.value),
    (AMSGrad(a=1, b=1, eps=0.1, correction=False), half_momentum),
    (AMSGrad(a=1, b=1, eps=0.1, correction=False), lambda s, oracle: oracle.value
     + total(s.m**2 / (ar.sqrt(s.v) + 0.1)) / 2),
    (Adamax(a=1, b=5, r=10, eps=0.1), lambda s, oracle: oracle.value + total(s.m**2 / (s.c1 * s.u)) / 2),
    # (just above the threshold: `test_adam_with_numbers` of test_check.py)
    pytest.param(Adam(a=1, b=4.5, eps=0.1), energies(Adam(a=1, b=4.5, eps=0.1))[0], marks=pytest.mark.slow),
    (AdaGrad(eps=0.1), lambda s, oracle: oracle.value + 3 * total(ar.sqrt(s.G))),
    (RMSProp(b=1, eps=0.1), energies(RMSProp(b=1, eps=0.1), kappa=1.5)[1]),
    (LevenbergMarquardt(damping=1), lambda s, oracle: oracle.value + total(s.theta**2)),
]


@pytest.mark.parametrize("flow, energy", FALSE)
def test_false_claims_are_refuted_by_substitution(flow, energy):
    verdict = check(flow, energy)
    assert verdict.status == "REFUTED", str(verdict)
    assert all(value.is_Rational for value in verdict.witness.values())
    assert verdict.derivative.free_symbols <= set(verdict.witness)
    assert all(value >= 0 for name, value in verdict.witness.items() if name.is_positive)
    assert verdict.derivative.subs(verdict.witness) > 0


# ------------------------------------------------------------------ no proof of a false claim among perturbed ones
#: flow -> the terms that a perturbed energy adds to the true one, per coordinate
PERTURBED = {
    Momentum(c=1): lambda s, o, p: p[0] * s.v**2 + p[1] * o.gradient * s.v + p[2] * s.v**4,
    AveragedMomentum(a=2): lambda s, o, p: p[0] * s.m**2 + p[1] * o.gradient * s.m + p[2] * ar.absolute(s.m),
    RMSProp(b=1, eps=0.5): lambda s, o, p: p[0] * ar.sqrt(s.v) + p[1] * s.v + p[2] * s.v**2,
    AdaGrad(eps=0.5): lambda s, o, p: p[0] * ar.sqrt(s.G) + p[1] * s.G + p[2] / (1 + s.G),
    Signum(a=1): lambda s, o, p: p[0] * ar.absolute(s.m) + p[1] * s.m**2 + p[2] * s.m,
    Lion(beta=0.5, b=1): lambda s, o, p: p[0] * ar.absolute(s.m) + p[1] * s.m**2 + p[2] * s.m,
    Adam(a=1, b=2, eps=0.5, correction=False): lambda s, o, p: (
        p[0] * s.m**2 / (ar.sqrt(s.v) + 0.5) + p[1] * s.m**2 + p[2] * ar.sqrt(s.v)),
    Nesterov(c=1, kappa=1, s=0.5): lambda s, o, p: p[0] * s.v**2 + p[1] * ar.absolute(s.v) + p[2] * s.v**4,
}
small = st.sampled_from([0, 0, 0, 1, -1, Rational(1, 4), Rational(-1, 4), Rational(1, 100), Rational(-1, 100)])


#: those with seams or roots of which another flow has the like; test_fuzz.py draws from flows of all kinds
ALIKE = {"AveragedMomentum", "AdaGrad", "Lion", "Nesterov"}


@pytest.mark.parametrize("flow", [pytest.param(flow, marks=[pytest.mark.slow] if type(flow).__name__ in ALIKE else [])
                                  for flow in PERTURBED])
@settings(max_examples=8, deadline=None, derandomize=True)  # (the fuzzer of benchmarks/ draws thousands)
@given(p=st.tuples(small, small, small))
def test_no_perturbed_energy_is_proved_that_increases_somewhere(flow, p):
    energy = Energy(lambda s, oracle: flow.energy(s, oracle) + total(PERTURBED[flow](s, oracle, p)))
    verdict = check(flow, energy)
    if verdict.status == "REFUTED":
        assert verdict.derivative.subs(verdict.witness) > 0
    elif verdict.status == "PROVED":
        symbols = sorted(verdict.derivative.free_symbols, key=str)
        rng = np.random.default_rng(5)
        sample = {s: np.exp(rng.normal(0, 3, 4000)) * (1 if s.is_positive else rng.choice([-1, 1], 4000))
                  for s in symbols}
        value = sympy.lambdify(symbols, verdict.derivative, "numpy")(*sample.values())
        scale = np.abs(value).max() if symbols else 0.0
        # where rounding cannot tell, exactly
        for i in np.flatnonzero(np.broadcast_to(value, 4000) > -1e-12 * scale)[:3]:
            at = {s: Rational(float(sample[s][i])) for s in symbols}
            assert verdict.derivative.subs(at) <= 0
        assert not symbols or value.max() <= 1e-9 * scale


# ------------------------------------------------------------------------------------------------------ the table
def test_the_table_has_a_row_for_every_flow_and_no_entry_typed_by_hand():
    found = list(rows(["GradientDescent", "Momentum", "AdaGrad", "AdamW"]))
    assert [row.name for row in found] == ["GradientDescent", "GradientDescent, convex", "Momentum",
                                           "Momentum: strict", "Momentum, convex", "AdaGrad",
                                           "AdaGrad: first integral", "AdamW"]
    assert all(isinstance(row, Row) and len(row.cells) == len(COLUMNS) for row in found)
    page = (Path(__file__).parents[2] / "docs" / "energies.md").read_text()
    lines = markdown(found).splitlines()
    assert [line for line in lines if line not in page.splitlines()] == []
    names = {line.split("|")[1].strip().split(",")[0].split(":")[0] for line in page.splitlines()
             if line.startswith("| ")}
    assert {flow.__name__ for flow in FLOWS} <= names and page.count("| PROVED |") >= 36


@pytest.mark.slow
def test_the_page_is_the_generated_one():
    assert (Path(__file__).parents[2] / "docs" / "energies.md").read_text() == markdown(rows())
