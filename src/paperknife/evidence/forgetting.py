"""Forget addresses and user agents before they are written, and keep what they say: network class and client family.

What is lost for good: how many recipients share one address or one exact agent, and whatever a better table of
networks or clients would have said later. Verdicts on such a log rest on the classes alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paperknife.errors import PayloadError, did_you_mean
from paperknife.evidence.clients import client_families
from paperknife.evidence.networks import NetworkTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

FORGETTABLE: Final = ("ip", "user_agent")


class Forgetting:
    """From a table of events to the same without IP, user agent or both; can go to other processes.

    Parameters
    ----------
    fields : iterable of str
        Of `FORGETTABLE`.

    Raises
    ------
    PayloadError
        For a field that cannot be forgotten.

    Examples
    --------
    >>> from paperknife.events.event import Event, events_table
    >>> event = Event("e1", "open", 1769850000000000, "m1", ip="66.249.84.1", user_agent="Mozilla/5.0")
    >>> table = Forgetting(["ip", "user_agent"])(events_table(list(zip(event))))
    >>> table.select(["ip", "network_class", "client_family"]).to_pylist()
    [{'ip': None, 'network_class': 'google_proxy', 'client_family': 'apple_mail'}]
    """

    def __init__(self, fields: Iterable[str]) -> None:
        self.fields = tuple(fields)
        for name in self.fields:
            if name not in FORGETTABLE:
                raise PayloadError(
                    f"'{name[:40]}' cannot be forgotten; expected {' or '.join(FORGETTABLE)}, or both with a comma."
                    f"{did_you_mean(name, FORGETTABLE)}"
                )

    def __call__(self, events: pa.Table) -> pa.Table:
        """Return the events with the classes filled where they can be, and the fields null."""
        import pyarrow as pa
        import pyarrow.compute as pc

        for name, column, classes in (
            ("ip", "network_class", NetworkTable.load().classify),
            ("user_agent", "client_family", client_families),
        ):
            if name in self.fields:
                found = pa.array(classes(events[name].to_pylist()), pa.string())
                events = events.set_column(
                    events.column_names.index(column), column, pc.coalesce(found, events[column])
                )
                events = events.set_column(
                    events.column_names.index(name), name, pa.nulls(len(events), pa.string())
                )
        return events
