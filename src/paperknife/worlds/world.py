"""One world: draw its laws, let its agents act, keep the log and the truth apart."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from paperknife.errors import PaperknifeError
from paperknife.worlds.addresses import draw_networks
from paperknife.worlds.apple import fetch_apple
from paperknife.worlds.clicks import draw_clicks, draw_replies, draw_unsubscriptions
from paperknife.worlds.clients import APPLE, draw_client_agents
from paperknife.worlds.families import find_family
from paperknife.worlds.gateways import visit_by_gateways, visit_by_strays
from paperknife.worlds.onlooker import onlooker_posterior
from paperknife.worlds.people import draw_people
from paperknife.worlds.pipeline import Happenings, record
from paperknife.worlds.posterior import apple_posterior
from paperknife.worlds.race import Race
from paperknife.worlds.readings import Readings, draw_interest, draw_readings
from paperknife.worlds.rhythm import DAY_S, HOUR_S, draw_rhythm
from paperknife.worlds.sending import count_people, draw_mail
from paperknife.worlds.texts import Texts
from paperknife.worlds.visible import fetch_visible
from paperknife.worlds.visits import HUMAN, SECOND_LOAD, Visits

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from paperknife.worlds.chance import Bools
    from paperknife.worlds.laws import Laws
    from paperknife.worlds.people import People

_FIRST_MONDAY_US: Final = int(np.datetime64("2023-01-02", "us").astype(np.int64))
_WEEK_US: Final = int(7 * DAY_S * 1e6)
_MOST_DAYS: Final = 366
_WEEKS_N: Final = 180
"""Worlds begin in one of these weeks, from January 2023 on: after Apple's privacy protection had spread."""


@dataclass(frozen=True, slots=True)
class World:
    """A simulated sender.

    Attributes
    ----------
    events : DataFrame
        The log: canonical columns (those that this sender has), in random order, duplicates included.
    truth_opens : DataFrame
        One row per open of the log: `event_id`, `label` (human, prefetch or machine: what caused the fetch),
        `client` (the true client, or machine, that fetched), `client_is_apple`, `cause` (finer than the
        label), `p_human_posterior` (what the world's own laws make of the fetch when it comes, float64, null
        where that cannot be computed: see `paperknife.worlds.posterior`).
    truth_messages : DataFrame
        One row per message of the log: `message_id`, `was_read` (by the recipient, within seven days of
        delivery, whether or not the sender could see it), `client` (the recipient's main one),
        `client_is_apple`.
    laws : Laws
        What was drawn.
    """

    events: pd.DataFrame
    truth_opens: pd.DataFrame
    truth_messages: pd.DataFrame
    laws: Laws


def make_world(
    family: str = "varied",
    messages: int = 50_000,
    seed: int = 0,
    *,
    days: float = 35,
    laws: Laws | None = None,
    onlooker: int = 0,
) -> World:
    """Return a simulated sender of a family; the same arguments give the same world.

    Parameters
    ----------
    family : str
        See `paperknife.worlds.families.FAMILIES`.
    messages : int
        About how many messages the sender sends; a family may have fewer.
    seed : int
    days : float
        Length of the log.
    laws : Laws, optional
        Use these instead of drawing from the family.
    onlooker : int
        How many agents an onlooker who knows only the laws imagines for each recipient; 0 for no onlooker.
        With one, `truth_opens` has `p_human_onlooker` too. Slow: see there.

    Raises
    ------
    PaperknifeError
        If the family is unknown, or a number is out of range.
    """
    if messages < 1:
        raise PaperknifeError(
            f"A world needs at least 1 message, got {messages}. Ask for some hundreds or more."
        )
    if not 1 <= days <= _MOST_DAYS:
        raise PaperknifeError(
            f"A world lasts 1 to {_MOST_DAYS} days, got {days}. Two to ten weeks are usual."
        )
    kind = find_family(family)
    seeds = np.random.SeedSequence([seed, zlib.crc32(family.encode())])  # equal seeds of two families differ
    law_chance, chance = (np.random.default_rng(child) for child in seeds.spawn(2))
    laws = laws or kind.draw(law_chance)
    messages = min(messages, kind.most_messages or messages)
    texts = Texts()

    offset_s = laws.people.utc_offset_h * HOUR_S
    start_s = 60 * DAY_S + chance.integers(0, 7) * DAY_S + chance.uniform(0, DAY_S)
    origin_us = _FIRST_MONDAY_US + int(chance.integers(0, _WEEKS_N)) * _WEEK_US
    people = draw_people(chance, laws, count_people(laws.sending, messages, days + laws.sending.warm_up_days))
    rhythm = draw_rhythm(chance, laws.people, people.offset_s)
    mail = draw_mail(
        chance, laws.sending, messages=messages, start_s=start_s, days=days, offset_s=offset_s, rhythm=rhythm
    )
    networks = draw_networks(
        chance, laws.networks, texts, people=people, start_s=start_s, span_s=days * DAY_S
    )
    agents = draw_client_agents(
        chance,
        texts,
        apple=laws.apple.agent,
        apple_share=laws.apple.agent_share,
        apple_from_s=start_s + laws.apple.agent_from * days * DAY_S,
    )

    interest = draw_interest(chance, laws, people, mail)
    readings = draw_readings(chance, laws, people=people, rhythm=rhythm, mail=mail, interest=interest)
    loading = readings.where(_loads_images(chance, laws, people, readings))
    in_apple = loading.client == APPLE
    apple = fetch_apple(
        chance,
        laws,
        people=people,
        rhythm=rhythm,
        mail=mail,
        readings=loading.where(in_apple),
        agents=agents,
        networks=networks,
    )
    visible = fetch_visible(
        chance,
        laws,
        people=people,
        mail=mail,
        readings=loading.where(~in_apple),
        agents=agents,
        networks=networks,
        texts=texts,
    )
    race = Race.between(laws, people, rhythm, apple.devices)
    posterior = apple_posterior(race, mail=mail, interest=interest, fetched=apple, visible=visible)
    onlooked = np.full(len(posterior), np.nan)
    if onlooker:
        onlooked = onlooker_posterior(
            race, mail=mail, interest=interest, fetched=apple, start_s=start_s, agents_n=onlooker
        )
    clicks = draw_clicks(
        chance, laws, people=people, mail=mail, readings=readings, agents=agents, networks=networks
    )
    scans, scan_clicks = visit_by_gateways(chance, laws, people=people, mail=mail, clicks=clicks, texts=texts)
    strays = visit_by_strays(chance, laws.machines, mail=mail, networks=networks, texts=texts)
    happenings = Happenings(
        people=people,
        mail=mail,
        readings=readings,
        opens=_doubled(
            chance,
            laws,
            Visits.joined(
                [replace(apple.opens, p_human=posterior, p_human_onlooker=onlooked), visible, scans, strays]
            ),
        ),
        clicks=Visits.joined([clicks, scan_clicks]),
        replies=draw_replies(chance, laws, mail, readings),
        unsubscriptions=draw_unsubscriptions(chance, laws, readings),
    )
    events, truth_opens, truth_messages = record(
        chance,
        laws.log,
        happenings,
        texts=texts,
        start_s=start_s,
        end_s=start_s + days * DAY_S,
        origin_us=origin_us,
    )
    if not onlooker:
        truth_opens = truth_opens.drop(columns="p_human_onlooker")
    return World(events, truth_opens, truth_messages, laws)


def _loads_images(rng: np.random.Generator, laws: Laws, people: People, readings: Readings) -> Bools:
    """Return which readings load remote images at all."""
    unblocked = rng.random(len(readings)) < laws.clients.unblocked_share
    return np.asarray(~people.blocks_images[readings.person] | unblocked)


def _doubled(rng: np.random.Generator, laws: Laws, opens: Visits) -> Visits:
    """Return the opens and, for some, a second load within seconds, as all kinds of clients make them."""
    twice = opens.where(rng.random(len(opens)) < laws.clients.double_share)
    later = replace(
        twice,
        at=twice.at + rng.exponential(2.0, len(twice)),
        cause=np.where(twice.label == HUMAN, SECOND_LOAD, twice.cause),
        p_human=np.where(twice.client == APPLE, np.nan, twice.p_human),
        p_human_onlooker=np.where(twice.client == APPLE, np.nan, twice.p_human_onlooker),
    )
    return Visits.joined([opens, later])


def simulate(
    folder: str | Path, family: str = "plain", messages: int = 50_000, seed: int = 0, *, days: float = 35
) -> World:
    """Write a simulated sender to a folder and return it.

    The folder gets `log/events.parquet`, `truth_opens.parquet`, `truth_messages.parquet` and `laws.json`.
    Parameters as in `make_world`.

    Raises
    ------
    PaperknifeError
        As `make_world`.
    """
    from paperknife.events.log import write_events

    world = make_world(family, messages, seed, days=days)
    folder = Path(folder)
    (folder / "log").mkdir(parents=True, exist_ok=True)
    write_events(_as_table(world.events), folder / "log" / "events.parquet")
    world.truth_opens.to_parquet(folder / "truth_opens.parquet", index=False)
    world.truth_messages.to_parquet(folder / "truth_messages.parquet", index=False)
    laws = {"family": family, "messages": messages, "seed": seed, "days": days, "laws": world.laws.as_dict()}
    (folder / "laws.json").write_text(json.dumps(laws, indent=1) + "\n")
    return world


def _as_table(events: pd.DataFrame) -> pa.Table:
    """Return a log as an Arrow table. Given zoned pandas columns themselves, pyarrow 25 warns under pandas 3.1."""
    import pyarrow as pa

    zoned = pa.timestamp("us", tz="UTC")
    return pa.table(
        {
            name: pa.array(column.dt.tz_convert(None).to_numpy(), zoned)
            if name in ("occurred_at", "received_at")
            else pa.array(column, pa.string())
            for name, column in events.items()
        }
    )
