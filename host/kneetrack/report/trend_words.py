"""How a course over sessions is said: its measure, its values, and what is told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kneetrack.report import words

if TYPE_CHECKING:
    from kneetrack.catalogue.told_apart import ToldApart
    from kneetrack.detection.measure_table import Measure


def about(name: str) -> Measure:
    """What a name stands for, the share's as well."""
    from kneetrack.catalogue.entry import SHARE
    from kneetrack.detection.measure_table import Measure
    from kneetrack.insight.values import described

    if name == SHARE:
        return Measure(
            SHARE, "in range", "%", 0, "Of the session's reps that could be judged, those in range."
        )
    return described(name)


def value_text(value: float, measure: Measure) -> str:
    """A value with a sign where it has a zero that means something."""
    if is_signed(measure):
        return words.signed(value, measure.decimals)
    return words.plain(value, measure.decimals)


def is_signed(measure: Measure) -> bool:
    """Whether the value goes either way from nothing."""
    return "inward" in measure.meaning or " + " in measure.meaning or "+." in measure.meaning


def apart_sentence(apart: ToldApart | None, measure: Measure) -> str:
    """What is told apart between two sessions, and how that is known."""
    from kneetrack.catalogue.told_apart import LEAST_SESSIONS, Source

    if apart is None:
        return (
            "What chance makes of it from session to session is not known yet: it takes "
            f"{LEAST_SESSIONS} sessions at one load. Until then nothing is called changed."
        )
    if apart.source is Source.REPETITIONS:
        return (
            "Shares are told apart by how many reps they are of; how they go from day to day is "
            "not in it."
        )
    unit = f"{measure.unit}" if measure.unit.startswith("°") else f" {measure.unit}"
    size = f"{apart.mdc:.{max(1, measure.decimals)}f}{unit}".rstrip()
    how = {
        Source.REFERENCES: f"from this person's reference squats of {apart.sessions} sessions",
        Source.SESSIONS: f"from how {apart.sessions} sessions of this person followed each other",
        Source.ASSUMED: "assumed, not yet learned from this person",
    }[apart.source]
    also = "" if apart.source is Source.SESSIONS else ", and more where the intervals are wide"
    return f"Two sessions are told apart from {size} on ({how}){also}."
