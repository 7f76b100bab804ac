"""Answers for distinct texts, joined back: a log of a million opens holds some thousand user agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


def as_list(values: Sequence[Any] | pa.Array | pd.Series) -> list[Any]:
    """Return values as a list of Python objects, whatever kind of column held them."""
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return list(values.to_pylist())
    if isinstance(values, pd.Series | np.ndarray):
        return list(values.tolist())
    return list(values)


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
    texts = [value if isinstance(value, str) else None for value in as_list(values)]
    answers = {text: None if text is None else answer(text) for text in set(texts)}
    joined = np.empty(len(texts), dtype=object)
    joined[:] = [answers[text] for text in texts]
    return joined
