"""Rotations as stacks of matrices (n, 3, 3); a matrix maps the vectors of its own frame outward."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def turned(rotvecs: Floats) -> Floats:
    """Rotation vectors (n, 3), rad, to matrices (Rodrigues)."""
    angle = np.linalg.norm(rotvecs, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(rotvecs, -1, 0)
    zero = np.zeros_like(x)
    k = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*rotvecs.shape, 3)
    small = angle < 1e-9
    safe = np.where(small, 1.0, angle)
    sine = np.where(small, 1.0, np.sin(safe) / safe)
    cosine = np.where(small, 0.5, (1.0 - np.cos(safe)) / safe**2)
    outer = rotvecs[..., :, None] * rotvecs[..., None, :]
    return (1.0 - cosine * angle**2) * np.eye(3) + sine * k + cosine * outer


def rotation_vectors(matrices: Floats) -> Floats:
    """The inverse of `turned`, (n, 3); angles up to just under pi."""
    skew = 0.5 * np.stack(
        [
            matrices[..., 2, 1] - matrices[..., 1, 2],
            matrices[..., 0, 2] - matrices[..., 2, 0],
            matrices[..., 1, 0] - matrices[..., 0, 1],
        ],
        axis=-1,
    )
    sine = np.linalg.norm(skew, axis=-1, keepdims=True)
    cosine = 0.5 * (np.trace(matrices, axis1=-2, axis2=-1) - 1.0)[..., None]
    angle = np.arctan2(sine, cosine)
    return skew * np.where(sine < 1e-9, 1.0, angle / np.maximum(sine, 1e-12))


def about(axis: int, angles: Floats) -> Floats:
    """Turns by `angles` (n,), rad, about x, y or z (0, 1, 2)."""
    rotvecs = np.zeros((*np.shape(angles), 3))
    rotvecs[..., axis] = angles
    return turned(rotvecs)


def transposed(matrices: Floats) -> Floats:
    return np.swapaxes(matrices, -1, -2)


def applied(matrices: Floats, vectors: Floats) -> Floats:
    """Each matrix to its vector, (n, 3)."""
    return np.einsum("...ij,...j->...i", matrices, vectors)


def any_rotation(random: np.random.Generator) -> Floats:
    """One rotation, (3, 3), uniform on SO(3): from a normal quaternion (Shoemake 1992)."""
    w, x, y, z = (q := random.normal(size=4)) / np.linalg.norm(q)
    angle = 2.0 * np.arctan2(np.linalg.norm([x, y, z]), w)
    axis = np.array([x, y, z]) / np.linalg.norm([x, y, z])
    return turned(axis * angle)


def knee_angles(thigh: Floats, shank: Floats, side: int) -> Floats:
    """(n, 3) flexion, valgus, rotation in rad by the three axes of Grood and Suntay (1983).

    Written from the axes themselves (biomechanics B2), not from kneecore's shortened formulas.
    """
    e1, e3 = thigh[..., :, 2], shank[..., :, 1]
    e2 = np.cross(e3, e1)
    e2 /= np.linalg.norm(e2, axis=-1, keepdims=True)

    def dot(a: Floats, b: Floats) -> Floats:
        return np.einsum("...i,...i->...", a, b)

    flexion = np.arctan2(-dot(e2, thigh[..., :, 1]), dot(e2, thigh[..., :, 0]))
    valgus = -side * np.arcsin(np.clip(dot(e1, e3), -1.0, 1.0))
    rotation = side * np.arctan2(dot(e2, shank[..., :, 2]), dot(e2, shank[..., :, 0]))
    return np.stack([flexion, valgus, rotation], axis=-1)
