"""Mail clients that show readings as they happen, through proxies or directly, and Gmail's own prefetch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paperknife.worlds.agents import GMAIL_PREFETCH as GMAIL_PREFETCH_AGENT
from paperknife.worlds.clients import GMAIL, GMAIL_PREFETCH, OUTLOOK_WEB, PROTON, WEBMAIL, YAHOO
from paperknife.worlds.visits import FORWARDED, HUMAN, MACHINE, READING, Visits, visits
from paperknife.worlds.visits import GMAIL_PREFETCH as GMAIL_PREFETCH_CAUSE

if TYPE_CHECKING:
    from paperknife.worlds.addresses import Networks
    from paperknife.worlds.clients import Agents
    from paperknife.worlds.laws import Laws
    from paperknife.worlds.people import People
    from paperknife.worlds.readings import Readings
    from paperknife.worlds.sending import Mail
    from paperknife.worlds.texts import Texts


def _prefetch_gmail(
    rng: np.random.Generator, laws: Laws, *, people: People, mail: Mail, networks: Networks, texts: Texts
) -> Visits:
    """Return the fetches of Google's machine, in accounts of readers and of non-readers alike."""
    in_gmail = people.client[mail.person, 0] == GMAIL
    chosen = in_gmail & ~mail.is_bounced & (rng.random(len(mail)) < laws.clients.gmail_prefetch_share)
    message = np.flatnonzero(chosen)
    at = mail.delivered_at[message] + laws.clients.gmail_prefetch_delay.draw(rng, len(message))
    return visits(
        message,
        at,
        label=MACHINE,
        cause=GMAIL_PREFETCH_CAUSE,
        client=GMAIL_PREFETCH,
        agent=np.full(len(message), texts.add([GMAIL_PREFETCH_AGENT])[0]),
        address=rng.choice(networks.google, len(message)),
        p_human=0.0,
    )


def fetch_visible(
    rng: np.random.Generator,
    laws: Laws,
    *,
    people: People,
    mail: Mail,
    readings: Readings,
    agents: Agents,
    networks: Networks,
    texts: Texts,
) -> Visits:
    """Return the fetches of all clients but modern Apple Mail.

    Parameters
    ----------
    readings : Readings
        Those in other clients that would load images.
    """
    prefetched = _prefetch_gmail(rng, laws, people=people, mail=mail, networks=networks, texts=texts)
    n = len(readings)
    is_gmail = readings.client == GMAIL
    again_share = np.where(is_gmail, laws.clients.gmail_again_share, laws.clients.visible_again_share)
    loads = readings.is_first | readings.is_forwarded | (rng.random(n) < again_share)
    kept = np.isin(readings.message, prefetched.message) & (rng.random(n) < laws.clients.gmail_prefetch_keeps)
    seen = readings.where(loads & ~(is_gmail & kept) & (readings.client != PROTON))

    n = len(seen)
    at = np.maximum(seen.at, mail.delivered_at[seen.message]) + laws.clients.load_s.draw(rng, n)
    browses = seen.client == WEBMAIL
    in_safari = browses & agents.in_safari(seen.person, seen.client, seen.on_phone)
    address = networks.browser(people, seen.person, at, seen.on_phone, in_safari)
    for client, pool in (
        (GMAIL, networks.google),
        (YAHOO, networks.yahoo),
        (OUTLOOK_WEB, networks.microsoft),
    ):
        address = np.where(seen.client == client, rng.choice(pool, n), address)
    fetched = visits(
        seen.message,
        at,
        label=HUMAN,
        cause=np.where(seen.is_forwarded, FORWARDED, READING),
        client=seen.client,
        agent=agents.of_client(seen.person, seen.client, seen.on_phone, at),
        address=address,
        p_human=1.0,
    )
    return Visits.joined([prefetched, fetched])
