"""From a provider's payloads to a canonical log on disk."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from paperknife.errors import PayloadError
from paperknife.events.connectors import CONNECTORS, connector
from paperknife.events.connectors.base import FILE_NAME
from paperknife.events.connectors.generic import Generic
from paperknife.events.identity import RecipientHasher
from paperknife.events.payloads import Broken, NotAPayloadError, read_chunks
from paperknife.events.processes import shared
from paperknife.events.recognition import AUTO, recognise, recognised_shares
from paperknife.events.store import LogStore
from paperknife.events.streams import payload_files
from paperknife.events.totals import refuse_totals
from paperknife.events.translating import Forget, Task, requests, translate_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from paperknife.events.connectors.base import Connector
    from paperknife.events.connectors.column_map import ColumnMap
    from paperknife.events.payloads import Chunk

MAX_BAD_SHARE: Final = 0.05
STANDARD_INPUT: Final = "-"

_UNKNOWN_TYPES_NAMED: Final = 50
_MOST_NAMES: Final = 5_000
_OTHER_NAMES: Final = "(other names)"
_TASKS_BYTES: Final = 8 << 20
_ALONE: Final = 4
"""Batches of about 8 MB up to which starting other processes takes longer than it saves."""
_MOST_WORKERS: Final = 2
"""Each takes up to 400 MB, and an ingest stays under 1 GB, however many cores there are; `workers` may ask for more."""


@dataclass(frozen=True)
class IngestReport:
    """What `ingest` did.

    Attributes
    ----------
    providers : dict of str to int
        Whose payloads they were taken for -> files (standard input counts as one), most first.
    out : Path
        The log's folder.
    events : dict of str to int
        Events by type that the log did not hold before, most first.
    duplicates_n : int
        Events that came more than once, or that the log held already.
    unknown_types : dict of str to int
        Events left out, by the provider's name of their type, most first.
    quarantined : dict of str to int
        Rows that could not be used, by reason, most first.
    quarantine : Path or None
        The file with those rows; mail addresses in it are replaced by their hashes.
    pings_n : int
        Payloads that hold no event on purpose.
    passed_over : tuple of str
        Files of a folder or glob that are no payloads, by name.
    key_fingerprint, key_kept_in : str
        Of the key that hashed the recipients, and where it lies.
    notes : tuple of str
        What a user should look at, a sentence each.
    """

    providers: dict[str, int]
    out: Path
    events: dict[str, int]
    duplicates_n: int
    unknown_types: dict[str, int]
    quarantined: dict[str, int]
    quarantine: Path | None
    pings_n: int
    passed_over: tuple[str, ...]
    key_fingerprint: str
    key_kept_in: str = ""
    notes: tuple[str, ...] = ()

    @property
    def rows_n(self) -> int:
        """Rows that were read, whatever became of them."""
        counts = (self.events, self.unknown_types, self.quarantined)
        return sum(sum(count.values()) for count in counts) + self.duplicates_n


def ingest(
    sources: str | Path | Sequence[str | Path],
    out: str | Path,
    provider: str,
    *,
    mapping: str | Path | ColumnMap | None = None,
    hasher: RecipientHasher | None = None,
    keep_recipient_ids: bool = False,
    forget: Forget | None = None,
    max_bad_share: float = MAX_BAD_SHARE,
    standard_input: IO[bytes] | None = None,
    workers: int | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> IngestReport:
    """Add the events of a provider's payloads to a log.

    Parameters
    ----------
    sources : path or sequence of paths
        Files, folders (at any depth), globs, or "-" for standard input; plain, gzip or zstd. Recognised by content:
        JSON (an array, one object, objects or arrays one after another, or one a line), CSV, a form, Avro, Parquet.
    out : path
        The log's folder; made where it does not exist. Adding the same payloads twice changes nothing.
    provider : str
        One of `paperknife.events.connectors.PROVIDERS`, or "auto": then each file's is recognised.
    mapping : path, name or ColumnMap, optional
        For the provider "generic": a TOML file that says which column means what, or the name of one that ships.
    hasher : RecipientHasher, optional
        Default: one with the user's key.
    keep_recipient_ids : bool
        Take recipients that are no addresses for pseudonyms already. Ignored where a hasher is given.
    forget : callable, optional
        From a table of events to one that holds less; see `paperknife.evidence.forgetting`.
    max_bad_share : float
        Share of unusable rows above which nothing is added.
    standard_input : binary file, optional
        What "-" reads. Default: the process's own.
    workers : int, optional
        Processes that read at once, this one among them, once there is enough to read. Default: two,
        where there are two cores: more would pass 1 GB.
    tell : callable, optional
        Called with what is being done, some times a second at most.

    Raises
    ------
    PayloadError
        Unknown provider, nothing to read, a file that is no payload, or too many unusable rows.
    LogError
        `out` is a file, cannot be written, or holds recipients made pseudonyms in another way.
    """
    hasher = hasher or RecipientHasher.load(keep_ids=keep_recipient_ids)
    reading = _Reading(provider, mapping, hasher, forget, standard_input or sys.stdin.buffer)
    given = [sources] if isinstance(sources, str | Path) else list(sources)
    streams = [found for source in given for found in _streams(source)]
    if len(streams) == 1 and (only := streams[0].path) is not None and only.stat().st_size == 0:
        raise PayloadError(f"{only} is empty: it holds no events. Download it again, or name another file.")
    unknown: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    usable_n = pings_n = 0
    with LogStore(Path(out), hasher, forget.fields if forget else ()) as store:
        aside = store.staging / "rejected.ndjson"
        with aside.open("wb") as quarantine:
            batches = reading.tasks(streams)
            first = list(islice(batches, _ALONE + 1))
            workers = (workers or min(_cores(), _MOST_WORKERS)) if len(first) > _ALONE else 1
            translate = partial(translate_tasks, staging=store.staging)
            for done in shared(translate, chain(first, batches), workers):
                usable_n += done.events_n
                _count_names(unknown, done.unknown_types)
                rejected.update(done.rejected)
                pings_n += done.pings_n
                quarantine.write(done.quarantine)
                tell(f"Reading payloads: {usable_n:,} events")
        rows_n = usable_n + unknown.total() + rejected.total()
        if not rows_n + pings_n and not reading.providers and any(stream.path is None for stream in streams):
            raise PayloadError(
                "Standard input is empty: it holds no events. Look at the command before the pipe."
            )
        kept = store.quarantine(aside) if rejected else None
        if rejected.total() > max_bad_share * rows_n:
            raise PayloadError(_too_many(rejected, rows_n, max_bad_share, reading, kept))
        events, duplicates_n = store.commit(workers, tell)
    return IngestReport(
        providers=dict(reading.providers.most_common()),
        out=Path(out),
        events=events,
        duplicates_n=duplicates_n,
        unknown_types=_most_common(unknown),
        quarantined=_most_common(rejected),
        quarantine=kept,
        pings_n=pings_n,
        passed_over=tuple(reading.passed_over),
        key_fingerprint=hasher.fingerprint,
        key_kept_in=hasher.kept_in,
        notes=tuple(reading.notes(unknown)),
    )


@dataclass(frozen=True)
class _Stream:
    """A file to read, or standard input; one of many (in a folder or glob) may be no payload."""

    path: Path | None
    is_one_of_many: bool = False

    @property
    def name(self) -> str:
        return "standard input" if self.path is None else str(self.path)


def _streams(source: str | Path) -> Iterator[_Stream]:
    if str(source) == STANDARD_INPUT:
        yield _Stream(None)
    else:
        is_file = Path(source).is_file()
        yield from (_Stream(path, is_one_of_many=not is_file) for path in payload_files(source))


@dataclass
class _Reading:
    """Reads streams and finds out whose they are; keeps what has been noticed on the way."""

    provider: str
    mapping: Any
    hasher: RecipientHasher
    forget: Forget | None
    standard_input: IO[bytes]
    providers: Counter[str] = field(default_factory=Counter)
    passed_over: list[str] = field(default_factory=list)
    _first: Chunk | None = None
    _notes: dict[str, None] = field(default_factory=dict)
    _translators: dict[str, Connector] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.provider != AUTO:
            self.translator(self.provider)  # an unknown one is refused before anything is read

    def translator(self, provider: str) -> Connector:
        if provider not in self._translators:
            self._translators[provider] = connector(provider, self.hasher, mapping=self.mapping)
        return self._translators[provider]

    def tasks(self, streams: Sequence[_Stream]) -> Iterator[list[Task]]:
        """Yield the chunks of all streams in batches of some megabytes: small files share one."""
        kept: list[Task] = []
        bytes_n = 0
        for task in chain.from_iterable(map(self._of_stream, streams)):
            kept.append(task)
            bytes_n += task.chunk.bytes_n
            if bytes_n >= _TASKS_BYTES:
                yield kept
                kept, bytes_n = [], 0
        if kept:
            yield kept
        if streams and not self.providers and self.passed_over:
            raise PayloadError(
                f"None of the {len(streams):,} files is a payload, {self.passed_over[0]} among them. "
                "Expected JSON, CSV with a header, forms or Avro."
            )

    def _of_stream(self, stream: _Stream) -> Iterator[Task]:
        headers = {} if stream.path is None else {FILE_NAME: stream.name}
        translator: Connector | None = None
        try:
            for chunk in self._chunks(stream):
                if translator is None:
                    self._first = self._first or chunk
                    translator = self._whose(chunk, headers, stream.name)
                    self.providers[translator.name] += 1
                yield Task(chunk, translator, headers, self.forget)
        except NotAPayloadError:
            if not stream.is_one_of_many:
                raise
            self.passed_over.append(stream.name)

    def _chunks(self, stream: _Stream) -> Iterator[Chunk]:
        if stream.path is None:
            yield from read_chunks(self.standard_input, stream.name)
            return
        try:
            with stream.path.open("rb", buffering=0) as file:
                yield from read_chunks(file, stream.name, stream.path)
        except OSError as error:
            raise PayloadError(f"{stream.path} cannot be read ({error.strerror}).") from error

    def _whose(self, chunk: Chunk, headers: dict[str, str], name: str) -> Connector:
        """Return the translator of a stream that begins so; refuse one that holds only totals."""
        opened = requests(chunk.payloads(), headers)
        payloads = [one for some, _ in opened for one in some if not isinstance(one, Broken)]
        if self.provider == Generic.name:
            table = self.translator(self.provider)
            if isinstance(table, Generic) and (lacks := table.lacking(payloads)):
                refuse_totals(payloads[0])
                raise PayloadError(f"{name} {lacks}")
            if isinstance(table, Generic):
                self._notes.update(dict.fromkeys(table.unused(payloads)))
            return table
        if payloads:
            refuse_totals(payloads[0], CONNECTORS.get(self.provider))
        if self.provider == AUTO:
            return self.translator(recognise(payloads, headers, self.hasher, name=name))
        return self.translator(self.provider)

    def notes(self, unknown: Counter[str]) -> Iterator[str]:
        """Yield what a user should look at."""
        yield from self._notes
        if self.provider == Generic.name and unknown:
            names = ", ".join(f'"{name}"' for name, _ in unknown.most_common(3))
            yield f"Say under [event_types] of the map what {names} are; only types named there are taken."

    def looks_like(self) -> str | None:
        """Return the provider that the first payloads look like, where that is another than was said."""
        if self.provider == AUTO or self._first is None:
            return None
        shares = recognised_shares(self._first.payloads(), {}, self.hasher)
        return next((name for name in shares if self.provider not in shares), None)


def _cores() -> int:
    from joblib import cpu_count

    return int(cpu_count())


def _too_many(rejected: Counter[str], rows_n: int, limit: float, reading: _Reading, kept: Path | None) -> str:
    reasons = ", ".join(f"{reason} ({count:,})" for reason, count in rejected.most_common())
    whose = " or ".join(reading.providers)
    other = reading.looks_like()
    hint = (
        f" They look like {other}'s: try --provider {other}, or auto where files of several providers lie together."
        if other
        else ""
    )
    return (
        f"{rejected.total():,} of {rows_n:,} rows ({rejected.total() / rows_n:.1%}) are no usable {whose} events, "
        f"more than the limit of {limit:.0%}, so nothing was added: {reasons}.{hint} The rows are in {kept}."
    )


def _count_names(counts: Counter[str], found: Counter[str]) -> None:
    """Add counts by name; beyond some thousand names, which no provider has, they are counted together."""
    for name, n in found.items():
        counts[name if name in counts or len(counts) < _MOST_NAMES else _OTHER_NAMES] += n


def _most_common(counts: Counter[str]) -> dict[str, int]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = dict(ordered[:_UNKNOWN_TYPES_NAMED])
    if rest := sum(count for _, count in ordered[_UNKNOWN_TYPES_NAMED:]):
        shown[_OTHER_NAMES] = shown.get(_OTHER_NAMES, 0) + rest
    return shown
