"""
Regions that the flow provably does not leave
=============================================

Maps of basins are computed start by start.  Around each minimum a part of its basin can be proved: the sublevel set
{V < c} of the flow's energy V, connected with the minimum, c the height of its pass.  Here for polytwo (four minima,
passes of height 1/4 exactly) and polythree (minima of height 0, 4 and 8; the highest one lies above the lowest pass,
but its own pass is 41/4), drawn in white over the basins of gradient descent under energy-controlled steps.

The certificate speaks of the flow.  On polytwo every certified start ends as proved with these steps too.  On polythree
one in a hundred does not (stars): F falls at every step, yet a long one leaps over the wall of a steep well.  The
adaptive Euler–Richardson method, which follows the curve, kept to the certificate from every start of these maps.
"""
import sys

import numpy as np

import networks
import schemes
from basins import grid, study
from flows import GradientDescent
from lyapunov import basin_certificate

BOX = ((-3, 3), (-3, 3))
NETWORKS = ("polytwo", "polythree")


def certificates(name: str) -> dict:
    """{index of the minimum: its certificate}."""
    points = networks.get(name).critical_points()
    return {i: basin_certificate(GradientDescent(), p) for i, p in enumerate(points) if p.nature == "minimum"}


def basins_of(name: str, optimizer: str, side: int, **hyperparameters):
    return study(networks.get(name), schemes.named(optimizer, **hyperparameters), grid(BOX, side), progress=False)


def certified(result, proved) -> np.ndarray:
    """The minimum in whose certified region each start of a study lies, −1 for none."""
    found = np.full(result.n, -1)
    for i, certificate in proved.items():
        found[certificate.contains(result.starts)] = i
    return found


def leaps(result, proved) -> np.ndarray:
    """The certified starts that end elsewhere, (2, n)."""
    inside = certified(result, proved)
    return result.starts[:, (inside >= 0) & (result.point != inside)]


def figure(side: int = 300):
    """The figure, and per network: the study and the certificates."""
    from matplotlib.figure import Figure

    fig, shown = Figure(figsize=(16, 5)), {}
    for k, name in enumerate(NETWORKS):
        result, proved = basins_of(name, "lc-egd", side, grow=2.0, h0=1.0), certificates(name)
        ax = fig.add_axes(((k + 0.08) / len(NETWORKS), 0.1, 0.6 / len(NETWORKS), 0.79))
        result.figure(ax)
        for certificate in proved.values():
            certificate.draw(ax, color="white", linewidths=2)
        ax.plot(*leaps(result, proved), "*", color="white", markeredgecolor="black", markersize=7, linestyle="none")
        shown[name] = result, proved
    return fig, shown


if __name__ == "__main__":
    picture, results = figure(300 if len(sys.argv) > 1 else 120)
    if len(sys.argv) > 1:  # the stored picture: python certified_basins.py ../figures/certified_basins.png
        picture.savefig(sys.argv[1], dpi=110)
    for network, (runs, regions) in results.items():
        count, other = np.sum(certified(runs, regions) >= 0), leaps(runs, regions).shape[1]
        adaptive = leaps(basins_of(network, "gd-richardson", 120), regions).shape[1]
        print(f"{network}: {count} of {runs.n} starts are certified; {other} of these leap elsewhere under energy "
              f"control, {adaptive} with adaptive Euler–Richardson")
        assert adaptive == 0 and (other == 0 or network == "polythree")
        print("\n".join(map(str, regions.values())))
