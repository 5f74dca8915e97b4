"""Self-tests over time: a row a test, each leg with what has changed since its last one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from kneetrack.cli import console
from kneetrack.cli.plain_table import plain_table
from kneetrack.cli.table import OUT_OF_RANGE_STYLE
from kneetrack.cli.trend_table import SAME, apart_json
from kneetrack.insight.as_json import side_json
from kneetrack.report import words
from kneetrack.report.trend_words import about, apart_sentence, value_text
from kneetrack.samples import Side

if TYPE_CHECKING:
    from kneetrack.catalogue import Catalogue, Session
    from kneetrack.catalogue.selftests import Test, Tested
    from kneetrack.catalogue.trend import Change, Trend
    from kneetrack.detection.measure_table import Measure

_SIDES = (Side.RIGHT, Side.LEFT)


def selftests(
    catalogue: Catalogue,
    found: Sequence[Session],
    courses: Sequence[Trend],
    output: Console,
    *,
    json: bool,
) -> None:
    """The tests of one kind, and what is told apart."""
    from kneetrack.catalogue.selftests import tests

    name = courses[0].name
    apart = {course.side: course.apart for course in courses}
    rows = tests(found, name, apart, catalogue.reps)
    measure = about(name)
    if json:
        console.print_json(
            {
                "format": 1,
                "athlete": found[0].athlete,
                "selftest": found[0].selftest,
                "exercise": found[0].exercise,
                "measure": name,
                "unit": measure.unit,
                "told_apart": {side.word: apart_json(one) for side, one in apart.items()},
                "tests": [_json(one) for one in rows],
            }
        )
        return
    kind = words.exercise(found[0].selftest or "")
    output.print(
        f"{found[0].athlete or 'Nobody named'}, self-test {kind}: {measure.words}"
        f"{f', {measure.unit}' if measure.unit else ''}",
        style="bold",
    )
    output.print(_table(rows, measure))
    said = {course.side: apart_sentence(course.apart, measure) for course in courses}
    output.print()
    if len(set(said.values())) == 1:
        output.print(said[courses[0].side])
    else:  # each leg has its own course, and its own limit
        for side, sentence in said.items():
            output.print(f"{side.word.capitalize()}: {sentence}")
    output.print(
        f"Of each leg the middle repetition (median), in brackets of how many. Since: against the "
        f"leg's last test; {SAME} not distinguishable. Right – left is of the means, and told "
        "apart from what stands beside it on."
    )


def _table(rows: Sequence[Test], measure: Measure) -> Table:
    table = plain_table()
    table.add_column("date", no_wrap=True)
    for word in ("right", "since", "left", "since"):
        table.add_column(word, justify="right", no_wrap=True)
    table.add_column("right – left", justify="right", no_wrap=True)
    for one in rows:
        cells = [cell for side in _SIDES for cell in _cells(one.legs.get(side), measure)]
        sides = one.sides
        if sides is None:
            between, style = "–", ""
        else:
            told = words.signed(sides.difference, measure.decimals)
            mark = "differ" if sides.told_apart else SAME
            between = f"{told} {mark} ({sides.mdc:.{max(1, measure.decimals)}f})"
            style = OUT_OF_RANGE_STYLE if sides.told_apart else ""
        table.add_row(one.day.isoformat(), *cells, f"[{style}]{between}[/]" if style else between)
    return table


def _cells(tested: Tested | None, measure: Measure) -> tuple[str, str]:
    if tested is None:
        return ("–", "–")
    value = f"{value_text(tested.figure.median, measure)} ({tested.figure.reps})"
    return (value, _since(tested.since, measure))


def _since(change: Change | None, measure: Measure) -> str:
    if change is None:
        return "–"
    told = words.signed(change.difference, measure.decimals)
    return f"{told} changed" if change.changed else f"{told} {SAME}"


def _json(one: Test) -> dict[str, Any]:
    return {
        "day": one.day.isoformat(),
        "legs": {
            side.word: {
                "path": str(tested.session.path),
                "reps": tested.figure.reps,
                "median": round(tested.figure.median, 4),
                "since_last": None
                if tested.since is None
                else {
                    "difference": round(tested.since.difference, 4),
                    "least": round(tested.since.least, 4),
                    "verdict": "changed" if tested.since.changed else "not_distinguishable",
                },
            }
            for side, tested in one.legs.items()
        },
        "sides": None if one.sides is None else side_json(one.sides),
    }
