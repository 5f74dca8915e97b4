"""A MicroPython image for the band's chip: looked at before anything is written.

What is checked, and where it stands
    The image is written at address 0 of the flash. Espressif's image header (esptool's docs,
    "Firmware Image Format") begins with 0xE9 and names its chip in the extended part, bytes 12 and
    13. The partition table stands at 0x8000, rows of 32 bytes that begin with AA 50. An image
    "for updates" (.app-bin) has none, and a board would not start from it.

What is not lost
    Files of the band live in the partition "vfs". The image must end before it, and where the
    board runs MicroPython already its own "vfs" must be at the same place: else MicroPython finds
    no file system at the next start and makes an empty one.

Checksums
    micropython.org could not be reached where this was written, so no checksum of an official image
    stands here. The SHA-256 of what is written is printed, to be compared by whoever has another
    source of it.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

from kneetrack.errors import InputError

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

_MAGIC = 0xE9
_CHIP = struct.Struct("<H")
_CHIP_AT = 12
_TABLE_AT = 0x8000
_ROW = struct.Struct("<HBBII16sI")
_ROW_MAGIC = 0x50AA
_ROWS_MAX = 95
_DATA = 1
_LEAST_BYTES = 500_000
_MOST_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of the flash."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Image:
    """An image that may be written to a band."""

    path: Path
    size: int
    sha256: str
    vfs: Place
    """Where a board with this image keeps its files."""


def read_image(path: Path) -> Image:
    """The image in that file. InputError where it is none, or none for the band's chip."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path} is larger than any board's flash. {_remedy()}")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}. {_remedy()}") from error
    if data[:1] != bytes([_MAGIC]) or len(data) < _CHIP_AT + _CHIP.size:
        kind = "a UF2 file, which is for copying" if data[:4] == b"UF2\n" else "no image"
        raise InputError(f"{path} is {kind} that can be written to an ESP32. {_remedy()}")
    (chip,) = _CHIP.unpack_from(data, _CHIP_AT)
    if chip != BAND_CHIP:
        other = CHIPS.get(chip, f"chip {chip}")
        raise InputError(f"{path} is for another chip, {other}. {_remedy()}")
    table = _partitions(data)
    if "vfs" not in table:
        raise InputError(
            f"{path} holds no partition table with a place for files: it is an update (.app-bin), "
            f"or not MicroPython. {_remedy()}"
        )
    if len(data) < _LEAST_BYTES:
        raise InputError(
            f"{path} has only {len(data):,} bytes: it was not downloaded whole. {_remedy()}"
        )
    if len(data) > table["vfs"].offset:
        raise InputError(f"{path} would overwrite what the band keeps. {_remedy()}")
    return Image(path, len(data), hashlib.sha256(data).hexdigest(), table["vfs"])


def check_keeps(image: Image, on_board: Place | None, kept: tuple[str, ...]) -> None:
    """InputError where the board keeps something that it would not find again."""
    if on_board is None or not kept or image.vfs == on_board:
        return
    raise InputError(
        f"{image.path} lays out the flash in another way than what is on the band, which would "
        f"lose what it keeps ({', '.join(kept)}). Take the image for the same flash size, or fetch "
        "the recordings (kneetrack sync) and delete these files first."
    )


def _remedy() -> str:
    return f"Take the .bin for ESP32_GENERIC_S3 from {DOWNLOAD}."


def _partitions(data: bytes) -> dict[str, Place]:
    """The data partitions by name."""
    found: dict[str, Place] = {}
    for number in range(_ROWS_MAX):
        at = _TABLE_AT + number * _ROW.size
        if at + _ROW.size > len(data):
            break
        magic, kind, _, offset, size, label, _ = _ROW.unpack_from(data, at)
        if magic != _ROW_MAGIC:
            break
        if kind == _DATA:
            found[label.rstrip(b"\0").decode("ascii", "replace")] = Place(offset, size)
    return found
