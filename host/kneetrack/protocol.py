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

Restarts
    A new boot id means that grid and clock began anew. The receiver's clock bridges the pause (it
    is all there is), and numbers go on from the last one. That is a `Gap` whose count is unknown.

Time
    `time_s` counts from `origin_us`, or from the first measurement sample where none is given. Raw
    pairs that come before that sample wait for it, a second's worth at most.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

from kneecore import wire
from kneetrack.samples import (
    Channel,
    Decoded,
    Gap,
    ImuPair,
    KneeSample,
    Packet,
    Response,
    Status,
)

_HEADER = struct.Struct(wire.PACKET_HEADER.format)
_KNEE = struct.Struct(wire.KNEE_SAMPLE.format)
_RAW = struct.Struct(wire.RAW_PAIR.format)
_ANGLE = wire.ANGLE_LSB_DEG
_QUATERNION = wire.QUATERNION_LSB
_SIGMA = 0.1  # wire.KNEE_SAMPLE, valgus_sigma_deg

_HELD_PACKETS = 24  # raw packets that wait for the origin: 24 * 9 pairs, a second
_US = 2**32
_NUMBERS = 2**16


def read_feature(data: bytes) -> Any | None:
    """The wire.FEATURE values in `data`, or None where it is too short.

    A newer minor version may have appended fields; they are not looked at. Those that an older one
    did not have are 0.
    """
    if len(data) >= wire.FEATURE_LEAST:
        data = data.ljust(wire.FEATURE.size, b"\0")
    try:
        return wire.FEATURE.unpack_from(data)
    except ValueError:
        return None


def read_status(data: bytes) -> Status | None:
    """The band's report from the bytes of a wire.STATUS record, or None where it is too short.

    Fields that an older band did not have are None, a newer one's are not looked at.
    """
    complete = len(data) >= wire.STATUS.size
    if len(data) >= wire.STATUS_LEAST:
        data = data.ljust(wire.STATUS.size, b"\0")
    try:
        values: Any = wire.STATUS.unpack_from(data)
    except ValueError:
        return None
    return Status(
        state=values.state,
        faults=values.faults,
        uptime_s=values.uptime_ms / 1000,
        overruns=values.thigh_overruns + values.shank_overruns,
        dropped_packets=values.dropped_packets,
        temperature_c=(values.thigh_temperature_c, values.shank_temperature_c),
        battery_percent=None if values.battery_percent == 255 else values.battery_percent,
        connection_interval_ms=values.connection_interval_ms or None,
        supervision_timeout_ms=values.supervision_timeout_ms or None,
        storage_free_kib=values.storage_free_kib if complete else None,
        recordings=values.recordings if complete else None,
    )


def _signed(difference: int, modulus: int) -> int:
    """`difference` modulo `modulus`, in -modulus/2 .. modulus/2 - 1."""
    return (difference + modulus // 2) % modulus - modulus // 2


def _microseconds(seconds: float) -> int:
    """Whole microseconds; 0 for a receiver's clock that makes no sense."""
    return round(seconds * 1e6) if abs(seconds) < 1e9 else 0


class _Grid:
    """Where one channel stands: its newest sample so far and what is due next."""

    __slots__ = ("end_us", "fresh", "next_number", "next_sequence", "start_us", "time_us")

    def __init__(self) -> None:
        self.fresh = True  # no packet of this boot yet
        self.next_sequence = -1
        self.next_number = -1  # no packet at all yet
        self.time_us = 0  # of the newest packet, as it travelled
        self.start_us = 0  # the same, unwrapped
        self.end_us = 0  # one period after its last sample

    def advance(self, header: tuple[int, ...], number: int, at_us: int, count: int) -> None:
        _, sequence, self.time_us, period_us, _ = header
        self.fresh = False
        self.next_sequence = (sequence + count) % _NUMBERS
        self.next_number = number + count
        self.start_us = at_us
        self.end_us = at_us + count * period_us


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
        self._knee_grid = _Grid()
        self._raw_grid = _Grid()
        self._held: list[Packet] = []
        # One instant of this boot, as it travels and unwrapped: what a channel's first packet is
        # placed by.
        self._anchor = (0, 0)
        self._received_at_s = 0.0

    def feed(self, packet: Packet) -> list[Decoded]:
        """What this packet brought. Never raises, whatever the bytes."""
        channel = packet.channel
        if channel is Channel.MEASUREMENT:
            return self._samples(packet)
        if channel is Channel.RAW:
            return self._pairs(packet) if self._raw else []
        if channel is Channel.CONTROL:
            return self._control(packet.data)
        feature = read_feature(packet.data)
        if feature is None:
            self.malformed += 1
        else:
            self.feature = feature
        return []

    def feed_all(self, packets: Iterable[Packet]) -> list[Decoded]:
        """`feed` for each, in one list."""
        return [item for packet in packets for item in self.feed(packet)]

    def _samples(self, packet: Packet) -> list[Decoded]:
        data = packet.data
        count, rest = divmod(len(data) - _HEADER.size, _KNEE.size)
        if rest or count < 1:
            self.malformed += 1
            return []
        header = _HEADER.unpack_from(data)
        boot_id, sequence, time_us, period_us, flags = header
        if not period_us:
            self.malformed += 1
            return []
        items: list[Decoded] = []
        grid = self._knee_grid
        if (
            sequence == grid.next_sequence
            and boot_id == self._boot_id
            and not flags & wire.FLAG_BACKFILL
        ):
            number = grid.next_number
            at_us = grid.start_us + ((time_us - grid.time_us) & (_US - 1))
            grid.advance(header, number, at_us, count)
            self._received_at_s = packet.received_at_s
        else:
            number, at_us, gap = self._place(grid, header, packet, count)
            if gap is not None:
                items.append(gap)
        origin_us = self.origin_us
        if origin_us is None:
            self.origin_us = origin_us = at_us
        since_us = at_us - origin_us
        append, q = items.append, _QUATERNION
        new: Any = vars(tuple)["__new__"]
        for a, v, r, tw, tx, ty, tz, sw, sx, sy, sz, sigma in _KNEE.iter_unpack(
            memoryview(data)[_HEADER.size :]
        ):
            append(
                new(  # a NamedTuple's own constructor takes twice as long
                    KneeSample,
                    (
                        number,
                        since_us / 1e6,
                        a * _ANGLE,
                        v * _ANGLE,
                        r * _ANGLE,
                        sigma * _SIGMA,
                        (tw * q, tx * q, ty * q, tz * q),
                        (sw * q, sx * q, sy * q, sz * q),
                        flags,
                    ),
                )
            )
            number += 1
            since_us += period_us
        if self._held:
            items.extend(self._release())
        return items

    def _pairs(self, packet: Packet) -> list[Decoded]:
        data = packet.data
        count, rest = divmod(len(data) - _HEADER.size, _RAW.size)
        if rest or count < 1:
            self.malformed += 1
            return []
        header = _HEADER.unpack_from(data)
        period_us, flags = header[3:]
        if not period_us:
            self.malformed += 1
            return []
        if self.origin_us is None:
            self._held.append(packet)
            if len(self._held) <= _HELD_PACKETS:
                return []
            return self._release()
        number, at_us, gap = self._place(self._raw_grid, header, packet, count)
        items: list[Decoded] = [] if gap is None else [gap]
        since_us = at_us - self.origin_us
        g = 1.0 if self.feature is None else self.feature.gyr_lsb_rad_s
        a = 1.0 if self.feature is None else self.feature.acc_lsb_m_s2
        for tgx, tgy, tgz, tax, tay, taz, sgx, sgy, sgz, sax, say, saz in _RAW.iter_unpack(
            memoryview(data)[_HEADER.size :]
        ):
            items.append(
                ImuPair(
                    number,
                    since_us / 1e6,
                    (tgx * g, tgy * g, tgz * g),
                    (tax * a, tay * a, taz * a),
                    (sgx * g, sgy * g, sgz * g),
                    (sax * a, say * a, saz * a),
                    flags,
                )
            )
            number += 1
            since_us += period_us
        return items

    def _release(self) -> list[Decoded]:
        """The raw packets that waited, now that there is an origin (else theirs becomes it)."""
        held, self._held = self._held, []
        if self.origin_us is None:
            self.origin_us = _HEADER.unpack_from(held[0].data)[2]
        return [item for packet in held for item in self._pairs(packet)]

    def _control(self, data: bytes) -> list[Decoded]:
        if len(data) >= 3 and data[0] == wire.OP_RESPONSE:
            return [Response(opcode=data[1], result=data[2], payload=bytes(data[3:]))]
        if data[:1] == bytes([wire.OP_STATUS]):
            status = read_status(data[1:])
            if status is not None:
                return [status]
        self.malformed += 1
        return []

    # --- placing a packet in time ----------------------------------------------------------------

    def _place(
        self, grid: _Grid, header: tuple[int, ...], packet: Packet, count: int
    ) -> tuple[int, int, Gap | None]:
        """The number and board time (us, unwrapped) of a packet's first sample, and the gap before.

        Moves `grid` on, unless the packet is a late one.
        """
        boot_id, sequence, time_us, period_us, flags = header
        reason = "overrun on the band" if flags & wire.FLAG_OVERRUN else "lost on the air"
        if boot_id != self._boot_id:
            self._begin_boot(boot_id, time_us, packet.received_at_s)
        if grid.fresh:
            at_us = self._anchor[1] + _signed(time_us - self._anchor[0], _US)
            if grid.next_number < 0:
                grid.advance(header, sequence, at_us, count)
                self._received_at_s = packet.received_at_s
                return sequence, at_us, None
            passed = max(1, (at_us - grid.end_us) // period_us)
            number = grid.next_number + passed
            reason = "band restarted"
        else:
            elapsed_us = _signed(time_us - grid.time_us, _US)
            if not flags & wire.FLAG_BACKFILL:
                elapsed_us += self._wraps(elapsed_us, packet.received_at_s) * _US
            at_us = grid.start_us + elapsed_us
            expected = round((at_us - grid.end_us) / period_us)  # grid points past the one due
            number = (
                grid.next_number
                + expected
                + _signed(sequence - grid.next_sequence - expected, _NUMBERS)
            )
        gap = None
        missing = number - grid.next_number
        if missing > 0:
            gap = Gap(
                channel=packet.channel,
                start_s=self._seconds(grid.end_us - period_us),
                end_s=self._seconds(at_us),
                count=0 if grid.fresh else missing,
                reason=reason,
            )
        if missing >= 0 or number + count > grid.next_number:
            grid.advance(header, number, at_us, count)
            self._received_at_s = packet.received_at_s
        return number, at_us, gap

    def _begin_boot(self, boot_id: int, time_us: int, received_at_s: float) -> None:
        """Tie the clock of a new boot to the old one, by the time between two receptions."""
        first = self._boot_id < 0
        self._boot_id = boot_id
        if first:
            origin_us = self.origin_us
            self._anchor = (time_us, time_us) if origin_us is None else (origin_us, origin_us)
            return
        paused_us = _microseconds(received_at_s - self._received_at_s)
        newest_us = max(self._knee_grid.end_us, self._raw_grid.end_us)
        self._anchor = (time_us, newest_us + max(0, paused_us))
        self._knee_grid.fresh = self._raw_grid.fresh = True

    def _wraps(self, elapsed_us: int, received_at_s: float) -> int:
        """How often the 32-bit clock went round unseen, by the receiver's clock."""
        return max(
            0, round((_microseconds(received_at_s - self._received_at_s) - elapsed_us) / _US)
        )

    def _seconds(self, at_us: int) -> float:
        return (at_us - (self.origin_us or 0)) / 1e6
