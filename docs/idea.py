"""The picture of the start page: `python docs/idea.py` draws docs/figures/idea.png.

From left to right: the field of the gradient flow with orbits of it; one orbit beside the steps that two schemes
take; the map of basins of the algorithm.  One definition of the loss and one of the flow make all three.
"""
from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.integrate import solve_ivp

import basins
import networks
import schemes
from flows import GradientDescent

OUT = Path(__file__).parent / "figures" / "idea.png"
BOX = ((-3, 3), (-3, 3))
START, LR = np.array([1.4, 1.8]), 0.1


def figure(side: int = 300) -> tuple[Figure, basins.Study]:
    loss, flow = networks.get("polytwo"), GradientDescent()
    field = flow.on(loss)
    optimizer = schemes.pair(flow, schemes.Euler(), LR)
    drawing = Figure(figsize=(13, 4.6), layout="constrained")
    left, middle, right = drawing.subplots(1, 3)

    x = np.linspace(-3, 3, 25)
    W, B = np.meshgrid(x, x)
    slope = field(0.0, np.array([W.ravel(), B.ravel()]))
    left.quiver(W.ravel(), B.ravel(), *(slope / (np.linalg.norm(slope, axis=0) + 1e-12)), color="#8899aa", scale=38,
                width=0.003)
    rng = np.random.default_rng(1)
    for start in rng.uniform(-3, 3, (26, 2)):
        left.plot(*solve_ivp(field, (0, 30), start, rtol=1e-8, atol=1e-10).y, color="#0072B2", linewidth=1)
    left.set(title="a field:  θ' = −∇F(θ)")

    orbit = solve_ivp(field, (0, 30), START, rtol=1e-9, atol=1e-11)
    middle.plot(*orbit.y, color="black", linewidth=1.2, label="the flow")
    for scheme, step, colour in ((schemes.Euler(), LR, "#D55E00"), (schemes.EulerRichardson(),
    schemes.ErrorControl(0.1),
                                                                  "#009E73")):
        run = schemes.integrate(field, START, scheme, step, schemes.Stop(max_steps=300), record=1)
        name = "Euler, h = 0.1" if scheme == schemes.Euler() else "Euler–Richardson, its own h"
        middle.plot(*run.y, "o-", color=colour, markersize=3.5, linewidth=1, label=name)
    middle.set(title="+ a scheme = an algorithm:  θ⁺ = θ − h ∇F(θ)")
    middle.legend(fontsize=8, loc="lower left")

    result = basins.study(loss, optimizer, basins.grid(BOX, side), progress=False)
    result.figure(right)
    if right.get_legend():
        right.get_legend().remove()
    right.set_aspect("equal")
    right.set(title="where each start ends (brown: diverges)")
    minima = np.array([p.numeric for p in loss.critical_points() if p.nature == "minimum"]).T
    for ax in (left, middle):
        ax.plot(*minima, "*", color="#E69F00", markeredgecolor="black", markersize=11)
        ax.set_aspect("equal")
    for ax in (left, middle, right):
        ax.set(xlim=BOX[0], ylim=BOX[1], xlabel="w", ylabel="b")
    return drawing, result


if __name__ == "__main__":
    figure()[0].savefig(sys.argv[1] if len(sys.argv) > 1 else OUT, dpi=110)
