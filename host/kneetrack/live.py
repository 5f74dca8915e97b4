"""Conversations with a band as they happen: commands, and the one loop of a recording.

This is the only place that awaits a link (with `calibration`'s and `maintenance`'s runners, which
use it). `pump` is the only loop: each packet goes to the writer first, so that nothing received is
lost whatever happens after, then through decoder and analyzer, then to whoever shows it. What is
shown never costs what is recorded: a sink that fails is left out from then on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kneecore import wire
from kneecore.calibration import Calibration
from kneetrack.calibration.closing import TableZero
from kneetrack.detection import Analyzer
from kneetrack.detection.events import event_dict
from kneetrack.errors import CommandRefused, LinkError, LinkLost
from kneetrack.link.base import Link
from kneetrack.protocol import Decoder
from kneetrack.samples import (
    Channel,
    Decoded,
    Event,
    Gap,
    ImuPair,
    KneeSample,
    Packet,
    RepEnded,
    Response,
    Side,
    Warned,
    Window,
)
from kneetrack.sessionlog import SessionWriter

ANSWER_S = 5.0
"""How long a band may take to answer a command; storing a calibration takes it a second."""
STATUS_PERIOD_S = 10.0
UNANSWERED = 2
"""So many status queries without an answer, nor any other packet, and the band hangs."""

_STATUS = wire.QUERY.pack(wire.QUERY_STATUS)
_NAMES = {opcode: name for opcode, name, _, _ in wire.COMMANDS}
_REFUSALS = {
    wire.RESULT_UNKNOWN_OPCODE: (
        "it does not know this command. Update the band: see firmware/README.md for how to put the "
        "current firmware on it."
    ),
    wire.RESULT_INVALID_OPERAND: "a value in it is out of range. Update band and program.",
    wire.RESULT_FAILED: "it tried and failed. Switch the band off and on, then try again.",
    wire.RESULT_MTU_TOO_SMALL: (
        f"the connection's packets are too small (MTU under {wire.MTU_MIN}). Use another "
        "Bluetooth adapter."
    ),
    wire.RESULT_WRONG_STATE: "it can't do that now. Stop the measurement and try again.",
    wire.RESULT_SENSOR_FAULT: (
        "one of its motion sensors does not answer. Check the cable between thigh and shank, then "
        "switch the band off and on."
    ),
}


class Sink(Protocol):
    """Whoever shows what happens. Called in the loop, so it must be quick."""

    def packet(self) -> None:
        """One more packet came."""
        ...

    def item(self, item: Decoded) -> None: ...

    def event(self, event: Event) -> None: ...


@dataclass(slots=True)
class Figures:
    """What a recording amounted to."""

    packets: int = 0
    knee_samples: int = 0
    lost_samples: int = 0
    first_s: float | None = None  # when the first packet came, in the link's clock
    last_s: float = 0.0
    event_delays_s: list[float] = field(default_factory=list[float])
    """For each event, from the newest knee sample's instant (where the link shares the band's
    clock, else from the packet's reception) until the event was known."""
    sink_errors: list[BaseException] = field(default_factory=list[BaseException])
    """Why sinks were left out from some moment on."""

    @property
    def duration_s(self) -> float:
        return 0.0 if self.first_s is None else self.last_s - self.first_s

    def take(self, packet: Packet, items: Sequence[Decoded]) -> None:
        self.packets += 1
        if self.first_s is None:
            self.first_s = packet.received_at_s
        self.last_s = packet.received_at_s
        for item in items:
            if isinstance(item, KneeSample):
                self.knee_samples += 1
            elif isinstance(item, Gap) and item.channel is Channel.MEASUREMENT:
                self.lost_samples += item.count


# --- commands ----------------------------------------------------------------------------------


async def command(
    link: Link, opcode: int, operand: bytes = b"", timeout_s: float = ANSWER_S
) -> Response:
    """Have the band do something. CommandRefused if it says no, LinkError if it says nothing."""
    data = await link.request(bytes([opcode]) + operand, timeout_s)
    response = Response(opcode=data[1], result=data[2] if len(data) > 2 else 0, payload=data[3:])
    if response.result != wire.RESULT_SUCCESS:
        why = _REFUSALS.get(response.result, f"result {response.result}. Update this program.")
        raise CommandRefused(
            f"The band refused {_NAMES.get(opcode, hex(opcode))}: {why}", opcode, response.result
        )
    return response


async def set_side(link: Link, side: Side) -> None:
    """Tell the band which leg it is on. A calibration of the other leg is dropped by it."""
    await command(link, wire.OP_SET_SIDE, wire.SET_SIDE.pack(side.value))


async def set_calibration(link: Link, calibration: Calibration) -> None:
    """Have the band store and use a calibration (its side comes with it)."""
    await command(link, wire.OP_SET_CALIBRATION, calibration.to_wire())


# --- recording ---------------------------------------------------------------------------------


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
) -> Figures:
    """Prepare the band, have it stream, and pump until the end; see `pump`.

    The band gets `calibration`, or without one at least the analyzer's side. A simulated leg is set
    in motion. The log begins with Knee Feature and a status, and names the board clock at the
    source's time zero where there is one.
    """
    if calibration is None:
        await set_side(link, analyzer.side)
    else:
        await set_calibration(link, calibration)
    await link.read_feature()
    await command(link, wire.OP_QUERY, _STATUS)
    await command(link, wire.OP_START, wire.START.pack(wire.START_RAW if raw else 0))
    await link.play(zeros=calibration and (calibration.thigh_gyr_bias, calibration.shank_gyr_bias))
    if writer is not None and link.origin_us is not None:
        side = analyzer.side.word
        writer.event({"event": "origin", "side": side, "board_us": link.origin_us})
    decoder = Decoder(link.feature, link.origin_us)
    return await pump(
        link,
        decoder,
        analyzer,
        writer=writer,
        sinks=sinks,
        stop=stop,
        duration_s=duration_s,
        closing=closing,
        skip=skip,
        ask=True,
    )


async def pump(
    link: Link,
    decoder: Decoder,
    analyzer: Analyzer,
    *,
    writer: SessionWriter | None = None,
    sinks: Sequence[Sink] = (),
    stop: asyncio.Event | None = None,
    duration_s: float | None = None,
    closing: TableZero | None = None,
    skip: asyncio.Event | None = None,
    ask: bool = False,
) -> Figures:
    """Take every packet to the writer, the decoder, the analyzer and the sinks, in this order.

    Ends with the source, when `stop` is set, or when packets of `duration_s` (in the link's clock)
    have come; the band is then stopped and what was on its way is still taken. The writer forces
    its file to the disk on each rep, and by itself every other second. With `ask` the band is asked
    for its status every STATUS_PERIOD_S. A sink that raises is told nothing more. With `closing`
    the end of the set (`stop`, `duration_s`) is not that of the recording: it goes on until that
    is over, or `skip` is set. Where the source ends first, what it sent last is looked at.

    Raises LinkLost when the connection broke or the band hangs (`ask`), LogError when the log can't
    be written; all packets until then are in the log, and with LinkLost the analyzer is flushed.
    """
    leg = _Leg(link, decoder, analyzer, writer, sinks, closing)
    try:
        async with (
            asyncio.timeout(None) as patience,
            _beside(_finish_on(leg, stop, skip) if stop is not None else None),
            _beside(_ask_for_status(link, leg.figures, patience) if ask else None),
        ):
            async for packet in link.packets():
                leg.take(packet)
                if duration_s is not None and leg.figures.duration_s >= duration_s:
                    leg.end_set()
                    await leg.finish_if_over()
                elif leg.set_over:
                    await leg.finish_if_over()
    except TimeoutError:
        leg.end()
        raise LinkLost(
            "The band neither sends nor answers any more. Switch it off and on again. Everything "
            "received until then is kept."
        ) from None
    except LinkLost:
        leg.end()
        raise
    leg.end()
    return leg.figures


class _Leg:
    """The fold of one leg's packets, with those who look on."""

    def __init__(
        self,
        link: Link,
        decoder: Decoder,
        analyzer: Analyzer,
        writer: SessionWriter | None,
        sinks: Sequence[Sink],
        closing: TableZero | None,
    ) -> None:
        self.figures = Figures()
        self.link = link
        self._closing = closing
        self.set_over = False
        self._decoder = decoder
        self._analyzer = analyzer
        self._writer = writer
        self._sinks = list(sinks)
        self._newest: KneeSample | None = None

    def take(self, packet: Packet) -> None:
        if self._writer is not None:
            self._writer.packet(self._analyzer.side, packet)
        items = self._decoder.feed(packet)
        if self.set_over:
            self._close(items)
            return
        events = self._analyzer.feed_all(items)
        self.figures.take(packet, items)
        if self._closing is not None:
            self._keep_for(self._closing, items, events)
        if items and isinstance(items[-1], KneeSample):
            self._newest = items[-1]
        self._show(_packet_shown(items))
        if events:
            self._tell(events)
            delay_s = self.link.now_s() - self._happened_s(packet)
            self.figures.event_delays_s += [delay_s] * len(events)

    async def finish_if_over(self) -> None:
        """End the stream unless something is still to come after the set."""
        if self._closing is None or self._closing.over:
            await self.link.finish()

    def end_set(self) -> None:
        """Where something is to come after the set, look for reps no more."""
        if self.set_over or self._closing is None:
            return
        self._tell(self._analyzer.flush())
        self.set_over = True
        if self._writer is not None:
            side = self._analyzer.side.word
            event = {"event": "taken_off", "side": side, "packets": self.figures.packets}
            self._writer.event(event)
        self._show(_events_shown([Warned(self._closing.says)]))

    def end(self) -> None:
        """The source has ended, before the set was or after."""
        if self.set_over:
            return
        self._tell(self._analyzer.flush())
        if self._closing is not None:
            self._tell_zero(self._closing.at_end_of_source())

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
        if window is None or self._writer is None:
            return
        self._writer.event(
            {
                "event": "window",
                "side": self._analyzer.side.word,
                "kind": window.kind,
                "start_s": round(window.start_s, 3),
                "end_s": round(window.end_s, 3),
            }
        )

    def _tell(self, events: Sequence[Event]) -> None:
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

    def _happened_s(self, packet: Packet) -> float:
        """When the newest sample was measured, as far as the link's clock can tell."""
        origin_us = self.link.origin_us
        if self._newest is None or origin_us is None or not self.link.info.is_simulated:
            return packet.received_at_s
        return origin_us / 1e6 + self._newest.time_s


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


async def _ask_for_status(link: Link, figures: Figures, patience: asyncio.Timeout) -> None:
    """Ask now and then. A band that hangs ends the patience: its radio may hold the connection."""
    unanswered = 0
    packets = 0
    while unanswered < UNANSWERED:
        await asyncio.sleep(ANSWER_S if unanswered else STATUS_PERIOD_S)
        if not unanswered:
            packets = figures.packets
        try:
            await command(link, wire.OP_QUERY, _STATUS)
        except LinkLost:
            return  # it is told by the packets
        except CommandRefused:
            unanswered = 0
        except LinkError:
            unanswered = unanswered + 1 if figures.packets == packets else 0
        else:
            unanswered = 0
    patience.reschedule(asyncio.get_running_loop().time())


async def _finish_on(leg: _Leg, stop: asyncio.Event, skip: asyncio.Event | None) -> None:
    await stop.wait()
    leg.end_set()
    await leg.finish_if_over()
    if skip is not None:
        await skip.wait()
        await leg.link.finish()


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[object, object, None] | None) -> AsyncGenerator[None]:
    """Have `work` done in a task as long as the context lasts."""
    if work is None:
        yield
        return
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
