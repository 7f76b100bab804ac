"""The sample of each provider: one message's life as the provider tells it, and what must come of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture
def sample():
    """Return a reader of samples.

    `payloads`: what the provider posts or pages, one event each, in order. `headers`: of each request, where they
    matter. `recipient`, `campaign`: whom and what the message was for; `user_ids`: what the provider calls the
    recipient besides the address, where it matters. `events`: the fields that must come out.
    """

    def read(name):
        return {"headers": {}, "user_ids": [], **json.loads((SAMPLES / f"{name}.json").read_text())}

    return read
