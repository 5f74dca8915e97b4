#!/usr/bin/env python3
"""What strikes a session, and what is in its log then: all of it, once, in order?

    python tools/bench_faults.py                    the matrix, some minutes
    python tools/bench_faults.py outage-60 loss-20  some rows

Each row is a session of the real firmware on the simulated band, over software Bluetooth, recorded
by what `kneetrack record` runs, faster than real time; the fault strikes in the set. Counted
is what stands in the log's own bytes (live packets and fetched blocks, by the number that the band
gave each sample), and then once more what analysis reads from it, in order:

produced    knee samples that the band measured between START and its end, by its own account; of a
            start of the band that ended without warning: those up to the newest that got out
missing     of those, what the log does not hold
twice       samples that analysis is given more than once
order       samples that analysis is given out of order

A machine too slow for `--speed` lets the simulated FIFOs run over, as a band would that computes too
long: such a row is marked, and tells nothing of the link.

The host is killed over the cable, for there the band lives on without it; what it measured then is
fetched by `kneetrack sync`, and the two logs are counted together.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kneecore import wire
from kneecore.blocks import read_block
from kneetrack import live
from kneetrack.analysis.log import log_samples
from kneetrack.analysis.trace import calibrate, reference_of
from kneetrack.calibration import runner
from kneetrack.detection import Analyzer
from kneetrack.errors import KneeTrackError
from kneetrack.link import open_link
from kneetrack.protocol import read_status
from kneetrack.samples import Channel
from kneetrack.sessionlog import SessionWriter, read_log

SPEED = 2.0
INTO_THE_SET_S = 8.0
_HEADER = wire.PACKET_HEADER
_KNEE = wire.KNEE_SAMPLE.size

Fault = Callable[[Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Case:
    scenario: str
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    produced: int
    logged: int
    missing: int
    fetched: int
    twice: int
    disordered: int
    overruns: int


# --- faults ---------------------------------------------------------------------------------------


def outage(duration_s: float) -> Fault:
    async def strike(link: Any) -> None:
        await link.outage(duration_s)

    return strike


async def reboot(link: Any) -> None:
    await link.cut_power()
    await link.sleep(2.0)
    await link.power_on()


def dead_for(duration_s: float) -> Fault:
    """Out of reach, and then without power, too."""

    async def strike(link: Any) -> None:
        away = asyncio.create_task(link.outage(duration_s))
        await link.sleep(duration_s * 0.8)
        await link.cut_power()
        await away
        await link.power_on()

    return strike


def sets(reps: int, more: str = "") -> str:
    return f"squats?reps={reps}{more}"


CASES = {
    "quiet": Case(sets(8)),
    **{f"loss-{share}": Case(sets(10, f"&loss={share / 100}")) for share in (1, 5, 10, 20)},
    **{
        f"outage-{duration_s}": Case(sets(12 + duration_s // 4), outage(duration_s))
        for duration_s in (1, 3, 10, 30, 60, 120)
    },
    "loss-10 + outage-30": Case(sets(20, "&loss=0.1"), outage(30)),
    "band rebooted": Case(sets(14), reboot),
    "outage, power cut": Case(sets(16), dead_for(20)),
}


# --- one session ----------------------------------------------------------------------------------


async def recorded(case: Case, path: Path, speed: float) -> None:
    """Record it, with what strikes it. Raises what ended the recording."""
    mark = "&" if "?" in case.scenario else "?"
    async with open_link(f"sim:{case.scenario}{mark}speed={speed}") as link:
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
        with SessionWriter(path, {"exercise": known.exercise}) as writer:
            fault = asyncio.create_task(_strike(link, case.fault))
            try:
                await live.record(
                    link, analyzer, writer=writer, calibration=made.calibration, raw=False
                )
            finally:
                fault.cancel()
                (struck,) = await asyncio.gather(fault, return_exceptions=True)
        if isinstance(struck, Exception):
            raise AssertionError("what was to strike it failed") from struck


async def _strike(link: Any, fault: Fault | None) -> None:
    if fault is not None:
        await link.sleep(INTO_THE_SET_S)
        await fault(link)


# --- counting -------------------------------------------------------------------------------------


def counted(path: Path) -> Counted:
    """What stands in the log of one session."""
    have: dict[int, set[int]] = {}
    told: dict[int, tuple[int, int]] = {}
    fetched = overruns = 0
    begun = False  # by its START: answers to what was before are in the log, too
    for _, packet in read_log(path):
        data = packet.data
        if packet.channel is Channel.MEASUREMENT:
            boot_id, _, time_us, period_us, _ = _HEADER.unpack_from(data)
            first = time_us // period_us
            count = (len(data) - _HEADER.size) // _KNEE
            have.setdefault(boot_id, set()).update(range(first, first + count))
        elif packet.channel is Channel.TRANSFER and data[0] == wire.TRANSFER_BLOCK:
            boot_id, first, _, samples = read_block(data[wire.BLOCK_HEAD :])
            numbers = set(range(first, first + len(samples) // _KNEE))
            fetched += len(numbers - have.setdefault(boot_id, set()))
            have[boot_id] |= numbers
        elif packet.channel is Channel.CONTROL:
            begun = begun or data[:2] == bytes([wire.OP_RESPONSE, wire.OP_START])
            recording = _recording_in(data) if begun else None
            if recording is not None:
                first, end = recording.first_number, recording.end_number
                known = told.get(recording.boot_id, (first, end))
                told[recording.boot_id] = min(known[0], first), max(known[1], end)
            status = read_status(data[1:]) if data[:1] == bytes([wire.OP_STATUS]) else None
            overruns += status.overruns if status is not None else 0
    produced = logged = 0
    for boot_id, numbers in have.items():
        first, end = told.get(boot_id, (min(numbers), 0))
        produced += max(end, max(numbers) + 1) - first
        logged += len(numbers)
    twice = disordered = 0
    before_s = float("-inf")
    seen: set[int] = set()
    for sample in log_samples(path):
        twice += sample.number in seen
        disordered += sample.time_s <= before_s
        seen.add(sample.number)
        before_s = sample.time_s
    return Counted(produced, logged, produced - logged, fetched, twice, disordered, overruns)


def _recording_in(data: bytes) -> Any | None:
    """The wire.RECORDING in an answer, where there is one."""
    if len(data) != 3 + wire.RECORDING.size or data[2] != wire.RESULT_SUCCESS:
        return None
    return wire.RECORDING.unpack_from(data, 3)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(CASES))
    parser.add_argument("--speed", type=float, default=SPEED, help="times real time")
    asked = parser.parse_args()
    unknown = [row for row in asked.rows if row not in CASES]
    if unknown:
        parser.error(f"no row {unknown[0]}; there are {', '.join(CASES)}")
    print(
        f"{'fault':<22}{'produced':>9}{'in the log':>11}{'missing':>9}{'fetched':>9}"
        f"{'twice':>7}{'order':>7}{'took':>7}"
    )
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        for row in asked.rows or CASES:
            path = Path(folder) / f"{row.replace(' ', '_')}.mcap"
            began_s = time.monotonic()
            note = ""
            try:
                asyncio.run(recorded(CASES[row], path, asked.speed))
            except KneeTrackError as error:
                note = f"  {error}"
            one = counted(path)
            note += "  machine too slow" if one.overruns else ""
            missed += one.missing + one.twice + one.disordered
            print(
                f"{row:<22}{one.produced:>9}{one.logged:>11}{one.missing:>9}{one.fetched:>9}"
                f"{one.twice:>7}{one.disordered:>7}{time.monotonic() - began_s:>6.0f}s{note}",
                flush=True,
            )
    return 1 if missed else 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
