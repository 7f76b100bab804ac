"""What a log's messages teach is tried on later ones before it is kept.

Trees that earlier messages taught stand against the starting model on later messages. Where they win, they are grown
once more from all messages: what was chosen is a way to learn from this log, and the last messages teach as well as the
first. Mean log loss of all opens in messages later still (instant / settled), 18 and 34 logs of two generators written
apart, not in the repository, before rows without fields came to it: .2340 / .2271 and .3569 / .3458 by the trees that
were tried, .2310 / .2225 and .3561 / .3454 by those grown from all. The curves of the former on the latter, so that no
tree had learned from what calibrates it, left .2326 / .2245 and .3569 / .3458.

With no model to begin from there is nothing to choose: what earlier messages taught is kept, calibrated on later ones.
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
from paperknife.training.rows import Rows
from paperknife.training.without_fields import ROWS_SHARE, rows_without

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from paperknife.training.without_fields import WithoutField

    Matrix = NDArray[Any]
    Floats = NDArray[np.float64]

_FEWEST_TAUGHT: Final = 200
"""Opens in Apple's traffic below which a starting model is not corrected: it knows more than so few say."""

_CLEARLY: Final = 0.0002
"""Label loss, in nats, by which a candidate must be better than the starting model."""

_GUARDED: Final = ("instant", "settled", "apple_relay")
"""Slices in which a candidate must not agree worse with later labels than the starting model does, by more than the
standard error of the difference: of a log with human-like gateways, written apart, the trees had brought .270 of label
loss to .193, and were thrown away for .003 in 137 opens of Apple's relay."""


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
        Opens of the messages that calibrate and check what the others taught.
    half : array of int, shape (opens,)
        0 or 1, the same for all opens of a message: later messages of 0 calibrate what those of 1 judge.
    """

    tables: Mapping[str, pd.DataFrame]
    soft: Matrix
    weights: Matrix
    is_later: NDArray[np.bool_]
    half: NDArray[np.intp]

    @property
    def teaches(self) -> NDArray[np.bool_]:
        """Opens that are worth anything."""
        return np.asarray(self.weights.sum(axis=1) > 0)

    def rows(
        self, some: NDArray[np.bool_], without: Sequence[WithoutField], random: np.random.Generator
    ) -> Rows:
        """Return rows of some opens to learn from: at several horizons, with fields hidden, and without some fields."""
        opens = np.flatnonzero(self.teaches & some)
        whole = repeated_rows(self.tables, opens, random)
        rows_n = round(ROWS_SHARE * len(whole.open_n))
        return Rows.joined([whole, *(rows_without(log, opens, rows_n, random) for log in without)])


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
        If retrained, of earlier messages alone, the first calibrated on later messages of half 0, the second on those of
        half 1; else the starting model.
    agreement : pandas.DataFrame
        From `agreement`, on later messages: those of half 1, where something was fitted.
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
    corrected_n: NDArray[np.intp],
    gather: Callable[[], Sequence[WithoutField]],
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
    corrected_n : array of int
        Places of the opens about which the label model of people was asked.
    gather : callable
        Called for the log without its fields, should there be enough to learn from.
    random_state, threads : int
    tell : callable
        Called with a line whenever a new part of the work begins.
    """
    random = np.random.default_rng(random_state)

    def to_calibrate() -> Rows:
        opens = np.flatnonzero(lessons.teaches & lessons.is_later)
        return repeated_rows(lessons.tables, opens, random, masked_share=0.1)

    taught_n = int((lessons.teaches & ~lessons.is_later)[corrected_n].sum())
    if begin is not None and taught_n < _FEWEST_TAUGHT:
        note = (
            f"Opens that could teach something new: {taught_n:,}, fewer than the {_FEWEST_TAUGHT:,} that training "
            "takes. Nothing was fitted."
        )
        table = agreement({"start": begin}, to_calibrate(), lessons.soft, lessons.weights)
        return Choice("start", begin, (begin, begin), table, [note])
    without = gather()
    tell("Fitting")
    rows = lessons.rows(~lessons.is_later, without, random)
    stages = _grown(begin, rows, lessons, random_state, threads)
    tell("Calibrating on later messages")
    later = to_calibrate()
    # One half of the later messages calibrates, the other judges: a calibration flatters itself on its own rows.
    is_judging = lessons.half[later.open_n] == 1
    calibrating, judging = later.only(~is_judging), later.only(is_judging)
    tried = {} if begin is None else {"start": begin}
    tried["retrained"] = _calibrated(stages, begin, calibrating, lessons)
    table = agreement(tried, judging, lessons.soft, lessons.weights)
    if begin is not None and not _agrees_better(table):
        return Choice("start", begin, (begin, begin), table, [])
    twins = tried["retrained"], _calibrated(stages, begin, judging, lessons)
    if begin is not None:
        tell("Fitting to all messages")
        del rows  # as large as what comes now
        rows = lessons.rows(np.ones(len(lessons.is_later), dtype=bool), without, random)
        stages = _grown(begin, rows, lessons, random_state, threads)
    return Choice("retrained", _calibrated(stages, begin, later, lessons), twins, table, [])


def _agrees_better(table: pd.DataFrame) -> bool:
    """Return whether what was retrained agrees better with later labels, and in no guarded slice worse than by chance."""
    losses = table.pivot_table(index="slice", columns="model", values="label_loss")
    if "all" not in losses.index:
        return False
    worse = losses["retrained"] - losses["start"]
    noise = table[table["model"] == "retrained"].set_index("slice")["noise"]
    guarded = [name for name in _GUARDED if name in losses.index]
    return bool(worse["all"] < -_CLEARLY and (worse[guarded] <= noise[guarded]).all())


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
