"""The board's clock in microseconds that never wraps.

`time.ticks_us` counts modulo 2**30 (17.9 min). The difference to the last look is added up here, so
a look is due at least every nine minutes; the sampler takes one every 20 ms. It starts at the
counter's own value: on a board that was just switched on, the time since then.
"""

import time


class BoardClock:
    """Ask `now_us`; the parts share one clock, or their sample numbers would not agree."""

    def __init__(self):
        self.ticks = time.ticks_us()
        """`time.ticks_us` at the last look."""
        self._now_us: int = self.ticks  # pyright: ignore[reportAttributeAccessIssue]

    def now_us(self) -> int:
        """Microseconds since the start. Above 2**30 the number lives on the heap."""
        ticks = time.ticks_us()
        self._now_us += time.ticks_diff(ticks, self.ticks)
        self.ticks = ticks
        return self._now_us
