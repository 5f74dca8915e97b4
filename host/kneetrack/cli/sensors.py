"""`kneetrack sensors`: what the two IMUs of a band get wrong, found on a table and taken off."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kneetrack.cli.options import JSON_HELP, LINK_VARIABLE

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from kneetrack.calibration.imu import ImuCalibration
    from kneetrack.calibration.sensors import Identity, SensorRecord
    from kneetrack.calibration.tumbling import Outcome, Progress

_MG = 9.80665e-3

_HOW = (
    "Take the band off. Put each sensor down on a table, on each of its six faces in turn: let go "
    "of it for two seconds, turn it a quarter over another edge than the last time, and so on. "
    "Both at once or one after the other, as you like. It ends by itself."
)


def sensors(
    link: Annotated[
        str,
        typer.Option(
            metavar="LINK",
            envvar=LINK_VARIABLE,
            help="ble:auto, ble:NAME, serial:PORT or sim:tumble.",
        ),
    ] = "ble:auto",
    show: Annotated[
        bool, typer.Option("--show", help="List what is stored of every sensor; no band is needed.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Calibrate the two sensors of a band on a table, once and then every few months: 2 minutes.

    \b
    Examples:
      kneetrack sensors
      kneetrack sensors --link sim:tumble
      kneetrack sensors --show

    The band keeps the result and measures with it from then on. Calibrate your leg anew afterwards:
    kneetrack calibrate.
    """
    import asyncio

    from kneetrack.cli import console

    if show:
        _show(json)
        return
    outcome, paths = asyncio.run(_calibrate(link))
    if json:
        console.print_json(_outcome_json(outcome, paths))
        return
    from kneetrack.calibration.sensors import MOUNTS

    output = console.results()
    for mount, imu in zip(MOUNTS, outcome.found, strict=True):
        output.print(_sentence(mount, imu))
    for path in paths:
        output.print(f"Saved: {path}", markup=False, soft_wrap=True)
    console.hints().print(
        "The band uses it from now on. Calibrate your leg anew: kneetrack calibrate."
    )


async def _calibrate(address: str) -> tuple[Outcome, tuple[Path, Path]]:
    from kneetrack.calibration import sensors as store
    from kneetrack.calibration.tumbling import calibrate_sensors
    from kneetrack.cli import console
    from kneetrack.errors import UsageError
    from kneetrack.link import open_link, parse_address

    source = parse_address(address)
    if source.kind not in ("ble", "serial") and (source.kind, source.target) != ("sim", "tumble"):
        raise UsageError(
            f"{address}: there nobody turns the sensors over on a table, so they can't be "
            "calibrated. Give --link ble:NAME, or of the simulated ones sim:tumble."
        )
    hints = console.hints()
    with hints.status(f"Connecting to {address} ..."):
        link = open_link(address)
        await link.__aenter__()
    try:
        hints.print(_HOW)
        with _Watching(hints) as watching:
            outcome = await calibrate_sensors(link, watching.tell)
        thigh, shank = store.identities(link)
        paths = store.keep(
            thigh,
            shank,
            outcome.found,
            sensors_id=outcome.sensors.sensors_id,
            temperature_c=outcome.temperature_c,
            utc=datetime.now(UTC).isoformat(timespec="seconds"),
        )
    finally:
        await link.__aexit__(None, None, None)
    return outcome, paths


class _Watching:
    """Both sensors' progress: a table that is drawn over where there is a terminal, else lines."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live

        self._console = console
        self._live = Live(console=console, transient=True, auto_refresh=False)
        self._told = ""

    def __enter__(self) -> _Watching:
        if self._console.is_terminal:
            self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.__exit__(None, None, None)

    def tell(self, both: tuple[Progress, Progress]) -> None:
        if self._console.is_terminal:
            self._live.update(_progress_table(both), refresh=True)
            return
        waits = [one.waits for one in both if one.waits is not None]
        faces = ", ".join(f"{one.mount} {len(one.faces)} of 6 faces" for one in both)
        line = " ".join(waits) or faces
        if line != self._told:
            self._told = line
            self._console.print(line)


def _progress_table(both: tuple[Progress, Progress]) -> Table:
    from rich.table import Table

    from kneetrack.calibration.stills import FACES

    table = Table(box=None, pad_edge=False)
    for title in ("sensor", "faces up", "positions", "axes known to", "next"):
        table.add_column(title)
    for one in both:
        faces = " ".join(face if face in one.faces else " ·" for face in FACES)
        known = "" if one.axes_sigma is None else f"±{100 * one.axes_sigma:.2f} %"
        table.add_row(one.mount, faces, str(one.poses), known, one.waits or one.wants or "done")
    return table


def _sentence(mount: str, imu: ImuCalibration) -> str:
    """What was off and is taken off now, and how well it is known: standard uncertainties."""
    return (
        f"{mount.capitalize()} sensor, {imu.poses} positions: the accelerometer's offset was up to "
        f"{imu.offset_error_m_s2 / _MG:.1f} mg and is known to "
        f"±{imu.acc_offset_sigma_m_s2 / _MG:.1f} mg, scales and axes were off by up to "
        f"{100 * imu.axes_error:.1f} % and are known to ±{100 * imu.axes_sigma:.2f} %."
    )


def _outcome_json(outcome: Outcome, paths: tuple[Path, Path]) -> dict[str, Any]:
    from dataclasses import asdict

    thigh, shank = (asdict(imu) for imu in outcome.found)
    return {
        "sensors_id": outcome.sensors.sensors_id,
        "temperature_c": list(outcome.temperature_c),
        "thigh": thigh,
        "shank": shank,
        "files": [str(path) for path in paths],
    }


def _show(json: bool) -> None:
    from kneetrack.calibration import sensors as store
    from kneetrack.cli import console

    records = store.load_all()
    if json:
        console.print_json({"sensors": [_record_json(record) for record in records]})
        return
    output = console.results()
    if not records:
        output.print("Nothing is stored of any sensor yet. Begin with: kneetrack sensors")
    for record in records:
        output.print(f"{record.identity.band}, {record.identity.mount} sensor", markup=False)
        for line in _record_lines(record):
            output.print(f"  {line}", markup=False)


def _record_json(record: SensorRecord) -> dict[str, Any]:
    from dataclasses import asdict

    curve = record.curve
    return record.to_json() | {"curve": None if curve is None else asdict(curve)}


def _chip(identity: Identity) -> str:
    """What it is. A simulated one answers as the board's chip does, whose errors it ever has."""
    from kneetrack.faults import CHIPS

    if identity.band.startswith("Simulated-"):
        return "simulated chip"
    return f"chip {CHIPS.get(identity.who_am_i, f'0x{identity.who_am_i:02X}')}"


def _record_lines(record: SensorRecord) -> list[str]:
    chip = _chip(record.identity)
    made = record.calibration
    if made is None:
        lines = [f"{chip}; not calibrated"]
    else:
        warm = "" if made.temperature_c is None else f" at {made.temperature_c:.0f} °C"
        imu = made.imu
        lines = [
            f"{chip}; calibrated {made.utc[:10]}{warm} from {imu.poses} positions",
            f"taken off: the accelerometer's offset, up to {imu.offset_error_m_s2 / _MG:.1f} mg "
            f"(±{imu.acc_offset_sigma_m_s2 / _MG:.1f}), and errors of scales and axes, up to "
            f"{100 * imu.axes_error:.1f} % (±{100 * imu.axes_sigma:.2f})",
        ]
    curve = record.curve
    if curve is None:
        lines.append(
            f"{len(record.comparable)} table zeros; a curve over temperature needs 3, and 3 °C "
            "between them"
        )
    else:
        zero = ", ".join(f"{math.degrees(v):+.3f}" for v in curve.bias_rad_s)
        slope = ", ".join(f"{math.degrees(v):+.4f}" for v in curve.slope_rad_s_k)
        lines += [
            f"zero at {curve.reference_c:.1f} °C: {zero}°/s "
            f"(±{math.degrees(curve.scatter_rad_s):.3f})",
            f"and per °C: {slope} (±{math.degrees(curve.slope_sigma_rad_s_k):.4f}), from "
            f"{curve.points} table zeros, {record.comparable[0].utc[:10]} to "
            f"{record.comparable[-1].utc[:10]}",
        ]
    return lines
