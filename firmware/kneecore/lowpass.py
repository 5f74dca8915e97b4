"""A causal low-pass for angles: second-order Butterworth by the bilinear transform.

The corner is pre-warped, so it lies where it is said to lie at any sampling rate. The form is the
transposed direct form II, whose two states stay of the size of the signal (well-behaved in single
precision at corners far under the sampling rate).

A step passes with 4 % of overshoot; below the corner the output is late by about
1 / (sqrt(2) * pi * corner): 38 ms at 6 Hz (`delay_s`).
"""

import math


class LowPass:
    """One channel; `period_s` between samples. The first sample is taken as having always been."""

    def __init__(self, corner_hz: float, period_s: float):
        k = math.tan(math.pi * corner_hz * period_s)
        norm = 1.0 / (1.0 + math.sqrt(2.0) * k + k * k)
        self._b = k * k * norm
        self._a1 = 2.0 * (k * k - 1.0) * norm
        self._a2 = (1.0 - math.sqrt(2.0) * k + k * k) * norm
        self._z1 = 0.0
        self._z2 = 0.0
        self._empty = True
        self.delay_s = 1.0 / (math.sqrt(2.0) * math.pi * corner_hz)

    def forget(self):
        """The next sample is the first one."""
        self._empty = True

    def reset(self, value: float):
        """As if `value` had come for ever."""
        self._z1 = value * (1.0 - self._b)
        self._z2 = value * (self._b - self._a2)
        self._empty = False

    def update(self, value: float) -> float:
        """The filtered value at this sample."""
        if self._empty:
            self.reset(value)
        b = self._b * value
        out = b + self._z1
        self._z1 = 2.0 * b - self._a1 * out + self._z2
        self._z2 = b - self._a2 * out
        return out
