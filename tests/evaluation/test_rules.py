from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.evaluation.rules import ANSWERS, RULES, RuleShares

KNOWN = {
    "client_family": "browser_desktop",
    "network_class": "other",
    "delay_s": 4000.0,
    "vendor_verdict": "human",
    "has_other_agent": True,
}
NOTHING = dict.fromkeys(KNOWN)


def answer(rule, **signs):
    """Return what a rule says of one open: a browser at home after an hour, but for the signs given."""
    row = {**KNOWN, **signs}
    opens = pd.DataFrame([row]).astype(
        {
            "client_family": "str",
            "network_class": "str",
            "delay_s": "float64",
            "vendor_verdict": "str",
            "has_other_agent": "boolean",
        }
    )
    return next(r for r in RULES if r.name == rule).answer(opens)[0]


APPLE = {"client_family": "apple_mail", "has_other_agent": False}
RELAY = {"network_class": "apple_relay"}


@pytest.mark.parametrize(
    ("rule", "signs", "said"),
    [
        ("ua_exact", APPLE, "yes"),
        ("ua_exact", {"client_family": "apple_mail_old"}, "no"),
        ("ua_exact", {"client_family": None}, "unknown"),
        ("ua_and_relay", {**APPLE, **RELAY}, "yes"),
        ("ua_and_relay", APPLE, "no"),
        ("ua_and_relay", {**APPLE, "network_class": None}, "unknown"),
        ("ua_and_relay", {"network_class": None}, "no"),
        ("relay_ip", RELAY, "yes"),
        ("relay_ip", {"network_class": None}, "unknown"),
        ("faster_than_2s", {"delay_s": 1.9}, "yes"),
        ("faster_than_2s", {"delay_s": 2.0}, "no"),
        ("faster_than_10s", {"delay_s": 9.0}, "yes"),
        ("faster_than_60s", {"delay_s": 59.0}, "yes"),
        ("faster_than_60s", {"delay_s": None}, "unknown"),
        ("vendor_verdict", {"vendor_verdict": "machine"}, "yes"),
        ("vendor_verdict", {}, "no"),
        ("vendor_verdict", {"vendor_verdict": None}, "unknown"),
        ("warmbly_like", {"client_family": "script"}, "yes"),
        ("warmbly_like", {"client_family": None, "network_class": "scanner"}, "yes"),
        ("warmbly_like", APPLE, "proxy"),
        ("warmbly_like", {"client_family": None, **RELAY}, "proxy"),
        ("warmbly_like", {"client_family": "gmail_proxy"}, "no"),
        ("mautic_like", {"client_family": "script", "delay_s": 1.0}, "yes"),
        ("mautic_like", {"client_family": "script"}, "no"),
        ("mautic_like", {"client_family": "script", "delay_s": None}, "unknown"),
        ("mautic_like", {"network_class": "cloud", "delay_s": 1.0, "client_family": None}, "yes"),
        ("mailpoet_like", APPLE, "yes"),
        ("mailpoet_like", {**APPLE, "has_other_agent": True}, "no"),
        ("twenty_like", {"client_family": "gmail_proxy", "delay_s": 1.0}, "proxy"),
        ("twenty_like", {"client_family": "scanner"}, "yes"),
        ("twenty_like", {"delay_s": 9.0}, "yes"),
        ("twenty_like", {}, "no"),
        ("twenty_like", {"client_family": None, "delay_s": 9.0}, "yes"),
    ],
)
def test_rule_says_what_its_source_says(rule, signs, said):
    assert answer(rule, **signs) == said


@pytest.mark.parametrize("rule", [rule.name for rule in RULES])
def test_rule_knows_nothing_of_an_open_that_has_only_a_time(rule):
    assert answer(rule, **NOTHING) == "unknown"


def test_every_rule_says_what_it_is_and_where_it_is_from():
    assert all(rule.statement and rule.source for rule in RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_an_answer_is_worth_the_class_shares_it_had_lightly_smoothed():
    shares = RuleShares.learn(["yes"] * 99 + ["no"] * 100, [1] * 90 + [0] * 9 + [0] * 100)
    yes, no, never = shares.probabilities(["yes", "no", "unknown"])
    assert yes[1] == pytest.approx((90 + 90 / 199) / 100)
    assert no[0] == pytest.approx(1, abs=0.01)
    assert no[0] < 1
    assert never.tolist() == pytest.approx([109 / 199, 90 / 199, 0])
    assert np.allclose([s.sum() for s in shares.shares.values()], 1)
    assert set(shares.shares) == set(ANSWERS)
