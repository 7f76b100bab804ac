"""What is kept of training: what agreed better with later messages, grown once more from all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.events.log import read_events
from paperknife.evidence.history import gather_horizons
from paperknife.model.bundle import load_model
from paperknife.training import choice
from paperknife.training.checks import agreement
from paperknife.training.choice import Lessons, _agrees_better, choose
from paperknife.training.rows import HORIZON_SHARES, Rows
from paperknife.worlds.world import make_world


@pytest.fixture(scope="module")
def tables():
    return gather_horizons(read_events(make_world("plain", messages=4_000, seed=21).events), HORIZON_SHARES)


def test_what_was_chosen_on_later_messages_is_grown_again_from_all(tables, monkeypatch):
    settled = tables["settled"]
    prior = load_model().predict(settled)
    is_later = np.arange(len(settled)) > 0.7 * len(settled)
    taught = np.column_stack([prior[:, 0] * 0.5, prior[:, 1] + prior[:, 0] * 0.5, prior[:, 2]])
    lessons = Lessons(
        tables,
        taught,
        np.ones((len(settled), 2)),
        is_later,
        pd.factorize(settled["message_id"])[0] % 2,
    )
    seen = []
    grow = choice._grown

    def spy(begin, rows, *rest):
        seen.append(set(rows.open_n))
        return grow(begin, rows, *rest)

    monkeypatch.setattr(choice, "_grown", spy)
    told = []
    chosen = choose(
        load_model(),
        lessons,
        np.arange(len(settled)),
        list,
        random_state=0,
        threads=1,
        tell=told.append,
    )
    assert chosen.name == "retrained"
    first, second = seen
    assert first == set(np.flatnonzero(~is_later))
    assert second == set(range(len(settled)))
    assert "Fitting to all messages" in told
    assert len({model.model_id for model in (chosen.model, *chosen.twins)}) == 3


def test_where_too_little_could_be_corrected_no_other_log_is_gathered(tables):
    settled = tables["settled"]
    lessons = Lessons(
        tables,
        load_model().predict(settled).astype(float),
        np.ones((len(settled), 2)),
        np.arange(len(settled)) > 0.7 * len(settled),
        pd.factorize(settled["message_id"])[0] % 2,
    )

    def gather():
        raise AssertionError("three passes over the log for nothing")

    kept = choose(
        load_model(), lessons, np.arange(50), gather, random_state=0, threads=1, tell=lambda _: None
    )
    assert kept.name == "start"
    assert any("fewer than the 200" in note for note in kept.notes)


def tried(**of_slices):
    rows = [
        {"model": model, "slice": name, "label_loss": loss, "noise": noise if model == "retrained" else 0.0}
        for name, (start, retrained, noise) in of_slices.items()
        for model, loss in (("start", start), ("retrained", retrained))
    ]
    return pd.DataFrame(rows)


def test_a_slice_may_be_worse_by_chance_and_no_more():
    better = {"all": (0.27, 0.19, 0.01), "instant": (0.27, 0.20, 0.01)}
    assert _agrees_better(tried(**better, apple_relay=(0.308, 0.311, 0.004)))
    assert not _agrees_better(tried(**better, apple_relay=(0.308, 0.313, 0.004)))
    assert _agrees_better(tried(**better, direct=(0.1, 0.9, 0.0)))  # it is not guarded
    assert not _agrees_better(tried(all=(0.27, 0.27, 0.01), apple_relay=(0.3, 0.2, 0.01)))


class Answers:
    def __init__(self, p_human):
        self.answers = np.column_stack([p_human, 1 - p_human, np.zeros(len(p_human))])

    def probabilities(self, matrix, seen_s, mechanism):
        return self.answers


def test_the_noise_is_the_standard_error_of_the_difference_by_open():
    random = np.random.default_rng(0)
    opens_n, times = 400, 3
    open_n = np.repeat(np.arange(opens_n), times)
    human = random.random(opens_n) < 0.4
    soft = np.column_stack([human, ~human, np.zeros(opens_n)]).astype(float)
    rows = Rows(np.zeros((len(open_n), 1)), open_n, np.zeros(len(open_n)), np.full(len(open_n), "direct"))
    start = np.repeat(random.uniform(0.2, 0.6, opens_n), times)
    models = {"start": Answers(start), "retrained": Answers(np.clip(start + 0.1, 0, 1))}
    table = agreement(models, rows, soft, np.ones((opens_n, 2))).set_index(["model", "slice"])
    by_open = -np.log(np.where(human, (start + 0.1)[::times], 0.9 - start[::times]))
    by_open += np.log(np.where(human, start[::times], 1 - start[::times]))
    expected = by_open.std() / np.sqrt(opens_n)
    assert table.loc[("retrained", "all"), "noise"] == pytest.approx(expected, rel=1e-6)
    assert table.loc[("start", "all"), "noise"] == 0
