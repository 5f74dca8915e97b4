"""Ways to a band. `open_link(address)` makes one; what they share is in `base`.

`open_links` makes those of one person: simulated legs then live in one world, with one air and one
time, as two real bands do by themselves (link.radio.world).

    ble:auto | ble:NAME | ble:ADDRESS          a band over Bluetooth
    serial:auto | serial:PORT                  a band on a USB cable, like serial:/dev/ttyACM0
    sim:SCENARIO?key=value&speed=1&seed=1      a simulated band on a simulated leg
    trace:FILE.csv?speed=max                   a recorded IMU file, played to a simulated band
    log:FILE.mcap?speed=1                      a recorded session

`speed` is N times real time, or `max`. The packages that a kind needs are imported when it is
opened: bleak for ble, bleak and bumble for sim and trace, serialx for serial.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from kneetrack.errors import LinkError, UsageError, install
from kneetrack.link.base import Link, LinkFigures, LinkInfo, Scenario
from kneetrack.samples import Side

if TYPE_CHECKING:
    from kneetrack.link.radio.world import World

__all__ = [
    "Address",
    "Link",
    "LinkFigures",
    "LinkInfo",
    "Scenario",
    "open_link",
    "open_links",
    "parse_address",
]

KINDS = ("ble", "serial", "sim", "trace", "log")
_FORMS = "ble:auto, ble:NAME, serial:PORT, sim:squats, trace:FILE.csv or log:FILE.mcap"
_SIMULATED = ("sim", "trace")
_PACKAGES = {"bleak": "live", "bumble": "sim", "serialx": "serial"}


@dataclass(frozen=True, slots=True)
class Address:
    """A link address in its parts; `options` without `speed`."""

    kind: str
    target: str
    options: dict[str, str]
    speed: float


def parse_address(text: str) -> Address:
    """The parts of a link address; UsageError where it is none."""
    kind, colon, rest = text.partition(":")
    if not colon or kind not in KINDS:
        raise UsageError(f'"{text}" is no link address. Write {_FORMS}.')
    target, _, query = rest.partition("?")
    if not target:
        raise UsageError(f'"{text}" names nothing behind "{kind}:". Write {_FORMS}.')
    pairs = parse_qsl(query, keep_blank_values=True)
    if query and not all(key and value for key, value in pairs or [("", "")]):
        raise UsageError(f'"{text}": options are written ?key=value&key=value.')
    options = dict(pairs)
    if options and kind in ("ble", "serial"):
        raise UsageError(f'"{text}": a {kind}: address takes no options.')
    speed = _speed(text, options.pop("speed", "1"))
    return Address(kind, target, options, speed)


def open_link(text: str) -> Link:
    """The link at that address, ready to be entered (`async with`).

    Raises UsageError for a bad address, LinkError where a package is missing, and for files what
    reading them raises (TraceError, LogError).
    """
    return open_links([text])[0]


def open_links(texts: Sequence[str]) -> list[Link]:
    """The links at these addresses, of the two legs of one person. Raises as `open_link`."""
    addresses = [parse_address(text) for text in texts]
    speeds = {address.speed for address in addresses if address.kind in _SIMULATED}
    if len(speeds) > 1:
        raise UsageError("Simulated legs live in one time: give both links the same speed.")
    worlds: list[World] = []
    return [_opened(text, address, worlds) for text, address in zip(texts, addresses, strict=True)]


def _opened(text: str, address: Address, worlds: list[World]) -> Link:
    """The link; `worlds` holds the world of all simulated ones, once there is one."""
    try:
        return _OPENERS[address.kind](text, address, worlds)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _PACKAGES:
            raise
        extra = "sim" if address.kind in _SIMULATED else _PACKAGES[package]
        raise LinkError(
            f"{address.kind}: links need the package {package}, which is not installed. "
            f"{install(extra)}"
        ) from error


def _ble(text: str, address: Address, _: list[World]) -> Link:
    from kneetrack.link.ble import BandLink

    label = "the band" if address.target == "auto" else address.target
    return BandLink(LinkInfo(text, label, False, False), address.target)


def _serial(text: str, address: Address, _: list[World]) -> Link:
    from kneetrack.link.serial import SerialLink

    label = "the band" if address.target == "auto" else f"the band at {address.target}"
    return SerialLink(LinkInfo(text, label, False, False), address.target)


def _sim(text: str, address: Address, worlds: list[World]) -> Link:
    from kneetrack.link.sim import SimLink

    query = "&".join(f"{key}={value}" for key, value in address.options.items())
    scenario = f"{address.target}?{query}" if query else address.target
    info = LinkInfo(text, f"a simulated band ({address.target})", True, True)
    return SimLink(info, scenario, address.speed, world=_the_one(worlds))


def _trace(text: str, address: Address, worlds: list[World]) -> Link:
    from kneetrack.link.trace import TraceLink

    path = Path(address.target)
    options = dict(address.options)
    side = _side(text, options.pop("side", None))
    info = LinkInfo(text, f"a simulated band playing {path.name}", True, True)
    return TraceLink(info, path, address.speed, side, options, world=_the_one(worlds))


def _log(text: str, address: Address, _: list[World]) -> Link:
    from kneetrack.link.replay import ReplayLink

    path = Path(address.target)
    options = dict(address.options)
    side = _side(text, options.pop("side", None))
    if options:
        raise UsageError(f'"{text}": a log: address takes only speed and side.')
    info = LinkInfo(text, f"the recording {path.name}", False, True)
    return ReplayLink(info, path, address.speed, side)


def _the_one(worlds: list[World]) -> World:
    from kneetrack.link.radio.world import World

    if not worlds:
        worlds.append(World())
    return worlds[0]


_OPENERS = {"ble": _ble, "serial": _serial, "sim": _sim, "trace": _trace, "log": _log}


def _side(text: str, word: str | None) -> Side | None:
    if word is None:
        return None
    try:
        return Side.from_word(word)
    except ValueError as error:
        raise UsageError(f'"{text}": {error}.') from None


def _speed(text: str, word: str) -> float:
    """0.0 for `max`."""
    if word == "max":
        return 0.0
    try:
        speed = float(word)
    except ValueError:
        speed = math.nan
    if math.isfinite(speed) and speed >= 0:
        return speed
    raise UsageError(f'"{text}": speed is a number of times real time, like speed=4, or speed=max.')
