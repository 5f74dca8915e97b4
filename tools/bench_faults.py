#!/usr/bin/env python3
"""What strikes a session, and what is in its log then: all of it, once, in order?

    python tools/bench_faults.py                    the matrix, some minutes
    python tools/bench_faults.py outage-60 loss-20  some rows

Each row is a session of the real firmware on the simulated band (tools/faulty_sessions.py), in
virtual time, so a busy machine changes no figure; what strikes it does so in the set. The host is
killed over a cable, in real time: what the band measured then is fetched by `kneetrack sync`, and
the two logs are counted together.

produced    knee samples that the bands measured between START and the end, or a cut of their power
in the log  of those, how many the log holds, and how many of them were fetched later
missing     what it does not hold, though the band kept it
gone        what was not on the band's flash yet when its power went: a second's worth, at most 1.5
twice       samples that analysis is given more than once
order       samples that analysis is given out of order
whole       how long after the fault, or after the set, nothing was missing any more; virtual time

Exits with 1 where anything is missing that the band still had, or twice, or out of order.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from pathlib import Path

from faulty_sessions import (
    Case,
    Counted,
    Struck,
    counted,
    dead_after,
    outage,
    outages,
    reboot,
    recorded,
)
from kneetrack.analysis.trace import calibrate
from kneetrack.calibration.store import CalibrationFile
from kneetrack.errors import KneeTrackError
from kneetrack.link.radio import virtual
from kneetrack.samples import Side
from kneetrack.traces import read_trace
from sim import export, scenarios

PERSON = "squats?reps=0&functional=3&table=3&seed=5"
REP_S = 4.0
BOTH = (Side.LEFT, Side.RIGHT)


def reps_for(duration_s: float) -> int:
    """Squats that go on for some time after a fault of that length."""
    return round((duration_s + 20.0) / REP_S)


CASES = {
    "quiet": Case(6),
    **{f"loss-{share}": Case(8, options=f"&loss={share / 100}") for share in (1, 5, 10, 20)},
    **{
        f"outage-{duration_s}": Case(reps_for(duration_s), outage(duration_s))
        for duration_s in (1, 3, 10, 30, 60, 120)
    },
    "outages 10, 5, 2": Case(reps_for(25), outages(10.0, 5.0, 2.0)),
    "outage-15 over the end": Case(3, outage(15.0)),
    "loss-10 + outage-30": Case(reps_for(30), outage(30.0), "&loss=0.1"),
    "band rebooted": Case(reps_for(3), reboot),
    "outage-5, power cut": Case(reps_for(10), dead_after(5.0)),
    "outage-45, power cut": Case(reps_for(50), dead_after(45.0)),
    "two legs, one outage-10": Case(reps_for(10), outage(10.0), sides=BOTH),
}
KILLED = "host killed"
ROWS = (*CASES, KILLED)


def person(folder: Path) -> CalibrationFile:
    """Who squats, and how the right leg's band is calibrated."""
    export.export(scenarios.make_from_address(PERSON), str(folder / "person"), lambda _: None)
    return calibrate(read_trace(folder / "person.csv"))


def struck_by(row: str, made: CalibrationFile, folder: Path) -> tuple[Counted, float | None]:
    """What came of that row; how long until it was whole."""
    if row == KILLED:
        from killed_host import killed

        return counted(asyncio.run(killed(folder)), Struck()), None
    path = folder / f"{row.replace(' ', '_')}.mcap"
    struck, whole_s = virtual.run(recorded(CASES[row], made, path))
    return counted([path], struck), whole_s


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    asked = parser.parse_args()
    unknown = [row for row in asked.rows if row not in ROWS]
    if unknown:
        parser.error(f"no row {unknown[0]}; there are {', '.join(ROWS)}")
    print(
        f"{'fault':<24}{'produced':>9}{'in the log':>11}{'fetched':>9}{'missing':>9}{'gone':>6}"
        f"{'twice':>7}{'order':>7}{'whole':>9}{'took':>7}"
    )
    held = True
    with tempfile.TemporaryDirectory() as folder:
        made = person(Path(folder))
        for row in asked.rows or ROWS:
            began_s = time.monotonic()
            one, whole_s, note = Counted(), None, ""
            try:
                one, whole_s = struck_by(row, made, Path(folder))
            except KneeTrackError as error:
                note = f"  {error}"
            note += f"  {one.overruns} overruns" if one.overruns else ""
            held = held and one.held
            whole = "" if whole_s is None else f"{whole_s:.1f} s"
            print(
                f"{row:<24}{one.produced:>9}{one.logged:>11}{one.fetched:>9}{one.missing:>9}"
                f"{one.gone:>6}{one.twice:>7}{one.disordered:>7}{whole:>9}"
                f"{time.monotonic() - began_s:>5.0f} s{note}",
                flush=True,
            )
    return 0 if held else 1


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
