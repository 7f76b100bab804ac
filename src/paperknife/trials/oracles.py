"""The oracle of each judged sender: trained on the truth of worlds that obey the very same laws, and are never judged.

Other people, other days, the same laws: it knows this sender, which is all that `train` could hope for. It grows from a
base that learned from many senders of the family `varied`, so that no oracle lacks what all senders have in common.

An oracle of the *family*, trained on worlds each with its own draw of the family's laws, was tried first and is no
oracle: from 80,000 opens of some 18 draws it was worse than the default model, which knows 450 draws (log loss at the
instant on two logs of `varied` .354 against .274, of `rare_prefetch` .300 against .275), and it cannot know what a
sender's own log tells.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from paperknife.events.log import read_events
from paperknife.evidence.history import gather_horizons
from paperknife.evidence.networks import NetworkTable
from paperknife.training.oracle import CLASSES, VALIDATION_EVERY, Lessons, fit_oracle, lessons_of
from paperknife.trials.cases import DAYS, ORACLE_SEEDS, Case
from paperknife.trials.shelf import source_digest

if TYPE_CHECKING:
    from paperknife.model.bundle import Model
    from paperknife.trials.shelf import Shelf
    from paperknife.worlds.laws import Laws
    from paperknife.worlds.world import World

HORIZONS: Final = ("instant", "settled")

BASE: Final = Case("varied")

ORACLE_SOURCE: Final = ("worlds", "evidence", "model/stages.py", "model/calibration.py", "training/oracle.py")
"""What decides an oracle; a change in any of it makes them anew."""


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
        A family of tiny logs would take thousands of them.
    """

    opens: int
    messages: int
    worlds_most: int = 60


def oracle_of(
    case: Case, laws: Laws, size: OracleSize, base: OracleSize, shelf: Shelf, *, threads: int = 0
) -> Model:
    """Return the oracle of a sender.

    Parameters
    ----------
    case : Case
    laws : Laws
        Of the judged world.
    size, base : OracleSize
        Of the sender's own worlds, and of those of the base.
    shelf : Shelf
        Where oracles are kept.
    threads : int
    """
    start = base_oracle(base, shelf, threads=threads)
    told = json.dumps(laws.as_dict(), sort_keys=True, default=float)
    key = {
        "what": "oracle",
        "case": case.name.replace(" ", "-").replace(",", ""),
        "laws": hashlib.sha256(told.encode()).hexdigest(),
        "size": [size.opens, size.messages, size.worlds_most],
        "start": start.model_id,
        "days": DAYS,
        "source": source_digest(*ORACLE_SOURCE),
    }

    def make() -> Model:
        return fit_oracle(_lessons(case, size, laws, threads=threads), start=start, threads=threads)

    return shelf.model(key, make)


def base_oracle(size: OracleSize, shelf: Shelf, *, threads: int = 0) -> Model:
    """Return the oracle of the family `varied`, from which those of senders grow; parameters are those of `oracle_of`."""
    key = {
        "what": "oracle",
        "case": BASE.name,
        "size": [size.opens, size.messages, size.worlds_most],
        "days": DAYS,
        "source": source_digest(*ORACLE_SOURCE),
    }
    return shelf.model(key, lambda: fit_oracle(_lessons(BASE, size, threads=threads), threads=threads))


def _lessons(case: Case, size: OracleSize, laws: Laws | None = None, *, threads: int = 0) -> Lessons:
    """Return the opens of as many worlds as it takes; without laws, each world draws its own."""
    parts: list[Lessons] = []
    opens_n = 0
    while (opens_n < size.opens or len(parts) < VALIDATION_EVERY) and len(parts) < size.worlds_most:
        seed = ORACLE_SEEDS + len(parts)
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
