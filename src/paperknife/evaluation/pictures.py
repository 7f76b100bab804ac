"""The pictures of the page: when opens come, by which road, how honest probabilities are, who does better."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from paperknife.evaluation.ladder import MODEL
from paperknife.evaluation.slices import ALL, INSIDE_APPLE
from paperknife.evaluation.svg import Scale, element, picture, polyline, round_steps, text
from paperknife.evaluation.truth import CLASSES
from paperknife.evaluation.wording import (
    CLASS_NAMES,
    MECHANISM_WORDS,
    METHOD_WORDS,
    figure,
    percent,
    percentages,
)

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

WIDTH: Final = 520
_TICKS_S: Final = {
    1: "1 s",
    10: "10 s",
    60: "1 min",
    600: "10 min",
    3600: "1 h",
    6 * 3600: "6 h",
    86_400: "1 day",
    7 * 86_400: "7 days",
}
_FIRST_S, _LAST_S, _DELAY_BINS = 1.0, 21 * 86_400.0, 56


def timing(
    delays_s: NDArray[np.float64], p: NDArray[np.float64], labels: NDArray[np.intp] | None = None
) -> str:
    """Return when opens come after the delivery, class by class, on a logarithmic time axis.

    Parameters
    ----------
    delays_s : array of float, shape (n,)
        NaN where not known: left out.
    p : array of float, shape (n, 3)
        Human, prefetch, machine: an open counts in each class by its probability.
    labels : array of int, shape (n,), optional
        The truth, drawn as a line over what was said.
    """
    known = np.isfinite(delays_s)
    edges = np.geomspace(_FIRST_S, _LAST_S, _DELAY_BINS + 1)
    delays = np.clip(delays_s[known], _FIRST_S, _LAST_S)
    said = [np.histogram(delays, edges, weights=p[known, k])[0] for k in range(3)]
    true = None if labels is None else [np.histogram(delays[labels[known] == k], edges)[0] for k in range(3)]
    top = max(1.0, *(row.max() for row in said), *(() if true is None else (row.max() for row in true)))
    left, right, row_height, gap = 8, WIDTH - 8, 86, 40
    x = Scale(_FIRST_S, _LAST_S, left, right, is_log=True)
    parts, told = [], []
    bottom = gap + 3 * (row_height + gap) - gap
    for seconds, label in _TICKS_S.items():
        anchor = "start" if seconds == _FIRST_S else "middle"
        parts.append(element("line", class_="grid", x1=x(seconds), x2=x(seconds), y1=gap - 8, y2=bottom))
        parts.append(text(x(seconds), bottom + 19, label, class_="tick", text_anchor=anchor))
    for k, name in enumerate(CLASSES):
        floor = gap + k * (row_height + gap) + row_height
        y = Scale(0, top, floor, floor - row_height)
        outline = _steps(edges, said[k], x, y)
        shape = [(left, floor), *outline, (right, floor)]
        parts.append(
            element("polygon", points=" ".join(f"{a:.1f},{b:.1f}" for a, b in shape), class_=f"fill-{name}")
        )
        if true is not None:
            parts.append(polyline(_steps(edges, true[k], x, y), class_="truth"))
        parts.append(element("line", class_="axis", x1=left, x2=right, y1=floor, y2=floor))
        parts.append(text(left, floor - row_height - 12, CLASS_NAMES[name], class_="name"))
        n = said[k].sum()
        median = _duration(_weighted_median(delays, p[known, k]))
        about = f"{n:,.0f} opens, half of them within {median}" if n >= 1 else "none"
        told.append(f"{CLASS_NAMES[name]}: {about}")
        parts.append(text(right, floor - row_height - 12, about, class_="tick", text_anchor="end"))
    return picture(
        "timing", "Time from delivery to open, by class", "; ".join(told), WIDTH, bottom + 26, *parts
    )


def _steps(
    edges: NDArray[np.float64], counts: NDArray[np.float64], x: Scale, y: Scale
) -> list[tuple[float, float]]:
    points = []
    for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
        points += [(x(float(low)), y(float(count))), (x(float(high)), y(float(count)))]
    return points


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    if not weights.sum() > 0:
        return float("nan")
    order = np.argsort(values)
    cumulated = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulated, cumulated[-1] / 2)])


def _duration(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= (2 if unit == "days" else 1) * length:
            return f"{seconds / length:.0f} {unit}"
    return "-" if np.isnan(seconds) else f"{seconds:.0f} s"


def mechanisms(by_mechanism: pd.DataFrame) -> str:
    """Return whose opens came by which road: a bar each, divided by the expected shares.

    Parameters
    ----------
    by_mechanism : pandas.DataFrame
        `mechanism`, `opens_n`, `human`, `prefetch`, `machine`, as in `Headline`.
    """
    left, right, bar = 172, WIDTH - 64, 24
    row = min(52.0, 364 / max(len(by_mechanism), 1))
    x = Scale(0, 1, left, right)
    parts, told = [], []
    for number, road in enumerate(by_mechanism.to_dict("records")):
        top = 8 + number * row
        name = MECHANISM_WORDS.get(road["mechanism"], road["mechanism"])
        parts.append(text(left - 10, top + 17, name, text_anchor="end", class_="label"))
        shares = [road[k] for k in CLASSES]
        start = 0.0
        for k, share, words in zip(CLASSES, shares, percentages(shares), strict=True):
            begin, width = x(start), x(share) - left
            tip = element("title", escape(f"{name}: {words} {CLASS_NAMES[k]}"))
            parts.append(
                element("rect", tip, class_=f"fill-{k}", x=begin, y=top, width=max(width - 1, 0), height=bar)
            )
            if width > 38:  # noqa: PLR2004 (room for the widest label, "100 %")
                middle = begin + width / 2
                parts.append(text(middle, top + 16.5, words, class_=f"on-{k}", text_anchor="middle"))
            start += share
        parts.append(text(right + 54, top + 17, f"{road['opens_n']:,}", class_="tick", text_anchor="end"))
        told.append(f"{name}: {road['opens_n']:,} opens, {percent(road['human'])} people")
    height = 8 + row * len(by_mechanism)
    return picture("mechanisms", "Opens by road and class", "; ".join(told), WIDTH, height, *parts)


def reliability(calibration: pd.DataFrame, p_human: NDArray[np.float64]) -> str:
    """Return said against true shares, bin by bin, with the diagonal of honesty and where the opens lie.

    Parameters
    ----------
    calibration : pandas.DataFrame
        As in `Evaluation`.
    p_human : array of float, shape (n,)
        Of the judged opens, for the strip of counts.
    """
    left, right, top, bottom, strip = 66, WIDTH - 14, 14, 384, 54
    x, y = Scale(0, 1, left, right), Scale(0, 1, bottom, top)
    parts = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        label, anchor = percent(share), "end" if share == 1 else "middle"
        parts.append(element("line", class_="grid", x1=x(share), x2=x(share), y1=top, y2=bottom))
        parts.append(element("line", class_="grid", x1=left, x2=right, y1=y(share), y2=y(share)))
        parts.append(text(left - 8, y(share) + 4, label, class_="tick", text_anchor="end"))
        parts.append(text(x(share), bottom + strip + 36, label, class_="tick", text_anchor=anchor))
    parts.append(element("line", class_="diagonal", x1=x(0), y1=y(0), x2=x(1), y2=y(1)))
    for part, style in ((INSIDE_APPLE, "apple"), (ALL, "all")):
        bins = calibration[(calibration["slice"] == part[0]) & (calibration["value"] == part[1])]
        for b in bins.to_dict("records"):
            at = x(b["p_human"])
            low, high = y(b["human_share_low"]), y(b["human_share_high"])
            tip = element(
                "title",
                f"said {percent(b['p_human'])}, true {percent(b['human_share'])}, {b['opens_n']:,} opens",
            )
            parts.append(element("line", class_=f"whisker {style}", x1=at, x2=at, y1=low, y2=high))
            parts.append(element("circle", tip, class_=f"dot {style}", cx=at, cy=y(b["human_share"]), r=5))
    counts = np.histogram(p_human, np.linspace(0, 1, 41))[0]
    base = bottom + strip + 18
    tall = Scale(0, max(int(counts.max()), 1), 0, strip)
    for k, n in enumerate(counts.tolist()):
        height = tall(n)
        parts.append(
            element(
                "rect",
                class_="count",
                x=x(k / 40) + 0.75,
                y=base - height,
                width=(right - left) / 40 - 1.5,
                height=height,
            )
        )
    parts.append(element("line", class_="axis", x1=left, x2=right, y1=base, y2=base))
    parts.append(text(left - 8, base - strip + 10, "opens", class_="tick", text_anchor="end"))
    parts.append(
        text(
            (left + right) / 2,
            base + 40,
            "said: probability of a person",
            class_="name",
            text_anchor="middle",
        )
    )
    parts.append(
        text(
            0,
            0,
            "true: share of people",
            class_="name",
            text_anchor="middle",
            transform=f"translate(14 {(top + bottom) / 2:g}) rotate(-90)",
        )
    )
    overall = calibration[calibration["slice"] == ALL[0]]
    gap = float((overall["p_human"] - overall["human_share"]).abs().max()) if len(overall) else float("nan")
    description = f"Over all opens the widest gap between said and true share in any bin is {percent(gap)}."
    return picture("reliability", "Said and true share of people", description, WIDTH, base + 48, *parts)


def ladder(table: pd.DataFrame) -> str:
    """Return log loss per method as dots, overall and inside Apple's traffic; ours is the coloured row.

    Parameters
    ----------
    table : pandas.DataFrame
        The ladder, as in `Evaluation`.
    """
    overall = table[(table["slice"] == ALL[0]) & (table["value"] == ALL[1])]
    apple = table[(table["slice"] == INSIDE_APPLE[0]) & (table["value"] == INSIDE_APPLE[1])]
    inside = dict(zip(apple["method"], apple["log_loss"], strict=True))
    left, right, row, top = 232, WIDTH - 16, 31, 8
    high = max(0.1, float(table["log_loss"].max()) * 1.04)
    bottom = top + row * len(overall) + 4
    x = Scale(0, high, left, right)
    parts = []
    for tick in round_steps(high):
        parts.append(element("line", class_="grid", x1=x(tick), x2=x(tick), y1=top, y2=bottom))
        parts.append(text(x(tick), bottom + 16, f"{tick:g}", class_="tick", text_anchor="middle"))
    told = []
    for number, rung in enumerate(overall.to_dict("records")):
        method, loss = rung["method"], rung["log_loss"]
        middle = top + row * number + row / 2
        style = "ours" if method == MODEL else "rule"
        name = METHOD_WORDS.get(method, method)
        if method == MODEL:
            parts.append(
                element("rect", class_="highlight", x=0, y=middle - row / 2, width=WIDTH, height=row, rx=4)
            )
        parts.append(text(left - 12, middle + 4.5, name, class_=f"label {style}", text_anchor="end"))
        if method in inside:
            parts.append(
                element(
                    "line", class_=f"stem {style}", x1=x(loss), x2=x(inside[method]), y1=middle, y2=middle
                )
            )
            tip = element("title", f"inside Apple traffic: {figure(inside[method])}")
            parts.append(element("circle", tip, class_=f"ring {style}", cx=x(inside[method]), cy=middle, r=5))
        tip = element("title", f"all opens: {figure(loss)}")
        parts.append(element("circle", tip, class_=f"point {style}", cx=x(loss), cy=middle, r=5.5))
        told.append(f"{name} {figure(loss)}")
    parts.append(text(right, bottom + 36, "log loss: lower is better", class_="name", text_anchor="end"))
    description = "Log loss over all opens: " + "; ".join(told)
    return picture("ladder", "The model beside the published rules", description, WIDTH, bottom + 46, *parts)


def shares_bar(shares: dict[str, float]) -> str:
    """Return one wide bar: which share of the opens people, Apple's prefetch and other machines caused."""
    x = Scale(0, 1, 0, 1040)
    parts, start = [], 0.0
    for name in CLASSES:
        begin, width = x(start), x(shares[name])
        parts.append(element("rect", class_=f"fill-{name}", x=begin, y=0, width=max(width - 2, 0), height=26))
        start += shares[name]
    words = ", ".join(f"{CLASS_NAMES[k]} {percent(shares[k])}" for k in CLASSES)
    return picture("shares", "Who caused the opens", words, 1040, 26, *parts)
