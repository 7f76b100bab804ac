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

_ROUNDS: Final = 240
_SETTINGS: Final[dict[str, Any]] = {
    "num_leaves": 4,
    "learning_rate": 0.08,
    "min_data_in_leaf": 30,
    "min_sum_hessian_in_leaf": 1.0,
    "lambda_l2": 3.0,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.7,
}
"""Of the trees that correct the starting model. Small ones: what carries over to later messages is a level, a curve over
the delay and little else, and larger trees also learn by heart what was said of this or that recipient. Mean log loss in
later messages inside Apple's traffic, instant / settled, 18 and 34 logs of two generators written apart: 15 leaves and
120 trees .3533 / .3374 and .4887 / .4713; 8 leaves .3530 / .3362 and .4878 / .4702; 4 leaves and 240 trees .3521 / .3344
and .4877 / .4698 (the starting model .3861 / .3670 and .5051 / .4867). 480 such trees, a leaf of at least 200 rows, .3 of
the features a tree, or half the rate gained nothing on both."""


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
