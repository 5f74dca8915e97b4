"""`kneetrack doctor`: what works, what does not, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kneetrack.cli.options import JSON_HELP, LINK_VARIABLE

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.maintenance.rows import Row

CHECK_FAILED, BAND_FAILED = 1, 3
_MARKS = {"ok": ("✓", "+"), "note": ("!", "!"), "problem": ("✗", "x")}
_STYLES = {"ok": "green", "note": "yellow", "problem": "red"}


def doctor(
    link: Annotated[
        str,
        typer.Option(
            metavar="LINK",
            envvar=LINK_VARIABLE,
            help="ble:auto, ble:NAME, serial:PORT, sim:SCENARIO.",
        ),
    ] = "ble:auto",
    no_stream: Annotated[
        bool, typer.Option("--no-stream", help="Leave out the five seconds of measurement.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Check this computer, its Bluetooth, the band, and five seconds of measurement.

    \b
    Examples:
      kneetrack doctor
      kneetrack doctor --link ble:KneeBand-1A2B --json
      kneetrack doctor --link sim:squats

    Each line is good, a note, or a problem with its remedy. Exit code 0 without problems, 1 for one
    of this computer, 3 for one of Bluetooth or the band. The band keeps nothing of it.
    """
    import asyncio

    from kneetrack.cli import console
    from kneetrack.maintenance.rows import Part, State

    rows = asyncio.run(_examine(link, no_stream, quiet=json))
    problems = [row for row in rows if row.state is State.PROBLEM]
    notes = sum(row.state is State.NOTE for row in rows)
    if json:
        console.print_json(
            {
                "format": 1,
                "link": link,
                "ok": not problems,
                "rows": [row.to_json() for row in rows],
            }
        )
    else:
        found = _many(len(problems), "problem")
        console.results().print(f"{found}, {_many(notes, 'note').lower()}.", style="bold")
    if any(row.part is Part.BAND or row.name.startswith("Bluetooth") for row in problems):
        raise typer.Exit(BAND_FAILED)
    if problems:
        raise typer.Exit(CHECK_FAILED)


async def _examine(address: str, no_stream: bool, quiet: bool) -> list[Row]:
    from kneetrack.cli import console
    from kneetrack.maintenance.doctor import examine
    from kneetrack.maintenance.streaming import DURATION_S

    output = console.results()
    rows: list[Row] = []
    with console.hints().status("Looking ...") as looking:
        async for row in examine(address, 0.0 if no_stream else DURATION_S):
            rows.append(row)
            if not quiet:
                looking.stop()  # else its line stands before the row: they are two consoles
                _print(output, row)
                looking.start()
    return rows


def _print(output: Console, row: Row) -> None:
    from rich.table import Table
    from rich.text import Text

    from kneetrack.cli.on_screen import can_draw

    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(width=19)
    table.add_column(ratio=1)
    text = Text(row.text)
    if row.remedy:
        text.append(f"\n→ {row.remedy}" if can_draw(output) else f"\n> {row.remedy}", style="bold")
    mark = _MARKS[row.state.value][0 if can_draw(output) else 1]
    table.add_row(Text(mark, style=_STYLES[row.state.value]), Text(row.name), text)
    output.print(table)


def _many(count: int, what: str) -> str:
    return f"No {what}s" if count == 0 else f"{count} {what}{'' if count == 1 else 's'}"
