"""Where a log lies: folders, globs, mixed parts, and files that are not what their name says."""

from __future__ import annotations

import gzip

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from paperknife.errors import LogError
from paperknife.events.log import read_events, write_events

HEADER = "event_id,event_type,occurred_at,message_id"


def line(n, kind="open"):
    return f"e{n},{kind},2026-01-31T09:00:0{n}Z,m{n}"


def csv(path, *lines, header=HEADER):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def ids(source):
    return read_events(source).to_pandas()["event_id"].tolist()


def test_a_folder_is_read_to_any_depth_and_parts_may_differ_in_format_columns_and_types(tmp_path):
    csv(tmp_path / "a.csv", line(1))
    csv(tmp_path / "deep/er/b.csv", "m2;e2;open;2026-01-31T09:00:02Z;203.0.113.5",
        header="message_id;event_id;event_type;occurred_at;ip")  # fmt: skip
    (tmp_path / "c.ndjson").write_text(
        '{"event_id": 3, "event_type": "open", "occurred_at": "2026-01-31T09:00:03Z", "message_id": "m3"}\n'
    )
    pq.write_table(
        pa.table({"event_id": [4], "event_type": ["open"], "message_id": [1],
                  "occurred_at": pa.array([1769850004], pa.timestamp("s", tz="UTC"))}),
        tmp_path / "d.parquet",
    )  # fmt: skip
    (tmp_path / "README.md").write_text("not a part")
    (tmp_path / "_SUCCESS").write_text("")
    csv(tmp_path / ".hidden.csv", line(9))
    csv(tmp_path / "_quarantine/x.csv", line(9))
    (tmp_path / "empty.csv").write_text("")
    log = read_events(tmp_path)
    assert log.to_pandas()["event_id"].tolist() == ["e1", "e2", "3", "4"]
    assert "ip" in log.columns


def test_hive_style_folders_add_no_column(tmp_path):
    for day in ("2026-01-30", "2026-01-31"):
        write_events(
            pd.DataFrame({"event_id": [day], "event_type": ["open"], "message_id": ["m"],
                          "occurred_at": pd.to_datetime([f"{day}T09:00:00Z"])}),
            tmp_path / f"day={day}/part-1.parquet",
        )  # fmt: skip
    log = read_events(tmp_path)
    assert log.other_columns == ()
    assert len(log) == 2


def test_globs_choose_files_and_folders(tmp_path):
    csv(tmp_path / "jan/a.csv", line(1))
    csv(tmp_path / "feb/a.csv", line(2))
    csv(tmp_path / "feb/b.csv", line(3))
    assert ids(str(tmp_path / "*/a.csv")) == ["e1", "e2"]
    assert ids(str(tmp_path / "f*")) == ["e2", "e3"]


@pytest.mark.parametrize(("delimiter", "name"), [(";", "a.csv"), ("\t", "a.tsv"), ("|", "a.csv")])
def test_delimiters_byte_order_marks_and_windows_lines(tmp_path, delimiter, name):
    text = "\ufeff" + "\r\n".join([HEADER, line(1), line(2)]).replace(",", delimiter) + "\r\n"
    (tmp_path / name).write_bytes(text.encode())
    assert ids(tmp_path / name) == ["e1", "e2"]


def test_packed_files_are_unpacked(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(f"{HEADER}\n{line(1)}\n".encode()))
    with pa.output_stream(str(tmp_path / "b.csv.zst"), compression="zstd") as stream:
        stream.write(f"{HEADER}\n{line(2)}\n".encode())
    assert ids(tmp_path) == ["e1", "e2"]


def test_a_file_of_unknown_suffix_is_recognised_by_content(tmp_path):
    csv(tmp_path / "export.txt", line(1))
    assert ids(tmp_path / "export.txt") == ["e1"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", b"event_id,event_type\n1,2\n", "a.parquet is no Parquet file: it looks like CSV"),
        ("a.csv", b'{"event_id": 1}\n', "a.csv is no CSV file: it looks like NDJSON"),
        ("a.ndjson", b"event_id,event_type\n1,2\n", "a.ndjson is no NDJSON file: it looks like CSV"),
        ("a.parquet", b"PAR1 and nothing more", "a.parquet is damaged Parquet: its footer cannot be read"),
        ("a.ndjson", b'[{"event_id": 1}]', "holds a JSON array; a log is one JSON object a line"),
        ("a.csv", b"<html></html>", "a.csv looks like HTML or XML"),
        ("a.csv", "event_id,x\n".encode("utf-16"), "a.csv is UTF-16 text .save it as UTF-8."),
        ("a.csv", b"PK\x03\x04....", "a.csv is a ZIP archive .unpack it first."),
        ("a.csv", b"\x01\x00\x00\x02", "a.csv is neither Parquet nor text"),
        ("a.csv.gz", b"\x1f\x8b\x08 not really", "a.csv.gz is damaged: it cannot be unpacked .gzip."),
        ("a.csv", b"", "a.csv is empty: it holds no events"),
        ("a.ndjson", b" \n\n", "a.ndjson is empty: it holds no events"),
        ("a.csv", b"event_id,event_id,event_type,occurred_at,message_id\n",
         "a.csv names column 'event_id' more than once"),
        ("a.csv", HEADER.encode() + b"\n", "a.csv holds no events"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_what_it_seems_is_named_in_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LogError, match=message) as caught:
        read_events(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_all_broken_files_are_listed_at_once(tmp_path):
    (tmp_path / "a.parquet").write_text("event_id,x\n")
    (tmp_path / "b.csv").write_text("<html>")
    csv(tmp_path / "c.csv", line(1))
    with pytest.raises(LogError, match=r"a\.parquet is no Parquet file.*; .*b\.csv looks like HTML"):
        read_events(tmp_path)


def test_nothing_there(tmp_path):
    with pytest.raises(LogError, match=r"There is no file or folder .*nowhere"):
        read_events(tmp_path / "nowhere")
    with pytest.raises(LogError, match=r"The folder .* holds no file that can be read: expected .parquet"):
        read_events(tmp_path)
    with pytest.raises(LogError, match=r"The pattern .*\*\.csv holds no file that can be read"):
        read_events(str(tmp_path / "*.csv"))


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    path = csv(tmp_path / "a.csv", line(1))

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refuse)
    with pytest.raises(LogError, match=r"a\.csv cannot be read \(Permission denied\)"):
        read_events(path)


def test_a_parquet_log_that_breaks_off_in_its_data_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    write_events(
        pd.DataFrame({"event_id": [f"e{n}" for n in range(5000)], "event_type": "open", "message_id": "m",
                      "occurred_at": pd.Timestamp("2026-01-31T09:00:00Z")}),
        path,
    )  # fmt: skip
    content = bytearray(path.read_bytes())
    content[8:2000] = b"\xff" * 1992
    path.write_bytes(content)
    with pytest.raises(LogError, match=r"Cannot read .*a\.parquet: .*Export the file again"):
        len(read_events(path))
