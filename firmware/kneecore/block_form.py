"""Knee samples kept in few bytes, without loss: blocks that each can be read by themselves.

A block is BLOCK, the twelve numbers of a KNEE_SAMPLE one after the other, and a CRC-16
(`kneecore.crc`, little-endian). Its samples follow on from each other and share their flags. It is
at most `transfers.BLOCK_BYTES_MAX` bytes long, so that it travels in one notification. Each number
of each block is predicted in the one of four ways that needs the fewest bits
(`kneecore.prediction`).

Bits, the least significant first. Per number: prediction (2 bits), width (4; 15 stands for 16), for
SECOND and THIRD another width (4), the first value as it is (16; the last number of a sample 8),
the one or two differences that SECOND and THIRD begin with in the second width, the rest in the
first. Bits to the end of the last byte are 0.
"""

from kneecore import transfers, wire
from kneecore.crc import crc16
from kneecore.record import Record

BLOCK = Record(
    "Block",
    ("boot_id", "B", None, "", "as in the packets"),
    ("number", "I", None, "", "of the first sample, since the band's start"),
    ("samples", "B", None, "", "how many it holds"),
    ("flags", "B", None, "", "FLAG_* bits that hold for all of them"),
)
SAMPLES_MAX = 32

SAMPLE_BYTES = wire.KNEE_SAMPLE.size
NUMBERS = 12
LAST = NUMBERS - 1
"""This number of a sample is an unsigned byte, the others are int16."""
QUATERNIONS = (3, 7)
"""The numbers where a quaternion begins."""
CRC_BYTES = 2


def span(data: bytes | bytearray | memoryview) -> tuple[int, int]:
    """(number of the first sample, count) of a block, from its header alone."""
    head = BLOCK.unpack_from(data)
    return head.number, head.samples


def check(data: bytes | bytearray | memoryview):
    """Raises ValueError where this is not one whole block, as its CRC tells."""
    end = len(data) - CRC_BYTES
    if not BLOCK.size < end <= transfers.BLOCK_BYTES_MAX - CRC_BYTES:
        raise ValueError("a block is not %d bytes long" % len(data))
    if crc16(memoryview(data)[:end]) != data[end] | data[end + 1] << 8:
        raise ValueError("a block is damaged: its CRC differs")
