"""The quick way through JSON lines gives what the way row by row gives, or steps aside for it."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paperknife.events.connectors.sendgrid import SendGrid

RAW = {
    "email": "Ada@example.org", "timestamp": 1769850000, "event": "open", "sg_event_id": "e1", "sg_message_id": "m.x",
    "useragent": "Mozilla/5.0", "ip": "203.0.113.9", "sg_machine_open": True, "category": ["a", "b"], "other": {"x": 1},
}  # fmt: skip
VALUES = st.sampled_from(
    [
        None,
        True,
        0,
        1769850000,
        1.5,
        "",
        " ",
        "x",
        "bounce",
        "open",
        "click",
        "é",
        "a@b.org",
        [],
        ["c"],
        [1],
        {},
        {"a": 1},
    ]
)


def lines_of(rows):
    return "\n".join(map(json.dumps, rows)).encode()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(st.sampled_from([*SendGrid.wanted, "unwanted"]), VALUES).map(
            lambda changes: {**RAW, **changes}
        ),
        max_size=4,
    )
)
def test_both_ways_say_the_same(hasher, rows):
    translator = SendGrid(hasher)
    slow, quick = translator.parse_all(rows), translator.parse_lines(lines_of(rows))
    if quick is None:
        assert slow.rejected or any(not isinstance(row["event"], str) for row in rows)
    else:
        assert quick.events == slow.events
        assert quick.unknown_types == slow.unknown_types
        assert slow.rejected == []


def test_good_lines_go_the_quick_way(hasher):
    rows = [
        RAW,
        {**RAW, "event": "bounce"},
        {**RAW, "event": "click", "smtp-id": "<a@b>", "sg_message_id": None},
    ]
    batch = SendGrid(hasher).parse_lines(lines_of(rows))
    assert [event.event_type for event in batch.events] == ["open", "click"]
    assert batch.unknown_types == {"bounce": 1}


@pytest.mark.parametrize("blank", ["", " ", "\t", "\x0b", "\x1c", "\u3000"])
def test_a_blank_of_whatever_kind_says_nothing(hasher, blank):
    batch = SendGrid(hasher).parse_lines(lines_of([RAW, {**RAW, "category": blank, "url": blank}]))
    assert [(event.campaign_id, event.url) for event in batch.events] == [("a", None), (None, None)]


@pytest.mark.parametrize(
    "line", [b"[]", b"7", b'{"event": ', b'{"event": ["open"]}', b"[" * 100_000, b'"\xff"']
)
def test_what_is_no_object_is_left_to_the_other_way(hasher, line):
    assert SendGrid(hasher).parse_lines(lines_of([RAW]) + b"\n" + line) is None
