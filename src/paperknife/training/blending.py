"""What each open teaches: the labels alone, or, where there is a model to begin from, what both together are worth.

A label is no truth, and neither is the starting model's word. The label models say how far each may be believed: one
about people inside Apple's traffic, one about machines. Where neither is asked the starting model's word stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paperknife.labels.label_model import LabelModel

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from paperknife.labels.labels import Labels

    Matrix = NDArray[Any]
    Floats = NDArray[np.float64]


def label_targets(labels: pd.DataFrame, is_ambiguous: NDArray[np.bool_]) -> tuple[Matrix, Matrix]:
    """Return what labels alone teach, and what each is worth.

    Parameters
    ----------
    labels : pandas.DataFrame
        `h`, `h_weight`, `m`, `m_weight` per open, as `soft_labels` makes them.
    is_ambiguous : array of bool, shape (opens,)
        Opens whose recipient is not known: they teach nothing.

    Returns
    -------
    soft : numpy.ndarray of float64, shape (opens, 3)
        Human, prefetch, machine.
    weights : numpy.ndarray of float64, shape (opens, 2)
        For the stage of machines, and that of people.
    """
    teaches = ~np.asarray(is_ambiguous, dtype=bool)
    h, m = (labels[name].fillna(0.5).to_numpy(dtype=np.float64) for name in ("h", "m"))
    weights = labels[["m_weight", "h_weight"]].fillna(0).to_numpy(dtype=np.float64) * teaches[:, None]
    return _three(h, m), weights


def corrected_targets(
    labels: Labels, is_ambiguous: NDArray[np.bool_], prior: Matrix, *, threads: int = 0
) -> tuple[Matrix, Matrix]:
    """Return the starting model's word, corrected by the label models where the sources of labels speak.

    Parameters
    ----------
    labels : Labels
        Made with the prior.
    is_ambiguous : array of bool, shape (opens,)
    prior : array of float, shape (opens, 3)
        What the starting model says: human, prefetch, machine.
    threads : int

    Returns
    -------
    soft, weights
        As `label_targets` does.
    """
    machine = prior[:, 2].astype(np.float64)
    human = prior[:, 0] / np.maximum(1 - machine, 1e-9)
    human[labels.clues.index] = LabelModel.load("people").probability(labels.clues, threads=threads)
    asked = labels.machine_clues
    machine[asked.index] = LabelModel.load("machines").probability(asked, threads=threads)
    teaches = (~np.asarray(is_ambiguous, dtype=bool)).astype(np.float64)
    return _three(human, machine), np.column_stack([teaches, teaches])


def _three(human: Floats, machine: Floats) -> Matrix:
    return np.column_stack([(1 - machine) * human, (1 - machine) * (1 - human), machine])
