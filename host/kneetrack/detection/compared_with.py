"""What the reps of an alignment are compared with, from the best source that there is.

In this order: the reps in `reference` windows; the reference that was given; those in `functional`
windows. A set that finds none of these may serve itself (`sets`), and what serves in place of what
was planned is said once, when no window can give another.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

from kneetrack.detection import criteria
from kneetrack.detection.measures import Measured
from kneetrack.detection.reference import LEAST_REPS, REP_WORDS, Reference, build
from kneetrack.samples import Event, Warned, Window

_SOURCES = ("reference", "functional")


class ComparedWith:
    """Reps of reference and functional windows in; `shared` is the reference as it is now."""

    def __init__(self, windows: Sequence[Window], given: Reference | None) -> None:
        self.shared: Reference | None = given
        self._given = given
        self._reps: dict[str, list[Measured]] = {source: [] for source in _SOURCES}
        kinds = {window.kind for window in windows}
        self._planned = next((source for source in _SOURCES if source in kinds), "")
        wanted = _SOURCES if given is None else ("reference",)
        self.until_s = max(
            (window.end_s for window in windows if window.kind in wanted), default=-math.inf
        )
        """No window gives another one after this instant."""
        self.is_told = given is not None or not self._planned

    def copy(self) -> ComparedWith:
        other = copy.copy(self)
        other._reps = {source: reps.copy() for source, reps in self._reps.items()}
        return other

    def learn(self, source: str, rep: Measured) -> None:
        """One more rep for the reference; a better source replaces a lesser one."""
        self._reps[source].append(rep)
        for name, reps in self._reps.items():
            if self._given is not None and name != "reference":
                return
            built = build(reps, name)
            if built is not None:
                self.shared = built
                return

    def told(self) -> list[Event]:
        """What there is to say of the reference, once no window can give another."""
        if self.is_told:
            return []
        self.is_told = True
        reference = self.shared
        if reference is None:  # said with what serves instead, set by set
            return []
        rep = REP_WORDS[reference.source]
        said: list[str] = []
        if reference.source != self._planned:
            said.append(
                f"{self.lacking()}: your {reference.reps} {rep}s serve as the reference instead."
            )
        left_out = len(self._reps[reference.source]) - reference.reps
        if left_out:
            said.append(f"{_counted(left_out, rep)} with missing samples: left out.")
        return [Warned(text) for text in (*said, *reference.remarks)]

    def lacking(self) -> str:
        """Why there is no reference of the best kind that was planned."""
        if not self._planned:
            return "There are no reference reps"
        word, count = REP_WORDS[self._planned], len(self._reps[self._planned])
        if not count:
            return f"No {word}s were found where they should be"
        if count < LEAST_REPS:
            verb = "is" if count == 1 else "are"
            return f"There {verb} only {_counted(count, word)}, and it takes {LEAST_REPS}"
        return f"Your {count} {word}s have too little of their depth in common"

    def nothing_for(self, set_number: int) -> Warned:
        """That a set (from 1) is described, not judged."""
        why = f" ({self.lacking()})" if self._planned else ""
        return Warned(
            f"There is nothing to compare set {set_number} with{why}: it takes at least "
            f"{LEAST_REPS} reference reps or functional squats, or a set of "
            f"{criteria.FIRST_REPS_OF}. Its reps are described, not judged."
        )


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
