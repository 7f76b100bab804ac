"""What is counted of a whole log, in SQL: by the time since delivery, since the first fetch, by the hour, by kind.

The lists are written once here and filled into log_days.sql, log_habits.sql and the query for the evidence.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from paperknife.evidence.columns import (
    AGAIN_KINDS,
    DELAY_EDGES_S,
    HOUR_KINDS,
    KEY_SUMS,
    LOG_KINDS,
    PLACE_COUNTS,
)

PLACED: Final = {
    "first": ("is_open AND message_opens_n = 0", "delay_us"),
    "apple": ("is_open AND message_opens_n = 0 AND is_apple", "delay_us"),
    "visible": ("is_open AND message_opens_n = 0 AND is_visible", "delay_us"),
    "prompt": (
        "is_clean AND since_load_us = since_first_load_us AND since_load_us <= 120000000",
        "delay_us - since_first_load_us",
    ),
    "apple_prompt": (
        "is_clean AND since_load_us = since_first_load_us AND since_apple_load_us <= 120000000",
        "delay_us - since_first_load_us",
    ),
    "again": ("is_open", "since_first_load_us"),
    "apple_again": ("is_open AND is_apple", "since_first_load_us"),
    "visible_again": ("is_open AND is_visible", "since_first_load_us"),
    "again_prompt": (
        "is_clean AND since_load_us < since_first_load_us AND since_load_us <= 120000000",
        "since_first_load_us - since_load_us",
    ),
    "apple_again_prompt": (
        (
            "is_clean AND since_apple_load_us = since_load_us AND since_load_us < since_first_load_us"
            " AND since_load_us <= 120000000"
        ),
        "since_first_load_us - since_load_us",
    ),
}
"""Of each of `DELAY_KINDS` and `AGAIN_KINDS`, in SQL: what is counted, and the time by which it is placed. A click is
placed by that of the fetch it follows, which of `DELAY_KINDS` must be its message's first."""


_LATE = "is_open AND coalesce(delay_us >= 3600000000, true)"

HOURLY: Final = {
    "opens": "is_open",
    "late": _LATE,
    "late_visible": f"{_LATE} AND is_visible",
    "late_apple": f"{_LATE} AND is_apple",
    "clean": "is_clean",
}
"""Of each of `HOUR_KINDS`, in SQL, what is counted. Soon after delivery the hour is the sender's choice."""


def hour_counts() -> str:
    """Return the counts of each of `HOUR_KINDS`."""
    return ", ".join(f"count(CASE WHEN {HOURLY[kind]} THEN 1 END) AS {kind}_n" for kind in HOUR_KINDS)


def hour_sums() -> str:
    """Return the sums of `LOG_HOURS`, in its order."""
    near = "CASE WHEN d.hour = h.hour THEN 2 WHEN abs(d.hour - h.hour) IN (1, 23) THEN 1 ELSE 0 END"
    return ", ".join(
        f"sum(d.{kind}_n * {near}) AS log_hour_{kind}_near_n, sum(d.{kind}_n) AS log_hour_{kind}_all_n"
        for kind in HOUR_KINDS
    )


def _bins(time_us: str) -> list[str]:
    """Return, for each bin of `DELAY_EDGES_S`, that a time lies in it."""
    bounds = pairwise([0, *(edge * 1_000_000 for edge in DELAY_EDGES_S), None])
    return [
        f"{time_us} >= {low}" + ("" if high is None else f" AND {time_us} < {high}") for low, high in bounds
    ]


def place_counts() -> str:
    """Return the counts per kind and bin of time, in the order of `PLACE_COUNTS`."""
    return ", ".join(
        f"count(CASE WHEN {counted} AND {within} THEN 1 END) AS {kind}_place_{place}_n"
        for kind, (counted, time_us) in PLACED.items()
        for place, within in enumerate(_bins(time_us))
    )


def habit_sums() -> str:
    """Return the sums over days of all that is counted of the log."""
    return ", ".join(f"sum({name}) AS log_{name}" for name in (*KEY_SUMS, *PLACE_COUNTS))


def kind_counts() -> str:
    """Return the counts of a kind's first fetches per bin of delay."""
    return ", ".join(
        f"count(CASE WHEN is_open AND message_opens_n = 0 AND {within} THEN 1 END) AS place_{place}_n"
        for place, within in enumerate(_bins("delay_us"))
    )


_KIND_PLACES: Final = [f"place_{place}_n" for place in range(len(DELAY_EDGES_S) + 1)]


def kind_sums() -> str:
    """Return the sums over days of what is counted of a kind."""
    return ", ".join(f"sum({name}) AS {name}" for name in ("opens_n", "repeat_n", "prompt_n", *_KIND_PLACES))


def kind_columns() -> list[str]:
    """Return the columns of `LOG_KINDS`, 0 where the log has a past but the kind has none in it."""
    columns = []
    for whose, habits, hours in (("kind", "kh", "kt"), ("proxied", "ph", "pt")):
        values = {
            **{part: f"{habits}.{part}_n" for part in ("opens", "repeat", "prompt")},
            "here": _own_bin("o.delay_us", [f"coalesce({habits}.{name}, 0)" for name in _KIND_PLACES]),
            "placed": " + ".join(f"{habits}.{name}" for name in _KIND_PLACES),
            "near": f"{hours}.near_n",
        }
        for part, value in values.items():
            count = value if part == "here" else f"coalesce({value}, 0)"
            name = f"log_{whose}_{part}_n"
            if name in LOG_KINDS:
                columns.append(
                    f"CAST(CASE WHEN lh.log_opens_n IS NOT NULL THEN {count} END AS BIGINT) AS {name}"
                )
    return columns


def _own_bin(own_us: str, names: list[str]) -> str:
    """Return, of the counts by time, that of an open's own bin; null where its time is."""
    here = "".join(
        f"WHEN {own_us} < {edge * 1_000_000} THEN {name} "
        for edge, name in zip(DELAY_EDGES_S, names[:-1], strict=True)
    )
    return f"CASE WHEN {own_us} IS NULL THEN NULL {here}ELSE {names[-1]} END"


def places() -> list[str]:
    """Return, of the log's counts by time, those of each open's own bin and their sums, in the order of `LOG_PLACES`."""
    columns = []
    for kind in PLACED:
        own_us = "o.since_first_open_us" if kind in AGAIN_KINDS else "o.delay_us"
        names = [f"lh.log_{kind}_place_{place}_n" for place in range(len(DELAY_EDGES_S) + 1)]
        for where, value in (("here", _own_bin(own_us, names)), ("placed", " + ".join(names))):
            columns.append(f"CAST({value} AS BIGINT) AS log_{kind}_{where}_n")
    return columns
