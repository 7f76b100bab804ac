"""A panel's trees: they help people outside the panel, and a panel with nothing to teach gets none."""

from __future__ import annotations

import numpy as np
import pytest

from paperknife.evaluation.metrics import log_loss
from paperknife.events.log import read_events
from paperknife.evidence.history import gather_horizons
from paperknife.model.bundle import load_model
from paperknife.training.panel_trees import PanelTrees, Told, _enough, fit_panel, told_by_panel, with_panel
from paperknife.training.rows import HORIZON_SHARES
from paperknife.worlds.world import make_world


@pytest.fixture(scope="module")
def world():
    return make_world("varied", messages=4_000, seed=8_016)


@pytest.fixture(scope="module")
def tables(world):
    return gather_horizons(read_events(world.events), HORIZON_SHARES)


@pytest.fixture(scope="module")
def label(world, tables):
    return world.truth_opens.set_index("event_id")["label"].loc[tables["settled"]["event_id"]].to_numpy()


def told(tables, human, machine, some):
    recipients = tables["settled"]["recipient_id"]
    return Told(
        human.astype(float),
        machine.astype(float),
        (some & ~machine).astype(float),
        some.astype(float),
        recipients.factorize()[0].astype(np.int64),
        np.zeros(len(some), dtype=bool),
    )


@pytest.fixture(scope="module")
def panel_people(tables):
    recipients = tables["settled"]["recipient_id"]
    drawn = np.random.default_rng(3).permutation(recipients.unique())[:150]
    return recipients.isin(drawn).to_numpy()


def test_what_some_people_tell_holds_for_others(tables, label, panel_people):
    start = load_model()
    words = told(tables, label == "human", label == "machine", panel_people)
    trees = fit_panel(start, tables, words)
    assert trees.human_n > 0
    assert trees.human_loss[1] < trees.human_loss[0]
    model = with_panel(start, tables, words, trees)
    others = ~panel_people
    for table in (tables["instant"], tables["settled"]):
        before, after = (one.predict(table)[others, 0] for one in (start, model))
        is_person = (label == "human")[others]
        assert log_loss(is_person, after) < log_loss(is_person, before) - 0.01


def test_a_panel_that_says_what_the_model_says_teaches_next_to_nothing(tables, panel_people):
    start = load_model()
    said = start.predict(tables["instant"])
    random = np.random.default_rng(5)
    machine = random.random(len(said)) < said[:, 2]
    human = random.random(len(said)) < said[:, 0] / np.maximum(1 - said[:, 2], 1e-9)
    only_instant = dict.fromkeys(HORIZON_SHARES, tables["instant"])
    trees = fit_panel(start, only_instant, told(tables, human, machine, panel_people))
    for before, after in (trees.human_loss, trees.machine_loss):
        assert before - after < 0.01


def test_a_panel_of_strangers_says_nothing_of_machines(tables, label):
    labels = tables["settled"][["event_id"]].assign(
        h=np.where(label == "human", 1.0, 0.0), h_weight=2.5, m=0.0, m_weight=5.0, source="panel"
    )
    labels.loc[0, ["h", "h_weight"]] = [0.4, 1.0]  # the labels' own word, which the panel did not replace
    strangers = told_by_panel(labels, tables["settled"], is_like=False)
    assert not strangers.machine_weight.any()
    assert strangers.human_weight[0] == 0
    assert strangers.human_weight[1:] == pytest.approx(0.5)
    ambiguous = tables["settled"].assign(is_ambiguous=True)  # scored, never trained on
    nobody = told_by_panel(labels, ambiguous, is_like=True)
    assert not nobody.human_weight.any()
    assert not nobody.machine_weight.any()
    alike = told_by_panel(labels, tables["settled"], is_like=True)
    assert alike.machine_weight == pytest.approx(1)
    assert not alike.only(np.zeros(len(label), dtype=bool)).human_weight.any()


def test_a_panel_of_one_person_changes_nothing(tables, label):
    some = (tables["settled"]["recipient_id"] == tables["settled"]["recipient_id"].iloc[0]).to_numpy()
    words = told(tables, label == "human", label == "machine", some)
    trees = fit_panel(load_model(), tables, words)
    assert (trees.machine_n, trees.human_n) == (0, 0)
    assert trees.sentence.startswith("The panel added no trees")
    assert with_panel(load_model(), tables, words, trees).model_id == load_model().model_id


def test_the_sentence_says_what_was_gained():
    said = PanelTrees(20, 0, (0.4, 0.35), (0.2, 0.2)).sentence
    assert "20 trees about machines" in said
    assert "0.400 before and 0.350 after" in said
    assert "people" not in said


def test_what_helps_one_person_of_a_panel_may_be_chance():
    who = np.repeat(np.arange(12), 5)
    weight = np.ones(len(who))
    all_gain = np.outer(np.ones(len(who)), [0.40, 0.30, 0.20])
    assert _enough(all_gain, who, weight, 0.003) == (2, pytest.approx((0.40, 0.20)))
    one_gains = np.full((len(who), 3), 0.40)
    one_gains[who == 3] = [0.40, 0.10, 0.01]
    one_gains[who == 4] = [0.40, 0.42, 0.44]
    assert _enough(one_gains, who, weight, 0.003) == (0, pytest.approx((0.40, 0.40)))
    all_gain_little = np.outer(np.ones(len(who)), [0.400, 0.3988, 0.398])
    assert _enough(all_gain_little, who, weight, 0.003)[0] == 0
    assert _enough(all_gain_little, who, weight, 0.0)[0] == 1
    one_gains_twice = np.full((len(who), 3), [0.40, 0.30, 0.30])
    one_gains_twice[who == 0, 2] = 0.0
    one_gains_twice[who > 9, 2] = 0.31
    # That trees help is no chance; of those that do, the number that helps most.
    assert _enough(one_gains_twice, who, weight, 0.003)[0] == 2
    alone = np.outer(np.ones(5), [0.40, 0.30, 0.20])
    assert (
        _enough(alone, np.zeros(5, dtype=np.int64), np.ones(5), 0.0)[0] == 0
    )  # of one person nobody knows what chance is
