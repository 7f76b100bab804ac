"""The providers whose payloads can be read: one small file each, and the list of them.

To add one, write its file (see `base.Connector`) and name it here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paperknife.errors import PayloadError, did_you_mean
from paperknife.events.connectors.hubspot import HubSpot
from paperknife.events.connectors.mailchimp import Mailchimp
from paperknife.events.connectors.mailgun import Mailgun
from paperknife.events.connectors.sendgrid import SendGrid
from paperknife.events.connectors.sfmc import MarketingCloud

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paperknife.events.connectors.base import Connector
    from paperknife.events.identity import RecipientHasher

CONNECTORS: Final[Mapping[str, type[Connector]]] = {
    HubSpot.name: HubSpot,
    Mailchimp.name: Mailchimp,
    Mailgun.name: Mailgun,
    SendGrid.name: SendGrid,
    MarketingCloud.name: MarketingCloud,
}
PROVIDERS: Final[tuple[str, ...]] = tuple(sorted(CONNECTORS))
"""Names of the providers, sorted."""


def connector(name: str, hasher: RecipientHasher | None = None) -> Connector:
    """Return the connector of a provider.

    Parameters
    ----------
    name : str
        One of `PROVIDERS`.
    hasher : RecipientHasher, optional
        Default: one with the user's key.

    Raises
    ------
    PayloadError
        For an unknown provider.
    """
    if name not in CONNECTORS:
        raise PayloadError(
            f"Provider '{name[:40]}' is unknown; it is one of {', '.join(PROVIDERS)}.{did_you_mean(name, PROVIDERS)}"
        )
    return CONNECTORS[name](hasher)
