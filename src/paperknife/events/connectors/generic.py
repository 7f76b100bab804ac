r"""Anybody's own event table (CSV, NDJSON, Parquet): a map says which column means what; see `column_map`.

Quirks
------
- Without a map, columns must have the canonical names; `recipient` may hold an address, which is hashed.
- Times need a zone, in the text or in the map, and an hour: a date alone is no time of an open.
- What warehouses and pandas write for a missing value (``\N``, ``NULL``, ``nan``) is none, and so is an empty text;
  save that an empty user agent stays one, a sign of its own, where the file can tell it from none. CSV cannot.
- Whole numbers that became floats or decimals on the way are ids again. A float from 2^53 on may have lost digits, and
  would join what does not belong together: its row is set aside.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import UUID

from paperknife.errors import did_you_mean
from paperknife.events.connectors.base import Connector, Fields
from paperknife.events.connectors.column_map import (
    JOINED,
    OPTIONAL,
    REQUIRED,
    ColumnMap,
    load_map,
    shipped_maps,
)
from paperknife.events.connectors.values import (
    BadRowError,
    embedded_json,
    flag,
    mail_addresses,
    microseconds,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from paperknife.events.identity import RecipientHasher

CANONICAL: Final = ColumnMap(
    {**{name: ((name,),) for name in (*REQUIRED, *OPTIONAL)}, "recipient": (("recipient", "recipient_id"),)}
)
"""The map of a table that has our own names already."""

_NONE: Final = frozenset({"", "[]", "{}", "\\N", "NULL", "null", "None", "nan", "NaN", "NaT"})
"""What stands for no value in CSVs: of PostgreSQL, MySQL, Hive and Snowflake the first, of pandas the last ones.
Brackets are lists and objects without anything in them, as JSON in a text."""
_EXACT: Final = 2**53
"""Below, no two whole numbers become the same float."""
_NAME_SHOWN: Final = 30
_NAMES_SHOWN: Final = 20
_LOOKED_AT: Final = 1_000
_HINTS: Final = {
    "the time has no time zone": "the time has no zone: name it in the map, under [times]",
    "the time is no time": "the time is not understood: give its format in the map, under [times]",
}


class Generic(Connector):
    """Translates rows by a map.

    Parameters
    ----------
    hasher : RecipientHasher, optional
        Default: one with the user's key.
    mapping : ColumnMap, path or name, optional
        Default: columns have the canonical names.
    """

    name: ClassVar[str] = "generic"
    title: ClassVar[str] = "Your own table"
    event_types: Mapping[str, str]  # type: ignore[misc]  # the map's
    marks: ClassVar = ()  # nothing tells it from others: it is never recognised, always asked for
    tier: ClassVar = "varies"
    quirks: ClassVar[tuple[str, ...]] = (
        "CSV, NDJSON or Parquet; a TOML map says which column means what.",
        "Times need a zone, in the text or in the map.",
        "Maps for tables as Segment, Fivetran and Airbyte land them ship by name: --map segment.",
    )
    per_second: ClassVar[int] = 1_000_000  # times are read here, by the map's unit
    source: ClassVar[str] = "own contract"
    ask_for: ClassVar[str] = "a table with one row for each event, with its time"

    def __init__(
        self, hasher: RecipientHasher | None = None, mapping: ColumnMap | str | Path | None = None
    ) -> None:
        super().__init__(hasher)
        self.map = (
            mapping if isinstance(mapping, ColumnMap) else CANONICAL if mapping is None else load_map(mapping)
        )
        self.event_types = self.map.event_types
        self.prefix = self.map.source
        # A map that ships is for tables of several shapes; a map of one's own should find all that it names.
        self._is_own_map = mapping is not None and str(mapping) not in shipped_maps()

    def lacking(self, payloads: Sequence[Any]) -> str | None:
        """Return what is said to somebody whose table lacks columns that must be there; None where it lacks none.

        Parameters
        ----------
        payloads : sequence of object
            The table's first rows.
        """
        rows = _rows(payloads)
        missing = [ours for ours in REQUIRED if not self._is_found(rows, ours)]
        if not rows or not missing:
            return None
        found = ", ".join(f"'{name[:_NAME_SHOWN]}'" for name in list(rows[0])[:_NAMES_SHOWN])
        named = ", ".join(
            ours if self.map is CANONICAL else f"{ours} (the map says '{self.map.columns[ours][0][0]}')"
            for ours in missing
        )
        return (
            f"has no column for {named}. Found: {found}. Say in a TOML file which of yours means what, and name it with "
            f'--map FILE: under [columns] lines such as event_type = "kind", under [event_types] lines such as '
            'Opened = "open"; the README shows one.'
        )

    def unused(self, payloads: Sequence[Any]) -> Iterator[str]:
        """Yield a sentence for each column that the user's own map names and none of the first rows has."""
        rows = _rows(payloads)
        if not rows or not self._is_own_map:
            return
        for ours in self.map.columns:
            if ours not in REQUIRED and not self._is_found(rows, ours):
                theirs = self.map.columns[ours][0][0]
                near = did_you_mean(theirs, list(rows[0]))
                yield f"The map's {ours} is never filled: there is no column '{theirs[:_NAME_SHOWN]}'.{near}"

    def _is_found(self, rows: Sequence[Mapping[str, Any]], ours: str) -> bool:
        return all(
            any(_has(row, name) for row in rows for name in names) for names in self.map.columns.get(ours, ())
        )

    def type_of(self, raw: Mapping[str, Any]) -> Any:
        """Return the event's type as the table names it."""
        kind = text(self._required(raw, "event_type"))
        return kind and kind.strip()

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one row says, by the map."""
        said = self._said
        return Fields(
            occurred_at=self._moment(self._required(raw, "occurred_at")),
            message=self._required(raw, "message_id"),
            recipient=_recipient(said(raw, "recipient")),
            event_id=said(raw, "event_id"),
            campaign=_campaign(said(raw, "campaign_id")),
            ip=said(raw, "ip"),
            user_agent=self._user_agent(raw),
            url=said(raw, "url"),
            vendor_verdict=self._verdict(said(raw, "vendor_verdict")),
            sender=said(raw, "sender_id"),
            received_at=self._received(said(raw, "received_at")),
            is_ambiguous=flag(said(raw, "is_ambiguous")),
            domain=said(raw, "recipient_domain"),
        )

    def _said(self, raw: Mapping[str, Any], ours: str) -> Any:
        """Return the value of one of our columns: of several of theirs the first that is filled, or for ids all."""
        parts = self.map.columns.get(ours, ())
        if ours not in JOINED:
            return _first(raw, parts[0]) if parts else None
        ids = [text(_whole(_first(raw, names))) for names in parts]
        return ":".join(map(str, ids)) if ids and None not in ids else None

    def _required(self, raw: Mapping[str, Any], ours: str) -> Any:
        """Return the value of a column without which no row can be used; where there is no such column, say so."""
        value = self._said(raw, ours)
        if value is None:
            for names in self.map.columns[ours]:
                if not any(_has(raw, name) for name in names):
                    shown = names[0][:_NAME_SHOWN]
                    hint = (
                        "say which of yours it is by --map" if self.map is CANONICAL else f"the map's {ours}"
                    )
                    raise BadRowError(f"there is no column '{shown}': {hint}")
        return value

    def _user_agent(self, raw: Mapping[str, Any]) -> Any:
        found = self._said(raw, "user_agent")
        if found is not None:
            return found
        names = self.map.columns.get("user_agent", ((),))[0]
        return "" if any(_value(raw, name) == "" for name in names) else None

    def _moment(self, value: Any) -> int:
        """Return a time in microseconds, read by the map's format, zone and unit."""
        if self.map.time_format is None and _is_only_date(value):
            raise BadRowError("the time is a date without an hour")
        try:
            return microseconds(self._zoned(value), self.map.per_second)
        except BadRowError as bad:
            reason = str(bad)
            if "before" in reason and not isinstance(value, datetime):
                raise BadRowError(f"{reason}: is the map's unit right?") from bad
            raise BadRowError(_HINTS.get(reason, reason)) from bad

    def _zoned(self, value: Any) -> Any:
        """Return a time with the map's zone, where it has none of its own."""
        if isinstance(value, str) and self.map.time_format is not None:
            try:
                value = datetime.strptime(value.strip(), self.map.time_format)  # noqa: DTZ007 - the zone follows
            except ValueError as error:
                raise BadRowError("the time is not of the map's format") from error
        elif isinstance(value, str) and self.map.zone is not None and (":" in value or "T" in value):
            try:
                value = datetime.fromisoformat(value.strip())
            except ValueError:
                return value
        if isinstance(value, datetime) and value.tzinfo is None and self.map.zone is not None:
            return value.replace(tzinfo=self.map.zone)
        return value

    def _received(self, value: Any) -> int | None:
        try:
            return None if value is None else self._moment(value)
        except BadRowError:
            return None  # of use, but no reason to lose the event

    def _verdict(self, value: Any) -> str | None:
        if value is None:
            return None
        word = str(value).strip().lower()
        if word in self.map.machine:
            return "machine"
        return "human" if word in self.map.human else None


def _first(raw: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """Return the first of the values that is filled."""
    for name in names:
        value = _plain(_value(raw, name))
        if value is not None:
            return value
    return None


def _value(raw: Mapping[str, Any], name: str) -> Any:
    """Return what stands in a column, or in a field of an object (or of JSON as text) that stands in one."""
    value = raw.get(name)
    if value is not None:
        return value
    own = _own_name(raw, name)
    if own is not None or "." not in name:
        return None if own is None else raw[own]
    column, *fields = name.split(".")
    own = _own_name(raw, column)
    value = None if own is None else raw[own]
    for field in fields:
        value = _opened(value) if isinstance(value, str) else value
        value = value.get(field) if isinstance(value, dict) else None
    return value


def _rows(payloads: Sequence[Any]) -> list[Mapping[str, Any]]:
    """Return the first rows among payloads, arrays of rows opened."""
    flat = (row for one in payloads[:_LOOKED_AT] for row in (one if isinstance(one, list) else (one,)))
    rows: list[Mapping[str, Any]] = [row for row in flat if isinstance(row, dict)]
    return rows[:_LOOKED_AT]


def _has(raw: Mapping[str, Any], name: str) -> bool:
    return _own_name(raw, name) is not None or _own_name(raw, name.partition(".")[0]) is not None


def _own_name(raw: Mapping[str, Any], name: str) -> str | None:
    """Return how a table spells a column's name, None where it has no such column."""
    return name if name in raw.keys() else _spellings(tuple(raw)).get(name.lower())  # noqa: SIM118 - no dict, no keys


@lru_cache(maxsize=256)
def _spellings(names: tuple[str, ...]) -> dict[str, str]:
    return {name.lower(): name for name in reversed(names)}


@lru_cache(maxsize=16)
def _opened(value: str) -> Any:
    """Return the object that JSON in a text stands for; remembered, as many columns of a row ask for one."""
    return embedded_json(value)


def _plain(value: Any) -> Any:
    """Return a value as JSON would hold it; None for all that stands for none."""
    if value is None or (isinstance(value, list | dict) and not value):
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        return None if value in _NONE or value.isspace() else value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            return None
        is_exact = isinstance(value, Decimal) or abs(value) < _EXACT
        return int(value) if is_exact and int(value) == value else value
    return value


def _whole(value: Any) -> Any:
    """Return an id as it is, unless it has become a float that may be another's."""
    if isinstance(value, float | Decimal):
        raise BadRowError("an id is a float that has lost digits: keep ids as text or integers")
    return value


def _campaign(value: Any) -> Any:
    """Return the list that JSON in a text stands for (of a list, the first counts), and all else as it is."""
    return _opened(value) if isinstance(value, str) and value.startswith("[") else value


def _recipient(value: Any) -> Any:
    """Return the bare address of a mail header's ``Ada Fern <ada@example.org>``, and all else as it is."""
    if isinstance(value, str) and "<" in value and len(found := mail_addresses(value)) == 1:
        return found[0]
    return _whole(value)


def _is_only_date(value: Any) -> bool:
    if not isinstance(value, str):
        return isinstance(value, date) and not isinstance(value, datetime)
    if ":" in value:
        return False
    year, *rest = value.strip().split("-")
    return len(rest) == 2 and len(year) == 4 and all(part.isdigit() for part in (year, *rest))  # noqa: PLR2004
