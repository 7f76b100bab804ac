"""Which recipients are behind Apple, and how surely: weights for every message, opened or not.

A recipient who was seen shows it: Apple fetches, or visible clients, or both. One who never opened does not,
and must not be left out: dropping them makes every remaining reader look keener, and more so outside Apple,
where nothing is fetched for those who do not read. How many recipients with no open each stratum should have
is estimated from those who have one, two or more: a beta-binomial law of the opened share, fitted to the
recipients with at least one open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from paperknife.hazards.covariates import group_sums

if TYPE_CHECKING:
    from paperknife.hazards.covariates import Bools, Floats

EVEN: Final = 0.5
DOMAIN_PRIOR_N: Final = 20.0
"""A domain's Apple share is shrunk to the log's as if this many recipients had the log's."""


@dataclass(frozen=True, slots=True)
class Strata:
    """How much each message belongs to either stratum; arrays of one value per message.

    Attributes
    ----------
    apple : numpy.ndarray of float64
        The recipient's share of Apple, 0 to 1: measured from their opens, else estimated.
    visible : numpy.ndarray of float64
        1 for recipients seen on visible clients only; for those never seen, 1 - apple; 0 for mixed ones, part
        of whose reading is hidden.
    is_seen : numpy.ndarray of bool
        Whether the recipient has any open by an Apple or visible client.
    """

    apple: Floats
    visible: Floats
    is_seen: Bools

    @property
    def apple_share(self) -> float:
        """The log's Apple share, over messages; NaN where the log is empty or nothing was seen."""
        return float(self.apple.mean()) if len(self.apple) and self.is_seen.any() else float("nan")


def recipient_strata(messages: pd.DataFrame, is_apple: Bools, is_visible: Bools) -> Strata:
    """Return how much each message belongs to Apple's and to the visible stratum.

    Parameters
    ----------
    messages : pandas.DataFrame
        From `message_table`; `recipient_id` and `recipient_domain` are read.
    is_apple, is_visible : numpy.ndarray of bool, shape (messages,)
        Whether the message has an open of Apple's traffic, or by a visible client, that is no known
        machine's.
    """
    recipients = (
        pd.DataFrame(
            {
                "recipient": messages["recipient_id"].to_numpy(),
                "domain": messages["recipient_domain"].to_numpy(),
                "apple": is_apple,
                "visible": is_visible,
                "opened": is_apple | is_visible,
            }
        )
        .groupby("recipient", sort=False)
        .agg(
            domain=("domain", "first"),
            n=("opened", "size"),
            apple=("apple", "sum"),
            visible=("visible", "sum"),
            opened=("opened", "sum"),
        )
    )
    seen = (recipients["opened"] > 0).to_numpy()
    share = (recipients["apple"] / (recipients["apple"] + recipients["visible"])).to_numpy(dtype=np.float64)
    if seen.any():
        share = np.where(seen, share, _share_of_unseen(recipients, seen, share))
    else:
        share = np.full(len(recipients), np.nan)
    visible = np.where(seen, share == 0, 1 - share)
    place = recipients.index.get_indexer(pd.Index(messages["recipient_id"]))
    return Strata(np.nan_to_num(share)[place], np.nan_to_num(visible)[place], seen[place])


def _share_of_unseen(recipients: pd.DataFrame, seen: Bools, share: Floats) -> Floats:
    """Return the Apple share of recipients as if they had never opened: Bayes from domain and number of messages."""
    sent_n = recipients["n"].to_numpy()
    is_apple = seen & (share >= EVEN)
    unopened = [
        opened_never(sent_n[group], recipients["opened"].to_numpy()[group], sent_n)
        for group in (is_apple, seen & (share < EVEN))
    ]
    log_share = (is_apple.sum() + 0.5) / (seen.sum() + 1.0)
    seen_by_kind = pd.DataFrame({"apple": is_apple * 1.0, "seen": seen * 1.0}, index=recipients.index)
    counts = group_sums(seen_by_kind, recipients["domain"]).to_numpy()
    among_seen = (counts[:, 0] + DOMAIN_PRIOR_N * log_share) / (counts[:, 1] + DOMAIN_PRIOR_N)
    # Per recipient seen in a stratum, P0 / (1 - P0) were not.
    apple, other = (p0 / (1 - p0) for p0 in unopened)
    return np.asarray(among_seen * apple / (among_seen * apple + (1 - among_seen) * other), dtype=np.float64)


def opened_never(
    sent_n: np.ndarray[Any, Any], opened_n: np.ndarray[Any, Any], asked_n: np.ndarray[Any, Any]
) -> Floats:
    """Return P(no message of `asked_n` opened) by the beta-binomial law of recipients with at least one open.

    Parameters
    ----------
    sent_n, opened_n : numpy.ndarray of int
        Messages and opened messages of recipients with `opened_n >= 1`.
    asked_n : numpy.ndarray of int

    Returns
    -------
    numpy.ndarray of float64, shape of `asked_n`
        Clipped to .005 to .95: the law of those who open says little of those who never do. Where nobody was
        sent two messages, or nobody opened, nothing can be learnt and .5 stands for every recipient.
    """
    from scipy.special import betaln

    if len(sent_n) == 0 or sent_n.max() < 2:  # noqa: PLR2004 - one message shows no spread
        return np.full(len(asked_n), 0.5)
    pairs, repeats_n = np.unique(np.column_stack([sent_n, opened_n]), axis=0, return_counts=True)
    n, k = pairs[:, 0, None, None], pairs[:, 1, None, None]
    mean, size = np.meshgrid(np.linspace(0.02, 0.98, 49), np.geomspace(0.3, 100.0, 25), indexing="ij")
    a, b = mean * size, (1 - mean) * size
    never = np.exp(betaln(a, b + n) - betaln(a, b))
    log_likelihood = betaln(a + k, b + n - k) - betaln(a, b) - np.log1p(-np.minimum(never, 1 - 1e-12))
    best = np.argmax((repeats_n[:, None, None] * log_likelihood).sum(axis=0))
    a_best, b_best = a.flat[best], b.flat[best]
    sizes, place = np.unique(asked_n, return_inverse=True)
    never_best = np.exp(betaln(a_best, b_best + sizes) - betaln(a_best, b_best))
    return np.asarray(np.clip(never_best, 0.005, 0.95)[place], dtype=np.float64)
