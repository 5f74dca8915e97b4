"""Lunge: the leg with the band is in front, bends, and comes back or is brought back.

In a forward lunge the knee bends twice: to swing the foot forward, and to go down on it. The swing
is no rep: the finder takes it for a step, or starts the rep at the lowest angle between the two.
The same bend as the back leg of a lunge is found as well; nothing in one leg's angles tells front
from back. In a split squat the feet stay, and it is found as a squat is.
"""

from __future__ import annotations

from kneecore.reps import RepDetector
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.movements.movement import ByReps, Confidence, Movement
from kneetrack.detection.rep_measures import rep_measures

MOVEMENT = Movement(
    name="lunge",
    words="lunge",
    one="rep",
    how=ByReps(finder=lambda: RepDetector(PERIOD_S), measure=rep_measures),
    confidence=Confidence.FAIR,
    because="the heading is found at standing rests, and a step forward puts the foot down anew.",
    one_leg=True,
)
