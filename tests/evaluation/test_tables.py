from __future__ import annotations

import io

import pytest
from rich.console import Console

from paperknife.evaluation.evaluate import evaluate
from paperknife.evaluation.headline import headline
from paperknife.evaluation.tables import evaluation_report, headline_report, ladder_table


def printed(renderable, width=120):
    out = io.StringIO()
    Console(width=width, file=out).print(renderable)
    return out.getvalue()


def prose(text):
    """Return text without line breaks, which fall where the terminal ends."""
    return " ".join(text.split())


@pytest.fixture(scope="module")
def evaluation(sender):
    return evaluate(sender.verdicts, sender.truth, sender.log)


def line_with(text, words):
    return next(line for line in text.splitlines() if words in line)


def test_headline_comes_first_and_roads_follow(sender):
    text = printed(headline_report(headline(sender.verdicts, sender.log)))
    assert prose(text).startswith("100 % of 400 delivered messages were opened, by the log.")
    assert "200" in line_with(text, "Apple's relay")
    assert "this is not the read rate" in prose(text)


def test_report_shows_figures_with_intervals_rules_slices_and_notes(evaluation):
    text = printed(evaluation_report(evaluation))
    auc = evaluation.figure("auc")
    assert f"All opens: AUC {auc:.3f} ({evaluation.figure('auc_low'):.3f} to" in text
    assert f"{evaluation.figure('log_loss'):.3f}".removeprefix("0") in line_with(text, "paperknife")
    for words in (
        "Inside Apple's traffic",
        "Like Mautic",
        "Freemail domain",
        "favours the rules",
        "opens judged 400",
    ):
        assert words in prose(text)


def test_what_is_not_defined_is_a_dash(evaluation):
    row = line_with(printed(evaluation_report(evaluation)), "Gmail's proxy").split()
    assert evaluation.by_slice["auc"].isna().any() == ("-" in row)


def test_our_row_is_highlighted_and_first_when_best(evaluation):
    table = ladder_table(evaluation)
    styles = [str(row.style) if row.style else "" for row in table.rows]
    assert styles.count("bold green") == 1
    assert list(table.columns[0].cells)[styles.index("bold green")] == "paperknife"


def test_tables_fit_a_terminal_of_80_columns_without_losing_a_figure(sender, evaluation):
    text = printed(headline_report(headline(sender.verdicts, sender.log)), width=80)
    text += printed(evaluation_report(evaluation), width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert "\u2026" not in text
