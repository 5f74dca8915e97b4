"""The cable, the charge and the time left, from the gauges' registers and USB's frame numbers."""

import asyncio

import band as rig
import bench
import board
from machine import attach, mem32

from kneeband import battery, states
from kneeband.power import UNKNOWN_MINUTES, Power, computer_frames
from kneecore import cueing, settings, wire
from sim.power_model import Cell, LC709203FModel, MAX17048Model

DSTS = 0x60080808


def cell(model=MAX17048Model, **options):
    """A cell with a gauge on the bus, and its cable at the chip's USB core."""
    made = Cell(**options)
    address = board.FUEL_GAUGE_LC709203F
    if model is MAX17048Model:
        address = board.FUEL_GAUGE_MAX17048
    attach(0, address, model(made))
    mem32.registers[DSTS] = lambda: made.frames() << 8 & 0x3FFF00
    return made


def watched(power, duration_s):
    """Seconds until `usb` changed, None if it did not within so long."""
    was = power.usb
    for second in range(duration_s):
        bench.wait_ms(1000)
        power.serve()
        if power.usb != was:
            return second + 1
    return None


def made():
    power = Power(battery.Battery(bench.bus()), computer_frames)
    watched(power, 3)
    return power


def test_without_a_gauge_nothing_is_known_and_nothing_refused():
    power = made()
    assert power.percent == battery.UNKNOWN and power.minutes_left == UNKNOWN_MINUTES
    assert not power.usb and not power.low and power.flags == 0


def test_a_computer_shows_within_two_seconds_and_goes_as_fast():
    one = cell()
    power = made()
    assert power.percent == 80 and not power.usb
    one.plug("computer")
    assert watched(power, 10) <= 2
    assert power.flags & settings.POWER_USB and power.minutes_left == UNKNOWN_MINUTES
    watched(power, 600)
    assert power.charging and power.flags == settings.POWER_USB | settings.POWER_CHARGING
    one.plug("none")
    assert watched(power, 10) <= 2
    assert watched(power, 900) is None  # though the gauge's rate goes on rising for a while


def test_a_charger_without_a_computer_shows_by_the_step_of_the_voltage():
    for ohm in (0.15, 0.25):
        one = cell(percent=50.0, ohm=ohm)
        power = made()
        one.plug("charger")
        assert watched(power, 10) <= 2, ohm
        assert watched(power, 1200) is None
        one.plug("none")
        assert watched(power, 10) <= 2, ohm
        assert watched(power, 1200) is None


def test_a_charger_at_a_nearly_full_battery_is_missed_only_where_next_to_nothing_flows():
    seen = []
    for percent in (90.0, 95.0, 97.0, 98.0, 98.5, 99.0, 100.0):
        one = cell(percent=percent)
        power = made()
        one.plug("charger")
        if watched(power, 5) is not None:
            seen.append(percent)
        else:
            assert one.current_ma < 70.0, (percent, one.current_ma)
    assert 97.0 in seen and 100.0 not in seen


def test_a_charger_that_was_in_before_the_start_shows_by_the_gauges_rate():
    one = cell()
    one.plug("charger")
    bench.wait_ms(300_000)
    power = made()
    assert power.usb or watched(power, 10) is not None


def test_full_on_the_charger_it_is_still_plugged_in():
    one = cell(percent=97.0)
    one.plug("charger")
    bench.wait_ms(200_000)
    power = made()
    watched(power, 2400)
    assert power.percent == 100 and power.usb and not power.charging
    one.plug("none")  # hardly a step: the rate tells, later
    assert watched(power, 600) is not None


def test_the_radios_current_is_no_cable():
    one = cell(ohm=0.25)
    power = made()
    for load_ma in (100.0, 43.0) * 20:
        one.load_ma = load_ma
        assert watched(power, 20) is None


def test_a_motor_that_stops_is_no_cable():
    one = cell(ohm=0.25)

    async def scene(band):
        one.motor_runs = band.motor.value
        await band.press(200)
        for k in range(60):  # cues at any moment of the second that lies between two looks
            band.app.session._give(cueing.SET_OVER if k % 2 else cueing.INWARD)
            await asyncio.sleep_ms(1900 + 37 * k % 500)
            assert band.app.session.state == states.RECORDING, k
        assert band.app.session.cues == 60 and not band.power.usb

    rig.run(scene)


def test_the_time_left_follows_from_the_fall():
    one = cell(percent=50.0)
    power = made()
    watched(power, 900)
    expected = one.percent / 100 * 500.0 / one.load_ma * 60
    assert abs(power.minutes_left - expected) < 0.1 * expected, (power.minutes_left, expected)


def test_the_older_gauge_tells_level_and_time_but_sees_a_charger_by_its_voltage_only():
    one = cell(LC709203FModel, percent=50.0)
    power = made()
    assert power.percent == 50 and power.minutes_left == UNKNOWN_MINUTES
    watched(power, 900)
    expected = one.percent / 100 * 500.0 / one.load_ma * 60
    assert abs(power.minutes_left - expected) < 0.15 * expected, (power.minutes_left, expected)
    one.plug("charger")
    assert watched(power, 10) <= 2


def test_a_cable_ends_what_is_recorded_alone_and_keeps_it():
    one = cell()

    async def scene(band):
        await band.press(200)
        await asyncio.sleep_ms(5_000)
        one.plug("charger")
        await asyncio.sleep_ms(2_500)
        assert band.app.session.state == states.IDLE
        band.radio.connect()
        await asyncio.sleep_ms(200)
        result, payload = await band.ask(wire.OP_LIST, wire.LIST.pack(0))
        kept = wire.RECORDING.unpack_from(payload)
        assert result == wire.RESULT_SUCCESS and not kept.lost_samples
        seconds = (kept.end_number - kept.first_number) * wire.KNEE_PERIOD_US / 1e6
        assert 5.0 < seconds < 7.5, seconds
        assert kept.flags == wire.RECORDING_ALONE  # neither running nor cut
        status = band.statuses()[-1]
        assert status.power & settings.POWER_USB and status.state == wire.STATE_IDLE
        for opcode, operand in ((wire.OP_START, b"\x00"), (wire.OP_RECORD, b"")):
            assert (await band.ask(opcode, operand))[0] == wire.RESULT_CHARGING
        await band.press(200)
        assert band.app.session.state == states.IDLE
        one.plug("none")
        await asyncio.sleep_ms(2_500)
        assert not band.statuses()[-1].power & settings.POWER_USB
        assert (await band.ask(wire.OP_RECORD))[0] == wire.RESULT_SUCCESS

    rig.run(scene)


def test_a_cable_ends_what_the_radio_streams_and_the_host_is_told_why():
    one = cell()

    async def scene(band):
        band.radio.connect()
        assert (await band.ask(wire.OP_START, b"\x00"))[0] == wire.RESULT_SUCCESS
        await asyncio.sleep_ms(3_000)
        one.plug("computer")
        await asyncio.sleep_ms(3_000)
        told = [(s.state, s.power & settings.POWER_USB) for s in band.statuses()]
        assert told[-1] == (wire.STATE_IDLE, settings.POWER_USB), told

    rig.run(scene)


def test_the_cables_own_host_streams_on_while_it_is_plugged_in():
    one = cell()
    one.plug("computer")

    async def scene(band):
        await asyncio.sleep_ms(3_000)
        assert band.power.usb
        band.cable.says(wire.SERIAL_FEATURE)
        await asyncio.sleep_ms(100)
        assert await band.cable.asks(bytes((wire.OP_START, 0))) == wire.RESULT_SUCCESS
        for _ in range(5):
            await asyncio.sleep_ms(1_000)
            band.cable.says(wire.SERIAL_FEATURE)
        assert band.app.session.state == states.STREAMING and len(band.cable.packets) > 40
        one.plug("none")  # the band is taken along, its host gone: then it is charged
        await asyncio.sleep_ms(6_000)
        assert band.app.session.state == states.RECORDING
        one.plug("charger")
        await asyncio.sleep_ms(2_500)
        assert band.app.session.state == states.IDLE

    rig.run(scene)
