"""Single-leg squat: shallow and slow, on the leg that wears the band.

45 to 60 deg of flexion are asked for (biomechanics A, row 28), so a rep may be less deep than a
squat; what sets it apart from a step is then its time, not its depth. The free leg's squats are
not seen, whatever it does. Its reference is its own: at equal flexion the knee goes otherwise on
one leg than on two, and otherwise than in a step-down (C9).
"""

from __future__ import annotations

from kneecore.reps import RepDetector
from kneetrack.detection.criteria import SHALLOW_ONE_LEG_DEG, params_of
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.movements.movement import ByReps, Confidence, Movement
from kneetrack.detection.rep_measures import rep_measures

_PARAMS = params_of("single_leg_squat")

MOVEMENT = Movement(
    name="single_leg_squat",
    words="single-leg squat",
    one="rep",
    how=ByReps(
        finder=lambda: RepDetector(PERIOD_S, _PARAMS),
        measure=rep_measures,
        shallow_deg=SHALLOW_ONE_LEG_DEG,
        reach_s=_PARAMS.longest_s,
    ),
    confidence=Confidence.GOOD,
    because="it is shallow, so that a tilted axis adds little; balance makes reps less alike.",
    one_leg=True,
)
