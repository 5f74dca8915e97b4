"""Unit quaternions (w, x, y, z), Hamilton's product, as tuples of four numbers.

`q_AB` maps vectors of frame B to frame A, `v_A = rotate(q_AB, v_B)`, and so rotations chain by
their letters: `q_AC = multiply(q_AB, q_BC)`. q and -q are the same rotation; nothing here chooses
between them except `from_columns`, which gives w >= 0.
"""

import math

IDENTITY = (1.0, 0.0, 0.0, 0.0)


def multiply(
    p: tuple[float, float, float, float], q: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    """p q: first q turns, then p."""
    p0, p1, p2, p3 = p
    q0, q1, q2, q3 = q
    return (
        p0 * q0 - p1 * q1 - p2 * q2 - p3 * q3,
        p0 * q1 + p1 * q0 + p2 * q3 - p3 * q2,
        p0 * q2 - p1 * q3 + p2 * q0 + p3 * q1,
        p0 * q3 + p1 * q2 - p2 * q1 + p3 * q0,
    )


def conjugate(q: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """The inverse rotation of a unit quaternion."""
    return (q[0], -q[1], -q[2], -q[3])


def rotate(
    q: tuple[float, float, float, float], v: tuple[float, float, float]
) -> tuple[float, float, float]:
    """v turned by the unit quaternion q: v + 2 (w u x v + u x (u x v)), u its vector part."""
    w, x, y, z = q
    vx, vy, vz = v
    cx = y * vz - z * vy
    cy = z * vx - x * vz
    cz = x * vy - y * vx
    return (
        vx + 2.0 * (w * cx + y * cz - z * cy),
        vy + 2.0 * (w * cy + z * cx - x * cz),
        vz + 2.0 * (w * cz + x * cy - y * cx),
    )


def normalised(
    q: tuple[float, float, float, float],
) -> tuple[float, float, float, float]:
    """q at length one. Raises ZeroDivisionError for the zero quaternion."""
    w, x, y, z = q
    scale = 1.0 / math.sqrt(w * w + x * x + y * y + z * z)
    return (w * scale, x * scale, y * scale, z * scale)


def from_axis_angle(
    axis: tuple[float, float, float], angle: float
) -> tuple[float, float, float, float]:
    """The turn by `angle` (rad, right-handed) about `axis`, which may have any length but zero."""
    x, y, z = axis
    scale = math.sin(0.5 * angle) / math.sqrt(x * x + y * y + z * z)
    return (math.cos(0.5 * angle), x * scale, y * scale, z * scale)


def columns(
    q: tuple[float, float, float, float],
) -> tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]:
    """The columns of the rotation matrix: where q takes the x, y and z axis."""
    w, x, y, z = q
    return (
        (1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + w * z), 2.0 * (x * z - w * y)),
        (2.0 * (x * y - w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + w * x)),
        (2.0 * (x * z + w * y), 2.0 * (y * z - w * x), 1.0 - 2.0 * (x * x + y * y)),
    )


def from_columns(
    cx: tuple[float, float, float],
    cy: tuple[float, float, float],
    cz: tuple[float, float, float],
) -> tuple[float, float, float, float]:
    """The quaternion, w >= 0, of the rotation matrix with these orthonormal, right-handed columns.

    Starts from the largest of the four components, so that no small number is divided by
    (Shepperd 1978).
    """
    trace = cx[0] + cy[1] + cz[2]
    if trace >= cx[0] and trace >= cy[1] and trace >= cz[2]:
        q = (1.0 + trace, cy[2] - cz[1], cz[0] - cx[2], cx[1] - cy[0])
    elif cx[0] >= cy[1] and cx[0] >= cz[2]:
        q = (cy[2] - cz[1], 1.0 + cx[0] - cy[1] - cz[2], cx[1] + cy[0], cz[0] + cx[2])
    elif cy[1] >= cz[2]:
        q = (cz[0] - cx[2], cx[1] + cy[0], 1.0 - cx[0] + cy[1] - cz[2], cy[2] + cz[1])
    else:
        q = (cx[1] - cy[0], cz[0] + cx[2], cy[2] + cz[1], 1.0 - cx[0] - cy[1] + cz[2])
    if q[0] < 0.0:
        q = (-q[0], -q[1], -q[2], -q[3])
    return normalised(q)
