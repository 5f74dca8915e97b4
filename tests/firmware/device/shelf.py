"""Recordings on flash, on littlefs over the simulated board's flash memory."""

import os

from kneeband.shelf import Shelf
from kneecore import wire
from kneecore.blocks import BlockWriter, read_block, span
from sim import vclock
from sim.flash import ERASE_US, SECTOR, Flash, PowerCut

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


# --- power failures ------------------------------------------------------------------------------


def every_cut(prepare, work, check, stride=1):
    """Do `work` on flash; then, for the power failing at each of its writes and erasures, `check`.

    `work(mark)` calls mark(what) whenever something is safe; check(what) gets the last of these,
    with the flash as it was left mounted; at last where it did not fail. Returns the cuts.
    """
    flash = new_flash("whole.bin")
    on(flash, prepare)
    copy("whole.bin", "replay.bin")
    flash.journal = []
    marks = []
    on(flash, lambda: work(marker(marks, flash)))
    replay = Flash("replay.bin", SMALL)
    for index, (address, data) in enumerate(flash.journal):
        if index % stride == 0:
            copy("replay.bin", "cut.bin")
            cut = Flash("cut.bin", SMALL)
            cut.cut_after = 0
            power_fails(cut, address, data)
            safe = [what for at, what in marks if at <= index]
            on(Flash("cut.bin", SMALL), lambda safe=safe: check(safe))
        replay.change(address, data)
    on(flash, lambda: check([what for _, what in marks]))
    return len(flash.journal)


def power_fails(flash, address, data):
    try:
        flash.change(address, data)
    except PowerCut:
        return
    raise AssertionError("it went on")


def marker(marks, flash):
    return lambda what: marks.append((len(flash.journal), what))


def copy(source, target):
    with open(source, "rb") as file:
        data = file.read()
    with open(target, "wb") as file:
        file.write(data)


def test_power_that_fails_at_any_write_leaves_all_but_the_last_second():
    old, data = samples(150, seed=3), samples(9 * PER_SECOND)
    made = {}
    for at in range(0, 9 * PER_SECOND, PER_SECOND):
        for block in coded(data[at * BYTES : (at + PER_SECOND) * BYTES], 5000 + at):
            made[span(block)[0]] = block

    def prepare():
        record(loaded(), old)

    def work(mark):
        record(loaded(segment_bytes=5000), data, number=5000, second=mark)
        mark("ended")

    states = set()

    def check(safe):
        shelf = loaded(segment_bytes=5000)
        assert not shelf.failed
        assert shelf.describe(1).end_number == 150
        recording_id = shelf.after(1)
        least = [what for what in safe if what != "ended"]
        if not recording_id:
            assert not least, "a recording is gone"
            return
        told = shelf.describe(recording_id)
        assert told.end_number >= (least[-1] if least else 0)
        assert told.first_number == 5000 and told.boot_id == 7
        number = 5000
        for block in shelf.blocks(recording_id, 0, 1 << 30):
            assert block == made[number]
            number += span(block)[1]
        assert number == told.end_number
        cut = told.flags & wire.RECORDING_CUT
        assert not (told.flags & wire.RECORDING_RUNNING)
        assert cut or told.end_number == 5000 + len(data) // BYTES
        assert not (cut and "ended" in safe)
        assert shelf.head(recording_id)[0] == HEAD[6]
        state = (bool(cut), len(least))
        if state not in states:  # and the next recording is made as ever
            states.add(state)
            assert read(shelf, 1) == old
            assert record(shelf, old) > recording_id
            again = loaded()
            assert again.count == 3 and read(again, again.after(recording_id)) == old
            assert again.describe(recording_id) == told

    assert every_cut(prepare, work, check) > 150
    assert len(states) >= 10 and (False, 9) in states, states


def test_power_that_fails_in_the_midst_of_a_deletion_leaves_a_whole_recording_or_none():
    data = samples(900)

    def prepare():
        record(loaded(segment_bytes=1500), data)

    def work(mark):
        assert loaded(segment_bytes=1500).delete(1)
        mark("deleted")

    found = []

    def check(safe):
        shelf = loaded(segment_bytes=1500)
        found.append(shelf.count)
        if shelf.count:
            assert not safe
            assert read(shelf, 1) == data
        else:
            assert sorted(os.listdir("recordings")) == ["next"]

    every_cut(prepare, work, check)
    assert found[0] == 1 and found[-1] == 0 and found == sorted(found, reverse=True)


def test_power_that_fails_while_ids_are_given_lets_none_come_twice():
    def work(mark):
        shelf = loaded()
        for _ in range(40):
            mark(shelf.next_id())

    def check(safe):
        assert loaded().next_id() > (max(safe) if safe else 0)

    every_cut(lambda: None, work, check)


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
