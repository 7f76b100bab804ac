"""The README's examples run, in order and in one folder, as a newcomer would run them.

A comment before a console or python block of README.md, unseen by readers, says what is done with it:

- ``<!-- run -->``: it must succeed.
- ``<!-- run: compare -->``: it must also print what stands there, where ``...`` stands for anything.

A block without one is not run (it takes minutes, serves for ever or needs the network), but every command and option
that it names must exist, as must those named in the text.

A console block is a script; or a session, in which a command begins with ``$ ``, goes on in lines that begin with
``> ``, and its output follows. The commands of a block share a shell, all blocks share a folder, and a python block
stands for itself.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer.main

from paperknife.cli import app

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
MARK = re.compile(r"<!-- (?P<how>run|run: compare) -->")
FENCE = re.compile(r"^```(?P<language>console|python)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
LOOSELY = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
END_OF_OUTPUT = "\x1e"


@dataclass(frozen=True)
class Block:
    """One fenced example: where it stands, what is in it, and what is to be done with it (None: nothing is said)."""

    line: int
    language: str
    body: str
    how: str | None


def blocks_of(text):
    """Return the console and python blocks of a Markdown text, in order."""
    blocks = []
    for fence in FENCE.finditer(text):
        before = text[: fence.start()].rstrip().rpartition("\n")[2]
        mark = MARK.fullmatch(before)
        line = text.count("\n", 0, fence.start()) + 1
        blocks.append(Block(line, fence["language"], fence["body"], mark and mark["how"]))
    return blocks


def commands_of(body):
    """Return the commands of a console block, each with the output that stands below it."""
    if not body.startswith("$ "):
        return [[body, ""]]
    commands = []
    for line in body.splitlines():
        if line.startswith("$ "):
            commands.append([line[2:], ""])
        elif line.startswith("> ") or line == ">":
            commands[-1][0] += f"\n{line[2:]}"
        else:
            commands[-1][1] += f"{line}\n"
    return commands


def run(command, text, folder):
    """Run a program on a text in the folder, with paperknife's commands at hand and a home of its own."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "PAPERKNIFE_HOME": str(folder / ".paperknife"),
        "COLUMNS": "120",
    }
    environment.pop("MLFLOW_TRACKING_URI", None)
    done = subprocess.run(
        command,
        input=text,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"This failed:\n{text}\nIt said:\n{done.stdout}"
    return done.stdout


def require_same(said, expected):
    assert doctest.OutputChecker().check_output(expected, said, LOOSELY), (
        f"Expected:\n{expected}\nGot:\n{said}"
    )


def execute(block, folder):
    """Run one block, and compare what it prints where the README asks for that."""
    if block.language == "python":
        run([sys.executable, "-W", "error", "-"], block.body, folder)
        return
    commands = commands_of(block.body)
    script = "set -eo pipefail\n" + "".join(f"{command}\nprintf '\\x1e'\n" for command, _ in commands)
    # The script is a file, so that commands that read standard input do not swallow it.
    path = folder / ".block.sh"
    path.write_text(script)
    said = run(["bash", path], "", folder).split(END_OF_OUTPUT)[:-1]
    assert len(said) == len(commands)
    for (_, expected), printed in zip(commands, said, strict=True):
        if block.how == "run: compare" and expected:
            require_same(printed, expected)


BLOCKS = blocks_of(README.read_text(encoding="utf-8"))


def test_the_readme_has_examples_that_run():
    ran = [block for block in BLOCKS if block.how]
    assert ran, "README.md has no example that a test runs: put <!-- run --> before its quickstart"
    assert {"console", "python"} <= {block.language for block in ran}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("a newcomers folder")


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.how], ids=lambda block: f"line-{block.line}"
)
def test_an_example_of_the_readme_runs(block, folder):
    execute(block, folder)


def unknown_of(said):
    """Return what a `paperknife …` command line names that does not exist: a command, an option, or None."""
    command = typer.main.get_command(app)
    for word in shlex.split(said, comments=True)[1:]:
        if word.startswith("--"):
            options = {option for parameter in command.params for option in parameter.opts}
            if word.partition("=")[0] not in options:
                return word
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return word
            command = command.commands[word]
    return None


def test_every_command_and_option_that_is_named_exists():
    text = README.read_text(encoding="utf-8")
    said = {
        *re.findall(r"^(?:\$ )?(paperknife .*)$", text, re.MULTILINE),
        *re.findall(r"`(paperknife [^`]+)`", text),
    }
    assert len(said) > 5
    assert {line: unknown_of(line) for line in said if unknown_of(line)} == {}


def test_every_make_target_that_is_named_exists():
    text = README.read_text(encoding="utf-8")
    named = {*re.findall(r"^(?:\$ )?make (\w+)$", text, re.MULTILINE), *re.findall(r"`make (\w+)`", text)}
    assert {"demo", "test", "check"} <= named
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE).group(1)
    assert named <= set(phony.split())


@pytest.mark.parametrize(
    ("said", "unknown"),
    [
        ("paperknife score log/ --out verdicts.parquet  # as often as you like", None),
        ("paperknife log check LOG", None),
        ("paperknife networks forget", "forget"),
        ("paperknife guess log/", "guess"),
        ("paperknife score log/ --to verdicts.parquet", "--to"),
    ],
)
def test_an_unknown_command_or_option_is_found(said, unknown):
    assert unknown_of(said) == unknown


EXAMPLE = """
Some words.

<!-- run: compare -->
```console
$ cat > names.txt <<'END'
> ada
> bob
> END
$ wc -l < names.txt
2
$ echo one two three
one ... three
```

<!-- run -->
```python
from pathlib import Path
Path("seen.txt").write_text(Path("names.txt").read_text())
```

```console
$ forgotten
```

<!-- run -->
```console
test -e seen.txt
cp seen.txt again.txt
```
"""


def test_blocks_are_found_with_their_marks():
    found = [(block.language, block.how) for block in blocks_of(EXAMPLE)]
    assert found == [
        ("console", "run: compare"),
        ("python", "run"),
        ("console", None),
        ("console", "run"),
    ]


def test_blocks_share_a_folder_and_outputs_are_compared(tmp_path):
    for block in blocks_of(EXAMPLE):
        if block.how:
            execute(block, tmp_path)
    assert (tmp_path / "again.txt").read_text() == "ada\nbob\n"


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (Block(1, "console", "$ false\n$ true\n", "run"), "This failed"),
        (Block(1, "console", "$ echo 1\n2\n", "run: compare"), r"Expected:\s+2"),
        (Block(1, "python", "1 / 0\n", "run"), "ZeroDivisionError"),
        (Block(1, "python", "import warnings; warnings.warn('old')\n", "run"), "UserWarning: old"),
    ],
)
def test_an_example_that_is_wrong_fails(block, message, tmp_path):
    with pytest.raises(AssertionError, match=message):
        execute(block, tmp_path)
