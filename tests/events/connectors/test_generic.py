"""Anybody's own table: what a map makes of its columns, and what people read who bring one that does not fit."""

from __future__ import annotations

import csv
import json
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from paperknife.errors import PayloadError
from paperknife.events.connectors import connector
from paperknife.events.connectors.column_map import map_of
from paperknife.events.connectors.generic import Generic
from paperknife.events.identity import RecipientHasher
from paperknife.events.ingest import ingest
from paperknife.events.log import read_events

COLUMNS = {"event_type": "kind", "occurred_at": "time", "message_id": "mail", "recipient": "email"}
ROW = {"kind": "open", "time": "2026-01-31T09:00:00.123456Z", "mail": "m7", "email": "ada@example.org"}
MOMENT_US = 1_769_850_000_123_456


naive = datetime.fromisoformat


@pytest.fixture
def translator(hasher):
    """Return a reader of tables with a map: columns beside the usual ones, and tables by name."""

    def make(columns=None, **tables):
        return Generic(hasher, map_of({"columns": {**COLUMNS, **(columns or {})}, **tables}))

    return make


def one(reader, row):
    batch = reader.parse(row)
    assert [bad.reason for bad in batch.rejected] == []
    (event,) = batch.events
    return event


def reason(reader, row):
    (bad,) = reader.parse(row).rejected
    assert bad.row == row
    assert len(bad.reason) < 100
    return bad.reason


def us(text):
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


# Ids


def test_of_several_columns_the_first_that_is_filled_counts(translator):
    reader = translator({"campaign_id": ["campaign", "campaign_name"]})
    assert one(reader, {**ROW, "campaign": "c1", "campaign_name": "Spring"}).campaign_id == "c1"
    for empty in (None, "", "  ", float("nan"), "NULL", r"\N"):
        assert one(reader, {**ROW, "campaign": empty, "campaign_name": "Spring"}).campaign_id == "Spring"
    assert one(reader, {**ROW, "campaign_name": "Spring"}).campaign_id == "Spring"
    assert one(reader, ROW).campaign_id is None


def test_columns_of_an_id_are_joined_and_a_missing_one_makes_no_half_id(translator, hasher):
    reader = translator({"message_id": ["mailing", "send"], "event_id": ["id", "day"]})
    row = {**ROW, "mailing": "a", "send": 7, "id": 1, "day": "2026-01-31"}
    event = one(reader, row)
    assert event.message_id == f"a:7:{hasher.hash(ROW['email'])}"
    assert event.event_id == "generic:1:2026-01-31"
    assert one(reader, {**row, "day": None}).event_id != "generic:1"
    assert len(one(reader, {**row, "day": None}).event_id) == len("generic:") + 32
    assert reason(reader, {**row, "send": None}) == "the message's id is missing"


def test_a_part_of_an_id_may_be_the_first_filled_of_several(translator, hasher):
    reader = translator({"message_id": ["mailing", ["user", "visitor"]]})
    own = hasher.hash(ROW["email"])
    assert one(reader, {**ROW, "mailing": "a", "user": "u", "visitor": "v"}).message_id == f"a:u:{own}"
    assert one(reader, {**ROW, "mailing": "a", "user": "", "visitor": "v"}).message_id == f"a:v:{own}"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (77, "77"),
        (77.0, "77"),
        (2**60 + 1, "1152921504606846977"),
        (float(2**53 - 1), "9007199254740991"),
        (Decimal(2**60 + 1), "1152921504606846977"),
        (Decimal("77.00"), "77"),
        (Decimal(10**37 + 1), str(10**37 + 1)),
        (b"m77", "m77"),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        ("077", "077"),
    ],
)
def test_ids_survive_whatever_type_a_warehouse_gave_them(translator, hasher, said, kept):
    event = one(
        translator({"event_id": "id", "campaign_id": "campaign"}),
        {**ROW, "mail": said, "id": said, "campaign": said},
    )
    assert event.message_id == f"{kept}:{hasher.hash(ROW['email'])}"
    assert event.event_id == f"generic:{kept}"
    assert event.campaign_id == kept


@pytest.mark.parametrize("said", [2.0**60, float(2**53), 7.5, Decimal("7.5")])
@pytest.mark.parametrize("column", ["mail", "id", "email"])
def test_an_id_that_has_lost_digits_joins_nothing(translator, said, column):
    reader = translator({"event_id": "id"})
    assert reason(reader, {**ROW, column: said}) == (
        "an id is a float that has lost digits: keep ids as text or integers"
    )


def test_without_an_event_id_the_same_row_has_the_same_id_and_another_row_another(translator):
    reader = translator({"ip": "ip"})
    first, again, other = reader.parse([ROW, dict(ROW), {**ROW, "ip": "203.0.113.7"}]).events
    assert first.event_id == again.event_id != other.event_id


def test_the_source_is_the_prefix_of_ids_and_the_column_source(translator):
    event = one(translator({"event_id": "id"}, source="shop"), {**ROW, "id": "e1"})
    assert (event.event_id, event.source) == ("shop:e1", "shop")


# Recipients


def test_an_address_is_hashed_with_or_without_a_name_around_it(translator, hasher):
    for said in (
        "ada@example.org",
        " Ada@Example.org",
        "Ada Fern <ada@example.org>",
        '"Fern, Ada" <ADA@example.org>',
    ):
        event = one(translator(), {**ROW, "email": said})
        assert event.recipient_id == hasher.hash("ada@example.org")
        assert event.recipient_domain == "example.org"


def test_several_addresses_in_one_cell_stay_one_recipient(translator, hasher):
    said = "Ada <ada@example.org>, Bob <bob@example.org>"
    assert one(translator(), {**ROW, "email": said}).recipient_id == hasher.hash(said)


def test_ones_own_ids_are_hashed_unless_they_are_to_be_kept(hasher):
    columns = map_of({"columns": {**COLUMNS, "recipient": "user", "recipient_domain": "mailbox"}})
    row = {**ROW, "user": 4711, "mailbox": " Example.ORG "}
    kept = one(Generic(RecipientHasher(b"0123456789abcdef", keep_ids=True), columns), row)
    assert kept.recipient_id == "4711"
    assert kept.message_id == "m7:4711"
    hashed = one(Generic(hasher, columns), row)
    assert hashed.recipient_id == hasher.hash("4711")
    assert {kept.recipient_domain, hashed.recipient_domain} == {"example.org"}


def test_a_domain_that_is_given_goes_before_that_of_the_address(translator):
    reader = translator({"recipient_domain": "mailbox"})
    assert one(reader, {**ROW, "mailbox": "gmail.com"}).recipient_domain == "gmail.com"
    assert one(reader, {**ROW, "mailbox": ""}).recipient_domain == "example.org"


# Times


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("s", 1769850000.123456),
        ("s", "1769850000.123456"),
        ("ms", "1769850000123.456"),
        ("ms", 1769850000123.456),
        ("us", MOMENT_US),
        ("us", str(MOMENT_US)),
        ("us", float(MOMENT_US)),
        ("s", Decimal("1769850000.123456")),
    ],
)
def test_numbers_are_read_by_the_unit(translator, unit, said):
    assert one(translator(times={"unit": unit}), {**ROW, "time": said}).occurred_at == MOMENT_US


@pytest.mark.parametrize("said", [1769850000123, "1769850000123"])
def test_a_number_of_another_unit_is_asked_for_it(translator, said):
    assert reason(translator(), {**ROW, "time": said}) == (
        "the time is before 2000 or after 2100: is the map's unit right?"
    )
    assert one(translator(times={"unit": "ms"}), {**ROW, "time": said}).occurred_at == MOMENT_US - 456


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2026-01-31 03:00:00", "2026-01-31T09:00:00Z"),  # Chicago's winter: six hours
        ("2026-07-31T04:00:00", "2026-07-31T09:00:00Z"),  # its summer: five
        ("2026-11-01 01:30:00", "2026-11-01T06:30:00Z"),  # twice on that night: the first
        ("20260731T040000", "2026-07-31T09:00:00Z"),
        ("2026-01-31 09:00:00 UTC", "2026-01-31T09:00:00Z"),  # one that says its zone keeps it
        ("2026-01-31 09:00:00.000 +0000", "2026-01-31T09:00:00Z"),
        ("2026-01-31T10:00:00+01:00", "2026-01-31T09:00:00Z"),
        (naive("2026-07-31T04:00"), "2026-07-31T09:00:00Z"),
        (pd.Timestamp("2026-07-31 04:00:00"), "2026-07-31T09:00:00Z"),
        (datetime(2026, 1, 31, 9, tzinfo=UTC), "2026-01-31T09:00:00Z"),
        (1769850000, "2026-01-31T09:00:00Z"),
    ],
)
def test_times_without_a_zone_get_the_maps_and_summer_time_with_it(translator, local, utc):
    reader = translator(times={"zone": "America/Chicago"})
    assert one(reader, {**ROW, "time": local}).occurred_at == us(utc)


@pytest.mark.parametrize(
    "said", ["2026-01-31 09:00:00", "2026-01-31T09:00:00.123", naive("2026-01-31T09:00")]
)
def test_a_time_without_any_zone_is_asked_for_it(translator, said):
    assert reason(translator(), {**ROW, "time": said}) == (
        "the time has no zone: name it in the map, under [times]"
    )


@pytest.mark.parametrize(
    ("time_format", "said", "utc"),
    [
        ("%m/%d/%Y %I:%M:%S %p", "07/31/2026 4:00:00 AM", "2026-07-31T09:00:00Z"),
        ("%m/%d/%Y %I:%M:%S %p", " 1/31/2026 3:00:00 am ", "2026-01-31T09:00:00Z"),
        ("%d.%m.%Y %H:%M", "31.01.2026 03:00", "2026-01-31T09:00:00Z"),
        ("%a, %d %b %Y %H:%M:%S %z", "Sat, 31 Jan 2026 09:00:00 +0000", "2026-01-31T09:00:00Z"),
        ("%Y-%m-%d %H:%M:%S.%f", "2026-01-31 03:00:00.250000", "2026-01-31T09:00:00.25Z"),
        ("%d-%m-%Y-%H", "31-01-2026-03", "2026-01-31T09:00:00Z"),
    ],
)
def test_other_ways_to_write_a_time_are_read_by_the_format(translator, time_format, said, utc):
    reader = translator(times={"format": time_format, "zone": "America/Chicago"})
    wanted = round(datetime.fromisoformat(utc).timestamp() * 4) * 250_000
    assert one(reader, {**ROW, "time": said}).occurred_at == wanted


def test_a_time_of_another_format_is_set_aside(translator):
    reader = translator(times={"format": "%d.%m.%Y %H:%M", "zone": "UTC"})
    assert reason(reader, {**ROW, "time": "2026-01-31 09:00"}) == "the time is not of the map's format"
    assert one(reader, {**ROW, "time": naive("2026-01-31T09:00")}).occurred_at == us("2026-01-31T09:00Z")


@pytest.mark.parametrize("zone", [{}, {"times": {"zone": "UTC"}}])
@pytest.mark.parametrize("said", ["31.01.2026 09:00", "01/31/2026 9:00 AM", "yesterday", True])
def test_a_time_that_is_not_understood_is_asked_for_its_format(translator, zone, said):
    assert reason(translator(**zone), {**ROW, "time": said}) == (
        "the time is not understood: give its format in the map, under [times]"
    )


@pytest.mark.parametrize("said", ["2026-01-31", " 2026-01-31 ", date(2026, 1, 31)])
@pytest.mark.parametrize("zone", [{}, {"times": {"zone": "UTC"}}])
def test_a_date_is_no_time_of_an_open(translator, zone, said):
    assert reason(translator(**zone), {**ROW, "time": said}) == "the time is a date without an hour"


@pytest.mark.parametrize("said", [None, "", r"\N", "NaT"])
def test_an_empty_time_is_missing(translator, said):
    assert reason(translator(), {**ROW, "time": said}) == "the time is missing"


def test_when_it_was_received_is_read_alike_and_costs_no_row(translator):
    reader = translator({"received_at": "loaded"}, times={"zone": "America/Chicago", "unit": "ms"})
    assert one(reader, {**ROW, "loaded": "2026-01-31 03:00:01"}).received_at == us("2026-01-31T09:00:01Z")
    assert one(reader, {**ROW, "loaded": 1769850001000}).received_at == us("2026-01-31T09:00:01Z")
    for useless in ("soon", "2026-01-31", 7, None, ""):
        assert one(reader, {**ROW, "loaded": useless}).received_at is None


# Types and what else a row says


def test_types_are_translated_and_others_counted(translator):
    reader = translator(event_types={"opened": "open", "7": "click"})
    kinds = ["opened", " opened ", 7, 7.0, "bounced", "open", "bounced"]
    batch = reader.parse([{**ROW, "kind": kind} for kind in kinds])
    assert [event.event_type for event in batch.events] == ["open", "open", "click", "click"]
    assert batch.unknown_types == {"bounced": 2, "open": 1}
    assert batch.rejected == []


@pytest.mark.parametrize("said", [None, "", "NULL", [], {}, 7.5])
def test_a_row_without_a_type_is_set_aside(translator, said):
    assert reason(translator(), {**ROW, "kind": said}) == "the event's type is missing or no text"


@pytest.mark.parametrize(
    ("said", "verdict"),
    [("Apple", "machine"), (" apple ", "machine"), (True, "machine"), ("TRUE", "machine"), ("person", "human"),
     (False, None), (1, None), ("", None), (None, None), ("none", None), (float("nan"), None)],
)  # fmt: skip
def test_the_vendors_words_become_its_verdict(translator, said, verdict):
    words = {"machine": ["apple", True], "human": ["Person"]}
    reader = translator({"vendor_verdict": "bot"}, vendor_verdict=words)
    assert one(reader, {**ROW, "bot": said}).vendor_verdict == verdict


@pytest.mark.parametrize(
    ("said", "verdict"),
    [("machine", "machine"), ("human", "human"), (True, "machine"), (1, "machine"), (1.0, "machine"),
     ("1", "machine"), (False, None), (0, None), ("unknown", None)],
)  # fmt: skip
def test_without_words_of_the_maps_own_the_usual_ones_are_understood(translator, said, verdict):
    assert one(translator({"vendor_verdict": "bot"}), {**ROW, "bot": said}).vendor_verdict == verdict


@pytest.mark.parametrize(
    ("said", "flag"),
    [(True, True), ("true", True), ("1", True), (1, True), (False, False), ("False", False), (0, False),
     (0.0, False), ("", None), (None, None), ("maybe", None)],
)  # fmt: skip
def test_whether_the_recipient_is_certain_may_come_in_any_writing(translator, said, flag):
    assert one(translator({"is_ambiguous": "shared"}), {**ROW, "shared": said}).is_ambiguous is flag


def test_ip_user_agent_url_and_sender_are_kept(translator, hasher):
    reader = translator({"ip": "ip", "user_agent": "agent", "url": "link", "sender_id": "sales_rep"})
    row = {**ROW, "kind": "click", "ip": "203.0.113.7", "agent": " Agent/1 ", "sales_rep": 12.0}
    event = one(reader, {**row, "link": "https://example.org/?to=ada%40example.org"})
    assert (event.ip, event.user_agent, event.sender_id) == ("203.0.113.7", " Agent/1 ", "12")
    assert event.url == f"https://example.org/?to={hasher.hash('ada@example.org')}"


def test_an_empty_user_agent_is_a_sign(translator):
    reader = translator({"user_agent": ["agent", "browser"]})
    assert one(reader, {**ROW, "agent": None, "browser": ""}).user_agent == ""
    assert one(reader, {**ROW, "agent": "", "browser": "Agent/1"}).user_agent == "Agent/1"
    assert one(reader, {**ROW, "agent": None}).user_agent is None
    assert one(translator(), {**ROW, "user_agent": ""}).user_agent is None


# Names


def test_names_with_dots_reach_into_objects_and_into_json_as_text(translator):
    reader = translator({"ip": "context.ip", "campaign_id": "properties.campaign.id", "url": "a.b"})
    context, properties = {"ip": "203.0.113.7"}, {"campaign": {"id": 7}}
    for inside in (context, json.dumps(context)):
        for deeper in (properties, json.dumps(properties), {"campaign": json.dumps(properties["campaign"])}):
            event = one(reader, {**ROW, "context": inside, "properties": deeper})
            assert (event.ip, event.campaign_id) == ("203.0.113.7", "7")
    assert one(reader, {**ROW, "context.ip": "203.0.113.9", "context": context}).ip == "203.0.113.9"
    assert one(reader, {**ROW, "a": {"b": "https://example.org"}}).url == "https://example.org"
    for nothing in (None, 7, "", "no JSON", "[1]", [], {"ip": {}}, {"IPs": 1}):
        assert one(reader, {**ROW, "context": nothing}).ip is None


def test_of_a_list_of_campaigns_the_first_counts_also_as_json(translator):
    reader = translator({"campaign_id": ["tags", "name"]})
    for tags in (["spring", "sale"], '["spring", "sale"]'):
        assert one(reader, {**ROW, "tags": tags}).campaign_id == "spring"
    for tags in ([], "[]", "{}", {}):
        assert one(reader, {**ROW, "tags": tags, "name": "Spring"}).campaign_id == "Spring"
    assert one(reader, {**ROW, "tags": "[spring] sale"}).campaign_id == "[spring] sale"


def test_names_match_in_any_case_and_the_maps_own_case_first(translator):
    reader = translator({"ip": "client_ip", "user_agent": "Context.userAgent"})
    row = {name.upper(): value for name, value in ROW.items()}
    event = one(reader, {**row, "CLIENT_IP": "203.0.113.7", "CONTEXT": {"userAgent": "Agent/1"}})
    assert (event.occurred_at, event.ip, event.user_agent) == (MOMENT_US, "203.0.113.7", "Agent/1")
    assert one(reader, {**ROW, "Client_IP": "203.0.113.7", "client_ip": "203.0.113.9"}).ip == "203.0.113.9"


@pytest.mark.parametrize("column", ["kind", "time", "mail"])
def test_a_column_that_is_not_there_is_named(translator, column):
    ours = {theirs: ours for ours, theirs in COLUMNS.items()}[column]
    row = {name: value for name, value in ROW.items() if name != column}
    assert reason(translator(), row) == f"there is no column '{column}': the map's {ours}"
    long = translator({"message_id": "properties." + "x" * 90})
    assert reason(long, ROW) == "there is no column 'properties.xxxxxxxxxxxxxxxxxxx': the map's message_id"


def test_without_a_map_the_first_column_that_is_missing_asks_for_one(hasher):
    for mapping in (None, "segment"):
        translator = connector("generic", hasher, mapping=mapping)
        assert translator.parse(7).rejected[0].reason == "not a JSON object"
    assert reason(connector("generic", hasher), ROW) == (
        "there is no column 'event_type': say which of yours it is by --map"
    )


def test_without_a_map_our_own_names_are_expected_and_a_recipient_id_is_a_recipient(hasher):
    row = {
        "event_type": "open",
        "occurred_at": "2026-01-31T09:00:00Z",
        "message_id": "m7",
        "recipient_id": "u1",
        "campaign_id": "c1",
        "sender_id": "s1",
        "vendor_verdict": "machine",
        "is_ambiguous": True,
        "received_at": "2026-01-31T09:00:05Z",
    }
    event = one(connector("generic", hasher), row)
    assert (event.recipient_id, event.campaign_id, event.sender_id) == (hasher.hash("u1"), "c1", "s1")
    assert (event.vendor_verdict, event.is_ambiguous) == ("machine", True)
    assert event.received_at == event.occurred_at + 5_000_000
    assert one(
        connector("generic", hasher), {**row, "recipient": "ada@example.org"}
    ).recipient_id == hasher.hash("ada@example.org")


# From files

MAP = """
source = "shop"
[columns]
event_id = "id"
event_type = "kind"
occurred_at = "time"
message_id = "mail"
recipient = "email"
ip = "ip"
user_agent = "agent"
[event_types]
delivered = "delivered"
opened = "open"
[times]
zone = "America/Chicago"
"""
TABLE = [
    {
        "id": n,
        "kind": kind,
        "time": naive(f"2026-07-31T04:00:{second}"),
        "mail": mail,
        "email": email,
        "ip": ip,
        "agent": None,
    }
    for n, kind, second, mail, email, ip in [
        (1, "delivered", "00", 77, "ada@example.org", None),
        (2, "opened", "01.250000", 77, "ada@example.org", "203.0.113.7"),
        (3, "bounced", "02", 78, "bob@example.org", None),
    ]
]


def write_csv(path):
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, TABLE[0], delimiter=";")
        writer.writeheader()
        writer.writerows(TABLE)


def write_ndjson(path):
    path.write_text("\n".join(json.dumps(row, default=str) for row in TABLE))


def write_parquet(path):
    pq.write_table(pa.Table.from_pylist(TABLE), path)


def write_parquet_of_other_types(path):
    """Write nanoseconds with a zone, integers that became floats and decimals, and binary text."""
    table = pa.table(
        {
            "id": pa.array([Decimal(row["id"]) for row in TABLE], pa.decimal128(38, 0)),
            "kind": pa.array([row["kind"].encode() for row in TABLE]),
            "time": pa.array([row["time"] for row in TABLE], pa.timestamp("ns")).cast(pa.int64()),
            "mail": [float(row["mail"]) for row in TABLE],
            "email": pa.array([row["email"] for row in TABLE]).dictionary_encode(),
            "ip": [row["ip"] for row in TABLE],
            "agent": pa.array([None] * 3, pa.string()),
        }
    )
    five_hours_ns = 5 * 3_600 * 10**9
    shifted = pa.array([moment + five_hours_ns + 999 for moment in table["time"].to_pylist()])
    table = table.set_column(2, "time", shifted.cast(pa.timestamp("ns", "UTC")))
    pq.write_table(table, path)


@pytest.mark.parametrize("write", [write_csv, write_ndjson, write_parquet, write_parquet_of_other_types])
def test_a_table_becomes_the_same_log_whatever_file_it_comes_in(write, tmp_path, hasher):
    (tmp_path / "map.toml").write_text(MAP)
    write(tmp_path / "table")
    report = ingest(tmp_path / "table", tmp_path / "log", provider="generic", mapping=tmp_path / "map.toml")
    assert report.providers == {"generic": 1}
    assert report.events == {"delivered": 1, "open": 1}
    assert report.unknown_types == {"bounced": 1}
    assert report.quarantined == {}
    log = read_events(tmp_path / "log").to_pandas().sort_values("occurred_at")
    assert list(log["event_id"]) == ["shop:1", "shop:2"]
    assert [str(moment) for moment in log["occurred_at"]] == [
        "2026-07-31 09:00:00+00:00",
        "2026-07-31 09:00:01.250000+00:00",
    ]
    assert set(log["message_id"]) == {f"77:{hasher.hash('ada@example.org')}"}
    assert log["ip"].iloc[1] == "203.0.113.7"
    assert log["user_agent"].isna().all()
    assert set(log["source"]) == {"shop"}
    again = ingest(tmp_path / "table", tmp_path / "log", provider="generic", mapping=tmp_path / "map.toml")
    assert (again.events, again.duplicates_n) == ({}, 2)


def test_a_table_without_a_map_is_refused_with_all_columns_that_are_missing_and_what_to_write(tmp_path):
    write_csv(tmp_path / "table.csv")
    with pytest.raises(
        PayloadError,
        match=r"table\.csv has no column for .*event_type.*\. Found: .*Say in a TOML file which of yours means what",
    ):
        ingest(tmp_path / "table.csv", tmp_path / "log", provider="generic")


def test_totals_are_refused_as_such_where_they_come_as_ones_own_table(tmp_path):
    (tmp_path / "t.csv").write_text("Campaign,Sent,Unique Opens,Open Rate\nspring,100,40,40%\n")
    with pytest.raises(PayloadError, match="holds only totals"):
        ingest(tmp_path / "t.csv", tmp_path / "log", provider="generic")


def test_a_row_that_cannot_be_used_is_quarantined_without_its_address(tmp_path, hasher):
    (tmp_path / "map.toml").write_text(MAP)
    rows = [{**TABLE[1], "id": n, "time": str(TABLE[1]["time"])} for n in range(40)]
    rows[7]["time"] = None
    (tmp_path / "table.ndjson").write_text("\n".join(map(json.dumps, rows)))
    report = ingest(
        tmp_path / "table.ndjson", tmp_path / "log", provider="generic", mapping=tmp_path / "map.toml"
    )
    assert report.events == {"open": 39}
    assert report.quarantined == {"the time is missing": 1}
    kept = report.quarantine.read_text()
    assert "ada@example.org" not in kept
    assert hasher.hash("ada@example.org") in kept


def test_a_map_goes_with_no_other_provider(tmp_path):
    write_csv(tmp_path / "table.csv")
    with pytest.raises(
        PayloadError,
        match="A map describes your own table: it goes with --provider generic, not with sendgrid",
    ):
        ingest(tmp_path / "table.csv", tmp_path / "log", provider="sendgrid", mapping="segment")
