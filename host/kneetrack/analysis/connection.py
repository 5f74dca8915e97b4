"""The heading from the joint itself: thigh and shank meet in one point, whatever the knee does.

Both IMUs, each with its lever r from the knee's centre, must give that centre the same acceleration
(Weygers et al., IEEE Sensors J 20:7969, 2020; Seel, Raisch, Schauer, Sensors 14:6891, 2014):

    R1 (a1 - K(w1) r1) = Rz(delta) R2 (a2 - K(w2) r2),      K(w) = [w']x + [w]x [w]x

No degree of freedom of the knee is restricted: it may bend, turn and move inward as it likes, so a
valgus is not explained away as a hinge constraint would (biomechanics B7). But delta shows only as
far as the knee is accelerated sideways. Of walking, ten seconds tell it to about a degree; of one
squat, 9 to 18 deg: so this serves walking, running and landing, and never graded squats.

    1. Both sides are low-passed alike (a linear operation: the equation holds for what is left).
    2. r1, r2 and one delta for all: least squares for every delta of a coarse round, the best one
       refined. The levers have a prior, an IMU some 15 cm above and below the knee: the part along
       the knee's axis hardly shows, and the opposite delta would fit with levers of a metre.
    3. In turn: delta for each window, then r1, r2 anew; samples that fit badly (a heel that strikes
       shakes skin, not bone) count less, by Huber's weights.

The uncertainty of a window's delta is sigma_e / (a_h sqrt(n)), sigma_e the residual across, a_h the
sideways acceleration, n the number of independent samples. That number is not guessed: the residual
torque about the vertical is summed over blocks of BLOCK_S, which are independent enough (a
Newey-West estimate with a box kernel). SYSTEMATIC is what soft tissue adds stride for stride.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from kneecore.calibration import Calibration
from kneecore.pipeline import SWAY
from kneetrack.analysis.angles import PAIR_S
from kneetrack.analysis.heading import Observation, in_stretches, smoothed
from kneetrack.analysis.rotations import conjugate, turned
from kneetrack.traces.reader import BoolArray, FloatArray

CORNER_HZ = 8.0
EVERY = 4
"""Pairs to a sample of the low-passed signals: 52 Hz."""
WINDOW_S = 4.0
LEAST_S = 1.5
BLOCK_S = 0.5
LEAST_SHAKE_M_S2 = 0.7
"""Less sideways acceleration (RMS) in a window tells no heading."""
MOST_SIGMA = np.radians(10.0)
SYSTEMATIC = np.radians(1.0)

LEVER_M = 0.15
LEVER_SIGMA_M = (0.08, 0.10, 0.08)
_NOISE_M_S2 = 0.5  # residual to begin with
_HUBER = 1.345
_ROUND = np.radians(np.arange(0.0, 360.0, 15.0))
_PASSES = 4

_SCIPY: Any = scipy  # its parts are imported when they are asked for: signal takes a second
_linalg: Any = np.linalg


@dataclass(frozen=True, slots=True)
class Shaken:
    """Both sides of the equation in earth axes, low-passed, m samples at `times` (m,).

    `thigh`, `shank` (m, 3): the IMU's specific force; `*_lever` (m, 3, 3): R K(w), what takes a
    lever (m, sensor frame) to its share of it.
    """

    times: FloatArray
    thigh: FloatArray
    thigh_lever: FloatArray
    shank: FloatArray
    shank_lever: FloatArray

    @classmethod
    def of(
        cls,
        times: FloatArray,
        gyr: tuple[FloatArray, FloatArray],
        acc: tuple[FloatArray, FloatArray],
        q_earth: tuple[FloatArray, FloatArray],
    ) -> Shaken:
        """From pairs on the band's grid: rates without zeros, forces, and orientations."""
        thigh, thigh_lever = _in_earth(gyr[0], acc[0], q_earth[0])
        shank, shank_lever = _in_earth(gyr[1], acc[1], q_earth[1])
        return cls(times[::EVERY], thigh, thigh_lever, shank, shank_lever)

    def __getitem__(self, part: BoolArray) -> Shaken:
        return Shaken(
            self.times[part],
            self.thigh[part],
            self.thigh_lever[part],
            self.shank[part],
            self.shank_lever[part],
        )


@dataclass(frozen=True, slots=True)
class Levers:
    """From the knee's centre to each IMU (m, sensor frames)."""

    thigh_m: FloatArray
    shank_m: FloatArray

    def knee(self, shaken: Shaken) -> tuple[FloatArray, FloatArray]:
        """The specific force (m, 3) of the knee's centre, told by the thigh and by the shank."""
        return (
            shaken.thigh - shaken.thigh_lever @ self.thigh_m,
            shaken.shank - shaken.shank_lever @ self.shank_m,
        )


@dataclass(frozen=True, slots=True)
class Connection:
    """What the joint told: the levers, the heading in each window, and how well it fits (m/s^2)."""

    levers: Levers
    observations: tuple[Observation, ...]
    residual_m_s2: float  # RMS of the horizontal mismatch, per component, with these headings
    shake_m_s2: float  # RMS of the knee's horizontal acceleration


def connection(shaken: Shaken, calibration: Calibration) -> Connection | None:
    """Levers and headings of a movement; None where it is too short, or hardly shakes the knee."""
    spans = _windows(shaken.times)
    if not spans:
        return None
    prior = _Prior.of(calibration)
    delta, levers = _round_trip(shaken, prior)
    along = np.full(len(shaken.times), delta)
    found: list[tuple[BoolArray, Observation]] = []
    for _ in range(_PASSES):
        found = []
        for span in spans:
            seen = _window(shaken[span], levers)
            if seen is not None:
                found.append((span, seen))
        if not found:
            return None
        for span in spans:
            near = min(found, key=lambda each: abs(each[1].at_s - shaken.times[span].mean()))
            along[span] = near[1].heading
        levers = _levers(shaken, along, prior, _weights(_mismatch(shaken, levers, along)))[0]
    left = _mismatch(shaken, levers, along)[:, :2]
    thigh = levers.knee(shaken)[0][:, :2]
    return Connection(levers, tuple(seen for _, seen in found), _rms(left), _rms(thigh))


def headings_fit(
    shaken: Shaken, calibration: Calibration, headings: Sequence[float]
) -> list[float]:
    """The mismatch RMS (m/s^2) of each of these headings (rad), kept throughout, levers free."""
    prior = _Prior.of(calibration)
    found: list[float] = []
    for heading in headings:
        delta = np.full(len(shaken.times), heading)
        weight = np.ones(len(delta))
        levers, _ = _levers(shaken, delta, prior, weight)
        found.append(_rms(_mismatch(shaken, levers, delta)))
    return found


def merged(
    rests: Sequence[Observation], windows: Sequence[Observation], rate_sigma: float
) -> list[Observation]:
    """Rests and windows together, in order of time.

    A rest calls the forward axes of both segments parallel, which is not quite what the joint says:
    the alignment's errors about the long axes lie between. That is one angle for all rests, so
    it is taken off, and what they add is how the heading moved from one to the next.
    """
    if not rests or not windows:
        return [*rests, *windows]
    (stretch, *others), _ = in_stretches(windows, rate_sigma)
    if others:
        return list(windows)
    at = np.array([rest.at_s for rest in rests])
    along, sigma = smoothed(at, stretch, rate_sigma)
    seen = np.array([rest.heading for rest in rests])
    apart = float(np.angle(np.exp(1j * (seen - along)).sum()))
    both = [
        Observation(rest.start_s, rest.end_s, rest.heading - apart, float(np.hypot(SWAY, sigma[k])))
        for k, rest in enumerate(rests)
    ]
    return sorted([*both, *windows], key=lambda one: one.at_s)


# --- least squares -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Prior:
    mean: FloatArray  # (6,), thigh then shank
    precision: FloatArray  # (6, 6)

    @classmethod
    def of(cls, calibration: Calibration) -> _Prior:
        mean, precision = np.zeros(6), np.zeros((6, 6))
        for at, q, lever in (
            (0, calibration.q_thigh_sensor, LEVER_M),
            (3, calibration.q_shank_sensor, -LEVER_M),
        ):
            axes = turned(conjugate(np.array(q)), np.eye(3))  # rows: the segment's x, y, z
            mean[at : at + 3] = lever * axes[1]
            inverse = np.diag([sigma**-2 for sigma in LEVER_SIGMA_M])
            precision[at : at + 3, at : at + 3] = axes.T @ inverse @ axes
        return cls(mean, precision)


def _round_trip(shaken: Shaken, prior: _Prior) -> tuple[float, Levers]:
    """The one heading that fits all best, of a coarse round, and its levers."""
    weight = np.ones(len(shaken.times))
    tried = [
        (_levers(shaken, np.full(len(weight), delta), prior, weight), float(delta))
        for delta in _ROUND
    ]
    (levers, _), delta = min(tried, key=lambda each: each[0][1])
    return delta, levers


def _levers(
    shaken: Shaken, delta: FloatArray, prior: _Prior, weight: FloatArray
) -> tuple[Levers, float]:
    """Both levers under headings `delta` (m,), and the cost of what is left."""
    y = shaken.thigh - _about_vertical(shaken.shank, delta)
    x = np.concatenate([shaken.thigh_lever, -_about_vertical(shaken.shank_lever, delta)], axis=2)
    precision = _NOISE_M_S2**-2 * weight
    normal = np.einsum("nik,n,nil->kl", x, precision, x) + prior.precision
    right = np.einsum("nik,n,ni->k", x, precision, y) + prior.precision @ prior.mean
    r: FloatArray = _linalg.solve(normal, right)
    left: FloatArray = y - x @ r
    cost = float((precision * (left**2).sum(axis=1)).sum())
    cost += float((r - prior.mean) @ prior.precision @ (r - prior.mean))
    return Levers(r[:3], r[3:]), cost


def _window(shaken: Shaken, levers: Levers) -> Observation | None:
    """The heading in one window; None where the knee is hardly shaken."""
    one, other = (knee[:, :2] for knee in levers.knee(shaken))
    if min(_rms(one), _rms(other)) * np.sqrt(2.0) < LEAST_SHAKE_M_S2:
        return None
    one, other = one[:, 0] + 1j * one[:, 1], other[:, 0] + 1j * other[:, 1]
    weight = np.ones(len(one))
    heading = 0.0
    for _ in range(_PASSES):
        heading = float(np.angle((weight * one * np.conj(other)).sum()))
        weight = _weights(np.abs(one - other * np.exp(1j * heading))[:, None])
    product = weight * one * np.conj(other) * np.exp(-1j * heading)
    length = max(1, round(BLOCK_S / (EVERY * PAIR_S)))
    torque = np.add.reduceat(product.imag, np.arange(0, len(product), length))
    stiffness = float(product.real.sum())
    if stiffness <= 0.0:
        return None
    sigma = float(np.sqrt((torque**2).sum()) / stiffness)
    if sigma > MOST_SIGMA:
        return None
    first, last = float(shaken.times[0]), float(shaken.times[-1])
    return Observation(first, last, heading, float(np.hypot(sigma, SYSTEMATIC)))


def _mismatch(shaken: Shaken, levers: Levers, delta: FloatArray) -> FloatArray:
    """(m, 3) m/s^2: the knee's acceleration by the thigh, less that by the shank."""
    one, other = levers.knee(shaken)
    return one - _about_vertical(other, delta)


def _weights(left: FloatArray) -> FloatArray:
    """Huber's weights of residuals (m, k), by the median of their sizes."""
    size = np.linalg.norm(left, axis=1)
    return np.minimum(1.0, _HUBER * float(np.median(size)) / np.maximum(size, 1e-9))


# --- signals -------------------------------------------------------------------------------------


def _in_earth(gyr: FloatArray, acc: FloatArray, q: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Force (m, 3) and R K(w) (m, 3, 3), low-passed without delay, every EVERY-th pair."""
    sos = _SCIPY.signal.butter(2, CORNER_HZ, fs=1.0 / PAIR_S, output="sos")
    rate, change = gyr, np.gradient(gyr, PAIR_S, axis=0)
    columns = [
        turned(q, np.cross(change, axis) + np.cross(rate, np.cross(rate, axis)))
        for axis in np.eye(3)
    ]
    force = _SCIPY.signal.sosfiltfilt(sos, turned(q, acc), axis=0)[::EVERY]
    lever = _SCIPY.signal.sosfiltfilt(sos, np.stack(columns, axis=2), axis=0)[::EVERY]
    return force, lever


def _windows(times: FloatArray) -> list[BoolArray]:
    """Spans of WINDOW_S, the last one longer; none of less than LEAST_S."""
    length = float(times[-1] - times[0]) if len(times) else 0.0
    if length < LEAST_S:
        return []
    count = max(1, int(length / WINDOW_S))
    cuts = np.linspace(float(times[0]), float(times[-1]) + PAIR_S, count + 1)
    return [(times >= cuts[k]) & (times < cuts[k + 1]) for k in range(count)]


def _about_vertical(v: FloatArray, delta: FloatArray) -> FloatArray:
    """Vectors (m, 3), or the columns of (m, 3, 3), turned by delta (m,) rad about earth z."""
    shape = (-1,) + (1,) * (v.ndim - 2)
    c, s = np.cos(delta).reshape(shape), np.sin(delta).reshape(shape)
    return np.stack([c * v[:, 0] - s * v[:, 1], s * v[:, 0] + c * v[:, 1], v[:, 2]], axis=1)


def _rms(table: FloatArray) -> float:
    return float(np.sqrt((table**2).mean()))
