"""Pictures of what labels without truth rest on: hazards, kappa, and what clicks date.

Titles say what came out, from the figures themselves, so that a picture is right for any log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from paperknife.evaluation.canvas import INK, QUIET, blank, percent_axis, time_axis
from paperknife.evaluation.metrics import share_interval
from paperknife.evaluation.wording import percent
from paperknife.hazards.kappa import no_kappa
from paperknife.labels.click_dating import GAP_EDGES_S

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from paperknife.hazards.kappa import Kappa
    from paperknife.hazards.sender import SenderHazards
    from paperknife.labels.click_dating import ClickDates

    Floats = NDArray[np.float64]

HOUR_S: Final = 3600.0
_MINUTE_S: Final = 60.0
_SLOWEST: Final = 1e-5
"""Events per hour below which a curve leaves the picture: where there were no events, smoothing makes them tiny."""

_FEWEST_FETCHES: Final = 20
"""Bins of delay with fewer fetches show no true share: it would be chance."""


def hazard_chart(hazards: SenderHazards) -> Figure:
    """Return how fast visible people read, and how fast messages behind Apple are first fetched by anyone.

    Parameters
    ----------
    hazards : SenderHazards
        From `fit_sender`, or `labels.diagnostics.hazards`.
    """
    curves = hazards.curves
    read, total = (curves[name].to_numpy() for name in ("read_per_hour", "total_per_hour"))
    ratio = within(total, curves, HOUR_S) / within(read, curves, HOUR_S)
    figure, (axes,) = blank(
        f"In the first hour, Apple's messages are fetched {ratio:.1f} times as fast as visible people read",
        width=8.2,
        height=4.0,
    )
    middle = _middle(curves)
    axes.fill_between(middle, read, np.maximum(total, read), color=INK["prefetch"], alpha=0.15, linewidth=0)
    axes.plot(middle, total, color=INK["prefetch"], linewidth=2)
    axes.plot(middle, read, color=INK["human"], linewidth=2)
    axes.set_yscale("log")
    axes.set_ylim(max(float(read[-1]) / 3, _SLOWEST), None)
    axes.yaxis.set_major_formatter("{x:g}")
    time_axis(axes, "time since delivery")
    axes.set_ylabel("events per hour, of messages\nthat still wait for one")
    place = int(np.searchsorted(middle, 10 * _MINUTE_S))
    for words, curve, name, side, shift in (
        ("first fetch behind Apple, by anyone", total, "prefetch", "left", 9),
        ("reading, where it can be seen", read, "human", "right", -24),
    ):
        at = (middle[place], curve[place])
        axes.annotate(
            words, at, (0, shift), textcoords="offset points", color=INK[name], ha=side, fontsize=9.5
        )
    return figure


def _middle(curves: pd.DataFrame) -> Floats:
    """Return the middle of each bin of delay, on the logarithmic scale; the first bin begins at one second."""
    low, high = (curves[name].to_numpy(dtype=np.float64) for name in ("delay_low_s", "delay_high_s"))
    return np.asarray(np.sqrt(np.maximum(low, 1.0) * high), dtype=np.float64)


def within(rates: Floats, curves: pd.DataFrame, until_s: float) -> float:
    """Return the expected events from delivery to `until_s`, of rates per hour in the curves' bins of delay."""
    low, high = (curves[name].to_numpy() for name in ("delay_low_s", "delay_high_s"))
    return float(rates @ np.clip(np.minimum(high, until_s) - low, 0, None)) / HOUR_S


def people_chart(
    delay_s: Floats, label: Floats, curves: pd.DataFrame, is_human: NDArray[np.bool_] | None = None
) -> Figure:
    """Return which share of Apple's fetches people caused, by the time since delivery: as labelled, and in truth.

    Parameters
    ----------
    delay_s, label : numpy.ndarray of float64
        Of labelled fetches behind Apple: seconds since delivery, and the soft label `h`. Those with a NaN are left out.
    curves : pandas.DataFrame
        Of the hazards: its bins of delay are used.
    is_human : numpy.ndarray of bool, optional
        The truth of the same fetches.
    """
    known = ~np.isnan(delay_s) & ~np.isnan(label)
    edges = np.r_[curves["delay_low_s"].to_numpy()[::2], curves["delay_high_s"].to_numpy()[-1]]
    bins = np.clip(np.searchsorted(edges, delay_s[known], side="right") - 1, 0, len(edges) - 2)
    counts = np.bincount(bins, minlength=len(edges) - 1)
    shown = counts >= _FEWEST_FETCHES
    said = np.bincount(bins, label[known], minlength=len(counts))[shown] / counts[shown]
    middle = np.sqrt(np.maximum(edges[:-1], 1.0) * edges[1:])[shown]
    title = f"Labelled without truth: people caused {percent(label[known].mean())} of these Apple fetches"
    if is_human is not None:
        title += f" (in truth {percent(is_human[known].mean())})"
    figure, (axes,) = blank(title, width=8.2, height=3.8)
    axes.plot(
        middle, said, color=INK["human"], linewidth=2, marker="o", markersize=4, label="mean soft label"
    )
    if is_human is not None:
        people = np.bincount(bins, is_human[known], minlength=len(counts))[shown]
        low, high = share_interval(people, counts[shown])
        share = people / counts[shown]
        reach = [share - low, high - share]
        axes.errorbar(
            middle, share, reach, fmt="s", color="black", markersize=4, label="truth, with 95 % interval"
        )
    time_axis(axes, "time since delivery")
    percent_axis(axes, "y", "caused by a person")
    axes.set_ylim(0, 1)
    axes.legend(frameon=False, loc="best")
    return figure


def kappa_chart(kappa: Kappa, scale: float | None = None) -> Figure:
    """Return kappa: what was believed before, what the clicks say, and both together.

    Parameters
    ----------
    kappa : Kappa
    scale : float, optional
        The factor that the labels used in the end: `labels.diagnostics.scale`.
    """
    figure, (axes,) = blank(
        f"Apple's readers read {kappa.value:.2f} times as much as others ({kappa.low:.2f} to {kappa.high:.2f})",
        width=8.2,
        height=2.4,
    )
    before = no_kappa()
    clicks_n = f"{kappa.apple_clicks_n:,.0f}"
    rows: list[tuple[str, float, tuple[float, float] | None, str]] = [
        (f"both: kappa ({clicks_n} clicks)", kappa.value, (kappa.low, kappa.high), INK["human"])
    ]
    if not np.isnan(kappa.unshrunk):
        rows.append(("what the clicks say alone", kappa.unshrunk, None, "black"))
    rows.append(("believed before any click", before.value, (before.low, before.high), QUIET))
    if scale is not None:
        rows.insert(0, ("used in the labels of first fetches", scale, None, INK["prefetch"]))
    for place, (_, value, reach, colour) in enumerate(rows):
        axes.plot([value], [place], "o", color=colour)
        if reach:
            axes.plot(reach, [place, place], color=colour, linewidth=2)
    axes.set_yticks(range(len(rows)), [row[0] for row in rows])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.axvline(1, color=QUIET, linewidth=1, linestyle=":")
    axes.set_xscale("log")
    axes.set_xticks([0.5, 0.7, 1, 1.4, 2], ["0.5", "0.7", "1", "1.4", "2"])
    axes.minorticks_off()
    axes.set_xlabel("factor on the hazard of reading (1: as others)")
    return figure


def gap_chart(dates: ClickDates) -> Figure:
    """Return how long after a fetch the clean click comes: after a person's fetch, and after a prefetch.

    Parameters
    ----------
    dates : ClickDates
        `labels.diagnostics.dates`.
    """
    short = GAP_EDGES_S[1:] <= _MINUTE_S
    human, stale = dates.human_law, dates.stale_law
    figure, (axes,) = blank(
        f"After a person's fetch, {percent(human[short].sum())} of the clicks come within a minute; after a prefetch, "
        f"{percent(stale[short].sum())}",
        width=8.2,
        height=3.6,
    )
    edges = np.maximum(GAP_EDGES_S, 1.0)
    for law, name, words in ((human, "human", "a person's fetch"), (stale, "prefetch", "a prefetch")):
        axes.stairs(law, edges, fill=True, alpha=0.25, color=INK[name])
        axes.stairs(law, edges, color=INK[name], linewidth=1.6)
        top = int(law.argmax())
        at = (float(np.sqrt(edges[top] * edges[top + 1])), float(law[top]))
        axes.annotate(
            f"after {words}",
            at,
            (0, 5),
            textcoords="offset points",
            color=INK[name],
            ha="center",
            fontsize=9.5,
        )
    time_axis(axes, "from the last fetch before it to the click")
    axes.set_ylabel("share of clicks, per bar")
    axes.set_ylim(0, 1.15 * max(human.max(), stale.max()))
    return figure
