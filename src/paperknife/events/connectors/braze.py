"""Braze: events of the Currents HTTP connector ``{"events": [{"event_type", "user", "properties", …}]}``, and Avro files.

Quirks
------
- Currents' files hold flat records without their type: it is taken from the file's path
  (``…/event_type=users.messages.email.Open/date=…/….avro``), so keep the folders as Braze made them.
- There is no id of a message. `dispatch_id` is one transmission: alike for all users of a scheduled send, and for
  triggered ones and canvas steps one per user or shared by those sent near one another. All email events carry it.
  With the user it is the message. Where it is missing (old exports), `send_id`, campaign, variation, canvas and
  step stand for it together, and a campaign sent twice to one person is then one message.
- The recipient is `email_address`, else `external_user_id`, else `user_id`. An event without any is set aside: its
  dispatch alone would be everybody's. Since only `user_id` is on every event (an address may be null on some), its
  hash makes the message's id, where it is there.
- `machine_open` is the text ``"true"`` or null, and may come to name the process: any text but a denial becomes the
  vendor's verdict ``machine``. On clicks `is_suspected_bot_click` does.
- `sending_ip` is the sender's; the reader's is not given. `time` is whole seconds.
- Currents delivers at least once: the same `id` may come twice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from paperknife.events.connectors.base import FILE_NAME, Connector, Fields
from paperknife.events.connectors.values import BadRowError, first_text, flag, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_EMAIL: Final = "users.messages.email."
_IN_PATH: Final = re.compile(
    r"event_type=([\w.]+)"
    r"|((?:users\.)?(?:messages|behaviors|campaigns|canvas\w*)(?:\.[a-z]+)*\.[A-Z][A-Za-z]*)"
    r"|\bEmail_([A-Z][A-Za-z]*)"
)
"""The type in a path: by folder since 2018, in the file's name (``users.messages.email.Open.avro``), and before 2018
as ``Email_Open``."""
_NOT_FLAGGED: Final = frozenset({"", "false", "0", "no", "null", "none"})
_SEND: Final = ("send_id", "campaign_id", "message_variation_id", "canvas_id", "canvas_step_id")


class Braze(Connector):
    """Translates Braze's events."""

    name: ClassVar[str] = "braze"
    title: ClassVar[str] = "Braze"
    type_field: ClassVar[str] = "event_type"
    event_types: ClassVar[Mapping[str, str]] = {
        _EMAIL + "Send": "sent",
        _EMAIL + "Delivery": "delivered",
        _EMAIL + "Open": "open",
        _EMAIL + "Click": "click",
        _EMAIL + "Unsubscribe": "unsubscribe",
    }
    marks: ClassVar = (
        frozenset({"event_type", "user", "properties"}),
        frozenset({"user_id", "external_user_id", "time", "dispatch_id"}),
    )
    tier: ClassVar = "user agent and time"
    flag: ClassVar[str | None] = "machine_open, is_suspected_bot_click"
    quirks: ClassVar[tuple[str, ...]] = (
        "No message id: dispatch_id and the user stand for it.",
        "The type of a record in an Avro file stands in the file's path only: keep Braze's folders.",
        "Times are whole seconds; IP addresses are the sender's, and are left out.",
    )
    unconfirmed: ClassVar[tuple[str, ...]] = (
        "Since which version of the files every email event has dispatch_id.",
    )
    source: ClassVar[str] = (
        "Braze's Message Engagement Events glossary, Dispatch ID behavior, Event delivery semantics, and the HTTP "
        "samples of its currents-examples"
    )
    ask_for: ClassVar[str] = (
        "Currents with the message engagement events Email Send, Delivery, Open and Click, as files or over HTTP"
    )

    def unwrap(self, payload: Any, headers: Mapping[str, str]) -> Iterator[Any]:
        """Yield the events of a request or the records of a file, these with the type of the file's path."""
        hint = _type_of_path(headers.get(FILE_NAME, ""))
        for one in super().unwrap(payload, headers):
            events = one.get("events") if isinstance(one, dict) and "event_type" not in one else None
            for raw in events if isinstance(events, list) else (one,):
                if hint and isinstance(raw, dict) and not raw.get("event_type"):
                    yield {**raw, "event_type": hint}
                else:
                    yield raw

    def type_of(self, raw: Mapping[str, Any]) -> Any:
        """Return the name of an event's type."""
        kind = raw.get("event_type")
        if not kind:
            raise BadRowError(
                "the event's type is missing: it stands in the path of Braze's file, event_type=…"
            )
        return kind

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        properties = raw.get("properties")
        said = properties.get if isinstance(properties, dict) else raw.get
        user = raw.get("user")
        of_user = user.get if isinstance(user, dict) else raw.get
        user_id = text(of_user("user_id"))
        recipient = first_text(said("email_address"), of_user("external_user_id"), user_id)
        if recipient is None:
            raise BadRowError("the user is missing: a dispatch alone is no message")
        dispatch = text(said("dispatch_id")) or _send(said)
        return Fields(
            occurred_at=raw.get("time"),
            message=f"{dispatch}:{self.hasher.hash(user_id)}" if dispatch and user_id else dispatch,
            recipient=recipient,
            event_id=raw.get("id"),
            campaign=said("campaign_id") or said("canvas_id"),
            user_agent=said("user_agent"),
            url=said("url"),
            vendor_verdict=_verdict(said("machine_open"), said("is_suspected_bot_click")),
            names_recipient=user_id is not None,
        )


def _type_of_path(path: str) -> str | None:
    # The last one, so that a file's own name counts more than its folders'.
    found = _IN_PATH.findall(path)
    if not found:
        return None
    by_folder, by_name, old = found[-1]
    if old:
        return _EMAIL + str(old)
    named = str(by_folder or by_name)
    return named if named.startswith("users.") else f"users.{named}"


def _send(said: Callable[[str], Any]) -> str | None:
    """Return what comes nearest to a message where there is no dispatch."""
    return ":".join(filter(None, (text(said(name)) for name in _SEND))) or None


def _verdict(machine_open: Any, is_suspected: Any) -> str | None:
    flagged = machine_open is True or (
        isinstance(machine_open, str) and machine_open.strip().lower() not in _NOT_FLAGGED
    )
    return "machine" if flagged or flag(is_suspected) else None
