"""User agents: plausible forms, and the ones that carry meaning exactly as known."""

from __future__ import annotations

import re

import numpy as np
import pytest

from paperknife.worlds import agents


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("outlook_desktop", r"Microsoft Office/16|MSOffice 16|MacOutlook/16"),
        ("outlook_mobile", r"^Outlook-(iOS|Android)/|Mobile"),
        ("apple_mail_old", r"AppleWebKit/605\.1\.15 \(KHTML, like Gecko\)( Mobile/\w+)?$"),
        ("android_mail", r"; wv\)|^Dalvik/"),
        ("thunderbird", r"Thunderbird/\d+"),
        ("iphone_browser", r"iPhone.* Safari/604\.1$"),
        ("mac_browser", r"Macintosh.* Safari/"),
        ("desktop_browser", r"Chrome/\d+|Firefox/\d+"),
        ("android_browser", r"Android.*Mobile Safari/537\.36$"),
        ("script", r"requests|curl|Go-http|okhttp|Java|HttpClient|Headless|urllib3"),
        ("named", r"Barracuda|Proofpoint|Mimecast|Symantec|CheckPoint|FortiMail"),
    ],
)
def test_agents_have_the_form_of_their_program(kind, form):
    drawn = agents.draw_agents(np.random.default_rng(0), kind, 60)
    assert len(drawn) == 60
    assert all(re.search(form, agent) for agent in drawn)
    assert all(agent.isprintable() and agent == agent.strip() for agent in drawn)


def test_old_apple_mail_carries_no_browser_version():
    for agent in agents.draw_agents(np.random.default_rng(0), "apple_mail_old", 60):
        assert "Version/" not in agent
        assert "Safari/" not in agent


def test_proxies_and_modern_apple_mail_say_exactly_what_is_known():
    assert agents.APPLE == "Mozilla/5.0"
    assert agents.GMAIL.endswith("(via ggpht.com GoogleImageProxy)")
    assert agents.GMAIL_PREFETCH.endswith("Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0")
    assert agents.YAHOO.startswith("YahooMailProxy; ")
