"""Weight-bearing lunge test: how far the shank leans ahead over a foot whose heel stays down.

The knee is pushed ahead over the toes as far as the heel allows, and kept there for a moment: the
shank's inclination is then what the ankle gives (biomechanics A, row 13; Powden et al., Man Ther
2015: ICC 0.65 to 0.99, least detectable change 4.7 deg). It is told from standing, which the finder
takes from the stillness before the first lunge; an inclinometer on the shin tells it from the
vertical, which differs by how the shin leans in standing, the same in every test.

Gravity alone is needed: no calibration, no table, no heading.
"""

from __future__ import annotations

from kneetrack.detection.criteria import LUNGE_LONGEST_S
from kneetrack.detection.cut import Cut
from kneetrack.detection.movements.lunge_finder import LungeFinder
from kneetrack.detection.movements.movement import ByBouts, Confidence, Movement, Values

REST_S = 60.0


def measure(cut: Cut, key_s: float) -> Values:
    """One lunge, but for its inclination, which the finder knows: it has seen the standing."""
    del key_s
    return {"hold_s": cut.end_s - cut.start_s}


def _seen(finder: LungeFinder) -> Values:
    return finder.values


MOVEMENT = Movement(
    name="lunge_test",
    words="weight-bearing lunge test",
    one="lunge",
    how=ByBouts(
        finder=LungeFinder,
        measure=measure,
        rest_s=REST_S,
        reach_s=LUNGE_LONGEST_S + 5.0,
        seen=_seen,
        without_axes=True,
        feet_move=True,
    ),
    confidence=Confidence.GOOD,
    because="whether the heel stays down is not seen: you have to feel it.",
    one_leg=True,
)
