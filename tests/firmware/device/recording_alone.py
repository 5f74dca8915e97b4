"""Recordings with nobody there: by the button or RECORD, until STOP, power cut, flat battery."""

import asyncio

import bench
import board
from sessions import RATE_HZ, run, same, streaming

from kneeband import battery, config, states
from kneecore import update_wire, wire
from sim.power_model import Cell, MAX17048Model


def test_a_recording_made_alone_is_listed_fetched_whole_and_deleted():
    async def scene(band):
        band.radio.connect()
        await band.ask(wire.OP_SET_TIME, wire.SET_TIME.pack(1_800_000_000))
        recording = await band.record()
        assert recording.flags == wire.RECORDING_RUNNING | wire.RECORDING_ALONE
        assert recording.utc_s in (1_800_000_000, 1_800_000_001)
        band.radio.disconnect()
        await asyncio.sleep_ms(20_000)
        assert band.live() == {}
        band.radio.connect()
        await asyncio.sleep_ms(100)
        assert band.statuses()[-1].state == wire.STATE_RECORDING
        assert await band.listed() == []  # it still runs
        assert (await band.ask(wire.OP_STOP))[0] == wire.RESULT_SUCCESS
        (one,) = await band.listed()
        assert one.flags == wire.RECORDING_ALONE and one.lost_samples == 0
        assert one.first_number == recording.first_number and one.utc_s == recording.utc_s
        assert abs(one.end_number - one.first_number - 20 * RATE_HZ) < 40
        await band.fetched_whole(one)
        assert band.statuses()[-1].recordings in (0, 1)
        assert await band.delete(one.recording_id) == wire.RESULT_SUCCESS
        assert await band.listed() == []
        assert await band.delete(one.recording_id) == wire.RESULT_NOT_FOUND

    run(scene)


def test_while_one_is_made_alone_a_start_is_busy_but_a_host_may_resume_and_leave_it():
    async def scene(band):
        await band.press(200)
        band.radio.connect()
        assert (await band.ask(wire.OP_START, b"\x00"))[0] == wire.RESULT_BUSY
        assert (await band.ask(wire.OP_RECORD))[0] == wire.RESULT_BUSY
        alone = await band.running()
        assert alone.flags == wire.RECORDING_RUNNING | wire.RECORDING_ALONE
        await band.resume(alone)
        await band.acknowledge_for(alone, 4)
        assert len(band.live()) > 400
        band.radio.disconnect()
        await asyncio.sleep_ms(3_000)
        band.radio.connect()
        await band.ask(wire.OP_STOP)
        (one,) = await band.listed()
        assert one.first_number == alone.first_number  # nothing of it was forgotten
        samples = await band.fetched_whole(one)
        assert same(samples, band.live()) > 400

    run(scene)


def test_a_short_press_begins_and_ends_a_recording_and_the_lamp_shows_it():
    async def scene(band):
        await band.press(2_000)  # neither short nor long
        assert band.app.session.state == states.IDLE
        await band.press(200)
        assert band.app.session.state == states.RECORDING
        lit = 0
        for _ in range(400):
            await asyncio.sleep_ms(10)
            lit += band.lamp.value()
        assert 30 <= lit <= 50, lit  # 0.2 s of every 2 s
        await band.press(200)
        assert band.app.session.state == states.IDLE
        band.radio.connect()
        (one,) = await band.listed()
        assert one.flags == wire.RECORDING_ALONE and one.utc_s == 0
        assert 400 < one.end_number - one.first_number < 500

    run(scene)


def test_a_press_changes_nothing_while_a_host_streams_and_ends_what_it_left():
    async def scene(band, recording):
        await band.press(200)
        assert band.app.session.state == states.STREAMING
        band.radio.disconnect()
        await asyncio.sleep_ms(500)
        await band.press(200)
        assert band.app.session.state == states.IDLE

    streaming(scene)


def test_who_is_told_the_time_later_dates_what_was_recorded_before_and_what_runs():
    told_at = 1_800_000_000

    async def scene(band):
        await band.press(200)
        await asyncio.sleep_ms(5_000)
        await band.press(200)
        await asyncio.sleep_ms(10_000)
        await band.press(200)
        await asyncio.sleep_ms(7_000)
        band.radio.connect()
        await band.ask(wire.OP_SET_TIME, wire.SET_TIME.pack(told_at))
        (first,) = await band.listed()
        assert told_at - 24 <= first.utc_s <= told_at - 20, told_at - first.utc_s
        second = await band.running()
        assert told_at - 9 <= second.utc_s <= told_at - 6, told_at - second.utc_s
        await band.ask(wire.OP_SET_TIME, wire.SET_TIME.pack(told_at + 5000))
        assert await band.listed() == [first]  # a date does not change
        await asyncio.sleep_ms(2_000)

    async def later(band):
        band.radio.connect()
        await band.ask(wire.OP_SET_TIME, wire.SET_TIME.pack(told_at + 9000))
        first, second = await band.listed()
        assert told_at - 24 <= first.utc_s <= told_at - 20
        assert second.flags & wire.RECORDING_CUT
        assert told_at - 9 <= second.utc_s <= told_at - 6

    run(scene)
    run(later)


def test_a_flat_battery_ends_a_recording_well():
    cell = Cell(percent=50.0)
    bench.attach(0, board.FUEL_GAUGE_MAX17048, MAX17048Model(cell))

    async def scene(band):
        await band.press(200)
        await asyncio.sleep_ms(6_000)
        assert band.app.session.state == states.RECORDING
        cell.percent = float(config.BATTERY_FLAT_PERCENT)
        await asyncio.sleep_ms(6_000)
        assert band.app.session.state == states.IDLE
        band.radio.connect()
        (one,) = await band.listed()
        assert one.flags == wire.RECORDING_ALONE and one.lost_samples == 0
        result, _ = await band.ask(wire.OP_RECORD)
        assert result == update_wire.RESULT_BATTERY_LOW
        await band.press(200)
        assert band.app.session.state == states.IDLE and len(await band.listed()) == 1

    run(scene)
    assert battery.UNKNOWN > config.BATTERY_FLAT_PERCENT


def test_a_band_that_lost_power_tells_the_recording_that_was_cut():
    async def scene(band):
        await band.press(200)
        await asyncio.sleep_ms(5_000)

    async def later(band):
        band.radio.connect()
        (one,) = await band.listed()
        assert one.flags == wire.RECORDING_ALONE | wire.RECORDING_CUT
        assert one.boot_id == band.feature().boot_id - 1 & 0xFF
        assert 3.9 * RATE_HZ < one.end_number - one.first_number < 5.2 * RATE_HZ
        await band.fetched_whole(one)
        recording = await band.start()
        assert recording.recording_id > one.recording_id

    run(scene)
    run(later)


def test_status_tells_the_room_and_the_recordings_and_advertising_that_some_are_kept():
    async def scene(band):
        band.radio.connect()
        status = await told(band)
        assert status.storage_free_kib > 0 and status.recordings == 0
        assert (status.connection_interval_ms, status.supervision_timeout_ms) != (None, None)
        await band.record()
        await asyncio.sleep_ms(2_000)
        assert (await told(band)).state == wire.STATE_RECORDING
        await band.ask(wire.OP_STOP)
        assert (await told(band)).recordings == 1

    async def told(band):
        _, payload = await band.ask(wire.OP_QUERY, b"\x00")
        assert len(payload) == wire.STATUS.size
        return wire.STATUS.unpack_from(payload)

    run(scene)
