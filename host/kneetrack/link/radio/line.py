"""The line to one board's process: JSON lines over TCP, as `firmware/sim/rig.py` has them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

Message: TypeAlias = dict[str, Any]


class BoardLine:
    """`take` is given each message of the board in turn; `begins` and `ends` are told the rest."""

    def __init__(
        self,
        take: Callable[[Message], Awaitable[None]],
        begins: Callable[[], None],
        ends: Callable[[], None],
    ) -> None:
        self.sent = 0
        """Lines, since the board's start."""
        self._take = take
        self._begins = begins
        self._ends = ends
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._asked: dict[int, asyncio.Future[Message]] = {}
        self._asks = 0

    async def listen(self) -> str:
        """Open a port for the board and return its `host:port`."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20)
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{port}"

    def close(self) -> None:
        """Drop the line (the board's process then ends) and the port."""
        if self._writer is not None:
            self._writer.close()
        if self._server is not None:
            self._server.close()

    def send(self, message: Message) -> None:
        """Write a line to the board; nothing happens when it is gone."""
        if self._writer is not None:
            self.sent += 1
            self._writer.write(json.dumps(message).encode() + b"\n")

    async def ask(self, irq: str, **fields: int | str | None) -> Message:
        """Have the firmware's handler run; its answer (`error`, `value`)."""
        self._asks += 1
        asked = self._asked[self._asks] = asyncio.get_running_loop().create_future()
        self.send({"irq": irq, "ask": self._asks, **fields})
        return await asked

    def answered(self, message: Message) -> None:
        """The board's answer has come."""
        asked = self._asked.pop(message["answer"], None)
        if asked is not None and not asked.done():
            asked.set_result(message)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.sent = 0
        self._begins()
        try:
            while line := await reader.readline():
                await self._take(json.loads(line))
        except ConnectionError:
            pass
        finally:
            self._writer = None
            writer.close()
            for asked in self._asked.values():
                asked.cancel()
            self._asked.clear()
            self._ends()
