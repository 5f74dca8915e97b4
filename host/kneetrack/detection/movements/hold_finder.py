"""Holds on one leg in knee samples: nearly still, the knee nearly straight, and yet never at rest.

What a hold is made of is how fast thigh and shank tilt, over 0.1 s (which no noise reaches), and
the root mean square of that over a second:

    begins   the shank between ALIVE_DEG_S and RESTLESS_DEG_S for a second, the knee bent by less
             than BENT_DEG. Below is somebody on two legs (0.7 deg/s at most in quiet stance), above
             a movement.
    goes on  through what a hold has of corrections
    ends     a step or a touch-down: either segment tilts faster than STEP_DEG_S, or the shank leans
             MOVED_DEG from where it was on average; two legs again: QUIET_S below QUIET_DEG_S; the
             knee bent; or LONGEST_S, behind which a new one begins only after one of these

The weight's way over the foot, and back, is left out. A hold of less than LEAST_S is none. Whether
the other foot stands beside it can't be seen from this leg: what tells it here is that one leg
alone is not so quiet. All limits are assumptions.
"""

from __future__ import annotations

import math
from collections import deque

from kneecore.reps import ENDED
from kneetrack.detection.criteria import (
    HOLD_ALIVE_DEG_S as ALIVE_DEG_S,
)
from kneetrack.detection.criteria import (
    HOLD_BENT_DEG as BENT_DEG,
)
from kneetrack.detection.criteria import (
    HOLD_LEAST_S as LEAST_S,
)
from kneetrack.detection.criteria import (
    HOLD_LONGEST_S as LONGEST_S,
)
from kneetrack.detection.criteria import (
    HOLD_MOVED_DEG as MOVED_DEG,
)
from kneetrack.detection.criteria import (
    HOLD_QUIET_DEG_S as QUIET_DEG_S,
)
from kneetrack.detection.criteria import (
    HOLD_QUIET_S as QUIET_S,
)
from kneetrack.detection.criteria import (
    HOLD_RESTLESS_DEG_S as RESTLESS_DEG_S,
)
from kneetrack.detection.criteria import (
    HOLD_SETTLE_S as SETTLE_S,
)
from kneetrack.detection.criteria import (
    HOLD_STEP_DEG_S as STEP_DEG_S,
)
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.tilt import Up, between_deg, towards, up
from kneetrack.samples import KneeSample, Phase, Side

_HOLE_S = 0.5  # without samples: what is behind begins anew
_STEP = 10  # samples over which a tilt is looked at
_SECOND = round(1.0 / PERIOD_S)
_POSE = PERIOD_S / 3.0  # of the average pose, per sample: within some 3 s
_BACK_S = 0.7  # before a step was seen it had begun
_QUIET_BACK_S = 1.6  # before the last lively second ended the foot was down


class HoldFinder:
    """A `SampleFinder`; `key_s` is the middle of the hold."""

    def __init__(self, side: Side) -> None:
        del side  # tilts are the same on both
        self.flexion_deg = 0.0
        self.start_s = self.key_s = self.end_s = 0.0
        self._last_s = -math.inf
        self._tilts: deque[tuple[Up, Up]] = deque(maxlen=_STEP + 1)
        self._squares: deque[float] = deque(maxlen=_SECOND)
        self._sum = 0.0
        self._since_s: float | None = None  # of the hold under way
        self._pose: Up = (0.0, 0.0, 1.0)
        self._lively_s = 0.0  # when it last was more than quiet
        self._full = False  # a hold of the longest time has been told: wait for its end

    @property
    def phase(self) -> Phase:
        return Phase.STANDING if self._since_s is None else Phase.BOTTOM

    def take(self, sample: KneeSample) -> int | None:
        time_s, self.flexion_deg = sample[1], sample[2]
        shank, thigh = up(sample[7]), up(sample[6])
        if time_s - self._last_s > _HOLE_S or shank is None or thigh is None:
            ended = self._end(self._last_s)
            self._forget()
            self._last_s = time_s
            return ended
        self._last_s = time_s
        self._tilts.append((shank, thigh))
        if len(self._tilts) <= _STEP:
            return None
        before = self._tilts[0]
        rate = between_deg(before[0], shank) / (_STEP * PERIOD_S)
        if max(rate, between_deg(before[1], thigh) / (_STEP * PERIOD_S)) > STEP_DEG_S:
            return self._stepped(time_s)
        return self._still(time_s, shank, rate)

    def finish(self) -> int | None:
        """The end of the data ends a hold."""
        return self._end(self._last_s)

    # --- inside ----------------------------------------------------------------------------------

    def _still(self, time_s: float, shank: Up, rate: float) -> int | None:
        """No step: is it a hold, and still one?"""
        if len(self._squares) == _SECOND:
            self._sum -= self._squares[0]
        self._squares.append(rate * rate)
        self._sum += rate * rate
        if len(self._squares) < _SECOND:
            return None
        lively = math.sqrt(max(0.0, self._sum) / _SECOND)
        if lively > QUIET_DEG_S:
            self._lively_s = time_s
        if self._since_s is None:
            if self._full:
                self._full = time_s - self._lively_s < QUIET_S
            elif ALIVE_DEG_S <= lively <= RESTLESS_DEG_S and self.flexion_deg < BENT_DEG:
                self._since_s, self._pose = time_s + SETTLE_S, shank
            return None
        if time_s < self._since_s:
            self._pose = shank
        if between_deg(self._pose, shank) > MOVED_DEG or self.flexion_deg > BENT_DEG:
            return self._stepped(time_s)
        self._pose = towards(self._pose, shank, _POSE)
        if time_s - self._lively_s >= QUIET_S:
            return self._end(self._lively_s - _QUIET_BACK_S)
        if time_s - self._since_s >= LONGEST_S:
            self._full = True
            return self._end(time_s)
        return None

    def _stepped(self, time_s: float) -> int | None:
        ended = self._end(time_s - _BACK_S)
        self._forget()
        return ended

    def _end(self, end_s: float) -> int | None:
        since_s, self._since_s = self._since_s, None
        if since_s is None or end_s - since_s < LEAST_S:
            return None
        self.start_s, self.end_s = since_s, end_s
        self.key_s = 0.5 * (since_s + end_s)
        return ENDED

    def _forget(self) -> None:
        self._tilts.clear()
        self._squares.clear()
        self._sum = 0.0
        self._full = False
