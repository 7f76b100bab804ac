"""Under PAPERKNIFE_REQUIRE_ALL=1, which CI sets, nothing may skip: tests/conftest.py turns a skip into a failure."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"

SKIPS = """
import pytest

def test_inside():
    pytest.skip("no Java inside")

@pytest.mark.skip(reason="no Java by mark")
def test_mark():
    pass

@pytest.mark.skipif(True, reason="no Java by condition")
def test_condition():
    pass

@pytest.fixture
def redis():
    pytest.skip("no Redis in the fixture")

def test_fixture(redis):
    pass

@pytest.mark.xfail
def test_expected_failure():
    raise ValueError

def test_good():
    pass
"""
REASONS = {
    "no Java inside",
    "no Java by mark",
    "no Java by condition",
    "no Redis in the fixture",
}


@pytest.fixture
def run_tests(tmp_path):
    """Run a test file of one's own, beside our conftest, and return pytest's exit code and what it printed."""

    def run(source, *, require_all):
        shutil.copy(CONFTEST, tmp_path)
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        (tmp_path / "test_some.py").write_text(source)
        environment = {
            **os.environ,
            "PAPERKNIFE_REQUIRE_ALL": "1" if require_all else "0",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout

    return run


def test_a_skip_is_a_failure_where_nothing_may_skip(run_tests):
    code, said = run_tests(SKIPS, require_all=True)
    assert code == 1
    told = set(re.findall(r"PAPERKNIFE_REQUIRE_ALL=1, and this was skipped: (?:Skipped: )?(.*)", said))
    assert told == REASONS
    assert "1 failed, 1 passed, 1 xfailed, 3 errors" in said


def test_elsewhere_a_skip_is_a_skip(run_tests):
    code, said = run_tests(SKIPS, require_all=False)
    assert code == 0
    assert "1 passed, 4 skipped, 1 xfailed" in said


def test_a_skipped_file_is_a_failure_too(run_tests):
    code, said = run_tests("import pytest\n\npytest.importorskip('no_such_library')", require_all=True)
    assert code == 2
    assert "PAPERKNIFE_REQUIRE_ALL=1, and this was skipped" in said
    assert "no_such_library" in said


def test_no_test_reaches_the_network(run_tests):
    source = "import socket\n\ndef test_it():\n    socket.create_connection(('192.0.2.1', 80), timeout=1)"
    code, said = run_tests(source, require_all=False)
    assert code == 1
    assert "A test wanted to connect to 192.0.2.1" in said
