"""Exports that hold only totals: recognised, so that they are refused by name instead of row by row.

Every provider's reports page offers an export, and most of them count ("opens: 412, open rate: 31 %") where a person is
looking for single opens. What gives them away is the same everywhere: fields named after things that happen to mail,
with numbers in them, and no event beside them. A field's name is taken word by word ("Unique Email Opens",
``count_unique_confirmed_opened``, ``MessageOpenedCount``), so that no list of exports needs to be complete.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from paperknife.errors import PayloadError
from paperknife.events.connectors import CONNECTORS
from paperknife.events.identity import RecipientHasher

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paperknife.events.connectors.base import Connector

_VERBS: Final = """
    sent send sends delivered delivery deliveries open opens opened opening openings opener openers click clicks clicked
    clicker clickers bounce bounces bounced block blocks blocked drop drops dropped unsubscribe unsubscribes unsubscribed
    unsubs unsubscriptions complaint complaints complained spam abuse request requests injected accepted rejected rejects
    targeted processed deferred failed failures queued forwards forwarded conversions viewed views replies replied
    ctr ctor
"""
_ADDITIONS: Final = """
    count counts total totals unique uniq uniques number num nb nr rate rates ratio ratios percent percentage pct avg
    email emails mail mails message messages recipients recipient gross non prefetched confirmed rendered initial approx
    estimated human real machine apple mpp proxy excluded adjusted html hard soft global successful invalid first links
    link subscribers users contacts reported report reports attempts amplified times implicit of per by to or and in
    through the all
"""
_HAPPENS: Final = frozenset(_VERBS.split())
"""Words for what happens to mail."""
_BESIDES: Final = frozenset(_ADDITIONS.split())
"""Words that may stand beside these, and the name still means a count."""

_EVENT_SIGNS: Final = frozenset({"event", "eventtype", "eventname", "recordtype", "action", "activitytype"})
_SHAPES: Final = tuple(
    map(
        frozenset,
        (
            {"senddatapoints"}, {"metricdataresults"}, {"datapoints", "label"}, {"resolution", "stats"},
            {"resolution", "aggregates"}, {"groupings", "statistics"}, {"senttotal"},
        ),
    )
)  # fmt: skip
"""Fields of reports whose counts are named after nothing: Amazon's metrics, Mailgun's stats, Klaviyo's values."""

_WHOSE: Final[Mapping[str, tuple[frozenset[str], ...]]] = {
    provider: tuple(frozenset(fields.split()) for fields in marks)
    for provider, marks in {
        "sendgrid": ("spamreportdrops", "bouncedrops", "unsubscribedrops"),
        "mailgun": ("resolution stats", "resolution aggregates"),
        "sparkpost": ("counttargeted", "countsent", "countaccepted", "countinjected", "countuniqueconfirmedopened"),
        "postmark": ("smtpapierrors", "withclientrecorded", "uniquelinksclicked", "days"),
        "ses": ("senddatapoints", "metricdataresults", "datapoints label"),
        "mailjet": ("messageopenedcount", "messagesentcount", "openedcount", "eventopenedcount"),
        "brevo": ("globalstats", "loadedbyproxy", "uniqueclicks hardbounces", "campaignstats"),
        "mandrill": ("bouncedetail opens clicks",),
        "iterable": ("totalemailopens", "uniqueemailopens", "totalemailsends", "uniqueemailsends"),
        "customerio": ("metric series", "humanopened", "humanclicked"),
        "braze": ("variationname", "reportedspam", "machineamplifiedopens"),
        "hubspot": ("counters",),
        "sfmc": ("numbersent", "numberdelivered", "numbertargeted"),
        "mailchimp": (
            "emailssent", "abusereports", "proxyexcludedopens", "urlsclicked", "sentto", "abusecomplaints",
            "totalbounces uniqueid",
        ),
        "klaviyo": ("groupings statistics", "placedorderrate", "uniqueplacedorder"),
    }.items()
}  # fmt: skip

_NUMBER: Final = re.compile(r"-?\d[\d.,\s]{0,20}%?", re.ASCII)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d|\d/\d{4},? \d|^\d{9,19}(?:\.\d+)?$", re.ASCII)
_FIRST_MOMENT: Final = 900_000_000
"""Seconds since 1970: what is larger may be a time, what is smaller is a count."""
_MOST_FIELDS: Final = 500
_MOST_ITEMS: Final = 3
_ANYWHERE: Final = "the webhook, report or export that holds single events, each with its time"


def totals_of(raw: Any) -> str | None:
    """Return the names of the totals that an object or a row holds instead of events, and None where it holds none.

    Parameters
    ----------
    raw : object
        As decoded: an object, an array (its first items are looked at), a row of CSV as a dict, or, where no row is at
        hand, a CSV's header as a list of texts.

    Returns
    -------
    str or None
        At most three names, "Opens, Open Rate and 4 more".

    Examples
    --------
    >>> totals_of({"Campaign": "Spring", "Unique Opens": "412", "Open Rate": "31.2%"})
    'Unique Opens, Open Rate'
    >>> totals_of({"event": "open", "email": "ada@example.org", "timestamp": 1769850000}) is None
    True
    """
    if isinstance(raw, list) and raw and all(isinstance(name, str) for name in raw):
        raw = {name: 0 if _is_count(name) else "2026-01-31 09:00" for name in raw}  # as a row might be
    fields = list(_fields(raw))
    names = list(dict.fromkeys(name for name, _, value in fields if _is_count(name) and _is_number(value)))
    by_shape = any(shape <= _plain_names(fields) for shape in _SHAPES)
    if not names and not by_shape:
        return None
    is_certain = by_shape or len(names) > 1 or not any(_is_moment(own, value) for _, own, value in fields)
    if not is_certain or _names_an_event(fields) or _holds_events(raw):
        return None
    shown = ", ".join(name[:40] for name in names[:3]) or "a metric by period"
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")  # noqa: PLR2004 - as said above


def provider_of_totals(raw: Any) -> str | None:
    """Return the provider whose report of totals this looks like, None where it cannot be told."""
    names = _plain_names(list(_fields(raw)))
    return next(
        (provider for provider, marks in _WHOSE.items() if any(mark <= names for mark in marks)), None
    )


def refuse_totals(raw: Any, provider: type[Connector] | None = None) -> None:
    """Return where an object or a row is no export of totals; say what to ask for instead where it is one.

    Parameters
    ----------
    raw : object
        As for `totals_of`.
    provider : class, optional
        The provider's connector, where it is known. Default: the one whose report it looks like.

    Raises
    ------
    PayloadError
        It holds only totals.
    """
    names = totals_of(raw)
    if names is None:
        return
    known = provider or CONNECTORS.get(provider_of_totals(raw) or "")
    whose, instead = (f" of {known.title}", known.ask_for) if known else ("", _ANYWHERE)
    raise PayloadError(
        f"This export{whose} holds only totals ({names}), without the times of single events, and no open can be "
        f"judged without its time. Ask for this instead: {instead}."
    )


def _fields(raw: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield fields at any depth: the name that counts (a parent's before "total"), the field's own name, its value."""
    waiting: list[tuple[str, str, Any]] = [("", "", raw)]
    for _ in range(_MOST_FIELDS):
        if not waiting:
            return
        name, own, value = waiting.pop()
        yield name, own, value
        if isinstance(value, dict):
            inside = [
                (f"{name} {key}" if name and _words(key) <= _BESIDES else key, key, one)
                for key, one in value.items()
            ]
            waiting.extend(reversed(inside))
        elif isinstance(value, list) and not _is_number(value):
            waiting.extend((name, own, one) for one in value[_MOST_ITEMS - 1 :: -1])


def _words(name: str) -> frozenset[str]:
    return frozenset(
        word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_]+", name[:100])
    )


def _is_count(name: str) -> bool:
    telling = _words(name) - _BESIDES
    return bool(telling) and telling <= _HAPPENS


def _is_number(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, int | float) for one in value)
    if isinstance(value, str):
        return _NUMBER.fullmatch(value.strip()) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_moment(name: str, value: Any) -> bool:
    """Return whether a field may be an event's time; when something happened *last* belongs to totals."""
    if "last" in _words(name):
        return False
    if isinstance(value, str):
        return _MOMENT.search(value.strip()) is not None
    return isinstance(value, int | float) and value > _FIRST_MOMENT


def _plain_names(fields: list[tuple[str, str, Any]]) -> frozenset[str]:
    return frozenset(re.sub(r"[\W_]", "", own).lower() for _, own, _ in fields)


def _names_an_event(fields: list[tuple[str, str, Any]]) -> bool:
    return any(
        isinstance(value, str) and value and re.sub(r"[\W_]", "", own).lower() in _EVENT_SIGNS
        for _, own, value in fields
    )


def _holds_events(raw: Any) -> bool:
    """Return whether any provider finds its events inside, whatever counts stand around them."""
    return any(kind.recognises(one) for kind in _connectors() for one in kind.unwrap(raw, {}))


@lru_cache(maxsize=1)
def _connectors() -> tuple[Connector, ...]:
    nobodys = RecipientHasher(bytes(32))  # nothing is hashed: they only unwrap
    return tuple(kind(nobodys) for kind in CONNECTORS.values())
