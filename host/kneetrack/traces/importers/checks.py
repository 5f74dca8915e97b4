"""What a foreign recording shows of itself: gravity, its gyroscope against gravity, clipping, rest.

A wrong unit gives angles that look right. Two things don't depend on any header: where the IMU is
quietest it feels gravity, and while it turns, gravity's direction u in its axes moves as its own
gyroscope says, du/dt = -w x u. The factor between the two, by least squares over spans of SPAN_S,
is 1 for rad/s on true axes; 57.3 where rad/s was read as deg/s, 0.017 the other way round, and far
from 1 where axes are mixed up, mirrored, or the times are in another unit. Linear acceleration
spreads it by some percent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kneetrack.errors import TraceError
from kneetrack.traces.importers.recording import Stream
from kneetrack.traces.importers.units import G
from kneetrack.traces.reader import GRAVITY_M_S2, QUIET_S, FloatArray

SPAN_S = 0.4
SCALE = (0.7, 1.4)
"""Beyond, the gyroscope does not tell the movement that gravity shows."""
STILL_RAD_S = 0.15
STILL_S = 2.0
_SMOOTH_S = 0.15
_TURNED_RAD = 0.05  # rms over a span, by which gravity must move to tell anything
_FULL_SCALES = {
    "deg/s": (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0),
    "g": (2.0, 4.0, 8.0, 16.0, 32.0),
}
_FLAT = 2e-4  # of the largest value
_NEAR = (0.98, 1.03)  # of a full scale: the chips' ranges are nominal


@dataclass(frozen=True, slots=True)
class Findings:
    """Of one IMU. `gyro_scale` is None where it hardly turned; `clipped` are sentences."""

    gravity_m_s2: float
    gyro_scale: float | None
    fastest_rad_s: float
    clipped: tuple[str, ...]


def look(path: Path, gyr: Stream, acc: Stream) -> Findings:
    """What an IMU shows of itself. Raises TraceError where its units or axes can't be right."""
    gravity = _gravity(acc)
    if not GRAVITY_M_S2[0] <= gravity <= GRAVITY_M_S2[1]:
        raise TraceError(
            f"{path}: where it is quietest the accelerometer shows {gravity:.3g} m/s^2; gravity is "
            "9.8. Either its unit is another one (give it in a mapping file), or gravity has been "
            "taken off: export the raw acceleration."
        )
    scale = gyro_scale(gyr, acc)
    if scale is not None and not SCALE[0] <= scale <= SCALE[1]:
        raise TraceError(f"{path}: {_wrong_scale(scale)}")
    clipped = [
        *_clipped(gyr.values * (180.0 / math.pi), "deg/s", "gyroscope"),
        *_clipped(acc.values / G, "g", "accelerometer"),
    ]
    fastest = float(np.linalg.norm(gyr.values, axis=1).max())
    return Findings(gravity, scale, fastest, tuple(clipped))


def gyro_scale(gyr: Stream, acc: Stream) -> float | None:
    """By what the gyroscope has to be multiplied to turn as gravity does; None: hardly turned."""
    period = 1.0 / min(gyr.rate_hz, acc.rate_hz)
    first, last = max(gyr.time_s[0], acc.time_s[0]), min(gyr.time_s[-1], acc.time_s[-1])
    at: FloatArray = np.arange(first, last, period)
    width = max(1, round(_SMOOTH_S / period))
    span = max(1, round(SPAN_S / period))
    if len(at) < 4 * (span + width):
        return None
    turning, felt = (_smooth(_at(one, at), width) for one in (gyr, acc))
    up = felt / np.maximum(np.linalg.norm(felt, axis=1, keepdims=True), 1e-6)
    told = np.cumsum(-np.cross(turning, up) * period, axis=0)
    told = told[span:] - told[:-span]
    seen = up[span:] - up[:-span]
    if math.sqrt(float((seen**2).sum(axis=1).mean())) < _TURNED_RAD:
        return None
    power = float((told**2).sum())
    return float((told * seen).sum()) / power if power > 0.0 else math.inf


def still_spans(time_s: FloatArray, rows: FloatArray) -> list[tuple[float, float]]:
    """Spans of STILL_S or more in which neither gyroscope of `rows` (n, 12) turns to speak of."""
    width = max(1, round(0.25 / float(time_s[1] - time_s[0])))
    speeds = [np.linalg.norm(_smooth(rows[:, k : k + 3], width), axis=1) for k in (0, 6)]
    still = np.concatenate([[False], np.maximum(*speeds) < STILL_RAD_S, [False]])
    edges = np.flatnonzero(np.diff(still.astype(int)))
    spans = [(float(time_s[a]), float(time_s[b - 1])) for a, b in edges.reshape(-1, 2)]
    return [(start, end) for start, end in spans if end - start >= STILL_S]


def leaning_deg(
    time_s: FloatArray, rows: FloatArray, stood: float, spans: Sequence[tuple[float, float]]
) -> tuple[float, float]:
    """How far thigh and shank lean from how they stood at `stood`, at most within `spans`.

    By gravity in the axes of each, of `rows` (n, 12) at `time_s`; all of it where there is no span.
    """
    inside = np.full(len(time_s), not spans)
    for start_s, end_s in spans:
        inside |= (time_s >= start_s) & (time_s <= end_s)
    width = max(1, round(0.25 / float(time_s[1] - time_s[0])))
    at = int(np.argmin(np.abs(time_s - stood)))
    found: list[float] = []
    for k in (3, 9):
        up = _smooth(rows[:, k : k + 3], width)[width:-width]
        up /= np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-6)
        still = up[min(max(at - width, 0), len(up) - 1)]
        share = np.clip(up[inside[width:-width]] @ still, -1.0, 1.0)
        found.append(float(np.degrees(np.arccos(share.min(initial=1.0)))))
    return found[0], found[1]


def _wrong_scale(scale: float) -> str:
    ratio = 180.0 / math.pi
    beginning = (
        f"gravity turns {scale:.3g} times as far as the gyroscope says, which should be the same; "
    )
    if 0.6 < scale / ratio < 1.7:
        return f"{beginning}that is rad/s taken for deg/s. Give its unit with --gyr-unit rad/s."
    if 0.6 < scale * ratio < 1.7:
        return f"{beginning}that is deg/s taken for rad/s. Give its unit with --gyr-unit deg/s."
    return (
        f"{beginning}units, times or axes of both sensors are not the same. Check the columns, or "
        "give them in a mapping file."
    )


def _gravity(acc: Stream) -> float:
    size = np.linalg.norm(acc.values, axis=1)
    length = min(len(size), max(2, round(QUIET_S * acc.rate_hz)))
    windows = np.lib.stride_tricks.sliding_window_view(size, length)
    return float(windows[int(np.argmin(windows.std(axis=1)))].mean())


def _clipped(values: FloatArray, unit: str, what: str) -> list[str]:
    said: list[str] = []
    for axis in range(3):
        size = np.abs(values[:, axis])
        largest = float(size.max())
        scale = next(
            (one for one in _FULL_SCALES[unit] if _NEAR[0] * one < largest < _NEAR[1] * one), None
        )
        if scale is None:
            continue
        flat = size >= largest * (1.0 - _FLAT)
        runs = flat[2:] & flat[1:-1] & flat[:-2]
        if runs.any():
            said.append(
                f"The {what} is cut off at {largest:.4g} {unit} on its {'xyz'[axis]} axis "
                f"({int(flat.sum())} samples): choose a larger range than {scale:g} {unit} next "
                "time. Angles after that are off."
            )
    return said


def _at(one: Stream, at: FloatArray) -> FloatArray:
    return np.column_stack([np.interp(at, one.time_s, one.values[:, k]) for k in range(3)])


def _smooth(values: FloatArray, width: int) -> FloatArray:
    kernel = np.full(width, 1.0 / width)
    return np.column_stack([np.convolve(values[:, k], kernel, mode="same") for k in range(3)])
