"""Shares read off the leaves: exact, the same bits as the booster's own answer, and where a split's credit goes."""

from __future__ import annotations

import numpy as np
import pytest

from paperknife.model.calibration import expit
from paperknife.model.paths import paths_of
from paperknife.model.stages import fit_stages


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(9_000, 5)).astype(np.float32)
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    human = expit(2 * np.nan_to_num(matrix[:, 0]) + np.nan_to_num(matrix[:, 1] * matrix[:, 2]))
    soft = np.column_stack([human, 1 - human, np.zeros(len(human))])
    return fit_stages(matrix, soft, rounds=40, params={"min_data_in_leaf": 20}).human, matrix


def test_shares_and_the_prior_add_up_to_the_boosters_own_answer(fitted):
    booster, matrix = fitted
    paths = paths_of(booster, [0, 1, 1, 2, 2])
    log_odds, shares = paths.shares(matrix, threads=1)
    assert shares.shape == (9_000, 3)
    np.testing.assert_array_equal(log_odds, booster.predict(matrix, raw_score=True, num_threads=1))
    np.testing.assert_allclose(paths.prior + shares.sum(axis=1), log_odds, rtol=0, atol=1e-9)


def test_the_prior_is_that_of_tree_shap(fitted):
    booster, matrix = fitted
    shap = booster.predict(matrix[:1], pred_contrib=True)
    assert paths_of(booster, range(5)).prior == pytest.approx(shap[0, -1], abs=1e-9)


def test_credit_goes_to_the_view_that_was_split_on(fitted):
    booster, matrix = fitted
    _, shares = paths_of(booster, range(5)).shares(matrix)
    assert np.abs(shares[:, 0]).mean() > 3 * np.abs(shares[:, 3]).mean()
    rises = np.corrcoef(np.nan_to_num(matrix[:, 0]), shares[:, 0])[0, 1]
    assert rises > 0.9


def test_it_mostly_agrees_with_tree_shap(fitted):
    booster, matrix = fitted
    _, shares = paths_of(booster, range(5)).shares(matrix[:500])
    shap = booster.predict(matrix[:500], pred_contrib=True)[:, :-1]
    assert (np.abs(shares).argmax(axis=1) == np.abs(shap).argmax(axis=1)).mean() > 0.85


def test_a_stage_that_learned_nothing_has_a_prior_only():
    stages = fit_stages(np.zeros((50, 2)), np.repeat([[0.25, 0.75, 0.0]], 50, axis=0), rounds=3)
    log_odds, shares = paths_of(stages.human, [0, 1]).shares(np.zeros((4, 2)))
    np.testing.assert_allclose(expit(log_odds), 0.25, atol=0.01)
    assert (shares == 0).all()
