"""How sure a figure is: a bootstrap over recipients, since one person's opens are alike, and campaigns likewise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from paperknife.evaluation.metrics import RankedOpens, log_losses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

FEWEST_GROUPS: Final = 20
"""With fewer recipients than this, a bootstrap's percentiles are too narrow to be shown."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """95 % intervals; NaN where there are too few recipients or one class only."""

    auc_low: float
    auc_high: float
    log_loss_low: float
    log_loss_high: float


def bootstrap(
    is_human: ArrayLike, p_human: ArrayLike, groups: ArrayLike, *, resamples: int = 200, random_state: int = 0
) -> Intervals:
    """Return percentile intervals of AUC and log loss over resampled recipients.

    Parameters
    ----------
    is_human : array of bool, shape (n,)
    p_human : array of float, shape (n,)
    groups : array, shape (n,)
        Whose open it is: recipients, or messages where recipients are not known.
    resamples : int
        0 gives no intervals.
    random_state : int
    """
    group, distinct = pd.factorize(np.asarray(groups))
    nan = float("nan")
    if resamples == 0 or len(distinct) < FEWEST_GROUPS:
        return Intervals(nan, nan, nan, nan)
    rng = np.random.default_rng(random_state)
    ranked = RankedOpens(is_human, p_human)
    loss_sums = np.bincount(group, weights=log_losses(is_human, p_human))
    sizes = np.bincount(group)
    aucs, losses = np.empty(resamples), np.empty(resamples)
    for i in range(resamples):
        draws = np.bincount(rng.integers(len(distinct), size=len(distinct)), minlength=len(distinct))
        aucs[i] = ranked.auc(draws[group])
        losses[i] = draws @ loss_sums / (draws @ sizes)
    return Intervals(*middle(aucs), *middle(losses))


def resampled_weights(
    groups: ArrayLike, campaigns: ArrayLike | None = None, *, resamples: int = 200, random_state: int = 0
) -> Iterator[NDArray[np.float64]]:
    """Yield how often each open counts in resamples of recipients and, at once, of campaigns.

    An open counts as often as its recipient was drawn times as often as its campaign was: the pigeonhole bootstrap of
    Owen (2007), which is a little too wide rather than too narrow. Opens without a campaign are resampled by
    recipient only.

    Parameters
    ----------
    groups : array, shape (n,)
        Recipients, or messages where recipients are not known.
    campaigns : array, shape (n,), optional
        Null for one-to-one mail.
    resamples, random_state : int

    Yields
    ------
    numpy.ndarray of float64, shape (n,)
        The same for the same arguments, so that two methods can be compared on the same resamples.
    """
    rng = np.random.default_rng(random_state)
    group, distinct = pd.factorize(np.asarray(groups))
    campaign, sent = (
        pd.factorize(pd.Series(campaigns, dtype="object")) if campaigns is not None else (None, ())
    )
    for _ in range(resamples):
        weights = _draws(rng, len(distinct))[group].astype(np.float64)
        if campaign is not None and len(sent) >= FEWEST_GROUPS:
            weights *= np.append(_draws(rng, len(sent)), 1)[campaign]  # place -1, no campaign, counts once
        yield weights


def _draws(rng: np.random.Generator, n: int) -> NDArray[np.intp]:
    return np.bincount(rng.integers(n, size=n), minlength=n)


def middle(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 2.5th and 97.5th percentile; NaN where a resample had one class only."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
