"""The oracle of each case: trained on the truth of worlds that are never judged.

There are two. The *family's* oracle learns from many worlds, each with its own draw of the family's laws: it knows what
such senders have in common. The *sender's own* goes on from there on worlds of exactly the judged sender's laws (other
people, other days): it knows this sender. Who trains on a sender's log may beat the first, never the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from paperknife.events.log import read_events
from paperknife.evidence.history import gather_horizons
from paperknife.evidence.networks import NetworkTable
from paperknife.training.oracle import CLASSES, VALIDATION_EVERY, Lessons, fit_oracle, lessons_of
from paperknife.trials.cases import DAYS, ORACLE_SEEDS
from paperknife.trials.shelf import source_digest

if TYPE_CHECKING:
    from paperknife.model.bundle import Model
    from paperknife.trials.cases import Case
    from paperknife.trials.shelf import Shelf
    from paperknife.worlds.laws import Laws
    from paperknife.worlds.world import World

HORIZONS: Final = ("instant", "settled")

ORACLE_SOURCE: Final = ("worlds", "evidence", "model/stages.py", "model/calibration.py", "training/oracle.py")
"""What decides an oracle; a change in any of it makes them anew."""

_LAWS_APART: Final = 100_000
"""Seeds of a sender's own oracle lie this far, and the judged seed's number further, from the family's."""


@dataclass(frozen=True, slots=True)
class OracleSize:
    """How much an oracle learns from.

    Attributes
    ----------
    opens : int
        At least so many, unless `worlds_most` comes first.
    messages : int
        Of each of its worlds.
    worlds_most : int
    """

    opens: int
    messages: int
    worlds_most: int = 250


def family_oracle(case: Case, size: OracleSize, shelf: Shelf, *, threads: int = 0) -> Model:
    """Return the oracle of a case's family."""
    key = {
        "what": "oracle",
        "case": case.name.replace(" ", "-").replace(",", ""),
        "size": [size.opens, size.messages, size.worlds_most],
        "days": DAYS,
        "source": source_digest(*ORACLE_SOURCE),
    }
    return shelf.model(
        key, lambda: fit_oracle(_lessons(case, size, ORACLE_SEEDS, threads=threads), threads=threads)
    )


def own_oracle(
    case: Case, seed: int, laws: Laws, start: Model, size: OracleSize, shelf: Shelf, *, threads: int = 0
) -> Model:
    """Return the oracle of one sender: the family's, gone on with on worlds of the sender's own laws."""
    key = {
        "what": "own-oracle",
        "case": f"{case.name.replace(' ', '-').replace(',', '')}-{seed}",
        "size": [size.opens, size.messages, size.worlds_most],
        "start": start.model_id,
        "days": DAYS,
        "source": source_digest(*ORACLE_SOURCE),
    }
    first = ORACLE_SEEDS + _LAWS_APART * (1 + seed)

    def make() -> Model:
        return fit_oracle(_lessons(case, size, first, laws, threads=threads), start=start, threads=threads)

    return shelf.model(key, make)


def _lessons(
    case: Case, size: OracleSize, first_seed: int, laws: Laws | None = None, *, threads: int = 0
) -> Lessons:
    """Return the opens of as many worlds as it takes."""
    parts: list[Lessons] = []
    opens_n = 0
    while (opens_n < size.opens or len(parts) < VALIDATION_EVERY) and len(parts) < size.worlds_most:
        seed = first_seed + len(parts)
        world = case.world(seed, size.messages, laws)
        tables = gather_horizons(
            read_events(world.events), HORIZONS, networks=NetworkTable.built_in(), threads=threads or None
        )
        parts.append(lessons_of(tables, labels_of(world), np.random.default_rng([seed, 5])))
        opens_n += len(parts[-1].label)
    return Lessons.joined(parts)


def labels_of(world: World) -> dict[str, int]:
    """Return each open's truth: 0 human, 1 prefetch, 2 machine, by `event_id`."""
    names = {name: n for n, name in enumerate(CLASSES)}
    return dict(zip(world.truth_opens["event_id"], world.truth_opens["label"].map(names), strict=True))
