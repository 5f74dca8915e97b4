"""Running: strides as in walking, with a time in the air between the feet (biomechanics C9)."""

from __future__ import annotations

from functools import partial

from kneetrack.detection.cut import Cut
from kneetrack.detection.gait import RUNNING, StrideFinder, finder_of
from kneetrack.detection.gait_measures import doubts_of, stride_measures
from kneetrack.detection.movements.movement import ByBouts, Confidence, Movement, Values

REST_S = 10.0
_KNOWN_S = 0.6  # from a contact to when it is known as one, at most


def measure(cut: Cut, key_s: float) -> Values:
    """One stride; it begins with its contact, `key_s`.

    Half a stride after this foot the other one comes down. Where this one has left the ground
    before, the body flies in between.
    """
    del key_s
    values = stride_measures(cut, RUNNING)
    stride_s, stance_s = values["stride_s"], values.get("stance_s")
    if stride_s is not None and stance_s is not None:
        values["flight_s"] = 0.5 * stride_s - stance_s
    return values


MOVEMENT = Movement(
    name="run",
    words="running",
    one="stride",
    how=ByBouts(
        finder=partial(finder_of, RUNNING),
        aligned=partial(StrideFinder, RUNNING),
        measure=measure,
        doubts=doubts_of,
        rest_s=REST_S,
        reach_s=RUNNING.longest_s + _KNOWN_S,
        feet_move=True,
    ),
    confidence=Confidence.LOW,
    because="every step shakes the sensors on the skin and may exceed their range: look at changes "
    "within one person only. A knee may come inward less while the hip does more.",
)
