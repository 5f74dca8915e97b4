"""A link that is disturbed: nonsense written to it, the air gone, the band without power.

Through `SimLink` in virtual time; the band under test is the firmware itself.
"""

import asyncio
import contextlib
import random

import pytest
from bleak.exc import BleakError

from boards import CHARACTERISTICS, board, joined
from kneecore import wire
from kneetrack.errors import BandNotFound, LinkError, LinkLost
from kneetrack.link import open_link
from kneetrack.link.radio import virtual
from kneetrack.link.radio.backend import Adapter
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, Gap, KneeSample

SQUATS = "sim:squats?speed=max"
START = bytes([wire.OP_START, 0])
LASTING = (wire.OP_STOP, wire.OP_FORGET, wire.OP_SET_SIDE)
"""Commands that a band in its right mind obeys, stream or no stream."""


@contextlib.asynccontextmanager
async def streaming():
    """A link to a band that streams."""
    async with open_link(SQUATS) as link:
        assert (await link.request(START, 5.0))[2] == wire.RESULT_SUCCESS
        await link.play()
        yield link


async def samples_until(link, count: int) -> list:
    """Knee samples and gaps as they come, until there are `count` samples."""
    decoder, items = Decoder(), []
    async with asyncio.timeout(30):
        async for packet in link.packets():
            items += [i for i in decoder.feed(packet) if isinstance(i, KneeSample | Gap)]
            if sum(isinstance(item, KneeSample) for item in items) >= count:
                break
    return items


async def comes_back(link, at_most_s: float = 20.0) -> int:
    """Reconnect as often as it takes; how often it did not work."""
    failed = 0
    async with asyncio.timeout(at_most_s):
        while True:
            try:
                await link.reconnect()
                return failed
            except LinkError:
                failed += 1
                await asyncio.sleep(0.05)


async def break_of(link) -> None:
    with pytest.raises(LinkLost):
        async with asyncio.timeout(20):
            async for _ in link.packets():
                pass


def gaps(items: list) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def nonsense(dice: random.Random, uuid: str) -> bytes:
    """Anything, of any length; sometimes a command that begins well."""
    size = dice.choice((0, 1, 2, 5, 20, 74, 75, 76, 244, dice.randrange(244)))
    data = bytearray(dice.randbytes(size))
    if data and uuid == wire.CONTROL_UUID:
        data[0] = dice.choice([code for code in range(256) if code not in LASTING])
    return bytes(data)


def test_nonsense_written_anywhere_by_a_paired_computer_stops_no_stream():
    async def check():
        dice = random.Random(4)
        async with streaming() as link:
            before = link.feature
            client = link._client
            for number in range(150):
                uuid = CHARACTERISTICS[number % len(CHARACTERISTICS)]
                characteristic = client.services.get_characteristic(uuid)
                with contextlib.suppress(BleakError):  # most of it is refused, as it should be
                    await link._client.write_gatt_char(
                        characteristic, nonsense(dice, uuid), response=bool(number % 3)
                    )
            items = await samples_until(link, 300)
            assert not gaps(items)
            await link.read_feature()
            assert link.feature == before
            answer = await link.request(bytes([wire.OP_QUERY, wire.QUERY_STATUS]), 5.0)
            status = wire.STATUS.unpack_from(answer, 3)
            assert (status.state, status.faults) == (wire.STATE_STREAMING, 0)

    virtual.run(check())


def test_a_flood_from_a_stranger_reaches_neither_the_program_nor_the_flash(tmp_path):
    async def check():
        dice = random.Random(5)
        async with board(tmp_path) as band, Adapter(band.radio.air) as adapter:
            async with joined(adapter) as client:
                for number in range(120):
                    uuid = CHARACTERISTICS[number % len(CHARACTERISTICS)]
                    characteristic = client.services.get_characteristic(uuid)
                    with pytest.raises(BleakError):
                        await client.write_gatt_char(
                            characteristic, nonsense(dice, uuid), response=True
                        )
            assert not band.holds_bonds()
            await band.press()
            async with band.link(adapter) as link:  # it is as it was, and serves its owner
                answer = await link.request(bytes([wire.OP_QUERY, wire.QUERY_STATUS]), 5.0)
                status = wire.STATUS.unpack_from(answer, 3)
                assert (status.state, status.faults) == (wire.STATE_IDLE, 0)

    asyncio.run(check())


def test_after_an_outage_the_same_band_is_there_again_and_the_link_goes_on():
    async def check():
        async with streaming() as link:
            boot_id = link.feature.boot_id
            assert await samples_until(link, 50)
            outage = asyncio.create_task(link.outage(12.0))
            await break_of(link)
            with pytest.raises(BandNotFound):
                await link.reconnect()
            with pytest.raises(LinkLost):
                await link.request(START, 5.0)
            await comes_back(link)
            await outage
            assert link.feature.boot_id == boot_id
            assert link.figures.rssi_dbm == -50
            assert link.figures.mtu == wire.MTU
            answer = await link.request(bytes([wire.OP_QUERY, wire.QUERY_STATUS]), 5.0)
            assert answer[2] == wire.RESULT_SUCCESS
            channels = []
            async for packet in link.packets():  # it does not end with the loss of before
                channels.append(packet.channel)
                if packet.channel is Channel.CONTROL:
                    break
            assert Channel.FEATURE in channels  # what the band was after it

    virtual.run(check())


def test_a_short_outage_only_delays_what_waits():
    async def check():
        async with streaming() as link:
            before = await samples_until(link, 40)
            await link.outage(0.3)
            items = before + await samples_until(link, 200)
            assert not gaps(items)

    virtual.run(check())


def test_a_band_without_power_is_missed_and_found_again_with_its_bonds_and_another_boot():
    async def check():
        async with streaming() as link:
            boot_id = link.feature.boot_id
            await samples_until(link, 50)
            await link.cut_power()
            await break_of(link)
            off_s = link.now_s()
            await link.power_on()
            await comes_back(link)
            assert link.feature.boot_id != boot_id
            assert link.now_s() > off_s  # its clock began anew, this one did not
            assert (await link.request(START, 5.0))[2] == wire.RESULT_SUCCESS
            assert await samples_until(link, 50)

    virtual.run(check())
