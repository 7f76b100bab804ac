"""What the sources are worth beside the starting model: bounded where they are silent, moved where they speak."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from paperknife.labels.clues import CLUES, log_odds
from paperknife.labels.label_model import CLUES_TO, LabelModel
from paperknife.labels.soft_labels import soft_labels
from paperknife.model.bundle import load_model


def prior_of(evidence, p_human=0.3):
    return pd.DataFrame(
        {"p_human": p_human, "p_prefetch": 0.99 - p_human, "p_machine": 0.01}, index=evidence.index
    )


@pytest.fixture(scope="module")
def clues(plain_sender):
    return soft_labels(
        plain_sender.evidence, plain_sender.messages, prior=prior_of(plain_sender.evidence)
    ).clues


def test_clues_are_of_apples_traffic_alone(plain_sender, clues):
    assert list(clues.columns) == list(CLUES)
    assert (clues.dtypes == np.float32).all()
    assert set(plain_sender.evidence["mechanism"].iloc[clues.index]) == {"apple_relay"}
    assert not np.isinf(clues.to_numpy()).any()


def test_what_is_said_of_a_recipient_is_said_plainly_only_where_no_source_speaks(plain_sender, clues):
    assert clues["label"].notna().all()
    assert clues["recipient_prior_unlabelled"].isna().all()
    bare = plain_sender.evidence.assign(client_family=None, network_class=None, mechanism="unknown")
    silent = soft_labels(bare, plain_sender.messages, prior=prior_of(bare, 0.3)).clues
    silent = silent[silent["label"].isna() & silent["recipient_n"].gt(0)]
    assert len(silent)
    assert np.allclose(silent["recipient_prior_unlabelled"], log_odds(np.array([0.3 / 0.99]))[0], atol=1e-3)


def test_without_a_prior_there_is_nothing_to_correct(plain_sender):
    assert soft_labels(plain_sender.evidence, plain_sender.messages).clues.empty


def test_ambiguous_opens_give_no_clue(plain_sender):
    evidence = plain_sender.evidence.assign(is_ambiguous=True)
    assert soft_labels(evidence, plain_sender.messages, prior=prior_of(evidence)).clues.empty


def test_what_all_sources_say_moves_the_answer_their_way(clues):
    model = LabelModel.load("people")
    firsts = clues[(clues["is_first"] == 1) & clues["dated"].isna()]
    for column in ("label", "hazard"):
        assert firsts[column].notna().all()
    less, more = (
        model.probability(firsts.assign(label=firsts["label"] + by, hazard=firsts["hazard"] + by)).mean()
        for by in (-1.0, 1.0)
    )
    assert less + 0.03 < more


def test_silent_sources_leave_the_prior_nearly_alone():
    silent = pd.DataFrame(np.nan, index=range(3), columns=list(CLUES), dtype=np.float32)
    silent = silent.assign(
        prior=log_odds(np.array([0.1, 0.4, 0.9])), machine=0.01, is_first=0, is_first_unknown=0
    )
    answer = LabelModel.load("people").probability(silent.astype(np.float32))
    assert np.abs(log_odds(answer) - silent["prior"]).max() < 1


@pytest.mark.parametrize("question", CLUES_TO)
def test_no_opens_no_answers(question):
    assert len(LabelModel.load(question).probability(pd.DataFrame(columns=list(CLUES_TO[question])))) == 0


def test_it_learns_whom_to_believe():
    random = np.random.default_rng(0)
    person = random.random(8_000) < 0.4
    table = pd.DataFrame(np.nan, index=range(len(person)), columns=list(CLUES), dtype=np.float32)
    table["prior"] = np.float32(log_odds(np.array([0.4]))[0])
    table["label"] = np.where(person, 1.0, -1.0) + random.normal(0, 1, len(person))
    table["interest"] = random.normal(0, 1, len(person))  # says nothing
    model = LabelModel.fit(table, person.astype(float), np.ones(len(person)), "people", threads=1)
    answer = model.probability(table)
    assert np.corrcoef(log_odds(answer), table["label"])[0, 1] > 0.9
    assert answer.mean() == pytest.approx(person.mean(), abs=0.02)


def test_the_label_models_that_ship_were_made_beside_the_default_model_and_gain():
    made = json.loads((Path(__file__).parents[2] / "models" / "label_models.json").read_text())
    assert made["beside"] == load_model().model_id, "make them anew: models/make_label_model.py"
    for question in CLUES_TO:
        assert made[question]["log_loss"] < made[question]["log_loss_of_start"]
