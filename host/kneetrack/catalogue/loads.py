"""Load against repetitions in range, and what the rules of load suggest (biomechanics A, row 17).

A load's share is of all judged repetitions at it, both legs together, with Wilson's interval: of
the repetitions, as if each had been drawn by itself. The suggestions are insight.advice's, of the
latest sessions as they followed each other, whatever their load.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kneetrack.catalogue.entry import LegReps, Session, same_load
from kneetrack.catalogue.intervals import Middle, share
from kneetrack.detection import LegResult, Reference
from kneetrack.insight.advice import ASK_SESSIONS, Advice, Outing, advise, outing
from kneetrack.insight.session import summarise

LATEST = ASK_SESSIONS
"""So many of the latest sessions have a say in what is suggested."""


@dataclass(frozen=True, slots=True)
class AtLoad:
    """All sessions at one load (None: none was given); `share` None where nothing was judged."""

    load_kg: float | None
    sessions: tuple[Session, ...]
    reps: int
    judged: int
    in_range: int
    share: Middle | None


def by_load(sessions: Sequence[Session]) -> tuple[AtLoad, ...]:
    """The sessions by their load, the lightest first, those without one before them."""
    groups: list[list[Session]] = []
    for one in sessions:
        at = next((each for each in groups if same_load(each[0].load_kg, one.load_kg)), None)
        if at is None:
            groups.append([one])
        else:
            at.append(one)
    groups.sort(key=lambda at: at[0].load_kg or 0.0)
    return tuple(_at_load(at) for at in groups)


def outing_of(session: Session, reps: Sequence[LegReps]) -> Outing:
    """The session as the rules see it."""
    return outing(
        [summarise(leg_result(session, each)) for each in reps],
        load_kg=session.load_kg,
        pain=session.pain,
    )


def suggested(outings: Sequence[Outing]) -> tuple[Advice, ...]:
    """What the rules say after the last of these sessions, which are in order of time."""
    return advise(outings)


def leg_result(session: Session, kept: LegReps) -> LegResult:
    """What analysis had found of that leg, as far as it is kept."""
    leg = session.leg(kept.side)
    return LegResult(
        side=kept.side,
        exercise=session.exercise if leg is None else leg.exercise,
        reps=kept.reps,
        sets=() if leg is None else tuple(each.set for each in leg.sets),
        reference=None if kept.reference is None else Reference.from_json(kept.reference),
        gaps=(),
        warnings=(),
    )


def _at_load(sessions: Sequence[Session]) -> AtLoad:
    legs = [leg for one in sessions for leg in one.legs]
    judged, in_range = sum(leg.judged for leg in legs), sum(leg.in_range for leg in legs)
    return AtLoad(
        load_kg=sessions[0].load_kg,
        sessions=tuple(sessions),
        reps=sum(leg.reps for leg in legs),
        judged=judged,
        in_range=in_range,
        share=share(in_range, judged) if judged else None,
    )
