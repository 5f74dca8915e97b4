"""Squat, free or in a machine, with both feet where they are: the plainest of all.

Reps are found by knee flexion alone (biomechanics C5), so a hack squat or a leg press is one too
(row 31). Compared with the user's own reference reps at equal flexion.
"""

from __future__ import annotations

from kneecore.reps import RepDetector
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.movements.movement import ByReps, Confidence, Movement
from kneetrack.detection.rep_measures import rep_measures

MOVEMENT = Movement(
    name="squat",
    words="squat",
    one="rep",
    how=ByReps(finder=lambda: RepDetector(PERIOD_S), measure=rep_measures, feet_stay=True),
    confidence=Confidence.GOOD,
    because="the skin moves over the thigh, and more under load than in reference reps.",
)
