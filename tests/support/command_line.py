"""A command of `kneetrack` run in this process, as `main` does, and what it said."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

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


@contextlib.contextmanager
def running(*arguments: str | Path, **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """The command as a process of its own, which nobody types to. It does not outlive the context,
    however that ends: a test that fails must not wait for it, nor leave it to the next one."""
    given = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        **options,
    }
    with subprocess.Popen([*PROGRAM, *map(str, arguments)], **given) as process:
        try:
            yield process
        finally:
            process.kill()


def is_one_sentence(told: str) -> bool:
    """Whether that is an error as a user should see it, and nothing else."""
    lines = told.strip().splitlines()
    return (
        "Traceback" not in told
        and len(lines) == 1
        and lines[0].startswith("kneetrack: ")
        and len(lines[0]) < 300
    )
