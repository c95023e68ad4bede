"""Maps of basins: colours that colour-blind readers tell apart, brown for what diverged, a legend with fractions."""
from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from networks import Nature

from .alike import Labels
from .evidence import End
from .palette import point_colours, rgb
from .planes import grid_sides
from .recurrence import LONGEST
from .result import CYCLES

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

    from .result import Study

FINE = 300  #: values along a side, of which level lines are drawn


def colours(study) -> dict[int, str]:
    """A colour for every code of a study."""
    cycles = {-CYCLES - p: f"#{176 - p:02X}{168 - 2 * p:02X}{208 - p:02X}" for p in range(2, LONGEST + 1)}
    ends = {-int(end): end.colour for end in End if not end.at_point and end not in (End.RUNNING, End.CYCLE)}
    return ends | cycles | dict(enumerate(point_colours(study.points)))


def palette(labels: Labels) -> list[str]:
    """A colour for every label of several studies."""
    points = iter(point_colours(label.point for label in labels.all if label.point is not None))
    return [colours(label.study)[label.code] if label.point is None else next(points) for label in labels.all]


def title(study, plane=None) -> str:
    """Network, optimizer with its hyperparameters, number of starts."""
    sides = study.shape if plane is None else grid_sides(plane.coordinates(study.starts))
    return f"{study.loss}, {study.optimizer}\nn = {study.n}" + (
        f" ({sides[1]} × {sides[0]} grid)" if sides else " starts") + ("" if study.complete else ", interrupted")


def draw(study, ax=None, witnesses: float | None = None, *, plane=None, loss=None, levels=False, paths=(),
         certified=(), shade=None, colour: Mapping[int, str] | None = None, limits: tuple | None = None):
    """See `Study.figure`; colour : of each code, and limits : of what `shade` shows, where other studies share them."""
    if len(study.starts) != 2 and plane is None and (levels is not False or len(paths) or len(certified)
                                                      or shade is not None or witnesses is not None):
        raise ValueError(f"{study.loss} has {len(study.starts)} parameters: level lines, paths, certified regions, "
                         "shading and witnesses are drawn on a plane of starts, figure(plane=Plane(...))")
    if ax is None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8.2, 5))
        flat = len(study.starts) == 2 or plane is not None
        ax = figure.add_axes((0.07, 0.1, 0.56, 0.79) if flat else (0.3, 0.12, 0.65, 0.74))
    colour, shown = colours(study) if colour is None else colour, _shown(study)
    if len(study.starts) != 2 and plane is None:
        _bars(study, ax, shown, colour)
    else:
        loss = getattr(study, "objective", None) if loss is None else loss
        handles = _plane(study, ax, shown, colour, plane, shade, limits)
        handles += _levels(ax, study, loss, levels, plane)
        for certificate in certified:
            certificate.draw(ax, color="white", linewidths=2)
        handles += _certified(len(certified)) + _paths(ax, study, paths, plane) + _points(ax, study, plane)
        handles += _witnesses(ax, study, witnesses, plane)
        ax.legend(handles=handles, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8)
    first, second = title(study, plane).split("\n")
    # (told where the title is, matplotlib need not measure all of the picture to find out)
    ax.set_title(textwrap.fill(first, 70) + "\n" + second, fontsize=10, y=1.0)
    return ax.figure


def _shown(study) -> list[int]:
    """The codes that a legend explains: those that occur, all minima, and what is not at a point."""
    return [c for c in study.codes_shown() if c < 0 or np.any(study.codes == c) or study.points[c].nature.is_minimum]


# ------------------------------------------------------------------------------------------------ on a plane
def _flat(theta: np.ndarray, plane) -> np.ndarray:
    """The coordinates on the picture, (2, n)."""
    return theta if plane is None else plane.coordinates(theta)


def _plane(study, ax, shown, colour, plane, shade, limits) -> list[Artist]:
    """The labels, and the frame that all else is drawn in."""
    from matplotlib.patches import Patch

    x, y = _flat(study.starts, plane)
    pixels = study.by_code(lambda code: rgb([colour.get(code, "#FFFFFF")])[0])
    handles: list[Artist] = [Patch(facecolor=colour[c], edgecolor="black", linewidth=0.5, label=_narrow(
        f"{study.label(c)}  {share_text(int(np.sum(study.codes == c)), study.n)}")) for c in shown]
    if shade is not None:
        share, words = _shade(study, shade, limits)
        pixels = pixels * (1 - 0.7 * share[:, None])
        handles.append(Patch(facecolor="#404040", edgecolor="black", linewidth=0.5, label=words))
    sides = study.shape if plane is None else grid_sides(np.array([x, y]))
    if sides and min(sides) > 1:
        rows, columns = sides
        dx, dy = (np.ptp(x) / (columns - 1)) / 2, (np.ptp(y) / (rows - 1)) / 2
        extent = (x.min() - dx, x.max() + dx, y.min() - dy, y.max() + dy)  # a start is the middle of its pixel
        ax.imshow(pixels.reshape(rows, columns, 3), origin="lower", extent=extent, interpolation="nearest",
                  aspect="auto")
    else:
        ax.scatter(x, y, c=pixels, s=6, linewidths=0)
        extent = (x.min(), x.max(), y.min(), y.max())
    ax.set_xlim(extent[:2])
    ax.set_ylim(extent[2:])
    names = study.coordinates if plane is None else plane.names
    # (a letter between dollars looks the same, and costs as much as all the rest of the picture)
    x_style, y_style = ("italic" if len(name) == 1 else "normal" for name in names)
    upright = dict(rotation=0, labelpad=12) if len(names[1]) < 4 else {}
    ax.set_xlabel(names[0], style=x_style)
    ax.set_ylabel(names[1], style=y_style, **upright)
    return handles


def _shade(study, shade, limits) -> tuple[np.ndarray, str]:
    """How dark each start is, in [0, 1], and what that means."""
    words, values, limits = _shown_by(study, shade, limits)
    low, high = limits
    return (np.clip((values - low) / (high - low), 0, 1) if high > low else np.zeros(study.n),
            f"darker: {words}\n({low:.4g} to {high:.4g})")


def _shown_by(study, shade, limits=None) -> tuple[str, np.ndarray, tuple[float, float]]:
    """What shading shows: in words, of each start, and from where to where."""
    if isinstance(shade, str):
        if shade != "steps":
            raise ValueError(f"figure(shade={shade!r}): \"steps\", or numbers, one per start, with what they are: "
                             "{words: numbers}")
        named = study.steps[study.codes >= 0]
        low, high = np.quantile(named if named.size else study.steps, (0.02, 0.98))
        return "more steps", study.steps, limits or (round(low), round(high))
    (words, given), = shade.items() if isinstance(shade, Mapping) and len(shade) == 1 else (("share", shade),)
    share = np.asarray(given, dtype=float)
    if share.shape != (study.n,) or not np.isfinite(share).all():
        raise ValueError(f"figure(shade=...): {study.n} finite numbers, one per start, got shape {share.shape}")
    return words, share, limits or (float(share.min()), float(share.max()))


def _inside(ax, at: np.ndarray) -> np.ndarray:
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    return (at[0] >= left) & (at[0] <= right) & (at[1] >= low) & (at[1] <= high)


def _points(ax, study, plane) -> list[Artist]:
    """The isolated critical points of the picture by nature, grey where the Hessian is singular."""
    from matplotlib.lines import Line2D

    isolated = [p for p in study.points if not p.family]
    if not isolated:
        return []
    theta = np.array([p.theta for p in isolated]).T
    at, there = _flat(theta, plane), np.ones(len(isolated), dtype=bool)
    if plane is not None:
        there = plane.distance(theta) <= 1e-6 * max(1.0, np.abs(theta).max())
    there &= _inside(ax, at)
    handles: list[Artist] = []
    looks = [(p.nature.kind, bool(p.nature.degenerate)) for p in isolated]
    for kind, degenerate in dict.fromkeys(look for look, here in zip(looks, there, strict=True) if here):
        chosen = [k for k, look in enumerate(looks) if look == (kind, degenerate) and there[k]]
        style: dict[str, Any] = dict(marker=Nature(kind).marker, linestyle="none", markeredgecolor="black",
                                     markerfacecolor="#999999" if degenerate else "white", markersize=6)
        ax.plot(*at[:, chosen], **style)
        handles.append(Line2D([], [], label="degenerate " * degenerate + kind, **style))
    return handles


def _levels(ax, study, loss, levels, plane) -> list[Artist]:
    """Level lines of the loss; those through saddles of the picture are dashed."""
    from matplotlib.lines import Line2D

    if levels is False or levels is None:
        return []
    if loss is None:
        raise ValueError("figure(levels=...): level lines need the loss: figure(loss=..., levels=...)")
    limits = ax.get_xlim(), ax.get_ylim()
    x, y = np.meshgrid(*(np.linspace(low, high, FINE) for low, high in limits))
    at = np.array([x.ravel(), y.ravel()])
    with np.errstate(all="ignore"):
        values = np.reshape(loss.value(at if plane is None else plane.at(at)), x.shape)
    finite = values[np.isfinite(values)]
    count = 12 if levels is True else levels
    if isinstance(count, (int, np.integer)):
        heights = np.unique(np.quantile(finite, np.linspace(0, 1, count + 2)[1:-1])) if finite.size else np.array([])
    else:
        heights = np.unique(np.asarray(levels, dtype=float))
    saddles = np.unique(np.round([p.value for p in study.points if p.nature.is_saddle and np.isfinite(p.value)], 12))
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    drawn: tuple[tuple[np.ndarray, Any, float, str], ...] = (
        (heights, "solid", 0.5, "level lines of F"),
        (saddles[(saddles > low) & (saddles < high)], "dashed", 0.8, "levels of saddles"))
    handles: list[Artist] = []
    for lines, style, width, words in drawn:
        if len(lines):
            ax.contour(x, y, values, levels=lines, colors="black", linewidths=width, linestyles=style)
            handles.append(Line2D([], [], color="black", linewidth=width, linestyle=style, label=words))
    return handles


def _certified(count: int) -> list[Artist]:
    from matplotlib.patches import Patch

    return [Patch(facecolor="#BBBBBB", edgecolor="white", linewidth=2, label="proved: in the basin")] if count else []


def _paths(ax, study, paths, plane) -> list[Artist]:
    """Trajectories, a dot at the start of each."""
    from matplotlib.lines import Line2D

    dim, count = len(study.starts), 0
    for path in paths:
        history = np.asarray(getattr(path, "y", path), dtype=float)  # a Run, or its parameters
        if history.ndim not in (2, 3) or len(history) < dim:
            raise ValueError(f"figure(paths=...): a Run with its record, or parameters ({dim}, points), got an array "
                             f"of shape {history.shape}")
        lanes = history[:dim].reshape(dim, -1, history.shape[-1])
        for k in range(lanes.shape[1]):
            at = _flat(lanes[:, k], plane)
            ax.plot(*at, color="white", linewidth=2.2, solid_capstyle="round")
            ax.plot(*at, color="black", linewidth=1.0, marker=".", markersize=2.5)
            ax.plot(*at[:, :1], marker="o", color="black", markersize=4)
            count += 1
    return [Line2D([], [], color="black", linewidth=1, marker=".", label="trajectory")] if count else []


def _witnesses(ax, study, radius, plane) -> list[Artist]:
    from matplotlib.lines import Line2D

    found = study.witnesses(radius) if radius is not None else []
    if not found:
        return []
    nearest = list({w.minimum: w for w in reversed(found)}.values())[::-1]  # of each minimum
    style: dict[str, Any] = dict(marker="*", linestyle="none", markerfacecolor="white", markeredgecolor="black",
                                 markersize=13)
    starts = _flat(np.array([w.start for w in nearest]).T, plane)
    for start, end in zip(starts.T, _flat(study.theta[:, [w.index for w in nearest]], plane).T, strict=True):
        ax.annotate("", xy=end, xytext=start, arrowprops=dict(arrowstyle="->", shrinkA=4, shrinkB=4),
                    annotation_clip=False)
    ax.plot(*starts, **style)
    return [Line2D([], [], label="nearest to a minimum, ends\nelsewhere (→); distance "
                   f"{min(w.distance for w in nearest):.2g}", **style)]


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
    ax.set_yticks(at, [_narrow(row["end"], 32) for row in rows], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlabel("fraction of the starts" + " (95 % Wilson intervals)" * sample)


def _narrow(text: str, width: int = 42) -> str:
    """A text in lines that a legend has room for; its runs of spaces stay."""
    return text if len(text) <= width else textwrap.fill(text, width, drop_whitespace=True)


def share_text(count: int, n: int) -> str:
    """A fraction, or the number of starts where that is under a thousandth."""
    return f"{count / n:.1%}" if count >= n / 1000 else f"{count} start{'s' * (count > 1)}" if count else "0"


# ------------------------------------------------------------------------------------------------ several studies
def panels(studies: Sequence[Study], *, columns: int | None = None, titles: Iterable[str] | None = None,
           **options: Any) -> Figure:
    """Maps side by side, their labels in the same colours, with one legend.

    columns : panels in a row (two or three unless given).  titles : of each panel.  options : those of `Study.figure`;
    `shade` and `paths` as a list, one for each panel.
    Raises ValueError where there are none, or a list is not as long as the studies.
    """
    from matplotlib.figure import Figure

    labels = Labels(studies)
    count, colour = len(labels.studies), palette(labels)
    named = [None] * count if titles is None else list(titles)
    each = {name: list(options.pop(name)) for name in ("shade", "paths") if options.get(name) is not None}
    for name, values in (each | {"titles": named}).items():
        if len(values) != count:
            raise ValueError(f"panels({name}=...): one for each of the {count} studies, got {len(values)}")
    across = min(count, 3 if count > 4 or count == 3 else 2) if columns is None else columns
    if isinstance(across, bool) or not isinstance(across, int) or across < 1:
        raise ValueError(f"panels(columns={columns!r}): must be an integer >= 1")
    shades = each.get("shade", [None] * count)
    ranges = [_shown_by(s, shade)[2] for s, shade in zip(labels.studies, shades, strict=True) if shade is not None]
    if ranges:  # one darkness means one thing
        options["limits"] = min(low for low, _ in ranges), max(high for _, high in ranges)
    down = -(-count // across)
    figure = Figure(figsize=(4.4 * across + 2.6, 4.3 * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    others: dict[str, Artist] = {}
    for k, study in enumerate(labels.studies):
        codes = dict(zip(map(int, study.codes), map(int, labels.of(k)), strict=True))
        draw(study, axes[k], colour={code: colour[i] for code, i in codes.items()} | {
            code: colours(study)[code] for code in study.codes_shown() if code not in codes},
            **options | {name: values[k] for name, values in each.items()})
        legend = axes[k].get_legend()
        if legend is not None:
            shown = zip(legend.legend_handles, legend.get_texts(), strict=True)
            others |= {text.get_text(): handle for handle, text in list(shown)[len(_shown(study)):]}
            legend.remove()
        if named[k] is not None:
            axes[k].set_title(named[k], fontsize=10)
    for ax in axes[count:]:
        ax.remove()
    handles = _patches(labels, colour)
    for text, handle in others.items():
        handle.set_label(text)
        handles.append(handle)
    figure.legend(handles=handles, loc="outside right center", frameon=False, fontsize=8)
    return figure


# ------------------------------------------------------------------------------------------------ sweeps
def draw_sweep(sweep, ax=None, what="minimum"):
    """See `Sweep.figure`."""
    if len(sweep.axes) > 2:
        raise ValueError(f"a figure shows one hyperparameter or two, not {', '.join(sweep.axes)}")
    if ax is None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8.2, 5))
        ax = figure.add_axes((0.09, 0.12, 0.54 if len(sweep.axes) == 1 else 0.88, 0.77))
    for name, values, side in zip(sweep.axes, sweep.axes.values(), "xy", strict=False):
        ax.set(**{f"{side}label": name, f"{side}scale": "log" if _geometric(values) else "linear"})
        if _geometric(values):
            axis = ax.xaxis if side == "x" else ax.yaxis
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter("")
    (_shares if len(sweep.axes) == 1 else _shares_of_plane)(sweep, ax, what)
    known = [s for s in sweep.studies if s is not None]
    words = f"n = {known[0].n} starts for each of {len(known)} settings" + ", interrupted" * (not sweep.complete)
    ax.set_title(f"{sweep.title}\n{words}", fontsize=10)
    return ax.figure


def draw_diagram(sweep, ax=None):
    """See `Sweep.diagram`."""
    from matplotlib.colors import ListedColormap

    known = [s for s in sweep.studies if s is not None]
    if len(sweep.axes) > 1 or len(known) < len(sweep.studies):
        raise ValueError("a diagram has one hyperparameter and all its studies, not "
                         f"{', '.join(sweep.axes)} and {len(known)} of {len(sweep.studies)}")
    starts = known[0].starts
    along = starts[:, -1] - starts[:, 0]
    length = float(np.linalg.norm(along))
    place = along @ (starts - starts[:, :1]) / length if length else np.zeros(starts.shape[1])
    off = np.linalg.norm(starts - starts[:, :1] - np.outer(along / (length or 1.0), place), axis=0).max()
    if len(place) < 2 or off > 1e-9 * max(1.0, np.abs(starts).max()) or not (np.diff(place) > 0).all():
        raise ValueError("a diagram needs starts on a line, in order from one end to the other")
    moving = np.flatnonzero(np.ptp(starts, axis=1) > 0)
    if len(moving) == 1:  # a coordinate is its own place
        place = starts[moving[0]]
    words = known[0].coordinates[moving[0]] if len(moving) == 1 else "distance along the line of starts"
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(8.2, 5)).add_axes((0.1, 0.12, 0.53, 0.77))
    ((name, values),) = sweep.axes.items()
    order, (x, ascending) = np.argsort(values), (place, 1) if place[0] < place[-1] else (place[::-1], -1)
    numbers = np.array([sweep.labels.of(k) for k in order])[:, ::ascending]
    colour = palette(sweep.labels)
    ax.set(xlabel=words, ylabel=name, yscale="log" if _geometric(values) else "linear")
    if _geometric(values):
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("")
    ax.pcolormesh(_edges(x), _edges(values[order]), numbers, cmap=ListedColormap(colour), vmin=-0.5,
                  vmax=len(colour) - 0.5, rasterized=True)
    ax.legend(handles=[*_patches(sweep.labels, colour), *_lost(sweep, ax.axhline)], loc="center left",
              bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8)
    ax.set_title(f"{sweep.title}\n{len(values)} rows of {len(x)} starts", fontsize=10)
    return ax.figure


def _patches(labels: Labels, colour: Sequence[str]) -> list[Artist]:
    """Of a legend: the labels that occur, and all minima."""
    from matplotlib.patches import Patch

    seen = labels.counts().sum(axis=1) > 0
    return [Patch(facecolor=colour[i], edgecolor="black", linewidth=0.5, label=_narrow(label.text))
            for i, label in enumerate(labels.all) if seen[i] or label.is_minimum]


def _lost(sweep, draw_line) -> list[Artist]:
    """A line where minima lose their stability."""
    (name,), lost = sweep.axes, dict[float, list[str]]()
    for threshold in sweep.thresholds:
        for x in threshold.at:
            lost.setdefault(round(x, 12), []).append(threshold.minimum.removeprefix("minimum "))
    return [draw_line(x, color="black", linestyle="dashed", linewidth=1.2,
                      label=textwrap.fill(f"{name} = {x:.4g}: theory, {', '.join(minima)} lose stability", 38))
            for x, minima in lost.items()]


def _geometric(values: np.ndarray) -> bool:
    """Whether values grow by factors rather than by steps."""
    x = np.sort(values)
    if len(x) < 3 or x[0] <= 0:
        return False
    steps, factors = np.diff(x), np.diff(np.log(x))
    return bool(factors.std() / factors.mean() < steps.std() / steps.mean())


def _edges(values: np.ndarray) -> np.ndarray:
    """The borders of cells around values that grow: half way between them."""
    if len(values) == 1:
        return np.array([values[0] - 0.5, values[0] + 0.5]) if values[0] <= 0 else values[0] * np.array([0.9, 1.1])
    geometric = _geometric(values)
    x = np.log(values) if geometric else values
    middle = (x[1:] + x[:-1]) / 2
    edges = np.concatenate([[x[0] - (middle[0] - x[0])], middle, [x[-1] + (x[-1] - middle[-1])]])
    return np.exp(edges) if geometric else edges


def _shares(sweep, ax, what) -> None:
    """Bands, as high as the share of a label at each value, and a line where minima lose their stability."""
    ((name, values),) = sweep.axes.items()
    order, colour = np.argsort(values), palette(sweep.labels)
    edges, bottom = _edges(values[order]), np.zeros(len(values))
    for i, (text, share) in enumerate(sweep.fractions().items()):
        if not np.nansum(share):
            continue
        top = bottom + np.nan_to_num(share[order])
        ax.fill_between(edges, np.append(bottom, bottom[-1]), np.append(top, top[-1]), step="post", color=colour[i],
                        linewidth=0, label=text)
        bottom = top
    _lost(sweep, ax.axvline)
    ax.set(xlim=(edges[0], edges[-1]), ylim=(0, 1), ylabel="share of the starts")
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8)


def _shares_of_plane(sweep, ax, what) -> None:
    """The share of what was asked for over two hyperparameters, and the lines where minima lose their stability."""
    from matplotlib.lines import Line2D

    (first, x), (second, y) = sweep.axes.items()
    order_x, order_y = np.argsort(x), np.argsort(y)
    share = sweep.fraction(what)[np.ix_(order_x, order_y)]
    mesh = ax.pcolormesh(_edges(x[order_x]), _edges(y[order_y]), share.T, cmap="viridis", vmin=0, vmax=1)
    word = getattr(what, "label", what)
    ax.figure.colorbar(mesh, ax=ax, label=f"share of the starts: {word}")
    heights = sorted({round(t.sharpness, 9) for t in sweep.thresholds})
    if not heights:
        return
    fine = [(np.geomspace if _geometric(v) else np.linspace)(v.min(), v.max(), FINE) for v in (x, y)]
    at = np.meshgrid(*fine)
    bears = sweep.bears(**{first: at[0], second: at[1]})
    crossed = [h for h in heights if np.nanmin(bears) < h < np.nanmax(bears)]
    if crossed:
        ax.contour(*at, bears, levels=crossed, colors="white", linewidths=1.5, linestyles="dashed")
        words = f"theory: minima of sharpness {', '.join(f'{h:.3g}' for h in crossed)} lose stability"
        ax.legend(handles=[Line2D([], [], color="white", linestyle="dashed", label=words)], facecolor="#555555",
                  labelcolor="white", loc="lower left", fontsize=8)
