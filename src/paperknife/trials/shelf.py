"""A shelf of what takes long to make: tables and models on disk, by a key that holds all they were made from."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import paperknife
from paperknife.model.bundle import Model, load_model

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def source_digest(*parts: str) -> str:
    """Return a digest of the source of some packages or modules, such as "worlds" or "training/oracle.py".

    Every file counts, its comments too: making something anew for a changed comment costs minutes, using what an older
    program made costs the truth.
    """
    top = Path(paperknife.__file__).parent
    files = [
        path for part in parts for path in ([top / part] if part.endswith(".py") else (top / part).rglob("*"))
    ]
    digest = hashlib.sha256()
    for path in sorted(path for path in files if path.suffix in {".py", ".sql", ".toml"}):
        digest.update(str(path.relative_to(top)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where made things stand.

    Attributes
    ----------
    folder : Path or None
        None keeps nothing.
    """

    folder: Path | None = None

    def table(self, key: dict[str, Any], make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Return the table of a key, made now if it is not there."""
        place = self._place(key, ".parquet")
        if place is None:
            return make()
        if not place.exists():
            made = make()
            with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as aside:
                made.to_parquet(aside.name, index=False)
            Path(aside.name).rename(place)  # whole or not at all: a run may break off
        return pd.read_parquet(place)

    def model(self, key: dict[str, Any], make: Callable[[], Model]) -> Model:
        """Return the model of a key, made now if it is not there."""
        place = self._place(key, "")
        if place is None:
            return make()
        if not place.exists():
            make().save(place)
        return load_model(place)

    def _place(self, key: dict[str, Any], ending: str) -> Path | None:
        if self.folder is None:
            return None
        self.folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
        return self.folder / f"{key['what']}-{key['case']}-{digest}{ending}"
