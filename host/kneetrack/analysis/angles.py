"""Sample pairs to knee samples on the host: the same pipeline that the band runs.

Before the first pair the leg is held in its first pose for HOLD_S, as the simulated board holds a
leg that has not begun to move: the filters are level and, if that pose is the stance, the heading
is known when motion starts. Where the heading becomes known only later, it holds for what came
before as well (nothing but drift changes it), and so the samples that were UNALIGNED until then get
their angles after the fact. Not those from before the IMUs were on the leg: on a table, or being
strapped on, there is no knee angle to tell.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from kneecore import fusion, joint, quaternion, wire
from kneecore.calibration import Calibration
from kneecore.pipeline import Pipeline
from kneetrack.analysis.windows import worn_from_s
from kneetrack.samples import KneeSample, Quaternion, Window
from kneetrack.traces.reader import FloatArray

PAIR_S = wire.PAIR_PERIOD_US * 1e-6
HOLD_S = 2.0
HELD_MEAN_S = 0.1
GYR_LIMIT = math.radians(2000.0)
ACC_LIMIT = 16 * 9.80665
WAIT_SAMPLES = 60 * 104
"""That many samples (a minute) at most wait for a heading; older ones stay UNALIGNED."""

_DEG = 180.0 / math.pi


def new_estimator(params: fusion.Params | None = None) -> fusion.PairFilter:
    """The host's estimator at the band's rate and ranges."""
    return fusion.PairFilter(params or fusion.Params(), PAIR_S, GYR_LIMIT, ACC_LIMIT)


def held_pose(rows: FloatArray, calibration: Calibration | None = None) -> list[float]:
    """The first pose of `rows` (n, 12) without motion: gravity only, the gyroscopes at their zero.

    Gravity is the mean specific force of the first tenth of a second.
    """
    held = rows[: max(1, round(HELD_MEAN_S / PAIR_S))].mean(axis=0)
    for at in (3, 9):
        held[at : at + 3] *= 9.80665 / max(1e-3, float(np.linalg.norm(held[at : at + 3])))
    held[0:3] = calibration.thigh_gyr_bias if calibration else 0.0
    held[6:9] = calibration.shank_gyr_bias if calibration else 0.0
    return held.tolist()


def knee_samples(
    times: FloatArray,
    rows: FloatArray,
    calibration: Calibration,
    windows: Iterable[Window] = (),
) -> Iterator[KneeSample]:
    """One leg's knee samples from pairs on the band's grid: `times` (n,), `rows` (n, 12) in SI.

    `windows` tell from when on the IMUs are worn, see `worn_from_s`.
    """
    return aligned_backward(_forward(times, rows, calibration), calibration, windows)


def _forward(times: FloatArray, rows: FloatArray, calibration: Calibration) -> Iterator[KneeSample]:
    estimator = new_estimator()
    pipeline = Pipeline(estimator, calibration.side)
    pipeline.set_calibration(calibration)
    flat: list[float] = rows.ravel().tolist()
    held = held_pose(rows, calibration)
    for _ in range(2 * round(0.5 * HOLD_S / PAIR_S)):
        pipeline.step(held, 0)
    for number, time_s in enumerate(times.tolist()):
        if pipeline.step(flat, number):
            q_thigh, q_shank = estimator.orientations()
            yield KneeSample(
                number // wire.KNEE_DIVIDER,
                time_s,
                pipeline.flexion_deg,
                pipeline.valgus_deg,
                pipeline.rotation_deg,
                pipeline.sigma_deg,
                q_thigh,
                q_shank,
                pipeline.flags,
            )


def aligned_backward(
    samples: Iterable[KneeSample], calibration: Calibration, windows: Iterable[Window] = ()
) -> Iterator[KneeSample]:
    """`samples`, those before the first heading given their angles and uncertainty by it.

    Works on the quaternions, so on samples from a band as well. Samples that never get a heading
    come out UNALIGNED as they are, those from before the IMUs were worn (`worn_from_s`) UNALIGNED
    and with no angles.
    """
    worn_s = worn_from_s(windows)
    waiting: deque[KneeSample] = deque()
    source = iter(samples)
    for sample in source:
        if not sample.flags & wire.FLAG_UNALIGNED:
            heading = heading_of(sample, calibration)
            for earlier in waiting:
                aligned = with_heading(earlier, calibration, heading)
                yield aligned._replace(valgus_sigma_deg=sample.valgus_sigma_deg)
            yield sample
            yield from source
            return
        if sample.time_s < worn_s:
            yield sample._replace(flexion_deg=0.0, valgus_deg=0.0, rotation_deg=0.0)
            continue
        if len(waiting) == WAIT_SAMPLES:
            yield waiting.popleft()
        waiting.append(sample)
    yield from waiting


def heading_of(sample: KneeSample, calibration: Calibration) -> float:
    """The heading (rad) that the band used for this aligned sample: quaternions against angles."""
    _, _, flexion, valgus, rotation = sample[:5]
    relative = joint.compose(flexion / _DEG, valgus / _DEG, rotation / _DEG, calibration.side)
    thigh, shank = _segments(sample, calibration)
    w, _, _, z = quaternion.multiply(
        quaternion.multiply(thigh, relative), quaternion.conjugate(shank)
    )
    return 2.0 * math.atan2(z, w)


def with_heading(sample: KneeSample, calibration: Calibration, heading: float) -> KneeSample:
    """The sample with the angles that its quaternions give under `heading` (rad)."""
    thigh, shank = _segments(sample, calibration)
    turn = (math.cos(0.5 * heading), 0.0, 0.0, math.sin(0.5 * heading))
    relative = quaternion.multiply(quaternion.conjugate(thigh), quaternion.multiply(turn, shank))
    flexion, valgus, rotation = joint.angles(*relative, calibration.side)
    return sample._replace(
        flexion_deg=flexion * _DEG,
        valgus_deg=valgus * _DEG,
        rotation_deg=rotation * _DEG,
        flags=sample.flags & ~wire.FLAG_UNALIGNED,
    )


def _segments(sample: KneeSample, calibration: Calibration) -> tuple[Quaternion, Quaternion]:
    """Segment -> earth rotations of thigh and shank, the shank's in its own heading."""
    return (
        quaternion.multiply(
            quaternion.normalised(sample.q_earth_thigh),
            quaternion.conjugate(calibration.q_thigh_sensor),
        ),
        quaternion.multiply(
            quaternion.normalised(sample.q_earth_shank),
            quaternion.conjugate(calibration.q_shank_sensor),
        ),
    )
