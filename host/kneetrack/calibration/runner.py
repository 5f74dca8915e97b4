"""Calibration movements through a link: measured, turned into a calibration, given to the band.

For a simulated leg, which does what it is told when it is told. The commands are those of `live`;
what is made of the measurement is the analysis' business.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from kneecore import wire
from kneecore.calibration import Calibration
from kneetrack.errors import CalibrationError, LinkError
from kneetrack.link.base import Link
from kneetrack.live import command, set_calibration
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, Gap, ImuPair, Side, Window
from kneetrack.traces import Trace

T = TypeVar("T")

CALIBRATION_WINDOWS = ("table", "stand", "functional")
_STOPPED = bytes([wire.OP_RESPONSE, wire.OP_STOP])


async def calibrate(link: Link, derive: Callable[[Trace], T], use: Callable[[T], Calibration]) -> T:
    """Measure the calibration movements, derive a calibration from them, give it to the band.

    `derive` is the analysis (it raises CalibrationError with its reasons), `use` takes what the
    band needs from its result. Returns what `derive` returned. The leg then stands where the last
    movement ended.
    """
    derived = derive(await calibration_trace(link))
    await set_calibration(link, use(derived))
    return derived


async def calibration_trace(link: Link) -> Trace:
    """What both IMUs measured through the scenario's calibration windows.

    Raises CalibrationError where the source has none, or samples were lost on the way.
    """
    scenario = link.scenario
    windows = [w for w in scenario.windows if w.kind in CALIBRATION_WINDOWS] if scenario else []
    if scenario is None or not windows:
        raise CalibrationError(
            f"{link.info.label} has no movements to calibrate with: a stand and some slow squats."
        )
    until_s = max(window.end_s for window in windows)
    await command(link, wire.OP_START, wire.START.pack(wire.START_RAW))
    try:
        await link.play(until_s, speed=0.0)  # nobody watches a calibration being played
        pairs = await _pairs_until(link, until_s)
    finally:
        with contextlib.suppress(LinkError):  # a lost link is told by the packets
            await command(link, wire.OP_STOP)
    async for packet in link.packets():  # what was on its way belongs to nothing
        if packet.channel is Channel.CONTROL and packet.data[:2] == _STOPPED:
            break
    return as_trace(pairs, scenario.side, windows, scenario.exercise, scenario.shank_length_m)


async def _pairs_until(link: Link, until_s: float) -> list[ImuPair]:
    """All raw pairs of the source's time 0 to `until_s`."""
    decoder = Decoder(link.feature, link.origin_us)
    pairs: list[ImuPair] = []
    async for packet in link.packets():
        for item in decoder.feed(packet):
            if isinstance(item, ImuPair):
                if item.time_s >= until_s:
                    return pairs
                if item.time_s >= 0.0:
                    pairs.append(item)
            elif isinstance(item, Gap) and item.channel is Channel.RAW:
                raise CalibrationError(
                    f"{item.count} samples were lost while calibrating ({item.reason}). Bring the "
                    "computer closer and do it again."
                )
    raise CalibrationError(
        f"The source ended before its calibration movements did, at {until_s:.1f} s."
    )


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
