"""One plain world, big enough for its marginals to be steady, shared by the tests that look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paperknife.worlds.world import World, make_world

if TYPE_CHECKING:
    import pandas as pd


@pytest.fixture(scope="session")
def plain() -> World:
    return make_world("plain", 40_000, seed=11)


@pytest.fixture(scope="session")
def plain_opens(plain: World) -> pd.DataFrame:
    """The opens of the plain world in order of time, with their truth and `delay_s` since the delivery."""
    return opens_with_truth(plain)


def opens_with_truth(world: World) -> pd.DataFrame:
    events = world.events.drop_duplicates("event_id")
    delivered_at = events[events["event_type"] == "delivered"].set_index("message_id")["occurred_at"]
    opens = events[events["event_type"] == "open"].merge(world.truth_opens, on="event_id")
    since = delivered_at.reindex(opens["message_id"]).set_axis(opens.index)
    opens["delay_s"] = (opens["occurred_at"] - since).dt.total_seconds()
    return opens.sort_values("occurred_at", ignore_index=True)
