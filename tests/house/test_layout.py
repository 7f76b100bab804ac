"""The tree keeps its shape: short modules that say what they are, examples that run, test files that test."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "paperknife").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
LONGEST = 400
LONGER_FOR_A_REASON = {
    "cli.py": "one command after another; nothing is decided there",
    "evidence/live.py": "the mirror of all the SQL texts, to be read beside them",
}


def name_of(path):
    return str(path.relative_to(ROOT / "src" / "paperknife"))


def module_of(path):
    parts = path.relative_to(ROOT / "src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_module_says_what_it_is(path):
    said = ast.get_docstring(ast.parse(path.read_text()))
    assert said, f"{path} has no docstring"
    assert len(said.splitlines()[0]) > 10


def test_no_module_is_long_without_a_reason():
    long = {name_of(path) for path in SOURCES if len(path.read_text().splitlines()) > LONGEST}
    assert long == set(LONGER_FOR_A_REASON)


def test_no_module_is_called_after_nothing():
    names = {part for path in SOURCES for part in path.relative_to(ROOT).with_suffix("").parts}
    assert not names & {"utils", "util", "helpers", "common", "misc", "tools"}


def test_nothing_is_left_to_do():
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    texts = [
        *SOURCES,
        *TESTS,
        *(ROOT / "src").rglob("*.sql"),
        ROOT / "Makefile",
        ROOT / "tools" / "environment.py",
    ]
    here = Path(__file__).resolve()
    assert [str(path) for path in texts if path != here and marks.search(path.read_text())] == []


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT / "tests")))
def test_a_test_file_tests(path):
    """A file whose tests were all renamed or lost collects nothing, and nobody notices."""
    assert re.search(r"^(def test_|class Test|Test\w+ = |test_\w+ = )", path.read_text(), re.MULTILINE)


EXAMPLES = re.compile(r"^ *>>> (?!.*# doctest: \+SKIP)", re.MULTILINE)


@pytest.mark.parametrize("path", [path for path in SOURCES if EXAMPLES.search(path.read_text())], ids=name_of)
def test_the_examples_in_docstrings_run(path):
    result = doctest.testmod(
        importlib.import_module(module_of(path)), optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert result.attempted > 0
    assert result.failed == 0


def test_contributing_speaks_of_files_that_are_there():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    paths = {path for path in re.findall(r"`([\w./-]+)`", text) if "/" in path}
    assert len(paths) > 10
    assert sorted(path for path in paths if not (ROOT / path).exists()) == []
