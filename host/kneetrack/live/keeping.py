"""Nothing lost: what of the band's recordings is in the log, fetched and acknowledged over a link.

The account itself is `kneetrack.backfill`; here its questions and receipts are written to Session
Transfer, one at a time. There is a ledger for each recording that this session began: the one that
runs, and those that a restart of the band or a long absence ended. The ledgers' clock is the event
loop's, so that a simulated band at any speed is given the same time to answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from kneecore import transfers, wire
from kneecore.blocks import span
from kneetrack.backfill import UNREAD, Ledger
from kneetrack.errors import LinkError
from kneetrack.link.base import Link
from kneetrack.live.commands import acknowledge_message, fetch_message
from kneetrack.live.figures import Unfetched
from kneetrack.samples import Channel, Decoded, KneeSample, Packet, TransferDone
from kneetrack.spans import Span

POLL_S = 0.25
PERIOD_S = wire.KNEE_PERIOD_US / 1e6
NOT_FETCHED = "not fetched from the band"
AWAY = "the band was out of reach until the end"
NOT_RECORDED = "the band had ended its recording, or was switched off"

_HEADER = wire.PACKET_HEADER
_PERIOD_US = wire.KNEE_PERIOD_US


class Keeper:
    """The ledgers of one leg's recordings on the band. `now` is the clock of their waits."""

    def __init__(self, link: Link, now: Callable[[], float]) -> None:
        self.ledgers: list[Ledger] = []
        self.running: Ledger | None = None
        self.streams = False
        """Whether live packets are coming, so that the newest holes are left to settle."""
        self.ended = False
        """Whether the recording that ran was stopped, so that its end is known."""
        self._link = link
        self._now = now
        self._wake = asyncio.Event()
        self._placed: dict[int, tuple[int, float]] = {}  # a number of each recording, its time_s
        self._may_be_earlier = True  # what comes, than the first recording

    # --- the recordings -------------------------------------------------------------------------

    def begin(self, told: Any) -> None:
        """A recording was begun; `told` are its wire.RECORDING values."""
        before = self.ledgers[-1] if self.ledgers else None
        if before is not None and before.boot_id == told.boot_id:
            before.broken_off(told.first_number)
        self.running = Ledger(told.boot_id, told.recording_id, told.first_number)
        self.ledgers.append(self.running)
        self.streams = True

    def resumed(self, told: Any) -> None:
        """The recording that runs was found again."""
        assert self.running is not None
        self.learn(self.running, told)
        self.streams = True

    def learn(self, ledger: Ledger, told: Any) -> None:
        """What the band tells of a recording: how far it goes, and what it keeps of it."""
        ledger.known(told.end_number)
        ledger.kept_from(told.first_number)
        self._wake.set()

    def broken(self) -> None:
        """The connection is no more: nobody answers what was asked."""
        self.streams = False
        for ledger in self.ledgers:
            ledger.reconnected()

    def try_again(self) -> None:
        """Ask once more for what asking had not brought."""
        for ledger in self.ledgers:
            if ledger.resting:
                ledger.reconnected()

    # --- what came ------------------------------------------------------------------------------

    def is_earlier(self, packet: Packet) -> bool:
        """Whether these samples are of a recording before this session's first.

        A band that has just been calibrated has streamed before, and its last packets were still
        to be read. What lies between that and this session was not lost: nobody measured it.
        """
        is_sampled = packet.channel in (Channel.MEASUREMENT, Channel.RAW)
        if not (self._may_be_earlier and is_sampled and self.ledgers):
            return False
        ledger = self.ledgers[0]
        if len(packet.data) < _HEADER.size or packet.data[0] != ledger.boot_id:
            return False
        since_us = _HEADER.unpack_from(packet.data).time_us - ledger.first_number * _PERIOD_US
        since_us = (since_us + 2**31) % 2**32 - 2**31
        self._may_be_earlier = since_us < -_PERIOD_US  # a raw pair may stand just before the first
        return self._may_be_earlier

    def take(self, packet: Packet, items: Sequence[Decoded]) -> None:
        """Enter what a packet brought into the ledger that it belongs to. It is in the log."""
        if packet.channel is Channel.MEASUREMENT:
            self._live(packet.data, items)
        elif packet.channel is Channel.TRANSFER:
            self._transferred(packet.data, items)
        self._wake.set()

    def _live(self, data: bytes, items: Sequence[Decoded]) -> None:
        samples = [item for item in items if isinstance(item, KneeSample)]
        ledger = self.running
        if ledger is None or not samples or data[0] != ledger.boot_id:
            return
        if samples[0].flags & wire.FLAG_BACKFILL:
            return
        first = ledger.near(_HEADER.unpack_from(data).sequence)
        ledger.live(first, first + len(samples))
        self._placed[ledger.recording_id] = (first, samples[0].time_s)

    def _transferred(self, data: bytes, items: Sequence[Decoded]) -> None:
        for item in items:
            if isinstance(item, TransferDone):
                ledger = self._of(item.recording_id)
                if ledger is not None:
                    ledger.done(item, self._now())
        if data[:1] != bytes([transfers.TRANSFER_BLOCK]):
            return
        if not any(isinstance(item, KneeSample) for item in items):
            return  # damaged: the decoder could not read it
        ledger = self._of(int.from_bytes(data[1:3], "little"))
        if ledger is not None:
            number, count = span(memoryview(data)[transfers.BLOCK_HEAD :])
            ledger.block(number, number + count, self._now())

    def _of(self, recording_id: int) -> Ledger | None:
        return next((one for one in self.ledgers if one.recording_id == recording_id), None)

    def synced(self) -> None:
        """All that came so far is on the disk."""
        for ledger in self.ledgers:
            ledger.synced()
        self._wake.set()

    # --- what is said ---------------------------------------------------------------------------

    async def run(self) -> None:
        """Say what is to be said as long as the connection stands."""
        while True:
            message = self._next()
            if message is None:
                self._wake.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await self._wake.wait()
                continue
            try:
                await self._link.write(Channel.TRANSFER, message)
            except LinkError:  # a broken connection is told by the packets; else it asks again
                await asyncio.sleep(POLL_S)

    def _next(self) -> bytes | None:
        if self.running is not None:
            number = self.running.acknowledgement()
            if number is not None:
                return acknowledge_message(self.running.recording_id, number)
        now_s = self._now()
        if any(ledger.asking(now_s) for ledger in self.ledgers):
            return None
        for ledger in reversed(self.ledgers):
            settled = self.streams and ledger is self.running
            wanted = ledger.next_fetch(now_s, settled=settled)
            if wanted is not None:
                return fetch_message(ledger.recording_id, wanted)
        return None

    # --- how it stands --------------------------------------------------------------------------

    @property
    def missing(self) -> int:
        return sum(ledger.missing_count for ledger in self.ledgers)

    @property
    def recovered(self) -> int:
        return sum(ledger.recovered for ledger in self.ledgers)

    @property
    def gone(self) -> int:
        return sum(one.span.size for ledger in self.ledgers for one in ledger.gone)

    def awaited(self, ends: dict[int, int]) -> bool:
        """Whether something before these ends (by recording) is missing and may still come."""
        return any(
            not ledger.resting
            and any(hole.first < ends[ledger.recording_id] for hole in ledger.missing())
            for ledger in self.ledgers
            if ledger.recording_id in ends
        )

    def ends(self) -> dict[int, int]:
        """Where each recording ends as far as is known, by its id."""
        return {ledger.recording_id: ledger.end_number for ledger in self.ledgers}

    def unfetched(self) -> list[Unfetched]:
        """All spans that are not in the log, in the order of the recordings."""
        found: list[Unfetched] = []
        for ledger, after in zip(self.ledgers, [*self.ledgers[1:], None], strict=True):
            found += [
                self._told(ledger, one.span, one.reason, one.reason == UNREAD)
                for one in ledger.gone
            ]
            found += [self._told(ledger, hole, NOT_FETCHED, True) for hole in ledger.missing()]
            if after is not None and after.recording_id in self._placed:
                found.append(self._between(ledger, after))
        return found

    def since_broken(self, last_s: float, now_s: float) -> Unfetched | None:
        """What the band may have measured since the connection broke; None where it stands.

        `last_s`, `now_s`: when the last packet came, and now, in the link's clock.
        """
        ledger = self.running
        if ledger is None or self.streams or self.ended or now_s <= last_s:
            return None
        start_s = self._time_s(ledger, ledger.end_number)
        return Unfetched(start_s, start_s + now_s - last_s, 0, AWAY, True)

    def _told(self, ledger: Ledger, hole: Span, reason: str, fetchable: bool) -> Unfetched:
        start_s = self._time_s(ledger, hole.first)
        return Unfetched(start_s, start_s + hole.size * PERIOD_S, hole.size, reason, fetchable)

    def _between(self, ledger: Ledger, after: Ledger) -> Unfetched:
        """What lies between one recording of this session and the next."""
        is_counted = ledger.boot_id == after.boot_id
        count = after.first_number - ledger.end_number if is_counted else 0
        start_s = self._time_s(ledger, ledger.end_number)
        end_s = self._time_s(after, after.first_number)
        return Unfetched(start_s, max(start_s, end_s), count, NOT_RECORDED, False)

    def _time_s(self, ledger: Ledger, number: int) -> float:
        """When a sample of that recording was measured, in device time."""
        known, time_s = self._placed.get(ledger.recording_id, (ledger.first_number, 0.0))
        return time_s + (number - known) * PERIOD_S
