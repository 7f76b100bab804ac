"""From a booster's log-odds to an honest probability: a monotone curve per horizon, and a nudge per mechanism.

A curve is a lookup table of log-odds in and log-odds out, never falling, straight between its knots. It is fitted by
isotonic regression on bins of held-out later rows, whose soft labels count as two weighted rows each, and pulled
towards what the booster said where rows are few, so that a small log changes little (LEARNING.md, "Calibration").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

HORIZON_EDGES_S: Final = (0.0, 3_600.0, 86_400.0)
"""Rows are calibrated by how much has been seen: nothing, up to an hour, up to a day, more."""

_PSEUDO_ROWS: Final = 50.0
"""Rows that the uncalibrated answer is worth in each bin."""

_MOST: Final = 9.0
"""Log-odds are kept within plus and minus this: no open is surer than 1 in 8,000 (probabilities are clipped at 1e-4
in every figure we report)."""


def expit(log_odds: Floats) -> Floats:
    """Return the probability that a log-odds stands for."""
    return 1 / (1 + np.exp(-np.clip(log_odds, -500, 500)))


def logit(probability: Floats) -> Floats:
    """Return the log-odds of a probability, kept within plus and minus `_MOST`."""
    safe = np.clip(probability, 1e-12, 1 - 1e-12)
    log_odds: Floats = np.clip(np.log(safe / (1 - safe)), -_MOST, _MOST)
    return log_odds


@dataclass(frozen=True, slots=True)
class Curve:
    """A monotone lookup from log-odds to log-odds.

    Attributes
    ----------
    knots, values : tuple of float
        Equally long, both never falling; straight lines between, parallel to the diagonal outside. Empty for the
        identity.
    """

    knots: tuple[float, ...] = ()
    values: tuple[float, ...] = ()

    def __call__(self, log_odds: Floats) -> Floats:
        """Return the calibrated log-odds."""
        if not self.knots:
            return logit(expit(log_odds))
        inside: Floats = np.interp(log_odds, self.knots, self.values)
        # Beyond the knots the shift of the last knot goes on, so that the order of extreme rows survives.
        beyond = np.minimum(log_odds - self.knots[0], 0) + np.maximum(log_odds - self.knots[-1], 0)
        bounded: Floats = np.clip(inside + beyond, -_MOST, _MOST)
        return bounded


@dataclass(frozen=True, slots=True)
class Calibration:
    """The curves of one stage, one per horizon group, and its offsets per mechanism.

    Attributes
    ----------
    curves : tuple of Curve
        In the order of `HORIZON_EDGES_S`, then the rest; empty for the identity.
    offsets : mapping of str to float
        Log-odds to add per mechanism, 0 where it is not named.
    before : Calibration, optional
        One that is applied first: a sender's own calibration corrects that of the model it began with.
    """

    curves: tuple[Curve, ...] = ()
    offsets: Mapping[str, float] = field(default_factory=dict)
    before: Calibration | None = None

    def __call__(
        self, log_odds: Floats, seen_s: Floats, mechanisms: Sequence[str] | NDArray[np.object_]
    ) -> Floats:
        """Return calibrated probabilities.

        Parameters
        ----------
        log_odds : numpy.ndarray of float64
            The booster's answer.
        seen_s : numpy.ndarray of float64
            How long after the open the evidence looked, in seconds.
        mechanisms : sequence of str
            The opens' mechanisms.
        """
        if self.before is not None:
            log_odds = logit(self.before(log_odds, seen_s, mechanisms))
        if not self.curves:
            return expit(np.clip(log_odds, -_MOST, _MOST))
        result = np.empty(len(log_odds))
        groups = horizon_groups(seen_s)
        for group, curve in enumerate(self.curves):
            here = groups == group
            result[here] = curve(log_odds[here])
        if self.offsets:
            names, places = np.unique(np.asarray(mechanisms, dtype=object).astype(str), return_inverse=True)
            result += np.array([self.offsets.get(name, 0.0) for name in names])[places]
        return expit(result)

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and numbers for JSON."""
        return {
            "curves": [{"knots": list(curve.knots), "values": list(curve.values)} for curve in self.curves],
            "offsets": dict(self.offsets),
            "before": self.before.to_dict() if self.before else None,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Calibration:
        """Return the calibration that `to_dict` stored."""
        curves = tuple(Curve(tuple(curve["knots"]), tuple(curve["values"])) for curve in stored["curves"])
        offsets = {str(name): float(offset) for name, offset in stored["offsets"].items()}
        return cls(curves, offsets, cls.from_dict(stored["before"]) if stored.get("before") else None)


def horizon_groups(seen_s: Floats) -> NDArray[np.intp]:
    """Return each row's horizon group, 0 for the instant to 3 for more than a day."""
    return np.searchsorted(HORIZON_EDGES_S, seen_s, side="left")


def fit_calibration(
    log_odds: Floats,
    labels: Floats,
    weights: Floats,
    seen_s: Floats,
    mechanisms: Sequence[str] | NDArray[np.object_],
    *,
    before: Calibration | None = None,
    pseudo_rows: float = _PSEUDO_ROWS,
    knots_n: int = 30,
) -> Calibration:
    """Return the calibration of one stage, learned on rows that its booster has not seen.

    Parameters
    ----------
    log_odds : numpy.ndarray of float64, shape (rows,)
    labels : numpy.ndarray of float64, shape (rows,)
        Soft labels, between 0 and 1.
    weights : numpy.ndarray of float64, shape (rows,)
    seen_s : numpy.ndarray of float64, shape (rows,)
    mechanisms : sequence of str
    before : Calibration, optional
        One to correct rather than replace.
    pseudo_rows : float
        Rows that the uncalibrated answer is worth in each bin, and that an offset of 0 is worth per mechanism.
    knots_n : int
        Most knots in a curve.
    """
    if before is not None:
        log_odds = logit(before(log_odds, seen_s, mechanisms))
    groups = horizon_groups(seen_s)
    curves = tuple(
        _fit_curve(
            log_odds[groups == group], labels[groups == group], weights[groups == group], pseudo_rows, knots_n
        )
        for group in range(len(HORIZON_EDGES_S) + 1)
    )
    shared = Calibration(curves)(log_odds, seen_s, mechanisms)
    names = np.asarray(mechanisms, dtype=object).astype(str)
    offsets = {}
    for name in np.unique(names):
        here = names == name
        missed = float(np.sum(weights[here] * (labels[here] - shared[here])))
        curvature = float(np.sum(weights[here] * shared[here] * (1 - shared[here])))
        # One Newton step towards the mechanism's own rate, held back by the pseudo rows.
        offsets[str(name)] = float(np.clip(missed / (curvature + 4 * pseudo_rows * 0.25), -1.5, 1.5))
    return Calibration(curves, offsets, before)


def _fit_curve(log_odds: Floats, labels: Floats, weights: Floats, pseudo_rows: float, knots_n: int) -> Curve:
    total = float(weights.sum())
    bins_n = int(min(knots_n, total // max(pseudo_rows, 1.0)))
    if bins_n < 2:  # noqa: PLR2004  a curve needs two points
        return Curve()
    order = np.argsort(log_odds, kind="stable")
    place = np.minimum((np.cumsum(weights[order]) / total * bins_n).astype(int), bins_n - 1)
    weight = np.bincount(place, weights[order], minlength=bins_n)
    full = weight > 0
    knots = np.bincount(place, weights[order] * log_odds[order], minlength=bins_n)[full] / weight[full]
    said = np.bincount(place, weights[order] * expit(log_odds[order]), minlength=bins_n)[full] / weight[full]
    hits = np.bincount(place, weights[order] * labels[order], minlength=bins_n)[full]
    rates = (hits + pseudo_rows * said) / (weight[full] + pseudo_rows)
    values = logit(_never_falling(rates, weight[full] + pseudo_rows))
    knots, first = np.unique(np.round(knots, 6), return_index=True)
    return Curve(tuple(knots.tolist()), tuple(np.round(values[first], 6).tolist()))


def _never_falling(rates: NDArray[Any], weights: NDArray[Any]) -> Floats:
    """Return the nearest never-falling sequence: pool adjacent violators (Ayer et al., 1955)."""
    pools: list[tuple[float, float, int]] = []
    for rate, weight in zip(rates.tolist(), weights.tolist(), strict=True):
        mean, mass, length = rate, weight, 1
        while pools and pools[-1][0] >= mean:
            before, before_mass, before_length = pools.pop()
            mean = (before * before_mass + mean * mass) / (before_mass + mass)
            mass += before_mass
            length += before_length
        pools.append((mean, mass, length))
    return np.concatenate([np.full(length, mean) for mean, _, length in pools])
