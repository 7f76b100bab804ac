"""Whose fetch an open could be: Apple's traffic, a visible reader's client, a known machine, or who knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from paperknife.evidence.kinds import kinds

if TYPE_CHECKING:
    import pandas as pd

    Strings = np.ndarray[tuple[int], np.dtype[np.object_]]

TRAFFIC: Final = ("apple", "visible", "machine", "other", "unknown")
"""`other` is a known client or network that says neither; `unknown` has neither user agent nor IP."""


def traffic(evidence: pd.DataFrame) -> Strings:
    """Return the traffic each open belongs to.

    Parameters
    ----------
    evidence : pandas.DataFrame
        From `gather_evidence`; `client_family` and `network_class` are read, null where not known.

    Returns
    -------
    numpy.ndarray of str, shape (opens,)
        One of `TRAFFIC`. Apple's traffic holds people and prefetches alike: this is no verdict.
    """
    pairs = evidence[["client_family", "network_class"]].astype("object")
    pairs = pairs.where(pairs.notna(), None)
    codes, distinct = _distinct_pairs(pairs)
    return np.array([_one(client, network) for client, network in distinct], dtype=object)[codes]


def _distinct_pairs(
    pairs: pd.DataFrame,
) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], list[tuple[str | None, str | None]]]:
    """Return each row's place in the list of distinct pairs, and the list: classified once, not per row."""
    if pairs.empty:
        return np.array([], dtype=np.intp), [(None, None)]
    clients, client_names = pairs["client_family"].factorize(use_na_sentinel=False)
    networks, network_names = pairs["network_class"].factorize(use_na_sentinel=False)
    joint, codes = np.unique(clients * len(network_names) + networks, return_inverse=True)
    return codes, [
        (
            _text(client_names[code // len(network_names)]),
            _text(network_names[code % len(network_names)]),
        )
        for code in joint
    ]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _one(client: str | None, network: str | None) -> str:
    if client is None and network is None:
        return "unknown"
    kind = kinds().get((client, network))
    if kind is None:  # a family or class of a newer table: known, but to nobody here
        return "other"
    if kind.is_machine:
        return "machine"
    if kind.is_apple:
        return "apple"
    # Without a user agent an address of nobody known may be a home, or Apple's newest relay: it labels nobody.
    if client is None and kind.mechanism == "direct":
        return "other"
    return "visible" if kind.is_visible else "other"
