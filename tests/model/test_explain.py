"""Reasons: what each view adds, exactly, and the strongest of it in words."""

from __future__ import annotations

import numpy as np
import pytest

from paperknife.events.log import read_events
from paperknife.evidence.features import catalogue, encode
from paperknife.evidence.history import gather_evidence
from paperknife.model.bundle import load_model
from paperknife.model.calibration import logit
from paperknife.model.explain import VIEWS, reason_sentences, reasons_of, views_of_features
from paperknife.worlds.world import make_world


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture(scope="module")
def evidence():
    return gather_evidence(read_events(make_world("plain", messages=600, seed=8).events))


def shares(**views):
    row = np.zeros((1, len(VIEWS)))
    for view, share in views.items():
        row[0, VIEWS.index(view)] = share
    return row


NOTHING = shares()


def test_an_explanation_says_what_the_model_says_to_the_last_bit(model, evidence):
    explanation = model.explain(evidence)
    np.testing.assert_array_equal(explanation.probabilities, model.predict(evidence))
    answers, reasons = model.predict_with_reasons(evidence)
    np.testing.assert_array_equal(answers, explanation.probabilities)
    assert reasons == explanation.reasons() == model.reasons(evidence)


def test_views_prior_and_calibration_add_up_to_the_calibrated_log_odds(model, evidence):
    explanation = model.explain(evidence)
    human, prefetch, machine = explanation.probabilities.T
    np.testing.assert_allclose(explanation.machine.sum(axis=1), logit(machine), atol=1e-9)
    np.testing.assert_allclose(explanation.human.sum(axis=1), logit(human / (human + prefetch)), atol=1e-9)
    raw = model.stages.log_odds(encode(evidence))
    calibration = VIEWS.index("calibration")
    before = np.delete(explanation.human, calibration, axis=1).sum(axis=1)
    np.testing.assert_allclose(before, raw[:, 1], atol=1e-9)
    assert len(np.unique(explanation.human[:, VIEWS.index("prior")])) == 1


def test_every_feature_has_a_view_with_sentences(model):
    assert {VIEWS[place] for place in views_of_features()} == {feature.view for feature in catalogue()}
    assert set(VIEWS) - {feature.view for feature in catalogue()} == {"prior", "calibration"}
    sentences = reason_sentences()
    assert len(sentences) == 3 * len(VIEWS)
    assert sentences["client:prefetch"] == "Its user agent speaks for Apple's prefetch."


def test_reasons_come_strongest_first_and_at_most_three():
    human = shares(timing=-2.0, client=1.0, network=-0.5, message=0.3)
    assert reasons_of(NOTHING, human, np.zeros(1)) == [
        ["timing:prefetch", "client:human", "network:prefetch"]
    ]


def test_faint_views_are_no_reasons():
    assert reasons_of(NOTHING, shares(timing=0.09), np.zeros(1)) == [[]]


def test_what_speaks_of_people_does_not_count_once_it_was_a_machine():
    machine, human = shares(network=3.0), shares(timing=2.0)
    assert reasons_of(machine, human, np.array([0.99])) == [["network:machine"]]
    assert reasons_of(-machine, human, np.array([0.01])) == [["timing:human"]]


def test_the_prior_is_a_reason_only_where_nothing_of_the_open_outweighs_it():
    weak, strong = shares(prior=1.0, timing=-0.5), shares(prior=1.0, timing=-1.5)
    assert reasons_of(NOTHING, weak, np.zeros(1)) == [["prior:human", "timing:prefetch"]]
    assert reasons_of(NOTHING, strong, np.zeros(1)) == [["timing:prefetch"]]


def test_rows_do_not_share_their_lists():
    one, two = reasons_of(
        np.repeat(NOTHING, 2, axis=0), np.repeat(shares(timing=1.0), 2, axis=0), np.zeros(2)
    )
    one.append("x")
    assert two == ["timing:human"]


def test_no_opens_have_no_reasons(model, evidence):
    answers, reasons = model.predict_with_reasons(evidence.iloc[:0])
    assert answers.shape == (0, 3)
    assert reasons == []
    assert model.explain(evidence.iloc[:0]).human.shape == (0, len(VIEWS))
