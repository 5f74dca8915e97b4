"""Thigh and shank as segments in one frame, as OpenSim has it: x forward, y up, z to the right.

The band's quaternions tell how each *sensor* lies in an earth frame of its own: z up, heading that
of that sensor at its start (hardware/FRAMES.md). For a model the segments are wanted, in one frame:

    thigh    q_earth_thigh conj(q_thigh_sensor)          sensor to segment: the alignment
    shank    thigh compose(flexion, valgus, rotation)    so the knee is the one of the angles, and
                                                         no second heading is needed

Then each leg is turned about the vertical so that its thigh faces forward where the person first
stands still (else at the first sample with angles): both legs share that heading. Later on the
heading of a thigh wanders, some degrees in minutes, for there is no magnetometer; that of the
shank wanders with it, and the knee does not. Last comes the turn from z up to y up, by -90 deg
about x:

    x_ground = x_earth,  y_ground = z_earth,  z_ground = -y_earth

Segment frames are those of ISB and of OpenSim's femur and tibia in their default pose, on both
legs; who stands as in the calibration gives the identity four times. Samples without angles (no
alignment yet) are NaN: the shank is not known then.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from kneecore import wire
from kneetrack.export.grid import FloatArray
from kneetrack.samples import Side

if TYPE_CHECKING:
    from kneecore.calibration import Calibration
    from kneetrack.detection.realigning import Realignment

_RAD = math.pi / 180.0
_UP = np.array([math.sqrt(0.5), -math.sqrt(0.5), 0.0, 0.0])  # z up to y up


def multiply(p: Any, q: Any) -> FloatArray:
    """Hamilton's product of quaternions (..., 4), w first."""
    p0, p1, p2, p3 = np.moveaxis(np.asarray(p, dtype=np.float64), -1, 0)
    q0, q1, q2, q3 = np.moveaxis(np.asarray(q, dtype=np.float64), -1, 0)
    return np.stack(
        [
            p0 * q0 - p1 * q1 - p2 * q2 - p3 * q3,
            p0 * q1 + p1 * q0 + p2 * q3 - p3 * q2,
            p0 * q2 - p1 * q3 + p2 * q0 + p3 * q1,
            p0 * q3 + p1 * q2 - p2 * q1 + p3 * q0,
        ],
        axis=-1,
    )


def composed(angles_deg: FloatArray, side: Side) -> FloatArray:
    """Shank segment to thigh segment (n, 4) of flexion, valgus, rotation (n, 3): `joint.compose`"""
    flexion, valgus, rotation = np.moveaxis(0.5 * _RAD * angles_deg, -1, 0)
    zero = np.zeros_like(flexion)
    bend = np.stack([np.cos(flexion), zero, zero, -np.sin(flexion)], axis=-1)
    tilt = np.stack([np.cos(valgus), -int(side) * np.sin(valgus), zero, zero], axis=-1)
    turn = np.stack([np.cos(rotation), zero, int(side) * np.sin(rotation), zero], axis=-1)
    return multiply(multiply(bend, tilt), turn)


def y_up(
    times: FloatArray,
    thigh_sensor: FloatArray,
    angles_deg: FloatArray,
    flags: FloatArray,
    side: Side,
    calibration: Calibration,
    realignments: tuple[Realignment, ...] = (),
) -> tuple[FloatArray, FloatArray]:
    """Thigh and shank segment to ground (n, 4) each; `times` (n,) are those of the leg's device.

    `thigh_sensor` (n, 4) is q_earth_thigh, `angles_deg` (n, 3) as everywhere, NaN where unknown.
    """
    mounting = np.tile(_conjugate(calibration.q_thigh_sensor), (len(times), 1))
    for one in realignments:
        mounting[times >= one.from_s] = _conjugate(one.calibration.q_thigh_sensor)
    thigh = multiply(thigh_sensor, mounting)
    thigh /= np.linalg.norm(thigh, axis=1, keepdims=True)
    thigh[~np.isfinite(angles_deg).all(axis=1)] = np.nan
    shank = multiply(thigh, composed(angles_deg, side))
    facing = _facing(thigh, flags)
    level = np.array([math.cos(-0.5 * facing), 0.0, 0.0, math.sin(-0.5 * facing)])
    turn = multiply(_UP, level)
    return _steady(multiply(turn, thigh)), _steady(multiply(turn, shank))


def _facing(thigh: FloatArray, flags: FloatArray) -> float:
    """The azimuth (rad) of the thigh's anterior axis at the first standing rest."""
    known = np.flatnonzero(np.isfinite(thigh[:, 0]))
    if not len(known):
        return 0.0
    resting = known[(flags[known].astype(np.int64) & wire.FLAG_REST) > 0]
    w, x, y, z = thigh[resting[0] if len(resting) else known[0]]
    return math.atan2(2.0 * (x * y + w * z), 1.0 - 2.0 * (y * y + z * z))


def _steady(q: FloatArray) -> FloatArray:
    """The same rotations, without the jumps of sign that q and -q allow; the first has w >= 0."""
    known = np.flatnonzero(np.isfinite(q[:, 0]))
    if not len(known):
        return q
    rows = q[known]
    flips = np.concatenate([[rows[0, 0] < 0], (rows[1:] * rows[:-1]).sum(axis=1) < 0])
    q[known] = rows * np.where(np.cumsum(flips) % 2, -1.0, 1.0)[:, None]
    return q


def _conjugate(q: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    return q[0], -q[1], -q[2], -q[3]
