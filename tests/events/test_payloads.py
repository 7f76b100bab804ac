"""JSON of any layout, recognised by content."""

from __future__ import annotations

import gzip
import io
import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paperknife.errors import PayloadError
from paperknife.events import payloads
from paperknife.events.payloads import Broken, payload_files, read_payloads

EVENTS = [
    {"n": n, "text": 'a "quoted" } ] { [ \\ \n text', "deep": {"list": [[], {}, [1]]}} for n in range(5)
]


def read(data):
    return list(read_payloads(io.BytesIO(data), "the file"))


def flat(found):
    return [event for payload in found for event in (payload if isinstance(payload, list) else [payload])]


LAYOUTS = {
    "array": json.dumps,
    "pretty array": lambda events: json.dumps(events, indent=2),
    "lines": lambda events: "\n".join(map(json.dumps, events)),
    "lines with windows ends": lambda events: "\r\n".join(map(json.dumps, events)) + "\r\n\r\n",
    "array of lines": lambda events: "[\n" + ",\n".join(map(json.dumps, events)) + "\n]\n",
    "objects after one another": lambda events: "".join(map(json.dumps, events)),
    "pretty objects after one another": lambda events: "\n".join(
        json.dumps(event, indent=1) for event in events
    ),
    "arrays after one another": lambda events: json.dumps(events[:2]) + json.dumps(events[2:], indent=4),
    "an array a line": lambda events: json.dumps(events[:2]) + "\n" + json.dumps(events[2:]) + "\n",
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda data: b"\xef\xbb\xbf" + data])
def test_every_layout_gives_the_same_events(layout, pack):
    assert flat(read(pack(LAYOUTS[layout](EVENTS).encode()))) == EVENTS


def test_zstd_is_unpacked():
    packed = pa.compress(json.dumps(EVENTS).encode(), codec="zstd", asbytes=True)
    assert flat(read(packed)) == EVENTS


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=8,
)
# An empty object prints as a line of its own even when pretty: too few bytes then to tell the layout by.
OBJECTS = st.lists(
    st.dictionaries(st.text(max_size=5), JSON_VALUES, min_size=1, max_size=4), min_size=1, max_size=6
)


@settings(deadline=None)
@given(OBJECTS, st.sampled_from(sorted(LAYOUTS)), st.integers(1, 40))
def test_where_a_chunk_ends_does_not_matter(objects, layout, size):
    data = LAYOUTS[layout](objects).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payloads, "_HEAD_BYTES", max(size, 8))
        patch.setattr(payloads, "_CHUNK_BYTES", size)
        assert flat(read(data)) == objects


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200), st.integers(0, 200), st.sampled_from(sorted(LAYOUTS)))
def test_no_bytes_raise_what_is_not_ours(junk, place, layout):
    data = LAYOUTS[layout](EVENTS).encode()
    for content in (junk, data[:place] + junk + data[place:], data[:place]):
        try:
            read(content)
        except PayloadError as error:
            assert "\n" not in str(error)  # noqa: PT017 - it may raise or not


def test_broken_lines_cost_only_themselves():
    lines = [json.dumps(event).encode() for event in EVENTS]
    found = read(b"\n".join([b'{"n": ', *lines, b"nonsense", b'{"bad": "\xff"}', b""]))
    assert [piece for piece in found if not isinstance(piece, Broken)] == EVENTS
    assert sum(isinstance(piece, Broken) for piece in found) == 3


def test_a_broken_item_of_an_array_costs_only_itself():
    found = read(b'[{"n": 1},\n {"n": nope},\n {"n": 3}, 4]')
    assert found == [{"n": 1}, Broken('{"n": nope}'), {"n": 3}, Broken("4")]


def test_an_array_that_breaks_off_gives_what_was_whole():
    assert read(b'[{"n": 1},\n {"n": 2},\n {"n": 3, "text": "cut') == [
        {"n": 1}, {"n": 2}, Broken('{"n": 3, "text": "cut')]  # fmt: skip


def test_deep_nesting_is_broken_not_fatal():
    found = read(b"{" + b'"a": {' * 100_000 + b"}" * 100_001 + b'\n{"n": 1}\n{"n": 2}\n{"n": 3}')
    assert [type(piece) for piece in found] == [Broken, dict, dict, dict]


@pytest.mark.parametrize("data", [b"", b" \n\n", b"\xef\xbb\xbf"])
def test_nothing_gives_nothing(data):
    assert read(data) == []


@pytest.mark.parametrize(
    ("data", "like"),
    [
        (b"id,event,time\n1,open,2\n", "CSV"),
        (b"id;event;time\n1;open;2\n", "CSV"),
        (b"<!doctype html>", "HTML or XML"),
        (b"PAR1....", "Parquet .a log already"),
        (b"PK\x03\x04", "a ZIP archive .unpack it first."),
        ("[1]".encode("utf-16"), "UTF-16 text .save it as UTF-8."),
        (b"a\x00b", "a binary file"),
        (b"event=opened&recipient=x", "a form"),
        (b"hello", "plain text"),
    ],
)
def test_what_is_no_json_is_said_to_be_what_it_looks_like(data, like):
    with pytest.raises(PayloadError, match=f"the file is no JSON: it looks like {like}"):
        read(data)


@pytest.mark.parametrize("data", [b'[{"never": "closed', b'{"a": 1}\n{"a": 2}\n{"a": 3}\n{"a": "'])
def test_a_piece_without_an_end_is_refused(monkeypatch, data):
    monkeypatch.setattr(payloads, "PIECE_BYTES", 1024)
    with pytest.raises(
        PayloadError, match=r"the file holds a piece longer than .* or a bracket or quotation mark that"
    ):
        read(data + b"x" * (3 << 20))


def test_damaged_gzip_is_refused():
    with pytest.raises(PayloadError, match="the file is damaged: its gzip data break off"):
        read(gzip.compress(json.dumps(EVENTS * 50).encode())[:-20])


def test_a_stream_that_fails_is_named():
    class Failing(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            raise OSError(5, "Input/output error")

    with pytest.raises(PayloadError, match=r"the file cannot be read \(Input/output error\)"):
        list(read_payloads(Failing(), "the file"))


def test_files_of_a_folder_a_glob_and_a_path(tmp_path):
    for name in ("b.json", "sub/a.ndjson.gz", ".hidden.json", "_q/x.json", "README.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    assert payload_files(tmp_path) == [tmp_path / "b.json", tmp_path / "sub/a.ndjson.gz"]
    assert payload_files(str(tmp_path / "*.md")) == [tmp_path / "README.md"]
    assert payload_files(tmp_path / "README.md") == [tmp_path / "README.md"]
    with pytest.raises(PayloadError, match=r"The folder .* holds no payload: expected files ending in .json"):
        payload_files(_empty(tmp_path))
    with pytest.raises(PayloadError, match=r"The pattern .*\*\.xml holds no payload"):
        payload_files(str(tmp_path / "*.xml"))
    with pytest.raises(
        PayloadError, match=r"There is no file or folder .*nowhere.json. Check the path; '-' reads"
    ):
        payload_files(tmp_path / "nowhere.json")


def _empty(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder
