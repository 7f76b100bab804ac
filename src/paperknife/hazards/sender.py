"""The hazards of one sender's log: read and total, kappa between them, and what they say of a fetch.

With h_R the read hazard of visible recipients, h_T the first-fetch hazard behind Apple and kappa between the
two, a first Apple fetch at delay t was a person's with probability kappa h_R(t) / h_T(t): the image loads at
whichever comes first, the background fetch or the reading, and the ratio of their hazards is the chance that
it was the reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from paperknife.hazards.covariates import (
    BIN_EDGES_S,
    BINS_N,
    DOMAIN_KINDS,
    WEEK_S,
    Covariates,
    message_covariates,
)
from paperknife.hazards.curves import fit_hazard, smooth_curve
from paperknife.hazards.kappa import Kappa, clicks_per_read, no_kappa, solve_kappa
from paperknife.hazards.person_period import person_periods
from paperknife.hazards.strata import Strata, recipient_strata
from paperknife.hazards.traffic import traffic

if TYPE_CHECKING:
    from paperknife.hazards.covariates import Floats, Ints
    from paperknife.hazards.curves import Hazard
    from paperknife.hazards.person_period import PersonPeriods

MIN_EVENTS: Final = 30.0
"""Below this many readings, or Apple fetches, no curve is fitted at all."""

INTEREST_PRIOR_N: Final = 20.0
"""A campaign's reads over expected reads are shrunk to 1 as if this many had agreed with it."""


def first_fetches(messages: pd.DataFrame, evidence: pd.DataFrame, p_machine: Floats) -> pd.DataFrame:
    """Return when each message was first fetched by Apple's traffic and by a visible client.

    Parameters
    ----------
    messages, evidence : pandas.DataFrame
        From `message_table` and `gather_evidence`.
    p_machine : numpy.ndarray of float64, shape (opens,)
        Opens with .5 or more are left out. Opens without agent and address count for both, since they could
        be either.

    Returns
    -------
    pandas.DataFrame
        One row per message, in their order: `is_apple`, `is_visible` (whether there is a fetch that is known
        to be of that traffic), `apple_s`, `visible_s` (delay of the first, seconds, float64; NaN for none or
        no clock).
    """
    kind = traffic(evidence)
    person_like = p_machine < 0.5  # noqa: PLR2004 - an even chance
    delay_s = evidence["delay_us"].to_numpy(dtype=np.float64, na_value=np.nan) / 1e6
    table = pd.DataFrame(index=messages.index)
    for name in ("apple", "visible"):
        known = person_like & (kind == name)
        table[f"is_{name}"] = messages["message_id"].isin(evidence.loc[known, "message_id"])
        could_be = known | (person_like & (kind == "unknown"))
        firsts = pd.Series(delay_s[could_be]).groupby(evidence.loc[could_be, "message_id"].to_numpy()).min()
        table[f"{name}_s"] = messages["message_id"].map(firsts).to_numpy(dtype=np.float64, na_value=np.nan)
    return table


@dataclass(frozen=True, slots=True)
class Rates:
    """Hazards per hour at the moments of some fetches; arrays of one value per fetch, NaN where not known.

    Attributes
    ----------
    average : numpy.ndarray of float64
        Read hazard, were the recipient visible, of a campaign of average interest.
    read : numpy.ndarray of float64
        The same with the campaign's own interest.
    total : numpy.ndarray of float64
        First-fetch hazard behind Apple, of a campaign of average interest.
    """

    average: Floats
    read: Floats
    total: Floats

    def p_human(self, scale: float, apple: Floats | float = 1.0) -> Floats:
        """Return P(a person's reading caused it) of first fetches that are no other machine's.

        NaN where the hazards are not known.

        Parameters
        ----------
        scale : float
            Factor on the read hazard behind Apple: kappa, or what of it comes before the device's own fetch.
        apple : numpy.ndarray of float64 or float
            P(it is Apple's traffic): 1 where it is known to be.
        """
        behind = scale * self.read
        # A campaign that interests people more raises the readings in the total, not the prefetches.
        fetched = np.maximum(self.total + scale * (self.read - self.average), behind)
        return np.asarray(
            ((1 - apple) * self.read + apple * behind) / ((1 - apple) * self.read + apple * fetched)
        )


@dataclass(frozen=True, slots=True)
class SenderHazards:
    """What a log says of reading and fetching; arrays hold one value per message.

    Attributes
    ----------
    covariates : Covariates
    strata : Strata
    followed_s : numpy.ndarray of float64
        Seconds from delivery to the end of the log, at most seven days; NaN without a clock.
    read, total : Hazard or None
        h_R of visible recipients, h_T of first fetches behind Apple; None where too few events show it.
    interest : numpy.ndarray of float64
        The campaign's reads as a multiple of what its recipients would read on average.
    clicks_per_read : numpy.ndarray of float64
        Expected clean clicks of a reader of the message; 0 where no click was seen.
    kappa : Kappa
    curves : pandas.DataFrame
        One row per bin of delay: `delay_low_s`, `delay_high_s`, `read_per_hour`, `total_per_hour` (over all
        covariates), `read_events_n`, `total_events_n`, and `reads_behind_apple_n`, the readings expected of
        Apple's recipients before their first fetch, were they to read like others.
    observed_reads_n, predicted_reads_n : float
        Weighted readings by visible recipients, seen and by the fitted hazard.
    """

    covariates: Covariates
    strata: Strata
    followed_s: Floats
    read: Hazard | None
    total: Hazard | None
    interest: Floats
    clicks_per_read: Floats
    kappa: Kappa
    curves: pd.DataFrame
    observed_reads_n: float
    predicted_reads_n: float

    def rates_at(self, rows: Ints, delay_s: Floats) -> Rates:
        """Return the hazards of some messages, `delay_s` seconds after their delivery; NaN where not known.

        Parameters
        ----------
        rows : numpy.ndarray of int
            The message of each fetch.
        delay_s : numpy.ndarray of float64
            Seconds since delivery, NaN where there is no clock.
        """
        if self.read is None or self.total is None:
            none = np.full(len(rows), np.nan)
            return Rates(none, none, none)
        some = self.covariates.take(rows)
        average = self.read.at(some, delay_s)
        return Rates(average, average * self.interest[rows], self.total.at(some, delay_s))

    def p_read_after(self, rows: Ints, delay_s: Floats) -> Floats:
        """Return P(an Apple reader who has not read by `delay_s` reads within the seven days); NaN where not known."""
        if self.read is None:
            return np.full(len(rows), np.nan)
        some = self.covariates.take(rows)
        left = self.read.cumulative(some) - self.read.cumulative(some, delay_s)
        return np.where(np.isnan(delay_s), np.nan, -np.expm1(-self.kappa.value * self.interest[rows] * left))


def fit_sender(messages: pd.DataFrame, fetches: pd.DataFrame, *, random_state: int = 0) -> SenderHazards:
    """Return the hazards of a log.

    Parameters
    ----------
    messages : pandas.DataFrame
        From `message_table`.
    fetches : pandas.DataFrame
        From `first_fetches`.
    random_state : int
    """
    covariates = message_covariates(messages)
    ends_s = messages["log_ends_us"].to_numpy(dtype=np.float64, na_value=np.nan) / 1e6
    followed_s = np.clip(ends_s - covariates.clock_s, 0, WEEK_S)
    is_apple, is_visible = (fetches[name].to_numpy(dtype=bool) for name in ("is_apple", "is_visible"))
    strata = recipient_strata(messages, is_apple, is_visible)

    def periods(stratum: Floats, at_s: Floats) -> PersonPeriods:
        happened = ~np.isnan(at_s) & (at_s <= followed_s)
        return person_periods(covariates, np.where(happened, at_s, followed_s), happened, stratum)

    read_s = fetches["visible_s"].to_numpy(dtype=np.float64)
    tables = (
        periods(strata.visible, read_s),
        periods(strata.apple, fetches["apple_s"].to_numpy(dtype=np.float64)),
    )
    read, total = (
        fit_hazard(table, random_state=random_state) if table.events.sum() >= MIN_EVENTS else None
        for table in tables
    )
    n = len(messages)
    interest, per_read, kappa, observed, predicted = (
        np.ones(n),
        np.zeros(n),
        no_kappa(),
        float("nan"),
        float("nan"),
    )
    if read is not None:
        campaigns = _codes(messages["campaign_id"])
        expected = np.nan_to_num(read.cumulative(covariates, followed_s))
        did_read = (~np.isnan(read_s) & (read_s <= followed_s)).astype(np.float64)
        observed = float(strata.visible @ did_read)
        predicted = float(strata.visible @ -np.expm1(-expected))
        interest = _interest(did_read, -np.expm1(-expected), strata.visible, campaigns)
        expected = expected * interest
        clicked_us = messages["clean_us"].to_numpy(dtype=np.float64, na_value=np.nan)
        with np.errstate(invalid="ignore"):
            clicked = (clicked_us / 1e6 - covariates.clock_s <= followed_s).astype(np.float64)
        per_read = clicks_per_read(
            clicked * did_read,
            -np.expm1(-expected),
            strata.visible,
            covariates.kind // len(DOMAIN_KINDS),
            campaigns,
        )
        kappa = solve_kappa(
            clicked,
            per_read,
            expected,
            strata.apple,
            visible_clicks_n=float(strata.visible @ (clicked * did_read)),
            recipients=_codes(messages["recipient_id"]),
        )
    return SenderHazards(
        covariates,
        strata,
        followed_s,
        read,
        total,
        interest,
        per_read,
        kappa,
        _curves(*tables, read),
        observed,
        predicted,
    )


def _codes(ids: pd.Series[Any]) -> Ints:
    """Return a number per distinct id, -1 for null."""
    return np.asarray(ids.factorize()[0], dtype=np.int64)


def _interest(did_read: Floats, p_read: Floats, visible: Floats, campaigns: Ints) -> Floats:
    """Return each message's campaign's reads over expected reads among visible recipients; 1 without a campaign."""
    place = campaigns + 1
    seen, expected = np.bincount(place, visible * did_read), np.bincount(place, visible * p_read)
    ratio = (seen + INTEREST_PRIOR_N) / (expected + INTEREST_PRIOR_N)
    return np.asarray(np.where(campaigns < 0, 1.0, ratio[place]), dtype=np.float64)


def _curves(read: PersonPeriods, total: PersonPeriods, read_hazard: Hazard | None) -> pd.DataFrame:
    table = pd.DataFrame({"delay_low_s": BIN_EDGES_S[:-1], "delay_high_s": BIN_EDGES_S[1:]})
    for name, periods in (("read", read), ("total", total)):
        events, hours = _by_bin(periods.events), _by_bin(periods.hours)
        table[f"{name}_per_hour"] = smooth_curve(events, hours)
        table[f"{name}_events_n"] = events
    table["reads_behind_apple_n"] = (
        np.nan if read_hazard is None else _by_bin(total.hours * read_hazard.rates)
    )
    return table


def _by_bin(cells: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Floats:
    return np.asarray(cells.sum(axis=0).reshape(BINS_N, -1).sum(axis=1), dtype=np.float64)
