"""What goes out while streaming. The tests on the board alone: device/streaming.py.

The last ones here take the whole way: main.py on the simulated board, its Bluetooth, the air, and
a central on bleak's public API.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator

from bleak import BleakClient

from boards import board, joined
from kneecore import wire
from kneetrack.link.radio.backend import Adapter
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, Gap, KneeSample, Packet


def test_on_the_board(device_test):
    device_test()


class Central:
    """A connected central that hears one band."""

    def __init__(self, client: BleakClient) -> None:
        self.client = client
        self.knee: list[bytes] = []
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(self) -> None:
        await self.client.start_notify(
            wire.MEASUREMENT_UUID, lambda _, data: self.knee.append(bytes(data))
        )
        await self.client.start_notify(
            wire.CONTROL_UUID, lambda _, data: self.answers.put_nowait(bytes(data))
        )

    async def ask(self, *request: int) -> int:
        """The result code of a command."""
        await self.client.write_gatt_char(wire.CONTROL_UUID, bytes(request), response=True)
        async with asyncio.timeout(10):
            while (answer := await self.answers.get())[0] != wire.OP_RESPONSE:
                pass
        assert answer[1] == request[0]
        return answer[2]

    async def hears(self, packets: int) -> None:
        async with asyncio.timeout(20):
            while len(self.knee) < packets:
                await asyncio.sleep(0.02)

    def items(self) -> list[object]:
        """All that was heard, decoded."""
        decoder = Decoder()
        return [
            item
            for data in self.knee
            for item in decoder.feed(Packet(Channel.MEASUREMENT, data, 0.0))
        ]


@contextlib.asynccontextmanager
async def central_of(adapter: Adapter) -> AsyncIterator[Central]:
    async with joined(adapter) as client:
        await client.pair()
        central = Central(client)
        await central.listen()
        yield central


def test_a_central_finds_the_band_streams_leaves_and_streams_again(tmp_path):
    async def check() -> None:
        async with board(tmp_path) as band, Adapter(band.radio.air) as adapter:
            await band.press()
            boots = set()
            for _ in range(2):
                async with central_of(adapter) as central:
                    feature = await central.client.read_gatt_char(wire.FEATURE_UUID)
                    boots.add(wire.FEATURE.unpack_from(bytes(feature)).boot_id)
                    assert await central.ask(wire.OP_START, 0) == wire.RESULT_SUCCESS
                    await central.hears(12)
                    assert await central.ask(wire.OP_STOP) == wire.RESULT_SUCCESS
                    items = central.items()
                    assert not [item for item in items if isinstance(item, Gap)]
                    samples = [item for item in items if isinstance(item, KneeSample)]
                    assert len(samples) >= 96
                    steps = {
                        round((b.time_s - a.time_s) * 1e6) for a, b in itertools.pairwise(samples)
                    }
                    assert steps == {wire.KNEE_PERIOD_US}
            assert len(boots) == 1  # it was the same start of the band

    asyncio.run(check())


def test_device_information_says_what_it_is(tmp_path):
    async def check() -> None:
        async with (
            board(tmp_path) as band,
            Adapter(band.radio.air) as adapter,
            joined(adapter) as client,
        ):
            model = await client.read_gatt_char(
                f"0000{wire.MODEL_NUMBER_UUID:04x}-0000-1000-8000-00805f9b34fb"
            )
            assert bytes(model) == b"KneeBand 1"

    asyncio.run(check())
