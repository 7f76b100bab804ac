from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.hazards.strata import opened_never, recipient_strata


def log_of(recipients):
    """One row per message of (recipient, domain, is_apple, is_visible)."""
    table = pd.DataFrame(recipients, columns=["recipient_id", "recipient_domain", "apple", "visible"])
    return table, table["apple"].to_numpy(dtype=bool), table["visible"].to_numpy(dtype=bool)


def test_recipients_show_what_they_are():
    strata = recipient_strata(
        *log_of(
            [
                ("anna", "a.test", True, False),
                ("anna", "a.test", False, False),
                ("bert", "a.test", False, True),
                ("cleo", "a.test", True, False),
                ("cleo", "a.test", False, True),
            ]
        )
    )
    assert strata.apple.tolist() == [1, 1, 0, 0.5, 0.5]
    assert strata.visible.tolist() == [0, 0, 1, 0, 0]
    assert strata.is_seen.all()


def simulated(n, *, apple_rate, reader_rate, seed=0):
    """Half of the recipients behind Apple; each is sent six messages and opens by a rate of their own."""
    rng = np.random.default_rng(seed)
    behind_apple = rng.random(n) < 0.5
    mean = np.where(behind_apple, apple_rate, reader_rate)
    own = rng.beta(mean * 2, (1 - mean) * 2)
    rows = []
    for person in range(n):
        rows += [
            (f"r{person}", None, opened and behind_apple[person], opened and not behind_apple[person])
            for opened in rng.random(6) < own[person]
        ]
    return behind_apple, log_of(rows)


def test_those_who_never_open_are_mostly_not_behind_apple_when_apple_fetches_nearly_everything():
    behind_apple, (messages, apple, visible) = simulated(3_000, apple_rate=0.85, reader_rate=0.3)
    strata = recipient_strata(messages, apple, visible)
    silent = messages["recipient_id"][~strata.is_seen].drop_duplicates().str[1:].astype(int)
    truth = behind_apple[silent].mean()
    assert strata.apple[~strata.is_seen].mean() == pytest.approx(truth, abs=0.08)
    assert truth < 0.2
    assert (strata.visible + strata.apple)[~strata.is_seen] == pytest.approx(1.0)


def test_the_law_of_openers_tells_how_many_never_open():
    rng = np.random.default_rng(3)
    opened = rng.binomial(8, rng.beta(0.8, 1.6, 20_000))
    seen = opened > 0
    found = opened_never(np.full(seen.sum(), 8), opened[seen], np.array([8, 8]))
    assert found == pytest.approx(np.full(2, (~seen).mean()), abs=0.04)


def test_nothing_can_be_learnt_from_single_messages():
    assert opened_never(np.array([1, 1]), np.array([1, 1]), np.array([1, 1, 1])).tolist() == [0.5, 0.5, 0.5]


def test_a_log_nobody_opened_belongs_to_no_stratum():
    strata = recipient_strata(*log_of([("anna", None, False, False)]))
    assert strata.apple.tolist() == [0]
    assert strata.visible.tolist() == [0]
    assert np.isnan(strata.apple_share)
