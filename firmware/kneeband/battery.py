"""The battery as the fuel gauge on the Feather sees it: how full, which voltage, how fast.

Boards of later years carry a MAX17048 (data sheet 19-6171; big-endian: VCELL 0x02, 78.125 uV; SOC
0x04, 1/256 %; CRATE 0x16, signed, 0.208 %/h, up while it is charged). Left alone it soon hibernates
and looks every 45 s only; HIBRT = 0 (0x0A) keeps it awake, at 23 uA instead of 4: a cable that is
plugged in shows within a second (`power`).

Earlier ones carry an LC709203F (ENA2117; little-endian: Cell Voltage 0x09, mV; ITE 0x0F, 0.1 %; a
write carries a CRC-8 of all bytes on the bus). It knows no rate. Whichever answers is used; with
neither, nothing is known.
"""

import struct

import board

UNKNOWN = 255

_MAX17048_VCELL = 0x02
_MAX17048_SOC = 0x04
_MAX17048_HIBRT = 0x0A
_MAX17048_CRATE = 0x16
_LC709203F_VOLTAGE = 0x09
_LC709203F_ITE = 0x0F
_LC709203F_POWER_MODE = 0x15
_OPERATIONAL = 1


class Battery:
    """`look` asks the gauge on `bus`; what it said stands in the attributes."""

    def __init__(self, bus):
        self._bus = bus
        self._awake = False
        self.known = False
        """Some gauge answered the last look."""
        self.level_256 = 0
        """How full, in 1/256 %."""
        self.millivolts = 0
        self.rate_x10: int | None = None
        """Tenths of a percent an hour, up while it is charged; None where the gauge has no rate."""

    @property
    def percent(self) -> int:
        """0 to 100, or UNKNOWN."""
        return min(100, self.level_256 + 128 >> 8) if self.known else UNKNOWN

    def look(self):
        """Ask whichever gauge is there."""
        self.known = True
        for read in (self._max17048, self._lc709203f):
            try:
                read()
                return
            except OSError:
                pass
        self.known = self._awake = False

    def _max17048(self):
        address = board.FUEL_GAUGE_MAX17048
        if not self._awake:
            self._bus.writeto_mem(address, _MAX17048_HIBRT, b"\x00\x00")
            self._awake = True
        self.level_256 = self._word(address, _MAX17048_SOC, ">H")
        self.millivolts = self._word(address, _MAX17048_VCELL, ">H") * 5 >> 6
        self.rate_x10 = self._word(address, _MAX17048_CRATE, ">h") * 208 // 100

    def _lc709203f(self):
        address = board.FUEL_GAUGE_LC709203F
        if not self._awake:
            word = struct.pack("<H", _OPERATIONAL)
            crc = crc8(bytes((address << 1, _LC709203F_POWER_MODE)) + word)
            self._bus.writeto_mem(address, _LC709203F_POWER_MODE, word + bytes((crc,)))
            self._awake = True
        self.level_256 = self._word(address, _LC709203F_ITE, "<H") * 256 // 10
        self.millivolts = self._word(address, _LC709203F_VOLTAGE, "<H")
        self.rate_x10 = None

    def _word(self, address, register, form):
        return struct.unpack(form, self._bus.readfrom_mem(address, register, 2))[0]


def crc8(data: bytes) -> int:
    """CRC-8 with polynomial 0x07 (SMBus packet error code)."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07 if crc & 0x80 else crc << 1) & 0xFF
    return crc
