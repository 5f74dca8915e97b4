"""Where an IMU that is turned by hand and put down again lies still: its poses.

The stream is looked at in blocks of a quarter of a second. A block is still where neither sensor
scatters more than its noise and the touch of a table allow (biomechanics B4 has the noise), and a
run of still blocks lasts as long as gravity stays where it was in the run's first: so a slow steady
turn, which scatters little, is none. The run's first and last block are left out, in which the hand
lets go and takes hold. What remains of at least POSE_S is a pose.

A face is the sensor axis that points up, within FACE_DEG. Rates are rad/s, specific forces m/s^2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

BLOCK_S = 0.25
POSE_S = 1.0
GYR_SD = math.radians(0.3)
ACC_SD = 0.12
"""The largest scatter of a still block, root sum square of the axes: an MPU-6050 shows 0.09."""
LEAN = math.radians(0.4)
FACE_DEG = 30.0
FACES = ("+x", "-x", "+y", "-y", "+z", "-z")


@dataclass(frozen=True, slots=True)
class Pose:
    """A still stretch: rows `start` to `end` (excluded) of the recording, and their means."""

    start: int
    end: int
    gyr: FloatArray  # (3,)
    acc: FloatArray  # (3,)
    acc_sigma: float  # of the mean, each axis

    @property
    def face(self) -> str | None:
        """Which of FACES is up; None where it lies askew."""
        axis = int(np.argmax(np.abs(self.acc)))
        if abs(self.acc[axis]) < math.cos(math.radians(FACE_DEG)) * float(np.linalg.norm(self.acc)):
            return None
        return FACES[2 * axis + (1 if self.acc[axis] < 0.0 else 0)]


class StillFinder:
    """Takes one IMU's rows as they come; `poses` is what has been found so far."""

    def __init__(self, rate_hz: float) -> None:
        self.rate_hz = rate_hz
        self._length = max(4, round(BLOCK_S * rate_hz))
        self._least = math.ceil(POSE_S / BLOCK_S)
        self._rows: list[Sequence[float]] = []
        self._blocks = 0
        self._run: int | None = None  # block at which the still run began
        self._up = np.zeros(3)
        self._ended: list[Pose] = []
        self.breaks: list[int] = []
        """Rows before which some are missing; no turn can be followed across one."""

    def add(self, row: Sequence[float]) -> bool:
        """One sample, gyr xyz and acc xyz. True where a block ended: `poses` may have changed."""
        self._rows.append(row)
        if len(self._rows) < (self._blocks + 1) * self._length:
            return False
        block = np.array(self._rows[-self._length :], dtype=np.float64)
        up = block[:, 3:].mean(axis=0)
        if not _is_still(block) or (self._run is not None and _apart(up, self._up) > LEAN):
            self._end_run()
        elif self._run is None:
            self._run = self._blocks
            self._up = up
        self._blocks += 1
        return True

    @property
    def is_still(self) -> bool:
        """Whether the newest block was."""
        return self._run is not None

    @property
    def count(self) -> int:
        """How many rows came."""
        return len(self._rows)

    def skip(self) -> None:
        """Samples are missing here: the rows to come do not follow on."""
        self._end_run()
        del self._rows[self._blocks * self._length :]
        self.breaks.append(len(self._rows))

    @property
    def rows(self) -> FloatArray:
        """(n, 6): all that came."""
        return np.array(self._rows, dtype=np.float64).reshape(-1, 6)

    @property
    def poses(self) -> tuple[Pose, ...]:
        """In order of time, the one that still lasts included."""
        open_one = self._pose()
        return (*self._ended, open_one) if open_one is not None else tuple(self._ended)

    def _end_run(self) -> None:
        pose = self._pose()
        if pose is not None:
            self._ended.append(pose)
        self._run = None

    def _pose(self) -> Pose | None:
        if self._run is None:
            return None
        first, last = self._run + 1, self._blocks - 1
        if last - first < self._least:
            return None
        start, end = first * self._length, last * self._length
        rows = np.array(self._rows[start:end], dtype=np.float64)
        mean = rows.mean(axis=0)
        sigma = float(rows[:, 3:].std(axis=0).max()) / math.sqrt(end - start)
        return Pose(start, end, mean[:3], mean[3:], sigma)


def find_poses(rows: FloatArray, rate_hz: float) -> tuple[Pose, ...]:
    """The poses in the (n, 6) rows of one IMU."""
    finder = StillFinder(rate_hz)
    for row in rows.tolist():
        finder.add(row)
    return finder.poses


def _is_still(block: FloatArray) -> bool:
    variance = block.var(axis=0)
    return bool(variance[:3].sum() < GYR_SD**2 and variance[3:].sum() < ACC_SD**2)


def _apart(a: FloatArray, b: FloatArray) -> float:
    """The angle between two vectors, rad."""
    return math.atan2(float(np.linalg.norm(np.cross(a, b))), float(a @ b))
