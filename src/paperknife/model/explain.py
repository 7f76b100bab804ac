"""Why a verdict came out as it did: each view's exact share of the log-odds, as stable codes with a sentence each.

LightGBM splits a booster's answer exactly among the features (its `pred_contrib`); shares of one view are summed. A
code says the view and what it speaks for, such as `timing:prefetch`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from paperknife.evidence.features import catalogue

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[Any]

_VIEWS: Final[dict[str, str]] = {
    "timing": "how long after delivery, and at what hour of the recipient's day, it came",
    "message": "its place among the fetches of this message",
    "clicks": "the clicks in this message before it",
    "client": "its user agent",
    "network": "its network, and what that network did before",
    "recipient": "what this recipient's opens and clicks looked like before",
    "domain": "what this mailbox domain's opens and clicks looked like before",
    "log": "what all opens and clicks of this sender look like",
    "later": "the opens, clicks and replies that came after it",
}
_CLASSES: Final = {"human": "a person", "prefetch": "Apple's prefetch", "machine": "another machine"}
_LEAST: Final = 0.1
"""Log-odds below which a view's share is no reason."""
_MOST_REASONS: Final = 3


def reason_sentences() -> dict[str, str]:
    """Return every reason code with its sentence, in a stable order."""
    return {
        f"{view}:{name}": f"{sentence[0].upper()}{sentence[1:]} speaks for {who}."
        for view, sentence in _VIEWS.items()
        for name, who in _CLASSES.items()
    }


def reasons_of(machine: Matrix, human: Matrix) -> list[list[str]]:
    """Return each row's reasons, strongest first, at most three.

    Parameters
    ----------
    machine, human : numpy.ndarray of float64, shape (rows, features + 1)
        `Stages.contributions`: what each feature adds to the log-odds of a machine, and of a person among the rest.
    """
    views = list(_VIEWS)
    place = np.array([views.index(feature.view) for feature in catalogue()])
    sums = np.zeros((len(machine), len(views), 2))
    for stage, shares in enumerate((machine, human)):
        for view in range(len(views)):
            sums[:, view, stage] = shares[:, :-1][:, place == view].sum(axis=1)
    # The second question counts as far as the first left it open.
    open_share = 1 / (1 + np.exp(np.clip(machine.sum(axis=1), -30, 30)))
    strengths = np.concatenate(
        [
            np.maximum(sums[:, :, 1], 0) * open_share[:, None],
            np.maximum(-sums[:, :, 1], 0) * open_share[:, None],
            np.maximum(sums[:, :, 0], 0) * (1 - open_share[:, None]),
        ],
        axis=1,
    )
    codes = np.array([f"{view}:{name}" for name in _CLASSES for view in views], dtype=object)
    order = np.argsort(-strengths, axis=1, kind="stable")[:, :_MOST_REASONS]
    strongest = np.take_along_axis(strengths, order, axis=1)
    return [codes[row[keep]].tolist() for row, keep in zip(order, strongest >= _LEAST, strict=True)]
