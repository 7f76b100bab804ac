"""How the default model's lessons are made ready."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import fields
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


def test_every_row_of_a_whole_log_that_trains_comes_a_second_time_with_one_gap(script):
    rows_n = 2_000
    rng = np.random.default_rng(3)
    lesson = script.Lesson(
        rng.normal(size=(rows_n, len(feature_names()))).astype(np.float32),
        np.eye(3, dtype=np.float32)[rng.integers(3, size=rows_n)],
        rng.random(rows_n),
        np.full(rows_n, "direct"),
        rng.random(rows_n),
        rng.random(rows_n) < 0.3,
    )
    twice, whole = script.doubled(lesson), ~lesson.is_without
    for field in fields(lesson):
        given, found = getattr(lesson, field.name), getattr(twice, field.name)
        assert np.array_equal(found[:rows_n], given)
        if field.name != "matrix":
            assert np.array_equal(found[rows_n:], given[whole])
    hidden = np.isnan(twice.matrix[rows_n:])
    assert np.array_equal(twice.matrix[rows_n:][~hidden], lesson.matrix[whole][~hidden])
    gaps = {columns_of(missing): share for missing, share in script.GAPS.items()}
    found = [tuple(np.flatnonzero(row).tolist()) for row in hidden]
    assert set(found) == set(gaps)
    assert all(
        found.count(gap) / whole.sum() == pytest.approx(share, abs=0.05) for gap, share in gaps.items()
    )


def test_each_world_teaches_as_it_is_and_as_if_its_log_lacked_a_field(script, monkeypatch):
    monkeypatch.setattr(script, "OPENS_TO_FIT", 300)
    seeds = range(9, 12)  # worlds that lack nothing
    found = script.lessons(seeds, 1, "train")
    rows = iter(np.split(found.matrix, [300, 600, 900, 1_050, 1_200]))
    wholes, others = [next(rows) for _ in seeds], [next(rows) for _ in seeds]
    assert found.is_without.tolist() == [False] * 900 + [True] * 450
    for seed, whole, other in zip(seeds, wholes, others, strict=True):
        missing = script.WITHOUT[seed % len(script.WITHOUT)]
        gone = sorted({column for field in missing for column in columns_of((field,))})
        assert np.isnan(other[:, gone]).all()
        assert not np.isnan(whole[:, gone]).all(axis=0).all()
        assert not np.isnan(np.delete(other, gone, axis=1)).all(axis=0).all()
    assert {script.WITHOUT[seed % len(script.WITHOUT)] for seed in seeds} == set(script.WITHOUT)
