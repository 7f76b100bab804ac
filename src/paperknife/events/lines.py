"""Whole lines of a stream, some megabytes at a time: as bytes, or by their place in a plain file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from paperknife.errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIECE_BYTES: Final = 64 * 1024 * 1024
"""Longest line, or object of an array, that is read as one piece."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whole lines of a plain file by their place in it: sent to another process, they need not be copied to it.

    Attributes
    ----------
    path : Path
        Absolute.
    start, bytes_n : int
    """

    path: Path
    start: int
    bytes_n: int

    def read(self) -> bytes:
        """Return the lines."""
        try:
            with self.path.open("rb", buffering=0) as file:
                file.seek(self.start)
                return file.read(self.bytes_n)
        except OSError as error:
            raise PayloadError(f"{self.path} cannot be read ({error.strerror}).") from error


def stretches(path: Path, name: str, about_bytes: int) -> Iterator[Stretch]:
    """Cut a plain file behind lines without reading it: that is left to who decodes them."""
    start, end = 0, path.stat().st_size
    with path.open("rb") as file:
        while start < end:
            file.seek(start + about_bytes)
            rest_n = len(file.readline(PIECE_BYTES))
            if rest_n == PIECE_BYTES:
                raise too_long(name)
            bytes_n = min(about_bytes + rest_n, end - start)
            yield Stretch(path, start, bytes_n)
            start += bytes_n


def whole_lines(head: bytes, source: IO[bytes], name: str, about_bytes: int) -> Iterator[bytes]:
    """Yield the lines of a stream of which the head has been read already."""
    rest = head
    while more := source.read(about_bytes):
        end = more.rfind(b"\n") + 1
        if end:
            yield rest + more[:end]
            rest = more[end:]
        else:
            rest += more
            if len(rest) > PIECE_BYTES:
                raise too_long(name)
    if rest.strip(b" \t\r\n"):
        yield rest


def too_long(name: str) -> PayloadError:
    """Return what is raised for a line, or another piece, that is longer than any event."""
    return PayloadError(
        f"{name} holds a piece longer than {PIECE_BYTES // 1024**2} MB, or a bracket or quotation mark that never "
        "closes. Split it into one object a line."
    )
