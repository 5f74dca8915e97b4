"""The offset of two clocks from a knock that both IMUs felt: a stamp, a jump, a tap between both.

A knock is the sharpest thing in an accelerometer's record. The square of how fast the size of the
specific force changes is a row of spikes, and the correlation of both rows has its peak where the
spikes coincide. It is believed only if no other offset comes near (SHARP), and if both IMUs, laid
side by side so, move and rest together (TOGETHER): two IMUs that were knocked one by one would have
a sharp peak too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from kneetrack.errors import TraceError
from kneetrack.parabola import vertex
from kneetrack.traces.importers.recording import Recording, Stream
from kneetrack.traces.reader import FloatArray

SHARP = 1.3
TOGETHER = 0.3
_APART_S = 0.15
_LEAST_OVERLAP_S = 5.0
_SMOOTH_S = 0.3
_SCIPY: Any = scipy  # its parts are imported when they are asked for


@dataclass(frozen=True, slots=True)
class Tap:
    """`shift_s` is added to the shank's times; `sharpness` is the peak over the next highest."""

    shift_s: float
    sharpness: float
    sigma_s: float


def find_tap(thigh: Recording, shank: Recording) -> Tap:
    """The shift by the knocks that both felt. Raises TraceError where that is not clear."""
    rate_hz = max(thigh.acc.rate_hz, shank.acc.rate_hz)
    ours, theirs = _knocks(thigh.acc, rate_hz), _knocks(shank.acc, rate_hz)
    height: FloatArray = _SCIPY.signal.correlate(ours, theirs, mode="full", method="fft")
    lags = np.arange(-(len(theirs) - 1), len(ours))
    overlap = np.minimum(len(ours), lags + len(theirs)) - np.maximum(0, lags)
    height[overlap < min(_LEAST_OVERLAP_S * rate_hz, 0.5 * min(len(ours), len(theirs)))] = 0.0
    best = int(np.argmax(height))
    elsewhere = height[np.abs(lags - lags[best]) > _APART_S * rate_hz]
    sharpness = float(height[best] / max(float(elsewhere.max(initial=0.0)), 1e-12 * height[best]))
    if not sharpness >= SHARP:
        raise TraceError(
            "No knock stands out that both IMUs felt: the best offset is only "
            f"{sharpness:.2f} times as good as the next ({SHARP:g} is asked for). Stamp once "
            "before the set, hard, next time; or give the offset yourself with --offset-ms."
        )
    at = float(lags[best])
    if 0 < best < len(height) - 1:
        at += vertex(*(float(one) for one in height[best - 1 : best + 2]))
    shift_s = float(thigh.acc.time_s[0] - shank.acc.time_s[0]) + at / rate_hz
    r = moving_together(thigh, shank, shift_s)
    if r is not None and r < TOGETHER:
        raise TraceError(
            f"At the offset at which the knocks coincide, thigh and shank don't move together (r "
            f"{r:.2f}), so it is not one knock that both felt. Stamp once, hard, next time; or "
            "give the offset yourself with --offset-ms."
        )
    return Tap(shift_s, min(sharpness, 999.0), 0.5 / min(thigh.acc.rate_hz, shank.acc.rate_hz))


def moving_together(thigh: Recording, shank: Recording, shift_s: float) -> float | None:
    """How the turning of both goes together (Pearson's r of its size); None: hardly any overlap."""
    first = max(thigh.gyr.time_s[0], shank.gyr.time_s[0] + shift_s)
    last = min(thigh.gyr.time_s[-1], shank.gyr.time_s[-1] + shift_s)
    at: FloatArray = np.arange(first, last, 0.05)
    if len(at) < 20:
        return None
    ours = _turning(thigh.gyr, at)
    theirs = _turning(shank.gyr, at - shift_s)
    if min(float(ours.std()), float(theirs.std())) < 1e-3:
        return None
    return float(np.corrcoef(ours, theirs)[0, 1])


def _turning(gyr: Stream, at: FloatArray) -> FloatArray:
    """(m,) how fast an IMU turns at `at`, smoothed over _SMOOTH_S."""
    size: FloatArray = np.linalg.norm(gyr.values, axis=1)
    seen: FloatArray = np.interp(at, gyr.time_s, size)
    width = round(_SMOOTH_S / 0.05)
    return np.convolve(seen, np.full(width, 1.0 / width), mode="same")


def _knocks(acc: Stream, rate_hz: float) -> FloatArray:
    """(n,) at `rate_hz`: the squared speed at which the size of the specific force changes."""
    count = int((acc.time_s[-1] - acc.time_s[0]) * rate_hz)
    at = acc.time_s[0] + np.arange(count) / rate_hz
    force: FloatArray = np.linalg.norm(acc.values, axis=1)
    size = np.asarray(np.interp(at, acc.time_s, force), dtype=np.float64)
    change = np.concatenate([np.zeros(1), (size[1:] - size[:-1]) ** 2])
    spread = np.convolve(change, np.full(3, 1.0 / 3.0), mode="same")
    return spread - spread.mean()
