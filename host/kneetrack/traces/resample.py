"""A trace at another rate: onto the band's sampling grid, or as a file for the simulated IMUs.

Upwards by a cubic spline through the samples. Downwards only after a zero-phase low-pass
(Butterworth, twice 4th order, at 0.4 of the new rate), so that vibration beyond the new Nyquist
frequency doesn't come back as slow motion.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from kneecore import wire
from kneetrack.traces.reader import FloatArray, Trace

GRID_S = wire.PAIR_PERIOD_US * 1e-6
_CUT_OFF = 0.4  # of the new rate
_SAME = 1.05  # rates nearer than this need no low-pass

_SCIPY: Any = scipy  # its parts are imported when they are asked for: signal takes a second


def resampled(trace: Trace, period_s: float) -> tuple[FloatArray, FloatArray]:
    """(times (m,), rows (m, 12)) every `period_s` from the trace's first sample on."""
    first, last = float(trace.time_s[0]), float(trace.time_s[-1])
    count = int((last - first) / period_s + 1e-6) + 1
    times: FloatArray = first + period_s * np.arange(count, dtype=np.float64)
    return times, onto(trace.time_s, trace.rows, trace.rate_hz, times, period_s)


def onto(
    times: FloatArray, rows: FloatArray, rate_hz: float, wanted: FloatArray, period_s: float
) -> FloatArray:
    """(m, k) at `wanted` (m,), every `period_s`, of evenly sampled `rows` (n, k) at `times`."""
    if rate_hz * period_s > _SAME:
        sos = _SCIPY.signal.butter(4, _CUT_OFF / period_s, fs=rate_hz, output="sos")
        rows = _SCIPY.signal.sosfiltfilt(sos, rows, axis=0)
    spline = _SCIPY.interpolate.CubicSpline(times, rows, axis=0)
    return np.ascontiguousarray(spline(wanted))


def onto_grid(trace: Trace) -> tuple[FloatArray, FloatArray]:
    """`resampled` at wire.PAIR_PERIOD_US: as the band's sampler would give it."""
    return resampled(trace, GRID_S)


def write_playback(trace: Trace, path: Path, rate_hz: float = 416.0) -> None:
    """The file that the simulated leg plays (firmware/sim/knots.py, TraceBody).

    One line of JSON {"rate_hz", "rows"}, then float32 little-endian rows of 12: thigh gyr, thigh
    acc, shank gyr, shank acc (SI, sensor axes). Row 0 is the trace's first sample.
    """
    _, rows = resampled(trace, 1.0 / rate_hz)
    header = json.dumps({"rate_hz": rate_hz, "rows": len(rows)})
    path.write_bytes(header.encode() + b"\n" + rows.astype("<f4").tobytes())
