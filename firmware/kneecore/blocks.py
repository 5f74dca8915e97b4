"""Writing blocks of knee samples, and all that is needed of them: the form is in
`kneecore.block_form`, the arithmetic in `kneecore.prediction`, reading in `kneecore.block_reader`.
"""

# pyright: reportUnknownMemberType=false

from array import array

from kneecore import transfers
from kneecore.block_form import (
    BLOCK,
    CRC_BYTES,
    LAST,
    NUMBERS,
    QUATERNIONS,
    SAMPLE_BYTES,
    SAMPLES_MAX,
    check,
    span,
)
from kneecore.crc import crc16
from kneecore.prediction import (
    FIRST,
    MASK,
    SECOND,
    THIRD,
    UNIT_LENGTH,
    folded_of,
    magnitude,
    meant,
    told,
    unit_length,
    width_of,
)

__all__ = ("BLOCK", "SAMPLES_MAX", "SAMPLE_BYTES", "BlockWriter", "check", "span")

_FIXED_BITS = 8 * (BLOCK.size + CRC_BYTES) + 16 * LAST + 8
_BITS_MAX = 8 * transfers.BLOCK_BYTES_MAX

# What the state of a block in the making holds per number, each NUMBERS bytes: first the widths of
# the four predictions, then
_START_2 = 4 * NUMBERS  # of the difference that SECOND begins with
_START_3 = 5 * NUMBERS  # of the two of THIRD
_CHOICE = 6 * NUMBERS  # the prediction that needs the fewest bits
_STATE = 7 * NUMBERS


class BlockWriter:
    """Makes blocks of samples that come one by one.

    `put(memoryview)` gets each finished block, good until the next sample is added. All memory is
    taken at the beginning, 4 KB; what a block's header and view take is garbage at once.
    """

    def __init__(self, boot_id: int, put):  # pyright: ignore  (a function: no name for it here)
        self._boot_id = boot_id
        self._put = put
        self._number = 0
        self._flags = 0
        self._count = 0
        self._state = bytearray(_STATE)
        self._trial = bytearray(_STATE)
        self._first = array("H", [0] * NUMBERS)
        self._value = array("H", [0] * NUMBERS)  # of the last sample
        self._slope = array("H", [0] * NUMBERS)
        self._bend = array("H", [0] * NUMBERS)
        self._read = array("H", [0] * NUMBERS)  # of the sample that is being added
        self._folded = array("H", [0] * (4 * SAMPLES_MAX * NUMBERS))
        self._leads = bytearray(2)
        self._buffer = bytearray(transfers.BLOCK_BYTES_MAX)
        self._view = memoryview(self._buffer)
        self._bits = 0
        self._held = 0
        self._at = 0

    def add(self, number: int, flags: int, buffer: bytes | bytearray | memoryview, offset: int):
        """Take the wire.KNEE_SAMPLE in `buffer` from `offset`, of that grid number, with its flags.

        A block that can't take it as well is finished first.
        """
        read = self._read
        for k in range(LAST):
            read[k] = buffer[offset + 2 * k] | buffer[offset + 2 * k + 1] << 8
        read[LAST] = buffer[offset + 2 * LAST]
        count = self._count
        if count and (
            count == SAMPLES_MAX
            or number != self._number + count
            or flags != self._flags
            or not self._fits(count)
        ):
            self.close()
            count = 0
        if count == 0:
            self._begin(number, flags)
        else:
            self._state, self._trial = self._trial, self._state
        value = self._value
        for k in range(NUMBERS):
            value[k] = read[k]
        self._count = count + 1

    def close(self):
        """Finish the block in the making, if there is one."""
        if self._count:
            size = self._packed()
            self._count = 0
            self._put(self._view[:size])

    def _begin(self, number: int, flags: int):
        self._number = number
        self._flags = flags
        read = self._read
        first = self._first
        state = self._state
        for k in range(NUMBERS):
            first[k] = read[k]
            state[_CHOICE + k] = FIRST
        for k in range(_STATE - NUMBERS):
            state[k] = 0
        for which in range(2):
            at = QUATERNIONS[which]
            lead = at
            for k in range(at + 1, at + 4):
                if magnitude(read[k]) > magnitude(read[lead]):
                    lead = k
            self._leads[which] = lead

    def _fits(self, count: int) -> bool:
        """Predict the sample in `_read` after `count` others; `_trial` is the state with it."""
        read = self._read
        value = self._value
        slope = self._slope
        bend = self._bend
        folded = self._folded
        state = self._state
        trial = self._trial
        at = count * NUMBERS
        step = SAMPLES_MAX * NUMBERS
        for which in range(2):
            lead = self._leads[which]
            at_0 = QUATERNIONS[which]
            a = at_0 + (lead - at_0 + 1 & 3)
            b = at_0 + (lead - at_0 + 2 & 3)
            c = at_0 + (lead - at_0 + 3 & 3)
            rest = folded_of(read[lead] - unit_length(value[lead], read[a], read[b], read[c]))
            folded[at + lead] = rest
            width = width_of(rest)
            trial[lead] = width if width > state[lead] else state[lead]
        total = _FIXED_BITS
        for k in range(NUMBERS):
            first = (read[k] - value[k]) & MASK
            second = (first - slope[k]) & MASK
            rest = folded_of(first)
            folded[step + at + k] = rest
            width = width_of(rest)
            index = NUMBERS + k
            before = state[index]
            width_1 = trial[index] = width if width > before else before
            best = 6 + width_1 * count
            choice = FIRST
            if count == 1:
                trial[_START_2 + k] = trial[_START_3 + k] = width
                trial[index + NUMBERS] = trial[index + 2 * NUMBERS] = 0
            else:
                rest = folded_of(second)
                folded[2 * step + at + k] = rest
                width = width_of(rest)
                index += NUMBERS
                before = state[index]
                width_2 = trial[index] = width if width > before else before
                start = trial[_START_2 + k] = state[_START_2 + k]
                size = 10 + start + width_2 * (count - 1)
                if size < best:
                    best = size
                    choice = SECOND
                start = state[_START_3 + k]
                index += NUMBERS
                if count == 2:
                    trial[index] = 0
                    trial[_START_3 + k] = width if width > start else start
                else:
                    trial[_START_3 + k] = start
                    rest = folded_of(second - bend[k])
                    folded[3 * step + at + k] = rest
                    width = width_of(rest)
                    before = state[index]
                    width_3 = trial[index] = width if width > before else before
                    size = 10 + 2 * start + width_3 * (count - 2)
                    if size < best:
                        best = size
                        choice = THIRD
            if k == self._leads[0] or k == self._leads[1]:
                size = 6 + trial[k] * count
                if size < best:
                    best = size
                    choice = UNIT_LENGTH
            trial[_CHOICE + k] = choice
            total += best
            slope[k] = first
            bend[k] = second
        return total <= _BITS_MAX

    def _packed(self) -> int:
        """Write the block into the buffer; its size in bytes."""
        BLOCK.pack_into(self._buffer, 0, self._boot_id, self._number, self._count, self._flags)
        self._bits = self._held = 0
        self._at = BLOCK.size
        state = self._state
        folded = self._folded
        count = self._count
        for k in range(NUMBERS):
            choice = state[_CHOICE + k]
            width = told(state[choice * NUMBERS + k])
            self._write(choice | width << 2, 6)
            begins = choice if choice > FIRST else 1
            start = 0
            if choice > FIRST:
                start = told(state[(_START_2 if choice == SECOND else _START_3) + k])
                self._write(start, 4)
            self._write(self._first[k], 8 if k == LAST else 16)
            for i in range(1, begins):
                self._write(folded[(i * SAMPLES_MAX + i) * NUMBERS + k], meant(start))
            at = (choice * SAMPLES_MAX + begins) * NUMBERS + k
            for _ in range(begins, count):
                self._write(folded[at], meant(width))
                at += NUMBERS
        if self._held:
            self._write(0, 8 - self._held)
        at = self._at
        crc = crc16(self._view[:at])
        self._buffer[at] = crc & 0xFF
        self._buffer[at + 1] = crc >> 8
        return at + CRC_BYTES

    def _write(self, value: int, width: int):
        """So many bits, at most 16, behind those held (fewer than 8)."""
        bits = self._bits | value << self._held
        held = self._held + width
        while held >= 8:
            self._buffer[self._at] = bits & 0xFF
            self._at += 1
            bits >>= 8
            held -= 8
        self._bits = bits
        self._held = held
