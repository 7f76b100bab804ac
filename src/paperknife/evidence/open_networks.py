"""Through which network each open came: a /24 or /48, to tell what else came through it.

No column of the evidence: an address is personal data, and only labels need it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from paperknife.engines.duckdb import DuckDBEngine
from paperknife.evidence.networks import network_keys

if TYPE_CHECKING:
    from paperknife.events.log import EventLog


def open_networks(log: EventLog, evidence: pd.DataFrame) -> pd.Series[str]:
    """Return the network of each open of an evidence table, null where the log has no address.

    Parameters
    ----------
    log : EventLog
    evidence : pandas.DataFrame
        From `gather_evidence` on that log.

    Returns
    -------
    pandas.Series of str
        In the evidence's order, with its index.
    """
    with DuckDBEngine() as engine:
        log.register(engine.connection, "log_events")
        engine.register("asked", pd.DataFrame({"event_id": evidence["event_id"].unique()}, dtype="str"))
        found = engine.connection.execute(
            "SELECT event_id, min(ip) AS ip FROM log_events SEMI JOIN asked USING (event_id) "
            "WHERE event_type = 'open' AND ip IS NOT NULL GROUP BY event_id"
        ).df()
    codes, ips = pd.factorize(found["ip"])
    keys = network_keys(ips.to_numpy(dtype=object))[codes] if len(found) else np.array([], dtype=object)
    return pd.Series(
        evidence["event_id"].map(pd.Series(keys, index=found["event_id"], dtype="str")), dtype="str"
    )
