"""Which of several rows with one `event_id` stays: the rule that every reader and writer of logs shares.

The earliest `received_at` stays (a row that says it before one that does not), then the earliest `occurred_at` (one id
has two only where a provider reports one display of a message by two pixels), then the smallest hash of the row, so that
the result depends neither on the order of the rows nor on the files they lie in.
"""

from __future__ import annotations

from typing import Final

from paperknife.events.schema import COLUMN_NAMES

# The equals sign tells an empty text from a null; the separator cannot be confused with either.
_TEXTS = ", ".join(f"coalesce('=' || CAST({name} AS VARCHAR), '')" for name in COLUMN_NAMES)

IS_FIRST: Final = (
    "row_number() OVER (PARTITION BY event_id "
    f"ORDER BY received_at NULLS LAST, occurred_at, md5(concat_ws(chr(31), {_TEXTS}))) = 1"
)
"""SQL for QUALIFY over the canonical columns, in a session whose TimeZone is UTC."""
