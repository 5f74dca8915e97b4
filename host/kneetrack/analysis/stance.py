"""Finds the moment of a recording that can stand in for a good standing window.

A stand that moves, or none at all: then the calmest quarter of a second serves, of the window or of
the whole recording. In a squat or a sit-to-stand, though, the calmest moment may well be the bottom
or the chair. Those are told apart by height: the thigh's IMU is highest in standing. (Height is the
vertical acceleration integrated twice and freed of drift; it needs no alignment, and follows the
thigh's angle closely wherever the leg bends and straightens.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from kneecore import quaternion
from kneecore.alignment import MOVING
from kneetrack.analysis.angles import HOLD_S, PAIR_S, held_pose, new_estimator
from kneetrack.samples import Vector
from kneetrack.traces.reader import BoolArray, FloatArray

CALM_S = 0.25
NEAR_DEG = 10.0
"""How far from the end of its range the thigh may be for the leg to be straight."""
CLEAR = 0.5
"""Height and angle correlate less than this: no bending and straightening, ask calmness alone."""

_SCIPY: Any = scipy  # its parts are imported when they are asked for: signal takes a second


@dataclass(frozen=True, slots=True)
class Stance:
    """The moment `at_s`, which way is up there in each sensor, and how fast a segment turned."""

    at_s: float
    thigh_up: Vector
    shank_up: Vector
    rate_deg_s: float


@dataclass(frozen=True, slots=True)
class Uprights:
    """Which way is up in each sensor, for every pair; from the orientation filters."""

    thigh: FloatArray  # (n, 3)
    shank: FloatArray

    @classmethod
    def of(cls, rows: FloatArray) -> Uprights:
        """From pairs on the band's grid, zeros taken off."""
        estimator = new_estimator()
        flat: list[float] = rows.ravel().tolist()
        held = held_pose(rows)
        for _ in range(round(HOLD_S / PAIR_S)):
            estimator.step(held, 0)
        ups: list[tuple[Vector, Vector]] = []
        for index in range(len(rows)):
            estimator.step(flat, index)
            q_thigh, q_shank = estimator.orientations()
            ups.append((_up(q_thigh), _up(q_shank)))
        table = np.array(ups, dtype=np.float64)
        return cls(table[:, 0], table[:, 1])


def find_stance(times: FloatArray, rows: FloatArray, within: BoolArray, *, bends: bool) -> Stance:
    """The calmest moment where `within` (n,) is true.

    `bends`: the recording holds squats or the like, so look for a straight leg only.
    """
    uprights = Uprights.of(rows)
    rate = _slow(np.maximum(_norm(rows[:, 0:3]), _norm(rows[:, 6:9])))
    allowed = within
    if bends:
        straight = allowed & _straight(rows, uprights)
        allowed = straight if straight.any() else allowed
    at = int(np.argmin(np.where(allowed, rate, np.inf)))
    return Stance(
        float(times[at]),
        _vector(uprights.thigh[at]),
        _vector(uprights.shank[at]),
        float(np.degrees(rate[at])),
    )


def _straight(rows: FloatArray, uprights: Uprights) -> BoolArray:
    """(n,) bool: the thigh is at the end of its range where it is high."""
    moving = rows[_norm(rows[:, 0:3]) > MOVING, 0:3]
    if len(moving) < 3:
        return np.ones(len(rows), dtype=np.bool_)
    axis = np.linalg.svd(moving, full_matrices=False)[2][0]
    across = uprights.thigh - np.outer(uprights.thigh @ axis, axis)
    ahead = across[0] / max(1e-9, float(np.linalg.norm(across[0])))
    angle = np.degrees(np.unwrap(np.arctan2(across @ np.cross(axis, ahead), across @ ahead)))
    height = _height(np.einsum("ij,ij->i", uprights.thigh, rows[:, 3:6]) - 9.80665)
    agreement = float(np.corrcoef(height, angle)[0, 1])
    if abs(agreement) < CLEAR:
        return np.ones(len(rows), dtype=np.bool_)
    end = float(np.percentile(angle, 95.0 if agreement > 0.0 else 5.0))
    return np.abs(angle - end) < NEAR_DEG


def _height(up_acc: FloatArray) -> FloatArray:
    """Height (m) about its slow mean: integrated twice, 0.15 Hz high-passed each time."""
    sos = _SCIPY.signal.butter(2, 0.15, "high", fs=1.0 / PAIR_S, output="sos")
    speed = _SCIPY.signal.sosfiltfilt(sos, np.cumsum(up_acc) * PAIR_S)
    return _SCIPY.signal.sosfiltfilt(sos, np.cumsum(speed) * PAIR_S)


def _slow(rate: FloatArray) -> FloatArray:
    """Root mean square over CALM_S around each sample."""
    length = min(len(rate), max(1, round(CALM_S / PAIR_S)))
    mean = np.convolve(rate**2, np.ones(length) / length, mode="valid")
    before = (len(rate) - len(mean)) // 2
    return np.sqrt(np.pad(mean, (before, len(rate) - len(mean) - before), mode="edge"))


def _norm(vectors: FloatArray) -> FloatArray:
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors))


def _up(q: tuple[float, float, float, float]) -> Vector:
    return quaternion.rotate(quaternion.conjugate(q), (0.0, 0.0, 1.0))


def _vector(row: FloatArray) -> Vector:
    x, y, z = row.tolist()
    return (x, y, z)
