"""What is measured in every rep of the squat family beyond `measures`: intrinsic to the rep.

    absolute valgus     its uncertainty where it is largest
    tempo               peak rates of the knee, down and up; how smooth each half is (SPARC)
    shaking             the tremor index
    the shank           how far it leans; the knee's way inward over the foot at fixed depths
    the thigh           its tilt, and its rotation about its own long axis

Rotations about a segment's own long axis are the angular velocity about it, summed up since the rep
began in standing; so each rep starts from nothing and a drifting heading has no say (biomechanics
A, row 2). For the thigh it is limited by the skin: 1 deg of skin is 1 deg of rotation.

SPARC, the spectral arc length (Balasubramanian et al., JNER 12:112, 2015): minus the length of the
normalised spectrum of the thigh's angular speed, from 0 to 10 Hz or as far as it is above 5 % of
its peak. -1.4 is a single smooth movement, every further burst makes it longer.

The tremor index: the angular velocity of both segments, band-passed at 4 to 15 Hz without delay, as
a root mean square from half a second before the deepest point to the end of the ascent. Each axis
is filtered, not the speed: near the turning point a speed is rectified, and a shaking of 8 Hz would
appear at 16.

Without an alignment (which axes the sensors' are) nothing of single segments is told but speed and
shaking, which any axes give.
"""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np

from kneetrack.detection import butterworth, criteria
from kneetrack.detection.cut import PERIOD_S, Cut, Floats, in_sensor, rotate
from kneetrack.detection.measures import Measured, medial_share
from kneetrack.samples import Quaternion

_BAND = (criteria.TREMOR_FROM_HZ, criteria.TREMOR_TO_HZ, 1.0 / PERIOD_S)
_SETTLES = 52  # samples before and after, for the filter; turned about its end where there are none
_PADDED = 4  # the spectrum is taken of 2^4 times as many samples, or more
_LEAST_HALF = 16  # samples of a half that is measured

_Values = dict[str, "float | None"]


def rep_measures(cut: Cut, measured: Measured) -> _Values:
    """Values by their name in `measure_table`; None where one can't be known."""
    flexion = measured.flexion_deg
    bottom = int(flexion.argmax())
    rate = (flexion[2:] - flexion[:-2]) / (2.0 * PERIOD_S)
    down, up = float(rate.max()), float(-rate.min())
    return {
        "peak_valgus_sigma_deg": _sigma_at_peak(cut, measured),
        "start_flexion_deg": float(flexion[0]),
        "peak_flexion_rate_deg_s": max(down, up),
        "descent_rate_deg_s": down,
        "ascent_rate_deg_s": up,
        **_of_motion(cut, bottom),
        **_of_shank(cut, flexion, bottom),
        "thigh_rotation_deg": _about_long_axis(
            cut, cut.thigh_rate_deg_s, cut.geometry.q_thigh_sensor
        ),
    }


def _sigma_at_peak(cut: Cut, measured: Measured) -> float:
    """The band's own uncertainty of the valgus, at the sample next to its largest."""
    taken = cut.taken
    peak_s = float(measured.time_s[measured.valgus_deg.argmax()])
    rows = cut.samples
    at = bisect_left(rows, peak_s, taken.start, taken.stop, key=lambda sample: sample[1])
    return rows[min(at, len(rows) - 1)][5]


# --- speed and shaking -----------------------------------------------------------------------


def _of_motion(cut: Cut, bottom: int) -> _Values:
    thigh, shank = cut.thigh_rate_deg_s, cut.shank_rate_deg_s
    if thigh is None or shank is None:
        return {"smoothness_down": None, "smoothness_up": None, "tremor_deg_s": None}
    inside = thigh[cut.inside]
    speed = np.sqrt(np.einsum("ni,ni->n", inside, inside))
    down, up = sparc(speed[: bottom + 1], speed[bottom:])
    first = cut.inside.start + bottom - round(criteria.TREMOR_AROUND_S / PERIOD_S)
    return {
        "smoothness_down": down,
        "smoothness_up": up,
        "tremor_deg_s": _tremor_deg_s(thigh, shank, max(0, first), cut.inside.stop),
    }


def sparc(*speeds: Floats) -> tuple[float | None, ...]:
    """The spectral arc lengths of speed profiles at 104 Hz; None for too few samples."""
    padded = 1 << (max(map(len, speeds)) - 1).bit_length() + _PADDED
    rows = np.zeros((len(speeds), padded))
    for row, speed in zip(rows, speeds, strict=True):
        row[: len(speed)] = speed
    last = int(criteria.SMOOTH_HZ * padded * PERIOD_S)
    spectra = np.abs(np.fft.rfft(rows)[:, : last + 1])
    enough = [len(speed) >= _LEAST_HALF for speed in speeds]
    return tuple(
        _arc_length(row) if is_enough else None
        for row, is_enough in zip(spectra, enough, strict=True)
    )


def _arc_length(spectrum: Floats) -> float | None:
    peak = float(spectrum.max())
    heard = np.flatnonzero(spectrum >= criteria.SMOOTH_SHARE * peak)
    if not peak or len(heard) < 2:
        return None
    steps = np.diff(spectrum[heard[0] : heard[-1] + 1]) / peak
    return -float(np.hypot(steps, 1.0 / len(steps)).sum())


def _tremor_deg_s(thigh: Floats, shank: Floats, first: int, end: int) -> float:
    """Root mean square of the band-passed angular velocities, from `first` to `end`."""
    start = max(0, first - _SETTLES)
    rates = np.concatenate([thigh[start:].T, shank[start:].T])
    tail = 2.0 * rates[:, -1:] - rates[:, -2 : -2 - _SETTLES : -1]
    rates = np.concatenate([rates, tail], axis=1)
    for _ in range(2):
        rates = butterworth.filtered(rates, *_BAND)[:, ::-1]
    heard = rates[:, first - start : end - start]
    return math.sqrt(float(np.einsum("ij,ij->", heard, heard)) / heard.shape[1])


# --- the segments ----------------------------------------------------------------------------


def _of_shank(cut: Cut, flexion: Floats, bottom: int) -> _Values:
    course = cut.shank_course
    lean = None if course is None else np.degrees(np.arctan2(course[:, 0], course[:, 2]))
    tilt = _thigh_tilt_deg(cut, bottom)
    values: _Values = {
        "shank_lean_deg": None if lean is None else float(lean.max()),
        "thigh_tilt_deg": tilt,
        "tilt_ratio": None
        if lean is None or tilt is None or abs(lean[bottom]) < criteria.LEAST_LEAN_DEG
        else tilt / float(lean[bottom]),
        "shank_rotation_deg": _about_long_axis(
            cut, cut.shank_rate_deg_s, cut.geometry.q_shank_sensor
        ),
    }
    return values | _knee_in(cut, flexion, bottom)


def _knee_in(cut: Cut, flexion: Floats, bottom: int) -> _Values:
    """The knee's way inward over the foot, on the way down at fixed depths, and at the bottom."""
    share = medial_share(cut)
    length_m = cut.geometry.shank_length_m
    reached = np.maximum.accumulate(flexion[: bottom + 1])
    early = flexion[0] + criteria.SHALLOW_SHARE * (flexion[bottom] - flexion[0])
    depths = {"15pct": early, "30deg": criteria.EARLY_DEG, "60deg": criteria.LATER_DEG}
    places = {
        name: int(np.searchsorted(reached, depth)) if reached[0] <= depth <= reached[-1] else None
        for name, depth in depths.items()
    } | {"bottom": bottom}
    values: _Values = {}
    for name, at in places.items():
        part = None if share is None or at is None else float(share[at])
        values[f"knee_in_at_{name}_cm"] = (
            None if part is None or length_m is None else 100.0 * length_m * part
        )
        values[f"knee_in_at_{name}_percent"] = None if part is None else 100.0 * part
    values["knee_in_percent"] = None if share is None else 100.0 * _largest(share)
    return values


def _thigh_tilt_deg(cut: Cut, bottom: int) -> float | None:
    """How far the thigh is from upright at the deepest point."""
    q_thigh, q_sensor = cut.q_thigh, cut.geometry.q_thigh_sensor
    if q_thigh is None or q_sensor is None:
        return None
    at = cut.inside.start + bottom
    long_axis = rotate(q_thigh[at : at + 1], in_sensor(q_sensor, (0.0, 1.0, 0.0)))
    return math.degrees(math.acos(min(1.0, max(-1.0, float(long_axis[0, 2])))))


def _about_long_axis(cut: Cut, rate: Floats | None, q_sensor: Quaternion | None) -> float | None:
    """How far a segment turned about its own long axis since the rep began, where that was largest;
    internal rotation positive (turning the front to the body's midline)."""
    if rate is None or q_sensor is None:
        return None
    about = rate[cut.inside] @ in_sensor(q_sensor, (0.0, 1.0, 0.0))
    return int(cut.geometry.side) * _largest(np.cumsum(about) * PERIOD_S)


def _largest(values: Floats) -> float:
    """That of the largest size, with its sign."""
    return float(values[np.abs(values).argmax()])
