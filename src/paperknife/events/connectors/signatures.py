"""How webhook requests prove that they come from the provider: what all schemes share, and the plain shared secret.

Every comparison takes the same time wherever two texts differ. Where a scheme signs the moment, a request that is
older (or newer) than five minutes is refused, so that a recorded one cannot be played again later. Cryptography is
the library `cryptography`'s and the standard library's, never our own.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final

from paperknife.errors import SignatureError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_AGE_S: Final = 300
"""How far a signature's moment may lie from ours, in seconds: what Svix, Slack and Stripe use."""

SECRET_HEADERS: Final = ("x-webhook-secret", "x-webhook-token", "x-api-key", "x-auth-token")
"""Headers in which a shared secret may come, besides `Authorization`."""


class Scheme(ABC):
    """A way in which a provider signs."""

    summary: ClassVar[str]
    """A few words for the support matrix."""

    @abstractmethod
    def check(
        self, headers: Mapping[str, str], body: bytes, secret: Any, *, url: str | None, now: float
    ) -> None:
        """Return for a genuine request; raise `SignatureError` for any other; see `Connector.verify`.

        Names of headers are in lower case.
        """


class SharedSecret(Scheme):
    """A secret that only the provider and its customer know, sent along with each request.

    As the password of Basic authentication (the secret is then ``user:password``, as in the webhook's URL), as a
    bearer token, or as the value of one of `SECRET_HEADERS`. It proves nothing about the body and cannot tell a
    request that is played again: use HTTPS.
    """

    summary: ClassVar[str] = "shared secret (Basic, bearer or header)"

    def check(
        self,
        headers: Mapping[str, str],
        body: bytes,  # noqa: ARG002 - nothing signs it
        secret: Any,
        *,
        url: str | None,  # noqa: ARG002
        now: float,  # noqa: ARG002
    ) -> None:
        """Return where the request carries the secret; see `Connector.verify`."""
        wanted = secret_bytes(secret)
        said = list(_authorized(headers.get("authorization", "")))
        said += [headers[name].encode() for name in SECRET_HEADERS if name in headers]
        if not said:
            raise SignatureError(
                "The request carries no secret. Expected it in Authorization (Basic or Bearer) or in "
                f"{', '.join(SECRET_HEADERS)}: enter it where the provider's webhook is configured."
            )
        # All are compared, so that the time says nothing about which one came near.
        if not any([hmac.compare_digest(one, wanted) for one in said]):  # noqa: C419
            raise SignatureError(
                "The request's secret is another one: it does not come from the provider, or ours is an old one."
            )


def _authorized(value: str) -> list[bytes]:
    kind, _, rest = value.strip().partition(" ")
    if kind.lower() == "bearer":
        return [rest.strip().encode()]
    if kind.lower() == "basic":
        try:
            return [base64.b64decode(rest.strip(), validate=True)]
        except (binascii.Error, ValueError):
            return [b""]
    return [value.strip().encode()] if value.strip() else []


def secret_bytes(secret: Any) -> bytes:
    """Return a secret as bytes.

    Raises
    ------
    SignatureError
        It is empty or no text: with an empty secret anybody could sign.
    """
    found = secret.encode() if isinstance(secret, str) else secret
    if not isinstance(found, bytes) or not found.strip():
        raise SignatureError(
            "There is no secret to check the signature with. Expected the provider's key as text; "
            "copy it from the provider's webhook settings."
        )
    return found.strip()


def header(headers: Mapping[str, str], name: str) -> str:
    """Return a header (name in lower case).

    Raises
    ------
    SignatureError
        It is missing or empty.
    """
    value = headers.get(name)
    if not isinstance(value, str) or not value.strip():
        raise SignatureError(
            f"The request has no header {name}: it is not signed. Switch signing on at the provider."
        )
    return value.strip()


def require_fresh(moment: Any, now: float, max_age_s: float = MAX_AGE_S) -> None:
    """Return where a signature's moment (seconds since 1970) is near ours.

    Raises
    ------
    SignatureError
        It is no time, or more than `max_age_s` away.
    """
    try:
        age_s = abs(now - float(moment))
    except (TypeError, ValueError, OverflowError):
        age_s = float("nan")
    if not age_s <= max_age_s:
        what = f"is {age_s:,.0f} seconds away from now" if age_s == age_s else "is no time"  # noqa: PLR0124
        raise SignatureError(
            f"The signature's time {what}; at most {max_age_s:.0f} seconds are accepted. The request may be an old "
            "one played again; if not, set this machine's clock."
        )


def require_same(said: str | bytes, wanted: str | bytes) -> None:
    """Return where two signatures are the same, compared in constant time.

    Raises
    ------
    SignatureError
        They differ.
    """
    one = said.encode("utf-8", "replace") if isinstance(said, str) else said
    other = wanted.encode() if isinstance(wanted, str) else wanted
    if not hmac.compare_digest(one, other):
        raise forged()


def forged() -> SignatureError:
    """Return the error for a signature that does not fit the body."""
    return SignatureError(
        "The signature does not fit the body: the request is not the provider's, was changed on the way, or the "
        "secret is another one. The body must be checked as it came, byte by byte."
    )


def from_base64(value: str) -> bytes:
    """Return what base64 stands for.

    Raises
    ------
    SignatureError
        It is no base64.
    """
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureError("The signature is no base64.") from error
