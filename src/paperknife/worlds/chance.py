"""Chance that can be asked twice: uniform numbers that depend on keys only.

A device plugs in at some time each night, and every message waiting that night must meet the same time.
Storing a table of nights for each device would be large; hashing (device, night) to a number gives the same
without a table.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Scramble 64 bits by splitmix64's finaliser (Steele, Lea and Flood, 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def keyed_uniform(salt: int, *keys: npt.ArrayLike) -> Floats:
    """Return numbers uniform in [0, 1) that depend only on the salt and the keys.

    Parameters
    ----------
    salt : int
        One number per purpose and world, so that two purposes with equal keys are independent.
    *keys : array_like of int
        Broadcast together, e.g. person and day.
    """
    arrays = np.broadcast_arrays(*[np.asarray(key, dtype=np.int64) for key in keys])
    state = np.full(arrays[0].shape, np.uint64(salt % 2**63))
    for array in arrays:
        state = _mix(state + _GOLDEN + array.astype(np.uint64))
    return np.asarray((state >> np.uint64(11)).astype(np.float64) / 2.0**53, dtype=np.float64)


def keyed_normal(salt: int, *keys: npt.ArrayLike) -> Floats:
    """Return standard normal numbers that depend only on the salt and the keys (by Box and Muller)."""
    radius = np.sqrt(-2 * np.log1p(-keyed_uniform(salt, *keys)))
    return np.asarray(radius * np.cos(2 * np.pi * keyed_uniform(salt + 1, *keys)), dtype=np.float64)


def happens(rng: np.random.Generator, share: float) -> bool:
    """Return true with a chance of `share`."""
    return bool(rng.random() < share)


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def choose(rng: np.random.Generator, weights: npt.ArrayLike, n: int) -> Ints:
    """Return `n` indices drawn in proportion to `weights`, which need not sum to 1."""
    cumulative = np.cumsum(np.asarray(weights, dtype=np.float64))
    picks = np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")
    return np.asarray(np.minimum(picks, len(cumulative) - 1), dtype=np.int64)


def choose_rowwise(rng: np.random.Generator, weights: Floats) -> Ints:
    """Return one index per row of `weights`, drawn in proportion to that row."""
    cumulative = np.cumsum(weights, axis=1)
    picks = (cumulative < rng.random((len(weights), 1)) * cumulative[:, -1:]).sum(axis=1)
    return np.asarray(np.minimum(picks, weights.shape[1] - 1), dtype=np.int64)
