"""`kneetrack report`: one self-contained HTML page, or the same as PDF, about a recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kneetrack.cli.options import SIDE_HELP, check_output, side_of
from kneetrack.errors import InputError, UsageError

if TYPE_CHECKING:
    from kneetrack.analysis import SessionResult
    from kneetrack.report.history import History

OUT_HELP = "The file to write: .html, or .pdf."
ALONE_HELP = "Leave out the trend: nothing of other sessions is in it."


def report(
    source: Annotated[Path, typer.Argument(help="A log (.mcap) or a trace (.csv).")],
    out: Annotated[Path, typer.Option(metavar="FILE", help=OUT_HELP)] = Path("report.html"),
    side: Annotated[str | None, typer.Option(metavar="SIDE", help=SIDE_HELP)] = None,
    alone: Annotated[bool, typer.Option("--alone", help=ALONE_HELP)] = False,
) -> None:
    """Write a report with tables and figures, one file that needs no network.

    \b
    Examples:
      kneetrack report session.mcap --out report.html
      kneetrack report session.mcap --out report.pdf
      kneetrack report session.mcap --alone     to hand on: this session, no others

    Where the athlete is named, earlier sessions of the same movement give the trend. The same log
    (and the same earlier sessions) give the same file, byte by byte.

    Needs the extra "export", PDF "pdf" as well: make setup, or pip install -e ".[export,pdf]" in
    the clone.
    """
    from kneetrack.analysis import analyse
    from kneetrack.cli import console
    from kneetrack.report import html, pdf
    from kneetrack.report.model import session_report

    html.check_available()
    is_pdf = _is_pdf(out)
    if is_pdf:
        pdf.check_available()
    check_output(out, pdf.MARK if is_pdf else "<!doctype html>")
    with console.hints().status("Reading ..."):
        result = analyse(source, side=side_of(side))
    history = None if alone else _history(result)
    with console.hints().status("Drawing ..."):
        made = session_report(source, result=result, history=history)
        if is_pdf:
            pdf.write(html.render(made), out)
        else:
            html.write(made, out)
    console.results().print(f"Report: {out}", markup=False, soft_wrap=True)


def _is_pdf(out: Path) -> bool:
    suffix = out.suffix.lower()
    if suffix == ".pdf":
        return True
    if suffix in (".html", ".htm") or (out.exists() and not out.is_file()):
        return False
    raise UsageError(f"--out {out} must end in .html or .pdf.")


def _history(result: SessionResult) -> History | None:
    """What came before; without it where the catalogue can't be used."""
    from kneetrack.cli import console
    from kneetrack.cli.catalogue_bar import up_to_date
    from kneetrack.report.history import history_of

    if not result.session.get("athlete") or not result.session.get("started_at"):
        return None
    try:
        return history_of(result, up_to_date(console.hints()))
    except InputError as error:
        console.hints().print(f"! No trend: {error}", markup=False, soft_wrap=True)
        return None
