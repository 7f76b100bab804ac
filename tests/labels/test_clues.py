"""What is said of a recipient is said beside the log, so that a log's level bears nothing out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.labels.clues import BESIDE_LOG, CLUES, KIN, log_odds
from paperknife.labels.soft_labels import soft_labels


def priors(sender, log_odds_of_each):
    p = 1 / (1 + np.exp(-log_odds_of_each))
    return pd.DataFrame(
        {"p_human": 0.99 * p, "p_prefetch": 0.99 * (1 - p), "p_machine": 0.01}, index=sender.evidence.index
    )


def clues_of(sender, log_odds_of_each):
    return soft_labels(sender.evidence, sender.messages, prior=priors(sender, log_odds_of_each)).clues


@pytest.fixture(scope="module")
def spread(plain_sender):
    """Return log-odds that differ by recipient."""
    codes = pd.factorize(plain_sender.evidence["recipient_id"])[0]
    return np.random.default_rng(0).normal(-0.5, 0.7, codes.max() + 1)[codes]


def test_a_recipient_like_the_log_says_nothing(plain_sender):
    said = clues_of(plain_sender, np.full(len(plain_sender.evidence), -0.4))["recipient_prior_beside_log"]
    assert said.notna().any()
    assert said.dropna().to_numpy() == pytest.approx(0, abs=1e-4)


def test_a_recipient_unlike_the_log_says_how_much(plain_sender, spread):
    said = clues_of(plain_sender, spread)["recipient_prior_beside_log"].dropna()
    of_log = np.average(1 / (1 + np.exp(-spread[said.index])))
    expected = spread[said.index] - log_odds(np.array([of_log]))
    assert np.corrcoef(said, expected)[0, 1] > 0.999
    assert np.abs(said - expected).max() < 0.15


def test_what_is_wrong_of_the_whole_log_is_not_borne_out_by_its_recipients(plain_sender, spread):
    as_it_is, shifted = (
        clues_of(plain_sender, spread + by)["recipient_prior_beside_log"].dropna() for by in (0.0, 1.0)
    )
    assert np.abs(as_it_is - shifted).max() < 0.2  # plain means would differ by 1


def test_kin_that_are_not_there_say_nothing(plain_sender, spread):
    clues = clues_of(plain_sender, spread)
    alone = clues[clues["recipient_n"] == 0]
    assert len(alone)
    assert alone[[f"{name}_beside_log" for name in BESIDE_LOG]].isna().all(axis=None)


def test_the_names_of_kin_are_among_the_clues():
    assert set(KIN) <= set(CLUES)
    assert not set(BESIDE_LOG) & set(CLUES)
