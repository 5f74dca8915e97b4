"""How far what the report says can be off: cited figures, and what nobody has checked yet.

Each line is a figure with its source. `published` were measured by others with other devices, and
say what sensors on a leg can do at best; `ours` come from our own simulations, which are a lower
bound and never field accuracy (host/METHOD.md).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """How far something can be off, in words, and who measured it."""

    what: str
    size: str
    source: str


LIMITS = (
    Limit(
        "Two sensors on a leg without a magnetometer against optical motion capture, walking",
        "2.1° flexion, 1.9° valgus, 3.7° rotation (RMSE)",
        "Weygers et al., IEEE Sensors J 20(14):7969, 2020",
    ),
    Limit(
        "Skin over bone, on top of that, in squats, single-leg squats and jumps",
        "2.3 to 2.6°",
        "Teufl et al., PLoS ONE 14:e0213064, 2019",
    ),
    Limit(
        "What a knee's own bones abduct, seen by X-ray: a valgus far above it is largely skin, "
        "mounting or the thigh's turn",
        "rarely over 6°",
        "Kefala et al., Med Sci Sports Exerc 2017; Gray et al., PMC7477710",
    ),
    Limit(
        "The absolute valgus from one strapping to the next",
        "2.4° (one standard error)",
        "simulated by us",
    ),
    Limit(
        "An excursion at equal flexion from one strapping to the next",
        "0.72° (one standard error of a set); 1.1 to 1.9° where load makes soft tissue move more "
        "than in the reference reps",
        "simulated by us",
    ),
    Limit(
        "What counts as an excursion: never less than",
        "5°, or twice the standard error of your own reps",
        "the common limit of acceptable difference; host/METHOD.md, C2",
    ),
)
UNCHECKED = (
    "Checked so far: in simulation, and on recordings that others made public. Not against bone, "
    "and not yet with a band of this design on a leg."
)
EQUAL_FLEXION = (
    "Why at equal flexion: a knee that is bent further shows another valgus for many reasons that "
    "are not a movement inward, such as a sensor's axis that is off by some degrees, or skin over "
    "bone. Whatever is the same at the same flexion in the reference reps and in the set cancels "
    "in the difference. What is left is how this rep differed from your own reference."
)
