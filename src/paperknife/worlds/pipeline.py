"""From what happened to what the provider's log keeps: ids, columns, gaps, coarse clocks, duplicates.

Everything that happened passes the same pipeline, so no kind of agent has ids, an order or a resolution of
its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from paperknife.events.schema import COLUMN_NAMES
from paperknife.worlds.clients import APPLE, APPLE_OLD, CLIENTS
from paperknife.worlds.rhythm import DAY_S, HOUR_S
from paperknife.worlds.visits import CAUSES, LABELS, Visits

if TYPE_CHECKING:
    import numpy.typing as npt

    from paperknife.worlds.chance import Bools, Floats, Ints
    from paperknife.worlds.clicks import Answers
    from paperknife.worlds.laws import LogLaws
    from paperknife.worlds.people import People
    from paperknife.worlds.readings import Readings
    from paperknife.worlds.sending import Mail
    from paperknife.worlds.texts import Texts

TYPES: Final = ("sent", "delivered", "open", "click", "reply", "unsubscribe")
_SENT, _DELIVERED, _OPEN, _CLICK, _REPLY, _UNSUBSCRIBE = range(6)
READ_WITHIN_S: Final = 7 * DAY_S
"""A message counts as read if a person reads it within seven days of delivery (DESIGN.md, Readings)."""

NEVER_HELD: Final = ("is_ambiguous", "network_class", "client_family")


@dataclass(frozen=True, slots=True)
class Happenings:
    """All that happened in a world: who, which messages, readings, visits and answers."""

    people: People
    mail: Mail
    readings: Readings
    opens: Visits
    clicks: Visits
    replies: Answers
    unsubscriptions: Answers


def draw_ids(rng: np.random.Generator, n: int, *, letters: int = 20) -> npt.NDArray[np.object_]:
    """Return `n` random identifiers in hexadecimal: they sort, and count, by nothing."""
    text = rng.bytes(n * letters // 2).hex()
    return np.array([text[i : i + letters] for i in range(0, n * letters, letters)], dtype=object)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of the log before they become text; every array has one entry an event."""

    kind: Ints
    at: Floats
    message: Ints
    visit: Ints

    def where(self, chosen: Bools | Ints) -> _Rows:
        """Return the chosen rows, by mask or by place."""
        return _Rows(self.kind[chosen], self.at[chosen], self.message[chosen], self.visit[chosen])


def _rows(happenings: Happenings) -> tuple[_Rows, Visits]:
    """Return all events, and the visits that opens and clicks point to (-1 for other kinds)."""
    mail, visits = happenings.mail, Visits.joined([happenings.opens, happenings.clicks])
    everyone = np.arange(len(mail))
    arrived = np.flatnonzero(~mail.is_bounced)
    opens_n = len(happenings.opens)
    parts = [
        (_SENT, mail.sent_at, everyone, None),
        (_DELIVERED, mail.delivered_at[arrived], arrived, None),
        (_OPEN, happenings.opens.at, happenings.opens.message, np.arange(opens_n)),
        (
            _CLICK,
            happenings.clicks.at,
            happenings.clicks.message,
            opens_n + np.arange(len(happenings.clicks)),
        ),
        (_REPLY, happenings.replies.at, happenings.replies.message, None),
        (_UNSUBSCRIBE, happenings.unsubscriptions.at, happenings.unsubscriptions.message, None),
    ]
    return (
        _Rows(
            kind=np.concatenate([np.full(len(message), kind) for kind, _, message, _ in parts]),
            at=np.concatenate([at for _, at, _, _ in parts]),
            message=np.concatenate([message for _, _, message, _ in parts]),
            visit=np.concatenate([np.full(len(m), -1) if v is None else v for _, _, m, v in parts]),
        ),
        visits,
    )


def _keep_first_opens(rows: _Rows) -> _Rows:
    order = np.lexsort((rows.at, rows.message))
    opens = order[rows.kind[order] == _OPEN]
    later = opens[1:][rows.message[opens[1:]] == rows.message[opens[:-1]]]
    keep = np.ones(len(rows.at), dtype=np.bool_)
    keep[later] = False
    return rows.where(keep)


def _lose_and_retell(rng: np.random.Generator, laws: LogLaws, rows: _Rows) -> _Rows:
    """Return the rows without those that get lost, and with some opens and clicks told once more."""
    kept = rows.where(rng.random(len(rows.kind)) >= laws.lost_share)
    told_twice = np.isin(kept.kind, (_OPEN, _CLICK)) & (rng.random(len(kept.kind)) < laws.retold_share)
    return kept.where(np.r_[np.arange(len(kept.kind)), np.flatnonzero(told_twice)])


def _vendor_verdicts(
    rng: np.random.Generator,
    laws: LogLaws,
    *,
    rows: _Rows,
    delay_s: Floats,
    agent: npt.NDArray[np.object_],
    ip: npt.NDArray[np.object_],
) -> npt.NDArray[np.object_]:
    """Return the provider's own word on each event: rules on agent, address and speed, some of them wrong."""
    relay_heads = ("172.22", "104.28", "146.75", "140.248", "2a02:26f7")
    bare = agent == "Mozilla/5.0"
    relay = np.array([text is not None and text.startswith(relay_heads) for text in ip], dtype=np.bool_)
    google = np.array([text is not None and "Edge/12.246" in text for text in agent], dtype=np.bool_)
    machine = (bare & (relay | (ip == None))) | google | (delay_s < laws.vendor_quick_s)  # noqa: E711 - elementwise
    machine ^= rng.random(len(machine)) < laws.vendor_error_share
    words = np.where(machine, "machine", "human").astype(object)
    words[rows.kind != _OPEN] = None
    return words


def record(
    rng: np.random.Generator,
    laws: LogLaws,
    happenings: Happenings,
    *,
    texts: Texts,
    start_s: float,
    end_s: float,
    origin_us: int,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the log, the truth about its opens and the truth about its messages.

    Parameters
    ----------
    start_s, end_s : float
        The log keeps what happens between, seconds since the origin.
    origin_us : int
        The origin, microseconds since 1970.
    """
    rows, visits = _rows(happenings)
    kept_kinds = [*(TYPES.index(kind) for kind in laws.clocks), _OPEN, _CLICK, _REPLY, _UNSUBSCRIBE]
    rows = rows.where((rows.at >= start_s) & (rows.at < end_s) & np.isin(rows.kind, kept_kinds))
    rows = _lose_and_retell(rng.spawn(1)[0], laws, rows)
    if laws.is_first_open_only:
        rows = _keep_first_opens(rows)
    rows = rows.where(rng.permutation(len(rows.kind)))
    names = _Names.drawn(rng, happenings)
    events = _table(rng, laws, rows, visits, happenings, names=names, texts=texts, origin_us=origin_us)
    is_open = rows.kind == _OPEN
    truth_opens = _truth_of_opens(events.loc[is_open, "event_id"], visits, rows.visit[is_open])
    truth_messages = _truth_of_messages(happenings, names, np.unique(rows.message))
    events = events[[name for name in events.columns if name not in laws.missing]]
    copies = events[rng.random(len(events)) < laws.duplicated_share]
    events = pd.concat([events, copies], ignore_index=True)
    return events.iloc[rng.permutation(len(events))].reset_index(drop=True), truth_opens, truth_messages


@dataclass(frozen=True, slots=True)
class _Names:
    """The identifiers of a world's messages, people, campaigns and senders."""

    messages: npt.NDArray[np.object_]
    people: npt.NDArray[np.object_]
    campaigns: npt.NDArray[np.object_]
    senders: npt.NDArray[np.object_]

    @staticmethod
    def drawn(rng: np.random.Generator, happenings: Happenings) -> _Names:
        campaigns = draw_ids(rng, int(happenings.mail.campaign.max()) + 2, letters=10)
        senders = draw_ids(rng, int(happenings.mail.sender.max()) + 2, letters=10)
        campaigns[-1] = senders[-1] = None  # -1 means none
        people_n = len(happenings.people.region)
        return _Names(
            draw_ids(rng, len(happenings.mail)), draw_ids(rng, people_n, letters=16), campaigns, senders
        )


def _table(
    rng: np.random.Generator,
    laws: LogLaws,
    rows: _Rows,
    visits: Visits,
    happenings: Happenings,
    *,
    names: _Names,
    texts: Texts,
    origin_us: int,
) -> pd.DataFrame:
    """Return the log with all columns, in the rows' order."""
    n = len(rows.at)
    mail, people = happenings.mail, happenings.people
    person = mail.person[rows.message]
    is_visit = rows.visit >= 0
    agent, ip, url = (np.full(n, None, dtype=object) for _ in range(3))
    agent[is_visit] = texts.decode(visits.agent[rows.visit[is_visit]])
    ip[is_visit] = texts.decode(visits.address[rows.visit[is_visit]])
    is_click = rows.kind == _CLICK
    links = visits.link[rows.visit[is_click]]
    stems = draw_ids(rng, int(mail.campaign.max()) + 2, letters=6)[mail.campaign[rows.message[is_click]]]
    url[is_click] = [
        f"https://www.example.com/{stem}/{link}" for stem, link in zip(stems, links, strict=True)
    ]

    at = np.where(rows.kind == _DELIVERED, rows.at + laws.delivered_skew_s, rows.at)
    at = np.where(rows.kind == _DELIVERED, at + laws.delivered_jitter_s * rng.standard_normal(n), at)
    occurred_us = origin_us + np.round(at * 1e6).astype(np.int64)
    occurred_us = occurred_us // laws.resolution_us * laws.resolution_us
    lag_s = rng.exponential(2.0, n) + (rng.random(n) < laws.late_share) * rng.exponential(6 * HOUR_S, n)
    verdict = np.full(n, None, dtype=object)
    if laws.has_vendor_verdict:
        delay_s = rows.at - mail.delivered_at[rows.message]
        verdict = _vendor_verdicts(rng, laws, rows=rows, delay_s=delay_s, agent=agent, ip=ip)
    for column, share in ((ip, laws.null_share), (agent, laws.null_agent_share), (url, laws.null_url_share)):
        column[rng.random(n) < share] = None
    if laws.is_ip_truncated:
        ip[is_visit] = [_truncated(text) for text in ip[is_visit]]
    columns = {
        "event_id": draw_ids(rng, n),
        "event_type": np.array(TYPES, dtype=object)[rows.kind],
        "occurred_at": _timestamps(occurred_us),
        "message_id": names.messages[rows.message],
        "recipient_id": names.people[person],
        "recipient_domain": people.domains[people.domain[person]],
        "campaign_id": names.campaigns[mail.campaign[rows.message]],
        "ip": ip,
        "user_agent": agent,
        "url": url,
        "vendor_verdict": verdict,
        "source": np.full(n, "simulation", dtype=object),
        "sender_id": names.senders[mail.sender[rows.message]],
        "received_at": _timestamps(occurred_us + np.round(lag_s * 1e6).astype(np.int64)),
    }
    return pd.DataFrame({name: columns[name] for name in COLUMN_NAMES if name not in NEVER_HELD})


def _truncated(ip: str | None) -> str | None:
    if ip is None:
        return None
    return ip.rpartition(".")[0] + ".0" if "." in ip else ":".join(ip.split(":")[:3]) + "::"


def _timestamps(microseconds: Ints) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(microseconds.astype("datetime64[us]")).tz_localize("UTC")


def _truth_of_opens(event_id: pd.Series, visits: Visits, visit: Ints) -> pd.DataFrame:
    client = visits.client[visit]
    return pd.DataFrame(
        {
            "event_id": event_id.to_numpy(),
            "label": np.array(LABELS, dtype=object)[visits.label[visit]],
            "client": np.array(CLIENTS, dtype=object)[client],
            "client_is_apple": np.isin(client, (APPLE, APPLE_OLD)),
            "cause": np.array(CAUSES, dtype=object)[visits.cause[visit]],
            "p_human_posterior": visits.p_human[visit],
            "p_human_onlooker": visits.p_human_onlooker[visit],
        }
    )


def _truth_of_messages(happenings: Happenings, names: _Names, message: Ints) -> pd.DataFrame:
    mail, readings = happenings.mail, happenings.readings
    was_read = np.zeros(len(mail), dtype=np.bool_)
    own = ~readings.is_forwarded
    soon = readings.at - mail.delivered_at[readings.message] <= READ_WITHIN_S
    was_read[readings.message[own & soon]] = True
    client = happenings.people.client[mail.person[message], 0]
    return pd.DataFrame(
        {
            "message_id": names.messages[message],
            "was_read": was_read[message],
            "client": np.array(CLIENTS, dtype=object)[client],
            "client_is_apple": np.isin(client, (APPLE, APPLE_OLD)),
        }
    )
