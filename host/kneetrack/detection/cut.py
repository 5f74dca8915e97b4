"""One repetition cut out of the stream: its samples, evenly spaced, and what follows from them.

Everything that is measured in a repetition starts from here. Missing samples are bridged by
straight lines (quaternions along the chord). `smooth` is the angles forward and backward through a
second-order Butterworth whose corner is raised so that both passes together halve the power at 6 Hz
(biomechanics B8; the factor is that of Winter, Biomechanics and Motor Control of Human Movement, on
cascaded filters).

Angular velocities come from the orientations, not from the gyroscopes: they are in every log, with
raw data or without, and carry no bias. One step of a quaternion on the wire (1/32767) makes 0.1 to
0.2 deg/s of noise at 104 Hz.

A cut begins PAD_S or more before `start_s`, for filters to settle; `inside` picks the repetition.
What costs time is computed when it is first asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from kneecore import wire
from kneecore.excursion import CORNER_HZ
from kneetrack.detection.butterworth import both_ways
from kneetrack.samples import KneeSample, Quaternion, Side

Floats = NDArray[np.float64]

PERIOD_S = wire.KNEE_PERIOD_US / 1e6
PAD_S = 0.5

_TWO_PASSES = (math.sqrt(2.0) - 1.0) ** -0.25
_LEAST_SAMPLES = 24
_MIRRORED = 20  # samples at either end, turned about it
_ROUNDING = 1e-3  # of a quaternion on the wire
_NEXT, _LAST = [1, 2, 0], [2, 0, 1]


@dataclass(frozen=True, slots=True)
class Geometry:
    """The leg that is measured, as far as it is known.

    The quaternions turn each sensor's axes into its segment's (the calibration's alignment), whose
    x points forward, y along the segment upward, z to the person's right.
    """

    side: Side
    shank_length_m: float | None = None
    q_thigh_sensor: Quaternion | None = None
    q_shank_sensor: Quaternion | None = None


class Cut:
    """`samples` in order of time, from PAD_S before `start_s` on. None has fewer than 24 samples:
    see `cut_out`."""

    def __init__(
        self,
        samples: Sequence[KneeSample],
        start_s: float,
        end_s: float,
        gap_s: float,
        geometry: Geometry,
    ) -> None:
        self.samples = samples
        self.start_s, self.end_s, self.gap_s = start_s, end_s, gap_s
        self.geometry = geometry
        columns = list(zip(*samples, strict=True))
        self._taken_s: Floats = np.array(columns[1])
        self._flags: tuple[int, ...] = columns[8]
        self._count = int((self._taken_s[-1] - self._taken_s[0]) / PERIOD_S + 1.5)
        self.time_s: Floats = self._taken_s[0] + PERIOD_S * np.arange(self._count)
        self._is_even = (
            self._count == len(samples) and abs(self.time_s - self._taken_s).max() <= 0.1 * PERIOD_S
        )
        self.angles = self._evenly(np.array(columns[2:5]))
        """Flexion, valgus, internal rotation (deg) in rows, as they came."""

    @property
    def is_enough(self) -> bool:
        return self._count >= _LEAST_SAMPLES

    @cached_property
    def smooth(self) -> Floats:
        """`angles`, low-passed without delay."""
        return zero_phase(self.angles, CORNER_HZ)

    def smooth_to(self, corner_hz: float) -> Floats:
        """`angles` as `smooth`, with half the power left at another frequency: a landing's edge
        needs 15 to 20 Hz, a stride 12 (biomechanics B8)."""
        return zero_phase(self.angles, corner_hz)

    @cached_property
    def inside(self) -> slice:
        """The repetition among the evenly spaced samples: three at least."""
        first = min(int(np.searchsorted(self.time_s, self.start_s)), self._count - 3)
        last = max(int(np.searchsorted(self.time_s, self.end_s, side="right")), first + 3)
        return slice(first, last)

    @cached_property
    def taken(self) -> slice:
        """The repetition among `samples`."""
        first, end = np.searchsorted(self._taken_s, (self.start_s, self.end_s)).tolist()
        return slice(first, end)

    @cached_property
    def saturated(self) -> bool:
        """Whether an IMU was beyond its range within the repetition."""
        return any(flags & wire.FLAG_SATURATED for flags in self._flags[self.taken])

    # --- the segments ----------------------------------------------------------------------------

    @cached_property
    def q_thigh(self) -> Floats | None:
        """(n, 4), w first: thigh sensor to earth, evenly spaced; None where it is no rotation."""
        return self._orientations(6)

    @cached_property
    def q_shank(self) -> Floats | None:
        """The same of the shank."""
        return self._orientations(7)

    @cached_property
    def thigh_rate_deg_s(self) -> Floats | None:
        """(n, 3): the thigh's angular velocity in its sensor's axes."""
        return None if self.q_thigh is None else _angular_velocity(self.q_thigh)

    @cached_property
    def shank_rate_deg_s(self) -> Floats | None:
        """The same of the shank."""
        return None if self.q_shank is None else _angular_velocity(self.q_shank)

    def shank_axis(self, axis: tuple[float, float, float]) -> Floats | None:
        """(n, 3): an axis of the shank (segment frame) in earth; None without an alignment."""
        return _axis(self.q_shank, self.geometry.q_shank_sensor, axis)

    def thigh_axis(self, axis: tuple[float, float, float]) -> Floats | None:
        """The same of the thigh."""
        return _axis(self.q_thigh, self.geometry.q_thigh_sensor, axis)

    @cached_property
    def shank_course(self) -> Floats | None:
        """(inside, 3): the shank's long axis in the directions ahead, to the person's right, up.

        Ahead and right are level and those of the shank where the repetition begins. None without
        its alignment, and where its mediolateral axis stands upright there.
        """
        long_axis, right = self.shank_axis((0.0, 1.0, 0.0)), self._right_at_start()
        if long_axis is None or right is None:
            return None
        x, y = right
        return long_axis[self.inside] @ np.array([[-y, x, 0.0], [x, y, 0.0], [0.0, 0.0, 1.0]]).T

    def _right_at_start(self) -> tuple[float, float] | None:
        """The shank's mediolateral axis where the repetition begins, laid flat, of length one."""
        q_sensor = self.geometry.q_shank_sensor
        if self.q_shank is None or q_sensor is None:
            return None
        first = self.q_shank[self.inside.start : self.inside.start + 1]
        x, y, _ = rotate(first, in_sensor(q_sensor, (0.0, 0.0, 1.0)))[0].tolist()
        level = math.hypot(x, y)
        return (x / level, y / level) if level > 1e-6 else None

    def _orientations(self, column: int) -> Floats | None:
        count = len(self.samples)
        pick: Callable[[KneeSample], Quaternion] = itemgetter(column)
        flat = chain.from_iterable(map(pick, self.samples))
        taken: Floats = np.fromiter(flat, float, 4 * count).reshape(count, 4)
        if not float(np.abs(taken).max()) <= 1.0 + _ROUNDING:
            return None  # not what a band sends: a quaternion's elements are within one
        # q and -q are the same turn: let neighbours be on the same side
        alike = np.einsum("ni,ni->n", taken[1:], taken[:-1])
        if bool((alike < 0.0).any()):
            taken[1:] *= np.cumprod(np.where(alike < 0.0, -1.0, 1.0))[:, None]
        even = self._evenly(taken.T).T
        norm = np.sqrt(np.einsum("ni,ni->n", even, even))[:, None]
        return even / norm if float(norm.min()) > 0.5 else None

    def _evenly(self, rows: Floats) -> Floats:
        return rows if self._is_even else resampled(self.time_s, self._taken_s, rows)


def cut_out(
    samples: Sequence[KneeSample], start_s: float, end_s: float, gap_s: float, geometry: Geometry
) -> Cut | None:
    """The cut between two instants, None where there is too little: less than a quarter second."""
    if len(samples) < _LEAST_SAMPLES:
        return None
    cut = Cut(samples, start_s, end_s, gap_s, geometry)
    return cut if cut.is_enough else None


def resampled(at: Floats, known_at: Floats, rows: Floats) -> Floats:
    """Each row, known at `known_at` (rising), in straight lines at `at`; held beyond its ends."""
    out = np.empty((len(rows), len(at)))
    for i in range(len(rows)):
        out[i] = np.interp(at, known_at, rows[i])
    return out


def rotate(q: Floats, v: Floats) -> Floats:
    """Vector `v` (3,) turned by each quaternion of `q` (n, 4), w first: (n, 3)."""
    w, u = q[:, :1], q[:, 1:]
    twice = 2.0 * u @ _crossing(v)
    return v + w * twice + _cross(u, twice)


def _crossing(v: Floats) -> Floats:
    """The matrix by which rows u become u x v."""
    x, y, z = v.tolist()
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


def _cross(a: Floats, b: Floats) -> Floats:
    """a x b of rows: quicker than numpy's own on few of them."""
    return a[:, _NEXT] * b[:, _LAST] - a[:, _LAST] * b[:, _NEXT]


def in_sensor(q_segment_sensor: Quaternion, axis: tuple[float, float, float]) -> Floats:
    """A segment axis in the sensor's coordinates."""
    w, x, y, z = q_segment_sensor
    a, b, c = axis
    # v + 2 u x (u x v + w v), with u turned back
    p, q, r = w * a - y * c + z * b, w * b - z * a + x * c, w * c - x * b + y * a
    turned = (a - 2.0 * (y * r - z * q), b - 2.0 * (z * p - x * r), c - 2.0 * (x * q - y * p))
    return np.array(turned)


def _axis(
    q_earth: Floats | None, q_sensor: Quaternion | None, axis: tuple[float, float, float]
) -> Floats | None:
    if q_earth is None or q_sensor is None:
        return None
    return rotate(q_earth, in_sensor(q_sensor, axis))


def _angular_velocity(q: Floats) -> Floats:
    """2 q* dq/dt of a sensor-to-earth quaternion: in the sensor's axes, deg/s."""
    rate = np.empty_like(q)
    rate[1:-1] = q[2:] - q[:-2]
    rate[0], rate[-1] = 2.0 * (q[1] - q[0]), 2.0 * (q[-1] - q[-2])
    w, v = q[:, :1], q[:, 1:]
    turning = w * rate[:, 1:] - rate[:, :1] * v - _cross(v, rate[:, 1:])
    return np.degrees(turning / PERIOD_S)


def zero_phase(rows: Floats, corner_hz: float) -> Floats:
    """Each row, filtered backward and forward, with its ends continued by their mirror image.
    `rows` have more than 20 samples, evenly spaced."""
    corner = corner_hz * _TWO_PASSES
    return both_ways(rows[:, ::-1], 0.0, corner, 1.0 / PERIOD_S, _MIRRORED)[:, ::-1]
