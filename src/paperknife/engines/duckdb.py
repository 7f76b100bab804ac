"""DuckDB as the engine: one connection, and SQL texts run step by step.

A text is a sequence of steps. Each begins with a line ``-- step: name`` and is one SELECT; the engine keeps its
rows as a temporary table of that name, which later steps read. Values such as a horizon stand in the text as
``{name}`` and are always integers or names of our own, never data.
"""

from __future__ import annotations

import re
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from paperknife.errors import RequestError

if TYPE_CHECKING:
    from types import TracebackType

    import duckdb
    import pandas as pd

_MEMORY = re.compile(r"\d+(\.\d+)? ?[KMGT]i?B", re.IGNORECASE)
_STEP = re.compile(r"^-- step: *(?P<name>[a-z_{}]+) *$", re.MULTILINE)


def steps_of(text: str) -> list[tuple[str, str]]:
    r"""Return the (name, SELECT) pairs of a SQL text, in order.

    Parameters
    ----------
    text : str
        Steps, each begun by a line ``-- step: name``.

    Examples
    --------
    >>> steps_of("-- step: one\nSELECT 1 AS n;\n-- step: two\nSELECT n FROM one;")
    [('one', 'SELECT 1 AS n'), ('two', 'SELECT n FROM one')]
    """
    parts = _STEP.split(text)[1:]
    return [(name, query.strip().rstrip(";")) for name, query in zip(parts[::2], parts[1::2], strict=True)]


class DuckDBEngine:
    r"""A private in-memory DuckDB that spills to a temporary folder and is closed on leaving the block.

    Parameters
    ----------
    memory : str, optional
        Upper bound, as DuckDB writes it ("2GB"). None leaves DuckDB's default of 80 % of the machine.
    threads : int, optional
        None leaves DuckDB's default, one per core.

    Raises
    ------
    RequestError
        For a memory bound that cannot be read.

    Examples
    --------
    >>> with DuckDBEngine() as engine:
    ...     engine.run("-- step: one\nSELECT {n} AS n", n=7)
    ...     engine.fetch("one")["n"].tolist()
    [7]
    """

    def __init__(self, *, memory: str | None = None, threads: int | None = None) -> None:
        if memory is not None and not _MEMORY.fullmatch(memory):
            raise RequestError(f"A memory bound of '{memory[:20]}' cannot be read. Write it as 2GB or 800MB.")
        self._memory = memory
        self._threads = threads

    def __enter__(self) -> Self:
        import duckdb

        self._spill = tempfile.TemporaryDirectory(prefix="paperknife-")
        self.connection: duckdb.DuckDBPyConnection = duckdb.connect(":memory:")
        # Everything is UTC; the machine's own zone must not leak into a single row.
        self.connection.execute("SET TimeZone = 'UTC'")
        # Row order carries no meaning here, and giving it up saves memory and time.
        self.connection.execute("SET preserve_insertion_order = false")
        # In a notebook without ipywidgets DuckDB has no bar to switch off, and says so by an error.
        with suppress(duckdb.Error):
            self.connection.execute("SET enable_progress_bar = false")
        self.connection.execute(f"SET temp_directory = '{self._spill.name}'")
        if self._memory is not None:
            self.connection.execute(f"SET memory_limit = '{self._memory}'")
        if self._threads is not None:
            self.connection.execute(f"SET threads = {int(self._threads)}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()
        self._spill.cleanup()

    def run(self, text: str, **names: int | str) -> None:
        """Run a SQL text step by step, keeping each step's rows as a temporary table.

        Parameters
        ----------
        text : str
            Steps, each begun by a line ``-- step: name``.
        **names : int or str
            Values for the ``{name}`` places of the text.
        """
        for name, query in steps_of(text.format(**names)):
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")

    def drop(self, *tables: str) -> None:
        """Forget temporary tables that no later step reads: they are held in memory, or spilled."""
        for table in tables:
            self.connection.execute(f"DROP TABLE IF EXISTS {table}")

    def register(self, name: str, frame: pd.DataFrame) -> None:
        """Copy a DataFrame into a temporary table, so that later changes to the frame cannot reach the SQL."""
        self.connection.register("incoming_frame", frame)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM incoming_frame")
        self.connection.unregister("incoming_frame")

    def fetch(self, table: str) -> pd.DataFrame:
        """Return a table's rows as a DataFrame, in no particular order."""
        frame: pd.DataFrame = self.connection.table(table).df()
        return frame
