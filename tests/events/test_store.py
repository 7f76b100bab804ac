"""A log that grows: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from paperknife.errors import LogError
from paperknife.events import staging
from paperknife.events.event import Event, events_table
from paperknife.events.identity import RecipientHasher
from paperknife.events.log import read_events
from paperknife.events.store import LogStore

AT = 1769850000_000000
HASHER = RecipientHasher(b"a key that only tests know")


def open_of(n, at=AT, **fields):
    return Event(event_id=f"e{n:04}", event_type="open", occurred_at=at + n, message_id="m", **fields)


def table(*events):
    return events_table(list(zip(*events, strict=True)))


def add(folder, *events):
    with LogStore(folder, HASHER) as store:
        store.add(table(*events))
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


def test_without_commit_nothing_changes_and_nothing_is_left(tmp_path):
    with LogStore(tmp_path, HASHER) as store:
        store.add(table(open_of(1)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["_key.json", "_lock"]


def test_many_small_additions_are_one_file(tmp_path):
    with LogStore(tmp_path, HASHER) as store:
        for n in range(95):
            store.add(table(open_of(n)))
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
            LogStore(tmp_path / name, HASHER)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LogError, match=r"The log folder .* cannot be written"):
        LogStore(tmp_path / "file" / "log", HASHER)


def test_a_damaged_key_note_is_refused(tmp_path):
    (tmp_path / "_key.json").write_text("{}")
    with pytest.raises(LogError, match=r"_key\.json is damaged. Restore it, or write into a new folder"):
        LogStore(tmp_path, HASHER)


def test_a_day_that_is_too_large_for_memory_becomes_the_same_file(tmp_path, monkeypatch):
    events = [
        open_of(n * 7919 % 500, user_agent=f"agent {n % 3}", url=None if n % 2 else "u") for n in range(500)
    ]
    add(tmp_path / "a", *events)
    monkeypatch.setattr(staging, "_IN_MEMORY", 10)
    add(tmp_path / "b", *events)
    (one,), (other,) = ((tmp_path / name).glob("day=*/*") for name in "ab")
    assert one.name == other.name
    assert one.read_bytes() == other.read_bytes()


def test_events_of_many_days_in_any_order_go_where_they_belong(tmp_path):
    events = [open_of(n, at=AT + n * 7 % 5 * 86_400_000_000) for n in range(50)]
    add(tmp_path, *events)
    assert len(list(tmp_path.glob("day=*"))) == 5
    assert sorted(read_events(tmp_path).to_pandas()["event_id"]) == sorted(event.event_id for event in events)


def test_of_two_pixels_with_one_id_the_earlier_time_stays(tmp_path):
    for name, order in (("a", (1, 5)), ("b", (5, 1))):
        for later in order:
            add(tmp_path / name, open_of(1)._replace(occurred_at=AT + later))
        assert read_events(tmp_path / name).to_pandas()["occurred_at"].dt.microsecond.tolist() == [1]


def test_what_a_killed_run_left_is_swept_away(tmp_path):
    (tmp_path / ".incoming-dead" / "day=2026-01-31").mkdir(parents=True)
    add(tmp_path, open_of(1))
    assert not list(tmp_path.glob(".incoming-*"))


def test_two_writers_at_once_are_refused(tmp_path):
    with (
        LogStore(tmp_path, HASHER),
        pytest.raises(LogError, match="is being added to by another process. Wait"),
    ):
        LogStore(tmp_path, HASHER)
    add(tmp_path, open_of(1))


def test_another_kind_of_pseudonyms_is_refused(tmp_path):
    add(tmp_path, open_of(1))
    keeping = RecipientHasher(b"a key that only tests know", keep_ids=True)
    with pytest.raises(LogError, match="are hashed, and now they would be kept, so they would not join"):
        LogStore(tmp_path, keeping)


def test_only_the_days_being_written_are_read(tmp_path):
    add(tmp_path, open_of(1))
    (other_day,) = tmp_path.glob("day=*/*")
    other_day.write_bytes(b"not Parquet: reading it would fail")
    assert add(tmp_path, open_of(2, at=AT + 86_400_000_000)) == ({"open": 1}, 0)


def test_what_was_forgotten_does_not_come_back(tmp_path):
    with LogStore(tmp_path, HASHER, ("user_agent", "ip")):
        pass
    with pytest.raises(
        LogError, match="ip,user_agent was forgotten, and now nothing would be. Use the same --forget"
    ):
        LogStore(tmp_path, HASHER)
    with LogStore(tmp_path, HASHER, ("ip", "user_agent")):
        pass


def test_a_day_is_on_the_disk_before_what_it_replaces_goes(tmp_path, monkeypatch):
    add(tmp_path, open_of(1))
    steps = []
    fsync, unlink = os.fsync, Path.unlink
    monkeypatch.setattr(os, "fsync", lambda number: (steps.append("kept"), fsync(number)))
    monkeypatch.setattr(Path, "unlink", lambda path, **how: (steps.append("gone"), unlink(path, **how)))
    add(tmp_path, open_of(2))
    assert steps == ["kept", "gone"]
