#!/usr/bin/env python3
"""Hours of training in virtual time: what grows, what drifts, what gets lost.

    python tools/soak.py                  eight hours (well under one of real time)
    python tools/soak.py --hours 0.5
    python tools/soak.py --hours 1 --heap 2m     as much as a Feather with PSRAM has

The real firmware on the simulated band does sets over and over, over an air that loses packets, and
the host records it as `kneetrack record` does. Told every now and then, and at the end:

heap      of the band, behind a collection, and the largest piece that is free; it holds the
          simulated leg as well, and its words are twice as long as an ESP32's, so what counts is
          how it differs from the first look
host      resident memory of this process, which is the recorder and the simulated radio
clock     how much later a rep begins than the leg began it, by the band's clock told by the host's
          (kneetrack.clock; the band's is fast by CLOCK_PPM): what the sampling grid, two
          oscillators that are off, and every wrap of a tick or of a packet's time make of it. A
          rep's beginning is a matter of definition, so what counts is how this changes
lost      knee samples that the log lacks in the end, and how many had to be fetched
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from kneecore import wire
from kneetrack import live
from kneetrack.analysis.trace import calibrate
from kneetrack.calibration import runner
from kneetrack.cli.session import leg_for
from kneetrack.clock import ClockFit
from kneetrack.link import open_link
from kneetrack.samples import Decoded, Event, KneeSample, RepEnded
from kneetrack.sessionlog import SessionWriter

LOSS = 0.01
CLOCK_PPM = 40
REPS = 8
CALIBRATION = "table=3&stand=3.5&functional=3"
LOOKS = 12
"""How often memory is looked at, evenly over the time."""
HEAP_MOST = 0.02
HOST_MOST_MB = 30.0
CLOCK_MOST_MS = 30.0


@dataclass(frozen=True, slots=True)
class Look:
    at_s: float
    heap_bytes: int
    largest_bytes: int
    host_mb: float
    late_ms: float

    @property
    def line(self) -> str:
        return (
            f"{self.at_s / 3600:>10.2f} h{self.heap_bytes / 1e3:>8.0f} kB"
            f"{self.largest_bytes / 1e3:>8.0f} kB{self.host_mb:>7.0f} MB"
            f"{self.late_ms:>+7.1f} ms"
        )


@dataclass(slots=True)
class Watcher:
    """Looks on at a recording (a live.Sink)."""

    band: Any
    starts_s: list[float]  # when the leg began the reps of the first lap
    lap_s: float
    clock: ClockFit = field(default_factory=ClockFit)
    offset_s: float | None = None
    newest_s: float = 0.0
    late_ms: list[float] = field(default_factory=list[float])
    samples: int = 0

    def packet(self) -> None:
        return

    def item(self, item: Decoded) -> None:
        if isinstance(item, KneeSample):
            self.samples += 1
            if item.time_s > self.newest_s:
                self.newest_s = item.time_s
                self.clock.take(item.time_s, self.band.now_s())

    def event(self, event: Event) -> None:
        line = self.clock.line
        if isinstance(event, RepEnded) and not event.rep.is_reference and line is not None:
            if self.offset_s is None:
                self.offset_s = line.received_s - line.measured_s
            first = self.starts_s[0]
            into_s = line.host_s(event.rep.start_s) - self.offset_s - first
            into_s = into_s % self.lap_s + first
            apart = min((into_s - start for start in self.starts_s), key=abs)
            self.late_ms.append(apart * 1e3)


async def soaked(hours: float, progress: Progress) -> tuple[list[Look], live.Figures, Watcher]:
    """Record it, and look now and then."""
    scenario = f"squats?reps={REPS}&loss={LOSS}&clock={CLOCK_PPM}&chip=lsm6dsox&{CALIBRATION}"
    lap_s = await _lap_s(scenario)
    laps = max(1, round(hours * 3600 / lap_s))
    looks: list[Look] = []
    async with open_link(f"sim:{scenario}&laps={laps}&speed=max") as link:
        made = await runner.of_simulated(link, calibrate)
        known = link.scenario
        assert known is not None
        starts = [rep["start_s"] for rep in known.truth["reps"] if rep["kind"] == "set"]
        watcher = Watcher(link, starts, lap_s)
        bar = progress.add_task("", total=known.duration_s)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "soak.mcap"
            with SessionWriter(path, {"exercise": known.exercise}) as writer:
                recording = asyncio.create_task(
                    live.record(
                        link,
                        leg_for(link, known.side, None, made).analyzer,
                        writer=writer,
                        sinks=[watcher],
                        calibration=made.calibration,
                        raw=False,
                    )
                )
                due_s = 120.0
                while not recording.done():
                    await asyncio.wait({recording}, timeout=0.2)
                    progress.update(bar, completed=min(watcher.newest_s, known.duration_s))
                    if watcher.newest_s >= due_s and not recording.done():
                        due_s += (known.duration_s - 120.0) / LOOKS
                        looks.append(await _look(link, watcher))
                        progress.console.print(looks[-1].line)
                figures = recording.result()
                for error in figures.sink_errors:
                    raise error
    return looks, figures, watcher


async def _lap_s(scenario: str) -> float:
    """How long the sets take once, from the beginning of their window to the end."""
    async with open_link(f"sim:{scenario}&speed=max") as link:
        known = link.scenario
        assert known is not None
        return known.duration_s - next(w.start_s for w in known.windows if w.kind == "set")


async def _look(link: Any, watcher: Watcher) -> Look:
    recent = watcher.late_ms[-REPS:]
    heap_bytes, largest_bytes = await link.board_memory()
    return Look(
        watcher.newest_s,
        heap_bytes,
        largest_bytes,
        _resident_mb(),
        sum(recent) / len(recent) if recent else 0.0,
    )


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=8.0, help="of virtual time")
    parser.add_argument("--heap", default="16m", help="of the simulated board: 16m, 2m, 900k")
    asked = parser.parse_args()
    os.environ["KNEETRACK_HEAP"] = asked.heap
    columns = (
        TextColumn("{task.completed:.0f} of {task.total:.0f} s"),
        BarColumn(30),
        TimeRemainingColumn(),
    )
    print(f"{'virtual time':>12}{'heap':>11}{'largest':>11}{'host':>10}{'clock':>10}", flush=True)
    with Progress(*columns, transient=True) as progress:
        looks, figures, watcher = asyncio.run(soaked(asked.hours, progress))
    heap = looks[-1].heap_bytes / looks[0].heap_bytes - 1.0
    host_mb = looks[-1].host_mb - looks[0].host_mb
    clock_ms = looks[-1].late_ms - looks[0].late_ms
    print(
        f"from the first look to the last: heap {100 * heap:+.2f} %, host {host_mb:+.1f} MB, clock "
        f"{clock_ms:+.1f} ms; {len(watcher.late_ms)} reps, {watcher.samples} knee samples in "
        f"{watcher.samples * wire.KNEE_PERIOD_US / 3.6e9:.2f} h, {figures.recovered_samples} of "
        f"them fetched, {figures.lost_samples} lost"
    )
    held = heap < HEAP_MOST and host_mb < HOST_MOST_MB and abs(clock_ms) < CLOCK_MOST_MS
    return 0 if held and not figures.lost_samples else 1


if __name__ == "__main__":
    sys.exit(main())
