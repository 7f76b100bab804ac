"""A small sender: people behind Apple, Gmail and a company's gateway, with the truth of every open."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.events.log import read_events

START = pd.Timestamp("2026-03-02T08:00Z")
BARE = "Mozilla/5.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
RELAY_IP, GOOGLE_IP, HOME_IP = "172.224.240.1", "66.249.84.1", "93.184.216.34"


class Sender:
    """Forty recipients, ten messages each over ten days; every message is delivered and opened once."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        rows, truth, verdicts = [], [], []
        for n in range(400):
            person, day = n % 40, n // 40
            apple = person < 20
            label = int(rng.random() < 0.7) if apple else 0
            label = 2 if person >= 36 else label
            delay = {0: 200.0, 1: 20.0, 2: 0.1}[label] * rng.lognormal(0, 1)
            ids = {"message_id": f"m{n}", "recipient_id": f"r{person}"}
            ids["recipient_domain"] = "gmail.com" if person % 2 else "acme.example"
            at = START + pd.Timedelta(days=day)
            rows.append({"event_id": f"d{n}", "event_type": "delivered", "occurred_at": at, **ids})
            opened = at + pd.Timedelta(minutes=delay)
            agent, ip = (BARE, RELAY_IP) if apple else (GMAIL, GOOGLE_IP)
            if label == 2:
                agent, ip = "curl/8.1", HOME_IP
            rows.append(
                {
                    "event_id": f"o{n}",
                    "event_type": "open",
                    "occurred_at": opened,
                    "user_agent": agent,
                    "ip": ip,
                    **ids,
                }
            )
            p = np.full(3, 0.05)
            p[label if rng.random() < 0.85 or not apple else 1 - label] = 0.9
            truth.append({"event_id": f"o{n}", "label": ("human", "prefetch", "machine")[label]})
            verdicts.append(
                {
                    "event_id": f"o{n}",
                    "occurred_at": opened,
                    "horizon": "settled",
                    "p_human": p[0],
                    "p_prefetch": p[1],
                    "p_machine": p[2],
                    "verdict": ("human", "prefetch", "machine")[int(p.argmax())],
                    "mechanism": "apple_relay" if apple else "google_proxy",
                    "evidence": "full",
                    "model_id": "test-model",
                    **ids,
                }
            )
        self.events = pd.DataFrame(rows)
        self.truth = pd.DataFrame(truth)
        self.verdicts = pd.DataFrame(verdicts).drop(columns="recipient_domain")

    @property
    def log(self):
        return read_events(self.events)


@pytest.fixture(scope="module")
def sender():
    return Sender()
