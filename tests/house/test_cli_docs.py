"""Every command, argument and option of the command line says what it is."""

from __future__ import annotations

import typer.main

from paperknife.cli import app


def walk(command, words):
    """Yield the words and the object of each command, groups included."""
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, [*words, name])


COMMANDS = {" ".join(words): command for words, command in walk(typer.main.get_command(app), ["paperknife"])}


def test_the_commands_are_there():
    assert {
        "paperknife ingest",
        "paperknife log summary",
        "paperknife log check",
        "paperknife simulate",
        "paperknife train",
        "paperknife score",
        "paperknife evaluate",
        "paperknife serve",
        "paperknife demo",
        "paperknife networks update",
        "paperknife networks import",
        "paperknife networks show",
        "paperknife model show",
        "paperknife model default",
        "paperknife model reasons",
    } <= set(COMMANDS)


def test_every_command_has_help():
    assert [name for name, command in COMMANDS.items() if not command.help] == []


def test_every_argument_and_option_has_help():
    silent = [
        f"{name} {parameter.name}"
        for name, command in COMMANDS.items()
        for parameter in command.params
        if not getattr(parameter, "help", None)
    ]
    assert silent == []
