"""The first thing a marketer wants to know: how many of the opens that the log reports did people cause.

Everything is a sum of probabilities; no verdict is counted to make a rate. What is said is about *opens that
a person's reading caused*. It is not the read rate: a reading served by Apple's cache leaves no open at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from paperknife.engines.duckdb import DuckDBEngine
from paperknife.errors import EvaluationError
from paperknife.evaluation.truth import CLASSES, P_COLUMNS, check_verdicts, require_columns
from paperknife.evaluation.wording import percent, percentages

if TYPE_CHECKING:
    from datetime import datetime

    from paperknife.events.log import EventLog

VERDICTS: Final = (*CLASSES, "uncertain")
CAVEAT: Final = (
    "People's opens are those that a person's reading caused. Readings that Apple's cache served leave no open, "
    "so this is not the read rate."
)


@dataclass(frozen=True, slots=True)
class Headline:
    """What the verdicts say of a log as a whole.

    Attributes
    ----------
    base : {"delivered", "sent"} or None
        What the open rate is a share of; None where the log has neither.
    messages_n : int or None
        Messages of that base.
    opened_n : int
        Of these, messages with at least one open (of all messages, without a base).
    open_rate : float or None
        The raw rate, as the log reports it.
    opens_n : int
        Opens of those messages.
    shares : dict of str to float
        Of the opens: the expected share of human, prefetch, machine; they sum to 1.
    human_opened_share : float
        Of the opened messages: the expected share with at least one human open, taking the opens of a
        message as independent.
    human_open_rate : float or None
        The same as a share of the base.
    by_mechanism : pandas.DataFrame
        One row a mechanism, the biggest first: `mechanism`, `opens_n`, expected shares `human`, `prefetch`,
        `machine`, and how many opens were called `called_human`, `called_prefetch`, `called_machine`,
        `called_uncertain`.
    """

    base: str | None
    messages_n: int | None
    opened_n: int
    open_rate: float | None
    opens_n: int
    shares: dict[str, float]
    human_opened_share: float
    human_open_rate: float | None
    by_mechanism: pd.DataFrame

    def sentence(self) -> str:
        """Return the headline in two sentences.

        Examples
        --------
        >>> print(headline(verdicts, log).sentence())  # doctest: +SKIP
        34 % of 48,211 delivered messages were opened, by the log. Of these 21,870 opens, 41 % were people,
        52 % Apple's prefetch and 7 % other machines.
        """
        if self.open_rate is None:
            first = f"{self.opened_n:,} messages were opened, by the log."
        else:
            rate = percent(self.open_rate)
            first = f"{rate} of {self.messages_n:,} {self.base} messages were opened, by the log."
        if not self.opens_n:
            return first
        human, prefetch, machine = percentages([self.shares[name] for name in CLASSES])
        return (
            f"{first} Of these {self.opens_n:,} opens, {human} were people, {prefetch} Apple's prefetch "
            f"and {machine} other machines."
        )


def headline(
    verdicts: pd.DataFrame,
    log: EventLog | None = None,
    *,
    since: datetime | pd.Timestamp | str | None = None,
) -> Headline:
    """Return what verdicts say of a log as a whole.

    Parameters
    ----------
    verdicts : pandas.DataFrame
        From `score`: one horizon.
    log : EventLog, optional
        Where they came from; it tells how many messages were delivered, else sent. Without it there is no
        rate.
    since : datetime, optional
        Look only at messages delivered (else sent) from then on.

    Raises
    ------
    EvaluationError
        For missing columns, bad probabilities, or several horizons.
    """
    require_columns(verdicts, ("message_id",), "The verdicts")
    if "horizon" in verdicts and len(verdicts["horizon"].unique()) > 1:
        raise EvaluationError(
            "The verdicts hold several horizons, so that every open would count more than once. "
            "Choose those of one, such as verdicts[verdicts.horizon == 'settled']."
        )
    opens = check_verdicts(verdicts)
    opens = opens.assign(message_id=opens["message_id"].astype("str"))
    base, messages = (None, None) if log is None else _mailed(log, since)
    if messages is not None:
        opens = opens[opens["message_id"].isin(messages)]
    p = opens[list(P_COLUMNS)].to_numpy(np.float64)
    opened_n = int(opens["message_id"].nunique())
    expected = _expected_human_messages(opens["message_id"], p[:, 0])
    messages_n = None if messages is None else len(messages)
    return Headline(
        base=base,
        messages_n=messages_n,
        opened_n=opened_n,
        open_rate=opened_n / messages_n if messages_n else None,
        opens_n=len(opens),
        shares=dict(zip(CLASSES, (p.mean(axis=0) if len(p) else np.full(3, np.nan)).tolist(), strict=True)),
        human_opened_share=expected / opened_n if opened_n else float("nan"),
        human_open_rate=expected / messages_n if messages_n else None,
        by_mechanism=_by_mechanism(opens),
    )


def _mailed(log: EventLog, since: datetime | pd.Timestamp | str | None) -> tuple[str | None, pd.Index | None]:
    """Return which messages the rate is a share of: the delivered ones, else the sent ones, else none."""
    with DuckDBEngine() as engine:
        log.register(engine.connection, "events")
        engine.run(files("paperknife.evaluation").joinpath("mailed.sql").read_text(encoding="utf-8"))
        mailed = engine.fetch("mailed")
    for base in ("delivered", "sent"):
        first_us = mailed.loc[mailed["event_type"] == base].set_index("message_id")["first_us"]
        if since is not None:
            stamp = pd.Timestamp(since)
            stamp = stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")
            first_us = first_us[pd.to_datetime(first_us, unit="us", utc=True) >= stamp]
        if len(first_us):
            return base, first_us.index
    return None, None


def _expected_human_messages(message: pd.Series, p_human: np.ndarray) -> float:
    """Return the expected number of messages with at least one human open: the sum of 1 - prod(1 - p)."""
    log_none = pd.Series(np.log1p(-np.minimum(p_human, 1 - 1e-12)), index=message.index)
    return float((1 - np.exp(log_none.groupby(message).sum())).sum())


def _by_mechanism(opens: pd.DataFrame) -> pd.DataFrame:
    """Return expected shares and verdict counts per mechanism."""
    mechanism = opens.get("mechanism", pd.Series("unknown", opens.index)).fillna("unknown")
    said = opens[list(P_COLUMNS)].set_axis(list(CLASSES), axis=1).groupby(mechanism)
    table = said.mean().assign(opens_n=said.size())
    if "verdict" in opens:
        called = pd.crosstab(mechanism, opens["verdict"]).reindex(columns=list(VERDICTS), fill_value=0)
        table = table.join(called.add_prefix("called_"))
    table = table.rename_axis("mechanism").reset_index().sort_values("opens_n", ascending=False)
    return table[["mechanism", "opens_n", *table.columns.drop(["mechanism", "opens_n"])]].reset_index(
        drop=True
    )
