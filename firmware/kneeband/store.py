"""What outlives a restart: the leg, the calibration, and how often the band was started.

One small file. It is written under another name and then renamed, which littlefs (MicroPython's
file system on the ESP32) does in one step: power may fail at any moment, and either the old file is
there or the new one. A checksum tells a file that was damaged all the same; it is passed over, the
defaults hold, and `damaged` says so until the next good write.

    magic "KB1", u8 starts, i8 side, u8 length of the calibration, the calibration, u32 CRC-32
"""

import binascii
import os
import struct

from kneeband import config
from kneecore import wire

_MAGIC = b"KB1"
_HEAD = "<3sBbB"
_CRC = "<I"


class Store:
    """`load` once; then set `side` and `calibration` and `save`."""

    def __init__(self, path: str = config.STORE_PATH):
        self._path = path
        self.side = config.DEFAULT_SIDE
        self.calibration = b""
        """A wire.CALIBRATION record, or nothing."""
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
        if len(data) < head + struct.calcsize(_CRC):
            return False
        magic, starts, side, length = struct.unpack_from(_HEAD, data, 0)
        end = head + length
        if magic != _MAGIC or len(data) != end + struct.calcsize(_CRC):
            return False
        if struct.unpack_from(_CRC, data, end)[0] != binascii.crc32(data[:end]) & 0xFFFFFFFF:
            return False
        if side not in (wire.SIDE_LEFT, wire.SIDE_RIGHT):
            return False
        if length not in (0, wire.CALIBRATION.size):
            return False
        self.starts = starts
        self.side = side
        self.calibration = bytes(data[head:end])
        return True
