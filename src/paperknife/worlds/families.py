"""Families: named distributions over laws. One to train on, one for the demo, the others held out to test transfer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paperknife.errors import PaperknifeError, did_you_mean
from paperknife.worlds.plain import plain_laws
from paperknife.worlds.varied import draw_varied

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from paperknife.worlds.laws import Laws


@dataclass(frozen=True, slots=True)
class Family:
    """A named kind of world.

    Attributes
    ----------
    name, meaning : str
    draw : callable
        Given a random generator, the laws of one world.
    is_held_out : bool
        Never used to fit or tune anything; only to test transfer.
    """

    name: str
    meaning: str
    draw: Callable[[np.random.Generator], Laws]
    is_held_out: bool


_ALL = (
    Family("varied", "every unknown drawn anew for each world", draw_varied, is_held_out=False),
    Family("plain", "one typical sender, all fields there", lambda _: plain_laws(), is_held_out=False),
)

FAMILIES: Final[dict[str, Family]] = {family.name: family for family in _ALL}


def draw_laws(family: str, rng: np.random.Generator) -> Laws:
    """Return the laws of one world of a family.

    Raises
    ------
    PaperknifeError
        If there is no such family.
    """
    if family not in FAMILIES:
        known = ", ".join(FAMILIES)
        raise PaperknifeError(
            f"There is no family '{family}' of worlds.{did_you_mean(family, FAMILIES)} Known: {known}."
        )
    return FAMILIES[family].draw(rng)
