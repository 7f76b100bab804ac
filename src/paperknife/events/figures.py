"""Counts over a log's opens that tell what its evidence is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paperknife.events.reading import connect

if TYPE_CHECKING:
    import duckdb

    from paperknife.events.log import EventLog
    from paperknife.events.summary import LogSummary


@dataclass(frozen=True)
class OpenFigures:
    """What the questions of `check` ask of a log; counts of opens unless said otherwise.

    Attributes
    ----------
    neither_n : int
        With neither IP nor user agent (nor what stands in for them).
    agents_n, ips_n, flagged_n : int
        With a user agent; with an IP; with the provider's own verdict.
    top_agent_n, top_ip_n : int
        That share the most frequent user agent; the most frequent IP.
    reopened_n : int
        Messages opened more than once.
    early_n, timed_n : int
        Before their message's first delivery; of messages that have a delivery.
    future_n : int
        Events of any type that lie more than an hour after now.
    whole_second_n, whole_minute_n : int
        Events of any type whose time has no fraction of a second; no seconds.
    """

    log: EventLog
    summary: LogSummary
    opens_n: int
    neither_n: int
    top_agent_n: int
    top_ip_n: int
    agents_n: int
    ips_n: int
    reopened_n: int
    early_n: int
    timed_n: int
    whole_second_n: int
    whole_minute_n: int
    flagged_n: int
    future_n: int


def open_figures(log: EventLog) -> OpenFigures:
    """Return the figures of a log, reading it where that has not been done."""
    summary = log.summary()
    connection = connect()
    try:
        log.register(connection)
        opens_n, neither_n, agents_n, ips_n, flagged_n = _row(
            connection,
            "SELECT count(*), count(*) FILTER (coalesce(ip, network_class) IS NULL "
            "AND coalesce(user_agent, client_family) IS NULL), count(user_agent), count(ip), count(vendor_verdict) "
            "FROM events WHERE event_type = 'open'",
        )
        (reopened_n,) = _row(
            connection,
            "SELECT count(*) FROM (SELECT message_id FROM events WHERE event_type = 'open' "
            "GROUP BY message_id HAVING count(*) > 1)",
        )
        early_n, timed_n = _row(
            connection,
            "SELECT count(*) FILTER (occurred_at < delivered_at), count(delivered_at) FROM ("
            "SELECT event_type, occurred_at, min(occurred_at) FILTER (event_type = 'delivered') "
            "OVER (PARTITION BY message_id) AS delivered_at FROM events) WHERE event_type = 'open'",
        )
        seconds_n, minutes_n, future_n = _row(
            connection,
            "SELECT count(*) FILTER (epoch_us(occurred_at) % 1000000 = 0), "
            "count(*) FILTER (epoch_us(occurred_at) % 60000000 = 0), "
            "count(*) FILTER (occurred_at > now() + INTERVAL 1 HOUR) FROM events",
        )
        return OpenFigures(
            log=log,
            summary=summary,
            opens_n=opens_n,
            neither_n=neither_n,
            top_agent_n=_most_frequent(connection, "user_agent"),
            top_ip_n=_most_frequent(connection, "ip"),
            agents_n=agents_n,
            ips_n=ips_n,
            reopened_n=reopened_n,
            early_n=early_n,
            timed_n=timed_n,
            whole_second_n=seconds_n,
            whole_minute_n=minutes_n,
            flagged_n=flagged_n,
            future_n=future_n,
        )
    finally:
        connection.close()


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    return tuple(connection.execute(query).fetchall()[0])


def _most_frequent(connection: duckdb.DuckDBPyConnection, column: str) -> int:
    query = f"SELECT count(*) AS n FROM events WHERE event_type = 'open' AND {column} IS NOT NULL GROUP BY {column}"
    return int(_row(connection, f"SELECT coalesce(max(n), 0) FROM ({query})")[0])
