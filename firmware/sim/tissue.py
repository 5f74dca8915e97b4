"""Soft tissue: what a sensor on the skin turns against the bone (biomechanics D).

In proportion to flexion, about the segment's anterior, long and lateral axis. With `spread_deg` s,
the sizes at 90 deg of flexion are drawn for each person: long axis N(0, s), anterior N(0, s / 2),
lateral N(0, 0.75 s); biomechanics D gives s = 4 to 8 deg. The shank has 0.4 of it, drawn apart.
15 % hysteresis: more on the way down than on the way up. Each rep has a gain of its own (8 %,
sim.programme), times that of the load. While the leg moves the tissue wobbles, 5 % of it, at 5 to
12 Hz, each person's own.

Sized to fluoroscopy and bone pins: STA in knee prostheses PMC8631460; Benoit, Gait Posture 24:152,
2006; Akbarshahi, J Biomech 43:1292, 2010.
"""

import math

from sim import rotations
from sim.compiled import micropython

_DEG = math.pi / 180.0
HYSTERESIS = 0.15
_FULL_AT = 1.0  # rad/s of flexion: hysteresis and wobble are nearly whole there
WOBBLE = 0.05
SHANK_PART = 0.4


class SoftTissue:
    """That of one leg; `side` +1 right, -1 left."""

    def __init__(self, random, spread_deg: float, side: int):
        spread = spread_deg * _DEG
        self._side = side
        self.thigh = _sizes(random, spread, side)
        self._shank = _sizes(random, SHANK_PART * spread, side)
        self._wobble_rate = 2.0 * math.pi * random.between(5.0, 12.0)
        self._absent = not spread

    @micropython.native
    def turns(self, posture, t: float):
        """(thigh, shank) rotations, or None where there are none."""
        skin = posture.skin
        if self._absent and not skin:
            return None
        part = posture.bent / (0.5 * math.pi)
        u = posture.rate / _FULL_AT
        u /= math.sqrt(1.0 + u * u)
        shift = 1.0 + HYSTERESIS * u + WOBBLE * u * math.sin(self._wobble_rate * t)
        shift *= part * posture.tissue
        x, y, z = self.thigh
        a, b, c = self._shank
        return (
            rotations.by_vector((x * shift, y * shift + self._side * skin, z * shift)),
            rotations.by_vector((a * shift, b * shift, c * shift)),
        )


def _sizes(random, spread: float, side: int) -> tuple:
    """Turns at 90 deg of flexion about x (anterior), y (long) and z (lateral), mirrored by side."""
    axial, anterior, lateral = random.normal(), random.normal(), random.normal()
    return (side * 0.5 * spread * anterior, side * spread * axial, 0.75 * spread * lateral)
