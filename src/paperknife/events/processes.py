"""Work shared between this process and others: reading payloads, and writing days."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

_IDLE_S: Final = 10
"""Idle processes end soon: should this one be killed, nothing of it stays behind for long."""
_AHEAD: Final = 2
"""Items that a process has: one that it works on, and the next."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def shared(work: Callable[[_Item], _Result], items: Iterable[_Item], processes_n: int) -> Iterator[_Result]:
    """Yield what becomes of each item, in any order.

    This process works too, and begins at once: another one takes a second to start, and as much memory as this.

    Parameters
    ----------
    work : callable
        Can go to other processes, like the items and what becomes of them.
    items : iterable
        Asked for the next one only when somebody is free to work on it.
    processes_n : int
        This one among them.
    """
    if processes_n == 1:
        yield from map(work, items)
        return
    from joblib.externals.loky import get_reusable_executor

    others = get_reusable_executor(processes_n - 1, timeout=_IDLE_S)
    with warnings.catch_warnings():
        # A process that has grown much, as by the merging of a large day, is replaced by a fresh one; no work is lost.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        yield from _results(work, items, others, _AHEAD * (processes_n - 1))


def _results(
    work: Callable[[_Item], _Result], items: Iterable[_Item], others: Any, most_pending: int
) -> Iterator[_Result]:
    from joblib.externals.loky import as_completed, wait

    pending: set[Future[_Result]] = set()
    try:
        for item in items:
            if len(pending) < most_pending:
                pending.add(others.submit(work, item))
            else:
                yield work(item)
            done = {one for one in pending if one.done()}
            pending -= done
            yield from (one.result() for one in done)
        yield from (one.result() for one in as_completed(pending))
    finally:
        for one in pending:
            one.cancel()
        wait(pending)
