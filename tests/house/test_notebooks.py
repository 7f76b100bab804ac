"""Notebooks are for reading: numbered, without outputs, with pictures; what is longer than a few lines is in src."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
LONGEST_FUNCTION = 5


def code_cells(path):
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


def test_notebooks_are_numbered_from_one():
    numbers = [int(re.match(r"(\d\d)_[a-z_]+\.ipynb$", path.name).group(1)) for path in NOTEBOOKS]
    assert numbers == list(range(1, len(NOTEBOOKS) + 1))
    assert numbers


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_kept_without_outputs(path):
    assert [cell for cell in code_cells(path) if cell["outputs"] or cell["execution_count"]] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_holds_no_long_function(path):
    lines = "".join(
        line for cell in code_cells(path) for line in [*cell["source"], "\n"] if line[0] not in "%!"
    )
    long = [
        node.name
        for node in ast.walk(ast.parse(lines))
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_draws_a_picture(path):
    assert any(
        "plt." in "".join(cell["source"]) or ".plot" in "".join(cell["source"]) for cell in code_cells(path)
    )
