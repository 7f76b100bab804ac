"""Gates: where a log does not bear the weight of labels, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from paperknife.hazards.covariates import WEEK_S
from paperknife.hazards.kappa import ENOUGH_CLICKS
from paperknife.hazards.sender import MIN_EVENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from paperknife.hazards.sender import SenderHazards

    Texts = np.ndarray[tuple[int], np.dtype[np.object_]]

Level = Literal["note", "warn", "refuse"]

FEW_OPENS: Final = 300
FEW_CLICKS: Final = 100
READ_RATE_TOLERANCE: Final = 0.02
"""Predicted against observed reads of visible recipients may differ by this share (LEARNING.md)."""

_NEARLY_ALL, _MOST, _SOME = 0.95, 0.5, 0.2
_ENOUGH_TO_REPEAT: Final = (
    500  # a fifth of readers open again (FACTS.md section 3): hundreds without one are no chance
)
_FAR: Final = 0.4  # on the log scale: a factor of one and a half

_KAPPA = (
    "kappa (how much people behind Apple read, as a multiple of the others) is {value:.2f} (95 %: {low:.2f} to "
    "{high:.2f}) by {clicks_n:,.0f} clean Apple clicks"
)

GATES: Final[dict[str, tuple[Level, str]]] = {
    "few-opens": ("warn", "The log holds {n} opens; with so few the default model knows more than the log."),
    "no-clock": (
        "refuse",
        "No delivery or send stands before the opens: hazards abstain. Log delivered events to have them.",
    ),
    "patchy-clock": (
        "warn",
        "{share:.0%} of the opens have no delivery or send before them: hazards abstain there.",
    ),
    "no-kinds": (
        "refuse",
        (
            "Neither user agents nor IPs: nobody can see who is behind Apple, and no source labels such opens. Beside a "
            "starting model the recipient's other opens speak."
        ),
    ),
    "patchy-kinds": (
        "note",
        "{share:.0%} of the opens have neither user agent nor IP: labels rest on the recipient's other opens.",
    ),
    "first-opens-only": (
        "note",
        "No message was opened twice: the feed seems to hold first opens only, and clicks date fewer readings.",
    ),
    "no-recipients": (
        "warn",
        "Most messages name no recipient: who is behind Apple is guessed, and engagement is not known.",
    ),
    "no-apple": ("note", "No open is of Apple's traffic."),
    "all-apple": (
        "refuse",
        "{share:.0%} of the recipients are behind Apple: too few others show how people read, so hazards abstain.",
    ),
    "nearly-all-apple": (
        "warn",
        "{share:.0%} of the recipients are behind Apple: the few others speak for all.",
    ),
    "few-events": ("refuse", "Fewer than {n:.0f} dated readings, or Apple fetches: hazards abstain."),
    "read-rate-off": (
        "warn",
        "The read hazard predicts {predicted:.0f} reads of visible recipients where {seen:.0f} were seen.",
    ),
    "short-log": (
        "warn",
        "Most messages were followed for less than seven days: late readings are extrapolated.",
    ),
    "kappa": ("note", _KAPPA + ". {assumption}"),
    "few-clicks": (
        "note",
        _KAPPA + "; {enough:,} clicks would fix it to 5 %, so it leans to 1. {assumption}",
    ),
    "hardly-any-clicks": ("warn", _KAPPA + ": too few to tell, so it is near 1. {assumption}"),
    "few-dates": (
        "note",
        "Clicks date {n:.0f} first Apple fetches, against {known:.0f} gaps of known readers: published gaps fill in.",
    ),
    "far-from-kappa": (
        "warn",
        (
            "First Apple fetches by people are {ahead:.2f} times as many as kappa lets expect: so say the {n:,.0f} of "
            "them that clicks date, and how many fetches there are. The labels follow. Devices may fetch just ahead of "
            "readings, or Apple's readers click more, or less, per read than others."
        ),
    ),
    "panel": ("note", "The panel's people look like the others behind Apple: its word is taken as it is."),
    "strange-panel": (
        "warn",
        (
            "The panel's people are not like the others behind Apple (in mails, opens, clicks or labels): it teaches "
            "what people's opens look like there, but not how many there are."
        ),
    ),
}
"""Every gate: its level, and its sentence with places for figures."""

_EXPLAINED_BY: Final = {"few-events": "no-clock", "few-dates": "no-kinds"}
"""Gates that are a mere consequence where another has spoken."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One finding.

    Attributes
    ----------
    code : str
        Stable, a key of `GATES`.
    level : {"note", "warn", "refuse"}
        `refuse`: a source of labels abstains; `warn`: its labels are doubtful; `note`: good to know.
    sentence : str
        What was found, and what follows from it.
    """

    code: str
    level: Level
    sentence: str


def _gate(code: str, **figures: Any) -> Gate:
    level, sentence = GATES[code]
    return Gate(code, level, sentence.format(**figures))


def check_log(evidence: pd.DataFrame, messages: pd.DataFrame, kind: Texts) -> list[Gate]:
    """Return what the log itself lacks.

    Parameters
    ----------
    evidence, messages : pandas.DataFrame
        From `gather_evidence` and `message_table`.
    kind : numpy.ndarray of str, shape (opens,)
        From `traffic`.
    """
    opens_n = len(evidence)
    gates = [_gate("few-opens", n=opens_n)] if opens_n < FEW_OPENS else []
    if not opens_n:
        return gates
    for codes, share in (
        (("no-clock", "patchy-clock"), float(evidence["delay_us"].isna().mean())),
        (("no-kinds", "patchy-kinds"), float((kind == "unknown").mean())),
    ):
        if share > _SOME:
            gates.append(_gate(codes[0] if share > _NEARLY_ALL else codes[1], share=share))
    opened_n = int((messages["opens_n"] > 0).sum())
    if opened_n >= _ENOUGH_TO_REPEAT and int(messages["opens_n"].max()) <= 1:
        gates.append(_gate("first-opens-only"))
    if float(messages["has_recipient"].mean()) < _MOST:
        gates.append(_gate("no-recipients"))
    return gates


def check_hazards(hazards: SenderHazards, kind: Texts) -> list[Gate]:
    """Return where the hazards, and kappa, are not to be trusted.

    Parameters
    ----------
    hazards : SenderHazards
    kind : numpy.ndarray of str, shape (opens,)
        From `traffic`.
    """
    if (kind == "unknown").all():  # said already
        return []
    if not (kind == "apple").any():
        return [_gate("no-apple")]
    share = hazards.strata.apple_share
    if hazards.read is None and (kind == "visible").sum() < MIN_EVENTS:
        return [_gate("all-apple", share=share)]
    if hazards.read is None or hazards.total is None:
        return [_gate("few-events", n=MIN_EVENTS)]
    gates = [_gate("nearly-all-apple", share=share)] if share > _NEARLY_ALL else []
    seen, predicted = hazards.observed_reads_n, hazards.predicted_reads_n
    # Chance alone moves the observed count by its square root: only what goes beyond both is the fit's.
    if abs(predicted / seen - 1) > READ_RATE_TOLERANCE + 1.96 / np.sqrt(seen):
        gates.append(_gate("read-rate-off", predicted=predicted, seen=seen))
    if float(np.nanmedian(hazards.followed_s)) < WEEK_S:
        gates.append(_gate("short-log"))
    kappa = hazards.kappa
    enough, some = kappa.apple_clicks_n >= ENOUGH_CLICKS, kappa.apple_clicks_n >= FEW_CLICKS
    gates.append(
        _gate(
            "kappa" if enough else "few-clicks" if some else "hardly-any-clicks",
            value=kappa.value,
            low=kappa.low,
            high=kappa.high,
            clicks_n=kappa.apple_clicks_n,
            enough=ENOUGH_CLICKS,
            assumption=kappa.assumption,
        )
    )
    return gates


def without_consequences(gates: Sequence[Gate]) -> list[Gate]:
    """Return the gates less those that only say what follows from another, as if it were one more thing to mend."""
    codes = {gate.code for gate in gates}
    return [gate for gate in gates if _EXPLAINED_BY.get(gate.code) not in codes]


def check_panel_people(*, is_like: bool) -> Gate:
    """Return what a panel is good for, by whether its people are like the others."""
    return _gate("panel" if is_like else "strange-panel")


def check_dates(ahead: float, fetches_n: float, human_gaps_n: float) -> list[Gate]:
    """Return whether clicks and hazards agree on first Apple fetches.

    Parameters
    ----------
    ahead : float
        Readings that come before the device's own fetch, as a multiple of what kappa says.
    fetches_n : float
        Dated first fetches.
    human_gaps_n : float
        Gaps of known human opens.
    """
    if fetches_n < MIN_EVENTS or human_gaps_n < MIN_EVENTS:
        return [_gate("few-dates", n=fetches_n, known=human_gaps_n)]
    return [_gate("far-from-kappa", ahead=ahead, n=fetches_n)] if abs(np.log(ahead)) > _FAR else []
