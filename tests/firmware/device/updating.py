"""What the tests of an update stand on: two versions, a host that sends one, and starts."""

import asyncio
import hashlib
import os
import struct
import sys

import band as rig
import machine
from shelves import samples

import slots
from kneecore import update_wire, wire
from sim import vclock

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
