"""Sit-to-stand: reps from knee flexion (biomechanics C5), compared with the user's own."""

from __future__ import annotations

from kneecore.reps import RepDetector
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.movements.movement import ByReps, Confidence, Movement
from kneetrack.detection.rep_measures import rep_measures

MOVEMENT = Movement(
    name="sit_to_stand",
    words="sit-to-stand",
    one="rep",
    how=ByReps(finder=lambda: RepDetector(PERIOD_S), measure=rep_measures),
    confidence=Confidence.GOOD,
    because="it begins deep, so that its standing angle is seen late.",
)
