"""Recordings on the real file system over a flash that takes its time: 0.1 s for each erasure."""

import asyncio
import os

import band as rig
from sessions import (
    RATE_HZ,
    acknowledge,
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
        (one,) = await listed(band)
        assert one.lost_samples == 0
        assert abs(one.end_number - one.first_number - 45 * RATE_HZ) < 60
        messages, done = await band.fetch(one.recording_id, 0, 0xFFFFFFFF, patience_s=60)
        assert done.result == wire.RESULT_SUCCESS
        whole(kept(messages, one.recording_id), one.first_number, one.end_number)

    rig.run(scene, moving())


def test_after_a_minute_a_host_fetches_from_flash_while_it_streams_on():
    chip = inserted()

    async def scene(band):
        band.radio.connect()
        recording = await begun(band)
        erases = chip.erases
        await streams_with(band, recording, 10)
        assert chip.erases == erases  # who acknowledges needs no flash
        band.radio.disconnect()
        await asyncio.sleep_ms(60_000)
        band.radio.connect()
        before = live(band)
        again = await resumed(band, recording)
        first = max(before) + 1
        messages, _ = await band.fetch(recording.recording_id, first, again.end_number)
        samples = kept(messages, recording.recording_id)
        acknowledge(band, recording, again.end_number)
        await asyncio.sleep_ms(2_000)
        everything = live(band)
        same(everything, samples)
        everything.update(samples)
        whole(everything, min(before), max(everything) + 1)
        assert await overruns(band) == 0
        now = await running(band)
        assert now.lost_samples == 0

    rig.run(scene, moving())


def test_a_ring_that_nobody_acknowledged_goes_to_flash_at_once_when_the_next_one_begins():
    inserted()

    async def scene(band):
        band.radio.connect()
        first = await begun(band)
        await asyncio.sleep_ms(17_000)
        await band.ask(wire.OP_STOP)
        second = await begun(band)
        await asyncio.sleep_ms(2_000)
        assert await overruns(band) == 0
        (one,) = await listed(band)
        assert one.recording_id == first.recording_id and one.lost_samples == 0
        messages, _ = await band.fetch(one.recording_id, 0, 0xFFFFFFFF)
        whole(kept(messages, one.recording_id), first.first_number, one.end_number)
        messages, _ = await band.fetch(second.recording_id, 0, 0xFFFFFFFF)
        samples = kept(messages, second.recording_id)
        whole(samples, min(samples), max(samples) + 1)

    rig.run(scene, moving())


def test_a_full_flash_ends_a_recording_made_alone_and_what_is_there_is_whole():
    inserted(40 * 4096)

    async def scene(band):
        band.radio.connect()
        recording = await begun(band, wire.OP_RECORD, b"")
        for _ in range(500):
            await asyncio.sleep_ms(1000)
            if band.app.session.state == states.IDLE:
                break
        assert band.app.session.state == states.IDLE
        assert await overruns(band) == 0
        (one,) = await listed(band)
        assert one.recording_id == recording.recording_id
        assert one.end_number - one.first_number > 25 * RATE_HZ
        messages, done = await band.fetch(one.recording_id, 0, 0xFFFFFFFF, patience_s=60)
        assert done.result == wire.RESULT_SUCCESS
        whole(kept(messages, one.recording_id), one.first_number, one.end_number)
        result, _ = await band.ask(wire.OP_DELETE, wire.DELETE.pack(one.recording_id))
        assert result == wire.RESULT_SUCCESS
        again = await begun(band, wire.OP_RECORD, b"")
        assert again.recording_id > one.recording_id
        await asyncio.sleep_ms(5_000)
        assert band.app.session.state == states.RECORDING

    rig.run(scene, moving())


def test_a_full_flash_does_not_stop_a_stream():
    inserted(32 * 4096)

    async def scene(band):
        band.radio.connect()
        recording = await begun(band)
        await asyncio.sleep_ms(66_000)
        numbers = sorted(live(band))
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        now = await running(band)
        assert now.lost_samples > 0 and band.app.session.state == states.STREAMING
        acknowledge(band, recording, numbers[-1] + 1)  # at last: there is room again
        await asyncio.sleep_ms(3_000)
        assert (await running(band)).lost_samples == now.lost_samples

    rig.run(scene, moving())


def test_room_that_is_made_while_a_host_streams_is_used_when_it_goes_away():
    inserted(44 * 4096)

    async def scene(band):
        band.radio.connect()
        await begun(band, wire.OP_RECORD, b"")
        while band.app.session.state == states.RECORDING:
            await asyncio.sleep_ms(1000)
        (old,) = await listed(band)
        recording = await begun(band)
        await asyncio.sleep_ms(40_000)  # nothing is acknowledged: the ring runs over
        await band.ask(wire.OP_DELETE, wire.DELETE.pack(old.recording_id))
        acknowledge(band, recording, max(live(band)) + 1)
        await asyncio.sleep_ms(100)
        lost = (await running(band)).lost_samples
        assert lost > 0
        band.radio.disconnect()
        await asyncio.sleep_ms(40_000)
        band.radio.connect()
        assert (await running(band)).lost_samples == lost

    rig.run(scene, moving())
