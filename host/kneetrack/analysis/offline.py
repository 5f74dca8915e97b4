"""A recording measured again with the whole of it at hand: `analyze --offline`.

The band can't look ahead. Afterwards one can (biomechanics B8):

    zeros         a line between two tables, else one zero       kneetrack.analysis.acausal
    orientation   offlineVQF, forward and backward               kneetrack.analysis.acausal
    heading       all standing rests at once, between slips      kneetrack.analysis.heading, rests
                  in gait and landing the joint itself as well   kneetrack.analysis.connection
    angles        low-passed without delay                       here

The alignment is the one that the online analysis has. It comes from gravity and the rates, hardly
from orientations, and so that both results differ by nothing but the measuring.

Filter: Butterworth, second order forward and backward, half the power at CORNER_HZ. What looks for
reps and measures them (kneetrack.detection) has the same 6 Hz filter of its own, so a session of
the squat family is made from unfiltered angles: filtered twice they would be filtered at 4.8 Hz.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy

from kneecore import pipeline, wire
from kneecore.calibration import Calibration
from kneetrack.analysis import acausal, connection
from kneetrack.analysis.angles import ACC_LIMIT, GYR_LIMIT, PAIR_S
from kneetrack.analysis.calibrate import from_pairs
from kneetrack.analysis.heading import Course, Observation, course
from kneetrack.analysis.raw import Stretch
from kneetrack.analysis.rests import Seen, passing_poses, spans, standing_rests
from kneetrack.analysis.rotations import (
    about_vertical,
    conjugate,
    knee_angles,
    product,
    turned,
    wrapped,
)
from kneetrack.analysis.trace import MeasuredTrace
from kneetrack.analysis.windows import tables
from kneetrack.calibration.store import CalibrationFile
from kneetrack.detection.movements import ByReps, movement_of
from kneetrack.errors import CalibrationError
from kneetrack.samples import DieTemperature, KneeSample, Window
from kneetrack.traces import Trace, onto_grid
from kneetrack.traces.reader import BoolArray, FloatArray

METHOD = "offlineVQF, smoothed heading, zero-phase filter; 1"
"""What `versions` tells of the method: it goes up when figures change."""

CORNER_HZ = {"walk": 12.0, "run": 18.0, "drop_jump": 18.0}
SQUAT_CORNER_HZ = 6.0
OTHER_CORNER_HZ = 12.0
CONNECTED = ("walk", "run", "drop_jump")
"""Exercises whose heading the joint may tell: there the knee is shaken sideways. Never in squats,
where it would have to be told from so little that it might be the wearer's valgus (B7)."""

RATE_SIGMA = {
    "table at both ends": math.radians(0.01),
    "table": math.radians(0.02),
    "earlier table": math.radians(0.05),
    "stand": math.radians(0.05),
    "movement": math.radians(0.1),
}
"""How well (rad/s) a zero is known, by where it comes from: what it may warm up by included."""

BENT = math.radians(20.0)
_TWO_PASSES = (math.sqrt(2.0) - 1.0) ** -0.25
_LEAST_S = 0.5
_DEG = 180.0 / math.pi
_SCIPY: Any = scipy  # its parts are imported when they are asked for: signal takes a second


def measure_offline(
    trace: Trace, calibration: CalibrationFile | None = None, *, smooth: bool = True
) -> MeasuredTrace:
    """The knee angles of a trace, measured with the whole of it at hand.

    As `analysis.trace.measure`: without `calibration` by the one that the trace gives itself;
    `smooth` False leaves the angles unfiltered. Raises CalibrationError where `calibration` is of
    the other leg, InputError where the vqf package is not installed.
    """
    times, rows = onto_grid(trace)
    if calibration is None:
        try:
            calibration = from_pairs(
                times, rows, trace.side, trace.windows, exercise=trace.exercise
            )
        except CalibrationError as error:
            return MeasuredTrace(trace, None, (), (str(error),))
    elif calibration.side is not trace.side:
        raise CalibrationError(
            f"The calibration is of the {calibration.side.word} leg, {trace.path.name} of the "
            f"{trace.side.word} one; give the other leg's."
        )
    samples, told = measured_stretches(
        [Stretch(times, rows)], calibration, trace.exercise, trace.windows, smooth=smooth
    )
    return MeasuredTrace(trace, calibration, samples, (*calibration.warnings, *told))


def measured_stretches(
    stretches: Sequence[Stretch],
    calibration: CalibrationFile,
    exercise: str,
    windows: Sequence[Window],
    *,
    smooth: bool = True,
    warmth: Sequence[DieTemperature] = (),
) -> tuple[tuple[KneeSample, ...], tuple[str, ...]]:
    """The knee samples of all stretches, and what should be told. A heading never bridges two.

    `warmth` is what the chips told of their temperature, if they did.
    """
    zeros = acausal.zeros(stretches, windows, calibration, warmth)
    samples: list[KneeSample] = []
    told: list[str] = []
    for stretch in stretches:
        measured = _Measured(stretch, calibration, exercise, windows, zeros)
        samples += measured.samples(smooth=smooth)
        told += measured.told
    return tuple(samples), tuple(told)


class _Measured:
    """One stretch: zeros, orientations, heading, and the samples that follow."""

    def __init__(
        self,
        stretch: Stretch,
        calibration: CalibrationFile,
        exercise: str,
        windows: Sequence[Window],
        zeros: acausal.Zeros,
    ) -> None:
        self.stretch = stretch
        self.calibration: Calibration = calibration.calibration
        self.exercise = exercise
        self.told: list[str] = []
        times, rows = stretch.times, stretch.rows
        thigh_zero, shank_zero = zeros.at(times)
        self.gyr = (rows[:, 0:3] - thigh_zero, rows[:, 6:9] - shank_zero)
        self.q_earth_thigh = acausal.orientations(self.gyr[0], rows[:, 3:6], zeros.left_deg_s)
        self.q_earth_shank = acausal.orientations(self.gyr[1], rows[:, 9:12], zeros.left_deg_s)
        self.rate_sigma = RATE_SIGMA.get(zeros.source, RATE_SIGMA["movement"])
        self.worn = _worn(times, windows)
        self.rests: list[Observation] = []
        self.course = self._course()
        for slip in self.course.slips:
            self.told.append(
                f"The heading jumped by {abs(slip.jump) * _DEG:.0f}° between {slip.after_s:.1f} "
                f"and {slip.before_s:.1f} s: the strap slipped or a foot moved. What lies before "
                "and after has a heading of its own; reps in between are doubtful. If it was the "
                "strap, what follows was measured by a turned sensor: do reference reps again."
            )

    def _course(self) -> Course:
        times = self.stretch.times
        rates = np.column_stack([np.linalg.norm(gyr, axis=1) for gyr in self.gyr])
        seen = Seen.of(self.q_earth_thigh, self.q_earth_shank, rates, self.calibration)
        self.rests = standing_rests(times, seen, self.worn)
        observations = self.rests or passing_poses(times, seen, self.worn)
        if self.exercise in CONNECTED:
            told = self._connection()
            if told is not None:
                observations = connection.merged(self.rests, told.observations, self.rate_sigma)
                return course(times, observations, self.rate_sigma, connection.SYSTEMATIC)
        return course(times, observations, self.rate_sigma)

    def _connection(self) -> connection.Connection | None:
        """What the joint itself tells of the heading, while the IMUs are worn."""
        worn, rows = self.worn, self.stretch.rows
        shaken = connection.Shaken.of(
            self.stretch.times,
            self.gyr,
            (rows[:, 3:6], rows[:, 9:12]),
            (self.q_earth_thigh, self.q_earth_shank),
        )
        return connection.connection(shaken[worn[:: connection.EVERY]], self.calibration)

    def samples(self, *, smooth: bool) -> list[KneeSample]:
        """The knee samples, at every KNEE_DIVIDER-th pair."""
        stretch, calibration, along = self.stretch, self.calibration, self.course
        part = slice((-stretch.number) % wire.KNEE_DIVIDER, None, wire.KNEE_DIVIDER)
        thigh = product(self.q_earth_thigh[part], conjugate(np.array(calibration.q_thigh_sensor)))
        shank = product(self.q_earth_shank[part], conjugate(np.array(calibration.q_shank_sensor)))
        shank = product(about_vertical(along.heading[part]), shank)
        angles = knee_angles(product(conjugate(thigh), shank), calibration.side)
        usable = self.worn[part] & along.known[part]
        if smooth:
            for first, end in spans(usable):
                angles[first:end] = zero_phase(angles[first:end], corner_hz(self.exercise))
        flags = np.where(usable, 0, wire.FLAG_UNALIGNED) | self._flags(angles[:, 0], part)
        sigma = self._sigma(angles[:, 0], turned(shank, np.array([0.0, 1.0, 0.0]))[:, 2], part)
        table = np.where(usable[:, None], np.degrees(angles), 0.0)
        first = -(-stretch.number // wire.KNEE_DIVIDER)
        return [
            KneeSample(first + k, time_s, flexion, valgus, rotation, s, tuple(qt), tuple(qs), flag)
            for k, (time_s, (flexion, valgus, rotation), s, qt, qs, flag) in enumerate(
                zip(
                    stretch.times[part].tolist(),
                    table.tolist(),
                    np.degrees(sigma).tolist(),
                    self.q_earth_thigh[part].tolist(),
                    self.q_earth_shank[part].tolist(),
                    flags.tolist(),
                    strict=True,
                )
            )
        ]

    def _flags(self, flexion: FloatArray, part: slice) -> FloatArray:
        """(m,) REST, SLIP (in the bends between the rests that disagree) and SATURATED."""
        times = self.stretch.times[part]
        limits = np.array([*[GYR_LIMIT] * 3, *[ACC_LIMIT] * 3] * 2) * 0.999
        clipped = np.max(np.abs(self.stretch.rows) / limits, axis=1) >= 1.0
        clipped[1:] |= clipped[:-1].copy()  # a knee sample speaks for its pair and the one before
        flags = np.where(clipped[part], wire.FLAG_SATURATED, 0)
        for rest in self.rests:
            flags |= np.where((times >= rest.start_s) & (times <= rest.end_s), wire.FLAG_REST, 0)
        for slip in self.course.slips:
            between = (times > slip.after_s) & (times < slip.before_s)
            bent = between & (flexion > BENT)
            flags |= np.where(bent if bent.any() else between, wire.FLAG_SLIP, 0)
        return flags

    def _sigma(self, flexion: FloatArray, shank_up: FloatArray, part: slice) -> FloatArray:
        """(m,) rad: standard uncertainty of the valgus (biomechanics B3)."""
        heading = self.course.sigma[part]
        return np.sqrt(
            heading**2 * np.maximum(0.0, 1.0 - shank_up**2)
            + (self.calibration.axis_sigma_rad * np.sin(flexion)) ** 2
            + (pipeline.SIGMA_THIGH_AP * (1.0 - np.cos(flexion))) ** 2
            + 2.0 * pipeline.SIGMA_INCLINATION**2
            + (pipeline.SIGMA_SOFT_TISSUE_90 * flexion / (0.5 * np.pi)) ** 2
        )


def _worn(times: FloatArray, windows: Sequence[Window]) -> BoolArray:
    """(n,) bool: the IMUs are on the leg, between what follows and what precedes the tables."""
    opening, closing = tables(windows)
    others = [window for window in windows if window.kind != "table"]
    worn = np.ones(len(times), dtype=np.bool_)
    if opening is not None:
        worn &= times >= min((w.start_s for w in others), default=opening.end_s)
    if closing is not None:
        worn &= times <= max((w.end_s for w in others), default=closing.start_s)
    return worn


def corner_hz(exercise: str) -> float:
    """Where the angles of an exercise are low-passed (biomechanics B8)."""
    by_reps = isinstance(movement_of(exercise).how, ByReps)
    return CORNER_HZ.get(exercise, SQUAT_CORNER_HZ if by_reps else OTHER_CORNER_HZ)


def zero_phase(angles: FloatArray, corner: float) -> FloatArray:
    """(n, 3) rad at the rate of knee samples, low-passed forward and backward at `corner` Hz."""
    if len(angles) * PAIR_S * wire.KNEE_DIVIDER < _LEAST_S:
        return angles
    sos = _SCIPY.signal.butter(
        2, corner * _TWO_PASSES, fs=1.0 / (PAIR_S * wire.KNEE_DIVIDER), output="sos"
    )
    return wrapped(_SCIPY.signal.sosfiltfilt(sos, np.unwrap(angles, axis=0), axis=0))
