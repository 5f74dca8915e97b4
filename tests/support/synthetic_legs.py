"""IMU signals of a squatting leg whose true angles are known, as traces and as logs."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from kneecore import wire
from kneetrack.analysis.trace import MeasuredTrace, measure
from kneetrack.samples import Channel, KneeSample, Packet, Side, Window
from kneetrack.sessionlog import SessionWriter
from kneetrack.traces import COLUMNS, Trace

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
RATE_HZ = 208.0
MOUNTS = Rotation.random(2, random_state=5)
UPRIGHT = Rotation.from_matrix(np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]).astype(float))
"""Segment to earth: x ahead, y up, z to the right."""

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Squat:
    valgus_deg: float = 0.0
    depth_deg: float = 95.0
    seconds: float = 2.6
    stand_s: float = 1.0
    hold_s: float = 0.0  # at the bottom


WINDOWS = (
    Window("table", 0.0, 5.5),
    Window("stand", 8.0, 12.0),
    Window("functional", 12.0, 30.0),
    Window("set", 30.0, 66.0),
)
SETS = (Squat(),) * 5 + tuple(Squat(9.0 if k in (2, 5) else 0.0) for k in range(8))
FIVE = (Squat(),) * 5


@functools.cache
def leg(
    side: Side = Side.RIGHT,
    squats: tuple[Squat, ...] = SETS,
    *,
    sway_deg: float = 0.1,
    gyr_bias: tuple[float, float, float] = (0.006, -0.004, 0.005),
    turn_deg: float = 6.0,
    thigh_share: float = 0.7,
    closing_table_s: float = 0.0,
) -> tuple[Array, Array, Array]:
    """(time (n,), rows (n, 12), angles (n, 3) deg): table 6 s, strapped on, stand, the squats.

    With `closing_table_s` the IMUs are taken off after that (2 s) and lie on the table again.
    """
    random = np.random.default_rng(1)
    end_s = 13.0 + sum(squat.seconds + squat.hold_s + squat.stand_s for squat in squats)
    off_s = 2.0 + closing_table_s if closing_table_s else 0.0
    time_s = np.arange(round((end_s + off_s) * RATE_HZ)) / RATE_HZ
    flexion, valgus = np.zeros_like(time_s), np.zeros_like(time_s)
    at = 12.0
    for squat in squats:
        half = 0.5 * squat.seconds
        since = time_s - at
        going = np.clip(since, 0.0, half) + np.clip(since - half - squat.hold_s, 0.0, half)
        into = going / squat.seconds
        bend = 0.5 - 0.5 * np.cos(2 * np.pi * into)
        flexion += squat.depth_deg * bend
        valgus += squat.valgus_deg * bend**4
        at += squat.seconds + squat.hold_s + squat.stand_s
    rotation = turn_deg * np.minimum(1.0, flexion / 40.0)
    sway = sway_deg * np.sin(2 * np.pi * 0.3 * time_s)
    lean = np.zeros((len(time_s), 3))
    lean[:, 2] = np.radians(thigh_share * flexion + sway)
    thigh = UPRIGHT * Rotation.from_rotvec(lean)
    knee = Rotation.from_euler(
        "ZXY", np.column_stack([-flexion, -side * valgus, side * rotation]), degrees=True
    )
    worn = np.clip((time_s - 6.0) / 2.0, 0.0, 1.0)
    if closing_table_s:
        worn = np.minimum(worn, np.clip((end_s + 2.0 - time_s) / 2.0, 0.0, 1.0))
    rows = np.hstack([_imu(thigh * MOUNTS[0], worn), _imu(thigh * knee * MOUNTS[1], worn)])
    for gyr in (0, 6):
        rows[:, gyr : gyr + 3] += gyr_bias
        rows[:, gyr : gyr + 3] += random.normal(0, 7e-4, (len(rows), 3))
        rows[:, gyr + 3 : gyr + 6] += random.normal(0, 0.01, (len(rows), 3))
    return time_s, rows, np.column_stack([flexion, valgus, rotation])


def _imu(on_leg: Rotation, worn: Array) -> Array:
    """(n, 6) of a sensor that lies flat where `worn` is 0 and is on the leg where it is 1."""
    taken_up = worn * worn * (3.0 - 2.0 * worn)
    q_earth_sensor = Rotation.from_rotvec(on_leg.as_rotvec() * taken_up[:, None])
    steps = (q_earth_sensor[:-1].inv() * q_earth_sensor[1:]).as_rotvec() * RATE_HZ
    gyr = np.vstack([steps[:1], steps])
    return np.hstack([gyr, q_earth_sensor.inv().apply([0.0, 0.0, 9.81])])


@functools.cache
def measured_leg(side: Side = Side.RIGHT) -> MeasuredTrace:
    """`leg(side)`, calibrated by its windows and measured."""
    return measure(trace_of(leg(side), side))


def trace_of(
    made: tuple[Array, Array, Array],
    side: Side = Side.RIGHT,
    windows: tuple[Window, ...] = WINDOWS,
    exercise: str = "squat",
) -> Trace:
    time_s, rows, _ = made
    return Trace(
        path=Path("made.csv"),
        time_s=time_s,
        thigh_gyr=rows[:, 0:3],
        thigh_acc=rows[:, 3:6],
        shank_gyr=rows[:, 6:9],
        shank_acc=rows[:, 9:12],
        side=side,
        rate_hz=RATE_HZ,
        exercise=exercise,
        windows=windows,
    )


def save(trace: Trace, folder: Path) -> Path:
    path = folder / "leg.csv"
    rows = np.hstack([trace.thigh_acc, trace.thigh_gyr, trace.shank_acc, trace.shank_gyr])
    table = np.column_stack([trace.time_s, rows])
    np.savetxt(path, table, delimiter=",", header=",".join(COLUMNS), comments="", fmt="%.7g")
    windows = [{"kind": w.kind, "start_s": w.start_s, "end_s": w.end_s} for w in trace.windows]
    sidecar = {"side": trace.side.word, "exercise": trace.exercise, "windows": windows}
    path.with_suffix(".json").write_text(json.dumps(sidecar))
    return path


def off(samples: tuple[KneeSample, ...], made: tuple[Array, Array, Array], from_s: float) -> Array:
    """RMS errors (3,) in deg from `from_s` on."""
    time_s, _, angles = made
    late = [sample for sample in samples if sample.time_s > from_s]
    at = np.array([sample.time_s for sample in late])
    truth = np.column_stack([np.interp(at, time_s, angles[:, k]) for k in range(3)])
    return np.sqrt(((np.array([sample[2:5] for sample in late]) - truth) ** 2).mean(axis=0))


# --- calibration ---------------------------------------------------------------------------------


def packets(samples: tuple[KneeSample, ...]) -> list[Packet]:
    """The samples as a band sends them."""
    found: list[Packet] = []
    size = wire.KNEE_SAMPLES_PER_PACKET
    for at in range(0, len(samples) - size + 1, size):
        some = samples[at : at + size]
        number = some[0].number
        flags = 0
        for sample in some:
            flags |= sample.flags
        data = wire.PACKET_HEADER.pack(
            3, number % 65536, number * wire.KNEE_PERIOD_US, wire.KNEE_PERIOD_US, flags
        )
        for s in some:
            data += wire.KNEE_SAMPLE.pack(
                s.flexion_deg, s.valgus_deg, s.rotation_deg, s.q_earth_thigh, s.q_earth_shank,
                s.valgus_sigma_deg,
            )  # fmt: skip
        found.append(Packet(Channel.MEASUREMENT, data, some[-1].time_s))
    return found


Change = Callable[[KneeSample], KneeSample]


def log_of(folder: Path, change: Change = lambda sample: sample, keep: bool = True) -> Path:
    """The log that a band would have given of `leg()`."""
    measured = measured_leg()
    trace = measured.trace
    assert measured.calibration is not None
    path = folder / "leg.mcap"
    windows = [{"kind": w.kind, "start_s": w.start_s, "end_s": w.end_s} for w in trace.windows]
    with SessionWriter(path, {"exercise": "squat", "windows": windows}) as writer:
        if keep:
            writer.calibration(measured.calibration.to_json())
        writer.event({"event": "origin", "side": trace.side.word, "board_us": 0})
        for packet in packets(tuple(change(sample) for sample in measured.samples)):
            writer.packet(trace.side, packet)
    return path
