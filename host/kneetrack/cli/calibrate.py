"""`kneetrack calibrate`: from a few movements to a calibration in the band and in a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kneetrack.cli.options import JSON_HELP, LINK_VARIABLE, check_output, side_of
from kneetrack.errors import InputError, KneeTrackError, UsageError
from kneetrack.samples import Side

if TYPE_CHECKING:
    from kneetrack.calibration import CalibrationFile
    from kneetrack.cli.calibrate_legs import Wanted

BOTH = "both"
_BOTH_SIDES = (Side.RIGHT, Side.LEFT)
_AS_TOLD = (None, None)  # by the bands


def calibrate(
    link: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LINK",
            envvar=LINK_VARIABLE,
            help="ble:auto, ble:NAME, serial:PORT, sim:SCENARIO or trace:FILE.csv; twice for both "
            "legs at once [default: ble:auto].",
        ),
    ] = None,
    side: Annotated[
        str | None,
        typer.Option(
            metavar="SIDE",
            help="The leg that wears the band; both: the first link's band is on the right leg, "
            "the second's on the left.",
        ),
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
            help="Whose leg it is: calibration and squats are kept for that person, and compared "
            "with earlier ones.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="CAL.json; of both legs CAL_right.json and CAL_left.json [default: in your data "
            "folder, one a leg and person]."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Calibrate a band: on a table, strapped on, standing, five slow squats; 40 s on the leg.

    \b
    Examples:
      kneetrack calibrate --side right
      kneetrack calibrate --side right --athlete A
      kneetrack calibrate --side right --movement swing
      kneetrack calibrate --link ble:KneeBand-1A2B --link ble:KneeBand-3C4D --side both
      kneetrack calibrate --link sim:squats --out cal.json
      kneetrack record --calibration cal.json

    The screen says what to do and goes on by itself. What is not good enough is said, with what to
    do better, and only that step is done again. The band keeps its calibration until the next one.
    """
    import asyncio

    from kneetrack.calibration.steps import MOVEMENTS
    from kneetrack.cli import calibrate_legs

    if movement not in MOVEMENTS:
        raise UsageError(f'--movement is one of {", ".join(MOVEMENTS)}, not "{movement}".')
    both = side == BOTH or len(link or []) == 2
    if len(link or []) > 2:
        raise UsageError("A person has two legs: give --link once or twice.")
    if both and movement != "squat":
        raise UsageError("Legs are swung one at a time: calibrate each with its own --link.")
    if both and link and len(link) < 2:
        raise UsageError("--side both needs two links, or none: then both bands are looked for.")
    if both and side not in (None, BOTH):
        raise UsageError("With two links --side is both, or is left out.")
    sides = [side_of(side)] if not both else _BOTH_SIDES if side == BOTH else _AS_TOLD
    _check_places(out, both)
    wanted = calibrate_legs.Wanted(movement, no_table, athlete, out)
    done, failed = asyncio.run(_calibrated(link, sides, wanted))
    _show(done, MOVEMENTS[movement].many, json=json, both=both)
    if failed is not None:
        raise failed


def default_path(side: Side) -> Path:
    """Where the newest calibration of that leg is kept."""
    from kneetrack.calibration.people import newest_path

    return newest_path(side)


async def _calibrated(
    link: list[str] | None, sides: Sequence[Side | None], wanted: Wanted
) -> tuple[list[tuple[CalibrationFile, Path]], KneeTrackError | None]:
    from kneetrack.cli import console
    from kneetrack.cli.calibrate_legs import both_around, calibrate_legs

    hints = console.hints()
    addresses = link
    if not addresses and len(sides) == 2:
        with hints.status("Looking for both bands ..."):
            addresses = await both_around()
    return await calibrate_legs(addresses or ["ble:auto"], sides, wanted, hints)


def _check_places(out: Path | None, both: bool) -> None:
    """Before anybody does a single squat: that what comes of it can be written."""
    from kneetrack.calibration.store import KIND
    from kneetrack.cli.calibrate_legs import out_of
    from kneetrack.sessionlog import user_data_dir
    from kneetrack.sessionlog.room import check_room

    if out is None:
        check_room(user_data_dir())
        return
    for path in [out_of(out, one) for one in Side] if both else [out]:
        check_output(path, KIND)
        if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
            raise InputError(f"--out {path} can't be written; choose another name or folder.")


def _show(
    done: Sequence[tuple[CalibrationFile, Path]], many: str, *, json: bool, both: bool
) -> None:
    from kneetrack.cli import console
    from kneetrack.cli.guided import print_grounds

    if json:
        made = [one.to_json() for one, _ in done]
        if made or both:
            console.print_json({"calibrations": made} if both else made[0])
        return
    output = console.results()
    for one, path in done:
        print_grounds(output, one, many)
        output.print(f"Saved: {path}", markup=False, soft_wrap=True)
