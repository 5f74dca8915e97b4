"""`kneetrack angles`: the knee angles of a recording, as a table for other programs."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Annotated

import typer

from kneetrack.cli.analyze import OFFLINE_HELP
from kneetrack.cli.options import SIDE_HELP, check_output, side_of
from kneetrack.errors import UsageError

HEADER = ("time_s", "flexion_deg", "valgus_deg", "rotation_deg", "valgus_sigma_deg", "flags")


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
    of: 1 no alignment (the angles mean nothing), 2 sent again, 4 saturated, 8 samples lost before,
    16 standing rest, 32 slip, 64 an IMU did not answer. valgus_sigma_deg is nan where angles
    mean nothing.
    """
    from kneecore import wire
    from kneetrack.analysis import knee_samples_of
    from kneetrack.analysis.offline_session import offline_samples
    from kneetrack.cli import console
    from kneetrack.whole_file import whole_file

    if out.exists() and source.exists() and out.samefile(source):
        raise UsageError(f"--out {out} is the source itself; choose another name.")
    check_output(out, ",".join(HEADER))
    if offline and realign:
        raise UsageError("--offline computes all angles anew already; leave --realign out.")
    wanted = side_of(side)
    samples = (
        offline_samples(source, side=wanted)
        if offline
        else knee_samples_of(source, side=wanted, realign=realign)
    )
    count = 0
    with whole_file(out) as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(HEADER)
        for sample in samples:
            unaligned = sample.flags & wire.FLAG_UNALIGNED
            rows.writerow(
                (
                    f"{sample.time_s:.4f}",
                    f"{sample.flexion_deg:.3f}",
                    f"{sample.valgus_deg:.3f}",
                    f"{sample.rotation_deg:.3f}",
                    f"{math.nan if unaligned else sample.valgus_sigma_deg:.2f}",
                    sample.flags,
                )
            )
            count += 1
    console.hints().print(f"{count} rows in {out}", markup=False, soft_wrap=True)
