"""What the sources of labels and the starting model are worth together: learned where the truth is known.

No source is right, and each is wrong in its own way: hazards where Apple's readers differ from others, click dates where
a device fetches ahead of its owner, the starting model where a sender is unlike any that it learned from. How far each
may be believed, at which delay and with how many events behind it, cannot be read off one log. It was learned on
simulated senders whose laws all differ and none of which the starting model had seen: a small booster corrects that
model's log-odds by what the sources say beside it (a label model, as weak supervision calls it: Ratner et al., 2017,
who estimate it from agreement alone; our sources agree too seldom for that, and share their errors).

Not beside the default model, though: on simulated senders that one is right more often than on any sender that we did
not simulate, and what is learned there is to believe it too much. On a generator written apart the hazards said .24 where
.19 was true and the default model .40, and the label model kept to .40. So the starting models are narrow ones, that know
some dozens of senders each (`models/narrow_models.py`), but for opens of which no source of labels says anything.

What is wrong of one sender is mostly a curve over the delay: with the truth's own curve over eight spans of delay the
default model's log loss inside Apple's traffic fell from .428 to .376 on 20 logs of a generator written apart, where an
oracle leaves .362. Clicks within two minutes show that curve, and are given to the label model as such
(`click_curves`); a Bayesian fit to them, beside label models that knew no curve, gained .003 on simulated senders and
nothing on those logs.

There is one for people in Apple's traffic, and one for other machines. Each sees one open at a time, with its kin; of
the log as a whole the first sees where clicks follow at once, and where a recipient differs from it, and nothing else, so
that a log unlike the simulated ones cannot lead it far.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from paperknife.errors import BundleError
from paperknife.labels.clues import CLUES
from paperknife.labels.machine_clues import MACHINE_CLUES

if TYPE_CHECKING:
    import lightgbm as lgb
    import pandas as pd

    from paperknife.hazards.covariates import Floats

Question = Literal["people", "machines"]

CLUES_TO: Final[dict[Question, tuple[str, ...]]] = {"people": CLUES, "machines": MACHINE_CLUES}
"""What each question is answered from."""

_SETTINGS: Final[dict[str, Any]] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "min_data_in_leaf": 1_000,
    "lambda_l2": 50.0,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
}

_SIZES: Final[dict[Question, tuple[int, int]]] = {"people": (8, 400), "machines": (31, 400)}
"""Leaves and trees. About machines, on a quarter of 780 worlds left out, 15 leaves and 240 trees left .0193 of the
starting model's .0283 and were worse in 6.8 % of worlds; these leave .0190 and are worse in 4.5 %. About people few
leaves carry over best: 31, 15 and 8 (240, 240 and 400 trees, believed wholly, learned beside narrow models of 791 worlds)
left .3868, .3864 and .3858 on the logs of `models/narrow_models.py`, and about the same on our own worlds."""

BELIEF: Final = 0.9
"""What a correction learned on simulated senders is believed of a real one: set between two that were tried. On the
logs of `models/narrow_models.py` one about people left .385 at 1 and .388 at .75, one about machines .0473 and .0471; on
our own worlds, beside the default model, .421 and .420 about people, and the worst twentieth of worlds lost more than
.040 and .022."""


def label_model_file(question: Question) -> Path:
    """Return where a label model that ships with the default model lies: inside the package, or in a checkout."""
    name = f"label_model_{question}.txt"
    packed = Path(__file__).resolve().parents[1] / "models" / name
    return packed if packed.exists() else Path(__file__).resolve().parents[3] / "models" / name


@dataclass(frozen=True, slots=True)
class LabelModel:
    """A booster that corrects the starting model's log-odds by what the sources of labels say.

    Attributes
    ----------
    booster : lightgbm.Booster
        Over the question's clues.
    """

    booster: lgb.Booster

    @classmethod
    def load(cls, question: Question) -> LabelModel:
        """Return a label model that ships with the default model.

        Parameters
        ----------
        question : {"people", "machines"}
            Whether a person caused an open, if no other machine did; whether another machine did.

        Raises
        ------
        BundleError
            When it was made with other clues than this code gathers.
        """
        import lightgbm as lgb

        booster = lgb.Booster(model_str=label_model_file(question).read_text(encoding="utf-8"))
        if booster.feature_name() != list(CLUES_TO[question]):  # LightGBM itself goes by places
            raise BundleError("The label model was made with other clues. Make it anew: make model")
        return cls(booster)

    @classmethod
    def fit(
        cls,
        clues: pd.DataFrame,
        truth: Floats,
        weight: Floats,
        question: Question,
        *,
        random_state: int = 0,
        threads: int = 0,
    ) -> LabelModel:
        """Return the label model that many senders' truth teaches.

        Parameters
        ----------
        clues : pandas.DataFrame
            From `gather_clues`, of opens that no other machine made, or from `gather_machine_clues`.
        truth, weight : numpy.ndarray of float64, shape (opens,)
            1 for a person, or for another machine.
        question : {"people", "machines"}
            Which of the two it learns to answer.
        random_state, threads : int
        """
        import lightgbm as lgb

        data = lgb.Dataset(
            clues,
            label=truth,
            weight=weight,
            init_score=clues["prior"].to_numpy(dtype=np.float64),
        )
        leaves_n, trees_n = _SIZES[question]
        settings = _SETTINGS | {"num_leaves": leaves_n, "seed": random_state, "num_threads": threads}
        return cls(lgb.train(settings, data, num_boost_round=trees_n))

    def probability(self, clues: pd.DataFrame, *, threads: int = 0) -> Floats:
        """Return the answer of each open: the starting model's word, corrected.

        Parameters
        ----------
        clues : pandas.DataFrame
            As it was fitted to.
        threads : int
        """
        if clues.empty:
            return np.zeros(0)
        correction = BELIEF * np.asarray(
            self.booster.predict(clues, raw_score=True, num_threads=threads), dtype=np.float64
        )
        answer: Floats = 1 / (1 + np.exp(-(clues["prior"].to_numpy(dtype=np.float64) + correction)))
        return answer
