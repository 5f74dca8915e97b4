"""A recording from START to STOP, over every break of the connection.

One stretch of it (`_stream`) lasts as long as a connection. In it packets are taken as they come,
and beside that run: who fetches and acknowledges (`keeping`), who looks whether the band still
answers, who tells how the link stands (`watching`), and who ends it all when the end has come. When
the connection breaks, the way back is looked for (`returning`), the band's recording is resumed, or
begun anew where the band was switched off, and another stretch follows.

The end comes with the source's, `stop` (and what is to follow the set), or `duration_s`. What is
missing then is fetched before the band is told STOP, and what its last packets lost afterwards; all
of it is on the disk before the last of it is acknowledged. `leave` cuts that short: the band keeps
what was not acknowledged, for `kneetrack sync`.

A band before protocol 1.2 keeps nothing: it is found again and started again, and what it measured
in between is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from kneecore import wire
from kneecore.calibration import Calibration
from kneetrack.calibration.closing import TableZero
from kneetrack.detection import Analyzer
from kneetrack.errors import CommandRefused, LinkError, LinkLost, LogError
from kneetrack.link.base import Link
from kneetrack.live.band_cues import BandCues
from kneetrack.live.commands import command, recording_kept
from kneetrack.live.ending import Ending
from kneetrack.live.figures import Figures, Sink
from kneetrack.live.fold import Cues, Leg
from kneetrack.live.keeping import Keeper
from kneetrack.live.pump import beside
from kneetrack.live.realigning import Realigning
from kneetrack.live.returning import come_back
from kneetrack.live.starting import Band
from kneetrack.live.states import Happening
from kneetrack.live.waits import Waits
from kneetrack.live.watching import LinkWatch
from kneetrack.protocol import Decoder
from kneetrack.sessionlog import SessionWriter

UNANSWERED = 2
"""So many status queries without an answer, nor any other packet, and the band hangs."""
SYNC_S = 2.0
"""How often the log is forced to the disk and what it holds acknowledged."""

LOOK_S = 0.02
"""A source that has ended may have something to say still: how soon it is listened to again."""

_STATUS = wire.QUERY.pack(wire.QUERY_STATUS)


async def record(
    link: Link,
    analyzer: Analyzer,
    *,
    writer: SessionWriter | None = None,
    sinks: Sequence[Sink] = (),
    calibration: Calibration | None = None,
    raw: bool = True,
    stop: asyncio.Event | None = None,
    duration_s: float | None = None,
    closing: TableZero | None = None,
    skip: asyncio.Event | None = None,
    leave: asyncio.Event | None = None,
    waits: Waits | None = None,
    utc_s: Callable[[], float] = time.time,
    figures: Figures | None = None,
    cues: Cues | BandCues | None = None,
    realigning: Realigning | None = None,
) -> Figures:
    """Prepare the band, have it stream, and take every packet until the end.

    Each goes to the writer, the decoder, the analyzer and the sinks, in this order. The band gets
    `calibration`, or without one at least the analyzer's side. A simulated leg is set in motion.
    The log begins with Knee Feature and a status, and names the board clock at the source's time
    zero where there is one. The writer forces its file to the disk on each rep, and every SYNC_S.
    A sink that raises is told nothing more.

    Ends with the source, when `stop` is set, or when packets of `duration_s` (in the link's clock)
    have come. With `closing` that is not the end of the recording: it goes on until that is over,
    or `skip` is set. Then what is missing is fetched, until `leave` is set.

    Raises LinkLost when the connection broke and the way back was not found in time, or the band
    hangs; LogError when the log can't be written. All packets until then are in the log, and the
    analyzer is flushed. `figures`, where given, are the ones that are filled in, so that they are
    at hand then too. `cues` are given as they are decided, and noted, or are the band's own.
    `realigning` is how the leg may be aligned anew meanwhile.
    """
    by_band, by_host = (cues, None) if isinstance(cues, BandCues) else (None, cues)
    band = Band(link, analyzer.side, calibration, raw, utc_s, by_band)
    told = await band.begin()
    await link.play(zeros=calibration and (calibration.thigh_gyr_bias, calibration.shank_gyr_bias))
    if writer is not None and link.origin_us is not None:
        side = analyzer.side.word
        writer.event({"event": "origin", "side": side, "board_us": link.origin_us})
    decoder = Decoder(link.feature, link.origin_us)
    leg = Leg(link, decoder, analyzer, writer, sinks, closing, figures, by_host, realigning)
    for sentence in band.news:
        leg.warn(sentence)
    recording = _Recording(band, leg, told, waits or Waits(), duration_s)
    try:
        await recording.run(stop, skip, leave)
    except LinkError:
        recording.sum_up()
        raise
    recording.sum_up()
    return leg.figures


class _Recording:
    """One leg's recording while it runs."""

    def __init__(
        self, band: Band, leg: Leg, told: Any | None, waits: Waits, duration_s: float | None
    ) -> None:
        self.leg = leg
        self._band = band
        self._link = band.link
        self._waits = waits
        self._duration_s = duration_s
        self._begun_s = band.link.now_s()
        self._now = asyncio.get_running_loop().time
        self._keeper = Keeper(band.link, self._now)
        self._watch = LinkWatch(leg, self._keeper, self._now)
        self._ending = Ending(band.link, leg, self._keeper, self._now, waits.fetch_s)
        if told is not None:
            self._keeper.begin(told)

    async def run(
        self,
        stop: asyncio.Event | None,
        skip: asyncio.Event | None,
        leave: asyncio.Event | None,
    ) -> None:
        """Until the end. LinkLost where the band is lost for good."""
        async with (
            beside(None if stop is None else self._stop_on(stop, skip)),
            beside(None if leave is None else self._leave_on(leave)),
            beside(self._watch.run()),
        ):
            try:
                await self._stretches()
            finally:
                with contextlib.suppress(LogError):  # whose reason is on its way already
                    self._watch.happened(Happening.ENDED)
        if self._ending.failed is not None:
            raise self._ending.failed

    async def _stretches(self) -> None:
        again = False
        while not self._ending.finished:
            try:
                if again:
                    await self._resume()
                await self._stream()
            except LinkLost as lost:
                self._keeper.broken()
                self._watch.happened(Happening.BROKE)
                again = await self._returned(lost)
                if not again:
                    return

    def sum_up(self) -> None:
        """Flush the analyzer; what the log lacks goes into the figures and into the log."""
        self.leg.end()
        figures = self.leg.figures
        if not self._keeper.ledgers:
            return
        figures.unfetched = self._keeper.unfetched()
        since = self._keeper.since_broken(figures.last_s, self._link.now_s())
        if since is not None:
            figures.unfetched.append(since)
        figures.lost_samples = sum(one.count for one in figures.unfetched)
        for one in figures.unfetched:
            self.leg.note(
                {
                    "event": "unfetched",
                    "start_s": round(one.start_s, 3),
                    "end_s": round(one.end_s, 3),
                    "count": one.count,
                    "reason": one.reason,
                    "fetchable": one.fetchable,
                }
            )

    # --- one connection -------------------------------------------------------------------------

    async def _stream(self) -> None:
        """Take packets until the recording is finished. LinkLost when the connection breaks."""
        link, ending = self._link, self._ending
        try:
            async with (
                asyncio.timeout(None) as patience,
                beside(self._ask_for_status(patience)),
                beside(self._keeper.run()),
                beside(ending.run()) as finishing,
            ):
                while not ending.finished:
                    async for packet in link.packets():
                        if self._keeper.is_earlier(packet):
                            continue
                        items = self.leg.take(packet)
                        self._keeper.take(packet, items)
                        self._watch.took(packet, items)
                        if self._keeper.ledgers and self._now() - ending.synced_s >= SYNC_S:
                            ending.sync()
                        self._look_for_the_end()
                    self._end()  # the source is over
                    assert finishing is not None
                    await asyncio.wait({finishing}, timeout=LOOK_S)
        except TimeoutError:
            raise LinkLost(
                "The band neither sends nor answers any more. Switch it off and on again. "
                "Everything received until then is kept."
            ) from None

    async def _ask_for_status(self, patience: asyncio.Timeout) -> None:
        """Ask now and then. A band that hangs ends the patience: its radio may hold the link."""
        waits = self._waits
        unanswered = 0
        packets = 0
        while unanswered < UNANSWERED:
            await asyncio.sleep(waits.answer_s if unanswered else waits.status_s)
            if not unanswered:
                packets = self.leg.taken
            try:
                await command(self._link, wire.OP_QUERY, _STATUS, waits.answer_s)
            except LinkLost:
                return  # it is told by the packets
            except CommandRefused:
                unanswered = 0
            except LinkError:
                unanswered = unanswered + 1 if self.leg.taken == packets else 0
            else:
                unanswered = 0
        patience.reschedule(self._now())

    # --- the way back ---------------------------------------------------------------------------

    async def _returned(self, lost: LinkLost) -> bool:
        """Look for the way back; False where the end has come and nobody waits. Else LinkLost."""
        deadline_s = self._now() + self._waits.return_s
        ending_s: float | None = None

        def wanted() -> bool:
            nonlocal ending_s
            if self._past_duration(self._link.now_s()):
                self._end()
            if self._ending.over.is_set():
                if not self._keeper.missing and self._ending.stopped:
                    return False
                ending_s = ending_s or self._now() + self._waits.ending_s
            return self._now() < min(deadline_s, ending_s or deadline_s)

        trying = asyncio.create_task(come_back(self._link, self._watch.tried, wanted))
        leaving = asyncio.create_task(self._ending.left.wait())
        try:
            await asyncio.wait((trying, leaving), return_when=asyncio.FIRST_COMPLETED)
            if trying.done() and trying.result():
                self.leg.figures.reconnects += 1
                self._watch.happened(Happening.BACK)
                return True
        finally:
            for task in (trying, leaving):
                task.cancel()
            await asyncio.gather(trying, leaving, return_exceptions=True)
        if self._ending.over.is_set():
            return False
        raise lost

    async def _resume(self) -> None:
        """Have the band stream on, or begin anew where it no longer makes that recording."""
        keeper, running = self._keeper, self._keeper.running
        try:
            if running is not None:
                told = await self._band.resume(running.boot_id, running.recording_id)
                if told is not None:
                    keeper.resumed(told)
                    return
                kept = await recording_kept(self._link, running.recording_id)
                if kept is not None:
                    keeper.learn(running, kept)
                running.broken_off()
                keeper.running = None
                self._ending.stopped = self._ending.over.is_set()
            if not self._ending.over.is_set():
                told = await self._band.begin()
                if told is not None:
                    keeper.begin(told)
        except LinkLost:
            raise
        except CommandRefused:
            raise
        except LinkError as error:  # it stands, but does not answer
            raise LinkLost(str(error)) from error

    # --- the end --------------------------------------------------------------------------------

    async def _stop_on(self, stop: asyncio.Event, skip: asyncio.Event | None) -> None:
        await stop.wait()
        self._end_set()
        if skip is not None:
            await skip.wait()
            self._end()

    async def _leave_on(self, leave: asyncio.Event) -> None:
        await leave.wait()
        self._end()
        self._ending.left.set()

    def _look_for_the_end(self) -> None:
        if self._past_duration(self.leg.figures.last_s):
            self._end_set()
        if self.leg.over:
            self._end()

    def _past_duration(self, now_s: float) -> bool:
        first_s = self.leg.figures.first_s
        if self._duration_s is None or first_s is None:
            return False
        # Packets may have come while a leg waited for the other one to be set in motion.
        return now_s - max(first_s, self._begun_s) >= self._duration_s

    def _end_set(self) -> None:
        if self.leg.has_more:
            self.leg.end_set()
        else:
            self._end()

    def _end(self) -> None:
        self._watch.ends()
        self._ending.over.set()
