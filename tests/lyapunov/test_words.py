"""A user's slips get one sentence with the remedy, and what is undecided says what is left."""

import math
from dataclasses import make_dataclass

import numpy as np
import pytest
import sympy

from arithmetic import absolute, diagonal, log, sign, sqrt, total, where
from flows import Flow, Momentum
from lyapunov import check, derive
from lyapunov.exact import smt


def flow(field, memory=("v",)):
    return make_dataclass("Mine", [], bases=(Flow,), namespace={"memory": memory, "field": field}, frozen=True)()


def good(f, s, o):
    return {"v": -s.v - o.gradient, "theta": s.v}


@pytest.mark.parametrize(
    "energy, words",
    [
        (lambda s, o: o.value + s.v**2 / 2, r"write total\(\.\.\.\)"),
        (lambda s, o: o.value + total(s.w**2), "there is no block s.w; the state has s.v, s.theta, s.t"),
        (lambda s, o: o.value + total(o.grad**2), "a loss has no grad; it has oracle.value"),
        (lambda s, o: o.value + total(np.sqrt(s.v)), "write arithmetic.sqrt"),
        (lambda s, o: o.value + (s.v**2).sum(), r"write total\(x\)"),
        (lambda s, o: o.value if s.v > 0 else 2 * o.value, "arithmetic.where"),
        (lambda s, o: o.value + sympy.Symbol("v") ** 2, r"what the flow calls v is written s\.v"),
        (lambda s, o: sympy.Symbol("F") + total(s.v**2), r"what the flow calls F is written oracle\.value"),
        (lambda s, o: None, "it must return one number"),
        (lambda s, o: [o.value], "it must return one number"),
        (lambda s: s.v, "lambda s, oracle"),
        (lambda s, o: o.value(s.theta), "values at s.theta and no functions"),
        (lambda s, o: math.sqrt(o.value), "arithmetic.sqrt"),
    ],
)
def test_slips_in_an_energy(energy, words):
    with pytest.raises(ValueError, match=words):
        check(flow(good), energy)


@pytest.mark.parametrize(
    "field, words",
    [
        (lambda f, s, o: {"theta": s.v}, "v is missing or no block"),
        (lambda f, s, o: good(f, s, o) | {"w": s.v}, "w is missing or no block"),
        (lambda f, s, o: {"v": -s.w, "theta": s.v}, "there is no block s.w"),
        (lambda f, s, o: {"v": -np.sqrt(s.v), "theta": s.v}, "write arithmetic.sqrt"),
        (lambda f, s, o: {"v": -s.v if s.v > 0 else s.v, "theta": s.v}, "arithmetic.where"),
        (lambda f, s, o: {"v": -f.c * s.v, "theta": s.v}, "the flow has no rate self.c"),
        (lambda f, s, o: {"v": -o.hessian * s.v, "theta": s.v}, "oracle.hessian_product"),
        (lambda f, s, o: {"v": -np.maximum(s.v, 0), "theta": s.v}, "its maximum, minimum and sign"),
        (lambda f, s, o: {"v": -o.gradient + sympy.Symbol("g"), "theta": s.v}, "oracle.gradient"),
        (lambda f, s, o: [-s.v, s.v], "it must return a dict"),
        (lambda f, s, o: None, "it must return a dict"),
    ],
)
@pytest.mark.parametrize("tool", [lambda f: check(f, lambda s, o: o.value), derive])
def test_slips_in_a_field(field, words, tool):
    with pytest.raises(ValueError, match=words):
        tool(flow(field))


def test_what_is_left_to_show_is_said():
    """V' = −v⁴ − w⁴ + v³w is ≤ 0, and no square of forms here shows it."""
    subject = flow(lambda f, s, o: {"v": -(s.v**3) + s.v**2 * s.w, "w": -(s.w**3), "theta": -o.gradient}, ("v", "w"))
    verdict = check(subject, lambda s, o: o.value + total(s.v**2 + s.w**2) / 2)
    said = "what is left to show is g**2 + v**4 - v**3*w + w**4 >= 0 for g, v, w real"
    assert verdict.status == "PROVED" if smt.available() else said in verdict.reason


def test_memory_is_a_tuple():
    with pytest.raises(ValueError, match=r"must be a tuple of names: \('v',\)"):
        check(flow(good, "v"), lambda s, o: o.value)


def test_a_formula_is_no_energy():
    with pytest.raises(TypeError, match="write Energy"):
        check(Momentum(), sympy.Symbol("F"))


def test_a_float_that_may_be_meant_as_a_fraction_is_named():
    verdict = check(flow(good), lambda s, o: o.value + total(s.v**2) * (1 / 3))
    assert any("write Rational(1, 3) if that is meant" in note for note in verdict.notes)
    assert not any("Rational" in note for note in check(flow(good), lambda s, o: o.value + total(s.v**2) * 0.3).notes)


UNDECIDED = {  # what blocks it, and what would help
    "couples coordinates": (
        lambda f, s, o: {"v": -s.v, "theta": -sqrt(total(absolute(o.gradient))) * sign(o.gradient)},
        lambda s, o: o.value,
        "each coordinate alone, or of norms and inner products",
    ),
    "rational function": (
        lambda f, s, o: {"v": -s.v, "theta": -(1 + log(s.v**2) ** 2) * o.gradient},
        lambda s, o: o.value,
        "functions whose sign is known",
    ),
    "V may jump": (good, lambda s, o: o.value + total(where(s.v > 0, s.v, 2 * s.v)), "max and min in place"),
    "nonnegative coefficients": (
        lambda f, s, o: {"v": -(s.v**3) + s.v**2 * s.w, "w": -(s.w**3), "theta": -o.gradient},
        lambda s, o: o.value + total(s.v**2 + s.w**2) / 2,
        "a part of V that pays",
    ),
    "not given by F": (good, lambda s, o: total(diagonal(o.hessian)), "its gradient and the blocks"),
}


@pytest.mark.parametrize("blocked", UNDECIDED)
def test_what_is_undecided_says_what_would_help(blocked):
    field, energy, help = UNDECIDED[blocked]
    if blocked == "nonnegative coefficients" and smt.available():
        pytest.skip("z3 decides it")
    verdict = check(flow(field, ("v", "w") if blocked == "nonnegative coefficients" else ("v",)), energy)
    assert verdict.status == "UNDECIDED" and blocked in verdict.reason and help in verdict.reason, verdict.reason


def test_a_derivation_without_an_energy_says_what_was_tried_and_what_would_help():
    reason = derive(flow(lambda f, s, o: {"v": -s.v - o.gradient, "theta": s.v - s.theta**3})).reason
    assert "the field contains theta itself" in reason and "a V of your own, given to check" in reason


def test_what_is_right_is_read():
    assert check(Momentum(), lambda s, o: o.value + total(s.v**2) / 2).status == "PROVED"
