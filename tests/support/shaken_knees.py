"""IMU signals of a walking leg whose knee is a free joint, from the positions of its sensors.

The knee's centre moves along a given path, shank and thigh turn about it, and each IMU rides at its
own lever. Everything is made from angles and paths by finite differences, with no formula of
kneetrack.analysis.connection.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from kneecore import wire
from kneetrack.samples import Side, Window
from kneetrack.traces import Trace
from synthetic_legs import MOUNTS, UPRIGHT

Array = np.ndarray[Any, np.dtype[np.float64]]

PERIOD_S = wire.PAIR_PERIOD_US * 1e-6
GRAVITY = 9.81
STRIDE_S = 1.1
FINE = 4
"""Positions are made at so many times the IMU's rate: their second differences are the forces."""
THIGH_LEVER = np.array([0.03, 0.17, 0.06])
SHANK_LEVER = np.array([0.04, -0.12, 0.05])
"""From the knee's centre to each IMU, m, segment frame."""


@dataclass(frozen=True)
class Walk:
    """`drift_deg_s` is a zero of the shank's gyroscope about the vertical of its first pose."""

    seconds: float = 24.0
    abduction_deg: float = 8.0
    drift_deg_s: float = 0.0
    shake: float = 1.0
    seed: int = 3


@functools.cache
def walk(how: Walk, side: Side = Side.RIGHT) -> tuple[Trace, Array]:
    """The trace, and the angles (n, 3) deg at its samples; the abduction comes in each stance."""
    count = round(how.seconds / PERIOD_S)
    fine = np.arange(-2 * FINE, (count + 2) * FINE) * PERIOD_S / FINE
    angles, thigh, knee_path = _movement(how, fine, side)
    knee = Rotation.from_euler("ZXY", angles * [-1.0, -side, side], degrees=True)
    shank = thigh * knee
    path = how.shake * knee_path
    random = np.random.default_rng(how.seed)
    rows = [
        _imu(path + segment.apply(lever), segment * mount, random)
        for segment, lever, mount in (
            (thigh, THIGH_LEVER, MOUNTS[0]),
            (shank, SHANK_LEVER, MOUNTS[1]),
        )
    ]
    vertical = (shank * MOUNTS[1])[2 * FINE].inv().apply([0.0, 0.0, 1.0])
    rows[1][:, :3] += np.radians(how.drift_deg_s) * vertical
    trace = Trace(
        path=Path("walk.csv"),
        time_s=np.arange(count) * PERIOD_S,
        thigh_gyr=rows[0][:, :3],
        thigh_acc=rows[0][:, 3:],
        shank_gyr=rows[1][:, :3],
        shank_acc=rows[1][:, 3:],
        side=side,
        rate_hz=1.0 / PERIOD_S,
        exercise="walk",
        windows=(Window("set", 0.0, how.seconds),),
    )
    return trace, angles[2 * FINE : -2 * FINE : FINE]


def _movement(how: Walk, t: Array, side: Side) -> tuple[Array, Any, Array]:
    """Angles (n, 3) deg, the thigh's orientation, and the knee's path (n, 3) m."""
    phase = 2.0 * np.pi * t / STRIDE_S
    flexion = 20.0 - 18.0 * np.cos(phase - 1.0) + 10.0 * np.cos(2.0 * phase + 0.6)
    abduction = how.abduction_deg * np.clip(np.sin(phase + 0.4), 0.0, None) ** 2
    rotation = 5.0 * np.sin(phase + 2.0)
    thigh = UPRIGHT * Rotation.from_euler(
        "ZXY",
        np.column_stack(
            [
                12.0 + 22.0 * np.cos(phase + 0.3),
                side * 4.0 * np.sin(phase),
                side * 6.0 * np.cos(phase + 1.0),
            ]
        ),
        degrees=True,
    )
    path = np.column_stack(
        [
            0.09 * np.sin(phase) + 0.018 * np.sin(2.0 * phase + 0.5),
            0.045 * np.sin(phase + 1.2) + 0.012 * np.sin(2.0 * phase),
            0.02 * np.cos(2.0 * phase),
        ]
    )
    return np.column_stack([flexion, abduction, rotation]), thigh, path


def _imu(place: Array, q_earth_sensor: Any, random: np.random.Generator) -> Array:
    """(n, 6) rad/s and m/s^2 from the sensor's place and orientation on the fine grid."""
    step_s = PERIOD_S / FINE
    turned = (q_earth_sensor[:-2].inv() * q_earth_sensor[2:]).as_rotvec() / (2.0 * step_s)
    pushed = (place[2:] - 2.0 * place[1:-1] + place[:-2]) / step_s**2
    felt = q_earth_sensor[1:-1].inv().apply(pushed + np.array([0.0, 0.0, GRAVITY]))
    part = slice(2 * FINE - 1, -(2 * FINE - 1), FINE)
    rows = np.hstack([turned, felt])[part]
    rows[:, :3] += random.normal(0.0, 7e-4, (len(rows), 3))
    rows[:, 3:] += random.normal(0.0, 0.015, (len(rows), 3))
    return rows
