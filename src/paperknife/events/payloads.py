"""Read payloads of unknown layout piece by piece: what they are shows in their bytes, never in a file's name.

JSON in any form (an array, one object, objects or arrays after one another, or one a line), CSV with a header, the
form of a webhook body, Avro and Parquet. Of JSON there are two ways through a stream, chosen by its beginning. Where
most lines are whole objects or arrays, it is read line by line, and a line that is no JSON costs only itself.
Otherwise brackets are followed: an array yields its items one by one, and objects or arrays may follow one another,
over as many lines as they like. Either way memory is bounded by one chunk.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec

from paperknife.errors import PayloadError
from paperknife.events.avro import UnknownPackingError, with_plain_blocks
from paperknife.events.delimited import delimited_rows, delimiter_of
from paperknife.events.lines import PIECE_BYTES, Stretch, stretches, too_long, whole_lines
from paperknife.events.streams import HEAD_BYTES, begins_with, is_seekable, rejoined, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pyarrow as pa

_CHUNK_BYTES: Final = 4 << 20
_CHUNK_ROWS: Final = 8_192
_ROW_BYTES: Final = 400
_SPACE: Final = b" \t\r\n"
# The next bracket that is not inside a text. Possessive, so that a long text is never gone through twice.
_BRACKET: Final = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+([{}\[\]])', re.DOTALL)
# Possessive too: with a second way to take the ampersands, text of many would be tried in all combinations.
_FORM: Final = re.compile(rb"[A-Za-z_][\w.\-\[\]]*+=[^\s{}<>\"]*+[^\S\r\n]*+(?:[\r\n]|\Z)")
_LINE: Final = re.compile(rb"[^\n]+")
_decoder: Final = msgspec.json.Decoder()
_decode = _decoder.decode


class NotAPayloadError(PayloadError):
    """A stream is none of the layouts that are understood; in a folder such files are passed over, and named."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A piece that cannot be read as what its surroundings are.

    Attributes
    ----------
    text : str
    reason : str
    """

    text: str
    reason: str = "not JSON"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a stream, small enough for memory; JSON in it is decoded by whoever asks for its payloads.

    Attributes
    ----------
    lines : bytes or Stretch
        Whole lines of JSON.
    pieces : list of bytes or Broken
        JSON that is not cut by lines.
    rows : list
        What needs no more decoding: rows of CSV, Avro or Parquet, forms, and `Broken` ones among them.
    """

    lines: bytes | Stretch = b""
    pieces: list[bytes | Broken] = field(default_factory=list)
    rows: list[Any] = field(default_factory=list)

    @property
    def bytes_n(self) -> int:
        """About how large it is."""
        return (
            (len(self.lines) if isinstance(self.lines, bytes) else self.lines.bytes_n)
            + sum(len(one) for one in self.pieces if isinstance(one, bytes))
            + sum(map(_size, self.rows))
        )

    def read_lines(self) -> bytes:
        """Return the lines, wherever they are."""
        return self.lines if isinstance(self.lines, bytes) else self.lines.read()

    def payloads(self) -> list[Any]:
        """Return the decoded payloads, and a `Broken` for each piece that is none."""
        decoded: list[Any]
        lines = self.read_lines()
        try:
            decoded = _decoder.decode_lines(lines)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError):
            decoded = [_decoded(line) for line in lines.split(b"\n") if line.strip(_SPACE)]
        decoded += [one if isinstance(one, Broken) else _decoded(one) for one in self.pieces]
        return decoded + self.rows


def read_chunks(stream: IO[bytes], name: str, path: Path | None = None) -> Iterator[Chunk]:
    """Yield what a stream holds, chunk by chunk.

    Parameters
    ----------
    stream : binary file
        Plain, or packed by gzip or zstd.
    name : str
        How messages call it.
    path : Path, optional
        Where it is a file: then chunks of plain lines only say where in it these are.

    Raises
    ------
    NotAPayloadError
        The stream is in none of the layouts that are understood.
    PayloadError
        It is damaged, or holds a bracket or quotation mark that never closes.
    """
    try:
        source, head = unpacked(stream)
        if not head.strip(_SPACE) and len(head) < HEAD_BYTES - 3:
            return
        if head.startswith(b"PAR1") and begins_with(stream, b"PAR1"):
            yield from _in_rows(_parquet(stream, name))
        elif path is not None and _is_long_and_plain(stream, head):
            yield from (Chunk(lines=found) for found in stretches(path.resolve(), name, _CHUNK_BYTES))
        else:
            yield from _chunks_of(source, head, name)
    except (EOFError, zlib.error) as error:
        raise _damaged(name, "gzip") from error
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise _damaged(name, "gzip") from error
        if error.strerror is None:  # Arrow's, while it unpacks
            raise _damaged(name, "zstd") from error
        raise PayloadError(f"{name} cannot be read ({error.strerror}).") from error


def read_payloads(stream: IO[bytes], name: str) -> Iterator[Any]:
    """Yield the decoded payloads of a stream, and a `Broken` for each piece that is none; see `read_chunks`."""
    for chunk in read_chunks(stream, name):
        yield from chunk.payloads()


def payload_of(body: str) -> Any:
    """Return the payload that a webhook's body stands for, JSON or a form; a `Broken` for what is neither."""
    data = body.encode("utf-8", "replace")
    if not _FORM.match(data.strip(_SPACE)):
        return _decoded(data)
    return next(_forms(io.BytesIO(data.strip(_SPACE)), "a body"))


def _is_long_and_plain(stream: IO[bytes], head: bytes) -> bool:
    """Return whether a long file itself, and not what it unpacks to, is JSON by line."""
    return len(head) == HEAD_BYTES and _is_json(head) and _is_by_line(head) and begins_with(stream, head)


def _damaged(name: str, packing: str) -> PayloadError:
    return PayloadError(f"{name} is damaged: its {packing} data break off. Copy or download it again.")


def _chunks_of(source: IO[bytes], head: bytes, name: str) -> Iterator[Chunk]:
    start = head.lstrip(_SPACE)
    if head.startswith(b"Obj\x01"):
        yield from _in_rows(_avro(rejoined(head, source), name))
    elif head.startswith(b"PAR1"):
        yield from _in_rows(_parquet(rejoined(head, source), name))
    elif _is_json(head):
        if _is_by_line(head):
            yield from (Chunk(lines=found) for found in whole_lines(head, source, name, _CHUNK_BYTES))
        else:
            yield from _in_pieces(_pieces(head, source, name))
    elif _FORM.match(start):
        yield from _in_rows(_forms(rejoined(head, source), name))
    elif not _binary(start) and (delimiter := delimiter_of(head)) is not None:
        rows = delimited_rows(rejoined(head, source), delimiter)
        yield from _in_rows(
            row if isinstance(row, dict) else Broken(row, "not a CSV row of as many fields as the header")
            for row in rows
        )
    else:
        raise NotAPayloadError(
            f"{name} is no payload: it looks like {_looks_like(start)}. Expected what a provider's webhook, API or "
            "export gives: JSON (an array, one object, or one object a line), CSV with a header, a form, or Avro."
        )


_SIGNATURES: Final = {
    b"PK\x03\x04": "a ZIP archive (unpack it first)",
    b"<": "HTML or XML",
    b"ORC": "ORC",
    b"SQLite format 3": "an SQLite database",
    b"ARROW1": "an Arrow file (write it as Parquet)",
    b"BZh": "a bzip2 archive (unpack it first)",
    b"\xfd7zXZ": "an xz archive (unpack it first)",
}


def _binary(start: bytes) -> bool:
    return b"\x00" in start[:1024] or start.startswith(tuple(_SIGNATURES))


def _looks_like(start: bytes) -> str:
    by_signature = next((what for sign, what in _SIGNATURES.items() if start.startswith(sign)), None)
    return by_signature or ("a binary file" if _binary(start) else "plain text")


def _is_json(head: bytes) -> bool:
    start = head.lstrip(_SPACE)
    # The second: a broken first line of NDJSON.
    return start[:1] in {b"{", b"["} or start.partition(b"\n")[2].lstrip(_SPACE)[:1] == b"{"


def _is_by_line(head: bytes) -> bool:
    """Return whether most lines of the beginning are whole objects or arrays by themselves."""
    *lines, rest = head.split(b"\n")
    if not lines and len(head) >= HEAD_BYTES - len(codecs.BOM_UTF8):
        return False  # the first line goes on, even where what is seen of it is whole
    filled = [line for line in lines or [rest] if line.strip(_SPACE)]
    whole = sum(isinstance(_decoded(line), dict | list) for line in filled)
    # A pretty-printed array of short objects has whole lines too, but never without commas after them.
    return 2 * whole > len(filled)


def _decoded(piece: bytes) -> Any:
    try:
        return _decode(piece)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError):
        return Broken(piece[:PIECE_BYTES].decode("utf-8", "replace"))


def _pieces(head: bytes, source: IO[bytes], name: str) -> Iterator[bytes | Broken]:  # noqa: C901 - one small machine
    """Follow brackets outside of texts; an outermost array is opened, and each of its items is a piece."""
    buffer = bytearray(head)
    start = place = depth = 0
    in_array = False
    while True:
        found = _BRACKET.match(buffer, place)
        if found is None:
            # What lies before `start` has been read; what follows may be the beginning of a piece.
            del buffer[:start]
            place, start = place - start, 0
            if len(buffer) > PIECE_BYTES:
                raise too_long(name)
            chunk = source.read(_CHUNK_BYTES)
            if not chunk:
                break
            buffer += chunk
            continue
        place = found.end()
        if found[1] in b"{[":
            if depth <= in_array:
                yield from _stray(buffer[start : place - 1])
                start = place - 1
            if depth == 0 and found[1] == b"[":
                in_array, start = True, place
            depth += 1
        elif depth > 0:
            depth -= 1
            if depth == in_array:
                yield bytes(buffer[start:place])
                start = place
            elif depth == 0:
                yield from _stray(buffer[start : place - 1])
                in_array, start = False, place
    yield from _stray(buffer)


def _stray(piece: bytearray) -> Iterator[Broken]:
    """Yield what stands between pieces and is neither space nor comma, line by line; in an array, a plain value."""
    for line in _LINE.finditer(bytes(piece)):
        if stray := line.group().strip(_SPACE + b","):
            yield Broken(stray.decode("utf-8", "replace"))


def _in_pieces(pieces: Iterable[bytes | Broken]) -> Iterator[Chunk]:
    kept: list[bytes | Broken] = []
    bytes_n = 0
    for piece in pieces:
        kept.append(piece)
        bytes_n += len(piece) if isinstance(piece, bytes) else len(piece.text)
        if bytes_n >= _CHUNK_BYTES or len(kept) >= _CHUNK_ROWS:
            yield Chunk(pieces=kept)
            kept, bytes_n = [], 0
    if kept:
        yield Chunk(pieces=kept)


def _in_rows(rows: Iterable[Any]) -> Iterator[Chunk]:
    kept: list[Any] = []
    bytes_n = 0
    for row in rows:
        kept.append(row)
        bytes_n += _size(row)
        if bytes_n >= _CHUNK_BYTES or len(kept) >= _CHUNK_ROWS:
            yield Chunk(rows=kept)
            kept, bytes_n = [], 0
    if kept:
        yield Chunk(rows=kept)


def _size(row: Any) -> int:
    """Return about how many bytes a row takes: long texts count, since one form may hold a thousand events."""
    values = row.values() if isinstance(row, dict) else (row.text,) if isinstance(row, Broken) else ()
    return _ROW_BYTES + sum(len(value) for value in values if isinstance(value, str | bytes))


def _forms(stream: IO[bytes], name: str) -> Iterator[dict[str, str] | Broken]:
    """Yield the fields of forms, one a line; of a field that comes more than once, the last value."""
    from urllib.parse import parse_qsl

    while line := stream.readline(PIECE_BYTES):
        if len(line) >= PIECE_BYTES:
            raise too_long(name)
        text = line.decode("utf-8", "replace").strip()
        if text:
            fields = dict(parse_qsl(text, keep_blank_values=True))
            yield fields or Broken(text, "not a form")


def _avro(stream: IO[bytes], name: str) -> Iterator[Any]:
    import fastavro

    try:
        yield from fastavro.reader(with_plain_blocks(stream))
    except PayloadError:
        raise
    except UnknownPackingError as error:
        raise PayloadError(f"{name} is an Avro file {error}. Have it written with another codec.") from error
    except Exception as error:  # fastavro raises whatever the bytes lead it to
        raise PayloadError(
            f"{name} is damaged: its Avro data cannot be read. Copy or download it again."
        ) from error


def _parquet(stream: IO[bytes], name: str) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not is_seekable(stream):
        stream = pa.BufferReader(stream.read())  # Parquet begins to be read at its end
    try:
        for batch in pq.ParquetFile(stream).iter_batches(batch_size=_CHUNK_ROWS):
            yield from _rows(batch)
    except (pa.ArrowException, OSError) as error:
        raise PayloadError(
            f"{name} is damaged: its Parquet data cannot be read. Copy or download it again."
        ) from error


def _rows(batch: pa.RecordBatch) -> Iterator[Any]:
    """Yield the rows of a batch; one that Python cannot hold (a time of the year 100,000, text in Latin-1) is broken."""
    try:
        yield from batch.to_pylist()
    except (OverflowError, ValueError):
        for place in range(len(batch)):
            try:
                (row,) = batch.slice(place, 1).to_pylist()
            except (OverflowError, ValueError):
                row = Broken("(cannot be shown)", "a value that cannot be read")
            yield row
