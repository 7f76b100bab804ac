"""When people are awake and when they look at their mail.

Each person follows a weekly profile of activity in local time. Waiting is measured in *active hours*: a clock
that runs fast in the person's busy hours and nearly stops in the night, so a delay drawn in active hours and
turned back into wall time has the rhythm built in. Mail is read in sessions, points on that same clock.

Times are float64 seconds since the world's origin, a Monday 00:00 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paperknife.worlds.chance import Floats, Ints, keyed_uniform

if TYPE_CHECKING:
    from paperknife.worlds.laws import PeopleLaws

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
WEEK_S = 7 * DAY_S
_WEEK_H = 168
_STEPS = _WEEK_H * 4
_PROFILES = 16

_HOURS = np.array(
    [
        *(0.8, 0.5, 0.35, 0.35, 0.5, 1.2, 2.6, 4.2, 5.5),
        *(6.6, 6.8, 6.7, 6.5, 7.0, 6.6, 6.6, 6.6, 6.6),
        *(5.2, 4.8, 4.6, 4.2, 3.2, 2.0),
    ]
)
"""Share of readings by local hour, percent: 9-17 h without lunch 53, 13 h 7, 18-23 h 24, 0-8 h 16 (FACTS.md
section 3). How the sum of each span spreads over its hours is our assumption."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The weekly profiles of a world and each person's place among them.

    Attributes
    ----------
    salt : int
    cumulative : ndarray (profiles, steps + 1) of float64
        Active hours since Monday 00:00 local time, at each quarter of an hour; the last is 168.
    profile : ndarray (people,) of int64
    offset_s : ndarray (people,) of float64
        Local time minus UTC.
    session_h : ndarray (people,) of float64
        Mean active hours between two looks at the mailbox.
    """

    salt: int
    cumulative: Floats
    profile: Ints
    offset_s: Floats
    session_h: Floats

    def activity(self, person: Ints, at: Floats) -> Floats:
        """Return how active each person is at a time, relative to their weekly mean of 1."""
        step = ((at + self.offset_s[person]) % WEEK_S / WEEK_S * _STEPS).astype(np.int64) % _STEPS
        rows = self.profile[person]
        return np.asarray(
            (self.cumulative[rows, step + 1] - self.cumulative[rows, step]) * 4, dtype=np.float64
        )

    def active_hours(self, person: Ints, at: Floats) -> Floats:
        """Return each person's active-hours clock at a time."""
        local = at + self.offset_s[person]
        weeks = np.floor(local / WEEK_S)
        position = (local / WEEK_S - weeks) * _STEPS
        step = np.minimum(position.astype(np.int64), _STEPS - 1)
        rows = self.profile[person]
        low = self.cumulative[rows, step]
        within = low + (position - step) * (self.cumulative[rows, step + 1] - low)
        return np.asarray(weeks * _WEEK_H + within, dtype=np.float64)

    def wall_time(self, person: Ints, active_h: Floats) -> Floats:
        """Return the time at which each person's active-hours clock shows `active_h`."""
        weeks = np.floor(active_h / _WEEK_H)
        within = active_h - weeks * _WEEK_H
        position = np.empty(len(active_h))
        rows = self.profile[person]
        grid = np.arange(_STEPS + 1, dtype=np.float64)
        for row in range(len(self.cumulative)):
            mine = rows == row
            position[mine] = np.interp(within[mine], self.cumulative[row], grid)
        return np.asarray(
            weeks * WEEK_S + position / _STEPS * WEEK_S - self.offset_s[person], dtype=np.float64
        )

    def next_session(self, person: Ints, active_h: Floats) -> tuple[Ints, Floats]:
        """Return the number and start (active hours) of each person's first session after `active_h`."""
        period = self.session_h[person]
        number = np.floor(active_h / period).astype(np.int64)
        start = (number + keyed_uniform(self.salt, person, number)) * period
        number = np.where(start > active_h, number, number + 1)
        return number, (number + keyed_uniform(self.salt, person, number)) * period

    def next_session_at(self, person: Ints, at: Floats) -> Floats:
        """Return the time of each person's first session after a time."""
        return self.wall_time(person, self.next_session(person, self.active_hours(person, at))[1])


def draw_rhythm(rng: np.random.Generator, laws: PeopleLaws, offset_s: Floats) -> Rhythm:
    """Return the rhythm of people who live at these offsets from UTC."""
    people = len(offset_s)
    quarters = np.arange(_STEPS) / 4
    profiles = []
    for _ in range(_PROFILES):
        shift = rng.normal(laws.chronotype_shift_h, laws.chronotype_sd_h)
        contrast = np.exp(rng.normal(np.log(laws.contrast), 0.15))
        is_weekend = quarters >= 5 * 24
        hours = (quarters - shift - np.where(is_weekend, 1.0, 0.0)) % 24
        activity = np.interp(hours - 0.5, np.arange(-1, 25), np.r_[_HOURS[-1], _HOURS, _HOURS[0]]) ** contrast
        activity = activity * np.where(is_weekend, laws.weekend_factor, 1.0)
        total = np.r_[0.0, np.cumsum(activity)]
        profiles.append(total / total[-1] * _WEEK_H)
    per_day = laws.sessions_per_day * np.exp(laws.sessions_sd * rng.standard_normal(people))
    return Rhythm(
        salt=int(rng.integers(2**62)),
        cumulative=np.stack(profiles),
        profile=rng.integers(0, _PROFILES, people),
        offset_s=offset_s,
        session_h=24 / np.clip(per_day, 0.3, 60),
    )
