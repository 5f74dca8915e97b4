#!/usr/bin/env python3
"""How fast a session log becomes events, and whether the memory stays flat.

    python tools/bench_replay.py [--minutes N [N ...]]

A log with the angles of one leg (no raw data) is written for each length, from the simulated
people of bench_detection, then analysed as `kneetrack analyze` does it: file, packets, samples,
reps, sets. The speed is in times of real time, of one process; the memory is what the analysis
held at its peak, beyond what the imports hold.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench_detection import PERIOD_S, Person, packets, record
from kneecore import wire
from kneetrack.analysis.log import analyse_log
from kneetrack.samples import Packet, Side
from kneetrack.sessionlog.writer import SessionWriter

TARGET = 1000
SEED = 20260801


def stream(minutes: float) -> Iterator[Packet]:
    """Packets of `minutes`, the same few sets over and over on a clock that goes on."""
    angles = np.concatenate(
        [record(Person(np.random.default_rng([SEED, number]))).angles for number in range(3)]
    )
    angles = angles[: len(angles) // wire.KNEE_SAMPLES_PER_PACKET * wire.KNEE_SAMPLES_PER_PACKET]
    one = packets(angles)
    packet_us = wire.KNEE_SAMPLES_PER_PACKET * wire.KNEE_PERIOD_US
    for number in range(round(minutes * 60e6 / packet_us)):
        packet = one[number % len(one)]
        sequence = number * wire.KNEE_SAMPLES_PER_PACKET % 2**16
        at_us = number * packet_us
        header = wire.PACKET_HEADER.pack(7, sequence, at_us % 2**32, wire.KNEE_PERIOD_US, 0)
        yield Packet(packet.channel, header + packet.data[len(header) :], at_us / 1e6)


def write_log(path: Path, minutes: float) -> None:
    session = {"exercise": "squat", "started_at": "2026-08-01T10:00:00Z", "windows": []}
    with SessionWriter(path, session) as writer:
        for packet in stream(minutes):
            writer.packet(Side.RIGHT, packet)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, nargs="+", default=[10.0, 60.0])
    options = parser.parse_args()
    speeds: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for minutes in options.minutes:
            path = Path(folder) / f"{minutes:g}.mcap"
            write_log(path, minutes)
            begin = time.process_time()
            result = analyse_log(path)
            took = time.process_time() - begin
            speeds.append(minutes * 60 / took)
            tracemalloc.start()
            analyse_log(path)
            peak_mb = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
            reps = sum(len(leg.result.reps) for leg in result.legs)
            print(
                f"{minutes:5.0f} min, {path.stat().st_size / 1e6:5.1f} MB, {reps:4d} reps: "
                f"{took:5.2f} s = {speeds[-1]:5.0f} x real time, "
                f"{took / (minutes * 60 / PERIOD_S) * 1e6:.1f} us a knee sample, "
                f"peak memory {peak_mb:.1f} MB"
            )
    met = min(speeds) >= TARGET
    print(f"target: >= {TARGET} x real time: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
