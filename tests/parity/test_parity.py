"""Parity with torch and optax, to rounding, over whole trajectories."""
import cases
import pytest

WHY = {"torch": "parity with torch.optim needs torch: pip install 'optiflows[parity]'",
       "optax": "parity with optax needs optax: pip install 'optiflows[parity]'"}


@pytest.mark.filterwarnings("ignore")  # the libraries' own warnings are theirs
@pytest.mark.parametrize("case", cases.CASES, ids=lambda case: case.call)
def test_the_library_algorithm_is_recovered(case):
    pytest.importorskip(case.library, reason=WHY[case.library])
    assert max(cases.measure(case, seed) for seed in cases.SEEDS) <= case.bound, case.why


@pytest.mark.filterwarnings("ignore")
def test_pure_euler_is_another_algorithm():
    """The scheme matters: explicit Euler on the averaged momentum is not the heavy ball."""
    pytest.importorskip("torch", reason=WHY["torch"])
    from dataclasses import replace

    from schemes import Euler, Stop

    (case,) = [c for c in cases.CASES if c.call == "torch.optim.SGD(lr, momentum), averaged form"]
    loss, start = cases.problem(0)
    optimizer, _ = case.ours(0)
    stop = Stop(gradient=0, speed=0, max_steps=100, radius=1e9)
    right, wrong = (o.run(loss, start, stop=stop).theta for o in (optimizer, replace(optimizer, scheme=Euler())))
    assert not abs(right - wrong).max() < 1e-3


def test_every_named_classic_is_compared_or_said_to_have_no_counterpart():
    import schemes

    compared = {case.name for case in cases.CASES}
    without = {"p-gd", "nesterov-vanishing", "qhadam", "sophia", "cautious-adamw", "newton", "damped-newton",
               "gauss-newton", "lm", "lm-gain", "lmf", "lm-uphill", "gd-em", "momentum-em", "pgd", "gd-extragradient"}
    corrected = {name for name in schemes.NAMED if name.endswith(("-energy", "-richardson"))
                 or name.startswith(("lc-", "lcd-", "lci-"))}
    assert compared | without | corrected == set(schemes.NAMED) and not compared & without
