"""User agents: what mail clients, browsers and machines call themselves, with the versions of one world.

The strings follow the forms that these programs are known to send; versions and builds are drawn. They are
stated here and not shared with the classifier's tables: a simulator that asks the classifier what to send
tests nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paperknife.worlds.chance import happens

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

APPLE: Final = "Mozilla/5.0"
"""Modern Apple Mail, with privacy protection on or off (FACTS.md section 1)."""

_WEBKIT: Final = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_CHROMIUM: Final = "AppleWebKit/537.36 (KHTML, like Gecko)"
_WINDOWS: Final = "Windows NT 10.0; Win64; x64"
_MAC: Final = "Macintosh; Intel Mac OS X 10_15_7"
_LINUX: Final = "X11; Linux x86_64"
_PHONES: Final = (
    "SM-G991B",
    "SM-S918B",
    "SM-A546B",
    "Pixel 7",
    "Pixel 8a",
    "M2101K6G",
    "CPH2449",
    "moto g84 5G",
)

GMAIL: Final = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GMAIL_PREFETCH: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)
YAHOO: Final = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"


def _pick(rng: np.random.Generator, *options: str) -> str:
    return options[rng.integers(0, len(options))]


def _ios(rng: np.random.Generator) -> str:
    patch = f"_{rng.integers(1, 4)}" if happens(rng, 0.5) else ""
    return f"{rng.integers(15, 27)}_{rng.integers(0, 8)}{patch}"


def _chrome(rng: np.random.Generator) -> int:
    return int(rng.integers(98, 150))


def _chrome_build(rng: np.random.Generator) -> str:
    return f"{_chrome(rng)}.0.{rng.integers(4500, 7500)}.{rng.integers(10, 200)}"


def _apple_old(rng: np.random.Generator) -> str:
    build = f"Mobile/{rng.integers(13, 20)}{_pick(rng, *'ABCDEFGH')}{rng.integers(20, 460)}"
    version = f"{rng.integers(9, 15)}_{rng.integers(0, 8)}"
    mac = f"10_{rng.integers(11, 16)}_{rng.integers(0, 8)}"
    phone = f"Mozilla/5.0 (iPhone; CPU iPhone OS {version} like Mac OS X) {_WEBKIT} {build}"
    return _pick(
        rng,
        phone,
        phone,
        f"Mozilla/5.0 (iPad; CPU OS {version} like Mac OS X) {_WEBKIT} {build}",
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X {mac}) {_WEBKIT}",
    )


def _outlook_desktop(rng: np.random.Generator) -> str:
    outlook = f"Microsoft Outlook 16.0.{rng.integers(4266, 18300)}"
    explorer = (
        f"MSIE 7.0; Windows NT 10.0; {_pick(rng, 'WOW64', 'Win64; x64')}; Trident/7.0; .NET4.0C; .NET4.0E"
    )
    month = f"{rng.integers(22, 27)}{rng.integers(1, 13):02d}{rng.integers(1, 28):02d}"
    mac = f"Mac OS X Version 13.{rng.integers(0, 7)} (Build 22G{rng.integers(90, 700)})"
    return _pick(
        rng,
        f"Microsoft Office/16.0 (Windows NT 10.0; {outlook}; Pro)",
        f"Mozilla/4.0 (compatible; {explorer}; {outlook}; ms-office; MSOffice 16)",
        f"MacOutlook/16.{rng.integers(60, 100)}.{month} (Intelx64 {mac})",
    )


def _outlook_mobile(rng: np.random.Generator) -> str:
    release = f"{rng.integers(700, 740)}.{rng.integers(1, 9)}.prod.iphone (4.{rng.integers(2300, 2600)}.0)"
    return _pick(
        rng,
        f"Outlook-iOS/{release}",
        f"Outlook-iOS/{release}",
        "Outlook-Android/2.0",
        # The bare WebKit form that one tracker took for Apple Mail (FACTS.md section 1).
        f"Mozilla/5.0 (iPhone; CPU iPhone OS {_ios(rng)} like Mac OS X) {_WEBKIT} Mobile/15E148",
        _android_view(rng),
    )


def _android_view(rng: np.random.Generator) -> str:
    date = f"2{rng.integers(1, 6)}{rng.integers(1, 13):02d}{rng.integers(1, 29):02d}"
    build = f"{_pick(rng, *'STUA')}P1A.{date}.00{rng.integers(1, 9)}"
    phone = f"Android {rng.integers(10, 17)}; {_pick(rng, *_PHONES)} Build/{build}"
    return (
        f"Mozilla/5.0 (Linux; {phone}; wv) {_CHROMIUM} "
        f"Version/4.0 Chrome/{_chrome_build(rng)} Mobile Safari/537.36"
    )


def _android_mail(rng: np.random.Generator) -> str:
    if happens(rng, 0.75):
        return _android_view(rng)
    phone = f"SM-A{rng.integers(100, 999)}F Build/PPR1.{rng.integers(180000, 190000)}.0"
    return f"Dalvik/2.1.0 (Linux; U; Android {rng.integers(9, 16)}; {phone})"


def _thunderbird(rng: np.random.Generator) -> str:
    system = _pick(rng, _WINDOWS, _LINUX, "Macintosh; Intel Mac OS X 10.15")
    version = _pick(rng, "91", "102", "115", "128", "140")
    patch = f"{rng.integers(0, 15)}.{rng.integers(0, 3)}"
    return f"Mozilla/5.0 ({system}; rv:{version}.0) Gecko/20100101 Thunderbird/{version}.{patch}"


def _desktop_browser(rng: np.random.Generator) -> str:
    system = _pick(rng, _WINDOWS, _WINDOWS, _MAC, _LINUX)
    chrome = f"{_CHROMIUM} Chrome/{_chrome(rng)}.0.0.0 Safari/537.36"
    firefox = rng.integers(98, 146)
    return _pick(
        rng,
        f"Mozilla/5.0 ({system}) {chrome}",
        f"Mozilla/5.0 ({system}) {chrome}",
        f"Mozilla/5.0 ({_WINDOWS}) {chrome} Edg/{_chrome(rng)}.0.0.0",
        f"Mozilla/5.0 ({system.replace('_', '.')}; rv:{firefox}.0) Gecko/20100101 Firefox/{firefox}.0",
    )


def _android_browser(rng: np.random.Generator) -> str:
    chrome = f"Chrome/{_chrome(rng)}.0.0.0 Mobile Safari/537.36"
    if happens(rng, 0.75):
        return f"Mozilla/5.0 (Linux; Android 10; K) {_CHROMIUM} {chrome}"
    phone = f"Android {rng.integers(11, 16)}; SAMSUNG SM-G9{rng.integers(70, 99)}B"
    return f"Mozilla/5.0 (Linux; {phone}) {_CHROMIUM} SamsungBrowser/{rng.integers(18, 28)}.0 {chrome}"


def _iphone_browser(rng: np.random.Generator) -> str:
    version = _ios(rng)
    head = f"Mozilla/5.0 (iPhone; CPU iPhone OS {version} like Mac OS X) {_WEBKIT}"
    if happens(rng, 0.12):
        return f"{head} CriOS/{_chrome_build(rng)} Mobile/15E148 Safari/604.1"
    major, minor = version.split("_")[:2]
    return f"{head} Version/{major}.{minor} Mobile/15E148 Safari/604.1"


def _mac_browser(rng: np.random.Generator) -> str:
    if happens(rng, 0.2):
        return f"Mozilla/5.0 ({_MAC}) {_CHROMIUM} Chrome/{_chrome(rng)}.0.0.0 Safari/537.36"
    version = f"{rng.integers(15, 27)}.{rng.integers(0, 7)}"
    return f"Mozilla/5.0 ({_MAC}) {_WEBKIT} Version/{version} Safari/605.1.15"


def _script(rng: np.random.Generator) -> str:
    return _pick(
        rng,
        f"python-requests/2.{rng.integers(22, 33)}.{rng.integers(0, 4)}",
        f"curl/{rng.integers(7, 9)}.{rng.integers(1, 90)}.0",
        f"Go-http-client/{_pick(rng, '1.1', '2.0')}",
        f"okhttp/4.{rng.integers(7, 13)}.0",
        f"Java/{rng.integers(11, 22)}.0.{rng.integers(1, 20)}",
        f"Apache-HttpClient/4.5.{rng.integers(1, 15)} (Java/11.0.{rng.integers(2, 22)})",
        f"Mozilla/5.0 ({_LINUX}) {_CHROMIUM} HeadlessChrome/{_chrome(rng)}.0.0.0 Safari/537.36",
        f"python-urllib3/1.26.{rng.integers(5, 19)}",
    )


def _named(rng: np.random.Generator) -> str:
    return _pick(
        rng,
        "Barracuda Sentinel (EE)",
        f"Mozilla/5.0 (compatible; Proofpoint URL Defense/{rng.integers(1, 4)}.0)",
        f"Mimecast-URL-Protect/{rng.integers(1, 4)}.{rng.integers(0, 9)}",
        "Mozilla/5.0 (compatible; Symantec Link Following)",
        f"CheckPoint-ThreatEmulation/{rng.integers(1, 9)}",
        "Mozilla/5.0 (compatible; FortiMail URL Scanner)",
    )


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
    """Return `n` user agents of a kind, such as "outlook_desktop" or "iphone_browser"."""
    return [_DRAWN[kind](rng) for _ in range(n)]
