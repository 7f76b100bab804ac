"""Pictures of an evaluation for notebooks: is it honest, does it beat the rules, where is it hard, what is decided.

Titles say what came out, from the figures themselves, so that a picture is right for any log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from paperknife.evaluation.canvas import INK, QUIET, blank, percent_axis
from paperknife.evaluation.slices import ALL, INSIDE_APPLE
from paperknife.evaluation.wording import METHOD_WORDS, percent, slice_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from paperknife.evaluation.evaluate import Evaluation

FEWEST_OPENS: Final = 100
"""Slices with fewer opens are left out of pictures: their figures are mostly chance."""

_NEARLY_ALL: Final = 0.97
"""A slice of more of the opens than this says what all of them say."""

_TENTH: Final = 0.1
"""Only a slice with at least this share of the opens is called the hardest: others may be so by chance."""

_MODELS: Final = ("#7b9acc", "#1b4f9c", "#0b1f3f")
"""One colour per model, in the order given: the later, the darker."""

_ROADS: Final = ("Apple's relay", "all other roads")

_ANSWERS: Final = ("human", "uncertain", "prefetch", "machine")


def reliability_chart(evaluations: Mapping[str, Evaluation], part: tuple[str, str] = INSIDE_APPLE) -> Figure:
    """Return said against true shares of people, one panel per model.

    Parameters
    ----------
    evaluations : mapping of str to Evaluation
        Panels by name.
    part : (slice, value)
        All opens, or those inside Apple's traffic.
    """
    figure, axes = blank(
        f"{slice_words(*part)}: on the line is honest, below it too many people are promised",
        width=max(3.9 * len(evaluations) + 0.4, 6.8),
        height=4.9,
        columns=len(evaluations),
        share_y=True,
    )
    for each, (name, evaluation) in zip(axes, evaluations.items(), strict=True):
        table = evaluation.calibration
        bins = table[(table["slice"] == part[0]) & (table["value"] == part[1])]
        share = bins["human_share"]
        each.plot([0, 1], [0, 1], color=QUIET, linewidth=1)
        reach = [share - bins["human_share_low"], bins["human_share_high"] - share]
        each.errorbar(bins["p_human"], share, reach, fmt="none", ecolor=INK["human"], alpha=0.5)
        each.scatter(bins["p_human"], share, s=28, color=INK["human"], zorder=3)
        gap, floor = (100 * evaluation.figure(column, part) for column in ("ece", "ece_floor"))
        each.set_title(
            f"{name}: off by {gap:.1f} points on average\n(chance alone: {floor:.1f})", fontsize=10
        )
        each.set_aspect("equal")
        percent_axis(each, "x", "said: mean p_human of the bin")
    percent_axis(axes[0], "y", "true share of people, with 95 % interval")
    return figure


def ladder_chart(ladder: pd.DataFrame) -> Figure:
    """Return the log loss of every method, over all opens and inside Apple's traffic.

    Parameters
    ----------
    ladder : pandas.DataFrame
        As in `Evaluation`; models of several evaluations may stand in it under names of their own.
    """
    parts = {part: _losses(ladder, part) for part in (ALL, INSIDE_APPLE)}
    order = parts[ALL].sort_values(ascending=False).index
    kinds = ladder.drop_duplicates("method").set_index("method")["kind"]
    figure, (axes,) = blank(_who_leads(parts, kinds), width=8.0, height=0.31 * len(order) + 1.0)
    for place, method in enumerate(order):
        colour = INK["human"] if kinds[method] == "model" else QUIET
        overall, apple = (losses.get(method, np.nan) for losses in parts.values())
        axes.plot([overall, apple], [place, place], color=colour, linewidth=1, alpha=0.5)
        axes.scatter([overall], [place], s=45, color=colour, zorder=3)
        axes.scatter([apple], [place], s=45, facecolor="white", edgecolor=colour, linewidth=1.6, zorder=3)
    axes.scatter([], [], s=45, color=QUIET, label="all opens")
    axes.scatter(
        [], [], s=45, facecolor="white", edgecolor=QUIET, linewidth=1.6, label="inside Apple's traffic"
    )
    axes.legend(frameon=False, loc="lower left", fontsize=9)
    axes.set_yticks(range(len(order)), [METHOD_WORDS.get(method, method) for method in order])
    for words, method in zip(axes.get_yticklabels(), order, strict=True):
        words.set_fontweight("bold" if kinds[method] == "model" else "normal")
    axes.set_ylim(-0.6, len(order) - 0.4)
    axes.set_xlim(0, None)
    axes.set_xlabel("log loss of p_human (nats): how surprised by the truth; lower is better")
    axes.grid(axis="x", color="#eeeeee")
    return figure


def _losses(ladder: pd.DataFrame, part: tuple[str, str]) -> pd.Series[float]:
    here = ladder[(ladder["slice"] == part[0]) & (ladder["value"] == part[1])]
    return here.drop_duplicates("method").set_index("method")["log_loss"]


def _who_leads(parts: Mapping[tuple[str, str], pd.Series[float]], kinds: pd.Series[str]) -> str:
    best = [losses.idxmin() for losses in parts.values() if len(losses)]
    all_opens = parts[ALL]
    rules = all_opens[[kinds[method] == "rule" for method in all_opens.index]]
    beside = (
        f"; the best rule's loss is {rules.min() / all_opens.min():.2f} times as high" if len(rules) else ""
    )
    if len(set(best)) == 1:
        return f"Least surprised by the truth: {best[0]}{beside}"
    return f"Least surprised: {best[0]} over all opens, {best[-1]} inside Apple's traffic"


def slices_chart(evaluations: Mapping[str, Evaluation]) -> Figure:
    """Return the log loss of each model slice by slice, beside that of the slice's own class shares.

    Parameters
    ----------
    evaluations : mapping of str to Evaluation
        Models by name; the slices are those of the first.
    """
    first = next(iter(evaluations.values())).by_slice
    nearly_all = _NEARLY_ALL * first["opens_n"].max()
    whole = (first["slice"] == ALL[0]) | (first["opens_n"] <= nearly_all)
    shown = first[whole & (first["opens_n"] >= FEWEST_OPENS)].iloc[::-1]
    keys = list(zip(shown["slice"], shown["value"], strict=True))
    big = first[first.index.isin(shown.index) & (first["opens_n"] >= _TENTH * first["opens_n"].max())]
    hardest = big.loc[big["log_loss"].idxmax()]
    figure, (axes,) = blank(
        f"Hardest: {slice_words(hardest['slice'], hardest['value'])}. An overall figure hides it",
        width=8.0,
        height=0.34 * len(shown) + 1.4,
    )
    places = np.arange(len(shown))
    axes.scatter(
        shown["log_loss_prior"], places, marker="|", s=170, color=QUIET, label="class shares alone (prior)"
    )
    for number, (name, evaluation) in enumerate(evaluations.items()):
        rows = evaluation.by_slice.set_index(["slice", "value"]).reindex(keys)
        loss, colour = rows["log_loss"].to_numpy(), _MODELS[number % len(_MODELS)]
        reach = np.array([loss - rows["log_loss_low"], rows["log_loss_high"] - loss])
        at = places + 0.26 * ((len(evaluations) - 1) / 2 - number)
        axes.errorbar(loss, at, xerr=np.nan_to_num(reach), fmt="o", color=colour, markersize=5, label=name)
    axes.set_yticks(
        places, [f"{slice_words(*key)} ({n:,})" for key, n in zip(keys, shown["opens_n"], strict=True)]
    )
    axes.set_xlim(-0.01, None)  # a loss of 0 is seen whole
    axes.set_xlabel("log loss of p_human (nats) with 95 % interval; lower is better")
    axes.grid(axis="x", color="#eeeeee")
    figure.legend(frameon=False, loc="outside lower center", fontsize=9, ncols=1 + len(evaluations))
    return figure


def decisions_chart(by_preset: Mapping[str, pd.DataFrame]) -> Figure:
    """Return how many opens each preset calls what, inside Apple's traffic and outside it.

    Parameters
    ----------
    by_preset : mapping of str to pandas.DataFrame
        Verdicts by preset, of the same opens: `verdict` and `mechanism` are read.
    """
    called = pd.concat({name: _called(verdicts) for name, verdicts in by_preset.items()})
    shares = {where: called.loc[called.index.get_level_values(1) == where].droplevel(1) for where in _ROADS}
    open_share = {
        name: float((verdicts["verdict"] == "uncertain").mean()) for name, verdicts in by_preset.items()
    }
    words = ", ".join(f"{name} {percent(share)}" for name, share in open_share.items())
    figure, axes = blank(
        f"Left open (uncertain), of all opens: {words}", height=2.9, width=9.0, columns=2, share_y=True
    )
    for each, where in zip(axes, _ROADS, strict=True):
        _stack(each, shares[where].loc[list(by_preset)[::-1]])
        each.set_title(where, fontsize=10, loc="left")
    axes[0].legend(ncols=4, frameon=False, fontsize=8.5, loc="upper left", bbox_to_anchor=(0, -0.22))
    return figure


def _called(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the share of each answer, one row for Apple's relay and one for all else."""
    road = np.where(verdicts["mechanism"] == "apple_relay", *_ROADS)
    table = pd.crosstab(road, verdicts["verdict"], normalize="index")
    return table.reindex(list(_ROADS)).reindex(columns=_ANSWERS).fillna(0.0)


def _stack(axes: Axes, shares: pd.DataFrame) -> None:
    """Draw one bar per row, divided by the columns; what is wide enough says its share."""
    begin = np.zeros(len(shares))
    for answer in _ANSWERS:
        width = shares[answer].to_numpy(dtype=np.float64)
        bars = axes.barh(
            shares.index.astype(str), width, left=begin, color=INK[answer], label=answer, height=0.6
        )
        dark = answer != "uncertain"
        texts = [f"{share:.0%}" if share >= 0.06 else "" for share in width]  # noqa: PLR2004  room for the words
        axes.bar_label(bars, texts, label_type="center", color="white" if dark else "black", fontsize=8.5)
        begin = begin + width
    percent_axis(axes, "x", "")
