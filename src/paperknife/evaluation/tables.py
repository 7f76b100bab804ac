"""Headline and evaluation as tables for the terminal, for someone at the end of a long day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paperknife.evaluation.headline import CAVEAT
from paperknife.evaluation.ladder import MODEL
from paperknife.evaluation.slices import ALL, INSIDE_APPLE
from paperknife.evaluation.wording import (
    CLASS_NAMES,
    MECHANISM_WORDS,
    METHOD_WORDS,
    figure,
    percent,
    percentages,
    slice_words,
    span,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import JustifyMethod, RenderableType
    from rich.table import Table
    from rich.text import Text

    from paperknife.evaluation.evaluate import Evaluation
    from paperknife.evaluation.headline import Headline

_OURS = "bold green"
_QUIET = "dim"
_CALLED = ("human", "prefetch", "machine", "uncertain")


def headline_report(headline: Headline) -> RenderableType:
    """Return the headline, what it means, and the opens by mechanism and verdict, to be printed with rich."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    lines: list[RenderableType] = [Text(headline.sentence(), style="bold")]
    if headline.human_open_rate is not None and headline.open_rate is not None:
        lines.append(
            Text(
                f"Raw open rate {percent(headline.open_rate)}; with at least one open by a person "
                f"{percent(headline.human_open_rate)}."
            )
        )
    lines += [Text(CAVEAT, style=_QUIET), Padding(mechanism_table(headline), (1, 0, 0, 0))]
    return Group(*lines)


def mechanism_table(headline: Headline) -> Table:
    """Return the opens by mechanism: whose they are expected to be, and what each was called."""
    by_mechanism = headline.by_mechanism
    has_verdicts = "called_human" in by_mechanism
    heads = ("Road", "Opens", "People", "Apple's\nprefetch", "Other\nmachines")
    table = _table("Opens by the road they came", *heads, is_wide=True)
    for name in ("person", "prefetch", "machine", "unsure") if has_verdicts else ():
        table.add_column(f"called\n{name}", justify="right", style=_QUIET, no_wrap=True)
    for row in by_mechanism.to_dict("records"):
        shares = percentages([row["human"], row["prefetch"], row["machine"]])
        called = [f"{row[f'called_{name}']:,}" for name in _CALLED] if has_verdicts else []
        table.add_row(
            MECHANISM_WORDS.get(row["mechanism"], row["mechanism"]),
            f"{row['opens_n']:,}",
            *map(_tight, shares),
            *called,
        )
    return table


def evaluation_report(evaluation: Evaluation) -> RenderableType:
    """Return all of an evaluation, to be printed with rich: ladder, slices, decisions, counts and notes."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    tables = [ladder_table(evaluation), slice_table(evaluation), decided_table(evaluation)]
    counts = "; ".join(
        f"{row['what']} {row['n']:,}" for row in evaluation.counts.to_dict("records") if row["n"]
    )
    notes = [Text(f"· {note}", style=_QUIET) for note in (*_READING_NOTES, *evaluation.notes, counts)]
    return Group(_summary(evaluation), *(Padding(table, (1, 0, 0, 0)) for table in tables), *notes)


def _summary(evaluation: Evaluation) -> Text:
    """Return AUC and log loss with their intervals, in words."""
    from rich.text import Text

    lines = []
    for part in (ALL, INSIDE_APPLE):
        figures = [
            f"{words} {figure(evaluation.figure(name, part))} "
            f"({span(evaluation.figure(f'{name}_low', part), evaluation.figure(f'{name}_high', part))})"
            for name, words in (("auc", "AUC"), ("log_loss", "log loss"))
        ]
        lines.append(f"{slice_words(*part)}: {', '.join(figures)}")
    return Text("\n".join(lines) + "\nIn brackets: 95 %, by resampling recipients.")


_READING_NOTES = (
    "Log loss: how surprised the probabilities are by the truth, of people or not; lower is better.",
    "Prior: the log loss of a slice's own class shares.",
    "AUC: how often a person's open ranks above another; 0.5 is chance, 1 perfect.",
    "ECE: how far said and true shares lie apart; at its floor it cannot be told from perfect.",
)


def ladder_table(evaluation: Evaluation) -> Table:
    """Return the model beside the published rules, best log loss first: overall and inside Apple traffic."""
    table = _table("The model and the published rules, against the truth", "Method")
    for part in ("all", "Apple"):
        for name in ("loss", "AUC", "Brier"):
            table.add_column(f"{part}\n{name}", justify="right")
    table.add_column("does not\nknow", justify="right", style=_QUIET)
    ladder = evaluation.ladder
    overall = ladder[(ladder["slice"] == ALL[0]) & (ladder["value"] == ALL[1])]
    apple = ladder[(ladder["slice"] == INSIDE_APPLE[0]) & (ladder["value"] == INSIDE_APPLE[1])]
    inside = {row["method"]: row for row in apple.to_dict("records")}
    for row in overall.to_dict("records"):
        method, unknown = row["method"], row["unknown_share"]
        table.add_row(
            METHOD_WORDS.get(method, method),
            *_three(row),
            *(_three(inside[method]) if method in inside else ("-", "-", "-")),
            _tight(percent(unknown)) if unknown > 0 else "",
            style=_OURS if method == MODEL else None,
        )
    return table


def _three(row: Mapping[Any, Any]) -> tuple[str, str, str]:
    return _short(row["log_loss"]), _short(row["auc"]), _short(row["brier"])


def _tight(share: str) -> str:
    """Return "under 1 %" as "<1 %"."""
    return share.replace("under ", "<")


def _short(value: float) -> str:
    """Return a figure without its leading zero: tables must fit a terminal of 80 columns."""
    return figure(value).removeprefix("0")


def slice_table(evaluation: Evaluation) -> Table:
    """Return our figures slice by slice; beside our log loss that of the slice's own class shares."""
    table = _table("The model, slice by slice", "Slice", "Opens", is_wide=True)
    figures = {
        "AUC": "auc",
        "PR\nAUC": "pr_auc",
        "log\nloss": "log_loss",
        "prior": "log_loss_prior",
        "Brier": "brier",
        "ECE": "ece",
    }
    for name in ("truly\npeople", "said\npeople", *figures):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("ECE\nfloor", justify="right", style=_QUIET)
    before = ""
    for row in evaluation.by_slice.to_dict("records"):
        if row["slice"] != before and before:
            table.add_section()
        before = row["slice"]
        table.add_row(
            slice_words(row["slice"], row["value"]),
            f"{row['opens_n']:,}",
            percent(row["human_share"]),
            percent(row["p_human"]),
            *(_short(row[name]) for name in figures.values()),
            _short(row["ece_floor"]),
            style=_OURS if row["slice"] == ALL[0] else None,
        )
    return table


def decided_table(evaluation: Evaluation) -> Table:
    """Return which share of the opens is settled at 95 % and whether that held."""
    table = _table("Decided opens: the class has 95 % or more", "Slice", "Decided as")
    for name in ("opens", "share", "right", "holds 95 %"):
        table.add_column(name, justify="right")
    for row in evaluation.decided.to_dict("records"):
        table.add_row(
            slice_words(row["slice"], row["value"]),
            CLASS_NAMES[row["class"]],
            f"{row['decided_n']:,}",
            percent(row["decided_share"]),
            "-" if not row["decided_n"] else f"{100 * row['precision']:.1f} %",
            "-" if not row["decided_n"] else ("yes" if row["counts"] else "no"),
        )
    return table


def _table(title: str, *columns: str, is_wide: bool = False) -> Table:
    """Return an empty table: names on the left, numbers on the right, closer together where there are many."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
        padding=(0, 0) if is_wide else (0, 1),
    )
    for number, name in enumerate(columns):
        side: JustifyMethod = "left" if number == 0 else "right"
        table.add_column(name, justify=side, no_wrap=number > 0, overflow="fold")
    return table
