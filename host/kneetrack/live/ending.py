"""How a recording ends so that nothing of it is missing, and the band keeps nothing that is safe.

When the end has come (`over`) the band still streams. What is missing is fetched first, for a band
that has little to keep at STOP is spared its flash memory. Then STOP, the packets that were on
their way, and what those lost. At last the log is on the disk, the rest is acknowledged, and what
the band had to put away meanwhile it may delete. `left` cuts this short between any two of these
steps: what was not acknowledged stays on the band, for `kneetrack sync`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from kneecore import wire
from kneetrack.errors import CommandRefused, LinkError, LinkLost
from kneetrack.link.base import Link
from kneetrack.live.commands import command, let_go, recording_stopped
from kneetrack.live.fold import Leg
from kneetrack.live.keeping import Keeper

QUIET_S = 0.15
"""After STOP: so long without a packet, and none is on its way any more."""
LAST_S = 3.0


class Ending:
    """The end of one leg's recording. `now` is the clock of its waits, `fetch_s` their bound."""

    def __init__(
        self, link: Link, leg: Leg, keeper: Keeper, now: Callable[[], float], fetch_s: float
    ) -> None:
        self.over = asyncio.Event()
        """The end has come: only what is missing is waited for."""
        self.left = asyncio.Event()
        """Nor is that."""
        self.stopped = False
        """Whether the band records no more."""
        self.finished = False
        self.failed: Exception | None = None
        self.synced_s = now()
        self._link = link
        self._leg = leg
        self._keeper = keeper
        self._now = now
        self._fetch_s = fetch_s

    def sync(self) -> None:
        """Have the log on the disk, so that what it holds may be acknowledged."""
        self.synced_s = self._now()
        self._leg.sync()
        if self._leg.is_on_disk():
            self._keeper.synced()

    async def run(self) -> None:
        """When the end has come: have nothing missing, STOP, and end the packets."""
        await self.over.wait()
        try:
            await self._complete()
        except LinkLost:
            return  # it is told by the packets
        except LinkError:
            pass  # the band does not answer: what it keeps is for `kneetrack sync`
        except Exception as error:  # the log can't be written; whatever it is, nobody waits for it
            self.failed = error
        self.finished = True
        await self._link.finish()

    async def _complete(self) -> None:
        """Fetch, STOP, fetch what the last packets lost, and have the band let go of it all."""
        keeper = self._keeper
        running = keeper.running
        await self._fetched()
        if running is not None and not self.left.is_set():
            self.sync()
            with contextlib.suppress(CommandRefused):
                await command(self._link, wire.OP_STOP)
            self.stopped = True
            await self._quiet()
            keeper.streams = False
            keeper.ended = True
            told = await recording_stopped(self._link, running.recording_id)
            if told is not None:
                keeper.learn(running, told)
            await self._fetched()
        if keeper.ledgers:
            await self._let_go()

    async def _fetched(self) -> None:
        """Wait until nothing of what exists now is missing, or no more can be done."""
        self._keeper.try_again()
        ends = self._keeper.ends()
        deadline_s = self._now() + self._fetch_s
        while self._keeper.awaited(ends) and self._now() < deadline_s and not self.left.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await self.left.wait()

    async def _let_go(self) -> None:
        """Have the band keep no longer what is whole and on the disk."""
        self.sync()
        if not self._leg.is_on_disk():
            return
        for ledger in self._keeper.ledgers:
            if ledger.missing_count == 0 and ledger.unread is None:
                await let_go(self._link, ledger.recording_id, ledger.end_number)

    async def _quiet(self) -> None:
        """Wait until nothing has come for QUIET_S: packets may have queued up on the band."""
        deadline_s = self._now() + LAST_S
        before = -1
        while before != self._leg.taken and self._now() < deadline_s:
            before = self._leg.taken
            await asyncio.sleep(QUIET_S)
