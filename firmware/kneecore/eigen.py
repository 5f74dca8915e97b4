"""The principal axes of a cloud of vectors: eigenvectors of a symmetric 3x3 matrix, by Jacobi.

Jacobi's rotations (Golub & Van Loan, Matrix Computations, 8.5) need no starting guess and no case
distinction for equal eigenvalues; three by three, a handful of sweeps reaches rounding error.
"""

from math import sqrt

ZERO = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
"""The empty scatter: (xx, xy, xz, yy, yz, zz), sums over vectors of their products."""

_PAIRS = ((0, 1, 2), (0, 2, 1), (1, 2, 0))
_SWEEPS = 12


def added(
    a: tuple[float, float, float, float, float, float],
    b: tuple[float, float, float, float, float, float],
) -> tuple[float, float, float, float, float, float]:
    """The scatter of two clouds together."""
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4], a[5] + b[5])


def of_vector(x: float, y: float, z: float) -> tuple[float, float, float, float, float, float]:
    """The scatter of one vector."""
    return (x * x, x * y, x * z, y * y, y * z, z * z)


def form(
    scatter: tuple[float, float, float, float, float, float],
    a: tuple[float, float, float],
    b: tuple[float, float, float],
) -> float:
    """a^T scatter b: the sum over the cloud of its parts along a times those along b."""
    xx, xy, xz, yy, yz, zz = scatter
    return (
        a[0] * (xx * b[0] + xy * b[1] + xz * b[2])
        + a[1] * (xy * b[0] + yy * b[1] + yz * b[2])
        + a[2] * (xz * b[0] + yz * b[1] + zz * b[2])
    )


def principal(
    scatter: tuple[float, float, float, float, float, float],
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """(axis, singular values): the direction the cloud lies along most, of unknown sign.

    The singular values are those of the matrix that has the vectors as rows, largest first; the
    axis is of length one.
    """
    xx, xy, xz, yy, yz, zz = scatter
    a = [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]
    v = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    for _ in range(_SWEEPS):
        for p, q, r in _PAIRS:
            if a[p][q] == 0.0:
                continue
            theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q])
            t = (1.0 if theta >= 0.0 else -1.0) / (abs(theta) + sqrt(theta * theta + 1.0))
            c = 1.0 / sqrt(t * t + 1.0)
            s = t * c
            a[p][p] -= t * a[p][q]
            a[q][q] += t * a[p][q]
            a[p][q] = a[q][p] = 0.0
            a[r][p], a[r][q] = c * a[r][p] - s * a[r][q], s * a[r][p] + c * a[r][q]
            a[p][r] = a[r][p]
            a[q][r] = a[r][q]
            for row in v:
                row[p], row[q] = c * row[p] - s * row[q], s * row[p] + c * row[q]
    order = sorted((0, 1, 2), key=lambda k: -a[k][k])
    first = order[0]
    values = [sqrt(max(0.0, a[k][k])) for k in order]
    return (v[0][first], v[1][first], v[2][first]), (values[0], values[1], values[2])
