"""Blocks one after the other: what is not read again is not computed again, to the same bits."""
import numpy as np
import pytest

from flows import FLOWS, Adam, State
from networks import get
from schemes import SequentialEuler, named
from schemes.splitting import reads

TANH = get("hidden-tanh")


def plain(field, t, y, h):
    """Every block from a field of its own."""
    s, oracle = field.state(t, y), field.loss.oracle(field.theta(y))
    for name in field.flow.blocks:
        s = State(**vars(s) | {name: getattr(s, name) + h * field.slopes(s, oracle)[name]})
    return field.pack(vars(s))


@pytest.mark.parametrize("kind", FLOWS)
def test_a_block_moves_as_if_the_field_were_taken_anew(kind):
    field, rng = kind().on(TANH), np.random.default_rng(1)
    y = field.start(rng.normal(size=(TANH.dim, 5)))
    y[TANH.dim:] += rng.random((field.size - TANH.dim, 5))
    with np.errstate(all="ignore"):
        for t in (0.0, 0.75):
            assert np.array_equal(SequentialEuler().advance(field, t, y, 0.1)[0], plain(field, t, y, 0.1),
                                  equal_nan=True)


def test_blocks_are_read_as_they_are_written():
    assert reads(Adam()) == {"c1": {"c1"}, "c2": {"c2"}, "m": {"m"}, "v": {"v"}, "theta": {"m", "v", "c1", "c2"}}
    assert reads(Adam(eps=np.full(5, 1e-8))) is None  # rates of lanes


def test_the_field_is_taken_again_only_where_it_is_another():
    taken = []

    class Counted(type(named("mechanic").flow)):  # of 26 blocks
        def field(self, s, oracle):
            taken.append(s)
            return super().field(s, oracle)

    optimizer = named("mechanic")
    flow = Counted(**{name: getattr(optimizer.flow, name) for name in ("flow", "r", "decay", "eps", "first")})
    field = flow.on(TANH)
    y = field.start(np.ones((TANH.dim, 3)))
    optimizer.scheme.advance(field, 0.0, y, 1.0)
    taken.clear()
    optimizer.scheme.advance(field, 0.0, y, 1.0)
    assert len(flow.blocks) == 26 and len(taken) == 3
