"""Networks: whose address a fetch or click came from.

A table of prefixes, each with a class, an owner, a source and how exact it is. The rows that ship
(networks.toml) are coarse: whole blocks of well-known operators, stated by this project. An exact list that the
user imports or fetches (`network_lists`, `network_update`) takes the place of the coarse rows of its class, and
addresses that only those coarse rows covered fall to the next class.

Networks overlap: Apple's relay runs inside Akamai, Cloudflare and Fastly, Google's image proxy inside Google.
`PRECEDENCE` decides, and within a class the longest prefix. For the lookup all rows are flattened once into
disjoint intervals in order; a million addresses are then one binary search.
"""

from __future__ import annotations

import hashlib
import heapq
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from socket import AF_INET6, inet_ntop
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from paperknife.errors import NetworkListError
from paperknife.evidence.addresses import MAPPED, Block, pack_addresses, parse_prefix
from paperknife.evidence.distinct import as_list
from paperknife.evidence.network_lists import LIST_CLASSES, kept_files, read_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

NETWORK_CLASSES: Final = (*LIST_CLASSES, "private", "other")
"""`google` is Google beside its image proxy and its cloud; `other` an address in no row: home, office, phone."""

PRECEDENCE: Final = (
    "private",
    "apple_relay",
    "google_proxy",
    "yahoo_proxy",
    "scanner",
    "microsoft",
    "cloud",
    "google",
)
"""Where rows of several classes hold an address, the first of these is its class."""


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """One prefix of the table.

    Attributes
    ----------
    prefix : str
        "203.0.113.0/24" or "2001:db8::/32".
    network_class : str
        Of `NETWORK_CLASSES`, never "other".
    owner : str
        Who runs it.
    source : str
        Where this is known from.
    precision : {"coarse", "exact", "imported"}
        `coarse`: built in, and wider than the network it stands for. `exact`: built in, by a standard.
        `imported`: from a list that the user imported or fetched.
    """

    prefix: str
    network_class: str
    owner: str
    source: str
    precision: Literal["coarse", "exact", "imported"]


class NetworkTable:
    """Rows of networks, and the classes of addresses by them.

    Parameters
    ----------
    rows : iterable of NetworkRow
        Coarse rows of a class with imported rows are left out.

    Attributes
    ----------
    rows : tuple of NetworkRow
        In order of precedence.
    digest : str
        The same for tables that answer alike; changes with any prefix, class or precision.

    Examples
    --------
    >>> NetworkTable.built_in().classify(["66.249.84.1", "10.0.0.1", "no address", None]).tolist()
    ['google_proxy', 'private', None, None]
    """

    def __init__(self, rows: Iterable[NetworkRow]) -> None:
        given = [(row, parse_prefix(row.prefix)) for row in rows]
        listed = {row.network_class for row, _ in given if row.precision == "imported"}
        kept = [
            pair for pair in given if pair[0].precision != "coarse" or pair[0].network_class not in listed
        ]
        kept.sort(key=lambda pair: (PRECEDENCE.index(pair[0].network_class), pair[1].size, pair[1]))
        self.rows = tuple(row for row, _ in kept)
        self._blocks = [block for _, block in kept]
        self._starts, owners = _flatten(self._blocks)
        codes = np.array(
            [NETWORK_CLASSES.index(row.network_class) for row in self.rows] + [_OTHER], dtype=np.intp
        )
        self._class_codes = codes[owners]
        text = "\n".join(sorted(f"{row.prefix} {row.network_class} {row.precision}" for row in self.rows))
        self.digest = hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def built_in(cls) -> NetworkTable:
        """Return the table that ships with paperknife: coarse, and the same for everybody."""
        return _built_in()

    @classmethod
    def load(cls, path: str | Path | None = None) -> NetworkTable:
        """Return the built-in table with the lists that the user has imported.

        Parameters
        ----------
        path : str or Path, optional
            Folder of imported lists; left out, the user's own (`network_lists.lists_folder`).

        Raises
        ------
        NetworkListError
            If a given folder does not exist, or a list in it was changed since its import.
        """
        stamps = tuple((file, file.stat().st_mtime_ns, file.stat().st_size) for file in kept_files(path))
        return _with_lists(stamps) if stamps else _built_in()

    def classify(self, ips: Sequence[Any] | pa.Array | pd.Series) -> NDArray[np.object_]:
        """Return the network class of each address text, one of `NETWORK_CLASSES`.

        Parameters
        ----------
        ips : sequence, pyarrow Array or pandas Series of str, shape (n,)

        Returns
        -------
        ndarray of object, shape (n,)
            None for null and for what is no address (see `addresses` for what is read as one).
        """
        packed, is_address = pack_addresses(as_list(ips))
        place = np.searchsorted(self._starts, packed, side="right") - 1
        classes = _CLASS_NAMES[self._class_codes[place]]
        classes[~is_address] = None
        return classes

    def explain(self, ip: str) -> list[NetworkRow]:
        """Return the rows that hold an address, the deciding one first; empty for class "other".

        Raises
        ------
        NetworkListError
            If the text is no address.
        """
        packed, is_address = pack_addresses([ip])
        if not is_address[0]:
            raise NetworkListError(
                "This is no IP address. Expected one of IPv4 or IPv6, such as 203.0.113.7 or 2001:db8::7."
            )
        address = int.from_bytes(packed.tobytes())
        return [row for row, block in zip(self.rows, self._blocks, strict=True) if address in block]


_CLASS_NAMES: Final = np.array(NETWORK_CLASSES, dtype=object)
_OTHER: Final = NETWORK_CLASSES.index("other")


def _flatten(blocks: Sequence[Block]) -> tuple[NDArray[np.bytes_], NDArray[np.intp]]:
    """Return where disjoint intervals start and which block owns each: the first of the sequence, -1 for none."""
    edges = sorted(
        {0} | {block.first for block in blocks} | {block.last + 1 for block in blocks} - {1 << 128}
    )
    arrivals = sorted(range(len(blocks)), key=lambda i: blocks[i].first, reverse=True)
    present: list[int] = []
    owners = []
    for edge in edges:
        while arrivals and blocks[arrivals[-1]].first == edge:
            heapq.heappush(present, arrivals.pop())
        while present and blocks[present[0]].last < edge:
            heapq.heappop(present)
        owners.append(present[0] if present else -1)
    starts = np.frombuffer(b"".join(edge.to_bytes(16) for edge in edges), dtype="S16")
    return starts, np.array(owners, dtype=np.intp)


def _rows_of_toml() -> list[NetworkRow]:
    text = files("paperknife.evidence").joinpath("networks.toml").read_text(encoding="utf-8")
    return [
        NetworkRow(
            prefix=prefix,
            network_class=entry["class"],
            owner=entry["owner"],
            source=entry["source"],
            precision="coarse" if entry["coarse"] else "exact",
        )
        for entry in tomllib.loads(text)["network"]
        for prefix in entry["prefixes"]
    ]


@cache
def _built_in() -> NetworkTable:
    return NetworkTable(_rows_of_toml())


@lru_cache(maxsize=4)
def _with_lists(stamps: tuple[tuple[Path, int, int], ...]) -> NetworkTable:
    """Return the built-in table with lists from files; made anew when a file's time or size changes."""
    lists = [read_list(file) for file, _, _ in stamps]
    imported = [
        NetworkRow(
            prefix=prefix,
            network_class=kept.network_class,
            owner=kept.name,
            source=f"{kept.source}, {kept.imported_at:%Y-%m-%d}",
            precision="imported",
        )
        for kept in lists
        for prefix in kept.prefixes
    ]
    return NetworkTable([*_rows_of_toml(), *imported])


def network_keys(ips: Sequence[Any] | pa.Array | pd.Series) -> NDArray[np.object_]:
    """Return the unit of network history per address: its /24 (IPv4) or /48 (IPv6), about one site.

    Parameters
    ----------
    ips : sequence, pyarrow Array or pandas Series of str, shape (n,)

    Returns
    -------
    ndarray of object, shape (n,)
        Prefix texts in their shortest form; None for null and for what is no address.

    Examples
    --------
    >>> network_keys(["203.0.113.7", "2001:db8:1:2::7", None]).tolist()
    ['203.0.113.0/24', '2001:db8:1::/48', None]
    """
    packed, is_address = pack_addresses(as_list(ips))
    octets = packed.view(np.uint8).reshape(-1, 16).copy()
    is_v4 = (octets[:, :12] == np.frombuffer(MAPPED, dtype=np.uint8)).all(axis=1)
    octets[is_v4, 15:] = 0
    octets[~is_v4, 6:] = 0
    keys = np.array([_key(site) for site in octets.view("V16").ravel().tolist()], dtype=object)
    keys[~is_address] = None
    return keys


def _key(site: bytes) -> str:
    if site.startswith(MAPPED):
        return f"{site[12]}.{site[13]}.{site[14]}.0/24"
    return f"{inet_ntop(AF_INET6, site)}/48"
