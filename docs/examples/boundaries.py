"""
How rough the boundaries of basins are
======================================

Three algorithms on polytwo, darker where the energy of their flow rises on a larger share of the steps.  White diamonds
are edge states, to which the boundary between two neighbouring starts of different ends leads: exact saddles to 1e-6;
of Adam with a large step they can be minima too, which do not hold, and some boundaries lead to no rest.  Arrows are
minimal fatal shocks: from a minimum to the nearest start that was found to end elsewhere; the numbers are those that
are too short to draw.

The boundaries of gradient descent, and of Adam with a small step, have dimensions near 1.  The heavy ball goes over
its barriers with the speed it has: its boundaries have the dimension 1.56 over five decades, and their entropy exceeds
log 2 on fine maps.  Of Adam with a large step the energy rises, and starts less than 1e-9 from a minimum end in
another.
"""
import sys

import numpy as np

import networks
from arithmetic import Table
from basins import (
    EdgeState, Shock, Study, edge_state, entropy, fatal_shocks, grid, panels, rises, study, uncertainty_exponent,
)
from schemes import Stop, named

BOX = ((-3, 3), (-3, 3))
STOP = Stop(max_steps=5000)
OPTIMIZERS = {"gd": {"lr": 0.1}, "momentum": {"lr": 0.1}, "adam": {"lr": 0.5}}
ALL = {**OPTIMIZERS, "adam ": {"lr": 0.1}, "newton": {}}  # those of the table


def basins_of(name: str, hyperparameters: dict, side: int) -> Study:
    return study(networks.get("polytwo"), named(name.strip(), **hyperparameters), grid(BOX, side), stop=STOP,
                 progress=False)


def edges(result: Study, optimizer) -> list[EdgeState]:
    """The edge states of each pair of minima whose basins meet on the map."""
    codes, starts = result.map(), result.starts.reshape(2, *result.map().shape)
    minima = [i for i, p in enumerate(result.points) if p.nature.is_minimum]
    found = []
    for i in minima:
        for j in minima[:i]:
            meet = np.argwhere((codes[:, :-1] == i) & (codes[:, 1:] == j))
            if len(meet):
                row, column = meet[len(meet) // 2]
                found.append(edge_state(networks.get("polytwo"), optimizer, starts[:, row, column],
                                        starts[:, row, column + 1], stop=STOP))
    return found


def measured(side: int = 500, n: int = 10_000) -> Table:
    """Entropies (boxes of 5 × 5 starts), the dimension of the boundary, and the least fatal shock of five maps."""
    loss, rows = networks.get("polytwo"), []
    for name, hyperparameters in ALL.items():
        optimizer, result = named(name.strip(), **hyperparameters), basins_of(name, hyperparameters, side)
        e, u = entropy(result), uncertainty_exponent(loss, optimizer, BOX, n=n, stop=STOP)
        shock = min(s.distance for s in fatal_shocks(loss, optimizer, result))
        rows.append((str(optimizer).partition(", beta1")[0].rstrip(")") + ")", f"{e.basin:.3f}",
                     f"{e.boundary:.3f} ± {e.error:.3f}",
                     f"{u.dimension:.2f} ± {u.error:.2f}", f"{shock:.2g}"))
    return Table(("optimizer", "S_b", "S_bb", "boundary dimension, 6e-6 to 0.6", "least fatal shock"), rows)


def figure(side: int = 300):
    """The figure, and of each algorithm the study, its shocks and its edge states."""
    loss = networks.get("polytwo")
    shown: dict[str, tuple[Study, list[Shock], list[EdgeState]]] = {}
    for name, hyperparameters in OPTIMIZERS.items():
        optimizer, result = named(name, **hyperparameters), basins_of(name, hyperparameters, side)
        shown[name] = result, fatal_shocks(loss, optimizer, result), edges(result, optimizer)
    shade = [{"share of steps on which\nthe energy rises": rises(loss, named(name, **OPTIMIZERS[name]), r.starts,
                                                                stop=STOP)} for name, (r, _, _) in shown.items()]
    fig = panels([r for r, _, _ in shown.values()], columns=3, shade=shade)
    for ax, (result, shocks, states) in zip(fig.axes, shown.values(), strict=True):
        for shock in shocks:
            (centre,) = [p.theta for i, p in enumerate(result.points) if result.label(i) == shock.minimum]
            if shock.distance > 0.1:
                ax.annotate("", xy=shock.start, xytext=centre, arrowprops=dict(arrowstyle="->", color="white", lw=1.5))
            else:
                ax.annotate(f"{shock.distance:.0e}", xy=centre, xytext=(0, 6), textcoords="offset points",
                            color="white", ha="center", fontsize=8, fontweight="bold")
        resting = np.array([s.theta for s in states if s.resting])
        ax.plot(*resting.T, "D", color="white", markeredgecolor="black", markersize=7)
    return fig, shown


if __name__ == "__main__":
    stored = len(sys.argv) > 1
    picture, found = figure(300 if stored else 80)
    if stored:  # the stored picture: python boundaries.py ../figures/boundaries.png
        picture.savefig(sys.argv[1], dpi=110)
        print(measured().markdown())  # the table of docs/boundaries.md
    for name, (_, shocks, states) in found.items():
        print(name, *shocks, *states, sep="\n  ")
        assert name == "adam" or all(s.resting and s.point.startswith("saddle") for s in states)
    assert max(s.distance for s in found["adam"][1]) < 1e-6 < 0.3 < min(s.distance for s in found["gd"][1])
