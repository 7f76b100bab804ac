"""What people do after reading: click (even where the cache hid the reading), reply, unsubscribe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paperknife.worlds.clients import APPLE
from paperknife.worlds.visits import HUMAN, READING, Visits, visits

if TYPE_CHECKING:
    from paperknife.worlds.addresses import Networks
    from paperknife.worlds.chance import Floats, Ints
    from paperknife.worlds.clients import Agents
    from paperknife.worlds.laws import Laws
    from paperknife.worlds.people import People
    from paperknife.worlds.readings import Readings
    from paperknife.worlds.sending import Mail


@dataclass(frozen=True, slots=True)
class Answers:
    """Replies or unsubscriptions: the message and the time of each."""

    message: Ints
    at: Floats


def draw_clicks(
    rng: np.random.Generator,
    laws: Laws,
    *,
    people: People,
    mail: Mail,
    readings: Readings,
    agents: Agents,
    networks: Networks,
) -> Visits:
    """Return the clicks of people, each some time after a reading."""
    mine = laws.people
    appeal = mine.click_campaign_sd * rng.standard_normal(int(mail.campaign.max()) + 2)
    logit = people.click_logit[readings.person] + appeal[mail.campaign[readings.message]]
    ratio = mail.click_ratio[readings.message] * np.where(
        readings.client == APPLE, laws.apple.click_ratio, 1.0
    )
    ratio = ratio * np.where(
        readings.is_first, 1.0, 0.6
    )  # a second reading clicks less often: our assumption
    p_click = np.minimum(ratio / (1 + np.exp(-logit)), 0.95)
    clicked = readings.where(rng.random(len(readings)) < p_click)
    opened_at = clicked.at + laws.clients.load_s.median_s
    at = opened_at + mine.click_gap.draw(rng, len(clicked))
    parts = []
    while len(clicked):
        link = (rng.beta(1, 2, len(clicked)) * mail.links_n[clicked.message]).astype(np.int64)
        parts.append(
            visits(
                clicked.message,
                at,
                label=HUMAN,
                cause=READING,
                client=clicked.client,
                agent=agents.of_browser(clicked.person, clicked.client, clicked.on_phone),
                address=networks.browser(
                    people,
                    clicked.person,
                    at,
                    clicked.on_phone,
                    agents.in_safari(clicked.person, clicked.client, clicked.on_phone),
                ),
                link=link,
            )
        )
        more = rng.random(len(clicked)) < mine.click_more
        clicked, at = clicked.where(more), at[more]
        at = at + mine.click_again_s.draw(rng, len(clicked))
    return Visits.joined(parts) if parts else _none()


def _none() -> Visits:
    empty = np.zeros(0, dtype=np.int64)
    return visits(empty, np.zeros(0), label=HUMAN, cause=READING, client=APPLE, agent=empty, address=empty)


def draw_replies(rng: np.random.Generator, laws: Laws, mail: Mail, readings: Readings) -> Answers:
    """Return replies to one-to-one mail, at most one a message."""
    may = readings.is_first & mail.is_one_to_one[readings.message]
    replied = readings.where(may & (rng.random(len(readings)) < laws.people.reply_share))
    return Answers(replied.message, replied.at + 5 + laws.people.reply_gap.draw(rng, len(replied)))


def draw_unsubscriptions(rng: np.random.Generator, laws: Laws, readings: Readings) -> Answers:
    """Return unsubscriptions, which follow a reading by some seconds."""
    left = readings.where(readings.is_first & (rng.random(len(readings)) < laws.people.unsubscribed_share))
    return Answers(left.message, left.at + 3 + rng.exponential(25.0, len(left)))
