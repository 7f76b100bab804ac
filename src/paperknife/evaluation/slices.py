"""The parts of a log that an overall figure hides, above all Apple's traffic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from paperknife.evaluation.domains import domain_kinds

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

ALL: Final = ("all", "all opens")
INSIDE_APPLE: Final = ("apple traffic", "inside")


@dataclass(frozen=True, slots=True)
class Slice:
    """A named part of the judged opens.

    Attributes
    ----------
    name : str
        What is sliced by, such as "mechanism".
    value : str
        Which part, such as "google_proxy".
    mask : array of bool, shape (n,)
    """

    name: str
    value: str
    mask: NDArray[np.bool_]


def slices_of(opens: pd.DataFrame) -> Iterator[Slice]:
    """Yield the slices that the columns of the judged opens allow; null values belong to none.

    Parameters
    ----------
    opens : pandas.DataFrame
        `is_apple` (boolean), and where known `mechanism`, `evidence`, `horizon`, `is_known`,
        `recipient_domain`.
    """
    yield Slice(*ALL, pd.Series(data=True, index=opens.index).to_numpy())
    apple = opens["is_apple"].map({True: "inside", False: "outside"})
    yield from _parts("apple traffic", apple)
    for column in ("mechanism", "evidence", "horizon"):
        if column in opens:
            yield from _parts(column, opens[column])
    if "is_known" in opens:
        yield from _parts("recipient", opens["is_known"].map({True: "known", False: "new"}))
    if "recipient_domain" in opens:
        yield from _parts("domain", domain_kinds(opens["recipient_domain"]))


def _parts(name: str, values: pd.Series) -> Iterator[Slice]:
    """Yield one slice per value, the biggest first; a value that all opens have is no slice."""
    sizes = values.value_counts()
    for value in sizes[sizes < len(values)].index:
        yield Slice(name, str(value), (values == value).fillna(value=False).to_numpy(dtype=bool))
