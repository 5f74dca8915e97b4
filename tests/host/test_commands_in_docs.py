"""Every command that our pages show is one that the program takes."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer

from commands_in_docs import Shown, commands, pages
from kneetrack.cli.app import app

SHOWN = [shown for page in pages() for shown in commands(page)]
PROGRAM: Any = typer.main.get_command(app)


def test_the_pages_show_commands() -> None:
    assert len(SHOWN) > 60


def test_no_command_is_shown_where_it_is_not_looked_for() -> None:
    """Commands stand in blocks that are indented by four spaces, or within a sentence."""
    found = [
        f"{page.name}: {line}"
        for page in pages()
        for line in page.read_text(encoding="utf-8").splitlines()
        if re.match(
            r"(?! {4}(?:\$ )?kneetrack)\s*(?:\$ )?kneetrack [a-z]+ (?:--|[\w./]+\.\w+)", line
        )
    ]
    assert not found


@pytest.mark.parametrize("shown", SHOWN, ids=str)
def test_the_program_takes_it(shown: Shown) -> None:
    command, words, context = PROGRAM, list(shown.arguments), None
    only_named = words[1:] == [] and words[0].isalpha()  # spoken of, in a sentence
    try:
        while words:
            context = command.make_context(
                command.name, words, parent=context, resilient_parsing=only_named
            )
            if not hasattr(command, "commands"):
                return
            name, *words = [*context._protected_args, *context.args]
            command = command.commands[name]
    except typer.Exit as ended:  # --help
        assert ended.exit_code == 0
