"""A picture of a loss of one or two coordinates: its graph, its level lines, every critical point by its nature."""
from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from arithmetic import in_floats
from arithmetic.late import sympy

from .points import Atlas, CriticalPoint

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE = 400  #: values along a coordinate


def check_drawable(loss) -> None:
    """Raises ValueError, with a sentence, for a loss of more than two coordinates."""
    if loss.dim > 2:
        raise ValueError(f"{loss.name} has {loss.dim} coordinates: a picture shows a loss of one or two")


def draw(loss, atlas: Atlas) -> Figure:
    """The curve of a loss of one coordinate; surface and level lines of one of two, those through saddles dashed.

    It shows the loss's box, or the atlas's region, and around it all isolated points; families are drawn as curves.
    """
    from matplotlib.figure import Figure

    check_drawable(loss)
    box = _box(loss, atlas)
    figure = Figure(figsize=(11, 5.2) if loss.dim == 2 else (8, 5))
    with np.errstate(all="ignore"):
        if loss.dim == 1:
            _curve(figure, loss, atlas, box)
        else:
            _plane(figure, loss, atlas, box)
    where = "all of Rⁿ" if atlas.region is None else "the box"
    state = f"{len(atlas)} critical points, {'complete' if atlas.complete else 'not proved to be all'} in {where}"
    figure.suptitle(f"{textwrap.shorten(loss.name, 70)}: {state}", fontsize=11)
    return figure


def _box(loss, atlas: Atlas) -> np.ndarray:
    """(low, high) per coordinate, (dim, 2)."""
    box = np.array(loss.box if atlas.region is None else atlas.region, dtype=float)
    isolated = [p.numeric for p in atlas if not p.family]
    if isolated:
        low, high = np.minimum(box[:, 0], np.min(isolated, axis=0)), np.maximum(box[:, 1], np.max(isolated, axis=0))
        margin = 0.05 * (high - low)
        box[:, 0] = np.where(low < box[:, 0], low - margin, box[:, 0])
        box[:, 1] = np.where(high > box[:, 1], high + margin, box[:, 1])
    return box


def _top(values: np.ndarray, atlas: Atlas) -> float:
    """The height that is shown at most: that of nine tenths of the values, and of all critical points."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 1.0
    heights = [h for p in atlas if np.isfinite(h := p.height)]
    top, low = max([np.quantile(finite, 0.9), *heights]), finite.min()
    return top + 0.05 * (top - low) if top > low else low + 1.0


def _by_nature(atlas: Atlas) -> dict[str, list[CriticalPoint]]:
    kinds: dict[str, list[CriticalPoint]] = {}
    for p in atlas:
        if not p.family:
            kinds.setdefault(p.nature, []).append(p)
    return kinds


def _style(nature) -> dict:
    """Of a marker: what it is by its shape, grey where the Hessian is singular."""
    return dict(marker=nature.marker, linestyle="none", markeredgecolor="black", markersize=7, zorder=10,
                markerfacecolor="#999999" if nature.degenerate else "white", label=str(nature))


def _curve(figure, loss, atlas: Atlas, box) -> None:
    axes = figure.add_axes((0.1, 0.12, 0.62, 0.76))
    x = np.linspace(box[0][0], box[0][1], 4 * SIDE)
    values = loss.value(x[None])
    axes.plot(x, values, color="#0072B2")
    for nature, points in _by_nature(atlas).items():
        axes.plot([p.numeric[0] for p in points], [p.height for p in points], **_style(nature))
    top, low = _top(values, atlas), np.min(values[np.isfinite(values)], initial=np.inf)
    axes.set(xlim=box[0], xlabel=str(loss.symbols[0]), ylabel="F")
    if np.isfinite(low):
        axes.set_ylim(low - 0.05 * (top - low), top)
    _legend(axes)


def _plane(figure, loss, atlas: Atlas, box) -> None:
    x, y = np.meshgrid(np.linspace(box[0][0], box[0][1], SIDE), np.linspace(box[1][0], box[1][1], SIDE))
    values = np.reshape(loss.value(np.array([x.ravel(), y.ravel()])), x.shape)
    top = _top(values, atlas)
    shown = np.where(np.isfinite(values), np.minimum(values, top), top)
    surface = figure.add_axes((0.0, 0.04, 0.36, 0.86), projection="3d", computed_zorder=False)
    surface.plot_surface(x, y, shown, cmap="viridis", rcount=80, ccount=80, linewidth=0, alpha=0.9, zorder=1)
    flat = figure.add_axes((0.46, 0.12, 0.33, 0.76))
    levels = np.unique(np.quantile(shown, np.linspace(0, 1, 25)))
    if len(levels) > 1:
        flat.contourf(x, y, shown, levels=levels, cmap="viridis", alpha=0.6)
        flat.contour(x, y, shown, levels=levels, colors="black", linewidths=0.3)
    saddles = np.unique([p.height for p in atlas if p.nature.is_saddle and not p.family])
    if 0 < len(saddles) <= 12 and len(levels) > 1:
        flat.contour(x, y, shown, levels=saddles, colors="black", linewidths=0.8, linestyles="dashed")
    for nature, points in _by_nature(atlas).items():
        at = np.array([p.numeric for p in points]).T
        flat.plot(*at, **_style(nature))
        surface.plot(*at, [p.height for p in points], **_style(nature))
    for family in atlas.families:
        _draw_family(flat, family, x, y)
    for axes in (surface, flat):
        axes.set(xlim=box[0], ylim=box[1], xlabel=str(loss.symbols[0]), ylabel=str(loss.symbols[1]))
    surface.set_zlabel("F")
    _legend(flat)


def _draw_family(axes, family: CriticalPoint, x, y) -> None:
    """A curve, by its equation or its parameter, or a part of the plane, where its inequalities hold."""
    style = dict(colors="#D55E00", linewidths=2)
    inside = np.ones(x.shape, dtype=bool)
    for e in family.inequalities:
        inside &= sympy.lambdify(family.symbols, in_floats(e), "numpy")(x, y)
    if len(family.equations) == 1:
        g = sympy.lambdify(family.symbols, in_floats(family.equations[0]), "numpy")
        axes.contour(x, y, np.where(inside, g(x, y), np.nan), levels=[0.0], **style)
    elif family.inequalities:
        axes.contourf(x, y, inside, levels=[0.5, 1.5], colors="#D55E00", alpha=0.25)
    elif len(family.family) == 1:
        reach = 2 * max(np.abs(x).max(), np.abs(y).max())
        t = np.linspace(-reach, reach, 4 * SIDE)
        curve = sympy.lambdify(family.family[0], [in_floats(sympy.sympify(c)) for c in family.theta], "numpy")(t)
        axes.plot(*(np.broadcast_to(c, t.shape) for c in curve), color="#D55E00", linewidth=2)
    axes.plot([], [], color="#D55E00", linewidth=2, label=f"family: {family.nature}")


def _legend(axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    by_label = dict(zip(labels, handles, strict=True))
    if by_label:
        axes.legend(by_label.values(), by_label.keys(), loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False,
                    fontsize=9)
