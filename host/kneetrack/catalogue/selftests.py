"""Self-tests over time: each leg against its last test, and left with right in each.

The legs of a test may lie in one log or in two of the same day, one band moved over: the last of
the day counts for each. A retest's difference is told apart as sessions are (`told_apart`), right
and left as insight.sides does. Only repetitions that count in the test have a say
(selftest.outcome).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from kneetrack.catalogue.entry import SHARE, Figure, LegReps, Session
from kneetrack.catalogue.intervals import middle
from kneetrack.catalogue.loads import leg_result
from kneetrack.catalogue.told_apart import ToldApart
from kneetrack.catalogue.trend import Change, figure_of
from kneetrack.detection.movements import movement_of
from kneetrack.insight.sides import SideDifference, compare_sides
from kneetrack.insight.values import values_of
from kneetrack.samples import Rep, Side
from kneetrack.selftest.outcome import counting
from kneetrack.selftest.tests import SELFTESTS

Kept = Callable[[Session], Sequence[LegReps]]
"""A session's repetitions."""


@dataclass(frozen=True, slots=True)
class Tested:
    """One leg in one test; `since` its last test, where there is one and it can be told."""

    session: Session
    figure: Figure
    since: Change | None


@dataclass(frozen=True, slots=True)
class Test:
    """One day's self-test."""

    day: date
    legs: Mapping[Side, Tested]
    sides: SideDifference | None
    """None with one leg, or fewer than three repetitions of one."""


def tests(
    sessions: Sequence[Session],
    name: str,
    apart: Mapping[Side, ToldApart | None],
    reps_of: Kept,
) -> tuple[Test, ...]:
    """The tests of one kind and person by their day, the first one first."""
    days: dict[date, dict[Side, tuple[Session, Figure]]] = {}
    for session in sessions:
        for leg in session.legs:
            figure = _figure(session, leg.side, name, reps_of)
            if session.day is not None and figure is not None:
                days.setdefault(session.day, {})[leg.side] = (session, figure)
    last: dict[Side, Figure] = {}
    found: list[Test] = []
    for day in sorted(days):
        legs: dict[Side, Tested] = {}
        for side, (session, figure) in sorted(days[day].items(), reverse=True):
            since = _since(figure, last.get(side), apart.get(side))
            legs[side] = Tested(session, figure, since)
            last[side] = figure
        found.append(Test(day, legs, _sides(legs, name, reps_of)))
    return tuple(found)


def _figure(session: Session, side: Side, name: str, reps_of: Kept) -> Figure | None:
    """The middle of that leg's repetitions that count."""
    leg = session.leg(side)
    if name == SHARE:
        return None if leg is None else figure_of(leg, name)
    found = [
        value
        for kept in reps_of(session)
        if kept.side is side
        for _, value in values_of(_counting(session, kept.reps), name)
    ]
    if not found:
        return None
    one = middle(found)
    return Figure(name, one.count, one.value, one.low, one.high)


def _counting(session: Session, reps: Sequence[Rep]) -> Sequence[Rep]:
    test = SELFTESTS.get(session.selftest or "")
    return reps if test is None else counting(test, reps)


def _since(now: Figure, before: Figure | None, apart: ToldApart | None) -> Change | None:
    if before is None or apart is None:
        return None
    limit = apart.limit([now.half_width, before.half_width])
    if limit is None:  # of a single repetition: what two sessions must lie apart at least
        limit = apart.mdc
    return Change(now.median - before.median, limit)


def _sides(legs: Mapping[Side, Tested], name: str, reps_of: Kept) -> SideDifference | None:
    right, left = legs.get(Side.RIGHT), legs.get(Side.LEFT)
    if right is None or left is None:
        return None
    results = [
        leg_result(one.session, kept)
        for one, side in ((right, Side.RIGHT), (left, Side.LEFT))
        for kept in reps_of(one.session)
        if kept.side is side
    ]
    if len(results) != 2:
        return None
    return compare_sides(
        _counting(right.session, results[0].reps),
        _counting(left.session, results[1].reps),
        name,
        references=(results[0].reference, results[1].reference),
        one_leg=movement_of(results[0].exercise).one_leg,
    )
