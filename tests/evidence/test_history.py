"""What an open may know: stories of a few messages, and the promise that nothing later is seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.errors import RequestError
from paperknife.events.log import read_events
from paperknife.evidence.columns import AFTERMATH, HISTORY
from paperknife.evidence.features import encode, feature_names
from paperknife.evidence.history import gather_evidence, gather_horizons
from paperknife.evidence.kinds import kinds

BARE = "Mozilla/5.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.3.1"
RELAY = "172.225.10.20"
HOME = "198.18.44.7"
SECOND = 1_000_000


def events(*rows):
    """Turn (id, type, time, message, ...) tuples into a log; times are on 2026-03-02 unless a day is given."""
    table = pd.DataFrame(
        [
            {
                "event_id": r[0],
                "event_type": r[1],
                "occurred_at": r[2],
                "message_id": r[3],
                **(r[4] if len(r) > 4 else {}),
            }
            for r in rows
        ]
    )
    stamps = [t if len(t) > 10 else f"2026-03-02T{t}Z" for t in table["occurred_at"]]
    table["occurred_at"] = pd.to_datetime(stamps, utc=True, format="ISO8601")
    return table


ALICE = events(
    ("d1", "delivered", "09:00:00", "m1", {"recipient_id": "alice", "recipient_domain": "example.org"}),
    (
        "o1",
        "open",
        "09:00:30",
        "m1",
        {"recipient_id": "alice", "recipient_domain": "example.org", "ip": RELAY, "user_agent": BARE},
    ),
    (
        "o2",
        "open",
        "12:00:00",
        "m1",
        {"recipient_id": "alice", "recipient_domain": "example.org", "ip": HOME, "user_agent": THUNDERBIRD},
    ),
    (
        "c1",
        "click",
        "12:00:40",
        "m1",
        {
            "recipient_id": "alice",
            "recipient_domain": "example.org",
            "ip": HOME,
            "user_agent": SAFARI,
            "url": "https://example.org/a",
        },
    ),
    ("d2", "delivered", "13:00:00", "m2", {"recipient_id": "alice", "recipient_domain": "example.org"}),
    (
        "o3",
        "open",
        "13:30:00",
        "m2",
        {"recipient_id": "alice", "recipient_domain": "example.org", "ip": RELAY, "user_agent": BARE},
    ),
)


def by_id(table):
    return table.set_index("event_id")


def test_alice_prefetched_then_read_elsewhere_and_clicked():
    evidence = by_id(gather_evidence(read_events(ALICE), horizon="settled"))
    first, second = evidence.loc["o1"], evidence.loc["o2"]
    assert first["mechanism"] == "apple_relay"
    assert (first["delay_us"], first["message_opens_n"]) == (30 * SECOND, 0)
    assert first["next_open_us"] == (3 * 3600 - 30) * SECOND
    assert first["next_clean_us"] == (3 * 3600 + 10) * SECOND
    assert (second["message_opens_n"], second["message_apple_n"]) == (1, 1)
    assert second["next_clean_us"] == 40 * SECOND
    assert pd.isna(second["next_open_us"])
    third = evidence.loc["o3"]
    assert (third["recipient_opens_n"], third["recipient_apple_n"], third["recipient_clean_n"]) == (2, 1, 1)
    assert third["recipient_active_n"] == 2  # the Thunderbird open and the clean click


def test_at_the_instant_nothing_later_is_known():
    evidence = gather_evidence(read_events(ALICE), horizon="instant")
    assert evidence[list(AFTERMATH)].isna().all(axis=None)
    assert (evidence["seen_s"] == 0).all()


@pytest.mark.parametrize("as_of", ["09:00:30", "12:00:00", "13:29:59", "13:30:00"])
@pytest.mark.parametrize("horizon", ["instant", "1h", "settled"])
def test_events_after_the_as_of_time_change_nothing(as_of, horizon):
    moment = pd.Timestamp(f"2026-03-02T{as_of}Z")
    cut = ALICE[ALICE["occurred_at"] <= moment]
    whole = gather_evidence(read_events(ALICE), horizon=horizon, as_of=moment)
    alone = gather_evidence(read_events(cut), horizon=horizon, as_of=moment)
    pd.testing.assert_frame_equal(whole, alone)


def test_a_later_horizon_sees_no_further_than_itself():
    evidence = by_id(gather_evidence(read_events(ALICE), horizon="1h"))
    assert pd.isna(evidence.loc["o1", "next_clean_us"])
    assert evidence.loc["o2", "next_clean_us"] == 40 * SECOND
    assert evidence.loc["o2", "seen_s"] == 3600
    assert evidence.loc["o3", "seen_s"] == 0  # it is the log's last event


def test_events_of_the_same_microsecond_do_not_see_each_other():
    log = events(
        ("d", "delivered", "09:00:00", "m"),
        ("a", "open", "09:05:00", "m", {"recipient_id": "r"}),
        ("b", "open", "09:05:00", "m2", {"recipient_id": "r"}),
        ("c", "click", "09:05:00", "m", {"recipient_id": "r"}),
    )
    instant = by_id(gather_evidence(read_events(log), horizon="instant"))
    assert instant.loc["a", "recipient_opens_n"] == 0
    assert instant.loc["a", "message_clicks_n"] == 0
    # A week later the click of that microsecond is long known: feeds in whole minutes put clicks and opens together.
    settled = by_id(
        gather_evidence(read_events(log), horizon="settled", as_of=pd.Timestamp("2026-04-01", tz="UTC"))
    )
    assert settled.loc["a", "next_click_us"] == 0
    assert pd.isna(settled.loc["a", "next_open_us"])


def test_opens_of_one_microsecond_are_numbered_by_their_id():
    log = events(("b", "open", "09:05:00", "m"), ("a", "open", "09:05:00", "m"))
    evidence = by_id(gather_evidence(read_events(log), horizon="instant"))
    assert evidence.loc["a", "message_opens_n"] == 0
    assert evidence.loc["b", "message_opens_n"] == 1


def test_the_clock_is_the_latest_delivery_else_the_send():
    log = events(
        ("s", "sent", "08:59:00", "m"),
        ("o1", "open", "08:59:30", "m"),
        ("d1", "delivered", "09:00:00", "m"),
        ("d2", "delivered", "09:10:00", "m"),
        ("o2", "open", "09:11:00", "m"),
        ("o3", "open", "09:12:00", "unsent"),
    )
    evidence = by_id(gather_evidence(read_events(log), horizon="settled"))
    assert evidence.loc["o1", ["clock_kind", "delay_us"]].tolist() == ["sent", 30 * SECOND]
    assert evidence.loc["o1", "delivered_after_us"] == 30 * SECOND
    assert evidence.loc["o2", ["clock_kind", "delay_us"]].tolist() == ["delivered", 60 * SECOND]
    assert evidence.loc["o3", ["clock_kind", "delay_us"]].isna().all()


def test_history_of_a_recipient_is_thirty_days_and_of_a_message_too():
    who = {"recipient_id": "r"}
    log = events(
        ("old", "open", "2026-03-01T12:00:00Z", "m1", who),
        ("d", "delivered", "2026-03-02T12:00:00Z", "m2", who),
        ("edge", "open", "2026-03-31T23:59:59Z", "m2", who),
        ("gone", "open", "2026-04-01T12:00:01Z", "m2", who),
    )
    evidence = by_id(gather_evidence(read_events(log), horizon="instant"))
    assert evidence.loc["edge", "recipient_opens_n"] == 1  # 1 March is the 30th day before 31 March
    assert evidence.loc["gone", "recipient_opens_n"] == 1  # only the one of 31 March
    assert evidence.loc["edge", "delay_us"] is not pd.NA
    assert pd.isna(evidence.loc["gone", "delay_us"])
    assert evidence.loc["gone", "message_opens_n"] == 0


def test_bursts_are_not_clean_clicks():
    home = {"ip": HOME, "user_agent": SAFARI, "recipient_id": "r"}
    log = events(
        ("d", "delivered", "09:00:00", "m", {"recipient_id": "r"}),
        ("too-soon", "click", "09:00:09", "m", home),
        ("clean", "click", "09:05:00", "m", home),
        ("burst", "click", "09:05:02", "m", home),
        ("scanner", "click", "09:30:00", "m", home | {"user_agent": "python-requests/2.31"}),
        ("o", "open", "10:00:00", "m", home),
    )
    opened = gather_evidence(read_events(log), horizon="instant").iloc[0]
    assert opened["message_clicks_n"] == 4
    assert opened["message_clean_n"] == 1


def test_four_columns_are_enough():
    log = ALICE[["event_id", "event_type", "occurred_at", "message_id"]]
    evidence = gather_evidence(read_events(log), horizon="settled")
    assert len(evidence) == 3
    assert (evidence["mechanism"] == "unknown").all()
    assert (evidence["evidence"] == "time_only").all()
    assert (
        evidence[[name for name in HISTORY if name.startswith(("recipient", "domain", "network"))]]
        .isna()
        .all(axis=None)
    )


def test_an_empty_answer_keeps_its_columns():
    log = read_events(ALICE[ALICE["event_type"] != "open"])
    evidence = gather_evidence(log, horizon="settled")
    assert len(evidence) == 0
    assert encode(evidence).shape[0] == 0


def test_horizons_share_one_history():
    both = gather_horizons(read_events(ALICE), ["instant", "24h"])
    pd.testing.assert_frame_equal(both["instant"][list(HISTORY)], both["24h"][list(HISTORY)])
    pd.testing.assert_frame_equal(both["24h"], gather_evidence(read_events(ALICE), horizon="24h"))


@pytest.mark.parametrize("missing", [["user_agent"], ["ip"], ["user_agent", "ip"]])
def test_doing_without_a_field_is_as_if_no_event_had_it(missing):
    kept = ALICE.assign(client_family="thunderbird", network_class="residential")
    absent = [*missing, *({"user_agent": "client_family", "ip": "network_class"}[name] for name in missing)]
    for log in (ALICE, kept):
        without = gather_horizons(read_events(log), ["instant", "settled"], missing=missing)
        dropped = log.drop(columns=absent, errors="ignore")
        for horizon, table in gather_horizons(read_events(dropped), ["instant", "settled"]).items():
            pd.testing.assert_frame_equal(without[horizon], table)


def test_an_unknown_horizon_names_the_known_ones():
    with pytest.raises(RequestError, match=r"Horizon 'setled' is unknown.*Did you mean 'settled'"):
        gather_evidence(read_events(ALICE), horizon="setled")


def test_ids_and_row_order_carry_nothing():
    renamed = ALICE.assign(event_id=ALICE["event_id"].map(lambda i: f"z{ord(i[0]) * 7919 % 101}{i}"))
    shuffled = renamed.sample(frac=1, random_state=1)
    plain = encode(gather_evidence(read_events(ALICE), horizon="settled"))
    other = encode(gather_evidence(read_events(shuffled), horizon="settled"))
    assert plain.tobytes() == other.tobytes()


def the_log_so_far():
    """A day of first fetches and clicks, then an Apple open on the next, half a minute after delivery."""
    rows = []
    for number, (delay_s, agent, ip, clicked_after_s) in enumerate(
        [
            (30, BARE, RELAY, None),
            (40, BARE, RELAY, 60),  # a person at Apple's first fetch, in the same bin
            (45, BARE, RELAY, 3_600),  # too late to date it
            (7_200, BARE, RELAY, 90),
            (20, THUNDERBIRD, HOME, 30),
            (7_300, THUNDERBIRD, HOME, None),
        ]
    ):
        message, began = f"p{number}", pd.Timestamp("2026-03-01T09:00:00Z") + pd.Timedelta(minutes=number)
        who = {"ip": ip, "user_agent": agent, "recipient_id": f"r{number}"}
        moments = [("delivered", 0, {}), ("open", delay_s, who)]
        if clicked_after_s is not None:
            moments.append(("click", delay_s + clicked_after_s, {**who, "ip": HOME, "user_agent": SAFARI}))
        for kind, after_s, more in moments:
            at = (began + pd.Timedelta(seconds=after_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
            rows.append((f"{message}-{kind}", kind, at, message, more))
    again = {"ip": RELAY, "user_agent": BARE, "recipient_id": "r0"}
    rows.append(("p0-again", "open", "2026-03-01T20:00:00Z", "p0", again))
    # a click at once after a second fetch says nothing of first ones
    again_click = {"ip": HOME, "user_agent": SAFARI, "recipient_id": "r0"}
    rows.append(("p0-click", "click", "2026-03-01T20:00:30Z", "p0", again_click))
    rows.append(("q-delivered", "delivered", "2026-03-02T09:00:00Z", "q"))
    rows.append(
        (
            "q-open",
            "open",
            "2026-03-02T09:00:30Z",
            "q",
            {"ip": RELAY, "user_agent": BARE, "recipient_id": "z"},
        )
    )
    rows.append(
        (
            "q-again",
            "open",
            "2026-03-02T20:00:30Z",
            "q",
            {"ip": RELAY, "user_agent": BARE, "recipient_id": "z"},
        )
    )
    rows.append(("n-open", "open", "2026-03-02T10:00:00Z", "n", {"ip": RELAY, "user_agent": BARE}))
    return events(*rows)


def test_an_open_knows_the_logs_first_fetches_and_prompt_clicks_at_its_delay():
    evidence = by_id(gather_evidence(read_events(the_log_so_far()), horizon="instant"))
    here = {name: evidence.loc["q-open", f"log_{name}_n"] for name in (
        "first_here", "first_placed", "apple_here", "apple_placed", "visible_here", "visible_placed",
        "prompt_here", "prompt_placed", "apple_prompt_here", "apple_prompt_placed",
    )}  # fmt: skip
    assert here == {
        "first_here": 4, "first_placed": 6, "apple_here": 3, "apple_placed": 4, "visible_here": 1, "visible_placed": 2,
        "prompt_here": 2, "prompt_placed": 3, "apple_prompt_here": 1, "apple_prompt_placed": 2,
    }  # fmt: skip
    without = evidence.loc["n-open"]
    assert pd.isna(without["log_first_here_n"])
    assert without["log_first_placed_n"] == 6


def test_clicks_at_once_tell_the_share_of_people_at_a_delay():
    table = gather_evidence(read_events(the_log_so_far()), horizon="instant")
    seen = pd.DataFrame(encode(table), columns=feature_names(), index=table["event_id"]).loc["q-open"]
    # 3 of 6 first fetches were clicked at once; of the 4 at this delay 2: as many as were due.
    assert seen["log_click_ratio"] == pytest.approx(0.0, abs=1e-6)
    # Of 2 visible first fetches 1 was clicked at once, so Apple's 3 here would have drawn 1.5 from people; 1 came.
    assert seen["log_clicks_due_here"] == pytest.approx(np.log10(1 + 1.5), abs=1e-6)
    expected_human = seen["log_expected_human"]
    assert seen["log_clicked_here"] == pytest.approx((1 + 2 * min(expected_human, 1)) / (1.5 + 2), abs=1e-6)
    assert seen["log_delay_share"] == pytest.approx(np.log10(4.5 / 10), abs=1e-6)


def test_a_later_fetch_knows_the_logs_later_fetches_and_the_clicks_after_them():
    table = gather_evidence(read_events(the_log_so_far()), horizon="instant")
    evidence = by_id(table)
    kinds = ("again", "apple_again", "visible_again", "again_prompt", "apple_again_prompt")
    # p0 was fetched again after as many hours, by Apple, and a click followed at once.
    assert [evidence.loc["q-again", f"log_{kind}_here_n"] for kind in kinds] == [1, 1, 0, 1, 1]
    assert [evidence.loc["q-open", f"log_{kind}_placed_n"] for kind in kinds] == [1, 1, 0, 1, 1]
    assert all(pd.isna(evidence.loc["q-open", f"log_{kind}_here_n"]) for kind in kinds)
    seen = pd.DataFrame(encode(table), columns=feature_names(), index=table["event_id"])
    again = seen.loc["q-again"]
    # Of 6 first fetches 4 were Apple's; of 6, as of the 2 visible ones, half were clicked at once.
    assert again["log_again_share"] == pytest.approx(np.log10(1.5 / 10), abs=1e-6)
    assert again["log_again_ratio"] == pytest.approx(np.log10((0.5 / 6) / (1.5 / 8)), abs=1e-6)
    assert again["log_again_click_ratio"] == pytest.approx(np.log10(3 / 2.5), abs=1e-6)
    assert again["log_apple_again_click_ratio"] == pytest.approx(np.log10(3 / 2.5), abs=1e-6)
    assert seen.loc["q-open"].filter(like="again_").isna().all()


def test_an_open_knows_the_hours_that_readers_and_devices_keep():
    table = gather_evidence(read_events(the_log_so_far()), horizon="instant")
    evidence = by_id(table)
    kinds = ("opens", "late", "late_visible", "late_apple", "clean")
    # p0 was fetched again, and clicked, within the hour of the day in which q is fetched again.
    assert [evidence.loc["q-again", f"log_hour_{kind}_near_n"] for kind in kinds] == [2, 2, 0, 2, 2]
    # Four opens and two clicks came in the hour of q's first fetch, a third click in the hour after.
    assert [evidence.loc["q-open", f"log_hour_{kind}_near_n"] for kind in kinds] == [8, 0, 0, 0, 5]
    assert [evidence.loc["q-open", f"log_hour_{kind}_all_n"] for kind in kinds] == [7, 3, 1, 2, 5]
    assert evidence.loc["p0-again", "log_hour_opens_near_n":"log_hour_clean_all_n"].isna().all()
    again = pd.DataFrame(encode(table), columns=feature_names(), index=table["event_id"]).loc["q-again"]
    visible, apple, clean = 1 / 26, 2 / 28, 2 / 34
    assert again["log_hour_ratio"] == pytest.approx(np.log10(visible / apple), abs=1e-6)
    assert again["log_hour_visible"] == pytest.approx(np.log10(24 * visible), abs=1e-6)
    assert again["log_hour_clicks"] == pytest.approx(np.log10(24 * clean), abs=1e-6)
    assert again["log_hour_click_ratio"] == pytest.approx(np.log10(clean / (2 / 38)), abs=1e-6)
    assert again["log_hour_late_click_ratio"] == pytest.approx(np.log10(clean / (2 / 30)), abs=1e-6)


def test_the_hours_beside_midnight_are_neighbours():
    rows = [(f"o{n}", "open", f"2026-03-01T{n}:30:00Z", f"m{n}", {"user_agent": BARE}) for n in (22, 23)]
    log = read_events(events(*rows, ("asked", "open", "00:15:00", "m", {"user_agent": BARE})))
    asked = by_id(gather_evidence(log, horizon="instant")).loc["asked"]
    assert asked[["log_hour_opens_near_n", "log_hour_opens_all_n"]].tolist() == [1, 2]


def test_a_domain_whose_networks_serve_other_domains_is_known_by_it():
    def opened(name, at, domain, ip, agent=THUNDERBIRD):
        said = {"recipient_id": name, "recipient_domain": domain, "user_agent": agent}
        return (name, "open", at, f"m-{name}", said | ({"ip": ip} if ip else {}))

    log = read_events(
        events(
            opened("a1", "2026-03-01T09:00:00Z", "guarded.example", "203.0.113.9"),
            opened("b1", "2026-03-01T09:10:00Z", "other.example", "203.0.113.9"),
            opened("b2", "2026-03-01T09:20:00Z", "other.example", HOME),
            opened("a2", "2026-03-01T09:30:00Z", "guarded.example", HOME),
            opened("a3", "2026-03-01T09:40:00Z", "guarded.example", None),
            opened("a4", "2026-03-01T09:50:00Z", "guarded.example", RELAY, BARE),
            opened("asked", "09:00:00", "guarded.example", "192.0.2.77"),
        )
    )
    table = gather_evidence(log, horizon="instant")
    asked = by_id(table).loc["asked"]
    # a2 came where other.example had been; a1 was there first; a3 has no address and a4 is Apple's.
    assert asked[["domain_shared_n", "domain_unshared_n", "log_shared_n", "log_unshared_n"]].tolist() == [
        1,
        1,
        2,
        2,
    ]
    seen = pd.DataFrame(encode(table), columns=feature_names(), index=table["event_id"])
    assert seen.loc["asked", "domain_shared_share"] == pytest.approx(0.5)
    assert np.isnan(seen.loc["a1", "domain_shared_share"])


def test_an_open_knows_who_else_its_network_serves():
    def opened(name, at, domain, ip):
        said = {"recipient_id": name, "recipient_domain": domain, "ip": ip, "user_agent": THUNDERBIRD}
        return (name, "open", at, f"m-{name}", {key: value for key, value in said.items() if value})

    log = read_events(
        events(
            opened("long ago", "2026-01-20T09:00:00Z", "example.com", HOME),
            opened("other", "2026-03-01T09:00:00Z", "example.com", HOME),
            opened("same", "2026-03-01T10:00:00Z", "example.org", HOME),
            opened("elsewhere", "2026-03-01T11:00:00Z", "example.net", "203.0.113.9"),
            opened("no domain", "2026-03-01T12:00:00Z", None, HOME),
            opened("asked", "09:00:00", "example.org", HOME),
            opened("together", "09:00:00", "example.com", HOME),
            opened("soon", "09:00:30", "example.com", HOME),
            opened("too late", "2026-03-20T09:00:00Z", "example.com", HOME),
        )
    )
    settled = gather_evidence(log, horizon="settled").set_index("event_id")
    assert settled.loc["asked", ["network_others_n", "network_later_others_n"]].tolist() == [1, 1]
    assert settled.loc["no domain", ["network_others_n", "network_later_others_n"]].isna().all()
    column = feature_names().index("network_others_share")
    # Other, same and the one without a domain are the network's past.
    asked = encode(settled.loc[["asked"]].reset_index())[0]
    assert asked[column] == pytest.approx(1 / 3)
    assert asked[feature_names().index("network_others_after")] == pytest.approx(np.log10(2))
    at_once = gather_evidence(log, horizon="instant").set_index("event_id")
    assert pd.isna(at_once.loc["asked", "network_later_others_n"])


def test_an_open_knows_what_the_log_holds_of_its_kind_and_of_mail_proxies():
    gmail = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
    proxied, direct = {"ip": "66.249.84.1", "user_agent": gmail}, {"ip": HOME, "user_agent": THUNDERBIRD}
    rows = []
    for number, (delay_s, who, is_clicked) in enumerate(
        [
            (30, proxied, True),
            (7_200, proxied, False),
            (7_300, proxied, True),
            (30, direct, False),
            (40, direct, False),
        ]
    ):
        message, began = f"p{number}", pd.Timestamp("2026-03-01T09:00:00Z")
        moments = [("delivered", 0, {}), ("open", delay_s, who)]
        if is_clicked:
            moments.append(("click", delay_s + 60, {"ip": HOME, "user_agent": SAFARI}))
        for kind, after_s, more in moments:
            at = (began + pd.Timedelta(seconds=after_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
            rows.append((f"{message}-{kind}", kind, at, message, more))
    rows.append(("p4-again", "open", "2026-03-01T20:00:00Z", "p4", direct))
    # a click at once speaks for the kind that was loaded last
    rows.append(("p4-load", "open", "2026-03-01T20:01:00Z", "p4", proxied))
    rows.append(("p4-click", "click", "2026-03-01T20:01:30Z", "p4", {"ip": HOME, "user_agent": SAFARI}))
    rows += [
        ("q-delivered", "delivered", "09:00:00", "q"),
        ("q-open", "open", "09:00:30", "q", direct),
        ("q-no-clock", "open", "09:00:30", "n", direct),
        ("q-new-kind", "open", "09:00:40", "q", {"ip": HOME, "user_agent": BARE}),
    ]
    table = gather_evidence(read_events(events(*rows)), horizon="instant")
    evidence = by_id(table)
    parts = ("opens", "prompt", "here", "placed", "near")
    assert [evidence.loc["q-open", f"log_kind_{part}_n"] for part in parts] == [3, 0, 2, 2, 4]
    assert [evidence.loc["q-open", f"log_proxied_{part}_n"] for part in parts] == [4, 3, 1, 3, 2]
    assert [evidence.loc["q-new-kind", f"log_kind_{part}_n"] for part in parts] == [0] * 5
    assert evidence.loc["q-open", "log_kind_repeat_n"] == 1
    assert pd.isna(evidence.loc["q-no-clock", "log_kind_here_n"])
    assert evidence.loc["q-no-clock", "log_kind_placed_n"] == 2
    assert evidence.loc["p0-open", "log_kind_opens_n":"log_proxied_near_n"].isna().all()
    seen = pd.DataFrame(encode(table), columns=feature_names(), index=table["event_id"]).loc["q-open"]
    # Of 7 opens 3 are of its kind. At the proxied opens' rate of 3.5 in 24 these would have drawn 0.44 clicks.
    assert seen["log_kind_share"] == pytest.approx(np.log10(4 / 17), abs=1e-6)
    assert seen["log_kind_reader_click_ratio"] == pytest.approx(np.log10(2 / (2 + 3 * 3.5 / 24)), abs=1e-6)
    assert seen["log_kind_delay_ratio"] == pytest.approx(np.log10((2.375 / 5) / (1.375 / 6)), abs=1e-6)
    assert seen["log_kind_hour_ratio"] == pytest.approx(np.log10((2.5 / 18) / (1.5 / 20)), abs=1e-6)


def test_of_loads_in_one_microsecond_a_click_is_the_greatest_kinds():
    by_number = sorted(
        (kinds()[pair] for pair in (("thunderbird", "other"), ("apple_mail", "apple_relay"))),
        key=lambda k: k.number,
    )
    of = {
        "thunderbird": {"ip": HOME, "user_agent": THUNDERBIRD},
        "apple_mail": {"ip": RELAY, "user_agent": BARE},
    }
    log = [
        ("d", "delivered", "2026-03-01T09:00:00Z", "m"),
        *(
            (f"o{n}", "open", "2026-03-01T09:10:00Z", "m", of[kind.client_family])
            for n, kind in enumerate(by_number)
        ),
        ("c", "click", "2026-03-01T09:11:00Z", "m", {"ip": HOME, "user_agent": SAFARI}),
        *((f"q{n}", "open", "09:00:00", f"q{n}", of[kind.client_family]) for n, kind in enumerate(by_number)),
    ]
    evidence = by_id(gather_evidence(read_events(events(*log)), horizon="instant"))
    assert evidence.loc[["q0", "q1"], "log_kind_prompt_n"].tolist() == [0, 1]
