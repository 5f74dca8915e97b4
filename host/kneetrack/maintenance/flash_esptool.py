"""The MicroPython image onto the chip, by Espressif's esptool in a process of its own.

As a process, because its Python interface is not promised to stay, its command line is. Nothing is
ever erased beyond what the image covers (no `erase-flash`): the band's files lie behind it. Where
the flash holds the same bytes already esptool says so and writes nothing (`--skip-flashed`).

The loader's header names a size of flash, and a chip with less does not start. Official images say
4 MB since mid-2025 and ask the chip, older ones 8. esptool puts in what the chip has, and renews
the loader's SHA-256 (`--flash-size detect`).

Cut off in its midst the chip does not start, but its download mode is in its ROM, and the same
command begins anew. esptool itself looks for a port that went away for seven seconds, and goes on.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from kneetrack.errors import LinkError, LinkLost, UsageError
from kneetrack.maintenance.flash_image import Image
from kneetrack.maintenance.flash_ports import DOWNLOAD_MODE, Port

CHIP = "esp32s3"
BAUD = 921_600
"""Matters on boards with a serial bridge only; USB of the chip itself knows no baud rate."""

_PROGRESS = re.compile(r"^Writing at 0x[0-9a-f]+ .*?(\d+(?:\.\d+)?)%")
_ERROR = re.compile(r"(?:fatal|serial exception) error occurred: (.*)")
_BEGUN = "Flash will be erased"
"""From here on the flash is changed."""


class NotTaken(LinkError):
    """Nothing was written, and the chip may be found on another port by now."""


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
        *("write-flash", "--flash-size", "detect", "--skip-flashed", "0x0", str(image)),
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
    found = _ERROR.search(said)
    lines = said.strip().splitlines()
    why = (found[1] if found else lines[-1] if lines else "it gave no reason").strip().rstrip(".!?")
    if "This chip is" in why:
        is_what = why.removesuffix(". Wrong chip argument").removeprefix("This chip is ")
        return LinkError(f"Another chip is on {port}: {is_what}. Nothing was written.")
    if "will not fit" in why:
        return LinkError(
            f"The board's flash is smaller than the image: {_in_short(why)}. Nothing was written."
        )
    if _BEGUN in said:
        return _cut_off(port, why)
    if "Could not open" in why or "could not open" in why:
        return NotTaken(
            f"{port} can't be opened: it is gone, used by another program, or not allowed to this "
            "account (Linux: group dialout). Put the cable in again, end other programs, run again."
        )
    return NotTaken(
        f"The chip on {port} does not take an image now ({_in_short(why)}). Bring it into its "
        f"download mode: {DOWNLOAD_MODE}. Then run this again; the port may have another name then."
    )


def _cut_off(port: Port, why: str) -> LinkError:
    """The image is there in part: what happened, and that nothing is lost by it."""
    if "MD5" in why or "region is empty" in why:
        return LinkError(
            f"What the board on {port} has in its flash is not what was sent ({why}), so it does "
            "not start now. Run the same command again, with another cable if need be. If that "
            "changes nothing, the board's flash is worn."
        )
    is_gone = "could not open" in why or "device" in why or "Errno" in why
    what = "The port went away" if is_gone else f"The chip fell silent ({_in_short(why)})"
    return LinkLost(
        f"{what} while MicroPython was written to {port}, so the board does not start now. Nothing "
        "is broken, and what the band keeps is untouched: put the cable in again, "
        f"{DOWNLOAD_MODE}, and run the same command. The port may have another name then."
    )


def _in_short(why: str) -> str:
    """Its first sentence, without where to read on."""
    return why.split(". ")[0]
