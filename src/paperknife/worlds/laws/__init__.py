"""The laws of one world: every quantity that differs between senders or that nobody has measured.

A family (`paperknife.worlds.families`) draws one `Laws` per world; the agents obey it and know nothing else.
The same object, as JSON, says afterwards what was drawn. Shares and probabilities are in [0, 1].
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from paperknife.worlds.laws.machines import AppleLaws, Gateway, MachineLaws
from paperknife.worlds.laws.people import ClientLaws, PeopleLaws, Region
from paperknife.worlds.laws.record import LogLaws, NetworkLaws
from paperknife.worlds.laws.sending import SendingLaws, Stream

__all__ = [
    "AppleLaws",
    "ClientLaws",
    "Gateway",
    "Laws",
    "LogLaws",
    "MachineLaws",
    "NetworkLaws",
    "PeopleLaws",
    "Region",
    "SendingLaws",
    "Stream",
]


@dataclass(frozen=True, slots=True)
class Laws:
    """All laws of one world."""

    sending: SendingLaws
    people: PeopleLaws
    clients: ClientLaws
    apple: AppleLaws
    machines: MachineLaws
    networks: NetworkLaws
    log: LogLaws

    def as_dict(self) -> dict[str, Any]:
        """Return the laws as nested dictionaries and lists, ready for JSON."""
        return asdict(self)
