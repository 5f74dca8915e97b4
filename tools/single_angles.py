"""Knee angles of a trace in single precision, to stand beside those in double precision.

Filter, pipeline and joint run through numpy.float32 (tools/float32.py), sample by sample, as the
ESP32's floating point would compute them.
"""

import numpy as np

from float32 import single_precision, to_single
from kneecore import wire
from kneecore.calibration import Calibration
from kneecore.pipeline import Pipeline
from kneetrack.analysis.angles import HOLD_S, PAIR_S, held_pose, new_estimator
from kneetrack.traces import Trace, onto_grid


def angles(trace: Trace, calibration: Calibration, *, single: bool) -> np.ndarray:
    """(n, 3) deg at every knee sample, NaN where there is no heading yet.

    Raises AssertionError where an angle turns out to have been computed in double precision.
    """
    if not single:
        return _angles(trace, calibration, np.float64)
    with single_precision():
        return _angles(trace, calibration, np.float32)


def _angles(trace: Trace, calibration: Calibration, number: type[np.floating]) -> np.ndarray:
    _, rows = onto_grid(trace)
    held = np.tile(held_pose(rows, calibration), (2 * round(0.5 * HOLD_S / PAIR_S), 1))
    flat = np.vstack([held, rows]).astype(number).ravel()
    estimator = new_estimator()
    if number is np.float32:
        to_single(estimator.thigh)
        to_single(estimator.shank)
    pipeline = Pipeline(estimator, calibration.side)
    pipeline.set_calibration(_rounded(calibration, number))
    found: list[tuple[float, float, float]] = []
    for index in range(len(flat) // 12):
        if pipeline.step(flat, index):
            told = (pipeline.flexion_deg, pipeline.valgus_deg, pipeline.rotation_deg)
            known = not pipeline.flags & wire.FLAG_UNALIGNED
            found.append(told if known else (np.nan, np.nan, np.nan))
    if number is np.float32:
        numbers = (*found[-1], *estimator.relative(), *estimator.thigh.state.bias)
        assert all(isinstance(x, np.float32) for x in numbers), "something ran in double precision"
    return np.array(found[len(held) // wire.KNEE_DIVIDER :], dtype=np.float64)


def _rounded(calibration: Calibration, number: type[np.floating]) -> Calibration:
    def each(values: tuple[float, ...]) -> tuple[np.floating, ...]:
        return tuple(number(x) for x in values)

    return Calibration(
        calibration.side,
        each(calibration.q_thigh_sensor),
        each(calibration.q_shank_sensor),
        number(calibration.stance_heading_rad),
        each(calibration.thigh_gyr_bias),
        each(calibration.shank_gyr_bias),
        number(calibration.axis_sigma_rad),
    )
