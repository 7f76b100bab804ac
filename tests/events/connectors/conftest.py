"""The sample of each provider: one message's life, from sent to unsubscribed, as the provider tells it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture
def sample():
    def read(name):
        return json.loads((SAMPLES / f"{name}.json").read_text())

    return read
