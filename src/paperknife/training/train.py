"""From a company's own log, in which nobody labelled anything, to a model of its own.

The log gives soft labels (`paperknife.labels`), the model it starts from fills in where they are silent, and both
together train a few more trees and a calibration on later messages. What did not make the answers better on those
later messages is thrown away, so a small log gives back nearly the model it began with; what did is grown once more,
from all messages.

What the starting model knows is not learned again: labels are cautious (.99 where the truth is 1), so trees grown on them
alone only lose. Label models say what that model's word and the labels are worth together (`paperknife.labels`), and a
few trees learn to say the same of opens whose clicks are yet to come. A panel's truth comes last: first how many people
read behind Apple (`paperknife.training.panel_level`), then trees of its own (`paperknife.training.panel_trees`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from paperknife.errors import TrainingError
from paperknife.evidence.history import gather_horizons
from paperknife.evidence.open_networks import open_networks
from paperknife.evidence.sampling import sample_recipients
from paperknife.hazards.messages import message_table
from paperknife.labels.panel import check_panel
from paperknife.labels.soft_labels import soft_labels
from paperknife.model.bundle import Model, load_model
from paperknife.training.blending import corrected_targets, label_targets
from paperknife.training.card import card_of
from paperknife.training.choice import Lessons, choose
from paperknife.training.later_clicks import check_held_out
from paperknife.training.panel_level import find_level, with_level
from paperknife.training.panel_trees import fit_panel, told_by_panel, with_panel
from paperknife.training.rows import HORIZON_SHARES
from paperknife.training.without_fields import gather_without

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from paperknife.events.log import EventLog
    from paperknife.labels.labels import Labels
    from paperknife.training.click_check import ClickCheck
    from paperknife.training.panel_trees import Told
    from paperknife.training.without_fields import WithoutField

    Matrix = NDArray[Any]
    Floats = NDArray[np.float64]

MOST_OPENS: Final = 300_000
"""Opens that training looks at: of a larger log those of some recipients, with all their mail. What is learned from a log
is a few curves and a few trees, and their errors are no longer those of numbers."""

_MEMORY: Final = "3GB"
"""DuckDB's, on such a log; beyond it, it spills to disk."""

LATER_SHARE: Final = 0.3
"""Share of the opens, the last ones by their message's first open, that calibrate, and check what the others taught."""

_FEWEST_LABELS: Final = 1_500
"""Labelled opens below which nothing is learned without a model to begin from."""

_LEAST_APPLE_SHARE: Final = 0.2
"""Share of Apple's opens that must have labels, where there is no model to begin from."""

_CLASSES: Final = ("p_human", "p_prefetch", "p_machine")


@dataclass(frozen=True)
class TrainingResult:
    """What training leaves.

    Attributes
    ----------
    model : Model
    labels : Labels
        The soft label of every open, and the label sources' diagnostics.
    agreement : pandas.DataFrame
        How well the starting model, and what earlier messages made of it ("retrained"), agree with the labels of later
        messages, overall and by slice. Not an accuracy: nobody knows the truth.
    click_check : ClickCheck
        What the clicks in later messages say of the instant answers inside Apple's traffic. Each answer is of a model
        made as `model` was, but neither taught nor calibrated by that message; whether to retrain, and the number of a
        panel's trees, were chosen with it.
    notes : list of str
        What a person should know: gates that warned, what was kept and what thrown away.
    params, metrics : dict
        As logged to MLflow.
    evidence : pandas.DataFrame
        The settled evidence the labels rest on.
    """

    model: Model
    labels: Labels
    agreement: pd.DataFrame
    click_check: ClickCheck
    notes: list[str]
    params: dict[str, Any]
    metrics: dict[str, float]
    evidence: pd.DataFrame = field(repr=False)

    @property
    def report(self) -> str:
        """The model's card: how it was made and how it does, Markdown."""
        return self.model.card


def train(
    log: EventLog,
    *,
    start: Model | str | Path | None = "default",
    panel: pd.DataFrame | None = None,
    random_state: int = 0,
    threads: int = 0,
    tell: Callable[[str], None] = lambda _: None,
) -> TrainingResult:
    """Return a model fitted to a log without truth, calibrated on its later messages.

    Parameters
    ----------
    log : EventLog
        From `read_events`.
    start : Model, str, Path or None
        The model to begin from: "default", a bundle's folder, an MLflow URI; None (or "none") to begin from nothing.
    panel : pandas.DataFrame, optional
        Opens whose truth is known: `event_id`, `label` (human, prefetch or machine), and perhaps `attended` (no for a
        device that nobody picks up).
    random_state : int
    threads : int
        0 for LightGBM's default.
    tell : callable
        Called with a line whenever a new part of the work begins.

    Returns
    -------
    TrainingResult

    Raises
    ------
    TrainingError
        When the log holds no opens, only ambiguous ones, or too little to learn from and no model to begin from.

    Examples
    --------
    >>> import paperknife as pk
    >>> result = pk.train(pk.read_events("log/"))  # doctest: +SKIP
    >>> result.model.save("my-model")  # doctest: +SKIP
    """
    begin = _start(start)
    if panel is not None:
        check_panel(panel)
    tell("Gathering evidence")
    sample = sample_recipients(log, MOST_OPENS, always=None if panel is None else panel["event_id"])
    memory = None if sample is None else _MEMORY
    tables = gather_horizons(log, HORIZON_SHARES, sample=sample, memory=memory)
    settled = tables["settled"]
    if settled.empty:
        raise TrainingError(
            "The log holds no opens, so there is nothing to learn from. Check it: paperknife log check LOG"
        )
    prior = begin.predict(settled, threads=threads) if begin else None
    tell("Labelling without truth")
    messages = message_table(log, settled, sample=sample)
    labels = soft_labels(
        settled,
        messages,
        prior=None if prior is None else pd.DataFrame(prior, columns=list(_CLASSES), index=settled.index),
        networks=None if prior is None else open_networks(log, settled),
        panel=panel,
    )
    soft, weights = _targets(settled, labels, prior, threads)
    is_later, half = _is_later(settled), pd.factorize(settled["message_id"])[0] % 2
    lessons = Lessons(tables, soft, weights, is_later, half)
    _require_lessons(begin, settled, labels.opens, lessons.teaches)

    def without_fields() -> list[WithoutField]:
        tell("Gathering evidence as it would be without agents, addresses")
        return gather_without(log, settled, memory=memory)

    choice = choose(
        begin,
        lessons,
        labels.clues.index.to_numpy(),
        without_fields,
        random_state=random_state,
        threads=threads,
        tell=tell,
    )
    kept, twins, table = choice.model, choice.twins, choice.agreement
    about = _about(settled, labels, begin, choice.name, random_state)
    notes = [
        *(gate.sentence for gate in labels.diagnostics.gates),
        *([sample.sentence] if sample else []),
        *choice.notes,
        f"Kept: {_KEPT[choice.name]}.",
    ]
    if panel is not None and begin is not None:
        tell("Asking the panel")
        is_like = all(gate.code != "strange-panel" for gate in labels.diagnostics.gates)
        told = told_by_panel(labels.opens, settled, is_like=is_like)
        level = find_level(kept, tables, told)
        levelled = with_level(kept, level, tables)
        trees = fit_panel(levelled, tables, told, random_state=random_state, threads=threads)

        def taught(twin: Model, told: Told) -> Model:
            twin = with_level(twin, find_level(twin, tables, told), tables)
            return with_panel(twin, tables, told, trees, random_state=random_state)

        # The first twin is asked about later messages of odd number, the second about the others.
        twins = tuple(
            taught(twin, told.only(~(is_later & (half == asked))))
            for asked, twin in zip((1, 0), twins, strict=True)
        )
        kept = with_panel(levelled, tables, told, trees, random_state=random_state)
        notes += [sentence for sentence in (level.sentence, trees.sentence) if sentence]
        about |= {
            "panel_level": round(level.shift, 3),
            "panel_trees_about_people": trees.human_n,
            "panel_trees_about_machines": trees.machine_n,
        }
    check = check_held_out(tables, messages, labels, twins, is_later=is_later, random_state=random_state)
    model = Model(
        kept.stages,
        kept.machine_calibration,
        kept.human_calibration,
        about,
        card_of(about, table, notes, check),
    )
    metrics = {
        f"{row.model}/{row.slice}/{name}": float(getattr(row, name))
        for row in table.itertuples()
        for name in ("label_loss", "bias", "p_human", "label_human")
    }
    metrics |= {f"click_check/{name}": value for name, value in check.figures.items()}
    return TrainingResult(model, labels, table, check, notes, dict(about), metrics, settled)


_KEPT: Final = {
    "start": "the starting model as it was, since nothing learned here agreed better with later messages",
    "retrained": "new trees grown from this log, calibrated on its later messages",
}


def _targets(
    settled: pd.DataFrame, labels: Labels, prior: Matrix | None, threads: int
) -> tuple[Matrix, Matrix]:
    """Return what each open teaches, and what that is worth."""
    is_ambiguous = settled["is_ambiguous"].to_numpy(dtype=bool)
    if prior is None:
        return label_targets(labels.opens, is_ambiguous)
    return corrected_targets(labels, is_ambiguous, prior, threads=threads)


def _require_lessons(
    begin: Model | None,
    settled: pd.DataFrame,
    labels: pd.DataFrame,
    teaches: NDArray[np.bool_],
) -> None:
    """Refuse a log from which nothing, or only half of the question, could be learned."""
    if not teaches.any() and settled["is_ambiguous"].all():
        raise TrainingError(
            "Every open of this log is ambiguous (its provider cannot tell which recipient it was), so nothing can "
            "be learned. Score it with the model as it is."
        )
    if begin is not None:
        return
    has_label = labels["h_weight"].fillna(0).to_numpy() > 0
    is_apple = _is_apple(settled)
    apple_n, taught_n = int(is_apple.sum()), int((is_apple & has_label).sum())
    if int((has_label & teaches).sum()) < _FEWEST_LABELS or taught_n < _LEAST_APPLE_SHARE * apple_n:
        raise TrainingError(
            f"Of {len(settled):,} opens {int(has_label.sum()):,} can be labelled, and of {apple_n:,} behind Apple "
            f"{taught_n:,}: too few to learn from with no model to begin from. Train with --from default."
        )


def _is_apple(settled: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which opens are Apple's traffic, people and prefetches alike (DESIGN.md, "As of")."""
    is_apple = (settled["mechanism"] == "apple_relay") | (settled["client_family"] == "apple_mail")
    return is_apple.fillna(value=False).to_numpy(dtype=bool)


def _start(start: Model | str | Path | None) -> Model | None:
    if isinstance(start, Model):
        return start
    if start is None or str(start) == "none":
        return None
    return load_model(None if str(start) == "default" else start)


def _is_later(settled: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which opens belong to the last messages: all opens of a message are on one side."""
    began = settled.groupby("message_id")["occurred_at"].transform("min")
    return np.asarray(began > began.quantile(1 - LATER_SHARE), dtype=bool)


def _about(
    settled: pd.DataFrame, labels: Labels, begin: Model | None, chosen: str, random_state: int
) -> dict[str, Any]:
    return {
        "made_on": dt.datetime.now(dt.UTC).date().isoformat(),
        "made_from": "a log without truth",
        "start": begin.model_id if begin else None,
        "kept": chosen,
        "first_open": settled["occurred_at"].min().isoformat(),
        "last_open": settled["occurred_at"].max().isoformat(),
        "opens_n": len(settled),
        "messages_n": int(settled["message_id"].nunique()),
        "kappa": round(float(labels.diagnostics.hazards.kappa.value), 3),
        "random_state": random_state,
    }
