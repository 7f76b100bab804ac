"""Clicks date readings: a fetch shortly before a clean click was the person's, one long before it was not.

A clean click says that the message was read, and when. If the last Apple fetch before it is a person's, the
gap between the two follows the gaps of known human opens, most of them under a minute. If it was a prefetch,
the person read later from Apple's cache, whenever they read: those gaps follow from the read hazard. Which of
the two laws a gap fits better updates the soft label by Bayes. Fetches before the last are left as they were:
the click says nothing of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from paperknife.hazards.covariates import WEEK_S
from paperknife.hazards.person_period import HOUR_S, steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paperknife.hazards.covariates import Bools, Floats, Ints
    from paperknife.hazards.sender import SenderHazards

GAP_EDGES_S: Final = np.concatenate([[0.0], np.geomspace(2.0, WEEK_S, 24)])
"""24 classes of the gap from fetch to click, log-spaced."""

GAPS_N: Final = len(GAP_EDGES_S) - 1

PUBLISHED_GAPS: Final = (
    (0, 60, 0.80),
    (60, 240, 0.05),
    (240, 2_040, 0.05),
    (2_040, 10_740, 0.05),
    (10_740, WEEK_S, 0.05),
)
"""(from s, to s, share) of gaps from load to click among iOS 15 clickers, 2021 (FACTS.md section 1); the last is open."""

PUBLISHED_READS: Final = (
    (60, 3_600, 0.26),
    (3_600, 23_100, 0.24),
    (23_100, 86_400, 0.21),
    (86_400, WEEK_S, 0.22),
)
"""The same for the time from delivery to reading (FACTS.md section 3): where no read hazard is known, the
reading after a prefetch is taken to come as late as one after a delivery."""

PRIOR_GAPS_N: Final = 30.0
"""The published law of human gaps counts as this many gaps."""

STALE_PRIOR_N: Final = 300.0
"""The law of stale gaps, which follows from the read hazard, counts as this many. Left freer, it takes short gaps away
from people: with 30, labels of a sender whose readers behind Apple read 1.9 times as much came out a third too low."""

OFFSET_SD: Final = 1.0
"""Standard deviation of a group's offset in log-odds before any gap is seen."""

_ROUNDS = 60


def gap_class(gap_s: Floats) -> Ints:
    """Return the class of each gap; gaps past a week fall into the last."""
    return np.asarray(
        np.clip(np.searchsorted(GAP_EDGES_S, gap_s, side="right") - 1, 0, GAPS_N - 1), dtype=np.int64
    )


def gap_law(gap_s: Floats, weights: Floats, before: Floats, before_n: float = PRIOR_GAPS_N) -> Floats:
    """Return the probability of each class of gaps: a smoothed histogram, shrunk to what was believed before.

    Parameters
    ----------
    gap_s, weights : numpy.ndarray of float64
    before : numpy.ndarray of float64, shape (GAPS_N,)
    before_n : float
        How many gaps the belief counts as.
    """
    counts = np.bincount(gap_class(gap_s), weights, minlength=GAPS_N)
    padded = np.concatenate([counts[:1], counts, counts[-1:]])
    smooth = 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
    law = smooth + before_n * before
    return np.asarray(law / law.sum(), dtype=np.float64)


def published_law(published: Sequence[tuple[float, float, float]] = PUBLISHED_GAPS) -> Floats:
    """Return a published law of gaps, (from s, to s, share) each: even in log time within each range.

    Returns
    -------
    numpy.ndarray of float64, shape (GAPS_N,)
        Sums to 1.
    """
    law = np.full(GAPS_N, 1e-3 / GAPS_N)
    edges = np.log(np.maximum(GAP_EDGES_S, 1.0))
    for low, high, share in published:
        law += share * _overlap(edges, np.log(max(low, 1.0)), np.log(high))
    return np.asarray(law / law.sum(), dtype=np.float64)


def _overlap(edges: Floats, low: Floats | float, high: Floats | float) -> Floats:
    """Return the share of [low, high] in each class between edges, shape (..., classes)."""
    low, high = np.asarray(low, dtype=np.float64)[..., None], np.asarray(high, dtype=np.float64)[..., None]
    inside = np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None)
    return np.asarray(inside / np.maximum(high - low, 1e-9), dtype=np.float64)


def stale_law(
    hazards: SenderHazards, rows: Ints, delay_s: Floats, weights: Floats, human_law: Floats
) -> Floats:
    """Return the law of gaps after prefetches, from the read hazard: the reading comes whenever it comes.

    Parameters
    ----------
    hazards : SenderHazards
        Where it has no read hazard, published times of reading stand in.
    rows : numpy.ndarray of int
        The message of each fetch.
    delay_s, weights : numpy.ndarray of float64
        Delay of each fetch (not NaN), and how likely it was a prefetch.
    human_law : numpy.ndarray of float64, shape (GAPS_N,)
        The reading is followed by the click after its median.
    """
    if hazards.read is None or not len(rows):
        return published_law(PUBLISHED_READS)
    some = hazards.covariates.take(rows)
    kappa = hazards.kappa.value * hazards.interest[rows]
    read_to_click_s = float(GAP_EDGES_S[1 + int(np.searchsorted(np.cumsum(human_law), 0.5))])
    law, total = np.zeros((len(rows), GAPS_N)), np.zeros(len(rows))
    unread = np.ones(len(rows))
    for _, start, stop in steps():
        begin = np.maximum(start, delay_s)
        ahead = begin < stop
        middle = np.clip((begin + stop) / 2, start, stop - 1e-6)
        expected = np.where(ahead, kappa * hazards.read.at(some, middle) * (stop - begin) / HOUR_S, 0.0)
        mass = unread * -np.expm1(-expected)
        unread = unread * np.exp(-expected)
        law += mass[:, None] * _overlap(
            GAP_EDGES_S,
            begin - delay_s + read_to_click_s,
            np.maximum(stop, begin) - delay_s + read_to_click_s,
        )
        total += mass
    each = law / np.maximum(total, 1e-12)[:, None]
    mean = weights @ each + 1e-3 / GAPS_N
    return np.asarray(mean / mean.sum(), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class ClickDates:
    """What clicks say of the fetches before them.

    Attributes
    ----------
    p_human : numpy.ndarray of float64
        Updated probability of each dated fetch.
    human_law, stale_law : numpy.ndarray of float64, shape (GAPS_N,)
    fetches_n, people_n : numpy.ndarray of float64, shape (groups,)
        Dated fetches per group, and how many of them were a person's.
    """

    p_human: Floats
    human_law: Floats
    stale_law: Floats
    fetches_n: Floats
    people_n: Floats


def date_by_clicks(
    gap_s: Floats, before: Floats, groups: Ints, *, human_law: Floats, stale_before: Floats, groups_n: int
) -> ClickDates:
    """Return the updated P(human) of the last Apple fetches before clean clicks, by EM.

    Parameters
    ----------
    gap_s : numpy.ndarray of float64
        From fetch to click.
    before : numpy.ndarray of float64
        P(human) before the gap is looked at, given that the message was clicked.
    groups : numpy.ndarray of int64
        Fetches of one group share an offset on `before` in log-odds, since those who click are no random
        readers.
    human_law : numpy.ndarray of float64, shape (GAPS_N,)
        Of known human opens; stays as it is.
    stale_before : numpy.ndarray of float64, shape (GAPS_N,)
        Law of gaps after prefetches believed beforehand; the fetches themselves then shape it.
    groups_n : int
    """
    place = gap_class(gap_s)
    prior = np.clip(before, 0.005, 0.995)
    log_odds = np.log(prior / (1 - prior))
    offsets, stale, posterior = np.zeros(groups_n), stale_before, prior
    for _ in range(_ROUNDS):
        fitted = log_odds + offsets[groups]
        posterior = 1 / (1 + np.exp(-(fitted + np.log(human_law[place] / stale[place]))))
        stale = gap_law(gap_s, 1 - posterior, stale_before, STALE_PRIOR_N)
        # One Newton step towards offsets at which prior and posterior agree on average, held back by their prior.
        p = 1 / (1 + np.exp(-fitted))
        score = np.bincount(groups, posterior - p, minlength=groups_n) - offsets / OFFSET_SD**2
        offsets = offsets + score / (np.bincount(groups, p * (1 - p), minlength=groups_n) + 1 / OFFSET_SD**2)
    counts = np.bincount(groups, minlength=groups_n).astype(np.float64)
    return ClickDates(
        posterior,
        human_law,
        stale,
        counts,
        np.bincount(groups, posterior, minlength=groups_n).astype(np.float64),
    )


def last_before_click(messages: Ints, at_us: Floats, clean_us: Floats, counts: Bools) -> Bools:
    """Return whether each open is the last of its message at or before the message's clean click.

    Parameters
    ----------
    messages : numpy.ndarray of int64
        The message of each open.
    at_us, clean_us : numpy.ndarray of float64
        When the open, and the first clean click of its message, came; NaN for no click.
    counts : numpy.ndarray of bool
        Opens that could be a person's; others are passed over.
    """
    before = counts & (at_us <= clean_us)
    latest = np.full(int(messages.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(latest, messages[before], at_us[before])
    return np.asarray(before & (at_us == latest[messages]), dtype=bool)
