"""Whole lines of a stream, some megabytes at a time: as bytes, or by their place in a plain file."""

from __future__ import annotations

import os
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
    file_id : pair of int
        Device and number of the file when it was cut: a rotated log has another file at its place.
    start, bytes_n : int
    """

    path: Path
    file_id: tuple[int, int]
    start: int
    bytes_n: int

    def read(self) -> bytes:
        """Return the lines.

        Raises
        ------
        PayloadError
            When the file cannot be read, or is no longer what it was when it was cut.
        """
        try:
            with self.path.open("rb") as file:
                is_same = _file_id(file) == self.file_id
                file.seek(self.start)
                lines = file.read(self.bytes_n)
        except OSError as error:
            raise PayloadError(f"{self.path} cannot be read ({error.strerror}).") from error
        if not is_same or len(lines) != self.bytes_n:
            raise PayloadError(
                f"{self.path} was replaced or shortened while it was read. Ingest it again, or a copy of it."
            )
        return lines


def _file_id(file: IO[bytes]) -> tuple[int, int]:
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino


def stretches(path: Path, name: str, about_bytes: int) -> Iterator[Stretch]:
    """Cut a plain file behind lines without reading it: that is left to who decodes them."""
    with path.open("rb") as file:
        file_id, start, end = _file_id(file), 0, os.fstat(file.fileno()).st_size
        while start < end:
            file.seek(start + about_bytes)
            rest_n = len(file.readline(PIECE_BYTES))
            if rest_n == PIECE_BYTES:
                raise too_long(name)
            bytes_n = min(about_bytes + rest_n, end - start)
            yield Stretch(path, file_id, start, bytes_n)
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
