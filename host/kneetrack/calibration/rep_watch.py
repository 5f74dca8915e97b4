"""Counts the reps of the guided calibration: so many that are deep enough, then standing as before.

How far the knee bends is taken from the inclinations alone: in squats the thigh leans back as the
shank leans forward, in leg swings the thigh rises as the shank hangs or swings back, so the two add
up. It tells depth to some degrees, for a person to see; the angles proper need the alignment that
is being made here.
"""

from __future__ import annotations

import math

from kneecore import alignment, vector
from kneetrack.calibration.watches import (
    BLOCK,
    PAIR_S,
    Counted,
    NotUp,
    OtherPose,
    Over,
    Reading,
    Seen,
    TooShallow,
    Zeros,
    rates,
)
from kneetrack.samples import ImuPair, Vector

_DEG = 180.0 / math.pi

BENDS_AT_DEG = 25.0
BENDS_BY_DEG = 15.0
"""A rep begins beyond the first, and so far beyond the straightest since the last one."""
STRAIGHT_AT = (12.0, 0.3)
"""A rep is over below so many deg, or below that part of its depth, whichever is more: where a
strap has turned, standing does not come back to nothing."""
AGAIN_DEG = 25.0
UPRIGHT_DEG = 15.0
STANDING_DEG_S = 15.0
STANDING_BLOCKS = 2
MOST_TIMES = 2
"""So many times the reps wanted are judged even where nobody was seen to stand in between."""
POSE_DEG = 20.0
POSE_DEG_S = 5.0
POSE_BLOCKS = 10


class RepsWatch:
    """`wanted` reps at least `least_deg` deep, from the stance and back to it.

    `ups` is which way is up in thigh and shank sensor at the stance.
    """

    def __init__(
        self, wanted: int, least_deg: float, ups: tuple[Vector, Vector], zeros: Zeros
    ) -> None:
        self._wanted = wanted
        self._least_deg = least_deg
        self._zero = zeros
        self._movement = alignment.Movement(*ups, PAIR_S)  # for its low-passed inclinations
        self.restart()

    def restart(self) -> None:
        self._upright = False  # half a rep is none: it counts from upright on
        self._start_s: float | None = None
        self._reps = 0
        self._bent = False
        self._peak = self._deepest = self._low = 0.0
        self._open: list[ImuPair] = []
        self._rates = (0.0, 0.0)
        self._standing = self._posing = 0  # blocks

    @property
    def reading(self) -> Reading:
        return Reading(
            *self._rates,
            reps=self._reps,
            wanted_reps=self._wanted,
            flexion_deg=self._flexion_deg,
            deepest_deg=self._deepest,
            least_deg=self._least_deg,
        )

    @property
    def _flexion_deg(self) -> float:
        return (self._movement.thigh.tilt + self._movement.shank.tilt) * _DEG

    def add(self, pair: ImuPair) -> Seen | None:
        if self._start_s is None:
            self._start_s = pair.time_s
        self._movement.add(
            vector.subtracted(pair.thigh_gyr, self._zero[0]),
            pair.thigh_acc,
            vector.subtracted(pair.shank_gyr, self._zero[1]),
            pair.shank_acc,
        )
        seen = self._follow(pair.time_s)
        self._open.append(pair)
        if len(self._open) == BLOCK:
            self._rates = rates(self._open, self._zero)
            self._open = []
            seen = seen or self._rest(self._start_s, pair.time_s)
        return seen

    def _follow(self, now_s: float) -> Seen | None:
        flexion = self._flexion_deg
        self._upright = self._upright or flexion < UPRIGHT_DEG
        if not self._bent:
            self._low = min(self._low, flexion)
            if self._upright and flexion > max(BENDS_AT_DEG, self._low + BENDS_BY_DEG):
                self._bent = True
                self._peak = self._low = flexion
            return None
        if flexion >= self._peak:
            self._peak = self._low = flexion
        self._deepest = self._peak
        self._low = min(self._low, flexion)
        if flexion < max(STRAIGHT_AT[0], STRAIGHT_AT[1] * self._peak):
            return self._rep_over(now_s)
        if self._low < self._peak - AGAIN_DEG and flexion > self._low + AGAIN_DEG:
            self._peak = self._low = flexion
            return NotUp()
        return None

    def _rep_over(self, now_s: float) -> Seen:
        self._bent = False
        self._low = self._flexion_deg
        if self._peak < self._least_deg:
            if not self._reps:
                self._start_s = now_s  # nothing before it was worth having
            return TooShallow(self._peak)
        self._reps += 1
        return Counted(self._reps, self._peak)

    def _rest(self, start_s: float, now_s: float) -> Seen | None:
        """Standing again, or at rest in another pose."""
        rate = max(self._rates)
        tilts = (self._movement.thigh.tilt * _DEG, self._movement.shank.tilt * _DEG)
        standing = rate < STANDING_DEG_S and max(tilts) <= POSE_DEG and not self._bent
        self._standing = self._standing + 1 if standing else 0
        done = self._reps >= self._wanted and self._standing >= STANDING_BLOCKS
        if done or self._reps >= MOST_TIMES * self._wanted:
            return Over(start_s, now_s)
        posing = rate < POSE_DEG_S and max(tilts) > POSE_DEG
        self._posing = self._posing + 1 if posing else 0
        return OtherPose(*tilts) if self._posing >= POSE_BLOCKS else None
