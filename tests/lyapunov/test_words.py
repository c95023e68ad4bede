"""A user's slips get one sentence with the remedy, and what is undecided says what is left."""

from dataclasses import make_dataclass

import numpy as np
import pytest

from arithmetic import total
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


def test_what_is_right_is_read():
    assert check(Momentum(), lambda s, o: o.value + total(s.v**2) / 2).status == "PROVED"
