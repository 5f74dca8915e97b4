"""TDK's ICM-42688-P at the level of its registers (data sheet DS-000347, sections 6, 13 to 18).

    bank 0
    0x11 DEVICE_CONFIG     bit 0: soft reset
    0x16 FIFO_CONFIG       mode (7:6): 0 bypass, 1 stream, 2 and 3 stop when full
    0x1D TEMP_DATA         high byte first, as 0x1F ACCEL_DATA and 0x25 GYRO_DATA
    0x2D INT_STATUS        reset done 4, data ready 3, FIFO full 1; read clears; then
    0x2E FIFO_COUNT        bytes or packets; 0x30 FIFO_DATA: a burst stays at this address
    0x4B SIGNAL_PATH_RESET bit 1: FIFO flush
    0x4C INTF_CONFIG0      6: count in packets; 5, 4: count, data high byte first (default 0x30)
    0x4E PWR_MGMT0         gyr (3:2), acc (1:0): 3 low noise
    0x4F GYRO_CONFIG0, 0x50 ACCEL_CONFIG0   range (7:5), rate (3:0)
    0x54 TMST_CONFIG       1 us a step, or 16 if bit 3 is set; bit 0 enables
    0x5F FIFO_CONFIG1      what is in a packet: acc 0, gyr 1, temperature 2, time 3
    0x6C FIFO_LOST_PKT     packets overwritten
    0x75 WHO_AM_I 0x47; 0x76 REG_BANK_SEL, in all banks
    banks 1, 2, 4: kept and given back, without effect (the anti-alias filter)

A packet with acc and gyr is header, acc, gyr, temperature (8 bits), time (16 bits): 16 bytes, 128
in the 2 KB. Without either of the two it would be shorter: not modelled, nothing is put then.
Time steps are 32/30 as long as they are called, for there is no external clock (section 12.7).

The rate is that of ODR on the chip's own oscillator, which nothing tells. Filters are modelled by
their delay only: 1.5 ms, by which it is later than ST's (whose model has none).
Not modelled: the interrupt pins, APEX, self-test, low-power modes (they measure nothing here).
"""

import struct

from sim.imu_chip import RowChip

WHO_AM_I = 0x47
PACKETS = 128
LATER_US = 1500

_PACKET = 16
_DEFAULTS = {
    0x13: 0x05,
    0x4C: 0x30,
    0x4D: 0x91,
    0x4F: 0x06,
    0x50: 0x06,
    0x51: 0x16,
    0x52: 0x11,
    0x53: 0x0D,
    0x54: 0x23,
}
_READ_ONLY = tuple(range(0x1D, 0x31)) + (0x6C, 0x6D, 0x75)
# ODR codes: Hz.
_RATES = {3: 8000, 4: 4000, 5: 2000, 6: 1000, 7: 200, 8: 100, 9: 50, 10: 25, 11: 12.5, 15: 500}
_RAD_PER_DPS = 3.141592653589793 / 180.0


class ICM42688Model(RowChip):
    """One chip; the arguments are those of `ImuChip`."""

    DEEPEST = 2 * PACKETS
    LOWEST = -32767  # -32768 marks what is not valid
    READY = 0x08

    def __init__(self, mount, source, errors="icm42688p", seed=0, who_am_i=WHO_AM_I):
        super().__init__(mount, source, errors, seed, who_am_i)
        self._later_us = LATER_US
        self._fifo = bytearray(PACKETS * _PACKET)
        self._reset(0)

    def _burst_into(self, register: int, buffer) -> bool:
        if register != 0x30 or self._bank:
            return False
        self._pop_into(buffer)
        return True

    # --- registers -----------------------------------------------------------------------------

    def _reset(self, now_us: int) -> None:
        self._bank = 0
        self._registers = [bytearray(128) for _ in range(5)]
        for register, value in _DEFAULTS.items():
            self._registers[0][register] = value
        self._status = 0x10
        self._row = (0, 0, 0, 0, 0, 0)
        self._clear_fifo()
        self._start(now_us)

    def _clear_fifo(self) -> None:
        self._first = self._count = self._lost = 0

    def _set(self, register: int, value: int, now_us: int) -> None:
        if register == 0x76:
            self._bank = value & 7 if value & 7 < 5 else self._bank
            return
        bank = self._registers[self._bank]
        if self._bank:
            bank[register & 0x7F] = value
            return
        if register in _READ_ONLY:
            return
        if register == 0x11 and value & 1:
            self._reset(now_us)
            return
        if register == 0x4B:
            if value & 0x02:
                self._clear_fifo()
            return
        before = bank[register]
        bank[register] = value
        if register == 0x16 and not value & 0xC0:
            self._clear_fifo()
        if register in (0x4E, 0x4F, 0x50) and value != before:
            self._start(now_us)

    def _register(self, register: int, now_us: int) -> int:
        if register == 0x76:
            return self._bank
        bank = self._registers[self._bank]
        if self._bank:
            return bank[register & 0x7F]
        if register == 0x75:
            return self._who_am_i
        if register == 0x2D:
            status = self._status
            self._status = 0
            return status
        if register in (0x2E, 0x2F):
            count = self._count if bank[0x4C] & 0x40 else self._count * _PACKET
            high_first = bank[0x4C] & 0x20
            return count >> 8 if (register == 0x2E) == bool(high_first) else count & 0xFF
        if register == 0x30:
            one = bytearray(1)
            self._pop_into(one)
            return one[0]
        if 0x1D <= register < 0x2B:
            if register < 0x1F:
                value = int((self._errors.temperature_c(now_us * 1e-6) - 25.0) * 132.48)
            else:
                value = self._row[(register - 0x1F) >> 1]
            high_first = bank[0x4C] & 0x10
            return (value >> 8 if bool(register & 1) == bool(high_first) else value) & 0xFF
        if register in (0x6C, 0x6D):
            return self._lost >> 8 * (register - 0x6C) & 0xFF
        return bank[register & 0x7F]

    # --- the FIFO ------------------------------------------------------------------------------

    def _put(self, t_us) -> None:
        bank = self._registers[0]
        mode = bank[0x16] >> 6
        if not mode or bank[0x5F] & 3 != 3:
            return
        if self._count >= PACKETS:
            self._status |= 0x02
            self._lost = min(self._lost + 1, 0xFFFF)
            if mode != 1:
                return
            self._first = (self._first + 1) % PACKETS
            self._count -= 1
        at = (self._first + self._count) % PACKETS * _PACKET
        celsius = self._errors.temperature_c(t_us * 1e-6)
        step_us = (16 if bank[0x54] & 8 else 1) * 32 / 30
        ticks = int(t_us * (1.0 + self._errors.oscillator_error) / step_us) & 0xFFFF
        if not bank[0x54] & 1 or not bank[0x5F] & 8:
            ticks = 0
        self._fifo[at] = 0x68 if ticks or bank[0x54] & 1 else 0x60
        order = ">hhhhhhbH" if bank[0x4C] & 0x10 else "<hhhhhhbH"
        small = int((celsius - 25.0) * 2.07) if bank[0x5F] & 4 else 0
        struct.pack_into(order, self._fifo, at + 1, *self._row, small, ticks)
        self._count += 1
        if self._count == PACKETS:
            self._status |= 0x02

    def _pop_into(self, buffer) -> None:
        """Whole packets; where there are none, the empty header and ones."""
        for at in range(0, len(buffer), _PACKET):
            size = min(_PACKET, len(buffer) - at)
            if self._count:
                first = self._first * _PACKET
                buffer[at : at + size] = self._fifo[first : first + size]
                if size == _PACKET:
                    self._first = (self._first + 1) % PACKETS
                    self._count -= 1
            else:
                for i in range(at, at + size):
                    buffer[i] = 0xFF
                buffer[at] = 0x80

    # --- samples -------------------------------------------------------------------------------

    def _start(self, now_us: int) -> None:
        """Modes, rates or ranges changed: the sample clock starts anew."""
        bank = self._registers[0]
        rate = _RATES.get(bank[0x4F] & 15, 0)
        on = bank[0x4E] & 0x0F == 0x0F and rate == _RATES.get(bank[0x50] & 15, 0)
        gyr_dps = 2000.0 / (1 << (bank[0x4F] >> 5))
        acc_g = 16.0 / (1 << (bank[0x50] >> 5))
        self._run(
            now_us,
            rate if on else 0.0,
            gyr_dps / 2000.0 / 16.4 * _RAD_PER_DPS,
            acc_g / 32768.0 * 9.80665,
        )
