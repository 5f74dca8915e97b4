"""Knee samples again from their quaternions, with another calibration (or the same).

A band sends both orientations with every knee sample, before alignment and heading. Here they take
the place of the filters, under the very pipeline that the band runs, so heading, slips and
uncertainty come out as they would have on the band.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from kneecore import quaternion, wire
from kneecore.calibration import Calibration
from kneecore.pipeline import Pipeline
from kneetrack.analysis.angles import aligned_backward
from kneetrack.samples import KneeSample, Quaternion, Vector, Window

_KNEE_S = wire.KNEE_PERIOD_US * 1e-6
_BAND = wire.FLAG_SATURATED | wire.FLAG_OVERRUN | wire.FLAG_IMU_FAULT | wire.FLAG_BACKFILL
_NO_ROWS: list[float] = []


class QuaternionEstimator:
    """An estimator for `Pipeline` that is told the orientations; see kneecore.fusion.PairFilter."""

    def __init__(self) -> None:
        self._now: tuple[Quaternion, Quaternion] = (quaternion.IDENTITY, quaternion.IDENTITY)
        self._rates = (0.0, 0.0)
        self._alignment = self._now
        self._heading = quaternion.IDENTITY

    def tell(self, sample: KneeSample, elapsed_s: float) -> None:
        """The next orientations, `elapsed_s` after those before."""
        before = self._now
        self._now = (
            quaternion.normalised(sample.q_earth_thigh),
            quaternion.normalised(sample.q_earth_shank),
        )
        self._rates = (
            _turned(before[0], self._now[0]) / elapsed_s,
            _turned(before[1], self._now[1]) / elapsed_s,
        )

    def step(self, rows: list[float], index: int) -> None:
        """Nothing to do: the orientations are told."""

    def set_alignment(self, q_thigh_sensor: Quaternion, q_shank_sensor: Quaternion) -> None:
        self._alignment = (q_thigh_sensor, q_shank_sensor)

    def set_heading(self, delta: float) -> None:
        self._heading = quaternion.from_axis_angle((0.0, 0.0, 1.0), delta)

    def set_bias(self, thigh_gyr: Vector, shank_gyr: Vector) -> None:
        """The band has already taken its own off."""

    def orientations(self) -> tuple[Quaternion, Quaternion]:
        return self._now

    def relative(self) -> Quaternion:
        thigh = quaternion.multiply(self._now[0], quaternion.conjugate(self._alignment[0]))
        shank = quaternion.multiply(self._now[1], quaternion.conjugate(self._alignment[1]))
        return quaternion.multiply(
            quaternion.conjugate(thigh), quaternion.multiply(self._heading, shank)
        )

    def rates(self) -> tuple[float, float]:
        return self._rates

    def saturated(self) -> bool:
        return False


def realigned(
    samples: Iterable[KneeSample], calibration: Calibration, windows: Iterable[Window] = ()
) -> Iterator[KneeSample]:
    """`samples` with the angles, uncertainty and alignment flags that `calibration` gives them."""
    return aligned_backward(_forward(samples, calibration), calibration, windows)


def _forward(samples: Iterable[KneeSample], calibration: Calibration) -> Iterator[KneeSample]:
    estimator = QuaternionEstimator()
    pipeline = Pipeline(estimator, calibration.side)
    pipeline.set_calibration(calibration)
    last_s = -math.inf
    for sample in samples:
        estimator.tell(sample, max(_KNEE_S, min(1.0, sample.time_s - last_s)))
        last_s = sample.time_s
        # The pipeline counts pairs: a knee sample at the first of each KNEE_DIVIDER.
        for index in range(wire.KNEE_DIVIDER):
            if pipeline.step(_NO_ROWS, index):
                yield sample._replace(
                    flexion_deg=pipeline.flexion_deg,
                    valgus_deg=pipeline.valgus_deg,
                    rotation_deg=pipeline.rotation_deg,
                    valgus_sigma_deg=pipeline.sigma_deg,
                    flags=(sample.flags & _BAND) | pipeline.flags,
                )


def _turned(a: Quaternion, b: Quaternion) -> float:
    """The angle (rad) between two orientations, from the vector part: exact for small ones."""
    _, x, y, z = quaternion.multiply(quaternion.conjugate(a), b)
    return 2.0 * math.asin(min(1.0, math.sqrt(x * x + y * y + z * z)))
