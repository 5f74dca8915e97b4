"""Vectors of three numbers, as tuples (x, y, z). The unit and the frame are the caller's."""

import math


def added(
    a: tuple[float, float, float], b: tuple[float, float, float]
) -> tuple[float, float, float]:
    """a + b."""
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def subtracted(
    a: tuple[float, float, float], b: tuple[float, float, float]
) -> tuple[float, float, float]:
    """a - b."""
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def scaled(a: tuple[float, float, float], factor: float) -> tuple[float, float, float]:
    """a, `factor` times as long."""
    return (a[0] * factor, a[1] * factor, a[2] * factor)


def dot(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    """The inner product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(
    a: tuple[float, float, float], b: tuple[float, float, float]
) -> tuple[float, float, float]:
    """The right-handed vector product: cross(x, y) = z."""
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def norm(a: tuple[float, float, float]) -> float:
    """The Euclidean length."""
    return math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])


def normalised(a: tuple[float, float, float]) -> tuple[float, float, float]:
    """a at length one. Raises ZeroDivisionError for the zero vector: it has no direction."""
    return scaled(a, 1.0 / norm(a))
