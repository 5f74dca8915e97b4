"""The recording that runs: every knee sample is kept until the host has it on its disk.

    samples -> block in the making -> ring in RAM -> flash (`shelf`)
                                          |              |
                                     acknowledged   acknowledged: forgotten

While a host is connected and acknowledges, a few seconds of blocks wait in the ring and nothing
touches the flash. What is older than the ring has room for goes to flash, and so does everything
where nobody acknowledges: in a recording made alone, and while the host is away. What went to flash
is safe there within a second (PUSH_MS), for the battery may be pulled.

After its end a recording stays where it is for LINGER_MS, so that the host that saw it all can
acknowledge the last second and it is gone without a trace. Otherwise the rest joins what is on
flash, as a finished recording that can be fetched later.

A recording begun without a host (`alone`) is kept whole until it is deleted: an ACKNOWLEDGE of
what was streamed of it changes nothing.

Appending to flash may hold up the board for as long as the erasures take (100 ms each). It is
done from `serve`, a little at a time, and the IMUs' FIFOs hold 1.2 s. Only a ring that is full all
the same hands its oldest block on in `take`. Where flash has no room, that block is lost and
counted.
"""

import time

from micropython import const

from kneeband import config
from kneeband.ring import Ring
from kneecore import blocks, wire

_ALL = const(0)


class Journal:
    """One recording at a time: `begin`, `take` sample by sample, `close`. `serve` often."""

    def __init__(self, shelf):
        self._shelf = shelf
        self._ring = Ring(config.RING_BLOCKS)
        self._writer = None
        self._head: tuple = ()
        self.recording_id = 0
        """The recording that runs or has just ended; 0: there is none."""
        self.running = False
        self.alone = False
        """It was begun without a host."""
        self._attended = False  # a host receives and acknowledges
        self.no_room = False
        """The flash took no more."""
        self._shelved = False  # the shelf knows of it
        self._began = 0  # the number that the first sample could have had
        self._shelved_end = 0  # one past the last sample on the shelf
        self._end = 0  # one past the last sample in a block ...
        self._next = 0  # ... and of all
        self._acknowledged = 0
        self._lost = 0
        self._pushed_ms = self._closed_ms = 0

    def begin(self, head: tuple, number: int, alone: bool) -> bool:
        """Begin a recording whose first sample will be `number` or later.

        `head` is (boot_id, side, calibration_id, sensors_id, utc_s, calibration, sensors), the
        first five as in wire.RECORDING, then both records as stored. False: one made `alone` needs
        the flash, and that can't be written.
        """
        self.settle()
        boot_id, side, calibration_id, sensors_id, utc_s, calibration, sensors = head
        flags = wire.RECORDING_ALONE if alone else 0
        self._head = (
            boot_id,
            flags,
            side,
            calibration_id,
            sensors_id,
            utc_s,
            calibration,
            sensors,
        )
        self.recording_id = self._shelf.next_id()
        self.alone = alone
        self._attended = False
        self.no_room = False
        self._shelved = False
        self._began = self._shelved_end = self._end = self._next = self._acknowledged = number
        self._lost = 0
        self._pushed_ms = time.ticks_ms()
        if alone and not self._shelve():
            self.recording_id = 0
            return False
        self._writer = blocks.BlockWriter(boot_id, self._put)
        self.running = True
        return True

    def date(self, started_utc_s: int):
        """It is known now that the band's sample 0 was at that UTC; what has a date keeps it."""
        if self.recording_id and not self._head[5]:
            utc_s = started_utc_s + self._began * wire.KNEE_PERIOD_US // 1_000_000
            self._head = self._head[:5] + (utc_s,) + self._head[6:]
        self._shelf.date(started_utc_s, self._began)

    def take(self, number: int, flags: int, buffer, offset: int):
        """Keep the knee sample that is packed in `buffer` from `offset`."""
        self._writer.add(number, flags, buffer, offset)
        self._next = number + 1

    def attend(self):
        """A host receives what comes from now on. What was taken so far can be fetched."""
        self._attended = True
        self._writer.close()

    def abandon(self):
        """The host has left."""
        self._attended = False

    def acknowledge(self, recording_id: int, number: int):
        """The host has all before `number`: it need not be kept any longer."""
        if recording_id != self.recording_id or self.alone or not recording_id:
            return
        number = min(number, self._next)
        if number <= self._acknowledged:
            return
        self._acknowledged = number
        ring = self._ring
        while ring.count and ring.end(0) <= number:
            ring.drop()
        if self._shelved:
            self._shelf.free(number)
        self.no_room = False  # there may be some now
        self._forget_if_all_is_acknowledged()

    def close(self):
        """End the recording; see above for what becomes of it."""
        if not self.running:
            return
        self._writer.close()
        self._writer = None
        self.running = False
        self._closed_ms = time.ticks_ms()
        if self.alone or not self._attended:
            self.settle()
        else:
            self._forget_if_all_is_acknowledged()

    def settle(self):
        """Have the recording that has ended on flash, all of it and now."""
        if not self.recording_id or self.running:
            return
        while self._ring.count:
            self._hand_on()
        self._finish(keep=self._end > self._began)

    def discard(self):
        """Forget the recording that has ended."""
        if not self.running:
            self._finish(keep=False)

    def serve(self):
        """Bring to flash what belongs there, but little at a time."""
        if not self.recording_id:
            return
        now = time.ticks_ms()
        if not self.running:
            if time.ticks_diff(now, self._closed_ms) >= config.LINGER_MS:
                self._drain(_ALL)
                if not self._ring.count or self.no_room:
                    self.settle()
            return
        due = time.ticks_diff(now, self._pushed_ms) >= config.PUSH_MS
        if self._attended and not self.alone:
            self._drain(config.RING_HIGH)
        else:
            if due:
                self._writer.close()
            self._drain(_ALL)
        if due:
            self._pushed_ms = now
            if self._shelved and not self._shelf.push():
                self.no_room = True

    def record(self) -> bytes:
        """The wire.RECORDING of it, nothing where there is none."""
        if not self.recording_id:
            return b""
        ring = self._ring
        first = blocks.span(ring.block(0))[0] if ring.count else self._end
        size = ring.size_bytes
        if self._shelved:
            shelved = wire.RECORDING.values(*self._shelf.describe(self.recording_id))
            if shelved.end_number > shelved.first_number:
                first = shelved.first_number
                size += shelved.size_bytes
        boot_id, flags, side, calibration_id, sensors_id, utc_s = self._head[:6]
        return wire.RECORDING.pack(
            self.recording_id,
            boot_id,
            flags | (wire.RECORDING_RUNNING if self.running else 0),
            side,
            calibration_id,
            sensors_id,
            first,
            self._end,
            self._lost,
            size,
            utc_s,
        )

    def head(self):
        """What it was begun with: the records of the calibration and of the sensors."""
        return self._head[6], self._head[7]

    def blocks(self, first: int, end: int):
        """The blocks with samples from `first` and before `end`, oldest first, as they are now.

        A generator that may be left for a while between two blocks, as blocks move from the ring to
        flash or are acknowledged meanwhile; each view is good until the next is asked for or the
        journal does anything else. What the journal has finished meanwhile comes from the shelf,
        and None where that is still looking for them.
        """
        if end > self._end and self.running:
            self._writer.close()
        end = min(end, self._end)
        recording_id = self.recording_id
        ring = self._ring
        while first < end and recording_id == self.recording_id:
            if self._shelved and first < self._shelved_end:
                upto = min(end, self._shelved_end)
                for block in self._shelf.blocks(recording_id, first, upto):
                    if block is not None:
                        first = max(first, _end_of(block))
                    yield block
                first = max(first, upto)
                continue
            index = ring.find(first)
            if index == ring.count:
                return
            block = ring.block(index)
            if blocks.span(block)[0] >= end:
                return
            first = _end_of(block)
            yield block
        if first < end:  # it has ended meanwhile
            for block in self._shelf.blocks(recording_id, first, end):
                yield block

    # --- inside --------------------------------------------------------------------------------

    def _put(self, block):
        self._end = _end_of(block)
        if self._end <= self._acknowledged:
            return
        if self._ring.full:
            self._hand_on()
        self._ring.put(block)

    def _shelve(self) -> bool:
        """Have the shelf know the recording."""
        if not self._shelved:
            self._shelved = self._shelf.begin(self.recording_id, self._head)
        return self._shelved

    def _store(self, block) -> bool:
        if self._shelve() and self._shelf.append(block):
            self._shelved_end = _end_of(block)
            return True
        self.no_room = True
        return False

    def _hand_on(self):
        """The oldest block of the ring to flash, or to nowhere."""
        block = self._ring.block(0)
        if self.no_room or not self._store(block):
            self._lost += blocks.span(block)[1]
        self._ring.drop()

    def _drain(self, remaining: int):
        """Some blocks of the ring to flash, while more than `remaining` are there.

        Where there is no room they stay: the host may yet come and fetch them.
        """
        if self.no_room:
            return
        for _ in range(config.BLOCKS_PER_SERVE):
            if self._ring.count <= remaining or not self._store(self._ring.block(0)):
                return
            self._ring.drop()

    def _forget_if_all_is_acknowledged(self):
        if not self.running and self._acknowledged >= self._end:
            self._finish(keep=False)

    def _finish(self, keep: bool):
        """Leave what is on the shelf to the shelf, or have it deleted."""
        if self._shelved:
            self._shelf.end(self._lost)
            if not keep:
                self._shelf.delete(self.recording_id)
        self._ring.clear()
        self.recording_id = 0


def _end_of(block) -> int:
    """One past its last sample."""
    number, count = blocks.span(block)
    return number + count
