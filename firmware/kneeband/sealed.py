"""A small file that is there whole or not at all: the store and the bonds.

Power may fail at any moment. A file that is written over in place would then be part old and part
new, or empty. So the new one is written under another name and then renamed, which littlefs
(MicroPython's file system on the ESP32) does in one step: either the old file is there or the new
one. A torn write leaves a piece under the other name, which nobody reads and the next write
replaces. A CRC-32 (u32, little-endian) behind the content tells a file that was damaged all the
same.
"""

import binascii
import os
import struct

_CRC = "<I"


def read(path: str):
    """What `write` was given last; None if there is no file, b"" if it is damaged."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    end = len(data) - struct.calcsize(_CRC)
    if end < 0 or struct.unpack_from(_CRC, data, end)[0] != binascii.crc32(data[:end]) & 0xFFFFFFFF:
        return b""
    return data[:end]


def write(path: str, data) -> bool:
    """False if that failed: what was there before is there still."""
    try:
        with open(path + ".new", "wb") as file:
            file.write(data)
            file.write(struct.pack(_CRC, binascii.crc32(data) & 0xFFFFFFFF))
        os.rename(path + ".new", path)
    except OSError:
        return False
    return True
