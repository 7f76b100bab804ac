from __future__ import annotations

import pandas as pd
import pytest

from paperknife.errors import EvaluationError
from paperknife.evaluation.headline import headline
from paperknife.events.log import read_events

START = pd.Timestamp("2026-03-02T08:00Z")


def log(delivered=4, kind="delivered"):
    rows = [
        {
            "event_id": f"d{n}",
            "event_type": kind,
            "occurred_at": START + pd.Timedelta(days=n),
            "message_id": f"m{n}",
        }
        for n in range(delivered)
    ]
    rows.append({"event_id": "o", "event_type": "open", "occurred_at": START, "message_id": "m0"})
    return read_events(pd.DataFrame(rows))


def verdicts():
    return pd.DataFrame(
        {
            "event_id": ["a", "b", "c"],
            "message_id": ["m0", "m0", "m1"],
            "p_human": [0.5, 0.5, 0.2],
            "p_prefetch": [0.5, 0.5, 0.4],
            "p_machine": [0.0, 0.0, 0.4],
            "verdict": ["human", "human", "uncertain"],
            "mechanism": ["apple_relay", "apple_relay", "cloud"],
        }
    )


def test_open_rate_counts_messages_and_human_share_sums_probabilities():
    told = headline(verdicts(), log())
    assert (told.base, told.messages_n, told.opened_n, told.opens_n) == ("delivered", 4, 2, 3)
    assert told.open_rate == 0.5
    # One message has two opens that are each as likely as not a person, the other one of 20 %.
    assert told.human_opened_share == pytest.approx((0.75 + 0.2) / 2)
    assert told.human_open_rate == pytest.approx((0.75 + 0.2) / 4)
    assert told.shares == pytest.approx({"human": 0.4, "prefetch": 1.4 / 3, "machine": 0.4 / 3})


def test_sentence_is_english_and_its_percentages_sum_to_100():
    assert headline(verdicts(), log()).sentence() == (
        "50 % of 4 delivered messages were opened, by the log. Of these 3 opens, 40 % were people, "
        "47 % Apple's prefetch and 13 % other machines."
    )


def test_sends_serve_where_nothing_was_delivered_and_without_either_there_is_no_rate():
    assert headline(verdicts(), log(kind="sent")).base == "sent"
    for source in (None, log(delivered=0)):
        told = headline(verdicts(), source)
        assert (told.base, told.open_rate, told.human_open_rate) == (None, None, None)
        assert told.sentence().startswith("2 messages were opened, by the log.")


def test_since_takes_messages_delivered_from_then_on_and_their_opens():
    told = headline(verdicts(), log(), since=START + pd.Timedelta(days=1))
    assert (told.messages_n, told.opened_n, told.opens_n) == (3, 1, 1)


def test_opens_by_mechanism_show_expected_shares_and_verdicts():
    table = headline(verdicts(), log()).by_mechanism.set_index("mechanism")
    assert table.index.tolist() == ["apple_relay", "cloud"]
    assert table.loc["apple_relay", ["opens_n", "human", "called_human"]].tolist() == [2, 0.5, 2]
    assert table.loc["cloud", "called_uncertain"] == 1


def test_certain_probabilities_and_no_opens_are_no_trouble():
    sure = verdicts().assign(p_human=1.0, p_prefetch=0.0, p_machine=0.0)
    assert headline(sure, log()).human_opened_share == pytest.approx(1)
    assert (
        headline(verdicts().head(0), log()).sentence()
        == "0 % of 4 delivered messages were opened, by the log."
    )


def test_several_horizons_are_refused():
    both = pd.concat([verdicts().assign(horizon="instant"), verdicts().assign(horizon="settled")])
    with pytest.raises(EvaluationError, match="hold several horizons"):
        headline(both)


def test_verdicts_need_messages():
    with pytest.raises(EvaluationError, match="The verdicts lack the column message_id"):
        headline(verdicts().drop(columns="message_id"))
