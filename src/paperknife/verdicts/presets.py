"""Decisions from probabilities: what to call an open, by what a mistake would cost.

A preset says what two mistakes cost beside an open question: calling a person what was none, and calling something
else what was a person. By Chow's rule (1970) a class is named where its expected cost is no more than that of saying
`uncertain`: `human` from ``1 - c_abstain / c_false_human`` on, a machine kind up to ``c_abstain / c_missed_human``. No
rate is ever computed from verdicts: sums of probabilities are.
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


LIKELIER_THAN_NOT: Final = 0.5
"""What a class must reach to be named, whatever the costs: the costs speak of people, not of which machine it was."""


@dataclass(frozen=True, slots=True)
class Preset:
    """What mistakes cost, in open questions: what saying `uncertain` costs is 1.

    Attributes
    ----------
    false_human : float
        Calling a person what was none.
    missed_human : float
        Calling a prefetch or a machine what was a person.
    meaning : str
    names_prefetch : bool
        Whether `prefetch` is an answer. Where not, what may have been one stays as open as what may have been a
        person: Apple's cache hides the readings that follow a prefetch, so it speaks neither for nor against any.
    """

    false_human: float
    missed_human: float
    meaning: str
    names_prefetch: bool = True

    @property
    def human_at_least(self) -> float:
        """`human` where p_human reaches this."""
        return 1 - 1 / self.false_human

    @property
    def human_at_most(self) -> float:
        """A machine kind where what must not be called one is at most this likely."""
        return 1 / self.missed_human


PRESETS: Final[dict[str, Preset]] = {
    "report": Preset(2, 2, "the class that is likelier than not"),
    "notify": Preset(20, 20, "an alert: a false human costs as much as 20 that were left open"),
    "suppress": Preset(
        2,
        50,
        "a clean-up: nobody counts as unread on a prefetch, nor on what may have been a reading",
        names_prefetch=False,
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
    human, prefetch, machine = probabilities.T
    spared = human if rule.names_prefetch else human + prefetch
    kind = np.where(prefetch >= machine, 1, 2)
    is_other = (spared <= rule.human_at_most) & (np.maximum(prefetch, machine) >= LIKELIER_THAN_NOT)
    verdict = np.full(len(probabilities), "uncertain", dtype=object)
    verdict[is_other] = np.array(CLASSES, dtype=object)[kind[is_other]]
    verdict[human >= rule.human_at_least] = "human"
    return verdict
