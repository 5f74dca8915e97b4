"""A running session for any number of tabs, without the session noticing.

`LiveView` is a view of `session.run`. What its legs are told goes into a queue (an append, no lock,
no wait); `Hub.run`, in the server's thread, takes it out TICKS_PER_S times a second, and at once
for an event, folds it into the board and hands it to the tabs' outboxes.

Samples that nobody fetches (the server hangs) are dropped beyond MOST_ITEMS; events never are.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from kneetrack.cue import Cue
from kneetrack.dashboard.board import Board, State, empty
from kneetrack.dashboard.feed import About, LegFeed, Phrases
from kneetrack.dashboard.outbox import Outbox
from kneetrack.live import LinkNews
from kneetrack.samples import Decoded, Event, ImuPair, KneeSample, RepEnded

TICKS_PER_S = 25
FAILURES = 8
MOST_ITEMS = 20_000
"""A minute and a half of two legs."""

_Told: TypeAlias = "tuple[int, str, Any]"


class Hub:
    """The state of a session that runs, and the tabs that look at it."""

    def __init__(self, phrases: Phrases) -> None:
        self.dropped = 0
        """Samples that were never folded."""
        self.failed: list[Exception] = []
        """What went wrong here: the page lacks something; the recording knows nothing of it."""
        self.has_ended = False
        """In the recording's thread: nothing is written any more."""
        self.is_over = False
        self._phrases = phrases
        self._board = Board(empty([], is_live=True))
        self._feeds: list[LegFeed] = []
        self._told: deque[_Told] = deque()
        self._outboxes: dict[Outbox, asyncio.Event] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()

    # --- the recording's thread -------------------------------------------------------------------

    def begin(self, title: str, legs: Sequence[About]) -> None:
        """The legs are known now; before, tabs show that there is nothing yet."""
        self._told.append((-1, "begin", (title, tuple(legs))))
        self._hurry()

    def item(self, leg: int, item: Decoded) -> None:
        """Take a decoded item; raw samples are not shown."""
        if isinstance(item, ImuPair):
            return
        if isinstance(item, KneeSample) and len(self._told) >= MOST_ITEMS:
            self.dropped += 1
            return
        self._told.append((leg, "item", item))

    def event(self, leg: int, event: Event) -> None:
        self._told.append((leg, "event", event))
        if isinstance(event, RepEnded):
            self._hurry()

    def link(self, leg: int, news: LinkNews) -> None:
        self._told.append((leg, "link", news))

    def cue(self, leg: int, cue: Cue, said: str) -> None:
        self._told.append((leg, "cue", (cue, said)))
        self._hurry()

    def marker(self, leg: int, number: int, time_s: float) -> None:
        self._told.append((leg, "marker", (number, time_s)))
        self._hurry()

    def said(self, leg: int, set_index: int, texts: Mapping[str, str]) -> None:
        """What the person said of a set."""
        self._told.append((leg, "said", (set_index, texts)))
        self._hurry()

    def over(self) -> None:
        """The session has ended; what it came to stays on the page."""
        self.has_ended = True
        self._told.append((-1, "over", None))
        self._hurry()

    def _hurry(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the server has gone; the recording goes on
                self._loop.call_soon_threadsafe(self._wake.set)

    # --- the server's thread ----------------------------------------------------------------------

    def state(self) -> State:
        """As it is now; not to be kept, for it changes."""
        return self._board.state

    def join(self, outbox: Outbox, wake: asyncio.Event) -> None:
        """One more tab; `wake` is set when there is something for it."""
        self._outboxes[outbox] = wake
        wake.set()

    def leave(self, outbox: Outbox) -> None:
        self._outboxes.pop(outbox, None)

    async def run(self) -> None:
        """Hand on what comes, as long as the server runs."""
        self._loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), 1.0 / TICKS_PER_S)
            self._wake.clear()
            try:
                self.hand_on()
            except Exception as error:  # these steps are lost; the next ones need not be
                self.failed = [*self.failed, error][-FAILURES:]

    def hand_on(self) -> None:
        """All that has come, to everybody."""
        steps: list[dict[str, Any]] = []
        for _ in range(len(self._told)):
            leg, kind, what = self._told.popleft()
            if kind == "over":
                self.is_over = True
                steps.append({"kind": "over"})
                continue
            if kind == "begin":
                self._begin(*what)
                continue
            try:
                self._fold(self._feeds[leg], kind, what)
            except Exception as error:  # one thing is not shown; the page goes on
                self.failed = [*self.failed, error][-FAILURES:]
        steps = [step for feed in self._feeds for step in feed.take()] + steps
        if not steps:
            return
        for step in steps:
            self._board.apply(step)
        for outbox, wake in self._outboxes.items():
            outbox.push(steps)
            wake.set()

    def _fold(self, feed: LegFeed, kind: str, what: Any) -> None:
        match kind:
            case "item":
                feed.item(what)
            case "event":
                feed.event(what)
            case "link":
                feed.link(what)
            case "cue":
                feed.cue(*what)
            case "marker":
                feed.marker(*what)
            case _:
                feed.said(*what)

    def _begin(self, title: str, legs: Sequence[About]) -> None:
        self._board = Board(empty([leg.to_json() for leg in legs], title, is_live=True))
        self._feeds = [LegFeed(at, leg, self._phrases) for at, leg in enumerate(legs)]
        for outbox, wake in self._outboxes.items():
            outbox.anew()
            wake.set()


class LiveView:
    """The hub as a view of a session; its legs in the order in which they were announced."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._count = 0

    def __enter__(self) -> LiveView:
        return self

    def __exit__(self, *_: object) -> None:
        self._hub.over()

    def leg(self, title: str) -> _LiveLeg:
        self._count += 1
        return _LiveLeg(self._hub, self._count - 1)


class _LiveLeg:
    def __init__(self, hub: Hub, index: int) -> None:
        self._hub = hub
        self._index = index

    def packet(self) -> None:
        return None

    def item(self, item: Decoded) -> None:
        self._hub.item(self._index, item)

    def event(self, event: Event) -> None:
        self._hub.event(self._index, event)

    def link(self, news: LinkNews) -> None:
        self._hub.link(self._index, news)

    def cue(self, cue: Cue, said: str) -> None:
        self._hub.cue(self._index, cue, said)
