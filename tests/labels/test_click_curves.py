"""The log's curve of clicks at once: where readers are, and nothing of a fetch's own click."""

from __future__ import annotations

import numpy as np
import pytest

from paperknife.labels.click_curves import CURVES, click_curves


@pytest.fixture
def fetches():
    """Fetches early (never clicked at once) and late (every tenth clicked at once)."""
    delay = np.repeat([1.0, 4.5], 400)
    prompt = np.concatenate([np.zeros(400), np.arange(400) % 10 == 0]).astype(bool)
    return delay, prompt, np.zeros(800, dtype=np.int64)


def test_readers_are_where_clicks_follow_at_once(fetches):
    delay, prompt, kind = fetches
    curves = click_curves(delay, prompt, kind, reference=0.1)
    assert list(curves.columns) == list(CURVES)
    early, late = curves[delay < 2], curves[delay > 2]
    assert (early["click_here"] < -1).all()
    assert (late["click_here"] > 0.4).all()
    assert curves["click_level"].to_numpy() == pytest.approx(
        np.log(0.5), abs=0.05
    )  # half of what readers draw


def test_a_fetchs_own_click_says_nothing_of_it(fetches):
    delay, prompt, kind = fetches
    turned = prompt.copy()
    turned[700] = not prompt[700]
    before, after = (click_curves(delay, some, kind, 0.1).iloc[700] for some in (prompt, turned))
    assert after.to_numpy() == pytest.approx(before.to_numpy(), abs=1e-6)


def test_kinds_have_curves_of_their_own_and_no_clicks_no_curve(fetches):
    delay, prompt, _ = fetches
    kind = np.where(delay < 2, 0, 1)
    kind[-1] = -1
    curves = click_curves(delay, prompt, kind, reference=float("nan"))
    assert curves[kind <= 0].isna().all(axis=None)
    assert curves.loc[kind == 1, ["click_here", "clicks_here"]].notna().all(axis=None)
    assert curves["click_level"].isna().all()  # no visible readers to compare with


def test_fetches_of_unknown_delay_are_alike():
    delay = np.full(50, np.nan)
    prompt = np.arange(50) % 5 == 0
    curves = click_curves(delay, prompt, np.zeros(50, dtype=np.int64), 0.2)
    assert np.abs(curves["click_here"]).max() < 0.1
