"""The sender: campaigns, sequences and flows, and how their messages reach the mailboxes.

Times are float64 seconds since the world's origin, a Monday 00:00 UTC; the log begins at `start_s`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paperknife.worlds.rhythm import DAY_S, HOUR_S, WEEK_S, Rhythm

if TYPE_CHECKING:
    from paperknife.worlds.chance import Bools, Floats, Ints
    from paperknife.worlds.laws import SendingLaws, Stream


_SATURDAY, _SUNDAY = 5, 6
_ROUND_TIME_SHARE = 0.5
"""Of campaigns that are scheduled for a quarter of an hour: our assumption."""


@dataclass(frozen=True, slots=True)
class Mail:
    """The messages of a world; every array has one entry a message.

    Attributes
    ----------
    person, campaign, sender : ndarray of int64
        Campaign and sender are -1 where the mail has none.
    sent_at, delivered_at : ndarray of float64
    is_bounced, is_junk : ndarray of bool
        Bounced messages are never delivered; junk is never read and shows no remote content.
    read_logit, speed, click_ratio : ndarray of float64
        What the stream does to reading and clicking.
    links_n : ndarray of int64
    is_one_to_one : ndarray of bool
    """

    person: Ints
    campaign: Ints
    sender: Ints
    sent_at: Floats
    delivered_at: Floats
    is_bounced: Bools
    is_junk: Bools
    read_logit: Floats
    speed: Floats
    click_ratio: Floats
    links_n: Ints
    is_one_to_one: Bools

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True, slots=True)
class _Posted:
    """What one stream sends: recipient, campaign (from 0, -1 for none) and time of each message."""

    person: Ints
    campaign: Ints
    sent_at: Floats


def count_people(laws: SendingLaws, messages: int, days: float) -> int:
    """Return how many recipients a sender needs for its streams to send about `messages` messages."""
    return max(_people_of(stream, round(messages * stream.share), days) for stream in laws.streams)


def _campaigns_of(stream: Stream, messages: int, days: float) -> int:
    return int(np.clip(round(stream.per_week * days / 7), 1, max(1, messages // 20)))


def _people_of(stream: Stream, messages: int, days: float) -> int:
    if stream.kind == "newsletter":
        return int(np.ceil(messages / (_campaigns_of(stream, messages, days) * stream.list_share))) + 3
    return int(np.ceil(messages / max(1.0, stream.per_week * days / 7))) + 3


def _to_workday(at: Floats, offset_s: Floats | float) -> Floats:
    """Move weekend times to the Monday or Friday beside them, local time."""
    weekday = np.floor((at + offset_s) % WEEK_S / DAY_S)
    moved = np.where(weekday == _SATURDAY, -DAY_S, np.where(weekday == _SUNDAY, DAY_S, 0.0))
    return np.asarray(at + moved, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Office:
    """When the sender works (first second, days, local time minus UTC) and the rhythm of the recipients."""

    first_s: float
    days: float
    offset_s: float
    rhythm: Rhythm

    @property
    def people_n(self) -> int:
        return len(self.rhythm.offset_s)


def _post_newsletter(rng: np.random.Generator, stream: Stream, n: int, office: _Office) -> _Posted:
    campaigns = _campaigns_of(stream, n, office.days)
    slots = (np.arange(campaigns) + rng.uniform(0.1, 0.9, campaigns)) * office.days / campaigns
    midnight = np.floor((office.first_s + slots * DAY_S + office.offset_s) / DAY_S) * DAY_S - office.offset_s
    hours = np.clip(rng.normal(stream.hour, stream.hour_sd, campaigns), 0.2, 23.5)
    on_the_hour = (
        rng.random(campaigns) < _ROUND_TIME_SHARE
    )  # campaigns are scheduled for round times, and leave a little later
    hours = np.where(on_the_hour, np.round(hours * 4) / 4, hours)
    start = midnight + hours * HOUR_S
    if stream.is_workdays_only:
        start = _to_workday(start, office.offset_s)
    size = min(office.people_n, max(1, round(n / campaigns)))
    person = np.concatenate([rng.choice(office.people_n, size, replace=False) for _ in range(campaigns)])
    campaign = np.repeat(np.arange(campaigns), size)
    batch_s = np.repeat(stream.spread.draw(rng, campaigns), size)
    place = np.concatenate([rng.permutation(size) for _ in range(campaigns)]) / size
    sent_at = start[campaign] + rng.exponential(2.0, len(person)) + place * np.minimum(batch_s, 12 * HOUR_S)
    if stream.is_local_hour:
        sent_at = sent_at - (office.rhythm.offset_s[person] - office.offset_s)
    return _Posted(person, campaign, sent_at)


def _post_one_to_one(rng: np.random.Generator, stream: Stream, n: int, office: _Office) -> _Posted:
    steps = max(1, round(stream.per_week * office.days / 7))
    people = rng.permutation(office.people_n)[: max(1, -(-n // steps))]
    gap = 7 / stream.per_week * rng.uniform(0.6, 1.4, (len(people), steps))
    day = np.cumsum(gap, axis=1) - gap[:, :1] + rng.uniform(-0.3, 1, (len(people), 1)) * office.days / steps
    day = np.floor(np.mod(day, office.days)).ravel()
    hour = 8.5 + 9.5 * rng.beta(1.6, 1.6, len(day))
    midnight = np.floor((office.first_s + office.offset_s) / DAY_S) * DAY_S - office.offset_s
    sent_at = _to_workday(midnight + day * DAY_S + hour * HOUR_S, office.offset_s)
    person = np.repeat(people, steps)
    return _Posted(person[:n], np.full(min(n, len(person)), -1), sent_at[:n])


def _post_transactional(rng: np.random.Generator, stream: Stream, n: int, office: _Office) -> _Posted:
    person = rng.integers(0, office.people_n, n)
    at_h = office.rhythm.active_hours(person, office.first_s + rng.uniform(0, office.days * DAY_S, n))
    return _Posted(person, rng.integers(0, stream.flows_n, n), office.rhythm.wall_time(person, at_h))


_POST = {"newsletter": _post_newsletter, "one_to_one": _post_one_to_one, "transactional": _post_transactional}


def draw_mail(
    rng: np.random.Generator,
    laws: SendingLaws,
    *,
    messages: int,
    start_s: float,
    days: float,
    offset_s: float,
    rhythm: Rhythm,
) -> Mail:
    """Return the messages that a sender sends, about `messages` of them, in no order.

    Parameters
    ----------
    start_s : float
        When the log begins; mail leaves from `laws.warm_up_days` before.
    days : float
        Length of the log.
    offset_s : float
        The sender's local time minus UTC.
    rhythm : Rhythm
        Of the recipients.
    """
    office = _Office(start_s - laws.warm_up_days * DAY_S, days + laws.warm_up_days, offset_s, rhythm)
    posts, streams, campaigns_n = [], [], 0
    for i, stream in enumerate(laws.streams):
        post = _POST[stream.kind](rng, stream, max(1, round(messages * stream.share)), office)
        campaign = np.where(post.campaign >= 0, post.campaign + campaigns_n, -1)
        campaigns_n = max(campaigns_n, int(campaign.max()) + 1)
        posts.append(_Posted(post.person, campaign, post.sent_at))
        streams.append(np.full(len(post.person), i))
    stream_of = np.concatenate(streams)
    person = np.concatenate([post.person for post in posts])
    sent_at = np.concatenate([post.sent_at for post in posts])
    campaign = np.concatenate([post.campaign for post in posts])
    n = len(person)

    def each(name: str) -> Floats:
        values = np.array([getattr(stream, name) for stream in laws.streams], dtype=np.float64)
        return np.asarray(values[stream_of], dtype=np.float64)

    kinds = np.array([stream.kind == "one_to_one" for stream in laws.streams])[stream_of]
    links = np.maximum(1, np.round(each("links_n") * rng.random(campaigns_n + 1)[campaign])).astype(np.int64)
    return Mail(
        person=person,
        campaign=campaign,
        sender=np.where(kinds, person % laws.senders_n, -1),
        sent_at=sent_at,
        delivered_at=sent_at + laws.delivery.draw(rng, n),
        is_bounced=rng.random(n) < laws.bounced_share,
        is_junk=rng.random(n) < laws.junk_share,
        read_logit=each("read_logit"),
        speed=each("speed"),
        click_ratio=each("click_ratio"),
        links_n=links,
        is_one_to_one=kinds,
    )
