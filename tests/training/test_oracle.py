"""An oracle learns the truth of several logs, is chosen and calibrated on others, and refuses half a truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.errors import TrainingError
from paperknife.evaluation.metrics import log_loss
from paperknife.events.log import read_events
from paperknife.evidence.history import gather_horizons
from paperknife.training.oracle import CLASSES, Lessons, fit_oracle, lessons_of
from paperknife.worlds.world import make_world


def lesson(seed):
    world = make_world("plain", messages=1_500, seed=seed, days=21)
    tables = gather_horizons(read_events(world.events), ["instant", "settled"], threads=1)
    label = world.truth_opens.set_index("event_id")["label"].map({name: n for n, name in enumerate(CLASSES)})
    return lessons_of(tables, label.to_dict(), np.random.default_rng(seed)), tables, label


@pytest.fixture(scope="module")
def lessons():
    return Lessons.joined([lesson(seed)[0] for seed in range(5)])


def test_each_open_is_shown_once_at_some_horizon(lessons):
    one, tables, label = lesson(0)
    assert len(one.label) == len(tables["instant"])
    assert 0.3 < (one.seen_s == 0).mean() < 0.7
    assert np.bincount(one.label).tolist() == label.value_counts().sort_index().tolist()


def test_an_oracle_foresees_what_it_has_not_seen(lessons):
    oracle = fit_oracle(lessons, threads=1)
    _, tables, label = lesson(9)
    p = oracle.predict(tables["settled"])
    human = label.loc[tables["settled"]["event_id"]].to_numpy() == 0
    assert log_loss(human, p[:, 0]) < 0.6 * log_loss(human, np.full(len(human), human.mean()))
    assert oracle.about["logs_n"] == 5
    grown = fit_oracle(lessons, start=oracle, threads=1)
    assert grown.stages.human.num_trees() > oracle.stages.human.num_trees()


def test_an_oracle_needs_a_log_to_choose_on(lessons):
    with pytest.raises(TrainingError, match="An oracle needs at least 5 logs, .* got 4."):
        fit_oracle(lessons.only(lessons.log_n < 4))


def test_an_open_without_truth_is_refused():
    table = pd.DataFrame({"event_id": ["a", "b"]})
    with pytest.raises(TrainingError, match="1 opens have no truth"):
        lessons_of({"instant": table}, {"a": 0}, np.random.default_rng(0))
