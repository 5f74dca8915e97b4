"""The fold of one leg: each packet to the writer, the decoder, the analyzer and the sinks.

The writer comes first, so that nothing received is lost whatever happens after. What is shown never
costs what is recorded: a sink that fails is left out from then on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kneetrack.calibration.closing import TableZero
from kneetrack.calibration.realignment import HOLDS, of_log
from kneetrack.cue.coach import Coach, Cue, words_of
from kneetrack.detection import Analyzer
from kneetrack.detection.events import event_dict
from kneetrack.detection.fold import is_slip
from kneetrack.link.base import Link
from kneetrack.live.figures import CueSink, Figures, LinkNews, LinkSink, Sink
from kneetrack.live.realigning import Realigning
from kneetrack.protocol import Decoder
from kneetrack.samples import (
    Channel,
    Decoded,
    Event,
    ImuPair,
    KneeSample,
    Packet,
    RepEnded,
    Warned,
    Window,
)
from kneetrack.sessionlog import SessionWriter
from kneetrack.sessionlog.streams import REALIGNED


@dataclass(frozen=True, slots=True)
class Cues:
    """Who decides on a leg's cues, and how they are heard; `sound` returns at once."""

    coach: Coach
    sound: Callable[[Cue], None]

    def loaded(self, load_kg: float) -> None:
        """The person says what is lifted, while it goes on."""
        self.coach.loaded(load_kg)


class Leg:
    """The fold of one leg's packets, with those who look on."""

    def __init__(
        self,
        link: Link,
        decoder: Decoder,
        analyzer: Analyzer,
        writer: SessionWriter | None,
        sinks: Sequence[Sink],
        closing: TableZero | None,
        figures: Figures | None = None,
        cues: Cues | None = None,
        realigning: Realigning | None = None,
    ) -> None:
        self.figures = figures or Figures()
        self._realigning = realigning
        if realigning is not None:
            realigning.leg = self
        self._cues = cues
        self.link = link
        self._closing = closing
        self.has_more = closing is not None
        """Whether something is to come after the set."""
        self.set_over = False
        self._decoder = decoder
        self._analyzer = analyzer
        self._writer = writer
        self._sinks = list(sinks)
        self._newest: KneeSample | None = None
        self.side = analyzer.side
        self.taken = 0
        """Packets, those after the set too."""
        self.stored = 0
        """The number in the log of the newest packet of this leg."""

    def take(self, packet: Packet) -> list[Decoded]:
        """One packet, all the way; what it held."""
        self.taken += 1
        if self._writer is not None:
            self.stored = self._writer.packet(self.side, packet)
            for sentence in self._writer.news():
                self.warn(sentence)
        items = self._decoder.feed(packet)
        if self.set_over:
            self._close(items)
            if packet.channel is not Channel.TRANSFER:
                return items
        is_held = self._realigning is not None and self._realigning.take(items)
        events = [] if is_held else self._analysed(items)
        self.figures.take(packet, items)
        if self._closing is not None and not is_held:
            self._keep_for(self._closing, items, events)
        if items and isinstance(items[-1], KneeSample) and packet.channel is Channel.MEASUREMENT:
            self._newest = items[-1]
        shown = self._analyzer.shown
        self._show(
            _packet_shown([shown(one) if isinstance(one, KneeSample) else one for one in items])
        )
        if events:
            self._tell(events)
            self.figures.event_delays_s += [self._late_s(packet)] * len(events)
        return items

    @property
    def over(self) -> bool:
        """Whether the set is over, and what was to come after it too."""
        return self.set_over and self._closing is not None and self._closing.over

    @property
    def newest_s(self) -> float:
        """Device time of the newest sample that was measured; long ago where there is none."""
        return -math.inf if self._newest is None else self._newest.time_s

    def is_on_disk(self) -> bool:
        """Whether all packets so far are, as far as the writer was told to see to it."""
        return self._writer is not None and self._writer.synced_count >= self.stored

    def sync(self) -> None:
        """Have what came so far forced to the disk."""
        if self._writer is not None:
            self._writer.sync()

    def note(self, event: Mapping[str, object]) -> None:
        """Write something that tells of the recording itself into the log."""
        if self._writer is not None:
            self._writer.event({**event, "side": self.side.word})

    def warn(self, text: str) -> None:
        """Show a sentence; it is no event of the analysis and is not kept."""
        self._show(_events_shown([Warned(text)]))

    def show_link(self, news: LinkNews) -> None:
        """Show how it stands with the band, to those who show it."""

        def show(sink: Sink) -> None:
            if isinstance(sink, LinkSink):
                sink.link(news)

        self._show(show)

    def end_set(self) -> None:
        """The set is over; where something is to come after it, look for reps no more.

        What a transfer brings is of the set still. So the analyzer is flushed when all is over.
        """
        if self.set_over or self._closing is None:
            return
        if self._realigning is not None:
            self._realigning.leave()
        self.set_over = True
        self._analyzer.ends_here()
        self.note({"event": "taken_off", "packets": self.figures.packets})
        self.warn(self._closing.says)

    def end(self) -> None:
        """The source has ended, before the set was or after."""
        if self._realigning is not None:
            self._realigning.leave()
        events = self._analyzer.flush()
        if self._cues is not None:
            self._give(self._cues, self._cues.coach.heard(events))
        self._tell(events)
        if self._closing is not None and not self.set_over:
            self._tell_zero(self._closing.at_end_of_source())

    def goes_on(self, held: Sequence[Decoded], calibration: Mapping[str, Any] | None) -> None:
        """Analyse what was held back, from now on with that calibration if there is one."""
        if calibration is not None:
            if self._writer is not None:
                self._writer.calibration(calibration)
            self.note({"event": REALIGNED, **calibration[HOLDS]})
            self._analyzer.realign(of_log(calibration, "The new calibration"))
        events = self._analysed(held)
        if self._closing is not None:
            self._keep_for(self._closing, held, events)
        self._tell(events)

    def _analysed(self, items: Sequence[Decoded]) -> list[Event]:
        """What the analyzer says of these; cues are given before anything else is done with it."""
        if self._cues is None:
            return self._analyzer.feed_all(items)
        events, cues = self._cues.coach.feed_all(self._analyzer, items)
        self._give(self._cues, cues)
        return events

    def _give(self, how: Cues, cues: Sequence[Cue]) -> None:
        for cue in cues:
            try:
                how.sound(cue)
            except Exception as error:
                self.figures.sink_errors.append(error)
            self.note(cue.to_json(how.coach.plan.in_force))
            self._show(_cue_shown(cue, words_of(cue, how.coach.plan.text)))

    def _keep_for(
        self, closing: TableZero, items: Sequence[Decoded], events: Sequence[Event]
    ) -> None:
        if any(isinstance(event, RepEnded) for event in events):
            closing.rep_ended()
        for item in items:
            if isinstance(item, ImuPair):
                closing.worn(item)

    def _close(self, items: Sequence[Decoded]) -> None:
        for item in items:
            if self._closing is None or not isinstance(item, ImuPair):
                continue
            self._tell_zero(self._closing.take(item))

    def _tell_zero(self, window: Window | None) -> None:
        if window is None:
            return
        self.note(
            {
                "event": "window",
                "kind": window.kind,
                "start_s": round(window.start_s, 3),
                "end_s": round(window.end_s, 3),
            }
        )

    def _tell(self, events: Sequence[Event]) -> None:
        if self._realigning is not None and any(is_slip(event) for event in events):
            self._realigning.slipped = True
        self._show(_events_shown(events))
        if self._writer is not None:
            for event in events:
                self._writer.event(event_dict(event))
            if any(isinstance(event, RepEnded) for event in events):
                self._writer.sync()

    def _show(self, show: Callable[[Sink], None]) -> None:
        """Show the sinks something. One that fails, even by leaving the program, is left out."""
        for sink in tuple(self._sinks):
            try:
                show(sink)
            except (Exception, SystemExit) as error:
                self._sinks.remove(sink)
                self.figures.sink_errors.append(error)

    def _late_s(self, packet: Packet) -> float:
        """How long ago the newest sample was measured; the packet came, where nobody can tell."""
        now_s = self.link.now_s()
        source_s = self.link.source_s(now_s)
        if self._newest is None or source_s is None:
            return now_s - packet.received_at_s
        return source_s - self._newest.time_s


def _packet_shown(items: Sequence[Decoded]) -> Callable[[Sink], None]:
    def show(sink: Sink) -> None:
        sink.packet()
        for item in items:
            sink.item(item)

    return show


def _events_shown(events: Sequence[Event]) -> Callable[[Sink], None]:
    def show(sink: Sink) -> None:
        for event in events:
            sink.event(event)

    return show


def _cue_shown(cue: Cue, said: str) -> Callable[[Sink], None]:
    def show(sink: Sink) -> None:
        if isinstance(sink, CueSink):
            sink.cue(cue, said)

    return show
