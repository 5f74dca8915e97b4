"""Recordings with nobody there: by the button or RECORD, until STOP, power cut, flat battery."""

import asyncio

import band as rig
import bench
from sessions import (
    RATE_HZ,
    begun,
    kept,
    listed,
    live,
    moving,
    resumed,
    running,
    same,
    streams_with,
    whole,
)

from kneeband import battery, board, config, states
from kneecore import wire


def test_a_recording_made_alone_is_listed_fetched_whole_and_deleted():
    async def scene(band):
        band.radio.connect()
        await band.ask(wire.OP_SET_TIME, wire.SET_TIME.pack(1_800_000_000))
        recording = await begun(band, wire.OP_RECORD, b"")
        assert recording.flags == wire.RECORDING_RUNNING | wire.RECORDING_ALONE
        assert recording.utc_s in (1_800_000_000, 1_800_000_001)
        band.radio.disconnect()
        await asyncio.sleep_ms(20_000)
        assert live(band) == {}
        band.radio.connect()
        await asyncio.sleep_ms(100)
        assert band.statuses()[-1].state == wire.STATE_RECORDING
        assert await listed(band) == []  # it still runs
        assert (await band.ask(wire.OP_STOP))[0] == wire.RESULT_SUCCESS
        (one,) = await listed(band)
        assert one.flags == wire.RECORDING_ALONE and one.lost_samples == 0
        assert one.first_number == recording.first_number and one.utc_s == recording.utc_s
        assert abs(one.end_number - one.first_number - 20 * RATE_HZ) < 40
        messages, done = await band.fetch(one.recording_id, 0, 0xFFFFFFFF)
        assert (done.result, done.blocks + 1) == (wire.RESULT_SUCCESS, len(messages))
        whole(kept(messages, one.recording_id), one.first_number, one.end_number)
        assert band.statuses()[-1].recordings in (0, 1)
        operand = wire.DELETE.pack(one.recording_id)
        assert (await band.ask(wire.OP_DELETE, operand))[0] == wire.RESULT_SUCCESS
        assert await listed(band) == []
        assert (await band.ask(wire.OP_DELETE, operand))[0] == wire.RESULT_NOT_FOUND

    rig.run(scene, moving())


def test_while_one_is_made_alone_a_start_is_busy_but_a_host_may_resume_and_leave_it():
    async def scene(band):
        await band.press(200)
        band.radio.connect()
        assert (await band.ask(wire.OP_START, b"\x00"))[0] == wire.RESULT_BUSY
        assert (await band.ask(wire.OP_RECORD))[0] == wire.RESULT_BUSY
        alone = await running(band)
        assert alone.flags == wire.RECORDING_RUNNING | wire.RECORDING_ALONE
        await resumed(band, alone)
        await streams_with(band, alone, 4)
        assert len(live(band)) > 400
        band.radio.disconnect()
        await asyncio.sleep_ms(3_000)
        band.radio.connect()
        await band.ask(wire.OP_STOP)
        (one,) = await listed(band)
        assert one.first_number == alone.first_number  # nothing of it was forgotten
        messages, _ = await band.fetch(one.recording_id, 0, 0xFFFFFFFF)
        samples = kept(messages, one.recording_id)
        whole(samples, one.first_number, one.end_number)
        assert same(samples, live(band)) > 400

    rig.run(scene, moving())


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
        (one,) = await listed(band)
        assert one.flags == wire.RECORDING_ALONE and one.utc_s == 0
        assert 400 < one.end_number - one.first_number < 500

    rig.run(scene)


def test_a_press_changes_nothing_while_a_host_streams_and_ends_what_it_left():
    async def scene(band):
        band.radio.connect()
        await begun(band)
        await band.press(200)
        assert band.app.session.state == states.STREAMING
        band.radio.disconnect()
        await asyncio.sleep_ms(500)
        await band.press(200)
        assert band.app.session.state == states.IDLE

    rig.run(scene)


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
        (first,) = await listed(band)
        assert told_at - 24 <= first.utc_s <= told_at - 20, told_at - first.utc_s
        second = await running(band)
        assert told_at - 9 <= second.utc_s <= told_at - 6, told_at - second.utc_s
        await band.ask(wire.OP_SET_TIME, wire.SET_TIME.pack(told_at + 5000))
        assert await listed(band) == [first]  # a date does not change
        await asyncio.sleep_ms(2_000)

    async def later(band):
        band.radio.connect()
        await band.ask(wire.OP_SET_TIME, wire.SET_TIME.pack(told_at + 9000))
        first, second = await listed(band)
        assert told_at - 24 <= first.utc_s <= told_at - 20
        assert second.flags & wire.RECORDING_CUT
        assert told_at - 9 <= second.utc_s <= told_at - 6

    rig.run(scene, rig.Band())
    rig.run(later, rig.Band())


def test_a_flat_battery_ends_a_recording_well():
    class Gauge:
        """A MAX17048 (SOC at 0x04, 1/256 %)."""

        percent = 50

        def answers(self, now_us):
            return True

        def read_into(self, register, buffer, now_us):
            buffer[:] = bytes((self.percent, 0))

    config.BATTERY_MS = 5_000
    gauge = Gauge()
    bench.attach(0, board.FUEL_GAUGE_MAX17048, gauge)

    async def scene(band):
        await band.press(200)
        await asyncio.sleep_ms(6_000)
        assert band.app.session.state == states.RECORDING
        gauge.percent = config.BATTERY_FLAT_PERCENT
        await asyncio.sleep_ms(6_000)
        assert band.app.session.state == states.IDLE
        band.radio.connect()
        (one,) = await listed(band)
        assert one.flags == wire.RECORDING_ALONE and one.lost_samples == 0

    rig.run(scene)
    assert battery.UNKNOWN > config.BATTERY_FLAT_PERCENT


def test_a_band_that_lost_power_tells_the_recording_that_was_cut():
    async def scene(band):
        await band.press(200)
        await asyncio.sleep_ms(5_000)

    async def later(band):
        band.radio.connect()
        (one,) = await listed(band)
        assert one.flags == wire.RECORDING_ALONE | wire.RECORDING_CUT
        assert one.boot_id == band.feature().boot_id - 1 & 0xFF
        assert 3.9 * RATE_HZ < one.end_number - one.first_number < 5.2 * RATE_HZ
        messages, _ = await band.fetch(one.recording_id, 0, 0xFFFFFFFF)
        whole(kept(messages, one.recording_id), one.first_number, one.end_number)
        recording = await begun(band)
        assert recording.recording_id > one.recording_id

    rig.run(scene, rig.Band())
    rig.run(later, rig.Band())


def test_status_tells_the_room_and_the_recordings_and_advertising_that_some_are_kept():
    async def scene(band):
        band.radio.connect()
        status = await told(band)
        assert status.storage_free_kib > 0 and status.recordings == 0
        assert (status.connection_interval_ms, status.supervision_timeout_ms) != (None, None)
        await begun(band, wire.OP_RECORD, b"")
        await asyncio.sleep_ms(2_000)
        assert (await told(band)).state == wire.STATE_RECORDING
        await band.ask(wire.OP_STOP)
        assert (await told(band)).recordings == 1

    async def told(band):
        _, payload = await band.ask(wire.OP_QUERY, b"\x00")
        assert len(payload) == wire.STATUS.size
        return wire.STATUS.unpack_from(payload)

    rig.run(scene)
