"""Walking: strides from the shank's rate, described (biomechanics C9)."""

from __future__ import annotations

from functools import partial

from kneetrack.detection.cut import Cut
from kneetrack.detection.gait import WALKING, StrideFinder, finder_of
from kneetrack.detection.gait_measures import doubts_of, stride_measures
from kneetrack.detection.movements.movement import ByBouts, Confidence, Movement, Values

REST_S = 10.0
"""Without a stride: the walk is over."""
_KNOWN_S = 0.6  # from a contact to when it is known as one, at most


def measure(cut: Cut, key_s: float) -> Values:
    """One stride; it begins with its contact, `key_s`."""
    del key_s
    return stride_measures(cut, WALKING)


MOVEMENT = Movement(
    name="walk",
    words="walking",
    one="stride",
    how=ByBouts(
        finder=partial(finder_of, WALKING),
        aligned=partial(StrideFinder, WALKING),
        measure=measure,
        doubts=doubts_of,
        rest_s=REST_S,
        reach_s=WALKING.longest_s + _KNOWN_S,
        feet_move=True,
    ),
    confidence=Confidence.FAIR,
    because="the knee moves by some 4° to the side in a stride, about as much as skin moves over "
    "bone: only averages of 50 strides and more are told, and they are below what can be told "
    "apart in one person.",
)
