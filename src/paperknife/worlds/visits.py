"""Visits: fetches of tracking images and clicks on links, with the truth about what caused each."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from paperknife.worlds.chance import Bools, Floats, Ints

LABELS: Final = ("human", "prefetch", "machine")
HUMAN, PREFETCH, MACHINE = range(3)

CAUSES: Final = (
    "reading",
    "second_load",
    "forwarded",
    "background",
    "watch",
    "gateway",
    "gateway_rescan",
    "gmail_prefetch",
    "stray_machine",
)
"""What led to a fetch: finer than its label, for looking into errors."""

READING, SECOND_LOAD, FORWARDED, BACKGROUND, WATCH, GATEWAY, RESCAN, GMAIL_PREFETCH, STRAY = range(9)


@dataclass(frozen=True, slots=True)
class Visits:
    """Fetches or clicks; every array has one entry a visit.

    Attributes
    ----------
    message : ndarray of int64
    at : ndarray of float64
    label, cause, client : ndarray of int64
        Indices into `LABELS`, `CAUSES` and `paperknife.worlds.clients.CLIENTS`.
    agent, address : ndarray of int64
        Codes of `paperknife.worlds.texts.Texts`.
    link : ndarray of int64
        Number of the link within the message, -1 for fetches.
    p_human : ndarray of float64
        For fetches, what the simulator's own laws say of them, see `paperknife.worlds.posterior`; else NaN.
    p_human_onlooker : ndarray of float64
        The same for someone who does not know the agents, see `paperknife.worlds.onlooker`; NaN unless asked.
    """

    message: Ints
    at: Floats
    label: Ints
    cause: Ints
    client: Ints
    agent: Ints
    address: Ints
    link: Ints
    p_human: Floats
    p_human_onlooker: Floats

    def __len__(self) -> int:
        return len(self.message)

    def where(self, chosen: Bools) -> Visits:
        """Return the chosen visits."""
        return Visits(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    @staticmethod
    def joined(parts: list[Visits]) -> Visits:
        """Return several sets of visits as one."""
        return Visits(
            **{
                field.name: np.concatenate([getattr(part, field.name) for part in parts])
                for field in fields(Visits)
            }
        )


def visits(
    message: Ints,
    at: Floats,
    *,
    label: Ints | int,
    cause: Ints | int,
    client: Ints | int,
    agent: Ints,
    address: Ints,
    link: Ints | int = -1,
    p_human: float = np.nan,
) -> Visits:
    """Return visits, repeating what is given as one number."""

    def full(value: Ints | int) -> Ints:
        return np.broadcast_to(np.asarray(value, dtype=np.int64), message.shape).copy()

    return Visits(
        message,
        at,
        full(label),
        full(cause),
        full(client),
        full(agent),
        full(address),
        full(link),
        np.full(len(message), p_human),
        np.full(len(message), p_human),
    )
