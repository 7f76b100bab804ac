"""Why a verdict came out as it did: each view's exact share of the log-odds, as stable codes with a sentence each.

A stage's calibrated log-odds are its prior (the mean over all opens that trained it), what each view of the open adds
(see `paperknife.model.paths`), and what calibration adds: the three kinds add up to them. A code says the view and
what it speaks for, such as `timing:prefetch`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from paperknife.evidence.features import catalogue

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[Any]

_SENTENCES: Final[dict[str, str]] = {
    "timing": "how long after delivery, and at what hour of the recipient's day, it came",
    "message": "its place among the fetches of this message",
    "clicks": "the clicks in this message before it",
    "client": "its user agent",
    "network": "its network, and what that network did before",
    "recipient": "what this recipient's opens and clicks looked like before",
    "domain": "what this mailbox domain's opens and clicks looked like before",
    "log": "what all opens and clicks of this sender look like",
    "later": "the opens, clicks and replies that came after it",
    "prior": "what most opens are that the model learned from",
    "calibration": "what opens by this road, seen for as long, turned out to be",
}
_CLASSES: Final = {"human": "a person", "prefetch": "Apple's prefetch", "machine": "another machine"}
_LEAST: Final = 0.1
"""Log-odds below which a view's share is no reason."""
_MOST_REASONS: Final = 3

VIEWS: Final = tuple(_SENTENCES)
"""What an answer is made of: the catalogue's views, then `prior` and `calibration`."""


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What answers are made of.

    Attributes
    ----------
    probabilities : numpy.ndarray of float64, shape (opens, 3)
        Human, prefetch, machine: to the last bit what `Model.predict` says.
    machine, human : numpy.ndarray of float64, shape (opens, views)
        What each of `VIEWS` adds to the calibrated log-odds of a machine, and of a person given that it was none;
        rows add up to them, within 1e-9.
    """

    probabilities: Matrix
    machine: Matrix
    human: Matrix

    def reasons(self) -> list[list[str]]:
        """Return each open's reasons as stable codes, strongest first, at most three (see `reason_sentences`)."""
        return reasons_of(self.machine, self.human, self.probabilities[:, 2])


def reason_sentences() -> dict[str, str]:
    """Return every reason code with its sentence, in a stable order."""
    return {
        f"{view}:{name}": f"{sentence[0].upper()}{sentence[1:]} speaks for {who}."
        for view, sentence in _SENTENCES.items()
        for name, who in _CLASSES.items()
    }


def views_of_features() -> list[int]:
    """Return the view of each feature of the catalogue, as its place in `VIEWS`."""
    return [VIEWS.index(feature.view) for feature in catalogue()]


def composed(shares: Matrix, prior: float, raw: Matrix, calibrated: Matrix) -> Matrix:
    """Return the shares of all `VIEWS`: those of the features' views, of the prior and of calibration.

    Parameters
    ----------
    shares : numpy.ndarray of float64, shape (opens, views of features)
    prior : float
    raw, calibrated : numpy.ndarray of float64, shape (opens,)
        Log-odds before and after calibration.
    """
    whole = np.zeros((len(shares), len(VIEWS)))
    whole[:, : shares.shape[1]] = shares
    whole[:, VIEWS.index("prior")] = prior
    whole[:, VIEWS.index("calibration")] = calibrated - raw
    return whole


def reasons_of(machine: Matrix, human: Matrix, p_machine: Matrix) -> list[list[str]]:
    """Return each row's reasons, strongest first, at most three.

    The prior and calibration are the same for many opens. They are a reason only where they outweigh every view of
    the open itself, which must then be said; elsewhere they would only crowd out what tells this open from others.

    Parameters
    ----------
    machine, human : numpy.ndarray of float64, shape (rows, views)
        As in `Explanation`.
    p_machine : numpy.ndarray of float64, shape (rows,)
        The second question counts as far as this left it open.
    """
    is_open = (1 - p_machine)[:, None]
    strengths = np.stack([human * is_open, human * -is_open, machine * p_machine[:, None]], axis=1)
    own_n = VIEWS.index("prior")
    common, own = strengths[:, :, own_n:], strengths[:, :, :own_n].max(axis=(1, 2), initial=0.0)
    common[common < own[:, None, None]] = 0
    # One more column, which is as strong as the weakest reason: where it wins, no reason is left.
    strengths = np.column_stack([strengths.reshape(len(strengths), -1), np.full(len(strengths), _LEAST)])
    codes = [f"{view}:{name}" for name in _CLASSES for view in VIEWS]
    none = len(codes)
    rows = np.arange(len(strengths))
    found = np.zeros(len(strengths), dtype=np.int64)
    for _ in range(_MOST_REASONS):
        strongest = strengths.argmax(axis=1)
        strengths[rows, strongest] = np.where(strongest == none, _LEAST, -np.inf)
        found = found * (none + 1) + strongest
    # Hundreds of thousands of rows have some hundreds of answers between them: each is spelt out once.
    kinds, which = np.unique(found, return_inverse=True)
    spelt = [_spelt(int(kind), codes) for kind in kinds]
    return [spelt[kind].copy() for kind in which.tolist()]


def _spelt(kind: int, codes: list[str]) -> list[str]:
    """Return the codes whose places are the digits of a number."""
    places: list[int] = []
    for _ in range(_MOST_REASONS):
        kind, place = divmod(kind, len(codes) + 1)
        places.insert(0, place)
    return [codes[place] for place in places if place < len(codes)]
