"""A sender whose truth is known in closed form: people read, and Apple fetches, at constant rates.

A first fetch behind Apple is then a person's with probability read / (read + prefetch), whenever it comes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from paperknife.evidence.columns import AFTERMATH, FLAGS, HISTORY, IDENTITY, KINDS_OF_OPEN

START_US = 1_767_225_600_000_000
WEEK_S = 7 * 86_400


def _evidence_frame(rows):
    """Return an evidence table of some opens; every column not given is null."""
    table = pd.DataFrame(rows)
    for name in (*IDENTITY, *KINDS_OF_OPEN, *FLAGS):
        if name not in table:
            table[name] = pd.Series(None, index=table.index, dtype="str")
    for name in (*HISTORY, *AFTERMATH):
        column = table[name] if name in table else pd.Series(pd.NA, index=table.index)
        table[name] = column.astype("Int64")
    at_us = table["at_us"].astype("int64") if len(table) else pd.Series([], dtype="int64")
    table["occurred_at"] = pd.to_datetime(at_us, unit="us", utc=True).dt.as_unit("us")
    table["is_ambiguous"] = table["is_ambiguous"].fillna("").eq("yes")
    return table[[*IDENTITY, *KINDS_OF_OPEN, *FLAGS, *HISTORY, *AFTERMATH]]


def _message_frame(rows):
    """Return a message table; times and counts not given are null and 0."""
    table = pd.DataFrame(rows)
    for name in ("message_id", "recipient_id", "recipient_domain", "campaign_id"):
        table[name] = (
            table[name].astype("str") if name in table else pd.Series(None, index=table.index, dtype="str")
        )
    for name in ("clock_us", "clean_us", "machine_click_us", "reply_us", "log_ends_us"):
        table[name] = (table[name] if name in table else pd.Series(pd.NA, index=table.index)).astype("Int64")
    for name in ("opens_n", "clicks_n", "apple_n", "visible_n"):
        table[name] = (table[name] if name in table else pd.Series(0, index=table.index)).astype("Int64")
    table["has_recipient"] = table.get("has_recipient", True)
    return table


@dataclass
class Sender:
    evidence: pd.DataFrame
    messages: pd.DataFrame
    is_human: np.ndarray
    is_first_apple: np.ndarray


def _make_sender(
    n=12_000,
    *,
    read_per_h=1 / 60,
    prefetch_per_h=1 / 20,
    kappa=1.0,
    apple_share=0.5,
    click_share=0.3,
    seed=0,
):
    """Return a sender of n messages to n / 8 recipients."""
    rng = np.random.default_rng(seed)
    recipient = rng.integers(0, n // 8, n)
    is_apple = (recipient * 7919 % 100) < 100 * apple_share
    clock_us = START_US + (rng.uniform(0, 28 * 86_400, n) * 1e6).astype(np.int64)
    read_s = rng.exponential(3600 / (read_per_h * np.where(is_apple, kappa, 1.0)))
    prefetch_s = np.where(is_apple, rng.exponential(3600 / prefetch_per_h, n), np.inf)
    fetch_s = np.minimum(read_s, prefetch_s)
    gap_s = rng.lognormal(np.log(20), 0.8, n)
    clicked = (rng.random(n) < click_share) & (read_s + gap_s < WEEK_S)
    clean_us = pd.Series(clock_us + ((read_s + gap_s) * 1e6).astype(np.int64), dtype="Int64").where(clicked)
    opened = np.flatnonzero(fetch_s < WEEK_S)
    domain = np.char.add(np.char.add("firm", (recipient % 50).astype(str)), ".test")
    delay_us = (fetch_s[opened] * 1e6).astype(np.int64)
    evidence = _evidence_frame(
        {
            "event_id": np.char.add("e", opened.astype(str)),
            "message_id": np.char.add("m", opened.astype(str)),
            "recipient_id": np.char.add("r", recipient[opened].astype(str)),
            "recipient_domain": domain[opened],
            "at_us": clock_us[opened] + delay_us,
            "delay_us": delay_us,
            "client_family": np.where(is_apple[opened], "apple_mail", "outlook_desktop"),
            "network_class": np.where(is_apple[opened], "apple_relay", "other"),
            "mechanism": np.where(is_apple[opened], "apple_relay", "direct"),
            "evidence": "full",
        }
    )
    messages = _message_frame(
        {
            "message_id": np.char.add("m", np.arange(n).astype(str)),
            "recipient_id": np.char.add("r", recipient.astype(str)),
            "recipient_domain": domain,
            "campaign_id": np.char.add("c", rng.integers(0, 12, n).astype(str)),
            "clock_us": clock_us,
            "clean_us": clean_us,
            "log_ends_us": START_US + 36 * 86_400 * 1_000_000,
            "opens_n": (fetch_s < WEEK_S).astype(int),
        }
    )
    return Sender(evidence, messages, (read_s <= prefetch_s)[opened], is_apple[opened])


@pytest.fixture(scope="session")
def plain_sender():
    return _make_sender()


@pytest.fixture(scope="session")
def small_sender():
    return _make_sender(1_500)


@pytest.fixture(scope="session")
def make_sender():
    return _make_sender


@pytest.fixture(scope="session")
def evidence_frame():
    return _evidence_frame


@pytest.fixture(scope="session")
def message_frame():
    return _message_frame
