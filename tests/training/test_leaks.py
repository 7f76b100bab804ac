"""What trains, what calibrates and what judges are three lots of messages; a panel's people are on one side of a fold.

Figures look as well, or better, without these walls: so each step is spied on, and asked which opens it was shown.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from paperknife.events.log import read_events
from paperknife.evidence.features import feature_names
from paperknife.evidence.history import HORIZONS, gather_horizons
from paperknife.hazards.messages import message_table
from paperknife.labels.soft_labels import soft_labels
from paperknife.model.bundle import Model, load_model
from paperknife.training import choice, oracle, panel_trees, train
from paperknife.training import rows as training_rows
from paperknife.training.later_clicks import check_held_out
from paperknife.training.panel_trees import Told, fit_panel
from paperknife.training.rows import HORIZON_SHARES, every_horizon, sample_rows
from paperknife.training.without_fields import WithoutField
from paperknife.worlds.world import make_world, simulate


class CaughtError(Exception):
    """What was to be seen was seen; the rest need not be done."""


@pytest.fixture(scope="module")
def world():
    return make_world("plain", messages=3_000, seed=21)


@pytest.fixture(scope="module")
def tables(world):
    return gather_horizons(read_events(world.events), HORIZON_SHARES)


@pytest.fixture(scope="module")
def chosen(tables):
    """A choice between models, and for each step of it the opens that it was shown and what it made of them."""
    settled = tables["settled"]
    prior = load_model().predict(settled)
    taught = np.column_stack([prior[:, 0] * 0.5, prior[:, 1] + prior[:, 0] * 0.5, prior[:, 2]])
    is_later = np.arange(len(settled)) > 0.7 * len(settled)
    half = pd.factorize(settled["message_id"])[0] % 2
    every = np.arange(len(settled))
    steps = {"_grown": [], "_calibrated": [], "agreement": []}

    def spy(name, place):
        real = getattr(choice, name)

        def call(*args, **kwargs):
            made = real(*args, **kwargs)
            steps[name].append((set(args[place].open_n), made))
            return made

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name, place in (("_grown", 1), ("_calibrated", 2), ("agreement", 1)):
            patch.setattr(choice, name, spy(name, place))
        made = choice.choose(
            load_model(),
            choice.Lessons(tables, taught, np.ones((len(settled), 2)), is_later, half),
            every,
            lambda: [WithoutField(tables, every)],
            random_state=0,
            threads=1,
            tell=lambda _: None,
        )
    assert made.name == "retrained"
    return SimpleNamespace(made=made, steps=steps, is_later=is_later, half=half)


def test_what_judges_neither_grew_nor_calibrated(chosen):
    opens = lambda some: set(np.flatnonzero(some))  # noqa: E731
    later, half = chosen.is_later, chosen.half
    ((judged, _),) = chosen.steps["agreement"]
    assert judged == opens(later & (half == 1))
    assert chosen.steps["_grown"][0][0] == opens(~later)  # the log without its field teaches of these too
    candidate, other, last = (shown for shown, _ in chosen.steps["_calibrated"])
    assert candidate == opens(later & (half == 0))
    assert other == opens(later & (half == 1))
    assert last == opens(later)


def test_a_twin_is_asked_about_the_half_that_did_not_calibrate_it(chosen):
    """`check_held_out` asks the first about messages of half 1, the second about those of half 0."""
    candidate, other, _ = (made for _, made in chosen.steps["_calibrated"])
    assert [twin.model_id for twin in chosen.made.twins] == [candidate.model_id, other.model_id]


def test_all_opens_of_a_message_are_on_one_side_and_in_one_half(world, monkeypatch):
    seen = []

    def catch(begin, lessons, *_, **__):
        seen.append(lessons)
        raise CaughtError

    monkeypatch.setattr(train, "choose", catch)
    with pytest.raises(CaughtError):
        train.train(read_events(world.events), threads=1)
    (lessons,) = seen
    settled = lessons.tables["settled"]
    for side in (lessons.is_later, lessons.half):
        assert pd.Series(side).groupby(settled["message_id"].to_numpy()).nunique().eq(1).all()
    began = settled.groupby("message_id")["occurred_at"].transform("min")
    assert began[lessons.is_later].min() > began[~lessons.is_later].max()
    assert 0.2 < lessons.is_later.mean() < 0.4


def test_a_twin_is_not_told_by_the_panel_what_it_is_asked_about(world, monkeypatch):
    told, asked = {"find_level": [], "with_panel": []}, []

    def spy(name):
        real = getattr(train, name)

        def call(model, tables, words, *rest, **more):
            told[name].append(words)
            return real(model, tables, words, *rest, **more)

        return call

    def catch(tables, messages, labels, twins, *, is_later, random_state):
        asked.append((tables["settled"], is_later))
        raise CaughtError

    for name in told:
        monkeypatch.setattr(train, name, spy(name))
    monkeypatch.setattr(train, "check_held_out", catch)
    panel = world.truth_opens[["event_id", "label"]].sample(400, random_state=1)
    with pytest.raises(CaughtError):
        train.train(read_events(world.events), panel=panel, threads=1)
    ((settled, is_later),) = asked
    half = pd.factorize(settled["message_id"])[0] % 2
    kept, *levelled = told["find_level"]
    *grown, kept_too = told["with_panel"]
    is_told = lambda words: (words.human_weight + words.machine_weight) > 0  # noqa: E731
    for twins in (levelled, grown):
        for words, judged in zip(twins, (1, 0), strict=True):
            assert not is_told(words)[is_later & (half == judged)].any()
            assert is_told(words)[is_later & (half != judged)].any()
    for words in (kept, kept_too):
        assert is_told(words)[is_later & (half == 0)].any()
        assert is_told(words)[is_later & (half == 1)].any()


@pytest.fixture
def words(world, tables):
    label = (
        world.truth_opens.set_index("event_id")["label"].loc[tables["settled"]["event_id"]].to_numpy(object)
    )
    recipients = tables["settled"]["recipient_id"]
    drawn = np.random.default_rng(3).permutation(recipients.unique())[:60]
    some = recipients.isin(drawn).to_numpy()
    return Told(
        (label == "human").astype(float),
        (label == "machine").astype(float),
        (some & (label != "machine")).astype(float),
        some.astype(float),
        recipients.factorize()[0].astype(np.int64),
        np.zeros(len(some), dtype=bool),
    )


def test_how_many_trees_a_panel_bears_is_judged_on_people_who_taught_none(tables, words, monkeypatch):
    lesson, taught, pairs = panel_trees._Lesson, [], []
    grow, lose = lesson.grown, lesson.losses

    def grown(self, some, *rest):
        taught.append(set(self.who[some & self.is_told]))
        return grow(self, some, *rest)

    def losses(self, some, raw):
        pairs.append((taught[-1], set(self.who[some])))
        return lose(self, some, raw)

    monkeypatch.setattr(lesson, "grown", grown)
    monkeypatch.setattr(lesson, "losses", losses)
    fit_panel(load_model(), tables, words)
    assert pairs
    for learned, judged in pairs:
        assert learned
        assert judged
        assert not learned & judged


def test_the_truth_of_opens_that_a_panel_does_not_speak_of_is_not_used(tables, words):
    turned = replace(
        words,
        human=np.where(words.human_weight > 0, words.human, 1 - words.human),
        machine=np.where(words.machine_weight > 0, words.machine, 1 - words.machine),
    )
    one, other = (panel_trees._lessons(load_model(), tables, told, 0) for told in (words, turned))
    for stage in ("machine", "human"):
        assert np.array_equal(one[stage].target, other[stage].target)


def test_the_logs_that_choose_an_oracle_do_not_train_it(monkeypatch):
    rng = np.random.default_rng(0)
    n = 1_000
    log_n = np.arange(n) % 5
    matrix = rng.normal(size=(n, len(feature_names()))).astype(np.float32)
    matrix[:, 0] = log_n
    seen = []
    fit = oracle.fit_stages

    def spy(rows, *rest, **more):
        seen.append(set(rows[:, 0]))
        return fit(rows, *rest, **more)

    monkeypatch.setattr(oracle, "fit_stages", spy)
    label = rng.integers(3, size=n).astype(np.int8)
    oracle.fit_oracle(
        oracle.Lessons(matrix, label, np.zeros(n), np.full(n, "direct", dtype=object), log_n), threads=1
    )
    assert seen
    assert all(logs == {0.0, 1.0, 2.0, 3.0} for logs in seen)


def test_truth_that_lies_beside_a_log_is_not_looked_at(tmp_path):
    truth = simulate(tmp_path, "plain", messages=1_500, seed=21).truth_opens
    before = train.train(read_events(tmp_path / "log"), threads=1).model
    lies = truth["label"].map({"human": "prefetch", "prefetch": "human", "machine": "human"})
    truth.assign(label=lies).to_parquet(tmp_path / "truth_opens.parquet", index=False)
    assert train.train(read_events(tmp_path / "log"), threads=1).model.model_id == before.model_id


def test_clicks_check_instant_answers_about_later_messages_alone(world, tables):
    log, settled = read_events(world.events), tables["settled"]
    messages = message_table(log, settled)
    asked = []

    class Twin(Model):
        def predict(self, evidence, *, threads=0):
            asked.append(evidence)
            return super().predict(evidence, threads=threads)

    start = load_model()
    twins = [Twin(start.stages, start.machine_calibration, start.human_calibration) for _ in range(2)]
    is_later = np.arange(len(settled)) > 0.5 * len(settled)
    labels = soft_labels(settled, messages)
    found = [
        check_held_out(tables, messages, labels, twins, is_later=some, random_state=0)
        for some in (is_later, np.ones(len(is_later), dtype=bool))
    ]
    halves, later = asked[:2], set(settled.loc[is_later, "event_id"])
    for evidence in halves:
        assert len(evidence)
        assert (evidence["horizon"] == "instant").all()  # settled evidence holds the click that judges
        assert set(evidence["event_id"]) <= later
    assert sum(map(len, halves)) == found[0].fresh_n + found[0].stale_n < found[1].fresh_n + found[1].stale_n


@pytest.mark.parametrize("make", [sample_rows, every_horizon])
def test_a_row_holds_the_evidence_of_the_horizon_that_it_says(tables, monkeypatch, make):
    shown = []
    real = training_rows.encode
    monkeypatch.setattr(training_rows, "encode", lambda evidence: shown.append(evidence) or real(evidence))
    opens = np.arange(0, len(tables["settled"]), 3)
    more = (np.random.default_rng(0),) if make is sample_rows else ()
    made = make(tables, opens, *more)
    evidence = shown[0]
    assert len(evidence) == len(made.open_n)
    for name, rows in evidence.groupby("horizon"):
        places = made.open_n[(evidence["horizon"] == name).to_numpy()]
        pd.testing.assert_frame_equal(
            rows.reset_index(drop=True), tables[name].iloc[places].reset_index(drop=True)
        )
        assert (made.seen_s[(evidence["horizon"] == name).to_numpy()] <= HORIZONS[name] / 1e6).all()
    assert set(evidence["horizon"]) == set(HORIZON_SHARES)
