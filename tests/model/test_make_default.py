"""How the default model's lessons are made ready."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from paperknife.evidence.features import feature_names
from paperknife.model.masking import columns_of

SCRIPT = Path(__file__).parents[2] / "models" / "make_default.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("make_default", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_default"] = module  # its dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["make_default"]


def test_every_row_that_trains_comes_a_second_time_with_one_gap(script):
    rows_n = 2_000
    rng = np.random.default_rng(3)
    lesson = script.Lesson(
        rng.normal(size=(rows_n, len(feature_names()))).astype(np.float32),
        np.eye(3, dtype=np.float32)[rng.integers(3, size=rows_n)],
        rng.random(rows_n),
        np.full(rows_n, "direct"),
        rng.random(rows_n),
    )
    twice = script.doubled(lesson)
    assert np.array_equal(twice.matrix[:rows_n], lesson.matrix)
    for name in ("labels", "seen_s", "mechanism", "weight"):
        halves = np.split(getattr(twice, name), 2)
        assert all(np.array_equal(half, getattr(lesson, name)) for half in halves)
    hidden = np.isnan(twice.matrix[rows_n:])
    assert np.array_equal(twice.matrix[rows_n:][~hidden], lesson.matrix[~hidden])
    gaps = {columns_of(missing): share for missing, share in script.GAPS.items()}
    found = [tuple(np.flatnonzero(row).tolist()) for row in hidden]
    assert set(found) == set(gaps)
    assert all(found.count(gap) / rows_n == pytest.approx(share, abs=0.05) for gap, share in gaps.items())
