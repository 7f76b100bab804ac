"""Labels and the starting model's word as one target: each counts by what it is worth.

A label is no truth. Where the starting model knows better (visible clients, machines) its word stands; where nobody
knows well (inside Apple's traffic) both are heard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Matrix = NDArray[Any]
    Floats = NDArray[np.float64]

PRIOR_WEIGHT: Final = 0.2
"""What the starting model's word is worth beside a full label of the log's own."""

APPLE_PRIOR_WEIGHT: Final = 2.0
"""The same inside Apple's traffic, without a panel: a label moves the answer by a third of the way.

On the varied worlds 3000-3011 with 10,000 messages (11 logs with Apple opens, the plain ones 40 and 41 among them), the
log-odds shift that brings the default's mean to that of the labels is a poor estimate of the one that brings it to the
truth: best multiplied by .25, with a standard deviation of .6 left, as much as the default's own error has. The whole
shift cost .033 nats in the worst world and a third of it .004. On 14 others (varied 2001-2018) the factor was .5 settled
and .7 at the instant, with the same .6 left; a third gained .0008 and .0021 and cost .014 at worst, half
.0007 and .0024 and .022.
"""


def blended(
    labels: pd.DataFrame,
    is_ambiguous: NDArray[np.bool_],
    prior: Matrix | None,
    *,
    is_apple: NDArray[np.bool_] | None = None,
) -> tuple[Matrix, Matrix]:
    """Return the labels with the prior filled in, and what each is worth.

    Parameters
    ----------
    labels : pandas.DataFrame
        `h`, `h_weight`, `m`, `m_weight` per open, as `soft_labels` makes them.
    is_ambiguous : array of bool, shape (opens,)
        Opens whose recipient is not known: they teach nothing.
    prior : array of float, shape (opens, 3), optional
        What the starting model says: human, prefetch, machine.
    is_apple : array of bool, shape (opens,), optional
        Where the labels may correct the prior, by a third of the way: elsewhere, and of machines, its word stands.

    Returns
    -------
    soft : numpy.ndarray of float64, shape (opens, 3)
    weights : numpy.ndarray of float64, shape (opens, 2)
        For the stage of machines, and that of people.
    """
    teaches = ~np.asarray(is_ambiguous, dtype=bool)
    worth = 0.0 if prior is None else PRIOR_WEIGHT if is_apple is None else APPLE_PRIOR_WEIGHT
    extra = np.where(teaches, worth, 0.0)
    counted = {"m": teaches, "h": teaches}
    if is_apple is not None:
        counted = {"m": np.zeros_like(teaches), "h": teaches & is_apple}
    said = np.full((len(labels), 3), 1 / 3) if prior is None else prior
    not_machine = np.maximum(1 - said[:, 2], 1e-9)

    def mix(name: str, prior_share: Floats) -> tuple[Floats, Floats]:
        weight = labels[f"{name}_weight"].fillna(0).to_numpy(dtype=np.float64) * counted[name]
        label = labels[name].fillna(0.5).to_numpy(dtype=np.float64)
        total = weight + extra
        mixed = np.divide(
            weight * label + extra * prior_share, total, out=np.full(len(label), 0.5), where=total > 0
        )
        return mixed, total

    machine, machine_weight = mix("m", said[:, 2])
    human, human_weight = mix("h", said[:, 0] / not_machine)
    soft = np.column_stack([(1 - machine) * human, (1 - machine) * (1 - human), machine])
    return soft, np.column_stack([machine_weight, human_weight])
