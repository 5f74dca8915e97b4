"""A host that vanishes, comes back or stays away: every knee sample is there in the end."""

import asyncio
import errno

from sessions import ALL, RATE_HZ, SAMPLE, kept, same, samples_of, streaming, whole

from kneeband import config, states
from kneecore import transfers, wire
from sim import vclock


def test_start_tells_the_recording_and_its_blocks_hold_what_was_streamed_to_the_bit():
    async def scene(band, recording):
        assert recording.flags == wire.RECORDING_RUNNING and recording.recording_id > 0
        assert recording.boot_id == band.feature().boot_id and recording.side == wire.SIDE_RIGHT
        await asyncio.sleep_ms(10_000)
        messages, done = await band.fetch(recording.recording_id, 0, ALL)
        assert (done.result, done.blocks) == (wire.RESULT_SUCCESS, len(messages))
        samples = kept(messages, recording.recording_id)
        whole(samples, recording.first_number, max(samples) + 1)
        assert same(samples, band.live()) > 1030
        assert len(messages) * wire.MTU < len(samples) * SAMPLE

    streaming(scene)


def test_packets_that_the_air_lost_are_fetched_to_the_bit_and_exactly_those():
    async def scene(band, recording):
        await asyncio.sleep_ms(2_000)
        band.radio.refuses = errno.EIO
        await asyncio.sleep_ms(1_000)
        band.radio.refuses = None
        await asyncio.sleep_ms(1_000)
        lost = samples_of(
            [d for _, h, d in band.radio.refused if h == band.handle(wire.MEASUREMENT_UUID)]
        )
        assert 90 <= len(lost) <= 120
        first, end = min(lost), max(lost) + 1
        samples = await band.fetched(recording, first, end)
        assert same(lost, samples) == len(lost)
        assert first - 40 < min(samples) and max(samples) < end + 40  # whole blocks come

    streaming(scene)


def test_after_an_outage_of_two_minutes_the_host_resumes_and_nothing_is_missing():
    duration_s = 120

    async def scene(band, recording):
        await band.acknowledge_for(recording, 4)
        band.radio.disconnect()
        await asyncio.sleep_ms(duration_s * 1000)
        assert band.app.session.state == states.RECORDING
        band.radio.connect()
        await asyncio.sleep_ms(100)
        assert band.statuses()[-1].state == wire.STATE_RECORDING
        before = band.live()
        again = await band.resume(recording)
        assert again.recording_id == recording.recording_id
        assert again.flags == wire.RECORDING_RUNNING and again.lost_samples == 0
        await asyncio.sleep_ms(1000)
        newest = band.live()
        back = min([number for number in newest if number not in before])
        assert back == again.end_number  # the stream goes on just where the memory ends
        missing = back - max(before) - 1
        assert abs(missing - duration_s * RATE_HZ) < 20, missing

        began_us = vclock.now_us()
        samples = await band.fetched(recording, max(before) + 1, back)
        everything = band.live()  # which went on meanwhile
        for number, sample in samples.items():
            assert everything.setdefault(number, sample)[1] == sample[1]
        whole(everything, min(before), max(everything) + 1)
        late_us = [
            t - (samples_of([data]) and wire.PACKET_HEADER.unpack_from(data).time_us)
            for t, data in band.notified(wire.MEASUREMENT_UUID)
            if t > began_us
        ]
        assert max(late_us) < 7 * wire.KNEE_PERIOD_US + 60_000, max(late_us)  # never held up

    streaming(scene)


def test_a_host_that_does_not_acknowledge_fills_the_ring_and_then_the_flash_and_nothing_is_lost():
    async def scene(band, recording):
        await asyncio.sleep_ms(36_000)
        now = await band.running()
        assert now.first_number <= recording.first_number and now.lost_samples == 0
        assert now.size_bytes > 30_000
        samples = await band.fetched(recording)
        whole(samples, recording.first_number, max(samples) + 1)
        assert same(samples, band.live()) > 3700

    streaming(scene)


def test_what_is_acknowledged_is_forgotten_and_the_rest_is_kept():
    async def scene(band, recording):
        free_kib = band.shelf.free_kib
        await band.acknowledge_for(recording, 24)
        now = await band.running()
        assert now.first_number > max(band.live()) - 40 and now.size_bytes < 1000, now
        assert band.shelf.free_kib == free_kib  # the flash was left alone
        messages, done = await band.fetch(recording.recording_id, 0, now.first_number)
        assert (messages, done.blocks, done.result) == ([], 0, wire.RESULT_SUCCESS)

    streaming(scene)


def test_all_acknowledged_after_the_stop_leaves_no_trace():
    async def scene(band, recording):
        await band.acknowledge_for(recording, 4)
        assert (await band.ask(wire.OP_STOP))[0] == wire.RESULT_SUCCESS
        ended = await band.running()
        assert ended.flags == 0 and ended.end_number == max(band.live()) + 1
        band.acknowledge(ended, ended.end_number)
        await asyncio.sleep_ms(50)
        assert await band.running() is None and await band.listed() == []

    streaming(scene)


def test_a_rest_that_nobody_acknowledged_becomes_a_finished_recording():
    async def scene(band, recording):
        await band.acknowledge_for(recording, 4)
        await asyncio.sleep_ms(1500)
        await band.ask(wire.OP_STOP)
        band.radio.disconnect()
        await asyncio.sleep_ms(config.LINGER_MS + 500)
        band.radio.connect()
        assert await band.running() is None
        (one,) = await band.listed()
        assert (one.recording_id, one.flags) == (recording.recording_id, 0)
        assert one.end_number == max(band.live()) + 1
        assert one.end_number - one.first_number > 140
        messages, _ = await band.fetch(one.recording_id, 0, ALL)
        assert messages[0][0] == transfers.TRANSFER_HEAD
        samples = kept(messages, one.recording_id)
        assert same(samples, band.live()) == len(samples) > 140

    streaming(scene)


def test_who_starts_anew_while_a_recording_waits_for_its_host_closes_that_one_first():
    async def scene(band, first):
        await band.acknowledge_for(first, 4)
        band.radio.disconnect()
        await asyncio.sleep_ms(5_000)
        band.radio.connect()
        second = await band.start()
        assert second.recording_id == first.recording_id + 1
        (one,) = await band.listed()
        assert one.recording_id == first.recording_id and one.flags == 0
        assert 500 < one.end_number - one.first_number < 600
        result, _ = await band.ask(
            wire.OP_RESUME, wire.RESUME.pack(one.boot_id, one.recording_id, 0)
        )
        assert result == wire.RESULT_NOT_FOUND

    streaming(scene)


def test_a_host_that_stays_away_too_long_finds_a_finished_recording():
    config.DETACHED_S = 20

    async def scene(band, recording):
        await asyncio.sleep_ms(2_000)
        band.radio.disconnect()
        await asyncio.sleep_ms(19_000)
        assert band.app.session.state == states.RECORDING
        await asyncio.sleep_ms(1_500)
        assert band.app.session.state == states.IDLE
        band.radio.connect()
        (one,) = await band.listed()
        assert abs(one.end_number - one.first_number - 22 * RATE_HZ) < 30
        samples = await band.fetched(recording)
        whole(samples, one.first_number, one.end_number)

    streaming(scene)


def test_an_imu_that_fails_while_the_host_is_away_is_told_and_measuring_goes_on():
    async def scene(band, recording):
        await asyncio.sleep_ms(2_000)
        band.radio.disconnect()
        await asyncio.sleep_ms(1_000)
        band.shank.fault("nack", vclock.now_us(), 1_200_000)
        await asyncio.sleep_ms(1_000)
        band.radio.connect()
        await asyncio.sleep_ms(100)
        assert band.statuses()[-1].state == wire.STATE_FAULT
        assert (await band.ask(wire.OP_START, b"\x00"))[0] == wire.RESULT_SENSOR_FAULT
        await band.resume(recording)
        await asyncio.sleep_ms(3_000)
        assert band.statuses()[-1].state == wire.STATE_STREAMING
        samples = await band.fetched(recording)
        numbers = sorted(samples)
        holes = [b for a, b in zip(numbers, numbers[1:]) if b != a + 1]
        assert len(holes) == 1
        assert samples[holes[0]][0] & wire.FLAG_IMU_FAULT
        assert not samples[holes[0] + 1][0] & wire.FLAG_IMU_FAULT

    streaming(scene)
