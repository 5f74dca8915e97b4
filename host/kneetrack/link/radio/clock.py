"""The simulated board's clock as the host sees it, from the stamps on the board's lines.

Between two stamps it is read on by the real clock, as far as the board's runs with it; it never
goes back. A line that took longer on its way than an earlier one tells nothing new and is passed
over: otherwise the delay of a busy host would vanish from whatever is timed by this clock. At a
board that runs as fast as it can (speed 0) the clock stands at the last stamp.
"""

from __future__ import annotations

import time
from collections.abc import Callable


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


class PlaceClock(VirtualClock):
    """The world's clock as one board's stamps tell it: the world's own until that board moves."""

    def __init__(self, world_s: Callable[[], float]) -> None:
        super().__init__()
        self.error = 0.0
        self._world_s = world_s
        self._is_set = False
        self._newest_us = 0
        self._zero_us = 0.0  # the board's clock ...
        self._zero_s = 0.0  # ... at this time of the world's

    def now_s(self) -> float:
        return self.own_s() if self._is_set else self._world_s()

    def own_s(self) -> float:
        return super().now_s()

    def heard(self, board_us: int) -> None:
        self._newest_us = board_us
        super().heard(round(self.world_s(board_us) * 1e6))

    def set_by(self, board_us: int, world_s: float) -> None:
        """From now on the board's `board_us` is `world_s`."""
        self._is_set = True
        self._zero_us, self._zero_s = board_us, world_s
        self.restart(self.world_s(self._newest_us))

    def board_us(self, world_s: float) -> int:
        """The board's clock at `world_s`; before it is set, as far from the world's as now."""
        own_s = world_s - (self.now_s() - self.own_s()) - self._offset_s
        return round(self._zero_us + (own_s - self._zero_s) * (1.0 + self.error) * 1e6)

    def world_s(self, board_us: int) -> float:
        return self._zero_s + (board_us - self._zero_us) * 1e-6 / (1.0 + self.error)
