"""Decisions from probabilities: what to call an open, by what a mistake would cost.

A preset is a pair of thresholds by Chow's rule: name a person above ``1 - c_abstain / c_false_human``, a machine kind
where a person is less likely than the mirror of that, else say `uncertain` (Chow, 1970). No rate is ever computed from
verdicts: sums of probabilities are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from paperknife.errors import RequestError, did_you_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[Any]

CLASSES: Final = ("human", "prefetch", "machine")


@dataclass(frozen=True, slots=True)
class Preset:
    """When to decide.

    Attributes
    ----------
    human_at_least : float
        `human` where p_human reaches this.
    human_at_most : float
        `prefetch` or `machine`, whichever is likelier, where p_human is at most this.
    class_at_least : float
        And the named class must itself reach this.
    meaning : str
    """

    human_at_least: float
    human_at_most: float
    class_at_least: float
    meaning: str


PRESETS: Final[dict[str, Preset]] = {
    "report": Preset(0.5, 0.5, 0.5, "the class that is likelier than not"),
    "notify": Preset(0.95, 0.05, 0.5, "an alert: a false human costs 20 times an open question"),
    "suppress": Preset(
        0.5, 0.02, 0.5, "a clean-up: nobody counts as unread on a prefetch that could have been a reading"
    ),
}


def preset_named(name: str) -> Preset:
    """Return a preset.

    Raises
    ------
    RequestError
        When there is none of that name.
    """
    if name not in PRESETS:
        raise RequestError(
            f"Preset '{name}' is unknown; it is one of {', '.join(PRESETS)}.{did_you_mean(name, PRESETS)}"
        )
    return PRESETS[name]


def decide(probabilities: Matrix, preset: str = "report") -> NDArray[np.object_]:
    """Return a verdict per row: human, prefetch, machine or uncertain.

    Parameters
    ----------
    probabilities : array of float, shape (rows, 3)
        Human, prefetch, machine.
    preset : {"report", "notify", "suppress"}

    Examples
    --------
    >>> decide(np.array([[0.9, 0.1, 0.0], [0.4, 0.3, 0.3]])).tolist()
    ['human', 'uncertain']
    """
    rule = preset_named(preset)
    human = probabilities[:, 0]
    kind = np.where(probabilities[:, 1] >= probabilities[:, 2], 1, 2)
    kind_share = np.maximum(probabilities[:, 1], probabilities[:, 2])
    verdict = np.full(len(probabilities), "uncertain", dtype=object)
    is_other = (human <= rule.human_at_most) & (kind_share >= rule.class_at_least)
    verdict[is_other] = np.array(CLASSES, dtype=object)[kind[is_other]]
    verdict[human >= rule.human_at_least] = "human"
    return verdict
