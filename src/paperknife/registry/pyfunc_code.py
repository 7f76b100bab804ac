"""The code MLflow runs when a logged model is served by `mlflow models serve` or `spark_udf`: a bundle, no pickle.

MLflow executes this file by itself ("models from code"); paperknife must be installed where it runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel

from paperknife.model.bundle import load_model

if TYPE_CHECKING:
    from paperknife.model.bundle import Model


def answer(model: Model, rows: pd.DataFrame) -> pd.DataFrame:
    """Return p_human, p_prefetch and p_machine of rows of evidence, an empty text standing for null."""
    texts = ["clock_kind", "client_family", "network_class"]
    evidence = rows.assign(
        **{name: rows[name].replace("", None) for name in texts},
        occurred_at=pd.to_datetime(rows["occurred_at"], utc=True),
    )
    return pd.DataFrame(model.predict(evidence), columns=["p_human", "p_prefetch", "p_machine"])


class OpenModel(PythonModel):
    """A paperknife bundle as MLflow sees it."""

    def load_context(self, context: Any) -> None:
        """Open the bundle among the model's artifacts, checking every byte."""
        self._model = load_model(context.artifacts["bundle"])

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002  MLflow's signature
        """Return the three probabilities of each row of evidence."""
        return answer(self._model, model_input)


mlflow.models.set_model(OpenModel())
