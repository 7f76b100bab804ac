"""Training on a log without truth: better than nothing, modest where it knows little, and the same for a seed."""

from __future__ import annotations

from io import StringIO

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from paperknife.errors import TrainingError
from paperknife.evaluation.metrics import log_loss
from paperknife.events.log import read_events
from paperknife.evidence.history import gather_horizons
from paperknife.hazards.messages import message_table
from paperknife.model.bundle import Model
from paperknife.training.blending import corrected_targets, label_targets
from paperknife.training.figures import figures
from paperknife.training.later_clicks import check_held_out
from paperknife.training.run import run_of
from paperknife.training.tables import result_report
from paperknife.training.train import train
from paperknife.verdicts.scoring import score
from paperknife.worlds.world import make_world


@pytest.fixture(scope="module")
def world():
    return make_world("plain", messages=6_000, seed=11)


@pytest.fixture(scope="module")
def result(world):
    return train(read_events(world.events), threads=1)


def is_human(world, verdicts):
    return world.truth_opens.set_index("event_id")["label"].loc[verdicts["event_id"]].eq("human").to_numpy()


def test_a_trained_model_is_calibrated_to_its_sender(world, result):
    verdicts = score(read_events(world.events), result.model)
    truth = is_human(world, verdicts)
    assert abs(verdicts["p_human"].mean() - truth.mean()) < 0.08
    share = truth.mean()
    assert log_loss(truth, verdicts["p_human"]) < 0.75 * log_loss(truth, np.full(len(truth), share))


def test_the_result_says_how_it_was_made(result):
    assert set(result.agreement["model"]) == {"start", "retrained"}
    assert result.params["kept"] in {"start", "retrained"}
    assert "Apple readers are taken to click as often per reading" in result.report
    assert any(note.startswith("Kept: ") for note in result.notes)
    assert all(np.isfinite(value) for value in result.metrics.values())
    assert set(figures(result)) == {
        "labels_by_delay.png",
        "label_sources.png",
        "agreement.png",
        "hazards.png",
        "kappa.png",
        "click_gaps.png",
        "click_check.png",
    }


def test_the_card_the_report_and_mlflow_carry_the_check_by_clicks(result):
    check = result.click_check
    assert 0 < check.fresh_n + check.stale_n < 60
    printed = StringIO()
    Console(file=printed, width=10_000).print(result_report(result))
    for text in (result.report, printed.getvalue()):
        assert "Too few clicks to check the model by" in text
        assert "Clickers are no random sample of readers" in text
    assert run_of(result).metrics["click_check/fresh_n"] == check.fresh_n


def test_no_message_is_judged_by_a_model_that_its_own_click_calibrated(world, result):
    tables = gather_horizons(read_events(world.events), ["instant", "settled"])
    settled = tables["settled"]
    asked = []

    class Twin(Model):
        def predict(self, evidence, *, threads=0):
            asked.append(set(evidence["message_id"]))
            return super().predict(evidence, threads=threads)

    parts = (result.model.stages, result.model.machine_calibration, result.model.human_calibration)
    check = check_held_out(
        tables,
        message_table(read_events(world.events), settled),
        result.labels,
        [Twin(*parts), Twin(*parts)],
        is_later=np.ones(len(settled), dtype=bool),
        random_state=0,
    )
    order = {message: place for place, message in enumerate(settled["message_id"].unique())}
    judging, calibrating = asked
    assert {order[message] % 2 for message in judging} == {1}
    assert {order[message] % 2 for message in calibrating} == {0}
    assert len(judging) + len(calibrating) == check.fresh_n + check.stale_n


def test_what_is_chosen_agreed_with_later_labels_no_worse_than_the_start(result):
    losses = result.agreement.pivot_table(index="model", columns="slice", values="label_loss")
    kept = losses.loc[result.params["kept"]]
    for name in ("all", "instant", "settled", "apple_relay"):
        assert kept[name] <= losses.loc["start", name]


def test_what_the_default_knows_is_hardly_touched(world, result):
    log = read_events(world.events)
    before, after = score(log), score(log, result.model)
    assert result.params["kept"] != "start"
    was, now = before["p_machine"].to_numpy(), after["p_machine"].to_numpy()
    is_sure = (was < 0.05) | (
        was > 0.95
    )  # of Microsoft's networks alone, where readers and gateways meet, it is not
    assert is_sure.mean() > 0.9
    assert np.abs(was - now)[is_sure].mean() < 0.003
    label = world.truth_opens.set_index("event_id")["label"].loc[before["event_id"]]
    is_machine = label.eq("machine").to_numpy()
    assert log_loss(is_machine, now) < log_loss(is_machine, was)
    is_apple = (
        (result.evidence["mechanism"] == "apple_relay") | (result.evidence["client_family"] == "apple_mail")
    ).to_numpy()
    moved = np.abs(before["p_human"].to_numpy() - after["p_human"].to_numpy())
    assert moved[~is_apple].mean() < 0.01 < moved[is_apple].mean()


def test_a_seed_gives_one_model(world, result):
    again = train(read_events(world.events.sample(frac=1, random_state=2)), threads=2)
    assert again.model.model_id == result.model.model_id


def test_a_tiny_log_gives_back_nearly_the_model_it_began_with():
    world = make_world("tiny", messages=300, seed=2)
    log = read_events(world.events)
    trained = train(log, threads=1)
    before, after = score(log), score(log, trained.model)
    assert np.abs(before["p_human"] - after["p_human"]).mean() < 0.06
    assert any("too few" in note or "fewer" in note for note in trained.notes)


def test_four_columns_are_enough_to_train(world):
    events = world.events[["event_id", "event_type", "occurred_at", "message_id"]]
    trained = train(read_events(events), threads=1)
    assert len(score(read_events(events), trained.model)) == len(world.truth_opens)


def test_where_no_label_could_correct_it_the_start_is_kept(world):
    visible = world.events[world.events["user_agent"].ne("Mozilla/5.0")]
    trained = train(read_events(visible.assign(ip=None)), threads=1)
    assert trained.params["kept"] == "start"
    assert any(note.startswith("Opens that could teach something new: ") for note in trained.notes)


def test_a_log_without_opens_cannot_be_learned_from(world):
    with pytest.raises(TrainingError, match="holds no opens"):
        train(read_events(world.events[world.events["event_type"] != "open"]))


def test_nothing_to_begin_from_and_nothing_to_learn():
    events = pd.DataFrame(
        {
            "event_id": ["a", "b"],
            "event_type": "open",
            "message_id": ["m", "n"],
            "occurred_at": pd.to_datetime(["2026-01-31T09:00:00Z", "2026-01-31T10:00:00Z"]),
        }
    )
    with pytest.raises(TrainingError, match="Train with --from default"):
        train(read_events(events), start=None)


def test_labels_alone_teach_what_they_are_worth():
    labels = pd.DataFrame(
        {"h": [1.0, None, 0.0], "h_weight": [1.0, 0.0, 1.0], "m": [0.0, None, 0.2], "m_weight": [1.0, 0, 1]}
    )
    soft, weights = label_targets(labels, np.array([False, False, True]))
    assert soft[0].tolist() == [1.0, 0.0, 0.0]
    assert weights.tolist() == [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]  # an ambiguous recipient teaches nothing


def test_the_prior_s_word_stands_where_no_source_of_labels_speaks(world, result):
    prior = np.tile([0.3, 0.5, 0.2], (len(result.evidence), 1))
    soft, weights = corrected_targets(result.labels, result.evidence["is_ambiguous"].to_numpy(), prior)
    is_person, is_machine = np.zeros(len(prior), dtype=bool), np.zeros(len(prior), dtype=bool)
    is_person[result.labels.clues.index], is_machine[result.labels.machine_clues.index] = True, True
    assert 500 < is_person.sum() < len(prior) - 500
    assert 0 < (~is_machine).sum() < len(prior) - 500  # known machines
    assert soft[~is_machine, 2] == pytest.approx(prior[~is_machine, 2])
    share = soft[:, 0] / (soft[:, 0] + soft[:, 1])
    assert share[~is_person] == pytest.approx(np.full((~is_person).sum(), 0.3 / 0.8))
    assert soft.sum(axis=1) == pytest.approx(1.0)
    assert weights.min() == 1
    people = world.truth_opens.set_index("event_id")["label"].loc[result.evidence["event_id"]].eq("human")
    assert soft[is_person & people, 0].mean() > soft[is_person & ~people, 0].mean() + 0.1


def test_a_panel_of_another_log_is_noticed(world):
    panel = pd.DataFrame({"event_id": [1, 2], "label": ["human", "prefetch"]})
    with pytest.raises(TrainingError, match="None of the panel's 2 opens is in this log"):
        train(read_events(world.events), panel=panel)


def test_a_panel_is_taken_at_its_word(world):
    panel = world.truth_opens.head(200)[["event_id", "label"]]
    labels = train(read_events(world.events), panel=panel, threads=1).labels
    said = labels.opens.set_index("event_id").loc[panel["event_id"], "source"]
    assert (said == "panel").all()


def test_a_panel_of_devices_that_nobody_picks_up_does_no_harm(world, result):
    log = read_events(world.events)
    opens = score(log, result.model)[["event_id", "recipient_id", "p_human"]]
    opens["label"] = world.truth_opens.set_index("event_id")["label"].loc[opens["event_id"]].to_numpy()
    readers = opens.loc[opens["label"] == "human", "recipient_id"]
    seeds = opens[(opens["label"] == "prefetch") & ~opens["recipient_id"].isin(readers)]
    assert len(seeds) > 100
    trained = train(log, panel=seeds[["event_id", "label"]], threads=1)
    assert any("not like the others" in note for note in trained.notes)
    rest = ~opens["event_id"].isin(seeds["event_id"])
    is_person = opens["label"].eq("human")[rest]
    after = score(log, trained.model)["p_human"]
    assert log_loss(is_person, after[rest]) < log_loss(is_person, opens["p_human"][rest]) + 0.003


def test_ambiguous_opens_teach_nothing(world):
    with pytest.raises(TrainingError, match="Every open of this log is ambiguous"):
        train(read_events(world.events.assign(is_ambiguous=True)))


def test_of_a_large_log_some_recipients_are_looked_at(world, monkeypatch):
    monkeypatch.setattr("paperknife.training.train.MOST_OPENS", 1_500)
    panel = world.truth_opens.head(40)[["event_id", "label"]]
    trained = train(read_events(world.events), panel=panel, threads=1)
    assert 800 < len(trained.evidence) < 2_500
    assert set(panel["event_id"]) <= set(trained.evidence["event_id"])
    assert any(note.startswith("The log is large: ") for note in trained.notes)
    assert isinstance(trained.params["panel_trees_about_people"], int)
    assert isinstance(trained.params["panel_level"], float)
    trees_n = 1 + trained.params["panel_trees_about_people"]  # the first of them is the level's
    without = train(read_events(world.events), threads=1)
    assert trained.model.stages.human.num_trees() == without.model.stages.human.num_trees() + trees_n
    assert any("the odds of a person there" in note for note in trained.notes)
    assert trained.params["kept"] == "retrained"
