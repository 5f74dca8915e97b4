"""Drop-jump landing: from the contact with the ground to the deepest point (biomechanics C9).

    contact    flexion, valgus when the foot hits the ground (`landing_finder`)
    peak       the largest valgus from there to the deepest point, and the flexion it comes at
    excursion  what valgus, rotation and the knee's place over the foot gain since contact

An excursion from contact repeats better from day to day than any absolute peak (C1, Ferber 2002).
Everything is read from angles smoothed to 15 Hz without delay (B8): 6 Hz, as for squats, would
round off an edge of 40 ms.

It is described and not judged. The blow shakes the sensors on the skin by some 4 deg (B3), more
than most differences that one would look for, and the filter's idea of the vertical suffers for a
moment; so the mean of several landings is what can be compared.
"""

from __future__ import annotations

from kneetrack.detection.cut import Cut
from kneetrack.detection.measures import medial_track_cm
from kneetrack.detection.movements.landing_finder import LONGEST_S, LandingFinder
from kneetrack.detection.movements.movement import ByBouts, Confidence, Movement, Values

CORNER_HZ = 15.0
REST_S = 30.0
"""Back onto the box and ready: a longer pause ends a set."""


def measure(cut: Cut, key_s: float) -> Values:
    """One landing; `key_s` is the contact."""
    flexion, valgus, rotation = cut.smooth_to(CORNER_HZ)[:, cut.inside]
    deepest = int(flexion.argmax())
    flexion, valgus, rotation = (row[: deepest + 1] for row in (flexion, valgus, rotation))
    gained, turned = valgus - valgus[0], rotation - rotation[0]
    peak = int(valgus.argmax())
    track = medial_track_cm(cut)
    return {
        "peak_flexion_deg": float(flexion[deepest]),
        "peak_valgus_deg": float(valgus[peak]),
        "flexion_at_peak_deg": float(flexion[peak]),
        "valgus_excursion_deg": float(gained[abs(gained).argmax()]),
        "rotation_excursion_deg": float(turned[abs(turned).argmax()]),
        "medial_displacement_cm": None if track is None else float(track[abs(track).argmax()]),
        "contact_flexion_deg": float(flexion[0]),
        "contact_valgus_deg": float(valgus[0]),
        "contact_to_deepest_s": float(cut.time_s[cut.inside][deepest] - key_s),
    }


MOVEMENT = Movement(
    name="drop_jump",
    words="drop-jump landing",
    one="landing",
    how=ByBouts(
        finder=LandingFinder,
        measure=measure,
        rest_s=REST_S,
        reach_s=2.0 * LONGEST_S,
        feet_move=True,
    ),
    confidence=Confidence.LOW,
    because="the blow shakes the sensors on the skin by some 4°, about as much as a landing's "
    "valgus differs from person to person; it may also exceed their range, which is then told.",
)
