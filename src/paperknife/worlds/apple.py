"""Apple Mail: what its devices fetch in the background, what its cache hides, and what still shows a person.

A message's image loads at whichever comes first: the background fetch or the person's reading. Once loaded,
the cache serves readings and the sender sees nothing until the copy expires. So a fetch through Apple's relay
may be either, and a reading may leave no trace. FACTS.md section 1 says what is known; delays, shares and
cache life are not, and vary.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from paperknife.worlds.chance import Bools, Floats, Ints, choose, choose_rowwise, keyed_normal, keyed_uniform
from paperknife.worlds.clients import APPLE
from paperknife.worlds.rhythm import DAY_S, HOUR_S
from paperknife.worlds.visits import (
    BACKGROUND,
    FORWARDED,
    HUMAN,
    PREFETCH,
    READING,
    WATCH,
    Visits,
    visits,
)

if TYPE_CHECKING:
    from paperknife.worlds.addresses import Networks
    from paperknife.worlds.clients import Agents
    from paperknife.worlds.laws import AppleLaws, Laws
    from paperknife.worlds.people import People
    from paperknife.worlds.readings import Readings
    from paperknife.worlds.rhythm import Rhythm
    from paperknife.worlds.sending import Mail

MODES: Final = ("protected", "hides_address", "open", "own_address")
"""Privacy settings. `protected`: prefetch through the relay. `hides_address`: no prefetch, readings through
the relay. `open`: neither. `own_address`: prefetch from the person's own address ("Limit IP Address Tracking"
is off)."""
PROTECTED, HIDES_ADDRESS, OPEN, OWN_ADDRESS = range(4)

TRIGGERS: Final = ("at_once", "sync", "night", "mail_opened", "late")
"""What starts a background fetch: the arrival itself, the device's next sync, charging at night, the person's
opening of the mail app (which loads what waits, read or not), or nothing we can name, up to days later."""
AT_ONCE, SYNC, NIGHT, MAIL_OPENED, LATE = range(5)

_FIRST, _SECOND, _WATCH, _ELSEWHERE = range(4)
_DEVICES_N = 4
NIGHTS_N: Final = 4
NIGHT_HOURS: Final = (0.2, 17.0)
NIGHT_SD_H: Final = 0.6
CHARGE_HOURS: Final = (4.5, 4.0)
"""How many nights a device may let pass; hours after noon between which it is plugged in; deviation of that
hour from the owner's usual one; shortest stay on the charger, and how much longer it may be. Our assumptions."""
AWAY_S: Final = 3 * HOUR_S
AWAY_SPANS: Final = (3, 4, 5, 6)
"""Spans of the day, each so long, in which a device may be away from Wi-Fi: from 9 to 21 h. Our assumption."""
GLANCE_SHARE: Final = 0.4
"""Of notifications that people with a watch read on it: our assumption."""
_REPETITIONS = 3


def draw_modes(rng: np.random.Generator, laws: AppleLaws, n: int) -> Ints:
    """Return the privacy setting of `n` people, an index into `MODES`."""
    return choose(rng, laws.mode_weights, n)


@dataclass(frozen=True, slots=True)
class Devices:
    """Each person's two Apple devices (whether or not they have them); arrays are (people * 2,).

    Attributes
    ----------
    salt : int
    propensity : ndarray of float64
        Chance that a message is prefetched.
    triggers : ndarray (people * 2, 5) of float64
        Weights of `TRIGGERS`.
    pace : ndarray of float64
        Multiplies the device's delays.
    sync_s : ndarray of float64
    offset_s : ndarray of float64
        The device's clock minus UTC.
    has_second, has_watch : ndarray (people,) of bool
    """

    salt: int
    propensity: Floats
    triggers: Floats
    pace: Floats
    sync_s: Floats
    offset_s: Floats
    has_second: Bools
    has_watch: Bools


def draw_devices(rng: np.random.Generator, laws: AppleLaws, people: People) -> Devices:
    """Return the devices of all people."""
    persons = len(people.region)
    n = 2 * persons
    a = laws.propensity_mean * laws.propensity_concentration
    b = (1 - laws.propensity_mean) * laws.propensity_concentration
    weights = np.asarray(laws.trigger_weights) / np.sum(laws.trigger_weights)
    gammas = rng.standard_gamma(np.maximum(weights * laws.trigger_concentration, 1e-3), (n, len(TRIGGERS)))
    propensity = np.clip(rng.beta(a, b, n), 1e-4, 1 - 1e-4)
    keenness = np.repeat(np.clip(people.read_logit - np.median(people.read_logit), -3, 3), 2)
    odds = propensity / (1 - propensity) * np.exp(laws.propensity_engagement * keenness)
    wrong_zone = rng.random(n) < laws.zone_error_share
    return Devices(
        salt=int(rng.integers(2**62)),
        propensity=odds / (1 + odds),
        triggers=gammas + 1e-12,
        pace=np.exp(laws.device_sd * rng.standard_normal(n)),
        sync_s=np.clip(
            laws.sync_h * np.exp(laws.sync_sd * rng.standard_normal(n) - laws.sync_engagement * keenness),
            0.02,
            72,
        )
        * HOUR_S,
        offset_s=np.repeat(people.offset_s, 2) + wrong_zone * rng.integers(-11, 12, n) * HOUR_S,
        has_second=rng.random(persons) < laws.devices_share,
        has_watch=rng.random(persons) < laws.watch_share,
    )


def _next_sync(devices: Devices, device: Ints, at: Floats) -> Floats:
    """Return when each device next talks to the mail server."""
    period = devices.sync_s[device]
    number = np.floor(at / period).astype(np.int64)
    first = (number + keyed_uniform(devices.salt, device, number)) * period
    after = (number + 1 + keyed_uniform(devices.salt, device, number + 1)) * period
    return np.where(first > at, first, after)


def night_of(local: Floats) -> Ints:
    """Return the number of the night at a device's local time: nights run from noon to noon."""
    return np.floor((local - DAY_S / 2) / DAY_S).astype(np.int64)


def usual_night_h(laws: AppleLaws, devices: Devices, device: Ints) -> Floats:
    """Return at how many hours after noon each device is usually plugged in."""
    habit = laws.night_sd_h * keyed_normal(devices.salt + 2, device)
    return np.asarray((laws.night_hour - 12) % 24 + habit, dtype=np.float64)


def _next_night(laws: AppleLaws, devices: Devices, device: Ints, at: Floats) -> Floats:
    """Return when each device is next plugged in at night: now, if it is; NaN, if not within some nights."""
    local = at + devices.offset_s[device]
    night = night_of(local)
    found = np.full(len(at), np.nan)
    usual_h = usual_night_h(laws, devices, device)
    for later in range(NIGHTS_N):
        number = night + later
        start_h = usual_h + NIGHT_SD_H * keyed_normal(devices.salt + 4, device, number)
        plugged = number * DAY_S + DAY_S / 2 + np.clip(start_h, *NIGHT_HOURS) * HOUR_S
        shortest_h, more_h = CHARGE_HOURS
        unplugged = plugged + (shortest_h + more_h * keyed_uniform(devices.salt + 6, device, number)) * HOUR_S
        is_charged = keyed_uniform(devices.salt + 7, device, number) < laws.charged_share
        chosen = np.isnan(found) & is_charged & (local < unplugged)
        found[chosen] = np.maximum(plugged, local)[chosen]
    return np.asarray(found - devices.offset_s[device], dtype=np.float64)


def waits_for_wifi(laws: AppleLaws, devices: Devices, device: Ints) -> Bools:
    """Return which devices fetch in the background on Wi-Fi only."""
    return np.asarray(keyed_uniform(devices.salt + 10, device) < laws.wifi_share)


def is_away(laws: AppleLaws, devices: Devices, device: Ints, span: Ints) -> Bools:
    """Return which devices are away from Wi-Fi in a span of `AWAY_S` seconds of their own clock."""
    is_day = np.isin(span % round(DAY_S / AWAY_S), AWAY_SPANS)
    return np.asarray(is_day & (keyed_uniform(devices.salt + 11, device, span) < laws.away_share))


def _when_on_wifi(laws: AppleLaws, devices: Devices, device: Ints, *, at: Floats, turn_s: Floats) -> Floats:
    """Return when each device, wanting to fetch at a time, does: then, or a turn after it is back on Wi-Fi."""
    offset = devices.offset_s[device]
    wanted = at + offset
    found = wanted.copy()
    for _ in AWAY_SPANS:
        span = np.floor(found / AWAY_S).astype(np.int64)
        found = np.where(is_away(laws, devices, device, span), (span + 1) * AWAY_S, found)
    return np.where(found > wanted, found + turn_s, wanted) - offset


def _draw_background(
    rng: np.random.Generator, laws: AppleLaws, devices: Devices, rhythm: Rhythm, *, device: Ints, at: Floats
) -> Floats:
    """Return when each device would fetch the image of a message that arrived at a time; NaN if never."""
    n = len(device)
    trigger = choose_rowwise(rng, devices.triggers[device])
    pace = devices.pace[device]
    fetched_at = at + laws.at_once.draw(rng, n) * pace
    burst = laws.burst_s.draw(rng, n) * rng.integers(1, 6, n)
    sync, night, opened = (trigger == code for code in (SYNC, NIGHT, MAIL_OPENED))
    fetched_at[sync] = _next_sync(devices, device[sync], at[sync]) + burst[sync]
    fetched_at[night] = _next_night(laws, devices, device[night], at[night]) + burst[night]
    fetched_at[opened] = rhythm.next_session_at(device[opened] // 2, at[opened]) + burst[opened]
    late = trigger == LATE
    fetched_at[late] = (at + laws.late.draw(rng, n) * pace)[late]
    if laws.wifi_share:
        waits = ~night & ~opened & waits_for_wifi(laws, devices, device)
        fetched_at[waits] = _when_on_wifi(
            laws, devices, device[waits], at=fetched_at[waits], turn_s=burst[waits]
        )
    in_time = opened | (fetched_at - at <= laws.background_days * DAY_S)
    return np.where(in_time & (rng.random(n) < devices.propensity[device]), fetched_at, np.nan)


def _shows(key: Ints, at: Floats, life_s: Floats) -> Bools:
    """Return which loads reach the sender, given one cache per key.

    A load within the life of the last fetched copy is served from the cache; any other is fetched, and its
    copy lives for its `life_s` seconds.
    """
    order = np.lexsort((at, key))
    sorted_key, sorted_at, sorted_life = key[order], at[order], life_s[order]
    starts = np.flatnonzero(np.r_[True, np.diff(sorted_key) != 0])
    rank = np.arange(len(key)) - np.repeat(starts, np.diff(np.r_[starts, len(key)]))
    group = np.cumsum(rank == 0) - 1
    alive_until = np.full(len(starts), -np.inf)
    shown_sorted = np.zeros(len(key), dtype=np.bool_)
    by_rank = np.argsort(rank, kind="stable")
    bounds = np.searchsorted(rank[by_rank], np.arange(rank.max(initial=0) + 2))
    for low, high in itertools.pairwise(bounds):
        now = by_rank[low:high]
        fetched = now[sorted_at[now] >= alive_until[group[now]]]
        alive_until[group[fetched]] = sorted_at[fetched] + sorted_life[fetched]
        shown_sorted[fetched] = True
    shown = np.empty(len(key), dtype=np.bool_)
    shown[order] = shown_sorted
    return shown


@dataclass(frozen=True, slots=True)
class _Loads:
    """Loads that devices ask for, before the cache answers; every array has one entry a load."""

    message: Ints
    person: Ints
    device: Ints
    at: Floats
    cause: Ints

    @staticmethod
    def joined(parts: list[_Loads]) -> _Loads:
        names = ("message", "person", "device", "at", "cause")
        return _Loads(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _background_loads(
    rng: np.random.Generator, laws: AppleLaws, devices: Devices, *, rhythm: Rhythm, people: People, mail: Mail
) -> list[_Loads]:
    """Return the loads that devices start by themselves, repetitions after expiry included."""
    prefetches = (
        people.has_apple & np.isin(people.apple_mode, (PROTECTED, OWN_ADDRESS)) & ~people.blocks_images
    )
    message = np.flatnonzero(prefetches[mail.person] & ~mail.is_bounced & ~mail.is_junk)
    person = mail.person[message]
    loads = []
    for place in (_FIRST, _SECOND):
        at = _draw_background(
            rng, laws, devices, rhythm, device=person * 2 + place, at=mail.delivered_at[message]
        )
        has = ~np.isnan(at) & (devices.has_second[person] if place == _SECOND else True)
        loads.append(_loads(message[has], person[has], place, at[has], BACKGROUND))
        for _ in range(_REPETITIONS):
            has = has & (rng.random(len(at)) < laws.again_share)
            expired = at[has] + laws.cache_life.draw(rng, int(has.sum())) * HOUR_S
            at[has] = _next_sync(devices, person[has] * 2 + place, expired)
            has = has & (at - mail.delivered_at[message] <= laws.background_days * DAY_S)
            loads.append(_loads(message[has], person[has], place, at[has], BACKGROUND))
    watched = devices.has_watch[person] & (rng.random(len(person)) < laws.watch_prefetch_share)
    glance = mail.delivered_at[message] + laws.at_once.draw(rng, len(message))
    loads.append(_loads(message[watched], person[watched], _WATCH, glance[watched], BACKGROUND))
    return loads


def _loads(message: Ints, person: Ints, place: int, at: Floats, cause: int) -> _Loads:
    n = len(message)
    return _Loads(message, person, np.full(n, place), at, np.full(n, cause))


def _reading_loads(
    rng: np.random.Generator, laws: Laws, devices: Devices, mail: Mail, readings: Readings
) -> _Loads:
    """Return the loads that readings in Apple Mail ask for."""
    n = len(readings)
    on_second = devices.has_second[readings.person] & (rng.random(n) < laws.apple.second_device_use)
    device = np.where(on_second, _SECOND, _FIRST)
    on_watch = readings.is_notified & devices.has_watch[readings.person] & (rng.random(n) < GLANCE_SHARE)
    device = np.where(on_watch, _WATCH, device)
    device = np.where(readings.is_forwarded, _ELSEWHERE, device)
    cause = np.where(on_watch, WATCH, np.where(readings.is_forwarded, FORWARDED, READING))
    at = np.maximum(readings.at, mail.delivered_at[readings.message]) + laws.clients.load_s.draw(rng, n)
    return _Loads(readings.message, readings.person, device, at, cause)


@dataclass(frozen=True, slots=True)
class AppleFetches:
    """What Apple Mail fetched, with what only the simulator knows of each fetch.

    Attributes
    ----------
    opens : Visits
    devices : Devices
    is_own, is_first, on_watch : ndarray of bool
        One entry a fetch: whether the recipient's own device made it, whether it is the message's first of
        those, whether the watch made it.
    """

    opens: Visits
    devices: Devices
    is_own: Bools
    is_first: Bools
    on_watch: Bools


def _is_first(message: Ints, at: Floats, candidate: Bools) -> Bools:
    """Return which candidates are the earliest of their message."""
    places = np.flatnonzero(candidate)
    order = places[np.lexsort((at[places], message[places]))]
    first = np.zeros(len(message), dtype=np.bool_)
    first[order[np.diff(message[order], prepend=-1) != 0]] = True
    return first


def fetch_apple(
    rng: np.random.Generator,
    laws: Laws,
    *,
    people: People,
    rhythm: Rhythm,
    mail: Mail,
    readings: Readings,
    agents: Agents,
    networks: Networks,
) -> AppleFetches:
    """Return the fetches of modern Apple Mail, given the readings that would load images.

    Parameters
    ----------
    readings : Readings
        Those in Apple Mail that load images.
    """
    devices = draw_devices(rng, laws.apple, people)
    asked = _reading_loads(rng, laws, devices, mail, readings)
    loads = _Loads.joined(
        [*_background_loads(rng, laws.apple, devices, rhythm=rhythm, people=people, mail=mail), asked]
    )
    cache_of = np.where((loads.device == _SECOND) & laws.apple.is_cache_shared, _FIRST, loads.device)
    life_s = laws.apple.cache_life.draw(rng, len(loads.at)) * HOUR_S
    fills = (loads.cause == BACKGROUND) | (rng.random(len(life_s)) < laws.apple.reading_fills)
    life_s = np.where(fills, life_s, 0.0)
    shown = _shows(loads.message * _DEVICES_N + cache_of, loads.at, life_s)
    message, person, at = loads.message[shown], loads.person[shown], loads.at[shown]
    device, cause = loads.device[shown], loads.cause[shown]

    mode = people.apple_mode[person]
    is_direct = (mode == OPEN) | (mode == OWN_ADDRESS) | (device == _WATCH)
    on_phone = keyed_uniform(devices.salt + 9, person, device) < people.likes_phone[person]
    own = networks.own(people, person, at, on_phone)
    relayed = networks.relayed(people, person, at)
    apple = np.full(len(message), APPLE)
    opens = visits(
        message,
        at,
        label=np.where(cause == BACKGROUND, PREFETCH, HUMAN),
        cause=cause,
        client=apple,
        agent=agents.of_client(person, apple, on_phone, at),
        address=np.where(is_direct, own, relayed),
    )
    is_own = device != _ELSEWHERE
    return AppleFetches(opens, devices, is_own, _is_first(message, at, is_own), device == _WATCH)
