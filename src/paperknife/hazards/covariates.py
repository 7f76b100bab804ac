"""What a hazard may depend on: delay, clock hour, the recipient's hours, engagement, kind of domain.

Everything here must mean the same for recipients behind Apple as for others, since the read hazard is carried
over from the others to them. So a recipient's engagement is their clean clicks on *other* messages, never
their visible opens: those are many outside Apple's traffic and none within it, and would make Apple's users
look unengaged.

All covariates are cut into classes, so that messages that are alike can be summed: see `person_period`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    Ints = np.ndarray[tuple[int], np.dtype[np.int64]]
    Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
    Bools = np.ndarray[tuple[int], np.dtype[np.bool_]]

WEEK_S: Final = 7 * 86_400
BIN_EDGES_S: Final = np.concatenate([[0.0], np.geomspace(2.0, WEEK_S, 36)])
"""36 bins of time since delivery, log-spaced from two seconds to seven days (LEARNING.md)."""

BINS_N: Final = len(BIN_EDGES_S) - 1
HOURS_N: Final = 24
GAPS_N: Final = (
    9  # eight classes of three hours from the middle of the recipient's day, and one for not known
)
ENGAGEMENTS_N: Final = 4
DOMAIN_KINDS: Final = ("unknown", "freemail", "corporate")
MOMENTS_N: Final = HOURS_N * 2 * GAPS_N
KINDS_N: Final = ENGAGEMENTS_N * len(DOMAIN_KINDS)
CELLS_SHAPE: Final = (BINS_N, HOURS_N, 2, GAPS_N, ENGAGEMENTS_N, len(DOMAIN_KINDS))
CELLS_N: Final = int(np.prod(CELLS_SHAPE))

MOST_IN_FOLD: Final = 0.6
"""A fold larger than this leaves too little to fit its hazard on."""

ENGAGEMENT_EDGES: Final = (0.6, 1.5, 3.0)
"""Classes of the recipient's click rate as a multiple of the log's."""

ENGAGEMENT_PRIOR_N: Final = 10.0
"""A recipient's click rate is shrunk as if they had been sent this many messages at the log's rate: clicks are rare."""

CLEAR_CLICKS_N: Final = 10
CLEAR_LENGTH: Final = 0.4
"""A domain's hours are known from this many clicks whose mean direction is this long (1: all at one hour)."""

SATURDAY: Final = 5

_FREEMAIL = """
gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.fr yahoo.de ymail.com aol.com outlook.com hotmail.com
hotmail.co.uk hotmail.fr live.com msn.com icloud.com me.com mac.com gmx.de gmx.net gmx.com web.de t-online.de
freenet.de orange.fr free.fr laposte.net libero.it comcast.net verizon.net att.net sbcglobal.net cox.net
mail.com mail.ru yandex.ru proton.me protonmail.com fastmail.com zoho.com qq.com 163.com naver.com
"""
FREEMAIL: Final = frozenset(_FREEMAIL.split())
"""Large mailbox providers for private persons; any other domain is taken for a company's."""


@dataclass(frozen=True, slots=True)
class Covariates:
    """What is known of each message for its hazard; arrays of one length.

    Attributes
    ----------
    clock_s : numpy.ndarray of float64
        Delivery (else send) in seconds since 1970; NaN where the log has neither.
    kind : numpy.ndarray of int64
        Engagement and kind of domain together, below `KINDS_N`.
    middle_h : numpy.ndarray of float64
        Hour (UTC) of the middle of the recipient's active day, NaN where not known.
    fold : numpy.ndarray of int64
        Messages of one campaign share a fold: hazards are fitted on the other folds.
    """

    clock_s: Floats
    kind: Ints
    middle_h: Floats
    fold: Ints

    def __len__(self) -> int:
        return len(self.clock_s)

    def take(self, rows: np.ndarray[tuple[int], np.dtype[Any]] | slice) -> Covariates:
        """Return the covariates of some rows."""
        return Covariates(self.clock_s[rows], self.kind[rows], self.middle_h[rows], self.fold[rows])

    def moment(self, delay_s: Floats | float) -> Ints:
        """Return the class of the moment `delay_s` after each delivery: hour, weekend, gap to the recipient's day."""
        at_h = np.nan_to_num(self.clock_s + delay_s) / 3600
        hour = np.mod(at_h, 24)
        weekend = np.mod(at_h // 24 + 3, 7) > SATURDAY - 1  # day 0 of 1970 was a Thursday
        gap = np.mod(hour - self.middle_h + 13.5, 24) // 3
        gap = np.where(np.isnan(gap), GAPS_N - 1, np.nan_to_num(gap)).astype(np.int64)
        return np.asarray((hour.astype(np.int64) * 2 + weekend) * GAPS_N + gap, dtype=np.int64)


def message_covariates(messages: pd.DataFrame, *, folds_n: int = 3) -> Covariates:
    """Return each message's covariates.

    Parameters
    ----------
    messages : pandas.DataFrame
        From `message_table`.
    folds_n : int
        Folds for cross-fitting, by campaign, else by message.
    """
    clock_s = messages["clock_us"].to_numpy(dtype=np.float64, na_value=np.nan) / 1e6
    engagement = np.digitize(engagement_rates(messages), ENGAGEMENT_EDGES)
    kind = engagement * len(DOMAIN_KINDS) + _domain_kind(messages["recipient_domain"])
    fold = _folds(messages, folds_n)
    return Covariates(clock_s, kind.astype(np.int64), active_middle_h(messages), fold)


def _folds(messages: pd.DataFrame, folds_n: int) -> Ints:
    """Return a fold per message: by campaign, or, where few campaigns would make one fold most of the log, by message."""
    own = messages["message_id"].astype("object")
    campaigns = messages["campaign_id"].astype("object").where(messages["campaign_id"].notna(), own)
    fold = np.zeros(len(messages), dtype=np.int64)
    for units in (campaigns, own):
        hashes = pd.util.hash_array(units.to_numpy(dtype=object), categorize=True)
        fold = (hashes % np.uint64(folds_n)).astype(np.int64)
        if np.bincount(fold, minlength=1).max() <= MOST_IN_FOLD * len(fold):
            break
    return fold


def engagement_rates(messages: pd.DataFrame) -> Floats:
    """Return each recipient's click rate on their *other* messages, as a multiple of the log's rate.

    Shrunk towards 1; exactly 1 for a recipient with no other message.
    """
    clicked = messages["clean_us"].notna().astype("float64")
    base = max(float(clicked.mean()) if len(messages) else 0.0, 1e-6)
    by_recipient = clicked.groupby(messages["recipient_id"])
    others_clicked = by_recipient.transform("sum") - clicked
    others_n = by_recipient.transform("size") - 1
    rate = (others_clicked + ENGAGEMENT_PRIOR_N * base) / (others_n + ENGAGEMENT_PRIOR_N)
    return (rate / base).to_numpy(dtype=np.float64)


def active_middle_h(messages: pd.DataFrame) -> Floats:
    """Return the hour (UTC) of the middle of each recipient's active day: a circular mean of clean clicks.

    Of the recipient's other messages where there are any, else of the domain's where they point one way
    clearly, else NaN. Visible opens stay out for the reason the module gives.
    """
    angle = messages["clean_us"].to_numpy(dtype=np.float64, na_value=np.nan) / 3.6e9 * 2 * np.pi / 24
    points = pd.DataFrame({"cos": np.cos(angle), "sin": np.sin(angle), "n": ~np.isnan(angle)}).fillna(0.0)
    own = group_sums(points, messages["recipient_id"]) - points
    domain = group_sums(points, messages["recipient_domain"]) - points
    is_clear = (domain["n"] >= CLEAR_CLICKS_N) & (
        np.hypot(domain["cos"], domain["sin"]) >= CLEAR_LENGTH * domain["n"]
    )
    cos, sin = (np.where(own["n"] > 0, own[name], domain[name]) for name in ("cos", "sin"))
    middle = np.mod(np.arctan2(sin, cos) * 24 / (2 * np.pi), 24)
    return np.where((own["n"] > 0) | is_clear, middle, np.nan)


def group_sums(table: pd.DataFrame, ids: pd.Series[Any]) -> pd.DataFrame:
    """Return the sums over each row's group, row by row; 0 where the id is null."""
    codes, _ = ids.factorize()
    return table.groupby(codes).transform("sum").where(pd.Series(codes >= 0, index=table.index), 0.0)


def _domain_kind(domains: pd.Series[Any]) -> Ints:
    return np.where(domains.isna(), 0, np.where(domains.isin(FREEMAIL), 1, 2)).astype(np.int64)
