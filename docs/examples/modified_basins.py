"""
Basins of the modified flow against those of the algorithm
==========================================================

The heavy ball by plain Euler (all blocks at once) is not its flow: each step pumps energy into it, and from many starts
it ends in another minimum.  Backward error analysis writes the step as the flow of another differential equation,
y' = f₀ + h f₁ + h² f₂ + …, the modified equation.  Its truncations are computed here from flow and scheme, integrated
with small steps, and their basins on `polytwo` are compared with those of the algorithm: the flow errs on many starts,
the first term already repairs nearly all of them.
"""
import sys

import numpy as np

import networks
from basins import grid
from flows import Momentum
from lyapunov import modified_equation
from schemes import Euler, RungeKutta4, Stop, pair

STEP, FRICTION, BOX = 0.05, 1.0, ((-1.5, 1.5), (-1.5, 1.5))


def ends(loss, theta) -> np.ndarray:
    """The index of the nearest minimum, -1 for ends that are near none."""
    minima = np.array([p.numeric for p in loss.critical_points() if p.nature == "minimum"])
    with np.errstate(all="ignore"):
        distance = np.linalg.norm(theta[None] - minima[:, :, None], axis=1)
    return np.where(np.min(distance, axis=0) < 0.1, np.argmin(distance, axis=0), -1)


def algorithm(loss, starts) -> np.ndarray:
    """Where the heavy ball by plain Euler with the step STEP ends."""
    run = pair(Momentum(c=FRICTION), Euler(), STEP).run(loss, starts, stop=Stop(gradient=1e-6, max_steps=5000))
    return ends(loss, run.theta)


def modified(loss, starts, order: int, parts: int = 2, time: float = 30.0) -> np.ndarray:
    """Where the modified equation of this order ends, integrated with steps of STEP/parts."""
    field = modified_equation(Momentum(c=FRICTION), Euler(), order, loss=loss).field(STEP)
    y, scheme = np.concatenate([starts, np.zeros_like(starts)]), RungeKutta4()
    for _ in range(round(time * parts / STEP)):
        y = scheme.step(field, 0.0, y, STEP / parts)[0]
    return ends(loss, y[: loss.dim])


def compare(n: int = 120):
    """Basins of the algorithm and of orders 0 (the flow), 1, 2; the share of starts on which each order errs."""
    loss = networks.get("polytwo")
    starts = grid(BOX, n)
    truth = algorithm(loss, starts)
    predicted = [modified(loss, starts, order) for order in (0, 1, 2)]
    return starts, truth, predicted, [float(np.mean(p != truth)) for p in predicted]


def draw(truth, predicted, shares, n: int):
    """The four maps."""
    import matplotlib.pyplot as plt
    from matplotlib.colors import ListedColormap

    colours = ListedColormap(["#6b3d1e", "#3b6fb6", "#e0a030", "#4f9d5d", "#b5527a"])
    figure, axes = plt.subplots(1, 4, figsize=(13, 4), sharey=True, layout="constrained")
    titles = [f"the algorithm, h = {STEP}", *(f"{name}: {share:.1%} differ" for name, share in zip(
        ("the flow", "with h f₁", "with h f₁ + h² f₂"), shares, strict=True))]
    (left, right), (bottom, top) = BOX
    for axis, labels, title in zip(axes, [truth, *predicted], titles, strict=True):
        axis.imshow(labels.reshape(n, n), origin="lower", extent=(left, right, bottom, top), cmap=colours, vmin=-1,
                    vmax=3, interpolation="nearest")
        axis.set(title=title, xlabel="w")
    axes[0].set_ylabel("b")
    figure.suptitle(f"polytwo, heavy ball (c = {FRICTION:g}) by plain Euler, n = {n * n} ({n} × {n} grid); a colour "
                    "per minimum")
    return figure


if __name__ == "__main__":
    n = 120 if len(sys.argv) > 1 else 36
    _, truth, predicted, shares = compare(n)
    picture = draw(truth, predicted, shares, n)
    if len(sys.argv) > 1:  # the stored picture: python modified_basins.py ../figures/modified_basins.png
        picture.savefig(sys.argv[1], dpi=110)
    print("starts on which the flow, order 1 and order 2 err:", *(f"{share:.2%}" for share in shares))
    assert shares[0] > 0.05 and max(shares[1:]) < shares[0] / 4
