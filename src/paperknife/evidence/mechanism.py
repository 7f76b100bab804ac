"""The road by which a fetch came, by rule: reported beside the probabilities and never mistaken for them.

Two things tell the road, and the first rule that fits decides. Some agents name it themselves (the image
proxies, Gmail's prefetch, gateways); otherwise the network does. Without an address the road is known only where
the agent tells it: a mail program that loads images from the reader's own device is `direct`, but bare
`Mozilla/5.0` may come through Apple's relay or not, and a browser may stand behind anything, so both are
`unknown`. A private address is that of a proxy in front of the tracker: it says nothing of the road and counts
as no address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from paperknife.evidence.clients import CLIENT_FAMILIES
from paperknife.evidence.networks import NETWORK_CLASSES

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

MECHANISMS: Final = (
    "gmail_prefetch",
    "google_proxy",
    "yahoo_proxy",
    "apple_relay",
    "scanner",
    "microsoft",
    "cloud",
    "direct",
    "unknown",
)

_NONE: Final[frozenset[str]] = frozenset()
_READERS_OWN: Final = frozenset(
    {"outlook_desktop", "outlook_mobile", "thunderbird", "android_mail", "apple_mail_old"}
)
"""Mail programs that load images from the reader's own device."""

_BY_RULE: Final[tuple[tuple[str, AbstractSet[str], AbstractSet[str]], ...]] = (
    # mechanism, agents that say so, networks that say so: first that fits
    ("gmail_prefetch", {"gmail_prefetch"}, _NONE),
    ("google_proxy", {"gmail_proxy"}, {"google_proxy"}),
    ("yahoo_proxy", {"yahoo_proxy"}, {"yahoo_proxy"}),
    ("apple_relay", _NONE, {"apple_relay"}),
    ("scanner", {"scanner"}, {"scanner"}),
    ("microsoft", _NONE, {"microsoft"}),
    ("cloud", _NONE, {"cloud", "google"}),  # nobody lives in Google's other networks either
    ("direct", _READERS_OWN, {"other"}),
)


def _road(client_family: str | None, network_class: str | None) -> str:
    for name, agents, networks in _BY_RULE:
        if client_family in agents or network_class in networks:
            return name
    return "unknown"


_CLIENTS: Final = pd.Index([*CLIENT_FAMILIES], dtype=object)
_NETWORKS: Final = pd.Index([*NETWORK_CLASSES], dtype=object)
_ROADS: Final = np.array(
    [[_road(client, network) for network in (*NETWORK_CLASSES, None)] for client in (*CLIENT_FAMILIES, None)],
    dtype=object,
)


def mechanism(client_family: NDArray[np.object_], network_class: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the road of each fetch, one of `MECHANISMS`; never null.

    Parameters
    ----------
    client_family : ndarray of object, shape (n,)
        Of `CLIENT_FAMILIES`, null without a user agent.
    network_class : ndarray of object, shape (n,)
        Of `NETWORK_CLASSES`, null without an address.

    Returns
    -------
    ndarray of object, shape (n,)
        "unknown" where there is nothing to go by. A word outside the two vocabularies counts as null.

    Examples
    --------
    >>> mechanism(np.array(["apple_mail", "apple_mail"]), np.array(["apple_relay", None])).tolist()
    ['apple_relay', 'unknown']
    """
    client = _CLIENTS.get_indexer(pd.Index(client_family, dtype=object))
    network = _NETWORKS.get_indexer(pd.Index(network_class, dtype=object))
    return np.asarray(
        _ROADS[client, network]
    )  # get_indexer says -1 for null, and the last row and column stand for it
