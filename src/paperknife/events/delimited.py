"""Rows of CSV text, one dict a row, read as a stream: a line that is no row costs only itself.

The standard library's reader does the splitting. Around it, each row's own lines are kept, so that a quotation mark
that never closes can be undone: its line is set aside, and reading goes on with the next one.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

DELIMITERS: Final = ",;\t|"
_RECORD_CHARACTERS: Final = 1 << 20
"""Longest row; a longer one is a quotation mark that never closes."""
_FEWEST_COLUMNS: Final = 3


def delimiter_of(head: bytes) -> str | None:
    """Return what separates the columns of a text that begins so, or None where its first line is no header.

    A header is a line of at least three different names without a brace, of which none is a number.
    """
    first = head.lstrip(b"\r\n").partition(b"\n")[0].decode("utf-8", "replace").strip("\r")
    delimiter = max(DELIMITERS, key=first.count)
    names = _split(first, delimiter)
    is_header = (
        len(names) >= _FEWEST_COLUMNS
        and len(set(names)) == len(names)
        and all(name and not name.replace(".", "").isdigit() for name in names)
        and not any(sign in first for sign in "{}<>")
    )
    return delimiter if is_header else None


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def delimited_rows(stream: IO[bytes], delimiter: str) -> Iterator[dict[str, str | None] | str]:
    """Yield the rows below the header as dicts of texts, and a line that is no row as it stands.

    An empty field becomes None: CSV knows no null.

    Parameters
    ----------
    stream : binary file
        UTF-8; what is none becomes a replacement character.
    delimiter : str

    Yields
    ------
    dict of str to (str or None), or str
    """
    lines = _Lines(io.TextIOWrapper(stream, "utf-8", errors="replace", newline=""))
    header: list[str] | None = None
    while True:
        record = _record(lines, delimiter)
        if record is None:
            return
        if isinstance(record, str):
            yield record
        elif header is None:
            header = [name.strip() for name in record]
        elif len(record) == len(header):
            yield {name: value or None for name, value in zip(header, record, strict=True)}
        elif record:
            # A mark that closed many lines later by chance swallowed rows: give all but the first line back.
            yield lines.give_back_all_but_first()


def _record(lines: _Lines, delimiter: str) -> list[str] | str | None:
    """Return the next row's fields, its first line as it stands where it is no row, or None at the end."""
    lines.begin()
    try:
        return next(csv.reader(lines, delimiter=delimiter, strict=True), None)
    except csv.Error:
        return lines.give_back_all_but_first()


class _Lines:
    """Lines of a text, of which those of the present row can be given back."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._waiting: deque[str] = deque()
        self._own: list[str] = []
        self._own_characters = 0

    def begin(self) -> None:
        """Begin a row."""
        self._own, self._own_characters = [], 0

    def give_back_all_but_first(self) -> str:
        """Return the row's first line, and let the others be read again."""
        first, *others = self._own or [""]
        self._waiting.extendleft(reversed(others))
        self.begin()
        return first.rstrip("\r\n")

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> str:
        if self._own_characters > _RECORD_CHARACTERS:
            raise csv.Error
        line = self._waiting.popleft() if self._waiting else self._text.readline(_RECORD_CHARACTERS)
        if not line:
            raise StopIteration
        self._own.append(line)
        self._own_characters += len(line)
        return line
