"""A training run into MLflow: parameters, metrics, pictures and the bundle as a pyfunc model.

SQLite in the working directory by default (no server needed); MLFLOW_TRACKING_URI is respected. The model is logged
from code (never a pickled object), with a signature and an input example, so that `mlflow models serve` and
`mlflow.pyfunc.spark_udf` work.
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # never telemetry; before mlflow is imported

import mlflow
from mlflow.exceptions import MlflowException

from paperknife.errors import TrackingError
from paperknife.registry import pyfunc_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.figure import Figure

    from paperknife.model.bundle import Model

EXPERIMENT: Final = "paperknife"


def use_tracking() -> str:
    """Point MLflow to MLFLOW_TRACKING_URI, else to ./mlflow.db, and return the URI."""
    # Tables made and experiments opened are nothing that a user must read; what goes wrong is.
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    mlflow.set_tracking_uri(
        os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path('mlflow.db').resolve()}"
    )
    return str(mlflow.get_tracking_uri())


@dataclass(frozen=True, slots=True)
class Run:
    """What a training run leaves behind.

    Attributes
    ----------
    params : mapping of str to value
    metrics : mapping of str to float
        NaN is left out.
    figures : mapping of file name to matplotlib Figure
    tables : mapping of file name to DataFrame
    """

    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    figures: Mapping[str, Figure] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Logged:
    """Where a run went: its MLflow id, the address without its secrets, the registered version if one was asked for."""

    run_id: str
    tracking_uri: str
    registered: str | None

    @property
    def how_to_see(self) -> str:
        """What a person does to look at the run."""
        if self.tracking_uri.startswith("http"):
            return f"open {self.tracking_uri}"
        return f"mlflow ui --backend-store-uri {self.tracking_uri}"


def log_run(
    run: Run,
    model: Model,
    example: pd.DataFrame,
    *,
    experiment: str = EXPERIMENT,
    register: str | None = None,
    alias: str = "champion",
) -> Logged:
    """Log a run and its model; register a version and give it the alias when asked.

    Parameters
    ----------
    run : Run
    model : Model
    example : pandas.DataFrame
        A few rows of evidence without personal data: the model's input example.
    experiment : str
    register : str, optional
        Name of the registered model.
    alias : str
        What `models:/NAME@alias` will mean from now on.

    Raises
    ------
    TrackingError
        When MLflow cannot be reached or takes no such name.
    """
    try:
        run_id = _log(run, model, example, experiment, register, alias)
    except (MlflowException, OSError) as refused:
        reason = (str(refused).splitlines() or [type(refused).__name__])[0]
        raise TrackingError(
            f"MLflow refused it: {_without_secret(reason)[:300]} Check MLFLOW_TRACKING_URI and the names given."
        ) from refused
    uri = _without_secret(str(mlflow.get_tracking_uri()))
    return Logged(run_id, uri, f"models:/{register}@{alias}" if register else None)


def _log(
    run: Run, model: Model, example: pd.DataFrame, experiment: str, register: str | None, alias: str
) -> str:
    use_tracking()
    mlflow.set_experiment(experiment)
    with mlflow.start_run() as active, tempfile.TemporaryDirectory(prefix="paperknife-") as folder:
        mlflow.log_params({key: str(value)[:500] for key, value in run.params.items()})
        mlflow.log_metrics({_plain(key): value for key, value in run.metrics.items() if value == value})  # noqa: PLR0124  NaN
        for name, figure in run.figures.items():
            mlflow.log_figure(figure, name)
        for name, table in run.tables.items():
            mlflow.log_table(table.astype(object).where(table.notna(), None), name)
        bundle = model.save(Path(folder) / "bundle")
        rows = example_rows(example)
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(Path(pyfunc_code.__file__)),
            artifacts={"bundle": str(bundle)},
            signature=mlflow.models.infer_signature(rows, pyfunc_code.answer(model, rows)),
            input_example=rows.head(2),
            pip_requirements=[f"paperknife=={version('paperknife')}"],
            registered_model_name=register,
        )
        if register:
            mlflow.MlflowClient().set_registered_model_alias(register, alias, info.registered_model_version)
    return str(active.info.run_id)


def example_rows(evidence: pd.DataFrame) -> pd.DataFrame:
    """Return evidence as plain doubles and texts, which every consumer of an MLflow model can send.

    Ids are replaced by their row number: an example must not carry anybody's.
    """
    rows = evidence.copy()
    for name in ("event_id", "message_id", "recipient_id", "recipient_domain", "campaign_id", "sender_id"):
        rows[name] = [f"example-{place}" for place in range(len(rows))]
    for name in rows.columns:
        if rows[name].dtype == "Int64":
            rows[name] = rows[name].astype("float64")
        elif rows[name].dtype == "str":
            rows[name] = rows[name].astype(object).where(rows[name].notna(), "")
    rows["occurred_at"] = rows["occurred_at"].dt.tz_localize(None).astype("datetime64[ns]")
    return rows


def _without_secret(uri: str) -> str:
    """Return a tracking URI as it may be shown: without user and password."""
    return re.sub(r"//[^/@]*@", "//", uri)


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_\-. /]", "_", name)
