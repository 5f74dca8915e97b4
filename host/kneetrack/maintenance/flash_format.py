"""What stands in an image for Espressif's chips: programs, the table of partitions, their checks.

A program ("App Image Format" in ESP-IDF's documentation; the second loader has the same)
    E9, number of segments, .., entry; 16 bytes more with the chip's number and whether a SHA-256
    follows; segments, each with address and length; zeros, so that the checksum (0xEF and all bytes
    of the segments by XOR) ends a row of 16 bytes; the SHA-256 of all that, where it is promised.

The table of partitions (at 0x8000; ESP-IDF: "Partition Tables")
    Rows of 32 bytes that begin with AA 50; at their end a row EB EB with the MD5 of them all.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

TABLE_AT = 0x8000
APP, DATA = 0, 1

_MAGIC = 0xE9
_HEAD = struct.Struct("<BB10xH9xB")
_SEGMENT = struct.Struct("<II")
_CHECKSUM = 0xEF
_ROW_BYTES = 16
_MOST_SEGMENTS = 16
_ROW = struct.Struct("<HBBII16sI")
_ROW_MAGIC = 0x50AA
_MD5_MAGIC = b"\xeb\xeb"
_ROWS_MAX = 95


class NotWhole(Exception):
    """What is wrong with the bytes of it."""


@dataclass(frozen=True, slots=True)
class Partition:
    """A row of the table."""

    label: str
    kind: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size


def chip_of(data: bytes, at: int = 0) -> int | None:
    """The number of the chip that the program there is for; None where there is none."""
    if len(data) < at + _HEAD.size or data[at] != _MAGIC:
        return None
    return _HEAD.unpack_from(data, at)[2]


def check_program(data: bytes, at: int, what: str) -> None:
    """NotWhole where the program there has no end, or its checksum or SHA-256 is another."""
    _, count, _, has_sha256 = _HEAD.unpack_from(data, at)
    checksum = _CHECKSUM
    end = at + _HEAD.size
    if not 0 < count <= _MOST_SEGMENTS:
        raise NotWhole(f"the {what} says it has {count} parts")
    for _ in range(count):
        begin = end + _SEGMENT.size
        if begin > len(data):
            raise NotWhole(f"the {what} is cut off")
        end = begin + _SEGMENT.unpack_from(data, end)[1]
        if end > len(data):
            raise NotWhole(f"the {what} is cut off")
        for byte in data[begin:end]:
            checksum ^= byte
    end += _ROW_BYTES - (end - at) % _ROW_BYTES
    if end + (hashlib.sha256().digest_size if has_sha256 else 0) > len(data):
        raise NotWhole(f"the {what} is cut off")
    if data[end - 1] != checksum:
        raise NotWhole(f"the {what}'s checksum is {data[end - 1]:02x} and not {checksum:02x}")
    digest = hashlib.sha256(data[at:end]).digest()
    if has_sha256 and not data.startswith(digest, end):
        raise NotWhole(f"the {what}'s SHA-256 is another")


def partitions(data: bytes) -> list[Partition]:
    """The table; empty where there is none. NotWhole where its MD5 is another."""
    found: list[Partition] = []
    for at in range(TABLE_AT, TABLE_AT + _ROWS_MAX * _ROW.size, _ROW.size):
        row = data[at : at + _ROW.size]
        if row.startswith(_MD5_MAGIC) and row[16:] != hashlib.md5(data[TABLE_AT:at]).digest():
            raise NotWhole("the table of partitions has another MD5")
        if len(row) < _ROW.size or _ROW.unpack(row)[0] != _ROW_MAGIC:
            break
        _, kind, _, offset, size, label, _ = _ROW.unpack(row)
        name = label.rstrip(b"\0").decode("ascii", "replace")
        found.append(Partition(name, kind, offset, size))
    return found
