#!/usr/bin/env python3
"""How long after a rep's end its bar is on the terminal, and how long the program takes to start.

    python tools/bench_terminal.py [--scenario SCENARIO] [--starts N]

A simulated band plays in real time into the very recording that `kneetrack record` makes, with the
live screen on a terminal of 80 by 24 that notes when each rep's bar is written for the first time.
Board and host share one clock here, so the whole way counts: the samples after the end that
detection waits for, packing, radio, decoding, analysis, and the screen's own period.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console

from bench_live import calibrated
from kneetrack.cli import session
from kneetrack.cli.on_screen import REFRESH_HZ
from kneetrack.cli.view import Screen
from kneetrack.link import open_link

_BAR = re.compile(r" (?:rep|ref) +(\d+) ")
STARTS = (["--help"], ["--version"], ["record", "--help"], ["sessions", "--help"])


class Watched(io.StringIO):
    """A terminal that notes when each rep's bar came first, by `now`."""

    def __init__(self) -> None:
        super().__init__()
        self.now: Callable[[], float | None] = lambda: None
        self.seen_s: dict[int, float] = {}

    def write(self, text: str, /) -> int:
        now_s = self.now()
        if now_s is not None:
            for number in map(int, _BAR.findall(text)):
                self.seen_s.setdefault(number, now_s)
        return len(text)


async def bars(scenario: str, folder: Path) -> list[float]:
    """The delay of every bar, in s."""
    terminal = Watched()
    console = Console(file=terminal, force_terminal=True, width=80, height=24, color_system=None)
    async with open_link(f"sim:{scenario}") as link:
        leg = await calibrated(link)
        terminal.now = lambda: link.source_s(link.now_s())
        view = Screen(console, hint="q ends it")
        told = session.Told()
        await session.run([leg], view, session=session.facts([leg], told), path=folder / "a.mcap")
        reps = leg.analyzer.result().reps
        last = max(rep.end_s for rep in reps)
        # The last one may be there only because the source has ended.
        return [
            terminal.seen_s[rep.index + 1] - rep.end_s
            for rep in reps
            if rep.index + 1 in terminal.seen_s and rep.end_s < last
        ]


def starts(arguments: list[str], count: int) -> tuple[float, float]:
    """Wall and CPU time of a start, the medians in ms."""
    walls: list[float] = []
    cpus: list[float] = []
    for _ in range(count):
        before, begun_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        program = [sys.executable, "-m", "kneetrack.cli", *arguments]
        subprocess.run(program, capture_output=True, check=True)
        walls.append(1e3 * (time.perf_counter() - begun_s))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        cpus.append(1e3 * spent_s)
    return statistics.median(walls), statistics.median(cpus)


def main() -> int:
    parser = argparse.ArgumentParser(description="Bars on the terminal, and start-up.")
    parser.add_argument("--scenario", default="squats?valgus=8&reps=20&tempo=0.8")
    parser.add_argument("--starts", type=int, default=5)
    options = parser.parse_args()
    for arguments in STARTS:
        wall_ms, cpu_ms = starts(arguments, options.starts)
        words = " ".join(["kneetrack", *arguments])
        print(f"{words:26} {wall_ms:5.0f} ms, {cpu_ms:5.0f} ms of CPU")
    with tempfile.TemporaryDirectory() as folder:
        delays_s = asyncio.run(bars(options.scenario, Path(folder)))
    median, p95, most = 1e3 * np.percentile(delays_s, (50, 95, 100))
    print(
        f"from a rep's end to its bar on the terminal, {len(delays_s)} reps: p50 {median:.0f} ms, "
        f"p95 {p95:.0f} ms, most {most:.0f} ms (the screen is drawn every {1e3 / REFRESH_HZ:.0f})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
