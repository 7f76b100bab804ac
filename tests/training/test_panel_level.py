"""A panel's level: one number that moves opens in Apple's traffic, by no more than the panel's few opens can tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.evaluation.metrics import log_loss
from paperknife.events.log import read_events
from paperknife.evidence.features import encode
from paperknife.evidence.history import gather_horizons
from paperknife.evidence.kinds import kinds
from paperknife.hazards.traffic import traffic
from paperknife.model.bundle import load_model
from paperknife.model.calibration import logit
from paperknife.training.panel_level import HIDDEN, Level, find_level, with_level
from paperknife.training.panel_trees import Told
from paperknife.training.rows import HORIZON_SHARES
from paperknife.worlds.world import make_world


@pytest.fixture(scope="module")
def world():
    return make_world("varied", messages=4_000, seed=8_016)


@pytest.fixture(scope="module")
def tables(world):
    return gather_horizons(read_events(world.events), HORIZON_SHARES)


@pytest.fixture(scope="module")
def start():
    return load_model()


def human_log_odds(model, evidence):
    said = model.predict(evidence)
    return logit(said[:, 0] / (said[:, 0] + said[:, 1]))


def is_hidden(evidence):
    return np.isin(traffic(evidence), HIDDEN)


def told(tables, is_person, some, who=None, *, is_idle=None, is_like=True):
    recipients = tables["settled"]["recipient_id"].factorize()[0].astype(np.int64)
    return Told(
        is_person.astype(float),
        np.zeros(len(some)),
        some.astype(float),
        np.zeros(len(some)),
        recipients if who is None else who,
        np.zeros(len(some), dtype=bool) if is_idle is None else is_idle,
        is_like,
    )


def evidence_tables(evidence):
    return dict.fromkeys(HORIZON_SHARES, evidence)


def drawn_people(tables, start, shift, seed=1):
    """Return who would be a person, had the start's level been wrong by a shift: the same at every horizon."""
    odds = human_log_odds(start, tables["settled"]) + shift
    return np.random.default_rng(seed).random(len(odds)) < 1 / (1 + np.exp(-odds))


def test_every_kind_of_hidden_open_is_moved_and_no_other(tables, start):
    every = list(kinds().values())
    opens = tables["settled"].iloc[np.arange(len(every))]
    opens = opens.assign(
        client_family=pd.array([kind.client_family for kind in every], dtype="str"),
        network_class=pd.array([kind.network_class for kind in every], dtype="str"),
        mechanism=pd.array([kind.mechanism for kind in every], dtype="str"),
    )
    for evidence in (opens, tables["instant"], tables["settled"]):
        moved = with_level(start, Level(0.7, 10), evidence_tables(evidence))
        before, after = (
            model.stages.human.predict(encode(evidence), raw_score=True) for model in (start, moved)
        )
        assert after - before == pytest.approx(np.where(is_hidden(evidence), 0.7, 0.0), abs=1e-6)
        assert 0 < is_hidden(evidence).mean() < 1


def test_many_people_tell_the_level_and_few_are_believed_less(tables, start):
    is_person = drawn_people(tables, start, 1.0)
    only_settled = evidence_tables(tables["settled"])
    hidden = np.flatnonzero(is_hidden(tables["settled"]))
    own = np.arange(len(is_person))  # each open its own recipient's
    found = []
    for n in (0, 10, len(hidden)):
        some = np.isin(own, np.random.default_rng(4).permutation(hidden)[:n])
        found.append(find_level(start, only_settled, told(tables, is_person, some, own)))
    none, few, all_ = found
    assert none == Level(0.0, 0)
    assert few.opens_n == 10
    assert all_.shift == pytest.approx(1.0, abs=0.25)
    # Ten opens that say the same as all of them do move the level, and not as far.
    by_tens = [
        find_level(
            start,
            only_settled,
            told(tables, is_person, np.isin(own, np.random.default_rng(k).permutation(hidden)[:10]), own),
        ).shift
        for k in range(30)
    ]
    assert 0.1 < np.mean(by_tens) < 0.8


def test_one_persons_many_opens_say_less_than_many_persons_opens(tables, start):
    is_person = drawn_people(tables, start, 1.0)
    only_settled = evidence_tables(tables["settled"])
    some = np.isin(np.arange(len(is_person)), np.flatnonzero(is_hidden(tables["settled"]))[:60])
    nobodys = np.zeros(len(is_person), dtype=np.int64)
    of_one, of_many = (
        find_level(start, only_settled, told(tables, is_person, some, who))
        for who in (nobodys, np.arange(len(is_person)))
    )
    assert of_one.opens_n == of_many.opens_n == 60
    assert 0 < of_one.shift < of_many.shift


def test_what_thirty_people_tell_holds_for_others(world, tables, start):
    label = world.truth_opens.set_index("event_id")["label"].loc[tables["settled"]["event_id"]].to_numpy()
    wrong = with_level(start, Level(-1.5, 1), tables)
    recipients = tables["settled"]["recipient_id"]
    some = recipients.isin(np.random.default_rng(3).permutation(recipients.unique())[:30]).to_numpy()
    level = find_level(wrong, tables, told(tables, label == "human", some & (label != "machine")))
    mended = with_level(wrong, level, tables)
    others = ~some & is_hidden(tables["settled"])
    for evidence in (tables["instant"], tables["settled"]):
        before, after = (model.predict(evidence)[others, 0] for model in (wrong, mended))
        assert (
            log_loss((label == "human")[others], after) < log_loss((label == "human")[others], before) - 0.02
        )


def test_strangers_and_visible_readers_say_nothing_of_the_level(tables, start):
    is_person = drawn_people(tables, start, 2.0)
    everybody = np.ones(len(is_person), dtype=bool)
    assert find_level(start, tables, told(tables, is_person, everybody, is_like=False)) == Level(0.0, 0)
    visible = ~is_hidden(tables["settled"])
    level = find_level(start, tables, told(tables, is_person, visible))
    assert level == Level(0.0, 0)
    assert level.sentence == ""
    assert with_level(start, level, tables) is start


def test_devices_that_nobody_picks_up_do_not_move_the_level(tables, start):
    is_person = drawn_people(tables, start, 0.5)
    own = np.arange(len(is_person)) // 7
    hidden = is_hidden(tables["settled"])
    some = hidden & (own % 5 == 0)
    is_idle = hidden & (own % 5 == 1) & ~is_person
    assert is_idle.sum() > 50
    alone = find_level(start, tables, told(tables, is_person, some, own))
    beside = find_level(start, tables, told(tables, is_person, some | is_idle, own, is_idle=is_idle))
    assert alone.shift > 0.1
    assert beside == alone


def test_reasons_of_opens_that_are_not_moved_stay_what_they_were(tables, start):
    moved = with_level(start, Level(1.5, 10), tables)
    some = tables["settled"][~is_hidden(tables["settled"])].head(400)
    changed = [one != other for one, other in zip(start.reasons(some), moved.reasons(some), strict=True)]
    assert np.mean(changed) < 0.05


def test_reasons_still_add_up(tables, start):
    moved = with_level(start, Level(0.7, 10), tables)
    some = tables["settled"].head(200)
    parts = moved.explain(some)
    assert parts.human.sum(axis=1) == pytest.approx(human_log_odds(moved, some), abs=2e-3)


def test_the_sentence_says_what_the_panel_said():
    said = Level(0.3, 71, float(np.log(1.5))).sentence
    assert "71 opens in Apple's traffic" in said
    assert "about 1.50 times" in said
