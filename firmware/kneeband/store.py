"""What outlives a restart: the leg, both calibrations, and how often the band was started.

One small `kneeband.sealed` file: whenever the power fails, the old one is there or the new one. One
that is damaged all the same is passed over, the defaults hold, and `damaged` says so until the next
good write.

    magic "KB2", u8 starts, i8 side, u8 length of the calibration, the calibration,
    u8 length of the sensors' calibration, that

A file of the first firmware, "KB1", ends with the calibration of the leg; it is read as well.
"""

import os
import struct

from kneeband import config, sealed
from kneecore import wire

_MAGIC = b"KB2"
_MAGIC_1 = b"KB1"
_HEAD = "<3sBbB"


class Store:
    """`load` once; then set `side`, `calibration` and `sensors` and `save`."""

    def __init__(self, path: str = config.STORE_PATH):
        self._path = path
        self.side = config.DEFAULT_SIDE
        self.calibration = b""
        """A wire.CALIBRATION record, or nothing."""
        self.sensors = b""
        """A wire.SENSORS record, or nothing."""
        self.starts = 0
        self.damaged = False
        """What was stored could not be read, or the last write failed."""

    def load(self):
        """Read what is there. A file that is missing gives the defaults."""
        data = sealed.read(self._path)
        self.damaged = data is not None and not self._parse(data)

    def save(self) -> bool:
        """Write all of it; False (and `damaged`) if that failed."""
        calibration = self.calibration
        data = struct.pack(_HEAD, _MAGIC, self.starts, self.side, len(calibration)) + calibration
        data += bytes((len(self.sensors),)) + self.sensors
        self.damaged = not sealed.write(self._path, data)
        return not self.damaged

    def count_start(self) -> int:
        """A number 0 to 255 that the last start did not have; by chance if it can't be kept."""
        self.starts = (self.starts + 1) & 0xFF
        damaged = self.damaged
        if not self.save():
            self.starts = os.urandom(1)[0]
        elif damaged:
            self.damaged = True  # the calibration is lost: say so until one is stored
        return self.starts

    def _parse(self, data) -> bool:
        head = struct.calcsize(_HEAD)
        if len(data) < head:
            return False
        magic, starts, side, length = struct.unpack_from(_HEAD, data, 0)
        calibration = bytes(data[head : head + length])
        rest = bytes(data[head + len(calibration) :])
        if magic == _MAGIC_1:
            rest = b"\x00" + rest
        elif magic != _MAGIC:
            return False
        sensors = rest[1:]
        if side not in (wire.SIDE_LEFT, wire.SIDE_RIGHT):
            return False
        if len(calibration) != length or length not in (0, wire.CALIBRATION.size):
            return False
        if rest[:1] != bytes((len(sensors),)) or len(sensors) not in (0, wire.SENSORS.size):
            return False
        self.starts = starts
        self.side = side
        self.calibration = calibration
        self.sensors = sensors
        return True
