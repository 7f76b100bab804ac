"""What is forgotten is gone, and what it said is kept."""

from __future__ import annotations

import json
import pickle

import pytest

from paperknife.errors import PayloadError
from paperknife.events.ingest import ingest
from paperknife.events.log import read_events
from paperknife.evidence.forgetting import Forgetting
from paperknife.verdicts.scoring import score

EVENTS = [
    {"email": f"reader{n % 9}@example.org", "timestamp": 1769850000 + 600 * n, "event": kind, "sg_event_id": f"e{n}",
     "sg_message_id": f"m{n // 2}", "ip": ip, "useragent": agent}
    for n, (kind, ip, agent) in enumerate(
        [("delivered", "198.51.100.7", None), ("open", "172.225.10.20", "Mozilla/5.0"),
         ("delivered", None, None), ("open", "203.0.113.9", "Thunderbird/128.0"),
         ("delivered", None, None), ("open", None, "")] * 5
    )
]  # fmt: skip


def logs(tmp_path, *forgotten):
    (tmp_path / "events.json").write_text(json.dumps(EVENTS))
    found = []
    for name, fields in (("whole", ()), ("less", forgotten)):
        ingest(
            tmp_path / "events.json",
            tmp_path / name,
            "sendgrid",
            forget=Forgetting(fields) if fields else None,
        )
        found.append(read_events(tmp_path / name))
    return found


def test_addresses_and_agents_are_not_written_and_their_classes_are(tmp_path):
    _, less = logs(tmp_path, "ip", "user_agent")
    table = less.to_pandas().set_index("event_id").loc[["sendgrid:e1", "sendgrid:e3", "sendgrid:e5"]]
    assert table["ip"].isna().all()
    assert table["user_agent"].isna().all()
    assert table["client_family"].tolist() == ["apple_mail", "thunderbird", "empty"]
    assert table["network_class"].tolist()[:2] == ["apple_relay", "other"]
    assert table["network_class"].isna().tolist() == [False, False, True]
    for file in (tmp_path / "less").rglob("*"):
        assert file.is_dir() or b"172.225.10.20" not in file.read_bytes()


def test_only_what_is_named_is_forgotten(tmp_path):
    _, less = logs(tmp_path, "ip")
    table = less.to_pandas()
    assert table["ip"].isna().all()
    assert "Thunderbird/128.0" in set(table["user_agent"])


def test_verdicts_stay_what_they_were_but_for_what_shared_addresses_say(tmp_path):
    whole, less = (
        score(log).set_index("event_id").sort_index() for log in logs(tmp_path, "ip", "user_agent")
    )
    assert (whole["mechanism"] == less["mechanism"]).all()
    assert (whole["p_human"] - less["p_human"]).abs().max() < 0.3


def test_it_goes_to_other_processes():
    assert pickle.loads(pickle.dumps(Forgetting(["ip"]))).fields == ("ip",)  # noqa: S301 - our own


def test_what_cannot_be_forgotten_is_named():
    with pytest.raises(
        PayloadError, match="'ips' cannot be forgotten; expected ip or user_agent.* Did you mean 'ip'"
    ):
        Forgetting(["ips"])
