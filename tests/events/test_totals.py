"""Exports of totals are refused by name, and no event is ever taken for one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.errors import PayloadError
from paperknife.events.connectors import CONNECTORS, PROVIDERS
from paperknife.events.connectors.hubspot import HubSpot
from paperknife.events.connectors.sendgrid import SendGrid
from paperknife.events.totals import provider_of_totals, refuse_totals, totals_of

SAMPLES = Path(__file__).parent / "connectors" / "samples"

TOLD = json.loads(Path(__file__).with_name("totals.json").read_text())
"""What reports of totals look like, by provider (null: nothing tells which), and what only resembles them."""


@pytest.mark.parametrize(("whose", "raw"), [(one["provider"], one["raw"]) for one in TOLD["totals"]])
def test_totals_are_recognised_and_refused_with_what_to_ask_for(whose, raw):
    assert totals_of(raw)
    assert provider_of_totals(raw) == whose
    known = CONNECTORS.get(whose)
    with pytest.raises(
        PayloadError, match="holds only totals .*, without the times of single events"
    ) as refused:
        refuse_totals(raw)
    assert (known.ask_for if known else "single events, each with its time") in str(refused.value)
    assert "@" not in str(refused.value)


@pytest.mark.parametrize("raw", TOLD["others"])
def test_what_is_no_report_of_totals_passes(raw):
    assert totals_of(raw) is None
    refuse_totals(raw)


@pytest.mark.parametrize("name", PROVIDERS)
def test_no_providers_event_is_taken_for_totals(name, hasher):
    payloads = json.loads((SAMPLES / f"{name}.json").read_text())["payloads"]
    for payload in payloads:
        assert totals_of(payload) is None
        for raw in CONNECTORS[name](hasher).unwrap(payload, {}):
            assert totals_of(raw) is None
    assert totals_of(payloads) is None


def test_the_names_are_shown_as_they_stand_and_cut():
    names = ["Opens", "Clicks", "Open Rate", "Bounces", "Unsubscribes"]
    assert totals_of(names) == "Opens, Clicks, Open Rate and 2 more"
    with pytest.raises(
        PayloadError, match=r"^This export holds only totals \(Opens, Clicks, Open Rate and 2 more\)"
    ):
        refuse_totals(names)


def test_the_provider_that_is_named_is_the_one_to_ask():
    with pytest.raises(PayloadError, match="This export of SendGrid holds only totals .* the Event Webhook"):
        refuse_totals({"Opens": 3, "Clicks": 1}, SendGrid)
    with pytest.raises(PayloadError, match="This export of HubSpot .* the Email Events API"):
        refuse_totals({"counters": {"open": 4, "sent": 9}})
    assert HubSpot.ask_for.startswith("the Email Events API")


def test_every_provider_has_words_for_what_to_ask():
    assert all(kind.ask_for for kind in CONNECTORS.values())


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.dictionaries(
            st.text(max_size=8) | st.sampled_from(["opens", "sent", "timestamp"]), inside, max_size=4
        )
    ),
    max_leaves=15,
)


@given(ANYTHING)
def test_nothing_raises_but_the_refusal(raw):
    found = totals_of(raw)
    assert found is None or found
    if found is not None:
        with pytest.raises(PayloadError, match="holds only totals"):
            refuse_totals(raw)
