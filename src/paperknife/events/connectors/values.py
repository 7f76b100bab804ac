"""The values of a provider's event, one by one: texts, times and nested fields, whatever stands there.

Nothing here raises for a value but `BadRowError`, whose text is the reason that goes into the quarantine.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import getaddresses
from typing import Any, Final

import msgspec

from paperknife.events.casting import FIRST_YEAR, LAST_YEAR

FIRST_US: Final = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
AFTER_US: Final = int(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
"""A time before the first or from the second on is a broken clock or a wrong unit, not an event."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER_LIMIT: Final = 40


class BadRowError(Exception):
    """One event of a payload cannot be used; its text is the reason, and never holds a value of the row."""


def as_given(value: Any) -> str | None:
    """Return a text as it is, blank or not; None for all else.

    A lone surrogate, which is no character, becomes a question mark: neither Arrow nor Parquet can hold it.
    """
    if not isinstance(value, str):
        return None
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def text(value: Any) -> str | None:
    """Return a value as text: a text that is not blank, or an integer (exactly); None for all else."""
    if isinstance(value, str):
        return None if not value or value.isspace() else as_given(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def first_text(*values: Any) -> str | None:
    """Return the first of the values that is text; of a list, its first item counts."""
    for value in values:
        found = text(value[0] if isinstance(value, list) and value else value)
        if found is not None:
            return found
    return None


def inner(value: Any, *names: str) -> Any:
    """Return a field of nested objects, or None where one on the way is missing or no object."""
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def items(value: Any) -> list[Any]:
    """Return a list as it is, and of all else an empty one."""
    return value if isinstance(value, list) else []


def without_brackets(value: Any) -> str | None:
    """Return a Message-ID without the angle brackets that mail headers put around it; None for what is no text."""
    found = text(value)
    return found.strip().strip("<>") or None if found else None


def mail_addresses(value: Any) -> list[str]:
    """Return the bare addresses of a text or a list of texts ("Ada Fern <ada@example.org>"), each once, in order.

    A text in which no address can be found stands for itself: nobody is lost.
    """
    found: dict[str, str] = {}
    for one in value if isinstance(value, list) else (value,):
        said = text(one)
        for address in () if said is None else _bare_addresses(said):
            found.setdefault(address.lower(), address)
    return list(found.values())


def _bare_addresses(said: str) -> list[str]:
    if "<" not in said and "," not in said and "(" not in said and ";" not in said:
        return [said.strip()]
    try:
        return [address for _, address in getaddresses([said]) if address] or [said.strip()]
    except RecursionError:  # comments in comments in comments
        return [said.strip()]


def embedded_json(value: Any) -> Any:
    """Return what JSON inside a text stands for; all else, and a text that is no JSON, as it is."""
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return value


def flag(value: Any) -> bool | None:
    """Return a yes or no that may come as a boolean, as text ("true", "False", "1") or as 0 and 1; None for all else."""
    if isinstance(value, bool):
        return value
    said = value.strip().lower() if isinstance(value, str) else value
    if said in ("true", "1", 1):
        return True
    return False if said in ("false", "0", 0) else None


def microseconds(value: Any, per_second: int = 1) -> int:
    """Return a time as integer microseconds since 1970, UTC.

    Parameters
    ----------
    value : object
        A number since 1970 (int, float or text), or ISO 8601 with a zone ("2026-01-31T09:00:00.1234567Z",
        "2026-01-31 09:00:00 +00:00").
    per_second : int
        What a number counts: 1 for seconds, 1000 for milliseconds, 1000000 for microseconds.

    Returns
    -------
    int
        Digits beyond the microsecond are cut; a float is taken by its shortest decimal, so that 1521472262.908181
        stays exactly that.

    Raises
    ------
    BadRowError
        For what is no time, has no zone, or lies before 2000 or after 2100.
    """
    if value is None or value == "":
        raise BadRowError("the time is missing")
    if type(value) is int:
        moment = value * 1_000_000 // per_second if abs(value) < AFTER_US else AFTER_US
    elif isinstance(value, float | Decimal):
        moment = _from_decimal(repr(value) if isinstance(value, float) else str(value), per_second)
    elif isinstance(value, datetime):
        moment = _from_datetime(value)
    elif isinstance(value, str):
        moment = _from_text(value.strip(), per_second)
    else:
        raise BadRowError("the time is no time")
    if not FIRST_US <= moment < AFTER_US:
        raise BadRowError(f"the time is before {FIRST_YEAR} or after {LAST_YEAR}")
    return moment


def _from_text(value: str, per_second: int) -> int:
    if len(value) > _NUMBER_LIMIT:
        raise BadRowError("the time is no time")
    if "T" not in value and ":" not in value and value.count("-") < 2:  # noqa: PLR2004 - a date has two
        return _from_decimal(value, per_second)
    plain = value.removesuffix(" UTC") + "Z" if value.endswith(" UTC") else value
    head, space, zone = plain.rpartition(" ")
    if space and zone[:1] in {"+", "-"}:
        plain = head + zone
    try:
        return _from_datetime(datetime.fromisoformat(plain))
    except (ValueError, OverflowError) as error:
        raise BadRowError("the time is no time") from error


def _from_datetime(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise BadRowError("the time has no time zone")
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _from_decimal(value: str, per_second: int) -> int:
    try:
        number = Decimal(value)
        return int(number * 1_000_000 / per_second) if number.adjusted() < _NUMBER_LIMIT else AFTER_US
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise BadRowError("the time is no time") from error
