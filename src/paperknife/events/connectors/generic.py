"""Anybody's own event table (CSV, NDJSON, Parquet): a map says which column means what; see `column_map`.

Quirks
------
- Without a map, columns must have the canonical names; `recipient` may hold an address, which is hashed.
- Times need a zone, in the text or in the map.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

from paperknife.events.connectors.base import Connector, Fields
from paperknife.events.connectors.column_map import JOINED, OPTIONAL, REQUIRED, ColumnMap, load_map
from paperknife.events.connectors.values import BadRowError, flag, inner, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from paperknife.events.identity import RecipientHasher

CANONICAL: Final = ColumnMap(
    {**{name: (name,) for name in (*REQUIRED, *OPTIONAL)}, "recipient": ("recipient", "recipient_id")}
)
"""The map of a table that has our own names already."""


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
        "Maps for tables as Segment, Fivetran and Airbyte land them ship by name: --map segment.",
    )
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
        self.per_second = self.map.per_second  # type: ignore[misc]
        self.prefix = self.map.source

    def type_of(self, raw: Mapping[str, Any]) -> Any:
        """Return the event's type as the table names it."""
        return self._said(raw, "event_type")

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one row says, by the map."""
        said = self._said
        return Fields(
            occurred_at=self._moment(said(raw, "occurred_at")),
            message=said(raw, "message_id"),
            recipient=said(raw, "recipient"),
            event_id=said(raw, "event_id"),
            campaign=said(raw, "campaign_id"),
            ip=said(raw, "ip"),
            user_agent=said(raw, "user_agent"),
            url=said(raw, "url"),
            vendor_verdict=self._verdict(said(raw, "vendor_verdict")),
            sender=said(raw, "sender_id"),
            received_at=self._moment(said(raw, "received_at")) if "received_at" in self.map.columns else None,
            is_ambiguous=flag(said(raw, "is_ambiguous")),
            domain=said(raw, "recipient_domain"),
        )

    def _said(self, raw: Mapping[str, Any], ours: str) -> Any:
        """Return the value of one of our columns: of several of theirs the first that is filled, or for ids all."""
        names = self.map.columns.get(ours, ())
        if len(names) > 1 and ours in JOINED:
            parts = [text(_value(raw, name)) for name in names]
            return None if None in parts else ":".join(map(str, parts))
        for name in names:
            value = _value(raw, name)
            if value is not None and value != "":
                return value
        # An empty user agent is a sign of its own; a CSV cannot tell it from none.
        return "" if ours == "user_agent" and any(_value(raw, name) == "" for name in names) else None

    def _moment(self, value: Any) -> Any:
        """Return a time with the map's zone, where it has none of its own."""
        if isinstance(value, str) and self.map.time_format is not None:
            try:
                value = datetime.strptime(value.strip(), self.map.time_format)  # noqa: DTZ007 - the zone follows
            except ValueError as error:
                raise BadRowError("the time is not of the map's format") from error
        elif isinstance(value, str) and self.map.zone is not None and (":" in value or value.count("-") > 1):
            try:
                value = datetime.fromisoformat(value.strip())
            except ValueError:
                return value
        if isinstance(value, datetime) and value.tzinfo is None and self.map.zone is not None:
            return value.replace(tzinfo=self.map.zone)
        return value

    def _verdict(self, value: Any) -> str | None:
        word = str(value).lower()
        if word in self.map.machine:
            return "machine"
        return "human" if word in self.map.human else None


def _value(raw: Mapping[str, Any], name: str) -> Any:
    if name in raw or "." not in name:
        return raw.get(name)
    return inner(raw, *name.split("."))
