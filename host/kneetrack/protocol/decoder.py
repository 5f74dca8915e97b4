"""Packets to samples: `Decoder` turns what a link received, or a log kept, into values with time.

The decoder does no I/O and is total: any bytes on any channel give a list, never an exception. A
packet that cannot be read (a wrong length, a period of zero) is counted in `malformed` and passed
over.

Order and loss
    A packet carries the grid number of its first sample modulo 2**16 and the board's clock modulo
    2**32 us. Both are unwrapped together, for each channel: the clock says how many grid points
    have passed, to well under 2**16, and the number says how many exactly. What lies between the
    next number that was due and the one that came is a `Gap`. An older number is a late, repeated
    or backfilled packet: its samples are given with their true numbers and times, and move nothing.

Blocks
    What Session Transfer brings (`transfer`) is placed by its own numbers (`boots`), whatever the
    order, also of a start of the band before the present one. Its samples carry FLAG_BACKFILL.
    Blocks of a start that no measurement packet has shown are passed over, unless there are none
    but blocks: then they are the recording.

Restarts
    A new boot id means that grid and clock began anew. The receiver's clock bridges the pause (it
    is all there is) from the last live packet on, for blocks are received long after their samples
    were taken. Numbers go on from the last one known. That is a `Gap` whose count is unknown.

Time
    `time_s` counts from `origin_us`, or from the first measurement sample where none is given. Raw
    pairs that come before that sample wait for it, a second's worth at most.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

from kneecore import transfers, wire
from kneecore.block_reader import read_block
from kneetrack.protocol.boots import Boots, full_number
from kneetrack.protocol.grid import NUMBERS, US, Grid
from kneetrack.protocol.records import read_feature, read_status
from kneetrack.protocol.transfer import Transfers
from kneetrack.protocol.unpack import KNEE_BYTES, PAIR_BYTES, imu_pairs, knee_samples
from kneetrack.samples import (
    Channel,
    Decoded,
    Gap,
    Packet,
    Response,
    TransferDone,
)

_HEADER = struct.Struct(wire.PACKET_HEADER.format)
_HELD_PACKETS = 24  # raw packets that wait for the origin: 24 * 9 pairs, a second
_BLOCK = bytes([transfers.TRANSFER_BLOCK])
_DONE = bytes([transfers.TRANSFER_DONE])
_HEAD = bytes([transfers.TRANSFER_HEAD])
_RECORDING_ID = struct.Struct("<H")


def _signed(difference: int, modulus: int) -> int:
    """`difference` modulo `modulus`, in -modulus/2 .. modulus/2 - 1."""
    return (difference + modulus // 2) % modulus - modulus // 2


def _received_us(packet: Packet) -> int:
    """When it came, by the receiver's clock; 0 for a clock that makes no sense."""
    seconds = packet.received_at_s
    return round(seconds * 1e6) if abs(seconds) < 1e9 else 0


class Decoder:
    """Packets of one band, in the order of arrival, to samples, gaps, statuses and responses.

    `feature` are the values of wire.FEATURE (they give the raw counts their size and are replaced
    by any packet of that channel); `origin_us` is the board clock, unwrapped, at `time_s` zero.
    With `raw=False` packets of Raw IMU are passed over unread, which saves their time.
    """

    def __init__(
        self, feature: Any | None = None, origin_us: int | None = None, *, raw: bool = True
    ) -> None:
        self.feature = feature
        self.origin_us = origin_us
        self.malformed = 0
        self._raw = raw
        self._boot_id = -1
        self._boots = Boots()
        self._transfers = Transfers()
        self._live = False  # a measurement packet has come
        self._knee_grid = Grid()
        self._raw_grid = Grid()
        self._held: list[Packet] = []
        # One instant of this boot, as it travels and unwrapped: what a channel's first packet is
        # placed by.
        self._anchor = (0, 0)

    def feed(self, packet: Packet) -> list[Decoded]:
        """What this packet brought. Never raises, whatever the bytes."""
        channel = packet.channel
        if channel is Channel.MEASUREMENT:
            return self._samples(packet)
        if channel is Channel.RAW:
            return self._pairs(packet) if self._raw else []
        if channel is Channel.CONTROL:
            return self._control(packet.data)
        if channel is Channel.TRANSFER:
            return self._transferred(packet)
        feature = read_feature(packet.data)
        if feature is None:
            self.malformed += 1
        else:
            self.feature = feature
        return []

    def feed_all(self, packets: Iterable[Packet]) -> list[Decoded]:
        """`feed` for each, in one list."""
        return [item for packet in packets for item in self.feed(packet)]

    def band_number(self, number: int) -> int | None:
        """The band's own count (wire.py, "Nothing lost") of knee sample `number`; None if unknown.

        It counts from the start of the band that the sample belongs to.
        """
        return self._boots.band_number(number)

    def own_number(self, boot_id: int, band_number: int) -> int | None:
        """The KneeSample.number of the band's `band_number` since that start; None if unknown."""
        return self._boots.own_number(boot_id, band_number)

    def _head(self, data: bytes, sample_bytes: int) -> tuple[Any, int]:
        """The header of live samples, and how many they are; 0 where the packet is malformed."""
        count, rest = divmod(len(data) - _HEADER.size, sample_bytes)
        if not rest and count > 0:
            header: Any = _HEADER.unpack_from(data)
            if header[3]:  # period_us
                return header, count
        self.malformed += 1
        return (), 0

    def _samples(self, packet: Packet) -> list[Decoded]:
        data = packet.data
        header, count = self._head(data, KNEE_BYTES)
        if not count:
            return []
        boot_id, sequence, time_us, period_us, flags = header
        self._live = True
        gap: Gap | None = None
        grid = self._knee_grid
        if (
            sequence == grid.next_sequence
            and boot_id == self._boot_id
            and not flags & wire.FLAG_BACKFILL
        ):
            number = grid.next_number
            at_us = grid.start_us + ((time_us - grid.time_us) & (US - 1))
            grid.advance(header, number, at_us, count, _received_us(packet))
        else:
            number, at_us, gap = self._place(grid, header, packet, count)
        body = memoryview(data)[_HEADER.size :]
        return self._given(body, number, at_us, period_us, flags, gap)

    def _given(
        self,
        body: bytes | memoryview,
        number: int,
        at_us: int,
        period_us: int,
        flags: int,
        gap: Gap | None,
    ) -> list[Decoded]:
        """The samples in `body` behind the gap, if any, and the raw pairs that waited for them."""
        if self.origin_us is None:
            self.origin_us = at_us
        items = knee_samples(body, number, at_us - self.origin_us, period_us, flags)
        if gap is not None:
            items.insert(0, gap)
        if self._held:
            items.extend(self._release())
        return items

    # --- Session Transfer ------------------------------------------------------------------------

    def _transferred(self, packet: Packet) -> list[Decoded]:
        data = packet.data
        kind = data[:1]
        try:
            if kind == _BLOCK:
                (recording_id,) = _RECORDING_ID.unpack_from(data, 1)
                boot_id, number, flags, body = read_block(memoryview(data)[transfers.BLOCK_HEAD :])
                self._transfers.block(
                    recording_id, boot_id, number, number + len(body) // KNEE_BYTES
                )
                return self._block(packet, boot_id, number, flags | wire.FLAG_BACKFILL, body)
            if kind == _DONE:
                return [self._done(transfers.DONE.unpack_from(data, 1))]
        except (ValueError, struct.error):
            kind = b""
        if kind != _HEAD:
            self.malformed += 1
        return []

    def _block(
        self, packet: Packet, boot_id: int, number: int, flags: int, body: bytes | memoryview
    ) -> list[Decoded]:
        """A block's samples; `number` is the band's."""
        grid = self._knee_grid
        gap: Gap | None = None
        period_us = wire.KNEE_PERIOD_US
        count = len(body) // KNEE_BYTES
        header = (boot_id, number % NUMBERS, number * period_us % US, period_us, flags)
        own = self._boots.own_number(boot_id, number)
        if own is None:
            is_present = boot_id == self._boot_id
            if not grid.fresh if is_present else self._live:
                return []  # another start's, of which nothing is known; or numbers without a clock
            own, at_us, gap = self._place(grid, header, packet, count)
        else:
            at_us = self._boots.time_us(boot_id, own)
            if boot_id == self._boot_id and own + count > grid.next_number:
                if own > grid.next_number:
                    gap = self._gap(grid, own, at_us, "not kept by the band")
                grid.advance(header, own, at_us, count, _received_us(packet))
        return self._given(body, own, at_us, period_us, flags, gap)

    def _done(self, answer: Any) -> TransferDone:
        gone = self._transfers.done(answer, self._boot_id)
        span: tuple[int, int] | None = None
        first = None if gone is None else self._boots.own_number(gone.boot_id, gone.first)
        if gone is not None and first is not None:
            end = first + gone.end - gone.first
            after = self._boots.end(gone.boot_id)
            if after is None:
                end = min(end, self._knee_grid.next_number)  # no more was there to be asked for
            elif gone.to_the_end:
                end = max(end, after)
            span = first, max(first, end)
        return TransferDone(
            answer.recording_id,
            answer.first_number,
            answer.end_number,
            answer.result,
            answer.blocks,
            span,
        )

    # --- the other channels ----------------------------------------------------------------------

    def _pairs(self, packet: Packet) -> list[Decoded]:
        data = packet.data
        header, count = self._head(data, PAIR_BYTES)
        if not count:
            return []
        period_us, flags = header[3:]
        if self.origin_us is None:
            self._held.append(packet)
            if len(self._held) <= _HELD_PACKETS:
                return []
            return self._release()
        number, at_us, gap = self._place(self._raw_grid, header, packet, count)
        items: list[Decoded] = [] if gap is None else [gap]
        g = 1.0 if self.feature is None else self.feature.gyr_lsb_rad_s
        a = 1.0 if self.feature is None else self.feature.acc_lsb_m_s2
        body = memoryview(data)[_HEADER.size :]
        return items + imu_pairs(body, number, at_us - self.origin_us, period_us, flags, (g, a))

    def _release(self) -> list[Decoded]:
        """The raw packets that waited, now that there is an origin (else theirs becomes it)."""
        held, self._held = self._held, []
        if self.origin_us is None:
            self.origin_us = _HEADER.unpack_from(held[0].data)[2]
        return [item for packet in held for item in self._pairs(packet)]

    def _control(self, data: bytes) -> list[Decoded]:
        if len(data) >= 3 and data[0] == wire.OP_RESPONSE:
            response = Response(opcode=data[1], result=data[2], payload=bytes(data[3:]))
            self._transfers.learn(response)
            return [response]
        if data[:1] == bytes([wire.OP_STATUS]):
            status = read_status(data[1:])
            if status is not None:
                return [status]
        self.malformed += 1
        return []

    # --- placing a packet in time ----------------------------------------------------------------

    def _place(
        self, grid: Grid, header: tuple[int, ...], packet: Packet, count: int
    ) -> tuple[int, int, Gap | None]:
        """The number and board time (us, unwrapped) of a packet's first sample, and the gap before.

        Moves `grid` on, unless the packet is a late one.
        """
        boot_id, sequence, time_us, period_us, flags = header
        reason = "overrun on the band" if flags & wire.FLAG_OVERRUN else "lost on the air"
        if packet.channel is Channel.TRANSFER:
            reason = "not kept by the band"
        if boot_id != self._boot_id:
            self._begin_boot(boot_id, time_us, _received_us(packet))
        if grid.fresh:
            at_us = self._anchor[1] + _signed(time_us - self._anchor[0], US)
            band, before = self._recorded_before(grid, header)
            if grid.next_number < 0:
                grid.advance(header, sequence, at_us, count, _received_us(packet))
                self._tie(grid, sequence, at_us, band, before)
                return sequence, at_us, self._head_gap(before, at_us) if before else None
            early_us = grid.end_us + (before + 1) * period_us - at_us
            if early_us > 0:  # when packets come is not that exact: a start begins after the last
                at_us += early_us
                self._anchor = self._anchor[0], self._anchor[1] + early_us
            number = grid.next_number + (at_us - grid.end_us) // period_us
            reason = "band restarted"
            self._tie(grid, number, at_us, band, before)
        else:
            elapsed_us = _signed(time_us - grid.time_us, US)
            if not flags & wire.FLAG_BACKFILL:
                unseen_us = _received_us(packet) - grid.received_us - elapsed_us
                elapsed_us += max(0, round(unseen_us / US)) * US  # the clock went round unseen
            at_us = grid.start_us + elapsed_us
            expected = round((at_us - grid.end_us) / period_us)  # grid points past the one due
            number = (
                grid.next_number
                + expected
                + _signed(sequence - grid.next_sequence - expected, NUMBERS)
            )
        gap = None
        missing = number - grid.next_number
        if missing > 0:
            gap = self._gap(grid, number, at_us, reason)
        if missing >= 0 or number + count > grid.next_number:
            grid.advance(header, number, at_us, count, _received_us(packet))
        return number, at_us, gap

    def _gap(self, grid: Grid, number: int, at_us: int, reason: str) -> Gap:
        """What is missing between `grid` and sample `number`; uncounted across a restart."""
        is_knee = grid is self._knee_grid
        period_us = wire.KNEE_PERIOD_US if is_knee else wire.PAIR_PERIOD_US
        return Gap(
            channel=Channel.MEASUREMENT if is_knee else Channel.RAW,
            start_s=self._seconds(grid.end_us - period_us),
            end_s=self._seconds(at_us),
            count=0 if grid.fresh else number - grid.next_number,
            reason=reason,
        )

    def _head_gap(self, count: int, at_us: int) -> Gap:
        """`count` knee samples before the very first that came."""
        if self.origin_us is None:
            self.origin_us = at_us
        start_us = at_us - (count + 1) * wire.KNEE_PERIOD_US
        return Gap(
            Channel.MEASUREMENT,
            self._seconds(start_us),
            self._seconds(at_us),
            count,
            "lost on the air",
        )

    def _recorded_before(self, grid: Grid, header: tuple[int, ...]) -> tuple[int | None, int]:
        """Of a start's first knee sample: its band number, and how many were recorded before it."""
        if grid is not self._knee_grid:
            return None, 0
        band = full_number(header[1], header[2])
        return band, 0 if band is None else self._transfers.missing_before(header[0], band)

    def _tie(self, grid: Grid, number: int, at_us: int, band: int | None, before: int) -> None:
        """A start of the band has shown its first knee sample."""
        if grid is self._knee_grid:
            first = None if band is None else band - before
            first_us = at_us - before * wire.KNEE_PERIOD_US
            self._boots.begin(self._boot_id, number - before, first_us, first)

    def _begin_boot(self, boot_id: int, time_us: int, received_us: int) -> None:
        """Tie the clock of a new boot to the old one, by the time between two receptions."""
        first = self._boot_id < 0
        self._boot_id = boot_id
        if first:
            origin_us = self.origin_us
            self._anchor = (time_us, time_us) if origin_us is None else (origin_us, origin_us)
            return
        grids = self._knee_grid, self._raw_grid
        bridged = [received_us - grid.lag_us for grid in grids if grid.lag_us is not None]
        self._anchor = time_us, max(*bridged, *(grid.end_us for grid in grids))
        for grid in grids:
            grid.fresh = True

    def _seconds(self, at_us: int) -> float:
        return (at_us - (self.origin_us or 0)) / 1e6
