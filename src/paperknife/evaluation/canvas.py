"""What matplotlib pictures have in common: a sentence above, no box around, the colours of the classes, time in words.

For notebooks and MLflow. The page draws its own, as SVG: see `pictures`. matplotlib comes with the extra `train`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Grid = np.ndarray[tuple[int, int], np.dtype[Any]]

INK: Final = {"human": "#1b7f79", "prefetch": "#c8553d", "machine": "#6c757d", "uncertain": "#d9d9d9"}
"""Colours of the answers, told apart by colour-blind people too."""

QUIET: Final = "#8a8a8a"
"""For what is there to compare with: diagonals, priors, rules."""

_TIMES_S: Final = {1: "1 s", 60: "1 min", 3600: "1 h", 86_400: "1 day", 7 * 86_400: "7 days"}


def blank(
    title: str, *, width: float = 7.0, height: float = 3.6, columns: int = 1, share_y: bool = False
) -> tuple[Figure, list[Axes]]:
    """Return a figure and its empty axes, side by side.

    Parameters
    ----------
    title : str
        What the picture shows, as a sentence.
    width, height : float
        Inches.
    columns : int
    share_y : bool
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    grid: Grid = figure.subplots(1, columns, squeeze=False, sharey=share_y)
    axes: list[Axes] = list(grid[0])
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    return figure, axes


def time_axis(axes: Axes, label: str) -> None:
    """Make the x axis one of seconds on a logarithmic scale, with times in words."""
    axes.set_xscale("log")
    axes.set_xticks(list(_TIMES_S), list(_TIMES_S.values()))
    axes.minorticks_off()
    axes.set_xlabel(label)


def percent_axis(axes: Axes, which: str, label: str) -> None:
    """Make an axis, "x" or "y", one of shares from 0 to 100 %."""
    places, words = [0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"]
    if which == "x":
        axes.set_xticks(places, words)
        axes.set_xlabel(label)
    else:
        axes.set_yticks(places, words)
        axes.set_ylabel(label)
