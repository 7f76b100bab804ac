"""How long each trigger and each person takes: densities and shares done, of the laws that draws elsewhere obey.

The agents draw; this module says how likely each draw was, so that the simulator can say what its own laws
make of a fetch (`paperknife.worlds.posterior`). Whoever changes a law's draw changes its density here too;
`tests/worlds/test_waits.py` compares the two.

What an agent is counts as known (a device's period of syncing, a person's looks a day, usual hour of
plugging in); when exactly it syncs, looks or plugs in does not, as no log shows that: it is averaged over.
Seconds that loading, bursts and turns take shift a wait by their typical size where the wait itself is
spread over hours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import ndtr

from paperknife.worlds.apple import (
    AWAY_S,
    AWAY_SPANS,
    CHARGE_HOURS,
    NIGHT_HOURS,
    NIGHT_SD_H,
    NIGHTS_N,
    is_away,
    night_of,
    usual_night_h,
    waits_for_wifi,
)
from paperknife.worlds.rhythm import DAY_S, HOUR_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from paperknife.worlds.apple import Devices
    from paperknife.worlds.chance import Floats, Ints
    from paperknife.worlds.delays import Delay, Mixture
    from paperknife.worlds.laws import AppleLaws
    from paperknife.worlds.rhythm import Rhythm

_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(12)
_STEPS: Final = (_NODES + 1) / 2
_STEP_WEIGHTS: Final = _NODE_WEIGHTS / 2
_CHARGE_STEPS: Final = (np.arange(16) + 0.5) / 16
MOST_TOGETHER: Final = 5
"""A burst's fetch comes after one to so many steps."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What a wait says of some moments: its density there, per second, and the share of waits over by then."""

    density: Floats
    done: Floats


def wait_of(law: Delay | Mixture, waited_s: Floats, pace: Floats | float = 1.0) -> Wait:
    """Return a law's wait, each stretched by a pace."""
    stretched = waited_s / pace
    return Wait(law.density(stretched) / pace, law.done(stretched))


def wait_for_burst(law: Delay, waited_s: Floats) -> Wait:
    """Return the wait from a burst's start to a message's turn in it."""
    parts = [replace(law, median_s=law.median_s * step) for step in range(1, MOST_TOGETHER + 1)]
    return Wait(
        np.mean([part.density(waited_s) for part in parts], axis=0),
        np.mean([part.done(waited_s) for part in parts], axis=0),
    )


def _share_between(at: Floats, low: Floats, high: Floats) -> Floats:
    return np.clip((at - low) / np.maximum(high - low, 1e-9), 0.0, 1.0)


def wait_for_sync(laws: AppleLaws, devices: Devices, device: Ints, *, since: Floats, at: Floats) -> Wait:
    """Return the wait from a message's arrival, `since`, to the fetch of a device's next sync.

    A device syncs once in each of its periods, at a moment uniform within. So the next sync lies in this
    period's rest or, if this period's has passed, anywhere in the next one.
    """
    period = devices.sync_s[device]
    end = (np.floor(since / period) + 1) * period
    passed = 1 - (end - since) / period
    typical = laws.burst_s.median_s * (MOST_TOGETHER + 1) / 2

    def done_in_burst(start: Floats) -> Floats:
        return wait_for_burst(laws.burst_s, at - start).done

    until_end = done_in_burst(since) - done_in_burst(end)
    beyond = done_in_burst(end) - done_in_burst(end + period)
    return Wait(
        np.maximum(until_end + passed * beyond, 0.0) / period,
        (1 - passed) * _share_between(at - typical, since, end)
        + passed * _share_between(at - typical, end, end + period),
    )


def wait_for_night(laws: AppleLaws, devices: Devices, device: Ints, *, since: Floats, at: Floats) -> Wait:
    """Return the wait from a message's arrival, `since`, to the fetch of a device's next charging at night."""
    offset = devices.offset_s[device]
    local, now = since + offset, at + offset
    usual_h = usual_night_h(laws, devices, device)
    first_h, last_h = NIGHT_HOURS
    typical = laws.burst_s.median_s * (MOST_TOGETHER + 1) / 2
    night = night_of(local)

    def plugged_by(moment: Floats, number: Ints) -> Floats:
        hour = (moment - number * DAY_S - DAY_S / 2) / HOUR_S
        share = ndtr((hour - usual_h) / NIGHT_SD_H)
        return np.where(hour < first_h, 0.0, np.where(hour >= last_h, 1.0, share))

    def plugging(moment: Floats, number: Ints) -> Floats:
        """Return the density of plugging in; what comes at the clipped ends is spread over its burst."""
        hour = (moment - typical - number * DAY_S - DAY_S / 2) / HOUR_S
        bell = np.exp(-0.5 * ((hour - usual_h) / NIGHT_SD_H) ** 2) / (NIGHT_SD_H * np.sqrt(2 * np.pi))
        smooth = np.where((hour > first_h) & (hour < last_h), bell / HOUR_S, 0.0)
        start = number * DAY_S + DAY_S / 2
        at_first = ndtr((first_h - usual_h) / NIGHT_SD_H)
        at_last = 1 - ndtr((last_h - usual_h) / NIGHT_SD_H)
        return np.asarray(
            smooth
            + at_first * wait_for_burst(laws.burst_s, moment - start - first_h * HOUR_S).density
            + at_last * wait_for_burst(laws.burst_s, moment - start - last_h * HOUR_S).density
        )

    charged = laws.charged_share
    is_charging = np.mean(
        [
            plugged_by(local, night)
            - plugged_by(local - (CHARGE_HOURS[0] + span * CHARGE_HOURS[1]) * HOUR_S, night)
            for span in _CHARGE_STEPS
        ],
        axis=0,
    )  # plugged in before the message came, and not yet unplugged
    waited = at - since
    at_once = wait_for_burst(laws.burst_s, waited)
    was_plugged = plugged_by(local, night)
    density = charged * (is_charging * at_once.density + np.where(waited > 0, plugging(now, night), 0.0))
    done = charged * (
        is_charging * at_once.done + np.maximum(plugged_by(now - typical, night) - was_plugged, 0)
    )
    left = 1 - charged * (is_charging + 1 - was_plugged)
    for later in range(1, NIGHTS_N):
        density = density + left * charged * plugging(now, night + later)
        done = done + left * charged * plugged_by(now - typical, night + later)
        left = left * (1 - charged)
    return Wait(density, done)


def wait_on_wifi(
    wait_at: Callable[[Floats], Wait], laws: AppleLaws, devices: Devices, device: Ints, *, at: Floats
) -> Wait:
    """Return a wait that, where the device is away from Wi-Fi, lasts until a burst after it is back.

    A device's whereabouts count as known.

    Parameters
    ----------
    wait_at : callable
        Given times, the wait if there were Wi-Fi everywhere.
    """
    offset = devices.offset_s[device]
    span = np.floor((at + offset) / AWAY_S).astype(np.int64)
    is_out = is_away(laws, devices, device, span)
    first = span.copy()  # of the spans away that last until now, or did until this span's start
    for _ in AWAY_SPANS:
        first = np.where(is_away(laws, devices, device, first - 1), first - 1, first)
    left_at, back_at = first * AWAY_S - offset, span * AWAY_S - offset
    now, before, held = wait_at(at), wait_at(left_at).done, wait_at(back_at).done
    burst = wait_for_burst(laws.burst_s, at - back_at)
    waiting = held - before
    here = Wait(now.density + waiting * burst.density, now.done - waiting * (1 - burst.done))
    there = waits_for_wifi(laws, devices, device)
    return Wait(
        np.where(there, np.where(is_out, 0.0, here.density), now.density),
        np.where(there, np.where(is_out, before, here.done), now.done),
    )


@dataclass(frozen=True, slots=True)
class Sessions:
    """Each message's recipient, seen from its arrival on the person's own active clock.

    Attributes
    ----------
    rhythm : Rhythm
    person : ndarray of int64
    period_h : ndarray of float64
        Active hours that each session has to itself; it starts at a moment uniform within.
    since_h : ndarray of float64
        The active clock when the message arrived.
    """

    rhythm: Rhythm
    person: Ints
    period_h: Floats
    since_h: Floats

    @staticmethod
    def after(rhythm: Rhythm, person: Ints, since: Floats) -> Sessions:
        """Return the sessions of people after some moments."""
        return Sessions(rhythm, person, rhythm.session_h[person], rhythm.active_hours(person, since))

    def next(self, at: Floats) -> Wait:
        """Return the wait to the start of the next session."""
        now_h, pace = self._clock(at)
        end_h = (np.floor(self.since_h / self.period_h) + 1) * self.period_h
        passed = 1 - (end_h - self.since_h) / self.period_h
        is_now = (now_h > self.since_h) & (now_h < end_h)
        is_beyond = (now_h >= end_h) & (now_h < end_h + self.period_h)
        return Wait(
            (is_now + passed * is_beyond) / self.period_h * pace,
            (1 - passed) * _share_between(now_h, self.since_h, end_h)
            + passed * _share_between(now_h, end_h, end_h + self.period_h),
        )

    def after_waiting(self, law: Delay, speed: Floats, at: Floats) -> Wait:
        """Return the wait to the first session after a further wait of `law`, in active hours times `speed`.

        Let F be the further wait's distribution on the active clock. A session that starts at x is the first
        after the wait if the wait ended in the same period before x, or in the period before, after that
        period's own session; both together have density (F(x) - mean of F over the period before) / period.
        """
        now_h, pace = self._clock(at)
        start_h = np.floor(now_h / self.period_h) * self.period_h
        before = self._mean_done(law, speed, start_h - self.period_h, start_h)
        reached = self.waited(law, speed, now_h)
        since_start = self._mean_done(law, speed, start_h, now_h)
        share = (now_h - start_h) / self.period_h
        return Wait(
            np.maximum(reached - before, 0.0) / self.period_h * pace, before + share * (since_start - before)
        )

    def waited(self, law: Delay, speed: Floats, now_h: Floats) -> Floats:
        """Return the share of waits of `law` that are over when the active clock shows `now_h`."""
        return law.done((now_h - self.since_h) / speed)

    def has_waited(self, law: Delay, speed: Floats, at: Floats) -> Floats:
        """Return the share of waits of `law` that are over at a time."""
        return self.waited(law, speed, self._clock(at)[0])

    def _mean_done(self, law: Delay, speed: Floats, low_h: Floats, high_h: Floats) -> Floats:
        total = np.zeros(len(low_h))
        for step, weight in zip(_STEPS, _STEP_WEIGHTS, strict=True):
            total += weight * self.waited(law, speed, low_h + step * (high_h - low_h))
        return total

    def _clock(self, at: Floats) -> tuple[Floats, Floats]:
        """Return the active clock at a time and how fast it runs, active hours a second."""
        return self.rhythm.active_hours(self.person, at), self.rhythm.activity(self.person, at) / HOUR_S
