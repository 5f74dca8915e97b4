"""The time lag between two recordings of one movement, from their flexion.

Two systems that were started by hand share no clock. Flexion is large, and its definition is hardly
disputed, so its normalised cross-correlation (Pearson's r over the samples that both have at that
lag, holes left out: Padfield, "Masked object registration in the Fourier domain", IEEE Trans Image
Process 21:2706, 2012, in one dimension) has its peak at the lag. Near it the curve is a parabola,
for r falls with the square of the misfit, so the vertex through the three highest grid points gives
the lag far below the grid's step.

A lag is believed only where it is a peak inside what was searched, of curves that look alike.
Reps at an even tempo match their neighbours too: where another peak is nearly as high, it is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from kneecore import wire
from kneetrack.errors import InputError
from kneetrack.parabola import vertex
from kneetrack.traces.reader import FloatArray
from kneetrack.traces.reference import BRIDGED_S, ReferenceAngles

STEP_S = wire.KNEE_PERIOD_US * 1e-6
ALIKE = 0.8
"""Flexion that correlates less than this is not of the same movement."""
_NEARLY = 0.02  # of r, by which another peak may be lower to be told
_APART_S = 0.3
_STILL_DEG = 0.1  # from lowest to highest; even a standing knee moves more
_LEAST_OVERLAP = 0.5  # of the largest overlap within what is searched
_LEAST_SAMPLES = 50

_SCIPY: Any = scipy  # its parts are imported when they are asked for: signal takes a second


@dataclass(frozen=True, slots=True)
class Lag:
    """The reference tells at `time_s + lag_s` what the source tells at `time_s`.

    `correlation` is of both flexions there; `others_s` are lags that fit nearly as well.
    """

    lag_s: float
    correlation: float
    others_s: tuple[float, ...] = ()

    @property
    def words(self) -> str:
        """How far the reference's clock was ahead or behind, "" where less than a sample."""
        if abs(self.lag_s) < STEP_S:
            return ""
        late = abs(self.lag_s)
        much = f"{1000.0 * late:.0f} ms" if late < 1.0 else f"{late:.3f} s"
        return f"{much} {'ahead' if self.lag_s > 0.0 else 'behind'}"


def find_lag(
    times: FloatArray, flexion: FloatArray, reference: ReferenceAngles, most_s: float
) -> Lag:
    """The lag within +-`most_s` at which `flexion` (n,) at `times` (n,) fits the reference best.

    Raises InputError where there is no such lag: no overlap, a flexion that doesn't move, curves
    that are not alike, or a best one at the end of what was searched.
    """
    for who, values in (("recording", flexion), ("reference", reference.angles[:, 0])):
        lowest, highest = float(np.nanmin(values)), float(np.nanmax(values))
        if highest - lowest < _STILL_DEG:
            raise InputError(
                f"The flexion of the {who} does not move (it stays at {lowest:.1f}°), so the time "
                "lag can't be found; check its column, or take no lag off with --max-lag 0."
            )
    ours = _on_grid(times, flexion)
    start_s, end_s = float(reference.times[0]), float(reference.times[-1])
    theirs = reference.at(_grid(start_s, end_s))[:, 0]
    if np.isfinite(theirs).sum() < _LEAST_SAMPLES and len(theirs) >= _LEAST_SAMPLES:
        raise InputError(
            f"The reference's flexion is nothing but holes: gaps of more than {BRIDGED_S:g} s "
            "between its numbers are not bridged."
        )
    correlation, overlap = _correlations(ours, theirs)
    first_s = start_s - float(times[0]) - STEP_S * (len(ours) - 1)
    lags = _grid(first_s, first_s + STEP_S * (len(correlation) - 0.5))
    searched = np.abs(lags) <= most_s + STEP_S
    enough = overlap >= max(_LEAST_SAMPLES, _LEAST_OVERLAP * overlap[searched].max(initial=0.0))
    if not (searched & enough).any():
        raise InputError(
            f"The recording ({times[0]:.1f} to {times[-1]:.1f} s) and the reference "
            f"({start_s:.1f} to {end_s:.1f} s) hardly overlap in time; give both the same time_s, "
            "or let a larger lag be searched with --max-lag S."
        )
    correlation = np.where(searched & enough, correlation, -np.inf)
    best = int(np.argmax(correlation))
    found = float(correlation[best])
    if found < ALIKE:
        raise InputError(_not_alike(correlation, flexion, reference.angles[:, 0]))
    before, after = correlation[max(0, best - 1)], correlation[min(len(lags) - 1, best + 1)]
    if not np.isfinite([before, after]).all():
        raise InputError(
            f"The recording and the reference fit best {lags[best]:+.2f} s apart, at the end of "
            "what was searched, so the true lag is probably larger; check both time_s, or give "
            "--max-lag S."
        )
    part = vertex(float(before), found, float(after))
    return Lag(float(lags[best] + part * STEP_S), found, _others(lags, correlation, best))


def lag_at(times: FloatArray, flexion: FloatArray, reference: ReferenceAngles, lag_s: float) -> Lag:
    """A lag that is known otherwise (a knock), with the correlation of both flexions there.

    Raises InputError where both don't overlap so, or their flexions are not alike.
    """
    theirs = reference.at(times + lag_s)[:, 0]
    both = np.isfinite(theirs) & np.isfinite(flexion)
    ours, theirs = flexion[both], theirs[both]
    if len(ours) < _LEAST_SAMPLES:
        raise InputError(
            f"By that knock the reference's clock is {lag_s:+.2f} s off, and it has hardly "
            "anything in common with the recording; check the time of the knock, or which it was."
        )
    still = min(float(np.ptp(ours)), float(np.ptp(theirs))) < _STILL_DEG
    r = 0.0 if still else float(np.corrcoef(ours, theirs)[0, 1])
    if r < ALIKE:
        raise InputError(
            f"By that knock the reference's clock is {lag_s:+.2f} s off, but then flexion in both "
            f"does not go together (r {r:.2f}); it was another knock, or another sign or column."
        )
    return Lag(lag_s, r)


def _not_alike(correlation: FloatArray, ours: FloatArray, theirs: FloatArray) -> str:
    text = "Flexion in the recording and in the reference does not go together"
    known = correlation[np.isfinite(correlation)]
    if not len(known):
        return f"{text}: in what both tell, one of them does not move; check the times of both."
    text = f"{text} (r {known.max():.2f})"
    if known.min() < -ALIKE:
        return (
            f"{text}, but well with the opposite sign (r {known.min():.2f}); add --reference-signs "
            "extension if the reference counts extension as positive."
        )
    return (
        f"{text}: it goes from {np.nanmin(ours):.1f} to {np.nanmax(ours):.1f}° in the recording, "
        f"from {np.nanmin(theirs):.1f} to {np.nanmax(theirs):.1f}° in the reference. Check that "
        "they are of the same movement, leg and column, or let a larger lag be searched with "
        "--max-lag S."
    )


def _grid(start_s: float, end_s: float) -> FloatArray:
    count = int((end_s - start_s) / STEP_S) + 1
    return np.linspace(start_s, start_s + STEP_S * (count - 1), count, dtype=np.float64)


def _on_grid(times: FloatArray, values: FloatArray) -> FloatArray:
    """`values` every STEP_S from the first time on, NaN in holes."""
    table = np.column_stack([values, values, np.full(len(values), np.nan)])
    return ReferenceAngles(times, table).at(_grid(float(times[0]), float(times[-1])))[:, 0]


def _correlations(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Pearson's r of a[i] and b[i + k] over what both hold, and how many that is.

    For k from -(len(a) - 1) to len(b) - 1; r is -inf where it says nothing.
    """
    in_a, in_b = np.isfinite(a), np.isfinite(b)
    x = np.where(in_a, a - np.nanmean(a), 0.0)
    y = np.where(in_b, b - np.nanmean(b), 0.0)
    m, n = in_a.astype(np.float64), in_b.astype(np.float64)

    def over_lags(left: FloatArray, right: FloatArray) -> FloatArray:
        return _SCIPY.signal.correlate(right, left, mode="full", method="fft")

    count = np.maximum(np.rint(over_lags(m, n)), 0.0)
    safe = np.maximum(count, 1.0)
    sum_x, sum_y = over_lags(x, n), over_lags(m, y)
    shared = over_lags(x, y) - sum_x * sum_y / safe
    spread_x = over_lags(x**2, n) - sum_x**2 / safe
    spread_y = over_lags(m, y**2) - sum_y**2 / safe
    moving = (spread_x > 1e-6 * safe) & (spread_y > 1e-6 * safe)
    scale = np.sqrt(np.where(moving, spread_x * spread_y, 1.0))
    return np.where(moving, shared / scale, -np.inf), count


def _others(lags: FloatArray, correlation: FloatArray, best: int) -> tuple[float, ...]:
    """Other peaks that are nearly as high."""
    inner = correlation[1:-1]
    peaks = 1 + np.flatnonzero((inner >= correlation[:-2]) & (inner >= correlation[2:]))
    near = correlation[peaks] >= correlation[best] - _NEARLY
    apart = np.abs(lags[peaks] - lags[best]) > _APART_S
    return tuple(round(float(lag), 2) for lag in lags[peaks[near & apart]])
