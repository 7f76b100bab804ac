"""Apple's published list of relay networks, fetched from its address and kept like any imported list.

The list in use stays when anything is wrong: no connection, no secure address, too large an answer, a page
instead of a list, or a list that lost more than half of its addresses.
"""

from __future__ import annotations

from http.client import HTTPException
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from paperknife.errors import NetworkListError
from paperknife.evidence.network_lists import LARGEST_BYTES, NetworkList, keep_list

if TYPE_CHECKING:
    from http.client import HTTPMessage
    from pathlib import Path
    from typing import IO

APPLE_LIST: Final = "https://mask-api.icloud.com/egress-ip-ranges.csv"
"""Apple's egress networks of iCloud Private Relay, from which Mail Privacy Protection fetches too."""

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def update(url: str | None = None, *, folder: str | Path | None = None, timeout_s: float = 30) -> NetworkList:
    """Return Apple's relay list as fetched, after keeping it for every later `NetworkTable.load`.

    Parameters
    ----------
    url : str, optional
        Left out, Apple's own address. Must be https, except on loopback.
    folder : str or Path, optional
        Left out, `network_lists.lists_folder()`.
    timeout_s : float
        Seconds without an answer after which to give up.

    Raises
    ------
    NetworkListError
        If it cannot be fetched, is no network list, or covers less than half of the addresses of the kept
        one. The kept list stays in use then.
    """
    address = url or APPLE_LIST
    data = _fetch(address, timeout_s)
    return keep_list(data, source=address, network_class="apple_relay", folder=folder, may_shrink=False)


def _fetch(address: str, timeout_s: float) -> bytes:
    _require_secure(address)
    request = Request(address, headers={"User-Agent": "paperknife"})  # noqa: S310 - the scheme is checked above
    try:
        with build_opener(_SecureRedirects).open(request, timeout=timeout_s) as answer:
            data = bytes(answer.read(LARGEST_BYTES + 1))
    except (OSError, HTTPException) as error:
        raise NetworkListError(
            f"Cannot fetch the network list from {address}: {error}. The list in use stays. "
            "Try again later, or download it and import the file."
        ) from error
    if len(data) > LARGEST_BYTES:
        raise NetworkListError(
            f"The answer of {address} is larger than {LARGEST_BYTES // 10**6} MB and so no network list. "
            "The list in use stays."
        )
    return data


def _require_secure(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise NetworkListError(f"'{address}' is not secure. Expected an address that begins with https://.")


class _SecureRedirects(HTTPRedirectHandler):
    """Follows a few redirects, to secure addresses only."""

    max_redirections = 3

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        _require_secure(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
