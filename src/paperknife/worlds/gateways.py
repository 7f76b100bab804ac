"""Machines that visit messages: security gateways at company domains, and strays that visit anyone.

A gateway sees a message before the mailbox does, so it may fetch before the delivery is logged; or it waits
in a queue for half an hour. It fetches the image, follows links in a burst, looks again later, or checks a
link as a person clicks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paperknife.worlds.addresses import BLOCKS, draw_addresses, draw_consumer_blocks, draw_unlisted_blocks
from paperknife.worlds.agents import draw_agents
from paperknife.worlds.chance import Ints, choose, keyed_normal
from paperknife.worlds.clients import GATEWAY as GATEWAY_CLIENT
from paperknife.worlds.clients import LINK_CHECKER
from paperknife.worlds.texts import NO_TEXT
from paperknife.worlds.visits import GATEWAY, MACHINE, RESCAN, STRAY, Visits, visits

if TYPE_CHECKING:
    from paperknife.worlds.addresses import Networks
    from paperknife.worlds.laws import Gateway, Laws, MachineLaws
    from paperknife.worlds.people import People
    from paperknife.worlds.sending import Mail
    from paperknife.worlds.texts import Texts

_SOONEST_S = 0.05
"""No machine sees a message sooner after it was sent."""
_OTHER_AGENT_SHARE = 0.1
_CHECK_LOADS_SHARE = 0.5
_NO_AGENT_SHARE = 0.1
"""Of fetches under another than the domain's usual agent; of click checks that load the image too; of strays
without an agent: our assumptions."""


def assign_gateways(rng: np.random.Generator, laws: MachineLaws, people: People) -> Ints:
    """Return the gateway of each person's mailbox, an index into `laws.gateways`, -1 for none."""
    companies = int(people.company.max()) + 1
    of_company = np.full(max(companies, 1), -1)
    if laws.gateways:
        which = choose(rng, [gateway.weight for gateway in laws.gateways], len(of_company))
        of_company = np.where(rng.random(len(of_company)) < laws.company_share, which, -1)
        of_public = choose(rng, [gateway.weight for gateway in laws.gateways], len(people.company))
        of_public = np.where(rng.random(len(people.company)) < laws.public_share, of_public, -1)
    else:
        of_public = np.full(len(people.company), -1)
    return np.where(people.company >= 0, of_company[np.maximum(people.company, 0)], of_public)


def _draw_addresses(rng: np.random.Generator, gateway: Gateway, texts: Texts) -> Ints:
    if gateway.network == "generic":
        blocks = draw_unlisted_blocks(rng, 3) | draw_consumer_blocks(rng, 2)
    elif gateway.network == "microsoft":
        blocks = BLOCKS["microsoft"] | BLOCKS["azure"]
    else:
        blocks = BLOCKS[gateway.network]
    return texts.add(draw_addresses(rng, blocks, gateway.addresses_n, together=4))


def _draw_agents(rng: np.random.Generator, gateway: Gateway, texts: Texts) -> Ints:
    n = gateway.agents_n
    if gateway.agent == "human_like":
        kinds = rng.choice(["desktop_browser", "desktop_browser", "outlook_desktop", "iphone_browser"], n)
        return texts.add([draw_agents(rng, str(kind), 1)[0] for kind in kinds])
    if gateway.agent in ("script", "named"):
        return texts.add(draw_agents(rng, gateway.agent, n))
    return texts.add(["Mozilla/5.0" if gateway.agent == "bare" else ""])


def _link_rows(rng: np.random.Generator, gateway: Gateway, mail: Mail, clicked: Ints) -> tuple[Ints, Ints]:
    """Return, for messages whose links are followed, one row per click: place in `clicked` and link."""
    if gateway.clicks == "all":
        counts = mail.links_n[clicked]
        rows = np.repeat(np.arange(len(clicked)), counts)
        return rows, np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    if gateway.clicks == "one":
        return np.arange(len(clicked)), (rng.random(len(clicked)) * mail.links_n[clicked]).astype(np.int64)
    return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)


def _scan(
    rng: np.random.Generator,
    gateway: Gateway,
    *,
    before_delivery_s: float,
    salt: int,
    people: People,
    mail: Mail,
    behind: Ints,
    clicks: Visits,
    texts: Texts,
) -> tuple[Visits, Visits]:
    """Return the fetches and clicks of one gateway; `behind` are the messages to mailboxes it guards."""
    addresses, agents = _draw_addresses(rng, gateway, texts), _draw_agents(rng, gateway, texts)

    def seen(message: Ints, at: np.ndarray, cause: int, link: Ints | int = -1) -> Visits:
        domain, n = people.domain[mail.person[message]], len(message)
        if gateway.roams:
            address, agent = rng.integers(0, len(addresses), n), rng.integers(0, len(agents), n)
        else:
            address = (domain * 7 + rng.integers(0, 4, n)) % len(addresses)
            agent = (domain + (rng.random(n) < _OTHER_AGENT_SHARE)) % len(agents)
        return visits(
            message,
            at,
            label=MACHINE,
            cause=cause,
            client=GATEWAY_CLIENT,
            agent=agents[agent.astype(int)],
            address=addresses[address.astype(int)],
            link=link,
            p_human=0.0,
        )

    looked = behind[rng.random(len(behind)) < gateway.acts_share]
    queue = keyed_normal(salt, people.domain[mail.person[looked]], mail.campaign[looked])
    delay = gateway.delay.draw(rng, len(looked)) * np.exp(gateway.queue_sd * queue)
    at = mail.delivered_at[looked] - before_delivery_s * rng.uniform(0.5, 1.5, len(looked)) + delay
    at = np.maximum(at, mail.sent_at[looked] + _SOONEST_S * rng.uniform(1, 20, len(looked)))
    has_pixel = rng.random(len(looked)) < gateway.pixel_share
    fetches = [seen(looked[has_pixel], at[has_pixel], GATEWAY)]

    follows = rng.random(len(looked)) < gateway.click_share
    clicked, start = looked[follows], at[follows]
    row, link = _link_rows(rng, gateway, mail, clicked)
    lag = gateway.click_lag.draw(rng, len(clicked))
    burst = start[row] + lag[row] + rng.exponential(1.5, len(row)) + 0.4 * link
    made = [seen(clicked[row], burst, GATEWAY, link)]

    again = rng.random(len(looked)) < gateway.rescan_share
    fetches.append(seen(looked[again], at[again] + gateway.rescan.draw(rng, int(again.sum())), RESCAN))

    checked = np.isin(clicks.message, behind) & (rng.random(len(clicks)) < gateway.follows_clicks)
    message, click_at, link = clicks.message[checked], clicks.at[checked], clicks.link[checked]
    check_at = click_at - rng.exponential(2.0, len(message)) + rng.exponential(1.0, len(message))
    made.append(seen(message, check_at, RESCAN, link))
    loads = rng.random(len(message)) < _CHECK_LOADS_SHARE
    fetches.append(seen(message[loads], check_at[loads] + rng.exponential(1.0, int(loads.sum())), RESCAN))
    return Visits.joined(fetches), Visits.joined(made)


def visit_by_gateways(
    rng: np.random.Generator, laws: Laws, *, people: People, mail: Mail, clicks: Visits, texts: Texts
) -> tuple[Visits, Visits]:
    """Return the fetches and clicks of all gateways; people's `clicks` make some of them look again."""
    gateway_of = assign_gateways(rng, laws.machines, people)
    fetches, made = [], []
    for number, gateway in enumerate(laws.machines.gateways):
        behind = np.flatnonzero((gateway_of[mail.person] == number) & ~mail.is_bounced)
        fetched, clicked = _scan(
            rng,
            gateway,
            before_delivery_s=float(laws.machines.before_delivery_s.draw(rng, 1)[0]),
            salt=int(rng.integers(2**62)),
            people=people,
            mail=mail,
            behind=behind,
            clicks=clicks,
            texts=texts,
        )
        fetches.append(fetched)
        made.append(clicked)
    none = clicks.where(np.zeros(len(clicks), dtype=np.bool_))
    return Visits.joined([none, *fetches]), Visits.joined([none, *made])


def visit_by_strays(
    rng: np.random.Generator, laws: MachineLaws, *, mail: Mail, networks: Networks, texts: Texts
) -> Visits:
    """Return the fetches of machines that visit any message at any time."""
    message = np.flatnonzero((rng.random(len(mail)) < laws.stray_share) & ~mail.is_bounced)
    n = len(message)
    scripts = texts.add(draw_agents(rng, "script", 6))
    browsers = texts.add(draw_agents(rng, "desktop_browser", 6))
    agent = np.where(rng.random(n) < laws.stray_human_like, rng.choice(browsers, n), rng.choice(scripts, n))
    return visits(
        message,
        mail.delivered_at[message] + laws.stray_delay.draw(rng, n),
        label=MACHINE,
        cause=STRAY,
        client=LINK_CHECKER,
        agent=np.where(rng.random(n) < _NO_AGENT_SHARE, NO_TEXT, agent),
        address=rng.choice(networks.strays, n),
        p_human=0.0,
    )
