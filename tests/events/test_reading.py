"""Bad rows never stop a job and never vanish."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from paperknife.errors import LogError
from paperknife.events.log import read_events

AT = "2026-01-31T09:00:00Z"


def rows(*bad, good=200):
    """Return many good rows and a few that override some of their fields."""
    row = {"event_type": "open", "occurred_at": AT, "message_id": "m"}
    table = [{"event_id": f"g{n}", **row} for n in range(good)]
    return pd.DataFrame([*table, *({"event_id": f"b{n}", **row, **one} for n, one in enumerate(bad))])


BAD = [
    ({"event_id": ""}, "event_id is missing"),
    ({"event_id": " \t"}, "event_id is missing"),
    ({"event_type": None}, "event_type is missing"),
    ({"message_id": "  "}, "message_id is missing"),
    ({"occurred_at": None}, "occurred_at is missing"),
    ({"occurred_at": "yesterday"}, "occurred_at is no time"),
    ({"occurred_at": "2026-02-30T09:00:00Z"}, "occurred_at is no time"),
    ({"occurred_at": "infinity"}, "occurred_at is no time"),
    ({"occurred_at": "1769850000"}, "occurred_at is a number"),
    ({"occurred_at": "2026-01-31 09:00"}, "occurred_at has no time zone"),
    ({"occurred_at": "1999-12-31T23:59:59Z"}, "occurred_at is before 2000 or after 2100"),
    ({"occurred_at": "2101-01-01T00:00:00Z"}, "occurred_at is before 2000 or after 2100"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_each_reason_is_counted_and_its_row_kept(tmp_path, bad, reason):
    path = tmp_path / "q.ndjson"
    log = read_events(rows(bad), quarantine=path)
    assert len(log) == 200
    assert log.summary().quarantined == {reason: 1}
    assert log.summary().rows_n == 201
    (kept,) = [json.loads(line) for line in path.read_text().splitlines()]
    assert kept["reason"] == reason
    assert "occurred_at" in json.loads(kept["row"]) or bad.get("occurred_at", "") is None


@pytest.mark.parametrize("suffix", ["csv", "ndjson"])
def test_the_same_reasons_hold_for_text_files_and_the_quarantine_lies_beside_the_log(tmp_path, suffix):
    table = rows(*(bad for bad, _ in BAD), good=400)
    path = tmp_path / f"log.{suffix}"
    if suffix == "csv":
        table.to_csv(path, index=False)
    else:
        table.to_json(path, orient="records", lines=True)
    summary = read_events(path).summary()
    expected = pd.Series([reason for _, reason in BAD]).value_counts().to_dict()
    assert summary.quarantined == expected
    assert summary.quarantine == tmp_path / f"log.{suffix}.quarantine.ndjson"
    assert len(summary.quarantine.read_text().splitlines()) == len(BAD)


def test_the_quarantine_of_a_folder_is_not_read_as_part_of_it(tmp_path):
    folder = tmp_path / "log"
    folder.mkdir()
    rows({"event_id": ""}).to_csv(folder / "a.csv", index=False)
    assert read_events(folder).summary().quarantine == tmp_path / "log.quarantine.ndjson"
    assert len(read_events(tmp_path)) == 200


def test_no_address_reaches_the_quarantine(tmp_path):
    bad = {
        "event_id": None,
        "recipient_id": "alice@example.org",
        "url": "https://x.org/?to=bob%40example.org",
    }
    path = tmp_path / "q.ndjson"
    len(read_events(rows(bad), quarantine=path))
    text = path.read_text()
    assert "<address>" in text
    assert "alice" not in text
    assert "bob" not in text


def test_too_many_bad_rows_are_refused_with_reasons_counts_and_the_file(tmp_path):
    log = read_events(
        rows({"event_id": ""}, {"occurred_at": "noon"}, good=8), quarantine=tmp_path / "q.ndjson"
    )
    with pytest.raises(
        LogError, match=r"2 of 10 rows of the table \(20.0%\) cannot be used, more than the limit of 5%"
    ) as c:
        len(log)
    assert "event_id is missing (1), occurred_at is no time (1)" in str(c.value)
    assert "q.ndjson" in str(c.value)
    assert len(read_events(rows({"event_id": ""}, good=8), max_bad_share=0.5)) == 8


def test_broken_lines_of_ndjson_cost_only_themselves(tmp_path):
    path = tmp_path / "a.ndjson"
    good = [json.dumps(row) for row in rows(good=100).to_dict("records")]
    path.write_text("\n".join([*good[:50], "{broken", "", "[1]", '"text"', *good[50:]]) + "\n")
    summary = read_events(path).summary()
    assert summary.events_n == 100
    assert summary.quarantined == {"not a JSON object": 3}


def test_broken_lines_of_csv_cost_only_themselves(tmp_path):
    path = tmp_path / "a.csv"
    rows(good=100).to_csv(path, index=False)
    text = path.read_bytes().splitlines()
    path.write_bytes(
        b"\n".join(
            [*text[:50], b"too,few", b"e,open,2026-01-31T09:00:00Z,m,extra", b"e\xff,open,x,m", *text[50:]]
        )
    )
    summary = read_events(path).summary()
    assert summary.events_n == 100
    assert summary.quarantined == {"not a CSV row of as many fields as the header": 3}


def test_a_quotation_mark_that_never_closes_is_refused_since_it_swallows_rows(tmp_path):
    path = tmp_path / "a.csv"
    lines = rows(good=50).to_csv(index=False).splitlines()
    path.write_text("\n".join([*lines[:20], '"oops,open,2026-01-31T09:00:00Z,m', *lines[20:]]) + "\n")
    with pytest.raises(
        LogError, match="Line 21 of a text file is too long, or opens a quotation mark that never"
    ):
        len(read_events(path))


def test_unknown_types_are_counted_by_name_and_left_out():
    table = rows({"event_type": "bounce"}, {"event_type": "bounce"}, {"event_type": "deferred"}, good=3)
    summary = read_events(table).summary()
    assert summary.unknown_types == {"bounce": 2, "deferred": 1}
    assert summary.quarantined == {}
    assert summary.events_n == 3


def test_a_log_of_unknown_types_alone_has_no_events():
    with pytest.raises(
        LogError, match=r"holds no events of a known type. Found: opened \(2\); expected: sent.*'open'"
    ):
        len(read_events(rows({"event_type": "opened"}, {"event_type": "opened"}, good=0)))


def test_only_bad_rows_within_the_limit_is_still_no_log():
    with pytest.raises(LogError, match="the table holds no events"):
        len(read_events(rows({"event_id": ""}, good=0), max_bad_share=1))


def test_an_ip_that_is_none_counts_as_absent_and_a_long_user_agent_is_cut():
    hostile = {"ip": "1" * 100_000, "user_agent": "x" * 100_000, "event_id": "long"}
    table = read_events(rows(hostile, {"ip": "banana"}, good=1)).to_pandas().set_index("event_id")
    assert len(table) == 3
    assert table["ip"].isna().all()
    assert len(table.loc["long", "user_agent"]) == 4096


def test_a_log_in_a_place_that_cannot_be_written_still_keeps_its_bad_rows(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    summary = read_events(rows({"event_id": ""}), quarantine=blocker / "q.ndjson").summary()
    assert summary.quarantine is not None
    assert "event_id is missing" in summary.quarantine.read_text()
