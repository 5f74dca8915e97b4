"""New firmware over a link, into a slot that does not run: whole or not at all; what is refused.

The files here are none that could run: what is chosen and what lies where is looked at. Real
versions that come up, crash and hang: tests/system/test_update.py.
"""

import asyncio
import os
import struct
import sys

import machine
from shelves import loaded, new_flash, on, read, record
from updating import (
    ID,
    KEPT,
    NEW,
    NEWER,
    OLD,
    RECORDED,
    SAME,
    Refused,
    ask,
    begin,
    brought,
    confirm,
    file_operand,
    finish,
    flashed,
    held,
    outcome,
    put,
    send_file,
    start,
    told,
    tried_and_confirmed,
    until_reset,
    update,
)

import slots
from kneeband import config
from kneecore import update_wire, wire
from sim import vclock

# --- the way of it -------------------------------------------------------------------------------


def test_a_version_comes_in_beside_the_one_that_runs_is_tried_and_confirmed():
    flashed()
    before = held(0, KEPT)
    hows = {}

    async def scene(band):
        band.radio.connect()
        state = await told(band)
        assert (state.slot, state.into, state.trial) == (0, 1, 0)
        assert state.mpy == sys.implementation._mpy & 0xFFFF and state.free_kib > 100
        hows.update(await update(band, NEW))
        assert band.app._indicator.updating
        await asyncio.sleep_ms(3000)

    assert until_reset(scene) == machine.HARD_RESET
    send, over = update_wire.FILE_SEND, update_wire.FILE_TAKEN_OVER
    assert [hows[name] for name in sorted(NEW)] == [send, send, send, over]
    assert held(0, KEPT) == before and held(1) == NEW
    assert start() == (1, True)

    async def trial(band):
        band.radio.connect()
        assert band.app._indicator.updating
        state = await told(band)
        assert (state.slot, state.trial, bytes(state.firmware_id)) == (1, 1, ID)
        assert await confirm(band, b"another!") == wire.RESULT_WRONG_STATE
        assert await confirm(band) == wire.RESULT_BUSY  # its watchdog has had no time to bite
        band.radio.disconnect()
        await asyncio.sleep_ms(update_wire.CONFIRM_FROM_S * 1000)
        band.radio.connect()
        assert await confirm(band) == wire.RESULT_SUCCESS
        assert await confirm(band) == wire.RESULT_SUCCESS  # should the answer get lost
        assert not band.app._indicator.updating
        state = await told(band)
        assert (state.slot, state.into, state.trial) == (1, 2, 0)
        assert bytes(state.firmware_id) == ID and bytes(state.tried)[:5] == b"0.2.0"

    assert until_reset(trial) is None
    vclock.set_watchdog(None, None)
    vclock.wait(vclock.now_us() + 2000 * slots.TRIAL_MS)  # nothing comes of the timer
    assert start() == (1, False) and outcome() == slots.CONFIRMED
    brought(NEWER, b"newer...")
    assert held(1) == NEW and held(2) == NEWER and held(0, KEPT) == before
    assert start() == (2, True)
    tried_and_confirmed(b"newer...")
    assert start() == (2, False) and slots.target() == 1


def test_one_that_was_cut_off_goes_on_with_what_is_missing():
    flashed()
    hows = {}

    async def scene(band):
        band.radio.connect()
        await ask(band, update_wire.OP_UPDATE_BEGIN, begin(NEW.values()))
        name = "kneeband/app.mpy"
        await send_file(band, name, NEW[name])
        await ask(
            band,
            update_wire.OP_UPDATE_FILE,
            file_operand("kneeband/program.mpy", NEW["kneeband/program.mpy"]),
        )
        band.radio.disconnect()
        await asyncio.sleep_ms(100)
        assert not band.app._indicator.updating
        band.radio.connect()
        result, _ = await band.ask(update_wire.OP_UPDATE_FINISH, finish(NEW))
        assert result == wire.RESULT_WRONG_STATE  # nothing of before counts as verified
        hows.update(await update(band, NEW))
        await asyncio.sleep_ms(3000)

    assert until_reset(scene) == machine.HARD_RESET
    assert hows["kneeband/app.mpy"] == update_wire.FILE_THERE
    assert hows["kneeband/program.mpy"] == update_wire.FILE_SEND
    assert held(1) == NEW and start() == (1, True)


def test_wherever_the_link_breaks_nothing_is_staged_and_the_next_connection_brings_it_whole():
    flashed()
    steps = []

    async def scene(band):
        whole = False
        while not whole:
            band.radio.connect()
            left = [len(steps)]

            def step(left=left):
                left[0] -= 1
                if left[0] < 0:
                    band.radio.disconnect()
                return left[0] < 0

            whole = not await broken(band, step)
            if not whole:
                await asyncio.sleep_ms(60)
                assert not band.app._indicator.updating and slots.read().phase == slots.SETTLED
                for name in held(1):
                    os.remove("a/" + name)
            steps.append(whole)
        await ask(band, update_wire.OP_UPDATE_FINISH, finish(NEW))
        await asyncio.sleep_ms(3000)

    assert until_reset(scene) == machine.HARD_RESET
    assert len(steps) == 27  # broken before each of 26 messages, then whole
    assert held(1) == NEW and held(0, KEPT) == OLD | KEPT and start() == (1, True)


async def broken(band, step):
    """All of an update but its end; True if `step`, asked before each message, broke the link."""
    if step():
        return True
    await ask(band, update_wire.OP_UPDATE_BEGIN, begin(NEW.values()))
    for name in sorted(NEW):
        content = NEW[name]
        if step():
            return True
        how = await ask(band, update_wire.OP_UPDATE_FILE, file_operand(name, content))
        for at in range(0, len(content) if how[0] == update_wire.FILE_SEND else 0, 239):
            if step():
                return True
            data = struct.pack("<I", at) + content[at : at + 239]
            band.write_transfer(update_wire.TRANSFER_DATA, data)
            await asyncio.sleep_ms(60)
    return step()


def test_data_that_were_lost_on_the_way_or_damaged_are_not_taken():
    flashed()
    name, content = "kneeband/app.mpy", NEW["kneeband/app.mpy"]

    async def scene(band):
        band.radio.connect()
        await ask(band, update_wire.OP_UPDATE_BEGIN, begin(NEW.values()))
        await ask(band, update_wire.OP_UPDATE_FILE, file_operand(name, content))
        band.write_transfer(update_wire.TRANSFER_DATA, struct.pack("<I", 239) + content[239:478])
        await asyncio.sleep_ms(100)
        last = band.notified(wire.TRANSFER_UUID)[-1][1]
        assert update_wire.TAKEN.unpack_from(last, 1) == (0, wire.RESULT_SUCCESS)
        wrong = content[:-1] + b"?"
        for at in range(0, len(wrong), 239):
            piece = wrong[at : at + 239]
            band.write_transfer(update_wire.TRANSFER_DATA, struct.pack("<I", at) + piece)
            await asyncio.sleep_ms(60)
        last = update_wire.TAKEN.unpack_from(band.notified(wire.TRANSFER_UUID)[-1][1], 1)
        assert last == (len(content), wire.RESULT_FAILED)
        result, _ = await band.ask(update_wire.OP_UPDATE_FINISH, finish(NEW))
        assert result == wire.RESULT_WRONG_STATE
        assert await send_file(band, name, content) == update_wire.FILE_SEND
        for other in sorted(NEW):
            if other != name:
                await send_file(band, other, NEW[other])
        await ask(band, update_wire.OP_UPDATE_FINISH, finish(NEW))

    assert until_reset(scene) is None
    assert held(1) == NEW


def test_over_the_cable_too():
    flashed()
    assert update_wire.WINDOW <= config.COMMAND_QUEUE  # or what is on its way could be dropped

    async def scene(band):
        cable = band.cable
        cable.says(wire.SERIAL_FEATURE)
        await asyncio.sleep_ms(100)
        operand = begin(NEW.values())
        begun = bytes((update_wire.OP_UPDATE_BEGIN,)) + operand
        assert await cable.asks(begun) == wire.RESULT_SUCCESS
        band.radio.connect()  # another host waits until that one is done
        result, _ = await band.ask(update_wire.OP_UPDATE_BEGIN, operand)
        assert result == wire.RESULT_WRONG_STATE
        for name in sorted(NEW):
            content = NEW[name]
            asked = bytes((update_wire.OP_UPDATE_FILE,)) + file_operand(name, content)
            assert await cable.asks(asked) == wire.RESULT_SUCCESS
            for at in range(0, len(content) if content != SAME else 0, 239):
                data = struct.pack("<BI", update_wire.TRANSFER_DATA, at) + content[at : at + 239]
                cable.says(wire.SERIAL_TRANSFER, data)
                await asyncio.sleep_ms(60)
        finished = bytes((update_wire.OP_UPDATE_FINISH,)) + finish(NEW)
        assert await cable.asks(finished) == wire.RESULT_SUCCESS
        await asyncio.sleep_ms(3000)

    assert until_reset(scene) == machine.HARD_RESET
    assert held(1) == NEW and start() == (1, True)


# --- what is refused -----------------------------------------------------------------------------


def test_not_while_something_is_measured_and_a_recording_goes_first():
    flashed()

    async def scene(band):
        band.radio.connect()
        operand = begin(NEW.values())
        await ask(band, wire.OP_START, wire.START.pack(0))
        result, _ = await band.ask(update_wire.OP_UPDATE_BEGIN, operand)
        assert result == wire.RESULT_WRONG_STATE
        await ask(band, wire.OP_STOP, b"")
        await ask(band, wire.OP_RECORD, b"")
        result, _ = await band.ask(update_wire.OP_UPDATE_BEGIN, operand)
        assert result == wire.RESULT_BUSY
        await ask(band, wire.OP_STOP, b"")
        await ask(band, update_wire.OP_UPDATE_BEGIN, operand)
        await send_file(band, "kneeband/app.mpy", NEW["kneeband/app.mpy"])
        await band.press(300)
        assert band.app.session.measuring and not band.app._indicator.updating
        result, _ = await band.ask(
            update_wire.OP_UPDATE_FILE, file_operand("kneecore/wire.mpy", SAME)
        )
        assert result == wire.RESULT_WRONG_STATE

    assert until_reset(scene) is None
    assert start() == (0, False)


def test_not_from_a_stranger():
    flashed()

    async def scene(band):
        band.radio.connect(encrypts=False)
        for opcode, operand in (
            (update_wire.OP_UPDATE_BEGIN, begin(NEW.values())),
            (update_wire.OP_UPDATE_FILE, file_operand("kneecore/wire.mpy", SAME)),
        ):
            band.radio.write(band.handle(wire.CONTROL_UUID), bytes((opcode,)) + operand)
            await asyncio.sleep_ms(100)
        band.write_transfer(update_wire.TRANSFER_DATA, bytes(4) + SAME[:200])
        await asyncio.sleep_ms(100)
        assert not band.radio.indicated and "a" not in os.listdir()

    assert until_reset(scene) is None


def test_not_with_a_low_battery_unless_on_a_cable():
    from sim.power_model import Cell, MAX17048Model

    flashed()
    cell = Cell()
    machine.attach(0, 0x36, MAX17048Model(cell))
    machine.mem32.registers[0x60080808] = lambda: cell.frames() << 8 & 0x3FFF00
    cell.percent = config.BATTERY_LOW_PERCENT - 2.0

    async def scene(band):
        band.radio.connect()
        await asyncio.sleep_ms(2500)
        result, _ = await band.ask(update_wire.OP_UPDATE_BEGIN, begin(NEW.values()))
        assert result == update_wire.RESULT_BATTERY_LOW
        cell.plug("computer")
        await asyncio.sleep_ms(3500)
        await ask(band, update_wire.OP_UPDATE_BEGIN, begin(NEW.values()))

    assert until_reset(scene) is None


def test_only_files_of_ours_into_the_slot_only():
    flashed()
    before = sorted(os.listdir())

    async def scene(band):
        band.radio.connect()
        await ask(band, update_wire.OP_UPDATE_BEGIN, begin(NEW.values()))
        for name in (
            "boot.py",
            "slots.dat",
            "kneeband/program.py",
            "kneeband/.mpy",
            "kneeband/../boot.mpy",
            "kneeband/a/b.mpy",
            "other/app.mpy",
            "",
        ):
            result, _ = await band.ask(update_wire.OP_UPDATE_FILE, file_operand(name, SAME))
            assert result == wire.RESULT_INVALID_OPERAND, name
        await send_file(band, "kneecore/wire.mpy", SAME)
        for name in ("kneecore/wire.mpy", "kneeband/app.mpy"):  # not in the order of names
            result, _ = await band.ask(update_wire.OP_UPDATE_FILE, file_operand(name, b"x"))
            assert result == wire.RESULT_INVALID_OPERAND, name
        result, _ = await band.ask(update_wire.OP_UPDATE_FINISH, finish(NEW))
        assert result == wire.RESULT_INVALID_OPERAND  # three are missing

    assert until_reset(scene) is None
    kept = ("a", "band.dat", "band.bonds", "recordings")
    assert [name for name in sorted(os.listdir()) if name not in kept] == [
        name for name in before if name not in kept
    ]
    assert held(1) == {"kneecore/wire.mpy": SAME} and start() == (0, False)


def test_not_where_the_flash_has_no_room_and_no_recording_goes_for_it():
    def work():
        flashed()
        recording_id = record(loaded(), RECORDED)
        free = os.statvfs("recordings")[3]
        put({"full": bytes((free - 30) * 4096)})

        async def scene(band):
            band.radio.connect()
            room = (await told(band)).free_kib
            assert room < 30
            result, _ = await band.ask(
                update_wire.OP_UPDATE_BEGIN, update_wire.UPDATE_BEGIN.pack(4, room + 1)
            )
            assert result == update_wire.RESULT_NO_ROOM
            await ask(band, update_wire.OP_UPDATE_BEGIN, update_wire.UPDATE_BEGIN.pack(4, room))
            big = bytes(range(256)) * 16 * 40  # more than it had said
            name = "kneeband/app.mpy"
            try:
                await send_file(band, name, big)
                raise AssertionError("there was no room")
            except Refused as refused:
                assert refused.args == (update_wire.TRANSFER_DATA, update_wire.RESULT_NO_ROOM)
            left = (await told(band)).free_kib
            assert room - 24 <= left <= room  # its folders lie there now, and no more

        assert until_reset(scene) is None
        assert read(loaded(), recording_id) == RECORDED

    on(new_flash(), work)
