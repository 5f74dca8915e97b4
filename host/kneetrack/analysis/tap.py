"""A knock in the raw data: the instant at which another system's clock can be joined to ours.

A stamp, a jump's landing or a tap on a sensor bends the specific force within milliseconds, which
no squat does; how sharply, of thigh and shank together, has its highest peak there. It is believed
where no other comes near it; else the times of those are told, and the user says which one it was
(about when).

    lag = the reference's time of the knock - ours

A log has raw data unless it was recorded with --no-raw; its samples are 4.8 ms apart, so the knock
is known to about half of that, and a force plate or a marker's acceleration knows its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kneetrack.analysis.log import only_side
from kneetrack.analysis.raw import raw_pairs
from kneetrack.analysis.source import is_log
from kneetrack.errors import InputError, UsageError
from kneetrack.parabola import vertex
from kneetrack.samples import Side
from kneetrack.sessionlog import read_log
from kneetrack.traces import read_trace
from kneetrack.traces.reader import FloatArray

SHARP = 1.5
"""By how much the knock must stand out of what is next."""
NEAR_S = 2.0
_APART_S = 0.25
_WORD = re.compile(r"^\s*(-?\d+(?:\.\d+)?)\s*(?:@\s*(\d+(?:\.\d+)?))?\s*$")


@dataclass(frozen=True, slots=True)
class Knock:
    """When it was in the source's own time, and how many times as high as the next one."""

    time_s: float
    sharpness: float


@dataclass(frozen=True, slots=True)
class TapTold:
    """What a person knows: the reference's time of it, and about when it was in the recording."""

    reference_s: float
    near_s: float | None = None


def tap_told(text: str) -> TapTold:
    """`12.345`, or `12.345@34` where the recording holds several. UsageError."""
    found = _WORD.match(text)
    if found is None:
        raise UsageError(
            f"--tap is the reference's time of a knock in s, as 12.345 (or 12.345@34 for the one "
            f'at about 34 s of the recording), not "{text}".'
        )
    near = found.group(2)
    return TapTold(float(found.group(1)), None if near is None else float(near))


def knock_in(source: Path, side: Side | None, near_s: float | None = None) -> Knock:
    """The knock in a log or a trace, within NEAR_S of `near_s` where that is told.

    Raises InputError where none stands out, or the source's own errors.
    """
    if is_log(source):
        log = read_log(source)
        parts = [(one.times, one.rows) for one in raw_pairs(log, only_side(log, side)).stretches]
    else:
        trace = read_trace(source, side)
        parts = [(trace.time_s, trace.rows)]
    times = np.concatenate([times for times, _ in parts])
    height = np.concatenate([_heights(times, rows) for times, rows in parts])
    return find_knock(times, height, near_s)


def find_knock(times: FloatArray, height: FloatArray, near_s: float | None = None) -> Knock:
    """The highest of `height` (n,) at `times` (n,). InputError where it does not stand out."""
    if near_s is not None:
        inside = np.abs(times - near_s) <= NEAR_S
        if not inside.any():
            raise InputError(
                f"The recording has no samples within {NEAR_S:g} s of {near_s:g} s; it goes from "
                f"{times[0]:.1f} to {times[-1]:.1f} s."
            )
        times, height = times[inside], height[inside]
    best = int(np.argmax(height))
    apart = np.abs(times - times[best]) > _APART_S
    second = int(np.argmax(np.where(apart, height, -1.0)))
    sharpness = float(height[best] / max(float(height[second]), 1e-9)) if apart.any() else np.inf
    if sharpness < SHARP:
        raise InputError(
            f"No single knock stands out: at {times[best]:.2f} s and at {times[second]:.2f} s they "
            f"are nearly the same (a ratio of {sharpness:.2f}; {SHARP:g} is asked for). Say which "
            f"it was: --tap S@{times[best]:.0f}, or stamp once, hard, next time."
        )
    at = float(times[best])
    if 0 < best < len(height) - 1:
        part = vertex(*(float(one) for one in height[best - 1 : best + 2]))
        at += part * float(times[best + 1] - times[best])
    return Knock(at, sharpness)


def _heights(times: FloatArray, rows: FloatArray) -> FloatArray:
    """(n,) how sharply the specific force bends over three samples, squared, of both IMUs."""
    out = np.zeros(len(times))
    if len(times) < 3:
        return out
    step = float(np.median(np.diff(times)))
    for k in (3, 9):
        force = rows[:, k : k + 3]
        # The second difference has its peak where the knock has; the first, on both sides of it.
        bend: FloatArray = (force[2:] - 2.0 * force[1:-1] + force[:-2]) / step
        out[1:-1] += (bend**2).sum(axis=1)
    return out
