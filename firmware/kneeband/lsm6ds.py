"""ST's LSM6DSOX, LSM6DSO and ISM330DHCX: one register map, three WHO_AM_I answers.

Set-up (sections and tables of the LSM6DSOX data sheet, DS12814, and application note AN5272)
    Angular rate +-2000 dps at 70 mdps a count, specific force +-16 g at 0.488 mg, both at 208 Hz in
    high-performance mode, both batched into the FIFO at 208 Hz.
    The gyroscope's own low-pass (LPF2, 67 Hz at this rate) is left alone; the accelerometer's LPF2
    is set to ODR/4 = 52 Hz. As second-order low-passes they delay by sqrt(2) / (2 pi f): 3.4 and
    4.3 ms (calculated; ST gives cut-offs only). The 0.9 ms between the two channels matters little,
    and the delay is the same in both IMUs, so pairs stay pairs; it is not taken off the times.

FIFO
    Continuous mode: 512 words, the oldest is overwritten. A word is a tag and three int16. The tag
    tells the sensor (bits 7..3) and counts time slots modulo four (bits 2..1). Gyr and acc of one
    sampling instant share a slot, so a row of six numbers is made of two words of one slot, in
    whichever order they come, and a slot that lacks one is seen: the row is left out, what was
    unpacked before it in the same burst is given up, and `broken` says so. So rows of one burst are
    always evenly spaced. (Exactly four slots lost, or a multiple, would go unseen by the tags. The
    chip loses words only by overwriting, and that it tells.)
    A burst read from 0x78 rolls over from 0x7E back to 0x78.

Time
    The oscillator is off by some percent. INTERNAL_FREQ_FINE tells by how much, in steps of 0.15 %
    (AN5272, section 6.4): f = 6667 (1 + 0.0015 n) / 32 Hz at the nominal 208 Hz.

Waking the band (AN5272: wake-up interrupt, slope filter)
    Accelerometer alone, low power, 12.5 Hz, +-2 g. WAKE_UP looks at half the difference of two
    samples, per axis; above 2/64 of 2 g (62.5 mg) INT1 is high until the next sample. So an axis
    has to change by 125 mg in 80 ms. A leg that is lifted at 90 deg/s does that by gravity alone,
    and so does every step; noise in this mode (2 to 3 mg, from memory) is a twentieth of it. What
    lies in a bag wakes nothing, what is carried or driven about does (`sleep`).
"""

import time
from array import array

import micropython
from micropython import const

from kneeband.imu import Imu
from kneeband.register import Bits, Byte, Flag, Word

FIFO_WORDS = const(512)
BURST_WORDS = const(32)
"""The longest burst: 16 rows, 224 bytes, 6 ms of bus at 400 kHz."""
SETTLE_ROWS = const(21)
"""Rows to throw away after `configure`: 100 ms. The gyroscope needs 70 ms to start
(data sheet, table 3, turn-on time), the filters a few samples (AN5272, section 3)."""

_FIFO_STATUS = const(0x3A)
_FIFO_DATA = const(0x78)
_LEVEL_MASK = const(0x3FF)
_OVERRUN_MASK = const(0x4800)  # FIFO_OVR_IA and FIFO_OVR_LATCHED of FIFO_STATUS2

_RATE_208_HZ = const(5)
_GYR_2000_DPS = const(3)
_ACC_16_G = const(1)
_LPF2_ODR_4 = const(0)
_FIFO_BYPASS = const(0)
_FIFO_CONTINUOUS = const(6)
_RATE_12_5_HZ = const(1)
_WAKE_THRESHOLD = const(2)
_WAKE_SETTLE_MS = const(400)  # five samples, so that no difference is of what was before
_WAKE_UP_ON_INT1 = const(0x20)
_RATE_BASE_HZ = 6667.0
_RATE_DIVIDER = 32

# Where `_unpack` keeps what it must know from one burst to the next.
_SLOT = const(0)  # tag counter of the slot being put together, or _NO_SLOT
_HAVE = const(1)  # what has come of it: 1 gyr, 2 acc
_BREAKS = const(2)  # how often rows were not evenly spaced
_NO_SLOT = const(4)


class Lsm6ds(Imu):
    """One IMU. After `configure`: ask `level`, then `read_rows`."""

    CHIPS = {0x6C: "LSM6DSOX/LSM6DSO", 0x6B: "ISM330DHCX"}
    WHO_AM_I = 0x0F
    ACC = 0x28
    ACC_LOW = 0
    ADDRESSES = (0x6A, 0x6B)
    row_words = 2
    burst_words = BURST_WORDS
    WORD_BYTES = 7
    settle_rows = SETTLE_ROWS
    poll_ms = 20
    tells_period = True
    WAKES = True

    gyr_batch = Bits(0x09, 4, 4)
    acc_batch = Bits(0x09, 0, 4)
    fifo_mode = Bits(0x0A, 0, 3)

    acc_rate = Bits(0x10, 4, 4)
    acc_range = Bits(0x10, 2, 2)
    acc_second_low_pass = Flag(0x10, 1)
    gyr_rate = Bits(0x11, 4, 4)
    gyr_range = Bits(0x11, 2, 2)
    gyr_range_125_dps = Flag(0x11, 1)

    reset = Flag(0x12, 0)
    address_increment = Flag(0x12, 2)
    block_data_update = Flag(0x12, 6)
    gyr_first_low_pass = Flag(0x13, 1)
    acc_low_power = Flag(0x15, 4)
    gyr_low_power = Flag(0x16, 7)
    acc_low_pass = Bits(0x17, 5, 3)
    i3c_disabled = Flag(0x18, 1)

    interrupts_enabled = Flag(0x58, 7)
    wake_threshold = Bits(0x5B, 0, 6)
    interrupt_1 = Byte(0x5E)

    temperature_counts = Word(0x20, signed=True)
    frequency_fine = Byte(0x63, signed=True)

    def __init__(self, bus, address: int):
        super().__init__(bus, address)
        self.period_us = _RATE_DIVIDER * 1e6 / _RATE_BASE_HZ
        self._parts = array("h", [0] * 6)
        self._state = array("i", [_NO_SLOT, 0, 0])

    def _begin_reset(self):
        self.reset = True

    def _is_reset(self):
        return not self.reset

    def _set_up(self):
        self.i3c_disabled = True
        self.block_data_update = True
        self.address_increment = True

        self.acc_low_power = False
        self.acc_range = _ACC_16_G
        self.acc_low_pass = _LPF2_ODR_4
        self.acc_second_low_pass = True
        self.gyr_low_power = False
        self.gyr_range = _GYR_2000_DPS
        self.gyr_range_125_dps = False
        self.gyr_first_low_pass = False
        self.acc_rate = _RATE_208_HZ
        self.gyr_rate = _RATE_208_HZ

        self.fifo_mode = _FIFO_BYPASS
        self.gyr_batch = _RATE_208_HZ
        self.acc_batch = _RATE_208_HZ
        self.fifo_mode = _FIFO_CONTINUOUS

        # Read while the sensors run: powered down, the oscillator's trim reads differently.
        fine = 1.0 + 0.0015 * self.frequency_fine
        self.period_us = _RATE_DIVIDER * 1e6 / (_RATE_BASE_HZ * fine)
        self._state[_SLOT] = _NO_SLOT
        return self.gyr_rate == _RATE_208_HZ and self.fifo_mode == _FIFO_CONTINUOUS

    def rest(self, wakes: bool) -> bool:
        """See `Imu`. It takes half a second where it `wakes`."""
        super().rest(wakes)
        if not wakes:
            return False
        time.sleep_ms(self.RESET_TRIES)
        self.acc_low_power = True
        self.acc_rate = _RATE_12_5_HZ
        self.wake_threshold = _WAKE_THRESHOLD
        time.sleep_ms(_WAKE_SETTLE_MS)
        self.interrupts_enabled = True
        self.interrupt_1 = _WAKE_UP_ON_INT1
        return self.acc_rate == _RATE_12_5_HZ and self.interrupt_1 == _WAKE_UP_ON_INT1

    def level(self) -> int:
        """How many words wait in the FIFO; sets `overrun`. The latched flag is cleared by this."""
        status = self.read_word(_FIFO_STATUS)
        self.overrun = bool(status & _OVERRUN_MASK)
        if self.overrun:
            self._state[_SLOT] = _NO_SLOT
        return status & _LEVEL_MASK

    def pending(self) -> int:
        """Words already read that wait for the rest of their slot: 0 or 1."""
        return 1 if self._state[_HAVE] in (1, 2) and self._state[_SLOT] != _NO_SLOT else 0

    def read_rows(self, words: int, rows, at: int) -> int:
        """Read `words` FIFO words and put rows of gyr xyz, acc xyz (counts) into `rows`.

        `rows` is an array("h") of rows of six, `at` the first row to fill; at most `BURST_WORDS`
        words are taken. Returns the number of rows; sets `broken`. Nothing is allocated.
        """
        words = min(words, BURST_WORDS)
        burst = self._burst(_FIFO_DATA, words)
        breaks = self._state[_BREAKS]
        count = _unpack(burst, words, rows, at, self._parts, self._state)
        self.broken = self._state[_BREAKS] != breaks
        self._state[_BREAKS] = 0
        return count

    def temperature_c(self) -> float:
        """Die temperature: 256 counts per degree about 25 degC (data sheet, section 4.3)."""
        return 25.0 + self.temperature_counts / 256.0


@micropython.viper
def _unpack(words, count: int, rows, at: int, parts, state) -> int:
    """Sort `count` FIFO words into rows from row `at`; returns how many rows were completed."""
    source = ptr8(words)
    target = ptr16(rows)
    part = ptr16(parts)
    memory = ptr32(state)
    slot = memory[0]
    have = memory[1]
    made = 0
    o = 0
    while count:
        count -= 1
        tag = source[o]
        sensor = tag >> 3
        if sensor == 1 or sensor == 2:
            counter = (tag >> 1) & 3
            if slot == 4:
                have = 0
            elif counter != slot:
                if have != 3 or ((slot + 1) & 3) != counter:
                    memory[2] += 1
                    made = 0
                have = 0
            elif have & sensor:
                memory[2] += 1
                made = 0
                have = 0
            slot = counter
            have |= sensor
            p = (sensor - 1) * 3
            part[p] = source[o + 1] | (source[o + 2] << 8)
            part[p + 1] = source[o + 3] | (source[o + 4] << 8)
            part[p + 2] = source[o + 5] | (source[o + 6] << 8)
            if have == 3:
                t = (at + made) * 6
                for i in range(6):
                    target[t + i] = part[i]
                made += 1
        o += 7
    memory[0] = slot
    memory[1] = have
    return made
