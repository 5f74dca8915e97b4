"""Step-down: reps from knee flexion (biomechanics C5), compared with the user's own."""

from __future__ import annotations

from kneecore.reps import RepDetector
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.movements.movement import ByReps, Confidence, Movement
from kneetrack.detection.rep_measures import rep_measures

MOVEMENT = Movement(
    name="step_down",
    words="step-down",
    one="rep",
    how=ByReps(finder=lambda: RepDetector(PERIOD_S), measure=rep_measures),
    confidence=Confidence.FAIR,
    because="the height of the step decides the depth: compare equal steps only.",
    one_leg=True,
)
