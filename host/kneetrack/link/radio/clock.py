"""The simulated board's clock as the host sees it, from the stamps on the board's lines.

Between two stamps it is read on by the real clock, as far as the board's runs with it; it never
goes back. A line that took longer on its way than an earlier one tells nothing new and is passed
over: otherwise the delay of a busy host would vanish from whatever is timed by this clock. At a
board that runs as fast as it can (speed 0) the clock stands at the last stamp.
"""

from __future__ import annotations

import time


class VirtualClock:
    """`now_s()` is the board's virtual time in seconds, as far as it is known."""

    def __init__(self) -> None:
        self._speed = 1.0
        self._stamp_s = 0.0
        self._heard_at_s = time.monotonic()
        self._is_fresh = True
        self._starts_anew = False
        self._offset_s = 0.0
        self._last_s = 0.0

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._speed = speed
        self._is_fresh = True  # the next stamp counts, be it behind what is thought until then

    def start_anew(self) -> None:
        """The board starts again, and its stamps from zero; this clock goes on."""
        self._starts_anew = True

    def restart(self, stamp_s: float) -> None:
        """It is `stamp_s` now, whatever was thought until then; still it never goes back."""
        self._starts_anew = False
        self._offset_s = 0.0
        self._stamp_s, self._heard_at_s = stamp_s, time.monotonic()
        self._is_fresh = False

    def heard(self, board_us: int) -> None:
        """A line came that the board stamped `board_us`."""
        if self._starts_anew:
            self._starts_anew = False
            self._offset_s = self._read_on() - board_us / 1e6
        stamp_s = board_us / 1e6 + self._offset_s
        if self._is_fresh or stamp_s >= self._read_on():
            self._stamp_s = stamp_s
            self._heard_at_s = time.monotonic()
            self._is_fresh = False

    def now_s(self) -> float:
        self._last_s = max(self._last_s, self._read_on())
        return self._last_s

    def _read_on(self) -> float:
        return self._stamp_s + (time.monotonic() - self._heard_at_s) * self._speed
