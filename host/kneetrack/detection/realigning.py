"""Knee angles anew from a sample's two orientations, and a leg whose sensors were re-aligned.

A band sends both orientations with every knee sample, before alignment and heading. Here they take
the place of the filters, under the very pipeline that the band runs, so heading, slips and
uncertainty come out as they would have on the band.

A strap that slipped and was put right makes another alignment, from one instant of the recording
on: reps before it keep theirs, those after it get their angles here. Everything that says from when
on is device time, so live, replay and analysis do the same, whenever they are told.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from kneecore import quaternion, wire
from kneecore.calibration import Calibration
from kneecore.pipeline import Pipeline
from kneetrack.detection.reference import Reference
from kneetrack.samples import KneeSample, Quaternion, Vector, Window

_KNEE_S = wire.KNEE_PERIOD_US * 1e-6
_BAND = wire.FLAG_SATURATED | wire.FLAG_OVERRUN | wire.FLAG_IMU_FAULT | wire.FLAG_BACKFILL
_NO_ROWS: list[float] = []


@dataclass(frozen=True, slots=True)
class Realignment:
    """Another alignment and reference of a leg, from `from_s` on, where the person stands still.

    Between `reps_from_s` and `until_s` are the squats that it comes from: reference reps. `angles`
    False: those of the samples are by it already.
    """

    from_s: float
    reps_from_s: float
    until_s: float
    calibration: Calibration
    reference: Reference | None = None
    angles: bool = True

    @property
    def clock(self) -> str:
        """When it began to hold, as min:s."""
        return f"{int(self.from_s // 60)}:{int(self.from_s % 60):02d}"

    @property
    def sentence(self) -> str:
        """What is to be told of it."""
        return (
            f"The sensors were re-aligned at {self.clock}. Reps before keep their alignment and "
            "reference; those after it are compared with the squats that were done there."
        )


def windows_after(windows: Iterable[Window], what: Realignment) -> tuple[Window, ...]:
    """What is left of `windows` then, and the squats that the re-alignment comes from."""
    left = [
        Window(one.kind, max(one.start_s, what.until_s), one.end_s)
        for one in windows
        if one.end_s > what.until_s and (one.kind == "set" or one.start_s >= what.until_s)
    ]
    tries = Window("functional", what.from_s, what.reps_from_s)
    return (*left, tries, Window("reference", what.reps_from_s, what.until_s))


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


class Angles:
    """One leg's angles by one calibration, sample by sample in order; deep-copyable."""

    def __init__(self, calibration: Calibration) -> None:
        self._estimator = QuaternionEstimator()
        self._pipeline = Pipeline(self._estimator, calibration.side)
        self._pipeline.set_calibration(calibration)
        self._last_s = -math.inf

    def of(self, sample: KneeSample) -> KneeSample:
        """`sample` with the angles, uncertainty and alignment flags of this calibration."""
        pipeline = self._pipeline
        self._estimator.tell(sample, max(_KNEE_S, min(1.0, sample.time_s - self._last_s)))
        self._last_s = sample.time_s
        # The pipeline counts pairs: a knee sample at the first of each KNEE_DIVIDER.
        for index in range(wire.KNEE_DIVIDER):
            if pipeline.step(_NO_ROWS, index):
                sample = sample._replace(
                    flexion_deg=pipeline.flexion_deg,
                    valgus_deg=pipeline.valgus_deg,
                    rotation_deg=pipeline.rotation_deg,
                    valgus_sigma_deg=pipeline.sigma_deg,
                    flags=(sample.flags & _BAND) | pipeline.flags,
                )
        return sample

    def restarted(self) -> None:
        """The band was switched off and on: its orientations have another heading now."""
        self._pipeline.reset()


def _turned(a: Quaternion, b: Quaternion) -> float:
    """The angle (rad) between two orientations, from the vector part: exact for small ones."""
    _, x, y, z = quaternion.multiply(quaternion.conjugate(a), b)
    return 2.0 * math.asin(min(1.0, math.sqrt(x * x + y * y + z * z)))
