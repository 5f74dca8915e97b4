"""MicroPython's bluetooth module against bleak's public API, with every layer between them real.

The board is MicroPython running `device/echo.py`; the central is bleak.
"""

import asyncio
import contextlib
import os
import signal
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakError

from kneetrack.link.ble import Backend, scan
from kneetrack.link.board_process import BoardProcess
from kneetrack.link.radio.air import Air
from kneetrack.link.radio.backend import Adapter
from kneetrack.link.radio.board import SUPERVISION_S, BoardRadio

SERVICE = "00000001-3c5a-4f0e-9b6b-000000000000"
VALUE = "00000002-3c5a-4f0e-9b6b-000000000000"
SIGNAL = "00000003-3c5a-4f0e-9b6b-000000000000"
ECHO = Path(__file__).parent / "device" / "echo.py"


class Rig:
    """An echoing board that is running, and an adapter that hears it."""

    def __init__(self, radio: BoardRadio, board: BoardProcess, adapter: Adapter) -> None:
        self.radio = radio
        self.board = board
        self.adapter = adapter

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator["Central"]:
        device = await BleakScanner.find_device_by_name(
            "Echo", timeout=10, backend=self.adapter.scanner
        )
        assert device is not None, self.board.output
        lost = asyncio.Event()
        client = BleakClient(device, lambda _: lost.set(), timeout=10, backend=self.adapter.client)
        async with client:
            yield Central(client, lost)


class Central:
    def __init__(self, client: BleakClient, lost: asyncio.Event) -> None:
        self.client = client
        self.lost = lost
        self.heard: list[bytes] = []
        self.changed = asyncio.Event()

    async def order(self, what: bytes, rest: bytes = b"") -> None:
        await self.client.write_gatt_char(VALUE, what + rest, response=True)

    async def listen(self, uuid: str = VALUE) -> None:
        def heard(_: object, data: bytearray) -> None:
            self.heard.append(bytes(data))
            self.changed.set()

        await self.client.start_notify(uuid, heard)

    async def hears(self, count: int) -> list[bytes]:
        async with asyncio.timeout(20):
            while len(self.heard) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.heard

    async def reads(self) -> bytes:
        return bytes(await self.client.read_gatt_char(VALUE))


@contextlib.asynccontextmanager
async def echo_board() -> AsyncIterator[Rig]:
    radio = BoardRadio(Air())
    board = await BoardProcess.start(ECHO, [], await radio.listen(), ECHO.parent)
    try:
        async with Adapter(radio.air) as adapter:
            yield Rig(radio, board, adapter)
    finally:
        radio.send({"rig": "quit"})
        await board.end()
        await radio.close()


def numbers(packets: list[bytes]) -> list[int]:
    return [struct.unpack_from("<H", packet)[0] for packet in packets]


def test_a_scan_hears_name_and_service_from_both_parts_of_the_advertisement():
    async def check():
        async with echo_board() as rig:
            found = []
            while not found:
                found = await scan(Backend(rig.adapter.scanner), timeout_s=0.3)
            assert found[0].name == "Echo"
            assert found[0].services == (SERVICE,)
            assert found[0].address == "F0:F1:F2:F3:F4:F5"
            assert not found[0].is_band

    asyncio.run(check())


def test_a_central_connects_agrees_on_the_mtu_writes_and_reads():
    async def check():
        async with echo_board() as rig, rig.connected() as central:
            assert central.client.mtu_size == 247
            await central.order(b"e", b"hello")
            async with asyncio.timeout(20):  # the answer to a write comes before what it does
                while await central.reads() != b"hello":
                    pass

    asyncio.run(check())


def test_notifications_arrive_whole_and_in_order_and_none_is_lost():
    async def check():
        async with echo_board() as rig, rig.connected() as central:
            await central.listen()
            await central.order(b"n", struct.pack("<H", 500))
            packets = await central.hears(500)
            assert numbers(packets) == list(range(500))
            assert {len(packet) for packet in packets} == {244}

    asyncio.run(check())


def test_a_paced_air_fills_the_board_s_queue_until_it_says_enomem():
    async def check():
        async with echo_board() as rig, rig.connected() as central:
            await central.listen()
            rig.radio.pace(0.05)
            await central.order(b"b", struct.pack("<H", 100))
            packets = await central.hears(12)
            assert await central.reads() == bytes([12])
            assert numbers(packets) == list(range(12))
            await central.order(b"n", struct.pack("<H", 30))  # with patience all of them go
            assert numbers((await central.hears(42))[12:]) == list(range(30))

    asyncio.run(check())


def test_at_full_speed_the_board_s_clock_waits_for_the_air_and_nothing_is_dropped():
    async def check():
        async with echo_board() as rig, rig.connected() as central:
            await central.listen()
            rig.radio.pace(0.005)  # 1200 packets a second; the board would make far more
            rig.radio.send({"rig": "play", "speed": 0.0})
            await central.order(b"p", struct.pack("<H", 1000))
            assert numbers(await central.hears(1000)) == list(range(1000))
            assert rig.radio.clock.now_s() > 9.9  # of the board's time, whatever of ours

    asyncio.run(check())


def test_an_indication_arrives_and_the_board_learns_that_it_did():
    async def check():
        async with echo_board() as rig, rig.connected() as central:
            await central.listen(SIGNAL)
            await central.order(b"i", b"done")
            assert await central.hears(1) == [b"done"]
            while await central.reads() != b"\0":
                await asyncio.sleep(0.01)

    asyncio.run(check())


def test_what_nobody_has_subscribed_to_is_confirmed_and_dropped_without_a_word(
    caplog: pytest.LogCaptureFixture,
):
    async def check():
        async with echo_board() as rig, rig.connected() as central:
            await central.order(b"i", b"unasked")
            while await central.reads() != b"\0":
                await asyncio.sleep(0.01)
            assert central.heard == []

    asyncio.run(check())
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == []


def test_after_a_disconnection_by_either_side_the_board_can_be_connected_again():
    async def check():
        async with echo_board() as rig:
            async with rig.connected() as central:
                await central.order(b"e", b"1")
            async with rig.connected() as central:
                with contextlib.suppress(BleakError):  # the answer to the write may not come
                    await central.order(b"d")
                async with asyncio.timeout(5):
                    await central.lost.wait()
            async with rig.connected() as central:
                await central.order(b"e", b"3")
                assert await central.reads() == b"3"

    asyncio.run(check())


def test_a_board_that_loses_power_is_missed_after_the_supervision_time():
    async def check():
        async with echo_board() as rig, rig.connected() as central:
            await central.order(b"e", b"here")
            begun_s = asyncio.get_running_loop().time()
            os.kill(rig.board.pid, signal.SIGKILL)
            async with asyncio.timeout(10):
                await central.lost.wait()
            assert asyncio.get_running_loop().time() - begun_s >= SUPERVISION_S
            with pytest.raises(BleakError):
                await central.order(b"e", b"gone")

    asyncio.run(check())


def test_the_board_s_process_ends_when_the_host_goes_away():
    async def check():
        radio = BoardRadio(Air())
        board = await BoardProcess.start(ECHO, [], await radio.listen(), ECHO.parent)
        async with Adapter(radio.air) as adapter:
            assert await BleakScanner.find_device_by_name("Echo", backend=adapter.scanner)
        await radio.close()
        async with asyncio.timeout(10):
            assert await board.wait() == 0

    asyncio.run(check())


def test_a_board_that_hangs_is_ended_all_the_same():
    async def check():
        async with echo_board() as rig, rig.connected() as central:
            await central.order(b"h")
        assert rig.board.pid
        assert await rig.board.wait() != 0

    asyncio.run(check())


def test_what_a_crashing_board_says_is_kept():
    async def check():
        async with echo_board() as rig, rig.connected() as central:
            await central.order(b"c")
            async with asyncio.timeout(10):
                assert await rig.board.wait() == 1
            assert "crashed as ordered" in rig.board.output
            await central.lost.wait()

    asyncio.run(check())
