"""An excess is split into what it comes from: the base rate, the calibration's shape, the ranking."""

from __future__ import annotations

import numpy as np
import pytest

from paperknife.evaluation.decomposition import decompose
from paperknife.evaluation.metrics import log_loss


@pytest.fixture(scope="module")
def opens():
    rng = np.random.default_rng(0)
    odds = rng.normal(-0.5, 2, 20_000)
    chance = 1 / (1 + np.exp(-odds))
    return odds, chance, rng.random(len(odds)) < chance


def sigmoid(odds):
    return 1 / (1 + np.exp(-odds))


def test_the_parts_sum_to_the_excess(opens):
    odds, chance, human = opens
    p = sigmoid(0.5 * odds + 1 + np.sin(9 * odds))
    parts = decompose(human, p, chance)
    assert parts.excess == pytest.approx(log_loss(human, p) - log_loss(human, chance))


def test_a_shift_is_a_wrong_base_rate(opens):
    odds, chance, human = opens
    parts = decompose(human, sigmoid(odds + 1), chance)
    assert parts.large > 0.05
    assert abs(parts.shape) < 0.003
    assert abs(parts.ranking) < 1e-9


def test_too_sure_is_a_wrong_shape(opens):
    odds, chance, human = opens
    parts = decompose(human, sigmoid(2.5 * odds), chance)
    assert parts.shape > 0.05
    assert abs(parts.ranking) < 1e-3  # the clip makes a few extremes equal


def test_noise_is_a_wrong_ranking(opens):
    odds, chance, human = opens
    noise = np.random.default_rng(1).normal(0, 2, len(odds))
    parts = decompose(human, sigmoid(0.5 * (odds + noise)), chance)
    assert parts.ranking > 0.05
    assert abs(parts.large) < 0.01


def test_one_class_only_has_nothing_to_split():
    parts = decompose(np.ones(50, dtype=bool), np.full(50, 0.9), np.full(50, 0.9))
    assert parts.ranking == 0
    assert parts.excess == 0
