"""Mail clients: what kind of program a user agent names.

Our own table comes first (clients.toml: mail clients, mail proxies, gateways and scripts, each rule with its source),
because no general parser knows that exactly `Mozilla/5.0` is modern Apple Mail or that a certain Edge of 2015 is Gmail's prefetch.
`ua-parser` tells the rest apart. Strings are parsed once each and joined back.

Some strings cannot be told, and the table prefers to say less. WebKit's string without `Version/` and `Safari/` is that
of a web view, which old Apple Mail and Outlook for Mac and iOS both send: it is `apple_mail_old` only where the system is too
old for those, else it is taken for what it certainly is, a browser (within a program) in a reader's hands.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from paperknife.evidence.distinct import answer_distinct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray
    from ua_parser import Parser

CLIENT_FAMILIES: Final = (
    "apple_mail",
    "apple_mail_old",
    "gmail_proxy",
    "gmail_prefetch",
    "yahoo_proxy",
    "outlook_desktop",
    "outlook_mobile",
    "thunderbird",
    "android_mail",
    "browser_desktop",
    "browser_mobile",
    "safari",
    "script",
    "scanner",
    "empty",
    "other",
)
"""`apple_mail` is exactly `Mozilla/5.0`; `safari` a full Safari, which an Apple Mail reader's click carries; `browser_*`
browsers and web views within programs; `script` programs that name no mail product; `scanner` gateways that name
themselves; `empty` a header sent empty, unlike null, which is not known."""

_READ_CHARACTERS: Final = 1000
"""What is read of a string: real agents are shorter, and a megabyte of text must not cost a megabyte's time."""

_MOBILE_SYSTEMS: Final = frozenset(
    {"Android", "iOS", "Windows Phone", "Windows Mobile", "KaiOS", "BlackBerry OS", "HarmonyOS", "Tizen"}
)
_DESKTOP_SYSTEMS: Final = frozenset(
    {"Windows", "Mac OS X", "Linux", "Ubuntu", "Fedora", "Debian", "Chrome OS", "FreeBSD", "OpenBSD"}
)


def client_families(user_agents: Sequence[Any] | pa.Array | pd.Series) -> NDArray[np.object_]:
    """Return the client family of each user agent, one of `CLIENT_FAMILIES`.

    Parameters
    ----------
    user_agents : sequence, pyarrow Array or pandas Series of str, shape (n,)
        Null where the log has none. Spaces around a string are not part of it (RFC 9110, section 5.5).

    Returns
    -------
    ndarray of object, shape (n,)
        None for null and for what is no text; "empty" for "".

    Examples
    --------
    >>> client_families(["Mozilla/5.0", "curl/8.5.0", "", None]).tolist()
    ['apple_mail', 'script', 'empty', None]
    """
    return answer_distinct(user_agents, _family)


def _family(user_agent: str) -> str:
    text = user_agent[:_READ_CHARACTERS].strip()
    if not text:
        return "empty"
    for fits, family in _rules():
        if fits(text):
            return family
    return _parsed_family(text)


@cache
def _rules() -> tuple[tuple[Callable[[str], object], str], ...]:
    """Return the rules of clients.toml as (test, family), in order."""
    entries = tomllib.loads(
        files("paperknife.evidence").joinpath("clients.toml").read_text(encoding="utf-8")
    )["rule"]
    return tuple((_FITS[entry["how"]](entry["text"]), entry["family"]) for entry in entries)


_FITS: Final[dict[str, Callable[[str], Callable[[str], object]]]] = {
    "exact": lambda text: text.__eq__,
    "prefix": lambda text: re.compile(re.escape(text), re.IGNORECASE).match,
    "contains": lambda text: re.compile(re.escape(text), re.IGNORECASE).search,
    "regex": lambda text: re.compile(text, re.IGNORECASE | re.ASCII).search,
}


def _parsed_family(text: str) -> str:
    """Return the family of a string that is in no rule, by `ua-parser`."""
    parsed = _parser().parse(text.encode(errors="replace").decode())  # its engine refuses lone surrogates
    browser = parsed.user_agent.family if parsed.user_agent else None
    system = parsed.os.family if parsed.os else None
    if parsed.device and parsed.device.family == "Spider":
        return "script"
    if browser is None or not text.startswith(("Mozilla/", "Opera/")):
        return "other"  # an app with a name of its own, or nothing that anyone knows
    if browser in {"Safari", "Mobile Safari"} and system in {"iOS", "Mac OS X"}:
        return "safari"
    if system in _MOBILE_SYSTEMS:
        return "browser_mobile"
    return "browser_desktop" if system in _DESKTOP_SYSTEMS else "other"


@cache
def _parser() -> Parser:
    from ua_parser import Parser, load_lazy_builtins
    from ua_parser.regex import Resolver

    return Parser(Resolver(load_lazy_builtins()))
