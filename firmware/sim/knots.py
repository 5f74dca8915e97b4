"""What both sensors feel, worked out at knots and joined by straight lines; or read from a file.

A source says what a knot is; from it come rates and forces at any time, asked in any order.
"""

import json
import struct
from array import array

from sim.compiled import micropython

_RING = 512  # knots kept: longer than an IMU's FIFO


class Knots:
    """Rates and specific forces of both sensors on a uniform grid, with straight lines between.

    A subclass sets `_rate_hz`, calls `_make_ring` and says what a knot is: `_knot(i)` -> twelve
    numbers, thigh gyr acc, shank gyr acc.
    """

    swapped = False
    """The sensors were mixed up: what is asked of the thigh is felt at the shank."""

    def _make_ring(self):
        self._values = array("d", bytes(8 * 12 * _RING))
        self._held = array("i", [-1] * _RING)

    @micropython.native
    def _fetch(self, i: int) -> int:
        """Offset of knot i in the ring."""
        place = i % _RING
        if self._held[place] != i:
            at = place * 12
            for value in self._knot(i):
                self._values[at] = value
                at += 1
            self._held[place] = i
        return place * 12

    @micropython.native
    def imu(self, mount: str, t_s: float) -> tuple:
        x = t_s * self._rate_hz
        if x < 0.0:
            x = 0.0
        i = int(x)
        f = x - i
        side = 6 if (mount == "shank") != self.swapped else 0
        a = self._fetch(i) + side
        b = self._fetch(i + 1) + side
        v = self._values
        g = 1.0 - f
        return (
            g * v[a] + f * v[b],
            g * v[a + 1] + f * v[b + 1],
            g * v[a + 2] + f * v[b + 2],
            g * v[a + 3] + f * v[b + 3],
            g * v[a + 4] + f * v[b + 4],
            g * v[a + 5] + f * v[b + 5],
        )


class TraceBody(Knots):
    """Recorded movement from a file, read as it is needed.

    The file: a line of JSON, {"rate_hz": .., "rows": .., ...}, then `rows` rows of twelve float32,
    little-endian: thigh gyr xyz (rad/s), thigh acc xyz (m/s^2), shank gyr, shank acc. Time 0 is the
    first row. Whatever else the header holds is kept in `header`.

    Before the first row and after the last the leg is held: no rate, and the mean specific force of
    the tenth of a second next to it.
    """

    _ROW = 48
    _CHUNK = 256

    def __init__(self, path: str):
        self._file = open(path, "rb")  # noqa: SIM115  (read as long as the process lives)
        line = self._file.readline()
        try:
            self.header = json.loads(line)
            self._rate_hz = float(self.header["rate_hz"])
            self._rows = int(self.header["rows"])
        except (ValueError, KeyError, TypeError):
            raise ValueError(path + " has no header line with rate_hz and rows")
        if self._rows < 2 or self._rate_hz <= 0.0:
            raise ValueError(path + " holds no movement")
        self._start = len(line)
        self._chunk = bytearray(self._ROW * self._CHUNK)
        self._chunk_first = -self._CHUNK
        self.duration_s = (self._rows - 1) / self._rate_hz
        self._make_ring()

    def _knot(self, i: int) -> tuple:
        i = min(i, self._rows - 1)
        if not self._chunk_first <= i < self._chunk_first + self._CHUNK:
            self._chunk_first = i
            self._file.seek(self._start + i * self._ROW)
            self._file.readinto(self._chunk)
        return struct.unpack_from("<12f", self._chunk, (i - self._chunk_first) * self._ROW)

    def still(self, mount: str, t_s: float) -> tuple:
        side = 9 if mount == "shank" else 3
        reach = max(1, int(0.1 * self._rate_hz))
        at = int(t_s * self._rate_hz)
        first = max(0, min(at - reach // 2, self._rows - 1 - reach))
        last = min(self._rows - 1, first + reach)
        total = [0.0, 0.0, 0.0]
        for i in range(first, last + 1):
            row = self._knot(i)
            for axis in range(3):
                total[axis] += row[side + axis]
        n = last + 1 - first
        return (0.0, 0.0, 0.0, total[0] / n, total[1] / n, total[2] / n)
