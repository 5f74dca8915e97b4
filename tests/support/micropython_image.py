"""An image as micropython.org's are: a loader, a table of partitions, a program, all checked.

    0x0       second loader     E9 .., segments, checksum, SHA-256
    0x8000    partitions        nvs, phy_init, factory and, in older ones, vfs; their MD5
    0x10000   program           as the loader

Every field that is looked at by the chip's ROM, by esptool or by us is right (formats: ESP-IDF's
documentation, "App Image Format" and "Partition Tables"); what would be code is noise and zeros.
"""

from __future__ import annotations

import hashlib
import random
import struct
from pathlib import Path

FACTORY = 0x10000
VFS, VFS_SIZE = 0x200000, 0x600000
_TABLE = 0x8000


def program(size: int, *, chip: int = 9) -> bytes:
    """A program of about that size, its second half zeros."""
    noise = random.Random(size).randbytes(size // 2 // 4 * 4)
    segments = [(0x3FC88000, noise), (0x40378000, bytes(size // 2 // 4 * 4))]
    data = bytearray(struct.pack("<BBBBI", 0xE9, len(segments), 2, 3 << 4, 0x40378000))
    data += struct.pack("<B3xHBHH4xB", 0xEE, chip, 0, 0, 99, 1)
    checksum = 0xEF
    for address, code in segments:
        data += struct.pack("<II", address, len(code)) + code
        for byte in code:
            checksum ^= byte
    data += bytes(15 - len(data) % 16) + bytes([checksum])
    return bytes(data + hashlib.sha256(data).digest())


def partitions(vfs: int | None = None) -> bytes:
    """The table, with its MD5; without a place for files, as in newer MicroPythons, or with."""
    rows = [
        (1, 2, 0x9000, 0x6000, b"nvs"),
        (1, 1, 0xF000, 0x1000, b"phy_init"),
        (0, 0, FACTORY, 0x1F0000, b"factory"),
    ]
    if vfs is not None:
        rows.append((1, 0x81, vfs, VFS_SIZE, b"vfs"))
    table = b"".join(struct.pack("<HBBII16sI", 0x50AA, *row, 0) for row in rows)
    return table + b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(table).digest()


def micropython_image(
    *,
    chip: int = 9,
    vfs: int | None = None,
    size: int = 120_000,
) -> bytearray:
    """The whole of it; `size` is about the program's."""
    data = bytearray(program(20_000, chip=chip))
    for at, part in ((_TABLE, partitions(vfs)), (FACTORY, program(size, chip=chip))):
        data += b"\xff" * (at - len(data)) + part
    return data


def write_image_file(folder: Path, **options: int | None) -> Path:
    """It in a file."""
    path = folder / "ESP32_GENERIC_S3.bin"
    path.write_bytes(micropython_image(**options))  # pyright: ignore[reportArgumentType]
    return path
