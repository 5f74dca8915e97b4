"""Other ways to the knee's axes, to see how far the one that is used may be trusted.

The axes come from the principal component of each segment's own angular rate (kneecore.alignment).
It takes the segment's whole movement for bending; hip rotation and a foot that rolls tilt it. Two
others make other mistakes:

    knee   the principal component of the knee's angular rate, thigh against shank, seen from both
           segments: blind to the hip, misled by internal rotation and by valgus itself
    hinge  the axes about which both gyroscopes agree on what is left across (Olsson et al., Sensors
           20:3534, 2020, its gyroscope part): needs no orientation, but in plain squats both
           segments turn about nearly the same axis all the time, and it is hardly determined

None is right everywhere: on optical recordings of one person's squats, chair rises and landings
each of the three was the nearest to the laboratory's axis in some and 8 to 16 deg off in others,
and no quality of the fit told which. So the axis stays the first one, and how far the others lie
from it, where they are determined at all, is part of its uncertainty.

The sign of the shank's axis comes from its lean at the stance, which fails where nobody stood up
straight. In calibration squats thigh and shank lean opposite ways, which tells it. Elsewhere the
joint itself decides: only with the right sign do both IMUs give the knee's
centre the same acceleration (kneetrack.analysis.connection).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from kneecore import wire
from kneecore.alignment import MOVING
from kneecore.calibration import Calibration
from kneetrack.analysis.angles import heading_of
from kneetrack.analysis.connection import Shaken, headings_fit
from kneetrack.analysis.rotations import about_vertical, conjugate, product, turned
from kneetrack.samples import KneeSample
from kneetrack.traces.reader import FloatArray

HALVES_DEG = 5.0
"""An axis that differs more than this between the halves of a movement tells nothing."""
HINGE_SIGMA_DEG = 3.0
"""A hinge whose least certain direction is known no better (standard error) is not determined."""
MOST_APART_DEG = 20.0
"""Nothing so far off is the knee's axis."""
ALONG = 0.5
"""Correlation of both rates about their axes: -0.99 in good calibration squats, +0.99 with a shank
turned round."""
CLEARLY = 1.5
"""So many times the residual the other way round, and a sign is beyond doubt."""
_LEAST_SAMPLES = 104
_EVERY = 2  # of the samples, for the search of the hinge
_ALIKE = 10.0  # neighbouring samples of these say the same: 0.2 s of movement

_linalg: Any = np.linalg
_SCIPY: Any = scipy  # its parts are imported when they are asked for: signal takes a second


@dataclass(frozen=True, slots=True)
class OtherAxes:
    """How far other methods' axes lie from the one used, about the long axis (deg), by method."""

    thigh_deg: dict[str, float]
    shank_deg: dict[str, float]

    @property
    def thigh_apart_rad(self) -> float:
        """Root mean square over the methods that are determined; 0 where none is."""
        return _rms_rad(self.thigh_deg)

    @property
    def shank_apart_rad(self) -> float:
        """The same for the shank."""
        return _rms_rad(self.shank_deg)


class Rates:
    """Angular rates and orientations of a movement, at knee samples; rad/s, sensor axes.

    `samples` with a heading, and `rows` (n, 12), the pairs they belong to, zeros taken off.
    """

    def __init__(self, samples: Sequence[KneeSample], rows: FloatArray, calibration: Calibration):
        self.calibration = calibration
        self.thigh: FloatArray = rows[:, 0:3]
        self.shank: FloatArray = rows[:, 6:9]
        self.q_thigh = np.array([sample.q_earth_thigh for sample in samples])
        self.q_shank = np.array([sample.q_earth_shank for sample in samples])
        first = next((s for s in samples if not s.flags & wire.FLAG_UNALIGNED), None)
        self.heading = None if first is None else heading_of(first, calibration)

    def half(self, which: int) -> slice:
        """The first (0) or second (1) half."""
        middle = len(self.thigh) // 2
        return slice(middle, None) if which else slice(0, middle)

    def knee(self, part: slice) -> tuple[FloatArray, FloatArray] | None:
        """The axes of the knee's own rate in the thigh's and the shank's sensor."""
        if self.heading is None:
            return None
        turn = about_vertical(np.array([self.heading]))
        to_thigh = product(conjugate(self.q_thigh[part]), product(turn, self.q_shank[part]))
        rate = turned(to_thigh, self.shank[part]) - self.thigh[part]
        return _principal(rate), _principal(turned(conjugate(to_thigh), rate))

    def hinge(self, part: slice) -> tuple[FloatArray, FloatArray] | None:
        """The axes across which both gyroscopes turn alike; None where they hardly show."""
        thigh, shank = self.thigh[part][::_EVERY], self.shank[part][::_EVERY]
        moving = np.maximum(_norm(thigh), _norm(shank)) > MOVING
        thigh, shank = thigh[moving], shank[moving]

        def across(angles: FloatArray) -> FloatArray:
            one, other = _direction(angles[:2]), _direction(angles[2:])
            return _norm(np.cross(thigh, one)) - _norm(np.cross(shank, other))

        start = np.concatenate([_angles(_principal(thigh)), _angles(_principal(shank))])
        found = _SCIPY.optimize.least_squares(
            across, start, loss="soft_l1", f_scale=0.2, max_nfev=40
        )
        stiffness = float(_linalg.eigvalsh(found.jac.T @ found.jac)[0]) / _ALIKE
        if stiffness * math.radians(HINGE_SIGMA_DEG) ** 2 < 2.0 * found.cost / max(1, len(thigh)):
            return None
        return _direction(found.x[:2]), _direction(found.x[2:])


def other_axes(rates: Rates) -> OtherAxes:
    """What the other methods say, where they say the same of both halves of the movement."""
    thigh: dict[str, float] = {}
    shank: dict[str, float] = {}
    if len(rates.thigh) < 2 * _LEAST_SAMPLES:
        return OtherAxes(thigh, shank)
    z_thigh, z_shank = _axes(rates.calibration)
    whole = slice(None)
    for name, method in (("knee", rates.knee), ("hinge", rates.hinge)):
        found, early, late = (method(part) for part in (whole, rates.half(0), rates.half(1)))
        if found is None or early is None or late is None:
            continue
        for at, (z, into) in enumerate(((z_thigh, thigh), (z_shank, shank))):
            apart = _about_long(z, found[at])
            changed = _about_long(z, early[at]) - _about_long(z, late[at])
            if abs(changed) < HALVES_DEG and abs(apart) < MOST_APART_DEG:
                into[name] = apart
    return OtherAxes(thigh, shank)


def shank_is_opposite(shaken: Shaken, rates: Rates) -> bool | None:
    """Whether the shank's axis points the wrong way, by the joint; None where that can't be told.

    `shaken` are the signals of the movement; under the heading at which the forward axes agree, and
    under the opposite one.
    """
    z_thigh, z_shank = _axes(rates.calibration)
    thigh, shank = turned(rates.q_thigh, z_thigh[2]), turned(rates.q_shank, z_shank[2])
    one, other = thigh[:, 0] + 1j * thigh[:, 1], shank[:, 0] + 1j * shank[:, 1]
    heading = float(np.angle((one * np.conj(other)).sum()))
    as_found, opposite = headings_fit(shaken, rates.calibration, (heading, heading + math.pi))
    if max(as_found, opposite) < CLEARLY * min(as_found, opposite):
        return None
    return opposite < as_found


def shank_turns_along(rates: Rates) -> bool:
    """Whether thigh and shank seem to lean the same way, as never in squats: a wrong sign."""
    z_thigh, z_shank = (axes[2] for axes in _axes(rates.calibration))
    if len(rates.thigh) < _LEAST_SAMPLES:
        return False
    thigh: FloatArray = rates.thigh @ z_thigh
    shank: FloatArray = rates.shank @ z_shank
    return float(np.corrcoef(thigh, shank)[0, 1]) > ALONG


def _axes(calibration: Calibration) -> tuple[FloatArray, FloatArray]:
    """The segments' x, y, z in their sensors, rows, of thigh and shank."""
    q_thigh, q_shank = calibration.q_thigh_sensor, calibration.q_shank_sensor
    one = turned(conjugate(np.array([q_thigh])), np.eye(3))
    return one, turned(conjugate(np.array([q_shank])), np.eye(3))


def _about_long(axes: FloatArray, z: FloatArray) -> float:
    """How far (deg) the line of `z` lies from the z of `axes`, about their y; within 90 deg."""
    x_part, z_part = float(axes[0] @ z), float(axes[2] @ z)
    return math.degrees(math.atan(x_part / z_part)) if z_part else 90.0


def _principal(rate: FloatArray) -> FloatArray:
    """The first principal axis of the rates (n, 3) above MOVING; of all where none is."""
    moving = rate[_norm(rate) > MOVING]
    scatter = (moving if len(moving) > 2 else rate).T
    return _linalg.eigh(scatter @ scatter.T)[1][:, 2]


def _direction(angles: FloatArray) -> FloatArray:
    """Azimuth and elevation (rad) to a vector of length one."""
    azimuth, elevation = angles
    level = math.cos(elevation)
    return np.array([level * math.cos(azimuth), level * math.sin(azimuth), math.sin(elevation)])


def _angles(v: FloatArray) -> FloatArray:
    """The inverse of `_direction`."""
    return np.array([math.atan2(v[1], v[0]), math.asin(max(-1.0, min(1.0, float(v[2]))))])


def _norm(vectors: FloatArray) -> FloatArray:
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors))


def _rms_rad(apart_deg: dict[str, float]) -> float:
    if not apart_deg:
        return 0.0
    return math.radians(math.sqrt(sum(x * x for x in apart_deg.values()) / len(apart_deg)))
