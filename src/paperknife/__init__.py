"""paperknife: for every recorded email open, how likely it was a person and how likely a machine.

The public names are loaded when they are first asked for (PEP 562), so that `import paperknife` costs milliseconds
and a program pays only for the libraries behind what it uses.

    import paperknife as pk

    log = pk.read_events("events/")
    verdicts = pk.score(log)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from paperknife.errors import PaperknifeError
    from paperknife.evaluation.evaluate import evaluate
    from paperknife.events.ingest import ingest
    from paperknife.events.log import EventLog, read_events
    from paperknife.events.writing import write_events
    from paperknife.evidence.history import gather_evidence
    from paperknife.model.bundle import Model, load_model
    from paperknife.model.classifier import OpenClassifier
    from paperknife.training.train import train
    from paperknife.verdicts.scoring import score
    from paperknife.worlds.world import simulate

    __version__: str

__all__ = [
    "EventLog",
    "Model",
    "OpenClassifier",
    "PaperknifeError",
    "__version__",
    "evaluate",
    "gather_evidence",
    "ingest",
    "load_model",
    "read_events",
    "score",
    "simulate",
    "train",
    "write_events",
]

_HOMES: Final = {
    "EventLog": "paperknife.events.log",
    "Model": "paperknife.model.bundle",
    "OpenClassifier": "paperknife.model.classifier",
    "PaperknifeError": "paperknife.errors",
    "evaluate": "paperknife.evaluation.evaluate",
    "gather_evidence": "paperknife.evidence.history",
    "ingest": "paperknife.events.ingest",
    "load_model": "paperknife.model.bundle",
    "read_events": "paperknife.events.log",
    "score": "paperknife.verdicts.scoring",
    "simulate": "paperknife.worlds.world",
    "train": "paperknife.training.train",
    "write_events": "paperknife.events.writing",
}
"""Where each public name lives."""


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        found: Any = version("paperknife")
    elif name in _HOMES:
        found = _load(name)
    else:
        raise AttributeError(f"module 'paperknife' has no attribute '{name}'")
    globals()[name] = found  # the next time costs nothing
    return found


def _load(name: str) -> Any:
    try:
        return getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as absent:
        if (absent.name or "").partition(".")[0] != "sklearn":
            raise
        from paperknife.errors import MissingExtraError

        raise MissingExtraError(f"paperknife.{name}", "train") from absent


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
