"""Both IMUs on a table, turned by hand from face to face: the calibration of sensors.

A source like `body.Body`: `imu(mount, t_s)`, `still(mount, t_s)`, `truth(t_s)`, `duration_s`.

Each IMU lies still for `hold_s`, is then turned by 90 deg about one of its housing's edges within
`turn_s`, lies still, and so on through `turns`. The chip sits a little askew in its housing, the
housing does not land quite where it should, and the two are turned at a little different moments.
A hand lifts what it turns, which the accelerometer feels. The rate is the derivative of the angle
about an axis that is fixed in the sensor, so its integral is the orientation exactly.
"""

import math

from kneecore import quaternion as qt
from sim.chip_errors import Random

GRAVITY = 9.80665
_DEG = math.pi / 180.0

SIX_FACES = "xyxzyzxyz"
"""Quarter turns about the housing's edges, another one each time: all six faces are seen."""
_ASKEW = 3.0 * _DEG  # chip in housing, and housing on the table
_LIFT = 1.5  # m/s^2
_APART_S = 0.2
_EDGES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}


class _Turned:
    """One IMU: where it points at the beginning of each hold, and the turn that follows."""

    def __init__(self, turns: str, random):
        # World axes as in `body`: y is up. The housing's z edge is up at first.
        q = qt.from_axis_angle((1.0, 0.0, 0.0), -0.5 * math.pi)
        housing = _small(random.vector(_ASKEW))
        q = qt.multiply(q, housing)
        back = qt.conjugate(housing)
        self.poses = [q]
        self.axes = []  # (unit vector in the sensor, angle)
        for edge in turns:
            axis = qt.rotate(back, _EDGES[edge])
            askew = random.vector(_ASKEW / 2.0)
            axis = _unit([a + b for a, b in zip(axis, askew)])
            angle = 0.5 * math.pi + random.between(-_ASKEW, _ASKEW)
            self.axes.append((axis, angle))
            q = qt.multiply(q, qt.from_axis_angle(axis, angle))
            self.poses.append(q)


class Tumble:
    """`turns`: a letter for each quarter turn, "x", "y" or "z"."""

    def __init__(self, seed=0, turns=SIX_FACES, hold_s=2.5, turn_s=1.2):
        random = Random(seed + 404)
        self._imus = {mount: _Turned(turns, random) for mount in ("thigh", "shank")}
        self._hold_s = hold_s
        self._turn_s = turn_s
        self.duration_s = (hold_s + turn_s) * len(turns) + hold_s + _APART_S

    def imu(self, mount: str, t_s: float) -> tuple:
        if mount == "shank":
            t_s -= _APART_S
        one = self._imus[mount]
        index = max(0, int(t_s / (self._hold_s + self._turn_s)))
        since_s = t_s - index * (self._hold_s + self._turn_s) - self._hold_s
        if index >= len(one.axes) or since_s <= 0.0:
            return self._lying(one, index)
        part = since_s / self._turn_s
        axis, angle = one.axes[index]
        # The minimum-jerk course (Flash and Hogan 1985).
        done = part * part * part * (10.0 + part * (6.0 * part - 15.0))
        rate = 30.0 * part * part * (1.0 - part) * (1.0 - part) * angle / self._turn_s
        q = qt.multiply(one.poses[index], qt.from_axis_angle(axis, done * angle))
        lift = _LIFT * math.sin(2.0 * math.pi * part)
        force = qt.rotate(qt.conjugate(q), (0.0, GRAVITY + lift, 0.0))
        return (rate * axis[0], rate * axis[1], rate * axis[2]) + force

    def still(self, mount: str, t_s: float) -> tuple:
        return (0.0, 0.0, 0.0) + self.imu(mount, t_s)[3:]

    def truth(self, t_s: float) -> tuple:
        """There is no knee here."""
        return (0.0, 0.0, 0.0)

    def _lying(self, one, index) -> tuple:
        q = one.poses[min(index, len(one.axes))]
        return (0.0, 0.0, 0.0) + qt.rotate(qt.conjugate(q), (0.0, GRAVITY, 0.0))


def _unit(v) -> tuple:
    size = math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2])
    return (v[0] / size, v[1] / size, v[2] / size)


def _small(turn) -> tuple:
    size = math.sqrt(sum([v * v for v in turn]))
    return qt.from_axis_angle(_unit(turn), size)
