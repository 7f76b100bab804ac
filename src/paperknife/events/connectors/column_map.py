"""Which columns of somebody's own event table mean what: a small TOML file for the provider "generic".

    source = "shop"                 # what event ids begin with; left out: generic

    [columns]                       # ours = yours; of a list the first that is filled, for ids all of them, joined
    event_id = "id"
    event_type = "event"
    occurred_at = "timestamp"
    message_id = ["mailing", ["user_id", "anonymous_id"]]   # a list inside: of these, the first that is filled
    recipient = "email"
    ip = "context_ip"

    [event_types]                   # yours = ours; left out: ours are expected
    email_opened = "open"

    [times]
    unit = "s"                      # of times that are numbers: s, ms or us
    zone = "America/Chicago"        # of times without a zone
    format = "%m/%d/%Y %I:%M:%S %p" # of times that are not ISO 8601

    [vendor_verdict]                # what in the column vendor_verdict is the provider's word for a machine, or a person
    machine = ["true"]
    human = []

Names match in any case (Snowflake writes them in capitals). One with dots also reaches into nested objects, and into
JSON inside a text: ``properties.campaign_id``.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from paperknife.errors import PayloadError, did_you_mean
from paperknife.events.schema import EVENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    Parts = tuple[tuple[str, ...], ...]

SHIPPED: Final = Path(__file__).parent / "column_maps"
"""Folder of the maps that ship: for event tables as Segment, Fivetran and Airbyte land them."""

REQUIRED: Final = ("occurred_at", "message_id", "event_type")
OPTIONAL: Final = (
    "event_id", "recipient", "recipient_domain", "campaign_id", "ip", "user_agent", "url", "vendor_verdict", "sender_id",
    "received_at", "is_ambiguous",
)  # fmt: skip
JOINED: Final = frozenset({"event_id", "message_id"})
UNITS: Final[Mapping[str, int]] = {"s": 1, "ms": 1_000, "us": 1_000_000}
_TABLES: Final = ("columns", "event_types", "times", "vendor_verdict")
_TIMES: Final = ("unit", "zone", "format")
_VERDICTS: Final = ("machine", "human")
_HOURS: Final = ("%H", "%I", "%X", "%c")


@dataclass(frozen=True)
class ColumnMap:
    """What a map says; made by `load_map`.

    Attributes
    ----------
    columns : dict of str to tuple of tuples of str
        Ours -> the parts to join, each as theirs of which the first that is filled counts.
    event_types : dict of str to str
        Theirs -> ours.
    source : str
    per_second : int
        What a time that is a number counts.
    zone : tzinfo or None
        Of times without one.
    time_format : str or None
        As `datetime.strptime` takes it.
    machine, human : frozenset of str
        Lower case.
    """

    columns: dict[str, Parts]
    event_types: dict[str, str] = field(default_factory=lambda: {kind: kind for kind in EVENT_TYPES})
    source: str = "generic"
    per_second: int = 1
    zone: tzinfo | None = None
    time_format: str | None = None
    machine: frozenset[str] = frozenset({"machine", "true", "1"})
    human: frozenset[str] = frozenset({"human"})


def load_map(source: str | Path) -> ColumnMap:
    """Return the map in a TOML file, or the shipped one of that name.

    Raises
    ------
    PayloadError
        There is no such file, it is no TOML, or it says what cannot be: all problems at once.
    """
    path = Path(source)
    if str(source) in shipped_maps() and not path.is_file():
        path = SHIPPED / f"{source}.toml"
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        names = shipped_maps()
        raise PayloadError(
            f"The map {source} cannot be read ({error.strerror}). Expected a TOML file, or the name of a map that ships: "
            f"{', '.join(names)}.{did_you_mean(str(source), names)}"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PayloadError(f"The map {source} is no TOML: {str(error).splitlines()[0]}.") from error
    return map_of(said, name=f"The map {source}")


def shipped_maps() -> list[str]:
    """Return the names of the maps that ship."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def map_of(said: Mapping[str, Any], *, name: str = "The map") -> ColumnMap:
    """Return the map that a TOML document holds; see `load_map`."""
    known = (*_TABLES, "source")
    faults = [f"'{key}' is unknown.{did_you_mean(key, known)}" for key in said if key not in known]
    columns = _columns(_table(said, "columns", faults), faults)
    event_types = _event_types(_table(said, "event_types", faults), faults)
    unit, zone, time_format = _times(_table(said, "times", faults), faults)
    words = _verdicts(_table(said, "vendor_verdict", faults), columns, faults)
    source = said.get("source", "generic")
    if not isinstance(source, str) or not source.isidentifier():
        faults.append("'source' must be one word of letters, digits and underscores")
    if faults:
        told = "; ".join(fault.rstrip(".") for fault in faults)
        raise PayloadError(f"{name} cannot be used: {told}{'' if told.endswith('?') else '.'}")
    return ColumnMap(
        columns=columns,
        event_types=event_types or {kind: kind for kind in EVENT_TYPES},
        source=source,
        per_second=UNITS[unit],
        zone=zone,
        time_format=time_format,
        **words,
    )


def _table(said: Mapping[str, Any], name: str, faults: list[str]) -> dict[str, Any]:
    table = said.get(name, {})
    if isinstance(table, dict):
        return table
    faults.append(f"'{name}' must be a table: [{name}]")
    return {}


def _columns(table: dict[str, Any], faults: list[str]) -> dict[str, Parts]:
    known = (*REQUIRED, *OPTIONAL)
    columns: dict[str, Parts] = {}
    for ours, theirs in table.items():
        if ours == "source":
            faults.append("'source' must stand above the first table, not in [columns]")
        elif ours not in known:
            faults.append(f"column '{ours}' is none of ours.{did_you_mean(ours, known)}")
        elif (parts := _parts(theirs, is_joined=ours in JOINED)) is None:
            faults.append(f"column '{ours}' must name a column of yours, or a list of them")
        else:
            columns[ours] = parts
    missing = [one for one in REQUIRED if one not in table]
    if missing:
        faults.append(f"[columns] lacks {', '.join(missing)}")
    return columns


def _parts(theirs: Any, *, is_joined: bool) -> Parts | None:
    """Return what is to be joined, each as alternatives; None where it is no such thing."""
    given = theirs if isinstance(theirs, list) else [theirs]
    parts = [one if isinstance(one, list) else [one] for one in given] if is_joined else [given]
    is_named = all(part and all(isinstance(name, str) and name for name in part) for part in parts)
    return tuple(map(tuple, parts)) if parts and is_named else None


def _event_types(table: dict[str, Any], faults: list[str]) -> dict[str, str]:
    for theirs, ours in table.items():
        if ours not in EVENT_TYPES:
            faults.append(
                f"event type '{theirs}' becomes '{ours}', which is none of {', '.join(EVENT_TYPES)}."
                f"{did_you_mean(str(ours), EVENT_TYPES)}"
            )
    return {str(theirs): ours for theirs, ours in table.items() if ours in EVENT_TYPES}


def _times(table: dict[str, Any], faults: list[str]) -> tuple[str, tzinfo | None, str | None]:
    import zoneinfo

    faults += [
        f"'{key}' under [times] is unknown.{did_you_mean(key, _TIMES)}" for key in table if key not in _TIMES
    ]
    unit = table.get("unit", "s")
    if not isinstance(unit, str) or unit not in UNITS:
        faults.append(f"the unit '{unit}' is none of {', '.join(UNITS)}")
    zone = None
    if (name := table.get("zone")) is not None:
        try:
            zone = zoneinfo.ZoneInfo(str(name))
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            faults.append(f"the zone '{name}' is unknown; write it as America/Chicago or UTC")
    time_format = table.get("format")
    if time_format is not None and not _is_format(time_format):
        faults.append(
            f"the format of times '{time_format}' is none with an hour as strptime takes it, "
            "such as '%Y-%m-%d %H:%M:%S'"
        )
    return unit, zone, time_format


def _is_format(time_format: Any) -> bool:
    if not isinstance(time_format, str) or not any(hour in time_format for hour in _HOURS):
        return False
    try:
        datetime.strptime(datetime.now(UTC).strftime(time_format), time_format)  # noqa: DTZ007 - not used
    except ValueError:
        return False
    return True


def _verdicts(
    table: dict[str, Any], columns: Mapping[str, Parts], faults: list[str]
) -> dict[str, frozenset[str]]:
    words: dict[str, frozenset[str]] = {}
    for which, said in table.items():
        if which not in _VERDICTS:
            faults.append(f"'{which}' under [vendor_verdict] is unknown.{did_you_mean(which, _VERDICTS)}")
        elif not isinstance(said, list):
            faults.append(f"'{which}' under [vendor_verdict] must be a list of words")
        else:
            words[which] = frozenset(str(word).strip().lower() for word in said)
    both = words.get("machine", frozenset()) & words.get("human", frozenset())
    if both:
        faults.append(f"[vendor_verdict] takes '{min(both)}' for a machine and for a person")
    if table and "vendor_verdict" not in columns:
        faults.append("[vendor_verdict] explains a column that [columns] does not name: vendor_verdict")
    return words
