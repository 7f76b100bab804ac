"""How well probabilities foresee what happened: ranking (AUC, PR-AUC), log loss, Brier, calibration (ECE).

Every function takes two aligned arrays: `is_human`, what was true, and `p_human`, what was said. Where a
slice holds one class only, ranking is not defined and the answer is NaN, which the tables print as "-";
nothing here raises on data. All of it is numpy: evaluating needs no scikit-learn, only the tests do.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

CLIP: Final = 1e-4
"""Probabilities are kept this far from 0 and 1 before a logarithm (LEARNING.md, evaluation protocol)."""

ECE_BINS: Final = 15
"""Equal-mass bins of the expected calibration error (LEARNING.md, evaluation protocol)."""

REGRET_FLOOR: Final = 0.10
"""With less than this between prior and oracle, regret is a quotient of noise: report the excess instead."""

Floats = NDArray[np.float64]


def _clipped(p: ArrayLike) -> Floats:
    return np.clip(np.asarray(p, dtype=np.float64), CLIP, 1 - CLIP)


def auc(is_human: ArrayLike, p_human: ArrayLike) -> float:
    """Return the probability that a random human open is ranked above a random other one; ties count half.

    Parameters
    ----------
    is_human : array of bool, shape (n,)
    p_human : array of float, shape (n,)

    Returns
    -------
    float
        NaN where only one class is present.

    Examples
    --------
    >>> auc([True, False, True], [0.9, 0.2, 0.2])
    0.75
    """
    human = np.asarray(is_human, dtype=bool)
    return RankedOpens(human, p_human).auc(np.ones(len(human)))


class RankedOpens:
    """Opens sorted once by `p_human`, so that AUC under many weightings (a bootstrap) costs one pass each.

    Parameters
    ----------
    is_human : array of bool, shape (n,)
    p_human : array of float, shape (n,)
    """

    def __init__(self, is_human: ArrayLike, p_human: ArrayLike) -> None:
        p = np.asarray(p_human, dtype=np.float64)
        self._order = np.argsort(p, kind="stable")
        ranked = p[self._order]
        self._human = np.asarray(is_human, dtype=bool)[self._order]
        self._starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if len(p) else np.empty(0, int)

    def auc(self, weights: ArrayLike) -> float:
        """Return the weighted AUC; NaN where one class has no weight."""
        if not len(self._order):
            return float("nan")
        w = np.asarray(weights, dtype=np.float64)[self._order]
        humans = np.add.reduceat(w * self._human, self._starts)
        others = np.add.reduceat(w * ~self._human, self._starts)
        pairs = humans.sum() * others.sum()
        if pairs == 0:
            return float("nan")
        others_below = np.cumsum(others) - others
        return float((humans * (others_below + others / 2)).sum() / pairs)


def pr_auc(is_human: ArrayLike, p_human: ArrayLike) -> float:
    """Return the average precision: precision summed over the steps of recall (scikit-learn's definition).

    Returns
    -------
    float
        NaN where only one class is present.

    Examples
    --------
    >>> round(pr_auc([True, False, True], [0.9, 0.5, 0.2]), 4)
    0.8333
    """
    human = np.asarray(is_human, dtype=bool)
    p = np.asarray(p_human, dtype=np.float64)
    if human.all() or not human.any():
        return float("nan")
    order = np.argsort(-p, kind="stable")
    ranked = p[order]
    ends = np.flatnonzero(np.r_[ranked[1:] != ranked[:-1], True])
    hits = np.cumsum(human[order])[ends]
    precision = hits / (ends + 1)
    return float((np.diff(hits, prepend=0) * precision).sum() / human.sum())


def log_losses(is_human: ArrayLike, p_human: ArrayLike) -> Floats:
    """Return each open's log loss of `p_human` against human or not, shape (n,), in nats."""
    p = _clipped(p_human)
    return -np.log(np.where(np.asarray(is_human, dtype=bool), p, 1 - p))


def log_loss(is_human: ArrayLike, p_human: ArrayLike) -> float:
    """Return the mean log loss in nats; NaN of nothing.

    Examples
    --------
    >>> round(log_loss([True, False], [0.8, 0.2]), 4)
    0.2231
    """
    return _mean(log_losses(is_human, p_human))


def brier(is_human: ArrayLike, p_human: ArrayLike) -> float:
    """Return the mean squared distance between `p_human` and 1 (human) or 0 (not); NaN of nothing."""
    return _mean((_clipped(p_human) - np.asarray(is_human, dtype=np.float64)) ** 2)


def class_log_loss(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the three-class log loss in nats; NaN of nothing.

    Parameters
    ----------
    labels : array of int, shape (n,)
        The true column.
    probabilities : array of float, shape (n, 3)
        Human, prefetch, machine; clipped and brought back to sum 1.
    """
    p = _clipped(probabilities)
    p = p / p.sum(axis=1, keepdims=True)
    said = p[np.arange(len(p)), np.asarray(labels, dtype=np.intp)]
    return _mean(-np.log(said))


def equal_mass_bins(p: ArrayLike, bins: int = ECE_BINS) -> NDArray[np.intp]:
    """Return each value's bin, 0 to `bins` - 1: bins of about equal mass, equal values together.

    A tie goes where the middle of its ranks falls. So the order of rows never matters, and a constant
    prediction is one bin rather than fifteen random ones.

    Examples
    --------
    >>> equal_mass_bins([0.1, 0.2, 0.2, 0.9], bins=2).tolist()
    [0, 1, 1, 1]
    """
    values = np.asarray(p, dtype=np.float64)
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    return np.minimum((middle / max(len(values), 1) * bins).astype(np.intp), bins - 1)[which]


def ece(is_human: ArrayLike, p_human: ArrayLike, bins: int = ECE_BINS) -> float:
    """Return the expected calibration error: the mean distance of said and true share, by equal mass."""
    p = _clipped(p_human)
    if not len(p):
        return float("nan")
    gaps = np.bincount(equal_mass_bins(p, bins), weights=p - np.asarray(is_human, dtype=np.float64))
    return float(np.abs(gaps).sum() / len(p))


def ece_floor(p_human: ArrayLike, bins: int = ECE_BINS) -> float:
    """Return the ECE that a perfectly calibrated model with these probabilities shows by chance alone.

    In a bin, true minus said share is about normal with variance sum p(1-p) / n^2, and the mean size of such
    a number is sqrt(2 / pi) standard deviations. An ECE near this floor cannot be told from perfection.
    """
    p = _clipped(p_human)
    if not len(p):
        return float("nan")
    variance = np.bincount(equal_mass_bins(p, bins), weights=p * (1 - p))
    return float(np.sqrt(2 / np.pi * variance).sum() / len(p))


def regret(log_loss: float, prior: float, oracle: float) -> float:
    """Return the share of the learnable log loss that is left: 0 equals the oracle, 1 the prior.

    Parameters
    ----------
    log_loss : float
        Of the model under test.
    prior : float
        Log loss of always saying the test set's class share.
    oracle : float
        Log loss of our features and learner trained on the truth.

    Returns
    -------
    float
        NaN where prior and oracle lie closer than `REGRET_FLOOR`: report `log_loss - oracle` there.

    Examples
    --------
    >>> round(regret(0.30, prior=0.70, oracle=0.20), 2)
    0.2
    """
    learnable = prior - oracle
    return (log_loss - oracle) / learnable if learnable >= REGRET_FLOOR else float("nan")


def figures(labels: ArrayLike, probabilities: ArrayLike) -> dict[str, float]:
    """Return every metric of this module that one set of opens has, by name.

    Parameters
    ----------
    labels : array of int, shape (n,)
        0 human, 1 prefetch, 2 machine.
    probabilities : array of float, shape (n, 3)
    """
    true = np.asarray(labels, dtype=np.intp)
    p = np.asarray(probabilities, dtype=np.float64)
    human, p_human = true == 0, p[:, 0]
    return {
        "auc": auc(human, p_human),
        "pr_auc": pr_auc(human, p_human),
        "log_loss": log_loss(human, p_human),
        "brier": brier(human, p_human),
        "ece": ece(human, p_human),
        "ece_floor": ece_floor(p_human),
        "class_log_loss": class_log_loss(true, p),
    }


def share_interval(hits: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    """Return the 95 % Wilson interval of a share; NaN where n is 0.

    Wilson 1927: it stays within 0 and 1 and is honest for small n, where hits/n +- 2 standard errors is not.
    """
    z = 1.959964
    count = np.asarray(n, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.asarray(hits, dtype=np.float64) / count
        middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
        reach = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return middle - reach, middle + reach


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")
