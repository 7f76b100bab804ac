"""A folder of Parquet as a log that grows: one file a day, and adding the same events twice changes nothing.

    log/day=2026-01-31/part-3f9a….parquet     events of that UTC day, sorted by time, without duplicates
    log/_quarantine/rows-81c2….ndjson         rows that could not be used, with reasons
    log/_key.json                             how recipients were made pseudonyms: fingerprint of the key

New events are staged in a hidden folder first. `commit` then merges each day that they touch with what the log has of
that day, writes the result aside, renames it, and removes the files that it replaces. A crash in between leaves old
and new side by side, which reads as the same log, because readers drop duplicates; what a killed run has staged is
swept away by the next one. Names come from contents. Only the days being written are read: an event's id never comes
with two times.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from paperknife.errors import LogError
from paperknife.events.processes import shared
from paperknife.events.staging import DAY_PREFIX, digest, merge_day, stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    import pyarrow as pa

    from paperknife.events.identity import RecipientHasher


class LogStore:
    """A log folder that events are being added to; used as a context, which removes what was not committed.

    Parameters
    ----------
    folder : Path
        Made where it does not exist.
    hasher : RecipientHasher
        That made the pseudonyms of the events to come.
    forgotten : tuple of str
        Fields that the events to come are without, since they were asked to be forgotten.

    Raises
    ------
    LogError
        The folder is a file, cannot be written, is being written by another process, or holds recipients that were
        made pseudonyms, or fields forgotten, in another way.
    """

    def __init__(self, folder: Path, hasher: RecipientHasher, forgotten: tuple[str, ...] = ()) -> None:
        self.folder = folder
        if folder.is_file() or folder.suffix.lower() in {".parquet", ".csv", ".ndjson"}:
            raise LogError(f"{folder} names a file; a log that can grow is a folder. Name one, such as log/.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(folder / "_lock")
            for left in folder.glob(".incoming-*"):
                shutil.rmtree(left, ignore_errors=True)  # by a run that was killed: the lock is ours
            self._staging = Path(tempfile.mkdtemp(prefix=".incoming-", dir=folder))
            try:
                _require_same_privacy(folder / "_key.json", hasher, forgotten, self._staging)
            except BaseException:
                self._leave()
                raise
        except OSError as error:
            raise LogError(f"The log folder {folder} cannot be written ({error.strerror}).") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        shutil.rmtree(self._staging, ignore_errors=True)
        self._lock.close()

    def add(self, events: pa.Table) -> None:
        """Put events aside, a table with the canonical columns; nothing of the log changes before `commit`."""
        stage(events, self._staging)

    def commit(
        self, workers: int = 1, tell: Callable[[str], None] = lambda _: None
    ) -> tuple[dict[str, int], int]:
        """Merge what was put aside into the log, day by day.

        Parameters
        ----------
        workers : int
            Processes that merge days at once, where there are many.
        tell : callable, optional
            Called with what is being done.

        Returns
        -------
        new : dict of str to int
            Events by type that the log did not hold before, most first.
        duplicates_n : int
            Events put aside that repeat another one, or one that the log already held.
        """
        new: Counter[str] = Counter()
        staged_n = 0
        days = sorted(self._staging.glob(f"{DAY_PREFIX}*"))
        merge = partial(merge_day, folder=self.folder)
        merging = shared(merge, days, workers if len(days) > 1 else 1)
        for place, merged in enumerate(merging, 1):
            tell(f"Writing days: {place:,} of {len(days):,}")
            new.update(merged.new)
            staged_n += merged.staged_n
        return dict(new.most_common()), staged_n - new.total()

    def quarantine(self, lines: Path) -> Path:
        """Keep a file of unusable rows in the log's quarantine, under a name from its content."""
        target = self.folder / "_quarantine" / f"rows-{digest(lines)}.ndjson"
        target.parent.mkdir(exist_ok=True)
        lines.replace(target)
        return target

    @property
    def staging(self) -> Path:
        """A folder for files on their way; removed at the end."""
        return self._staging


def _locked(path: Path) -> IO[bytes]:
    """Return the log's lock, held until it is closed; a killed process holds none."""
    handle = path.open("ab")
    try:
        import fcntl
    except ImportError:  # Windows: two writers at once are not told apart there
        return handle
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        if isinstance(error, BlockingIOError):
            raise LogError(
                f"The log {path.parent} is being added to by another process. Wait for it to end, then try again."
            ) from None
        raise
    return handle


def _require_same_privacy(
    path: Path, hasher: RecipientHasher, forgotten: tuple[str, ...], staging: Path
) -> None:
    """Refuse to mix pseudonyms of two kinds, or what was forgotten with what was not; remember both of a new log."""
    mine = {
        "key_fingerprint": hasher.fingerprint,
        "recipient_ids": "kept" if hasher.keep_ids else "hashed",
        "forgotten": sorted(forgotten),
    }
    if not path.exists():
        aside = staging / path.name
        aside.write_text(json.dumps(mine) + "\n", encoding="utf-8")
        aside.replace(path)
        return
    try:
        theirs = {"recipient_ids": "hashed", "forgotten": [], **json.loads(path.read_text(encoding="utf-8"))}
        fingerprint = theirs["key_fingerprint"]
    except (ValueError, KeyError, TypeError) as error:
        raise LogError(f"{path} is damaged. Restore it, or write into a new folder.") from error
    if fingerprint != mine["key_fingerprint"]:
        raise LogError(
            f"The log {path.parent} was made with another hash key (fingerprint {fingerprint}, now "
            f"{hasher.fingerprint}), so its recipients would not join. Set PAPERKNIFE_HASH_KEY to the old key (unset it "
            "where the old one was the kept one), or write into a new folder."
        )
    if theirs["recipient_ids"] != mine["recipient_ids"]:
        raise LogError(
            f"The recipients of the log {path.parent} are {theirs['recipient_ids']}, and now they would be "
            f"{mine['recipient_ids']}, so they would not join. Use the same --recipient-id as before, or write into a "
            "new folder."
        )
    if theirs["forgotten"] != mine["forgotten"]:
        before, now = (",".join(note["forgotten"]) or "nothing" for note in (theirs, mine))
        raise LogError(
            f"In the log {path.parent} {before} was forgotten, and now {now} would be. Use the same --forget as before, "
            "or write into a new folder."
        )
