"""What each source of labels says of an open in Apple's traffic, side by side: what the label model weighs.

Everything is said as a log-odds beside the starting model's own, or as a plain number of that open, or of its recipient
beside the log, none of it by its place or its name: what was learned about sources on other senders holds for this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from paperknife.labels.click_curves import CURVES, PROMPT_S, STALE_S, click_curves
from paperknife.labels.kin import codes_of, kin_clues, kin_names

if TYPE_CHECKING:
    from paperknife.hazards.covariates import Bools, Floats, Ints
    from paperknife.hazards.sender import SenderHazards
    from paperknife.labels.click_dating import ClickDates

BESIDE_LOG: Final = ("recipient_prior", "recipient_label")
"""Means over kin that are said beside those over the log: what is wrong of a whole log is wrong of all its recipients,
and would bear itself out. On the logs of `models/narrow_models.py` that left .382 of loss, plain means .384. Of an
open of which no source says whether it was a person's there is no level to be had but the starting model's: there the
plain mean is told as well. By three folds of 791 simulated logs, beside the default model: .4344 without it, .4340 with
it; on the 111 of which no open is labelled .5034 and .5001, the default model .5176."""

KIN: Final = tuple(
    f"{name}_beside_log" if name in BESIDE_LOG else name
    for name in kin_names(("recipient",), ("prior", "label", "delay", "prompt"))
)
"""By cross-validation on half the opens of 593 worlds, beside the default model of the time and with plain means: without
kin .0139 of loss gained, with the recipient's .0245, with those by campaign, domain, delay and hour of the day as well
.0259, but then a world lost .166 instead of .099. What is believed of all fetches at one delay may be wrong of all."""

CLUES: Final = (
    "prior",
    "label",
    "hazard",
    "dated",
    "is_first",
    "is_first_unknown",
    "group",
    "gap",
    "read_share",
    "interest",
    "delay",
    "p_read_after",
    "clicks_per_read",
    "apple",
    "machine",
    "trust",
    *CURVES,
    *KIN,
    "recipient_prior_unlabelled",
)
"""`prior` (log-odds of a person by the starting model, if it was no other machine), and beside it, as differences in
log-odds: `label` (all sources together), `hazard` (before clicks were looked at), `dated` (by a click); whether it is the
message's first fetch in Apple's traffic, or in traffic that tells nothing, and by how long a repeat follows the first
(`group`); log10 seconds to the click (`gap`) and since delivery (`delay`); log of h_R over h_T (`read_share`) and of the
campaign's interest; P(read later still); clicks per read; P(the recipient is behind Apple); P(another machine); and how
much the hazards weigh by the events they rest on (`trust`). Then what the starting model and all sources say on average
of the `recipient`'s other opens in such traffic, in log-odds less those of their mean over all such opens of the log;
how long after delivery those came, and whether the clicks they drew came at once (`prompt`: 1 within two minutes, 0
after half an hour); and the log's own curve of clicks at once, from `click_curves`. Last, where no source says a word
(`label` is NaN), the first of these means as it is, not beside the log. NaN where a source is silent.

By one split of 1,586 worlds (two thirds learn, at most 3,000 opens each), people's loss on the others was .4850 by the
starting model, .4629 corrected without the curves and `prompt`, .4596 with the curves, .4589 with both; where nothing
tells who is behind Apple .5267, .5103, .5038, .5018. What is believed of a delay by what clicks show there is safer than
by what sources say there (see `KIN`)."""

_SURE: Final = 1e-4


def log_odds(p: Floats) -> Floats:
    """Return log-odds of probabilities, bounded where they are next to certain."""
    bounded = np.clip(p, _SURE, 1 - _SURE)
    return np.asarray(np.log(bounded / (1 - bounded)))


def gather_clues(
    *,
    prior_h: Floats,
    label_h: Floats,
    hazard_h: Floats,
    trust: Floats,
    dates_apple: Bools,
    dates: ClickDates,
    hazards: SenderHazards,
    message: Ints,
    delay_s: Floats,
    gap_s: Floats,
    group: Ints,
    is_first: Bools,
    is_first_unknown: Bools,
    machine: Floats,
    evidence: pd.DataFrame,
    is_hidden: Bools,
    is_apple: Bools,
    is_last: Bools,
    is_visible: Bools,
) -> pd.DataFrame:
    """Return the clues of every open, float32, in the order of `CLUES`; all arrays are of shape (opens,).

    Parameters
    ----------
    prior_h, label_h, hazard_h : numpy.ndarray of float64
        P(person, if no other machine) by the starting model, by all sources, and by all but clicks.
    trust : numpy.ndarray of float64
        What `hazard_h` weighs.
    dates_apple : numpy.ndarray of bool
        Opens that `dates` dates.
    dates : ClickDates
    hazards : SenderHazards
    message : numpy.ndarray of int64
        Each open's message in the hazards' order.
    delay_s, gap_s : numpy.ndarray of float64
        Seconds since delivery, and to the message's clean click; NaN where there is none.
    group : numpy.ndarray of int64
    is_first, is_first_unknown : numpy.ndarray of bool
    machine : numpy.ndarray of float64
        P(a machine other than Apple's prefetch).
    evidence : pandas.DataFrame
        From `gather_evidence`, in the same order.
    is_hidden : numpy.ndarray of bool
        Opens whose kin are asked, and asked of.
    is_apple, is_visible : numpy.ndarray of bool
        Opens in Apple's traffic, and those of visible readers.
    is_last : numpy.ndarray of bool
        The message's last fetch before its clean click.
    """
    prior = log_odds(prior_h)
    dated = np.full(len(prior), np.nan)
    dated[dates_apple] = log_odds(dates.p_human)
    rates = hazards.rates_at(message, delay_s)
    with np.errstate(divide="ignore", invalid="ignore"):
        clues = {
            "prior": prior,
            "label": log_odds(label_h) - prior,
            "hazard": log_odds(hazard_h) - prior,
            "dated": dated - prior,
            "is_first": is_first,
            "is_first_unknown": is_first_unknown,
            "group": group,
            "gap": np.log10(1 + np.maximum(gap_s, 0)),
            "read_share": np.log(rates.read / rates.total),
            "interest": np.log(rates.read / rates.average),
            "delay": log_delay(delay_s),
            "p_read_after": hazards.p_read_after(message, delay_s),
            "clicks_per_read": hazards.clicks_per_read[message],
            "apple": hazards.strata.apple[message],
            "machine": machine,
            "trust": trust,
        }
    is_prompt = is_last & (gap_s <= PROMPT_S)
    prompt = np.where(is_prompt, 1.0, np.where(is_last & (gap_s > STALE_S), 0.0, np.nan))
    kind, placed = _kinds_of_fetch(
        evidence, message, delay_s, is_hidden, is_first | is_first_unknown, is_apple
    )
    curves = click_curves(
        placed, is_prompt, kind, float(is_prompt[is_visible].mean()) if is_visible.any() else np.nan
    )
    numbers = {
        "prior": prior_h,
        "label": np.where(np.isnan(label_h), prior_h, label_h),
        "delay": log_delay(delay_s),
        "prompt": prompt,
    }
    kin = kin_clues({"recipient": codes_of(evidence["recipient_id"])}, numbers, message, is_hidden)
    for name in BESIDE_LOG:
        of_log = numbers[name.removeprefix("recipient_")][is_hidden]
        kin[f"{name}_beside_log"] = _beside_log(kin[name], of_log)
    plain = log_odds(kin["recipient_prior"].to_numpy(dtype=np.float64))
    kin["recipient_prior_unlabelled"] = np.where(np.isnan(label_h), plain, np.nan).astype(np.float32)
    table = pd.DataFrame(clues, dtype=np.float32).join(curves).join(kin)
    return table[list(CLUES)].replace([np.inf, -np.inf], np.nan)


def _beside_log(mean: pd.Series[float], numbers: Floats) -> pd.Series[float]:
    """Return the log-odds of means over kin less those of the mean over all; NaN without kin."""
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return mean * np.nan
    beside = log_odds(np.asarray(mean, dtype=np.float64)) - log_odds(
        np.full(1, known.mean(), dtype=np.float64)
    )
    return pd.Series(beside, index=mean.index, dtype=np.float32)


def log_delay(delay_s: Floats) -> Floats:
    """Return log10(1 + s): 0 for at once, 1.8 for a minute, 3.6 for an hour, 4.9 for a day."""
    return np.asarray(np.log10(1 + np.maximum(delay_s, 0)))


def _kinds_of_fetch(
    evidence: pd.DataFrame, message: Ints, delay_s: Floats, is_hidden: Bools, is_first: Bools, is_apple: Bools
) -> tuple[Ints, Floats]:
    """Return which fetches share a curve of clicks, -1 for none, and their place along it."""
    at_us = evidence["occurred_at"].dt.as_unit("us").astype("int64").to_numpy(dtype=np.float64)
    first_us = np.full(int(message.max(initial=0)) + 1, np.inf)
    np.minimum.at(first_us, message[is_hidden], at_us[is_hidden])
    since = log_delay((at_us - first_us[message]) / 1e6)
    kind = np.where(is_hidden, 2 * is_apple + is_first, -1).astype(np.int64)
    return kind, np.where(is_first, log_delay(delay_s), np.where(is_hidden, since, np.nan))
