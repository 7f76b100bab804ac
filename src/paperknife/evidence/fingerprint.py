"""A digest of everything that decides what a model sees of an open.

A bundle carries it, so that a model never reads features computed in another way than those it learned from.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache

import numpy as np

from paperknife.evidence import features
from paperknife.evidence.columns import DELAY_EDGES_S
from paperknife.evidence.habits import (
    HOURLY,
    PLACED,
    habit_sums,
    kind_columns,
    kind_counts,
    kind_sums,
    places,
)
from paperknife.evidence.history import BURST_US, CLEAN_CLICK_US, SQL_TEXTS, sql_text
from paperknife.evidence.kinds import kinds_table

_COMMENT = re.compile(r"--(?! step:).*$", re.MULTILINE)


@cache
def fingerprint() -> str:
    """Return the digest, hexadecimal.

    Of the SQL without its comments, the constants it is run with, what clients and networks mean together, the
    catalogue, and what every formula makes of a fixed made-up table.
    """
    return hashlib.sha256(
        "\n".join([*_how_evidence_is_made(), *_how_features_are_made()]).encode()
    ).hexdigest()


def _how_evidence_is_made() -> list[str]:
    texts = [" ".join(_COMMENT.sub("", sql_text(name)).split()) for name in SQL_TEXTS]
    constants = f"{CLEAN_CLICK_US} {BURST_US} {DELAY_EDGES_S} {PLACED} {HOURLY}"
    filled = [habit_sums(), *places(), kind_counts(), kind_sums(), *kind_columns()]
    return [*texts, constants, *filled, kinds_table().to_csv(index=False)]


def _how_features_are_made() -> list[str]:
    said = [f"{f.name}|{f.view}|{f.unit}|{','.join(f.needs)}|{f.null_means}" for f in features.catalogue()]
    values = np.round(features.encode(features.probe()).astype(np.float64), 3)
    rows = [",".join("" if np.isnan(value) else f"{value + 0.0:.3f}" for value in row) for row in values]
    return [*said, *rows]
