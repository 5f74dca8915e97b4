"""Recordings on flash, when the power fails at any of its writes and erasures."""

import os

from shelves import (
    BYTES,
    HEAD,
    PER_SECOND,
    SMALL,
    coded,
    loaded,
    new_flash,
    on,
    read,
    record,
    samples,
)

from kneecore import wire
from kneecore.blocks import span
from sim.flash import Flash, PowerCut


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


_image = bytearray(SMALL)


def copy(source, target):
    with open(source, "rb") as file:
        assert file.readinto(_image) == SMALL
    with open(target, "wb") as file:
        file.write(_image)


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
