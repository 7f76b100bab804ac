"""Answers for distinct values, joined back: a log of a million opens holds some thousand user agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


def as_objects(values: Sequence[Any] | pa.Array | pd.Series) -> NDArray[np.object_]:
    """Return values as an array of Python objects, shape (n,), whatever column type held them."""
    if isinstance(values, pa.Array | pa.ChunkedArray):
        values = values.to_pylist()
    elif isinstance(values, pd.Series):
        values = values.tolist()
    elif isinstance(values, np.ndarray):
        return values.astype(object, copy=False)
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    return objects


def answer_distinct(
    values: Sequence[Any] | pa.Array | pd.Series, answer: Callable[[str], str | None]
) -> NDArray[np.object_]:
    """Return `answer(text)` per text, None for null and for what is no text; asks once per distinct text.

    Parameters
    ----------
    values : sequence, pyarrow Array or pandas Series, shape (n,)
    answer : callable

    Returns
    -------
    ndarray of object, shape (n,)
    """
    codes, distinct = pd.factorize(as_objects(values))
    answers = np.empty(
        len(distinct) + 1, dtype=object
    )  # the last stays None: factorize's code for null is -1
    for place, value in enumerate(distinct):
        answers[place] = answer(value) if isinstance(value, str) else None
    return answers[codes]
