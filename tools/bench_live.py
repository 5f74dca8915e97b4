#!/usr/bin/env python3
"""How long a host event takes, in real time, through the whole chain.

    python tools/bench_live.py [--scenario SCENARIO]

A simulated band does its calibration movements, then a set in real time: register model, firmware
under MicroPython, Bluetooth paced like a real one, bleak, decoder, analyzer, log on the disk. Once
with the raw stream and once without. The latency of an event is counted twice:

earliest    from the newest knee sample of the packet that brought the event. The event depends on
            that sample or on an older one of the same packet; on the former, this is its latency.
latest      that and a batch more: more than the latency of an event that depended on the packet's
            first sample, which had to wait for the packet to fill.

Events at the end of the source are left out: nothing but its end brings them. The board's clock and
the host's are one here, and this machine does the work of both; the microcontroller's own time for
a sample is in tools/bench_firmware.py.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kneecore import wire
from kneetrack import live
from kneetrack.analysis.trace import calibrate, reference_of
from kneetrack.calibration import runner
from kneetrack.detection import Analyzer
from kneetrack.link import open_link
from kneetrack.sessionlog import SessionWriter

BATCH_MS = wire.KNEE_SAMPLES_PER_PACKET * wire.KNEE_PERIOD_US / 1e3
TARGET_MS = 60.0 + BATCH_MS


@dataclass(frozen=True, slots=True)
class Measured:
    connected_s: float
    figures: live.Figures


async def measured(scenario: str, raw: bool, folder: Path) -> Measured:
    """One session: connect, calibrate as fast as it goes, record the rest in real time."""
    begun_s = time.monotonic()
    async with open_link(f"sim:{scenario}") as link:
        connected_s = time.monotonic() - begun_s
        made = await runner.of_simulated(link, calibrate)
        known = link.scenario
        assert known is not None
        analyzer = Analyzer(
            known.side,
            known.exercise,
            known.windows,
            reference_of(made),
            shank_length_m=known.shank_length_m,
            q_shank_sensor=made.calibration.q_shank_sensor,
        )
        with SessionWriter(folder / f"raw_{raw}.mcap", {"exercise": known.exercise}) as writer:
            figures = await live.record(
                link, analyzer, writer=writer, calibration=made.calibration, raw=raw
            )
    return Measured(connected_s, figures)


def show(title: str, one: Measured) -> bool:
    """Print one session's figures; whether the target is met, by the pessimistic count."""
    figures = one.figures
    # The events of one packet share its delay: a set's end, with all reps revised, counts once.
    earliest = np.unique(figures.event_delays_s) * 1e3
    events = len(figures.event_delays_s)
    print(
        f"{title}: connected in {one.connected_s:.2f} s; {figures.packets} packets in "
        f"{figures.duration_s:.1f} s = {figures.packets / figures.duration_s:.1f} a second, "
        f"{figures.knee_samples} knee samples, {figures.lost_samples} lost"
    )
    for name, delays in (("earliest", earliest), ("latest", earliest + BATCH_MS)):
        median, p95, most = np.percentile(delays, (50, 95, 100))
        print(
            f"  {events} events in {len(delays)} packets, {name:8}  "
            f"median {median:5.1f} ms   p95 {p95:5.1f} ms   max {most:5.1f} ms"
        )
    return bool(np.percentile(earliest + BATCH_MS, 95) <= TARGET_MS) and not figures.lost_samples


def main() -> int:
    parser = argparse.ArgumentParser(description="How long a host event takes.")
    parser.add_argument("--scenario", default="squats")
    options = parser.parse_args()
    met = True
    with tempfile.TemporaryDirectory() as folder:
        for raw in (True, False):
            one = asyncio.run(measured(options.scenario, raw, Path(folder)))
            met &= show("with raw stream" if raw else "angles only", one)
    print(f"target: p95 <= {TARGET_MS:.0f} ms and none lost: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
