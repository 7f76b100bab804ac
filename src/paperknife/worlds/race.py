"""The race to load a message's image: the person's reading against the background fetches of their devices.

Whichever comes first is what the sender sees; given the agents, each has a density at every time after the
delivery, and they hang together in one way only: the session in which a person may read is the one in which
the mail app fetches what waits. `paperknife.worlds.posterior` says what follows for a fetch.
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
from paperknife.worlds.clients import APPLE, NO_CLIENT
from paperknife.worlds.readings import SAME_SITTING_S, notified_share
from paperknife.worlds.rhythm import DAY_S
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

    from paperknife.worlds.apple import Devices
    from paperknife.worlds.chance import Bools, Floats, Ints
    from paperknife.worlds.laws import Laws
    from paperknife.worlds.people import People
    from paperknife.worlds.rhythm import Rhythm

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
    last = since + apple.background_days * DAY_S
    is_over, at = at > last, np.minimum(at, last)

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
    return _Device(Wait(np.where(is_over, 0.0, density), done), chance[:, MAIL_OPENED])


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


def never_prefetches(people: People) -> Bools:
    """Return whose Apple devices fetch only what is read: by their privacy setting, or as images are blocked."""
    return np.asarray(~np.isin(people.apple_mode, (PROTECTED, OWN_ADDRESS)) | people.blocks_images)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How likely each way was in which a message's race may have stood at a time; one entry a race.

    Attributes
    ----------
    human, background : ndarray of float64
        Density, per second, of a first load at that time by a reading in Apple Mail, and by a device.
    none : ndarray of float64
        Chance that nothing was loaded until then.
    """

    human: Floats
    background: Floats
    none: Floats


@dataclass(frozen=True, slots=True)
class Race:
    """All races of a world: its laws, and the agents who run them.

    Attributes
    ----------
    laws : Laws
    people : People
    rhythm : Rhythm
    devices : Devices
    sooner_than_bursts : tuple of float
        How often a reading's load precedes the fetch that opening the mail app starts, on one device and on
        the quicker of two.
    """

    laws: Laws
    people: People
    rhythm: Rhythm
    devices: Devices
    sooner_than_bursts: tuple[float, float]

    @staticmethod
    def between(laws: Laws, people: People, rhythm: Rhythm, devices: Devices) -> Race:
        """Return the races between these agents."""
        return Race(laws, people, rhythm, devices, _sooner_than_bursts(laws, devices.salt))

    def _share_in_apple(self, person: Ints) -> Floats:
        """Return the share of people's readings that happen in Apple Mail."""
        first, second = self.people.client[person].T
        elsewhere = np.where(second == NO_CLIENT, 0.0, self.laws.clients.second_use)
        return np.where(first == APPLE, 1 - elsewhere, elsewhere)

    def stand(
        self, person: Ints, *, since: Floats, speed: Floats, p_read: Floats, at: Floats, on_watch: Bools
    ) -> Outcome:
        """Return how each race may have stood.

        Parameters
        ----------
        person : ndarray of int64
            Who runs it.
        since, at : ndarray of float64
            The delivery, and the time in question.
        speed, p_read : ndarray of float64
            As in `paperknife.worlds.readings.Interest`, for this person.
        on_watch : ndarray of bool
            Whether the densities asked for are of loads on the watch, which shows by its address.
        """
        laws, devices = self.laws, self.devices
        prefetches = ~never_prefetches(self.people)[person]
        first, second = (
            _device(laws, devices, 2 * person + place, has & prefetches, since=since, at=at)
            for place, has in ((0, prefetches), (1, devices.has_second[person]))
        )
        notified = notified_share(laws, self.rhythm, person, since)
        load_s = laws.clients.load_s.median_s
        sooner = wait_of(laws.people.at_once, at - since - load_s, np.sqrt(speed))
        p_notified, p_later = p_read * notified, p_read * (1 - notified)

        sessions = Sessions.after(self.rhythm, person, since)
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
        share_two = np.divide(both, waiting, out=np.zeros_like(both), where=waiting > 0)
        with_one, with_two = self.sooner_than_bursts
        p_sooner = with_one + np.clip(share_two, 0, 1) * (with_two - with_one)
        unnoticed = 1 - p_notified * sooner.done
        read_now = p_later * sessions.has_waited(laws.people.later, speed, at - turned_s) * p_sooner
        before_session = (1 - session.done) * waiting
        unfetched = unread * still + unnoticed * before_session

        watched = devices.has_watch[person]
        glanced = np.where(watched, GLANCE_SHARE, 0.0)
        glance = wait_of(laws.apple.at_once, at - since)
        p_glance = np.where(watched & prefetches, laws.apple.watch_prefetch_share, 0.0)
        unglanced = 1 - p_glance * glance.done
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
        human_on_watch = p_notified * sooner.density * glanced * (still + before_session)
        in_apple = self._share_in_apple(person) * unglanced
        return Outcome(
            np.maximum(np.where(on_watch, human_on_watch, human), 0.0) * in_apple,
            np.maximum(
                np.where(on_watch, p_glance * glance.density * unfetched, background * unglanced), 0.0
            ),
            np.clip(unfetched * unglanced, 0.0, 1.0),
        )
