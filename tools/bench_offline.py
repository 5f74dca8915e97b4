"""Does the offline analysis beat the online one, and where? Sessions with truth, landings, walks.

    python tools/bench_offline.py [--people N] [--seeds N] [--data FOLDER] [--only BLOCK ...]

squats    N sessions of each generator (tests/support/people, firmware/sim), soft tissue of 4 deg at
          90 and a load gain of 1.3: as they are, with the shank's heading drifting by 3 deg/min,
          and with a shank's gyroscope that warms up by 0.1 deg/s on each axis. RMSE of the angles
          over the sets, each angle's mean taken off, and of the reps' own excursions
landings  the drop jumps of squats_from_markers with modelled chips: RMSE with the joint-connection
          constraint and without
walks     walk_xsens, which has no reference: how steadily the heading drifts, how valgus and
          rotation scatter from stride to stride, how much of the knee's sideways acceleration both
          IMUs disagree about

tools/bench_accuracy.py compares online and offline on the optical squats. "Without" is the same
offline analysis under the name "unknown", for which the joint is never asked. Medians over
recordings; nothing is fitted to any of them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy import signal

from knee_accuracy import JUMPS, read, score, with_chip
from kneecore import wire
from kneetrack.analysis.acausal import orientations
from kneetrack.analysis.connection import Connection, Shaken, connection
from kneetrack.analysis.offline import measure_offline
from kneetrack.analysis.trace import MeasuredTrace, measure, session_of
from kneetrack.traces import Trace, onto_grid, read_trace
from kneetrack.traces.reader import FloatArray
from simulated_people import Person, Recorded, from_people, from_simulator

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
BLOCKS = ("squats", "landings", "walks")
TISSUE_DEG, LOAD_GAIN = 4.0, 1.3
DRIFT_DEG_MIN = 3.0
WARM_UP_DEG_S = 0.1
STRIDE_POINTS = 100

_signal: Any = signal


def drifting(trace: Trace) -> Trace:
    """The shank's gyroscope tells DRIFT_DEG_MIN too much about the vertical of the stance."""
    stand = next(one for one in trace.windows if one.kind == "stand")
    standing = (trace.time_s >= stand.start_s) & (trace.time_s <= stand.end_s)
    up = trace.shank_acc[standing].mean(axis=0)
    worn = (trace.time_s >= stand.start_s)[:, None]
    too_much = np.radians(DRIFT_DEG_MIN / 60.0) * up / np.linalg.norm(up)
    return replace(trace, shank_gyr=trace.shank_gyr + worn * too_much)


def warming(trace: Trace) -> Trace:
    """The shank's zero moves evenly from its table zero to WARM_UP_DEG_S more on each axis."""
    since = trace.time_s - trace.time_s[0]
    share = (since / since[-1])[:, None]
    return replace(trace, shank_gyr=trace.shank_gyr + np.radians(WARM_UP_DEG_S) * share)


CHANGES: dict[str, Callable[[Trace], Trace]] = {
    "as it is": lambda trace: trace,
    "heading drifts 3 deg/min": drifting,
    "shank warms up 0.1 deg/s": warming,
}


# --- squats --------------------------------------------------------------------------------------


def over_sets(measured: MeasuredTrace, recorded: Recorded) -> FloatArray:
    """(3,) deg: RMSE of the angles over the sets, each one's mean error taken off."""
    at = np.array([sample.time_s for sample in measured.samples])
    inside = np.zeros(len(at), dtype=np.bool_)
    for window in measured.trace.windows:
        if window.kind == "set":
            inside |= (at >= window.start_s) & (at <= window.end_s)
    found = np.array([sample[2:5] for sample in measured.samples])[inside]
    off = found - recorded.angles_at(at[inside])
    return (off - off.mean(axis=0)).std(axis=0)


def own_errors(measured: MeasuredTrace, recorded: Recorded) -> list[float]:
    """Own excursion less the true one, of each rep that was found and judged."""
    (leg,) = session_of(measured).legs
    found: list[float] = []
    for given in recorded.reps:
        for rep in leg.result.reps:
            if rep.start_s <= given.bottom_s <= rep.end_s and rep.own_excursion_deg is not None:
                found.append(rep.own_excursion_deg - given.excursion_deg)
    return found


def squats(people: int) -> None:
    print(f"{'squats':48}{'RMSE - mean: flexion valgus rotation':>38}{'own excursion':>16}")
    for generator in ("people", "simulator"):
        recordings = [_recorded(generator, seed) for seed in range(people)]
        for name, change in CHANGES.items():
            rows: dict[str, list[FloatArray]] = {"online": [], "offline": []}
            own: dict[str, list[float]] = {"online": [], "offline": []}
            for recorded in recordings:
                trace = change(recorded.trace)
                online = measure(trace)
                if online.calibration is None:
                    continue
                plain = measure_offline(trace, online.calibration, smooth=False)
                smooth = measure_offline(trace, online.calibration)
                for how, angles, reps in (("online", online, online), ("offline", smooth, plain)):
                    rows[how].append(over_sets(angles, recorded))
                    own[how] += own_errors(reps, recorded)
            for how in rows:
                print(
                    f"{generator + ', ' + name + ', ' + how:48}{'':14}"
                    + "{:8.2f}{:8.2f}{:8.2f}".format(*np.median(rows[how], axis=0))
                    + f"{_rms(own[how]):16.2f}"
                )


def _recorded(generator: str, seed: int) -> Recorded:
    if generator == "people":
        return from_people(Person.drawn(seed), TISSUE_DEG, LOAD_GAIN)
    side = "right" if seed % 2 else "left"
    return from_simulator(
        f"squats?seed={seed}&side={side}&reps=10&sta={TISSUE_DEG}&load_gain={LOAD_GAIN}"
    )


# --- the joint -----------------------------------------------------------------------------------


def without_joint(trace: Trace, known: MeasuredTrace) -> MeasuredTrace:
    """Measured offline by the calibration of `known`, the joint not asked."""
    return measure_offline(replace(trace, exercise="unknown"), known.calibration)


def landings(data: Path, seeds: int) -> None:
    print(f"\n{'landings':24}{'RMSE - mean':>26}{'same axes':>26}   (flexion valgus rotation)")
    rows: dict[str, list[FloatArray]] = {}
    for name in JUMPS:
        recording = read(data / "squats_from_markers", name)
        for seed in range(seeds):
            trace = with_chip(recording.trace, seed)
            online, joint = measure(trace), measure_offline(trace)
            for how, measured in (
                ("online", online),
                ("offline without", without_joint(trace, joint)),
                ("offline with", joint),
            ):
                found = score(recording, measured.samples).errors
                both = [*found.minus_mean, *(found.same_axes or (np.nan,) * 3)]
                rows.setdefault(how, []).append(np.array(both, dtype=np.float64))
    for how, found in rows.items():
        print(f"{how:24}" + "".join(f"{x:8.2f}" for x in np.median(found, axis=0)))


def walks(data: Path) -> None:
    print(
        f"\n{'walks':22}{'SD valgus without, with':>26}{'SD rotation':>16}"
        f"{'drift deg/min':>16}{'about it deg':>14}{'left / shake m/s^2':>20}"
    )
    for path in sorted((data / "walk_xsens").glob("*.csv")):
        trace = read_trace(path)
        joint = measure_offline(trace)
        if joint.calibration is None:
            print(f"{path.stem:22} no calibration")
            continue
        with_it, without = strides(joint), strides(without_joint(trace, joint))
        told = asked(trace, joint)
        if told is None:
            print(f"{path.stem:22} the joint tells nothing")
            continue
        at = np.array([one.at_s for one in told.observations])
        heading = np.degrees(np.unwrap([one.heading for one in told.observations]))
        drift, start = np.polyfit(at, heading, 1)
        scatter = float((heading - drift * at - start).std())
        print(
            f"{path.stem:22}{without[1]:13.2f}{with_it[1]:13.2f}{without[2]:8.2f}{with_it[2]:8.2f}"
            f"{60.0 * drift:16.1f}{scatter:14.2f}"
            f"{told.residual_m_s2:13.2f} /{told.shake_m_s2:5.2f}"
        )


def asked(trace: Trace, measured: MeasuredTrace) -> Connection | None:
    """What the joint tells of the recording."""
    if measured.calibration is None:
        return None
    calibration = measured.calibration.calibration
    times, rows = onto_grid(trace)
    gyr = (rows[:, 0:3] - calibration.thigh_gyr_bias, rows[:, 6:9] - calibration.shank_gyr_bias)
    acc = (rows[:, 3:6], rows[:, 9:12])
    q = (orientations(gyr[0], acc[0]), orientations(gyr[1], acc[1]))
    return connection(Shaken.of(times, gyr, acc, q), calibration)


def strides(measured: MeasuredTrace) -> FloatArray:
    """(3,) deg: the angles' standard deviation over strides, mean over the stride."""
    usable = [one for one in measured.samples if not one.flags & wire.FLAG_UNALIGNED]
    at = np.array([one.time_s for one in usable])
    angles = np.unwrap(np.array([one[2:5] for one in usable]), axis=0, period=360.0)
    peaks, _ = _signal.find_peaks(angles[:, 0], distance=80, prominence=25.0)
    shapes: list[FloatArray] = []
    for first, last in pairwise(peaks):
        if at[last] - at[first] < 2.0:
            along = np.linspace(at[first], at[last], STRIDE_POINTS)
            shapes.append(np.column_stack([np.interp(along, at, angles[:, k]) for k in range(3)]))
    return np.std(shapes, axis=0).mean(axis=0)


def _rms(errors: Sequence[float]) -> float:
    return float(np.sqrt(np.mean(np.square(errors)))) if errors else float("nan")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--only", choices=BLOCKS, nargs="+", default=BLOCKS)
    chosen = parser.parse_args()
    if "squats" in chosen.only:
        squats(chosen.people)
    if not chosen.data.is_dir():
        print(f"skipped: the recordings are not at {chosen.data}")
        return 0
    if "landings" in chosen.only:
        landings(chosen.data, chosen.seeds)
    if "walks" in chosen.only:
        walks(chosen.data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
