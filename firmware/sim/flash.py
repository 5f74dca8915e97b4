"""The simulated board's flash memory: the part of a serial NOR flash that holds the file system.

NOR flash, and what it costs
    Erasing sets a sector of 4 KiB to ones, programming can only clear bits; both hold up the board
    while they last, for the ESP32 runs its program from the same flash. Typical times after the
    data sheet of Winbond's W25Q64JV (section 9.6): a byte 30 us, each further one of the same page
    2.5 us, so 0.7 ms for a page of 256. A sector takes 45 ms when new and up to 400 ms; 100 ms are
    charged. A read takes READ_US and what the bytes take on the bus. All that is charged to the
    virtual clock, reads in portions that are worth a look at it.

The file
    What is programmed is in the host's file at once, so a board whose process is killed has lost
    its power and nothing else. The file holds the bits turned round: an erased flash is a hole in
    it, made at once whatever its size.

Power failure
    With `cut_after` set, that many more programs and erasures are done; the next stops half-way
    and raises PowerCut, as does everything after it. `journal`, if it is a list, gets every change
    as (address, bytes or None for an erasure).
"""

import os
import sys

import micropython

from sim import vclock

SECTOR = 4096
PAGE = 256
SIZE = 6 * 1024 * 1024
"""The partition "vfs" of MicroPython's partition table for 8 MB boards (partitions-8MiB.csv)."""

ERASE_US = 100_000
FIRST_BYTE_US = 30
BYTE_NS = 2500
READ_US = 20
READ_BYTE_NS = 25

_PORTION_US = 500

# The operations of MicroPython's block devices (vfs.AbstractBlockDev.ioctl).
_BLOCK_COUNT = 4
_BLOCK_SIZE = 5
_ERASE = 6


class PowerCut(Exception):
    """The board has no power any more."""


class Flash:
    """A block device for `os.VfsLfs2`, of `size` bytes in the file at `path`."""

    def __init__(self, path: str, size: int = SIZE):
        try:
            self._file = open(path, "r+b")  # noqa: SIM115  (open as long as the board is)
            self.blank = False
            """Nobody has made a file system yet: the file was not there."""
        except OSError:
            self._file = open(path, "w+b")  # noqa: SIM115
            self._file.seek(size - 1)
            self._file.write(b"\x00")
            self.blank = True
        self._size = size
        self._owed_us = 0
        self.charged = True
        """Whether it takes time."""
        self.cut_after = -1
        self.journal = None
        self.erases = self.programs = self.programmed_bytes = self.reads = 0
        self.wear = {}
        """Erasures of each sector."""

    # --- the block device ------------------------------------------------------------------------

    def readblocks(self, block, buffer, offset=0):
        self.reads += 1
        self._file.seek(block * SECTOR + offset)
        self._file.readinto(buffer)
        _turn(buffer, len(buffer))
        self._spend(READ_US + len(buffer) * READ_BYTE_NS // 1000)

    def writeblocks(self, block, buffer, offset=None):
        if offset is None:
            self.erase(block)
            offset = 0
        address = block * SECTOR + offset
        at = 0
        while at < len(buffer):
            size = min(len(buffer) - at, PAGE - (address + at) % PAGE)
            self._program(address + at, memoryview(buffer)[at : at + size])
            at += size

    def ioctl(self, operation, argument):
        if operation == _BLOCK_COUNT:
            return self._size // SECTOR
        if operation == _BLOCK_SIZE:
            return SECTOR
        if operation == _ERASE:
            self.erase(argument)
        return 0

    # --- the chip --------------------------------------------------------------------------------

    def change(self, address: int, data):
        """Do what `journal` tells."""
        if data is None:
            self.erase(address // SECTOR)
        else:
            self._program(address, data)

    def erase(self, sector: int):
        """Set all bits of a sector."""
        whole = self._has_power()
        self._put(sector * SECTOR, bytes(SECTOR if whole else SECTOR // 2))
        self.erases += 1
        self.wear[sector] = self.wear.get(sector, 0) + 1
        self._ended(whole, sector * SECTOR, None)
        self._spend(ERASE_US)

    def _program(self, address, data):
        """Clear the bits of one page that are zero in `data`."""
        whole = self._has_power()
        if not whole:
            data = data[: len(data) // 2]
        held = bytearray(len(data))
        self._file.seek(address)
        self._file.readinto(held)
        _clear(held, data, len(data))
        self._put(address, held)
        self.programs += 1
        self.programmed_bytes += len(data)
        self._ended(whole, address, data)
        self._spend(FIRST_BYTE_US + (len(data) - 1) * BYTE_NS // 1000)

    def _put(self, address, turned):
        self._file.seek(address)
        self._file.write(turned)

    def _has_power(self) -> bool:
        if self.cut_after == 0:
            self.cut_after = -2
            return False
        if self.cut_after == -2:
            raise PowerCut
        if self.cut_after > 0:
            self.cut_after -= 1
        return True

    def _ended(self, whole, address, data):
        if not whole:
            raise PowerCut
        if self.journal is not None:
            self.journal.append((address, None if data is None else bytes(data)))

    def _spend(self, us):
        if self.charged:
            self._owed_us += us
            if self._owed_us >= _PORTION_US:
                owed = self._owed_us
                self._owed_us = 0
                vclock.charge(owed)


def insert(path: str, at: str = "/flash"):
    """The flash memory of `path` mounted at `at`, which becomes the working directory.

    A board comes with its file system: making it takes none of its time. It is mounted as the
    ESP32's own start does it, with littlefs' defaults.
    """
    here = os.getcwd()
    for index, folder in enumerate(sys.path):
        if folder and not folder.startswith(("/", ".frozen")):
            sys.path[index] = here + "/" + folder
    flash = Flash(path)
    if flash.blank:
        flash.charged = False
        os.VfsLfs2.mkfs(flash)
        flash.charged = True
    os.mount(flash, at)
    os.chdir(at)
    return flash


@micropython.viper
def _turn(buffer, size: int):
    p = ptr8(buffer)
    for i in range(size):
        p[i] = 255 - p[i]


@micropython.viper
def _clear(held, data, size: int):
    """Set the bits of `held` (turned round) that are zero in `data`."""
    p = ptr8(held)
    q = ptr8(data)
    for i in range(size):
        p[i] = p[i] | (255 - q[i])
