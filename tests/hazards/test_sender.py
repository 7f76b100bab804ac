from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.hazards.sender import Rates, first_fetches


def test_the_share_of_people_is_the_ratio_of_hazards():
    rates = Rates(average=np.array([1.0, 1.0]), read=np.array([1.0, 1.0]), total=np.array([4.0, 0.5]))
    assert rates.p_human(1.0) == pytest.approx([0.25, 1.0])
    assert rates.p_human(2.0) == pytest.approx([0.5, 1.0])


def test_a_campaigns_interest_raises_readings_not_prefetches():
    # three prefetches an hour, and readings at one an hour on average, at two in this campaign
    rates = Rates(average=np.array([1.0]), read=np.array([2.0]), total=np.array([4.0]))
    assert rates.p_human(1.0) == pytest.approx([2 / 5])


def test_a_fetch_that_may_not_be_apples_is_more_likely_a_person():
    rates = Rates(average=np.array([1.0]), read=np.array([1.0]), total=np.array([4.0]))
    assert rates.p_human(1.0, np.array([0.0])) == pytest.approx([1.0])
    assert 0.25 < rates.p_human(1.0, np.array([0.5]))[0] < 1.0


def test_first_fetches_pass_over_machines_and_let_unknown_opens_be_either():
    messages = pd.DataFrame({"message_id": ["m1", "m2", "m3"]})
    evidence = pd.DataFrame(
        {
            "message_id": ["m1", "m1", "m1", "m2"],
            "client_family": ["outlook_desktop", "apple_mail", "outlook_desktop", None],
            "network_class": ["other", "apple_relay", "other", None],
            "delay_us": pd.array([1, 5, 9, 7], dtype="Int64") * 1_000_000,
        }
    )
    table = first_fetches(messages, evidence, np.array([0.9, 0.0, 0.0, 0.0]))
    assert table["apple_s"].tolist()[:2] == [5, 7]
    assert table["visible_s"].tolist()[:2] == [9, 7]
    assert table[["apple_s", "visible_s"]].iloc[2].isna().all()
    assert table["is_apple"].tolist() == [True, False, False]
    assert table["is_visible"].tolist() == [True, False, False]
