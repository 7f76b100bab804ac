"""The densities of waits against the draws that they describe: schedules drawn again and again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paperknife.worlds.apple import Devices, _next_night, _next_sync, _when_on_wifi
from paperknife.worlds.delays import Delay, Mixture
from paperknife.worlds.plain import plain_laws
from paperknife.worlds.rhythm import DAY_S, HOUR_S, draw_rhythm
from paperknife.worlds.waits import (
    MOST_TOGETHER,
    Sessions,
    wait_for_burst,
    wait_for_night,
    wait_for_sync,
    wait_of,
    wait_on_wifi,
)

N = 20_000
SHAPES = ("lognormal", "weibull", "loglogistic", "loguniform", "frechet")


def assert_describes(wait_at, drawn, *, tolerance=0.015):
    """Compare shares done with draws (inf where never), and the density with the shares' slope."""
    finite = drawn[np.isfinite(drawn)]
    for level in (0.1, 0.3, 0.5, 0.8, 0.95):
        at = np.quantile(finite, level)
        assert wait_at(np.array([at])).done[0] == pytest.approx((drawn <= at).mean(), abs=tolerance)
        step = (np.quantile(finite, min(level + 0.03, 1)) - np.quantile(finite, level - 0.03)) / 2
        grid = np.linspace(at - step, at + step, 401)
        mass = np.trapezoid(wait_at(grid).density, grid)
        assert mass == pytest.approx(((drawn > at - step) & (drawn <= at + step)).mean(), abs=tolerance)


@pytest.mark.parametrize("shape", SHAPES)
def test_laws_know_their_own_draws(shape):
    law = Mixture((Delay(40.0, 0.8, shape), Delay(900.0, 0.3, shape)), (2.0, 1.0))
    drawn = law.draw(np.random.default_rng(0), N) * 3.0
    assert_describes(lambda at: wait_of(law, at, 3.0), drawn)


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_is_done_before_it_began(shape):
    wait = wait_of(Delay(40.0, 0.8, shape), np.array([-5.0, 0.0]))
    assert not wait.done.any()
    assert not wait.density.any()


def test_a_constant_has_a_narrow_density():
    wait = wait_of(Delay(60.0, 0.0), np.array([59.0, 60.0, 61.0]))
    assert wait.done == pytest.approx([0, 0.5, 1], abs=1e-6)
    assert wait.density[1] > 1


def test_turns_in_a_burst():
    law = Delay(4.0, 0.6)
    rng = np.random.default_rng(1)
    drawn = law.draw(rng, N) * rng.integers(1, MOST_TOGETHER + 1, N)
    assert_describes(lambda at: wait_for_burst(law, at), drawn)


def devices_like(n, *, salt, sync_s=2 * HOUR_S):
    """`n` copies of one device; as each has a number of its own, each has its own schedule."""
    return Devices(
        salt=salt,
        propensity=np.ones(n),
        triggers=np.ones((n, 5)),
        pace=np.ones(n),
        sync_s=np.full(n, sync_s),
        offset_s=np.full(n, -5 * HOUR_S),
        has_second=np.zeros(n // 2, dtype=bool),
        has_watch=np.zeros(n // 2, dtype=bool),
    )


@pytest.mark.parametrize("into", [0.05, 0.5, 0.9])
def test_syncs_come_once_a_period(into):
    laws = plain_laws().apple
    devices, each = devices_like(N, salt=3), np.arange(N)
    since = np.full(N, 40 * 2 * HOUR_S + into * 2 * HOUR_S)
    drawn = _next_sync(devices, each, since) - since + 3 * laws.burst_s.median_s

    def wait_at(waited):
        first = np.zeros(len(waited), dtype=np.int64)
        return wait_for_sync(laws, devices, first, since=since[: len(waited)], at=since[0] + waited)

    assert_describes(wait_at, drawn)


@pytest.mark.parametrize("hour_of_day", [9.0, 23.5, 3.0])
def test_nights_come_by_the_owners_habit(hour_of_day):
    """Habits have no spread here: a device's own is known, and only the night's whim is averaged over."""
    laws = replace(plain_laws().apple, night_sd_h=0.0, night_hour=23.0, charged_share=0.7)
    devices, each = devices_like(N, salt=5), np.arange(N)
    since = np.full(N, 30 * DAY_S + hour_of_day * HOUR_S + 5 * HOUR_S)  # local time is five hours behind
    found = _next_night(laws, devices, each, since) - since
    burst = laws.burst_s.draw(np.random.default_rng(2), N) * np.random.default_rng(4).integers(1, 6, N)
    drawn = np.where(np.isnan(found), np.inf, found + burst)

    def wait_at(waited):
        first = np.zeros(len(waited), dtype=np.int64)
        return wait_for_night(laws, devices, first, since=since[: len(waited)], at=since[0] + waited)

    assert_describes(wait_at, drawn, tolerance=0.02)
    assert wait_at(np.array([10 * DAY_S])).done[0] == pytest.approx(np.isfinite(drawn).mean(), abs=0.01)


@pytest.mark.parametrize("hour_of_day", [8.0, 13.7])
def test_off_wifi_the_wait_lasts_until_a_burst_after_the_device_is_back(hour_of_day):
    """One device's whereabouts are known, so many messages to it are drawn, not many devices."""
    laws = replace(plain_laws().apple, wifi_share=1.0, away_share=0.8)
    law = Mixture((Delay(1.5 * HOUR_S, 1.0),), (1.0,))
    devices, rng = devices_like(8, salt=5), np.random.default_rng(8)
    first = np.zeros(N, dtype=np.int64)
    arrived = 30 * DAY_S + (hour_of_day + 5) * HOUR_S
    turn_s = laws.burst_s.draw(rng, N) * rng.integers(1, MOST_TOGETHER + 1, N)
    wanted = arrived + law.draw(rng, N)
    drawn = _when_on_wifi(laws, devices, first, at=wanted, turn_s=turn_s) - arrived
    assert (drawn > wanted - arrived + 1).mean() > 0.2

    def wait_at(waited):
        def anywhere(at):
            return wait_of(law, at - arrived)

        return wait_on_wifi(
            anywhere, laws, devices, np.zeros(len(waited), dtype=np.int64), at=arrived + waited
        )

    at = np.linspace(0.1, 30, 60) * HOUR_S
    assert wait_at(at).done == pytest.approx((drawn[:, None] <= at).mean(axis=0), abs=0.015)
    density = wait_at(np.arange(1.0, 40 * HOUR_S, 0.25)).density
    assert density.sum() * 0.25 == pytest.approx((drawn < 40 * HOUR_S).mean(), abs=0.02)


@pytest.fixture(scope="module")
def rhythm():
    """People alike in all but the moments of their sessions."""
    people = replace(plain_laws().people, sessions_sd=0.0, chronotype_sd_h=0.0, sessions_per_day=4.0)
    drawn = draw_rhythm(np.random.default_rng(0), people, np.full(N, -5.0 * HOUR_S))
    return replace(drawn, profile=np.zeros(N, dtype=np.int64))


@pytest.fixture(scope="module")
def since():
    return np.full(N, 20 * DAY_S + 15.3 * HOUR_S)


def sessions_of(rhythm, since, n):
    return Sessions.after(rhythm, np.zeros(n, dtype=np.int64), since[:n])


def test_people_look_at_their_mail_once_a_period(rhythm, since):
    drawn = rhythm.next_session_at(np.arange(N), since) - since
    assert_describes(lambda waited: sessions_of(rhythm, since, len(waited)).next(since[0] + waited), drawn)


@pytest.mark.parametrize("speed", [0.2, 1.0, 3.0])
def test_people_read_in_the_first_session_after_a_wait(rhythm, since, speed):
    law, person = plain_laws().people.later, np.arange(N)
    waiting_h = law.draw(np.random.default_rng(6), N) * speed
    _, start_h = rhythm.next_session(person, rhythm.active_hours(person, since) + waiting_h)
    drawn = rhythm.wall_time(person, start_h) - since

    def wait_at(waited):
        sessions = sessions_of(rhythm, since, len(waited))
        return sessions.after_waiting(law, np.full(len(waited), speed), since[0] + waited)

    assert_describes(wait_at, drawn)
