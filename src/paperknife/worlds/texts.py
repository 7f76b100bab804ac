"""Addresses and user agents as small integers: a world of many events handles no strings until the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from paperknife.worlds.chance import Ints

NO_TEXT: Final = 0
"""The code of null."""


class Texts:
    """A growing table of strings; a string's code is its place in the table."""

    def __init__(self) -> None:
        self._texts: list[str | None] = [None]

    def add(self, texts: Iterable[str]) -> Ints:
        """Append strings (repetitions allowed) and return their codes, int64."""
        start = len(self._texts)
        self._texts.extend(texts)
        return np.arange(start, len(self._texts))

    def decode(self, codes: Ints) -> npt.NDArray[np.object_]:
        """Return the strings of the codes, None for `NO_TEXT`."""
        return np.asarray(np.array(self._texts, dtype=object)[codes])
