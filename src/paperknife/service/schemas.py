"""What callers send and get, as pydantic models apart from the domain: they check shapes and document calls.

What the values mean (times with a zone, addresses, vocabularies) is checked where it is read, in
`paperknife.verdicts.given_events`, so that Python callers hear the same.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from paperknife.events.schema import COLUMNS
from paperknife.verdicts.asking import MOST_EVENTS
from paperknife.verdicts.given_events import MOST_CHARACTERS

MOST_OPENS: Final = 10_000
"""Opens in one batch call; a larger log is a job for `paperknife score`."""

_MEANING: Final = {column.name: column.meaning for column in COLUMNS}

Text = Annotated[str, Field(max_length=MOST_CHARACTERS)]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]

_OPEN_EXAMPLE: Final = {
    "event_id": "e-7f3a",
    "occurred_at": "2026-03-02T10:00:04.120Z",
    "message_id": "m-1842",
    "recipient_id": "r-0c91",
    "recipient_domain": "example.org",
    "campaign_id": "spring-sale",
    "ip": "172.225.10.20",
    "user_agent": "Mozilla/5.0",
}
_DELIVERY_EXAMPLE: Final = {
    "event_id": "e-7f39",
    "event_type": "delivered",
    "occurred_at": "2026-03-02T10:00:00.481Z",
    "message_id": "m-1842",
    "recipient_id": "r-0c91",
    "recipient_domain": "example.org",
    "campaign_id": "spring-sale",
}
QUESTION_EXAMPLE: Final[dict[str, Any]] = {
    "open": _OPEN_EXAMPLE,
    "events": [_DELIVERY_EXAMPLE],
    "reasons": True,
}

QUESTION_EXAMPLES: Final[dict[str, Any]] = {
    "prefetch": {
        "summary": "An Apple fetch four seconds after the delivery",
        "value": QUESTION_EXAMPLE,
    },
    "least": {
        "summary": "The least that can be asked: an id, a time, a message",
        "value": {"open": {"event_id": "e1", "occurred_at": "2026-03-02T10:00:00Z", "message_id": "m1"}},
    },
    "settled": {
        "summary": "Looking back: the same open with the click that came an hour later",
        "value": {
            "open": _OPEN_EXAMPLE,
            "events": [
                _DELIVERY_EXAMPLE,
                {
                    "event_id": "e-8021",
                    "event_type": "click",
                    "occurred_at": "2026-03-02T11:07:31Z",
                    "message_id": "m-1842",
                    "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) "
                    "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
                },
            ],
            "horizon": "settled",
            "preset": "notify",
        },
    },
}
BATCH_EXAMPLES: Final[dict[str, Any]] = {
    "two": {
        "summary": "Two opens",
        "value": {"opens": [QUESTION_EXAMPLE, QUESTION_EXAMPLES["least"]["value"]]},
    },
}
_VERDICT_EXAMPLE: Final[dict[str, Any]] = {
    "event_id": "e-7f3a",
    "message_id": "m-1842",
    "recipient_id": "r-0c91",
    "campaign_id": "spring-sale",
    "occurred_at": "2026-03-02T10:00:04.120000Z",
    "horizon": "instant",
    "seen_s": 0.0,
    "p_human": 0.04,
    "p_prefetch": 0.95,
    "p_machine": 0.01,
    "verdict": "prefetch",
    "reasons": ["timing:prefetch", "client:prefetch"],
    "mechanism": "apple_relay",
    "evidence": "full",
    "model_id": "5d0c1e7a9b42",
}


class _Asked(BaseModel):
    """Strict: no text is taken for a number or a boolean, no name is passed over."""

    model_config = ConfigDict(strict=True, extra="forbid")


class _Columns(_Asked):
    """The canonical columns that an open and any other event share."""

    event_id: Text = Field(min_length=1, description=_MEANING["event_id"])
    occurred_at: Time = Field(description=f"{_MEANING['occurred_at']}: ISO 8601 with a zone")
    message_id: Text = Field(min_length=1, description=_MEANING["message_id"])
    recipient_id: Text | None = Field(None, description=_MEANING["recipient_id"])
    recipient_domain: Text | None = Field(None, description=_MEANING["recipient_domain"])
    campaign_id: Text | None = Field(None, description=_MEANING["campaign_id"])
    ip: Text | None = Field(None, description=f"{_MEANING['ip']}, IPv4 or IPv6")
    user_agent: str | None = Field(None, description=_MEANING["user_agent"])
    url: Text | None = Field(None, description=_MEANING["url"])
    vendor_verdict: Text | None = Field(None, description=_MEANING["vendor_verdict"])
    source: Text | None = Field(None, description=_MEANING["source"])
    sender_id: Text | None = Field(None, description=_MEANING["sender_id"])
    received_at: Time | None = Field(None, description=_MEANING["received_at"])
    is_ambiguous: bool | None = Field(None, description=_MEANING["is_ambiguous"])
    network_class: Text | None = Field(None, description=_MEANING["network_class"])
    client_family: Text | None = Field(None, description=_MEANING["client_family"])


class OpenAsked(_Columns):
    """The open to judge, as canonical columns."""

    event_type: Literal["open"] | None = Field(None, description="may be left out")


class EventKnown(_Columns):
    """An event that the caller knows, as canonical columns."""

    event_type: Text = Field(description=f"{_MEANING['event_type']}; events of any other type are ignored")


class QuestionAsked(_Asked):
    """One open to judge, with what is known around it."""

    open: OpenAsked
    events: list[EventKnown] = Field(
        default_factory=list,
        max_length=MOST_EVENTS,
        description="events of the same message, recipient, domain or network, in any order",
    )
    horizon: Literal["instant", "1h", "24h", "7d", "settled"] = Field(
        "instant", description="how long after the open to look; 'settled' is seven days"
    )
    reasons: bool = Field(default=False, description="whether to say why")
    preset: Literal["report", "notify", "suppress"] = Field(
        "report", description="how the verdict is drawn from the probabilities"
    )


class BatchAsked(_Asked):
    """Many opens to judge."""

    opens: list[QuestionAsked] = Field(max_length=MOST_OPENS)


class Verdict(BaseModel):
    """What is believed about one open; the three probabilities sum to 1."""

    model_config = ConfigDict(json_schema_extra={"examples": [_VERDICT_EXAMPLE]})

    event_id: str
    message_id: str
    recipient_id: str | None
    campaign_id: str | None
    occurred_at: Time
    horizon: str
    seen_s: float = Field(description="seconds after the open that were looked at")
    p_human: float = Field(description="a person's reading caused this fetch")
    p_prefetch: float = Field(description="Apple Mail loaded it in the background")
    p_machine: float = Field(description="another machine did")
    verdict: Literal["human", "prefetch", "machine", "uncertain"]
    reasons: list[str] = Field(description="stable codes, strongest first; empty unless asked for")
    mechanism: str = Field(description="the road the fetch came by")
    evidence: Literal["full", "no_ip", "no_user_agent", "time_only"]
    model_id: str


class Verdicts(BaseModel):
    """Verdicts in the order asked."""

    verdicts: list[Verdict]


class ModelShown(BaseModel):
    """The model that answers."""

    model_id: str
    manifest: dict[str, Any] = Field(description="versions, data window, features, digests")
    card: str = Field(description="how it was made and how it does, Markdown")


class Health(BaseModel):
    """The service is up."""

    status: Literal["ok"]


class Wrong(BaseModel):
    """One thing wrong with a request."""

    pointer: str = Field(description="where: a JSON pointer into the body, as a URI fragment")
    code: str = Field(description="stable identifier")
    detail: str = Field(description="what is wrong and what to do")


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:paperknife:problem:invalid-request",
                    "title": "The request is not valid",
                    "status": 422,
                    "code": "invalid-request",
                    "detail": "1 thing is wrong with the request; nothing was scored.",
                    "errors": [
                        {
                            "pointer": "#/open/occurred_at",
                            "code": "bad-time",
                            "detail": "'2026-03-02 10:00' has no time zone. "
                            "Add 'Z' for UTC, or an offset such as '+01:00'.",
                        }
                    ],
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    code: str = Field(description="stable identifier")
    detail: str
    errors: list[Wrong] = Field(
        default_factory=list, description="at most 20 of what is wrong, where it is known"
    )
