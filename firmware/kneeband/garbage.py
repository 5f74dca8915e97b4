"""When garbage is collected: at one point of the loop, just after pairs were taken, nowhere else.

Every float is garbage, half a kilobyte of words for each pair of samples. Left to itself
MicroPython collects when the heap is full: in the middle of a filter or a notification, and on an
ESP32 ever more often, for its heap grows only where even a collection finds no room. So the
collector is switched off and run here, after COLLECT_MS, or as many pairs as what is free has room
for: pairs, not time, for when flash has held all up half a second of them comes at once. What else
there is, a recording that is fetched above all, leaves less than half of what pairs do in the same
time; so it is given the time of these pairs, and half as long again.

Off it may be only while a poll's pairs and as many again have room. With less the collector is left
on: then it comes when it likes, but nothing fails. On an ESP32 without PSRAM what is free counts in
what the heap may still grow by.
"""

import gc
import struct
import time

from micropython import const

from kneeband import config

_PAIR_BYTES = 512 * struct.calcsize("P")
"""What a pair leaves at most, all stages together (tools/bench_firmware.py: 490 words)."""
_PAIR_MS = const(7)
_POLL_PAIRS = const(20)
"""What a poll brings at most; and what else there is between two polls has room in as many."""


class Garbage:
    """`take` after every poll."""

    def __init__(self):
        self._pairs = 0
        self._room = self._room_ms = 0
        self._collected_ms = time.ticks_ms()

    def take(self, pairs: int):
        """So many pairs have come; collect where it is time."""
        self._pairs += pairs
        waited_ms = time.ticks_diff(time.ticks_ms(), self._collected_ms)
        if self._pairs >= self._room or waited_ms >= self._room_ms:
            self.collect()

    def collect(self):
        """Now; and off with the collector until the next time, if that can be."""
        gc.collect()
        self._pairs = 0
        self._collected_ms = time.ticks_ms()
        room = gc.mem_free() // _PAIR_BYTES - 2 * _POLL_PAIRS
        if room > 0:
            gc.disable()
        else:
            gc.enable()
        self._room = max(room, _POLL_PAIRS)
        self._room_ms = min(config.COLLECT_MS, self._room * _PAIR_MS)
