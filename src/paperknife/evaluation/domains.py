"""Mailbox domains where anybody gets an address, against those of companies and other bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

PROVIDERS: Final = frozenset(
    [
        "aol",
        "fastmail",
        "gmail",
        "gmx",
        "googlemail",
        "hotmail",
        "icloud",
        "live",
        "mail",
        "msn",
        "outlook",
        "proton",
        "protonmail",
        "rediffmail",
        "tutanota",
        "yahoo",
        "yandex",
        "ymail",
        "zoho",
    ]
)
"""Consumer providers that keep their name over countries: gmail.com, yahoo.co.uk, gmx.de."""

DOMAINS: Final = frozenset(
    [
        "126.com",
        "163.com",
        "bigpond.com",
        "bluewin.ch",
        "btinternet.com",
        "comcast.net",
        "cox.net",
        "free.fr",
        "freenet.de",
        "hey.com",
        "laposte.net",
        "libero.it",
        "mac.com",
        "mail.ru",
        "me.com",
        "naver.com",
        "orange.fr",
        "posteo.de",
        "qq.com",
        "sbcglobal.net",
        "seznam.cz",
        "sfr.fr",
        "shaw.ca",
        "sky.com",
        "t-online.de",
        "talktalk.net",
        "terra.com.br",
        "uol.com.br",
        "verizon.net",
        "virginmedia.com",
        "wanadoo.fr",
        "web.de",
        "wp.pl",
        "ziggo.nl",
    ]
)
"""Other consumer mailbox and access providers. Not complete: what is missing counts as corporate."""


def domain_kinds(domains: pd.Series) -> pd.Series:
    """Return "freemail" or "corporate" per mailbox domain, null where the domain is.

    Parameters
    ----------
    domains : pandas.Series of str
        Lower case.

    Examples
    --------
    >>> import pandas as pd
    >>> domain_kinds(pd.Series(["gmail.com", "yahoo.co.uk", "mail.acme.com"])).tolist()
    ['freemail', 'freemail', 'corporate']
    """
    parts = domains.astype("str").str.extract(r"^([^.]+)\.(?:com?\.|ne\.)?[a-z]+$", expand=False)
    is_freemail = parts.isin(PROVIDERS) | domains.isin(DOMAINS)
    return is_freemail.map({True: "freemail", False: "corporate"}).astype("str").where(domains.notna())
