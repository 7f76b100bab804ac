"""What every connector promises, tested on each one's sample: a provider without a sample fails here."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paperknife.errors import PayloadError
from paperknife.events.connectors import CONNECTORS, PROVIDERS, connector
from paperknife.events.event import Event
from paperknife.events.schema import COLUMN_NAMES, EVENT_TYPES

HOSTILE = [None, True, 0, -1, 1.5, 2**70, float("nan"), float("inf"), "", " ", "x" * 100_000, "\ud800", "\x00", [], [[]],
           {}, {"a": {}}, [{"id": []}]]  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(HOSTILE),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=10), inside, max_size=4),
    max_leaves=12,
)
each_provider = pytest.mark.parametrize("name", PROVIDERS)


def rows_of(batch):
    return len(batch.events) + len(batch.rejected) + sum(batch.unknown_types.values())


def paths_of(raw, prefix=()):
    for name, value in raw.items():
        yield (*prefix, name)
        if isinstance(value, dict):
            yield from paths_of(value, (*prefix, name))


def changed(raw, path, value):
    new = copy.deepcopy(raw)
    place = new
    for name in path[:-1]:
        place = place[name]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return new


def require_canonical(event):
    assert isinstance(event, Event)
    assert event.event_type in EVENT_TYPES
    assert type(event.occurred_at) is int
    for name, value in event._asdict().items():
        if name not in {"occurred_at", "received_at", "is_ambiguous"} and value is not None:
            assert isinstance(value, str)
            assert len(value) <= 8192
            value.encode()
    assert event.event_id
    assert event.message_id


def test_the_event_tuple_has_the_schemas_columns():
    assert Event._fields == COLUMN_NAMES


@each_provider
def test_one_messages_life_joins_and_keeps_what_the_provider_said(name, sample, hasher):
    batch = connector(name, hasher).parse(sample(name))
    assert batch.rejected == []
    assert [event.event_type for event in batch.events] == [
        "sent",
        "delivered",
        "open",
        "open",
        "click",
        "unsubscribe",
    ]
    assert len({event.message_id for event in batch.events}) == 1
    assert {event.recipient_id for event in batch.events} == {hasher.hash("ada.fern@mail.example.org")}
    assert {event.recipient_domain for event in batch.events} == {"mail.example.org"}
    assert {event.campaign_id for event in batch.events} == {"spring-sale"}
    assert {event.source for event in batch.events} == {name}
    assert all(event.event_id.startswith(f"{name}:") for event in batch.events)
    assert len({event.event_id for event in batch.events}) == 6
    sent, delivered, fetched, opened, clicked, _ = batch.events
    assert sent.ip is None
    assert delivered.ip is None
    assert (fetched.ip, fetched.user_agent, fetched.vendor_verdict) == (
        "172.225.10.20",
        "Mozilla/5.0",
        "machine",
    )
    assert (opened.ip, opened.user_agent) == ("203.0.113.40", "Thunderbird/128.0")
    assert opened.vendor_verdict != "machine"
    assert clicked.url == f"https://shop.example.org/u?who={hasher.hash('ada.fern@mail.example.org')}&x=1"
    for event in batch.events:
        require_canonical(event)


@each_provider
def test_no_address_is_in_any_event(name, sample, hasher):
    text = json.dumps(connector(name, hasher).parse(sample(name)).events).lower()
    assert "ada.fern" not in text
    assert "@" not in text
    assert "%40" not in text


@each_provider
def test_unknown_types_are_counted_by_name(name, sample, hasher):
    translator = connector(name, hasher)
    raw = {**sample(name)[0], translator.type_field: "teleported"}
    batch = translator.parse([raw, raw])
    assert batch.unknown_types == {"teleported": 2}
    assert rows_of(batch) == 2


@each_provider
def test_an_empty_batch_has_nothing(name, hasher):
    assert rows_of(connector(name, hasher).parse([])) == 0


@each_provider
def test_the_same_event_twice_has_one_id_and_another_recipients_has_another_message(name, sample, hasher):
    translator = connector(name, hasher)
    raw = sample(name)[2]
    first, second = translator.parse([raw, copy.deepcopy(raw)]).events
    assert first == second
    text = json.dumps(raw).replace("Ada.Fern", "bob")
    (other,) = translator.parse([json.loads(text)]).events
    assert other.message_id != first.message_id


@each_provider
def test_without_an_event_id_the_same_event_gets_the_same_id_and_another_a_different_one(
    name, sample, hasher
):
    translator = connector(name, hasher)
    (original,) = translator.parse([sample(name)[2]]).events
    ids = set()
    for raw in sample(name)[2:5]:
        for path in paths_of(raw):
            if path[-1] in {"id", "sg_event_id"}:
                cut = changed(raw, path, ...)
                first, second = translator.parse([cut, cut]).events
                assert first.event_id == second.event_id != original.event_id
                ids.add(first.event_id)
    assert len(ids) == 3


@each_provider
def test_a_field_that_is_missing_or_of_a_wrong_type_is_counted_and_never_raises(name, sample, hasher):
    translator = connector(name, hasher)
    for raw in sample(name):
        for path in paths_of(raw):
            for value in (..., *HOSTILE):
                batch = translator.parse([changed(raw, path, value)])
                assert rows_of(batch) == 1, (path, value)
                for event in batch.events:
                    require_canonical(event)
                for bad in batch.rejected:
                    assert bad.reason
                    assert len(bad.reason) < 80


@each_provider
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=ANYTHING)
def test_no_payload_raises(name, hasher, payload):
    for event in connector(name, hasher).parse(payload).events:
        require_canonical(event)


@each_provider
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_samples_never_raise_and_never_lose_a_row(name, sample, hasher, data):
    raws = sample(name)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(raws) - 1))
        path = data.draw(st.sampled_from(sorted(paths_of(raws[place]))))
        raws[place] = changed(raws[place], path, data.draw(ANYTHING))
    batch = connector(name, hasher).parse(raws)
    assert rows_of(batch) == len(raws)
    for event in batch.events:
        require_canonical(event)


@each_provider
def test_it_recognises_its_own_events_and_no_others(name, sample):
    assert all(CONNECTORS[name].recognises(raw) for raw in sample(name))
    for other in set(PROVIDERS) - {name}:
        assert not any(CONNECTORS[name].recognises(raw) for raw in sample(other))


def test_an_unknown_provider_is_named_with_the_list_and_the_near_one():
    with pytest.raises(
        PayloadError,
        match=r"Provider 'sengrid' is unknown; it is one of mailgun, sendgrid. Did you mean 'sendgrid'",
    ):
        connector("sengrid")
