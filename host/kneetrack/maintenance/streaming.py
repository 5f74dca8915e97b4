"""Five seconds of measurement, for the figures: what came, what was lost, how late.

The band makes a recording of it like of any other; it is told to let go of it afterwards. On a
simulated band the delay is from the newest sample's instant to its reception, both on one clock. A
real band's clock is its own, so there the quickest packet counts as zero.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from kneecore import wire
from kneetrack.errors import CommandRefused, LinkError
from kneetrack.link.base import Link
from kneetrack.live.commands import (
    command,
    keeps_recordings,
    let_go,
    recording_stopped,
    recording_told,
)
from kneetrack.maintenance.rows import Part, Row, State, remedy_of_way
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, Gap, ImuPair, KneeSample, Packet, Vector

DURATION_S = 5.0
LIMIT_S = 20.0
"""So long at most, on the computer's clock: a band that sends nothing must not hold it up."""
LOSS_NOTE, LOSS_PROBLEM = 0.0, 0.05
LATE_MS = 200.0
GRAVITY_M_S2 = (6.0, 14.0)
"""The mean of |acc| over seconds, on a leg that does no more than move about."""


_BUSY = "This computer is too busy to play a simulated band in real time; end other programs."
_CLEARER = "Bring the computer closer, and away from other radios (a USB 3 port, a microwave oven)."
_FAR = "Bring the computer closer; end other programs that use Bluetooth."


@dataclass(slots=True)
class Streamed:
    """What came in a stretch of streaming. Delays in s, one for each measurement packet."""

    duration_s: float = 0.0
    packets: int = 0
    knee_samples: int = 0
    knee_lost: int = 0
    pairs: int = 0
    pairs_lost: int = 0
    delays_s: list[float] = field(default_factory=list[float])
    one_clock: bool = False
    thigh_acc: list[Vector] = field(default_factory=list[Vector])
    shank_acc: list[Vector] = field(default_factory=list[Vector])

    @property
    def loss(self) -> float:
        """The share of knee samples that did not come."""
        return self.knee_lost / max(1, self.knee_lost + self.knee_samples)


async def stream(link: Link, duration_s: float = DURATION_S) -> Streamed:
    """Have the band stream for so long, in the link's time, and count. It is stopped in any case.

    Raises CommandRefused where it does not start, LinkLost where the connection breaks.
    """
    told = await command(link, wire.OP_START, wire.START.pack(wire.START_RAW))
    recording = recording_told(told) if keeps_recordings(link) else None
    streamed = Streamed(one_clock=link.info.is_simulated)
    try:
        async with asyncio.timeout(LIMIT_S):
            await link.play()
            await _count(link, streamed, duration_s)
    except TimeoutError:
        pass  # the figures tell
    finally:
        with contextlib.suppress(LinkError):
            await command(link, wire.OP_STOP)
    if recording is not None:
        with contextlib.suppress(CommandRefused):  # it stays on the band, for kneetrack sync
            stopped = await recording_stopped(link, recording.recording_id)
            if stopped is not None:
                await let_go(link, stopped.recording_id, stopped.end_number)
    return streamed


async def _count(link: Link, streamed: Streamed, duration_s: float) -> None:
    decoder = Decoder(link.feature, link.origin_us)
    first_s: float | None = None
    async for packet in link.packets():
        items = decoder.feed(packet)
        if packet.channel not in (Channel.MEASUREMENT, Channel.RAW):
            continue
        if first_s is None:
            first_s = packet.received_at_s
        streamed.duration_s = packet.received_at_s - first_s
        streamed.packets += 1
        _take(link, packet, items, streamed)
        if streamed.duration_s >= duration_s:
            return


def _take(link: Link, packet: Packet, items: Sequence[object], streamed: Streamed) -> None:
    newest: KneeSample | None = None
    for item in items:
        if isinstance(item, KneeSample):
            streamed.knee_samples += 1
            newest = item
        elif isinstance(item, ImuPair):
            streamed.pairs += 1
            streamed.thigh_acc.append(item.thigh_acc)
            streamed.shank_acc.append(item.shank_acc)
        elif isinstance(item, Gap):
            if item.channel is Channel.RAW:
                streamed.pairs_lost += item.count
            else:
                streamed.knee_lost += item.count
    if newest is not None:
        source_s = link.source_s(packet.received_at_s)
        come_s = packet.received_at_s if source_s is None else source_s
        streamed.delays_s.append(come_s - newest.time_s)


def stream_rows(streamed: Streamed, kind: str) -> list[Row]:
    """Loss, delay, and whether what the sensors say is alive; `kind` is the link's."""
    if not streamed.knee_samples:
        return [
            Row(
                Part.BAND,
                "Streaming",
                State.PROBLEM,
                f"nothing came in {LIMIT_S:.0f} s",
                f"Switch the band off and on. {remedy_of_way(kind, 'Bring it closer.')}",
            )
        ]
    return [
        _loss_row(streamed, kind),
        _delay_row(streamed, kind),
        _alive_row("Thigh sensor moves", streamed.thigh_acc),
        _alive_row("Shank sensor moves", streamed.shank_acc),
    ]


def _loss_row(streamed: Streamed, kind: str) -> Row:
    expected = streamed.knee_samples + streamed.knee_lost
    rate_hz = streamed.knee_samples / max(streamed.duration_s, 1e-9)
    state = State.OK
    if streamed.loss > LOSS_NOTE:
        state = State.PROBLEM if streamed.loss > LOSS_PROBLEM else State.NOTE
    elif streamed.pairs_lost:
        state = State.NOTE
    return Row(
        Part.BAND,
        "Streaming",
        state,
        f"{streamed.duration_s:.1f} s: {streamed.knee_lost} of {expected} knee samples lost "
        f"({100 * streamed.loss:.1f} %), {streamed.pairs_lost} of "
        f"{streamed.pairs + streamed.pairs_lost} raw pairs",
        ""
        if state is State.OK
        else f"{remedy_of_way(kind, _CLEARER)} A recording fetches lost knee samples later; raw "
        "pairs stay lost.",
        {
            "duration_s": round(streamed.duration_s, 2),
            "packets": streamed.packets,
            "knee_samples": streamed.knee_samples,
            "knee_lost": streamed.knee_lost,
            "raw_pairs": streamed.pairs,
            "raw_lost": streamed.pairs_lost,
            "samples_per_s": round(rate_hz, 1),
        },
    )


def _delay_row(streamed: Streamed, kind: str) -> Row:
    zero_s = 0.0 if streamed.one_clock else min(streamed.delays_s)
    late_ms = sorted(1000 * (delay_s - zero_s) for delay_s in streamed.delays_s)
    median, p95 = statistics.median(late_ms), late_ms[(len(late_ms) - 1) * 95 // 100]
    since = (
        "from the newest sample to its reception" if streamed.one_clock
        else "later than the quickest packet"
    )  # fmt: skip
    late = p95 > LATE_MS
    return Row(
        Part.BAND,
        "Delay",
        State.NOTE if late else State.OK,
        f"half within {median:.0f} ms, 95 % within {p95:.0f} ms, all within {late_ms[-1]:.0f} ms "
        f"{since}",
        "" if not late else _BUSY if streamed.one_clock else remedy_of_way(kind, _FAR),
        {
            "from": "sample" if streamed.one_clock else "quickest_packet",
            "p50_ms": round(median, 1),
            "p95_ms": round(p95, 1),
            "most_ms": round(late_ms[-1], 1),
        },
    )


def _alive_row(name: str, acc: Sequence[Vector]) -> Row:
    """Whether a sensor shows gravity, and more than one and the same number."""
    if not acc:
        return Row(
            Part.BAND, name, State.PROBLEM, "no raw data came",
            "Switch the band off and on; check the cable between thigh and shank.",
        )  # fmt: skip
    mean = statistics.fmean(math.hypot(*one) for one in acc)
    stuck = len(set(acc)) == 1
    good = GRAVITY_M_S2[0] <= mean <= GRAVITY_M_S2[1] and not stuck
    text = f"|acc| {mean:.2f} m/s² in the mean" + (", always the same numbers" if stuck else "")
    remedy = "Switch the band off and on; if it stays so: kneetrack sensors, or a new sensor."
    return Row(
        Part.BAND, name, State.OK if good else State.PROBLEM, text, "" if good else remedy,
        {"acc_m_s2": round(mean, 3), "stuck": stuck},
    )  # fmt: skip
