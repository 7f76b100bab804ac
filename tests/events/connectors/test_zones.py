"""Times without a zone: one moment each, whatever their form, and nothing guessed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.events.connectors.values import BadRowError, microseconds
from paperknife.events.connectors.zones import with_zone

MORNING = microseconds("2026-01-31T15:04:05Z")


@pytest.mark.parametrize(
    ("written", "later_us"),
    [
        ("2026-01-31 09:04:05", 0),
        ("2026-01-31T09:04:05", 0),
        (" 2026-01-31 9:04:05 ", 0),
        ("2026-01-31 09:04:05.1234567", 123456),
        ("2026-01-31 09:04:05.12", 120000),
        ("2026-01-31 09:04:05 AM", 0),
        ("20260131 09:04:05.5", 500_000),
        ("1/31/2026 9:04:05 AM", 0),
        ("01/31/2026 09:04:05", 0),
        ("1/31/2026 9:04:05.123 AM", 123000),
        ("1/31/2026 09:04:05PM", 12 * 3_600_000_000),
        ("1/31/2026 12:04:05 AM", -9 * 3_600_000_000),
        ("1/31/2026 12:04:05 p.m.", 3 * 3_600_000_000),
        ("1/31/2026 9:04 AM", -5_000_000),
        ("Jan 31 2026  9:04:05:123AM", 123000),
        ("January 31, 2026 9:04:05 AM", 0),
        ("2026-01-31T15:04:05Z", 0),
        ("2026-01-31 09:04:05-06:00", 0),
        (1769871845, 0),
    ],
)
def test_every_form_means_its_moment(written, later_us):
    assert microseconds(with_zone(written, "-06:00")) == MORNING + later_us


@pytest.mark.parametrize(
    "written",
    ["31/01/2026 09:04:05", "2026-01-31", "1/31/2026", "13:04", "1/31/2026 13:04 PM", "1/31/2026 0:04 AM",
     "1/31/2026 25:04", "2026-02-30 09:04:05", "Foo 31 2026 9:04AM", "yesterday", "", None, [], "9" * 100],
)  # fmt: skip
def test_what_cannot_be_known_is_refused_and_never_guessed(written):
    with pytest.raises(BadRowError):
        microseconds(with_zone(written, "-06:00"))


@given(st.datetimes(datetime(2001, 1, 1), datetime(2099, 12, 31)))  # noqa: DTZ001 - of no zone, on purpose
def test_no_zone_of_the_machine_and_no_daylight_saving_plays_a_part(clock):
    moment = clock.replace(tzinfo=timezone(timedelta(hours=-6)))
    wanted = (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)  # noqa: UP017
    assert microseconds(with_zone(clock.isoformat(sep=" "), "-06:00")) == wanted
    american = f"{clock:%m/%d/%Y %I:%M:%S.%f %p}"
    assert microseconds(with_zone(american, "-06:00")) == wanted
