# ruff: noqa: F821  (ptr8, ptr16 and ptr32 are words of viper's own)
"""TDK's ICM-42688-P (data sheet DS-000347, sections in brackets).

Set-up
    +-2000 dps at 16.4 counts a dps, +-16 g at 2048 counts a g, both at 200 Hz in low-noise mode.
    The anti-alias filter (5.2: a table of DELT, DELTSQR, BITSHIFT) is set to 84 Hz for both; it has
    registers in banks 1 and 2, chosen by REG_BANK_SEL. The UI filter stays second-order at
    max(400 Hz, ODR)/4 = 100 Hz. As second-order low-passes they delay by sqrt(2) / (2 pi f):
    2.7 + 2.2 ms (calculated).

FIFO (section 6)
    2 KB, stream to FIFO: the oldest packet is overwritten. 128 packets of 16 bytes, 0.64 s.
    A packet is header, acc xyz, gyr xyz (high byte first), temperature, 16 bits of time. The header
    says whether acc and gyr are in it (bits 6, 5) or the FIFO is empty (bit 7). -32768 marks what
    is not valid; the scale ends at -32767.
    Time is in steps of 16 us here, or 17.1: without an external clock the chip's are 32/30 as long.
    So it is not used to measure, only to see that rows follow on: two packets further apart than
    one and a half periods are not neighbours, and `broken` says so. (It wraps after 1.05 s, and
    so much loss the FIFO tells by being full.)
    INT_STATUS and FIFO_COUNT lie side by side: a look is one burst of three bytes.

Time
    The oscillator is off by up to 1 % and nothing tells by how much: `Stream` finds out.
"""

import time
from array import array

import micropython
from micropython import const

from kneeband.invensense import InvenSense
from kneeband.register import Bits, Byte, Flag

FIFO_PACKETS = const(128)

_INT_STATUS = const(0x2D)
_FIFO_DATA = const(0x30)
_FIFO_FULL = const(0x02)
_RESET_DONE = const(0x10)

_COUNT_RECORDS = const(0x70)  # FIFO_COUNT in packets; all high byte first, as by default
_RATE_200_HZ = const(7)
_FULL_RANGE = const(0)  # +-2000 dps, +-16 g
_UI_FILTERS = const(0x11)
_TIME_16_US = const(0x29)  # TMST_EN, TMST_RES; bit 5 is reserved and set
_ALL_IN_FIFO = const(0x0F)  # acc, gyr, temperature, time
_LOW_NOISE_BOTH = const(0x0F)
_STREAM = const(1)
_AAF_DELT, _AAF_DELTSQR, _AAF_BITSHIFT = 2, 4, 13  # 84 Hz

# Where `_unpack` keeps what it must know from one burst to the next.
_LAST_TIME = const(0)  # of the last packet, or -1
_BREAKS = const(1)


class Icm42688(InvenSense):
    """One IMU; a word is a packet, and a row."""

    CHIPS = {0x47: "ICM-42688-P"}
    WORD_BYTES = 16
    BANK = 0x76
    TEMPERATURE = 0x1D
    ACC = 0x1F
    late_us = 4930

    bank = Byte(0x76)

    # Bank 0
    device_config = Byte(0x11)
    fifo_mode = Bits(0x16, 6, 2)
    signal_path_reset = Byte(0x4B)
    interface = Byte(0x4C)
    power = Byte(0x4E)
    gyr_config = Byte(0x4F)
    acc_config = Byte(0x50)
    ui_filters = Byte(0x52)
    time_config = Byte(0x54)
    fifo_content = Byte(0x5F)
    # Bank 1
    gyr_aaf_disabled = Flag(0x0B, 1)
    gyr_aaf_delt = Byte(0x0C)
    gyr_aaf_deltsqr = Byte(0x0D)
    gyr_aaf_bitshift = Byte(0x0E)
    # Bank 2
    acc_aaf = Byte(0x03)
    acc_aaf_deltsqr = Byte(0x04)
    acc_aaf_bitshift = Byte(0x05)

    def __init__(self, bus, address: int):
        super().__init__(bus, address)
        self._look = bytearray(3)
        self._state = array("i", [-1, 0])

    def _begin_reset(self):
        self.bank = 0
        self.device_config = 1

    def _is_reset(self):
        return bool(self.read_byte(_INT_STATUS) & _RESET_DONE)

    def _set_up(self):
        self.interface = _COUNT_RECORDS
        self.gyr_config = _FULL_RANGE << 5 | _RATE_200_HZ
        self.acc_config = _FULL_RANGE << 5 | _RATE_200_HZ
        self.ui_filters = _UI_FILTERS
        self.time_config = _TIME_16_US
        self.fifo_content = _ALL_IN_FIFO
        self._set_anti_alias()
        self.power = _LOW_NOISE_BOTH
        time.sleep_ms(1)  # nothing may be written for 200 us (PWR_MGMT0)
        self.fifo_mode = _STREAM
        self.signal_path_reset = 0x02  # FIFO_FLUSH
        settings = (self.power, self.gyr_config, self.acc_config, self.fifo_mode)
        self._state[_LAST_TIME] = -1
        return settings == (_LOW_NOISE_BOTH, _RATE_200_HZ, _RATE_200_HZ, _STREAM)

    def level(self) -> int:
        """How many packets wait in the FIFO; sets `overrun`. The flag is cleared by this."""
        look = self._look
        self.read_into(_INT_STATUS, look)
        self.overrun = bool(look[0] & _FIFO_FULL)
        if self.overrun:
            self._state[_LAST_TIME] = -1
        return look[1] << 8 | look[2]

    def read_rows(self, words: int, rows, at: int) -> int:
        """As `lsm6ds.Lsm6ds.read_rows`; a word is a packet."""
        words = min(words, self.burst_words)
        burst = self._burst(_FIFO_DATA, words)
        state = self._state
        state[_BREAKS] = 0
        count = _unpack(burst, words, rows, at, state)
        self.broken = state[_BREAKS] != 0
        return count

    def _celsius(self, counts):
        return 25.0 + counts / 132.48  # section 4.13

    def _set_anti_alias(self):
        self.bank = 1
        self.gyr_aaf_disabled = False
        self.gyr_aaf_delt = _AAF_DELT
        self.gyr_aaf_deltsqr = _AAF_DELTSQR
        self.gyr_aaf_bitshift = _AAF_BITSHIFT << 4
        self.bank = 2
        self.acc_aaf = _AAF_DELT << 1
        self.acc_aaf_deltsqr = _AAF_DELTSQR
        self.acc_aaf_bitshift = _AAF_BITSHIFT << 4
        self.bank = 0


@micropython.viper
def _unpack(packets, count: int, rows, at: int, state) -> int:
    """Packets into rows from row `at`; returns how many of them follow on without a break."""
    source = ptr8(packets)
    target = ptr16(rows)
    memory = ptr32(state)
    made = 0
    o = 0
    while count:
        count -= 1
        header = source[o]
        valid = 1 if header & 0xE0 == 0x60 else 0
        if valid:
            t = (at + made) * 6
            for i in range(6):
                value = source[o + 1 + 2 * i] << 8 | source[o + 2 + 2 * i]
                if value == 0x8000:
                    valid = 0
                if value == 0x8001:
                    value = 0x8000  # the end of this chip's scale
                target[t + (i + 3 if i < 3 else i - 3)] = value
        if valid:
            now = source[o + 14] << 8 | source[o + 15]
            # The memory is signed, but is read back unsigned on 64 bits: -1 is tested by its bits.
            last = memory[0] & 0x1FFFF
            if last != 0x1FFFF:
                apart = (now - last) & 0xFFFF
                if apart > 450 or apart < 150:
                    memory[1] += 1
                    for i in range(6):
                        target[at * 6 + i] = target[(at + made) * 6 + i]
                    made = 0
            memory[0] = now
            made += 1
        o += 16
    return made
