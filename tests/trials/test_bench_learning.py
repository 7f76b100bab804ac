"""The quick bench holds learning to what was recorded: a worse figure breaks a bound, a missing one too."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from paperknife.model.bundle import Model, load_model

SCRIPT = Path(__file__).parents[1] / "bench" / "bench_learning.py"


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("bench_learning", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def as_recorded(bench):
    """Return a table of regrets with just the excesses that stand in the recorded bounds."""
    rows = [
        {"case": case, "horizon": horizon, "method": method, "value": "all opens", "excess": excess}
        for case, horizons in json.loads(bench.BOUNDS.read_text()).items()
        for horizon, methods in horizons.items()
        for method, excess in methods.items()
    ]
    return pd.DataFrame(rows)


def test_bounds_are_recorded_for_every_case_of_the_quick_bench(bench, as_recorded):
    assert set(as_recorded["case"]) == set(bench.QUICK_CASES)
    assert set(as_recorded["method"]) == set(bench.BOUND)
    assert bench.broken_bounds(as_recorded) == []


def test_a_worse_figure_breaks_its_bound_and_is_named(bench, as_recorded):
    worse = as_recorded["case"].eq("plain") & as_recorded["method"].eq("train")
    table = as_recorded.assign(excess=as_recorded["excess"] + 2 * bench.MARGIN * worse)
    broken = bench.broken_bounds(table)
    assert len(broken) == 2
    assert all(line.startswith(("plain, instant, train: ", "plain, settled, train: ")) for line in broken)


def test_what_was_not_tried_or_is_no_number_breaks_its_bound(bench, as_recorded):
    assert len(bench.broken_bounds(as_recorded.iloc[1:])) == 1
    unknown = as_recorded.assign(excess=float("nan"))
    assert len(bench.broken_bounds(unknown)) == len(as_recorded)


def test_a_page_takes_the_place_of_its_like_in_the_card_and_leaves_the_rest(bench, monkeypatch):
    made = load_model()
    begun = replace(made, card="# Card\n\nWords\n\n## First\n\nold\n\n## Last\n\nkept\n")
    saved = []
    monkeypatch.setattr(Model, "save", lambda self, _: saved.append(self.card))
    bench.put_in_card(begun, "# First\n\nnew\n\n## Targets\n\n1\n\n## Where the excess goes\n\nleft out\n")
    bench.put_in_card(begun, "# Another\n\nnew\n")
    assert saved == [
        "# Card\n\nWords\n\n## First\n\nnew\n\n### Targets\n\n1\n\n## Last\n\nkept\n",
        "# Card\n\nWords\n\n## First\n\nold\n\n## Last\n\nkept\n\n## Another\n\nnew\n",
    ]
