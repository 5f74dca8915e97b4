"""Scale, misalignment and offset of one IMU from a handful of positions on a table.

Whoever puts a sensor down on each of its six faces in turn gives two kinds of facts. Lying still,
the specific force is g long, whichever way it points. From one pose to the next, the turn that the
gyroscope saw must carry the one vertical into the other. With a the accelerometer's and w the
gyroscope's reading, z the rate shown at rest,

    f = T (a - o),     T = 1 + upper triangle       |f| = g                          at each pose
    r = G (w - z),     G = 1 + full matrix          R(r)^T f_i / g = f_j / g         for each move

Six positions identify o and T's diagonal (Frosio, Pedersini, Borghese 2009). T's other three
numbers and G follow from the moves, or from more than nine directions (Tedaldi, Pretto, Menegatti
2014; theirs is the use of the moves. They fit one after the other, here all is fitted together).
What was not turned far enough to be known stays near what every chip has by its data sheet, for the
least squares carry a prior (OFFSET_PRIOR, ...), and its uncertainty says so.

    T is triangular: the accelerometer gives the frame (its z axis and its yz plane), and G brings
    the gyroscope into it. How that lies in the housing can't be seen this way, and does not matter:
    the mounting on the leg is found with the same sensor.
    g is taken as 9.80665: local gravity, up to 0.3 % off, becomes scale, which turns nothing.
    z is taken from the poses around a move, so its drift with warming does no harm. It is told, but
    a band does not apply it: a zero belongs to the day (see `temperature`).

The solution is Gauss-Newton's, five steps at most. The derivative of a turn R = R_1 R_2 .. R_n, by
what is added to its rates, is sum R_k dr_k, dt each. Covariance: the inverse of the normal matrix,
times the residuals' mean square where that exceeds what was expected of them. That is what tells
how good a result is. The misfit of gravity tells next to nothing: nine numbers make nine positions
fit, whatever the sensor does.

    I. Frosio, F. Pedersini, N. A. Borghese: Autocalibration of MEMS accelerometers. IEEE Trans.
    Instrum. Meas. 58(6), 2009.  D. Tedaldi, A. Pretto, E. Menegatti: A robust and easy to implement
    method for IMU calibration without external equipments. ICRA 2014.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kneecore.alignment import Gate
from kneetrack.calibration.stills import FACES, FloatArray, Pose, find_poses
from kneetrack.calibration.store import GateResult
from kneetrack.errors import CalibrationError
from kneetrack.samples import Vector

GRAVITY = 9.80665
MG = GRAVITY * 1e-3
Matrix = tuple[Vector, Vector, Vector]

OFFSET_PRIOR = 60.0 * MG
ACC_SCALE_PRIOR = 0.03
ACC_CROSS_PRIOR = 0.02
GYR_PRIOR = 0.03
POSE_SIGMA = 0.3 * MG
"""What the mean of a pose is good for beyond its noise."""
MOVE_SIGMA = math.radians(0.05)

_STEPS = 5
_UPPER = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
_ACC = slice(0, 9)  # offset, then _UPPER
_GYR = slice(9, 18)  # row by row
_PRIOR = np.array(
    [OFFSET_PRIOR] * 3 + [ACC_SCALE_PRIOR] * 3 + [ACC_CROSS_PRIOR] * 3 + [GYR_PRIOR] * 9
)

_PUT_DOWN = (
    "Put the {segment} sensor down on each of its six faces in turn, and let go of it for 2 s each "
    "time."
)
_TURN = (
    "Go on turning the {segment} sensor by quarter turns, over another edge than the last time, "
    "and put it down after each."
)
_CALM = "Put the {segment} sensor on a firm table that nobody touches, and turn it by hand, calmly."


@dataclass(frozen=True, slots=True)
class ImuCalibration:
    """Corrected: T (acc - acc_offset) in m/s^2, G gyr in rad/s (its zero is still in it).

    Sigmas are the worst axis' standard uncertainties; scales and crosses are parts of one.
    Residuals are root mean squares, without correction (but the zero taken off) and with it; that
    of the accelerometer is small with few poses by itself.
    """

    acc_matrix: Matrix
    acc_offset_m_s2: Vector
    gyr_matrix: Matrix
    gyr_zero_rad_s: Vector
    acc_offset_sigma_m_s2: float
    acc_scale_sigma: float
    acc_cross_sigma: float
    gyr_scale_sigma: float
    gyr_cross_sigma: float
    gyr_zero_spread_rad_s: float  # largest difference of one axis between two poses
    acc_residual_m_s2: tuple[float, float]
    move_residual_rad: tuple[float, float]
    poses: int
    faces: tuple[str, ...]

    @property
    def axes_sigma(self) -> float:
        """The least known of all scales and crosses."""
        return max(
            self.acc_scale_sigma, self.acc_cross_sigma, self.gyr_scale_sigma, self.gyr_cross_sigma
        )

    @property
    def offset_error_m_s2(self) -> float:
        """What the accelerometer's worst axis showed too much or too little of, uncorrected."""
        return max(abs(value) for value in self.acc_offset_m_s2)

    @property
    def axes_error(self) -> float:
        """The largest error of a scale or a cross, uncorrected."""
        off = np.array([self.acc_matrix, self.gyr_matrix]) - np.eye(3)
        return float(np.abs(off).max())

    def gates(self, segment: str) -> tuple[GateResult, ...]:
        """Whether it may be used. `segment`: thigh or shank."""
        put_down, turn, calm = (text.format(segment=segment) for text in (_PUT_DOWN, _TURN, _CALM))
        rows = (
            Gate("faces", len(self.faces), len(FACES), put_down, True),
            Gate("acc_residual_mg", self.acc_residual_m_s2[1] / MG, 3.0, calm),
            Gate("move_residual_deg", math.degrees(self.move_residual_rad[1]), 0.5, calm),
            Gate("zero_spread_deg_s", math.degrees(self.gyr_zero_spread_rad_s), 0.3, calm),
            Gate("acc_offset_sigma_mg", self.acc_offset_sigma_m_s2 / MG, 1.0, put_down),
            Gate("axes_sigma_percent", self.axes_sigma * 100.0, 0.4, turn),
        )
        return tuple(
            GateResult(f"{segment}_sensor_{g.name}", g.value, g.limit, g.passed, g.remedy)
            for g in rows
        )


def calibrate_imu(rows: FloatArray, rate_hz: float, segment: str) -> ImuCalibration:
    """The calibration from (n, 6) rows of gyr xyz and acc xyz, on an even grid.

    Raises CalibrationError with the remedy of the first gate that failed, or where it never lay
    still.
    """
    found = solve(rows, find_poses(rows, rate_hz), rate_hz)
    if found is None:
        raise CalibrationError(
            f"The {segment} sensor never lay still between moves. "
            + _PUT_DOWN.format(segment=segment)
        )
    for gate in found.gates(segment):
        if not gate.passed:
            raise CalibrationError(gate.sentence)
    return found


def solve(
    rows: FloatArray, poses: Sequence[Pose], rate_hz: float, breaks: Sequence[int] = ()
) -> ImuCalibration | None:
    """The best there is from these poses, however few; None without a move between two.

    `breaks` are rows before which samples are missing; a move across one is not used.
    """
    moves = [
        _Move(rows, i, a, b, 1.0 / rate_hz)
        for i, (a, b) in enumerate(itertools.pairwise(poses))
        if not any(a.start < at <= b.end for at in breaks)
    ]
    if not moves:
        return None
    x = np.zeros(18)
    before = _Residuals(x, poses, moves)
    for _ in range(_STEPS):
        residuals = _Residuals(x, poses, moves)
        normal = residuals.jacobian.T @ residuals.jacobian + np.diag(_PRIOR**-2.0)
        step = np.linalg.solve(normal, residuals.jacobian.T @ residuals.values + x / _PRIOR**2)
        x = x - step
        if np.max(np.abs(step) / _PRIOR) < 1e-7:
            break
    after = _Residuals(x, poses, moves)
    normal = after.jacobian.T @ after.jacobian + np.diag(_PRIOR**-2.0)
    inverse = np.linalg.inv(normal)
    known = 18.0 - float(np.trace(inverse @ np.diag(_PRIOR**-2.0)))
    free = max(1.0, len(poses) + 2.0 * len(moves) - known)
    sigma = np.sqrt(np.diag(inverse) * max(1.0, float(after.values @ after.values) / free))
    zeros = np.array([pose.gyr for pose in poses])
    return ImuCalibration(
        acc_matrix=_matrix(_triangle(x)),
        acc_offset_m_s2=_vector(x[:3]),
        gyr_matrix=_matrix(_full(x)),
        gyr_zero_rad_s=_vector(zeros.mean(axis=0)),
        acc_offset_sigma_m_s2=float(sigma[:3].max()),
        acc_scale_sigma=float(sigma[3:6].max()),
        acc_cross_sigma=float(sigma[6:9].max()),
        gyr_scale_sigma=float(sigma[[9, 13, 17]].max()),
        gyr_cross_sigma=float(np.delete(sigma[_GYR], [0, 4, 8]).max()),
        gyr_zero_spread_rad_s=float(np.ptp(zeros, axis=0).max()),
        acc_residual_m_s2=(before.acc_rms, after.acc_rms),
        move_residual_rad=(before.move_rms, after.move_rms),
        poses=len(poses),
        faces=tuple(face for face in FACES if any(pose.face == face for pose in poses)),
    )


class _Move:
    """From pose `index` to the next: the rates between them, what was shown at rest taken off."""

    def __init__(self, rows: FloatArray, index: int, a: Pose, b: Pose, period_s: float) -> None:
        self.index = index
        self.period_s = period_s
        # From the middle of the one pose to that of the other; trapezoids between the samples.
        start, end = (a.start + a.end) // 2, (b.start + b.end) // 2
        rates = rows[start:end, :3]
        part = np.linspace(0.0, 1.0, len(rates))[:, None]
        rates = rates - (1.0 - part) * a.gyr - part * b.gyr
        self.rates = 0.5 * (rates[1:] + rates[:-1])

    def turn(self, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(3, 3) rotation, later sensor axes to earlier; (3, 9) its derivative by the matrix."""
        steps = _exponential(self.rates @ matrix.T * self.period_s)
        through = _running_product(steps)
        before = np.concatenate([np.eye(3)[None], through[:-1]])
        # A small turn in the earlier axes: sum R_k E r_k dt, E row by row.
        by_matrix = np.einsum("nij,nk->ijk", before, self.rates).reshape(3, 9) * self.period_s
        return through[-1], by_matrix


class _Residuals:
    """All facts' misfits in units of their sigmas, with derivatives, at parameters `x` (18,)."""

    def __init__(self, x: FloatArray, poses: Sequence[Pose], moves: Sequence[_Move]) -> None:
        triangle, full = _triangle(x), _full(x)
        ups: list[FloatArray] = []
        by_acc: list[FloatArray] = []  # of the direction
        values: list[FloatArray] = []
        jacobian: list[FloatArray] = []
        for pose in poses:
            bare = pose.acc - x[:3]
            force = triangle @ bare
            length = float(np.linalg.norm(force))
            up = force / length
            d_force = np.zeros((3, 9))
            d_force[:, :3] = -triangle
            for column, (i, j) in enumerate(_UPPER):
                d_force[i, 3 + column] = bare[j]
            ups.append(up)
            by_acc.append((np.eye(3) - np.outer(up, up)) @ d_force / length)
            weight = 1.0 / math.hypot(pose.acc_sigma, POSE_SIGMA)
            row = np.zeros((1, 18))
            row[0, _ACC] = up @ d_force * weight
            values.append(np.array([(length - GRAVITY) * weight]))
            jacobian.append(row)
        self.acc_rms = _rms([(v[0] / j) for v, j in zip(values, _weights(poses), strict=True)])
        misfits: list[float] = []
        for move in moves:
            turn, by_matrix = move.turn(full)
            a, b = ups[move.index], ups[move.index + 1]
            misfit = turn.T @ a - b
            misfits.append(float(np.linalg.norm(misfit)))
            rows = np.zeros((3, 18))
            rows[:, _ACC] = turn.T @ by_acc[move.index] - by_acc[move.index + 1]
            rows[:, _GYR] = turn.T @ _cross(a) @ by_matrix
            values.append(misfit / MOVE_SIGMA)
            jacobian.append(rows / MOVE_SIGMA)
        self.move_rms = _rms(misfits)
        self.values = np.concatenate(values)
        self.jacobian = np.concatenate(jacobian)


def _weights(poses: Sequence[Pose]) -> list[float]:
    return [1.0 / math.hypot(pose.acc_sigma, POSE_SIGMA) for pose in poses]


def _rms(values: Sequence[float]) -> float:
    return math.sqrt(sum(v * v for v in values) / len(values))


def _triangle(x: FloatArray) -> FloatArray:
    matrix = np.eye(3)
    for column, (i, j) in enumerate(_UPPER):
        matrix[i, j] += x[3 + column]
    return matrix


def _full(x: FloatArray) -> FloatArray:
    return np.eye(3) + x[_GYR].reshape(3, 3)


def _cross(v: FloatArray) -> FloatArray:
    """The matrix of v x."""
    return np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])


def _exponential(turns: FloatArray) -> FloatArray:
    """(n, 3, 3) rotations by (n, 3) turns (Rodrigues); each well below half a turn."""
    angle = np.linalg.norm(turns, axis=1)[:, None, None]
    k = np.zeros((len(turns), 3, 3))
    k[:, 0, 1], k[:, 0, 2], k[:, 1, 2] = -turns[:, 2], turns[:, 1], -turns[:, 0]
    k -= k.transpose(0, 2, 1)
    return (
        np.eye(3) + np.sinc(angle / np.pi) * k + 0.5 * np.sinc(angle / (2 * np.pi)) ** 2 * (k @ k)
    )


def _running_product(steps: FloatArray) -> FloatArray:
    """(n, 3, 3): the products of the first 1, 2, .. n steps, by doubling."""
    products = steps.copy()
    reach = 1
    while reach < len(products):
        products[reach:] = products[:-reach] @ products[reach:]
        reach *= 2
    return products


def _vector(values: Any) -> Vector:
    return (float(values[0]), float(values[1]), float(values[2]))


def _matrix(values: FloatArray) -> Matrix:
    return (_vector(values[0]), _vector(values[1]), _vector(values[2]))
