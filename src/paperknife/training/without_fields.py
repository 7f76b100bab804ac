"""The same log without its user agents, its addresses, or both: what is learned with them teaches to do without.

Labels rest on agents and addresses, and stay what they are when these are taken away. So a sender's model also learns
from the evidence that the log would give had it never had them. Hiding columns of whole evidence
(`paperknife.model.masking`) does not do: that is an open without an agent among others that have one, and in a log where
none has, kinds of opens, networks and habits are other kinds, networks and habits. (Learning with privileged information:
Vapnik and Vashist, 2009.)

On eight varied worlds, later messages, the median AUC lost at the instant to a log without agents, addresses and both was
.019, .007 and .131 by a default model that had not learned so itself, and by trees of four leaves that correct it: 120
trees .015, .005 and .096; with as many rows of hidden columns .020, .006 and .097; with these rows .011, .006 and .085;
240 trees with these rows, as is done now, .009, .004 and .082. With all fields there nothing was lost (AUC .961 to .962,
mean log loss .189 to .186).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from paperknife.evidence.history import GIVEN_BY, gather_horizons
from paperknife.evidence.sampling import sample_recipients
from paperknife.training.rows import HORIZON_SHARES, sample_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from paperknife.events.log import EventLog
    from paperknife.evidence.history import Field
    from paperknife.training.rows import Rows

MOST_OPENS: Final = 60_000
"""Opens that are looked at without a field; of a larger log those of some recipients, as if it were a log of theirs. That
its networks and domains are seen less often there costs next to nothing, and three more passes over all of it minutes: on
six varied worlds, an eighth of whose opens were looked at, .017 of AUC was lost without agents and .085 without both,
with the whole log's evidence .017 and .083, and where all opens were looked at .013 and .073."""

ROWS_SHARE: Final = 0.3
"""Rows without a field for each row with it, for each of the ways to lack one. Twice as many changed nothing."""


@dataclass(frozen=True, slots=True)
class WithoutField:
    """The log as it would be without some field.

    Attributes
    ----------
    tables : mapping of str to pandas.DataFrame
        Evidence by horizon, as from `gather_horizons`.
    open_n : numpy.ndarray of int, shape (rows,)
        Place of each open in the evidence of the log as it is.
    """

    tables: Mapping[str, pd.DataFrame]
    open_n: NDArray[np.intp]


def gather_without(log: EventLog, settled: pd.DataFrame, *, memory: str | None = None) -> list[WithoutField]:
    """Return the log without each of its fields, and without both; nothing of a field that it does not have.

    Parameters
    ----------
    log : EventLog
    settled : pandas.DataFrame
        Evidence of the log as it is, or of some of its recipients.
    memory : str, optional
        DuckDB's memory bound.
    """
    # What evidence shows of a field has the name of what is kept when it is forgotten.
    had: list[Field] = [field for field, columns in GIVEN_BY.items() if settled[columns[-1]].notna().any()]
    ways: list[list[Field]] = [[field] for field in had] + ([had] if len(had) > 1 else [])
    sample = sample_recipients(log, MOST_OPENS) if ways else None
    place = pd.Index(settled["event_id"])
    found = []
    for missing in ways:
        tables = gather_horizons(log, HORIZON_SHARES, within=sample, memory=memory, missing=missing)
        found.append(WithoutField(tables, place.get_indexer(pd.Index(tables["settled"]["event_id"]))))
    return found


def rows_without(
    log: WithoutField, opens: NDArray[np.intp], rows_n: int, random: np.random.Generator
) -> Rows:
    """Return rows that show opens as they would be without the field.

    Parameters
    ----------
    log : WithoutField
    opens : numpy.ndarray of int
        Places, in the evidence of the log as it is, of opens that may be shown.
    rows_n : int
        How many rows to draw; fewer where that would show an open oftener than there are horizons.
    random : numpy.random.Generator
    """
    here = np.flatnonzero(np.isin(log.open_n, opens))
    drawn = np.tile(random.permutation(here), len(HORIZON_SHARES))[:rows_n]
    rows = sample_rows(log.tables, drawn, random, masked_share=0.0)
    return replace(rows, open_n=log.open_n[rows.open_n])
