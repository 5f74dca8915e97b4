"""The whole records of a damaged log: what precedes the damage, and what follows it.

A record says how long it is, so one damaged length hides all that follows. What follows is found by
a place from which on records fit together again: the session, the description of one of our
streams, or a message of a stream that was described before, whose two times are equal, as our
writer makes them, not a minute before the one before the damage, with a number near that one's; and
directly behind it another record, or the end. A record whose end leads nowhere is itself suspected
where such a place lies inside it.

Which messages are missing is told by their numbers: the writer counts them. The bytes inside a
packet are protected by nothing, and damage seldom begins just where a record does: so the message
before a damaged place is left out with it.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from mcap.opcode import Opcode
from mcap.records import Attachment, Channel, DataEnd, Footer, Header, Metadata, Schema
from mcap.writer import MCAP0_MAGIC

from kneetrack.sessionlog.records import (
    BAD_RECORD,
    CHUNK_CODE,
    FRAME,
    MESSAGE,
    MESSAGE_CODE,
    RECORD_LIMIT,
    records_in_chunk,
    stream,
)
from kneetrack.sessionlog.streams import (
    BAND_TOPICS,
    CALIBRATION_TOPIC,
    EVENT_TOPIC,
    SESSION,
    WIRE_ENCODING_PREFIX,
)

_KNOWN = {int(opcode) for opcode in Opcode}
_READ = {
    int(Opcode.HEADER): Header.read,
    int(Opcode.SCHEMA): Schema.read,
    int(Opcode.METADATA): Metadata.read,
    int(Opcode.ATTACHMENT): Attachment.read,
    int(Opcode.DATA_END): DataEnd.read,
    int(Opcode.FOOTER): Footer.read,
}
_LAST = {int(Opcode.DATA_END): 4, int(Opcode.FOOTER): 20}
"""The records that end the data, and how long they are."""
_CHANNEL_CODE = int(Opcode.CHANNEL)
_METADATA_CODE = int(Opcode.METADATA)
_MAY_BEGIN = re.compile(rb"(?=[\x04\x05\x0c]...\x00{5})", re.DOTALL)
"""The opcode of a stream's description, a message or metadata, and a length under 16 MiB."""
_JSON_TOPICS = {EVENT_TOPIC, CALIBRATION_TOPIC}
_OURS = {*BAND_TOPICS, *_JSON_TOPICS}
_BACK_NS = 60 * 10**9
"""How far times may step back: two legs share a log, each stamped by its own link."""
_NEAR = 1 << 20
"""More messages than this no damaged place is believed to have swallowed."""
_PROGRESS_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes from `start` up to `end` that are no records, and how many messages are missing."""

    start: int
    end: int
    messages: int


class Salvage:
    """Iterate once over (opcode, body) of what is whole; then the rest says what was not.

    `damages` are the places that were passed over, `orphans` the messages of streams whose
    description is gone, `tail` the bytes behind the last whole record that lead nowhere. `ended`
    is whether the end of the data was met, at offset `end`; else that is behind the last record.
    """

    def __init__(
        self, data: mmap.mmap | bytes, progress: Callable[[int], None] = lambda at: None
    ) -> None:
        self._data = data
        self._progress = progress
        self._streams: set[int] = set()
        self._json: set[int] = set()  # those whose messages are JSON objects
        self._count = -1  # of the last message
        self._time_ns = 0
        self._passed: Damage | None = None  # until the next message's number tells what was in it
        self.damages: list[Damage] = []
        self.orphans = 0
        self.tail = 0
        self.ended = False
        self.end = len(MCAP0_MAGIC)

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        at, size, told = len(MCAP0_MAGIC), len(self._data), 0
        for opcode, body in self._described_at_end():
            yield from self._taken(opcode, body)
        held: tuple[int, bytes] | None = None  # a message (offset, body) until it is followed well
        while at < size:
            record = self._read(at)
            found = None
            if record is None:
                found = self._next_whole(at + 1, size)
            elif not self._leads_on(record[2]):
                found = self._next_whole(at + 1, record[2])
            if found is not None:
                self._note(at if held is None else held[0], found)
                held, at = None, found
                continue
            if held is not None:
                yield from self._taken(MESSAGE_CODE, held[1])
                held = None
            if record is None:
                self.tail = size - at
                break
            opcode, body, behind = record
            if opcode in _LAST:
                self.ended = True
                break
            if opcode == MESSAGE_CODE:
                held = (at, body)
            else:
                yield from self._taken(opcode, body)
            self.end = at = behind
            if at - told >= _PROGRESS_BYTES:
                told = at
                self._progress(at)
        if held is not None:
            yield from self._taken(MESSAGE_CODE, held[1])
        self._count_passed(0)

    def _described_at_end(self) -> Iterator[tuple[int, bytes]]:
        """The streams as a log that ended well describes them once more, behind its data."""
        footer_at = len(self._data) - len(MCAP0_MAGIC) - FRAME.size - _LAST[int(Opcode.FOOTER)]
        record = self._read(footer_at) if footer_at > 0 else None
        if record is None or record[0] != Opcode.FOOTER:
            return
        at = Footer.read(stream(record[1])).summary_start
        while 0 < at < footer_at:
            record = self._read(at)
            if record is None:
                return
            if record[0] == _CHANNEL_CODE:
                yield record[0], record[1]
            at = record[2]

    def _read(self, at: int) -> tuple[int, bytes, int] | None:
        """The record at `at` (opcode, body, offset behind), or None where there is no whole one."""
        data = self._data
        if at + FRAME.size > len(data):
            return None
        opcode, length = FRAME.unpack_from(data, at)
        start = at + FRAME.size
        if opcode not in _KNOWN or length > RECORD_LIMIT or start + length > len(data):
            return None
        if (opcode == MESSAGE_CODE and length < MESSAGE.size) or (
            _LAST.get(opcode, length) != length
        ):
            return None
        body = data[start : start + length]
        try:
            if opcode == _CHANNEL_CODE:
                channel = Channel.read(stream(body))
                if channel.topic in BAND_TOPICS and not _is_wire(channel.message_encoding):
                    return None
            elif opcode in _READ:
                _READ[opcode](stream(body))
            elif opcode == CHUNK_CODE:
                list(records_in_chunk(body))
            elif (
                opcode == MESSAGE_CODE
                and MESSAGE.unpack_from(body)[0] in self._json
                and not isinstance(json.loads(body[MESSAGE.size :]), dict)
            ):
                return None
        except BAD_RECORD:
            return None
        return opcode, body, start + length

    def _leads_on(self, behind: int) -> bool:
        """Whether a record begins there, or the file ends."""
        data = self._data
        if behind + FRAME.size > len(data):
            return behind == len(data) or data[behind:] == MCAP0_MAGIC
        opcode, length = FRAME.unpack_from(data, behind)
        return opcode in _KNOWN and length <= len(data) - behind

    def _taken(self, opcode: int, body: bytes) -> Iterator[tuple[int, bytes]]:
        """The record, or those in it; from now on their streams are known."""
        for code, inner in records_in_chunk(body) if opcode == CHUNK_CODE else ((opcode, body),):
            if code == _CHANNEL_CODE:
                channel = Channel.read(stream(inner))
                if channel.id in self._streams:
                    continue
                self._streams.add(channel.id)
                if channel.topic in _JSON_TOPICS:
                    self._json.add(channel.id)
            elif code == MESSAGE_CODE:
                number, count, self._time_ns, _ = MESSAGE.unpack_from(inner)
                self._count_passed(count - self._count - 1)
                self._count = count
                if number not in self._streams:
                    self.orphans += 1
                    continue
            yield code, inner

    def _next_whole(self, at: int, before: int) -> int | None:
        """The first place from `at` on where a record of ours stands, whole and in company."""
        while (found := _MAY_BEGIN.search(self._data, at, before)) is not None:
            at = found.start()
            record = self._read(at)
            if record is not None and self._is_ours(*record[:2]) and self._leads_on(record[2]):
                return at
            at += 1
        return None

    def _is_ours(self, opcode: int, body: bytes) -> bool:
        if opcode == _CHANNEL_CODE:
            return Channel.read(stream(body)).topic in _OURS
        if opcode == _METADATA_CODE:
            return Metadata.read(stream(body)).name == SESSION
        number, count, time_ns, published_ns = MESSAGE.unpack_from(body)
        return (
            number in self._streams
            and time_ns == published_ns
            and time_ns >= self._time_ns - _BACK_NS
            and abs(count - self._count) <= _NEAR
        )

    def _note(self, start: int, end: int) -> None:
        self._count_passed(0)
        self._passed = Damage(start, end, 0)

    def _count_passed(self, messages: int) -> None:
        if self._passed is not None:
            self.damages.append(replace(self._passed, messages=max(0, messages)))
            self._passed = None


def _is_wire(encoding: str) -> bool:
    return encoding.removeprefix(WIRE_ENCODING_PREFIX).isdecimal()
