#!/usr/bin/env python3
"""What a knee sample takes in the band's memory, and how long a recording may last.

    python tools/bench_storage.py [--data ../shared/data] [--seconds 9000]

Bytes per knee sample: recorded movement and simulated sessions through the firmware's own
arithmetic (firmware_angles.py), coded by kneecore.blocks as the band does it without a host: a
block ends at its 194 bytes, after 32 samples, and every second. Each block counts with the byte of
its length on flash. To the recordings derived from markers an LSM6DSOX's noise is added.

Minutes, blocking and wear: `kneeband.shelf` under MicroPython (play_storage.py) fills the 6 MB
partition through littlefs on the simulated NOR flash, in virtual time, with the movement of the
median recording, and of the worst, over and over. Targets: at most TARGET_BYTES, at least
TARGET_MINUTES; no second may hold up the board for longer than the IMUs' FIFOs last.
"""

from __future__ import annotations

import argparse
import binascii
import json
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import firmware_angles
from firmware_filter import ROOT
from knee_accuracy import with_chip
from kneecore import wire
from kneecore.block_reader import read_block
from kneecore.blocks import BLOCK, BlockWriter, span
from kneecore.calibration import Calibration
from kneetrack.analysis.trace import measure
from kneetrack.firmware_files import run_micropython
from kneetrack.traces import Trace, onto_grid, read_trace

TARGET_BYTES = 14.0
TARGET_MINUTES = 60.0
FIFO_MS = 1200.0
PER_SECOND = round(1e6 / wire.KNEE_PERIOD_US)
FOLDERS = ("squats_from_markers", "walk_xsens", "legs_qmt")
SCENARIOS = (
    "squats?sets=2",
    "squats?seed=2&sets=2&tempo=1.8&tremor=30&chip=mpu6050",
    "squats?seed=3&walk=60",
)


@dataclass(frozen=True, slots=True)
class Coded:
    """A recording's name, its seconds (lists of blocks), and what they take."""

    name: str
    seconds: list[list[bytes]]
    samples: int

    @property
    def bytes_per_sample(self) -> float:
        return sum(len(block) + 1 for part in self.seconds for block in part) / self.samples

    @property
    def samples_per_block(self) -> float:
        return self.samples / sum(len(part) for part in self.seconds)


def traces(data: Path) -> Iterator[tuple[str, Trace]]:
    for folder in FOLDERS:
        for path in sorted((data / folder).glob("*.csv")):
            if not path.name.endswith(".ref.csv"):
                trace = read_trace(path)
                yield path.stem, with_chip(trace, 0) if folder == FOLDERS[0] else trace


def simulated(folder: Path) -> Iterator[tuple[str, Trace]]:
    for number, scenario in enumerate(SCENARIOS):
        stem = folder / f"simulated{number}"
        script = ROOT / "firmware" / "sim" / "export.py"
        command = run_micropython([str(script), scenario, str(stem)])
        subprocess.run(
            command.arguments,
            env=command.environment,
            check=True,
            timeout=600,
            stderr=subprocess.DEVNULL,
        )
        yield scenario, read_trace(stem.with_suffix(".csv"))


def coded(name: str, trace: Trace) -> Coded:
    """What the band would keep of a trace."""
    found = measure(trace).calibration
    calibration = (
        found.calibration
        if found is not None
        else Calibration(
            int(trace.side), (1.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0), calibration_id=1
        )
    )
    table = firmware_angles.played(onto_grid(trace)[1], calibration)
    packed = b"".join(map(pack, table.tolist()))
    seconds: list[list[bytes]] = []
    for begin in range(0, len(table), PER_SECOND):
        part: list[bytes] = []
        writer = BlockWriter(1, lambda block, part=part: part.append(bytes(block)))
        for index in range(begin, min(begin + PER_SECOND, len(table))):
            writer.add(index, int(table[index, 4]), packed, index * wire.KNEE_SAMPLE.size)
        writer.close()
        seconds.append(part)
    back = b"".join(read_block(block)[3] for part in seconds for block in part)
    if back != packed:
        raise AssertionError(f"{name} does not come back from its blocks")
    return Coded(name, seconds, len(table))


def pack(row: list[float]) -> bytes:
    """A wire.KNEE_SAMPLE of a row of play_pipeline.py."""
    return wire.KNEE_SAMPLE.pack(*row[:3], tuple(row[5:9]), tuple(row[9:]), row[3])


def fill(recording: Coded, seconds: int) -> dict[str, Any]:
    """What play_storage.py tells of so many seconds of it, over and over."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "seconds"
        source.write_bytes(b"".join(repeated(recording, seconds)))
        command = run_micropython([str(ROOT / "tools" / "play_storage.py"), str(source)])
        run = subprocess.run(
            command.arguments,
            cwd=folder,
            env=command.environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=900,
        )
        return json.loads(run.stdout.splitlines()[-1])


def repeated(recording: Coded, seconds: int) -> Iterator[bytes]:
    """The seconds for play_storage.py, with numbers that go on and the CRC that belongs to them."""
    whole = [part for part in recording.seconds if part is not recording.seconds[-1]]
    number = 0
    for index in range(seconds):
        part = whole[index % len(whole)]
        yield bytes((len(part),))
        for block in part:
            head = BLOCK.unpack_from(block)
            body = BLOCK.pack(head.boot_id, number, head.samples, head.flags)
            body += block[BLOCK.size : -2]
            data = body + struct.pack("<H", binascii.crc_hqx(body, 0xFFFF))
            number += span(block)[1]
            yield bytes((len(data),)) + data


def show(recording: Coded, found: dict[str, Any]) -> bool:
    """Print what a full flash held; whether the targets are met."""
    minutes = found["kept_s"] / 60
    longest = found["longest_ms"]
    print(f"\n6 MB of littlefs filled with {recording.name}:")
    print(f"  {minutes:.0f} min{'' if found['full'] else ' and more'} (target {TARGET_MINUTES:g})")
    print("  longest, ms: " + ", ".join(f"{name} {ms:.0f}" for name, ms in longest.items()))
    print(
        f"  a second's writing, ms: {found['mean_second_ms']:.0f} in the mean, "
        f"{found['longest_second_ms']:.0f} at most (the FIFOs last {FIFO_MS:.0f})"
    )
    print(
        f"  {found['erases_per_hour']:.0f} erasures an hour, {found['wear_most']} of one sector at "
        f"most; read as a whole in {found['read_ms'] / 1000:.1f} s of the flash's time"
    )
    return minutes >= TARGET_MINUTES and found["longest_second_ms"] < FIFO_MS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--seconds", type=int, default=9000, help="the most that is recorded")
    options = parser.parse_args()
    found: list[Coded] = []
    with tempfile.TemporaryDirectory() as folder:
        for source in (traces(options.data), simulated(Path(folder))):
            for name, trace in source:
                found.append(coded(name, trace))
                one = found[-1]
                print(
                    f"{name:58} {one.samples:6d} samples {one.bytes_per_sample:6.2f} B each, "
                    f"{one.samples_per_block:4.1f} in a block",
                    flush=True,
                )
    found.sort(key=lambda one: one.bytes_per_sample)
    middle, worst = found[len(found) // 2], found[-1]
    median = float(np.median([one.bytes_per_sample for one in found]))
    print(
        f"\nmedian {median:.2f} B, worst {worst.bytes_per_sample:.2f} B (target {TARGET_BYTES:g})"
    )
    met = worst.bytes_per_sample <= TARGET_BYTES
    for recording in (middle, worst):
        met &= show(recording, fill(recording, options.seconds))
    print(f"\ntargets: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
