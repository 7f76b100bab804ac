"""What is hidden while a model learns: each block by itself, and nothing else."""

from __future__ import annotations

import numpy as np

from paperknife.evidence.features import catalogue, feature_names, masked
from paperknife.model.masking import MASKS, catalogue_blocks, columns_of, hide


def test_each_view_is_hidden_by_itself():
    asked = {
        ("user_agent",),
        ("ip",),
        ("user_agent", "ip"),
        ("recipient", "domain", "time_zone"),
        ("time_zone",),
    }
    assert asked <= set(MASKS)
    assert len(set(catalogue_blocks())) == len(MASKS)


def test_a_block_is_what_a_missing_field_makes_null():
    matrix = np.zeros((3, len(feature_names())), dtype=np.float32)
    for missing in MASKS:
        hidden = np.flatnonzero(np.isnan(masked(matrix, missing)).all(axis=0))
        assert columns_of(missing) == tuple(hidden.tolist())
        assert 0 < len(hidden) < len(catalogue())


def test_one_block_goes_in_a_share_of_the_rows():
    matrix = np.zeros((30_000, 4))
    hide(matrix, np.random.default_rng(0), blocks=[[0, 1], [2]], share=0.3)
    lost = np.isnan(matrix)
    assert np.array_equal(lost[:, 0], lost[:, 1])
    assert not (lost[:, 0] & lost[:, 2]).any()
    assert not lost[:, 3].any()
    np.testing.assert_allclose(lost[:, [0, 2]].mean(axis=0), 0.15, atol=0.01)


def test_without_blocks_nothing_is_hidden():
    matrix = np.zeros((10, 2))
    hide(matrix, np.random.default_rng(0), blocks=[], share=1.0)
    assert not np.isnan(matrix).any()
