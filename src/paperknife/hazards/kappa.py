"""kappa: how much more, or less, people behind Apple read than others; solved from clean clicks.

Reading behind Apple cannot be seen, but clicks can. With the clicks per read of visible recipients of the
same campaign and engagement, kappa is the factor on the read hazard that makes the clicks expected of Apple's
recipients equal to those seen. It rests on an assumption that no log can test: that a reader behind Apple
clicks as often per read as another. Only a panel separates the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from paperknife.hazards.covariates import Floats, Ints

PRIOR_SD: Final = 0.4
"""Standard deviation of log kappa before any click is seen: 95 % between .46 and 2.2. Nobody has published one."""

ENOUGH_CLICKS: Final = 2_500
"""Clean Apple clicks that fix kappa to about five per cent (LEARNING.md)."""

_CELL_PRIOR_CLICKS: Final = 10.0
_LOWEST, _HIGHEST = float(np.log(0.1)), float(np.log(10.0))
_SMALL: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Kappa:
    """The factor on the read hazard behind Apple.

    Attributes
    ----------
    value : float
        Posterior mode; 1 where there is nothing to go by.
    low, high : float
        95 % interval, prior included.
    unshrunk : float
        What the clicks alone say; NaN where they say nothing.
    apple_clicks_n, visible_clicks_n : float
        Clean clicks it rests on, weighted by stratum.
    """

    value: float
    low: float
    high: float
    unshrunk: float
    apple_clicks_n: float
    visible_clicks_n: float

    @property
    def assumption(self) -> str:
        """What has to be said wherever a figure rests on kappa."""
        return (
            "Readers behind Apple are assumed to click as often per read as others; only a panel could tell."
        )


def no_kappa() -> Kappa:
    """Return kappa as it is believed before any click: 1, with the prior's interval."""
    return Kappa(1.0, float(np.exp(-1.96 * PRIOR_SD)), float(np.exp(1.96 * PRIOR_SD)), float("nan"), 0.0, 0.0)


def clicks_per_read(
    clicked: Floats, p_read: Floats, weights: Floats, engagement: Ints, campaigns: Ints
) -> Floats:
    """Return each message's expected clean clicks per read, learnt from visible recipients.

    Parameters
    ----------
    clicked : numpy.ndarray of float64
        1 for messages that were seen read and have a clean click. Readers whose client blocks images click
        unseen: counting those would overstate the clicks per read that is seen.
    p_read : numpy.ndarray of float64
        P(read, and seen so) by the read hazard.
    weights : numpy.ndarray of float64
        How much each message is a visible recipient's.
    engagement, campaigns : numpy.ndarray of int64
        Classes; -1 for no campaign.

    Notes
    -----
    One rate per class of engagement, times a factor per campaign, each shrunk to the rate above it by ten
    clicks.
    """
    base = float(weights @ clicked) / max(float(weights @ p_read), 1e-9)
    if base <= 0:
        return np.zeros(len(clicked))
    rate = _shrunken(weights * clicked, weights * p_read * base, engagement) * base
    return np.asarray(
        rate * _shrunken(weights * clicked, weights * p_read * rate, campaigns), dtype=np.float64
    )


def _shrunken(seen: Floats, expected: Floats, groups: Ints) -> Floats:
    """Return each row's group's seen over expected, shrunk towards 1; 1 where the group is -1."""
    place = groups + 1
    ratio = (np.bincount(place, seen) + _CELL_PRIOR_CLICKS) / (
        np.bincount(place, expected) + _CELL_PRIOR_CLICKS
    )
    return np.asarray(np.where(groups < 0, 1.0, ratio[place]), dtype=np.float64)


def solve_kappa(
    clicked: Floats,
    per_read: Floats,
    read_hazard: Floats,
    apple: Floats,
    *,
    visible_clicks_n: float,
    recipients: Ints,
) -> Kappa:
    """Return kappa with its interval.

    Parameters
    ----------
    clicked : numpy.ndarray of float64, shape (messages,)
        1 for messages with a clean click in the time followed.
    per_read : numpy.ndarray of float64
        From `clicks_per_read`.
    read_hazard : numpy.ndarray of float64
        Expected readings of each message over the time followed, were its recipient visible.
    apple : numpy.ndarray of float64
        How much each message belongs to Apple's stratum.
    visible_clicks_n : float
        Clicks that the clicks per read rest on.
    recipients : numpy.ndarray of int64
        A number per recipient.

    Notes
    -----
    Log kappa has a normal prior around 0; clicks are overdispersed Poisson, since some people click often.
    The interval is Laplace's, and counts the visible clicks too, from which the clicks per read come.
    """
    apple_clicks = float(apple @ clicked)
    weight = apple * per_read

    def expected(log_kappa: float) -> float:
        return float(weight @ -np.expm1(-np.exp(log_kappa) * read_hazard))

    if visible_clicks_n < 1 or expected(0.0) <= 0:
        return no_kappa()
    spread = _overdispersion(apple * clicked, weight * -np.expm1(-read_hazard), recipients)
    seen = max(apple_clicks, 0.5)
    variance = spread * (1 / seen + 1 / visible_clicks_n)  # of log (seen / expected)

    def elasticity(log_kappa: float) -> float:
        """Return d log expected / d log kappa: 1 where reading is rare, 0 where everybody reads anyway."""
        return float(np.log(expected(log_kappa + _SMALL) / expected(log_kappa - _SMALL))) / (2 * _SMALL)

    def slope(log_kappa: float) -> float:
        """Return the derivative of the log posterior."""
        misfit = np.log(seen) - np.log(expected(log_kappa))
        return float(misfit * elasticity(log_kappa) / variance - log_kappa / PRIOR_SD**2)

    mode = _falling_root(slope)
    sd = (elasticity(mode) ** 2 / variance + 1 / PRIOR_SD**2) ** -0.5
    unshrunk = _falling_root(lambda log_kappa: apple_clicks - expected(log_kappa))
    return Kappa(
        value=float(np.exp(mode)),
        low=float(np.exp(mode - 1.96 * sd)),
        high=float(np.exp(mode + 1.96 * sd)),
        unshrunk=float(np.exp(unshrunk)),
        apple_clicks_n=apple_clicks,
        visible_clicks_n=visible_clicks_n,
    )


def _overdispersion(seen: Floats, expected: Floats, recipients: Ints) -> float:
    """Return the variance of clicks per recipient as a multiple of Poisson's, at least 1."""
    scaled = expected * (seen.sum() / max(expected.sum(), 1e-9))
    residual = np.bincount(recipients, seen) - np.bincount(recipients, scaled)
    return max(1.0, float((residual**2).sum() / max(scaled.sum(), 1e-9)))


def _falling_root(function: Callable[[float], float]) -> float:
    """Return where a falling function of log kappa crosses 0, within .1 to 10, by bisection."""
    low, high = _LOWEST, _HIGHEST
    while high - low > _SMALL:
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return float((low + high) / 2)
