"""What a link has received: packets in order, the answer that somebody waits for, and the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from kneecore import wire
from kneetrack.errors import LinkError, LinkLost
from kneetrack.samples import Channel, Packet


class Inbox:
    """Filled by whoever listens to the band, emptied by `packets`."""

    def __init__(self) -> None:
        self.count = 0
        """Packets that came so far."""
        self._items: asyncio.Queue[Packet | LinkLost | _Pause | None] = asyncio.Queue()
        self._asking = asyncio.Lock()
        self._asked: tuple[int, asyncio.Future[bytes]] | None = None
        self._loss: LinkLost | None = None

    def put(self, packet: Packet) -> None:
        """One more packet; it may be the answer to `request`."""
        self._items.put_nowait(packet)
        self.count += 1
        if self._asked is not None and packet.channel is Channel.CONTROL:
            opcode, answer = self._asked
            if packet.data[:2] == bytes([wire.OP_RESPONSE, opcode]) and not answer.done():
                answer.set_result(packet.data)

    def lose(self, lost: LinkLost) -> None:
        """The connection broke: `packets` raises it behind what came before, `request` at once."""
        if self._loss is not None:
            return
        self._loss = lost
        self._items.put_nowait(lost)
        if self._asked is not None and not self._asked[1].done():
            self._asked[1].set_exception(lost)

    def mend(self) -> None:
        """The connection is back: `packets` goes on."""
        self._loss = None

    def pause(self) -> None:
        """`packets` ends once, behind what came before; whoever asks again gets what follows."""
        self._items.put_nowait(_Pause())

    def end(self) -> None:
        """`packets` ends behind what came before."""
        self._items.put_nowait(None)

    async def request(
        self,
        data: bytes,
        timeout_s: float,
        send: Callable[[bytes], Awaitable[None]],
        remedy: str,
    ) -> bytes:
        """Send a command and wait for its response. LinkError without one in `timeout_s`."""
        async with self._asking:
            answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
            self._asked = (data[0], answer)
            try:
                async with asyncio.timeout(timeout_s):
                    await send(data)
                    return await answer
            except TimeoutError:
                raise LinkError(
                    f"The band did not answer within {timeout_s:.0f} s. {remedy}, or "
                    "switch the band off and on again."
                ) from None
            finally:
                self._asked = None
                answer.cancel()

    async def packets(self) -> AsyncIterator[Packet]:
        """See `base.Link.packets`."""
        while True:
            item = await self._items.get()
            if isinstance(item, Packet):
                yield item
                continue
            if isinstance(item, _Pause):
                return
            if item is not None and item is not self._loss:
                continue  # mended since
            self._items.put_nowait(item)  # so it ends for whoever asks again
            if item is None:
                return
            raise item

    async def quiet(self, for_s: float, at_most_s: float) -> None:
        """Wait until nothing has come for `for_s`."""
        deadline = asyncio.get_running_loop().time() + at_most_s
        before = -1
        while before != self.count and asyncio.get_running_loop().time() < deadline:
            before = self.count
            await asyncio.sleep(for_s)


class _Pause:
    """Where `packets` ends once."""
