"""Other people's orientation filters, and knee angles made from them.

Each filter runs with its default parameters. What the peers share with KneeTrack is the stance and
the functional axis (PCA of the angular rate), so that they differ in the filter and the heading:

hinge     the published constraint (Laidig et al., ICORR 2017): the shank is turned until both
          functional axes point the same way, over a window of 8 s
stance    one heading for the whole recording, the mean over all poses in which both segments are
          upright, calm ones counting more: no constraint, so what is left is the filter's own

and in the gyroscopes' zeros: "own" leaves them to the filter, as it comes; with "our" it gets what
KneeTrack learnt from the movement (kneetrack.analysis.zero).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kneecore import quaternion
from kneecore.calibration import Calibration
from kneecore.pipeline import PASSING_RATE, UPRIGHT
from kneetrack.analysis.angles import HELD_MEAN_S
from kneetrack.traces import Trace
from kneetrack.traces.reader import FloatArray

HINGE_WINDOW_S = 8.0
REST_S = 4.0  # imufusion takes three seconds to start
CALM_RATE = np.radians(10.0)
GRAVITY = 9.80665

Orient = Callable[[FloatArray, FloatArray, float], FloatArray]
"""gyr (n, 3), acc (n, 3), rate_hz -> q_earth_sensor (n, 4)."""


def by_vqf(gyr: FloatArray, acc: FloatArray, rate_hz: float) -> FloatArray:
    import vqf

    inputs = (np.ascontiguousarray(gyr, float), np.ascontiguousarray(acc, float))
    return vqf.VQF(1.0 / rate_hz).updateBatch(*inputs)["quat6D"]


def by_madgwick(gyr: FloatArray, acc: FloatArray, rate_hz: float) -> FloatArray:
    from ahrs.filters import Madgwick

    return Madgwick(gyr=gyr, acc=acc, frequency=rate_hz).Q


def by_mahony(gyr: FloatArray, acc: FloatArray, rate_hz: float) -> FloatArray:
    from ahrs.filters import Mahony

    return Mahony(gyr=gyr, acc=acc, frequency=rate_hz).Q


def by_imufusion(gyr: FloatArray, acc: FloatArray, rate_hz: float) -> FloatArray:
    import imufusion

    filter_: Any = imufusion.Ahrs()
    filter_.set_sample_period(1.0 / rate_hz)
    found: list[Any] = []
    for g, a in zip(np.degrees(gyr), acc / GRAVITY, strict=True):
        filter_.update_no_magnetometer(g, a)
        found.append(np.array(filter_.get_quaternion()))
    return np.array(found)


FILTERS: dict[str, Orient] = {
    "vqf": by_vqf,
    "ahrs Madgwick": by_madgwick,
    "ahrs Mahony": by_mahony,
    "imufusion": by_imufusion,
}
VARIANTS = (("hinge", "own"), ("hinge", "our"), ("stance", "our"))
"""Headings, and whose zeros."""


def installed() -> tuple[dict[str, Orient], list[str]]:
    """The filters that can run here, and a sentence for each that can't."""
    still = np.tile([0.0, 0.0, GRAVITY], (5, 1))
    found: dict[str, Orient] = {}
    missing: list[str] = []
    for name, orient in FILTERS.items():
        try:
            orient(np.zeros((5, 3)), still, 100.0)
        except ImportError as error:
            missing.append(f"{name}: {error.name} is not installed")
        else:
            found[name] = orient
    return found, missing


def peer_angles(
    trace: Trace, orient: Orient, calibration: Calibration, heading: str, zeros: str
) -> FloatArray:
    """(n, 3) deg: flexion, valgus, rotation at the trace's samples."""
    bias = (calibration.thigh_gyr_bias, calibration.shank_gyr_bias)
    if zeros == "own":
        bias = ((0.0,) * 3, (0.0,) * 3)
    rates = (trace.thigh_gyr - bias[0], trace.shank_gyr - bias[1])
    thigh, shank = (
        product(
            _from_rest(orient, gyr, acc, trace.rate_hz), np.array([quaternion.conjugate(mounting)])
        )
        for gyr, acc, mounting in (
            (rates[0], trace.thigh_acc, calibration.q_thigh_sensor),
            (rates[1], trace.shank_acc, calibration.q_shank_sensor),
        )
    )
    if heading == "hinge":
        z = np.array([0.0, 0.0, 1.0])
        delta = _hinge_heading(rotated(thigh, z), rotated(shank, z), trace.rate_hz)
    else:
        rate = np.maximum(*(np.linalg.norm(gyr, axis=1) for gyr in rates))
        delta = np.full(len(thigh), _stance_heading(thigh, shank, rate))
    zero = np.zeros_like(delta)
    turn = np.column_stack([np.cos(0.5 * delta), zero, zero, np.sin(0.5 * delta)])
    relative = product(thigh * [1.0, -1.0, -1.0, -1.0], product(turn, shank))
    return knee_angles(relative, calibration.side)


def _from_rest(orient: Orient, gyr: FloatArray, acc: FloatArray, rate_hz: float) -> FloatArray:
    """Orientations, the first pose held before the movement as KneeTrack holds it."""
    count = round(REST_S * rate_hz)
    before = np.tile(acc[: round(HELD_MEAN_S * rate_hz)].mean(axis=0), (count, 1))
    found = orient(np.vstack([np.zeros((count, 3)), gyr]), np.vstack([before, acc]), rate_hz)
    return found[count:]


def _hinge_heading(thigh: FloatArray, shank: FloatArray, rate_hz: float) -> FloatArray:
    """delta (n,) by which the shank's frame must turn so that both axes agree; both (n, 3).

    The more level both axes are, the more they say.
    """
    weight = np.hypot(thigh[:, 0], thigh[:, 1]) * np.hypot(shank[:, 0], shank[:, 1])
    delta = np.arctan2(thigh[:, 1], thigh[:, 0]) - np.arctan2(shank[:, 1], shank[:, 0])
    window = np.ones(min(len(delta), int(HINGE_WINDOW_S * rate_hz)))
    return np.angle(np.convolve(weight**2 * np.exp(1j * delta), window, mode="same"))


def _stance_heading(thigh: FloatArray, shank: FloatArray, rate: FloatArray) -> float:
    """One heading (rad), with which the forward axes agree where the leg is upright."""
    x, y = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    ahead = [rotated(q, x) for q in (thigh, shank)]
    height = np.minimum(rotated(thigh, y)[:, 2], rotated(shank, y)[:, 2])
    weight = np.where((height > UPRIGHT) & (rate < PASSING_RATE), 1.0, 0.0)
    if not weight.any():
        weight = (height >= np.sort(height)[-max(1, len(height) // 50)]).astype(float)
    weight /= rate**2 + CALM_RATE**2
    azimuths = [np.arctan2(one[:, 1], one[:, 0]) for one in ahead]
    return float(np.angle((weight * np.exp(1j * (azimuths[0] - azimuths[1]))).sum()))


def rotated(q: FloatArray, v: FloatArray) -> FloatArray:
    """v (3,) turned by each of q (n, 4)."""
    u = q[:, 1:]
    c = np.cross(u, v)
    return v + 2.0 * (q[:, :1] * c + np.cross(u, c))


def product(p: FloatArray, q: FloatArray) -> FloatArray:
    """Quaternion products of rows, either may be one row."""
    p, q = np.broadcast_arrays(p, q)
    pw, pv, qw, qv = p[:, :1], p[:, 1:], q[:, :1], q[:, 1:]
    return np.hstack(
        [pw * qw - (pv * qv).sum(1, keepdims=True), pw * qv + qw * pv + np.cross(pv, qv)]
    )


def knee_angles(q: FloatArray, side: int) -> FloatArray:
    """kneecore.joint.angles of rows, in deg."""
    w, x, y, z = q.T
    tilt = np.arcsin(np.clip(2.0 * (y * z + w * x), -1.0, 1.0))
    flexion = np.arctan2(x * y - w * z, 0.5 - x * x - z * z)
    rotation = np.arctan2(w * y - x * z, 0.5 - x * x - y * y)
    return np.degrees(np.column_stack([flexion, -side * tilt, side * rotation]))
