"""What a log is worth is said before any scoring: each gap has its finding, and a good log has none."""

from __future__ import annotations

import pandas as pd
import pytest

from paperknife.events.check import check
from paperknife.events.log import read_events

FRACTION = pd.Timedelta(microseconds=123457)


def story(messages=400, days=40):
    """Return a log in which nothing is missing: delivered, opened, every fourth opened again, all clicked."""
    rows = []
    for n in range(messages):
        start = pd.Timestamp("2026-01-01", tz="UTC") + n * (pd.Timedelta(days=days) / messages) + FRACTION
        common = {"message_id": f"m{n}", "recipient_id": f"r{n % 50}", "recipient_domain": f"d{n % 9}.example",
                  "campaign_id": f"c{n % 5}", "ip": f"203.0.113.{n % 200}", "user_agent": f"Client/{n % 20}"}  # fmt: skip
        kinds = [("delivered", 0), ("open", 60), ("click", 90), ("click", 3000)] + (
            [("open", 4000)] if n % 4 == 0 else []
        )
        for place, (kind, delay) in enumerate(kinds):
            at = start + pd.Timedelta(seconds=delay)
            rows.append({"event_id": f"e{n}-{place}", "event_type": kind, "occurred_at": at, **common})
    return pd.DataFrame(rows)


def findings(table, level=None):
    return {f.code: f for f in check(read_events(table)) if level is None or f.level == level}


def test_a_full_log_has_only_good_findings_and_they_say_what_is_there():
    assert set(findings(story())) == {"full_evidence", "delivered_clock", "fine_times", "clicks"}


def opens(table):
    return table["event_type"] == "open"


CASES = {
    "no_ip": lambda t: t.drop(columns="ip"),
    "no_user_agent": lambda t: t.drop(columns="user_agent"),
    "time_only": lambda t: t.drop(columns=["ip", "user_agent"]),
    "no_clock": lambda t: t[t["event_type"] != "delivered"],
    "sent_clock": lambda t: t.replace({"event_type": {"delivered": "sent"}}),
    "times_in_seconds": lambda t: t.assign(occurred_at=t["occurred_at"].dt.floor("s")),
    "times_in_minutes": lambda t: t.assign(occurred_at=t["occurred_at"].dt.floor("min")),
    "no_clicks": lambda t: t[t["event_type"] != "click"],
    "few_clicks": lambda t: t[(t["event_type"] != "click") | (t["message_id"] == "m1")],
    "opens_only": lambda t: t[opens(t)],
    "first_opens_only": lambda t: t[~opens(t) | ~t.duplicated(["message_id", "event_type"])],
    "no_recipient_id": lambda t: t.drop(columns="recipient_id"),
    "no_recipient_domain": lambda t: t.drop(columns="recipient_domain"),
    "no_campaign_id": lambda t: t.drop(columns="campaign_id"),
    "few_opens": lambda t: t[t["message_id"].isin([f"m{n}" for n in range(100)])],
    "short_history": lambda t: t[t["occurred_at"] < pd.Timestamp("2026-01-20", tz="UTC")],
    "opens_before_delivery": lambda t: t.assign(
        occurred_at=t["occurred_at"].where(~opens(t), t["occurred_at"] - pd.Timedelta(hours=2))
    ),
    "one_ip": lambda t: t.assign(ip="203.0.113.1"),
    "one_user_agent": lambda t: t.assign(user_agent="Mozilla/5.0"),
    "unknown_types": lambda t: t.replace({"event_type": {"click": "clicked"}}),
    "duplicates": lambda t: pd.concat([t, t]),
    "quarantined": lambda t: t.assign(message_id=t["message_id"].where(t.index > 3)),
    "unused_column": lambda t: t.rename(columns={"user_agent": "useragent"}),
    "vendor_verdicts": lambda t: t.assign(vendor_verdict="machine"),
}


@pytest.mark.parametrize("code", CASES)
def test_each_gap_has_its_finding_with_a_sentence_a_cost_and_advice(code):
    found = findings(CASES[code](story()))
    assert code in found
    finding = found[code]
    assert finding.said.endswith((".", "?"))
    assert finding.cost or finding.level == "good"
    assert finding.advice or finding.level != "warning"


def test_warnings_come_first():
    levels = [finding.level for finding in check(read_events(CASES["time_only"](story())))]
    assert levels == sorted(levels, key=("warning", "note", "good").index)


def test_a_missing_user_agent_and_a_missing_ip_are_told_from_both():
    assert "time_only" not in findings(CASES["no_ip"](story()))
    assert not {"no_ip", "no_user_agent"} & set(findings(CASES["time_only"](story())))


def test_the_figure_is_in_the_sentence():
    table = story()
    table.loc[table.index % 2 == 0, "user_agent"] = None
    assert "50% of opens have no user agent" in findings(table, "warning")["no_user_agent"].said


def test_a_log_without_opens_says_so_and_little_else():
    table = story()
    assert set(findings(table[~opens(table)])) == {"no_opens"}


def test_a_forgotten_ip_whose_class_is_kept_counts_as_held():
    table = (
        story().drop(columns=["ip", "user_agent"]).assign(network_class="other", client_family="gmail_proxy")
    )
    assert "full_evidence" in findings(table)
