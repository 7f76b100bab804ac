"""What the sources of labels and the starting model are worth together: learned where the truth is known.

No source is right, and each is wrong in its own way: hazards where Apple's readers differ from others, click dates where
a device fetches ahead of its owner, the starting model where a sender is unlike any that it learned from. How far each
may be believed, at which delay and with how many events behind it, cannot be read off one log. It was learned on
simulated senders whose laws all differ and none of which the starting model had seen: a small booster corrects that
model's log-odds by what the sources say beside it (a label model, as weak supervision calls it: Ratner et al., 2017,
who estimate it from agreement alone; our sources agree too seldom for that, and share their errors).

It sees one open at a time and nothing of the log as a whole, so that a log unlike the simulated ones cannot lead it far.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from paperknife.errors import BundleError
from paperknife.labels.clues import CLUES

if TYPE_CHECKING:
    import lightgbm as lgb
    import pandas as pd

    from paperknife.hazards.covariates import Floats

_FILE: Final = "label_model.txt"

_SETTINGS: Final[dict[str, Any]] = {
    "objective": "binary",
    "num_leaves": 15,
    "learning_rate": 0.05,
    "min_data_in_leaf": 300,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
}
_ROUNDS: Final = 100


def label_model_file() -> Path:
    """Return where the label model that ships with the default model lies: inside the package, or in a checkout."""
    packed = Path(__file__).resolve().parents[1] / "models" / _FILE
    return packed if packed.exists() else Path(__file__).resolve().parents[3] / "models" / _FILE


@dataclass(frozen=True, slots=True)
class LabelModel:
    """A booster that corrects the starting model's log-odds of a person by what the sources of labels say.

    Attributes
    ----------
    booster : lightgbm.Booster
        Over `CLUES`.
    """

    booster: lgb.Booster

    @classmethod
    def load(cls) -> LabelModel:
        """Return the label model that ships with the default model.

        Raises
        ------
        BundleError
            When it was made with other clues than this code gathers.
        """
        import lightgbm as lgb

        booster = lgb.Booster(model_str=label_model_file().read_text(encoding="utf-8"))
        if booster.feature_name() != list(CLUES):  # LightGBM itself goes by places
            raise BundleError(
                "The label model was made with other clues. Make it anew: models/make_label_model.py"
            )
        return cls(booster)

    @classmethod
    def fit(
        cls,
        clues: pd.DataFrame,
        is_person: Floats,
        weight: Floats,
        *,
        random_state: int = 0,
        threads: int = 0,
    ) -> LabelModel:
        """Return the label model that many senders' truth teaches.

        Parameters
        ----------
        clues : pandas.DataFrame
            From `gather_clues`, of opens that no other machine made.
        is_person, weight : numpy.ndarray of float64, shape (opens,)
        random_state, threads : int
        """
        import lightgbm as lgb

        data = lgb.Dataset(
            clues[list(CLUES)],
            label=is_person,
            weight=weight,
            init_score=clues["prior"].to_numpy(dtype=np.float64),
        )
        settings = _SETTINGS | {"seed": random_state, "num_threads": threads}
        return cls(lgb.train(settings, data, num_boost_round=_ROUNDS))

    def p_human(self, clues: pd.DataFrame, *, threads: int = 0) -> Floats:
        """Return P(a person's reading caused it, if no other machine did): the starting model's word, corrected.

        Parameters
        ----------
        clues : pandas.DataFrame
            From `gather_clues`.
        threads : int
        """
        if clues.empty:
            return np.zeros(0)
        correction = np.asarray(
            self.booster.predict(clues[list(CLUES)], raw_score=True, num_threads=threads), dtype=np.float64
        )
        answer: Floats = 1 / (1 + np.exp(-(clues["prior"].to_numpy(dtype=np.float64) + correction)))
        return answer
