"""What came before a session: the person's courses up to it, and what the rules say after it.

Sessions later than the reported one are left out, so that an old log's report stays as it was. The
reported session takes part whether or not the catalogue has it.
"""

from __future__ import annotations

from dataclasses import dataclass

from kneetrack.analysis import SessionResult
from kneetrack.catalogue import Catalogue
from kneetrack.catalogue.entry import SHARE, Session, Wanted
from kneetrack.catalogue.loads import outing_of, suggested
from kneetrack.catalogue.persons import course_of, default_measure
from kneetrack.catalogue.reading import Entry, entry_of
from kneetrack.catalogue.trend import Trend
from kneetrack.errors import InputError
from kneetrack.insight.advice import Advice
from kneetrack.samples import Side

LEAST_SESSIONS = 2
_MOST_OUTINGS = 12  # more sessions than any rule looks back on


@dataclass(frozen=True, slots=True)
class History:
    """The courses through `sessions` sessions, this one among them; and what the rules say."""

    sessions: int = 1
    trends: tuple[Trend, ...] = ()
    advice: tuple[Advice, ...] | None = None
    """None: nothing earlier is known, and the session's own suggestions hold."""


def history_of(result: SessionResult, catalogue: Catalogue) -> History:
    """What the catalogue, brought up to date, holds of this person and movement."""
    now = entry_of(result.source, None, result)
    this = now.session
    if this.athlete is None or this.started is None or not this.legs:
        return History()
    measure = default_measure(this.exercise, this.selftest)
    wanted = Wanted(athlete=this.athlete, exercise=this.exercise, simulated=this.simulated)
    earlier = [
        one
        for one in catalogue.sessions(wanted, [measure])
        if one.started is not None and one.started <= this.started and not _same(one, this)
    ]
    found = [*earlier, this]
    if len(found) < LEAST_SESSIONS:
        return History()
    names = [measure] + ([SHARE] if any(leg.judged for leg in this.legs) else [])
    courses = [course_of(found, name, side) for name in names for side in _sides(this)]
    return History(
        sessions=len(found),
        trends=tuple(one for one in courses if one is not None and len(one.points) > 1),
        advice=_advice(earlier, now, catalogue),
    )


def _advice(earlier: list[Session], now: Entry, catalogue: Catalogue) -> tuple[Advice, ...] | None:
    """What the rules say after the last sessions; None where one of them can't be read."""
    try:
        before = [outing_of(one, catalogue.reps(one)) for one in earlier[-_MOST_OUTINGS:]]
    except InputError:
        return None
    return suggested([*before, outing_of(now.session, now.reps)])


def _same(one: Session, this: Session) -> bool:
    """Whether both are the same recording, wherever its files lie."""
    if one.identity is not None and one.identity == this.identity:
        return True
    return one.path.resolve() == this.path.resolve()


def _sides(this: Session) -> list[Side]:
    return [leg.side for leg in this.legs]
