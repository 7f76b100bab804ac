"""A check that needs no truth: what a model says of Apple fetches at once, against what a click tells afterwards.

A person clicks in a few messages. Where the click comes within minutes of the first Apple fetch, that fetch was the
reading; where it comes hours later, the fetch was a prefetch (`paperknife.labels.click_sides`). The model answered when
the fetch came, and could not see the click: *instant* evidence ends before the open itself. What it may know are the
recipient's earlier clicks in other mail, as it would in service.

Two things can refute a model. It must put fresh fetches above stale ones (AUC), and it must do so at the right height:
the probabilities must add up to the people there were. The second needs care, since clicked messages are no random
sample. A person who causes the fetch has read; after a prefetch somebody must still come and read, later. So among
clicked messages fetches are a person's more often, by a factor on the odds that the read hazard of visible recipients
gives: one over the chance of a reading that much later. It is applied here, and what it cannot mend is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from paperknife.evaluation.metrics import RankedOpens
from paperknife.evidence.history import gather_horizons
from paperknife.hazards.messages import message_table
from paperknife.hazards.sender import first_fetches, fit_sender
from paperknife.labels.click_sides import STALE_S, click_sides
from paperknife.labels.votes import cast_votes, combine_votes
from paperknife.model.bundle import Model, load_model

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from paperknife.events.log import EventLog
    from paperknife.hazards.sender import SenderHazards
    from paperknife.labels.click_sides import ClickSides

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

FEWEST: Final = 30
"""Opens on each side below which nothing is concluded: the AUC's interval is then about .3 wide."""

OWN_ERROR: Final = 0.5
"""Standard deviation, in log-odds, of what this check itself gets wrong about the level; a level is blamed on the model
only beyond that and chance together. On 11 simulated senders of the family 'varied' (30,000 messages, seeds 21 to 33)
with enough clicks the default model's shift was -.3 to +1.0 from the true one, .35 in root mean square. Much more where
hardly anything is prefetched or most Apple users only hide their address: most stale fetches are people's there."""

BINS_N: Final = 10
"""Classes of p_human in the counts that a picture is drawn from."""

CAVEAT: Final = (
    "Clickers are no random sample of readers, and of clicked messages fetches are more often a person's than of others. "
    "So only what is conditional on the click compares: the order of the two sides, and the level after correcting for "
    "that selection with this log's read hazard. Whoever reads and never clicks is not looked at."
)

_LEAST_LATER, _UNKNOWN_LATER = 0.02, 0.5
_FARTHEST: Final = 12.0
_RESAMPLES: Final = 200


@dataclass(frozen=True, slots=True)
class ClickCheck:
    """What clicks say of a model's answers inside Apple's traffic; figures are NaN where there is nothing to look at.

    Attributes
    ----------
    fresh_n, stale_n : int
        First Apple fetches with a click soon after, and with a click long after.
    recipients_n : int
    left_out : mapping of str to int
        Clicked messages left out, by reason (`paperknife.labels.click_sides.REASONS`).
    p_fresh, p_stale : float
        Mean instant p_human on either side.
    auc, auc_low, auc_high : float
        Chance that a fresh fetch has the higher p_human, with its 95 % interval (bootstrap over recipients). People among
        the stale draw it towards .5.
    people_share : float
        Share of people among the dated fetches: the fresh ones, and those of the stale that late-clicking people
        caused, as many as known readers' clicks let one expect.
    said : float
        Mean p_human as the model said it. Comparable with `people_share` only for a sample without selection.
    said_if_clicked : float
        The same after correcting for who clicks.
    shift, shift_low, shift_high : float
        Log-odds to add to the model's corrected answers so that they add up to `people_share`, with its 95 % interval:
        below 0 it says human too often.
    loss, loss_if_clicked, constant_loss : float
        Log loss against the dated fetches of the answers as said, of the corrected ones, and of the best constant.
    fresh_counts, stale_counts : tuple of int
        Opens of either side by instant p_human, in `BINS_N` classes from 0 to 1.
    """

    fresh_n: int
    stale_n: int
    recipients_n: int
    left_out: Mapping[str, int]
    p_fresh: float
    p_stale: float
    auc: float
    auc_low: float
    auc_high: float
    people_share: float
    said: float
    said_if_clicked: float
    shift: float
    shift_low: float
    shift_high: float
    loss: float
    loss_if_clicked: float
    constant_loss: float
    fresh_counts: tuple[int, ...] = ()
    stale_counts: tuple[int, ...] = ()

    @property
    def is_too_few(self) -> bool:
        """Whether there are too few fetches on a side to conclude anything."""
        return min(self.fresh_n, self.stale_n) < FEWEST

    @property
    def finding(self) -> str:
        """What follows: `too_few`, `no_order`, `too_human`, `too_machine` or `not_refuted`."""
        if self.is_too_few:
            return "too_few"
        if not self.auc_low > 0.5:  # noqa: PLR2004 - a coin's
            return "no_order"
        by_chance = (self.shift_high - self.shift_low) / 3.92
        if not abs(self.shift) > 1.96 * np.hypot(by_chance, OWN_ERROR):
            return "not_refuted"
        return "too_human" if self.shift < 0 else "too_machine"

    @property
    def figures(self) -> dict[str, float]:
        """The numbers by name, those that are none left out."""
        named = {name: getattr(self, name) for name in sorted(_COUNTED | _MEASURED)}
        return {name: float(value) for name, value in named.items() if not np.isnan(value)}

    @property
    def sentences(self) -> list[str]:
        """The check for people: what was found, on how many opens, how surely, and what it cannot tell."""
        counts = (
            f"{self.fresh_n:,} Apple opens with a click within two minutes and {self.stale_n:,} with one after an "
            f"hour or more, of {self.recipients_n:,} recipients"
        )
        if self.is_too_few:
            return [
                f"Too few clicks to check the model by: {counts}; {FEWEST} on each side would do. Nothing follows."
            ]
        sides = (
            f"Mean instant p_human is {self.p_fresh:.2f} before a click within minutes and {self.p_stale:.2f} before a "
            f"late one; AUC {self.auc:.2f} (95 %: {self.auc_low:.2f} to {self.auc_high:.2f})."
        )
        level = (
            f"Of these opens {self.people_share:.0%} were people's; the model says {self.said:.0%}, corrected for who "
            f"clicks {self.said_if_clicked:.0%}: to be moved by {self.shift:+.2f} in log-odds (95 %: "
            f"{self.shift_low:+.2f} to {self.shift_high:+.2f}; the check itself errs by some {OWN_ERROR:g})."
        )
        loss = (
            f"Log loss {self.loss_if_clicked:.3f} corrected, {self.loss:.3f} as said, {self.constant_loss:.3f} for the "
            "best constant."
        )
        return [
            f"Checked by clicks that came after the answer: {counts}.",
            sides,
            level,
            loss,
            _FINDINGS[self.finding],
        ]


_COUNTED: Final = {"fresh_n", "stale_n", "recipients_n"}
_MEASURED: Final = {
    "p_fresh",
    "p_stale",
    "auc",
    "auc_low",
    "auc_high",
    "people_share",
    "said",
    "said_if_clicked",
    "shift",
    "shift_low",
    "shift_high",
    "loss",
    "loss_if_clicked",
    "constant_loss",
}

_FINDINGS: Final = {
    "no_order": "Refuted: it does not tell people's opens from prefetches inside Apple's traffic on this log.",
    "too_human": "Refuted: it calls Apple's opens human far too often on this log.",
    "too_machine": "Refuted: it calls Apple's opens prefetches far too often on this log.",
    "not_refuted": "Not refuted, which is no proof: only clicked messages were looked at.",
}


def check_by_clicks(
    log: EventLog,
    model: Model | str | Path | None = None,
    *,
    resamples: int = _RESAMPLES,
    random_state: int = 0,
    threads: int = 0,
) -> ClickCheck:
    r"""Return what the clicks of a log say of a model.

    For a model that was trained on this very log, ask for `train(log).click_check` instead, which looks only at messages
    that the answers were not fitted to.

    Parameters
    ----------
    log : EventLog
        From `read_events`.
    model : Model, str or Path, optional
        A model, a bundle's folder or an MLflow URI. Default: the model that ships with paperknife.
    resamples : int
        Of the bootstrap; 0 for no intervals.
    random_state : int
    threads : int
        0 for LightGBM's default.

    Examples
    --------
    >>> import paperknife as pk
    >>> from paperknife.training.click_check import check_by_clicks
    >>> print(*check_by_clicks(pk.read_events("log/")).sentences, sep="\n")  # doctest: +SKIP
    """
    fitted = model if isinstance(model, Model) else load_model(model)
    tables = gather_horizons(log, ["instant", "settled"])
    settled = tables["settled"]
    messages = message_table(log, settled)
    m, _ = combine_votes(cast_votes(settled, messages))
    return compare_with_clicks(
        fitted.predict(tables["instant"], threads=threads)[:, 0],
        settled,
        click_sides(settled, messages, m),
        later_readings(settled, messages, fit_sender(messages, first_fetches(messages, settled, m))),
        resamples=resamples,
        random_state=random_state,
    )


def later_readings(evidence: pd.DataFrame, messages: pd.DataFrame, hazards: SenderHazards) -> Floats:
    """Return, of each open, P(a reader who has not read by then reads in the seven days, but not within `STALE_S`).

    Parameters
    ----------
    evidence, messages : pandas.DataFrame
    hazards : SenderHazards
        From `fit_sender`.

    Returns
    -------
    numpy.ndarray of float64, shape (opens,)
        An even chance where no read hazard, or no clock, is known.
    """
    rows = pd.Index(messages["message_id"]).get_indexer(pd.Index(evidence["message_id"]))
    delay_s = evidence["delay_us"].to_numpy(dtype=np.float64, na_value=np.nan) / 1e6
    at_all, after = (
        np.minimum(hazards.p_read_after(rows, delay_s + wait_s), 1 - 1e-9) for wait_s in (0.0, STALE_S)
    )
    later = after * (1 - at_all) / (1 - after)
    return np.clip(np.where(np.isnan(later), _UNKNOWN_LATER, later), _LEAST_LATER, 1.0)


def compare_with_clicks(
    p_human: Floats,
    evidence: pd.DataFrame,
    sides: ClickSides,
    p_later: Floats,
    *,
    among: Bools | None = None,
    resamples: int = _RESAMPLES,
    random_state: int = 0,
) -> ClickCheck:
    """Return what clicks say of answers; `check_by_clicks` with the parts given.

    Parameters
    ----------
    p_human : numpy.ndarray of float64, shape (opens,)
        The instant answer on each open.
    evidence : pandas.DataFrame
        For whose opens they are.
    sides : ClickSides
    p_later : numpy.ndarray of float64, shape (opens,)
        From `later_readings`.
    among : numpy.ndarray of bool, optional
        Look at these opens only, such as those of messages that fitted nothing.
    resamples : int
    random_state : int
    """
    here = np.ones(len(evidence), dtype=bool) if among is None else among
    dated = sides.is_dated & here
    fresh = sides.is_fresh[dated]
    left_out = {reason: int((some & here).sum()) for reason, some in sides.is_left_out.items()}
    said = np.clip(p_human[dated], 1e-4, 1 - 1e-4)
    # A person's fetch is dated unless the click came between; a prefetch only if a reading follows, and not too soon.
    log_odds = np.log(said / (1 - said)) + np.log((1 - sides.known_shares["between"]) / p_later[dated])
    if not len(fresh):
        nothing: Any = dict.fromkeys(_MEASURED, float("nan"))
        return ClickCheck(fresh_n=0, stale_n=0, recipients_n=0, left_out=left_out, **nothing)
    whose = evidence["recipient_id"].where(evidence["recipient_id"].notna(), evidence["message_id"])[dated]
    group, distinct = pd.factorize(whose)
    sample = _Sample(fresh, said, log_odds, sides.late_ratio)
    whole = np.ones(len(fresh))
    auc, shift = sample.figures(whole)
    drawn = _resampled(sample, group, len(distinct), resamples, random_state)
    people = sample.people(whole)
    corrected = _expit(log_odds)
    share = float(people.mean())
    return ClickCheck(
        fresh_n=int(fresh.sum()),
        stale_n=int((~fresh).sum()),
        recipients_n=len(distinct),
        left_out=left_out,
        p_fresh=_mean(said[fresh]),
        p_stale=_mean(said[~fresh]),
        auc=auc,
        auc_low=float(drawn[0, 0]),
        auc_high=float(drawn[1, 0]),
        people_share=share,
        said=_mean(said),
        said_if_clicked=_mean(corrected),
        shift=shift,
        shift_low=float(drawn[0, 1]),
        shift_high=float(drawn[1, 1]),
        loss=_loss(people, said),
        loss_if_clicked=_loss(people, corrected),
        constant_loss=_loss(people, np.full(len(people), share)),
        fresh_counts=_counts(said[fresh]),
        stale_counts=_counts(said[~fresh]),
    )


class _Sample:
    """Dated fetches and what a model says of them, sorted once for many weightings."""

    def __init__(self, fresh: Bools, said: Floats, log_odds: Floats, late_ratio: float) -> None:
        self.fresh, self._log_odds, self._late_ratio = fresh, log_odds, late_ratio
        self._ranked = RankedOpens(fresh, said)

    def people(self, weights: Floats) -> Floats:
        """Return P(person) of each fetch by the clicks alone: 1 for the fresh, one share for all the stale."""
        stale = float(weights[~self.fresh].sum())
        late = min(self._late_ratio * float(weights[self.fresh].sum()) / stale, 1.0) if stale else 0.0
        return np.where(self.fresh, 1.0, late)

    def figures(self, weights: Floats) -> tuple[float, float]:
        """Return the AUC between the sides, and the shift of the level."""
        share = float(np.average(self.people(weights), weights=weights))
        low, high = -_FARTHEST, _FARTHEST
        while high - low > 1e-4:  # noqa: PLR2004 - the mean rises with the shift: bisection
            middle = (low + high) / 2
            mean = float(np.average(_expit(self._log_odds + middle), weights=weights))
            low, high = (middle, high) if mean < share else (low, middle)
        return self._ranked.auc(weights), (low + high) / 2


def _resampled(
    sample: _Sample, group: NDArray[np.intp], groups_n: int, resamples: int, random_state: int
) -> Floats:
    """Return the 2.5th and 97.5th percentile of both figures over resampled recipients, shape (2, 2)."""
    if not resamples:
        return np.full((2, 2), np.nan)
    rng = np.random.default_rng(random_state)
    drawn = []
    for _ in range(resamples):
        counts = np.bincount(rng.integers(groups_n, size=groups_n), minlength=groups_n).astype(np.float64)
        drawn.append(sample.figures(counts[group]))
    figures, table = np.array(drawn), np.full((2, 2), np.nan)
    known = ~np.isnan(figures).all(axis=0)  # a figure that no resample has stays unknown
    table[:, known] = np.nanpercentile(figures[:, known], [2.5, 97.5], axis=0)
    return table


def _counts(said: Floats) -> tuple[int, ...]:
    return tuple(np.histogram(said, BINS_N, (0.0, 1.0))[0].tolist())


def _expit(log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-log_odds)), dtype=np.float64)


def _loss(people: Floats, said: Floats) -> float:
    p = np.clip(said, 1e-4, 1 - 1e-4)
    return float(-(people * np.log(p) + (1 - people) * np.log(1 - p)).mean())


def _mean(values: Any) -> float:
    return float(values.mean()) if len(values) else float("nan")
