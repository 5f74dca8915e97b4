"""A band at the far end of a cable that keeps recordings, as far as `kneetrack sync` meets it.

It speaks the wire's own bytes (kneecore.wire, frames, blocks) over a pseudo-terminal and can be
told to fail in ways in which the simulated board never does: blocks that get lost or damaged on
their way, memory that can't be read, a cable that is pulled after so many blocks.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

from cable import Cable
from kneecore import frames, transfers, wire
from kneecore.blocks import BlockWriter, span
from kneetrack.samples import KneeSample

NAME = "KneeBand-5Y7C"
BOOT_ID = 9


@dataclass
class Kept:
    """One recording in the band's memory."""

    first_number: int
    end_number: int
    blocks: list[bytes]
    flags: int = wire.RECORDING_ALONE
    side: int = wire.SIDE_RIGHT
    calibration: bytes = b""
    lost_samples: int = 0
    utc_s: int = 1_790_000_000

    def record(self, recording_id: int) -> bytes:
        calibration_id = struct.unpack_from("<H", self.calibration)[0] if self.calibration else 0
        return wire.RECORDING.pack(
            recording_id,
            BOOT_ID,
            self.flags,
            self.side,
            calibration_id,
            0,
            self.first_number,
            self.end_number,
            self.lost_samples,
            sum(map(len, self.blocks)),
            self.utc_s,
        )


def kept(samples: Iterable[KneeSample], first_number: int = 5000, **about: Any) -> Kept:
    """A recording of these samples; their numbers count on from `first_number`."""
    blocks: list[bytes] = []
    writer = BlockWriter(BOOT_ID, lambda block: blocks.append(bytes(block)))
    end = first_number
    for sample in samples:
        end = first_number + sample.number + 1
        packed = wire.KNEE_SAMPLE.pack(
            sample.flexion_deg,
            sample.valgus_deg,
            sample.rotation_deg,
            sample.q_earth_thigh,
            sample.q_earth_shank,
            sample.valgus_sigma_deg,
        )
        writer.add(end - 1, sample.flags, packed, 0)
    writer.close()
    return Kept(first_number, end, blocks, **about)


@dataclass
class KeepingBand:
    """Lives on `cable` from `begin` to `end`."""

    cable: Cable
    kept: dict[int, Kept]
    loses: set[int] = field(default_factory=set[int])
    """Blocks, by their place in the recording, that do not arrive the first time."""
    damages: set[int] = field(default_factory=set[int])
    """Blocks that arrive with a wrong bit the first time."""
    unreadable: set[int] = field(default_factory=set[int])
    """Blocks that its memory does not give away any more."""
    pulls_after: int | None = None
    """The cable comes out once so many blocks were sent."""
    running: bool = False
    deleted: list[int] = field(default_factory=list[int])
    fetches: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    utc_s: int = 0
    sent: int = 0

    def begin(self) -> None:
        self._receiver = frames.Receiver()
        self._sending: asyncio.Task[None] | None = None
        asyncio.get_running_loop().add_reader(self.cable.band_end, self._read)

    def end(self) -> None:
        asyncio.get_running_loop().remove_reader(self.cable.band_end)
        if self._sending is not None:
            self._sending.cancel()

    def _read(self) -> None:
        for kind, data in self._receiver.feed(os.read(self.cable.band_end, 4096)):
            if kind == wire.SERIAL_FEATURE:
                self._put(kind, _feature())
            elif kind == wire.SERIAL_LEAVE and self._sending is not None:
                self._sending.cancel()
            elif kind == wire.SERIAL_NAME:
                self._put(kind, NAME.encode())
            elif kind == wire.SERIAL_CONTROL:
                result, payload = self._do(data[0], data[1:])
                self._put(kind, bytes((wire.OP_RESPONSE, data[0], result)) + payload)
            elif kind == wire.SERIAL_TRANSFER and data[0] == transfers.TRANSFER_FETCH:
                if self._sending is not None:
                    self._sending.cancel()
                self._sending = asyncio.create_task(
                    self._send(transfers.FETCH.unpack_from(data, 1))
                )

    def _put(self, kind: int, data: bytes) -> bool:
        try:
            os.write(self.cable.band_end, frames.frame(kind, data))
        except BlockingIOError:
            return False
        return True

    def _do(self, opcode: int, operand: bytes) -> tuple[int, bytes]:
        if opcode == wire.OP_LIST:
            after = wire.LIST.unpack_from(operand).after_id
            found = [one for one in sorted(self.kept) if one > after]
            if not found:
                return wire.RESULT_NOT_FOUND, b""
            return wire.RESULT_SUCCESS, self.kept[found[0]].record(found[0])
        if opcode == wire.OP_DELETE:
            recording_id = wire.DELETE.unpack_from(operand).recording_id
            self.deleted.append(recording_id)
            gone = self.kept.pop(recording_id, None)
            return (wire.RESULT_NOT_FOUND if gone is None else wire.RESULT_SUCCESS), b""
        if opcode == wire.OP_SET_TIME:
            self.utc_s = wire.SET_TIME.unpack_from(operand).utc_s
        elif opcode == wire.OP_QUERY:
            if not self.running:
                return wire.RESULT_NOT_FOUND, b""
            flags = wire.RECORDING_RUNNING | wire.RECORDING_ALONE
            return wire.RESULT_SUCCESS, Kept(0, 100, [], flags).record(99)
        elif opcode in (wire.OP_RECORD, wire.OP_STOP):
            self.running = opcode == wire.OP_RECORD
        return wire.RESULT_SUCCESS, b""

    async def _send(self, wanted: Any) -> None:
        recording_id = wanted.recording_id
        recording = self.kept[recording_id]
        self.fetches.append((wanted.first_number, wanted.end_number))
        identity = struct.pack("<H", recording_id)
        calibration = bytes((len(recording.calibration),)) + recording.calibration
        await self._message(transfers.TRANSFER_HEAD, identity + calibration + b"\0")
        count, result = 0, wire.RESULT_SUCCESS
        for place, block in enumerate(recording.blocks):
            number, samples = span(block)
            if number >= wanted.end_number or number + samples <= wanted.first_number:
                continue
            if place in self.unreadable:
                result = wire.RESULT_FAILED
                continue
            count += 1
            if place in self.loses:
                self.loses.remove(place)
                continue
            if place in self.damages:
                self.damages.remove(place)
                block = block[:20] + bytes((block[20] ^ 4,)) + block[21:]
            await self._message(transfers.TRANSFER_BLOCK, identity + block)
            self.sent += 1
            if self.sent == self.pulls_after:
                await asyncio.sleep(0.05)
                self.cable.pull()
                return
        done = transfers.DONE.pack(
            recording_id, wanted.first_number, wanted.end_number, result, count
        )
        await self._message(transfers.TRANSFER_DONE, done)

    async def _message(self, kind: int, data: bytes) -> None:
        while not self._put(wire.SERIAL_TRANSFER, bytes((kind,)) + data):
            await asyncio.sleep(0.001)
        await asyncio.sleep(0)


def _feature() -> bytes:
    chips, grid, scales = (0x6C, 0x6C), (wire.PAIR_PERIOD_US, wire.KNEE_DIVIDER), (1.0, 1.0)
    return wire.FEATURE.pack(*wire.PROTOCOL_VERSION, BOOT_ID, 1, *chips, *grid, *scales, 0, 0)


@contextlib.contextmanager
def living(band: KeepingBand) -> Generator[KeepingBand]:
    """The band from the entry to the exit."""
    band.begin()
    try:
        yield band
    finally:
        band.end()
