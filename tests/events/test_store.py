"""A log that grows: whole or not at all."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from paperknife.errors import LogError
from paperknife.events import store as module
from paperknife.events.event import Event
from paperknife.events.log import read_events
from paperknife.events.store import LogStore

AT = 1769850000_000000


def open_of(n, at=AT, **fields):
    return Event(event_id=f"e{n:04}", event_type="open", occurred_at=at + n, message_id="m", **fields)


def add(folder, *events):
    with LogStore(folder, "key") as store:
        store.add(list(events))
        return store.commit()


def test_each_day_is_one_file_sorted_by_time_however_often_something_is_added(tmp_path):
    for n in (5, 3, 9, 1):
        add(tmp_path, open_of(n))
    (file,) = tmp_path.glob("day=2026-01-31/*")
    assert pq.read_table(file)["event_id"].to_pylist() == ["e0001", "e0003", "e0005", "e0009"]


def test_what_is_new_and_what_was_known_is_told_apart(tmp_path):
    assert add(tmp_path, open_of(1), open_of(1), open_of(2)) == ({"open": 2}, 1)
    assert add(tmp_path, open_of(2), open_of(3)) == ({"open": 1}, 1)


def test_the_earliest_received_stays_whichever_came_first(tmp_path):
    late, early = (
        open_of(1, received_at=AT + 9, ip="203.0.113.9"),
        open_of(1, received_at=AT + 5, ip="203.0.113.5"),
    )
    add(tmp_path / "a", late)
    add(tmp_path / "a", early)
    add(tmp_path / "b", early)
    add(tmp_path / "b", late)
    for name in ("a", "b"):
        assert read_events(tmp_path / name).to_pandas()["ip"].tolist() == ["203.0.113.5"]


def test_without_commit_nothing_changes_and_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_BUFFERED_EVENTS", 1)
    with LogStore(tmp_path, "key") as store:
        store.add([open_of(1)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["_key.json"]


def test_many_small_flushes_are_one_file(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_BUFFERED_EVENTS", 10)
    with LogStore(tmp_path, "key") as store:
        for n in range(95):
            store.add([open_of(n)])
        assert store.commit() == ({"open": 95}, 0)
    assert len(list(tmp_path.glob("day=*/*"))) == 1


def test_a_crash_between_the_new_file_and_the_removal_of_the_old_reads_as_the_same_log(tmp_path):
    add(tmp_path, open_of(1))
    (old,) = tmp_path.glob("day=*/*")
    content = old.read_bytes()
    add(tmp_path, open_of(2))
    old.write_bytes(content)
    assert read_events(tmp_path).to_pandas()["event_id"].tolist() == ["e0001", "e0002"]
    add(tmp_path, open_of(2))
    assert len(list(tmp_path.glob("day=*/*"))) == 1


def test_a_file_as_the_folder_is_refused(tmp_path):
    (tmp_path / "log").write_text("")
    for name in ("log", "log.parquet"):
        with pytest.raises(LogError, match="names a file; a log that can grow is a folder"):
            LogStore(tmp_path / name, "key")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LogError, match=r"The log folder .* cannot be written"):
        LogStore(tmp_path / "file" / "log", "key")


def test_a_damaged_key_note_is_refused(tmp_path):
    (tmp_path / "_key.json").write_text("{}")
    with pytest.raises(LogError, match=r"_key\.json is damaged. Restore it, or write into a new folder"):
        LogStore(tmp_path, "key")
