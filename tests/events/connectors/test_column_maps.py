"""The maps that ship, each on an invented table as it is landed: one message's life, joined, with what is known of it."""

from __future__ import annotations

import io
import json
import pickle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paperknife.events.connectors import connector
from paperknife.events.connectors.column_map import shipped_maps
from paperknife.events.connectors.generic import Generic
from paperknife.events.connectors.values import microseconds
from paperknife.events.delimited import delimited_rows
from paperknife.events.ingest import ingest

ADA = "ada.fern@mail.example.org"
LINK = "https://shop.example.org/u?who=ada.fern%40mail.example.org"
PREFETCH = "Mozilla/5.0"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"

DAY = "2026-01-31"
LATER = f"{DAY} 10:30:00.000"
SEGMENT = f"""\
ID|EVENT|TIMESTAMP|ORIGINAL_TIMESTAMP|RECEIVED_AT|SENT_AT|USER_ID|CONTEXT_TRAITS_EMAIL|CONTEXT_IP|\
CONTEXT_USER_AGENT|EMAIL_ID|CAMPAIGN_ID|CAMPAIGN_NAME|LINK_URL
t1|email_delivered|{DAY} 09:00:03.000|{DAY} 09:07:03.000|{LATER}|{LATER}|u1|{ADA}|192.0.2.9|\
|m77||spring-sale|
t2|email_opened|{DAY} 09:00:09.908|{DAY} 09:07:09.908|{LATER}|{LATER}|u1|{ADA}|172.225.10.20|\
{PREFETCH}|m77||spring-sale|
t3|email_link_clicked|{DAY} 10:00:11.000|{DAY} 10:07:11.000|{LATER}|{LATER}|u1|{ADA}|203.0.113.40|\
{BROWSER}|m77||spring-sale|{LINK}
t4|unsubscribed|{DAY} 10:01:40.000|{DAY} 10:08:40.000|{LATER}|{LATER}|u1|{ADA}|203.0.113.40|\
{BROWSER}|m77||spring-sale|
t5|email_bounced|{DAY} 10:02:00.000|{DAY} 10:09:00.000|{LATER}|{LATER}|u2|bob@example.org||\
|m78||spring-sale|
"""

FIVETRAN_HUBSPOT = f"""\
id,type,created,sent_by_id,email_campaign_id,recipient,filtered_event,ip_address,user_agent,url
h1,SENT,2026-01-31 09:00:00+00,,7173,{ADA},false,,,
h2,DELIVERED,2026-01-31 09:00:03.120+00,h1,7173,{ADA},false,,,
h3,OPEN,2026-01-31 09:00:09.908+00,h1,7173,{ADA},true,,{PREFETCH},
h4,CLICK,2026-01-31 10:00:11+00,h1,7173,{ADA},false,203.0.113.40,{BROWSER},{LINK}
h5,STATUSCHANGE,2026-01-31 10:01:40+00,,7173,{ADA},false,,,
"""

FIVETRAN_ITERABLE = f"""\
event_name,created_at,message_id,campaign_id,ip,user_agent,email,url,proxy_source
emailSend,2026-01-31 09:00:00,m77,7173,,,{ADA},,
emailOpen,2026-01-31 09:00:09,m77,7173,172.225.10.20,{PREFETCH},{ADA},,Apple
emailOpen,2026-01-31 10:00:00,m77,7173,66.249.84.1,Mozilla/5.0 GoogleImageProxy,{ADA},,Gmail
emailClick,2026-01-31 10:00:11,m77,7173,203.0.113.40,{BROWSER},{ADA},{LINK},
emailUnSubscribe,2026-01-31 10:01:40,m77,7173,,,{ADA},,
emailSubscribe,2026-01-31 10:02:40,m77,7173,,,{ADA},,
"""


def csv_rows(text, delimiter=","):
    rows = list(delimited_rows(io.BytesIO(text.encode()), delimiter))
    assert all(isinstance(row, dict) for row in rows)
    return rows


def translated(name, rows, hasher):
    """Return the batch of a table, of which no row may be lost."""
    batch = Generic(hasher, name).parse(rows)
    assert [bad.reason for bad in batch.rejected] == []
    assert len(batch.events) + sum(batch.unknown_types.values()) == len(rows)
    return batch


def told(events):
    """Return what the open's and click's evidence is, and the time of all, in short."""
    return [
        (event.event_type, event.occurred_at, event.ip, event.user_agent, event.vendor_verdict)
        for event in events
    ]


def at(clock):
    return microseconds(f"2026-01-31T{clock}Z")


def require_one_message(events, hasher, *, campaign, source):
    assert len({event.message_id for event in events}) == 1
    assert events[0].message_id.endswith(f":{hasher.hash(ADA)}")
    assert {event.recipient_id for event in events} == {hasher.hash(ADA)}
    assert {event.recipient_domain for event in events} == {"mail.example.org"}
    assert {event.campaign_id for event in events} == {campaign}
    assert {event.source for event in events} == {source}
    assert len({event.event_id for event in events}) == len(events)
    assert [event.url for event in events if event.url] == [
        f"https://shop.example.org/u?who={hasher.hash(ADA)}"
        for event in events
        if event.event_type == "click"
    ]
    assert "@" not in repr(events)


def test_each_map_that_ships_has_a_table_here():
    assert shipped_maps() == [
        "airbyte_hubspot",
        "airbyte_mailgun",
        "fivetran_hubspot",
        "fivetran_iterable",
        "segment",
    ]


def test_segment_in_a_warehouse_takes_the_events_own_time_and_not_the_batches(hasher):
    batch = translated("segment", csv_rows(SEGMENT, "|"), hasher)
    assert batch.unknown_types == {"email_bounced": 1}
    assert told(batch.events) == [
        ("delivered", at("09:00:03"), None, None, None),
        ("open", at("09:00:09.908"), "172.225.10.20", PREFETCH, None),
        ("click", at("10:00:11"), "203.0.113.40", BROWSER, None),
        ("unsubscribe", at("10:01:40"), "203.0.113.40", BROWSER, None),
    ]
    assert {event.received_at for event in batch.events} == {at("10:30:00")}
    assert [event.event_id for event in batch.events] == [
        "segment:t1",
        "segment:t2",
        "segment:t3",
        "segment:t4",
    ]
    require_one_message(batch.events, hasher, campaign="spring-sale", source="segment")


def test_segments_raw_calls_make_the_same_events_as_its_tables(hasher):
    names = {"email_delivered": "Email Delivered", "email_opened": "Email Opened", "email_bounced": "Email Bounced",
             "email_link_clicked": "Email Link Clicked", "unsubscribed": "Unsubscribed"}  # fmt: skip
    calls = [
        {
            "type": "track",
            "messageId": row["ID"],
            "event": names[row["EVENT"]],
            "timestamp": row["TIMESTAMP"].replace(" ", "T") + "Z",
            "receivedAt": row["RECEIVED_AT"].replace(" ", "T") + "Z",
            "userId": row["USER_ID"],
            "context": {
                "ip": row["CONTEXT_IP"],
                "userAgent": row["CONTEXT_USER_AGENT"] or None,
                "traits": {"email": row["CONTEXT_TRAITS_EMAIL"]},
            },
            "properties": {
                "email_id": row["EMAIL_ID"],
                "campaign_name": row["CAMPAIGN_NAME"],
                "link_url": row["LINK_URL"],
            },
        }
        for row in csv_rows(SEGMENT, "|")
    ]
    batch = translated("segment", calls, hasher)
    assert batch.events == translated("segment", csv_rows(SEGMENT, "|"), hasher).events
    assert batch.unknown_types == {"Email Bounced": 1}


def test_fivetrans_hubspot_joins_by_the_send(hasher):
    batch = translated("fivetran_hubspot", csv_rows(FIVETRAN_HUBSPOT), hasher)
    assert batch.unknown_types == {"STATUSCHANGE": 1}
    assert told(batch.events) == [
        ("sent", at("09:00:00"), None, None, None),
        ("delivered", at("09:00:03.12"), None, None, None),
        ("open", at("09:00:09.908"), None, PREFETCH, "machine"),
        ("click", at("10:00:11"), "203.0.113.40", BROWSER, None),
    ]
    assert batch.events[0].message_id == f"h1:{hasher.hash(ADA)}"
    require_one_message(batch.events, hasher, campaign="7173", source="fivetran_hubspot")


def test_fivetrans_iterable_knows_apples_proxy_and_makes_the_connectors_ids(hasher):
    rows = csv_rows(FIVETRAN_ITERABLE)
    batch = translated("fivetran_iterable", rows, hasher)
    assert batch.unknown_types == {"emailSubscribe": 1}
    assert told(batch.events) == [
        ("sent", at("09:00:00"), None, None, None),
        ("open", at("09:00:09"), "172.225.10.20", PREFETCH, "machine"),
        ("open", at("10:00:00"), "66.249.84.1", "Mozilla/5.0 GoogleImageProxy", None),
        ("click", at("10:00:11"), "203.0.113.40", BROWSER, None),
        ("unsubscribe", at("10:01:40"), None, None, None),
    ]
    require_one_message(batch.events, hasher, campaign="7173", source="iterable")
    webhooks = [
        {
            "email": row["email"],
            "eventName": row["event_name"],
            "dataFields": {
                "createdAt": row["created_at"] + " +00:00",
                "messageId": row["message_id"],
                "campaignId": int(row["campaign_id"]),
                "ip": row["ip"] or None,
                "userAgent": row["user_agent"] or None,
                "url": row["url"] or None,
                "proxySource": row["proxy_source"] or None,
            },
        }
        for row in rows
    ]
    assert connector("iterable", hasher).parse(webhooks).events == batch.events


def test_fivetrans_iterable_without_addresses_keeps_its_own_pseudonym_of_a_user(hasher):
    (row,) = [row for row in csv_rows(FIVETRAN_ITERABLE) if row["proxy_source"] == "Apple"]
    row = {**row, "email": None, "_fivetran_user_id": "k3nJ0tY="}
    (event,) = translated("fivetran_iterable", [row], hasher).events
    assert event.recipient_id == hasher.hash("k3nJ0tY=")
    assert event.recipient_domain is None


def airbyte_hubspot():
    common = {"emailCampaignId": 7173, "recipient": ADA, "filteredEvent": False, "portalId": 62515}
    send = {"sentBy": {"id": "h1", "created": 1769850000000}}
    return [
        {**common, "id": "h1", "type": "SENT", "created": 1769850000000},
        {**common, **send, "id": "h2", "type": "DELIVERED", "created": 1769850003120},
        {
            **common,
            **send,
            "id": "h3",
            "type": "OPEN",
            "created": 1769850009908,
            "userAgent": PREFETCH,
            "filteredEvent": True,
        },
        {
            **common,
            **send,
            "id": "h4",
            "type": "CLICK",
            "created": 1769853611000,
            "userAgent": BROWSER,
            "url": LINK,
            "ipAddress": "203.0.113.40",
        },
        {**common, **send, "id": "h5", "type": "STATUSCHANGE", "created": 1769853700000},
    ]


def airbyte_mailgun():
    def event(n, kind, clock, **fields):
        return {
            "id": f"g{n}",
            "event": kind,
            "@timestamp": f"2026-01-31T{clock}Z",
            "recipient": ADA,
            "tags": ["spring-sale", "shop"],
            "message": {"headers": {"message-id": "20260131.77@mg.example.org"}},
            **fields,
        }

    return [
        event(1, "accepted", "09:00:00.000"),
        event(2, "delivered", "09:00:03.120"),
        event(
            3,
            "opened",
            "09:00:09.908",
            ip="172.225.10.20",
            **{"client-info": {"user-agent": PREFETCH, "bot": "apple"}},
        ),
        event(
            4,
            "clicked",
            "10:00:11.000",
            ip="203.0.113.40",
            url=LINK,
            **{"client-info": {"user-agent": BROWSER, "bot": ""}},
        ),
        event(5, "failed", "10:01:40.000"),
    ]


def as_raw_table(rows):
    return [{"_airbyte_raw_id": f"r{n}", "_airbyte_data": row} for n, row in enumerate(rows)]


def as_raw_text(rows):
    return [{**row, "_airbyte_data": json.dumps(row["_airbyte_data"])} for row in as_raw_table(rows)]


def as_snowflake(rows):
    """Return rows with names in capitals and objects as text, as Snowflake unloads them."""
    return [
        {
            name.upper(): json.dumps(value) if isinstance(value, dict | list) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def as_bigquery(rows):
    """Return rows with names of letters, digits and underscores only."""
    return [{name.replace("-", "_").replace("@", "_"): value for name, value in row.items()} for row in rows]


landed = pytest.mark.parametrize("land", [list, as_raw_table, as_raw_text, as_snowflake, as_bigquery])


@landed
def test_airbytes_hubspot_joins_by_the_send_and_has_the_providers_ids(land, hasher):
    batch = translated("airbyte_hubspot", land(airbyte_hubspot()), hasher)
    assert batch.unknown_types == {"STATUSCHANGE": 1}
    assert told(batch.events) == [
        ("sent", at("09:00:00"), None, None, None),
        ("delivered", at("09:00:03.12"), None, None, None),
        ("open", at("09:00:09.908"), None, PREFETCH, "machine"),
        ("click", at("10:00:11"), "203.0.113.40", BROWSER, None),
    ]
    assert [event.event_id for event in batch.events][:2] == [
        "hubspot:1769850000000:h1",
        "hubspot:1769850003120:h2",
    ]
    assert batch.events[0].message_id == f"h1:{hasher.hash(ADA)}"
    require_one_message(batch.events, hasher, campaign="7173", source="hubspot")


@landed
def test_airbytes_mailgun_keeps_mailguns_word_for_a_machine(land, hasher):
    batch = translated("airbyte_mailgun", land(airbyte_mailgun()), hasher)
    assert batch.unknown_types == {"failed": 1}
    assert told(batch.events) == [
        ("sent", at("09:00:00"), None, None, None),
        ("delivered", at("09:00:03.12"), None, None, None),
        ("open", at("09:00:09.908"), "172.225.10.20", PREFETCH, "machine"),
        ("click", at("10:00:11"), "203.0.113.40", BROWSER, None),
    ]
    assert batch.events[0].event_id == f"airbyte_mailgun:g1:{hasher.hash(ADA)}"
    require_one_message(batch.events, hasher, campaign="spring-sale", source="airbyte_mailgun")


def test_airbytes_older_mailgun_stream_tells_the_time_in_seconds(hasher):
    row = {**airbyte_mailgun()[2], "timestamp": 1769850009.908181}
    del row["@timestamp"]
    (event,) = translated("airbyte_mailgun", [row], hasher).events
    assert event.occurred_at == at("09:00:09.908181")


def test_a_fresh_table_goes_through_ingest_by_the_maps_name(tmp_path):
    (tmp_path / "events.csv").write_text(FIVETRAN_HUBSPOT)
    report = ingest(tmp_path / "events.csv", tmp_path / "log", provider="generic", mapping="fivetran_hubspot")
    assert report.events == {"click": 1, "delivered": 1, "open": 1, "sent": 1}
    assert report.unknown_types == {"STATUSCHANGE": 1}


def test_fivetrans_sendgrid_needs_no_map_as_it_keeps_the_webhooks_names(hasher, tmp_path):
    """Fivetran's EVENT has the columns of SendGrid's webhook, of which only the time is written otherwise."""
    text = (
        "_fivetran_id,email,event,ip,sg_event_id,sg_machine_open,sg_message_id,timestamp,url,useragent\n"
        f"f1,{ADA},delivered,192.0.2.9,s1,,m77.recvd-1,2026-01-31 09:00:03+00,,\n"
        f"f2,{ADA},open,172.225.10.20,s2,true,m77.recvd-2,2026-01-31 09:00:09+00,,{PREFETCH}\n"
    )
    delivered, opened = connector("sendgrid", hasher).parse(csv_rows(text)).events
    assert opened.message_id == delivered.message_id == f"m77:{hasher.hash(ADA)}"
    assert (opened.occurred_at, opened.ip, opened.vendor_verdict) == (
        at("09:00:09"),
        "172.225.10.20",
        "machine",
    )
    (tmp_path / "event.csv").write_text(text)
    assert ingest(tmp_path / "event.csv", tmp_path / "log", provider="auto").providers == {"sendgrid": 1}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.binary(max_size=4) | st.datetimes()
    | st.dates() | st.uuids() | st.text(max_size=8)
    | st.sampled_from(["OPEN", "opened", "2026-01-31 09:00:00", "[1", '{"id": [1]}', "a@example.org", "\ud800", "1e999"]),
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(st.sampled_from(["id", "headers", "x"]), inside),
    max_leaves=4,
)  # fmt: skip


@pytest.mark.parametrize("name", shipped_maps())
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_stands_in_a_table_no_row_raises_and_none_is_lost(name, hasher, data):
    reader = Generic(hasher, name)
    own = sorted({name for parts in reader.map.columns.values() for names in parts for name in names})
    columns = st.sampled_from([*own, *(name.partition(".")[0].upper() for name in own)])
    rows = data.draw(st.lists(st.dictionaries(columns, VALUES), max_size=4))
    batch = reader.parse(rows)
    assert len(batch.events) + len(batch.rejected) + sum(batch.unknown_types.values()) == len(rows)
    for event in batch.events:
        assert event.event_id
        assert event.message_id
        assert type(event.occurred_at) is int


@pytest.mark.parametrize("name", shipped_maps())
def test_a_translator_with_a_map_goes_to_other_processes(name, hasher):
    there = pickle.loads(pickle.dumps(Generic(hasher, name)))  # noqa: S301 - our own
    assert there.map == Generic(hasher, name).map
