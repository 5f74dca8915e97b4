"""One tab's websocket: what it asks for, and what it is sent.

The page says, each as a JSON object:

    taken   number         it has folded that message
    open    id             show that session; null: the one that runs, or was opened first
    seek    seconds        a replay's time
    play    true or false
    speed   times real time

Anything else is passed over. A message to the page: `n`, and `state` or `steps`; for a replay also
`player`; `trouble` where what it asked for can't be had.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections.abc import Awaitable, Callable
from typing import Any, cast

from kneetrack.dashboard.board import State, empty
from kneetrack.dashboard.hub import TICKS_PER_S, Hub
from kneetrack.dashboard.outbox import Outbox
from kneetrack.dashboard.timeline import SPEEDS, Player, Timeline
from kneetrack.errors import KneeTrackError

Open = Callable[[str], Awaitable[Timeline]]
Send = Callable[[str], Awaitable[None]]
Receive = Callable[[], Awaitable[str | None]]


class Tab:
    """What one tab looks at. `hub` is the session that runs, `first` the log that was named."""

    def __init__(self, hub: Hub | None, first: Timeline | None, find: Open) -> None:
        self.outbox = Outbox(self._state, self._extra)
        self._hub = hub
        self._first = first
        self._find = find
        self._player: Player | None = None if first is None else Player(first)
        self._id: str | None = None
        self._trouble: str | None = None
        self._joined = False
        self._wake = asyncio.Event()

    async def run(self, send: Send, receive: Receive) -> None:
        """Until the page goes."""
        tasks = [
            asyncio.create_task(self._sending(send)),
            asyncio.create_task(self._playing()),
        ]
        self._look()
        try:
            while (text := await receive()) is not None:
                await self.told(text)
                self._wake.set()
        finally:
            self._leave()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def told(self, text: str) -> None:
        """The page says something."""
        try:
            said: object = json.loads(text)
        except ValueError:
            return
        if not isinstance(said, dict):
            return
        for name, value in cast("dict[str, object]", said).items():
            if name == "taken" and isinstance(value, int):
                self.outbox.taken(value)
            elif name == "open" and (value is None or isinstance(value, str)):
                await self._open(value)
            elif self._player is not None and not self._joined:
                self._steer(self._player, name, value)

    def _steer(self, player: Player, name: str, value: object) -> None:
        number = float(value) if isinstance(value, int | float) else math.nan
        if name == "seek" and math.isfinite(number):
            player.seek(number)
            self.outbox.anew()
        elif name == "play" and isinstance(value, bool):
            if player.play(value):
                self.outbox.anew()
            self.outbox.tell()
        elif name == "speed" and number in SPEEDS:
            player.speed = number
            self.outbox.tell()

    async def _open(self, name: str | None) -> None:
        self._trouble = None
        try:
            if name is not None:
                self._player = Player(await self._find(name))
            else:
                self._player = None if self._first is None else Player(self._first)
        except KneeTrackError as error:
            self._trouble = str(error)
            self.outbox.tell()
            return
        self._id = name
        self._leave()
        self._look()
        self.outbox.anew()

    def _look(self) -> None:
        if self._player is None and self._hub is not None:
            self._hub.join(self.outbox, self._wake)
            self._joined = True
        self._wake.set()

    def _leave(self) -> None:
        if self._hub is not None:
            self._hub.leave(self.outbox)
        self._joined = False

    def _state(self) -> State:
        if self._player is not None:
            return self._player.state()
        return empty([]) if self._hub is None else self._hub.state()

    def _extra(self) -> dict[str, Any]:
        extra: dict[str, Any] = {"id": self._id}
        if self._player is not None:
            extra["player"] = {**self._player.to_json(), "marks": self._player.timeline.marks}
        if self._hub is not None:
            extra["live"] = not self._hub.is_over
        if self._trouble is not None:
            extra["trouble"] = self._trouble
        return extra

    async def _sending(self, send: Send) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while (message := self.outbox.next()) is not None:
                await send(message)

    async def _playing(self) -> None:
        loop = asyncio.get_running_loop()
        before_s = loop.time()
        while True:
            await asyncio.sleep(1.0 / TICKS_PER_S)
            now_s = loop.time()
            player = self._player
            if player is not None and player.playing:
                with contextlib.suppress(KneeTrackError):
                    self.outbox.push(player.advance(now_s - before_s))
                self.outbox.tell()
                self._wake.set()
            before_s = now_s
