#!/usr/bin/env python3
"""What `kneetrack analyze DIR --out reps.parquet` takes: time and memory, by number of workers.

    python tools/bench_cohort.py [--logs 100] [--minutes 60] [--jobs 1,2] [--keep DIR]

The logs are simulated session-hours: squats of `squat_population.py` (a person a log: three
reference reps, then sets with rests between them, until the hour is full), packed as the packets of
a band that sends its angles live, one leg, without raw IMU data. They are no firmware runs: what is
measured is reading, decoding, analysing and writing. They are made once (`--keep` for the next
time) and that is not in the time.

Each run is the command itself, in a process of its own, with nothing kept from before: time by the
clock, CPU seconds of all its processes, and the peak memory (VmHWM) of the process that
coordinates and of the largest worker, looked at ten times a second. A second run, which has nothing
left to read, is timed as well, and the tables of all runs must be the same bytes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet

from kneecore import wire
from kneetrack.samples import Channel, Packet, Side
from kneetrack.sessionlog import SessionWriter
from squat_population import PERIOD_S, Floats, Person, record

SEED = 20260901
UNIT = (1.0, 0.0, 0.0, 0.0)


def hour_of(number: int, minutes: float) -> tuple[Floats, list[Any]]:
    """Angles (n, 3) deg of one person's session, and the windows of its beginning."""
    random = np.random.default_rng([SEED, number])
    person = Person(random)
    first = record(person)
    parts = [first.angles]
    wanted = round(minutes * 60.0 / PERIOD_S)
    while sum(map(len, parts)) < wanted:
        rest = np.repeat(parts[-1][-1:], round(random.uniform(60.0, 150.0) / PERIOD_S), axis=0)
        parts += [rest + random.normal(0.0, 0.05, rest.shape), record(person).angles]
    return np.concatenate(parts)[:wanted], [w for w in first.windows if w.kind != "set"]


def write_log(folder: Path, number: int, minutes: float) -> None:
    """One session as a log."""
    angles, windows = hour_of(number, minutes)
    session = {
        "athlete": f"A{number % 20:02d}",
        "exercise": "squat",
        "load_kg": 40.0 + 10.0 * (number % 5),
        "simulated": True,
        "started_at": f"2026-08-{number % 28 + 1:02d}T08:00:00+00:00",
        "sides": ["right"],
        "windows": [{"kind": w.kind, "start_s": w.start_s, "end_s": w.end_s} for w in windows],
    }
    records = [wire.KNEE_SAMPLE.pack(*row, UNIT, UNIT, 2.0) for row in angles.tolist()]
    with SessionWriter(folder / f"{number:04d}.mcap", session) as writer:
        writer.event({"event": "origin", "side": "right", "board_us": 0})
        for at in range(0, len(records), wire.KNEE_SAMPLES_PER_PACKET):
            at_us = at * wire.KNEE_PERIOD_US
            head = wire.PACKET_HEADER.pack(
                7, at % 2**16, at_us % 2**32, wire.KNEE_PERIOD_US, 0
            )  # fmt: skip
            data = head + b"".join(records[at : at + wire.KNEE_SAMPLES_PER_PACKET])
            writer.packet(Side.RIGHT, Packet(Channel.MEASUREMENT, data, at_us / 1e6))


@dataclass
class Run:
    wall_s: float
    cpu_s: float
    main_mib: float
    worker_mib: float


def run(folder: Path, out: Path, jobs: int) -> Run:
    """The command once, watched."""
    command = [sys.executable, "-m", "kneetrack.cli", "analyze", str(folder), "--out", str(out)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    main = worker = 0.0
    with subprocess.Popen([*command, "--jobs", str(jobs)], stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            main = max(main, peak_mib(process.pid))
            worker = max([worker, *map(peak_mib, children_of(process.pid))])
            time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    wall_s = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall_s, cpu_s, main, worker)


def peak_mib(pid: int) -> float:
    """The most memory that the process ever had; 0 where it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def children_of(pid: int) -> list[int]:
    """Those of all its threads."""
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, file.read_text().split())
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=60.0, help="of each log")
    parser.add_argument("--jobs", default="1,2")
    parser.add_argument("--keep", type=Path, help="a folder for the logs, used again if it is full")
    options = parser.parse_args()

    work = Path(tempfile.mkdtemp(prefix="bench_cohort."))
    try:
        folder = options.keep or work / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        if len(list(folder.glob("*.mcap"))) != options.logs:
            begun = time.monotonic()
            for number in range(options.logs):
                write_log(folder, number, options.minutes)
            print(f"made {options.logs} logs in {time.monotonic() - begun:.0f} s")
        size_mib = sum(path.stat().st_size for path in folder.glob("*.mcap")) / 2**20
        hours = options.logs * options.minutes / 60.0
        print(
            f"{options.logs} logs of {options.minutes:g} min, {hours:g} session-hours, "
            f"{size_mib:.0f} MiB; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
        )
        tables: set[bytes] = set()
        for jobs in map(int, options.jobs.split(",")):
            out = work / f"{jobs}.parquet"
            first, again = run(folder, out, jobs), run(folder, out, jobs)
            tables.add(out.read_bytes())
            print(
                f"  {jobs} worker{'s' if jobs > 1 else ' '}: {first.wall_s:7.1f} s "
                f"({hours * 3600.0 / first.wall_s:.0f} x real time), CPU {first.cpu_s:.1f} s; "
                f"peak {first.main_mib:.0f} MiB, largest worker {first.worker_mib:.0f} MiB; "
                f"again: {again.wall_s:.1f} s, {again.main_mib:.0f} MiB"
            )
        reps = parquet.read_metadata(str(out)).num_rows
        print(f"  {reps} reps, {out.stat().st_size / 2**20:.1f} MiB table")
        print(f"  tables alike byte for byte: {'yes' if len(tables) == 1 else 'NO'}")
    finally:
        shutil.rmtree(work)
    return 0 if len(tables) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
