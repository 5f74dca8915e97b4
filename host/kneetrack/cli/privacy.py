"""`kneetrack privacy`: what is kept, of whom; handed over and deleted on request."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kneetrack.cli.options import JSON_HELP
from kneetrack.errors import InputError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.maintenance.privacy import Holdings, Kept

NOT_HERE = (
    "Not in this list: what you saved elsewhere yourself (--out); what a band keeps (recordings "
    "that were not fetched, the leg's calibration; no names): see kneetrack device; and the keys "
    "of paired bands, which this computer's own Bluetooth keeps. Nothing is ever sent anywhere."
)

privacy = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@privacy.callback(invoke_without_command=True)
def listing(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """List what KneeTrack keeps on this computer, and of whom; export it; delete it.

    \b
    Examples:
      kneetrack privacy
      kneetrack privacy export --athlete A --out A.zip
      kneetrack privacy delete --athlete A
      kneetrack privacy delete --all

    People are known by the aliases that were given with --athlete, by nothing else.
    """
    from kneetrack.cli import console
    from kneetrack.maintenance.privacy import holdings

    if context.invoked_subcommand is not None:
        return
    with console.hints().status("Looking at what is kept ..."):
        found = holdings()
    if json:
        console.print_json(
            {
                "format": 1,
                "folder": str(found.folder),
                "athletes": list(found.athletes),
                "files": [one.to_json() for one in found.files],
                "open_folders": [str(path) for path in found.open_folders],
                "not_here": NOT_HERE,
            }
        )
        return
    _print(found, console.results())
    _warn(found, console.hints())


@privacy.command("export")
def export_command(
    athlete: Annotated[str, typer.Option(metavar="ALIAS", help="Whose data.")],
    out: Annotated[Path, typer.Option(metavar="FILE.zip", help="The file to make.")],
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Put everything that is kept of a person into one ZIP file, with a list that explains it."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from kneetrack.cli import console
    from kneetrack.maintenance.privacy import export, holdings

    found = holdings()
    files = found.of(athlete)
    columns = (TextColumn("Exporting"), BarColumn(30), MofNCompleteColumn())
    hints = console.hints()
    shown = hints.is_terminal
    with Progress(*columns, console=hints, transient=True, disable=not shown) as progress:
        bar = progress.add_task("", total=len(files))
        export(files, found.folder, out, lambda path: progress.advance(bar))
    if json:
        console.print_json(
            {"format": 1, "out": str(out), "files": [one.to_json() for one in files]}
        )
        return
    size = sum(one.size_bytes for one in files)
    console.results().print(
        f"{_many(len(files))} of {athlete}, {_size(size)}: {out}", markup=False, soft_wrap=True
    )


@privacy.command("delete")
def delete_command(
    athlete: Annotated[
        str | None, typer.Option(metavar="ALIAS", help="All that is kept of this person.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is kept of anyone.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask whether it is meant.")] = False,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Delete what is kept, of a person or altogether. It is listed first, and asked for."""
    from kneetrack.catalogue import Catalogue
    from kneetrack.cli import console
    from kneetrack.maintenance.privacy import delete, holdings

    if (athlete is None) != everything:
        raise UsageError("Name whose data are to go: --athlete ALIAS, or --all for everything.")
    found = holdings()
    files = found.files if athlete is None else found.of(athlete)
    if files and not yes:
        _ask(files, console.hints())
    gone, refused = delete(files)
    if athlete is not None and Catalogue.is_there():
        Catalogue.open().forget(athlete, [one.path for one in gone])
    if json:
        console.print_json(
            {
                "format": 1,
                "deleted": [one.to_json() for one in gone],
                "refused": list(refused),
            }
        )
    else:
        size = sum(one.size_bytes for one in gone)
        console.results().print(f"Deleted: {_many(len(gone))}, {_size(size)}.")
        console.hints().print(
            "Copies that you made elsewhere, and backups, are not touched by this."
        )
    if refused:
        raise InputError(" ".join(refused))


def _ask(files: Sequence[Kept], hints: Console) -> None:
    """Show what will go and have it confirmed. UsageError where nobody can be asked."""
    for one in files:
        whose = "" if one.athlete is None else f", of {one.athlete}"
        hints.print(f"  {one.kind}{whose}: {one.path}", markup=False, soft_wrap=True)
    if not sys.stdin.isatty():
        raise UsageError(
            f"{_many(len(files))} would be deleted. To confirm without a terminal, add --yes."
        )
    if not typer.confirm(f"Delete {_many(len(files))} for good?", default=False, err=True):
        raise InputError("Nothing was deleted.")


def _print(found: Holdings, output: Console) -> None:
    from rich.table import Table

    from kneetrack.maintenance.privacy import HOLDS

    output.print(f"In {found.folder}, and nowhere else:", markup=False, soft_wrap=True)
    if not found.files:
        output.print("nothing yet.")
    groups: dict[tuple[str, str | None], list[Kept]] = {}
    for one in found.files:
        groups.setdefault((one.kind, one.athlete), []).append(one)
    table = Table(box=None, pad_edge=False)
    for title in ("what", "of", "files", "size"):
        table.add_column(title, justify="right" if title in ("files", "size") else "left")
    for (kind, athlete), files in sorted(groups.items(), key=lambda item: str(item[0])):
        size = sum(one.size_bytes for one in files)
        table.add_row(kind, athlete or "nobody named", str(len(files)), _size(size))
    if groups:
        output.print(table)
    for kind in dict.fromkeys(kind for kind, _ in groups):
        output.print(f"{kind}: {HOLDS[kind]}.", markup=False, soft_wrap=True)
    output.print(NOT_HERE)


def _warn(found: Holdings, hints: Console) -> None:
    """Say which files others may read: all are made for their owner only."""
    open_files = [one.path for one in found.files if one.open_to_others]
    paths: list[Any] = [*found.open_folders, *open_files]
    if paths:
        hints.print(
            f"! Other users of this computer may read {_many(len(paths), 'file or folder')}, "
            f'first {paths[0]}. Close them with: chmod -R go-rwx "{found.folder}"',
            markup=False,
            soft_wrap=True,
        )


def _many(count: int, what: str = "file") -> str:
    plural = "files or folders" if what == "file or folder" else "files"
    return f"1 {what}" if count == 1 else f"{count} {plural}"


def _size(size_bytes: int) -> str:
    if size_bytes < 1e6:
        return f"{size_bytes / 1e3:.0f} KB"
    return f"{size_bytes / 1e6:.1f} MB"
