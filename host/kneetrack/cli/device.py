"""`kneetrack device`: one band, looked at, found, paired and forgotten."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from kneecore import settings, wire
from kneetrack.cli.options import JSON_HELP, LINK_VARIABLE
from kneetrack.errors import UPDATE_BAND, LinkError, UsageError
from kneetrack.samples import Side, Status

if TYPE_CHECKING:
    from kneetrack.link import Link

T = TypeVar("T")


LinkOption = Annotated[
    str,
    typer.Option(
        "--link",
        metavar="LINK",
        envvar=LINK_VARIABLE,
        help="ble:auto, ble:NAME, serial:PORT or sim:NAME.",
    ),
]

_STATES = {
    wire.STATE_IDLE: "idle",
    wire.STATE_STREAMING: "streaming",
    wire.STATE_FAULT: "a motion sensor does not answer",
    wire.STATE_RECORDING: "recording by itself",
}

_CAUSES = {
    settings.RESET_POWER: "switched on",
    settings.RESET_WATCHDOG: "by the watchdog: its program hung",
    settings.RESET_CRASH: "by itself: its program failed (crash.txt on the band)",
    settings.RESET_BROWN_OUT: "its voltage had fallen too low",
    settings.RESET_SLEEP: "woken",
    settings.RESET_OTHER: "by its reset button, or by a computer",
}

device = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@device.callback(invoke_without_command=True)
def which(context: typer.Context) -> None:
    """One band: what it is, which of them it is, and which computers it obeys.

    \b
    A band obeys only computers that it knows. To have it know this one: hold its button for
    3 s, until the lamp blinks fast, and within a minute run `kneetrack device pair`. Held for
    10 s the button makes it forget every computer.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@device.command()
def info(
    link: LinkOption = "ble:auto",
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Tell what a band is and how it is: side, calibration, battery, memory, connection.

    \b
    Examples:
      kneetrack device info
      kneetrack device info --link ble:KneeBand-12AB --json
      kneetrack device info --link sim:squats

    What may be wrong with it, and what to do then: kneetrack doctor.
    """
    from kneetrack.cli import console

    told = _with_band(link, _told)
    if json:
        console.print_json({"format": 1, **told})
        return
    out = console.results()
    for label, text in _lines(told):
        out.print(f"{label:<14}{text}", markup=False)


@device.command()
def config(
    link: LinkOption = "ble:auto",
    sleep: Annotated[
        int | None,
        typer.Option(
            "--sleep", metavar="MINUTES", help="Unused for so long it sleeps, up to 240; 0: never."
        ),
    ] = None,
    lamp: Annotated[
        bool | None,
        typer.Option(
            "--lamp/--no-lamp", help="The lamp; pairing, identify and a silent sensor show always."
        ),
    ] = None,
    cue: Annotated[
        int | None,
        typer.Option(
            "--cue", metavar="MS", help="How long the pulse of a cue on the band lasts, 50 to 500."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Show what is set on a band, or set it. The band keeps it over restarts.

    \b
    Examples:
      kneetrack device config
      kneetrack device config --sleep 20 --no-lamp
      kneetrack device config --cue 300 --link ble:KneeBand-12AB
    """
    from kneetrack.cli import console

    wanted = {
        "sleep_min": sleep,
        "lamp": None if lamp is None else settings.LAMP_ON if lamp else settings.LAMP_OFF,
        "cue_ms": cue,
    }
    for name, least, most in settings.LIMITS:
        value = wanted[name]
        if value is not None and not least <= value <= most:
            option = {"sleep_min": "--sleep", "cue_ms": "--cue"}[name]
            raise UsageError(f"{option} must be within {least} and {most}, not {value}.")

    async def told(band: Link) -> dict[str, int]:
        from kneetrack.live import command

        if (band.feature.protocol_major, band.feature.protocol_minor) < (1, 3):
            raise LinkError(
                "This band's firmware has nothing to set (it speaks a protocol before 1.3). "
                + UPDATE_BAND
            )
        answer = await command(band, wire.OP_QUERY, wire.QUERY.pack(wire.QUERY_CONFIG))
        values: Any = settings.SETTINGS.unpack_from(answer.payload)
        held = {name: getattr(values, name) for name, _, _ in settings.LIMITS}
        changed = held | {name: value for name, value in wanted.items() if value is not None}
        if changed != held:
            await command(band, wire.OP_SET_CONFIG, settings.SETTINGS.pack(*changed.values()))
        return changed

    values = _with_band(link, told)
    if json:
        console.print_json({"format": 1, **values})
        return
    out = console.results()
    minutes = values["sleep_min"]
    out.print(f"{'Sleep':<14}{f'after {minutes} min unused' if minutes else 'never'}")
    out.print(f"{'Lamp':<14}{'on' if values['lamp'] else 'off, but for pairing and what is amiss'}")
    out.print(f"{'Cue':<14}a pulse of {values['cue_ms']} ms")


@device.command()
def identify(
    link: LinkOption = "ble:auto",
    seconds: Annotated[
        int, typer.Option("--seconds", min=0, max=255, help="How long it flickers; 0 ends it.")
    ] = 10,
) -> None:
    """Have a band's lamp flicker, to see which of several it is; a motor for cues buzzes once.

    \b
    Examples:
      kneetrack device identify --link ble:KneeBand-12AB
      kneetrack device identify --seconds 60
    """
    from kneetrack.cli import console

    async def flicker(band: Link) -> str:
        from kneetrack.live import command

        await command(band, wire.OP_IDENTIFY, wire.IDENTIFY.pack(seconds))
        return band.name or band.info.label

    name = _with_band(link, flicker)
    said = f"flickers for {seconds} s" if seconds else "has stopped flickering"
    console.results().print(f"The lamp of {name} {said}.", markup=False)


@device.command()
def pair(link: LinkOption = "ble:auto") -> None:
    """Have a band know this computer, or see that it does.

    \b
    1. Hold the band's button for 3 s, until its lamp blinks fast. It does so for a minute.
    2. Run this. Your system may ask you to confirm.

    \b
    Examples:
      kneetrack device pair
      kneetrack device pair --link ble:KneeBand-12AB

    Only needed once; kneetrack record does the same where it meets a new band. The band knows four
    computers; a fifth takes the place of the one that was away for longest.
    """
    from kneetrack.cli import console

    async def met(band: Link) -> str:
        return band.name or band.info.label

    name = _with_band(link, met)
    console.results().print(f"{name} and this computer know each other.", markup=False)
    console.hints().print(f"Next: kneetrack calibrate --link {quote(link)}", markup=False)


@device.command()
def forget(
    link: LinkOption = "ble:auto",
    everybody: Annotated[
        bool, typer.Option("--all", help="Have the band forget all computers, not just this one.")
    ] = False,
) -> None:
    """Have band and computer forget each other: the band when it changes hands, say.

    \b
    Examples:
      kneetrack device forget
      kneetrack device forget --all

    Without a computer: hold the band's button for 10 s, and it forgets all of them. Recordings and
    calibration stay on the band; kneetrack sync fetches and deletes those.
    """
    from kneetrack.cli import console
    from kneetrack.link import parse_address

    async def forgotten(band: Link) -> str:
        from kneetrack.link.serial import SerialLink
        from kneetrack.live import command

        if isinstance(band, SerialLink) and not everybody:
            raise UsageError(
                "A band on a cable asks nobody who they are, so there is nothing to forget. "
                "--all has it forget every computer that it knows over Bluetooth."
            )
        which = wire.FORGET_ALL if everybody else wire.FORGET_ME
        await command(band, wire.OP_FORGET, wire.FORGET.pack(which))
        if not isinstance(band, SerialLink):
            await _unpair(band)
        return band.name or band.info.label

    name = _with_band(link, forgotten)
    who = "every computer" if everybody else "this computer"
    console.results().print(f"{name} has forgotten {who}.", markup=False)
    if parse_address(link).kind in ("ble", "serial"):
        console.hints().print(
            "Should your system's Bluetooth settings still list it, remove it there too."
        )


async def _unpair(band: Link) -> None:
    from kneetrack.link.ble import BandLink

    if isinstance(band, BandLink):
        await band.unpair()


def _with_band(address: str, work: Callable[[Link], Awaitable[T]]) -> T:
    """What `work` makes of the band at that address, while it is connected."""
    import asyncio

    from kneetrack.cli import console
    from kneetrack.link import open_link, parse_address

    if parse_address(address).kind == "log":
        raise UsageError(f'"{address}" is a recording, no band. Write --link ble:auto.')
    band = open_link(address)

    async def run() -> T:
        async with band:
            return await work(band)

    with console.hints().status(f"Connecting to {band.info.label} ..."):
        return asyncio.run(run())


async def _told(band: Link) -> dict[str, Any]:
    from kneetrack.cli.cue import kept_policy
    from kneetrack.live import command
    from kneetrack.maintenance.update_rows import firmware_told
    from kneetrack.protocol import read_status

    answer = await command(band, wire.OP_QUERY, wire.QUERY.pack(wire.QUERY_STATUS))
    status = read_status(answer.payload)
    if status is None:
        raise LinkError("The band's report could not be read. Update band and program.")
    feature = band.feature
    return {
        "name": band.name,
        "protocol": [feature.protocol_major, feature.protocol_minor],
        "firmware": await firmware_told(band),
        "side": Side(feature.side).word,
        "imus": [feature.thigh_chip, feature.shank_chip],
        "calibration_id": feature.calibration_id,
        "calibration": _calibration_told(feature.calibration_id, Side(feature.side)),
        "sensors_id": feature.sensors_id,
        "rssi_dbm": band.figures.rssi_dbm,
        "mtu": band.figures.mtu,
        "own_cues": await kept_policy(band),
        **_status_told(status),
    }


def _calibration_told(calibration_id: int, side: Side) -> dict[str, Any] | None:
    """What is known here of the calibration that the band holds."""
    from kneetrack.calibration import people

    made = people.held(calibration_id, side)
    if made is None:
        return None
    return {
        "athlete": made.athlete,
        "grade": made.grade,
        "created_utc": made.created_utc,
        "words": people.described(made),
    }


def _status_told(status: Status) -> dict[str, Any]:
    return {
        "state": _STATES.get(status.state, f"state {status.state}"),
        "uptime_s": status.uptime_s,
        "battery_percent": status.battery_percent,
        "minutes_left": status.minutes_left,
        "plugged": None if status.power is None else bool(status.power & settings.POWER_USB),
        "charging": None if status.power is None else bool(status.power & settings.POWER_CHARGING),
        "motion_wakes": bool((status.power or 0) & settings.POWER_MOTION_WAKE),
        "reset_cause": _CAUSES.get(status.reset_cause or 0),
        "cues": status.cues,
        "storage_free_kib": status.storage_free_kib,
        "recordings": status.recordings,
        "connection_interval_ms": status.connection_interval_ms,
        "supervision_timeout_ms": status.supervision_timeout_ms,
    }


def _battery(told: dict[str, Any]) -> str:
    text = f"{told['battery_percent']} %"
    if told["charging"]:
        return f"{text}, being charged"
    if told["plugged"]:
        return f"{text}, on a cable"
    if told["minutes_left"] is not None:
        from kneetrack.maintenance.band_rows import time_left

        return f"{text}, about {time_left(told['minutes_left'])} left"
    return text


def _lines(told: dict[str, Any]) -> list[tuple[str, str]]:
    """The same for people; what is not known is left out."""

    from kneetrack.cli.cue import own_cues_line
    from kneetrack.maintenance.update_rows import firmware_lines

    def known(value: object, text: str) -> str:
        return "" if value is None else text

    protocol = ".".join(str(part) for part in told["protocol"])
    calibrated = told["calibration_id"]
    known_here = told["calibration"]
    whose = f", {known_here['words']}" if known_here else ", not made on this computer"
    radio = [
        known(told["rssi_dbm"], f"{told['rssi_dbm']} dBm at the last advertisement"),
        known(told["mtu"], f"MTU {told['mtu']}"),
        known(told["connection_interval_ms"], f"every {told['connection_interval_ms']} ms"),
    ]
    memory = [
        known(told["recordings"], f"{told['recordings']} recordings to fetch"),
        known(told["storage_free_kib"], f"{told['storage_free_kib']} KiB free"),
    ]
    lines = [
        ("Band", f"{told['name']}, protocol {protocol}"),
        *firmware_lines(told["firmware"]),
        ("Leg", told["side"]),
        (
            "Calibration",
            f"number {calibrated}{whose}" if calibrated else "none: kneetrack calibrate",
        ),
        ("Sensors", f"number {told['sensors_id']}" if told["sensors_id"] else "as made"),
        ("Own cues", own_cues_line(told)),
        ("State", f"{told['state']}, on for {told['uptime_s']:.0f} s"),
        ("Battery", known(told["battery_percent"], _battery(told)) or "not known"),
        ("Wakes", "by its button, or when it is moved" if told["motion_wakes"] else ""),
        ("Last start", known(told["reset_cause"], str(told["reset_cause"]))),
        ("Memory", ", ".join(part for part in memory if part)),
        ("Connection", ", ".join(part for part in radio if part)),
    ]
    return [(label, text) for label, text in lines if text]
