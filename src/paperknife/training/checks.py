"""How well models agree with the labels of later messages: the only check a log without truth allows by itself.

It is no accuracy. A label is a probability that rests on assumptions; a model that agrees with labels it has not seen
has learned what they have in common, and one that does not has not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from paperknife.model.bundle import Model
    from paperknife.training.rows import Rows

    Matrix = NDArray[Any]
    Floats = NDArray[np.float64]


def agreement(models: Mapping[str, Model], later: Rows, soft: Matrix, weights: Matrix) -> pd.DataFrame:
    """Return each model's agreement with the labels of later rows, overall, by horizon and by mechanism.

    Parameters
    ----------
    models : mapping of str to Model
    later : Rows
        Rows that trained nothing.
    soft : array of float, shape (opens, 3)
        Labels of all opens: human, prefetch, machine.
    weights : array of float, shape (opens, 2)
        What they are worth, per stage.

    Returns
    -------
    pandas.DataFrame
        `model`, `slice`, `opens_n`; `label_loss` (mean cross-entropy in nats against the three-class labels), `bias`
        (mean p_human less the labels' mean), `p_human`, `label_human` (means), `noise` (standard error of the loss less
        the first model's, in nats, rows of one open together).
    """
    labels = soft[later.open_n]
    weight = weights[later.open_n].min(axis=1)
    slices = {"all": np.ones(len(labels), dtype=bool)}
    slices |= {"instant": later.seen_s == 0, "settled": later.seen_s > 86_400}  # noqa: PLR2004  seconds of a day
    slices |= {str(road): later.mechanism == road for road in np.unique(later.mechanism.astype(str))}
    rows: list[dict[str, Any]] = []
    losses: list[Floats] = []
    for name, model in models.items():
        answers = model.probabilities(later.matrix, later.seen_s, later.mechanism)
        loss = -(labels * np.log(np.clip(answers, 1e-4, 1))).sum(axis=1)
        losses.append(loss)
        for slice_name, here in slices.items():
            mass = weight[here]
            if mass.sum() == 0:
                continue
            p_human = float(np.average(answers[here, 0], weights=mass))
            label_human = float(np.average(labels[here, 0], weights=mass))
            rows.append(
                {
                    "model": name,
                    "slice": slice_name,
                    "opens_n": len(np.unique(later.open_n[here])),
                    "label_loss": float(np.average(loss[here], weights=mass)),
                    "bias": p_human - label_human,
                    "p_human": p_human,
                    "label_human": label_human,
                    "noise": _standard_error((loss - losses[0])[here], mass, later.open_n[here]),
                }
            )
    columns = ["model", "slice", "opens_n", "label_loss", "bias", "p_human", "label_human", "noise"]
    return pd.DataFrame(rows, columns=columns)


def _standard_error(values: Floats, weights: Floats, groups: NDArray[np.intp]) -> float:
    """Return the standard error of a weighted mean whose values are alike within groups."""
    off = weights * (values - np.average(values, weights=weights))
    return float(np.sqrt((np.bincount(groups, off) ** 2).sum()) / weights.sum())
