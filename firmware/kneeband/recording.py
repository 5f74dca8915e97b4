"""A recording on flash: its head, and the segments that hold its blocks.

The head is a file of its own:

    wire.RECORDING, u8 length of the calibration, the calibration, u8 length of the sensors'
    calibration, that, u16 CRC-16 of all before

first_number and size_bytes in it mean nothing: the segments tell. end_number and lost_samples hold
once it is no longer marked as running.
"""

import os
import struct

from kneeband import segment
from kneeband.segment import Segment
from kneecore import wire
from kneecore.crc import crc16


class Recording:
    """What is known of one; `segments` in order. `head` is as in `Shelf.begin`."""

    def __init__(self, recording_id: int, head: tuple):
        self.recording_id = recording_id
        self.boot_id, self.flags, self.side, self.calibration_id = head[:4]
        self.sensors_id, self.utc_s, calibration, sensors = head[4:]
        self.records = (bytes(calibration), bytes(sensors))
        self.segments = []
        self.end = 0
        """One past the last sample."""
        self.lost = 0
        """Samples that could not be kept."""
        self.begun = 0
        """The segments that there ever were."""

    def values(self):
        """Its wire.RECORDING."""
        size = 0
        for part in self.segments:
            size += part.size
        first = self.segments[0].first if self.segments else self.end
        return wire.RECORDING.values(
            self.recording_id,
            self.boot_id,
            self.flags,
            self.side,
            self.calibration_id,
            self.sensors_id,
            first,
            self.end,
            self.lost,
            size,
            self.utc_s,
        )

    def write_head(self, path: str):
        """Raises OSError."""
        data = wire.RECORDING.pack(*self.values())
        for record in self.records:
            data += bytes((len(record),)) + record
        with open(path, "wb") as file:
            file.write(data + struct.pack("<H", crc16(data)))

    def find_segments(self, folder: str, numbers: list):
        """Look at the files with these numbers. Raises OSError.

        Of a recording that was cut only the last one is read through; the ends of the others are
        where the next begin.
        """
        cut = self.flags & wire.RECORDING_RUNNING
        for number in sorted(numbers):
            path = segment_path(folder, self.recording_id, number)
            first = segment.first_number(path)
            if first is None:
                os.remove(path)
                continue
            if self.segments:
                self.segments[-1].end = first
            self.segments.append(Segment(path, first, self.end, os.stat(path)[6]))
            self.begun = number + 1
        while cut and self.segments:
            last = segment.found(self.segments[-1].path)
            if last is not None:
                self.segments[-1] = last
                self.end = last.end
                return
            os.remove(self.segments.pop().path)


def read_head(path: str, recording_id: int):
    """The Recording whose head is at `path`, None where it is damaged. Raises OSError."""
    with open(path, "rb") as file:
        data = file.read()
    end = len(data) - 2
    if end < wire.RECORDING.size + 2 or struct.unpack_from("<H", data, end)[0] != crc16(data[:end]):
        return None
    values = wire.RECORDING.unpack_from(data)
    records = []
    at = wire.RECORDING.size
    for _ in range(2):
        records.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    head = (
        values.boot_id,
        values.flags,
        values.side,
        values.calibration_id,
        values.sensors_id,
        values.utc_s,
        records[0],
        records[1],
    )
    recording = Recording(recording_id, head)
    recording.end = values.end_number
    recording.lost = values.lost_samples
    return recording


def head_path(folder: str, recording_id: int) -> str:
    return "%s/%05d" % (folder, recording_id)


def segment_path(folder: str, recording_id: int, number: int) -> str:
    return "%s/%05d.%d" % (folder, recording_id, number)


def read_id(folder: str) -> int:
    """The last id that was given, 0 if nobody knows."""
    try:
        with open(folder + "/next", "rb") as file:
            data = file.read()
    except OSError:
        return 0
    if len(data) != 4 or struct.unpack("<H", data[2:])[0] != crc16(data[:2]):
        return 0
    return struct.unpack("<H", data[:2])[0]


def write_id(folder: str, last_id: int):
    """Have `read_id` know that this one was given. Raises OSError."""
    data = struct.pack("<H", last_id)
    with open(folder + "/next", "wb") as file:
        file.write(data + struct.pack("<H", crc16(data)))
