"""The serial port of a board that is to be flashed: found by its vendor, told where it is in doubt.

A board has two faces on one cable. The ROM's download mode and the running MicroPython are two USB
devices, and a reset takes the port away for a moment; `again` finds it under its new name.
"""

from __future__ import annotations

import errno
import re
import time
from dataclasses import dataclass
from typing import Any

from serial.tools import list_ports

from kneetrack.errors import BandNotFound, LinkError
from kneetrack.link.serial import BAND_VENDORS

DOWNLOAD_MODE = "hold BOOT, press and release RESET, then let go of BOOT"
"""How an ESP32-S3 gets into the ROM's download mode, whatever runs on it."""
_NONE_FOUND = (
    "No board is to be seen. Is the cable in, and one that carries data (many only charge)? A new "
    f"board may want its download mode: {DOWNLOAD_MODE}. On Windows before 10 it wants a driver. "
    "Ports of this computer: {others}; one can be named by --port."
)


@dataclass(frozen=True, slots=True)
class Port:
    """A port: its name here, and the USB device's number by which it is known again."""

    device: str
    serial_number: str | None = None
    product: str | None = None

    def __str__(self) -> str:
        return self.device


def choose(wanted: str | None) -> Port:
    """The port that was named, or else the only one that may be a band's. Raises BandNotFound."""
    ports = _ports()
    if wanted is not None:
        return next((_port(one) for one in ports if one.device == wanted), Port(wanted))
    found = [_port(one) for one in ports if one.vid in BAND_VENDORS]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"{one} ({one.product or 'unnamed'})" for one in found)
        raise BandNotFound(
            f"There are {len(found)} boards: {names}. Choose one, for example --port {found[0]}."
        )
    raise BandNotFound(_NONE_FOUND.format(others=_names(ports)))


def again(port: Port) -> Port:
    """Where that board is now, after a reset: its name may have changed."""
    ports = _ports()
    for one in ports:
        if port.serial_number is not None and one.serial_number == port.serial_number:
            return _port(one)
    if any(one.device == port.device for one in ports):
        return port
    found = [one for one in ports if one.vid in BAND_VENDORS]
    return _port(found[0]) if len(found) == 1 else port


def explained(port: Port, error: OSError) -> LinkError:
    """Why a port can't be opened, and what to do."""
    number = error.errno
    if number is None and (found := re.search(r"\((\d+), ", str(error))):
        number = int(found[1])  # pyserial puts some causes into words
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in str(error):
        return LinkError(
            f"{port} is used by another program. End it (a terminal program, an editor with a "
            "board's console, a running kneetrack), then run this again."
        )
    if number == errno.ENOENT or isinstance(error, FileNotFoundError):
        return BandNotFound(
            f"There is no serial port {port}. Is the cable in, and one that carries data? Ports of "
            f"this computer: {_names(_ports())}."
        )
    if number in (errno.EACCES, errno.EPERM):
        return LinkError(
            f"{port} may not be used by this account, or another program uses it. On Linux: sudo "
            "usermod -aG dialout $USER, then log out and in again. Elsewhere: end the other "
            "program."
        )
    if number in (errno.ENOTTY, errno.EISDIR):
        return LinkError(f"{port} is no serial port. Name another one by --port.")
    return LinkError(f"{port} can't be opened: {error}.")


def pause(seconds: float) -> None:
    """Give a board that was reset the time to come back."""
    time.sleep(seconds)


def _ports() -> list[Any]:
    return sorted(list_ports.comports(), key=lambda one: one.device)


def _port(one: Any) -> Port:
    return Port(one.device, one.serial_number, one.product)


def _names(ports: list[Any]) -> str:
    return ", ".join(one.device for one in ports) or "none"
