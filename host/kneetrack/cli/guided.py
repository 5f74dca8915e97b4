"""The calibration movements with a real band: what to do, when, and what was measured meanwhile.

The steps are data. Each is a window of the recording that the calibration is derived from; a step
with no length ends with Enter. All raw pairs are kept from the first step on, so that a trace of
the whole is what `analysis` gets, just as from a file.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import NamedTuple

from rich.console import Console

from kneecore import wire
from kneetrack import live
from kneetrack.analysis.trace import calibrate
from kneetrack.calibration import CalibrationFile
from kneetrack.calibration.runner import as_trace
from kneetrack.cli.keys import enter_key
from kneetrack.errors import CalibrationError, LinkError
from kneetrack.link import Link
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, Gap, ImuPair, Side, Window


class Step(NamedTuple):
    kind: str | None  # of the window; None: nothing is measured
    seconds: float | None  # None: until Enter
    say: str


STEPS = (
    Step(None, None, "Lay the band on a table, both sensors, and leave it alone."),
    Step("table", 6.0, "Measuring the sensors at rest: don't touch the table."),
    Step(
        None,
        None,
        "Strap it on: one sensor on the outer thigh a hand above the knee, one on the inner "
        "front of the shin, both firm. Then stand tall, feet hip-wide, weight on both.",
    ),
    Step("stand", 4.0, "Stand still."),
    Step(
        "functional",
        None,
        "Do five slow squats, knees over the toes, about three seconds down and three up. Press "
        "Enter when you stand again.",
    ),
)


class _Recording:
    """The raw pairs that have come so far."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.pairs: list[ImuPair] = []

    @property
    def now_s(self) -> float:
        return self.pairs[-1].time_s if self.pairs else 0.0

    async def run(self) -> None:
        decoder = Decoder(self._link.feature)
        async for packet in self._link.packets():
            for item in decoder.feed(packet):
                if isinstance(item, ImuPair):
                    self.pairs.append(item)
                elif isinstance(item, Gap) and item.channel is Channel.RAW:
                    raise CalibrationError(
                        f"{item.count} samples were lost while calibrating ({item.reason}). Bring "
                        "the computer closer and do it again."
                    )


async def guided_calibration(link: Link, side: Side, console: Console) -> CalibrationFile:
    """Lead a person through STEPS, derive the calibration and give it to the band.

    Raises CalibrationError, with what to do better, where the movements were not good enough.
    """
    await live.command(link, wire.OP_START, wire.START.pack(wire.START_RAW))
    recording = _Recording(link)
    receiving = asyncio.create_task(recording.run())
    try:
        windows = await _lead(recording, receiving, console)
    finally:
        with contextlib.suppress(LinkError):  # then that is the error, and it is told already
            await live.command(link, wire.OP_STOP)
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)
    made = calibrate(as_trace(recording.pairs, side, windows))
    made.require_passed()
    await live.set_calibration(link, made.calibration)
    return made


async def _lead(
    recording: _Recording, receiving: asyncio.Task[None], console: Console
) -> tuple[Window, ...]:
    windows: list[Window] = []
    for step in STEPS:
        console.print(step.say)
        start_s = recording.now_s
        if step.seconds is None:
            console.print("Enter goes on.", style="dim")
            waiting = asyncio.create_task(enter_key())
        else:
            waiting = asyncio.create_task(asyncio.sleep(step.seconds))
        try:
            await asyncio.wait({waiting, receiving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        if receiving.done():
            receiving.result()
            raise CalibrationError("The band stopped sending while calibrating; do it again.")
        waiting.result()
        if step.kind is not None:
            windows.append(Window(step.kind, start_s, recording.now_s))
    return tuple(windows)
