"""Times that are written without their zone: the zone is added, so that they mean one moment.

Some exports hold the clock of one place and say so only in their documentation. The forms are those that SQL Server
and spreadsheets write; day-first dates ("31/01/2026") are refused rather than guessed, for "01/02/2026" would be taken
for either.
"""

from __future__ import annotations

import re
from typing import Any, Final

_CLOCK: Final = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.:](?P<part>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
)
_FORMS: Final = tuple(
    re.compile(date + _CLOCK, re.ASCII)
    for date in (
        r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})[T ]\s*",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)[T ]\s*",
        r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4}),?\s+",
        r"(?P<name>[A-Za-z]{3})[a-z]*\.?\s+(?P<day>\d{1,2}),?\s+(?P<year>\d{4}),?\s+",
    )
)
_PLAIN: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?", re.ASCII)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONGEST: Final = 40
_NOON: Final = 12


def with_zone(value: Any, zone: str) -> Any:
    """Return a time with a zone: as ISO 8601 with the given one where it is a text without any, else as it is.

    Parameters
    ----------
    value : object
        "2026-01-31 09:00:00.123", "1/31/2026 9:00:00 AM", "Jan 31 2026  9:00AM" and the like. What has a zone, is a
        number, or is no time is returned unchanged.
    zone : str
        As ISO 8601 writes it: "-06:00".

    Examples
    --------
    >>> with_zone("1/31/2026 9:05 PM", "-06:00")
    '2026-01-31T21:05:00-06:00'
    >>> with_zone("2026-01-31T09:00:00Z", "-06:00")
    '2026-01-31T09:00:00Z'
    """
    if not isinstance(value, str) or len(value) > _LONGEST:
        return value
    written = value.strip()
    if _PLAIN.fullmatch(written):
        return written + zone
    found = next((match for form in _FORMS if (match := form.fullmatch(written))), None)
    if found is None:
        return value
    said = found.groupdict()
    hour, name = int(said["hour"]), said.get("name")
    if half := said["half"]:
        if not 1 <= hour <= _NOON:
            return value
        hour = hour % _NOON + (_NOON if half in "pP" else 0)
    if name is None:
        month = int(said["month"])
    elif name.lower() in _MONTHS:
        month = _MONTHS.index(name.lower()) + 1
    else:
        return value
    seconds = (said["second"] or "00") + (f".{said['part']}" if said["part"] else "")
    return f"{said['year']}-{month:02d}-{int(said['day']):02d}T{hour:02d}:{said['minute']}:{seconds}{zone}"
