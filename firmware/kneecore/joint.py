"""Knee angles: the joint coordinate system of Grood and Suntay (J Biomech Eng 105:136, 1983).

Three axes that are not at right angles: flexion turns about the thigh's medio-lateral axis,
internal rotation about the shank's long axis, and valgus about the line at right angles to both
(the floating axis). With segment frames x anterior, y proximal, z to the person's right, and the
side s = +1 for the right leg and -1 for the left one, the rotation from shank to thigh is

    R_rel = Rt^T Rs = Rz(-flexion) Rx(-s valgus) Ry(s rotation)

so that all three angles have the same sign on both legs: flexion, valgus (abduction) and internal
rotation are positive. The side enters here and nowhere else; raw axes are never negated.

Of R_rel only five elements are needed. Each float operation costs a heap object on the band, hence
the formulas are written out on the quaternion's own numbers, with the common factor 2 left out
where atan2 doesn't see it. Valgus of +-90 deg is the one singularity (gimbal lock), far outside
what a knee does.
"""

from math import asin, atan2, cos, pi, sin

_HALF_PI = 0.5 * pi


def angles(w: float, x: float, y: float, z: float, side: int) -> tuple[float, float, float]:
    """(flexion, valgus, rotation) in rad of the unit quaternion shank segment -> thigh segment.

    `side` is +1 (right) or -1 (left).
    """
    xx = x * x
    sine = 2.0 * (y * z + w * x)
    if sine > 1.0:
        tilt = _HALF_PI
    elif sine < -1.0:
        tilt = -_HALF_PI
    else:
        tilt = asin(sine)
    flexion = atan2(x * y - w * z, 0.5 - xx - z * z)
    rotation = atan2(w * y - x * z, 0.5 - xx - y * y)
    if side > 0:
        return flexion, -tilt, rotation
    return flexion, tilt, -rotation


def compose(
    flexion: float, valgus: float, rotation: float, side: int
) -> tuple[float, float, float, float]:
    """The unit quaternion (w, x, y, z) shank segment -> thigh segment with these angles (rad)."""
    ca = cos(0.5 * flexion)
    sa = -sin(0.5 * flexion)
    cb = cos(0.5 * valgus)
    sb = -side * sin(0.5 * valgus)
    cc = cos(0.5 * rotation)
    sc = side * sin(0.5 * rotation)
    w = ca * cb
    x = ca * sb
    y = sa * sb
    z = sa * cb
    return w * cc - y * sc, x * cc - z * sc, y * cc + w * sc, z * cc + x * sc
