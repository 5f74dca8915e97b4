"""`kneetrack export`: a recording for other programs (`kneetrack.export`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kneetrack.cli.analyze import OFFLINE_HELP
from kneetrack.cli.options import side_of
from kneetrack.cli.work_bar import WorkBar
from kneetrack.errors import UsageError
from kneetrack.export.formats import BIDS_FOLDER, FORMATS, MODELS, Options, check, formats_of
from kneetrack.export.formats import export as write

_NAMES = ", ".join(FORMATS)
DEFAULT = "csv"
FORMAT_HELP = f"{_NAMES}; opensim (sto and mot); all. Several times for several; csv otherwise."


def export(
    source: Annotated[Path, typer.Argument(help="A log (.mcap) or a trace (.csv).")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder for the files.")],
    formats: Annotated[
        list[str] | None, typer.Option("--format", metavar="FORMAT", help=FORMAT_HELP)
    ] = None,
    side: Annotated[
        str | None, typer.Option(metavar="SIDE", help="Only this leg, on its own clock.")
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            metavar="MODEL", help="mot: which sign knee_angle has: rajagopal (flexion +), gait2392."
        ),
    ] = MODELS[0],
    subject: Annotated[
        str | None, typer.Option(metavar="LABEL", help="bids: instead of the athlete's alias.")
    ] = None,
    realign: Annotated[
        bool, typer.Option("--realign", help="Compute a log's angles anew from its quaternions.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help=OFFLINE_HELP)] = False,
) -> None:
    """Write a recording for other programs: both legs, on one clock.

    \b
    Examples:
      kneetrack export session.mcap --out lab
      kneetrack export session.mcap --out lab --format c3d --format parquet
      kneetrack export session.mcap --out lab --format opensim --model gait2392
      kneetrack export session.mcap --out study --format bids --subject P07

    \b
    csv      angles, sensor quaternions, raw IMU, reps and events; units in the header
    parquet  the same, with unit and meaning in every field (extra: tables)
    sto      OpenSim: orientations of femur and tibia, for OpenSense
    mot      OpenSim: knee_angle, knee_adduction, knee_rotation
    bids     Motion-BIDS: DIR/bids is a data set, to which every session is added
    c3d      knee angles as points, raw IMU as analog channels, reps as events (extra: c3d)

    Times are seconds since the session's start. Missing samples are told as such in every format,
    never filled in. Signs: flexion +, valgus (inward) +, internal rotation +, on both legs; where
    a format has its own, they are in its header, and all are in host/EXPORTS.md.
    """
    from kneetrack.cli import console

    asked = formats_of(formats or [DEFAULT])
    if model not in MODELS:
        raise UsageError(f'--model is {" or ".join(MODELS)}, not "{model}".')
    if offline and realign:
        raise UsageError("--offline computes all angles anew already; leave --realign out.")
    wanted = side_of(side)
    check(asked, source, out)
    hints = console.hints()
    with WorkBar(hints) as bar:
        from kneetrack.export.recording import How, read_recording

        recording = read_recording(source, How(wanted, realign, offline), bar.told)
        written = write(recording, asked, out, Options(model, subject), bar.told)
    data_set = out / BIDS_FOLDER
    alone = [path for path in written if data_set not in path.parents]
    for path in alone:
        typer.echo(path)
    if len(alone) < len(written):
        typer.echo(data_set)
    for warning in recording.result.warnings:
        hints.print(f"! {warning}", markup=False, soft_wrap=True)
    legs = " and ".join(leg.side.word for leg in recording.legs)
    many = "" if len(written) == 1 else "s"
    hints.print(
        f"{len(written)} file{many}: {legs} leg{'' if len(recording.legs) == 1 else 's'}, "
        f"{recording.last_s - recording.first_s:.0f} s.",
        markup=False,
        soft_wrap=True,
    )
    for leg in recording.legs:
        if leg.angles.missing:
            hints.print(
                f"! {leg.angles.missing} knee samples of the {leg.side.word} leg are missing, and "
                "told so in the files.",
                markup=False,
                soft_wrap=True,
            )
        if leg.imu is None:
            hints.print(
                f"! The recording holds no raw IMU data of the {leg.side.word} leg.",
                markup=False,
                soft_wrap=True,
            )
