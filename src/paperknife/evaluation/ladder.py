"""The ladder: the model, every published rule at its strongest, and mere class shares, on the same opens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from paperknife.errors import EvaluationError
from paperknife.evaluation.metrics import figures
from paperknife.evaluation.rules import RULES, RuleShares
from paperknife.evaluation.truth import CLASSES, P_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from paperknife.evaluation.slices import Slice

MODEL: Final = "paperknife"
PRIOR: Final = "class shares"


def climb(
    judged: pd.DataFrame,
    parts: Sequence[Slice],
    described: pd.DataFrame | None,
    told: pd.DataFrame,
    since: pd.Timestamp | None,
) -> tuple[pd.DataFrame, str]:
    """Return every method's figures, by part and log loss, and a note on where the rules' shares come from.

    Parameters
    ----------
    judged : pandas.DataFrame
        Opens with probabilities and `label`.
    parts : sequence of Slice
    described : pandas.DataFrame or None
        From `describe_opens`; None leaves the rules out.
    told : pandas.DataFrame
        From `read_truth`: also of opens before `since`, from which the rules learn.
    since : pandas.Timestamp or None
        Where judging began; None lets the rules learn from the judged opens.

    Raises
    ------
    EvaluationError
        When the rules have nothing to learn from.
    """
    labels = judged["label"].to_numpy()
    rungs = [_Rung(MODEL, "model", "this model", "", judged[list(P_COLUMNS)].to_numpy(np.float64))]
    note = "The published rules need the log; without it only the model stands in the ladder."
    if described is not None:
        lessons, note = _lessons(judged, described, told, since)
        opens = described.set_index("event_id", drop=False).reindex(judged["event_id"])
        for rule in RULES:
            shares = RuleShares.learn(rule.answer(lessons), lessons["label"])
            answers = rule.answer(opens)
            p = shares.probabilities(answers)
            rungs.append(_Rung(rule.name, "rule", rule.statement, rule.source, p, answers))
    rows = []
    for part in parts:
        prior = _Rung(
            PRIOR, "prior", "always the class shares of these opens", "", _shares(labels, part.mask)
        )
        ranked = [rung.row(part, labels) for rung in (*rungs, prior)]
        rows += sorted(ranked, key=lambda row: row["log_loss"])
    return pd.DataFrame(rows), note


@dataclass(frozen=True, slots=True)
class _Rung:
    """One method's probabilities on all judged opens, and its answers where it is a rule."""

    method: str
    kind: str
    statement: str
    source: str
    p: NDArray[np.float64]
    answers: NDArray[np.object_] | None = None

    def row(self, part: Slice, labels: NDArray[np.intp]) -> dict[str, Any]:
        """Return the method's figures on one part."""
        said = None if self.answers is None else self.answers[part.mask]
        return {
            "slice": part.name,
            "value": part.value,
            "method": self.method,
            "kind": self.kind,
            "statement": self.statement,
            "source": self.source,
            "yes_share": float("nan") if said is None else float((said == "yes").mean()),
            "unknown_share": float("nan") if said is None else float((said == "unknown").mean()),
            **figures(labels[part.mask], self.p[part.mask]),
        }


def _shares(labels: NDArray[np.intp], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    shares = np.bincount(labels[mask], minlength=len(CLASSES)) / mask.sum()
    return np.tile(shares, (len(labels), 1))


def _lessons(
    judged: pd.DataFrame, described: pd.DataFrame, told: pd.DataFrame, since: pd.Timestamp | None
) -> tuple[pd.DataFrame, str]:
    """Return the opens, with truth, from which the rules learn what their answers are worth."""
    if since is None:
        own = judged[["event_id", "label"]].drop_duplicates("event_id")
        lessons = described.merge(own, on="event_id")
        if lessons.empty:
            raise EvaluationError(
                f"None of the {len(judged)} judged opens is among the log's {len(described)}. "
                f"Expected the log that was scored."
            )
        return lessons, (
            "The rules learned what their answers are worth from the judged opens themselves, truth "
            "included, which favours the rules. Give `since` to let them learn from the time before."
        )
    before = described[described["occurred_at"] < since]
    lessons = before.merge(told[["event_id", "label"]], on="event_id")
    if lessons.empty:
        raise EvaluationError(
            f"No open of the log before {since:%Y-%m-%d %H:%M} UTC has a truth, so the rules cannot learn "
            f"what their answers are worth. Choose a later `since`, or leave it out."
        )
    return lessons, (
        f"The rules learned what their answers are worth, with the truth, from {len(lessons):,} opens before "
        f"{since:%Y-%m-%d}: more than a user of them ever has."
    )
