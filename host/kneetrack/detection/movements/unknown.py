"""Unknown movement: nobody said what it was. Reps are found as in squats.

What it looks like is said by `detection.suggest`; the user decides (`kneetrack edit LOG --exercise
NAME`).
"""

from __future__ import annotations

from kneecore.reps import RepDetector
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.movements.movement import ByReps, Confidence, Movement
from kneetrack.detection.rep_measures import rep_measures

MOVEMENT = Movement(
    name="unknown",
    words="unknown movement",
    one="rep",
    how=ByReps(finder=lambda: RepDetector(PERIOD_S), measure=rep_measures),
    confidence=Confidence.LOW,
    because="nobody said what was done; reps are found as in squats.",
)
