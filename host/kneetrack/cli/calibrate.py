"""`kneetrack calibrate`: from a few movements to a calibration in the band and in a file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kneetrack.cli.options import JSON_HELP, check_output, side_of
from kneetrack.errors import InputError
from kneetrack.samples import Side

if TYPE_CHECKING:
    from kneetrack.calibration import CalibrationFile


def calibrate(
    link: Annotated[
        str,
        typer.Option(metavar="LINK", help="ble:auto, ble:NAME, sim:SCENARIO or trace:FILE.csv."),
    ] = "ble:auto",
    side: Annotated[
        str | None, typer.Option(metavar="SIDE", help="The leg that wears the band.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="CAL.json [default: in your data folder, one a leg].")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Calibrate a band after strapping it on: standing still and a few slow squats, 45 seconds.

    \b
    Examples:
      kneetrack calibrate --side right
      kneetrack calibrate --link sim:squats --out cal.json
      kneetrack record --calibration cal.json

    The band keeps its calibration until the next one. It is refused, with what to do better, where
    the movements were not good enough.
    """
    from kneetrack.calibration.store import KIND

    if out is not None:  # before anybody does a single squat
        check_output(out, KIND)
        if not os.access(out if out.exists() else out.absolute().parent, os.W_OK):
            raise InputError(f"--out {out} can't be written; choose another name or folder.")
    made, path = asyncio.run(_calibrate(link, side_of(side), out))
    from kneetrack.cli import console, session

    if json:
        console.print_json(made.to_json())
    else:
        output = console.results()
        output.print(session.quality(made))
        output.print(f"Saved: {path}", markup=False, soft_wrap=True)


def default_path(side: Side) -> Path:
    """Where the newest calibration of that leg is kept."""
    from kneetrack.sessionlog import user_data_dir

    return user_data_dir() / f"calibration_{side.word}.json"


async def _calibrate(
    address: str, side: Side | None, out: Path | None
) -> tuple[CalibrationFile, Path]:
    from kneetrack.cli import console, session
    from kneetrack.cli.guided import guided_calibration
    from kneetrack.errors import UsageError
    from kneetrack.link import open_link

    hints = console.hints()
    with hints.status(f"Connecting to {address} ..."):
        link = open_link(address)
        await link.__aenter__()
    try:
        if link.scenario is None:
            made = await guided_calibration(link, side or Side(link.feature.side), hints)
        else:
            if side is not None and side is not link.scenario.side:
                raise UsageError(f"{address} is a {link.scenario.side.word} leg, not {side.word}.")
            made = await session.calibrate_with_progress(link, hints, strict=True)
    finally:
        await link.__aexit__(None, None, None)
    path = out or default_path(made.side)
    made.save(path)
    return made, path
