"""Keyed chance: random across keys, the same for the same key."""

from __future__ import annotations

import numpy as np
import pytest

from paperknife.worlds.chance import choose, choose_rowwise, happens, keyed_normal, keyed_uniform


def test_equal_keys_give_equal_numbers_and_order_does_not_matter():
    keys = np.array([5, 7, 5, -3])
    drawn = keyed_uniform(9, keys, np.array([1, 2, 1, 4]))
    assert drawn[0] == drawn[2]
    assert drawn[1] == keyed_uniform(9, np.array([7]), 2)[0]


def test_keys_salts_and_places_are_independent():
    keys = np.arange(50_000)
    first, second, third = keyed_uniform(1, keys), keyed_uniform(2, keys), keyed_uniform(1, keys + 1)
    for drawn in (first, second, keyed_uniform(1, 0, keys)):
        assert np.histogram(drawn, 20, (0, 1))[0] == pytest.approx(2_500, rel=0.1)
    for a, b in ((first, second), (first, third), (keyed_uniform(1, keys, 0), keyed_uniform(1, 0, keys))):
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.02


def test_keyed_normals_are_normal():
    drawn = keyed_normal(3, np.arange(50_000))
    assert drawn.mean() == pytest.approx(0, abs=0.02)
    assert drawn.std() == pytest.approx(1, abs=0.02)
    assert (np.abs(drawn) > 1.96).mean() == pytest.approx(0.05, abs=0.005)


def test_choices_follow_their_weights():
    chance = np.random.default_rng(0)
    assert np.bincount(choose(chance, [2, 0, 6], 40_000)) / 40_000 == pytest.approx([0.25, 0, 0.75], abs=0.01)
    rows = choose_rowwise(chance, np.tile([[1.0, 3.0], [1.0, 0.0]], (20_000, 1)))
    assert rows[::2].mean() == pytest.approx(0.75, abs=0.01)
    assert not rows[1::2].any()
    assert np.mean([happens(chance, 0.2) for _ in range(4_000)]) == pytest.approx(0.2, abs=0.03)
