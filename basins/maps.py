"""Maps without a picture file: as text for terminals, and as a window that follows every zoom."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from arithmetic import Box
from networks import Objective
from schemes import Optimizer

from .figure import draw, share_text
from .follow import study
from .palette import told_apart
from .planes import Plane
from .result import Study
from .starts import grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MINIMA = "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  #: characters of minima; further ones share the last
OTHERS = "#.~=o+*%&@?"                          #: of labels that are no points; "#" is what is diverged


def text(result: Study, width: int = 72, plane: Plane | None = None) -> str:
    """A map as text, a character for each label, and below it what they mean and how often they occur.

    width : characters at most in a row; each is the start nearest to its middle.  Rows are half as many for a square
    map, as characters are twice as high as wide.  plane : as for `Study.figure`.
    Raises ValueError where the starts are no grid of two coordinates.
    """
    if isinstance(width, bool) or not isinstance(width, (int, np.integer)) or width < 2:
        raise ValueError(f"text(width={width!r}): must be an integer >= 2")
    codes = result.map() if plane is None else plane.map(result)
    characters = _characters(result)
    rows, columns = codes.shape
    across = min(int(width), columns)
    down = max(1, min(rows, round(across * rows / columns / 2)))
    i, j = _middles(rows, down), _middles(columns, across)
    x, y = result.starts if plane is None else plane.coordinates(result.starts)
    names = result.coordinates if plane is None else plane.names
    lines = ["".join(characters[int(code)] for code in row) for row in codes[np.ix_(i[::-1], j)]]
    legend = [f"{characters[code]}  {result.label(code)}  {share_text(int(np.sum(result.codes == code)), result.n)}"
              for code in result.codes_shown() if np.any(result.codes == code)]
    return "\n".join([*lines, f"{names[0]} from {x.min():g} to {x.max():g}, {names[1]} from {y.min():g} (below) to "
                      f"{y.max():g}", "", *legend])


def _middles(n: int, parts: int) -> np.ndarray:
    """Of n things in so many parts, the one in the middle of each."""
    return ((np.arange(parts) + 0.5) * n / parts).astype(int)


def _characters(result: Study) -> dict[int, str]:
    """A character for every code that occurs."""
    found, minima, others = {}, iter(MINIMA), iter(OTHERS[1:])
    for code in result.codes_shown():
        if code >= 0:
            nature = result.points[code].nature
            found[code] = next(minima, MINIMA[-1]) if told_apart(nature) else "^" if nature.kind == "maximum" else "x"
        else:
            found[code] = "#" if result.label(code) == "diverged" else next(others, OTHERS[-1])
    return found


class Explorer:
    """A map that is computed again wherever it is zoomed or moved to: `Explorer(loss, optimizer).show()`, or in a
    notebook under an interactive back end of matplotlib (`%matplotlib widget`).

    box : the first view, by default that of the loss.  n : starts per side.  plane : where there are more than two
    parameters, the `Plane` of which the view shows coordinates.  options : those of `study`.

    study : of what is shown now.  figure, ax : the picture.
    """

    def __init__(self, loss: Objective, optimizer: Optimizer, box: Box | tuple[float, float] | None = None, *,
                 n: int = 200, plane: Plane | None = None, **options: Any):
        from matplotlib import pyplot

        if plane is None and loss.dim != 2:
            raise ValueError(f"Explorer: {loss.name} has {loss.dim} parameters; give the plane=Plane(...) to look at")
        self.loss, self.optimizer, self.n, self.plane = loss, optimizer.shared(), n, plane
        self.options = {"progress": False} | options
        view = box if box is not None else loss.box if plane is None else (-1.0, 1.0)
        self.study = self._study(view)
        self.figure: Figure = pyplot.figure(figsize=(8.2, 5))
        self.ax = self.figure.add_axes((0.1, 0.1, 0.53, 0.79))
        self._draw()
        self._shown = self._view()
        # both limits change in one zoom: what is drawn next has them both
        self._link = self.figure.canvas.mpl_connect("draw_event", lambda event: self.refresh())

    def _study(self, view) -> Study:
        starts = grid(view, self.n) if self.plane is None else self.plane.starts(view, self.n)
        return study(self.loss, self.optimizer, starts, **self.options)

    def _view(self) -> tuple[tuple[float, float], tuple[float, float]]:
        x, y = sorted(self.ax.get_xlim()), sorted(self.ax.get_ylim())
        return (float(x[0]), float(x[1])), (float(y[0]), float(y[1]))

    def _draw(self) -> None:
        view = self._view()
        self.ax.clear()
        draw(self.study, self.ax, plane=self.plane)
        if hasattr(self, "_shown"):
            self.ax.set(xlim=view[0], ylim=view[1])

    def refresh(self) -> bool:
        """Compute the view anew if its limits have changed; whether they had."""
        view = self._view()
        if view == self._shown:
            return False
        cell = [(high - low) / self.n / 2 for low, high in view]  # a start is the middle of its pixel
        self.study = self._study([(low + c, high - c) for (low, high), c in zip(view, cell, strict=True)])
        self._draw()
        self._shown = self._view()
        self.figure.canvas.draw_idle()
        return True

    def show(self) -> None:
        """Open the window and wait until it is closed."""
        from matplotlib import pyplot

        pyplot.show()
