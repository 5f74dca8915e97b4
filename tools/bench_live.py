#!/usr/bin/env python3
"""How long a host event takes, in real time, through the whole chain.

    python tools/bench_live.py [--scenario SCENARIO]

A simulated band does its calibration movements, then a set in real time: register model, firmware
under MicroPython, Bluetooth paced like a real one, bleak, decoder, analyzer, log on the disk. Once
with the raw stream and once without, one leg and two. An event's latency is counted twice:

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
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kneecore import wire
from kneetrack import live
from kneetrack.analysis.trace import calibrate
from kneetrack.calibration import runner
from kneetrack.cli.session import Leg, leg_for
from kneetrack.link import Link, open_links
from kneetrack.sessionlog import SessionWriter

BATCH_MS = wire.KNEE_SAMPLES_PER_PACKET * wire.KNEE_PERIOD_US / 1e3
TARGET_MS = 60.0 + BATCH_MS


@dataclass(frozen=True, slots=True)
class Measured:
    connected_s: float
    legs: tuple[live.Figures, ...]


async def measured(scenario: str, raw: bool, legs: int, folder: Path) -> Measured:
    """One session: connect, calibrate as fast as it goes, record the rest in real time."""
    mark = "&" if "?" in scenario else "?"
    addresses = [f"sim:{scenario}{mark}side={side}" for side in ("right", "left")[:legs]]
    begun_s = time.monotonic()
    async with AsyncExitStack() as stack:
        links = [await stack.enter_async_context(link) for link in open_links(addresses)]
        connected_s = time.monotonic() - begun_s
        ready = [await calibrated(link) for link in links]
        path = folder / f"{legs}_{raw}.mcap"
        with SessionWriter(path, {"exercise": ready[0].analyzer.exercise}) as writer:
            figures = await asyncio.gather(
                *(
                    live.record(
                        leg.link,
                        leg.analyzer,
                        writer=writer,
                        calibration=leg.calibration and leg.calibration.calibration,
                        raw=raw,
                    )
                    for leg in ready
                )
            )
    return Measured(connected_s, tuple(figures))


async def calibrated(link: Link) -> Leg:
    """Calibrated; what is to look on, and with what."""
    made = await runner.of_simulated(link, calibrate)
    assert link.scenario is not None
    return leg_for(link, link.scenario.side, None, made)


def show(title: str, one: Measured) -> bool:
    """Print one session's figures; whether the target is met, by the pessimistic count."""
    legs = one.legs
    # The events of one packet share its delay: a set's end, with all reps revised, counts once.
    delays_s = [np.unique(leg.event_delays_s) for leg in legs]
    earliest = np.concatenate(delays_s) * 1e3
    events = sum(len(leg.event_delays_s) for leg in legs)
    packets, samples = sum(leg.packets for leg in legs), sum(leg.knee_samples for leg in legs)
    lost = sum(leg.lost_samples for leg in legs)
    duration_s = max(leg.duration_s for leg in legs)
    print(
        f"{title}: connected in {one.connected_s:.2f} s; {packets} packets in {duration_s:.1f} s = "
        f"{packets / duration_s:.1f} a second; {samples} knee samples = "
        f"{samples / duration_s:.1f} a second, {lost} lost"
    )
    for name, delays in (("earliest", earliest), ("latest", earliest + BATCH_MS)):
        median, p95, most = np.percentile(delays, (50, 95, 100))
        print(
            f"  {events} events in {len(delays)} packets, {name:8}  "
            f"median {median:5.1f} ms   p95 {p95:5.1f} ms   max {most:5.1f} ms"
        )
    return bool(np.percentile(earliest + BATCH_MS, 95) <= TARGET_MS) and not lost


def main() -> int:
    parser = argparse.ArgumentParser(description="How long a host event takes.")
    parser.add_argument("--scenario", default="squats")
    options = parser.parse_args()
    met = True
    with tempfile.TemporaryDirectory() as folder:
        for legs in (1, 2):
            for raw in (True, False):
                one = asyncio.run(measured(options.scenario, raw, legs, Path(folder)))
                title = ("one leg", "two legs")[legs - 1] + (", with raw" if raw else ", angles")
                met &= show(title, one)
    print(f"target: p95 <= {TARGET_MS:.0f} ms and none lost: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
