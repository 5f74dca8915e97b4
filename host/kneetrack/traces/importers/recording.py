"""What was read of one foreign IMU: two streams in SI, and what their times are worth.

A sensor samples at an even rate, by its own oscillator; the times in a file are that rate seen
through rounding (whole ms), through a radio (packets of three come at once) or through a counter.
So each stream is put on its own even grid: the missing samples are told from the counter, else from
a delay that is never caught up, and the times are the line through them. Where times stray from any
line by more than a sample and a half (a host's clock over hours) they are taken as they are, if
they are even enough; else the file is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kneetrack.errors import TraceError
from kneetrack.traces.reader import RATE_HZ, STEP, FloatArray

_LOOK = 16  # samples in which a packet that was held up is caught up with
_STRAY = 1.5  # of a sample, from the line, in 3 of 4
_HELD_UP_S = 0.5  # the longest that a packet may be late


@dataclass(frozen=True, slots=True)
class Hole:
    """Samples that are missing between two that are there."""

    start_s: float
    end_s: float
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """One sensor: `time_s` (n,) of its device's clock, `values` (n, 3) in SI and its own axes."""

    time_s: FloatArray
    values: FloatArray
    rate_hz: float
    holes: tuple[Hole, ...]
    jitter_s: float
    """How far 95 of 100 times in the file are at most from the even ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """One foreign IMU.

    `clock` names the clock that its times are of; two recordings of the same clock can be laid side
    by side. None: a clock of its own. `clock_words` says it to people, `clock_sigma_s` how well
    times of two devices agree on it.
    """

    path: Path
    what: str
    gyr: Stream
    acc: Stream
    clock: str | None
    clock_words: str
    clock_sigma_s: float = 0.0


def stream(
    path: Path,
    what: str,
    time_s: FloatArray,
    values: FloatArray,
    counter: FloatArray | None = None,
) -> Stream:
    """The stream of samples `values` (n, 3), times as the file has them, `counter` if there is one.

    Rows without a number are left out, as samples that never came. Raises TraceError.
    """
    there = np.isfinite(values).all(axis=1) & np.isfinite(time_s)
    if counter is not None:
        there &= np.isfinite(counter)
        counter = counter[there]
    time_s, values = time_s[there], values[there]
    if len(values) < 2:
        raise TraceError(f"{path} holds no numbers in the columns of the {what}.")
    if counter is not None:
        new = np.concatenate([[True], np.diff(counter) != 0])  # a row that was written twice
        time_s, values, counter = time_s[new], values[new], counter[new]
        back = np.flatnonzero(np.diff(counter) < 0)
        if back.size:
            raise TraceError(
                f"{path}: the packet counter goes back after sample {int(back[0]) + 1}; two "
                "recordings in one file must be exported one by one."
            )
        index = counter - counter[0]
    else:
        again = np.diff(time_s) == 0  # rows written twice; samples of a packet share its time too
        if not np.diff(values, axis=0)[again].any():
            new = np.concatenate([[True], ~again])
            time_s, values = time_s[new], values[new]
        index = _index(time_s)
    slope, even = _line(index, time_s)
    if slope <= 0.0:
        raise TraceError(
            f"{path}: the times of the {what} do not increase; is it the right column?"
        )
    off = np.abs(even - time_s)
    if float(np.percentile(off, 75)) > _STRAY * slope or off.max() > _HELD_UP_S:
        even = _as_they_are(path, what, time_s, index)
    rate_hz = float(1.0 / slope)
    if not RATE_HZ[0] <= rate_hz * 1.001 <= RATE_HZ[1] * 1.002:
        raise TraceError(
            f"{path}: the {what} has {rate_hz:.4g} samples a second; KneeTrack needs "
            f"{RATE_HZ[0]:.0f} to {RATE_HZ[1]:.0f}. Record at 100 or more, or check the unit of "
            "the times."
        )
    missing = np.rint(np.diff(index)).astype(int) - 1
    holes = tuple(
        Hole(float(even[at]), float(even[at + 1]), int(missing[at]))
        for at in np.flatnonzero(missing > 0)
    )
    return Stream(even, values, rate_hz, holes, float(np.percentile(off, 95)))


def _line(index: FloatArray, time_s: FloatArray) -> tuple[float, FloatArray]:
    """The even step and the even times (n,): a line through all but those that came late."""
    since = time_s - time_s[0]
    slope, start = _fit(index, since)
    near = np.abs(start + slope * index - since) <= _STRAY * abs(slope)
    if 2 <= near.sum() < len(index):
        slope, start = _fit(index[near], since[near])
    return slope, time_s[0] + start + slope * index


def _fit(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    slope, start = np.polyfit(x, y, 1).tolist()
    return float(slope), float(start)


def _index(time_s: FloatArray) -> FloatArray:
    """(n,) number of each sample on the even grid, from the times alone."""
    count = len(time_s)
    look = max(1, min(2 * _LOOK, count // 4))
    period = float(np.median(time_s[look:] - time_s[:-look])) / look
    if period <= 0.0:
        return np.arange(count, dtype=np.float64)
    late = time_s - time_s[0] - period * np.arange(count)
    lost = np.zeros(count)
    total = 0
    for at in np.flatnonzero(np.diff(time_s) > STEP[1] * period) + 1:
        # Holes before this one are taken off; a packet that was only held up is caught up with.
        recent = slice(max(0, at - _LOOK), at)
        before = float((late[recent] - lost[recent] * period).min())
        after = float(late[at : at + _LOOK].min()) - total * period
        missing = max(0, round((after - before) / period))
        if missing:
            total += missing
            lost[at:] = total
    return np.arange(count) + lost


def _as_they_are(path: Path, what: str, time_s: FloatArray, index: FloatArray) -> FloatArray:
    steps = np.diff(time_s) / np.maximum(np.diff(index), 1.0)
    usual = float(np.median(steps))
    wrong = np.flatnonzero((steps < STEP[0] * usual) | (steps > STEP[1] * usual))
    if wrong.size:
        at = int(wrong[0])
        raise TraceError(
            f"{path}: the times of the {what} are not even: {time_s[at] - time_s[0]:.3f} s, then "
            f"{time_s[at + 1] - time_s[0]:.3f} s, where {usual:.4f} s is the usual step. Export it "
            "with the device's own times, or cut the recording there."
        )
    return time_s
