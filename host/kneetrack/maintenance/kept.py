"""What recordings a band keeps, and telling it what to do with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kneecore import wire
from kneetrack.errors import CommandRefused, LinkError
from kneetrack.link import Link
from kneetrack.live import command
from kneetrack.samples import Side
from kneetrack.spans import Span

SETTLE_S = 8.0
"""How long a band may take to put away what was being streamed."""
_PERIOD_S = wire.KNEE_PERIOD_US / 1e6


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording that a band keeps (wire.RECORDING); `record` is what it said, byte by byte."""

    recording_id: int
    boot_id: int
    flags: int
    side: Side
    calibration_id: int
    sensors_id: int
    numbers: Span
    """The band's numbers of its knee samples, from the oldest that is kept."""
    lost_samples: int
    """Samples that there was no room for."""
    size_bytes: int
    utc_s: int
    """UTC at its first sample; 0 where the band had not been told the time."""
    record: bytes

    @classmethod
    def of(cls, record: bytes) -> Kept:
        """What the band said; LinkError where that is no recording."""
        if len(record) < wire.RECORDING.size:
            raise LinkError(
                "The band told of a recording in words that this program does not know. Update "
                "this program: git pull, make setup."
            )
        told: Any = wire.RECORDING.unpack_from(record)
        return cls(
            recording_id=told.recording_id,
            boot_id=told.boot_id,
            flags=told.flags,
            side=Side.LEFT if told.side == wire.SIDE_LEFT else Side.RIGHT,
            calibration_id=told.calibration_id,
            sensors_id=told.sensors_id,
            numbers=Span(told.first_number, max(told.first_number, told.end_number)),
            lost_samples=told.lost_samples,
            size_bytes=told.size_bytes,
            utc_s=told.utc_s,
            record=bytes(record),
        )

    @property
    def duration_s(self) -> float:
        return self.numbers.size * _PERIOD_S

    @property
    def is_running(self) -> bool:
        return bool(self.flags & wire.RECORDING_RUNNING)

    @property
    def is_alone(self) -> bool:
        """Begun without a host; else it is what one left behind that went away."""
        return bool(self.flags & wire.RECORDING_ALONE)

    @property
    def is_cut(self) -> bool:
        """The band lost power in the midst of it."""
        return bool(self.flags & wire.RECORDING_CUT)

    @property
    def started(self) -> datetime | None:
        return datetime.fromtimestamp(self.utc_s, UTC) if self.utc_s else None

    def is_same(self, other: Kept) -> bool:
        """Whether both are one recording, whatever has been added to it since."""
        return (self.recording_id, self.boot_id, self.utc_s, self.side) == (
            other.recording_id,
            other.boot_id,
            other.utc_s,
            other.side,
        )


async def recordings(link: Link) -> list[Kept]:
    """The finished recordings that the band keeps, oldest first. CommandRefused, LinkError."""
    found: list[Kept] = []
    after_id = 0
    while True:
        try:
            response = await command(link, wire.OP_LIST, wire.LIST.pack(after_id))
        except CommandRefused as refused:
            if refused.result == wire.RESULT_NOT_FOUND:
                return found
            raise
        kept = Kept.of(response.payload)
        if kept.recording_id <= after_id:
            raise LinkError(
                f"The band names recording {kept.recording_id} behind {after_id}: its memory is in "
                "disorder. Switch it off and on, then try again."
            )
        found.append(kept)
        after_id = kept.recording_id


async def running(link: Link) -> Kept | None:
    """The recording that the band is making now, None where there is none."""
    try:
        response = await command(link, wire.OP_QUERY, wire.QUERY.pack(wire.QUERY_RECORDING))
    except CommandRefused as refused:
        if refused.result in (wire.RESULT_NOT_FOUND, wire.RESULT_WRONG_STATE):
            return None
        raise
    kept = Kept.of(response.payload)
    return kept if kept.is_running else None


async def tell_time(link: Link, utc_s: float) -> None:
    """Tell the band what time it is, so that what it records alone has a date."""
    await command(link, wire.OP_SET_TIME, wire.SET_TIME.pack(int(utc_s)))


async def begin_alone(link: Link) -> None:
    """Have the band record by itself, until its button, `end_running` or its battery ends it."""
    await command(link, wire.OP_RECORD)


async def end_running(link: Link) -> None:
    """End the recording that runs, and wait until it can be fetched. Nothing to end is fine too.

    What a host left behind is given to the one who ends it first, and becomes a recording like any
    other only when that one does not take it (kneeband.session): that takes some seconds.
    """
    ended = await running(link)
    await command(link, wire.OP_STOP)
    if ended is None or ended.is_alone:
        return
    until_s = link.now_s() + SETTLE_S
    while link.now_s() < until_s:
        if any(one.recording_id == ended.recording_id for one in await recordings(link)):
            return
        await link.sleep(SETTLE_S / 16)
