"""From a company's own log, in which nobody labelled anything, to a model of its own.

The log gives soft labels (`paperknife.labels`), the model it starts from fills in where they are silent, and both
together train a few more trees and a calibration on later messages. What did not make the answers better on those
later messages is thrown away, so a small log gives back nearly the model it began with.

What the starting model knows is not learned again. Labels of visible clients and of machines are cautious (.99 where
the truth is 1), so trees grown on them only lose: without a panel the question of machines stays the starting model's,
and so do people outside Apple's traffic. Inside it, a label is worth half of that model's own word, because it is
itself biased (see `paperknife.training.blending`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from paperknife.errors import TrainingError
from paperknife.evidence.history import gather_horizons
from paperknife.hazards.messages import message_table
from paperknife.labels.soft_labels import soft_labels
from paperknife.model.bundle import Model, load_model
from paperknife.model.calibration import Calibration, fit_calibration
from paperknife.model.stages import Stages, fit_stages
from paperknife.training.blending import blended
from paperknife.training.card import card_of
from paperknife.training.checks import agreement
from paperknife.training.later_clicks import check_held_out
from paperknife.training.rows import HORIZON_SHARES, Rows, sample_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from paperknife.events.log import EventLog
    from paperknife.labels.soft_labels import Labels
    from paperknife.training.click_check import ClickCheck

    Matrix = NDArray[Any]
    Floats = NDArray[np.float64]

LATER_SHARE: Final = 0.3
"""Share of the opens, the last ones by their message's first open, that calibrate and check instead of training."""

_FEWEST_LABELS: Final = 1_500
"""Labelled opens below which no trees are grown: the start's are better (ROADMAP: tiny logs)."""

_LEAST_APPLE_SHARE: Final = 0.2
"""Share of Apple's opens that must have labels, where there is no model to begin from."""

_CLEARLY: Final = 0.002
"""Label loss, in nats, by which a candidate must be better than the starting model."""

_CLEARLY_SHRUNKEN: Final = 0.0002
"""The same against labels that are mostly the starting model's own word: a third of the way is a ninth of the loss."""

_GUARDED: Final = ("instant", "settled", "apple_relay")
"""Slices in which a candidate must not agree worse with later labels than the starting model does."""

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
        How well the starting and the trained model agree with the labels of later messages, overall and by slice.
        Not an accuracy: nobody knows the truth.
    click_check : ClickCheck
        What the clicks in later messages say of the instant answers inside Apple's traffic. Each answer is of a model
        that neither trained nor was calibrated on the message.
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
        Opens whose truth is known: `event_id`, `label` (human, prefetch or machine).
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
    tell("Gathering evidence")
    tables = gather_horizons(log, HORIZON_SHARES)
    settled = tables["settled"]
    if settled.empty:
        raise TrainingError(
            "The log holds no opens, so there is nothing to learn from. Check it: paperknife log check LOG"
        )
    prior = begin.predict(settled, threads=threads) if begin else None
    tell("Labelling without truth")
    messages = message_table(log, settled)
    labels = soft_labels(
        settled,
        messages,
        prior=None if prior is None else pd.DataFrame(prior, columns=list(_CLASSES), index=settled.index),
        panel=panel,
    )
    # A panel whose people are like the others may be believed outright; one of strangers may not.
    is_trusted = panel is not None and all(gate.code != "strange-panel" for gate in labels.diagnostics.gates)
    is_shrunken = begin is not None and not is_trusted
    soft, weights = blended(
        labels.opens,
        settled["is_ambiguous"].to_numpy(),
        prior,
        is_apple=_is_apple(settled) if is_shrunken else None,
    )
    counts = weights.sum(axis=1) > 0
    _require_lessons(begin, settled, labels.opens, counts)
    is_later = _is_later(settled)
    random = np.random.default_rng(random_state)
    tell("Fitting")
    earlier = sample_rows(tables, np.flatnonzero(counts & ~is_later), random)
    later = sample_rows(tables, np.flatnonzero(counts & is_later), random, masked_share=0.1)
    is_taught = (labels.opens["h_weight"].fillna(0).to_numpy() > 0) & (_is_apple(settled) | (not is_shrunken))
    candidates, notes = _candidates(begin, earlier, soft, weights, is_taught, random_state, threads)
    if begin is not None and is_shrunken:
        candidates = {name: Stages(begin.stages.machine, one.human) for name, one in candidates.items()}
    tell("Calibrating on later messages")
    # One half of the later messages calibrates, the other judges: a calibration flatters itself on its own rows.
    is_judging = pd.factorize(settled["message_id"])[0][later.open_n] % 2 == 1
    calibrating, judging = later.only(~is_judging), later.only(is_judging)
    fitted = {
        name: _calibrated(stages, begin, calibrating, soft, weights, keep_machine=is_shrunken)
        for name, stages in candidates.items()
    }
    if begin is not None:
        fitted = {"start": begin, **fitted}
    table = agreement(fitted, judging, soft, weights)
    chosen = _best(table, list(fitted), _CLEARLY_SHRUNKEN if is_shrunken else _CLEARLY)
    twins = [fitted[chosen]] * 2
    if chosen != "start":
        twins[1], fitted[chosen] = (
            _calibrated(candidates[chosen], begin, rows, soft, weights, keep_machine=is_shrunken)
            for rows in (judging, later)
        )
    check = check_held_out(tables, messages, labels, twins, is_later=is_later, random_state=random_state)
    about = _about(settled, labels, begin, chosen, random_state)
    notes = [*(gate.sentence for gate in labels.diagnostics.gates), *notes, f"Kept: {_KEPT[chosen]}."]
    kept = fitted[chosen]
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
    "recalibrated": "the starting model's trees, recalibrated on this log's later messages",
    "retrained": "new trees grown from this log, calibrated on its later messages",
}


def _require_lessons(
    begin: Model | None,
    settled: pd.DataFrame,
    labels: pd.DataFrame,
    counts: NDArray[np.bool_],
) -> None:
    """Refuse a log from which nothing, or only half of the question, could be learned."""
    if not counts.any() and settled["is_ambiguous"].all():
        raise TrainingError(
            "Every open of this log is ambiguous (its provider cannot tell which recipient it was), so nothing can "
            "be learned. Score it with the model as it is."
        )
    if begin is not None:
        return
    has_label = labels["h_weight"].fillna(0).to_numpy() > 0
    is_apple = _is_apple(settled)
    apple_n, taught_n = int(is_apple.sum()), int((is_apple & has_label).sum())
    if int((has_label & counts).sum()) < _FEWEST_LABELS or taught_n < _LEAST_APPLE_SHARE * apple_n:
        raise TrainingError(
            f"Of {len(settled):,} opens {int(has_label.sum()):,} can be labelled, and of {apple_n:,} behind Apple "
            f"{taught_n:,}: too few to learn from with no model to begin from. Train with --from default."
        )


def _best(table: pd.DataFrame, names: Sequence[str], clearly: float) -> str:
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
        is_better = losses["all"] < float(losses["all"].loc[first]) - clearly
        losses = losses[(is_safe & is_better) | (losses.index == first)]
    return str(losses["all"].idxmin())


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


def _candidates(
    begin: Model | None,
    earlier: Rows,
    soft: Matrix,
    weights: Matrix,
    is_taught: NDArray[np.bool_],
    random_state: int,
    threads: int,
) -> tuple[dict[str, Stages], list[str]]:
    """Return the boosters worth calibrating: the start's own, and with enough labels, grown ones."""
    candidates = {} if begin is None else {"recalibrated": begin.stages}
    labelled_n = int(is_taught[earlier.open_n].sum())
    if begin is not None and labelled_n == 0:
        # What is left to learn from is the start's own word, which a calibration would only blur.
        return {}, ["No open has a label that could correct the starting model: nothing was fitted."]
    if begin is not None and labelled_n < _FEWEST_LABELS:
        note = (
            f"{labelled_n:,} opens could teach something new, fewer than the {_FEWEST_LABELS:,} that growing trees "
            "takes: the starting model was only recalibrated."
        )
        return candidates, [note]
    candidates["retrained"] = fit_stages(
        earlier.matrix,
        soft[earlier.open_n],
        weights[earlier.open_n, 0],
        human_weights=weights[earlier.open_n, 1],
        rounds=40 if begin else 120,
        params={"learning_rate": 0.05 if begin else 0.08, "num_leaves": 15 if begin else 31},
        start=begin.stages if begin else None,
        random_state=random_state,
        threads=threads,
    )
    return candidates, []


def _calibrated(
    stages: Stages,
    begin: Model | None,
    later: Rows,
    soft: Matrix,
    weights: Matrix,
    *,
    keep_machine: bool,
) -> Model:
    """Return the stages with curves for later rows' labels; that of machines stays the start's if it is to be kept."""
    log_odds = stages.log_odds(later.matrix)
    labels, weight = soft[later.open_n], weights[later.open_n]
    not_machine = 1 - labels[:, 2]
    human = np.divide(labels[:, 0], not_machine, out=np.full(len(labels), 0.5), where=not_machine > 0)

    def curve(stage: int, target: Floats, weight: Floats, before: Calibration | None) -> Calibration:
        return fit_calibration(
            log_odds[:, stage], target, weight, later.seen_s, later.mechanism, before=before, pseudo_rows=100
        )

    machine = begin.machine_calibration if begin else None
    return Model(
        stages,
        machine if machine and keep_machine else curve(0, labels[:, 2], weight[:, 0], machine),
        curve(1, human, weight[:, 1] * not_machine, begin.human_calibration if begin else None),
    )


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
