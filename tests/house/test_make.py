"""`make` says what there is, and its environment is made once and stands up to what happens to it."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def make(*arguments, cwd=ROOT):
    # As from a terminal: what an outer make said must not reach the inner one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def targets():
    """Return the targets of the Makefile that a person may ask for."""
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    return [name for name in phony.group(1).split() if not name.startswith("with-")]


def test_bare_make_lists_every_target_with_a_sentence():
    said = make()
    assert said.returncode == 0
    listed = dict(re.findall(r"^make ([\w-]+) +(\S.*)$", said.stdout, flags=re.MULTILINE))
    assert list(listed) == targets()
    assert {"help", "demo", "test", "check", "bench", "model", "notebooks", "serve", "clean"} <= set(listed)


@pytest.mark.parametrize("target", targets())
def test_every_target_is_understood(target):
    assert make("--dry-run", target).returncode == 0


def test_an_absent_python_is_named():
    said = make("PYTHON=no-such-python", "test")
    assert said.returncode != 0
    assert "There is no 'no-such-python' here. Install Python 3.11 or newer" in said.stderr


@pytest.fixture
def environment_module():
    spec = importlib.util.spec_from_file_location("environment", ROOT / "tools" / "environment.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_old_python_is_refused_with_what_to_do(environment_module):
    assert environment_module.refusal((3, 11), ("venv",)) is None
    said = environment_module.refusal((3, 10), ("venv",))
    assert "needs Python 3.11 or newer" in said
    assert "make PYTHON=python3.12" in said


def test_a_python_without_venv_is_refused_with_what_to_do(environment_module):
    said = environment_module.refusal((3, 11), ("venv", "no_such_module"))
    assert "without no_such_module" in said
    assert "apt-get install python3-venv" in said


@pytest.fixture
def checkout(tmp_path, environment_module, monkeypatch):
    """Return an environment of a checkout that notes what would be installed instead of installing it."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)

    class Noting(environment_module.Environment):
        def __init__(self, root):
            super().__init__(root)
            self.noted = []

        def _run(self, *command):
            self.noted.append("venv")
            self.python.parent.mkdir(parents=True, exist_ok=True)
            self.python.symlink_to(sys.executable)

        def _answers(self, *arguments):
            return self.python.exists()

        def _install(self, extra, is_sound):
            self.noted.append((extra, "sound" if is_sound else "again"))

        def _check(self):
            pass

    monkeypatch.setattr(environment_module, "Environment", Noting)
    return Noting(folder)


def test_an_environment_is_made_once_for_each_extra(checkout):
    checkout.ensure("train")
    checkout.ensure("train")
    checkout.ensure("dev")
    assert checkout.noted == ["venv", ("train", "sound"), ("dev", "sound")]


def test_changed_dependencies_are_installed(checkout):
    checkout.ensure("dev")
    with (checkout.root / "constraints.txt").open("a") as file:
        file.write("\n# another\n")
    checkout.ensure("dev")
    assert checkout.noted[1:] == [("dev", "sound"), ("dev", "sound")]


def test_an_interrupted_installation_is_done_again_from_the_ground(checkout, monkeypatch):
    def interrupted(extra, is_sound):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checkout, "_install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            checkout.ensure("dev")
    checkout.ensure("dev")
    checkout.ensure("dev")
    assert checkout.noted == ["venv", ("dev", "again")]


def test_a_moved_folder_is_installed_again(checkout):
    checkout.ensure("dev")
    moved = checkout.root.rename(checkout.root.with_name("moved"))
    again = type(checkout)(moved)
    again.ensure("dev")
    assert again.noted == [("dev", "again")]


def test_a_missing_openmp_library_is_named(environment_module, monkeypatch, tmp_path):
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho 'OSError: libgomp.so.1: cannot open shared object file' >&2\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(SystemExit, match="apt-get install libgomp1"):
        environment_module.Environment(tmp_path)._check()


def test_a_failing_command_is_named(environment_module, tmp_path):
    with pytest.raises(SystemExit, match="This failed: false now"):
        environment_module.Environment(tmp_path)._run("false", "now")
