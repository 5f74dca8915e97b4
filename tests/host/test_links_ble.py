"""Finding and joining a band over Bluetooth, with bleak on one side and bumble on both.

The bands here are bumble peripherals that somebody else might have written: right service, and
whatever the test wants to be wrong.
"""

import asyncio
import contextlib

import pytest
from bumble import core, gatt, hci
from bumble.core import AdvertisingData
from bumble.device import Device, DeviceConfiguration

from kneecore import wire
from kneetrack.errors import (
    BandInUse,
    BandNotFound,
    LinkError,
    LinkLost,
    NotPaired,
    ProtocolMismatch,
)
from kneetrack.link.base import LinkInfo
from kneetrack.link.ble import Backend, BandLink, scan
from kneetrack.link.radio.air import Air, RadioChip
from kneetrack.link.radio.backend import Adapter
from kneetrack.samples import Channel

FEATURE = wire.FEATURE.pack(*wire.PROTOCOL_VERSION, 7, 1, 0x6C, 0x6C, 4808, 2, 1e-3, 5e-3, 0, 0)
PROPERTIES = gatt.Characteristic.Properties


class Band:
    """A peripheral with the knee service that notes what is written and answers nothing."""

    def __init__(
        self, air: Air, number: int, feature: bytes = FEATURE, flags: int | None = None
    ) -> None:
        self.flags = flags  # what it advertises of itself (from protocol 1.2), None for nothing
        self.name = f"{wire.NAME_PREFIX}{number:04X}"
        self.chip = RadioChip(self.name, air)
        address = hci.Address(f"F0:00:00:00:{number >> 8:02X}:{number & 255:02X}")
        self.device = Device.from_config_with_hci(
            DeviceConfiguration(name=self.name, address=address), self.chip, self.chip
        )
        self.device.gatt_server.max_mtu = wire.MTU
        self.written: list[bytes] = []

        def write(_: object, value: bytes) -> None:
            self.written.append(bytes(value))

        readable = gatt.Characteristic.READABLE
        self.control = gatt.Characteristic(
            wire.CONTROL_UUID,
            PROPERTIES.WRITE | PROPERTIES.INDICATE,
            gatt.Characteristic.WRITEABLE,
            gatt.CharacteristicValue(write=write),
        )
        self.measurement = gatt.Characteristic(
            wire.MEASUREMENT_UUID, PROPERTIES.NOTIFY, readable, b""
        )
        raw = gatt.Characteristic(wire.RAW_UUID, PROPERTIES.NOTIFY, readable, b"")
        told = gatt.Characteristic(wire.FEATURE_UUID, PROPERTIES.READ, readable, feature)
        self.device.add_service(
            gatt.Service(wire.SERVICE_UUID, [self.measurement, raw, told, self.control])
        )

    async def advertise(self) -> None:
        kinds = AdvertisingData.Type
        uuid = bytes(core.UUID(wire.SERVICE_UUID))
        name = self.name.encode()
        told = [(kinds.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, uuid)]
        if self.flags is not None:
            record = wire.ADVERTISED.pack(wire.PROTOCOL_VERSION[0], self.flags)
            maker = wire.COMPANY_ID.to_bytes(2, "little")
            told.append((kinds.MANUFACTURER_SPECIFIC_DATA, maker + record))
        await self.device.power_on()
        await self.device.start_advertising(
            advertising_data=bytes(AdvertisingData(told)),
            scan_response_data=bytes(AdvertisingData([(kinds.COMPLETE_LOCAL_NAME, name)])),
            advertising_interval_min=30,
            advertising_interval_max=30,
        )


@contextlib.asynccontextmanager
async def adapter_among(*bands_of):
    """An adapter in a room where these bands advertise; each is made from the air."""
    air = Air()
    bands = [make(air) for make in bands_of]
    async with Adapter(air) as adapter:
        for band in bands:
            await band.advertise()
        try:
            yield Backend(adapter.scanner, adapter.client), bands
        finally:
            for band in bands:
                band.chip.le_legacy_advertiser.stop()


def link_to(wanted: str, backend: Backend, find_s: float = 5.0) -> BandLink:
    info = LinkInfo(f"ble:{wanted}", wanted, False, False)
    return BandLink(info, wanted, backend=backend, find_s=find_s)


def test_nobody_there_says_what_to_look_at():
    async def check():
        async with adapter_among() as (backend, _):
            with pytest.raises(BandNotFound, match=r"No band found in 0 s.*kneetrack scan"):
                async with link_to("auto", backend, find_s=0.2):
                    pass

    asyncio.run(check())


def test_the_only_band_is_found_joined_and_read():
    async def check():
        async with (
            adapter_among(lambda air: Band(air, 0x12AB)) as (backend, _),
            link_to("auto", backend) as link,
        ):
            assert link.feature.pair_period_us == 4808
            await link.read_feature()
            async for packet in link.packets():
                assert (packet.channel, packet.data) == (Channel.FEATURE, FEATURE)
                break

    asyncio.run(check())


@pytest.mark.parametrize("wanted", ["KneeBand-0002", "kneeband-0002", "F0:00:00:00:00:02"])
def test_one_of_two_is_found_by_name_or_address(wanted):
    async def check():
        makers = (lambda air: Band(air, 1), lambda air: Band(air, 2))
        async with adapter_among(*makers) as (backend, (_, second)):
            async with link_to(wanted, backend) as link:
                await link.write(Channel.CONTROL, b"\x05\x01")
            assert second.written == [b"\x05\x01"]

    asyncio.run(check())


def test_two_bands_and_no_choice_are_listed():
    async def check():
        makers = (lambda air: Band(air, 1), lambda air: Band(air, 2))
        async with adapter_among(*makers) as (backend, _):
            with pytest.raises(BandNotFound, match=r"2 bands: KneeBand-0001, KneeBand-0002"):
                async with link_to("auto", backend):
                    pass

    asyncio.run(check())


def test_a_wrong_name_tells_who_was_heard_instead():
    async def check():
        async with adapter_among(lambda air: Band(air, 1)) as (backend, _):
            with pytest.raises(BandNotFound, match=r"KneeBand-9999.*instead: KneeBand-0001"):
                async with link_to("KneeBand-9999", backend, find_s=0.5):
                    pass

    asyncio.run(check())


def test_a_band_of_another_protocol_is_refused_by_name():
    async def check():
        old = bytes([0, 9]) + FEATURE[2:]
        async with adapter_among(lambda air: Band(air, 1, old)) as (backend, _):
            with pytest.raises(ProtocolMismatch, match=r"KneeBand-0001 speaks protocol 0\.9"):
                async with link_to("auto", backend):
                    pass

    asyncio.run(check())


def test_a_band_that_does_not_answer_a_command_is_a_link_error():
    async def check():
        async with (
            adapter_among(lambda air: Band(air, 1)) as (backend, _),
            link_to("auto", backend) as link,
        ):
            with pytest.raises(LinkError, match="did not answer"):
                await link.request(bytes([wire.OP_STOP]), 0.2)

    asyncio.run(check())


def test_a_lost_band_ends_the_packets_after_all_that_came():
    async def check():
        async with (
            adapter_among(lambda air: Band(air, 1)) as (backend, (band,)),
            link_to("auto", backend) as link,
        ):
            for number in range(5):
                await band.device.notify_subscribers(band.measurement, bytes([number]))
            await band.chip.lose_power(0.05)
            received = []
            with pytest.raises(LinkLost, match="lost"):
                async for packet in link.packets():
                    received.append(packet.data)
            assert received == [bytes([number]) for number in range(5)]
            with pytest.raises(LinkLost):
                await link.write(Channel.CONTROL, b"\x02")

    asyncio.run(check())


def test_a_connection_that_breaks_again_while_it_comes_back_is_told():
    async def check():
        async with adapter_among(lambda air: Band(air, 1)) as (backend, (band,)):
            info = LinkInfo("ble:auto", "auto", False, False)

            async def leaves():
                for connection in list(band.device.connections.values()):
                    await connection.disconnect()

            class Unlucky(BandLink):
                reads = 0

                async def _read_feature(self, client):
                    data = await super()._read_feature(client)
                    self.reads += 1
                    if self.reads == 3:  # at the entry, coming back, and the last thing then
                        await leaves()
                        while client.is_connected:
                            await asyncio.sleep(0.01)
                    return data

            async with Unlucky(info, backend=backend, find_s=5.0) as link:
                await leaves()
                with pytest.raises(LinkLost):
                    await anext(link.packets())
                await band.advertise()
                await link.reconnect()
                assert link.reads == 3
                async with asyncio.timeout(2.0):
                    with pytest.raises(LinkLost):
                        async for _ in link.packets():
                            pass

    asyncio.run(check())


def test_a_loss_while_a_command_waits_is_told_at_once():
    async def check():
        async with (
            adapter_among(lambda air: Band(air, 1)) as (backend, (band,)),
            link_to("auto", backend) as link,
        ):
            waiting = asyncio.create_task(link.request(bytes([wire.OP_STOP]), 30.0))
            while not band.written:
                await asyncio.sleep(0.01)
            await band.chip.lose_power(0.05)
            with pytest.raises(LinkLost):
                await waiting

    asyncio.run(check())


def test_a_scan_puts_bands_first():
    async def check():
        async with adapter_among(lambda air: Band(air, 1)) as (backend, _):
            (found,) = await scan(backend, timeout_s=0.3)
            assert found.is_band
            assert (found.name, found.rssi) == ("KneeBand-0001", -50)

    asyncio.run(check())


def in_use(number: int):
    return lambda air: Band(air, number, flags=wire.ADVERTISED_IN_USE)


def test_of_two_bands_of_which_one_is_in_use_the_other_is_taken():
    async def check():
        makers = (in_use(1), lambda air: Band(air, 2))
        async with adapter_among(*makers) as (backend, _), link_to("auto", backend) as link:
            assert link.name == "KneeBand-0002"

    asyncio.run(check())


@pytest.mark.parametrize("wanted", ["auto", "KneeBand-0001"])
def test_a_band_in_use_is_told_from_one_that_is_not_there(wanted):
    async def check():
        async with adapter_among(in_use(1)) as (backend, _):
            with pytest.raises(BandInUse, match="KneeBand-0001 is there, but connected"):
                async with link_to(wanted, backend, find_s=0.5):
                    pass

    asyncio.run(check())


def test_a_band_whose_window_is_shut_is_not_even_connected_to():
    async def check():
        async with adapter_among(lambda air: Band(air, 1, flags=0)) as (backend, (band,)):
            with pytest.raises(NotPaired, match=r"button for 3 s, until its lamp blinks fast"):
                async with link_to("auto", backend):
                    pass
            assert not band.device.connections

    asyncio.run(check())


def test_a_scan_tells_what_a_band_says_of_itself():
    async def check():
        flags = wire.ADVERTISED_PAIRING | wire.ADVERTISED_KEEPS
        makers = (lambda air: Band(air, 1, flags=flags), lambda air: Band(air, 2))
        async with adapter_among(*makers) as (backend, _):
            one, other = sorted(await scan(backend, timeout_s=0.3), key=lambda band: band.label)
            assert (one.flags, one.is_paired) == (flags, False)
            assert one.says(wire.ADVERTISED_PAIRING)
            assert not one.says(wire.ADVERTISED_IN_USE)
            assert other.flags is None  # a band before protocol 1.2

    asyncio.run(check())
