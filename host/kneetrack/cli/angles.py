"""`kneetrack angles`: the knee angles of one leg in a file of a name of its own.

The table is NAME_SIDE_angles.csv of `kneetrack export`, by the same writer, without the analysis
that finds reps.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kneetrack.cli.analyze import OFFLINE_HELP
from kneetrack.cli.options import SIDE_HELP, check_output, side_of
from kneetrack.errors import UsageError


def angles(
    source: Annotated[Path, typer.Argument(help="A log (.mcap) or a trace (.csv).")],
    out: Annotated[Path, typer.Option(metavar="FILE.csv", help="The CSV file to write.")],
    side: Annotated[str | None, typer.Option(metavar="SIDE", help=SIDE_HELP)] = None,
    realign: Annotated[
        bool, typer.Option("--realign", help="Compute a log's angles anew from its quaternions.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help=OFFLINE_HELP)] = False,
) -> None:
    """Write flexion, valgus and rotation over time as CSV (104 rows a second, degrees).

    \b
    Example:
      kneetrack angles session.mcap --out angles.csv

    Signs, for both legs: flexion +, valgus (knee inward) +, internal rotation +. `flags` is the sum
    of: 1 no alignment, 2 sent again, 4 saturated, 8 samples lost before, 16 standing rest, 32 slip,
    64 an IMU did not answer. Cells are empty where angles mean nothing (flag 1), and all but the
    time where the sample is missing. Raw data, reps, other formats: kneetrack export.
    """
    from kneetrack.analysis import knee_samples_of
    from kneetrack.analysis.offline_session import offline_samples
    from kneetrack.cli import console
    from kneetrack.export.columns import DECIMALS
    from kneetrack.export.csv_files import header_of, write_rows
    from kneetrack.export.recording import read_angles
    from kneetrack.whole_file import whole_file

    if out.exists() and source.exists() and out.samefile(source):
        raise UsageError(f"--out {out} is the source itself; choose another name.")
    check_output(out, header_of("angles").strip())
    if offline and realign:
        raise UsageError("--offline computes all angles anew already; leave --realign out.")
    wanted = side_of(side)
    series = read_angles(
        offline_samples(source, side=wanted)
        if offline
        else knee_samples_of(source, side=wanted, realign=realign)
    )
    with whole_file(out) as file:
        file.write(header_of("angles"))
        for _ in write_rows(file, series.times, series.rows, DECIMALS["angles"]):
            pass
    console.hints().print(f"{len(series.times)} rows in {out}", markup=False, soft_wrap=True)
