"""How many Apple fetches were people's: the level of the labels, by what clicks date and by what is possible.

If a share c of readers clicks, the fetches that were a person's *and* are dated by a click number c times all
that were a person's (FACTS.md section 4). And readings cannot outnumber fetches at any delay. Both see what
kappa cannot: devices that fetch just ahead of their owner's reading, when the mail app opens, so that fewer
readings come first than the hazards would have it. What they find is a factor on the read hazard, with kappa
as the belief beforehand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from paperknife.hazards.covariates import Floats
    from paperknife.hazards.kappa import Kappa
    from paperknife.hazards.sender import Rates

AHEAD_SD: Final = 0.5
"""How far, on the log scale, readings that come first may fall short of kappa's; nobody has measured it."""

REPEAT_SHIFT_SD: Final = 1.5
"""How far, in log-odds, clicks may move the labels of repeat fetches, of which little is known beforehand."""

CLICK_RATIO_SD: Final = 0.15
"""How far, on the log scale, Apple's readers may click more or less per read than others; nobody has measured it."""

MODEL_ERROR: Final = 0.1
"""Relative error allowed to expected readings before they count as impossible."""

_BINS_PER_GROUP: Final = 3
_OVERDISPERSION: Final = 2.0  # clicks of one person are not independent
_PRECISION = 1e-3


def solve_scale(
    rates: Rates,
    per_read: Floats,
    *,
    dated_n: float,
    visible_clicks_n: float,
    kappa: Kappa,
    bounds: tuple[Floats, Floats],
) -> float:
    """Return the factor on the read hazard that gives the share of first Apple fetches that were a person's.

    Parameters
    ----------
    rates : Rates
        At all first Apple fetches, none NaN.
    per_read : numpy.ndarray of float64
        Clean clicks per read of each fetch's message.
    dated_n : float
        First fetches that a click dates and that were a person's.
    visible_clicks_n : float
        Clicks that the clicks per read rest on.
    kappa : Kappa
    bounds : (expected, seen), numpy.ndarray of float64, shape (bins,)
        Readings behind Apple before the first fetch, expected at a factor of 1, and first fetches, per bin of
        delay.
    """
    expected_n, seen_n = (
        np.add.reduceat(counts, np.arange(0, len(counts), _BINS_PER_GROUP)) for counts in bounds
    )
    prior_variance = AHEAD_SD**2 + (np.log(kappa.high / kappa.low) / 3.92) ** 2
    click_variance = CLICK_RATIO_SD**2 + _OVERDISPERSION * (
        1 / max(dated_n, 0.5) + 1 / max(visible_clicks_n, 0.5)
    )

    def log_clicks(log_scale: float) -> float:
        return float(np.log(max(float(per_read @ rates.p_human(np.exp(log_scale))), 1e-9)))

    def slope(log_scale: float) -> float:
        """Return the derivative of the log posterior."""
        result = (np.log(kappa.value) - log_scale) / prior_variance
        if visible_clicks_n >= 1 and per_read.any():
            change = (log_clicks(log_scale + 1e-3) - log_clicks(log_scale - 1e-3)) / 2e-3
            result += (np.log(max(dated_n, 0.5)) - log_clicks(log_scale)) * change / click_variance
        readings = np.exp(log_scale) * expected_n
        excess = np.maximum(readings - seen_n, 0.0)
        return float(result - (excess * readings / (1.0 + seen_n + (MODEL_ERROR * readings) ** 2)).sum())

    return float(np.exp(_falling_root(slope, float(np.log(0.02)), float(np.log(20.0)))))


def shift_repeats(p_human: Floats, per_read: Floats, dated_n: float) -> float:
    """Return by how much in log-odds to shift P(human) of repeat fetches so that it fits the clicks.

    Parameters
    ----------
    p_human : numpy.ndarray of float64
        Of all fetches of a group, dated or not; neither 0 nor 1.
    per_read : numpy.ndarray of float64
        Clean clicks per read of each fetch's message.
    dated_n : float
        Dated fetches of the group that were a person's.
    """
    log_odds = np.log(p_human / (1 - p_human))

    def slope(shift: float) -> float:
        """Return the derivative of the log posterior: a Poisson count of dated people, and a normal prior."""
        p = 1 / (1 + np.exp(-(log_odds + shift)))
        expected, change = max(float(per_read @ p), 1e-9), float(per_read @ (p * (1 - p)))
        return (dated_n / expected - 1) * change / _OVERDISPERSION - shift / REPEAT_SHIFT_SD**2

    return _falling_root(slope, -4.0, 4.0)


def _falling_root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a falling function crosses 0, by bisection; an end where it does not."""
    while high - low > _PRECISION:
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return (low + high) / 2
