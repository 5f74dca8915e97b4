"""Fill the simulated board's flash with one recording, under MicroPython, and tell what it took.

    micropython play_storage.py SECONDS

SECONDS holds what each second of the recording comes to: u8 number of blocks, then each behind a
byte of its length. As `kneeband.journal` does it for a recording without a host, a second's blocks
are appended and pushed; until the flash is full. The last line printed is JSON: the seconds kept,
the longest that each method held up the board (virtual ms), the longest second, the mean, and what
the flash saw. See bench_storage.py.
"""

import json
import os
import sys

from kneeband.shelf import Shelf
from kneecore import wire
from sim import flash, vclock

CALIBRATION = bytes(wire.CALIBRATION.size)
SENSORS = bytes(wire.SENSORS.size)
HEAD = (1, wire.RECORDING_ALONE, wire.SIDE_RIGHT, 1, 1, 0, CALIBRATION, SENSORS)


class Stopwatch:
    """The longest that each method took, in virtual time."""

    def __init__(self):
        self.longest_us = {}

    def time(self, name, method, *arguments):
        begin = vclock.now_us()
        result = method(*arguments)
        took = vclock.now_us() - begin
        self.longest_us[name] = max(self.longest_us.get(name, 0), took)
        return result


def seconds(path):
    """The blocks of each second."""
    with open(path, "rb") as file:
        while True:
            count = file.read(1)
            if not count:
                return
            yield [file.read(file.read(1)[0]) for _ in range(count[0])]


def fill(path):
    vclock.set_speed(0.0)
    source = seconds(path)
    memory = flash.insert("flash.bin")
    watch = Stopwatch()
    shelf = Shelf()
    watch.time("load", shelf.load)
    watch.time("begin", shelf.begin, shelf.next_id(), HEAD)
    kept = longest_us = bytes_kept = 0
    begun_us = vclock.now_us()
    room = True
    for blocks in source:
        before_us = vclock.now_us()
        for block in blocks:
            room = room and watch.time("append", shelf.append, block)
            bytes_kept += len(block) + 1
        if not room:
            break
        watch.time("push", shelf.push)
        longest_us = max(longest_us, vclock.now_us() - before_us)
        kept += 1
    busy_us = vclock.now_us() - begun_us
    erases = memory.erases
    watch.time("end", shelf.end)
    again = Shelf()
    watch.time("load, full", again.load)
    begin_us = vclock.now_us()
    end = again.describe(1).end_number
    found = sum([1 for _ in again.blocks(1, 0, end)])
    read_us = vclock.now_us() - begin_us
    watch.time("delete", again.delete, 1)
    assert found and os.listdir("recordings") == ["next"]
    return {
        "kept_s": kept,
        "full": not room,
        "bytes": bytes_kept,
        "longest_ms": {name: us / 1000 for name, us in watch.longest_us.items()},
        "longest_second_ms": longest_us / 1000,
        "mean_second_ms": busy_us / 1000 / kept,
        "erases_per_hour": erases / kept * 3600,
        "wear_most": max(memory.wear.values()),
        "read_ms": read_us / 1000,
    }


if __name__ == "__main__":
    print(json.dumps(fill(sys.argv[1])))
