"""Held lunges of the weight-bearing lunge test, from how the shank is tilted against standing.

    standing  the shank still (slower than STILL_DEG_S) for STAND_S while no lunge has been seen:
              upright is what it is then. Later stillness within NEAR_DEG of it, and slower than
              QUIET_DEG_S, brings it up to date; else it stays, for in the test one does not stand
              as straight.
    lunge     the shank LEAST_DEG or more from upright, still for HOLD_S. It counts with the half
              second of the largest mean inclination.
    over      back by BACK_DEG from it

Only gravity is needed, no axis and no heading. The angle is that of the shank's tilt in any
direction: 5 deg to the side add 0.3 deg at 40 deg.
"""

from __future__ import annotations

import math
from collections import deque

from kneecore.reps import ENDED
from kneetrack.detection.criteria import (
    LUNGE_BACK_DEG as BACK_DEG,
)
from kneetrack.detection.criteria import (
    LUNGE_HOLD_S as HOLD_S,
)
from kneetrack.detection.criteria import (
    LUNGE_LEAST_DEG as LEAST_DEG,
)
from kneetrack.detection.criteria import (
    LUNGE_LONGEST_S as LONGEST_S,
)
from kneetrack.detection.criteria import (
    LUNGE_MOST_DEG as MOST_DEG,
)
from kneetrack.detection.criteria import (
    LUNGE_NEAR_DEG as NEAR_DEG,
)
from kneetrack.detection.criteria import (
    LUNGE_QUIET_DEG_S as QUIET_DEG_S,
)
from kneetrack.detection.criteria import (
    LUNGE_STAND_S as STAND_S,
)
from kneetrack.detection.criteria import (
    LUNGE_STILL_DEG_S as STILL_DEG_S,
)
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.tilt import Up, between_deg, towards, up
from kneetrack.samples import KneeSample, Phase, Side

_HOLE_S = 0.5
_MEAN = round(0.5 / PERIOD_S)  # samples of the mean that counts
_STEP = 10  # samples over which a tilt is looked at


class LungeFinder:
    """A `SampleFinder`; `key_s` is the middle of the half second that counts."""

    def __init__(self, side: Side) -> None:
        del side
        self.flexion_deg = 0.0
        self.start_s = self.key_s = self.end_s = 0.0
        self.inclination_deg: float | None = None
        """Of the shank now, from standing; None as long as nobody has stood still."""
        self.held_deg = 0.0
        """Of the lunge that has just ended."""
        self._last_s = -math.inf
        self._tilts: deque[Up] = deque(maxlen=_STEP + 1)
        self._latest: deque[float] = deque(maxlen=_MEAN)
        self._still_s: float | None = None  # since when
        self._upright: Up | None = None
        self._began_s: float | None = None  # of the lunge under way
        self._best: tuple[float, float] | None = None  # its inclination, and the mean's middle
        self._wait_deg: float | None = None  # a lunge of the longest time is not left until then

    @property
    def phase(self) -> Phase:
        if self._began_s is None:
            return Phase.STANDING
        return Phase.DESCENDING if self._best is None else Phase.BOTTOM

    @property
    def values(self) -> dict[str, float | None]:
        """What it saw of the lunge that has just ended, by the names of `measure_table`."""
        return {"shank_inclination_deg": self.held_deg}

    def take(self, sample: KneeSample) -> int | None:
        time_s, self.flexion_deg = sample[1], sample[2]
        tilt = up(sample[7])
        if time_s - self._last_s > _HOLE_S or tilt is None:
            self._tilts.clear()
            self._latest.clear()
            self._still_s = self._began_s = self._best = None
        self._last_s = time_s
        if tilt is None:
            return None
        self._tilts.append(tilt)
        rate = between_deg(self._tilts[0], tilt) / (_STEP * PERIOD_S)
        if len(self._tilts) <= _STEP or rate > STILL_DEG_S:
            self._still_s = None
        elif self._still_s is None:
            self._still_s = time_s
        still_s = 0.0 if self._still_s is None else time_s - self._still_s
        if still_s >= STAND_S and (self._upright is None or rate < QUIET_DEG_S):
            self._stands(tilt)
        if self._upright is None:
            return None
        self.inclination_deg = between_deg(self._upright, tilt)
        return self._look(time_s, self.inclination_deg, still_s)

    def finish(self) -> int | None:
        """The end of the data ends a lunge that was held."""
        return self._over()

    # --- inside ----------------------------------------------------------------------------------

    def _stands(self, tilt: Up) -> None:
        """Still for long: upright, where that can be."""
        if self._upright is None:
            self._upright = tilt
        elif between_deg(self._upright, tilt) < NEAR_DEG:
            self._upright = towards(self._upright, tilt, 0.01)

    def _look(self, time_s: float, leaning_deg: float, still_s: float) -> int | None:
        self._latest.append(leaning_deg)
        if self._wait_deg is not None:
            if leaning_deg < self._wait_deg:
                self._wait_deg = None
            return None
        if self._began_s is None:
            if LEAST_DEG <= leaning_deg <= MOST_DEG:
                self._began_s = time_s
                self._latest.clear()
            return None
        if still_s >= HOLD_S and len(self._latest) == _MEAN:
            mean = sum(self._latest) / _MEAN
            if self._best is None or mean > self._best[0]:
                self._best = (mean, time_s - 0.5 * _MEAN * PERIOD_S)
        highest = self._best[0] if self._best is not None else LEAST_DEG + BACK_DEG
        too_long = time_s - self._began_s >= LONGEST_S
        if leaning_deg < highest - BACK_DEG or leaning_deg > MOST_DEG or too_long:
            self._wait_deg = highest - BACK_DEG if too_long else None
            return self._over()
        return None

    def _over(self) -> int | None:
        best, began_s = self._best, self._began_s
        self._best = self._began_s = None
        self._latest.clear()
        if best is None or began_s is None:
            return None
        self.held_deg, self.key_s = best
        self.start_s, self.end_s = began_s, max(self._last_s, self.key_s)
        return ENDED
