"""Which way a sensor is tilted, sample by sample: what gravity alone tells, with no axis known.

`up` is the vertical in the sensor's own axes. It needs neither a heading nor an alignment, so it
holds for a band that was just strapped on. Two of them, at different times, differ by the angle
that the sensor was tilted in between (turning about the vertical changes nothing).
"""

from __future__ import annotations

import math
from typing import TypeAlias

from kneetrack.samples import Quaternion

Up: TypeAlias = tuple[float, float, float]

_NONE = 1e-6


def up(q_earth_sensor: Quaternion) -> Up | None:
    """The vertical in the sensor's axes, of length one; None where `q` is no rotation."""
    w, x, y, z = q_earth_sensor
    a, b, c = 2.0 * (x * z - w * y), 2.0 * (y * z + w * x), w * w - x * x - y * y + z * z
    size = math.sqrt(a * a + b * b + c * c)
    return (a / size, b / size, c / size) if _NONE < size < math.inf else None


def between_deg(one: Up, other: Up) -> float:
    """The angle between two directions of length one (deg)."""
    x, y, z = one
    a, b, c = other
    across = math.hypot(y * c - z * b, z * a - x * c, x * b - y * a)
    return math.degrees(math.atan2(across, x * a + y * b + z * c))


def towards(one: Up, other: Up, part: float) -> Up:
    """`one`, moved by `part` of the way to `other`."""
    x, y, z = (a + part * (b - a) for a, b in zip(one, other, strict=True))
    size = math.sqrt(x * x + y * y + z * z)
    return (x / size, y / size, z / size) if size > _NONE else one
