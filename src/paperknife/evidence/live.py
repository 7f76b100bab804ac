"""The same evidence as the SQL's, for one open and the few events that a caller knows: no database is opened.

Every definition here mirrors a step of one of the SQL texts (`SQL_TEXTS`); a test replays logs both ways
and wants equal integers.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from paperknife.evidence.clients import CLIENT_FAMILIES, client_families
from paperknife.evidence.columns import (
    AFTERMATH,
    AGAIN_KINDS,
    DELAY_EDGES_S,
    DELAY_KINDS,
    FLAGS,
    HISTORY,
    HOUR_KINDS,
    IDENTITY,
    KEY_SUMS,
    KEYS,
    KINDS_OF_OPEN,
    LOG_HABITS,
    LOG_KINDS,
    TYPES,
)
from paperknife.evidence.history import BURST_US, CLEAN_CLICK_US, horizon_us
from paperknife.evidence.kinds import Kind, kinds
from paperknife.evidence.networks import NETWORK_CLASSES, NetworkTable, network_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

DAY_US: Final = 86_400_000_000
MINUTE_US: Final = 60_000_000
MESSAGE_LIFE_US: Final = 30 * DAY_US
NETWORK_PAST_US: Final = 30 * DAY_US
_DELAY_EDGES_US: Final = [edge * 1_000_000 for edge in DELAY_EDGES_S]


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the canonical log, with its time in integer microseconds since 1970 (UTC).

    The fields are the columns of DESIGN's canonical log; null is None.
    """

    event_id: str
    event_type: str
    at_us: int
    message_id: str
    recipient_id: str | None = None
    recipient_domain: str | None = None
    campaign_id: str | None = None
    sender_id: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    is_ambiguous: bool = False
    network_class: str | None = None
    client_family: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One open to look at, the other events known, and how far to look.

    Attributes
    ----------
    open : Event
    events : sequence of Event
        In any order; events with an id seen before are dropped, and so is the open itself.
    horizon : str
        One of `HORIZONS`.
    as_of_us : int
        Events later than this are not looked at.
    """

    open: Event
    events: Sequence[Event]
    horizon: str
    as_of_us: int


@dataclass(slots=True)
class _Seen:
    """An event with what its address and agent say, and how it looked when it came."""

    event: Event
    kind: Kind
    network_key: str | None
    clock_us: int | None = None
    clock_kind: str | None = None
    clicked_us: int | None = None
    opened_us: int | None = None
    opened_kind: Kind | None = None
    apple_opened_us: int | None = None
    first_opened_us: int | None = None
    is_of_apple: bool = False
    is_of_visible: bool = False
    is_late: bool = False
    is_clean: bool = False
    opens_before: int = 0
    others_before: int | None = None

    @property
    def at_us(self) -> int:
        return self.event.at_us

    @property
    def type(self) -> str:
        return self.event.event_type

    @property
    def hour(self) -> int:
        """The hour of the UTC day."""
        return self.at_us // (60 * MINUTE_US) % 24

    @property
    def delay_us(self) -> int | None:
        return None if self.clock_us is None else self.at_us - self.clock_us

    @property
    def is_quick(self) -> bool:
        return self.clock_us is not None and self.at_us - self.clock_us < MINUTE_US

    @property
    def is_slow(self) -> bool:
        return self.clock_us is not None and self.at_us - self.clock_us >= 60 * MINUTE_US

    def is_prompt_after(self, loaded_us: int | None) -> bool:
        return loaded_us is not None and self.at_us - loaded_us <= 2 * MINUTE_US

    def key(self, column: str) -> str | None:
        value: str | None = self.network_key if column == "network_key" else getattr(self.event, column)
        return value


def evidence_of(questions: Sequence[Asked], networks: NetworkTable | None = None) -> pd.DataFrame:
    """Return the evidence of each question's open, one row a question, in the order asked.

    Parameters
    ----------
    questions : sequence of Asked
    networks : NetworkTable, optional
        Default: the built-in table and the lists the user has imported.

    Returns
    -------
    pandas.DataFrame
        The columns and types of `gather_evidence`.
    """
    look_up = _looker([event for asked in questions for event in (asked.open, *asked.events)], networks)
    rows = [_row(asked, look_up) for asked in questions]
    return pd.DataFrame(
        {
            name: _column(name, rows)
            for name in (*IDENTITY, *KINDS_OF_OPEN, *FLAGS, *HISTORY, *LOG_HABITS, *AFTERMATH)
        }
    )


def _column(name: str, rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return one column of the evidence table, typed at once: casting a hundred columns costs more than the rest."""
    values = [row.get(name) for row in rows]
    if name == "occurred_at":
        return pd.to_datetime(np.array(values, dtype=np.int64), unit="us", utc=True).as_unit("us")
    if TYPES[name] == "str":
        return pd.Series(values, dtype="str")
    if TYPES[name] != "Int64":
        return np.array(values, dtype=TYPES[name])
    is_null = np.array([value is None for value in values], dtype=bool)
    numbers = np.array([0 if value is None else value for value in values], dtype=np.int64)
    return pd.arrays.IntegerArray(numbers, is_null)


def _looker(events: Sequence[Event], networks: NetworkTable | None) -> Callable[[Event], _Seen]:
    """Return a function that says what an event's address and agent mean, all of them looked up at once."""
    ips = list({event.ip for event in events if event.ip is not None})
    agents = list({event.user_agent for event in events if event.user_agent is not None})
    table = networks or NetworkTable.load()
    addresses = np.array(ips, dtype=object)
    class_of = dict(zip(ips, table.classify(addresses), strict=True))
    key_of = dict(zip(ips, network_keys(addresses), strict=True))
    family_of = dict(zip(agents, client_families(np.array(agents, dtype=object)), strict=True))
    meaning = kinds()

    def look_up(event: Event) -> _Seen:
        # A word that is none of ours tells nothing.
        family = event.client_family if event.client_family in CLIENT_FAMILIES else None
        network = event.network_class if event.network_class in NETWORK_CLASSES else None
        if family is None and event.user_agent is not None:
            family = family_of[event.user_agent]
        if network is None and event.ip is not None:
            network = class_of[event.ip]
        return _Seen(event, meaning[family, network], key_of[event.ip] if event.ip is not None else None)

    return look_up


def _row(asked: Asked, look_up: Callable[[Event], _Seen]) -> dict[str, object]:
    length_us = horizon_us(asked.horizon)
    first_of = {asked.open.event_id: asked.open}
    for event in asked.events:
        first_of.setdefault(event.event_id, event)
    known = sorted(
        (
            look_up(event)
            for event in first_of.values()
            if event.at_us <= asked.as_of_us or event is asked.open
        ),
        key=lambda seen: (seen.at_us, seen.event.event_id),
    )
    _date(known)
    _tell_recipients(known)
    _tell_networks(known)
    opened = next(seen for seen in known if seen.event is asked.open)
    event, kind = opened.event, opened.kind
    message = (
        []
        if opened.is_late
        else [s for s in known if not s.is_late and s.event.message_id == event.message_id]
    )
    history = _message_history(opened, message)
    row: dict[str, object] = {
        **{
            name: getattr(event, name)
            for name in IDENTITY
            if name not in {"occurred_at", "horizon", "seen_s"}
        },
        "occurred_at": event.at_us,
        "horizon": asked.horizon,
        "seen_s": max(0, min(length_us, asked.as_of_us - event.at_us)) / 1e6,
        "client_family": kind.client_family,
        "network_class": kind.network_class,
        "mechanism": kind.mechanism,
        "evidence": _evidence(kind),
        "clock_kind": opened.clock_kind,
        **history,
        "campaign_since_us": _campaign_since(opened, known),
        "network_others_n": opened.others_before,
    }
    for key, column in KEYS.items():
        row |= _key_history(opened, known, key, column)
    row |= _log_habits(
        opened,
        history["since_first_open_us"],
        known,
        (event.at_us + max(0, min(length_us, asked.as_of_us - event.at_us))) // DAY_US,
    )
    if length_us:
        row |= _message_aftermath(opened, message, length_us)
        row |= _key_aftermath(opened, known, length_us)
    return row


def _evidence(kind: Kind) -> str:
    if kind.client_family is not None:
        return "full" if kind.network_class is not None else "no_ip"
    return "no_user_agent" if kind.network_class is not None else "time_only"


def _date(known: Sequence[_Seen]) -> None:
    """Fill in each event's clock, cleanliness and place among its message's opens (steps clocks and facts)."""
    messages: dict[str, list[_Seen]] = {}
    for seen in known:
        messages.setdefault(seen.event.message_id, []).append(seen)
    for events in messages.values():
        began_us = events[0].at_us
        alive = [seen for seen in events if seen.at_us - began_us <= MESSAGE_LIFE_US]
        _walk(alive)
        for seen in events[len(alive) :]:
            seen.is_late = True
        for seen in events:
            seen.is_clean = (
                seen.type == "click"
                and not seen.kind.is_click_machine
                and (seen.delay_us is None or seen.delay_us >= CLEAN_CLICK_US)
                and (seen.clicked_us is None or seen.at_us - seen.clicked_us >= BURST_US)
            )


def _walk(message: Sequence[_Seen]) -> None:
    """Go through a message's events once, in order; those of one microsecond do not see each other."""
    latest: dict[str, int] = {}
    loaded: Kind | None = None
    opens_n = 0
    for at_us, moment in groupby(message, key=lambda seen: seen.at_us):
        together = list(moment)
        # A delivery of the same microsecond starts the clock: "at or before" the open.
        latest |= {seen.type: at_us for seen in together if seen.type in {"sent", "delivered"}}
        for seen in together:
            if seen.type in {"open", "click"}:
                seen.clock_kind = next((kind for kind in ("delivered", "sent") if kind in latest), None)
                seen.clock_us = latest[seen.clock_kind] if seen.clock_kind else None
                seen.clicked_us = latest.get("click")
                seen.opened_us = latest.get("open")
                seen.opened_kind = loaded
                seen.apple_opened_us = latest.get("apple_open")
                seen.first_opened_us = latest.get("first_open")
        for seen in together:
            if seen.type == "open":
                seen.opens_before = opens_n
                opens_n += 1
                latest.setdefault("first_open", at_us)
                if seen.kind.is_apple:
                    latest["apple_open"] = at_us
            latest[seen.type] = at_us
        loads = [seen.kind for seen in together if seen.type == "open"]
        loaded = max(loads, key=lambda kind: kind.number, default=loaded)


def _tell_recipients(known: Sequence[_Seen]) -> None:
    """Fill in whose recipient each event is, as far as their last open told (step recipient_pasts)."""
    latest: dict[tuple[str, str], int] = {}
    for at_us, moment in groupby(known, key=lambda seen: seen.at_us):
        together = [seen for seen in moment if seen.event.recipient_id is not None]
        for seen in together:
            apple_us, visible_us = (
                latest.get((str(seen.event.recipient_id), kind), -1) for kind in ("apple", "visible")
            )
            is_known = at_us // DAY_US - max(apple_us, visible_us) // DAY_US <= 30  # noqa: PLR2004  days
            seen.is_of_apple = is_known and apple_us > visible_us
            seen.is_of_visible = is_known and visible_us > apple_us
        for seen in together:
            if seen.type == "open":
                for kind, is_so in (("apple", seen.kind.is_apple), ("visible", seen.kind.is_visible)):
                    if is_so:
                        latest[str(seen.event.recipient_id), kind] = at_us


def _tell_networks(known: Sequence[_Seen]) -> None:
    """Fill in how many opens by other domains came through each open's network before it (step network_pasts)."""
    times: dict[tuple[str, str | None], list[int]] = {}
    for at_us, moment in groupby(known, key=lambda seen: seen.at_us):
        together = [
            s
            for s in moment
            if s.type == "open" and s.network_key is not None and s.event.recipient_domain is not None
        ]
        for seen in together:
            every, own = (
                len(past) - bisect_left(past, at_us - NETWORK_PAST_US)
                for domain in (None, seen.event.recipient_domain)
                for past in [times.get((str(seen.network_key), domain), [])]
            )
            seen.others_before = every - own
        for seen in together:
            for domain in (None, seen.event.recipient_domain):
                times.setdefault((str(seen.network_key), domain), []).append(at_us)


def _message_history(opened: _Seen, message: Sequence[_Seen]) -> dict[str, int | None]:
    opens = [s for s in message if s.type == "open"][: opened.opens_before]
    clicks = [s for s in message if s.type == "click" and s.at_us < opened.at_us]
    family = opened.kind.client_family
    return {
        "delay_us": opened.delay_us,
        "message_opens_n": len(opens),
        "since_first_open_us": opened.at_us - opens[0].at_us if opens else None,
        "since_last_open_us": opened.at_us - opens[-1].at_us if opens else None,
        "message_same_client_n": None
        if family is None
        else sum(s.kind.client_family == family for s in opens),
        "message_apple_n": sum(s.kind.is_apple for s in opens),
        "message_clicks_n": len(clicks),
        "message_clean_n": sum(s.is_clean for s in clicks),
        "since_click_us": opened.at_us - clicks[-1].at_us if clicks else None,
    }


def _campaign_since(opened: _Seen, known: Sequence[_Seen]) -> int | None:
    campaign = opened.event.campaign_id
    if campaign is None:
        return None
    today = opened.at_us // DAY_US
    began = [s.at_us for s in known if s.event.campaign_id == campaign and today - 30 <= s.at_us // DAY_US]
    return opened.at_us - min(began) if min(began) < opened.at_us else None


def _key_history(opened: _Seen, known: Sequence[_Seen], key: str, column: str) -> dict[str, int | None]:
    value = opened.key(column)
    if value is None:
        return dict.fromkeys(
            [f"{key}_{name}" for name in (*KEY_SUMS, "since_open_us", "since_click_us", "opens_60s_n")]
        )
    every = [s for s in known if s.key(column) == value and s.at_us < opened.at_us]
    first_day = opened.at_us // DAY_US - 30
    past = [s for s in every if s.at_us // DAY_US >= first_day]
    sums = _sums(past)
    opens = [s for s in past if s.type == "open"]
    clicks = [s for s in past if s.type == "click"]
    opened_us = _latest(s.at_us for s in opens)
    clicked_us = _latest(s.at_us for s in clicks)
    row: dict[str, int | None] = {f"{key}_{name}": sums[name] for name in KEY_SUMS}
    row[f"{key}_since_open_us"] = None if opened_us is None else opened.at_us - opened_us
    row[f"{key}_since_click_us"] = None if clicked_us is None else opened.at_us - clicked_us
    row[f"{key}_opens_60s_n"] = sum(s.type == "open" and s.at_us >= opened.at_us - MINUTE_US for s in every)
    return row


def _sums(past: Sequence[_Seen]) -> dict[str, int]:
    """Return what measures.sql counts."""
    opens = [s for s in past if s.type == "open"]
    clicks = [s for s in past if s.type == "click"]
    others = [s.others_before for s in opens if s.kind.is_visible and s.others_before is not None]
    active = [s for s in past if s.is_clean or (s.type == "open" and s.kind.is_visible)]
    angles = [2 * math.pi * ((s.at_us // MINUTE_US) % 1440) / 1440 for s in active]
    return {
        "sent_n": sum(s.type == "sent" for s in past),
        "delivered_n": sum(s.type == "delivered" for s in past),
        "opens_n": len(opens),
        "apple_n": sum(s.kind.is_apple for s in opens),
        "visible_n": sum(s.kind.is_visible for s in opens),
        "machine_n": sum(s.kind.is_machine for s in opens),
        "quick_n": sum(s.is_quick for s in opens),
        "slow_n": sum(s.is_slow for s in opens),
        "visible_quick_n": sum(s.kind.is_visible and s.is_quick for s in opens),
        "visible_slow_n": sum(s.kind.is_visible and s.is_slow for s in opens),
        "repeat_n": sum(s.opens_before > 0 for s in opens),
        "recipients_n": len({(s.at_us // DAY_US, s.event.recipient_id or s.event.message_id) for s in opens}),
        "shared_n": sum(before > 0 for before in others),
        "unshared_n": sum(before == 0 for before in others),
        **_recipients_of("apple", [s for s in past if s.is_of_apple]),
        **_recipients_of("visible", [s for s in past if s.is_of_visible]),
        "clicks_n": len(clicks),
        "clean_n": sum(s.is_clean for s in clicks),
        "prompt_n": sum(s.is_clean and s.is_prompt_after(s.opened_us) for s in clicks),
        "apple_clean_n": sum(s.is_clean and s.apple_opened_us is not None for s in clicks),
        "apple_prompt_n": sum(s.is_clean and s.is_prompt_after(s.apple_opened_us) for s in clicks),
        "replies_n": sum(s.type == "reply" for s in past),
        "active_n": len(active),
        "active_cos": sum(round(1000 * math.cos(angle)) for angle in angles),
        "active_sin": sum(round(1000 * math.sin(angle)) for angle in angles),
    }


def _recipients_of(kind: str, events: Sequence[_Seen]) -> dict[str, int]:
    return {
        f"{kind}_sent_n": sum(s.type == "sent" for s in events),
        f"{kind}_delivered_n": sum(s.type == "delivered" for s in events),
        f"{kind}_firsts_n": sum(s.type == "open" and s.opens_before == 0 for s in events),
    }


def _log_habits(
    opened: _Seen, since_first_us: int | None, known: Sequence[_Seen], seen_day: int
) -> dict[str, int | None]:
    past = [s for s in known if seen_day - 30 <= s.at_us // DAY_US < seen_day]
    if not past:
        return dict.fromkeys(LOG_HABITS)
    counts = {kind: [0] * (len(DELAY_EDGES_S) + 1) for kind in (*DELAY_KINDS, *AGAIN_KINDS)}
    for seen in past:
        for kind, time_us in _placed(seen):
            if time_us is not None and time_us >= 0:
                counts[kind][bisect_right(_DELAY_EDGES_US, time_us)] += 1
    row: dict[str, int | None] = {f"log_{name}": count for name, count in _sums(past).items()}
    for kind, by_place in counts.items():
        own_us = since_first_us if kind in AGAIN_KINDS else opened.delay_us
        here = None if own_us is None else bisect_right(_DELAY_EDGES_US, own_us)
        row[f"log_{kind}_here_n"] = None if here is None else by_place[here]
        row[f"log_{kind}_placed_n"] = sum(by_place)
    return row | _log_hours(opened, past) | _log_kinds(opened, past)


def _log_kinds(opened: _Seen, past: Sequence[_Seen]) -> dict[str, int | None]:
    """Return what the log holds of the open's kind, and of mail proxies' (steps kind_habits and kind_hour_habits)."""
    place = None if opened.delay_us is None else bisect_right(_DELAY_EDGES_US, opened.delay_us)
    hours = [(opened.hour + step) % 24 for step in (-1, 0, 0, 1)]
    row: dict[str, int | None] = {}
    for whose in ("kind", "proxied"):

        def is_its(kind: Kind | None, whose: str = whose) -> bool:
            return kind is not None and (kind.is_proxied if whose == "proxied" else kind == opened.kind)

        opens = [s for s in past if s.type == "open" and is_its(s.kind)]
        delays_us = [s.delay_us for s in opens if s.opens_before == 0]
        firsts = [bisect_right(_DELAY_EDGES_US, delay) for delay in delays_us if delay is not None]
        counts = {
            "opens": len(opens),
            "repeat": sum(s.opens_before > 0 for s in opens),
            "prompt": sum(
                s.is_clean and s.is_prompt_after(s.opened_us) and is_its(s.opened_kind) for s in past
            ),
            "here": None if place is None else firsts.count(place),
            "placed": len(firsts),
            "near": sum(hours.count(s.hour) for s in opens),
        }
        row |= {f"log_{whose}_{part}_n": count for part, count in counts.items()}
    return {name: row[name] for name in LOG_KINDS}


def _log_hours(opened: _Seen, past: Sequence[_Seen]) -> dict[str, int | None]:
    """Return how many opens and clean clicks came at an hour like the open's (step log_hour_habits)."""
    counts = {kind: [0] * 24 for kind in HOUR_KINDS}
    for seen in past:
        is_late = seen.type == "open" and (seen.delay_us is None or seen.is_slow)
        for kind, is_so in (
            ("opens", seen.type == "open"),
            ("late", is_late),
            ("late_visible", is_late and seen.kind.is_visible),
            ("late_apple", is_late and seen.kind.is_apple),
            ("clean", seen.is_clean),
        ):
            counts[kind][seen.hour] += is_so
    row: dict[str, int | None] = {}
    for kind, by_hour in counts.items():
        row[f"log_hour_{kind}_near_n"] = sum(by_hour[(opened.hour + step) % 24] for step in (-1, 0, 0, 1))
        row[f"log_hour_{kind}_all_n"] = sum(by_hour)
    return row


def _placed(seen: _Seen) -> list[tuple[str, int | None]]:
    """Return under which kinds an event is counted, and by what time (`PLACED` in habits.py says it in SQL)."""
    loaded_us, first_us = seen.opened_us, seen.first_opened_us
    looks = {"": True, "apple_": seen.kind.is_apple, "visible_": seen.kind.is_visible}
    if seen.type == "open" and seen.opens_before == 0:
        kinds_of = {"": "first", "apple_": "apple", "visible_": "visible"}
        return [(kinds_of[look], seen.delay_us) for look, is_so in looks.items() if is_so]
    if seen.type == "open":
        since_us = None if first_us is None else seen.at_us - first_us
        return [(f"{look}again", since_us) for look, is_so in looks.items() if is_so]
    if not seen.is_clean or loaded_us is None or first_us is None or not seen.is_prompt_after(loaded_us):
        return []
    sides = ["", "apple_"] if seen.apple_opened_us == loaded_us else [""]
    if loaded_us == first_us:
        delay_us = None if seen.clock_us is None else first_us - seen.clock_us
        return [(f"{side}prompt", delay_us) for side in sides]
    return [(f"{side}again_prompt", loaded_us - first_us) for side in sides]


def _message_aftermath(opened: _Seen, message: Sequence[_Seen], length_us: int) -> dict[str, int | None]:
    seen = [s for s in message if opened.at_us <= s.at_us <= opened.at_us + length_us]
    opens = [s for s in seen if s.type == "open" and s.at_us > opened.at_us]
    clicks = [s for s in seen if s.type == "click"]
    replies = [s for s in seen if s.type == "reply"]
    deliveries = [s for s in seen if s.type == "delivered" and s.at_us > opened.at_us]
    return {
        "delivered_after_us": None if opened.clock_kind == "delivered" else _gap(opened, deliveries),
        "later_opens_n": len(opens),
        "next_open_us": _gap(opened, opens),
        "later_visible_n": sum(s.kind.is_visible for s in opens),
        "later_clicks_n": len(clicks),
        "later_clean_n": sum(s.is_clean for s in clicks),
        "next_click_us": _gap(opened, clicks),
        "next_clean_us": _gap(opened, [s for s in clicks if s.is_clean]),
        "later_replies_n": len(replies),
        "next_reply_us": _gap(opened, replies),
    }


def _key_aftermath(opened: _Seen, known: Sequence[_Seen], length_us: int) -> dict[str, int | None]:
    def later(column: str, within_us: int) -> list[_Seen] | None:
        value = opened.key(column)
        if value is None:
            return None
        return [
            s for s in known if s.key(column) == value and opened.at_us <= s.at_us <= opened.at_us + within_us
        ]

    def opens_after(events: list[_Seen] | None) -> list[_Seen]:
        return [s for s in events or [] if s.type == "open" and s.at_us > opened.at_us]

    def minute_after(column: str) -> int | None:
        events = later(column, MINUTE_US)
        return None if events is None else len(opens_after(events))

    recipient = later("recipient_id", length_us)
    return {
        "recipient_next_open_us": _gap(opened, opens_after(recipient)),
        "recipient_later_60s_n": minute_after("recipient_id"),
        "recipient_next_clean_us": _gap(opened, [s for s in recipient or [] if s.is_clean]),
        "domain_later_60s_n": minute_after("recipient_domain"),
        "network_later_60s_n": minute_after("network_key"),
        "network_later_others_n": _others_after(opened, known, length_us),
    }


def _others_after(opened: _Seen, known: Sequence[_Seen], length_us: int) -> int | None:
    """Return the opens by other domains that came through the open's network after it."""
    network, domain = opened.network_key, opened.event.recipient_domain
    if network is None or domain is None:
        return None
    return sum(
        s.type == "open"
        and s.network_key == network
        and s.event.recipient_domain not in {None, domain}
        and 0 < s.at_us - opened.at_us <= length_us
        for s in known
    )


def _gap(opened: _Seen, events: Sequence[_Seen]) -> int | None:
    return min(s.at_us for s in events) - opened.at_us if events else None


def _latest(times: Iterable[int]) -> int | None:
    return max(times, default=None)
