"""What is in a log, in figures; drawn elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from paperknife.events.reading import connect
from paperknife.events.schema import EVENT_TYPES

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path

    import duckdb

    from paperknife.events.log import EventLog

_EVIDENCE: Final = ("ip", "user_agent", "recipient_id", "recipient_domain", "campaign_id")


@dataclass(frozen=True)
class LogSummary:
    """Figures of a log.

    Attributes
    ----------
    events_n, rows_n : int
        Events kept, and rows read.
    events_by_type : dict of str to int
        All six types in the schema's order, zero where there is none.
    events_by_source : dict of (str or None) to dict of str to int
        Events by type for each value of `source`, most events first; None where a row says none.
    events_by_day : dict of date to dict of str to int
        Events by type for each UTC day that has any, in order.
    first_at, last_at : datetime
        Of the first and the last event, UTC.
    messages_n, recipients_n, campaigns_n : int
        Distinct ids.
    opens_with : dict of str to float
        Share of opens that have an `ip`, `user_agent`, `recipient_id`, `recipient_domain`, `campaign_id` (an
        `ip` also where a `network_class` stands in for it, a `user_agent` where a `client_family` does).
        NaN without opens.
    opened_messages_n : int
    delivered_share, sent_share, clocked_share : float
        Share of opened messages that have a delivered event; a sent event; either. NaN without opens.
    duplicates_n : int
        Rows dropped because their `event_id` had been seen.
    unknown_types, quarantined : dict of str to int
        Rows left out by type; unusable rows by reason. Most first.
    quarantine : Path or None
        The file with the unusable rows.
    """

    events_n: int
    rows_n: int
    events_by_type: dict[str, int]
    events_by_source: dict[str | None, dict[str, int]]
    events_by_day: dict[date, dict[str, int]]
    first_at: datetime
    last_at: datetime
    messages_n: int
    recipients_n: int
    campaigns_n: int
    opens_with: dict[str, float]
    opened_messages_n: int
    delivered_share: float
    sent_share: float
    clocked_share: float
    duplicates_n: int
    unknown_types: dict[str, int]
    quarantined: dict[str, int]
    quarantine: Path | None

    @property
    def duplicate_share(self) -> float:
        """Share of the rows that repeat another one; NaN without rows."""
        return share(self.duplicates_n, self.rows_n)


def summarise(log: EventLog) -> LogSummary:
    """Return the figures of a log, reading it where that has not been done.

    Raises
    ------
    LogError
        For a log that cannot be read.
    """
    loaded = log.load()
    connection = connect()
    try:
        log.register(connection)

        def row(query: str) -> tuple[Any, ...]:
            return tuple(connection.execute(query).fetchall()[0])

        by_source = _nested(
            connection, "SELECT source, event_type, count(*) FROM events GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
        )
        by_day = _nested(
            connection,
            "SELECT CAST(occurred_at AS DATE), event_type, count(*) FROM events GROUP BY 1, 2 ORDER BY 1, 2",
        )
        kinds = dict(connection.execute("SELECT event_type, count(*) FROM events GROUP BY 1").fetchall())
        first_us, last_us, messages_n, recipients_n, campaigns_n = row(
            "SELECT min(epoch_us(occurred_at)), max(epoch_us(occurred_at)), count(DISTINCT message_id), "
            "count(DISTINCT recipient_id), count(DISTINCT campaign_id) FROM events"
        )
        held = {"ip": "coalesce(ip, network_class)", "user_agent": "coalesce(user_agent, client_family)"}
        counts = ", ".join(f"count({held.get(name, name)})" for name in _EVIDENCE)
        opens_n, *with_n = row(f"SELECT count(*), {counts} FROM events WHERE event_type = 'open'")
        opened_n, delivered_n, sent_n, clocked_n = row(
            "SELECT count(*), count(*) FILTER (is_delivered), count(*) FILTER (is_sent), "
            "count(*) FILTER (is_delivered OR is_sent) FROM ("
            "SELECT bool_or(event_type = 'delivered') AS is_delivered, bool_or(event_type = 'sent') AS is_sent "
            "FROM events GROUP BY message_id HAVING bool_or(event_type = 'open'))"
        )
    finally:
        connection.close()
    return LogSummary(
        events_n=loaded.events_n,
        rows_n=loaded.rows_n,
        events_by_type={kind: int(kinds.get(kind, 0)) for kind in EVENT_TYPES},
        events_by_source=dict(sorted(by_source.items(), key=lambda item: -sum(item[1].values()))),
        events_by_day=by_day,
        first_at=moment(first_us),
        last_at=moment(last_us),
        messages_n=messages_n,
        recipients_n=recipients_n,
        campaigns_n=campaigns_n,
        opens_with={name: share(count, opens_n) for name, count in zip(_EVIDENCE, with_n, strict=True)},
        opened_messages_n=opened_n,
        delivered_share=share(delivered_n, opened_n),
        sent_share=share(sent_n, opened_n),
        clocked_share=share(clocked_n, opened_n),
        duplicates_n=loaded.duplicates_n,
        unknown_types=loaded.unknown_types,
        quarantined=loaded.quarantined,
        quarantine=loaded.quarantine,
    )


def _nested(connection: duckdb.DuckDBPyConnection, query: str) -> dict[Any, dict[str, int]]:
    """Return rows of (key, name, count) as counts by name for each key, in the rows' order."""
    counts: dict[Any, dict[str, int]] = {}
    for key, name, count in connection.execute(query).fetchall():
        counts.setdefault(key, {})[name] = count
    return counts


def moment(us: int) -> datetime:
    """Return microseconds since 1970 as a datetime in UTC."""
    from datetime import UTC, datetime, timedelta

    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


def share(part: int, whole: int) -> float:
    """Return a share from 0 to 1; NaN of nothing."""
    return part / whole if whole else float("nan")
