"""Mail clients: what kind of program a user agent names.

Our own table comes first (clients.toml: mail clients, mail proxies, gateways and scripts, each rule with its
source), because no general parser knows that exactly `Mozilla/5.0` is modern Apple Mail, or that a certain Edge
of 2015 is Gmail's prefetch. `ua-parser` tells the rest apart. Strings are parsed once each and joined back.

Some strings cannot be told, and then the table says less. WebKit's string without `Version/` and `Safari/` is
that of a web view, which old Apple Mail and Outlook for Mac and iOS all send: it is `apple_mail_old` only where
the system is older than modern Apple Mail, else what it certainly is: a browser in a program in a reader's hands.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
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

    _Test = Callable[[str, str], bool]  # of a string, and of the same in lower case

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
"""`apple_mail` is exactly `Mozilla/5.0`; `safari` a full Safari, which an Apple Mail reader's click carries;
`browser_*` browsers and web views within programs; `script` programs that no person reads mail with; `scanner`
gateways that name themselves; `empty` a header that was sent empty, unlike null, which is not known."""

_READ_CHARACTERS: Final = 1000
"""What is read of a string: real agents are shorter, and a megabyte of text must not cost its reading."""

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
    return answer_distinct(user_agents, lambda user_agent: _family(user_agent.strip()[:_READ_CHARACTERS]))


@lru_cache(maxsize=10_000)  # a service asks for one open at a time, mostly of strings that it has just seen
def _family(text: str) -> str:
    if not text:
        return "empty"
    lowered = text.lower()
    for fits, family in _rules():
        if fits(text, lowered):
            return family
    return _parsed_family(text)


@cache
def _rules() -> tuple[tuple[_Test, str], ...]:
    """Return the rules of clients.toml as (test, family), in order."""
    text = files("paperknife.evidence").joinpath("clients.toml").read_text(encoding="utf-8")
    return tuple((_TESTS[rule["how"]](rule["texts"]), rule["family"]) for rule in tomllib.loads(text)["rule"])


def _exact(texts: list[str]) -> _Test:
    return lambda text, _: text in texts


def _prefix(texts: list[str]) -> _Test:
    prefixes = tuple(texts)
    return lambda _, lowered: lowered.startswith(prefixes)


def _contains(texts: list[str]) -> _Test:
    return lambda _, lowered: any(text in lowered for text in texts)


def _regex(texts: list[str]) -> _Test:
    searches = [re.compile(text, re.ASCII).search for text in texts]
    return lambda _, lowered: any(search(lowered) for search in searches)


_TESTS: Final = {"exact": _exact, "prefix": _prefix, "contains": _contains, "regex": _regex}


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
