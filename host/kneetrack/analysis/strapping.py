"""Whether a strap sits as it did at an earlier calibration, and a reference moved along if it does.

Two calibrations of one strapping differ by how the person stood and by how well the axis showed.
Put on anew, a sensor sits within some 10 deg of where it was, in all three directions (biomechanics
D). So it sits as before where, in each sensor,

    gravity while standing points within GRAVITY_DEG of where it did: a person's stance repeats
            within 1 to 2 deg
    the medio-lateral axis lies, about the long axis, within AXIS_SIGMAS of both axes' uncertainties
            and within AXIS_MOST_DEG
    and no more than WORN lies between: nobody keeps a strap on overnight.

By chance a strap put on anew passes all four angles about once in some thousand times.

The segments' frames of two such calibrations still differ by a few degrees. Where gravity differs,
the person stood otherwise, and squats otherwise from there: the frames go along with it. Where the
axis differs, it was found otherwise, and a degree about the thigh's long axis is a degree of valgus
at 90 deg of flexion (B3). So `moved` gives a reference as it would have been measured with the
newer axes: exactly, on rotations, but for the shank's lean, which is taken to be LEAN of the
flexion; it enters with the sine of what is re-zeroed in heading.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from kneecore import joint, quaternion
from kneecore.excursion import FROM_DEG, STEP_DEG
from kneetrack.detection import Reference
from kneetrack.samples import Quaternion

GRAVITY_DEG = 3.0
AXIS_SIGMAS = 3.0
AXIS_MOST_DEG = 9.0
WORN = timedelta(hours=12)
LEAN = 1.0 / 3.0
_UP = (0.0, 1.0, 0.0)
_FORWARD = (1.0, 0.0, 0.0)
_RIGHT = (0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Mounting:
    """How the sensors sat by a calibration: sensor to segment, and how well that is known (deg)."""

    q_thigh_sensor: Quaternion
    q_shank_sensor: Quaternion
    axis_sigma_deg: float
    shank_axis_sigma_deg: float
    calibration_id: int
    utc: str


@dataclass(frozen=True, slots=True)
class Sitting:
    """How far two mountings lie apart, deg: (thigh, shank) each, and what the axes may."""

    gravity_deg: tuple[float, float]
    axis_deg: tuple[float, float]
    axis_limit_deg: tuple[float, float]
    same_calibration: bool
    same_day: bool

    @property
    def as_before(self) -> bool:
        """Whether it can be the same strapping."""
        return self.same_calibration or (
            self.same_day
            and max(self.gravity_deg) <= GRAVITY_DEG
            and all(a <= limit for a, limit in zip(self.axis_deg, self.axis_limit_deg, strict=True))
        )


def sitting(new: Mounting, old: Mounting) -> Sitting:
    """How the sensors sit now against how they sat then."""
    turns = [_turn(n, o) for n, o in _pairs(new, old)]
    sigmas = (
        math.hypot(new.axis_sigma_deg, old.axis_sigma_deg),
        math.hypot(new.shank_axis_sigma_deg, old.shank_axis_sigma_deg),
    )
    limits = [min(AXIS_MOST_DEG, AXIS_SIGMAS * sigma) for sigma in sigmas]
    apart = abs(datetime.fromisoformat(new.utc) - datetime.fromisoformat(old.utc))
    return Sitting(
        gravity_deg=(_tilt_deg(turns[0]), _tilt_deg(turns[1])),
        axis_deg=(_twist_deg(turns[0]), _twist_deg(turns[1])),
        axis_limit_deg=(limits[0], limits[1]),
        same_calibration=new.calibration_id == old.calibration_id
        and max(_whole_deg(turn) for turn in turns) < 0.1,
        same_day=apart <= WORN,
    )


def moved(reference: Reference, side: int, new: Mounting, old: Mounting) -> Reference:
    """`reference`, made under `old`, as the same reps would have looked under `new`."""
    turns = tuple(_about_up(quaternion.conjugate(_turn(n, o))) for n, o in _pairs(new, old))
    heading = _azimuth(quaternion.rotate(turns[0], _FORWARD)) - _azimuth(
        quaternion.rotate(turns[1], _FORWARD)
    )
    grid = FROM_DEG + STEP_DEG * np.arange(len(reference.valgus_down_deg))
    curves: dict[str, tuple[float, ...]] = {}
    for way in ("down", "up"):
        valgus = getattr(reference, f"valgus_{way}_deg")
        rotation = getattr(reference, f"rotation_{way}_deg")
        rows = np.array(
            [
                _seen(np.radians(angles).tolist(), side, turns, heading)
                for angles in zip(grid, valgus, rotation, strict=True)
            ]
        )
        for name, column in (("valgus", 1), ("rotation", 2)):
            values = np.interp(grid, rows[:, 0], rows[:, column])
            curves[f"{name}_{way}_deg"] = tuple(values.tolist())
    return replace(reference, **curves)


def _seen(
    angles: list[float], side: int, turns: tuple[Quaternion, ...], heading: float
) -> tuple[float, float, float]:
    """Flexion, valgus and rotation (rad) as frames turned so see them; deg."""
    # Here the earth's axes are forward, up, right.
    q_shank = quaternion.from_axis_angle(_RIGHT, -LEAN * angles[0])
    q_knee = joint.compose(angles[0], angles[1], angles[2], side)
    q_thigh = quaternion.multiply(q_shank, quaternion.conjugate(q_knee))
    new_thigh = quaternion.multiply(q_thigh, turns[0])
    new_shank = quaternion.multiply(
        quaternion.from_axis_angle(_UP, heading), quaternion.multiply(q_shank, turns[1])
    )
    seen = joint.angles(*quaternion.multiply(quaternion.conjugate(new_thigh), new_shank), side)
    return (math.degrees(seen[0]), math.degrees(seen[1]), math.degrees(seen[2]))


def _pairs(new: Mounting, old: Mounting) -> tuple[tuple[Quaternion, Quaternion], ...]:
    return (
        (new.q_thigh_sensor, old.q_thigh_sensor),
        (new.q_shank_sensor, old.q_shank_sensor),
    )


def _turn(new: Quaternion, old: Quaternion) -> Quaternion:
    """From the old segment frame's coordinates to the new one's, of the same sensor."""
    w, x, y, z = quaternion.multiply(new, quaternion.conjugate(old))
    return (w, x, y, z) if w >= 0.0 else (-w, -x, -y, -z)


def _about_up(q: Quaternion) -> Quaternion:
    """The part of a turn that is about the long axis."""
    return quaternion.normalised((q[0], 0.0, q[2], 0.0))


def _tilt_deg(q: Quaternion) -> float:
    upright = quaternion.rotate(q, _UP)[1]
    return math.degrees(math.acos(min(1.0, max(-1.0, upright))))


def _twist_deg(q: Quaternion) -> float:
    return math.degrees(abs(2.0 * math.atan2(q[2], q[0])))


def _whole_deg(q: Quaternion) -> float:
    return math.degrees(2.0 * math.acos(min(1.0, q[0])))


def _azimuth(forward: tuple[float, float, float]) -> float:
    """Of a vector with the axes forward, up, right: positive turns about up."""
    return math.atan2(-forward[2], forward[0])
