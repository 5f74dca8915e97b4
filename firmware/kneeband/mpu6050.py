# ruff: noqa: F821  (ptr8, ptr16 and ptr32 are words of viper's own)
"""TDK InvenSense's MPU-6050, MPU-6500 and MPU-9250 (register maps RM-MPU-6000A, RM-MPU-6500A).

Set-up
    The digital low-pass is set to 42 Hz (MPU-6500: 41), with which the chip works at 1 kHz inside
    and divides by five: 200 Hz. It delays by 4.8 ms, the accelerometer's 44 Hz by 4.9 (the table of
    CONFIG, register 26). The clock is the gyroscope's, 1 % off at most.
    An MPU-6500 has a register of its own for the accelerometer's filter (ACCEL_CONFIG 2). The
    gyroscope's delays by 5.9 ms, that one by 4.9 (44.8 Hz; the MPU-9250's map in revision 1.6. Its
    first revision has 11.8 ms: who measures it should look).

FIFO
    Of 1024 bytes. An MPU-6500 or 9250 shares 4 KB between it and its motion processor: 512 bytes
    are the FIFO's, 2048 if bit 7 of ACCEL_CONFIG 2 asks for it. The maps call bits 7 and 6
    reserved; InvenSense's own Motion Driver (inv_mpu.c, BIT_FIFO_SIZE_2048) and phone makers' Linux
    drivers set them. A copy that does not know the bit overflows after 0.21 s, which is told as any
    overflow is.
    A row is twelve bytes, acc xyz and gyr xyz, high byte first, with neither a header nor a time:
    nothing in it tells where a row begins. So what is counted has to be right: only whole rows are
    read; a FIFO that is full has overwritten parts of a row and is emptied at once, and so is one
    that twice in a row holds a part of a row. Full is after 0.42 s: when flash blocks for longer
    (0.53 s at the most), there is a hole. With 2 KB it is after 0.85 s.
    The three steps of emptying are those of the register map: off, reset, on.
"""

import micropython
from micropython import const

from kneeband.invensense import InvenSense
from kneeband.register import Byte, Flag

_ROW = const(12)
_FIFO_COUNT = const(0x72)
_FIFO_DATA = const(0x74)

_CLOCK_GYR_X = const(1)
_RATE_DIVIDER = const(5)
_LOW_PASS_42_HZ = const(3)
_FIFO_OF_2_KB = const(0x80)
_FULL_RANGE = const(0x18)  # +-2000 dps, +-16 g
_ACC_AND_GYR = const(0x78)
_FIFO_OFF, _FIFO_RESET, _FIFO_ON = 0x00, 0x04, 0x40
_OVERFLOW = const(0x10)


class Mpu6050(InvenSense):
    """One IMU; a word is a row."""

    CHIPS = {0x68: "MPU-6050"}
    WORD_BYTES = _ROW
    RESET_TRIES = 100
    TEMPERATURE = 0x41
    ACC = 0x3B
    late_us = 4800
    FIFO_BYTES = 1024

    rate_divider = Byte(0x19)
    config = Byte(0x1A)
    gyr_config = Byte(0x1B)
    acc_config = Byte(0x1C)
    acc_low_pass = Byte(0x1D)
    fifo_content = Byte(0x23)
    interrupts = Byte(0x38)
    interrupt_status = Byte(0x3A)
    user_control = Byte(0x6A)
    reset = Flag(0x6B, 7)
    power = Byte(0x6B)
    standby = Byte(0x6C)

    def __init__(self, bus, address: int):
        super().__init__(bus, address)
        self.period_us = 1000.0 * _RATE_DIVIDER
        self._odd = 0  # looks one after the other that found a part of a row

    def _begin_reset(self):
        self.reset = True

    def _is_reset(self):
        try:
            return not self.reset
        except OSError:
            return False  # it need not answer meanwhile

    def _set_up(self):
        self.power = _CLOCK_GYR_X
        self.standby = 0
        self.config = _LOW_PASS_42_HZ
        self.rate_divider = _RATE_DIVIDER - 1
        self.gyr_config = _FULL_RANGE
        self.acc_config = _FULL_RANGE
        whole = self._set_up_family()
        self.interrupts = _OVERFLOW  # so that its status tells
        self.fifo_content = _ACC_AND_GYR
        self._empty()
        settings = (self.power, self.rate_divider, self.gyr_config, self.user_control)
        return whole and settings == (_CLOCK_GYR_X, _RATE_DIVIDER - 1, _FULL_RANGE, _FIFO_ON)

    def level(self) -> int:
        """How many rows wait in the FIFO; sets `overrun`. After that it has been emptied."""
        two = self._two
        self.read_into(_FIFO_COUNT, two)
        count = two[0] << 8 | two[1]
        self._odd = self._odd + 1 if count % _ROW else 0
        # It overwrites from the row on that no longer fits. The status tells one that was full and
        # has been read from since, the count one whose interrupts were lost.
        full = count > self.FIFO_BYTES - _ROW or bool(self.interrupt_status & _OVERFLOW)
        self.overrun = full or self._odd > 1
        if self.overrun:
            self._empty()
            return 0
        return count // _ROW

    def read_rows(self, words: int, rows, at: int) -> int:
        """As `lsm6ds.Lsm6ds.read_rows`; a word is a row. They always follow on."""
        words = min(words, self.burst_words)
        _unpack(self._burst(_FIFO_DATA, words), words, rows, at)
        return words

    def _celsius(self, counts):
        return counts / 340.0 + 36.53

    def _set_up_family(self) -> bool:
        """What the MPU-6050 has not; whether it was kept."""
        return True

    def _empty(self):
        self.user_control = _FIFO_OFF
        self.user_control = _FIFO_RESET
        self.user_control = _FIFO_ON
        self._odd = 0


class Mpu6500(Mpu6050):
    """MPU-6500, MPU-9250 and 9255 (whose magnetometer is left alone)."""

    CHIPS = {0x70: "MPU-6500", 0x71: "MPU-9250", 0x73: "MPU-9255"}
    late_us = 5900
    FIFO_BYTES = 2048

    def _set_up_family(self) -> bool:
        self.acc_low_pass = _FIFO_OF_2_KB | _LOW_PASS_42_HZ
        return self.acc_low_pass & 7 == _LOW_PASS_42_HZ

    def _celsius(self, counts):
        return counts / 333.87 + 21.0


@micropython.viper
def _unpack(source_rows, count: int, rows, at: int):
    source = ptr8(source_rows)
    target = ptr16(rows)
    o = 0
    t = at * 6
    while count:
        count -= 1
        for i in range(6):
            target[t + (i + 3 if i < 3 else i - 3)] = source[o] << 8 | source[o + 1]
            o += 2
        t += 6
