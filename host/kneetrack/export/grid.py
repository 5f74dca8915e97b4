"""Time that has holes, and formats that know none.

A band's samples lie on a grid of its own crystal; what was lost is missing from it. Two things are
made of that:

- `filled`: where each sample goes in rows without a hole; a missing sample is a row that says so.
  Nothing is moved and nothing made up.
- `Even`: values at instants of another grid, for formats in which both legs share one column of
  time, or in which time is a rate. In between two samples that follow each other the value is on
  the straight line between them (quaternions: on the arc, `turned`); where a sample is missing it
  is NaN. An instant within SAME_S of a sample gets that sample untouched, so that one leg on its
  own clock comes out as it went in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]

BoolArray: TypeAlias = NDArray[np.bool_]

HOLE = 1.5
"""Samples further apart than so many periods do not follow each other."""
SAME_S = 2e-5


def filled(times: FloatArray, period_s: float) -> tuple[FloatArray, IntArray]:
    """Times (n,) with the missing ones among them (m,), and the row (n,) at which each now is."""
    if not len(times):
        return times, np.zeros(0, dtype=np.int64)
    steps = np.diff(times)
    missing = np.where(steps > HOLE * period_s, np.rint(steps / period_s) - 1, 0).astype(np.int64)
    rows = np.concatenate([[0], np.cumsum(missing + 1)])
    whole: Any = np.interp(np.arange(int(rows[-1]) + 1), rows, times)
    return whole, rows


def spread(values: NDArray[Any], rows: IntArray, length: int) -> FloatArray:
    """`values` (n, ...) at `rows` of `length` rows, all others NaN."""
    wide = np.full((length, *values.shape[1:]), np.nan)
    wide[rows] = values
    return wide


def known_rows(table: FloatArray) -> BoolArray:
    """Which rows (n,) of a table (n, k) have no NaN in them."""
    finite: Any = np.isfinite(table)
    return finite.all(axis=1)


def median_period(times: FloatArray) -> float:
    """The usual step of `times`; 0.0 where there is none."""
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.0


@dataclass(frozen=True, slots=True)
class Even:
    """Where instants (m,) lie among times (n,): from which sample on, how far to the next."""

    before: IntArray  # (m,)
    share: FloatArray  # (m,), 0 at the sample itself; NaN where there is nothing
    last: int

    @classmethod
    def of(cls, times: FloatArray, wanted: FloatArray, period_s: float) -> Even:
        """`period_s` is the usual step of `times`, which rise."""
        if not len(times):
            return cls(np.zeros(len(wanted), dtype=np.int64), np.full(len(wanted), np.nan), 0)
        last = len(times) - 1
        before = np.clip(np.searchsorted(times, wanted + SAME_S, side="right") - 1, 0, last)
        after = np.minimum(before + 1, last)
        step = times[after] - times[before]
        since = wanted - times[before]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = since / step
        share[(step > HOLE * period_s) | (since < 0) | (step <= 0)] = np.nan
        share[np.abs(since) <= SAME_S] = 0.0
        return cls(before.astype(np.int64), share, last)

    def line(self, values: FloatArray) -> FloatArray:
        """`values` (n, k) at the instants (m, k)."""
        low, high = self._around(values)
        share = self.share[:, None]
        return np.where(share == 0.0, low, low + share * (high - low))

    def turned(self, quaternions: FloatArray) -> FloatArray:
        """Unit quaternions (n, 4) at the instants (m, 4).

        Along the chord, at length one: between samples 10 ms apart that is the arc to 0.001 deg.
        """
        low, high = self._around(quaternions)
        high = np.where((low * high).sum(axis=1, keepdims=True) < 0, -high, high)
        share = self.share[:, None]
        mixed = np.where(share == 0.0, low, low + share * (high - low))
        return mixed / np.linalg.norm(mixed, axis=1, keepdims=True)

    def _around(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        if not len(values):
            nothing = np.full((len(self.before), *values.shape[1:]), np.nan)
            return nothing, nothing
        return values[self.before], values[np.minimum(self.before + 1, self.last)]
