"""One person's course in one movement: which measure tells most, and each leg's trend in it."""

from __future__ import annotations

from collections.abc import Sequence

from kneetrack.calibration.references import Athlete
from kneetrack.catalogue.entry import TOTAL, Session
from kneetrack.catalogue.told_apart import references_of
from kneetrack.catalogue.trend import Trend, trend
from kneetrack.detection.movements import movement_of
from kneetrack.detection.movements.movement import ByReps
from kneetrack.samples import Side
from kneetrack.selftest.tests import SELFTESTS


def default_measure(exercise: str, selftest: str | None = None) -> str:
    """What tells most of an exercise, or of a self-test."""
    test = SELFTESTS.get(selftest or "")
    if test is None and not isinstance(movement_of(exercise).how, ByReps):
        test = next((each for each in SELFTESTS.values() if each.exercise == exercise), None)
    return test.watched[0].name if test is not None else TOTAL


def course_of(found: Sequence[Session], name: str, side: Side) -> Trend | None:
    """That leg's course over these sessions of one person and exercise, told apart by what is kept
    of the person's references."""
    first = found[0]
    kept = None
    if first.athlete is not None:
        kept = references_of(
            Athlete(first.athlete, side, first.exercise, simulated=first.simulated)
        )
    return trend(found, name, side, kept)
