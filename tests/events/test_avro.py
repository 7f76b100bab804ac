"""Avro files packed with Snappy or Zstandard are the same records as plain ones, and damage never passes."""

from __future__ import annotations

import io
import json
import zlib

import fastavro
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.events.avro import MAGIC, UnknownPackingError, with_plain_blocks

SCHEMA = {
    "type": "record", "name": "e",
    "fields": [{"name": "id", "type": "string"}, {"name": "time", "type": ["null", "long"]}],
}  # fmt: skip
RECORDS = [{"id": f"e{n}" * 40, "time": n or None} for n in range(300)]


def number(value):
    left, out = value << 1, b""
    while left > 127:
        out, left = out + bytes([left & 127 | 128]), left >> 7
    return out + bytes([left])


def told(value):
    return number(len(value)) + value


def snappy(raw):
    return pa.Codec("snappy").compress(raw, asbytes=True) + zlib.crc32(raw).to_bytes(4, "big")


def zstandard(raw):
    return pa.Codec("zstd").compress(raw, asbytes=True)


def file_of(codec, pack, blocks_n=3):
    """Return a file of three blocks, put together by hand: no library here writes these codecs."""
    meta = {"avro.schema": json.dumps(SCHEMA).encode(), "avro.codec": codec.encode()}
    out = MAGIC + number(2) + b"".join(told(name.encode()) + told(value) for name, value in meta.items())
    out += number(0) + b"S" * 16
    for _ in range(blocks_n):
        block = io.BytesIO()
        for record in RECORDS:
            fastavro.schemaless_writer(block, SCHEMA, record)
        out += number(len(RECORDS)) + told(pack(block.getvalue())) + b"S" * 16
    return out


SNAPPY, ZSTANDARD = file_of("snappy", snappy), file_of("zstandard", zstandard)


def read(data):
    return list(fastavro.reader(with_plain_blocks(io.BytesIO(data))))


@pytest.mark.parametrize("data", [SNAPPY, ZSTANDARD])
def test_packed_blocks_are_their_records(data):
    assert read(data) == RECORDS * 3


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz"])
def test_what_fastavro_reads_itself_goes_through(codec):
    target = io.BytesIO()
    fastavro.writer(target, SCHEMA, RECORDS, codec=codec)
    assert with_plain_blocks(io.BytesIO(target.getvalue())).read() == target.getvalue()
    assert read(target.getvalue()) == RECORDS


def test_another_codec_is_named():
    with pytest.raises(UnknownPackingError, match="packed with 'lz4'; expected bzip2, deflate, null"):
        read(file_of("lz4", bytes))


@pytest.mark.parametrize(
    "data",
    [
        b"Obj\x02" + SNAPPY[4:],
        MAGIC + b"\xff" * 12,
        MAGIC + number(1) + number(1 << 40),
        file_of("snappy", lambda raw: snappy(raw)[:-4] + b"none"),
        file_of("snappy", lambda _: b"\xff" * 40),
        file_of("snappy", lambda _: b"\xff\xff\xff\xff\x0f" + b"x" * 40),
        file_of("zstandard", lambda _: b"no zstandard"),
        SNAPPY[:-8] + b"another.",
        SNAPPY[: len(SNAPPY) // 2],
    ],
)
def test_a_damaged_file_raises(data):
    with pytest.raises((ValueError, OSError)):
        read(data)


@given(st.integers(0, len(SNAPPY) - 1), st.binary(min_size=1, max_size=4))
def test_whatever_bytes_change_nothing_but_an_exception_comes(place, other):
    data = SNAPPY[:place] + other + SNAPPY[place + len(other) :]
    try:
        found = read(data)
    except Exception:  # noqa: BLE001 - payloads.py takes any
        return
    assert all(isinstance(record, dict) for record in found)
