"""A panel's truth, as a few more trees on top of what is known without it: as many as it bears, which may be none.

The trees learn where the model errs on the panel's opens. How many of them help people outside the panel is seen by
leaving out a fifth of its recipients at a time (cross-validation), so a panel of a dozen people changes little, and one
of hundreds much. Where the panel has no opens, nothing may change: some of the log's other opens go with it, and say what
the model says of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from paperknife.labels.panel import IDLE, PANEL
from paperknife.model.calibration import expit
from paperknife.model.stages import Stages, grown
from paperknife.training.rows import HORIZON_SHARES, every_horizon

if TYPE_CHECKING:
    from collections.abc import Mapping

    import lightgbm as lgb
    from numpy.typing import NDArray

    from paperknife.model.bundle import Model
    from paperknife.model.calibration import Calibration
    from paperknife.training.rows import Rows

    Floats = NDArray[np.float64]

_FOLDS: Final = 5
_MOST_ROUNDS: Final = 200
_STEP: Final = 20
_WORTH: Final = 0.001  # nats an open
_LEAST: Final = {"machine": 0.0, "human": 0.003}
"""Nats an open, by stage, below which no trees are grown. Of 30 recipients, six of them behind Apple, 180 trees had
gained .002, by saying .99 of visible readers' opens where .98 was said, and brought others' Apple opens .10 more loss."""

_SETTINGS: Final[dict[str, Any]] = {
    "num_leaves": 7,
    "learning_rate": 0.06,
    "min_data_in_leaf": 20,
    "min_sum_hessian_in_leaf": 1.0,
    "lambda_l2": 3.0,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.7,
}
"""Chosen on 25 varied worlds with panels of 300 recipients (1,538 opens on average), from 10,000 messages each: log loss
at the instant fell by .052, by trees in Apple's traffic alone by .027 (on 51 worlds); 15 leaves did no better."""


ANCHOR_OPENS: Final = 100.0
"""What the log's other opens, all together, count beside a panel's: they hold the model where the panel says nothing."""

_MOST_ANCHORS: Final = 3_000


@dataclass(frozen=True, slots=True)
class Told:
    """What a panel says, per open of the log.

    Attributes
    ----------
    human, machine : numpy.ndarray of float64, shape (opens,)
        1 or 0: a person rather than a prefetch; another machine.
    human_weight, machine_weight : numpy.ndarray of float64, shape (opens,)
        0 where it says nothing.
    who : numpy.ndarray of int64, shape (opens,)
        A number per recipient.
    is_idle : numpy.ndarray of bool, shape (opens,)
        Opens of devices that nobody picks up.
    is_like : bool
        Whether the panel's people are like the log's others.
    """

    human: Floats
    machine: Floats
    human_weight: Floats
    machine_weight: Floats
    who: NDArray[np.int64]
    is_idle: NDArray[np.bool_]
    is_like: bool = True

    def only(self, some: NDArray[np.bool_]) -> Told:
        """Return what it says of some opens."""
        return replace(self, human_weight=self.human_weight * some, machine_weight=self.machine_weight * some)


@dataclass(frozen=True, slots=True)
class PanelTrees:
    """How many trees a panel bears, and what they gain.

    Attributes
    ----------
    machine_n, human_n : int
        Trees per stage.
    machine_loss, human_loss : pair of float
        Log loss of either stage on the panel's recipients, without the trees and with trees that had not seen them. The
        level that was learned before had seen them all.
    """

    machine_n: int
    human_n: int
    machine_loss: tuple[float, float]
    human_loss: tuple[float, float]

    @property
    def sentence(self) -> str:
        """What a person should know of it."""
        if not self.machine_n and not self.human_n:
            return "The panel added no trees: none that learned from some of its recipients helped others clearly."
        gains = [
            f"{trees_n} trees about {what} (log loss on its recipients, each left out in turn, {before:.3f} before and "
            f"{after:.3f} after)"
            for what, trees_n, (before, after) in (
                ("people", self.human_n, self.human_loss),
                ("machines", self.machine_n, self.machine_loss),
            )
            if trees_n
        ]
        return f"On top of that the panel added {' and '.join(gains)}."


def told_by_panel(labels: pd.DataFrame, evidence: pd.DataFrame, *, is_like: bool) -> Told:
    """Return what a panel says of each open.

    Parameters
    ----------
    labels : pandas.DataFrame
        From `soft_labels` with the panel.
    evidence : pandas.DataFrame
        In the same order.
    is_like : bool
        Whether the panel's people are like the log's others. One of strangers teaches what people's opens look like (its
        weights keep it from teaching how many there are), and nothing of machines.
    """
    is_ambiguous = evidence["is_ambiguous"].fillna(value=False).to_numpy(dtype=bool)
    is_told = labels["source"].isin([PANEL, IDLE]).to_numpy(dtype=bool) & ~is_ambiguous
    # Of devices that nobody picks up the panel's word on people was not taken: their labels are what they were.
    is_word = is_told & labels["h"].isin([0.0, 1.0]).to_numpy(dtype=bool)
    numbers = {
        name: labels[name].fillna(0).to_numpy(dtype=np.float64) for name in ("h", "m", "h_weight", "m_weight")
    }
    most = max(float(numbers["m_weight"][is_told].max(initial=0.0)), 1e-9)
    who = pd.factorize(evidence["recipient_id"].fillna(evidence["message_id"]))[0].astype(np.int64)
    return Told(
        numbers["h"],
        numbers["m"],
        np.where(is_word, numbers["h_weight"] / most, 0.0),
        np.where(is_told & is_like, numbers["m_weight"] / most, 0.0),
        who,
        labels["source"].eq(IDLE).to_numpy(dtype=bool),
        is_like,
    )


def fit_panel(
    model: Model, tables: Mapping[str, pd.DataFrame], told: Told, *, random_state: int = 0, threads: int = 0
) -> PanelTrees:
    """Return how many trees the panel bears in each stage.

    Parameters
    ----------
    model : Model
        What is known without the panel.
    tables : mapping of str to pandas.DataFrame
        Evidence by horizon.
    told : Told
    random_state, threads : int
    """
    lessons = _lessons(model, tables, told, random_state)
    counts = []
    for stage in ("machine", "human"):
        lesson = lessons[stage]
        losses = np.zeros((len(lesson.who), _MOST_ROUNDS // _STEP + 1))
        for fold in range(_FOLDS):
            out = lesson.is_told & (lesson.who % _FOLDS == fold)
            if not out.any() or not (lesson.is_told & ~out).any():
                continue
            booster = lesson.grown(~out, _MOST_ROUNDS, random_state)
            first = lesson.booster.num_trees()
            for place in range(losses.shape[1]):
                raw = np.asarray(
                    booster.predict(
                        lesson.rows.matrix[out],
                        raw_score=True,
                        num_iteration=first + place * _STEP,
                        num_threads=threads,
                    )
                )
                losses[out, place] = lesson.losses(out, raw)
        told_rows = lesson.is_told
        enough, said = _enough(
            losses[told_rows], lesson.who[told_rows], lesson.weight[told_rows], _LEAST[stage]
        )
        counts.append((enough * _STEP, said))
    (machine_n, machine_loss), (human_n, human_loss) = counts
    return PanelTrees(machine_n, human_n, machine_loss, human_loss)


def _enough(
    losses: Floats, who: NDArray[np.int64], weight: Floats, least: float
) -> tuple[int, tuple[float, float]]:
    """Return at which place few enough trees stand, and the mean loss without trees and there.

    By a dozen people many trees seem to help: none are grown unless the best number gains more than chance, by the
    standard error over recipients, and more than `least`. Trees are most of what scoring costs: of those that help, the
    fewest after which more are worth nothing.
    """
    by_person = pd.DataFrame(losses).groupby(who).sum().to_numpy()
    total = by_person.sum(axis=0)
    opens_n = max(float(weight.sum()), 1e-9)
    people_n = len(by_person)
    gains = by_person[:, 0] - by_person[:, int(np.argmin(total))]
    chance = np.sqrt(people_n * gains.var(ddof=1)) if people_n > 1 else np.inf
    enough = int(np.argmax(total <= total.min() + _WORTH * opens_n)) if gains.sum() > chance else 0
    if total[0] - total[enough] < least * opens_n:
        enough = 0
    return enough, (float(total[0] / opens_n), float(total[enough] / opens_n))


def with_panel(
    model: Model,
    tables: Mapping[str, pd.DataFrame],
    told: Told,
    trees: PanelTrees,
    *,
    random_state: int = 0,
) -> Model:
    """Return the model with as many trees as the panel bears; parameters are those of `fit_panel`."""
    lessons = _lessons(model, tables, told, random_state)
    machine, human = (
        lessons[stage].grown(np.ones(len(lessons[stage].who), dtype=bool), rounds, random_state)
        for stage, rounds in (("machine", trees.machine_n), ("human", trees.human_n))
    )
    return replace(model, stages=Stages(machine, human))


@dataclass(frozen=True, slots=True)
class _Lesson:
    """One stage's rows; those of anchors are nobody's (`who` is -1)."""

    booster: lgb.Booster
    calibration: Calibration
    rows: Rows
    target: Floats
    weight: Floats
    shift: Floats
    who: NDArray[np.int64]

    @property
    def is_told(self) -> NDArray[np.bool_]:
        """Which rows are the panel's."""
        return np.asarray(self.who >= 0)

    def grown(self, some: NDArray[np.bool_], rounds: int, random_state: int) -> lgb.Booster:
        return grown(
            self.booster,
            self.rows.matrix[some],
            self.target[some],
            self.weight[some],
            shift=self.shift[some],
            rounds=rounds,
            params=_SETTINGS,
            random_state=random_state,
        )

    def losses(self, some: NDArray[np.bool_], raw: Floats) -> Floats:
        """Return each row's weighted log loss by a booster's answers to some rows, calibrated as the model will be."""
        log_odds = self.calibration.log_odds(raw, self.rows.seen_s[some], self.rows.mechanism[some])
        p = np.clip(expit(log_odds), 1e-4, 1 - 1e-4)
        y = self.target[some]
        return np.asarray(-self.weight[some] * (y * np.log(p) + (1 - y) * np.log(1 - p)))


def _lessons(
    model: Model, tables: Mapping[str, pd.DataFrame], told: Told, random_state: int
) -> dict[str, _Lesson]:
    """Return what either stage has to learn: each open of the panel at every horizon, and its anchors."""
    lessons = {}
    for place, (stage, booster, calibration, target, weight) in enumerate(
        (
            ("machine", model.stages.machine, model.machine_calibration, told.machine, told.machine_weight),
            ("human", model.stages.human, model.human_calibration, told.human, told.human_weight),
        )
    ):
        random = np.random.default_rng([random_state, place])
        anchors = random.permutation(np.flatnonzero(weight == 0))[:_MOST_ANCHORS]
        opens = np.concatenate([np.flatnonzero(weight > 0), anchors])
        rows = every_horizon(tables, opens)
        raw = np.asarray(booster.predict(rows.matrix, raw_score=True)) if len(opens) else np.zeros(0)
        calibrated = calibration.log_odds(raw, rows.seen_s, rows.mechanism)
        is_anchor = weight[rows.open_n] == 0
        counts = np.where(is_anchor, ANCHOR_OPENS / max(len(anchors), 1), weight[rows.open_n])
        lessons[stage] = _Lesson(
            booster,
            calibration,
            rows,
            np.where(is_anchor, expit(calibrated), target[rows.open_n]),
            counts / len(HORIZON_SHARES),
            calibrated - raw,
            np.where(is_anchor, -1, told.who[rows.open_n]),
        )
    return lessons
