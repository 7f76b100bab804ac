from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from paperknife.errors import EvaluationError
from paperknife.evaluation.evaluate import evaluate
from paperknife.evaluation.ladder import MODEL, PRIOR
from paperknife.evaluation.slices import INSIDE_APPLE

MID = "2026-03-07"


@pytest.fixture(scope="module")
def judged(sender):
    return evaluate(sender.verdicts, sender.truth, sender.log)


def rung(evaluation, method, part="all"):
    ladder = evaluation.ladder
    return ladder[(ladder["method"] == method) & (ladder["slice"] == part)].iloc[0]


def test_figures_are_of_p_human_against_human_or_not(sender, judged):
    human = sender.truth["label"] == "human"
    assert judged.figure("auc") == pytest.approx(sk.roc_auc_score(human, sender.verdicts["p_human"]))
    assert judged.figure("log_loss") == pytest.approx(sk.log_loss(human, sender.verdicts["p_human"]))
    assert judged.figure("auc_low") <= judged.figure("auc") <= judged.figure("auc_high")


def test_apple_is_by_the_truth_first_else_the_log_else_the_mechanism(sender):
    told = sender.truth.assign(client_is_apple=np.arange(400) < 100)
    blind = sender.verdicts.assign(mechanism="unknown")
    sizes = [
        evaluate(verdicts, truth, log, resamples=0).figure("opens_n", INSIDE_APPLE)
        for verdicts, truth, log in (
            (blind, told, sender.log),
            (blind, sender.truth, sender.log),
            (sender.verdicts, sender.truth, None),
        )
    ]
    assert sizes == [100, 200, 200]
    assert math.isnan(evaluate(blind, sender.truth, resamples=0).figure("opens_n", INSIDE_APPLE))


def test_rules_stand_at_their_strongest_beside_the_model_sorted_by_log_loss(sender, judged):
    apple = sender.verdicts["mechanism"] == "apple_relay"
    human = sender.truth["label"] == "human"
    share = human.groupby(apple).mean()
    best = sk.log_loss(human, apple.map(share))
    assert rung(judged, "ua_exact")["log_loss"] == pytest.approx(best, abs=0.002)
    assert rung(judged, "ua_exact", INSIDE_APPLE[0])["auc"] == 0.5
    assert rung(judged, MODEL)["log_loss"] == judged.figure("log_loss")
    overall = judged.ladder[judged.ladder["slice"] == "all"]["log_loss"]
    assert overall.is_monotonic_increasing


def test_the_prior_is_the_class_share_of_its_part(judged):
    share = judged.figure("human_share", INSIDE_APPLE)
    entropy = -share * math.log(share) - (1 - share) * math.log(1 - share)
    assert rung(judged, PRIOR, INSIDE_APPLE[0])["log_loss"] == pytest.approx(entropy)
    assert rung(judged, PRIOR)["auc"] == 0.5


def test_since_judges_later_opens_and_lets_rules_learn_from_earlier_ones(sender):
    # Before the date the truth is turned around, so what the rules learn there is wrong afterwards.
    early = sender.verdicts["occurred_at"] < pd.Timestamp(MID, tz="UTC")
    turned = sender.truth.assign(
        label=sender.truth["label"].where(
            ~early, sender.truth["label"].map({"human": "machine"}).fillna("human")
        )
    )
    split = evaluate(sender.verdicts, turned, sender.log, since=MID)
    assert len(split.opens) == (~early).sum()
    assert rung(split, "ua_exact")["auc"] < 0.5
    assert "from the judged opens themselves" not in " ".join(split.notes)
    assert f"{early.sum():,} opens before 2026-03-07" in split.notes[0]


def test_without_since_the_output_says_that_rules_are_favoured(judged):
    assert "which favours the rules" in judged.notes[0]


def test_without_the_log_only_the_model_is_judged_and_that_is_said(sender):
    alone = evaluate(sender.verdicts, sender.truth, resamples=0)
    assert set(alone.ladder["method"]) == {MODEL, PRIOR}
    assert "need the log" in alone.notes[0]


def test_verdicts_without_truth_are_counted_and_left_out(sender):
    some = evaluate(sender.verdicts, sender.truth.head(150), resamples=0)
    counts = dict(zip(some.counts["what"], some.counts["n"], strict=True))
    assert counts["verdicts"] == 400
    assert counts["verdicts without truth, left out"] == 250
    assert counts["opens judged"] == 150


def test_decided_counts_only_where_95_percent_holds(sender, judged):
    sure = sender.verdicts.assign(p_human=0.97, p_prefetch=0.02, p_machine=0.01)
    row = evaluate(sure, sender.truth, resamples=0).decided.iloc[0]
    assert (row["class"], row["decided_share"], bool(row["counts"])) == ("human", 1.0, False)
    assert row["precision"] == (sender.truth["label"] == "human").mean()
    assert judged.decided["decided_n"].sum() == 0
    assert judged.decided["precision"].isna().all()


def test_calibration_bins_hold_every_open_once(judged):
    for part, n in (("all", 400), (INSIDE_APPLE[0], 200)):
        bins = judged.calibration[judged.calibration["slice"] == part]
        assert bins["opens_n"].sum() == n
        assert (bins["human_share_low"] <= bins["human_share"]).all()


def test_slices_know_new_recipients_and_domains_when_the_log_is_there(judged):
    found = set(zip(judged.by_slice["slice"], judged.by_slice["value"], strict=True))
    assert {("recipient", "new"), ("recipient", "known"), ("domain", "freemail")} <= found
    assert judged.figure("opens_n", ("recipient", "new")) == 40


def test_one_class_gives_nan_and_never_an_exception(sender):
    people = sender.truth["label"] == "human"
    only = evaluate(sender.verdicts[people.to_numpy()], sender.truth, sender.log)
    assert math.isnan(only.figure("auc"))
    assert only.figure("log_loss") > 0


def test_row_order_changes_nothing(sender, judged):
    shuffled = evaluate(
        sender.verdicts.sample(frac=1, random_state=1),
        sender.truth.sample(frac=1, random_state=2),
        sender.log,
    )
    for table in ("ladder", "decided", "calibration"):
        pd.testing.assert_frame_equal(getattr(shuffled, table), getattr(judged, table))


def test_to_dict_is_json_with_null_for_what_is_not_defined(judged):
    read = json.loads(json.dumps(judged.to_dict(), allow_nan=False))
    assert set(read) == {"by_slice", "ladder", "decided", "calibration", "counts", "notes"}
    assert read["decided"][0]["precision"] is None
    assert read["by_slice"][0]["auc"] == judged.figure("auc")


def test_mixed_horizons_and_unknown_recipients_are_noted(sender):
    both = pd.concat([sender.verdicts, sender.verdicts.assign(horizon="instant")]).drop(
        columns="recipient_id"
    )
    notes = " ".join(evaluate(both, sender.truth, resamples=0).notes)
    assert "Several horizons" in notes
    assert "Recipients are not known" in notes


def test_since_after_the_last_open_is_refused(sender):
    with pytest.raises(
        EvaluationError, match="No open with a verdict and a truth happened since 2027-01-01 00:00 UTC"
    ):
        evaluate(sender.verdicts, sender.truth, sender.log, since="2027-01-01")


def test_since_before_the_first_open_leaves_rules_nothing_to_learn_from(sender):
    with pytest.raises(EvaluationError, match="No open of the log before 2026-01-01 00:00 UTC has a truth"):
        evaluate(sender.verdicts, sender.truth, sender.log, since="2026-01-01")


def test_since_without_times_is_refused(sender):
    with pytest.raises(EvaluationError, match="The verdicts lack the column occurred_at"):
        evaluate(sender.verdicts.drop(columns="occurred_at"), sender.truth, since=MID)


def test_another_log_is_refused(sender):
    other = type(sender)()
    other.events["event_id"] = "x" + other.events["event_id"]
    with pytest.raises(EvaluationError, match="None of the 400 judged opens is among the log's 400"):
        evaluate(sender.verdicts, sender.truth, other.log)
