"""An IMU at the level of its registers: the LSM6DSOX family as the firmware's driver sees it.

Register map (ST DS12814 sections 9-10; AN5272, AN5192 for the FIFO). A preset of `sim.chip_errors`
changes the errors only; which model goes with which is told in `sim.chips`.

    0x07 FIFO_CTRL1..2   watermark, bit 7 of CTRL2: stop at the watermark
    0x09 FIFO_CTRL3      batch rates, gyr (7:4), acc (3:0), coded as the output data rates
    0x0A FIFO_CTRL4      mode (2:0): 0 bypass, 1 FIFO (stops when full), 6 continuous; 5:4 temp.
    0x0F WHO_AM_I        0x6C LSM6DSOX, LSM6DSO; 0x6B ISM330DHCX
    0x10 CTRL1_XL        rate (7:4), range (3:2): 2, 16, 4, 8 g
    0x11 CTRL2_G         rate (7:4), range (3:2): 250, 500, 1000, 2000 dps; bit 1: 125 dps
    0x12 CTRL3_C         BDU (6), IF_INC (2), SW_RESET (0, clears itself)
    0x13 ..0x19          kept and given back, without effect (filters are not modelled)
    0x1E STATUS_REG      temperature, gyr, acc ready; 0x20 OUT_TEMP; 0x22 OUT gyr; 0x28 OUT acc
    0x3A FIFO_STATUS1..2 words waiting (10 bits); watermark 7, overrun 6, full 5, latched overrun 3
    0x40 TIMESTAMP0..3   25 us nominal, on the chip's own clock, if CTRL10_C bit 5 is set
    0x58 TAP_CFG2        interrupts enabled (7)
    0x5B WAKE_UP_THS     (5:0), in 64ths of the range, of half the difference of two samples
    0x5E MD1_CFG         wake-up to INT1 (5), high until the next sample (no latch, duration 0)
    0x63 INTERNAL_FREQ_FINE  trim of the oscillator, 0.15 % a step
    0x78 FIFO_DATA_OUT_TAG, 0x79..0x7E  one word; a burst rolls over from 0x7E to 0x78

FIFO: 3 KB, 512 words of tag and three int16. Tag = sensor (7:3; 1 gyr, 2 acc, 3 temperature), slot
counter (2:1), parity (0; the tag has an even number of ones). In a slot gyr comes before acc.

Time: the rate is 6667 Hz (1 + 0.0015 FREQ_FINE + residual) / 2^n on the chip's own oscillator, and
FREQ_FINE tells the error but for a residual within half a step. Samples are made when somebody
reads, all that fell due since; those that the FIFO would have lost are never made.

Not modelled: the digital filters and their delay, the noise in low power, self-test, compression,
other interrupts, the embedded functions.
"""

import struct

from sim.compiled import micropython
from sim.imu_chip import ImuChip

WHO_AM_I_LSM6DSOX = 0x6C

FIFO_WORDS = 512
BASE_RATE_HZ = 6667.0
FREQ_FINE_STEP = 0.0015

_WORD = 7
_TAG_GYR, _TAG_ACC, _TAG_TEMPERATURE = 1, 2, 3
_TEMPERATURE_BATCH = 128  # slots between temperature words: 1.6 Hz at 208 Hz

_DEFAULTS = {0x12: 0x04, 0x18: 0xE0}
_READ_ONLY = (0x0F, 0x63) + tuple(range(0x1A, 0x2E)) + tuple(range(0x3A, 0x44))
_RATE_DIVIDERS = {1: 512, 2: 256, 3: 128, 4: 64, 5: 32, 6: 16, 7: 8, 8: 4, 9: 2, 10: 1}
_ACC_MG = {0: 0.061, 1: 0.488, 2: 0.122, 3: 0.244}
_GYR_MDPS = {0: 8.75, 1: 17.5, 2: 35.0, 3: 70.0}
_GYR_MDPS_125 = 4.375
_RAD_PER_MDPS = 3.141592653589793 / 180e3
_M_S2_PER_MG = 9.80665e-3


def _tag(sensor: int, slot: int) -> int:
    tag = sensor << 3 | (slot & 3) << 1
    ones = 0
    for bit in range(8):
        ones += tag >> bit & 1
    return tag | ones & 1


_TAGS = [[_tag(sensor, slot) for slot in range(4)] for sensor in range(4)]


class LSM6DSModel(ImuChip):
    """One chip; the arguments are those of `ImuChip`."""

    def __init__(self, mount, source, errors="lsm6dsox", seed=0, who_am_i=WHO_AM_I_LSM6DSOX):
        super().__init__(mount, source, errors, seed, who_am_i)
        trim = self._errors.oscillator_error
        self._freq_fine = int(round(trim / FREQ_FINE_STEP))
        self._rate_hz = BASE_RATE_HZ * (1.0 + trim)
        self._fifo = bytearray(FIFO_WORDS * _WORD)
        self._reset(0)

    def _burst_into(self, register: int, buffer) -> bool:
        if register != 0x78 or len(buffer) % _WORD:
            return False
        self._pop_into(buffer, len(buffer) // _WORD)
        return True

    def _after(self, register: int) -> int:
        if not self._registers[0x12] & 0x04:
            return register
        return 0x78 if register == 0x7E else register + 1

    def interrupt(self, now_us: int) -> int:
        """The level of INT1."""
        self.catch_up(now_us)
        enabled = self._registers[0x58] & 0x80 and self._registers[0x5E] & 0x20
        return 1 if enabled and self._woke else 0

    # --- registers -----------------------------------------------------------------------------

    def _reset(self, now_us: int) -> None:
        self._registers = bytearray(128)
        for register, value in _DEFAULTS.items():
            self._registers[register] = value
        self._timestamp_us = now_us
        self._fresh = 0
        self._gyr = (0, 0, 0)
        self._acc = (0, 0, 0)
        self._woke = False
        self._clear_fifo()
        self._start(now_us)

    def _clear_fifo(self) -> None:
        self._first = 0  # index of the oldest word
        self._count = 0
        self._overrun = self._overrun_latched = False
        self._open = None

    def _set(self, register: int, value: int, now_us: int) -> None:
        if register in _READ_ONLY:
            if register == 0x42 and value == 0xAA:
                self._timestamp_us = now_us
            return
        if register == 0x12 and value & 0x01:
            self._reset(now_us)
            return
        before = self._registers[register]
        self._registers[register] = value
        if register == 0x0A and (value ^ before) & 0x07 and not value & 0x07:
            self._clear_fifo()
        if register in (0x10, 0x11) and (value ^ before) & 0xFE:
            self._start(now_us)

    def _register(self, register: int, now_us: int) -> int:
        if 0x22 <= register < 0x2E:
            axis = (register - 0x22) >> 1
            value = self._gyr[axis] if axis < 3 else self._acc[axis - 3]
            self._fresh &= ~(2 if axis < 3 else 1)
            return value >> 8 & 0xFF if register & 1 else value & 0xFF
        if 0x78 <= register <= 0x7E:
            return self._word_byte(register - 0x78)
        if 0x3A <= register <= 0x3B:
            return self._fifo_status(register)
        if register == 0x0F:
            return self._who_am_i
        if register == 0x1E:
            return self._fresh
        if register in (0x20, 0x21):
            self._fresh &= ~4
            counts = int((self._errors.temperature_c(now_us * 1e-6) - 25.0) * 256.0)
            return counts >> 8 & 0xFF if register & 1 else counts & 0xFF
        if 0x40 <= register <= 0x43:
            if not self._registers[0x19] & 0x20:
                return 0
            ticks = int((now_us - self._timestamp_us) * self._rate_hz / BASE_RATE_HZ / 25.0)
            return ticks >> 8 * (register - 0x40) & 0xFF
        if register == 0x63:
            return self._freq_fine & 0xFF
        return self._registers[register & 0x7F]

    # --- the FIFO ------------------------------------------------------------------------------

    @micropython.native
    def _capacity(self) -> int:
        watermark = self._registers[0x07] | (self._registers[0x08] & 1) << 8
        if self._registers[0x08] & 0x80 and watermark:
            return min(watermark, FIFO_WORDS)
        return FIFO_WORDS

    def _fifo_status(self, register: int) -> int:
        if register == 0x3A:
            return self._count & 0xFF
        watermark = self._registers[0x07] | (self._registers[0x08] & 1) << 8
        value = self._count >> 8 & 3
        value |= 0x80 if watermark and self._count >= watermark else 0
        value |= 0x40 if self._overrun else 0
        value |= 0x20 if self._count >= self._capacity() - 2 else 0
        value |= 0x08 if self._overrun_latched else 0
        self._overrun_latched = False
        return value

    @micropython.native
    def _put(self, sensor: int, x: int, y: int, z: int) -> None:
        if self._count >= self._capacity():
            self._overrun = self._overrun_latched = True
            if self._registers[0x0A] & 0x07 == 1:
                return
            self._first = (self._first + 1) % FIFO_WORDS
            self._count -= 1
        at = (self._first + self._count) % FIFO_WORDS * _WORD
        struct.pack_into("<Bhhh", self._fifo, at, _TAGS[sensor][self._slot & 3], x, y, z)
        self._count += 1

    def _pop_into(self, buffer, words: int) -> None:
        self._open = None
        some = min(words, self._count)
        at = self._first * _WORD
        end = min(at + some * _WORD, len(self._fifo))
        buffer[: end - at] = self._fifo[at:end]
        rest = some * _WORD - (end - at)
        if rest:
            buffer[end - at : some * _WORD] = self._fifo[:rest]
        for i in range(some * _WORD, words * _WORD):
            buffer[i] = 0
        self._first = (self._first + some) % FIFO_WORDS
        self._count -= some
        if some:
            self._overrun = False

    def _word_byte(self, offset: int) -> int:
        """Byte by byte, the word leaves the FIFO when its tag is read."""
        if offset == 0 or self._open is None:
            word = bytearray(_WORD)
            self._pop_into(word, 1)
            self._open = word
        return self._open[offset]

    # --- samples -------------------------------------------------------------------------------

    def _start(self, now_us: int) -> None:
        """The rates or ranges changed: the sample clock starts anew."""
        registers = self._registers
        self._gyr_divider = _RATE_DIVIDERS.get(registers[0x11] >> 4, 0)
        self._acc_divider = _RATE_DIVIDERS.get(registers[0x10] >> 4, 0)
        running = [d for d in (self._gyr_divider, self._acc_divider) if d]
        self._divider = min(running) if running else 0
        self._start_us = now_us
        self._period_us = self._divider * 1e6 / self._rate_hz
        self._slot = 0  # slots since the start; the next is due at (slot + 1) periods
        small = registers[0x11] & 0x02
        gyr_mdps = _GYR_MDPS_125 if small else _GYR_MDPS[registers[0x11] >> 2 & 3]
        acc_mg = _ACC_MG[registers[0x10] >> 2 & 3]
        rate_hz = self._rate_hz / self._divider if running else 0.0
        self._errors.set_up(gyr_mdps * _RAD_PER_MDPS, acc_mg * _M_S2_PER_MG, rate_hz)

    def _batched(self, code: int, divider: int) -> int:
        """Every how many slots a sensor of this batch rate and divider is put into the FIFO."""
        wanted = _RATE_DIVIDERS.get(code, 0)
        return max(wanted, divider) // self._divider if wanted and divider else 0

    @micropython.native
    def catch_up(self, now_us: int) -> None:
        """Make the samples that fell due up to now."""
        if not self._divider:
            return
        due = int((now_us - self._start_us) / self._period_us)
        if due <= self._slot:
            return
        if self.is_dry(now_us):
            self._slot = due
            return
        mode = self._registers[0x0A] & 0x07
        if mode == 0:
            self._slot = due - 1
            self._sample()
            return
        batch = self._registers[0x09]
        gyr_every = self._batched(batch >> 4, self._gyr_divider)
        acc_every = self._batched(batch & 15, self._acc_divider)
        temperature = self._registers[0x0A] & 0x30
        if mode == 6 and due - self._slot > 2 * FIFO_WORDS and gyr_every == acc_every == 1:
            # What would be overwritten at once need not be made (a word per slot is the least).
            self._overrun = self._overrun_latched = True
            self._slot = due - FIFO_WORDS
        while self._slot < due:
            self._sample()
            slot = self._slot
            if gyr_every and slot % gyr_every == 0:
                self._put(_TAG_GYR, *self._gyr)
            if acc_every and slot % acc_every == 0:
                self._put(_TAG_ACC, *self._acc)
            if temperature and slot % _TEMPERATURE_BATCH == 0:
                t_s = (self._start_us + slot * self._period_us) * 1e-6
                counts = int((self._errors.temperature_c(t_s) - 25.0) * 256.0)
                self._put(_TAG_TEMPERATURE, counts, 0, 0)

    @micropython.native
    def _sample(self) -> None:
        self._slot += 1
        t_us = self._start_us + self._slot * self._period_us
        if self.is_stuck(t_us):
            return
        t_s = t_us * 1e-6
        counts = self._errors.counts(self._source.imu(self.mount, t_s), t_s)
        self._fresh = 4
        if self._gyr_divider:
            self._gyr = counts[:3]
            self._fresh |= 2
        if self._acc_divider:
            if self._registers[0x58] & 0x80:
                above = (self._registers[0x5B] & 0x3F) << 9  # in counts of 15 bits, of half of it
                was = self._acc
                self._woke = max([abs(counts[3 + i] - was[i]) // 2 for i in range(3)]) > above
            self._acc = counts[3:]
            self._fresh |= 1
