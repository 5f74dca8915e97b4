"""The band's clock told by the host's: offset and drift from when packets were received.

A packet is received at r = offset + (1 + drift) * m + delay, with m the band's time of its newest
sample. The delay is never below some floor (the poll of the FIFOs, a connection event, the stacks)
and often far above it: a queue, a busy computer. So the line that matters runs *under* the points,
touching those that were not held up, and an average would follow the queues instead. Of all lines
under the points the one nearest to them in the mean is taken; it is an edge of their lower convex
hull, the one above the middle of the window (Moon, Skelly and Towsley, "Estimation and removal of
clock skew from network delay measurements", IEEE INFOCOM 1999).

Crystals drift with temperature, and a line through hours would not follow: a window of ten minutes
is kept, as the least delay of each second. Over a short window the slope means little (1 ms of
jitter over 10 s is 100 ppm), so it is held within what two crystals can do.

The floor stays in the offset: a sample is told some 20 ms late. Two bands on one host have the same
floor, so between two legs it cancels.
"""

from __future__ import annotations

import bisect
from collections import deque
from dataclasses import dataclass

WINDOW_S = 600.0
BIN_S = 1.0
DRIFT_MAX = 150e-6
"""A crystal of 50 ppm at each end, and half as much again for heat and age."""


@dataclass(frozen=True, slots=True)
class ClockLine:
    """The host's time of an instant on the band: `host_s(measured_s)`.

    `residual_s` is how far the quickest packet of a second lies above the line, in 95 of 100
    seconds; `span_s` the time that the line was found over.
    """

    measured_s: float
    received_s: float
    drift: float
    residual_s: float
    span_s: float

    def host_s(self, measured_s: float) -> float:
        since_s = measured_s - self.measured_s
        return self.received_s + since_s + self.drift * since_s

    @property
    def drift_ppm(self) -> float:
        """How much faster the host's clock runs than the band's."""
        return self.drift * 1e6


class ClockFit:
    """Feed it live packets in their order, of one start of the band; ask for `line`."""

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._least: deque[tuple[float, float]] = deque()  # (measured, received - measured)
        self._line: ClockLine | None = None
        self._is_fresh = True

    def take(self, measured_s: float, received_s: float) -> None:
        """A packet whose newest sample was measured at the first and received at the second time.

        One that is older than those before (sent again, or of another start) is passed over.
        """
        behind_s = received_s - measured_s
        least = self._least
        if least and measured_s // BIN_S <= least[-1][0] // BIN_S:
            if measured_s // BIN_S == least[-1][0] // BIN_S and behind_s < least[-1][1]:
                least[-1] = (measured_s, behind_s)
                self._is_fresh = False
            return
        least.append((measured_s, behind_s))
        while measured_s - least[0][0] > self._window_s:
            least.popleft()
        self._is_fresh = False

    @property
    def line(self) -> ClockLine | None:
        """The best line as of now; None before the first packet."""
        if not self._is_fresh and self._least:
            self._line = _line_under(list(self._least))
            self._is_fresh = True
        return self._line


def _line_under(points: list[tuple[float, float]]) -> ClockLine:
    """The line under `points` (by rising abscissa) whose mean distance to them is least."""
    x0, y0 = points[0]
    row = [(x - x0, y - y0) for x, y in points]
    hull = _lower_hull(row)
    middle = sum(x for x, _ in row) / len(row)
    drift = 0.0
    if len(hull) > 1:
        at = min(max(1, bisect.bisect_left(hull, (middle,))), len(hull) - 1)
        (xa, ya), (xb, yb) = hull[at - 1], hull[at]
        drift = min(max((yb - ya) / (xb - xa), -DRIFT_MAX), DRIFT_MAX)
    above = sorted(y - drift * x for x, y in row)
    offset = above[0]
    residual_s = above[(len(above) - 1) * 95 // 100] - offset
    return ClockLine(x0, x0 + y0 + offset, drift, residual_s, row[-1][0])


def _lower_hull(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Andrew's monotone chain (Information Processing Letters 9:216, 1979), its lower half."""
    hull: list[tuple[float, float]] = []
    for x, y in points:
        while len(hull) > 1:
            (xa, ya), (xb, yb) = hull[-2], hull[-1]
            if (xb - xa) * (y - ya) > (yb - ya) * (x - xa):
                break
            hull.pop()
        hull.append((x, y))
    return hull
