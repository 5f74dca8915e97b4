"""A MicroPython image for the band's chip: looked at before anything is written.

What is checked
    The image is written at address 0 of the flash: the second loader, the table of partitions, the
    program (`flash_format`). Loader and program must be for the band's chip, and whole by their own
    checksums and SHA-256. An image "for updates" (.app-bin) has no table, and a board would not
    start from it.

Whether it is the official one
    By its SHA-256: what was given (`--sha256`), or RECOMMENDED. micropython.org publishes none and
    could not be reached where this was written; RECOMMENDED stands on two public projects that
    noted size and SHA-256 of what they had downloaded, independently of each other.

What is not lost
    Files of the band live in the partition "vfs". Since mid-2025 (pull request 17337, in 1.27 at
    the latest) the table has none, and MicroPython makes it at its start, from the end of the last
    partition to the end of the flash. The image must end before it. Where the board has files
    already its own "vfs" must begin at the same place and not be cut short: else MicroPython finds
    no file system at the next start and makes an empty one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from kneetrack.errors import InputError
from kneetrack.maintenance.flash_format import (
    APP,
    NotWhole,
    Partition,
    check_program,
    chip_of,
    partitions,
)

DOWNLOAD = "https://micropython.org/download/ESP32_GENERIC_S3/"
"""Where the official image for the band's board is: the newest .bin under "Releases"."""
CHIPS = {
    0: "ESP32",
    2: "ESP32-S2",
    5: "ESP32-C3",
    9: "ESP32-S3",
    12: "ESP32-C2",
    13: "ESP32-C6",
    16: "ESP32-H2",
    18: "ESP32-P4",
}
"""What the header's number means (esptool's IMAGE_CHIP_ID; held to it by a test)."""
BAND_CHIP = 9

_FILES = ("vfs", "ffat")
"""What MicroPython calls the partition for files."""
_MOST_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Official:
    """An image of micropython.org's."""

    name: str
    version: str
    sha256: str


RECOMMENDED = Official(
    "ESP32_GENERIC_S3-20260824-v1.29.0.bin",
    "1.29.0",
    "1dd9dcd27ba2d6a1cb7f7b49a063f46d3d807d68b0151161233920228285e300",
)
"""The one whose .mpy files the compiler of the extra `flash` makes."""


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of the flash."""

    offset: int
    size: int | None
    """None: to the end of the flash."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image that may be written to a band."""

    path: Path
    size: int
    sha256: str
    vfs: Place
    """Where a board with this image keeps its files."""
    is_vouched_for: bool
    """Its SHA-256 was given, or is RECOMMENDED's."""


def read_image(path: Path, sha256: str | None = None) -> Image:
    """The image in that file. InputError where it is none, none for the band, or another."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path} is larger than any board's flash. {_remedy()}")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}. {_remedy()}") from error
    found = hashlib.sha256(data).hexdigest()
    is_vouched_for = _is_vouched_for(path, found, sha256)
    try:
        vfs = _checked(path, data, is_vouched_for=is_vouched_for)
    except NotWhole as error:
        raise InputError(f"{path} is not whole: {error}. {_remedy()}") from error
    return Image(path, len(data), found, vfs, is_vouched_for)


def _is_vouched_for(path: Path, found: str, given: str | None) -> bool:
    """InputError where it is not the image that it should be."""
    if given is not None and found != given.lower():
        raise InputError(
            f"{path} has another SHA-256 than the one given: its own is {found}. It was not "
            f"downloaded whole, or is another file. {_remedy()}"
        )
    if given is None and path.name == RECOMMENDED.name and found != RECOMMENDED.sha256:
        raise InputError(
            f"{path} has the name of the official MicroPython {RECOMMENDED.version}, but not its "
            f"SHA-256: its own is {found}. {_remedy()} If you know it to be right, say so by "
            "--sha256."
        )
    return given is not None or found == RECOMMENDED.sha256


def _checked(path: Path, data: bytes, *, is_vouched_for: bool) -> Place:
    """Where files will be. InputError, NotWhole."""
    chip = chip_of(data)
    if chip is None:
        kind = "no image that can be written to an ESP32"
        if data[:4] == b"UF2\n":
            kind = "a UF2 file, which is for copying onto a drive, and not for this"
        raise InputError(f"{path} is {kind}. {_remedy()}")
    if chip != BAND_CHIP:
        other = CHIPS.get(chip, f"chip {chip}")
        raise InputError(f"{path} is for another chip, {other}. {_remedy()}")
    table = partitions(data)
    program = next((part for part in table if part.kind == APP), None)
    if program is None:
        raise InputError(
            f"{path} holds no table of partitions: it is an update (.app-bin), or not MicroPython. "
            f"{_remedy()}"
        )
    if chip_of(data, program.offset) != BAND_CHIP:
        raise NotWhole("the program is missing")
    if not is_vouched_for:  # else its own sums can say nothing more
        check_program(data, 0, "loader")
        check_program(data, program.offset, "program")
    vfs = _place_of_files(table)
    if len(data) > vfs.offset:
        raise InputError(f"{path} would overwrite what the band keeps. {_remedy()}")
    return vfs


def _place_of_files(table: list[Partition]) -> Place:
    for part in table:
        if part.label in _FILES:
            return Place(part.offset, part.size)
    return Place(max(part.end for part in table), None)


def check_keeps(image: Image, on_board: Place | None, kept: tuple[str, ...]) -> None:
    """InputError where the board keeps something that it would not find again."""
    if on_board is None or not kept:
        return
    if image.vfs.offset == on_board.offset and image.vfs.size in (None, on_board.size):
        return
    raise InputError(
        f"{image.path} lays out the flash in another way than what is on the band, which would "
        f"lose what it keeps ({', '.join(kept)}). Take the image for the same flash size, or fetch "
        "the recordings (kneetrack sync) and delete these files first."
    )


def _remedy() -> str:
    return f"Take {RECOMMENDED.name} from {DOWNLOAD}."
