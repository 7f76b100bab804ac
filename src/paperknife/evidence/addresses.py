"""Internet addresses as numbers: each is 16 bytes, so that IPv4 and IPv6 are looked up in one sorted table.

An IPv4 address takes the place that RFC 4291 gives it inside IPv6 (::ffff:a.b.c.d). Logs write addresses in
many ways; what is read is a bare address, one with a port (`203.0.113.7:443`, `[2001:db8::1]:443`), one with a
zone (`fe80::1%eth0`, the zone is dropped) and one with spaces around it. Anything else, such as a host name, a
prefix, a number or a list of forwarding proxies, is no address and counts as null: which of several addresses
was the reader's cannot be told here.
"""

from __future__ import annotations

from dataclasses import dataclass
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

MAPPED: Final = bytes(10) + b"\xff\xff"
"""What precedes the four bytes of an IPv4 address among IPv6 addresses."""

_MAPPED_V4: Final = 0xFFFF
"""The same as a number, shifted right by the 32 bits of IPv4."""

_LONGEST: Final = 100
"""Characters; the longest address with brackets, zone and port is far shorter."""


def pack_addresses(texts: Sequence[Any]) -> tuple[NDArray[np.bytes_], NDArray[np.bool_]]:
    """Return addresses as 16 bytes each, in network order, and whether each text was an address.

    Parameters
    ----------
    texts : sequence of str, None or NaN, shape (n,)

    Returns
    -------
    packed : ndarray of S16, shape (n,)
        Zero bytes where the text is no address. numpy compares them as numbers of 128 bits.
    is_address : ndarray of bool, shape (n,)

    Examples
    --------
    >>> packed, is_address = pack_addresses(["203.0.113.7", "::ffff:203.0.113.7", "home"])
    >>> bool(packed[0] == packed[1]), is_address.tolist()
    (True, [True, True, False])
    """
    packed: list[bytes] = []
    append, pton, mapped = packed.append, inet_pton, MAPPED
    v4, v6 = (
        int(AF_INET),
        int(AF_INET6),
    )  # locals and plain numbers: this loop is most of the time of a lookup
    no_address = []
    for text in texts:
        try:
            append(pton(v6, text) if ":" in text else mapped + pton(v4, text))
        except (OSError, TypeError, ValueError):
            address = _pack_unusual(text)
            if address is None:
                no_address.append(len(packed))
            append(address or bytes(16))
    is_address = np.ones(len(packed), dtype=bool)
    is_address[no_address] = False
    return np.frombuffer(b"".join(packed), dtype="S16"), is_address


def _pack_unusual(text: Any) -> bytes | None:
    """Return the 16 bytes of an address with spaces, port, brackets or zone, or None where it is none."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    bare = text.strip()
    if bare.startswith("["):
        bare, closing, rest = bare[1:].partition("]")
        if not closing or (rest and not _is_port(rest)):
            return None
    elif bare.count(":") == 1:
        bare, colon, rest = bare.partition(":")
        if not _is_port(colon + rest):
            return None
    return _pack(bare.partition("%")[0])


def _is_port(text: str) -> bool:
    return text[0] == ":" and text[1:].isascii() and text[1:].isdecimal() and int(text[1:]) < 2**16


def _pack(text: str) -> bytes | None:
    """Return the 16 bytes of a bare address, or None where it is none."""
    try:
        return inet_pton(AF_INET6, text) if ":" in text else MAPPED + inet_pton(AF_INET, text)
    except (OSError, ValueError):  # ValueError: a NUL or a character outside ASCII
        return None


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """A block of addresses: first and last as numbers of 128 bits.

    Attributes
    ----------
    first, last : int
        Both inside the block.
    """

    first: int
    last: int

    @property
    def is_v4(self) -> bool:
        """Whether the block lies among IPv4 addresses."""
        return self.first >> 32 == _MAPPED_V4

    def __contains__(self, address: int) -> bool:
        return self.first <= address <= self.last

    @property
    def size(self) -> int:
        """How many addresses the block holds."""
        return self.last - self.first + 1


def parse_prefix(text: str) -> Block:
    """Return the block of a prefix, "203.0.113.0/24" or "2001:db8::/32"; a bare address is a block of one.

    Raises
    ------
    ValueError
        With the reason alone, fit to stand behind a line number: the caller says which list, and what to do.
    """
    address, slash, length_text = text.partition("/")
    packed = _pack(address)
    if packed is None:
        raise ValueError("no prefix")
    bits = 128 if ":" in address else 32
    if slash and not (length_text.isascii() and length_text.isdecimal() and int(length_text) <= bits):
        raise ValueError(f"no prefix length of 0 to {bits}")
    length = int(length_text) if slash else bits
    first, size = int.from_bytes(packed), 1 << (bits - length)
    if first % size:
        raise ValueError("address has bits beyond its prefix length")
    return Block(first, first + size - 1)


def format_prefixes(blocks: Iterable[Block]) -> list[str]:
    """Return the fewest prefixes, in order, that cover disjoint blocks exactly."""
    prefixes = []
    for block in blocks:
        bits, base, family = (32, _MAPPED_V4 << 32, AF_INET) if block.is_v4 else (128, 0, AF_INET6)
        first, last = block.first - base, block.last - base
        while first <= last:
            aligned = (first & -first).bit_length() - 1 if first else bits
            free = min(aligned, (last - first + 1).bit_length() - 1)
            prefixes.append(f"{inet_ntop(family, first.to_bytes(bits // 8))}/{bits - free}")
            first += 1 << free
    return prefixes


def merge_blocks(blocks: Iterable[Block]) -> list[Block]:
    """Return disjoint blocks in order: those that overlap or touch are one; IPv4 and IPv6 stay apart."""
    merged: list[Block] = []
    for block in sorted(blocks):
        last = merged[-1] if merged else None
        if last and block.first <= last.last + 1 and block.is_v4 == last.is_v4:
            merged[-1] = Block(last.first, max(last.last, block.last))
        else:
            merged.append(block)
    return merged
