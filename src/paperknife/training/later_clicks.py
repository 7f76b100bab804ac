"""What clicks in a log's later messages, which trained nothing, say of a model that the earlier ones trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from paperknife.labels.click_sides import click_sides
from paperknife.training.click_check import compare_with_clicks, later_readings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from paperknife.labels.labels import Labels
    from paperknife.model.bundle import Model
    from paperknife.training.click_check import ClickCheck


def check_held_out(
    tables: Mapping[str, pd.DataFrame],
    messages: pd.DataFrame,
    labels: Labels,
    twins: Sequence[Model],
    *,
    is_later: NDArray[np.bool_],
    random_state: int,
) -> ClickCheck:
    """Return what clicks in later messages say of two models, each asked about the messages that calibrated the other.

    The labels that calibrate know the clicks: without the second model, half of the messages would flatter the first.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        Evidence: `instant` and `settled`.
    messages : pandas.DataFrame
    labels : Labels
    twins : sequence of two Model
        The first is asked about messages of odd number (in order of their first opens), the second about the others.
    is_later : array of bool, shape (opens,)
        Opens to look at: those that trained nothing.
    random_state : int
    """
    settled, instant = tables["settled"], tables["instant"]
    sides = click_sides(settled, messages, labels.opens["m"].fillna(1.0).to_numpy(dtype=np.float64))
    asked = sides.is_dated & is_later
    half = pd.factorize(settled["message_id"])[0] % 2
    p_human = np.full(len(settled), np.nan)
    for judged, model in zip((1, 0), twins, strict=True):
        some = asked & (half == judged)
        p_human[some] = model.predict(instant[some])[:, 0]
    p_later = later_readings(settled, messages, labels.diagnostics.hazards)
    return compare_with_clicks(p_human, settled, sides, p_later, among=is_later, random_state=random_state)
