#!/usr/bin/env python3
"""How well each movement's repetitions are found, and how often a recording is taken for another.

    python tools/bench_movements.py [--seeds N] [--first SEED] [--data FOLDER] [--only NAME ...]

Simulated: every scenario of a movement in firmware/sim, N people each, from seed 101 on. The rules
and thresholds were made on seed 1 only. Real: the recordings of squats_from_markers, whose
repetitions are the complete bends of their optical knee angles (down and up by 40 deg or more), and
walk_xsens. The rules of the suggestion were made with these real recordings at hand (one person's
squats, seats and jumps; four people's walks): their rows show that it holds there, not that it
would with others.

    segmentation  the recording told as what it is; a repetition is found if a found one holds the
                  middle of it, or the other way round. Precision, recall, exact counts
    suggestion    the same recording told as "unknown": what `kneetrack analyze` takes it for.
                  "or alike": with what it says looks the same

Gait events are the matter of tools/bench_gait.py; here strides serve the suggestion only.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.signal import find_peaks

from kneetrack.analysis.trace import measure, session_of
from kneetrack.detection import LegResult
from kneetrack.detection.suggest import looks_like
from kneetrack.firmware_files import firmware_dir, run_micropython
from kneetrack.traces import Trace, read_trace

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FIRST_SEED = 101
SCENARIOS = {
    "squats": "squat",
    "loaded": "squat",
    "rerack": "squat",
    "hack_squat": "squat",
    "single_leg_squats": "single_leg_squat",
    "step_downs": "step_down",
    "step_ups": "step_up",
    "lunges": "lunge",
    "sit_to_stands": "sit_to_stand",
    "drop_jumps": "drop_jump",
    "walking": "walk",
    "running": "run",
    "balance": "balance",
    "lunge_test": "lunge_test",
}
LEAST_BEND_DEG = 40.0
LEAST_HOLD_S = 12.0  # 10 s, and the time that the weight takes to be over the foot
Spans = list[tuple[float, float]]


@dataclass
class Tally:
    """Of one movement on one kind of recordings."""

    given: int = 0
    found: int = 0
    matched: int = 0
    exact: int = 0
    recordings: int = 0
    taken_for: Counter[str] = field(default_factory=Counter[str])
    alike: int = 0


def simulated(name: str, seed: int, folder: Path) -> tuple[Trace, Spans]:
    """A scenario's trace, and where its repetitions are."""
    out = folder / f"{name}_{seed}"
    script = firmware_dir() / "sim" / "export.py"
    command = run_micropython([str(script), f"{name}?seed={seed}", str(out)])
    subprocess.run(
        command.arguments, env=command.environment, stderr=subprocess.DEVNULL, check=True
    )
    trace = read_trace(out.with_suffix(".csv"))
    truth = trace.truth or {}
    rows = [rep for rep in truth.get("reps", []) if rep["kind"] in ("set", "reference")]
    rows = truth.get("bouts") or rows
    spans = [(row["start_s"], row["end_s"]) for row in rows]
    if name == "balance":  # one of the four ends early, and is to be passed over
        spans = [span for span in spans if span[1] - span[0] >= LEAST_HOLD_S]
    return trace, spans


def recorded(path: Path) -> tuple[Trace, Spans]:
    """A real recording, and the complete bends of its optical angles, where it has any."""
    reference = path.with_name(f"{path.stem}.ref.csv")
    if not reference.exists() or path.stem.startswith("DJ"):
        return read_trace(path), []  # a bend is no landing: who jumps off bends before, too
    rows = np.genfromtxt(reference, delimiter=",", names=True)
    time_s, flexion = rows["time_s"], rows["flexion_deg"]
    straight, _ = find_peaks(-flexion, prominence=LEAST_BEND_DEG)
    ends = [at for at in (0, len(flexion) - 1) if flexion[at] < LEAST_BEND_DEG / 2]
    upright = sorted({*straight.tolist(), *ends})
    return read_trace(path), [(float(time_s[a]), float(time_s[b])) for a, b in pairwise(upright)]


def analysed(trace: Trace, exercise: str) -> LegResult:
    return session_of(measure(replace(trace, exercise=exercise))).legs[0].result


def add(tally: Tally, exercise: str, trace: Trace, given: Spans) -> None:
    """What one recording has to say."""
    tally.recordings += 1
    found = [(rep.start_s, rep.end_s) for rep in analysed(trace, exercise).reps]
    if given:
        left = list(found)
        for one in given:
            mate = next((other for other in left if _same(one, other)), None)
            if mate is not None:  # each found one answers for one given
                left.remove(mate)
        matched = len(found) - len(left)
        tally.given += len(given)
        tally.found += len(found)
        tally.matched += matched
        tally.exact += matched == len(given) == len(found)
    seen = looks_like(analysed(trace, "unknown"))
    tally.taken_for[seen.exercise if seen else "nothing"] += 1
    tally.alike += seen is not None and exercise in (seen.exercise, *seen.alike)


def _same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    middle, others = 0.5 * sum(one), 0.5 * sum(other)
    return one[0] <= others <= one[1] or other[0] <= middle <= other[1]


def real(folder: Path) -> Iterator[tuple[str, Path]]:
    names = {"squats": "squat", "STS": "sit_to_stand", "DJ": "drop_jump"}
    for path in sorted((folder / "squats_from_markers").glob("*[LR].csv")):
        yield next(word for start, word in names.items() if path.stem.startswith(start)), path
    for path in sorted((folder / "walk_xsens").glob("*.csv")):
        yield "walk", path


def show(title: str, tallies: dict[str, Tally]) -> None:
    print(f"\n{title}")
    print(
        f"  {'movement':17s} {'given':>5s} {'found':>5s} {'precision':>9s} {'recall':>6s} "
        f"{'exact':>7s}   taken for"
    )
    for name, one in tallies.items():
        counts = " ".join(f"{word} {n}" for word, n in one.taken_for.most_common())
        alike = f" (or alike: {one.alike} of {one.recordings})"
        if one.given:
            precision, recall = one.matched / max(1, one.found), one.matched / one.given
            figures = f"{one.given:5d} {one.found:5d} {precision:9.3f} {recall:6.3f} "
            figures += f"{one.exact:3d}/{one.recordings:<3d}"
        else:
            figures = f"{'-':>5s} {'-':>5s} {'-':>9s} {'-':>6s} {'-':>7s}"
        print(f"  {name:17s} {figures}   {counts}{alike}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--only", nargs="*", default=sorted(set(SCENARIOS.values())))
    options = parser.parse_args()

    made: dict[str, Tally] = {}
    chosen = [(name, word) for name, word in SCENARIOS.items() if word in options.only]
    with tempfile.TemporaryDirectory() as folder:
        for name, word in chosen:
            for seed in range(options.first, options.first + options.seeds):
                print(f"  {name}, seed {seed}    ", end="\r", file=sys.stderr, flush=True)
                add(made.setdefault(word, Tally()), word, *simulated(name, seed, Path(folder)))
    show(f"simulated, {options.seeds} people each from seed {options.first}", made)
    if not options.data.is_dir():
        print(f"\nno recordings in {options.data}: skipped")
        return 0
    there: dict[str, Tally] = {}
    for word, path in real(options.data):
        if word in options.only:
            add(there.setdefault(word, Tally()), word, *recorded(path))
    show("real", there)
    return 0


if __name__ == "__main__":
    sys.exit(main())
