from __future__ import annotations

import numpy as np
import pytest

from paperknife.labels.click_sides import click_sides

MINUTE_US, HOUR_US = 60_000_000, 3_600_000_000
CLICK_US = 1_767_225_600_000_000


@pytest.fixture
def sides_of(evidence_frame, message_frame):
    """Return the sides of some opens: message, microseconds before its click, client."""

    def build(*opens, scanned=(), ambiguous=()):
        families = {"apple": "apple_mail", "outlook": "outlook_desktop", "scanner": "scanner"}
        evidence = evidence_frame(
            {
                "event_id": [f"e{place}" for place in range(len(opens))],
                "message_id": [message for message, _, _ in opens],
                "at_us": [CLICK_US - before_us for _, before_us, _ in opens],
                "client_family": [families[client] for _, _, client in opens],
                "is_ambiguous": ["yes" if message in ambiguous else "" for message, _, _ in opens],
            }
        )
        names = sorted({message for message, _, _ in opens})
        messages = message_frame(
            {
                "message_id": names,
                "clean_us": [None if name.startswith("unclicked") else CLICK_US for name in names],
                "machine_click_us": [CLICK_US if name in scanned else None for name in names],
            }
        )
        return click_sides(evidence, messages, np.full(len(opens), 0.1))

    return build


def test_alice_clicked_at_once_bob_hours_later_and_carol_in_between(sides_of):
    sides = sides_of(
        ("alice", MINUTE_US, "apple"), ("bob", 9 * HOUR_US, "apple"), ("carol", 20 * MINUTE_US, "apple")
    )
    assert sides.is_fresh.tolist() == [True, False, False]
    assert sides.is_stale.tolist() == [False, True, False]
    assert sides.is_left_out["between"].tolist() == [False, False, True]


def test_the_first_fetch_counts_though_the_copy_was_fetched_anew(sides_of):
    sides = sides_of(("bob", 9 * HOUR_US, "apple"), ("bob", MINUTE_US, "apple"))
    assert sides.is_stale.tolist() == [True, False]
    assert not sides.is_fresh.any()


@pytest.mark.parametrize(
    ("opens", "given", "reason"),
    [
        ([("bob", HOUR_US, "apple")], {"scanned": ["bob"]}, "scanned"),
        ([("bob", 2 * HOUR_US, "apple"), ("bob", MINUTE_US, "outlook")], {}, "other_client"),
    ],
)
def test_what_could_have_another_reason_is_left_out_and_counted(sides_of, opens, given, reason):
    sides = sides_of(*opens, **given)
    assert not sides.is_dated.any()
    assert {name: int(some.sum()) for name, some in sides.is_left_out.items() if some.any()} == {reason: 1}


def test_no_click_an_ambiguous_recipient_or_a_fetch_after_the_click_date_nothing(sides_of):
    sides = sides_of(
        ("unclicked", HOUR_US, "apple"),
        ("crowd", HOUR_US, "apple"),
        ("late", -MINUTE_US, "apple"),
        ambiguous=["crowd"],
    )
    assert not sides.is_dated.any()
    assert not any(some.any() for some in sides.is_left_out.values())


def test_a_scanners_fetch_is_nobodys(sides_of):
    sides = sides_of(("bob", 9 * HOUR_US, "apple"), ("bob", MINUTE_US, "scanner"))
    assert sides.is_stale.tolist() == [True, False]


def test_known_readers_say_how_often_people_click_late(sides_of):
    seen = [(f"reader{n}", 5 * HOUR_US if n < 300 else MINUTE_US, "outlook") for n in range(1_000)]
    sides = sides_of(*seen)
    assert sides.known_n == 1_000
    assert sides.late_ratio == pytest.approx(3 / 7, abs=0.02)
    assert sum(sides.known_shares.values()) == pytest.approx(1)


def test_without_known_readers_the_published_gaps_stand_in(sides_of):
    assert sides_of(("alice", MINUTE_US, "apple")).late_ratio == pytest.approx(0.08 / 0.83)
