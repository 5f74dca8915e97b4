"""`kneetrack validate`: how far the angles are from those of a reference measurement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kneetrack.cli.options import JSON_HELP, SIDE_HELP, side_of

if TYPE_CHECKING:
    from kneetrack.analysis.validate import Errors

_NAMES = {
    "as_analysed": "as analysed",
    "crosstalk_off": "crosstalk refinement off",
    "crosstalk_on": "crosstalk refinement on",
}
_WAYS = {
    "raw": "as both tell them",
    "minus_mean": "each angle's mean taken off",
    "same_axes": "both frames turned to fit best",
}


def validate(
    source: Annotated[Path, typer.Argument(help="A log (.mcap) or a trace (.csv).")],
    reference: Annotated[
        Path, typer.Option(help="CSV: time_s,flexion_deg,valgus_deg,rotation_deg.")
    ],
    side: Annotated[str | None, typer.Option(metavar="SIDE", help=SIDE_HELP)] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Compare knee angles with a reference measurement of the same movement.

    \b
    Example:
      kneetrack demo --save-trace squats.csv
      kneetrack validate squats.csv --reference squats.ref.csv

    Root mean square errors over the set, in degrees, in three ways: the second and third take away
    what two measurements may define differently without either being wrong.
    """
    from kneetrack.analysis import validate as validating
    from kneetrack.cli import console

    found = validating.validate(source, reference, side=side_of(side))
    if json:
        console.print_json(
            {
                "format": 1,
                "rmse": {name: errors.to_json() for name, errors in found.items()},
            }
        )
        return
    console.results().print(_table(found))


def _table(found: dict[str, Errors]) -> object:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title="Root mean square errors", title_justify="left")
    table.add_column("")
    for angle in ("flexion °", "valgus °", "rotation °"):
        table.add_column(angle, justify="right")
    for name, errors in found.items():
        table.add_row(f"{_NAMES.get(name, name)}, {errors.samples} samples", style="bold")
        for way, said in _WAYS.items():
            row: tuple[float, float, float] = getattr(errors, way)
            table.add_row(f"  {said}", *[f"{value:.2f}" for value in row])
    return table
