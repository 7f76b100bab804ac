"""The two questions a verdict is made of, each answered by one small LightGBM booster.

First: was it a machine other than Apple's prefetch? Then, given that it was not: a person or a prefetch? With m and h
the two answers, p_machine = m, p_human = (1 - m) h and p_prefetch = (1 - m)(1 - h). Two binary stages keep soft
labels, calibration and reasons simple (DESIGN.md, decision 3): LightGBM's own multiclass objective takes no soft label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import lightgbm as lgb
    from numpy.typing import NDArray

    Matrix = NDArray[Any]
    Floats = NDArray[np.float64]

DEFAULT_PARAMS: Final[Mapping[str, Any]] = {
    "num_leaves": 31,
    "learning_rate": 0.08,
    "min_data_in_leaf": 200,
    "min_sum_hessian_in_leaf": 5.0,
    "lambda_l2": 5.0,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "max_bin": 127,
}
"""Few, strongly regularised trees: prediction is most of the cost of scoring, and tree count its lever (TECH.md)."""

_BLOCK_ROWS: Final = 50_000
"""Rows that are put in order together: more gain little, and are copied."""

_FEWEST_SORTED: Final = 2_000
"""Rows below which sorting is not worth a call more."""

_SORTING_TREES: Final = 8


@dataclass(frozen=True, slots=True)
class Stages:
    """The two fitted boosters.

    Attributes
    ----------
    machine : lightgbm.Booster
        Log-odds of a machine other than Apple's prefetch.
    human : lightgbm.Booster
        Log-odds of a person, given that it was no such machine.
    """

    machine: lgb.Booster
    human: lgb.Booster

    def log_odds(self, matrix: Matrix, *, threads: int = 0) -> Matrix:
        """Return the uncalibrated log-odds of both stages, float64 of shape (rows, 2): machine, human."""
        answers = np.empty((len(matrix), 2))
        for places, rows in self.alike(matrix, threads=threads):
            for stage, booster in enumerate((self.machine, self.human)):
                answers[places, stage] = booster.predict(rows, raw_score=True, num_threads=threads)
        return answers

    def alike(self, matrix: Matrix, *, threads: int = 0) -> Iterator[tuple[NDArray[np.intp] | slice, Matrix]]:
        """Yield the rows in blocks, alike ones beside each other, and their places in the matrix.

        A processor guesses which way a tree turns by the way the last rows turned, and guesses right where they were
        alike: by the leaves of the first few trees they are put in an order that is answered 1.3 to 1.6 times as fast
        (`tests/bench/bench_model.py`). No answer depends on the rows beside it, so none changes by a bit.
        """
        if len(matrix) < _FEWEST_SORTED:
            yield slice(None), matrix
            return
        trees_n = min(_SORTING_TREES, self.human.num_trees())
        for start in range(0, len(matrix), _BLOCK_ROWS):
            rows = matrix[start : start + _BLOCK_ROWS]
            leaves = self.human.predict(rows, pred_leaf=True, num_iteration=trees_n, num_threads=threads)
            order = np.lexsort(np.asarray(leaves).reshape(len(rows), -1).T[::-1])
            yield start + order, rows[order]

    def contributions(self, matrix: Matrix, *, threads: int = 0) -> tuple[Matrix, Matrix]:
        """Return each feature's share of both log-odds, two float64 arrays of shape (rows, features + 1).

        The last column is the stage's base rate; rows sum to `log_odds`.
        """
        machine, human = (
            np.asarray(booster.predict(matrix, pred_contrib=True, num_threads=threads))
            for booster in (self.machine, self.human)
        )
        return machine, human


def three_probabilities(machine: Floats, human: Floats) -> Matrix:
    """Return p_human, p_prefetch and p_machine from the two stages' probabilities; rows sum to 1.

    Parameters
    ----------
    machine, human : numpy.ndarray of float64, shape (rows,)
        P(machine), and P(human | not machine).
    """
    return np.column_stack([(1 - machine) * human, (1 - machine) * (1 - human), machine])


def stage_targets(
    soft_labels: Matrix, weights: Floats, human_weights: Floats | None = None
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Return what each stage is asked, as targets between 0 and 1, and how much each row counts.

    Parameters
    ----------
    soft_labels : numpy.ndarray of float64, shape (rows, 3)
        Human, prefetch, machine.
    weights : numpy.ndarray of float64, shape (rows,)
    human_weights : numpy.ndarray of float64, shape (rows,), optional
        Where the second stage's differ, before they are cut by what is a machine's.

    Returns
    -------
    machine, human : pair of numpy.ndarray of float64, shape (rows,)
        Target and weight; a target of one half where the weight is 0.
    """
    not_machine = 1 - soft_labels[:, 2]
    human = np.divide(
        soft_labels[:, 0], not_machine, out=np.full(len(soft_labels), 0.5), where=not_machine > 0
    )
    human_weight = weights if human_weights is None else np.asarray(human_weights, dtype=np.float64)
    return (soft_labels[:, 2], weights), (human, human_weight * not_machine)


def fit_stages(
    matrix: Matrix,
    soft_labels: Matrix,
    weights: Floats | None = None,
    *,
    rounds: int | tuple[int, int] = 100,
    params: Mapping[str, Any] | None = None,
    start: Stages | None = None,
    human_weights: Floats | None = None,
    signs: tuple[Sequence[int], Sequence[int]] | None = None,
    random_state: int = 0,
    threads: int = 0,
) -> Stages:
    """Return boosters fitted to soft labels, the same for a seed at any number of threads.

    Parameters
    ----------
    matrix : array of float, shape (rows, features)
        NaN where a feature is null.
    soft_labels : array of float, shape (rows, 3)
        Probabilities of human, prefetch and machine; rows sum to 1.
    weights : array of float, shape (rows,), optional
        How much each row counts in the first stage, and, times 1 - machine, in the second.
    rounds : int or pair of int
        Trees per stage, or of the machine and of the human stage (added to those of `start`).
    params : mapping, optional
        LightGBM parameters that replace those of `DEFAULT_PARAMS`.
    start : Stages, optional
        Fitted boosters to continue from.
    human_weights : array of float, shape (rows,), optional
        Weights of the second stage where they differ from the first's.
    signs : pair of sequences of int, optional
        Per stage and column, in which direction a feature may move the log-odds: 1 up, -1 down, 0 either way.
    random_state : int
    threads : int
        0 for LightGBM's default.
    """
    import lightgbm as lgb

    labels = np.asarray(soft_labels, dtype=np.float64)
    weight = np.ones(len(labels)) if weights is None else np.asarray(weights, dtype=np.float64)
    machine_target, human_target = stage_targets(labels, weight, human_weights)
    settings = {
        **DEFAULT_PARAMS,
        **(params or {}),
        "objective": "cross_entropy",
        "verbosity": -1,
        "seed": random_state,
        "deterministic": True,
        "force_col_wise": True,  # by rows, two threads add up sparse columns in another order than one
        "num_threads": threads,
    }

    def fit(
        target: Floats, weight: Floats, begin: lgb.Booster | None, signs: Sequence[int] | None, trees_n: int
    ) -> lgb.Booster:
        counted = weight > 0
        if not counted.any():  # all are machines, so nobody asked whether they were people: an even answer
            counted, target, weight = ~counted, np.full(len(target), 0.5), np.ones(len(target))
        # Not a copy where all count: it would be gigabytes where a default model is made.
        rows = matrix if counted.all() else matrix[counted]
        data = lgb.Dataset(
            rows, label=np.clip(target[counted], 0, 1), weight=weight[counted], free_raw_data=True
        )
        bound = {"monotone_constraints": list(signs)} if signs is not None and any(signs) else {}
        # Of a single row LightGBM would draw four fifths, which is none, and fail.
        drawn = {"bagging_freq": 0} if np.count_nonzero(counted) == 1 else {}
        return lgb.train({**settings, **bound, **drawn}, data, num_boost_round=trees_n, init_model=begin)

    machine_signs, human_signs = signs or (None, None)
    machine_n, human_n = rounds if isinstance(rounds, tuple) else (rounds, rounds)
    return Stages(
        machine=fit(*machine_target, start.machine if start else None, machine_signs, machine_n),
        human=fit(*human_target, start.human if start else None, human_signs, human_n),
    )


def grown(
    booster: lgb.Booster,
    matrix: Matrix,
    target: Floats,
    weights: Floats,
    *,
    shift: Floats,
    rounds: int,
    params: Mapping[str, Any],
    random_state: int = 0,
) -> lgb.Booster:
    """Return a stage's booster with more trees, fitted to what is left to learn after its calibration.

    A booster's log-odds are moved by the calibration that stands behind it. Trees that were fitted to the bare log-odds
    would learn that move once more, so they are fitted with it in place.

    Parameters
    ----------
    booster : lightgbm.Booster
    matrix : array of float, shape (rows, features)
    target, weights : numpy.ndarray of float64, shape (rows,)
        Probabilities to learn, and how much each counts.
    shift : numpy.ndarray of float64, shape (rows,)
        Calibrated log-odds less the booster's own.
    rounds : int
        Trees to add; 0 for none.
    params : mapping
        LightGBM parameters that replace those of `DEFAULT_PARAMS`.
    random_state : int

    Notes
    -----
    On one thread, whatever the machine has: so a seed decides everything.
    """
    import lightgbm as lgb

    settings = {
        **DEFAULT_PARAMS,
        **params,
        "verbosity": -1,
        "seed": random_state,
        "deterministic": True,
        "num_threads": 1,  # with slopes that are not LightGBM's own, another number gives other last digits
        "feature_pre_filter": False,
    }
    counted = np.flatnonzero(weights > 0)
    rows = matrix[counted]
    # LightGBM fails where there is nothing to part: too few rows for two leaves, or rows that are all alike.
    if (
        rounds == 0
        or len(rows) < 2 * settings["min_data_in_leaf"]
        or not np.any(rows != rows[0], where=~np.isnan(rows))
    ):
        return booster
    y, w, moved = target[counted], weights[counted], shift[counted]

    def steps(log_odds: Floats, _: lgb.Dataset) -> tuple[Floats, Floats]:
        """Return slope and bend of the weighted cross-entropy."""
        p = 1 / (1 + np.exp(-(log_odds + moved)))
        return w * (p - y), w * p * (1 - p)

    data = lgb.Dataset(rows, label=y, weight=w)
    return lgb.train({**settings, "objective": steps}, data, num_boost_round=rounds, init_model=booster)
