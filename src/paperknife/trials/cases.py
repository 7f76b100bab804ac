"""The simulated senders that methods are tried on, and how each log is parted into a time to learn and one to judge.

Split by time: methods learn from the first part of a log, and after a gap the opens of later messages are judged,
with the whole log as their history. Campaigns are disjoint by that, recipients are not: a sender writes to the same
people again, which the slices of new and known recipients show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pandas as pd

from paperknife.errors import NothingToJudgeError, PaperknifeError, did_you_mean
from paperknife.worlds.families import FAMILIES, find_family
from paperknife.worlds.midway import with_new_agent, with_new_networks
from paperknife.worlds.world import World, make_world

if TYPE_CHECKING:
    from paperknife.worlds.laws import Laws

LEARN_SHARE: Final = 0.6
"""Share of a log's days that methods learn from; of its messages, where hardly any are sent later."""

FEWEST_SHARE: Final = 0.1
"""Share of a log's messages that must be sent in either part: a sender of two mailings may send none in the last days."""

GAP_DAYS: Final = 1.0
"""Between the two: what was opened then neither teaches nor is judged."""

DAYS: Final = 35.0

CHANGES: Final = {"new agent midway": with_new_agent, "new networks midway": with_new_networks}

ORACLE_SEEDS: Final = 500_000
"""Worlds of oracles are numbered from here on, judged ones from 400,000. The default model learned from the first few
thousand (narrow models from some of those) and was calibrated on those from 100,000 on, the label models learned from
those from 200,000 on: none meet."""

JUDGED_SEEDS: Final = 400_000


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of sender to try methods on: a family, or a family in whose logs something changes half-way.

    Attributes
    ----------
    family : str
    change : str or None
        One of `CHANGES`.
    """

    family: str
    change: str | None = None

    @property
    def name(self) -> str:
        """The family, and the change."""
        return f"{self.family}, {self.change}" if self.change else self.family

    @property
    def is_held_out(self) -> bool:
        """Whether nothing was ever fitted to the like of it; a change is in no training world."""
        return find_family(self.family).is_held_out or self.change is not None

    def world(self, seed: int, messages: int, laws: Laws | None = None) -> World:
        """Return one of its worlds."""
        world = make_world(self.family, messages, seed, days=DAYS, laws=laws)
        if self.change is None:
            return world
        return CHANGES[self.change](world, learn_until(world.events, 0.5))


CASES: Final[tuple[Case, ...]] = (
    *(Case(name) for name, family in FAMILIES.items() if not getattr(family, "is_unseen", False)),
    *(Case("plain", change) for change in CHANGES),
)

UNSEEN: Final[tuple[Case, ...]] = tuple(
    Case(name) for name, family in FAMILIES.items() if getattr(family, "is_unseen", False)
)
"""Families kept for a last examination, which must be asked for: every look at them spends some of their worth. They
were tried once, at 9df63e8, one log each: the default model's card ends with what came out. One has been looked at since,
hidden_addresses, when panels that surprise were given a hearing (`labels/panel.py`)."""


def find_case(name: str) -> Case:
    """Return the case of a name.

    Raises
    ------
    PaperknifeError
        If there is none.
    """
    known = {case.name: case for case in (*CASES, *UNSEEN)}
    if name not in known:
        raise PaperknifeError(
            f"There is no case '{name}' to try.{did_you_mean(name, known)} Known: {'; '.join(known)}."
        )
    return known[name]


def learn_until(events: pd.DataFrame, share: float = LEARN_SHARE) -> pd.Timestamp:
    """Return the moment until which methods may learn: after that share of the days that the log spans."""
    first, last = events["occurred_at"].min(), events["occurred_at"].max()
    return pd.Timestamp(first + share * (last - first))


@dataclass(frozen=True)
class Parted:
    """A log and its two parts.

    Attributes
    ----------
    world : World
    until : pandas.Timestamp
        Methods see events before it.
    since : pandas.Timestamp
        Opens of messages first heard of from then on are judged.
    """

    world: World
    until: pd.Timestamp
    since: pd.Timestamp

    @property
    def to_learn(self) -> pd.DataFrame:
        """The events that methods learn from."""
        return self.world.events[self.world.events["occurred_at"] < self.until]

    def judged_ids(self) -> pd.Index[str]:
        """Return the `event_id` of opens to judge: of messages that nothing was learned from."""
        events = self.world.events
        first = events.groupby("message_id")["occurred_at"].transform("min")
        is_judged = (events["event_type"] == "open") & (first >= self.since)
        ids: pd.Index[str] = pd.Index(events.loc[is_judged, "event_id"].unique())
        return ids

    def learned_ids(self) -> pd.Index[str]:
        """Return the `event_id` of opens whose truth a panel or a rule's label may tell: none that is judged."""
        events = self.to_learn
        ids: pd.Index[str] = pd.Index(events.loc[events["event_type"] == "open", "event_id"].unique())
        return ids.difference(self.judged_ids())


def parted(case: Case, world: World) -> Parted:
    """Return a world's log in a part to learn from and one to judge.

    Where something changes half-way, methods see the whole log (that is what training on the days after a change
    means), and the days after are judged.

    Raises
    ------
    NothingToJudgeError
        When the sender sent all mail at once.
    """
    events = world.events
    if case.change is not None:
        last = events["occurred_at"].max() + pd.Timedelta(1, "us")
        return Parted(world, until=last, since=learn_until(events, 0.5))
    gap = pd.Timedelta(GAP_DAYS, "D")
    first = events.groupby("message_id")["occurred_at"].min().sort_values()
    by_messages = [pd.Timestamp(first.iloc[len(first) * tenths // 10]) for tenths in (6, 5, 4, 7, 3, 8, 2, 9)]
    for since in (learn_until(events) + gap, *by_messages):
        if min((first >= since).mean(), (first < since - gap).mean()) >= FEWEST_SHARE:
            return Parted(world, until=since - gap, since=since)
    raise NothingToJudgeError(
        f"Nearly all of the {len(first)} messages were sent within {GAP_DAYS:.0f} day of each other, so none is left "
        "to be judged after a gap. Try another seed."
    )


def without(world: World, *columns: str) -> World:
    """Return the world with some columns missing from its log."""
    return replace(world, events=world.events.drop(columns=list(columns), errors="ignore"))
