#!/usr/bin/env python3
"""How long an export of an hour takes, and how large it is, format by format.

    python tools/bench_export.py [--minutes N] [--log FILE.mcap] [FORMAT ...]

The hour is one simulated session (two legs, angles and raw IMU, recorded here unless --log gives
one), over and over on clocks that go on, with its calibrations. Each format is a process of its
own: reading and writing, wall seconds, the memory at its peak, and megabytes on disk.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from kneecore import wire
from kneetrack.export.formats import FORMATS
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, KneeSample, Packet, Side
from kneetrack.sessionlog import SessionLog, SessionWriter, read_log

LINKS = ("sim:squats?reps=5&valgus=8&speed=max&side=right", "sim:squats?reps=5&speed=max&side=left")
_HEADER = wire.PACKET_HEADER


def recorded(folder: Path) -> Path:
    out = folder / "short.mcap"
    links = [word for link in LINKS for word in ("--link", link)]
    program = [sys.executable, "-m", "kneetrack.cli", "record", *links, "--out", str(out)]
    subprocess.run([*program, "--athlete", "A"], check=True, capture_output=True)
    return out


def repeated(log: SessionLog, minutes: float) -> Iterator[tuple[Side, Packet]]:
    """The packets of `log` over and over, headers and receptions on clocks that go on."""
    spans = {side: _knee_samples(log, side) for side in log.sides}
    once = [(side, packet) for side, packet in log if packet.channel in _OFTEN]
    first = [(side, packet) for side, packet in log if packet.channel is Channel.FEATURE]
    yield from first
    period = wire.KNEE_PERIOD_US
    rounds = max(1, round(minutes * 60e6 / (min(spans.values()) * period)))
    for number in range(rounds):
        for side, packet in once:
            knees = spans[side] * number
            boot, sequence, time_us, period_us, flags = _HEADER.unpack_from(packet.data)
            ahead = knees * (wire.KNEE_DIVIDER if packet.channel is Channel.RAW else 1)
            header = _HEADER.pack(
                boot,
                (sequence + ahead) % 2**16,
                (time_us + knees * period) % 2**32,
                period_us,
                flags,
            )
            data = header + packet.data[_HEADER.size :]
            later_s = packet.received_at_s + knees * period * 1e-6
            yield side, Packet(packet.channel, data, later_s)


_OFTEN = (Channel.MEASUREMENT, Channel.RAW)


def _knee_samples(log: SessionLog, side: Side) -> int:
    decoder = Decoder(origin_us=log.origin_us(side), raw=False)
    numbers = [
        item.number
        for packet in log.worn(side)
        if packet.channel is Channel.MEASUREMENT
        for item in decoder.feed(packet)
        if isinstance(item, KneeSample)
    ]
    return numbers[-1] - numbers[0] + 1


def write_log(path: Path, log: SessionLog, minutes: float) -> None:
    session = {key: value for key, value in log.session.items() if key != "windows"}
    with SessionWriter(path, session) as writer:
        for calibration in log.calibrations:
            writer.calibration(calibration)
        for event in log.events:
            if event.get("event") == "origin":
                writer.event(event)
        for side, packet in repeated(log, minutes):
            writer.packet(side, packet)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("formats", nargs="*", default=list(FORMATS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        short = options.log or recorded(folder)
        long = folder / "long.mcap"
        write_log(long, read_log(short), options.minutes)
        print(f"{options.minutes:.0f} min, {long.stat().st_size / 1e6:.0f} MB of log")
        for row in options.formats:
            out = folder / row
            program = [sys.executable, "-m", "kneetrack.cli", "export", str(long)]
            begin = time.perf_counter()
            done = subprocess.run(
                [*program, "--format", row, "--out", str(out)], capture_output=True, text=True
            )
            took = time.perf_counter() - begin
            if done.returncode:
                print(f"{row:8s} {done.stderr.strip()}")
                return 1
            size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
            files = sum(1 for file in out.rglob("*") if file.is_file())
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
            print(f"{row:8s} {took:5.1f} s {size / 1e6:7.1f} MB in {files:2d} files, "
                  f"peak so far {peak:.0f} MB")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
