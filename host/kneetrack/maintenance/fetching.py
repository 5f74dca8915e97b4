"""One recording off the band, whole or as far as it goes, over however many breaks of the link.

Everything that comes goes into a part file first. The account of what is there and what is still to
be asked for is that of a live recording (`kneetrack.backfill`), begun with what the part file holds
already, so a fetch that was broken off asks for the rest only.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

from kneecore import transfers, wire
from kneecore.block_reader import read_block
from kneetrack.backfill import Gone, Ledger
from kneetrack.errors import LinkError, LinkLost
from kneetrack.link import Link
from kneetrack.live.commands import fetch_message
from kneetrack.live.returning import come_back
from kneetrack.maintenance.kept import Kept
from kneetrack.maintenance.part_file import PartFile
from kneetrack.samples import Channel, TransferDone
from kneetrack.spans import Span

FETCH_SAMPLES = 20 * 1040
"""A FETCH asks for this much: 200 s, some 300 kB, so that what lies between two costs nothing."""
RETURN_S = 60.0
"""How long a lost band is looked for before the rest is left to the next time."""
BARREN = 3
"""So many connections in a row may break before anything came."""
POLL_S = 0.2

Messages = asyncio.Queue[bytes | LinkLost]
"""What Session Transfer brought."""

_SAMPLE_BYTES = wire.KNEE_SAMPLE.size
_BLOCK = transfers.TRANSFER_BLOCK
_DONE = transfers.TRANSFER_DONE
_HEAD = transfers.TRANSFER_HEAD


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fetch has come: `samples` of `total`, and the bytes that came just now."""

    samples: int
    total: int
    received_bytes: int
    lost_link: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch came to. Every number of the recording is in the part file, or in `gone`."""

    samples: int
    gone: tuple[Gone, ...]
    """Numbers that the band has said, again and again, that it does not have."""
    read_failed: bool
    """The band could not read a part of its memory, and some numbers are gone: it may later."""


async def fetch(
    link: Link, kept: Kept, part: PartFile, told: Callable[[Progress], None]
) -> Fetched:
    """Fetch what `part` lacks of `kept`.

    LinkError (LinkLost) where the band stays away or sends nothing more; what came is in `part`.
    """
    fetching = _Fetching(kept, part, told)
    while True:
        try:
            async with transfer_messages(link) as messages:
                await fetching.run(link, messages)
            return fetching.fetched()
        except LinkLost as lost:
            part.sync()
            fetching.broken()
            until_s = link.now_s() + RETURN_S

            def wanted(until_s: float = until_s) -> bool:
                return link.now_s() < until_s

            if fetching.barren > BARREN or not await come_back(link, _ignored, wanted):
                raise lost
        finally:
            part.sync()


def _ignored(attempt: int, trouble: str) -> None:
    """The progress says already that the link is lost."""


class _Fetching:
    """The state of one fetch, across connections."""

    def __init__(self, kept: Kept, part: PartFile, told: Callable[[Progress], None]) -> None:
        self.barren = 0  # connections in a row that brought nothing
        self._brought = 0  # samples in this connection
        self._kept = kept
        self._part = part
        self._told = told
        self._read_failed = False
        self._ledger = Ledger(
            kept.boot_id, kept.recording_id, kept.numbers.first, fetch_samples=FETCH_SAMPLES
        )
        self._ledger.known(kept.numbers.end)
        for message in part.messages():
            self._enter(message, 0.0)
        self._say(0)

    def broken(self) -> None:
        self.barren = 0 if self._brought else self.barren + 1
        self._brought = 0
        self._ledger.reconnected()
        self._told(self._progress(0, lost_link=True))

    async def run(self, link: Link, messages: Messages) -> None:
        """Ask and take until nothing is missing."""
        loop = asyncio.get_running_loop()
        while True:
            wanted = self._ledger.next_fetch(loop.time(), settled=False)
            if wanted is not None:
                self._part.sync()
                await _write(link, fetch_message(self._kept.recording_id, wanted))
            elif not self._ledger.missing_count:
                return
            elif self._ledger.resting:
                raise LinkError(
                    f"The band sends nothing more of recording {self._kept.recording_id}. What "
                    "came is kept; switch the band off and on, then try again: it goes on there."
                )
            message = await next_message(messages, POLL_S)
            if message is not None:
                self._take(message, loop.time())

    def fetched(self) -> Fetched:
        gone = tuple(self._ledger.gone)
        size = self._kept.numbers.size - sum(one.span.size for one in gone)
        return Fetched(size, gone, self._read_failed and bool(gone))

    def _take(self, message: bytes, now_s: float) -> None:
        if not self._is_ours(message):
            return
        self._part.append(message)
        self._brought += self._enter(message, now_s)
        self._say(len(message))

    def _is_ours(self, message: bytes) -> bool:
        is_kind = message[:1] in (bytes([_BLOCK]), bytes([_DONE]), bytes([_HEAD]))
        return is_kind and int.from_bytes(message[1:3], "little") == self._kept.recording_id

    def _enter(self, message: bytes, now_s: float) -> int:
        """Enter a message into the account; how many samples it brought that were missing."""
        if message[0] == _DONE and len(message) > transfers.DONE.size:
            done = TransferDone(*transfers.DONE.unpack_from(message, 1))
            self._read_failed |= done.result == wire.RESULT_FAILED
            self._ledger.done(done, now_s)
        elif message[0] == _BLOCK:
            held = block_span(message, self._kept.boot_id)
            if held is not None:
                return self._ledger.block(held.first, held.end, now_s)
        return 0

    def _say(self, received_bytes: int) -> None:
        self._told(self._progress(received_bytes))

    def _progress(self, received_bytes: int, *, lost_link: bool = False) -> Progress:
        total = self._kept.numbers.size
        return Progress(total - self._ledger.missing_count, total, received_bytes, lost_link)


def block_span(message: bytes, boot_id: int) -> Span | None:
    """The numbers of the samples in a BLOCK, if it is whole (its CRC) and of that start."""
    try:
        values: Any = read_block(memoryview(message)[transfers.BLOCK_HEAD :])
    except ValueError:
        return None
    boot, number, _, samples = values
    return Span(number, number + len(samples) // _SAMPLE_BYTES) if boot == boot_id else None


async def _write(link: Link, message: bytes) -> None:
    """What can't be written on a link that stands is not answered, and so asked again."""
    try:
        await link.write(Channel.TRANSFER, message)
    except LinkLost:
        raise
    except LinkError:
        return


async def next_message(messages: Messages, within_s: float) -> bytes | None:
    """The next one; None where none came. Raises the LinkLost behind the last one."""
    try:
        async with asyncio.timeout(within_s):
            message = await messages.get()
    except TimeoutError:
        return None
    if isinstance(message, LinkLost):
        raise message
    return message


@contextlib.asynccontextmanager
async def transfer_messages(link: Link) -> AsyncGenerator[Messages]:
    """What Session Transfer brings, and behind it the loss of the connection."""
    messages: Messages = asyncio.Queue()

    async def listen() -> None:
        try:
            async for packet in link.packets():
                if packet.channel is Channel.TRANSFER and packet.data:
                    messages.put_nowait(packet.data)
        except LinkLost as lost:
            messages.put_nowait(lost)
        else:
            messages.put_nowait(LinkLost("The band ended the connection."))

    listening = asyncio.create_task(listen())
    try:
        yield messages
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
