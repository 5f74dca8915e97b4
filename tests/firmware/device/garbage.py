"""Garbage is collected where the firmware says, and nowhere else; and there is room until then.

The heap has as much to spare as the target's may have, words being twice as long here. What the
chips' models leave there is none of the band's, so the rows come from a bus that leaves nothing. A
collection that nobody asked for shows as bytes that vanish between two looks.
"""

import asyncio
import gc

import band as rig
from machine import I2C

from kneeband import config, garbage
from kneecore import transfers, wire
from sim import flash, vclock

ROOM = 384 * 1024
PIECE = 256
LOOSE = 16 * 1024
"""What frees itself without a collection: buffers that grew."""
PAIRS_PER_S = 208
_STATUS, _DATA = 0x3A, 0x78


class Collector:
    """What `kneeband.garbage` knows as gc: it counts, and keeps the most that was held between."""

    def __init__(self):
        self.collections = 0
        self.most_bytes = 0
        self.kept = None
        self.disable = gc.disable
        self.enable = gc.enable
        self.mem_free = gc.mem_free

    def collect(self):
        if self.kept is not None:
            self.most_bytes = max(self.most_bytes, gc.mem_alloc() - self.kept)
        gc.collect()
        self.kept = gc.mem_alloc()
        self.collections += 1


def bring_rows():
    """Both FIFOs fill by the clock, with rows that differ; the chips' models are asked no more."""
    begun = vclock.now_us()
    taken = {}
    plain = I2C.readfrom_mem_into

    def read(bus, address, register, buffer):
        if register == _STATUS:
            due = (vclock.now_us() - begun) * PAIRS_PER_S // 1_000_000 - taken.get(address, 0)
            buffer[0] = due * 2 & 0xFF
            buffer[1] = due * 2 >> 8
        elif register == _DATA:
            row = taken.get(address, 0)
            for at in range(0, len(buffer), 7):
                sensor = 1 + at // 7 % 2
                buffer[at] = sensor << 3 | (row & 3) << 1
                buffer[at + 1] = row & 7
                row += sensor - 1
            taken[address] = row
        elif address not in (rig.bench.THIGH, rig.bench.SHANK):
            plain(bus, address, register, buffer)

    I2C.readfrom_mem_into = read


def watched(scene, collector=None):
    """Run `scene(band)` in little room; (collections that nobody asked for, the Collector)."""
    collector = collector or Collector()
    garbage.gc = collector
    unasked = [0]

    async def looking():
        before, collected = gc.mem_alloc(), collector.collections
        while True:
            await asyncio.sleep_ms(50)
            held = gc.mem_alloc()
            if held < before - LOOSE and collector.collections == collected:
                unasked[0] += 1
            before, collected = held, collector.collections

    async def whole(band):
        bring_rows()
        ballast = None
        gc.collect()
        while gc.mem_free() > ROOM:
            for _ in range(16):
                ballast = (ballast, bytearray(PIECE))
        band.app._garbage.collect()
        look = asyncio.create_task(looking())
        await scene(band)
        look.cancel()

    rig.run(whole)
    return unasked[0], collector


async def stream(band, seconds):
    band.radio.connect()
    result, _ = await band.ask(wire.OP_START, bytes((wire.START_RAW,)))
    assert result == wire.RESULT_SUCCESS
    for _ in range(seconds * 20):
        await asyncio.sleep_ms(50)
        band.radio.notified.clear()


def test_nothing_is_collected_but_at_the_known_point():
    unasked, collector = watched(lambda band: stream(band, 15))
    assert unasked == 0
    assert collector.collections > 20, collector.collections
    assert collector.most_bytes < ROOM - LOOSE, collector.most_bytes


def test_flash_that_holds_all_up_and_a_recording_that_is_fetched_find_room():
    flash.insert("flash.bin")
    blocks = [0]

    def count(connection, handle, data):
        blocks[0] += 1

    async def scene(band):
        await stream(band, 25)  # nobody acknowledges: the ring is full, and goes to flash
        journal = band.app.session.journal
        recording_id = journal.recording_id
        assert band.shelf.count == 0 and journal.record()
        await band.ask(wire.OP_STOP)
        await asyncio.sleep_ms(config.LINGER_MS + 1000)
        assert band.shelf.count == 1
        blocks[0] = 0
        band.radio.gatts_notify = count
        everything = transfers.FETCH.pack(recording_id, 0, 1 << 30)
        band.write_transfer(transfers.TRANSFER_FETCH, everything)
        await asyncio.sleep_ms(3000)
        assert blocks[0] > 60, blocks

    unasked, collector = watched(scene)
    assert unasked == 0
    assert collector.most_bytes < ROOM - LOOSE, collector.most_bytes


def test_a_collection_that_nobody_asked_for_is_seen():
    class Idle(Collector):
        """The heap fills up, and MicroPython helps itself."""

        def __init__(self):
            super().__init__()
            self.disable = gc.enable

        def collect(self):
            pass

    unasked, _ = watched(lambda band: stream(band, 3), Idle())
    assert unasked > 0


def test_in_too_little_room_the_collector_stays_on():
    global ROOM
    ROOM = 150 * 1024
    _, collector = watched(lambda band: stream(band, 3))
    assert gc.isenabled() and collector.collections > 3
