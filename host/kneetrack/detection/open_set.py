"""A set under way: its reps so far, and what they are compared with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from kneetrack.detection.measures import Measured
from kneetrack.detection.reference import Reference
from kneetrack.detection.shift import Shift
from kneetrack.samples import Window


@dataclass(slots=True)
class Member:
    """One rep of a set; `label` is what the person said of it."""

    index: int
    measured: Measured
    is_reference: bool
    label: str | None

    @property
    def is_judged(self) -> bool:
        return not self.is_reference and self.label is None


@dataclass(slots=True)
class OpenSet:
    """A set that may still grow. `window` is what a person has bounded it by, if anybody did."""

    index: int
    window: Window | None
    members: list[Member] = field(default_factory=list[Member])
    own_reference: Reference | None = None  # of its own first three reps
    shift: Shift | None = None  # so far

    def copy(self) -> OpenSet:
        return replace(self, members=[replace(member) for member in self.members])

    @property
    def unlabelled(self) -> list[Member]:
        """Those of which the person said nothing."""
        return [member for member in self.members if member.label is None]
