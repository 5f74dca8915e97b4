"""A recorded session as a link: the same packets, in the same order, at their own pace.

Pacing is an adaptor round the reader, `paced`; without it the packets come as fast as they are
read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, Self

from kneetrack.errors import LinkError, LogError, UsageError
from kneetrack.link.base import LinkFigures, LinkInfo, Scenario
from kneetrack.link.receiving import NotPlayed
from kneetrack.protocol import read_feature
from kneetrack.samples import Channel, Packet, Side
from kneetrack.sessionlog import SessionLog, read_log

_YIELD_EVERY = 64  # packets, so that an unpaced replay leaves the screen its share


class ReplayLink(NotPlayed):
    """One leg of the log at `path`; see `base.Link`. `speed` 0 is without pacing."""

    def __init__(
        self, info: LinkInfo, path: Path, speed: float = 1.0, side: Side | None = None
    ) -> None:
        self.info = info
        self.name = ""
        self.figures = LinkFigures()
        self.log = read_log(path)
        self.side = _one_side(self.log, side)
        self.feature: Any = next(
            (
                read_feature(packet.data)
                for packet in self.log.worn(self.side)
                if packet.channel is Channel.FEATURE
            ),
            None,
        )
        self.origin_us = self.log.origin_us(self.side)
        self.scenario: Scenario | None = _scenario(self.log, self.side)
        self._speed = speed
        self._now_s = 0.0
        self._finished = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._finished = True

    def now_s(self) -> float:
        """The recorded time of the packet that came last."""
        return self._now_s

    async def sleep(self, duration_s: float) -> None:
        await asyncio.sleep(duration_s / self._speed if self._speed else 0.0)

    async def reconnect(self) -> None:
        raise LinkError("A recorded session has no band to come back to.")

    async def read_feature(self) -> None:
        return

    async def write(self, channel: Channel, data: bytes) -> None:
        raise LinkError("A recorded session can't be written to; it can only be replayed.")

    async def request(self, data: bytes, timeout_s: float) -> bytes:
        raise LinkError("A recorded session takes no commands; it can only be replayed.")

    async def packets(self) -> AsyncIterator[Packet]:
        async for packet in paced(self.log.worn(self.side), self._speed):
            if self._finished:
                return
            self._now_s = packet.received_at_s
            yield packet

    async def finish(self) -> None:
        self._finished = True


async def paced(packets: Iterable[Packet], speed: float) -> AsyncIterator[Packet]:
    """`packets` at `speed` times the pace at which they were received; 0 for no pacing."""
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    first_s: float | None = None
    for number, packet in enumerate(packets):
        if first_s is None:
            first_s = packet.received_at_s
        if speed:
            due_s = begun_s + (packet.received_at_s - first_s) / speed
            await asyncio.sleep(max(0.0, due_s - loop.time()))
        elif number % _YIELD_EVERY == 0:
            await asyncio.sleep(0)
        yield packet


def _one_side(log: SessionLog, side: Side | None) -> Side:
    present = list(log.sides)
    if not present:
        raise LogError(f"{log.path} holds no packets: nothing was recorded in it.")
    if side is None:
        if len(present) > 1:
            raise UsageError(
                f"{log.path} holds both legs. Choose one: log:{log.path}?side=right or ?side=left."
            )
        return present[0]
    if side not in present:
        raise UsageError(f"{log.path} holds no {side.word} leg, only the {present[0].word} one.")
    return side


def _scenario(log: SessionLog, side: Side) -> Scenario:
    session = log.session
    return Scenario(
        side=side,
        exercise=str(session.get("exercise") or "unknown"),
        duration_s=log.duration_s,
        windows=log.windows_of(side),
        shank_length_m=session.get("shank_length_m"),
    )
