"""Reads a session log, whole or torn.

A log ends well with MCAP's closing records. Where they are missing, the recorder was killed or the
power went: then the file holds whole records up to some point and perhaps a part of one more (or
zeros, where a file system had grown the file but not yet filled it). Everything up to that point is
good and is read; what was lost is told in `torn`, never raised.

Opening a log walks it once, to know its session, events and end before the first packet is handed
out; iterating walks it again, record by record, so memory does not grow with the length of the
recording.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from mcap.opcode import Opcode
from mcap.records import Channel as ChannelRecord
from mcap.records import Metadata
from mcap.writer import MCAP0_MAGIC

from kneecore import wire
from kneetrack.errors import LogError
from kneetrack.samples import Channel, DieTemperature, Packet, Side, Window
from kneetrack.sessionlog import streams
from kneetrack.sessionlog.records import (
    BAD_RECORD,
    MESSAGE,
    MESSAGE_CODE,
    check_head,
    open_log,
    records,
    stream,
)
from kneetrack.sessionlog.said import laid_over

_PACKET_HEADER = struct.Struct(wire.PACKET_HEADER.format)
_US = 2**32
_IMU_FAULTS = wire.FAULT_THIGH_IMU | wire.FAULT_SHANK_IMU


@dataclass(frozen=True, slots=True)
class SessionLog:
    """An opened log. Iterating gives (side, packet) in order of arrival, as often as you like."""

    path: Path
    session: dict[str, Any]
    calibrations: tuple[dict[str, Any], ...]
    events: tuple[dict[str, Any], ...]
    packet_count: int
    duration_s: float  # from the first packet to the last, in the link's clock
    torn: str | None  # one sentence where the log has no proper end
    _topics: dict[int, str] = field(repr=False)
    _end: int = field(repr=False)  # offset behind the last whole record

    @property
    def sides(self) -> tuple[Side, ...]:
        """The legs of which there are packets, right before left."""
        present = {streams.BAND_TOPICS[t][0] for t in self._topics.values() if _is_band(t)}
        return tuple(sorted(present, reverse=True))

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows in the metadata; what isn't one is passed over."""
        value: object = self.session.get("windows")
        return _windows(cast(list[object], value) if isinstance(value, list) else [])

    def windows_of(self, side: Side) -> tuple[Window, ...]:
        """The windows in the metadata, and those of this leg that were found while recording."""
        return self.windows + _windows(self._events_of(side, streams.WINDOW))

    def worn_packets(self, side: Side) -> int | None:
        """How many packets of that leg came before the band was taken off; None: it never was."""
        for event in self._events_of(side, streams.TAKEN_OFF):
            count = event.get("packets")
            return count if isinstance(count, int) and count >= 0 else None
        return None

    def worn(self, side: Side) -> Iterator[Packet]:
        """The packets of one leg that live analysis saw, in order of arrival.

        Those while it wore the band; of those after it, what Session Transfer brought late.
        """
        count = self.worn_packets(side)
        own = (packet for whose, packet in self if whose is side)
        if count is None:
            return own
        late = (packet for packet in own if packet.channel is Channel.TRANSFER)
        return itertools.chain(itertools.islice(own, count), late)

    def has_transfers(self, side: Side) -> bool:
        """Whether there is anything of that leg that the band sent later, from its memory."""
        return streams.band_topic(side, Channel.TRANSFER) in self._topics.values()

    def origin_us(self, side: Side) -> int | None:
        """The board clock at the source's time zero, where the recorder knew it."""
        for event in self._events_of(side, streams.ORIGIN):
            origin = event.get("board_us")
            return int(origin) if isinstance(origin, int | float) else None
        return None

    def _events_of(self, side: Side, kind: str) -> list[dict[str, Any]]:
        return [e for e in self.events if e.get("event") == kind and e.get("side") == side.word]

    def temperatures(self, side: Side) -> tuple[DieTemperature, ...]:
        """What one leg's IMUs told of their warmth, every ten seconds or so, by the samples' time.

        Older firmware told it only when asked. Times when an IMU did not answer are left out.
        """
        origin_us = self.origin_us(side)
        told: list[tuple[float, Any]] = []  # received, STATUS
        for whose, packet in self:
            if whose is not side:
                continue
            if packet.channel is Channel.CONTROL:
                status = _status_in(packet.data)
                if status is not None:
                    told.append((packet.received_at_s, status))
            elif (
                origin_us is None
                and packet.channel is Channel.MEASUREMENT
                and len(packet.data) >= _PACKET_HEADER.size
            ):
                origin_us = _PACKET_HEADER.unpack_from(packet.data)[2]
        return _placed(told, origin_us) if origin_us is not None else ()

    def __iter__(self) -> Iterator[tuple[Side, Packet]]:
        bands = {n: streams.BAND_TOPICS[t] for n, t in self._topics.items() if _is_band(t)}
        unpack, head = MESSAGE.unpack_from, MESSAGE.size
        with open_log(self.path) as file:
            file.seek(len(MCAP0_MAGIC))
            for opcode, body in records(file, self._end):
                if opcode == MESSAGE_CODE:
                    number, _, time_ns, _ = unpack(body)
                    band = bands.get(number)
                    if band is not None:
                        yield band[0], Packet(band[1], body[head:], time_ns / 1e9)


def read_log(path: Path) -> SessionLog:
    """Open the log at `path`.

    Raises LogError where there is no such file, it is no KneeTrack log, was cut before its
    first packet could follow, or was recorded with another major version of the protocol.
    """
    with open_log(path) as file:
        check_head(path, file)
        walk = _Walk(path)
        try:
            for opcode, body in records(file, None):
                if not walk.take(opcode, body):
                    break
                walk.end = file.tell()
        except BAD_RECORD as error:
            walk.damage = f"a damaged record follows ({error})"
        left = file.seek(0, 2) - walk.end
    if walk.session is None:
        if walk.complete:
            raise LogError(
                f"{path} is an MCAP file, but not a KneeTrack log: it holds no session. "
                "Logs are made by: kneetrack record."
            )
        raise LogError(
            f"{path} was cut off inside its first records, before any packet: nothing was recorded "
            "in it. Delete it and record again."
        )
    return SessionLog(
        path=path,
        session=laid_over(walk.session, walk.events),
        calibrations=tuple(walk.calibrations),
        events=tuple(walk.events),
        packet_count=walk.packets,
        duration_s=walk.duration_s,
        torn=None if walk.complete else _torn(path, walk, left),
        _topics=walk.topics,
        _end=walk.end,
    )


def read_session(path: Path) -> dict[str, Any]:
    """Only the session's metadata, from the first records. Raises LogError as `read_log` does."""
    with open_log(path) as file:
        check_head(path, file)
        walk = _Walk(path)
        with contextlib.suppress(*BAD_RECORD):
            for opcode, body in records(file, None):
                if not walk.take(opcode, body) or walk.session is not None or walk.packets:
                    break
    if walk.session is None:
        raise LogError(f"{path} does not say whose it is: its first records are missing.")
    return walk.session


class _Walk:
    """What the first walk over a log gathers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.session: dict[str, Any] | None = None
        self.calibrations: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.topics: dict[int, str] = {}
        self.packets = 0
        self.first_ns = 0
        self.last_ns = 0
        self.end = len(MCAP0_MAGIC)
        self.complete = False
        self.damage: str | None = None

    @property
    def duration_s(self) -> float:
        return (self.last_ns - self.first_ns) / 1e9

    def take(self, opcode: int, body: bytes) -> bool:
        """Take one record; False at the end of the data."""
        if opcode == MESSAGE_CODE:
            self._take_message(body)
        elif opcode == Opcode.CHANNEL:
            self._take_channel(ChannelRecord.read(stream(body)))
        elif opcode == Opcode.METADATA:
            record = Metadata.read(stream(body))
            if record.name == streams.SESSION and self.session is None:
                self.session = {key: json.loads(text) for key, text in record.metadata.items()}
        elif opcode in (Opcode.DATA_END, Opcode.FOOTER):
            self.complete = True
            return False
        return True

    def _take_message(self, body: bytes) -> None:
        number, _, time_ns, _ = MESSAGE.unpack_from(body)
        topic = self.topics[number]
        if topic in (streams.EVENT_TOPIC, streams.CALIBRATION_TOPIC):
            value = cast(object, json.loads(body[MESSAGE.size :]))
            if not isinstance(value, dict):
                raise ValueError(f"no JSON object on {topic}")
            into = self.events if topic == streams.EVENT_TOPIC else self.calibrations
            into.append(cast(dict[str, Any], value))
        elif topic in streams.BAND_TOPICS:
            if self.packets == 0:
                self.first_ns = time_ns
            self.last_ns = max(self.last_ns, time_ns)
            self.packets += 1

    def _take_channel(self, channel: ChannelRecord) -> None:
        encoding = channel.message_encoding
        if _is_band(channel.topic) and encoding != streams.WIRE_ENCODING:
            raise LogError(
                f"{self.path} was recorded with the protocol {encoding}; this kneetrack reads "
                f"{streams.WIRE_ENCODING}. Use the kneetrack version that recorded it"
                f"{_recorded_with(self.session)}, or update this one."
            )
        self.topics[channel.id] = channel.topic


def _windows(rows: Iterable[object]) -> tuple[Window, ...]:
    """Those of `rows` that are windows."""
    windows: list[Window] = []
    for row in rows:
        if isinstance(row, dict):
            items = cast(dict[str, Any], row)
            try:
                windows.append(
                    Window(str(items["kind"]), float(items["start_s"]), float(items["end_s"]))
                )
            except (KeyError, TypeError, ValueError):
                continue
    return tuple(windows)


def _status_in(data: bytes) -> Any | None:
    """The wire.STATUS in a packet of the control point, where it is one."""
    if data[:1] == bytes([wire.OP_STATUS]):
        record = data[1:]
    elif data[:2] == bytes([wire.OP_RESPONSE, wire.OP_QUERY]):
        record = data[3:]
    else:
        return None
    # Other records that are asked for have other lengths; before 1.3 and 1.2 it was shorter.
    if len(record) not in (wire.STATUS.size, wire.STATUS_1_2, wire.STATUS_LEAST):
        return None
    return wire.STATUS.unpack_from(record.ljust(wire.STATUS.size, b"\0"))


def _placed(told: list[tuple[float, Any]], origin_us: int) -> tuple[DieTemperature, ...]:
    """Statuses in the time of the samples; the receiver's clock bridges a restart of the band."""
    placed: list[DieTemperature] = []
    time_s = before_s = before_uptime_s = 0.0
    for received_s, status in told:
        uptime_s = status.uptime_ms / 1000
        if not placed:
            apart_us = (status.uptime_ms * 1000 - origin_us) % _US
            time_s = (apart_us - _US if apart_us >= _US // 2 else apart_us) / 1e6
        elif uptime_s >= before_uptime_s:
            time_s += uptime_s - before_uptime_s
        else:
            time_s += received_s - before_s
        before_s, before_uptime_s = received_s, uptime_s
        placed.append(
            DieTemperature(time_s, status.thigh_temperature_c, status.shank_temperature_c)
        )
    answering = (not status.faults & _IMU_FAULTS for _, status in told)
    return tuple(itertools.compress(placed, answering))


def _is_band(topic: str) -> bool:
    return topic in streams.BAND_TOPICS


def _recorded_with(session: dict[str, Any] | None) -> str:
    versions: object = (session or {}).get("versions")
    if not isinstance(versions, dict):
        return ""
    version = cast(dict[str, object], versions).get("kneetrack")
    return f" ({version})" if version else ""


def _torn(path: Path, walk: _Walk, left: int) -> str:
    parts = [f"{path.name} has no proper end: the recording was cut off"]
    if walk.packets:  # a duration, and said as one: the times of reps are on the band's clock
        parts.append(f", and holds {walk.duration_s:.1f} s ({walk.packets} packets, all readable)")
    lost = "1 byte" if left == 1 else f"{left} bytes"
    were = "was" if left == 1 else "were"
    if walk.damage:
        parts.append(f"; {walk.damage}, {lost} {were} left out")
    elif left:
        parts.append(f"; {lost} of an unfinished record {were} left out")
    return "".join(parts) + "."
