"""Laws of waiting times, stated by their median and spread.

Five shapes with the same two parameters, so that a family can keep a law's place and change its form: a model
that has learnt log-normal delays must not fall over when it meets Weibull ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit, ndtr

from paperknife.worlds.chance import Floats, choose

Shape = Literal["lognormal", "weibull", "loglogistic", "loguniform", "frechet"]


@dataclass(frozen=True, slots=True)
class Delay:
    """One waiting time.

    Attributes
    ----------
    median_s : float
        Seconds (or whatever unit the user of the law states).
    spread : float
        Log-normal: standard deviation of the logarithm. Weibull and Frechet: one over their shape, so a
        Weibull's 1 is exponential.
        Log-logistic: scale of the logarithm. Log-uniform: half the width of the logarithm.
    shape : {"lognormal", "weibull", "loglogistic", "loguniform", "frechet"}
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
        elif self.shape == "frechet":
            logs = -self.spread * np.log(rng.standard_exponential(n) / np.log(2))
        elif self.shape == "loglogistic":
            logs = self.spread * rng.logistic(size=n)
        else:
            logs = self.spread * rng.uniform(-1, 1, n)
        return np.asarray(self.median_s * np.exp(logs), dtype=np.float64)

    def _standardised(self, delay: Floats) -> Floats:
        """Return how many spreads the logarithm of each delay (0 or more) lies above the median's."""
        with np.errstate(divide="ignore"):
            return np.asarray((np.log(np.maximum(delay, 0.0)) - np.log(self.median_s)) / self._width)

    @property
    def _width(self) -> float:
        """The spread, never quite zero, so that a constant has a density too: a narrow one."""
        return max(self.spread, 1e-3)

    def done(self, delay: Floats) -> Floats:
        """Return the chance that the waiting is over by each delay, float64; 0 for negative delays."""
        z = self._standardised(delay)
        if self.shape == "lognormal":
            share = ndtr(z)
        elif self.shape == "weibull":
            share = -np.expm1(-np.log(2) * np.exp(np.minimum(z, 700.0)))
        elif self.shape == "frechet":
            share = np.exp(-np.log(2) * np.exp(np.minimum(-z, 700.0)))
        elif self.shape == "loglogistic":
            share = expit(z)
        else:
            share = np.clip((z + 1) / 2, 0.0, 1.0)
        return np.asarray(share, dtype=np.float64)

    def density(self, delay: Floats) -> Floats:
        """Return the density at each delay, per unit of the law, float64; 0 for delays of 0 or less."""
        z = self._standardised(delay)
        if self.shape == "lognormal":
            bell = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
        elif self.shape == "weibull":
            hazard = np.log(2) * np.exp(np.minimum(z, 700.0))
            bell = hazard * np.exp(-hazard)
        elif self.shape == "frechet":
            hazard = np.log(2) * np.exp(np.minimum(-z, 700.0))
            bell = hazard * np.exp(-hazard)
        elif self.shape == "loglogistic":
            bell = expit(z) * expit(-z)
        else:
            bell = np.where(np.abs(z) <= 1, 0.5, 0.0)
        per_unit = np.divide(bell, delay * self._width, out=np.zeros_like(bell), where=delay > 0)
        return np.asarray(per_unit, dtype=np.float64)


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

    @property
    def _shares(self) -> Floats:
        weights = np.asarray(self.weights, dtype=np.float64)
        return np.asarray(weights / weights.sum(), dtype=np.float64)

    def done(self, delay: Floats) -> Floats:
        """Return the chance that the waiting is over by each delay, float64; 0 for negative delays."""
        parts = [share * part.done(delay) for share, part in zip(self._shares, self.parts, strict=True)]
        return np.asarray(np.sum(parts, axis=0), dtype=np.float64)

    def density(self, delay: Floats) -> Floats:
        """Return the density at each delay, per unit of the laws, float64; 0 for delays of 0 or less."""
        parts = [share * part.density(delay) for share, part in zip(self._shares, self.parts, strict=True)]
        return np.asarray(np.sum(parts, axis=0), dtype=np.float64)
