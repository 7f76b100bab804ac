"""Read JSON of unknown layout piece by piece: what it is shows in its bytes, never in a file's name.

Two ways through a stream, chosen by its beginning. Where most lines are whole objects or arrays, it is read line by
line, and a line that is no JSON costs only itself. Otherwise brackets are followed: an array yields its items one by
one, and objects or arrays may follow one another, over as many lines as they like. Either way memory is bounded by
one piece.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

import msgspec

from paperknife.errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE_BYTES: Final = 64 * 1024 * 1024
"""Longest line, or object of an array, that is read as one piece."""

_HEAD_BYTES: Final = 1 << 16
_CHUNK_BYTES: Final = 1 << 20
_SPACE: Final = b" \t\r\n"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# The next bracket that is not inside a text. Possessive, so that a long text is never gone through twice.
_BRACKET: Final = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+([{}\[\]])', re.DOTALL)
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Broken:
    """A piece that is no JSON."""

    text: str


def read_payloads(stream: IO[bytes], name: str) -> Iterator[Any]:
    """Yield the decoded payloads of a stream, and a `Broken` for each piece that is no JSON.

    Parameters
    ----------
    stream : binary file
        Plain, or packed by gzip or zstd.
    name : str
        How messages call it.

    Raises
    ------
    PayloadError
        The stream is no JSON at all, is damaged, or holds a bracket or quotation mark that never closes.
    """
    buffered = io.BufferedReader(cast("io.RawIOBase", stream), _HEAD_BYTES)
    try:
        source = _unpacked(buffered)
        head = source.read(_HEAD_BYTES).removeprefix(_BYTE_ORDER_MARK)
        if not head.strip(_SPACE) and len(head) < _HEAD_BYTES - len(_BYTE_ORDER_MARK):
            return
        _require_json(head, name)
        yield from (_lines if _is_by_line(head) else _pieces)(head, source, name)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise PayloadError(
            f"{name} is damaged: its gzip data break off. Copy or download it again."
        ) from error
    except OSError as error:
        raise PayloadError(f"{name} cannot be read ({error.strerror or type(error).__name__}).") from error
    finally:
        buffered.detach()  # the stream is the caller's to close


def _unpacked(stream: io.BufferedReader[Any]) -> IO[bytes]:
    start = stream.peek(4)[:4]
    if start[:2] == b"\x1f\x8b":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=stream))
    if start == b"\x28\xb5\x2f\xfd":
        import pyarrow as pa

        return cast("IO[bytes]", pa.CompressedInputStream(pa.PythonFile(stream, "r"), "zstd"))
    return stream


def _require_json(head: bytes, name: str) -> None:
    start = head.lstrip(_SPACE)
    if start[:1] in {b"{", b"["}:
        return
    first, _, second = start.partition(b"\n")
    if second.lstrip(_SPACE)[:1] == b"{":
        return  # a broken first line of NDJSON
    raise PayloadError(
        f"{name} is no JSON: it looks like {_looks_like(start, first)}. Expected a provider's webhook or API payload "
        "as JSON: an array, one object, or one object a line."
    )


_SIGNATURES: Final = {
    b"PAR1": "Parquet (a log already? Then use it as it is)",
    b"PK\x03\x04": "a ZIP archive (unpack it first)",
    b"\xff\xfe": "UTF-16 text (save it as UTF-8)",
    b"\xfe\xff": "UTF-16 text (save it as UTF-8)",
    b"<": "HTML or XML",
}


def _looks_like(start: bytes, first: bytes) -> str:
    by_signature = next(
        (what for signature, what in _SIGNATURES.items() if start.startswith(signature)), None
    )
    if by_signature or b"\x00" in start[:1024]:
        return by_signature or "a binary file"
    if any(first.count(sign) >= 2 for sign in (b",", b";", b"\t")):  # noqa: PLR2004 - three fields make a table
        return "CSV"
    return "a form" if b"=" in first and b"&" in first else "plain text"


def _is_by_line(head: bytes) -> bool:
    """Return whether most lines of the beginning are whole objects or arrays by themselves."""
    *lines, rest = head.split(b"\n")
    filled = [line for line in lines or [rest] if line.strip(_SPACE)]
    whole = sum(isinstance(_decoded(line), dict | list) for line in filled)
    # A pretty-printed array of short objects has whole lines too, but never without commas after them.
    return 2 * whole > len(filled)


def _decoded(piece: bytes) -> Any:
    try:
        return _decode(piece)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError):
        return Broken(piece[:PIECE_BYTES].decode("utf-8", "replace"))


def _lines(head: bytes, source: IO[bytes], name: str) -> Iterator[Any]:
    rest = head
    while True:
        *lines, rest = rest.split(b"\n")
        for line in lines:
            if line.strip(_SPACE):
                yield _decoded(line)
        if len(rest) > PIECE_BYTES:
            raise _too_long(name)
        chunk = source.read(_CHUNK_BYTES)
        if not chunk:
            break
        rest += chunk
    if rest.strip(_SPACE):
        yield _decoded(rest)


def _pieces(head: bytes, source: IO[bytes], name: str) -> Iterator[Any]:  # noqa: C901 - one small machine
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
                raise _too_long(name)
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
                yield _decoded(bytes(buffer[start:place]))
                start = place
            elif depth == 0:
                yield from _stray(buffer[start : place - 1])
                in_array, start = False, place
    yield from _stray(buffer)


def _stray(piece: bytearray) -> Iterator[Broken]:
    """Yield what stands between pieces and is neither space nor comma; in an array it may be a plain value."""
    if stray := bytes(piece).strip(_SPACE + b","):
        yield Broken(stray.decode("utf-8", "replace"))


def _too_long(name: str) -> PayloadError:
    return PayloadError(
        f"{name} holds a piece longer than {PIECE_BYTES // 1024**2} MB, or a bracket or quotation mark that never "
        "closes. Split it into one object a line."
    )


def payload_files(source: str | Path) -> list[Path]:
    """Return the payload files of a path: the file itself, or those of a folder (at any depth) or a glob.

    In a folder or glob, files whose names end in .json, .ndjson, .jsonl (also .gz, .zst) count, and none that begin
    with a dot or an underscore.

    Raises
    ------
    PayloadError
        Nothing is there.
    """
    path = Path(source)
    if path.is_file():
        return [path]
    if path.is_dir():
        found = [file for file in path.rglob("*") if _is_payload(file, path)]
        what = f"The folder {path}"
    elif any(sign in str(source) for sign in "*?["):
        import glob

        # Patterns may be absolute, which Path.glob refuses.
        matched = [Path(name) for name in glob.glob(str(source), recursive=True)]  # noqa: PTH207
        found = [file for file in matched if file.is_file()]
        what = f"The pattern {source}"
    else:
        raise PayloadError(f"There is no file or folder {path}. Check the path; '-' reads standard input.")
    if not found:
        raise PayloadError(
            f"{what} holds no payload: expected files ending in .json, .ndjson or .jsonl (or .gz, .zst)."
        )
    return sorted(found)


def _is_payload(file: Path, folder: Path) -> bool:
    hidden = any(name.startswith((".", "_")) for name in file.relative_to(folder).parts)
    suffixes = [suffix.lower() for suffix in file.suffixes if suffix.lower() not in {".gz", ".zst"}]
    return file.is_file() and not hidden and bool(suffixes) and suffixes[-1] in {".json", ".ndjson", ".jsonl"}
