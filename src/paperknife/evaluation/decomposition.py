"""Where a method's loss against an oracle comes from: its base rate, the shape of its calibration, or its ranking.

LL - LL_oracle = large + shape + ranking, in nats an open:

- *large*: what the best constant shift of all log-odds would gain. The method expects too many people, or too few.
- *shape*: what the best never-falling map of its probabilities would gain beyond that, less what the oracle would gain
  from its own. It is too sure, or not sure enough.
- *ranking*: what it loses to the oracle when both are mapped at their best. It does not know who is who.

The maps are fitted to the judged opens with their truth, so they are a little too good; for both alike, which is why
the oracle's gain is taken off. Read differences of a few thousandths as nothing (Murphy 1973 has the like of this split
for the Brier score).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paperknife.evaluation.metrics import CLIP, log_loss

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The parts of an excess, in nats an open; see the module."""

    large: float
    shape: float
    ranking: float

    @property
    def excess(self) -> float:
        """Their sum: LL - LL_oracle."""
        return self.large + self.shape + self.ranking


def decompose(is_human: ArrayLike, p_human: ArrayLike, p_oracle: ArrayLike) -> Decomposition:
    """Return where a method's log loss above an oracle's comes from.

    Parameters
    ----------
    is_human : array of bool, shape (n,)
    p_human, p_oracle : array of float, shape (n,)

    Examples
    --------
    >>> human = np.arange(100) < 30
    >>> parts = decompose(human, np.full(100, 0.6), np.full(100, 0.3))
    >>> round(parts.large, 3), round(parts.ranking, 3)
    (0.184, 0.0)
    """
    human = np.asarray(is_human, dtype=bool)
    ours = np.clip(np.asarray(p_human, dtype=np.float64), CLIP, 1 - CLIP)
    best = np.clip(np.asarray(p_oracle, dtype=np.float64), CLIP, 1 - CLIP)
    said, shifted = log_loss(human, ours), log_loss(human, _shifted(human, ours))
    mapped, oracle_mapped = log_loss(human, _mapped(human, ours)), log_loss(human, _mapped(human, best))
    return Decomposition(
        large=said - shifted,
        shape=(shifted - mapped) - (log_loss(human, best) - oracle_mapped),
        ranking=mapped - oracle_mapped,
    )


def _shifted(human: NDArray[np.bool_], p: Floats) -> Floats:
    """Return the probabilities after the one shift of log-odds under which they sum to the number of humans."""
    odds = np.log(p / (1 - p))
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        if (1 / (1 + np.exp(-(odds + middle)))).sum() < human.sum():
            low = middle
        else:
            high = middle
    return np.asarray(1 / (1 + np.exp(-(odds + low))))


def _mapped(human: NDArray[np.bool_], p: Floats) -> Floats:
    """Return the best never-falling map of the probabilities: the share of humans in pooled neighbours."""
    from scipy.optimize import isotonic_regression

    values, place, counts = np.unique(p, return_inverse=True, return_counts=True)
    shares = np.bincount(place, weights=human, minlength=len(values)) / counts
    return np.asarray(isotonic_regression(shares, weights=counts).x)[place]
