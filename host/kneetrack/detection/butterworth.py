"""Butterworth filters of second order, low-pass or band-pass, as the answer to a single impulse.

Design: the analog low-pass's two poles at 135 and 225 degrees, moved to the wanted band, then the
bilinear transform with both edges prewarped (Oppenheim and Schafer, Discrete-Time Signal
Processing, 7.1). Filtering: a convolution with the impulse's answer, cut where no more than ROUNDED
of it is left; what a recursion would add after that is below a double's own rounding. What came
before the first sample is taken to be like the first sample, for ever.

scipy.signal does the same (`butter`, `lfilter`, `lfilter_zi`), and a test holds both together. It
is not used here, for detection is in every command that shows reps, and importing it takes more
than a second.
"""

from __future__ import annotations

import cmath
import functools
import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROUNDED = 1e-17
_MOST = 100_000  # samples of an answer: a corner that low is no filter of movement


@functools.cache
def coefficients(low_hz: float, high_hz: float, rate_hz: float) -> tuple[Floats, Floats]:
    """b and a of the band from `low_hz` to `high_hz`; `low_hz` 0 is a low-pass."""
    twice = 2.0 * rate_hz
    low, high = (twice * math.tan(math.pi * edge / rate_hz) for edge in (low_hz, high_hz))
    width, center = high - low, low * high
    poles: list[complex] = []
    for prototype in (cmath.exp(0.75j * math.pi), cmath.exp(-0.75j * math.pi)):
        half = prototype * width / 2.0
        if low == 0.0:
            poles.append(2.0 * half)
        else:
            root = cmath.sqrt(half * half - center)
            poles += [half + root, half - root]
    zeros = [-1.0] * 2 if low == 0.0 else [1.0, 1.0, -1.0, -1.0]
    gain = width**2 * (1.0 if low == 0.0 else twice**2)
    for pole in poles:
        gain = gain / (twice - pole)
    turned = [(twice + pole) / (twice - pole) for pole in poles]
    b: Floats = np.array(np.poly(zeros), dtype=float) * complex(gain).real
    a: Floats = np.array(np.poly(turned).real, dtype=float)
    return b, a


@functools.cache
def impulse(low_hz: float, high_hz: float, rate_hz: float) -> Floats:
    """What the filter makes of a one among zeros, as far as there is anything."""
    b, a = (one.tolist() for one in coefficients(low_hz, high_hz, rate_hz))
    # A pole r^n has fallen to ROUNDED after n steps; pairs of poles may add up to somewhat more.
    slowest = float(np.abs(np.roots(a)).max())
    count = min(_MOST, math.ceil(math.log(ROUNDED) / math.log(slowest)) + 16)
    out: list[float] = []
    for n in range(count):
        value = b[n] if n < len(b) else 0.0
        for k in range(1, min(n, len(a) - 1) + 1):
            value -= a[k] * out[n - k]
        out.append(value)
    return np.array(out)


def filtered(rows: Floats, low_hz: float, high_hz: float, rate_hz: float) -> Floats:
    """Each row through the filter once, from its first sample on, at rest on that one."""
    answer = impulse(low_hz, high_hz, rate_hz)
    first = rows[:, :1]
    moved = rows - first
    out = np.empty(rows.shape)
    for i in range(len(rows)):
        out[i] = np.convolve(moved[i], answer)[: rows.shape[1]]
    return out if low_hz > 0.0 else out + first


def both_ways(rows: Floats, low_hz: float, high_hz: float, rate_hz: float, pad: int) -> Floats:
    """Each row forward and backward, so without delay. Both ends are continued by `pad` samples,
    turned about the end; fewer where there are no more."""
    pad = min(pad, rows.shape[1] - 1)
    head = 2.0 * rows[:, :1] - rows[:, pad:0:-1]
    tail = 2.0 * rows[:, -1:] - rows[:, -2 : -2 - pad : -1]
    longer = np.concatenate([head, rows, tail], axis=1)
    for _ in range(2):
        longer = filtered(longer, low_hz, high_hz, rate_hz)[:, ::-1]
    return longer[:, pad : longer.shape[1] - pad]
