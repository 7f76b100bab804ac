"""What is hidden from a model while it learns, so that it can answer without it.

A log may lack the user agent, the IP, both, the history or the time zone, so a model must have seen each of them go
by itself: hiding them only all together breaks calibration where one is missing (LEARNING.md, "Shortcuts that fail").
A block is the set of columns that goes when a field does.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from paperknife.evidence.features import feature_names, masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from paperknife.evidence.formulas.feature import Need

    Matrix = NDArray[Any]
    Block = tuple[int, ...]

MASKS: Final[tuple[tuple[Need, ...], ...]] = (
    ("user_agent",),
    ("ip",),
    ("user_agent", "ip"),
    ("recipient",),
    ("domain",),
    ("clock",),
    ("time_zone",),
    ("recipient", "domain", "time_zone"),
    ("log",),
    ("user_agent", "ip", "recipient", "domain", "campaign"),
)
"""What a log may lack, each hidden as often as the others."""

MASKED_SHARE: Final = 0.25
"""Share of rows with something hidden."""


@cache
def columns_of(missing: tuple[Need, ...]) -> Block:
    """Return the places of the catalogue's features that are null in a log which lacks the fields."""
    shown = np.zeros((1, len(feature_names())), dtype=np.float32)
    return tuple(np.flatnonzero(np.isnan(masked(shown, missing)[0])).tolist())


def catalogue_blocks() -> tuple[Block, ...]:
    """Return the columns that each of `MASKS` hides, in its order."""
    return tuple(columns_of(missing) for missing in MASKS)


def hide(
    matrix: Matrix, random: np.random.Generator, *, blocks: Sequence[Iterable[int]], share: float
) -> None:
    """Make one block of columns NaN, in place, in a random share of the rows.

    Parameters
    ----------
    matrix : numpy.ndarray of float, shape (rows, columns)
        Changed.
    random : numpy.random.Generator
    blocks : sequence of iterables of int
        Columns that are hidden together; each row that loses any loses one block, all equally often.
    share : float
        Between 0 and 1.
    """
    hidden = random.random(len(matrix)) < share
    which = random.integers(max(len(blocks), 1), size=len(matrix))
    for place, block in enumerate(blocks):
        here = np.flatnonzero(hidden & (which == place))
        matrix[np.ix_(here, np.fromiter(block, dtype=np.intp))] = np.nan
