"""Where output goes: results to stdout, progress and hints to stderr, JSON by itself."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any

import typer
from rich.console import Console


class PipeConsole(Console):
    """A console whose reader may go (`kneetrack record ... | head`): what works goes on, unseen."""

    def on_broken_pipe(self) -> None:
        """Be quiet from now on. rich's own would leave the program, in the midst of a recording."""
        self.quiet = True
        with contextlib.suppress(OSError, ValueError):  # what is buffered must find a way out
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, self.file.fileno())
            os.close(devnull)


def results() -> Console:
    """What the command was asked for."""
    return PipeConsole(highlight=False)


def hints() -> Console:
    """What helps a person along, and must not get into a pipe."""
    return PipeConsole(stderr=True, highlight=False)


def print_json(value: dict[str, Any]) -> None:
    """One JSON document, readable, unknown as null; exact on a stream that knows only ASCII too."""
    escaped = not (sys.stdout.encoding or "").casefold().startswith("utf")
    typer.echo(json.dumps(value, indent=2, allow_nan=False, ensure_ascii=escaped))
