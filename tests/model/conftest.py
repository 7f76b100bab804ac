"""The scripts that make what ships: they stand beside the models, in no package."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

MODELS = Path(__file__).parents[2] / "models"
SCRIPTS = ("make_default", "narrow_models", "make_label_model")


@pytest.fixture(scope="module")
def scripts():
    sys.path.insert(0, str(MODELS))
    yield {name: importlib.import_module(name) for name in SCRIPTS}
    sys.path.remove(str(MODELS))
    for name in SCRIPTS:
        del sys.modules[name]
