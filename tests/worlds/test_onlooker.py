"""The onlooker: knows the laws, has to find out the agents; calibrated, and between a model and who is told them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from paperknife.worlds.plain import plain_laws
from paperknife.worlds.world import make_world

from .test_posterior import log_loss


@pytest.fixture(scope="module")
def world():
    return make_world("plain", 7_000, 21, onlooker=100)


@pytest.fixture(scope="module")
def judged(world):
    truth = world.truth_opens
    chosen = (truth["client"] == "apple_mail") & truth["p_human_onlooker"].notna()
    return truth[chosen & truth["p_human_posterior"].notna()].assign(
        is_human=lambda table: table["label"] == "human"
    )


def test_it_judges_first_fetches_of_people_with_apple_mail_alone(world, judged):
    message = world.events.drop_duplicates("event_id").set_index("event_id")["message_id"]
    assert len(judged) > 800
    assert judged["event_id"].map(message).is_unique
    told = world.truth_opens[world.truth_opens["client"] != "apple_mail"]
    assert (told["p_human_onlooker"] == (told["label"] == "human")).all()


def test_it_is_calibrated_in_every_bin(judged):
    p = judged["p_human_onlooker"]
    by_bin = judged.groupby(
        pd.cut(p, [0, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0], include_lowest=True), observed=True
    )
    for _, some in by_bin:
        said = some["p_human_onlooker"]
        by_chance = np.sqrt((said * (1 - said)).sum()) / len(some)
        assert some["is_human"].mean() == pytest.approx(said.mean(), abs=3 * by_chance + 0.03)


def test_what_it_does_not_know_costs_it_but_less_than_knowing_nothing(judged):
    is_human = judged["is_human"]
    nothing = log_loss(is_human, np.full(len(judged), is_human.mean()))
    onlooker = log_loss(is_human, judged["p_human_onlooker"])
    told = log_loss(is_human, judged["p_human_posterior"])
    assert told < onlooker - 0.03
    assert onlooker < nothing - 0.05


def test_asking_it_changes_nothing_else(world):
    unasked = make_world("plain", 7_000, 21)
    pd.testing.assert_frame_equal(unasked.events, world.events)
    pd.testing.assert_frame_equal(unasked.truth_opens, world.truth_opens.drop(columns="p_human_onlooker"))


def test_it_says_nothing_where_it_has_no_others_to_imagine():
    laws = plain_laws()
    laws = replace(laws, clients=replace(laws.clients, apple_share=0.03, apple_host_sd=0.0))
    truth = make_world("plain", 400, 3, laws=laws, onlooker=50).truth_opens
    assert truth.loc[truth["client"] == "apple_mail", "p_human_onlooker"].isna().all()
    assert (truth["client"] == "apple_mail").any()
