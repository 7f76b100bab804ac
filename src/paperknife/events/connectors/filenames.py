"""What the name of an export's file tells that its rows do not: the type of its events, and whose they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TYPES: Final[Mapping[str, str]] = {
    "open": "open", "opens": "open", "opened": "open",
    "click": "click", "clicks": "click", "clicked": "click",
    "sent": "sent", "sents": "sent", "send": "sent", "sends": "sent", "notsent": "notsent",
    "unsub": "unsubscribe", "unsubs": "unsubscribe", "unsubscribe": "unsubscribe", "unsubscribes": "unsubscribe",
    "unsubscribed": "unsubscribe",
    "bounce": "bounce", "bounces": "bounce", "complaint": "complaint", "complaints": "complaint",
}  # fmt: skip
"""Words in the names of files and columns -> the type that they speak of."""

_OTHER_THINGS: Final = frozenset({"job", "jobs", "log"})
_SUFFIX: Final = re.compile(r"\.(?:csv|tsv|txt|json|ndjson|jsonl|gz|zst)$", re.IGNORECASE)


def type_by_name(path: str, *, folder_first: bool = False) -> str | None:
    """Return the type that a file's name speaks of, else the one that its folder's does; None for none or several.

    Examples
    --------
    >>> type_by_name("export/_Open.csv")
    'open'
    >>> type_by_name("granular_activity/clicks/12_open-day.csv", folder_first=True)
    'click'
    """
    parts = _parts(path)[-1:-3:-1]
    for part in reversed(parts) if folder_first else parts:
        words = list(_words(part))
        types = {TYPES[word] for word in words if word in TYPES}
        if len(types) == 1 and not _OTHER_THINGS & set(words):
            return "notsent" if "not" in words else types.pop()
    return None


def name_without_type(path: str) -> str | None:
    """Return a file's name without the words that speak of types, so that files of one campaign share it.

    Where nothing else is left of it, its folder's name; None where that is of no more use.

    Examples
    --------
    >>> name_without_type("clicks/12_spring-sale.csv") == name_without_type("opens/12_spring-sale.csv")
    True
    >>> name_without_type("exports/spring-sale/opens.csv")
    'spring-sale'
    """
    for part in _parts(path)[-1:-3:-1]:
        kept = re.sub(r"[A-Za-z]+", lambda word: "" if word[0].lower() in TYPES else word[0], part)
        if name := kept.strip(" _-."):
            return name
    return None


def _parts(path: str) -> list[str]:
    *folders, name = re.split(r"[\\/]", path)
    while (shorter := _SUFFIX.sub("", name)) != name:
        name = shorter
    return [*folders, name]


def _words(name: str) -> Iterator[str]:
    for word in re.findall(r"[A-Za-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)):
        yield word.lower()
