"""What the tests of recordings on flash stand on: samples, a flash memory, a shelf on it."""

import os

from kneeband.shelf import Shelf
from kneecore import wire
from kneecore.block_reader import read_block
from kneecore.blocks import BlockWriter
from sim import vclock
from sim.flash import SECTOR, Flash

SMALL = 80 * SECTOR
BYTES = wire.KNEE_SAMPLE.size
PER_SECOND = 104
vclock.set_speed(0.0)  # erasing takes no time of ours
HEAD = (7, 0, wire.SIDE_LEFT, 12, 34, 1_790_000_000, b"c" * wire.CALIBRATION.size, b"s" * 86)


def samples(count, seed=1):
    """Samples that take about nine bytes each: every number goes its way in uneven steps."""
    data = bytearray(count * BYTES)
    now = [1000 * k for k in range(12)]
    for i in range(count):
        for k in range(11):
            seed = (seed * 2053 + 13849) % 65521
            now[k] = (now[k] + seed % 24 - 11) & 0xFFFF
            data[i * BYTES + 2 * k] = now[k] & 0xFF
            data[i * BYTES + 2 * k + 1] = now[k] >> 8
    return bytes(data)


def noise(count):
    """Samples that can't be coded in fewer bytes than they have."""
    data = bytearray(count * BYTES)
    seed = 7
    for i in range(len(data)):
        seed = (seed * 2053 + 13849) % 65521
        data[i] = seed >> 5 & 0xFF
    return bytes(data)


def coded(data, number=0, boot_id=7):
    found = []
    writer = BlockWriter(boot_id, lambda block: found.append(bytes(block)))
    for i in range(len(data) // BYTES):
        writer.add(number + i, 0, data, i * BYTES)
    writer.close()
    return found


def new_flash(name="flash.bin", size=SMALL):
    flash = Flash(name, size)
    os.VfsLfs2.mkfs(flash)
    return flash


def on(flash, work):
    """Do `work` with `flash` mounted."""
    here = os.getcwd()
    os.mount(flash, "/flash")
    os.chdir("/flash")
    try:
        return work()
    finally:
        os.chdir(here)
        os.umount("/flash")


def loaded(**options):
    shelf = Shelf(**options)
    shelf.load()
    return shelf


def read(shelf, recording_id, first=0, end=1 << 30):
    return b"".join([read_block(block)[3] for block in shelf.blocks(recording_id, first, end)])


def record(shelf, data, number=0, second=None):
    """A recording of `data`, pushed every second; its id. `second(end)` is called after each."""
    recording_id = shelf.next_id()
    assert shelf.begin(recording_id, HEAD)
    for at in range(0, len(data) // BYTES, PER_SECOND):
        part = data[at * BYTES : (at + PER_SECOND) * BYTES]
        for block in coded(part, number + at):
            assert shelf.append(block)
        assert shelf.push()
        if second:
            second(number + at + len(part) // BYTES)
    assert shelf.end()
    return recording_id
