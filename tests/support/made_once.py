"""What several modules' tests only read is made once in a run, whichever worker comes first."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import kneetrack


def copy_of(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A copy of one's own of the folder `name`, which `make` fills for all workers of this run.

    Whoever comes while another makes it waits; where that fails, the next one makes it.
    """
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    original, part = shared / f"once-{name}", shared / f"once-{name}.part"
    with (shared / f"once-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not original.exists():
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(original)
    own = factory.mktemp(name)
    return Path(shutil.copytree(original, own, dirs_exist_ok=True))


def trace_and_log(factory: pytest.TempPathFactory, name: str, scenario: str, *options: str) -> Path:
    """A folder with squats.csv, its sidecar and reference, and squats.mcap: a band measured it."""

    def make(folder: Path) -> None:
        trace = ("demo", "--scenario", scenario, "--save-trace", "squats.csv")
        log = ("record", "--link", "trace:squats.csv?speed=max", "--out", "squats.mcap", *options)
        for command in (trace, log):
            done = kneetrack(*command, cwd=folder)
            assert done.returncode == 0, done.stderr

    return copy_of(factory, name, make)
