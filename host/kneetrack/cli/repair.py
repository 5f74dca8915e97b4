"""`kneetrack repair`: a log whose end is missing, or that was damaged, is made whole."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Annotated

import typer

from kneetrack.cli.options import JSON_HELP
from kneetrack.errors import InputError, KneeTrackError, LogError, UsageError

BIG_BYTES = 10_000_000
"""From this size on, repairing takes more than a second or two."""


def repair(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Logs, or folders.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.mcap",
            help="The whole log, or a folder for several [default: beside it, as NAME_repaired].",
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put the whole log in the place of the torn one.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Make a log whole that was cut off, or damaged in its midst.

    \b
    Examples:
      kneetrack repair session.mcap               makes session_repaired.mcap
      kneetrack repair session.mcap --replace
      kneetrack repair recordings/ --out whole/

    What can't be had is told, and stands in the whole log. A torn log can be analysed as it is;
    other programs that read MCAP files may want it whole.
    """
    from kneetrack.cli import console
    from kneetrack.sessionlog.repair import Repair
    from kneetrack.sessionlog.repair import repair as repair_log

    if replace and out is not None:
        raise UsageError("Either --replace the log or give --out, not both.")
    logs = _logs(files)
    if out is not None and len(logs) > 1 and not out.is_dir():
        raise UsageError(f"--out {out} is no folder, and there are {len(logs)} logs to repair.")
    output, hints = console.results(), console.hints()
    results: list[Repair] = []
    refused: list[KneeTrackError] = []
    for log in logs:
        target = out / log.name if out is not None and out.is_dir() else out
        try:
            with _progress(log) as progress:
                done = repair_log(log, target, replace=replace, progress=progress)
        except LogError as error:
            if len(logs) == 1:
                raise
            refused.append(error)
            hints.print(f"! {error}", markup=False, soft_wrap=True)
            continue
        results.append(done)
        if json:
            continue
        output.print(f"{log}: {' '.join(done.sentences)}", markup=False, soft_wrap=True)
        if done.out is not None:
            output.print(f"Whole: {done.out}", markup=False, soft_wrap=True)
    if json:
        console.print_json(
            {
                "format": 1,
                "logs": [result.to_json() for result in results],
                "refused": [str(error) for error in refused],
            }
        )
    if refused:
        raise InputError(f"{len(refused)} of {len(logs)} logs could not be repaired.")


def _logs(files: list[Path]) -> list[Path]:
    """The files, and the logs in the folders. InputError where a folder has none."""
    logs: list[Path] = []
    for path in files:
        inside = sorted(path.glob("*.mcap")) if path.is_dir() else [path]
        if not inside:
            raise InputError(f"There is no log (.mcap) in {path}.")
        logs += inside
    return list(dict.fromkeys(logs))


@contextlib.contextmanager
def _progress(log: Path) -> Generator[Callable[[float], None]]:
    """A bar while a big log is worked on."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    from kneetrack.cli import console

    if not log.is_file() or log.stat().st_size < BIG_BYTES:
        yield lambda share: None
        return
    columns = (TextColumn("Repairing {task.description}"), BarColumn(30), TaskProgressColumn())
    hints = console.hints()
    shown = hints.is_terminal
    with Progress(*columns, console=hints, transient=True, disable=not shown) as progress:
        bar = progress.add_task(log.name, total=1.0)
        yield lambda share: progress.update(bar, completed=share)
