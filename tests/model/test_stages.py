"""Two binary stages: soft labels are honoured, probabilities add up, and a seed decides everything."""

from __future__ import annotations

import numpy as np
import pytest

from paperknife.model.calibration import expit
from paperknife.model.stages import fit_stages, grown, three_probabilities

SMALL = {"min_data_in_leaf": 20}


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(3000, 4)).astype(np.float32)
    machine = expit(2 * matrix[:, 0] - 2)
    human = expit(1.5 * matrix[:, 1])
    return matrix, three_probabilities(machine, human)


def answer(stages, matrix):
    log_odds = stages.log_odds(matrix)
    return three_probabilities(expit(log_odds[:, 0]), expit(log_odds[:, 1]))


def test_soft_labels_are_learned_as_probabilities(rows):
    matrix, soft = rows
    got = answer(fit_stages(matrix, soft, rounds=150, params=SMALL), matrix)
    np.testing.assert_allclose(got.sum(axis=1), 1)
    assert np.abs(got - soft).mean() < 0.04


def test_a_seed_gives_one_model_at_any_number_of_threads(rows):
    matrix, soft = rows
    one, two = (fit_stages(matrix, soft, rounds=10, random_state=3, threads=n) for n in (1, 2))
    assert np.array_equal(one.log_odds(matrix), two.log_odds(matrix))
    other = fit_stages(matrix, soft, rounds=10, random_state=4, threads=1)
    assert not np.array_equal(one.log_odds(matrix), other.log_odds(matrix))


def test_rows_without_weight_do_not_count(rows):
    matrix, soft = rows
    wrong = soft.copy()
    wrong[1500:] = [0, 0, 1]
    weights = np.r_[np.ones(1500), np.zeros(1500)]
    weighed = fit_stages(matrix, wrong, weights, rounds=10, params=SMALL)
    alone = fit_stages(matrix[:1500], soft[:1500], rounds=10, params=SMALL)
    assert np.array_equal(weighed.log_odds(matrix), alone.log_odds(matrix))


def test_going_on_from_a_start_keeps_its_trees(rows):
    matrix, soft = rows
    start = fit_stages(matrix, soft, rounds=5, params=SMALL)
    more = fit_stages(matrix, soft, rounds=3, params=SMALL, start=start)
    assert more.human.num_trees() == 8
    shares = more.contributions(matrix)
    np.testing.assert_allclose(
        np.column_stack([s.sum(axis=1) for s in shares]), more.log_odds(matrix), atol=1e-9
    )


def test_sorting_alike_rows_changes_no_bit(rows):
    matrix, soft = rows
    stages = fit_stages(matrix, soft, rounds=12, params=SMALL)
    whole = np.tile(matrix, (20, 1))
    blocks = list(stages.alike(whole))
    assert sorted(np.concatenate([places for places, _ in blocks]).tolist()) == list(range(len(whole)))
    assert len(blocks) == 2
    answers = stages.log_odds(whole)
    for stage, booster in enumerate((stages.machine, stages.human)):
        assert np.array_equal(answers[:, stage], booster.predict(whole, raw_score=True))


def test_nobody_asked_about_is_an_even_answer():
    stages = fit_stages(np.zeros((30, 1)), np.repeat([[0.0, 0.0, 1.0]], 30, axis=0), rounds=2)
    np.testing.assert_allclose(expit(stages.log_odds(np.zeros((1, 1)))), [[1, 0.5]], atol=1e-6)


def test_signs_are_each_stages_own():
    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(4000, 2))
    soft = three_probabilities(expit(-2 * matrix[:, 0]), expit(2 * matrix[:, 0]))
    free = fit_stages(matrix, soft, rounds=20, params=SMALL).log_odds(matrix)
    bound = fit_stages(matrix, soft, rounds=20, params=SMALL, signs=((1, 0), (0, 0))).log_odds(matrix)
    assert np.corrcoef(matrix[:, 0], free[:, 0])[0, 1] < -0.9
    assert np.ptp(bound[:, 0]) < np.ptp(free[:, 0]) / 2
    assert np.array_equal(bound[:, 1], free[:, 1])


def test_stages_may_differ_in_size(rows):
    matrix, soft = rows
    stages = fit_stages(matrix, soft, rounds=(4, 7), params=SMALL)
    assert (stages.machine.num_trees(), stages.human.num_trees()) == (4, 7)


def test_grown_trees_learn_what_the_calibration_behind_them_leaves(rows):
    matrix, soft = rows
    start = fit_stages(matrix, soft, rounds=5, threads=1)
    raw = start.human.predict(matrix, raw_score=True)
    shift, target = np.full(len(matrix), 2.0), np.where(matrix[:, 2] > 0, 0.25, 0.1)
    settings = {"learning_rate": 0.2, "min_data_in_leaf": 20}
    more = grown(start.human, matrix, target, np.ones(len(matrix)), shift=shift, rounds=80, params=settings)
    assert more.num_trees() > start.human.num_trees() + 10
    moved = more.predict(matrix, raw_score=True) + shift
    assert 1 / (1 + np.exp(-moved)) == pytest.approx(target, abs=0.05)
    assert start.human.predict(matrix, raw_score=True) == pytest.approx(raw)  # the start is left as it was


def test_no_trees_or_no_rows_grow_nothing(rows):
    matrix, soft = rows
    start = fit_stages(matrix, soft, rounds=3, threads=1).human
    nothing, ones = np.zeros(len(matrix)), np.ones(len(matrix))
    assert grown(start, matrix, ones, ones, shift=nothing, rounds=0, params={}) is start
    assert grown(start, matrix, ones, nothing, shift=nothing, rounds=5, params={}) is start


@pytest.mark.parametrize("n", [1, 30, 100])
def test_rows_that_cannot_be_parted_grow_nothing(rows, n):
    matrix, soft = rows
    start = fit_stages(matrix, soft, rounds=3, threads=1).human
    alike = np.tile(matrix[:1], (n, 1))
    alike[:, 1] = np.nan
    some = {"shift": np.zeros(n), "rounds": 5, "params": {"min_data_in_leaf": 20}}
    assert grown(start, alike, np.ones(n), np.ones(n), **some) is start
    few = matrix[: min(n, 39)]
    some["shift"] = np.zeros(len(few))
    assert grown(start, few, np.ones(len(few)), np.ones(len(few)), **some) is start
