"""The steps of the guided calibration, as data: what each wants of a person, in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """`kind` is that of its window (strap has none); `wants` one imperative, `how` the rest."""

    kind: str
    title: str
    wants: str
    how: str


TABLE = Step(
    "table",
    "Table",
    "Lay the band on a table.",
    "Both sensors, not on the leg yet. Don't touch the table for 5 seconds.",
)
STRAP = Step(
    "strap",
    "Strap on",
    "Strap the band on.",
    "One sensor on the outer thigh a hand above the knee, one on the inner front of the shin, both "
    "firm. Then stand up.",
)
STAND = Step(
    "stand",
    "Stand",
    "Stand tall and still.",
    "Knees straight, feet as wide as the hips, weight on both, for 4 seconds.",
)


@dataclass(frozen=True, slots=True)
class Movement:
    """What tells the knee's axis: reps that count from `least_deg` of flexion on."""

    step: Step
    reps: int
    least_deg: float
    one: str
    many: str
    deeper: str
    better: str | None = None
    """What helps where a gate fails, if not what the gate says (which is for squats)."""


SQUATS = Movement(
    Step(
        "functional",
        "Five slow squats",
        "Do five slow squats.",
        "Knees over the toes, three seconds down and three up, to about 90°. Stand up fully in "
        "between.",
    ),
    5,
    60.0,
    "squat",
    "squats",
    "Go down slowly until the thighs are nearly level, or as far as is comfortable beyond 60°.",
)
SWINGS = Movement(
    Step(
        "functional",
        "Five leg swings",
        "Swing the leg slowly, five times.",
        "Stand on the other leg and hold on to something. Lift the knee in front of you and pull "
        "the heel up under the seat, then put the foot down again and stand.",
    ),
    5,
    45.0,
    "swing",
    "swings",
    "Lift the knee higher, until the thigh is halfway to level, and pull the heel up.",
    "Swing straight ahead and slowly, the foot pointing forward, and stand still in between.",
)
MOVEMENTS = {"squat": SQUATS, "swing": SWINGS}
