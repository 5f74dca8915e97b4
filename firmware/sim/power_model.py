"""What gives the simulated board its power: a cell, a charger, a cable; and what tells of them.

`Cell` is a lithium polymer cell of `capacity_mah` behind its resistance: the board draws a current
from it, or the charger fills it (MCP73831: constant current up to 4.2 V, then less and less; the
board lives on the cable meanwhile, as on the Feather). Its open voltage is a line through three
points, enough for signs and sizes; it says nothing of a real cell's.

The two gauges answer from their register maps, by the same cell:

    MAX17048   0x36: VCELL 0x02, SOC 0x04, VERSION 0x08, HIBRT 0x0A, CRATE 0x16, big-endian. CRATE
               follows the true rate with CRATE_TAU_S (the maker does not say how long; a guess).
               While it hibernates (HIBRT not 0 and slower than 26.6 %/h for six minutes) it looks
               every 45 s only.
    LC709203F  0x0B: voltage 0x09, RSOC 0x0D, ITE 0x0F, power mode 0x15, little-endian. Asleep until
               a power mode with a right CRC-8 is written.

`motor_runs()` says whether the band's motor takes its current just now.

`usb` is "none", "computer" or "charger"; a computer moves the frame numbers, both charge. An
"asleep" computer charges and sends no frames.
"""

import struct

from sim import vclock

CHARGE_MA = 196.0
IDLE_MA = 43.0
MOTOR_MA = 120.0  # the wing's, as it starts (hardware/parts.toml)
CRATE_TAU_S = 60.0
KINDS = ("none", "computer", "charger", "asleep")

_EMPTY_V, _MIDDLE_V, _FULL_V = 3.3, 3.75, 4.2
_ACTIVE_US = 250_000
_HIBERNATING_US = 45_000_000
_HIBERNATES_AFTER_US = 360_000_000
_HIBERNATES_UNDER = 26.6


class Cell:
    """`percent` at the start; its charge follows the board's time."""

    def __init__(self, percent=80.0, capacity_mah=500.0, ohm=0.2):
        self.percent = percent
        self.load_ma = IDLE_MA
        self.motor_runs = lambda: False
        self.usb = "none"
        self._capacity_mah = capacity_mah
        self._ohm = ohm
        self._at_us = vclock.now_us()
        self.rate_seen = -IDLE_MA / capacity_mah * 100.0
        """%/h, as a gauge that takes its time sees it."""

    def plug(self, kind: str) -> None:
        """Put a cable in, or pull it; KINDS."""
        if kind not in KINDS:
            raise ValueError("usb must be one of " + ", ".join(KINDS))
        self.catch_up()
        self.usb = kind

    @property
    def current_ma(self) -> float:
        """Into the cell."""
        if self.usb == "none":
            return -self.load_ma - (MOTOR_MA if self.motor_runs() else 0.0)
        room_ma = (_FULL_V - self.open_v) / self._ohm * 1000.0
        return max(0.0, min(CHARGE_MA, room_ma)) if self.percent < 100.0 else 0.0

    @property
    def open_v(self) -> float:
        if self.percent < 50.0:
            return _EMPTY_V + (_MIDDLE_V - _EMPTY_V) * self.percent / 50.0
        return _MIDDLE_V + (_FULL_V - _MIDDLE_V) * (self.percent - 50.0) / 50.0

    @property
    def volts(self) -> float:
        return self.open_v + self.current_ma * 1e-3 * self._ohm

    def catch_up(self) -> None:
        """Let the time since the last look pass, a minute at a time."""
        now = vclock.now_us()
        while self._at_us < now:
            step_us = min(now - self._at_us, 60_000_000)
            self._at_us += step_us
            rate = self.current_ma / self._capacity_mah * 100.0  # %/h
            self.percent = min(100.0, max(0.0, self.percent + rate * step_us / 3.6e9))
            share = min(1.0, step_us / 1e6 / CRATE_TAU_S)
            self.rate_seen += (rate - self.rate_seen) * share

    def frames(self) -> int:
        """The number of the last start of frame: it stands where no computer sends any."""
        return vclock.now_us() // 1000 if self.usb == "computer" else 0


class MAX17048Model:
    """One on `cell`."""

    def __init__(self, cell):
        self._cell = cell
        self._hibrt = 0x8030
        self._seen = (0, 0, 0)
        self._seen_us = None
        self._slow_us = vclock.now_us()

    def answers(self, now_us: int) -> bool:
        return True

    def read_into(self, register: int, buffer, now_us: int) -> None:
        self._look(now_us)
        vcell, soc, crate = self._seen
        words = {0x02: vcell, 0x04: soc, 0x08: 0x0012, 0x0A: self._hibrt, 0x16: crate}
        for i in range(0, len(buffer), 2):
            struct.pack_into(">H", buffer, i, words.get(register + i, 0))

    def write(self, register: int, data, now_us: int) -> None:
        if register == 0x0A:
            self._hibrt = data[0] << 8 | data[1]

    def _look(self, now_us):
        cell = self._cell
        cell.catch_up()
        if not self._hibrt or abs(cell.rate_seen) > _HIBERNATES_UNDER:
            self._slow_us = now_us
        hibernates = now_us - self._slow_us >= _HIBERNATES_AFTER_US
        every_us = _HIBERNATING_US if hibernates else _ACTIVE_US
        if self._seen_us is not None and now_us - self._seen_us < every_us:
            return
        self._seen_us = now_us
        self._seen = (
            int(cell.volts / 78.125e-6),
            int(cell.percent * 256),
            int(cell.rate_seen / 0.208) & 0xFFFF,
        )


class LC709203FModel:
    """One on `cell`."""

    def __init__(self, cell):
        self._cell = cell
        self._awake = False

    def answers(self, now_us: int) -> bool:
        return True

    def read_into(self, register: int, buffer, now_us: int) -> None:
        cell = self._cell
        cell.catch_up()
        words = {
            0x09: int(cell.volts * 1000),
            0x0D: int(cell.percent),
            0x0F: int(cell.percent * 10),
        }
        struct.pack_into("<H", buffer, 0, words.get(register, 0) if self._awake else 0)

    def write(self, register: int, data, now_us: int) -> None:
        crc = 0
        for byte in bytes((0x16, register)) + bytes(data[:2]):
            crc ^= byte
            for _ in range(8):
                crc = (crc << 1 ^ 0x07 if crc & 0x80 else crc << 1) & 0xFF
        if register == 0x15 and data[2] == crc:
            self._awake = data[0] == 1
