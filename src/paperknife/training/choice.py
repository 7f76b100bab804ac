"""What a log's messages teach is tried on later ones before it is kept.

Trees that earlier messages taught stand against the starting model on later messages. Where they win, they are grown
once more from all messages: what was chosen is a way to learn from this log, and the last messages teach as well as the
first. On 52 logs of two generators written apart that left, of all opens in messages later still, .2311 / .2226 and
.3561 / .3454 (instant / settled), where trees of the earlier messages alone left .2337 / .2273 and .3571 / .3457.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from paperknife.model.bundle import Model
from paperknife.model.calibration import Calibration, fit_calibration
from paperknife.model.stages import Stages, fit_stages, stage_targets
from paperknife.training.checks import agreement
from paperknife.training.correction import corrected, repeated_rows
from paperknife.training.lacking import ROWS_SHARE, rows_lacking
from paperknife.training.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from paperknife.training.lacking import Lacking

    Matrix = NDArray[Any]
    Floats = NDArray[np.float64]

_FEWEST_TAUGHT: Final = 200
"""Opens in Apple's traffic below which a starting model is not corrected: it knows more than so few say."""

_CLEARLY: Final = 0.0002
"""Label loss, in nats, by which a candidate must be better than the starting model."""

_GUARDED: Final = ("instant", "settled", "apple_relay")
"""Slices in which a candidate must not agree worse with later labels than the starting model does."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """A log's opens with what each teaches.

    Attributes
    ----------
    tables : mapping of str to pandas.DataFrame
        From `gather_horizons`.
    soft : array of float, shape (opens, 3)
        What each open teaches: human, prefetch, machine.
    weights : array of float, shape (opens, 2)
        What that is worth, for the stage of machines and that of people.
    is_later : array of bool, shape (opens,)
        Opens of the messages that calibrate and check.
    half : array of int, shape (opens,)
        0 or 1, the same for all opens of a message: later messages of 0 calibrate what those of 1 judge.
    lacking : sequence of Lacking
        The log without a field, to learn from as well.
    """

    tables: Mapping[str, pd.DataFrame]
    soft: Matrix
    weights: Matrix
    is_later: NDArray[np.bool_]
    half: NDArray[np.intp]
    lacking: Sequence[Lacking] = ()

    def rows(self, some: NDArray[np.bool_], random: np.random.Generator) -> Rows:
        """Return rows of some opens to learn from: at several horizons, with fields hidden, and without some fields."""
        opens = np.flatnonzero((self.weights.sum(axis=1) > 0) & some)
        whole = repeated_rows(self.tables, opens, random)
        rows_n = round(ROWS_SHARE * len(whole.open_n))
        return Rows.joined([whole, *(rows_lacking(one, opens, rows_n, random) for one in self.lacking)])


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen.

    Attributes
    ----------
    name : str
        "start" or "retrained".
    model : Model
        Of all messages, if retrained.
    twins : tuple of two Model
        Made as `model` was, but of earlier messages alone; the first calibrated on later messages of half 0, the second
        on those of half 1.
    agreement : pandas.DataFrame
        From `agreement`: later messages of half 1.
    notes : list of str
    """

    name: str
    model: Model
    twins: tuple[Model, ...]
    agreement: pd.DataFrame
    notes: list[str]


def choose(
    begin: Model | None,
    lessons: Lessons,
    asked: pd.Index[int],
    *,
    random_state: int,
    threads: int,
    tell: Callable[[str], None],
) -> Choice:
    """Return the starting model, or, where it agrees better with later messages, what the log made of it.

    Parameters
    ----------
    begin : Model or None
    lessons : Lessons
    asked : pandas.Index of int
        Places of the opens of which the label model of people says more than the starting model did.
    random_state, threads : int
    tell : callable
        Called with a line whenever a new part of the work begins.
    """
    random = np.random.default_rng(random_state)
    tell("Fitting")
    earlier = lessons.rows(~lessons.is_later, random)
    calibrates = np.flatnonzero((lessons.weights.sum(axis=1) > 0) & lessons.is_later)
    later = repeated_rows(lessons.tables, calibrates, random, masked_share=0.1)
    taught_n = int(np.isin(asked, earlier.open_n).sum())
    stages: Stages | None = None
    notes: list[str] = []
    if begin is None or taught_n >= _FEWEST_TAUGHT:
        stages = _grown(begin, earlier, lessons, random_state, threads)
    else:
        notes.append(
            f"Opens that could teach something new: {taught_n:,}, fewer than the {_FEWEST_TAUGHT:,} that training "
            "takes. Nothing was fitted."
        )
    tell("Calibrating on later messages")
    # One half of the later messages calibrates, the other judges: a calibration flatters itself on its own rows.
    is_judging = lessons.half[later.open_n] == 1
    calibrating, judging = later.only(~is_judging), later.only(is_judging)
    tried = {} if begin is None else {"start": begin}
    if stages is not None:
        tried["retrained"] = _calibrated(stages, begin, calibrating, lessons)
    table = agreement(tried, judging, lessons.soft, lessons.weights)
    name = _best(table, list(tried))
    if stages is None or name == "start":
        return Choice(name, tried[name], (tried[name], tried[name]), table, notes)
    twins = tried[name], _calibrated(stages, begin, judging, lessons)
    tell("Fitting to all messages")
    del earlier  # as large as what comes now
    every = lessons.rows(np.ones(len(lessons.is_later), dtype=bool), random)
    stages = _grown(begin, every, lessons, random_state, threads)
    return Choice(name, _calibrated(stages, begin, later, lessons), twins, table, notes)


def _best(table: pd.DataFrame, names: Sequence[str]) -> str:
    """Return the model that agrees best with labels that calibrated nothing; the first, unless one is clearly better.

    And in no guarded slice worse, where the first is the starting model.
    """
    losses = table.pivot_table(index="model", columns="slice", values="label_loss").reindex(list(names))
    first = names[0]
    if "all" not in losses or losses["all"].isna().any():
        return first
    if first == "start":
        guarded = losses[[name for name in _GUARDED if name in losses]].dropna(axis=1)
        is_safe = (guarded <= guarded.loc[first]).all(axis=1)
        is_better = losses["all"] < float(losses["all"].loc[first]) - _CLEARLY
        losses = losses[(is_safe & is_better) | (losses.index == first)]
    return str(losses["all"].idxmin())


def _grown(begin: Model | None, rows: Rows, lessons: Lessons, random_state: int, threads: int) -> Stages:
    """Return boosters grown from nothing, or what corrects those of the start."""
    target, weight = lessons.soft[rows.open_n], lessons.weights[rows.open_n]
    if begin is not None:
        return corrected(begin, rows, target, weight, random_state=random_state, threads=threads)
    return fit_stages(
        rows.matrix,
        target,
        weight[:, 0],
        human_weights=weight[:, 1],
        rounds=120,
        random_state=random_state,
        threads=threads,
    )


def _calibrated(stages: Stages, begin: Model | None, later: Rows, lessons: Lessons) -> Model:
    """Return the stages with curves for later rows' labels; that of machines stays the start's."""
    log_odds = stages.log_odds(later.matrix)
    (machine, machine_weight), (human, human_weight) = stage_targets(
        lessons.soft[later.open_n], lessons.weights[later.open_n, 0], lessons.weights[later.open_n, 1]
    )

    def curve(stage: int, target: Floats, weight: Floats, before: Calibration | None) -> Calibration:
        return fit_calibration(
            log_odds[:, stage], target, weight, later.seen_s, later.mechanism, before=before, pseudo_rows=100
        )

    return Model(
        stages,
        begin.machine_calibration if begin else curve(0, machine, machine_weight, None),
        curve(1, human, human_weight, begin.human_calibration if begin else None),
    )
