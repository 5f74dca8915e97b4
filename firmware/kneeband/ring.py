"""The newest blocks of a recording, in memory that is allocated once.

A block (`kneecore.blocks`) takes one slot of its longest size. Which samples it holds says its own
head; the numbers of later blocks are higher, so one is found by halving.
"""

from kneecore import blocks, transfers

SLOT_BYTES = transfers.BLOCK_BYTES_MAX


class Ring:
    """Room for `slots` blocks, oldest first. `block` and `find` count from the oldest."""

    def __init__(self, slots: int):
        self._memory = memoryview(bytearray(slots * SLOT_BYTES))
        self._sizes = bytearray(slots)
        self._slots = slots
        self._oldest = 0
        self.count = 0

    @property
    def full(self) -> bool:
        return self.count == self._slots

    def put(self, block):
        """Copy `block` in as the newest. IndexError if the ring is full."""
        if self.count == self._slots:
            raise IndexError("the ring is full")
        slot = (self._oldest + self.count) % self._slots
        at = slot * SLOT_BYTES
        self._memory[at : at + len(block)] = block
        self._sizes[slot] = len(block)
        self.count += 1

    def block(self, index: int):
        """Block `index`; a view that is good until that block is dropped."""
        if not 0 <= index < self.count:
            raise IndexError("no such block")
        slot = (self._oldest + index) % self._slots
        at = slot * SLOT_BYTES
        return self._memory[at : at + self._sizes[slot]]

    def end(self, index: int) -> int:
        """One past the last sample of block `index`."""
        number, count = blocks.span(self.block(index))
        return number + count

    def drop(self):
        """Give up the oldest block."""
        self._oldest = (self._oldest + 1) % self._slots
        self.count -= 1

    def clear(self):
        """Give up all."""
        self.count = 0

    def find(self, number: int) -> int:
        """The oldest block with a sample of `number` or later; `count` if there is none."""
        low = 0
        high = self.count
        while low < high:
            middle = (low + high) // 2
            if self.end(middle) <= number:
                low = middle + 1
            else:
                high = middle
        return low

    @property
    def size_bytes(self) -> int:
        """What the blocks take, without the slots' spare bytes."""
        return sum([len(self.block(index)) for index in range(self.count)])
