"""Verdicts against the truth: overall, by slice, and beside every published rule.

An overall figure flatters: most opens are easy, and the hard ones, Apple's, hide inside it. So everything
here is said overall and inside Apple's traffic, and the ladder puts the model beside what others do, read at
its strongest.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from paperknife.errors import EvaluationError
from paperknife.evaluation import metrics
from paperknife.evaluation.intervals import bootstrap
from paperknife.evaluation.ladder import climb
from paperknife.evaluation.opens import describe_opens
from paperknife.evaluation.slices import ALL, INSIDE_APPLE, Slice, slices_of
from paperknife.evaluation.truth import (
    CLASSES,
    P_COLUMNS,
    check_verdicts,
    join_truth,
    read_truth,
    require_columns,
)

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from paperknife.events.log import EventLog

DECIDED_AT: Final = 0.95
"""A class is decided where its probability reaches this: fixed beforehand, and what calibration promises."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What verdicts are worth.

    Attributes
    ----------
    by_slice : pandas.DataFrame
        One row a slice: `slice`, `value`, `opens_n`, `recipients_n`, `human_share` (true), `p_human` (said),
        `auc` and `log_loss` with `_low` and `_high`, `log_loss_prior`, `pr_auc`, `brier`, `ece`, `ece_floor`,
        `class_log_loss`. NaN where a figure is not defined.
    ladder : pandas.DataFrame
        One row a method and part (`slice`, `value`: all opens, inside Apple's traffic), by log loss:
        `method`, `kind` (model, rule, prior), `statement`, `source`, `yes_share`, `unknown_share`, and the
        metrics.
    decided : pandas.DataFrame
        One row a part and class: `decided_share`, `precision`, `counts` (precision is 95 % or more).
    calibration : pandas.DataFrame
        One row a part and bin of p_human: `opens_n`, `p_human`, `human_share` with `_low` and `_high`.
    counts : pandas.DataFrame
        `what`, `n`: how many verdicts and labels there were, and how many were judged.
    opens : pandas.DataFrame
        The judged opens: `event_id`, `label` (0 human, 1 prefetch, 2 machine), `is_apple`.
    notes : tuple of str
        What a reader must know of how this was made.
    """

    by_slice: pd.DataFrame
    ladder: pd.DataFrame
    decided: pd.DataFrame
    calibration: pd.DataFrame
    counts: pd.DataFrame
    opens: pd.DataFrame
    notes: tuple[str, ...]

    def figure(self, name: str, part: tuple[str, str] = ALL) -> float:
        """Return one of our figures in one slice, NaN where the slice does not exist.

        Examples
        --------
        >>> evaluation.figure("auc", ("apple traffic", "inside"))  # doctest: +SKIP
        0.81
        """
        row = self.by_slice[(self.by_slice["slice"] == part[0]) & (self.by_slice["value"] == part[1])]
        return float(row[name].iloc[0]) if len(row) else float("nan")

    def to_dict(self) -> dict[str, Any]:
        """Return all but the opens as JSON-ready lists of rows; NaN becomes None."""
        tables = ("by_slice", "ladder", "decided", "calibration", "counts")
        return {name: _rows(getattr(self, name)) for name in tables} | {"notes": list(self.notes)}


def evaluate(
    verdicts: pd.DataFrame,
    truth: pd.DataFrame,
    log: EventLog | None = None,
    since: datetime | pd.Timestamp | str | None = None,
    *,
    resamples: int = 200,
    random_state: int = 0,
) -> Evaluation:
    """Return what verdicts are worth against the truth, overall, by slice and beside the published rules.

    Parameters
    ----------
    verdicts : pandas.DataFrame
        From `score`; those without a truth are counted and left out.
    truth : pandas.DataFrame
        `event_id`, `label` (human, prefetch or mpp_prefetch, machine or other_machine); optionally `is_apple`
        or `client_is_apple`.
    log : EventLog, optional
        Where the verdicts came from. With it the published rules are computed, and the slices by recipient
        and domain.
    since : datetime, optional
        Judge opens from then on; those before, with their truth, teach the rules what their answers are
        worth. Without it the rules learn from the judged opens themselves, which favours the rules.
    resamples : int
        Of the bootstrap over recipients; 0 for no intervals.
    random_state : int

    Raises
    ------
    EvaluationError
        For missing columns, unknown labels, bad probabilities, or nothing to compare.

    Examples
    --------
    >>> evaluation = evaluate(verdicts, truth, log)  # doctest: +SKIP
    >>> evaluation.by_slice[["slice", "value", "auc", "log_loss"]]  # doctest: +SKIP
    """
    checked, told = check_verdicts(verdicts), read_truth(truth)
    with_truth = join_truth(checked, told)
    start = None if since is None else _utc(since)
    described = None if log is None else describe_opens(log)
    judged = _describe(_from(with_truth, start), described)
    parts = list(slices_of(judged))
    by_slice = pd.DataFrame(
        [_slice_row(judged, part, resamples=resamples, random_state=random_state) for part in parts]
    )
    main = [part for part in parts if (part.name, part.value) in (ALL, INSIDE_APPLE)]
    ladder, note = climb(judged, main, described, told, start)
    return Evaluation(
        by_slice=by_slice,
        ladder=ladder,
        decided=pd.DataFrame([row for part in main for row in _decided_rows(judged, part)]),
        calibration=pd.concat([_calibration(judged, part) for part in main], ignore_index=True),
        counts=_counts(checked, told, with_truth, judged),
        opens=judged[["event_id", "label", "is_apple"]].reset_index(drop=True),
        notes=(note, *_notes(judged)),
    )


def _from(with_truth: pd.DataFrame, since: pd.Timestamp | None) -> pd.DataFrame:
    if since is None:
        return with_truth.reset_index(drop=True)
    require_columns(with_truth, ("occurred_at",), "The verdicts")
    occurred_at = pd.to_datetime(with_truth["occurred_at"], utc=True)
    judged = with_truth[occurred_at >= since]
    if judged.empty:
        raise EvaluationError(
            f"No open with a verdict and a truth happened since {since:%Y-%m-%d %H:%M} UTC; the last is of "
            f"{occurred_at.max():%Y-%m-%d %H:%M}. Choose an earlier `since`."
        )
    return judged.reset_index(drop=True)


def _utc(moment: datetime | pd.Timestamp | str) -> pd.Timestamp:
    stamp = pd.Timestamp(moment)
    return stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")


def _describe(judged: pd.DataFrame, described: pd.DataFrame | None) -> pd.DataFrame:
    """Add what the log knows, and say which opens are Apple's: by the truth, the log, or the mechanism."""
    by_mechanism = judged.get("mechanism", pd.Series("", judged.index)) == "apple_relay"
    if described is not None:
        known = described.set_index("event_id")[["is_apple", "is_known", "recipient_domain"]]
        found = known.reindex(judged["event_id"]).reset_index(drop=True)
        judged = judged.assign(is_known=found["is_known"], recipient_domain=found["recipient_domain"])
        by_mechanism = found["is_apple"].astype("boolean").fillna(by_mechanism)
    groups = judged.get("recipient_id", pd.Series(None, judged.index, dtype="str"))
    messages = judged.get("message_id", judged["event_id"])
    return judged.assign(
        is_apple=judged["is_apple"].fillna(by_mechanism.astype("boolean")),
        group=groups.where(groups.notna(), messages),
    )


def _of(judged: pd.DataFrame, part: Slice) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    return judged["label"].to_numpy()[part.mask], judged[list(P_COLUMNS)].to_numpy(np.float64)[part.mask]


def _slice_row(judged: pd.DataFrame, part: Slice, *, resamples: int, random_state: int) -> dict[str, Any]:
    labels, p = _of(judged, part)
    groups = judged["group"].to_numpy()[part.mask]
    intervals = bootstrap(labels == 0, p[:, 0], groups, resamples=resamples, random_state=random_state)
    return {
        "slice": part.name,
        "value": part.value,
        "opens_n": len(labels),
        "recipients_n": len(pd.unique(groups)),
        "human_share": float((labels == 0).mean()),
        "p_human": float(p[:, 0].mean()),
        **metrics.figures(labels, p),
        "log_loss_prior": metrics.log_loss(labels == 0, np.full(len(labels), (labels == 0).mean())),
        **asdict(intervals),
    }


def _decided_rows(judged: pd.DataFrame, part: Slice) -> list[dict[str, Any]]:
    labels, p = _of(judged, part)
    rows = []
    for k, name in enumerate(CLASSES):
        decided = p[:, k] >= DECIDED_AT
        right = int((labels[decided] == k).sum())
        n = int(decided.sum())
        precision = right / n if n else float("nan")
        rows.append(
            {
                "slice": part.name,
                "value": part.value,
                "class": name,
                "threshold": DECIDED_AT,
                "decided_n": n,
                "decided_share": n / max(len(labels), 1),
                "precision": precision,
                "counts": bool(n) and precision >= DECIDED_AT,
            }
        )
    return rows


def _calibration(judged: pd.DataFrame, part: Slice) -> pd.DataFrame:
    labels, p = _of(judged, part)
    frame = pd.DataFrame(
        {"bin": metrics.equal_mass_bins(p[:, 0]), "p_human": p[:, 0], "human_share": labels == 0}
    )
    bins = frame.groupby("bin").agg(
        opens_n=("p_human", "size"), p_human=("p_human", "mean"), human_share=("human_share", "mean")
    )
    low, high = metrics.share_interval(bins["human_share"] * bins["opens_n"], bins["opens_n"])
    bins = bins.assign(human_share_low=low, human_share_high=high).reset_index()
    bins.insert(0, "slice", part.name)
    bins.insert(1, "value", part.value)
    return bins


def _counts(
    verdicts: pd.DataFrame, told: pd.DataFrame, with_truth: pd.DataFrame, judged: pd.DataFrame
) -> pd.DataFrame:
    rows = {
        "verdicts": len(verdicts),
        "verdicts without truth, left out": len(verdicts) - len(with_truth),
        "verdicts before `since`, left out": len(with_truth) - len(judged),
        "opens judged": len(judged),
        "labels without a verdict, left out": int((~told["event_id"].isin(verdicts["event_id"])).sum()),
        "recipients": judged["group"].nunique(),
    }
    rows |= {f"truly {name}": int((judged["label"] == k).sum()) for k, name in enumerate(CLASSES)}
    return pd.DataFrame({"what": list(rows), "n": list(rows.values())})


def _notes(judged: pd.DataFrame) -> list[str]:
    notes = []
    if "recipient_id" not in judged or judged["recipient_id"].isna().all():
        notes.append("Recipients are not known: intervals resample messages, and are too narrow.")
    if "horizon" in judged and len(judged["horizon"].unique()) > 1:
        notes.append("Several horizons are mixed in the figures over all opens; see the slices by horizon.")
    return notes


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): _plain(value) for key, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value
