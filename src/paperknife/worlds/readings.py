"""Readings: when a person reads a message, again, or elsewhere, or someone else does. Nobody sees them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from paperknife.worlds.clients import APPLE, NO_CLIENT, place_on_phone

if TYPE_CHECKING:
    from paperknife.worlds.chance import Bools, Floats, Ints
    from paperknife.worlds.laws import Laws
    from paperknife.worlds.people import People
    from paperknife.worlds.rhythm import Rhythm
    from paperknife.worlds.sending import Mail

SAME_SITTING_S = 1800.0
_SAME_PLACE_SHARE = 0.85
"""Of readings again within one sitting that happen in the same client: our assumption."""
_LAST_S = 45 * 86400.0


@dataclass(frozen=True, slots=True)
class Readings:
    """The readings of a world; every array has one entry a reading.

    Attributes
    ----------
    message, person : ndarray of int64
        `person` reads; after forwarding it is not the recipient.
    at : ndarray of float64
    client : ndarray of int64
    on_phone, is_first, is_notified, is_forwarded : ndarray of bool
        Whether it is the recipient's first, whether a notification led to it, whether someone else reads.
    """

    message: Ints
    person: Ints
    at: Floats
    client: Ints
    on_phone: Bools
    is_first: Bools
    is_notified: Bools
    is_forwarded: Bools

    def __len__(self) -> int:
        return len(self.message)

    def where(self, chosen: Bools) -> Readings:
        """Return the chosen readings."""
        return Readings(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    @staticmethod
    def joined(parts: list[Readings]) -> Readings:
        """Return several sets of readings as one."""
        return Readings(
            **{
                field.name: np.concatenate([getattr(part, field.name) for part in parts])
                for field in fields(Readings)
            }
        )


@dataclass(frozen=True, slots=True)
class Interest:
    """What each message means to its recipient; every array has one entry a message.

    Attributes
    ----------
    p_read : ndarray of float64
        Chance that the recipient reads it at some time; 0 for what is not delivered to the inbox.
    speed : ndarray of float64
        Multiplies the time that the recipient takes.
    appeal : ndarray of float64
        What the message adds to anyone's log-odds of reading.
    """

    p_read: Floats
    speed: Floats
    appeal: Floats


def p_read_of(laws: Laws, logit: Floats, is_apple: Bools) -> Floats:
    """Return the chance of reading with these log-odds; Apple's users read more or less of the same mail."""
    p_read = 1 / (1 + np.exp(-logit))
    return np.where(is_apple, 1 - (1 - p_read) ** laws.apple.kappa, p_read)


def draw_interest(rng: np.random.Generator, laws: Laws, people: People, mail: Mail) -> Interest:
    """Return how likely, and how soon, each message is read by the person it was sent to."""
    of_campaign = laws.people.appeal_sd * rng.standard_normal(int(mail.campaign.max()) + 2)
    appeal = mail.read_logit + of_campaign[mail.campaign]
    is_apple = people.client[mail.person, 0] == APPLE
    p_read = p_read_of(laws, people.read_logit[mail.person] + appeal, is_apple)
    speed = people.speed[mail.person] * mail.speed * np.where(is_apple, laws.apple.speed, 1.0)
    return Interest(np.where(mail.is_bounced | mail.is_junk, 0.0, p_read), speed, appeal)


def notified_share(laws: Laws, rhythm: Rhythm, person: Ints, at: Floats) -> Floats:
    """Return the share of readings of what arrives at a time that a notification leads to."""
    awake = np.minimum(rhythm.activity(person, at) / 1.5, 1.0)
    return np.asarray(laws.people.at_once_share * awake)


def _in_turn(rng: np.random.Generator, laws: Laws, person: Ints, session: Ints) -> Floats:
    """Return how many seconds into a session each message has its turn: they are read one after another."""
    order = np.lexsort((rng.random(len(person)), session, person))
    gaps = np.minimum(laws.people.between_s.draw(rng, len(person)), SAME_SITTING_S)
    total = np.cumsum(gaps)
    is_start = np.r_[True, (np.diff(person[order]) != 0) | (np.diff(session[order]) != 0)]
    starts = np.maximum.accumulate(np.where(is_start, np.arange(len(order)), 0))
    turn = np.empty(len(person))
    turn[order] = total - total[starts] + gaps[starts] * 0.5
    return turn


def _draw_firsts(
    rng: np.random.Generator, laws: Laws, people: People, rhythm: Rhythm, *, mail: Mail, interest: Interest
) -> Readings:
    mine = laws.people
    message = np.flatnonzero(rng.random(len(mail)) < interest.p_read)
    person = mail.person[message]
    delivered_at = mail.delivered_at[message]
    client, on_phone = _draw_places(rng, laws, people, person)
    speed = interest.speed[message]

    is_notified = rng.random(len(message)) < notified_share(laws, rhythm, person, delivered_at)
    waiting_h = mine.later.draw(rng, len(message)) * speed
    session, start_h = rhythm.next_session(person, rhythm.active_hours(person, delivered_at) + waiting_h)
    later_at = rhythm.wall_time(person, start_h) + _in_turn(rng, laws, person, session)
    at_once = delivered_at + mine.at_once.draw(rng, len(message)) * np.sqrt(speed)
    at = np.where(is_notified, at_once, later_at)
    keep = at - delivered_at < _LAST_S
    none = np.zeros(len(message), dtype=np.bool_)
    return Readings(message, person, at, client, on_phone, ~none, is_notified, none).where(keep)


def _draw_places(rng: np.random.Generator, laws: Laws, people: People, person: Ints) -> tuple[Ints, Bools]:
    """Return in which client, and whether on a phone, each reading happens."""
    second = people.client[person, 1]
    uses_second = (second != NO_CLIENT) & (rng.random(len(person)) < laws.clients.second_use)
    client = np.where(uses_second, second, people.client[person, 0])
    return client, place_on_phone(client, rng.random(len(person)) < people.likes_phone[person])


def _draw_rereadings(
    rng: np.random.Generator, laws: Laws, people: People, rhythm: Rhythm, *, before: Readings, share: float
) -> Readings:
    again = before.where(rng.random(len(before)) < share)
    gap = laws.people.reread.draw(rng, len(again))
    rested = rhythm.wall_time(again.person, rhythm.active_hours(again.person, again.at) + gap / 3600.0)
    at = np.where(gap < SAME_SITTING_S, again.at + gap, rested)
    client, on_phone = _draw_places(rng, laws, people, again.person)
    same = (gap < SAME_SITTING_S) & (rng.random(len(again)) < _SAME_PLACE_SHARE)
    none = np.zeros(len(again), dtype=np.bool_)
    return Readings(
        message=again.message,
        person=again.person,
        at=at,
        client=np.where(same, again.client, client),
        on_phone=np.where(same, again.on_phone, on_phone),
        is_first=none,
        is_notified=none,
        is_forwarded=none,
    )


def _draw_forwarded(
    rng: np.random.Generator, laws: Laws, people: People, rhythm: Rhythm, firsts: Readings
) -> Readings:
    """Return readings by people to whom a recipient passed the message on."""
    passed = firsts.where(rng.random(len(firsts)) < laws.people.forwarded_share)
    person = rng.integers(0, len(people.region), len(passed))
    waiting_h = 0.02 + laws.people.later.draw(rng, len(passed)) * 0.3
    at = rhythm.next_session_at(
        person, rhythm.wall_time(person, rhythm.active_hours(person, passed.at) + waiting_h)
    )
    client, on_phone = _draw_places(rng, laws, people, person)
    none = np.zeros(len(passed), dtype=np.bool_)
    return Readings(passed.message, person, at, client, on_phone, none, none, ~none)


def draw_readings(
    rng: np.random.Generator, laws: Laws, *, people: People, rhythm: Rhythm, mail: Mail, interest: Interest
) -> Readings:
    """Return all readings of a world's messages, in no order."""
    parts = [_draw_firsts(rng, laws, people, rhythm, mail=mail, interest=interest)]
    share = laws.people.reread_share
    for _ in range(5):
        parts.append(_draw_rereadings(rng, laws, people, rhythm, before=parts[-1], share=share))
        share = laws.people.reread_again
    parts.append(_draw_forwarded(rng, laws, people, rhythm, parts[0]))
    return Readings.joined(parts)
