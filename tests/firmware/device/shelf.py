"""Recordings on flash, on littlefs over the simulated board's flash memory."""

import os

from shelves import (
    BYTES,
    HEAD,
    PER_SECOND,
    coded,
    loaded,
    new_flash,
    noise,
    on,
    read,
    record,
    samples,
)

from kneecore import wire
from kneecore.block_reader import read_block
from kneecore.blocks import span
from sim import vclock
from sim.flash import ERASE_US, SECTOR, Flash

# --- what is recorded is there -------------------------------------------------------------------


def test_a_recording_is_there_after_a_restart_with_all_that_was_told_of_it():
    data = samples(1000)

    def work():
        recording_id = record(loaded(segment_bytes=3000), data, number=500)
        shelf = loaded(segment_bytes=3000)
        assert shelf.count == 1 and shelf.after(0) == recording_id
        assert shelf.after(recording_id) == 0
        told = shelf.describe(recording_id)
        assert told.recording_id == recording_id and told.flags == 0
        assert (told.boot_id, told.side, told.calibration_id, told.sensors_id) == (7, -1, 12, 34)
        assert (told.first_number, told.end_number, told.lost_samples) == (500, 1500, 0)
        assert told.utc_s == 1_790_000_000
        assert 7000 < told.size_bytes < 14_000
        assert len(wire.RECORDING.pack(*told)) == wire.RECORDING.size
        assert shelf.head(recording_id) == (b"c" * wire.CALIBRATION.size, b"s" * 86)
        assert read(shelf, recording_id) == data
        assert not shelf.failed

    on(new_flash(), work)


def test_a_part_is_found_in_the_midst_of_a_recording_also_while_it_is_made():
    data = samples(800)

    def work():
        shelf = loaded(segment_bytes=2000)
        shelf.begin(shelf.next_id(), HEAD)
        for block in coded(data):
            assert shelf.append(block)
        for first, end in ((0, 1), (0, 800), (200, 230), (399, 640), (799, 800), (799, 9000)):
            numbers = [span(block) for block in shelf.blocks(1, first, end)]
            assert numbers[0][0] <= first < sum(numbers[0])
            assert numbers[-1][0] < end and sum(numbers[-1]) >= min(end, 800)
            for one, other in zip(numbers, numbers[1:]):
                assert sum(one) == other[0]
        assert list(shelf.blocks(1, 800, 900)) == []
        assert list(shelf.blocks(2, 0, 900)) == []
        assert shelf.describe(1).flags == wire.RECORDING_RUNNING
        assert shelf.count == 0 and shelf.after(0) == 0 and not shelf.delete(1)

    on(new_flash(), work)


def test_a_late_part_of_a_long_segment_is_looked_for_in_small_steps_and_found_sooner_again():
    data = samples(9000)

    def steps(shelf, first):
        """How often nothing was given before the block of sample `first`."""
        for waited, block in enumerate(shelf.blocks(1, first, first + 1)):
            if block is not None:
                number, count = span(block)
                assert number <= first < number + count
                return waited
        return None

    def work():
        made = loaded()
        record(made, data)
        long = made.describe(1).size_bytes // 4096
        assert long > 16
        assert steps(made, 8900) <= 4  # it was noted as it was written
        shelf = loaded()
        assert steps(shelf, 8900) >= long - 2
        for first in (8900, 8990, 5000, 3, 4100):
            assert steps(shelf, first) <= 4
        assert read(shelf, 1) == data

    on(new_flash(), work)


def test_blocks_may_be_read_slowly_while_others_are_appended():
    data = samples(1200)

    def work():
        shelf = loaded(segment_bytes=2500)
        shelf.begin(shelf.next_id(), HEAD)
        made = coded(data)
        half = len(made) // 2
        for block in made[:half]:
            shelf.append(block)
        end = sum(span(made[half - 1]))
        got = b""
        rest = iter(made[half:])
        for block in shelf.blocks(1, 0, end):
            got += read_block(block)[3]
            for other in (next(rest, None), next(rest, None)):
                if other:
                    assert shelf.append(other)
            shelf.push()
        assert got == data[: end * BYTES]
        assert read(shelf, 1) == data

    on(new_flash(), work)


def test_what_is_acknowledged_makes_room_and_the_rest_stays():
    data = samples(1500)

    def work():
        shelf = loaded(segment_bytes=2500)
        shelf.begin(shelf.next_id(), HEAD)
        for block in coded(data):
            shelf.append(block)
        shelf.push()
        free = shelf.free_kib
        shelf.free(700)
        first = shelf.describe(1).first_number
        assert 400 < first <= 700
        assert shelf.free_kib > free
        assert read(shelf, 1) == data[first * BYTES :]
        shelf.free(1500)
        assert shelf.describe(1).end_number == 1500  # its last segment is still open
        shelf.end(lost_samples=11)
        again = loaded(segment_bytes=2500)
        told = again.describe(1)
        assert told.lost_samples == 11 and told.end_number == 1500
        assert read(again, 1) == data[told.first_number * BYTES :]

    on(new_flash(), work)


def test_one_recording_that_can_not_be_read_does_not_hide_the_others():
    def work():
        os.mkdir("recordings")
        os.mkdir("recordings/00001")  # where a head should be
        shelf = loaded()
        assert shelf.failed and shelf.free_kib > 0
        data = samples(300)
        recording_id = record(shelf, data)
        again = loaded()
        assert again.failed and again.count == 1 and again.free_kib > 0
        assert read(again, recording_id) == data

    on(new_flash(), work)


def test_a_deleted_recording_is_gone_and_its_room_is_back():
    def work():
        shelf = loaded(segment_bytes=2500)
        free = shelf.free_kib
        first = record(shelf, samples(800))
        second = record(shelf, samples(300), number=9000)
        assert shelf.count == 2 and shelf.after(first) == second
        assert shelf.delete(first) and not shelf.delete(first)
        assert shelf.count == 1 and shelf.describe(first) is None and shelf.head(first) is None
        assert read(shelf, second) == samples(300)
        assert shelf.delete(second)
        assert loaded().free_kib == free
        assert sorted(os.listdir("recordings")) == ["next"]

    on(new_flash(), work)


def test_an_id_never_comes_again_not_even_of_a_deleted_recording():
    def work():
        given = []
        for _ in range(3):
            shelf = loaded()
            given.append(shelf.next_id())
            given.append(record(shelf, samples(20)))
            assert shelf.delete(given[-1])
        assert given == [1, 2, 3, 4, 5, 6]

    on(new_flash(), work)


def test_a_recording_without_a_sample_is_none():
    def work():
        shelf = loaded()
        shelf.begin(shelf.next_id(), HEAD)
        assert shelf.push()
        assert shelf.end()
        assert shelf.count == 0 and loaded().count == 0

    on(new_flash(), work)


# --- a full flash, a damaged one -----------------------------------------------------------------


def test_a_full_flash_refuses_and_keeps_what_is_there():
    flash = new_flash()
    data = samples(3000)

    def work():
        shelf = loaded(segment_bytes=20_000)
        old = record(shelf, data)
        shelf.begin(shelf.next_id(), HEAD)
        made = coded(noise(9000), number=100)
        kept = 0
        while shelf.append(made[kept]):
            kept += 1
            if kept % 6 == 0:
                assert shelf.push()
        assert 60 < kept < len(made) and shelf.free_kib < 8
        assert not shelf.append(made[kept])
        assert shelf.push() and shelf.end(lost_samples=50)
        assert not shelf.begin(shelf.next_id(), HEAD) and not shelf.failed
        again = loaded(segment_bytes=20_000)
        assert read(again, old) == data
        told = again.describe(again.after(old))
        assert (told.first_number, told.lost_samples) == (100, 50)
        assert told.end_number == sum(span(made[kept - 1]))
        assert again.delete(old) and again.free_kib > 20
        assert record(again, samples(100))

    on(flash, work)


def test_a_write_that_fails_is_counted_and_the_recording_goes_on():
    flash = new_flash()
    data = samples(624)

    def work():
        shelf = loaded()
        shelf.begin(shelf.next_id(), HEAD)
        for at in range(0, 624, PER_SECOND):
            good = at != 2 * PER_SECOND
            flash.writeblocks = refuse if not good else None
            part = coded(data[at * BYTES : (at + PER_SECOND) * BYTES], at)
            stored = [shelf.append(block) for block in part]
            assert (shelf.push() and all(stored)) or not good
            if not good:
                lost = sum([span(block)[1] for block, kept in zip(part, stored) if not kept])
        assert shelf.failed and shelf.end(lost)
        told = loaded().describe(1)
        whole = read(shelf, 1)
        assert told.lost_samples == PER_SECOND
        assert whole == data[: 208 * BYTES] + data[312 * BYTES :]

    class Refusing:
        """The flash, whose programming fails when it is told so."""

        def __init__(self):
            self.readblocks = flash.readblocks
            self.ioctl = flash.ioctl

        def writeblocks(self, *rest):
            if flash.writeblocks is not None:
                flash.writeblocks()
            return Flash.writeblocks(flash, *rest)

    def refuse():
        raise OSError(5)

    flash.writeblocks = None
    on(Refusing(), work)


def test_a_damaged_block_is_passed_over_and_the_others_are_read():
    data = samples(400)

    def work():
        recording_id = record(loaded(), data)
        with open("recordings/00001.0", "rb") as file:
            content = bytearray(file.read())
        made = coded(data[: PER_SECOND * BYTES])
        content[len(made[0]) + 2 + 20] ^= 4  # in the second block
        with open("recordings/00001.0", "wb") as file:
            file.write(content)
        first, count = span(made[1])
        got = read(loaded(), recording_id)
        assert got == data[: first * BYTES] + data[(first + count) * BYTES :]

    on(new_flash(), work)


def test_a_head_that_is_damaged_hides_its_recording_and_no_other():
    def work():
        shelf = loaded()
        first = record(shelf, samples(50))
        second = record(shelf, samples(60))
        with open("recordings/00001", "r+b") as file:
            file.write(b"\x63")
        again = loaded()
        assert again.failed and again.after(0) == second != first
        assert read(again, second) == samples(60)
        assert record(again, samples(5)) == 3

    on(new_flash(), work)


# --- what it takes -------------------------------------------------------------------------------


def test_no_method_holds_up_the_board_for_longer_than_the_fifo_lasts():
    flash = new_flash("flash.bin", 400 * SECTOR)
    longest = {}

    def timed(method, *arguments):
        begin = vclock.now_us()
        result = method(*arguments)
        name = method.__name__
        longest[name] = max(longest.get(name, 0), vclock.now_us() - begin)
        return result

    def work():
        shelf = loaded(segment_bytes=100_000)
        made = coded(samples(PER_SECOND))
        timed(shelf.begin, shelf.next_id(), HEAD)
        for _ in range(400):
            for block in made:
                assert timed(shelf.append, block)
            assert timed(shelf.push)
        timed(shelf.end)
        timed(shelf.delete, 1)

    on(flash, work)
    assert longest["append"] > ERASE_US  # or nothing was charged
    for name, us in longest.items():
        assert us < 500_000, (name, us)
    assert max(flash.wear.values()) < 40
