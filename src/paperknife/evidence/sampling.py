"""Some of a log's recipients, with all their mail: what training looks at where a log is larger than it needs.

By recipient, because hazards need every message of a person, opened or not; by a digest of the id, so that the same
recipients are drawn whatever the order of the events, the machine or the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

if TYPE_CHECKING:
    import duckdb

    from paperknife.events.log import EventLog

_PARTS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class RecipientSample:
    """A share of a log's recipients; messages that name none are drawn each by itself.

    Attributes
    ----------
    share : float
        Between 0 and 1.
    always : tuple of str
        Recipients (or messages that name none) that belong to it in any case.
    """

    share: float
    always: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What a person should know of it."""
        others = ", and those of the panel" if self.always else ""
        return f"The log is large: {self.share:.1%} of its recipients{others}, with all their mail, were looked at."

    def keep(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        """Delete from a table with `recipient_id` and `message_id` what is not in the sample."""
        connection.register("always_sampled", pd.DataFrame({"who": self.always}, dtype="str"))
        who = "coalesce(recipient_id, message_id)"
        connection.execute(
            f"DELETE FROM {table} WHERE md5_number_lower({who}) % {_PARTS} >= {round(self.share * _PARTS)} "
            f"AND {who} NOT IN (SELECT who FROM always_sampled)"
        )
        connection.unregister("always_sampled")


def sample_recipients(
    log: EventLog, most_opens: int, *, always: pd.Series[str] | None = None
) -> RecipientSample | None:
    """Return a sample of recipients with about so many opens; None where the log holds no more.

    Parameters
    ----------
    log : EventLog
    most_opens : int
    always : pandas.Series of str, optional
        Ids of opens (`event_id`) whose recipients belong to it in any case.
    """
    import duckdb

    with duckdb.connect(":memory:") as connection:
        log.register(connection, "log_events")
        counted = connection.execute("SELECT count(*) FROM log_events WHERE event_type = 'open'").fetchall()
        opens_n = int(counted[0][0])
        if opens_n <= most_opens:
            return None
        if always is None:
            return RecipientSample(most_opens / opens_n)
        connection.register(
            "asked", pd.DataFrame({"event_id": always.dropna().astype("str").unique()}, dtype="str")
        )
        people = connection.execute(
            "SELECT DISTINCT coalesce(recipient_id, message_id) FROM log_events "
            "WHERE event_id IN (SELECT event_id FROM asked) ORDER BY 1"
        ).fetchall()
    return RecipientSample(most_opens / opens_n, tuple(str(who) for (who,) in people))
