from __future__ import annotations

import tomllib
from importlib.resources import files

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.evidence import clients
from paperknife.evidence.clients import CLIENT_FAMILIES, client_families

GECKO = "(KHTML, like Gecko)"
IPHONE_17 = f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 {GECKO}"
MAC = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 {GECKO}"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 {GECKO}"
ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8"

EXAMPLES = {
    "apple_mail": ["Mozilla/5.0", " Mozilla/5.0\r\n"],
    "apple_mail_old": [
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 12_2 like Mac OS X) AppleWebKit/605.1.15 {GECKO} Mobile/15E148",
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 9_3 like Mac OS X) AppleWebKit/601.1.46 {GECKO} Mobile/13E233 (5752256)",
        f"Mozilla/5.0 (iPad; CPU OS 14_8 like Mac OS X) AppleWebKit/605.1.15 {GECKO} Mobile/15E148",
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/605.1.15 {GECKO}",
        f"Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10_6_8; en-us) AppleWebKit/533.21 {GECKO}",
    ],
    "gmail_proxy": [
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
    ],
    "gmail_prefetch": [f"{WINDOWS} Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"],
    "yahoo_proxy": ["YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"],
    "outlook_desktop": [
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.12026; Pro)",
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Trident/7.0; Microsoft Outlook 16.0.5266; ms-office; MSOffice 16)",  # noqa: E501 - one user agent
        "MacOutlook/16.78.1022 (Intelx64 Mac OS X Version 13.6 (Build 22G120))",
        f"{WINDOWS} Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0 OneOutlook/1.2023.1214.201",
    ],
    "outlook_mobile": ["Outlook-iOS/711.2620504.prod.iphone (3.34.0)", "Outlook-Android/2.0"],
    "thunderbird": ["Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0"],
    "android_mail": [
        f"{ANDROID} Build/UQ1A.240105.004; wv) AppleWebKit/537.36 {GECKO} Version/4.0 Chrome/120.0.6099.144 Mobile Safari/537.36",  # noqa: E501 - one user agent
        "Dalvik/2.1.0 (Linux; U; Android 13; SM-A536B Build/TP1A.220624.014)",
        f"Mozilla/5.0 (Linux; U; Android 4.0.3; de-de; GT-I9100) AppleWebKit/534.30 {GECKO} Version/4.0 Mobile Safari/534.30",  # noqa: E501 - one user agent
    ],
    "safari": [
        f"{IPHONE_17} Version/17.2 Mobile/15E148 Safari/604.1",
        f"{MAC} Version/17.2 Safari/605.1.15",
    ],
    "browser_mobile": [
        f"{IPHONE_17} CriOS/120.0.6099.119 Mobile/15E148 Safari/604.1",
        f"{IPHONE_17} Mobile/15E148",  # a web view newer than the bare string of Apple Mail: Outlook's, say
        f"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 {GECKO} Chrome/120.0.0.0 Mobile Safari/537.36",
        f"Mozilla/5.0 (Linux; Android 12; CUBOT X30) AppleWebKit/537.36 {GECKO} Chrome/120.0.0.0 Mobile Safari/537.36",
    ],
    "browser_desktop": [
        MAC,  # Outlook for Mac and old Apple Mail both send it
        f"{WINDOWS} Chrome/120.0.0.0 Safari/537.36",
        "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
        "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
    ],
    "script": [
        "curl/8.5.0",
        "python-requests/2.31.0",
        "Go-http-client/2.0",
        f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 {GECKO} HeadlessChrome/120.0.0.0 Safari/537.36",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "facebookexternalhit/1.1",
        "Microsoft Office Existence Discovery",
        "Amazon CloudFront",
    ],
    "scanner": [
        "Barracuda Sentinel (EE)",
        "Mozilla/5.0 (compatible; Proofpoint URL Defense/2.0)",
        "Mimecast-URL-Protect/1.0",
        f"{WINDOWS} Chrome/95.0.4638.69 Safari/537.36 BingPreview/1.0b",
    ],
    "empty": ["", "   ", "-"],
    "other": [
        "Spark/3.0 CFNetwork/1404.0.5 Darwin/22.3.0",
        "mozilla/5.0",
        "\x00\x07",
        "ÄÖÜ",
        "\ud800",
        "a" * 100_000,
    ],
}


@pytest.mark.parametrize(
    ("family", "agent"), [(family, agent) for family in EXAMPLES for agent in EXAMPLES[family]]
)
def test_tells_the_family_of_known_strings(family: str, agent: str) -> None:
    assert client_families([agent]).tolist() == [family]


def test_every_family_has_an_example() -> None:
    assert set(EXAMPLES) == set(CLIENT_FAMILIES)


def test_a_long_string_is_told_by_its_beginning() -> None:
    agent = f"{WINDOWS} Chrome/120.0.0.0 Safari/537.36" + " x" * 50_000
    assert client_families([agent, "Mozilla/5.0" + " " * 100_000]).tolist() == [
        "browser_desktop",
        "apple_mail",
    ]


@given(st.text())
def test_any_text_has_a_family(agent: str) -> None:
    assert client_families([agent])[0] in CLIENT_FAMILIES


def test_null_and_what_is_no_text_stay_null() -> None:
    assert client_families([None, float("nan"), pd.NA, 5.0, b"curl/8", ["curl/8"]]).tolist() == [None] * 6


def test_takes_every_kind_of_column() -> None:
    agents, families = ["curl/8.5.0", None, "", "curl/8.5.0"], ["script", None, "empty", "script"]
    columns = [
        agents,
        tuple(agents),
        np.array(agents, dtype=object),
        pd.Series(agents),
        pd.Series(agents, dtype="object"),
    ]
    columns += [
        pa.array(agents),
        pa.chunked_array([agents[:1], agents[1:]]),
        pa.array(agents).dictionary_encode(),
    ]
    for column in columns:
        assert client_families(column).tolist() == families
    assert client_families([]).tolist() == []


def test_parses_each_distinct_string_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    parse = clients._parsed_family
    monkeypatch.setattr(clients, "_parsed_family", lambda text: parsed.append(text) or parse(text))
    browsers = [f"{WINDOWS} Chrome/{version}.0.0.0 Safari/537.36" for version in (77, 78)]
    assert client_families(browsers * 1000).tolist() == ["browser_desktop"] * 2000
    assert sorted(parsed) == browsers


def test_every_rule_is_complete_and_written_as_it_is_compared() -> None:
    rules = tomllib.loads(files("paperknife.evidence").joinpath("clients.toml").read_text(encoding="utf-8"))[
        "rule"
    ]
    for rule in rules:
        assert rule.keys() == {"family", "how", "texts", "source"}
        assert rule["family"] in CLIENT_FAMILIES
        assert rule["how"] == "exact" or all(text == text.lower() for text in rule["texts"])
        assert len(rule["source"]) > 15
