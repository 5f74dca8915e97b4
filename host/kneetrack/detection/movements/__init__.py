"""The movements that are known, one file each; see `movement.Movement`."""

from __future__ import annotations

from kneetrack.detection.movements import (
    balance,
    drop_jump,
    lunge,
    lunge_test,
    run,
    single_leg_squat,
    sit_to_stand,
    squat,
    step_down,
    step_up,
    unknown,
    walk,
)
from kneetrack.detection.movements.movement import (
    ByBouts,
    ByReps,
    Comparison,
    Confidence,
    Movement,
    Values,
)

__all__ = [
    "MOVEMENTS",
    "ByBouts",
    "ByReps",
    "Comparison",
    "Confidence",
    "Movement",
    "Values",
    "movement_of",
]

_FILES = (
    squat,
    single_leg_squat,
    lunge,
    step_down,
    step_up,
    sit_to_stand,
    drop_jump,
    balance,
    lunge_test,
    walk,
    run,
    unknown,
)

MOVEMENTS: dict[str, Movement] = {file.MOVEMENT.name: file.MOVEMENT for file in _FILES}


def movement_of(exercise: str) -> Movement:
    """The movement of that name; one that is not known is treated as "unknown"."""
    return MOVEMENTS.get(exercise, MOVEMENTS["unknown"])
