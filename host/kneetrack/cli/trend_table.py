"""Courses over sessions, for a terminal of any width: a row a session, its interval drawn in it.

The drawing has one scale for all loads of a leg: `●` the middle repetition, `├ ┤` its 95 %
interval, `│` zero where a value has one. Colour repeats what the marks say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kneetrack.cli import console
from kneetrack.cli.plain_table import plain_table
from kneetrack.cli.sessions import when
from kneetrack.cli.table import OUT_OF_RANGE_STYLE, UNSURE_STYLE
from kneetrack.report import words
from kneetrack.report.trend_words import about, apart_sentence, value_text

if TYPE_CHECKING:
    from kneetrack.catalogue import Catalogue, Figure, Session
    from kneetrack.catalogue.told_apart import ToldApart
    from kneetrack.catalogue.trend import AtLoad, Change, Point, Trend
    from kneetrack.detection.measure_table import Measure

SAME = "≈"
_LEAST_DRAWING = 12
_MOST_DRAWING = 40
_OTHERS = 54  # columns that the rest of a row takes


def trends(
    found: Sequence[Session], courses: Sequence[Trend], output: Console, *, json: bool
) -> None:
    """Each leg's course."""
    if json:
        console.print_json(
            {
                "format": 1,
                "athlete": found[0].athlete,
                "exercise": found[0].exercise,
                "simulated": found[0].simulated,
                "legs": [course_json(one) for one in courses],
            }
        )
        return
    for place, one in enumerate(courses):
        if place:
            output.print()
        print_course(found[0], one, output)
    output.print(f"\n{_legend(courses)}")


def print_course(first: Session, course: Trend, output: Console) -> None:
    """One leg's course: a table a load, and what is told apart."""
    measure = about(course.name)
    whose = f"{first.athlete or 'Nobody named'}{' (simulated)' if first.simulated else ''}"
    output.print(
        f"{whose}, {words.exercise(first.exercise)}, {course.side.word} leg: {measure.words}"
        f"{f', {measure.unit}' if measure.unit else ''}",
        style="bold",
    )
    days = [when(point.session) for point in course.points]
    form = "%Y-%m-%d" if len(set(days)) == len(days) else "%Y-%m-%d %H:%M"
    others = _OTHERS + len(form) - len("%Y-%m-%d")
    width = min(_MOST_DRAWING, max(_LEAST_DRAWING, output.width - others))
    low, high = _scale(course)
    for at in course.loads:
        output.print(_title(at, course))
        output.print(_table(at, measure, low, high, width, form))
    output.print(apart_sentence(course.apart, measure))


def _title(at: AtLoad, course: Trend) -> str:
    if len(course.loads) == 1 and at.load_kg is None:
        return ""
    return "\nno load given" if at.load_kg is None else f"\n{round(at.load_kg, 1):g} kg"


def _table(at: AtLoad, measure: Measure, low: float, high: float, width: int, form: str) -> Table:
    table = plain_table()
    table.add_column("\ndate", no_wrap=True)
    table.add_column("\nreps", justify="right", no_wrap=True)
    table.add_column(f"middle\n{measure.unit}", justify="right", no_wrap=True)
    table.add_column(_ruler(low, high, width, measure), no_wrap=True, width=width)
    table.add_column("since the\nfirst", justify="right", no_wrap=True)
    table.add_column("from the\nusual", justify="right", no_wrap=True)
    for place, point in enumerate(at.points):
        table.add_row(
            when(point.session, form),
            str(point.figure.reps),
            value_text(point.figure.median, measure),
            _drawn(point.figure, low, high, width),
            "first" if place == 0 and point.compared else _change(point, point.from_first, measure),
            _change(point, point.from_usual, measure),
            style="" if point.compared else UNSURE_STYLE,
        )
    return table


def _change(point: Point, change: Change | None, measure: Measure) -> Text:
    if not point.compared:
        return Text("too few")
    if change is None:
        return Text("–")
    told = words.signed(change.difference, measure.decimals)
    if change.changed:
        return Text(f"{told} changed", style=OUT_OF_RANGE_STYLE)
    return Text(f"{told} {SAME}")


def _scale(course: Trend) -> tuple[float, float]:
    """From the least to the greatest of what is drawn, zero within where values lie about it."""
    ends: list[float] = []
    for point in course.points:
        figure = point.figure
        ends += [figure.median if end is None else end for end in (figure.low, figure.high)]
        ends.append(figure.median)
    low, high = min(ends), max(ends)
    room = max(high - low, 1e-6)
    if low > 0.0 and low < room:
        low = 0.0
    if high < 0.0 and -high < room:
        high = 0.0
    return low, max(high, low + 1e-6)


def _ruler(low: float, high: float, width: int, measure: Measure) -> str:
    """The ends of the scale, above the drawing."""
    left, right = value_text(low, measure), value_text(high, measure)
    return f"95 % interval\n{left}{right.rjust(width - len(left))}"


def _drawn(figure: Figure, low: float, high: float, width: int) -> Text:
    """`  ├──●───┤ ` on the scale."""

    def column(value: float) -> int:
        return round((min(max(value, low), high) - low) / (high - low) * (width - 1))

    cells = [" "] * width
    if low <= 0.0 <= high:
        cells[column(0.0)] = "│"
    if figure.low is not None and figure.high is not None:
        first, last = column(figure.low), column(figure.high)
        for place in range(first, last + 1):
            cells[place] = "─"
        cells[first], cells[last] = "├", "┤"
    cells[column(figure.median)] = "●"
    return Text("".join(cells))


def _legend(courses: Sequence[Trend]) -> str:
    told = (
        f"● the middle rep, ├ ┤ its 95 % interval. changed: more than chance makes (95 %); {SAME} "
        "not distinguishable. Usual: the middle of all other sessions at that load."
    )
    points = [point for course in courses for point in course.points]
    if any(not point.compared for point in points):
        told += " too few: it takes 50 strides to compare a session of walking or running."
    elif max(len(at.points) for course in courses for at in course.loads) < 3:
        told += " One or two sessions say little: go on, and look again."
    return told


def course_json(course: Trend) -> dict[str, Any]:
    """A leg's course as JSON types."""
    return {
        "side": course.side.word,
        "measure": course.name,
        "unit": about(course.name).unit,
        "told_apart": apart_json(course.apart),
        "sessions": [_point_json(point) for point in course.points],
    }


def apart_json(apart: ToldApart | None) -> dict[str, Any] | None:
    """What is told apart between two sessions."""
    if apart is None:
        return None
    return {
        "sem": round(apart.sem, 4),
        "mdc95": round(apart.mdc, 4),
        "from": apart.source.value,
        "sessions": apart.sessions,
    }


def _point_json(point: Point) -> dict[str, Any]:
    session, figure = point.session, point.figure
    return {
        "path": str(session.path),
        "started_utc": None if session.started is None else session.started.isoformat(),
        "load_kg": session.load_kg,
        "tags": dict(session.tags),
        "selftest": session.selftest,
        "reps": figure.reps,
        "median": round(figure.median, 4),
        "low": None if figure.low is None else round(figure.low, 4),
        "high": None if figure.high is None else round(figure.high, 4),
        "compared": point.compared,
        "from_first": _change_json(point.from_first),
        "from_usual": _change_json(point.from_usual),
    }


def _change_json(change: Change | None) -> dict[str, Any] | None:
    if change is None:
        return None
    return {
        "difference": round(change.difference, 4),
        "least": round(change.least, 4),
        "verdict": "changed" if change.changed else "not_distinguishable",
    }


def listed(catalogue: Catalogue, found: Sequence[Session], output: Console, *, json: bool) -> None:
    """What can be followed through these sessions: names, and in how many sessions each is."""
    from kneetrack.catalogue.entry import SHARE
    from kneetrack.insight.values import NAMES

    paths = {one.path for one in found}
    counts = {SHARE: sum(any(leg.judged for leg in one.legs) for one in found)}
    for one in catalogue.sessions(figures=NAMES):
        if one.path in paths:
            for name in {name for leg in one.legs for name in leg.figures}:
                counts[name] = counts.get(name, 0) + 1
    names = [name for name in (SHARE, *NAMES) if counts.get(name)]
    if json:
        console.print_json(
            {
                "format": 1,
                "measures": [
                    {"name": name, "words": about(name).words, "unit": about(name).unit,
                     "meaning": about(name).meaning, "sessions": counts[name]}
                    for name in names
                ],
            }
        )  # fmt: skip
        return
    table = plain_table()
    table.add_column("measure", overflow="fold")
    table.add_column("sessions", justify="right")
    table.add_column("what it is")
    for name in names:
        table.add_row(name, str(counts[name]), about(name).meaning)
    output.print(table)
