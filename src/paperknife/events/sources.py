"""Where a log lies: one file, a folder, a glob or a table in memory, recognised by content and cut into parts.

A *part* is a set of files that can be read by one scan: same format, same columns, same types. Files that differ
become parts of their own, and their union is the log, so that one old file without a column, or with integer ids,
neither breaks the rest nor lends it its types.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from paperknife.errors import LogError
from paperknife.events.addresses import replace_addresses
from paperknife.events.schema import COLUMN_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Kind = Literal["Parquet", "CSV", "NDJSON", "table"]

SUFFIXES: Final[Mapping[str, Kind]] = {
    ".parquet": "Parquet",
    ".pq": "Parquet",
    ".csv": "CSV",
    ".tsv": "CSV",
    ".ndjson": "NDJSON",
    ".jsonl": "NDJSON",
    ".json": "NDJSON",
}
COMPRESSIONS: Final[Mapping[str, str]] = {".gz": "gzip", ".zst": "zstd"}

_HEAD_BYTES: Final = 1 << 16
_DELIMITERS: Final = ",;\t|"
_BINARY_SIGNATURES: Final[Mapping[bytes, str]] = {
    b"PK\x03\x04": "a ZIP archive (unpack it first)",
    b"Obj\x01": "Avro",
    b"ORC": "ORC",
    b"SQLite format 3": "an SQLite database",
    b"\xff\xfe": "UTF-16 text (save it as UTF-8)",
    b"\xfe\xff": "UTF-16 text (save it as UTF-8)",
    b"ARROW1": "an Arrow IPC file (write it as Parquet)",
}


@dataclass(frozen=True)
class Part:
    """Files of one format with the same columns, or one table in memory.

    Attributes
    ----------
    kind : {"Parquet", "CSV", "NDJSON", "table"}
    paths : tuple of str
        Empty for a table in memory.
    columns : dict of str to str
        Name -> Arrow type ("string" for text formats), in the source's order. For NDJSON the keys seen in the
        first lines; the scan finds canonical keys of later lines as well.
    delimiter, compression : str
        For text formats; compression is "none", "gzip" or "zstd".
    """

    kind: Kind
    paths: tuple[str, ...]
    columns: dict[str, str] = field(hash=False)
    delimiter: str = ""
    compression: str = "none"

    @property
    def place(self) -> str:
        """How errors name the part: its first file, and how many more there are."""
        if not self.paths:
            return "the table"
        more = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        return f"{self.paths[0]}{more}"


class NotALogFileError(Exception):
    """What is wrong with one file; gathered into the one LogError that lists all problems."""


def find_parts(source: str | Path) -> list[Part]:
    """Return the parts of a file, a folder (searched to any depth) or a glob.

    In a folder or glob, names that begin with "." or "_" and unknown suffixes are passed over, as are empty files
    beside others that are not.

    Raises
    ------
    LogError
        With all problems of all files in one message: nothing there, empty, damaged, not what the name says.
    """
    paths = _find_files(source)
    problems: list[str] = []
    empty: list[Path] = []
    groups: dict[tuple[Any, ...], list[str]] = {}
    for path in paths:
        try:
            recognised = _recognise(path)
        except NotALogFileError as problem:
            problems.append(str(problem))
        except OSError as problem:
            problems.append(f"{path} cannot be read ({problem.strerror or type(problem).__name__})")
        else:
            if recognised is None:
                empty.append(path)
            else:
                groups.setdefault(recognised, []).append(str(path))
    if problems:
        raise LogError(f"Cannot read {source} as an event log: {listed(problems)}.")
    if not groups:
        raise LogError(
            f"{empty[0]} is empty: it holds no events. Export the log again, or name another file."
        )
    return [
        Part(kind, tuple(files), dict(columns), delimiter, compression)
        for (kind, columns, delimiter, compression), files in groups.items()
    ]


def listed(problems: Iterable[str], most: int = 20) -> str:
    """Return problems as one sentence part, separated by semicolons; those beyond `most` are counted."""
    given = list(problems)
    more = [f"and {len(given) - most} more"] if len(given) > most else []
    return "; ".join([*given[:most], *more])


def _find_files(source: str | Path) -> list[Path]:
    path = Path(source)
    if path.is_file():
        return [path]
    if path.is_dir():
        found = _readable(path, path.rglob("*"))
        what = f"The folder {path}"
    elif _is_glob(str(source)):
        found = _globbed(str(source))
        what = f"The pattern {source}"
    else:
        raise LogError(f"There is no file or folder {path}. Check the path.")
    if not found:
        raise LogError(
            f"{what} holds no file that can be read: expected {', '.join(SUFFIXES)} (also .gz, .zst)."
        )
    return found


def _is_glob(text: str) -> bool:
    return any(sign in text for sign in "*?[")


def _globbed(pattern: str) -> list[Path]:
    import glob

    matches = [Path(found) for found in glob.glob(pattern, recursive=True)]  # noqa: PTH207 - patterns may be absolute
    inside = [file for folder in matches if folder.is_dir() for file in _readable(folder, folder.rglob("*"))]
    return sorted({*inside, *(file for file in matches if file.is_file() and suffix_kind(file) is not None)})


def _readable(folder: Path, candidates: Iterable[Path]) -> list[Path]:
    return sorted(
        path
        for path in candidates
        if path.is_file()
        and suffix_kind(path) is not None
        and not any(name.startswith((".", "_")) for name in path.relative_to(folder).parts)
    )


def suffix_kind(path: Path) -> Kind | None:
    """Return the format that a file's name promises, or None for an unknown suffix.

    A quarantine file (``….quarantine.ndjson``) is never part of a log.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    if not suffixes or ".quarantine" in suffixes:
        return None
    return SUFFIXES.get(suffixes[-1])


def _recognise(path: Path) -> tuple[Any, ...] | None:
    """Return what a file is as a hashable (kind, columns, delimiter, compression), or None for an empty one."""
    head, compression = _head(path)
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        return None
    promised = suffix_kind(path)
    kind = _kind_of(head, path)
    if promised is not None and kind != promised:
        raise NotALogFileError(
            f"{path} is no {promised} file: it looks like {kind}. Name it by what it is, or export it again"
        )
    if kind == "Parquet":
        return ("Parquet", _parquet_columns(path), "", "none")
    text = head.decode("utf-8-sig", errors="replace")
    if kind == "NDJSON":
        return ("NDJSON", (), "", compression)
    delimiter, header = _csv_header(text)
    repeated = sorted({name for name in header if header.count(name) > 1 and name in COLUMN_NAMES})
    if repeated:
        raise NotALogFileError(f"{path} names column {', '.join(map(repr, repeated))} more than once")
    return ("CSV", tuple((name, "string") for name in header), delimiter, compression)


def _head(path: Path) -> tuple[bytes, str]:
    """Return the first bytes of a file, unpacked, and its compression."""
    import pyarrow as pa

    with path.open("rb") as file:
        first = file.read(4)
    compression = {b"\x1f\x8b": "gzip", b"\x28\xb5": "zstd"}.get(first[:2], "none")
    try:
        with pa.input_stream(str(path), compression=None if compression == "none" else compression) as stream:
            return stream.read(_HEAD_BYTES), compression
    except (OSError, pa.ArrowException) as error:
        raise NotALogFileError(f"{path} is damaged: it cannot be unpacked ({compression})") from error


def _kind_of(head: bytes, path: Path) -> Kind:
    if head.startswith(b"PAR1"):
        return "Parquet"
    for signature, name in _BINARY_SIGNATURES.items():
        if head.startswith(signature):
            raise NotALogFileError(f"{path} is {name}; expected Parquet, CSV or NDJSON")
    if b"\x00" in head:
        raise NotALogFileError(f"{path} is neither Parquet nor text; expected Parquet, CSV or NDJSON")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"{"):
        return "NDJSON"
    if text.startswith(b"["):
        raise NotALogFileError(
            f"{path} holds a JSON array; a log is one JSON object a line. Rewrite it with: jq -c '.[]', "
            "or, if it is a provider's payload, use: paperknife ingest"
        )
    if text.startswith(b"<"):
        raise NotALogFileError(f"{path} looks like HTML or XML; expected Parquet, CSV or NDJSON")
    return "CSV"


def _csv_header(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the delimiter that cuts the first line into the most names, and those names."""

    def names(delimiter: str) -> tuple[str, ...]:
        rows = csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=delimiter)
        return tuple(name.strip() for name in next(rows, []))

    best = max(_DELIMITERS, key=lambda delimiter: len(names(delimiter)))
    return best, names(best)


def _parquet_columns(path: Path) -> tuple[tuple[str, str], ...]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise NotALogFileError(
            f"{path} is damaged Parquet: its footer cannot be read. Export it again"
        ) from error
    return tuple((name, str(kind)) for name, kind in zip(schema.names, schema.types, strict=True))


def shown_names(names: Iterable[str], most: int = 30) -> str:
    """Return column names for a message: addresses hidden, long ones cut, those beyond `most` counted.

    The first line of a CSV without a header is data, so names are not trusted to be free of it.
    """
    given = [replace_addresses(name[:40]) for name in names]
    more = [f"and {len(given) - most} more"] if len(given) > most else []
    return ", ".join([*given[:most], *more]) or "none"
