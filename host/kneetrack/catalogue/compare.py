"""One condition against another: shoes, a cue, a load, a session; and right against left.

What a comparison rests on, in this order

    pairs      sessions of the same day (and load, where the load is not what is compared): the
               mean of the differences within two pairs or more, with Student's t
    sessions   two or more on each side: Welch's t over the sessions' middles
    one session   on one side: no interval; the difference must exceed what lies between sessions
               anyway (`told_apart`)
    repetitions  one session on each side: Welch's t over their repetitions. That says how these
               two sessions differ, not what the condition does; so here, too, it must exceed what
               lies between two sessions, unless the strap was not touched between them, which one
               calibration for both shows

A session, not a repetition, is one observation wherever there are several: repetitions of one
session are no new trials of a shoe. It counts by its middle repetition (median), as elsewhere: one
odd repetition is no property of a session. Between repetitions of two sessions it is their means:
Welch's interval is one of means, a median of eight has no interval worth the name, and where a knee
moved inward in three of eight, the median says nothing of it, while the mean does. Sessions at
loads that only one side has are left out; where no load is common, all are taken and it is told.

A share is a count of a few repetitions, and moves in steps: that two or three sessions agree to the
step says little. So its interval is never narrower than that of as many repetitions (Newcombe).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import mean

from kneetrack.catalogue.entry import SHARE, Figure, LegReps, Session, same_load
from kneetrack.catalogue.intervals import Middle, of_groups, of_pairs, of_shares
from kneetrack.catalogue.loads import leg_result
from kneetrack.catalogue.told_apart import ToldApart
from kneetrack.catalogue.trend import figure_of
from kneetrack.insight.sides import SideDifference, sides
from kneetrack.insight.values import described, values_of
from kneetrack.samples import Side

Kept = Callable[[Session], Sequence[LegReps]]
LEAST_PAIRS = 2


class Basis(StrEnum):
    """What a comparison's interval comes from; the last two know only how one day's reps differ."""

    PAIRS = "pairs"
    SESSIONS = "sessions"
    ONE_SESSION = "one_session"
    REPETITIONS = "repetitions"


_BY_LEAST = (Basis.ONE_SESSION, Basis.REPETITIONS)


@dataclass(frozen=True, slots=True)
class Effect:
    """One value: the first condition minus the second, with its 95 % interval.

    `one` and `other` are the means of what went in, sessions' middles or repetitions; `least` is
    what the difference must reach (None: nothing is known of it) where its interval alone does not
    tell.
    """

    name: str
    one: float
    other: float
    difference: Middle
    basis: Basis
    counts: tuple[int, int]
    """Pairs twice; sessions, or repetitions, of each side."""
    same_strap: bool = False
    least: float | None = None

    @property
    def told_apart(self) -> bool | None:
        """Whether the two differ by more than chance makes; None where that can't be told.

        What is finer than the value's decimals mean is no difference.
        """
        if abs(self.difference.value) < 0.5 * 10.0 ** -max(1, described(self.name).decimals):
            return False
        if self.basis in _BY_LEAST and not self.same_strap:
            return None if self.least is None else abs(self.difference.value) >= self.least
        return None if self.difference.low is None else self.difference.told_from_zero


@dataclass(frozen=True, slots=True)
class Groups:
    """The sessions of two conditions as they are compared."""

    one: tuple[Session, ...]
    other: tuple[Session, ...]
    loads_differ: bool
    left_out: int
    """Sessions at a load that the other side does not have."""


def groups(one: Sequence[Session], other: Sequence[Session], *, by_load: bool = False) -> Groups:
    """The sessions at loads that both sides have; with `by_load`, where it differs, all."""
    if by_load:
        return Groups(tuple(one), tuple(other), loads_differ=False, left_out=0)
    kept = [
        tuple(a for a in mine if any(same_load(a.load_kg, b.load_kg) for b in theirs))
        for mine, theirs in ((one, other), (other, one))
    ]
    if not kept[0]:
        return Groups(tuple(one), tuple(other), loads_differ=True, left_out=0)
    left_out = len(one) + len(other) - len(kept[0]) - len(kept[1])
    return Groups(kept[0], kept[1], loads_differ=False, left_out=left_out)


def compare(
    found: Groups,
    name: str,
    side: Side,
    *,
    apart: ToldApart | None,
    reps_of: Kept,
    by_load: bool = False,
) -> Effect | None:
    """That value of that leg; None where one condition has no session with it."""
    one, other = (_middles(each, name, side) for each in (found.one, found.other))
    if not one or not other:
        return None
    pairs = _pairs(one, other, by_load=by_load or found.loads_differ)
    if len(pairs) >= LEAST_PAIRS:
        return Effect(
            name=name,
            one=mean(a for a, _ in pairs),
            other=mean(b for _, b in pairs),
            difference=_known(of_pairs([a - b for a, b in pairs]), found, name, side),
            basis=Basis.PAIRS,
            counts=(len(pairs), len(pairs)),
        )
    values = [[value for _, value in each] for each in (one, other)]
    if min(map(len, values)) >= 2:
        return Effect(
            name=name,
            one=mean(values[0]),
            other=mean(values[1]),
            difference=_known(of_groups(*values), found, name, side),
            basis=Basis.SESSIONS,
            counts=(len(values[0]), len(values[1])),
        )
    if len(one) == len(other) == 1:
        return _of_reps(one[0], other[0], name, side, apart, reps_of)
    return _one_of_many(one, other, name, side, apart)


def _known(difference: Middle, found: Groups, name: str, side: Side) -> Middle:
    """The difference; of shares no closer than their repetitions let it be known."""
    if name != SHARE:
        return difference
    counts: list[tuple[int, int]] = []
    for sessions in (found.one, found.other):
        legs = [leg for each in sessions if (leg := each.leg(side)) is not None]
        counts.append((sum(leg.in_range for leg in legs), sum(leg.judged for leg in legs)))
    by_reps = of_shares(*counts)
    value = difference.value
    below, above = by_reps.value - (by_reps.low or 0.0), (by_reps.high or 0.0) - by_reps.value
    if difference.low is not None and difference.high is not None:
        below, above = max(below, value - difference.low), max(above, difference.high - value)
    return replace(difference, low=value - below, high=value + above)


def _of_reps(
    one: tuple[Session, float],
    other: tuple[Session, float],
    name: str,
    side: Side,
    apart: ToldApart | None,
    reps_of: Kept,
) -> Effect:
    """Two single sessions, by the means of their repetitions; a share by its own interval."""
    sessions = (one[0], other[0])
    values = [
        [v for kept in reps_of(each) if kept.side is side for _, v in values_of(kept.reps, name)]
        for each in sessions
    ]
    figures = [figure for each in sessions if (figure := _figure(each, name, side)) is not None]
    widths = [figure.half_width for figure in figures]
    by_reps = min(map(len, values)) >= 2
    if by_reps:
        difference = of_groups(*values)
        width = None if difference.high is None else difference.high - difference.value
        least = None if apart is None else apart.limit([width])
    else:
        difference = Middle(one[1] - other[1], None, None, 2)
        least = None if apart is None else apart.limit(widths)
    return Effect(
        name=name,
        one=mean(values[0]) if by_reps else one[1],
        other=mean(values[1]) if by_reps else other[1],
        difference=difference,
        basis=Basis.REPETITIONS,
        counts=(figures[0].reps, figures[1].reps),
        same_strap=_same_strap(*sessions, side) and difference.low is not None,
        least=least,
    )


def _one_of_many(
    one: Sequence[tuple[Session, float]],
    other: Sequence[tuple[Session, float]],
    name: str,
    side: Side,
    apart: ToldApart | None,
) -> Effect:
    """One session against several: by what is told apart from the middle of so many."""
    single = one if len(one) == 1 else other
    figure = _figure(single[0][0], name, side)
    many = max(len(one), len(other))
    values = [mean(value for _, value in each) for each in (one, other)]
    width = None if figure is None else figure.half_width
    return Effect(
        name=name,
        one=values[0],
        other=values[1],
        difference=Middle(values[0] - values[1], None, None, many + 1),
        basis=Basis.ONE_SESSION,
        counts=(len(one), len(other)),
        least=None if apart is None else apart.limit([width], many),
    )


def _middles(sessions: Sequence[Session], name: str, side: Side) -> list[tuple[Session, float]]:
    found = ((session, _figure(session, name, side)) for session in sessions)
    return [(session, figure.median) for session, figure in found if figure is not None]


def _figure(session: Session, name: str, side: Side) -> Figure | None:
    leg = session.leg(side)
    return None if leg is None else figure_of(leg, name)


def _pairs(
    one: Sequence[tuple[Session, float]],
    other: Sequence[tuple[Session, float]],
    *,
    by_load: bool,
) -> list[tuple[float, float]]:
    """What both had on one day (at one load); several sessions of one condition: their mean."""
    found: list[tuple[float, float]] = []
    seen: list[Session] = []
    for session, _ in one:
        if session.day is None or any(_alike(session, each, by_load) for each in seen):
            continue
        seen.append(session)
        a = [value for each, value in one if _alike(session, each, by_load)]
        b = [value for each, value in other if _alike(session, each, by_load)]
        if b:
            found.append((mean(a), mean(b)))
    return found


def _alike(one: Session, other: Session, by_load: bool) -> bool:
    """Of the same day, and at the same load unless that is what is compared."""
    return one.day == other.day and (by_load or same_load(one.load_kg, other.load_kg))


def _same_strap(one: Session, other: Session, side: Side) -> bool:
    """Whether one calibration served both, so that the sensors sat as they sat."""
    legs = (one.leg(side), other.leg(side))
    ids = [None if leg is None else leg.calibration_id for leg in legs]
    same = one.day == other.day and one.athlete == other.athlete
    return ids[0] is not None and ids[0] == ids[1] and same


def unlike(one: Session, other: Session) -> tuple[str, ...]:
    """What two sessions differ in besides what is measured, one sentence each.

    Of different exercises nothing can be compared; that is not asked here.
    """
    told: list[str] = []
    names = [each.athlete or "nobody named" for each in (one, other)]
    if names[0] != names[1]:
        two = "may be two" if None in (one.athlete, other.athlete) else "are two"
        told.append(
            f"They {two} people, {names[0]} and {names[1]}: what differs may be the people, and "
            "is no change of either."
        )
    if one.simulated != other.simulated:
        which = "first" if one.simulated else "second"
        told.append(f"Only the {which} is of a simulated leg.")
    legs = [{leg.side for leg in each.legs} for each in (one, other)]
    if legs[0] != legs[1]:
        has = " and ".join(
            f"{each.path.name} has {_legs(sides)}"
            for each, sides in zip((one, other), legs, strict=True)
        )
        told.append(f"{has}: only a leg that both have is compared.")
    return tuple(told)


def _legs(sides: set[Side]) -> str:
    if len(sides) == 2:
        return "both legs"
    return f"the {next(iter(sides)).word} leg only" if sides else "no leg"


def sides_of(session: Session, reps_of: Kept) -> tuple[SideDifference, ...]:
    """Right against left in one session, of every value that both legs have."""
    return sides({kept.side: leg_result(session, kept) for kept in reps_of(session)})


def between_sides(sessions: Sequence[Session], name: str) -> Effect | None:
    """Right minus left over sessions with both legs, each a pair; None with fewer than two."""
    found: list[tuple[float, float]] = []
    for session in sessions:
        right, left = (_figure(session, name, side) for side in (Side.RIGHT, Side.LEFT))
        if right is not None and left is not None:
            found.append((right.median, left.median))
    if len(found) < LEAST_PAIRS:
        return None
    return Effect(
        name=name,
        one=mean(a for a, _ in found),
        other=mean(b for _, b in found),
        difference=of_pairs([a - b for a, b in found]),
        basis=Basis.PAIRS,
        counts=(len(found), len(found)),
    )
