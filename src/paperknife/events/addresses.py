"""Mail addresses inside other text: found, so that they can be replaced before the text goes anywhere.

An address may stand bare, percent-encoded in a URL (``alice%40example.org``), or encoded twice (``%2540``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

AT_SIGN: Final = r"(?:@|%(?:25)*40)"
"""An at sign: bare, or percent-encoded any number of times."""

# Deliberately wider than RFC 5322: too much replaced is a blemish, too little is a leak. Percent signs belong to the
# local part, because a URL encodes a plus sign or a letter as %2B; the characters that end a URL's field do not.
_LOCAL: Final = r"[^\s@<>()\[\]{}\"',;:/\\?&=#|]{1,320}"
_DOMAIN: Final = r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[\w\-]+(?:\.[\w\-]+)*)"

ADDRESS_PATTERN: Final = f"{_LOCAL}{AT_SIGN}{_DOMAIN}"
"""Regular expression of an address, understood alike by Python and by DuckDB (RE2)."""

HIDDEN: Final = "<address>"
"""What stands in place of an address where no key for a hash is at hand."""

_ADDRESS = re.compile(ADDRESS_PATTERN)
_AT_SIGN = re.compile(AT_SIGN)


def replace_addresses(text: str, replacement: Callable[[str], str] | None = None) -> str:
    """Return a text without mail addresses.

    Parameters
    ----------
    text : str
    replacement : callable, optional
        From an address as it stands in the text to what shall stand there. Default: always ``<address>``.

    Examples
    --------
    >>> replace_addresses("bounce for alice@example.org, see ?to=bob%40example.org")
    'bounce for <address>, see ?to=<address>'
    """
    if not _AT_SIGN.search(text):
        return text
    return _ADDRESS.sub(lambda found: replacement(found.group()) if replacement else HIDDEN, text)
