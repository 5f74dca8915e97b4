"""The gyroscopes' zeros from movement, for a recording without a table window or a still stand.

Two things tell them. The orientation filter learns, while the segment tilts to and fro, what keeps
pulling its inclination away from gravity. That shows all of the zero but its part about the
vertical (`learnt_zeros`: the recording is run through twice, the second time from what the first
one learnt). And a wearer who stands up straight again and again has the same heading between thigh
and shank each time, the stance. If it wanders steadily, that is the vertical part, of the shank
relative to the thigh, which is all that the angles depend on (`heading_drift`). Both hold for a
whole recording; the heading is never tied to the knee's axis.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kneecore import quaternion
from kneecore.calibration import Calibration
from kneecore.pipeline import PASSING_RATE, UPRIGHT
from kneetrack.analysis.angles import HOLD_S, PAIR_S, held_pose, new_estimator
from kneetrack.samples import KneeSample, Quaternion, Vector
from kneetrack.traces.reader import FloatArray

PASSES = 2
SPAN_S = 5.0
"""Stances nearer to each other than this don't tell a drift."""
CALM_RATE = np.radians(10.0)
SCATTER = np.radians(5.0)
"""Stances that scatter more than this about a steady drift were not the same stance."""


def learnt_zeros(rows: FloatArray) -> tuple[Vector, Vector]:
    """What the filters learn of both zeros (rad/s) from pairs on the band's grid."""
    thigh: Vector = (0.0, 0.0, 0.0)
    shank: Vector = (0.0, 0.0, 0.0)
    flat: list[float] = rows.ravel().tolist()
    for _ in range(PASSES):
        estimator = new_estimator()
        estimator.set_bias(thigh, shank)
        held = held_pose(rows)
        held[0:3], held[6:9] = thigh, shank
        for _ in range(round(HOLD_S / PAIR_S)):
            estimator.step(held, 0)
        for index in range(len(rows)):
            estimator.step(flat, index)
        thigh, shank = estimator.thigh.bias, estimator.shank.bias
    return thigh, shank


def heading_drift(samples: Sequence[KneeSample], calibration: Calibration) -> float | None:
    """How fast (rad/s) the shank's heading runs away from the thigh's, by recurring stances.

    None where the leg was not upright often enough to tell, or not in the same stance.
    """
    times = np.array([sample.time_s for sample in samples], dtype=np.float64)
    thigh = _Seen.of([sample.q_earth_thigh for sample in samples], calibration.q_thigh_sensor)
    shank = _Seen.of([sample.q_earth_shank for sample in samples], calibration.q_shank_sensor)
    rate = np.maximum(thigh.rate, shank.rate)
    upright = (thigh.height > UPRIGHT) & (shank.height > UPRIGHT) & (rate < PASSING_RATE)
    if not upright.any() or np.ptp(times[upright]) < SPAN_S:
        return None
    at, weight = times[upright], 1.0 / (rate[upright] ** 2 + CALM_RATE**2)
    apart = np.unwrap((shank.azimuth - thigh.azimuth)[upright])
    drift, offset = np.polyfit(at, apart, 1, w=np.sqrt(weight))
    scatter = np.sqrt(np.average((apart - drift * at - offset) ** 2, weights=weight))
    return float(drift) if scatter < SCATTER else None


class _Seen:
    """A segment's azimuth (rad), the height of its long axis, and its rate (rad/s), each (n,)."""

    def __init__(self, azimuth: FloatArray, height: FloatArray, rate: FloatArray) -> None:
        self.azimuth = azimuth
        self.height = height
        self.rate = rate

    @classmethod
    def of(cls, orientations: list[Quaternion], q_segment_sensor: Quaternion) -> _Seen:
        ahead = quaternion.rotate(quaternion.conjugate(q_segment_sensor), (1.0, 0.0, 0.0))
        up = quaternion.rotate(quaternion.conjugate(q_segment_sensor), (0.0, 1.0, 0.0))
        q = np.array(orientations, dtype=np.float64)
        forward = _rotated(q, np.array(ahead))
        steps = np.abs(np.einsum("ij,ij->i", q[1:], q[:-1]))
        turned = 2.0 * np.arccos(np.minimum(1.0, steps)) / (2.0 * PAIR_S)
        return cls(
            np.arctan2(forward[:, 1], forward[:, 0]),
            _rotated(q, np.array(up))[:, 2],
            np.concatenate([turned[:1], turned]),
        )


def _rotated(q: FloatArray, v: FloatArray) -> FloatArray:
    """v (3,) turned by each row of q (n, 4)."""
    u = q[:, 1:]
    c = np.cross(u, v)
    return v + 2.0 * (q[:, :1] * c + np.cross(u, c))
