"""One measure through a person's sessions: each against the first, and against the usual one.

Sessions are compared at one load only; a heavier one is another task. A session's middle is the
median of its repetitions. It has changed where it lies further from the first one's than
`told_apart` says that chance does, else the two are not distinguishable: which is not the same as
equal. The usual is the median of all other sessions at that load, of two at least (of
shares: all their repetitions together).

Walking tells less a stride than the rest a repetition: sessions of fewer than 50 strides are listed
and not compared (biomechanics C9).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from kneetrack.calibration.references import References
from kneetrack.catalogue.entry import SHARE, Figure, Leg, Session, same_load
from kneetrack.catalogue.intervals import share
from kneetrack.catalogue.told_apart import ToldApart, told_apart
from kneetrack.samples import Side

LEAST_REPS: Mapping[str, int] = {"walk": 50, "run": 50}
"""Of a session to be compared: walking by biomechanics C9, running taken to be alike."""
LEAST_USUAL = 2


@dataclass(frozen=True, slots=True)
class Change:
    """A difference, and what it must exceed to be told apart: none exceeds nothing."""

    difference: float
    least: float

    @property
    def changed(self) -> bool:
        return abs(self.difference) > self.least


@dataclass(frozen=True, slots=True)
class Point:
    """One session; a change is None where there is nothing to compare with, or no way to tell."""

    session: Session
    figure: Figure
    compared: bool
    """False: too few repetitions."""
    from_first: Change | None = None
    from_usual: Change | None = None


@dataclass(frozen=True, slots=True)
class AtLoad:
    """The sessions at one load, the first one first."""

    load_kg: float | None
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """One leg's course. `apart` is None where nothing is known of the value's scatter."""

    name: str
    side: Side
    loads: tuple[AtLoad, ...]
    apart: ToldApart | None

    @property
    def points(self) -> tuple[Point, ...]:
        """All of them, in order of time."""
        every = [point for at in self.loads for point in at.points]
        return tuple(sorted(every, key=_order))


def trend(
    sessions: Sequence[Session], name: str, side: Side, references: References | None = None
) -> Trend | None:
    """The course of that value over sessions of one person and exercise, the oldest first.

    None where no session of that leg has it.
    """
    known = [
        (session, figure)
        for session in sessions
        if (leg := session.leg(side)) is not None and (figure := figure_of(leg, name)) is not None
    ]
    if not known:
        return None
    exercise = known[0][0].exercise
    least = LEAST_REPS.get(exercise, 1)
    loads: list[list[tuple[Session, Figure]]] = []
    for pair in known:
        at = next((each for each in loads if same_load(each[0][0].load_kg, pair[0].load_kg)), None)
        if at is None:
            loads.append([pair])
        else:
            at.append(pair)
    middles = [[each.median for _, each in at if each.reps >= least] for at in loads]
    apart = told_apart(name, exercise=exercise, references=references, middles=middles)
    loads.sort(key=lambda at: at[0][0].load_kg or 0.0)
    return Trend(name, side, tuple(_at_load(at, least, apart) for at in loads), apart)


def figure_of(leg: Leg, name: str) -> Figure | None:
    """The leg's middle of that value, or its share in range."""
    if name != SHARE:
        return leg.figures.get(name)
    if not leg.judged:
        return None
    part = share(leg.in_range, leg.judged)
    return Figure(SHARE, part.count, part.value, part.low, part.high)


def _at_load(
    known: Sequence[tuple[Session, Figure]], least: int, apart: ToldApart | None
) -> AtLoad:
    compared = [figure for _, figure in known if figure.reps >= least]
    points: list[Point] = []
    for session, figure in known:
        if figure.reps < least or apart is None:
            points.append(Point(session, figure, figure.reps >= least))
            continue
        others = [other for other in compared if other is not figure]
        points.append(
            Point(
                session,
                figure,
                compared=True,
                from_first=None
                if figure is compared[0]
                else _change(figure, compared[0].median, compared[0].half_width, apart),
                from_usual=None
                if len(others) < LEAST_USUAL
                else _change(figure, *_usual(others), apart, len(others)),
            )
        )
    return AtLoad(known[0][0].load_kg, tuple(points))


def _usual(others: Sequence[Figure]) -> tuple[float, float | None]:
    """The middle of these sessions, and how far its interval goes by their repetitions alone."""
    if others[0].name == SHARE:
        judged = sum(other.reps for other in others)
        in_range = round(sum(other.median / 100.0 * other.reps for other in others))
        pooled = share(in_range, judged)
        return pooled.value, Figure(SHARE, judged, pooled.value, pooled.low, pooled.high).half_width
    widths = [width for other in others if (width := other.half_width) is not None]
    if not widths:
        return median(other.median for other in others), None
    square = sum(width**2 for width in widths) / len(widths)
    return median(other.median for other in others), math.sqrt(square / len(others))


def _change(
    figure: Figure, other: float, half_width: float | None, apart: ToldApart, others: int = 1
) -> Change | None:
    limit = apart.limit([figure.half_width, half_width], others)
    return None if limit is None else Change(figure.median - other, limit)


def _order(point: Point) -> float:
    started = point.session.started
    return 0.0 if started is None else started.timestamp()
