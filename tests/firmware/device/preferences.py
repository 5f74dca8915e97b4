"""What a person may set: kept over restarts, refused if bad; a bad file is passed over and told."""

import asyncio

import band as rig

from kneeband import preferences
from kneecore import settings, wire

QUIET = settings.SETTINGS.pack(30, settings.LAMP_OFF, 300)


def test_the_defaults_hold_until_somebody_sets_others_and_these_over_a_restart():
    async def scene(band):
        band.radio.connect()
        result, payload = await band.ask(wire.OP_QUERY, bytes((wire.QUERY_CONFIG,)))
        assert result == wire.RESULT_SUCCESS
        assert tuple(settings.SETTINGS.unpack_from(payload)) == settings.DEFAULTS
        assert (await band.ask(wire.OP_SET_CONFIG, QUIET))[0] == wire.RESULT_SUCCESS

    async def later(band):
        band.radio.connect()
        _, payload = await band.ask(wire.OP_QUERY, bytes((wire.QUERY_CONFIG,)))
        assert payload == QUIET
        lit = 0
        for _ in range(350):
            await asyncio.sleep_ms(10)
            lit += band.lamp.value()
        assert lit == 0
        assert (await band.ask(wire.OP_IDENTIFY, b"\x02"))[0] == wire.RESULT_SUCCESS
        for _ in range(50):
            await asyncio.sleep_ms(10)
            lit += band.lamp.value()
        assert lit > 10

    rig.run(scene)
    rig.run(later)


def test_what_is_out_of_its_limits_is_refused_and_changes_nothing():
    async def scene(band):
        band.radio.connect()
        for values in ((241, 1, 200), (10, 2, 200), (10, 1, 49), (10, 1, 501)):
            operand = settings.SETTINGS.pack(*values)
            assert (await band.ask(wire.OP_SET_CONFIG, operand))[0] == wire.RESULT_INVALID_OPERAND
        assert (await band.ask(wire.OP_SET_CONFIG, QUIET[:-1]))[0] == wire.RESULT_INVALID_OPERAND
        _, payload = await band.ask(wire.OP_QUERY, bytes((wire.QUERY_CONFIG,)))
        assert tuple(settings.SETTINGS.unpack_from(payload)) == settings.DEFAULTS

    rig.run(scene)


def test_a_damaged_file_gives_the_defaults_and_is_told_until_the_next_good_write():
    kept = preferences.Preferences("one.dat")
    assert kept.keep(QUIET)
    with open("one.dat", "rb") as file:
        data = bytearray(file.read())
    for at in range(len(data)):
        torn = bytearray(data)
        torn[at] ^= 0x10
        with open("one.dat", "wb") as file:
            file.write(torn)
        read = preferences.Preferences("one.dat")
        read.load()
        assert read.damaged and tuple(read.values) == settings.DEFAULTS, at
    assert read.keep(QUIET) and not read.damaged

    with open("band.settings", "wb") as file:
        file.write(b"rubbish")

    async def scene(band):
        band.radio.connect()
        await asyncio.sleep_ms(100)
        assert band.statuses()[-1].faults == wire.FAULT_STORE
        await band.ask(wire.OP_SET_CONFIG, QUIET)
        await asyncio.sleep_ms(100)
        assert band.statuses()[-1].faults == 0

    rig.run(scene)
