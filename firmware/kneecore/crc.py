"""CRC-16 of the cable's frames and of whatever else travels or is stored in pieces of some hundred
bytes.

CRC-16/IBM-3740 (often called CCITT-FALSE): polynomial 0x1021, start 0xFFFF, most significant bit
first, nothing inverted; of "123456789" it is 0x29B1. Up to 4093 bytes it finds every error of up to
three bits and every burst of up to 16; of anything else one in 65536 slips through. CPython has the
same as `binascii.crc_hqx(data, 0xFFFF)`, which the tests hold it against.
"""

from array import array

_START = 0xFFFF
_POLYNOMIAL = 0x1021


def _table() -> "array[int]":
    table: array[int] = array("H")
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ _POLYNOMIAL if crc & 0x8000 else crc << 1) & 0xFFFF
        table.append(crc)
    return table


_TABLE = _table()


def crc16(data: bytes | bytearray | memoryview) -> int:
    """CRC-16 of these bytes."""
    table = _TABLE
    crc = _START
    for byte in data:
        crc = (crc << 8 & 0xFF00) ^ table[crc >> 8 ^ byte]
    return crc
