"""A command of `kneetrack` run in this process, as `main` does, and what it said."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import NamedTuple

from kneetrack.cli.app import run

PROGRAM = [sys.executable, "-m", "kneetrack.cli"]
"""The same as a process of its own, to be struck by signals and limits."""


class Result(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def kneetrack(*arguments: str | Path, cwd: Path | None = None) -> Result:
    """Run the command with these arguments."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.chdir(cwd or Path.cwd()),
    ):
        code = run([str(argument) for argument in arguments])
    return Result(code, out.getvalue(), err.getvalue())


def is_one_sentence(told: str) -> bool:
    """Whether that is an error as a user should see it, and nothing else."""
    lines = told.strip().splitlines()
    return (
        "Traceback" not in told
        and len(lines) == 1
        and lines[0].startswith("kneetrack: ")
        and len(lines[0]) < 420
    )
