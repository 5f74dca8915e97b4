"""Samples in, events out: the one analyzer that live, replay and analysis share.

(First cut: signatures that others build on; the detection itself follows.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kneetrack.detection.reference import Reference
from kneetrack.samples import (
    Decoded,
    Event,
    Gap,
    GapSeen,
    Rep,
    RepSet,
    Side,
    Window,
)


@dataclass(frozen=True, slots=True)
class LegResult:
    """All that is known about one leg, so far."""

    side: Side
    exercise: str
    reps: tuple[Rep, ...]
    sets: tuple[RepSet, ...]
    reference: Reference | None
    gaps: tuple[Gap, ...]
    warnings: tuple[str, ...]


class Analyzer:
    def __init__(
        self,
        side: Side,
        exercise: str = "squat",
        windows: Iterable[Window] = (),
        reference: Reference | None = None,
        *,
        shank_length_m: float | None = None,
        q_shank_sensor: tuple[float, float, float, float] | None = None,
    ) -> None:
        self.side = side
        self.exercise = exercise
        self.windows = tuple(windows)
        self.reference = reference
        self.shank_length_m = shank_length_m
        self.q_shank_sensor = q_shank_sensor
        self._gaps: list[Gap] = []
        self._warnings: list[str] = []

    def feed(self, item: Decoded) -> list[Event]:
        """What this item brought. Never raises on data; time comes from the samples only."""
        if isinstance(item, Gap):
            self._gaps.append(item)
            return [GapSeen(item)]
        return []

    def feed_all(self, items: Iterable[Decoded]) -> list[Event]:
        """`feed` for each, in one list."""
        return [event for item in items for event in self.feed(item)]

    def flush(self) -> list[Event]:
        """The end of the data: what is under way ends here."""
        return []

    def result(self) -> LegResult:
        return LegResult(
            side=self.side,
            exercise=self.exercise,
            reps=(),
            sets=(),
            reference=self.reference,
            gaps=tuple(self._gaps),
            warnings=tuple(self._warnings),
        )
