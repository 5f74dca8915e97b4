"""What outlives a restart: the leg, both calibrations, and how often the band was started.

One small file. It is written under another name and then renamed, which littlefs (MicroPython's
file system on the ESP32) does in one step: power may fail at any moment, and either the old file is
there or the new one. A checksum tells a file that was damaged all the same; it is passed over, the
defaults hold, and `damaged` says so until the next good write.

    magic "KB2", u8 starts, i8 side, u8 length of the calibration, the calibration,
    u8 length of the sensors' calibration, that, u32 CRC-32

A file of the first firmware, "KB1", ends with the calibration of the leg; it is read as well.
"""

import binascii
import os
import struct

from kneeband import config
from kneecore import wire

_MAGIC = b"KB2"
_MAGIC_1 = b"KB1"
_HEAD = "<3sBbB"
_CRC = "<I"


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
        try:
            with open(self._path, "rb") as file:
                data = file.read()
        except OSError:
            return
        self.damaged = not self._parse(data)

    def save(self) -> bool:
        """Write all of it; False (and `damaged`) if that failed."""
        calibration = self.calibration
        data = struct.pack(_HEAD, _MAGIC, self.starts, self.side, len(calibration)) + calibration
        data += bytes((len(self.sensors),)) + self.sensors
        data += struct.pack(_CRC, binascii.crc32(data) & 0xFFFFFFFF)
        try:
            with open(self._path + ".new", "wb") as file:
                file.write(data)
            os.rename(self._path + ".new", self._path)
        except OSError:
            self.damaged = True
            return False
        self.damaged = False
        return True

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
        end = len(data) - struct.calcsize(_CRC)
        if end < head:
            return False
        if struct.unpack_from(_CRC, data, end)[0] != binascii.crc32(data[:end]) & 0xFFFFFFFF:
            return False
        magic, starts, side, length = struct.unpack_from(_HEAD, data, 0)
        calibration = bytes(data[head : min(head + length, end)])
        rest = bytes(data[head + len(calibration) : end])
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
