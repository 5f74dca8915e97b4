"""Power that fails at any moment of storing a calibration, on the file system of the ESP32.

littlefs itself runs here, on a flash memory made of bytes. From some write or erasure on nothing
reaches the flash any more, and that one stops half-way. Then the band is started anew.
"""

import os

from kneeband.store import Store
from kneecore import wire
from kneecore.calibration import Calibration

BLOCK = 512  # small, so that there are many moments to fail at
BLOCKS = 40
AT = "/flash"
FILE = "/flash/kneeband.dat"
NEVER = 1 << 30


def calibration(number):
    return Calibration(
        wire.SIDE_LEFT, (1.0, 0.0, 0.0, 0.0), (0.8, 0.6, 0.0, 0.0), calibration_id=number
    ).to_wire()


OLD = calibration(77)
NEW = calibration(78)


class Flash:
    """A block device; `left` is how many more writes and erasures are done."""

    def __init__(self, image=None, left=NEVER):
        self.image = bytearray(image or b"\xff" * (BLOCK * BLOCKS))
        self.left = left
        self.done = 0

    def readblocks(self, block, buffer, offset=0):
        at = block * BLOCK + offset
        buffer[:] = self.image[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=None):
        if offset is None:
            self._change(block * BLOCK, b"\xff" * BLOCK)
            offset = 0
        self._change(block * BLOCK + offset, bytes(buffer))

    def ioctl(self, operation, block):
        if operation == 4:
            return BLOCKS
        if operation == 5:
            return BLOCK
        if operation == 6:
            self._change(block * BLOCK, b"\xff" * BLOCK)
        return 0

    def _change(self, at, data):
        if self.left <= 0:
            return
        self.left -= 1
        self.done += 1
        if self.left == 0:
            data = data[: len(data) // 2]  # the power fails in the midst of it
        self.image[at : at + len(data)] = data


def on(flash, work):
    """Do `work` with `flash` mounted; the flash may fail under it, and under the mounting."""
    os.mount(os.VfsLfs2(flash, progsize=32, readsize=32, lookahead=32), AT)
    try:
        return work()
    finally:
        os.umount(AT)


def stored(record):
    def work():
        store = Store(FILE)
        store.load()
        store.side = wire.SIDE_LEFT
        store.calibration = record
        return store.save()

    return work


def held():
    store = Store(FILE)
    store.load()
    return store.calibration, store.damaged


def formatted():
    flash = Flash()
    os.VfsLfs2.mkfs(flash, progsize=32, readsize=32, lookahead=32)
    return flash


def outcomes(before, after):
    """What a band holds after the power failed at each moment of storing `after`, in order."""
    flash = formatted()
    if before:
        assert on(flash, stored(before))
    whole = Flash(flash.image)
    assert on(whole, stored(after))
    assert on(Flash(whole.image), held) == (after, False)
    found = []
    for left in range(1, whole.done + 2):
        found.append(on(failing_under(flash, left, after), held))
    return found


def failing_under(flash, left, record):
    """The flash as it is after the power failed while `record` was stored."""
    cut = Flash(flash.image, left)
    try:
        on(cut, stored(record))
    except OSError as error:  # the file system saw what had become of its flash
        assert cut.left == 0, error
    return Flash(cut.image)


def test_a_band_holds_the_old_or_the_new_calibration_whenever_the_power_fails():
    found = outcomes(OLD, NEW)
    assert len(found) >= 4, found
    for record, damaged in found:
        assert record in (OLD, NEW) and not damaged
    records = [record for record, _ in found]
    assert records[0] == OLD and records[-1] == NEW
    # There is one moment at which the one becomes the other, and no way back.
    assert records == [OLD] * records.count(OLD) + [NEW] * records.count(NEW)


def test_a_band_without_a_calibration_has_none_or_a_whole_one():
    found = outcomes(b"", NEW)
    for record, damaged in found:
        assert record in (b"", NEW) and not damaged
    assert found[0][0] == b"" and found[-1][0] == NEW


def test_what_the_power_left_behind_does_not_stop_the_next_calibration():
    flash = formatted()
    assert on(flash, stored(OLD))
    whole = Flash(flash.image)
    on(whole, stored(NEW))
    for left in range(1, whole.done + 1):
        again = failing_under(flash, left, NEW)
        third = calibration(79)
        assert on(again, stored(third))
        assert on(Flash(again.image), held) == (third, False)
