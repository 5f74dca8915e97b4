"""One file of a recording on flash: blocks one after the other, each behind a byte of its length.

A reader opens the file for each READ_BYTES and closes it again: littlefs may use anew what a file
that is held open for reading has lost to a writer. A block whose CRC differs is passed over, and so
is everything behind a length that no block has.
"""

import os

from micropython import const

from kneecore import blocks, wire

READ_BYTES = const(4096)
SECTOR_BYTES = const(4080)  # what a file holds per 4 KiB of flash, the least
_BLOCK_BYTES_MIN = const(10)


class Segment:
    """What the file at `path` holds: the samples `first` to `end`, `size` bytes of it."""

    def __init__(self, path: str, first: int, end: int, size: int):
        self.path = path
        self.first = first
        self.end = end
        self.size = size

    def read(self, first: int, end: int):
        """The blocks with samples of `first` to `end` (that one not), as views good until the next.

        Raises OSError where the flash can't be read.
        """
        for block in _each(self.path, self.size):
            number, count = blocks.span(block)
            if number >= end:
                return
            if number + count > first and _is_whole(block):
                yield block

    def sectors(self) -> int:
        """What it takes of the flash, in 4 KiB."""
        return self.size // SECTOR_BYTES + 1


def found(path: str):
    """The Segment of a file whose end nobody has told: up to its last whole block.

    None where there is not even one. Raises OSError.
    """
    segment = None
    for block in _each(path, os.stat(path)[6]):
        if not _is_whole(block):
            break
        number, count = blocks.span(block)
        if segment is None:
            segment = Segment(path, number, 0, 0)
        segment.end = number + count
        segment.size += 1 + len(block)
    return segment


def first_number(path: str):
    """The number of the first sample in a file, None where it holds none. Raises OSError."""
    for block in _each(path, min(READ_BYTES, os.stat(path)[6])):
        return blocks.span(block)[0]
    return None


def _each(path, size):
    buffer = bytearray(READ_BYTES)
    view = memoryview(buffer)
    at = 0
    while at < size:
        with open(path, "rb") as file:
            file.seek(at)
            got = file.readinto(view[: min(READ_BYTES, size - at)]) or 0
        used = 0
        while used < got:
            length = buffer[used]
            if not _BLOCK_BYTES_MIN <= length <= wire.BLOCK_BYTES_MAX:
                return
            if used + 1 + length > got:
                break
            used += 1 + length
            yield view[used - length : used]
        if not used:
            return
        at += used


def _is_whole(block) -> bool:
    try:
        blocks.check(block)
    except ValueError:
        return False
    return True
