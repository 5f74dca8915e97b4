"""The least difference between sessions that means something, and how it is known.

    references  of the excursions from the reference (°): how far this person's own reference squats
                lie apart from session to session (detection.reliability), from three of them on
    sessions    of any value: how far the middles of successive sessions at one load lie apart,

                    SEM^2 = mean of d^2 / 2,   MDC95 = t sqrt 2 SEM

                from five sessions on. Successive ones, for a change over months must not count as
                scatter; a single leap does, which makes the limit larger, not smaller. Student's t
                has the freedom that such differences tell (2 (n-1)^2 / (3n-4): von Neumann 1941)
    assumed     before that: 1.3° of excursions from the reference (detection.reliability); of a
                self-test what its table has from the literature; 2.4° of absolute angles, whose
                zero goes with the strap (biomechanics C3; values.MOUNTED lists them)
    repetitions of a share with fewer sessions: only how many repetitions it is the share of

Nothing is known of other values with fewer sessions, and it is said: of a sway, a range or a
tremor the zero cancels, so mounting is not what makes them differ, and what does is not published.

What a middle is good for comes on top: the limit of two sessions is sqrt(MDC^2 + h1^2 + h2^2) with
h the half widths of their intervals. Sessions' own scatter has that in it already, so there it is
the larger of the two.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from kneetrack.calibration.references import Athlete, References
from kneetrack.catalogue.entry import OWN, SHARE, TOTAL
from kneetrack.catalogue.intervals import t_quantile
from kneetrack.detection import Reference
from kneetrack.detection.movements import movement_of
from kneetrack.detection.movements.movement import ByReps
from kneetrack.detection.reliability import Between, as_found, between_sessions
from kneetrack.insight.sides import MOUNT_SEM_DEG
from kneetrack.insight.values import MOUNTED
from kneetrack.selftest.tests import SELFTESTS

LEAST_SESSIONS = 5
OF_NORMAL = 1.96
_FROM_REFERENCES = (TOTAL, OWN)
_PUBLISHED = {
    (test.exercise, watched.name): watched.mdc
    for test in SELFTESTS.values()
    for watched in test.watched
    if watched.mdc is not None
}


class Source(StrEnum):
    """Where the standard error between sessions was learnt."""

    REFERENCES = "references"
    SESSIONS = "sessions"
    ASSUMED = "assumed"
    REPETITIONS = "repetitions"


@dataclass(frozen=True, slots=True)
class ToldApart:
    """The standard error of one session's middle from session to session, in the value's unit.

    `sessions` is how many told it; `factor` what a difference must be of it to be told apart.
    """

    sem: float
    source: Source
    sessions: int = 0
    factor: float = OF_NORMAL

    @property
    def mdc(self) -> float:
        """What two sessions must lie apart at least, were their middles known exactly."""
        return self.of_usual(1)

    def of_usual(self, others: int) -> float:
        """The same for one session against the middle of so many others."""
        return self.factor * math.sqrt(1.0 + 1.0 / others) * self.sem

    def limit(self, half_widths: Sequence[float | None], others: int = 1) -> float | None:
        """What is told apart, the middles being known so well; None where one is not known."""
        known = [each for each in half_widths if each is not None]
        if len(known) < len(half_widths):
            return None
        own = math.hypot(*known)
        if self.source is Source.SESSIONS:
            return max(self.of_usual(others), own)
        return math.hypot(self.of_usual(others), own)


def told_apart(
    name: str,
    *,
    exercise: str,
    references: References | None = None,
    middles: Sequence[Sequence[float]] = (),
) -> ToldApart | None:
    """What is known of that value; None where nothing is.

    `references` are those kept of the person's leg; `middles` this person's sessions, one sequence
    a load, each in order of time.
    """
    if name == SHARE:  # binomial scatter alone calls days changed that only differ as days do
        return _from_sessions(middles) or ToldApart(0.0, Source.REPETITIONS)
    between = None if references is None else between_of(references)
    compared = name in _FROM_REFERENCES and isinstance(movement_of(exercise).how, ByReps)
    if compared and between is not None and between.learned:
        return ToldApart(between.sem_deg, Source.REFERENCES, between.sessions)
    own = _from_sessions(middles)
    if own is not None:
        return own
    if compared:
        known = between_sessions([]) if between is None else between
        return ToldApart(known.sem_deg, Source.ASSUMED)
    published = _PUBLISHED.get((exercise, name))
    if published is not None:
        return ToldApart(published / (OF_NORMAL * math.sqrt(2.0)), Source.ASSUMED)
    if name in MOUNTED:
        return ToldApart(MOUNT_SEM_DEG, Source.ASSUMED)
    return None


def between_of(kept: References) -> Between:
    """How far apart these references lie from session to session; those unreadable left out."""
    found: list[Reference] = []
    for one in kept.kept:
        try:
            reference = Reference.from_json(one.reference)
        except ValueError:
            continue
        found.append(as_found(reference, one.crosstalk_deg, int(kept.athlete.side)))
    return between_sessions(found)


def references_of(athlete: Athlete) -> References | None:
    """What is kept of that leg; None where it can't be read. It costs certainty, not the answer."""
    from kneetrack.calibration.references import load
    from kneetrack.errors import CalibrationError

    try:
        return load(athlete)
    except CalibrationError:
        return None


def _from_sessions(middles: Sequence[Sequence[float]]) -> ToldApart | None:
    """From successive sessions at one load; of all loads together."""
    steps = [b - a for group in middles for a, b in itertools.pairwise(group)]
    sessions = len(steps) + 1
    if sessions < LEAST_SESSIONS:
        return None
    sem = math.sqrt(sum(step**2 for step in steps) / len(steps) / 2.0)
    freedom = 2.0 * (sessions - 1) ** 2 / (3.0 * sessions - 4.0)
    return ToldApart(sem, Source.SESSIONS, sum(map(len, middles)), t_quantile(freedom))
