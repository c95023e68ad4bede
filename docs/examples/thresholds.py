"""
The rate at which minima are lost
=================================

All four minima of polytwo have the sharpness 3 + √5.  Gradient descent bears 2/lr, the heavy ball 2(1 + β)/lr: beyond
lr = 2(1 + β)/(3 + √5) no minimum is stable.  Left: where 2500 starts end under gradient descent, with that line.  Long
before it half of the starts diverge; at it the minima are gone at once.  Right: the share that ends in a minimum over
the plane of lr and β, with the line of theory.

Each setting is a study, and one compiled kernel serves all of them: 30 rates with 2500 starts, then 256 pairs with 625.
"""
import sys

import numpy as np

import networks
from basins import Sweep, grid, sweep
from schemes import Stop

BOX = ((-3, 3), (-3, 3))
STOP = Stop(max_steps=3000)


def rates(side: int = 50, n: int = 30) -> Sweep:
    return sweep(networks.get("polytwo"), "gd", {"lr": np.linspace(0.02, 0.6, n)}, grid(BOX, side), stop=STOP,
                 progress=False)


def plane(side: int = 25, n: int = 16) -> Sweep:
    return sweep(networks.get("polytwo"), "momentum",
                 {"lr": np.geomspace(0.02, 1.0, n), "momentum": np.linspace(0, 0.95, n)}, grid(BOX, side), stop=STOP,
                 progress=False)


def figure(one: Sweep, two: Sweep):
    from matplotlib.figure import Figure

    fig = Figure(figsize=(15, 5))
    one.figure(fig.add_axes((0.05, 0.12, 0.28, 0.76)))
    two.figure(fig.add_axes((0.58, 0.12, 0.4, 0.76)))
    return fig


if __name__ == "__main__":
    stored = len(sys.argv) > 1
    one, two = (rates(), plane()) if stored else (rates(30), plane(12, 12))
    picture = figure(one, two)
    if stored:  # the stored picture: python thresholds.py ../figures/thresholds.png
        picture.savefig(sys.argv[1], dpi=110)
    print(one.table(), *one.thresholds, sep="\n")
    (critical,) = one.thresholds[0].at
    print(f"minima are lost at {critical:.6f}, in theory 2/(3 + √5) = {2 / (3 + 5**0.5):.6f}")
    assert abs(critical - 2 / (3 + 5**0.5)) < 1e-12
    assert (one.fraction("minimum")[one.axes["lr"] > 1.1 * critical] < 0.05).all()
