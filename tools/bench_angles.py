"""Knee angles of a person's squats and sit-to-stands against optical ones, next to other methods.

    python tools/bench_angles.py [--data FOLDER] [--seeds N]

The recordings (squats_from_markers, OpenCap lab validation subject 4 by way of nimblephysics) hold
IMU signals derived from markers, without sensor noise. To them is added what an LSM6DSOX adds
(reference/biomechanics.md D): white noise, a zero-rate offset of the gyroscope (normal, 0.5 deg/s,
no table window to zero it), an offset of the accelerometer (normal, 10 mg). Every method sees the
same signals and calibrates itself from them alone.

The peers share our stance and the PCA of the angular rate, so they differ in the orientation filter
and in the heading: theirs is the published hinge constraint (Laidig et al., ICORR 2017), which
turns the shank until both functional axes point the same way, over a window of 8 s.

Errors are printed as `kneetrack validate` defines them, medians over recordings and seeds. No
constant was fitted to these recordings, but they are not held out either: the way in which a zero
of the gyroscope is learnt from movement (kneetrack.analysis.zero) was chosen after a look at them.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kneecore import quaternion
from kneecore.calibration import Calibration
from kneetrack.analysis.angles import HELD_MEAN_S
from kneetrack.analysis.calibrate import from_pairs
from kneetrack.analysis.trace import measure
from kneetrack.analysis.validate import Errors, errors, in_sets
from kneetrack.samples import Side
from kneetrack.traces import Trace, onto_grid, read_trace
from kneetrack.traces.reader import FloatArray
from kneetrack.traces.reference import read_reference

RECORDINGS = ("squats1_L", "squatsAsym1_L", "STS1_L", "STS1_R", "STSAsym1_L")
DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "squats_from_markers"

GYR_NOISE = math.radians(3.8e-3)  # rad/s/sqrt(Hz)
GYR_OFFSET = math.radians(0.5)
ACC_NOISE = 110e-6 * 9.80665  # m/s^2/sqrt(Hz)
ACC_OFFSET = 10e-3 * 9.80665

TARGETS = {"raw": None, "minus_mean": (2.4, 2.0, 4.5), "same_axes": (1.0, 1.0, 1.0)}
HINGE_WINDOW_S = 8.0
REST_S = 4.0  # imufusion takes three seconds to start

Orient = Callable[[FloatArray, FloatArray, float], FloatArray]
"""gyr (n, 3), acc (n, 3), rate_hz -> q_earth_sensor (n, 4)."""


def with_chip(trace: Trace, seed: int) -> Trace:
    """`trace` as two LSM6DSOX would have measured it."""
    random = np.random.default_rng(seed)
    wide = math.sqrt(trace.rate_hz / 2)

    def measured(truth: FloatArray, noise: float, offset: float) -> FloatArray:
        return truth + random.normal(0, noise * wide, truth.shape) + random.normal(0, offset, 3)

    return replace(
        trace,
        thigh_gyr=measured(trace.thigh_gyr, GYR_NOISE, GYR_OFFSET),
        thigh_acc=measured(trace.thigh_acc, ACC_NOISE, ACC_OFFSET),
        shank_gyr=measured(trace.shank_gyr, GYR_NOISE, GYR_OFFSET),
        shank_acc=measured(trace.shank_acc, ACC_NOISE, ACC_OFFSET),
    )


# --- the peers -----------------------------------------------------------------------------------


def by_vqf(gyr: FloatArray, acc: FloatArray, rate_hz: float) -> FloatArray:
    import vqf

    return vqf.VQF(1.0 / rate_hz).updateBatch(gyr.copy(), acc.copy())["quat6D"]


def by_ahrs(gyr: FloatArray, acc: FloatArray, rate_hz: float) -> FloatArray:
    from ahrs.filters import Madgwick

    return Madgwick(gyr=gyr, acc=acc, frequency=rate_hz).Q


def by_imufusion(gyr: FloatArray, acc: FloatArray, rate_hz: float) -> FloatArray:
    import imufusion

    filter_: Any = imufusion.Ahrs()
    filter_.set_sample_period(1.0 / rate_hz)
    found: list[Any] = []
    for g, a in zip(np.degrees(gyr), acc / 9.80665, strict=True):
        filter_.update_no_magnetometer(g, a)
        found.append(np.array(filter_.get_quaternion()))
    return np.array(found)


PEERS: dict[str, Orient] = {
    "vqf + PCA + hinge": by_vqf,
    "ahrs Madgwick + PCA + hinge": by_ahrs,
    "imufusion + PCA + hinge": by_imufusion,
}


def rotated(q: FloatArray, v: FloatArray) -> FloatArray:
    """v (3,) turned by each of q (n, 4)."""
    u = q[:, 1:]
    c = np.cross(u, v)
    return v + 2.0 * (q[:, :1] * c + np.cross(u, c))


def product(p: FloatArray, q: FloatArray) -> FloatArray:
    """Quaternion products of rows, either may be one row."""
    p, q = np.broadcast_arrays(p, q)
    pw, pv, qw, qv = p[:, :1], p[:, 1:], q[:, :1], q[:, 1:]
    return np.hstack(
        [pw * qw - (pv * qv).sum(1, keepdims=True), pw * qv + qw * pv + np.cross(pv, qv)]
    )


def hinge_heading(thigh: FloatArray, shank: FloatArray, rate_hz: float) -> FloatArray:
    """delta (n,) by which the shank's frame must turn so that both axes agree; both (n, 3).

    The more level both axes are, the more they say.
    """
    weight = np.hypot(thigh[:, 0], thigh[:, 1]) * np.hypot(shank[:, 0], shank[:, 1])
    delta = np.arctan2(thigh[:, 1], thigh[:, 0]) - np.arctan2(shank[:, 1], shank[:, 0])
    length = min(len(delta), int(HINGE_WINDOW_S * rate_hz))
    window = np.ones(length)
    return np.angle(np.convolve(weight**2 * np.exp(1j * delta), window, mode="same"))


def from_rest(orient: Orient, gyr: FloatArray, acc: FloatArray, rate_hz: float) -> FloatArray:
    """A peer's orientations, the first pose held before the movement as ours is."""
    count = round(REST_S * rate_hz)
    before = np.tile(acc[: round(HELD_MEAN_S * rate_hz)].mean(axis=0), (count, 1))
    found = orient(np.vstack([np.zeros((count, 3)), gyr]), np.vstack([before, acc]), rate_hz)
    return found[count:]


def peer_angles(trace: Trace, orient: Orient, calibration: Calibration) -> FloatArray:
    """(n, 3) deg: a peer's filter under our alignment, heading by the hinge constraint."""
    q_thigh = from_rest(orient, trace.thigh_gyr, trace.thigh_acc, trace.rate_hz)
    q_shank = from_rest(orient, trace.shank_gyr, trace.shank_acc, trace.rate_hz)
    thigh = product(q_thigh, np.array([quaternion.conjugate(calibration.q_thigh_sensor)]))
    shank = product(q_shank, np.array([quaternion.conjugate(calibration.q_shank_sensor)]))
    z = np.array([0.0, 0.0, 1.0])
    delta = hinge_heading(rotated(thigh, z), rotated(shank, z), trace.rate_hz)
    zero = np.zeros_like(delta)
    turn = np.column_stack([np.cos(0.5 * delta), zero, zero, np.sin(0.5 * delta)])
    relative = product(thigh * [1.0, -1.0, -1.0, -1.0], product(turn, shank))
    return knee_angles(relative, calibration.side)


def knee_angles(q: FloatArray, side: int) -> FloatArray:
    """kneecore.joint.angles of rows, in deg."""
    w, x, y, z = q.T
    tilt = np.arcsin(np.clip(2.0 * (y * z + w * x), -1.0, 1.0))
    flexion = np.arctan2(x * y - w * z, 0.5 - x * x - z * z)
    rotation = np.arctan2(w * y - x * z, 0.5 - x * x - y * y)
    return np.degrees(np.column_stack([flexion, -side * tilt, side * rotation]))


# --- the table -----------------------------------------------------------------------------------


def score(at: FloatArray, angles: FloatArray, trace: Trace, reference: Path) -> Errors:
    times, wanted = read_reference(reference)
    inside = (at >= times[0]) & (at <= times[-1]) & in_sets(at, trace.windows)
    theirs = np.column_stack([np.interp(at[inside], times, wanted[:, k]) for k in range(3)])
    return errors(angles[inside], theirs, Side(trace.side))


def ours(trace: Trace, reference: Path, *, refine: bool | None) -> Errors:
    samples = measure(trace, refine=refine).samples
    at = np.array([sample.time_s for sample in samples])
    return score(at, np.array([sample[2:5] for sample in samples]), trace, reference)


def measured_methods(data: Path, seeds: int) -> dict[str, dict[str, list[Errors]]]:
    """method -> recording -> errors, one per seed."""
    found: dict[str, dict[str, list[Errors]]] = {}

    def note(method: str, name: str, one: Errors) -> None:
        found.setdefault(method, {}).setdefault(name, []).append(one)

    peers = {name: orient for name, orient in PEERS.items() if installed(name, orient)}
    for name in RECORDINGS:
        clean = read_trace(data / f"{name}.csv")
        reference = data / f"{name}.ref.csv"
        for seed in range(seeds):
            trace = with_chip(clean, seed)
            note("KneeTrack", name, ours(trace, reference, refine=None))
            note(
                "KneeTrack, crosstalk refined on the set", name, ours(trace, reference, refine=True)
            )
            times, rows = onto_grid(trace)
            calibration = from_pairs(
                times, rows, trace.side, trace.windows, exercise=trace.exercise, refine=False
            ).calibration
            for peer, orient in peers.items():
                angles = peer_angles(trace, orient, calibration)
                note(peer, name, score(trace.time_s, angles, trace, reference))
    return found


def installed(name: str, orient: Orient) -> bool:
    still = np.tile([0.0, 0.0, 9.81], (5, 1))
    try:
        orient(np.zeros((5, 3)), still, 100.0)
    except ImportError as error:
        print(f"left out: {name} ({error.name} is not installed)")
        return False
    return True


def median(of: list[Errors], kind: str) -> FloatArray:
    return np.median([getattr(one, kind) for one in of], axis=0)


def show(found: dict[str, dict[str, list[Errors]]]) -> None:
    for kind, target in TARGETS.items():
        print(f"\n{kind}: RMSE in deg, flexion / valgus / rotation (median over seeds)")
        print(f"{'':42}" + "".join(f"{name:>21}" for name in (*RECORDINGS, "median of all")))
        for method, recordings in found.items():
            cells = [median(recordings[name], kind) for name in RECORDINGS]
            cells.append(median([one for each in recordings.values() for one in each], kind))
            row = "".join("{:>9.2f} {:5.2f} {:5.2f}".format(*cell) for cell in cells)
            print(f"{method:42}{row}")
        if target is not None:
            print(
                f"{'target':42}"
                + " " * 21 * len(RECORDINGS)
                + "{:>9.2f} {:5.2f} {:5.2f}".format(*target)
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        print(f"skipped: the recordings are not at {arguments.data}")
        return 0
    show(measured_methods(arguments.data, arguments.seeds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
