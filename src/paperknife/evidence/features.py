"""The catalogue of features: what a model sees of an open, computed from the integers of the evidence table.

One vectorised function, `encode`, serves batch scoring, training and single questions alike. A feature is null (NaN)
where what it needs is not there: the model has learned what to do without it. Time spans are logarithms, since a
second matters after two and not after a day; shares are of the last 30 days; nothing here is an id or a position.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from paperknife.evidence.columns import AFTERMATH, HISTORY, LOG_HABITS
from paperknife.evidence.formulas.feature import Columns
from paperknife.evidence.formulas.of_aftermath import later_features
from paperknife.evidence.formulas.of_kind import own_kind_features
from paperknife.evidence.formulas.of_log import whole_log_features
from paperknife.evidence.formulas.of_open import (
    CLIENT_GROUPS,
    NETWORK_GROUPS,
    client_and_network_features,
    message_features,
    timing_features,
)
from paperknife.evidence.formulas.of_past import past_features
from paperknife.evidence.formulas.of_repeats import again_features, hour_features

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from paperknife.evidence.formulas.feature import Feature, Need


@cache
def catalogue() -> tuple[Feature, ...]:
    """Return every feature, in the order of the columns that `encode` makes."""
    return (
        *timing_features(),
        *message_features(),
        *client_and_network_features(),
        *past_features("recipient"),
        *past_features("domain"),
        *past_features("network"),
        *whole_log_features(),
        *again_features(),
        *hour_features(),
        *own_kind_features(),
        *later_features(),
    )


def feature_names() -> tuple[str, ...]:
    """Return the features' names, in order."""
    return tuple(feature.name for feature in catalogue())


def encode(evidence: pd.DataFrame) -> NDArray[np.float32]:
    """Return what a model sees of each open.

    Parameters
    ----------
    evidence : pandas.DataFrame
        From `gather_evidence`, or its like for single questions.

    Returns
    -------
    numpy.ndarray of float32, shape (opens, features)
        Columns in the order of `catalogue`; NaN where a feature is null.
    """
    columns = Columns(evidence)
    matrix = np.empty((len(evidence), len(catalogue())), dtype=np.float32)
    for place, feature in enumerate(catalogue()):
        matrix[:, place] = feature.formula(columns)
    return matrix


def is_evidence(table: object) -> bool:
    """Return whether a table is evidence, and not yet a matrix of features."""
    return isinstance(table, pd.DataFrame) and {"delay_us", "seen_s", "mechanism"} <= set(table.columns)


def masked(matrix: NDArray[np.float32], missing: Iterable[Need]) -> NDArray[np.float32]:
    """Return a copy in which every feature that needs one of the missing things is null.

    Features that live on either the user agent or the IP (whose `needs` hold both) go only when both are missing.
    """
    gone = set(missing)
    either = {"user_agent", "ip"}
    result = matrix.copy()
    for place, feature in enumerate(catalogue()):
        needs = set(feature.needs)
        certain = needs - either if either <= needs else needs
        if certain & gone or (either <= needs and either <= gone):
            result[:, place] = np.nan
    return result


def probe() -> pd.DataFrame:
    """Return a fixed table of made-up evidence that reaches every formula."""
    rows_n = 40
    step = np.arange(rows_n, dtype=np.int64)
    table = pd.DataFrame(
        {
            "occurred_at": pd.to_datetime(1_767_225_600_000_000 + step * 5_000_000_017, unit="us", utc=True),
            "seen_s": (step % 5) * 1234.5,
            "clock_kind": [["delivered", "sent", None][n % 3] for n in step],
            "client_family": [[*sum(CLIENT_GROUPS.values(), ()), None][n % 17] for n in step],
            "network_class": [[*sum(NETWORK_GROUPS.values(), ()), None][n % 10] for n in step],
        }
    )
    for place, name in enumerate((*HISTORY, *LOG_HABITS, *AFTERMATH)):
        scale = 7_654_321 if name.endswith("_us") else 1
        numbers = ((step * step + (2 * place + 3) * step + place) % 41) * scale
        table[name] = pd.Series(numbers, dtype="Int64").mask(pd.Series((step + (place + 8) // 9) % 7 == 0))
    return table


def describe() -> pd.DataFrame:
    """Return the catalogue as a table: name, view, unit, needs, null_means."""
    return pd.DataFrame(
        [(f.name, f.view, f.unit, ", ".join(f.needs), f.null_means) for f in catalogue()],
        columns=["name", "view", "unit", "needs", "null_means"],
    )
