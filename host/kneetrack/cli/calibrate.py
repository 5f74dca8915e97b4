"""`kneetrack calibrate`: from a few movements to a calibration in the band and in a file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kneetrack.cli.options import JSON_HELP, check_output, side_of
from kneetrack.errors import InputError, KneeTrackError, UsageError
from kneetrack.samples import Side

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.calibration import CalibrationFile
    from kneetrack.calibration.procedure import Procedure
    from kneetrack.link import Link
    from kneetrack.traces import Trace

UNTOUCHED = "The band keeps the calibration that it had."
NOT_YET = "The band has no calibration, as before."
EITHER = "The band holds the new calibration or the one that it had; calibrate again."
ZERO_KEPT = "The gyroscopes' zeros are those of the last table, less than 12 hours ago."
NO_ZERO = (
    "No table of the last 12 hours is known for this band: the gyroscopes' zeros come from "
    "standing still."
)


def calibrate(
    link: Annotated[
        str,
        typer.Option(
            metavar="LINK", help="ble:auto, ble:NAME, serial:PORT, sim:SCENARIO or trace:FILE.csv."
        ),
    ] = "ble:auto",
    side: Annotated[
        str | None, typer.Option(metavar="SIDE", help="The leg that wears the band.")
    ] = None,
    movement: Annotated[
        str,
        typer.Option(
            metavar="squat|swing", help="What shows the knee's axis; swing: for who can't squat."
        ),
    ] = "squat",
    no_table: Annotated[
        bool,
        typer.Option(
            "--no-table",
            help="The band is on the leg already: its zero of the last 12 hours serves (grade B).",
        ),
    ] = False,
    athlete: Annotated[
        str | None,
        typer.Option(
            metavar="ALIAS",
            help="Whose leg it is: the squats are kept, and compared with that person's earlier "
            "ones.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="CAL.json [default: in your data folder, one a leg].")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Calibrate a band: on a table, strapped on, standing, five slow squats; 40 s on the leg.

    \b
    Examples:
      kneetrack calibrate --side right
      kneetrack calibrate --side right --athlete A
      kneetrack calibrate --side right --movement swing
      kneetrack calibrate --link sim:squats --out cal.json
      kneetrack record --calibration cal.json

    The screen says what to do and goes on by itself. What is not good enough is said, with what to
    do better, and only that step is done again. The band keeps its calibration until the next one.
    """
    from kneetrack.calibration.steps import MOVEMENTS
    from kneetrack.calibration.store import KIND
    from kneetrack.sessionlog import user_data_dir
    from kneetrack.sessionlog.room import check_room

    if movement not in MOVEMENTS:
        raise UsageError(f'--movement is one of {", ".join(MOVEMENTS)}, not "{movement}".')
    if out is not None:  # before anybody does a single squat
        check_output(out, KIND)
        if not os.access(out if out.exists() else out.absolute().parent, os.W_OK):
            raise InputError(f"--out {out} can't be written; choose another name or folder.")
    else:
        check_room(user_data_dir())
    made, path = asyncio.run(_calibrate(link, side_of(side), movement, no_table, athlete, out))
    from kneetrack.cli import console
    from kneetrack.cli.guided import print_grounds

    if json:
        console.print_json(made.to_json())
    else:
        output = console.results()
        print_grounds(output, made, MOVEMENTS[movement].many)
        output.print(f"Saved: {path}", markup=False, soft_wrap=True)


def default_path(side: Side) -> Path:
    """Where the newest calibration of that leg is kept."""
    from kneetrack.sessionlog import user_data_dir

    return user_data_dir() / f"calibration_{side.word}.json"


async def _calibrate(
    address: str,
    side: Side | None,
    movement: str,
    no_table: bool,
    athlete: str | None,
    out: Path | None,
) -> tuple[CalibrationFile, Path]:
    from dataclasses import replace
    from datetime import UTC, datetime

    from kneetrack.calibration.grounds import earlier_zero
    from kneetrack.calibration.procedure import Procedure
    from kneetrack.calibration.steps import MOVEMENTS
    from kneetrack.calibration.zeros import remember, warmth
    from kneetrack.cli import console, references
    from kneetrack.link import open_link, parse_address

    if parse_address(address).kind == "log":
        raise UsageError(f'"{address}" is a recording, no band. Write --link ble:auto.')
    hints = console.hints()
    with hints.status(f"Connecting to {address} ..."):
        link = open_link(address)
        await link.__aenter__()
    try:
        leg = _leg(link, side)
        zeros, zero_utc = None, None
        if no_table:
            kept = [default_path(leg), *([] if out is None else [out])]
            zeros, zero_utc = earlier_zero(link.feature.calibration_id, kept)
            hints.print(ZERO_KEPT if zeros else NO_ZERO)
        procedure = Procedure(leg, MOVEMENTS[movement], table=not no_table, zeros=zeros)
        made = await _guided(link, procedure, hints)
        if made.rests_on["bias"] == "table":
            warm_c, held = await warmth(link), made.calibration
            made = replace(made, zero_temperature_c=warm_c)
            for sentence in remember(link, warm_c, (held.thigh_gyr_bias, held.shank_gyr_bias)):
                hints.print(f"! {sentence}", markup=False)
        made = replace(made, sensors_id=link.feature.sensors_id)
    finally:
        await link.__aexit__(None, None, None)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    if made.rests_on["bias"] == "table":
        zero_utc = now
    made = replace(made, created_utc=now, zero_utc=zero_utc, athlete=athlete)
    if athlete is not None:
        made = references.keep(made, athlete, simulated=link.info.is_simulated, hints=hints)
    path = out or default_path(made.side)
    try:
        made.save(path)
    except KneeTrackError as error:  # somebody has squatted for it
        spare = default_path(made.side)
        if path == spare:
            raise
        made.save(spare)
        hints.print(f"! {error} It is kept in {spare} instead.", markup=False, soft_wrap=True)
        path = spare
    return made, path


def _leg(link: Link, side: Side | None) -> Side:
    """The leg to calibrate. UsageError where the source is the other one."""
    if link.scenario is None:
        return side or Side(link.feature.side)
    known = link.scenario.side
    if side not in (None, known):
        raise UsageError(f"{link.info.address} is a {known.word} leg, not {side.word}.")
    return known


async def _guided(link: Link, procedure: Procedure, hints: Console) -> CalibrationFile:
    """Lead through the procedure. Whatever ends it early, what the band now holds is said."""
    from dataclasses import replace

    from kneetrack.analysis.trace import calibrate as derive
    from kneetrack.calibration import runner
    from kneetrack.calibration.procedure import Accepted
    from kneetrack.calibration.steps import SQUATS
    from kneetrack.cli.guided import open_view

    def made_of(trace: Trace) -> CalibrationFile:
        made = derive(trace, zeros=procedure.zeros)
        # Leg swings are no reference for squats.
        return made if procedure.movement is SQUATS else replace(made, reference=None)

    title = f"Calibrating the {procedure.side.word} leg, {link.info.label}"
    try:
        with open_view(hints, procedure, title) as view:
            return await runner.lead(link, procedure, made_of, view.told)
    except (KneeTrackError, asyncio.CancelledError) as error:
        if isinstance(procedure.outcome, Accepted):
            hints.print(EITHER)
        else:
            hints.print(UNTOUCHED if link.feature.calibration_id else NOT_YET)
        raise error from None
