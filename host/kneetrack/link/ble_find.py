"""What is heard over Bluetooth before anybody connects: bands, and what they say of themselves.

A band tells in its advertising (wire.ADVERTISED) whether somebody is connected to it, whether its
button has opened the window for a new computer, and whether it keeps recordings. Bands before
protocol 1.2 say nothing of the kind.

Whether this computer has a bond with a band, only BlueZ says beforehand (`Paired` among a device's
properties); on Windows and macOS it shows when Knee Feature is read.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, cast

from bleak import BleakScanner
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakError

from kneecore import wire
from kneetrack.errors import BandInUse, BandNotFound, LinkError

CHOICE_S = 1.0
"""How long `ble:auto` goes on listening for a second band after it heard the first."""
IN_USE_S = 3.0
"""How long a band may go on being in use: whoever it was may just have gone."""

_ELSE = "Or take the band's cable: --link serial:auto. Without a band: --link sim:squats."

_ADDRESS = re.compile(r"([0-9A-F]{2}(:[0-9A-F]{2}){5})|([0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12})")


@dataclass(frozen=True, slots=True)
class Backend:
    """The classes that bleak takes instead of its own; None for the system's Bluetooth."""

    scanner: type[BaseBleakScanner] | None = None
    client: type[BaseBleakClient] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A Bluetooth device that was heard; `is_band` when it offers the knee service.

    `flags` are the ADVERTISED_* bits of `kneecore.wire`, None where it tells none; `is_paired` is
    None where this computer can't tell.
    """

    address: str
    name: str | None
    rssi: int
    services: tuple[str, ...]
    is_band: bool
    flags: int | None = None
    is_paired: bool | None = None

    @property
    def label(self) -> str:
        return self.name or self.address

    def says(self, flag: int) -> bool:
        """Whether it advertises that ADVERTISED_* bit."""
        return bool((self.flags or 0) & flag)


@dataclass(frozen=True, slots=True)
class Heard:
    """A band as it was last heard, and what bleak connects to."""

    device: BLEDevice
    found: Found
    is_ours: bool
    """It is connected to this very computer, by a program that has ended without leaving."""

    @property
    def is_free(self) -> bool:
        return self.is_ours or not self.found.says(wire.ADVERTISED_IN_USE)


async def scan(backend: Backend | None = None, timeout_s: float = 5.0) -> list[Found]:
    """Listen for `timeout_s`; bands first, then the rest, each by falling signal strength."""
    with explained("Scanning"):
        heard = await BleakScanner.discover(
            timeout_s,
            return_adv=True,
            **({} if backend is None or backend.scanner is None else {"backend": backend.scanner}),
        )
    found = [_found(device, data) for device, data in heard.values()]
    return sorted(found, key=lambda one: (not one.is_band, -one.rssi))


async def find(
    wanted: str, backend: Backend, timeout_s: float, in_use_s: float = IN_USE_S
) -> Heard:
    """The band of that name or address (`auto`: the only one around), as soon as it is heard.

    Raises BandNotFound, or BandInUse where it goes on saying so.
    """
    heard: dict[str, Heard] = {}
    loop = asyncio.get_running_loop()
    with explained("Looking for the band"), contextlib.suppress(TimeoutError):
        async with (
            BleakScanner(service_uuids=[wire.SERVICE_UUID], backend=backend.scanner) as scanner,
            asyncio.timeout(timeout_s) as patience,
        ):

            def soon(duration_s: float) -> None:
                at = loop.time() + duration_s
                patience.reschedule(min(at, patience.when() or at))

            async for device, data in scanner.advertisement_data():
                one = Heard(device, _found(device, data), _property(device, "Connected") is True)
                if wanted != "auto":
                    if not _is_wanted(one.found, wanted):
                        heard[device.address] = one
                        continue
                    if one.is_free:
                        return one
                    if not any(_is_wanted(other.found, wanted) for other in heard.values()):
                        soon(in_use_s)
                elif device.address not in heard:
                    soon(CHOICE_S if one.is_free else in_use_s)
                elif one.is_free and not heard[device.address].is_free:
                    soon(CHOICE_S)
                heard[device.address] = one
    return _chosen(wanted, list(heard.values()), timeout_s)


def _chosen(wanted: str, heard: list[Heard], timeout_s: float) -> Heard:
    free = [one for one in heard if one.is_free]
    if wanted == "auto" and len(free) == 1:
        return free[0]
    names = sorted(one.found.label for one in (free or heard))
    if wanted == "auto" and len(free) > 1:
        raise BandNotFound(
            f"There are {len(free)} bands: {', '.join(names)}. Choose one, for example "
            f"--link ble:{names[0]}."
        )
    for one in heard:
        if not one.is_free and (wanted == "auto" or _is_wanted(one.found, wanted)):
            raise BandInUse(
                f"{one.found.label} is there, but connected to another computer, phone or program. "
                "It serves one at a time: end the session there, or switch Bluetooth off on that "
                "device, and try again."
            )
    who = "No band" if wanted == "auto" else f'No band called "{wanted}"'
    instead = f" Heard instead: {', '.join(names)}." if names else ""
    raise BandNotFound(
        f"{who} found in {timeout_s:.0f} s.{instead} Is it on, charged, near, and not "
        "connected to another device? `kneetrack scan` lists what this computer hears."
    )


def _found(device: BLEDevice, data: AdvertisementData) -> Found:
    told = data.manufacturer_data.get(wire.COMPANY_ID, b"")
    is_band = wire.SERVICE_UUID in data.service_uuids
    told_enough = is_band and len(told) >= wire.ADVERTISED.size
    paired = _property(device, "Paired")
    return Found(
        address=device.address,
        name=data.local_name or device.name,
        rssi=data.rssi,
        services=tuple(data.service_uuids),
        is_band=is_band,
        flags=wire.ADVERTISED.unpack_from(told).flags if told_enough else None,
        is_paired=None if paired is None else bool(paired),
    )


def _property(device: BLEDevice, name: str) -> object:
    """What BlueZ tells of a device; None on other systems."""
    details = cast("dict[str, Any]", device.details) if isinstance(device.details, dict) else {}
    return details.get("props", {}).get(name)


def _is_wanted(found: Found, wanted: str) -> bool:
    if _ADDRESS.fullmatch(wanted.upper()):
        return found.address.casefold() == wanted.casefold()
    return (found.name or "").casefold() == wanted.casefold()


@contextlib.contextmanager
def explained(what: str) -> Generator[None]:
    """Bluetooth's own errors as a LinkError with a remedy."""
    try:
        yield
    except BleakBluetoothNotAvailableError as error:
        raise LinkError(
            "Bluetooth is off or missing on this computer. Switch it on, or plug in an adapter. "
            + _ELSE
        ) from error
    except TimeoutError:
        raise  # every bounded wait says itself what it waited for
    except BleakError as error:
        raise LinkError(
            f"{what} failed: {error}. Is Bluetooth on, and may this program use it? {_ELSE}"
        ) from error
    except (OSError, EOFError) as error:  # the system's own service, by its socket
        raise LinkError(
            f"{what} failed: this computer's Bluetooth can't be reached. Switch it on (on Linux: "
            f"systemctl start bluetooth). {_ELSE}"
        ) from error
