"""Step-up: the foot with the band is put on the box, the knee straightens and lifts the body.

The knee bends twice in a cycle: lifted onto the box without load and quickly, to straighten slowly
under load; and, going back down, slowly under load, to straighten quickly in the air. The first is
the rep. The second is told apart by its tempo and not counted; it is told as such.
"""

from __future__ import annotations

from kneecore.reps import ENDED, REJECTED, RepDetector
from kneetrack.detection.criteria import BACK_DOWN, params_of
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.movements.movement import ByReps, Confidence, Movement
from kneetrack.detection.rep_measures import rep_measures

_PARAMS = params_of("step_up")


class StepUpFinder(RepDetector):
    """Reps whose way up is the slow one."""

    def _close(self, end_s: float) -> int:
        said = super()._close(end_s)
        bending_s, straightening_s = self.bottom_s - self.start_s, self.end_s - self.bottom_s
        if said == ENDED and bending_s > BACK_DOWN * straightening_s:
            self.reason = "the way back down"
            return REJECTED
        return said


MOVEMENT = Movement(
    name="step_up",
    words="step-up",
    one="rep",
    how=ByReps(finder=lambda: StepUpFinder(PERIOD_S, _PARAMS), measure=rep_measures),
    confidence=Confidence.FAIR,
    because="the foot is put down anew for every rep, and the step decides the depth.",
    one_leg=True,
)
