"""The providers whose payloads can be read: one small file each, and the list of them.

To add one, write its file (see `base.Connector`) and name it here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paperknife.errors import PayloadError, did_you_mean
from paperknife.events.connectors.braze import Braze
from paperknife.events.connectors.brevo import Brevo
from paperknife.events.connectors.customerio import CustomerIo
from paperknife.events.connectors.generic import Generic
from paperknife.events.connectors.hubspot import HubSpot
from paperknife.events.connectors.iterable import Iterable
from paperknife.events.connectors.klaviyo import Klaviyo
from paperknife.events.connectors.mailchimp import Mailchimp
from paperknife.events.connectors.mailgun import Mailgun
from paperknife.events.connectors.mailjet import Mailjet
from paperknife.events.connectors.mandrill import Mandrill
from paperknife.events.connectors.postmark import Postmark
from paperknife.events.connectors.resend import Resend
from paperknife.events.connectors.sendgrid import SendGrid
from paperknife.events.connectors.ses import Ses
from paperknife.events.connectors.sfmc import MarketingCloud
from paperknife.events.connectors.socketlabs import SocketLabs
from paperknife.events.connectors.sparkpost import SparkPost

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from paperknife.events.connectors.base import Connector
    from paperknife.events.connectors.column_map import ColumnMap
    from paperknife.events.identity import RecipientHasher

CONNECTORS: Final[Mapping[str, type[Connector]]] = {
    Braze.name: Braze,
    Brevo.name: Brevo,
    CustomerIo.name: CustomerIo,
    Generic.name: Generic,
    HubSpot.name: HubSpot,
    Iterable.name: Iterable,
    Klaviyo.name: Klaviyo,
    Mailchimp.name: Mailchimp,
    Mailgun.name: Mailgun,
    Mailjet.name: Mailjet,
    Mandrill.name: Mandrill,
    MarketingCloud.name: MarketingCloud,
    Postmark.name: Postmark,
    Resend.name: Resend,
    SendGrid.name: SendGrid,
    Ses.name: Ses,
    SocketLabs.name: SocketLabs,
    SparkPost.name: SparkPost,
}
PROVIDERS: Final[tuple[str, ...]] = tuple(sorted(CONNECTORS))
"""Names of the providers, sorted."""


def connector(
    name: str,
    hasher: RecipientHasher | None = None,
    *,
    mapping: ColumnMap | str | Path | None = None,
) -> Connector:
    """Return the connector of a provider.

    Parameters
    ----------
    name : str
        One of `PROVIDERS`.
    hasher : RecipientHasher, optional
        Default: one with the user's key.
    mapping : ColumnMap, path or name, optional
        Which column means what, for the provider "generic" alone.

    Raises
    ------
    PayloadError
        For an unknown provider, or a map that cannot be used.
    """
    if name not in CONNECTORS:
        raise PayloadError(
            f"Provider '{name[:40]}' is unknown; it is one of {', '.join(PROVIDERS)}.{did_you_mean(name, PROVIDERS)}"
        )
    if name == Generic.name:
        return Generic(hasher, mapping)
    if mapping is not None:
        raise PayloadError(
            f"A map describes your own table: it goes with --provider generic, not with {name}."
        )
    return CONNECTORS[name](hasher)
