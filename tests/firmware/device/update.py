"""New firmware over a link, into a slot that does not run: whole or not at all, and on trial.

The files here are none that could run: what is chosen and what lies where is looked at. Real
versions that come up, crash and hang: tests/system/test_update.py.
"""

import asyncio
import hashlib
import os
import struct
import sys

import band as rig
import machine
from shelf_power_cut import every_cut
from shelves import SMALL, loaded, new_flash, on, read, record, samples

import slots
from kneeband import config
from kneecore import update_wire, wire
from sim import vclock
from sim.flash import Flash

SAME = bytes(range(256)) * 2
OLD = {
    "kneeband/app.mpy": b"old app" * 100,
    "kneeband/gone.mpy": b"no more",
    "kneeband/program.mpy": b"old program" * 20,
    "kneecore/wire.mpy": SAME,
}
NEW = {
    "kneeband/app.mpy": b"new app" * 600,  # more than a sector
    "kneeband/program.mpy": b"new program" * 20,
    "kneecore/added.mpy": b"added" * 30,
    "kneecore/wire.mpy": SAME,
}
NEWER = NEW | {"kneecore/added.mpy": b"more"}
ID = b"new one."
KEPT = {"kneeband.dat": b"calibrated", "bonds.dat": b"bonded"}
RECORDED = samples(104)


def put(files, folder=""):
    for name, content in files.items():
        path = (folder + "/" if folder else "") + name
        parts = path.split("/")[:-1]
        for depth in range(len(parts)):
            made = "/".join(parts[:depth])
            if parts[depth] not in os.listdir(made):
                os.mkdir("/".join(parts[: depth + 1]))
        with open(path, "wb") as file:
            file.write(content)


def held(slot, beside=()):
    """What lies in a slot, and of the files `beside` in the root."""
    found = {}
    for folder in ("kneecore", "kneeband"):
        path = (slots.FOLDERS[slot] + "/" if slot else "") + folder
        try:
            names = os.listdir(path)
        except OSError:
            continue
        for name in names:
            with open(path + "/" + name, "rb") as file:
                found[folder + "/" + name] = file.read()
    for name in beside:
        with open(name, "rb") as file:
            found[name] = file.read()
    return found


def flashed():
    """A band as the cable leaves it, after a while of use."""
    put(OLD)
    put(KEPT)


def recorded():
    """The files of all recordings."""
    found = {}
    for name in os.listdir("recordings"):
        with open("recordings/" + name, "rb") as file:
            found[name] = file.read()
    return found


def start(cause=machine.PWRON_RESET):
    """What boot.py does at a start; (slot, on trial)."""
    vclock.set_watchdog(None, None)
    vclock.set_alarm(0, None, "timer 0")
    machine.reset_cause = lambda: cause
    slots.running, slots.on_trial, slots._settling = 0, False, False
    while sys.path[0] in slots.FOLDERS[1:]:
        sys.path.pop(0)
    slots.choose()
    assert sys.path[0] == slots.FOLDERS[slots.running] or not slots.running
    return slots.running, slots.on_trial


def until_reset(scene):
    """Run `scene(band)` in a band that has just been started; the cause of the reset in it."""
    asyncio.new_event_loop()  # of a start before nothing goes on
    try:
        rig.run(scene)
    except machine.BoardReset as reset:
        return reset.cause
    return None


class Refused(Exception):
    pass


async def ask(band, opcode, operand):
    result, payload = await band.ask(opcode, operand)
    if result != wire.RESULT_SUCCESS:
        raise Refused(opcode, result)
    return payload


def begin(files):
    return update_wire.UPDATE_BEGIN.pack(len(files), sum([len(f) // 4096 * 4 + 4 for f in files]))


def file_operand(name, content):
    sha = hashlib.sha256(content).digest()
    padded = name.encode() + bytes(update_wire.NAME_BYTES - len(name))
    return update_wire.UPDATE_FILE.pack(len(content), tuple(sha), tuple(padded))


def finish(files, firmware_id=ID):
    sha = hashlib.sha256()
    for name in sorted(files):
        sha.update(file_operand(name, files[name]))
    version = b"0.2.0" + bytes(update_wire.VERSION_BYTES - 5)
    return update_wire.UPDATE_FINISH.pack(
        len(files), tuple(sha.digest()), tuple(firmware_id), tuple(version)
    )


async def told(band):
    return update_wire.UPDATE_STATE.unpack_from(
        await ask(band, wire.OP_QUERY, wire.QUERY.pack(wire.QUERY_UPDATE))
    )


async def send_file(band, name, content):
    """Have the band get that file; FILE_*."""
    how = (await ask(band, update_wire.OP_UPDATE_FILE, file_operand(name, content)))[0]
    if how == update_wire.FILE_SEND:
        at = 0
        while at < len(content):
            piece = content[at : at + 239]
            band.write_transfer(update_wire.TRANSFER_DATA, struct.pack("<I", at) + piece)
            at += len(piece)
            await asyncio.sleep_ms(60)
            last = band.notified(wire.TRANSFER_UUID)[-1][1]
            offset, result = update_wire.TAKEN.unpack_from(last, 1)
            if result != wire.RESULT_SUCCESS:
                raise Refused(update_wire.TRANSFER_DATA, result)
            assert offset == at
    return how


async def send_all(band, files):
    await ask(band, update_wire.OP_UPDATE_BEGIN, begin(files.values()))
    hows = {}
    for name in sorted(files):
        hows[name] = await send_file(band, name, files[name])
    return hows


async def update(band, files, firmware_id=ID):
    """The host's whole part, until the band starts anew."""
    hows = await send_all(band, files)
    await ask(band, update_wire.OP_UPDATE_FINISH, finish(files, firmware_id))
    return hows


async def confirm(band, firmware_id=ID):
    return (await band.ask(update_wire.OP_UPDATE_CONFIRM, firmware_id))[0]


def brought(files=NEW, firmware_id=ID):
    """The band gets that version and is reset."""

    async def scene(band):
        band.radio.connect()
        await update(band, files, firmware_id)
        await asyncio.sleep_ms(3000)
        raise AssertionError("no reset")

    assert until_reset(scene) == machine.HARD_RESET


def tried_and_confirmed(firmware_id=ID):
    async def scene(band):
        band.radio.connect()
        await asyncio.sleep_ms(update_wire.CONFIRM_FROM_S * 1000)
        assert await confirm(band, firmware_id) == wire.RESULT_SUCCESS

    assert until_reset(scene) is None


def outcome():
    return slots.read().outcome


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


# --- the trial -----------------------------------------------------------------------------------


def test_unconfirmed_it_is_taken_back_after_a_minute():
    flashed()
    brought()
    assert start() == (1, True)

    began_us = vclock.now_us()
    vclock.wait(began_us + 1000 * slots.TRIAL_MS - 1)
    try:
        vclock.wait(began_us + 1000 * slots.TRIAL_MS)
        raise AssertionError("it went on")
    except machine.BoardReset as reset:
        assert reset.cause == machine.HARD_RESET
    assert start(machine.HARD_RESET) == (0, False) and outcome() == slots.UNCONFIRMED
    assert slots.read().id == ID and slots.read().version == b"0.2.0"


def test_whatever_ends_the_trial_the_next_start_is_the_old_one_and_knows_why():
    flashed()
    for cause, why in (
        (machine.WDT_RESET, slots.HUNG),
        (machine.PWRON_RESET, slots.POWER),
        (machine.HARD_RESET, slots.RESET),
        (machine.DEEPSLEEP_RESET, slots.RESET),
    ):
        brought()
        assert start() == (1, True)
        assert start(cause) == (0, False) and outcome() == why
        assert start() == (0, False) and outcome() == why
    brought()
    assert start() == (1, True)
    try:
        slots.failed(ImportError("no module named 'kneeband.app'"))
        raise AssertionError("it stays")
    except machine.BoardReset as reset:
        assert start(reset.cause) == (0, False) and outcome() == slots.CRASHED


def test_a_program_that_holds_up_even_the_timer_is_ended_by_the_watchdog():
    flashed()
    brought()
    assert start() == (1, True)
    vclock.set_alarm(0, None, "timer 0")  # it hangs with interrupts off, before its own watchdog
    try:
        vclock.wait(vclock.now_us() + 200_000_000)
        raise AssertionError("it goes on")
    except machine.BoardReset as reset:
        assert reset.cause == machine.WDT_RESET
        assert start(reset.cause) == (0, False) and outcome() == slots.HUNG


def test_with_a_sensor_silent_that_was_not_it_is_taken_back():
    flashed()
    brought()
    assert start() == (1, True)

    async def scene(band):
        band.radio.connect()
        band.shank.fault("nack", vclock.now_us(), 600_000_000)
        await asyncio.sleep_ms(update_wire.CONFIRM_FROM_S * 1000)
        assert await confirm(band) == wire.RESULT_FAILED
        await asyncio.sleep_ms(5000)
        raise AssertionError("it went on")

    assert until_reset(scene) == machine.HARD_RESET
    assert start(machine.HARD_RESET) == (0, False) and outcome() == slots.UNFIT


def test_the_record_damaged_or_its_files_gone_what_came_by_cable_runs():
    flashed()
    brought()
    assert start() == (1, True)
    tried_and_confirmed()
    with open(slots.RECORD, "rb") as file:
        good = file.read()
    for at in range(len(good)):
        with open(slots.RECORD, "wb") as file:
            file.write(good[:at] + bytes((good[at] ^ 4,)) + good[at + 1 :])
        assert start() == (0, False), at
        assert slots.damaged
    with open(slots.RECORD, "wb") as file:
        file.write(good)
    assert start() == (1, False)
    os.remove("a/kneeband/program.mpy")
    assert start() == (0, False)
    os.remove(slots.RECORD)  # as a flash does
    assert start() == (0, False) and not slots.damaged


# --- power and flash that fail -------------------------------------------------------------------


def test_whenever_the_power_fails_one_whole_version_runs_and_all_that_is_kept_is_there():
    seen = set()
    made = []

    def prepare():
        flashed()
        assert record(loaded(), RECORDED) == 1
        made.append(recorded())

    def work(mark):
        assert start() == (0, False)
        brought()
        mark("finished")
        assert start() == (1, True)
        mark("on trial")
        tried_and_confirmed()
        mark("confirmed")
        assert start() == (1, False)
        brought(NEWER, b"newer...")
        mark("finished again")

    def check(safe):
        slot, trial = start()
        last = safe[-1] if safe else ""
        seen.add((last, slot, trial))
        assert held(0, KEPT) == OLD | KEPT
        if slot:
            assert held(slot) == {1: NEW, 2: NEWER}[slot]
        assert recorded() == made[0]
        if not trial:
            return
        assert start() == ((1 if slot == 2 else 0), False), "it is tried once"
        assert outcome() == slots.POWER

    cuts = every_cut(prepare, work, check)
    assert cuts > 100
    assert seen == {  # the record is the old one or the new one, and says all
        ("", 0, False),
        ("finished", 1, True),
        ("on trial", 0, False),
        ("confirmed", 1, False),
        ("finished again", 2, True),
    }, seen


class Failing(Flash):
    """Some changes go well, then every one fails, as it does on flash that is worn out."""

    left = 0
    broken = False

    def _fails(self):
        self.left -= 1
        return self.broken and self.left < 0

    def writeblocks(self, block, buffer, offset=None):
        return -5 if self._fails() else super().writeblocks(block, buffer, offset)

    def ioctl(self, operation, argument):
        return -5 if operation == 6 and self._fails() else super().ioctl(operation, argument)


def test_a_write_that_fails_leaves_what_runs_and_the_next_update_succeeds():
    os.VfsLfs2.mkfs(Failing("flash.bin", SMALL))
    flash = Failing("flash.bin", SMALL)

    def work(at):
        async def scene(band):
            band.radio.connect()
            await told(band)
            flash.left, flash.broken = at, True
            try:
                await update(band, NEW)
            finally:
                flash.broken = False
            await asyncio.sleep_ms(3000)

        try:
            ended = until_reset(scene)
        except Refused as refused:
            ended = refused.args
        assert held(0) == OLD
        assert start() == ((1, True) if ended == machine.HARD_RESET else (0, False))
        assert start() == (0, False)
        return ended

    on(flash, flashed)
    ends = [on(flash, lambda at=at: work(at)) for at in (0, 4, 6, 1, 9, 24, 200, 0, 1)]
    failed = wire.RESULT_FAILED
    assert set(ends) == {
        (update_wire.OP_UPDATE_BEGIN, failed),
        (update_wire.OP_UPDATE_FILE, failed),
        (update_wire.TRANSFER_DATA, failed),
        (update_wire.OP_UPDATE_FINISH, failed),
        machine.HARD_RESET,
    }
