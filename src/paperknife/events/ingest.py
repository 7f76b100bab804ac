"""From a provider's payloads to a canonical log on disk."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec

from paperknife.errors import PayloadError
from paperknife.events.connectors import CONNECTORS, connector
from paperknife.events.connectors.base import Batch, Rejected
from paperknife.events.payloads import Broken, payload_files, read_payloads
from paperknife.events.store import LogStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paperknife.events.identity import RecipientHasher

MAX_BAD_SHARE: Final = 0.05
STANDARD_INPUT: Final = "-"

_ROW_CHARACTERS: Final = 2_000
_READ_CHARACTERS: Final = 20_000
_UNKNOWN_TYPES_NAMED: Final = 50


@dataclass(frozen=True)
class IngestReport:
    """What `ingest` did.

    Attributes
    ----------
    provider : str
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
    key_fingerprint : str
        Of the key that hashed the recipients.
    """

    provider: str
    out: Path
    events: dict[str, int]
    duplicates_n: int
    unknown_types: dict[str, int]
    quarantined: dict[str, int]
    quarantine: Path | None
    key_fingerprint: str

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
    hasher: RecipientHasher | None = None,
    max_bad_share: float = MAX_BAD_SHARE,
    standard_input: IO[bytes] | None = None,
) -> IngestReport:
    """Add the events of a provider's payloads to a log.

    Parameters
    ----------
    sources : path or sequence of paths
        Files, folders (at any depth), globs, or "-" for standard input; plain, gzip or zstd. Recognised by content:
        a JSON array, one object, objects or arrays one after another, or one a line.
    out : path
        The log's folder; made where it does not exist. Adding the same payloads twice changes nothing.
    provider : str
        One of `paperknife.events.connectors.PROVIDERS`.
    hasher : RecipientHasher, optional
        Default: one with the user's key.
    max_bad_share : float
        Share of unusable rows above which nothing is added.
    standard_input : binary file, optional
        What "-" reads. Default: the process's own.

    Raises
    ------
    PayloadError
        Unknown provider, nothing to read, a file that is no JSON, or too many unusable rows.
    LogError
        `out` is a file, cannot be written, or was made with another key.
    """
    translator = connector(provider, hasher)
    given = [sources] if isinstance(sources, str | Path) else list(sources)
    streams = [found for source in given for found in _streams(source)]
    if len(streams) == 1 and streams[0] is not None and streams[0].stat().st_size == 0:
        raise PayloadError(
            f"{streams[0]} is empty: it holds no events. Download it again, or name another file."
        )
    unknown: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    taken_for: Counter[str] = Counter()
    usable_n = 0
    with LogStore(Path(out), translator.hasher.fingerprint) as store:
        aside = store.staging / "rejected.ndjson"
        with aside.open("wb") as quarantine:
            for source in streams:
                for payload in _payloads(source, standard_input):
                    batch = _broken(payload) if isinstance(payload, Broken) else translator.parse(payload)
                    store.add(batch.events)
                    usable_n += len(batch.events)
                    if batch.unknown_types:
                        unknown.update(batch.unknown_types)
                    for bad in batch.rejected:
                        rejected[bad.reason] += 1
                        taken_for.update(
                            name for name, kind in CONNECTORS.items() if kind.recognises(bad.row)
                        )
                        quarantine.write(_quarantined(bad, translator.hasher))
        rows_n = usable_n + unknown.total() + rejected.total()
        kept = store.quarantine(aside) if rejected else None
        if rejected.total() > max_bad_share * rows_n:
            raise PayloadError(_too_many(rejected, rows_n, max_bad_share, provider, taken_for, kept))
        events, duplicates_n = store.commit()
    return IngestReport(
        provider=provider,
        out=Path(out),
        events=events,
        duplicates_n=duplicates_n,
        unknown_types=_most_common(unknown),
        quarantined=_most_common(rejected),
        quarantine=kept,
        key_fingerprint=translator.hasher.fingerprint,
    )


def _streams(source: str | Path) -> Iterator[Path | None]:
    """Yield the files of a source; None stands for standard input."""
    if str(source) == STANDARD_INPUT:
        yield None
    else:
        yield from payload_files(source)


def _payloads(source: Path | None, standard_input: IO[bytes] | None) -> Iterator[Any]:
    if source is None:
        yield from read_payloads(standard_input or sys.stdin.buffer, "standard input")
        return
    try:
        with source.open("rb", buffering=0) as stream:
            yield from read_payloads(stream, str(source))
    except OSError as error:
        raise PayloadError(f"{source} cannot be read ({error.strerror}).") from error


def _broken(piece: Broken) -> Batch:
    return Batch(rejected=[Rejected("not JSON", piece.text)])


def _quarantined(bad: Rejected, hasher: RecipientHasher) -> bytes:
    """Return a line of the quarantine: the reason, and the row as JSON text without mail addresses."""
    try:
        row = bad.row if isinstance(bad.row, str) else msgspec.json.encode(bad.row).decode("utf-8")
    except (TypeError, ValueError, RecursionError, UnicodeError):
        row = "(cannot be shown)"
    shown = hasher.hide_addresses(row[:_READ_CHARACTERS])[:_ROW_CHARACTERS]
    line = {"reason": bad.reason, "row": shown.encode("utf-8", "replace").decode("utf-8")}
    return msgspec.json.encode(line) + b"\n"


def _too_many(
    rejected: Counter[str],
    rows_n: int,
    limit: float,
    provider: str,
    taken_for: Counter[str],
    kept: Path | None,
) -> str:
    reasons = ", ".join(f"{reason} ({count:,})" for reason, count in rejected.most_common())
    others = [name for name, _ in taken_for.most_common() if name != provider]
    hint = (
        f" They look like {others[0]}'s: try --provider {others[0]}."
        if others and provider not in taken_for
        else ""
    )
    return (
        f"{rejected.total():,} of {rows_n:,} rows ({rejected.total() / rows_n:.1%}) are no usable {provider} events, "
        f"more than the limit of {limit:.0%}, so nothing was added: {reasons}.{hint} The rows are in {kept}."
    )


def _most_common(counts: Counter[str]) -> dict[str, int]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = dict(ordered[:_UNKNOWN_TYPES_NAMED])
    if rest := sum(count for _, count in ordered[_UNKNOWN_TYPES_NAMED:]):
        shown["(other names)"] = rest
    return shown
