"""How many people a panel finds in Apple's traffic, beside what was expected of its opens: one number, learned first.

That level is what a log without truth leaves open above all. Of 736 varied worlds, beside the default model, the label
model leaves .433 of loss in such traffic and, with each world's best single shift in log-odds, .402; the shift's mean
over the worlds is .008 and its standard deviation .70, and linear models and random trees of some 250 sums of a world's
clues foretell five hundredths of its variance (by cross-validation over worlds). What clicks say of it is in the labels
already: clicks that date people's fetches, over those expected there by visible readers' clicks per read, have nothing to
do with what is left (correlation -.04, on the 415 of these worlds with clicks of visible readers and opens enough). With
the truth known they are off by a factor e^.47 either way, a third of it (.32 of the variance) by how gladly Apple's
readers click, and that goes with what is left (-.51). A panel tells it with a few dozen opens, long before they bear
trees.

Loss of 42 varied worlds' later messages in Apple's traffic, .416 and .395 at the instant and settled after training
without a panel, fell by .013 and .012 with the level that 10 recipients tell (30 opens there on average, three panels of
each size), by .016 and .017 with 30, by .022 and .023 with 100.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from paperknife.evidence.features import encode, feature_names
from paperknife.evidence.kinds import kinds
from paperknife.hazards.traffic import traffic
from paperknife.model.calibration import expit
from paperknife.model.stages import Stages
from paperknife.training.rows import HORIZON_SHARES, every_horizon

if TYPE_CHECKING:
    from collections.abc import Mapping

    import lightgbm as lgb
    from numpy.typing import NDArray

    from paperknife.model.bundle import Model
    from paperknife.training.panel_trees import Told

    Floats = NDArray[np.float64]

HIDDEN: Final = ("apple", "unknown")
"""Traffic in which people and prefetches look alike. One shift serves both: with another for the second (of a standard
deviation of .4 beside the first) panels of 10 and of 30 recipients gained .0005 more, larger ones nothing."""

_LIKELY: Final = 0.6
"""Standard deviation of the level before the panel is asked, in log-odds. On the 42 worlds .4 and .8 left a little more
loss with panels of 10 and of 20."""

_ALIKE: Final = 0.3
"""What each further open of a recipient takes from the weight of all of his: w = 1 / (1 + .3 (n - 1)), as in a survey of
clusters with that correlation (Kish, 1965). Of 126 panels of 30 recipients the worst lost .062 of settled loss without
it, .048 at .15, .040 at .3; on average .0176, .0171 and .0167 was gained."""

_MOST: Final = 4.0  # log-odds: where the likeliest shift is looked for
_TIMES: Final = 200  # that a kind which is not moved comes for each that is


@dataclass(frozen=True, slots=True)
class Level:
    """What a panel says of the level in Apple's traffic, and in traffic that tells nothing.

    Attributes
    ----------
    shift : float
        To be added to the log-odds of a person there, before they are calibrated; 0 where the panel says nothing.
    opens_n : int
        The panel's opens there that tell people from prefetches.
    moved : float
        What the shift makes of the panel's calibrated log-odds there, on average over them.
    """

    shift: float
    opens_n: int
    moved: float = 0.0

    @property
    def sentence(self) -> str:
        """What a person should know of it; empty where the panel said nothing."""
        if not self.opens_n:
            return ""
        return (
            f"The panel's {self.opens_n:,} opens in Apple's traffic, or where nothing tells whose traffic it is, make "
            f"the odds of a person there about {np.exp(self.moved):.2f} times what was expected."
        )


def find_level(model: Model, tables: Mapping[str, pd.DataFrame], told: Told) -> Level:
    """Return what the panel says of the level: the likeliest shift, given what was likely before.

    Parameters
    ----------
    model : Model
        What is known without the panel.
    tables : mapping of str to pandas.DataFrame
        Evidence by horizon.
    told : Told
        A panel of people unlike the others says nothing here, nor does a device that nobody picks up.
    """
    from scipy.optimize import minimize_scalar

    if not told.is_like:
        return Level(0.0, 0)
    settled = tables["settled"]
    opens = np.flatnonzero((told.human_weight > 0) & ~told.is_idle)
    opens = opens[np.isin(traffic(settled.iloc[opens]), HIDDEN)]
    if not len(opens):
        return Level(0.0, 0)
    _, place, each_n = np.unique(told.who[opens], return_inverse=True, return_counts=True)
    weight = np.zeros(len(settled))
    weight[opens] = 1 / (1 + _ALIKE * (each_n[place] - 1)) / len(HORIZON_SHARES)
    rows = every_horizon(tables, opens)
    raw = np.asarray(model.stages.human.predict(rows.matrix, raw_score=True), dtype=np.float64)
    is_person, count = told.human[rows.open_n], weight[rows.open_n]

    def log_odds(shift: float) -> Floats:
        return model.human_calibration.log_odds(raw + shift, rows.seen_s, rows.mechanism)

    def unlikely(shift: float) -> float:
        p = np.clip(expit(log_odds(shift)), 1e-4, 1 - 1e-4)
        lost = -(is_person * np.log(p) + (1 - is_person) * np.log(1 - p))
        return float(count @ lost + shift**2 / (2 * _LIKELY**2))

    found = minimize_scalar(unlikely, bounds=(-_MOST, _MOST), method="bounded")
    shift = float(found.x)
    return Level(shift, len(opens), float((log_odds(shift) - log_odds(0.0)).mean()))


def with_level(model: Model, level: Level, tables: Mapping[str, pd.DataFrame]) -> Model:
    """Return the model with one more tree about people: the shift in hidden traffic, nought elsewhere.

    Parameters
    ----------
    model : Model
    level : Level
    tables : mapping of str to pandas.DataFrame
        Evidence by horizon, for its columns.
    """
    if not level.shift:
        return model
    stages = Stages(model.stages.machine, _shifted(model.stages.human, level.shift, tables["settled"]))
    return replace(model, stages=stages)


def _shifted(booster: lgb.Booster, shift: float, evidence: pd.DataFrame) -> lgb.Booster:
    """Return the booster with one more tree, grown over every kind of open there is, whether or not the log has it.

    Those that are not moved come many times: reasons are told beside a tree's mean, which is next to nought so, and the
    shift is a reason of the opens that are moved and of no others.
    """
    import lightgbm as lgb

    every = list(kinds().values())
    one_each = evidence.iloc[np.zeros(len(every), dtype=np.intp)].assign(
        client_family=pd.array([kind.client_family for kind in every], dtype="str"),
        network_class=pd.array([kind.network_class for kind in every], dtype="str"),
        mechanism=pd.array([kind.mechanism for kind in every], dtype="str"),
    )
    is_moved = np.isin(traffic(one_each), HIDDEN)
    opens = one_each.iloc[np.repeat(np.arange(len(every)), np.where(is_moved, 1, _TIMES))]
    target = np.where(np.isin(traffic(opens), HIDDEN), shift, 0.0)
    matrix = encode(opens)
    tells = [name.startswith(("client_is_", "network_is_")) for name in feature_names()]
    matrix[:, ~np.array(tells)] = np.nan  # so that it parts opens by their kind, and by nothing else

    def steps(_: Floats, __: lgb.Dataset) -> tuple[Any, Any]:
        """Return slope and bend that make each leaf the mean of its targets."""
        return -target, np.ones(len(target))

    settings: dict[str, Any] = {
        "objective": steps,
        "learning_rate": 1.0,
        "num_leaves": 31,
        "min_data_in_leaf": 1,
        "min_data_in_bin": 1,
        "min_sum_hessian_in_leaf": 0.0,
        "lambda_l2": 0.0,
        "feature_pre_filter": False,
        "deterministic": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    data = lgb.Dataset(matrix, label=np.zeros(len(target)))
    return lgb.train(settings, data, num_boost_round=1, init_model=booster)
