"""Maps of basins: colours that colour-blind readers tell apart, brown for what diverged, a legend with fractions."""
from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from networks import Nature

from .evidence import End
from .recurrence import LONGEST
from .result import CYCLES

if TYPE_CHECKING:
    from matplotlib.artist import Artist

#: Okabe & Ito 2008, without the vermilion that a reader could take for brown.
MINIMA = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#F0E442")
SADDLE, MAXIMUM = "#000000", "#D55E00"


def colours(study) -> dict[int, str]:
    """A colour for every code of a study."""
    result, minima = {}, 0
    for i, p in enumerate(study.points):
        if p.nature.is_minimum or not p.nature.decided:  # a user's own attractors are told apart too
            result[i], minima = MINIMA[minima % len(MINIMA)], minima + 1
        else:
            result[i] = MAXIMUM if p.nature.kind == "maximum" else SADDLE
    cycles = {-CYCLES - p: f"#{176 - p:02X}{168 - 2 * p:02X}{208 - p:02X}" for p in range(2, LONGEST + 1)}
    ends = {-int(end): end.colour for end in End if not end.at_point and end not in (End.RUNNING, End.CYCLE)}
    return ends | cycles | result


def title(study) -> str:
    """Network, optimizer with its hyperparameters, number of starts."""
    return f"{study.loss}, {study.optimizer}\nn = {study.n}" + (
        f" ({study.shape[1]} × {study.shape[0]} grid)" if study.shape else " starts") + (
        "" if study.complete else ", interrupted")


def draw(study, ax=None, witnesses: float | None = None):
    """See `Study.figure`."""
    if ax is None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8.2, 5))
        ax = figure.add_axes((0.07, 0.1, 0.56, 0.79) if len(study.starts) == 2 else (0.3, 0.12, 0.65, 0.74))
    colour = colours(study)
    shown = [c for c in study.codes_shown() if c < 0 or np.any(study.codes == c) or study.points[c].nature.is_minimum]
    if len(study.starts) != 2:
        _bars(study, ax, shown, colour)
    else:
        _plane(study, ax, shown, colour, witnesses)
    ax.set_title(textwrap.fill(title(study).split("\n")[0], 70) + "\n" + title(study).split("\n")[1], fontsize=10)
    return ax.figure


def _plane(study, ax, shown, colour, witnesses) -> None:
    from matplotlib.colors import to_rgb
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    codes, (x, y) = study.codes, study.starts
    low = int(codes.min())
    rgb = np.array([to_rgb(colour.get(c, "white")) for c in range(low, int(codes.max()) + 1)])[codes - low]
    if study.shape and min(study.shape) > 1:
        rows, columns = study.shape
        dx, dy = (np.ptp(x) / (columns - 1)) / 2, (np.ptp(y) / (rows - 1)) / 2
        extent = (x.min() - dx, x.max() + dx, y.min() - dy, y.max() + dy)  # a start is the middle of its pixel
        ax.imshow(rgb.reshape(rows, columns, 3), origin="lower", extent=extent, interpolation="nearest", aspect="auto")
    else:
        ax.scatter(x, y, c=rgb, s=6, linewidths=0)
        extent = (x.min(), x.max(), y.min(), y.max())
    handles: list[Artist] = [Patch(facecolor=colour[c], edgecolor="black", linewidth=0.5, label=(
        f"{study.label(c)}  {_share(int(np.sum(codes == c)), study.n)}")) for c in shown]
    inside = [p for p in study.points if not p.family and extent[0] <= p.theta[0] <= extent[1]
              and extent[2] <= p.theta[1] <= extent[3]]
    for kind in dict.fromkeys(p.nature.kind for p in inside):
        at = np.array([p.theta for p in inside if p.nature.kind == kind]).T
        style: dict[str, Any] = dict(marker=Nature(kind).marker, linestyle="none", markerfacecolor="white",
                                     markeredgecolor="black", markersize=6)
        ax.plot(*at, **style)
        handles.append(Line2D([], [], label=kind, **style))
    if witnesses is not None and (found := study.witnesses(witnesses)):
        nearest = list({w.minimum: w for w in reversed(found)}.values())[::-1]  # of each minimum
        style = dict(marker="*", linestyle="none", markerfacecolor="white", markeredgecolor="black", markersize=13)
        for w in nearest:
            end = study.theta[:, w.index]
            ax.annotate("", xy=end, xytext=w.start, arrowprops=dict(arrowstyle="->", shrinkA=4, shrinkB=4),
                        annotation_clip=False)
        ax.plot(*np.array([w.start for w in nearest]).T, **style)
        handles.append(Line2D([], [], label="nearest to a minimum, ends\nelsewhere (→); distance "
                              f"{min(w.distance for w in nearest):.2g}", **style))
    ax.set_xlim(extent[:2])
    ax.set_ylim(extent[2:])
    names = study.coordinates
    ax.set_xlabel(f"${names[0]}$" if len(names[0]) == 1 else names[0])
    ax.set_ylabel(f"${names[1]}$" if len(names[1]) == 1 else names[1], rotation=0, labelpad=12)
    ax.legend(handles=handles, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8)


def _bars(study, ax, shown, colour) -> None:
    """Fractions with their intervals, where there is no plane to draw on."""
    known = {row["end"]: row for row in study.table()}
    rows = [known[study.label(c)] for c in shown]
    at, fraction = np.arange(len(rows)), np.array([row["fraction"] for row in rows])
    intervals: dict[str, Any] = {}
    if sample := study.drawn == "sample":
        low, high = (np.array([row[name] for row in rows]) for name in ("low", "high"))
        intervals = {"xerr": np.maximum([fraction - low, high - fraction], 0), "capsize": 3}
    ax.barh(at, fraction, color=[colour[c] for c in shown], edgecolor="black", linewidth=0.5, **intervals)
    ax.set_yticks(at, [row["end"] for row in rows])
    ax.invert_yaxis()
    ax.set_xlabel("fraction of the starts" + " (95 % Wilson intervals)" * sample)


def _share(count: int, n: int) -> str:
    """A fraction, or the number of starts where that is under a thousandth."""
    return f"{count / n:.1%}" if count >= n / 1000 else f"{count} start{'s' * (count > 1)}" if count else "0"
