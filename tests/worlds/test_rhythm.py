"""The weekly rhythm: a clock that stands nearly still in the night, and sessions on it."""

from __future__ import annotations

import numpy as np
import pytest

from paperknife.worlds.plain import plain_laws
from paperknife.worlds.rhythm import DAY_S, HOUR_S, WEEK_S, draw_rhythm


@pytest.fixture(scope="module")
def rhythm():
    return draw_rhythm(
        np.random.default_rng(0), plain_laws().people, np.repeat([-5.0, 0.0, 5.5, 9.0], 50) * HOUR_S
    )


@pytest.fixture(scope="module")
def moments():
    chance = np.random.default_rng(1)
    return chance.integers(0, 200, 4_000), chance.uniform(-WEEK_S, 8 * WEEK_S, 4_000)


def test_active_hours_and_wall_time_undo_each_other(rhythm, moments):
    person, at = moments
    np.testing.assert_allclose(rhythm.wall_time(person, rhythm.active_hours(person, at)), at, atol=1e-3)


def test_a_week_holds_as_many_active_hours_as_hours(rhythm, moments):
    person, at = moments
    later = rhythm.active_hours(person, at + WEEK_S)
    np.testing.assert_allclose(later - rhythm.active_hours(person, at), 168.0, atol=1e-6)


def test_nights_pass_quickly_on_the_active_clock(rhythm):
    person = np.arange(200)
    monday = -rhythm.offset_s
    night = rhythm.active_hours(person, monday + 5 * HOUR_S) - rhythm.active_hours(
        person, monday + 1 * HOUR_S
    )
    day = rhythm.active_hours(person, monday + 14 * HOUR_S) - rhythm.active_hours(
        person, monday + 10 * HOUR_S
    )
    assert np.median(night) < 0.3 * np.median(day)


def test_activity_is_the_speed_of_the_active_clock(rhythm, moments):
    person, at = moments
    at = np.floor(at / 900) * 900 + 60  # both ends within one quarter of an hour
    speed = (rhythm.active_hours(person, at + 600) - rhythm.active_hours(person, at)) * 6
    np.testing.assert_allclose(rhythm.activity(person, at), speed, atol=1e-6)


def test_the_next_session_is_later_and_shared_by_all_that_waits(rhythm, moments):
    person, at = moments
    session = rhythm.next_session_at(person, at)
    assert (session > at - 1e-3).all()
    midway = at + 0.5 * (session - at)
    np.testing.assert_allclose(rhythm.next_session_at(person, midway), session, atol=1e-3)


def test_sessions_are_as_frequent_as_the_law_says(rhythm):
    person = np.arange(200)
    at, count = np.zeros(200), np.zeros(200)
    for _ in range(400):
        at = rhythm.next_session_at(person, at)
        count += at < 28 * DAY_S
    full = count < 400
    np.testing.assert_allclose((count / 28)[full], (24 / rhythm.session_h)[full], rtol=0.25, atol=0.2)
