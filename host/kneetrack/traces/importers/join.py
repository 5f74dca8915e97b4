"""Two foreign IMUs on one time base, at one rate, without holes: the rows of a trace.

Each stream is brought onto the common grid as `traces.resample` does it: by a spline, after a
low-pass where that is slower than the stream. Holes of up to BRIDGED_S are bridged before (a leg
turns no corner in that time) and told; at longer ones nothing is made up, and the part without one
must be chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import scipy

from kneetrack.errors import TraceError
from kneetrack.traces.importers.recording import Hole, Recording, Stream
from kneetrack.traces.importers.tap import Tap, find_tap
from kneetrack.traces.reader import RATE_HZ, SHORTEST_S, FloatArray
from kneetrack.traces.resample import onto

BRIDGED_S = 0.1
_SCIPY: Any = scipy  # its parts are imported when they are asked for


class Align(StrEnum):
    """How the clocks of both IMUs are laid side by side."""

    AUTO = "auto"
    CLOCK = "clock"
    START = "start"
    TAP = "tap"


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """`rows` (n, 12) as `Trace.rows`, at `time_s` from 0 where both began; how it came about."""

    time_s: FloatArray
    rows: FloatArray
    rate_hz: float
    aligned: str
    sigma_s: float | None
    """How well both clocks are known to agree at the offset; None where only the user knows."""
    shift_s: float
    bridged: tuple[tuple[str, Hole], ...]


def join(
    thigh: Recording,
    shank: Recording,
    *,
    align: Align = Align.AUTO,
    offset_s: float | None = None,
    rate_hz: float | None = None,
    span: tuple[float, float] | None = None,
) -> Joined:
    """Both as one. `offset_s` is added to the shank's times beyond `align`; `span` picks a part.

    Raises TraceError where the clocks can't be joined, both don't overlap, both are the same, or a
    hole is too long.
    """
    if np.array_equal(thigh.gyr.values, shank.gyr.values):
        raise TraceError(
            f"{thigh.path.name} and {shank.path.name} hold the same samples; thigh and shank are "
            "two IMUs, each with a file or columns of its own."
        )
    shift_s, aligned, sigma_s = _shift(thigh, shank, align, offset_s)
    streams = [
        ("thigh's gyroscope", thigh.gyr, 0.0),
        ("thigh's accelerometer", thigh.acc, 0.0),
        ("shank's gyroscope", shank.gyr, shift_s),
        ("shank's accelerometer", shank.acc, shift_s),
    ]
    first = max(float(one.time_s[0]) + by for _, one, by in streams)
    last = min(float(one.time_s[-1]) + by for _, one, by in streams)
    if last - first < SHORTEST_S:
        raise TraceError(
            f"The recordings of thigh and shank have {max(0.0, last - first):.1f} s in common by "
            f"{aligned}; choose the files of one recording, or another --align."
        )
    rate = rate_hz or max(thigh.gyr.rate_hz, shank.gyr.rate_hz)
    if not RATE_HZ[0] <= rate <= RATE_HZ[1]:
        raise TraceError(f"A trace has {RATE_HZ[0]:.0f} to {RATE_HZ[1]:.0f} samples a second.")
    start_s, end_s = (0.0, last - first) if span is None else span
    if not 0.0 <= start_s < end_s <= last - first + 0.01 or end_s - start_s < SHORTEST_S:
        raise TraceError(
            f"The span {start_s:g}-{end_s:g} s is not within the {last - first:.2f} s that both "
            "recordings have in common, or too short."
        )
    end_s = min(end_s, last - first)
    count = int((end_s - start_s) * rate + 1e-6) + 1
    time_s: FloatArray = start_s + np.arange(count) / rate
    holes = [
        (name, Hole(hole.start_s + by - first, hole.end_s + by - first, hole.count))
        for name, one, by in streams
        for hole in one.holes
    ]
    holes = [(name, hole) for name, hole in holes if hole.end_s > start_s and hole.start_s < end_s]
    _refuse_long(holes, start_s, end_s)
    rows = np.hstack([_onto(one, time_s + first - by, rate) for _, one, by in streams])
    return Joined(time_s, rows, rate, aligned, sigma_s, shift_s, tuple(holes))


def _shift(
    thigh: Recording, shank: Recording, align: Align, offset_s: float | None
) -> tuple[float, str, float | None]:
    """What is added to the shank's times, how that is known in words, and how well."""
    more = offset_s or 0.0
    by = f", the shank {1000.0 * more:+.0f} ms" if more else ""
    start_s = float(thigh.gyr.time_s[0] - shank.gyr.time_s[0])
    shared = thigh.clock is not None and thigh.clock == shank.clock
    if align is Align.TAP:
        tap: Tap = find_tap(thigh, shank)
        high = "over 100" if tap.sharpness > 100.0 else f"{tap.sharpness:.1f}"
        words = f"a knock both felt (peak {high} times the next)"
        return tap.shift_s + more, words + by, tap.sigma_s
    if align is Align.START or (align is Align.AUTO and not shared and offset_s is not None):
        return start_s + more, f"their first samples{by}", None
    if align is Align.CLOCK or shared:
        words = thigh.clock_words if shared else "their clocks, as you say"
        return more, words + by, thigh.clock_sigma_s if shared else None
    raise TraceError(
        f"The files don't say how the clocks of thigh ({thigh.clock_words}) and shank "
        f"({shank.clock_words}) go together. Say it: --align tap (a stamp or jump that both felt), "
        "--align clock (synchronised devices), --align start, or --offset-ms."
    )


def _refuse_long(holes: list[tuple[str, Hole]], start_s: float, end_s: float) -> None:
    """TraceError that names the whole parts, where a hole is too long to be bridged."""
    long = sorted(
        (hole for _, hole in holes if hole.end_s - hole.start_s > BRIDGED_S),
        key=lambda hole: hole.start_s,
    )
    if not long:
        return
    parts: list[tuple[float, float]] = []
    at = start_s
    for hole in long:
        parts.append((at, hole.start_s))
        at = max(at, hole.end_s)
    parts.append((at, end_s))
    whole = sorted((p for p in parts if p[1] - p[0] >= SHORTEST_S), key=lambda p: p[0] - p[1])
    shown = ", ".join(f"{a + 0.01:.2f}-{b - 0.01:.2f}" for a, b in whole[:3])
    worst = max(long, key=lambda hole: hole.end_s - hole.start_s)
    raise TraceError(
        f"{len(long)} hole{'s' if len(long) > 1 else ''} of more than {BRIDGED_S:g} s (the longest "
        f"{worst.end_s - worst.start_s:.2f} s, at {worst.start_s:.2f} s): what a leg did there is "
        f"not made up. Choose a part with --span; without a hole are: {shown or 'none'}."
    )


def _onto(one: Stream, wanted: FloatArray, rate_hz: float) -> FloatArray:
    """(m, 3) at `wanted`, times of the stream's own clock."""
    times: FloatArray = one.time_s
    values: FloatArray = one.values
    if one.holes:
        count = round((times[-1] - times[0]) * one.rate_hz) + 1
        whole: FloatArray = np.linspace(float(times[0]), float(times[-1]), count)
        values = _SCIPY.interpolate.PchipInterpolator(times, values, axis=0)(whole)
        times = whole
    inside = np.clip(wanted, float(times[0]), float(times[-1]))
    return onto(times, values, one.rate_hz, inside, 1.0 / rate_hz)
