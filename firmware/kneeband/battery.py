"""How full the battery is, from the fuel gauge on the Feather.

Boards of later years carry a MAX17048 (data sheet 19-6171: SOC at 0x04, big-endian, 1/256 %),
earlier ones an LC709203F (ENA2117: RSOC at 0x0D, little-endian, %; a write carries a CRC-8 of all
bytes on the bus). Whichever answers is used; with neither, the level is unknown.
"""

import struct

from kneeband import board

UNKNOWN = 255

_MAX17048_SOC = 0x04
_LC709203F_RSOC = 0x0D
_LC709203F_POWER_MODE = 0x15
_OPERATIONAL = 1


class Battery:
    """`percent` asks the gauge on `bus`."""

    def __init__(self, bus):
        self._bus = bus
        self._awake = False

    def percent(self) -> int:
        """0 to 100, or UNKNOWN."""
        for read in (self._max17048, self._lc709203f):
            try:
                return max(0, min(100, read()))
            except OSError:
                pass
        return UNKNOWN

    def _max17048(self):
        data = self._bus.readfrom_mem(board.FUEL_GAUGE_MAX17048, _MAX17048_SOC, 2)
        return (data[0] * 256 + data[1] + 128) // 256

    def _lc709203f(self):
        address = board.FUEL_GAUGE_LC709203F
        if not self._awake:
            word = struct.pack("<H", _OPERATIONAL)
            crc = crc8(bytes((address << 1, _LC709203F_POWER_MODE)) + word)
            self._bus.writeto_mem(address, _LC709203F_POWER_MODE, word + bytes((crc,)))
            self._awake = True
        data = self._bus.readfrom_mem(address, _LC709203F_RSOC, 2)
        return data[0] | data[1] << 8


def crc8(data: bytes) -> int:
    """CRC-8 with polynomial 0x07 (SMBus packet error code)."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07 if crc & 0x80 else crc << 1) & 0xFF
    return crc
