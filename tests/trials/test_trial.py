"""One small trial from end to end: every rung is there, tables follow, and learning is not worse than it was."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from paperknife.evaluation.rules import RULES
from paperknife.model.bundle import load_model
from paperknife.trials import rungs
from paperknife.trials.cases import Case
from paperknife.trials.oracles import HORIZONS, OracleSize
from paperknife.trials.page import page
from paperknife.trials.shelf import Shelf
from paperknife.trials.summary import BEST_RULE, ceilings, gaps, only, origins, read_trials, regrets
from paperknife.trials.targets import judge
from paperknife.trials.trial import POSTERIOR, Trial, TrialSize, run_trial

SIZE = TrialSize(7_000, oracle=OracleSize(8_000, 3_000), base=OracleSize(4_000, 1_500))

NO_GAPS = pd.DataFrame(columns=["case", "horizon", "gap", "method", "lost"])
NO_CEILING = pd.DataFrame()


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return Shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture(scope="module")
def trial(shelf):
    return run_trial(Case("plain"), 0, load_model(), SIZE, shelf, threads=1)


@pytest.fixture(scope="module")
def table(trial):
    return regrets([trial], resamples=50)


def test_every_rung_answers_for_every_judged_open(trial):
    ours = {
        rungs.RULE_LABELS,
        rungs.DEFAULT,
        rungs.TRAINED,
        rungs.WITH_FEW,
        rungs.WITH_PANEL,
        rungs.ORACLE,
    }
    assert set(trial.said) == set(HORIZONS)
    for horizon, said in trial.said.items():
        assert set(said) == ours | {rungs.RULE + rule.name for rule in RULES}
        for p in said.values():
            assert p.shape == (len(trial.judged[horizon]), 3)
            assert np.allclose(p.sum(axis=1), 1)


# Seen on 2026-11-30, instant and settled: -.03 and -.04, .02 and .00, -.02 and -.03, -.03 and -.05 (an oracle of 8,000
# opens is a modest one), and .38 for the best published rule. What is clearly worse than that, on the same log with the
# same oracle, has got worse.
MOST_REGRET = {rungs.DEFAULT: 0.03, rungs.TRAINED: 0.05, rungs.WITH_FEW: 0.05, rungs.WITH_PANEL: 0.05}


@pytest.mark.parametrize("horizon", HORIZONS)
@pytest.mark.parametrize("method", MOST_REGRET)
def test_learning_is_not_clearly_worse_than_it_was(table, method, horizon):
    rows = only(table, method=method, horizon=horizon, value="all opens")
    assert rows["regret"].iloc[0] < MOST_REGRET[method]


@pytest.mark.parametrize("horizon", HORIZONS)
def test_the_rules_are_beaten(table, horizon):
    rows = only(table, horizon=horizon, value="all opens").set_index("method")
    for method in (rungs.DEFAULT, rungs.TRAINED):
        assert rows.loc[method, "log_loss"] < rows.loc[BEST_RULE, "log_loss"]
        assert rows.loc[method, "auc"] > rows.loc[BEST_RULE, "auc"]


def test_a_trial_comes_back_from_its_folder_as_it_was(trial, tmp_path):
    trial.save(tmp_path)
    again = read_trials(tmp_path)[0]
    assert (again.case, again.seed, again.notes, again.gaps) == ("plain", trial.seed, trial.notes, trial.gaps)
    for horizon, said in trial.said.items():
        for method, p in said.items():
            assert np.array_equal(again.said[horizon][method], p)
    one, two = (one.losses("instant", resamples=20) for one in (trial, again))
    pd.testing.assert_frame_equal(one.figures, two.figures)


def test_what_stands_on_the_shelf_is_not_made_again(trial, shelf, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError

    monkeypatch.setattr("paperknife.trials.oracles.fit_oracle", refuse)
    monkeypatch.setattr("paperknife.trials.trial.gather_horizons", refuse)
    monkeypatch.setattr(rungs, "trained_model", lambda log, default, *_, **__: (default, []))
    size = TrialSize(SIZE.messages, SIZE.oracle, SIZE.base, with_gaps=False)
    again = run_trial(Case("plain"), 0, load_model(), size, shelf, threads=1)
    assert np.array_equal(again.said["settled"][rungs.ORACLE], trial.said["settled"][rungs.ORACLE])


def test_fields_that_go_missing_cost_ranking(trial):
    lost = gaps([trial])
    both = only(lost, gap="neither", method=rungs.DEFAULT)
    assert len(lost) == 3 * len(HORIZONS) * 2
    assert (both["lost"] > 0.02).all()


def test_the_page_says_targets_families_and_origins(trial, table):
    held_out = table.assign(case="rare_prefetch")
    lost = gaps([trial]).assign(case="rare_prefetch")
    targets = judge(held_out, lost, NO_CEILING)
    median = targets[
        (targets["figure"] == "default model, median regret") & (targets["horizon"] == "instant")
    ]
    regret = only(held_out, method=rungs.DEFAULT, horizon="instant", value="all opens")
    assert median["measured"].iloc[0] == pytest.approx(regret["regret"].iloc[0])
    assert median["passes"].iloc[0] == (regret["regret"].iloc[0] <= 0.20)
    said = page({"made on": "today"}, targets, held_out, origins([trial]), lost, ceilings([trial]), "A title")
    assert said.startswith("# A title\n")
    assert "- made on: today" in said
    assert "| default model, median regret | instant | <= 0.20 |" in said
    assert said.count("| rare_prefetch | settled |") == 2
    json.dumps(json.loads(targets.to_json(orient="records")))


def test_targets_count_held_out_families_only(table):
    targets = judge(table, NO_GAPS, NO_CEILING)
    assert targets["measured"].isna().all()
    assert targets["passes"].isna().all()


def test_a_change_halfway_is_judged_by_itself(table):
    changed = table.assign(case="plain, new agent midway")
    targets = judge(changed, NO_GAPS, NO_CEILING)
    rows = targets[targets["measured"].notna()]
    assert set(rows["figure"]) == {"train, worst regret after a change half-way"}
    assert rows["note"].str.startswith("plain, new agent midway ").all()


def test_what_beats_the_simulators_own_posterior_is_a_leak(trial, table):
    assert ceilings([trial]).empty == (POSTERIOR not in trial.judged["instant"])
    rng = np.random.default_rng(0)
    judged = trial.judged["instant"]
    human = judged["label"].to_numpy() == 0
    honest = np.where(rng.random(len(judged)) < 0.1, np.nan, np.where(human, 0.9, 0.1))
    with_ceiling = judged.assign(**{POSTERIOR: honest})
    said = {name: np.tile([0.5, 0.25, 0.25], (len(judged), 1)) for name in trial.said["instant"]}
    leak = np.eye(3)[judged["label"].to_numpy()]
    for default, passes in ((said[rungs.DEFAULT], True), (leak, False)):
        tried = Trial(
            "plain", 1, {"instant": with_ceiling}, {"instant": {**said, rungs.DEFAULT: default}}, [], []
        )
        found = ceilings([tried])
        assert (found["opens_n"] == (~np.isnan(honest) & judged["is_apple"]).sum()).all()
        targets = judge(table, NO_GAPS, found)
        row = targets[targets["figure"].str.contains("posterior")].iloc[0]
        assert row["passes"] == passes


def test_a_panel_is_the_opens_of_some_recipients():
    opens = pd.DataFrame(
        {"event_id": list("abcdef"), "recipient_id": list("xxyyzz"), "label": [0, 1, 2, 0, 1, 2]}
    )
    panel = rungs.draw_panel(opens, 2)
    told = panel.merge(opens, on="event_id")
    assert told["recipient_id"].nunique() == 2
    assert len(panel) == 4
    assert (told["label_x"] == told["label_y"].map({0: "human", 1: "prefetch", 2: "machine"})).all()


def test_a_log_that_cannot_be_learned_from_keeps_the_default_model():
    from paperknife.events.log import read_events

    default = load_model()
    log = read_events(
        pd.DataFrame(
            {
                "event_id": ["a"],
                "event_type": ["delivered"],
                "occurred_at": ["2026-01-05T09:00:00Z"],
                "message_id": ["m"],
            }
        )
    )
    model, notes = rungs.trained_model(log, default)
    assert model is default
    assert notes[0].startswith("Refused: The log holds no opens")


def test_trials_are_named_so_that_files_can_have_them(trial, tmp_path):
    Trial("plain, new agent midway", 7, trial.judged, trial.said, [], []).save(tmp_path)
    assert (tmp_path / "plain-new-agent-midway-7.parquet").exists()
