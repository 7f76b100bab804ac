"""Verdicts on single opens: a caller gives an open and the events it knows, and no log or database is opened.

This is batch scoring's own path from the evidence on: the same model, the same table of verdicts. Only the
gathering differs, and that gives the same integers as the SQL when it is given the same events.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from paperknife.errors import Fault, QuestionError, RequestError
from paperknife.evidence.history import horizon_us
from paperknife.evidence.live import Asked, evidence_of
from paperknife.verdicts.given_events import event_of, microseconds
from paperknife.verdicts.presets import preset_named
from paperknife.verdicts.scoring import VERDICT_COLUMNS, verdicts_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from paperknife.evidence.live import Event
    from paperknife.evidence.networks import NetworkTable
    from paperknife.model.bundle import Model

MOST_EVENTS: Final = 1_000
"""Events looked at per open: a recipient's thirty days hold far fewer, and a network's are for a log."""


@dataclass(frozen=True, slots=True)
class Question:
    """One open to judge, with what the caller knows around it.

    Attributes
    ----------
    open : mapping
        Canonical columns of the open (see `paperknife.events.schema`), times as ISO 8601 texts with a zone.
        `event_type` may be left out.
    events : sequence of mapping
        Events of the same message, recipient, domain or network, each with at least the required columns, in
        any order; unknown types are ignored, and so are repeated ids. At most `MOST_EVENTS`.
    horizon : {"instant", "1h", "24h", "7d", "settled"}
        How long after the open to look.
    reasons : bool
        Whether to say why.
    preset : {"report", "notify", "suppress"}
        How the verdict is drawn from the probabilities.
    """

    open: Mapping[str, object]
    events: Sequence[Mapping[str, object]] = field(default_factory=tuple)
    horizon: str = "instant"
    reasons: bool = False
    preset: str = "report"


def answer(
    questions: Sequence[Question],
    model: Model,
    now: datetime | None = None,
    *,
    networks: NetworkTable | None = None,
) -> list[dict[str, Any]]:
    """Return a verdict per question, in the order asked.

    Parameters
    ----------
    questions : sequence of Question
    model : Model
        From `load_model`.
    now : datetime, optional
        Events later than this are not looked at, and horizons reach no further; UTC where a zone is missing.
        Default: the current time. An open dated after `now` (the caller's clock runs ahead) is judged as of
        its own time.
    networks : NetworkTable, optional
        Default: the built-in table and the lists the user has imported.

    Returns
    -------
    list of dict
        The columns of a verdict table, ready for JSON: `occurred_at` as ISO 8601 text in UTC, null as None.

    Raises
    ------
    QuestionError
        A `RequestError` that lists everything wrong with the questions.

    Examples
    --------
    >>> import paperknife as pk
    >>> opened = {"event_id": "e1", "occurred_at": "2026-03-02T10:00:00Z", "message_id": "m1"}
    >>> answer([Question(opened)], pk.load_model())[0]["mechanism"]
    'unknown'
    """
    now_us = _now_us(now)
    asked, faults = [], []
    for index, question in enumerate(questions):
        opened, events, wrong = _read(question)
        faults += [Fault(index, *complaint) for complaint in wrong]
        if opened is not None:
            asked.append(Asked(opened, events, question.horizon, max(now_us, opened.at_us)))
    if faults:
        raise QuestionError(faults)
    if not asked:
        return []
    evidence = evidence_of(asked, networks)
    return list(_verdicts(questions, evidence, model))


def _now_us(now: datetime | None) -> int:
    if now is None:
        return microseconds(datetime.now(UTC))
    return microseconds(now.replace(tzinfo=UTC) if now.tzinfo is None else now)


def _read(question: Question) -> tuple[Event | None, list[Event], list[tuple[str, str, str]]]:
    """Return the open, the other events, and everything wrong with them (field, code, detail)."""
    opened, complaints = event_of(question.open, is_open=True)
    wrong = [(f"open/{column}".rstrip("/"), code, detail) for column, code, detail in complaints]
    for name, check in (("horizon", horizon_us), ("preset", preset_named)):
        try:
            check(getattr(question, name))
        except RequestError as unknown:
            wrong.append((name, f"unknown-{name}", str(unknown)))
    if len(question.events) > MOST_EVENTS:
        what_to_do = "Send those of the message and the recipient first, or score a log."
        detail = f"holds {len(question.events):,} events; at most {MOST_EVENTS:,} are looked at. {what_to_do}"
        return opened, [], [*wrong, ("events", "too-many-events", detail)]
    events = []
    for place, columns in enumerate(question.events):
        event, complaints = event_of(columns)
        wrong += [
            (f"events/{place}/{column}".rstrip("/"), code, detail) for column, code, detail in complaints
        ]
        if event is not None:
            events.append(event)
    return opened, events, wrong


def _verdicts(
    questions: Sequence[Question], evidence: pd.DataFrame, model: Model
) -> Iterator[dict[str, Any]]:
    # One thread: requests come side by side, and OpenMP's threads would wait for each other.
    probabilities = np.empty((len(questions), 3))
    reasons: list[list[str]] = [[] for _ in questions]
    explained = [place for place, question in enumerate(questions) if question.reasons]
    others = [place for place, question in enumerate(questions) if not question.reasons]
    if others:
        probabilities[others] = model.predict(evidence.iloc[others], threads=1)
    if explained:
        answers, said = model.predict_with_reasons(evidence.iloc[explained], threads=1)
        probabilities[explained] = answers
        for place, codes in zip(explained, said, strict=True):
            reasons[place] = codes
    # Of the evidence's hundred columns a verdict shows ten: copying the rest would cost more than the model.
    shown = evidence[[name for name in VERDICT_COLUMNS if name in evidence]]
    rows: dict[int, dict[str, Any]] = {}
    model_id = model.model_id
    for preset in {question.preset for question in questions}:
        places = [place for place, question in enumerate(questions) if question.preset == preset]
        table = verdicts_from(
            shown.iloc[places],
            probabilities[places],
            preset=preset,
            model_id=model_id,
            reasons=[reasons[place] for place in places],
        )
        rows |= zip(places, _json_ready(table), strict=True)
    return (rows[place] for place in range(len(questions)))


def _json_ready(verdicts: pd.DataFrame) -> Iterator[dict[str, Any]]:
    columns = {str(name): column.tolist() for name, column in verdicts.items()}
    columns["occurred_at"] = [
        moment.isoformat(timespec="microseconds").replace("+00:00", "Z") for moment in columns["occurred_at"]
    ]
    for name in ("recipient_id", "campaign_id"):
        columns[name] = [value if isinstance(value, str) else None for value in columns[name]]
    return (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
