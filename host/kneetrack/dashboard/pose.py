"""How the leg stands, for the page's drawing: shank and thigh as quaternions, heading left out.

The shank's lean is the sensor's own: orientation (`q_earth_shank`) and alignment, turned about the
vertical until the knee's axis points to the person's right (`view`: x forward, y left, z up). The
thigh follows by the three knee angles. So the valgus that is drawn is the valgus that is told, and
an error of heading between the two IMUs shows in neither. Without an alignment the lean is not
known: then the shank is drawn upright.
"""

from __future__ import annotations

import math

from kneecore import joint, quaternion
from kneetrack.samples import KneeSample, Quaternion, Side

_UPRIGHT: Quaternion = (math.sqrt(0.5), math.sqrt(0.5), 0.0, 0.0)  # y up, x forward


def pose(
    sample: KneeSample, side: Side, q_shank_sensor: Quaternion | None
) -> tuple[Quaternion, Quaternion]:
    """(view from thigh segment, view from shank segment)."""
    shank = _UPRIGHT if q_shank_sensor is None else _leaning(sample.q_earth_shank, q_shank_sensor)
    bent = joint.compose(
        math.radians(sample.flexion_deg),
        math.radians(sample.valgus_deg),
        math.radians(sample.rotation_deg),
        int(side),
    )
    return quaternion.multiply(shank, quaternion.conjugate(bent)), shank


def _leaning(q_earth_sensor: Quaternion, q_shank_sensor: Quaternion) -> Quaternion:
    segment = quaternion.multiply(q_earth_sensor, quaternion.conjugate(q_shank_sensor))
    right = quaternion.rotate(segment, (0.0, 0.0, 1.0))
    turn = -math.pi / 2 - math.atan2(right[1], right[0])
    return quaternion.multiply(quaternion.from_axis_angle((0.0, 0.0, 1.0), turn), segment)
