"""What is told of a link while a recording runs: its state at once, its figures every so often.

Into the log go `link_state` events, when the state changes, and a `link` event with all figures
every FIGURES_S: they tell of the recording, not of what was measured. The screen is told more
often.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from kneecore import settings, wire
from kneetrack.live.commands import keeps_recordings
from kneetrack.live.figures import LinkNews
from kneetrack.live.fold import Leg
from kneetrack.live.keeping import Keeper
from kneetrack.live.states import QUIET_S, Happening, LinkState, after
from kneetrack.samples import Channel, Decoded, Packet, Status

FIGURES_S = 10.0
LOOK_S = 0.25


class LinkWatch:
    """How it stands with one leg's band. `now` is the clock that tells how long it is silent."""

    def __init__(self, leg: Leg, keeper: Keeper, now: Callable[[], float]) -> None:
        self.state = LinkState.STALE
        self.ending = False
        self._at_end = 0
        self.attempt = 0
        self.trouble = ""
        self._leg = leg
        self._keeper = keeper
        self._now = now
        self._newest_s = now()
        self._status: Status | None = None

    def took(self, packet: Packet, items: Sequence[Decoded]) -> None:
        """A packet came."""
        if packet.channel is Channel.MEASUREMENT:
            self._newest_s = self._now()
            if self.state is not LinkState.LIVE:
                self.happened(Happening.CAME)
        for item in items:
            if isinstance(item, Status):
                self._status = item

    def happened(self, happening: Happening) -> None:
        """Take what happened into the state, the log and the screen."""
        before, self.state = self.state, after(self.state, happening)
        if self.state is not LinkState.LOST:
            self.attempt, self.trouble = 0, ""
        if self.state is before:
            return
        self._leg.note({"event": "link_state", "state": self.state.value, "why": happening.value})
        self.show()

    def ends(self) -> None:
        """The set is over: what is missing now is waited for."""
        if not self.ending:
            self.ending, self._at_end = True, self._keeper.missing

    def tried(self, attempt: int, trouble: str) -> None:
        """The way back is being looked for."""
        self.attempt, self.trouble = attempt, trouble
        self.show()

    def news(self) -> LinkNews:
        """How it stands now."""
        link, figures, status = self._leg.link, self._leg.figures, self._status
        keeps = bool(self._keeper.ledgers)
        # With a host at it a band ends its recording for two reasons only (kneeband.session).
        over = status is not None and status.state == wire.STATE_IDLE and not self.ending
        plugged = status is not None and bool((status.power or 0) & settings.POWER_USB)
        return LinkNews(
            state=self.state,
            silent_s=self._now() - self._newest_s,
            packets=figures.packets,
            missing=self._keeper.missing,
            recovered=figures.recovered_samples,
            lost=self._keeper.gone if keeps else figures.lost_samples,
            keeps=keeps and keeps_recordings(link),
            ending=self.ending,
            at_end=self._at_end,
            attempt=self.attempt,
            trouble=self.trouble,
            rssi_dbm=link.figures.rssi_dbm,
            mtu=link.figures.mtu,
            interval_ms=None if status is None else status.connection_interval_ms,
            battery_percent=None if status is None else status.battery_percent,
            minutes_left=None if status is None else status.minutes_left,
            charging=over and plugged,
            switched_off=over and not plugged,
        )

    def show(self) -> None:
        self._leg.show_link(self.news())

    async def run(self) -> None:
        """Look now and then, as long as the recording runs."""
        told_s = self._now()
        while True:
            await asyncio.sleep(LOOK_S)
            now_s = self._now()
            if now_s - self._newest_s >= QUIET_S:
                self.happened(Happening.QUIET)
            self.show()
            if now_s - told_s >= FIGURES_S:
                told_s = now_s
                self._log()

    def _log(self) -> None:
        news = self.news()
        self._leg.note(
            {
                "event": "link",
                "state": news.state.value,
                "silent_s": round(news.silent_s, 2),
                "packets": news.packets,
                "missing": news.missing,
                "recovered": news.recovered,
                "lost": news.lost,
                "advertisement_rssi_dbm": news.rssi_dbm,
                "mtu": news.mtu,
                "interval_ms": news.interval_ms,
                "battery_percent": news.battery_percent,
                "charging": news.charging,
                "switched_off": news.switched_off,
            }
        )
