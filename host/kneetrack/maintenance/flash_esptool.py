"""The MicroPython image onto the chip, by Espressif's esptool in a process of its own.

As a process, because its Python interface is not promised to stay, its command line is. Nothing is
ever erased beyond what the image covers (no `erase-flash`): the band's files lie behind it. Where
the flash holds the same bytes already esptool says so and writes nothing (`--skip-flashed`).
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from kneetrack.errors import LinkError, UsageError
from kneetrack.maintenance.flash_image import Image
from kneetrack.maintenance.flash_ports import DOWNLOAD_MODE, Port

CHIP = "esp32s3"
BAUD = 921_600
"""Matters on boards with a serial bridge only; USB of the chip itself knows no baud rate."""

_PROGRESS = re.compile(r"^Writing at 0x[0-9a-f]+ .*?(\d+(?:\.\d+)?)%")
_FATAL = re.compile(r"fatal error occurred: (.*)")


def write_image(
    port: Port, image: Image, tell: Callable[[float], None], program: list[str] | None = None
) -> None:
    """Write the image and start the board; `tell` gets shares of 1. LinkError, UsageError.

    `program` stands for esptool in tests.
    """
    if program is None:
        program = _esptool()
    with subprocess.Popen(
        [*program, *arguments(port, image.path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        try:
            said = _read(process.stdout, tell)
        except BaseException:  # Ctrl-C: what is half written is written again the next time
            process.kill()
            raise
        if process.wait():
            raise _refused(port, said)
    tell(1.0)


def arguments(port: Port, image: Path) -> list[str]:
    """What esptool is told."""
    return [
        *("--chip", CHIP, "--port", port.device, "--baud", str(BAUD), "--after", "hard-reset"),
        *("write-flash", "--skip-flashed", "0x0", str(image)),
    ]


def _esptool() -> list[str]:
    if importlib.util.find_spec("esptool") is None:
        raise UsageError(
            "Writing MicroPython needs esptool, which is not installed: "
            "pip install 'kneetrack[flash]' brings it."
        )
    return [sys.executable, "-m", "esptool"]


def _read(lines: Iterable[str], tell: Callable[[float], None]) -> str:
    """All but the progress of what esptool says."""
    said: list[str] = []
    for line in lines:
        found = _PROGRESS.match(line)
        if found:
            tell(float(found[1]) / 100)
        else:
            said.append(line)
    return "".join(said)


def _refused(port: Port, said: str) -> LinkError:
    """esptool's own words, and what to do about them."""
    found = _FATAL.search(said)
    lines = said.strip().splitlines()
    why = (found[1] if found else lines[-1] if lines else "it gave no reason").strip().rstrip(".")
    if "Could not open" in why or "busy" in why:
        return LinkError(
            f"{port} can't be opened: it is gone, used by another program, or not allowed to this "
            "account (Linux: group dialout). Put the cable in again, end other programs, run again."
        )
    if "This chip is" in why or "Wrong chip" in why or "wrong chip" in why:
        return LinkError(f"Another chip is on {port} than a band's ESP32-S3: {why}.")
    if "Failed to connect" in why or "No serial data" in why:
        return LinkError(
            f"The chip on {port} does not take an image now. Bring it into its download mode: "
            f"{DOWNLOAD_MODE}. Then run this again; the port may have another name then."
        )
    return LinkError(
        f"The image was not written whole: {why}. Try another cable or USB port and run this "
        "again; what the band keeps is untouched."
    )
