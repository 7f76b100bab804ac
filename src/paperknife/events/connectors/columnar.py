"""Connectors for providers whose logs are longest: they read one field of all rows at a time.

Of JSON lines, no more is then decoded than the fields that are wanted, which takes half the time of decoding all. Where
anything in a stretch of lines is not as it should be, the stretch is read again row by row, as for any provider: so
nothing that is set aside or counted differs.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from paperknife.events.addresses import replace_addresses
from paperknife.events.connectors.base import Batch, Connector, Fields
from paperknife.events.connectors.columns import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Said = Callable[[str], list[Any]]


class ColumnConnector(Connector):
    """A connector that translates columns: one event a payload, or an array of them, with plain fields.

    Subclasses give `wanted` and `translate_columns` instead of `translate`.
    """

    wanted: ClassVar[tuple[str, ...]]
    """The fields that are read, the type's among them."""

    @abstractmethod
    def translate_columns(self, said: Said, rows_n: int) -> Sequence[Sequence[Any]]:
        """Return a column for each of `Fields`.

        Parameters
        ----------
        said : callable
            From a field's name to its value in every row, None where there is none.
        rows_n : int
        """

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        return Fields(*(column[0] for column in self.translate_all((raw,))))

    def translate_all(self, raws: Sequence[Mapping[str, Any]]) -> Sequence[Sequence[Any]]:
        """Return what events say, a column for each of `Fields`."""
        return self.translate_columns(lambda name: [raw.get(name) for raw in raws], len(raws))

    def parse_lines(self, lines: bytes) -> Batch | None:
        """Return the events of JSON lines, as `parse_all` does of what is decoded; None if that must be asked.

        Parameters
        ----------
        lines : bytes
            Whole lines.
        """
        kind = self.wanted.index(self.type_field)
        try:
            rows = _decoder(self.wanted).decode_lines(lines)
            found = list(map(self.event_types.get, map(attrgetter(f"f{kind}"), rows)))
        except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
            return None
        batch = Batch()
        if None in found:
            unknown = [row for row, one in zip(rows, found, strict=True) if one is None]
            names = list(map(attrgetter(f"f{kind}"), unknown))
            if not all(isinstance(name, str) and name and not name.isspace() for name in names):
                return None
            batch.unknown_types = dict(Counter(replace_addresses(name[:60]) for name in names))
            rows = [row for row, one in zip(rows, found, strict=True) if one is not None]

        def said(name: str) -> list[Any]:
            return list(map(attrgetter(f"f{self.wanted.index(name)}"), rows))

        kinds = [one for one in found if one is not None]
        columns = self.translate_columns(said, len(rows))
        batch.table, bad = canonical(self.prefix, self.hasher, kinds, columns, self.per_second)
        return None if bad else batch


@lru_cache(maxsize=8)
def _decoder(wanted: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """Return a decoder of objects with these fields, of any type and None where missing; others are passed over."""
    fields = [(f"f{place}", Any, None) for place in range(len(wanted))]
    names = {f"f{place}": name for place, name in enumerate(wanted)}
    return msgspec.json.Decoder(msgspec.defstruct("Wanted", fields, rename=names, gc=False))
