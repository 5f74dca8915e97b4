"""Calibration through a link: the procedure is fed, its outcome given to the band and read back.

`lead` is for whoever watches: a person with a band, or a simulated leg that plays its programme.
`of_simulated` is for a recording of a simulated leg, which has nobody to ask: as fast as it goes,
by the same procedure, and where that isn't satisfied by the windows that the scenario names, as a
trace with them would be. The commands are those of `live`; what is made of the measurement is the
analysis' business, which comes in as `derive`.

The band's calibration changes in one moment only, when a new one has been accepted; it stores it in
one step (firmware/kneeband/store.py). Whatever goes wrong before leaves it what it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from kneecore import wire
from kneecore.calibration import Calibration
from kneetrack.calibration.procedure import Accepted, Measured, Procedure, Refused, Told
from kneetrack.calibration.steps import SQUATS
from kneetrack.calibration.store import CalibrationFile
from kneetrack.errors import CalibrationError, LinkError, LinkLost
from kneetrack.link.base import Link, Scenario
from kneetrack.live import command, set_calibration, stop_unkept
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, Gap, ImuPair, Side, Window
from kneetrack.traces import Trace

Derive: TypeAlias = Callable[[Trace], CalibrationFile]
Tell: TypeAlias = Callable[[Told], None]

CALIBRATION_WINDOWS = ("table", "stand", "functional")
SILENCE_S = 10.0
"""So long without a packet, and the band hangs."""
AFTERWARDS_S = 1.5
"""A simulated leg is held where its last calibration window ends; so long it is still looked at."""
_STOPPED = bytes([wire.OP_RESPONSE, wire.OP_STOP])
_HELD = wire.QUERY.pack(wire.QUERY_CALIBRATION)


async def lead(
    link: Link, procedure: Procedure, derive: Derive, tell: Tell = lambda _: None
) -> CalibrationFile:
    """Go through the procedure with whoever wears the band, and give it what came of it.

    `tell` is called with every event. Raises CalibrationError with the reason where it is refused,
    LinkLost where the band is gone; the band then keeps what it had.
    """
    await command(link, wire.OP_START, wire.START.pack(wire.START_RAW))
    try:
        await link.play()
        run = _Run(link, procedure, derive, tell)
        accepted = await run.through()
    finally:
        with contextlib.suppress(LinkError):  # then that is the error, and it is told already
            await stop_unkept(link)
    storing = asyncio.ensure_future(store(link, accepted.made.calibration))
    try:
        await asyncio.shield(storing)
    except asyncio.CancelledError:  # what was begun is ended first
        await asyncio.gather(storing, return_exceptions=True)
        raise
    return accepted.made


async def of_simulated(link: Link, derive: Derive) -> CalibrationFile:
    """Have a simulated leg do its calibration movements at once, and calibrate the band.

    What the procedure does not accept is derived all the same from the scenario's windows, with a
    warning that says why it wasn't; `derive` may refuse that too. The leg then stands where the
    last movement ended. Raises CalibrationError where the source has no such movements.
    """
    scenario = link.scenario
    windows = movements(scenario)
    if scenario is None or not windows:
        raise CalibrationError(
            f"{link.info.label} has no movements to calibrate with: a stand and some slow squats."
        )
    until_s = max(window.end_s for window in windows)
    procedure = Procedure(scenario.side, table=any(w.kind == "table" for w in windows))
    await command(link, wire.OP_START, wire.START.pack(wire.START_RAW))
    try:
        await link.play(until_s, speed=0.0)  # nobody watches a calibration being played
        run = _Run(link, procedure, derive, lambda _: None)
        try:
            made = (await run.through(until_s)).made
        except CalibrationError as refused:
            made = await asyncio.to_thread(derive, run.trace(windows, until_s))
            made = replace(
                made,
                warnings=(
                    *made.warnings,
                    f"kneetrack calibrate would have had a step done again: {refused}",
                ),
            )
    finally:
        with contextlib.suppress(LinkError):  # a lost link is told by the packets
            await stop_unkept(link)
    async for packet in link.packets():  # what was on its way belongs to nothing
        if packet.channel is Channel.CONTROL and packet.data[:2] == _STOPPED:
            break
    await store(link, made.calibration)
    return made


def movements(scenario: Scenario | None) -> tuple[Window, ...]:
    """The scenario's windows to calibrate with, up to the squats: not a table after the set."""
    windows = () if scenario is None else scenario.windows
    worn = [w.end_s for w in windows if w.kind in ("stand", "functional")]
    last_s = max(worn, default=math.inf)
    return tuple(w for w in windows if w.kind in CALIBRATION_WINDOWS and w.start_s < last_s)


async def store(link: Link, calibration: Calibration) -> None:
    """Give the band a calibration and read it back. LinkError where it holds another one then."""
    await set_calibration(link, calibration)
    held = await command(link, wire.OP_QUERY, _HELD)
    if held.payload != calibration.to_wire():
        raise LinkError(
            "The band did not keep the calibration as it was sent. Switch it off and on, then "
            "calibrate again."
        )


class _Run:
    """One run of a procedure: the pairs so far, and whom to tell."""

    def __init__(self, link: Link, procedure: Procedure, derive: Derive, tell: Tell) -> None:
        self._link = link
        self._procedure = procedure
        self._derive = derive
        self._tell = tell
        self._pairs: list[ImuPair] = []
        self._lost: list[Gap] = []

    async def through(self, until_s: float | None = None) -> Accepted:
        """To the outcome. CalibrationError where that is none, or no pairs come any more."""
        procedure, link = self._procedure, self._link
        decoder = Decoder(link.feature, link.origin_us)
        await self._told(procedure.begin())
        try:
            async with asyncio.timeout(SILENCE_S) as silence:
                loop = asyncio.get_running_loop()
                async for packet in link.packets():
                    silence.reschedule(None)  # working it out, of both legs, may take longer
                    for item in decoder.feed(packet):
                        if isinstance(item, ImuPair):
                            self._pairs.append(item)
                            await self._told(procedure.feed(item))
                        elif isinstance(item, Gap) and item.channel is Channel.RAW:
                            self._lost.append(item)
                            await self._told(procedure.lost(item))
                    if procedure.outcome is not None:
                        break
                    if until_s is not None and self._past(until_s):
                        break
                    silence.reschedule(loop.time() + SILENCE_S)
        except TimeoutError:
            raise LinkLost(
                "The band neither sends nor answers any more. Switch it off and on again, then "
                "calibrate again."
            ) from None
        await self._told(procedure.ended())
        if isinstance(procedure.outcome, Accepted):
            return procedure.outcome
        assert isinstance(procedure.outcome, Refused)
        raise CalibrationError(procedure.outcome.text)

    def _past(self, until_s: float) -> bool:
        """Whether a leg that is held since `until_s` can add nothing: it only stands."""
        now_s = self._pairs[-1].time_s if self._pairs else until_s
        reading = self._procedure.reading
        only_stands = reading.reps is not None and reading.reps >= reading.wanted_reps
        return now_s > until_s + (AFTERWARDS_S if only_stands else 0.0)

    def trace(self, windows: Sequence[Window], until_s: float | None = None) -> Trace:
        """The pairs so far (of the source's time 0 to `until_s`) as a trace."""
        pairs = self._pairs
        if until_s is not None:
            pairs = [pair for pair in pairs if 0.0 <= pair.time_s < until_s]
            if self._lost:
                lost = self._lost[0]
                raise CalibrationError(
                    f"{lost.count} samples were lost while calibrating ({lost.reason}). Bring the "
                    "computer closer and do it again."
                )
        scenario = self._link.scenario
        squats = self._procedure.movement is SQUATS
        return as_trace(
            pairs,
            self._procedure.side,
            windows,
            "squat" if squats else "unknown",
            None if scenario is None else scenario.shank_length_m,
        )

    async def _told(self, events: Sequence[Told]) -> None:
        """Tell the events, and answer what asks for an answer."""
        for event in events:
            self._tell(event)
            if isinstance(event, Measured):
                # In a thread: it takes a second or two, in which the link must be served.
                try:
                    made = await asyncio.to_thread(self._derive, self.trace(event.windows))
                except CalibrationError as error:
                    made = str(error)
                await self._told(self._procedure.judged(made))


def as_trace(
    pairs: Sequence[ImuPair],
    side: Side,
    windows: Sequence[Window],
    exercise: str = "squat",
    shank_length_m: float | None = None,
) -> Trace:
    """Raw pairs as the trace they would be, had they been recorded as a file."""
    rows = np.array(
        [pair.thigh_gyr + pair.thigh_acc + pair.shank_gyr + pair.shank_acc for pair in pairs],
        dtype=np.float64,
    ).reshape(-1, 12)
    thigh_gyr, thigh_acc, shank_gyr, shank_acc = np.hsplit(rows, 4)
    return Trace(
        path=Path("calibration"),
        time_s=np.array([pair.time_s for pair in pairs], dtype=np.float64),
        thigh_gyr=thigh_gyr,
        thigh_acc=thigh_acc,
        shank_gyr=shank_gyr,
        shank_acc=shank_acc,
        side=side,
        rate_hz=1e6 / wire.PAIR_PERIOD_US,
        exercise=exercise,
        windows=tuple(windows),
        shank_length_m=shank_length_m,
    )
