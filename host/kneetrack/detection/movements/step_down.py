"""Step-down: the leg with the band stays on the box and lowers the other foot to the floor.

To the angles of this leg it is a single-leg squat whose depth the box decides; its reference is its
own all the same (biomechanics C9: the knee goes less far in than in a single-leg squat).
"""

from __future__ import annotations

from kneecore.reps import RepDetector
from kneetrack.detection.criteria import SHALLOW_ONE_LEG_DEG, params_of
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.movements.movement import ByReps, Confidence, Movement
from kneetrack.detection.rep_measures import rep_measures

_PARAMS = params_of("step_down")

MOVEMENT = Movement(
    name="step_down",
    words="step-down",
    one="rep",
    how=ByReps(
        finder=lambda: RepDetector(PERIOD_S, _PARAMS),
        measure=rep_measures,
        shallow_deg=SHALLOW_ONE_LEG_DEG,
    ),
    confidence=Confidence.FAIR,
    because="the height of the step decides the depth: compare equal steps only.",
    one_leg=True,
)
