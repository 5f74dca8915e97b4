"""Two simulated bands in one world: they move together, on one clock, whatever their crystals."""

import asyncio
import os
import signal

import numpy as np
import pytest

from bench_two_bands import measure
from kneecore import wire
from kneetrack.errors import LinkLost, UsageError
from kneetrack.link import Link, open_links
from kneetrack.link.radio import virtual, world
from kneetrack.protocol import Decoder
from kneetrack.samples import ImuPair, KneeSample, Packet

PPM = 50.0
FAST = "sim:{}&side=left&clock=50&speed=max"
SLOW = "sim:{}&side=right&clock=-50&speed=max"


async def streamed(link: Link, raw: bool = False) -> list[Packet]:
    """All packets of a leg from its start to the end of its movement."""
    start = wire.START.pack(wire.START_RAW if raw else 0)
    await link.request(bytes([wire.OP_START]) + start, 5.0)
    await link.play()
    return [packet async for packet in link.packets()]


def turning(link: Link, packets: list[Packet], ppm: float) -> tuple[np.ndarray, np.ndarray]:
    """When (world's time since the movement's start) the thigh turned how fast."""
    decoder = Decoder(link.feature, link.origin_us)
    pairs = [item for p in packets for item in decoder.feed(p) if isinstance(item, ImuPair)]
    times_s = np.array([pair.time_s for pair in pairs]) / (1.0 + 1e-6 * ppm)
    return times_s, np.array([np.linalg.norm(pair.thigh_gyr) for pair in pairs])


def lag_s(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> float:
    """By how much the other does later what the one does, to within a millisecond."""
    start, end = max(one[0][0], other[0][0]) + 1.0, min(one[0][-1], other[0][-1]) - 1.0
    grid = np.arange(start, end, 0.005)
    reference = np.interp(grid, *one)
    lags = np.arange(-0.1, 0.1, 0.001)
    misfits = [np.mean((np.interp(grid + lag, *other) - reference) ** 2) for lag in lags]
    return float(lags[int(np.argmin(misfits))])


def test_after_two_minutes_the_legs_are_within_five_milliseconds():
    """Two minutes of 50 ppm each in one: crystals twice as far apart drift twice as fast."""
    apart = measure(60.0, 2 * PPM)
    assert apart.seconds >= 58
    assert apart.settled_ms <= 5.0
    assert apart.uncorrected_ms > 10.0


def test_two_legs_do_their_squats_at_the_same_time():
    """The chips err by +-1.5 % in rate and the boards by 50 ppm; the movement is one."""

    async def check():
        squats = "squats?reps=2&functional=0&table=1&stand=2&seed=4"
        one, other = open_links([FAST.format(squats), SLOW.format(squats)])
        async with one, other:
            heard = await asyncio.gather(streamed(one, raw=True), streamed(other, raw=True))
        assert abs(lag_s(turning(one, heard[0], PPM), turning(other, heard[1], -PPM))) <= 0.003

    asyncio.run(check())


def test_a_leg_whose_band_dies_does_not_hold_up_the_other():
    async def check():
        one, other = open_links(
            [FAST.format("still?table=0&stand=10"), SLOW.format("still?table=0&stand=10")]
        )

        async def dies():
            await streamed(other)

        async def lives():
            whole = asyncio.create_task(streamed(one))
            while one.origin_us is None:
                await asyncio.sleep(0.01)
            os.kill(other.board_pid, signal.SIGKILL)
            return await whole

        async with one, other:
            died, packets = await asyncio.gather(dies(), lives(), return_exceptions=True)
        assert isinstance(died, LinkLost)
        assert packets[-1].received_at_s - packets[0].received_at_s > 9.0

    asyncio.run(check())


def test_a_leg_that_nobody_sets_in_motion_is_waited_for_a_while_only(monkeypatch):
    monkeypatch.setattr(world, "PATIENCE_S", 0.3)

    async def check():
        one, other = open_links(
            [FAST.format("still?table=0&stand=2"), SLOW.format("still?table=0&stand=2")]
        )
        async with one, other:
            assert len(await streamed(one)) > 10

    asyncio.run(check())


async def lateness_s(link: Link) -> list[float]:
    """By how much each packet of a leg's movement came later than its newest sample was taken."""
    late = []
    await link.request(bytes([wire.OP_START, 0]), 5.0)
    await link.play()
    decoder = Decoder(link.feature, link.origin_us)
    async for packet in link.packets():
        samples = [item for item in decoder.feed(packet) if isinstance(item, KneeSample)]
        if samples:
            late.append(link.source_s(packet.received_at_s) - samples[-1].time_s)
    return late


@pytest.mark.parametrize("run", [asyncio.run, virtual.run])
def test_a_band_switched_on_later_is_no_later_with_its_samples(run):
    """What a band's clock shows is its own affair: it counts from its start, as its crystal goes.
    One leg has moved before the other band is there, as when legs are calibrated one by one."""

    async def check() -> list[list[float]]:
        one, other = open_links(
            [FAST.format("still?table=0&stand=6"), SLOW.format("still?table=0&stand=4")]
        )
        async with one:
            assert one.source_s(one.now_s()) is None
            await one.play(2.0)
            while one.source_s(one.now_s()) < 2.0:
                await one.sleep(0.05)
            async with other:
                return await asyncio.gather(lateness_s(one), lateness_s(other))

    for late in run(check()):
        assert len(late) > 10
        assert min(late) >= -0.05
        assert max(late) <= 0.3


def test_legs_of_one_world_have_one_speed():
    with pytest.raises(UsageError, match="same speed"):
        open_links(["sim:squats?speed=4", "sim:squats?side=left"])
