"""Filter and angles in single precision, as the ESP32 computes them, stay with the double ones."""

from math import pi
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import single_angles
from float32 import single_precision, to_single
from kneecore import fusion
from kneetrack.analysis.trace import measure
from kneetrack.samples import Side
from synthetic_legs import Squat, leg, trace_of

ROOT = Path(__file__).parents[2]

DATA = ROOT.parent / "shared" / "data"
Array = NDArray[np.float64]


def orientations(filter_: fusion.Filter, gyr: Array, acc: Array) -> Array:
    out: list[tuple[float, float, float, float]] = []
    for rate, force in zip(gyr, acc, strict=True):
        filter_.update(tuple(rate), tuple(force))
        out.append(filter_.orientation())
    return np.array(out, dtype=np.float64)


def largest_difference_deg(gyr: Array, acc: Array, period_s: float) -> float:
    double = orientations(fusion.Filter(fusion.Params(), period_s), gyr, acc)
    with single_precision():
        filter_ = to_single(fusion.Filter(fusion.Params(), period_s))
        single = orientations(filter_, gyr.astype(np.float32), acc.astype(np.float32))
        numbers = (
            filter_.state.strapdown + filter_.state.inclination + filter_.state.covariance
            + filter_.state.gravity + filter_.state.rotation + filter_.state.bias
        )  # fmt: skip
    assert all(isinstance(x, np.float32) for x in numbers), "something ran in double precision"
    apart = np.minimum(
        np.linalg.norm(double - single, axis=1), np.linalg.norm(double + single, axis=1)
    )
    return float(np.degrees(2.0 * apart.max()))


def test_on_a_minute_of_swinging() -> None:
    period_s = 1.0 / 208.0
    t = np.arange(int(60.0 / period_s)) * period_s
    gyr = np.stack(
        [0.4 * np.sin(2 * pi * 0.7 * t), 0.3 * np.cos(t), 2.0 * np.sin(2 * pi * 0.5 * t)], axis=1
    )
    lean = -2.0 / pi * np.cos(2 * pi * 0.5 * t)
    acc = 9.81 * np.stack([np.sin(lean), np.cos(lean), 0.05 * np.sin(t)], axis=1)
    assert largest_difference_deg(gyr, acc, period_s) < 0.1


def test_the_knee_angles_of_three_squats_too() -> None:
    trace = trace_of(leg(Side.LEFT, (Squat(8.0),) * 3), Side.LEFT)
    calibration = measure(trace).calibration
    assert calibration is not None
    double, single = (
        single_angles.angles(trace, calibration.calibration, single=one) for one in (False, True)
    )
    assert np.nanmax(double[:, 0]) > 85.0
    apart = np.abs(double - single)
    assert 0.0 < np.nanmax(apart) < 0.02
    assert np.array_equal(np.isnan(double), np.isnan(single)), "the heading came at another time"


BROAD = sorted(DATA.glob("broad/16_*.npz"))


@pytest.mark.skipif(not BROAD, reason=f"no recordings in {DATA / 'broad'}")
def test_on_a_minute_of_fast_translation() -> None:
    trial = np.load(BROAD[0])
    fs = float(trial["fs"])
    part = slice(int(20 * fs), int(80 * fs))
    gyr = trial["gyr"][part].astype(float)
    acc = trial["acc"][part].astype(float)
    assert largest_difference_deg(gyr, acc, 1.0 / fs) < 0.1
