"""What is known about each open of a log, as of a moment: the SQL of this folder, run on an engine.

The history of an open is what was known the moment it happened; its aftermath is what came within the horizon.
Both are integers; `paperknife.evidence.features` turns them into what a model sees.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal

import pandas as pd

from paperknife.engines.duckdb import DuckDBEngine
from paperknife.errors import RequestError, did_you_mean
from paperknife.evidence.clients import CLIENT_FAMILIES, client_families
from paperknife.evidence.columns import (
    AFTERMATH,
    FLAGS,
    HISTORY,
    IDENTITY,
    KEY_SUMS,
    KEYS,
    KINDS_OF_OPEN,
    LOG_HABITS,
    LOG_HOURS,
    TYPES,
)
from paperknife.evidence.habits import (
    habit_sums,
    hour_counts,
    hour_sums,
    kind_columns,
    kind_counts,
    kind_sums,
    place_counts,
    places,
)
from paperknife.evidence.kinds import MOST_KINDS, kinds_table
from paperknife.evidence.networks import NETWORK_CLASSES, NetworkTable, network_keys

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from paperknife.events.log import EventLog
    from paperknife.evidence.sampling import RecipientSample

Field = Literal["user_agent", "ip"]

HORIZONS: Final[dict[str, int]] = {
    "instant": 0,
    "1h": 3_600_000_000,
    "24h": 86_400_000_000,
    "7d": 7 * 86_400_000_000,
    "settled": 7 * 86_400_000_000,
}
"""How long after an open the evidence looks, in microseconds."""

SQL_TEXTS: Final = (
    "history",
    "measures",
    "key_facts",
    "key_history",
    "log_days",
    "log_habits",
    "aftermath",
)

CLEAN_CLICK_US: Final = 10_000_000
"""A click this soon after the delivery is a gateway's: their bursts begin seconds after delivery (FACTS.md section 2)."""

GIVEN_BY: Final[dict[Field, tuple[str, ...]]] = {
    "user_agent": ("user_agent", "client_family"),
    "ip": ("ip", "network_class"),
}
"""Columns of events that a field fills: itself, and what was kept of it when it was forgotten."""

BURST_US: Final = 3_000_000
"""Clicks in one message closer together than this are a burst: nobody reads a page in three seconds."""


def horizon_us(horizon: str) -> int:
    """Return a horizon's length in microseconds.

    Raises
    ------
    RequestError
        When the horizon is none of `HORIZONS`.
    """
    if horizon not in HORIZONS:
        raise RequestError(
            f"Horizon '{horizon}' is unknown; it is one of {', '.join(HORIZONS)}.{did_you_mean(horizon, HORIZONS)}"
        )
    return HORIZONS[horizon]


def gather_evidence(
    log: EventLog,
    *,
    horizon: str = "settled",
    as_of: datetime | pd.Timestamp | None = None,
    networks: NetworkTable | None = None,
    memory: str | None = None,
) -> pd.DataFrame:
    """Return what is known about each open of a log, one row an open.

    Parameters
    ----------
    log : EventLog
        From `read_events`.
    horizon : {"instant", "1h", "24h", "7d", "settled"}
        How long after each open to look; "settled" is seven days.
    as_of : datetime, optional
        Events later than this are not looked at (UTC where a zone is missing). Default: the log's last event.
    networks : NetworkTable, optional
        Default: the built-in table and the lists the user has imported.
    memory : str, optional
        DuckDB's memory bound, such as "2GB"; beyond it, it spills to disk.

    Returns
    -------
    pandas.DataFrame
        Columns as in `paperknife.evidence.columns`: identity and kinds as strings (null where not known), `seen_s`
        in seconds (float64), the rest Int64 counts and microseconds (null where not known or not seen yet).
        Ordered by `occurred_at`, then `event_id`.

    Raises
    ------
    RequestError
        For an unknown horizon.
    LogError
        For a log that is none.

    Examples
    --------
    >>> import paperknife as pk
    >>> evidence = pk.gather_evidence(pk.read_events("log/"), horizon="instant")  # doctest: +SKIP
    """
    return next(iter(gather_horizons(log, [horizon], as_of=as_of, networks=networks, memory=memory).values()))


def gather_horizons(
    log: EventLog,
    horizons: Iterable[str],
    *,
    as_of: datetime | pd.Timestamp | None = None,
    networks: NetworkTable | None = None,
    memory: str | None = None,
    threads: int | None = None,
    sample: RecipientSample | None = None,
    missing: Iterable[Field] = (),
    within: RecipientSample | None = None,
) -> dict[str, pd.DataFrame]:
    """Return the evidence at several horizons, at little more than the cost of one: the history is shared.

    Parameters and errors are those of `gather_evidence`, and `threads` (DuckDB's; None for one per core), `sample`
    (whose opens are wanted; their evidence is what the whole log makes it), `missing` (fields of `GIVEN_BY` to do
    without, as if no event of the log had them) and `within` (recipients to do with, as if the log held no others, but
    for when it ends); the answer maps each horizon to its table.
    """
    asked = {horizon: horizon_us(horizon) for horizon in horizons}
    with DuckDBEngine(memory=memory, threads=threads) as engine:
        last_us = _prepare(engine, log, as_of, networks or NetworkTable.load(), missing, within)
        engine.run(
            sql_text("history"), clean_click_us=CLEAN_CLICK_US, burst_us=BURST_US, most_kinds=MOST_KINDS
        )
        engine.drop("events", "seen_events", "recipient_pasts", "clocks", "message_clicks", "campaign_days")
        for key, column in KEYS.items():
            engine.run(sql_text("key_facts"), key=key, column=column)
            engine.run(
                sql_text("key_history"), key=key, column=column, measures=sql_text("measures"), **_sums(key)
            )
            engine.drop(*(f"{key}_{step}" for step in ("facts", "moments", "days", "past_days", "today")))
        engine.run(sql_text("key_facts"), key="log", column="log_key")
        engine.run(
            sql_text("log_days"),
            measures=sql_text("measures"),
            place_counts=place_counts(),
            hour_counts=hour_counts(),
            kind_counts=kind_counts(),
            kind_sums=kind_sums(),
        )
        engine.drop("log_facts", "own_kind_days", "own_kind_hours")
        if sample is not None:
            sample.keep(engine.connection, "opens")
            _keep_pasts_of_opens(engine)
        before = _typed(engine.connection.sql(_before_query()).df())
        answers = {}
        for horizon, length_us in asked.items():
            engine.run(
                sql_text("log_habits"),
                horizon_us=length_us,
                last_us=last_us,
                habit_sums=habit_sums(),
                hour_sums=hour_sums(),
                kind_sums=kind_sums(),
            )
            if length_us:
                engine.run(sql_text("aftermath"), horizon_us=length_us)
            seen = _typed(engine.connection.sql(_seen_query(length_us, last_us)).df().assign(horizon=horizon))
            # What was known before is the same memory in every horizon's table, not a copy.
            table = pd.concat([before, seen], axis=1)
            answers[horizon] = table[[*IDENTITY, *KINDS_OF_OPEN, *FLAGS, *HISTORY, *LOG_HABITS, *AFTERMATH]]
        return answers


def _keep_pasts_of_opens(engine: DuckDBEngine) -> None:
    """Forget the pasts of opens that are not wanted: joining them all takes more memory than a large log leaves."""
    for key, column in KEYS.items():
        engine.run(
            f"-- step: wanted\nSELECT h.* FROM {key}_history h "
            f"SEMI JOIN opens o ON h.key = o.{column} AND h.at_us = o.at_us"
        )
        engine.drop(f"{key}_history")
        engine.connection.execute(f"ALTER TABLE wanted RENAME TO {key}_history")


def _prepare(
    engine: DuckDBEngine,
    log: EventLog,
    as_of: datetime | pd.Timestamp | None,
    networks: NetworkTable,
    missing: Iterable[Field],
    within: RecipientSample | None,
) -> int:
    """Lay the tables that history.sql reads; return the as-of time in microseconds."""
    log.register(engine.connection, "log_events")
    run = engine.connection.execute
    cut = ""
    if as_of is not None:
        cut = f"WHERE epoch_us(occurred_at) <= {microseconds_of(as_of)}"
    # A word that is none of ours tells nothing, and must not cost the row.
    words = {"client_family": CLIENT_FAMILIES, "network_class": NETWORK_CLASSES}
    known = {
        column: f"CASE WHEN {column} IN ({', '.join(repr(word) for word in ours)}) THEN {column} END"
        for column, ours in words.items()
    }
    known |= {column: "CAST(NULL AS VARCHAR)" for field in missing for column in _given_by(field)}
    replaced = ", ".join(f"{value} AS {column}" for column, value in known.items())
    run(
        "CREATE OR REPLACE TEMP TABLE events AS "
        f"SELECT * EXCLUDE (occurred_at) REPLACE ({replaced}), epoch_us(occurred_at) AS at_us FROM log_events {cut}"
    )
    last = run("SELECT max(at_us) FROM events").fetchall()[0][0]
    if within is not None:
        within.keep(engine.connection, "events")
    ips = run("SELECT DISTINCT ip FROM events WHERE ip IS NOT NULL").df()["ip"].to_numpy(dtype=object)
    engine.register(
        "addresses",
        pd.DataFrame(
            {"ip": ips, "network_class": networks.classify(ips), "network_key": network_keys(ips)},
            dtype="str",
        ),
    )
    agents = run("SELECT DISTINCT user_agent FROM events WHERE user_agent IS NOT NULL").df()["user_agent"]
    engine.register(
        "agents",
        pd.DataFrame(
            {"user_agent": agents, "client_family": client_families(agents.to_numpy(dtype=object))},
            dtype="str",
        ),
    )
    engine.register("kinds", kinds_table().astype({"client_family": "str", "network_class": "str"}))
    if as_of is not None:
        return microseconds_of(as_of)
    return int(last) if last is not None else 0


def _given_by(field: Field) -> tuple[str, ...]:
    if field not in GIVEN_BY:
        raise RequestError(f"A log cannot be taken to lack '{field}'; it can be {' or '.join(GIVEN_BY)}.")
    return GIVEN_BY[field]


def microseconds_of(moment: datetime | pd.Timestamp) -> int:
    """Return a moment as microseconds since 1970, UTC; one without a zone is taken as UTC."""
    stamp = pd.Timestamp(moment)
    if pd.isna(stamp):
        raise RequestError("The as-of time is empty. Write it as 2026-01-31T09:00:00Z, or leave it out.")
    stamp = stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")
    return int(stamp.as_unit("us").asm8.astype("int64"))


def sql_text(name: str) -> str:
    """Return one of the folder's SQL texts, named without its ending."""
    return (files("paperknife.evidence") / f"{name}.sql").read_text(encoding="utf-8")


def _sums(key: str) -> dict[str, str]:
    """Return the lists of sums that key_history.sql needs: the same measures in each step."""
    return {
        "day_sums": ", ".join(f"sum({name}) AS {name}" for name in KEY_SUMS),
        "past_sums": ", ".join(f"sum({name}) OVER past AS {name}" for name in KEY_SUMS),
        "today_sums": ", ".join(f"sum({name}) OVER today AS {name}" for name in KEY_SUMS),
        "history_sums": ", ".join(
            f"coalesce(t.{name}, 0) + coalesce(p.{name}, 0) AS {key}_{name}" for name in KEY_SUMS
        ),
    }


_SEEN: Final = ("horizon", "seen_s", *LOG_HABITS, *AFTERMATH)
"""Columns that the horizon decides; the others are known when the open comes."""


def _before_query() -> str:
    """Return the columns that are the same at every horizon, in the order of their opens."""
    histories = "".join(
        f" LEFT JOIN {key}_history {key}_h ON {key}_h.key = o.{column} AND {key}_h.at_us = o.at_us"
        for key, column in KEYS.items()
    )
    columns = [
        *(f"o.{name}" for name in IDENTITY if name not in {"occurred_at", *_SEEN}),
        "make_timestamp(o.at_us) AS occurred_at",
        *(f"o.{name}" for name in (*KINDS_OF_OPEN, *FLAGS)),
        *(f"CAST({name} AS BIGINT) AS {name}" for name in HISTORY),
    ]
    return f"SELECT {', '.join(columns)} FROM opens o{histories} ORDER BY o.at_us, o.event_id"


def _seen_query(length_us: int, last_us: int) -> str:
    """Return the columns of `_SEEN`, in the same order of opens."""
    habits = (
        " JOIN log_moments lm ON lm.event_id = o.event_id JOIN log_habits lh ON lh.seen_day = lm.seen_day"
        " JOIN log_hour_habits hh ON hh.seen_day = lm.seen_day AND hh.hour = (o.at_us // 3600000000) % 24"
    )
    for of_kind, at_hour, kind in (("kh", "kt", "o.kind_n"), ("ph", "pt", "-1")):
        habits += (
            f" LEFT JOIN kind_habits {of_kind} ON {of_kind}.seen_day = lm.seen_day AND {of_kind}.kind_n = {kind}"
            f" LEFT JOIN kind_hour_habits {at_hour} ON {at_hour}.seen_day = lm.seen_day"
            f" AND {at_hour}.kind_n = {kind} AND {at_hour}.hour = hh.hour"
        )
    after = " LEFT JOIN aftermath a ON a.event_id = o.event_id" if length_us else ""
    columns = [
        f"greatest(0, least({length_us}, {last_us} - o.at_us)) / 1e6 AS seen_s",
        *(f"CAST(log_{summed} AS BIGINT) AS log_{summed}" for summed in KEY_SUMS),
        *places(),
        *(f"CAST(hh.{name} AS BIGINT) AS {name}" for name in LOG_HOURS),
        *kind_columns(),
        *(
            # A delivery logged after the open is only the clock of an open that has no earlier one.
            _late_delivery
            if name == "delivered_after_us" and length_us
            else f"CAST(a.{name} AS BIGINT) AS {name}"
            if length_us
            else f"CAST(NULL AS BIGINT) AS {name}"
            for name in AFTERMATH
        ),
    ]
    return f"SELECT {', '.join(columns)} FROM opens o{habits}{after} ORDER BY o.at_us, o.event_id"


_late_delivery = (
    "CAST(CASE WHEN o.clock_kind IS DISTINCT FROM 'delivered' THEN a.delivered_after_us END AS BIGINT) "
    "AS delivered_after_us"
)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Give every column the type that `gather_evidence` promises."""
    if "occurred_at" in table:
        moments = pd.to_datetime(table["occurred_at"]).dt.as_unit("us").dt.tz_localize("UTC")
        table = table.assign(occurred_at=moments)
    return table.astype({name: kind for name, kind in TYPES.items() if name in table})
