"""One file of a recording on flash: blocks one after the other, each behind a byte of its length.

A reader opens the file for each READ_BYTES and closes it again: littlefs may use anew what a file
that is held open for reading has lost to a writer. A block whose CRC differs is passed over, and so
is everything behind a length that no block has.

Blocks are of different lengths, so the way to one leads over those before it. Where every
MARK_BYTES begin is remembered as they are written or read; and who reads is given None for each
piece in which there was nothing wanted, so that nobody waits for the whole way (0.5 s on the
ESP32).
"""

import os
from array import array

from micropython import const

from kneecore import blocks, transfers

READ_BYTES = const(4096)
MARK_BYTES = const(16_384)
SECTOR_BYTES = const(4080)  # what a file holds per 4 KiB of flash, the least
_BLOCK_BYTES_MIN = const(10)


class Segment:
    """What the file at `path` holds: the samples `first` to `end`, `size` bytes of it."""

    def __init__(self, path: str, first: int, end: int, size: int):
        self.path = path
        self.first = first
        self.end = end
        self.size = size
        self._marks = array("I")  # the first sample of a block and where that begins, by turns

    def note(self, number: int, at: int):
        """The block with first sample `number` begins at byte `at`."""
        marks = self._marks
        if at >= (marks[-1] if marks else 0) + MARK_BYTES:
            marks.append(number)
            marks.append(at)

    def read(self, first: int, end: int):
        """The blocks with samples of `first` to `end` (that one not), as views good until the next.

        None for each READ_BYTES that held none of them. Raises OSError where the flash can't be
        read.
        """
        at = self._before(first)
        any_wanted = False
        for block in _each(self.path, at, self.size):
            if block is None:
                if not any_wanted:
                    yield None
                any_wanted = False
                continue
            number, count = blocks.span(block)
            if number >= end:
                return
            self.note(number, at)
            at += 1 + len(block)
            if number + count > first and _is_whole(block):
                any_wanted = True
                yield block

    def _before(self, number: int) -> int:
        """Where to begin to look for that sample."""
        marks = self._marks
        for index in range(len(marks) - 2, -1, -2):
            if marks[index] <= number:
                return marks[index + 1]
        return 0

    def sectors(self) -> int:
        """What it takes of the flash, in 4 KiB."""
        return self.size // SECTOR_BYTES + 1


def found(path: str):
    """The Segment of a file whose end nobody has told: up to its last whole block.

    None where there is not even one. Raises OSError.
    """
    segment = None
    for block in _each(path, 0, os.stat(path)[6]):
        if block is None:
            continue
        if not _is_whole(block):
            break
        number, count = blocks.span(block)
        if segment is None:
            segment = Segment(path, number, 0, 0)
        segment.note(number, segment.size)
        segment.end = number + count
        segment.size += 1 + len(block)
    return segment


def first_number(path: str):
    """The number of the first sample in a file, None where it holds none. Raises OSError."""
    for block in _each(path, 0, min(READ_BYTES, os.stat(path)[6])):
        return None if block is None else blocks.span(block)[0]
    return None


def _each(path, at, size):
    """The blocks from byte `at` on, None behind those of each piece."""
    buffer = bytearray(READ_BYTES)
    view = memoryview(buffer)
    while at < size:
        with open(path, "rb") as file:
            file.seek(at)
            got = file.readinto(view[: min(READ_BYTES, size - at)]) or 0
        used = 0
        while used < got:
            length = buffer[used]
            if not _BLOCK_BYTES_MIN <= length <= transfers.BLOCK_BYTES_MAX:
                return
            if used + 1 + length > got:
                break
            used += 1 + length
            yield view[used - length : used]
        if not used:
            return
        at += used
        yield None


def _is_whole(block) -> bool:
    try:
        blocks.check(block)
    except ValueError:
        return False
    return True
