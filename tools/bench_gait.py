#!/usr/bin/env python3
"""How well strides are found: on simulated people whose every contact is known, and on real walks.

    python tools/bench_gait.py [--people N] [--seed S] [--data FOLDER | --no-data]

Simulated  people of firmware/sim/gait.py walk and run, at several cadences, either leg, with turns
           and stops; measured as any trace is. A contact counts as found within 0.15 s of the
           truth. The seeds are not those with which thresholds were chosen (1 to 3). When a foot
           touches and leaves the ground, against the turning points of the shank's rate, is each
           simulated person's own, drawn after the literature: errors hold as far as that does.
Real       ../shared/data: nobody knows the contacts there. How regular strides are, and how far
           contacts are from what the shank's raw accelerometer says by itself: the hardest shaking
           in the 0.45 s before each time the shank is quiet (mid-stance). A blow reaches the shank
           some time after the first touch, and its middle is later still: the same amount in all
           strides is no error of either, the spread is one of both.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from kneetrack.analysis.trace import measure, session_of
from kneetrack.insight.strides import are_strides, summarise_strides
from kneetrack.samples import Rep
from kneetrack.traces import onto_grid, read_trace
from sim import export, scenarios

Floats = NDArray[np.float64]

SEED = 101
NEAR_S = 0.15
WALKS = ("", "cadence=80", "cadence=130", "side=left&cadence=100")
RUNS = ("", "cadence=150", "side=left&cadence=185")
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

QUIET_S = 0.15
BEFORE_S = 0.45
_SIGNAL: Any = signal


@dataclass
class Tally:
    """Errors in s, and counts, over all people of one kind."""

    contacts: list[float] = field(default_factory=list)
    missed: int = 0
    extra: int = 0
    offs: list[float] = field(default_factory=list)
    offs_given: int = 0
    steady: int = 0
    steady_counted: int = 0
    other: int = 0
    other_apart: int = 0
    inward: list[float] = field(default_factory=list)

    def add(self, reps: Sequence[Rep], truth: Sequence[dict[str, Any]]) -> None:
        found = contacts_of(reps)
        given = [row["contact_s"] for row in truth]
        errors, missed, extra = matched(given, found, NEAR_S)
        self.contacts += errors
        self.missed += missed
        self.extra += extra
        given_offs = [row["foot_off_s"] for row in truth if row["foot_off_s"] is not None]
        stances = [(rep.start_s, rep.measures.get("stance_s")) for rep in reps]
        offs = [start_s + stance_s for start_s, stance_s in stances if stance_s is not None]
        self.offs += matched(given_offs, offs, NEAR_S)[0]
        self.offs_given += len(given_offs)
        off: list[float] = []
        for row in truth:
            rep = next((r for r in reps if abs(r.start_s - row["contact_s"]) < NEAR_S), None)
            if rep is None or row["end_s"] is None:
                continue
            if row["steady"]:
                self.steady += 1
                self.steady_counted += not rep.doubt
            else:
                self.other += 1
                self.other_apart += bool(rep.doubt)
            if not rep.doubt and rep.valgus_excursion_deg is not None:
                off.append(rep.valgus_excursion_deg - row["valgus_deg"])
        if off:
            self.inward.append(float(np.mean(off)))

    def told(self, name: str) -> list[str]:
        contacts, offs = len(self.contacts), len(self.offs)
        return [
            f"{name}: {contacts + self.missed} contacts given, recall "
            f"{contacts / (contacts + self.missed):.4f}, precision "
            f"{contacts / (contacts + self.extra):.4f}",
            f"  contact   {spread(self.contacts)}",
            f"  foot-off  {spread(self.offs)}, {offs} of {self.offs_given} found",
            f"  steady strides counted {self.steady_counted} of {self.steady} (the first of a bout "
            f"never is); turns and stops not counted {self.other_apart} of {self.other}",
            "  average inward angle from contact, off the given one, by person: "
            + ", ".join(f"{value:+.1f}°" for value in self.inward),
        ]


def contacts_of(reps: Iterable[Rep]) -> list[float]:
    """Every contact once: a stride ends where its next begins."""
    return sorted({round(at, 4) for rep in reps for at in (rep.start_s, rep.end_s)})


def matched(
    given: Sequence[float], found: Sequence[float], near_s: float
) -> tuple[list[float], int, int]:
    """(found minus given, how many were missed, how many there were besides)."""
    errors: list[float] = []
    used: set[int] = set()
    at = np.array(found)
    for instant in given:
        if not len(at):
            break
        nearest = int(abs(at - instant).argmin())
        if nearest not in used and abs(at[nearest] - instant) <= near_s:
            used.add(nearest)
            errors.append(float(at[nearest] - instant))
    return errors, len(given) - len(errors), len(found) - len(used)


def spread(errors_s: Sequence[float]) -> str:
    ms = np.array(errors_s) * 1e3
    if not len(ms):
        return "none"
    return (
        f"off by {ms.mean():+.0f} ms on average, sd {ms.std():.0f}, "
        f"95 % within {np.percentile(abs(ms), 95):.0f}, all within {abs(ms).max():.0f}"
    )


def simulated(kind: str, seed: int, options: str, folder: Path) -> tuple[Sequence[Rep], Any]:
    """One person's bout, measured."""
    base = f"{kind}?seed={seed}&sets=2&strides=30&turns=12&functional=3&table=3"
    scenario = scenarios.make_from_address(f"{base}&{options}" if options else base)
    stem = folder / f"{kind}{seed}"
    export.export(scenario, str(stem), lambda _: None)
    result = session_of(measure(read_trace(stem.with_suffix(".csv"))))
    return result.legs[0].result.reps, scenario.info["truth"]["strides"]


def shaken(times: Floats, acc: Floats, inside: NDArray[np.bool_]) -> list[float]:
    """Contacts by the accelerometer alone: see above. `inside` is where somebody walks."""
    fs = 1.0 / float(np.median(np.diff(times)))
    size = np.linalg.norm(acc, axis=1)
    fast = _SIGNAL.sosfiltfilt(_SIGNAL.butter(2, 8, "high", fs=fs, output="sos"), size)
    slow = _SIGNAL.sosfiltfilt(_SIGNAL.butter(2, 5, "low", fs=fs, output="sos"), size)

    def averaged(values: Floats, over_s: float) -> Floats:
        count = max(1, round(over_s * fs))
        return np.convolve(values, np.ones(count) / count, "same")

    shaking = averaged(fast * fast, 0.03)
    busy = np.sqrt(averaged((slow - np.median(slow[inside])) ** 2, 0.1))
    busy += np.sqrt(averaged(fast * fast, 0.1))
    quiet = inside & (busy < np.percentile(busy[inside], 35))
    edges = np.diff(np.concatenate(([0], quiet.astype(int), [0])))
    found: list[float] = []
    for begin, end in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        first = max(0, begin - round(BEFORE_S * fs))
        if end - begin >= QUIET_S * fs and begin - first > 4:
            found.append(float(times[first + int(shaking[first:begin].argmax())]))
    return found


def real(path: Path, exercise: str) -> str:
    """One line of a real recording."""
    trace = read_trace(path)
    measured = measure(trace)
    measured = replace(measured, trace=replace(trace, exercise=exercise))
    reps = session_of(measured).legs[0].result.reps
    if not are_strides(reps):
        return f"{path.stem:26} no strides"
    whole = summarise_strides(reps)
    stride, stance = whole.of("stride_s"), whole.of("stance_percent")
    times, rows = onto_grid(trace)
    inside = np.zeros(len(times), dtype=np.bool_)
    for rep in reps:
        inside |= (times >= rep.start_s - 0.5) & (times <= rep.end_s + 0.5)
    found = contacts_of(reps)
    errors, _, others = matched(found, shaken(times, rows[:, 9:12], inside), 0.25)
    ms = np.array(errors) * 1e3
    quarters = np.percentile(ms, (25, 50, 75)) if len(ms) else np.full(3, np.nan)
    return (
        f"{path.stem:26} {whole.found:3} strides, {whole.counted:3} counted; stride "
        f"{stride.mean if stride else 0:.2f} s, CV "
        f"{100 * (stride.sd or 0) / stride.mean if stride else 0:.1f} %, stance "
        f"{stance.median if stance else 0:.0f} %; accelerometer: {len(errors)} of {len(found)} "
        f"contacts ({others} besides), {quarters[1]:+.0f} ms (middle half "
        f"{quarters[0]:+.0f} to {quarters[2]:+.0f})"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=4, metavar="N", help="of each kind")
    parser.add_argument("--seed", type=int, default=SEED, help="of the first person")
    parser.add_argument("--data", type=Path, default=DATA, help="where the recordings are")
    parser.add_argument("--no-data", action="store_true", help="simulated people only")
    given = parser.parse_args()
    for kind, ways in (("walking", WALKS), ("running", RUNS)):
        tally = Tally()
        with tempfile.TemporaryDirectory() as folder:
            for number in range(given.people):
                print(f"\r{kind}: person {number + 1} of {given.people} ", end="", file=sys.stderr)
                way = ways[number % len(ways)]
                tally.add(*simulated(kind, given.seed + number, way, Path(folder)))
        print(f"\r{' ' * 40}\r", end="", file=sys.stderr)
        print("\n".join(tally.told(f"{kind}, {given.people} simulated people")), flush=True)
    walks = sorted(given.data.glob("walk_xsens/*_[LR].csv"))
    legs = sorted(given.data.glob("legs_qmt/*_[LR].csv"))
    if given.no_data:
        return 0
    if not walks:
        print(f"No real walks under {given.data}: give their folder with --data.")
        return 0
    print("Real walks, no reference:")
    for path in (*walks, *legs):
        print(f"  {real(path, 'walk')}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
