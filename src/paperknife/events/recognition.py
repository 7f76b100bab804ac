"""Which provider a payload comes from, seen from its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paperknife.events.connectors import CONNECTORS, connector
from paperknife.events.connectors.base import PING
from paperknife.events.payloads import NotAPayloadError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paperknife.events.identity import RecipientHasher

AUTO: Final = "auto"

_LOOKED_AT: Final = 200
_MOST: Final = 0.5


def recognised_shares(
    payloads: Sequence[Any], headers: Mapping[str, str], hasher: RecipientHasher
) -> dict[str, float]:
    """Return for each provider the share of the first events that look like its own, most first; none that is 0.

    A payload that holds nothing but a provider's ping is wholly that provider's.

    Parameters
    ----------
    payloads : sequence of object
        Decoded; the first two hundred are looked at.
    headers : mapping
        Names in lower case.
    hasher : RecipientHasher
        Not used for hashing; connectors are made with one.
    """
    shares = {}
    for name in CONNECTORS:
        translator = connector(name, hasher)
        raws = [raw for payload in payloads[:_LOOKED_AT] for raw in translator.unwrap(payload, headers)]
        events = [raw for raw in raws if raw is not PING]
        if raws and not events:
            shares[name] = 1.0
        elif found := sum(map(translator.recognises, events)):
            shares[name] = found / len(events)
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def recognise(
    payloads: Sequence[Any], headers: Mapping[str, str], hasher: RecipientHasher, *, name: str
) -> str:
    """Return the provider that payloads come from; where they are pings only, the one that has such pings.

    Raises
    ------
    NotAPayloadError
        They look like no provider's, or like several.
    """
    shares = recognised_shares(payloads, headers, hasher) or _pinged(payloads, headers, hasher)
    best, *others = [*shares.items(), ("", 0.0)]
    if best[1] < _MOST and all(payload in ([], {}) for payload in payloads):
        raise NotAPayloadError(
            f"{name} holds no events, and so nobody can tell whose it is. Name the provider with --provider, or leave "
            "the file out."
        )
    if best[1] < _MOST:
        raise NotAPayloadError(
            f"{name} looks like no provider's payload that is known here. Name the provider with --provider, or "
            "describe the columns with --provider generic --map FILE."
        )
    if others[0][1] == best[1]:
        raise NotAPayloadError(
            f"{name} looks like {best[0]} and like {others[0][0]}. Say which with --provider."
        )
    return best[0]


def _pinged(payloads: Sequence[Any], headers: Mapping[str, str], hasher: RecipientHasher) -> dict[str, float]:
    """Return the providers of which all the payloads are pings, each with a share of 1."""
    shares = {}
    for name in CONNECTORS:
        translator = connector(name, hasher)
        raws = [raw for payload in payloads[:_LOOKED_AT] for raw in translator.unwrap(payload, headers)]
        if raws and all(raw is PING for raw in raws):
            shares[name] = 1.0
    return shares
