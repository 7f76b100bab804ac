"""Asked in Python: what is known counts, up to now; what is wrong is said with its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.errors import QuestionError, RequestError
from paperknife.events.schema import COLUMN_NAMES
from paperknife.verdicts.asking import Question, answer
from paperknife.verdicts.given_events import event_of, moment_us
from paperknife.verdicts.scoring import VERDICT_COLUMNS

OPEN = {"event_id": "o1", "occurred_at": "2026-03-02T10:00:00Z", "message_id": "m1"}
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Watched:
    """A model that keeps the evidence it was asked about, and always says one half, one half, never."""

    model_id = "watched"

    def predict(self, evidence, *, threads=0):
        self.evidence = evidence
        self.threads = threads
        return np.tile([0.5, 0.5, 0.0], (len(evidence), 1))

    def predict_with_reasons(self, evidence, *, threads=0):
        codes = [[f"message:{event_id}"] for event_id in evidence["event_id"]]
        return self.predict(evidence, threads=threads), codes


def other(event_id, event_type, at, **columns):
    return {"event_id": event_id, "event_type": event_type, "occurred_at": at, "message_id": "m1", **columns}


@pytest.fixture
def model():
    return Watched()


def test_the_least_question_gets_a_whole_verdict(model):
    (verdict,) = answer([Question(OPEN)], model, NOW)
    assert tuple(verdict) == VERDICT_COLUMNS
    assert verdict["recipient_id"] is None
    assert verdict["mechanism"] == "unknown"
    assert verdict["evidence"] == "time_only"
    assert verdict["reasons"] == []
    assert model.threads == 1


def test_no_question_no_verdict(model):
    assert answer([], model) == []


def test_reasons_and_presets_are_each_question_s_own(model):
    asked = [
        Question({**OPEN, "event_id": f"o{n}"}, reasons=n % 2 == 0, preset="notify" if n > 1 else "report")
        for n in range(4)
    ]
    verdicts = answer(asked, model, NOW)
    assert [verdict["reasons"] for verdict in verdicts] == [["message:o0"], [], ["message:o2"], []]
    assert [verdict["verdict"] for verdict in verdicts] == ["human", "human", "uncertain", "uncertain"]


def test_a_look_back_reaches_no_further_than_now(model):
    click = other("c1", "click", "2026-03-02T11:00:00Z")
    later = other("c2", "click", "2026-03-02T13:00:00Z")
    answer([Question(OPEN, [click, later], horizon="24h")], model, NOW)
    assert model.evidence["later_clicks_n"].tolist() == [1]
    assert model.evidence["seen_s"].tolist() == [7200]


def test_now_is_the_current_time_unless_it_is_given(model):
    answer([Question(OPEN, horizon="settled")], model)
    assert model.evidence["seen_s"].tolist() == [7 * 86_400]


NOON_IN_PARIS = datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize("now", [NOON_IN_PARIS, NOON_IN_PARIS.astimezone(UTC).replace(tzinfo=None)])
def test_now_is_utc_where_it_has_no_zone(model, now):
    answer([Question(OPEN, horizon="1h")], model, now)
    assert model.evidence["seen_s"].tolist() == [3600]


def test_a_caller_s_clock_that_runs_ahead_still_sees_what_came_before(model):
    ahead = {**OPEN, "occurred_at": "2026-03-02T12:00:05Z"}
    delivery = other("d1", "delivered", "2026-03-02T12:00:02Z")
    answer([Question(ahead, [delivery], horizon="1h")], model, NOW)
    assert model.evidence["delay_us"].tolist() == [3_000_000]
    assert model.evidence["seen_s"].tolist() == [0]


def test_events_of_unknown_types_are_ignored_as_in_a_log(model):
    answer([Question(OPEN, [{"event_id": "b", "event_type": "bounce"}])], model, NOW)
    assert model.evidence["message_clicks_n"].tolist() == [0]


def test_values_become_what_a_log_makes_of_them(model):
    columns = {
        **OPEN,
        "recipient_domain": "Example.ORG",
        "recipient_id": "",
        "ip": "",
        "user_agent": "Mozilla/5.0 " + "x" * 100_000,
    }
    event, complaints = event_of(columns, is_open=True)
    assert complaints == []
    assert (event.recipient_domain, event.recipient_id, event.ip) == ("example.org", None, None)
    assert len(event.user_agent) == 4096
    assert event_of({**OPEN, "user_agent": ""}, is_open=True)[0].user_agent == ""


@pytest.mark.parametrize("event_type", [None, "open"])
def test_the_open_s_type_may_be_left_out(model, event_type):
    assert answer([Question({**OPEN, "event_type": event_type})], model, NOW)


@pytest.mark.parametrize(
    ("question", "field", "code", "detail"),
    [
        (
            Question({}),
            "open/event_id",
            "missing-field",
            "is missing; every event needs event_id, event_type",
        ),
        (Question({**OPEN, "event_id": 5}), "open/event_id", "wrong-type", "must be a text or null"),
        (Question({**OPEN, "message_id": " "}), "open/message_id", "missing-field", "is empty"),
        (Question({**OPEN, "occurred_at": 5}), "open/occurred_at", "wrong-type", "must be an ISO 8601 text"),
        (Question({**OPEN, "occurred_at": "2026-03-02"}), "open/occurred_at", "bad-time", "Write it like"),
        (
            Question({**OPEN, "event_type": "click"}),
            "open/event_type",
            "not-an-open",
            "only opens are judged",
        ),
        (Question({**OPEN, "is_ambiguous": 1}), "open/is_ambiguous", "wrong-type", "true, false or null"),
        (Question({**OPEN, "url": "u" * 8193}), "open/url", "too-long", "8,193 characters; at most 8,192"),
        (Question({**OPEN, "url": "\ud800"}), "open/url", "not-unicode", "half a surrogate pair"),
        (Question({**OPEN, "ip": "1.2.3"}), "open/ip", "bad-ip", "Send the address alone"),
        (Question({**OPEN, "client_family": "pine"}), "open/client_family", "unknown-value", "is none of: "),
        (Question({**OPEN, "ua": "x"}), "open", "unknown-field", "'ua' is unknown. "),
        (Question({**OPEN, "a@b.example": "x"}), "open", "unknown-field", "A name here is none of: event_id"),
        (
            Question(OPEN, [other("c", "click", "soon")]),
            "events/0/occurred_at",
            "bad-time",
            "no ISO 8601 time",
        ),
        (Question(OPEN, [{}]), "events/0/event_id", "missing-field", "is missing"),
        (Question(OPEN, [{}] * 1001), "events", "too-many-events", "holds 1,001 events; at most 1,000"),
        (Question(OPEN, horizon="2h"), "horizon", "unknown-horizon", "Horizon '2h' is unknown"),
        (Question(OPEN, preset="strict"), "preset", "unknown-preset", "Preset 'strict' is unknown"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(model, question, field, code, detail):
    with pytest.raises(RequestError, match="Question 1, ") as caught:
        answer([Question(OPEN), question], model, NOW)
    first = caught.value.faults[0]
    assert (first.index, first.field, first.code) == (1, field, code)
    assert detail in first.detail


def test_all_that_is_wrong_is_said_at_once(model):
    asked = [Question({**OPEN, "ip": "?"}, horizon="2h"), Question(OPEN), Question({**OPEN, "ip": "?"})]
    with pytest.raises(QuestionError, match=r"Question 0, open/ip: .* \(and 2 more\)") as caught:
        answer(asked, model, NOW)
    assert [(fault.index, fault.field) for fault in caught.value.faults] == [
        (0, "open/ip"),
        (0, "horizon"),
        (2, "open/ip"),
    ]


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("2026-03-02T10:00:00Z", 0),
        ("2026-03-02 10:00Z", 0),
        ("2026-03-02t11:00:00.000001+01:00", 1),
        ("2026-03-02T10:00:00.123456789Z", 123_456),
        ("2026-03-02T10:00:00.9999999Z", 999_999),
        (" 2026-03-02T15:30:00.5+0530 ", 500_000),
        ("2026-03-02T08:00:00-02", 0),
        ("2026-03-02 10:00:00 UTC", 0),
    ],
)
def test_times_are_read_to_the_microsecond(text, us):
    assert moment_us(text) == 1_772_445_600_000_000 + us


@given(st.datetimes(datetime(2000, 1, 2), datetime(2100, 12, 30)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_any_zone_names_the_same_moment(moment, minutes):
    aware = moment.replace(tzinfo=UTC)
    written = aware.astimezone(timezone(timedelta(minutes=minutes))).isoformat()
    assert moment_us(written) == (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-03-02T10:00:00", "'2026-03-02T10:00:00' has no time zone"),
        ("2026-03-02T25:00:00Z", "'2026-03-02T25:00:00Z' is no time of the calendar"),
        ("2026-03-02T10:00:00+99:00", "is no time of the calendar"),
        ("1999-12-31T23:59:59.999999Z", "is not from 2000 to 2100. Check the unit"),
        ("2101-01-01T00:00:00Z", "is not from 2000 to 2100"),
        ("9" * 90, "^'9{40}' is no ISO 8601 time"),
        ("alice@example.org", "^The text is no ISO 8601 time"),
        ("٢٠٢٦-03-02T10:00:00Z", "^The text is no ISO 8601 time"),
        ("", "^The text is no ISO 8601 time"),
    ],
)
def test_a_text_that_is_no_moment_says_what_to_write(text, message):
    with pytest.raises(ValueError, match=message):
        moment_us(text)


anything = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=1)
)


@given(st.dictionaries(st.sampled_from(COLUMN_NAMES) | st.text(), anything), st.booleans())
def test_nothing_breaks_the_reading_and_no_text_comes_back(columns, is_open):
    event, complaints = event_of(columns, is_open=is_open)
    assert event is None or not complaints
    said = " ".join(detail for _, _, detail in complaints)
    assert not any(value in said for value in columns.values() if isinstance(value, str) and "@" in value)
