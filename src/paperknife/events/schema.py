"""The canonical event log: its columns, their types and what they mean.

One row is one event of one message. Only the first four columns must exist; the others may be missing or null.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

EventType = Literal["sent", "delivered", "open", "click", "reply", "unsubscribe"]

EVENT_TYPES: Final[tuple[str, ...]] = ("sent", "delivered", "open", "click", "reply", "unsubscribe")
"""The event types the log keeps; any other value is counted, reported and left out."""

VENDOR_VERDICTS: Final[tuple[str, ...]] = ("machine", "human")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the canonical log.

    Attributes
    ----------
    name : str
    kind : {"string", "timestamp", "boolean"}
        `timestamp` is UTC with microseconds.
    meaning : str
    is_required : bool
    """

    name: str
    kind: Literal["string", "timestamp", "boolean"]
    meaning: str
    is_required: bool = False

    @property
    def sql_type(self) -> str:
        """DuckDB's name of the column's type."""
        return {"string": "VARCHAR", "timestamp": "TIMESTAMPTZ", "boolean": "BOOLEAN"}[self.kind]


COLUMNS: Final[tuple[Column, ...]] = (
    Column("event_id", "string", "unique; events with the same id are duplicates", is_required=True),
    Column("event_type", "string", "sent, delivered, open, click, reply or unsubscribe", is_required=True),
    Column("occurred_at", "timestamp", "when it happened by the provider's clock", is_required=True),
    Column("message_id", "string", "one message to one recipient", is_required=True),
    Column("recipient_id", "string", "pseudonym of the recipient"),
    Column("recipient_domain", "string", "mailbox domain, lower case"),
    Column("campaign_id", "string", "null for one-to-one mail"),
    Column("ip", "string", "address of the fetch or click"),
    Column("user_agent", "string", "user agent of the fetch or click"),
    Column("url", "string", "clicked link"),
    Column("vendor_verdict", "string", "the provider's own word: machine, human or null; never a feature"),
    Column("source", "string", "provider name"),
    Column("sender_id", "string", "who sent, for one-to-one mail"),
    Column("received_at", "timestamp", "when we got it, if known"),
    Column("is_ambiguous", "boolean", "the provider cannot tell which recipient: scored, never trained on"),
    Column("network_class", "string", "filled when the IP was forgotten"),
    Column("client_family", "string", "filled when the user agent was forgotten"),
)

COLUMN_NAMES: Final[tuple[str, ...]] = tuple(column.name for column in COLUMNS)
REQUIRED_COLUMNS: Final[tuple[str, ...]] = tuple(column.name for column in COLUMNS if column.is_required)
