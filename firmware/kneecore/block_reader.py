"""Reading a block: see `kneecore.blocks` for its form."""

from array import array

from kneecore.block_form import (
    BLOCK,
    CRC_BYTES,
    LAST,
    NUMBERS,
    QUATERNIONS,
    SAMPLE_BYTES,
    SAMPLES_MAX,
    check,
)
from kneecore.prediction import FIRST, MASK, SECOND, UNIT_LENGTH, meant, unit_length


def read_block(data: bytes | bytearray | memoryview) -> tuple[int, int, int, bytes]:
    """(boot_id, number, flags, samples) of a block; samples are wire.KNEE_SAMPLE one after another.

    Raises ValueError where it is damaged, or no block.
    """
    check(data)
    head = BLOCK.unpack_from(data)
    count = head.samples
    if not 1 <= count <= SAMPLES_MAX:
        raise ValueError("a block holds 1 to %d samples, not %d" % (SAMPLES_MAX, count))
    bits = _Bits(data, BLOCK.size, len(data) - CRC_BYTES)
    values = array("H", [0] * (count * NUMBERS))
    leads = [-1, -1]
    for k in range(NUMBERS):
        if _read_number(bits, values, k, count) == UNIT_LENGTH:
            which = (k + 1) // 4 - 1
            if not (0 <= which < 2 and leads[which] < 0):
                raise ValueError("a block is damaged: its predictions make no sense")
            leads[which] = k
    bits.finish()
    for which in range(2):
        if leads[which] >= 0:
            _restore(values, QUATERNIONS[which], leads[which], count)
    samples = bytearray(count * SAMPLE_BYTES)
    at = 0
    for i in range(0, count * NUMBERS, NUMBERS):
        for k in range(i, i + LAST):
            value = values[k]
            samples[at] = value & 0xFF
            samples[at + 1] = value >> 8
            at += 2
        samples[at] = values[i + LAST] & 0xFF
        at += 1
    return head.boot_id, head.number, head.flags, bytes(samples)


class _Bits:
    """The bits of data[at:end], the least significant first."""

    def __init__(self, data: bytes | bytearray | memoryview, at: int, end: int):
        self._data = data
        self._at = at
        self._end = end
        self._bits = 0
        self._held = 0

    def take(self, width: int) -> int:
        while self._held < width:
            if self._at == self._end:
                raise ValueError("a block is damaged: it ends too early")
            self._bits |= self._data[self._at] << self._held
            self._at += 1
            self._held += 8
        value = self._bits & (1 << width) - 1
        self._bits >>= width
        self._held -= width
        return value

    def finish(self):
        if self._at != self._end or self._bits:
            raise ValueError("a block is damaged: it ends too late")


def _read_number(bits: _Bits, values: "array[int]", k: int, count: int) -> int:
    """Read number `k` of all samples; with UNIT_LENGTH only what was left by the prediction."""
    choice = bits.take(2)
    width = meant(bits.take(4))
    start = meant(bits.take(4)) if choice > FIRST else 0
    begins = choice if choice > FIRST else 1
    value = values[k] = bits.take(8 if k == LAST else 16)
    slope = bend = 0
    at = k
    for i in range(1, count):
        folded = bits.take(width if i >= begins else start)
        rest = folded >> 1 ^ -(folded & 1)
        at += NUMBERS
        if choice == UNIT_LENGTH:
            values[at] = rest & MASK
            continue
        order = choice if i > choice else i
        if order == FIRST:
            slope = rest
        elif order == SECOND:
            bend = rest
            slope += rest
        else:
            bend += rest
            slope += bend
        value = values[at] = (value + slope) & MASK
        slope &= MASK
        bend &= MASK
    return choice


def _restore(values: "array[int]", first: int, lead: int, count: int):
    """The component `lead` of the quaternion from number `first`, from the other three."""
    a = first + (lead - first + 1 & 3)
    b = first + (lead - first + 2 & 3)
    c = first + (lead - first + 3 & 3)
    for i in range(NUMBERS, count * NUMBERS, NUMBERS):
        wanted = unit_length(
            values[i - NUMBERS + lead], values[i + a], values[i + b], values[i + c]
        )
        values[i + lead] = (values[i + lead] + wanted) & MASK
