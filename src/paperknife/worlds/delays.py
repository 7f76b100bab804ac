"""Laws of waiting times, stated by their median and spread.

Four shapes with the same two parameters, so that a family can keep a law's place and change its form: a model
that has learnt log-normal delays must not fall over when it meets Weibull ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from paperknife.worlds.chance import Floats, choose

Shape = Literal["lognormal", "weibull", "loglogistic", "loguniform"]


@dataclass(frozen=True, slots=True)
class Delay:
    """One waiting time.

    Attributes
    ----------
    median_s : float
        Seconds (or whatever unit the user of the law states).
    spread : float
        Log-normal: standard deviation of the logarithm. Weibull: one over its shape, so 1 is exponential.
        Log-logistic: scale of the logarithm. Log-uniform: half the width of the logarithm.
    shape : {"lognormal", "weibull", "loglogistic", "loguniform"}
    """

    median_s: float
    spread: float
    shape: Shape = "lognormal"

    def draw(self, rng: np.random.Generator, n: int) -> Floats:
        """Return `n` delays, float64, in the law's unit."""
        if self.shape == "lognormal":
            logs = self.spread * rng.standard_normal(n)
        elif self.shape == "weibull":
            logs = self.spread * np.log(rng.standard_exponential(n) / np.log(2))
        elif self.shape == "loglogistic":
            logs = self.spread * rng.logistic(size=n)
        else:
            logs = self.spread * rng.uniform(-1, 1, n)
        return np.asarray(self.median_s * np.exp(logs), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Mixture:
    """Several waiting times, of which chance picks one.

    Attributes
    ----------
    parts : tuple of Delay
    weights : tuple of float
        Of the same length; need not sum to 1.
    """

    parts: tuple[Delay, ...]
    weights: tuple[float, ...]

    def draw(self, rng: np.random.Generator, n: int) -> Floats:
        """Return `n` delays, float64, in the laws' unit."""
        which = choose(rng, self.weights, n)
        table = np.stack([part.draw(rng, n) for part in self.parts])
        return np.asarray(table[which, np.arange(n)], dtype=np.float64)
