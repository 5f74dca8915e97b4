"""The simulated board's clock as the host sees it, from the stamps on the board's lines.

Between two stamps it is read on by the real clock, as far as the board's runs with it; it never
goes back. At a board that runs as fast as it can (speed 0) it stands at the last stamp.
"""

from __future__ import annotations

import time


class VirtualClock:
    """`now_s()` is the board's virtual time in seconds, as far as it is known."""

    def __init__(self) -> None:
        self.speed = 1.0
        self._stamp_s = 0.0
        self._heard_at_s = time.monotonic()
        self._last_s = 0.0

    def heard(self, board_us: int) -> None:
        """A line came that the board stamped `board_us`."""
        self._stamp_s = board_us / 1e6
        self._heard_at_s = time.monotonic()

    def now_s(self) -> float:
        since_s = (time.monotonic() - self._heard_at_s) * self.speed
        self._last_s = max(self._last_s, self._stamp_s + since_s)
        return self._last_s
