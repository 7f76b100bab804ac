"""The ceiling: calibrated to the world's own draws, out of reach of a fitted model, and null where it must be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier

from paperknife.events.log import read_events
from paperknife.evidence.features import encode
from paperknife.evidence.history import gather_evidence
from paperknife.worlds.world import make_world

WORLDS = [
    ("plain", 11),
    *(("varied", seed) for seed in (3, 4, 6, 8, 52, 55, 56, 58)),
    ("slow_prefetch", 1),
    ("two_devices", 1),
]
"""Chosen for having some thousand Apple fetches of both kinds; not for how they come out."""


def log_loss(is_human, p_human):
    p = np.clip(p_human, 1e-4, 1 - 1e-4)
    return -(is_human * np.log(p) + (1 - is_human) * np.log(1 - p)).mean()


def contested(truth):
    """Fetches of which the laws themselves are unsure."""
    p = truth["p_human_posterior"]
    return truth[(truth["client"] == "apple_mail") & (p < 1)].assign(is_human=lambda t: t["label"] == "human")


@pytest.fixture(scope="module")
def opens():
    worlds = [contested(make_world(family, 8_000, seed).truth_opens) for family, seed in WORLDS]
    return pd.concat(worlds, keys=range(len(worlds)), names=["world", "row"]).reset_index("world")


def test_the_posterior_is_calibrated_in_every_bin(opens):
    """As in 20 bins, so in each: shares differ by chance, and by a little for what the densities leave out."""
    by_bin = opens.groupby(np.minimum(opens["p_human_posterior"] * 20, 19).astype(int))
    figures = by_bin.agg(said=("p_human_posterior", "mean"), was=("is_human", "mean"), n=("is_human", "size"))
    assert figures["n"].min() > 100
    by_chance = np.sqrt(figures["said"] * (1 - figures["said"]) / figures["n"])
    assert ((figures["was"] - figures["said"]).abs() < 3 * by_chance + 0.03).all()


def test_the_posterior_is_calibrated_in_every_world(opens):
    for _, world in opens.groupby("world"):
        p = world["p_human_posterior"]
        by_chance = np.sqrt((p * (1 - p)).sum()) / len(world)
        assert world["is_human"].mean() == pytest.approx(p.mean(), abs=4 * by_chance + 0.005)


def test_the_posterior_is_as_sure_as_it_says(opens):
    """Its log loss is what its own probabilities expect: neither too bold nor too shy."""
    p = np.clip(opens["p_human_posterior"], 1e-4, 1 - 1e-4)
    expected = -(p * np.log(p) + (1 - p) * np.log(1 - p)).mean()
    assert log_loss(opens["is_human"], p) == pytest.approx(expected, abs=0.008)


@pytest.mark.parametrize(("family", "seed"), [("plain", 11), ("varied", 52)])
def test_no_model_comes_below_it_even_trained_on_the_truth(family, seed):
    world = make_world(family, 24_000, seed)
    evidence = gather_evidence(read_events(world.events), horizon="instant")
    truth = world.truth_opens.set_index("event_id").loc[evidence["event_id"]]
    inside = (truth["client"] == "apple_mail").to_numpy()
    is_human = (truth["label"] == "human").to_numpy()
    learns = (evidence["message_id"].str[0] < "8").to_numpy()
    model = LGBMClassifier(
        n_estimators=60, min_child_samples=60, reg_lambda=10, n_jobs=1, random_state=0, verbose=-1
    )
    matrix = encode(evidence)
    model.fit(matrix[inside & learns], is_human[inside & learns])
    judged = inside & ~learns & (truth["p_human_posterior"] < 1).to_numpy()
    fitted = log_loss(is_human[judged], model.predict_proba(matrix[judged])[:, 1])
    guessed = log_loss(is_human[judged], np.full(judged.sum(), is_human[judged].mean()))
    ceiling = log_loss(is_human[judged], truth.loc[judged, "p_human_posterior"])
    assert ceiling < fitted - 0.02
    assert fitted < guessed


@pytest.fixture(scope="module")
def truth(plain):
    return plain.truth_opens


def test_machines_and_visible_clients_are_told_by_their_client(truth):
    told = truth[truth["client"] != "apple_mail"]
    assert (told["p_human_posterior"] == (told["label"] == "human")).all()


def test_apples_fetches_have_a_chance_if_they_come_first(plain, truth):
    apple = truth[truth["client"] == "apple_mail"]
    assert apple["p_human_posterior"].between(0, 1).mean() > 0.7
    message = plain.events.drop_duplicates("event_id").set_index("event_id")["message_id"]
    counted = contested(apple)["event_id"].map(message)
    assert counted.is_unique
    assert (
        apple.loc[apple["cause"].isin(["forwarded", "second_load"]), "p_human_posterior"].isna().mean() > 0.9
    )


def test_what_is_certain_is_human(truth):
    certain = truth[(truth["client"] == "apple_mail") & (truth["p_human_posterior"] == 1)]
    assert len(certain) > 200
    assert set(certain["label"]) == {"human"}
