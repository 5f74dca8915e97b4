"""Rotations about the axes, small ones, ways between two, and any: what the simulated leg needs.

Quaternions (w, x, y, z) as in kneecore.quaternion; angles in rad.
"""

import math

from kneecore import quaternion as qt


def about_x(angle: float) -> tuple:
    return (math.cos(0.5 * angle), math.sin(0.5 * angle), 0.0, 0.0)


def about_y(angle: float) -> tuple:
    return (math.cos(0.5 * angle), 0.0, math.sin(0.5 * angle), 0.0)


def about_z(angle: float) -> tuple:
    return (math.cos(0.5 * angle), 0.0, 0.0, math.sin(0.5 * angle))


def by_vector(turn) -> tuple:
    """The rotation by a vector of that length (rad) about its direction."""
    x, y, z = turn
    angle = math.sqrt(x * x + y * y + z * z)
    k = math.sin(0.5 * angle) / angle if angle > 1e-9 else 0.5
    return (math.cos(0.5 * angle), x * k, y * k, z * k)


def between(q0, q1, part: float) -> tuple:
    """The shorter way from q0 to q1, `part` of it (slerp, Shoemake 1985)."""
    turn = qt.multiply(qt.conjugate(q0), q1)
    if turn[0] < 0.0:
        turn = tuple([-v for v in turn])
    length = math.sqrt(turn[1] * turn[1] + turn[2] * turn[2] + turn[3] * turn[3])
    if length < 1e-9:
        return q1
    half = math.atan2(length, turn[0]) * part
    k = math.sin(half) / length
    return qt.multiply(q0, (math.cos(half), turn[1] * k, turn[2] * k, turn[3] * k))


def any_rotation(random) -> tuple:
    """Evenly over all rotations: four normal deviates (Marsaglia 1972)."""
    return qt.normalised(tuple([random.normal() for _ in range(4)]))
