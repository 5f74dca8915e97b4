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
from kneetrack.link.radio import world
from kneetrack.protocol import Decoder
from kneetrack.samples import ImuPair, Packet

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
    apart = measure(120.0, PPM)
    assert apart.seconds >= 118
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


def test_legs_of_one_world_have_one_speed():
    with pytest.raises(UsageError, match="same speed"):
        open_links(["sim:squats?speed=4", "sim:squats?side=left"])
