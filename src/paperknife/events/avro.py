"""Avro files whose blocks are packed with Snappy or Zstandard, unpacked with pyarrow, which is there anyway.

fastavro reads both only with further libraries, and Kafka's, Spark's and BigQuery's writers like Snappy best. A file of
another packing goes through as it is.
"""

from __future__ import annotations

import io
import zlib
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAGIC: Final = b"Obj\x01"
PACKINGS: Final = frozenset({"null", "deflate", "bzip2", "xz", "snappy", "zstandard"})
"""Codecs that can be read."""

_CODEC: Final = "avro.codec"
_SYNC_BYTES: Final = 16
_CRC_BYTES: Final = 4
_LONGEST: Final = 1 << 28
"""Bytes of a block, packed or not, or of a field of the header; a longer one is no such file."""


class UnknownPackingError(Exception):
    """An Avro file's codec is none of `PACKINGS`."""


def with_plain_blocks(stream: IO[bytes]) -> IO[bytes]:
    """Return an Avro file of the same records that fastavro can read.

    Parameters
    ----------
    stream : binary file
        At its beginning.

    Returns
    -------
    binary file
        Raises ValueError (or pyarrow's own errors), when it is read, where the file is damaged.

    Raises
    ------
    UnknownPackingError
        It is packed in a way that cannot be read: the message says how.
    ValueError
        It begins unlike an Avro file, or ends within its header.
    """
    taken = bytearray()
    fields, sync = _header(stream, taken)
    codec = fields.get(_CODEC, b"null").decode("ascii", "replace")
    if codec not in PACKINGS:
        raise UnknownPackingError(f"packed with {codec[:20]!r}; expected {', '.join(sorted(PACKINGS))}")
    unpack = {"snappy": _snappy, "zstandard": _zstandard}.get(codec)
    if unpack is None:
        return io.BufferedReader(_Pieces(_rest(bytes(taken), stream)))
    return io.BufferedReader(_Pieces(_blocks(stream, {**fields, _CODEC: b"null"}, sync, unpack)))


class _Pieces(io.RawIOBase):
    """A file made of the pieces of an iterator."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer as far as one piece goes."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        n = min(len(buffer), len(self._left))
        buffer[:n] = self._left[:n]
        self._left = self._left[n:]
        return n


def _rest(head: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    yield head
    while piece := stream.read(1 << 20):
        yield piece


def _blocks(
    stream: IO[bytes], fields: dict[str, bytes], sync: bytes, unpack: Callable[[bytes], bytes]
) -> Iterator[bytes]:
    told = b"".join(_told(name.encode()) + _told(value) for name, value in fields.items())
    yield MAGIC + _number(len(fields)) + told + _number(0) + sync
    while first := stream.read(1):
        records_n = _read_number(stream, first)
        raw = unpack(_take(stream, _read_number(stream)))
        yield _number(records_n) + _told(raw)
        yield _take(stream, _SYNC_BYTES)  # fastavro compares it


def _header(stream: IO[bytes], taken: bytearray) -> tuple[dict[str, bytes], bytes]:
    if _take(stream, len(MAGIC), taken) != MAGIC:
        raise ValueError("no Avro file")
    fields: dict[str, bytes] = {}
    while count := _read_number(stream, taken=taken):
        if count < 0:
            _read_number(stream, taken=taken)  # the bytes that follow, for who wants to skip them
        for _ in range(abs(count)):
            name = _take(stream, _read_number(stream, taken=taken), taken)
            fields[name.decode("utf-8", "replace")] = _take(stream, _read_number(stream, taken=taken), taken)
    return fields, _take(stream, _SYNC_BYTES, taken)


def _take(stream: IO[bytes], n: int, taken: bytearray | None = None) -> bytes:
    if not 0 <= n <= _LONGEST:
        raise ValueError("a length that cannot be")
    parts = []
    while n and (part := stream.read(n)):
        parts.append(part)
        n -= len(part)
    if n:
        raise ValueError("the file ends too early")  # fastavro would take an EOFError for a good end
    found = b"".join(parts)
    if taken is not None:
        taken += found
    return found


def _read_number(stream: IO[bytes], first: bytes = b"", *, taken: bytearray | None = None) -> int:
    """Return a number as Avro writes it: seven bits a byte, the lowest first, in zigzag."""
    value = shift = 0
    while True:
        (byte,) = first or _take(stream, 1, taken)
        first = b""
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the eighth bit says that more follows
            return (value >> 1) ^ -(value & 1)
        shift += 7
        if shift > 63:  # noqa: PLR2004 - bits of a long
            raise ValueError("a number that is too long")


def _number(value: int) -> bytes:
    left, out = (value << 1) ^ (value >> 63), bytearray()
    while left > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
    return bytes(out)


def _told(value: bytes) -> bytes:
    return _number(len(value)) + value


def _snappy(block: bytes) -> bytes:
    """Return what a block holds: Snappy's raw format, and the CRC-32 of what it unpacks to."""
    import pyarrow as pa

    packed, crc = block[:-_CRC_BYTES], block[-_CRC_BYTES:]
    length = shift = 0
    for byte in packed[:5]:  # Snappy begins with the length, seven bits a byte
        length |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the eighth bit says that more follows
            break
        shift += 7
    if length > _LONGEST:
        raise ValueError("a block that is too long")
    raw: bytes = pa.Codec("snappy").decompress(packed, decompressed_size=length, asbytes=True)
    if zlib.crc32(raw).to_bytes(_CRC_BYTES, "big") != crc:
        raise ValueError("a block that was changed")
    return raw


def _zstandard(block: bytes) -> bytes:
    import pyarrow as pa

    with pa.CompressedInputStream(pa.BufferReader(block), "zstd") as stream:
        raw: bytes = stream.read(_LONGEST + 1)
    if len(raw) > _LONGEST:
        raise ValueError("a block that is too long")
    return raw
