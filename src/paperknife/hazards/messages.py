"""One row per message: whom it went to, when its clock started, and the first click of a person.

Opens say little of the messages that nobody opened, and hazards need those most: they are the time at risk.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from paperknife.engines.duckdb import DuckDBEngine
from paperknife.events.schema import COLUMNS
from paperknife.evidence.clients import client_families
from paperknife.evidence.history import CLEAN_CLICK_US
from paperknife.evidence.kinds import kinds
from paperknife.evidence.networks import NetworkTable
from paperknife.hazards.traffic import traffic

if TYPE_CHECKING:
    import numpy as np

    from paperknife.events.log import EventLog
    from paperknife.evidence.sampling import RecipientSample

    Texts = np.ndarray[tuple[int], np.dtype[np.object_]]

BURST_US: Final = 5_000_000
"""Two different links of one message clicked within five seconds were clicked by a gateway (FACTS.md section
2). Longer than the three seconds of the evidence: looking back, the whole burst is known, and a missed one
would date a reading."""


def message_table(
    log: EventLog | pd.DataFrame,
    evidence: pd.DataFrame,
    *,
    networks: NetworkTable | None = None,
    sample: RecipientSample | None = None,
) -> pd.DataFrame:
    """Return one row per message of a log, opened or not.

    Parameters
    ----------
    log : EventLog or pandas.DataFrame
        Canonical events; a DataFrame may lack every column but the first four.
    evidence : pandas.DataFrame
        From `gather_evidence`, any horizon.
    networks : NetworkTable, optional
        Default: the built-in table and the lists the user has imported.
    sample : RecipientSample, optional
        Whose messages are wanted; that which the evidence was gathered for.

    Returns
    -------
    pandas.DataFrame
        Ordered by `message_id`. Strings: `message_id`, `recipient_id` (the message's own id where the log has
        none), `recipient_domain`, `campaign_id` (null where not given). Booleans: `has_recipient`. Int64
        microseconds since 1970, null where there was none: `clock_us` (delivery, else send), `clean_us`
        (first click that looks a person's), `machine_click_us` (first click that does not), `reply_us`;
        `log_ends_us`. Counts: `opens_n`, `apple_n`, `visible_n`, `clicks_n`.
    """
    with DuckDBEngine() as engine:
        _register(engine, log)
        engine.register("click_kinds", _click_kinds(engine, networks))
        engine.run(
            (files("paperknife.hazards") / "messages.sql").read_text(encoding="utf-8"),
            burst_us=BURST_US,
            clean_click_us=CLEAN_CLICK_US,
        )
        if sample is not None:
            _keep_sampled(engine, sample, evidence)
        table: pd.DataFrame = engine.fetch("messages").sort_values("message_id", ignore_index=True)
    times = ["clock_us", "clean_us", "machine_click_us", "reply_us", "log_ends_us"]
    table = table.astype(dict.fromkeys([*times, "opens_n", "clicks_n"], "Int64"))
    kind = traffic(evidence)
    for name in ("apple", "visible"):
        counts = evidence.loc[kind == name, "message_id"].value_counts()
        table[f"{name}_n"] = table["message_id"].map(counts).fillna(0).astype("Int64")
    return table


def _keep_sampled(engine: DuckDBEngine, sample: RecipientSample, evidence: pd.DataFrame) -> None:
    """Keep the messages of sampled recipients, and those of the evidence, should a message name several recipients."""
    opened = pd.DataFrame({"message_id": evidence["message_id"].unique()}, dtype="str")
    engine.register("opened_messages", opened)
    engine.connection.execute(
        "CREATE TEMP TABLE asked_messages AS "
        "SELECT * FROM messages WHERE message_id IN (SELECT message_id FROM opened_messages)"
    )
    sample.keep(engine.connection, "messages")
    engine.connection.execute(
        "INSERT INTO messages SELECT * FROM asked_messages "
        "WHERE message_id NOT IN (SELECT message_id FROM messages)"
    )


def _register(engine: DuckDBEngine, log: EventLog | pd.DataFrame) -> None:
    """Lay the log into the table `log_events`, every canonical column present and typed."""
    if not isinstance(log, pd.DataFrame):
        log.register(engine.connection, "log_events")
        return
    engine.connection.register("incoming_events", log)
    columns = ", ".join(
        f"CAST({column.name} AS {column.sql_type}) AS {column.name}"
        if column.name in log.columns
        else f"CAST(NULL AS {column.sql_type}) AS {column.name}"
        for column in COLUMNS
    )
    engine.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE log_events AS SELECT {columns} FROM incoming_events"
    )
    engine.connection.unregister("incoming_events")


def _click_kinds(engine: DuckDBEngine, networks: NetworkTable | None) -> pd.DataFrame:
    """Return whether a click of each address and agent was a machine's, one row per distinct pair."""
    keys = ["ip", "user_agent", "network_class", "client_family"]
    distinct = engine.connection.sql(
        f"SELECT DISTINCT {', '.join(keys)} FROM log_events WHERE event_type = 'click'"
    ).df()
    given = {key: _with_none(distinct[key]) for key in keys}
    table = networks or NetworkTable.load()
    classes = _first_known(given["network_class"], table.classify(given["ip"]))
    families = _first_known(given["client_family"], client_families(list(given["user_agent"])))
    distinct["is_click_machine"] = [
        (kind := kinds().get(pair)) is not None and kind.is_click_machine
        for pair in zip(families, classes, strict=True)
    ]
    types: dict[Any, Any] = {**dict.fromkeys(keys, "str"), "is_click_machine": "bool"}
    return pd.DataFrame(distinct.astype(types))


def _with_none(column: pd.Series[Any]) -> Texts:
    return column.astype("object").where(column.notna(), None).to_numpy()


def _first_known(first: Texts, second: Texts) -> list[str | None]:
    return [a if a is not None else b for a, b in zip(first, second, strict=True)]
