"""Logs of many sessions of one person, quickly: knee samples made from angles, packed as a band's.

Three reference squats, then the set. Nothing is measured by an IMU here; what is under test is what
becomes of sessions, not how angles are found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from band_packets import Band
from kneecore import wire
from kneetrack.samples import KneeSample, Side
from kneetrack.sessionlog import SessionWriter

RATE_HZ = 1e6 / wire.KNEE_PERIOD_US
SQUAT_S = 2.4
STAND_S = 1.0
REFERENCE = 3


@dataclass(frozen=True)
class Made:
    """A session to be made. `valgus_deg` is a rep's own; `shift_deg` comes on top in each."""

    started: str = "2026-08-01T08:00:00+00:00"
    valgus_deg: Sequence[float] = (0.0,) * 5
    shift_deg: float = 0.0
    depth_deg: float = 90.0
    sides: tuple[Side, ...] = (Side.RIGHT,)
    about: Mapping[str, object] = field(default_factory=dict)
    left_more_deg: float = 0.0
    seed: int = 1
    lost_s: tuple[float, float] | None = None
    """No packet that came in this span is in the log."""


def make(folder: Path, name: str, made: Made) -> Path:
    """Write the log; where it is."""
    path = folder / f"{name}.mcap"
    squats = REFERENCE + len(made.valgus_deg)
    starts = [2.0 + k * (SQUAT_S + STAND_S) for k in range(squats)]
    windows = [
        {"kind": "reference", "start_s": 1.5, "end_s": starts[REFERENCE] - 0.5},
        {"kind": "set", "start_s": starts[REFERENCE] - 0.5, "end_s": starts[-1] + SQUAT_S + 0.8},
    ]
    session: dict[str, object] = {
        "athlete": "A",
        "exercise": "squat",
        "load_kg": 60.0,
        "tags": {},
        "started_at": made.started,
        "sides": [side.word for side in made.sides],
        "simulated": False,
        "windows": windows,
        **made.about,
    }
    with SessionWriter(path, session) as writer:
        for side in made.sides:
            more = made.left_more_deg if side is Side.LEFT else 0.0
            valgus = [0.0] * REFERENCE + [each + made.shift_deg + more for each in made.valgus_deg]
            writer.event({"event": "origin", "side": side.word, "board_us": 0})
            samples = _samples(starts, valgus, made.depth_deg, side, made.seed)
            for packet in Band(samples, first=0).live():
                if (
                    made.lost_s is None
                    or not made.lost_s[0] < packet.received_at_s < made.lost_s[1]
                ):
                    writer.packet(side, packet)
    return path


def _samples(
    starts: Sequence[float], valgus_deg: Sequence[float], depth_deg: float, side: Side, seed: int
) -> list[KneeSample]:
    random = np.random.default_rng(seed)
    count = round((starts[-1] + SQUAT_S + 2.0) * RATE_HZ)
    time_s = np.arange(count) / RATE_HZ
    flexion, valgus = np.full(count, 3.0), np.zeros(count)
    for start_s, own in zip(starts, valgus_deg, strict=True):
        into = np.clip((time_s - start_s) / SQUAT_S, 0.0, 1.0)
        bend = 0.5 - 0.5 * np.cos(2 * np.pi * into)
        flexion += (depth_deg + random.normal(0.0, 1.0)) * bend
        valgus += (own + random.normal(0.0, 0.3)) * bend**4
    rotation = 0.06 * flexion
    thigh = Rotation.from_euler("ZXY", np.column_stack([0.7 * flexion, *np.zeros((2, count))]),
                                degrees=True)  # fmt: skip
    upright = Rotation.from_matrix(np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], dtype=float))
    knee = Rotation.from_euler(
        "ZXY", np.column_stack([-flexion, -side * valgus, side * rotation]), degrees=True
    )
    q_thigh = (upright * thigh).as_quat(scalar_first=True)
    q_shank = (upright * thigh * knee).as_quat(scalar_first=True)
    return [
        KneeSample(
            k, float(time_s[k]), float(flexion[k]), float(valgus[k]), float(rotation[k]), 1.0,
            tuple(q_thigh[k].tolist()), tuple(q_shank[k].tolist()), 0,
        )
        for k in range(count)
    ]  # fmt: skip
