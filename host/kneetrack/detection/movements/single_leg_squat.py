"""Single-leg squat: reps from knee flexion (biomechanics C5), compared with the user's own."""

from __future__ import annotations

from kneecore.reps import RepDetector
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.movements.movement import ByReps, Confidence, Movement
from kneetrack.detection.rep_measures import rep_measures

MOVEMENT = Movement(
    name="single_leg_squat",
    words="single-leg squat",
    one="rep",
    how=ByReps(finder=lambda: RepDetector(PERIOD_S), measure=rep_measures),
    confidence=Confidence.GOOD,
    because="it is shallow, so that a tilted axis adds little; balance makes reps less alike.",
    one_leg=True,
)
