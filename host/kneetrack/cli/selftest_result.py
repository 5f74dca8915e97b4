"""What a self-test amounts to, as a table; the tests of before that it is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from kneetrack.cli.catalogue_bar import up_to_date
from kneetrack.cli.plain_table import plain_table
from kneetrack.detection.measure_table import Measure
from kneetrack.errors import KneeTrackError
from kneetrack.insight.values import described
from kneetrack.report import words
from kneetrack.samples import Rep, Side
from kneetrack.selftest.outcome import Difference, Figure, Row, least_of
from kneetrack.selftest.tests import SELFTESTS, SelfTest

if TYPE_CHECKING:
    from kneetrack.catalogue import Catalogue, Session

Legs = dict[Side, Sequence[Rep]]

SAME = "≈"


def earlier(
    test: SelfTest,
    athlete: str | None,
    now: Mapping[Side, Sequence[Rep]],
    paths: Sequence[Path],
    *,
    simulated: bool,
    hints: Console,
) -> tuple[Legs, Legs]:
    """This person's last test before this one, leg by leg; and the leg that was not tested now,
    where it was today. Nothing without a name, for it could be anybody's."""
    last: Legs = {}
    today: Legs = {}
    if athlete is None:
        return last, today
    from kneetrack.catalogue.entry import Wanted

    try:
        catalogue = up_to_date(hints)
        found = catalogue.sessions(Wanted(athlete=athlete, selftest=test.name, simulated=simulated))
        this = {path.name for path in paths}
        days = {one.day for one in found if one.path.name in this}
        for session in found:  # the oldest first
            if session.path.name in this:
                continue
            for side, reps in _reps(catalogue, session).items():
                if side in now or session.day not in days:
                    last[side] = reps
                else:
                    today[side] = reps
    except KneeTrackError as error:  # the test itself is kept and told all the same
        hints.print(f"! Earlier tests could not be looked up: {error}", markup=False)
    return last, today


def _reps(catalogue: Catalogue, session: Session) -> Legs:
    return {kept.side: kept.reps for kept in catalogue.reps(session) if kept.reps}


def print_outcome(
    output: Console, test: SelfTest, rows: Sequence[Row], counted: Mapping[Side, int]
) -> None:
    """The table, and what its signs mean; before it, which leg's test was cut short."""
    for side, count in counted.items():
        if count < test.repeats:
            output.print(
                f"Cut short: {count} of {test.repeats} {test.many}, {side.word} leg.",
                highlight=False,
            )
    if not rows:
        output.print(f"No {test.one} counted, so there is nothing to tell.")
        return
    sides = [side for side in (Side.RIGHT, Side.LEFT) if any(side in row.legs for row in rows)]
    table = plain_table()
    table.add_column(test.title, no_wrap=True)
    for side in sides:
        table.add_column(side.word, justify="right", no_wrap=True)
    if len(sides) == 2:
        table.add_column("right – left", justify="right", no_wrap=True)
    for row in rows:
        measure = described(row.watched.name)
        unit = f", {measure.unit}" if measure.unit else ""
        legs = [row.legs.get(side) for side in sides]
        between = [_difference(row.sides, measure, "differ")] if len(sides) == 2 else []
        table.add_row(
            f"{measure.words}{unit}", *(_value(leg, measure, test) for leg in legs), *between
        )
        if any(leg is not None and leg.since_last is not None for leg in legs):
            since = (_difference(leg and leg.since_last, measure, "changed") for leg in legs)
            table.add_row("  since last", *since)
    output.print(table)
    output.print(
        f"Means of the {test.many}. In brackets: from where on a difference is told; {SAME} not "
        "distinguishable."
    )
    known = [row.watched for row in rows if least_of(row.watched) is not None]
    for watched in known:
        measure = described(watched.name)
        source = watched.source or "another strapping shifts it: assumed"
        output.print(
            f"{measure.words}: never told below {least_of(watched):.2g}{measure.unit} ({source})."
        )
    if len(known) < len(rows):
        rest = "The rest: legs" if known else "Legs"
        output.print(
            f"{rest} by the scatter of these repetitions. (?): can't be told; how days differ "
            "is learned from five tests on: kneetrack trend --selftest."
        )


def _value(figure: Figure | None, measure: Measure, test: SelfTest) -> str:
    if figure is None:
        return "–"
    best = f", best {figure.best:.{measure.decimals}f}" if test.best else ""
    return f"{figure.mean:.{measure.decimals}f}{best}"


def _difference(found: Difference | None, measure: Measure, word: str) -> str:
    if found is None:
        return "–"
    told = words.signed(found.value, measure.decimals)
    if found.mdc is None:
        return f"{told} (?)"
    mark = word if found.told_apart else SAME
    return f"{told} {mark} ({found.mdc:.{max(1, measure.decimals)}f})"


# --- the list ------------------------------------------------------------------------------------


def listing() -> RenderableType:
    """Every test, with what to do."""
    parts: list[RenderableType] = []
    for test in SELFTESTS.values():
        parts.append(Text(f"{test.name}: {test.title}", style="bold"))
        needs = "after kneetrack calibrate" if test.needs_calibration else "no calibration needed"
        parts.append(Padding(Text(test.what), (0, 0, 0, 2)))
        parts.append(
            Padding(Text(f"{test.do.wants} {test.do.how}"), (0, 0, 0, 2)),
        )
        parts.append(
            Padding(Text(f"{test.repeats} {test.many} a leg, {needs}.", style="dim"), (0, 0, 1, 2))
        )
    parts.append(Text("Example: kneetrack selftest lunge --side right --athlete A"))
    return Group(*parts)


def listing_json() -> dict[str, Any]:
    """The same as JSON types."""
    return {
        "format": 1,
        "selftests": [
            {
                "name": test.name,
                "exercise": test.exercise,
                "title": test.title,
                "what": test.what,
                "do": f"{test.do.wants} {test.do.how}",
                "repeats": test.repeats,
                "needs_calibration": test.needs_calibration,
                "measures": [
                    {"name": one.name, "mdc": one.mdc, "source": one.source or None}
                    for one in test.watched
                ],
            }
            for test in SELFTESTS.values()
        ],
    }
