"""One IMU's samples and when they were taken, on the board's clock.

The FIFO gives rows without times. What is known at a look at its level: the newest row was taken
before the look, and less than one period ago, or there would be one more. So each look bounds the
newest row's age to one period, and as the looks fall at ever other phases of the sampling, the
bounds close in on the true age. Between looks both bounds are carried on by the chip's own period
and let out a little (DRIFT), for the period is not quite that. The age used is their middle: its
error is half the step of the phases, below 0.5 ms at a look every 20 ms.

A chip may also answer and bring nothing, or the same row again and again. The first is seen here
(SILENCE_US), the second is counted in `same`, and `sampler` gives up one that stands still for too
long. A real chip's noise never does.

Where one bound is pushed more than the other, the period is a little off: the chip tells its
oscillator's error in steps of 0.15 % only. So the push trims the period. A chip that does not tell
it at all may be a percent off, too much for that. So its rows are counted at first: n rows between
two looks a time t apart bound the period to t / (n + 1) and t / (n - 1), every look anew; the
middle of the tightest bounds is used. After four seconds that is within 0.1 %.

All is integers in 1/256 us (`_q8`) that stay small, for nothing may be allocated here: the times
are relative, ages counted back from the look.
"""

import errno
import time
from array import array

import micropython
from micropython import const

from kneeband import imu as band

CAPACITY = const(48)
"""Rows kept: what waits for the other IMU (one burst), one burst to come, and some to spare."""

SILENCE_US = const(500_000)
"""An IMU that answers but brings no row for this long has lost its settings."""

_DRIFT_SHIFT = const(12)  # the bounds are let out by 2**-12 of the time, 0.024 %
_TRIM_SHIFT = const(9)  # part of a push that goes into the period
_TRIM_AFTER = const(50)  # looks before trimming starts: one second, until the bounds are close
_LEARN_US = const(4_000_000)  # in Q8 below 2**30
_LEARN_ROWS = const(40)
_LOOKING_US = const(400)  # a look is no instant
_TRIM_LIMIT = 0.02  # the period never leaves the chip's word by more
_BURST_ROWS = const(16)
_STILL_STILL = const(10)  # rows at the end of settling by which it has not moved yet
_LONGEST_US = const(2_000_000)  # between two looks, so that Q8 stays below 2**30

_Q14 = 16384.0


class Stream:
    """The rows of one IMU, in `rows` (array("h"), six a row), the first `count` of them valid.

    Row `count - 1` was taken `newest_q4` (us / 16, usually negative) after the time given to
    `collect`; each row before it one `period_q4` earlier.
    """

    def __init__(self, socket):
        """`socket` is asked for what is plugged in (`plugged`): an `imus.Socket`, or a driver."""
        self._socket = socket
        self.imu = socket
        """The driver; the socket while it does not know of one."""
        self.rows = array("h", [0] * (6 * (CAPACITY + 1)))  # _resample looks one row ahead
        self.count = 0
        self.newest_q4 = 0
        self.period_q4 = 0
        self.unread = 0
        """Rows that still wait in the FIFO."""
        self.overruns = 0
        self.failed = True
        """It does not answer, or not sensibly; `start` has to be called."""
        self.faulty = False
        """It failed, and no row that can be believed has come since."""
        self.same = 0
        """So many of the newest rows each equal the one before; below 0: so many differ."""
        self.gyr_q14 = self.acc_q14 = 16384
        """What its counts are worth in the band's."""
        self.poll_ms = 0
        """How often it wants to be looked at (`imu.Imu.poll_ms`)."""
        self._last = array("h", [0] * 6)
        self._stood_still = False  # given up for that: it has to show another row first
        self._late_q4 = 0
        self._settle = 0
        self._learnt_of = None  # the driver whose period has been found out
        self._learning = False  # the period is found out by counting
        self._learnt_us = self._learnt_rows = 0  # so far
        self._shortest_q8 = self._longest_q8 = 0  # it can be
        self._heard = self._looked = 0  # ticks_us of the last row, of the last look
        self._nominal_q8 = self._period_q8 = 0
        self._restart()

    def start(self) -> bool:
        """Set the chip up (anew); False if that failed."""
        self.failed = True
        self.count = 0
        self.imu = self._socket
        try:
            imu = self.imu = self._socket.plugged()
            imu.configure()
        except OSError:
            self.faulty = True
            return False
        self._settle = imu.settle_rows
        self.same = 0
        self.poll_ms = imu.poll_ms
        self._late_q4 = (imu.late_us - band.BAND_LATE_US) << 4
        self.gyr_q14 = int(imu.GYR_LSB_RAD_S / band.GYR_LSB_RAD_S * _Q14 + 0.5)
        self.acc_q14 = int(imu.ACC_LSB_M_S2 / band.ACC_LSB_M_S2 * _Q14 + 0.5)
        self._nominal_q8 = int(imu.period_us * 256 + 0.5)
        if imu is not self._learnt_of:
            self._period_q8 = self._nominal_q8
        self._heard = self._looked = time.ticks_us()
        self._learning = not imu.tells_period
        self._restart()
        self.failed = False
        return True

    @property
    def is_stranger(self) -> bool:
        """It failed, and a chip that nobody knows answered when it was looked for last."""
        return self.failed and not isinstance(self.imu, band.Imu) and self.imu.chip != 0

    @property
    def is_missing(self) -> bool:
        """It failed, and nobody answered when it was looked for last."""
        return self.failed and not isinstance(self.imu, band.Imu) and self.imu.chip == 0

    def collect(self, reference: int):
        """Look at the FIFO and take one burst. `reference` (ticks_us) is the zero of `newest_q4`.

        A chip that fails sets `failed`; whatever was held is given up then.
        """
        try:
            self._collect(reference)
        except OSError:
            self.give_up()

    def give_up(self, stood_still: bool = False):
        """It can't be believed: told as a fault until it can."""
        self.failed = self.faulty = True
        self._stood_still = stood_still or self._stood_still
        self.count = 0
        self.unread = 0

    def _collect(self, reference):
        before = time.ticks_us()
        level = self.imu.level()
        after = time.ticks_us()
        if self.imu.overrun:
            self.overruns += 1
            self._heard = before
            self._restart()
        available = (level + self.imu.pending()) // self.imu.row_words
        if available:
            self._heard = before
        elif time.ticks_diff(before, self._heard) > SILENCE_US:
            raise OSError(errno.ETIMEDOUT)
        self._track(before, time.ticks_diff(after, before), available - self.unread)
        self._read(level, available)

        age_q8 = ((self._youngest_q8 + self._oldest_q8) >> 1) + self.unread * self._period_q8
        now_q4 = time.ticks_diff(before, reference) << 4
        self.newest_q4 = now_q4 - (age_q8 >> 4) - self._late_q4
        self.period_q4 = self._period_q8 >> 4

    def _track(self, before, looking_us, arrived):
        """Carry the bounds of the newest row's age on to the look at `before`, and close them."""
        since_us = time.ticks_diff(before, self._looked)
        self._looked = before
        period = self._period_q8
        since = min(since_us, _LONGEST_US) << 8
        drift = since >> _DRIFT_SHIFT
        youngest = self._youngest_q8 + since - arrived * period - drift
        oldest = self._oldest_q8 + since - arrived * period + drift
        if since_us > _LONGEST_US or oldest > 2 * period:
            self._restart()  # rows that were due have not come: the chip stood still
        if self._looks == 0:
            self._youngest_q8 = -(looking_us << 8)
            self._oldest_q8 = period
            self._looks = 1
            return
        low = -(looking_us << 8)
        push_up = max(0, low - youngest)
        push_down = max(0, oldest - period)
        youngest = min(youngest + push_up, period)
        oldest = max(oldest - push_down, low)
        if youngest > oldest:  # the period was further off than DRIFT: believe the bound just met
            youngest = oldest = oldest if push_down > push_up else youngest
        self._youngest_q8 = youngest
        self._oldest_q8 = oldest
        if self._learning:
            self._learn(since_us, arrived)
            return
        if self._looks < _TRIM_AFTER:
            self._looks += 1
        else:
            limit = int(self._nominal_q8 * _TRIM_LIMIT)
            trimmed = period + ((push_down - push_up) >> _TRIM_SHIFT)
            self._period_q8 = min(max(trimmed, self._nominal_q8 - limit), self._nominal_q8 + limit)

    def _learn(self, since_us, arrived):
        """Narrow the bounds of the period by what has been counted."""
        if self._settle > 0:
            return
        t_us = self._learnt_us = self._learnt_us + since_us
        rows = self._learnt_rows = self._learnt_rows + arrived
        if t_us > _LEARN_US:
            self._learning = False
            self._learnt_of = self.imu
        elif rows >= _LEARN_ROWS:
            low = ((t_us - _LOOKING_US) << 8) // (rows + 1)
            high = ((t_us + _LOOKING_US) << 8) // (rows - 1)
            self._shortest_q8 = max(self._shortest_q8, low)
            self._longest_q8 = min(self._longest_q8, high)
            if self._learnt_of is self.imu:
                self._period_q8 = min(max(self._period_q8, self._shortest_q8), self._longest_q8)
            else:
                self._period_q8 = (self._shortest_q8 + self._longest_q8) >> 1

    def _read(self, level, available):
        self.unread = available
        if level == 0:
            return
        if self.count > CAPACITY - _BURST_ROWS:
            self.drop(self.count - (CAPACITY - _BURST_ROWS))
        imu = self.imu
        made = imu.read_rows(level, self.rows, self.count)
        self.unread = (max(0, level - imu.burst_words) + imu.pending()) // imu.row_words
        self.same = _repeated(self.rows, self.count, made, self._last, self.same)
        if imu.broken:
            _move_rows(self.rows, self.count, made)
            self.count = 0
            self._looks = 0
        if self._settle > 0:
            self._settle -= made
            if self._settle <= 0 and self.faulty:
                if self._stood_still and self.same >= _STILL_STILL:
                    raise OSError(errno.EIO)
                self.faulty = self._stood_still = False
        else:
            self.count += made

    def drop(self, rows: int):
        """Forget the oldest `rows` rows."""
        if rows > 0:
            rows = min(rows, self.count)
            self.count -= rows
            _move_rows(self.rows, rows, self.count)

    def _restart(self):
        """The next rows do not follow on from those held."""
        self.count = 0
        self.unread = 0
        self._learnt_us = self._learnt_rows = 0
        limit = int(self._nominal_q8 * _TRIM_LIMIT)
        self._shortest_q8 = self._nominal_q8 - limit
        self._longest_q8 = self._nominal_q8 + limit
        self._looks = 0  # counted up to _TRIM_AFTER
        self._youngest_q8 = self._oldest_q8 = 0  # bounds of the newest row's age


@micropython.viper
def _move_rows(rows, first: int, count: int):
    """Move `count` rows of six from row `first` to the beginning."""
    p = ptr16(rows)
    source = first * 6
    for i in range(count * 6):
        p[i] = p[source + i]


@micropython.viper
def _repeated(rows, first: int, count: int, last, same: int) -> int:
    """`same`, carried on over `count` rows from row `first`; `last` is the row before them."""
    p = ptr16(rows)
    q = ptr16(last)
    o = first * 6
    while count:
        count -= 1
        differ = 0
        for i in range(6):
            if p[o + i] != q[i]:
                differ = 1
                q[i] = p[o + i]
        if differ and same > -1000:
            same = -1 if same > 0 else same - 1
        elif differ == 0 and same < 1000:
            same = 1 if same < 0 else same + 1
        o += 6
    return same
