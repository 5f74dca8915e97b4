"""The self-tests as a table: what each wants of a person, what it measures, and how well.

A difference is told from none where it is beyond two things: what the literature found to be the
least detectable change, where it did (`mdc`), and the scatter of the repetitions (`outcome`). No
value is good or bad by itself: each is compared with the other leg and with the last time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One imperative, and the rest in words."""

    title: str
    wants: str
    how: str


@dataclass(frozen=True, slots=True)
class Watched:
    """A measure that a test tells, by its name in `insight.values`. `mdc`: the least detectable
    change in its unit, with the source; None where none is known."""

    name: str
    mdc: float | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """One row. `least` is what one repetition must have of `counted` to count; `best` says that the
    largest is told beside the mean."""

    name: str
    exercise: str
    title: str
    what: str
    do: Step
    repeats: int
    one: str
    many: str
    counted: str
    least: float
    watched: tuple[Watched, ...]
    needs_calibration: bool
    best: bool = False


STAND = Step(
    "Stand",
    "Stand still on both feet.",
    "Knees straight, weight on both, for 3 seconds.",
)
STAND_S = 3.0

_BALANCE = SelfTest(
    name="balance",
    exercise="balance",
    title="Single-leg balance",
    what="How far shank and thigh sway to the side while you stand on that leg, and how much the "
    "knee moves and shakes. Less is steadier; shoes, ground and tiredness all show.",
    do=Step(
        "Stand on it",
        "Lift the other foot and stand on the leg that wears the band.",
        "Eyes open, hands on the hips, knee hardly bent, for 20 seconds. Then put the foot down, "
        "rest, and do it again.",
    ),
    repeats=3,
    one="hold",
    many="holds",
    counted="hold_s",
    least=19.0,
    watched=(
        Watched("shank_sway_deg"),
        Watched("thigh_sway_deg"),
        Watched("valgus_sway_deg"),
        Watched("sway_path_deg_s"),
        Watched("tremor_deg_s"),
    ),
    needs_calibration=True,
)
_SQUAT = SelfTest(
    name="squat",
    exercise="single_leg_squat",
    title="Shallow single-leg squat",
    what="How far the knee moves inward while you bend it to about 60° on one leg: the largest "
    "valgus, and how far the knee comes over the inside of the foot. Some is normal.",
    do=Step(
        "Five squats on it",
        "Stand on the leg that wears the band and bend it slowly to about 60°, five times.",
        "Hold on to something if you like. Two seconds down, two up, and stand up straight in "
        "between.",
    ),
    repeats=5,
    one="squat",
    many="squats",
    counted="peak_flexion_deg",
    least=35.0,
    watched=(
        Watched("peak_valgus_deg", 8.3, "Nakagawa 2014: 1.2 to 8.3° between sessions"),
        Watched("medial_displacement_cm"),
        Watched("peak_flexion_deg"),
    ),
    needs_calibration=True,
)
_LUNGE = SelfTest(
    name="lunge",
    exercise="lunge_test",
    title="Weight-bearing lunge",
    what="How far the shank can lean ahead over a foot whose heel stays down, from how it stands: "
    "what the ankle allows. Needs no calibration, only the band on the leg.",
    do=Step(
        "Three lunges",
        "Push the knee ahead over the toes as far as the heel stays down, and keep it there for "
        "2 seconds.",
        "The foot of the leg that wears the band in front, the other behind; a hand on the wall. "
        "Then come back and do it again, three times.",
    ),
    repeats=3,
    one="lunge",
    many="lunges",
    counted="shank_inclination_deg",
    least=15.0,
    watched=(Watched("shank_inclination_deg", 4.7, "Powden 2015"),),
    needs_calibration=False,
    best=True,
)
SELFTESTS: Mapping[str, SelfTest] = {one.name: one for one in (_BALANCE, _SQUAT, _LUNGE)}
