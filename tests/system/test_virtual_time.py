"""The simulated world in virtual time: it repeats, it waits for nobody, and it ends."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator

import pytest

from kneecore import wire
from kneetrack.errors import LinkError, LinkLost
from kneetrack.link import open_link, open_links
from kneetrack.link.radio import virtual
from kneetrack.samples import Channel

START = bytes([wire.OP_START, 0])
SHORT = "sim:squats?reps=1&functional=0&table=0&stand=2&seed=5&speed=max"


async def struck() -> list[tuple[float, Channel, bytes]]:
    """All packets of a leg's movement in which the air goes away and comes back."""
    heard = []
    async with open_link(SHORT) as link:
        await link.request(START, 5.0)
        await link.play()
        outage = asyncio.create_task(strike(link))
        over = False
        while not over:
            try:
                async for packet in link.packets():
                    heard.append((round(packet.received_at_s, 6), packet.channel, packet.data))
                over = True
            except LinkLost:
                await comes_back(link)
                await link.request(START, 5.0)
        await outage
    return heard


async def strike(link) -> None:
    await link.sleep(2.0)
    await link.outage(1.5)


async def comes_back(link) -> None:
    while True:
        try:
            return await link.reconnect()
        except LinkError:
            await link.sleep(0.5)


def test_the_same_troubled_stream_twice_is_the_same_to_the_microsecond():
    once, again = (virtual.run(struck()) for _ in range(2))
    streamed = [packet for packet in once if packet[1] is Channel.MEASUREMENT]
    assert len(streamed) > 5
    assert once == again


def test_what_nobody_computes_for_takes_no_time():
    async def wait_for_an_hour() -> float:
        async with open_link(SHORT) as link:
            await link.cut_power()
            before_s = link.now_s()
            await link.sleep(3600.0)
            return link.now_s() - before_s

    assert virtual.run(wait_for_an_hour()) == pytest.approx(3600.0, abs=1e-6)


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The process stands still meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_board_that_hangs_is_given_up_after_a_bounded_time(monkeypatch):
    monkeypatch.setattr(virtual, "PATIENCE_S", 1.0)

    async def ask() -> None:
        async with open_link(SHORT) as link:
            with stopped(link.board_pid), pytest.raises(LinkError, match="within 2 s"):
                await link.request(START, 2.0)

    virtual.run(ask())


def test_two_bands_begin_at_one_instant_and_are_stamped_by_one_clock():
    async def both() -> list[tuple[float, float]]:
        addresses = [
            SHORT.replace("?", f"?side={side}&clock={ppm}&")
            for side, ppm in (("left", 50), ("right", -50))
        ]
        left, right = open_links(addresses)

        async def squat(link) -> tuple[float, float]:
            await link.request(START, 5.0)
            await link.play()
            heard_s = [packet.received_at_s async for packet in link.packets()]
            return link._place.clock.world_s(link.origin_us), heard_s[-1]

        async with left, right:
            return await asyncio.gather(squat(left), squat(right))

    (left_s, left_end_s), (right_s, right_end_s) = virtual.run(both())
    assert left_s == pytest.approx(right_s, abs=1e-5)
    assert left_end_s == pytest.approx(right_end_s, abs=0.15)
