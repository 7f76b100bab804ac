"""Certificates fetched from where a provider keeps them: over https only, small, without redirects, and once.

Connectors do no input or output; who checks SNS's signatures gives them a `CertificateFetcher`.
"""

from __future__ import annotations

import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Final

from paperknife.errors import SignatureError

if TYPE_CHECKING:
    from collections.abc import Callable

CERTIFICATE_BYTES: Final = 64 * 1024
"""Longest certificate that is read; real ones have two to eight kilobytes."""
TIMEOUT_S: Final = 10.0
KEPT_N: Final = 32
"""Certificates kept in memory: one a region and year, so a few. Their addresses change with them."""


class CertificateFetcher:
    """Fetches certificates by their address and keeps them.

    Parameters
    ----------
    open_url : callable, optional
        From an address and ``timeout=`` to a response that can be read and closed, as `OpenerDirector.open`.
        Default: urllib's, which follows the environment's proxies; redirects are refused.

    Notes
    -----
    Whoever calls it has checked that the address is the provider's own: see `connectors.sns.checked_url`.
    """

    def __init__(self, open_url: Callable[..., Any] | None = None) -> None:
        self._open_url = open_url or urllib.request.build_opener(_NoRedirects).open
        self._kept: dict[str, bytes] = {}

    def __call__(self, url: str) -> bytes:
        """Return the certificate at an address, as PEM.

        Raises
        ------
        SignatureError
            The address is not https, cannot be read, or holds more than `CERTIFICATE_BYTES`.
        """
        kept = self._kept.get(url)
        if kept is not None:
            return kept
        if not url.startswith("https://"):
            raise SignatureError("A certificate is only fetched over https; the address is another.")
        try:
            with self._open_url(url, timeout=TIMEOUT_S) as response:
                pem: bytes = response.read(CERTIFICATE_BYTES + 1)
        except (OSError, HTTPException, ValueError) as error:
            raise SignatureError(
                f"The certificate of the signature cannot be fetched ({type(error).__name__}). "
                "Check that this machine may connect to Amazon SNS, or give the certificate as PEM."
            ) from error
        if len(pem) > CERTIFICATE_BYTES:
            raise SignatureError(
                f"The certificate of the signature is longer than {CERTIFICATE_BYTES // 1024} kB: it is none."
            )
        while len(self._kept) >= KEPT_N:
            self._kept.pop(next(iter(self._kept)), None)
        self._kept[url] = pem
        return pem


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Refuses redirects: the address was checked, not where it might send us."""

    def redirect_request(self, *_: Any) -> None:
        """Return None, which makes urllib raise the redirect as an error."""
