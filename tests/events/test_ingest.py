"""From payload files to a log that can be read: counted to the last row, and without an address."""

from __future__ import annotations

import gzip
import io
import json
import random
import time
from urllib.parse import urlencode

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paperknife.errors import LogError, PayloadError
from paperknife.events import ingest as module
from paperknife.events import recognition
from paperknife.events.connectors.sendgrid import SendGrid
from paperknife.events.identity import RecipientHasher
from paperknife.events.ingest import ingest
from paperknife.events.log import read_events
from paperknife.evidence.forgetting import Forgetting


def event(n, kind="open", **fields):
    return {"email": f"reader{n % 3}@example.org", "timestamp": 1769850000 + 40_000 * n, "event": kind,
            "sg_event_id": f"e{n}", "sg_message_id": f"m{n % 4}.x{n}", "ip": f"203.0.113.{n}", **fields}  # fmt: skip


EVENTS = [
    event(n, kind) for n, kind in enumerate(["processed", "delivered", "open", "open", "click", "bounce"] * 2)
]


def write(path, events, *, lines=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(map(json.dumps, events)) if lines else json.dumps(events))
    return path


def files_of(log):
    return {
        str(path.relative_to(log)): path.read_bytes() for path in sorted(log.rglob("*")) if path.is_file()
    }


def test_a_batch_becomes_a_log_partitioned_by_day_and_every_row_is_counted(tmp_path):
    source = write(tmp_path / "events.json", [*EVENTS, EVENTS[0]])
    report = ingest(source, tmp_path / "log", "sendgrid")
    assert report.events == {"open": 4, "click": 2, "delivered": 2, "sent": 2}
    assert report.duplicates_n == 1
    assert report.unknown_types == {"bounce": 2}
    assert report.quarantined == {}
    assert report.quarantine is None
    assert report.rows_n == 13
    assert report.key_fingerprint == RecipientHasher.load().fingerprint
    table = read_events(tmp_path / "log").to_pandas()
    assert len(table) == 10
    days = {path.name for path in (tmp_path / "log").glob("day=*")}
    assert days == {f"day={day}" for day in table["occurred_at"].dt.date.astype(str)}
    assert read_events(tmp_path / "log").other_columns == ()


def test_adding_the_same_payloads_twice_changes_no_byte(tmp_path):
    source = write(tmp_path / "events.json", EVENTS)
    ingest(source, tmp_path / "log", "sendgrid")
    before = files_of(tmp_path / "log")
    again = ingest(source, tmp_path / "log", "sendgrid")
    assert files_of(tmp_path / "log") == before
    assert again.events == {}
    assert again.duplicates_n == 10


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), parts=st.integers(1, 3), runs=st.integers(1, 2))
def test_order_duplication_split_and_runs_give_the_same_log(tmp_path_factory, seed, parts, runs):
    folder = tmp_path_factory.mktemp("run")
    ingest(write(folder / "whole.json", EVENTS), folder / "expected", "sendgrid")
    draw = random.Random(seed)
    shuffled = EVENTS + draw.choices(EVENTS, k=4)
    draw.shuffle(shuffled)
    for run in range(runs):
        for part in range(parts):
            write(
                folder / f"run{run}" / f"{part}.json", shuffled[run::runs][part::parts], lines=part % 2 == 0
            )
        ingest(folder / f"run{run}", folder / "log", "sendgrid")
    assert files_of(folder / "log") == files_of(folder / "expected")
    pd.testing.assert_frame_equal(
        read_events(folder / "log").to_pandas(), read_events(folder / "expected").to_pandas()
    )


def test_files_folders_globs_gzip_and_standard_input_together(tmp_path):
    write(tmp_path / "a.json", EVENTS[:2])
    write(tmp_path / "folder/b.ndjson", EVENTS[2:4], lines=True)
    (tmp_path / "c-1.json.gz").write_bytes(gzip.compress(json.dumps(EVENTS[4:5]).encode()))
    sources = [tmp_path / "a.json", tmp_path / "folder", str(tmp_path / "c-*.gz"), "-"]
    report = ingest(
        sources, tmp_path / "log", "sendgrid", standard_input=io.BytesIO(json.dumps(EVENTS[6:8]).encode())
    )
    assert sum(report.events.values()) == 7


def test_mailgun_webhooks_one_after_another(tmp_path):
    hooks = [{"signature": {}, "event-data": {"event": "opened", "id": str(n), "timestamp": 1769850000.5 + n,
              "recipient": "a@example.org", "message": {"headers": {"message-id": "1@mg.example.com"}}}}
             for n in range(3)]  # fmt: skip
    (tmp_path / "hooks.json").write_text("".join(json.dumps(hook, indent=2) for hook in hooks))
    assert ingest(tmp_path / "hooks.json", tmp_path / "log", "mailgun").events == {"open": 3}


def test_bad_rows_are_set_aside_with_reasons_and_hashed_addresses(tmp_path, hasher):
    good = [event(n) for n in range(60)]
    bad = [{**event(99), "timestamp": None}, {**event(98), "event": 7}]
    lines = [*map(json.dumps, [*good, *bad]), '{"email": "reader9@example.org", broken']
    (tmp_path / "events.json").write_text("\n".join(lines))
    report = ingest(tmp_path / "events.json", tmp_path / "log", "sendgrid")
    assert report.quarantined == {
        "not JSON": 1,
        "the event's type is missing or no text": 1,
        "the time is missing": 1,
    }
    text = report.quarantine.read_text()
    assert len(text.splitlines()) == 3
    assert "@" not in text
    assert hasher.hash("reader9@example.org") in text
    assert len(read_events(tmp_path / "log")) == 60


def test_too_many_bad_rows_add_nothing_and_name_the_provider_they_look_like(tmp_path):
    write(tmp_path / "events.json", [event(n) for n in range(3)])
    with pytest.raises(
        PayloadError, match=r"3 of 3 rows \(100.0%\) are no usable mailgun events.*nothing was added"
    ) as c:
        ingest(
            write(tmp_path / "e.json", [{"sg_event_id": n} for n in range(3)]), tmp_path / "log", "mailgun"
        )
    assert "They look like sendgrid's: try --provider sendgrid, or auto" in str(c.value)
    assert "the event's type is missing or no text (3)" in str(c.value)
    assert not list((tmp_path / "log").glob("day=*"))
    assert not list((tmp_path / "log").glob(".incoming-*"))


@pytest.mark.parametrize(
    ("ping", "provider"),
    [
        ({"Type": "SubscriptionConfirmation", "MessageId": "m", "Token": "t", "Message": "…"}, "ses"),
        ({"callbackId": "c", "verificationKey": "v"}, "sfmc"),
        ({"msys": {}}, "sparkpost"),
    ],
)
def test_a_ping_alone_is_recognised_and_is_no_row(tmp_path, ping, provider):
    report = ingest(write(tmp_path / "ping.json", [ping]), tmp_path / "log", "auto")
    assert (report.providers, report.pings_n, report.events) == ({provider: 1}, 1, {})
    with pytest.raises(PayloadError, match="looks like no provider's payload"):
        ingest(write(tmp_path / "other.json", [{"hello": 1}]), tmp_path / "log", "auto")


def test_an_empty_file_is_refused_and_an_empty_batch_is_not(tmp_path):
    (tmp_path / "empty.json").write_text("")
    with pytest.raises(PayloadError, match=r"empty\.json is empty: it holds no events"):
        ingest(tmp_path / "empty.json", tmp_path / "log", "sendgrid")
    assert ingest(write(tmp_path / "batch.json", []), tmp_path / "log", "sendgrid").rows_n == 0


def test_a_file_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    source = write(tmp_path / "events.json", EVENTS)
    opened = type(source).open

    def refuse(path, *args, **options):
        if path == source:
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **options)

    monkeypatch.setattr(type(source), "open", refuse)
    with pytest.raises(PayloadError, match=r"events\.json cannot be read \(Permission denied\)"):
        ingest(source, tmp_path / "log", "sendgrid")


def test_a_huge_event_and_surrogates_are_no_trouble(tmp_path):
    rows = [event(n) for n in range(40)]
    rows[0]["useragent"] = "x" * 100_000
    rows[1]["sg_event_id"] = "y" * 100_000
    rows[2]["url"] = "https://example.org/?" + "z" * 100_000
    rows[3]["email"] = "w" * 100_000
    ingest(write(tmp_path / "events.json", rows), tmp_path / "log", "sendgrid")
    assert len(read_events(tmp_path / "log")) == 40


def test_another_key_may_not_add_to_a_log(tmp_path):
    source = write(tmp_path / "events.json", EVENTS)
    ingest(source, tmp_path / "log", "sendgrid")
    with pytest.raises(
        LogError, match=r"was made with another hash key .fingerprint .* now .*into a new folder"
    ):
        ingest(source, tmp_path / "log", "sendgrid", hasher=RecipientHasher(b"another key of some length"))


def test_the_report_says_whose_payloads_they_were_and_what_was_passed_over(tmp_path):
    folder = tmp_path / "in"
    write(folder / "a.json", EVENTS)
    track = {
        "type": "open",
        "timestamp": "1769850000",
        "event_id": "7",
        "message_id": "m",
        "rcpt_to": "a@example.org",
    }
    write(folder / "b", [{"msys": {}}, {"msys": {"track_event": track}}])
    (folder / "README.md").write_text("What lies here.")
    (folder / "manifest.json").write_text(json.dumps({"files": 2}))
    report = ingest(folder, tmp_path / "log", "auto")
    assert report.providers == {"sendgrid": 1, "sparkpost": 1}
    assert [name.rpartition("/")[2] for name in report.passed_over] == ["README.md", "manifest.json"]
    assert report.pings_n == 1
    assert report.rows_n == len(EVENTS) + 1


def test_a_file_that_is_named_must_be_a_payload(tmp_path):
    (tmp_path / "notes.txt").write_text("What lies here.")
    with pytest.raises(PayloadError, match=r"notes\.txt is no payload: it looks like plain text"):
        ingest(tmp_path / "notes.txt", tmp_path / "log", "sendgrid")
    with pytest.raises(PayloadError, match=r"None of the 1 files is a payload, .*notes\.txt among them"):
        ingest(str(tmp_path / "*.txt"), tmp_path / "log", "sendgrid")


def test_what_looks_like_no_provider_is_said(tmp_path):
    with pytest.raises(
        PayloadError, match=r"e\.json looks like no provider's payload that is known here. Name the"
    ):
        ingest(write(tmp_path / "e.json", [{"files": 2}]), tmp_path / "log", "auto")


def test_what_looks_like_two_providers_is_not_guessed(monkeypatch, hasher):
    monkeypatch.setattr(recognition, "CONNECTORS", {"sendgrid": SendGrid, "mailgun": SendGrid})
    monkeypatch.setattr(recognition, "connector", lambda _, hasher: SendGrid(hasher))
    with pytest.raises(
        PayloadError, match="the file looks like sendgrid and like mailgun. Say which with --provider"
    ):
        recognition.recognise(EVENTS, {}, hasher, name="the file")


def test_totals_are_refused_with_what_to_ask_for(tmp_path):
    (tmp_path / "campaigns.csv").write_text("Campaign,Sent,Unique Opens,Open Rate\nspring,100,40,40%\n")
    with pytest.raises(PayloadError, match="holds only totals .* Ask for this instead: the Event Webhook"):
        ingest(tmp_path / "campaigns.csv", tmp_path / "log", "sendgrid")


def test_requests_that_were_kept_with_their_headers_are_opened(tmp_path):
    body = {"type": "email.opened", "created_at": "2026-01-31T09:00:00.5Z",
            "data": {"email_id": "m1", "to": ["a@example.org"], "created_at": "2026-01-31T08:00:00Z"}}  # fmt: skip
    requests = [{"headers": {"Svix-Id": "msg_1"}, "body": body},
                {"headers": {"svix-id": "msg_2", "x-n": 7}, "body": json.dumps(body)},
                {"headers": {}, "body": "<html>"}, body]  # fmt: skip
    report = ingest(
        write(tmp_path / "r.json", requests, lines=True), tmp_path / "log", "resend", max_bad_share=0.3
    )
    ids = set(read_events(tmp_path / "log").to_pandas()["event_id"])
    assert {"resend:msg_1", "resend:msg_2"} < ids
    assert len(ids) == 3
    assert sum(report.quarantined.values()) == 1


@pytest.mark.parametrize("provider", ["mandrill", "auto"])
@pytest.mark.parametrize("lines", [True, False])
def test_forms_that_were_kept_as_the_bodies_of_requests_are_opened(tmp_path, provider, lines):
    message = {"_id": "abc", "ts": 1769840000, "email": "ada@example.org"}
    opened = json.dumps([{"event": "open", "ts": 1769850000, "_id": "abc", "msg": message}])
    kept = [{"headers": {"x-mandrill-signature": "s"}, "body": body}
            for body in (urlencode({"mandrill_events": opened}), "mandrill_events=%5B%5D", "no form")]  # fmt: skip
    path = write(tmp_path / "r.json", kept, lines=lines)
    report = ingest(path, tmp_path / "log", provider, max_bad_share=0.5)
    assert (report.events, report.pings_n, report.quarantined) == ({"open": 1}, 1, {"not JSON": 1})


def test_opaque_ids_of_ones_own_are_kept_and_addresses_are_not(tmp_path, hasher):
    rows = [event(n) for n in range(4)]
    rows[0]["email"] = "customer-77"
    ingest(write(tmp_path / "e.json", rows), tmp_path / "log", "sendgrid", keep_recipient_ids=True)
    found = read_events(tmp_path / "log").to_pandas().set_index("event_id")
    assert found.loc["sendgrid:e0", "recipient_id"] == "customer-77"
    assert found.loc["sendgrid:e0", "message_id"] == "m0:customer-77"
    assert found.loc["sendgrid:e1", "recipient_id"] == hasher.hash("reader1@example.org")
    with pytest.raises(LogError, match="are kept, and now they would be hashed"):
        ingest(tmp_path / "e.json", tmp_path / "log", "sendgrid")


def test_a_map_goes_with_generic_alone(tmp_path):
    with pytest.raises(PayloadError, match="goes with --provider generic, not with sendgrid"):
        ingest(write(tmp_path / "e.json", EVENTS), tmp_path / "log", "sendgrid", mapping="segment")


def test_a_page_without_events_is_no_error(tmp_path):
    report = ingest(write(tmp_path / "e.json", {"items": []}), tmp_path / "log", "mailgun")
    assert (report.rows_n, report.events) == (0, {})


def test_names_without_end_are_counted_together(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MOST_NAMES", 3)
    rows = [event(n, f"type {n % 10}") for n in range(30)]
    report = ingest(write(tmp_path / "e.json", rows), tmp_path / "log", "sendgrid")
    assert report.unknown_types == {"(other names)": 21, "type 0": 3, "type 1": 3, "type 2": 3}


def test_an_empty_standard_input_is_an_error(tmp_path):
    with pytest.raises(
        PayloadError, match="Standard input is empty: it holds no events. Look at the command before"
    ):
        ingest("-", tmp_path / "log", "auto", standard_input=io.BytesIO(b""))


def test_a_map_that_finds_nothing_is_said_with_the_near_column(tmp_path):
    (tmp_path / "map.toml").write_text(
        '[columns]\nevent_type = "kind"\noccurred_at = "at"\nmessage_id = "m"\nip = "ip_adr"\n'
        '[event_types]\nOpened = "open"\n'
    )
    (tmp_path / "t.csv").write_text("kind,at,m,ip_addr\nOpened,2026-01-31T09:00:00Z,m1,1.2.3.4\nSent,x,m1,\n")
    report = ingest(tmp_path / "t.csv", tmp_path / "log", "generic", mapping=tmp_path / "map.toml")
    assert report.notes == (
        "The map's ip is never filled: there is no column 'ip_adr'. Did you mean 'ip_addr'?",
        'Say under [event_types] of the map what "Sent" are; only types named there are taken.',
    )


def test_what_was_forgotten_is_not_in_the_quarantine(tmp_path):
    rows = [event(n) for n in range(30)]
    rows[3] |= {"timestamp": None, "useragent": "secret agent"}
    report = ingest(
        write(tmp_path / "e.json", rows),
        tmp_path / "log",
        "sendgrid",
        forget=Forgetting(["ip", "user_agent"]),
    )
    text = report.quarantine.read_text()
    assert "the time is missing" in text
    assert "secret agent" not in text
    assert "203.0.113" not in text
    with pytest.raises(LogError, match="ip,user_agent was forgotten, and now nothing would be"):
        ingest(tmp_path / "e.json", tmp_path / "log", "sendgrid")


def test_a_broken_file_takes_no_longer_than_it_has_rows(tmp_path):
    lines = b"1\n" * 200_000
    (tmp_path / "half.ndjson").write_bytes(json.dumps(event(1)).encode() + b"\n" + lines)
    began = time.monotonic()
    report = ingest(tmp_path / "half.ndjson", tmp_path / "log", "sendgrid", max_bad_share=1)
    # A second; half a minute where each row copies all rows before it.
    assert time.monotonic() - began < 12
    assert report.quarantined == {"not JSON": 200_000}
    assert report.quarantine.read_bytes().count(b"\n") == 200_000
