"""Which of a few reps stand out from the others, and how much each may count in their mean.

A mean over three to eight reps is spoilt by one that differs: a knee that came in by 10 deg in one
of five bends the curve by 2. A median over so few throws away a third of what clean reps tell. So
reps are weighted as wholes: 1 as long as a rep lies where it may, falling to 0 (a redescending
weight: Hampel et al., Robust Statistics, 1986; Huber & Ronchetti 2009, 4.8).

How far two reps lie apart is the largest difference of their curves at equal flexion, smoothed over
10 deg (what is narrower is noise). From these distances alone, without a centre that an outlier
could draw to itself (the idea of Rousseeuw & Croux's S_n, J Am Stat Assoc 88:1273, 1993):

    D_r     rep r's distance to the half of the others that are nearest: the largest of those
    unit    the median of D over the reps, averaged in squares with what clean reps are known to
            have, which weighs as much as two reps
    weight  1 up to D = 2 units, 0 from 4 units on, a line between

So whoever squats unevenly has a large unit and loses no rep. The half of five is two others: up to
two of five reps may stand out, one of three or four. Two against two can't be told.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

USUAL_DEG = 1.0
"""How far clean reps lie apart: a choice, of the size that simulated people's paths vary by."""
_USUAL_REPS = 2.0
_FULL_UNITS, _NOTHING_UNITS = 2.0, 4.0
_SMOOTH_BINS = 5
LEAST_REPS = 3


def distances(valgus_deg: Floats) -> Floats:
    """(reps, reps): how far reps (reps, ways, bins), NaN where they did not come, lie apart in deg.

    NaN where two have no flexion in common.
    """
    off = valgus_deg[:, None] - valgus_deg[None]
    known = np.isfinite(off)
    window = np.lib.stride_tricks.sliding_window_view
    pad = [(0, 0)] * 3 + [(_SMOOTH_BINS // 2,) * 2]
    total = window(np.pad(np.where(known, off, 0.0), pad), _SMOOTH_BINS, axis=-1).sum(axis=-1)
    count = window(np.pad(known, pad), _SMOOTH_BINS, axis=-1).sum(axis=-1)
    smooth = np.where(known, np.abs(total) / np.maximum(count, 1), -1.0)
    largest = smooth.max(axis=(2, 3))
    return np.where(largest < 0.0, np.nan, largest)


def weights(valgus_deg: Floats) -> tuple[Floats, Floats]:
    """(how much each rep counts, 0 to 1; how far it lies from its nearest half, deg): (reps,) each.

    `valgus_deg` (reps, ways, bins) over flexion, NaN where a rep did not come. Fewer than three
    reps all count: nobody can tell which of two is the odd one.
    """
    count = len(valgus_deg)
    if count < LEAST_REPS:
        return np.ones(count), np.zeros(count)
    apart = distances(valgus_deg)
    np.fill_diagonal(apart, np.nan)
    ranked = np.sort(apart, axis=1)  # NaN last
    reach = ranked[:, (count - 1) // 2 - 1]
    unknown = ~np.isfinite(reach)
    reach = np.where(unknown, 0.0, reach)
    seen = float(np.median(reach))
    unit = math.sqrt((_USUAL_REPS * USUAL_DEG**2 + count * seen**2) / (_USUAL_REPS + count))
    fall = (_NOTHING_UNITS - reach / unit) / (_NOTHING_UNITS - _FULL_UNITS)
    return np.clip(fall, 0.0, 1.0), reach
