"""Recordings on the real file system over a flash that takes its time: 0.1 s for each erasure."""

import asyncio
import os

from sessions import RATE_HZ, run, same, streaming, whole

from kneeband import states
from kneecore import wire
from sim import flash


def inserted(size=flash.SIZE):
    """A blank flash of that size, mounted where the band keeps its files."""
    chip = flash.Flash("flash.bin", size)
    chip.charged = False
    os.VfsLfs2.mkfs(chip)
    chip.charged = True
    os.mount(chip, "/flash")
    os.chdir("/flash")
    return chip


async def overruns(band):
    status = wire.STATUS.unpack_from((await band.ask(wire.OP_QUERY, b"\x00"))[1])
    return status.thigh_overruns + status.shank_overruns


def test_erasures_lose_no_sample_of_a_recording_made_alone():
    chip = inserted()

    async def scene(band):
        before = chip.erases
        await band.press(200)
        await asyncio.sleep_ms(45_000)
        await band.press(200)
        erased = chip.erases - before
        assert erased >= 40, erased
        band.radio.connect()
        assert await overruns(band) == 0
        (one,) = await band.listed()
        assert one.lost_samples == 0
        assert abs(one.end_number - one.first_number - 45 * RATE_HZ) < 60
        await band.fetched_whole(one, patience_s=60)

    run(scene)


def test_after_a_minute_a_host_fetches_from_flash_while_it_streams_on():
    chip = inserted()

    async def scene(band, recording):
        erases = chip.erases
        await band.acknowledge_for(recording, 10)
        assert chip.erases == erases  # who acknowledges needs no flash
        band.radio.disconnect()
        await asyncio.sleep_ms(60_000)
        band.radio.connect()
        before = band.live()
        again = await band.resume(recording)
        first = max(before) + 1
        samples = await band.fetched(recording, first, again.end_number)
        band.acknowledge(recording, again.end_number)
        await asyncio.sleep_ms(2_000)
        everything = band.live()
        same(everything, samples)
        everything.update(samples)
        whole(everything, min(before), max(everything) + 1)
        assert await overruns(band) == 0
        now = await band.running()
        assert now.lost_samples == 0

    streaming(scene)


def test_a_ring_that_nobody_acknowledged_goes_to_flash_at_once_when_the_next_one_begins():
    inserted()

    async def scene(band, first):
        await asyncio.sleep_ms(17_000)
        await band.ask(wire.OP_STOP)
        second = await band.start()
        await asyncio.sleep_ms(2_000)
        assert await overruns(band) == 0
        (one,) = await band.listed()
        assert one.recording_id == first.recording_id and one.lost_samples == 0
        whole(await band.fetched(one), first.first_number, one.end_number)
        samples = await band.fetched(second)
        whole(samples, min(samples), max(samples) + 1)

    streaming(scene)


def test_a_full_flash_ends_a_recording_made_alone_and_what_is_there_is_whole():
    inserted(40 * 4096)

    async def scene(band):
        band.radio.connect()
        recording = await band.record()
        for _ in range(500):
            await asyncio.sleep_ms(1000)
            if band.app.session.state == states.IDLE:
                break
        assert band.app.session.state == states.IDLE
        assert await overruns(band) == 0
        (one,) = await band.listed()
        assert one.recording_id == recording.recording_id
        assert one.end_number - one.first_number > 25 * RATE_HZ
        await band.fetched_whole(one, patience_s=60)
        assert await band.delete(one.recording_id) == wire.RESULT_SUCCESS
        again = await band.record()
        assert again.recording_id > one.recording_id
        await asyncio.sleep_ms(5_000)
        assert band.app.session.state == states.RECORDING

    run(scene)


def test_a_full_flash_does_not_stop_a_stream():
    inserted(32 * 4096)

    async def scene(band, recording):
        await asyncio.sleep_ms(66_000)
        numbers = sorted(band.live())
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        now = await band.running()
        assert now.lost_samples > 0 and band.app.session.state == states.STREAMING
        band.acknowledge(recording, numbers[-1] + 1)  # at last: there is room again
        await asyncio.sleep_ms(3_000)
        assert (await band.running()).lost_samples == now.lost_samples

    streaming(scene)


def test_room_that_is_made_while_a_host_streams_is_used_when_it_goes_away():
    inserted(44 * 4096)

    async def scene(band):
        band.radio.connect()
        await band.record()
        while band.app.session.state == states.RECORDING:
            await asyncio.sleep_ms(1000)
        (old,) = await band.listed()
        recording = await band.start()
        await asyncio.sleep_ms(40_000)  # nothing is acknowledged: the ring runs over
        await band.delete(old.recording_id)
        band.acknowledge(recording, max(band.live()) + 1)
        await asyncio.sleep_ms(100)
        lost = (await band.running()).lost_samples
        assert lost > 0
        band.radio.disconnect()
        await asyncio.sleep_ms(40_000)
        band.radio.connect()
        assert (await band.running()).lost_samples == lost

    run(scene)
