"""Pictures are tests: what they show is asserted."""
import math

import matplotlib
import numpy as np
import pytest

import flows
import lyapunov
import networks
from basins import Explorer, Labels, Plane, entropy, grid, panels, rises, study, sweep, text, uniform
from basins.figure import colours, palette
from basins.palette import MINIMA, minimum_colours, rgb
from schemes import Outcome, Stop, named

STOP = Stop(max_steps=2000)


@pytest.fixture(scope="module", autouse=True)
def no_display():
    matplotlib.use("Agg")


@pytest.fixture(scope="module")
def polytwo():
    return networks.get("polytwo")


@pytest.fixture(scope="module")
def wells():
    """Three coupled double wells: 27 critical points, 8 of them minima."""
    return networks.Loss(lambda t: sum((t[i]**2 - 1)**2 / 4 for i in range(3)) + (t[0]*t[1] + t[1]*t[2]) / 10, 3,
                         name="wells", box=((-2, 2),) * 3)


@pytest.fixture(scope="module")
def basins_of_gd(polytwo):
    return study(polytwo, named("gd", lr=0.1), grid(polytwo.box, 30), progress=False)


def legend(ax):
    return [t.get_text() for t in ax.get_legend().get_texts()]


def marked(ax):
    """How many points each kind of mark is at."""
    return [len(line.get_xydata()) for line in ax.lines if line.get_linestyle() == "None"]


def pixels(ax):
    return np.asarray(ax.images[0].get_array())


# ------------------------------------------------------------------------------------------------------- colours
def test_any_number_of_minima_has_colours_of_its_own():
    assert minimum_colours(4) == MINIMA[:4] and minimum_colours(40)[:6] == MINIMA
    many = minimum_colours(40)
    assert len(set(many)) == 40 and minimum_colours(20) == many[:20]
    taken = rgb([*many, "#000000", "#D55E00", *(o.colour for o in Outcome if o is not Outcome.RUNNING)])
    apart = np.abs(taken[:, None] - taken).max(axis=2) + np.eye(len(taken))
    assert apart[:40].min() > 0.08  # of no two is every channel alike


def test_the_same_pixels_as_one_colour_after_the_other(basins_of_gd):
    from matplotlib.colors import to_rgb

    shown, colour = pixels(basins_of_gd.figure().axes[0]), colours(basins_of_gd)
    slowly = np.array([to_rgb(colour[int(code)]) for code in basins_of_gd.codes]).reshape(30, 30, 3)
    assert np.array_equal(shown, slowly)


# -------------------------------------------------------------------------------------------------- what is drawn in
def test_level_lines_and_those_of_saddles(polytwo, basins_of_gd):
    ax = basins_of_gd.figure(loss=polytwo, levels=[0.5, 2.0]).axes[0]
    heights = [sorted(c.levels) for c in ax.collections if hasattr(c, "levels")]
    assert [0.5, 2.0] in heights and heights[1] == pytest.approx([0.25])  # all four saddles are at 1/4
    lines = ax.collections[0].get_paths()[0].vertices
    assert polytwo.value(lines.T) == pytest.approx(0.5, abs=0.02)
    assert "level lines of F" in legend(ax) and "levels of saddles" in legend(ax)
    count = len(basins_of_gd.figure(loss=polytwo, levels=7).axes[0].collections[0].levels)
    assert count == 7


def test_trajectories_certified_regions_and_points_by_nature(polytwo, basins_of_gd):
    optimizer = named("gd", lr=0.1)
    run = optimizer.run(polytwo, [0.5, 1.5], record=1)
    proved = [lyapunov.basin_certificate(flows.GradientDescent(), p) for p in polytwo.critical_points()
              if p.nature == "minimum"]
    ax = basins_of_gd.figure(paths=[run, np.array([[0.0, 1.0], [2.0, 2.0]])], certified=proved).axes[0]
    drawn = [line.get_xydata() for line in ax.lines if line.get_marker() == "."]
    assert np.array_equal(drawn[0].T, run.y) and drawn[1].tolist() == [[0, 2], [1, 2]]
    assert sum(hasattr(c, "levels") for c in ax.collections) == 4
    assert {"trajectory", "proved: in the basin", "minimum", "saddle", "maximum"} <= set(legend(ax))
    natures = [p.nature.kind for p in polytwo.critical_points()]
    assert sorted(marked(ax)) == sorted(natures.count(kind) for kind in set(natures)) == [1, 4, 4]


def test_shading_is_by_steps_or_by_numbers(basins_of_gd):
    plain, shaded = (pixels(basins_of_gd.figure(shade=s).axes[0]).reshape(-1, 3) for s in (None, "steps"))
    named_ends = np.flatnonzero(basins_of_gd.codes >= 0)
    low, high = map(round, np.quantile(basins_of_gd.steps[named_ends], (0.02, 0.98)))
    share = np.clip((basins_of_gd.steps - low) / (high - low), 0, 1)
    assert shaded == pytest.approx(plain * (1 - 0.7 * share[:, None]))
    ax = basins_of_gd.figure(shade={"x": np.arange(900)}).axes[0]
    assert pixels(ax)[0, 0] == pytest.approx(plain[0]) and pixels(ax)[-1, -1] == pytest.approx(0.3 * plain[-1])
    assert "darker: x\n(0 to 899)" in legend(ax)
    assert f"darker: more steps\n({low:.0f} to {high:.0f})" in legend(basins_of_gd.figure(shade="steps").axes[0])


@pytest.mark.parametrize("name, hyperparameters", [
    ("gd", {"lr": 0.1}), ("momentum", {"lr": 0.1}), ("adam", {"lr": 0.5}), ("lc-egd", {})])
def test_the_share_of_steps_on_which_the_energy_rises(polytwo, name, hyperparameters):
    """Beside the recorded states of each run, one after the other."""
    optimizer, starts, stop = named(name, **hyperparameters), grid(polytwo.box, 4), Stop(max_steps=60)
    found, run = rises(polytwo, optimizer, starts, stop=stop), optimizer.run(polytwo, starts, stop=stop, record=1)
    field = optimizer.flow.on(polytwo)
    for k in range(16):
        states = [field.state(t, y) for t, y in zip(run.t[k], run.y[:, k].T, strict=True)]
        heights = [float(optimizer.flow.energy(s, polytwo.oracle(s.theta))) for s in states]
        rose = sum(b - a > 2 * np.finfo(float).eps * abs(a) for a, b in zip(heights[:-1], heights[1:], strict=True))
        assert found[k] == rose / max(run.accepted[k], 1)
    assert (found.max() > 0) == (name != "lc-egd")  # whose steps may not raise it
    with pytest.raises(ValueError, match="no energy of its own"):
        rises(polytwo, named("adamw"), starts)
    other = rises(polytwo, named("adamw"), starts, lyapunov.Energy(lambda s, oracle: oracle.value), stop=stop)
    assert ((other >= 0) & (other <= 1)).all()


@pytest.mark.parametrize("options, message", [
    ({"levels": True, "loss": None}, "need the loss"), ({"shade": "speed"}, "steps"),
    ({"shade": np.ones(3)}, "900 finite"), ({"paths": [np.ones(3)]}, "Run with its record"),
    ({"paths": [np.ones((1, 5))]}, r"\(2, points\)")])
def test_bad_options_are_named(basins_of_gd, options, message):
    import dataclasses

    bare = basins_of_gd
    if "objective" in {f.name for f in dataclasses.fields(bare)}:
        bare = dataclasses.replace(bare, objective=None)
    with pytest.raises(ValueError, match=message):
        bare.figure(**options)


# ------------------------------------------------------------------------------------------------------------- planes
def test_planes_hold_what_they_are_made_of(wells):
    result = study(wells, named("gd", lr=0.1), uniform(wells.box, 200, 0), progress=False)
    principal = Plane.principal(result.theta)
    centred = result.theta - result.theta.mean(axis=1, keepdims=True)
    least = np.linalg.eigvalsh(centred @ centred.T)[0]
    assert np.sum(principal.distance(result.theta) ** 2) == pytest.approx(least)  # no plane is nearer
    assert principal.directions.T @ principal.directions == pytest.approx(np.eye(2))
    (maximum,) = [p for p in wells.critical_points() if p.nature == "maximum"]
    curved = Plane.hessian(wells, maximum)
    values = np.linalg.eigvalsh(wells.hessian(maximum.numeric))
    for direction, value in zip(curved.directions.T, values[[-1, 0]], strict=True):
        assert wells.hessian(maximum.numeric) @ direction == pytest.approx(value * direction, abs=1e-9)
    through = Plane.through(wells, "theta1", 2, at=[9.0, 0.5, 9.0])
    assert through.starts(((1, 2), (3, 4)), 2).T.tolist() == [[1, 0.5, 3], [2, 0.5, 3], [1, 0.5, 4], [2, 0.5, 4]]
    assert through.names == ("theta1", "theta3")
    theta = curved.at([[0.3, -1.0], [2.0, 0.5]])
    assert curved.coordinates(theta) == pytest.approx(np.array([[0.3, -1.0], [2.0, 0.5]]))
    assert curved.distance(theta) == pytest.approx([0, 0], abs=1e-12)


def test_a_map_of_a_plane_is_that_of_its_starts(wells):
    plane = Plane.hessian(wells, [0.0, 0.0, 0.0])
    starts = plane.starts(((-2, 2), (-1, 1)), (20, 12))
    result = study(wells, named("gd", lr=0.1), starts, progress=False)
    codes = plane.map(result)
    assert codes.shape == (12, 20) and np.array_equal(codes.ravel(), result.codes)
    assert codes[3, 7] == study(wells, named("gd", lr=0.1), plane.at([np.linspace(-2, 2, 20)[7],
                                                                      np.linspace(-1, 1, 12)[3]]),
                                progress=False).codes[0]
    assert entropy(codes, 4).boxes == 15
    run = named("gd", lr=0.1).run(wells, plane.at([1.0, 0.5]), record=1)
    ax = result.figure(plane=plane, loss=wells, levels=5, paths=[run], shade="steps").axes[0]
    assert pixels(ax).shape == (12, 20, 3) and "(20 × 12 grid)" in ax.get_title()
    assert ax.get_xlabel() == plane.names[0] and ax.get_xlim() == pytest.approx((-2 - 2 / 19, 2 + 2 / 19))
    drawn = next(line.get_xydata() for line in ax.lines if line.get_marker() == ".")
    assert drawn.T == pytest.approx(plane.coordinates(run.y))
    inside = [p for p in result.points if plane.distance(np.array([p.theta]).T)[0] < 1e-6]
    assert 0 < sum(marked(ax)) <= len(inside) < 27 and "maximum" in legend(ax)
    bars = result.figure().axes[0]
    assert len(bars.patches) == sum(1 for i, p in enumerate(result.points)
                                    if p.nature.is_minimum or (result.codes == i).any()) + 1  # diverged is there


@pytest.mark.parametrize("call, message", [
    (lambda loss: Plane([0.0, 0], [[1, 2], [2, 4]]), "multiple of the other"),
    (lambda loss: Plane([0.0, 0], [1, 2]), "got shapes"),
    (lambda loss: Plane.through(loss, "theta1", "weight"), "which has theta1, theta2, theta3"),
    (lambda loss: Plane.through(loss, 0, 0), "two coordinates"), (lambda loss: Plane.hessian(loss, [0, 0, 0], (1, -2)),
                                                                 "two of the 3 eigenvectors"),
    (lambda loss: Plane.principal(np.outer([1.0, 2, 3], np.arange(5))), "lie on a line"),
    (lambda loss: Plane.principal(np.zeros((3, 2))), "three finite points"),
    (lambda loss: Plane.through(loss, 0, 1).starts([(0, 1)] * 3, 2), "two coordinates"),
    (lambda loss: study(loss, named("gd"), np.zeros((3, 2)), stop=Stop(max_steps=1), progress=False).figure(levels=3),
     "drawn on a plane"),
    (lambda loss: Plane.through(loss, 0, 1).map(study(loss, named("gd"), np.ones((3, 6)) * np.arange(6), progress=False,
                                                      stop=Stop(max_steps=1))), "no grid on this plane")])
def test_bad_planes_are_named(wells, call, message):
    with pytest.raises(ValueError, match=message):
        call(wells)


# ---------------------------------------------------------------------------------------- several studies, sweeps
def test_the_place_of_the_title_is_not_searched_for(basins_of_gd, tmp_path, monkeypatch):
    """Else all ticks are laid out twice, a seventh of the work."""
    figure = basins_of_gd.figure()
    monkeypatch.setattr("matplotlib.axis.Axis.get_tightbbox", lambda *_, **__: pytest.fail("measured for the title"))
    figure.savefig(tmp_path / "map.png")
    assert figure.axes[0].title.get_position() == (0.5, 1.0)


def test_panels_share_colours_and_one_legend(polytwo, basins_of_gd):
    adam = study(polytwo, named("adam", lr=0.1), grid(polytwo.box, 20), progress=False)
    newton = study(polytwo, named("newton"), grid(polytwo.box, 20), progress=False)
    figure = panels([basins_of_gd, adam, newton], titles=["one", "two", "three"], loss=polytwo, levels=3,
                    shade=[None, "steps", None])
    assert [ax.get_title() for ax in figure.axes] == ["one", "two", "three"]
    assert all(ax.get_legend() is None for ax in figure.axes) and len(figure.legends) == 1
    words = [t.get_text() for t in figure.legends[0].get_texts()]
    assert len(words) == len(set(words)) and "level lines of F" in words and "saddle" in words
    labels = Labels([basins_of_gd, adam, newton])
    seen = {labels.texts[i] for k in range(3) for i in labels.of(k)}
    assert seen <= set(words)
    for k, study_ in ((0, basins_of_gd), (2, newton)):
        expected = rgb(palette(labels))[labels.of(k)].reshape(*study_.shape, 3)
        assert np.array_equal(pixels(figure.axes[k]), expected)
    same = panels([adam, newton], shade=[{"x": np.arange(400) / 2}, {"x": np.arange(400)}])
    assert sum(t.get_text() == "darker: x\n(0 to 399)" for t in same.legends[0].get_texts()) == 1
    with pytest.raises(ValueError, match="one for each of the 2 studies"):
        panels([adam, newton], titles=["one"])
    with pytest.raises(ValueError, match="no studies"):
        panels([])


def test_the_figure_of_a_sweep_shows_shares_and_thresholds(polytwo):
    rates = np.array([0.05, 0.2, 0.35, 0.5])
    swept = sweep(polytwo, "gd", {"lr": rates}, grid(polytwo.box, 20), stop=STOP, progress=False)
    ax = swept.figure().axes[0]
    shares = {text: values for text, values in swept.fractions().items() if values.sum()}
    bands = {band.get_label(): band for band in ax.collections}
    assert list(bands) == list(shares)
    for name, band in bands.items():
        area = 0.0
        for polygon in band.get_paths():
            x, y = polygon.vertices.T
            area += abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2
        assert area == pytest.approx(shares[name].sum() * 0.15)  # each value has a cell of the width between them
    (line,) = [line for line in ax.lines if line.get_linestyle() == "--"]
    assert line.get_xdata()[0] == pytest.approx(2 / (3 + math.sqrt(5)), abs=1e-9)
    assert any("lr = 0.382: theory, (-2, 1)" in t for t in legend(ax)) and "gd over lr" in ax.get_title()


def test_the_figure_of_a_plane_of_hyperparameters(polytwo):
    swept = sweep(polytwo, "momentum", {"lr": [0.1, 0.3, 0.9], "momentum": [0.0, 0.4, 0.8]}, grid(polytwo.box, 10),
                  stop=STOP, progress=False)
    ax, bar = swept.figure().axes
    mesh = ax.collections[0]
    assert np.asarray(mesh.get_array()).reshape(3, 3) == pytest.approx(swept.fraction("minimum").T)
    contour = ax.collections[1]
    (path,) = [p for p in contour.get_paths() if len(p.vertices)]
    lr, beta = path.vertices.T
    assert 2 * (1 + beta) / lr == pytest.approx(3 + math.sqrt(5), rel=1e-3) and np.ptp(beta) > 0.5
    assert bar.get_ylabel() == "share of the starts: minimum"
    assert swept.figure(what=Outcome.DIVERGED).axes[1].get_ylabel() == "share of the starts: diverged"
    three = sweep(polytwo, "adam", {"lr": [0.1], "beta1": [0.9], "beta2": [0.99]}, grid(polytwo.box, 3), progress=False)
    with pytest.raises(ValueError, match="one hyperparameter or two"):
        three.figure()


def test_a_diagram_has_a_row_for_each_value(polytwo):
    line = np.array([np.linspace(2, -2, 9), np.linspace(1, -1, 9)])
    swept = sweep(polytwo, "gd", {"lr": [0.5, 0.05, 0.2]}, line, stop=STOP, progress=False)
    ax = swept.diagram().axes[0]
    mesh = ax.collections[0]
    shown = np.asarray(mesh.get_array()).reshape(3, 9)
    for row, rate in zip(shown, (0.05, 0.2, 0.5), strict=True):
        result = swept.at(lr=rate)
        assert [swept.labels.texts[i] for i in row] == [result.label(int(c)) for c in result.codes]
    assert np.array_equal(mesh.cmap(mesh.norm(shown))[..., :3], rgb(palette(swept.labels))[shown])
    (dashed,) = ax.lines
    assert dashed.get_ydata()[0] == pytest.approx(2 / (3 + math.sqrt(5))) and "line of starts" in ax.get_xlabel()
    falling = sweep(polytwo, "gd", {"lr": [0.1]}, np.array([[2.0, 1.0, -2.0], [0.5, 0.5, 0.5]]), stop=STOP,
                    progress=False)
    ax = falling.diagram().axes[0]
    assert ax.get_xlabel() == "w" and ax.get_xlim()[0] < ax.get_xlim()[1]
    ends = [falling.studies[0].label(int(c)) for c in falling.studies[0].codes]
    assert [falling.labels.texts[i] for i in np.asarray(ax.collections[0].get_array()).ravel()] == ends[::-1]
    with pytest.raises(ValueError, match="starts on a line"):
        sweep(polytwo, "gd", {"lr": [0.1]}, grid(polytwo.box, 3), stop=STOP, progress=False).diagram()
    with pytest.raises(ValueError, match="one hyperparameter"):
        sweep(polytwo, "momentum", {"lr": [0.1], "momentum": [0.5]}, line, stop=STOP, progress=False).diagram()


# ------------------------------------------------------------------------------------------------ text and windows
def test_a_map_as_text_has_the_labels_of_its_starts(basins_of_gd):
    lines = text(basins_of_gd, 30).split("\n")
    legend_of = dict(line.split("  ", 1) for line in lines[lines.index("") + 1:])
    codes = basins_of_gd.map()
    assert len(lines[:15]) == 15 and {len(line) for line in lines[:15]} == {30}
    for k, line in enumerate(lines[:15]):
        for j, character in enumerate(line):
            near = {basins_of_gd.label(int(c)) for c in codes[28 - 2 * k:30 - 2 * k, j]}
            assert legend_of[character].rsplit("  ", 1)[0] in near
    assert legend_of["#"].startswith("diverged") and lines[15].startswith("w from -3 to 3, b from -3 (below)")
    assert sum(line.startswith(tuple("1234")) and "minimum" in line for line in lines) == 4
    small = text(study(networks.get("polytwo"), named("gd", lr=0.1), grid((-3, 3), (4, 3)), progress=False), 72)
    assert [len(line) for line in small.split("\n")[:2]] == [4, 4]
    with pytest.raises(ValueError, match="width"):
        text(basins_of_gd, 1)
    with pytest.raises(ValueError, match="grid of two coordinates"):
        text(study(networks.get("polytwo"), named("gd"), uniform((-1, 1), 5, 0), stop=Stop(max_steps=3),
                   progress=False))


def test_a_zoom_computes_the_view_anew(polytwo):
    from matplotlib import pyplot

    explorer = Explorer(polytwo, named("momentum", lr=0.1), n=24, stop=STOP)
    try:
        explorer.figure.canvas.draw()
        first = explorer.study
        assert first.n == 576 and not explorer.refresh() and explorer.study is first
        explorer.ax.set_xlim(1, 2)
        explorer.ax.set_ylim(-2.5, -1.5)
        explorer.figure.canvas.draw()  # as the window does after a zoom
        assert explorer.study is not first and explorer.ax.images[0].get_extent() == pytest.approx([1, 2, -2.5, -1.5])
        assert explorer.ax.get_xlim() == pytest.approx((1, 2)) and explorer.ax.get_ylim() == pytest.approx((-2.5, -1.5))
        half = 0.5 / 24
        alone = study(polytwo, named("momentum", lr=0.1), grid(((1 + half, 2 - half), (-2.5 + half, -1.5 - half)), 24),
                      stop=STOP, progress=False)
        assert np.array_equal(explorer.study.codes, alone.codes) and len(np.unique(alone.codes)) > 2
        expected = rgb([colours(alone)[int(c)] for c in alone.codes]).reshape(24, 24, 3)
        assert np.array_equal(pixels(explorer.ax), expected)
        again = explorer.study
        explorer.figure.canvas.draw()
        assert explorer.study is again
    finally:
        pyplot.close(explorer.figure)
    with pytest.raises(ValueError, match="give the plane"):
        Explorer(networks.get("linear-three"), named("gd"))


def test_a_zoom_on_a_plane(wells):
    from matplotlib import pyplot

    plane = Plane.through(wells, 0, 1)
    explorer = Explorer(wells, named("gd", lr=0.1), (-2, 2), n=8, plane=plane)
    try:
        explorer.ax.set_xlim(0, 1)
        assert explorer.refresh()
        x, y = plane.coordinates(explorer.study.starts)
        assert (x.min(), x.max()) == pytest.approx((1 / 16, 15 / 16)) and (explorer.study.starts[2] == 0).all()
    finally:
        pyplot.close(explorer.figure)
