"""Where payloads lie, and how their bytes are unpacked: files, folders, globs; plain, gzip, zstd, UTF-16."""

from __future__ import annotations

import codecs
import gzip
import io
from pathlib import Path
from typing import IO, Any, Final, cast

from paperknife.errors import PayloadError

HEAD_BYTES: Final = 1 << 16
BYTE_ORDER_MARK: Final = codecs.BOM_UTF8


def unpacked(stream: IO[bytes]) -> tuple[IO[bytes], bytes]:
    """Return a stream's plain bytes and what they begin with, without a byte order mark.

    Parameters
    ----------
    stream : binary file
        Plain, or packed by gzip or zstd; UTF-16 with its byte order mark becomes UTF-8.

    Returns
    -------
    source : binary file
        What follows the head.
    head : bytes
        At most 64 KB, and less only where the stream is shorter.
    """
    source = _decompressed(stream)
    head = _read_head(source)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        # Marketing Cloud and spreadsheets export this.
        source = cast("IO[bytes]", _Transcoded(_Rejoined(head, source)))
        head = _read_head(source)
    return source, head.removeprefix(BYTE_ORDER_MARK)


def _read_head(source: IO[bytes]) -> bytes:
    head = b""
    while len(head) < HEAD_BYTES and (more := source.read(HEAD_BYTES - len(head))):
        head += more
    return head


def _decompressed(stream: IO[bytes]) -> IO[bytes]:
    # The wrapping keeps the stream open when the buffer is thrown away: it is the caller's to close.
    buffered = io.BufferedReader(_Rejoined(b"", stream), HEAD_BYTES)
    start = buffered.peek(4)[:4]
    if start[:2] == b"\x1f\x8b":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=buffered))
    if start == b"\x28\xb5\x2f\xfd":
        import pyarrow as pa

        return cast("IO[bytes]", pa.CompressedInputStream(pa.PythonFile(buffered, "r"), "zstd"))
    return buffered


class _Rejoined(io.RawIOBase):
    """A stream whose beginning had been read already."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._parts = [io.BytesIO(head), rest]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        while self._parts:
            got = self._parts[0].read(len(view))
            if got:
                view[: len(got)] = got
                return len(got)
            del self._parts[0]
        return 0


class _Transcoded(io.RawIOBase):
    """UTF-16 as UTF-8; what is no character becomes a replacement character."""

    def __init__(self, source: io.RawIOBase) -> None:
        self._text = codecs.getreader("utf-16")(io.BufferedReader(source), "replace")
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        while not self._rest:
            text = self._text.read(HEAD_BYTES)
            if not text:
                return 0
            self._rest = text.encode("utf-8", "replace")
        got, self._rest = self._rest[: len(view)], self._rest[len(view) :]
        view[: len(got)] = got
        return len(got)


def rejoined(head: bytes, rest: IO[bytes]) -> IO[bytes]:
    """Return a stream that begins with a head that had been read already."""
    return cast("IO[bytes]", io.BufferedReader(_Rejoined(head, rest)))


def payload_files(source: str | Path) -> list[Path]:
    """Return the files of a path: the file itself, or those of a folder (at any depth) or a glob, sorted.

    What a file holds is seen from its content, so all of a folder count, whatever their names, save hidden ones, empty
    ones, and those in folders whose names begin with a dot or an underscore.

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
        raise PayloadError(f"{what} holds no payload: there is no file in it, or only empty and hidden ones.")
    return sorted(found)


def _is_payload(file: Path, folder: Path) -> bool:
    *folders, name = file.relative_to(folder).parts
    hidden = name.startswith(".") or any(part.startswith((".", "_")) for part in folders)
    return file.is_file() and not hidden and file.stat().st_size > 0


def begins_with(stream: IO[bytes], signature: bytes) -> bool:
    """Return whether a stream that can go back to its beginning begins so, and leave it where it was."""
    if not is_seekable(stream):
        return False
    place = stream.tell()
    stream.seek(0)
    begins_so = stream.read(len(signature)) == signature
    stream.seek(place)
    return begins_so


def is_seekable(stream: Any) -> bool:
    """Return whether a stream can go back to its beginning."""
    return bool(getattr(stream, "seekable", lambda: False)())
