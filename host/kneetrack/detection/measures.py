"""What is measured in one rep when it is over: the whole rep at once, without delay.

The angles go forward and backward through a second-order Butterworth whose corner is raised so that
both passes together halve the power at 6 Hz (biomechanics B8; the factor is that of Winter,
Biomechanics and Motor Control of Human Movement, on cascaded filters). Missing samples are bridged
by straight lines first, so that everything here is evenly spaced.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from kneecore import wire
from kneecore.excursion import CORNER_HZ, FROM_DEG, RATE_DEG_S, STEP_DEG
from kneetrack.samples import KneeSample, Phase, Quaternion, Side

Floats = NDArray[np.float64]

PERIOD_S = wire.KNEE_PERIOD_US / 1e6
GRID_DEG: Floats = np.arange(FROM_DEG, 160.1, STEP_DEG)
PAD_S = 0.5  # before a rep, for the filter to settle
_BOTTOM_S = 0.15  # around the deepest point: phase `bottom` (biomechanics C5)
_BOTTOM_SHARE = 0.05  # of the range of motion: what counts as staying down, for the tempo

_TWO_PASSES = (math.sqrt(2.0) - 1.0) ** -0.25
_SIGNAL: Any = signal  # scipy tells no types
_B, _A = _SIGNAL.butter(2, CORNER_HZ * _TWO_PASSES, fs=1 / PERIOD_S)
_AT_REST: Floats = _SIGNAL.lfilter_zi(_B, _A)
_LEAST_SAMPLES = 24
_MIRRORED = 20  # samples at either end, turned about it
_ROUNDING = 1e-3  # of a quaternion on the wire


@dataclass(frozen=True, slots=True)
class ShankView:
    """What turns the shank's orientation into the knee's place over the foot."""

    side: Side
    length_m: float
    q_shank_sensor: Quaternion  # shank sensor to shank segment


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One rep, measured. Arrays run over its samples, evenly spaced, from start to end.

    `down` and `up` hold the rep as curves over flexion: valgus, rotation (deg) and time since the
    deepest point (s) in rows, GRID_DEG in columns, NaN where the rep did not come.
    """

    start_s: float
    bottom_s: float
    end_s: float
    time_s: Floats
    flexion_deg: Floats
    share_of_descent: Floats
    valgus_deg: Floats
    rotation_deg: Floats
    down: Floats
    up: Floats
    descent_s: float
    at_bottom_s: float
    ascent_s: float
    peak_valgus_deg: float
    medial_displacement_cm: float | None
    saturated: bool
    gap_s: float

    @property
    def peak_flexion_deg(self) -> float:
        return float(self.flexion_deg.max())

    def phase_at(self, time_s: float) -> Phase:
        """The phase of this rep at an instant within it."""
        if abs(time_s - self.bottom_s) <= _BOTTOM_S:
            return Phase.BOTTOM
        return Phase.DESCENDING if time_s < self.bottom_s else Phase.ASCENDING


def measure(
    samples: Sequence[KneeSample],
    start_s: float,
    end_s: float,
    gap_s: float = 0.0,
    shank: ShankView | None = None,
) -> Measured | None:
    """Measure the rep between two instants of `samples` (in order of time, PAD_S before it).

    None where there is too little to measure: less than a quarter of a second.
    """
    if len(samples) < _LEAST_SAMPLES:
        return None
    columns = list(zip(*samples, strict=True))
    taken_s: Floats = np.array(columns[1])
    angles: Floats = np.array(columns[2:5])
    count = int((taken_s[-1] - taken_s[0]) / PERIOD_S + 1.5)
    if count < _LEAST_SAMPLES:
        return None
    time_s = taken_s[0] + PERIOD_S * np.arange(count)
    if count != len(samples) or abs(time_s - taken_s).max() > 0.1 * PERIOD_S:
        angles = _resampled(time_s, taken_s, angles)
    smooth = _zero_phase(angles)
    rate = np.gradient(smooth[0], PERIOD_S)

    first = min(int(np.searchsorted(time_s, start_s)), count - 3)
    last = max(int(np.searchsorted(time_s, end_s, side="right")), first + 3)
    time_s, smooth, rate = time_s[first:last], smooth[:, first:last], rate[first:last]
    flexion = smooth[0]
    bottom = int(flexion.argmax())
    stays = np.flatnonzero(
        flexion >= flexion[bottom] - _BOTTOM_SHARE * (flexion[bottom] - flexion[0])
    )
    arrived_s, left_s = float(time_s[stays[0]]), float(time_s[stays[-1]])
    inside = slice(*np.searchsorted(taken_s, (start_s, end_s)).tolist())
    rows = np.stack([smooth[1], smooth[2], time_s - time_s[bottom]])
    return Measured(
        start_s=start_s,
        bottom_s=float(time_s[bottom]),
        end_s=end_s,
        time_s=time_s,
        flexion_deg=flexion,
        share_of_descent=np.clip(0.5 + 0.5 * rate / RATE_DEG_S, 0.0, 1.0),
        valgus_deg=smooth[1],
        rotation_deg=smooth[2],
        down=_over_flexion(flexion[: bottom + 1], rows[:, : bottom + 1]),
        up=_over_flexion(flexion[bottom:][::-1], rows[:, bottom:][:, ::-1]),
        descent_s=max(0.0, arrived_s - start_s),
        at_bottom_s=left_s - arrived_s,
        ascent_s=max(0.0, end_s - left_s),
        peak_valgus_deg=float(smooth[1].max()),
        medial_displacement_cm=None if shank is None else _medial_cm(samples[inside], shank),
        saturated=any(flags & wire.FLAG_SATURATED for flags in columns[8][inside]),
        gap_s=gap_s,
    )


def _zero_phase(rows: Floats) -> Floats:
    """Each row, filtered forward and backward, with its ends continued by their mirror image."""
    head = 2.0 * rows[:, :1] - rows[:, _MIRRORED:0:-1]
    tail = 2.0 * rows[:, -1:] - rows[:, -2 : -2 - _MIRRORED : -1]
    longer = np.concatenate([head, rows, tail], axis=1)
    for _ in range(2):
        longer = longer[:, ::-1]
        longer, _ = _SIGNAL.lfilter(_B, _A, longer, axis=1, zi=_AT_REST * longer[:, :1])
    return longer[:, _MIRRORED:-_MIRRORED]


def _over_flexion(flexion: Floats, rows: Floats) -> Floats:
    """`rows` as functions of flexion on GRID_DEG, where `flexion` goes deeper than ever before."""
    highest = np.maximum.accumulate(flexion)
    deeper = np.concatenate(([True], flexion[1:] > highest[:-1]))
    reached = flexion[deeper]
    curves = _resampled(GRID_DEG, reached, rows[:, deeper])
    curves[:, (reached[0] > GRID_DEG) | (reached[-1] < GRID_DEG)] = np.nan
    return curves


def _resampled(at: Floats, known_at: Floats, rows: Floats) -> Floats:
    """Each row, known at `known_at` (rising), in straight lines at `at`; held beyond its ends."""
    out = np.empty((len(rows), len(at)))
    for i in range(len(rows)):
        out[i] = np.interp(at, known_at, rows[i])
    return out


def _medial_cm(samples: Sequence[KneeSample], shank: ShankView) -> float | None:
    """How far the knee came inward over the foot since the rep began (cm; outward negative).

    The shank's lean to the side of the body's midline times its length, of the largest size in the
    rep, minus that at its start: a wide stance alone is no displacement. "To the side" is the
    shank's own mediolateral axis at the start, laid flat (biomechanics A, row 1).
    """
    if len(samples) < 2:
        return None
    q_earth_sensor = np.empty((len(samples), 4))
    q_earth_sensor[:] = [sample[7] for sample in samples]
    if not bool((np.abs(q_earth_sensor) <= 1.0 + _ROUNDING).all()):
        return None  # not what a band sends: a quaternion's elements are within one
    long_axis = _rotate(q_earth_sensor, _in_sensor(shank.q_shank_sensor, (0.0, 1.0, 0.0)))
    right = _rotate(q_earth_sensor[:1], _in_sensor(shank.q_shank_sensor, (0.0, 0.0, 1.0)))[0]
    level = math.hypot(right[0], right[1])
    if not level > 1e-6:
        return None
    lateral = (long_axis[:, 0] * right[0] + long_axis[:, 1] * right[1]) / level
    medial = -int(shank.side) * shank.length_m * 100.0 * (lateral - lateral[0])
    return float(medial[np.abs(medial).argmax()])


def _in_sensor(q_segment_sensor: Quaternion, axis: tuple[float, float, float]) -> Floats:
    """A segment axis in the sensor's coordinates."""
    w, x, y, z = q_segment_sensor
    return _rotate(np.array([[w, -x, -y, -z]]), np.array(axis))[0]


def _rotate(q: Floats, v: Floats) -> Floats:
    """Vector `v` (3,) turned by each quaternion of `q` (n, 4), w first: (n, 3)."""
    twice = 2.0 * np.cross(q[:, 1:], v)
    return v + q[:, :1] * twice + np.cross(q[:, 1:], twice)
