"""Sample pairs: both IMUs resampled to one grid of the board's clock.

Each IMU samples by its own oscillator, up to a percent off, at its own phase. Grid point n lies at
n * PAIR_PERIOD_US of the board's clock; what each IMU would have measured there is taken from the
straight line between its two samples around it. At 208 Hz a knee's movement is far below the rate,
so the line is good to well under the noise; it damps noise a little, by up to a half in power.

Grid numbers count on whether or not a point could be measured. Where one IMU has no samples (its
FIFO overflowed, a word was lost, it did not answer), numbers are left out: a hole.

With `use_sensors` the pairs are those of the corrected sensors (`counts`).

Counts of another chip are scaled to the band's on the way (`imu`), with the same rounding: for ST's
the factor is one and nothing changes.

An IMU that fails is set up anew at once, then every RETRY_MS. The other goes on: its rows keep
coming and keep their times, so that pairs, which need both, are there again with the first rows of
the one that is back. One that stands still to the last bit for a quarter of a second has failed
too. Where a line of the bus is held low both have, and nothing is asked of them until it is free
(`lines`).

Times here are counted from the last poll, in us, and small, see `stream`.
"""

import time
from array import array

import micropython
from micropython import const

from kneeband import config, counts, imu
from kneeband.stream import CAPACITY, Stream
from kneeband.twins import Twins
from kneecore import wire

ROW = const(12)
"""Numbers a pair: thigh gyr xyz, thigh acc xyz, shank gyr xyz, shank acc xyz."""

_PERIOD_US = const(4808)
_PERIOD_Q4 = const(4808 << 4)
_STUCK_ROWS = const(52)
"""A quarter of a second without any change. (Six axes whose noise is half a count and more never
rest so long: an LSM6DSOX at 2000 dps has 0.5 counts rms of it, its accelerometer 1.7. With these a
row is the one before in one of 1200, 52 times on end never.)"""
assert _PERIOD_US == wire.PAIR_PERIOD_US


class Sampler:
    """`start` once, then `poll` every `config.POLL_MS`. `lines`: of their bus, where known."""

    def __init__(self, thigh, shank, clock, lines=None):
        self.thigh = Stream(thigh)
        self.shank = Stream(shank)
        self.clock = clock
        self.rows = array("h", [0] * (ROW * CAPACITY))
        """The pairs of the last poll, `ROW` numbers each."""
        self.number = 0
        """Grid number of the first of them (of the next to come, if there were none)."""
        self.hole = 0
        """Grid points that are missing just before it (0 from a poll without pairs)."""
        self.held = False
        """A line of the bus is held low."""
        self._lines = lines
        self._twins = Twins()
        self._correction = None
        self._next = 0
        self._due_us = 0  # of grid point `_next`, counted from the last poll
        self._polled_us = 0
        self._missing = 0  # grid points left out since the last pair; `hole` once there is another
        self._flowing = False  # there was a pair, so a jump from it is a hole
        self._retry_ms = 0

    def use_sensors(self, sensors):
        """Correct the pairs to come by a kneecore.sensors.Sensors."""
        self._correction = counts.table(sensors, imu.ACC_LSB_M_S2)

    def start(self):
        """Set up both IMUs. One that does not answer is tried again by `poll`."""
        if not self._lines_held(True):
            self.thigh.start()
            self.shank.start()
        self._retry_ms = time.ticks_add(time.ticks_ms(), config.RETRY_MS)
        self._polled_us = self.clock.now_us()
        self._next = self._polled_us // _PERIOD_US
        self._due_us = self._next * _PERIOD_US - self._polled_us

    @property
    def faults(self) -> int:
        """wire.FAULT_* bits of the IMUs that bring nothing to be believed now, and why."""
        faults = wire.FAULT_BUS if self.held else 0
        if self._twins.there:
            faults |= wire.FAULT_ONE_ADDRESS
        if self.thigh.faulty:
            stranger = wire.FAULT_THIGH_CHIP if self.thigh.is_stranger else 0
            faults |= wire.FAULT_THIGH_IMU | stranger
        if self.shank.faulty:
            stranger = wire.FAULT_SHANK_CHIP if self.shank.is_stranger else 0
            faults |= wire.FAULT_SHANK_IMU | stranger
        return faults

    @property
    def poll_ms(self) -> int:
        """How often to poll: what the slower of the IMUs that are there asks for."""
        return max(config.POLL_MS, self.thigh.poll_ms, self.shank.poll_ms)

    @property
    def upcoming(self) -> int:
        """Grid number of the next pair to come, if none are lost."""
        return self._next

    @property
    def behind(self) -> bool:
        """A FIFO held more than one burst: poll again at once."""
        return self.thigh.unread > 0 or self.shank.unread > 0

    def poll(self) -> int:
        """Read both FIFOs; returns how many new pairs are in `rows`. Allocates next to nothing."""
        now_us = self.clock.now_us()
        self._due_us -= now_us - self._polled_us
        self._polled_us = now_us
        self._collect(self.clock.ticks)

        thigh, shank = self.thigh, self.shank
        self.hole = 0
        self.number = self._next
        if thigh.count < 2 or shank.count < 2:
            return 0
        thigh_oldest = thigh.newest_q4 - (thigh.count - 1) * thigh.period_q4
        shank_oldest = shank.newest_q4 - (shank.count - 1) * shank.period_q4
        self._skip_to(max(thigh_oldest, shank_oldest))
        room = min(thigh.newest_q4, shank.newest_q4) - (self._due_us << 4)
        if room < 0:
            return 0
        count = min(room // _PERIOD_Q4 + 1, CAPACITY)
        due = self._due_us << 4
        _resample(thigh.rows, self.rows, 0, due - thigh_oldest, thigh.period_q4, count)
        _resample(shank.rows, self.rows, 6, due - shank_oldest, shank.period_q4, count)
        _scale(self.rows, 0, thigh.gyr_q14, thigh.acc_q14, count)
        _scale(self.rows, 6, shank.gyr_q14, shank.acc_q14, count)
        if self._correction is not None:
            counts.correct(self.rows, self._correction, count)
        self._next += count
        self._due_us += count * _PERIOD_US
        due = self._due_us << 4
        # One row before the one that the next grid point needs stays too: times are still refined.
        thigh.drop((due - thigh_oldest) // thigh.period_q4 - 1)
        shank.drop((due - shank_oldest) // shank.period_q4 - 1)
        self.hole = self._missing
        self._missing = 0
        self._flowing = True
        return count

    def _collect(self, reference):
        retry = time.ticks_diff(time.ticks_ms(), self._retry_ms) >= 0
        was_held = self.held
        if self._lines_held(retry):
            return
        retry = retry or was_held
        tried = False
        for stream in (self.thigh, self.shank):
            if stream.failed:
                if retry:
                    stream.start()
                    tried = True
            else:
                stream.collect(reference)
            if stream.same >= _STUCK_ROWS and not stream.failed:
                stream.give_up(True)
        self._twins.look(self.thigh, self.shank)
        if tried:
            self._retry_later()
        elif retry:
            self._retry_ms = time.ticks_ms()  # ever due, so that who fails is tried at once

    def _lines_held(self, retry):
        """Whether a line of the bus is held low; who holds it is made to let go, if it can be."""
        lines = self._lines
        held = lines is not None and lines.held
        if held and not self.held:
            self.thigh.give_up()
            self.shank.give_up()
        if held and (retry or not self.held):
            lines.free()
            self._retry_later()
        self.held = held
        return held

    def _retry_later(self):
        self._retry_ms = time.ticks_add(time.ticks_ms(), config.RETRY_MS)

    def _skip_to(self, oldest_q4):
        """Leave out the grid points before `oldest_q4`: no IMU has samples around them."""
        early = oldest_q4 - (self._due_us << 4)
        if early > 0:
            points = (early + _PERIOD_Q4 - 1) // _PERIOD_Q4
            self._due_us += points * _PERIOD_US
            self._next += points
            self.number = self._next
            if self._flowing:
                self._missing += points


@micropython.viper
def _resample(source, target, column: int, position: int, period: int, count: int):
    """Straight lines between rows of six in `source`, to `column` of `count` rows of twelve.

    `position` is the first point's distance from row 0 and `period` that between two rows, both in
    us / 16; the points lie _PERIOD_Q4 apart. A count at the end of its range says only "or more",
    so a point beside one is put there too: saturation is not averaged away.
    """
    p = ptr16(source)
    q = ptr16(target)
    o = column
    while count:
        count -= 1
        row = position // period
        part = ((position - row * period) << 13) // period
        i = row * 6
        for axis in range(6):
            a = (p[i] ^ 0x8000) - 0x8000
            b = (p[i + 6] ^ 0x8000) - 0x8000
            if a == 32767 or a == -32768:
                b = a
            elif b == 32767 or b == -32768:
                a = b
            q[o + axis] = a + (((b - a) * part + 4096) >> 13)
            i += 1
        o += 12
        position += _PERIOD_Q4


@micropython.viper
def _scale(rows, column: int, gyr_q14: int, acc_q14: int, count: int):
    """Counts of a chip into those of the band (`imu`), from `column` of `count` rows of twelve."""
    if gyr_q14 == 16384 and acc_q14 == 16384:
        return
    p = ptr16(rows)
    o = column
    while count:
        count -= 1
        for axis in range(6):
            v = (p[o + axis] ^ 0x8000) - 0x8000
            if v != 32767 and v != -32768:
                v = (v * (gyr_q14 if axis < 3 else acc_q14) + 8192) >> 14
                if v > 32767:
                    v = 32767
                elif v < -32768:
                    v = -32768
                p[o + axis] = v
        o += 12
