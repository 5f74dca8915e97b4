"""Sessions of the real firmware that something strikes, recorded in virtual time, and counted.

Simulated bands over software Bluetooth, recorded by what `kneetrack record` runs. What is in the
logs is counted in their own bytes (live packets and fetched blocks, by the number that the band
gave each sample), and then once more as analysis reads it, in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kneecore import transfers, wire
from kneecore.block_reader import read_block
from kneetrack import live
from kneetrack.analysis.log import log_samples
from kneetrack.calibration.store import CalibrationFile
from kneetrack.cli.session import leg_for
from kneetrack.link import open_links
from kneetrack.link.sim import SimLink
from kneetrack.live import LinkNews, LinkState
from kneetrack.protocol import read_status
from kneetrack.samples import Channel, Decoded, Event, Packet, Side
from kneetrack.sessionlog import SessionWriter, read_log

INTO_THE_SET_S = 8.0
FETCHING_S = 1.5
CUT_MOST = round(1.5e6 / wire.KNEE_PERIOD_US)
"""Knee samples that may be gone with the band's power: it puts them on its flash each second."""

_HEADER = wire.PACKET_HEADER
_KNEE = wire.KNEE_SAMPLE.size
_KEPT = (wire.OP_START, wire.OP_RESUME, wire.OP_QUERY, wire.OP_LIST)

Start = tuple[Side, int]
"""A leg's band from one switching on to the next: its side and its boot id."""


@dataclass(slots=True)
class Struck:
    """What was done to a session: when it was over, by the world's clock, and how far a band had
    measured when its power was cut."""

    over_s: float | None = None
    cut_at: dict[Start, int] = field(default_factory=dict[Start, int])


Fault = Callable[[Sequence[SimLink], Struck], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Case:
    """`reps` squats of each leg, with these options of the simulator, and what strikes them."""

    reps: int
    fault: Fault | None = None
    options: str = ""
    sides: tuple[Side, ...] = (Side.RIGHT,)


@dataclass(frozen=True, slots=True)
class Counted:
    """All in knee samples; `overruns` in how often a band lost some by being too slow."""

    produced: int = 0
    """Measured by the bands from START to the end, or to a cut of their power."""
    logged: int = 0
    missing: int = 0
    """Not in the log, though a band kept them."""
    gone: int = 0
    """Not in the log, for they went with the power."""
    fetched: int = 0
    twice: int = 0
    disordered: int = 0
    overruns: int = 0
    cuts: int = 0

    @property
    def held(self) -> bool:
        """Whether nothing is lost that was not lost with the power."""
        spoilt = self.missing + self.twice + self.disordered + self.overruns
        return self.produced > 0 and not spoilt and self.gone <= self.cuts * CUT_MOST


# --- faults ---------------------------------------------------------------------------------------


def outage(duration_s: float) -> Fault:
    """Out of reach for so long."""

    async def strike(links: Sequence[SimLink], _: Struck) -> None:
        await links[0].outage(duration_s)

    return strike


def outages(*durations_s: float) -> Fault:
    """Out of reach for so long, and again when what was missed is just being fetched."""

    async def strike(links: Sequence[SimLink], _: Struck) -> None:
        for number, duration_s in enumerate(durations_s):
            await links[0].sleep(FETCHING_S if number else 0.0)
            await links[0].outage(duration_s)

    return strike


async def reboot(links: Sequence[SimLink], struck: Struck) -> None:
    """Without power for two seconds."""
    await _cut(links[0], struck)
    await links[0].sleep(2.0)
    await links[0].power_on()


def dead_after(duration_s: float) -> Fault:
    """Out of reach for so long, and then without power, too."""

    async def strike(links: Sequence[SimLink], struck: Struck) -> None:
        away = asyncio.create_task(links[0].outage(duration_s + 4.0))
        await links[0].sleep(duration_s)
        await _cut(links[0], struck)
        await away
        await links[0].power_on()

    return strike


async def _cut(link: SimLink, struck: Struck) -> None:
    assert link.scenario is not None
    measured = await link.measured()
    await link.cut_power()
    struck.cut_at[link.scenario.side, link.feature.boot_id] = measured


# --- a session ------------------------------------------------------------------------------------


class _Watch:
    """Sees when nothing is missing any more (a live.LinkSink)."""

    def __init__(self, link: SimLink, struck: Struck) -> None:
        self.whole_s: float | None = None
        """So long after what struck was over, or else after the set was."""
        self._link = link
        self._struck = struck

    def packet(self) -> None:
        return

    def item(self, item: Decoded) -> None:
        return

    def event(self, event: Event) -> None:
        return

    def link(self, news: LinkNews) -> None:
        if news.ending and self._struck.over_s is None:
            self._struck.over_s = self._link.now_s()
        over_s = self._struck.over_s
        stands = news.state in (LinkState.LIVE, LinkState.OVER)
        if self.whole_s is None and over_s is not None and stands and not news.missing:
            self.whole_s = self._link.now_s() - over_s


async def recorded(case: Case, made: CalibrationFile, path: Path) -> tuple[Struck, float | None]:
    """Record it, with what strikes it; how long until it was whole. Raises what ended it."""
    options = f"reps={case.reps}&functional=0&table=0&stand=2&seed=5&speed=max{case.options}"
    links = [
        link
        for link in open_links([f"sim:squats?side={side.word}&{options}" for side in case.sides])
        if isinstance(link, SimLink)
    ]
    struck = Struck()
    async with asyncio.TaskGroup() as entering:
        for link in links:
            entering.create_task(link.__aenter__())
    try:
        watch = _Watch(links[0], struck)
        with SessionWriter(path, {"exercise": "squat"}) as writer:
            fault = asyncio.create_task(_strike(links, case.fault, struck))
            async with asyncio.TaskGroup() as recording:
                for link, side in zip(links, case.sides, strict=True):
                    calibration = made if side is Side.RIGHT else None  # whose it is
                    recording.create_task(
                        live.record(
                            link,
                            leg_for(link, side, None, calibration).analyzer,
                            writer=writer,
                            sinks=[watch] if link is links[0] else [],
                            calibration=calibration and calibration.calibration,
                            raw=False,
                        )
                    )
            if not fault.done():
                raise AssertionError("the set was over before what was to strike it")
            await fault
    finally:
        for link in links:
            await link.__aexit__(None, None, None)
    return struck, watch.whole_s


async def _strike(links: Sequence[SimLink], fault: Fault | None, struck: Struck) -> None:
    if fault is not None:
        await links[0].sleep(INTO_THE_SET_S)
        await fault(links, struck)
        struck.over_s = links[0].now_s()


# --- counting -------------------------------------------------------------------------------------


class _Account:
    """What stands in the logs of one session."""

    def __init__(self) -> None:
        self.have: dict[Start, set[int]] = {}
        self.told: dict[Start, tuple[int, int]] = {}
        self.fetched = self.overruns = 0

    def take(self, side: Side, packet: Packet) -> None:
        data = packet.data
        if packet.channel is Channel.MEASUREMENT:
            boot_id, _, time_us, period_us, _ = _HEADER.unpack_from(data)
            first = time_us // period_us
            count = (len(data) - _HEADER.size) // _KNEE
            self.have.setdefault((side, boot_id), set()).update(range(first, first + count))
        elif packet.channel is Channel.TRANSFER and data[0] == transfers.TRANSFER_BLOCK:
            boot_id, first, _, samples = read_block(data[transfers.BLOCK_HEAD :])
            numbers = set(range(first, first + len(samples) // _KNEE))
            have = self.have.setdefault((side, boot_id), set())
            self.fetched += len(numbers - have)
            have |= numbers
        elif packet.channel is Channel.CONTROL:
            recording = _recording_in(data)
            if recording is not None:
                start = side, recording.boot_id
                first, end = recording.first_number, recording.end_number
                known = self.told.get(start, (first, end))
                self.told[start] = min(known[0], first), max(known[1], end)
            status = read_status(data[1:]) if data[:1] == bytes([wire.OP_STATUS]) else None
            self.overruns += status.overruns if status is not None else 0


def _recording_in(data: bytes) -> Any | None:
    """The wire.RECORDING in an answer, where there is one."""
    if len(data) != 3 + wire.RECORDING.size or data[2] != wire.RESULT_SUCCESS:
        return None
    return wire.RECORDING.unpack_from(data, 3) if data[1] in _KEPT else None


def counted(paths: Iterable[Path], struck: Struck) -> Counted:
    """What the logs of one session hold, together, of what its bands measured."""
    account = _Account()
    twice = disordered = 0
    for path in paths:
        log = read_log(path)
        for side, packet in log:
            account.take(side, packet)
        for side in log.sides:
            before_s = float("-inf")
            seen: set[int] = set()
            for sample in log_samples(path, side=side):
                twice += sample.number in seen
                disordered += sample.time_s <= before_s
                seen.add(sample.number)
                before_s = sample.time_s
    produced = logged = missing = gone = 0
    for start, numbers in account.have.items():
        first, end = account.told.get(start, (min(numbers), 0))
        end = max(end, max(numbers) + 1)
        measured = max(end, struck.cut_at.get(start, 0))
        numbers = {number for number in numbers if number >= first}
        produced += measured - first
        logged += len(numbers)
        missing += end - first - len(numbers)
        gone += measured - end
    return Counted(
        produced,
        logged,
        missing,
        gone,
        account.fetched,
        twice,
        disordered,
        account.overruns,
        len(struck.cut_at),
    )
