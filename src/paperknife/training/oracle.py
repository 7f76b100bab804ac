"""What could be known at best: our features and our learner, trained on the truth of many logs.

Nobody has such a model; it is what the others are measured against. Regret is the distance to it, so a learner or a
feature that is too poor raises no regret, only the simulator's own posterior shows that (LEARNING.md, "Evaluation
protocol").
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from paperknife.errors import TrainingError
from paperknife.evidence.features import encode
from paperknife.model.bundle import Model
from paperknife.model.calibration import Calibration, expit, fit_calibration
from paperknife.model.stages import Stages, fit_stages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import lightgbm as lgb
    import pandas as pd
    from numpy.typing import NDArray

    Matrix = NDArray[Any]
    Floats = NDArray[np.float64]

CLASSES: Final = ("human", "prefetch", "machine")

SETTINGS: Final[tuple[Mapping[str, Any], ...]] = (
    {
        "num_leaves": 15,
        "learning_rate": 0.1,
        "min_data_in_leaf": 150,
        "feature_fraction": 0.5,
        "lambda_l2": 5.0,
    },
    {
        "num_leaves": 47,
        "learning_rate": 0.06,
        "min_data_in_leaf": 60,
        "feature_fraction": 0.5,
        "lambda_l2": 5.0,
    },
)
"""Learners to choose from: a plain and a fine one. A search beyond that moved the oracle's loss by a few thousandths."""

ROUNDS: Final = (20, 40, 80, 120, 180, 250)
"""Numbers of trees to choose from, for each stage by itself."""

VALIDATION_EVERY: Final = 5
"""Every fifth log chooses and calibrates instead of training."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """Opens with their truth.

    Attributes
    ----------
    matrix : array of float32, shape (rows, features)
    label : array of int8, shape (rows,)
        0 human, 1 prefetch, 2 machine.
    seen_s : array of float64, shape (rows,)
    mechanism : array of object, shape (rows,)
    log_n : array of int, shape (rows,)
        Which log a row is from.
    """

    matrix: Matrix
    label: NDArray[np.int8]
    seen_s: Floats
    mechanism: NDArray[np.object_]
    log_n: NDArray[np.intp]

    def only(self, some: NDArray[np.bool_]) -> Lessons:
        """Return some of the rows."""
        return Lessons(*(getattr(self, field.name)[some] for field in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[Lessons]) -> Lessons:
        """Return the rows of several logs, numbered anew."""
        return cls(
            np.concatenate([part.matrix for part in parts]),
            np.concatenate([part.label for part in parts]),
            np.concatenate([part.seen_s for part in parts]),
            np.concatenate([part.mechanism for part in parts]),
            np.repeat(np.arange(len(parts)), [len(part.label) for part in parts]),
        )


def lessons_of(
    tables: Mapping[str, pd.DataFrame], label: Mapping[str, int], random: np.random.Generator
) -> Lessons:
    """Return every open of a log once, at one of the horizons drawn at random, with its truth.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        From `gather_horizons`, in the same order of opens.
    label : mapping of str to int
        From `event_id` to 0 human, 1 prefetch, 2 machine.
    random : numpy.random.Generator

    Raises
    ------
    TrainingError
        When an open has no truth.
    """
    horizons = list(tables.values())
    drawn = random.integers(len(horizons), size=len(horizons[0]))
    parts = []
    for n, table in enumerate(horizons):
        rows = table[drawn == n]
        told = rows["event_id"].map(label)
        if told.isna().any():
            raise TrainingError(
                f"{int(told.isna().sum())} opens have no truth; an oracle needs it of every open of its logs."
            )
        parts.append(
            Lessons(
                encode(rows),
                told.to_numpy(dtype=np.int8),
                rows["seen_s"].to_numpy(dtype=np.float64),
                rows["mechanism"].to_numpy(dtype=object),
                np.zeros(len(rows), dtype=np.intp),
            )
        )
    return Lessons.joined(parts)


def fit_oracle(
    lessons: Lessons, *, start: Model | None = None, random_state: int = 0, threads: int = 0
) -> Model:
    """Return our learner fitted to the truth of several logs, modestly tuned and calibrated on every fifth of them.

    Parameters
    ----------
    lessons : Lessons
        Of at least `VALIDATION_EVERY` logs.
    start : Model, optional
        An oracle of a wider family to grow from.
    random_state : int
    threads : int
        0 for LightGBM's default.

    Raises
    ------
    TrainingError
        For fewer logs.
    """
    is_checking = lessons.log_n % VALIDATION_EVERY == VALIDATION_EVERY - 1
    if not is_checking.any():
        raise TrainingError(
            f"An oracle needs at least {VALIDATION_EVERY} logs, so that one can choose and calibrate; "
            f"got {len(np.unique(lessons.log_n))}."
        )
    train, check = lessons.only(~is_checking), lessons.only(is_checking)
    truth = np.eye(len(CLASSES))[train.label]
    fitted = [
        fit_stages(
            train.matrix,
            truth,
            rounds=ROUNDS[-1],
            params=settings,
            start=start.stages if start else None,
            random_state=random_state,
            threads=threads,
        )
        for settings in (SETTINGS[:1] if start else SETTINGS)
    ]
    before_n = (start.stages.machine.num_trees(), start.stages.human.num_trees()) if start else (0, 0)
    is_machine = check.label == CLASSES.index("machine")
    is_human = check.label == CLASSES.index("human")
    machine = _best([one.machine for one in fitted], before_n[0], check.matrix, is_machine)
    human = _best(
        [one.human for one in fitted], before_n[1], check.matrix[~is_machine], is_human[~is_machine]
    )
    stages = Stages(machine, human)
    log_odds = stages.log_odds(check.matrix, threads=threads)

    def curve(stage: int, target: NDArray[np.bool_], weight: Floats) -> Calibration:
        hard = target.astype(np.float64)
        return fit_calibration(log_odds[:, stage], hard, weight, check.seen_s, check.mechanism)

    about = {"made_from": "the truth", "opens_n": len(lessons.label), "logs_n": int(lessons.log_n.max()) + 1}
    return Model(
        stages, curve(0, is_machine, np.ones(len(is_machine))), curve(1, is_human, 1.0 - is_machine), about
    )


def _best(
    boosters: Sequence[lgb.Booster], before_n: int, matrix: Matrix, target: NDArray[np.bool_]
) -> lgb.Booster:
    """Return the booster and number of trees that foresee the checking logs best, cut to that number."""
    import lightgbm as lgb

    tried = [
        (
            _loss(
                np.asarray(booster.predict(matrix, raw_score=True, num_iteration=before_n + rounds)), target
            ),
            n,
            rounds,
        )
        for n, booster in enumerate(boosters)
        for rounds in ROUNDS
    ]
    _, which, rounds = min(tried)
    return lgb.Booster(model_str=boosters[which].model_to_string(num_iteration=before_n + rounds))


def _loss(log_odds: Matrix, target: NDArray[np.bool_]) -> float:
    p = np.clip(expit(log_odds), 1e-6, 1 - 1e-6)
    return float(-np.log(np.where(target, p, 1 - p)).mean()) if len(p) else 0.0
