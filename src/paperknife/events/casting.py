"""The SQL that gives every canonical column of a part its type, and every unusable row its reason.

Each part of a log becomes one SELECT with the same columns: the canonical ones in schema order, `reason` (null for a
row that can be used) and `raw` (the row as JSON text, for the quarantine; null for a row that can be used).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paperknife.events.schema import (
    COLUMN_NAMES,
    COLUMNS,
    EVENT_TYPES,
    REQUIRED_COLUMNS,
    VENDOR_VERDICTS,
    Column,
)

if TYPE_CHECKING:
    from paperknife.events.sources import Part

USER_AGENT_LIMIT: Final = 4096
"""Characters kept of a user agent. Real ones stay below 1,000; longer ones are cut, never refused."""

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100
"""A time before the first or after the last year is a broken clock or a wrong unit, not an event."""

UNKNOWN_TYPE: Final = "unknown event type"
NOT_JSON: Final = "not a JSON object"
NO_ZONE: Final = "occurred_at has no time zone"
IS_NUMBER: Final = "occurred_at is a number"

LINE_BYTES: Final = 16 * 1024 * 1024
"""Longest line of a CSV or NDJSON file; a longer one goes to the quarantine."""

_RAW_CHARACTERS: Final = 2000
_DATE_AND_TIME = r"\s*\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*"
_ZONED: Final = rf"{_DATE_AND_TIME}(?:Z|UTC|[+-]\d{{2}}(?::?\d{{2}})?)\s*"
_NUMBER: Final = r"\s*[+-]?\d+(?:\.\d*)?(?:E[+-]?\d+)?\s*"

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_IPV4 = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
_GROUP = "[0-9A-Fa-f]{1,4}"
_IPV6 = "|".join(
    [
        f"(?:{_GROUP}:){{7}}{_GROUP}",
        f"(?:{_GROUP}:){{1,7}}:",
        *(f"(?:{_GROUP}:){{1,{7 - n}}}(?::{_GROUP}){{1,{n}}}" for n in range(1, 7)),
        f":(?::{_GROUP}){{1,7}}",
        "::",
        f"(?:{_GROUP}:){{6}}{_IPV4}",
        rf"::(?:{_GROUP}:){{0,5}}{_IPV4}",
        *(f"(?:{_GROUP}:){{1,{6 - n}}}(?::{_GROUP}){{1,{n}}}:{_IPV4}" for n in range(1, 6)),
        f"(?:{_GROUP}:){{1,6}}:{_IPV4}",
    ]
)
IP_PATTERN: Final = f"{_IPV4}|{_IPV6}"
"""Addresses of both kinds, for RE2, which has no look-around; a text that is none counts as no address."""


def quoted(text: str) -> str:
    """Return a text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def part_query(part: Part, table: str = "") -> str:
    """Return the SELECT that reads a part: canonical columns in schema order, `reason` and `raw`.

    Parameters
    ----------
    part : Part
    table : str
        For a table in memory, the name under which the connection knows it.
    """
    values = {column.name: _value(part, column) for column in COLUMNS}
    selected = ", ".join(f"{value} AS {name}" for name, value in values.items())
    typed = (
        f"SELECT {selected}, {_time_text(part)} AS time_text, {_is_row(part)} AS is_row, {_raw(part)} AS raw_row "
        f"FROM {scan(part, table)}"
    )
    raw = f"CASE WHEN reason <> {quoted(UNKNOWN_TYPE)} THEN left(raw_row, {_RAW_CHARACTERS}) END"
    judged = f"SELECT *, {_reason()} AS reason FROM ({typed})"
    return f"SELECT {', '.join(COLUMN_NAMES)}, reason, {raw} AS raw FROM ({judged})"


def typed_query(part: Part, table: str, *, times_as_text: bool = False) -> str:
    """Return the SELECT that types the canonical columns that a table has, and judges no row.

    With `times_as_text`, times become ISO 8601 in UTC with microseconds, for formats that have no type for them.
    """

    def value(column: Column) -> str:
        typed = _value(part, column)
        if column.kind == "timestamp" and times_as_text:
            return f"strftime({typed}, '%Y-%m-%dT%H:%M:%S.%fZ')"
        return typed

    present = ", ".join(
        f"{value(column)} AS {column.name}" for column in COLUMNS if column.name in part.columns
    )
    return f"SELECT {present} FROM {scan(part, table)}"


def time_texts_query(part: Part, column: str, table: str = "", most: int = 1000) -> str:
    """Return a query of one row over a part's first times: how many are numbers, lack a zone, and were looked at."""
    first = (
        f"SELECT upper(CAST({_reference(part, column)} AS VARCHAR)) AS t "
        f"FROM {scan(part, table, rejects=False)} WHERE trim(t) <> '' LIMIT {most}"
    )
    numbers = f"count(*) FILTER (regexp_full_match(t, {quoted(_NUMBER)}))"
    zoneless = f"count(*) FILTER (regexp_full_match(t, {quoted(_DATE_AND_TIME)}))"
    return f"SELECT {numbers}, {zoneless}, count(*) FROM ({first})"


def scan(part: Part, table: str = "", *, rejects: bool = True) -> str:
    """Return what stands behind FROM to read a part's rows.

    Parameters
    ----------
    part : Part
    table : str
        For a table in memory, the name under which the connection knows it.
    rejects : bool
        Keep the lines that are no rows of a CSV file in the connection's table `rejected_lines`.
    """
    files = "[" + ", ".join(quoted(path) for path in part.paths) + "]"
    kept = (
        "store_rejects=true, rejects_table='rejected_lines', rejects_scan='rejected_scans', rejects_limit=0"
    )
    text = (
        f"auto_detect=false, max_line_size={LINE_BYTES}, compression={quoted(part.compression)}, "
        f"hive_partitioning=false, {kept if rejects else 'ignore_errors=true'}"
    )
    if part.kind == "table":
        return table
    if part.kind == "Parquet":
        return f"read_parquet({files}, hive_partitioning=false)"
    if part.kind == "CSV":
        columns = ", ".join(f"c{place}: 'VARCHAR'" for place in range(len(part.columns)))
        return (
            f"read_csv({files}, header=true, columns={{{columns}}}, delim={quoted(part.delimiter)}, "
            f"quote='\"', escape='\"', {text})"
        )
    # A line a row: DuckDB's own JSON reader stops at the first line that is no JSON, or drops what was wrong with it.
    lines = (
        f"read_csv({files}, header=false, columns={{line: 'VARCHAR'}}, delim='', quote='', escape='', {text})"
    )
    keys = "[" + ", ".join(quoted(f"$.{name}") for name in COLUMN_NAMES) + "]"
    is_object = "json_valid(line) AND CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' END"
    fields = f"CASE WHEN {is_object} THEN json_extract_string(line, {keys}) END"
    return f"(SELECT line, {fields} AS fields FROM {lines} WHERE trim(line, E' \\t\\r') <> '')"


def _reference(part: Part, name: str) -> str:
    """Return the SQL that names a source column, or NULL where the part has none of that name."""
    if part.kind == "NDJSON":
        return f"fields[{COLUMN_NAMES.index(name) + 1}]"
    if name not in part.columns:
        return "NULL"
    return f"c{list(part.columns).index(name)}" if part.kind == "CSV" else f'"{name}"'


def _value(part: Part, column: Column) -> str:
    source = _reference(part, column.name)
    kind = part.columns.get(column.name, "string")
    if source == "NULL":
        return f"CAST(NULL AS {column.sql_type})"
    if column.kind == "timestamp":
        return _timestamp(source, kind)
    if column.kind == "boolean":
        return f"TRY_CAST({source} AS BOOLEAN)"
    text = _text(source, kind)
    if column.name in REQUIRED_COLUMNS:
        return f"CASE WHEN trim({text}, E' \\t\\r\\n') <> '' THEN {text} END"
    known = ", ".join(map(quoted, VENDOR_VERDICTS))
    special = {
        "ip": f"CASE WHEN length({text}) <= 45 AND regexp_full_match({text}, {quoted(IP_PATTERN)}) THEN {text} END",
        # An empty user agent is a sign of its own (a client that sends none), so it stays; a CSV cannot hold one.
        "user_agent": f"left({text}, {USER_AGENT_LIMIT})",
        "vendor_verdict": f"CASE WHEN {text} IN ({known}) THEN {text} END",
        "recipient_domain": f"nullif(lower({text}), '')",
    }
    return special.get(column.name, f"nullif({text}, '')")


def _text(source: str, kind: str) -> str:
    if kind in {"double", "float", "halffloat"}:
        # Integer ids with gaps reach us as floats from pandas: 12.0 means 12.
        whole = f"isfinite({source}) AND {source} = floor({source}) AND abs({source}) < 9007199254740992"
        return (
            f"CASE WHEN {whole} THEN CAST(CAST({source} AS BIGINT) AS VARCHAR) "
            f"WHEN NOT isnan({source}) THEN CAST({source} AS VARCHAR) END"
        )
    if kind in {"binary", "large_binary", "binary_view"}:
        return f"try(decode({source}))"
    return source if kind in {"string", "large_string", "string_view"} else f"CAST({source} AS VARCHAR)"


def _timestamp(source: str, kind: str) -> str:
    if kind.startswith("timestamp[ns"):
        # A cast would round up into the next microsecond; a time is cut, never moved forward.
        return f"make_timestamptz(epoch_ns({source}) // 1000)"
    if kind.startswith("timestamp["):
        return f"CAST({source} AS TIMESTAMPTZ)"
    text = f"upper(CAST({source} AS VARCHAR))"
    # DuckDB reads an offset only where it follows the time directly.
    joined = rf"regexp_replace(trim({text}, E' \t\r\n'), '\s*(?:UTC|Z)$|\s+([+-][\d:]+)$', '\1')"
    zulu = f"CASE WHEN {text} SIMILAR TO '.*(UTC|Z)\\s*' THEN {joined} || 'Z' ELSE {joined} END"
    return f"CASE WHEN regexp_full_match({text}, {quoted(_ZONED)}) THEN TRY_CAST({zulu} AS TIMESTAMPTZ) END"


def _time_text(part: Part) -> str:
    return f"nullif(trim(CAST({_reference(part, 'occurred_at')} AS VARCHAR), E' \\t\\r\\n'), '')"


def _is_row(part: Part) -> str:
    return "fields IS NOT NULL" if part.kind == "NDJSON" else "true"


def _raw(part: Part) -> str:
    if part.kind == "NDJSON":
        return "line"
    present = [name for name in COLUMN_NAMES if name in part.columns]
    pairs = ", ".join(f"{name} := left(CAST({_reference(part, name)} AS VARCHAR), 200)" for name in present)
    return f"CAST(to_json(struct_pack({pairs})) AS VARCHAR)"


def _reason() -> str:
    types = ", ".join(map(quoted, EVENT_TYPES))
    years = f"epoch_us(occurred_at) < epoch_us(TIMESTAMPTZ '{FIRST_YEAR}-01-01 00:00:00Z')"
    years += f" OR epoch_us(occurred_at) >= epoch_us(TIMESTAMPTZ '{LAST_YEAR + 1}-01-01 00:00:00Z')"
    cases = [
        ("NOT is_row", NOT_JSON),
        ("event_type IS NULL", "event_type is missing"),
        (f"event_type NOT IN ({types})", UNKNOWN_TYPE),
        ("event_id IS NULL", "event_id is missing"),
        ("message_id IS NULL", "message_id is missing"),
        ("time_text IS NULL", "occurred_at is missing"),
        (f"occurred_at IS NULL AND regexp_full_match(upper(time_text), {quoted(_NUMBER)})", IS_NUMBER),
        (f"occurred_at IS NULL AND regexp_full_match(upper(time_text), {quoted(_DATE_AND_TIME)})", NO_ZONE),
        ("occurred_at IS NULL", "occurred_at is no time"),
        (years, f"occurred_at is before {FIRST_YEAR} or after {LAST_YEAR}"),
    ]
    return "CASE " + " ".join(f"WHEN {test} THEN {quoted(reason)}" for test, reason in cases) + " END"
