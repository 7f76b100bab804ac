"""The opens of a log as the published rules and the slices see them: agent, network, clock, recipient."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from paperknife.engines.duckdb import DuckDBEngine
from paperknife.evidence.clients import client_families
from paperknife.evidence.mechanism import mechanism
from paperknife.evidence.networks import NetworkTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from paperknife.events.log import EventLog

APPLE_FAMILIES: Final = frozenset({"apple_mail"})


def describe_opens(log: EventLog, *, networks: NetworkTable | None = None) -> pd.DataFrame:
    """Return what rules and slices look at, one row for every open of a log.

    Parameters
    ----------
    log : EventLog
        From `read_events`.
    networks : NetworkTable, optional
        Default: the built-in table and the lists the user has imported.

    Returns
    -------
    pandas.DataFrame
        In no particular order; null means that the log does not say:

        - `event_id`, `message_id`, `recipient_id`, `recipient_domain` : str
        - `occurred_at` : timestamp, UTC
        - `client_family`, `network_class`, `mechanism`, `vendor_verdict` : str
        - `delay_s` : float64, since the latest delivery, else send, at or before the open
        - `is_apple` : bool, Apple Mail by its agent, or Apple's relay by its network
        - `is_known` : boolean, the log spoke of the recipient before this message
        - `has_other_agent` : boolean, some open of the message came with an agent that is not Apple Mail's
    """
    with DuckDBEngine() as engine:
        log.register(engine.connection, "events")
        engine.run(files("paperknife.evaluation").joinpath("opens.sql").read_text(encoding="utf-8"))
        opens = engine.fetch("judged_opens")
    table = networks or NetworkTable.load()
    family = _by_distinct(opens["user_agent"], client_families, opens["client_family"])
    network = _by_distinct(opens["ip"], table.classify, opens["network_class"])
    road = mechanism(_objects(family), _objects(network))
    opens = opens.assign(
        occurred_at=pd.to_datetime(opens["occurred_us"], unit="us", utc=True),
        client_family=family,
        network_class=network,
        mechanism=pd.Series(road, index=opens.index, dtype="str"),
        is_apple=family.isin(APPLE_FAMILIES) | (road == "apple_relay"),
        is_known=opens["is_known"].astype("boolean"),
        has_other_agent=_has_other_agent(opens["message_id"], family),
    )
    return opens.drop(columns=["user_agent", "ip", "occurred_us"])


def open_delays(log: EventLog, event_ids: pd.Series) -> np.ndarray:
    """Return how long after the delivery, else the send, each open came, in seconds (float64), NaN if not known.

    Parameters
    ----------
    log : EventLog
        From `read_events`.
    event_ids : pandas.Series of str, shape (n,)
        The opens, in the order wanted.
    """
    delay_s = describe_opens(log).set_index("event_id")["delay_s"]
    return delay_s.reindex(event_ids.astype("str")).to_numpy(np.float64)


def _objects(values: pd.Series) -> np.ndarray:
    return values.astype(object).where(values.notna(), None).to_numpy()


def _by_distinct(
    values: pd.Series, classify: Callable[[np.ndarray], Iterable[str | None]], otherwise: pd.Series
) -> pd.Series:
    """Classify each distinct value once; where it is null, take what the log kept when it was forgotten."""
    codes, distinct = pd.factorize(values)
    classes = np.array([*classify(distinct.to_numpy(dtype=object)), None], dtype=object)
    return pd.Series(classes[codes], index=values.index, dtype="str").fillna(otherwise.astype("str"))


def _has_other_agent(message: pd.Series, family: pd.Series) -> pd.Series:
    """Say for each open whether its message was ever opened with a known agent that is not the bare one."""
    other = family.notna() & (family != "apple_mail")
    known = family.notna().groupby(message).transform("any")
    return other.groupby(message).transform("any").astype("boolean").where(known)
