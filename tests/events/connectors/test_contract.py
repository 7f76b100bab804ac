"""What every connector promises, tested on each one's sample: a provider without a sample fails here."""

from __future__ import annotations

import copy
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paperknife.errors import PayloadError, SignatureError
from paperknife.events.connectors import CONNECTORS, PROVIDERS, connector
from paperknife.events.connectors.values import microseconds
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
    return len(batch.table) + len(batch.rejected) + sum(batch.unknown_types.values()) + batch.pings_n


def paths_of(raw, prefix=()):
    """Yield the place of every value in nested objects and lists."""
    named = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    for name, value in named:
        yield (*prefix, name)
        yield from paths_of(value, (*prefix, name))


def changed(raw, path, value):
    """Return a copy with one value replaced, or taken out where it is `...`."""
    new = copy.deepcopy(raw)
    place = new
    for name in path[:-1]:
        place = place[name]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return new


def parsed(translator, sample):
    """Return the one event of each payload."""
    headers = sample["headers"] or [{}] * len(sample["payloads"])
    batches = [translator.parse(*pair) for pair in zip(sample["payloads"], headers, strict=True)]
    assert [batch.rejected for batch in batches] == [[]] * len(batches)
    return [event for batch in batches for event in batch.events]


def require_canonical(event):
    assert isinstance(event, Event)
    assert event.event_type in EVENT_TYPES
    assert type(event.occurred_at) is int
    assert event.received_at is None or type(event.received_at) is int
    assert event.is_ambiguous in {None, True, False}
    assert event.vendor_verdict in {None, "machine", "human"}
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
    told = sample(name)
    events = parsed(connector(name, hasher), told)
    assert len(events) == len(told["payloads"]) == len(told["events"])
    assert {"open", "click"} <= {event.event_type for event in events}
    assert len({event.message_id for event in events}) == 1
    assert {event.recipient_id for event in events} == {hasher.hash(told["recipient"])}
    if "@" in told["recipient"]:
        assert {event.recipient_domain for event in events} == {"mail.example.org"}
    assert {event.campaign_id for event in events} == {told["campaign"]}
    assert {event.source for event in events} == {name}
    assert all(event.event_id.startswith(f"{name}:") for event in events)
    assert len({event.event_id for event in events}) == len(events)
    for event, wanted in zip(events, told["events"], strict=True):
        require_canonical(event)
        assert event.event_type == wanted["event_type"]
        assert event.occurred_at == microseconds(wanted["occurred_at"])
        for field in ("ip", "user_agent", "vendor_verdict", "is_ambiguous"):
            assert getattr(event, field) == wanted.get(field), field
        if event.event_type == "click":
            assert (
                event.url == f"https://shop.example.org/u?who={hasher.hash('ada.fern@mail.example.org')}&x=1"
            )


@each_provider
def test_what_it_says_of_itself_is_true_of_its_sample(name, sample, hasher):
    kind = CONNECTORS[name]
    opens = [event for event in parsed(connector(name, hasher), sample(name)) if event.event_type == "open"]
    carried = {(event.ip is not None, event.user_agent is not None) for event in opens}
    by_tier = {"full": (True, True), "user agent and time": (False, True), "time only": (False, False)}
    assert kind.tier == "varies" or carried == {by_tier[kind.tier]}
    assert kind.flag is None or any(event.vendor_verdict == "machine" for event in opens)
    for said in (kind.title, kind.source, kind.ask_for, kind.scheme.summary, *kind.quirks, *kind.unconfirmed):
        assert said.strip() == said
        assert said


@each_provider
def test_no_address_is_in_any_event(name, sample, hasher):
    text = json.dumps(parsed(connector(name, hasher), sample(name))).lower()
    assert "ada.fern" not in text
    assert "@" not in text
    assert "%40" not in text


@each_provider
def test_unknown_types_are_counted_by_name(name, sample, hasher):
    translator = connector(name, hasher)
    payload = sample(name)["payloads"][2]
    known = {kind for kind in translator.event_types if isinstance(kind, str)}
    renamed = [
        changed(payload, path, "teleported") for path, value in leaves(payload) if value in known and path
    ]
    assert renamed, "no field of the open's payload holds its type"
    batches = [translator.parse(one) for one in renamed]
    assert any(batch.unknown_types == {"teleported": 1} for batch in batches)


def leaves(raw):
    """Return the places and values of all texts."""
    found = []
    for path in paths_of(raw):
        value = raw
        for step in path:
            value = value[step]
        if isinstance(value, str):
            found.append((path, value))
    return found


@each_provider
def test_an_empty_batch_has_nothing(name, hasher):
    assert rows_of(connector(name, hasher).parse([])) == 0


@each_provider
def test_a_list_of_payloads_is_the_same_as_one_after_another(name, sample, hasher):
    told = sample(name)
    if told["headers"]:
        assert len(connector(name, hasher).parse(told["payloads"]).events) == len(told["events"])
    else:
        assert connector(name, hasher).parse(told["payloads"]).events == parsed(connector(name, hasher), told)
        assert connector(name, hasher).parse_all(told["payloads"]).events == parsed(
            connector(name, hasher), told
        )


@each_provider
def test_the_same_event_twice_has_one_id_and_another_recipients_has_another_message(name, sample, hasher):
    translator = connector(name, hasher)
    told = sample(name)
    raw = told["payloads"][2]
    first, second = translator.parse([raw, copy.deepcopy(raw)]).events
    assert first == second
    own = "|".join(["ada.fern", *told["user_ids"]])
    text = re.sub(own, "bob", json.dumps(raw), flags=re.IGNORECASE)
    if text != json.dumps(raw):
        (other,) = translator.parse([json.loads(text)]).events
        assert other.message_id != first.message_id


@each_provider
def test_a_field_that_is_missing_or_of_a_wrong_type_is_counted_and_never_raises(name, sample, hasher):
    translator = connector(name, hasher)
    for raw in sample(name)["payloads"]:
        for path in paths_of(raw):
            for value in (..., *HOSTILE):
                batch = translator.parse([changed(raw, path, value)])
                assert rows_of(batch) >= 1 or (not value and value is not ...) or value == [[]], (path, value)
                for event in batch.events:
                    require_canonical(event)
                for bad in batch.rejected:
                    assert bad.reason
                    assert len(bad.reason) < 100


@each_provider
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=ANYTHING)
def test_no_payload_raises(name, hasher, payload):
    for event in connector(name, hasher).parse(payload).events:
        require_canonical(event)


@each_provider
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_samples_never_raise_and_never_lose_a_row(name, sample, hasher, data):
    """Texts and numbers of single events are replaced; what wraps them stays, so that no row can vanish with it."""
    payloads = sample(name)["payloads"]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(payloads) - 1))
        places = leaves(payloads[place])
        if not places:
            continue  # drawn before, and replaced as a whole
        path, _ = data.draw(st.sampled_from(places))
        payloads[place] = changed(payloads[place], path, data.draw(ANYTHING))
    batch = connector(name, hasher).parse(payloads)
    assert rows_of(batch) >= len(payloads)
    for event in batch.events:
        require_canonical(event)


@each_provider
def test_it_recognises_its_own_events_and_no_others(name, sample, hasher):
    for other in PROVIDERS:
        raws = [
            raw
            for payload in sample(other)["payloads"]
            for raw in connector(other, hasher).unwrap(payload, {})
        ]
        # Anybody's own table looks like nothing in particular: it is asked for by name.
        assert {CONNECTORS[name].recognises(raw) for raw in raws} == {name == other != "generic"}, other


@each_provider
def test_a_request_without_a_signature_is_refused(name):
    for secret in ("a secret", "", None):
        with pytest.raises(SignatureError):
            CONNECTORS[name].verify({}, b"{}", secret, now=1_769_850_000)


def test_an_unknown_provider_is_named_with_the_list_and_the_near_one():
    with pytest.raises(
        PayloadError, match="Provider 'sengrid' is unknown; it is one of .* Did you mean 'sendgrid'"
    ):
        connector("sengrid")
