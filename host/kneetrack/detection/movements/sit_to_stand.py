"""Sit-to-stand: from standing down to the seat and up again.

It needs a longer time than a squat, for one may stay seated, and it may begin and end on the seat.
A rise without the sitting down before it is half a rep: there is no way down to measure or compare,
so it is not counted, and told as such; so is the last sitting down. Five rises from the seat are
four reps and two halves.
"""

from __future__ import annotations

from kneecore.reps import DESCENDING, REJECTED, STANDING, RepDetector
from kneetrack.detection.criteria import SEATED_DEG, params_of
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.movements.movement import ByReps, Confidence, Movement
from kneetrack.detection.rep_measures import rep_measures

_PARAMS = params_of("sit_to_stand")
_RISE = "only the way up: the recording begins on the seat"
_DOWN = "only the way down: the recording ends on the seat"
HALVES = frozenset({_RISE, _DOWN})


class SeatFinder(RepDetector):
    """Data that begin or end deep begin or end on the seat."""

    _from_seat = False  # the recording began seated, and nobody has stood up yet
    _seat_deg = _left_s = 0.0

    def update(self, time_s: float, flexion_deg: float) -> int | None:
        said = super().update(time_s, flexion_deg)
        if not self._from_seat or said is not None:
            return said
        if flexion_deg > SEATED_DEG:
            self._left_s = time_s
        elif self.state == STANDING and flexion_deg < self.stand_deg + self.params.end_above_deg:
            self.start_s = self.bottom_s = self._left_s
            self.end_s, self.peak_deg = time_s, self._seat_deg
            return self._half(_RISE)
        return said

    def finish(self) -> int | None:
        went_down = self.state == DESCENDING and self._peak_deg > SEATED_DEG
        said = super().finish()
        if said is not None or not went_down:
            return said
        self._keep(self._time_s)
        return self._half(_DOWN)

    def _begin(self, time_s: float, flexion_deg: float) -> None:
        super()._begin(time_s, flexion_deg)
        self._from_seat = flexion_deg > SEATED_DEG
        self._seat_deg, self._left_s = flexion_deg, time_s

    def _close(self, end_s: float) -> int:
        said = super()._close(end_s)
        return self._half(_RISE) if self._from_seat else said  # it moved on the seat before

    def _half(self, reason: str) -> int:
        self._from_seat = False
        self.reason = reason
        return REJECTED


MOVEMENT = Movement(
    name="sit_to_stand",
    words="sit-to-stand",
    one="rep",
    how=ByReps(
        finder=lambda: SeatFinder(PERIOD_S, _PARAMS),
        measure=rep_measures,
        reach_s=_PARAMS.longest_s,
        feet_stay=True,
    ),
    confidence=Confidence.GOOD,
    because="it begins deep, so that its standing angle is seen late.",
)
