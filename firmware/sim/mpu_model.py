"""InvenSense's MPU-6050, MPU-6500, MPU-9250 at the level of their registers.

Register maps RM-MPU-6000A-00 (4.2) and RM-MPU-6500A-00; the 9250's is the 6500's.

    0x19 SMPLRT_DIV      rate = 1 kHz / (1 + divider) with the low-pass on (CONFIG 1 to 6), else 8
    0x1A CONFIG          low-pass (2:0); 0x1D ACCEL_CONFIG2 (6500 only): the accelerometer's, and
                         the FIFO's size (7:6): 512, 1024, 2048, 4096
    0x1B GYRO_CONFIG, 0x1C ACCEL_CONFIG   range (4:3)
    0x23 FIFO_EN         temperature 7, gyr x y z 6..4, acc 3
    0x38 INT_ENABLE, 0x3A INT_STATUS      FIFO overflow 4, data ready 0; read clears
    0x3B ACCEL, 0x41 TEMP, 0x43 GYRO      high byte first
    0x6A USER_CTRL       FIFO on 6, FIFO reset 2 (clears itself, needs the FIFO off)
    0x6B PWR_MGMT_1      device reset 7 (clears itself), sleep 6, clock (2:0)
    0x72 FIFO_COUNT      bytes, high byte first; 0x74 FIFO_R_W: a burst stays at this address
    0x75 WHO_AM_I        0x68, 0x70, 0x71

The FIFO is bytes: of 1024 (6050), or as many as it is set to, the oldest are overwritten, wherever
that is in a row (`sizes`: a copy may ignore what it is set to). In a sample acc comes first, then
temperature, then gyr: the order of the registers. After power-up the chip sleeps. A reset takes
20 ms here (the maps say: wait 100 ms), in which it does not answer.

Filters are modelled by their delay only, less the 3.4 ms of ST's (whose model has none).
Not modelled: the interrupt pin, the auxiliary bus, the DMP, cycle mode, self-test.
"""

import struct

from sim.imu_chip import RowChip

RESET_US = 20_000

_SIZES = (512, 1024, 2048, 4096)
# WHO_AM_I: sizes of FIFO, power-up value of PWR_MGMT_1, us later than ST's (CONFIG 3).
KINDS = {
    0x68: ((1024,) * 4, 0x40, 1400),
    0x70: (_SIZES, 0x41, 2500),
    0x71: (_SIZES, 0x41, 2500),
}

_READ_ONLY = tuple(range(0x3A, 0x61)) + (0x72, 0x73, 0x75)
_RAD_PER_DPS = 3.141592653589793 / 180.0


class MPUModel(RowChip):
    """One chip; the arguments are those of `ImuChip`."""

    DEEPEST = 512

    def __init__(self, mount, source, errors="mpu6050", seed=0, who_am_i=0x68):
        super().__init__(mount, source, errors, seed, who_am_i)
        self.sizes, self._asleep, self._later_us = KINDS.get(who_am_i, KINDS[0x68])
        self._fifo = bytearray(self.sizes[-1])
        self._reset(0)

    def answers(self, now_us: int) -> bool:
        return now_us >= self._reset_until_us and super().answers(now_us)

    def _after(self, register: int) -> int:
        return register if register == 0x74 else register + 1

    # --- registers -----------------------------------------------------------------------------

    def _reset(self, now_us: int) -> None:
        self._registers = bytearray(128)
        self._registers[0x6B] = self._asleep
        self._size = self.sizes[0]
        self._reset_until_us = 0
        self._status = 0
        self._row = (0, 0, 0, 0, 0, 0)
        self._first = self._count = 0
        self._start(now_us)

    def _set(self, register: int, value: int, now_us: int) -> None:
        if register in _READ_ONLY:
            return
        if register == 0x6B and value & 0x80:
            self._reset(now_us)
            self._reset_until_us = now_us + RESET_US
            return
        before = self._registers[register & 0x7F]
        if register == 0x6A and value & 0x04:
            if not value & 0x40:
                self._first = self._count = 0
            value &= ~0x04
        self._registers[register & 0x7F] = value
        if register == 0x1D and self._size != self.sizes[value >> 6]:
            self._size = self.sizes[value >> 6]
            self._first = self._count = 0
        if register in (0x19, 0x1A, 0x1B, 0x1C, 0x6B) and value != before:
            self._start(now_us)

    def _register(self, register: int, now_us: int) -> int:
        if register == 0x75:
            return self._who_am_i
        if register == 0x3A:
            status = self._status & self._registers[0x38]
            self._status = 0
            return status
        if register == 0x72:
            return self._count >> 8
        if register == 0x73:
            return self._count & 0xFF
        if register == 0x74:
            return self._pop()
        if 0x3B <= register <= 0x48:
            at = (register - 0x3B) >> 1
            value = self._temperature(now_us) if at == 3 else self._row[at if at < 3 else at - 1]
            return (value >> 8 if register & 1 else value) & 0xFF
        return self._registers[register & 0x7F]

    def _temperature(self, t_us) -> int:
        celsius = self._errors.temperature_c(t_us * 1e-6)
        if self._who_am_i == 0x68:
            return int((celsius - 36.53) * 340.0)
        return int((celsius - 21.0) * 333.87)

    # --- the FIFO ------------------------------------------------------------------------------

    def _pop(self) -> int:
        if not self._count:
            return self._fifo[self._first - 1]  # the last byte again
        value = self._fifo[self._first]
        self._first = (self._first + 1) % self._size
        self._count -= 1
        return value

    def _put(self, t_us) -> None:
        registers = self._registers
        if not registers[0x6A] & 0x40:
            return
        content = registers[0x23]
        u, v, w, x, y, z = self._row
        data = b""
        if content & 0x08:
            data += struct.pack(">hhh", u, v, w)
        if content & 0x80:
            data += struct.pack(">h", self._temperature(t_us))
        for bit, value in ((0x40, x), (0x20, y), (0x10, z)):
            if content & bit:
                data += struct.pack(">h", value)
        size = self._size
        lost = self._count + len(data) - size
        if lost > 0:
            self._status |= 0x10
            self._first = (self._first + lost) % size
            self._count -= lost
        at = (self._first + self._count) % size
        for byte in data:
            self._fifo[at] = byte
            at = at + 1 if at + 1 < size else 0
        self._count += len(data)

    # --- samples -------------------------------------------------------------------------------

    def _start(self, now_us: int) -> None:
        """Rates, ranges or power changed: the sample clock starts anew."""
        registers = self._registers
        on = not registers[0x6B] & 0x40
        inside = 1000.0 if 1 <= registers[0x1A] & 7 <= 6 else 8000.0
        rate = inside / (1 + registers[0x19])
        gyr_lsb = _RAD_PER_DPS / (131.0, 65.5, 32.8, 16.4)[registers[0x1B] >> 3 & 3]
        acc_lsb = 9.80665 / (16384 >> (registers[0x1C] >> 3 & 3))
        self._run(now_us, rate if on else 0.0, gyr_lsb, acc_lsb)
