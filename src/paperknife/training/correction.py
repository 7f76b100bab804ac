"""The trees that correct a starting model's answers, towards what it and the labels are worth together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from paperknife.model.masking import MASKED_SHARE
from paperknife.model.stages import Stages, grown, stage_targets
from paperknife.training.rows import HORIZON_SHARES, sample_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from paperknife.model.bundle import Model
    from paperknife.training.rows import Rows

    Matrix = NDArray[Any]

_MOST_REPEATED: Final = 40_000
"""Rows to which a small log's opens are repeated, each time at a horizon of its own and with other fields hidden."""

_ROUNDS: Final = 120
_SETTINGS: Final[dict[str, Any]] = {
    "num_leaves": 15,
    "learning_rate": 0.08,
    "min_data_in_leaf": 30,
    "min_sum_hessian_in_leaf": 1.0,
    "lambda_l2": 3.0,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.7,
}
"""Of the trees that correct the starting model. Their targets are probabilities, not hits and misses: there is little
noise to fit, so small leaves do no harm. Before there were 60 trees that each saw .3 of the features: inside Apple's
traffic, instant / settled, .4632 / .4324 on 22 varied worlds where these leave .4623 / .4313, and .4001 / .3863 on 8 logs
of a generator written apart, .3976 / .3839. 31 leaves, or fewer trees at twice the rate, gained nothing."""


def repeated_rows(
    tables: Mapping[str, pd.DataFrame],
    opens: NDArray[np.intp],
    random: np.random.Generator,
    *,
    masked_share: float = MASKED_SHARE,
) -> Rows:
    """Return rows to fit or judge by: of a small log each open more than once. Parameters are those of `sample_rows`."""
    times = int(np.clip(_MOST_REPEATED // max(len(opens), 1), 1, len(HORIZON_SHARES)))
    return sample_rows(tables, np.repeat(opens, times), random, masked_share=masked_share)


def corrected(
    begin: Model, rows: Rows, soft: Matrix, weights: Matrix, *, random_state: int = 0, threads: int = 0
) -> Stages:
    """Return the starting model's boosters with trees for what its calibrated answers leave to learn.

    Parameters
    ----------
    begin : Model
    rows : Rows
    soft : array of float, shape (rows, 3)
        What each row teaches: human, prefetch, machine.
    weights : array of float, shape (rows, 2)
        What that is worth, per stage.
    random_state, threads : int
    """
    stages = []
    for booster, calibration, (target, weight) in zip(
        (begin.stages.machine, begin.stages.human),
        (begin.machine_calibration, begin.human_calibration),
        stage_targets(soft, weights[:, 0], weights[:, 1]),
        strict=True,
    ):
        raw = np.asarray(booster.predict(rows.matrix, raw_score=True, num_threads=threads))
        stages.append(
            grown(
                booster,
                rows.matrix,
                target,
                weight,
                shift=calibration.log_odds(raw, rows.seen_s, rows.mechanism) - raw,
                rounds=_ROUNDS,
                params=_SETTINGS,
                random_state=random_state,
            )
        )
    return Stages(*stages)
