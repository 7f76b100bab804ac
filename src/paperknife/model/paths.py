"""Which view moved the answer: exact shares of a booster's log-odds, read off the leaves that a row falls into.

A tree's answer begins at its root with the mean over all training rows, and each split on the way to the leaf moves
it to the mean of a smaller part of them; the move is credited to the view of the feature that was split on (Saabas,
2014). What a leaf's way adds up to is known before any row comes, so a row's shares are sums of constants: one look
for its leaves gives the log-odds, to the last bit those of `Booster.predict`, and every view's share, which together
with the prior add up to them within rounding.

LightGBM's own `pred_contrib` (TreeSHAP: Lundberg et al., 2020) starts from the same prior and adds up as well, but
credits a split also to rows that other features led elsewhere, and takes over a hundred times as long as scoring. It
is kept, feature by feature, as `Stages.contributions`; `tests/bench/bench_model.py` tells how far the two agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import lightgbm as lgb
    from numpy.typing import NDArray

    Matrix = NDArray[Any]
    Floats = NDArray[np.float64]

_BLOCK_ROWS: Final = 4_000
"""Rows at a time: their leaves, 4 bytes a tree, stay in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """What the ways to all leaves of a booster add up to.

    Attributes
    ----------
    booster : lightgbm.Booster
    first_leaf : numpy.ndarray of int32, shape (trees,)
        Where each tree's leaves begin in `table`.
    table : numpy.ndarray of float64, shape (leaves of all trees, 1 + views)
        Each leaf's value, and each view's share of its difference from the root.
    prior : float
        What all roots add up to: the mean log-odds over the rows that trained.
    """

    booster: lgb.Booster
    first_leaf: NDArray[np.int32]
    table: Floats
    prior: float

    def shares(self, matrix: Matrix, *, threads: int = 0) -> tuple[Floats, Floats]:
        """Return each row's log-odds, and its views' shares of them.

        Returns
        -------
        log_odds : numpy.ndarray of float64, shape (rows,)
            To the last bit those of the booster.
        shares : numpy.ndarray of float64, shape (rows, views)
            With `prior` they add up to the log-odds, within 1e-9.
        """
        from scipy.sparse import csr_array

        sums = np.empty((len(matrix), self.table.shape[1]))
        trees_n = len(self.first_leaf)
        for start in range(0, len(matrix), _BLOCK_ROWS):
            rows = matrix[start : start + _BLOCK_ROWS]
            leaves = np.asarray(self.booster.predict(rows, pred_leaf=True, num_threads=threads))
            places = leaves.reshape(len(rows), trees_n) + self.first_leaf
            # A row of ones where its leaves are: its product with the table adds in the order of the trees.
            ones = csr_array(
                (np.ones(places.size), places.ravel(), np.arange(0, places.size + 1, trees_n)),
                shape=(len(rows), len(self.table)),
            )
            sums[start : start + len(rows)] = ones @ self.table
        return sums[:, 0], sums[:, 1:]


def paths_of(booster: lgb.Booster, views: Sequence[int]) -> Paths:
    """Return what the ways to a booster's leaves add up to.

    Parameters
    ----------
    booster : lightgbm.Booster
        With one log-odds a row.
    views : sequence of int
        The view of each feature, counted from 0.
    """
    views_n = max(views) + 1
    tables, prior = [], 0.0
    for tree in booster.dump_model()["tree_info"]:
        table = np.zeros((tree["num_leaves"], 1 + views_n))
        root = tree["tree_structure"]
        prior += _enter(root, np.zeros(1 + views_n), views, table, _means(root))
        tables.append(table)
    sizes = [len(table) for table in tables]
    return Paths(booster, np.cumsum([0, *sizes[:-1]], dtype=np.int32), np.concatenate(tables), prior)


def _means(root: Mapping[str, Any]) -> dict[int, tuple[float, float]]:
    """Return the rows that trained each node, and their mean answer, by the node's identity."""
    known: dict[int, tuple[float, float]] = {}

    def visit(node: Mapping[str, Any]) -> tuple[float, float]:
        if "leaf_value" in node:
            found = (float(node.get("leaf_count", 1)), float(node["leaf_value"]))
        else:
            (left_n, left), (right_n, right) = visit(node["left_child"]), visit(node["right_child"])
            rows_n = left_n + right_n
            found = (rows_n, (left_n * left + right_n * right) / rows_n)
        known[id(node)] = found
        return found

    visit(root)
    return known


def _enter(
    node: Mapping[str, Any],
    so_far: Floats,
    views: Sequence[int],
    table: Floats,
    means: Mapping[int, tuple[float, float]],
) -> float:
    """Fill the rows of the leaves under a node, whose way so far has the shares given, and return the node's mean."""
    mean = means[id(node)][1]
    if "leaf_value" in node:
        row = table[node.get("leaf_index", 0)]
        row[:] = so_far
        row[0] = node["leaf_value"]
        return mean
    for side in ("left_child", "right_child"):
        moved = so_far.copy()
        moved[1 + views[node["split_feature"]]] += means[id(node[side])][1] - mean
        _enter(node[side], moved, views, table, means)
    return mean
