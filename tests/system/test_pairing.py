"""Who may talk to a band: strangers, paired computers, and those that were forgotten.

The whole way, on both sides: the firmware under MicroPython, Bluetooth's own pairing and
encryption, and bleak; `BandLink` where it is about what a user is told.
"""

import asyncio
import contextlib

import pytest
from bleak import BleakClient
from bleak.exc import BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode

from boards import BATTERY, FORGET_ALL_S, SOMEONE, SOMEONE_ELSE, board, joined
from kneecore import wire
from kneetrack.errors import BandInUse, LinkLost, NotPaired
from kneetrack.link.ble import Backend, scan
from kneetrack.link.radio.backend import Adapter

START = bytes([wire.OP_START, 0])
UNPAIRED = BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION


async def gone(client: BleakClient, within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while client.is_connected:
            await asyncio.sleep(0.02)


async def heard_by(adapter: Adapter):
    """What the adapter hears of the only band."""
    found = []
    while not found:
        found = await scan(Backend(adapter.scanner), timeout_s=0.6)
    return found[0]


def test_a_stranger_reads_nothing_commands_nothing_and_is_dropped_in_the_end(tmp_path):
    async def check():
        async with board(tmp_path) as band, Adapter(band.radio.air) as adapter:
            heard = await heard_by(adapter)
            assert (heard.name, heard.flags) == ("KneeBand-F4F5", 0)  # and of its wearer nothing
            assert heard.services == (wire.SERVICE_UUID,)
            async with joined(adapter) as client:
                for uuid in (wire.FEATURE_UUID, BATTERY):
                    with pytest.raises(BleakGATTProtocolError) as error:
                        await client.read_gatt_char(uuid)
                    assert error.value.code == UNPAIRED
                for uuid in (wire.CONTROL_UUID, wire.TRANSFER_UUID):
                    with pytest.raises(BleakGATTProtocolError) as error:
                        await client.write_gatt_char(uuid, START, response=True)
                    assert error.value.code == UNPAIRED
                band.hurry(10)
                await gone(client)
            assert not band.holds_bonds()

    asyncio.run(check())


def test_pairing_without_the_button_leaves_no_bond_shows_nothing_and_ends_the_connection(tmp_path):
    async def check():
        async with board(tmp_path) as band, Adapter(band.radio.air) as adapter:
            async with joined(adapter) as client:
                with pytest.raises(BleakError):  # encrypted or not: its flags are not all
                    await client.pair()
                    await client.read_gatt_char(wire.FEATURE_UUID)
                await gone(client)
            assert not band.holds_bonds()
            assert await heard_by(adapter)  # and the band is there for others at once

    asyncio.run(check())


def test_who_pairs_while_the_window_is_open_is_obeyed_and_known_after_either_side_s_restart(
    tmp_path,
):
    flash, computer = tmp_path / "flash", tmp_path / "computer"
    flash.mkdir()

    async def check():
        async with board(flash) as band:
            await band.press()
            async with Adapter(band.radio.air, folder=computer) as adapter:
                assert (await heard_by(adapter)).says(wire.ADVERTISED_PAIRING)
                async with band.link(adapter) as link:
                    assert (await link.request(START, 5.0))[2] == wire.RESULT_SUCCESS
                assert not (await heard_by(adapter)).says(wire.ADVERTISED_PAIRING)
            assert band.holds_bonds()
            await band.reboot()
            async with (
                Adapter(band.radio.air, folder=computer) as adapter,  # it was started anew, too
                band.link(adapter) as link,
            ):
                assert (await link.request(START, 5.0))[2] == wire.RESULT_SUCCESS

    asyncio.run(check())
    assert (computer / "bonds.json").stat().st_mode & 0o777 == 0o600


def test_the_window_closes_by_itself(tmp_path):
    async def check():
        async with board(tmp_path) as band, Adapter(band.radio.air) as adapter:
            await band.press()
            band.hurry(40)
            async with asyncio.timeout(10):
                while (await heard_by(adapter)).says(wire.ADVERTISED_PAIRING):
                    pass
            with pytest.raises(NotPaired):
                await band.met(adapter)

    asyncio.run(check())


def test_a_computer_that_the_band_forgot_is_told_what_to_do_and_pairs_again(tmp_path):
    async def check():
        async with board(tmp_path) as band, Adapter(band.radio.air) as adapter:
            await band.press()
            await band.met(adapter)
            await band.press(FORGET_ALL_S)
            with pytest.raises(NotPaired, match="does not know this computer"):
                await band.met(adapter)
            await band.press()
            async with band.link(adapter) as link:  # its key of old is dropped by itself
                assert link.feature.boot_id

    asyncio.run(check())


def test_where_the_system_does_not_tell_its_bonds_the_band_is_asked(tmp_path):
    """As on Windows and macOS."""

    async def check():
        async with (
            board(tmp_path) as band,
            Adapter(band.radio.air, tells_bonds=False) as adapter,
        ):
            with pytest.raises(NotPaired, match="does not know this computer"):
                await band.met(adapter)
            await band.press()
            await band.met(adapter)
            async with band.link(adapter) as link:
                answer = await link.request(bytes([wire.OP_QUERY, wire.QUERY_STATUS]), 5.0)
                status = wire.STATUS.unpack_from(answer, 3)
                assert (status.connection_interval_ms, status.supervision_timeout_ms) == (15, 500)

    asyncio.run(check())


@pytest.mark.parametrize("which", [wire.FORGET_ME, wire.FORGET_ALL])
def test_a_band_told_to_forget_answers_hangs_up_and_does_not_know_them_again(tmp_path, which):
    async def check():
        async with board(tmp_path) as band, Adapter(band.radio.air) as adapter:
            await band.press()
            async with band.link(adapter) as link:
                answer = await link.request(bytes([wire.OP_FORGET, which]), 5.0)
                assert answer[2] == wire.RESULT_SUCCESS
                with pytest.raises(LinkLost):
                    async for _ in link.packets():
                        pass
                if which == wire.FORGET_ALL:  # else this computer still has its key
                    await link.unpair()
                    assert not adapter.knows(band.radio.address)
            with pytest.raises(NotPaired):
                await band.met(adapter)

    asyncio.run(check())


def test_a_second_computer_hears_that_the_band_is_in_use_and_is_told_so(tmp_path):
    async def check():
        async with board(tmp_path) as band:
            await band.press()
            async with (
                Adapter(band.radio.air, SOMEONE) as first,
                Adapter(band.radio.air, SOMEONE_ELSE) as second,
            ):
                async with band.link(first) as link:
                    assert (await link.request(START, 5.0))[2] == wire.RESULT_SUCCESS
                    assert (await heard_by(second)).says(wire.ADVERTISED_IN_USE)
                    with pytest.raises(BandInUse, match=r"KneeBand-F4F5 is there, but connected"):
                        await band.met(second)
                    async for packet in link.packets():
                        if packet.data[:1] != bytes([wire.OP_STATUS]):
                            break
                heard = await heard_by(second)
                assert not heard.says(wire.ADVERTISED_IN_USE | wire.ADVERTISED_PAIRING)
                with pytest.raises(NotPaired, match=r"Hold the band's button for 3 s"):
                    await band.met(second)  # the window was for one, and closed behind them

    asyncio.run(check())


def test_who_claims_a_known_address_without_the_key_takes_nothing_from_its_owner(tmp_path):
    """NimBLE drops a bond where its owner asks to pair again; the band keeps and hides it."""

    async def check():
        async with board(tmp_path) as band:
            await band.press()
            mine = tmp_path / "owner"
            async with Adapter(band.radio.air, SOMEONE, mine) as owner, band.link(owner):
                pass
            async with Adapter(band.radio.air, SOMEONE) as impostor, joined(impostor) as client:
                with contextlib.suppress(BleakError):
                    await client.pair()
                with pytest.raises(BleakError):
                    await client.read_gatt_char(wire.FEATURE_UUID)
                await gone(client)
            async with Adapter(band.radio.air, SOMEONE, mine) as owner, band.link(owner) as link:
                assert (await link.request(START, 5.0))[2] == wire.RESULT_SUCCESS

    asyncio.run(check())
