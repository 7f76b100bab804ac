"""The rungs of the ladder on one log: every method's probabilities for the same judged opens.

The published rules, read at their strongest · a model that learned a rule's labels · the default model as it ships ·
`train` on the log without truth · `train` with a panel of 20 recipients, and of 300 · an oracle that learned the truth
of such senders. The simulator's own posterior is the ceiling above (`paperknife.trials.summary.ceilings`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from paperknife.errors import TrainingError
from paperknife.evaluation.rules import RULES, RuleShares
from paperknife.model.calibration import expit
from paperknife.model.stages import fit_stages, three_probabilities
from paperknife.training.oracle import CLASSES
from paperknife.training.rows import sample_rows
from paperknife.training.train import train

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from paperknife.events.log import EventLog
    from paperknife.model.bundle import Model

    Floats = NDArray[np.float64]

RULE: Final = "rule: "
RULE_LABELS: Final = "rule labels"
DEFAULT: Final = "default"
TRAINED: Final = "train"
WITH_FEW: Final = "train, panel of 20"
WITH_PANEL: Final = "train, panel"
ORACLE: Final = "oracle"

PANEL_RECIPIENTS: Final = 300
FEW_RECIPIENTS: Final = 20
"""A panel that anybody can set up. Those behind Apple's privacy protection are some of them."""

LABELLING_RULE: Final = "warmbly_like"
"""Whose answers the model on rule labels learns: it tells scanners, proxies and people apart, so it labels all three."""

_FEWEST_TO_FIT: Final = 100


def rule_rungs(
    opens: pd.DataFrame, judged_ids: pd.Series, lessons: pd.DataFrame
) -> dict[str, NDArray[np.float64]]:
    """Return what every published rule says of the judged opens, at its strongest.

    Parameters
    ----------
    opens : pandas.DataFrame
        From `describe_opens`.
    judged_ids : pandas.Series of str
    lessons : pandas.DataFrame
        Opens of the time before, described likewise, with `label`: what each answer is worth is learned from their
        truth, which no user of the rule has.
    """
    judged = opens.set_index("event_id", drop=False).reindex(judged_ids)
    return {
        RULE + rule.name: RuleShares.learn(rule.answer(lessons), lessons["label"]).probabilities(
            rule.answer(judged)
        )
        for rule in RULES
    }


def rule_label_rung(
    tables: Mapping[str, pd.DataFrame],
    opens: pd.DataFrame,
    learn_ids: pd.Index[str],
    *,
    random_state: int = 0,
    threads: int = 0,
) -> dict[str, NDArray[np.float64]]:
    """Return what a model says that took a rule's answers for the truth: all opens of each horizon's table.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        From `gather_horizons`.
    opens : pandas.DataFrame
        From `describe_opens`.
    learn_ids : pandas.Index of str
        Opens to learn from.
    random_state, threads : int
    """
    rule = next(rule for rule in RULES if rule.name == LABELLING_RULE)
    table = next(iter(tables.values()))
    answers = pd.Series(rule.answer(opens), index=opens["event_id"]).reindex(table["event_id"])
    # What the rule knows nothing of is taken for a person, as its users do.
    label = answers.map({"yes": 2, "proxy": 1}).fillna(0).to_numpy(dtype=np.intp)
    places = np.flatnonzero(table["event_id"].isin(learn_ids).to_numpy())
    if len(places) < _FEWEST_TO_FIT:
        return {
            horizon: np.tile(np.bincount(label, minlength=3) / len(label), (len(rows), 1))
            for horizon, rows in tables.items()
        }
    rows = sample_rows(_by_training_horizon(tables), places, np.random.default_rng(random_state))
    stages = fit_stages(
        rows.matrix, np.eye(3)[label[rows.open_n]], random_state=random_state, threads=threads
    )
    return {horizon: _probabilities(stages, rows, threads) for horizon, rows in tables.items()}


def _by_training_horizon(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return tables for all horizons that rows are sampled at; those between are not gathered for the ladder."""
    return {
        "instant": tables["instant"],
        "1h": tables["instant"],
        "24h": tables["settled"],
        "settled": tables["settled"],
    }


def _probabilities(stages: Any, evidence: pd.DataFrame, threads: int) -> NDArray[np.float64]:
    from paperknife.evidence.features import encode

    log_odds = stages.log_odds(encode(evidence), threads=threads)
    return np.asarray(three_probabilities(expit(log_odds[:, 0]), expit(log_odds[:, 1])))


def draw_panel(
    opens: pd.DataFrame, recipients: int = PANEL_RECIPIENTS, *, random_state: int = 0
) -> pd.DataFrame:
    """Return a panel: `event_id` and `label` of all opens of some recipients, drawn at random.

    Parameters
    ----------
    opens : pandas.DataFrame
        `event_id`, `recipient_id` and `label` (0 human, 1 prefetch, 2 machine) of the time to learn from.
    recipients : int
        How many; all of them where there are fewer.
    random_state : int
    """
    people = np.sort(opens["recipient_id"].dropna().astype(str).unique())
    drawn = np.random.default_rng([random_state, 300]).permutation(people)[:recipients]
    panel = opens[opens["recipient_id"].isin(drawn)]
    return pd.DataFrame(
        {"event_id": panel["event_id"], "label": np.array(CLASSES, dtype=object)[panel["label"].to_numpy()]}
    )


def trained_model(
    log: EventLog, default: Model, panel: pd.DataFrame | None = None, *, threads: int = 0
) -> tuple[Model, list[str]]:
    """Return what `train` makes of a log, and its notes; the default model where it refuses, and why.

    Parameters
    ----------
    log : EventLog
    default : Model
    panel : pandas.DataFrame, optional
    threads : int
    """
    try:
        result = train(log, start=default, panel=panel, threads=threads)
    except TrainingError as refused:
        return default, [f"Refused: {refused}"]
    return result.model, result.notes
