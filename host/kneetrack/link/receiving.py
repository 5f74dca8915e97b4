"""What a link over Bluetooth and one over a cable have in common: they receive.

Packets come when the band sends them, are stamped on arrival with the computer's clock and wait in
an inbox for whoever asks. Nobody sets a real band in motion from here, nor a recording: NotPlayed.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from kneecore import wire
from kneetrack.errors import LinkError
from kneetrack.link.base import LinkFigures, LinkInfo, Scenario
from kneetrack.link.inbox import Inbox
from kneetrack.protocol import read_feature
from kneetrack.samples import Channel, Packet, Vector

STOP_S = 3.0
QUIET_S = 0.1


class NotPlayed:
    """The part of `base.Link` for a source that nobody sets in motion."""

    def source_s(self, at_s: float) -> float | None:
        return None

    async def play(
        self,
        until_s: float | None = None,
        speed: float | None = None,
        zeros: tuple[Vector, Vector] | None = None,
    ) -> None:
        return


class ReceivingLink(NotPlayed, abc.ABC):
    """See `base.Link`. What comes is given to `_put`, a broken connection told to the inbox."""

    remedy: ClassVar[str]
    """What to do first about a band that does not answer."""

    def __init__(self, info: LinkInfo) -> None:
        self.info = info
        self.feature: Any = None
        self.origin_us: int | None = None
        self.scenario: Scenario | None = None
        self.name = ""
        self.figures = LinkFigures()
        self._inbox = Inbox()
        self._finished = False

    def now_s(self) -> float:
        return time.monotonic()

    async def sleep(self, duration_s: float) -> None:
        await asyncio.sleep(duration_s)

    async def read_feature(self) -> None:
        data = await self._ask_feature()
        self.feature = read_feature(data)
        self._put(Channel.FEATURE, data)

    @abc.abstractmethod
    async def write(self, channel: Channel, data: bytes) -> None: ...

    async def request(self, data: bytes, timeout_s: float) -> bytes:
        async def send(data: bytes) -> None:
            await self.write(Channel.CONTROL, data)

        return await self._inbox.request(data, timeout_s, send, remedy=self.remedy)

    def packets(self) -> AsyncIterator[Packet]:
        return self._inbox.packets()

    async def finish(self) -> None:
        if self._finished:
            return
        self._finished = True
        with contextlib.suppress(LinkError):  # then there is nothing to stop
            await self.request(bytes([wire.OP_STOP]), STOP_S)
            await self._inbox.quiet(QUIET_S, STOP_S)
        self._inbox.end()

    @abc.abstractmethod
    async def _ask_feature(self) -> bytes:
        """Knee Feature as the band has it now. LinkError."""

    def _put(self, channel: Channel, data: bytes) -> None:
        self._inbox.put(Packet(channel, data, self.now_s()))
