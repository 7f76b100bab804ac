"""How often a click follows at once, by how long after delivery a fetch came: the log's own curve of who reads when.

A click within two minutes of a fetch shows a person at it, whatever the client. Readers click about as often
whenever they read, prefetches nearly never are clicked at once: so where, along the delay, the share of fetches that a
click follows rises or falls, the share of people does too. The curve's level rests on clicks per reading, which nobody
knows for Apple's readers; its shape does not. Nothing of it needs a user agent or an address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from paperknife.hazards.covariates import Bools, Floats, Ints

CURVES: Final = ("click_here", "clicks_here", "click_level")
"""What `click_curves` tells."""

PROMPT_S: Final = 120.0
"""A click so soon after a fetch came from the reading that caused it: 80 to 89 % within a minute (FACTS.md section 3)."""

STALE_S: Final = 1_800.0
"""A click so long after the last fetch was made on images that a cache held, or on a second look."""

_BINS_PER_DECADE: Final = 8
_BINS_N: Final = 60
"""Of the delay: from a second to a month."""

_WIDTH: Final = 2.0
"""Bins that count as near: the standard deviation of a bell-shaped weight, a quarter of a decade."""

_PRIOR_CLICKS: Final = 3.0
"""Clicks at the kind's own rate that each place starts with, so that a few clicks say little."""


def click_curves(log_delay: Floats, is_prompt: Bools, kind: Ints, reference: float) -> pd.DataFrame:
    """Return what the log's prompt clicks say of fetches like each.

    Parameters
    ----------
    log_delay : numpy.ndarray of float64, shape (opens,)
        log10(1 + s) since delivery, or of a repeat since its message's first fetch; NaN where it is not known: such
        fetches are alike.
    is_prompt : numpy.ndarray of bool, shape (opens,)
        A clean click followed within two minutes, and no other fetch stands between.
    kind : numpy.ndarray of int64, shape (opens,)
        Fetches of one kind share a curve; -1 for none.
    reference : float
        Prompt clicks per fetch of visible readers; NaN where there are none.

    Returns
    -------
    pandas.DataFrame
        float32. `click_here`: natural log of prompt clicks per fetch about there, over those of the whole kind, the
        fetch itself left out; `clicks_here`: log(1 + prompt clicks about there); `click_level`: natural log of the
        kind's prompt clicks per fetch over `reference`. NaN where the kind has no other prompt click.
    """
    n = len(kind)
    here, clicks, level = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    steps = np.arange(-6, 7)
    kernel = np.exp(-0.5 * (steps / _WIDTH) ** 2)
    place = np.where(
        np.isnan(log_delay), 0, 1 + np.clip(log_delay * _BINS_PER_DECADE, 0, _BINS_N - 1)
    ).astype(np.int64)
    for code in np.unique(kind[kind >= 0]):
        rows = np.flatnonzero(kind == code)
        prompt = is_prompt[rows].astype(np.float64)
        total, fetches = prompt.sum(), float(len(rows))
        if total == 0:
            continue
        counts = [np.bincount(place[rows], values, _BINS_N + 1) for values in (prompt, np.ones(len(rows)))]
        near_clicks, near_fetches = (
            np.concatenate([count[:1], np.convolve(count[1:], kernel, "same")])[place[rows]]
            for count in counts
        )
        near_clicks, near_fetches = near_clicks - prompt, near_fetches - 1
        others = np.where(total - prompt > 0, total - prompt, np.nan)
        rate = (others + 0.5) / max(fetches - 1, 1)
        expected = near_fetches * rate
        here[rows] = np.log((near_clicks + _PRIOR_CLICKS) / (expected + _PRIOR_CLICKS))
        clicks[rows] = np.where(np.isnan(others), np.nan, np.log1p(np.maximum(near_clicks, 0)))
        level[rows] = np.log(rate / reference) if reference > 0 else np.nan
    return pd.DataFrame({"click_here": here, "clicks_here": clicks, "click_level": level}, dtype=np.float32)
