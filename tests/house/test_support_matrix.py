"""The README's support matrix is what the connectors say of themselves."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from paperknife.events.connectors import CONNECTORS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("support_matrix", ROOT / "tools" / "support_matrix.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_shows_the_matrix_as_it_is_now(tool):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert tool.with_matrix(text) == text, "run: .venv/bin/python tools/support_matrix.py"


def test_every_provider_has_its_row_and_its_witnesses(tool):
    made = tool.matrix()
    for name, kind in CONNECTORS.items():
        assert f"| {kind.title} | `{name}` | {kind.tier} |" in made
        for said in (*kind.quirks, *kind.unconfirmed, kind.source.rstrip(".")):
            assert said in made
