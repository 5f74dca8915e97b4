"""The part of bench_firmware.py that runs under MicroPython; prints one JSON line per variant.

    micropython bench_firmware_device.py VARIANT PAIRS

Rows of counts of a leg-like motion are made first; only the steps are measured. Garbage is the
growth of gc.mem_alloc() with the collector off, over pairs that fit in the heap.
"""

import gc
import json
import sys
import time
from array import array
from math import cos, pi, sin, sqrt

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
    """Strapdown and correction of both IMUs; with angles at every 2nd pair."""

    def __init__(self, with_angles: bool):
        from kneeband.strapdown import PairFilter
        from kneecore import fusion, joint

        self.pair = PairFilter(fusion.Params(), PERIOD_S, GYR_LSB, ACC_LSB)
        self.angles = joint.angles
        self.with_angles = with_angles
        self.odd = False
        self.last = None

    def step(self, rows, index):
        self.pair.step(rows, index)
        self.odd = not self.odd
        if self.odd and self.with_angles:
            w, x, y, z = self.pair.relative()
            self.last = self.angles(w, x, y, z, 1)


class WholePipeline:
    """kneecore.pipeline as the device drives it, calibrated, with quaternions for the packet."""

    def __init__(self):
        from kneeband.strapdown import PairFilter
        from kneecore import fusion
        from kneecore.calibration import Calibration
        from kneecore.pipeline import Pipeline

        self.pair = PairFilter(fusion.Params(), PERIOD_S, GYR_LSB, ACC_LSB)
        self.pipeline = Pipeline(self.pair, 1)
        level = (1.0, 0.0, 0.0, 0.0)
        zero = (0.0, 0.0, 0.0)
        self.pipeline.set_calibration(Calibration(1, level, level, 0.0, zero, zero, 0.03, 1))
        self.buffer = bytearray(16)

    def step(self, rows, index):
        if self.pipeline.step(rows, index):
            self.pair.put_quaternions(self.buffer, 0)


class Counts:
    """What a band with a sensor calibration does besides, before the filter."""

    def __init__(self):
        from kneeband import counts
        from kneecore.sensors import IDENTITY, ImuErrors, Sensors

        tilted = tuple([a + 0.001 for a in IDENTITY])
        errors = ImuErrors(tilted, (0.1, -0.2, 0.05), tilted)
        self.table = counts.table(Sensors(1, errors, errors), ACC_LSB)
        self.correct = counts.correct
        self.poll = array("h", bytes(2 * 12 * 4))  # as many pairs as a poll of 20 ms brings

    def step(self, rows, index):
        if index & 3 == 0:
            self.correct(self.poll, self.table, 4)


class Kept:
    """What the journal adds: every knee sample coded into blocks, and those into the ring."""

    def __init__(self):
        from kneeband.ring import Ring
        from kneecore import blocks, wire

        self.size = wire.KNEE_SAMPLE.size
        self.samples = bytearray(self.size * ROWS)
        self.ring = Ring(144)
        self.writer = blocks.BlockWriter(1, self.put)
        self.number = 0
        self.fill(wire)

    def fill(self, wire):
        """Two seconds of squatting in the rows' rhythm, with the noise of the chips in the tail."""
        state = 1
        for i in range(ROWS):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            noise = (state >> 16 & 7) * 1e-4
            turn = 0.4 * (1.0 - cos(2.0 * pi * i / ROWS))
            thigh = (cos(turn / 2.0), 0.02 + noise, -0.03, sin(turn / 2.0))
            shank = (cos(turn / 4.0), 0.01, 0.05 - noise, -sin(turn / 4.0))
            degrees = 90.0 * turn, 3.0 * turn + 10.0 * noise, -2.0 * turn
            wire.KNEE_SAMPLE.pack_into(
                self.samples, i * self.size, *degrees, _unit(thigh), _unit(shank), 2.0
            )

    def put(self, block):
        if self.ring.full:
            self.ring.drop()
        self.ring.put(block)

    def step(self, rows, index):
        if index & 1 == 0:
            self.writer.add(self.number, 0, self.samples, self.number % ROWS * self.size)
            self.number += 1


def _unit(q):
    norm = sqrt(sum([x * x for x in q]))
    return tuple([x / norm for x in q])


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


VARIANTS = {
    "madgwick": lambda: Madgwicks("bench_madgwick"),
    "madgwick_native": lambda: Madgwicks("bench_madgwick_native"),
    "filter": lambda: KneeBand(False),
    "filter_angles": lambda: KneeBand(True),
    "pipeline": WholePipeline,
    "counts": Counts,
    "kept": Kept,
}


def measure(variant: str, pairs: int) -> dict:
    """Microseconds (the best chunk's, and the mean) and bytes of garbage per pair."""
    rows = make_rows()
    subject = VARIANTS[variant]()
    step = subject.step
    for i in range(ROWS):
        step(rows, i)
    total_us = 0
    total_bytes = 0
    best_us = 1 << 30
    index = 0
    for _ in range(pairs // CHUNK):
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        start = time.ticks_us()
        for _ in range(CHUNK):
            step(rows, index)
            index += 1
            if index == ROWS:
                index = 0
        took = time.ticks_diff(time.ticks_us(), start)
        total_bytes += gc.mem_alloc() - before
        gc.enable()
        total_us += took
        best_us = min(best_us, took)
    chunks = pairs // CHUNK
    return {
        "variant": variant,
        "best_us": best_us / CHUNK,
        "mean_us": total_us / chunks / CHUNK,
        "garbage_bytes": total_bytes / chunks / CHUNK,
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
