"""User agents: what mail clients, browsers and machines call themselves, with the versions of one world.

The strings follow the forms that these programs are known to send; versions and builds are drawn. They are stated here
and not shared with the classifier's tables: a simulator that asks the classifier what to send tests nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

APPLE: Final = "Mozilla/5.0"
"""Modern Apple Mail, with privacy protection on or off (FACTS.md section 1)."""

_WEBKIT: Final = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_CHROMIUM: Final = "AppleWebKit/537.36 (KHTML, like Gecko)"


def _ios(rng: np.random.Generator) -> str:
    return f"{rng.integers(15, 27)}_{rng.integers(0, 8)}" + (
        "" if rng.random() < 0.5 else f"_{rng.integers(1, 4)}"
    )


def _chrome(rng: np.random.Generator) -> int:
    return int(rng.integers(98, 150))


def _apple_old(rng: np.random.Generator) -> str:
    kind = rng.random()
    build = f"Mobile/{rng.integers(13, 20)}{'ABCDEFGH'[rng.integers(0, 8)]}{rng.integers(20, 460)}"
    version = f"{rng.integers(9, 15)}_{rng.integers(0, 8)}"
    if kind < 0.5:
        return f"Mozilla/5.0 (iPhone; CPU iPhone OS {version} like Mac OS X) {_WEBKIT} {build}"
    if kind < 0.7:
        return f"Mozilla/5.0 (iPad; CPU OS {version} like Mac OS X) {_WEBKIT} {build}"
    return f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_{rng.integers(11, 16)}_{rng.integers(0, 8)}) {_WEBKIT}"


def _outlook_desktop(rng: np.random.Generator) -> str:
    kind, build = rng.random(), rng.integers(4266, 18300)
    if kind < 0.5:
        edition = "Pro" if rng.random() < 0.7 else "Microsoft Outlook 16.0.4266; Pro"
        return f"Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.{build}; {edition})"
    if kind < 0.85:
        frame = "WOW64; Trident/7.0; .NET4.0C; .NET4.0E" if rng.random() < 0.5 else "Win64; x64; Trident/7.0"
        return f"Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; {frame}; Microsoft Outlook 16.0.{build}; ms-office; MSOffice 16)"  # noqa: E501 - one user agent
    month = f"{rng.integers(22, 27)}{rng.integers(1, 13):02d}{rng.integers(1, 28):02d}"
    return f"MacOutlook/16.{rng.integers(60, 100)}.{month} (Intelx64 Mac OS X Version 13.{rng.integers(0, 7)} (Build 22G{rng.integers(90, 700)}))"  # noqa: E501


def _outlook_mobile(rng: np.random.Generator) -> str:
    kind = rng.random()
    if kind < 0.5:
        return f"Outlook-iOS/{rng.integers(700, 740)}.{rng.integers(1, 9)}.prod.iphone (4.{rng.integers(2300, 2600)}.0)"
    if kind < 0.7:
        return "Outlook-Android/2.0"
    if kind < 0.85:  # the bare WebKit form that one tracker mistook for Apple Mail (FACTS.md section 1)
        return f"Mozilla/5.0 (iPhone; CPU iPhone OS {_ios(rng)} like Mac OS X) {_WEBKIT} Mobile/15E148"
    return _android_view(rng)


def _android_view(rng: np.random.Generator) -> str:
    phone = ("SM-G991B", "SM-S918B", "SM-A546B", "Pixel 7", "Pixel 8a", "M2101K6G", "CPH2449", "moto g84 5G")
    build = f"{'STUA'[rng.integers(0, 4)]}P1A.2{rng.integers(10, 60)}{rng.integers(100, 1232):04d}.00{rng.integers(1, 9)}"
    return (
        f"Mozilla/5.0 (Linux; Android {rng.integers(10, 17)}; {phone[rng.integers(0, len(phone))]} Build/{build}; wv) "
        f"{_CHROMIUM} Version/4.0 Chrome/{_chrome(rng)}.0.{rng.integers(4500, 7500)}.{rng.integers(10, 200)} Mobile Safari/537.36"
    )


def _android_mail(rng: np.random.Generator) -> str:
    if rng.random() < 0.75:
        return _android_view(rng)
    return f"Dalvik/2.1.0 (Linux; U; Android {rng.integers(9, 16)}; SM-A{rng.integers(100, 999)}F Build/PPR1.{rng.integers(180000, 190000)}.0)"  # noqa: E501


def _thunderbird(rng: np.random.Generator) -> str:
    system = ("Windows NT 10.0; Win64; x64", "X11; Linux x86_64", "Macintosh; Intel Mac OS X 10.15")[
        rng.integers(0, 3)
    ]
    version = (91, 102, 115, 128, 140)[rng.integers(0, 5)]
    return f"Mozilla/5.0 ({system}; rv:{version}.0) Gecko/20100101 Thunderbird/{version}.{rng.integers(0, 15)}.{rng.integers(0, 3)}"


def _desktop_browser(rng: np.random.Generator) -> str:
    kind = rng.random()
    windows = "Windows NT 10.0; Win64; x64"
    system = (windows, windows, "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64")[rng.integers(0, 4)]
    if kind < 0.55:
        return f"Mozilla/5.0 ({system}) {_CHROMIUM} Chrome/{_chrome(rng)}.0.0.0 Safari/537.36"
    if kind < 0.8:
        version = _chrome(rng)
        return f"Mozilla/5.0 ({windows}) {_CHROMIUM} Chrome/{version}.0.0.0 Safari/537.36 Edg/{version}.0.0.0"
    version = rng.integers(98, 146)
    return f"Mozilla/5.0 ({system.replace('_', '.')}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"


def _android_browser(rng: np.random.Generator) -> str:
    if rng.random() < 0.75:
        return (
            f"Mozilla/5.0 (Linux; Android 10; K) {_CHROMIUM} Chrome/{_chrome(rng)}.0.0.0 Mobile Safari/537.36"
        )
    return (
        f"Mozilla/5.0 (Linux; Android {rng.integers(11, 16)}; SAMSUNG SM-G9{rng.integers(70, 99)}B) {_CHROMIUM} "
        f"SamsungBrowser/{rng.integers(18, 28)}.0 Chrome/{_chrome(rng)}.0.0.0 Mobile Safari/537.36"
    )


def _iphone_browser(rng: np.random.Generator) -> str:
    version = _ios(rng)
    head = f"Mozilla/5.0 (iPhone; CPU iPhone OS {version} like Mac OS X) {_WEBKIT}"
    if rng.random() < 0.12:
        return f"{head} CriOS/{_chrome(rng)}.0.{rng.integers(4500, 7500)}.{rng.integers(10, 200)} Mobile/15E148 Safari/604.1"
    major = version.split("_")
    return f"{head} Version/{major[0]}.{major[1]} Mobile/15E148 Safari/604.1"


def _mac_browser(rng: np.random.Generator) -> str:
    if rng.random() < 0.2:
        return f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_CHROMIUM} Chrome/{_chrome(rng)}.0.0.0 Safari/537.36"
    version = f"{rng.integers(15, 27)}.{rng.integers(0, 7)}"
    return f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Version/{version} Safari/605.1.15"


def _script(rng: np.random.Generator) -> str:
    forms = (
        f"python-requests/2.{rng.integers(22, 33)}.{rng.integers(0, 4)}",
        f"curl/{rng.integers(7, 9)}.{rng.integers(1, 90)}.0",
        f"Go-http-client/{rng.integers(1, 3)}.{1 if rng.random() < 0.5 else 0}",
        f"okhttp/4.{rng.integers(7, 13)}.0",
        f"Java/{rng.integers(11, 22)}.0.{rng.integers(1, 20)}",
        f"Apache-HttpClient/4.5.{rng.integers(1, 15)} (Java/11.0.{rng.integers(2, 22)})",
        f"Mozilla/5.0 (X11; Linux x86_64) {_CHROMIUM} HeadlessChrome/{_chrome(rng)}.0.0.0 Safari/537.36",
        f"python-urllib3/1.26.{rng.integers(5, 19)}",
    )
    return forms[rng.integers(0, len(forms))]


def _named(rng: np.random.Generator) -> str:
    forms = (
        "Barracuda Sentinel (EE)",
        f"Mozilla/5.0 (compatible; Proofpoint URL Defense/{rng.integers(1, 4)}.0)",
        f"Mimecast-URL-Protect/{rng.integers(1, 4)}.{rng.integers(0, 9)}",
        "Mozilla/5.0 (compatible; Symantec Link Following)",
        f"CheckPoint-ThreatEmulation/{rng.integers(1, 9)}",
        "Mozilla/5.0 (compatible; FortiMail URL Scanner)",
    )
    return forms[rng.integers(0, len(forms))]


GMAIL: Final = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GMAIL_PREFETCH: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)
YAHOO: Final = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"

_DRAWN: Final[dict[str, Callable[[np.random.Generator], str]]] = {
    "apple_mail_old": _apple_old,
    "outlook_desktop": _outlook_desktop,
    "outlook_mobile": _outlook_mobile,
    "android_mail": _android_mail,
    "thunderbird": _thunderbird,
    "desktop_browser": _desktop_browser,
    "android_browser": _android_browser,
    "iphone_browser": _iphone_browser,
    "mac_browser": _mac_browser,
    "script": _script,
    "named": _named,
}


def draw_agents(rng: np.random.Generator, kind: str, n: int) -> list[str]:
    """Return `n` user agents of a kind, such as "outlook_desktop" or "iphone_browser"; the fixed ones repeat."""
    return [_DRAWN[kind](rng) for _ in range(n)]
