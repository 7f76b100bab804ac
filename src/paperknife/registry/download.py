"""A bundle out of MLflow: the artifact is downloaded and the folder inside it opened as any other bundle.

`mlflow.pyfunc.load_model` is never called: it would run code that came with the artifact.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
from mlflow.exceptions import MlflowException

from paperknife.errors import BundleError
from paperknife.registry.tracking import use_tracking

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def downloaded_bundle(uri: str) -> Iterator[Path]:
    """Give the folder of the bundle behind an MLflow URI, for the length of the block.

    Parameters
    ----------
    uri : str
        Such as "models:/open-authenticity@champion" or "runs:/RUN_ID/model".

    Raises
    ------
    BundleError
        When MLflow has no such model, or it holds no paperknife bundle.
    """
    use_tracking()
    with tempfile.TemporaryDirectory(prefix="paperknife-") as folder:
        try:
            root = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder))
        except (MlflowException, OSError) as absent:
            first_line = str(absent).splitlines()[0] if str(absent) else type(absent).__name__
            raise BundleError(
                f"MLflow at {mlflow.get_tracking_uri().split('@')[-1]} gave no model for {uri}: {first_line} "
                "Check the name and alias, and MLFLOW_TRACKING_URI."
            ) from absent
        manifests = sorted(root.rglob("manifest.json"))
        if not manifests:
            raise BundleError(f"{uri} holds no paperknife model. Name one that 'paperknife train' logged.")
        yield manifests[0].parent
