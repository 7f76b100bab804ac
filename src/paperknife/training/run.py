"""A training result as MLflow wants it: parameters, metrics, pictures and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paperknife.registry.tracking import Run
from paperknife.training.figures import figures

if TYPE_CHECKING:
    from paperknife.training.train import TrainingResult


def run_of(result: TrainingResult) -> Run:
    """Return what a training run leaves in MLflow; ids and addresses stay out of it."""
    return Run(
        params={**result.params, "model_id": result.model.model_id},
        metrics=result.metrics,
        figures=figures(result),
        tables={"agreement.json": result.agreement},
    )
