"""Quaternion arithmetic (w, x, y, z) on whole recordings: rows of (n, 4), one row broadcast.

The same formulas as kneecore.quaternion and kneecore.joint, which do one sample at a time.
"""

from __future__ import annotations

import numpy as np

from kneetrack.traces.reader import FloatArray


def product(p: FloatArray, q: FloatArray) -> FloatArray:
    """The rows of p (n, 4) times those of q (n, 4); either may be a single row."""
    pw, px, py, pz = np.moveaxis(p, -1, 0)
    qw, qx, qy, qz = np.moveaxis(q, -1, 0)
    return np.stack(
        [
            pw * qw - px * qx - py * qy - pz * qz,
            pw * qx + px * qw + py * qz - pz * qy,
            pw * qy - px * qz + py * qw + pz * qx,
            pw * qz + px * qy - py * qx + pz * qw,
        ],
        axis=-1,
    )


def conjugate(q: FloatArray) -> FloatArray:
    """The inverse rotations of unit quaternions."""
    return q * np.array([1.0, -1.0, -1.0, -1.0])


def turned(q: FloatArray, v: FloatArray) -> FloatArray:
    """Vectors v (3,) or (n, 3), each turned by its row of q (n, 4): (n, 3)."""
    u = q[..., 1:]
    c = 2.0 * np.cross(u, v)
    return v + q[..., :1] * c + np.cross(u, c)


def halfway(q: FloatArray) -> FloatArray:
    """(2 n, 4): each of q (n, 4) and the orientation halfway to the next; the last one twice."""
    after = np.concatenate([q[1:], q[-1:]])
    after = after * np.sign((q * after).sum(axis=1, keepdims=True) + 1e-12)
    between = q + after
    between /= np.sqrt((between**2).sum(axis=1, keepdims=True))
    return np.stack([q, between], axis=1).reshape(-1, 4)


def about_vertical(angle: FloatArray) -> FloatArray:
    """(n, 4): turns by `angle` (n,) rad about earth z."""
    half = 0.5 * angle
    zero = np.zeros_like(half)
    return np.stack([np.cos(half), zero, zero, np.sin(half)], axis=-1)


def wrapped(angle: FloatArray) -> FloatArray:
    """The same directions within -pi and pi."""
    return (angle + np.pi) % (2.0 * np.pi) - np.pi


def knee_angles(relative: FloatArray, side: int) -> FloatArray:
    """(n, 3) rad: flexion, valgus, rotation of `relative` (n, 4), shank segment -> thigh segment.

    Grood and Suntay's joint coordinate system, see kneecore.joint.
    """
    w, x, y, z = np.moveaxis(relative, -1, 0)
    tilt = np.arcsin(np.clip(2.0 * (y * z + w * x), -1.0, 1.0))
    flexion = np.arctan2(x * y - w * z, 0.5 - x * x - z * z)
    rotation = np.arctan2(w * y - x * z, 0.5 - x * x - y * y)
    return np.stack([flexion, -side * tilt, side * rotation], axis=-1)
