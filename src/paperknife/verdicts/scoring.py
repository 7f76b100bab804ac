"""Verdicts on the opens of a log: three probabilities, a decision, a mechanism, and reasons when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from paperknife.evidence.history import gather_evidence, horizon_us
from paperknife.model.bundle import Model, load_model
from paperknife.verdicts.presets import decide, preset_named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

    from paperknife.events.log import EventLog

VERDICT_COLUMNS: Final = (
    "event_id",
    "message_id",
    "recipient_id",
    "campaign_id",
    "occurred_at",
    "horizon",
    "seen_s",
    "p_human",
    "p_prefetch",
    "p_machine",
    "verdict",
    "reasons",
    "mechanism",
    "evidence",
    "model_id",
)


def score(
    log: EventLog,
    model: Model | str | Path | None = None,
    *,
    horizon: str = "settled",
    as_of: datetime | pd.Timestamp | None = None,
    since: datetime | pd.Timestamp | None = None,
    until: datetime | pd.Timestamp | None = None,
    preset: str = "report",
    reasons: bool = False,
    memory: str | None = None,
) -> pd.DataFrame:
    """Return a verdict on every open of a log.

    Parameters
    ----------
    log : EventLog
        From `read_events`.
    model : Model, str or Path, optional
        A model, a bundle's folder or an MLflow URI. Default: the model that ships with paperknife.
    horizon : {"instant", "1h", "24h", "7d", "settled"}
        How long after each open to look.
    as_of : datetime, optional
        Events later than this are not looked at. Default: the log's last event.
    since, until : datetime, optional
        Score only opens from `since` on, and before `until`; the whole log still serves as history.
    preset : {"report", "notify", "suppress"}
        How verdicts are drawn from the probabilities.
    reasons : bool
        Whether to say why.
    memory : str, optional
        DuckDB's memory bound, such as "2GB".

    Returns
    -------
    pandas.DataFrame
        One row for every open that is not a duplicate, ordered by `occurred_at`, then `event_id`. Columns as in
        `VERDICT_COLUMNS`: ids as strings (null where not given), `occurred_at` UTC, `seen_s` in seconds, the three
        probabilities as float64 that sum to 1, `reasons` a list of codes (empty unless asked for).

    Raises
    ------
    RequestError
        For an unknown horizon or preset.
    LogError, BundleError
        For a log or model that is none.

    Examples
    --------
    >>> import paperknife as pk
    >>> verdicts = pk.score(pk.read_events("log/"))  # doctest: +SKIP
    """
    horizon_us(horizon)
    preset_named(preset)
    fitted = model if isinstance(model, Model) else load_model(model)
    evidence = gather_evidence(log, horizon=horizon, as_of=as_of, memory=memory)
    for bound, keeps in ((since, "ge"), (until, "lt")):
        if bound is not None:
            evidence = evidence[getattr(evidence["occurred_at"], keeps)(utc(bound))]
    probabilities, said = (
        fitted.predict_with_reasons(evidence) if reasons else (fitted.predict(evidence), None)
    )
    return verdicts_from(evidence, probabilities, preset=preset, model_id=fitted.model_id, reasons=said)


def utc(moment: datetime | pd.Timestamp) -> pd.Timestamp:
    """Return a moment in UTC; one without a zone is taken as UTC."""
    stamp = pd.Timestamp(moment)
    return stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")


def verdicts_from(
    evidence: pd.DataFrame,
    probabilities: NDArray[Any],
    *,
    preset: str,
    model_id: str,
    reasons: Sequence[Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Return the verdict table of opens whose probabilities are known: the one place where it is made.

    Parameters
    ----------
    evidence : pandas.DataFrame
        From `gather_evidence` or `evidence_of`.
    probabilities : array of float, shape (opens, 3)
        Human, prefetch, machine.
    preset : str
    model_id : str
    reasons : sequence of sequence of str, optional
        Codes per open; None for none.
    """
    said = [list(codes) for codes in reasons] if reasons is not None else [[] for _ in range(len(evidence))]
    table = evidence.assign(
        p_human=probabilities[:, 0],
        p_prefetch=probabilities[:, 1],
        p_machine=probabilities[:, 2],
        verdict=pd.Series(decide(probabilities, preset), index=evidence.index, dtype="str"),
        reasons=pd.Series(said, index=evidence.index, dtype="object"),
        model_id=pd.Series(model_id, index=evidence.index, dtype="str"),
    )
    return table[list(VERDICT_COLUMNS)].reset_index(drop=True)
