"""The part of bench_firmware.py that runs under MicroPython; prints one line of JSON.

    micropython bench_firmware_device.py yardsticks CHUNKS
    micropython bench_firmware_device.py record CHIP SECONDS TAPE
    micropython bench_firmware_device.py TAPE SECONDS time|garbage stages|whole

The yardsticks: two plain Madgwick filters; the band's filter with angles; of it, what each sample
costs and what each correction. Rows of counts of a leg-like motion are made first; only the steps
are measured. They take turns, a chunk each, and the best chunk counts: load hits all alike. The
loop: bench_firmware_loop.

Garbage is the growth of gc.mem_alloc() with the collector off.
"""

import gc
import json
import sys
from array import array
from math import pi, sin

import utime

GYR_LSB = 0.070 * pi / 180.0
ACC_LSB = 0.000488 * 9.80665
PERIOD_S = 4808e-6
ROWS = 208
CHUNK = 100
"""Pairs between two collections."""


def make_rows() -> array:
    """One second of counts, 12 a row: both segments swing, gravity mostly along y."""
    rows = array("h", bytes(2 * 12 * ROWS))
    for i in range(ROWS):
        phase = 2.0 * pi * i / ROWS
        for k in (0, 6):
            rows[12 * i + k] = int(0.1 * sin(phase + k) / GYR_LSB)
            rows[12 * i + k + 1] = int(0.2 * sin(2.0 * phase) / GYR_LSB)
            rows[12 * i + k + 2] = int(1.5 * sin(phase + k) / GYR_LSB)
            rows[12 * i + k + 3] = int(0.5 * sin(phase) / ACC_LSB)
            rows[12 * i + k + 4] = int((9.7 + 0.8 * sin(phase)) / ACC_LSB)
            rows[12 * i + k + 5] = int(0.9 / ACC_LSB)
    return rows


class KneeBand:
    """Strapdown and correction of both IMUs, with angles at every 2nd pair."""

    def __init__(self):
        from kneeband.strapdown import PairFilter
        from kneecore import fusion, joint

        self.pair = PairFilter(fusion.Params(), PERIOD_S, GYR_LSB, ACC_LSB)
        self.angles = joint.angles
        self.odd = False
        self.last = None

    def step(self, rows, index):
        self.pair.step(rows, index)
        self.odd = not self.odd
        if self.odd:
            w, x, y, z = self.pair.relative()
            self.last = self.angles(w, x, y, z, 1)


class Madgwicks:
    """Two plain Madgwick filters: what one would write without any of this."""

    def __init__(self, module: str):
        Madgwick = __import__(module).Madgwick
        self.thigh = Madgwick(PERIOD_S)
        self.shank = Madgwick(PERIOD_S)

    def step(self, rows, index):
        at = 12 * index
        for filter_, k in ((self.thigh, at), (self.shank, at + 6)):
            filter_.update(
                rows[k] * GYR_LSB,
                rows[k + 1] * GYR_LSB,
                rows[k + 2] * GYR_LSB,
                rows[k + 3] * ACC_LSB,
                rows[k + 4] * ACC_LSB,
                rows[k + 5] * ACC_LSB,
            )


class Strapdowns:
    """What every sample costs: viper."""

    def __init__(self):
        band = KneeBand()
        self.thigh = band.pair.thigh.strapdown
        self.shank = band.pair.shank.strapdown

    def step(self, rows, index):
        self.thigh.step(rows, 12 * index)
        self.shank.step(rows, 12 * index + 6)


class Corrections:
    """What every tenth sample costs, at every one: native, floats. After a second of samples."""

    def __init__(self):
        band = KneeBand()
        rows = make_rows()
        for index in range(ROWS):
            band.step(rows, index)
        self.thigh = band.pair.thigh.correction
        self.shank = band.pair.shank.correction

    def step(self, rows, index):
        self.thigh.update()
        self.shank.update()


SUBJECTS = {
    "madgwick": lambda: Madgwicks("bench_madgwick"),
    "madgwick_native": lambda: Madgwicks("bench_madgwick_native"),
    "filter_angles": KneeBand,
    "strapdown": Strapdowns,
    "correction": Corrections,
}


class Yardstick:
    """One of SUBJECTS; the best time of a chunk so far, and the garbage of all, per pair."""

    def __init__(self, name: str, rows):
        self._rows = rows
        self._step = SUBJECTS[name]().step
        self._index = 0
        self._best_us = 1 << 30
        self._bytes = self._pairs = 0
        self._run(ROWS)

    def _run(self, pairs):
        for _ in range(pairs):
            self._step(self._rows, self._index)
            self._index = self._index + 1 if self._index < ROWS - 1 else 0

    def measure(self):
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        start = utime.ticks_us()
        self._run(CHUNK)
        took = utime.ticks_diff(utime.ticks_us(), start)
        self._bytes += gc.mem_alloc() - before
        self._pairs += CHUNK
        self._best_us = min(self._best_us, took)

    def result(self):
        return {"us": self._best_us / CHUNK, "bytes": self._bytes / self._pairs}


def yardsticks(chunks: int) -> dict:
    """Of each: microseconds and bytes of garbage per pair."""
    rows = make_rows()
    all_of_them = {name: Yardstick(name, rows) for name in SUBJECTS}
    for _ in range(chunks):
        for each in all_of_them.values():
            each.measure()
    return {name: each.result() for name, each in all_of_them.items()}


if __name__ == "__main__":
    if sys.argv[1] == "yardsticks":
        print(json.dumps(yardsticks(int(sys.argv[2]))))
    else:
        import bench_firmware_loop as loop

        if sys.argv[1] == "record":
            loop.record(sys.argv[2], int(sys.argv[3]), sys.argv[4])
        else:
            loop.run(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4] == "whole")
