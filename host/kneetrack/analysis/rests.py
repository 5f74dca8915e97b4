"""Where a recording shows the stance: standing rests, and upright poses in passing.

The same definition as the band's (kneecore.pipeline): both long axes within 8 deg of the
calibration stance and both rates below 15 deg/s for 0.4 s is a rest. Where a recording has none,
the moments at which both are upright and slower than 60 deg/s serve, the calmer the more, as the
band's provisional heading does.

What is observed is delta = azimuth(thigh x) - azimuth(shank x) - stance heading: what the shank's
earth frame must be turned by to meet the thigh's (biomechanics B7).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kneecore import quaternion
from kneecore.calibration import Calibration
from kneecore.pipeline import (
    PASSING_RATE,
    REST_RATE,
    REST_TICKS,
    SIGMA_HEADING_PROVISIONAL,
    SWAY,
    TICK_S,
    UPRIGHT,
)
from kneetrack.analysis.angles import PAIR_S
from kneetrack.analysis.heading import Observation
from kneetrack.analysis.rotations import turned, wrapped
from kneetrack.samples import Quaternion
from kneetrack.traces.reader import BoolArray, FloatArray

REST_S = REST_TICKS * TICK_S
LONG_S = 4.0
"""A longer rest is several: in a minute of standing a heading may wander."""
CALM_RATE = np.radians(10.0)
_RATE_S = 2 * TICK_S  # rates are averaged over this: noise is no movement


@dataclass(frozen=True, slots=True)
class Seen:
    """What both IMUs show of the stance at every pair: (n,) each."""

    delta: FloatArray  # rad, the heading that would make this pose the stance
    upright: BoolArray
    rate: FloatArray  # rad/s, the faster of the two

    @classmethod
    def of(
        cls, thigh: FloatArray, shank: FloatArray, rates: FloatArray, calibration: Calibration
    ) -> Seen:
        """From sensor -> earth orientations (n, 4) and the rates' magnitudes (n, 2), rad/s."""
        length = max(1, round(_RATE_S / PAIR_S))
        smooth = np.convolve(rates.max(axis=1), np.ones(length) / length, mode="same")
        azimuths: list[FloatArray] = []
        upright = np.ones(len(rates), dtype=np.bool_)
        for q, q_segment_sensor in (
            (thigh, calibration.q_thigh_sensor),
            (shank, calibration.q_shank_sensor),
        ):
            forward = turned(q, _axis(q_segment_sensor, (1.0, 0.0, 0.0)))
            azimuths.append(np.arctan2(forward[:, 1], forward[:, 0]))
            upright &= turned(q, _axis(q_segment_sensor, (0.0, 1.0, 0.0)))[:, 2] > UPRIGHT
        apart = wrapped(azimuths[0] - azimuths[1] - calibration.stance_heading_rad)
        return cls(apart, upright, smooth)


def standing_rests(times: FloatArray, seen: Seen, worn: BoolArray) -> list[Observation]:
    """The standing rests where `worn` (n,), long ones in pieces."""
    found: list[Observation] = []
    for first, end in spans(worn & seen.upright & (seen.rate < REST_RATE)):
        if (end - first) * PAIR_S < REST_S:
            continue
        pieces = max(1, round((end - first) * PAIR_S / LONG_S))
        cuts: list[int] = np.linspace(first, end, pieces + 1).astype(int).tolist()
        for one, other in pairwise(cuts):
            mean = _mean(seen.delta[one:other], np.ones(other - one))
            found.append(Observation(float(times[one]), float(times[other - 1]), mean, SWAY))
    return found


def passing_poses(times: FloatArray, seen: Seen, worn: BoolArray) -> list[Observation]:
    """Upright poses in passing where `worn` (n,): each tells the heading, but poorly."""
    found: list[Observation] = []
    for first, end in spans(worn & seen.upright & (seen.rate < PASSING_RATE)):
        weight: FloatArray = 1.0 / (seen.rate[first:end] ** 2 + CALM_RATE**2)
        mean = _mean(seen.delta[first:end], weight)
        found.append(
            Observation(float(times[first]), float(times[end - 1]), mean, SIGMA_HEADING_PROVISIONAL)
        )
    return found


def spans(mask: BoolArray) -> list[tuple[int, int]]:
    """(first, end) of each run of True; `end` is the index behind it."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]


def _mean(angles: FloatArray, weight: FloatArray) -> float:
    return float(np.angle((weight * np.exp(1j * angles)).sum()))


def _axis(q_segment_sensor: Quaternion, axis: tuple[float, float, float]) -> FloatArray:
    """A segment's axis in its sensor's coordinates."""
    return np.array(quaternion.rotate(quaternion.conjugate(q_segment_sensor), axis))
