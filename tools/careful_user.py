"""What a careful user gets from public parts: vqf, gravity, PCA, a mean curve to compare with.

The gyroscopes' zeros from the table, vqf per IMU with its bias update at rest off (it would learn
sway as bias, biomechanics B4), long axes from the stand, medio-lateral axes by PCA of the squats'
angular rate, the heading between the two IMUs fixed at the stand, a zero-phase low-pass of 6 Hz,
and each rep's largest distance from the mean valgus of the calibration squats at equal flexion,
down and up apart. Reps are not sought: it is told their times.
"""

from __future__ import annotations

import numpy as np
from scipy import signal
from vqf import VQF

from kneetrack.traces import Trace
from kneetrack.traces.reader import FloatArray
from simulated_people import Recorded, truth, turns

MOVING_RAD_S = np.radians(20.0)
LOW_PASS_HZ = 6.0


def angles(trace: Trace) -> FloatArray:
    """(n, 3) flexion, valgus, rotation in deg."""
    table, stand, squats = (_inside(trace, kind) for kind in ("table", "stand", "functional"))
    segments: list[FloatArray] = []
    for gyr, acc, sense in (
        (trace.thigh_gyr, trace.thigh_acc, 1.0),
        (trace.shank_gyr, trace.shank_acc, -1.0),
    ):
        rate = gyr - gyr[table].mean(axis=0)
        filter_ = VQF(1.0 / trace.rate_hz, restBiasEstEnabled=False)
        found = filter_.updateBatch(np.ascontiguousarray(rate), np.ascontiguousarray(acc))
        axes = _segment_axes(rate[squats], acc[squats], acc[stand].mean(axis=0), sense)
        segments.append(_matrices(found["quat6D"]) @ axes)
    thigh, shank = segments
    ahead = [np.arctan2(*one[stand, 1::-1, 0].mean(axis=0)) for one in segments]
    shank = turns.about(2, np.array(ahead[0] - ahead[1])) @ shank
    sos = signal.butter(2, LOW_PASS_HZ, fs=trace.rate_hz, output="sos")
    return signal.sosfiltfilt(
        sos, np.degrees(turns.knee_angles(thigh, shank, int(trace.side))), axis=0
    )


def excursions(recorded: Recorded) -> list[float]:
    """Of each rep of the set, deg; nan where it went nowhere near the calibration squats."""
    trace = recorded.trace
    found = angles(trace)
    curves = truth.own_curves(trace.time_s, found, recorded.functional)
    return [
        truth.excursion(trace.time_s, found, (rep.start_s, rep.end_s), curves)
        for rep in recorded.reps
    ]


def _inside(trace: Trace, kind: str) -> np.ndarray:
    mask = np.zeros(len(trace.time_s), dtype=bool)
    for one in trace.windows:
        if one.kind == kind:
            mask |= (trace.time_s >= one.start_s) & (trace.time_s <= one.end_s)
    return mask


def _segment_axes(
    rate: FloatArray, acc: FloatArray, standing: FloatArray, sense: float
) -> FloatArray:
    """(3, 3), columns x, y, z of the segment in the sensor; `sense` is z's, going down."""
    y = standing / np.linalg.norm(standing)
    moving = rate[np.linalg.norm(rate, axis=1) > MOVING_RAD_S]
    z = np.linalg.svd(moving, full_matrices=False)[2][0]
    z -= y * (y @ z)
    z /= np.linalg.norm(z)
    if sense * (z @ np.cross(y, acc).sum(axis=0)) > 0.0:
        z = -z
    return np.column_stack([np.cross(y, z), y, z])


def _matrices(q: FloatArray) -> FloatArray:
    """Quaternions (n, 4) to matrices (n, 3, 3), by where they take the axes."""
    w, u = q[:, :1], q[:, 1:]
    columns: list[FloatArray] = []
    for axis in np.eye(3):
        c = np.cross(u, axis)
        columns.append(axis + 2.0 * (w * c + np.cross(u, c)))
    return np.stack(columns, axis=-1)
