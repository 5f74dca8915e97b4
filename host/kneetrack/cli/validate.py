"""`kneetrack validate`: how far the angles are from those of a reference measurement."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from kneetrack.cli.options import JSON_HELP, SIDE_HELP, check_output, side_of
from kneetrack.errors import UsageError

_MARKS = {".png": "PNG", ".svg": "svg", ".pdf": "%PDF"}
"""What a picture of each kind begins with."""


def validate(
    source: Annotated[Path, typer.Argument(help="A log (.mcap) or a trace (.csv).")],
    reference: Annotated[
        Path, typer.Option(help="CSV: time_s,flexion_deg,valgus_deg[,rotation_deg].")
    ],
    side: Annotated[str | None, typer.Option(metavar="SIDE", help=SIDE_HELP)] = None,
    reference_signs: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="What the reference counts as positive: adduction, external, extension.",
        ),
    ] = "",
    max_lag: Annotated[
        float, typer.Option(metavar="S", help="How far both clocks may be apart; 0: not at all.")
    ] = 1.0,
    tap: Annotated[
        str | None,
        typer.Option(
            metavar="S[@S]",
            help="The reference's time of a stamp, landing or tap that the sensors felt: the lag "
            "from that; @ about when in the recording, where there are several.",
        ),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Measure with the whole recording at hand.")
    ] = False,
    figure: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Also draw it: .png, .svg or .pdf.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Compare knee angles with a reference measurement of the same movement.

    \b
    Examples:
      kneetrack demo --save-trace squats.csv
      kneetrack validate squats.csv --reference squats.ref.csv
      kneetrack validate squats.mcap --reference lab.csv --reference-signs adduction \\
          --max-lag 30 --figure agreement.pdf
      kneetrack validate squats.mcap --reference lab.csv --tap 4.215

    The lag between both clocks is found from flexion, or with --tap from a knock in the raw data,
    and taken off. Then, for each angle and each
    rep: errors, limits of agreement, similarity of the curves; in degrees. The reference has
    seconds, degrees, commas between its columns, and at least 10 rows a second. An empty cell in it
    is a hole; a rotation that it does not tell is left out.
    """
    from kneetrack.analysis import validate as validating
    from kneetrack.analysis.tap import tap_told
    from kneetrack.analysis.validation_json import to_json
    from kneetrack.cli import console

    if not 0.0 <= max_lag < math.inf:
        raise UsageError(f"--max-lag is a number of seconds, 0 or more, not {max_lag:g}.")
    if figure is not None:
        _check_figure(figure)
    signs = tuple(word.strip().lower() for word in reference_signs.split(",") if word.strip())
    found = validating.validate(
        source,
        reference,
        side=side_of(side),
        signs=signs,
        offline=offline,
        max_lag_s=max_lag,
        tap=None if tap is None else tap_told(tap),
    )
    if figure is not None:
        from kneetrack.report.validation import save

        save(found, figure)
    if json:
        console.print_json(to_json(found))
        return
    from kneetrack.cli.agreement_table import shown

    output, hints = console.results(), console.hints()
    for part in shown(found, output.width):
        output.print(part)
    if figure is not None:
        output.print(f"Figure: {figure}", markup=False, soft_wrap=True)
    for warning in found.warnings:
        hints.print(f"! {warning}", markup=False)


def _check_figure(out: Path) -> None:
    """Refuse, before anything is computed, what could not be drawn. UsageError, InputError."""
    from kneetrack.report.html import check_available

    check_available()
    mark = _MARKS.get(out.suffix.lower())
    if mark is None:
        raise UsageError(f"--figure {out} must end in {', '.join(_MARKS)}.")
    check_output(out, mark, option="--figure")
