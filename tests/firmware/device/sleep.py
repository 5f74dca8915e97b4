"""When the band sleeps, what it has done before, and what wakes it."""

import asyncio

import band as rig
import board
import esp32
import machine
from machine import attach

from kneecore import settings, wire
from sim import vclock
from sim.power_model import Cell, MAX17048Model


def slept(scene, sleep_min=1):
    """Seconds until the band slept in `scene(band)`, None if it did not."""

    async def run(band):
        band.app._preferences.keep(settings.SETTINGS.pack(sleep_min, settings.LAMP_ON, 200))
        await scene(band)

    began_us = vclock.now_us()
    try:
        rig.run(run)
    except machine.BoardReset as reset:
        assert reset.cause == machine.DEEPSLEEP_RESET
        return (vclock.now_us() - began_us) // 1_000_000
    return None


def test_unused_for_as_long_as_was_set_it_sleeps_and_the_button_wakes_it():
    async def scene(band):
        await asyncio.sleep_ms(200_000)

    assert slept(scene, 1) in (60, 61)
    ((pin,), level) = esp32.wake_pins["ext0"]
    assert level == esp32.WAKEUP_ALL_LOW and pin.value() == 1
    assert [machine.Pin(number).value() for number in (board.LED, board.I2C_POWER)] == [0, 0]
    assert slept(scene, 0) is None


def test_with_a_host_a_recording_or_a_cable_it_stays_awake():
    cell = Cell()
    attach(0, board.FUEL_GAUGE_MAX17048, MAX17048Model(cell))

    async def connected(band):
        band.radio.connect()
        await asyncio.sleep_ms(90_000)

    async def recording(band):
        await band.press(200)
        await asyncio.sleep_ms(90_000)

    async def plugged(band):
        cell.plug("charger")
        await asyncio.sleep_ms(90_000)

    for scene in (connected, recording, plugged):
        assert slept(scene) is None, scene


def test_held_for_six_seconds_it_ends_its_recording_keeps_it_and_sleeps():
    async def scene(band):
        await band.press(200)
        await asyncio.sleep_ms(10_000)
        await band.press(7_000)

    assert slept(scene, 0) in (17, 18)

    async def later(band):
        band.radio.connect()
        result, payload = await band.ask(wire.OP_LIST, wire.LIST.pack(0))
        kept = wire.RECORDING.unpack_from(payload)
        assert result == wire.RESULT_SUCCESS and kept.flags == wire.RECORDING_ALONE
        seconds = (kept.end_number - kept.first_number) * wire.KNEE_PERIOD_US / 1e6
        assert 16.5 < seconds < 17.5, seconds

    rig.run(later)
