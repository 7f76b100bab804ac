"""Mail addresses inside other text: found, so that they can be replaced before the text goes anywhere.

An address may stand bare, percent-encoded in a URL (``alice%40example.org``), or encoded twice (``%2540``).
Encodings that hide the whole address (base64, a hash) cannot be recognised and stay.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

AT_SIGN: Final = r"(?:@|%(?:25)*40|(?<!\\)\\++u0040|&#0*+64;|&#[xX]0*+40;)"
"""Bare, percent-encoded any number of times, as a JSON escape, or as an HTML entity; a regular expression."""

# Deliberately wider than RFC 5322: too much replaced is a blemish, too little is a leak. Percent signs belong
# to the local part, because a URL writes a plus sign as %2B; what ends a field of a URL does not.
_PLAIN: Final = r"[^\s@<>()\[\]{}\"',;:/\\?&=#|]"
_LOCAL: Final = rf"(?:\"[^\"\r\n]{{1,64}}\"|{_PLAIN}(?:{_PLAIN}|')*)"
_DOMAIN: Final = r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[\w\-]+(?:\.[\w\-]+)*)"

HIDDEN: Final = "<address>"
"""What stands in place of an address where no key for a hash is at hand."""

# The domain may be missing, as in a row that breaks off: what stands before the at sign is a name all the same.
# The second and third way take whole what no at sign follows: to try again from each of its characters would take
# a time that grows with the square of its length, and links hold long ciphers.
_ADDRESS: Final = re.compile(rf"(?P<address>{_LOCAL}{AT_SIGN}{_DOMAIN}?)|{_PLAIN}(?:{_PLAIN}|')*+|'++")
_HAS_AT_SIGN: Final = re.compile(AT_SIGN)


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
    # Most texts hold no sign that could begin an at sign, and plain searches are the quickest way to know.
    if "@" not in text and "%" not in text and "&#" not in text and "u0040" not in text:
        return text
    if not _HAS_AT_SIGN.search(text):
        return text

    def without(found: re.Match[str]) -> str:
        address = found["address"]
        if address is None:
            return found.group()
        return replacement(address) if replacement else HIDDEN

    return _ADDRESS.sub(without, text)


def with_plain_at_signs(text: str) -> str:
    """Return a text in which every encoded at sign stands bare."""
    return _HAS_AT_SIGN.sub("@", text)
