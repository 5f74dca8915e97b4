"""What happens to the sensors besides the movement: shocks, and straps that slip.

A `Shock` (biomechanics D: 2 to 8 g for 20 to 80 ms on both sensors, gyroscopes 100 to 400 deg/s)
throws each sensor out of its place and back, by some millimetres and degrees, along a Gaussian in
time; the soft tissue under it then rings at 20 to 40 Hz (Wakeling and Nigg, J Appl Physiol 90:412,
2001, saw 10 to 65 Hz) and dies away. Force and rate follow from the movement, so that neither
velocity nor orientation is left over.
"""

import math

from sim.leg import eased

_DEG = math.pi / 180.0
_G = 9.80665
_REACH = 4.0  # widths of the Gaussian
_RING_S = 0.07  # in which the ringing falls to 1 / e
_RING_END_S = 0.4
_AHEAD_S = 0.1  # more than a blow reaches before its middle
_RINGS = 0.15  # of the blow's size

KNOCK = (0.4, 10.0)
STRIKE = (2.0, 120.0)
RERACK = (6.0, 300.0)
"""(g, deg/s) of a touched table, a foot put down in walking, a bar put back."""


class Shock:
    """One at `time_s`; `size` is (g, deg/s) at the peak, 0.6 to 1.3 of which each sensor gets."""

    def __init__(self, random, time_s: float, size):
        g, deg_s = size
        self.time_s = time_s
        self._width_s = random.between(0.008, 0.018)  # 4 of them are its duration
        self._ring_rate = 2.0 * math.pi * random.between(20.0, 40.0)
        w = self._width_s
        # A Gaussian of height h and width w (exp(-(t/w)^2)) peaks at an acceleration of 2 h / w^2
        # and at a rate of 0.858 h / w.
        self._shifts = [
            _scaled(_direction(random, True), random.between(0.6, 1.3) * g * _G * w * w / 2.0)
            for _ in range(2)
        ]
        self._turns = [
            _scaled(_direction(random, False), random.between(0.6, 1.3) * deg_s * _DEG * w / 0.858)
            for _ in range(2)
        ]

    def part(self, t: float) -> float:
        """How far out of place the sensors are, in parts of the blow; 0 outside its time."""
        u = t - self.time_s
        if u < -_REACH * self._width_s or u > _RING_END_S:
            return 0.0
        v = u / self._width_s
        out = math.exp(-v * v) if v < _REACH else 0.0
        if u > 0.0:
            ring = eased(0.5 * v) * eased((_RING_END_S - u) / 0.1) * math.exp(-u / _RING_S)
            out += _RINGS * ring * math.sin(self._ring_rate * u)
        return out

    def of(self, sensor: int, t: float):
        """(shift m in the world, turn rad in the segment) of thigh (0) or shank (1), or None."""
        part = self.part(t)
        if not part:
            return None
        return _scaled(self._shifts[sensor], part), _scaled(self._turns[sensor], part)


class Shocks:
    """Many of them, in order of time: those that are felt at an instant, without a look at all."""

    def __init__(self, shocks):
        self._shocks = sorted(shocks, key=lambda shock: shock.time_s)
        self._near = 0

    def at(self, t: float) -> list:
        shocks = self._shocks
        i = self._near
        while i > 0 and shocks[i - 1].time_s > t - _RING_END_S:
            i -= 1
        while i < len(shocks) and shocks[i].time_s < t - _RING_END_S:
            i += 1
        self._near = i
        felt = []
        while i < len(shocks) and shocks[i].time_s < t + _AHEAD_S:
            felt.append(shocks[i])
            i += 1
        return felt


class Slip:
    """The thigh's sensor turns about the long axis by `angle_deg`, outward positive, for good."""

    def __init__(self, time_s: float, angle_deg: float, takes_s: float = 0.3):
        self.time_s = time_s
        self._angle = angle_deg * _DEG
        self._takes_s = takes_s

    def at(self, t: float) -> float:
        return self._angle * eased((t - self.time_s) / self._takes_s)


def _direction(random, upward: bool) -> tuple:
    """Of length one; a blow from the ground or a rack is mostly upward."""
    x, y, z = random.normal(), random.normal(), random.normal()
    if upward:
        x, y, z = 0.3 * x, 1.0, 0.3 * z
    length = math.sqrt(x * x + y * y + z * z) or 1.0
    return (x / length, y / length, z / length)


def _scaled(vector, factor: float) -> tuple:
    return tuple([v * factor for v in vector])
