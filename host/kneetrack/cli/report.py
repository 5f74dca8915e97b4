"""`kneetrack report`: one self-contained HTML page about a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kneetrack.cli.options import SIDE_HELP, check_output, side_of


def report(
    source: Annotated[Path, typer.Argument(help="A log (.mcap) or a trace (.csv).")],
    out: Annotated[Path, typer.Option(metavar="FILE.html", help="The HTML file to write.")] = Path(
        "report.html"
    ),
    side: Annotated[str | None, typer.Option(metavar="SIDE", help=SIDE_HELP)] = None,
) -> None:
    """Write a report with tables and figures, one file that needs no network.

    \b
    Example:
      kneetrack report session.mcap --out report.html

    Needs the extra "export": make setup, or pip install -e '.[export]' in the clone.
    """
    from kneetrack.cli import console
    from kneetrack.report.html import check_available, write

    check_available()
    check_output(out, "<!doctype html>")
    write(source, out, side=side_of(side))
    console.results().print(f"Report: {out}", markup=False, soft_wrap=True)
