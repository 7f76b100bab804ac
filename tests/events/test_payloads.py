"""JSON of any layout, recognised by content."""

from __future__ import annotations

import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paperknife.errors import PayloadError
from paperknife.events import lines, payloads, streams
from paperknife.events.payloads import Broken, NotAPayloadError, read_payloads

EVENTS = [
    {"n": n, "text": 'a "quoted" } ] { [ \\ \n text', "deep": {"list": [[], {}, [1]]}} for n in range(5)
]


def read(data):
    return list(read_payloads(io.BytesIO(data), "the file"))


def test_a_text_full_of_ampersands_is_seen_to_be_no_form_in_a_moment():
    # Tried in all combinations, 60 of them would take longer than anybody lives.
    with pytest.raises(NotAPayloadError, match="plain text"):
        read(b"a=" + b"&a" * 60 + b" and {words}")


def test_long_forms_and_rows_come_in_chunks_of_bounded_size(monkeypatch):
    monkeypatch.setattr(payloads, "_CHUNK_BYTES", 100_000)
    long = "x" * 40_000
    for data in (f"a={long}\n" * 20, "a,b,c\n" + f"1,2,{long}\n" * 20, "a,b,c\n" + f"{long}\n" * 20):
        chunks = list(payloads.read_chunks(io.BytesIO(data.encode()), "the file"))
        assert sum(len(chunk.rows) for chunk in chunks) == 20
        assert all(len(chunk.rows) <= 3 and chunk.bytes_n > 40_000 for chunk in chunks)


@pytest.fixture
def _small_chunks(monkeypatch):
    monkeypatch.setattr(payloads, "_CHUNK_BYTES", 10_000)


@pytest.mark.usefixtures("_small_chunks")
@pytest.mark.parametrize("end", ["", "\n", "\r\n\r\n"])
def test_lines_of_a_long_plain_file_are_cut_by_place_and_lose_none(tmp_path, end):
    path = tmp_path / "events.ndjson"
    path.write_bytes(
        "".join(f'{{"n": {n}, "text": "{"x" * (n % 97)}"}}\n' for n in range(2000)).encode()[:-1]
    )
    with path.open("ab") as file:
        file.write(end.encode())
    with path.open("rb", buffering=0) as file:
        chunks = list(payloads.read_chunks(file, "the file", path))
    assert len(chunks) > 5
    assert all(isinstance(chunk.lines, lines.Stretch) for chunk in chunks)
    assert sum(chunk.bytes_n for chunk in chunks) == path.stat().st_size
    assert [event["n"] for chunk in chunks for event in chunk.payloads()] == list(range(2000))


@pytest.mark.usefixtures("_small_chunks")
@pytest.mark.parametrize(
    "packed",
    [
        lambda text: gzip.compress(text.encode(), 0),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("utf-16"),
    ],
    ids=["gzip", "byte order mark", "UTF-16"],
)
def test_lines_of_a_long_file_that_must_be_unpacked_are_not_cut_by_place(tmp_path, packed):
    path = tmp_path / "events.ndjson"
    path.write_bytes(packed("".join(f'{{"n": {n}}}\n' for n in range(50_000))))
    with path.open("rb", buffering=0) as file:
        chunks = list(payloads.read_chunks(file, "the file", path))
    assert all(isinstance(chunk.lines, bytes) for chunk in chunks)
    assert [event["n"] for chunk in chunks for event in chunk.payloads()] == list(range(50_000))


def test_a_line_of_a_long_plain_file_that_never_ends_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "PIECE_BYTES", 100_000)
    monkeypatch.setattr(payloads, "_CHUNK_BYTES", 10_000)
    path = tmp_path / "events.ndjson"
    path.write_text('{"n": 1}\n' * 10_000 + "x" * 200_000)
    with path.open("rb", buffering=0) as file, pytest.raises(PayloadError, match="holds a piece longer than"):
        list(payloads.read_chunks(file, "the file", path))


def test_a_file_that_is_gone_once_its_lines_are_asked_for_is_named(tmp_path):
    with pytest.raises(PayloadError, match=r"gone\.ndjson cannot be read \(No such file"):
        payloads.Chunk(lines=lines.Stretch(tmp_path / "gone.ndjson", (0, 0), 0, 10)).payloads()


def rotated(path):
    path.rename(path.with_suffix(".1"))
    path.write_bytes(b"")


def replaced(path):
    path.rename(path.with_suffix(".1"))
    path.write_text('{"n": 0}\n' * 60_000)


def shortened(path):
    with path.open("ab") as file:
        file.truncate(path.stat().st_size // 2)


@pytest.mark.usefixtures("_small_chunks")
@pytest.mark.parametrize("change", [rotated, replaced, shortened])
def test_a_file_that_changes_under_the_hand_is_refused_and_no_line_lost_in_silence(tmp_path, change):
    path = tmp_path / "events.ndjson"
    path.write_text('{"n": 1}\n' * 50_000)
    with path.open("rb", buffering=0) as file:
        chunks = list(payloads.read_chunks(file, "the file", path))
    assert len(chunks[0].payloads()) > 0
    change(path)
    with pytest.raises(PayloadError, match="was replaced or shortened while it was read"):
        [chunk.payloads() for chunk in chunks]


@pytest.mark.usefixtures("_small_chunks")
def test_a_file_that_grows_is_read_as_far_as_it_went(tmp_path):
    path = tmp_path / "events.ndjson"
    path.write_text('{"n": 1}\n' * 50_000)
    with path.open("rb", buffering=0) as file:
        chunks = list(payloads.read_chunks(file, "the file", path))
    with path.open("a") as more:
        more.write('{"n": 2}\n' * 100)
    assert sum(len(chunk.payloads()) for chunk in chunks) == 50_000


def test_lines_between_objects_are_counted_one_by_one():
    found = read(b'{"n": 1}\nno object\n\n2\nnor this\n{"n": 2}\nnor that\n')
    assert [one for one in found if not isinstance(one, Broken)] == [{"n": 1}, {"n": 2}]
    assert [one.text for one in found if isinstance(one, Broken)] == [
        "no object",
        "2",
        "nor this",
        "nor that",
    ]


def test_a_value_of_parquet_that_python_cannot_hold_costs_only_its_row():
    offsets = pa.py_buffer(b"".join(n.to_bytes(4, "little") for n in (0, 1, 2, 3)))
    texts = pa.Array.from_buffers(pa.string(), 3, [None, offsets, pa.py_buffer(b"a\xffc")])
    times = pa.array([2**62, 0, 1], pa.timestamp("us", "UTC"))
    packed = io.BytesIO()
    pq.write_table(pa.table({"text": texts, "time": times}), packed)
    first, second, third = read(packed.getvalue())
    assert third["text"] == "c"
    assert [one.reason for one in (first, second)] == ["a value that cannot be read"] * 2


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
        patch.setattr(payloads, "HEAD_BYTES", max(size, 8))
        patch.setattr(streams, "HEAD_BYTES", max(size, 8))
        patch.setattr(payloads, "_CHUNK_BYTES", size)
        assert flat(read(data)) == objects


def test_a_head_that_ends_where_the_first_array_does_tells_no_layout(monkeypatch):
    arrays = b'[{"n":1}][{"n":2}]'
    for module in (payloads, streams):
        monkeypatch.setattr(module, "HEAD_BYTES", len(arrays) // 2)
    assert flat(read(arrays)) == [{"n": 1}, {"n": 2}]


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
        (b"<!doctype html>", "HTML or XML"),
        (b"PK\x03\x04", "a ZIP archive .unpack it first."),
        (b"a\x00b", "a binary file"),
        (b"hello", "plain text"),
        (b"a,b,a\n1,2,3\n", "plain text"),
        (b"2026,1,2\n1,2,3\n", "plain text"),
        (b"SQLite format 3\x00", "an SQLite database"),
    ],
)
def test_what_is_no_payload_is_said_to_be_what_it_looks_like(data, like):
    with pytest.raises(NotAPayloadError, match=f"the file is no payload: it looks like {like}"):
        read(data)


TABLE = 'id,event,"sent at"\r\n1,open,"2026, ""noon"""\r\n2,click,\r\n'
ROWS = [
    {"id": "1", "event": "open", "sent at": '2026, "noon"'},
    {"id": "2", "event": "click", "sent at": None},
]


def test_csv_is_recognised_and_unpacked():
    plain = TABLE.encode()
    for data in (plain, TABLE.encode("utf-16"), gzip.compress(plain), b"\xef\xbb\xbf" + plain):
        assert read(data) == ROWS


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters(delimiter):
    text = f"id{delimiter}event{delimiter}note\n1{delimiter}open{delimiter}a, b, c, d\n"
    assert read(text.encode()) == [{"id": "1", "event": "open", "note": "a, b, c, d"}]


def test_a_form_is_its_fields_as_text():
    assert read(b"mandrill_events=%5B%7B%22a%22%3A1%7D%5D&b=\n") == [
        {"mandrill_events": '[{"a":1}]', "b": ""}
    ]
    assert read(b"a=1&b=2\nb=3\n") == [{"a": "1", "b": "2"}, {"b": "3"}]


def avro(records):
    import fastavro

    fields = [{"name": "id", "type": "string"}, {"name": "time", "type": "int"}]
    schema = {"type": "record", "name": "Open", "fields": fields}
    target = io.BytesIO()
    fastavro.writer(target, schema, records, codec="deflate")
    return target.getvalue()


def parquet(records):
    target = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(records), target)
    return target.getvalue()


RECORDS = [{"id": str(n), "time": n} for n in range(10)]


class OneWay(io.BytesIO):
    def seekable(self):
        return False


@pytest.mark.parametrize("make", [avro, parquet])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("stream", [io.BytesIO, OneWay])
def test_avro_and_parquet_are_their_rows(make, pack, stream):
    assert list(read_payloads(stream(pack(make(RECORDS))), "the file")) == RECORDS


@pytest.mark.parametrize(("make", "kind"), [(avro, "Avro"), (parquet, "Parquet")])
def test_damaged_avro_and_parquet_are_refused(make, kind):
    with pytest.raises(PayloadError, match=f"the file is damaged: its {kind} data cannot be read"):
        read(make(RECORDS)[:-20])


@pytest.mark.parametrize("data", [b'[{"never": "closed', b'{"a": 1}\n{"a": 2}\n{"a": 3}\n{"a": "'])
def test_a_piece_without_an_end_is_refused(monkeypatch, data):
    for module in (payloads, lines):
        monkeypatch.setattr(module, "PIECE_BYTES", 1024)
    with pytest.raises(
        PayloadError, match=r"the file holds a piece longer than .* or a bracket or quotation mark that"
    ):
        read(data + b"x" * (3 << 20))


def test_damaged_gzip_and_zstd_are_refused():
    data = json.dumps(EVENTS * 50).encode()
    with pytest.raises(PayloadError, match="the file is damaged: its gzip data break off"):
        read(gzip.compress(data)[:-20])
    with pytest.raises(PayloadError, match="the file is damaged: its gzip data break off"):
        read(gzip.compress(data)[:60] + b"junk" * 20)
    with pytest.raises(PayloadError, match="the file is damaged: its zstd data break off"):
        read(pa.compress(data, codec="zstd", asbytes=True)[:30] + b"junk" * 20)


def test_a_piece_knows_what_it_is_not():
    assert read(b"id,event,time\n1,open\n2,open,3\n") == [
        Broken("1,open", "not a CSV row of as many fields as the header"),
        {"id": "2", "event": "open", "time": "3"},
    ]


def test_a_stream_that_fails_is_named():
    class Failing(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            raise OSError(5, "Input/output error")

    with pytest.raises(PayloadError, match=r"the file cannot be read \(Input/output error\)"):
        list(read_payloads(Failing(), "the file"))
