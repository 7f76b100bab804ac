"""Pictures say what came out, draw every model they are given, and survive a log without Apple."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from paperknife.evaluation.charts import decisions_chart, ladder_chart, reliability_chart, slices_chart
from paperknife.evaluation.evaluate import evaluate
from paperknife.evaluation.slices import ALL
from paperknife.evaluation.wording import slice_words


@pytest.fixture
def evaluation(sender):
    return evaluate(sender.verdicts, sender.truth, sender.log, resamples=20)


def said(figure):
    """Return every word of a picture."""
    words = [figure.get_suptitle()]
    for axes in figure.axes:
        labels = [*axes.get_xticklabels(), *axes.get_yticklabels(), *axes.texts]
        words += [axes.get_title(), axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()]
        words += [label.get_text() for label in labels]
    return "\n".join(words)


def test_reliability_gives_each_model_a_panel_with_its_distance(evaluation):
    figure = reliability_chart({"before": evaluation, "after": evaluation}, ALL)
    assert len(figure.axes) == 2
    assert f"before: off by {100 * evaluation.figure('ece'):.1f} points" in said(figure)
    dots = figure.axes[0].collections[-1].get_offsets()
    bins = evaluation.calibration[evaluation.calibration["slice"] == "all"]
    assert np.allclose(dots, bins[["p_human", "human_share"]])


def test_the_ladder_names_who_leads_and_by_how_much():
    rows = [("ours", "model", 0.2), ("ua_exact", "rule", 0.5), ("class shares", "prior", 0.7)]
    ladder = pd.DataFrame(rows, columns=["method", "kind", "log_loss"]).assign(slice=ALL[0], value=ALL[1])
    words = said(ladder_chart(ladder))
    assert "Least surprised by the truth: ours; the best rule's loss is 2.50 times as high" in words
    assert "Agent is exactly Mozilla/5.0" in words


def test_the_ladder_says_so_where_a_rule_leads_inside_apple(evaluation):
    ladder = evaluation.ladder.copy()
    here = (ladder["slice"] == "apple traffic") & (ladder["method"] == "ua_exact")
    ladder.loc[here, "log_loss"] = 0.0
    assert "ua_exact inside Apple's traffic" in said(ladder_chart(ladder))


def test_slices_name_the_hardest_and_leave_out_the_small(evaluation):
    few = evaluation.by_slice.assign(
        opens_n=lambda table: table["opens_n"].where(table["value"] != "corporate", 99)
    )
    words = said(slices_chart({"one": replace(evaluation, by_slice=few), "two": evaluation}))
    hardest = few[few["opens_n"] >= 100].nlargest(1, "log_loss").iloc[0]
    assert words.startswith(f"Hardest: {slice_words(hardest['slice'], hardest['value'])}.")
    assert "All opens (400)" in words
    assert "Freemail domain" in words
    assert "Corporate domain" not in words


def test_decisions_are_divided_by_preset_and_road():
    verdicts = pd.DataFrame(
        {
            "mechanism": ["apple_relay"] * 4 + ["direct"] * 4,
            "verdict": ["human"] + ["uncertain"] * 4 + ["human"] * 3,
        }
    )
    figure = decisions_chart({"notify": verdicts, "report": verdicts.assign(verdict="human")})
    words = said(figure)
    assert "notify 50 %, report 0 %" in words
    assert "75%" in words
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["report", "notify"]


def test_a_log_without_apple_can_be_drawn_too():
    verdicts = pd.DataFrame({"mechanism": ["direct"], "verdict": ["human"]})
    assert "100%" in said(decisions_chart({"report": verdicts}))
