"""What the catalogue holds of one log, as values.

Light to import: listing a thousand sessions needs neither numpy nor the analysis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from kneetrack.samples import Doubt, Phase, Rep, RepSet, Side, Verdict

OWN = "own_excursion_deg"
TOTAL = "valgus_excursion_deg"
SHARE = "share_in_range_percent"
"""Not a value of a repetition: the share of a session's judged repetitions that were in range."""
RECORDED, FILE = "log", "file"


@dataclass(frozen=True, slots=True)
class Figure:
    """One value over the repetitions of a leg that have a say in it: their middle.

    `low` and `high` are its 95 % interval from these repetitions alone (None of a single one).
    """

    name: str
    reps: int
    median: float
    low: float | None
    high: float | None
    sd: float | None = None

    @property
    def half_width(self) -> float | None:
        """How far the interval goes, on its wider side."""
        if self.low is None or self.high is None:
            return None
        return max(self.median - self.low, self.high - self.median)


@dataclass(frozen=True, slots=True)
class SetEntry:
    """A set and how many reps of it stand in the catalogue."""

    set: RepSet
    reps: int


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of a session; `figures` may be only those that were asked for."""

    side: Side
    exercise: str
    grade: str
    calibration_id: int | None
    reps: int
    judged: int
    in_range: int
    streak: int
    sets: tuple[SetEntry, ...] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict[str, Figure])

    @property
    def share(self) -> float | None:
        """Of the judged repetitions, those in range."""
        return self.in_range / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class Session:
    """One log. `reason` says why nothing could be read of it; then all but its path is empty."""

    path: Path
    started: datetime | None
    dated_by: str
    athlete: str | None
    exercise: str
    load_kg: float | None
    rpe: float | None
    note: str | None
    selftest: str | None
    tags: Mapping[str, str]
    pain: bool
    simulated: bool
    versions: Mapping[str, Any]
    warnings: tuple[str, ...]
    legs: tuple[Leg, ...] = ()
    reason: str | None = None
    identity: str | None = None
    copies: tuple[Path, ...] = ()
    """Where the same recording lies besides; what is listed is of `path` (catalogue.copies)."""

    @property
    def day(self) -> date | None:
        """The day on which it began, where the person is."""
        return None if self.started is None else self.started.astimezone().date()

    def leg(self, side: Side) -> Leg | None:
        return next((leg for leg in self.legs if leg.side is side), None)


@dataclass(frozen=True, slots=True)
class LegReps:
    """A leg's repetitions and what they were compared with (as JSON)."""

    side: Side
    reps: tuple[Rep, ...]
    reference: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sessions; None and empty: any."""

    athlete: str | None = None
    exercise: str | None = None
    since: date | None = None
    load_kg: float | None = None
    selftest: str | None = None
    simulated: bool | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Each with its value; an empty value: sessions without that tag."""

    def takes(self, session: Session) -> bool:
        """Whether `session` is one of them."""
        day = session.day
        return (
            self.athlete in (None, session.athlete)
            and self.exercise in (None, session.exercise)
            and self.selftest in (None, session.selftest)
            and self.simulated in (None, session.simulated)
            and (self.since is None or (day is not None and day >= self.since))
            and (self.load_kg is None or same_load(self.load_kg, session.load_kg))
            and all(session.tags.get(key, "") == value for key, value in self.tags.items())
        )


def same_load(one: float | None, other: float | None) -> bool:
    """Whether two loads are the same on the bar: 60 kg, or 132.3 lb written in kg."""
    if one is None or other is None:
        return one is other or not (one or other)
    return abs(one - other) < 0.25


def rep_of(value: Mapping[str, Any]) -> Rep:
    """A repetition from what `rep_json` made of it."""
    items = dict(value)
    for name, kind in (("phase_at_peak", Phase), ("verdict", Verdict)):
        word = items.get(name)
        items[name] = None if word is None else kind(word)
    items["doubt"] = tuple(Doubt(word) for word in items.get("doubt", ()))
    return Rep(**items)
