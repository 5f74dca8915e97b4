#!/usr/bin/env python3
"""How soon the band's own cue comes, and whether it is the one that the host would have given.

    python tools/bench_band_cue.py [--people N] [--reps N] [--haptic none|da7280]

Simulated people, each of another seed and size of inward movement, are calibrated; the band gets
the reference and cues by itself (`record --cue every --cue-by band`). The firmware runs in virtual
time, where the bus charges its transfers, and computing what the stages are estimated to take on an
ESP32-S3 (below).

    motion to pin  from the instant of the knee sample that completes the criterion to the rising
                   edge of the motor's pin, or to the first current of the haptic board, both by the
                   board's clock. In it: the sample after it, for the resampling; the wait for the
                   next poll (up to 20 ms); the bus; computing; of the board two writes and the
                   chip's own start (0.75 ms, `firmware/sim/haptic_model.py`).
    agreement      the host's Coach (`cue.coach`, during reps) folds the recorded samples with the
                   same reference: each cue of either must be the other's, at the same sample or one
                   beside it (the band goes by angles of finer steps). Then the reps: was each cued
                   just when its excursion, or in the end its verdict, was beyond the limits? The
                   reasons are those of tools/bench_cue_agreement.py, which asks many more people.

Stage times. `firmware/sim/stage_times.py`, as tools/bench_firmware.py estimates them: all stages of
the loop, what is in none, and garbage collection. No board; the wait for the poll is most of it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.progress import track

from bench_cue_agreement import Tally, judge, told
from kneecore import cueing, wire
from kneetrack import live
from kneetrack.analysis.log import log_samples
from kneetrack.analysis.trace import calibrate, reference_of
from kneetrack.calibration import runner
from kneetrack.cli.session import leg_for
from kneetrack.cue import Coach, Kind, Plan, Policy, When
from kneetrack.cue.on_band import reference_records
from kneetrack.detection import Analyzer
from kneetrack.link import open_links
from kneetrack.link.sim import SimLink
from kneetrack.live import commands
from kneetrack.samples import KneeSample
from kneetrack.sessionlog import SessionWriter

CHIP = "esp32s3"
TARGET_MS = 30.0
PERIOD_S = wire.KNEE_PERIOD_US * 1e-6


@dataclass
class Found:
    late_ms: list[float] = field(default_factory=list[float])
    cues: int = 0
    agreed: int = 0
    only_band: int = 0
    only_host: int = 0
    reps: Tally = field(default_factory=Tally)


async def one_person(scenario: str, path: Path, found: Found) -> None:
    (opened,) = open_links([f"sim:{scenario}"])
    async with opened as link:
        assert isinstance(link, SimLink) and link.scenario is not None
        made = await runner.of_simulated(link, calibrate)
        reference = reference_of(made)
        assert reference is not None
        calibration_id = made.calibration.calibration_id
        await commands.set_calibration(link, made.calibration)
        await commands.set_reference(link, reference_records(reference, calibration_id))
        await commands.set_cue(link, wire.CUE_EVERY, keep=False)
        leg = leg_for(link, link.scenario.side, None, made)
        with SessionWriter(path, {"exercise": "squat"}) as writer:
            await live.record(
                link, leg.analyzer, writer=writer, calibration=made.calibration, raw=False
            )
        edges_us = await link.cued_us()
    analyzer = Analyzer(leg.analyzer.side, reference=reference)
    coach = Coach(Plan(Policy.EVERY, When.DURING))
    samples = [one for one in log_samples(path) if isinstance(one, KneeSample)]
    _, cues = coach.feed_all(analyzer, samples)
    ours = [round(cue.time_s / PERIOD_S) for cue in cues if cue.kind is Kind.DURING]
    at = {round(sample.time_s / PERIOD_S): sample for sample in samples}
    marked = [
        number
        for number, sample in at.items()
        if sample.flags & wire.FLAG_CUED
        and not (number - 1 in at and at[number - 1].flags & wire.FLAG_CUED)
    ]
    theirs = [number - 1 for number in marked]
    shift = {round(s.time_s / PERIOD_S): s.number for s in samples}
    found.cues += len(theirs)
    agreed = [n for n in theirs if any(abs(n - m) <= 1 for m in ours)]
    found.agreed += len(agreed)
    found.only_band += len(theirs) - len(agreed)
    found.only_host += sum(not any(abs(n - m) <= 1 for n in theirs) for m in ours)
    analyzer.flush()
    theirs_s = [at[number].time_s for number in theirs]
    for rep in analyzer.result().reps:
        cued = any(rep.start_s < at_s <= rep.end_s for at_s in theirs_s)
        judge(rep, cueing.INWARD if cued else cueing.NOTHING, samples, reference, found.reps)
    for number, edge_us in zip(theirs, edges_us, strict=True):
        found.late_ms.append((edge_us - shift[number] * wire.KNEE_PERIOD_US) * 1e-3)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--reps", type=int, default=12)
    parser.add_argument("--haptic", choices=("none", "da7280"), default="none")
    options = parser.parse_args()
    os.environ["KNEETRACK_COMPUTE"] = CHIP
    found = Found()
    with tempfile.TemporaryDirectory() as folder:
        for seed in track(range(options.people), "People", transient=True):
            valgus = 5 + seed % 8
            side = ("right", "left")[seed % 2]
            scenario = f"squats?reps={options.reps}&valgus={valgus}&seed={seed}&side={side}"
            scenario += f"&haptic={options.haptic}"
            path = Path(folder) / f"{seed}.mcap"
            asyncio.run(one_person(f"{scenario}&speed=max", path, found))
    median, p95, most = np.percentile(found.late_ms, (50, 95, 100))
    print(
        f"motion to pin, {len(found.late_ms)} cues: median {median:.1f} ms, p95 {p95:.1f} ms, "
        f"most {most:.1f} ms (target {TARGET_MS:.0f})"
    )
    print(
        f"agreement with the host: {found.agreed} of {found.cues} at the same sample or one beside "
        f"it; the band's alone {found.only_band}, the host's alone {found.only_host}"
    )
    reps = found.reps
    print(f"excursion of the rep: {told(reps.excursion, reps.reps)}")
    print(f"its verdict: {told(reps.verdict, reps.reps - reps.verdict['doubtful'])}")
    return 0 if p95 <= TARGET_MS and not found.only_band + found.only_host else 1


if __name__ == "__main__":
    sys.exit(main())
