#!/usr/bin/env python3
"""How soon a cue is called for, in real time, through the whole chain.

    python tools/bench_cue.py [--sets N] [--when after|during|both] [--no-raw] [--virtual]

A simulated band does its calibration movements as fast as it goes, then a set in real time:
register model, firmware under MicroPython, Bluetooth paced like a real one, bleak, decoder,
analyzer, log on the disk. In some of its reps the knee moves inward; each of these gets its cue,
as soon as the excursion has held (during) or when the rep is over (after).

    latency     from the instant of the sample that completes the criterion, in the band's own time,
                to the call of the sounder. The sample had to wait for its packet to fill: up to
                77 ms of it are the batch, so the target is that of any host event, 60 + 77 ms.
    heard       and to where the sounder's own thread has the terminal's bell rung: the least that a
                way of hearing it adds. A player's or voice's own start is not in it.

With --virtual the session runs in virtual time, where computing costs nothing: what is left is the
batch and the radio. To it the processor time is added that this process spent on the packet, from
its being written to the log to the call: a figure that does not depend on what else the machine
does, but lacks what bleak and the operating system take.

Cues at the source's end are left out: nothing but its end brings them. The board's clock and the
host's are one here, and this machine does the work of both; the microcontroller's own time for a
sample is in tools/bench_firmware.py.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kneecore import wire
from kneetrack import live
from kneetrack.analysis.trace import calibrate
from kneetrack.calibration import runner
from kneetrack.cli.session import leg_for
from kneetrack.cue import Coach, Cue, Kind, Plan, Policy, When
from kneetrack.cue.sounding import By, Sounder
from kneetrack.link import open_links
from kneetrack.link.radio import virtual
from kneetrack.samples import Packet, Side
from kneetrack.sessionlog import SessionWriter

BATCH_MS = wire.KNEE_SAMPLES_PER_PACKET * wire.KNEE_PERIOD_US / 1e3
TARGET_MS = 60.0 + BATCH_MS
SCENARIO = "squats?valgus=12&reps=12&seed={seed}"


class TimedWriter(SessionWriter):
    """Remembers when, in this thread's processor time, the newest packet came: it is told first."""

    began_s = 0.0

    def packet(self, side: Side, packet: Packet) -> int:
        self.began_s = time.thread_time()
        return super().packet(side, packet)


@dataclass
class Measured:
    called_s: list[float] = field(default_factory=list[float])
    heard_s: list[float] = field(default_factory=list[float])
    worked_s: list[float] = field(default_factory=list[float])
    cues: list[Cue] = field(default_factory=list[Cue])


async def measured(
    scenario: str, when: When, raw: bool, path: Path, into: Measured, in_virtual_time: bool
) -> None:
    """One set; its cues and how late they were are put into `into`."""
    rung: list[float] = []
    called: list[float] = []

    def bell() -> bool:
        rung.append(time.monotonic())
        return True

    (opened,) = open_links([f"sim:{scenario}"])
    async with opened as link:
        made = await runner.of_simulated(link, calibrate)
        assert link.scenario is not None
        leg = leg_for(link, link.scenario.side, None, made)
        with (
            Sounder(By.BELL, "", bell=bell) as sounder,
            TimedWriter(path, {"exercise": "squat"}) as writer,
        ):

            def sound(cue: Cue) -> None:
                source_s = link.source_s(link.now_s())
                assert source_s is not None
                if cue.kind is Kind.SET:
                    return
                worked_s = time.thread_time() - writer.began_s if in_virtual_time else 0.0
                into.called_s.append(source_s - cue.time_s + worked_s)
                into.worked_s.append(worked_s)
                into.cues.append(cue)
                called.append(time.monotonic())
                sounder.sound(cue)

            await live.record(
                link,
                leg.analyzer,
                writer=writer,
                calibration=leg.calibration and leg.calibration.calibration,
                raw=raw,
                cues=live.Cues(Coach(Plan(Policy.EVERY, when), link.scenario.windows), sound),
            )
    if in_virtual_time:
        return
    into.heard_s += [
        late + (at - since)
        for late, since, at in zip(into.called_s[-len(rung) :], called, rung, strict=True)
    ]


def show(title: str, one: Measured) -> bool:
    """Print the figures; whether the target is met."""
    if not one.called_s:
        print(f"{title}: no cues")
        return False
    for name, late_s in (
        ("called", one.called_s),
        ("heard", one.heard_s),
        ("of it processor time", one.worked_s if any(one.worked_s) else []),
    ):
        if not late_s:
            continue
        late = np.array(late_s) * 1e3
        median, p95, most = np.percentile(late, (50, 95, 100))
        print(
            f"{title}: {len(late):3} cues {name}: median {median:5.1f} ms   p95 {p95:5.1f} ms   "
            f"max {most:5.1f} ms"
        )
    return bool(np.percentile(np.array(one.called_s) * 1e3, 95) <= TARGET_MS)


def main() -> int:
    parser = argparse.ArgumentParser(description="How soon a cue is called for.")
    parser.add_argument("--sets", type=int, default=2, help="of each kind")
    parser.add_argument("--when", choices=[*When, "both"], default="both")
    parser.add_argument("--raw", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--virtual", action="store_true", help="in virtual time")
    options = parser.parse_args()
    met = True
    with tempfile.TemporaryDirectory() as folder:
        for when in When if options.when == "both" else [When(options.when)]:
            one = Measured()
            for seed in range(1, options.sets + 1):
                path = Path(folder) / f"{when}_{seed}.mcap"
                scenario = SCENARIO.format(seed=seed)
                run = virtual.run if options.virtual else asyncio.run
                run(measured(scenario, when, options.raw, path, one, options.virtual))
            met &= show(f"{when:6}", one)
    print(f"target: p95 of called <= {TARGET_MS:.0f} ms: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
