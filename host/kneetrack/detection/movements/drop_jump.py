"""Drop-jump landing: from the contact with the ground to the deepest point (biomechanics C9).

    contact    flexion, valgus when the foot hits the ground (`landing_finder`)
    peak       the largest valgus from there to the deepest point, and the flexion it comes at
    excursion  what valgus, rotation and the knee's place over the foot gain since contact

An excursion from contact repeats better from day to day than any absolute peak (C1, Ferber 2002).
What comes behind the contact is read from angles smoothed to 15 Hz without delay (B8): 6 Hz, as for
squats, would round off an edge of 40 ms. The blow itself throws the sensors about on the skin and
such smoothing carries it ahead, so the angles at contact are those of the last FLIGHT_S before it.

It is described and not judged. The blow shakes the sensors on the skin by some 4 deg (B3), more
than most differences that one would look for, and the filter's idea of the vertical suffers for a
moment; so the mean of several landings is what can be compared.
"""

from __future__ import annotations

import numpy as np

from kneetrack.detection.criteria import LANDING_LONGEST_S
from kneetrack.detection.cut import PERIOD_S, Cut, Floats
from kneetrack.detection.measures import medial_track_cm
from kneetrack.detection.movements.landing_finder import LandingFinder
from kneetrack.detection.movements.movement import ByBouts, Confidence, Movement, Values

CORNER_HZ = 15.0
FLIGHT_S = 0.06
_LEAST = 4  # samples
ARRIVED_DEG = 1.0
"""So near the deepest point the way down is over; who stays there creeps on for a while."""
REST_S = 30.0
"""Back onto the box and ready: a longer pause ends a set."""


def measure(cut: Cut, key_s: float) -> Values:
    """One landing; `key_s` is the contact."""
    flexion, valgus, rotation = cut.smooth_to(CORNER_HZ)[:, cut.inside]
    deepest = int(flexion.argmax())
    flexion, valgus, rotation = (row[: deepest + 1] for row in (flexion, valgus, rotation))
    contact = _at_contact(cut, key_s)
    gained, turned = valgus - contact[1], rotation - contact[2]
    peak = int(valgus.argmax())
    arrived = int(np.argmax(flexion >= flexion[deepest] - ARRIVED_DEG))
    track = medial_track_cm(cut)
    return {
        "peak_flexion_deg": float(flexion[deepest]),
        "peak_valgus_deg": float(valgus[peak]),
        "flexion_at_peak_deg": float(flexion[peak]),
        "valgus_excursion_deg": float(gained[abs(gained).argmax()]),
        "rotation_excursion_deg": float(turned[abs(turned).argmax()]),
        "medial_displacement_cm": None if track is None else float(track[abs(track).argmax()]),
        "contact_flexion_deg": float(contact[0]),
        "contact_valgus_deg": float(contact[1]),
        "contact_to_deepest_s": float(cut.time_s[cut.inside][arrived] - key_s),
    }


def _at_contact(cut: Cut, key_s: float) -> Floats:
    """The angles at contact: those of the flight's last moment, going on as they did."""
    since_s = cut.time_s - key_s
    flight = (since_s >= -FLIGHT_S) & (since_s <= 0.5 * PERIOD_S)
    if flight.sum() < _LEAST:
        return cut.angles[:, cut.inside.start]
    rows, since_s = cut.angles[:, flight], since_s[flight]
    apart = since_s - since_s.mean()
    slopes = rows @ apart / (apart @ apart)
    return rows.mean(axis=1) - slopes * since_s.mean()


MOVEMENT = Movement(
    name="drop_jump",
    words="drop-jump landing",
    one="landing",
    how=ByBouts(
        finder=LandingFinder,
        measure=measure,
        rest_s=REST_S,
        reach_s=2.0 * LANDING_LONGEST_S,
        feet_move=True,
    ),
    confidence=Confidence.LOW,
    because="the blow shakes the sensors on the skin by some 4°, about as much as a landing's "
    "valgus differs from person to person; it may also exceed their range, which is then told.",
)
