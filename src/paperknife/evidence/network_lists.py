"""Exact lists of networks that the user imports: read, checked, kept, and read again.

Providers publish their networks as text, one prefix a line: Apple's relay as CSV (`prefix,country,region,city,`),
others plain. A list is checked as a whole before anything changes: a page of HTML saved under the name of a list,
an empty file or many bad lines are refused, and the list in use stays. Prefixes that touch are merged (Apple's
287,000 become 14,000).

Lists are kept one file each, as text that says where it came from and when, with a digest over its prefixes, so
that a damaged list is noticed and never read.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from paperknife.errors import NetworkListError, did_you_mean
from paperknife.evidence.addresses import Block, format_prefixes, merge_blocks, parse_prefix

LIST_CLASSES: Final = (
    "apple_relay",
    "google_proxy",
    "yahoo_proxy",
    "scanner",
    "microsoft",
    "google",
    "cloud",
)
"""What a list can be a list of."""

LARGEST_BYTES: Final = 64_000_000
"""Apple's list has some 14 MB; a file beyond this is something else."""

_MOST_BAD_SHARE: Final = 0.03
_WIDEST_V4: Final = 1 << (32 - 8)
_WIDEST_V6: Final = 1 << (128 - 16)
"""No operator publishes a wider block than a /8 or /16, and one stray 0.0.0.0/0 would put everybody in a class."""

_HEADERS: Final = frozenset({"prefix", "ip_prefix", "network", "cidr"})
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_SUFFIX: Final = ".prefixes"
_NOTES: Final = ("name", "class", "source", "imported_at", "digest")


@dataclass(frozen=True, slots=True)
class NetworkList:
    """A list of networks of one class, as it is kept.

    Attributes
    ----------
    name : str
        Names the file; another import under the same name takes its place.
    network_class : str
        Of `LIST_CLASSES`.
    source : str
        File name or address that it came from.
    imported_at : datetime
        UTC, to the second.
    prefixes : tuple of str
        Merged and in order, IPv4 first.
    digest : str
        SHA-256 over the prefixes, hexadecimal.
    bad_lines_n : int
        Lines left out at the import.
    bad_lines : tuple of str
        The first three of them, as "line 7: no prefix"; their text is not repeated.
    """

    name: str
    network_class: str
    source: str
    imported_at: datetime
    prefixes: tuple[str, ...] = field(repr=False)
    digest: str
    bad_lines_n: int = 0
    bad_lines: tuple[str, ...] = ()


def lists_folder() -> Path:
    """Return the folder of the user's lists: in PAPERKNIFE_HOME, else where the platform keeps a user's data."""
    home = os.environ.get("PAPERKNIFE_HOME")
    if home:
        return Path(home) / "networks"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "paperknife" / "networks"


def import_list(
    file: str | Path,
    *,
    network_class: str = "apple_relay",
    name: str | None = None,
    folder: str | Path | None = None,
) -> NetworkList:
    """Return the list read from a file, after keeping it for every later `NetworkTable.load`.

    The list takes the place of all coarse built-in rows of its class, so import every list of a class that matters.

    Parameters
    ----------
    file : str or Path
        Apple's CSV or one prefix a line; blank lines and what follows `#` or `;` are passed over.
    network_class : str
        Of `LIST_CLASSES`.
    name : str, optional
        Lists of one class under several names add up; left out, the class.
    folder : str or Path, optional
        Left out, `lists_folder()`.

    Raises
    ------
    NetworkListError
        If the file cannot be read, is no network list, or class or name are not fit. Nothing is changed then.
    """
    path = Path(file)
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise NetworkListError(
                f"{path} is larger than {LARGEST_BYTES // 10**6} MB and so no network list."
            )
        data = path.read_bytes()
    except OSError as error:
        raise NetworkListError(
            f"Cannot read the network list {path}: {error.strerror}. Check the path and its permissions."
        ) from error
    return keep_list(data, source=str(path), network_class=network_class, name=name, folder=folder)


def keep_list(
    data: bytes,
    *,
    source: str,
    network_class: str,
    name: str | None = None,
    folder: str | Path | None = None,
    may_shrink: bool = True,
) -> NetworkList:
    """Return the list in `data`, after keeping it; like `import_list`, for bytes from anywhere.

    Parameters
    ----------
    may_shrink : bool
        If not, a list that covers less than half of the addresses (IPv4 or IPv6) of the kept one is refused.
    """
    if network_class not in LIST_CLASSES:
        raise NetworkListError(
            f"'{network_class}' is no network class. Expected one of: {', '.join(LIST_CLASSES)}."
            + did_you_mean(network_class, LIST_CLASSES)
        )
    name = name or network_class
    if not _NAME.fullmatch(name):
        raise NetworkListError(
            f"'{name}' cannot name a network list. Use lower-case letters, digits, '-' and '_'."
        )
    blocks, bad_lines = _parse(data, source)
    path = (lists_folder() if folder is None else Path(folder)) / (name + _SUFFIX)
    if not may_shrink and path.exists():
        _refuse_shrunk(blocks, read_list(path), source)
    prefixes = tuple(format_prefixes(blocks))
    kept = NetworkList(
        name=name,
        network_class=network_class,
        source=source,
        imported_at=datetime.now(UTC).replace(microsecond=0),
        prefixes=prefixes,
        digest=_digest(prefixes),
        bad_lines_n=len(bad_lines),
        bad_lines=tuple(bad_lines[:3]),
    )
    _write(kept, path)
    return kept


def _parse(data: bytes, source: str) -> tuple[list[Block], list[str]]:
    """Return the merged blocks of a list's text and what is wrong with its bad lines; raise if it is no list."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise NetworkListError(
            f"{source} is no text. Expected one prefix a line, or Apple's CSV, not compressed."
        )
    if text.lstrip().startswith(("<", "{", "[")):
        kind = "a web page" if text.lstrip().startswith("<") else "JSON"
        raise NetworkListError(
            f"{source} is {kind}, no network list. Expected one prefix a line, or Apple's CSV."
        )
    blocks: list[Block] = []
    bad_lines: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        prefix = re.split(r"[,;#\s]", line.strip(), maxsplit=1)[0]
        if not prefix or (not blocks and not bad_lines and prefix.lower() in _HEADERS):
            continue
        try:
            blocks.append(_published_block(prefix))
        except ValueError as problem:
            bad_lines.append(f"line {number}: {problem}")
    if not blocks and not bad_lines:
        raise NetworkListError(f"{source} holds no prefixes. Expected one prefix a line, or Apple's CSV.")
    lines_n = len(blocks) + len(bad_lines)
    if len(bad_lines) > _MOST_BAD_SHARE * lines_n:
        raise NetworkListError(
            f"{source} is no network list: {len(bad_lines)} of {lines_n} lines are bad ({'; '.join(bad_lines[:3])}). "
            "Expected one prefix a line, such as 203.0.113.0/24, or Apple's CSV."
        )
    return merge_blocks(blocks), bad_lines


def _published_block(prefix: str) -> Block:
    block = parse_prefix(prefix)
    if block.size > (_WIDEST_V4 if block.is_v4 else _WIDEST_V6):
        raise ValueError("wider than any published network")
    return block


def _refuse_shrunk(blocks: list[Block], old: NetworkList, source: str) -> None:
    """Raise if blocks cover less than half of what a kept list covers, in IPv4 or in IPv6."""
    old_blocks = [parse_prefix(prefix) for prefix in old.prefixes]
    for is_v4, version in ((True, "IPv4"), (False, "IPv6")):
        before = sum(block.size for block in old_blocks if block.is_v4 == is_v4)
        after = sum(block.size for block in blocks if block.is_v4 == is_v4)
        if after < before / 2:
            raise NetworkListError(
                f"The list from {source} covers {after / before:.0%} of the {version} addresses of the list of "
                f"{old.imported_at:%Y-%m-%d}, which stays in use. If it is right, download it and import the file."
            )


def _digest(prefixes: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(prefixes).encode()).hexdigest()


def _write(kept: NetworkList, path: Path) -> None:
    """Write a list aside and rename it, so that no reader ever sees half of one."""
    values = (kept.name, kept.network_class, kept.source, kept.imported_at.isoformat(), kept.digest)
    notes = [f"# {note}: {' '.join(str(value).split())}" for note, value in zip(_NOTES, values, strict=True)]
    aside = path.with_suffix(f".{os.getpid()}.aside")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text("\n".join([*notes, *kept.prefixes, ""]), encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        raise NetworkListError(
            f"Cannot keep the network list in {path.parent}: {error.strerror}. "
            "Make the folder writable or set PAPERKNIFE_HOME to one that is."
        ) from error
    finally:
        with suppress(OSError):  # gone when it was renamed, or never written
            aside.unlink()


def kept_files(folder: str | Path | None = None) -> tuple[Path, ...]:
    """Return the files of kept lists, by name; none where the user's own folder does not exist yet.

    Raises
    ------
    NetworkListError
        If a given folder does not exist.
    """
    place = lists_folder() if folder is None else Path(folder)
    if folder is not None and not place.is_dir():
        raise NetworkListError(
            f"There is no folder {place} with network lists. Leave it out to use your own lists."
        )
    return tuple(sorted(place.glob("*" + _SUFFIX)))


def read_list(path: Path) -> NetworkList:
    """Return a kept list.

    Raises
    ------
    NetworkListError
        If the file cannot be read, is damaged or was changed by hand.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise NetworkListError(
            f"Cannot read the network list {path}: {error.strerror}. Mend its permissions, or remove it."
        ) from error
    notes = dict(line[2:].partition(": ")[::2] for line in lines[: len(_NOTES)])
    prefixes = tuple(lines[len(_NOTES) :])
    if tuple(notes) != _NOTES or notes["digest"] != _digest(prefixes) or notes["class"] not in LIST_CLASSES:
        raise NetworkListError(
            f"The network list {path} was changed after its import. Import it again, or remove the file."
        )
    return NetworkList(
        name=notes["name"],
        network_class=notes["class"],
        source=notes["source"],
        imported_at=datetime.fromisoformat(notes["imported_at"]),
        prefixes=prefixes,
        digest=notes["digest"],
    )
