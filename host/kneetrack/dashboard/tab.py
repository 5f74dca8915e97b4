"""One tab's websocket: what it asks for, and what it is sent.

The page says, each as a JSON object:

    taken   number         it has folded that message
    open    id             show that session; null: the one that runs, or was opened first
    seek    seconds        a replay's time
    play    true or false
    speed   times real time
    here    anything: the page asks for a word, to know whether the way is good still
    enter   id, what, text: what a person types of a set or a session (`entries`)

Anything else is passed over. A message to the page: `n`, and `state` or `steps`; for a replay also
`player`; `enters`: where entries would go; `opening` while a session is read; and once each
`answers` to entries, and `trouble` where what was asked for can't be had.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections.abc import Awaitable, Callable
from typing import Any, cast

from kneetrack.dashboard.board import State, empty
from kneetrack.dashboard.entries import LATER, LIVE, MOST_LETTERS, Entries
from kneetrack.dashboard.hub import TICKS_PER_S, Hub
from kneetrack.dashboard.outbox import Outbox
from kneetrack.dashboard.timeline import SPEEDS, Player, Timeline
from kneetrack.errors import KneeTrackError, UsageError

Open = Callable[[str], Awaitable[Timeline]]
Send = Callable[[str], Awaitable[None]]
Receive = Callable[[], Awaitable[str | None]]


class Tab:
    """What one tab looks at. `hub` is the session that runs, `first` the log that was named.

    `changed` is told of a recorded session of which something was said.
    """

    def __init__(
        self,
        hub: Hub | None,
        first: Timeline | None,
        find: Open,
        entries: Entries | None = None,
        changed: Callable[[Timeline], None] = lambda timeline: None,
    ) -> None:
        self.outbox = Outbox(self._state, self._extra)
        self._hub = hub
        self._first = first
        self._find = find
        self._entries = entries
        self._changed = changed
        self._opening: asyncio.Task[None] | None = None
        self._answers: list[dict[str, Any]] = []
        self._player: Player | None = None if first is None else Player(first)
        self._id: str | None = None
        self._trouble: str | None = None
        self._joined = False
        self._wake = asyncio.Event()

    async def run(self, send: Send, receive: Receive) -> None:
        """Until the page goes."""
        tasks = [
            asyncio.create_task(self._receiving(receive)),
            asyncio.create_task(self._sending(send)),
            asyncio.create_task(self._playing()),
        ]
        self._look()
        try:  # whichever ends first, of a fault too: the page comes again, and begins anew
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._leave()
            if self._opening is not None:
                tasks.append(self._opening)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def again(self, timeline: Timeline) -> None:
        """Show a recorded session anew, if it is the one."""
        if self._player is not None and self._player.timeline is timeline:
            self.outbox.anew()
            self._wake.set()

    async def _receiving(self, receive: Receive) -> None:
        while (text := await receive()) is not None:
            await self.told(text)
            self._wake.set()

    async def told(self, text: str) -> None:
        """The page says something."""
        try:
            said: object = json.loads(text)
        except (ValueError, RecursionError):
            return
        if not isinstance(said, dict):
            return
        for name, value in cast("dict[str, object]", said).items():
            if name == "taken" and isinstance(value, int):
                self.outbox.taken(value)
            elif name == "open" and (value is None or isinstance(value, str)):
                self._open(value)
            elif name == "here":
                self.outbox.tell()
            elif name == "enter" and isinstance(value, dict):
                await self._enter(cast("dict[str, object]", value))
            elif self._player is not None and not self._joined:
                self._steer(self._player, name, value)

    def _steer(self, player: Player, name: str, value: object) -> None:
        number = math.nan
        if isinstance(value, int | float):
            with contextlib.suppress(OverflowError):
                number = float(value)
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

    def _open(self, name: str | None) -> None:
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        if name is None:
            self._show(None, self._first)
            return
        self._opening = asyncio.create_task(self._find_and_show(name))
        self.outbox.tell()

    async def _find_and_show(self, name: str) -> None:
        try:
            timeline = await self._find(name)
        except KneeTrackError as error:
            self._trouble = str(error)
            self.outbox.tell()
        else:
            self._show(name, timeline)
        finally:
            if self._opening is asyncio.current_task():
                self._opening = None
            self._wake.set()

    def _show(self, name: str | None, timeline: Timeline | None) -> None:
        self._player = None if timeline is None else Player(timeline)
        self._id = name
        self._leave()
        self._look()
        self.outbox.anew()

    async def _enter(self, value: dict[str, object]) -> None:
        what, text, number = value.get("what"), value.get("text", ""), value.get("id")
        if not isinstance(what, str) or not isinstance(text, str) or not isinstance(number, int):
            return
        try:
            answer, good = await self._entered(what, text), True
        except KneeTrackError as error:
            answer, good = str(error), False
        self._answers.append({"id": number, "good": good, "text": answer})
        self.outbox.tell()

    async def _entered(self, what: str, text: str) -> str:
        if len(text) > MOST_LETTERS:
            raise UsageError(f"That is {len(text)} letters long; {MOST_LETTERS} are the most.")
        entries, where = self._entries, self._enters
        if entries is None or where is None:
            raise UsageError(
                "The recording is over. Choose it under Sessions, to say more of it there."
            )
        if where == LIVE:
            return await entries.live(what, text)
        assert self._player is not None
        timeline = self._player.timeline
        assert timeline.path is not None
        told, timeline.title = await asyncio.to_thread(entries.later, timeline.path, what, text)
        self._changed(timeline)
        return told

    @property
    def _enters(self) -> str | None:
        """Where an entry would go now; None: nowhere."""
        if self._entries is None:
            return None
        if self._player is not None:
            return LATER if self._player.timeline.path is not None else None
        return LIVE if self._hub is not None and not self._hub.is_over else None

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

    def _extra(self, anew: bool) -> dict[str, Any]:
        extra: dict[str, Any] = {"id": self._id, "enters": self._enters}
        if self._player is not None:
            extra["player"] = self._player.to_json()
            if anew:
                extra["marks"] = self._player.timeline.marks
        if self._hub is not None:
            extra["live"] = not self._hub.is_over
        if self._opening is not None:
            extra["opening"] = True
        if self._answers:
            extra["answers"], self._answers = self._answers, []
        if self._trouble is not None:
            extra["trouble"], self._trouble = self._trouble, None
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
