"""The ceiling: what the simulator itself makes of a fetch, knowing its own laws.

A message's image is first loaded at whichever comes first: the person's reading or a device's background
fetch. Given the agents, these compete, and for the first fetch of a message by its recipient's own Apple Mail
at a time t

    p_human(t) = h(t) / (h(t) + b(t)),

where h is the density of "the first load is a reading's, at t" and b that of "it is a background fetch's".

What it conditions on, all that stands before the fetch: the laws of the world; the message's recipient as an
agent (chance and speed of reading this message, weekly rhythm, looks a day, privacy setting, devices and how
much each prefetches by which trigger, how fast, syncing how often); the delivery; the time of the fetch;
whether the watch made it; and that nothing of the message was fetched by the recipient before. No log shows
the agents that well, so no model that sees one message's past at a time comes near it, and a log loss below
it, on the same opens at the instant horizon, is a leak.

What it does not condition on, and what therefore bounds the claim: when exactly a device syncs or a person
looks at the mailbox (averaged over), though fetches of the person's *other* messages at the same moment hint
at it; and everything after the fetch, so it is no ceiling for later horizons, where clicks date readings.
Waits spread over hours are shifted by, not convolved with, the seconds that loading, bursts and turns take,
so p is a few thousandths off where those seconds matter.

Opens whose cause the client alone decides have 1 (another person's client, an Apple device that never fetches
by itself) or 0 (a machine's): they are told which client fetched, which some logs hide. Where the chance
cannot be computed, it is NaN: fetches after the first (hidden readings, expired copies), those by someone to
whom the message was forwarded, and those of people with a second client that had shown, or may have hidden,
a reading before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paperknife.worlds.apple import (
    AT_ONCE,
    GLANCE_SHARE,
    LATE,
    MAIL_OPENED,
    NIGHT,
    OWN_ADDRESS,
    PROTECTED,
    SYNC,
)
from paperknife.worlds.clients import APPLE, NO_CLIENT, PROTON
from paperknife.worlds.readings import SAME_SITTING_S, notified_share
from paperknife.worlds.waits import (
    MOST_TOGETHER,
    Sessions,
    Wait,
    wait_for_night,
    wait_for_sync,
    wait_of,
    wait_on_wifi,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from paperknife.worlds.apple import AppleFetches, Devices
    from paperknife.worlds.chance import Bools, Floats, Ints
    from paperknife.worlds.laws import Laws
    from paperknife.worlds.people import People
    from paperknife.worlds.readings import Interest
    from paperknife.worlds.rhythm import Rhythm
    from paperknife.worlds.sending import Mail
    from paperknife.worlds.visits import Visits

_DRAWS_N = 20_000


@dataclass(frozen=True, slots=True)
class _Device:
    """What one device may do with each message: a fetch of its own accord, or when the mail app opens.

    `alone` is the wait for the former, of all messages; `opened` the chance of the latter.
    """

    alone: Wait
    opened: Floats

    @property
    def still(self) -> Floats:
        """Chance that the device neither has fetched nor will when the app opens."""
        return 1 - self.opened - self.alone.done


def _device(laws: Laws, devices: Devices, device: Ints, has: Bools, *, since: Floats, at: Floats) -> _Device:
    weights = devices.triggers[device] / devices.triggers[device].sum(axis=1, keepdims=True)
    chance = weights * (devices.propensity[device] * has)[:, None]
    pace = devices.pace[device]
    apple = laws.apple

    def on_wifi(wait_at: Callable[[Floats], Wait]) -> Wait:
        return wait_on_wifi(wait_at, apple, devices, device, at=at) if apple.wifi_share else wait_at(at)

    waits = {
        AT_ONCE: on_wifi(lambda at: wait_of(apple.at_once, at - since, pace)),
        SYNC: on_wifi(lambda at: wait_for_sync(apple, devices, device, since=since, at=at)),
        NIGHT: wait_for_night(apple, devices, device, since=since, at=at),
        LATE: on_wifi(lambda at: wait_of(apple.late, at - since, pace)),
    }
    density = np.sum([chance[:, trigger] * wait.density for trigger, wait in waits.items()], axis=0)
    done = np.sum([chance[:, trigger] * wait.done for trigger, wait in waits.items()], axis=0)
    return _Device(Wait(density, done), chance[:, MAIL_OPENED])


def _sooner_than_bursts(laws: Laws, salt: int) -> tuple[float, float]:
    """Return how often a reading's load precedes the fetch that opening the mail app starts.

    With one device that does so, and with two. The person looks and reads: both begin with the same session,
    and seconds decide. By simulation, with chance of its own so that the world's is not used up.
    """
    rng = np.random.default_rng(salt)
    turn = 0.5 * np.minimum(laws.people.between_s.draw(rng, _DRAWS_N), SAME_SITTING_S)
    load = turn + laws.clients.load_s.draw(rng, _DRAWS_N)
    bursts = [
        laws.apple.burst_s.draw(rng, _DRAWS_N) * rng.integers(1, MOST_TOGETHER + 1, _DRAWS_N)
        for _ in range(2)
    ]
    return float(np.mean(load < bursts[0])), float(np.mean(load < np.minimum(*bursts)))


def _share_in_apple(laws: Laws, people: People) -> Floats:
    """Return the share of each person's readings that happen in Apple Mail."""
    second = np.where(people.client[:, 1] == NO_CLIENT, 0.0, laws.clients.second_use)
    return np.where(people.client[:, 0] == APPLE, 1 - second, second)


def first_fetch_posterior(
    laws: Laws,
    *,
    people: People,
    rhythm: Rhythm,
    mail: Mail,
    interest: Interest,
    devices: Devices,
    message: Ints,
    at: Floats,
    on_watch: Bools,
) -> Floats:
    """Return the chance that a reading caused each first fetch, float64, given the agents (see the module).

    Parameters
    ----------
    message : ndarray of int64
        The fetched messages, whose recipients' devices prefetch.
    at : ndarray of float64
        When each was first fetched.
    on_watch : ndarray of bool
        Whether the recipient's watch fetched.
    """
    person, since = mail.person[message], mail.delivered_at[message]
    first, second = (
        _device(laws, devices, 2 * person + place, has, since=since, at=at)
        for place, has in ((0, np.ones(len(person), dtype=np.bool_)), (1, devices.has_second[person]))
    )
    speed = interest.speed[message]
    p_read = interest.p_read[message]
    in_apple = _share_in_apple(laws, people)[person]
    notified = notified_share(laws, rhythm, person, since)
    load_s = laws.clients.load_s.median_s
    sooner = wait_of(laws.people.at_once, at - since - load_s, np.sqrt(speed))
    p_notified, p_later = p_read * notified, p_read * (1 - notified)

    sessions = Sessions.after(rhythm, person, since)
    turned_s = load_s + 0.5 * laws.people.between_s.median_s
    later = sessions.after_waiting(laws.people.later, speed, at - turned_s)
    session = sessions.next(at - min(turned_s, laws.apple.burst_s.median_s))

    # No device waits for the mail app: reading and background fetches know nothing of each other.
    # That nothing was fetched says that nothing was read: other clients would have shown it.
    unread = 1 - p_notified * sooner.done - p_later * later.done
    still = np.maximum(first.still, 0.0) * np.maximum(second.still, 0.0)
    fetching = first.alone.density * second.still + second.alone.density * first.still

    # Some device does: then the next session fetches, read or not, and no later session is the first load.
    waiting = (1 - first.alone.done) * (1 - second.alone.done) - still
    fetching_else = (
        first.alone.density * (1 - second.alone.done)
        + second.alone.density * (1 - first.alone.done)
        - fetching
    )
    both = first.opened * second.opened
    with_one, with_two = _sooner_than_bursts(laws, devices.salt)
    share_two = np.divide(both, waiting, out=np.zeros_like(both), where=waiting > 0)
    p_sooner = with_one + np.clip(share_two, 0, 1) * (with_two - with_one)
    unnoticed = 1 - p_notified * sooner.done
    read_now = p_later * sessions.has_waited(laws.people.later, speed, at - turned_s) * p_sooner
    before_session = (1 - session.done) * waiting

    watched = devices.has_watch[person]
    glanced = np.where(watched, GLANCE_SHARE, 0.0)
    human = (
        p_notified * sooner.density * (1 - glanced) * (still + before_session)
        + p_later * later.density * still
        + session.density * waiting * read_now
    )
    background = (
        unread * fetching
        + session.density * waiting * (unnoticed - read_now)
        + (1 - session.done) * unnoticed * fetching_else
    )
    glance = wait_of(laws.apple.at_once, at - since)
    p_glance = laws.apple.watch_prefetch_share
    human_on_watch = (
        p_notified * sooner.density * glanced * (still + before_session) * (1 - p_glance * glance.done)
    )
    watch_alone = p_glance * glance.density * (unread * still + unnoticed * before_session)
    human = np.maximum(np.where(on_watch, human_on_watch, human), 0.0) * in_apple
    background = np.maximum(np.where(on_watch, watch_alone, background), 0.0)
    total = human + background
    p_human = np.divide(human, total, out=np.full(len(total), np.nan), where=total > 0)
    return np.asarray(p_human, dtype=np.float64)


def apple_posterior(
    laws: Laws,
    *,
    people: People,
    rhythm: Rhythm,
    mail: Mail,
    interest: Interest,
    fetched: AppleFetches,
    visible: Visits,
) -> Floats:
    """Return `p_human` of Apple Mail's fetches, float64; NaN where it cannot be computed (see the module).

    Parameters
    ----------
    visible : Visits
        What the same people's other clients showed.
    """
    opens = fetched.opens
    person = mail.person[opens.message]
    never_alone = ~np.isin(people.apple_mode[person], (PROTECTED, OWN_ADDRESS)) | people.blocks_images[person]
    posterior = np.where(fetched.is_own & never_alone, 1.0, np.nan)

    other = np.where(people.client[:, 0] == APPLE, people.client[:, 1], people.client[:, 0])
    shown_at = np.full(len(mail), np.inf)
    np.minimum.at(shown_at, visible.message, visible.at)
    is_clear = (other[person] == NO_CLIENT) | (
        (other[person] != PROTON) & (shown_at[opens.message] > opens.at)
    )
    asked = np.flatnonzero(fetched.is_first & ~never_alone & is_clear)
    posterior[asked] = first_fetch_posterior(
        laws,
        people=people,
        rhythm=rhythm,
        mail=mail,
        interest=interest,
        devices=fetched.devices,
        message=opens.message[asked],
        at=opens.at[asked],
        on_watch=fetched.on_watch[asked],
    )
    return posterior
