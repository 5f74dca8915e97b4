"""The recordings on flash: those that are there, the one being made, and the room for more.

A folder on littlefs, the file system of MicroPython on the ESP32. Each recording is a head, a file
named by its id ("00012"), and segments of up to SEGMENT_BYTES ("00012.0", "00012.1"...); see
`recording` and `segment` for what is in them. Two bytes and a CRC in "next" are the last id given.

Power may fail at any moment
    What `push` has brought to flash is safe. littlefs makes a new file empty, then changes it in
    one step when it is closed or pushed. A head is written when the recording begins, marked as
    running, and again when it ends. A head still marked as running at the start is of a recording
    whose end is missing (RECORDING_CUT): it ends with the last whole block that is there. To delete
    one the head goes first; segments without a head are cleared away at the start.

What it takes
    littlefs appends to a pushed file by writing its last sector anew: one erasure (0.1 s) a push,
    on ever other sectors. Now and then it clears up a folder, which takes the longer the more files
    are in it. Hence few, large segments; then nothing grows with a recording's length, and no
    method but `load`, and `end`, holds up the board for more than some 0.3 s.
    tools/bench_storage.py measures it.

Room
    ROOM_KEPT sectors stay free, for what littlefs does on the way and for the band's other files.
    When only these are left the flash is full: `append` refuses, and what is there stays. Finished
    recordings go by `delete` only.

OSError never leaves here. A write that failed loses what came since the last `push` at most; the
samples are counted. A read that failed sets `failed`.
"""

import os

from micropython import const

from kneeband.recording import Recording, head_path, read_head, read_id, segment_path, write_id
from kneeband.segment import SECTOR_BYTES, Segment
from kneecore import blocks, transfers, wire

FOLDER = "recordings"
SEGMENT_BYTES = const(524_288)
ROOM_KEPT = const(24)
_ID_MAX = const(65_535)
_SECTOR_KIB = const(4)


class Shelf:
    """`load` once; then one recording at a time: `begin`, `append` and `push`, `end`."""

    def __init__(self, path: str = FOLDER, segment_bytes: int = SEGMENT_BYTES):
        self._path = path
        self._segment_bytes = segment_bytes
        self.failed = False
        """Something could not be read, or written for another reason than a full flash."""
        self._kept = {}
        self._last_id = 0
        self._sectors = 0  # still to be had
        self._running = None
        self._file = None
        self._out = bytearray(1 + transfers.BLOCK_BYTES_MAX)
        self._safe_end = self._safe_size = 0  # of the last segment, at the last push
        self._unsafe = 0  # samples since then
        self._undated = []  # ids of this start's recordings that have no date ...
        self._dated = []  # ... and recordings whose head on flash does not tell it yet

    # --- what is there ---------------------------------------------------------------------------

    def load(self):
        """Find what earlier starts have left."""
        try:
            self._make_folder()
            self._load()
        except OSError:
            self.failed = True

    def next_id(self) -> int:
        """An id that no recording had before, over all starts."""
        while True:
            self._last_id = self._last_id % _ID_MAX + 1
            if self._last_id not in self._kept:
                break
        try:
            write_id(self._path, self._last_id)
        except OSError:
            self.failed = True
        return self._last_id

    @property
    def count(self) -> int:
        """Finished recordings."""
        return len(self._kept) - (self._running is not None)

    @property
    def free_kib(self) -> int:
        """Room for recordings, at most what 16 bits tell."""
        return min(65_535, max(0, self._sectors) * _SECTOR_KIB)

    def after(self, recording_id: int) -> int:
        """The id of the next finished recording, 0 if there is none."""
        found = 0
        for other in self._kept:
            if other > recording_id and (not found or other < found) and not self._runs(other):
                found = other
        return found

    def describe(self, recording_id: int):
        """The values of its wire.RECORDING, None if there is no such recording."""
        recording = self._kept.get(recording_id)
        return None if recording is None else recording.values()

    def head(self, recording_id: int):
        """The records of the calibration and of the sensors it was begun with, or None."""
        recording = self._kept.get(recording_id)
        return None if recording is None else recording.records

    def blocks(self, recording_id: int, first: int, end: int):
        """The blocks with samples of `first` to `end` (that one not), oldest first.

        A generator that may be left at any time. Each view is good until the next is asked for.
        None where it is still looking for them.
        """
        recording = self._kept.get(recording_id)
        if recording is None:
            return
        if self._runs(recording_id) and self._unsafe and end > self._safe_end:
            self.push()
        for part in list(recording.segments):
            if part.end <= first:
                continue
            if part.first >= end:
                return
            try:
                for block in part.read(first, end):
                    yield block
            except OSError:
                if part in recording.segments:  # or it was freed meanwhile
                    self.failed = True
                    return

    def delete(self, recording_id: int) -> bool:
        """Delete a finished recording; False where there is none, or the flash refused."""
        recording = self._kept.get(recording_id)
        if recording is None or self._runs(recording_id):
            return False
        try:
            os.remove(head_path(self._path, recording_id))
        except OSError:
            self.failed = True
            return False
        del self._kept[recording_id]
        self._sectors += 1
        while recording.segments:
            self._remove_first(recording)
        return True

    def date(self, started_utc_s: int, running_from: int):
        """Date the recordings of this start that have no date: sample 0 was at that UTC.

        The one being made began with sample `running_from`. `write_date` brings it to flash.
        """
        for recording_id in self._undated:
            recording = self._kept.get(recording_id)
            if recording is not None:
                runs = self._runs(recording_id)
                first = running_from if runs else recording.segments[0].first
                recording.utc_s = started_utc_s + first * wire.KNEE_PERIOD_US // 1_000_000
                self._dated.append(recording)
        self._undated.clear()

    def write_date(self):
        """Bring one new date to flash, if there is one."""
        while self._dated:
            recording = self._dated.pop()
            if self._kept.get(recording.recording_id) is recording:
                try:
                    recording.write_head(head_path(self._path, recording.recording_id))
                except OSError:
                    self.failed = True
                return

    # --- the one being made ----------------------------------------------------------------------

    def begin(self, recording_id: int, head: tuple) -> bool:
        """Begin a recording. False: the flash is full, or can't be written.

        `head` is (boot_id, flags, side, calibration_id, sensors_id, utc_s, calibration, sensors),
        the first six as in wire.RECORDING, then both records, which may be empty.
        """
        if self._running is not None:
            self.end()
        if self._sectors < 2:
            return False
        recording = Recording(recording_id, head)
        recording.flags |= wire.RECORDING_RUNNING
        try:
            recording.write_head(head_path(self._path, recording_id))
        except OSError:
            self.failed = True
            return False
        self._sectors -= 1
        if not recording.utc_s:
            self._undated.append(recording_id)
        self._kept[recording_id] = self._running = recording
        self._unsafe = 0
        return True

    def append(self, block) -> bool:
        """Add a block; it is safe after the next `push`. False: it is not kept."""
        recording = self._running
        if recording is None:
            return False
        size = 1 + len(block)
        part = recording.segments[-1] if self._file is not None else None
        if part is not None and part.size + size > self._segment_bytes:
            self._close()
            part = None
        before = 0 if part is None else part.size // SECTOR_BYTES + 1
        more = (size if part is None else part.size + size) // SECTOR_BYTES + 1 - before
        if more > self._sectors:
            return False
        number, count = blocks.span(block)
        out = self._out
        out[0] = len(block)
        out[1:size] = block
        try:
            if self._file is None:
                part = self._open(number)
            self._file.write(memoryview(out)[:size])
        except OSError:
            self._give_up()
            return False
        self._sectors -= more
        part.note(number, part.size)
        part.size += size
        part.end = recording.end = number + count
        self._unsafe += count
        return True

    def push(self) -> bool:
        """Have all that was appended on flash; False if that failed."""
        if self._file is not None and self._unsafe:
            try:
                self._file.flush()
            except OSError:
                self._give_up()
                return False
            self._is_safe()
        return True

    def free(self, before_number: int):
        """Give up what is before that sample, as far as whole segments hold nothing else."""
        recording = self._running
        if recording is None:
            return
        parts = recording.segments
        while parts and parts[0].end <= before_number:
            if self._file is not None and len(parts) == 1:
                return
            self._remove_first(recording)

    def end(self, lost_samples: int = 0) -> bool:
        """End the recording, of which so many samples were lost before they came here."""
        recording = self._running
        if recording is None:
            return False
        done = self._close()
        self._running = None
        recording.flags &= ~wire.RECORDING_RUNNING
        recording.lost += lost_samples
        if not recording.segments:
            return self.delete(recording.recording_id)
        try:
            recording.write_head(head_path(self._path, recording.recording_id))
            self.look_for_room()
        except OSError:
            self.failed = True
            return False
        return done

    # --- inside ----------------------------------------------------------------------------------

    def _runs(self, recording_id) -> bool:
        return self._running is not None and self._running.recording_id == recording_id

    def _make_folder(self):
        try:
            os.stat(self._path)
        except OSError:
            os.mkdir(self._path)

    def _load(self):
        heads = []
        parts = {}
        for name in os.listdir(self._path):
            stem, _, number = name.partition(".")
            if not stem.isdigit():
                continue
            if number:
                parts.setdefault(int(stem), []).append(int(number))
            else:
                heads.append(int(stem))
        self._last_id = max(heads) if heads else 0
        self._last_id = read_id(self._path) or self._last_id
        self.look_for_room()
        for recording_id in heads:
            numbers = parts.pop(recording_id, [])
            try:
                self._take_up(recording_id, numbers)
            except OSError:  # the others may be in order
                self.failed = True
        for recording_id, numbers in parts.items():
            for number in numbers:
                os.remove(segment_path(self._path, recording_id, number))
        self.look_for_room()

    def _take_up(self, recording_id, numbers):
        path = head_path(self._path, recording_id)
        recording = read_head(path, recording_id)
        if recording is None:
            if os.stat(path)[6]:
                self.failed = True
            else:
                os.remove(path)  # it was about to begin
            return
        recording.find_segments(self._path, numbers)
        if not recording.segments:
            os.remove(path)
            return
        if recording.flags & wire.RECORDING_RUNNING:
            recording.flags ^= wire.RECORDING_RUNNING | wire.RECORDING_CUT
            recording.write_head(path)
        self._kept[recording_id] = recording

    def look_for_room(self):
        """Ask the file system anew: somebody else has written."""
        self._sectors = os.statvfs(self._path)[4] - ROOM_KEPT

    def _open(self, number) -> Segment:
        recording = self._running
        path = segment_path(self._path, recording.recording_id, recording.begun)
        self._file = open(path, "wb")  # noqa: SIM115  (open as long as it grows)
        recording.begun += 1
        part = Segment(path, number, number, 0)
        recording.segments.append(part)
        self._safe_size = 0
        self._safe_end = number
        return part

    def _is_safe(self):
        part = self._running.segments[-1]
        self._safe_end = part.end
        self._safe_size = part.size
        self._unsafe = 0

    def _close(self) -> bool:
        """End the segment."""
        if self._file is None:
            return True
        try:
            self._file.close()
        except OSError:
            self._give_up()
            return False
        self._is_safe()
        self._file = None
        return True

    def _give_up(self):
        """A write failed: the segment ends where the last push left it, the rest is lost."""
        self.failed = True
        recording = self._running
        recording.lost += self._unsafe
        self._unsafe = 0
        if self._file is not None:
            try:
                self._file.close()
            except OSError:
                pass
            self._file = None
            part = recording.segments[-1]
            part.size = self._safe_size
            part.end = self._safe_end
            if not part.size:
                recording.segments.pop()
            if recording.segments:
                recording.end = recording.segments[-1].end
        try:
            self.look_for_room()
        except OSError:
            self._sectors = 0

    def _remove_first(self, recording):
        part = recording.segments.pop(0)
        self._sectors += part.sectors()
        try:
            os.remove(part.path)
        except OSError:
            self.failed = True
