"""From a booster's log-odds to an honest probability: a monotone curve per horizon, and a nudge per mechanism.

A curve is a lookup table of log-odds in and log-odds out, never falling, straight between its knots. It is fitted on
held-out later rows, whose soft labels count as two weighted rows each, in three steps: beta calibration with shifts
per mechanism, and per horizon and mechanism; isotonic regression on bins of what that says, for what is no smooth
bend; and the shifts anew. Every step is pulled towards what was said before it, so that a small log and a rare
mechanism change little (LEARNING.md, "Calibration").

Isotonic regression alone did harm: on 12 unseen worlds of the training family, calibrating the default model with
2,500 opens and their truth gave a mean log loss of .3684, and .3547 as it is done now (.3810 uncalibrated). Its bins
stood where their mean log-odds was, which moves even honest answers where a bin is wide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

HORIZON_EDGES_S: Final = (0.0, 3_600.0, 86_400.0)
"""Rows are calibrated by how much has been seen: nothing, up to an hour, up to a day, more."""

_GROUPS_N: Final = len(HORIZON_EDGES_S) + 1

_PSEUDO_ROWS: Final = 100.0
"""What the uncalibrated answer is worth. With 30 the mean over worlds is a little better, but the worst world worse."""

_MOST: Final = 9.0
"""Log-odds are kept within plus and minus this: no open is surer than 1 in 8,000 (probabilities are clipped at 1e-4
in every figure we report)."""

_GRID: Final = np.linspace(-_MOST, _MOST, 37)
"""Where fitted curves are looked up: every half, between which they are nearly straight."""

_MOST_STEPS: Final = 25
"""Newton steps; with a pull on every coefficient a handful is the rule."""

_STILL: Final = 1e-6
"""A step in log-odds that is none: they are kept to six digits."""


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
            return np.clip(log_odds, -_MOST, _MOST)
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
    horizon_offsets : tuple of mapping of str to float
        Log-odds to add per horizon group and mechanism besides; empty for none.
    """

    curves: tuple[Curve, ...] = ()
    offsets: Mapping[str, float] = field(default_factory=dict)
    before: Calibration | None = None
    horizon_offsets: tuple[Mapping[str, float], ...] = ()

    def __call__(
        self, log_odds: Floats, seen_s: Floats, mechanisms: Sequence[str] | NDArray[np.object_]
    ) -> Floats:
        """Return calibrated probabilities; see `log_odds`."""
        return expit(self.log_odds(log_odds, seen_s, mechanisms))

    def log_odds(
        self, log_odds: Floats, seen_s: Floats, mechanisms: Sequence[str] | NDArray[np.object_]
    ) -> Floats:
        """Return calibrated log-odds.

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
            log_odds = self.before.log_odds(log_odds, seen_s, mechanisms)
        if not self.curves:
            return np.clip(log_odds, -_MOST, _MOST)
        result = np.empty(len(log_odds))
        groups = horizon_groups(seen_s)
        for group, curve in enumerate(self.curves):
            here = groups == group
            result[here] = curve(log_odds[here])
        if self.offsets or self.horizon_offsets:
            places, names = pd.factorize(np.asarray(mechanisms, dtype=object))
            table = np.array(
                [
                    # The last column is for rows without a mechanism, whose place is -1.
                    [*(self.offsets.get(name, 0.0) + besides.get(name, 0.0) for name in names), 0.0]
                    for besides in self.horizon_offsets or ({},) * _GROUPS_N
                ]
            )
            result += table[groups, places]
        bounded: Floats = np.clip(result, -_MOST, _MOST)
        return bounded

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and numbers for JSON."""
        stored: dict[str, Any] = {
            "curves": [{"knots": list(curve.knots), "values": list(curve.values)} for curve in self.curves],
            "offsets": dict(self.offsets),
            "before": self.before.to_dict() if self.before else None,
        }
        if self.horizon_offsets:  # calibrations made before there were any stay what they were, to the byte
            stored["horizon_offsets"] = [dict(besides) for besides in self.horizon_offsets]
        return stored

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Calibration:
        """Return the calibration that `to_dict` stored."""
        curves = tuple(Curve(tuple(curve["knots"]), tuple(curve["values"])) for curve in stored["curves"])
        offsets = {str(name): float(offset) for name, offset in stored["offsets"].items()}
        besides = tuple(
            {str(name): float(offset) for name, offset in one.items()}
            for one in stored.get("horizon_offsets", ())
        )
        before = cls.from_dict(stored["before"]) if stored.get("before") else None
        return cls(curves, offsets, before, besides)


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
        How much the uncalibrated answer is worth: as many rows in each bin of the isotonic step, and the precision of
        every coefficient's prior (at 100, a tenth in log-odds either way is likely before any row has come).
    knots_n : int
        Most bins of the isotonic step.
    """
    if len(log_odds) == 0:  # nothing was seen, so nothing is known better than the booster knows it
        straight = Curve(tuple(_GRID.tolist()), tuple(_GRID.tolist()))
        return Calibration((straight,) * _GROUPS_N, {}, before)
    if before is not None:
        log_odds = before.log_odds(log_odds, seen_s, mechanisms)
    said = np.clip(log_odds, -_MOST, _MOST)
    groups = horizon_groups(seen_s)
    roads, road = np.unique(np.asarray(mechanisms, dtype=object).astype(str), return_inverse=True)
    cells = _cells(groups, road, len(roads))
    bent = _fit_bends(said, labels, weights, groups, cells, pseudo_rows)
    curves = []
    for group, bend in enumerate(bent):
        here = groups == group
        steps = _fit_steps(bend(said[here]), labels[here], weights[here], pseudo_rows, knots_n)
        values = np.maximum.accumulate(steps(bend(_GRID)))
        curves.append(Curve(tuple(_GRID.tolist()), tuple(np.round(values, 6).tolist())))
    shared = Calibration(tuple(curves)).log_odds(said, seen_s, mechanisms)
    found = _most_likely(shared, labels, weights, cells, np.full(cells.shape[1], pseudo_rows))
    by_road, by_both = found[: len(roads)], found[len(roads) :].reshape(_GROUPS_N, len(roads))
    return Calibration(
        tuple(curves),
        _named(roads, by_road),
        before,
        tuple(_named(roads, row) for row in by_both),
    )


def _named(roads: NDArray[Any], offsets: Floats) -> dict[str, float]:
    return {str(road): round(float(offset), 6) for road, offset in zip(roads, offsets, strict=True) if offset}


def _cells(groups: NDArray[np.intp], road: NDArray[np.intp], roads_n: int) -> Floats:
    """Return which mechanism each row has, and which mechanism at which horizon: columns of noughts and ones."""
    cells = np.zeros((len(groups), roads_n * (1 + _GROUPS_N)))
    rows = np.arange(len(groups))
    cells[rows, road] = 1
    cells[rows, roads_n * (1 + groups) + road] = 1
    return cells


def _fit_bends(
    said: Floats,
    labels: Floats,
    weights: Floats,
    groups: NDArray[np.intp],
    cells: Floats,
    pseudo_rows: float,
) -> list[_Bend]:
    """Return a smooth curve per horizon group: beta calibration, each pulled towards one for all and all to the identity.

    The mechanisms' offsets are fitted beside them, so that a curve need not explain what a mechanism does, and are
    fitted again when the curves are known.
    """
    parts = _Bend.parts(said)
    own = np.zeros((len(said), _GROUPS_N, parts.shape[1]))
    own[np.arange(len(said)), groups] = parts
    columns = np.column_stack([parts, own.reshape(len(said), -1), cells])
    found = _most_likely(said, labels, weights, columns, np.full(columns.shape[1], pseudo_rows))
    shared, rest = found[: parts.shape[1]], found[parts.shape[1] :]
    each = rest[: own[0].size].reshape(_GROUPS_N, -1)
    return [_Bend(*(shared + one).tolist()) for one in each]


@dataclass(frozen=True, slots=True)
class _Bend:
    """Beta calibration (Kull, Silva Filho and Flach, 2017): log-odds and a logarithm for either end, and a shift.

    Attributes
    ----------
    low, high : float
        By how much the slopes at the lower and upper end exceed 1.
    shift : float
    """

    low: float
    high: float
    shift: float

    @staticmethod
    def parts(log_odds: Floats) -> Floats:
        """Return what the three numbers multiply: the two logarithms and one."""
        return np.column_stack(
            [-np.logaddexp(0, -log_odds), np.logaddexp(0, log_odds), np.ones(len(log_odds))]
        )

    def __call__(self, log_odds: Floats) -> Floats:
        """Return the curve's log-odds, never falling: an end that would fall is held flat."""
        slopes = np.array([max(self.low, -1.0), max(self.high, -1.0), self.shift])
        bent: Floats = log_odds + self.parts(log_odds) @ slopes
        return bent


def _most_likely(offset: Floats, labels: Floats, weights: Floats, columns: Floats, pulls: Floats) -> Floats:
    """Return the columns' most likely coefficients beside fixed log-odds, each pulled to 0: Newton's method.

    Parameters
    ----------
    pulls : numpy.ndarray of float64, shape (columns,)
        Precision of each coefficient's prior, around 0.
    """

    def surprise(coefficients: Floats) -> float:
        """Return what is made as small as can be: the log loss, and how far the coefficients are from 0."""
        answers = offset + columns @ coefficients
        loss = weights @ (np.logaddexp(0, answers) - labels * answers)
        return float(loss + pulls @ coefficients**2 / 2)

    found, least = np.zeros(columns.shape[1]), np.inf
    for _ in range(_MOST_STEPS):
        answers = expit(offset + columns @ found)
        slope = columns.T @ (weights * (labels - answers)) - pulls * found
        bend = (columns * (weights * answers * (1 - answers))[:, None]).T @ columns + np.diag(pulls)
        step = np.linalg.solve(bend, slope)
        least = min(least, surprise(found))
        # Far from the answer a whole step may overshoot: log loss is convex, so a shorter one does not.
        while surprise(found + step) > least and np.abs(step).max() > _STILL:
            step /= 2
        found += step
        if np.abs(step).max() < _STILL:
            break
    return found


def _fit_steps(log_odds: Floats, labels: Floats, weights: Floats, pseudo_rows: float, knots_n: int) -> Curve:
    """Return an isotonic curve over bins of equal weight, each pulled towards what was said.

    A bin stands where its mean probability does, not its mean log-odds: so one whose labels agree with what was said
    maps to itself, however wide it is.
    """
    total = float(weights.sum())
    bins_n = int(min(knots_n, total // max(pseudo_rows, 1.0)))
    if bins_n < 2:  # noqa: PLR2004  a curve needs two points
        return Curve()
    order = np.argsort(log_odds, kind="stable")
    place = np.minimum((np.cumsum(weights[order]) / total * bins_n).astype(int), bins_n - 1)
    weight = np.bincount(place, weights[order], minlength=bins_n)
    full = weight > 0
    said = np.bincount(place, weights[order] * expit(log_odds[order]), minlength=bins_n)[full] / weight[full]
    hits = np.bincount(place, weights[order] * labels[order], minlength=bins_n)[full]
    rates = (hits + pseudo_rows * said) / (weight[full] + pseudo_rows)
    values = logit(_never_falling(rates, weight[full] + pseudo_rows))
    knots, first = np.unique(np.round(logit(said), 6), return_index=True)
    return Curve(tuple(knots.tolist()), tuple(values[first].tolist()))


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
