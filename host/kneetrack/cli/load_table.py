"""Load against reps in range, and what is suggested after the latest sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from kneetrack.cli import console
from kneetrack.cli.plain_table import plain_table
from kneetrack.cli.sessions import when

if TYPE_CHECKING:
    from kneetrack.catalogue import Catalogue, Session
    from kneetrack.catalogue.loads import AtLoad
    from kneetrack.insight.advice import Advice

NOTHING = (
    "Nothing is suggested after the latest session. A lighter load is where less than 80 % of its "
    "reps were in range, a heavier one where 90 % or more were in each of the last two sessions at "
    "the load."
)
NEVER = "Suggestions for training, by fixed rules; kneetrack never changes a load by itself."


def loads(catalogue: Catalogue, found: Sequence[Session], output: Console, *, json: bool) -> None:
    """The table, and the suggestions under it."""
    from kneetrack.catalogue.loads import LATEST, by_load, outing_of, suggested
    from kneetrack.insight.as_json import advice_json

    rows = by_load(found)
    latest = found[-LATEST:]
    advice = suggested([outing_of(one, catalogue.reps(one)) for one in latest])
    if json:
        console.print_json(
            {
                "format": 1,
                "athlete": found[0].athlete,
                "exercise": found[0].exercise,
                "loads": [_json(row) for row in rows],
                "suggestions": [advice_json(one) for one in advice],
            }
        )
        return
    output.print(_table(rows))
    output.print()
    _print_advice(advice, latest[-1], output)


def _print_advice(advice: Sequence[Advice], last: Session, output: Console) -> None:
    if not advice:
        output.print(NOTHING)
    for one in advice:
        output.print(f"After {when(last)}: {one.text}", markup=False)
    output.print(NEVER)


def _table(rows: Sequence[AtLoad]) -> Table:
    table = plain_table(gap=2)
    table.add_column("load", justify="right", no_wrap=True)
    table.add_column("sessions", justify="right")
    table.add_column("reps", justify="right")
    table.add_column("judged", justify="right")
    table.add_column("in range", justify="right", no_wrap=True)
    table.add_column("95 % interval", justify="right", no_wrap=True)
    table.add_column("last", no_wrap=True)
    for row in rows:
        part = row.share
        table.add_row(
            "not given" if row.load_kg is None else f"{round(row.load_kg, 1):g} kg",
            str(len(row.sessions)),
            str(row.reps),
            str(row.judged),
            "–" if part is None else f"{part.value:.0f} %",
            "–" if part is None else f"{part.low:.0f} – {part.high:.0f} %",
            when(row.sessions[-1]),
        )
    return table


def _json(row: AtLoad) -> dict[str, Any]:
    part, last = row.share, row.sessions[-1].started
    return {
        "load_kg": row.load_kg,
        "sessions": len(row.sessions),
        "reps": row.reps,
        "judged": row.judged,
        "in_range": row.in_range,
        "share_in_range_percent": None if part is None else round(part.value, 2),
        "low": None if part is None or part.low is None else round(part.low, 2),
        "high": None if part is None or part.high is None else round(part.high, 2),
        "last_utc": None if last is None else last.isoformat(),
    }
