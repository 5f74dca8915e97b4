"""A band on a cable: the very firmware, its terminal on a pseudo-terminal, in real time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
from pathlib import Path
from typing import TypeVar

import pytest

from cable import Cable, bench
from kneecore import wire
from kneecore.frames import frame
from kneetrack import live
from kneetrack.detection import Analyzer
from kneetrack.errors import BandNotFound, LinkError, LinkLost, UsageError
from kneetrack.link import open_link, parse_address
from kneetrack.link.base import Link
from kneetrack.link.serial import SerialLink
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, Decoded, Gap, ImuPair, KneeSample, Packet, Side
from kneetrack.sessionlog import SessionWriter, read_log

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")

KNEE_HZ = 1e6 / wire.KNEE_PERIOD_US


def serial(cable: Cable) -> Link:
    return open_link(f"serial:{cable.port}")


async def ask(link: Link, opcode: int, operand: bytes = b"") -> bytes:
    """The payload of the response, which must be a success."""
    response = await link.request(bytes([opcode]) + operand, 5.0)
    assert response[2] == wire.RESULT_SUCCESS, response
    return response[3:]


async def start(link: Link) -> bytes:
    return await ask(link, wire.OP_START, wire.START.pack(wire.START_RAW))


async def heard(link: Link, duration_s: float) -> list[Packet]:
    """Every packet of the next seconds."""
    packets: list[Packet] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(duration_s):
            async for packet in link.packets():
                packets.append(packet)
    return packets


def decoded(link: Link, packets: list[Packet]) -> list[Decoded]:
    decoder = Decoder(link.feature)
    items = decoder.feed_all(packets)
    assert decoder.malformed == 0
    return items


T = TypeVar("T")


def of_kind(kind: type[T], items: list[Decoded]) -> list[T]:
    return [item for item in items if isinstance(item, kind)]


def test_everything_arrives_at_the_full_rate_with_raw_pairs(tmp_path: Path) -> None:
    async def check() -> None:
        async with bench(tmp_path) as cable, serial(cable) as link:
            assert link.name.startswith(wire.NAME_PREFIX)
            await start(link)
            packets: list[Packet] = []
            while sum(packet.channel is Channel.MEASUREMENT for packet in packets) < 40:
                packets += await heard(link, 0.5)
            items = decoded(link, packets)
            knee, raw = of_kind(KneeSample, items), of_kind(ImuPair, items)
            assert not of_kind(Gap, items)
            assert [s.number - knee[0].number for s in knee] == list(range(len(knee)))
            assert [p.number - raw[0].number for p in raw] == list(range(len(raw)))
            assert abs(len(raw) - wire.KNEE_DIVIDER * len(knee)) < 40  # a packet or two
            for sample in knee[:: len(knee) // 20]:
                assert abs(sum(q * q for q in sample.q_earth_thigh) - 1) < 0.001
            operand = wire.QUERY.pack(wire.QUERY_STATUS)
            status = wire.STATUS.unpack_from(await ask(link, wire.OP_QUERY, operand))
            assert status.state == wire.STATE_STREAMING
            assert status.dropped_packets == status.thigh_overruns == status.shank_overruns == 0

    asyncio.run(check())


def test_garbage_both_ways_costs_packets_and_never_gives_a_wrong_one(tmp_path: Path) -> None:
    noise = random.Random(5)

    def garbage() -> bytes:
        return bytes(noise.choice((0x7E, 0x7D, 0x03, noise.randrange(256))) for _ in range(20))

    def disturbed(data: bytes) -> bytes:
        if noise.random() < 0.9:
            return data
        at = noise.randrange(len(data) + 1)
        return data[:at] + garbage() + data[at + noise.randrange(3) :]

    async def check() -> None:
        async with bench(tmp_path) as cable, serial(cable) as link:
            await start(link)
            clean = await heard(link, 1.0)
            cable.to_host = disturbed
            hit = 0
            for _ in range(30):
                cable.inject(to_band=garbage(), to_host=garbage())
                before = len(clean)
                clean += await heard(link, 0.08)
                hit += len(clean) > before
            cable.to_host = bytes
            await ask(link, wire.OP_QUERY, wire.QUERY.pack(wire.QUERY_STATUS))  # it runs on
            clean += await heard(link, 1.0)
            items = decoded(link, clean)
            gaps, knee = of_kind(Gap, items), of_kind(KneeSample, items)
            assert gaps and hit > 10
            numbers = [sample.number for sample in knee]
            assert numbers == sorted(set(numbers))
            for sample in knee:
                for q in (sample.q_earth_thigh, sample.q_earth_shank):
                    assert abs(sum(c * c for c in q) - 1) < 0.001
            lost = sum(gap.count for gap in gaps if gap.channel is Channel.MEASUREMENT)
            assert numbers[-1] - numbers[0] + 1 == len(numbers) + lost  # all else is told

    asyncio.run(check())


def test_a_pulled_cable_is_noticed_at_once_and_one_put_in_again_is_found(tmp_path: Path) -> None:
    async def check() -> None:
        async with bench(tmp_path) as cable, serial(cable) as link:
            name = link.name
            begun = wire.RECORDING.unpack_from(await start(link))
            await heard(link, 0.5)
            cable.pull()
            with pytest.raises(LinkLost, match="cable"):
                async with asyncio.timeout(2.0):
                    async for _ in link.packets():
                        pass
            with pytest.raises(LinkLost):
                await ask(link, wire.OP_STOP)
            with pytest.raises(BandNotFound, match="no serial port"):
                await link.reconnect()
            cable.put_in()
            await link.reconnect()
            assert link.name == name
            assert Channel.FEATURE in [packet.channel for packet in await heard(link, 0.3)]
            operand = wire.RESUME.pack(begun.boot_id, begun.recording_id, 0)
            resumed = wire.RECORDING.unpack_from(await ask(link, wire.OP_RESUME, operand))
            assert resumed.end_number - resumed.first_number > 0.6 * KNEE_HZ  # it was measured on
            assert of_kind(KneeSample, decoded(link, await heard(link, 1.0)))

    asyncio.run(check())


def test_a_recording_over_a_cable_that_is_pulled_and_disturbed_is_whole(tmp_path: Path) -> None:
    noise = random.Random(9)
    path = tmp_path / "log.mcap"

    def disturbed(data: bytes) -> bytes:
        at = noise.randrange(len(data) + 1)
        return data if noise.random() < 0.99 else data[:at] + b"~\x03garbage" + data[at + 2 :]

    async def mishaps(cable: Cable) -> None:
        cable.to_host = disturbed
        await asyncio.sleep(1.5)
        cable.pull()
        await asyncio.sleep(2.5)
        cable.put_in()

    async def check() -> live.Figures:
        async with bench(tmp_path) as cable, serial(cable) as link:
            with SessionWriter(path, {"exercise": "squat"}) as writer:
                happening = asyncio.create_task(mishaps(cable))
                figures = await live.record(
                    link, Analyzer(Side.RIGHT), writer=writer, raw=True, duration_s=6.0
                )
                await happening
            return figures

    figures = asyncio.run(check())
    decoder = Decoder()
    knee = of_kind(KneeSample, decoder.feed_all(packet for _, packet in read_log(path)))
    numbers = sorted({sample.number for sample in knee})
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) > 4.0 * KNEE_HZ
    assert sum(bool(sample.flags & wire.FLAG_BACKFILL) for sample in knee) > 1.5 * KNEE_HZ
    assert figures.lost_samples == 0


def test_a_cable_that_carries_nothing_is_a_lost_one_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kneecore.wire.SERIAL_SILENCE_S", 1.0)
    monkeypatch.setattr("kneetrack.link.serial.KEEPALIVE_S", 0.2)

    async def check() -> None:
        async with bench(tmp_path) as cable, serial(cable) as link:
            await start(link)
            cable.to_host = None
            with pytest.raises(LinkLost):
                async with asyncio.timeout(wire.SERIAL_SILENCE_S + 3.0):
                    async for _ in link.packets():
                        pass

    asyncio.run(check())


def test_a_host_that_was_killed_leaves_no_stream_to_the_next_one(tmp_path: Path) -> None:
    async def check() -> None:
        async with bench(tmp_path) as cable:
            async with serial(cable) as link:
                await start(link)
                await heard(link, 0.5)
                cable.to_band = None  # its LEAVE does not come through
            cable.to_band = bytes
            async with serial(cable) as link:
                packets = await heard(link, 1.0)
                assert not [p for p in packets if p.channel is Channel.MEASUREMENT]
                await ask(link, wire.OP_STOP)
                await start(link)
                assert of_kind(KneeSample, decoded(link, await heard(link, 1.0)))

    asyncio.run(check())


def test_no_frame_of_a_session_holds_a_control_c(tmp_path: Path) -> None:
    sent = bytearray()

    def seen(data: bytes) -> bytes:
        sent.extend(data)
        return data

    async def check() -> None:
        async with bench(tmp_path) as cable:
            cable.to_band = seen
            async with serial(cable) as link:
                await ask(link, wire.OP_IDENTIFY, wire.IDENTIFY.pack(3))
                await ask(link, wire.OP_QUERY, wire.QUERY.pack(wire.QUERY_STATUS))
                await link.write(Channel.TRANSFER, b"\x03\x03\x03")
            async with asyncio.timeout(5.0):
                while not sent.endswith(frame(wire.SERIAL_LEAVE, b"")):
                    await asyncio.sleep(0.01)

    asyncio.run(check())
    assert len(sent) > 45 and 3 not in sent


def test_what_can_go_wrong_with_a_port_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kneetrack.link.serial.ANSWER_S", 0.8)

    async def trouble(port: object) -> str:
        with pytest.raises(LinkError) as raised:
            async with open_link(f"serial:{port}"):
                pass
        return str(raised.value)

    async def check() -> None:
        (tmp_path / "file").write_text("no port")
        assert "There is no serial port /dev/ttyNone" in await trouble("/dev/ttyNone")
        assert "it is no serial port" in await trouble(tmp_path / "file")
        cable = Cable(tmp_path)
        assert "Nothing answers" in await trouble(cable.port)

        async def babble() -> None:
            while True:
                cable.inject(to_host=b"\r\n>>> ")
                await asyncio.sleep(0.1)

        babbling = asyncio.create_task(babble())
        assert "is no KneeTrack band" in await trouble(cable.port)
        babbling.cancel()
        cable.close()
        if os.getuid():  # root may use everything
            os.mkfifo(tmp_path / "closed", 0o000)
            assert "dialout" in await trouble(tmp_path / "closed")

    asyncio.run(check())


def test_a_port_in_use_is_not_taken_from_who_uses_it(tmp_path: Path) -> None:
    async def check() -> None:
        async with bench(tmp_path) as cable, serial(cable):
            with pytest.raises(LinkError, match="another program uses it"):
                async with serial(cable):
                    pass

    asyncio.run(check())


def test_addresses() -> None:
    assert parse_address("serial:/dev/ttyACM0").target == "/dev/ttyACM0"
    assert isinstance(open_link("serial:COM3"), SerialLink)
    assert isinstance(open_link("serial:auto"), SerialLink)
    for text in ("serial:", "serial:/dev/ttyACM0?speed=2&x=1"):
        with pytest.raises(UsageError):
            parse_address(text)
