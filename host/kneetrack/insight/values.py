"""One rep's values by their names: the fixed columns of a `Rep`, and whatever it measured besides.

Which reps have a say in a value:

    left out, "not a squat"         none: the person said so
    gap, slip, saturation           none: what was measured may be off
    start, turn, another pace       none: a stride that is not one of a steady walk
    reference reps                  in what is compared with the reference (COMPARED) none, for that
                                    is themselves; in depth, tempo and the like as any other
    deeper than the reference       as any other: what could be compared was
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from kneetrack.detection.measure_table import MEASURES, Measure
from kneetrack.samples import Doubt, Rep

DEPTH = "peak_flexion_deg"
TOTAL = "valgus_excursion_deg"
OWN = "own_excursion_deg"
TEMPO = "duration_s"
TREMOR = "tremor_deg_s"
DESCENT, BOTTOM, ASCENT = "descent_s", "bottom_s", "ascent_s"

_FIXED = (
    Measure(DEPTH, "depth", "°", 0, "The deepest knee flexion of the rep."),
    Measure(
        TOTAL,
        "inward",
        "°",
        1,
        "The excursion from your reference at equal flexion, where it was largest; inward +.",
    ),
    Measure(
        OWN,
        "own part",
        "°",
        1,
        "The excursion without what all reps of the set share; inward +.",
    ),
    Measure("peak_valgus_deg", "valgus", "°", 1, "The largest knee abduction of the rep."),
    Measure(
        "flexion_at_peak_deg",
        "flexion at the excursion",
        "°",
        0,
        "The knee flexion at which the own part was largest.",
    ),
    Measure(
        "time_over_threshold_s",
        "time over the limit",
        "s",
        1,
        "How long the own part was beyond the limit of what counts.",
    ),
    Measure(
        "rotation_excursion_deg",
        "rotation",
        "°",
        1,
        "The shank's rotation from your reference at equal flexion; internal +.",
    ),
    Measure(
        "medial_displacement_cm",
        "knee in",
        "cm",
        1,
        "How far the knee came inward over the foot since the rep began; outward negative.",
    ),
    Measure(TEMPO, "rep time", "s", 1, "From the rep's start to its end."),
    Measure(DESCENT, "time down", "s", 1, "From the rep's start to where it stays deep."),
    Measure(BOTTOM, "at the bottom", "s", 1, "How long it stays within 5 % of its depth."),
    Measure(ASCENT, "time up", "s", 1, "From the bottom to the rep's end."),
)
_OF_NAME = {row.name: row for row in _FIXED}

COMPARED = frozenset(
    {
        TOTAL,
        OWN,
        "rotation_excursion_deg",
        "time_over_threshold_s",
        "area_over_threshold_deg_times_s",
        "clean_depth_deg",
        "valgus_consistency_deg",
        "rotation_consistency_deg",
        "thigh_rotation_excursion_deg",
        "tremor_ratio",
    }
)
"""Values that are differences from the person's reference."""
MOUNTED = frozenset(
    {
        DEPTH,
        "peak_valgus_deg",
        "flexion_at_peak_deg",
        "thigh_rotation_deg",
        "shank_rotation_deg",
        "shank_lean_deg",
        "thigh_tilt_deg",
        "start_flexion_deg",
        "contact_flexion_deg",
        "contact_valgus_deg",
        "shank_inclination_deg",
        "loading_flexion_deg",
        "swing_flexion_deg",
        "contact_lean_deg",
    }
)
"""Absolute angles in a strapped frame: another strapping moves them (biomechanics C3).

The rule: the angle's zero, or the axis that it is about, goes with the strap. So flexion, valgus
and tilt at an instant; and a segment's turn about its long axis through a whole squat, for an axis
that is off by some degrees makes that much rotation out of the bend.
"""
SPREADS = frozenset(
    {"shank_sway_deg", "thigh_sway_deg", "valgus_sway_deg", "rotation_range_deg", "turn_deg"}
)
"""Other values in degrees, whose zero cancels: scatter about a mean, a range, a change of heading.
Mounting hardly shifts them. So it is with every speed (°/s: tremor, sway path) and time."""
_OFF = frozenset({Doubt.GAP, Doubt.SLIP, Doubt.SATURATION, Doubt.START, Doubt.TURN, Doubt.PACE})

NAMES: tuple[str, ...] = (*_OF_NAME, *(n for n in MEASURES if not n.endswith("_sigma_deg")))
"""Every name, those of a rep's own columns first; uncertainties are no values of their own."""


def described(name: str) -> Measure:
    """What the name stands for. A name that this version does not know is told as it is."""
    known = _OF_NAME.get(name) or MEASURES.get(name)
    return known or Measure(name, name.replace("_", " "), "", 2, "Not known to this version.")


def value_of(rep: Rep, name: str) -> float | None:
    """The value, whatever it is worth; None where it is not known."""
    if name == TEMPO:
        value: object = rep.end_s - rep.start_s
    elif name in _OF_NAME:
        value = getattr(rep, name)
    else:
        value = rep.measures.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def has_a_say(rep: Rep, name: str) -> bool:
    """Whether the rep counts in statistics of that value (see above)."""
    if rep.label is not None or _OFF.intersection(rep.doubt):
        return False
    return not (rep.is_reference and name in COMPARED)


def values_of(reps: Iterable[Rep], name: str) -> list[tuple[int, float]]:
    """(place among `reps`, value) of those that have a say and whose value is known."""
    return [
        (place, value)
        for place, rep in enumerate(reps)
        if has_a_say(rep, name) and (value := value_of(rep, name)) is not None
    ]
