"""What bench_accuracy measures: every method on the recordings with modelled chip errors, scored.

The recordings (squats_from_markers, OpenCap lab validation subject 4 by way of nimblephysics) hold
IMU signals derived from markers, without sensor noise. To them is added what an LSM6DSOX adds
(biomechanics D): white noise, a zero-rate offset of the gyroscope (normal, 0.5 deg/s, no table
window to zero it), an offset of the accelerometer (normal, 10 mg). Every method sees the same
signals and calibrates itself from them alone.

Scores: the errors in three ways as `kneetrack validate` defines them (kneetrack.analysis.axis_fit),
and over the reps the root mean square errors of peak flexion, valgus excursion and matched
excursion (kneetrack.analysis.rep_agreement). The reps are those that the product's segmentation
finds in the *optical* flexion, so that all methods are scored on the same ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import firmware_angles
from kneetrack.analysis.axis_fit import Errors, errors
from kneetrack.analysis.lag import STEP_S
from kneetrack.analysis.offline import measure_offline
from kneetrack.analysis.rep_agreement import compare_reps
from kneetrack.analysis.trace import measure
from kneetrack.analysis.validate import in_sets
from kneetrack.analysis.validation_json import PER_REP, over_reps
from kneetrack.detection import Analyzer
from kneetrack.errors import CalibrationError
from kneetrack.samples import KneeSample, Rep, Side
from kneetrack.traces import Trace, read_trace
from kneetrack.traces.reader import FloatArray
from kneetrack.traces.reference import ReferenceAngles, read_reference
from peers import VARIANTS, Orient, peer_angles

REPS = ("squats1_L", "squatsAsym1_L", "STS1_L", "STS1_R", "STSAsym1_L")
JUMPS = ("DJ1_L", "DJ1_R", "DJAsym1_L", "DJAsym1_R")

ONLINE = "KneeTrack online, host floats"
FIRMWARE = "KneeTrack online, firmware arithmetic"
OFFLINE = "KneeTrack offline"
ONLINE_REFINED = "KneeTrack online, crosstalk on"
OFFLINE_REFINED = "KneeTrack offline, crosstalk on"
OURS = (FIRMWARE, OFFLINE)
"""What stands for KneeTrack in a ranking: what the band says, and what a log gives afterwards."""

GYR_NOISE = math.radians(3.8e-3)  # rad/s/sqrt(Hz)
GYR_OFFSET = math.radians(0.5)
ACC_NOISE = 110e-6 * 9.80665  # m/s^2/sqrt(Hz)
ACC_OFFSET = 10e-3 * 9.80665

_IDENTITY = (1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Score:
    """One method on one recording with one seed; the rep errors in deg, None without reps."""

    errors: Errors
    rep_rmse: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording, its optical angles, and the reps in them."""

    name: str
    trace: Trace
    reference: ReferenceAngles
    reps: tuple[Rep, ...]


def read(folder: Path, name: str) -> Recording:
    """The recording `name` with what was measured optically."""
    trace = read_trace(folder / f"{name}.csv")
    reference = read_reference(folder / f"{name}.ref.csv")
    analyzer = Analyzer(trace.side, trace.exercise, trace.windows)
    at = np.arange(trace.time_s[0], trace.time_s[-1], STEP_S)
    analyzer.feed_all(_samples(at, reference.at(at)))
    analyzer.flush()
    return Recording(name, trace, reference, analyzer.result().reps)


def with_chip(trace: Trace, seed: int) -> Trace:
    """`trace` as two LSM6DSOX would have measured it."""
    random = np.random.default_rng(seed)
    wide = math.sqrt(trace.rate_hz / 2)

    def measured(truth: FloatArray, noise: float, offset: float) -> FloatArray:
        return truth + random.normal(0, noise * wide, truth.shape) + random.normal(0, offset, 3)

    return replace(
        trace,
        thigh_gyr=measured(trace.thigh_gyr, GYR_NOISE, GYR_OFFSET),
        thigh_acc=measured(trace.thigh_acc, ACC_NOISE, ACC_OFFSET),
        shank_gyr=measured(trace.shank_gyr, GYR_NOISE, GYR_OFFSET),
        shank_acc=measured(trace.shank_acc, ACC_NOISE, ACC_OFFSET),
    )


def scores(recording: Recording, seed: int, filters: dict[str, Orient]) -> dict[str, Score]:
    """Every method on the recording with the chip errors of `seed`."""
    trace = with_chip(recording.trace, seed)
    return {name: score(recording, run()) for name, run in _methods(trace, filters)}


def _methods(
    trace: Trace, filters: dict[str, Orient]
) -> Iterator[tuple[str, Callable[[], Sequence[KneeSample]]]]:
    online, refined = measure(trace), measure(trace, refine=True)
    if online.calibration is None or refined.calibration is None:
        raise CalibrationError(online.warnings[0])
    ours, theirs = online.calibration, online.calibration
    if ours.crosstalk_deg is not None:  # the peers have no such refinement
        theirs = measure(trace, refine=False).calibration or ours
    yield FIRMWARE, lambda: firmware_angles.knee_samples(trace, ours.calibration)
    yield ONLINE, lambda: online.samples
    yield OFFLINE, lambda: measure_offline(trace, ours).samples
    yield ONLINE_REFINED, lambda: refined.samples
    yield OFFLINE_REFINED, lambda: measure_offline(trace, refined.calibration).samples
    for name, orient in filters.items():
        for heading, zeros in VARIANTS:
            yield (
                f"{name} + PCA + {heading}, {zeros} zeros",
                lambda orient=orient, heading=heading, zeros=zeros: _samples(
                    trace.time_s, peer_angles(trace, orient, theirs.calibration, heading, zeros)
                ),
            )


def score(recording: Recording, samples: Sequence[KneeSample]) -> Score:
    """Against the optical angles: over the sets, and in the optical reps."""
    at = np.array([sample.time_s for sample in samples])
    angles = np.array([sample[2:5] for sample in samples])
    inside = in_sets(at, recording.trace.windows)
    wanted = recording.reference.at(at)
    reps = compare_reps(recording.reps, samples, recording.reference, 0.0)
    found = {name: over_reps(reps, name) for name in PER_REP}
    return Score(
        errors(angles[inside], wanted[inside], Side(recording.trace.side)),
        {name: None if one is None else one.rmse for name, one in found.items()},
    )


def _samples(at: FloatArray, angles: FloatArray) -> list[KneeSample]:
    """Knee samples of angles alone; those with a hole are left out."""
    return [
        KneeSample(number, time_s, *row, 0.0, _IDENTITY, _IDENTITY, 0)
        for number, (time_s, row) in enumerate(zip(at.tolist(), angles.tolist(), strict=True))
        if not any(math.isnan(x) for x in row)
    ]
